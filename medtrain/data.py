"""Reads dialogues from disk: a corpus by its contract (schema version 1), or ShareGPT JSON beside wave files.

Of a corpus, one slice of rows is in memory at a time, whatever its size.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
import soundfile

from medtrain.errors import UserError

SCHEMA_VERSION = 1
SPLITS = ("train", "validation", "test")
SAMPLE_RATE = 16000
SILENCE = 1e-4
"""Peak amplitude under which a clip counts as silent (full scale is 1)."""
COLUMNS = ("id", "lang", "split", "turns")
ROLES = {
    "human": "patient",
    "user": "patient",
    "patient": "patient",
    "assistant": "doctor",
    "gpt": "doctor",
    "doctor": "doctor",
}
"""What ShareGPT files call the two who speak."""


@dataclass(frozen=True)
class Utterance:
    """One turn: its transcript, and its clip.

    `text` is as written, `spoken` as said aloud (equal where nothing else is known). `clip` is an audio file's
    bytes, or its path, or None when the turn is text only; `duration_s` is what is stated about it.
    """

    role: str
    text: str
    clip: bytes | Path | None = None
    duration_s: float | None = None
    spoken: str = ""


@dataclass(frozen=True)
class Consultation:
    """One dialogue of the corpus."""

    id: str
    lang: str
    split: str
    turns: tuple[Utterance, ...]


@dataclass(frozen=True)
class Corpus:
    """An opened corpus: its folder, what corpus.json says, and the data files of each split."""

    path: Path
    info: dict[str, Any]
    files: dict[str, tuple[Path, ...]]


def open_corpus(path: Path) -> Corpus:
    """Open a corpus, or the corpus of a run. Raises UserError when the contract does not hold."""
    root = path if (path / "corpus.json").is_file() else path / "corpus"
    try:
        info = json.loads((root / "corpus.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} holds no corpus (no corpus.json); make one with: make corpus") from None
    except ValueError as error:
        raise UserError(f"{root}/corpus.json is damaged: {error}") from None
    version = info.get("schema_version")
    if version != SCHEMA_VERSION:
        raise UserError(f"{root} has schema version {version}; this medtrain reads version {SCHEMA_VERSION}")
    files = {split: tuple(sorted((root / "data").glob(f"{split}-*.parquet"))) for split in SPLITS}
    if not any(files.values()):
        raise UserError(f"{root}/data holds no Parquet files; pack the corpus again")
    return Corpus(root, info, files)


class Source(Protocol):
    """Dialogues in a fixed order, of which any slice can be read."""

    name: str

    @property
    def fingerprint(self) -> str:
        """A string that changes when the dialogues do."""

    def __len__(self) -> int: ...

    def read(self, start: int, count: int) -> list[Consultation]:
        """Return up to `count` dialogues from row `start` on."""


class ParquetSource:
    """One split of a corpus. Rows are numbered through its files in the order of their names."""

    def __init__(self, corpus: Corpus, split: str) -> None:
        self.name = f"{corpus.path} ({split})"
        self._corpus = corpus
        self._files = corpus.files[split]
        self._ends = list(accumulate(map(_rows, self._files)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @cached_property
    def fingerprint(self) -> str:
        """Of the corpus's own list of checksums; without one, of every data file."""
        sums = self._corpus.path / "SHA256SUMS"
        digest = hashlib.sha256()
        for file in [sums] if sums.is_file() else self._files:
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
        return digest.hexdigest()

    def read(self, start: int, count: int) -> list[Consultation]:
        """Return up to `count` dialogues from row `start` on."""
        found: list[Consultation] = []
        begin = 0
        for file, end in zip(self._files, self._ends, strict=True):
            if begin <= start < end:
                found += _slice(file, start - begin, min(count, end - start))
                count -= end - start
                start = end
            begin = end
            if count <= 0:
                break
        return found


class ShareGPTSource:
    """A JSON list of `{id or idx, conversations: [{from, value, speech}]}`; `speech` is a wave file's path.

    Paths are relative to the folder of the JSON file. The text is held in memory, the audio is not.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        try:
            raw = path.read_bytes()
            data = json.loads(raw)
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from None
        except ValueError as error:
            raise UserError(f"{path} is not JSON: {error}") from None
        if not isinstance(data, list):
            raise UserError(f"{path} is not a list of conversations")
        self.fingerprint = hashlib.sha256(raw).hexdigest()
        self._dialogues = [self._dialogue(row, number) for number, row in enumerate(data)]

    def __len__(self) -> int:
        return len(self._dialogues)

    def read(self, start: int, count: int) -> list[Consultation]:
        """Return up to `count` dialogues from row `start` on. Stated durations come from the file headers."""
        return [self._with_durations(d) for d in self._dialogues[start : start + count]]

    def _dialogue(self, row: Any, number: int) -> Consultation:
        try:
            turns = tuple(self._turn(turn) for turn in row["conversations"])
            name = str(row.get("idx") or row.get("id") or number)
        except (KeyError, TypeError, AttributeError) as error:
            detail = f"role {error}" if isinstance(error, KeyError) else "its shape"
            raise UserError(
                f"{self._path}: row {number}: {detail} is not known; "
                "a row is {conversations: [{from: human or assistant, value: text, speech: path}]}"
            ) from None
        return Consultation(name, str(row.get("lang", "")), "train", turns)

    def _turn(self, turn: dict[str, Any]) -> Utterance:
        speech = turn.get("speech")
        clip = self._path.parent / speech if speech else None
        return Utterance(ROLES[turn["from"]], turn["value"].strip(), clip, None, turn["value"].strip())

    def _with_durations(self, dialogue: Consultation) -> Consultation:
        turns = (replace(t, duration_s=_duration(t.clip)) if t.clip else t for t in dialogue.turns)
        return replace(dialogue, turns=tuple(turns))


def open_source(path: Path, split: str = "train") -> Source:
    """Open a corpus's split, or a ShareGPT file (which is all `train`)."""
    return ShareGPTSource(path) if path.suffix == ".json" else ParquetSource(open_corpus(path), split)


def _duration(clip: bytes | Path) -> float | None:
    assert isinstance(clip, Path)
    try:
        return float(soundfile.info(clip).duration)
    except (soundfile.LibsndfileError, RuntimeError, OSError):
        return None


def consultations(file: Path, rows_at_once: int = 64) -> Iterator[Consultation]:
    """Yield the dialogues of one data file. Raises UserError naming the file when it cannot be read."""
    for start in range(0, _rows(file), rows_at_once):
        yield from _slice(file, start, rows_at_once)


def _rows(file: Path) -> int:
    try:
        missing = set(COLUMNS) - set(pl.read_parquet_schema(file))
        if missing:
            raise UserError(f"{file}: column {sorted(missing)[0]} is missing")
        return int(pl.scan_parquet(file, glob=False).select(pl.len()).collect().item())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UserError(f"{file}: cannot be read as Parquet ({type(error).__name__})") from None


def _slice(file: Path, start: int, count: int) -> list[Consultation]:
    try:
        rows = pl.scan_parquet(file, glob=False).select(COLUMNS).slice(start, count).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UserError(f"{file}: cannot be read as Parquet ({type(error).__name__})") from None
    return [
        Consultation(row["id"], row["lang"], row["split"], tuple(map(_utterance, row["turns"])))
        for row in rows.iter_rows(named=True)
    ]


def _utterance(turn: dict[str, Any]) -> Utterance:
    clip = turn["audio"]
    spoken = turn.get("spoken") or turn["text"]
    return Utterance(turn["role"], turn["text"], clip["bytes"] if clip else None, turn["duration_s"], spoken)


def decode(clip: bytes | Path) -> tuple[np.ndarray, int]:
    """Return a clip's samples, float32 of shape (frames,), and its sampling rate in Hz.

    Raises ValueError when it is missing, is no audio, or is not mono.
    """
    if isinstance(clip, Path) and not clip.is_file():
        raise ValueError(f"{clip} is missing")
    try:
        opened = clip if isinstance(clip, Path) else io.BytesIO(clip)
        samples, rate = soundfile.read(opened, dtype="float32")
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise ValueError(f"not decodable ({type(error).__name__})") from None
    if samples.ndim != 1:
        raise ValueError(f"{samples.shape[1]} channels, not mono")
    return samples, rate

"""Reads dialogues from disk: a corpus by its contract (schema version 1), or ShareGPT JSON beside wave files.

Of a corpus, one slice of rows is in memory at a time, whatever its size.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
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
    """One dialogue of the corpus. `fault` says why there is nothing of it, where its row could not be read."""

    id: str
    lang: str
    split: str
    turns: tuple[Utterance, ...]
    fault: str = ""


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
    except NotADirectoryError:
        raise UserError(f"{path} is a file; a corpus is a folder, made with: make corpus") from None
    except ValueError as error:
        raise UserError(f"{root}/corpus.json is damaged: {error}") from None
    version = info.get("schema_version")
    if version != SCHEMA_VERSION:
        raise UserError(f"{root} has schema version {version}; this medtrain reads version {SCHEMA_VERSION}")
    files = {split: tuple(sorted((root / "data").glob(f"{split}-*.parquet"))) for split in SPLITS}
    if not any(files.values()):
        raise UserError(f"{root}/data holds no Parquet files; pack the corpus again")
    return Corpus(root, info, files)


def open_data(path: Path) -> Corpus:
    """Open a corpus, the corpus of a run, or a ShareGPT file as a corpus of one file. Raises UserError."""
    if path.suffix == ".json":
        return Corpus(path.parent, {}, {"train": (path,)})
    return open_corpus(path)


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
        self._split = split
        self._files = corpus.files[split]
        self._ends = list(accumulate(map(_rows, self._files)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @property
    def files(self) -> tuple[Path, ...]:
        """The data files, in the order of their rows."""
        return self._files

    @cached_property
    def fingerprint(self) -> str:
        """Of what a corpus says of its data files, in its list of checksums (SHA256SUMS) and in their footers.

        A file that was changed under an old list has another size or another footer, which holds the places, sizes
        and ranges of all its columns. Without a list, all of every file of the split is read. Copying and moving
        change nothing.
        """
        sums = self._corpus.path / "SHA256SUMS"
        digest = hashlib.sha256(self._split.encode())
        if sums.is_file():
            lines = sums.read_text(encoding="utf-8", errors="replace").splitlines()
            digest.update("\n".join(sorted(line for line in lines if "data/" in line)).encode())
        for file in (file for files in self._corpus.files.values() for file in files):
            digest.update(f"{file.name} {file.stat().st_size}".encode() + _footer(file))
            if not sums.is_file() and file in self._files:
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


def open_source(path: Path, split: str = "train", *, skip: bool = False) -> Source:
    """Open a corpus's split, or a ShareGPT file (which is all `train`; `skip` leaves out its malformed rows)."""
    if path.suffix != ".json":
        return ParquetSource(open_corpus(path), split)
    from medtrain.sharegpt import ShareGPTSource  # which is made of what stands here

    return ShareGPTSource(path, skip)


def _footer(file: Path) -> bytes:
    """Return a Parquet file's footer: its last 8 bytes are its length (little-endian) and `PAR1`."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        opened.seek(max(size - 8, 0))
        length = int.from_bytes(opened.read(4), "little")
        opened.seek(max(size - 8 - length, 0))
        return opened.read()


def consultations(file: Path, rows_at_once: int = 64) -> Iterator[Consultation]:
    """Yield the dialogues of one data file, malformed rows of a ShareGPT file after the others.

    Raises UserError naming the file when it cannot be read.
    """
    if file.suffix == ".json":
        from medtrain.sharegpt import ShareGPTSource

        source = ShareGPTSource(file, skip=True)
        for start in range(0, len(source), rows_at_once):
            yield from source.read(start, rows_at_once)
        for number, fault in source.malformed.items():
            yield Consultation(f"row {number}", "", "train", (), fault)
        return
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

    A file of any rate is given at 16 kHz: the contract of a corpus binds its own clips alone. Raises ValueError
    when it is missing, is no audio, or is not mono.
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
    if isinstance(clip, Path):
        return resampled(samples, rate), SAMPLE_RATE
    return samples, rate


def resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return samples at 16 kHz. Raises UserError when the package for it is missing."""
    if rate == SAMPLE_RATE:
        return samples
    try:
        import soxr
    except ModuleNotFoundError:
        raise UserError(
            f"a clip is sampled at {rate} Hz, and soxr is not installed; run: pip install soxr"
        ) from None
    return np.asarray(soxr.resample(samples, rate, SAMPLE_RATE, quality="HQ"), np.float32)

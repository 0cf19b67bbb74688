"""Reads a corpus from disk by its contract (schema version 1): Parquet under `data/`, audio inside.

One slice of rows is in memory at a time, whatever the size of the corpus.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import soundfile

from medtrain.errors import UserError

SCHEMA_VERSION = 1
SPLITS = ("train", "validation", "test")
COLUMNS = ("id", "lang", "split", "turns")


@dataclass(frozen=True)
class Utterance:
    """One turn. `text` is the transcript; `flac` the clip (None: text only), `duration_s` as stated."""

    role: str
    text: str
    flac: bytes | None
    duration_s: float | None


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


def consultations(file: Path, rows_at_once: int = 64) -> Iterator[Consultation]:
    """Yield the dialogues of one data file. Raises UserError naming the file when it cannot be read."""
    try:
        missing = set(COLUMNS) - set(pl.read_parquet_schema(file))
        if missing:
            raise UserError(f"{file}: column {sorted(missing)[0]} is missing")
        total = pl.scan_parquet(file, glob=False).select(pl.len()).collect().item()
        for start in range(0, total, rows_at_once):
            rows = pl.scan_parquet(file, glob=False).select(COLUMNS).slice(start, rows_at_once).collect()
            for row in rows.iter_rows(named=True):
                yield Consultation(row["id"], row["lang"], row["split"], tuple(map(_utterance, row["turns"])))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UserError(f"{file}: cannot be read as Parquet ({type(error).__name__})") from None


def _utterance(turn: dict[str, Any]) -> Utterance:
    clip = turn["audio"]
    return Utterance(turn["role"], turn["text"], clip["bytes"] if clip else None, turn["duration_s"])


def decode(flac: bytes) -> tuple[np.ndarray, int]:
    """Return a clip's samples, float32 of shape (frames,), and its sampling rate in Hz.

    Raises ValueError when the bytes are not audio, or not mono.
    """
    try:
        samples, rate = soundfile.read(io.BytesIO(flac), dtype="float32")
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise ValueError(f"not decodable ({type(error).__name__})") from None
    if samples.ndim != 1:
        raise ValueError(f"{samples.shape[1]} channels, not mono")
    return samples, rate

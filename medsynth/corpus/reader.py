"""Reads a corpus from disk, without loading more than one row group at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from medsynth.errors import UserError


def is_corpus(path: Path) -> bool:
    """Tell whether a folder is a finished corpus."""
    return (path / "corpus.json").is_file()


def corpus_info(path: Path) -> dict[str, Any]:
    """Return corpus.json. Raises UserError when the folder is not a corpus."""
    try:
        return json.loads((path / "corpus.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]
    except FileNotFoundError:
        raise UserError(f"{path} is not a corpus (it has no corpus.json)") from None
    except ValueError as error:
        raise UserError(f"{path}/corpus.json is damaged: {error}") from None


def data_paths(path: Path) -> list[Path]:
    """Return the data files in a fixed order."""
    return sorted((path / "data").glob("*.parquet"))


def dialogue_rows(file: Path, rows_at_once: int = 64) -> Iterator[dict[str, Any]]:
    """Yield a data file's rows as dictionaries, reading a slice at a time."""
    total = pl.scan_parquet(file, glob=False).select(pl.len()).collect().item()
    for start in range(0, total, rows_at_once):
        yield from (
            pl.scan_parquet(file, glob=False).slice(start, rows_at_once).collect().iter_rows(named=True)
        )

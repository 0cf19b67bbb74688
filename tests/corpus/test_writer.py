"""What the writer puts on disk depends on the dialogues alone, and holds little of them in memory."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from medsynth.corpus import writer as writing
from medsynth.corpus.schema import dialogue_row, row_dialogue
from medsynth.corpus.writer import CorpusWriter
from medsynth.records import Dialogue
from tests.corpus.fake import FRAME, dialogue


def _dialogues(count: int, clip_bytes: int = 0) -> Iterator[Dialogue]:
    for i in range(count):
        row = dialogue(i, voiced=i % 3 == 0 or clip_bytes > 0, clip=bytes([i % 256]) * clip_bytes)
        yield row_dialogue(row, {"onset.01": FRAME[row["lang"]]})


def _write(root: Path, dialogues: Iterator[Dialogue], max_shard_mb: int = 64) -> dict[str, str]:
    root.mkdir()
    writer = CorpusWriter(root, max_shard_mb=max_shard_mb, rows_per_group=8)
    for item in dialogues:
        writer.add(item)
    writer.finish()
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((root / "data").iterdir())}


def test_the_size_of_the_pieces_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _write(tmp_path / "whole", _dialogues(60))
    for rows, size in ((1, 2**30), (7, 2**30), (256, 2**14)):
        monkeypatch.setattr(writing, "ROWS_AS_OBJECTS", rows)
        monkeypatch.setattr(writing, "BYTES_AS_OBJECTS", size)
        assert _write(tmp_path / f"{rows}-{size}", _dialogues(60)) == whole
    assert [p.name for p in (tmp_path / "whole").iterdir()] == ["data"]


def test_rows_come_back_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ROWS_AS_OBJECTS", 5)
    _write(tmp_path / "corpus", _dialogues(40))
    for split in ("train", "test"):
        (file,) = (tmp_path / "corpus" / "data").glob(f"{split}-*.parquet")
        written = pl.read_parquet(file, glob=False).to_dicts()
        expected = [dialogue_row(d) for d in _dialogues(40) if d.split == split]
        assert [{k: row[k] for k in sorted(row)} for row in written] == [
            {k: row[k] for k in sorted(row)} for row in expected
        ]


def test_files_are_cut_at_their_limit(tmp_path: Path) -> None:
    files = _write(tmp_path / "corpus", _dialogues(24, clip_bytes=100_000), max_shard_mb=1)
    train = [name for name in files if name.startswith("train-")]
    assert train == [f"train-{i:05d}-of-{len(train):05d}.parquet" for i in range(len(train))]
    sizes = [
        sum(
            len(turn["audio"]["bytes"])
            for row in pl.read_parquet(tmp_path / "corpus" / "data" / name, glob=False).to_dicts()
            for turn in row["turns"]
            if turn["audio"]
        )
        for name in train
    ]
    assert len(train) > 2 and max(sizes) <= 2**20 and sum(sizes) == 18 * 2 * 100_000


def test_few_clips_are_in_memory_at_once(tmp_path: Path) -> None:
    clip = 2**20
    tracemalloc.start()
    _write(tmp_path / "corpus", _dialogues(60, clip_bytes=clip), max_shard_mb=1024)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * clip  # of 120

"""Dialogues without their sound: the same words and lengths, a fraction of the reading; memory that does not grow."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import yaml
from conftest import TINY, dialogue, flac, sound, write_corpus

from medtrain.collate import Collator
from medtrain.data import ParquetSource, open_corpus, open_source
from medtrain.errors import UserError
from medtrain.outline import UNREAD, file_outlines, outlines
from medtrain.sampling import index_set

ROOT = Path(__file__).parents[2]
LINUX = pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="read as Linux tells it")


def silent(rows):
    """Return dialogues with every clip in its place and none of them read."""
    return [
        replace(d, turns=tuple(replace(t, clip=None if t.clip is None else UNREAD) for t in d.turns))
        for d in rows
    ]


def many(folder: Path, copies: int, seconds: float = 3.0) -> Path:
    """A corpus of so many files of 20 dialogues, each with a long clip, and a validation split that stays."""
    rows = [dialogue(i, voiced=i % 2 == 0, rounds=2) for i in range(20)]
    for number, row in enumerate(rows[::2]):
        row["turns"][0]["audio"] = {"bytes": flac(sound(number, seconds)), "path": "x"}
        row["turns"][0]["duration_s"] = seconds
    corpus = write_corpus(folder, [*rows, dialogue(100, split="validation", rounds=2)])
    first = corpus / "data/train-00000-of-00001.parquet"
    frame = pl.read_parquet(first, glob=False)
    for number in range(1, copies):
        ids = frame["id"] + f"-{number}"
        frame.with_columns(ids.alias("id")).write_parquet(corpus / f"data/train-{number:05}.parquet")
    return corpus


@pytest.mark.parametrize("reader", ["pyarrow", "polars"])
def test_an_outline_is_the_dialogue_without_its_sound(corpus, monkeypatch, reader):
    if reader == "polars":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    source = open_source(corpus)
    assert list(outlines(source)) == silent(source.read(0, 99))
    assert {t.clip for d in outlines(source) for t in d.turns} == {UNREAD, None}


def test_rows_are_numbered_through_all_files(tmp_path):
    source = ParquetSource(open_corpus(many(tmp_path, 3)), "train")
    assert [d.id for d in outlines(source)] == [source.read(row, 1)[0].id for row in range(60)]


def test_audio_without_a_path_is_known_all_the_same(tmp_path):
    corpus = write_corpus(tmp_path, [dialogue(1), dialogue(2, voiced=False)])
    file = corpus / "data/train-00000-of-00001.parquet"
    turns = pl.element().struct
    bare = pl.col("turns").list.eval(
        turns.with_fields(
            pl.when(turns.field("audio").is_not_null())
            .then(pl.struct(turns.field("audio").struct.field("bytes")))
            .alias("audio")
        )
    )
    pl.read_parquet(file, glob=False).with_columns(bare).write_parquet(file)
    source = open_source(corpus)
    assert list(outlines(source)) == silent(source.read(0, 9))


def test_a_damaged_file_is_named(tmp_path):
    source = open_source(write_corpus(tmp_path, [dialogue(i) for i in range(9)]))
    file = source.files[0]
    whole = file.read_bytes()
    file.write_bytes(whole[:40] + bytes(len(whole) // 2) + whole[40 + len(whole) // 2 :])
    with pytest.raises(UserError, match="train-00000-of-00001"):
        list(outlines(source))


@pytest.mark.parametrize("reader", ["pyarrow", "polars"])
def test_a_missing_column_is_named(tmp_path, monkeypatch, reader):
    if reader == "polars":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    file = write_corpus(tmp_path, [dialogue(1)]) / "data/train-00000-of-00001.parquet"
    pl.read_parquet(file, glob=False).drop("turns").write_parquet(file)
    with pytest.raises(UserError, match="column turns is missing"):
        list(file_outlines(file))


READ = """
import sys
from pathlib import Path
from medtrain.data import open_source
from medtrain.outline import outlines
def read() -> int:
    (line,) = (l for l in Path("/proc/self/io").read_text().splitlines() if l.startswith("rchar"))
    return int(line.split()[1])
import pyarrow.parquet
source = open_source(Path(sys.argv[1]))
before = read()
assert sum(1 for _ in outlines(source)) == 40
print(read() - before)
"""


@LINUX
def test_no_sound_is_read(tmp_path):
    corpus = many(tmp_path, 2)
    size = sum(file.stat().st_size for file in (corpus / "data").glob("train-*"))
    made = subprocess.run(
        [sys.executable, "-c", READ, str(corpus)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(made.stdout) < size / 10, (made.stdout, size)


def test_lengths_are_those_of_the_whole_dialogues(loaded, corpus):
    collator = Collator(loaded.template, loaded.frontend, context=400)
    source = open_source(corpus)
    rows = source.read(0, 99)
    for modality in ("text", "speech", "mixed"):
        found = index_set(source, modality, 1.0, collator)
        assert found.tokens.tolist() == [collator.length(rows[at], modality) for at in found.rows.tolist()]
        if modality == "speech":
            lengths = [len(collator.item(rows[at], "speech").rendered.ids) for at in found.rows.tolist()]
            assert found.tokens.tolist() == lengths


# The kernel's own mark: ru_maxrss would hold the peak of the process that started this one.
MEASURED = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from medtrain.cli import app
app(args=sys.argv[1:], prog_name="medtrain", standalone_mode=False)
(line,) = (l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM"))
print(line.split()[1], file=sys.stderr)
"""


@LINUX
def test_memory_of_both_stages_does_not_grow_with_the_corpus(tmp_path):
    """From the tokenizer to the model card; the same steps on eight times the dialogues, their audio included."""
    stage = {"max_steps": 3, "eval_every": 99, "save_every": 99}
    config = TINY | {"text": stage, "speech": stage}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))

    def peak(copies: int) -> tuple[int, int]:
        corpus = many(tmp_path / str(copies), copies, seconds=12.0)
        command = [sys.executable, "-c", MEASURED, "fit", "--corpus", str(corpus), "--config"]
        command += [str(tmp_path / "config.yaml"), "--out", str(tmp_path / f"run-{copies}")]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        size = sum(file.stat().st_size for file in (corpus / "data").iterdir())
        return int(made.stderr.split()[-1]), size // 1024

    (small, few), (large, lot) = peak(5), peak(40)
    assert lot - few > 60_000
    assert large - small < (lot - few) / 4, (small, large, lot - few)  # KiB

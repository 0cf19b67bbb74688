"""`medtrain check` reads the corpus by its contract alone, and finds what a trainer would trip over."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile
from typer.testing import CliRunner

from medtrain.check import check_corpus
from medtrain.cli import app
from medtrain.data import open_corpus, open_data
from medtrain.errors import UserError


def flac(samples: np.ndarray, rate: int = 16000) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="FLAC", subtype="PCM_16")
    return out.getvalue()


TONE = flac(0.1 * np.sin(np.arange(16000) * 0.05))


def turn(role: str, text: str = "words", clip: bytes | None = None, seconds: float | None = None) -> dict:
    audio = {"bytes": clip, "path": "x"} if clip is not None else None
    return {"role": role, "text": text, "audio": audio, "duration_s": seconds}


def write(folder: Path, rows: list[dict], split: str = "train", version: int = 1) -> Path:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "corpus.json").write_text(f'{{"schema_version": {version}}}')
    audio = pl.Struct({"bytes": pl.Binary, "path": pl.String})
    turns = pl.Struct({"role": pl.String, "text": pl.String, "audio": audio, "duration_s": pl.Float64})
    schema = {"id": pl.String, "lang": pl.String, "split": pl.String, "turns": pl.List(turns)}
    pl.DataFrame(rows, schema=schema).write_parquet(folder / f"data/{split}-00000-of-00001.parquet")
    return folder


def row(*turns: dict, name: str = "a", split: str = "train") -> dict:
    return {"id": name, "lang": "en", "split": split, "turns": list(turns)}


GOOD = (turn("patient", clip=TONE, seconds=1.0), turn("doctor"))


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        ((turn("patient"),), "no doctor turn"),
        ((turn("patient"), turn("doctor", " ")), "turn 1 is empty"),
        ((turn("patient"), turn("doctor"), turn("doctor")), "two turns of one role"),
        ((turn("user"), turn("doctor")), "has roles"),
        ((turn("patient", clip=b"no audio", seconds=1.0), turn("doctor")), "not decodable"),
        ((turn("patient", clip=flac(np.zeros(16000)), seconds=1.0), turn("doctor")), "silent"),
        ((turn("patient", clip=TONE, seconds=2.0), turn("doctor")), "stated 2.0"),
        ((turn("patient", clip=flac(np.ones(8000) / 3, 8000), seconds=1.0), turn("doctor")), "8000 Hz"),
    ],
)
def test_problems_are_named(tmp_path, turns, words):
    corpus = write(tmp_path, [row(*GOOD), row(*turns, name="b")])
    _, problems = check_corpus(open_corpus(corpus))
    assert [p.id for p in problems] == ["b"]
    assert words in problems[0].message


def test_counts_and_hours(tmp_path):
    write(tmp_path, [row(*GOOD), row(turn("patient"), turn("doctor"), name="b")])
    write(tmp_path, [row(*GOOD, name="c", split="test")], split="test")
    counts, problems = check_corpus(open_corpus(tmp_path))
    assert problems == []
    assert (counts["train"].dialogues, counts["train"].voiced, counts["train"].clips) == (2, 1, 1)
    assert counts["test"].seconds == pytest.approx(1.0)


def test_a_dialogue_twice_and_in_the_wrong_split(tmp_path):
    write(tmp_path, [row(*GOOD)])
    write(tmp_path, [row(*GOOD)], split="test")
    _, problems = check_corpus(open_corpus(tmp_path))
    assert {p.message for p in problems} == {
        "is in the corpus twice",
        "says split train, lies in test-00000-of-00001.parquet",
    }


@pytest.mark.parametrize("version", [0, 2])
def test_another_schema_version_is_refused(tmp_path, version):
    with pytest.raises(UserError, match="schema version"):
        open_corpus(write(tmp_path, [row(*GOOD)], version=version))


def test_a_damaged_file_is_a_plain_message(tmp_path):
    write(tmp_path, [row(*GOOD)])
    next((tmp_path / "data").iterdir()).write_bytes(b"PAR1 torn")
    code = "from medtrain.cli import main; main()"
    for path, words in ((tmp_path, "cannot be read"), (tmp_path / "nowhere", "no corpus")):
        command = [sys.executable, "-c", code, "check", str(path)]
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 1
        assert words in result.stderr
        assert "Traceback" not in result.stderr


def test_sharegpt_is_checked_like_a_corpus(tmp_path):
    """By the command line: counts of its wave files, every problem by the name of its row, and a rendered batch."""
    tone = 0.1 * np.sin(np.arange(16000) * 0.05)
    soundfile.write(tmp_path / "good.wav", tone, 16000)
    soundfile.write(tmp_path / "cd.wav", np.repeat(tone, 3)[:44100], 44100)
    soundfile.write(tmp_path / "silent.wav", np.zeros(16000), 16000)
    (tmp_path / "torn.wav").write_bytes(b"RIFF, no more")

    def talk(name: str, speech: str | None, asked: str = "It hurts here.") -> dict:
        said = [{"from": "human", "value": asked, "speech": speech}, {"from": "gpt", "value": "Where?"}]
        return {"idx": name, "conversations": said}

    rows = [talk("a", "good.wav"), talk("b", None), talk("c", "cd.wav")]
    file = tmp_path / "talk.json"
    file.write_text(json.dumps(rows))
    counts, problems = check_corpus(open_data(file))
    assert problems == []
    train = counts["train"]
    assert (train.dialogues, train.voiced, train.clips) == (3, 2, 2)
    assert train.seconds == pytest.approx(2.0, abs=0.001)
    ready = command("check", file, "--set", "data.context=200", "--set", "data.batch_tokens=200")
    assert ready.exit_code == 0, ready.output
    assert "no problems" in ready.output
    assert "3 dialogues as text" in ready.output
    assert "2 dialogues as speech" in ready.output
    assert "[audio x" in ready.output
    assert "<|endoftext|>" not in ready.output  # what fills the rows is no part of a dialogue

    bad = [talk("d", "silent.wav"), talk("e", "torn.wav"), talk("f", "gone.wav"), talk("g", None, " ")]
    bad += [{"idx": "h", "conversations": [{"from": "nurse", "value": "x"}]}]
    file.write_text(json.dumps(rows + bad))
    found = command("check", file)
    assert found.exit_code == 1
    for words in ("d: turn 0: silent", "e: turn 0: not decodable", "f: turn 0: ", "g: turn 0 is empty"):
        assert words in found.output
    assert "row 7: role 'nurse' is not known" in found.output
    assert "5 problems" in found.output
    skipping = command("check", file, "--set", "data.on_bad_row=skip")
    assert "3 dialogues as speech" in skipping.output  # the silent one is met only when it is read
    assert "left out: 2 (bad audio)" in skipping.output


def command(*arguments: object):
    return CliRunner().invoke(app, list(map(str, arguments)))

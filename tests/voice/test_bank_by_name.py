"""Banks of voices that a server or a model knows by name: the worked example of docs/banks.md, and its table."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

from medsynth.errors import UserError
from medsynth.records import Speaker
from medsynth.voice.bank import load_bank
from medsynth.voice.bank_build import BuildOptions
from medsynth.voice.bank_folder import build_bank
from medsynth.voice.bank_sources import read_corpus
from medsynth.voice.bank_table import NEEDED, OF_RECORDINGS, OPTIONAL
from tests.voice.bank_corpora import TEXTS, speech, write

PAGE = (Path(__file__).parents[2] / "docs" / "banks.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## Voices of a speech server by name")[1].split("\n## ")[0]
BUILT_IN = {s.id: s for s in load_bank()}
SERVER = BuildOptions(engine="openai", by_name=True)


WAIT = """
import socket, time
for _ in range(600):
    try:
        socket.create_connection(("127.0.0.1", {port})).close()
        break
    except OSError:
        time.sleep(0.1)
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_the_example_of_the_page_runs_as_it_stands(tmp_path):
    """Every line of it, in a shell; only the port is another one, and the test waits for the server."""
    port = free_port()
    first, rest = SECTION.split("```sh\n")[1].split("```")[0].replace("8880", str(port)).split("\n", 1)
    (tmp_path / "medsynth").write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from medsynth.cli import main; main()' \"$@\"\n"
    )
    (tmp_path / "medsynth").chmod(0o755)
    (tmp_path / "wait.py").write_text(WAIT.format(port=port))
    script = f'{first}\nserver=$!\ntrap "kill $server" EXIT\n{sys.executable} wait.py\n{rest}'
    env = {k: v for k, v in os.environ.items() if k not in ("MEDSYNTH_REAL_DATA", "OPENAI_BASE_URL")}
    env["PATH"] = f"{tmp_path}:{env['PATH']}"
    with (tmp_path / "log").open("w") as log:
        done = subprocess.run(
            ["bash", "-e", "-c", script], cwd=tmp_path, env=env, stdout=log, stderr=log, timeout=300
        )
    told = (tmp_path / "log").read_text()
    assert done.returncode == 0, told
    assert "5 of 5 voices measured" in told and "5 speakers, sound" in told
    bank = {s.handle["voice"]: s for s in load_bank(tmp_path / "banks/server")}
    for name, speaker in bank.items():
        true = BUILT_IN[name]
        assert (speaker.gender, speaker.age_group, speaker.accent) == (
            true.gender,
            true.age_group,
            true.accent,
        )
        assert speaker.f0_hz == pytest.approx(true.f0_hz, rel=0.08)
        assert speaker.pace == pytest.approx(true.pace, rel=0.08)
    voiced = pl.read_parquet(tmp_path / "runs/server/corpus/speakers.parquet", glob=False)
    assert voiced.height and set(voiced["engine"]) == {"openai"}
    assert set(voiced["id"]) <= {s.id for s in bank.values()}


def test_the_page_describes_every_column():
    of_table = SECTION.split("| column of `voices.csv`")[1]
    assert set(re.findall(r"`([a-z_0-9]+)`", " ".join(re.findall(r"^\| (`.*?) \|", of_table, re.M)))) == {
        *NEEDED, *OF_RECORDINGS, *OPTIONAL,
    }  # fmt: skip
    of_bank = PAGE.split("| column of `bank.csv`")[1].split("\n\n")[0]
    named = re.findall(r"`([a-z_0-9]+)`", " ".join(re.findall(r"^\| (`.*?) \|", of_bank, re.M)))
    assert sorted(named) == sorted(Speaker.model_fields)


def table(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_table_of_names_needs_no_recordings(tmp_path):
    path = table(
        tmp_path / "v.csv",
        "speaker,gender,age,lang,licence",
        "af_bella,F,30,en,Apache-2.0",
        "am_adam,male,20s,en,Apache-2.0",
        "zm_yun,男,14-25,zh,Apache-2.0",
        ",female,30,en,Apache-2.0",
    )
    built = build_bank(read_corpus("csv", path, by_name=True), SERVER, tmp_path / "bank")
    assert {s.id: (s.handle, s.lang, s.gender, s.age_group, s.accent) for s in built.speakers} == {
        "csv-af_bella": ({"voice": "af_bella"}, "en", "female", "adult", "en"),
        "csv-zm_yun": ({"voice": "zm_yun"}, "zh", "male", "youth", "zh-CN"),
    }
    assert {(e["where"], e["reason"]) for e in built.left_out} == {
        ("v.csv:3", "age_unknown"), ("v.csv:5", "bad_row"),
    }  # fmt: skip
    # Where voices are to be imitated, recordings are needed, and the message says where not.
    with pytest.raises(UserError, match=r"v\.csv:1: no column audio, text; .*--by-name"):
        read_corpus("csv", path)
    with pytest.raises(UserError, match=r"v\.csv:1: no column gender; needed are speaker, gender, age$"):
        read_corpus("csv", table(path, "speaker,age", "x,3"), by_name=True)


def test_samples_of_a_voice_tell_its_pitch_and_pace(tmp_path):
    text = TEXTS["en"]
    for n in (0, 1):
        write(tmp_path / f"deep{n}.wav", speech("en", "male", text[n], 3, "adult"))
    path = table(
        tmp_path / "v.csv",
        "speaker,gender,age,lang,licence,audio,text",
        f'deep,male,40,en,MIT,deep0.wav,"{text[0]}"',
        f'deep,,,,,deep1.wav,"{text[1]}"',
        "unheard,male,40,en,MIT,,",
        f'absent,male,40,en,MIT,absent.wav,"{text[0]}"',
    )
    built = build_bank(read_corpus("csv", path, by_name=True), SERVER, tmp_path / "bank")
    absent, deep, unheard = built.speakers
    true = [s for s in BUILT_IN.values() if (s.lang, s.gender, s.age_group) == ("en", "male", "adult")][3]
    assert deep.f0_hz == pytest.approx(true.f0_hz, rel=0.06)
    assert deep.pace == pytest.approx(true.pace, rel=0.15)
    assert absent.f0_hz == unheard.f0_hz != deep.f0_hz and built.clips_refused == {"no_audio": 1}
    assert all(list(s.handle) == ["voice"] for s in built.speakers)
    assert not list((tmp_path / "bank" / "clips").iterdir())


def test_names_too_are_taken_up_to_so_many_of_a_cell(tmp_path):
    path = table(
        tmp_path / "v.csv",
        "speaker,gender,age,lang,licence",
        *(f"v{n},female,{30 if n % 2 else 70},en,MIT" for n in range(10)),
    )
    options = BuildOptions(engine="openai", by_name=True, per_cell=3)
    built = build_bank(read_corpus("csv", path, by_name=True), options, tmp_path / "bank")
    assert sorted(s.age_group for s in built.speakers) == ["adult"] * 3 + ["elderly"] * 3
    assert [e["reason"] for e in built.left_out] == ["enough"] * 4

"""From raw text to results by acoustic condition: patients ring or sit in a room; the evaluation tells them apart."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
import yaml
from conftest import TINY
from typer.testing import CliRunner

from medtrain.cli import app

pytest.importorskip("pyroomacoustics")
pytest.importorskip("espeakng_loader")

ROOT = Path(__file__).parents[2]
PLACES = {"telephone", "room"}
ALL = "age_group × gender × accent × acoustic_condition"


@pytest.fixture(scope="module")
def heard(tmp_path_factory) -> Path:
    """A corpus of a few of our sample questions, most of them held out, by telephone or in a room."""
    out = tmp_path_factory.mktemp("heard") / "run"
    like = {"acoustics": 1, "conditions": {"telephone": 1, "room": 1}, "sounds": 0, "pace": 0}
    source = ROOT / "pipelines/samples/en_questions.jsonl"
    command = f"run demo --src {source} --lang en --licence Apache-2.0 --limit 13 --workers 1".split()
    for setting in ("split.train=0.2", "split.validation=0", "split.test=0.8"):
        command += ["--set", setting]
    command += ["--set", f"voice.patient_like={json.dumps(like)}", "--set", "dedup.against=[]"]
    code = "from medsynth.cli import main; main()"
    command = [sys.executable, "-c", code, *command, "--out", str(out)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return out / "corpus"


def test_conditions_reach_the_evaluation(heard, tmp_path):
    """Through both command lines; counts are those of the corpus itself, by condition and crossed with who speaks."""
    stage = {"max_steps": 2, "eval_every": 9}
    data = {"context": 2048, "batch_tokens": 2048, "window": 8, "workers": 0}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(TINY | {"data": data, "text": stage, "speech": stage}))
    run = CliRunner()
    out = tmp_path / "tiny"
    fitted = run.invoke(
        app, ["fit", "--corpus", str(heard), "--config", str(tmp_path / "c.yaml"), "--out", str(out)]
    )
    assert fitted.exit_code == 0, fitted.output
    done = run.invoke(app, ["eval", str(out), "--generate", "6", "--max-new-tokens", "5"])
    assert done.exit_code == 0, done.output

    rows = pl.read_parquet(next((heard / "data").glob("test-*")), glob=False).to_dicts()
    stated = Counter(row["acoustic_condition"] for row in rows)
    crossed = Counter(
        ", ".join(
            [*(row["patient"][k] for k in ("age_group", "gender", "accent")), row["acoustic_condition"]]
        )
        for row in rows
    )
    assert set(stated) == PLACES
    assert max(stated.values()) >= 5
    found = json.loads((out / "eval/eval.json").read_text())
    groups = found["groups"]
    least = found["least_of_a_group"]
    assert {name: one["dialogues"] for name, one in groups["acoustic_condition"].items()} == stated
    assert {name: one["dialogues"] for name, one in groups[ALL].items()} == crossed
    for grouping in ("acoustic_condition", ALL):
        for one in groups[grouping].values():
            assert ("gap" in one) == (one["dialogues"] >= least)
    answered = found["answers_groups"]["acoustic_condition"]
    assert sum(one["dialogues"] for one in answered.values()) == 6
    assert set(answered) <= PLACES

    table = (out / "eval/table.txt").read_text()
    section = table.split("by acoustic condition")[1].split("\n\n")[0]
    for name, count in stated.items():
        (line,) = (line for line in section.splitlines() if line.startswith(f"  {name} "))
        assert line.split()[1] == str(count)
        assert ("(under 5 dialogues)" in line) == (count < least)
    small = [name for name, count in crossed.items() if count < least]
    assert small
    told = " ".join(table.split("by age group × gender × accent × acoustic condition")[1].split())
    assert "only counted, each under 5 dialogues: " in told
    assert all(f"{name} {crossed[name]}" in told for name in small)

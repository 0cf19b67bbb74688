"""`medtrain fit` from end to end, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
import yaml
from conftest import TINY, dialogue, sound, write_corpus
from typer.testing import CliRunner

from medtrain.cli import app
from medtrain.config import parse_config
from medtrain.errors import UserError
from medtrain.fit import fit
from medtrain.report import read_metrics, validations
from medtrain.talk import Talker

STEPS = {"max_steps": 3, "eval_every": 10, "optimizer": {"lr": 0.01}}
CONFIG = TINY | {
    "text": {"sets": [{"modality": "text"}], "freeze": ["encoder.*", "projector.*"], **STEPS, "epochs": 9},
    "speech": {"sets": [{"modality": "speech"}, {"modality": "text"}], **STEPS, "epochs": 9},
}


def run(*arguments: object) -> tuple[int, str]:
    """Run the command line in this process; a user's error is what main() would print."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if isinstance(result.exception, UserError):
        return 1, str(result.exception)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def config(tmp_path) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(CONFIG))
    return file


@pytest.fixture
def workplace(tmp_path, corpus, monkeypatch) -> Path:
    """A folder where a corpus was made last, as the corpus maker leaves it."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "made").mkdir()
    (tmp_path / "made/corpus").symlink_to(corpus)
    (tmp_path / "runs/.last").write_text("../made")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_both_stages_of_the_last_corpus(workplace, config):
    code, text = run("fit", "--config", config)
    assert code == 0, text
    out = Path("runs/t")
    assert "Text ability kept by the speech stage" in text
    assert f"next: medtrain eval {out}" in text
    before, after = (validations(out / f"{stage}/metrics.jsonl") for stage in ("text", "speech"))
    assert before[3]["text"]["loss"] < before[0]["text"]["loss"] - 0.5
    # The second stage takes up where the first ended.
    assert after[0]["text"]["loss"] == pytest.approx(before[3]["text"]["loss"], abs=1e-4)
    assert json.loads((out / "run.json").read_text())["corpus"] == "../../made/corpus"
    talker = Talker.load(out / "speech/model", "cpu")
    assert isinstance(talker.reply([("patient", sound(1, 0.5))], 5).text, str)
    code, text = run("fit", "--config", config)
    assert (code, text.count("done already")) == (0, 2)
    code, text = run("fit", "--config", config, "--set", "speech.optimizer.lr=0.5")
    assert code == 1
    assert "other settings (speech.optimizer.lr)" in text
    code, text = run("fit", "--config", config, "--set", "seed=8", "--stage", "text", "--fresh")
    assert code == 0, text
    assert "next: medtrain fit --stage speech" in text
    assert not (out / "speech").exists()


def test_without_any_corpus(tmp_path, monkeypatch, config):
    monkeypatch.chdir(tmp_path)
    code, text = run("fit", "--config", config)
    assert code == 1
    assert "medsynth run demo" in text
    assert "holds no corpus" in run("fit", "--corpus", tmp_path, "--config", config)[1]


def test_fresh_never_removes_what_is_no_training_run(workplace, config):
    (workplace / "precious").mkdir()
    (workplace / "precious/thesis.txt").write_text("x")
    code, text = run("fit", "--config", config, "--out", "precious", "--fresh")
    assert code == 1
    assert "no training run" in text
    assert "no training run" in run("fit", "--config", config, "--out", "precious")[1]
    assert (workplace / "precious/thesis.txt").exists()


def test_a_corpus_without_speech(tmp_path):
    corpus = write_corpus(tmp_path / "c", [dialogue(i, voiced=False) for i in range(5)])
    settings = parse_config(CONFIG, "test")
    with pytest.raises(UserError, match=r"holds no speech.*--stage text"):
        fit(corpus, settings, tmp_path / "both", ["text", "speech"])
    assert not (tmp_path / "both/text").exists()
    assert fit(corpus, settings, tmp_path / "run", ["text"])


def test_one_dialogue_is_enough(tmp_path, capsys):
    corpus = write_corpus(tmp_path / "c", [dialogue(1)])
    assert fit(corpus, parse_config(CONFIG, "test"), tmp_path / "run", ["text", "speech"])
    assert "no validation split" in capsys.readouterr().out
    losses = [line["loss"] for line in read_metrics(tmp_path / "run/text/metrics.jsonl") if "loss" in line]
    assert losses[-1] < losses[0]


def test_a_bad_row_ends_it_before_the_first_step_or_is_counted(tmp_path, capsys):
    rows = [dialogue(i) for i in range(4)]
    rows[2]["turns"][1]["text"] = "word " * 600
    corpus = write_corpus(tmp_path / "c", rows)
    settings = parse_config(CONFIG, "test")
    with pytest.raises(UserError, match=r"d2: is \d+ tokens long; the context is 400"):
        fit(corpus, settings, tmp_path / "a", ["text"])
    assert not (tmp_path / "a/text/checkpoints").exists()
    skip = parse_config({**CONFIG, "data": {**TINY["data"], "on_bad_row": "skip"}}, "test")
    assert fit(corpus, skip, tmp_path / "b", ["text"])
    assert "1 too long" in capsys.readouterr().out


def test_the_published_format_trains(tmp_path):
    rows = []
    for i in range(3):
        soundfile.write(tmp_path / f"{i}.wav", sound(i, 0.5), 16000)
        said = [
            {"from": "human", "value": "It hurts here.", "speech": f"{i}.wav"},
            {"from": "assistant", "value": f"Since when? {i}"},
        ]
        rows.append({"idx": f"x{i}", "conversations": said})
    (tmp_path / "talk.json").write_text(json.dumps(rows))
    assert fit(tmp_path / "talk.json", parse_config(CONFIG, "test"), tmp_path / "run", ["text", "speech"])


def test_check_shows_what_a_config_makes_of_the_corpus(corpus, config):
    code, text = run("check", corpus, "--config", config)
    assert code == 0, text
    assert "24 dialogues as text" in text
    assert "16 dialogues as speech" in text
    assert "padding" in text
    assert "[audio x" in text


def test_without_torch_one_line_says_what_to_install(tmp_path, corpus):
    code = "import sys; sys.modules['torch'] = None\nfrom medtrain.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "fit", "--corpus", str(corpus)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 1
    assert done.stderr == "medtrain: torch is not installed; run: pip install 'medsynth[train]'\n"

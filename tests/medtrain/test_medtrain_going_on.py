"""Going on with a run: what counts as the same corpus and the same settings, and what is told when it is not."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
import soundfile
import torch
from conftest import TINY, dialogue, sound, write_corpus
from safetensors.torch import load_file

from medtrain.checkpoint import checkpoints
from medtrain.config import parse_config
from medtrain.data import open_source
from medtrain.errors import UserError
from medtrain.fit import fit

STAGE = {
    "sets": [{"modality": "speech"}, {"modality": "text"}],
    "max_steps": 2,
    "epochs": 9,
    "optimizer": {"lr": 0.01},
    "eval_every": 9,
    "save_every": 1,
}


def settings(speech: dict | None = None, **changes):
    data = copy.deepcopy(TINY) | {"speech": {**STAGE, **(speech or {})}}
    return parse_config({**data, "text": {"max_steps": 1, "eval_every": 9}, **changes}, "test")


def summed(folder: Path) -> Path:
    """Give a corpus its list of checksums, as a packed one has it."""
    files = [folder / "corpus.json", *sorted((folder / "data").iterdir())]
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder)}" for file in files]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    return folder


def take_back(out: Path, stage: str = "speech") -> None:
    """Undo the last step of a stage."""
    shutil.rmtree(out / stage / "model")
    shutil.rmtree(checkpoints(out / stage / "checkpoints")[-1])


def test_a_corpus_is_the_same_by_whatever_path(tmp_path, monkeypatch, capsys):
    """Named from elsewhere, or moved and copied with new times."""
    corpus = summed(write_corpus(tmp_path / "c", [dialogue(i) for i in range(6)]))
    assert fit(corpus, settings(), tmp_path / "run", ["text", "speech"])
    weights = load_file(checkpoints(tmp_path / "run/speech/checkpoints")[-1] / "model.safetensors")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(corpus, "moved")
    for file in Path("moved").rglob("*.*"):
        os.utime(file, (1, 1))
    for path in (Path("c"), Path("moved"), tmp_path / "moved"):
        take_back(tmp_path / "run")
        assert fit(path, settings(), tmp_path / "run", ["speech"])
        again = load_file(checkpoints(tmp_path / "run/speech/checkpoints")[-1] / "model.safetensors")
        assert all(torch.equal(again[name], weights[name]) for name in weights)
    assert "has changed" not in capsys.readouterr().out


def test_data_changed_under_an_old_list_of_checksums_is_told(tmp_path):
    corpus = summed(write_corpus(tmp_path / "c", [dialogue(i) for i in range(6)]))
    assert fit(corpus, settings(), tmp_path / "run", ["speech"])
    take_back(tmp_path / "run")
    write_corpus(tmp_path / "c", [dialogue(i) for i in range(6, 12)])
    with pytest.raises(UserError, match="has changed since"):
        fit(corpus, settings(), tmp_path / "run", ["speech"])


def test_what_makes_a_fingerprint(tmp_path):
    """Words of equal length, an order of rows, a validation split: each is another one. A card is not."""
    rows = [dialogue(i) for i in range(6)]
    corpus = summed(write_corpus(tmp_path / "c", rows))
    seen = [open_source(corpus).fingerprint]
    (corpus / "README.md").write_text("a card\n")
    (corpus / "SHA256SUMS").write_text("00  README.md\n" + (corpus / "SHA256SUMS").read_text())
    assert open_source(corpus).fingerprint == seen[0]
    other = copy.deepcopy(rows)
    other[0]["id"] = "e0"
    for changed in (other, rows[:-1], [*rows, dialogue(9, split="validation")]):
        write_corpus(corpus, changed)
        seen.append(open_source(corpus).fingerprint)
    assert len(set(seen)) == len(seen)


def sharegpt(folder: Path, rate: int = 16000, seconds: float = 0.5, more: tuple = ()) -> Path:
    rows = []
    for i in range(3):
        soundfile.write(folder / f"{i}.wav", sound(i, seconds * rate / 16000), rate)
        said = [
            {"from": "human", "value": "It hurts here.", "speech": f"{i}.wav"},
            {"from": "assistant", "value": f"Since when? {i}"},
        ]
        rows.append({"idx": f"x{i}", "conversations": said})
    (folder / "talk.json").write_text(json.dumps([*rows, *more]))
    return folder / "talk.json"


def test_other_waves_beside_the_same_list_are_told(tmp_path):
    talk = sharegpt(tmp_path)
    assert fit(talk, settings(), tmp_path / "run", ["speech"])
    take_back(tmp_path / "run")
    sharegpt(tmp_path, seconds=0.7)
    with pytest.raises(UserError, match=r"talk\.json has changed since"):
        fit(talk, settings(), tmp_path / "run", ["speech"])


@pytest.mark.parametrize("rate", [24000, 22050, 8000])
def test_waves_of_any_rate_are_trained_on(tmp_path, rate):
    talk = sharegpt(tmp_path, rate)
    [turn, _] = open_source(talk).read(0, 1)[0].turns
    assert turn.duration_s == pytest.approx(soundfile.info(tmp_path / "0.wav").duration, abs=1e-4)
    assert fit(talk, settings(), tmp_path / "run", ["speech"])


BAD = (
    {"idx": "bad", "conversations": [{"from": "nurse", "value": "x"}]},
    {"conversations": [{"from": "human", "value": None}]},
    "no row",
)


def test_malformed_rows_end_a_run_or_are_counted(tmp_path, capsys):
    talk = sharegpt(tmp_path, more=BAD)
    with pytest.raises(UserError, match=r"talk\.json: row 3: role 'nurse' is not known.*on_bad_row=skip"):
        fit(talk, settings(), tmp_path / "a", ["speech"])
    skip = settings(data={**TINY["data"], "on_bad_row": "skip"})
    assert fit(talk, skip, tmp_path / "b", ["text", "speech"])
    said = capsys.readouterr().out
    assert "3 malformed (row 3: role 'nurse' is not known" in said
    assert "3 dialogues as speech" in said


def test_check_walks_a_sharegpt_file(tmp_path):
    from typer.testing import CliRunner

    from medtrain.cli import app

    done = CliRunner().invoke(app, ["check", str(sharegpt(tmp_path))])
    assert done.exit_code == 0, done.output
    assert "no problems" in done.output
    assert [line.split()[:3] for line in done.output.splitlines()][1] == ["train", "3", "3"]
    (tmp_path / "1.wav").write_bytes(b"no sound")
    sharegpt(tmp_path, more=BAD)
    (tmp_path / "1.wav").write_bytes(b"no sound")
    done = CliRunner().invoke(app, ["check", str(tmp_path / "talk.json")])
    assert done.exit_code == 1
    for words in ("x1: turn 0: not decodable", "row 3: role 'nurse'", "row 4: its shape", "row 5: its shape"):
        assert words in done.output
    assert "4 problems" in done.output


def test_what_does_not_change_learning_may_change(corpus, tmp_path):
    out = tmp_path / "run"
    assert fit(corpus, settings(), out, ["speech"])
    take_back(out)
    free = settings(
        {"save_every": 5, "keep": 3}, data={**TINY["data"], "workers": 2}, gradient_checkpointing=True
    )
    assert fit(corpus, free, out, ["speech"])
    take_back(out)
    bigger = settings(data={**TINY["data"], "batch_tokens": 900})
    with pytest.raises(UserError, match=r"other settings \(data\.batch_tokens\); give --out another"):
        fit(corpus, bigger, out, ["speech"])


def test_out_of_memory_is_told_and_a_smaller_batch_goes_on(corpus, tmp_path, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    out = tmp_path / "run"
    big = settings(data={**TINY["data"], "batch_tokens": 900})
    with monkeypatch.context() as patched:
        patched.setattr("medtrain.loop.batch_loss", full)
        with pytest.raises(UserError, match=r"stage speech: the memory .* is full.*data\.batch_tokens"):
            fit(corpus, big, out, ["speech"])
    assert fit(corpus, settings(), out, ["speech"])


def test_another_stage_speech_begins_at_the_same_stage_text(corpus, tmp_path):
    """By the words that the refusal gives."""
    import shlex

    import yaml
    from typer.testing import CliRunner

    from medtrain.cli import app

    out = tmp_path / "a run"
    assert fit(corpus, settings(), out, ["text", "speech"])
    other = settings({"optimizer": {"lr": 0.02}})
    with pytest.raises(UserError) as told:
        fit(corpus, other, out, ["speech"])
    words = str(told.value).partition("another folder, and ")[2].partition(" to begin with")[0]
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(other.model_dump(mode="json")))
    command = ["fit", "--config", tmp_path / "other.yaml", "--corpus", corpus, "--out", tmp_path / "b"]
    done = CliRunner().invoke(app, [*map(str, command), *shlex.split(words)])
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "b/text").exists()
    first = json.loads((out / "speech/metrics.jsonl").read_text().splitlines()[0])
    second = json.loads((tmp_path / "b/speech/metrics.jsonl").read_text().splitlines()[0])
    assert first["validation"] == second["validation"]


def test_what_comes_is_told_before_it_begins(corpus, tmp_path, capsys):
    assert fit(corpus, settings({"batches_per_step": 2}), tmp_path / "run", ["text", "speech"])
    said = capsys.readouterr().out
    assert said.count("too small to counsel anybody") == 3  # before each stage, and at the end
    assert "  2 steps of 2 batches: about " in said
    assert said.index("2 steps of 2") < said.index("step 0/2")
    spoken = open_source(corpus)
    assert len(spoken) == 24
    words = said.partition("2 steps of 2 batches: about ")[2].split()
    assert 0 < int(words[0].replace(",", "")) < 2 * 2 * 24
    assert words[1:3] == ["dialogues", "and"]


def test_the_card_states_the_terms_of_every_set(corpus, tmp_path):
    other = write_corpus(tmp_path / "c", [dialogue(i) for i in range(4)])
    (other / "corpus.json").write_text(
        json.dumps({"schema_version": 1, "name": "more", "licences": {"CC-BY-NC-4.0": 4}})
    )
    talk = sharegpt(tmp_path)
    sets = [{"modality": "speech"}, {"modality": "text", "path": str(other)}, {"path": str(talk)}]
    assert fit(corpus, settings({"sets": sets}), tmp_path / "run", ["speech"])
    card = (tmp_path / "run/speech/model/README.md").read_text()
    assert "small (licences of texts and voices: CC0-1.0)" in card
    assert "more (licences of texts and voices: CC-BY-NC-4.0)" in card
    assert "talk.json (licences of texts and voices: not stated)" in card


@pytest.mark.parametrize("parts", ["tiny", "folder"])
def test_an_attention_without_its_package_is_one_line(corpus, base, tmp_path, parts):
    if __import__("importlib.util").util.find_spec("flash_attn"):
        pytest.skip("flash-attn is installed")
    model = {**TINY["model"]} if parts == "tiny" else {"whole": str(base)}
    config = settings(model={**model, "attention": "flash_attention_2"})
    with pytest.raises(UserError, match="pip install flash-attn"):
        fit(corpus, config, tmp_path / "run", ["speech"])


@pytest.fixture
def new_state():
    """Accelerate keeps the precision of a process."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()
    yield AcceleratorState._reset_state
    AcceleratorState._reset_state()


def test_bf16_learns_in_full_precision(corpus, tmp_path, new_state):
    """Autocast computes in bf16 over weights that stay float32."""
    for precision in ("fp32", "bf16"):
        new_state()
        assert fit(corpus, settings({"max_steps": 4}, precision=precision), tmp_path / precision, ["speech"])
    full, half = (
        [json.loads(line) for line in (tmp_path / p / "speech/metrics.jsonl").read_text().splitlines()]
        for p in ("fp32", "bf16")
    )
    losses = [[line["loss"] for line in lines if "loss" in line] for lines in (full, half)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    for file in (tmp_path / "bf16/speech").rglob("*.safetensors"):
        assert {tensor.dtype for tensor in load_file(file).values()} == {torch.float32}
    moments = torch.load(
        checkpoints(tmp_path / "bf16/speech/checkpoints")[-1] / "optimizer.pt", weights_only=True
    )
    kept = [value for state in moments["state"].values() for value in state.values()]
    assert kept and {value.dtype for value in kept} == {torch.float32}

"""Training: a token counts the same wherever it lies, any interruption can be taken up, faults are told."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from conftest import TINY, dialogue, write_corpus
from safetensors.torch import load_file

from medtrain.checkpoint import checkpoints, read_state
from medtrain.collate import Collator
from medtrain.config import Lora, Losses, Optimizer, parse_config
from medtrain.data import open_source
from medtrain.errors import UserError
from medtrain.fit import fit
from medtrain.losses import batch_loss, distillation, transcription
from medtrain.optimizer import learning_rate
from medtrain.report import read_metrics

STAGE = {
    "sets": [{"modality": "speech"}, {"modality": "text"}],
    "max_steps": 6,
    "epochs": 9,
    "batches_per_step": 2,
    "optimizer": {"lr": 0.01},
    "eval_every": 3,
    "save_every": 3,
}


def settings(**changes):
    data = copy.deepcopy(TINY) | {"speech": {**STAGE, **changes.pop("speech", {})}}
    data["text"] = {"sets": [{"modality": "text"}], "freeze": ["encoder.*", "projector.*"], "max_steps": 4}
    data["text"] |= {"optimizer": {"lr": 0.01}, **changes.pop("text", {})}
    return parse_config({**data, **changes}, "test")


def weights(out: Path, stage: str = "speech") -> dict[str, torch.Tensor]:
    return load_file(checkpoints(out / stage / "checkpoints")[-1] / "model.safetensors")


def equal(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("terms", [Losses(), Losses(distill=0.5, ctc=0.3)], ids=["reply", "all"])
def test_accumulated_batches_are_one_big_batch(loaded, corpus, terms):
    """Batches of unlike size: a mean of means would differ."""
    maker = Collator(loaded.template, loaded.frontend, context=400, twins=bool(terms.distill))
    found = open_source(corpus).read(0, 7)
    items = [maker.item(d, "speech" if i % 2 else "text", i) for i, d in enumerate(found)]
    total = sum(sum(item.rendered.supervised) for item in items)

    def gradients(parts):
        loaded.model.zero_grad()
        for part in parts:
            loss = batch_loss(
                loaded.model, maker.batch(part), terms, loaded.template.audio_id, torch.device("cpu")
            )
            (loss.total / total).backward()
        return {name: p.grad.clone() for name, p in loaded.model.named_parameters() if p.grad is not None}

    big, small = gradients([items]), gradients([items[:1], items[1:6], items[6:]])
    assert big.keys() == small.keys()
    for name in big:
        assert torch.allclose(big[name], small[name], atol=1e-5), name


TWO = """
import os, shutil, sys
from pathlib import Path
import torch.distributed as dist
import yaml
from accelerate.state import AcceleratorState
from medtrain.config import parse_config
from medtrain.fit import fit
corpus, settings, folder = map(Path, sys.argv[1:])
for name in ("ddp", "fsdp2", "adapters"):
    data = yaml.safe_load(settings.read_text()) | {"parallel": "fsdp2" if name == "fsdp2" else "ddp"}
    if name == "adapters":
        data["speech"] |= {"lora": {"rank": 2, "targets": ["q_proj"]}, "freeze": ["encoder.*"]}
    assert fit(corpus, parse_config(data, "test"), folder / name, ["speech"])
    AcceleratorState._reset_state(reset_partial_state=False)
    again = folder / f"{name} resumed"
    if name != "adapters":
        if os.environ["RANK"] == "0":
            shutil.copytree(folder / name, again)
            shutil.rmtree(again / "speech/model")
            shutil.rmtree(again / "speech/checkpoints/step-000004")
        dist.barrier()
        assert fit(corpus, parse_config(data, "test"), again, ["speech"])
        AcceleratorState._reset_state(reset_partial_state=False)
"""


@pytest.fixture(scope="module")
def spread(corpus, tmp_path_factory) -> Path:
    """The same run on one process, and on two by DDP and by FSDP2, with what a launcher would set.

    And one with adapters on one process, and on two by DDP.
    """
    folder = tmp_path_factory.mktemp("spread")
    config = settings(speech={"losses": {"distill": 0.3, "ctc": 0.2}, "max_steps": 4})
    (folder / "settings.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ours = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    ranks = [
        {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
        for rank in range(2)
    ]
    command = [sys.executable, "-c", TWO, str(corpus), str(folder / "settings.yaml"), str(folder)]
    running = [
        subprocess.Popen(
            command,
            env={**os.environ, **ours, **rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in ranks
    ]
    assert fit(corpus, config, folder / "one", ["speech"])
    adapters = config.speech.model_copy(
        update={"lora": Lora(rank=2, targets=("q_proj",)), "freeze": ("encoder.*",)}
    )
    one = config.model_copy(update={"speech": adapters})
    assert fit(corpus, one, folder / "one with adapters", ["speech"])
    try:
        for process in running:
            text, _ = process.communicate(timeout=200)
            assert process.returncode == 0, text
    finally:
        for process in running:
            process.kill()
    return folder


@pytest.fixture(scope="module")
def alone(corpus, tmp_path_factory) -> Path:
    """A run on one process, in one go. Its adapters drop out, so that random states matter."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("alone") / "run"
    assert fit(corpus, settings(), out, ["speech"])
    return out


@pytest.mark.parametrize("parallel", ["ddp", "fsdp2"])
def test_two_processes_are_one(spread, parallel):
    """Also where one of them has only text in its batch."""
    one, two = weights(spread / "one"), weights(spread / parallel)
    assert one.keys() == two.keys()
    for name in one:
        assert torch.allclose(one[name], two[name], atol=1e-4), name
    losses = [
        [line["loss"] for line in read_metrics(spread / out / "speech/metrics.jsonl") if "loss" in line]
        for out in ("one", parallel)
    ]
    assert len(losses[0]) == 4
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@pytest.mark.parametrize("name", ["ddp", "fsdp2"])
def test_two_processes_go_on_bit_exactly(spread, name):
    one, two = spread / name, spread / f"{name} resumed"
    assert equal(weights(one), weights(two))
    a, b = (
        [
            [line[k] for k in ("step", "loss", "grad_norm")]
            for line in read_metrics(out / "speech/metrics.jsonl")
            if "loss" in line
        ]
        for out in (one, two)
    )
    assert a == b
    assert len(a) == 4


def test_adapters_of_two_processes_are_saved(spread):
    """With all their weights, and those of one process; the merged model too."""
    one, two = (spread / name / "speech" for name in ("one with adapters", "adapters"))
    for file in ("adapter/adapter_model.safetensors", "model/model.safetensors"):
        a, b = load_file(one / file), load_file(two / file)
        assert a.keys() == b.keys()
        assert all(torch.allclose(a[k], b[k], atol=1e-4) for k in a)
    moved = [k for k in load_file(two / "adapter/adapter_model.safetensors") if "lora_B" in k]
    adapter = load_file(two / "adapter/adapter_model.safetensors")
    assert moved and all(adapter[k].any() for k in moved)


LORA = {
    "lora": {"rank": 2, "alpha": 4, "dropout": 0.2, "targets": ["q_proj", "up_proj"]},
    "freeze": ["encoder.*"],
}


@pytest.mark.parametrize("changes", [{}, LORA], ids=["full", "lora with dropout"])
@pytest.mark.parametrize("workers", [0, 2])
def test_resume_is_bit_exact(corpus, tmp_path, changes, workers):
    config = settings(speech=changes, data={**TINY["data"], "window": 20, "workers": workers})
    assert fit(corpus, config, tmp_path / "a", ["speech"])
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    shutil.rmtree(tmp_path / "b/speech/model")
    shutil.rmtree(checkpoints(tmp_path / "b/speech/checkpoints")[-1])
    [left] = checkpoints(tmp_path / "b/speech/checkpoints")
    assert (left.name, read_state(left).batch) == ("step-000003", 2)  # within a window
    assert fit(corpus, config, tmp_path / "b", ["speech"])
    assert equal(weights(tmp_path / "a"), weights(tmp_path / "b"))
    keep = ("step", "loss", "accuracy", "grad_norm", "lr")
    a, b = (
        [
            {k: line[k] for k in keep}
            for line in read_metrics(tmp_path / out / "speech/metrics.jsonl")
            if "loss" in line
        ]
        for out in "ab"
    )
    assert a == b
    assert [line["step"] for line in a] == [1, 2, 3, 4, 5, 6]


def test_ctrl_c_saves_and_the_same_command_goes_on(corpus, tmp_path):
    config = settings(speech={"max_steps": 60, "save_every": 1000, "eval_every": 1000})
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config.model_dump(mode="json")))
    command = [sys.executable, "-m", "medtrain", "fit", "--stage", "speech", "--config", str(file)]
    process = subprocess.Popen(
        [*command, "--corpus", str(corpus), "--out", str(tmp_path / "a")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[2],
    )
    metrics = tmp_path / "a/speech/metrics.jsonl"
    for _ in range(2400):
        if len(read_metrics(metrics)) > 4:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 130, text
    assert "the same command goes on" in text
    [saved] = checkpoints(tmp_path / "a/speech/checkpoints")
    assert saved.name < "step-000060"
    assert not (tmp_path / "a/speech/model").exists()
    assert fit(corpus, config, tmp_path / "a", ["speech"])
    assert fit(corpus, config, tmp_path / "b", ["speech"])
    assert equal(weights(tmp_path / "a"), weights(tmp_path / "b"))


def test_a_loss_that_is_no_number_ends_the_run_and_names_rows(corpus, tmp_path):
    config = settings(speech={"optimizer": {"lr": 1e30, "warmup": 0}, "save_every": 9, "eval_every": 9})
    with pytest.raises(UserError, match=r"step 2: the loss is not a finite number .* of d\d"):
        fit(corpus, config, tmp_path / "run", ["speech"])


@pytest.mark.parametrize("validated", [True, False])
def test_weights_that_the_last_step_broke_are_never_a_model(corpus, tmp_path, monkeypatch, validated):
    """Seen by the validation loss, or, where nothing is held out, by the weights themselves."""
    bad = {"optimizer": {"lr": 1e30, "warmup": 0}, "max_steps": 1}
    if not validated:
        corpus = write_corpus(tmp_path / "c", [dialogue(i) for i in range(6)])

        def step(self):
            with torch.no_grad():
                self.param_groups[1]["params"][0][0] = float("inf")

        monkeypatch.setattr(torch.optim.AdamW, "step", step)
    what = "the loss on the validation split" if validated else "weights are not finite"
    with pytest.raises(UserError, match=rf"step 1: {what}.*lower optimizer\.lr"):
        fit(corpus, settings(speech=bad), tmp_path / "run", ["speech"])
    assert not checkpoints(tmp_path / "run/speech/checkpoints")
    assert not (tmp_path / "run/speech/model").exists()


def test_a_changed_corpus_is_told(tmp_path):
    corpus = write_corpus(tmp_path / "c", [dialogue(i) for i in range(6)])
    out = tmp_path / "run"
    assert fit(corpus, settings(), out, ["speech"])
    shutil.rmtree(out / "speech/model")
    write_corpus(tmp_path / "c", [dialogue(i) for i in range(1, 7)])
    with pytest.raises(UserError, match="has changed since"):
        fit(corpus, settings(), out, ["speech"])


def test_uneven_shares_are_refused(corpus, alone, tmp_path):
    from medtrain.loop import train

    class Three:
        num_processes, process_index = 3, 0

    class Job:
        config, stage = settings(), settings().speech

    with pytest.raises(UserError, match="3 processes cannot share"):
        train(Job(), Three())


def test_what_a_stage_leaves(corpus, alone):
    lines = read_metrics(alone / "speech/metrics.jsonl")
    steps = [line for line in lines if "loss" in line]
    assert [line["step"] for line in steps] == [1, 2, 3, 4, 5, 6]
    assert steps[-1]["loss"] < steps[0]["loss"]
    assert {"lr", "tokens_per_s", "audio_s_per_s", "padding", "memory_mb"} <= steps[0].keys()
    looks = [line for line in lines if "validation" in line]
    assert [line["step"] for line in looks] == [0, 3, 6]
    assert set(looks[0]["validation"]) == {"speech", "text"}
    assert yaml.safe_load((alone / "config.yaml").read_text())["seed"] == 3
    assert list((alone / "speech/tensorboard").glob("events*"))
    assert (alone / "curves.png").read_bytes().startswith(b"\x89PNG")
    card = (alone / "speech/model/README.md").read_text()
    assert "CC0-1.0" in card
    assert "no medical advice" in card
    assert json.loads((alone / "results.json").read_text())["speech"]["after"]["speech"]["loss"] > 0


def test_the_learning_rate_rises_and_falls():
    rates = [learning_rate(Optimizer(lr=1.0, warmup=0.1, min_lr=0.1), step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0.1 < rates[-1] < 0.101


def test_distillation_is_the_divergence_from_the_teacher():
    student, teacher = torch.randn(5, 9), torch.randn(5, 9)
    p = torch.distributions.Categorical(logits=teacher / 2)
    q = torch.distributions.Categorical(logits=student / 2)
    expected = torch.distributions.kl_divergence(p, q).sum() * 4
    assert distillation(student, teacher, 2.0).item() == pytest.approx(expected.item(), rel=1e-5)
    assert distillation(teacher, teacher, 1.0).item() == pytest.approx(0, abs=1e-6)


def test_transcription_is_ctc_clip_by_clip():
    logits = torch.randn(9, 7)
    lengths, words = [5, 1, 3], [(1, 2), (3, 4), (2,)]
    expected = 0.0
    for at, (clip, text) in enumerate(zip(logits.split(lengths), words, strict=True)):
        if at == 1:
            continue  # two words in one token cannot be
        one = torch.nn.functional.ctc_loss(
            clip.log_softmax(-1),
            torch.tensor(text),
            torch.tensor(len(clip)),
            torch.tensor(len(text)),
            blank=0,
            reduction="sum",
        )
        expected += one.item()
    assert transcription(logits, lengths, words, 0).item() == pytest.approx(expected, rel=1e-5)

"""What a run can be told besides: checkpointing, compiling, adapters, mixing; and what it shows while it goes."""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
import yaml
from conftest import TINY, dialogue, write_corpus
from safetensors.torch import load_file
from typer.testing import CliRunner

from medtrain import checkpoint as disk
from medtrain import loader, report
from medtrain.checkpoint import checkpoints
from medtrain.config import parse_config
from medtrain.errors import UserError
from medtrain.fit import fit
from medtrain.parts import load_model
from medtrain.report import read_metrics

STAGE = {
    "sets": [{"modality": "speech"}, {"modality": "text"}],
    "max_steps": 4,
    "epochs": 9,
    "batches_per_step": 2,
    "optimizer": {"lr": 0.01},
    "eval_every": 100,
    "save_every": 100,
}


def settings(speech: dict | None = None, **changes):
    data = copy.deepcopy(TINY) | {"speech": {**STAGE, **(speech or {})}}
    data["text"] = {"max_steps": 2, "optimizer": {"lr": 0.01}}
    return parse_config({**data, **changes}, "test")


def weights(out: Path) -> dict[str, torch.Tensor]:
    return load_file(checkpoints(out / "speech/checkpoints")[-1] / "model.safetensors")


@pytest.fixture(scope="module")
def plain(corpus, tmp_path_factory) -> Path:
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("plain") / "run"
    assert fit(corpus, settings(), out, ["speech"])
    return out


def test_gradient_checkpointing_computes_twice_and_learns_the_same(corpus, plain, tmp_path, monkeypatch):
    from transformers.models.qwen2.modeling_qwen2 import Qwen2Attention
    from transformers.models.whisper.modeling_whisper import WhisperAttention

    passes = dict.fromkeys((Qwen2Attention, WhisperAttention), 0)

    def counted(kind):
        forward = kind.forward

        def run(self, *args, **kwargs):
            passes[kind] += self.training
            return forward(self, *args, **kwargs)

        monkeypatch.setattr(kind, "forward", run)

    for kind in passes:
        counted(kind)
    assert fit(corpus, settings(), tmp_path / "without", ["speech"])
    once = dict(passes)
    assert fit(corpus, settings(gradient_checkpointing=True), tmp_path / "with", ["speech"])
    assert all(passes[kind] == 3 * once[kind] > 0 for kind in passes)
    a, b = weights(plain), weights(tmp_path / "with")
    assert a.keys() == b.keys()
    assert all(torch.allclose(a[k], b[k], atol=1e-5) for k in a)


@pytest.mark.slow
def test_a_compiled_model_learns_the_same_from_packed_rows(corpus, plain, tmp_path, monkeypatch):
    """Traced by Dynamo, its graphs run as they are: code generation takes minutes and changes no mask."""
    compile_, traced = torch.nn.Module.compile, []

    def backend(graph, inputs):
        traced.append(graph)
        return graph.forward

    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda self, **how: compile_(self, backend=backend, **how)
    )
    assert fit(corpus, settings(compile=True), tmp_path / "run", ["speech"])
    assert traced
    a, b = weights(plain), weights(tmp_path / "run")
    assert all(torch.allclose(a[k], b[k], atol=1e-4) for k in a)


def test_adapters_of_a_run_give_its_model_where_peft_loads_them(corpus, tmp_path):
    from peft import PeftModel

    lora = {"rank": 2, "alpha": 4, "targets": ["q_proj", "down_proj"]}
    assert fit(corpus, settings({"lora": lora, "freeze": ["encoder.*"]}), tmp_path / "run", ["speech"])
    start = load_model(tmp_path / "run/base").model.llm.eval()
    ids = torch.randint(10, 300, (2, 9))
    untrained = start(ids).logits
    with_adapters = PeftModel.from_pretrained(start, tmp_path / "run/speech/adapter").eval()(ids).logits
    merged = load_model(tmp_path / "run/speech/model").model.llm.eval()(ids).logits
    assert torch.allclose(with_adapters, merged, atol=1e-5)
    assert not torch.allclose(merged, untrained, atol=1e-3)
    stated = json.loads((tmp_path / "run/speech/adapter/adapter_config.json").read_text())
    assert (stated["r"], stated["lora_alpha"]) == (2, 4)


@pytest.mark.parametrize(("weight", "share"), [(1.0, 0.5), (3.0, 0.25)])
def test_text_is_mixed_in_at_the_stated_ratio(corpus, tmp_path, capsys, monkeypatch, weight, share):
    drawn: Counter[str] = Counter()
    load = loader.load_batch

    def counted(entries, rows, sets, collator):
        if len(sets) > 1:  # not what validation reads
            drawn.update(sets[entry.set].modality for entry in entries)
        return load(entries, rows, sets, collator)

    monkeypatch.setattr(loader, "load_batch", counted)
    sets = [{"modality": "speech", "weight": weight}, {"modality": "text"}]
    assert fit(corpus, settings({"sets": sets, "max_steps": 12}), tmp_path / "run", ["speech"])
    said = capsys.readouterr().out
    assert f"16 dialogues as speech ({1 - share:.0%} of the draws)" in said
    assert f"24 dialogues as text ({share:.0%} of the draws)" in said
    assert drawn.total() > 40
    assert drawn["text"] / drawn.total() == pytest.approx(share, abs=0.05)


def test_what_is_shown_while_it_goes(corpus, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(report, "QUIET_S", 0.0)
    assert fit(corpus, settings({"eval_every": 2}), tmp_path / "run", ["text", "speech"])
    text = capsys.readouterr().out
    line = r"^step (\d+)/4  loss \d+\.\d{3}  \d+ tokens/s  \d+\.\d audio-s/s  padding \d+%  \d+ MB  \d+:\d\d left$"
    assert re.findall(line, text, re.MULTILINE) == ["1", "2", "3", "4"]
    assert re.search(r"^step 2/4  validation: speech loss \d\.\d+ accuracy \d\.\d+, text loss", text, re.M)
    rows = re.findall(r"^\| (text|speech) \| (text|speech) \|", text, re.MULTILINE)
    assert sorted(rows) == [(a, b) for a in ("speech", "text") for b in ("speech", "text")]
    assert re.search(r"^Text ability kept by the speech stage: \d+\.\d% of the token accuracy", text, re.M)


def test_the_command_that_is_shown_goes_on(corpus, tmp_path, capsys):
    """After the first stage alone, and after a stop."""
    from medtrain.cli import app

    def shown(before: str) -> list[str]:
        [line] = [x for x in capsys.readouterr().out.splitlines() if x.startswith(before)]
        program, *words = shlex.split(line.removeprefix(before))
        assert program == "medtrain"
        return words

    out = tmp_path / "a run"
    assert fit(corpus, settings(), out, ["text"])
    following = shown("next: ")
    stopped = signal_after(2, lambda: fit(corpus, settings(), out, ["speech"]))
    assert stopped is False
    assert [path.name for path in checkpoints(out / "speech/checkpoints")] == ["step-000002"]
    again = shown("go on with: ")
    assert again == following
    done = CliRunner().invoke(app, again)
    assert done.exit_code == 0, done.output
    assert [line["step"] for line in read_metrics(out / "speech/metrics.jsonl") if "loss" in line] == [
        1,
        2,
        3,
        4,
    ]
    assert (out / "speech/model").is_dir()


def signal_after(step: int, run):
    """Press Ctrl-C while the given step is taken."""
    write = report.Log.step

    def pressing(self, number, *rest):
        write(self, number, *rest)
        if number == step:
            os.kill(os.getpid(), signal.SIGINT)

    report.Log.step = pressing
    try:
        return run()
    finally:
        report.Log.step = write


def test_tensorboard_reads_each_step_once_also_after_a_resume(corpus, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = settings({"save_every": 2, "max_steps": 5, "eval_every": 2})
    assert fit(corpus, config, tmp_path / "run", ["speech"])
    shutil.rmtree(tmp_path / "run/speech/model")
    shutil.rmtree(checkpoints(tmp_path / "run/speech/checkpoints")[-1])
    assert checkpoints(tmp_path / "run/speech/checkpoints")[-1].name == "step-000004"
    assert fit(corpus, config, tmp_path / "run", ["speech"])
    seen = EventAccumulator(str(tmp_path / "run/speech/tensorboard")).Reload()
    lines = [x for x in read_metrics(tmp_path / "run/speech/metrics.jsonl") if "loss" in x]
    scalars = seen.Scalars("train/loss")
    assert [s.step for s in scalars] == [x["step"] for x in lines] == [1, 2, 3, 4, 5]
    assert [s.value for s in scalars] == pytest.approx([x["loss"] for x in lines], rel=1e-6)
    assert [s.step for s in seen.Scalars("validation/text/accuracy")] == [0, 2, 4, 5]


KILLS = ["weights written", "all written", "old one half gone", "whole, old one still there"]

DYING = """
import os, signal, sys
from pathlib import Path
import torch, yaml
from medtrain import checkpoint as disk
from medtrain.config import parse_config
from medtrain.fit import fit

torch.set_num_threads(1)
corpus, folder = map(Path, sys.argv[1:])
config = parse_config(yaml.safe_load((folder / "settings.yaml").read_text()), "test")
saves, save, flush, prune = 0, disk.save_checkpoint, disk._flush, disk._prune

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def saving(*arguments):
    global saves
    saves += 1
    return save(*arguments)

def flushing(path):
    flush(path)
    if saves == 2 and (moment, path.suffix) in ((0, ".safetensors"), (1, ".part")):
        die()

def pruning(folder, keep):
    if saves == 2 and moment == 2:
        old = disk.checkpoints(folder)[0]
        old.rename(old.with_name(f".{old.name}.part"))
        (old.with_name(f".{old.name}.part") / "state.json").unlink()
        die()
    if saves == 2 and moment == 3:
        die()
    prune(folder, keep)

disk.save_checkpoint, disk._flush, disk._prune = saving, flushing, pruning
for moment in range(4):
    for attempt in range(2 if moment == 1 else 1):
        child = os.fork()  # of a process that has computed nothing yet: threads would not live on in it
        if not child:
            try:
                fit(corpus, config, folder / str(moment), ["speech"])
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (moment, attempt, status)
"""


@pytest.fixture(scope="module")
def killed(corpus, tmp_path_factory) -> Path:
    """Runs that were killed within their second save; one was taken up and killed so again."""
    folder = tmp_path_factory.mktemp("killed")
    config = settings({"save_every": 1, "keep": 1, "max_steps": 5}).model_dump(mode="json")
    (folder / "settings.yaml").write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(corpus), str(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[2],
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def undisturbed(corpus, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    assert fit(corpus, settings({"save_every": 1, "keep": 1, "max_steps": 5}), out, ["speech"])
    return out


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(len(KILLS)), ids=KILLS)
def test_killed_while_it_saves_it_goes_on_to_the_same_end(corpus, killed, undisturbed, moment):
    out = killed / str(moment)
    assert not (out / "speech/model").exists()
    left = checkpoints(out / "speech/checkpoints")
    assert left and disk.read_state(left[-1]).step < 5
    config = parse_config(yaml.safe_load((killed / "settings.yaml").read_text()), "test")
    assert fit(corpus, config, out, ["speech"])
    a, b = weights(undisturbed), weights(out)
    assert a.keys() == b.keys()
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert not list((out / "speech/checkpoints").glob(".*"))
    lines = [
        [(x["step"], x["loss"]) for x in read_metrics(run / "speech/metrics.jsonl") if "loss" in x]
        for run in (undisturbed, out)
    ]
    assert lines[0] == lines[1]
    assert len(lines[0]) == 5


def test_a_corpus_that_changed_between_the_stages_is_told(tmp_path, capsys):
    corpus = write_corpus(tmp_path / "c", [dialogue(i) for i in range(6)])
    assert fit(corpus, settings(), tmp_path / "run", ["text"])
    capsys.readouterr()
    assert fit(corpus, settings(), tmp_path / "same", ["text", "speech"])
    assert "has changed since" not in capsys.readouterr().out
    write_corpus(tmp_path / "c", [dialogue(i) for i in range(1, 7)])
    assert fit(corpus, settings(), tmp_path / "run", ["speech"])
    assert "has changed since stage text was trained on it" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["metrics", "board", "curves", "model"])
def test_a_full_disk_is_one_line_wherever_it_is_met(corpus, tmp_path, monkeypatch, what):
    """Every write fails from some point on, as on a full disk, and no traceback is left to a thread."""
    full = OSError(28, "No space left on device")

    def failing(*_, **__):
        raise full

    if what == "metrics":
        opened = Path.open

        def open_(self, mode="r", *rest, **how):
            if self.name == "metrics.jsonl" and "a" in mode:
                raise full
            return opened(self, mode, *rest, **how)

        monkeypatch.setattr(Path, "open", open_)
    elif what == "board":
        monkeypatch.setattr("tensorboard.summary.writer.record_writer.RecordWriter.write", failing)
    elif what == "curves":
        monkeypatch.setattr("matplotlib.figure.Figure.savefig", failing)
    else:
        monkeypatch.setattr("medtrain.parts.Loaded.save", failing)
    with pytest.raises(UserError, match="the disk is full"):
        fit(corpus, settings(), tmp_path / "run", ["speech"])
    assert not list((tmp_path / "run").rglob(".*.part"))
    monkeypatch.undo()
    assert fit(corpus, settings(), tmp_path / "run", ["speech"])
    assert json.loads((tmp_path / "run/results.json").read_text())["speech"]["step"] == 4

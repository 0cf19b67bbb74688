"""Rows that are found bad while batches are made: training goes on, on any number of processes, and each is told."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from conftest import TINY, dialogue, flac, write_corpus
from safetensors.torch import load_file

from medtrain.checkpoint import checkpoints, read_state
from medtrain.config import Losses, TrainConfig, parse_config
from medtrain.data import open_source
from medtrain.fit import fit
from medtrain.loader import steps
from medtrain.losses import batch_loss
from medtrain.parts import Loaded
from medtrain.report import read_metrics
from medtrain.run import collator_of
from medtrain.sampling import Sampler, index_set

SILENT = {f"d{number}" for number in range(14) if number % 3}
STEPS = 5


def settings(**changes) -> TrainConfig:
    """Batches of one or two short dialogues, two of them a step; all of the losses."""
    stage = {"sets": [{"modality": "speech"}], "epochs": 9, "max_steps": STEPS, "batches_per_step": 2}
    stage |= {"optimizer": {"lr": 0.01}, "losses": {"distill": 0.3, "ctc": 0.2}, "save_every": 2}
    data = {**TINY["data"], "context": 120, "batch_tokens": 120, "on_bad_row": "skip"}
    return parse_config({**TINY, "data": data, "speech": stage, **changes}, "test")


@pytest.fixture(scope="module")
def hollow(tmp_path_factory) -> Path:
    """14 voiced dialogues, of which two thirds have a clip that is as long as stated and holds no sound."""
    rows = [dialogue(number, rounds=1) for number in range(14)] + [dialogue(50, split="validation")]
    for row in rows:
        if row["id"] in SILENT:
            frames = round(row["turns"][0]["duration_s"] * 16000)
            row["turns"][0]["audio"]["bytes"] = flac(np.zeros(frames))
    return write_corpus(tmp_path_factory.mktemp("hollow"), rows)


def planned(corpus: Path, config: TrainConfig, loaded: Loaded, count: int) -> list[list]:
    """Return the batches of the first steps, as one process makes them."""
    collator = collator_of(config, loaded, config.speech)
    sets = [index_set(open_source(corpus), "speech", 1.0, collator)]
    sampler = Sampler(sets, config.seed, config.data.window, config.data.batch_tokens, pack=config.data.pack)
    stream = steps(sampler, collator, sampler.start, window=16, batches_per_step=2, workers=0)
    return [step.batches for step in islice(stream, count)]


RUN = """
import sys
from pathlib import Path
import yaml
from accelerate.state import AcceleratorState
from medtrain.config import parse_config
from medtrain.fit import fit
corpus, settings, folder = map(Path, sys.argv[1:])
for name in ("ddp", "fsdp2"):
    data = yaml.safe_load(settings.read_text()) | {"parallel": name}
    assert fit(corpus, parse_config(data, "test"), folder / name, ["speech"])
    AcceleratorState._reset_state(reset_partial_state=False)
"""


@pytest.fixture(scope="module")
def spread(hollow, tmp_path_factory) -> tuple[Path, list[str]]:
    """The same run on one process, and on two by DDP and by FSDP2; and what the two printed."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("spread")
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings().model_dump(mode="json")))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-c", RUN, str(hollow), str(folder / "settings.yaml"), str(folder)]
    running = []
    for rank in ("0", "1"):
        names = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1", "RANK": rank}
        names |= {"LOCAL_RANK": rank, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
        running.append(
            subprocess.Popen(
                command,
                env={**os.environ, **names},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    texts = []
    try:
        assert fit(hollow, settings(), folder / "one", ["speech"])
        for process in running:
            text, _ = process.communicate(timeout=120)
            assert process.returncode == 0, text
            texts.append(text)
    finally:
        for process in running:
            process.kill()
    return folder, texts


def left_out(folder: Path) -> dict[str, str]:
    """Return the ids that a stage names, with their reasons."""
    named = json.loads((folder / "speech/skipped.json").read_text())
    return {name.rpartition(" ")[2]: reason for name, reason in named.items()}


def test_a_batch_of_nothing_makes_the_same_passes(loaded, hollow):
    """With a twin wherever batches have one, so that the processes of a step exchange the same."""
    config = settings()
    empty = collator_of(config, loaded, config.speech).batch([])
    assert empty.spoken is not None and len(empty.spoken) == 0
    passes = []
    forward = loaded.model.forward

    def counted(**inputs):
        passes.append(tuple(inputs["input_ids"].shape))
        return forward(**inputs)

    loaded.model.forward = counted
    terms = Losses(distill=0.3, ctc=0.2)
    loss = batch_loss(loaded.model, empty, terms, loaded.template.audio_id, torch.device("cpu"))
    loss.total.backward()
    assert passes == [(1, 1), (1, 1)]
    assert loss.total.item() == 0.0
    assert collator_of(config, loaded).batch([]).twin is None


@pytest.mark.parametrize("parallel", ["ddp", "fsdp2"])
def test_processes_whose_rows_are_all_skipped_keep_in_step(spread, hollow, loaded, parallel):
    folder, _ = spread
    uneven = [
        [bool(batch.ids) for batch in batches] for batches in planned(hollow, settings(), loaded, STEPS)
    ]
    assert [True, False] in uneven or [False, True] in uneven  # else nothing is tested here
    one, two = (
        load_file(checkpoints(folder / name / "speech/checkpoints")[-1] / "model.safetensors")
        for name in ("one", parallel)
    )
    assert all(torch.allclose(one[name], two[name], atol=1e-4) for name in one)
    losses = [
        [line["loss"] for line in read_metrics(folder / name / "speech/metrics.jsonl") if "loss" in line]
        for name in ("one", parallel)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    assert len(losses[0]) == STEPS


def test_every_skipped_row_is_told_once_whichever_process_met_it(spread, hollow, loaded):
    folder, texts = spread
    batches = [batch for of_step in planned(hollow, settings(), loaded, STEPS) for batch in of_step]
    met = [name for batch in batches for name in batch.skipped]
    assert 1 < len(set(met)) < len(met)  # some are drawn twice
    for name in ("one", "ddp", "fsdp2"):
        found = left_out(folder / name)
        assert found == {row.rpartition(" ")[2]: "silent" for row in met}
        assert set(found) <= SILENT
        told = f"{len(found)} silent"
        assert (
            f"Dialogues left out: when read {told}." in (folder / name / "speech/model/README.md").read_text()
        )
        last = [x for x in read_metrics(folder / name / "speech/metrics.jsonl") if "loss" in x][-1]
        assert last["skipped"]["silent"] <= len(found)
    assert texts[0].count(f"left out when read: {told} (each row once;") == 2
    assert "left out" not in texts[1]


def test_skipped_rows_outlive_a_resume(spread, hollow, tmp_path, capsys):
    out = shutil.copytree(spread[0] / "one", tmp_path / "run")
    shutil.rmtree(out / "speech/model")
    (out / "speech/skipped.json").unlink()
    shutil.rmtree(checkpoints(out / "speech/checkpoints")[-1])
    before = read_state(checkpoints(out / "speech/checkpoints")[-1]).skipped
    assert before
    assert fit(hollow, settings(), out, ["speech"])
    assert left_out(out) == left_out(spread[0] / "one")
    assert f"left out when read: {len(left_out(out))} silent" in capsys.readouterr().out


def test_rows_left_out_of_validation_are_told(tmp_path, capsys):
    rows = [dialogue(1), dialogue(2, split="validation"), dialogue(3, split="validation")]
    rows[1]["turns"][0]["audio"]["bytes"] = b"no sound"
    corpus = write_corpus(tmp_path / "c", rows)
    config = settings(data={**TINY["data"], "on_bad_row": "skip"})
    assert fit(corpus, config, tmp_path / "run", ["speech"])
    assert "left out of validation by speech: 1 bad audio" in capsys.readouterr().out

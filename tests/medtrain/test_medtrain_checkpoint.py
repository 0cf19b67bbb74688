"""A checkpoint is whole or not there, whenever the process is killed and however full the disk."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from medtrain import checkpoint as disk
from medtrain.errors import UserError


def write_for_ever(folder: Path, told: int) -> None:
    for step in itertools.count(1):
        weights = {f"w{i}": torch.full((300, 300), float(step)) for i in range(8)}
        moments = {"state": {"w0": {"exp_avg": torch.full((300, 300), float(step))}}}
        state = disk.State(step, (step,), 0, 1.0 / step, {}, {}, {})
        disk.save_checkpoint(folder, state, weights, moments, [disk.rng_state()], keep=2)
        os.write(told, b".")


def save(folder: Path, step: int, loss: float | None = None, keep: int = 2) -> Path:
    state = disk.State(step, (step, 0), 1, loss, {"a": 1}, {"set": "hash"}, {"seconds": 1.5})
    return disk.save_checkpoint(folder, state, {"w": torch.ones(3)}, {"state": {}}, [disk.rng_state()], keep)


@pytest.mark.parametrize("attempt", range(12))
def test_kill_during_a_save_leaves_whole_checkpoints(tmp_path, attempt):
    """Each attempt kills at another moment of the writing."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            write_for_ever(tmp_path, writer)
        finally:
            os._exit(1)
    assert os.read(reader, 1)
    assert os.read(reader, 1)
    time.sleep(0.0017 * attempt)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = disk.checkpoints(tmp_path)
    assert found
    for path in found:
        state = disk.read_state(path)
        weights, moments, rng = disk.read_tensors(path, 0)
        assert len(weights) == 8
        assert all((w == state.step).all() for w in weights.values())
        assert (moments["state"]["w0"]["exp_avg"] == state.step).all()
        assert rng["torch"].dtype == torch.uint8
    # What the killed process left half done is cleared away by the next one.
    save(tmp_path, state.step + 1)
    assert not list(tmp_path.glob(".*"))


def test_the_last_ones_and_the_best_are_kept(tmp_path):
    for step, loss in enumerate([3.0, 1.0, 2.0, None, 2.5], start=1):
        save(tmp_path, step, loss)
    assert [path.name for path in disk.checkpoints(tmp_path)] == ["step-000002", "step-000004", "step-000005"]
    assert disk.best(tmp_path).name == "step-000002"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("broken", [float("nan"), float("-inf")])
def test_a_loss_that_is_no_number_is_never_the_best(tmp_path, broken):
    for step, loss in enumerate([broken, 2.0, 1.0, broken], start=1):
        save(tmp_path, step, loss, keep=9)
    assert disk.best(tmp_path).name == "step-000003"
    save(tmp_path / "none", 1, broken)
    assert disk.best(tmp_path / "none") is None


def test_a_state_comes_back_as_it_was(tmp_path):
    path = save(tmp_path, 7, 0.5)
    assert disk.read_state(path) == disk.State(7, (7, 0), 1, 0.5, {"a": 1}, {"set": "hash"}, {"seconds": 1.5})


def test_random_states_come_back_as_they_were():
    import random

    state = disk.rng_state()
    first = (torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random())
    disk.restore_rng(state)
    assert (torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random()) == first


FULL = """
import resource, signal, sys
from pathlib import Path
import torch
from medtrain import checkpoint as disk
from medtrain.errors import UserError
state = disk.State(2, (2,), 0, None, {}, {}, {})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
weights, moments = ({"w": torch.ones(int(size))} for size in sys.argv[2:])
try:
    disk.save_checkpoint(Path(sys.argv[1]), state, weights, moments, [disk.rng_state()], 2)
except UserError as error:
    print("told:", error)
"""


@pytest.mark.parametrize(
    "sizes", [(10**6, 1), (1, 10**6), (1, 24_900)], ids=["weights", "moments", "their end"]
)
def test_a_full_disk_is_told_and_what_was_there_stands(tmp_path, sizes):
    """Whichever file the disk is full at; torch.save hides what the system said."""
    save(tmp_path, 1)
    command = [sys.executable, "-c", FULL, str(tmp_path), *map(str, sizes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "told:" in done.stdout, done.stderr
    assert "cannot write: the disk is full; the last whole checkpoint stands" in done.stdout
    assert [path.name for path in disk.checkpoints(tmp_path)] == ["step-000001"]
    assert not list(tmp_path.glob(".*"))


def test_a_damaged_checkpoint_is_told(tmp_path):
    path = save(tmp_path, 1)
    (path / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(UserError, match="is damaged"):
        disk.read_tensors(path, 0)
    (path / "state.json").write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        disk.read_state(path)

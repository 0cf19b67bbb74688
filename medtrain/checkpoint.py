"""Checkpoints that are whole or not there: written beside, flushed, then renamed into place.

<stage>/checkpoints/step-000080/
    model.safetensors   the parameters that learn (the rest comes from where the stage started)
    optimizer.pt        AdamW's moments, by parameter name
    rng-0.pt …          random states of each process
    state.json          step, sampler position, validation loss, settings, fingerprints of the data
"""

from __future__ import annotations

import errno
import json
import math
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medtrain.errors import UserError


@dataclass(frozen=True)
class State:
    """What a checkpoint knows besides tensors. `loss` is the validation loss there, if one was taken.

    `skipped` are the rows left out while batches were made, each with the reason.
    """

    step: int
    taken: tuple[int, ...]
    batch: int
    loss: float | None
    config: dict[str, Any]
    data: dict[str, str]
    counters: dict[str, float]
    skipped: dict[str, str] = field(default_factory=dict)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn a failed write into a line that says what is left of the run."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        system = _system_error(error)
        # safetensors gives the system's number in its text alone.
        code = re.search(r"\(os error (\d+)\)", str(error))
        number = int(code[1]) if code else system and system.errno
        full = number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "No space left" in str(error)
        if not full and system is None and not isinstance(error, SafetensorError):
            raise
        why = "the disk is full" if full else str(system or error)
        raise UserError(
            f"{folder}: cannot write: {why}; the last whole checkpoint stands, make room and start again "
            "with the same command"
        ) from None


def _system_error(error: BaseException | None) -> OSError | None:
    """Return the system's error behind an error: torch.save hides it under one of its own."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def save_checkpoint(
    folder: Path,
    state: State,
    weights: dict[str, torch.Tensor],
    optimizer: dict[str, Any],
    rng: list[dict[str, Any]],
    keep: int,
) -> Path:
    """Write a checkpoint under `folder` and drop old ones, the best excepted. Returns its folder.

    Raises UserError when it cannot be written; what was there before then stays.
    """
    from safetensors.torch import save_file

    final = folder / f"step-{state.step:06d}"
    part = folder / f".{final.name}.part"
    with writing(folder):
        try:
            for left in folder.glob(".step-*.part"):  # of a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            part.mkdir(parents=True)
            save_file({k: v.contiguous() for k, v in weights.items()}, part / "model.safetensors")
            _save_tensors(optimizer, part / "optimizer.pt")
            for rank, one in enumerate(rng):
                _save_tensors(one, part / f"rng-{rank}.pt")
            (part / "state.json").write_text(json.dumps(asdict(state), ensure_ascii=False, indent=1))
            for file in part.iterdir():
                _flush(file)
            _flush(part)
            if final.exists():
                shutil.rmtree(final)
            part.rename(final)
            _flush(folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    _prune(folder, keep)
    return final


def _save_tensors(value: dict[str, Any], path: Path) -> None:
    # Through a file of Python's: of one that it opens itself, torch does not say why a write failed.
    with path.open("wb") as file:
        torch.save(value, file)


def checkpoints(folder: Path) -> list[Path]:
    """Return the whole checkpoints, oldest first."""
    return sorted(path for path in folder.glob("step-*") if (path / "state.json").is_file())


def read_state(checkpoint: Path) -> State:
    """Return a checkpoint's state. Raises UserError when it is damaged."""
    try:
        data = json.loads((checkpoint / "state.json").read_text())
        return State(**{**data, "taken": tuple(data["taken"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{checkpoint} is damaged ({error}); remove it, and the one before it is taken"
        ) from None


def read_tensors(
    checkpoint: Path, rank: int
) -> tuple[dict[str, torch.Tensor], dict[str, Any], dict[str, Any]]:
    """Return weights, optimizer state and this process's random states.

    A process that was not there when it was written takes the states of the first. Raises UserError.
    """
    from safetensors.torch import load_file

    rng = checkpoint / f"rng-{rank}.pt"
    try:
        return (
            load_file(checkpoint / "model.safetensors"),
            torch.load(checkpoint / "optimizer.pt", weights_only=True),
            torch.load(rng if rng.is_file() else checkpoint / "rng-0.pt", weights_only=True),
        )
    except Exception as error:  # safetensors and pickle raise many kinds
        raise UserError(
            f"{checkpoint} is damaged ({error}); remove it, and the one before it is taken"
        ) from None


def best(folder: Path) -> Path | None:
    """Return the checkpoint with the least validation loss, or None when none has one that is a number."""
    losses = [(read_state(path).loss, path) for path in checkpoints(folder)]
    scored = [(loss, path) for loss, path in losses if loss is not None and math.isfinite(loss)]
    return min(scored)[1] if scored else None


def rng_state() -> dict[str, Any]:
    """Return the states of all random generators of this process, in what torch saves as plain tensors."""
    name, keys, at, has_gauss, cached = np.random.get_state(legacy=True)  # type: ignore[misc]
    version, internal, gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
        "numpy": [
            str(name),
            torch.from_numpy(np.asarray(keys, np.int64)),
            int(at),
            int(has_gauss),
            float(cached),
        ],
        "python": [version, list(internal), gauss],
    }


def restore_rng(state: dict[str, Any]) -> None:
    """Set all random generators of this process."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))


def put_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    _put(path, lambda part: part.write_text(text, encoding="utf-8"))


def put_folder(path: Path, write: Callable[[Path], object]) -> None:
    """Make a folder atomically: `write` fills it beside, then it takes its place."""
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir(parents=True)
            write(part)
            for file in part.rglob("*"):
                _flush(file)
            if path.exists():
                shutil.rmtree(path)
            part.rename(path)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise


def _put(path: Path, write: Callable[[Path], object]) -> None:
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        _flush(part)
        part.replace(path)


def _prune(folder: Path, keep: int) -> None:
    stay = {*checkpoints(folder)[-keep:], best(folder)}
    for path in checkpoints(folder):
        if path not in stay:
            gone = path.with_name(f".{path.name}.part")
            path.rename(gone)  # so that half of a removed one is never taken for a whole
            shutil.rmtree(gone, ignore_errors=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

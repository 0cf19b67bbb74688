"""Finds what a path holds of a training: a whole run, one of its stages, one checkpoint, or a bare model folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from medtrain import checkpoint as disk
from medtrain import parallel
from medtrain.config import TrainConfig, parse_config
from medtrain.data import open_source
from medtrain.errors import UserError
from medtrain.parts import Loaded, load_model, merge_lora
from medtrain.run import STAGES, Run, prepare, start_of


@dataclass(frozen=True)
class Trained:
    """One model to look at.

    `stage` is None for a model folder that lies in no run, `config` then holds the defaults. `before` loads the
    model of stage text, where this one is of stage speech and both are there.
    """

    name: str
    stage: str | None
    config: TrainConfig
    run: Path | None
    load: Callable[[], Loaded]
    before: Callable[[], Loaded] | None = None

    def corpus(self) -> Path | None:
        """Return the corpus that the run was trained on, or None outside of a run."""
        if self.run is None or not (self.run / "run.json").is_file():
            return None
        stated = json.loads((self.run / "run.json").read_text(encoding="utf-8"))["corpus"]
        return Path(os.path.normpath(self.run / stated))

    def saw(self, corpus: Path) -> bool | None:
        """Return whether this is the corpus it was trained on, unchanged; None where that cannot be known."""
        if self.run is None or self.stage is None:
            return None
        setting = self.config.text if self.stage == "text" else self.config.speech
        if all(s.path for s in setting.sets):
            return None
        kept = disk.checkpoints(self.run / self.stage / "checkpoints")
        if not kept:
            return None
        return open_source(corpus).fingerprint in disk.read_state(kept[-1]).data.values()


def find_trained(path: Path) -> Trained:
    """Return the model of a path; of a run with both stages, that of stage speech. Raises UserError."""
    if not path.exists():
        raise UserError(f"{path}: no such run; train one with: medtrain fit --out {path}")
    whole = Path(os.path.abspath(path))  # noqa: PTH100 (links stay as they are)
    run = next((p for p in (whole, *list(whole.parents)[:3]) if _is_run(p)), None)
    if run is None:
        if not (path / "config.json").is_file():
            raise UserError(
                f"{path} is no training run, stage, checkpoint or model; make a run with: medtrain fit"
            )
        return Trained(str(path), None, TrainConfig(), None, lambda: load_model(path))
    config = parse_config(
        yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8")), str(run / "config.yaml")
    )
    inside = whole.relative_to(run).parts
    stage = inside[0] if inside else next((s for s in reversed(STAGES) if _model(run, s).is_dir()), None)
    if stage is None:
        raise UserError(
            f"{run} holds no finished stage yet; go on with the same medtrain fit, or name a checkpoint"
        )
    if stage not in STAGES:
        raise UserError(f"{path} is no stage, checkpoint or model of {run}")
    if len(inside) == 3 and inside[1] == "checkpoints":
        if not (path / "state.json").is_file():
            raise UserError(f"{path} is no whole checkpoint")
        load = _checkpoint(run, config, stage, whole)
    elif inside in ((), (stage,), (stage, "model")) and _model(run, stage).is_dir():
        load = _whole(run, config, stage)
    else:
        raise UserError(
            f"{path} holds no finished stage; go on with the same medtrain fit, or name a checkpoint"
        )
    two = stage == "speech" and _model(run, "text").is_dir()
    return Trained(str(path), stage, config, run, load, _whole(run, config, "text") if two else None)


def _is_run(path: Path) -> bool:
    return (path / "config.yaml").is_file() and (path / "run.json").is_file()


def _model(run: Path, stage: str) -> Path:
    return run / stage / "model"


def _whole(run: Path, config: TrainConfig, stage: str) -> Callable[[], Loaded]:
    return lambda: load_model(_model(run, stage), attention=config.model.attention, system=config.data.system)


def _checkpoint(run: Path, config: TrainConfig, name: str, path: Path) -> Callable[[], Loaded]:
    def load() -> Loaded:
        stage = config.text if name == "text" else config.speech
        loaded = start_of(Run(run, config, run, parallel.start(config)), name)
        prepare(loaded, stage, config.seed)
        weights, _, _ = disk.read_tensors(path, 0)
        loaded.model.load_state_dict(weights, strict=False)
        if stage.lora:
            merge_lora(loaded.model)
        return loaded

    return load

"""A training run's folder: the settings and corpus it goes with, and the model each stage starts from."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from accelerate import Accelerator

from medtrain import checkpoint as disk
from medtrain.collate import Collator
from medtrain.config import Stage, TrainConfig, differences, parse_config
from medtrain.data import open_source
from medtrain.errors import UserError
from medtrain.outline import outlines
from medtrain.parts import Loaded, add_lora, attention_told, freeze, join_parts, joined, load_model
from medtrain.preset import build_tiny, train_tokenizer
from medtrain.render import Template

STAGES = ("text", "speech")


@dataclass(frozen=True)
class Run:
    """A training run's folder, its settings and its corpus."""

    out: Path
    config: TrainConfig
    corpus: Path
    accelerator: Accelerator

    @property
    def skips(self) -> bool:
        """Whether bad rows are left out and counted, instead of ending the run."""
        return self.config.data.on_bad_row == "skip"

    def say(self, text: str) -> None:
        """Print on the main process."""
        self.accelerator.print(text, flush=True)

    def stage(self, name: str) -> Stage:
        """Return a stage's settings."""
        return self.config.text if name == "text" else self.config.speech


def claim(run: Run) -> None:
    """Write down what this run is, or see that the folder is of the same run."""
    kept = run.out / "config.yaml"
    if kept.is_file():
        before = parse_config(yaml.safe_load(kept.read_text(encoding="utf-8")), str(kept))
        other = [field for field in differences(before, run.config) if _bound(run, field)]
        if other:
            raise _trained_otherwise(run, other)
    elif run.out.is_dir() and any(run.out.iterdir()):
        raise UserError(f"{run.out} is not empty and no training run; give --out another folder")
    run.accelerator.wait_for_everyone()
    if run.accelerator.is_main_process:
        settings = yaml.safe_dump(run.config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        disk.put_text(kept, settings)
        disk.put_text(run.out / "run.json", json.dumps({"corpus": os.path.relpath(run.corpus, run.out)}))


_FREE = ("name", "data.workers", "parallel", "gradient_checkpointing", "compile")
_FREE_OF_A_STAGE = ("save_every", "keep", "eval_every")
"""Settings that change how a stage goes, and not what it learns."""


def _bound(run: Run, field: str) -> bool:
    """Whether a setting stays as it is, because what has been trained until now was trained with it."""
    first, _, rest = field.partition(".")
    if first in STAGES:
        return _begun(run, first) and rest not in _FREE_OF_A_STAGE
    if field == "data.batch_tokens":  # what memory allows: it may change with a stage, not within one
        return any(_begun(run, name) and not (run.out / name / "model").is_dir() for name in STAGES)
    return field not in _FREE


def _begun(run: Run, name: str) -> bool:
    folder = run.out / name
    return (folder / "model").is_dir() or bool(disk.checkpoints(folder / "checkpoints"))


def _trained_otherwise(run: Run, fields: list[str]) -> UserError:
    """Return what to do about settings that differ: stage text need not be done again for those of stage speech."""
    said = f"{run.out} was trained with other settings ({', '.join(fields[:3])})"
    before = run.out / "text" / "model"
    if not before.is_dir() or not all(field.startswith("speech.") for field in fields):
        return UserError(f"{said}; give --out another folder, or --fresh to start over")
    parts = ("--set", "model.encoder=null", "--set", "model.llm=null") if run.config.model.llm else ()
    words = ("--stage", "speech", "--set", f"model.whole={before}", *parts)
    return UserError(
        f"{said}; give --out another folder, and {shlex.join(words)} to begin with the stage text of this one; "
        "or --fresh to do both again"
    )


def remove_run(out: Path) -> None:
    """Remove a training run, and nothing else. Raises UserError when it is none."""
    if not (out / "config.yaml").is_file():
        raise UserError(f"{out} is no training run, so --fresh leaves it alone; give --out another folder")
    shutil.rmtree(out)


def start_of(run: Run, name: str) -> Loaded:
    """Return the model that a stage starts from: stage speech follows stage text where that was done."""
    parts = run.config.model
    system = run.config.data.system
    before = run.out / "text" / "model"
    if name == "speech" and before.is_dir():
        return load_model(before, attention=parts.attention, system=system)
    if parts.whole:
        return load_model(parts.whole, attention=parts.attention, system=system)
    if parts.llm:
        return join_parts(parts, seed=run.config.seed, system=system)
    return load_model(run.out / "base", attention=parts.attention, system=system)


def make_base(run: Run) -> None:
    """Build the tiny preset, once, where no real parts are named."""
    parts, base = run.config.model, run.out / "base"
    if parts.whole or parts.llm or base.is_dir() or not run.accelerator.is_main_process:
        return
    tokenizer = train_tokenizer(texts(run.corpus, run.skips), parts.tiny.vocabulary)
    disk.put_folder(base, tiny(run.config, tokenizer).save)


def tiny(config: TrainConfig, tokenizer: Any) -> Loaded:
    """Return the tiny preset around a tokenizer, untrained."""
    with attention_told():
        model, extractor = build_tiny(config.model, tokenizer, config.seed)
    return joined(model, Template(tokenizer, config.data.system), extractor)


def texts(corpus: Path, skip: bool = False) -> Iterator[str]:
    """Yield every turn's text of the training split. Raises UserError when it holds none.

    `skip` leaves out malformed rows of a ShareGPT file.
    """
    source = open_source(corpus, skip=skip)
    if not len(source):
        raise UserError(f"{source.name} holds no dialogues")
    yield from (turn.text for dialogue in outlines(source) for turn in dialogue.turns)


def collator_of(config: TrainConfig, loaded: Loaded, stage: Stage | None = None) -> Collator:
    """Return the collator for a model; with a stage, one that also gives what its losses need."""
    return Collator(
        loaded.template,
        loaded.frontend,
        context=config.data.context,
        pack=config.data.pack and loaded.packs,
        one_row=config.model.attention == "flash_attention_2",
        skip=config.data.on_bad_row == "skip",
        twins=bool(stage and stage.losses.distill),
        seed=config.seed,
    )


def prepare(loaded: Loaded, stage: Stage, seed: int) -> None:
    """Put in the adapters of a stage, and freeze what it leaves as it is. Raises UserError."""
    if stage.lora:
        add_lora(loaded.model, stage.lora, seed)
    freeze(loaded.model, stage.freeze)
    if stage.losses.ctc and not loaded.packs:
        raise UserError("losses.ctc: a model of the Qwen2-Audio kind gives nothing for it; set it to 0")
    if stage.losses.ctc and loaded.template.audio_id >= loaded.model.get_input_embeddings().num_embeddings:
        raise UserError("losses.ctc: the language model's vocabulary has no room for the placeholder")

"""A training run's folder: the settings and corpus it goes with, and the model each stage starts from."""

from __future__ import annotations

import json
import os
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
from medtrain.parts import Loaded, add_lora, freeze, join_parts, joined, load_model
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
        other = [
            field
            for field in differences(before, run.config)
            if field.partition(".")[0] not in STAGES or (run.out / field.partition(".")[0]).is_dir()
        ]
        if other:
            raise UserError(
                f"{run.out} was trained with other settings ({', '.join(other[:3])}); give --out another "
                "folder, or --fresh to start over"
            )
    elif run.out.is_dir() and any(run.out.iterdir()):
        raise UserError(f"{run.out} is not empty and no training run; give --out another folder")
    run.accelerator.wait_for_everyone()
    if run.accelerator.is_main_process:
        settings = yaml.safe_dump(run.config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        disk.put_text(kept, settings)
        disk.put_text(run.out / "run.json", json.dumps({"corpus": os.path.relpath(run.corpus, run.out)}))


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
    tokenizer = train_tokenizer(texts(run.corpus), parts.tiny.vocabulary)
    disk.put_folder(base, tiny(run.config, tokenizer).save)


def tiny(config: TrainConfig, tokenizer: Any) -> Loaded:
    """Return the tiny preset around a tokenizer, untrained."""
    model, extractor = build_tiny(config.model, tokenizer, config.seed)
    return joined(model, Template(tokenizer, config.data.system), extractor)


def texts(corpus: Path) -> Iterator[str]:
    """Yield every turn's text of the training split. Raises UserError when it holds none."""
    source = open_source(corpus)
    if not len(source):
        raise UserError(f"{source.name} holds no dialogues")
    for start in range(0, len(source), 64):
        yield from (turn.text for dialogue in source.read(start, 64) for turn in dialogue.turns)


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
    if stage.losses.ctc and loaded.template.audio_id >= loaded.model.get_input_embeddings().num_embeddings:
        raise UserError("losses.ctc: the language model's vocabulary has no room for the placeholder")

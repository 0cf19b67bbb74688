"""A run's folder: what it was started with, where its shards are, what each stage did.

<run>/run.json          resolved pipeline and the state of each stage
<run>/stages/<stage>/   committed shards
<run>/journal.sqlite    every reply of a chat model
<run>/clips.sqlite      what slow engines said
<run>/corpus/           the finished corpus, put in place as the last step
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from medsynth.config import PipelineConfig, parse_config
from medsynth.errors import UserError
from medsynth.llm.journal import JOURNAL, Journal, Usage
from medsynth.run.files import commit_text, copy_database
from medsynth.stages.base import Context
from medsynth.voice.clips import CLIPS

RUNS = Path("runs")
LAST = RUNS / ".last"


@dataclass
class StageState:
    """What one stage did the last time it ran: counts, seconds, memory, and its shards in order."""

    name: str
    inputs: int = 0
    kept: int = 0
    cached: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    rss_mb: float = 0.0
    shards: list[str] = field(default_factory=list)


@dataclass
class Workspace:
    """An opened run folder."""

    path: Path
    config: PipelineConfig
    base: Path
    stages: list[StageState] = field(default_factory=list)
    generations: dict[str, int] = field(default_factory=dict)

    @property
    def corpus(self) -> Path:
        """Where the finished corpus lies."""
        return self.path / "corpus"

    @property
    def context(self) -> Context:
        """What the stages may know of this run."""
        return Context(
            seed=self.config.seed,
            base=self.base,
            llm=self.config.llm,
            budget=self.config.budget,
            journal=self.journal,
        )

    @property
    def journal(self) -> Path:
        """Where the replies of chat models are kept."""
        return self.path / JOURNAL

    def generation(self, stage: str) -> str:
        """Return a string that changes when a stage's shards are looked at anew ("" at first)."""
        return str(self.generations.get(stage, ""))

    def look_again(self, stage: str, *, forget: bool = False) -> None:
        """Let the next run look at every record of a stage again.

        Finished results are taken over, except where an engine failed; with `forget` none are, and the
        replies of its model are asked for anew.
        """
        self.generations[stage] = self.generations.get(stage, 0) + 1
        if forget:
            for path in self.folder(stage).glob("*.parquet"):
                path.unlink()
            if self.journal.exists():
                journal = Journal(self.journal)
                journal.supersede(stage)
                journal.close()
        self.save()

    def folder(self, stage: str) -> Path:
        """Return the folder of a stage's shards."""
        return self.path / "stages" / stage

    def state(self, stage: str) -> StageState | None:
        """Return what is known of a stage, or None when it has not run."""
        return next((s for s in self.stages if s.name == stage), None)

    def shard_paths(self, stage: str) -> list[Path]:
        """Return the committed shards of a stage in order. Empty when it has not run."""
        state = self.state(stage)
        return [self.folder(stage) / name for name in state.shards] if state else []

    def record(self, state: StageState) -> None:
        """Keep a stage's state. What is known of the stages after it is forgotten if its shards changed."""
        names = [s.name for s in self.stages]
        if state.name not in names:
            self.stages.append(state)
        else:
            place = names.index(state.name)
            if self.stages[place].shards != state.shards:
                del self.stages[place + 1 :]
            self.stages[place] = state
        self.save()

    def save(self) -> None:
        """Write run.json."""
        data = {
            "pipeline": json.loads(self.config.model_dump_json()),
            "base": str(self.base),
            "stages": [asdict(s) for s in self.stages],
            "generations": self.generations,
        }
        commit_text(self.path / "run.json", json.dumps(data, ensure_ascii=False, indent=1))


def engine_usage(workspace: Workspace) -> list[Usage]:
    """Return what the run asked of chat models so far, by stage and model."""
    if not workspace.journal.exists():
        return []
    journal = Journal(workspace.journal)
    try:
        return journal.usage()
    finally:
        journal.close()


def is_run(path: Path) -> bool:
    """Tell whether a folder is a run (as opposed to raw files)."""
    return (path / "run.json").is_file()


def open_run(path: Path) -> Workspace:
    """Open an existing run. Raises UserError when it is none, or was written by another version."""
    if not is_run(path):
        raise UserError(
            f"{path} is not a run (it has no run.json); start one with: medsynth run PIPELINE --out {path}"
        )
    try:
        data: dict[str, Any] = json.loads((path / "run.json").read_text(encoding="utf-8"))
        stages = [StageState(**s) for s in data["stages"]]
        base = Path(data["base"])
        pipeline = data["pipeline"]
        generations = {str(k): int(v) for k, v in data.get("generations", {}).items()}
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{path}/run.json cannot be read; remove the folder or give --out another one"
        ) from None
    return Workspace(path, parse_config(pipeline, f"{path}/run.json"), base, stages, generations)


def prepare_run(path: Path, config: PipelineConfig, base: Path) -> Workspace:
    """Make or reopen a run folder for this pipeline. What is still valid of earlier work is reused."""
    _refuse_strange(path)
    path.mkdir(parents=True, exist_ok=True)
    earlier = open_run(path) if is_run(path) else Workspace(path, config, base)
    workspace = Workspace(path, config, base, earlier.stages, earlier.generations)
    workspace.save()
    return workspace


def derive_run(origin: Workspace, path: Path, config: PipelineConfig) -> Workspace:
    """Start a new run from another one's finished work, so that only what differs is redone.

    Shards are hard links; replies of models and clips of engines are copied, since both runs write on.
    """
    if not is_run(path):
        _refuse_strange(path)
        unfinished = path / ".derived"  # what a killed run leaves there is in nobody's way
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for folder in sorted((origin.path / "stages").glob("*")):  # none where a run never began
            shutil.copytree(folder, unfinished / "stages" / folder.name, copy_function=_link)
        for store in (JOURNAL, CLIPS):
            if (origin.path / store).exists():
                copy_database(origin.path / store, unfinished / store)
        Workspace(unfinished, config, origin.base, origin.stages, origin.generations).save()
        for entry in sorted(unfinished.iterdir(), key=lambda p: p.name == "run.json"):
            entry.rename(path / entry.name)
        unfinished.rmdir()
    return prepare_run(path, config, origin.base)


def _refuse_strange(path: Path) -> None:
    if path.exists() and not is_run(path) and any(not p.name.startswith(".") for p in path.iterdir()):
        raise UserError(f"{path} is not empty and not a run; give --out another folder")


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, target)


def slug(text: str) -> str:
    """Return text reduced to what is safe and readable in a folder name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:60] or "run"


def remember(path: Path) -> None:
    """Make this run the one that verbs without --src take."""
    LAST.parent.mkdir(parents=True, exist_ok=True)
    commit_text(LAST, os.path.relpath(path, LAST.parent))


def last_run() -> Path:
    """Return the run that was worked on last in this folder. Raises UserError when there is none."""
    if LAST.is_file():
        path = Path(os.path.normpath(LAST.parent / LAST.read_text(encoding="utf-8").strip()))
        if is_run(path):
            return path
    raise UserError(
        "there is no earlier run here; give --src (raw files or a run), or start with: medsynth run demo"
    )

"""Sets up small runs over toy stages, in this process or in worker processes."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from medsynth.config import PipelineConfig
from medsynth.run.executor import Plan, execute
from medsynth.run.pool import Done
from medsynth.run.progress import Display
from medsynth.run.shards import Shard
from medsynth.run.tasks import StageSpec, StaleRows, Task, run_process, run_sketch
from medsynth.run.workspace import Workspace, prepare_run
from medsynth.stages.base import Context
from tests.run.toy import ToySettings


def kill_after(process: subprocess.Popen, folder: Path, commits: int, delay_s: float) -> bool:
    """Kill a run once it has committed so many files more, and a moment; tell whether it was still alive."""

    def committed() -> int:
        return sum(1 for _ in folder.glob("stages/**/*.parquet"))

    before = committed()
    while process.poll() is None and committed() < before + commits:
        time.sleep(0.01)
    time.sleep(delay_s)
    alive = process.poll() is None
    process.kill()
    process.communicate()
    return alive


class InlinePool:
    """Carries tasks out in the calling process."""

    def run(self, tasks: Iterable[Task], on_crash: Callable[[Task, int | None], Task]) -> Iterator[Done]:
        for task in tasks:
            stage = task.stage.open()
            if task.action == "sketch":
                shard, cached = run_sketch(task, stage, lambda position: None)
            else:
                shard, cached = run_process(task, stage, StaleRows(task.stale), lambda position: None)
            yield Done(task, shard, cached, 0.0, 0.0)


def quiet() -> Display:
    return Display(Console(file=io.StringIO()))


def write_rows(path: Path, questions: Sequence[str]) -> Path:
    rows = [{"id": f"r{i}", "question": q, "answer": f"answer {i}"} for i, q in enumerate(questions)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def toy_run(
    folder: Path,
    source: Path,
    stages: Sequence[str] = ("ToyStage", "CountingStage", "SecondToy"),
    *,
    shard_size: int = 4,
    workers: int = 2,
    inline: bool = True,
    settings: ToySettings | None = None,
) -> tuple[Workspace, list[Shard]]:
    config = PipelineConfig.model_validate(
        {
            "name": "toy",
            "sources": [{"path": str(source), "reader": "generic", "licence": "CC0-1.0", "lang": "en"}],
            "run": {"shard_size": shard_size, "workers": workers},
        }
    )
    workspace = prepare_run(folder, config, folder)
    text = (settings or ToySettings()).model_dump_json()
    plan = Plan(tuple((name.lower(), StageSpec(f"tests.run.toy:{name}", text, Context())) for name in stages))
    return workspace, execute(workspace, plan, quiet(), pool=InlinePool() if inline else None)


def contents(shards: Sequence[Shard]) -> list[str]:
    """Return the hashes of the shards' bytes."""
    return [hashlib.sha256(s.path.read_bytes()).hexdigest() for s in shards]

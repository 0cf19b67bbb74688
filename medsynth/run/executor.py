"""Runs the stages one after the other over all shards, on the worker processes of this machine.

A shard's file name carries a digest of everything it depends on. What is there is done; what is missing
is made, row by row from earlier files where the row's key still matches.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import polars as pl

from medsynth.config import STAGES
from medsynth.errors import UserError
from medsynth.run.files import commit, commit_text, locked, remove_leftovers
from medsynth.run.ingest import resolve_sources, run_ingest
from medsynth.run.pool import Done, Pool, default_workers
from medsynth.run.progress import Display
from medsynth.run.shards import Shard, digest, kept_records, record_id, summarize
from medsynth.run.streaming import Streams, stream
from medsynth.run.tasks import SKETCH_FAILED, StageSpec, Task
from medsynth.run.workspace import StageState, Workspace
from medsynth.stages.base import EngineStage, GlobalStage


@dataclass(frozen=True)
class Plan:
    """The stages of a run: (name, how to open it), in order."""

    stages: tuple[tuple[str, StageSpec], ...]

    @classmethod
    def of(cls, workspace: Workspace, until: str) -> Plan:
        """Return the stages of the workspace's pipeline up to and including `until`."""
        names = list(STAGES)
        upto = names if until == "pack" else names[: names.index(until) + 1] if until in names else []
        wanted = [name for name in upto if workspace.config.includes(name)]
        return cls(
            tuple(
                (
                    name,
                    StageSpec(
                        STAGES[name],
                        workspace.config.stage_settings(name).model_dump_json(),
                        workspace.context,
                    ),
                )
                for name in wanted
            )
        )


class Runs(Protocol):
    """What carries tasks out: worker processes here; tests also run them in their own process."""

    def run(self, tasks: Iterable[Task], on_crash: Callable[[Task, int | None], Task]) -> Iterator[Done]:
        """Yield the tasks as they finish."""


def execute(
    workspace: Workspace,
    plan: Plan,
    display: Display,
    *,
    need_licence: bool = False,
    pool: Runs | None = None,
    streams: Streams = stream,
) -> list[Shard]:
    """Run ingest and the planned stages (in `pool`, or new worker processes); return the last one's shards.

    Stages that wait on an engine go to `streams`.

    Raises UserError for what the user can mend. Interrupted or killed at any moment, the same call goes
    on where it stopped and ends with the same bytes.
    """
    with locked(workspace.path):
        sources = resolve_sources(workspace, need_licence=need_licence)
        started = time.monotonic()
        display.stage("ingest", None)
        shards = run_ingest(workspace, sources, display)
        state = _state("ingest", shards, started, [])
        workspace.record(state)
        display.finish(_told(state))
        size = workspace.config.run.workers or default_workers()
        with nullcontext(pool) if pool else Pool(min(size, len(shards))) as workers:
            for name, spec in plan.stages:
                shards = _run_stage(workspace, name, spec, shards, workers, streams, display)
    return shards


def _run_stage(
    workspace: Workspace,
    name: str,
    spec: StageSpec,
    inputs: list[Shard],
    pool: Runs,
    streams: Streams,
    display: Display,
) -> list[Shard]:
    started = time.monotonic()
    folder = workspace.folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    display.stage(name, sum(s.kept for s in inputs))
    stage = spec.open()
    finished: list[Done] = []
    try:
        base = digest(name, stage.fingerprint(), stage.side_inputs(), workspace.generation(name))
        decisions: dict[int, tuple[str, ...]] = {}
        if isinstance(stage, GlobalStage):
            decisions = _decide(stage, spec, base, inputs, folder, pool, finished)
        tasks = []
        for shard in inputs:
            own = decisions.get(shard.index)
            name_digest = digest(base, shard.digest, *(own or ()))
            target = folder / f"{shard.index:05d}-{name_digest}.parquet"
            tasks.append(Task(spec, "process", shard.index, name_digest, shard.path, target, None, own))
        stale = _list_stale(folder, {task.target for task in tasks})
        results = {}
        ready = (replace(t, stale=stale) for t in tasks)
        if isinstance(stage, EngineStage):
            doing = _stream_tasks(streams, list(ready), display)
        else:
            doing = _shown(_run_tasks(pool, ready), display)
        for done in doing:
            results[done.shard.index] = done.shard
            finished.append(done)
        shards = [results[index] for index in sorted(results)]
        if stale:
            for path in (folder / line for line in stale.read_text().splitlines()):
                path.unlink(missing_ok=True)
            stale.unlink()
    finally:
        stage.close()
    state = _state(name, shards, started, finished)
    before = workspace.state(name)
    if before and before.shards == state.shards:  # nothing was done: keep what doing it took
        state = replace(state, wall_s=before.wall_s, cpu_s=before.cpu_s, rss_mb=before.rss_mb)
    workspace.record(state)
    display.finish(_told(state))
    return shards


def _run_tasks(pool: Runs, tasks: Iterator[Task]) -> Iterator[Done]:
    """Yield every task's result: from disk where it is committed, else from the workers."""
    ready: list[Done] = []

    def missing() -> Iterator[Task]:
        for task in tasks:
            if task.target.is_file():
                shard = _committed(task)
                ready.append(Done(task, shard, shard.inputs, 0.0, 0.0))
            else:
                yield task

    yield from pool.run(missing(), _after_crash())
    yield from ready


def _stream_tasks(streams: Streams, tasks: Sequence[Task], display: Display) -> Iterator[Done]:
    """Yield every task's result: from disk where it is committed, else from the engine's process."""
    missing = []
    for task in tasks:
        if task.target.is_file():
            shard = _committed(task)
            display.advance(shard.inputs)
            yield Done(task, shard, shard.inputs, 0.0, 0.0)
        else:
            missing.append(task)
    if missing:
        yield from streams(missing, display.advance)


def _shown(doing: Iterator[Done], display: Display) -> Iterator[Done]:
    for done in doing:
        display.advance(done.shard.inputs)
        yield done


def _committed(task: Task) -> Shard:
    if task.action == "sketch":
        rows = pl.scan_parquet(task.target, glob=False).select(pl.len()).collect().item()
        return Shard(task.index, task.digest, task.target, rows, rows)
    return summarize(task.index, task.digest, task.target)


def _after_crash() -> Callable[[Task, int | None], Task]:
    """Return what to do when a worker dies: try its shard record by record, then without its victim."""

    def retry(task: Task, position: int | None) -> Task:
        if position is None:
            if task.careful:
                raise UserError(
                    f"a worker died twice on shard {task.index} of {task.target.parent.name}, outside any record; "
                    "is there enough memory? Fewer workers (--workers 1) need less"
                )
            return replace(task, careful=True)
        victim = record_id(kept_records(task.source)[position])
        return replace(task, careful=True, poison=task.poison | {victim})

    return retry


def _decide(
    stage: GlobalStage,
    spec: StageSpec,
    base: str,
    inputs: Sequence[Shard],
    folder: Path,
    pool: Runs,
    finished: list[Done],
) -> dict[int, tuple[str, ...]]:
    """Return the decisions of a global stage: for each shard, one string per record, in order."""
    sketches = folder / "sketches"
    sketches.mkdir(exist_ok=True)
    remove_leftovers(sketches)
    tasks = []
    for shard in inputs:
        name = digest("sketch", base, shard.digest)
        tasks.append(
            Task(
                spec, "sketch", shard.index, name, shard.path, sketches / f"{shard.index:05d}-{name}.parquet"
            )
        )
    finished += _run_tasks(pool, iter(tasks))
    paths = [task.target for task in tasks]
    settings = stage.settings.model_dump_json()
    target = sketches / f"decisions-{digest(base, settings, *(t.digest for t in tasks))}.parquet"
    if not target.is_file():
        scanned = pl.concat([pl.scan_parquet(path, glob=False) for path in paths], how="diagonal_relaxed")
        decided = pl.DataFrame(schema={"id": pl.String, "decision": pl.String})
        if set(scanned.collect_schema().names()) > {"id", "_error", "_shard"}:  # else no record had a sketch
            decided = stage.resolve(scanned.filter(pl.col("_error").is_null()).drop("_error", "_shard"))
        frame = (
            scanned.select("id", "_shard", "_error")
            .collect()
            .join(decided.select("id", "decision"), on="id", how="left", maintain_order="left")
            .with_columns(
                pl.when(pl.col("_error").is_not_null())
                .then(pl.lit(SKETCH_FAILED) + pl.col("_error"))
                .otherwise(pl.col("decision").fill_null(""))
                .alias("decision")
            )
            .select("_shard", "decision")
        )
        commit(target, lambda temporary: frame.write_parquet(temporary, compression="zstd"))
    for path in set(sketches.iterdir()) - {*paths, target}:
        path.unlink()
    decisions: dict[int, tuple[str, ...]] = {shard.index: () for shard in inputs}
    grouped = (
        pl.read_parquet(target, glob=False, memory_map=False)
        .group_by("_shard", maintain_order=True)
        .agg("decision")
    )
    decisions.update({index: tuple(values) for index, values in grouped.iter_rows()})
    return decisions


def _list_stale(folder: Path, expected: set[Path]) -> Path | None:
    """Write the list of committed files that this run will not use as they are; None when there are none."""
    names = sorted(p.name for p in folder.glob("*.parquet") if p not in expected)
    for path in folder.glob("stale-*.txt"):
        path.unlink()
    if not names:
        return None
    listing = folder / f"stale-{digest(*names)}.txt"
    commit_text(listing, "\n".join(names))
    return listing


def _state(name: str, shards: Sequence[Shard], started: float, finished: Sequence[Done]) -> StageState:
    reasons: Counter[str] = Counter()
    for shard in shards:
        reasons.update(shard.reasons)
    processed = [d for d in finished if d.task.action == "process"]
    return StageState(
        name,
        inputs=sum(s.inputs for s in shards),
        kept=sum(s.kept for s in shards),
        cached=sum(d.cached for d in processed),
        reasons=dict(sorted(reasons.items())),
        wall_s=round(time.monotonic() - started, 3),
        cpu_s=round(sum(d.cpu_s for d in finished), 3),
        rss_mb=round(max((d.rss_mb for d in finished), default=0.0), 1),
        shards=[s.path.name for s in shards],
    )


def _told(state: StageState) -> str:
    lost = state.inputs - state.kept
    text = f"{state.kept} of {state.inputs} records kept" if lost else f"{state.kept} records"
    if lost:
        text += " (" + ", ".join(f"{count} {reason}" for reason, count in state.reasons.items()) + ")"
    if state.cached:
        text += f"; {state.cached} already done"
    return text

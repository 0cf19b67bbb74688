"""Runs a stage that waits on an engine: one process, many records of many shards in flight at a time.

The process holds the engine and the reply journal. It takes records shard after shard, so the engine is
never idle at the end of one, and commits a shard when its last record is done. What was answered for a
shard that is not committed yet is in the journal; a killed run asks for none of it again.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

from medsynth.errors import UserError
from medsynth.records import Failed, Outcome, Record
from medsynth.run.pool import Done, WorkerError, default_workers
from medsynth.run.shards import Shard, ShardRow, kept_records, record_id, summarize, write_shard
from medsynth.run.tasks import (
    SKETCH_FAILED,
    StaleRows,
    Task,
    cpu_seconds,
    crashed,
    failed,
    is_engine_fault,
    record_keys,
)
from medsynth.stages.base import EngineStage

HELPED_FROM, MOST_HELPERS = 4, 8  # shards; processes
GIVE_UP_AFTER = 50
"""So many records in a row that the engine failed, and a run stops: something is wrong with the server."""


class Streams(Protocol):
    """What carries the tasks of an engine-bound stage out."""

    def __call__(self, tasks: Sequence[Task], advance: Callable[[int], None]) -> Iterator[Done]:
        """Yield the tasks as they finish; `advance` is told how many records more are done."""


def stream(tasks: Sequence[Task], advance: Callable[[int], None]) -> Iterator[Done]:
    """Carry the tasks of one stage out in a process of their own.

    A process that dies is started again as long as it finishes shards. Raises UserError for what the user
    can mend (no server, budget reached), after the shards that were finished before.
    """
    left = {task.index: task for task in tasks}
    context = multiprocessing.get_context("spawn")
    while left:
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, list(left.values())), daemon=False)
        process.start()
        theirs.close()
        before = len(left)
        try:
            for done in _collect(ours, left, advance):
                del left[done.task.index]
                yield done
        finally:
            if process.is_alive():
                process.join(5 if not left else 0)
                process.terminate()
                process.join(10)
                process.kill()
            process.join()
            ours.close()
        if len(left) == before:
            raise UserError(
                f"the process that holds the engine died (exit code {process.exitcode}) and finished nothing; "
                "is there enough memory? Finished work is kept; the same command goes on from there"
            )


def _collect(pipe: Connection, left: dict[int, Task], advance: Callable[[int], None]) -> Iterator[Done]:
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            return
        match message[0]:
            case "progress":
                advance(message[1])
            case "done":
                yield Done(left[message[1].index], *message[1:])
            case "user_error":
                raise UserError(message[1])
            case "error":
                raise WorkerError(message[1])
            case "end":
                return


def _serve(pipe: Connection, tasks: Sequence[Task]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the coordinator decides when to stop
    threading.Thread(target=_leave_with, args=(pipe,), daemon=True).start()

    def send(message: Any) -> None:
        try:
            pipe.send(message)
        except OSError:  # the coordinator was killed: what is answered is in the journal
            os._exit(1)

    try:
        asyncio.run(run_stream(tasks, send))
        send(("end",))
    except UserError as error:
        send(("user_error", str(error)))
    except Exception:
        send(("error", traceback.format_exc()))


def _leave_with(coordinator: Connection) -> None:
    """End this process as soon as the coordinator is gone: what it went on asking for would be paid for twice."""
    with suppress(EOFError, OSError):
        coordinator.recv()  # nothing is ever sent this way
    os._exit(1)


@dataclass
class _Open:
    """A shard whose records are under way."""

    task: Task
    records: list[Record]
    decisions: Sequence[str]
    keys: list[str]
    rows: dict[str, ShardRow]
    waiting: int
    cached: int


@dataclass
class _Progress:
    """Tells the coordinator now and then how far the process is."""

    send: Callable[[Any], None]
    records: int = 0
    told: float = field(default_factory=time.monotonic)
    cpu: float = field(default_factory=cpu_seconds)

    def add(self, records: int) -> None:
        self.records += records
        if time.monotonic() - self.told >= 0.5:
            self.flush()

    def flush(self) -> None:
        if self.records:
            self.send(("progress", self.records))
        self.records, self.told = 0, time.monotonic()

    def done(self, shard: Shard, cached: int) -> None:
        self.flush()
        now = cpu_seconds()
        spent, self.cpu = now - self.cpu, now
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.send(("done", shard, cached, spent, peak))


async def run_stream(tasks: Sequence[Task], send: Callable[[Any], None]) -> None:
    """Carry the tasks out in this process, telling `send` what is finished.

    After a UserError no further record is begun; those in flight are finished first, then it is raised.
    """
    stage = tasks[0].stage.open()
    assert isinstance(stage, EngineStage)
    progress = _Progress(send)
    stop: list[UserError] = []
    in_a_row = 0

    async def work(source: Iterator[tuple[_Open, int]]) -> None:
        nonlocal in_a_row
        for shard, position in source:
            record, decision = shard.records[position], shard.decisions[position]
            broken = decision.startswith(SKETCH_FAILED)
            try:
                outcome: Outcome = crashed(decision) if broken else await stage.judged(record, decision)
            except UserError as error:
                stop.append(error)
                return
            except Exception as error:  # whatever a stage raises: that record failed, no other
                outcome = failed(error)
            if stage.asks(decision) and not broken:
                in_a_row = in_a_row + 1 if is_engine_fault(outcome) else 0
            if in_a_row >= max(GIVE_UP_AFTER, 2 * stage.concurrency):
                assert isinstance(outcome, Failed)
                stop.append(
                    UserError(
                        f"{stage.name}: the engine failed {in_a_row} records in a row ({outcome.error}: "
                        f"{outcome.detail}); finished work is kept. Look at the server, then run the same "
                        "command with --retry-failed"
                    )
                )
            key = shard.keys[position]
            shard.rows[key] = ShardRow(key, record_id(record), outcome)
            shard.waiting -= 1
            progress.add(1)
            if not shard.waiting:
                progress.done(_commit(shard), shard.cached)
            if stop:
                return

    source = _positions(tasks, stage, progress)
    helpers = _helpers(tasks)
    stage.helpers = helpers
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(stage.concurrency):
                group.create_task(work(source))
    finally:
        await stage.aclose()
        if helpers is not None:
            helpers.shutdown(wait=False, cancel_futures=True)
        progress.flush()
    if stop:
        raise stop[0]


def _helpers(tasks: Sequence[Task]) -> ProcessPoolExecutor | None:
    """Return processes, one a core, for what a stage computes on its replies; None for a small run or a single core.

    They are started when they are first needed.
    """
    size = min(default_workers(), MOST_HELPERS)
    if size < 2 or len(tasks) < HELPED_FROM:
        return None
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(size, mp_context=context, initializer=_help)


def _help() -> None:
    """Prepare a helper: the coordinator decides when to stop, and nobody outlives the process that asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def leave() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()


def _positions(tasks: Sequence[Task], stage: EngineStage, progress: _Progress) -> Iterator[tuple[_Open, int]]:
    """Yield the records to process, shard after shard; commit at once what needs no processing."""
    stale_of: Path | None = None
    stale = StaleRows(None)
    for task in tasks:
        if task.stale != stale_of:
            stale_of, stale = task.stale, StaleRows(task.stale)
        records = kept_records(task.source)
        decisions = task.decisions if task.decisions is not None else ("",) * len(records)
        keys = record_keys(stage, records, decisions)
        rows = stale.find(keys)
        missing = [i for i, key in enumerate(keys) if key not in rows]
        shard = _Open(task, records, decisions, keys, rows, len(missing), len(records) - len(missing))
        progress.add(shard.cached)
        if not missing:
            progress.done(_commit(shard), shard.cached)
        for position in missing:
            yield shard, position


def _commit(shard: _Open) -> Shard:
    task = shard.task
    write_shard(task.target, [shard.rows[key] for key in shard.keys])
    return summarize(task.index, task.digest, task.target)

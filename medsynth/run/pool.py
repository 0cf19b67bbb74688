"""Worker processes that may die without taking the run with them.

Each worker has a pipe of its own, so the coordinator knows which shard a dead worker held. A worker
whose coordinator is killed reads end-of-file and leaves.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from medsynth.errors import UserError
from medsynth.run.shards import Shard
from medsynth.run.tasks import StageSpec, StaleRows, Task, cpu_seconds, run_process, run_sketch
from medsynth.stages.base import Stage


class WorkerError(RuntimeError):
    """Something of ours went wrong in a worker; the message holds its traceback."""


@dataclass(frozen=True)
class Done:
    """A finished task: its shard, how many rows came from the cache, seconds of CPU, peak memory in MB."""

    task: Task
    shard: Shard
    cached: int
    cpu_s: float
    rss_mb: float


def _serve(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the coordinator decides when to stop
    spec: StageSpec | None = None
    stage: Stage | None = None
    stale_of: Path | None = None
    stale = StaleRows(None)
    while True:
        try:
            task: Task | None = pipe.recv()
        except (EOFError, OSError):
            task = None
        if task is None:
            if stage is not None:
                stage.close()
            return
        started = cpu_seconds()
        try:
            if stage is None or task.stage != spec:
                if stage is not None:
                    stage.close()
                spec, stage = task.stage, task.stage.open()
            if task.stale != stale_of:
                stale_of, stale = task.stale, StaleRows(task.stale)

            def announce(position: int) -> None:
                pipe.send(("at", position))

            if task.action == "sketch":
                shard, cached = run_sketch(task, stage, announce)
            else:
                shard, cached = run_process(task, stage, stale, announce)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            pipe.send(("done", shard, cached, cpu_seconds() - started, peak))
        except UserError as error:
            pipe.send(("user_error", str(error)))
        except Exception:
            pipe.send(("error", traceback.format_exc()))


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    task: Task | None = None
    at: int | None = None


class Pool:
    """A fixed number of worker processes. Use as a context manager."""

    def __init__(self, size: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._size = size
        self._workers: list[_Worker] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.close(force=kind is not None)

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=False)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def run(self, tasks: Iterable[Task], on_crash: Callable[[Task, int | None], Task]) -> Iterator[Done]:
        """Yield tasks as they finish, in any order.

        When a worker dies, `on_crash(task, position)` returns the task to try instead; position is the
        record it had announced, or None. Raises UserError or WorkerError as soon as a worker reports one.
        """
        source, retry = iter(tasks), deque[Task]()
        while True:
            self._hand_out(source, retry)
            busy = [w for w in self._workers if w.task is not None]
            if not busy:
                return
            wait([w.pipe for w in busy] + [w.process.sentinel for w in busy])
            for worker in busy:
                done = self._collect(worker, retry, on_crash)
                if done is not None:
                    yield done

    def _hand_out(self, source: Iterator[Task], retry: deque[Task]) -> None:
        while sum(w.task is not None for w in self._workers) < self._size:
            task = retry.popleft() if retry else next(source, None)
            if task is None:
                return
            worker = next((w for w in self._workers if w.task is None), None) or self._start()
            try:
                worker.pipe.send(task)
            except BrokenPipeError:  # it died while idle
                self._drop(worker)
                retry.append(task)
                continue
            worker.task, worker.at = task, None

    def _collect(
        self, worker: _Worker, retry: deque[Task], on_crash: Callable[[Task, int | None], Task]
    ) -> Done | None:
        task = worker.task
        assert task is not None
        try:
            while worker.pipe.poll():
                message = worker.pipe.recv()
                if message[0] == "at":
                    worker.at = message[1]
                    continue
                worker.task = None
                if message[0] == "done":
                    return Done(task, *message[1:])
                raise UserError(message[1]) if message[0] == "user_error" else WorkerError(message[1])
        except (EOFError, ConnectionResetError):
            pass
        else:
            if worker.process.is_alive():
                return None
        self._drop(worker)
        retry.append(on_crash(task, worker.at))
        return None

    def _drop(self, worker: _Worker) -> None:
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)

    def close(self, force: bool = False) -> None:
        """Stop the workers: at once when forced (commits are atomic), else when they are idle."""
        for worker in self._workers:
            if force:
                worker.process.terminate()
            worker.pipe.close()
        deadline = time.monotonic() + 10
        for worker in self._workers:
            worker.process.join(max(0.1, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers.clear()


def default_workers() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)

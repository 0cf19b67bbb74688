"""Processes that finish and check clips, so that the process that holds an engine only waits for it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar, TypeVarTuple

from medsynth.voice.engine import Clip, EngineFault
from medsynth.voice.takes import Take, Taken, judge

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_QUEUED = 2  # clips that wait for each process; who brings more waits


class Judges:
    """A pool of processes behind a bounded queue; for one event loop. Of 0 processes: a thread of this one."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self._room = asyncio.Semaphore(max(1, processes * (1 + _QUEUED)))
        self._pool: ProcessPoolExecutor | None = None

    async def judge(self, take: Take, said: Sequence[Clip]) -> Taken:
        """Return `medsynth.voice.takes.judge` of what was said. Raises EngineFault when that kills processes."""
        return await self.call(judge, take, said)

    async def call(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Return what a function of a module returns, worked out by one of the processes."""
        async with self._room:
            if not self.processes:
                return await asyncio.to_thread(function, *arguments)
            for _ in range(2):
                pool = self._pool = self._pool or ProcessPoolExecutor(
                    self.processes, multiprocessing.get_context("spawn"), _begin
                )
                try:
                    return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)
                except BrokenProcessPool:
                    if self._pool is pool:
                        self._pool = None
                        pool.shutdown(wait=False)
            raise EngineFault("checks", "the process that checks clips died twice; is there enough memory?")

    async def close(self) -> None:
        """Stop the processes."""
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)
            self._pool = None


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the coordinator decides when to stop
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])  # killed, it had no time to stop us
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

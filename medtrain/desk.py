"""Where requests wait for the model: one thread answers them, several at a time, in the order in which they came."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread

from medtrain.decoding import Decoding, Listener, Reply
from medtrain.talk import Asked, Prompt, Talker


class Full(Exception):
    """So many requests wait that no more are taken."""


class Failed(Exception):
    """The model broke on a request."""


@dataclass(frozen=True, eq=False)
class _Job:
    asked: Asked
    fail: Callable[[Exception], object]


class Desk:
    """A talker, and those who wait for it. `batch` of them are answered together; `most` may wait.

    Who comes while others are being answered waits for these to end. A request whose caller was cancelled is
    dropped, or stopped at its next token.
    """

    def __init__(self, talker: Talker, batch: int = 8, most: int = 64) -> None:
        self.talker = talker
        self.answered = 0
        self._batch, self._most = batch, most
        self._waiting: deque[_Job] = deque()
        self._current: list[_Job] = []
        self._open = True
        self._change = Condition()
        self._thread = Thread(target=self._work, name="desk", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    @property
    def answering(self) -> int:
        """How many requests are being answered."""
        return sum(not job.asked.listener.halt.is_set() for job in self._current)

    async def ask(self, prompt: Prompt, how: Decoding, hear: Callable[[str], object] | None = None) -> Reply:
        """Return the reply when it is whole; `hear` is told pieces of it before, in this event loop.

        Raises Full, and Failed when the model broke. Cancelling gives the request up.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()

        def settle(outcome: Reply | Exception) -> None:
            if future.done():
                return
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                self.answered += 1
                future.set_result(outcome)

        def later(act: Callable[..., object], *values: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(act, *values)

        listener = Listener(
            hear=(lambda piece: later(hear, piece)) if hear else (lambda piece: None),
            done=lambda reply: later(settle, reply),
        )
        job = _Job(Asked(prompt, how, listener), lambda error: later(settle, error))
        with self._change:
            if len(self._waiting) >= self._most:
                raise Full
            self._waiting.append(job)
            self._change.notify()
        try:
            return await future
        finally:
            listener.halt.set()
            with self._change:
                if job in self._waiting:
                    self._waiting.remove(job)

    def close(self) -> None:
        """Stop all replies at their next token and let nobody wait any longer."""
        with self._change:
            self._open = False
            jobs = [*self._waiting, *self._current]
            self._waiting.clear()
            self._change.notify()
        for job in jobs:
            job.asked.listener.halt.set()
            job.fail(Failed("the server is closing"))
        self._thread.join(timeout=5)

    def _work(self) -> None:
        while jobs := self._next():
            try:
                self.talker.replies([job.asked for job in jobs])
            except Exception as error:  # whatever the model raises, the next request may be better
                print(f"medtrain: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                for job in jobs:
                    job.fail(Failed(f"the model failed: {type(error).__name__}"))

    def _next(self) -> list[_Job]:
        with self._change:
            self._current = []
            while self._open and not self._waiting:
                self._change.wait()
            if self._open:
                count = min(self._batch, len(self._waiting))
                self._current = [self._waiting.popleft() for _ in range(count)]
            return self._current

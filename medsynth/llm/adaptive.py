"""How many requests to have in flight: as many as the server turns into more replies, and no more.

Additive increase, multiplicative decrease (Chiu and Jain, 1989), with a doubling start as in TCP: a server
that refuses for load halves the limit, at most once per round trip; a window of successes raises it. Growth
that only made requests slower, without more replies a second, is taken back.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["ok", "overload", "timeout", "fault"]

START = 32
BURST = 3  # time-outs without a success between them that count as overload
STEP = 1.25  # growth between two measurements of what growth brought
REST = 20  # windows to stay put after growth brought nothing


@dataclass(frozen=True)
class Ticket:
    """Leave to have one request in flight, and since when (seconds of the limit's clock)."""

    started: float


@dataclass(frozen=True)
class Window:
    """What one window of successes showed: the limit, replies a second, median latency in seconds."""

    limit: float
    rate: float
    latency: float


class AdaptiveLimit:
    """A limit on requests in flight that follows what the server can take; for one event loop."""

    def __init__(self, ceiling: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.ceiling, self.in_flight, self.cuts = ceiling, 0, 0
        self.limit = float(min(ceiling, START))
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._held_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._cut_at = float("-inf")
        self._doubling = True
        self._timeouts = 0
        self._before: Window | None = None
        self._rest = 0
        self._peak = 0
        self._open_window()

    async def acquire(self, again: bool = False) -> Ticket:
        """Wait for leave to send. A request that is sent `again` goes before those that have not been."""
        if self._waiting or not self._free():
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if again:
                self._waiting.appendleft(turn)
            else:
                self._waiting.append(turn)
            self._wake()
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():  # the leave came, but nobody is left to use it
                    self.in_flight -= 1
                    self._wake()
                elif turn in self._waiting:
                    self._waiting.remove(turn)
                raise
        else:
            self.in_flight += 1
            self._peak = max(self._peak, self.in_flight)
        return Ticket(self._clock())

    def release(self, ticket: Ticket, outcome: Outcome) -> None:
        """Give the leave back, and learn from how the request ended."""
        self.in_flight -= 1
        if outcome == "ok":
            self._timeouts = 0
            self._succeeded(self._clock() - ticket.started)
        elif outcome == "timeout":
            self._timeouts += 1
            if self._timeouts >= min(BURST, int(self.limit)):
                self._timeouts = 0
                self._cut(ticket)
        elif outcome == "overload":
            self._cut(ticket)
        self._wake()

    def hold(self, seconds: float) -> None:
        """Send nothing new for so long: the server said when to come back."""
        self._held_until = max(self._held_until, self._clock() + seconds)

    def _free(self) -> bool:
        return self.in_flight < int(self.limit) and self._clock() >= self._held_until

    def _wake(self) -> None:
        while self._waiting and self._free():
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                self._peak = max(self._peak, self.in_flight)
                turn.set_result(None)
        wait = self._held_until - self._clock()
        if self._waiting and wait > 0 and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self._hold_ended)

    def _hold_ended(self) -> None:
        self._timer = None
        self._wake()

    def _open_window(self) -> None:
        self._opened, self._latencies, self._peak = self._clock(), list[float](), self.in_flight

    def _cut(self, ticket: Ticket) -> None:
        self._doubling = False
        if ticket.started < self._cut_at:
            return  # sent before the last cut: it says nothing about the limit of now
        self._cut_at = self._clock()
        self.cuts += 1
        self.limit = max(1.0, self.limit / 2)
        self._before = None
        self._open_window()

    def _succeeded(self, latency: float) -> None:
        self._latencies.append(latency)
        if len(self._latencies) < self.limit:
            return
        elapsed = max(self._clock() - self._opened, 1e-9)
        now = Window(self.limit, len(self._latencies) / elapsed, statistics.median(self._latencies))
        used = self._peak >= int(self.limit)
        self._open_window()
        if not used:
            return  # the limit was not what held the rate down
        if self._rest:
            self._rest -= 1
            return
        before = self._before
        if before is None:
            self._before = now
        elif now.limit >= before.limit * STEP:
            grown = now.limit / before.limit - 1
            slower = now.latency > before.latency * (1 + grown / 2)
            if slower and now.rate < before.rate * (1 + grown / 10):
                self.limit, self._rest, self._doubling, self._before = before.limit, REST, False, None
                return
            self._before = now
        self.limit = min(float(self.ceiling), self.limit * 2 if self._doubling else self.limit + 1)

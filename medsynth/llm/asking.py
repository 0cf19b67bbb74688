"""Asking one server until it answers: what the requests to it know together, of whatever kind they are.

Waiting, asking again and judging failures is done here and not in a client, because a run over many records
knows more than one call: what the other requests met meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from medsynth.errors import printable
from medsynth.llm.adaptive import AdaptiveLimit, Outcome
from medsynth.llm.base import EngineDown, EngineError
from medsynth.llm.retries import Breaker, Patience
from medsynth.llm.wire import Failed, Trouble, shown

T = TypeVar("T")
Ask: TypeAlias = Callable[[int], Awaitable[T | Trouble]]

LISTED = 8  # models named in a message


@dataclass(frozen=True)
class Told:
    """How a server and its settings are called where the user reads of them.

    `section` is that of the pipeline file ("llm"), `api` what is asked of the server ("chat"). `key` is the
    secret itself, taken out of every message; `key_env` the variable that holds it.
    """

    section: str
    api: str
    server: str
    model: str
    key: str
    key_env: str

    def scrub(self, text: str) -> str:
        """Return a server's words without the key."""
        return text.replace(self.key, "[key]") if self.key else text

    def unreachable(self, detail: str) -> str:
        """Return the line for a server that takes no connection."""
        return (
            f"{self.section}: no server answers at {shown(self.server)} ({detail}); start it, "
            "or give another --base-url"
        )


class Asking(Generic[T]):
    """All requests to one server; for one event loop.

    `plain(failed)` asks it something that any server can answer; `models()` returns the names it lists.
    `retried` counts failed tries by fault; `limit` tells how many requests are in flight, and may be.
    """

    def __init__(
        self,
        told: Told,
        *,
        concurrency: int,
        retries: int,
        plain: Ask[T],
        models: Callable[[], Awaitable[list[str]]],
        patience: Patience | None = None,
    ) -> None:
        self.told, self.retried = told, Counter[str]()
        self.limit = AdaptiveLimit(concurrency)
        self._retries, self._plain, self._models = retries, plain, models
        self._patience = patience or Patience()
        self._breaker = Breaker(self._patience)
        self._checking = asyncio.Lock()
        self._checked_at = float("-inf")
        self._down = ""
        self._closed = False

    def close(self) -> None:
        """Send nothing more."""
        self._closed = True

    async def persist(
        self,
        ask: Ask[T],
        adapt: Callable[[Trouble], bool] = lambda found: False,
        excused: Callable[[Trouble], bool] = lambda found: False,
    ) -> T:
        """Ask until there is an answer. `ask` is told how many tries failed before.

        `adapt` may change the request after a failure; it is then sent again at once, and nothing was lost.
        A failure that is `excused` says nothing about the server. Raises EngineError, EngineDown, or Failed
        when the server refuses the request.
        """
        failed, blamed = 0, False
        while True:
            looked = time.monotonic()
            found = await self._try(ask, failed)
            if not isinstance(found, Trouble):
                self._breaker.success()
                return found
            if adapt(found):
                continue
            failed += 1
            if not excused(found):
                await self._judge(found)
            if found.fault == "rejected":
                raise Failed(found)
            if not found.passes or (
                failed > self._retries and await self._is_its_own_fault(found, looked, blamed)
            ):
                raise EngineError(found.fault, found.detail, failed - 1)
            # Not ready then, but answering now: one more failure is this request's own.
            blamed = failed > self._retries and self._breaker.answered_at >= looked
            self.retried[found.fault] += 1
            limited = found.fault == "rate_limit"
            await asyncio.sleep(self._patience.wait(min(failed, 20), found.retry_after, limited))

    async def why(self, found: Trouble) -> str:
        """Return the line that says why no request can succeed, and what to do."""
        told, server, detail = self.told, shown(self.told.server), self.told.scrub(found.detail)
        section = told.section
        if found.hopeless in ("key", "forbidden"):
            if not told.key:
                return (
                    f"{section}: {server} wants a key ({detail}); set {told.key_env}, "
                    f"or name another {section}.api_key_env"
                )
            return f"{section}: {server} refuses the key in {told.key_env} ({detail})"
        if found.hopeless == "credit":
            return (
                f"{section}: {server} answers nobody without credit, and the key in {told.key_env} has none "
                f"({detail})"
            )
        if found.hopeless == "later":
            hours = (found.retry_after or 0) / 3600
            return f"{section}: the limit at {server} is used up; run the same command again in {hours:.1f} h"
        try:
            names = await self._models()
        except EngineDown:
            names = []
        if found.hopeless == "path" and not names:
            return (
                f"{section}: there is no {told.api} API at {server} ({detail}); {section}.base_url usually "
                "ends in /v1"
            )
        listed = ", ".join(names[:LISTED]) + (" …" if len(names) > LISTED else "")
        known = f"it lists: {printable(listed)}" if listed else "it lists none"
        return (
            f"{section}: {server} has no model {told.model!r} ({detail}); give --model or {section}.model; "
            f"{known}"
        )

    async def _is_its_own_fault(self, found: Trouble, since: float, blamed: bool) -> bool:
        """Return whether a request that keeps failing does so alone, while the server answers others.

        A server that is gone would otherwise fail many records before that is known, and a record that the
        server cannot bear, once it is the last one, would look like a server that is gone. If no other was
        answered `since` then, a plain question finds out. Raises EngineDown.
        """
        if found.absent == "unreachable":
            return False  # it was not even sent
        if found.fault == "rate_limit" or blamed or self._breaker.answered_at >= since:
            return True
        return await self._answers(since) and found.absent is None

    async def _answers(self, since: float) -> bool:
        """Return whether the server has answered anything `since` then, if need be by asking it."""
        async with self._checking:
            if max(self._breaker.answered_at, self._checked_at) >= since:
                return self._breaker.answered_at >= since
            found = await self._try(self._plain, failed=1)
            self._checked_at = time.monotonic()
            if not isinstance(found, Trouble):
                self._breaker.success()
                return True
            await self._judge(found)
            return False

    async def _judge(self, found: Trouble) -> None:
        """Raise EngineDown if a failed try, with those before it, means that no request can succeed."""
        # Refused with a key that others were answered with: it concerns this request alone.
        if found.hopeless and not (found.hopeless == "forbidden" and self._breaker.answered):
            self._down = self._down or await self.why(found)
            raise EngineDown(self._down)
        self._count(found)

    async def _try(self, ask: Ask[T], failed: int) -> T | Trouble:
        """Ask once, as soon as the limit allows it."""
        ticket = await self.limit.acquire(again=failed > 0)
        outcome: Outcome = "fault"
        try:
            if self._down:
                raise EngineDown(self._down)
            if self._closed:
                raise EngineError("connection", "the engine was closed", failed)
            found = await ask(failed)
            if not isinstance(found, Trouble):
                outcome = "ok"
            elif found.overload:
                outcome = "overload"
                self.limit.hold(min(found.retry_after or 0.0, self._patience.retry_after_cap_s))
            elif found.fault == "timeout":
                outcome = "timeout"
            return found
        finally:
            self.limit.release(ticket, outcome)

    def _count(self, found: Trouble) -> None:
        """Tell the breaker. Raises EngineDown."""
        section, server = self.told.section, shown(self.told.server)
        try:
            if found.fault in ("too_long", "rate_limit"):
                pass
            elif found.absent == "unreachable":
                self._breaker.failure("unreachable", self.told.unreachable(found.detail))
            elif found.absent == "unready":
                self._breaker.failure(
                    "unready", f"{section}: the server at {server} is not ready: {found.detail}"
                )
            elif found.fault == "rejected":
                line = f"{section}: {server} refuses every request; it says: {found.detail}"
                self._breaker.failure("refused", line)
            elif found.unlike:
                line = f"{section}: {server} never sends what it is asked for: {found.detail}"
                self._breaker.failure("refused", line)
            else:
                hint = f"raise {section}.timeout_s, or " if found.fault == "timeout" else ""
                line = (
                    f"{section}: {server} gave no reply for minutes, only faults ({found.detail}); "
                    f"{hint}look at the server, then run the same command again"
                )
                self._breaker.failure("fault", line)
        except EngineDown as down:
            self._down = str(down)
            raise

"""When to ask again, how long to wait first, and when to believe that nobody will answer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias

from medsynth.llm.base import EngineDown

Failure: TypeAlias = Literal["unreachable", "unready", "refused", "fault"]


@dataclass(frozen=True)
class Patience:
    """How long to go on, all times in seconds.

    The wait before the nth try again is drawn evenly between 0 and `base_s` times 2 to the n, at most `cap_s`
    ("full jitter": M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), four times as
    much after a 429. A wait that the server names is kept to, up to `retry_after_cap_s`.

    Nobody is there when `failures` in a row found no server over `start_s` at the start of a run, or over
    `lost_s` once it has answered (a server that restarts comes back), or found it not ready over `fault_s`.
    Other faults alone, with no reply between them, end a run after `faults` of them over `fault_s`.
    `refused` requests that were all refused, and none ever answered, are a mistake in the settings, not in
    the records.
    """

    base_s: float = 0.5
    cap_s: float = 30.0
    retry_after_cap_s: float = 120.0
    failures: int = 5
    start_s: float = 4.0
    lost_s: float = 90.0
    faults: int = 40
    fault_s: float = 300.0
    refused: int = 12

    def wait(self, failed: int, retry_after: float | None, rate_limited: bool) -> float:
        """Return the seconds to wait after `failed` tries (1 or more)."""
        base = self.base_s * (4 if rate_limited else 1)
        if retry_after is not None:
            # A little later than told, and not all at once.
            return min(retry_after, self.retry_after_cap_s) + random.uniform(0, min(base, self.cap_s))
        return random.uniform(0, min(self.cap_s, base * 2.0 ** (failed - 1)))


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds that a server's headers ask to wait (RFC 9110, 10.2.3: a number or a date), or None.

    `retry-after-ms`, which some servers add, is the finer figure.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())


class Breaker:
    """Counts failures in a row; raises EngineDown when no request can be expected to succeed."""

    def __init__(self, patience: Patience, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience, self._clock = patience, clock
        self.answered = False
        self.answered_at = float("-inf")
        self._in_row: dict[Failure, int] = {}
        self._since = 0.0

    def success(self) -> None:
        """A reply came: whatever failed before has passed."""
        self.answered, self.answered_at = True, self._clock()
        self._in_row.clear()

    def failure(self, kind: Failure, line: str) -> None:
        """Count a failure. Raises EngineDown, saying `line`, when it is one too many."""
        if not self._in_row:
            self._since = self._clock()
        self._in_row[kind] = self._in_row.get(kind, 0) + 1
        patience, count, lasted = self._patience, self._in_row[kind], self._clock() - self._since
        if kind == "unreachable":
            over = count >= patience.failures and lasted >= (
                patience.lost_s if self.answered else patience.start_s
            )
        elif kind == "unready":
            over = count >= patience.failures and lasted >= patience.fault_s
        elif kind == "refused":
            over = not self.answered and count >= patience.refused
        else:
            over = count >= patience.faults and lasted >= patience.fault_s
        if over:
            raise EngineDown(line)

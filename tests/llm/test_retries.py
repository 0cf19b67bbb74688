"""How long to wait, and when to give up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.llm.base import EngineDown
from medsynth.llm.retries import Breaker, Patience, retry_after

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_what_the_server_asks_to_wait(headers, seconds):
    assert retry_after(headers, NOW) == seconds


@given(st.text(max_size=40))
def test_no_header_breaks_it(value):
    told = retry_after({"retry-after": value}, NOW)
    assert told is None or told >= 0


@given(st.integers(1, 60), st.booleans())
def test_a_wait_is_drawn_from_nothing_up_to_twice_the_last_one(failed, limited):
    patience = Patience()
    most = min(patience.cap_s, patience.base_s * (4 if limited else 1) * 2 ** (failed - 1))
    assert 0 <= patience.wait(failed, None, limited) <= most


def test_waits_are_spread_over_the_whole_range():
    waits = sorted(Patience(base_s=8).wait(1, None, False) for _ in range(400))
    assert waits[0] < 1 and waits[-1] > 7 and 3 < waits[200] < 5


def test_a_told_wait_is_kept_to_but_not_for_ever():
    patience = Patience()
    assert 5 <= patience.wait(1, 5.0, True) <= 5 + 4 * patience.base_s
    assert patience.wait(1, 10_000.0, True) <= patience.retry_after_cap_s + 4 * patience.base_s


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker, clock: Clock, kind: str, times: int, every_s: float) -> int | None:
    """Return at which failure the breaker gave up, None if it did not."""
    for number in range(1, times + 1):
        try:
            breaker.failure(kind, "the line")  # type: ignore[arg-type]
        except EngineDown as down:
            assert str(down) == "the line"
            return number
        clock.now += every_s
    return None


def test_a_server_that_was_never_there_is_given_up_soon():
    clock = Clock()
    assert fail(Breaker(Patience(failures=5, start_s=4), clock), clock, "unreachable", 50, 1.0) == 5


def test_many_failures_at_once_are_not_yet_a_reason():
    clock = Clock()
    assert fail(Breaker(Patience(failures=5, start_s=4), clock), clock, "unreachable", 50, 0.01) is None


def test_a_server_that_has_answered_is_given_time_to_come_back():
    clock = Clock()
    breaker = Breaker(Patience(failures=5, start_s=4, lost_s=90), clock)
    breaker.success()
    assert fail(breaker, clock, "unreachable", 89, 1.0) is None
    assert fail(breaker, clock, "unreachable", 9, 1.0) == 2


def test_a_reply_between_failures_starts_the_count_anew():
    clock = Clock()
    breaker = Breaker(Patience(failures=5, start_s=0, lost_s=0), clock)
    for _ in range(20):
        assert fail(breaker, clock, "unreachable", 4, 10.0) is None
        breaker.success()


def test_a_loading_server_is_waited_for():
    clock = Clock()
    breaker = Breaker(Patience(failures=5, start_s=4, lost_s=90, fault_s=300), clock)
    assert fail(breaker, clock, "unready", 299, 1.0) is None


def test_refusals_count_only_while_nothing_was_ever_answered():
    clock = Clock()
    breaker = Breaker(Patience(refused=12), clock)
    assert fail(breaker, clock, "refused", 20, 0.0) == 12
    breaker.success()
    assert fail(breaker, clock, "refused", 1000, 1.0) is None


def test_faults_alone_for_minutes_end_a_run():
    clock = Clock()
    assert fail(Breaker(Patience(faults=40, fault_s=300), clock), clock, "fault", 500, 1.0) == 301

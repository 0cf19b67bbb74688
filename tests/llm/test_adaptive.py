"""The limit on requests in flight, against simulated servers, in virtual time."""

from __future__ import annotations

import asyncio
import random

import pytest

from medsynth.llm.adaptive import START, AdaptiveLimit
from tests.llm.clock import run_virtually


def clock() -> float:
    return asyncio.get_running_loop().time()


class Simulated:
    """Answers in `service_s`, `slots` at a time, the rest queue; refuses what exceeds `capacity`."""

    def __init__(self, service_s: float = 1.0, slots: int = 10**6, capacity: int = 10**6) -> None:
        self.service_s, self.capacity = service_s, capacity
        self.slots = asyncio.Semaphore(slots)
        self.busy = self.peak = self.refused = self.served = 0

    async def ask(self, limit: AdaptiveLimit) -> bool:
        again = False
        while True:
            ticket = await limit.acquire(again)
            self.busy += 1
            self.peak = max(self.peak, self.busy)
            refused = self.busy > self.capacity
            if refused:
                self.refused += 1
                await asyncio.sleep(0.01)
            else:
                async with self.slots:
                    await asyncio.sleep(self.service_s * random.uniform(0.9, 1.1))
            self.busy -= 1
            limit.release(ticket, "overload" if refused else "ok")
            if not refused:
                self.served += 1
                return True
            again = True
            await asyncio.sleep(random.uniform(0, 2))


async def drive(server: Simulated, limit: AdaptiveLimit, count: int, workers: int = 400) -> float:
    random.seed(1)
    numbers = iter(range(count))

    async def work() -> None:
        for _ in numbers:
            await server.ask(limit)

    began = clock()
    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(work())
    return clock() - began


def test_an_eager_server_is_given_all_that_is_allowed_soon_and_never_more():
    async def main():
        server, limit = Simulated(), AdaptiveLimit(256, clock)
        took = await drive(server, limit, 6000)
        assert limit.limit == 256 == server.peak
        assert limit.in_flight == 0 and limit.cuts == 0
        assert took < 6000 / 256 * 1.1 + 6  # all but the few round trips of the start at full width

    run_virtually(main())


def test_a_server_that_refuses_for_load_is_kept_near_what_it_takes():
    async def main():
        server, limit = Simulated(capacity=20), AdaptiveLimit(256, clock)
        took = await drive(server, limit, 4000)
        assert server.served == 4000
        assert server.refused < 4000 * 0.15
        assert took < 4000 / 20 * 1.8  # not starved either: more than half of what the server could do
        assert limit.limit <= 32

    run_virtually(main())


def test_growth_that_brings_only_waiting_is_taken_back():
    async def main():
        server, limit = Simulated(service_s=0.5, slots=40), AdaptiveLimit(1024, clock)
        took = await drive(server, limit, 8000, workers=1100)
        assert limit.limit <= 140  # 40 would do; 1024 would wait 25 times as long for each reply
        assert took < 8000 / 80 * 1.15

    run_virtually(main())


def test_refusals_of_one_round_trip_halve_once():
    async def main():
        limit = AdaptiveLimit(64, clock)
        tickets = [await limit.acquire() for _ in range(START)]
        await asyncio.sleep(1)
        for ticket in tickets:
            limit.release(ticket, "overload")
        assert (limit.limit, limit.cuts) == (START / 2, 1)
        await asyncio.sleep(1)
        limit.release(await limit.acquire(), "overload")
        assert (limit.limit, limit.cuts) == (START / 4, 2)

    run_virtually(main())


def test_never_below_one():
    async def main():
        limit = AdaptiveLimit(8, clock)
        for _ in range(20):
            ticket = await limit.acquire()
            await asyncio.sleep(0.1)
            limit.release(ticket, "overload")
        assert limit.limit == 1

    run_virtually(main())


def test_one_time_out_is_chance_and_a_burst_is_load():
    async def main():
        limit = AdaptiveLimit(64, clock)
        for outcome in ("timeout", "timeout", "ok", "timeout", "timeout"):
            limit.release(await limit.acquire(), outcome)
        assert limit.cuts == 0
        limit.release(await limit.acquire(), "timeout")
        assert limit.cuts == 1
        limit.release(await limit.acquire(), "fault")
        assert limit.cuts == 1

    run_virtually(main())


def test_nothing_is_sent_while_held_and_everything_after():
    async def main():
        limit = AdaptiveLimit(4, clock)
        limit.hold(30)
        limit.hold(5)  # a shorter wait does not shorten a longer one
        sent: list[float] = []

        async def one() -> None:
            ticket = await limit.acquire()
            sent.append(clock())
            await asyncio.sleep(1)
            limit.release(ticket, "ok")

        await asyncio.gather(*(one() for _ in range(8)))
        assert sent[:4] == pytest.approx([30] * 4)
        assert sent[4:] == pytest.approx([31] * 4)

    run_virtually(main())


def test_who_asks_again_goes_first():
    async def main():
        limit = AdaptiveLimit(1, clock)
        ticket = await limit.acquire()
        order: list[str] = []

        async def one(name: str, again: bool) -> None:
            own = await limit.acquire(again)
            order.append(name)
            limit.release(own, "ok")

        tasks = [asyncio.create_task(one(f"new {i}", False)) for i in range(3)]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(one("again", True)))
        await asyncio.sleep(0)
        limit.release(ticket, "ok")
        await asyncio.gather(*tasks)
        assert order == ["again", "new 0", "new 1", "new 2"]

    run_virtually(main())


@pytest.mark.parametrize("seed", range(5))
def test_cancelled_waiters_take_no_leave_with_them(seed):
    async def main():
        limit, drawn = AdaptiveLimit(3, clock), random.Random(seed)

        async def one() -> None:
            ticket = await limit.acquire(again=drawn.random() < 0.3)
            try:
                await asyncio.sleep(drawn.random())
            finally:
                limit.release(ticket, "fault")

        tasks = [asyncio.create_task(one()) for _ in range(60)]
        for _ in range(40):
            await asyncio.sleep(drawn.random() / 10)
            drawn.choice(tasks).cancel()
            assert 0 <= limit.in_flight <= 3
        # Cancelled in the very step in which its turn comes.
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(e is None or isinstance(e, asyncio.CancelledError) for e in ended)
        assert limit.in_flight == 0
        assert not limit._waiting

    run_virtually(main())


def test_leave_given_to_a_waiter_cancelled_in_the_same_step_goes_to_the_next():
    async def main():
        limit = AdaptiveLimit(1, clock)
        ticket = await limit.acquire()
        first, second = asyncio.create_task(limit.acquire()), asyncio.create_task(limit.acquire())
        await asyncio.sleep(0)
        limit.release(ticket, "ok")  # gives `first` its turn
        first.cancel()
        limit.release(await asyncio.wait_for(second, 1), "ok")
        assert first.cancelled() and limit.in_flight == 0

    run_virtually(main())

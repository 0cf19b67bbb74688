"""`python -m tests.bench.bench_engine`: what our chat engine costs beside the bare `openai` client.

Both ask the same instantly answering server (a process of its own, as is each client) with the same bodies,
64 in flight, turn about. The bare loop calls `client.chat.completions.create` and does nothing else: it
neither retries, nor checks what it gets, nor adapts. Wall time is shared with the server on few cores; the
processor time of the client alone is the steadier figure.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import openai

from medsynth.llm.base import ChatRequest, Message, Sampling
from medsynth.llm.openai_engine import OpenAIEngine
from medsynth.llm.settings import LLMSettings
from tests.llm.server import scripted_server

IN_FLIGHT = 64
REQUESTS = 1500
ROUNDS = 7
SYSTEM = "You turn a written question and answer into a spoken consultation. " * 12


def answer(body: dict) -> str:
    return "Good morning, doctor. I have had a headache for three days now. " * 8


async def pump(call: Callable[[int], Awaitable[object]], count: int) -> tuple[float, float]:
    """Return requests per second, and milliseconds of processor time a request."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await call(number)

    began, spent = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work())
    return count / (time.perf_counter() - began), (time.process_time() - spent) / count * 1e3


async def main(url: str) -> None:
    engine = OpenAIEngine(LLMSettings(base_url=url, model="scripted", concurrency=IN_FLIGHT))
    bare = openai.AsyncOpenAI(
        base_url=url, api_key="none", max_retries=0, http_client=openai.DefaultAioHttpClient()
    )

    def messages(number: int) -> tuple[Message, ...]:
        return (Message("system", SYSTEM), Message("user", f"Question {number}."))

    async def ours(number: int) -> object:
        return await engine.chat(ChatRequest(messages(number), Sampling(0.7, None, 1024, number)))

    async def typed(number: int) -> object:
        return await bare.chat.completions.create(
            model="scripted",
            messages=[{"role": m.role, "content": m.content} for m in messages(number)],  # type: ignore[misc]
            temperature=0.7,
            max_tokens=1024,
            seed=number,
        )

    ways = {"medsynth": ours, "openai[aiohttp], typed": typed}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for way in ways.values():
        await pump(way, 200)
    for _ in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(await pump(way, REQUESTS))
    await engine.close()
    await bare.close()
    print(f"{IN_FLIGHT} in flight, {ROUNDS} rounds of {REQUESTS} requests, medians")
    for name, rounds in found.items():
        rate, cpu = (statistics.median(r[i] for r in rounds) for i in (0, 1))
        print(f"{name:24} {rate:7.0f} requests/s  {cpu:6.2f} ms of processor time each")
    pairs = list(zip(*found.values(), strict=True))
    for i, what in ((0, "requests/s"), (1, "processor time, the other way round")):
        ratios = sorted((o[i] / t[i]) ** (1 if i == 0 else -1) for o, t in pairs)
        print(f"ours / typed, {what}: {statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})")


if __name__ == "__main__":
    with scripted_server(answer) as server:
        asyncio.run(main(server.base_url))

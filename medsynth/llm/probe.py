"""`medsynth check-engine`: what the chosen engine can really do, found by asking, and how fast it is."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medsynth.errors import printable
from medsynth.llm.base import ChatEngine, ChatRequest, EngineDown, EngineError, Message, Reply, Sampling
from medsynth.llm.engines import open_engine
from medsynth.llm.settings import LLMSettings
from medsynth.llm.structured import obeyed, support_test
from medsynth.llm.wire import shown

LEVELS = ((1, 4), (8, 24), (32, 96))  # requests in flight, requests asked
TOKENS = 64  # of a reply whose speed is measured
_CUT = 5  # tokens of a reply that must be cut
# Where servers tell the context length of a listed model: vLLM, llama.cpp, hosted gateways.
_CONTEXT = ("max_model_len", "context_length", "context_window", "max_context_length", "n_ctx")


@dataclass(frozen=True)
class Speed:
    """Replies of about 64 tokens at one level of concurrency. Latencies in seconds; None: not known."""

    concurrency: int
    replies: int
    failed: int
    requests_per_s: float
    tokens_per_s: float | None
    p50_s: float | None
    p95_s: float | None


@dataclass(frozen=True)
class Probe:
    """What was found. None: it could not be told; `problems` says why."""

    engine: str
    server: str
    model: str
    listed: tuple[str, ...]
    context: int | None
    first: Reply
    schema: bool | None
    usage: bool
    length: bool | None
    seed: bool | None
    speeds: tuple[Speed, ...]
    problems: tuple[str, ...]


def probe(settings: LLMSettings) -> Probe:
    """Ask the engine what it can do (some 130 short replies). Raises UserError when it cannot be asked at all."""
    return asyncio.run(_probe(settings))


def lines(found: Probe) -> list[str]:
    """Return what was found, as lines to print."""
    listed = f"lists {', '.join(found.listed[:8])}{' …' if len(found.listed) > 8 else ''}"
    context = f", context {found.context} tokens" if found.context else ", context not told"
    took = f"{found.first.latency_s:.2f} s"
    rows = [
        ("engine", f"{found.engine} at {found.server}" if found.server else found.engine),
        ("model", found.model + context + (f"; the server {listed}" if found.listed else "")),
        ("answers", f"yes, in {took}"),
        (
            "schemas",
            {
                True: "enforced (tested by asking)",
                False: "not enforced (tested by asking): JSON is asked for in the prompt, and checked",
                None: "not known",
            }[found.schema],
        ),
        ("tokens", "counted by the server" if found.usage else "not told: a budget in tokens is estimated"),
        (
            "cut replies",
            {
                True: "told by finish_reason",
                False: "NOT told by finish_reason: replies may be cut off unnoticed",
                None: "not known",
            }[found.length],
        ),
        (
            "seed",
            {
                True: "honoured: the same seed gives the same reply",
                False: "not honoured: the same seed gives another reply",
                None: "not known",
            }[found.seed],
        ),
    ]
    rows += [("speed", _speed_line(speed)) for speed in found.speeds]
    rows += [("problem", problem) for problem in found.problems]
    return [printable(f"{name:<12} {text}") for name, text in rows]


def _speed_line(speed: Speed) -> str:
    tokens = f", {speed.tokens_per_s:.0f} tokens/s" if speed.tokens_per_s is not None else ""
    latency = (
        f", {speed.p50_s:.2f} s half of them, {speed.p95_s:.2f} s 95 % of them"
        if speed.p50_s is not None and speed.p95_s is not None
        else ""
    )
    failed = f", {speed.failed} FAILED" if speed.failed else ""
    return f"{speed.concurrency} at a time: {speed.requests_per_s:.1f} replies/s{tokens}{latency}{failed}"


async def _probe(settings: LLMSettings) -> Probe:
    most = max(level for level, _ in LEVELS)
    settings = settings.model_copy(
        update={"concurrency": max(settings.concurrency, most), "structured": "schema"}
    )
    listed = await _models(settings)
    if not settings.model:
        settings = settings.model_copy(update={"model": _only(listed, settings)})
    engine = open_engine(settings)
    try:
        return await _ask(engine, settings, listed)
    finally:
        await engine.close()


async def _models(settings: LLMSettings) -> list[dict[str, Any]]:
    if settings.engine != "openai":
        return []
    # A name is not needed to be told the names.
    engine = open_engine(settings if settings.model else settings.model_copy(update={"model": "any"}))
    try:
        found: list[dict[str, Any]] = await engine.models()  # type: ignore[attr-defined]
        return found
    finally:
        await engine.close()


def _only(listed: list[dict[str, Any]], settings: LLMSettings) -> str:
    names = [str(model["id"]) for model in listed]
    if len(names) == 1:
        return names[0]
    server = shown(settings.server())
    told = f"lists {', '.join(map(printable, names[:20]))}" if names else "lists none"
    raise EngineDown(f"llm: no model is named; give --model; {server} {told}")


async def _ask(engine: ChatEngine, settings: LLMSettings, listed: list[dict[str, Any]]) -> Probe:
    problems: list[str] = []

    async def ask(what: str, request: ChatRequest) -> Reply | None:
        try:
            return await engine.chat(request)
        except EngineError as error:
            problems.append(f"{what}: {error}")
            return None

    try:
        first = await engine.chat(_question("Say hello.", Sampling(max_tokens=TOKENS)))
    except EngineError as error:
        raise EngineDown(f"llm: the engine gives no reply: {error}") from None
    if not first.text.strip():
        problems.append("the first reply was empty")
    request, token = support_test(settings.max_tokens)
    schema: bool | None
    try:
        schema = obeyed((await engine.chat(request)).text, token)
    except EngineError as error:
        schema = False if error.fault in ("rejected", "server") else None
        if schema is None:
            problems.append(f"schemas: {error}")
    long = "Count from one to one hundred in words, without leaving out a number."
    cut = await ask("cut replies", _question(long, Sampling(max_tokens=_CUT)))
    speeds = [await _speed(engine, level, count, problems) for level, count in LEVELS]
    return Probe(
        engine=engine.name,
        server=shown(settings.server()) if settings.engine == "openai" else "",
        model=engine.model,
        listed=tuple(str(model["id"]) for model in listed),
        context=_context(listed, settings.model),
        first=first,
        schema=schema,
        usage=first.prompt_tokens is not None and first.completion_tokens is not None,
        length=None if cut is None else cut.finish == "length",
        seed=await _seed(ask),
        speeds=tuple(speeds),
        problems=tuple(problems),
    )


async def _seed(ask: Any) -> bool | None:
    """Return whether one seed gives one reply and another seed another; None when no seed changes anything."""
    text = "Invent a sentence that nobody has written before."
    replies = []
    for seed in (1, 1, 2, 3):
        sampling = Sampling(temperature=1.0, max_tokens=TOKENS, seed=seed)
        replies.append(await ask("seed", _question(text, sampling)))
    same, again, *others = [reply and reply.text for reply in replies]
    if same is None or again is None:
        return None
    if same != again:
        return False
    return True if any(other is not None and other != same for other in others) else None


async def _speed(engine: ChatEngine, level: int, count: int, problems: list[str]) -> Speed:
    numbers = iter(range(count))
    replies: list[Reply] = []
    faults: list[str] = []
    down: list[EngineDown] = []

    async def work() -> None:
        for number in numbers:
            # No two prompts begin alike: a cache of beginnings would flatter the server.
            text = (
                f"{level}-{number}: tell what day {number} of a voyage of {count} days was like, in 50 words."
            )
            try:
                replies.append(await engine.chat(_question(text, Sampling(max_tokens=TOKENS))))
            except EngineError as error:
                faults.append(str(error))
            except EngineDown as error:
                down.append(error)
                return

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(level):
            group.create_task(work())
    if down:
        raise down[0]
    elapsed = max(time.perf_counter() - began, 1e-9)
    if faults:
        problems.append(f"{level} at a time: {faults[0]}")
    counts = [reply.completion_tokens for reply in replies if reply.completion_tokens is not None]
    latencies = sorted(reply.latency_s for reply in replies)
    return Speed(
        concurrency=level,
        replies=len(replies),
        failed=len(faults),
        requests_per_s=len(replies) / elapsed,
        tokens_per_s=sum(counts) / elapsed if replies and len(counts) == len(replies) else None,
        p50_s=_rank(latencies, 0.5),
        p95_s=_rank(latencies, 0.95),
    )


def _question(text: str, sampling: Sampling) -> ChatRequest:
    return ChatRequest((Message("user", text),), sampling)


def _rank(ordered: list[float], share: float) -> float | None:
    """Return the nearest-rank percentile."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def _context(listed: list[dict[str, Any]], name: str) -> int | None:
    for model in listed:
        if model["id"] == name or len(listed) == 1:
            told: Mapping[str, Any] = model | (model["meta"] if isinstance(model.get("meta"), dict) else {})
            for word in _CONTEXT:
                if isinstance(told.get(word), int):
                    return int(told[word])
    return None

"""The engine against llama.cpp with a tiny random model: nothing about this server is scripted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from medsynth.llm.base import ChatRequest, EngineError, Message, Sampling
from medsynth.llm.openai_engine import OpenAIEngine
from medsynth.llm.settings import LLMSettings
from tests.llm.llama import CONTEXT, NAME
from tests.llm.schemas import conforms

DIALOGUE = {
    "$defs": {
        "Turn": {
            "type": "object",
            "properties": {
                "role": {"enum": ["patient", "doctor"], "type": "string"},
                "sure": {"type": "boolean"},
            },
            "required": ["role"],
        }
    },
    "type": "object",
    "title": "Dialogue",
    "properties": {
        "kind": {"const": "consultation"},
        "turns": {"type": "array", "items": {"$ref": "#/$defs/Turn"}, "minItems": 2, "maxItems": 4},
    },
    "required": ["kind", "turns"],
}


def talk(url: str, work: Callable[[OpenAIEngine], Awaitable[Any]], **more: Any) -> Any:
    async def main() -> Any:
        engine = OpenAIEngine(LLMSettings(**{"base_url": url, "model": NAME, "timeout_s": 60} | more))
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(main())


def question(text: str, max_tokens: int = 32, **more: Any) -> ChatRequest:
    sampling = Sampling(
        temperature=more.pop("temperature", 0.0), max_tokens=max_tokens, seed=more.pop("seed", 1)
    )
    return ChatRequest((Message("system", "You are brief."), Message("user", text)), sampling, **more)


def test_a_reply_with_what_it_cost(llama_server):
    reply = talk(llama_server, lambda e: e.chat(question("hello", 24)))
    assert reply.model == NAME and reply.latency_s > 0 and reply.retries == 0
    assert reply.completion_tokens is not None and 1 <= reply.completion_tokens <= 24
    assert reply.prompt_tokens is not None and reply.prompt_tokens > len("You are brief.hello") / 2
    assert reply.finish == "stop" or reply.completion_tokens == 24


def test_replies_cut_at_the_limit_are_told(llama_server):
    async def work(engine):
        return await asyncio.gather(*(engine.chat(question(f"n {i}", 3, seed=i)) for i in range(12)))

    replies = talk(llama_server, work)
    cut = [r for r in replies if r.finish == "length"]
    assert len(cut) >= 8  # random weights end a reply within 3 tokens now and then
    assert all(r.completion_tokens == 3 for r in cut)


def test_a_seed_gives_the_same_reply_again_and_another_seed_another(llama_server):
    async def work(engine):
        return [(await engine.chat(question("x", 32, seed=s, temperature=1.0))).text for s in (1, 1, 2)]

    first, again, other = talk(llama_server, work)
    assert first == again != other


def test_schema_support_is_found_and_every_reply_fits_the_schema(llama_server):
    async def work(engine):
        requests = [question(f"n {i}", 256, schema=DIALOGUE, seed=i, temperature=1.0) for i in range(24)]
        replies = await asyncio.gather(*(engine.chat(r) for r in requests))
        return replies, engine.structured

    replies, mode = talk(llama_server, work)
    assert mode == "schema"
    whole = [r for r in replies if r.finish == "stop"]
    assert len(whole) >= 20
    assert all(conforms(json.loads(r.text), DIALOGUE) for r in whole)
    assert len({r.text for r in whole}) > 1


def test_free_text_stays_free(llama_server):
    """The schema of one request does not leak into the next."""

    async def work(engine):
        await engine.chat(question("x", 256, schema=DIALOGUE))
        return await engine.chat(question("x", 24))

    assert "turns" not in talk(llama_server, work).text


def test_a_prompt_beyond_the_context_is_told_at_once(llama_server):
    with pytest.raises(EngineError) as error:
        talk(llama_server, lambda e: e.chat(question("long " * CONTEXT)))
    assert error.value.fault == "too_long" and error.value.retries == 0
    assert str(CONTEXT) in error.value.detail


def test_many_at_once_are_all_answered(llama_server):
    async def work(engine):
        replies = await asyncio.gather(*(engine.chat(question(f"n {i}", 16)) for i in range(150)))
        return replies, engine.retried

    replies, retried = talk(llama_server, work, concurrency=64)
    assert len(replies) == 150 and not retried

"""vLLM in this process, with a tiny model of random weights. Runs in an environment of its own: `make test-vllm`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

pytest.importorskip(
    "vllm", reason="vllm is not installed here; `make test-vllm` makes an environment that has it"
)

from medsynth.llm.base import ChatRequest, EngineDown, EngineError, Message, Sampling
from medsynth.llm.engines import open_engine
from medsynth.llm.settings import LLMSettings
from tests.llm.schemas import SMALL
from tests.llm.tiny_qwen import make_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> LLMSettings:
    folder = make_model(tmp_path_factory.mktemp("model"))
    return LLMSettings.model_validate(
        {
            "engine": "vllm",
            "model": str(folder),
            "vllm": {"max_model_len": 1024, "dtype": "float32", "options": {"kv_cache_memory_bytes": 2**27}},
        }
    )


@pytest.fixture(scope="module")
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def engine(settings, loop):
    engine = open_engine(settings)
    yield engine
    loop.run_until_complete(engine.close())


def question(text: str, **sampling) -> ChatRequest:
    values = {"temperature": 1.0, "max_tokens": 24, "seed": 1} | sampling
    return ChatRequest((Message("system", "You are brief."), Message("user", text)), Sampling(**values))


def test_a_reply_with_its_counts(engine, loop):
    reply = loop.run_until_complete(engine.chat(question("hello", max_tokens=5)))
    assert reply.finish == "length" and reply.completion_tokens == 5
    assert reply.prompt_tokens and reply.prompt_tokens > 20
    assert reply.latency_s > 0


def test_seeded_replies_are_the_same_alone_and_in_a_crowd(engine, loop):
    alone = loop.run_until_complete(engine.chat(question("tell me", seed=7)))

    async def crowd():
        others = [engine.chat(question(f"number {i}", seed=i)) for i in range(20)]
        return (await asyncio.gather(engine.chat(question("tell me", seed=7)), *others))[0]

    assert loop.run_until_complete(crowd()).text == alone.text
    other = loop.run_until_complete(engine.chat(question("tell me", seed=8)))
    assert other.text != alone.text


def test_a_schema_is_kept_to_by_random_weights(engine, loop):
    async def many():
        asked = [replace(question(f"judge {i}", max_tokens=64, seed=i), schema=SMALL) for i in range(32)]
        return await asyncio.gather(*(engine.chat(request) for request in asked))

    for reply in loop.run_until_complete(many()):
        value = json.loads(reply.text)
        assert set(value) == {"ok", "kind"} and value["kind"] in ("inquiry", "advice"), reply.text


def test_what_does_not_fit_is_refused_and_nothing_else_suffers(engine, loop):
    async def both():
        return await asyncio.gather(
            engine.chat(question("long " * 2000)), engine.chat(question("short")), return_exceptions=True
        )

    long, short = loop.run_until_complete(both())
    assert isinstance(long, EngineError) and long.fault == "too_long"
    assert short.completion_tokens


def test_a_model_that_is_not_there_is_told_in_a_line(settings, tmp_path):
    engine = open_engine(settings.model_copy(update={"model": str(tmp_path / "nothing")}))

    async def ask():
        try:
            await engine.chat(question("hello"))
        finally:
            await engine.close()

    with pytest.raises(EngineDown, match="cannot load") as caught:
        asyncio.run(ask())
    assert "\n" not in str(caught.value)

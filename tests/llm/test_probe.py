"""What `medsynth check-engine` finds and says."""

from __future__ import annotations

import itertools

import pytest

from medsynth.llm.base import EngineDown
from medsynth.llm.probe import LEVELS, lines, probe
from medsynth.llm.settings import LLMSettings
from tests.llm.llama import CONTEXT, NAME
from tests.llm.server import Answer, scripted_server

_numbers = itertools.count()


def told(found) -> dict[str, str]:
    return {line.split()[0]: line for line in lines(found)}


def test_of_a_real_server(llama_server):
    found = probe(LLMSettings(base_url=llama_server))
    assert (found.engine, found.model, found.listed, found.context) == ("openai", NAME, (NAME,), CONTEXT)
    assert (found.schema, found.usage, found.length, found.seed) == (True, True, True, True)
    assert found.problems == ()
    assert [(s.concurrency, s.replies, s.failed) for s in found.speeds] == [(c, n, 0) for c, n in LEVELS]
    for speed in found.speeds:
        assert speed.requests_per_s > 0 and speed.tokens_per_s and speed.p50_s and speed.p95_s
        assert speed.p50_s <= speed.p95_s
    text = "\n".join(lines(found))
    assert llama_server in text and f"context {CONTEXT} tokens" in text and "32 at a time" in text
    assert "schemas      enforced (tested by asking)" in text


def same_whatever_the_seed(body: dict) -> str:
    return "always the same words"


def never_tells_a_cut(body: dict) -> Answer:
    words = " ".join(str(body["messages"][-1]["content"]).split()[: body.get("max_tokens", 9)])
    return Answer(f"{words} {body.get('seed', '')}".strip()[:20], finish="stop")


def another_each_time(body: dict) -> str:
    return f"reply {next(_numbers)}"


def test_of_a_server_that_promises_nothing():
    with scripted_server(same_whatever_the_seed, schema="ignore", usage=False, list_models=False) as server:
        found = probe(LLMSettings(base_url=server.base_url, model="scripted"))
    assert (found.listed, found.context, found.schema, found.usage, found.seed) == (
        (),
        None,
        False,
        False,
        None,
    )
    assert all(s.tokens_per_s is None and s.failed == 0 for s in found.speeds)
    text = told(found)
    assert "not enforced" in text["schemas"] and "not told" in text["tokens"] and "not known" in text["seed"]


def test_of_a_server_that_cuts_unseen_and_one_that_ignores_seeds():
    with scripted_server(never_tells_a_cut, schema="reject") as server:
        found = probe(LLMSettings(base_url=server.base_url, model="scripted"))
    assert (found.schema, found.length) == (False, False)
    assert "NOT told" in told(found)["cut"]
    with scripted_server(another_each_time) as server:
        found = probe(LLMSettings(base_url=server.base_url, model="scripted"))
    assert (found.schema, found.seed) == (True, False)
    assert "not honoured" in told(found)["seed"]


def test_failed_replies_are_counted_and_told():
    with scripted_server(faults={"400": 0.3}, seed=2, context=2000) as server:
        found = probe(LLMSettings(base_url=server.base_url, model="scripted"))
    failed = [speed.failed for speed in found.speeds]
    assert sum(failed) > 10 and found.context == 2000
    assert all(speed.replies + speed.failed == n for speed, (_, n) in zip(found.speeds, LEVELS, strict=True))
    text = "\n".join(lines(found))
    assert "FAILED" in text and "scripted fault 400" in text


def test_of_nobody_there():
    with scripted_server() as server:
        settings = LLMSettings(base_url=server.base_url, model="scripted")
    with pytest.raises(EngineDown, match="no server answers at"):
        probe(settings)


def test_a_model_must_be_named_where_there_are_several(monkeypatch):
    with scripted_server(models=["small", "large"]) as server:
        with pytest.raises(EngineDown, match=r"--model.*small, large"):
            probe(LLMSettings(base_url=server.base_url))
        with pytest.raises(EngineDown, match=r"no model 'medium'.*small, large"):
            probe(LLMSettings(base_url=server.base_url, model="medium"))
        assert probe(LLMSettings(base_url=server.base_url, model="large")).model == "large"
    with scripted_server(key="sk-1") as server:
        monkeypatch.delenv("TEST_KEY", raising=False)
        with pytest.raises(EngineDown, match="TEST_KEY"):
            probe(LLMSettings(base_url=server.base_url, api_key_env="TEST_KEY"))


def test_a_server_without_a_single_reply_is_told_with_its_reason():
    with (
        scripted_server(faults={"400": 1.0}) as server,
        pytest.raises(EngineDown, match=r"no reply.*scripted fault 400"),
    ):
        probe(LLMSettings(base_url=server.base_url, model="scripted"))

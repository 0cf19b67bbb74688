"""The engine against a real server on loopback that fails in every way it may."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from medsynth.errors import UserError
from medsynth.llm.base import FAULTS, ChatRequest, EngineDown, EngineError, Message, Reply, Sampling
from medsynth.llm.engines import open_engine
from medsynth.llm.openai_engine import OpenAIEngine
from medsynth.llm.retries import Patience
from medsynth.llm.settings import LLMSettings
from tests.llm.server import Answer, Server, scripted_server

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "maxLength": 9}},
    "required": ["answer"],
}
# As patient as by default, but faster; the breaker has its own tests.
HASTY = Patience(base_s=0.005, start_s=3600, lost_s=3600, fault_s=3600, refused=10**6)


def question(text: str, **more: Any) -> ChatRequest:
    return ChatRequest((Message("user", text),), **more)


def settings(server: Server, **more: Any) -> LLMSettings:
    return LLMSettings(**{"base_url": server.base_url, "model": "scripted", "timeout_s": 30} | more)


def talk(
    server: Server, work: Callable[[OpenAIEngine], Awaitable[Any]], patience: Patience = HASTY, **more: Any
) -> Any:
    """Run `work` with an engine, and close it."""

    async def main() -> Any:
        engine = OpenAIEngine(settings(server, **more), patience)
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(main())


def asked(server: Server, text: str) -> list[str | None]:
    """Return what became of each time this question was asked."""
    return [r.fault for r in server.requests() if r.body["messages"][-1]["content"] == text]


@pytest.fixture(scope="module")
def server():
    """Answers with the question; a question names its own fault."""
    with scripted_server(named=True, retry_after="0.01", hang_s=30, context=3000) as running:
        yield running


def test_a_reply_is_whole(server):
    reply = talk(server, lambda e: e.chat(question("how are you", sampling=Sampling(max_tokens=50))))
    assert (reply.text, reply.finish, reply.model) == ("how are you", "stop", "scripted")
    assert (reply.prompt_tokens, reply.completion_tokens, reply.retries) == (3, 3, 0)
    assert reply.latency_s > 0


def test_sampling_reaches_the_server(server):
    sampling = Sampling(temperature=0.3, top_p=0.8, max_tokens=77, seed=5)
    talk(server, lambda e: e.chat(question("sampling", sampling=sampling)))
    body = next(r.body for r in server.requests() if r.body["messages"][-1]["content"] == "sampling")
    assert (body["temperature"], body["top_p"], body["max_tokens"], body["seed"]) == (0.3, 0.8, 77, 5)


PASSING = ["429", "500", "502", "503", "529", "408", "409", "drop", "reset", "truncated", "html", "no_choices",
           "no_message", "error_200"]  # fmt: skip


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_asked_again_until_it_has_passed(server, fault):
    text = f"pass !{fault}*2"
    reply = talk(server, lambda e: e.chat(question(text, sampling=Sampling(max_tokens=50))))
    assert (reply.text, reply.retries) == (text, 2)
    assert asked(server, text) == [fault, fault, None]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("429", "rate_limit"),
        ("500", "server"),
        ("504", "server"),
        ("408", "timeout"),
        ("drop", "connection"),
        ("reset", "connection"),
        ("truncated", "malformed"),
        ("html", "malformed"),
        ("no_choices", "malformed"),
        ("no_message", "malformed"),
    ],
)
def test_what_does_not_pass_is_told_after_every_retry(server, fault, told):
    text = f"last !{fault}"
    with pytest.raises(EngineError) as error:
        talk(server, lambda e: e.chat(question(text)), retries=3)
    assert (error.value.fault, error.value.retries) == (told, 3)
    assert told in FAULTS
    assert asked(server, text) == [fault] * 4


def test_503_of_one_request_while_others_are_answered(server):
    async def work(engine):
        task = asyncio.create_task(engine.chat(question("only me !503")))
        while not task.done():
            await engine.chat(question("others"))
        with pytest.raises(EngineError) as error:
            await task
        return error.value

    error = talk(server, work, retries=2)
    assert (error.fault, error.retries) == ("server", 2)


@pytest.mark.parametrize("fault", ["502", "503", "error_200", "hang"])
def test_a_request_that_fails_alone_is_told_from_a_server_that_is_gone_by_asking(server, fault):
    text = f"alone !{fault}"
    before = len(asked(server, "Say hello."))
    with pytest.raises(EngineError) as error:
        talk(server, lambda e: e.chat(question(text)), retries=2, timeout_s=0.3)
    # A server that was not ready may be so a moment later: the request gets one more chance.
    tries = 3 if fault == "hang" else 4
    assert error.value.retries == tries - 1 and len(asked(server, text)) == tries
    assert asked(server, "Say hello.")[before:] == [None]


@pytest.mark.parametrize("fault", ["500", "503", "html", "drop"])
def test_a_server_that_only_fails_ends_the_run_and_no_request_is_called_failed(fault):
    with scripted_server(faults={fault: 1.0}) as server:

        async def work(engine):
            return await asyncio.gather(
                *(engine.chat(question(str(i))) for i in range(40)), return_exceptions=True
            )

        patience = Patience(base_s=0.005, cap_s=0.02, fault_s=0.5)
        results = talk(server, work, patience, retries=1)
    assert {type(r) for r in results} == {EngineDown}
    assert all("\n" not in str(r) for r in results)


@pytest.mark.parametrize("fault", ["hang", "stall", "drip"])
def test_the_time_limit_covers_the_whole_reply(server, fault):
    text = f"slow !{fault}"
    began = time.monotonic()
    with pytest.raises(EngineError) as error:
        talk(server, lambda e: e.chat(question(text)), retries=1, timeout_s=0.4)
    assert error.value.fault == "timeout" and "0.4 s" in error.value.detail
    assert time.monotonic() - began < 15  # the server would have taken 30
    assert talk(server, lambda e: e.chat(question(f"once !{fault}*1")), timeout_s=0.4).retries == 1


@pytest.mark.parametrize("fault", ["400", "422"])
def test_what_cannot_succeed_is_asked_once(server, fault):
    text = f"never !{fault}"
    with pytest.raises(EngineError) as error:
        talk(server, lambda e: e.chat(question(text)))
    assert error.value.fault == "rejected" and f"scripted fault {fault}" in error.value.detail
    assert asked(server, text) == [fault]


def test_what_does_not_fit_the_context_is_told_and_asked_once(server):
    text = "word " * 3000
    with pytest.raises(EngineError) as error:
        talk(server, lambda e: e.chat(question(text, sampling=Sampling(max_tokens=50))))
    assert error.value.fault == "too_long" and "3000" in error.value.detail
    assert len(asked(server, text)) == 1


@pytest.mark.parametrize(
    ("fault", "finish", "text"),
    [
        ("cut", "length", None),
        ("filtered", "content_filter", "say !filtered"),
        ("refusal", "content_filter", "I cannot help with that."),
        ("tool_calls", "other", ""),
        ("empty", "stop", ""),
        ("null", "stop", ""),
        ("content_type", "stop", "say !content_type"),
        ("wrong_schema", "stop", '{"unexpected": [1, 2, 3]}'),
        ("not_json", "stop", None),
        ("wrong_language", "stop", None),
    ],
)
def test_odd_replies_are_passed_on_as_they_are(server, fault, finish, text):
    reply = talk(server, lambda e: e.chat(question(f"say !{fault}", sampling=Sampling(max_tokens=50))))
    assert (reply.finish, reply.retries) == (finish, 0)
    assert text is None or reply.text == text


def test_a_reply_at_its_token_limit_is_told_as_cut(server):
    reply = talk(server, lambda e: e.chat(question("a b c d e f", sampling=Sampling(max_tokens=2))))
    assert (reply.text, reply.finish) == ("a b", "length")


def test_the_wait_that_the_server_asks_for_is_kept():
    with scripted_server(named=True, retry_after="0.7") as server:
        began = time.monotonic()
        reply = talk(server, lambda e: e.chat(question("wait !429*1")))
        assert reply.retries == 1 and time.monotonic() - began >= 0.7
        first, second = server.requests()
        assert second.at - first.at >= 0.7


def test_the_wait_is_bounded():
    with scripted_server(named=True, retry_after="800") as server:
        patience = Patience(base_s=0.005, retry_after_cap_s=0.1)
        assert talk(server, lambda e: e.chat(question("wait !429*1")), patience).retries == 1


def test_a_used_up_limit_ends_the_run_with_when_to_come_back():
    with (
        scripted_server(named=True, retry_after="7200") as server,
        pytest.raises(EngineDown, match=r"in 2\.0 h"),
    ):
        talk(server, lambda e: e.chat(question("wait !429")))


# --- no request can succeed


def test_a_missing_key_and_a_wrong_key(monkeypatch):
    monkeypatch.delenv("TEST_KEY", raising=False)
    with scripted_server(key="sk-the-right-one") as server:
        with pytest.raises(EngineDown, match=r"wants a key.*set TEST_KEY") as down:
            talk(server, lambda e: e.chat(question("x")), api_key_env="TEST_KEY")
        assert "\n" not in str(down.value)
        monkeypatch.setenv("TEST_KEY", "sk-the-wrong-one")
        with pytest.raises(EngineDown, match="refuses the key in TEST_KEY"):
            talk(server, lambda e: e.chat(question("x")), api_key_env="TEST_KEY")
        monkeypatch.setenv("TEST_KEY", "sk-the-right-one")
        assert talk(server, lambda e: e.chat(question("x")), api_key_env="TEST_KEY").text == "x"


def test_keys_appear_nowhere(monkeypatch, caplog):
    key = "sk-very-secret-0123456789"
    monkeypatch.setenv("TEST_KEY", key)
    caplog.set_level(logging.DEBUG)
    with scripted_server(key="another") as server:  # its message repeats the key it was given
        with pytest.raises(EngineDown) as down:
            talk(server, lambda e: e.chat(question("x")), api_key_env="TEST_KEY")
        engine = OpenAIEngine(settings(server, api_key_env="TEST_KEY"))
        shown = [repr(engine), str(engine), str(down.value), repr(down.value), caplog.text]
        shown.append(repr(down.value.__context__))
        asyncio.run(engine.close())
    assert "[key]" in str(down.value)
    assert not any(key in text for text in shown)


def test_another_servers_key_is_not_sent(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-server")
    monkeypatch.delenv("TEST_KEY", raising=False)
    with scripted_server(key="none-of-yours") as server, pytest.raises(EngineDown) as down:
        talk(server, lambda e: e.chat(question("x")), api_key_env="TEST_KEY")
    assert "provided: ." in str(down.value)  # the server saw no key at all


def test_403_is_about_the_key_until_others_were_answered(server):
    with pytest.raises(EngineDown, match="403"):
        talk(server, lambda e: e.chat(question("no !403")))

    async def work(engine):
        await engine.chat(question("fine"))
        with pytest.raises(EngineError) as error:
            await engine.chat(question("no !403"))
        await engine.chat(question("fine again"))
        return error.value

    assert talk(server, work).fault == "rejected"


def test_an_unknown_model_is_told_with_those_that_are_known():
    with scripted_server(models=["small", "large"]) as server:
        with pytest.raises(EngineDown, match=r"no model 'scripted'.*--model.*small, large"):
            talk(server, lambda e: e.chat(question("x")))
        assert len(server.requests()) == 1


def test_a_wrong_path_is_told(server):
    async def main():
        engine = OpenAIEngine(LLMSettings(base_url=f"http://127.0.0.1:{server.port}", model="scripted"))
        try:
            await engine.chat(question("x"))
        finally:
            await engine.close()

    with pytest.raises(EngineDown, match=r"no chat API.*/v1"):
        asyncio.run(main())


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def test_nobody_there_ends_all_requests_with_one_line():
    async def main():
        engine = OpenAIEngine(
            LLMSettings(base_url=f"http://127.0.0.1:{free_port()}/v1", model="m", retries=1),
            Patience(base_s=0.02, cap_s=0.05, failures=5, start_s=0.3),
        )
        results = await asyncio.gather(
            *(engine.chat(question(str(i))) for i in range(100)), return_exceptions=True
        )
        await engine.close()
        return results

    results = asyncio.run(main())
    # Not one request is called failed: with two tries each, some would have been long before.
    assert {type(r) for r in results} == {EngineDown}
    assert len({str(r) for r in results}) == 1
    assert "no server answers at http://127.0.0.1:" in str(results[0]) and "start it" in str(results[0])


def test_a_server_that_restarts_costs_no_reply():
    with scripted_server(latency_s=0.02) as server:

        async def work(engine):
            numbers = iter(range(300))
            replies: list[Reply] = []

            async def worker():
                for number in numbers:
                    replies.append(await engine.chat(question(f"number {number}")))

            async def restart():
                while len(replies) < 60:
                    await asyncio.sleep(0.005)
                await asyncio.to_thread(server.stop)
                await asyncio.sleep(0.3)
                await asyncio.to_thread(server.start)

            await asyncio.gather(restart(), *(worker() for _ in range(16)))
            return replies

        patience = Patience(base_s=0.02, cap_s=0.2, start_s=3600, lost_s=3600)
        replies = talk(server, work, patience, retries=2)
        assert sorted(r.text for r in replies) == sorted(f"number {n}" for n in range(300))


def test_a_server_that_refuses_everything_ends_the_run():
    with scripted_server(faults={"400": 1.0}) as server:

        async def work(engine):
            return await asyncio.gather(
                *(engine.chat(question(str(i))) for i in range(200)), return_exceptions=True
            )

        results = talk(server, work, Patience(refused=12), concurrency=4)
        down = [r for r in results if isinstance(r, EngineDown)]
        assert len(down) > 180 and "refuses every request; it says: 400: scripted fault" in str(down[0])
        assert len(server.requests()) < 20


# --- load


def test_a_storm_of_faults_costs_no_reply_and_no_work_twice():
    faults = {
        "429": 0.12,
        "500": 0.05,
        "503": 0.05,
        "reset": 0.03,
        "drop": 0.03,
        "truncated": 0.03,
        "html": 0.02,
    }
    with scripted_server(faults=faults, seed=3) as server:

        async def work(engine):
            numbers = iter(range(400))
            replies: list[Reply] = []

            async def worker():
                for number in numbers:
                    replies.append(await engine.chat(question(f"number {number}")))

            await asyncio.gather(*(worker() for _ in range(64)))
            return replies, engine.retried

        replies, retried = talk(server, work, retries=20)
        assert sorted(r.text for r in replies) == sorted(f"number {n}" for n in range(400))
        seen = server.requests()
        assert set(server.finished().values()) == {1} and len(server.finished()) == 400
        assert sum(r.retries for r in replies) == sum(retried.values()) == len(seen) - 400 > 80


def test_an_overloaded_server_is_relieved_until_all_is_done():
    with scripted_server(capacity=6, latency_s=0.01) as server:

        async def work(engine):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(engine.chat(question(f"n {i}"))) for i in range(500)]
            return [t.result().text for t in tasks], engine.limit

        texts, limit = talk(server, work, concurrency=128, retries=20)
        assert texts == [f"n {i}" for i in range(500)]
        assert limit.cuts >= 2 and limit.limit < 24 and limit.in_flight == 0
        late = server.requests()[-300:]
        assert sum(r.fault == "429" for r in late) < 100


def test_no_more_in_flight_than_allowed():
    with scripted_server(latency_s=0.02) as server:

        async def work(engine):
            await asyncio.gather(*(engine.chat(question(f"n {i}")) for i in range(60)))

        talk(server, work, concurrency=7)
        assert max(r.busy for r in server.requests()) == 7


# --- ends


def sockets_to(port: int) -> int:
    """Return how many TCP sockets of this process are connected to a port (Linux)."""
    mine = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            mine.add(str(entry.readlink()))
        except OSError:
            continue
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(r[2].rpartition(":")[2], 16) == port and f"socket:[{r[9]}]" in mine for r in rows)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="counts sockets by /proc")
def test_cancelling_and_closing_leave_no_socket():
    with scripted_server(named=True, hang_s=30) as server:

        async def main():
            engine = OpenAIEngine(settings(server, concurrency=16))
            await asyncio.gather(*(engine.chat(question(f"n {i}")) for i in range(32)))
            tasks = [asyncio.create_task(engine.chat(question(f"hang {i} !hang"))) for i in range(12)]
            tasks += [asyncio.create_task(engine.chat(question(f"stall {i} !stall"))) for i in range(12)]
            while sum(r.fault is None for r in server.requests()) < 32 or engine.limit.in_flight < 16:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert sockets_to(server.port) >= 16
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(e, asyncio.CancelledError) for e in ended)
            assert engine.limit.in_flight == 0
            assert (await engine.chat(question("still well"))).text == "still well"
            await engine.close()
            await engine.close()
            with pytest.raises(EngineError, match="closed"):
                await engine.chat(question("too late"))
            await asyncio.sleep(0.05)
            return sockets_to(server.port)

        assert asyncio.run(main()) == 0


# --- structured replies


@pytest.mark.parametrize(
    ("support", "mode"), [("honour", "schema"), ("ignore", "prompt"), ("reject", "prompt")]
)
def test_schema_support_is_found_by_asking_once(support, mode):
    with scripted_server(schema=support) as server:

        async def work(engine):
            assert engine.structured is None
            await engine.chat(question("plain"))
            assert engine.structured is None  # not asked before it is needed
            await asyncio.gather(*(engine.chat(question(f"n {i}", schema=SCHEMA)) for i in range(20)))
            return engine.structured

        assert talk(server, work) == mode
        bodies = [r.body for r in server.requests()]
        tests = [b for b in bodies if "token" in json.dumps(b.get("response_format", {}))]
        assert len(bodies) == 22 and len(tests) == 1
        asked = [b for b in bodies if b not in tests and b["messages"][-1]["content"] != "plain"]
        assert len(asked) == 20
        for body in asked:
            assert ("response_format" in body) == (mode == "schema")
            assert ("JSON schema" in body["messages"][0]["content"]) == (mode == "prompt")
            assert "maxLength" not in json.dumps(body)


@pytest.mark.parametrize("mode", ["schema", "prompt"])
def test_the_mode_may_be_set(mode):
    with scripted_server(schema="honour") as server:
        talk(server, lambda e: e.chat(question("x", schema=SCHEMA)), structured=mode)
        (only,) = server.requests()
        assert ("response_format" in only.body) == (mode == "schema")


def test_a_fault_while_support_is_tested_is_no_verdict():
    with scripted_server(schema="honour", opening=["500", "reset", None]) as server:

        async def work(engine):
            await engine.chat(question("x", schema=SCHEMA))
            return engine.structured

        assert talk(server, work) == "schema"


def test_a_schema_beyond_the_servers_support_is_asked_for_in_the_prompt(llama_server):
    """llama.cpp refuses a type that it does not know; its answer to everything else stays constrained."""

    async def main():
        engine = OpenAIEngine(LLMSettings(base_url=llama_server, model="m"), HASTY)
        strange = {"type": "object", "properties": {"a": {"type": "strange"}}, "required": ["a"]}
        try:
            reply = await engine.chat(question("x", schema=strange, sampling=Sampling(max_tokens=16)))
            small = {"type": "object", "properties": {"a": {"enum": ["yes"]}}, "required": ["a"]}
            constrained = await engine.chat(question("x", schema=small, sampling=Sampling(max_tokens=64)))
            return reply, constrained, engine.structured
        finally:
            await engine.close()

    reply, constrained, mode = asyncio.run(main())
    assert reply.completion_tokens and mode == "schema"
    assert json.loads(constrained.text) == {"a": "yes"}


# --- settings


def test_what_is_missing_is_told():
    with pytest.raises(UserError, match=r"no model is named; give --model"):
        open_engine(LLMSettings(base_url="http://127.0.0.1:1/v1"))


def test_no_server_named(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(UserError, match="no server is named"):
        open_engine(LLMSettings(model="m"))


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "127.0.0.1:8000", "ftp://host/v1", "http://", "http://h:x/v1"]
)
def test_what_is_no_address_is_told(url):
    with pytest.raises(UserError, match=r"no address of a server; one looks like http://"):
        open_engine(LLMSettings(model="m", base_url=url))


@pytest.mark.parametrize("key", ["sk-secret\n", "sk-sécret", "sk secret\x00"])
def test_what_cannot_be_a_key_is_told_without_repeating_it(monkeypatch, key):
    settings = LLMSettings(model="m", base_url="http://127.0.0.1:1/v1", api_key_env="TEST_KEY")
    monkeypatch.setattr(LLMSettings, "api_key", lambda self: key)
    with pytest.raises(UserError, match="TEST_KEY cannot be a key") as error:
        open_engine(settings)
    assert "cret" not in str(error.value)


def test_a_prompt_that_cannot_be_sent_ends_no_run(server):
    async def work(engine):
        with pytest.raises(EngineError) as error:
            await engine.chat(question("half \ud83d of it"))
        return error.value, await engine.chat(question("whole"))

    error, reply = talk(server, work)
    assert (error.fault, reply.text) == ("rejected", "whole")


def test_missing_packages_are_told_with_the_command_that_brings_them(monkeypatch):
    import medsynth.llm.engines as engines

    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    for name in ("openai", "vllm"):
        with pytest.raises(UserError, match=rf"pip install 'medsynth\[{name}\]'"):
            open_engine(LLMSettings(engine=name, model="m", base_url="http://x"))


def no_max_tokens(body: dict) -> str | Answer:
    if "max_tokens" in body:
        message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        return Answer(None, status=400, error={"message": message, "param": "max_tokens"})
    return "x"


def test_newer_models_are_given_the_limit_by_its_new_name():
    with scripted_server(no_max_tokens) as server:
        engine_reply = talk(server, lambda e: e.chat(question("x", sampling=Sampling(max_tokens=40))))
        assert engine_reply.text == "x"
        assert [("max_tokens" in r.body, r.body.get("max_completion_tokens")) for r in server.requests()] == [
            (True, None),
            (False, 40),
        ]

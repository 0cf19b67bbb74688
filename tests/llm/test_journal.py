"""The journal, the budget and the session that uses both: nothing paid twice, nothing parsed that is not whole."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from medsynth.errors import UserError
from medsynth.llm.base import ChatRequest, EngineError, Message, Reply, Sampling
from medsynth.llm.budget import Budget, BudgetReached, cost_of
from medsynth.llm.journal import Journal
from medsynth.llm.session import NoAnswer, Session, parse
from medsynth.llm.settings import BudgetSettings, LLMOverride, LLMSettings, Price
from medsynth.run.files import copy_database


class Verdict(BaseModel):
    ok: bool
    why: str


GOOD = json.dumps({"ok": True, "why": "fine"})
ASK = (Message("system", "judge"), Message("user", "text"))


class Engine:
    """Answers by a function of the request; counts what it was asked."""

    name, model = "scripted", "tiny"

    def __init__(self, answer: Callable[[ChatRequest, int], Reply]) -> None:
        self.answer, self.asked = answer, []

    async def chat(self, request: ChatRequest) -> Reply:
        self.asked.append(request)
        await asyncio.sleep(0)
        return self.answer(request, len(self.asked))

    async def close(self) -> None:
        pass


def reply(
    text: str = GOOD, finish: str = "stop", prompt: int | None = 10, completion: int | None = 5
) -> Reply:
    return Reply(text, finish, "tiny", prompt, completion, 0.5, 0)


def ask(session: Session, record: str = "r1", opinion: int = 0):
    return asyncio.run(session.ask(ASK, Verdict, record, opinion=opinion))


def session(
    engine: Engine, journal: Journal | None = None, budget: Budget | None = None, **settings
) -> Session:
    return Session("filter", engine, LLMSettings(model="tiny", **settings), journal, budget, seed=3)


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def test_a_finished_reply_is_not_asked_for_again(tmp_path):
    engine = Engine(lambda request, n: reply())
    for _ in range(2):
        journal = Journal(tmp_path / "journal.sqlite")
        assert ask(session(engine, journal)).value == Verdict(ok=True, why="fine")
        journal.close()
    assert len(engine.asked) == 1


@pytest.mark.parametrize(
    "change",
    [{"temperature": 0.1}, {"max_tokens": 64}, {"top_p": 0.5}],
    ids=lambda change: next(iter(change)),
)
def test_other_sampling_is_another_request(journal, change):
    engine = Engine(lambda request, n: reply())
    ask(session(engine, journal))
    ask(session(engine, journal, **change))
    assert len(engine.asked) == 2


def test_other_server_same_request(journal):
    engine = Engine(lambda request, n: reply())
    ask(session(engine, journal, base_url="http://127.0.0.1:1/v1"))
    ask(session(engine, journal, base_url="http://127.0.0.1:2/v1", concurrency=3, timeout_s=9))
    assert len(engine.asked) == 1


def test_opinions_and_records_have_replies_of_their_own(journal):
    engine = Engine(lambda request, n: reply())
    talk = session(engine, journal)
    for record, opinion in (("r1", 0), ("r1", 1), ("r2", 0)):
        ask(talk, record, opinion)
    assert len({r.key("tiny") for r in engine.asked}) == 3
    assert len({r.sampling.seed for r in engine.asked}) == 3


def test_a_cut_reply_is_asked_for_with_more_room_and_never_parsed(journal):
    engine = Engine(lambda request, n: reply(GOOD, "length" if n < 3 else "stop"))
    assert ask(session(engine, journal, max_tokens=100)).attempts == 1
    assert [r.sampling.max_tokens for r in engine.asked] == [100, 200, 400]
    assert journal.usage()[0].cut == 2


def test_a_reply_that_stays_cut_is_no_answer(journal):
    engine = Engine(lambda request, n: reply(GOOD, "length"))
    with pytest.raises(NoAnswer) as caught:
        ask(session(engine, journal))
    assert caught.value.trouble == "cut" and not caught.value.transient
    assert len(engine.asked) == 3


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("", "empty"),
        ("Sure! " + GOOD, "not_json"),
        (GOOD + GOOD, "not_json"),
        (GOOD[:-1], "not_json"),
        ('{"ok": NaN, "why": ""}', "not_json"),
        ("[" * 100_000, "not_json"),
        ('{"ok": true}', "wrong_schema"),
        ('["ok"]', "wrong_schema"),
        ('{"ok": "perhaps", "why": "x"}', "wrong_schema"),
    ],
)
def test_bad_replies_are_asked_for_again_with_what_was_wrong(text, trouble):
    engine = Engine(lambda request, n: reply(text if n < 3 else GOOD))
    answer = ask(session(engine, tries=3))
    assert answer.attempts == 3
    first, second, _ = engine.asked
    assert second.messages[:-1] == first.messages and "could not be used" in second.messages[-1].content
    assert second.sampling.seed != first.sampling.seed
    with pytest.raises(NoAnswer) as caught:
        parse(text, Verdict)
    assert caught.value.trouble == trouble


def test_a_fence_is_taken_off():
    assert parse(f"```json\n{GOOD}\n```", Verdict).ok


@given(st.text())
def test_any_text_is_an_answer_or_no_answer(text):
    try:
        parse(text, Verdict)
    except NoAnswer as error:
        assert error.trouble in ("empty", "not_json", "wrong_schema")


def test_filtered_and_faulty_requests_are_told_apart(journal):
    def fail(request: ChatRequest, n: int) -> Reply:
        raise EngineError("server", "500", retries=6)

    with pytest.raises(NoAnswer) as caught:
        ask(session(Engine(fail), journal))
    assert caught.value.trouble == "server" and caught.value.transient
    with pytest.raises(NoAnswer) as caught:
        ask(session(Engine(lambda request, n: reply("", "content_filter")), journal))
    assert caught.value.trouble == "filtered" and not caught.value.transient
    usage = journal.usage()[0]
    assert (usage.failed, usage.faults, usage.retries) == (1, (("server", 1),), 6)


def test_usage_is_summed_by_stage_and_model_and_unknown_stays_unknown(journal):
    told = Engine(lambda request, n: reply(prompt=100, completion=20))
    for record in ("a", "b"):
        ask(session(told, journal), record)
    usage = journal.usage()[0]
    assert (usage.replies, usage.prompt_tokens, usage.completion_tokens, usage.untold) == (2, 200, 40, 0)
    prices = {"tiny": Price(input=2.0, output=10.0)}
    assert cost_of(usage, prices) == pytest.approx((200 * 2 + 40 * 10) / 1e6)
    assert cost_of(usage, {}) is None
    ask(session(Engine(lambda request, n: reply(prompt=None, completion=None)), journal), "c")
    assert journal.usage()[0].untold == 1
    assert cost_of(journal.usage()[0], prices) is None


def test_superseded_replies_are_asked_for_anew_but_stay_counted(journal):
    engine = Engine(lambda request, n: reply())
    ask(session(engine, journal))
    assert journal.supersede("rewrite") == 0
    assert journal.supersede("filter") == 1
    ask(session(engine, journal))
    assert len(engine.asked) == 2
    assert journal.usage()[0].replies == 2


def test_a_budget_of_tokens_is_never_exceeded(journal):
    limit = 3000
    engine = Engine(lambda request, n: reply(prompt=40, completion=request.sampling.max_tokens))
    settings = LLMSettings(model="tiny", max_tokens=200)
    budget = Budget(BudgetSettings(tokens=limit), settings, journal)
    talk = Session("filter", engine, settings, journal, budget)

    async def many() -> int:
        results = await asyncio.gather(
            *(talk.ask(ASK, Verdict, f"r{i}") for i in range(50)), return_exceptions=True
        )
        assert all(isinstance(r, BudgetReached) for r in results if isinstance(r, BaseException))
        return sum(isinstance(r, BudgetReached) for r in results)

    assert asyncio.run(many()) > 0
    spent = journal.usage()[0].tokens
    assert 0 < spent <= limit
    # What is in the journal is free, and a new process knows what was spent.
    again = Budget(BudgetSettings(tokens=spent), settings, journal)
    free = Session("filter", engine, settings, journal, again)
    assert asyncio.run(free.ask(ASK, Verdict, "r0")).value.ok
    with pytest.raises(BudgetReached, match="the same command goes on"):
        asyncio.run(free.ask(ASK, Verdict, "r49"))


def test_money_and_hours(journal):
    settings = LLMSettings(model="tiny", max_tokens=100, prices={"tiny": Price(input=1, output=1000)})
    engine = Engine(lambda request, n: reply(completion=100))
    budget = Budget(BudgetSettings(cost=0.25), settings, journal)
    talk = Session("filter", engine, settings, journal, budget)
    assert ask(talk, "a").value.ok and ask(talk, "b").value.ok
    with pytest.raises(BudgetReached):
        ask(talk, "c")
    with pytest.raises(UserError, match=r"llm\.prices"):
        Budget(BudgetSettings(cost=1.0), LLMSettings(model="other"), journal)
    with pytest.raises(BudgetReached, match="hours"):
        ask(
            Session(
                "filter", engine, settings, journal, Budget(BudgetSettings(hours=1e-9), settings, journal)
            ),
            "d",
        )


def test_a_damaged_journal_is_told_plainly(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(UserError, match="move it away"):
        Journal(path)


def test_a_status_can_be_read_while_replies_are_written(journal, tmp_path):
    engine = Engine(lambda request, n: reply())
    ask(session(engine, journal))
    seen = []

    def look() -> None:
        other = Journal(journal.path)
        seen.extend(other.usage())
        other.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen[0].replies == 1


def test_replies_outlive_a_killed_process(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
from medsynth.llm.base import *
from medsynth.llm.journal import Journal
journal = Journal(Path({str(tmp_path / "journal.sqlite")!r}))
for i in range(100):
    request = ChatRequest((Message("user", str(i)),), stage="filter")
    journal.put(request.key("tiny"), request, "tiny", Reply("x", "stop"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ}, cwd=Path(__file__).parents[2])
    assert done.returncode == -signal.SIGKILL
    journal = Journal(tmp_path / "journal.sqlite")
    assert journal.usage()[0].replies == 100
    request = ChatRequest((Message("user", "99"),), stage="filter")
    assert journal.get(request.key("tiny")) is not None
    copy_database(tmp_path / "journal.sqlite", tmp_path / "copy.sqlite")
    journal.close()
    copy = Journal(tmp_path / "copy.sqlite")
    assert copy.usage()[0].replies == 100
    copy.close()


def test_text_that_is_no_unicode_is_kept(journal):
    request = ChatRequest((Message("user", "\ud800"),), Sampling(), stage="filter")
    journal.put(request.key("tiny"), request, "tiny", Reply("a\ud800b", "stop"))
    kept = journal.get(request.key("tiny"))
    assert kept is not None and kept.text == "a?b"


def test_an_override_changes_what_it_names():
    llm = LLMOverride(model="small", temperature=0.0).over(LLMSettings(model="big", concurrency=7))
    assert (llm.model, llm.temperature, llm.concurrency) == ("small", 0.0, 7)

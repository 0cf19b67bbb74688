"""Stages that ask a chat model: full across shards, nothing asked twice, every record in its place."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from medsynth.config import PipelineConfig
from medsynth.errors import UserError
from medsynth.llm.settings import BudgetSettings, LLMSettings
from medsynth.run.executor import Plan, execute
from medsynth.run.ledger import build_ledger
from medsynth.run.shards import Shard
from medsynth.run.tasks import StageSpec
from medsynth.run.workspace import Workspace, derive_run, engine_usage, open_run, prepare_run
from tests.llm.server import Server, scripted_server
from tests.run.support import InlinePool, contents, kill_after, quiet, write_rows
from tests.run.toy import ToySettings
from tests.run.toy_llm import ToyLLMSettings, opine

STAGES = ("ToyStage", "ToyLLMStage", "SecondToy")
PLACE = "tests.run.toy_llm:ToyLLMStage"


def asking_run(
    folder: Path,
    source: Path,
    base_url: str,
    *,
    shard_size: int = 4,
    concurrency: int = 8,
    budget: BudgetSettings | None = None,
    twist: str = "",
    retry_failed: bool = False,
    refresh: bool = False,
    place: str = PLACE,
    **llm: object,
) -> tuple[Workspace, list[Shard]]:
    config = PipelineConfig.model_validate(
        {
            "name": "asking",
            "sources": [{"path": str(source), "reader": "generic", "licence": "CC0-1.0", "lang": "en"}],
            "run": {"shard_size": shard_size},
            "llm": {"model": "scripted", "base_url": base_url, "concurrency": concurrency, "max_tokens": 64}
            | llm,
            "budget": (budget or BudgetSettings()).model_dump(),
        }
    )
    workspace = prepare_run(folder, config, folder)
    if retry_failed or refresh:
        workspace.look_again("toyllmstage", forget=refresh)
        workspace.look_again("asking", forget=refresh)
    return workspace, carry_out(workspace, twist, place)


def carry_out(workspace: Workspace, twist: str = "", place: str = PLACE) -> list[Shard]:
    specs = []
    for name in STAGES:
        asks = name == "ToyLLMStage"
        own = ToyLLMSettings(twist=twist) if asks else ToySettings()
        target = place if asks else f"tests.run.toy:{name}"
        spec = StageSpec(target, own.model_dump_json(), workspace.context)
        specs.append(("asking" if asks else name, spec))
    return execute(workspace, Plan(tuple(specs)), quiet(), pool=InlinePool())


@pytest.fixture(scope="module")
def server():
    with scripted_server(opine) as server:
        yield server


@pytest.fixture
def source(tmp_path):
    fates = ["asking=reject", "asking=raise", "toy=reject", "second=reject"]
    return write_rows(
        tmp_path / "rows.jsonl",
        [f"{tmp_path.name} question {i} {fates[i] if i < len(fates) else ''}" for i in range(26)],
    )


def asked(server: Server, about: Path) -> Counter[str]:
    """Return how often each request about these rows was answered whole (not the engine's test of schemas)."""
    name = about.parent.name
    return Counter(a.key for a in server.requests() if a.finished and name in json.dumps(a.body["messages"]))


def test_every_record_ends_in_its_place(server, source, tmp_path):
    workspace, shards = asking_run(tmp_path / "run", source, server.base_url)
    ledger = build_ledger(workspace)
    ends = Counter(zip(ledger["outcome"], ledger["stage"], ledger["reason"], strict=True))
    assert ends == {
        ("kept", "SecondToy", ""): 22,
        ("rejected", "asking", "unsound"): 1,
        ("failed", "asking", "ValueError"): 1,
        ("rejected", "ToyStage", "too_short"): 1,
        ("rejected", "SecondToy", "too_short"): 1,
    }
    assert len(shards) == 7
    # 25 first questions less the one that raised, and 23 second ones.
    assert sum(asked(server, source).values()) == 24 + 23
    usage = engine_usage(workspace)
    assert [(u.stage, u.replies, u.untold) for u in usage] == [("asking", 47, 0)]


def test_concurrency_and_shard_size_do_not_change_the_bytes(server, source, tmp_path):
    _, first = asking_run(tmp_path / "a", source, server.base_url, concurrency=1)
    _, second = asking_run(tmp_path / "b", source, server.base_url, concurrency=16)
    assert contents(first) == contents(second)


def test_the_engine_is_full_across_shards(tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", [f"question {i}" for i in range(48)])
    with scripted_server(opine, latency_s=0.05) as server:
        asking_run(tmp_path / "run", source, server.base_url, shard_size=2, concurrency=12)
        busy = [a.busy for a in server.requests()]
    assert max(busy) == 12, "six shards of two records are under way at a time"


def test_again_asks_nothing(server, source, tmp_path):
    _, first = asking_run(tmp_path / "run", source, server.base_url)
    before = asked(server, source)
    _, second = asking_run(tmp_path / "run", source, server.base_url)
    assert contents(first) == contents(second)
    assert asked(server, source) == before


def test_other_settings_ask_only_what_is_new(server, source, tmp_path):
    workspace, _ = asking_run(tmp_path / "run", source, server.base_url)
    before = asked(server, source)
    # Another server address and less in flight: nothing is asked. Other questions: all of them.
    asking_run(tmp_path / "run", source, server.base_url.replace("127.0.0.1", "localhost"), concurrency=3)
    assert asked(server, source) == before
    half_made = tmp_path / "derived" / ".derived" / "stages" / "ask"  # as a kill leaves it
    half_made.mkdir(parents=True)
    (half_made / "half").touch()
    other = derive_run(workspace, tmp_path / "derived", workspace.config)
    carry_out(other)
    assert asked(server, source) == before, "a run that starts from another one has its replies"
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "thesis.tex").touch()
    with pytest.raises(UserError, match="not empty and not a run"):
        derive_run(workspace, tmp_path / "strange", workspace.config)
    assert [p.name for p in (tmp_path / "strange").iterdir()] == ["thesis.tex"]
    asking_run(tmp_path / "run", source, server.base_url, twist=" please")
    assert sum(asked(server, source).values()) == 2 * sum(before.values())


def test_refresh_asks_again_and_counts_both(server, source, tmp_path):
    _, shards = asking_run(tmp_path / "run", source, server.base_url)
    first, before = contents(shards), asked(server, source)
    workspace, second = asking_run(tmp_path / "run", source, server.base_url, refresh=True)
    assert asked(server, source) == Counter({key: 2 * n for key, n in before.items()})
    assert first == contents(second)
    assert engine_usage(workspace)[0].replies == 2 * sum(before.values())


@pytest.mark.parametrize("commits", [2, 5])
def test_killed_and_resumed_it_pays_for_nothing_twice(tmp_path, commits):
    source = write_rows(tmp_path / "rows.jsonl", [f"{tmp_path.name} question {i}" for i in range(60)])
    with scripted_server(opine, latency_s=0.01) as server:
        command = [
            sys.executable,
            "-m",
            "tests.run.kill_llm_target",
            str(tmp_path / "run"),
            str(source),
            server.base_url,
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert kill_after(process, tmp_path / "run", commits + 30, 0.03), "it was done before it was killed"
        answered = sum(asked(server, source).values())
        finished = subprocess.run(command, capture_output=True, text=True, check=True)
        counts = asked(server, source)
    assert 0 < answered < 120
    assert len(counts) == 120
    # A reply that was on its way when the process died is the only one that may come twice.
    twice = [n for n in counts.values() if n > 1]
    assert max(counts.values()) <= 2 and len(twice) <= 4, counts.most_common(6)
    with scripted_server(opine) as other:
        _, shards = asking_run(tmp_path / "whole", source, other.base_url, concurrency=4)
    assert finished.stdout.split() == contents(shards)


def test_faults_of_the_server_end_in_the_ledger_and_can_be_tried_again(tmp_path):
    questions = [f"question {i}" + (" !500" if i % 10 == 3 else "") for i in range(30)]
    source = write_rows(tmp_path / "rows.jsonl", questions)
    with scripted_server(opine, named=True) as server:
        workspace, _ = asking_run(tmp_path / "run", source, server.base_url, retries=1)
        ledger = build_ledger(workspace)
        failed = ledger.filter(outcome="failed")
        assert failed["reason"].to_list() == ["engine_server"] * 3
    assert engine_usage(workspace)[0].faults == (("server", 3),)
    with scripted_server(opine) as server:
        again, _ = asking_run(tmp_path / "run", source, server.base_url, retries=1)
        assert not server.requests(), "a failure is a result until somebody asks to try again"
        again, _ = asking_run(tmp_path / "run", source, server.base_url, retries=1, retry_failed=True)
        questions = [a for a in server.requests() if "question" in json.dumps(a.body["messages"])]
        assert len(questions) == 6, "two for each of the three"
    assert set(build_ledger(again)["outcome"]) == {"kept"}


def test_an_engine_that_fails_record_after_record_stops_the_run(server, tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", [f"question {i}" for i in range(120)])
    with pytest.raises(UserError, match=r"failed 50 records in a row .*--retry-failed"):
        asking_run(tmp_path / "run", source, server.base_url, place="tests.run.toy_llm:FailingStage")


def test_no_server_is_one_line(tmp_path, source):
    with pytest.raises(UserError, match=r"127\.0\.0\.1"):
        asking_run(tmp_path / "run", source, "http://127.0.0.1:9/v1", retries=1)
    workspace = open_run(tmp_path / "run")
    assert workspace.state("asking") is None, "no record was failed for it"


def test_a_budget_stops_the_run_and_more_of_it_goes_on(server, source, tmp_path):
    limits = {"source": source, "base_url": server.base_url, "concurrency": 2}
    with pytest.raises(UserError, match="budget"):
        asking_run(tmp_path / "run", budget=BudgetSettings(tokens=600), **limits)
    spent = engine_usage(open_run(tmp_path / "run"))[0].tokens
    assert 0 < spent <= 600
    before = asked(server, source)
    workspace, _ = asking_run(tmp_path / "run", budget=BudgetSettings(tokens=100_000), **limits)
    assert set(asked(server, source).values()) == {1} and before
    assert "asking" in {s.name for s in workspace.stages}


def test_llm_settings_that_change_no_result_are_told_apart():
    base = LLMSettings(model="m")
    same = base.model_copy(update={"base_url": "http://x", "concurrency": 2, "timeout_s": 1.0, "retries": 0})
    assert same.identity_json() == base.identity_json()
    assert base.model_copy(update={"temperature": 0.1}).identity_json() != base.identity_json()

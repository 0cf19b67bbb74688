"""Raw rows to a corpus with a chat model at work: good servers, bad ones, bad doctors, a model without sense.

The stages are the real ones. What a scripted server says of a row is decided beforehand (`tests.llm.fates`), so
the place where each record must end is known.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from medsynth.config import find_pipeline, load_pipeline
from medsynth.llm.settings import LLMSettings
from medsynth.records import RawQA
from medsynth.run.executor import Plan, execute
from medsynth.run.ledger import build_ledger
from medsynth.run.packing import pack_run
from medsynth.run.shards import kept_records
from medsynth.run.start import override
from medsynth.run.workspace import Workspace, engine_usage, open_run, prepare_run
from medsynth.stages.base import Context
from medsynth.stages.llm_rewrite import LLMRewriteStage
from medsynth.stages.rewrite import RewriteSettings
from tests.conftest import ROOT, medsynth
from tests.llm import scripts
from tests.llm.fates import FIRST_ROOM, TABLE, fated, row_key
from tests.llm.server import Server, scripted_server
from tests.run.support import InlinePool, quiet, write_rows
from tests.run.toy_llm import opine

End = tuple[str, str, str]  # outcome, stage, reason

SMALL = {"limit": 6, "run.shard_size": 4, "voice.count": 0, "run.workers": 1}
# Faults on the way: no reply arrives. Another try gets one.
STORM = {"429": 0.04, "500": 0.05, "503": 0.02, "reset": 0.04, "drop": 0.04, "truncated": 0.04, "hang": 0.01}
# Replies that arrive and are no answer.
CONTENT = ("wrong_schema", "not_json", "empty", "cut", "fenced", "refusal", "filtered", "wrong_language")


def run(folder: Path, url: str, **settings: Any) -> Workspace:
    """Carry `pipelines/openai.yaml` out on the shipped rows, the text stages in this process; pack it."""
    workspace = run_to(folder, url, "voice", **settings)
    pack_run(workspace, execute(workspace, Plan.of(workspace, "voice"), quiet(), pool=InlinePool()), quiet())
    return workspace


def run_to(folder: Path, url: str, stage: str, **settings: Any) -> Workspace:
    config, context = load_pipeline(find_pipeline("openai"))
    given = {"llm.model": "scripted", "llm.base_url": url, "llm.concurrency": 8, **SMALL, **settings}
    workspace = prepare_run(folder, override(config, given), context.base)
    execute(workspace, Plan.of(workspace, stage), quiet(), pool=InlinePool())
    return workspace


def command(folder: Path, url: str, *more: object, verb: str = "run") -> list[str]:
    settings = [arg for key, value in SMALL.items() for arg in ("--set", f"{key}={value}")]
    options = [verb, "openai", "--base-url", url, "--model", "scripted", "--out", folder, *settings, *more]
    return [str(option) for option in options]


def ledger_of(workspace: Workspace) -> dict[str, End]:
    """Return (outcome, stage, reason) by id, as packed; every input once."""
    frame = pl.read_parquet(workspace.corpus / "ledger.parquet")
    assert frame["id"].is_unique().all()
    ingested = workspace.state("ingest")
    assert ingested is not None and frame.height == ingested.inputs
    return dict(zip(frame["id"], frame.select("outcome", "stage", "reason").iter_rows(), strict=True))


def records_of(workspace: Workspace, stage: str) -> list[RawQA]:
    """Return what a stage kept."""
    found = [r for path in workspace.shard_paths(stage) for r in kept_records(path)]
    return [r for r in found if isinstance(r, RawQA)]


def adds_up(workspace: Workspace) -> None:
    """Every stage takes what the one before it kept, and loses what its reasons say."""
    for before, after in itertools.pairwise(workspace.stages):
        assert after.inputs == before.kept
        assert after.inputs - after.kept == sum(after.reasons.values())


def about_rows(server: Server) -> list[Any]:
    """Return the requests that concern a row (not the engine's own questions)."""
    return [asked for asked in server.requests() if scripts.task_of(asked.body) != "other"]


def arrived(server: Server) -> Counter[str]:
    """Return how often the reply to each request about a row arrived whole, whatever it said."""
    return Counter(a.key for a in about_rows(server) if a.status == 200 and a.fault in (None, *CONTENT))


# ---------------------------------------------------------------- a good server, by the command line


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, list[Any], list[Any]]]:
    """A run after a pilot, by the command line; what the server was asked by the pilot, and in all."""
    folder = tmp_path_factory.mktemp("good")
    with scripted_server(scripts.good_doctor) as server:
        told = medsynth(*command(folder / "run", server.base_url, "--pilot", 10, verb="plan"), cwd=folder)
        assert "95 % interval" in told.stdout and "medsynth run openai" in told.stdout
        pilot = about_rows(server)
        medsynth(*command(folder / "run", server.base_url), cwd=folder)
        yield open_run(folder / "run"), pilot, about_rows(server)


def test_a_good_model_brings_most_rows_into_a_corpus_that_verifies(good):
    workspace, _, asked = good
    assert medsynth("verify", workspace.path).stdout.splitlines()[-1].endswith("whole")
    adds_up(workspace)
    ends = ledger_of(workspace)
    judged = workspace.state("filter")
    kept = [i for i, end in ends.items() if end[0] == "kept"]
    assert judged is not None and judged.inputs > 20
    assert len(kept) > judged.inputs / 2
    assert not [i for i, end in ends.items() if end[0] == "failed"]
    corpus = pl.concat([pl.read_parquet(p) for p in sorted((workspace.corpus / "data").glob("*.parquet"))])
    assert set(corpus["id"]) == set(kept)
    engines = corpus["provenance"].struct.field("engine").value_counts()
    assert dict(engines.iter_rows()) == {"openai": len(kept)}
    assert {scripts.task_of(a.body) for a in asked} >= {"filter", "rewrite", "profile"}


def test_no_request_of_the_pilot_is_made_again_by_the_run(good):
    workspace, pilot, asked = good
    assert len(pilot) >= 20, "ten records, filtered and rewritten"
    assert len(asked) > len(pilot)
    assert set(Counter(a.key for a in asked).values()) == {1}
    assert sum(usage.replies for usage in engine_usage(workspace)) == len(asked)


# ---------------------------------------------------------------- a bad server


@pytest.fixture
def table(tmp_path, monkeypatch) -> Callable[[Sequence[RawQA], Mapping[str, str]], None]:
    """Tells servers that are started after it what becomes of rows, by id."""

    def write(rows: Sequence[RawQA], fates: Mapping[str, str]) -> None:
        found = {first_words(row): fates[row.id] for row in rows if row.id in fates}
        assert len(found) == len(fates)
        (tmp_path / "fates.json").write_text(json.dumps(found), encoding="utf-8")
        monkeypatch.setenv(TABLE, str(tmp_path / "fates.json"))

    return write


# What every reply to a task is like, and where such a record ends; None where it ends as without faults.
REPLIES: dict[str, End | None] = {
    "rewrite:wrong_schema:once": None,
    "rewrite:not_json:once": None,
    "filter:empty:once": None,
    "rewrite:cut:once": None,
    "rewrite:fenced": None,
    "profile:refusal": None,
    "filter:wrong_schema": ("rejected", "filter", "no_valid_reply"),
    "rewrite:not_json": ("rejected", "rewrite", "no_valid_reply"),
    "rewrite:cut": ("rejected", "rewrite", "no_valid_reply"),
    "filter:refusal": ("rejected", "filter", "no_valid_reply"),
    "rewrite:filtered": ("rejected", "rewrite", "no_valid_reply"),
    "rewrite:wrong_language": ("rejected", "rewrite", "no_valid_reply"),
    "rewrite:too_long": ("rejected", "rewrite", "too_long"),
}
STORMY = {"llm.timeout_s": 4, "llm.retries": 12, "llm.max_tokens": FIRST_ROOM}


@pytest.fixture
def storm(good, table) -> dict[str, str]:
    """Fates for a run in bad weather, by id."""
    before = ledger_of(good[0])
    rows = [row for row in records_of(good[0], "split") if before[row.id][0] == "kept"]
    fates = {row.id: fate for row, fate in zip(rows, REPLIES, strict=False)}
    assert len(fates) == len(REPLIES) < len(rows)
    table(rows, fates)
    return fates


def in_the_right_place(workspace: Workspace, calm: Workspace, fates: Mapping[str, str]) -> None:
    without_faults = ledger_of(calm)
    for i, end in ledger_of(workspace).items():
        told = REPLIES[fates[i]] if i in fates else None
        assert end == (told or without_faults[i]), (i, fates.get(i))


def test_in_bad_weather_every_record_ends_in_its_place_also_when_killed(good, storm, tmp_path):
    with scripted_server(fated, faults=STORM, retry_after="0.05", hang_s=30) as server:
        calm = run(tmp_path / "calm", server.base_url, **STORMY)
        asked, counts = about_rows(server), arrived(server)
    bad = [a for a in asked if a.status != 200 or a.fault]
    assert len(bad) >= 0.25 * len(asked), f"{len(bad)} of {len(asked)} replies were faulty"
    assert set(counts.values()) == {1}, "a reply that arrived was asked for again"
    in_the_right_place(calm, good[0], storm)
    adds_up(calm)

    half = len(asked) // 2
    more = [arg for key, value in STORMY.items() for arg in ("--set", f"{key}={value}")]
    code = "from medsynth.cli import main; main()"
    with scripted_server(
        fated, faults=STORM, retry_after="0.05", hang_s=30, latency_s=0.05, slots=2
    ) as server:
        words = command(tmp_path / "killed", server.base_url, "--concurrency", 8, *more)
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words], cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True
        )
        until(lambda: len(server.requests()) >= half, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        before = sum(arrived(server).values())
        killed = run(tmp_path / "killed", server.base_url, **STORMY)
        again = arrived(server)
    assert 8 <= before < len(again) == len(counts)
    # What was on its way when the process died may come a second time: at most as much as was in flight.
    assert sum(again.values()) - len(again) <= 8 and max(again.values()) <= 2
    assert corpus_bytes(calm) == corpus_bytes(killed)


def test_a_run_that_is_killed_leaves_nobody_who_goes_on_asking(tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", [f"question {i}" for i in range(20)])
    with scripted_server(opine, latency_s=30) as server:
        command = [
            sys.executable,
            "-m",
            "tests.run.kill_llm_target",
            tmp_path / "run",
            source,
            server.base_url,
        ]
        process = subprocess.Popen(
            [str(c) for c in command], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
        )
        journal = tmp_path / "run/journal.sqlite"
        until(journal.exists, process)  # the engine's process is there, and waits for replies
        process.kill()  # the coordinator alone
        process.communicate()
        deadline = time.monotonic() + 15
        with pytest.raises(ProcessLookupError):
            while time.monotonic() < deadline:
                os.killpg(process.pid, 0)
                time.sleep(0.05)


def until(true: Callable[[], bool], process: subprocess.Popen[Any]) -> None:
    while not true():
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.1)


def corpus_bytes(workspace: Workspace) -> dict[str, bytes]:
    files = [*(workspace.corpus / "data").iterdir(), workspace.corpus / "ledger.parquet"]
    return {file.name: file.read_bytes() for file in files}


# ---------------------------------------------------------------- bad doctors, and requests that never succeed

DOCTORS = {
    "wrong_language": "wrong_language",
    "copied": "copied",
    "drops_advice": "lost_advice",
    "tenfold_dose": "altered_facts",
    "lost_question": "lost_question",
    "ends_with_patient": "bad_structure",
    "single_turn": "bad_structure",
    "obeys_the_row": "bad_structure",
}
NEVER = {
    "rewrite:500": ("failed", "rewrite", "engine_server"),
    "filter:429": ("failed", "filter", "engine_rate_limit"),
    "rewrite:truncated": ("failed", "rewrite", "engine_malformed"),
    "rewrite:stall": ("failed", "rewrite", "engine_timeout"),
    "filter:400": ("rejected", "filter", "no_valid_reply"),
    "profile:reset": ("failed", "profile", "engine_connection"),
}


def test_bad_doctors_and_failing_requests_end_in_their_reasons(good, table, tmp_path):
    calm, _, asked = good
    rows, before = records_of(calm, "split"), ledger_of(calm)
    fine = [row for row in rows if before[row.id][0] == "kept"]
    fates = {row.id: fate for row, fate in zip(fine, NEVER, strict=False) if not fate.startswith("profile")}
    profiled = {patient_of(a.body) for a in asked if scripts.task_of(a.body) == "profile"}
    fates[next(r.id for r in fine if r.id not in fates and first_words(r) in profiled)] = "profile:reset"
    context = Context(llm=LLMSettings(model="scripted"))
    stage = LLMRewriteStage(RewriteSettings(engine="llm"), context)
    doctors = itertools.cycle(DOCTORS)
    for row in [r for r in fine if r.id not in fates][:-2]:
        request = {"messages": [vars(m) for m in stage.messages(row)]}
        for name in itertools.islice(doctors, len(DOCTORS)):
            # Some rows have no dose to alter, or no question to lose.
            if getattr(scripts, name)(request) != scripts.good_doctor(request):
                fates[row.id] = f"rewrite:@{name}"
                break
    assert set(fates.values()) == {*NEVER, *(f"rewrite:@{name}" for name in DOCTORS)}
    table(rows, fates)
    bounds = {"rewrite.repairs": 1, "llm.retries": 1, "llm.timeout_s": 5}
    with scripted_server(fated, hang_s=30) as server:
        workspace = run(tmp_path / "run", server.base_url, **bounds)
    adds_up(workspace)
    for i, end in ledger_of(workspace).items():
        if i not in fates:
            assert end == before[i]
        elif fates[i] in NEVER:
            assert end == NEVER[fates[i]], fates[i]
        else:
            reason = DOCTORS[fates[i].removeprefix("rewrite:@")]
            assert end == ("rejected", "rewrite", reason), (i, fates[i])


def first_words(row: RawQA) -> str:
    return row_key(next(t.text for t in row.turns if t.role == "patient"))


def patient_of(body: Mapping[str, Any]) -> str:
    return row_key(next(t["text"] for t in scripts.fenced(body) if t["role"] == "patient"))


# ---------------------------------------------------------------- a real server whose model is made of noise


def test_nothing_that_a_random_model_writes_is_kept(tmp_path):
    pytest.importorskip("xllamacpp", reason="needs xllamacpp, see the extra `dev`")
    from tests.llm.llama import NAME, llama, make_model

    context = 12288
    with llama(make_model(tmp_path / "tiny.gguf", context=context), context) as url:
        bounds = {"llm.max_tokens": 64, "llm.tries": 2, "llm.retries": 1, "rewrite.repairs": 1, "limit": 2}
        # The rules pass rows on, so that the rewriting itself meets the noise.
        settings = {"llm.model": NAME, "filter.engine": "rules", **bounds}
        workspace = run_to(tmp_path / "run", url, "rewrite", **settings)
    adds_up(workspace)
    ledger = build_ledger(workspace)
    assert ledger["id"].is_unique().all()
    asked = workspace.state("rewrite")
    assert asked is not None and asked.inputs >= 6 and asked.kept == 0
    ends = ledger.filter(stage="rewrite")
    assert ends.height == asked.inputs
    # Noise in the right shape fails the checks, noise without end is cut off; llama.cpp itself trips over some.
    assert set(ends["reason"]) <= {"bad_structure", "no_valid_reply", "wrong_language", "engine_server"}
    assert "bad_structure" in set(ends["reason"])
    (usage,) = engine_usage(workspace)
    assert usage.untold == 0 and usage.replies >= asked.inputs and usage.prompt_tokens > 2000 * usage.replies


# ---------------------------------------------------------------- real rows


REAL = {"toyhom": "toyhom/internal_medicine_sample.csv", "medquad": "medquad/3_GHR_QA"}


def test_real_rows_become_a_corpus_that_verifies(real_data, tmp_path):
    sources = [
        {"path": str(real_data / path), "reader": reader, "licence": "CC0-1.0"}
        for reader, path in REAL.items()
    ]
    with scripted_server(scripts.good_doctor, faults={"500": 0.1, "reset": 0.05}) as server:
        settings = {"sources": sources, "limit": 12, "llm.retries": 8}
        workspace = run(tmp_path / "run", server.base_url, **settings)
        assert set(arrived(server).values()) == {1}
    adds_up(workspace)
    asked = workspace.state("filter")
    kept = [end for end in ledger_of(workspace).values() if end[0] == "kept"]
    assert asked is not None and len(kept) > asked.inputs / 2
    assert medsynth("verify", workspace.path).stdout.splitlines()[-1].endswith("whole")

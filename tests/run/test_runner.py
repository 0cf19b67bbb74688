"""The runner's promises: one outcome for every input, resume, caching, crashes that cost one record."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.errors import UserError
from medsynth.run.examine import trace, verify_run
from medsynth.run.files import locked
from medsynth.run.ledger import build_ledger
from medsynth.run.shards import kept_records, record_id
from tests.run.support import contents, toy_run, write_rows
from tests.run.toy import ToySettings

FATES = ["keep", "keep", "reject", "raise", "split", "add"]


def rows_strategy(extra=()):
    fate = st.sampled_from([*FATES, *extra])
    row = st.builds(
        "toy={} second={} count={} sketch={}".format,
        fate,
        fate,
        st.sampled_from(["keep", "reject"]),
        st.sampled_from(["keep", "keep", "raise"]),
    )
    return st.lists(row, min_size=1, max_size=25)


def expected_outcome(question: str) -> str:
    """Work out from the words alone what must become of a row (see tests/run/toy.py)."""
    words = dict(w.split("=") for w in question.split())
    first, second = words["toy"], words["second"]
    if first in ("reject", "raise"):
        return "rejected" if first == "reject" else "failed"
    if words["sketch"] == "raise":
        return "failed"
    if words["count"] == "reject":
        return "rejected"
    return {"reject": "rejected", "raise": "failed"}.get(second, "kept")


@settings(max_examples=40, deadline=None)
@given(questions=rows_strategy(), shard_size=st.integers(1, 9))
def test_every_row_has_exactly_one_outcome_and_it_is_the_right_one(questions, shard_size):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_rows(folder / "rows.jsonl", questions)
        workspace, shards = toy_run(folder / "run", source, shard_size=shard_size)
        ledger = build_ledger(workspace)
        inputs = ledger.filter(ledger["parent"].is_null())
        assert inputs["id"].to_list() == [f"generic-rows-r{i}" for i in range(len(questions))]
        assert inputs["outcome"].to_list() == [expected_outcome(q) for q in questions]
        assert ledger["id"].is_unique().all()
        assert list(verify_run(workspace)) == []
        kept = {i for row in ledger["into"].filter(ledger["outcome"] == "kept") for i in row}
        assert kept == {record_id(r) for s in shards for r in kept_records(s.path)}


@settings(max_examples=15, deadline=None)
@given(questions=rows_strategy(), sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_the_ledger_does_not_depend_on_shard_size(questions, sizes):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_rows(folder / "rows.jsonl", questions)
        one, two = (
            build_ledger(toy_run(folder / f"run{size}-{i}", source, shard_size=size)[0])
            for i, size in enumerate(sizes)
        )
        assert one.equals(two)


def test_details_of_failures_are_reproducible(tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", ["toy=raise"])
    workspace, _ = toy_run(tmp_path / "run", source)
    row = build_ledger(workspace).row(0, named=True)
    assert (row["outcome"], row["reason"]) == ("failed", "ValueError")
    assert row["detail"] == "no, not this one at 0x… in <path>"


def test_a_record_that_kills_its_worker_costs_itself_alone(tmp_path):
    questions = [f"row {i}" for i in range(10)]
    questions[3], questions[7] = "toy=die", "sketch=die"
    source = write_rows(tmp_path / "rows.jsonl", questions)
    workspace, _ = toy_run(tmp_path / "run", source, inline=False)
    ledger = build_ledger(workspace)
    lost = ledger.filter(ledger["outcome"] != "kept")
    assert lost.select("id", "outcome", "reason").rows() == [
        ("generic-rows-r3", "failed", "worker_crashed"),
        ("generic-rows-r7", "failed", "worker_crashed"),
    ]
    assert list(verify_run(workspace)) == []


def test_one_and_two_workers_and_no_worker_give_the_same_bytes(tmp_path):
    questions = [
        f"row {i} {w}" for i in range(6) for w in ("toy=keep", "toy=reject", "second=split", "second=raise")
    ]
    source = write_rows(tmp_path / "rows.jsonl", questions)
    runs = [
        contents(toy_run(tmp_path / f"run{i}", source, workers=workers, inline=inline)[1])
        for i, (workers, inline) in enumerate([(1, False), (2, False), (1, True)])
    ]
    assert runs[0] == runs[1] == runs[2]


def processed(log: Path) -> Counter:
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return Counter(lines)


def test_a_second_run_does_nothing(tmp_path):
    log = tmp_path / "log"
    source = write_rows(tmp_path / "rows.jsonl", [f"row {i}" for i in range(10)])
    settings_ = ToySettings(log=str(log))
    _, first = toy_run(tmp_path / "run", source, settings=settings_)
    assert sum(processed(log).values()) == 20
    workspace, second = toy_run(tmp_path / "run", source, settings=settings_)
    assert processed(log) == Counter()
    assert contents(first) == contents(second)
    assert [s.cached for s in workspace.stages] == [0, 10, 10, 10]


@pytest.mark.parametrize("where", [0, 4, 9])
def test_a_changed_row_redoes_that_row_alone(tmp_path, where):
    log = tmp_path / "log"
    questions = [f"row {i}" for i in range(10)]
    settings_ = ToySettings(log=str(log))
    source = write_rows(tmp_path / "rows.jsonl", questions)
    toy_run(tmp_path / "run", source, settings=settings_)
    processed(log)
    questions[where] += " and more"
    write_rows(source, questions)
    _, shards = toy_run(tmp_path / "run", source, settings=settings_)
    row = f"generic-rows-r{where}"
    assert processed(log) == Counter({f"toy {row}": 1, f"second {row}": 1})
    _, fresh = toy_run(tmp_path / "fresh", source)
    assert contents(shards) == contents(fresh)


def test_a_row_put_in_front_redoes_that_row_alone_though_every_shard_moves(tmp_path):
    log = tmp_path / "log"
    settings_ = ToySettings(log=str(log))
    source = write_rows(tmp_path / "rows.jsonl", [f"row {i}" for i in range(10)])
    stages = ("ToyStage", "SecondToy")
    toy_run(tmp_path / "run", source, stages, settings=settings_)
    processed(log)
    new = json.dumps({"id": "new", "question": "first", "answer": "yes"})
    source.write_text(new + "\n" + source.read_text())
    _, shards = toy_run(tmp_path / "run", source, stages, settings=settings_)
    assert processed(log) == Counter({"toy generic-rows-new": 1, "second generic-rows-new": 1})
    _, fresh = toy_run(tmp_path / "fresh", source, stages)
    assert contents(shards) == contents(fresh)


def test_a_changed_side_input_redoes_only_records_whose_key_names_it(tmp_path):
    log, side = tmp_path / "log", tmp_path / "side"
    side.write_text("red")
    settings_ = ToySettings(log=str(log), side=str(side))
    source = write_rows(tmp_path / "rows.jsonl", ["red", "blue", "green", "blue too"])
    toy_run(tmp_path / "run", source, ("ToyStage",), settings=settings_)
    processed(log)
    side.write_text("red blue")
    toy_run(tmp_path / "run", source, ("ToyStage",), settings=settings_)
    assert processed(log) == Counter({"toy generic-rows-r1": 1, "toy generic-rows-r3": 1})


def test_a_damaged_leftover_is_made_again(tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", [f"row {i}" for i in range(8)])
    _, first = toy_run(tmp_path / "run", source)
    expected = contents(first)
    victim = first[0].path
    victim.rename(victim.with_name("00000-0123456789abcdef0123456789abcdef.parquet"))
    victim.with_name("00000-0123456789abcdef0123456789abcdef.parquet").write_bytes(b"PAR1 torn")
    victim.with_name(f".{victim.name}.1.tmp").write_bytes(b"half")
    _, second = toy_run(tmp_path / "run", source)
    assert contents(second) == expected
    assert sorted(p.name for p in victim.parent.iterdir()) == sorted(s.path.name for s in second)


def test_a_run_in_use_is_refused(tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", ["row"])
    with locked(tmp_path / "run"), pytest.raises(UserError, match="in use"):
        # The lock is per open file, so a second holder is refused in one process too.
        toy_run(tmp_path / "run", source)


def test_trace_tells_the_way_of_a_record(tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", ["fine", "second=reject"])
    workspace, _ = toy_run(tmp_path / "run", source)
    steps = trace(workspace, "generic-rows-r1")
    assert [(s.stage, s.outcome) for s in steps] == [
        ("ingest", "kept"),
        ("toystage", "kept"),
        ("countingstage", "kept"),
        ("secondtoy", "rejected"),
    ]
    assert steps[-1].reason == "too_short"
    with pytest.raises(UserError, match="generic-rows-r0"):
        trace(workspace, "rows-r0")

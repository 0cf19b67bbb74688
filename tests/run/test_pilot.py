"""A pilot's forecast, on a run whose end is known."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from medsynth.config import find_pipeline, load_pipeline
from medsynth.run.executor import Plan, execute
from medsynth.run.pilot import choose, forecast_lines, run_pilot, wilson
from medsynth.run.shards import record_id
from medsynth.run.start import override
from medsynth.run.workspace import prepare_run
from tests.run.support import quiet


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    config, context = load_pipeline(find_pipeline("demo"))
    config = override(config, {"run.workers": 1, "run.shard_size": 16})
    return prepare_run(tmp_path_factory.mktemp("plan") / "run", config, context.base)


def test_the_forecast_holds_what_the_run_then_does(workspace):
    forecast = run_pilot(workspace, 30, quiet())
    shards = execute(workspace, Plan.of(workspace, "profile"), quiet())
    kept = sum(s.kept for s in shards)
    found = {e.name: e for e in forecast.estimates}
    before = workspace.state("split")
    assert before is not None and forecast.records == before.kept
    assert found["dialogues"].low <= kept <= found["dialogues"].high
    assert found["dialogues"].value + found["rejected"].value == pytest.approx(forecast.records)
    for e in forecast.estimates:
        assert 0 <= e.low <= e.value <= e.high, e
    assert found["calls"].value == 0
    assert sum(forecast.outcomes.values()) == forecast.size
    text = "\n".join(forecast_lines(forecast))
    assert "95 % interval" in text and "reject rate" in text


def test_every_source_is_in_the_pilot(workspace):
    shards = execute(workspace, Plan.of(workspace, "split"), quiet())
    few, totals = choose(shards, 4, seed=1)
    assert {r.source for r in few} == set(totals)
    assert sum(totals.values()) == sum(s.kept for s in shards)
    many, _ = choose(shards, 40, seed=1)
    assert {record_id(r) for r in few} <= {record_id(r) for r in many}, "a larger pilot holds the smaller one"
    assert len(set(map(record_id, many))) == len(many)
    shares = Counter(r.source for r in many)
    for source, total in totals.items():
        assert shares[source] == pytest.approx(40 * total / sum(totals.values()), abs=1)
    everything, _ = choose(shards, 10_000, seed=1)
    assert len(everything) == sum(totals.values())


def test_the_pilot_leaves_the_run_as_it_is(workspace):
    run_pilot(workspace, 10, quiet())
    stages = json.loads((workspace.path / "run.json").read_text())["stages"]
    assert "pilot" not in {s["name"] for s in stages}


def test_wilson():
    low, high = wilson(0.0, 20)
    assert low == pytest.approx(0, abs=1e-12) and high == pytest.approx(0.161, abs=0.001)
    low, high = wilson(0.5, 100)
    assert (low, high) == pytest.approx((0.404, 0.596), abs=0.001)

"""The experiment of docs/claim.md at a size that proves nothing: every step of it, killed on the way."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

from medsynth.corpus.verify import verify_corpus
from medtrain.bootstrap import interval
from medtrain.check import check_corpus
from medtrain.data import open_corpus
from medtrain.errors import UserError
from tests.bench.claim import runs
from tests.bench.claim.__main__ import RESULTS, main
from tests.bench.claim.analysis import change, difference, from_csv, share, to_csv
from tests.bench.claim.corpora import base_lines, exam_lines, fact_of, train_lines
from tests.bench.claim.page import collect, filled, tables
from tests.bench.claim.runs import answers_of, carry_out
from tests.bench.claim.settings import (
    ARMS,
    COMPARED,
    FULL,
    FURTHER,
    ONE_EVEN,
    ONE_PLAIN,
    ONE_STAGE,
    SMOKE,
    TWO_PLAIN,
    TWO_STAGE,
    TWO_WRITTEN,
    arm_config,
)
from tests.bench.claim.world import SYMPTOMS, make_world

ROOT = Path(__file__).parents[2]


def command(out: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.claim", "--smoke", "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """A whole experiment whose process was killed outright in the middle of training an arm, then started again."""
    out = tmp_path_factory.mktemp("claim") / "run"
    first = command(out)
    under_way = out / "seed-1" / "two-stage" / "text" / "checkpoints"
    deadline = time.monotonic() + 300
    while not any(under_way.glob("step-*")) and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert first.poll() is None, first.communicate()[0]
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert not (out / "results").exists()
    again = command(out)
    text, _ = again.communicate(timeout=600)
    assert again.returncode == 0, text
    assert "training seed-1/two-stage" in text
    for finished in ("base", "tuning/text-only", "seed-1/text-only", "tuning/two-stage"):
        assert f"training {finished}" not in text, "what was done is not done again"
    return out


def test_a_killed_run_ends_as_one_that_was_left_alone(done, tmp_path):
    alone = replace(SMOKE, seeds=(1,))
    for part in ("data", "base", "tuning"):
        (tmp_path / part).symlink_to(done / part)
    carry_out(tmp_path, alone, lambda text: None)
    for arm in ARMS:
        killed, whole = (answers_of(folder / "seed-1" / arm.name) for folder in (done, tmp_path))
        for name in ("predictions", "loss", "rounds", "rate"):
            assert killed[name] == whole[name], (arm.name, name)


def test_another_experiment_is_not_mixed_in(done):
    with pytest.raises(UserError, match="other sizes"):
        carry_out(done, replace(SMOKE, clips=7), lambda text: None)


def test_corpora_are_whole_and_hold_what_the_design_says(done):
    speakers = {}
    for folder in sorted((done / "data").iterdir()):
        assert list(verify_corpus(folder)) == []
        _, problems = check_corpus(open_corpus(folder))
        assert problems == []
        speakers[folder.name] = set(pl.read_parquet(folder / "speakers.parquet", glob=False)["id"])
    heard = set().union(*(ids for name, ids in speakers.items() if name.endswith("train")))
    tuned = speakers[f"world-{SMOKE.tuning_seed}-exam"]
    for seed in SMOKE.seeds:
        exam = speakers[f"world-{seed}-exam"]
        assert exam
        assert not exam & (heard | speakers["base"] | tuned)
    assert not tuned & heard


@pytest.mark.parametrize("seed", [*FULL.seeds, FULL.tuning_seed])
def test_no_fact_of_the_exam_is_ever_spoken(seed):
    world = make_world(seed, FULL.symptoms, FULL.spoken_facts)
    lines = train_lines(world, FULL.wordings, FULL.clips)
    spoken = [line for line in lines if line.spoken]
    exam = exam_lines(world, "test", FULL.exam_clips)
    asked = {fact_of(line.id) for line in exam}
    assert len(spoken) == FULL.clips
    assert len(world.facts) == 120
    assert asked == {fact.id for fact in world.unspoken}
    assert not asked & {fact_of(line.id) for line in spoken}
    # By the words themselves, not by the names of the lines.
    assert not {symptoms(line.asked) for line in exam} & {symptoms(line.asked) for line in spoken}
    # Every fact is written, with one answer.
    answers = defaultdict(set)
    for line in lines:
        answers[symptoms(line.asked)].add(line.answer)
    assert len(answers) == 120
    assert all(len(found) == 1 for found in answers.values())
    assert all(answers[symptoms(line.asked)] == {line.answer} for line in exam)


def test_the_base_holds_no_two_symptoms_in_a_sentence():
    lines = base_lines(FULL.base_seed, FULL.symptoms, 2000, 1000, 50)
    assert max(len(symptoms(line.asked)) for line in lines) == 1
    said = [symptoms(line.asked) for line in lines if line.spoken]
    assert {s for found in said for s in found} == set(SYMPTOMS)


def symptoms(text: str) -> frozenset[str]:
    words = text.replace(".", " ").replace(",", " ").split()
    return frozenset(word for word in map(str.lower, words) if word in SYMPTOMS)


def test_worlds_differ_by_seed():
    one, two = (make_world(seed, 16, 40) for seed in (1, 2))
    assert {f.id for f in one.spoken} != {f.id for f in two.spoken}
    same = sum(
        a.answer == b.answer for a, b in zip(*(sorted(w.facts, key=str) for w in (one, two)), strict=True)
    )
    assert same < 10


def test_arms_differ_in_data_and_order_alone():
    base = Path("base")
    made = [arm_config(FULL, arm, base, 1, 1e-3, 1e-3) for arm in ARMS]
    for arm, config in zip(ARMS, made, strict=True):
        assert config.data == made[0].data
        assert config.model == made[0].model
        stages = [getattr(config, name) for name in arm.stages]
        assert sum(stage.max_steps for stage in stages) == FULL.steps
        for stage in stages:
            assert stage.optimizer == made[0].text.optimizer
            assert "encoder.*" in stage.freeze
        if "speech" in arm.stages:
            assert config.speech.losses == made[0].speech.losses
            assert config.speech.freeze == made[0].speech.freeze


def written_a_spoken(config) -> float | None:
    """Written rounds to a spoken one in the stage that hears speech."""
    weight = {part.modality: part.weight for part in config.speech.sets}
    return weight["text"] / weight["speech"]


def test_a_further_arm_differs_from_a_main_one_in_one_thing():
    made = {
        arm: arm_config(FULL, arm, Path("base"), 1, 1e-3, 1e-3) for arm in (TWO_STAGE, ONE_STAGE, *FURTHER)
    }
    for arm, main_arm, part in (
        (TWO_PLAIN, TWO_STAGE, "losses"),
        (ONE_PLAIN, ONE_STAGE, "losses"),
        (ONE_EVEN, ONE_STAGE, "sets"),
        (TWO_WRITTEN, TWO_STAGE, "sets"),
    ):
        assert arm.stages == main_arm.stages
        config, other = made[arm], made[main_arm]
        assert getattr(config.speech, part) != getattr(other.speech, part)
        same = config.speech.model_copy(update={part: getattr(other.speech, part)})
        assert config.model_copy(update={"name": other.name, "speech": same}) == other
    assert made[TWO_PLAIN].speech.losses.ctc == made[ONE_PLAIN].speech.losses.ctc == 0
    assert written_a_spoken(made[ONE_EVEN]) == written_a_spoken(made[TWO_STAGE]) == 1
    assert written_a_spoken(made[TWO_WRITTEN]) == 3
    assert written_a_spoken(made[ONE_STAGE]) > 9


def test_further_arms_are_run_when_asked_for_alone(monkeypatch, tmp_path):
    asked = []

    def note(out, sizes, say, arms):
        asked.append(arms)
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "carry_out", note)
    for more in ([], ["--more"]):
        monkeypatch.setattr(sys, "argv", ["claim", "--smoke", "--out", str(tmp_path), *more])
        assert main() == 130
    assert asked == [ARMS, (*ARMS, *FURTHER)]


def test_further_arms_go_on_from_what_the_main_ones_left(done, tmp_path):
    small = replace(SMOKE, seeds=(1,))
    for part in ("data", "base", *(f"{of}/{arm.name}" for of in ("tuning", "seed-1") for arm in ARMS)):
        (tmp_path / part).parent.mkdir(exist_ok=True)
        (tmp_path / part).symlink_to(done / part)
    said: list[str] = []
    carry_out(tmp_path, small, said.append)
    assert not any(text.startswith("training") for text in said)
    results = tmp_path / "results"
    collect(tmp_path, small, results)
    before, rows_before = tables(results), (results / "predictions.csv").read_text()

    again = replace(
        TWO_STAGE, name="two-stage-again"
    )  # with the first stage of another arm, as further arms are
    carry_out(tmp_path, small, said.append, (*ARMS, *FURTHER, again))
    trained = [text.split()[1] for text in said if text.startswith("training")]
    runs_of = [*(f"tuning/{{}}/{rate:g}" for rate in small.rates), "seed-1/{}"]
    assert trained == [run.format(arm.name) for arm in (*FURTHER, again) for run in runs_of]
    heard = {arm: tmp_path / "seed-1" / arm.name / "speech" / "metrics.jsonl" for arm in FURTHER}
    assert {arm for arm, file in heard.items() if '"ctc"' not in file.read_text()} == {TWO_PLAIN, ONE_PLAIN}

    whole, lent = (answers_of(tmp_path / "seed-1" / arm.name) for arm in (TWO_STAGE, again))
    assert not (tmp_path / "seed-1" / again.name / "text").exists()
    for name in ("predictions", "loss", "rounds"):
        assert whole[name] == lent[name], name

    collect(tmp_path, small, results)
    told = tables(results)
    assert {name: told[name] for name in before} == before
    assert (results / "predictions.csv").read_text().startswith(rows_before)
    assert set(told) - set(before) == {f"further-{name}" for name in before}
    for arm in FURTHER:
        assert sum(f"| {arm.title} |" in line for line in told["further-results"].splitlines()) == 1


def test_tables_add_up(done):
    results = done / "results"
    rows = list(csv.DictReader((results / "predictions.csv").open()))
    exam = 4  # of ten pairs of five symptoms, six are spoken
    assert len(rows) == len(ARMS) * len(SMOKE.seeds) * 2 * exam
    told = tables(results)
    for arm in ARMS:
        own = [row for row in rows if row["arm"] == arm.name]
        world = {f.id: f.answer for seed in SMOKE.seeds for f in make_world(seed, 5, 6).unspoken}
        assert {row["fact"] for row in own} <= set(world)
        by_speech = [int(row["right"]) for row in own if row["by"] == "speech"]
        line = next(x for x in told["results"].splitlines() if x.startswith(f"| {arm.title} |"))
        assert f"**{sum(by_speech) / len(by_speech):.3f}**" in line
    about = json.loads((results / "runs.json").read_text())
    for run in about["runs"]:
        own = [r for r in rows if r["arm"] == run["arm"] and int(r["seed"]) == run["seed"]]
        for by in ("speech", "text"):
            assert run["right"][by] == sum(int(r["right"]) for r in own if r["by"] == by)
        assert run["steps"] == SMOKE.steps
    spoken = {run["arm"]: run["rounds"] for run in about["runs"]}
    assert spoken["text-only"]["speech"] == spoken["speech-only"]["text"] == 0
    assert min(spoken["two-stage"].values()) > 0
    assert (results / "claim.svg").read_text().lstrip().startswith("<?xml")


def test_right_means_the_very_words(done):
    for seed in SMOKE.seeds:
        answer = {fact.id: fact.answer for fact in make_world(seed, 5, 6).facts}
        for arm in ARMS:
            for p in answers_of(done / f"seed-{seed}" / arm.name)["predictions"]:
                assert p["right"] == (p["said"].strip() == answer[p["fact"]])


def rows_of(rights: dict[str, list[list[bool]]]) -> list[dict]:
    """Rows of arms: for each seed a list of facts, one question each."""
    return [
        {
            "seed": s,
            "arm": arm,
            "by": "speech",
            "fact": f"{f:02d}",
            "question": "q",
            "said": "a,b",
            "right": right,
        }
        for arm, seeds in rights.items()
        for s, facts in enumerate(seeds)
        for f, right in enumerate(facts)
    ]


def test_intervals():
    rng = np.random.default_rng(0)
    even = [list(rng.random(60) < 0.4) for _ in range(3)]
    apart = [list(rng.random(60) < p) for p in (0.05, 0.4, 0.75)]
    rows = rows_of({"even": even, "apart": apart, "again": even})
    near, far = (share(rows, arm, "speech") for arm in ("even", "apart"))
    assert near.value == pytest.approx(np.mean(even))
    assert near.low < near.value < near.high
    # Seeds that disagree count as little: the interval over facts alone does not see it.
    assert far.high - far.low > 2 * (far.fact_high - far.fact_low)
    sums = np.array([[right, 1] for facts in even for right in facts], float)
    facts = interval(sums, lambda s: s[..., 0] / s[..., 1], 13)
    assert (near.fact_low, near.fact_high) == (facts.low, facts.high)
    # An arm and its copy differ by nothing, whatever is drawn.
    none = difference(rows, "even", "again", "speech")
    assert (none.value, none.low, none.high) == (0, 0, 0)
    more = change(rows, ("even", "apart"), ("apart", "even"), "speech")
    twice = difference(rows, "even", "apart", "speech")
    assert (more.value, more.low, more.high) == pytest.approx(
        (2 * twice.value, 2 * twice.low, 2 * twice.high)
    )
    assert from_csv(to_csv(rows)) == rows
    with pytest.raises(ValueError, match="same facts"):
        difference(rows_of({"a": [[True, False]], "b": [[True]]}), "a", "b", "speech")


def test_the_page_says_what_the_raw_results_say():
    page = (ROOT / "docs" / "claim.md").read_text(encoding="utf-8")
    told = tables(RESULTS)
    assert filled(page, told) == page
    with pytest.raises(ValueError, match="no marks"):
        filled("nothing", told)


def test_differences_of_the_page_are_those_of_the_single_answers():
    right: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    with (RESULTS / "predictions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            right[row["arm"], row["by"], row["seed"]].append(int(row["right"]))
    share_of = {key: sum(answers) / len(answers) for key, answers in right.items()}
    lines = (ROOT / "docs" / "claim.md").read_text(encoding="utf-8").splitlines()
    held = [pair for pair in COMPARED if all((arm.name, "speech", "1") in right for arm in pair)]
    assert (TWO_PLAIN, ONE_PLAIN) in held
    for arm, other in held:
        (line,) = (x for x in lines if x.startswith(f"| {arm.title} | {other.title} |"))
        cells = line.split(" | ")
        each = [share_of[arm.name, "speech", s] - share_of[other.name, "speech", s] for s in "123"]
        told = [float(cell) for cell in (cells[2], *cells[5].split(","))]
        assert told == pytest.approx([np.mean(each), *each], abs=0.00051)

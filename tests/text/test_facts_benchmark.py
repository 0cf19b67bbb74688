"""The fact guard against real passages that a person altered, or said faithfully in other words.

`tests/bench/facts_data.py` says what the rows are. Where the guard's pieces are changed, the rows marked `dev`
may be looked at; those marked `test` only count here.
"""

from __future__ import annotations

import json
import os
from collections import Counter

import pytest

from medsynth.errors import UserError
from tests.bench import bench_facts
from tests.bench.facts_data import Which, apply, csv_path, load, read_edits, rewritten_spans, rows

# Share of alterations caught, at least, and of paraphrases stopped, at most. What is wanted of the guard is .97 and
# .03; of about a hundred rows held out a kind, two more or less are chance.
CAUGHT = {"dev": 0.97, "test": 0.95}
FALSE_ALARMS = {"dev": 0.03, "test": 0.05}
ENOUGH = 300  # rows of each file
ENOUGH_OF_A_KIND = 30
HELD_OUT = 5  # rows of a kind that nobody mends the guard by

KINDS = {
    "dose_x10",
    "unit_swapped",
    "negation_dropped",
    "negation_added",
    "drug_lookalike",
    "side_flipped",
    "duration_changed",
    "frequency_changed",
    "allergy_removed",
    "number_transposed",
    "drug_invented",
    "dose_invented",
}
FILES: list[tuple[str, Which]] = [
    (lang, which)
    for lang in ("en", "zh")
    for which in ("alterations", "paraphrases")
    if csv_path(lang, which).is_file()
]
needs_real_data = pytest.mark.skipif(
    not os.environ.get("MEDSYNTH_REAL_DATA"), reason="set MEDSYNTH_REAL_DATA to the folder of real data"
)


def _kind(row: dict[str, str]) -> str:
    return row.get("kind") or row["style"]


@pytest.mark.parametrize(("lang", "which"), FILES)
def test_enough_rows_of_every_kind_in_both_splits(lang: str, which: Which) -> None:
    found = rows(lang, which)
    assert len(found) >= ENOUGH
    counts = Counter(map(_kind, found))
    if which == "alterations":
        assert set(counts) == KINDS
    assert min(counts.values()) >= ENOUGH_OF_A_KIND, counts
    held_out = Counter(_kind(row) for row in found if row["split"] == "test")
    for kind, count in counts.items():
        assert HELD_OUT <= held_out[kind] < count, kind


@pytest.mark.parametrize("lang", sorted({lang for lang, _ in FILES}))
def test_no_passage_serves_both_purposes_or_stands_in_both_splits(lang: str) -> None:
    def passages(which: Which, split: str | None = None) -> set[tuple[str, ...]]:
        found = rows(lang, which) if csv_path(lang, which).is_file() else []
        return {
            (row["id"], row["turn"], row["start"], row["end"])
            for row in found
            if split in (None, row["split"])
        }

    assert not passages("alterations") & passages("paraphrases")
    for which in ("alterations", "paraphrases"):
        assert not passages(which, "dev") & passages(which, "test")


@pytest.mark.parametrize(("lang", "which"), FILES)
def test_rows_change_a_passage_in_few_places(lang: str, which: Which) -> None:
    for row in rows(lang, which):
        edits = json.loads(row["edits"])
        assert len(edits) <= 2 or which == "paraphrases", row["id"]


@needs_real_data
@pytest.mark.parametrize(("lang", "which"), FILES)
def test_every_edit_fits_its_passage(lang: str, which: Which) -> None:
    pairs = load(lang, which)
    assert len({(pair.source, pair.rewrite) for pair in pairs}) == len(pairs)
    for pair in pairs:
        for (start, end), edit in zip(rewritten_spans(pair.edits), pair.edits, strict=True):
            assert pair.rewrite[start:end] == edit[2]
    assert len(load(lang, which, "dev")) + len(load(lang, which, "test")) == len(pairs)


@needs_real_data
@pytest.mark.parametrize("lang", sorted({lang for lang, _ in FILES}))
@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_guard_catches_alterations_and_lets_paraphrases_pass(lang: str, split: str) -> None:
    shares = {}
    for which in ("alterations", "paraphrases"):
        if csv_path(lang, which).is_file():
            table = bench_facts.rates(bench_facts.judge(lang, which, split))
            for kind, (stopped, total) in table.items():
                print(f"{lang} {which:12s} {kind:26s} {stopped:4d} of {total:4d}  {stopped / total:.3f}")
            stopped, total = table["all"]
            shares[which] = stopped / total
    assert shares.get("alterations", 1.0) >= CAUGHT[split]
    assert shares.get("paraphrases", 0.0) <= FALSE_ALARMS[split]


def test_edits_are_made_from_the_source_offsets() -> None:
    edits = read_edits('[[5, 7, "100"], [0, 4, "Do not take"]]', 10, "row")
    assert apply("Take 10 mg", edits) == "Do not take 100 mg"
    assert rewritten_spans(edits) == [(0, 11), (12, 15)]
    insertion = read_edits('[[4, 4, " no"]]', 9, "row")
    assert apply("Take this", insertion) == "Take no this"


@pytest.mark.parametrize(
    "value", ["[]", '[[0, 4, "a"], [3, 5, "b"]]', '[[5, 20, "a"]]', '[[6, 5, "a"]]', '[[3, 3, ""]]']
)
def test_edits_that_cannot_be_made_are_named(value: str) -> None:
    with pytest.raises(UserError, match="line 7"):
        read_edits(value, 10, "facts.csv: line 7")

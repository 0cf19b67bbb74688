"""Screening against labels: what a person, reading the row, says should happen to it.

`screen_labels.csv` names rows of published data by file and id. `label` is "keep" or the reason ("|" parts
equally right ones), `leans` what sentences lean on (leading to a page, a section or a publication elsewhere is
leaning on a link), `redact` which personal data there are, `harm` whether harm is asked for; "?" where a person
cannot tell, or where a row was looked up for another question.

The set "first" served to mend the rules. "fresh" and "second" were drawn by chance and read before the rules saw
them; what they showed to be missing was mended after it had been measured. "harm" holds requests for harm and
what looks like them, found by their words; "medical" rows with hardly a medical word. There is no row in a
language other than the one declared, and no answer that goes along with harm: `test_stage_screen_invented.py`
has those. Requests for harm are screened as if their source had not marked them.
"""

from __future__ import annotations

import csv
import os
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from medsynth.records import Kept, RawQA
from medsynth.sources import SourceConfig, ingest
from medsynth.stages.base import Context
from medsynth.stages.screen import ScreenSettings, ScreenStage

LABELS = Path(__file__).with_name("screen_labels.csv")
LEANING = {"image", "table", "link"}
ENOUGH = 10
PRECISION = 0.98
RECALL = 0.98
# Names without title or introduction are not looked for; a date may be said in pieces.
RECALL_OF = {
    ("zh", "personal data", "name"): 0.92,
    ("en", "personal data", "birth_date"): 0.95,
}


def _labels() -> list[dict[str, str]]:
    with LABELS.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@cache
def _records(folder: str) -> dict[tuple[str, str], RawQA]:
    """Return the labelled rows by file and id."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in _labels():
        wanted[row["file"]].add(row["id"])
    found: dict[tuple[str, str], RawQA] = {}
    for name, ids in wanted.items():
        path = Path(folder) / name
        for row in ingest(SourceConfig(path=str(path)), path, set()):
            if row.id in ids and isinstance(row.outcome, Kept):
                (record,) = row.outcome.records
                assert isinstance(record, RawQA)
                found[name, row.id] = record
    return found


def _tally(meta: dict[str, str], key: str) -> set[str]:
    return {part.split(":")[0] for part in meta.get(key, "").split(",") if part}


def _measure(folder: str) -> dict[tuple[str, str, str], Counter[str]]:
    """Return right, wrong and missed by language, kind of judgement and value."""
    stage = ScreenStage(ScreenSettings(), Context())
    found: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    records = _records(folder)

    def note(key: tuple[str, str], want: set[str], got: set[str]) -> None:
        for value in want | got:
            which = "right" if value in want & got else "wrong" if value in got else "missed"
            found[(*key, value)][which] += 1

    for row in _labels():
        record = records[row["file"], row["id"]]
        if record.kind == "safety":
            record = record.model_copy(update={"kind": "qa"})
        failed = next((step for step in stage.explain(record) if not step["passed"]), None)
        got = failed["reason"] if failed else "keep"
        label = set(row["label"].split("|"))
        if row["label"] != "?":
            note((row["lang"], "outcome"), {got} if got in label else {min(label)}, {got})
        # A rejected row is not handed on, so what was taken out of it is read where it is still kept.
        (outcome,) = stage.process([record])
        meta = outcome.records[0].meta if isinstance(outcome, Kept) else {}
        leaning = _tally(meta, "dropped") & LEANING | (
            {got.removeprefix("needs_")} if got.startswith("needs_") else set()
        )
        if row["leans"] != "?":
            note((row["lang"], "leans on"), set(row["leans"].split()), leaning)
        if row["redact"] != "?" and got == "keep":
            note((row["lang"], "personal data"), set(row["redact"].split()), _tally(meta, "redacted"))
        if got in {"keep", "harmful_answer"} and row["harm"] != "?":
            note(
                (row["lang"], "harm"),
                {"asked"} if row["harm"] else set(),
                {"asked"} if "harm" in meta or got == "harmful_answer" else set(),
            )
    return found


def test_enough_rows_are_labelled() -> None:
    rows = _labels()
    for lang in ("en", "zh"):
        counts = Counter(row["set"] for row in rows if row["lang"] == lang)
        assert counts["first"] >= 200 and counts["fresh"] >= 100
        assert counts["second"] >= 60 and counts["harm"] >= 40
    assert len({(row["file"], row["id"]) for row in rows}) == len(rows)


def test_screening_agrees_with_a_reader() -> None:
    folder = os.environ.get("MEDSYNTH_REAL_DATA")
    if not folder:
        pytest.skip("set MEDSYNTH_REAL_DATA to the folder of real data")
    found = _measure(folder)
    judged = 0
    for key, counts in sorted(found.items()):
        cases = counts["right"] + counts["missed"]
        precision = counts["right"] / max(1, counts["right"] + counts["wrong"])
        recall = counts["right"] / max(1, cases)
        print(f"{' '.join(key):40s} cases {cases:4d}  precision {precision:.3f}  recall {recall:.3f}")
        if cases >= ENOUGH:
            judged += 1
            assert precision >= PRECISION and recall >= RECALL_OF.get(key, RECALL), (key, dict(counts))
    assert judged >= 10

"""Screening of invented rows, for the reasons that published data have no rows for.

`screen_invented.csv` holds at least twenty rows for each reason and language, and rows that only look alike and
must be kept. The set "read" served to mend the rules. "unseen" was written and measured afterwards, and the rules
were left as they were: it tells how little rules find of a request that is worded in a way nobody thought of.
Questions about registration, insurance, prices and where to be treated stay: they belong to consultations.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from medsynth.records import Kept, RawQA, RawTurn
from medsynth.stages.base import Context
from medsynth.stages.screen import ScreenSettings, ScreenStage

ROWS = Path(__file__).with_name("screen_invented.csv")
# Share of the rows that are rejected for the reason for which they were written.
FLOORS = {
    ("read", "en", "wrong_language"): 1.0,
    ("read", "zh", "wrong_language"): 1.0,
    ("read", "en", "harmful_answer"): 1.0,
    ("read", "zh", "harmful_answer"): 1.0,
    ("read", "en", "not_medical"): 0.95,
    # A single weak word (检查 a cable, 坚持 to a plan) is enough to be taken for medicine.
    ("read", "zh", "not_medical"): 0.76,
    ("unseen", "en", "harmful_answer"): 0.25,
    ("unseen", "zh", "harmful_answer"): 0.25,
}


def _rows() -> list[dict[str, str]]:
    with ROWS.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _screened(row: dict[str, str]) -> str:
    """Return the reason against a row, "keep", or "keep as" what harm it is thought to ask for."""
    turns = (RawTurn(role="patient", text=row["question"]), RawTurn(role="doctor", text=row["answer"]))
    record = RawQA(
        id="row", source="invented", group="row", lang=row["lang"], licence="CC0-1.0", kind="qa", turns=turns
    )
    (outcome,) = ScreenStage(ScreenSettings(), Context()).process([record])
    if not isinstance(outcome, Kept):
        return str(getattr(outcome, "reason", outcome))
    (kept,) = outcome.records
    assert isinstance(kept, RawQA)
    return f"keep as {kept.meta['harm']}" if "harm" in kept.meta else "keep"


def test_each_reason_is_given() -> None:
    found: Counter[tuple[str, str, str]] = Counter()
    cases: Counter[tuple[str, str, str]] = Counter()
    for row in _rows():
        key = row["set"], row["lang"], row["reason"]
        cases[key] += 1
        found[key] += _screened(row) == row["reason"]
    for key, floor in FLOORS.items():
        print(f"{' '.join(key):30s} cases {cases[key]:3d}  recall {found[key] / cases[key]:.3f}")
        assert found[key] >= floor * cases[key], key
        assert key[0] == "unseen" or cases[key] >= 20


@pytest.mark.parametrize(
    "row", [r for r in _rows() if r["reason"] == "keep"], ids=lambda r: r["question"][:30]
)
def test_what_only_looks_alike_is_kept(row: dict[str, str]) -> None:
    assert _screened(row) == "keep"

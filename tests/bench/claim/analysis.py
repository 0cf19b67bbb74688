"""From single answers to shares of facts known, with intervals over seeds and facts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from medtrain.bootstrap import CONFIDENCE, interval

RESAMPLES = 10_000
FIELDS = ("seed", "arm", "by", "fact", "question", "said", "right")


@dataclass(frozen=True)
class Share:
    """A share of answers that are right (or a difference of two), and its two intervals.

    `low` and `high` are over seeds and facts: seeds are drawn, then facts within each. `fact_low` and `fact_high`
    are over facts alone, the seeds as they were.
    """

    value: float
    low: float
    high: float
    fact_low: float | None
    fact_high: float | None


def to_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return single answers as CSV: one line for every arm, seed, question and way of asking."""
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "right": int(row["right"])})
    return text.getvalue()


def from_csv(text: str) -> list[dict[str, Any]]:
    """Return what `to_csv` wrote."""
    rows: list[dict[str, Any]] = []
    for row in csv.DictReader(io.StringIO(text)):
        rows.append({**row, "seed": int(row["seed"]), "right": bool(int(row["right"]))})
    return rows


def table_of(rows: Sequence[dict[str, Any]], arm: str, by: str) -> dict[int, dict[str, tuple[int, int]]]:
    """Return for each seed and fact how many answers were right, and how many were asked for."""
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for row in rows:
        if row["arm"] == arm and row["by"] == by:
            facts = found.setdefault(row["seed"], {})
            right, asked = facts.get(row["fact"], (0, 0))
            facts[row["fact"]] = (right + row["right"], asked + 1)
    return found


def share(rows: Sequence[dict[str, Any]], arm: str, by: str) -> Share:
    """Return the share of right answers of an arm."""
    return _resampled(_seeds(rows, by, [arm]), lambda sums: sums[..., 0] / sums[..., 1])


def difference(rows: Sequence[dict[str, Any]], arm: str, other: str, by: str) -> Share:
    """Return by how much the share of an arm is above that of another, paired by seed and fact."""
    return _resampled(
        _seeds(rows, by, [arm, other]), lambda sums: sums[..., 0] / sums[..., 1] - sums[..., 2] / sums[..., 3]
    )


def change(rows: Sequence[dict[str, Any]], pair: tuple[str, str], other: tuple[str, str], by: str) -> Share:
    """Return by how much the difference of a pair of arms is above that of another, paired by seed and fact."""
    return _resampled(
        _seeds(rows, by, [*pair, *other]),
        lambda sums: (
            sums[..., 0] / sums[..., 1]
            - sums[..., 2] / sums[..., 3]
            - (sums[..., 4] / sums[..., 5] - sums[..., 6] / sums[..., 7])
        ),
    )


def _seeds(rows: Sequence[dict[str, Any]], by: str, arms: Sequence[str]) -> list[np.ndarray]:
    """Return for each seed a table (facts, 2 x arms): right answers and answers of each arm."""
    tables = [table_of(rows, arm, by) for arm in arms]
    found = []
    for seed in sorted(tables[0]):
        facts = sorted(tables[0][seed])
        if any(sorted(t.get(seed, ())) != facts for t in tables):
            raise ValueError(f"seed {seed}: the arms were not asked the same facts")
        found.append(np.array([[n for t in tables for n in t[seed][fact]] for fact in facts], np.float64))
    return found


def _resampled(seeds: list[np.ndarray], statistic: Any) -> Share:
    """Return a statistic of summed columns with its intervals (percentiles of a two-level bootstrap).

    Seeds are drawn with replacement, then within each drawn seed its facts: Davison & Hinkley 1997, section 3.8.
    All questions on one fact stay together.
    """
    tables = np.concatenate(seeds)
    spread = statistic(_drawn(tuple(map(len, seeds))) @ tables)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(spread, [tail, 1 - tail])
    facts = interval(tables, statistic, 13)
    assert facts is not None
    return Share(facts.value, float(low), float(high), facts.low, facts.high)


@cache
def _drawn(lengths: tuple[int, ...]) -> np.ndarray:
    """Return how often each fact is in each resample (resamples, facts of all seeds); seeds have so many facts.

    The same draws serve all arms, so that their intervals differ by their answers alone.
    """
    rng = np.random.default_rng(13)
    ends = np.cumsum(lengths)
    counts = np.zeros((RESAMPLES, int(ends[-1])))
    for row in counts:
        for seed in rng.integers(len(lengths), size=len(lengths)):
            facts = lengths[seed]
            drawn = rng.integers(facts, size=facts)
            row[ends[seed] - facts : ends[seed]] += np.bincount(drawn, minlength=facts)
    return counts

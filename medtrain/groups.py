"""Who speaks in which dialogue, and where they are heard, by what a corpus states; results for each such group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from medtrain.data import Corpus

ATTRIBUTES = ("age_group", "gender", "accent")
CONDITION = "acoustic_condition"
"""The column of a corpus with patient-like speech that says where the patient is heard; others have none."""
UNKNOWN = "unknown"
LEAST = 5
"""Dialogues under which a group is only counted: a mean over fewer says more of them than of the group."""

Profile = tuple[str, ...]
"""Age group, gender and accent of the person who speaks for the patient: it is their voice that is heard.

In a corpus with patient-like speech the acoustic condition follows.
"""


def profiles(corpus: Corpus, split: str) -> list[Profile]:
    """Return the profile of every dialogue of a split, in the order of its rows."""
    found: list[Profile] = []
    for file in corpus.files[split]:
        frame = pl.scan_parquet(file, glob=False)
        known = [name for name in ("patient", CONDITION) if name in frame.collect_schema()]
        rows = frame.select(known or "id")
        for row in rows.collect().iter_rows(named=True):
            own = tuple((row.get("patient") or {}).get(name) or UNKNOWN for name in ATTRIBUTES)
            found.append((*own, row[CONDITION] or UNKNOWN) if CONDITION in known else own)
    return found


def cells(own: Sequence[Profile]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield (grouping, group, which of the profiles belong to it): each attribute by itself, then crossed.

    Who speaks (age group, gender, accent) is crossed, and where the acoustic condition is known all four are too.
    """
    names = (*ATTRIBUTES, CONDITION)[: len(own[0]) if own else len(ATTRIBUTES)]
    table = np.array(own, dtype=object).reshape(-1, len(names))
    for at, name in enumerate(names):
        for value in sorted(set(table[:, at])):
            yield name, value, np.flatnonzero(table[:, at] == value)
    for width in range(len(ATTRIBUTES), len(names) + 1):
        part = table[:, :width]
        for crossed in sorted(set(map(tuple, part))):
            places = np.flatnonzero((part == np.array(crossed, dtype=object)).all(1))
            yield " × ".join(names[:width]), ", ".join(crossed), places


def by_group(own: Sequence[Profile], sums: np.ndarray, measure: Any) -> dict[str, dict[str, Any]]:
    """Return `measure(sums of the group)` for every group of at least LEAST dialogues, and the count of all.

    `sums` has one row a profile.
    """
    found: dict[str, dict[str, Any]] = {}
    for grouping, name, places in cells(own):
        result: dict[str, Any] = {"dialogues": len(places)}
        if len(places) >= LEAST:
            result |= measure(sums[places])
        found.setdefault(grouping, {})[name] = result
    return found

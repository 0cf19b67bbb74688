"""Who speaks in which dialogue, by what a corpus states of the voice, and results for each such group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from medtrain.data import Corpus

ATTRIBUTES = ("age_group", "gender", "accent")
UNKNOWN = "unknown"
LEAST = 5
"""Dialogues under which a group is only counted: a mean over fewer says more of them than of the group."""

Profile = tuple[str, ...]
"""Age group, gender and accent of the person who speaks for the patient: it is their voice that is heard."""


def profiles(corpus: Corpus, split: str) -> list[Profile]:
    """Return the profile of every dialogue of a split, in the order of its rows."""
    found: list[Profile] = []
    for file in corpus.files[split]:
        frame = pl.scan_parquet(file, glob=False)
        if "patient" in frame.collect_schema():
            column = frame.select("patient").collect()["patient"].to_list()
        else:
            column = [None] * int(frame.select(pl.len()).collect().item())
        found += [tuple((patient or {}).get(name) or UNKNOWN for name in ATTRIBUTES) for patient in column]
    return found


def cells(own: Sequence[Profile]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield (grouping, group, which of the profiles belong to it): each attribute by itself, then all crossed."""
    table = np.array(own, dtype=object).reshape(-1, len(ATTRIBUTES))
    for at, name in enumerate(ATTRIBUTES):
        for value in sorted(set(table[:, at])):
            yield name, value, np.flatnonzero(table[:, at] == value)
    values = [sorted(set(table[:, at])) for at in range(len(ATTRIBUTES))]
    for crossed in product(*values):
        places = np.flatnonzero((table == np.array(crossed, dtype=object)).all(1))
        if len(places):
            yield " × ".join(ATTRIBUTES), ", ".join(crossed), places


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

"""The ledger: every id that was ever born in a run, and the one place where it ended."""

from __future__ import annotations

from typing import Any

import polars as pl

from medsynth.run.shards import read_outcomes
from medsynth.run.workspace import Workspace

SCHEMA: dict[str, Any] = {
    "id": pl.String,
    "parent": pl.String,
    "source": pl.String,
    "outcome": pl.String,
    "stage": pl.String,
    "reason": pl.String,
    "detail": pl.String,
    "into": pl.List(pl.String),
}
"""Columns of ledger.parquet. `into`: the dialogues of a kept record, the representative of a merged one.
`parent` is null for input rows; a record that a stage split off has its origin there."""


def build_ledger(workspace: Workspace) -> pl.DataFrame:
    """Return the ledger of everything that the run's stages have done so far, in input order.

    A record kept by the last stage that ran is `kept` there. One that was split into several is kept
    when any part is, and then names the kept parts; else it shares the fate of its first part.
    """
    sources: dict[str, str] = {}
    ends: dict[str, tuple[str, str, str, str, list[str]]] = {}
    children: dict[str, list[str]] = {}
    parents: dict[str, str] = {}
    for state in workspace.stages:
        outcomes = read_outcomes(workspace.shard_paths(state.name))
        for row_id, source, outcome, reason, detail, into in outcomes.iter_rows():
            if state.name == "ingest":
                sources[row_id] = source
            ends[row_id] = (outcome, state.name, reason, detail, into)
            if outcome == "kept" and into != [row_id]:
                children.setdefault(row_id, []).extend(i for i in into if i != row_id)
                parents.update({i: row_id for i in into if i != row_id})
    for child, parent in parents.items():
        sources.setdefault(child, sources.get(parent, ""))
        # A part made by the last stage has no row of its own yet: it is kept there.
        ends.setdefault(child, ("kept", ends[parent][1], "", "", [child]))
    order = [i for row in sources if row not in parents for i in _family(row, children)]
    rows = [(i, parents.get(i), sources[i], *_end(i, ends, children)) for i in order]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _family(row: str, children: dict[str, list[str]]) -> list[str]:
    return [row, *(i for child in children.get(row, ()) for i in _family(child, children))]


def _end(
    row: str, ends: dict[str, tuple[str, str, str, str, list[str]]], children: dict[str, list[str]]
) -> tuple[str, str, str, str, list[str]]:
    own = ends[row]
    if row not in children:
        return own if own[0] != "kept" else (*own[:4], [row])
    parts = [_end(child, ends, children) for child in children[row]]
    if row in own[4]:  # the record itself went on beside what was split off
        parts.insert(0, (*own[:4], [row]))
    kept = [i for part in parts if part[0] == "kept" for i in part[4]]
    return ("kept", own[1], "", "", kept) if kept else parts[0]

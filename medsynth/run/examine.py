"""Answers questions about a run: does it add up, what became of this record, what did each stage do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from medsynth.corpus.reader import is_corpus
from medsynth.corpus.verify import Finding, check_ledger, verify_corpus
from medsynth.errors import UserError
from medsynth.records import Kept, RawQA, Record
from medsynth.run.ledger import build_ledger
from medsynth.run.shards import outcome_fields, read_outcomes, read_shard
from medsynth.run.workspace import Workspace, is_run, open_run
from medsynth.stages.screen import ScreenStage
from medsynth.stages.screen_rules import explain_text


def verify(path: Path) -> Iterator[Finding]:
    """Yield what is wrong with a corpus, or with a run and the corpus in it."""
    if is_corpus(path):
        yield from verify_corpus(path)
        return
    if not is_run(path):
        raise UserError(f"{path} is neither a corpus (corpus.json) nor a run (run.json)")
    workspace = open_run(path)
    yield from verify_run(workspace)
    if is_corpus(workspace.corpus):
        yield from verify_corpus(workspace.corpus)


def verify_run(workspace: Workspace) -> Iterator[Finding]:
    """Yield where a run's stages do not hand on exactly what they received."""
    going: list[str] | None = None
    for state in workspace.stages:
        paths = workspace.shard_paths(state.name)
        missing = [p.name for p in paths if not p.is_file()]
        if missing:
            yield Finding(
                "conservation", state.name, f"{len(missing)} shards are missing, the first is {missing[0]}"
            )
            return
        try:
            outcomes = read_outcomes(paths)
        except pl.exceptions.PolarsError as error:
            yield Finding("conservation", state.name, f"a shard is damaged ({type(error).__name__})")
            return
        received = outcomes["id"].to_list()
        if going is not None and received != going:
            lost = sorted(set(going) - set(received))[:3]
            yield Finding(
                "conservation", state.name, f"received {len(received)} of {len(going)} records; lost {lost}"
            )
        kept = outcomes.filter(pl.col("outcome") == "kept")
        going = kept["into"].explode().drop_nulls().to_list()
    yield from check_ledger(build_ledger(workspace))


def explain_screening(workspace: Workspace, record_id: str) -> list[str]:
    """Return every screening rule's verdict on a raw record of a run, as lines to print.

    Raises UserError when no raw record has the id, or its row could not be parsed.
    """
    step = trace(workspace, record_id)[0]
    if not isinstance(step.record, RawQA):
        raise UserError(f"{record_id} was never screened: {step.outcome} at {step.stage}, {step.reason}")

    stage = ScreenStage(workspace.config.screen, workspace.context)
    return explain_text(stage.explain(step.record))


@dataclass(frozen=True)
class Step:
    """A record in one stage: what came of it there, and what it was afterwards (None when it ended)."""

    stage: str
    outcome: str
    reason: str
    detail: str
    into: tuple[str, ...]
    record: Record | None


def trace(workspace: Workspace, record_id: str) -> list[Step]:
    """Return a record's way through the stages, by its id or the id of a part of it.

    Raises UserError when no row of the run has the id.
    """
    parents = dict(build_ledger(workspace).select("id", "parent").iter_rows())
    if record_id not in parents:
        close = [i for i in parents if record_id.lower() in i.lower()][:5]
        hint = f"; ids that contain it: {', '.join(close)}" if close else ""
        raise UserError(f"no record of {workspace.path} has the id {record_id}{hint}")
    line = [record_id]
    while parents[line[-1]]:
        line.append(parents[line[-1]])
    steps = []
    for state in workspace.stages:
        for path in workspace.shard_paths(state.name):
            ids = pl.read_parquet(path, glob=False, columns=["id"], memory_map=False)["id"].to_list()
            for row in read_shard(path, [i for i, name in enumerate(ids) if name in line]):
                kept = isinstance(row.outcome, Kept)
                records = row.outcome.records if isinstance(row.outcome, Kept) else ()
                outcome, reason, detail, into = outcome_fields(row.outcome)
                after = next((r for r in records if getattr(r, "id", "") in line), None) if kept else None
                steps.append(Step(state.name, outcome, reason, detail, tuple(into), after))
    return steps

"""Finds one screened record, in a run or in raw files, as the stages after *screen* would receive it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from medsynth.config import PipelineConfig
from medsynth.errors import UserError
from medsynth.records import Kept, Outcome, RawQA, Rejected
from medsynth.run.ingest import resolve_sources
from medsynth.run.shards import kept_records
from medsynth.run.workspace import Workspace
from medsynth.sources import ingest
from medsynth.stages.base import Context
from medsynth.stages.screen import ScreenStage
from medsynth.stages.split import SplitStage


@dataclass(frozen=True)
class Found:
    """A screened record and the pipeline it belongs to."""

    record: RawQA
    config: PipelineConfig
    context: Context


def find_screened(workspace: Workspace, record_id: str | None) -> Found:
    """Return the screened record of this id, the first that passes *screen* when no id is given.

    Raises UserError when there is none, or *screen* rejects it.
    """
    for record in _screened(workspace, record_id):
        return Found(record, workspace.config, workspace.context)
    raise UserError(
        f"no record has the id {record_id}"
        if record_id
        else "no record passes screen, so there is none to show"
    )


def _screened(workspace: Workspace, record_id: str | None) -> Iterator[RawQA]:
    for path in workspace.shard_paths("split"):
        for record in kept_records(path):
            if isinstance(record, RawQA) and record_id in (None, record.id):
                yield record
    # Not (or not yet) in a run: read the sources until it comes.
    screen = ScreenStage(workspace.config.screen, workspace.context)
    split = SplitStage(workspace.config.split, workspace.context)
    seen: set[str] = set()
    for source, path in resolve_sources(workspace, need_licence=False):
        for item in itertools.islice(ingest(source, path, seen), workspace.config.limit):
            if record_id not in (None, item.id):
                continue
            outcome: Outcome = item.outcome
            for stage in (screen, split):
                if isinstance(outcome, Kept):
                    (outcome,) = stage.process(cast(tuple[RawQA, ...], outcome.records))
            if isinstance(outcome, Kept):
                for record in outcome.records:
                    assert isinstance(record, RawQA)
                    yield record
            elif record_id is not None:
                why = (
                    f"{outcome.reason} ({outcome.detail})" if isinstance(outcome, Rejected) else str(outcome)
                )
                raise UserError(f"{record_id} goes no further than screen: {why}")

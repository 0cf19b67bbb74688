"""What a worker does with one shard: look results up, process the rest, commit.

Runs inside worker processes; the coordinator only sends `Task`s and reads `Shard`s.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from medsynth.records import Failed, Outcome, Record
from medsynth.run.files import commit
from medsynth.run.shards import Shard, ShardRow, kept_records, read_shard, record_id, summarize, write_shard
from medsynth.stages.base import Context, GlobalStage, Stage

SKETCH_FAILED = "\x00failed "
"""Prefix of the decision that the runner gives to a record whose sketch failed."""


@dataclass(frozen=True)
class StageSpec:
    """How to open a stage in another process: `target` is "module:Class", `settings` its JSON."""

    target: str
    settings: str
    context: Context

    def load(self) -> type[Stage]:
        """Return the stage's class."""
        module, _, name = self.target.partition(":")
        return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]

    def open(self) -> Stage:
        """Open the stage. Raises UserError when an extra or a file that it needs is missing."""
        cls = self.load()
        settings = cls.Settings.model_validate_json(self.settings)
        return cls.implementation(settings)(settings, self.context)


@dataclass(frozen=True)
class Task:
    """One shard of one stage.

    `action` is "sketch" (a global stage looks at its inputs) or "process". `stale` is a text file that
    lists committed files of earlier runs, whose rows may still be valid. `decisions` has one string per
    input of a global stage. `careful`: one record at a time, announced before it is touched; `poison`:
    ids that killed a worker when processed alone.
    """

    stage: StageSpec
    action: str
    index: int
    digest: str
    source: Path
    target: Path
    stale: Path | None = None
    decisions: tuple[str, ...] | None = None
    careful: bool = False
    poison: frozenset[str] = frozenset()


class StaleRows:
    """Rows of earlier generations of a stage, found by key. Keys are read once, rows on demand.

    A row whose engine failed is not found: where work is done anew, it is worth another try.
    """

    def __init__(self, listing: Path | None) -> None:
        self._where: dict[str, tuple[Path, int]] = {}
        for name in listing.read_text().splitlines() if listing else ():
            path = listing.parent / name  # type: ignore[union-attr]
            try:
                keys = pl.read_parquet(path, glob=False, columns=["key"], memory_map=False)["key"]
            except (OSError, pl.exceptions.PolarsError):
                continue  # damaged or already replaced: its rows are made again
            self._where.update({key: (path, row) for row, key in enumerate(keys)})

    def find(self, keys: Sequence[str]) -> dict[str, ShardRow]:
        """Return the rows that exist for these keys."""
        wanted: dict[Path, list[int]] = {}
        for key in keys:
            if key in self._where:
                path, row = self._where[key]
                wanted.setdefault(path, []).append(row)
        found: dict[str, ShardRow] = {}
        for path, rows in wanted.items():
            if path.exists():
                some = read_shard(path, rows)
                found.update({row.key: row for row in some if not is_engine_fault(row.outcome)})
        return found


def clean_detail(error: BaseException) -> str:
    """Return an error's first line without paths, addresses and object ids, so that it is reproducible."""
    text = (str(error).splitlines() or [""])[0]
    text = re.sub(r"0x[0-9a-fA-F]+", "0x…", text)
    text = re.sub(r"(?<![\w.])/[^\s'\":,]+", "<path>", text)
    return text[:200]


def failed(error: BaseException) -> Failed:
    """Return the outcome of a record that raised."""
    return Failed(type(error).__name__, clean_detail(error))


def is_engine_fault(outcome: Outcome) -> bool:
    """Tell whether the engine, not the record, is why there is no result."""
    return isinstance(outcome, Failed) and outcome.error.startswith("engine_")


def cpu_seconds() -> float:
    """Return what this process and its ended children have computed so far."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def crashed(decision: str) -> Failed:
    """Return the outcome of a record whose sketch failed."""
    error, _, detail = decision.removeprefix(SKETCH_FAILED).partition(": ")
    return Failed(error or "worker_crashed", detail or "the worker process died on this record")


def _run_batch(
    call: Callable[[Sequence, Any], list[Outcome]], records: Sequence, extra: Sequence
) -> list[Outcome]:
    outcomes = call(records, extra)
    if len(outcomes) != len(records):
        raise RuntimeError(f"the stage returned {len(outcomes)} outcomes for {len(records)} records")
    return outcomes


def process_records(
    stage: Stage,
    records: Sequence[Record],
    decisions: Sequence[str],
    *,
    careful: bool = False,
    poison: frozenset[str] = frozenset(),
    announce: Callable[[int], None] = lambda position: None,
) -> list[Outcome]:
    """Return one outcome per record. An exception in a batch narrows it down to the record that raised."""

    def call(batch: Sequence, extra: Sequence) -> list[Outcome]:
        return stage.decide(batch, extra) if isinstance(stage, GlobalStage) else stage.process(batch)

    if not (careful or poison or any(d.startswith(SKETCH_FAILED) for d in decisions)):
        try:
            return _run_batch(call, records, decisions)
        except Exception:  # whatever a stage raises: find the record, keep the others
            pass
    outcomes: list[Outcome] = []
    for position, (record, decision) in enumerate(zip(records, decisions, strict=True)):
        if record_id(record) in poison or decision.startswith(SKETCH_FAILED):
            outcomes.append(crashed(decision))
            continue
        announce(position)
        try:
            outcomes += _run_batch(call, [record], [decision])
        except Exception as error:
            outcomes.append(failed(error))
    return outcomes


def record_keys(stage: Stage, records: Sequence[Record], decisions: Sequence[str]) -> list[str]:
    """Return the cache key of each record: stage, content, decision and what `stage.key` adds."""
    fingerprint = stage.fingerprint()
    keys = []
    for record, decision in zip(records, decisions, strict=True):
        text = "\x1f".join((fingerprint, record.content_hash(), decision, stage.key(record)))
        keys.append(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())
    return keys


def run_process(
    task: Task, stage: Stage, stale: StaleRows, announce: Callable[[int], None]
) -> tuple[Shard, int]:
    """Commit the outcomes of a shard. Returns its description and how many rows were not processed anew."""
    records = kept_records(task.source)
    decisions = task.decisions if task.decisions is not None else ("",) * len(records)
    keys = record_keys(stage, records, decisions)
    known = stale.find(keys)
    missing = [i for i, key in enumerate(keys) if key not in known]
    outcomes = process_records(
        stage,
        [records[i] for i in missing],
        [decisions[i] for i in missing],
        careful=task.careful,
        poison=task.poison,
        announce=lambda position: announce(missing[position]),
    )
    fresh = {
        keys[i]: ShardRow(keys[i], record_id(records[i]), outcome)
        for i, outcome in zip(missing, outcomes, strict=True)
    }
    write_shard(task.target, [fresh.get(key) or known[key] for key in keys])
    return summarize(task.index, task.digest, task.target), len(records) - len(missing)


def run_sketch(task: Task, stage: Stage, announce: Callable[[int], None]) -> tuple[Shard, int]:
    """Commit the sketches of a shard. A record that cannot be sketched has `_error` instead of columns."""
    assert isinstance(stage, GlobalStage)
    records = kept_records(task.source)
    ids = [record_id(r) for r in records]
    frame = None
    if not task.careful and not task.poison:
        try:
            frame = _checked_sketch(stage, records)
        except Exception:  # find the record below, keep the others
            frame = None
    if frame is None:
        rows = [pl.DataFrame(schema={"id": pl.String, "_error": pl.String})]
        for position, record in enumerate(records):
            if ids[position] in task.poison:
                rows.append(pl.DataFrame({"id": [ids[position]], "_error": ["worker_crashed"]}))
                continue
            announce(position)
            try:
                rows.append(_checked_sketch(stage, [record]))
            except Exception as error:
                text = f"{type(error).__name__}: {clean_detail(error)}"
                rows.append(pl.DataFrame({"id": [ids[position]], "_error": [text]}))
        frame = pl.concat(rows, how="diagonal")
    frame = frame.with_columns(pl.lit(task.index, dtype=pl.Int64).alias("_shard"))
    commit(task.target, lambda temporary: frame.write_parquet(temporary, compression="zstd"))
    return Shard(task.index, task.digest, task.target, len(records), len(records)), 0


def _checked_sketch(stage: GlobalStage, records: Sequence[Record]) -> pl.DataFrame:
    frame = stage.sketch(records)
    if frame["id"].to_list() != [record_id(r) for r in records]:
        raise RuntimeError(f"{stage.name}: sketch() must return one row per record, in order")
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias("_error"))

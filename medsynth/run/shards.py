"""Shards: the commit units of a run. One Parquet file holds the outcomes of some records in a stage."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from medsynth.records import Audio, Dialogue, Failed, Kept, Merged, Outcome, RawQA, Reason, Record, Rejected
from medsynth.run.files import commit

SCHEMA: dict[str, Any] = {
    "key": pl.String,
    "id": pl.String,
    "source": pl.String,
    "outcome": pl.String,
    "reason": pl.String,
    "detail": pl.String,
    "into": pl.List(pl.String),
    "type": pl.String,
    "records": pl.List(pl.String),
    "audio": pl.List(pl.Binary),
}
_TYPES: dict[str, type[Record]] = {"RawQA": RawQA, "Dialogue": Dialogue}


@dataclass(frozen=True)
class ShardRow:
    """One input of a stage and what became of it. `key` is its cache key; `source` is set by ingest only."""

    key: str
    id: str
    outcome: Outcome
    source: str = ""


@dataclass(frozen=True)
class Shard:
    """A committed file: its place in the run, the digest of all it depends on, and its record counts."""

    index: int
    digest: str
    path: Path
    inputs: int = 0
    kept: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def digest(*parts: str) -> str:
    """Return 32 hex digits for a sequence of strings (order and boundaries count)."""
    hasher = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")  # file names need not be UTF-8
        hasher.update(len(data).to_bytes(8, "big") + data)
    return hasher.hexdigest()


def record_id(record: Record) -> str:
    """Return the id of a RawQA or Dialogue."""
    return record.id  # type: ignore[attr-defined,no-any-return]


def _clips(record: Record) -> list[bytes]:
    if not isinstance(record, Dialogue):
        return []
    return [turn.audio.flac for turn in record.turns if turn.audio is not None]


def _with_clips(record: Record, clips: Iterator[bytes]) -> Record:
    if not isinstance(record, Dialogue) or not any(t.audio for t in record.turns):
        return record
    turns = tuple(
        t if t.audio is None else t.model_copy(update={"audio": _filled(t.audio, next(clips))})
        for t in record.turns
    )
    return record.model_copy(update={"turns": turns})


def _filled(audio: Audio, flac: bytes) -> Audio:
    return audio.model_copy(update={"flac": flac})


def outcome_fields(outcome: Outcome) -> tuple[str, str, str, list[str]]:
    """Return (outcome, reason, detail, into) as the ledger spells them."""
    if isinstance(outcome, Kept):
        return "kept", "", "", [record_id(r) for r in outcome.records]
    if isinstance(outcome, Rejected):
        return "rejected", str(outcome.reason), outcome.detail, []
    if isinstance(outcome, Merged):
        return "merged", "duplicate", outcome.detail, [outcome.into]
    return "failed", outcome.error, outcome.detail, []


def write_shard(path: Path, rows: Sequence[ShardRow]) -> None:
    """Commit the rows to `path` atomically."""
    columns: dict[str, list] = {name: [] for name in SCHEMA}
    for row in rows:
        name, reason, detail, into = outcome_fields(row.outcome)
        records = row.outcome.records if isinstance(row.outcome, Kept) else ()
        values = (row.key, row.id, row.source, name, reason, detail, into)
        for column, value in zip(SCHEMA, values, strict=False):
            columns[column].append(value)
        columns["type"].append(type(records[0]).__name__ if records else "")
        columns["records"].append([r.model_dump_json() for r in records])
        columns["audio"].append([clip for r in records for clip in _clips(r)])
    frame = pl.DataFrame(columns, schema=SCHEMA)
    commit(path, lambda temporary: frame.write_parquet(temporary, compression="zstd", row_group_size=256))


def _outcome(row: dict) -> Outcome:
    kind = row["outcome"]
    if kind == "kept":
        model, clips = _TYPES[row["type"]], iter(row["audio"])
        return Kept(tuple(_with_clips(model.model_validate_json(text), clips) for text in row["records"]))
    if kind == "rejected":
        return Rejected(Reason(row["reason"]), row["detail"])
    if kind == "merged":
        return Merged(row["into"][0], row["detail"])
    return Failed(row["reason"], row["detail"])


def read_shard(path: Path, rows: Sequence[int] | None = None) -> list[ShardRow]:
    """Return a shard's rows (all, or those at the given positions), with audio."""
    frame = pl.read_parquet(path, glob=False, memory_map=False)
    if rows is not None:
        frame = frame[list(rows)]
    return [ShardRow(r["key"], r["id"], _outcome(r), r["source"]) for r in frame.iter_rows(named=True)]


def kept_records(path: Path) -> list[Record]:
    """Return the records that go on from this shard, in order."""
    return [r for row in read_shard(path) if isinstance(row.outcome, Kept) for r in row.outcome.records]


def read_outcomes(paths: Iterable[Path]) -> pl.DataFrame:
    """Return `id, source, outcome, reason, detail, into` of these shards, in order, without the records."""
    columns = ["id", "source", "outcome", "reason", "detail", "into"]
    frames = [pl.read_parquet(path, glob=False, columns=columns, memory_map=False) for path in paths]
    if not frames:
        return pl.DataFrame(schema={name: SCHEMA[name] for name in columns})
    return pl.concat(frames)


def summarize(index: int, digest: str, path: Path) -> Shard:
    """Return the description of a committed shard, counted from the file."""
    frame = pl.read_parquet(path, glob=False, columns=["outcome", "reason", "into"], memory_map=False)
    kept = frame.filter(pl.col("outcome") == "kept")["into"].list.len().sum()
    lost = frame.filter(pl.col("outcome") != "kept").select(pl.format("{}: {}", "outcome", "reason"))
    reasons = dict(lost.to_series().value_counts().iter_rows())
    return Shard(index, digest, path, frame.height, int(kept or 0), reasons)

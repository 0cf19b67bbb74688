"""The first step of a run: every row of every source becomes a record, or a ledger line, in a shard."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

from medsynth import __version__
from medsynth.errors import UserError
from medsynth.records import Kept
from medsynth.run.files import commit_text
from medsynth.run.progress import Display
from medsynth.run.shards import Shard, ShardRow, digest, outcome_fields, summarize, write_shard
from medsynth.run.workspace import Workspace
from medsynth.sources import ingest, reader_for, source_files
from medsynth.sources.base import SourceConfig


def resolve_sources(workspace: Workspace, *, need_licence: bool) -> list[tuple[SourceConfig, Path]]:
    """Return each source with its reader settled and its path found.

    Raises UserError when a path is missing, a shape is not recognised, or (when a corpus is to be
    packed) a licence is unknown.
    """
    if not workspace.config.sources:
        raise UserError(
            "this pipeline names no sources; give --src PATH, or add sources: to the pipeline file"
        )
    resolved = []
    for config in workspace.config.sources:
        path = workspace.context.resolve(config.path)
        if not path.exists() and "$" in str(path):
            raise UserError(f"{config.path}: set this environment variable to the folder of the data")
        if not path.exists():
            raise UserError(f"{config.path}: no such file or folder (looked for {path})")
        reader = reader_for(config, path)
        licence = config.licence or reader.licence
        if need_licence and licence == "unknown" and not workspace.config.pack.allow_unknown_licences:
            raise UserError(
                f"{config.path}: nobody stated the licence of this source, and a corpus carries the terms of its "
                "sources; give --licence (or licence: in the pipeline file), or --allow-unknown-licence"
            )
        resolved.append((config.model_copy(update={"reader": reader.name, "licence": licence}), path))
    return resolved


def _file_hash(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "blake2b").hexdigest()[:32]


def _inputs_digest(workspace: Workspace, sources: list[tuple[SourceConfig, Path]]) -> str:
    parts = [__version__, str(workspace.config.limit), str(workspace.config.run.shard_size)]
    for config, path in sources:
        parts.append(config.model_dump_json(exclude={"path"}))
        for file in source_files(config, path)[1]:
            parts += [file.relative_to(path).as_posix() if file != path else file.name, _file_hash(file)]
    return digest(*parts)


def _rows(workspace: Workspace, sources: list[tuple[SourceConfig, Path]]) -> Iterator[ShardRow]:
    seen: set[str] = set()
    for config, path in sources:
        name = config.name or config.reader or ""
        for item in itertools.islice(ingest(config, path, seen), workspace.config.limit):
            if isinstance(item.outcome, Kept):
                key = item.outcome.records[0].content_hash()
            else:
                key = digest(item.id, *map(str, outcome_fields(item.outcome)))
            yield ShardRow(key, item.id, item.outcome, name)


def run_ingest(
    workspace: Workspace, sources: list[tuple[SourceConfig, Path]], display: Display
) -> list[Shard]:
    """Return the shards of all rows, in order; unchanged inputs are not read again."""
    folder = workspace.folder("ingest")
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / f"index-{_inputs_digest(workspace, sources)}.json"
    if index.is_file():
        entries = [
            (i, d, folder / f"{i:05d}-{d}.parquet") for i, d in enumerate(json.loads(index.read_text()))
        ]
        if all(path.is_file() for _, _, path in entries):
            shards = [summarize(*entry) for entry in entries]
            display.advance(sum(s.inputs for s in shards))
            return shards
    shards = []
    rows = _rows(workspace, sources)
    while chunk := list(itertools.islice(rows, workspace.config.run.shard_size)):
        # Content alone names the shard, so a changed row changes one name and nothing downstream of others.
        name = digest(*(part for row in chunk for part in (row.id, row.key)))
        path = folder / f"{len(shards):05d}-{name}.parquet"
        if not path.is_file():
            write_shard(path, chunk)
        shards.append(summarize(len(shards), name, path))
        display.advance(len(chunk))
    if not shards:
        raise UserError("the sources hold no rows at all: " + ", ".join(str(path) for _, path in sources))
    commit_text(index, json.dumps([shard.digest for shard in shards]))
    keep = {index} | {shard.path for shard in shards}
    for path in folder.iterdir():
        if path not in keep:
            path.unlink()
    return shards

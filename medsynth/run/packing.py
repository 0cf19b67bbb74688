"""From a run's finished shards to its corpus folder, put in place as one step."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from medsynth import __version__
from medsynth.corpus.reader import corpus_info, is_corpus
from medsynth.corpus.report import RejectExample
from medsynth.records import Dialogue, RawQA, Record
from medsynth.run.files import fsync_dir, locked, swap_folder
from medsynth.run.ledger import build_ledger
from medsynth.run.progress import Display
from medsynth.run.shards import Shard, digest, kept_records, read_outcomes, record_id
from medsynth.run.workspace import Workspace
from medsynth.sources import all_sources
from medsynth.stages.pack import PackInputs, pack
from medsynth.text.clean import clean
from medsynth.text.personal import redact
from medsynth.voice.bank import load_bank

EXAMPLES_PER_REASON = 5


def pack_run(workspace: Workspace, shards: Sequence[Shard], display: Display) -> dict[str, Any]:
    """Write `<run>/corpus` from the shards of the last stage; return corpus.json's content.

    An unchanged corpus is left as it is.
    """
    config = workspace.config
    pipeline = public_pipeline(workspace)
    text = json.dumps(pipeline, sort_keys=True)
    build = digest(__version__, text, *(s.digest for s in shards))
    display.stage("pack", sum(s.kept for s in shards))
    if is_corpus(workspace.corpus) and corpus_info(workspace.corpus).get("build") == build:
        display.finish("already done")
        return corpus_info(workspace.corpus)
    bank = config.voice.bank
    with locked(workspace.path):
        root = workspace.path / ".corpus.tmp"
        shutil.rmtree(root, ignore_errors=True)
        inputs = PackInputs(
            name=config.name,
            seed=config.seed,
            build=build,
            pipeline=pipeline,
            pipeline_hash=digest(text),
            dialogues=_dialogues(shards, display),
            ledger=build_ledger(workspace),
            speakers=load_bank(workspace.context.resolve(bank) if bank else None),
            examples=reject_examples(workspace),
            citations=_citations(workspace),
            max_shard_mb=config.pack.max_shard_mb,
            rows_per_group=config.pack.rows_per_group,
        )
        info = pack(inputs, root)
        for folder in (root / "data", root):
            fsync_dir(folder)
        swap_folder(root, workspace.corpus)
    display.finish(f"{info['dialogues']} dialogues, {info['hours'] * 60:.1f} minutes of speech")
    return info


def public_pipeline(workspace: Workspace) -> dict[str, Any]:
    """Return the resolved pipeline with file names in the place of paths of this machine."""
    data: dict[str, Any] = json.loads(workspace.config.result_json())
    for source in data["sources"]:
        source["path"] = Path(source["path"]).name
    data["dedup"]["against"] = [Path(path).name for path in data["dedup"]["against"]]
    for key in ("bank", "ids"):
        if data["voice"].get(key):
            data["voice"][key] = Path(data["voice"][key]).name
    return data


def _citations(workspace: Workspace) -> dict[str, str]:
    """Return whom to cite, by the name that a source has in this pipeline."""
    readers = all_sources()
    named = {s.name: s.reader for s in workspace.config.sources if s.name and s.reader}
    names = {name: name for name in readers} | named
    return {name: readers[reader].citation for name, reader in names.items()}


def _dialogues(shards: Sequence[Shard], display: Display) -> Iterator[Dialogue]:
    for shard in shards:
        records = kept_records(shard.path)
        yield from cast(list[Dialogue], records)
        display.advance(len(records))


def reject_examples(workspace: Workspace) -> list[RejectExample]:
    """Return a few rejected or failed records for each stage and reason, personal data taken out."""
    examples = []
    previous: list[Path] = []
    for state in workspace.stages:
        paths = workspace.shard_paths(state.name)
        taken: dict[str, int] = defaultdict(int)
        for position, path in enumerate(paths):
            rows = [r for r in read_outcomes([path]).iter_rows() if r[2] in ("rejected", "failed")]
            wanted = []
            for row_id, _, _, reason, detail, _ in rows:
                if taken[reason] < EXAMPLES_PER_REASON:
                    taken[reason] += 1
                    wanted.append((row_id, reason, detail))
            if not wanted:
                continue
            records = {record_id(r): r for r in kept_records(previous[position])} if previous else {}
            for row_id, reason, detail in wanted:
                text = _public_text(records[row_id]) if row_id in records else ""
                examples.append(RejectExample(row_id, state.name, reason, detail, text))
        previous = paths
    return examples


def _public_text(record: Record, limit: int = 600) -> str:
    """Return a record's turns as one text that may be shown: cleaned, redacted, shortened."""
    turns = cast(RawQA | Dialogue, record)
    source = turns.source_turns if isinstance(turns, Dialogue) else turns.turns
    lines = [f"{t.role}: {redact(clean(t.text[: 4 * limit], turns.lang), turns.lang)[0]}" for t in source]
    text = "\n".join(lines)
    return text if len(text) <= limit else text[:limit] + " …"

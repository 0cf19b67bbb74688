"""From a run's finished shards to its corpus folder, put in place as one step."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import polars as pl

from medsynth import __version__
from medsynth.config import LLM_STAGES
from medsynth.corpus.reader import corpus_info, is_corpus
from medsynth.corpus.report import RejectExample
from medsynth.corpus.report_clusters import largest_clusters
from medsynth.llm.budget import cost_of
from medsynth.llm.settings import public_name
from medsynth.records import Dialogue, RawQA, Record
from medsynth.run.files import fsync_dir, locked, swap_folder
from medsynth.run.ledger import build_ledger
from medsynth.run.progress import Display
from medsynth.run.shards import Shard, digest, kept_records, read_outcomes, record_id
from medsynth.run.workspace import Workspace, engine_usage
from medsynth.sources import all_sources
from medsynth.stages.pack import PackInputs, pack
from medsynth.text.clean import clean
from medsynth.text.personal import redact
from medsynth.voice.bank_engines import speakers_for
from medsynth.voice.engine import model_terms

EXAMPLES_PER_REASON = 3


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
    ledger = build_ledger(workspace)
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
            ledger=ledger,
            speakers=speakers_for(
                workspace.context.resolve(bank) if bank else None,
                config.voice.used,
                without_consent=config.voice.clone_without_consent,
                children=config.voice.clone_children,
            ),
            voice_models=model_terms(config.voice.used, config.voice.of_engines),
            examples=reject_examples(workspace, ledger),
            citations=_citations(workspace),
            usage=usage_facts(workspace),
            patient_like=config.voice.patient_like is not None,
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
    if data["dedup"]["semantic"]:
        embeddings = data["dedup"]["semantic"]["embeddings"]
        data["dedup"]["semantic"]["embeddings"] = Path(embeddings).name
    if data.get("llm"):
        data["llm"]["model"] = public_name(data["llm"]["model"])
    for stage in LLM_STAGES:
        own = data[stage]["llm"]
        own["base_url"] = None
        own["model"] = public_name(own["model"]) if own["model"] else None
        folder = data[stage]["prompts_folder"]
        data[stage]["prompts_folder"] = Path(folder).name if folder else None
    data["voice"]["openai"]["model"] = public_name(data["voice"]["openai"]["model"])
    for key in ("model_path", "config_path"):
        if data["voice"]["coqui"].get(key):
            data["voice"]["coqui"][key] = Path(data["voice"]["coqui"][key]).name
    effects = data["voice"].get("patient_like")
    if effects and effects["noise_folder"]:
        effects["noise_folder"] = Path(effects["noise_folder"]).name
    for key in ("bank", "ids"):
        if data["voice"].get(key):
            data["voice"][key] = Path(data["voice"][key]).name
    return data


def usage_facts(workspace: Workspace) -> list[dict[str, Any]]:
    """Return per stage and model what was asked, as corpus.json has it; `cost` is None where it is unknown."""
    prices = workspace.config.llm.prices
    rows = []
    for usage in engine_usage(workspace):
        price = prices.get(usage.model)
        rows.append(
            {
                "stage": usage.stage,
                "model": public_name(usage.model),
                "replies": usage.replies,
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "untold": usage.untold,
                "seconds_per_reply": round(usage.latency_s / usage.replies, 3) if usage.replies else 0.0,
                "cut": usage.cut,
                "retries": usage.retries,
                "failed": dict(usage.faults),
                "cost": cost_of(usage, prices),
                "currency": price.currency if price else "",
            }
        )
    return rows


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


def reject_examples(workspace: Workspace, ledger: pl.DataFrame) -> list[RejectExample]:
    """Return examples for the report, personal data taken out of them.

    A few rejected or failed records of each stage, reason and source, and members of the largest clusters of
    duplicates (reason `duplicate`, the one that was kept included).
    """
    lost = ledger.filter(pl.col("outcome").is_in(["rejected", "failed"]))
    few = lost.group_by("stage", "reason", "source", maintain_order=True).head(EXAMPLES_PER_REASON)
    wanted = {row[0]: row[1:] for row in few.select("id", "stage", "reason", "detail").iter_rows()}
    members: dict[str, str] = {}
    for cluster in largest_clusters(ledger):
        members |= dict.fromkeys((cluster.kept, *(i for i, _ in cluster.merged)), cluster.stage)
    examples = []
    previous: list[Path] = []
    for state in workspace.stages:
        paths = workspace.shard_paths(state.name)
        for position, path in enumerate(paths):
            ids = read_outcomes([path])["id"]
            ended = [i for i in ids if i in wanted and wanted[i][0] == state.name]
            alike = [i for i in ids if members.get(i) == state.name]
            if not (ended or alike):
                continue
            records = {record_id(r): r for r in kept_records(previous[position])} if previous else {}
            texts = {i: _public_text(records[i]) if i in records else "" for i in (*ended, *alike)}
            for i in ended:
                stage, reason, detail = wanted[i]
                examples.append(RejectExample(i, stage, reason, detail, texts[i]))
            examples += [RejectExample(i, state.name, "duplicate", "", texts[i]) for i in alike]
        previous = paths
    return examples


def _public_text(record: Record, limit: int = 600) -> str:
    """Return a record's turns as one text that may be shown: cleaned, redacted, shortened."""
    turns = cast(RawQA | Dialogue, record)
    source = turns.source_turns if isinstance(turns, Dialogue) else turns.turns
    lines: list[str] = []
    for turn in source[:limit]:  # a rejected record may have any number of turns
        lines.append(f"{turn.role}: {redact(clean(turn.text[: 4 * limit], turns.lang), turns.lang)[0]}")
        if sum(map(len, lines)) > limit:
            break
    text = "\n".join(lines)
    return text if len(text) <= limit else text[:limit] + " …"

"""Decides which run a command works on, and carries it out up to a stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsynth.config import PipelineConfig, find_pipeline, load_pipeline, parse_config
from medsynth.corpus.reader import is_corpus
from medsynth.errors import UserError, printable
from medsynth.run.executor import Plan, execute
from medsynth.run.files import commit
from medsynth.run.packing import pack_run
from medsynth.run.progress import Display
from medsynth.run.shards import Shard, kept_records
from medsynth.run.workspace import (
    RUNS,
    Workspace,
    derive_run,
    is_run,
    last_run,
    open_run,
    prepare_run,
    remember,
    slug,
)
from medsynth.stages.base import Context
from medsynth.voice.engine import model_terms


@dataclass(frozen=True)
class Request:
    """What the user asked for: where from, where to, and settings by dotted key (None values are left out)."""

    src: Path | None = None
    pipeline: Path | None = None
    out: Path | None = None
    source: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] | None = None


def choose_run(request: Request) -> Workspace:
    """Return the run to work on.

    Raw files in `src` start a run (`runs/<name>` unless `out` says otherwise); a run in `src`, or no
    `src` and no `pipeline`, takes that run or the last one. Settings that would change an existing run's
    results start a new run from its finished work; the old one stays as it is.
    """
    src = _run_of(request.src)
    if request.pipeline is None and (src is None or is_run(src)):
        if request.source:
            raise UserError(
                "--source, --lang, --licence and --column describe raw files; give those with --src"
            )
        return _continue(open_run(src or last_run()), request)
    if request.pipeline is not None:
        config, context = load_pipeline(request.pipeline)
        base, name = context.base, config.name
    else:
        config, base, name = PipelineConfig(), Path.cwd(), ""
    if src is not None:
        if not src.exists():
            raise UserError(f"{src}: no such file or folder")
        if printable(str(src.resolve())) != str(src.resolve()):  # run.json is UTF-8, and names what was read
            raise UserError(f"{src}: the path has characters that are not UTF-8, or controls; rename it")
        if is_run(src):
            raise UserError(
                f"{src} is a run; a pipeline starts from raw files (leave the pipeline out to go on with it)"
            )
        entry = {"path": str(src.resolve()), **{k: v for k, v in (request.source or {}).items() if v}}
        name = slug(src.stem if request.pipeline is None else f"{name}-{src.stem}")
        config = override(config, {"sources": [entry], "name": name})
    elif request.source:
        raise UserError("--source, --lang, --licence and --column describe raw files; give those with --src")
    config = override(config, request.settings or {})
    return prepare_run(request.out or RUNS / config.name, config, base)


def open_request(src: Path | None, pipeline: str | None, source: Mapping[str, Any]) -> Workspace:
    """Return a workspace to look things up in: the run at `src` (the last one), or raw files, nothing written."""
    src = _run_of(src)
    if pipeline is None and (src is None or is_run(src)):
        return open_run(src or last_run())
    if pipeline is not None:
        config, context = load_pipeline(find_pipeline(pipeline))
    else:
        config, context = PipelineConfig(), Context(base=Path.cwd())
    if src is not None:
        if not src.exists():
            raise UserError(f"{src}: no such file or folder")
        entry = {"path": str(src.resolve()), **{k: v for k, v in source.items() if v}}
        config = override(config, {"sources": [entry]})
    return Workspace(Path(RUNS / config.name), config, context.base)


def _run_of(src: Path | None) -> Path | None:
    """Return the run that a corpus lies in; anything else as it is."""
    return src.parent if src is not None and is_corpus(src) and is_run(src.parent) else src


def _continue(origin: Workspace, request: Request) -> Workspace:
    config = override(origin.config, request.settings or {})
    out = request.out
    if config.result_json() != origin.config.result_json():
        result = origin.config.result_json()
        changed = "-".join(
            f"{key.split('.')[-1]}-{Path(value).name if isinstance(value, str) else value}"
            for key, value in sorted((request.settings or {}).items())
            if value is not None and override(origin.config, {key: value}).result_json() != result
        )
        name = slug(f"{origin.config.name}-{changed or 'all'}")
        out = out or origin.path.parent / name
        config = override(config, {"name": name})
    if out is None or out.resolve() == origin.path.resolve():
        return prepare_run(origin.path, config, origin.base)
    return derive_run(origin, out, config)


def override(config: PipelineConfig, settings: Mapping[str, Any]) -> PipelineConfig:
    """Return the pipeline with settings replaced by dotted key ("voice.count": 10; None where a key has none).

    Raises UserError naming a key or value that does not fit.
    """
    data = json.loads(config.model_dump_json())
    for key, value in settings.items():
        *sections, last = key.split(".")
        target = data
        for section in sections:
            target = target.setdefault(section, {})
        target[last] = value
    return parse_config(data, "settings")


def carry_out(workspace: Workspace, until: str, display: Display) -> Path:
    """Run the pipeline up to a stage ("pack": the whole) and return where the result lies.

    *voice* ends in a corpus too: a corpus is how audio leaves a run. The stages before it leave their
    kept records as `<run>/<stage>.jsonl`.
    """
    whole = until in ("voice", "pack")
    plan = Plan.of(workspace, until)
    with display:
        _tell_terms(workspace.config, plan, display)
        remember(workspace.path)  # from here on it is the last run; one that cannot begin is not
        shards = execute(workspace, plan, display, need_licence=whole)
        if whole:
            pack_run(workspace, shards, display)
            return workspace.corpus
    return export_stage(workspace, until, shards)


def _tell_terms(config: PipelineConfig, plan: Plan, display: Display) -> None:
    """Tell the terms of the models that will speak, before anything is done. Raises UserError when none can."""
    for name, stage in plan.stages:
        if name == "voice":
            stage.open().close()
            for terms in model_terms(config.voice.used, config.voice.of_engines):
                display.tell(terms.line)


def export_stage(workspace: Workspace, stage: str, shards: list[Shard]) -> Path:
    """Write a stage's kept records as JSON lines and return the file."""
    path = workspace.path / f"{stage}.jsonl"

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8") as handle:
            for shard in shards:
                handle.writelines(record.model_dump_json() + "\n" for record in kept_records(shard.path))

    commit(path, write)
    return path

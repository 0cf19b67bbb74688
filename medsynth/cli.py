"""The `medsynth` command: one function a verb, which parses, calls and prints. Heavy imports wait inside."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medsynth.errors import UserError

if TYPE_CHECKING:
    from medsynth.run.workspace import Workspace

app = typer.Typer(
    name="medsynth",
    help="Turn raw medical questions and answers into a verified corpus of spoken consultations. Not medical advice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Src = Annotated[
    Path | None, typer.Option("--src", help="raw file or folder, or a run; the last run when not given")
]
Source = Annotated[
    str | None, typer.Option("--source", help="reader of the raw files; recognised when not given")
]
Lang = Annotated[str | None, typer.Option("--lang", help="language of the raw files (en, zh)")]
Licence = Annotated[str | None, typer.Option("--licence", help="licence of the raw files")]
Column = Annotated[
    list[str] | None,
    typer.Option("--column", help="our field=their column, such as question=ask; repeatable"),
]
Pipeline = Annotated[str | None, typer.Option("--pipeline", help="pipeline file for a new run")]
Out = Annotated[Path | None, typer.Option("--out", help="folder of the run (runs/<name> when not given)")]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="take at most this many rows of each source")
]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="worker processes (all cores)")]
Seed = Annotated[int | None, typer.Option("--seed", help="seed of every random choice")]
Unknown = Annotated[
    bool, typer.Option("--allow-unknown-licence", help="pack sources whose licence nobody stated")
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--set", help="any pipeline setting, such as dedup.threshold=0.9; repeatable"),
]


def _choose(
    src: Path | None,
    source: str | None,
    lang: str | None,
    licence: str | None,
    column: list[str] | None,
    pipeline: str | None,
    out: Path | None,
    settings: dict[str, Any],
    extra: list[str] | None,
) -> Workspace:
    from medsynth.config import find_pipeline
    from medsynth.run.start import Request, choose_run

    described = {"reader": source, "lang": lang, "licence": licence, "columns": _pairs(column, "--column")}
    described = {k: v for k, v in described.items() if v}
    return choose_run(
        Request(
            src=src,
            pipeline=find_pipeline(pipeline) if pipeline else None,
            out=out,
            source=described,
            settings={**settings, **_settings(extra)},
        )
    )


def _pairs(values: list[str] | None, option: str) -> dict[str, str]:
    pairs = dict(value.partition("=")[::2] for value in values or ())
    if not all(k and v for k, v in pairs.items()):
        raise UserError(f"{option} takes name=value")
    return pairs


def _settings(values: list[str] | None) -> dict[str, Any]:
    import yaml

    try:
        return {key: yaml.safe_load(value) for key, value in _pairs(values, "--set").items()}
    except yaml.YAMLError as error:
        raise UserError(f"--set: {' '.join(str(error).split())}") from None


def _carry_out(workspace: Workspace, until: str) -> None:
    from medsynth.run.progress import Display
    from medsynth.run.start import carry_out
    from medsynth.run.summary import print_summary

    try:
        result = carry_out(workspace, until, Display())
    except KeyboardInterrupt:
        typer.echo("\nstopped; finished work is kept, the same command goes on from here", err=True)
        raise typer.Exit(130) from None
    print_summary(workspace, result)


def _common(
    workers: int | None, seed: int | None, limit: int | None, unknown: bool = False
) -> dict[str, Any]:
    return {
        "run.workers": workers,
        "seed": seed,
        "limit": limit,
        "pack.allow_unknown_licences": unknown or None,
    }


@app.command()
def run(
    pipeline: Annotated[str, typer.Argument(help="pipeline file, or the name of a shipped one such as demo")],
    src: Annotated[
        Path | None, typer.Option("--src", help="raw files instead of the pipeline's sources")
    ] = None,
    source: Source = None,
    lang: Lang = None,
    licence: Licence = None,
    column: Column = None,
    out: Out = None,
    limit: Limit = None,
    workers: Workers = None,
    seed: Seed = None,
    allow_unknown_licence: Unknown = False,
    setting: Setting = None,
) -> None:
    """Run a whole pipeline, from raw files to the packed corpus; again to resume."""
    settings = _common(workers, seed, limit, allow_unknown_licence)
    _carry_out(_choose(src, source, lang, licence, column, pipeline, out, settings, setting), "pack")


def _stage_verb(stage: str, summary: str) -> None:
    """Register the verb of a stage that has no options of its own."""

    def verb(
        src: Src = None,
        source: Source = None,
        lang: Lang = None,
        licence: Licence = None,
        column: Column = None,
        pipeline: Pipeline = None,
        out: Out = None,
        limit: Limit = None,
        workers: Workers = None,
        seed: Seed = None,
        allow_unknown_licence: Unknown = False,
        setting: Setting = None,
    ) -> None:
        settings = _common(workers, seed, limit, allow_unknown_licence)
        _carry_out(_choose(src, source, lang, licence, column, pipeline, out, settings, setting), stage)

    app.command(stage, help=summary)(verb)


_stage_verb("ingest", "Read raw files: every row becomes a record or a ledger line.")
_stage_verb("screen", "Clean the text, take personal data out, reject what cannot be spoken.")
_stage_verb("dedup", "Merge exact and near duplicates, remove what matches held-out sets.")
_stage_verb("split", "Assign train, validation and test by group and duplicate cluster.")


@app.command()
def rewrite(
    src: Src = None,
    engine: Annotated[
        str | None, typer.Option("--engine", help="who rewrites: extractive needs no model")
    ] = None,
    source: Source = None,
    lang: Lang = None,
    licence: Licence = None,
    column: Column = None,
    pipeline: Pipeline = None,
    out: Out = None,
    limit: Limit = None,
    workers: Workers = None,
    seed: Seed = None,
    setting: Setting = None,
) -> None:
    """Rewrite questions and answers into consultation-style dialogues."""
    settings = {**_common(workers, seed, limit), "rewrite.engine": engine}
    _carry_out(_choose(src, source, lang, licence, column, pipeline, out, settings, setting), "rewrite")


_stage_verb("profile", "Work out who speaks: informant, age group, gender, accent.")


@app.command()
def voice(
    src: Src = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="force a profile: elderly, female-elderly, child,en-GB-scotland"),
    ] = None,
    count: Annotated[int | None, typer.Option("--count", min=0, help="voice this many dialogues")] = None,
    hours: Annotated[
        float | None, typer.Option("--hours", min=0.0, help="voice about this much audio")
    ] = None,
    ids: Annotated[Path | None, typer.Option("--ids", help="voice the dialogues listed in this file")] = None,
    roles: Annotated[
        str | None, typer.Option("--roles", help="who is voiced: patient, or patient,doctor")
    ] = None,
    engine: Annotated[str | None, typer.Option("--engine", help="voice engine: espeak")] = None,
    source: Source = None,
    lang: Lang = None,
    licence: Licence = None,
    column: Column = None,
    pipeline: Pipeline = None,
    out: Out = None,
    limit: Limit = None,
    workers: Workers = None,
    seed: Seed = None,
    allow_unknown_licence: Unknown = False,
    setting: Setting = None,
) -> None:
    """Voice dialogues with speakers that match their patients, and pack the corpus."""
    settings = {
        **_common(workers, seed, limit, allow_unknown_licence),
        "voice.profile": profile,
        "voice.count": count,
        "voice.hours": hours,
        "voice.ids": ids and str(ids.resolve()),
        "voice.roles": roles and [role.strip() for role in roles.split(",")],
        "voice.engine": engine,
    }
    _carry_out(_choose(src, source, lang, licence, column, pipeline, out, settings, setting), "voice")


_stage_verb("pack", "Write the corpus: tables, card, report, checksums.")


@app.command()
def verify(
    path: Annotated[
        Path | None, typer.Argument(help="a corpus or a run; the last run when not given")
    ] = None,
) -> None:
    """Prove that nothing was lost, altered or invented. Exits 1 when something was."""
    from medsynth.corpus.verify import CHECKS
    from medsynth.run.examine import verify as examine
    from medsynth.run.workspace import last_run

    path = path or last_run()
    findings = list(examine(path))
    for finding in findings:
        typer.echo(f"{finding.check}: {finding.where}: {finding.message}", err=True)
    for check in CHECKS:
        count = sum(f.check == check for f in findings)
        typer.echo(f"{'FAILED' if count else 'ok':<7}{check}" + (f" ({count})" if count else ""))
    typer.echo(f"{path}: " + (f"{len(findings)} problems" if findings else "whole"))
    raise typer.Exit(1 if findings else 0)


@app.command()
def trace(
    record_id: Annotated[str, typer.Argument(metavar="ID", help="id of a raw row or of a dialogue")],
    src: Annotated[Path | None, typer.Option("--src", help="the run; the last run when not given")] = None,
) -> None:
    """Show one record's way from raw row to clip, or to the reason why it ended."""
    from medsynth.run.summary import print_trace
    from medsynth.run.workspace import last_run, open_run

    print_trace(open_run(src or last_run()), record_id)


@app.command()
def status(
    src: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="the run; the last run when not given")
    ] = None,
) -> None:
    """Show what each stage of a run kept, lost and took."""
    from medsynth.run.summary import print_status
    from medsynth.run.workspace import last_run, open_run

    print_status(open_run(src or last_run()))


@app.command()
def sources() -> None:
    """List the raw shapes that can be read."""
    from medsynth.run.summary import print_table
    from medsynth.sources import source_table

    print_table(source_table())


@app.command()
def voices(
    lang: Annotated[str | None, typer.Option("--lang", help="only this language (en, zh)")] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="only this profile, such as male-elderly")
    ] = None,
) -> None:
    """List the speakers of the built-in bank."""
    from medsynth.run.summary import print_table
    from medsynth.voice.bank import listing, load_bank
    from medsynth.voice.match import select

    print_table(listing(select(load_bank(), lang, profile)))


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="what to say")],
    profile: Annotated[
        str, typer.Option("--profile", help="whose voice, such as female-elderly")
    ] = "female-adult",
    lang: Annotated[str | None, typer.Option("--lang", help="en or zh; by the script when not given")] = None,
    out: Annotated[Path, typer.Option("--out", help="the wav file to write")] = Path("say.wav"),
    seed: Annotated[int, typer.Option("--seed", help="another seed may choose another speaker")] = 0,
) -> None:
    """Say one text in a voice of the bank and write it as a wav file."""
    from medsynth.voice.say import say as speak

    speaker = speak(text, lang, profile, out, seed)
    typer.echo(f"{out}: {speaker.id}")


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", help="folder to write to")],
    src: Annotated[
        Path | None, typer.Option("--src", help="a corpus or a run; the last run when not given")
    ] = None,
    to: Annotated[str, typer.Option("--to", help="files: FLAC clips and JSON Lines")] = "files",
) -> None:
    """Unfold a corpus into plain files."""
    from medsynth.corpus.export import export_files
    from medsynth.run.workspace import is_run, last_run

    if to != "files":
        raise UserError(f"--to {to}: known here: files")
    path = src or last_run()
    dialogues, clips = export_files(path / "corpus" if is_run(path) else path, out)
    typer.echo(f"{out}: {dialogues} dialogues, {clips} clips")


@app.command()
def schema() -> None:
    """Print the JSON schema of pipeline files, for editors."""
    import json

    from medsynth.config import PipelineConfig

    typer.echo(json.dumps(PipelineConfig.model_json_schema(), indent=2))


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 1."""
    try:
        app()
    except UserError as error:
        typer.echo(f"medsynth: {error}", err=True)
        sys.exit(1)

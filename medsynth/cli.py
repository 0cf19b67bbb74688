"""The `medsynth` command: one function a verb, which parses, calls and prints. Heavy imports wait inside."""

from __future__ import annotations

import inspect
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medsynth import cli_bank, cli_llm, cli_voice
from medsynth.cli_options import COMMON, LLM, RAW, RUN_SRC, STAGE_SRC, Option, absolute, pairs, yaml_pairs
from medsynth.errors import UserError, printable

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


def _carry_out(until: str, given: dict[str, Any], options: dict[str, Option]) -> None:
    """Carry a pipeline out up to a stage, as the options say, and print where it ended."""
    from medsynth.config import LLM_STAGES
    from medsynth.run.progress import Display
    from medsynth.run.start import carry_out
    from medsynth.run.summary import print_summary

    workspace = _workspace(until, given, options)
    stages = [stage for stage in LLM_STAGES if until in (stage, "pack") and workspace.config.asks(stage)]
    if given.get("retry_failed") and until in ("voice", "pack"):
        workspace.look_again("voice")
    for stage in stages:
        if given.get("refresh") or given.get("retry_failed"):
            workspace.look_again(stage, forget=bool(given.get("refresh")))
    try:
        result = carry_out(workspace, until, Display())
    except KeyboardInterrupt:
        typer.echo("\nstopped; finished work is kept, the same command goes on from here", err=True)
        raise typer.Exit(130) from None
    print_summary(workspace, result)


def _workspace(until: str, given: dict[str, Any], options: dict[str, Option]) -> Workspace:
    """Return the run that the options ask for, its pipeline with their settings."""
    from medsynth.config import LLM_STAGES, find_pipeline
    from medsynth.run.start import Request, choose_run, open_request, override

    settings = {
        option.setting: option.convert(given[name])
        for name, option in options.items()
        if option.setting and (given[name] or (given[name] == 0 and given[name] is not False))
    }
    if given.get("llm"):
        settings |= {f"{stage}.engine": "llm" for stage in LLM_STAGES if until in (stage, "pack")}
    set_ = yaml_pairs(given["set"], "--set")
    if until in ("voice", "pack"):
        settings |= cli_voice.settings(
            given, lambda own: override(open_request(given["src"], given["pipeline"], {}).config, own | set_)
        )
    settings |= set_
    raw = {"reader": given["source"], "lang": given["lang"], "licence": given["licence"]}
    raw["columns"] = pairs(given["column"], "--column")
    return choose_run(
        Request(
            src=given["src"],
            pipeline=find_pipeline(given["pipeline"]) if given["pipeline"] else None,
            out=given["out"],
            source={key: value for key, value in raw.items() if value},
            settings=settings,
        )
    )


def _explain(given: dict[str, Any]) -> bool:
    if given["explain"]:
        from medsynth.run.examine import explain_screening
        from medsynth.run.workspace import last_run, open_run

        for line in explain_screening(open_run(given["src"] or last_run()), given["explain"]):
            typer.echo(printable(line))
    return bool(given["explain"])


def _profile_texts(given: dict[str, Any]) -> bool:
    if given["texts"]:
        import json

        from medsynth.text.persons import profile_texts

        for result in profile_texts(given["texts"]):
            typer.echo(json.dumps(result, ensure_ascii=False))
    return bool(given["texts"])


def _verb(
    name: str,
    summary: str,
    own: dict[str, Option] | None = None,
    *,
    instead: Callable[[dict[str, Any]], bool] | None = None,
) -> None:
    """Register the verb of a stage: its own options and those that all of them share.

    `instead` may answer an option that asks for something else than carrying the stage out.
    """
    options = {**STAGE_SRC, **(own or {}), **RAW, **COMMON}

    def verb(**given: Any) -> None:
        if instead is None or not instead(given):
            _carry_out(name, given, options)

    _register(name, summary, verb, options)


def _register(
    name: str, summary: str, verb: Callable[..., None], options: dict[str, Option], *first: inspect.Parameter
) -> None:
    parameters = list(first)
    for option_name, option in options.items():
        flag = f"--{option_name.replace('_', '-')}"
        declared = typer.Option(flag, help=option.help, metavar=option.metavar)
        annotation = option.type if option.type is bool else option.type | None
        default = False if option.type is bool else None
        parameters.append(
            inspect.Parameter(
                option_name,
                inspect.Parameter.KEYWORD_ONLY,
                default=default,
                annotation=Annotated[annotation, declared],
            )
        )
    verb.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    verb.__annotations__ = {p.name: p.annotation for p in parameters}
    app.command(name, help=summary)(verb)


_WHOLE = {**RUN_SRC, **LLM, **cli_voice.ACCEPT, **RAW, **COMMON}


_PIPELINE = inspect.Parameter(
    "pipeline",
    inspect.Parameter.KEYWORD_ONLY,
    annotation=Annotated[
        str, typer.Argument(help="pipeline file, or the name of a shipped one such as demo")
    ],
)


def _run(**given: Any) -> None:
    _carry_out("pack", given, _WHOLE)


def _plan(**given: Any) -> None:
    cli_llm.plan(given, _workspace("pack", given, _WHOLE))


_register(
    "run",
    "Run a whole pipeline, from raw files to the packed corpus; again to resume.",
    _run,
    _WHOLE,
    _PIPELINE,
)
_register(
    "plan",
    "Run a pilot of a pipeline; forecast calls, tokens, hours, disk and rejects of the whole.",
    _plan,
    {"pilot": Option(int, "records of the pilot (50)"), **_WHOLE},
    _PIPELINE,
)
app.command("check-engine")(cli_llm.check_engine)
app.command()(cli_llm.facts)
app.add_typer(cli_llm.prompts, name="prompt")
app.add_typer(cli_bank.bank, name="bank")
app.command()(cli_voice.voices)
app.command()(cli_voice.spoken)
app.command()(cli_voice.say)
app.command("serve-voice")(cli_voice.serve_voice)
_verb("ingest", "Read raw files: every row becomes a record or a ledger line.")
_verb(
    "screen",
    "Clean the text, take personal data out, reject what cannot be spoken.",
    {
        "explain": Option(
            str, "show every rule's verdict on this id of a run, and carry nothing out", metavar="ID"
        )
    },
    instead=_explain,
)
_verb(
    "dedup",
    "Merge exact and near duplicates, remove what matches held-out sets.",
    {
        "against": Option(
            list[Path],
            "held-out file whose rows are removed from the corpus; repeatable",
            "dedup.against",
            absolute,
        ),
        "threshold": Option(
            float, "Jaccard similarity from which two rows are near duplicates", "dedup.threshold"
        ),
    },
)
_verb("split", "Assign train, validation and test by group and duplicate cluster.")
_verb("filter", "Let a chat model judge which rows are fit to become a consultation.", LLM)
_verb(
    "rewrite",
    "Rewrite questions and answers into consultation-style dialogues.",
    {
        "engine": Option(str, "who rewrites: extractive (needs no model) or llm", "rewrite.engine"),
        **LLM,
    },
)
_verb(
    "profile",
    "Work out who speaks: informant, age group, gender, accent.",
    {**LLM, "texts": Option(Path, "read id, lang, text (JSON Lines) and print who speaks, a line each")},
    instead=_profile_texts,
)
_verb(
    "voice",
    "Voice dialogues with speakers that match their patients, and pack the corpus.",
    cli_voice.OPTIONS,
)
_verb("pack", "Write the corpus: tables, card, report, checksums.")


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
        typer.echo(printable(f"{finding.check}: {finding.where}: {finding.message}"), err=True)
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
    for stream in (sys.stdout, sys.stderr):  # a terminal of another encoding must not end a command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except UserError as error:
        typer.echo(printable(f"medsynth: {error}"), err=True)
        sys.exit(1)

"""The verbs around chat models and facts: plan, check-engine, prompt, facts. Registered on `medsynth.cli.app`."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from medsynth.errors import UserError, printable

prompts = typer.Typer(help="Look at the prompts that chat models are given.", no_args_is_help=True)


def facts(
    text: Annotated[str | None, typer.Argument(help="text whose medical facts are listed")] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="en or zh; by the script when not given")] = None,
    pairs: Annotated[
        Path | None,
        typer.Option("--pairs", help="check rewritings: JSON Lines of id, lang, source, rewrite"),
    ] = None,
) -> None:
    """List the medical facts of a text, or say what rewritings kept, dropped, altered and invented."""
    from medsynth.text.facts.command import check_pairs, list_facts

    if (text is None) == (pairs is None):
        raise UserError("facts takes a TEXT, or --pairs FILE")
    bad: list[UserError] = []

    def bad_line(error: UserError) -> None:
        bad.append(error)
        typer.echo(printable(f"medsynth: {error}"), err=True)

    for line in check_pairs(pairs, bad_line) if pairs else list_facts(text or "", lang):
        typer.echo(json.dumps(line, ensure_ascii=False))
    raise typer.Exit(1 if bad else 0)


def plan(given: dict[str, Any], workspace: Any) -> None:
    """Run a pilot and print the forecast."""
    from medsynth.run.pilot import forecast_lines, run_pilot
    from medsynth.run.progress import Display
    from medsynth.run.workspace import remember

    remember(workspace.path)
    try:
        forecast = run_pilot(workspace, given["pilot"] or 50, Display())
    except KeyboardInterrupt:
        typer.echo("\nstopped; what was answered is kept, the same command goes on from here", err=True)
        raise typer.Exit(130) from None
    for line in forecast_lines(forecast):
        typer.echo(printable(line))
    typer.echo(printable(f"next     {_same_command('run', sys.argv[1:])}"))


def _same_command(verb: str, arguments: list[str]) -> str:
    """Return the command line as it was given, for another verb, without --pilot."""
    kept, skip = [], True  # the verb itself
    for argument in arguments:
        if not skip and not argument.startswith("--pilot="):
            if argument == "--pilot":
                skip = True
                continue
            kept.append(argument)
        skip = False
    return shlex.join(["medsynth", verb, *kept])


@prompts.command("show")
def show_prompt(
    name: Annotated[str, typer.Argument(help="a prompt, such as filter, rewrite or profile")],
    src: Annotated[
        Path | None, typer.Option("--src", help="raw file or folder, or a run; the last run when not given")
    ] = None,
    record_id: Annotated[
        str | None, typer.Option("--id", help="the record; the first that passes screen when not given")
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", help="pipeline file, for its settings")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="reader of the raw files; recognised when not given")
    ] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="language of the raw files (en, zh)")] = None,
) -> None:
    """Print exactly what a chat model would be sent for a record."""
    from medsynth.run.lookup import find_screened
    from medsynth.run.prompting import show_prompt as rendered
    from medsynth.run.start import open_request

    found = find_screened(open_request(src, pipeline, {"reader": source, "lang": lang}), record_id)
    config = found.config
    typer.echo(
        printable(rendered(name, found.record, found.context, config.rewrite, config.filter, config.profile))
    )


@prompts.command("list")
def list_prompts() -> None:
    """List the prompts by name, language, version and what they are for."""
    from medsynth.llm.prompts import PROMPTS, load_prompt
    from medsynth.run.summary import print_table

    rows = []
    for name in PROMPTS:
        for lang in ("en", "zh"):
            prompt = load_prompt(name, lang)
            rows.append({"prompt": name, "lang": lang, "version": prompt.version, "purpose": prompt.purpose})
    print_table(rows)


def check_engine(
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", help="server, such as http://127.0.0.1:8000/v1 (OPENAI_BASE_URL)"),
    ] = None,
    model: Annotated[str, typer.Option("--model", help="name of the chat model; the server's first")] = "",
    api_key_env: Annotated[
        str, typer.Option("--api-key-env", help="environment variable that holds the key")
    ] = "OPENAI_API_KEY",
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", help="take the llm section of this pipeline file")
    ] = None,
) -> None:
    """Tell what a server can do: its models, JSON schema, token counts, speed at 1, 8 and 32 requests at a time."""
    from medsynth.config import find_pipeline, load_pipeline
    from medsynth.llm.probe import lines, probe
    from medsynth.llm.settings import LLMOverride, LLMSettings

    settings = (
        load_pipeline(find_pipeline(pipeline))[0].llm if pipeline else LLMSettings(api_key_env=api_key_env)
    )
    settings = LLMOverride(base_url=base_url, model=model or None).over(settings)
    for line in lines(probe(settings)):
        typer.echo(printable(line))

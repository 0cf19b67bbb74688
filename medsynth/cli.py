"""The `medsynth` command: one function a verb, which parses, calls and prints. Heavy imports wait inside."""

from __future__ import annotations

import inspect
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medsynth import cli_bank, cli_llm
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


def _absolute(value: Path | list[Path]) -> str | list[str]:
    """Paths of the command line start from the working folder, those of a pipeline file from its own."""
    return [str(path.resolve()) for path in value] if isinstance(value, list) else str(value.resolve())


def _names(value: str) -> list[str]:
    return [name.strip() for name in value.split(",")]


@dataclass(frozen=True)
class Option:
    """One option of a verb: its type and help, the pipeline setting it stands for ("" for none), and how."""

    type: Any
    help: str
    setting: str = ""
    convert: Callable[[Any], Any] = lambda value: value
    metavar: str | None = None


RAW: dict[str, Option] = {
    "source": Option(str, "reader of the raw files; recognised when not given"),
    "lang": Option(str, "language of the raw files (en, zh)"),
    "licence": Option(str, "licence of the raw files"),
    "column": Option(
        list[str], "our field=their column, such as question=ask; repeatable", metavar="NAME=COLUMN"
    ),
}
COMMON: dict[str, Option] = {
    "out": Option(Path, "folder of the run (runs/<name> when not given)"),
    "limit": Option(int, "take at most this many rows of each source", "limit"),
    "workers": Option(int, "worker processes (all cores)", "run.workers"),
    "seed": Option(int, "seed of every random choice", "seed"),
    "allow_unknown_licence": Option(
        bool, "pack sources whose licence nobody stated", "pack.allow_unknown_licences"
    ),
    "set": Option(
        list[str], "any pipeline setting, such as dedup.threshold=0.9; repeatable", metavar="KEY=VALUE"
    ),
}
LLM: dict[str, Option] = {
    "llm": Option(str, "let a chat model do it: openai (any compatible server) or vllm", "llm.engine"),
    "model": Option(str, "name of the chat model", "llm.model"),
    "base_url": Option(str, "server, such as http://127.0.0.1:8000/v1 (OPENAI_BASE_URL)", "llm.base_url"),
    "concurrency": Option(int, "requests in flight at most", "llm.concurrency"),
    "refresh": Option(bool, "ask the model again, also for what it has answered"),
    "retry_failed": Option(bool, "try the records again that the engine failed"),
}
RUN_SRC = {"src": Option(Path, "raw file or folder in the place of the pipeline's sources")}
STAGE_SRC = {
    "src": Option(Path, "raw file or folder, or a run; the last run when not given"),
    "pipeline": Option(str, "pipeline file for a new run"),
}


def _carry_out(until: str, given: dict[str, Any], options: dict[str, Option]) -> None:
    """Carry a pipeline out up to a stage, as the options say, and print where it ended."""
    from medsynth.config import LLM_STAGES
    from medsynth.run.progress import Display
    from medsynth.run.start import carry_out
    from medsynth.run.summary import print_summary

    workspace = _workspace(until, given, options)
    stages = [stage for stage in LLM_STAGES if until in (stage, "pack") and workspace.config.asks(stage)]
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
    import yaml

    from medsynth.config import LLM_STAGES, find_pipeline
    from medsynth.run.start import Request, choose_run

    settings = {
        option.setting: option.convert(given[name])
        for name, option in options.items()
        if option.setting and (given[name] or (given[name] == 0 and given[name] is not False))
    }
    if until == "voice" and given["model"]:
        settings[f"voice.{given['engine'] or 'openai'}.model"] = given["model"]
    if given.get("llm"):
        settings |= {f"{stage}.engine": "llm" for stage in LLM_STAGES if until in (stage, "pack")}
    try:
        settings |= {key: yaml.safe_load(value) for key, value in _pairs(given["set"], "--set").items()}
    except yaml.YAMLError as error:
        raise UserError(f"--set: {' '.join(str(error).split())}") from None
    raw = {"reader": given["source"], "lang": given["lang"], "licence": given["licence"]}
    raw["columns"] = _pairs(given["column"], "--column")
    return choose_run(
        Request(
            src=given["src"],
            pipeline=find_pipeline(given["pipeline"]) if given["pipeline"] else None,
            out=given["out"],
            source={key: value for key, value in raw.items() if value},
            settings=settings,
        )
    )


def _pairs(values: list[str] | None, option: str) -> dict[str, str]:
    pairs = dict(value.partition("=")[::2] for value in values or ())
    if not all(k and v for k, v in pairs.items()):
        raise UserError(f"{option} takes name=value")
    return pairs


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


_WHOLE = {**RUN_SRC, **LLM, **RAW, **COMMON}


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
            _absolute,
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
    {
        "profile": Option(
            str, "force a profile: elderly, female-elderly, child,en-GB-scotland", "voice.profile"
        ),
        "count": Option(int, "voice this many dialogues", "voice.count"),
        "hours": Option(float, "voice about this much audio", "voice.hours"),
        "ids": Option(Path, "voice the dialogues listed in this file, one id a line", "voice.ids", _absolute),
        "roles": Option(str, "who is voiced: patient, or patient,doctor", "voice.roles", _names),
        "engine": Option(str, "voice engine: espeak, openai (a speech server) or coqui", "voice.engine"),
        "model": Option(str, "model of that engine: a name that the server or coqui knows"),
        "base_url": Option(str, "speech server, such as http://127.0.0.1:8880/v1", "voice.openai.base_url"),
        "bank": Option(Path, "speaker bank in place of the built-in one", "voice.bank", _absolute),
    },
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
def spoken(
    file: Annotated[Path | None, typer.Argument(help="text, a line each; - or none: standard input")] = None,
    lang: Annotated[str, typer.Option("--lang", help="en or zh")] = "en",
) -> None:
    """Print what is said aloud for each line: numbers, doses, units and signs in words."""
    from medsynth.text.spoken import spoken_lines

    if lang.split("-")[0] not in ("en", "zh"):
        raise UserError(f"--lang {lang}: known here: en, zh")
    if file is not None and str(file) != "-":
        try:
            handle = file.open(encoding="utf-8", newline="\n")
        except OSError as error:
            raise UserError(f"{file}: cannot be read ({error.strerror})") from None
    else:
        handle = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", newline="\n")
    try:
        with handle:
            for line in spoken_lines((line.rstrip("\r\n") for line in handle), lang.split("-")[0]):
                typer.echo(line)
    except UnicodeDecodeError:
        raise UserError(f"{file or 'standard input'}: not UTF-8") from None


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


@app.command("serve-voice")
def serve_voice(
    engine: Annotated[str, typer.Option("--engine", help="voice engine that speaks")] = "espeak",
    host: Annotated[str, typer.Option("--host", help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="port; 0 takes any free one")] = 8880,
    workers: Annotated[int | None, typer.Option("--workers", help="speaking processes (all cores)")] = None,
    bank: Annotated[
        Path | None, typer.Option("--bank", help="speaker bank in place of the built-in one")
    ] = None,
    api_key_env: Annotated[
        str | None,
        typer.Option("--api-key-env", help="environment variable with the key that clients must send"),
    ] = None,
) -> None:
    """Serve voices of the bank as an OpenAI-compatible speech endpoint, /v1/audio/speech."""
    import os

    from medsynth.voice.bank import load_bank

    try:
        from medsynth.voice.server import SpeechService, serve
    except ImportError:
        raise UserError("serve-voice needs aiohttp: pip install 'medsynth[speech,espeak]'") from None
    from medsynth.voice.engine import open_speech_engine
    from medsynth.voice.settings import EngineSettings

    key = os.environ.get(api_key_env, "") if api_key_env else ""
    if api_key_env and not key:
        raise UserError(f"--api-key-env {api_key_env}: this environment variable is not set")
    service = SpeechService(open_speech_engine(engine, EngineSettings(), workers), load_bank(bank), key, bank)
    serve(service, host, port, lambda url: typer.echo(f"{url}   (stop with Ctrl-C)"))


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

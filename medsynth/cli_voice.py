"""The voice engines on the command line: options of `voice`, and voices, spoken, say, serve-voice.

Registered on `medsynth.cli.app`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medsynth.cli_options import Option, absolute, names, pairs
from medsynth.errors import UserError, printable

if TYPE_CHECKING:
    from medsynth.config import PipelineConfig

ACCEPT = {
    "accept_licence": Option(bool, "use a voice model whose licence forbids commercial use, or is not known")
}
RETRY = {"retry_failed": Option(bool, "try the dialogues again that the engine failed")}
OPTIONS: dict[str, Option] = {
    "profile": Option(str, "force a profile: elderly, female-elderly, child,en-GB-scotland", "voice.profile"),
    "count": Option(int, "voice this many dialogues", "voice.count"),
    "hours": Option(float, "voice about this much audio", "voice.hours"),
    "ids": Option(Path, "voice the dialogues listed in this file, one id a line", "voice.ids", absolute),
    "roles": Option(str, "who is voiced: patient, or patient,doctor", "voice.roles", names),
    "bank": Option(Path, "speaker bank in place of the built-in one", "voice.bank", absolute),
    "engine": Option(str, "voice engine: espeak, openai (a speech server) or coqui"),
    "engines": Option(
        str, "several engines, each its share of the dialogues: coqui=0.7,espeak=0.3", metavar="NAME=SHARE,…"
    ),
    "fallbacks": Option(str, "engines for what the first cannot say, in order: openai,espeak"),
    "model": Option(
        str, "model of the engine: a name that the server or coqui knows, or coqui's local files"
    ),
    "config_path": Option(Path, "config of coqui's local model; config.json beside it when not given"),
    "device": Option(list[str], "where coqui runs: cpu, cuda, cuda:1, auto; repeatable, a process each"),
    "base_url": Option(str, "speech server, such as http://127.0.0.1:8880/v1 (OPENAI_BASE_URL)"),
    **ACCEPT,
    **RETRY,
}

_CHOICE = ("count", "hours", "ids")
_MODELS = ("openai", "coqui")  # engines that speak with a model
_OWNERS = {"model": _MODELS, "accept_licence": _MODELS, "base_url": ("openai",), "config_path": ("coqui",),
           "device": ("coqui",)}  # fmt: skip


def settings(given: Mapping[str, Any], config: Callable[[dict[str, Any]], PipelineConfig]) -> dict[str, Any]:
    """Return the voice settings that the options of a verb stand for, by dotted key.

    `config` returns the pipeline with such settings. Raises UserError for options that do not fit together, or
    fit no engine that speaks.
    """
    found: dict[str, Any] = {}
    if any(given.get(option) is not None for option in _CHOICE):
        # What is chosen on the command line stands in the place of what the pipeline chose, not beside it.
        found |= {f"voice.{option}": None for option in _CHOICE if given.get(option) is None}
    if given.get("engine") and given.get("engines"):
        raise UserError("--engine and --engines exclude each other; --engines names them all")
    if given.get("engine"):
        found |= {"voice.engine": given["engine"], "voice.engines": {}}
    if given.get("engines"):
        found["voice.engines"] = _shares(given["engines"])
    if given.get("fallbacks"):
        found["voice.fallbacks"] = names(given["fallbacks"])
    # Of the verb `run` --model and --base-url are a chat model's.
    asked = [option for option in (_OWNERS if "engines" in given else ACCEPT) if given.get(option)]
    if not (found or asked):
        return {}
    from medsynth.voice.engine import require_name

    used = config(found).voice.used
    for name in used:
        require_name(name)
    for option in asked:
        for owner in _owners(option, used):
            found |= _setting(owner, option, given[option])
    return found


def _shares(text: str) -> dict[str, float]:
    try:
        return {name: float(share) for name, share in pairs(names(text), "--engines").items()}
    except (UserError, ValueError):
        raise UserError(
            f"--engines {text}: give every engine its share, such as coqui=0.7,espeak=0.3"
        ) from None


def _owners(option: str, used: tuple[str, ...]) -> list[str]:
    """Return whose settings an option is for. Raises UserError when nobody's, or when that is not clear."""
    flag = f"--{option.replace('_', '-')}"
    owners = [name for name in _OWNERS[option] if name in used]
    if not owners:
        raise UserError(
            f"{flag} means nothing to {', '.join(used)}, which speaks here; "
            f"it is for the voice engine {' or '.join(_OWNERS[option])}"
        )
    if option == "model" and len(owners) > 1:
        raise UserError(
            "--model could be that of openai or of coqui; say it with --set voice.openai.model=… "
            "and --set voice.coqui.model=…"
        )
    return owners


def _setting(owner: str, option: str, value: Any) -> dict[str, Any]:
    """Return what an option sets of its engine, by dotted key."""
    section = f"voice.{owner}"
    if option == "device":
        return {f"{section}.devices": list(value)}
    if option == "config_path":
        return {f"{section}.config_path": absolute(value)}
    if option != "model" or owner != "coqui":
        return {f"{section}.{option}": value}
    path = Path(value).expanduser()
    if path.exists():
        return {f"{section}.model": "", f"{section}.model_path": absolute(path)}
    if path.is_absolute() or path.suffix or value.startswith("."):
        raise UserError(f"--model {value}: no such file or folder")
    # A model of the list brings its own config.
    return {f"{section}.model": value, f"{section}.model_path": "", f"{section}.config_path": ""}


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


def serve_voice(
    engine: Annotated[str, typer.Option("--engine", help="voice engine that speaks")] = "espeak",
    model: Annotated[
        str | None, typer.Option("--model", help="its model: a name it knows, or coqui's local files")
    ] = None,
    config_path: Annotated[
        Path | None, typer.Option("--config-path", help="config of coqui's local model")
    ] = None,
    device: Annotated[
        list[str] | None,
        typer.Option("--device", help="where coqui runs: cpu, cuda, cuda:1, auto; repeatable"),
    ] = None,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help=ACCEPT["accept_licence"].help)
    ] = False,
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
    from medsynth.config import PipelineConfig
    from medsynth.run.start import override
    from medsynth.voice.engine import model_terms, open_speech_engine

    given = {"engine": engine, "engines": None, "model": model, "config_path": config_path, "device": device,
             "accept_licence": accept_licence}  # fmt: skip
    chosen = settings(given, lambda found: override(PipelineConfig(), found))
    of_engines = override(PipelineConfig(), chosen).voice.of_engines
    key = os.environ.get(api_key_env, "") if api_key_env else ""
    if api_key_env and not key:
        raise UserError(f"--api-key-env {api_key_env}: this environment variable is not set")
    service = SpeechService(open_speech_engine(engine, of_engines, workers), load_bank(bank), key, bank)
    for terms in model_terms([engine], of_engines):
        typer.echo(printable(terms.line), err=True)
    serve(service, host, port, lambda url: typer.echo(f"{url}   (stop with Ctrl-C)"))

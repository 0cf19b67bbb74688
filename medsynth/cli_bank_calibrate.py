"""`medsynth bank calibrate`: what every voice of a bank is checked against, measured on its own speech."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medsynth.cli_options import yaml_pairs
from medsynth.cli_voice import OPTIONS
from medsynth.cli_voice import settings as engine_settings
from medsynth.errors import UserError, printable

if TYPE_CHECKING:
    from medsynth.voice.settings import EngineSettings

LANG = Annotated[str | None, typer.Option("--lang", help="only this language (en, zh)")]
PROFILE = Annotated[str | None, typer.Option("--profile", help="only this profile, such as male-elderly")]


def bank_calibrate(
    path: Annotated[Path, typer.Argument(metavar="BANK", help="folder or table of a bank")],
    out: Annotated[
        Path | None, typer.Option("--out", help="table to write; the bank's own when not given")
    ] = None,
    lang: LANG = None,
    profile: PROFILE = None,
    sentences: Annotated[
        Path | None,
        typer.Option("--sentences", help="what the voices say, one sentence a line (needs --lang)"),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help=OPTIONS["model"].help)] = None,
    config_path: Annotated[
        Path | None, typer.Option("--config-path", help=OPTIONS["config_path"].help)
    ] = None,
    device: Annotated[list[str] | None, typer.Option("--device", help=OPTIONS["device"].help)] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", help=OPTIONS["base_url"].help)] = None,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help=OPTIONS["accept_licence"].help)
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="any setting of the engine, such as voice.openai.licence=MIT; repeatable",
            metavar="KEY=VALUE",
        ),
    ] = None,
) -> None:
    """Let every voice say ten sentences and set what its clips are checked against: pitch, pace, their spread."""
    from medsynth.run.summary import print_table
    from medsynth.voice.bank import load_bank, save_bank
    from medsynth.voice.bank_calibrate import calibrate_all
    from medsynth.voice.bank_corpus import read_lines
    from medsynth.voice.bank_folder import BANK_FILE, folder_of, read_description, write_description
    from medsynth.voice.engine import model_terms, open_engine, require_engine
    from medsynth.voice.match import select

    if sentences and not lang:
        raise UserError("--sentences are in one language: say which with --lang")
    everybody, folder = load_bank(path), folder_of(path)
    chosen = select(everybody, lang, profile)
    if not chosen:
        raise UserError(f"{path}: no speaker fits")
    texts = [line.strip() for line in read_lines(sentences) if line.strip()] if sentences else []
    used = sorted({s.engine for s in chosen})
    given = {"model": model, "config_path": config_path, "device": device, "base_url": base_url,
             "accept_licence": accept_licence}  # fmt: skip
    settings = _of_engines(used, given, set_ or [])
    for name in used:
        require_engine(name, settings)
    for terms in model_terms(used, settings):
        typer.echo(printable(terms.line), err=True)
    done = calibrate_all(
        lambda name: open_engine(name, settings),
        chosen,
        folder,
        texts,
        lambda text: typer.echo(text, err=True),
    )
    new = {c.speaker.id: c for c in done}
    print_table(
        [
            {
                "id": s.id, "clips": str(new[s.id].clips),
                "f0_hz": f"{s.f0_hz:.0f} -> {new[s.id].speaker.f0_hz:.0f}",
                "band": f"{new[s.id].speaker.f0_low_hz:.0f}-{new[s.id].speaker.f0_high_hz:.0f}",
                "pace": f"{s.pace:.1f} -> {new[s.id].speaker.pace:.1f}",
                "durations": "{:.2f}-{:.2f}".format(*new[s.id].ratio),
                "pace_sd": f"{new[s.id].speaker.pace_sd:.3f}", "problems": "; ".join(new[s.id].problems),
            }
            for s in chosen
        ]
    )  # fmt: skip
    table = out or (path / BANK_FILE if path.is_dir() else path)
    save_bank((new[s.id].speaker if s.id in new else s for s in everybody), table)
    about = read_description(folder)
    if about and out is None:
        about["calibration"] = about.get("calibration", {}) | {
            c.speaker.id: {"clips": c.clips, "duration_ratio": list(c.ratio), "problems": list(c.problems)}
            for c in done
        }
        write_description(folder, about)
    typer.echo(f"{table}: {len(done)} of {len(everybody)} voices measured")


def _of_engines(used: Sequence[str], given: Mapping[str, Any], set_: list[str]) -> EngineSettings:
    """Return the settings of the engines of a bank, as the options and `--set` give them. Raises UserError."""
    from medsynth.config import PipelineConfig
    from medsynth.run.start import override
    from medsynth.voice.engine import require_name

    for name in used:
        require_name(name)
    own = yaml_pairs(set_, "--set")
    for key in own:
        if not key.startswith(tuple(f"voice.{name}." for name in used)):
            raise UserError(f"--set {key} means nothing to {', '.join(used)}, which speaks here")
    shares = {"engines": ",".join(f"{name}=1" for name in used)}
    found = engine_settings({**given, **shares}, lambda found: override(PipelineConfig(), {**found, **own}))
    return override(PipelineConfig(), {**found, **own}).voice.of_engines

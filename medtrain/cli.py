"""The `medtrain` command: one function a verb, which parses, calls and prints."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from medtrain.errors import UserError


class StageName(StrEnum):
    """The two stages."""

    text = "text"
    speech = "speech"


class SplitName(StrEnum):
    """The three splits of a corpus."""

    train = "train"
    validation = "validation"
    test = "test"


app = typer.Typer(
    name="medtrain",
    help="Train a speech language model on a medsynth corpus. Not for medical advice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def check(
    corpus: Annotated[Path, typer.Argument(help="a corpus folder, or a run that holds one")],
    show: Annotated[int, typer.Option(help="problems to print")] = 20,
    config: Annotated[
        Path | None,
        typer.Option(help="a train config: also show lengths, padding and a batch with its loss mask"),
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="change a setting")
    ] = None,
) -> None:
    """Walk all data before any training: dialogues, turns, hours, problems. Exits 1 when there are problems."""
    from medtrain.check import check_corpus
    from medtrain.data import open_corpus

    counts, problems = check_corpus(open_corpus(corpus))
    row = "{:<12}{:>10}{:>8}{:>14}{:>13}{:>8}{:>10}"
    typer.echo(row.format("split", "dialogues", "voiced", "patient turns", "doctor turns", "clips", "hours"))
    for split, c in counts.items():
        cells = (
            c.dialogues,
            c.voiced,
            c.turns["patient"],
            c.turns["doctor"],
            c.clips,
            f"{c.seconds / 3600:.3f}",
        )
        typer.echo(row.format(split, *cells))
    for problem in problems[:show]:
        typer.echo(f"{problem.id}: {problem.message}", err=True)
    if len(problems) > show:
        typer.echo(f"… and {len(problems) - show} more (--show {len(problems)} prints all)", err=True)
    typer.echo(f"{len(problems)} problems" if problems else "no problems")
    if config or changes:
        _need_torch()
        from medtrain.config import load_config
        from medtrain.places import preset_config
        from medtrain.preview import preview

        settings = load_config(config or preset_config("train-tiny"), changes or [])
        for line in preview(corpus, settings):
            typer.echo(line)
    raise typer.Exit(1 if problems else 0)


@app.command()
def fit(
    corpus: Annotated[
        Path | None, typer.Option(help="a corpus, a run that holds one, or ShareGPT JSON [the last run's]")
    ] = None,
    stage: Annotated[StageName | None, typer.Option(help="do this stage alone [both]")] = None,
    config: Annotated[Path | None, typer.Option(help="a train config [pipelines/train-tiny.yaml]")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=C", help="change a setting")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="the training run's folder [runs/<name of the config>]")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="remove what an earlier run left there")] = False,
) -> None:
    """Train on a corpus: first the language model by text, then by speech. Goes on where it was stopped."""
    from medtrain.config import load_config
    from medtrain.places import RUNS, last_corpus, preset_config

    settings = load_config(config or preset_config("train-tiny"), changes or [])
    _need_torch()
    from medtrain.fit import fit
    from medtrain.run import STAGES

    stages = [stage.value] if stage else STAGES
    if not fit(corpus or last_corpus(), settings, out or RUNS / settings.name, stages, fresh=fresh):
        raise typer.Exit(130)


@app.command("eval")
def evaluate(
    out: Annotated[
        Path, typer.Argument(help="what fit left: a run, or one stage, checkpoint or model of it")
    ],
    corpus: Annotated[Path | None, typer.Option(help="another corpus than the one it was trained on")] = None,
    split: Annotated[SplitName, typer.Option(help="what to evaluate on")] = SplitName.test,
    limit: Annotated[
        int | None, typer.Option(min=1, help="draw so many dialogues for each modality [all]")
    ] = None,
    generate: Annotated[int, typer.Option(min=0, help="dialogues of each modality to answer freely")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="of draws and bootstrap")] = 0,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="count rows that cannot be used")] = False,
) -> None:
    """Measure a trained model on dialogues it never saw: by speech, by transcript, by group; with samples.

    Writes OUT/eval: eval.json, table.txt, figure.png. Nothing that a model says is medical advice.
    """
    _need_torch()
    from medtrain.evaluate import Options, evaluate

    evaluate(out, corpus, Options(split.value, limit, generate, seed, skip_bad), say=typer.echo)
    typer.echo("\n" + (out / "eval" / "table.txt").read_text(encoding="utf-8"))
    typer.echo(f"written to {out / 'eval'}: eval.json, table.txt, figure.png")


def _need_torch() -> None:
    from importlib import import_module

    for name in ("torch", "transformers", "accelerate", "peft", "tensorboard", "matplotlib"):
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            raise UserError(f"{error.name} is not installed; run: pip install 'medsynth[train]'") from None


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 1."""
    try:
        app()
    except UserError as error:
        typer.echo(f"medtrain: {error}", err=True)
        sys.exit(1)

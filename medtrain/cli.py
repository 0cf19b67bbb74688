"""The `medtrain` command: one function a verb, which parses, calls and prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from medtrain.errors import UserError

app = typer.Typer(
    name="medtrain",
    help="Train a speech language model on a medsynth corpus. Not for medical advice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _root() -> None:
    """Keep `check` a verb of its own while it is the only one."""


@app.command()
def check(
    corpus: Annotated[Path, typer.Argument(help="a corpus folder, or a run that holds one")],
    show: Annotated[int, typer.Option(help="problems to print")] = 20,
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
    raise typer.Exit(1 if problems else 0)


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 1."""
    try:
        app()
    except UserError as error:
        typer.echo(f"medtrain: {error}", err=True)
        sys.exit(1)

"""The `medtrain` command: one function a verb, which parses, calls and prints."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from medtrain import cli_talk
from medtrain.cli_talk import RunArgument
from medtrain.errors import UserError
from medtrain.extras import need_torch


class StageName(StrEnum):
    """The two stages."""

    text = "text"
    speech = "speech"


class By(StrEnum):
    """What dialogues are chosen by."""

    random = "random"
    informative = "informative"
    disagree = "disagree"


class Pool(StrEnum):
    """What dialogues are chosen from."""

    unvoiced = "unvoiced"
    voiced = "voiced"


class SplitName(StrEnum):
    """The three splits of a corpus."""

    train = "train"
    validation = "validation"
    test = "test"


app = typer.Typer(
    name="medtrain",
    help="Train a speech language model on a medsynth corpus, and speak with it. Not for medical advice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def check(
    corpus: Annotated[Path, typer.Argument(help="a corpus folder, a run that holds one, or ShareGPT JSON")],
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
    from medtrain.data import open_data

    counts, problems = check_corpus(open_data(corpus))
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
        need_torch()
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
    need_torch()
    from medtrain.fit import fit
    from medtrain.run import STAGES

    stages = [stage.value] if stage else STAGES
    if not fit(corpus or last_corpus(), settings, out or RUNS / settings.name, stages, fresh=fresh):
        raise typer.Exit(130)


@app.command("eval")
def evaluate(
    out: RunArgument = None,
    corpus: Annotated[Path | None, typer.Option(help="another corpus than the one it was trained on")] = None,
    split: Annotated[SplitName, typer.Option(help="what to evaluate on")] = SplitName.test,
    limit: Annotated[
        int | None, typer.Option(min=1, help="draw so many dialogues for each modality [all]")
    ] = None,
    generate: Annotated[
        int, typer.Option(min=0, help="dialogues of each modality to answer freely, every reply of them")
    ] = 64,
    max_new_tokens: Annotated[
        int | None,
        typer.Option(min=1, help="longest such reply [a quarter more than the doctor's own, and 16]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of draws and bootstrap")] = 0,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="count rows that cannot be used")] = False,
) -> None:
    """Measure a trained model on dialogues it never saw: by speech, by transcript, by group; with samples.

    Writes OUT/eval: eval.json, table.txt, figure.png. Nothing that a model says is medical advice.
    """
    need_torch()
    from medtrain.evaluate import Options, evaluate
    from medtrain.places import last_trained

    out = out or last_trained()
    options = Options(split.value, limit, generate, seed, skip_bad, max_new_tokens)
    evaluate(out, corpus, options, say=typer.echo)
    typer.echo("\n" + (out / "eval" / "table.txt").read_text(encoding="utf-8"))
    typer.echo(f"written to {out / 'eval'}: eval.json, table.txt, figure.png")


@app.command()
def select(
    corpus: Annotated[
        Path | None, typer.Argument(help="a corpus, or a run that holds one [the last run's]")
    ] = None,
    by: Annotated[
        By, typer.Option(help="loss of the text model, text against speech, or by chance")
    ] = By.informative,
    count: Annotated[int | None, typer.Option(min=1, help="choose so many dialogues")] = None,
    hours: Annotated[float | None, typer.Option(min=0, help="choose so many hours of speech")] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="what fit left: a run, or one stage, checkpoint or model of it [the newest run]"),
    ] = None,
    stratify: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", help="keep the shares of these: source, lang, age_group, gender, accent, …"
        ),
    ] = None,
    one_per_cluster: Annotated[
        bool, typer.Option("--one-per-cluster", help="of near-duplicates at most one")
    ] = False,
    pool: Annotated[Pool, typer.Option(help="voiced: choose among what has speech already")] = Pool.unvoiced,
    keep_voiced: Annotated[
        bool, typer.Option("--keep-voiced", help="also list what is voiced already, in every split")
    ] = False,
    split: Annotated[SplitName, typer.Option(help="where to choose")] = SplitName.train,
    seed: Annotated[int, typer.Option(min=0, help="of draws and ties")] = 0,
    out: Annotated[
        Path, typer.Option(help="the file of ids; a table with the scores lies beside it (.csv)")
    ] = Path("voice-ids.txt"),
) -> None:
    """Choose which dialogues to voice under a budget: a list for medsynth voice --ids, and a table that explains it."""
    if (count is None) == (not hours):
        raise UserError("give a budget: --count N dialogues, or --hours H of speech")
    from medtrain.places import last_corpus, last_trained, run_of
    from medtrain.ranking import Budget
    from medtrain.select import STRATA, Options, by_chance, select, summary

    strata = tuple(name.strip() for name in stratify.split(",") if name.strip()) if stratify else ()
    if unknown := sorted(set(strata) - set(STRATA)):
        raise UserError(f"--stratify {unknown[0]}: there are {', '.join(STRATA)}")
    run = run_of(corpus) if corpus else None
    source = f" --src {shlex.quote(str(run))}" if run else ""
    corpus = corpus or last_corpus()
    options = Options(
        by.value, Budget(count, hours), pool.value, split.value, strata, one_per_cluster, keep_voiced, seed
    )
    if by == By.random:
        found = select(corpus, options, out, by_chance)
    else:
        need_torch()
        from medtrain.select_scores import Judge

        judge = Judge(model or last_trained(), corpus, options, typer.echo)
        found = select(corpus, options, out, judge.scorer())
        if judge.left_out:
            told = ", ".join(f"{n} {reason}" for reason, n in judge.left_out.items())
            typer.echo(f"left out, because it cannot be trained on: {told}")
    for line in summary(found, options):
        typer.echo(line)
    # A run's own limit holds beside the list, so that of the list is named.
    typer.echo(f"next: medsynth voice{source} --ids {found.ids} --count {found.count + found.kept}")


app.command()(cli_talk.chat)
app.command()(cli_talk.serve)


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 1."""
    try:
        app()
    except UserError as error:
        typer.echo(f"medtrain: {error}", err=True)
        sys.exit(1)

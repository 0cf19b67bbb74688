"""The verbs around speaker banks: bank build, show, check, coverage, calibrate. Registered on `medsynth.cli.app`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth.cli_bank_calibrate import LANG, PROFILE, bank_calibrate
from medsynth.errors import UserError, printable

if TYPE_CHECKING:
    from medsynth.config import PipelineConfig
    from medsynth.stages.base import Context
    from medsynth.voice.bank_build import Built
    from medsynth.voice.bank_coverage import Need
    from medsynth.voice.match import ProfileSpec

bank = typer.Typer(help="Build, check and weigh banks of speakers.", no_args_is_help=True)
bank.command("calibrate")(bank_calibrate)

_BANK = Annotated[
    Path | None, typer.Argument(metavar="BANK", help="folder or table of a bank; the built-in one")
]


@bank.command("build")
def bank_build(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="folder of the corpus (csv: the file)")],
    source: Annotated[str, typer.Option("--from", help="vctk, aishell3, aishell2, common-voice or csv")],
    out: Annotated[Path, typer.Option("--out", help="folder of the bank")],
    engine: Annotated[str, typer.Option("--engine", help="voice engine that will speak")] = "coqui",
    by_name: Annotated[
        bool, typer.Option("--by-name", help="no clips: the engine's model knows these speakers by name")
    ] = False,
    clips: Annotated[int, typer.Option("--clips", min=1, help="reference clips a speaker")] = 3,
    look_at: Annotated[int, typer.Option("--look-at", min=1, help="recordings measured a speaker")] = 40,
    per_cell: Annotated[
        int | None,
        typer.Option("--per-cell", min=1, help="at most so many speakers of a gender, age group and accent"),
    ] = None,
    lang: Annotated[
        str, typer.Option("--lang", help="language of the recordings, where the corpus does not say")
    ] = "",
    licence: Annotated[
        str, typer.Option("--licence", help="licence of the recordings, if not the corpus's own")
    ] = "",
    consent: Annotated[
        str | None,
        typer.Option("--consent", help="what all speakers consented to: cloning, recording, unknown"),
    ] = None,
    consents: Annotated[
        Path | None, typer.Option("--consents", help="CSV of speaker, consent and, where wanted, licence")
    ] = None,
    without_consent: Annotated[
        bool, typer.Option("--without-consent", help="take speakers whose consent to cloning nobody stated")
    ] = False,
    children: Annotated[
        bool, typer.Option("--children", help="take speakers who are or may be children")
    ] = False,
    allow_unknown_licence: Annotated[
        bool, typer.Option("--allow-unknown-licence", help="take recordings whose licence nobody stated")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="build a bank anew in its folder")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="worker processes (all cores)")
    ] = None,
) -> None:
    """Build a bank from a speech corpus: its speakers, and clean clips of 3–12 s of each."""
    import os
    from typing import cast, get_args

    from medsynth.records import Consent
    from medsynth.voice.bank_build import BuildOptions
    from medsynth.voice.bank_consent import read_consents
    from medsynth.voice.bank_folder import build_bank
    from medsynth.voice.bank_sources import read_corpus
    from medsynth.voice.engine import ENGINES

    if consent is not None and consent not in get_args(Consent):
        raise UserError(f"--consent {consent}: known here: {', '.join(get_args(Consent))}")
    if engine not in ENGINES:
        raise UserError(f"--engine {engine}: known here: {', '.join(ENGINES)}")
    if engine != "coqui" and not by_name:
        raise UserError(
            f"--engine {engine} imitates no recordings; add --by-name where its model knows the speakers"
        )
    corpus = read_corpus(source, path, by_name)
    if consents:
        read_consents(consents, corpus)
    options = BuildOptions(
        engine=engine, by_name=by_name, clips=clips, look_at=look_at, per_cell=per_cell, lang=lang, licence=licence,
        consent=cast("Consent | None", consent), without_consent=without_consent, children=children,
        unknown_licence=allow_unknown_licence, workers=workers or os.cpu_count() or 1,
    )  # fmt: skip
    built = build_bank(corpus, options, out, replace=replace, say=lambda text: typer.echo(text, err=True))
    _print_built(built, out)


def _print_built(built: Built, out: Path) -> None:
    from collections import Counter

    from medsynth.run.summary import print_table
    from medsynth.voice.bank_reasons import CLIP, PERSON

    cells = Counter((s.lang, s.gender, s.age_group) for s in built.speakers)
    print_table(
        [
            {"lang": lang, "gender": gender, "age": age, "speakers": str(n)}
            for (lang, gender, age), n in sorted(cells.items())
        ]
    )
    people = Counter(entry["reason"] for entry in built.left_out)
    for title, counts, words in (("people", people, PERSON), ("recordings", built.clips_refused, CLIP)):
        for reason, n in counts.most_common():
            typer.echo(f"left out {n} {title}: {reason}: {words[reason]}")
    notes = Counter(about["age_note"] for about in built.about.values() if "age_note" in about)
    for note, n in notes.most_common(10):
        typer.echo(f"note     {n} speakers: {note}")
    for name, about in built.about.items():
        if "doubt" in about:
            typer.echo(printable(f"doubt    {name} ({about['where']}): {about['doubt']}"))
    typer.echo(
        printable(f"{out}: {len(built.speakers)} speakers; use it with: --set voice.bank={out.resolve()}")
    )


@bank.command("show")
def bank_show(
    path: _BANK = None,
    lang: LANG = None,
    profile: PROFILE = None,
    split: Annotated[str | None, typer.Option("--split", help="only train, validation or test")] = None,
    engine: Annotated[str | None, typer.Option("--engine", help="only this voice engine")] = None,
    accents: Annotated[
        bool, typer.Option("--accents", help="the shares of accents, as a prior for profile.accents")
    ] = False,
) -> None:
    """List the speakers of a bank."""
    from medsynth.records import SPLITS
    from medsynth.run.summary import print_table
    from medsynth.voice.bank import listing, load_bank
    from medsynth.voice.bank_coverage import accent_shares
    from medsynth.voice.match import select

    if split is not None and split not in SPLITS:
        raise UserError(f"--split {split}: known here: {', '.join(SPLITS)}")
    chosen = [
        s for s in select(load_bank(path), lang, profile)
        if split in (None, s.split) and engine in (None, s.engine)
    ]  # fmt: skip
    if accents:
        for base in sorted({s.lang for s in chosen}):
            shares = ", ".join(f"{name}: {share:.3f}" for name, share in accent_shares(chosen, base).items())
            typer.echo(f"{base}: {{{shares}}}")
        return
    print_table(listing(chosen))


@bank.command("check")
def bank_check(path: _BANK = None) -> None:
    """Check files, lengths, pitch, splits, licence and consent of a bank. Exits 1 when something is wrong."""
    from medsynth.voice.bank import BUILT_IN, load_bank
    from medsynth.voice.bank_check import CHECKS, check_bank

    path = path or BUILT_IN
    findings = list(check_bank(path))
    for f in findings:
        typer.echo(
            printable(f"{f.check}: {f.where}: {f.message}" + ("" if f.grave else " (doubt)")), err=True
        )
    for check in CHECKS:
        wrong = sum(f.check == check and f.grave for f in findings)
        doubts = sum(f.check == check and not f.grave for f in findings)
        figures = ", ".join(
            text for n, text in ((wrong, f"{wrong} wrong"), (doubts, f"{doubts} doubtful")) if n
        )
        typer.echo(f"{'FAILED' if wrong else 'ok':<7}{check}" + (f" ({figures})" if figures else ""))
    grave = sum(f.grave for f in findings)
    typer.echo(f"{path}: {len(load_bank(path))} speakers, " + (f"{grave} problems" if grave else "sound"))
    raise typer.Exit(1 if grave else 0)


@bank.command("coverage")
def bank_coverage(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="BANK", help="folder or table of a bank; that of the run or pipeline"),
    ] = None,
    src: Annotated[
        Path | None,
        typer.Option("--src", help="a run whose dialogues have profiles; the last run when not given"),
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", help="no run: the priors of this pipeline file")
    ] = None,
    count: Annotated[
        int, typer.Option("--count", min=1, help="with --pipeline: dialogues a language")
    ] = 1000,
    lang: LANG = None,
    engine: Annotated[str | None, typer.Option("--engine", help="only speakers of this voice engine")] = None,
    every: Annotated[bool, typer.Option("--all", help="list also what is served in full")] = False,
) -> None:
    """Weigh a bank against the dialogues at hand: what is served, what gives, what cannot be served (exits 1)."""
    from medsynth.run.summary import print_table
    from medsynth.voice.bank import load_bank
    from medsynth.voice.bank_coverage import cover, cover_mixed, rows, totals
    from medsynth.voice.bank_engines import speakers_for

    config, context = _prior_config(pipeline) if pipeline else _run_config(src)
    voice = config.voice
    if path or engine:
        speakers = [s for s in load_bank(path) if engine in (None, s.engine)]
    else:
        own = context.resolve(voice.bank) if voice.bank else None
        speakers = list(
            speakers_for(
                own, voice.used, without_consent=voice.clone_without_consent, children=voice.clone_children
            )
        )
    accents = sorted({s.accent for s in speakers})
    needs = _prior_needs(config, count, lang, accents) if pipeline else _run_needs(src, accents)
    needs = {need: n for need, n in needs.items() if lang in (None, need.lang)}
    if not needs:
        raise UserError("no dialogue with a profile" + (f" in {lang}" if lang else "") + " to be voiced")
    doctors = "doctor" in voice.roles
    if path or engine or len(voice.used) == 1:
        cells = cover(speakers, needs, doctors=doctors)
    else:
        cells = cover_mixed(speakers, needs, voice.shares, voice.fallbacks, doctors=doctors)
    shown = [c for c in cells if every or c.relaxations or c.instead_of or not c.served]
    if shown:
        print_table(rows(shown))
    summed = totals(cells)
    for name, dialogues in summed.items():
        typer.echo(f"{name:<16}{dialogues:>9.0f} dialogues  {dialogues / sum(summed.values()):7.1%}")
    raise typer.Exit(0 if all(c.served for c in cells) else 1)


def _run_config(src: Path | None) -> tuple[PipelineConfig, Context]:
    from medsynth.run.workspace import last_run, open_run

    workspace = open_run(src or last_run())
    return workspace.config, workspace.context


def _prior_config(pipeline: str) -> tuple[PipelineConfig, Context]:
    from medsynth.config import find_pipeline, load_pipeline

    return load_pipeline(find_pipeline(pipeline))


def _run_needs(src: Path | None, accents: Sequence[str]) -> Mapping[Need, float]:
    """Return what the dialogues of a run need, as *profile* left them."""
    from medsynth.records import Dialogue
    from medsynth.run.shards import kept_records
    from medsynth.run.workspace import last_run, open_run
    from medsynth.voice.bank_coverage import needs_of

    workspace = open_run(src or last_run())
    paths = workspace.shard_paths("profile")
    if not paths:
        raise UserError(
            f"{workspace.path} has no profiles yet; first: medsynth profile --src {workspace.path} "
            "(or weigh the priors alone with --pipeline)"
        )
    dialogues = (r for p in paths for r in kept_records(p) if isinstance(r, Dialogue))
    return needs_of(dialogues, _forced(workspace.config, accents))


def _prior_needs(
    config: PipelineConfig, count: int, lang: str | None, accents: Sequence[str]
) -> Mapping[Need, float]:
    """Return what `count` dialogues a language would need by the priors of a pipeline file."""
    from medsynth.records import Split
    from medsynth.voice.bank_coverage import forecast

    forced, priors = _forced(config, accents), config.profile
    said = {s.lang for s in config.sources}
    # Where a source leaves its language to its reader, it may be either.
    langs = [lang] if lang else sorted({"en", "zh"} if None in said or not said else {s for s in said if s})
    every = {"en", *langs}
    genders = {key: {forced.gender: 1.0} for key in every} if forced.gender else priors.genders
    ages = {key: {forced.age_group: 1.0} for key in every} if forced.age_group else priors.age_groups
    spoken = dict(priors.accents)
    if forced.accent:
        spoken[forced.accent.split("-")[0]] = {forced.accent: 1.0}
    split = config.split
    splits: dict[Split, float] = {"train": split.train, "validation": split.validation, "test": split.test}
    return forecast(dict.fromkeys(langs, float(count)), genders, ages, spoken, splits)


def _forced(config: PipelineConfig, accents: Sequence[str]) -> ProfileSpec:
    from medsynth.voice.match import ProfileSpec

    return ProfileSpec.parse(config.voice.profile, accents) if config.voice.profile else ProfileSpec()

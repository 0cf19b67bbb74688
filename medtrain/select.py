"""`medtrain select`: which dialogues of a corpus to voice under a budget, and why.

Writes the ids that `medsynth voice --ids` takes, one a line, the best first, and beside them a table of all
candidates with their scores. Of the corpus, one slice is in memory at a time; the ranking is on disk.

random: by a hash of the id, the baseline. informative: the mean loss a reply token of the text model, so what it
foresees least. disagree: how far text pass and speech pass are apart, measured where there is speech, predicted
where there is none yet.
"""

from __future__ import annotations

import csv
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TextIO

import polars as pl

from medtrain.data import SPLITS, Consultation, Corpus, ParquetSource, open_corpus
from medtrain.errors import UserError
from medtrain.outline import file_outlines
from medtrain.ranking import Budget, Candidate, Ranking

By = Literal["random", "informative", "disagree"]
STRATA = ("source", "lang", "department", "kind", "age_group", "gender", "accent", "informant")
"""What a corpus can be stratified by; age group, gender and accent are those of whoever speaks for the patient."""

LETTERS_PER_S = {"en": 9.9, "zh": 4.2, "": 9.9}
"""Letters and digits spoken a second, pauses included: measured on the demonstration corpus (744 clips by espeak)."""

ENOUGH_CLIPS = 20
"""Clips of a language in the corpus from which its own pace is taken instead."""

CHUNK = 256
_PROFILE = ("age_group", "gender", "accent")


@dataclass(frozen=True)
class Options:
    """What is chosen from, by what, and how much of it."""

    by: By
    budget: Budget
    pool: Literal["unvoiced", "voiced"] = "unvoiced"
    split: str = "train"
    strata: tuple[str, ...] = ()
    one_per_cluster: bool = False
    keep_voiced: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Row:
    """One dialogue of the corpus without its sound, and its other columns. `seconds` is of its patient's clips."""

    number: int
    dialogue: Consultation
    traits: dict[str, Any]
    voiced: bool
    clips: int
    seconds: float
    letters: int


@dataclass(frozen=True)
class Score:
    """How much a dialogue is wanted, and in words where that comes from."""

    value: float
    note: str = ""


Scorer = Callable[[list[Row]], dict[int, Score]]
"""Scores rows of the corpus, by number; those it cannot use are left out."""


@dataclass
class Chosen:
    """What came of it: dialogues and shares by stratum, (in the pool, chosen), and what was left out."""

    ids: Path
    table: Path
    count: int = 0
    seconds: float = 0.0
    pool: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    voiced: int = 0
    exams: int = 0


def select(corpus: Path, options: Options, out: Path, scorer: Scorer) -> Chosen:
    """Score the pool, write <out> and <out>.csv (in the place of its suffix). Raises UserError, writing nothing."""
    if out.suffix == ".csv" or out.is_dir():
        raise UserError(
            f"{out}: --out names the file of ids, such as voice-ids.txt; the table is written beside it"
        )
    opened = open_corpus(corpus)
    found = Chosen(out, out.with_suffix(".csv"))
    pace = _Pace()
    try:
        ranking, kept = Ranking(options.seed), Ranking(options.seed)
        rows = _pool(opened, options, pace, found)
        while chunk := list(islice(rows, CHUNK)):
            scores = scorer(chunk)
            for row in chunk:
                if row.number in scores:
                    ranking.add(_candidate(row, scores[row.number], options))
        if not len(ranking):
            raise _nothing(opened, options, bool(pace.clips))
        pace.tell(ranking)
        for identity, cluster in _voiced(opened):
            found.voiced += 1
            if options.keep_voiced:
                kept.add(Candidate(identity, 0.0, seconds=0.0))
                ranking.taken(cluster)
        _write(found, ranking, kept, options)
    except sqlite3.OperationalError as error:
        raise UserError(
            f"the ranking cannot be kept on disk: {error}; make room, or set SQLITE_TMPDIR"
        ) from None
    return found


@dataclass
class _Pace:
    """How fast the clips of the corpus are spoken, by language."""

    clips: Counter[str] = field(default_factory=Counter)
    letters: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)

    def see(self, row: Row) -> None:
        lang = row.dialogue.lang
        self.clips[lang] += row.clips
        self.letters[lang] += row.letters
        self.seconds[lang] = self.seconds.get(lang, 0.0) + row.seconds

    def tell(self, ranking: Ranking) -> None:
        for lang, usual in LETTERS_PER_S.items():
            ranking.pace(lang, usual)
        for lang, count in self.clips.items():
            if count >= ENOUGH_CLIPS and self.seconds[lang]:
                ranking.pace(lang, self.letters[lang] / self.seconds[lang])


def _pool(corpus: Corpus, options: Options, pace: _Pace, found: Chosen) -> Iterator[Row]:
    for row in walk(corpus, options):
        if row.voiced:
            pace.see(row)
        if row.traits.get("kind") == "exam":
            found.exams += 1
        elif row.voiced == (options.pool == "voiced"):
            yield row


def walk(corpus: Corpus, options: Options) -> Iterator[Row]:
    """Yield the dialogues of the split with their traits. Raises UserError for a column that is not there."""
    number = 0
    for file in corpus.files[options.split]:
        present = pl.read_parquet_schema(file)
        needed = {"patient" if name in _PROFILE else name for name in options.strata}
        needed |= {"cluster"} if options.one_per_cluster else set()
        if missing := sorted(needed - set(present)):
            raise UserError(f"{file}: has no column {missing[0]}, so it cannot be chosen by it")
        columns = [name for name in (*STRATA, "cluster", "patient") if name in present]
        for dialogue, traits in zip(file_outlines(file), _traits(file, columns), strict=True):
            spoken = [turn for turn in dialogue.turns if turn.role == "patient"]
            yield Row(
                number,
                replace(dialogue, turns=tuple(replace(turn, clip=None) for turn in dialogue.turns)),
                traits,
                voiced=any(turn.clip is not None for turn in spoken),
                clips=sum(turn.clip is not None for turn in spoken),
                seconds=sum(turn.duration_s or 0.0 for turn in spoken if turn.clip is not None),
                letters=sum(c.isalnum() for turn in spoken for c in turn.spoken or turn.text),
            )
            number += 1


def by_chance(rows: list[Row]) -> dict[int, Score]:
    """Score all rows alike: their order is then that of a seeded hash of their ids."""
    return {row.number: Score(0.0, "drawn") for row in rows}


def summary(found: Chosen, options: Options) -> Iterator[str]:
    """Yield what was chosen, as lines to print."""
    asked = options.budget.count
    yield (
        f"{found.count} of {sum(found.pool.values())} {options.pool} dialogues of {options.split}, by {options.by}: "
        f"{'' if options.pool == 'voiced' else 'about '}{found.seconds / 3600:.2f} hours of speech"
    )
    if asked is not None and found.count < asked:
        yield f"  that is all there are; {asked} were asked for"
    if options.strata:
        every = sum(found.pool.values())
        for name, size in sorted(found.pool.items()):
            taken = found.taken[name]
            yield f"  {name}: {taken} ({taken / max(1, found.count):.1%}) of {size} ({size / every:.1%} of the pool)"
    if found.exams:
        yield f"  {found.exams} exam questions were left out: nobody asks them aloud"
    if found.kept:
        yield f"  and {found.kept} that are voiced already"
    elif found.voiced and options.pool == "unvoiced":
        yield (
            f"  {found.voiced} dialogues of the corpus are voiced already and not in the list: a voice run by it "
            "leaves them as text; --keep-voiced lists them too"
        )
    yield f"written: {found.ids}, {found.table}"


def _candidate(row: Row, score: Score, options: Options) -> Candidate:
    traits = row.traits
    return Candidate(
        row.dialogue.id,
        score.value,
        row.dialogue.lang,
        ", ".join(str(traits.get(name) or "unknown") for name in options.strata),
        traits.get("cluster"),
        row.letters,
        row.seconds if row.voiced else None,
        score.note,
    )


def _traits(file: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    frame = pl.scan_parquet(file, glob=False)
    start = 0
    while True:
        rows = frame.select("id", *columns).slice(start, CHUNK).collect()
        for row in rows.iter_rows(named=True):
            patient = row.pop("patient", None) or {}
            yield row | {name: patient.get(name) for name in _PROFILE}
        if len(rows) < CHUNK:
            return
        start += CHUNK


def _voiced(corpus: Corpus) -> Iterator[tuple[str, str]]:
    """Yield id and cluster of all voiced dialogues, of every split."""
    for split in SPLITS:
        for file in corpus.files[split]:
            columns = [name for name in ("cluster",) if name in pl.read_parquet_schema(file)]
            for dialogue, traits in zip(file_outlines(file), _traits(file, columns), strict=True):
                if any(turn.clip is not None for turn in dialogue.turns):
                    yield dialogue.id, traits.get("cluster") or dialogue.id


def _nothing(corpus: Corpus, options: Options, some_voiced: bool) -> UserError:
    name = f"{corpus.path} ({options.split})"
    if not len(ParquetSource(corpus, options.split)):
        return UserError(f"{name} holds no dialogue; name another with --split")
    if options.pool == "voiced":
        return UserError(f"{name} holds no voiced dialogue that can be used; leave out --pool voiced")
    if some_voiced:
        return UserError(
            f"{name}: every dialogue that can be used is voiced already; make a corpus with more text than speech "
            "(medsynth run … --set voice.count=N), or choose among the voiced with --pool voiced"
        )
    return UserError(f"{name} holds no dialogue that can be used; see: medtrain check {corpus.path}")


def _write(found: Chosen, ranking: Ranking, kept: Ranking, options: Options) -> None:
    head = ("chosen", "id", "score", "stratum", "lang", "cluster", "seconds", "note")
    with _whole(found.ids) as ids, _whole(found.table) as table:
        write = csv.writer(table, lineterminator="\n")
        write.writerow(head)
        for one in ranking.order(options.budget, one_per_cluster=options.one_per_cluster):
            if one.chosen != "cluster":
                found.pool[one.stratum] += 1
            if one.chosen == "yes":
                ids.write(one.id + "\n")
                found.count += 1
                found.seconds += one.seconds
                found.taken[one.stratum] += 1
            cells = (one.chosen, one.id, f"{one.score:.6g}", one.stratum, one.lang, one.cluster or "")
            write.writerow((*cells, f"{one.seconds:.1f}", one.note))
        for held in kept.order(Budget()):
            ids.write(held.id + "\n")
            found.kept += 1


@contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """Write a file beside its place and move it there when it is whole."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot write: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            part.unlink()

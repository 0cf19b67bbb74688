"""What the report counts: small frames read from a finished corpus, without keeping any audio."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from medsynth.corpus.schema import DIALOGUES

UNKNOWN = "unknown"
STAGES = ("ingest", "screen", "dedup", "split", "filter", "rewrite", "profile", "voice", "pack")
_OPTIONAL_STAGES = ("filter",)


@dataclass(frozen=True)
class RejectExample:
    """One record of the report that did not become a dialogue. `text` is free of personal data.

    With the reason `duplicate` it is a member of one of the largest clusters, the one that was kept included.
    """

    id: str
    stage: str
    reason: str
    detail: str
    text: str


@dataclass(frozen=True)
class Facts:
    """What a corpus holds.

    `info`: corpus.json. `dialogues`: one row a dialogue with source, lang, split, profile, bases, informant,
    kind, cluster, `rewriter` (its engine), `faithfulness` and `model_repairs` where a model wrote it,
    `clips`, `seconds`, `f0_hz` (Hz) and `pace` (syllables or characters a second) where measured, and the
    notes `relaxed` and `repairs` ("": none).
    `turns`: one row a turn with `lang`, `role`, `length` (words; characters in Chinese) and `seconds` (null:
    not voiced). `ledger` and `speakers` as on disk.
    """

    info: dict[str, Any]
    dialogues: pl.DataFrame
    turns: pl.DataFrame
    ledger: pl.DataFrame
    speakers: pl.DataFrame


def read_facts(corpus: Path) -> Facts:
    """Read a corpus's tables. Raises OSError when one of them is missing."""
    rows = _scan(corpus).select(*_dialogue_columns(), _turn_measures()).collect(engine="streaming").sort("id")
    turns = (
        rows.select("id", "lang", "turns").explode("turns").drop_nulls("turns").unnest("turns")
        if rows.height
        else pl.DataFrame(schema={"id": pl.String, "lang": pl.String, **_MEASURES})
    )
    han = is_han(pl.col("lang"))
    turns = turns.with_columns(length=pl.when(han).then(pl.col("characters")).otherwise(pl.col("words")))
    spoken = turns.group_by("id").agg(
        clips=pl.col("seconds").is_not_null().sum(), seconds=pl.col("seconds").sum()
    )
    dialogues = rows.drop("turns").join(spoken, on="id", how="left", maintain_order="left")
    dialogues = dialogues.with_columns(pl.col("clips").fill_null(0), pl.col("seconds").fill_null(0.0))
    return Facts(
        info=json.loads((corpus / "corpus.json").read_text(encoding="utf-8")),
        dialogues=dialogues,
        turns=turns,
        ledger=pl.read_parquet(corpus / "ledger.parquet", glob=False),
        speakers=pl.read_parquet(corpus / "speakers.parquet", glob=False),
    )


def read_dialogues(corpus: Path, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the full rows of these dialogues, audio included, in the order of `ids`."""
    rows = _scan(corpus).filter(pl.col("id").is_in(list(ids))).collect(engine="streaming")
    by_id = {row["id"]: row for row in rows.iter_rows(named=True)}
    return [by_id[i] for i in ids]


def is_han(lang: pl.Expr) -> pl.Expr:
    """Return whether text of this language is counted in characters instead of words."""
    return lang.str.starts_with("zh") | lang.str.starts_with("yue")


def stages_of(ledger: pl.DataFrame, timings: Sequence[str] = ()) -> list[str]:
    """Return the stages of a run in order: the usual ones, and others that ended a record, before *pack*."""
    seen = {*ledger["stage"].drop_nulls(), *timings}
    usual = [s for s in STAGES if s in seen or s not in _OPTIONAL_STAGES]
    others = sorted(seen - set(STAGES) - {""})
    return [*usual[:-1], *others, usual[-1]]


def choose(dialogues: pl.DataFrame, count: int) -> list[str]:
    """Return ids of `count` dialogues that differ in language, source and profile; voiced ones first.

    Each pick is the dialogue whose language, then source, then profile was picked least so far; ties fall
    by a hash of the id, so that the choice depends on nothing but the corpus.
    """
    columns = ("id", "lang", "source", "gender", "age_group", "accent", "clips")
    rows = sorted(dialogues.select(columns).iter_rows(), key=lambda row: _hash(row[0]))
    strata: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in rows:
        bucket = strata.setdefault((*row[1:6], row[6] > 0), [])
        if len(bucket) < count:
            bucket.append(row)
    left = sorted((row for bucket in strata.values() for row in bucket), key=lambda row: _hash(row[0]))
    picks: list[tuple[Any, ...]] = []
    used: Counter[tuple[Any, ...]] = Counter()

    def burden(row: tuple[Any, ...]) -> tuple[Any, ...]:
        _, lang, source, gender, age, accent, clips = row
        seen = [("l", lang), ("s", lang, source), ("p", gender, age), ("a", lang, accent)]
        return (clips == 0, *(used[key] for key in seen))

    while left and len(picks) < count:
        best = min(left, key=burden)
        left.remove(best)
        picks.append(best)
        _, lang, source, gender, age, accent, _ = best
        used.update([("l", lang), ("s", lang, source), ("p", gender, age), ("a", lang, accent)])
    return [row[0] for row in sorted(picks, key=lambda row: row[1])]


def stratified(dialogues: pl.DataFrame, count: int, without: Sequence[str] = ()) -> list[str]:
    """Return ids of `count` dialogues spread evenly over language, source, kind and who speaks.

    One from each stratum in turn; within a stratum, and among the strata, a hash of the id decides.
    """
    columns = ("id", "lang", "source", "kind", "informant")
    left_out = set(without)
    seen: Counter[tuple[str, ...]] = Counter()
    ranked: list[tuple[int, int, tuple[str, ...]]] = []
    for row in sorted(dialogues.select(columns).iter_rows(), key=lambda row: _hash(row[0])):
        if row[0] not in left_out:
            ranked.append((seen[row[1:]], len(ranked), row))
            seen[row[1:]] += 1
    picked = [row for _, _, row in sorted(ranked, key=lambda item: item[:2])[:count]]
    return [row[0] for row in sorted(picked, key=lambda row: (*map(str, row[1:4]), row[0]))]


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _scan(corpus: Path) -> pl.LazyFrame:
    files = sorted((corpus / "data").glob("*.parquet"))
    return pl.scan_parquet(files, glob=False) if files else pl.LazyFrame(schema=DIALOGUES)


_MEASURES = {"role": pl.String, "words": pl.UInt32, "characters": pl.UInt32, "seconds": pl.Float64}


def _dialogue_columns() -> list[pl.Expr]:
    profile = ("age_group", "gender", "accent", "age_basis", "gender_basis", "accent_basis")
    return [
        *(
            pl.col(name)
            for name in (
                "id",
                "source",
                "lang",
                "split",
                "licence",
                "informant",
                "speaker_id",
                "kind",
                "cluster",
            )
        ),
        pl.col("department").fill_null(""),
        pl.col("provenance").struct.field("engine").alias("rewriter"),
        *(pl.col("patient").struct.field(name).fill_null(UNKNOWN).alias(name) for name in profile),
        *(_check(name).alias(name) for name in ("f0_hz", "pace", "jitter", "hnr_db", "faithfulness")),
        _check("repairs").alias("model_repairs"),
        *(_note(name).alias(name) for name in ("relaxed", "repairs")),
    ]


def _note(name: str) -> pl.Expr:
    element = pl.element()
    named = element.filter(element.struct.field("name") == name).struct.field("value")
    return pl.col("notes").list.eval(named).list.first().fill_null("")


def _check(name: str) -> pl.Expr:
    element = pl.element()
    named = element.filter(element.struct.field("name") == name).struct.field("value")
    value = pl.col("checks").list.eval(named).list.first()
    return pl.when(value.is_finite()).then(value)


def _turn_measures() -> pl.Expr:
    """Measure the turns inside the query, so that neither texts nor clips outlive their batch.

    Polars reads a nested column whole: the clips pass through memory one batch at a time.
    """
    element = pl.element()
    text = element.struct.field("text")
    voiced = element.struct.field("audio").struct.field("bytes").is_not_null()
    return pl.col("turns").list.eval(
        pl.struct(
            role=element.struct.field("role"),
            words=text.str.count_matches(r"\S+"),
            characters=text.str.len_chars(),
            seconds=pl.when(voiced).then(element.struct.field("duration_s")),
        )
    )

"""How patient-like the speech of a corpus is: acoustic conditions, effects and their values, hesitations by age."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from medsynth.corpus.report_data import Facts, is_han
from medsynth.corpus.report_html import Html, note, num, percent, section, table, tag
from medsynth.records import AGE_GROUPS

_HESITATIONS = ("filler", "repeat", "restart", "pause")
_CHARACTERS_A_WORD = 1.5


def effects_section(corpus: Path, facts: Facts) -> Html:
    """Return what was done to the patients' turns, from the corpus's own columns; "" where nothing was asked for."""
    told = facts.info.get("patient_like")
    if told is None:
        return Html("")
    turns = _turns(corpus)
    heard = turns.filter(pl.col("seconds").is_not_null())
    effects = heard.explode("effects").drop_nulls("effects").select("id", "turn", "condition", "effects")
    effects = effects.unnest("effects")
    untreated = facts.dialogues.filter(pl.col("repairs").str.contains("untreated|said plainly")).height
    parts: list[object] = [
        tag(
            "p",
            f"{num(heard.filter(pl.col('effects').list.len() > 0).height)} of {num(heard.height)} spoken turns of "
            f"patients were changed. {num(told.get('siblings') or 0)} dialogues stand beside their clean version.",
        ),
        _conditions(heard, effects),
        _values(effects, heard.height),
        _hesitations(heard),
    ]
    if untreated:
        parts.append(
            note(
                f"{num(untreated)} dialogues have turns that failed as planned and are plainer; see their notes."
            )
        )
    return section("effects", "Patient-like speech", *parts)


def _turns(corpus: Path) -> pl.DataFrame:
    """Return one row a patient's turn, with its effects; no audio outlives its batch."""
    element = pl.element()
    text = element.struct.field("text")
    voiced = element.struct.field("audio").struct.field("bytes").is_not_null()
    measured = pl.struct(
        role=element.struct.field("role"),
        words=text.str.count_matches(r"\S+"),
        characters=text.str.count_matches(r"\p{Han}"),
        seconds=pl.when(voiced).then(element.struct.field("duration_s")),
        effects=element.struct.field("effects"),
    )
    rows = (
        pl.scan_parquet(sorted((corpus / "data").glob("*.parquet")), glob=False)
        .select(
            "id",
            "lang",
            pl.col("acoustic_condition").fill_null("not voiced").alias("condition"),
            pl.col("patient").struct.field("age_group").alias("age_group"),
            pl.col("turns").list.eval(measured),
        )
        .collect(engine="streaming")
        .sort("id")
        .explode("turns")
        .drop_nulls("turns")
        .unnest("turns")
    )
    return rows.filter(pl.col("role") == "patient").with_row_index("turn")


def _conditions(heard: pl.DataFrame, effects: pl.DataFrame) -> Html:
    rows = []
    for (name,), part in sorted(heard.group_by("condition"), key=lambda item: -item[1]["seconds"].sum()):
        own = effects.filter(pl.col("condition") == name)
        rows.append(
            (
                str(name).replace("_", " "),
                num(part["id"].n_unique()),
                num(part.height),
                num(float(part["seconds"].sum()) / 60, 1),
                _span(own.filter(pl.col("name") == "noise")["value"], 1),
                _span(own.filter(pl.col("name") == "room")["value"], 2),
                _span(own.filter(pl.col("name") == "reverberation")["value"], 1),
            )
        )
    head = (
        "Acoustic condition",
        "Dialogues",
        "Clips",
        "Minutes",
        "SNR, dB",
        "RT60, s",
        "Direct to reverberant, dB",
    )
    return table(
        head, rows, numeric=range(1, 7), caption="Where patients are heard (median, lowest to highest)"
    )


def _values(effects: pl.DataFrame, clips: int) -> Html:
    rows = []
    for (name, of), part in sorted(effects.group_by("name", "of"), key=lambda item: item[0]):
        where = {"spoken": " (in the text)", "clip": " (in the clip)"}.get(str(of), "")
        units = ", ".join(sorted(set(part["unit"]) - {""}))
        touched = part["turn"].n_unique()
        rows.append(
            (
                f"{name}{where}",
                num(part.height),
                num(touched),
                percent(touched, clips),
                _span(part["value"], 2),
                units,
            )
        )
    head = ("Effect", "Times", "Clips", "of the clips", "Value", "Unit")
    return table(head, rows, numeric=range(1, 5), caption="What was done (median, lowest to highest)")


def _hesitations(heard: pl.DataFrame) -> Html:
    """Return hesitations in the text per 100 words, by language and age; Mandarin words are 1.5 characters."""
    element = pl.element().struct
    counts = [
        pl.col("effects")
        .list.eval((element.field("name") == name) & (element.field("of") == "spoken"))
        .list.sum()
        .sum()
        .alias(name)
        for name in _HESITATIONS
    ]
    words = (
        pl.when(is_han(pl.col("lang")))
        .then(pl.col("characters") / _CHARACTERS_A_WORD)
        .otherwise(pl.col("words"))
    )
    hesitant = heard.filter(
        pl.col("effects").list.eval(element.field("of") == "spoken").list.any().any().over("id")
    )
    rows = []
    for (lang, age), part in sorted(
        hesitant.group_by("lang", "age_group"), key=lambda item: (item[0][0], _age(item[0][1]))
    ):
        total = float(part.select(words.sum()).item() or 0)
        found = part.select(counts).row(0)
        rates = [
            num(100 * (n or 0) / total, 2) if total else "–" for n in (*found, sum(n or 0 for n in found))
        ]
        rows.append((f"{lang}, {age}", num(part["id"].n_unique()), num(total), *rates))
    if not rows:
        return Html("")
    head = ("Language, age", "Dialogues", "Words", "Fillers", "Repetitions", "Restarts", "Pauses", "All")
    return table(
        head, rows, numeric=range(1, 8), caption="Hesitations per 100 words, in dialogues that have any"
    )


def _age(age: object) -> int:
    return AGE_GROUPS.index(age) if age in AGE_GROUPS else len(AGE_GROUPS)  # type: ignore[arg-type]


def _span(values: pl.Series, digits: int) -> str:
    known = values.drop_nulls()
    if known.is_empty():
        return "–"
    low, middle, high = (float(v) for v in (known.min(), known.median(), known.max()))  # type: ignore[arg-type]
    return (
        num(middle, digits)
        if low == high
        else f"{num(middle, digits)}, {num(low, digits)} to {num(high, digits)}"
    )

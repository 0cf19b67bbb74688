"""What became of every raw record: overview and funnels of the report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

import polars as pl

from medsynth.corpus.report_data import Facts, stages_of
from medsynth.corpus.report_html import Html, bar, note, num, percent, section, short, table, tag, under
from medsynth.records import SPLITS

MAX_ROWS = 40


def overview(facts: Facts) -> Html:
    """Return title, warning and headline figures."""
    d = facts.dialogues
    figures = [
        (num(d.height), "dialogues"),
        (num(facts.turns.height), "turns"),
        (num(d.filter(pl.col("clips") > 0).height), "with speech"),
        (num(float(d["seconds"].sum()) / 3600, 2), "hours of speech"),
        (num(d["speaker_id"].drop_nulls().n_unique()), "patient voices"),
        (num(facts.ledger.filter(pl.col("parent").is_null()).height), "raw records"),
    ]
    rows = []
    for lang in sorted(d["lang"].unique()):
        for split in SPLITS:
            part = d.filter((pl.col("lang") == lang) & (pl.col("split") == split))
            if part.height:
                voiced = part.filter(pl.col("clips") > 0).height
                seconds = float(part["seconds"].sum())
                rows.append((lang, split, num(part.height), num(voiced), num(seconds / 60, 1)))
    return tag(
        "div",
        tag("p", "Corpus report", class_="kicker"),
        tag("h1", facts.info.get("name", "corpus")),
        tag(
            "p",
            tag("strong", "Not medical advice."),
            " All speech in this corpus is synthetic. The texts may be outdated, incomplete, "
            "wrong or invented; nothing here may be used to decide about anyone’s health.",
            class_="warning",
            role="note",
        ),
        tag(
            "dl",
            *(tag("div", tag("dt", name), tag("dd", value)) for value, name in figures),
            class_="figures",
        ),
        table(
            ("Language", "Split", "Dialogues", "With speech", "Minutes of speech"),
            rows,
            numeric=(2, 3, 4),
            caption="Dialogues by language and split",
        )
        if rows
        else "",
    )


def funnel_section(facts: Facts, timings: Mapping[str, float]) -> Html:
    """Return what came in, what ended at each stage and what was left, in all and per source."""
    inputs = facts.ledger.filter(pl.col("parent").is_null())
    stages = stages_of(facts.ledger, tuple(timings))
    total = inputs.height
    ended: dict[str, Counter[str]] = defaultdict(Counter)
    by_source: dict[str, Counter[str]] = defaultdict(Counter)
    counted = inputs.group_by("source", "stage", "outcome").len()
    for source, stage, outcome, n in counted.sort("source", "stage", "outcome").iter_rows():
        by_source[source]["in"] += n
        if outcome == "kept":
            by_source[source]["kept"] += n
        else:
            ended[stage][outcome] += n
            by_source[source][f"at {stage}"] += n
    left = total
    rows: list[tuple] = [("raw records", "", "", "", num(total), bar(1.0), "")]
    for stage in stages:
        before, gone = left, ended[stage]
        left -= sum(gone.values())
        rows.append(
            (
                short(stage),
                *(num(gone[o]) if gone[o] else "·" for o in ("rejected", "merged", "failed")),
                num(left),
                bar(left / total if total else 0),
                _rate(timings.get(stage), before),
            )
        )
    width = 7 if timings else 6
    head = ("After", "Rejected", "Merged", "Failed", "Left", "", "Seconds (records/s)")[:width]
    source_rows = []
    for source in sorted(by_source)[:MAX_ROWS]:
        counts, remaining, cells = by_source[source], by_source[source]["in"], []
        for stage in stages:
            remaining -= counts[f"at {stage}"]
            cells.append(under(num(remaining), remaining / counts["in"]))
        source_rows.append((short(source), num(counts["in"]), *cells, percent(counts["kept"], counts["in"])))
    made = facts.dialogues.height
    return section(
        "funnel",
        "Funnel",
        tag(
            "p",
            f"Of {num(total)} raw records {num(left)} were kept and became {num(made)} dialogues. "
            "Every record ends in exactly one place: kept, rejected for a named reason, merged into a "
            "duplicate, or failed with an error.",
        ),
        table(head, [row[:width] for row in rows], numeric=(1, 2, 3, 4, 6), css="funnel"),
        table(
            ("Source", "Raw", *stages, "Kept"),
            source_rows,
            numeric=tuple(range(1, len(stages) + 3)),
            caption="Records left after each stage, per source; the bar is their share of the source’s raw records",
            css="by-source",
            keys=("source", "raw", *(f"after-{n}" for n in range(len(stages))), "kept"),
        ),
        _cut(len(by_source), "sources"),
    )


def _rate(seconds: float | None, records: int) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.1f} ({num(records / seconds)})" if seconds > 0 else f"{seconds:.1f}"


def _cut(count: int, what: str) -> Html:
    return note(f"{num(count - MAX_ROWS)} more {what} are not shown.") if count > MAX_ROWS else Html("")

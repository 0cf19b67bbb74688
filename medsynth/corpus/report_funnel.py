"""What became of every raw record: overview, funnel and rejects of the report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import polars as pl

from medsynth.corpus.report_data import Facts, RejectExample, stages_of
from medsynth.corpus.report_html import Html, bar, join, note, num, percent, section, table, tag
from medsynth.records import REASONS, SPLITS, Reason

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
                stage,
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
            cells.append(num(remaining))
        source_rows.append((source, num(counts["in"]), *cells, percent(counts["kept"], counts["in"])))
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
            caption="Records left after each stage, per source",
        ),
        _cut(len(by_source), "sources"),
    )


def _rate(seconds: float | None, records: int) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.1f} ({num(records / seconds)})" if seconds > 0 else f"{seconds:.1f}"


def _cut(count: int, what: str) -> Html:
    return note(f"{num(count - MAX_ROWS)} more {what} are not shown.") if count > MAX_ROWS else Html("")


def rejects_section(facts: Facts, examples: Sequence[RejectExample]) -> Html:
    """Return rejects by reason with meaning, details and examples, then merges and failures."""
    inputs = facts.ledger.filter(pl.col("parent").is_null())
    by_reason = _by_reason(inputs.filter(pl.col("outcome") == "rejected"))
    failed = _by_reason(inputs.filter(pl.col("outcome") == "failed"))
    merged = inputs.filter(pl.col("outcome") == "merged").height
    shown: dict[str, list[RejectExample]] = defaultdict(list)
    for example in examples:
        shown[example.reason].append(example)
    most = max((n for _, n, _, _ in by_reason), default=1)
    rows = [
        (tag("code", reason), num(n), bar(n / most, "warm"), ", ".join(stages), _meaning(reason))
        for reason, n, stages, _ in by_reason
    ]
    parts: list[object] = []
    if rows:
        parts.append(table(("Reason", "Records", "", "Stage", "Meaning"), rows, numeric=(1,), css="rejects"))
        parts.append(tag("h3", "Examples"))
        parts.append(note("Personal data is taken out of every text shown here; long ones are shortened."))
        parts.extend(_reason_block(*row, shown[row[0]]) for row in by_reason)
    else:
        parts.append(tag("p", "No record was rejected."))
    if failed:
        cells = [(tag("code", error), num(n), ", ".join(stages)) for error, n, stages, _ in failed]
        parts.append(tag("h3", "Failures"))
        parts.append(note("An error while the record was processed, not a judgement of its content."))
        parts.append(table(("Error", "Records", "Stage"), cells, numeric=(1,)))
        parts.extend(_reason_block(*row, shown[row[0]]) for row in failed if shown[row[0]])
    if merged:
        parts.append(tag("p", f"Merged into another record that says the same: {num(merged)}."))
    split_off = facts.ledger.filter(pl.col("parent").is_not_null() & (pl.col("outcome") != "kept")).height
    if split_off:
        parts.append(
            note(f"{num(split_off)} parts split off from a record ended too; the ledger names their reasons.")
        )
    return section("rejects", "Rejects", *parts)


def _by_reason(frame: pl.DataFrame) -> list[tuple[str, int, list[str], list[tuple[str, int]]]]:
    """Return (reason, records, stages, commonest details), the commonest reason first."""
    found = []
    for (reason,), part in frame.with_columns(pl.col("reason").fill_null("")).group_by("reason"):
        details = Counter(part["detail"].drop_nulls()).most_common()
        ordered = sorted(((d, n) for d, n in details if d), key=lambda item: (-item[1], item[0]))
        found.append((str(reason), part.height, sorted(set(part["stage"].drop_nulls())), ordered[:3]))
    return sorted(found, key=lambda row: (-row[1], row[0]))[:MAX_ROWS]


def _meaning(reason: str) -> str:
    return REASONS[Reason(reason)] if reason in set(Reason) else "not in the vocabulary of this version"


def _reason_block(
    reason: str,
    count: int,
    stages: Sequence[str],
    details: Sequence[tuple[str, int]],
    examples: Sequence[RejectExample],
) -> Html:
    said = join((f"{detail} ({num(n)})" for detail, n in details), "; ")
    quotes = [
        tag(
            "div",
            tag("p", tag("code", e.id), " · ", e.stage, f" · {e.detail}" if e.detail else "", class_="note"),
            tag("blockquote", tag("bdi", _shorten(e.text))) if e.text else note("(no text)"),
            class_="example",
        )
        for e in examples[:3]
    ]
    return tag(
        "details",
        tag("summary", tag("code", reason), f" {num(count)}"),
        note("Commonest details: ", said) if said else "",
        *(quotes or [note("No example was kept.")]),
    )


def _shorten(text: str, limit: int = 400) -> str:
    return text if len(text) <= limit else text[:limit].rstrip() + " …"

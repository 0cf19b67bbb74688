"""What did not become a dialogue, and why: reasons, examples and failures of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from medsynth.corpus.report_data import Facts, RejectExample
from medsynth.corpus.report_funnel import MAX_ROWS
from medsynth.corpus.report_html import Html, bar, heat, note, num, section, short, table, tag
from medsynth.records import REASONS, Reason

MAX_EXAMPLES = 1200
MAX_SOURCES = 14
_OPENING = 160


def rejects_section(facts: Facts, examples: Sequence[RejectExample]) -> Html:
    """Return rejects by reason and source, a table of examples to sort and filter, then merges and failures."""
    inputs = facts.ledger.filter(pl.col("parent").is_null())
    rejected = inputs.filter(pl.col("outcome") == "rejected")
    reasons = _by_reason(rejected)
    failures = _by_reason(inputs.filter(pl.col("outcome") == "failed"))
    merged = inputs.filter(pl.col("outcome") == "merged").height
    most = max((n for _, n, _, _ in reasons), default=1)
    parts: list[object] = []
    if reasons:
        rows = [
            (
                tag("code", short(reason)),
                num(n),
                bar(n / most, "warm"),
                short(", ".join(stages)),
                _meaning(reason),
                _commonest(details),
            )
            for reason, n, stages, details in reasons
        ]
        head = ("Reason", "Records", "", "Stage", "Meaning", "Commonest details")
        keys = ("by-reason", "by-records")
        parts += [table(head, rows, numeric=(1,), css="rejects", keys=keys), _by_source(rejected, reasons)]
    else:
        parts.append(tag("p", "No record was rejected."))
    if failures:
        cells = [
            (tag("code", short(error)), num(n), short(", ".join(stages)), _commonest(details))
            for error, n, stages, details in failures
        ]
        parts += [
            tag("h3", "Failures"),
            note("An error while the record was processed, not a judgement of its content."),
            table(("Error", "Records", "Stage", "Commonest details"), cells, numeric=(1,)),
        ]
    if examples:
        parts += _examples(facts, examples)
    elif reasons or failures:
        parts.append(note("No example was kept."))
    if merged:
        link = tag("a", "duplicates", href="#duplicates")
        parts.append(
            tag("p", f"{num(merged)} more were merged into another that says the same: see ", link, ".")
        )
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


def _commonest(details: Sequence[tuple[str, int]]) -> Html:
    return tag("small", "; ".join(f"{short(detail)} ({num(n)})" for detail, n in details))


def _meaning(reason: str) -> str:
    return REASONS[Reason(reason)] if reason in set(Reason) else "not in the vocabulary of this version"


def _by_source(rejected: pl.DataFrame, reasons: Sequence[tuple]) -> Html:
    """Return the heat table reason × source; sources with the most rejects first."""
    counts = {
        (reason, source): n
        for reason, source, n in rejected.with_columns(pl.col("reason", "source").fill_null(""))
        .group_by("reason", "source")
        .len()
        .iter_rows()
    }
    totals: Counter[str] = Counter()
    for (_, source), n in counts.items():
        totals[source] += n
    ordered = sorted(totals, key=lambda s: (-totals[s], s))
    shown, rest = ordered[:MAX_SOURCES], ordered[MAX_SOURCES:]
    most = max(counts.values())
    body = []
    for reason, n, _, _ in reasons:
        others = sum(counts.get((reason, s), 0) for s in rest)
        body.append(
            tag(
                "tr",
                tag("th", tag("code", short(reason)), scope="row"),
                *(heat(counts.get((reason, s), 0), most) for s in shown),
                tag("td", num(others), class_="n") if rest else "",
                tag("td", num(n), class_="n sum"),
            )
        )
    names = [*(short(s, 40) for s in shown), *([f"{len(rest)} others"] if rest else []), "all"]
    head = tag("tr", *(tag("th", c, scope="col") for c in ("Reason", *names)))
    caption = tag("caption", "Rejected records by reason and source")
    content = tag("table", caption, tag("thead", head), tag("tbody", *body), class_="heatmap")
    return tag("div", content, class_="scroll", tabindex="0")


def _examples(facts: Facts, examples: Sequence[RejectExample]) -> list[Html]:
    ids = facts.ledger.filter(pl.col("id").is_in([e.id for e in examples]))
    source = dict(ids.select("id", "source").iter_rows())
    ordered = sorted(examples, key=lambda e: (e.reason, e.stage, source.get(e.id) or "", e.id))
    # Where there are too many, every reason of every source keeps its first before any keeps a second.
    seen: Counter[tuple[str, str, str | None]] = Counter()
    ranked: list[tuple[int, int]] = []
    for i, e in enumerate(ordered):
        key = (e.reason, e.stage, source.get(e.id))
        ranked.append((seen[key], i))
        seen[key] += 1
    shown = [ordered[i] for i in sorted(i for _, i in sorted(ranked)[:MAX_EXAMPLES])]
    rows = [
        (
            tag("code", short(e.reason)),
            short(e.stage),
            short(source.get(e.id) or "–"),
            tag("code", short(e.id, 160), class_="id"),
            short(e.detail, 200),
            quoted(e.text),
        )
        for e in shown
    ]
    left_out = len(ordered) - len(shown)
    return [
        tag("h3", "Examples"),
        note(
            "A few records of each reason and source. Personal data is taken out of every text shown "
            "here; long ones are shortened. A row that could not be parsed has no text.",
            f" {num(left_out)} more examples are not shown." if left_out else "",
        ),
        table(
            ("Reason", "Stage", "Source", "Record", "Detail", "Text"),
            rows,
            css="examples",
            keys=("reason", "stage", "source", "record", "detail", "text"),
            pick=("reason", "stage", "source"),
            search="Filter the examples",
        ),
    ]


def quoted(text: str, limit: int = 640) -> Html:
    """Return a record's text for a table cell: its opening, the rest behind a click."""
    if not text:
        return tag("span", "(no text)", class_="note")
    text = short(text, limit)
    if len(text) <= _OPENING + 40:
        return tag("bdi", text, class_="quote")
    whole = tag("bdi", text, class_="quote")
    return tag("details", tag("summary", tag("bdi", short(" ".join(text.split()), _OPENING))), whole)

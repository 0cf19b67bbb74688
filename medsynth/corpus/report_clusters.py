"""What was said twice: duplicate clusters and matches with held-out files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from medsynth.corpus.report_data import Facts, RejectExample
from medsynth.corpus.report_html import Html, bar, note, num, percent, section, short, table, tag
from medsynth.corpus.report_rejects import quoted
from medsynth.records import Reason

LARGEST = 12
MEMBERS = 8
MATCHES = 200
_SIZES = ((2, 2), (3, 3), (4, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 999), (1000, 10**12))


@dataclass(frozen=True)
class Cluster:
    """Records that say the same: `kept` stands for all `size` of them, itself included.

    `stage` is where they were merged; `merged` holds (id, detail) of the first `MEMBERS` others.
    """

    kept: str
    size: int
    stage: str
    merged: tuple[tuple[str, str], ...]


def largest_clusters(ledger: pl.DataFrame, count: int = LARGEST) -> list[Cluster]:
    """Return the largest duplicate clusters of a ledger, the largest first, then by the id of the kept one."""
    sizes = _sizes(ledger).sort("size", "kept", descending=[True, False]).head(count)
    merged = _merged(ledger).filter(pl.col("kept").is_in(sizes["kept"].to_list())).sort("id")
    members: dict[str, list[tuple[str, str]]] = {}
    for kept, row_id, detail in merged.select("kept", "id", "detail").iter_rows():
        members.setdefault(kept, []).append((row_id, detail))
    rows = sizes.select("kept", "size", "stage").iter_rows()
    return [Cluster(kept, size, stage, tuple(members[kept][:MEMBERS])) for kept, size, stage in rows]


def _merged(ledger: pl.DataFrame) -> pl.DataFrame:
    merged = ledger.filter((pl.col("outcome") == "merged") & (pl.col("into").list.len() > 0))
    return merged.select(
        "id",
        kept=pl.col("into").list.first().fill_null(""),
        stage=pl.col("stage").fill_null(""),
        detail=pl.col("detail").fill_null(""),
    )


def _sizes(ledger: pl.DataFrame) -> pl.DataFrame:
    size = pl.len().cast(pl.Int64) + 1
    return _merged(ledger).group_by("kept").agg(size=size, stage=pl.col("stage").min())


def clusters_section(facts: Facts, examples: Sequence[RejectExample]) -> Html:
    """Return the clusters of duplicates with their sizes and members, and what held-out files matched."""
    texts = {e.id: e.text for e in examples}
    sizes = _sizes(facts.ledger)
    raw = facts.ledger.filter(pl.col("parent").is_null()).height
    parts: list[object] = []
    if sizes.height:
        merged = int(sizes["size"].sum()) - sizes.height
        parts.append(
            tag(
                "p",
                f"{num(sizes.height)} clusters of records that say the same; one record of each went on and "
                f"{num(merged)} ({percent(merged, raw)} of all raw records) were merged into it.",
            )
        )
        parts.append(_histogram(sizes))
        parts += [tag("h3", "Largest clusters"), *_blocks(facts, texts)]
    else:
        parts.append(tag("p", "No record was merged into another."))
    parts += [_split_groups(facts), *_held_out(facts, texts)]
    return section("duplicates", "Duplicates and held-out rows", *parts)


def _histogram(sizes: pl.DataFrame) -> Html:
    counted: Counter[tuple[int, int]] = Counter()
    records: Counter[tuple[int, int]] = Counter()
    for size in sizes["size"]:
        step = next(s for s in _SIZES if s[0] <= size <= s[1])
        counted[step] += 1
        records[step] += size
    most = max(counted.values())
    rows = []
    for step in (s for s in _SIZES if s <= max(counted)):
        low, high = step
        name = f"{low}" if low == high else f"{low}–{high}" if high < 10**12 else f"≥ {num(low)}"
        rows.append((name, num(counted[step]), bar(counted[step] / most), num(records[step])))
    head = ("Records in a cluster", "Clusters", "", "Records in all")
    return table(head, rows, numeric=(1, 3), caption="Sizes of the duplicate clusters")


def _blocks(facts: Facts, texts: Mapping[str, str]) -> list[Html]:
    """Return the largest clusters, one foldable table each."""
    clusters = largest_clusters(facts.ledger)
    wanted = [i for c in clusters for i in (c.kept, *(m for m, _ in c.merged))]
    lines = facts.ledger.filter(pl.col("id").is_in(wanted))
    about = {
        row[0]: row[1:] for row in lines.select("id", "source", "outcome", "stage", "reason").iter_rows()
    }
    blocks = []
    for n, cluster in enumerate(clusters):
        source, outcome, stage, reason = about.get(cluster.kept, ("–", "", "", ""))
        # A representative may still be rejected by a later stage: then its cluster left no dialogue.
        fate = "kept" if outcome in ("kept", "") else f"stood for all; later {outcome} ({stage}: {reason})"
        rows: list[tuple[object, ...]] = [
            (_id(cluster.kept), tag("strong", short(fate, 120)), short(source), _text(cluster.kept, texts))
        ]
        for member, detail in cluster.merged:
            how = f"merged: {detail}" if detail else "merged"
            named = short(about.get(member, ("–",))[0])
            rows.append((_id(member), short(how, 120), named, _text(member, texts)))
        more = cluster.size - len(rows)
        blocks.append(
            tag(
                "details",
                tag("summary", f"{num(cluster.size)} records: ", tag("code", short(cluster.kept, 120))),
                table(("Record", "", "Source", "Text"), rows, css="members"),
                note(f"{num(more)} more members; the ledger names them all.") if more else "",
                open="" if n < 2 else None,
            )
        )
    return blocks


def _id(value: str) -> Html:
    return tag("code", short(value, 160), class_="id")


def _text(row_id: str, texts: Mapping[str, str]) -> Html:
    return quoted(texts[row_id]) if texts.get(row_id) else Html("–")


def _split_groups(facts: Facts) -> Html:
    sizes = facts.dialogues.group_by("cluster").len()["len"]
    if not sizes.len():
        return Html("")
    shared, largest = sizes.filter(sizes > 1).len(), max(sizes.to_list())
    said = (
        f"{num(shared)} hold more than one dialogue, the largest {num(largest)}"
        if shared
        else "none holds two"
    )
    return note(
        f"For the split into train, validation and test the dialogues form {num(sizes.len())} groups, joined by "
        f"duplicates, document, case or person; {said}. A group is never divided."
    )


def _held_out(facts: Facts, texts: Mapping[str, str]) -> list[Html]:
    """Return which held-out rows matched which records. The detail is `<file>: <id of the held-out row>`."""
    rows = (
        facts.ledger.filter((pl.col("reason") == Reason.HELD_OUT) & (pl.col("outcome") == "rejected"))
        .select("detail", "source", "id")
        .sort("detail", "source", "id", nulls_last=True)
    )
    if not rows.height:
        return [tag("h3", "Held-out rows"), tag("p", "No record matched a held-out file.")]
    files: dict[str, tuple[int, set[str]]] = {}
    cells: list[tuple[object, ...]] = []
    for detail, source, row_id in rows.iter_rows():
        file, _, row = (detail or "").partition(": ")
        count, matched = files.get(file, (0, set()))
        files[file] = (count + 1, matched | {row})
        if len(cells) < MATCHES:
            cells.append((short(file), _id(row), _id(row_id), short(source or "–"), _text(row_id, texts)))
    by_file = [
        (short(file), num(len(matched)), num(count)) for file, (count, matched) in sorted(files.items())
    ]
    left_out = rows.height - len(cells)
    return [
        tag("h3", "Held-out rows"),
        tag("p", f"{num(rows.height)} records were taken out because a file that is held out contains them."),
        table(("Held-out file", "Its rows found here", "Records removed"), by_file, numeric=(1, 2)),
        table(
            ("Held-out file", "Its row", "Record removed", "Source", "Text"),
            cells,
            css="members",
            keys=("file", "held-out-row", "removed", "removed-source"),
            caption="Which row matched which record",
        ),
        note(f"{num(left_out)} more matches are in the ledger.") if left_out else Html(""),
    ]

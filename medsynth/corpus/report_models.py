"""What chat models did for a corpus, what that took, and how faithful they were: a section of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from medsynth.corpus.report_data import Facts
from medsynth.corpus.report_html import Html, note, num, percent, section, table, tag

_FAITHFUL = (1.0, 0.95, 0.9, 0.8, 0.0)


def models_section(facts: Facts) -> Html:
    """Return requests, tokens and cost by stage, and the faithfulness of what models wrote; "" without any."""
    usage: list[Mapping[str, Any]] = facts.info.get("usage") or []
    written = facts.dialogues.filter(pl.col("rewriter") != "extractive")
    if not usage and not written.height:
        return Html("")
    parts: list[object] = []
    if usage:
        parts += [
            table(
                (
                    "Stage",
                    "Model",
                    "Replies",
                    "Tokens in",
                    "Tokens out",
                    "Seconds a reply",
                    "Cut",
                    "Retries",
                    "Cost",
                ),
                [_usage_row(row) for row in usage],
                numeric=range(2, 9),
                caption="What the models were asked, replies asked for again included",
            ),
        ]
        untold = sum(row["untold"] for row in usage)
        if untold:
            parts.append(
                note(f"The server told no token counts for {num(untold)} replies; they are not in the sums.")
            )
    if written.height:
        parts.append(_faithfulness(written))
    return section("models", "Models", *parts)


def _usage_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    cost = "unknown" if row["cost"] is None else f"{row['cost']:,.4f} {row['currency']}"
    told = row["untold"] < row["replies"]
    return (
        row["stage"],
        row["model"],
        num(row["replies"]),
        num(row["prompt_tokens"]) if told else "unknown",
        num(row["completion_tokens"]) if told else "unknown",
        num(row["seconds_per_reply"], 2),
        num(row["cut"]),
        num(row["retries"]),
        cost,
    )


def _faithfulness(written: pl.DataFrame) -> Html:
    measured = written.drop_nulls("faithfulness")
    rows = []
    for (source,), part in sorted(measured.group_by("source")):
        values = part["faithfulness"]
        bands = []
        upper = float("inf")
        for lower in _FAITHFUL:
            count = int(((values >= lower) & (values < upper)).sum())
            bands.append(percent(count, part.height))
            upper = lower
        repaired = int((part["model_repairs"].fill_null(0) > 0).sum())
        mean = float(values.mean() or 0)  # type: ignore[arg-type]
        rows.append(
            (tag("bdi", source), num(part.height), num(mean, 3), *bands, percent(repaired, part.height))
        )
    head = ("Source", "Dialogues", "Mean", "1.00", "from .95", "from .90", "from .80", "below", "Repaired")
    return table(
        head,
        rows,
        numeric=range(1, 9),
        caption="Share of the source’s medical facts that the rewritten dialogue keeps, by weight; dialogues "
        "that alter or invent one are not in the corpus",
    )

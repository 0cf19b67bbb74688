"""What the commands print: the funnel of a run, where things are, what to do next, one record's way."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from medsynth.corpus.reader import corpus_info, is_corpus
from medsynth.errors import printable
from medsynth.records import Dialogue, RawQA, Record
from medsynth.run.examine import trace
from medsynth.run.packing import usage_facts
from medsynth.run.workspace import Workspace


def output() -> Console:
    """Return where commands print: the terminal as it is, a pipe or log file in wide lines."""
    # No markup: paths and reasons may hold brackets.
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=200)


def print_table(rows: Sequence[Mapping[str, str]], console: Console | None = None) -> None:
    """Print rows as a table; in a pipe as tab-separated lines with a header, for other programs."""
    console = console or output()
    if not rows:
        console.print("nothing to list")
        return
    if not console.is_terminal:
        for cells in (list(rows[0]), *(row.values() for row in rows)):
            print("\t".join(cells))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(*(Text(value) for value in row.values()))
    console.print(table)


def print_status(workspace: Workspace, console: Console | None = None) -> None:
    """Print each stage's counts, losses by reason, seconds and memory."""
    console = console or output()
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("stage", "in", "kept", "already done", "seconds", "peak MB"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    table.add_column("lost")
    for s in workspace.stages:
        lost = ", ".join(f"{count} {reason}" for reason, count in s.reasons.items())
        cells = (s.name, s.inputs, s.kept, s.cached, f"{s.wall_s:.1f}", f"{s.rss_mb:.0f}" if s.rss_mb else "")
        table.add_row(*map(str, cells), Text(lost))
    console.print(table)
    if not workspace.stages:
        console.print("nothing has run yet")
    print_usage(workspace, console)


def print_usage(workspace: Workspace, console: Console) -> None:
    """Print what each stage asked of a chat model, and what that cost; nothing where none was asked."""
    rows = usage_rows(workspace)
    if not rows:
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        table.add_column(name, justify="left" if name in ("asked by", "model", "no reply") else "right")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row.values()))
    console.print()
    console.print(table)


def usage_rows(workspace: Workspace) -> list[dict[str, str]]:
    """Return a row per stage and model: replies, tokens, seconds a reply, retries, cost ("unknown" where it is)."""
    rows = []
    for usage in usage_facts(workspace):
        told, more = usage["untold"] < usage["replies"], "+" if usage["untold"] else ""
        rows.append(
            {
                "asked by": usage["stage"],
                "model": usage["model"],
                "replies": str(usage["replies"]),
                "tokens in": f"{usage['prompt_tokens']:,}{more}" if told else "unknown",
                "tokens out": f"{usage['completion_tokens']:,}{more}" if told else "unknown",
                "s/reply": f"{usage['seconds_per_reply']:.2f}",
                "cut": str(usage["cut"]),
                "retries": str(usage["retries"]),
                "cost": "unknown" if usage["cost"] is None else f"{usage['cost']:,.4f} {usage['currency']}",
                "no reply": ", ".join(f"{count} {fault}" for fault, count in usage["failed"].items()),
            }
        )
    return rows


def print_summary(workspace: Workspace, result: Path) -> None:
    """Print the end of a command: the funnel, where the result lies, and what to do next."""
    console = output()
    print_status(workspace, console)
    console.print()
    shown = os.path.relpath(result)
    if not is_corpus(result):
        console.print(f"records  {shown}")
        console.print(f"next     medsynth voice   (or: medsynth status {_shown(workspace)})")
        return
    info = corpus_info(result)
    langs = ", ".join(sorted({lang for counts in info["counts"].values() for lang in counts}))
    console.print(
        f"corpus   {shown}: {info['dialogues']} dialogues ({langs}), {info['voiced']} voiced, "
        f"{info['clips']} clips, {info['hours'] * 60:.1f} minutes, {info['speakers']} speakers",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"report   {shown}/report.html", soft_wrap=True)
    console.print(
        f"next     medsynth verify {shown}   medtrain check {shown}   medsynth trace ID",
        highlight=False,
        soft_wrap=True,
    )
    console.print("Synthetic speech from text that nobody has checked for this use: not medical advice.")


def _shown(workspace: Workspace) -> str:
    return os.path.relpath(workspace.path)


def print_trace(workspace: Workspace, record_id: str) -> None:
    """Print one record's way through the stages, with its text where that changed."""
    console = output()
    before: list[str] = []
    for step in trace(workspace, record_id):
        line = f"{step.stage:<9} {step.outcome}"
        line += f": {step.reason}" if step.reason else ""
        line += f" ({step.detail})" if step.detail else ""
        line += f" -> {', '.join(step.into)}" if step.outcome == "merged" or len(step.into) > 1 else ""
        console.print(Text(printable(line), style="bold"))
        lines = _lines(step.record)
        if lines and lines != before:
            console.print(Text(printable("\n".join("    " + text for text in lines))))
            before = lines
    if is_corpus(workspace.corpus):
        console.print(Text(f"corpus    {os.path.relpath(workspace.corpus)}"))


def _lines(record: Record | None) -> list[str]:
    if isinstance(record, RawQA):
        return [f"{t.role}: {t.text}" for t in record.turns]
    if not isinstance(record, Dialogue):
        return []
    who = record.patient
    head = f"[{who.gender} {who.age_group}, {who.accent}; speaks as {record.informant}; {record.split}]"
    head += f" voice {record.speaker_id}" if record.speaker_id else ""
    lines = [head] if who.gender else []
    for turn in record.turns:
        clip = f"  ({turn.audio.duration_s:.1f} s)" if turn.audio else ""
        lines.append(f"{turn.role}: {turn.text}{clip}")
    return lines

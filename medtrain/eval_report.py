"""The table and the figure of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any, BinaryIO

from medtrain.groups import LEAST
from medtrain.report import told_reasons

NOTE = "Research software. Nothing that it says is medical advice, and no number here says that a reply is right."
SHOWN = 160
"""Characters of a sample that a table shows; eval.json holds the whole."""
SAMPLES = 8
"""Dialogues of which a table shows the last reply; eval.json holds all replies of all."""


def table(results: dict[str, Any]) -> str:
    """Return an evaluation as text of at most some 110 columns."""
    return "\n".join([*_head(results), *_modalities(results), *_groups(results), *_answers(results)]) + "\n"


def _head(results: dict[str, Any]) -> Iterator[str]:
    stage = f" (stage {results['stage']})" if results["stage"] else ""
    yield f"{results['model']}{stage} on the {results['split']} split of {results['corpus']['name']}"
    yield NOTE
    yield f"[a, b]: {results['intervals']['confidence']:.0%} bootstrap interval over dialogues."
    if results["corpus"]["trained_on"] is False:
        yield "This is not the corpus that it was trained on; the split may hold dialogues that it learned from."
    for modality, reasons in results["left_out"].items():
        if reasons:
            yield f"left out by {modality}: {told_reasons(reasons)}"
    yield ""


def _modalities(results: dict[str, Any]) -> Iterator[str]:
    row = "{:<18}{:>9}{:>9}{:>9}  {:<24}{:<24}{}"
    yield row.format(
        "given as", "dialogues", "replies", "tokens", "loss (nats/token)", "token accuracy", "whole replies"
    )
    rows = dict(results["modalities"])
    kept = results["retention"]
    if kept:
        rows["text, stage text"] = kept["before"]
    for name, one in rows.items():
        yield row.format(
            name,
            one["dialogues"],
            one["replies"],
            one["tokens"],
            _number(one["loss"]),
            _percent(one["accuracy"]),
            _percent(one["whole_replies"]),
        )
    yield "The true words before each token are given. A whole reply has every token right, its end included."
    yield "A share of 0% or 100% cannot spread in a resample: its interval says nothing."
    yield ""
    gap = results["gap"]
    if gap:
        yield (
            f"speech–text gap (speech less transcript, the same {gap['dialogues']} dialogues): "
            f"loss {_change(gap['loss'])}, accuracy {_points(gap['accuracy'])} points"
        )
    else:
        yield "no voiced dialogue here: nothing is said about speech"
    if kept:
        yield (
            f"text kept by stage speech: {_percent(kept['accuracy_share'])} of the token accuracy, "
            f"loss {_change(kept['loss'])}"
        )
    yield ""


def _groups(results: dict[str, Any]) -> Iterator[str]:
    row = "  {:<34}{:>4}  {:<24}{:<24}{}"
    for grouping, groups in results["groups"].items():
        yield row.format(
            "by " + grouping.replace("_", " "), "n", "speech loss", "gap in loss", "gap in accuracy (points)"
        )
        small = {name: one["dialogues"] for name, one in groups.items() if "gap" not in one}
        for name, one in groups.items():
            if name not in small:
                gap = one["gap"]
                told = (_number(one["speech"]["loss"]), _change(gap["loss"]), _points(gap["accuracy"]))
                yield row.format(name, one["dialogues"], *told)
            elif "×" not in grouping:
                yield row.format(name, one["dialogues"], f"(under {LEAST} dialogues)", "", "").rstrip()
        if small and "×" in grouping:
            listed = "; ".join(f"{name} {count}" for name, count in small.items())
            head = f"only counted, each under {LEAST} dialogues: "
            yield from wrap(
                head + listed, 110, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
            )
        yield ""


def _answers(results: dict[str, Any]) -> Iterator[str]:
    said = results["answers"]
    if not said:
        return
    machine = results["machine"]
    how = f"{machine['device']}, {machine['threads']} thread(s), {machine['precision']}"
    yield "replies given freely, greedy, the turns before each as they were"
    row = "  {:<12}{:>10}{:>9}{:>8}  {:<26}{}"
    yield row.format("given as", "dialogues", "replies", "ended", "exact match", "normalised match")
    for name, one in said.items():
        shares = (_percent(one["exact_share"]), _percent(one["normalised_share"]))
        yield row.format(name, one["dialogues"], one["replies"], one["ended"], *shares)
    gap = results["answers_gap"]
    if gap:
        exact, normalised = _points(gap["exact_share"]), _points(gap["normalised_share"])
        yield f"speech less transcript: exact {exact}, normalised {normalised} points; by group: eval.json"
    low = max(one["limit_too_low"] for one in said.values())
    if low:
        yield f"{low} of the doctor's replies are longer than the limit here, so that nothing could match them."
    yield ""
    yield f"the last reply of some dialogues by itself ({how})"
    row = "  {:<12}{:>10}{:>16}{:>12}{:>14}"
    yield row.format("given as", "dialogues", "first token s", "total s", "real time x")
    for name, one in said.items():
        if one["timed"]:
            factor = "" if one["real_time_factor"] is None else f"{one['real_time_factor']:.3f}"
            times = (f"{one['first_token_s']:.3f}", f"{one['total_s']:.3f}")
            yield row.format(name, one["timed"], *times, factor)
    yield "Times are medians, the encoding of the audio included; real time x is total time by seconds of audio."
    first, *others = said
    last = {sample["id"]: at for at, sample in enumerate(said[first]["samples"])}
    for at in list(last.values())[:SAMPLES]:
        sample = said[first]["samples"][at]
        yield f"\n{sample['id']}"
        yield f"  patient:       {_short(sample['asked'])}"
        yield f"  doctor:        {_short(sample['reference'])}"
        for name in (first, *others):
            one = said[name]["samples"][at]
            yield f"  {'by ' + name + ':':<15}{_short(one['text'])}{'' if one['ended'] else ' …(cut)'}"


def draw(results: dict[str, Any], target: BinaryIO) -> None:
    """Draw loss and accuracy by modality, and the gap in loss by group, with intervals, as PNG."""
    from matplotlib.figure import Figure

    bars = dict(results["modalities"])
    if results["retention"]:
        bars["text, stage text"] = results["retention"]["before"]
    cells = (
        {"all": {"gap": results["gap"], "dialogues": results["gap"]["dialogues"]}} if results["gap"] else {}
    )
    cells |= {
        f"{name} ({grouping})".replace("_", " "): one
        for grouping, groups in results["groups"].items()
        if "×" not in grouping
        for name, one in groups.items()
        if "gap" in one
    }
    figure = Figure(figsize=(14 if cells else 9, max(3.5, 0.35 * len(cells) + 1.5)), layout="constrained")
    panels = [("loss", bars, "loss per reply token (nats)"), ("accuracy", bars, "reply token accuracy")]
    if cells:
        gaps = {f"{name}, n = {one['dialogues']}": one["gap"] for name, one in cells.items()}
        panels.append(("loss", gaps, "speech less transcript: loss (nats)"))
    for number, (key, rows, title) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), number)
        names = [name for name in rows if rows[name][key]]
        values = [rows[name][key] for name in names]
        spread = [[_arm(v, "low") for v in values], [_arm(v, "high") for v in values]]
        axes.errorbar([v["value"] for v in values], range(len(names)), xerr=spread, fmt="o", capsize=3)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel(title)
        if rows is not bars:
            axes.axvline(0, color="grey", lw=0.8)
    title = (
        f"{results['split']} split, {results['intervals']['confidence']:.0%} intervals. Not medical advice."
    )
    figure.suptitle(title, fontsize=10)
    figure.savefig(target, dpi=120, format="png")


def _arm(value: dict[str, Any], end: str) -> float:
    return 0.0 if value[end] is None else max(0.0, abs(value[end] - value["value"]))


def _number(value: dict[str, Any] | None, form: str = ".3f", scale: float = 1.0) -> str:
    """Return a value with its interval, or what there is of them."""
    if value is None:
        return "–"
    middle, low, high = (None if value[k] is None else value[k] * scale for k in ("value", "low", "high"))
    return f"{middle:{form}}" + ("" if low is None else f" [{low:{form}}, {high:{form}}]")


def _change(value: dict[str, Any] | None) -> str:
    return _number(value, "+.3f")


def _percent(value: dict[str, Any] | None) -> str:
    return _number(value, ".1%")


def _points(value: dict[str, Any] | None) -> str:
    return _number(value, "+.1f", 100)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    if not flat:
        return "(nothing)"
    return flat if len(flat) <= SHOWN else flat[:SHOWN] + "…"

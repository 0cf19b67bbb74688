"""Raw results, and from them alone the tables of docs/claim.md and its figure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from medtrain.checkpoint import put_text
from medtrain.errors import UserError
from tests.bench.claim.analysis import Share, change, difference, from_csv, share, table_of, to_csv
from tests.bench.claim.runs import answers_of
from tests.bench.claim.settings import (
    ARMS,
    COMPARED,
    FURTHER,
    ONE_PLAIN,
    ONE_STAGE,
    TEXT_ONLY,
    TWO_PLAIN,
    TWO_STAGE,
    Arm,
    Sizes,
)


def collect(out: Path, sizes: Sizes, target: Path) -> None:
    """Write raw results: predictions.csv, and runs.json about every training run.

    Of an experiment that is still under way, those of the arms that have been through all seeds. Raises UserError
    when there is none.
    """
    rows: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    tuning: list[dict[str, Any]] = []
    for arms in (ARMS, FURTHER):  # further arms only lengthen the files
        done = [
            arm
            for arm in arms
            if all((out / f"seed-{seed}" / arm.name / "answers.json").is_file() for seed in sizes.seeds)
        ]
        for seed in sizes.seeds:
            for arm in done:
                found = answers_of(out / f"seed-{seed}" / arm.name)
                rows += [{"seed": seed, "arm": arm.name, **p} for p in found["predictions"]]
                runs.append(_about(found))
        tuning += [
            _about(answers_of(out / "tuning" / arm.name / f"{rate:g}"))
            for arm in done
            for rate in sizes.rates
        ]
    if not rows:
        raise UserError(f"{out} holds no arm that has been through all seeds; start the experiment again")
    heard = json.loads((out / "base" / "heard.json").read_text(encoding="utf-8"))
    told = json.loads((out / "sizes.json").read_text(encoding="utf-8"))
    target.mkdir(parents=True, exist_ok=True)
    put_text(target / "predictions.csv", to_csv(rows))
    facts = {"sizes": told, "base": heard, "tuning": tuning, "runs": runs}
    put_text(target / "runs.json", json.dumps(facts, indent=1) + "\n")


def _about(found: dict[str, Any]) -> dict[str, Any]:
    right = {by: [p["right"] for p in found["predictions"] if p["by"] == by] for by in ("speech", "text")}
    return {k: v for k, v in found.items() if k != "predictions"} | {
        "right": {by: sum(answers) for by, answers in right.items()},
        "asked": {by: len(answers) for by, answers in right.items()},
    }


def tables(results: Path) -> dict[str, str]:
    """Return the Markdown tables of the page by name, from the raw results in a folder.

    They have a line for every arm that the results hold; those of the further arms are apart, and only there when
    the results hold such an arm.
    """
    rows = from_csv((results / "predictions.csv").read_text(encoding="utf-8"))
    about = json.loads((results / "runs.json").read_text(encoding="utf-8"))
    main, further = _arms(rows, ARMS), _arms(rows, FURTHER)
    against = [(TWO_STAGE, arm) for arm in main if arm is not TWO_STAGE and TWO_STAGE in main]
    found = {
        "results": _results(rows, main),
        "differences": _differences(rows, against),
        "equal": _equal(about, main, seconds=True),
        "tuning": _tuning(about, main),
    }
    if further:
        held = [pair for pair in COMPARED if all(arm in main + further for arm in pair)]
        found |= {
            "further-results": _results(rows, further),
            "further-differences": _pairs(rows, held),
            # Two stages have the first one from the main arm: their seconds would not be those of the whole.
            "further-equal": _equal(about, further, seconds=False),
            "further-tuning": _tuning(about, further),
        }
    return found


def _arms(rows: Sequence[dict[str, Any]], arms: Sequence[Arm]) -> list[Arm]:
    """Return which of the arms answers hold, in the order in which they are always told."""
    held = {row["arm"] for row in rows}
    return [arm for arm in arms if arm.name in held]


def _results(rows: Sequence[dict[str, Any]], arms: Sequence[Arm]) -> str:
    seeds = sorted({row["seed"] for row in rows})
    head = ["arm", "right by speech", "95 % interval", "over facts alone", *(f"seed {s}" for s in seeds)]
    head += ["right by text"]
    lines = [_row(head), _row(["---"] * len(head))]
    for arm in arms:
        found = share(rows, arm.name, "speech")
        each = table_of(rows, arm.name, "speech")
        of_seed = [f"{_ratio(each[s]):.3f}" for s in seeds]
        written = share(rows, arm.name, "text")
        cells = [arm.title, f"**{found.value:.3f}**", _span(found.low, found.high)]
        cells += [_span(found.fact_low, found.fact_high), *of_seed, f"{written.value:.3f}"]
        lines.append(_row(cells))
    some = table_of(rows, arms[0].name, "speech")
    asked = sum(count for facts in some.values() for _, count in facts.values())
    facts = sum(map(len, some.values()))
    note = f"{asked} spoken questions on {facts} facts an arm, over {len(seeds)} seeds."
    return "\n".join([*lines, "", note])


def _differences(rows: Sequence[dict[str, Any]], pairs: Sequence[tuple[Arm, Arm]]) -> str:
    head = ["two stages against", "difference by speech", "95 % interval", "over facts alone"]
    lines = [_row(head), _row(["---"] * len(head))]
    for arm, other in pairs:
        lines.append(_row([other.title, *_difference(rows, arm, other, "speech")]))
    return "\n".join(lines)


def _pairs(rows: Sequence[dict[str, Any]], pairs: Sequence[tuple[Arm, Arm]]) -> str:
    head = ["arm", "against", "difference by speech", "95 % interval", "over facts alone"]
    head += ["each seed", "difference by text", "95 % interval"]
    lines = [_row(head), _row(["---"] * len(head))]
    for arm, other in pairs:
        one, two = (table_of(rows, a.name, "speech") for a in (arm, other))
        each = ", ".join(f"{_ratio(one[seed]) - _ratio(two[seed]):+.3f}" for seed in sorted(one))
        written = _difference(rows, arm, other, "text")[:2]
        lines.append(_row([arm.title, other.title, *_difference(rows, arm, other, "speech"), each, *written]))
    held = {arm for pair in pairs for arm in pair}
    if held >= {TWO_PLAIN, ONE_PLAIN, TWO_STAGE, ONE_STAGE}:
        plain, main = (TWO_PLAIN.name, ONE_PLAIN.name), (TWO_STAGE.name, ONE_STAGE.name)
        found = change(rows, plain, main, "speech")
        span, facts = _span(found.low, found.high, "+"), _span(found.fact_low, found.fact_high, "+")
        lines += [
            "",
            f"Two stages less one stage is {found.value:+.3f} more without CTC than with it "
            f"(95 % interval {span}; over facts alone {facts}).",
        ]
    return "\n".join(lines)


def _difference(rows: Sequence[dict[str, Any]], arm: Arm, other: Arm, by: str) -> list[str]:
    """Return the cells of a difference: its value, its interval, its interval over facts alone."""
    found = difference(rows, arm.name, other.name, by)
    spans = [_span(found.low, found.high, "+"), _span(found.fact_low, found.fact_high, "+")]
    return [f"{found.value:+.3f}", *spans]


def _equal(about: dict[str, Any], arms: Sequence[Arm], *, seconds: bool) -> str:
    head = ["arm", "steps", "learning rate", "spoken rounds seen", "written rounds seen"]
    head += ["seconds of training"] if seconds else []
    lines = [_row(head), _row(["---"] * len(head))]
    for arm in arms:
        own = [run for run in about["runs"] if run["arm"] == arm.name]
        rate = f"{own[0]['rate']:g}"
        if own[0]["text_rate"]:
            rate = f"{own[0]['text_rate']:g}, then {rate}"
        cells = [arm.title, str(own[0]["steps"]), rate]
        cells += [f"{mean(run['rounds'][by] for run in own):,.0f}" for by in ("speech", "text")]
        cells += [f"{mean(run['seconds']['training'] for run in own):.0f}"] if seconds else []
        lines.append(_row(cells))
    return "\n".join(lines)


def _tuning(about: dict[str, Any], arms: Sequence[Arm]) -> str:
    rates = about["sizes"]["rates"]
    head = ["arm", "chosen by", *(f"{rate:g}" for rate in rates)]
    lines = [_row(head), _row(["---"] * len(head))]
    for arm in arms:
        by = "text" if arm is TEXT_ONLY else "speech"
        own = {run["rate"]: run for run in about["tuning"] if run["arm"] == arm.name}
        chosen = next(run["rate"] for run in about["runs"] if run["arm"] == arm.name)
        cells = []
        for rate in rates:
            run = own[rate]
            cell = f"{run['right'][by]}/{run['asked'][by]} (loss {run['loss'][by]:.2f})"
            cells.append(f"**{cell}**" if rate == chosen else cell)
        lines.append(_row([arm.title, by, *cells]))
    return "\n".join(lines)


def fill(page: Path, results: Path) -> None:
    """Put the tables between their marks in a Markdown page: `<!-- name -->` … `<!-- end -->`."""
    put_text(page, filled(page.read_text(encoding="utf-8"), tables(results)))


def filled(text: str, named: dict[str, str]) -> str:
    """Return a page with these tables between their marks. Raises ValueError for a mark that is not there."""
    for name, table in named.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"the page has no marks for the table {name}")
        text = pattern.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)  # type: ignore[misc]
    return text


def draw(results: Path, target: Path) -> None:
    """Draw the arms beside one another as SVG: shares by speech and by text, intervals, single seeds."""
    import matplotlib
    from matplotlib.figure import Figure

    rows = from_csv((results / "predictions.csv").read_text(encoding="utf-8"))
    matplotlib.rcParams["svg.hashsalt"] = "claim"  # the same results, the same file
    main, further = _arms(rows, ARMS), _arms(rows, FURTHER)
    gap = 0.6 if further else 0.0
    places = [*range(len(main)), *(len(main) + gap + n for n in range(len(further)))]
    figure = Figure(figsize=(10, 0.8 + 0.6 * len(places)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, by, title in ((left, "speech", "by unheard voices"), (right, "text", "in writing")):
        for place, arm in zip(places, main + further, strict=True):
            found: Share = share(rows, arm.name, by)
            axes.barh(place, found.value, color="#9ecae1" if arm.two_stages else "#d9d9d9", height=0.6)
            axes.plot([found.low, found.high], [place, place], color="black", lw=1.2)
            dots = [_ratio(facts) for facts in table_of(rows, arm.name, by).values()]
            axes.plot(dots, [place] * len(dots), ".", color="#08519c", ms=7)
        if further:
            axes.axhline(len(main) - 0.5 + gap / 2, color="black", lw=0.6, ls=":")
        axes.set(title=f"asked {title}", xlabel="exact answers on never-spoken facts", xlim=(0, None))
    left.set_yticks(places, [arm.title for arm in main + further])
    left.invert_yaxis()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, format="svg", metadata={"Date": None})


def _ratio(facts: dict[str, tuple[int, int]]) -> float:
    return sum(right for right, _ in facts.values()) / sum(asked for _, asked in facts.values())


def _span(low: float | None, high: float | None, sign: str = "") -> str:
    return "" if low is None or high is None else f"{low:{sign}.3f} to {high:{sign}.3f}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"

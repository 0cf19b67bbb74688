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
from tests.bench.claim.analysis import Share, difference, from_csv, share, table_of, to_csv
from tests.bench.claim.runs import answers_of
from tests.bench.claim.settings import ARMS, TEXT_ONLY, TWO_STAGE, Arm, Sizes


def collect(out: Path, sizes: Sizes, target: Path) -> None:
    """Write raw results: predictions.csv, and runs.json about every training run.

    Of an experiment that is still under way, those of the arms that have been through all seeds. Raises UserError
    when there is none.
    """
    rows: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    done = [
        arm
        for arm in ARMS
        if all((out / f"seed-{seed}" / arm.name / "answers.json").is_file() for seed in sizes.seeds)
    ]
    for seed in sizes.seeds:
        for arm in done:
            found = answers_of(out / f"seed-{seed}" / arm.name)
            rows += [{"seed": seed, "arm": arm.name, **p} for p in found["predictions"]]
            runs.append(_about(found))
    if not rows:
        raise UserError(f"{out} holds no arm that has been through all seeds; start the experiment again")
    tuning = [
        _about(answers_of(out / "tuning" / arm.name / f"{rate:g}")) for arm in done for rate in sizes.rates
    ]
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

    They have a line for every arm that the results hold.
    """
    rows = from_csv((results / "predictions.csv").read_text(encoding="utf-8"))
    about = json.loads((results / "runs.json").read_text(encoding="utf-8"))
    return {
        "results": _results(rows, about),
        "differences": _differences(rows),
        "equal": _equal(about),
        "tuning": _tuning(about),
    }


def _arms(rows: Sequence[dict[str, Any]]) -> list[Arm]:
    """Return the arms of answers or runs, in the order in which they are always told."""
    held = {row["arm"] for row in rows}
    return [arm for arm in ARMS if arm.name in held]


def _results(rows: Sequence[dict[str, Any]], about: dict[str, Any]) -> str:
    seeds = sorted({row["seed"] for row in rows})
    head = ["arm", "right by speech", "95 % interval", "over facts alone", *(f"seed {s}" for s in seeds)]
    head += ["right by text"]
    lines = [_row(head), _row(["---"] * len(head))]
    for arm in _arms(rows):
        found = share(rows, arm.name, "speech")
        each = table_of(rows, arm.name, "speech")
        of_seed = [f"{_ratio(each[s]):.3f}" for s in seeds]
        written = share(rows, arm.name, "text")
        cells = [arm.title, f"**{found.value:.3f}**", _span(found.low, found.high)]
        cells += [_span(found.fact_low, found.fact_high), *of_seed, f"{written.value:.3f}"]
        lines.append(_row(cells))
    some = table_of(rows, _arms(rows)[0].name, "speech")
    asked = sum(count for facts in some.values() for _, count in facts.values())
    facts = sum(map(len, some.values()))
    note = f"{asked} spoken questions on {facts} facts an arm, over {len(seeds)} seeds."
    return "\n".join([*lines, "", note])


def _differences(rows: Sequence[dict[str, Any]]) -> str:
    head = ["two stages against", "difference by speech", "95 % interval", "over facts alone"]
    lines = [_row(head), _row(["---"] * len(head))]
    for arm in _arms(rows):
        if arm is not TWO_STAGE:
            found = difference(rows, TWO_STAGE.name, arm.name, "speech")
            spans = [_span(found.low, found.high, "+"), _span(found.fact_low, found.fact_high, "+")]
            lines.append(_row([arm.title, f"{found.value:+.3f}", *spans]))
    return "\n".join(lines)


def _equal(about: dict[str, Any]) -> str:
    head = [
        "arm",
        "steps",
        "learning rate",
        "spoken rounds seen",
        "written rounds seen",
        "seconds of training",
    ]
    lines = [_row(head), _row(["---"] * len(head))]
    for arm in _arms(about["runs"]):
        own = [run for run in about["runs"] if run["arm"] == arm.name]
        rate = f"{own[0]['rate']:g}"
        if own[0]["text_rate"]:
            rate = f"{own[0]['text_rate']:g}, then {rate}"
        rounds = [f"{mean(run['rounds'][by] for run in own):,.0f}" for by in ("speech", "text")]
        seconds = f"{mean(run['seconds']['training'] for run in own):.0f}"
        lines.append(_row([arm.title, str(own[0]["steps"]), rate, *rounds, seconds]))
    return "\n".join(lines)


def _tuning(about: dict[str, Any]) -> str:
    rates = about["sizes"]["rates"]
    head = ["arm", "chosen by", *(f"{rate:g}" for rate in rates)]
    lines = [_row(head), _row(["---"] * len(head))]
    for arm in _arms(about["runs"]):
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
    arms = _arms(rows)
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, by, title in ((left, "speech", "by unheard voices"), (right, "text", "in writing")):
        for place, arm in enumerate(arms):
            found: Share = share(rows, arm.name, by)
            axes.barh(place, found.value, color="#9ecae1" if arm is TWO_STAGE else "#d9d9d9", height=0.6)
            axes.plot([found.low, found.high], [place, place], color="black", lw=1.2)
            dots = [_ratio(facts) for facts in table_of(rows, arm.name, by).values()]
            axes.plot(dots, [place] * len(dots), ".", color="#08519c", ms=7)
        axes.set(title=f"asked {title}", xlabel="exact answers on never-spoken facts", xlim=(0, None))
    left.set_yticks(range(len(arms)), [arm.title for arm in arms])
    left.invert_yaxis()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, format="svg", metadata={"Date": None})


def _ratio(facts: dict[str, tuple[int, int]]) -> float:
    return sum(right for right, _ in facts.values()) / sum(asked for _, asked in facts.values())


def _span(low: float | None, high: float | None, sign: str = "") -> str:
    return "" if low is None or high is None else f"{low:{sign}.3f} to {high:{sign}.3f}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"

"""A pilot: some records through the costly stages, and from them what the whole run will take.

The pilot works in the run's own folder. What it asked of a model is in the run's journal, so the real run
does not ask for it again.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsynth.config import STAGES
from medsynth.llm.journal import Journal
from medsynth.llm.settings import Price
from medsynth.records import Dialogue, Kept, Outcome, RawQA, Record, keep
from medsynth.run.executor import Plan, execute
from medsynth.run.files import remove_leftovers
from medsynth.run.progress import Display
from medsynth.run.shards import (
    Shard,
    ShardRow,
    digest,
    kept_records,
    read_shard,
    record_id,
    summarize,
    write_shard,
)
from medsynth.run.streaming import stream
from medsynth.run.tasks import StageSpec, StaleRows, Task, run_process
from medsynth.run.workspace import Workspace
from medsynth.stages.llm_stage import LLMStage
from medsynth.text.sentences import length

PILOT = "pilot"
_BOOTSTRAP = 2000
_LEVEL = 0.95
# A forecast's yardstick only: seconds of speech per word (en) or character (zh), pauses included, and bytes
# of FLAC per second, as measured on the 744 clips of the demonstration.
_SECONDS_PER = {"en": 0.39, "zh": 0.20}
_FLAC_BYTES_PER_SECOND = 17_800


@dataclass(frozen=True)
class Estimate:
    """A forecast total with its interval (95 %, bootstrap over the pilot's records)."""

    name: str
    unit: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Forecast:
    """What a pilot of `size` records says of all `records`; `outcomes` counts how the pilot's ended."""

    records: int
    size: int
    wall_s: float
    outcomes: dict[str, int]
    estimates: tuple[Estimate, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Cost:
    """What one record of the pilot took and gave."""

    stratum: str
    calls: int = 0
    prompt: int = 0
    completion: int = 0
    latency_s: float = 0.0
    kept: int = 0
    text_bytes: int = 0
    speech_s: float = 0.0


def run_pilot(workspace: Workspace, size: int, display: Display) -> Forecast:
    """Run everything before the costly stages on all records, those on `size` records, and forecast."""
    wanted = [name for name in STAGES if workspace.config.includes(name)]
    costly = [n for n in ("filter", "rewrite", "profile") if n in wanted]
    before = wanted[: wanted.index(costly[0])]
    with display:
        shards = execute(workspace, Plan.of(workspace, before[-1]), display)
        chosen, strata = choose(shards, size, workspace.config.seed)
        started = time.monotonic()
        costs, outcomes = _carry_out(workspace, costly, chosen, display)
        wall = time.monotonic() - started
    notes = []
    usage = _journal_costs(workspace, costs)
    counted = [costs[record_id(r)] for r in chosen]
    concurrency = workspace.config.llm.concurrency
    if usage["untold"]:
        notes.append("the server tells no token counts: tokens and money are unknown")
    if usage["calls"] and len(chosen) < concurrency:
        notes.append(
            f"{len(chosen)} records kept fewer than the {concurrency} permitted requests in flight; at full load a "
            "reply takes longer, so take the hours as a lower bound or use a larger --pilot"
        )
    price = workspace.config.llm.prices.get(workspace.config.llm.model)
    per_record = _columns(counted, min(concurrency, max(1, len(chosen))), price)
    if usage["calls"] and price is None:
        notes.append(f"the price of {workspace.config.llm.model} is unknown; add it to llm.prices for a cost")
    estimates = _estimate(per_record, [c.stratum for c in counted], strata, workspace.config.seed)
    return Forecast(sum(strata.values()), len(chosen), wall, outcomes, tuple(estimates), tuple(notes))


def choose(shards: Sequence[Shard], size: int, seed: int) -> tuple[list[Record], dict[str, int]]:
    """Return about `size` records, spread over the sources by their share (at least one of each), and how
    many records each source has. The choice is by a hash of seed and id."""
    totals: dict[str, int] = defaultdict(int)
    best: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for place, shard in enumerate(shards):
        for position, record in enumerate(kept_records(shard.path)):
            source = _source(record)
            totals[source] += 1
            mark = hashlib.blake2b(f"{seed}|pilot|{record_id(record)}".encode("utf-8", "surrogatepass"))
            row = best[source]
            row.append((mark.hexdigest(), place, position))
            if len(row) > 2 * size:
                row.sort()
                del row[size:]
    whole = sum(totals.values())
    wanted: dict[int, set[int]] = defaultdict(set)
    for source, rows in best.items():
        rows.sort()
        share = max(1, round(size * totals[source] / whole))
        for _, place, position in rows[:share]:
            wanted[place].add(position)
    records = [
        record
        for place in sorted(wanted)
        for position, record in enumerate(kept_records(shards[place].path))
        if position in wanted[place]
    ]
    return records, dict(totals)


def _source(record: Record) -> str:
    assert isinstance(record, RawQA | Dialogue)
    return record.source


def _carry_out(
    workspace: Workspace, stages: Sequence[str], chosen: Sequence[Record], display: Display
) -> tuple[dict[str, _Cost], dict[str, int]]:
    folder = workspace.path / PILOT
    folder.mkdir(exist_ok=True)
    remove_leftovers(folder)
    for path in folder.glob("*.parquet"):
        path.unlink()
    costs = {record_id(r): _Cost(_source(r)) for r in chosen}
    ends: dict[str, int] = defaultdict(int)
    source = folder / "00000-chosen.parquet"
    write_shard(source, [ShardRow("", record_id(r), keep(r)) for r in chosen])
    shard = summarize(0, digest("pilot"), source)
    for name in stages:
        spec = StageSpec(
            STAGES[name], workspace.config.stage_settings(name).model_dump_json(), workspace.context
        )
        target = folder / f"00000-{name}.parquet"
        display.stage(f"pilot: {name}", shard.kept)
        task = Task(spec, "process", 0, digest("pilot", name), shard.path, target)
        stage = spec.open()
        try:
            if isinstance(stage, LLMStage):
                shard = next(done.shard for done in stream([task], display.advance))
            else:
                shard, _ = run_process(task, stage, StaleRows(None), lambda position: None)
        finally:
            stage.close()
        display.finish(f"{shard.kept} of {shard.inputs} kept")
        for row in read_shard(target):
            if not isinstance(row.outcome, Kept):
                ends[f"{name}: {_end(row.outcome)}"] += 1
    for record in kept_records(shard.path):
        cost = costs[record_id(record)]
        cost.kept = 1
        cost.text_bytes = len(record.model_dump_json().encode("utf-8", "replace"))
        if isinstance(record, Dialogue):
            lang = record.lang.split("-")[0]
            said = sum(length(t.text, lang) for t in record.turns if t.role in workspace.config.voice.roles)
            cost.speech_s = said * _SECONDS_PER.get(lang, _SECONDS_PER["en"])
    ends["kept"] = shard.kept
    return costs, dict(sorted(ends.items()))


def _end(outcome: Outcome) -> str:
    return str(getattr(outcome, "reason", "") or getattr(outcome, "error", "merged"))


def _journal_costs(workspace: Workspace, costs: dict[str, _Cost]) -> dict[str, int]:
    found = {"calls": 0, "untold": 0}
    if not workspace.journal.exists():
        return found
    journal = Journal(workspace.journal)
    try:
        for record, calls, prompt, completion, untold, latency in journal.by_record():
            if record in costs:
                cost = costs[record]
                cost.calls, cost.prompt, cost.completion, cost.latency_s = calls, prompt, completion, latency
                found["calls"] += calls
                found["untold"] += untold
    finally:
        journal.close()
    return found


def _columns(costs: Sequence[_Cost], in_flight: int, price: Price | None) -> dict[str, tuple[str, NDArray]]:
    """Return, by name, a unit and the value per record."""

    def column(values: list[float]) -> NDArray:
        return np.array(values, dtype=float)

    columns = {
        "dialogues": ("", column([c.kept for c in costs])),
        "rejected": ("", column([1 - c.kept for c in costs])),
        "calls": ("", column([c.calls for c in costs])),
        "tokens in": ("", column([c.prompt for c in costs])),
        "tokens out": ("", column([c.completion for c in costs])),
        "engine time": ("h", column([c.latency_s / in_flight / 3600 for c in costs])),
        "text on disk": ("MB", column([3 * c.text_bytes / 1e6 for c in costs])),
        "speech if all is voiced": ("h", column([c.speech_s / 3600 for c in costs])),
        "audio on disk if all is voiced": (
            "MB",
            column([c.speech_s * _FLAC_BYTES_PER_SECOND / 1e6 for c in costs]),
        ),
    }
    if price is not None:
        money = [(c.prompt * price.input + c.completion * price.output) / 1e6 for c in costs]
        columns["cost"] = (price.currency, column(money))
    return columns


def _estimate(
    columns: dict[str, tuple[str, NDArray]], strata: Sequence[str], totals: dict[str, int], seed: int
) -> list[Estimate]:
    """Scale each column's mean per source to all of its records; intervals by a bootstrap within sources.

    A share of 0 or all of the pilot has no bootstrap spread; Wilson's bound stands in for dialogues and rejects.
    """
    random = np.random.default_rng(seed)
    names = sorted(set(strata))
    rows = {name: np.flatnonzero(np.array(strata) == name) for name in names}
    draws = {name: random.choice(rows[name], size=(_BOOTSTRAP, len(rows[name]))) for name in names}
    whole = sum(totals[name] for name in names)
    found = []
    for title, (unit, values) in columns.items():
        value = sum(totals[name] * values[rows[name]].mean() for name in names)
        spread = sum(totals[name] * values[draws[name]].mean(axis=1) for name in names)
        low, high = np.quantile(spread, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
        if title in ("dialogues", "rejected"):
            bounds = wilson(value / whole, len(strata))
            low, high = min(low, bounds[0] * whole), max(high, bounds[1] * whole)
        found.append(Estimate(title, unit, float(value), float(low), float(high)))
    return found


def wilson(share: float, size: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's score interval for a share seen in `size` draws (E. B. Wilson, 1927)."""
    middle = (share + z * z / (2 * size)) / (1 + z * z / size)
    half = z * math.sqrt(share * (1 - share) / size + z * z / (4 * size * size)) / (1 + z * z / size)
    return max(0.0, middle - half), min(1.0, middle + half)


def forecast_lines(forecast: Forecast) -> list[str]:
    """Return a forecast as lines to print."""
    lines = [
        f"pilot    {forecast.size} of {forecast.records} records, {forecast.wall_s:.1f} s: "
        + ", ".join(f"{count} {end}" for end, count in forecast.outcomes.items()),
        f"         {'forecast for the whole run':<32}{'':>14}{'95 % interval':>28}",
    ]
    for e in forecast.estimates:
        span = f"{_number(e.low)} – {_number(e.high)}"
        lines.append(f"         {e.name:<32}{_number(e.value):>14}{span:>28} {e.unit}".rstrip())
        if e.name == "rejected" and forecast.records:
            rates = [f"{100 * value / forecast.records:.1f}" for value in (e.value, e.low, e.high)]
            lines.append(f"         {'reject rate':<32}{rates[0]:>14}{f'{rates[1]} – {rates[2]}':>28} %")
    return lines + [f"note     {note}" for note in forecast.notes]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

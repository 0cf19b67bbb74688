"""Small stages with which the runner is tested: they reject, merge, split, raise and die on command.

What a record meets is written in its question as `flaky=word` (see `fate`), so that tests decide it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from medsynth.records import Merged, Outcome, RawQA, RawTurn, Reason, Rejected, keep
from medsynth.stages.base import GlobalStage, Stage, StageSettings


def fate(record: RawQA, stage: str) -> str:
    match = re.search(rf"\b{stage}=(\w+)", record.turns[0].text)
    return match[1] if match else "keep"


class ToySettings(StageSettings):
    log: str = ""
    side: str = ""
    twist: str = ""
    slow_s: float = 0.0


class ToyStage(Stage[RawQA]):
    name = "toy"
    version = 1
    Settings = ToySettings

    def fingerprint(self) -> str:
        return f"{self.name}-{self.settings.twist}"

    def side_inputs(self) -> str:
        return Path(self.settings.side).read_text() if self.settings.side else ""

    def key(self, record: RawQA) -> str:
        # Depends on the side file only for records that mention a word of it.
        return ",".join(w for w in self.side_inputs().split() if w in record.turns[0].text)

    def process(self, batch: Sequence[RawQA]) -> list[Outcome]:
        return [self._one(record) for record in batch]

    def _one(self, record: RawQA) -> Outcome:
        if self.settings.log:
            with Path(self.settings.log).open("a") as log:
                log.write(f"{self.name} {record.id}\n")
        time.sleep(self.settings.slow_s)
        match fate(record, self.name):
            case "reject":
                return Rejected(Reason.TOO_SHORT, "asked to")
            case "raise":
                raise ValueError(f"no, not this one at {hex(id(record))} in /some/where.py")
            case "die":
                os._exit(9)
            case "merge":
                return Merged(record.meta.get("into", record.id))
            case "split":
                parts = [record.model_copy(update={"id": f"{record.id}-{self.name}{i}"}) for i in (1, 2)]
                return keep(*parts)
            case "add":
                return keep(record, record.model_copy(update={"id": f"{record.id}-{self.name}"}))
        turn = RawTurn(role="doctor", text=f"{self.name}{self.settings.twist} saw it")
        return keep(record.model_copy(update={"turns": (*record.turns, turn)}))


class SecondToy(ToyStage):
    name = "second"


class CountingStage(GlobalStage[RawQA]):
    """Tells every record how many there are, and rejects those that are asked to be."""

    name = "count"
    version = 1
    Settings = ToySettings

    def sketch(self, batch: Sequence[RawQA]) -> pl.DataFrame:
        for record in batch:
            if fate(record, "sketch") == "raise":
                raise ValueError("cannot be sketched")
            if fate(record, "sketch") == "die":
                os._exit(9)
        return pl.DataFrame({"id": [r.id for r in batch], "size": [len(r.turns) for r in batch]})

    def resolve(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        frame = sketches.collect()
        return frame.select("id", decision=pl.lit(f"of {frame.height}"))

    def decide(self, batch: Sequence[RawQA], decisions: Sequence[str]) -> list[Outcome]:
        return [
            Rejected(Reason.HELD_OUT, d)
            if fate(r, "count") == "reject"
            else keep(r.model_copy(update={"meta": {**r.meta, "count": d}}))
            for r, d in zip(batch, decisions, strict=True)
        ]

"""The stage contract: a function over a batch of records, one outcome per input, in order.

A stage knows nothing of files, shards, processes, resume or progress; `medsynth.run` does all of that.
A stage is opened in a worker process, used for many batches there, and closed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

import polars as pl
from pydantic import BaseModel, ConfigDict

from medsynth.llm.settings import BudgetSettings, LLMSettings
from medsynth.records import Outcome, Record

R = TypeVar("R", bound=Record)


class StageSettings(BaseModel):
    """Base of every stage's settings: closed, so that a misspelt key in a pipeline file is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Context:
    """What a stage may know of the run: the seed, the folder that relative paths start from, and for stages
    that ask a chat model, which one, within which budget, and the journal of its replies (None keeps none).
    """

    seed: int = 0
    base: Path = field(default_factory=Path)
    llm: LLMSettings = field(default_factory=LLMSettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    journal: Path | None = None

    def resolve(self, path: str) -> Path:
        """Return `path`, its `$VARIABLES` filled in; relative ones start from the pipeline file's folder."""
        expanded = Path(os.path.expandvars(path)).expanduser()
        return expanded if expanded.is_absolute() else self.base / expanded


class Stage(Generic[R]):
    """A stage of kind `map`: the outcome of a record depends on that record and the settings alone.

    Subclasses set `name`, `version` (raised when results change), `Settings`, and `process`.
    `settings` is an instance of `Settings`.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    kind: ClassVar[Literal["map", "global"]] = "map"
    resource: ClassVar[Literal["cpu", "io", "gpu"]] = "cpu"
    Settings: ClassVar[type[StageSettings]] = StageSettings

    def __init__(self, settings: Any, context: Context) -> None:
        self.settings = settings
        self.context = context

    @classmethod
    def implementation(cls, settings: Any) -> type[Stage]:
        """Return the class that carries the stage out with these settings (its engine, say)."""
        return cls

    def fingerprint(self) -> str:
        """Return what, besides the record and `key(record)`, results depend on. Cached results carry it."""
        text = f"{self.name}|{self.version}|{self.context.seed}|{self.settings.model_dump_json()}"
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def side_inputs(self) -> str:
        """Return a hash of files read besides the records (a speaker bank, say); "" when there are none.

        A change makes the runner look at every shard again; records whose `key` is unchanged are not
        processed again. What is not in `key` must be in `fingerprint`.
        """
        return ""

    def key(self, record: R) -> str:
        """Return what the outcome depends on beyond the record and the fingerprint (cheap; "" if nothing)."""
        return ""

    def process(self, batch: Sequence[R]) -> list[Outcome]:
        """Return one outcome per record, in order. An exception fails the record, never the run."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what the stage holds (processes, files)."""


class EngineStage(Stage[R]):
    """A stage whose outcomes wait for an engine: one coroutine a record, many of them under way at a time.

    The runner carries it out in one process that holds the engine, and keeps the engine full across shards.
    `helpers`: processes that the runner lends, for what the stage works out on what the engine sends.
    """

    helpers: Executor | None = None

    @property
    def concurrency(self) -> int:
        """How many records may be under way at a time. Asked in the process that holds the engine."""
        raise NotImplementedError

    def asks(self, decision: str) -> bool:
        """Tell whether a record with this decision goes to the engine; of the others it learns nothing."""
        return True

    async def judged(self, record: R, decision: str = "") -> Outcome:
        """Return the outcome of one record, given its decision where the stage is global as well.

        UserError (no engine, budget reached) ends the run; any other exception fails the record.
        """
        raise NotImplementedError

    async def aclose(self) -> None:
        """Release the engine. The stage may be used again afterwards."""


class GlobalStage(Stage[R]):
    """A stage that must see something of all records first.

    The runner calls `sketch` on every batch (in workers), `resolve` once on all sketches (in the
    coordinator), then `decide` on every batch with the decisions of its records.
    """

    kind: ClassVar[Literal["map", "global"]] = "global"

    def sketch(self, batch: Sequence[R]) -> pl.DataFrame:
        """Return one row per record, in order, with column `id` and whatever `resolve` needs."""
        raise NotImplementedError

    def resolve(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return columns `id` and `decision` (a string); records may be left out (decision "").

        `sketches` has the records in pipeline order. The result must not depend on shard boundaries.
        """
        raise NotImplementedError

    def decide(self, batch: Sequence[R], decisions: Sequence[str]) -> list[Outcome]:
        """Return one outcome per record, in order, given each record's decision."""
        raise NotImplementedError

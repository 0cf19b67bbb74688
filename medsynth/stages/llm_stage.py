"""Base of the stages that ask a chat model: one coroutine a record, many of them waiting at a time.

The runner keeps the engine full across shards by running `outcome` for many records at once; `process`
does the same for one batch.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from typing import Any, ClassVar, Literal, TypeVar

from medsynth.errors import UserError
from medsynth.llm.base import ChatEngine
from medsynth.llm.budget import Budget
from medsynth.llm.journal import Journal
from medsynth.llm.session import TROUBLES, NoAnswer, Session
from medsynth.llm.settings import LLMOverride, LLMSettings
from medsynth.records import Failed, Outcome, Reason, Rejected
from medsynth.stages.base import Context, EngineStage, R

T = TypeVar("T")


class LLMStage(EngineStage[R]):
    """A stage whose outcomes wait for a chat model. Subclasses set what `Stage` asks for, and `outcome`.

    Their settings have a field `llm: LLMOverride`. `engine` replaces the one that the context names.
    """

    resource: ClassVar[Literal["cpu", "io", "gpu"]] = "io"

    def __init__(self, settings: Any, context: Context, engine: ChatEngine | None = None) -> None:
        super().__init__(settings, context)
        override: LLMOverride = settings.llm
        self.llm: LLMSettings = override.over(context.llm)
        if not self.llm.model and engine is None and self.llm.engine == "vllm":
            raise UserError(f"{self.name}: no model is named; give --model or llm.model")
        self._engine = engine
        self._journal: Journal | None = None
        self._sessions: dict[str, Session] = {}

    def fingerprint(self) -> str:
        """Cover model and sampling; subclasses add the prompts that all records share."""
        text = f"{super().fingerprint()}|{self.llm.identity_json()}"
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    @property
    def concurrency(self) -> int:
        """How many records may wait for the engine at a time."""
        return self.llm.concurrency

    async def outcome(self, record: R) -> Outcome:
        """Return the outcome of one record. NoAnswer may pass through; the caller judges it (`judge`)."""
        raise NotImplementedError

    @property
    def session(self) -> Session:
        """The talk with the stage's engine, opened when it is first needed."""
        return self.session_with(LLMOverride())

    def session_with(self, override: LLMOverride) -> Session:
        """Return a talk with another model than the stage's own (a second opinion). Kept open."""
        from medsynth.llm.engines import open_engine

        name = override.model_dump_json()
        if name not in self._sessions:
            llm = override.over(self.llm)
            own = self._engine is not None and override == LLMOverride()
            engine = self._engine if own and self._engine else open_engine(llm)
            if self._journal is None and self.context.journal is not None:
                self._journal = Journal(self.context.journal)
                self._journal.begin(self.name)
            budget = Budget(self.context.budget, llm, self._journal) if self._journal else None
            self._sessions[name] = Session(self.name, engine, llm, self._journal, budget, self.context.seed)
        return self._sessions[name]

    async def compute(self, function: Callable[..., T], *arguments: Any) -> T:
        """Return `function(*arguments)`, worked out beside the event loop where the runner lent helpers.

        Function and arguments must pickle. A helper that dies costs nothing but time: the call is made here.
        """
        if self.helpers is None:
            return function(*arguments)
        try:
            return await asyncio.get_running_loop().run_in_executor(self.helpers, function, *arguments)
        except BrokenExecutor:
            self.helpers = None
            return function(*arguments)

    async def judged(self, record: R, decision: str = "") -> Outcome:
        """Return `outcome(record)`, or the fitting end of a record that got no answer.

        Faults of the server fail the record, so that `--retry-failed` finds it; a model that cannot answer
        rejects it. UserError (no server, budget reached) passes through; any other exception fails the record.
        """
        try:
            return await self.outcome(record)
        except NoAnswer as error:
            return no_answer(error)

    def process(self, batch: Sequence[R]) -> list[Outcome]:
        """Return one outcome per record, asking for all of them at once."""

        async def whole() -> list[Outcome]:
            try:
                return list(await asyncio.gather(*(self.judged(record) for record in batch)))
            finally:
                await self.aclose()

        return asyncio.run(whole())

    async def aclose(self) -> None:
        """Close engines and journal. The stage may be used again afterwards; they are opened anew."""
        for session in self._sessions.values():
            if session.engine is not self._engine:
                await session.engine.close()
        self._sessions.clear()
        if self._journal is not None:
            self._journal.close()
            self._journal = None


def no_answer(error: NoAnswer) -> Failed | Rejected:
    """Return how a record ends for which no valid answer came."""
    if error.transient:
        return Failed(f"engine_{error.trouble}", TROUBLES[error.trouble])
    if error.trouble == "too_long":
        return Rejected(Reason.TOO_LONG, TROUBLES[error.trouble])
    return Rejected(Reason.NO_VALID_REPLY, error.trouble + (f": {error.detail}" if error.detail else ""))

"""Asks an engine on behalf of a stage: journal first, budget next, then the engine; strict answers only.

A reply that was cut by the token limit is asked for again with more room, never parsed. A reply that is no
valid answer is asked for again, with another seed and a note of what was wrong, `tries` times.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from medsynth.llm.base import FAULTS, ChatEngine, ChatRequest, EngineError, Fault, Message, Reply, Sampling
from medsynth.llm.budget import Budget
from medsynth.llm.journal import Journal
from medsynth.llm.settings import LLMSettings

M = TypeVar("M", bound=BaseModel)
Trouble: TypeAlias = Literal["cut", "empty", "not_json", "wrong_schema", "filtered"] | Fault

TROUBLES: dict[str, str] = {
    "cut": "the reply was cut off at the token limit, also with four times the room",
    "empty": "the reply was empty",
    "not_json": "the reply was not JSON",
    "wrong_schema": "the reply was JSON of another shape than asked for",
    "filtered": "the server withheld the reply (content filter)",
    **{str(fault): text for fault, text in FAULTS.items()},
}

_MORE_ROOM = 2  # how often the room for a reply is doubled
_AGAIN = "Your reply could not be used: {problem}. Answer again with nothing but one JSON object of the given shape."


class NoAnswer(Exception):
    """No valid answer came, after every try. `trouble` is the last one met; `detail` holds no reply text."""

    def __init__(self, trouble: Trouble, detail: str = "", attempts: int = 0) -> None:
        super().__init__(f"{trouble}: {detail or TROUBLES[trouble]}")
        self.trouble, self.detail, self.attempts = trouble, detail, attempts

    @property
    def transient(self) -> bool:
        """Whether the fault lay with the server, so that another run may get an answer."""
        return self.trouble in FAULTS and self.trouble not in ("too_long", "rejected")


@dataclass(frozen=True)
class Answer(Generic[M]):
    """A valid answer: the parsed value, and how many replies it took (1: the first was good)."""

    value: M
    attempts: int
    model: str


def parse(text: str, shape: type[M]) -> M:
    """Return the one JSON object that `text` is, validated. Raises NoAnswer.

    A Markdown fence around the object is taken off; nothing else is mended.
    """
    body = text.strip()
    if body.startswith("```") and body.endswith("```") and len(body) > 6:
        body = body[3:-3].removeprefix("json").strip()
    if not body:
        raise NoAnswer("empty")
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NoAnswer(
            "not_json", str(error)[:80] if isinstance(error, json.JSONDecodeError) else ""
        ) from None
    try:
        return shape.model_validate(value, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise NoAnswer("wrong_schema", f"{place}: {first['msg']}"[:120]) from None


@lru_cache(maxsize=64)
def _schema(shape: type[BaseModel]) -> dict[str, object]:
    return shape.model_json_schema()


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


class Session:
    """One stage's talk with one engine."""

    def __init__(
        self,
        stage: str,
        engine: ChatEngine,
        settings: LLMSettings,
        journal: Journal | None = None,
        budget: Budget | None = None,
        seed: int = 0,
    ) -> None:
        self.stage, self.engine, self.settings = stage, engine, settings
        self._journal, self._budget, self._seed = journal, budget, seed

    async def ask(
        self, messages: Sequence[Message], shape: type[M], record: str, *, opinion: int = 0
    ) -> Answer[M]:
        """Return a valid answer of type `shape`. Raises NoAnswer, EngineDown, BudgetReached.

        `record` is the id the answer is for. `opinion` numbers independent answers to the same messages.
        """
        schema = _schema(shape)
        trouble = NoAnswer("empty")
        asked = list(messages)
        for attempt in range(self.settings.tries):
            number = opinion * self.settings.tries + attempt
            try:
                reply = await self._whole(asked, schema, record, number)
                return Answer(parse(reply.text, shape), attempt + 1, reply.model or self.engine.model)
            except EngineError as error:
                raise NoAnswer(error.fault, error.detail, attempt + 1) from None
            except NoAnswer as error:
                trouble = NoAnswer(error.trouble, error.detail, attempt + 1)
                if error.trouble in ("cut", "filtered"):
                    break
                problem = TROUBLES[error.trouble].removeprefix("the reply was ")
                note = _AGAIN.format(
                    problem=f"it was {problem}" + (f" ({error.detail})" if error.detail else "")
                )
                asked = [*messages, Message("user", note)]
        raise trouble

    async def _whole(
        self, messages: Sequence[Message], schema: dict[str, object], record: str, number: int
    ) -> Reply:
        """Return a reply that was not cut off. Raises NoAnswer and EngineError."""
        settings = self.settings
        request = ChatRequest(
            messages=tuple(messages),
            sampling=Sampling(
                settings.temperature, settings.top_p, settings.max_tokens, self._seed_of(record, number)
            ),
            schema=schema,
            attempt=number,
            stage=self.stage,
            record=record,
        )
        for _ in range(_MORE_ROOM + 1):
            reply = await self._reply(request)
            if reply.finish == "content_filter":
                raise NoAnswer("filtered")
            if reply.finish != "length":
                return reply
            request = replace(
                request, sampling=replace(request.sampling, max_tokens=2 * request.sampling.max_tokens)
            )
        raise NoAnswer("cut")

    async def _reply(self, request: ChatRequest) -> Reply:
        key = request.key(self.engine.model)
        known = self._journal.get(key) if self._journal else None
        if known is not None:
            return known
        claim = self._budget.reserve(request) if self._budget else (0.0, 0.0)
        reply: Reply | None = None
        try:
            reply = await self.engine.chat(request)
            if self._journal:
                self._journal.put(key, request, self.engine.model, reply)
        except EngineError as error:
            if self._journal:
                self._journal.fault(request, self.engine.model, error)
            raise
        finally:
            if self._budget:
                self._budget.settle(claim, request, reply)
            if self._journal:
                self._journal.tick()
        return reply

    def _seed_of(self, record: str, number: int) -> int | None:
        if not self.settings.send_seed:
            return None
        text = f"{self._seed}|{self.stage}|{record}|{number}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big") >> 1

"""What a chat engine is: a request in, a reply out, and what can go wrong in between.

An engine owns its concurrency towards the server and its retries of transient faults. It knows nothing of
journals, budgets, prompts or what a reply should say; `medsynth.llm.session` does that, once, for all engines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from medsynth.errors import UserError

Finish: TypeAlias = Literal["stop", "length", "content_filter", "other"]
Fault: TypeAlias = Literal[
    "timeout", "rate_limit", "server", "connection", "rejected", "too_long", "malformed"
]

FAULTS: dict[Fault, str] = {
    "timeout": "no whole reply came within the time limit",
    "rate_limit": "the server went on refusing for load (429) after every retry",
    "server": "the server answered with an error of its own (5xx) after every retry",
    "connection": "the connection failed or broke after every retry",
    "rejected": "the server refuses this request (4xx); asking again cannot help",
    "too_long": "the prompt and the room for a reply do not fit the model's context",
    "malformed": "the server's answer is not a chat completion",
}


@dataclass(frozen=True)
class Message:
    """One message of a chat: who says it, and the text."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Sampling:
    """How a reply is drawn. `max_tokens` bounds the reply; None values are left to the server."""

    temperature: float = 0.0
    top_p: float | None = None
    max_tokens: int = 1024
    seed: int | None = None


@dataclass(frozen=True)
class ChatRequest:
    """One question to a model.

    `schema` is the JSON schema that the reply must satisfy, None for free text. `attempt` tells requests
    apart that are otherwise the same (a second opinion, a reply asked for again). `stage` and `record` say
    what the request is for; they are for the accounts only and not part of the key.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    schema: Mapping[str, Any] | None = None
    attempt: int = 0
    stage: str = field(default="", compare=False)
    record: str = field(default="", compare=False)

    def key(self, model: str) -> str:
        """Return 32 hex digits over model, messages, schema, sampling and attempt: the journal's key."""
        text = json.dumps(
            {
                "model": model,
                "messages": [(m.role, m.content) for m in self.messages],
                "schema": self.schema,
                "sampling": vars(self.sampling),
                "attempt": self.attempt,
            },
            sort_keys=True,
            ensure_ascii=True,
        )
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Reply:
    """What came back, whole. Token counts are None where the server does not tell. `latency_s` is the last
    try's, `retries` how many tries failed before it."""

    text: str
    finish: Finish
    model: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency_s: float = 0.0
    retries: int = 0


class EngineError(Exception):
    """This request got no reply, after every retry that made sense. Other requests may still succeed."""

    def __init__(self, fault: Fault, detail: str = "", retries: int = 0) -> None:
        super().__init__(f"{fault}: {detail or FAULTS[fault]}")
        self.fault, self.detail, self.retries = fault, detail, retries


class EngineDown(UserError):
    """No request can succeed (no server there, key refused, model unknown): one line that says what to do."""


class ChatEngine(Protocol):
    """Answers requests; many at a time, from one event loop. Opened by `medsynth.llm.engines.open_engine`."""

    name: str
    model: str

    async def chat(self, request: ChatRequest) -> Reply:
        """Return the reply. Raises EngineError for this request, EngineDown when none can succeed."""
        ...

    async def close(self) -> None:
        """Release connections, processes, memory. Closing twice is harmless."""
        ...

"""A small stage that asks a chat model, with which the runner is tested, and what the model says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from medsynth.llm.base import Message
from medsynth.llm.settings import LLMOverride
from medsynth.records import Failed, Outcome, RawQA, RawTurn, Reason, Rejected, keep
from medsynth.stages.base import StageSettings
from medsynth.stages.llm_stage import LLMStage


class Opinion(BaseModel):
    fit: bool
    echo: str


class ToyLLMSettings(StageSettings):
    llm: LLMOverride = LLMOverride()
    twist: str = ""


class ToyLLMStage(LLMStage[RawQA]):
    """Asks twice per record, the second question after the first answer."""

    name = "asking"
    version = 1
    Settings = ToyLLMSettings
    settings: ToyLLMSettings

    async def outcome(self, record: RawQA) -> Outcome:
        question = record.turns[0].text + self.settings.twist
        if "asking=raise" in question:
            raise ValueError("no, not this one")
        first = await self.session.ask([Message("user", f"first {question}")], Opinion, record.id)
        if not first.value.fit:
            return Rejected(Reason.UNSOUND, "the model says no")
        second = await self.session.ask([Message("user", f"second {question}")], Opinion, record.id)
        said = RawTurn(role="doctor", text=f"{first.value.echo}|{second.value.echo}")
        return keep(record.model_copy(update={"turns": (*record.turns, said)}))


class FailingStage(ToyLLMStage):
    """Its engine fails every record."""

    async def outcome(self, record: RawQA) -> Outcome:
        return Failed("engine_server", "the server answered with an error of its own")


def opine(body: Mapping[str, Any]) -> str:
    """What the scripted server says: fit unless the question says "asking=reject"."""
    asked = (m["content"] for m in reversed(body["messages"]))
    text = next((text for text in asked if re.match("first|second", text)), "")
    return json.dumps({"fit": "asking=reject" not in text, "echo": text[:40]})

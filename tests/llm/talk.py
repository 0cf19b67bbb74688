"""What the tests of stages that ask a chat model share: an engine in the process, and rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from medsynth.llm.base import ChatRequest, Reply
from medsynth.records import Kind, RawQA, RawTurn


class Scripted:
    """A chat engine that answers by a function of the request's JSON, as the scripted server does."""

    name = model = "scripted"

    def __init__(self, reply: Callable[[Mapping[str, Any]], str]) -> None:
        self.reply = reply
        self.requests: list[ChatRequest] = []

    async def chat(self, request: ChatRequest) -> Reply:
        self.requests.append(request)
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        return Reply(self.reply({"messages": messages}), "stop", self.model)

    async def close(self) -> None:
        pass


def row(*texts: str, lang: str = "en", kind: Kind = "qa", id: str = "r1", source: str = "test") -> RawQA:
    """Return a screened row with its split; roles alternate, the patient first."""
    roles = itertools.cycle(("patient", "doctor"))
    return RawQA(
        id=id,
        source=source,
        group=id,
        cluster=id,
        lang=lang,
        licence="CC0-1.0",
        kind=kind,
        split="train",
        turns=tuple(RawTurn(role=role, text=text) for role, text in zip(roles, texts, strict=False)),  # type: ignore[arg-type]
    )


KNEE = row(
    "I am a 47-year-old gardener and both my knees have become painful. It started about five months ago. "
    "It is worst when I kneel and in the morning. I have no fever and no swelling. I take naproxen 250 mg twice a day. "
    "I am allergic to penicillin. Should I stop gardening?",
    "What you describe sounds like early osteoarthritis. You need not stop gardening, but kneel on a thick pad and "
    "change position often. Take naproxen 250 mg with food, and do not combine it with ibuprofen. "
    "Cycle or swim three times a week. See your doctor if a knee becomes hot and red.",
)
WRIST = row(
    "我今年33岁，女，右手腕疼得厉害，拧毛巾都拧不动。有两个多月了。抱孩子以后就会加重。没有发麻，也没有红肿。"
    "贴过膏药，没有什么效果。对磺胺过敏。请问需要打封闭针吗？",
    "您这个情况像是桡骨茎突腱鞘炎，和反复抱孩子有关系。先让手腕休息，戴护腕三到四周，尽量用前臂抱孩子。"
    "可以外用双氯芬酸凝胶，一天三次，不要用含磺胺的药。如果手指发麻或者没有力气，请尽快去手外科。",
    lang="zh",
    id="r2",
)

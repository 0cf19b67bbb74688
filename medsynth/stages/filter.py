"""*filter*: is a screened row worth rewriting? Judged by a chat model, one verdict and one reason a criterion.

With engine `rules` (the default) nothing is judged here that *screen* has not judged, and every row goes on.
With engine `llm` rows that rules can tell to be unfit are rejected unasked; the others are put to the model
(`prompts/filter.<lang>.j2`; requests for harm, kind `safety`, by criteria of their own: the answer must refuse).
Verdicts are kept in `meta` as "filter.<criterion>".
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, create_model

from medsynth.llm.base import ChatEngine, Message
from medsynth.llm.prompts import Prompt, load_prompt, turn_lines
from medsynth.llm.settings import LLMOverride
from medsynth.records import Kind, Outcome, RawQA, Reason, Rejected, keep, text_of
from medsynth.stages.base import Context, Stage, StageSettings
from medsynth.stages.llm_stage import LLMStage
from medsynth.text.dependence import dependences
from medsynth.text.personal import redact

Criterion: TypeAlias = Literal["sound", "problem", "answered", "speech", "safe", "consultation", "refuses"]
Word: TypeAlias = Literal["yes", "no", "unsure"]
Effect: TypeAlias = Literal["reject", "note"]

CRITERIA: dict[Criterion, Reason] = {
    "problem": Reason.NO_PROBLEM,
    "consultation": Reason.NOT_CONSULTATION,
    "speech": Reason.NOT_SPEECH,
    "answered": Reason.UNANSWERED,
    "refuses": Reason.UNSAFE,
    "safe": Reason.UNSAFE,
    "sound": Reason.UNSOUND,
}
"""Every criterion with its reason, in the order in which they are asked; the last one that fails is decisive."""

_ASKED: dict[Kind, frozenset[str]] = {
    "consultation": frozenset(CRITERIA) - {"refuses"},
    "qa": frozenset(CRITERIA) - {"refuses"},
    "safety": frozenset({"refuses", "sound", "speech"}),
    "exam": frozenset({"sound", "answered", "speech"}),
}
_LANGUAGES = ("en", "zh")
_LEANS: dict[str, Reason] = {
    "image": Reason.NEEDS_IMAGE,
    "table": Reason.NEEDS_TABLE,
    "link": Reason.NEEDS_LINK,
}
_REASON_LENGTH = 160


def _all_reject() -> dict[Criterion, Effect]:
    return dict.fromkeys(CRITERIA, "reject")


class FilterSettings(StageSettings):
    """Settings of *filter*.

    `criteria` are what rows are judged by: "reject" those that fail, or only "note" the verdict. `unsure` is
    what "unsure" counts as. `second` asks for another opinion: "again" the same model, or another one; rows on
    whose fitness the two differ are rejected or kept by `disagreement`. `prompts_folder` holds templates that
    go before the shipped ones.
    """

    engine: Literal["rules", "llm"] = "rules"
    llm: LLMOverride = LLMOverride(temperature=0.0)
    criteria: dict[Criterion, Effect] = Field(default_factory=_all_reject)
    unsure: Literal["reject", "keep"] = "keep"
    second: LLMOverride | Literal["again"] | None = None
    disagreement: Literal["reject", "keep"] = "reject"
    prompts_folder: str | None = None


class Verdict(BaseModel):
    """One criterion: the reason in a sentence, and whether it is met."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str
    verdict: Word


@lru_cache(maxsize=64)
def verdicts_model(criteria: tuple[Criterion, ...]) -> type[BaseModel]:
    """Return the shape of a reply: an object with a `Verdict` for every criterion."""
    fields: dict[str, Any] = dict.fromkeys(criteria, (Verdict, ...))
    return create_model("Verdicts", __config__=ConfigDict(extra="forbid", frozen=True), **fields)


class FilterStage(Stage[RawQA]):
    """RawQA in, RawQA out; by rules alone every row goes on as it is."""

    name: ClassVar[str] = "filter"
    version: ClassVar[int] = 1
    Settings: ClassVar[type[StageSettings]] = FilterSettings
    settings: FilterSettings

    @classmethod
    def implementation(cls, settings: Any) -> type[Stage]:
        """Return the stage that asks a model, where the settings want one."""
        return LLMFilterStage if settings.engine == "llm" else cls

    def process(self, batch: Sequence[RawQA]) -> list[Outcome]:
        """Return every record as it is."""
        return [keep(record) for record in batch]


class LLMFilterStage(LLMStage[RawQA]):
    """Judges rows by a chat model; keeps those that meet every criterion, with the verdicts in their meta."""

    name: ClassVar[str] = "filter"
    version: ClassVar[int] = 1
    Settings: ClassVar[type[StageSettings]] = FilterSettings
    settings: FilterSettings

    def __init__(self, settings: Any, context: Context, engine: ChatEngine | None = None) -> None:
        """Raise UserError where a prompt is missing or broken."""
        super().__init__(settings, context, engine)
        folder = context.resolve(settings.prompts_folder) if settings.prompts_folder else None
        self._prompts: dict[tuple[str, str], Prompt] = {
            (name, lang): load_prompt(name, lang, folder)
            for name in ("filter", "filter-safety")
            for lang in _LANGUAGES
        }

    def side_inputs(self) -> str:
        """Return a hash of all prompts."""
        text = "|".join(prompt.hash for _, prompt in sorted(self._prompts.items()))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def key(self, record: RawQA) -> str:
        """Return the hash of the prompt that this record is asked with."""
        prompt = self._prompt(record)
        return prompt.hash if prompt else ""

    def _prompt(self, record: RawQA) -> Prompt | None:
        name = "filter-safety" if record.kind == "safety" else "filter"
        return self._prompts.get((name, record.lang.split("-")[0].lower()))

    def criteria(self, kind: Kind) -> tuple[Criterion, ...]:
        """Return what records of a kind are judged by, in the order asked."""
        return tuple(name for name in CRITERIA if name in self.settings.criteria and name in _ASKED[kind])

    def messages(self, record: RawQA) -> tuple[Message, ...]:
        """Return what is sent for a record. Raises ValueError for a language without a prompt."""
        prompt = self._prompt(record)
        if prompt is None:
            raise ValueError(f"no prompt for {record.lang}")
        return prompt.render(criteria=self.criteria(record.kind), source=turn_lines(record.turns))

    async def outcome(self, record: RawQA) -> Outcome:
        """Return the record with its verdicts, or the reason against it."""
        unfit = rejected_by_rules(record)
        if unfit is not None:
            return unfit
        criteria = self.criteria(record.kind)
        if self._prompt(record) is None:
            return Rejected(Reason.WRONG_LANGUAGE, f"no filter prompt for {record.lang}")
        if not criteria:
            return keep(record)
        first, *more = await self._opinions(record, criteria)
        failing = [self._failing(opinion) for opinion in (first, *more)]
        if more and self.settings.disagreement == "reject" and bool(failing[0]) != bool(failing[1]):
            detail = "; ".join(f"{_brief(o)}" for o in (first, *more))
            return Rejected(Reason.NO_AGREEMENT, detail)
        if failing[0] and (len(failing) == 1 or failing[1] or self.settings.disagreement == "reject"):
            worst = failing[0][-1]
            return Rejected(
                CRITERIA[worst], f"{_brief(first)}; {worst}: {_line(first[worst].reason, record.lang)}"
            )
        told = {f"filter.{n}": f"{v.verdict}: {_line(v.reason, record.lang)}" for n, v in first.items()}
        if more:
            told["filter.agreement"] = "yes" if bool(failing[0]) == bool(failing[1]) else "no"
        return keep(record.model_copy(update={"meta": {**record.meta, **told}}))

    async def _opinions(
        self, record: RawQA, criteria: tuple[Criterion, ...]
    ) -> list[dict[Criterion, Verdict]]:
        shape, messages = verdicts_model(criteria), self.messages(record)
        asks = [self.session.ask(messages, shape, record.id)]
        if self.settings.second == "again":
            asks.append(self.session.ask(messages, shape, record.id, opinion=1))
        elif self.settings.second is not None:
            asks.append(self.session_with(self.settings.second).ask(messages, shape, record.id, opinion=1))
        answers = await asyncio.gather(*asks)
        return [{name: getattr(answer.value, name) for name in criteria} for answer in answers]

    def _failing(self, opinion: dict[Criterion, Verdict]) -> list[Criterion]:
        bad = ("no", "unsure") if self.settings.unsure == "reject" else ("no",)
        return [n for n, v in opinion.items() if v.verdict in bad and self.settings.criteria[n] == "reject"]


def rejected_by_rules(record: RawQA) -> Rejected | None:
    """Return why a row is unfit where no model need be asked: an empty side, or an answer read off a picture."""
    question, answer = text_of(record.turns, "patient"), text_of(record.turns, "doctor")
    if not any(c.isalnum() for c in question):
        return Rejected(Reason.EMPTY_QUESTION)
    if not any(c.isalnum() for c in answer):
        return Rejected(Reason.EMPTY_ANSWER)
    for text in (question, answer):
        leaning = next((d for d in dependences(text, record.lang) if d.rests), None)
        if leaning is not None:
            return Rejected(_LEANS[leaning.kind], "by rule, before the model was asked")
    return None


def _line(text: str, lang: str) -> str:
    """Return a model's reason as one short line, without personal data that it may have made up."""
    line = redact(" ".join(text[: 4 * _REASON_LENGTH].split()), lang)[0]
    return line if len(line) <= _REASON_LENGTH else line[: _REASON_LENGTH - 1].rstrip() + "…"


def _brief(opinion: dict[Criterion, Verdict]) -> str:
    return ", ".join(f"{name} {verdict.verdict}" for name, verdict in opinion.items())

"""Shows what a chat model would be sent for a record, by the code that sends it."""

from __future__ import annotations

from collections.abc import Sequence

from medsynth.errors import UserError
from medsynth.llm.base import ChatEngine, ChatRequest, Message, Reply
from medsynth.llm.prompts import PROMPTS, load_prompt, turn_lines
from medsynth.records import Dialogue, Provenance, RawQA, dialogue_of
from medsynth.stages.base import Context
from medsynth.stages.filter import FilterSettings, LLMFilterStage
from medsynth.stages.llm_draft import Rewritten, Utterance
from medsynth.stages.llm_profile import LLMProfileStage
from medsynth.stages.llm_rewrite import LLMRewriteStage
from medsynth.stages.profile import ProfileSettings
from medsynth.stages.rewrite import RewriteSettings
from medsynth.text.speakable import limit_of

_REWRITES = {f"rewrite-{name}": name for name in ("single", "multi", "reference", "safety")}


class _Unasked:
    """An engine that is never asked: stages are opened only for what they would say."""

    name = model = "none"

    async def chat(self, request: ChatRequest) -> Reply:
        raise AssertionError("nothing is sent")

    async def close(self) -> None:
        pass


def prompt_names() -> tuple[str, ...]:
    """Return the names that `show_prompt` knows: "rewrite" is the rewrite prompt that the record would get."""
    return ("rewrite", *PROMPTS)


def show_prompt(
    name: str,
    record: RawQA,
    context: Context,
    rewrite: RewriteSettings | None = None,
    filter: FilterSettings | None = None,
    profile: ProfileSettings | None = None,
) -> str:
    """Return the messages of a prompt for a screened record, each under a line with its role.

    `repair` is shown as it would follow a reply that is the source itself, turn by turn; `patient` at the
    beginning of a talk. Raises UserError for an unknown name, or where the record would not be asked so.
    """
    messages = prompt_messages(
        name,
        record,
        context,
        rewrite or RewriteSettings(engine="llm"),
        filter or FilterSettings(engine="llm"),
        profile or ProfileSettings(),
    )
    return "\n\n".join(f"--- {m.role} ---\n{m.content}" for m in messages)


def prompt_messages(
    name: str,
    record: RawQA,
    context: Context,
    rewrite: RewriteSettings,
    filter: FilterSettings,
    profile: ProfileSettings,
) -> Sequence[Message]:
    """Return the messages of a prompt for a screened record. Raises UserError."""
    engine: ChatEngine = _Unasked()
    if name not in prompt_names():
        raise UserError(f"there is no prompt {name!r}; prompts: {', '.join(prompt_names())}")
    language = record.lang.split("-")[0].lower()
    if language not in ("en", "zh"):
        raise UserError(f"{record.id}: there is no prompt for the language {record.lang!r}")
    if name in ("filter", "filter-safety"):
        kind = "safety" if name == "filter-safety" else "qa" if record.kind == "safety" else record.kind
        return LLMFilterStage(filter, context, engine).messages(record.model_copy(update={"kind": kind}))
    if name == "profile":
        return LLMProfileStage(profile, context, engine).messages(_unwritten(record))
    if name == "patient":
        folder = context.resolve(rewrite.prompts_folder) if rewrite.prompts_folder else None
        limit = limit_of(language, rewrite.max_words, rewrite.max_chars)
        case = turn_lines(t for t in record.turns if t.role == "patient")
        return load_prompt("patient", language, folder).render(limit=limit, case=case, talk="")
    if name == "translate" and rewrite.target_lang in (None, language):
        rewrite = rewrite.model_copy(update={"target_lang": "en" if language == "zh" else "zh"})
    if name in _REWRITES:
        rewrite = rewrite.model_copy(
            update={"target_lang": None, "prompts": {record.source: _REWRITES[name]}}
        )
    stage = LLMRewriteStage(rewrite, context, engine)
    if name == "rewrite" and stage.extractive(record):
        raise UserError(
            f"{record.id}: an examination item is said as it stands, unasked; rewrite.prompts can set a prompt"
        )
    if name != "repair":
        return stage.messages(record)
    turns = tuple(
        Utterance(role=t.role, text=t.text, purpose="advice" if t.role == "doctor" else None)
        for t in record.turns
    )
    written = stage.judge(record, Rewritten(turns=turns))
    if not written.problems:
        raise UserError(
            f"{record.id}: nothing is wrong with the source as a dialogue; there is no repair to show"
        )
    return stage.repair_messages(record, written)


def _unwritten(record: RawQA) -> Dialogue:
    """Return the record as *profile* sees it: only the source is read there."""
    return dialogue_of(record, (), Provenance(engine="none"))

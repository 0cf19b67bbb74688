"""*rewrite* by a chat model: a structured dialogue, checks, a bounded number of repairs, and a reason if they fail.

The model writes `candidates` dialogues; the first that passes every check with the most facts kept is taken.
Where none passes, the best of them goes back with the list of what is wrong, turn by turn, up to `repairs`
times. Examination items are not put to a model: the extractive engine says them whole.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from medsynth.errors import UserError
from medsynth.llm.base import ChatEngine, Message
from medsynth.llm.prompts import Prompt, defused, load_prompt, turn_lines
from medsynth.llm.session import Answer, NoAnswer
from medsynth.llm.settings import public_name
from medsynth.records import (
    Dialogue,
    Outcome,
    Provenance,
    RawQA,
    RawTurn,
    Reason,
    Rejected,
    Turn,
    dialogue_of,
    keep,
)
from medsynth.stages.base import Context, StageSettings
from medsynth.stages.llm_checks import CHECKS, Problem, by_severity, check
from medsynth.stages.llm_draft import Draft, Rewritten, Rules, Utterance, asked_for
from medsynth.stages.llm_facts import check_facts
from medsynth.stages.llm_stage import LLMStage
from medsynth.stages.rewrite import RewriteSettings, RewriteStage, language
from medsynth.text.persons import in_first_person
from medsynth.text.sentences import length
from medsynth.text.speakable import limit_of

LANGUAGES = ("en", "zh")
_PROMPTS = (
    "rewrite-single",
    "rewrite-multi",
    "rewrite-reference",
    "rewrite-safety",
    "translate",
    "repair",
)
_NAMES = {("en", "en"): "English", ("en", "zh"): "Chinese", ("zh", "en"): "英文", ("zh", "zh"): "中文"}
# Follow-up questions belong to consultations; an encyclopedia's reader and a refusal need none.
_NO_INQUIRY = ("rewrite-reference", "rewrite-safety")


# What a dialogue is judged by: its turns, the source, the dialogue's language, the rules, the source's language.
Case: TypeAlias = tuple[tuple[Utterance, ...], tuple[RawTurn, ...], str, Rules, str]


@dataclass(frozen=True)
class Written:
    """One dialogue with what its checks found, the most serious first, and its figures."""

    turns: tuple[Utterance, ...]
    lang: str
    translated: bool
    problems: tuple[Problem, ...]
    figures: dict[str, float]
    model: str

    @property
    def rank(self) -> tuple[int, int, float]:
        """The lower the better: how serious the worst problem is, how many there are, facts lost."""
        order = list(CHECKS)
        worst = len(order) - order.index(self.problems[0].check) if self.problems else 0
        return worst, len(self.problems), -self.figures["faithfulness"]


def assess(
    turns: tuple[Utterance, ...], source: tuple[RawTurn, ...], lang: str, rules: Rules, source_lang: str
) -> tuple[tuple[Problem, ...], dict[str, float]]:
    """Return everything that is wrong with a dialogue, the most serious first, and its figures.

    It is a function of its arguments alone, so that it can run in another process.
    """
    draft = Draft(turns, source, lang, rules, source_lang)
    problems = check(draft)
    found: list[Problem] = []
    faithfulness = 0.0
    if not _unreadable(problems):
        found, faithfulness = check_facts(draft)
    figures = {
        "faithfulness": faithfulness,
        "copied": round(draft.copied(), 4),
        "inquiries": float(len(draft.inquiries)),
    }
    return tuple(by_severity([*problems, *found])), figures


# What one reply can hold; the extractive rewriter may go on for longer.
_MAX_TURNS = 40


class LLMRewriteStage(LLMStage[RawQA]):
    """RawQA (screened, with its split) in, Dialogue out, written by a chat model and checked."""

    name: ClassVar[str] = "rewrite"
    version: ClassVar[int] = 2
    Settings: ClassVar[type[StageSettings]] = RewriteSettings
    settings: RewriteSettings

    def __init__(self, settings: Any, context: Context, engine: ChatEngine | None = None) -> None:
        """Raise UserError where a prompt is missing or broken."""
        super().__init__(settings, context, engine)
        folder = context.resolve(settings.prompts_folder) if settings.prompts_folder else None
        self._prompts = {(n, lang): load_prompt(n, lang, folder) for n in _PROMPTS for lang in LANGUAGES}
        self._exams = RewriteStage(settings, context)

    # ------------------------------------------------------------ what results depend on

    def fingerprint(self) -> str:
        """Cover also what the extractive engine depends on: it says the examination items."""
        text = f"{super().fingerprint()}|{self._exams.fingerprint()}"
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def side_inputs(self) -> str:
        """Return a hash of all prompts and frames."""
        text = "|".join([*(p.hash for _, p in sorted(self._prompts.items())), self._exams.side_inputs()])
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def key(self, record: RawQA) -> str:
        """Return a hash of just the prompts that this record may be asked with."""
        if self.extractive(record):
            return self._exams.key(record)
        target = self.target(record)
        if target is None:
            return ""
        prompts = (self._prompts[self.prompt_name(record), target], self._prompts["repair", target])
        return "|".join(prompt.hash for prompt in prompts)

    # ------------------------------------------------------------ what is asked

    def prompt_name(self, record: RawQA) -> str:
        """Return the prompt of a record: as its source or the settings name it, else by what the record is.

        `auto`: refusals by kind, conversations by their number of patient turns, and of single exchanges those
        in which nobody tells of themselves (the question of a reference work) apart from the others.
        """
        if self.target(record) != language(record.lang):
            return "translate"
        chosen = self.settings.prompts.get(record.source, self.settings.prompt)
        if chosen != "auto":
            return f"rewrite-{chosen}"
        if record.kind == "safety":
            return "rewrite-safety"
        if sum(turn.role == "patient" for turn in record.turns) > 1:
            return "rewrite-multi"
        lang = language(record.lang)
        telling = in_first_person(record.turns, lang) or asked_for(record.turns, lang, 1) > 0
        return "rewrite-single" if telling or record.kind == "consultation" else "rewrite-reference"

    def target(self, record: RawQA) -> str | None:
        """Return the language of the dialogue; None where there is no prompt for it, or from its source."""
        source = language(record.lang)
        return (self.settings.target_lang or source) if source in LANGUAGES else None

    def messages(self, record: RawQA) -> tuple[Message, ...]:
        """Return what is sent first for a record. Raises ValueError for a language without a prompt."""
        target = self.target(record)
        if target is None:
            raise ValueError(f"no prompt for {record.lang}")
        prompt = self._prompts[self.prompt_name(record), target]
        return prompt.render(
            limit=self._limit(target),
            min_followups=self.settings.min_followups,
            max_followups=max(self.settings.max_followups, self.settings.min_followups),
            max_turns=self._max_turns(),
            source_lang=_NAMES[target, language(record.lang)],
            source=turn_lines(record.turns),
        )

    def repair_messages(self, record: RawQA, written: Written) -> tuple[Message, ...]:
        """Return what is sent when a dialogue failed its checks: what was sent first, the dialogue, the problems."""
        lang = written.lang
        repair = self._prompts["repair", lang].render(
            limit=self._limit(lang), problems="\n".join(problem.message for problem in written.problems)
        )
        reply = defused(Rewritten(turns=written.turns).model_dump_json())
        return (*self.messages(record), Message("assistant", reply), *repair)

    def _limit(self, lang: str) -> int:
        return limit_of(lang, self.settings.max_words, self.settings.max_chars)

    def _max_turns(self) -> int:
        return min(2 * self.settings.max_exchanges, _MAX_TURNS)

    def extractive(self, record: RawQA) -> bool:
        """Return whether no model is asked: examination items, unless a prompt is set for their source."""
        return record.kind == "exam" and record.source not in self.settings.prompts

    # ------------------------------------------------------------ what comes of it

    async def outcome(self, record: RawQA) -> Outcome:
        """Return a dialogue that passes every check, or the reason of the most serious check it fails."""
        if self.extractive(record):
            return self._exams.process([record])[0]
        if record.split is None:
            raise UserError("rewrite needs records with a split; run the stage split before it")
        if self.target(record) is None:
            return Rejected(Reason.WRONG_LANGUAGE, f"no rewrite prompt for {record.lang}")
        answers = await self._candidates(record)
        attempts = sum(answer.attempts for answer in answers)
        judged = [await self._assessed(record, answer) for answer in answers]
        written = min(judged, key=lambda w: w.rank)
        repairs = 0
        while written.problems and repairs < self.settings.repairs:
            repairs += 1
            answer = await self.session.ask(self.repair_messages(record, written), Rewritten, record.id)
            attempts += answer.attempts
            written = await self._assessed(record, answer)
        if written.problems:
            return _rejected(written.problems)
        return keep(self._dialogue(record, written, attempts, repairs))

    async def _candidates(self, record: RawQA) -> list[Answer[Rewritten]]:
        messages, count = self.messages(record), self.settings.candidates
        asks = (self.session.ask(messages, Rewritten, record.id, opinion=n) for n in range(count))
        found = await asyncio.gather(*asks, return_exceptions=True)
        answers = [answer for answer in found if isinstance(answer, Answer)]
        for error in found:
            # One candidate without an answer is no loss while there is another; anything else is.
            if isinstance(error, BaseException) and not (answers and isinstance(error, NoAnswer)):
                raise error
        return answers

    def judge(self, record: RawQA, reply: Rewritten, model: str = "") -> Written:
        """Return a dialogue with everything that is wrong with it, and its figures."""
        case = self._case(record, reply)
        return self._written(case, *assess(*case), model)

    async def _assessed(self, record: RawQA, answer: Answer[Rewritten]) -> Written:
        case = self._case(record, answer.value)
        return self._written(case, *await self.compute(assess, *case), answer.model)

    def _case(self, record: RawQA, reply: Rewritten) -> Case:
        name, lang = self.prompt_name(record), self.target(record) or "en"
        settings = self.settings
        rules = Rules(
            limit=self._limit(lang),
            max_turns=self._max_turns(),
            inquiries=0 if name in _NO_INQUIRY else settings.min_followups,
            question_share=settings.question_share,
            advice_share=settings.advice_share,
            copied_share=settings.copied_share,
        )
        turns = tuple(
            t.model_copy(
                update={"text": t.text.strip(), "purpose": t.purpose if t.role == "doctor" else None}
            )
            for t in reply.turns
        )
        return turns, record.turns, lang, rules, language(record.lang)

    @staticmethod
    def _written(case: Case, problems: tuple[Problem, ...], figures: dict[str, float], model: str) -> Written:
        turns, _, lang, _, source_lang = case
        return Written(turns, lang, source_lang != lang, problems, figures, model)

    def _dialogue(self, record: RawQA, written: Written, attempts: int, repairs: int) -> Dialogue:
        lang = written.lang
        prompt: Prompt = self._prompts[self.prompt_name(record), lang]
        turns = tuple(Turn(role=t.role, text=t.text) for t in written.turns)
        notes = {"purposes": "".join((t.purpose or "-")[0] for t in written.turns)}
        if written.translated:
            notes["source_lang"] = record.lang
        provenance = Provenance(
            engine=self.llm.engine,
            model=public_name(written.model),
            prompt=f"{prompt.name}.{prompt.lang}",
            prompt_version=prompt.version,
            prompt_hash=prompt.hash,
            settings=self._sampling(),
            seed=self.context.seed,
            attempts=attempts,
        )
        checks = {
            **written.figures,
            "repairs": float(repairs),
            "candidates": float(self.settings.candidates),
            "turns": float(len(turns)),
            "longest_turn": float(max(length(turn.text, lang) for turn in turns)),
        }
        in_lang = lang if written.translated else ""
        return dialogue_of(record, turns, provenance, in_lang, checks, notes)

    def _sampling(self) -> dict[str, str]:
        told = {
            "temperature": self.llm.temperature,
            "top_p": self.llm.top_p,
            "max_tokens": self.llm.max_tokens,
        }
        return {name: f"{value:g}" for name, value in told.items() if value is not None}


def _unreadable(problems: Sequence[Problem]) -> bool:
    """Whether facts cannot be compared: there is no dialogue, or it is in another language."""
    return (
        any(p.check == "too_few_turns" for p in problems) or sum(p.check == "language" for p in problems) > 1
    )


def _rejected(problems: Sequence[Problem]) -> Rejected:
    """Return the rejection for problems that every permitted repair left: checks and turns (from 0) by name."""
    told: dict[str, list[str]] = {}
    for problem in problems:
        told.setdefault(problem.check, []).append(
            problem.detail or ("" if problem.turn is None else f"turn {problem.turn}")
        )
    parts = [
        f"{check} ({', '.join(p for p in places if p)})" if any(places) else check
        for check, places in told.items()
    ]
    return Rejected(CHECKS[problems[0].check], "; ".join(parts)[:400])

"""What a dialogue that a model wrote is checked for, beside the source it was made from.

Every problem names its check, the turn where it can be told, and says in the prompt's language what to mend.
Medical facts are compared in `llm_facts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from medsynth.records import Reason
from medsynth.stages.llm_draft import ASKS, Draft, asked_for
from medsynth.stages.llm_wording import problem_text
from medsynth.text.language import identify
from medsynth.text.sentences import length
from medsynth.text.similarity import squeeze
from medsynth.text.speakable import speech_problems

CHECKS: dict[str, Reason] = {
    "too_few_turns": Reason.BAD_STRUCTURE,
    "language": Reason.WRONG_LANGUAGE,
    "copied": Reason.COPIED,
    "altered_fact": Reason.ALTERED_FACTS,
    "invented_fact": Reason.ALTERED_FACTS,
    "no_advice_at_end": Reason.LOST_ADVICE,
    "lost_advice": Reason.LOST_ADVICE,
    "lost_question": Reason.LOST_QUESTION,
    "lost_complaint": Reason.LOST_QUESTION,
    "dropped_fact": Reason.ALTERED_FACTS,
    "foreknowledge": Reason.ALTERED_FACTS,
    "patient_opens": Reason.BAD_STRUCTURE,
    "doctor_closes": Reason.BAD_STRUCTURE,
    "alternate": Reason.BAD_STRUCTURE,
    "too_many_turns": Reason.BAD_STRUCTURE,
    "purpose": Reason.BAD_STRUCTURE,
    "asks_nothing": Reason.BAD_STRUCTURE,
    "asks_much": Reason.BAD_STRUCTURE,
    "few_inquiries": Reason.BAD_STRUCTURE,
    "known_already": Reason.BAD_STRUCTURE,
    "too_long": Reason.UNSPEAKABLE,
    "unspeakable": Reason.UNSPEAKABLE,
}
"""Every check, the most serious first, with the reason for which a dialogue that goes on failing it is rejected."""

_ENOUGH_QUESTIONS = 0.6
_MARKS = re.compile(r"[?？]+")
_SEVERITY = {check: rank for rank, check in enumerate(CHECKS)}


@dataclass(frozen=True)
class Problem:
    """A failed check: the turn (from 0) or None for the whole, and what to tell the model.

    `detail` is for the ledger, where the turn alone says too little: it names the fact.
    """

    check: str
    turn: int | None
    message: str
    detail: str = ""


def check(draft: Draft) -> list[Problem]:
    """Return what is wrong with a dialogue, besides its medical facts; the most serious problems first."""
    found = [*_shape(draft), *_sound(draft), *_content(draft)]
    return by_severity(
        Problem(name, turn, problem_text(draft.lang, name, turn, **values)) for name, turn, values in found
    )


def by_severity(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems, the most serious first, then by turn."""
    return sorted(problems, key=lambda p: (_SEVERITY[p.check], -1 if p.turn is None else p.turn))


_Found = tuple[str, "int | None", dict[str, object]]


def _shape(draft: Draft) -> list[_Found]:
    turns, rules = draft.turns, draft.rules
    if len(turns) < 2 or {t.role for t in turns} != {"patient", "doctor"}:
        return [("too_few_turns", None, {})]
    found: list[_Found] = []
    if turns[0].role != "patient":
        found.append(("patient_opens", 0, {}))
    if turns[-1].role != "doctor":
        found.append(("doctor_closes", len(turns) - 1, {}))
    found += [
        ("alternate", n, {"role": b.role}) for n, (a, b) in enumerate(pairwise(turns), 1) if a.role == b.role
    ]
    if len(turns) > rules.max_turns:
        found.append(("too_many_turns", None, {"count": len(turns), "most": rules.max_turns}))
    last = max(n for n, t in enumerate(turns) if t.role == "doctor")
    for n, turn in enumerate(turns):
        if turn.role != "doctor":
            continue
        marks = len(_MARKS.findall(turn.text))
        if turn.purpose is None:
            found.append(("purpose", n, {}))
        elif turn.purpose == "inquiry" and not ASKS.search(turn.text):
            found.append(("asks_nothing", n, {}))
        elif turn.purpose == "inquiry" and marks > 2:
            found.append(("asks_much", n, {"count": marks}))
    # A source that advises nothing leaves nothing to close with but an explanation.
    closing, fitting = turns[last], ("advice",) if draft.advised else ("advice", "explanation")
    if closing.purpose not in fitting or closing.text.rstrip().endswith(("?", "？")):
        found.append(("no_advice_at_end", last, {}))
    need = asked_for(draft.source, draft.source_lang, rules.inquiries)
    if len(draft.inquiries) < need:
        found.append(("few_inquiries", None, {"count": len(draft.inquiries), "need": need}))
    return found


def _sound(draft: Draft) -> list[_Found]:
    found: list[_Found] = []
    for n, turn in enumerate(draft.turns):
        size = length(turn.text, draft.lang)
        if size > draft.rules.limit:
            found.append(("too_long", n, {"count": size, "most": draft.rules.limit}))
        found += [("unspeakable", n, {"what": problem}) for problem in speech_problems(turn.text)]
        if identify(turn.text) not in (draft.lang, "unknown"):
            found.append(("language", n, {}))
    return found


def _content(draft: Draft) -> list[_Found]:
    found: list[_Found] = []
    if not draft.translated and len(draft.turns) > 1:
        found += _copies(draft)
        kept, lost = draft.questions_kept()
        if kept < _ENOUGH_QUESTIONS:
            found += [("lost_question", None, {"quote": q}) for q in lost[:3]] or [
                ("lost_complaint", None, {})
            ]
        share = draft.advice_kept()
        if share < draft.rules.advice_share:
            found.append(("lost_advice", None, {"share": round(100 * share)}))
    found += [("known_already", n, {}) for n in _repeated(draft)]
    return found


def _copies(draft: Draft) -> list[_Found]:
    said = [(t.role, squeeze(t.text)) for t in draft.turns]
    if said == [(t.role, squeeze(t.text)) for t in draft.source]:
        return [("copied", None, {})]
    if draft.copied() <= draft.rules.copied_share:
        return []
    turns = [n for n, run in enumerate(draft.runs) if run > draft.rules.copied_share * draft.sizes[n]]
    return [("copied", n, {}) for n in turns] or [("copied", None, {})]


def _repeated(draft: Draft) -> list[int]:
    """Return the inquiries whose answer the patient had given in one turn before, in the same words."""
    found = []
    told: list[set[str]] = []
    for n, turn in enumerate(draft.turns):
        if turn.role != "patient":
            continue
        new = draft.terms[n]
        # A patient who asks in turn has not answered.
        asked = n > 0 and draft.turns[n - 1].purpose == "inquiry" and not _MARKS.search(turn.text)
        if asked and len(new) >= 3 and any(new <= before for before in told):
            found.append(n - 1)
        told.append(new)
    return found

"""What the text rules know of a language, in one shape for all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from medsynth.text import lexicon_en, lexicon_zh


@dataclass(frozen=True)
class Lexicon:
    """Patterns of one language.

    `label`: section labels inside an answer. `greeting`: at the start of a sentence, said without loss.
    `boilerplate`: a doctor's sentence without medical content. `thanks`: a patient's sentence without any.
    `slots`: (slot, weight, pattern) triples. `connective`: a clause that leans on the one before.
    `anaphor`: a sentence that leans on the one before. `urgent`: must be kept. `advice`, `assessment`:
    worth keeping. `reply`: an answer that needs its question. `kin`: someone else is ill. `time`: any time;
    `since`: since when or for how long.
    `not_question`: words of a question in a statement. `lead`: announces a question, `asks`: asks it.
    `child`: the patient is one. `dose`: how much, how often. `duration`: how long it has lasted.
    `inherited`: the family has it. `malformed`: a question made from the title of a page.
    """

    label: re.Pattern[str]
    greeting: re.Pattern[str]
    boilerplate: re.Pattern[str]
    thanks: re.Pattern[str]
    slots: tuple[tuple[str, int, re.Pattern[str]], ...]
    connective: re.Pattern[str]
    anaphor: re.Pattern[str]
    urgent: re.Pattern[str]
    advice: re.Pattern[str]
    assessment: re.Pattern[str]
    reply: re.Pattern[str]
    kin: re.Pattern[str]
    symptom: re.Pattern[str]
    time: re.Pattern[str]
    since: re.Pattern[str]
    not_question: re.Pattern[str]
    lead: re.Pattern[str]
    asks: re.Pattern[str]
    child: re.Pattern[str]
    dose: re.Pattern[str]
    duration: re.Pattern[str]
    inherited: re.Pattern[str]
    malformed: re.Pattern[str]


def _build(module: object, flags: int) -> Lexicon:
    fields = {
        name.lower(): re.compile(getattr(module, name), flags)
        for name in [
            "LABEL",
            "GREETING",
            "BOILERPLATE",
            "THANKS",
            "CONNECTIVE",
            "ANAPHOR",
            "URGENT",
            "ADVICE",
            "ASSESSMENT",
            "REPLY",
            "KIN",
            "SYMPTOM",
            "TIME",
            "SINCE",
            "NOT_QUESTION",
            "LEAD",
            "ASKS",
            "CHILD",
            "DOSE",
            "DURATION",
            "INHERITED",
            "MALFORMED",
        ]
    }
    slots = tuple((slot, weight, re.compile(pattern, flags)) for slot, weight, pattern in module.SLOTS)  # type: ignore[attr-defined]
    return Lexicon(slots=slots, **fields)


LEXICONS: dict[str, Lexicon] = {"en": _build(lexicon_en, re.IGNORECASE), "zh": _build(lexicon_zh, 0)}

"""An examination item: the question with its options, the answer with its text; nothing is left out.

A case told in sections (history, examination, tests) is asked for section by section, and the headings go.
"""

from __future__ import annotations

import re

from medsynth.records import Reason, Rejected
from medsynth.stages.extractive.pieces import Limits, Script, Sentence
from medsynth.stages.extractive.said import said_sentences

# What a section of a case is asked for with, by the last heading before it.
_SECTIONS = (
    ("family", re.compile(r"家族史")),
    ("history", re.compile(r"既往史|手术史")),
    ("habits", re.compile(r"个人史|生活史")),
    ("reproductive", re.compile(r"月经史|婚育史|生育史")),
    ("allergies", re.compile(r"过敏史")),
    ("tests", re.compile(r"体格检查|查体|辅助检查|实验室检查|影像学?检查|[A-Z]{2,4}检查|化验")),
)


def write(script: Script, limits: Limits) -> Rejected | dict[str, float]:
    """Write the item into `script`, each side over as many turns as it takes; return its figures.

    A question without one of its options, or an answer without its reasons, is no question: an item of
    which a sentence cannot be said is rejected.
    """
    turns: list[tuple[str, list[tuple[str, list[Sentence]]]]] = []
    for number, turn in enumerate(script.source):
        sentences = said_sentences(script.source, number, script.lang, limits.turn)
        if any(sentence.fate == "unspeakable" for sentence in sentences):
            return Rejected(Reason.UNSPEAKABLE, f"a sentence of the {turn.role} cannot be said")
        said = [s for s in sentences if s.fate != "heading"]
        slots = _sections(said, turn.text) if turn.role == "patient" else [""] * len(said)
        turns.append((turn.role, _filled(said, slots, limits.turn)))
    if not turns or turns[0][0] != "patient" or not turns[0][1]:
        return Rejected(Reason.NO_COMPLAINT, "there is no question")
    if turns[-1][0] != "doctor" or not all(parts for _, parts in turns):
        return Rejected(Reason.NO_ADVICE, "a question has no answer")
    asked = set()
    for role, parts in turns:
        for number, (slot, part) in enumerate(parts):
            if role == "patient":
                if number:
                    script.say("doctor", [], slot if slot and slot not in asked else "continue")
                    asked.add(slot)
                script.say("patient", part)
            else:
                if number:
                    script.say("patient", [], "listen")
                script.say("doctor", part)
    return {"exam_questions": float(sum(role == "patient" for role, _ in turns))}


def _sections(sentences: list[Sentence], text: str) -> list[str]:
    """Return the slot of each sentence by the heading that stands before it, "" before the first."""
    slots: list[str] = []
    slot, last = "", 0
    for sentence in sentences:
        start = sentence.spans[0].start
        before = text[last : min(start + 8, len(text))]
        found = [(m.end(), name) for name, pattern in _SECTIONS for m in pattern.finditer(before)]
        slot = max(found)[1] if found else slot
        slots.append(slot)
        last = sentence.spans[-1].end
    return slots


def _filled(sentences: list[Sentence], slots: list[str], limit: int) -> list[tuple[str, list[Sentence]]]:
    """Distribute sentences over turns as full as the limit allows; another section begins another turn."""
    parts: list[tuple[str, list[Sentence]]] = []
    size = 0
    for sentence, slot in zip(sentences, slots, strict=True):
        if not parts or size + sentence.size > limit or slot != parts[-1][0]:
            parts.append((slot, []))
            size = 0
        parts[-1][1].append(sentence)
        size += sentence.size
    return parts

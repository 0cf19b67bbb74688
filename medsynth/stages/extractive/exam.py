"""An examination item: the question with its options, the answer with its text; nothing is left out."""

from __future__ import annotations

from medsynth.records import Reason, Rejected
from medsynth.stages.extractive.pieces import Limits, Script, Sentence
from medsynth.stages.extractive.said import said_sentences


def write(script: Script, limits: Limits) -> Rejected | dict[str, float]:
    """Write the item into `script`, each side over as many turns as it takes; return its figures.

    A question without one of its options, or an answer without its reasons, is no question: an item of
    which a sentence cannot be said is rejected.
    """
    turns: list[tuple[str, list[list[Sentence]]]] = []
    for number, turn in enumerate(script.source):
        sentences = said_sentences(script.source, number, script.lang, limits.turn)
        if any(sentence.fate == "unspeakable" for sentence in sentences):
            return Rejected(Reason.UNSPEAKABLE, f"a sentence of the {turn.role} cannot be said")
        turns.append((turn.role, _filled(sentences, limits.turn)))
    if not turns or turns[0][0] != "patient" or not turns[0][1]:
        return Rejected(Reason.NO_COMPLAINT, "there is no question")
    if turns[-1][0] != "doctor" or not all(parts for _, parts in turns):
        return Rejected(Reason.NO_ADVICE, "a question has no answer")
    for role, parts in turns:
        for number, part in enumerate(parts):
            if role == "patient":
                if number:
                    script.say("doctor", [], "continue")
                script.say("patient", part)
            else:
                if number:
                    script.say("patient", [], "listen")
                script.say("doctor", part)
    return {"exam_questions": float(sum(role == "patient" for role, _ in turns))}


def _filled(sentences: list[Sentence], limit: int) -> list[list[Sentence]]:
    """Distribute sentences over turns as full as the limit allows."""
    parts: list[list[Sentence]] = []
    size = 0
    for sentence in sentences:
        if not parts or size + sentence.size > limit:
            parts.append([])
            size = 0
        parts[-1].append(sentence)
        size += sentence.size
    return parts

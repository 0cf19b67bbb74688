"""A doctor's written answer as something said over a few turns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from medsynth.records import Reason, Rejected
from medsynth.stages.extractive.pieces import Limits, Script, Sentence, asks, pack, trim
from medsynth.stages.extractive.said import said_sentences
from medsynth.text.lexicon import LEXICONS

_EXTRA_TURNS = 2
# A sentence of which so much has been said is not said again.
_REPEATED = 0.85
# Without a mark an English sentence only seems to ask.
_CERTAIN = ("?", "？", "。")
# "..., okay?" may be answered by listening.
_TAG = re.compile(r",\s*(?:ok|okay|all right|alright|right|yeah|yes)\s*\?+\s*\Z", re.I)
# More turns than this are rather longer than many.
_FEW_TURNS = 4
# What the last sentence of an answer is worth less than the first.
_EARLY = 1.5


def tokens(text: str, lang: str) -> set[str]:
    """Return what two texts are compared by: words (en) or pairs of characters (zh), marks left out."""
    if lang == "en":
        return set(re.findall(r"[a-z0-9']+", text.lower()))
    bare = [c for c in text if c.isalnum()]
    return {a + b for a, b in pairwise(bare)} or set(bare)


def contained(part: set[str], whole: set[str]) -> float:
    """Return the share of `part` that is also in `whole`; 0 for an empty part."""
    return len(part & whole) / len(part) if part else 0.0


def rated(sentences: Sequence[Sentence], lang: str, asked: str = "") -> list[Sentence]:
    """Return the sentences that say something, once each, with what they are worth.

    Warnings, lists, advice, assessment and doses weigh more, and so does what stands early. `asked` is what
    the patient wrote: a sentence that only echoes it is dropped.
    """
    lexicon = LEXICONS[lang]
    result: list[Sentence] = []
    seen: list[set[str]] = []
    question = tokens(asked, lang)
    for sentence in sentences:
        if sentence.fate != "kept":
            continue
        words = tokens(sentence.text, lang)
        least = _REPEATED * len(words)
        alone = not (sentence.group or sentence.about)
        if len(words) > 3 and alone and any(len(words & other) >= least for other in seen):
            continue  # an entry of two lists is said in both
        if sentence.question and contained(words, question) >= 0.7:
            continue
        seen.append(words)
        worth = 2.0 * bool(lexicon.advice.search(sentence.text))
        worth += 1.0 * bool(lexicon.assessment.search(sentence.text))
        worth += 4.0 * sentence.must + 2.0 * (sentence.group > 0)
        worth += 2.0 * (len(result) < 2) - _EARLY * len(result) / len(sentences)
        result.append(replace(sentence, worth=worth))
    return result


def write_advice(script: Script, turn: int, limits: Limits, asked: str) -> Rejected | None:
    """Add the doctor's turns made of source turn `turn`, with the patient listening in between.

    Warnings and doses are never left out: they may take two turns more than other advice, and an answer whose
    warnings take more than that, or cannot be said, is rejected.
    """
    lang = script.lang
    sentences = said_sentences(script.source, turn, lang, limits.turn)
    lost = [s for s in sentences if s.fate == "unspeakable" and s.must]
    chosen = rated(sentences, lang, asked)
    if not chosen:
        detail = "no sentence of the answer can be said" if sentences else ""
        return Rejected(Reason.NO_ADVICE, detail)
    if all(s.question for s in chosen):
        return Rejected(Reason.NO_ADVICE, "the answer only asks")
    if lost:
        return Rejected(Reason.UNSPEAKABLE, "a warning in the answer cannot be said")
    if script.kind == "safety":  # the refusal
        chosen[0] = replace(chosen[0], must=True)
    turns = spread(chosen, limits, limits.advice_turns)
    if len(turns) > limits.advice_turns + _EXTRA_TURNS:
        return Rejected(Reason.UNSPEAKABLE, f"warnings alone take {len(turns)} turns")
    for number, part in enumerate(turns):
        if number:
            script.say("patient", [], "listen")
        script.say("doctor", part)
    return None


def spread(chosen: Sequence[Sentence], limits: Limits, most: int) -> list[list[Sentence]]:
    """Return what fits into `most` turns, least important sentences left out; `must` may take more turns."""
    budget = most * limits.turn * 4 // 5
    chosen = _without_meanings(chosen, budget)
    kept = trim(chosen, budget, [s.must for s in chosen])
    turns = _turns(kept, limits, most)
    while len(turns) > most:
        least = sum(s.size for s in kept) - 1
        shorter = _without_meanings(kept, least)
        if len(shorter) == len(kept):
            shorter = trim(kept, least, [s.must for s in kept])
        if len(shorter) == len(kept):
            break
        kept, turns = shorter, _turns(shorter, limits, most)
    return _unasked(turns, limits.turn)


def _unasked(turns: list[list[Sentence]], limit: int) -> list[list[Sentence]]:
    """Return the turns without a question at the end of any but the last: nobody would answer it there.

    It begins the next turn, which loses its least statements for it; where even then there is no room it goes.
    """
    result: list[list[Sentence]] = []
    for turn in reversed(turns):
        here = list(turn)
        asked: list[Sentence] = []
        while result and here and _must_be_answered(here[-1]):
            asked.insert(0, here.pop())
        while asked:
            both = [*asked, *result[0]]
            kept = trim(both, limit, [s.must or asks(s) or s is both[-1] for s in both])
            if sum(s.size for s in kept) <= limit:
                result[0] = kept
                break
            asked.pop(0)
        if here:
            result.insert(0, here)
    return result


def _must_be_answered(sentence: Sentence) -> bool:
    """Return whether a sentence surely asks; "..., okay?" may be answered by listening."""
    return asks(sentence) and sentence.text.endswith(_CERTAIN) and not _TAG.search(sentence.text)


def _without_meanings(sentences: Sequence[Sentence], budget: int) -> list[Sentence]:
    """Leave out what the entries of a list are, of one list after the other until the rest is within `budget`.

    A list is said with all of its definitions or, as one sentence, with none.
    """
    left = list(sentences)
    lists: dict[int, int] = {}
    for sentence in left:
        if sentence.about:
            lists[sentence.about] = lists.get(sentence.about, 0) + sentence.size
    size = sum(s.size for s in left)
    for group in sorted(lists, key=lambda g: -lists[g]):
        if size <= budget:
            break
        left = [s for s in left if s.about != group or s.must]
        size = sum(s.size for s in left)
    return left


def _turns(sentences: Sequence[Sentence], limits: Limits, most: int) -> list[list[Sentence]]:
    """Pack into turns of the length aimed at, or longer ones where that makes too many."""
    for aim in (limits.aim, (limits.aim + limits.turn) // 2, limits.turn):
        turns = pack(sentences, limits.turn, aim)
        if len(turns) <= min(most, _FEW_TURNS):
            break
    return turns

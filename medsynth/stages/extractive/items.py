"""A conversation as items: what one role says in a row, without the formalities and the idle exchanges."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from medsynth.records import RawTurn, Role
from medsynth.stages.extractive.pieces import Limits, Script, Sentence, asks
from medsynth.stages.extractive.said import said_sentences
from medsynth.text.lexicon import LEXICONS

# The formalities of a consultation by telephone or video: who it is, and whether the line holds.
_FORMALITY = re.compile(
    r"\b(?:can|could|do) you (?:hear|see) me|\bdate of birth|\b(?:full|first|second|last) name"
    r"|\bconfirm (?:your|a few|some)|\b(?:private|confidential|quiet) (?:place|space|room|area)"
    r"|\byour address\b|\b(?:camera|microphone|video)\b"
    r"|姓名|怎么称呼|能听(?:到|见|清)",
    re.I,
)
_FORMAL_REPLY = {"en": 12, "zh": 16}
# Words (en) or characters (zh) of a doctor's turn that only acknowledges: "Okay."
BARE = 3
# Before the patient is greeted, some doctors dictate.
_DICTATED = re.compile(
    r"\byears?[- ]old (?:\w+[- ]){0,2}(?:male|female|man|woman|gentleman|lady|patient)\b|\bdate of birth\b|\btemplate\b"
    r"|\b(?:the |this )?patient (?:is|was|has|had|presents?|presented|comes?|reports?|denie[sd])\b|\bthe gentleman\b"
    r"|\b(?:medical record number|chief complaint|past medical history)\b",
    re.I,
)
_YOU = re.compile(r"\b(?:you|your|you're|you'll|we'll)\b", re.I)
_GREETED = re.compile(
    r"\W*(?:(?:so|okay|all right|alright)\W+)?(?:(?:hi|hello|hey|good (?:morning|afternoon|evening))\b(?! dragon)"
    r"|(?:it's )?(?:nice|good|great) to (?:see|meet))",
    re.I,
)
# So many exchanges are tried for a beginning.
TRIES = 12


@dataclass(frozen=True)
class Item:
    """What one role says in a row. `idle`: its pleasantries, said only where nothing else would be.

    `broken`: something in it could not be said; `lost`: a warning of the doctor could not.
    """

    role: Role
    said: tuple[Sentence, ...]
    idle: tuple[Sentence, ...] = ()
    broken: bool = False
    lost: bool = False

    @property
    def asks(self) -> bool:
        """Whether the turn ends by asking."""
        return bool(self.said) and self.said[-1].question

    @property
    def brief(self) -> bool:
        """Whether the turn only acknowledges, and lets the other go on."""
        return 0 < sum(s.size for s in self.said) <= BARE


def items_of(script: Script, limits: Limits) -> list[Item]:
    """Return the turns of the source as items, neighbours of one role joined, what is dictated left out."""
    items: list[Item] = []
    for number, turn in enumerate(script.source):
        sentences = said_sentences(script.source, number, script.lang, limits.turn)
        if not items and turn.role == "doctor":
            sentences = _to_the_patient(sentences, turn.text)
        if (
            number
            and turn.role == "doctor"
            and _is_note(sentences, script.source[number + 1 :], lang=script.lang)
        ):
            continue
        item = Item(
            turn.role,
            tuple(s for s in sentences if s.fate == "kept"),
            tuple(s for s in sentences if s.fate == "idle"),
            any(s.fate == "unspeakable" for s in sentences),
            turn.role == "doctor" and any(s.fate == "unspeakable" and s.must for s in sentences),
        )
        if items and items[-1].role == turn.role:
            last = items[-1]
            item = _joined(last, item)
            items[-1] = item
        else:
            items.append(item)
    return items


def _to_the_patient(sentences: list[Sentence], text: str) -> list[Sentence]:
    """Return what a doctor's first turn says from the greeting on, where a dictated note stands before it."""
    dictated = next((n for n, s in enumerate(sentences) if _DICTATED.search(s.text)), None)
    if dictated is None:
        return sentences
    for n in range(dictated + 1, len(sentences)):
        spans = sentences[n].spans
        before = sentences[n - 1].spans
        # A greeting is no part of the sentence that it stands before.
        start = before[-1].end if before else spans[0].start if spans else 0
        if spans and (_GREETED.match(text, start) or _GREETED.match(sentences[n].text)):
            return sentences[n:]
    return sentences


def _is_note(sentences: Sequence[Sentence], after: Sequence[RawTurn], *, lang: str) -> bool:
    """Return whether a doctor's last turn is dictated for the record once the patient has gone."""
    if lang != "en" or any(len(turn.text.split()) > _FORMAL_REPLY[lang] for turn in after):
        return False
    text = " ".join(s.text for s in sentences)
    return _DICTATED.search(text) is not None and _YOU.search(text) is None


def without_formalities(items: list[Item], lang: str) -> list[Item]:
    """Drop the exchanges before the complaint that only settle who speaks and whether the line holds."""
    lexicon = LEXICONS[lang]
    begins = next((k for k, item in enumerate(items) if sum(s.size for s in item.said) > BARE), 0)  # "Hello?"
    result: list[Item] = []
    n = begins
    while n + 1 < len(items) and n < 2 * TRIES:
        pair = items[n : n + 2]
        said = [s for item in pair for s in item.said]
        if pair[0].role != "doctor" or any(s.must or lexicon.symptom.search(s.text) for s in said):
            break
        formal = any(_FORMALITY.search(s.text) for s in pair[0].said)
        if not (formal and sum(s.size for s in pair[1].said) <= _FORMAL_REPLY[lang]):
            result += pair
        n += 2
    if n - begins == len(result):
        return items
    # What is left of such an exchange ("Yes." - "Yeah, sure.") goes with it.
    whole = [result[k : k + 2] for k in range(0, len(result), 2)]
    told = [item for pair in whole if sum(s.size for s in pair[0].said) > BARE for item in pair]
    return [*told, *items[n:]]


def _joined(left: Item, right: Item) -> Item:
    return Item(
        left.role,
        left.said + right.said,
        left.idle + right.idle,
        left.broken or right.broken,
        left.lost or right.lost,
    )


def without_idle(items: Sequence[Item]) -> list[Item]:
    """Drop exchanges of pleasantries, join what then stands together, keep roles alternating."""
    result: list[Item] = []
    for place, item in enumerate(items):
        following = items[place + 1] if place + 1 < len(items) else None
        idle = not item.said
        # No listening frame answers a question: the doctor goes on where the patient says nothing at all.
        asked = not item.idle and bool(result) and bool(result[-1].said) and asks(result[-1].said[-1])
        if idle and item.role == "patient" and following is not None and following.said and not asked:
            # The patient only listens: the pleasantry stands, or a listening frame (`_say`).
            result.append(item)
        elif idle and not item.broken:
            continue
        else:
            result.append(item)
    joined: list[Item] = []
    for item in result:
        if joined and joined[-1].role == item.role:
            last = joined[-1]
            joined[-1] = _joined(last, item)
        else:
            joined.append(item)
    return joined

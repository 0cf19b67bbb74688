"""A conversation of the source, cleaned and shortened; nothing is moved.

- Neighbours of one role become one turn; sentences without medical content go.
- It begins with what the patient says first where that needs no question before it; else with a greeting
  (the patient's own, or a frame) and the doctor's question, so that nothing is lost.
- An exchange in which nobody says anything medical goes as a whole. A question of the doctor is never
  lost while the patient's reply to it stays.
- A turn over the limit loses its least important sentences; a doctor's turn may become several, with the
  patient listening in between, a patient's turn three, with the doctor asking to go on. A patient who
  tells all of a history at first is asked for it (`single.tell`).
- The formalities before the complaint (names, "can you hear me") go.
- At most `exchanges` exchanges: how it begins, and then those that hold allergies and red flags, most of the
  history, the assessment, doses and referrals, the advice, and what to do if it gets worse. An echo of an
  answer that has gone goes too, and a question of the patient stays with its answer.
- What a doctor dictates before greeting the patient is not said.
- The doctor closes, with something said in the source, or with a frame after the patient's reply.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from medsynth.records import Reason, Rejected
from medsynth.stages.extractive.advice import rated, spread
from medsynth.stages.extractive.exchanges import SAFETY_NET, afresh, capped, patient_worth
from medsynth.stages.extractive.items import (
    BARE,
    TRIES,
    Item,
    items_of,
    without_formalities,
    without_idle,
)
from medsynth.stages.extractive.pieces import Limits, Script, Sentence, fill, pack, trim
from medsynth.stages.extractive.single import holds_history, tell
from medsynth.text.lexicon import LEXICONS
from medsynth.text.slots import HISTORY, scores

# Turns that one turn of the doctor may become when it ends by asking; one that needs more is an assessment.
_ASKING_TURNS = 2
# So many turns more than other advice may a doctor's monologue take.
_MONOLOGUE = 4
_HELLO = re.compile(r"\W*(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day))\b|\w{0,3}[您你]好)", re.I)
# A patient's turn may take so many.
_PATIENT_TURNS = 3
# "..., okay?" makes no question of a statement.
_TAG = re.compile(
    r",\s*(?:ok|okay|all right|alright|right|yeah|yes|is that (?:ok|okay|all right|alright)|you know)\s*\?+\s*\Z",
    re.I,
)
_TAGGED_WORDS = 6
# Somebody is spoken of whom only the doctor has named.
_UNNAMED = re.compile(r"(?:(?!\bmy\b)[^.?!]){0,60}\b(?:he|she|him|her|his)\b", re.I)
# What a patient must say in all, in words (en) or characters (zh).
_ENOUGH = {"en": 8, "zh": 10}


def write(script: Script, limits: Limits) -> Rejected | dict[str, float]:
    """Write the dialogue into `script`; return its figures, or why there is none."""
    items = items_of(script, limits)
    if not any(item.said for item in items if item.role == "patient"):
        return Rejected(Reason.NO_COMPLAINT, "")
    matter = without_formalities(items, script.lang)
    begun = _begun(matter, script.lang, limits.exchanges) or _begun(items, script.lang, limits.exchanges)
    if begun is None:
        return Rejected(Reason.NO_COMPLAINT, "nothing the patient says stands without a question before it")
    opening, said = begun
    if not any(item.role == "doctor" and item.said for item in said):
        return Rejected(Reason.NO_ADVICE, "the doctor says nothing that can close a consultation")
    if any(item.lost for item in said):
        return Rejected(Reason.UNSPEAKABLE, "a warning of the doctor cannot be said")
    items = said
    if items[0].role == "doctor":
        script.say("patient", opening, "" if opening else "greet")
    begins = int(_taken_apart(script, items, limits))
    for number, item in enumerate(items[begins:], begins):
        _say(script, item, answers=number > 0 and items[number - 1].asks, limits=limits)
    if items[-1].role == "patient":
        script.say("doctor", [], "close")
    return {
        "source_turns_kept": float(len(items)),
        "doctor_questions": float(sum(item.asks for item in items if item.role == "doctor")),
    }


def _taken_apart(script: Script, items: Sequence[Item], limits: Limits) -> bool:
    """Write a history that the patient tells all at once, asked for slot by slot; return whether it is one.

    Not where the doctor of the source goes on to ask.
    """
    first = script.source[0]
    alone = first.role == "patient" and len(script.source) > 1 and script.source[1].role == "doctor"
    begins = bool(items[0].said) and items[0].role == "patient" and items[0].said[0].spans[0].turn == 0
    if not (alone and begins and len(items) > 1) or items[1].asks or not holds_history(script, limits):
        return False
    turns, used = len(script.turns), len(script.used)
    if isinstance(tell(script, limits), Rejected):
        del script.turns[turns:], script.used[used:]
        return False
    return True


def _begun(items: list[Item], lang: str, exchanges: int) -> tuple[list[Sentence], list[Item]] | None:
    """Return the best beginning from which the patient tells something, and the items from there on."""
    for opening, rest in _openings(items, lang):
        said = _closed(capped(_whole(without_idle(rest)), exchanges, lang))
        if _tells(said, lang, opens=rest[0] is items[0] and rest[0].role == "patient"):
            return opening, said
    return None


def _openings(items: Sequence[Item], lang: str) -> Iterator[tuple[list[Sentence], list[Item]]]:
    """Yield ways to begin, the best first: the patient's greeting where the doctor speaks first, the items.

    What the patient says first opens where it stands by itself; else the doctor's question before it does,
    so that nothing said later is lost or hangs in the air; else something later.
    """
    first = next((n for n, item in enumerate(items) if item.role == "patient" and item.said), len(items))
    if first < len(items) and _stands(items[first], first == 0, lang):
        yield [], list(items[first:])
    for n, (item, reply) in enumerate(pairwise(items)):
        if item.role == "doctor" and item.said and reply.said:
            courtesies = [s for before in items[:n] if before.role == "patient" for s in before.idle]
            bare = next((k for k, s in enumerate(item.said) if s.question or s.size > BARE), 0)
            asked = replace(item, said=item.said[bare:])
            yield [s for s in courtesies if _HELLO.match(s.text)][:1], [asked, *items[n + 1 :]]
        if reply.role == "patient" and n + 1 > first and _stands(reply, False, lang):
            yield [], list(items[n + 1 :])
        if n >= TRIES:
            return


def _tells(items: Sequence[Item], lang: str, *, opens: bool) -> bool:
    """Return whether the patient says enough in these items, and the talk is of something medical.

    `opens`: they are the whole conversation, and the patient began it; a question is enough then.
    """
    told = [s for item in items for s in item.said if item.role == "patient"]
    if opens:
        return bool(told) or not items
    if items and items[0].role == "patient" and _stands(items[0], False, lang):
        return True
    medical = any(
        LEXICONS[lang].symptom.search(s.text) or HISTORY & set(scores(s.text, lang))
        for item in items
        for s in item.said
    )
    return medical and sum(s.size for s in told) >= _ENOUGH[lang]


def _stands(item: Item, opens: bool, lang: str) -> bool:
    """Return whether a patient's turn can open: it says something, and not just in reply."""
    if not item.said:
        return False
    lexicon = LEXICONS[lang]
    first = item.said[0]
    enough = sum(s.size for s in item.said) >= (5 if lang == "en" else 6)
    if opens:
        return enough or first.question
    if _UNNAMED.match(first.text):
        return False
    symptom = any(lexicon.symptom.search(s.text) for s in item.said)
    return enough and symptom and not lexicon.reply.match(first.text)


def _whole(items: Sequence[Item]) -> list[Item]:
    """Return the items without exchanges of which one side cannot be said.

    Nothing is left where the beginning cannot, and what a lost warning belongs to stays, to be refused.
    """
    lead = 1 if items and items[0].role == "patient" else 0
    result = list(items[:lead])
    if any(item.broken and not item.said for item in result):
        return []
    gap = False
    for n in range(lead, len(items), 2):
        block = list(items[n : n + 2])
        if any(item.broken and not item.said and not item.lost for item in block):
            gap = True
            continue
        if gap:
            block[0] = afresh(block[0])
        gap = False
        result += block
    return result


def _closed(items: list[Item]) -> list[Item]:
    """Return the items up to where it can end: a doctor's statement, or a reply to a question."""
    items = list(items)
    while items:
        last = items[-1]
        if last.role == "doctor":
            said = list(last.said)
            while any(s.question and not _is_told(s) for s in said[-2:]):
                said.pop()
            while len(said) > 1 and said[-1].size <= BARE:
                said.pop()
            if said and sum(s.size for s in said) > BARE:
                items[-1] = replace(last, said=tuple(said))
                return items
            items.pop()
        else:
            asked = items[-2] if len(items) > 2 else None
            told = sum(s.size for s in last.said)
            if told and asked is not None and (asked.asks or (asked.brief and told > BARE)):
                return items
            items.pop()
    return items


def _is_told(sentence: Sentence) -> bool:
    """Return whether a question is a statement with a tag: "If it gets worse come back, okay?"."""
    tag = _TAG.search(sentence.text)
    return tag is not None and len(sentence.text[: tag.start()].split()) >= _TAGGED_WORDS


def _say(script: Script, item: Item, *, answers: bool, limits: Limits) -> None:
    lang = script.lang
    if item.role == "patient":
        said = list(item.said)
        if not said:
            courtesy = [s for s in item.idle if s.size <= limits.turn // 2][:1]
            script.say("patient", courtesy, "" if courtesy else "listen")
            return
        weighed = [replace(s, worth=patient_worth(s, n, lang)) for n, s in enumerate(said)]
        first = [n == 0 and answers for n in range(len(said))]
        budget = _PATIENT_TURNS * limits.turn
        parts = pack(trim(weighed, budget, first), limits.turn, limits.turn)
        while len(parts) > _PATIENT_TURNS and budget > limits.turn:
            parts = fill(trim(weighed, budget, first), limits.turn)
            budget -= limits.turn // 6
        for number, part in enumerate(parts):
            if number:
                script.say("doctor", [], "continue")
            script.say("patient", part)
        return
    weighed = rated(item.said, lang) or list(item.said)
    final = len(weighed) - 1
    # The question that the patient answers next is kept like a warning.
    chosen = [
        replace(
            s,
            must=s.must or (s.question and n == final),
            worth=s.worth + 2.0 * s.question + 2.0 * bool(SAFETY_NET.search(s.text)),
        )
        for n, s in enumerate(weighed)
    ]
    size = sum(s.size for s in chosen)
    whole = size <= limits.turn
    asking = item.asks and size <= _ASKING_TURNS * limits.turn
    # An assessment with its plan for several problems takes more turns than any other advice.
    needed = -(-size * 5 // (limits.turn * 4))
    longest = min(max(limits.advice_turns, needed), limits.advice_turns + _MONOLOGUE)
    most = min(_ASKING_TURNS, limits.advice_turns) if asking else longest
    for number, part in enumerate([chosen] if whole else spread(chosen, limits, most)):
        if number:
            script.say("patient", [], "listen")
        script.say("doctor", part)

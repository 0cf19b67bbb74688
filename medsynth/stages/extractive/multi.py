"""A conversation of the source, cleaned and shortened; nothing is moved.

- Neighbours of one role become one turn; sentences without medical content go.
- It begins with what the patient says first where that needs no question before it; else with a greeting
  (the patient's own, or a frame) and the doctor's question, so that nothing is lost.
- An exchange in which nobody says anything medical goes as a whole. A question of the doctor is never
  lost while the patient's reply to it stays.
- A turn over the limit loses its least important sentences; a doctor's turn may become several, with the
  patient listening in between, a patient's turn two, with the doctor asking to go on.
- The formalities before the complaint (names, "can you hear me") go.
- At most `exchanges` exchanges: how it begins, and then those that hold most of the history, the assessment,
  the advice, and what to do if it gets worse.
- The doctor closes, with something said in the source, or with a frame after the patient's reply.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from medsynth.records import Reason, Rejected, Role
from medsynth.stages.extractive.advice import rated, spread
from medsynth.stages.extractive.pieces import Limits, Script, Sentence, pack, trim
from medsynth.stages.extractive.said import said_sentences
from medsynth.text.lexicon import LEXICONS
from medsynth.text.slots import HISTORY, scores

# Turns that one turn of the doctor may become when it ends by asking; one that needs more is an assessment.
_ASKING_TURNS = 2
# So many turns more than other advice may a doctor's monologue take.
_MONOLOGUE = 4
# The formalities of a consultation by telephone or video: who it is, and whether the line holds.
_FORMALITY = re.compile(
    r"\b(?:can|could|do) you (?:hear|see) me|\bdate of birth|\b(?:full|first|second|last) name"
    r"|\bconfirm (?:your|a few|some)|\b(?:private|confidential|quiet) (?:place|space|room|area)"
    r"|\byour address\b|\b(?:camera|microphone|video)\b"
    r"|姓名|怎么称呼|能听(?:到|见|清)",
    re.I,
)
_FORMAL_REPLY = {"en": 12, "zh": 16}
# What to do if it does not go as expected.
_SAFETY_NET = re.compile(
    r"\b(?:if|in case|should)\b(?=[^?!]{0,200}?\b(?:book|come back|come in|ring|call|phone|let (?:me|us)"
    r"|get back|get in touch|give (?:me|us)|speak to|see|go to|contact|seek)\b)"
    r"|(?:如果|若|要是|一旦|万一)[^。；]{1,50}(?:就诊|就医|复诊|复查|医院|联系|急诊|告诉我|来找)",
    re.I,
)
# Words (en) or characters (zh) of a doctor's turn that only acknowledges: "Okay."
_BARE = 3
_HELLO = re.compile(r"\W*(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day))\b|\w{0,3}[您你]好)", re.I)
# Exchanges at the beginning that are rather kept.
_BEGINNING = 3
# Exchanges at the end that are rather kept where the doctor says something of use in them.
_ENDING = 2
# A sentence of this length says something, whatever it leans on.
_MATTERS = 8
# So many exchanges are tried for a beginning.
_TRIES = 12
# Somebody is spoken of whom only the doctor has named.
_UNNAMED = re.compile(r"(?:(?!\bmy\b)[^.?!]){0,60}\b(?:he|she|him|her|his)\b", re.I)
# What a patient must say in all, in words (en) or characters (zh).
_ENOUGH = {"en": 8, "zh": 10}


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
        return 0 < sum(s.size for s in self.said) <= _BARE


def write(script: Script, limits: Limits) -> Rejected | dict[str, float]:
    """Write the dialogue into `script`; return its figures, or why there is none."""
    items = _items(script, limits)
    if not any(item.said for item in items if item.role == "patient"):
        return Rejected(Reason.NO_COMPLAINT, "")
    matter = _without_formalities(items, script.lang)
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
    for number, item in enumerate(items):
        _say(script, item, answers=number > 0 and items[number - 1].asks, limits=limits)
    if items[-1].role == "patient":
        script.say("doctor", [], "close")
    return {
        "source_turns_kept": float(len(items)),
        "doctor_questions": float(sum(item.asks for item in items if item.role == "doctor")),
    }


def _items(script: Script, limits: Limits) -> list[Item]:
    items: list[Item] = []
    for number, turn in enumerate(script.source):
        sentences = said_sentences(script.source, number, script.lang, limits.turn)
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


def _without_formalities(items: list[Item], lang: str) -> list[Item]:
    """Drop the exchanges before the complaint that only settle who speaks and whether the line holds."""
    lexicon = LEXICONS[lang]
    begins = next(
        (k for k, item in enumerate(items) if sum(s.size for s in item.said) > _BARE), 0
    )  # "Hello?"
    result: list[Item] = []
    n = begins
    while n + 1 < len(items) and n < 2 * _TRIES:
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
    told = [item for pair in whole if sum(s.size for s in pair[0].said) > _BARE for item in pair]
    return [*told, *items[n:]]


def _joined(left: Item, right: Item) -> Item:
    return Item(
        left.role,
        left.said + right.said,
        left.idle + right.idle,
        left.broken or right.broken,
        left.lost or right.lost,
    )


def _begun(items: list[Item], lang: str, exchanges: int) -> tuple[list[Sentence], list[Item]] | None:
    """Return the best beginning from which the patient tells something, and the items from there on."""
    for opening, rest in _openings(items, lang):
        said = _closed(_capped(_whole(_without_idle(rest)), exchanges, lang))
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
            bare = next((k for k, s in enumerate(item.said) if s.question or s.size > _BARE), 0)
            asked = replace(item, said=item.said[bare:])
            yield [s for s in courtesies if _HELLO.match(s.text)][:1], [asked, *items[n + 1 :]]
        if reply.role == "patient" and n + 1 > first and _stands(reply, False, lang):
            yield [], list(items[n + 1 :])
        if n >= _TRIES:
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


def _without_idle(items: Sequence[Item]) -> list[Item]:
    """Drop exchanges of pleasantries, join what then stands together, keep roles alternating."""
    result: list[Item] = []
    for place, item in enumerate(items):
        following = items[place + 1] if place + 1 < len(items) else None
        idle = not item.said
        if idle and item.role == "patient" and following is not None and following.said:
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
            block[0] = _afresh(block[0])
        gap = False
        result += block
    return result


def _afresh(item: Item) -> Item:
    """Return a doctor's item without the sentences at its start that lean on what has gone."""
    said = item.said
    begin = next((n for n, s in enumerate(said) if _fresh(s)), 0)
    if any(s.must or s.size > _MATTERS for s in said[:begin]):
        begin = next((n for n, s in enumerate(said) if s.size > _BARE), 0)  # more would be lost than gained
    return replace(item, said=said[begin:])


def _fresh(sentence: Sentence) -> bool:
    return not sentence.leans and (sentence.question or sentence.size > _BARE)


def _capped(items: list[Item], exchanges: int, lang: str) -> list[Item]:
    """Return at most `exchanges` exchanges: how it begins, then those that hold most of history and advice.

    What goes are whole exchanges, what the doctor says and the patient's reply to it. Where one has gone,
    the next begins without what leans on it.
    """
    if len(items) <= 2 * exchanges:
        return items
    head = items[: 1 if items[0].role == "patient" else 2]
    blocks = [items[n : n + 2] for n in range(len(head), len(items), 2)]
    worth = [_block_worth(block, lang) for block in blocks]
    for n in range(len(blocks)):
        # How it begins, and what the doctor says at the end.
        worth[n] += 2.0 * (n < _BEGINNING or (n >= len(blocks) - _ENDING and worth[n] > 0.5))
    best = sorted(range(len(blocks)), key=lambda n: (-worth[n], n))[: exchanges - 1]
    result = list(head)
    last = -1
    for n in sorted(best):
        block = blocks[n]
        result += block if n == last + 1 else [_afresh(block[0]), *block[1:]]
        last = n
    return result


def _block_worth(block: Sequence[Item], lang: str) -> float:
    """Return what an exchange is worth: advice most, then what is said of the illness."""
    lexicon = LEXICONS[lang]
    worth = 0.0
    if sum(s.size for s in block[0].said) <= _BARE:
        return worth  # what the patient says then hangs on an earlier question
    for sentence in (s for item in block for s in item.said):
        medical = bool(lexicon.symptom.search(sentence.text)) + bool(
            HISTORY & set(scores(sentence.text, lang))
        )
        worth += 0.5 * medical
    for sentence in (s for item in block if item.role == "doctor" for s in item.said if not s.question):
        worth += 3.0 * sentence.must + 1.0 * bool(lexicon.advice.search(sentence.text))
        worth += 0.5 * bool(lexicon.assessment.search(sentence.text))
        worth += 3.0 * bool(_SAFETY_NET.search(sentence.text))
    return worth


def _closed(items: list[Item]) -> list[Item]:
    """Return the items up to where it can end: a doctor's statement, or a reply to a question."""
    items = list(items)
    while items:
        last = items[-1]
        if last.role == "doctor":
            said = list(last.said)
            while any(s.question for s in said[-2:]):
                said.pop()
            while len(said) > 1 and said[-1].size <= _BARE:
                said.pop()
            if said and sum(s.size for s in said) > _BARE:
                items[-1] = replace(last, said=tuple(said))
                return items
            items.pop()
        else:
            asked = items[-2] if len(items) > 2 else None
            told = sum(s.size for s in last.said)
            if told and asked is not None and (asked.asks or (asked.brief and told > _BARE)):
                return items
            items.pop()
    return items


def _say(script: Script, item: Item, *, answers: bool, limits: Limits) -> None:
    lang = script.lang
    if item.role == "patient":
        said = list(item.said)
        if not said:
            courtesy = [s for s in item.idle if s.size <= limits.turn // 2][:1]
            script.say("patient", courtesy, "" if courtesy else "listen")
            return
        weighed = [replace(s, worth=_patient_worth(s, n, lang)) for n, s in enumerate(said)]
        first = [n == 0 and answers for n in range(len(said))]
        parts = pack(trim(weighed, 2 * limits.turn, first), limits.turn, limits.turn)
        if len(parts) > 2:
            parts = [trim(weighed, limits.turn, first)]
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
            worth=s.worth + 2.0 * s.question + 2.0 * bool(_SAFETY_NET.search(s.text)),
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


def _patient_worth(sentence: Sentence, place: int, lang: str) -> float:
    lexicon = LEXICONS[lang]
    worth = 3.0 * sentence.question + 2.0 * (place == 0)
    worth += 2.0 * bool(lexicon.symptom.search(sentence.text)) + 1.0 * any(c.isdigit() for c in sentence.text)
    return worth - 0.1 * place

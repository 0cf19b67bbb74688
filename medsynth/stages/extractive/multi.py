"""A conversation of the source, cleaned and shortened; nothing is moved.

- Neighbours of one role become one turn; sentences without medical content go.
- It begins with the first thing the patient says that needs no question before it.
- An exchange in which nobody says anything medical goes as a whole. A question of the doctor is never
  lost while the patient's reply to it stays.
- A turn over the limit loses its least important sentences; a doctor's turn may become several, with the
  patient listening in between.
- At most `exchanges` exchanges: the beginning, which holds together by itself, and where the last one
  does not answer a question, the last one too (it usually holds the advice).
- The doctor closes, with something said in the source, or with a frame after the patient's reply.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from medsynth.records import Reason, Rejected, Role
from medsynth.stages.extractive.advice import rated, spread
from medsynth.stages.extractive.pieces import (
    Limits,
    Script,
    Sentence,
    make_sentence,
    said_sentences,
    trim,
)
from medsynth.text.lexicon import LEXICONS

# Turns that one turn of the doctor may become when it ends by asking; else as many as any advice.
_ASKING_TURNS = 2
# Words (en) or characters (zh) of a doctor's turn that only acknowledges: "Okay."
_BARE = 3
# An assent before a whole sentence.
_ASSENT = {
    "en": re.compile(
        r"(?:yes|yeah|yep|well|um|uh|oh|so|okay|ok|sure|right)\b[^,.;]{0,12}[,.;]\s+(?=(?:i|my|he|she|we)\b)",
        re.I,
    ),
    "zh": re.compile(r"(?:是的?|有的?|对|嗯|好的)[，,。]\s*(?=我|孩子|宝宝|他|她|最近)"),
}


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


def write(script: Script, limits: Limits) -> Rejected | dict[str, float]:
    """Write the dialogue into `script`; return its figures, or why there is none."""
    items = _items(script, limits)
    if not any(item.said for item in items if item.role == "patient"):
        return Rejected(Reason.NO_COMPLAINT, "")
    start = _start(items, script.lang)
    if start is None:
        restated = [_restated(script, item) if item.role == "patient" else item for item in items]
        start = _start(restated, script.lang)
        if start is None:
            return Rejected(
                Reason.NO_COMPLAINT, "nothing the patient says stands without a question before it"
            )
        items[start] = restated[start]
    items = _whole(_without_idle(items[start:]))
    items = _closed(_capped(items, limits.exchanges))
    spoken = [item for item in items if item.role == "doctor" and item.said]
    if not spoken or items[0].role != "patient":
        return Rejected(Reason.NO_ADVICE, "the doctor says nothing that can close a consultation")
    if any(item.lost for item in items):
        return Rejected(Reason.UNSPEAKABLE, "a warning of the doctor cannot be said")
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


def _joined(left: Item, right: Item) -> Item:
    return Item(
        left.role,
        left.said + right.said,
        left.idle + right.idle,
        left.broken or right.broken,
        left.lost or right.lost,
    )


def _start(items: Sequence[Item], lang: str) -> int | None:
    """Return the place of the first patient turn that can open: it says something, not just a reply."""
    lexicon = LEXICONS[lang]
    for place, item in enumerate(items):
        if item.role != "patient" or not item.said:
            continue
        first = item.said[0]
        enough = sum(s.size for s in item.said) >= (5 if lang == "en" else 6)
        if place == 0 and (enough or first.question):
            return place
        if (
            enough
            and not lexicon.reply.match(first.text)
            and any(lexicon.symptom.search(s.text) for s in item.said)
        ):
            return place
    return None


def _restated(script: Script, item: Item) -> Item:
    """Leave out the "Yes," before a sentence that says by itself what is the matter."""
    if not item.said:
        return item
    first = item.said[0]
    span = first.spans[0]
    text = script.source[span.turn].text
    match = _ASSENT[script.lang].match(text, span.start, span.end)
    if match is None:
        return item
    shorter = make_sentence(script.source, span.turn, [(match.end(), first.spans[-1].end)], script.lang)
    return item if shorter.fate != "kept" else replace(item, said=(shorter, *item.said[1:]))


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
    """Return the items up to the first that cannot be said, and without which the next make no sense."""
    for place, item in enumerate(items):
        if item.broken and not item.said:
            return list(items[:place])
    return list(items)


def _capped(items: list[Item], exchanges: int) -> list[Item]:
    if len(items) <= 2 * exchanges:
        return items
    head, tail = items[: 2 * exchanges - 2], items[-2:]
    if tail[-1].role == "patient":
        tail = items[-3:-1]
    before = items[len(items) - 3] if items[-1].role == "doctor" else items[len(items) - 4]
    independent = tail[0].said and not before.asks and not tail[0].said[0].leans and not head[-1].asks
    if tail[0].role == "patient" and independent and tail[1].said and not tail[1].asks:
        return [*head, *tail]
    return items[: 2 * exchanges]


def _closed(items: list[Item]) -> list[Item]:
    """Return the items up to where it can end: a doctor's statement, or a reply to a question."""
    items = list(items)
    while items:
        last = items[-1]
        if last.role == "doctor":
            said = list(last.said)
            while said and said[-1].question:
                said.pop()
            if said and sum(s.size for s in said) > _BARE:
                items[-1] = replace(last, said=tuple(said))
                return items
            items.pop()
        else:
            if len(items) > 2 and last.said and items[-2].role == "doctor" and items[-2].asks:
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
        kept = trim(weighed, limits.turn, [n == 0 and answers for n in range(len(said))])
        script.say("patient", kept)
        return
    weighed = rated(item.said, lang) or list(item.said)
    final = len(weighed) - 1
    # The question that the patient answers next is kept like a warning.
    chosen = [replace(s, must=s.must or (s.question and n == final)) for n, s in enumerate(weighed)]
    whole = sum(s.size for s in chosen) <= limits.turn
    most = min(_ASKING_TURNS, limits.advice_turns) if item.asks else limits.advice_turns
    for number, part in enumerate([chosen] if whole else spread(chosen, limits, most)):
        if number:
            script.say("patient", [], "listen")
        script.say("doctor", part)


def _patient_worth(sentence: Sentence, place: int, lang: str) -> float:
    lexicon = LEXICONS[lang]
    worth = 3.0 * sentence.question + 2.0 * (place == 0)
    worth += 2.0 * bool(lexicon.symptom.search(sentence.text)) + 1.0 * any(c.isdigit() for c in sentence.text)
    return worth - 0.1 * place

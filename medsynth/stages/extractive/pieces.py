"""A sentence that can be said aloud with where it comes from, and turns built of such sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from medsynth.records import FrameRef, Kind, RawTurn, Role, Span, Turn
from medsynth.text.frames import FrameSet, Speaker
from medsynth.text.lexicon import LEXICONS
from medsynth.text.render import render, spans_of
from medsynth.text.sentences import length
from medsynth.text.speakable import speech_problems

Fate = Literal["kept", "idle", "heading", "unspeakable"]

_MARKED = re.compile(r"[.?!](?=\s|\Z)")
_ASKS_EN = re.compile(
    r"(?<!to )(?<!na )(?<!ll )(?<!will )"  # "i'll have you take it" asks nothing
    r"\b(?:do|does|did|have|has|had|are|is|were|was|can|could|would|will) (?:you|it|that|there|they|he|she|your)\b"
    r"|\b(?:what|how|when|where|why|which|who)(?:'s|'re)?\b|\bany\b",
    re.I,
)
_ASKS_ZH = re.compile(
    r"(?:有无|有没有|是不是|会不会)[^，。]{1,16}(?:呢|啊)?[^，。]{0,2}。\Z|[吗呢]。\Z|有无[^。]{1,14}呢，[^。]{1,14}。\Z"
)
# "1。5克": a decimal that would be read as two numbers.
_BROKEN_NUMBER = re.compile(r"\d。\d|\b\d\. \d")


# A dose in a transcript, where numbers are words: "fifteen milligrams".
_SPOKEN_DOSE = re.compile(r"\b[a-z]+ (?:milligram|microgram|milliliter|millilitre)s?\b", re.I)


@dataclass(frozen=True)
class Limits:
    """Bounds of what is made: `turn` in words (en) or characters (zh); counts of turns."""

    turn: int
    aim: int
    opening_share: float = 0.4
    followups: int = 6
    advice_turns: int = 6
    exchanges: int = 20


@dataclass(frozen=True)
class Sentence:
    """One sentence of the source with its spans, its text as said, and what depends on it."""

    spans: tuple[Span, ...]
    text: str
    size: int
    fate: Fate = "kept"
    leans: bool = False  # unclear without the sentence before
    must: bool = False  # a warning or a dose: never left out
    question: bool = False
    worth: float = 0.0
    group: int = 0  # other than 0: stays or goes with the others of its list
    about: int = 0  # other than 0: only says what an entry of this list is
    inner: int = 0  # other than 0: of a list within an entry of a list, not divided
    lead: Span | None = None  # what leads in the list that this is an entry of, to its colon
    lead_size: int = 0


@dataclass
class Script:
    """A dialogue being written: turns so far, and the frames used in it."""

    source: Sequence[RawTurn]
    lang: str
    frames: FrameSet
    seed: int
    dialogue: str
    speaker: Speaker
    kind: Kind = "qa"
    child: bool = False  # the patient is a child
    turns: list[Turn] = field(default_factory=list)
    used: list[str] = field(default_factory=list)

    def say(self, role: Role, sentences: Sequence[Sentence], frame: str = "") -> None:
        """Add a turn: a frame of the slot `frame`, if given, then the sentences."""
        origin: list[Span | FrameRef] = [self.frame(frame)] if frame else []
        group = 0
        if sentences and sentences[0].lead is not None:
            origin.append(sentences[0].lead)  # a list goes on in this turn
        for sentence in sentences:
            for n, span in enumerate(sentence.spans):
                last = origin[-1] if origin else None
                if isinstance(last, Span) and self._continues(last, span):
                    origin[-1] = Span(turn=span.turn, start=last.start, end=span.end)
                    continue
                if isinstance(last, Span) and n == 0 and group and group == sentence.group:
                    self._enumerate(origin, last, span)
                origin.append(span)
            group = sentence.group
        if origin:
            text = render(origin, self.source, self.lang)
            self.turns.append(Turn(role=role, text=text, origin=tuple(origin)))

    def _continues(self, last: Span, span: Span) -> bool:
        """Return whether two spans are neighbouring clauses of one sentence."""
        if last.turn != span.turn or last.end > span.start:
            return False
        text = self.source[span.turn].text
        gap = text[last.end : span.start]
        if "\n" in gap:
            return False
        return not gap.strip() and text[last.end - 1] in ",，、"

    def _enumerate(self, origin: list[Span | FrameRef], last: Span, span: Span) -> None:
        """Take the full stop from an entry of a list where the next follows: they are said as one sentence."""
        text = self.source[span.turn].text
        blank = text[last.end : span.start]
        if last.turn != span.turn or last.end > span.start or blank.strip() or "\n" in blank or not blank:
            return
        if text[last.end - 1] != "." or text[last.end - 2] == ".":
            return
        if last.end - last.start > 1:
            origin[-1] = Span(turn=last.turn, start=last.start, end=last.end - 1)
        elif len(origin) > 1 and isinstance(origin[-2], Span):
            origin.pop()  # nothing but the full stop, after a bracket

    def frame(self, slot: str) -> FrameRef:
        """Return a frame of `slot` that this dialogue does not have yet. Raises OutOfFrames."""
        chosen = self.frames.choose(slot, self.seed, self.dialogue, self.speaker, self.used)
        if chosen is None:
            raise OutOfFrames(slot)
        self.used.append(chosen.id)
        return FrameRef(frame=chosen.id, text=chosen.text)


class OutOfFrames(Exception):
    """A dialogue asks for more frames of a slot than there are."""


def make_sentence(
    source: Sequence[RawTurn], turn: int, ranges: Sequence[tuple[int, int]], lang: str
) -> Sentence:
    """Return the sentence(s) at these offsets as said; fate "unspeakable" when they cannot be."""
    raw = source[turn]
    spans: list[Span] = []
    broken = False
    for start, end in ranges:
        broken = broken or _BROKEN_NUMBER.search(raw.text, start, end) is not None
        found = spans_of(raw.text, turn, start, end, keep_brackets=raw.role == "patient" or lang == "zh")
        broken = broken or not found
        spans.extend(found)
    text = render(spans, source, lang) if spans and not broken else ""
    lexicon = LEXICONS[lang]
    fate: Fate = "unspeakable" if broken or not text or speech_problems(text) else "kept"
    return Sentence(
        spans=tuple(spans),
        text=text,
        size=length(text, lang),
        fate=fate,
        leans=lexicon.anaphor.match(text) is not None,
        must=any(
            lexicon.urgent.search(raw.text, start, end)
            or lexicon.dose.search(raw.text, start, end)
            or _SPOKEN_DOSE.search(raw.text, start, end)
            for start, end in ranges
        ),
        question=text.endswith(("?", "？")) or (lang == "en" and _asks_unmarked(raw, text)),
    )


def _asks_unmarked(raw: RawTurn, text: str) -> bool:
    """Return whether a doctor asks at the end of a transcript without marks."""
    if raw.role != "doctor" or _MARKED.search(raw.text):
        return False
    return _ASKS_EN.search(" ".join(text.split()[-10:])) is not None


def pack(sentences: Sequence[Sentence], limit: int, aim: int) -> list[list[Sentence]]:
    """Distribute sentences, in order, over as few turns of about `aim` and at most `limit` as it takes.

    A list that a turn can hold is not divided, nor is one within an entry of another; a turn in which a list goes
    on repeats its lead-in. A question stays with what its speaker says next where a turn can hold both: at the
    end of a turn the other side would have to answer.
    """
    if not sentences:
        return []
    total = sum(s.size for s in sentences)
    count = max(1, -(-total // aim))
    share = total / count
    turns: list[list[Sentence]] = [[]]
    size = whole = 0
    n = 0
    for block in _tied(sentences, limit):
        sentence, held = block[0], sum(s.size for s in block)
        begins = n == 0 or not sentence.group or sentences[n - 1].group != sentence.group
        whole = _size_of_list(sentences, n) if begins else whole
        ahead = max(whole, held) if begins and whole <= limit else held
        full = size and (size + ahead > limit or size + ahead / 2 > share)
        if not begins and whole <= limit and size + held <= limit:
            full = False  # within a list that this turn holds
        if full and not (sentence.leans and size + held <= limit and sentence.size <= limit // 3):
            turns.append([])
            size = 0
        size += held + (0 if turns[-1] else sentence.lead_size)
        turns[-1] += block
        n += len(block)
    return _answered(_balanced(turns, limit), limit)


def _tied(sentences: Sequence[Sentence], limit: int) -> list[list[Sentence]]:
    """Return the sentences in blocks that are not divided: a question and what follows it, a list in an entry."""
    blocks: list[list[Sentence]] = []
    size = 0
    for n, sentence in enumerate(sentences):
        before = sentences[n - 1] if n else None
        held = before is not None and (
            asks(before) or (sentence.inner > 0 and sentence.inner == before.inner)
        )
        if not held or size + sentence.size > limit:
            blocks.append([])
            size = sentence.lead_size
        blocks[-1].append(sentence)
        size += sentence.size
    return blocks


def fill(sentences: Sequence[Sentence], limit: int) -> list[list[Sentence]]:
    """Distribute sentences, in order, over turns as full as the limit allows."""
    turns: list[list[Sentence]] = []
    size = 0
    for sentence in sentences:
        if not turns or size + sentence.size > limit:
            turns.append([])
            size = 0
        turns[-1].append(sentence)
        size += sentence.size
    return turns


def _balanced(turns: list[list[Sentence]], limit: int) -> list[list[Sentence]]:
    """Return the turns with more in the last, where it would only be the end of a list."""
    last = turns[-1]
    size = sum(s.size for s in last)
    while len(turns) > 1 and len(turns[-2]) > 1 and size < limit // 5:
        moved = turns[-2][-1]
        if not last[0].group or moved.group != last[0].group or size + moved.size + moved.lead_size > limit:
            break
        if moved.inner:
            break
        last.insert(0, turns[-2].pop())
        size += moved.size
    return turns


def _size_of_list(sentences: Sequence[Sentence], place: int) -> int:
    """Return the length of the list, or the sentence, that begins at `place`."""
    size = sentences[place].size
    for sentence in sentences[place + 1 :]:
        if not sentence.group or sentence.group != sentences[place].group:
            break
        size += sentence.size
    return size


def _answered(turns: list[list[Sentence]], limit: int) -> list[list[Sentence]]:
    """Move a question from the end of a turn to where its speaker goes on."""
    for here, after in pairwise(turns):
        room = limit - sum(s.size for s in after)
        if len(here) > 1 and asks(here[-1]) and here[-1].size <= room:
            after.insert(0, here.pop())
    return turns


def asks(sentence: Sentence) -> bool:
    """Return whether a sentence puts a question, marked as one or not."""
    return sentence.question or _ASKS_ZH.search(sentence.text) is not None


def trim(sentences: Sequence[Sentence], budget: int, keep: Sequence[bool]) -> list[Sentence]:
    """Leave out the least worthy sentences until the rest is within `budget`.

    Never one marked in `keep`, and never one that the sentence after it leans on. A list goes as a whole;
    one that would take most of the budget loses entries, the last first.
    """
    lists: dict[int, list[int]] = {}
    for i, sentence in enumerate(sentences):
        if sentence.group:
            lists.setdefault(sentence.group, []).append(i)
    for group in [
        g for g, members in lists.items() if sum(sentences[i].size for i in members) * 10 > 7 * budget
    ]:
        del lists[group]
    together = {i: members for members in lists.values() for i in members}
    worths = [
        sum(sentences[j].worth for j in together[i]) / len(together[i]) if i in together else s.worth
        for i, s in enumerate(sentences)
    ]
    heads = {
        min(i for i, s in enumerate(sentences) if s.group == g) for g in {s.group for s in sentences} - {0}
    }
    left = list(range(len(sentences)))
    size = sum(s.size for s in sentences)
    while size > budget and len(left) > 1:
        leant = {left[n - 1] for n in range(1, len(left)) if sentences[left[n]].leans}
        free = [
            i
            for i in left
            if not keep[i]
            and i not in leant
            and not (i in heads and i not in together and _has_entries(i, left, sentences))
            and not any(keep[j] or (j in leant and j != i) for j in together.get(i, ()))
        ]
        if not free:
            break
        worst = min(free, key=lambda i: (worths[i], -i))
        gone = together.get(worst, [worst])
        if len(gone) >= len(left):
            break
        left = [i for i in left if i not in gone]
        size -= sum(sentences[i].size for i in gone)
    return [sentences[i] for i in left]


def _has_entries(lead: int, left: Sequence[int], sentences: Sequence[Sentence]) -> bool:
    """Return whether anything of the list that sentence `lead` begins is still there."""
    return any(i != lead and sentences[i].group == sentences[lead].group for i in left)

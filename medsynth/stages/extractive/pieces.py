"""Sentences of a source turn that can be said aloud, and turns built of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from medsynth.records import FrameRef, RawTurn, Role, Span, Turn
from medsynth.text.frames import FrameSet, Speaker
from medsynth.text.lexicon import LEXICONS
from medsynth.text.render import render, spans_of
from medsynth.text.sentences import length, split_clauses
from medsynth.text.slots import segments
from medsynth.text.speakable import speech_problems

Fate = Literal["kept", "idle", "unspeakable"]

_HEADING_RUN = re.compile(
    r"(?:[A-Z][\w'-]*,? (?:(?:of|and|the|for|to|in|with|or|by|on) )?){1,6}"
    r"(?:As|The|In|It|There|Most|If|When|This|These|For|Many|Some|Your|You|A|An|Because|While|Although|At|To"
    r"|Doctors?|People) [a-z]"
)
_CONDITIONAL_ZH = re.compile(
    r"\W*(?:如果|若|要是|假如|当|因为|由于|虽然|尽管|即使|只有|只要|除了|除非|无论|不管|为了|一旦|凡)|(?:的话|时|后|前|以后|之后|期间|情况下|的是|除此之外|此外|另外|同时|首先|其次|比如|例如|包括)\W*\Z"
)
# "1。5克": a decimal that would be read as two numbers.
_BROKEN_NUMBER = re.compile(r"\d。\d|\b\d\. \d")
_BOUND_ZH = re.compile(r"\W*(?:就|才|却|则|那|也|都|又|的|从而|以至|以免|导致|致使|引起|使|等)")
_EN_CUT = re.compile(r"(?:;|, (?:and|but|so)(?= (?:i|you|he|she|it|they|we|the|your|this|these|if)\b))", re.I)


@dataclass(frozen=True)
class Limits:
    """Bounds of what is made: `turn` in words (en) or characters (zh); counts of turns."""

    turn: int
    aim: int
    opening_share: float = 0.4
    followups: int = 5
    advice_turns: int = 4
    exchanges: int = 12


@dataclass(frozen=True)
class Sentence:
    """One sentence of the source with its spans, its text as said, and what depends on it."""

    spans: tuple[Span, ...]
    text: str
    size: int
    fate: Fate = "kept"
    leans: bool = False  # unclear without the sentence before
    must: bool = False  # a warning: never left out
    question: bool = False
    worth: float = 0.0


@dataclass
class Script:
    """A dialogue being written: turns so far, and the frames used in it."""

    source: Sequence[RawTurn]
    lang: str
    frames: FrameSet
    seed: int
    dialogue: str
    speaker: Speaker
    turns: list[Turn] = field(default_factory=list)
    used: list[str] = field(default_factory=list)

    def say(self, role: Role, sentences: Sequence[Sentence], frame: str = "") -> None:
        """Add a turn: a frame of the slot `frame`, if given, then the sentences."""
        origin: list[Span | FrameRef] = [self.frame(frame)] if frame else []
        for span in (span for sentence in sentences for span in sentence.spans):
            last = origin[-1] if origin else None
            if isinstance(last, Span) and self._continues(last, span):
                origin[-1] = Span(turn=span.turn, start=last.start, end=span.end)
            else:
                origin.append(span)
        if origin:
            text = render(origin, self.source, self.lang)
            self.turns.append(Turn(role=role, text=text, origin=tuple(origin)))

    def _continues(self, last: Span, span: Span) -> bool:
        """Return whether two spans are neighbouring clauses of one sentence."""
        if last.turn != span.turn or last.end > span.start:
            return False
        text = self.source[span.turn].text
        gap = text[last.end : span.start]
        return not gap.strip() and "\n" not in gap and text[last.end - 1] in ",，、"

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
        must=any(lexicon.urgent.search(raw.text, start, end) for start, end in ranges),
        question=text.endswith(("?", "？")),
    )


def said_sentences(source: Sequence[RawTurn], turn: int, lang: str, limit: int) -> list[Sentence]:
    """Return every sentence of a source turn, in order, with its fate: "idle" has no medical content."""
    raw = source[turn]
    lexicon = LEXICONS[lang]
    idle = lexicon.boilerplate if raw.role == "doctor" else lexicon.thanks
    lines = raw.text.count("\n")
    result: list[Sentence] = []
    for start, end in segments(raw.text, lang):
        body = raw.text[start:end]
        if lang == "zh":
            start, end = _without_courtesy(raw.text, start, end, idle)
        for left, right in shortened(raw.text, start, end, lang, limit):
            sentence = make_sentence(source, turn, [(left, right)], lang)
            if sentence.fate == "kept" and idle.search(sentence.text):
                sentence = replace(sentence, fate="idle")
            elif lang == "en" and raw.role == "doctor" and _is_heading(body, lines):
                sentence = replace(sentence, fate="unspeakable")
            if sentence.size > limit:
                sentence = replace(sentence, fate="unspeakable")
            result.append(sentence)
    return _without_orphans(result, raw)


def _without_courtesy(text: str, start: int, end: int, idle: re.Pattern[str]) -> tuple[int, int]:
    """Leave out courtesies at the end of a Chinese sentence ("，祝您健康"), where something else remains."""
    clauses = split_clauses(text, start, end, "zh")
    while len(clauses) > 1 and idle.search(text[slice(*clauses[-1])]):
        clauses.pop()
    return start, clauses[-1][1] if clauses else end


def _is_heading(body: str, lines: int) -> bool:
    """A heading, a list item, or a line that announces a list."""
    if body.rstrip().endswith(":") or _HEADING_RUN.match(body):
        return True
    return (
        lines > 1 and not body.rstrip().endswith((".", "!", "?", '."', ".)", ";")) and len(body.split()) < 16
    )


def shortened(text: str, start: int, end: int, lang: str, limit: int) -> list[tuple[int, int]]:
    """Cut a sentence that no turn can hold into clauses that stand alone, where there are such."""
    if length(text[start:end], lang) <= limit:
        return [(start, end)]
    if lang == "en":
        cuts = [m.start() + 1 for m in _EN_CUT.finditer(text, start, end)]
        clauses = [(a, b) for a, b in zip([start, *cuts], [*cuts, end], strict=True) if a < b]
    else:
        clauses = split_clauses(text, start, end, lang)
    parts: list[tuple[int, int]] = []
    left = clauses[0][0]
    whole = length(text[start:end], lang)
    aim = -(-whole // -(-whole // limit))  # balanced parts
    for here, following in pairwise(clauses):
        size = length(text[left : here[1]], lang)
        longer = length(text[left : following[1]], lang)
        clause, after = text[here[0] : here[1]], text[following[0] : following[1]]
        bound = lang == "zh" and (_CONDITIONAL_ZH.search(clause) or _BOUND_ZH.match(after))
        if longer > limit or (longer > aim and size > aim // 3 and not bound):
            parts.append((left, here[1]))
            left = following[0]
    parts.append((left, end))
    return parts


def _without_orphans(sentences: list[Sentence], raw: RawTurn) -> list[Sentence]:
    """Drop what leans on a sentence that cannot be said; greetings between them do not count."""
    result: list[Sentence] = []
    broken = False
    for sentence in sentences:
        current = sentence
        if current.fate == "kept" and current.leans and broken and not current.must and raw.role == "doctor":
            current = replace(current, fate="unspeakable")
        if current.fate == "unspeakable":
            broken = True
        elif current.fate == "kept":
            broken = False
        result.append(current)
    return result


def pack(sentences: Sequence[Sentence], limit: int, aim: int) -> list[list[Sentence]]:
    """Distribute sentences, in order, over as few turns of about `aim` and at most `limit` as it takes."""
    if not sentences:
        return []
    total = sum(s.size for s in sentences)
    count = max(1, -(-total // aim))
    share = total / count
    turns: list[list[Sentence]] = [[]]
    size = 0
    for sentence in sentences:
        full = size and (size + sentence.size > limit or size + sentence.size / 2 > share)
        if full and not (sentence.leans and size + sentence.size <= limit and sentence.size <= limit // 3):
            turns.append([])
            size = 0
        turns[-1].append(sentence)
        size += sentence.size
    return turns


def trim(sentences: Sequence[Sentence], budget: int, keep: Sequence[bool]) -> list[Sentence]:
    """Leave out the least worthy sentences until the rest is within `budget`.

    Never one marked in `keep`, and never one that the sentence after it leans on.
    """
    left = list(range(len(sentences)))
    size = sum(s.size for s in sentences)
    while size > budget and len(left) > 1:
        free = [
            i
            for place, i in enumerate(left)
            if not keep[i] and not (place + 1 < len(left) and sentences[left[place + 1]].leans)
        ]
        if not free:
            break
        worst = min(free, key=lambda i: (sentences[i].worth, -i))
        left.remove(worst)
        size -= sentences[worst].size
    return [sentences[i] for i in left]

"""Sentences of a source turn that can be said aloud, and turns built of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from medsynth.records import FrameRef, Kind, RawTurn, Role, Span, Turn
from medsynth.text.frames import FrameSet, Speaker
from medsynth.text.lexicon import LEXICONS
from medsynth.text.render import render, spans_of
from medsynth.text.sentences import length, speech_breaks, split_clauses
from medsynth.text.slots import segments
from medsynth.text.speakable import speech_problems

Fate = Literal["kept", "idle", "unspeakable"]

_HEADING_RUN = re.compile(
    r"(?:[A-Z][\w'-]*,? (?:(?:of|and|the|for|to|in|with|or|by|on) )?){1,6}"
    r"(?:As|The|In|It|There|Most|If|When|This|These|For|Many|Some|Your|You|A|An|Because|While|Although|At|To"
    r"|Doctors?|People) [a-z]"
)
# "Genetic Mutations Affecting Beta Cells."
_TITLES = {
    "en": re.compile(r"[A-Z][\w'-]*,?(?: (?:[A-Z][\w'-]*|of|and|the|for|to|in|with|or|by|on|a),?){2,11}\."),
    "zh": re.compile(
        r"(?:症状|辅助检查|检查项目|检查结果|诊断结果|初步诊断|诊断依据|治疗方案|治疗建议|现病史|病史摘要|既往史|体格检查|查体|总结|注意事项)。"
    ),
}
_MARKED = re.compile(r"[.?!](?=\s|\Z)")
_ASKS_EN = re.compile(
    r"\b(?:do|does|did|have|has|had|are|is|were|was|can|could|would|will) (?:you|it|that|there|they|he|she|your)\b"
    r"|\b(?:what|how|when|where|why|which|who)(?:'s|'re)?\b|\bany\b",
    re.I,
)
_CONDITIONAL_ZH = re.compile(
    r"\W*(?:如果|若|要是|假如|当|因为|由于|虽然|尽管|即使|只有|只要|除了|除非|无论|不管|为了|一旦|凡)|(?:的话|时|后|前|外|以后|之后|期间|情况下|的同时|的是|除此之外|此外|另外|同时|首先|其次|比如|例如|包括)\W*\Z"
)
# "1。5克": a decimal that would be read as two numbers.
_BROKEN_NUMBER = re.compile(r"\d。\d|\b\d\. \d")
_BOUND_ZH = re.compile(
    r"\W*(?:就|才|却|则|那|也|都|又|的|从而|以(?!上|下|前|后)|导致|致使|引起|使|等|尤其|特别是|甚至|并(?!发)|或|而(?!且)|且|还(?!有)|和|与|及)"
)
# Where a new thought begins.
_FRESH_ZH = re.compile(
    r"\W*(?:建议|如果|若|要是|但|不过|同时|另外|此外|平时|平常|因此|所以|一定|注意|可以|首先|其次|再次|最后|在|对于|患者|您|你|一般|目前"
    r"|应|需要|必要|饮食|生活|避免|其中|其实|由于|因为|当|这|除了|针对|而且)"
)
# Clauses that promise another one.
_DANGLING_ZH = re.compile(
    r"\A\W*(?:如果|如有|若|要是)|(?:外|之外|的同时|期间|的话|方面|与此同时|此外|另外)\W*\Z"
)
_EN_CUT = re.compile(r"(?:;|, (?:and|but|so)(?= (?:i|you|he|she|it|they|we|the|your|this|these|if)\b))", re.I)


@dataclass(frozen=True)
class Limits:
    """Bounds of what is made: `turn` in words (en) or characters (zh); counts of turns."""

    turn: int
    aim: int
    opening_share: float = 0.4
    followups: int = 6
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
    must: bool = False  # a warning or a dose: never left out
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
    kind: Kind = "qa"
    child: bool = False  # the patient is a child
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
        must=any(
            lexicon.urgent.search(raw.text, start, end) or lexicon.dose.search(raw.text, start, end)
            for start, end in ranges
        ),
        question=text.endswith(("?", "？")) or (lang == "en" and _asks_unmarked(raw, text)),
    )


def _asks_unmarked(raw: RawTurn, text: str) -> bool:
    """Return whether a doctor asks at the end of a transcript without marks."""
    if raw.role != "doctor" or _MARKED.search(raw.text):
        return False
    return _ASKS_EN.search(" ".join(text.split()[-10:])) is not None


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
            heading = _TITLES[lang].fullmatch(sentence.text) if raw.role == "doctor" else None
            if sentence.fate == "kept" and (heading or idle.search(sentence.text)):
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
    whole = len(clauses)
    while len(clauses) > 1 and (
        idle.search(text[slice(*clauses[-1])])
        or (len(clauses) < whole and _DANGLING_ZH.search(text[slice(*clauses[-1])]))
    ):
        clauses.pop()
    if not clauses or (len(clauses) < whole and _DANGLING_ZH.search(text[slice(*clauses[-1])])):
        return start, end  # all of it is courtesy
    return start, clauses[-1][1]


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
        cuts += sorted(at for at in speech_breaks(text) if start < at < end) if not cuts else []
        clauses = [(a, b) for a, b in zip([start, *cuts], [*cuts, end], strict=True) if a < b]
    else:
        clauses = split_clauses(text, start, end, lang)
    parts: list[tuple[int, int]] = []
    left, first = clauses[0][0], 0
    rest = length(text[left:end], lang)
    while rest > limit and first < len(clauses) - 1:
        aim = -(-rest // -(-rest // limit))  # balanced parts
        best, worth = first, (-9, 0)
        for n in range(first, len(clauses) - 1):
            size = length(text[left : clauses[n][1]], lang)
            if size > limit and n > first:
                break
            fit = 0
            if lang == "zh":
                here, after = text[slice(*clauses[n])], text[slice(*clauses[n + 1])]
                fit = 1 if _FRESH_ZH.match(after) else 0
                fit -= 3 * (_CONDITIONAL_ZH.search(here) is not None or _BOUND_ZH.match(after) is not None)
            fit -= 2 * (size < aim // 3)
            worth, best = max((worth, best), ((fit, -abs(size - aim)), n))
        parts.append((left, clauses[best][1]))
        first = best + 1
        left = clauses[first][0]
        rest = length(text[left:end], lang)
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

"""Lists and headings in an English answer: a lead-in keeps its entries, a bare heading is not said.

Encyclopedias write in lists ("Symptoms include: Fever. Cough.") and in definitions ("The following tests may
be used: Biopsy: The removal of cells ..."). Said with a part of its entries, such a sentence is no longer true
to its source; so what belongs to one list carries the same `group` and stays or goes as a whole. Of a
definition only the term belongs to the list, what it is may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from medsynth.records import RawTurn, Span
from medsynth.stages.extractive.pieces import Sentence, make_sentence

_FINITE = re.compile(
    r"\b(?:is|are|was|were|am|has|have|had|do|does|did|can|could|may|might|must|should|will|would|cannot"
    r"|helps?|causes?|includes?|affects?|needs?|occurs?|makes?|gets?|becomes?|shows?|begins?|appears?|depends?"
    r"|happens?|works?|tends?|leads?|means?|remains?|[a-z]+n't)\b"
)
# "Sputum, which you cough up, may contain mucus" is a statement.
_ASIDE = re.compile(r", (?:which|who|whose|where)\b[^,]*,")
_RELATIVE = re.compile(
    r",? \b(?:that|which|who|whose|when|where|if|because|while|until|for people)\b.*", re.S
)
_SUBJECT = re.compile(
    r"(?:it|they|you|we|there|this|these|those|if|when|most|in|although|because|however)\b", re.I
)
# "..., which includes the following: ..." inside an entry does not make a statement of it.
_NESTED = re.compile(r"(?:, |\bwhich )includ(?:es?|ing)(?: the following)?:", re.I)
_LEAD = re.compile(
    r"[^.:]*\b(?:includ(?:es?|ing)|are|is|be|as follows|such as|by|if you(?: have)?|to|called|of cells|have|used"
    r"|(?:these|following)[^.:]{0,60}"
    r"|(?:two|three|four|five|six|seven|several|many|main|common|general|other) (?:\w+ ){0,3}\w+s\b[^.:;]{0,60})"
    r"\s*:(?=\s|\Z)",
    re.I,
)
# "Biopsy: The removal of cells": the term is at most so long; it may be one of several kinds ("Lung: Biopsy: ...").
_TERM = re.compile(r"[A-Z][^.:?!]{1,90}(?:: [A-Z][^.:?!]{1,90})?(?=: [A-Z])")
_LONGEST_ENTRY = 40
_MOST_ENTRIES = 30
_HEADING_WORDS = 8
_TERM_WORDS = 11
# A lead-in of so many words is repeated where its list goes on in another turn.
_REPEATED_WORDS = 20
_ECHO_WORDS = 4
# A sentence that shares so many words with a definition is part of it.
_SHARED_WORDS = 2
_COMMON = frozenset(
    ("other", "there", "these", "which", "about", "check", "called", "cancer", "doctor", "patient", "health")
)
_SMALL = frozenset(
    ("a", "an", "the", "of", "and", "or", "for", "to", "in", "with", "by", "on", "at", "from", "your")
)


def is_fragment(text: str) -> bool:
    """Return whether a sentence is an entry of a list rather than a statement: no finite verb of its own."""
    body = _NESTED.split(text)[0]
    if len(text.split()) > _LONGEST_ENTRY or text.endswith("?"):
        return False
    return not _SUBJECT.match(body) and _FINITE.search(_RELATIVE.sub("", _ASIDE.sub("", body))) is None


def _lead(text: str) -> re.Match[str] | None:
    """Return what leads a list in at the start of a sentence, to its colon."""
    return _LEAD.match(text) if ":" in text else None


def _names(text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
    """Return the term that a definition begins with: a name, no statement."""
    match = _TERM.match(text, start, len(text) if end is None else end)
    if match is None or "," in match[0] or _FINITE.search(match[0]) or len(match[0].split()) > _TERM_WORDS:
        return None
    return match


def find_lists(
    sentences: Sequence[Sentence], source: Sequence[RawTurn], turn: int, bare: set[int]
) -> list[Sentence]:
    """Return the sentences with the lists marked: entries by `group`, terms apart from their definitions.

    `bare` holds the places of lines that were taken for headings or that announce a list: in a list they are
    said after all. What a warning leads in is a warning.
    """
    text = source[turn].text
    result: list[Sentence] = []
    group = 0
    place = 0
    while place < len(sentences):
        lead = sentences[place]
        entries = _entries(sentences, place, bare, text)
        if not entries:
            result.append(_silenced(lead, place in bare))
            place += 1
            continue
        group += 1
        must = lead.must
        meaning = ""
        begun = len(result)
        for n in range(place, entries[-1] + 1):
            sentence = sentences[n]
            if n != place and n not in entries:
                result.append(replace(sentence, about=group))
                continue
            parts = _term(sentence, source, turn)
            if parts is None:
                result.append(replace(sentence, group=group, must=must or sentence.must))
            else:
                result.append(replace(parts[0], group=group, must=must or parts[0].must))
                result.append(replace(parts[1], about=group))
                meaning = sentence.text
        result[begun:] = _led(_nested(result[begun:]), group, text)
        place = entries[-1] + 1
        while meaning and place < len(sentences) and _goes_on(meaning, sentences[place]):
            meaning = f"{meaning} {sentences[place].text}"
            result.append(replace(sentences[place], about=group))
            place += 1
    return result


def _nested(members: list[Sentence]) -> list[Sentence]:
    """Return a list with what belongs to a list inside one of its entries marked by `inner`.

    The inner list ends where an entry begins as the one that holds it does ("Having ..."), or with the outer.
    """
    inner = 0
    alike = False
    result: list[Sentence] = []
    for n, member in enumerate(members):
        gerund = re.match(r"[A-Z][a-z]+ing\b", _entry(member.text)) is not None
        if inner and alike and gerund:
            inner = 0
        if member.group and _NESTED.search(member.text):
            # The first entry stands in the sentence with its lead-in.
            inner, alike = n + 1, gerund
        result.append(replace(member, inner=inner) if inner and member.group else member)
    return result


def _entry(text: str) -> str:
    """Return an entry without what leads its list in."""
    lead = None if _NESTED.search(text.split(":")[0] + ":") else _lead(text)
    return text[lead.end() :].strip() if lead else text


def _led(members: list[Sentence], group: int, text: str) -> list[Sentence]:
    """Return a list whose entries know what leads them in, where that is short enough to be said again."""
    head = members[0].spans[0]
    lead = _lead(text[head.start : members[0].spans[-1].end])
    if lead is None or "(" in lead[0] or "\n" in lead[0] or len(lead[0].split()) > _REPEATED_WORDS:
        return members
    span = Span(turn=head.turn, start=head.start, end=head.start + lead.end())
    size = len(lead[0].split())
    return [
        replace(member, lead=span, lead_size=size)
        if n and member.group == group and "\n" not in text[span.end : member.spans[0].start]
        else member
        for n, member in enumerate(members)
    ]


def _goes_on(meaning: str, sentence: Sentence) -> bool:
    """Return whether a sentence after the last definition of a list still says what that entry is."""
    if sentence.fate != "kept" or _lead(sentence.text):
        return False
    return sentence.leans or len(_content(meaning) & _content(sentence.text)) >= _SHARED_WORDS


def _content(text: str) -> set[str]:
    return {_stem(word) for word in re.findall(r"[a-z]{5,}", text.lower())} - _COMMON


def _silenced(sentence: Sentence, bare: bool) -> Sentence:
    return replace(sentence, fate="unspeakable") if bare and sentence.fate == "kept" else sentence


def _entries(sentences: Sequence[Sentence], place: int, bare: set[int], text: str) -> list[int]:
    """Return the places of what belongs to the list that sentence `place` leads in, itself first; [] when none."""
    lead = sentences[place]
    if lead.fate != "kept" or not lead.spans or lead.question:
        return []
    said = text[lead.spans[0].start : lead.spans[-1].end]
    match = _lead(said)
    if match is None and not (place in bare and said.endswith(":")):
        return []
    rest = said[match.end() :].strip() if match else ""
    defined = _names(rest) is not None
    found = [place]
    n = place + 1
    last = place
    while n < len(sentences) and len(found) < _MOST_ENTRIES:
        entry = sentences[n]
        if entry.fate != "kept" or not entry.spans:
            break
        body = text[entry.spans[0].start : entry.spans[-1].end]
        if defined:
            if _names(body) and not _lead(body):
                found.append(n)
                last = n
            elif _lead(body) or _TERM.match(body) or n - last > 12:
                break
        elif (is_fragment(entry.text) or n in bare) and not _leads(body):
            found.append(n)
        else:
            break
        n += 1
    return found if len(found) > 1 else []


def _leads(body: str) -> bool:
    """Return whether a sentence leads in a list of its own, not one inside an entry of another."""
    lead = _lead(body)
    return lead is not None and _NESTED.search(lead[0]) is None


def _term(sentence: Sentence, source: Sequence[RawTurn], turn: int) -> tuple[Sentence, Sentence] | None:
    """Return the term of a definition (with what leads the list in) and the definition; None where it is none."""
    if not sentence.spans or sentence.must:
        return None
    text = source[turn].text
    begin, end = sentence.spans[0].start, sentence.spans[-1].end
    lead = _lead(text[begin:end])
    start = begin + (lead.end() if lead else 0)
    start += len(text[start:end]) - len(text[start:end].lstrip())
    match = _names(text, start, end)
    if match is None:
        return None
    term = make_sentence(source, turn, [(begin, match.end())], "en")
    meaning = make_sentence(source, turn, [(match.end() + 2, end)], "en")
    if term.fate != "kept" or meaning.fate != "kept":
        return None
    return term, replace(meaning, leans=True)


def is_echoed(heading: str, following: str) -> bool:
    """Return whether a bare heading ("Ultrasound exam.") only names what the next sentence begins with."""
    words = [w.strip(".,()").lower() for w in heading.split()]
    if not 0 < len(words) <= _HEADING_WORDS or _FINITE.search(heading.lower()) or not heading.endswith("."):
        return False
    names = {_stem(w) for w in words} - _SMALL
    names.add("".join(w[0] for w in words if w and w not in _SMALL))
    begins = [_stem(w.strip(".,()").lower()) for w in following.split()[:_ECHO_WORDS]]
    return any(word in names for word in begins if word not in _SMALL)


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word

"""Where nothing may be inserted, and the proof that an insertion left every medical fact as it was."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from medsynth.text.facts.compare import check
from medsynth.text.facts.extract import facts
from medsynth.text.facts.model import Fact
from medsynth.text.spoken import aligned_form

Stretch: TypeAlias = tuple[int, int]

_NUMBER_EN = re.compile(
    r"\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    r"seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|"
    r"half|quarter|once|twice|first|second|third|point|per|percent|degrees?|milli\w+|micro\w+|kilo\w+|grams?|"
    r"lit(?:er|re)s?|units?|tablets?|pills?|capsules?|doses?|puffs?|drops?|a\.m|p\.m|o'clock)\b",
    re.I,
)
# A number with what it counts: the two characters behind it are its unit more often than not.
_NUMBER_ZH = re.compile(
    r"第?[零〇一二两三四五六七八九十百千万亿半几点]{1,12}(?:[个多来余]{0,2}[^，。！？；：、\s]{0,2})?"
)
_LETTERS = re.compile(r"\b[A-Za-z](?: [A-Za-z])+\b|[A-Z]{2,}")
_GAP = re.compile(r"[\s\-]*")


def protected(written: str, spoken: str, lang: str) -> list[Stretch]:
    """Return the stretches of `spoken` that are to be left whole, in order, none touching another.

    These are the facts that the guard reads in it, every number with its unit, whatever was written in digits,
    signs or capitals, and what stands between two of them without a word.
    """
    zh = lang.split("-")[0].lower() == "zh"
    found = [(fact.start, fact.end) for fact in facts(spoken, lang)]
    found += [m.span() for m in (_NUMBER_ZH if zh else _NUMBER_EN).finditer(spoken)]
    found += [m.span() for m in _LETTERS.finditer(spoken)]
    form, spans = aligned_form(written, lang)
    if form == spoken:
        for span in spans:
            said = written[span.written[0] : span.written[1]]
            if any(c.isdigit() for c in said) or _LETTERS.search(said):
                found.append(span.spoken)
    merged: list[Stretch] = []
    for start, end in sorted(found):
        if merged and (start <= merged[-1][1] or _GAP.fullmatch(spoken, merged[-1][1], start)):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def inside(place: int, stretches: Sequence[Stretch]) -> bool:
    """Tell whether text inserted before character `place` would part a stretch."""
    return any(start < place < end for start, end in stretches)


def touches(start: int, end: int, stretches: Sequence[Stretch]) -> bool:
    """Tell whether `start:end` shares a character with a stretch."""
    return any(start < b and a < end for a, b in stretches)


def same_facts(before: str, after: str, lang: str) -> bool:
    """Tell whether two texts have equal facts, and the guard finds nothing that one says and the other does not.

    What it finds of a text beside itself (it reads some denials two ways) is no difference.
    """
    if Counter(map(_content, facts(before, lang))) != Counter(map(_content, facts(after, lang))):
        return False
    found = _differences(before, after, lang)
    return not found or found <= _differences(before, before, lang)


def _differences(before: str, after: str, lang: str) -> Counter[tuple[str, str]]:
    return Counter((f.kind, f.status) for f in check(before, after, lang).findings if f.status != "kept")


def _content(fact: Fact) -> tuple[str, str, str, bool, str, bool]:
    return fact.kind, fact.value, fact.of, fact.negated, fact.number, fact.vague

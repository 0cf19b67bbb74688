"""The medical facts of a Chinese text."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from functools import lru_cache

from medsynth.text.facts.extract_zh_gists import gists
from medsynth.text.facts.extract_zh_named import named
from medsynth.text.facts.extract_zh_names import Name, names
from medsynth.text.facts.extract_zh_numbers import flatten
from medsynth.text.facts.extract_zh_polarity import polarity
from medsynth.text.facts.extract_zh_quantities import quantities
from medsynth.text.facts.model import Fact, Statement

# 大枣5枚 behind another drug and a comma: what no list holds has a dose of its own.
_OF_OTHER = re.compile(
    r"[,，、;；\s](?:(?![每次日天服用口剂量晚早饭后前吃约为予给第共连各加到至或及和从再先均都可])[\u4e00-\u9fff]){2,6}\Z"
)
_SENTENCE = re.compile(r"[。！？!?\n]")


def extract(text: str) -> list[Fact]:
    """Return the facts of a Chinese text in the order they stand in it."""
    flat, known = _read(text)
    medicines = [name for name in known if name.kind == "drug"]
    found = [
        *_with_drugs(text, list(_amounts(text)), medicines),
        *named(text, flat, known),
        *_polarity(text)[1],
    ]
    found.sort(key=lambda fact: (fact.start, fact.end))
    return found


def statements(text: str) -> list[Statement]:
    """Return the clauses of a Chinese text with the polarity of their terms, and its pieces with their gists."""
    found = [*_polarity(text)[0], *gists(text, _read(text)[1], _amounts(text))]
    found.sort(key=lambda statement: statement.start)
    return found


@lru_cache(maxsize=8)
def _read(text: str) -> tuple[str, tuple[Name, ...]]:
    flat = flatten(text)
    return flat, tuple(names(text, flat))


@lru_cache(maxsize=8)
def _amounts(text: str) -> tuple[Fact, ...]:
    flat, known = _read(text)
    return tuple(quantities(text, flat, known))


@lru_cache(maxsize=8)
def _polarity(text: str) -> tuple[list[Statement], list[Fact]]:
    return polarity(text, _read(text)[1])


def _with_drugs(text: str, amounts: list[Fact], medicines: list[Name]) -> list[Fact]:
    """Give each dose and frequency the drug it is said of.

    It is the one right behind it (2片布洛芬), else the last before it in the sentence.
    """
    if not medicines:
        return amounts
    starts = [name.start for name in medicines]
    bounds = [0, *(match.end() for match in _SENTENCE.finditer(text))]
    done: list[Fact] = []
    for fact in amounts:
        if fact.kind not in ("dose", "frequency"):
            done.append(fact)
            continue
        low = bounds[bisect_right(bounds, fact.start) - 1]
        k = bisect_right(starts, fact.start)
        before = medicines[k - 1] if k and medicines[k - 1].start >= low else None
        after = medicines[k] if k < len(medicines) else None
        if fact.kind == "dose" and after is not None and text[fact.end : after.start] in ("", "的", " "):
            before = after
        if before is not None and fact.kind == "dose" and _OF_OTHER.search(text, before.end, fact.start):
            before = None
        done.append(replace(fact, of=before.value) if before else fact)
    return done

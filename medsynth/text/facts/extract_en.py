"""The medical facts of an English text."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from functools import lru_cache

from medsynth.text.facts.allergies_en import allergies
from medsynth.text.facts.model import Fact, Statement
from medsynth.text.facts.polarity_en import read_polarity
from medsynth.text.facts.quantities_en import quantities
from medsynth.text.facts.sides_en import sides
from medsynth.text.facts.terms_en import drugs, named
from medsynth.text.facts.tokens_en import Tokens, tokenise


def extract(text: str) -> list[Fact]:
    """Return the facts of an English text in the order they stand in it."""
    t = _tokens(text)
    medicines, _ = drugs(t)
    amounts = _with_drugs(t, quantities(t), medicines)
    _, denials = _polarity(text)
    found = [*medicines, *amounts, *sides(t), *named(t), *allergies(t), *denials]
    found.sort(key=lambda fact: (fact.start, fact.end))
    return found


def statements(text: str) -> list[Statement]:
    """Return the clauses of an English text with the polarity of their terms."""
    return _polarity(text)[0]


@lru_cache(maxsize=2)
def _polarity(text: str) -> tuple[list[Statement], list[Fact]]:
    return read_polarity(_tokens(text))


@lru_cache(maxsize=2)
def _tokens(text: str) -> Tokens:
    return tokenise(text)


def _with_drugs(t: Tokens, amounts: list[Fact], medicines: list[Fact]) -> list[Fact]:
    """Give each dose and frequency the drug it is said of: the one right behind it ("20 mg of X"), else the last before
    it in the sentence, else the next one in the sentence."""
    if not medicines:
        return amounts
    starts = [fact.start for fact in medicines]
    bounds = [t.starts[first] for first, _, _ in t.sentences]
    done: list[Fact] = []
    for fact in amounts:
        if fact.kind not in ("dose", "frequency"):
            done.append(fact)
            continue
        sentence = bisect_right(bounds, fact.start) - 1
        low = bounds[sentence]
        high = bounds[sentence + 1] if sentence + 1 < len(bounds) else len(t.text)
        k = bisect_right(starts, fact.start)
        after = medicines[k] if k < len(medicines) and medicines[k].start < high else None
        before = medicines[k - 1] if k and medicines[k - 1].start >= low else None
        chosen = before or after
        if after is not None and fact.kind == "dose":
            between = t.text[fact.end : after.start]
            if len(between) <= 4 and between.strip() in ("", "of"):
                chosen = after
        done.append(replace(fact, of=chosen.value) if chosen else fact)
    return done

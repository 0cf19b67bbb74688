"""What stands near a fact: the terms around it tell which fact of another text it answers to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from medsynth.text.facts.model import Fact, Statement

_REACH = 70  # characters on either side


class Contexts:
    """The terms that stand near a fact."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        terms = [(term.start, term.name) for statement in statements for term in statement.terms]
        terms.sort()
        self.starts = [start for start, _ in terms]
        self.names = [name for _, name in terms]
        self._cache: dict[int, frozenset[str]] = {}

    def near(self, fact: Fact) -> frozenset[str]:
        """Return the names of the terms near a fact."""
        cached = self._cache.get(id(fact))
        if cached is None:
            low = bisect_left(self.starts, fact.start - _REACH)
            high = bisect_left(self.starts, fact.end + _REACH)
            cached = self._cache[id(fact)] = frozenset(self.names[low:high])
        return cached

    def shared(self, fact: Fact, other: Contexts, fact_there: Fact) -> int:
        """Return how many terms stand near both facts, each in its own text."""
        return len(self.near(fact) & other.near(fact_there))

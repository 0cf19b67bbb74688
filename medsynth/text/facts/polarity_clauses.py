"""The statements of two texts as clauses that can be laid side by side by the terms they share."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from medsynth.text.facts.model import Statement, Term

ENOUGH = 2  # shared terms that make two statements comparable
_SHARE = 0.5  # of the shorter one's terms
_CLOSE = 0.75  # a second statement this near to the best one has a say too


@dataclass(slots=True)
class Clause:
    """A statement's terms by name."""

    statement: Statement
    denied: dict[str, Term] = field(default_factory=dict)
    asserted: dict[str, Term] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class Places:
    """Finds the statement that a term of a text stands in."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.statements = statements
        self.starts = [statement.start for statement in statements]

    def statement_of(self, term: Term) -> Statement | None:
        """Return the statement of a term, None where there is none."""
        at = bisect_right(self.starts, term.start) - 1
        return self.statements[at] if at >= 0 else None


def clauses_of(statements: Iterable[Statement]) -> list[Clause]:
    """Return the clauses of a text: of each statement what it asserts, what it denies, and all it names."""
    clauses = []
    for statement in statements:
        denied: dict[str, Term] = {}
        asserted: dict[str, Term] = {}
        opened: list[str] = []
        for term in statement.terms:
            if term.polarity == "asserted":
                asserted.setdefault(term.name, term)
            elif term.polarity == "denied":
                denied.setdefault(term.name, term)
            else:
                opened.append(term.name)
        names = {*asserted, *denied, *opened}
        # Said both ways in one statement, or asked: no side is taken.
        if denied and asserted:
            opened += denied.keys() & asserted.keys()
        for name in opened:
            denied.pop(name, None)
            asserted.pop(name, None)
        clauses.append(Clause(statement, denied, asserted, names))
    return clauses


class Neighbours:
    """For each statement of one text, those of the other that say the same, the best first."""

    def __init__(self, clauses: list[Clause], others: list[Clause]) -> None:
        self.clauses, self.others = clauses, others
        self._index: dict[str, list[int]] = {}
        for number, clause in enumerate(others):
            for name in clause.names:
                self._index.setdefault(name, []).append(number)
        self._near: dict[int, list[int]] = {}

    def near(self, number: int) -> list[int]:
        """Return the numbers of the statements of the other text that say the same as statement `number`."""
        known = self._near.get(number)
        if known is None:
            known = self._near[number] = self._nearest(self.clauses[number])
        return known

    def _nearest(self, clause: Clause) -> list[int]:
        counts: dict[int, int] = {}
        for name in clause.names:
            for number in self._index.get(name, ()):
                counts[number] = counts.get(number, 0) + 1
        size = len(clause.names)
        scored = []
        for number, shared in counts.items():
            longer, shorter = sorted((size, len(self.others[number].names)), reverse=True)
            share = shared / shorter
            alone = shorter == 1 and longer <= 2  # "it is not serious": all that two statements could share
            if (shared >= ENOUGH and share >= _SHARE) or alone:
                scored.append((shared * share, -number))
        if not scored:
            return []
        scored.sort(reverse=True)
        least = scored[0][0] * _CLOSE
        return [-number for score, number in scored if score >= least]

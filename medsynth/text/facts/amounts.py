"""Comparing quantities: every one of the rewriting must trace to one of the source.

Equal values trace to each other whatever they are read as (a dose or a plain number). A number said without its
unit traces to the same number with one. What a quantity is said of (the drug of a dose, the analyte of a value)
is compared where both texts tell it, so that two doses that changed places are noticed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from medsynth.text.facts.contexts import Contexts
from medsynth.text.facts.findings import finding
from medsynth.text.facts.model import Fact, Finding, Severity

AMOUNTS = frozenset(("dose", "frequency", "duration", "age", "temperature", "vital", "lab", "number"))
_CRITICAL = frozenset(("dose", "frequency"))
# Kinds whose `of` says which of several values is meant.
_OWNED = frozenset(("dose", "frequency", "lab", "vital"))
_SMALL = 10


def compare_amounts(
    source: Sequence[Fact],
    rewrite: Sequence[Fact],
    known: Contexts,
    said: Contexts,
) -> list[Finding]:
    """Return what became of the quantities; `known` and `said` tell what stands near each in source and rewriting."""
    by_value: dict[str, list[Fact]] = {}
    by_number: dict[str, list[Fact]] = {}
    for fact in source:
        by_value.setdefault(fact.value, []).append(fact)
        if fact.number:
            by_number.setdefault(fact.number, []).append(fact)
            if "-" in fact.number:
                for end in fact.number.split("-"):
                    by_number.setdefault(end, []).append(fact)
    pairs = {(fact.of, fact.value) for fact in rewrite}
    values = {fact.value for fact in rewrite}  # a bare number's value is the number itself
    lost = [
        fact for fact in source if not fact.vague and fact.value not in values and fact.number not in values
    ]
    found: list[Finding] = []
    used: set[int] = set()
    uses: Counter[int] = Counter()
    for fact in rewrite:
        origins = _origins(fact, by_value, by_number)
        if not origins:
            if not fact.vague:
                found.append(_stranger(fact, source, lost, known, said))
            continue
        swapped = _swapped(fact, origins, source, pairs)
        if swapped is not None:
            found.append(finding("altered", "critical" if fact.kind in _CRITICAL else "major", swapped, fact))
            continue
        origin = max(origins, key=lambda o: (o.of == fact.of, known.shared(o, said, fact), -uses[id(o)]))
        moved = _moved(fact, origin, uses, lost, known, said)
        if moved is not None:
            found.append(finding("altered", "critical" if moved.kind in _CRITICAL else "major", moved, fact))
            used.add(id(moved))
            continue
        uses[id(origin)] += 1
        used.update(id(o) for o in origins)
        found.append(finding("kept", "minor", origin, fact))
    altered = {f.source_span for f in found if f.status == "altered"}
    for fact in source:
        if fact.vague or id(fact) in used or (fact.start, fact.end) in altered:
            continue
        found.append(finding("dropped", "major" if fact.kind != "number" else "minor", fact, None))
    return found


def _origins(fact: Fact, by_value: dict[str, list[Fact]], by_number: dict[str, list[Fact]]) -> list[Fact]:
    """Return the facts of the source that vouch for one of the rewriting, the nearest kind of match only."""
    same = [o for o in by_value.get(fact.value, ()) if (o.kind == "frequency") == (fact.kind == "frequency")]
    if same or fact.kind == "frequency" or not fact.number:
        return same
    near = by_number.get(fact.number, [])
    equal = [o for o in near if o.number == fact.number]
    if fact.value == fact.number:
        return equal or near
    unit = _unit(fact)
    if fact.kind not in ("duration", "dose") or not any(
        o.value != o.number and o.kind == fact.kind for o in equal
    ):
        # The source leaves the unit out; but not where the same number stands with another one.
        bare = [o for o in equal if o.value == o.number and (fact.kind != "duration" or not o.of)]
        if bare:
            return bare
    if unit == "degree":
        return [o for o in equal if o.kind == "temperature"]
    if "-" in fact.number:
        low, high = fact.number.split("-", 1)
        ends = [
            [o for o in by_number.get(end, ()) if o.number == end and _unit(o) in (unit, "")]
            for end in (low, high)
        ]
        return [*ends[0], *ends[1]] if all(ends) else []
    if fact.kind != "dose":
        # One end of a range of the same unit ("up to 10 days" of "7-10 days").
        return [o for o in near if "-" in o.number and _ends(o, fact)]
    return []


def _ends(many: Fact, one: Fact) -> bool:
    """Whether one value is an end of a range of the same unit."""
    return _unit(many) == _unit(one) and one.value.split(" ")[0] in many.value.split(" ")[0].split("-")


def _swapped(
    fact: Fact, origins: list[Fact], source: Sequence[Fact], pairs: set[tuple[str, str]]
) -> Fact | None:
    """Return the fact of the source that contradicts: the same thing has another value there, and never this one.

    `pairs` are the things and values of the rewriting.
    """
    if not fact.of or any(o.of == fact.of for o in origins):
        return None
    if fact.kind in _OWNED:
        rivals = [
            o
            for o in source
            if o.kind == fact.kind and o.of == fact.of and not o.vague and _unit(o) == _unit(fact)
        ]
    elif fact.kind == "number" and fact.value == fact.number:
        rivals = [
            o
            for o in source
            if o.kind == "number" and o.of == fact.of and o.value == o.number and len(o.of) > 2
        ]
    else:
        return None
    if any(not o.of for o in origins):
        # The value may be this thing's, only not said right beside it; unless the thing's own value is gone.
        rivals = [o for o in rivals if (o.of, o.value) not in pairs]
    return rivals[0] if rivals else None


def _moved(
    fact: Fact, origin: Fact, uses: Counter[int], lost: list[Fact], known: Contexts, said: Contexts
) -> Fact | None:
    """Return the lost fact in whose place a value stands that belongs elsewhere ("5 days" twice, "3 days" gone)."""
    if not uses[id(origin)] or not lost or fact.vague:
        return None
    here = known.shared(origin, said, fact)
    best, most = None, max(2, here + 1)
    for other in lost:
        if other.kind == fact.kind and _unit(other) == _unit(fact):
            shared = known.shared(other, said, fact)
            if shared >= most:
                best, most = other, shared + 1
    return best


def _stranger(
    fact: Fact, source: Sequence[Fact], lost: list[Fact], known: Contexts, said: Contexts
) -> Finding:
    """Judge a quantity of the rewriting that nothing in the source vouches for."""
    rivals = [o for o in lost if o.kind == fact.kind or (o.number and o.number == fact.number)]
    rival = max(
        rivals,
        key=lambda o: (o.of == fact.of, o.number == fact.number, known.shared(o, said, fact)),
        default=None,
    )
    return finding("altered" if rival else "invented", _severity(fact, rival), rival, fact)


def _severity(fact: Fact, rival: Fact | None) -> Severity:
    if fact.kind in _CRITICAL or (rival is not None and rival.kind in _CRITICAL):
        return "critical"
    if fact.kind == "number" and fact.value == fact.number:
        small = fact.number.isdigit() and int(fact.number) <= _SMALL
        if small and not (rival is not None and rival.of == fact.of and fact.of):
            return "minor"
    return "major"


def _unit(fact: Fact) -> str:
    if fact.kind == "frequency":
        return "frequency"
    return fact.value.split(" ", 1)[1] if " " in fact.value else ""

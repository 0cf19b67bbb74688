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
            parts = fact.number.split("-") if "-" in fact.number else _date_parts(fact)
            if not parts and "/" in fact.number:
                parts = fact.number.split("/")  # "1/800" is one in 800
            for part in parts:
                by_number.setdefault(part, []).append(fact)
    pairs = {(fact.of, fact.value) for fact in rewrite}
    values = {fact.value for fact in rewrite}  # a bare number's value is the number itself
    lost = [
        fact
        for fact in source
        if not fact.vague
        and fact.value not in values
        and fact.number not in values
        and not ("/" in fact.number and values.issuperset(fact.number.split("/")))
    ]
    numbers = {fact.number for fact in rewrite}
    found: list[Finding] = []
    used: set[int] = set()
    uses: Counter[int] = Counter()
    for fact in rewrite:
        origins = _origins(fact, by_value, by_number, numbers)
        if not origins:
            if not fact.vague:
                found.append(_stranger(fact, source, lost, known, said))
            elif other := _other_length(fact, source, rewrite):
                found.append(finding("altered", "major", other, fact))
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


def _origins(
    fact: Fact, by_value: dict[str, list[Fact]], by_number: dict[str, list[Fact]], numbers: set[str]
) -> list[Fact]:
    """Return the facts of the source that vouch for one of the rewriting, the nearest kind of match only.

    `numbers` are those of the rewriting: half of a range of doses vouches for nothing, both halves do.
    """
    same = [o for o in by_value.get(fact.value, ()) if (o.kind == "frequency") == (fact.kind == "frequency")]
    if not same and "-" in fact.value:
        same = _at_ends(fact, by_value)
    if not same and fact.kind == "number":
        same = _spelt_otherwise(fact, by_value, by_number)
    if same or fact.kind == "frequency" or not fact.number:
        return same
    near = by_number.get(fact.number, [])
    equal = [o for o in near if o.number == fact.number]
    if fact.value == fact.number:
        if not near and (parts := _date_parts(fact)):
            # "06/11/04" for "June 11, 2004": the year and the day stand there by themselves.
            told = [[o for o in by_number.get(p, ()) if o.number == p] for p in parts]
            return [*told[0], *told[1], *told[2], *told[3]] if any(told[:2]) and any(told[2:]) else []
        if not near and fact.number.isdigit() and 1900 <= int(fact.number) < 2100:
            # "twenty twenty" is a year or twice twenty, as it was heard.
            told = [
                [o for o in by_number.get(p, ()) if o.number == p] for p in (fact.number[:2], fact.number[2:])
            ]
            return [*told[0], *told[1]] if all(told) else []
        if not near and fact.number.count("/") == 1:
            told = [[o for o in by_number.get(p, ()) if o.number == p] for p in fact.number.split("/")]
            return [*told[0], *told[1]] if all(told) else []
        if not near and "-" in fact.number:
            halves = [by_number.get(end, []) for end in fact.number.split("-")]
            return [*halves[0], *halves[-1]] if all(halves) else []
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
        halves = [
            [o for o in by_number.get(end, ()) if o.number == end and _unit(o) in (unit, "")]
            for end in (low, high)
        ]
        return [*halves[0], *halves[1]] if all(halves) else []
    # One end of a range of the same unit ("up to 10 days" of "7-10 days").
    ends = [o for o in near if "-" in o.number and _ends(o, fact)]
    if fact.kind == "dose":
        return [o for o in ends if all(end in numbers for end in o.number.split("-"))]
    return ends


def _spelt_otherwise(
    fact: Fact, by_value: dict[str, list[Fact]], by_number: dict[str, list[Fact]]
) -> list[Fact]:
    """Return the facts that are the same name with a number in it: "JAK-2" for "JAK2"."""
    if fact.number:
        return [o for o in by_value.get(f"{fact.of}{fact.number}", ()) if not o.number] if fact.of else []
    digits = fact.value.lstrip("abcdefghijklmnopqrstuvwxyz")
    return [o for o in by_number.get(digits, ()) if f"{o.of}{o.number}" == fact.value]


def _at_ends(fact: Fact, by_value: dict[str, list[Fact]]) -> list[Fact]:
    """Return the facts of the source that are the two ends of a range: 2 or 3 times a day, 6 weeks to 6 months."""
    low, high = fact.value.split("-", 1)
    if fact.kind == "frequency" and "/" not in low:
        low += high[high.find("/") :]
    if fact.kind != "frequency" and " " not in low:
        return []
    ends = [[o for o in by_value.get(end, ()) if o.kind == fact.kind] for end in (low, high)]
    return [*ends[0], *ends[1]] if all(ends) else []


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


def _date_parts(fact: Fact) -> list[str]:
    """Return the month and day of a date in digits and its year, short or long; nothing for any other fact."""
    parts = fact.number.split("/") if fact.of == "date" else []
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return []
    year = int(parts[2])
    return [*parts[:2], *((f"{2000 + year}", f"{1900 + year}") if year < 100 else (parts[2], parts[2]))]


_DAYS = {"min": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.0, "year": 365.0}
# A few of a unit are so many, generously; a length that is told counts as near within this factor.
_FEW = (1.5, 12.0)
_NEAR = 1.7


def _length(fact: Fact) -> tuple[float, float] | None:
    """Return between how many days a length of time may lie, None for what is none."""
    if fact.kind != "duration" or " " not in fact.value:
        return None
    amount, unit = fact.value.split(" ", 1)
    days = _DAYS.get(unit)
    if days is None:
        return None
    if amount == "few":
        return _FEW[0] * days, _FEW[1] * days
    try:
        low, high = (float(part) for part in (amount.split("-") * 2)[:2])
    except ValueError:
        return None
    return low * days / _NEAR, high * days * _NEAR


def _other_length(fact: Fact, source: Sequence[Fact], rewrite: Sequence[Fact]) -> Fact | None:
    """Return the rough length of time of the source ("a few years") that a rough one of the rewriting replaces: no
    length of the other text comes near either of them."""
    mine = _length(fact)
    if mine is None or fact.number == "1":
        return None
    there = [(o, length) for o in source if (length := _length(o)) is not None]
    if any(_overlap(mine, length) for _, length in there):
        return None
    here = [length for o in rewrite if (length := _length(o)) is not None]
    rough = [(o, length) for o, length in there if o.vague and o.number != "1"]
    return next((o for o, length in rough if not any(_overlap(length, one) for one in here)), None)


def _overlap(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]


def _unit(fact: Fact) -> str:
    if fact.kind == "frequency":
        return "frequency"
    return fact.value.split(" ", 1)[1] if " " in fact.value else ""

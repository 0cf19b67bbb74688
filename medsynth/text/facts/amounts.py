"""Comparing quantities: every one of the rewriting must trace to one of the source.

Equal values trace to each other whatever they are read as (a dose or a plain number). A number said without its
unit traces to the same number with one. What a quantity is said of (the drug of a dose, the analyte of a value)
is compared where both texts tell it, so that two doses that changed places are noticed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeGuard

from medsynth.text.facts.amounts_rough import other_length, other_rate, same_share
from medsynth.text.facts.contexts import Contexts
from medsynth.text.facts.findings import finding
from medsynth.text.facts.model import Fact, Finding, Severity

AMOUNTS = frozenset(("dose", "frequency", "duration", "age", "temperature", "vital", "lab", "number"))
_CRITICAL = frozenset(("dose", "frequency"))
# Kinds whose `of` says which of several values is meant.
_OWNED = frozenset(("dose", "frequency", "lab", "vital"))
_DIGITS = "0123456789"
_SMALL = 10
_MONTHS = 12
_BESIDE = 3  # terms that two small numbers must stand beside to count the same


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
                parts = [*fact.number.split("/"), *_year_behind(fact.text)]  # "1/800" is one in 800
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
        origins = _origins(fact, by_value, by_number, numbers, pairs) or _interval(fact, source, lost)
        if origins and fact.kind == "duration" and _is_other_end(fact, origins, values, lost):
            origins = []
        if not origins:
            if not fact.vague:
                found.append(_stranger(fact, source, lost, known, said))
            elif other := other_length(fact, source, rewrite):
                found.append(finding("altered", "major", other, fact))
            elif other := other_rate(fact, source, rewrite):
                found.append(finding("altered", "critical", other, fact))
            continue
        swapped = _swapped(fact, origins, source, pairs)
        if swapped is not None:
            found.append(finding("altered", "critical" if fact.kind in _CRITICAL else "major", swapped, fact))
            continue
        if _doubled(fact, origins, uses, pairs):
            found.append(finding("invented", "critical", None, fact))
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
    fact: Fact,
    by_value: dict[str, list[Fact]],
    by_number: dict[str, list[Fact]],
    numbers: set[str],
    pairs: set[tuple[str, str]],
) -> list[Fact]:
    """Return the facts of the source that vouch for one of the rewriting, the nearest kind of match only.

    `numbers` are those of the rewriting: half of a range of doses vouches for nothing, both halves do. `pairs` are
    its things with their values: a bare number that still counts the same thing ("type 2") is no dose.
    """
    same = [o for o in by_value.get(fact.value, ()) if (o.kind == "frequency") == (fact.kind == "frequency")]
    if not same and "-" in fact.value:
        same = _at_ends(fact, by_value)
    if not same and fact.kind == "number":
        same = _spelt_otherwise(fact, by_value, by_number) or same_share(fact, by_value)
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
            top, bottom = fact.number.split("/")
            told = [[o for o in by_number.get(p, ()) if o.number == p] for p in (top, bottom)]
            return [*told[0], *told[1]] if told[1] and (told[0] or top == "1") else []
        if not near and "-" in fact.number:
            halves = [by_number.get(end, []) for end in fact.number.split("-")]
            return [*halves[0], *halves[-1]] if all(halves) else []
        return equal or near
    unit = _unit(fact)
    if fact.kind not in ("duration", "dose") or not any(
        o.value != o.number and o.kind == fact.kind for o in equal
    ):
        # The source leaves the unit out; but not where the same number stands with another one.
        bare = [
            o
            for o in equal
            if o.value == o.number and not (o.of if fact.kind == "duration" else (o.of, o.value) in pairs)
        ]
        if bare:
            return bare
    if unit == "degree":
        return [o for o in equal if o.kind == "temperature"]
    if "-" in fact.number:
        amounts = fact.value.split(" ", 1)[0].split("-", 1)
        halves = [
            [
                *by_value.get(f"{amount} {unit}", ()),
                *(o for o in by_number.get(end, ()) if o.number == end and not _unit(o)),
            ]
            for end, amount in zip(fact.number.split("-", 1), amounts, strict=False)
        ]
        return [*halves[0], *halves[1]] if all(halves) else []
    # One end of a range of the same unit ("up to 10 days" of "7-10 days").
    ends = [o for o in near if "-" in o.number and _ends(o, fact)]
    if fact.kind == "dose":
        return [o for o in ends if all(end in numbers for end in o.number.split("-"))]
    return ends


def _is_other_end(fact: Fact, origins: list[Fact], values: set[str], lost: list[Fact]) -> bool:
    """Whether a length of time is only the end of ranges that the rewriting has as well, while another length is lost:
    "after 8 days" for "after 18 days", beside "6 to 8 days"."""
    return all("-" in o.number and o.number != fact.number and o.value in values for o in origins) and any(
        o.kind == fact.kind and _unit(o) == _unit(fact) for o in lost
    )


def _interval(fact: Fact, source: Sequence[Fact], lost: list[Fact]) -> list[Fact]:
    """Return the lengths of time that an interval repeats ("three months pass" for "every three months"), or the
    intervals that a length does, unless one of its own kind is `lost`: that is what was changed then."""
    kinds = {"frequency": "duration", "duration": "frequency"}
    if fact.kind not in kinds or not fact.number or any(o.kind == fact.kind for o in lost):
        return []
    return [
        o
        for o in source
        if o.kind == kinds[fact.kind]
        and o.number == fact.number
        and any(
            f" {_unit(one)}" in often.value for one, often in ((fact, o), (o, fact)) if one.kind == "duration"
        )
    ]


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
        if fact.kind != "duration" or " " not in high:
            return []
        low += high[high.find(" ") :]
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
    if not fact.of or any(_same_owner(o, fact) for o in origins):
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


def _doubled(fact: Fact, origins: list[Fact], uses: Counter[int], pairs: set[tuple[str, str]]) -> bool:
    """Whether a dose is another medicine's, which has it in the rewriting too: "X 20 mg and Y 20 mg" for "X 20 mg and
    Y"."""
    return (
        fact.kind == "dose"
        and bool(fact.of)
        and not fact.vague
        and all(
            o.kind == "dose"
            and o.of
            and not _same_owner(o, fact)
            and uses[id(o)]
            and (o.of, fact.value) in pairs
            for o in origins
        )
    )


def _same_owner(fact: Fact, other: Fact) -> bool:
    """Whether two values are said of the same thing, or of a medicine and a combination with it."""
    return fact.of == other.of or not set(fact.of.split("/")).isdisjoint(other.of.split("/"))


def _moved(
    fact: Fact, origin: Fact, uses: Counter[int], lost: list[Fact], known: Contexts, said: Contexts
) -> Fact | None:
    """Return the lost fact in whose place a value stands that belongs elsewhere ("5 days" twice, "3 days" gone)."""
    if not lost or fact.vague:
        return None
    here = known.shared(origin, said, fact)
    apart = fact.kind == "frequency" and origin.of != fact.of and not _same_owner(origin, fact)
    if not uses[id(origin)] and not apart:
        return None
    best, most = None, max(2, here + 1)
    for other in lost:
        if other.kind == fact.kind and _unit(other) == _unit(fact):
            shared = known.shared(other, said, fact) + (apart and other.of == fact.of)
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
    one = next(
        (o for o in source if o.vague and o.kind == fact.kind == "number" and o.of == fact.of != ""), None
    )
    if rival is None and one is not None and one.number == "1":
        return finding("altered", "major", one, fact)  # "two copies" for "one copy"
    severity = _severity(fact, rival)
    if severity == "minor" and _is_small(rival) and known.shared(rival, said, fact) >= _BESIDE:
        severity = "major"  # the same is told of another number
    return finding("altered" if rival else "invented", severity, rival, fact)


def _is_small(fact: Fact | None) -> TypeGuard[Fact]:
    return fact is not None and fact.number.isdigit() and int(fact.number) <= _SMALL


def _severity(fact: Fact, rival: Fact | None) -> Severity:
    if fact.kind in _CRITICAL or (rival is not None and rival.kind in _CRITICAL):
        return "critical"
    if fact.kind == "number" and not fact.number and fact.text.isascii():
        # A name with a digit ("O2") may stand for a thing in words; not where it takes the place of its like.
        alike = rival is not None and rival.value.rstrip(_DIGITS) == fact.value.rstrip(_DIGITS)
        return "major" if alike else "minor"
    if fact.kind == "number" and fact.value == fact.number:
        parts = fact.number.split("/")
        small = all(part.isdigit() and int(part) <= _SMALL for part in parts)
        if rival is not None and rival.number.rstrip("0") == fact.number.rstrip("0"):
            return "major"  # ten times as many, or a tenth
        if rival is not None and "/" in fact.number and "/" in rival.number:
            return "major"  # a score
        if small and not (rival is not None and rival.of == fact.of and fact.of):
            return "minor"
    return "major"


def _year_behind(text: str) -> list[str]:
    """Return the year that "01/08" may tell, as two centuries write it; nothing where it tells none."""
    month, _, year = text.partition("/")
    dated = month.isdigit() and 0 < int(month) <= _MONTHS and len(year) == 2 and year.isdigit()
    return [f"20{year}", f"19{year}"] if dated and "0" in (month[0], year[0]) else []


def _date_parts(fact: Fact) -> list[str]:
    """Return the month and day of a date in digits and its year, short or long; nothing for any other fact."""
    parts = fact.number.split("/") if fact.of == "date" else []
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return []
    year = int(parts[2])
    return [*parts[:2], *((f"{2000 + year}", f"{1900 + year}") if year < 100 else (parts[2], parts[2]))]


def _unit(fact: Fact) -> str:
    if fact.kind == "frequency":
        return "frequency"
    return fact.value.split(" ", 1)[1] if " " in fact.value else ""

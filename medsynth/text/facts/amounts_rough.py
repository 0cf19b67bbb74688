"""Quantities that are told roughly or as shares: "a few days", "a day", "two thirds"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from medsynth.text.facts.model import Fact

_LEAST_YEAR = 1900  # what stands behind a stroke from here on may be a year
_ROUNDED = 1.0  # percent by which a share may differ: a third is 33 % or 33.3 %
_DAYS = {"min": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.0, "year": 365.0}
# A few of a unit are so many, generously; a length that is told counts as near within this factor.
_FEW = (2.0, 8.0)
_NEAR = 1.7


def same_share(fact: Fact, by_value: dict[str, list[Fact]]) -> list[Fact]:
    """Return the facts that are the same part of a whole: "1/5" for "20 %"."""
    mine = _share(fact)
    if mine is None:
        return []
    return [
        o
        for facts in by_value.values()
        for o in facts
        if (s := _share(o)) and abs(s - mine) <= min(_ROUNDED, mine / 20)
    ]


def _share(fact: Fact) -> float | None:
    """Return what part of a hundred a percentage or a fraction is, None for what is neither."""
    if fact.kind != "number":
        return None
    if fact.value.endswith(" %"):
        amount = fact.value[:-2]
        return float(amount) if amount.replace(".", "", 1).isdigit() else None
    top, _, bottom = fact.number.partition("/")
    if fact.of or not top.isdigit() or not bottom.isdigit() or not int(top) < int(bottom) < _LEAST_YEAR:
        return None
    return 100 * int(top) / int(bottom)


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


def other_length(fact: Fact, source: Sequence[Fact], rewrite: Sequence[Fact]) -> Fact | None:
    """Return the rough length of time of the source ("a few years") that a rough one of the rewriting replaces: no
    length of the other text comes near either of them."""
    mine = _length(fact)
    if mine is None or (fact.number == "1" and not fact.of):
        return None
    there = [(o, length) for o in source if (length := _length(o)) is not None]
    if any(_overlap(mine, length) for _, length in there):
        return None
    here = [length for o in rewrite if (length := _length(o)) is not None]
    rough = [
        (o, length)
        for o, length in there
        if (o.number != "1" or o.of) and (not o.of or not fact.of or o.of == fact.of)
    ]
    return next((o for o, length in rough if not any(_overlap(length, one) for one in here)), None)


def other_rate(fact: Fact, source: Sequence[Fact], rewrite: Sequence[Fact]) -> Fact | None:
    """Return the rate said in passing ("a day") that another one of the rewriting ("a week") replaces: neither text
    has the other's."""
    if fact.kind != "frequency" or "/" not in fact.value:
        return None
    here, there = (Counter(o.value for o in facts if o.kind == "frequency") for facts in (rewrite, source))
    passing = (o for o in source if o.kind == "frequency" and o.vague and "/" in o.value)
    return next((o for o in passing if there[o.value] > here[o.value]), None)


def _overlap(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]

"""English readings of what begins with a digit or stands before one: quantities, ranges, dates, times, fractions."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.english_dates import read_date, read_note, read_phone, read_time, read_year
from medsynth.text.spoken_forms.english_quantities import DASH, NUM, NUMBER, TO, read_quantity, with_unit
from medsynth.text.spoken_forms.numerals import (
    cardinal_en,
    number_en,
    ordinal_en,
    pairs_en,
    plural_en,
    year_en,
)
from medsynth.text.spoken_forms.scan import Hit
from medsynth.text.spoken_forms.units import BELOW_EN, below_en

_RATIO = re.compile(r"(?P<a>\d++(?:\.\d++)?) ?: ?(?P<b>\d{1,3}(?:,\d{3})+|\d++(?:\.\d++)?)(?![\d:])")
_FEET = re.compile(
    r"(?P<f>[3-7]) ?(?:'|’|ft\.?) ?(?P<i>\d{1,2}(?:\.5)?)(?: ?(?:\"|”|''|’’|in(?:ches)?\b\.?)|(?!\d|[a-z]))"
)
_INCHES = re.compile(rf"(?P<n>{NUM}) ?(?:\"|”)(?= ?(?:[x×]|tall|long|wide|in\b|incision))")
_MIXED = re.compile(r"(?P<w>\d{1,3})(?: (?:and )?|-)(?P<a>[1-7]) ?/ ?(?P<b>[2-8])(?![\d/])")
_FRACTION = re.compile(r"(?P<a>\d{1,4}(?:\.\d+)?) ?/ ?(?P<b>\d{1,4}(?:\.\d+)?)(?![\d/]|[.,]\d)")
_PRESSURE = re.compile(
    r"(?P<a>\d{2,3})(?:[-–](?P<c>\d{2,3}))? ?/ ?(?P<b>\d{2,3})(?:[-–](?P<d>\d{2,3}))?(?![\d/%]|[.,]\d)"
)
_HALF_OF = re.compile(
    r" {1,2}(?P<n>tablet|pill|cup|teaspoon|tablespoon|hour|dose|mile|inch|capsule|glass|bottle|day"
    r"|ounce|pound|gram|tab|year)(?![a-z])"
)
_MURMUR = re.compile(r" (?:[a-z]+ ){0,2}(?:murmur|systolic|diastolic|holosystolic)\b")
_FRACTION_NAMES = {
    2: "half",
    3: "third",
    4: "quarter",
    5: "fifth",
    6: "sixth",
    7: "seventh",
    8: "eighth",
    10: "tenth",
}
_ORDINAL = re.compile(r"(?P<n>\d{1,3}(?:,\d{3})+|\d++)(?:st|nd|rd|th)(?![A-Za-z0-9])")
_DECADE = re.compile(r"(?P<n>(?:1[5-9]|20)\d0|[1-9]0)['’]?s(?![A-Za-z0-9])")
_TIMES = re.compile(
    rf"(?P<a>{NUM})(?:{DASH}(?P<b>{NUM}))? ?[xX×](?= ?(?:/|a\b|per\b|daily|day|week|\W|\Z))(?! ?\d)"
)
_AGED = re.compile(
    rf"(?P<n>{NUM})(?P<g> ?|-)(?P<w>y/o|y\.o\.?|yo|yrs?[ -]old|m/o|mo[ -]old)(?![A-Za-z])", re.I
)
_VISION = re.compile(r"20 ?/ ?(?P<b>1[05]|[2-9]0|25|[1-4]00)(?![\d/]|\.\d)")
_WORD = re.compile(r"[A-Za-z]")


def read(text: str, at: int) -> Hit | None:
    """Return the reading of the number that begins at `at`; every digit gets one."""
    for rule in (
        read_note,
        read_phone,
        read_date,
        _special,
        read_time,
        _ratio,
        _over,
        read_year,
        read_quantity,
    ):
        hit = rule(text, at)
        if hit is not None:
            return hit
    match = NUMBER.match(text, at)
    return Hit(match.end(), number_en(match[0])) if match else None


def _special(text: str, at: int) -> Hit | None:
    """Feet and inches, ordinals, decades, ages, "3x"."""
    match = _FEET.match(text, at)
    if match and (
        match[0][-1] in "\"”'’n." or _WORD.match(match[0][-1]) or "'" in match[0] or "’" in match[0]
    ):
        inches = number_en(match["i"])
        return Hit(
            match.end(), f"{cardinal_en(int(match['f']))} feet {inches} inch{'es' if inches != 'one' else ''}"
        )
    match = _INCHES.match(text, at)
    if match:
        return Hit(match.end(), f"{number_en(match['n'])} inches")
    match = _ORDINAL.match(text, at)
    if match and len(match["n"]) < 13:
        return Hit(match.end(), ordinal_en(int(match["n"].replace(",", ""))))
    match = _DECADE.match(text, at)
    if match:
        n = int(match["n"])
        return Hit(match.end(), plural_en(year_en(n) if n > 100 else cardinal_en(n)))
    match = _AGED.match(text, at)
    if match:
        word = "year" if match["w"][0] in "yY" else "month"
        return Hit(match.end(), f"{number_en(match['n'])} {word} old")
    match = _TIMES.match(text, at)
    if match:
        upper = f" to {number_en(match['b'])}" if match["b"] else ""
        times = "time" if match["a"] == "1" and not upper else "times"
        below = BELOW_EN.match(text, match.end())
        tail, end = (f" {below_en(below[0])}", below.end()) if below else ("", match.end())
        return Hit(end, f"{number_en(match['a'])}{upper} {times}{tail}")
    return None


def _ratio(text: str, at: int) -> Hit | None:
    match = _RATIO.match(text, at)
    return Hit(match.end(), f"{number_en(match['a'])} to {number_en(match['b'])}") if match else None


def _over(text: str, at: int) -> Hit | None:
    """Blood pressures, mixed numbers, fractions, scores out of ten."""
    match = _MIXED.match(text, at)
    if match and int(match["a"]) < int(match["b"]):
        a, b = int(match["a"]), int(match["b"])
        part = _named(a, b) if a > 1 else f"a {_FRACTION_NAMES[b]}" if b in _FRACTION_NAMES else ""
        if part and not ("-" in match[0] and _FRACTION.match(text, match.start("a")) is None):
            return with_unit(text, match.end(), f"{number_en(match['w'])} and {part}", False)
    match = _VISION.match(text, at)
    if match:
        return Hit(
            match.end(),
            f"twenty {pairs_en(match['b']) if len(match['b']) == 3 else cardinal_en(int(match['b']))}",
        )
    match = _PRESSURE.match(text, at)
    if match:
        a, b = int(match["a"]), int(match["b"])
        if 60 <= a <= 280 and 30 <= b <= 180 and b < a:
            c, d = (f" to {cardinal_en(int(match[g]))}" if match[g] else "" for g in ("c", "d"))
            return with_unit(text, match.end(), f"{cardinal_en(a)}{c} over {cardinal_en(b)}{d}", False)
    match = _FRACTION.match(text, at)
    if match is None:
        return None
    first, second = match["a"], match["b"]
    if second == "6" and _MURMUR.match(text, match.end()):
        return Hit(match.end(), f"{number_en(first)} over six")
    if "." not in first + second:
        a, b = int(first), int(second)
        if (a, b) in ((24, 7), (9, 11)):
            return Hit(match.end(), f"{cardinal_en(a)} {cardinal_en(b)}")
        if (a, b) == (1, 2):
            half = _HALF_OF.match(text, match.end())
            if half:
                article = "an" if half["n"][0] in "io" or half["n"] == "hour" else "a"
                return Hit(half.end(), f"half {article} {half['n'] if half['n'] != 'tab' else 'tablet'}")
        if (a == b or b in (5, 10, 100)) and a <= b and (a, b) != (1, 10):
            return Hit(match.end(), f"{cardinal_en(a)} out of {cardinal_en(b)}")
        if 0 < a < b and b in _FRACTION_NAMES and first[0] != "0":
            following = TO.match(text, match.end())
            said = _named(a, b)
            if following and not re.match(r" ?/", text[following.end() : following.end() + 2]):
                said += f" to {number_en(following['b'])}"
                return with_unit(text, following.end(), said, False)
            return with_unit(text, match.end(), said, True)
    joint = "over" if "." in first + second or int(first) > int(second) else "out of"
    return Hit(match.end(), f"{number_en(first)} {joint} {number_en(second)}")


def _named(a: int, b: int) -> str:
    name = _FRACTION_NAMES.get(b, "")
    return f"one {name}" if a == 1 else f"{cardinal_en(a)} {'halves' if b == 2 else name + 's'}"

"""English readings of what begins with a digit or stands before one: quantities, ranges, dates, times, fractions."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.english_dates import read_date, read_note, read_phone, read_year
from medsynth.text.spoken_forms.english_quantities import DASH, NUM, NUMBER, TO, read_quantity, with_unit
from medsynth.text.spoken_forms.english_times import read_four_digits, read_time
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
_UP_TO = re.compile(r" ?[-–] ?(?=\d{1,3}(?:st|nd|rd|th)(?![A-Za-z0-9]))")
# Two strengths in one tablet: "5/325 mg", "20/12.5 po".
_STRENGTHS = re.compile(
    r"(?P<a>\d+(?:\.\d+)?)/(?P<b>\d+(?:\.\d+)?)(?= ?-?(?:mg|mcg|tabs?|tablets?|caps?|capsules?|po|p\.o|bid|b\.i\.d"
    r"|tid|daily|q\.?\d{1,2}h?|qd|twice|once)\b)",
    re.I,
)
_DRUG_BEFORE = re.compile(r"[A-Za-z]{4,} \Z")
_HALVES = frozenset(("1/2", "1/4", "3/4", "1/3", "2/3"))
_ORDINAL = re.compile(r"(?P<n>\d{1,3}(?:,\d{3})+|\d++)(?:st|nd|rd|th)(?![A-Za-z0-9])")
# "1990s", "in her 20s", "the 120s/80s", "70-80s".
_TENS = r"(?:1[5-9]\d0|20\d0|[1-9]\d?0)"
_DECADE = re.compile(
    rf"(?P<a>{_TENS})(?P<s>['’]?s)?(?: ?(?P<j>[-–/]) ?(?P<b>{_TENS})['’]?s|(?(s)|(?!)))(?![A-Za-z0-9])"
)
_LASTING = re.compile(
    r"\b(?:for|after|every|within|lasting|lasted|next|first|each|hold|held|another|x|took|takes|least|further) ?\Z",
    re.I,
)
_HUNDREDS_OF = re.compile(r"10(?P<z>00?)['’]?s(?= of\b)")
_GESTATION = re.compile(
    r"(?P<w>[1-4]?\d) ?w(?:eeks?|ks?|k)? ?(?:and )?(?P<d>[0-6]) ?(?:days?|d)(?![A-Za-z0-9])"
    r"|(?P<x>[1-4]\d) ?\+ ?(?P<e>[0-6]) ?(?:weeks?|wks?)(?![A-Za-z0-9])"
)
_ISOTOPE = re.compile(r"(?P<n>99)m ?-?Tc(?![a-z])")
_APGAR = re.compile(r"\bapgars?\b[^.;]{0,24}\Z", re.I)
# "3/7 history", "for 6/12": days, weeks and months of the British case note.
_SPAN = re.compile(
    r"(?P<a>\d{1,2})(?:[-–](?P<b>\d{1,2}))?/(?P<u>7|52|12)(?P<h> (?:hx|history|h/o)\b)?(?![\d/]|[.,]\d)"
)
_SPAN_BEFORE = re.compile(
    r"\b(?:for|past|last|over|review(?: in)?|every|within|stopped|started|x|about|approx\.?|~) ?\Z", re.I
)
_SPAN_AFTER = re.compile(
    r"\s*(?:\Z|[,;)]|\.(?!\d)|(?:ago|if|then|now|and|with|but|when|since|duration|prior|before)\b)", re.I
)
_SPANS = {"7": "day", "52": "week", "12": "month"}
_GRADE_BEFORE = re.compile(r"\bgrade \Z", re.I)
_TIMES = re.compile(
    rf"(?P<a>{NUM})(?:{DASH}(?P<b>{NUM}))? ?[xX×](?= ?(?:/|a\b|per\b|daily|day|week|\W|\Z))(?! ?\d)"
)
_AGED = re.compile(
    rf"(?P<n>{NUM})(?P<g> ?|-)(?P<w>y/o|y\.o\.?|yo|y(?:rs?)?[ -]old|m/o|mo[ -]old)(?!(?-i:[a-z]))", re.I
)
_VISION = re.compile(r"20 ?/ ?(?P<b>1[05]|[2-9]0|25|[1-4]00)(?![\d/]|\.\d)")
_WORD = re.compile(r"[A-Za-z]")
_PLUS_OF = re.compile(r"(?P<a>[0-5])(?P<s>\+|-) ?/ ?(?P<b>[45])\+?(?![\d/]|[.,]\d)")


def read(text: str, at: int) -> Hit | None:
    """Return the reading of the number that begins at `at`; every digit gets one."""
    for rule in (
        read_note,
        read_phone,
        read_date,
        _special,
        read_four_digits,
        read_time,
        _ratio,
        _span,
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
    match = _ISOTOPE.match(text, at)
    if match:
        return Hit(match.end(), f"{number_en(match['n'])} M T C")
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
        said = ordinal_en(int(match["n"].replace(",", "")))
        more = _UP_TO.match(text, match.end())
        return Hit(more.end(), f"{said} to ") if more else Hit(match.end(), said)
    match = _HUNDREDS_OF.match(text, at)
    if match:
        return Hit(match.end(), "hundreds" if match["z"] == "0" else "thousands")
    match = _DECADE.match(text, at)
    if match and not _LASTING.search(text, max(0, at - 12), at):
        return Hit(match.end(), _tens(match))
    match = _GESTATION.match(text, at)
    if match:
        weeks, days = match["w"] or match["x"], match["d"] or match["e"]
        said = f"{number_en(weeks)} week{'' if weeks == '1' else 's'}"
        return Hit(match.end(), f"{said} {cardinal_en(int(days))} day{'' if days == '1' else 's'}")
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


def _tens(match: re.Match[str]) -> str:
    """Return the reading of tens in the plural, or of two: "one twenties over eighties", "sixty to seventies"."""
    said = [_ten(match["a"])]
    if match["s"]:
        said[0] = plural_en(said[0])
    if match["b"]:
        said += ["over" if match["j"] == "/" else "to", plural_en(_ten(match["b"]))]
    return " ".join(said)


def _ten(written: str) -> str:
    return year_en(int(written)) if len(written) == 4 else pairs_en(written)


def _ratio(text: str, at: int) -> Hit | None:
    match = _RATIO.match(text, at)
    if match is None:
        return None
    return with_unit(text, match.end(), f"{number_en(match['a'])} to {number_en(match['b'])}", False)


def _span(text: str, at: int) -> Hit | None:
    """Return the reading of a span of the case note: "3/7 hx" is a history of three days."""
    match = _SPAN.match(text, at)
    if match is None or not (
        match["h"]
        or (_SPAN_BEFORE.search(text, max(0, at - 14), at) and _SPAN_AFTER.match(text, match.end()))
        or text.startswith(" ago", match.end())
    ):
        return None
    upper = f" to {cardinal_en(int(match['b']))}" if match["b"] else ""
    plural = "" if match["h"] or (match["a"] == "1" and not upper) else "s"
    end = match.start("h") if match["h"] else match.end()
    return Hit(end, f"{cardinal_en(int(match['a']))}{upper} {_SPANS[match['u']]}{plural}")


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
    match = _PLUS_OF.match(text, at)
    if match:
        sign = "plus" if match["s"] == "+" else "minus"
        return Hit(match.end(), f"{number_en(match['a'])} {sign} out of {number_en(match['b'])}")
    match = _PRESSURE.match(text, at)
    if match:
        a, b = int(match["a"]), int(match["b"])
        if 60 <= a <= 280 and 30 <= b <= 180 and b < a:
            c, d = (f" to {cardinal_en(int(match[g]))}" if match[g] else "" for g in ("c", "d"))
            return with_unit(text, match.end(), f"{cardinal_en(a)}{c} over {cardinal_en(b)}{d}", False)
    match = _STRENGTHS.match(text, at)
    if (
        match
        and match[0] not in _HALVES
        and match["b"] not in ("5", "10", "100")
        and _DRUG_BEFORE.search(text, max(0, at - 8), at)
    ):
        return with_unit(text, match.end(), f"{number_en(match['a'])} slash {number_en(match['b'])}", False)
    match = _FRACTION.match(text, at)
    if match is None:
        return None
    first, second = match["a"], match["b"]
    if _APGAR.search(text, max(0, at - 32), at) and float(second) < 10:
        return Hit(match.end(), f"{number_en(first)} and {number_en(second)}")
    if second == "6" and (_MURMUR.match(text, match.end()) or _GRADE_BEFORE.search(text, max(0, at - 6), at)):
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
            return with_unit(text, match.end(), f"{cardinal_en(a)} out of {cardinal_en(b)}", False)
        if 0 < a < b and b in _FRACTION_NAMES and first[0] != "0":
            following = TO.match(text, match.end())
            said = _named(a, b)
            if following and not re.match(r" ?/", text[following.end() : following.end() + 2]):
                said += f" to {number_en(following['b'])}"
                return with_unit(text, following.end(), said, False)
            return with_unit(text, match.end(), said, True)
    joint = "over" if "." in first + second or int(first) > int(second) else "out of"
    return with_unit(text, match.end(), f"{number_en(first)} {joint} {number_en(second)}", False)


def _named(a: int, b: int) -> str:
    name = _FRACTION_NAMES.get(b, "")
    return f"one {name}" if a == 1 else f"{cardinal_en(a)} {'halves' if b == 2 else name + 's'}"

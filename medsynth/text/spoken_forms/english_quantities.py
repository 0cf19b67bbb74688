"""English quantities: numbers and ranges with powers, units and what they are per."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.english_dates import UNIT_GAP
from medsynth.text.spoken_forms.numerals import digits_en, number_en, ordinal_en
from medsynth.text.spoken_forms.scan import Hit
from medsynth.text.spoken_forms.units import BELOW_EN, EN, POWERS_EN, UNIT_EN, below_en

NUM = r"(?:\d{1,3}(?:,\d{3})++(?!\d)(?:\.\d++)?|\d++(?:\.\d++)*|\.\d++)"
NUMBER = re.compile(NUM)
DASH = r" ?(?:-{1,2}|[–—~]) ?"
TO = re.compile(rf"(?:{DASH}| to | and (?=\d)|-to-)(?P<b>{NUM})(?![\d/:]|(?:st|nd|rd|th)(?![A-Za-z]))")
_DIMENSION = re.compile(rf" ?[x×X*] ?(?={NUM})")
# The rest of "2 cm x 3 cm x 4 cm", up to its last unit.
_DIMENSIONS = re.compile(rf"(?:(?: ?[cm]?m)? ?[x×X*] ?{NUM}){{1,3}}(?= ?-?[a-zμ])")
_POWER = re.compile(
    r" ?[×xX*] ?10 ?(?:(?:\^|\*|[eE](?=\d)) ?(?P<e>-?\d{1,2})|(?P<p>[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})"
    r"|\((?P<b>-?\d{1,2})\)|(?P<f>[369]|12)(?= ?/))"
)
_SCIENTIFIC = re.compile(r"[eE](?P<e>[+-]?\d{1,3})(?![\w.])")
_BARE_POWER = re.compile(
    r"10(?:\^ ?(?P<e>-?\d{1,2})|(?P<p>[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})|\((?P<b>-?\d{1,2})\)(?= ?[/A-Za-z]))(?!\d)"
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_ARTICLE = re.compile(
    r"\b(?:an?|one|another|this|that|each|single|the|his|her|my"
    r"|your)(?: [a-z]+)?(?: [\d.]+ ?(?:[cm]?m)? ?[x×] ?)* \Z",
    re.I,
)
_ACRONYM_NEXT = re.compile(
    r" (?:[A-Z]{2,}|(?:urine|urinary|urines|period|collection|monitor|monitoring|infusion|holter)\b)"
)
NOUN_NEXT = re.compile(
    r" (?!(?:of|then|now|today|in|per|and|or|to|by|from|at|for|on|every|each|daily|twice|once|an?|the|with|is|was"
    r"|are|were|if|as|when|than|may|can|should|long|wide|thick|deep|high|tall|above|"
    r"below|away|apart|proximal|distal|lateral|left|right|anterior|posterior|medial|across|superior"
    r"|inferior|but|so|"
    r"because|before|after|during|over|within|since|until|into|between|has|had|have|will|which|that"
    r"|apart|short|shorter|"
    r"longer|larger|smaller|or|less|more|respectively|dilated|intravenously|orally|twice|via|prn"
    r"|tid|bid|qid|qhs|po|plus)\b)[a-z]{3,}"
)
_HISTORY_NEXT = re.compile(r" (?:h/o|hx|f/u)\b", re.I)
_PER_AMOUNT = re.compile(r" ?/ ?(?=\d++(?:\.\d++)? ?(?:m?[lLg]|dL|kg|min|hours?|h|days?|weeks?)(?![A-Za-z]))")
_MADE = re.compile(
    r" (?:tablet|tab|capsule|pill|dose|patch|patches|vial|bottle|injection|strength|syringe|ampoule"
    r"|bolus|cup|glass|bag|can|"
    r"film|lozenge|suppository|suppositories|formulation|solution|infusion|man|woman|male|female"
    r"|patient|baby|infant|boy|girl|child)(?:s|es)?\b"
)
_WEEKS = re.compile(r"w(?![A-Za-z0-9/])")
# "4.5 M/uL", "250 K/mm3": the count of a blood cell.
_SCALE = re.compile(r" ?(?P<s>[MmKk])(?= ?/ ?(?:[uμ][lL]|mm(?:3|³|\^3)|cumm|mcL)(?![A-Za-z]))")
_SCALES = {"m": "million", "k": "thousand"}
_TEMPERATURE = re.compile(r" ?(?P<u>[FC])(?![A-Za-z0-9'’-])")


def read_quantity(text: str, at: int) -> Hit | None:
    """A number or range with its power, unit and what the unit is per; several joined by "x"."""
    power = _BARE_POWER.match(text, at)
    if power:
        return with_unit(text, power.end(), f"ten to the {_power(power)}", False)
    match = NUMBER.match(text, at)
    if match is None:
        return None
    written = match[0]
    if "," not in written and len(written) >= 7 and written.isdecimal() and not written.endswith("000"):
        return Hit(match.end(), digits_en(written))
    said, end = number_en(written), match.end()
    power = _POWER.match(text, end) or _SCIENTIFIC.match(text, end)
    if power:
        return with_unit(text, power.end(), f"{said} times ten to the {_power(power)}", False)
    one = written == "1"
    upper = None if re.search(r"\d-\Z", text[max(0, at - 2) : at]) else TO.match(text, end)
    unit = UNIT_EN.match(text, UNIT_GAP.match(text, end).end()) if upper is None else None  # type: ignore[union-attr]
    if unit is not None and (inner := TO.match(text, unit.end())) and unit.end() > end:
        # "10 mg-20 mg", "10%-20%": each with its unit.
        follows = UNIT_EN.match(text, UNIT_GAP.match(text, inner.end()).end())  # type: ignore[union-attr]
        if " and " not in inner[0] and follows is not None:
            return with_unit(
                text, inner.end(), f"{said} {_unit_name(unit, one)} to {number_en(inner['b'])}", False
            )
    if upper is not None and " and " not in upper[0] and not _chain(text, upper):
        if " to " in upper[0] or "to" in upper[0] or _rises(written, upper["b"]):
            last = UNIT_EN.match(text, UNIT_GAP.match(text, upper.end()).end())  # type: ignore[union-attr]
            return with_unit(
                text, upper.end(), f"{said} to {number_en(upper['b'])}", _attributive(text, at, last)
            )
        return Hit(upper.start("b"), said) if "-" in upper[0] else Hit(end, said)
    times = _DIMENSION.match(text, unit.end() if unit else end)
    length = unit is None or EN[unit["u"]].one.endswith("meter")
    if times and length:
        rest = _DIMENSIONS.match(text, end)
        last = UNIT_EN.match(text, UNIT_GAP.match(text, rest.end()).end()) if rest else None  # type: ignore[union-attr]
        if unit is None and last is not None and not EN[last["u"]].one.endswith("meter"):
            # "2 x 500 mg"
            return Hit(times.end(), f"{said} time{'' if one else 's'}")
        name = f" {_unit_name(unit, one or _attributive(text, at, last))}" if unit else ""
        return Hit(times.end(), f"{said}{name} by")
    return with_unit(text, end, said, one or _attributive(text, at, unit))


def _attributive(text: str, at: int, unit: re.Match[str] | None) -> bool:
    """Whether a measure stands before its noun and so in the singular: "a 2 cm mass"."""
    if unit is not None and EN[unit["u"]].one in ("hour", "minute") and _ACRONYM_NEXT.match(text, unit.end()):
        return True
    if unit is not None and _HISTORY_NEXT.match(text, unit.end()):
        return True
    if unit is None or not NOUN_NEXT.match(text, unit.end()):
        return False
    if EN[unit["u"]].one.endswith("meter") or _MADE.match(text, unit.end()):
        return True
    return bool(_ARTICLE.search(text, max(0, at - 24), at))


def _chain(text: str, upper: re.Match[str]) -> bool:
    """Whether a third number follows: "1-2-3" is no range."""
    return bool(re.match(r"[-–—]\d", text[upper.end() : upper.end() + 2])) and "-" in upper[0]


def _rises(low: str, high: str) -> bool:
    try:
        return float(low.replace(",", "")) < float(high.replace(",", ""))
    except ValueError:
        return False


def _power(match: re.Match[str]) -> str:
    groups = match.groupdict()
    written = (
        groups.get("e")
        or groups.get("b")
        or groups.get("f")
        or (groups.get("p") or "").translate(_SUPERSCRIPTS)
    )
    if written.startswith("-"):
        return f"minus {ordinal_en(int(written[1:]))}"
    return ordinal_en(int(written.lstrip("+")))


def _unit_name(unit: re.Match[str], one: bool) -> str:
    name = EN[unit["u"]]
    return POWERS_EN.get(unit["sq"] or "", "") + (name.one if one else name.many)


def with_unit(text: str, end: int, said: str, one: bool) -> Hit:
    """Return `said` with the unit that stands at `end`, and what the unit is per; `one` asks for the singular."""
    gap = UNIT_GAP.match(text, end)
    start = gap.end() if gap else end
    hyphen = "-" in text[end:start]
    unit = UNIT_EN.match(text, start)
    scale = _SCALE.match(text, end)
    if scale:
        said, unit, end = f"{said} {_SCALES[scale['s'].lower()]}", None, scale.end()
    if unit is None and start == end and (weeks := _WEEKS.match(text, end)):
        return Hit(weeks.end(), f"{said} week{'' if one else 's'}")
    if unit and unit["u"] == "d" and hyphen and not text.startswith("/", unit.end()):
        unit = None
    if unit is None:
        degrees = _TEMPERATURE.match(text, end)
        if degrees:
            try:
                value = float(re.findall(r"[\d.]+", text[max(0, end - 6) : end])[-1])
            except (ValueError, IndexError):
                value = 0.0
            if (34 <= value <= 43 and degrees["u"] == "C") or (93 <= value <= 108 and degrees["u"] == "F"):
                return Hit(degrees.end(), f"{said} {'Celsius' if degrees['u'] == 'C' else 'Fahrenheit'}")
        below = BELOW_EN.match(text, end)
        return Hit(below.end(), f"{said} {below_en(below[0])}") if below else Hit(end, said)
    said += f" {_unit_name(unit, one or hyphen)}"
    below = BELOW_EN.match(text, unit.end())
    if below:
        return Hit(below.end(), f"{said} {below_en(below[0])}")
    amount = _PER_AMOUNT.match(text, unit.end())
    return Hit(amount.end(), f"{said} per") if amount else Hit(unit.end(), said)

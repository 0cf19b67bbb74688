"""English dates, years, telephone numbers."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import listed
from medsynth.text.spoken_forms.letters import sayable, spell
from medsynth.text.spoken_forms.numerals import (
    cardinal_en,
    digits_en,
    ordinal_en,
    pairs_en,
    year_en,
)
from medsynth.text.spoken_forms.scan import Hit
from medsynth.text.spoken_forms.units import UNIT_EN

_MONTHS = listed("January February March April May June July August September October November December")
_MONTH = {m[:3].lower(): m for m in _MONTHS}
_MONTH_NAME = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?|"
    r"Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_AFTER_MONTH = re.compile(rf"\b{_MONTH_NAME} \Z", re.I)
_DAY = re.compile(
    r"(?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?:(?P<comma>,)? ?(?P<y>(?:19|20)\d\d))?(?![\d%/:-]|[.,]\d)"
)
_DAYS = re.compile(r"(?P<d>[0-3]?\d)[-–](?P<e>[0-3]?\d)(?:, ?(?P<y>(?:19|20)\d\d))?(?![\d%/:-]|[.,]\d)")
_DAY_MONTH = re.compile(
    rf"(?P<d>[0-3]?\d)(?:st|nd|rd|th)? (?P<m>{_MONTH_NAME})(?![a-z])(?:,? (?P<y>(?:19|20)\d\d)(?!\d))?"
)
_SLASH_DATE = re.compile(
    r"(?P<m>\d\d?)(?P<s>[/.-])(?P<d>\d\d?)(?P=s)(?P<y>(?:19|20)\d\d|\d\d)(?![\d/]|[.-]\d)"
)
_ISO_DATE = re.compile(r"(?P<y>(?:19|20)\d\d)(?P<s>[-/.])(?P<m>0?[1-9]|1[0-2])(?P=s)(?P<d>[0-3]?\d)(?!\d)")
_MONTH_YEAR = re.compile(r"(?P<m>0?[1-9]|1[0-2])/(?P<y>(?:19|20)\d\d)(?![\d/])")
_SHORT_DATE = re.compile(r"(?P<m>0?[1-9]|1[0-2])/(?P<d>0?[1-9]|[12]\d|3[01])(?![\d/%]|\.\d)")
_MONTH_SHORT_YEAR = re.compile(r"(?P<m>0?[1-9]|1[0-2])/(?P<y>\d\d)(?![\d/%]|\.\d)")
_IN_DATE = re.compile(r"\b(?:in|since|of) \Z", re.I)
_BY_MONTH = re.compile(
    r"\b(?:until|till|from|through|before|after|by|around|about|circa|dated?|early|late) \Z", re.I
)
_BEFORE_DATE = re.compile(
    r"\b(?:(?:on|since|dated?|until|till|due|menstrual period|LN?MP|ED[DC]|DO[BSI])(?: (?:was|is|on|of))?"
    r"|(?:seen|admitted|discharged|hospitalized|scheduled|done|drawn|taken|performed|started|begun|visit|"
    r"visited|returned|surgery|operated|appointment|born|died|vaccinated)(?:(?! of\b| in \d)[ ,][a-z]+\.?){0,3}"
    r"(?<! in)(?<! of)(?<! by)(?<! to)):? \Z",
    re.I,
)
# What may follow a day: a part ("3/4 of them", "1/2 tablet", "3/10 patients") has its noun after it.
_AFTER_DATE = re.compile(
    r"\s*\Z|[.,;:)!?]|['’]s\b| ?[-–—]|\s+(?:and|at|with|for|by|to|the|an?|he|she|it|they|we|i|who|when|where|"
    r"while|because|after|before|due|in|but|as|or|through|until|which|showed?|was|were|is|has|had|from|via|per|"
    r"without|patient|pt|his|her|my|this|that|morning|afternoon|evening|night|visit|note|[A-Z][A-Za-z]*)\b"
    r"|\s+\("
)
_NOTE = re.compile(r"\d{1,2}(?:[,-]\d{1,2}){0,5}(?=\s+[A-Z]|[;,]?\s*\Z|[;,] )\.?|\d{1,2}\.(?=\s*\Z)")
_SENTENCE_END = re.compile(r"[a-z)]{2}[.?!]\Z")
_POSTAL = re.compile(r"\d{5}(?:-\d{4})?(?![\d-])")
_STATE = re.compile(r"(?:\A|[\s,])[A-Z]{2} \Z")
_PHONE = re.compile(
    r"(?:\+?1[-. ]?)?(?:\(\d{3}\) ?|\d{3}(?:\) ?|[-. ]))\d{3}[-. ]\d{4}(?![\d-])"
    r"|1-8\d\d-[\dA-Z]{3}-?[\dA-Z]{4}(?![\w-])"
)
# The number of a record or an account, digit by digit.
_IDENTITY = re.compile(r"\d{4,12}(?![\d%]|[.,/:-]\d)")
_NUMBERED = re.compile(
    r"\b(?:mrn|record|account|policy|reference|extension|ext\.?|zip(?: code)?|pin|id)"
    r"(?: (?:number|no\.?|is))* ?[:#,]? ?\Z",
    re.I,
)
_CODED = re.compile(r"(?<![A-Za-z])[b-df-hj-np-tv-xz]{3,7}\Z")  # "mrnr472348"
# "1-800-MEDICARE", "1800QUITNOW", "1-800-4-CANCER" by its digits and its word.
_LETTER_PHONE = re.compile(
    r"1[- ]?(?P<a>8\d\d)[- ]?(?:(?P<n>\d)[- ])?(?P<w>[A-Z]{4,9})(?P<d>\d{0,4})(?![\w-])"
)
_LOCAL_PHONE = re.compile(r"\d{3}-\d{4}(?![\d-])")
_CALLING = re.compile(r"\b(?:call(?:ing)?|dial|phone|tel|telephone|number is|at|text|ring)[:.]? \Z", re.I)
_EMERGENCY = re.compile(r"(?:911|988)(?!\d|[.,/%-]\d)")
_WORD_NEXT = re.compile(r" ?[A-Za-zμ%°]")
_COUNT_NOUN = re.compile(
    r" ?-?(?:[a-z]{0,14} )?(?:people|person|patients|women|men|children|babies|births|cases"
    r"|individuals|calories|steps|genes|"
    r"infants|newborns|adults|units|cells|times|pounds|persons|deaths|dollars|mg|IU|americans"
    r"|milligrams|live|males|females|kcal)\b",
    re.I,
)
_YEAR = re.compile(r"(?P<y>(?:1[5-9]|20)\d\d)(?![\d%'’]|[.,/:]\d|-?[A-Za-z])")
_YEARS = re.compile(
    r"(?P<y>(?:1[89]|20)\d\d) ?[-–—/] ?(?P<z>(?:1[89]|20)\d\d|\d\d)(?![\d%]|[.,/:-]\d|-?[A-Za-z])"
)
# "between 1879 rural and 6775 urban infants": what is set against a count is one.
_SET_AGAINST = re.compile(
    r"(?: [a-z]{3,}){0,2} (?:and|versus|vs\.?) (?P<b>\d{3,6}|\d{1,3}(?:,\d{3})+)(?= [a-z]{3,})"
)
_SETTING = re.compile(r"\b(?:between|among|comparing) \Z", re.I)
UNIT_GAP = re.compile(r" ?-? ?")


def _before(text: str, at: int) -> str:
    return text[max(0, at - 40) : at]


def read_note(text: str, at: int) -> Hit | None:
    """The number of a footnote, stuck to the end of its sentence, is not said; a postal code is, digit by digit."""
    if _SENTENCE_END.search(text, max(0, at - 3), at) and (note := _NOTE.match(text, at)):
        return Hit(note.end(), "")
    code = _POSTAL.match(text, at)
    if code and _STATE.search(text, max(0, at - 4), at):
        return Hit(code.end(), ", ".join(digits_en(group) for group in code[0].split("-")))
    return None


def read_phone(text: str, at: int) -> Hit | None:
    """Return the reading of a telephone number, or of the number of a record."""
    match = _IDENTITY.match(text, at)
    if match and (
        _NUMBERED.search(text, max(0, at - 24), at)
        or (len(match[0]) > 4 and _CODED.search(text, max(0, at - 8), at))
    ):
        return Hit(match.end(), digits_en(match[0]))
    match = _LETTER_PHONE.match(text, at)
    if match:
        hundreds = cardinal_en(int(match["a"])) if match["a"][1:] == "00" else digits_en(match["a"])
        parts = ["one", hundreds, digits_en(match["n"] or ""), match["w"], digits_en(match["d"])]
        parts[3] = match["w"].lower() if sayable(match["w"]) else spell(match["w"])
        return Hit(match.end(), ", ".join(part for part in parts if part))
    match = _PHONE.match(text, at)
    if match is None:
        match = _LOCAL_PHONE.match(text, at)
        if match is None or not _CALLING.search(_before(text, at)):
            match = _EMERGENCY.match(text, at)
            counted = match and _WORD_NEXT.match(text, match.end()) and not _CALLING.search(_before(text, at))
            return Hit(match.end(), digits_en(match[0])) if match and not counted else None
    groups = re.findall(r"[A-Z0-9]+", match[0])
    said = [
        digits_en(g) if g.isdecimal() else " ".join(digits_en(c) if c.isdecimal() else c for c in g)
        for g in groups
    ]
    return Hit(
        match.end(),
        said[0] + (") " if ")" in match[0] and "(" not in match[0] else ", ") + ", ".join(said[1:]),
    )


def read_date(text: str, at: int) -> Hit | None:
    """Return the reading of a date."""
    before = _before(text, at)
    if _AFTER_MONTH.search(before):
        match = _DAYS.match(text, at)
        if match and 0 < int(match["d"]) < int(match["e"]) < 32:
            end = f", {year_en(int(match['y']))}" if match["y"] else ""
            return Hit(match.end(), f"{ordinal_en(int(match['d']))} to {ordinal_en(int(match['e']))}{end}")
        match = _DAY.match(text, at)
        if match and 0 < int(match["d"]) < 32:
            return Hit(
                match.end(),
                ordinal_en(int(match["d"])) + (f", {year_en(int(match['y']))}" if match["y"] else ""),
            )
    match = _DAY_MONTH.match(text, at)
    if match and 0 < int(match["d"]) < 32 and (match["m"] != "may" and match["m"][0].isupper()):
        return Hit(match.end(), _day_of(match["m"][:3], match["d"], match["y"]))
    match = _ISO_DATE.match(text, at)
    if match and 0 < int(match["d"]) < 32:
        return Hit(match.end(), _day_of(_MONTHS[int(match["m"]) - 1][:3], match["d"], match["y"]))
    match = _SLASH_DATE.match(text, at)
    if match and (match["s"] == "/" or len(match["y"]) == 4):
        month, day = int(match["m"]), int(match["d"])
        month, day = (month, day) if month <= 12 else (day, month)
        if 0 < month <= 12 and 0 < day < 32:
            year = (
                match["y"] if len(match["y"]) == 4 else ("20" if int(match["y"]) < 50 else "19") + match["y"]
            )
            return Hit(match.end(), _day_of(_MONTHS[month - 1][:3], str(day), year))
    match = _MONTH_YEAR.match(text, at)
    if match:
        return Hit(match.end(), f"{_MONTHS[int(match['m']) - 1]} {year_en(int(match['y']))}")
    match = _MONTH_SHORT_YEAR.match(text, at)
    if match and before[-1:] != "/" and _of_month(match, text, before):
        year = int(match["y"])
        return Hit(
            match.end(), f"{_MONTHS[int(match['m']) - 1]} {year_en((1900 if year > 49 else 2000) + year)}"
        )
    match = _SHORT_DATE.match(text, at)
    if match and _BEFORE_DATE.search(before) and _AFTER_DATE.match(text, match.end()):
        return Hit(match.end(), _day_of(_MONTHS[int(match["m"]) - 1][:3], match["d"], None))
    return None


def _of_month(match: re.Match[str], text: str, before: str) -> bool:
    """Whether "7/93" is a month and a year: it cannot be a day, or the words about it say so."""
    if match["y"][0] == "0":
        return True
    led = _IN_DATE.search(before) or (int(match["y"]) > 31 and _BY_MONTH.search(before))
    return bool(led and _AFTER_DATE.match(text, match.end()))


def _day_of(month: str, day: str, year: str | None) -> str:
    return f"{_MONTH[month.lower()]} {ordinal_en(int(day))}" + (f", {year_en(int(year))}" if year else "")


def read_year(text: str, at: int) -> Hit | None:
    """Return the reading of a year or of two."""
    match = _YEARS.match(text, at)
    if match and (len(match["z"]) == 4 or int(match["z"]) > int(match["y"][2:])):
        last = match["z"] if len(match["z"]) == 4 else match["y"][:2] + match["z"]
        if (
            int(last) > int(match["y"])
            and int(last) - int(match["y"]) < 200
            and not _COUNT_NOUN.match(text, match.end())
        ):
            second = year_en(int(match["z"])) if len(match["z"]) == 4 else pairs_en(last).split(" ", 1)[-1]
            return Hit(match.end(), f"{year_en(int(match['y']))} to {second}")
    match = _YEAR.match(text, at)
    if (
        match is None
        or _COUNT_NOUN.match(text, match.end())
        or UNIT_EN.match(text, UNIT_GAP.match(text, match.end()).end())  # type: ignore[union-attr]
        or _set_against(text, at, match.end())
    ):
        return None
    if int(match["y"]) % 100 == 0 or not 1700 <= int(match["y"]) <= 2099:
        return (
            None
            if int(match["y"]) % 1000 == 0 or not re.search(r"\b(?:in|since|year|of) \Z", _before(text, at))
            else Hit(match.end(), year_en(int(match["y"])))
        )
    return Hit(match.end(), year_en(int(match["y"])))


def _set_against(text: str, at: int, end: int) -> bool:
    """Whether a number that could be a year is compared with one that counts something."""
    other = _SET_AGAINST.match(text, end) if _SETTING.search(_before(text, at)) else None
    return bool(other and (not _YEAR.fullmatch(other["b"]) or _COUNT_NOUN.match(text, other.end())))

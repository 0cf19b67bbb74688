"""English times of day."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.numerals import cardinal_en, number_en
from medsynth.text.spoken_forms.scan import Hit

_TIME = re.compile(
    r"(?P<h>[01]?\d|2[0-4])(?::(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?)?(?P<half> ?[AaPp] ?\.? ?[Mm]"
    r"(?![A-Za-z])\.?)?(?![\d:])"
)
_DOT_TIME = re.compile(
    r"(?P<h>1[0-2]|0?[1-9])\.(?P<m>[0-5]\d)(?P<s>(?!))?(?:(?P<half> ?[AaPp] ?\.? ?[Mm](?![A-Za-z])\.?)"
    r"|(?= ?(?:-|–|to|and|or) ?\d{1,2}[.:][0-5]\d ?[AaPp]\.? ?[Mm]))"
)
_RATIO_WORDS = re.compile(r"\b(?:ratio|titer|titre|dilut\w+|odds)\b[^.;]{0,20}\Z", re.I)


# Four digits are a time where they say so: "1400 hrs", "at 0800".
_FOUR = re.compile(r"(?P<h>[01]\d|2[0-4])(?P<m>[0-5]\d)(?![\d%/]|[.,:]\d|-(?![0-2]\d[0-5]\d(?!\d)))")
_HOURS = re.compile(r" ?(?:hrs?|hours?|h)(?![A-Za-z])(?! (?:of|per)\b| ?/)")
_AT_TIME = re.compile(
    r"\b(?:at|by|from|until|til|till|between|around|about|since|before|after|approximately|@) ?\Z", re.I
)
_SECOND_TIME = re.compile(r"\b0\d[0-5]\d(?: ?(?:hrs?|hours?))? ?(?:,|and|or|to|-|–|&|,? and) ?\Z")


def read_four_digits(text: str, at: int) -> Hit | None:
    """Return the reading of a time in four digits: "oh eight hundred", "twenty-two fifteen"."""
    match = _FOUR.match(text, at)
    if match is None:
        return None
    hours = _HOURS.match(text, match.end())
    before = text[max(0, at - 24) : at]
    led = bool(_AT_TIME.search(before))
    zero = match["h"][0] == "0" and (led or hours)
    # "2000 hrs" may be a span: only an unround number is surely a time by its unit alone.
    named = hours and (led or ("hr" in hours[0] and int(match[0]) % 1000))
    if not (zero or named or _SECOND_TIME.search(before)):
        return None
    hour = int(match["h"])
    said = f"oh {cardinal_en(hour)}" if hour < 10 else cardinal_en(hour)
    if hour == 0:
        said = "zero"
    minute = int(match["m"])
    said += " hundred" if minute == 0 else f" {'oh ' if minute < 10 else ''}{cardinal_en(minute)}"
    return Hit(hours.end(), f"{said} hours") if hours else Hit(match.end(), said)


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match["h"]), match["m"]
    half = match["half"]
    said = (
        cardinal_en(hour)
        if not (match["h"][0] == "0" and len(match["h"]) > 1 and hour)
        else f"oh {cardinal_en(hour)}"
    )
    if minute is not None:
        if minute == "00":
            said += "" if half else (" hundred" if hour > 12 or match["h"][0] == "0" else " o'clock")
        else:
            said += f" oh {cardinal_en(int(minute))}" if minute[0] == "0" else f" {cardinal_en(int(minute))}"
    if match["s"] and match["s"] != "00":
        said += f" and {number_en(str(int(match['s'])))} seconds"
    if half:
        said += " A M" if half.strip()[0] in "aA" else " P M"
    return said


def read_time(text: str, at: int) -> Hit | None:
    """Return the reading of a time of day."""
    match = _DOT_TIME.match(text, at) or _TIME.match(text, at)
    if match is None or (match["m"] is None and match["half"] is None):
        return None
    if match["half"] is None and _RATIO_WORDS.search(text[max(0, at - 40) : at]):
        return None
    return Hit(_kept_stop(text, match), _clock(match))


def _kept_stop(text: str, match: re.Match[str]) -> int:
    """Return the end of an abbreviation: before its full stop where that also ends the sentence."""
    end = match.end()
    if match[0].endswith(".") and re.match(r"\s*\Z|\s+[A-Z]|\s*[\"”’)]", text[end : end + 4]):
        return end - 1
    return end

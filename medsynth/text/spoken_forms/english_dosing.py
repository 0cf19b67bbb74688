"""English: how often and by which way a dose is taken, in the Latin of a prescription."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import listed
from medsynth.text.spoken_forms.english_abbreviations import ends
from medsynth.text.spoken_forms.numerals import cardinal_en
from medsynth.text.spoken_forms.scan import Hit

DOSING = {
    "bid": "twice a day", "tid": "three times a day", "qid": "four times a day", "qds": "four times a day",
    "tds": "three times a day", "bd": "twice a day", "qd": "once a day",
    "qod": "every other day", "hs": "at bedtime", "prn": "as needed", "po": "by mouth",
    "qam": "every morning", "qpm": "every evening", "ac": "before meals",
    "pc": "after meals",
    "subcut": "subcutaneously", "sc": "subcutaneously", "sq": "subcutaneously", "sl": "under the tongue",
    "qwk": "every week", "qmo": "every month", "qac": "before meals", "qhs": "at bedtime", "qn": "every night",
}  # fmt: skip
_SURE_DOSING = frozenset(listed("tid qid qds tds qod qhs prn qam qpm subcut qwk qac sq"))
_DOSING_TOKEN = re.compile(
    r"(?P<w>b\.i\.d|t\.i\.d|q\.i\.d|q\.o\.d|q\.d|q\.h\.s|h\.s|p\.r\.n|p\.o|a\.c|p\.c|s\.c|s\.q|s\.l"
    r"|[A-Za-z]{2,6})(?P<dot>\.?)(?![A-Za-z0-9])",
    re.I,
)
_AFTER_DOSE = re.compile(
    r"(?:\d|\b(?:m?c?g|kg|m?[lL]|mEq|IU|hours?|days?|units?|tablets?|tabs?|capsules?|caps?|pills?"
    r"|puffs?|drops?|doses?|mEq|meq|insulin|heparin|injections?|min|po|p\.o\.|by mouth|take|"
    r"given|bid|tid|qid|daily|drug|meds|nightly)) ?,? ?\Z",
    re.I,
)
EVERY = re.compile(
    r"q\.? ?(?P<a>\d{1,2})(?: ?[-–] ?(?P<b>\d{1,2}))? ?(?P<u>hours?|hrs?|h|days?|d|weeks?|wks?|w"
    r"|months?|mo|m)\.?(?![A-Za-z0-9])",
    re.I,
)
# "x 3 days" is a span, "x 2" a count.
TIMES = re.compile(
    r"[xX] ?(?=(?:\d{1,3}(?:\.\d)?(?: ?(?:-|–|to) ?\d{1,3})?|one|two|three|four|five|six|seven|several|a few|few)"
    r"(?:(?P<t>(?:[ -]|(?<=\d))(?:d|days?|wks?|weeks?|w|mos?|months?|yrs?|y|years?|hrs?|hours?|h|mins?|minutes?"
    r"|nights?)(?![A-Za-z]))|(?![A-Za-z\d])))"
)
_EVERY_UNITS = {"h": "hour", "d": "day", "w": "week", "m": "month"}


def read_dosing(text: str, at: int) -> Hit | None:
    """Return the reading of how often and how a dose is taken: "b.i.d.", "po"."""
    match = _DOSING_TOKEN.match(text, at)
    if match is None:
        return None
    word = match["w"]
    plain = word.replace(".", "").lower()
    reading = DOSING.get(plain)
    if reading is None:
        return None
    sure = "." in word or plain in _SURE_DOSING or word in ("BID", "PO")
    if not sure and not _AFTER_DOSE.search(text, max(0, at - 16), at):
        return None
    dotted = "." in word
    end = match.end() if match["dot"] and dotted and not ends(text, match.end()) else match.end("w")
    return Hit(end, reading)


def every(match: re.Match[str]) -> Hit:
    """Return the reading of what `EVERY` matched: "every four to six hours"."""
    unit = _EVERY_UNITS[match["u"][0].lower()]
    upper = f" to {cardinal_en(int(match['b']))}" if match["b"] else ""
    if match["a"] == "1" and not upper:
        return Hit(match.end(), f"every {unit}")
    return Hit(match.end(), f"every {cardinal_en(int(match['a']))}{upper} {unit}s")

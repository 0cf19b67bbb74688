"""English abbreviations and dosing, and the way to the other readings of a word."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import listed
from medsynth.text.spoken_forms.english_names import read_acronym, read_name, read_roman
from medsynth.text.spoken_forms.letters import LOWER_SPELLED, spell
from medsynth.text.spoken_forms.numerals import cardinal_en
from medsynth.text.spoken_forms.scan import Hit
from medsynth.text.spoken_forms.units import BELOW_EN, EN, below_en

_DOSING = {
    "bid": "twice a day", "tid": "three times a day", "qid": "four times a day", "qd": "once a day",
    "qod": "every other day", "qhs": "at bedtime", "hs": "at bedtime", "prn": "as needed", "po": "by mouth",
    "qam": "every morning", "qpm": "every evening", "npo": "nothing by mouth", "ac": "before meals",
    "pc": "after meals",
    "subq": "subcutaneously", "subcut": "subcutaneously", "sl": "under the tongue",
}  # fmt: skip
_SURE_DOSING = frozenset(listed("tid qid qod qhs prn qam qpm subq subcut"))
_DOSING_TOKEN = re.compile(
    r"(?P<w>b\.i\.d|t\.i\.d|q\.i\.d|q\.o\.d|q\.d|q\.h\.s|h\.s|p\.r\.n|p\.o|n\.p\.o|a\.c|p\.c"
    r"|[A-Za-z]{2,6})(?P<dot>\.?)(?![A-Za-z0-9])",
    re.I,
)
_AFTER_DOSE = re.compile(
    r"(?:\d|\b(?:m?c?g|kg|m?[lL]|mEq|IU|hours?|days?|units?|tablets?|tabs?|capsules?|caps?|pills?"
    r"|puffs?|drops?|doses?|po|p\.o\.|by mouth|take|"
    r"given|bid|tid|qid|daily|drug|meds|nightly)) ?,? ?\Z",
    re.I,
)
_EVERY = re.compile(
    r"q\.? ?(?P<a>\d{1,2})(?: ?[-–] ?(?P<b>\d{1,2}))? ?(?P<u>hours?|hrs?|h|days?|d|weeks?|wks?|w"
    r"|months?|mo|m)\.?(?![A-Za-z0-9])",
    re.I,
)
_EVERY_UNITS = {"h": "hour", "d": "day", "w": "week", "m": "month"}
_DOTTED = (
    (re.compile(r"e\.? ?g\.(?:,)?"), "for example"),
    (re.compile(r"i\.e\.(?:,)?"), "that is"),
    (re.compile(r"eg(?:,|(?= ))"), "for example"),
    (re.compile(r"ie,"), "that is"),
    (re.compile(r"etc(?P<dot>\.?)(?![A-Za-z])"), "et cetera"),
    (re.compile(r"vs?\.(?= )|vs(?![A-Za-z])", re.I), "versus"),
    (re.compile(r"w/o(?![A-Za-z])", re.I), "without"),
    (re.compile(r"w/(?=[ A-Za-z])", re.I), "with"),
    (re.compile(r"c/o(?![A-Za-z])"), "complains of"),
    (re.compile(r"s/p(?![A-Za-z])"), "status post"),
    (re.compile(r"h/o(?![A-Za-z])"), "history of"),
    (re.compile(r"r/o(?![A-Za-z])"), "rule out"),
    (re.compile(r"b/c(?![A-Za-z])"), "because"),
    (re.compile(r"d/t(?![A-Za-z])"), "due to"),
    (re.compile(r"approx\.?(?![A-Za-z])"), "approximately"),
    (re.compile(r"Drs\. "), "Doctors "),
    (re.compile(r"Dr\.?(?= ?[A-Z])"), "Doctor"),
    (re.compile(r"Mr\.?(?= [A-Z])"), "Mister"),
    (re.compile(r"Mrs\.?(?= [A-Z])"), "Missus"),
    (re.compile(r"Ms\.?(?= [A-Z])"), "Miz"),
    (re.compile(r"Prof\.(?= [A-Z])"), "Professor"),
    (re.compile(r"St\.?(?= [A-Z])"), "Saint"),
    (re.compile(r"Nos?\. ?(?=\d)", re.I), "number"),
    (re.compile(r"[Ff]igs?\.(?= ?\d)"), "figure"),
    (re.compile(r"al\.(?= )"), "al"),
    (re.compile(r"spp?\.(?= )"), "species"),
    (re.compile(r"[Pp]ts?\.?(?= (?:with|who|is|was|had|has|presents|reports|denies))"), "patient"),
    (re.compile(r"[Hh]x(?![A-Za-z])"), "history"),
    (re.compile(r"[Rr]x(?![A-Za-z])"), "prescription"),
    (re.compile(r"[Dd]x(?![A-Za-z])"), "diagnosis"),
    (re.compile(r"[Tt]x(?![A-Za-z])"), "treatment"),
    (re.compile(r"[Ss]x(?![A-Za-z])"), "symptoms"),
    (re.compile(r"[Ff]x(?![A-Za-z])"), "fracture"),
    (re.compile(r"[Vv]it\.?(?= [A-EK]\d{0,2}\b)"), "vitamin"),
    (re.compile(r"tabs(?![A-Za-z])\.?"), "tablets"),
    (re.compile(r"[aA] ?\. ?[mM]\.?(?![A-Za-z])"), "A M"),
    (re.compile(r"[pP] ?\. ?[mM]\.?(?![A-Za-z])"), "P M"),
)  # fmt: skip
_RECEPTOR = re.compile(r"[ -](?:positive|negative)\b|/pr\b")
_COMPARED = re.compile(r" ?[\w(\"“$~<>-]")
_MAY_END = frozenset(("et cetera", "A M", "P M", "al", "species", "tablets"))
_DOTTED_STARTS = frozenset(
    listed(
        "e i eg ie etc v vs w c s h r b d approx drs dr mr mrs ms prof st no nos fig figs al sp spp "
        "pt pts hx rx dx tx sx fx "
        "tabs a p vit"
    )
)
_MONTHS = {
    "jan": "January", "feb": "February", "mar": "March", "apr": "April", "jun": "June", "jul": "July",
    "aug": "August", "sep": "September", "sept": "September", "oct": "October", "nov": "November",
    "dec": "December",
}  # fmt: skip
_MONTH = re.compile(r"[A-Z][a-z]{2,3}\.?(?= \d)")
_INITIALS = re.compile(r"(?:[A-Za-z]\.){2,6}(?:[A-Za-z](?![A-Za-z]))?|Ph\.D\.?")
_GENUS = re.compile(r"[A-Z]\.(?= [a-z]{3,})")
_ARTICLE = re.compile(
    r"A(?= [A-Z]{2,}\b)"
)  # "A CT scan": before letters said one by one, "A" would be one of them
_SENTENCE_BEFORE = re.compile(r"(?:\A|[.!?][\"”’')]* +)\Z")
_BARE_UNITS = frozenset(listed("mg mcg μg kg ml mL cm mm mmHg dL kcal bpm mEq mmol IU ng pg"))


def read_word(text: str, at: int) -> Hit | None:
    """A token that begins with a letter."""
    match = re.compile(r"[A-Za-z]+").match(text, at)
    assert match is not None
    word, end = match[0], match.end()
    lower = word.lower()
    follows = text[end : end + 1]
    if word == "A" and _ARTICLE.match(text, at) and _SENTENCE_BEFORE.search(text, max(0, at - 6), at):
        return Hit(end, "a")
    if lower in _MONTHS and (month := _MONTH.match(text, at)):
        return Hit(month.end(), _MONTHS[lower])
    if lower in _DOTTED_STARTS and (hit := _abbreviation(text, at)):
        return hit
    if lower in _DOSING or follows == ".":
        hit = _dosing(text, at)
        if hit:
            return hit
    if lower == "q" and (every := _EVERY.match(text, at)):
        return _every(every)
    if follows == "." and len(word) <= 2:
        hit = _initials(text, at)
        if hit:
            return hit
    if (
        word == "x"
        and re.match(r" ?\d+(?![A-Za-z\d])", text[end : end + 5])
        and (at == 0 or text[at - 1] in " (")
    ):
        return Hit(end, "times")
    if follows.isdecimal() or (follows == "-" and text[end + 1 : end + 2].isdecimal()):
        hit = read_name(text, at)
        if hit:
            return hit
    if word[0] in "IVX":
        hit = read_roman(text, at)
        if hit:
            return hit
    if word in _BARE_UNITS and (at == 0 or not text[at - 1].isdecimal()):
        below = BELOW_EN.match(text, end)
        if below:
            return Hit(below.end(), f"{EN[word].many} {below_en(below[0])}")
        return Hit(end, EN[word].many)
    if (
        word in ("U", "g", "L", "m")
        and (below := BELOW_EN.match(text, end))
        and (at == 0 or text[at - 1] in " (")
    ):
        return Hit(below.end(), f"{EN[word].many} {below_en(below[0])}")
    if word in ("er", "pr") and _RECEPTOR.match(text, end):
        return Hit(end, spell(word))
    if lower in LOWER_SPELLED and word.islower():
        plural = word.endswith("s") and word[:-1] in LOWER_SPELLED
        return Hit(end, f"{spell(word[:-1])}'s" if plural else spell(word))
    if word.islower() or (len(word) > 1 and word[1:].islower() and word not in ("Ig", "Hb", "Na", "Rh")):
        return None
    return read_acronym(text, at, word)


def _abbreviation(text: str, at: int) -> Hit | None:
    for pattern, words in _DOTTED:
        match = pattern.match(text, at)
        if match is None:
            continue
        if words == "versus" and match[0].isupper() and not _COMPARED.match(text, match.end()):
            continue
        if words in ("A M", "P M") and "." not in match[0]:
            continue
        if (
            pattern.pattern.startswith("vs?")
            and match[0].lower() == "v."
            and not re.search(r"\w \Z", text[max(0, at - 3) : at])
        ):
            continue
        end = match.end()
        if match[0].endswith(".") and words in _MAY_END and _ends(text, end):
            end -= 1
        return Hit(end, words)
    return None


def _ends(text: str, end: int) -> bool:
    """Whether a sentence ends at `end`: a full stop before it is one."""
    return bool(re.match(r"\s*\Z|\s+[A-Z][a-z]|\s*[\"”)]", text[end : end + 5]))


def _dosing(text: str, at: int) -> Hit | None:
    match = _DOSING_TOKEN.match(text, at)
    if match is None:
        return None
    word = match["w"]
    plain = word.replace(".", "").lower()
    reading = _DOSING.get(plain)
    if reading is None:
        return None
    sure = (
        ("." in word and plain not in ("ac", "pc", "hs"))
        or plain in _SURE_DOSING
        or word in ("BID", "PO", "NPO")
    )
    if not sure and not _AFTER_DOSE.search(text, max(0, at - 16), at):
        return None
    dotted = "." in word
    end = match.end() if match["dot"] and dotted and not _ends(text, match.end()) else match.end("w")
    return Hit(end, reading)


def _every(match: re.Match[str]) -> Hit:
    unit = _EVERY_UNITS[match["u"][0].lower()]
    upper = f" to {cardinal_en(int(match['b']))}" if match["b"] else ""
    if match["a"] == "1" and not upper:
        return Hit(match.end(), f"every {unit}")
    return Hit(match.end(), f"every {cardinal_en(int(match['a']))}{upper} {unit}s")


def _initials(text: str, at: int) -> Hit | None:
    match = _INITIALS.match(text, at)
    if match:
        end = match.end()
        if match[0].endswith(".") and _ends(text, end) and match[0] not in ("U.S.", "U.K."):
            end -= 1
        return Hit(end, spell(re.sub(r"[^A-Za-z]", "", match[0])))
    match = _GENUS.match(text, at)
    if match and re.search(r"\b[A-Z] \Z", text[max(0, at - 3) : at]):
        return None  # the last of some letters
    if match and at and text[at - 1] == " " and text[at] != "I":
        return Hit(match.end(), match[0][0])
    return Hit(match.end(), match[0][0]) if match and at == 0 and match[0][0] != "I" else None

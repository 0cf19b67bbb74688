"""English: the way to the readings of a word, and initials."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import listed
from medsynth.text.spoken_forms.english_abbreviations import DOTTED_STARTS, SHORTHAND, ends, read_abbreviation
from medsynth.text.spoken_forms.english_addresses import read_address
from medsynth.text.spoken_forms.english_dates import UNIT_GAP
from medsynth.text.spoken_forms.english_dosing import DOSING, EVERY, TIMES, every, read_dosing
from medsynth.text.spoken_forms.english_labs import ANALYTES, SYMBOLS, read_analyte
from medsynth.text.spoken_forms.english_names import read_acronym, read_name, read_roman, read_stage
from medsynth.text.spoken_forms.letters import LOWER_SPELLED, spell
from medsynth.text.spoken_forms.scan import Hit
from medsynth.text.spoken_forms.units import BELOW_EN, EN, UNIT_EN, below_en

_RECEPTOR = re.compile(r"[ -](?:positive|negative)\b|/pr\b")
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

# Here "mm" is a sound and no unit.
_SAID_BEFORE = re.compile(r"(?:\A|[.,;?!-] ?)\Z")
_FACE = re.compile(r"[fF]2[fF](?![A-Za-z\d])")
_X_AMOUNT = re.compile(r"x ?\d[\d,]*(?:\.\d+)?")
_ROOM_BEFORE = re.compile(r"\b(?:the|an|to|our) \Z")  # "in the er": no sound of hesitation
_VOWELS = re.compile(r"[aeiouy]")
_SOUNDS = re.compile(r"[hm]+|w+h+|sh+|ps+t|tsk|pf+t|[bg]r+|z+|nth|phd|mph")
_LETTERS = re.compile(r"[A-Za-z]+")
# The tokens of three letters and more that are read although they are written like words.
_READ = frozenset(DOSING) | DOTTED_STARTS | LOWER_SPELLED | _BARE_UNITS
_READ |= frozenset(_MONTHS) | frozenset(SHORTHAND) | frozenset(ANALYTES) | {"http", "https", "www"}
# Two letters without a vowel that are said otherwise or are read above.
_TWO = frozenset(("mm", "hm", "sh", "th", "st", "nd", "rd", "vs", "dr", "mr", "ms"))
# After these a word may be the beginning of a name, an abbreviation, an address.
_JOINED = frozenset("0123456789.-@")
_WEB_MARKS = frozenset(".@:")
# Contractions taken apart, as transcripts cut into tokens have them: "do n't", "it 's", "gon na".
_APART = re.compile(
    r"[A-Z]?[a-z]* (?:n't|'(?:s|re|ve|ll|d|m))(?![\w'])|[Gg]on na\b|[Ww]an na\b|[Gg]ot ta\b|[Gg]im me\b"
)
_APART_AT = frozenset("n'tm")
# Numbers in words, as dictated notes have them. Where a point was cut off from its number, a digit that begins
# to count things was a sentence's first word: "is fifty . two weeks ago", "was six . one of them".
_UNITS_SAID = r"(?:zero|one|two|three|four|five|six|seven|eight|nine)"
_TEENS_SAID = r"(?:thir|four|fif|six|seven|eigh|nine)teen"
_TENS_SAID = rf"(?:ten|eleven|twelve|{_TEENS_SAID}|(?:twen|thir|for|fif|six|seven|eigh|nine)ty)"
_MEASURE_SAID = (
    r"(?:(?:milli|centi|kilo|deci)?(?:meters?|grams?|liters?)|micrograms?|inch(?:es)?|percent|degrees?|millimoles?"
    r"|milliequivalents?|units?|by|to|and|MG|ML|CM|MM|mg|ml|cm|mm|kg|x)(?![A-Za-z])|%"
)
_COUNTS = (
    r"(?!this\b)[a-z]{3,}s\b"
    r"|(?:people|children|women|men|more|other|day|week|month|year|hour|hundred|thousand|thing)\b"
)
_POINT = re.compile(
    rf"(?P<a>{_UNITS_SAID}|{_TENS_SAID}) \. (?=(?:{_UNITS_SAID}\b(?!-) ?)++(?:{_MEASURE_SAID}"
    rf"|(?<!one )(?!{_TENS_SAID}|{_COUNTS}|\. *{_UNITS_SAID}|\. *{_TENS_SAID})|(?<=one )(?!of\b|{_COUNTS})))"
)
_POINT_AT = re.compile(r" \. [zotfsen]")
_COUNTED = re.compile(rf"\b(?:{_UNITS_SAID}|{_TENS_SAID}|hundred|thousand|half) \Z", re.I)
_ONE = re.compile(r"(?<!ty[ -])\b(?:one|half) \Z", re.I)
_CAPITAL_UNITS = {"MG": "mg", "MCG": "mcg", "ML": "mL", "KG": "kg", "CM": "cm", "MM": "mm"}
_NO_UNIT = re.compile(r"['’-]| (?:patients?|cases?|cris[ei]s|models?|relapses?|subtypes?|groups?)\b")
_ZIP_NEXT = re.compile(r" \d{5}(?:-\d{4})?(?![\d-])")


def read_word(text: str, at: int) -> Hit | None:
    """A token that begins with a letter."""
    match = _LETTERS.match(text, at)
    assert match is not None
    word, end = match[0], match.end()
    lower = word.lower()
    follows = text[end : end + 1]
    if follows == " " and text[end + 1 : end + 2] in _APART_AT and (apart := _APART.match(text, at)):
        return Hit(apart.end(), apart[0].replace(" ", ""))
    if (
        follows == " "
        and _POINT_AT.match(text, end)
        and text[max(0, at - 2) : at] != ". "
        and (point := _POINT.match(text, at))
    ):
        return Hit(point.end(), f"{point['a']} point ")
    if word[0] in "TNpcry" and (stage := read_stage(text, at)) and _free(text, at):
        return stage
    if (
        (lower == word or lower[1:] == word[1:])
        and len(word) > 2
        and lower not in _READ
        and word not in _READ
        and follows not in _JOINED
    ):
        if len(word) < 6 and word == lower and not _VOWELS.search(word) and _unsayable(text, at, end, word):
            return Hit(end, _letters(word))
        return None  # an ordinary word
    if word in _CAPITAL_UNITS and not _NO_UNIT.match(text, end):
        before = text[max(0, at - 12) : at]
        if _COUNTED.search(before):
            name = EN[_CAPITAL_UNITS[word]]
            return Hit(end, name.one if _ONE.search(before) else name.many)
    if word == "MD" and _ZIP_NEXT.match(text, end):
        return Hit(end, "Maryland")
    if (follows in _WEB_MARKS or lower == "https") and (address := read_address(text, at)):
        return address
    if word == "A" and _ARTICLE.match(text, at) and _SENTENCE_BEFORE.search(text, max(0, at - 6), at):
        return Hit(end, "a")
    if lower in _MONTHS and (month := _MONTH.match(text, at)):
        return Hit(month.end(), _MONTHS[lower])
    if lower in DOTTED_STARTS and (hit := read_abbreviation(text, at)):
        return hit
    if word in SHORTHAND and not (at and text[at - 1].isdecimal()):
        return Hit(end, SHORTHAND[word])
    if lower in DOSING or follows == ".":
        hit = read_dosing(text, at)
        if hit:
            return hit
    if lower == "q" and (often := EVERY.match(text, at)):
        return every(often)
    if follows == "." and len(word) <= 2:
        hit = _initials(text, at)
        if hit:
            return hit
    if lower == "x" and len(word) == 1 and (times := TIMES.match(text, at)) and _free(text, at):
        return Hit(end, "for" if times["t"] else "times")
    if word == "x" and (amount := _X_AMOUNT.match(text, at)) and _free(text, at):
        unit = UNIT_EN.match(text, UNIT_GAP.match(text, amount.end()).end())  # type: ignore[union-attr]
        if unit:
            return Hit(end, "times")
    if len(word) == 2 and word[0].isupper() and word[1] == "s" and text[at - 1 : at] == "&":
        return Hit(end, f"{word[0]}'s")  # "U&Es"
    if word in ANALYTES and (analyte := read_analyte(text, at, word)):
        return analyte
    if word in SYMBOLS and not follows.isdecimal() and follows != "-":
        return Hit(end, spell(word))
    if lower == "f" and _FACE.match(text, at):
        return Hit(at + 3, "face to face")
    if follows.isdecimal() or (follows == "-" and text[end + 1 : end + 2].isdecimal()):
        hit = read_name(text, at)
        if hit:
            return hit
    if word[0] in "IVX":
        hit = read_roman(text, at)
        if hit:
            return hit
    if (
        word in _BARE_UNITS
        and not (word == "mm" and _SAID_BEFORE.search(text, max(0, at - 3), at))
        and (at == 0 or not text[at - 1].isdecimal())
    ):
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
    if (
        1 < len(word) < 6
        and word == lower
        and word not in _TWO
        and not _VOWELS.search(word)
        and _unsayable(text, at, end, word)
    ):
        return Hit(end, _letters(word))
    if (word in ("er", "pr") and _RECEPTOR.match(text, end)) or (
        word == "er" and _ROOM_BEFORE.search(text, max(0, at - 8), at)
    ):
        return Hit(end, spell(word))
    if lower in LOWER_SPELLED and word.islower():
        plural = word.endswith("s") and word[:-1] in LOWER_SPELLED
        return Hit(end, f"{spell(word[:-1])}'s" if plural else spell(word))
    if word.islower() or (len(word) > 1 and word[1:].islower() and word not in ("Ig", "Hb", "Na", "Rh")):
        return None
    return read_acronym(text, at, word)


def _unsayable(text: str, at: int, end: int, word: str) -> bool:
    """Whether a word without a vowel is letters: no sound ("hmm"), no ending ("don't"), no part of another token."""
    before, after = text[at - 1 : at], text[end : end + 2]
    broken_off = after[:1] == "-" and not after[1:].isalnum()  # "wh- what"
    joined = before.isalnum() or before in tuple("'’") or after[:1] in tuple("'’") or after[:1].isalpha()
    return not (_SOUNDS.fullmatch(word) or broken_off or joined)


def _letters(word: str) -> str:
    """Return "M C P", "P V C's"."""
    return f"{spell(word[:-1])}'s" if len(word) > 3 and word[-1] == "s" else spell(word)


def _free(text: str, at: int) -> bool:
    """Whether nothing is joined to the token that begins at `at`."""
    return at == 0 or text[at - 1] in " (,;:/=+-–&<>~"


def _initials(text: str, at: int) -> Hit | None:
    match = _INITIALS.match(text, at)
    if match:
        end = match.end()
        if match[0].endswith(".") and ends(text, end) and match[0] not in ("U.S.", "U.K."):
            end -= 1
        return Hit(end, spell(re.sub(r"[^A-Za-z]", "", match[0])))
    match = _GENUS.match(text, at)
    if match and re.search(r"\b[A-Z] \Z", text[max(0, at - 3) : at]):
        return None  # the last of some letters
    if match and at and text[at - 1] == " " and text[at] != "I":
        return Hit(match.end(), match[0][0])
    return Hit(match.end(), match[0][0]) if match and at == 0 and match[0][0] != "I" else None

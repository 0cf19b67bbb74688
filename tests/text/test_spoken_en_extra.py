"""English spoken forms of compositions that no rule was written from: nothing invented, nothing left, nothing lost."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.text.spoken import PUNCTUATION, spoken_form
from medsynth.text.spoken_forms.letters import said_as_word
from medsynth.text.spoken_forms.units import EN, PER_EN

STEMS = {
    "1": "one|ten|eleven|twelve|twelf|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|first|half|once",
    "2": "two|twelve|twelf|twent|second|half|halves|square",
    "3": "three|thir|cubic",
    "4": "four|fort|quarter",
    "5": "five|fif",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine|nint",
}
NUMBER_WORD = re.compile(
    r"\b(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twent|thirt|fort|fift|sixt|sevent|eight|ninet)(?:y|ies)"
    r"|first|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|thirds|quarters?|fifths|sixths|eighths)\b",
    re.I,
)
# What each of these words must have been written with.
DIGITS_OF = {
    "ten": "1", "tenth": "1", "eleven": "1", "twelve": "12", "first": "1", "third": "3", "thirds": "3",
    "quarter": "4", "quarters": "4", "zero": "0",
}  # fmt: skip


MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"


def digits_of(word: str) -> str:
    """Return the digits without which nobody may say `word`."""
    word = word.lower()
    if word in DIGITS_OF:
        return DIGITS_OF[word]
    found = [d for d in "23456789" if re.match(rf"(?:{STEMS[d]})", word) and word[:3] != "ten"]
    if word == "one":
        return "1"
    return found[0] + ("1" if word.endswith("teen") else "")


# The same compositions every time, so that a rule that breaks is what turns a test red.
SEARCH = settings(max_examples=400, deadline=None, derandomize=True)


def check_numbers(text: str) -> None:
    spoken = spoken_form(text, "en")
    for word in NUMBER_WORD.findall(spoken):
        missing = [d for d in digits_of(word) if d not in text]
        assert not missing, f"{text!r} says {word!r}: {spoken!r}"
    if re.search(rf"\b(?:{MONTHS})\b", spoken):
        return  # a month is a number that is said by its name
    for digit in set(re.findall(r"[1-9]", text)):
        assert re.search(STEMS[digit], spoken, re.I), f"{text!r} does not say {digit}: {spoken!r}"


SIGNS = st.sampled_from(
    ["", "", "", "<", ">", "≥", "~", "±", "+", "-", "#", "x", "x ", "×", "$", "@", "=", "(", "* "]
)
NOT_MONEY = SIGNS.filter(lambda sign: sign != "$")
ENDS = st.sampled_from(["", "", "", "%", "+", "++", "-", "°", ")", "*", "/4", " +", "’", "#", " x", ")?"])
PLURALS = st.sampled_from(["", "", "", "s", "'s", "th", "x", "+"])
JOINTS = st.sampled_from([" ", ", ", "/", "-", " x ", ":", " - ", "+", "=", " to ", "–", " & ", "/ ", "; "])
# A unit with a digit of its own would be counted as a number.
WRITTEN = [unit for unit in sorted(EN) if "2" not in unit]
UNITS = st.tuples(st.sampled_from(["", " ", "-"]), st.sampled_from(WRITTEN)).map("".join)
PERS = st.sampled_from(["", "", *(f"/{unit}" for unit in sorted(PER_EN) if "2" not in unit)])
NUMBERS = st.one_of(
    st.integers(1, 99).map(str),
    st.integers(100, 9999).map(str),
    st.integers(1000, 999_999).map("{:,}".format),
    st.tuples(st.integers(0, 120), st.integers(0, 99)).map(lambda n: f"{n[0]}.{n[1]}"),
    st.integers(1, 99).map("0{}".format),
)
MEASURES = st.one_of(
    st.tuples(NOT_MONEY, NUMBERS, UNITS, PERS, ENDS).map("".join),
    st.tuples(SIGNS, NUMBERS, PERS).map("".join),
    st.tuples(NOT_MONEY, st.integers(1, 9999).map(str), PLURALS, ENDS).map("".join),
)
LEADS = st.sampled_from(
    ["", "BP ", "in the ", "take ", "for ", "on ", "Seen ", "grade ", "at ", "K ", "Na+ ", "by "]
)
TEXTS = st.tuples(LEADS, st.lists(st.tuples(JOINTS, MEASURES), min_size=1, max_size=3)).map(
    lambda made: (
        made[0] + "".join(joint + measure for joint, measure in made[1])[len(made[1][0][0]) :]
    ).strip()
)


@settings(SEARCH)
@given(TEXTS)
def test_no_number_is_invented_and_none_is_lost(text):
    check_numbers(text)


@settings(SEARCH)
@given(st.text(alphabet="0123456789  sxdhmwyC%+-/:,#<>=~*()'’", max_size=24))
def test_no_number_is_invented_in_any_row_of_signs(text):
    check_numbers(text)


@settings(SEARCH)
@given(TEXTS)
def test_nothing_is_left_that_an_engine_would_guess_at(text):
    spoken = spoken_form(text, "en")
    assert all(c in PUNCTUATION or unicodedata.category(c)[0] in "LM" for c in spoken), spoken
    runs = re.findall(r"(?<![A-Za-z])[A-Z]{2,}s?(?![A-Za-z])", spoken)
    assert [run for run in runs if not said_as_word(run)] == []
    # A word without a vowel is an abbreviation that was not read.
    assert [w for w in re.findall(r"[A-Za-z]{2,}", spoken) if not re.search("[aeiouyAEIOUY]", w)] == [], (
        spoken
    )
    left = [
        w for w in re.findall(r"[A-Za-zμ]+", spoken) if w in EN and len(w) > 1 and w not in ("min", "sec")
    ]
    assert left == [], spoken


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 999_999), st.sampled_from(["", " "]), st.sampled_from(sorted(EN)), st.booleans())
def test_every_number_with_every_unit_says_the_unit_once(number, gap, unit, comma):
    written = f"{number:,}" if comma else str(number)
    if unit in ("s", "d", "y", "m", "h", "l", "L", "U", "g", "w", "°") or (
        unit[0].isalpha() and unit[0] in "xX"
    ):
        gap = " "
    spoken = spoken_form(f"about {written}{gap}{unit}, then", "en")
    name = EN[unit].many
    assert spoken.count(name) == 1 and spoken.endswith(f" {name}, then"), spoken


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["in the", "into the", "low", "mid", "running", "were", "her"]),
    st.integers(2, 40).map(lambda n: n * 10),
    st.one_of(st.none(), st.integers(2, 14).map(lambda n: n * 10)),
    st.sampled_from(["s", "'s", "’s"]),
)
def test_tens_in_the_plural_are_no_seconds(lead, first, second, plural):
    text = f"{lead} {first}{plural}" + (f"/{second}{plural}" if second else "")
    spoken = spoken_form(text, "en")
    assert "second" not in spoken and "slash" not in spoken
    assert (" over " in spoken) == (second is not None)
    assert re.search(r"(?:ties|tens|hundreds)\Z", spoken), spoken


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        ["since", "on", "seen in", "done in", "started", "takes", "found in", "ratio", "by", "drawn from"]
    ),
    st.integers(1, 12),
    st.integers(1, 31),
    st.sampled_from(
        ["of them", "patients", "cups", "tablet", "cases", "murmur", "of the days", "strength", "nodes"]
    ),
)
def test_a_part_of_something_is_no_date(lead, part, whole, noun):
    assert not re.search(rf"\b(?:{MONTHS})\b", spoken_form(f"{lead} {part}/{whole} {noun}", "en"))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(
        ["on", "since", "seen", "LMP", "LMP:", "admitted on", "scheduled for surgery on", "until"]
    ),
    st.integers(1, 12),
    st.integers(1, 28),
    st.sampled_from(["", ".", ", again", " and now", " with pain", " at noon"]),
)
def test_a_day_is_a_date_where_the_words_say_so(lead, month, day, rest):
    assert MONTHS.split("|")[month - 1] in spoken_form(f"{lead} {month}/{day}{rest}", "en")


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 23),
    st.sampled_from([0, 5, 15, 30, 45, 59]),
    st.sampled_from(["at {} hrs", "at {} hours", "by {}h"]),
)
def test_a_time_in_four_digits_says_hour_and_minute(hour, minute, form):
    spoken = spoken_form(form.format(f"{hour:02}{minute:02}"), "en")
    assert "thousand" not in spoken and spoken.endswith(" hours")
    assert ("hundred" in spoken) == (minute == 0)


@pytest.mark.parametrize(
    "written, never",
    [
        ("5 mg x 3", " by "),
        ("3 mg x 10 days", "times"),
        ("3 cm x 10 cm", "times"),
        ("Na+ 138", "plus"),
        ("HCO3- 24", "minus"),
        ("the patient sc. hs. was", "subcutaneous"),
        ("an IT band strain", "I T support"),
        ("Stage II/III", "over"),
        ("in 1/2 of them", "January"),
    ],
)
def test_a_sign_is_not_read_as_another(written, never):
    assert never not in spoken_form(written, "en")


def test_a_definition_in_brackets_is_remembered_within_the_turn():
    spoken = spoken_form(
        "acute lymphoblastic leukemia (ALL) is rare. Most with ALL recover. We saw ALL of them.", "en"
    )
    assert spoken.count("A L L") == 3
    assert "all of them" in spoken_form("We saw ALL of them.", "en")

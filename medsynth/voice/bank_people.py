"""What speaker tables say of a person, mapped by what it means: ages to bands, spellings to genders.

**Ages.** Tables give years, ranges, decades or letters. A range that lies in one band of ours (child <14, youth
14–25, adult 26–59, elderly ≥60) is that band. A range over several bands is youth or adult, whichever
holds more of its years: a voice is called elderly, or a child's, only where nothing else is possible. So AISHELL's
"> 41" is adult, Common Voice's twenties (its form says 19–29) are youth, its fifties adult, its sixties elderly.

**Genders.** What is blank or cannot be read leaves the gender unknown; nothing falls to the other one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from medsynth.records import AGE_GROUPS, AgeGroup, Gender, age_group_of

_FEMALE = frozenset({"f", "female", "woman", "girl", "female_feminine", "女", "女性", "女士", "女生", "女声"})
_MALE = frozenset({"m", "male", "man", "boy", "male_masculine", "男", "男性", "男士", "男生", "男声"})
_NOT_STATED = frozenset({"", "-", "--", "na", "n/a", "nan", "none", "null", "unknown", "未知", "不详"})
_BANDS: dict[AgeGroup, tuple[int, int | None]] = {
    "child": (0, 13), "youth": (14, 25), "adult": (26, 59), "elderly": (60, None),
}  # fmt: skip
_OLDEST = 120
_RANGE = re.compile(r"(\d{1,3})\s*(?:-|–|—|~|to|至|到)\s*(\d{1,3})")
_LIMIT = re.compile(r"(<=|>=|<|>|≤|≥|under|over|above|below)\s*(\d{1,3})")
_NUMBER = re.compile(r"(\d{1,3})(?:\.\d+)?(\+?)")


class Ages(NamedTuple):
    """Whole years from `low` to `high`, both included; `high` None: and older."""

    low: int
    high: int | None


class Band(NamedTuple):
    """The band of an age, what was decided in placing it there ("" when nothing was), and the years behind it."""

    age_group: AgeGroup
    note: str
    may_be_child: bool


def plain(text: str | None) -> str:
    """Return a table's cell as it is compared: one width, no blanks at the ends, one blank inside, lower case."""
    return " ".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def is_blank(text: str | None) -> bool:
    """Tell whether a cell says nothing: empty, a dash, "unknown"."""
    return plain(text) in _NOT_STATED


def gender_of(text: str | None) -> Gender | None:
    """Return the gender that a cell names, None when it names none of the two."""
    name = plain(text)
    return "female" if name in _FEMALE else "male" if name in _MALE else None


def ages_of(text: str | None) -> Ages | None:
    """Return the years of a cell such as `23`, `20 - 29`, `< 14`, `> 41`, `60+`, `elderly`; None when it has none."""
    name = plain(text).removesuffix("岁").removesuffix("years").strip()
    if name in AGE_GROUPS:
        return Ages(*_BANDS[name])
    if (found := _RANGE.fullmatch(name)) and int(found[1]) <= int(found[2]) <= _OLDEST:
        return Ages(int(found[1]), int(found[2]))
    if (found := _LIMIT.fullmatch(name)) and int(found[2]) <= _OLDEST:
        sign, years = found[1], int(found[2])
        if sign in ("<", "under", "below"):
            return Ages(0, years - 1) if years else None
        if sign in ("<=", "≤"):
            return Ages(0, years)
        return Ages(years if sign in (">=", "≥") else years + 1, None)
    if (found := _NUMBER.fullmatch(name)) and int(found[1]) <= _OLDEST:
        return Ages(int(found[1]), None if found[2] else int(found[1]))
    return None


def band_of(ages: Ages) -> Band:
    """Return where an age belongs, as the head of this module says."""
    top = ages.high if ages.high is not None else _OLDEST
    first, last = age_group_of(ages.low), age_group_of(top)
    if first == last:
        return Band(first, "", first == "child")
    years = {name: _overlap(ages.low, top, *_BANDS[name]) for name in ("youth", "adult")}
    chosen: AgeGroup = "adult" if years["adult"] >= years["youth"] else "youth"
    spanned = AGE_GROUPS[AGE_GROUPS.index(first) : AGE_GROUPS.index(last) + 1]
    span = f"{ages.low} and older" if ages.high is None else f"{ages.low}–{ages.high}"
    return Band(chosen, f"{span} spans {', '.join(spanned)}: taken for {chosen}", first == "child")


def _overlap(low: int, high: int, first: int, last: int | None) -> int:
    return max(0, min(high, _OLDEST if last is None else last) - max(low, first) + 1)

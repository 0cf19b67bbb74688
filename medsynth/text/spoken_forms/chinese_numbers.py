"""Mandarin readings of what begins with a digit: quantities, ranges, dates, times, fractions, digit strings."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.chinese_dates import read_calendar, read_clock, read_string, text_before
from medsynth.text.spoken_forms.chinese_names import VALUES, digits_of_name, read_number_of_name
from medsynth.text.spoken_forms.chinese_quantities import (
    DASH,
    NUM,
    NUMBER,
    PERCENT,
    how_two,
    read_quantity,
    with_unit,
)
from medsynth.text.spoken_forms.chinese_spine import read_levels
from medsynth.text.spoken_forms.numerals import cardinal_zh, digits_zh, number_zh
from medsynth.text.spoken_forms.scan import Hit
from medsynth.text.spoken_forms.units import UNIT_ZH

_PRESSURE = re.compile(
    r"(?P<a>\d{2,3}(?:\.\d)?)(?:[-~–—](?P<c>\d{2,3}))? ?[/／] ?(?P<b>\d{2,3}(?:\.\d)?)(?:[-~–—]"
    r"(?P<d>\d{2,3}))?(?![\d/]|\.\d)(?: ?(?P<u>mmhg|毫米汞柱|kpa))?",
    re.I,
)
_PRESSURE_WORD = re.compile(r"(?:血压|BP|高压|压)[^，。；]{0,14}\Z", re.I)
_FRACTION = re.compile(r"(?P<a>\d{1,4}(?:\.\d+)?) ?[/／] ?(?P<b>\d{1,4}(?:\.\d+)?)(?![\d/]|\.\d)")
_PLACES = re.compile(r"(?:[第颈腰胸骶]|[颈腰胸骶]\d{1,2}/\d{1,2}[、,，])\Z")
# Three numbers and more are no range and no fraction: so many in the morning, at noon, in the evening.
_CHAIN = re.compile(
    r"(?P<c>\d{1,3}(?:\.\d++)?(?:(?:[-—]\d{1,3}(?:\.\d++)?){2,9}+|(?:/\d{1,3}){2,9}+))(?![-/\d])(?P<p>[%‰]?)"
)
_SOME_YEARS = re.compile(r"(?P<a>[3-8])/(?P<b>[4-9])(?=(?:年|个月|天|周|次|岁|个小时|小时|个)(?!之))")
_SUBTRACTION = re.compile(r"(?P<a>\d{1,4}) ?[-—] ?(?P<b>\d{1,4}) ?(?==)")
_PRESSURES_RUN = re.compile(r"(?P<a>[12]\d0|1\d\d|9\d)(?P<b>1[0-3]\d|[4-9]\d)(?!\d|[.,/%])")
_MIXED = re.compile(r"(?P<w>\d{1,2})(?: |又|-)(?P<a>[1-7])[/／](?P<b>[2-8])(?![\d/])")
_LISTED = re.compile(
    r"(?P<a>[1-9])(?P<s>、|，|,)(?P<b>[1-9])(?=(?:个|天|次|年|周|月|小时|岁|片|粒|点|分钟|十|百|斤"
    r"|杯|口|滴|支|米|厘米|公分))"
)
_NAMED = re.compile(r"(?:[A-Za-z]|[A-Za-z]-)\Z")


def read(text: str, at: int) -> Hit | None:
    """Return the reading of the number that begins at `at`; every digit gets one."""
    for rule in (
        read_number_of_name,
        read_string,
        read_levels,
        read_calendar,
        _named,
        read_clock,
        _chain,
        _over,
        _listed,
        read_quantity,
    ):
        hit = rule(text, at)
        if hit is not None:
            return hit
    match = NUMBER.match(text, at)
    return Hit(match.end(), number_zh(match[0])) if match else None


def _over(text: str, at: int) -> Hit | None:
    """Blood pressures, fractions, ratios."""
    match = _MIXED.match(text, at)
    if match and int(match["a"]) < int(match["b"]):
        said = f"{cardinal_zh(int(match['w']))}又{cardinal_zh(int(match['b']))}分之{cardinal_zh(int(match['a']))}"
        return with_unit(text, match.end(), said)
    match = _PRESSURE.match(text, at)
    if match:
        a, b = float(match["a"]), float(match["b"])
        sure = match["u"] is not None or bool(_PRESSURE_WORD.search(text_before(text, at)))
        if b < a and ((60 <= a <= 280 and 30 <= b <= 180) or (sure and 8 <= a <= 40 and 4 <= b <= 25)):
            c, d = (f"到{number_zh(match[g])}" if match[g] else "" for g in ("c", "d"))
            unit = {"k": "千帕", "m": "毫米汞柱", "毫": "毫米汞柱", "": ""}[(match["u"] or "")[:1].lower()]
            return Hit(match.end(), f"{number_zh(match['a'])}{c}比{number_zh(match['b'])}{d}{unit}")
    match = _FRACTION.match(text, at)
    if match is None:
        return None
    a, b = float(match["a"]), float(match["b"])
    some = _SOME_YEARS.match(text, at)
    if some and int(some["b"]) == int(some["a"]) + 1:
        return Hit(some.end(), cardinal_zh(int(some["a"])) + cardinal_zh(int(some["b"])))
    measured = UNIT_ZH.match(text, match.end())
    pair = a < b and measured is not None and measured["u"].lower() in ("mmhg", "kpa")
    if pair or _PLACES.search(text, max(0, at - 6), at) or ("." in match[0] and a < b):
        return with_unit(text, match.end(), f"{number_zh(match['a'])}、{number_zh(match['b'])}")
    low, high = number_zh(match["a"]), number_zh(match["b"])
    if 0 < a < b:
        following = re.compile(rf"{DASH}(?P<b>{NUM})(?P<f>[/／]\d)?").match(text, match.end())
        said = f"{high}分之{low}"
        if following and not following["f"]:
            end = following.end()
            return with_unit(text, end, f"{said}到{number_zh(following['b'], how_two(text, at, end))}")
        return with_unit(text, match.end(), said)
    return with_unit(text, match.end(), f"{low}比{high}")


def _chain(text: str, at: int) -> Hit | None:
    """Numbers in a row: "1-1-2", "1/4/5"; a difference, "31-11=20"; two blood pressures run together."""
    match = _CHAIN.match(text, at)
    if match:
        said = "、".join(number_zh(n) for n in re.split(r"[-—/]", match["c"]))
        if match["p"]:
            return Hit(match.end(), ("百分之" if match["p"] == "%" else "千分之") + said)
        return with_unit(text, match.end(), said)
    match = _SUBTRACTION.match(text, at)
    if match:
        return Hit(match.end(), f"{number_zh(match['a'])}减{number_zh(match['b'])}")
    match = _PRESSURES_RUN.match(text, at)
    if match and int(match["b"]) < int(match["a"]) and re.search(r"血压\D{0,3}\Z", text_before(text, at)):
        return Hit(match.end(), f"{number_zh(match['a'])}、{number_zh(match['b'])}")
    return None


def _listed(text: str, at: int) -> Hit | None:
    """Two neighbours that stand for "some": "2、3天" is 两三天."""
    match = _LISTED.match(text, at)
    if (
        match
        and int(match["b"]) == int(match["a"]) + 1
        and not re.search(r"(?:[第\d.]|第[\d、，,]*|\d[、，,])\Z", text[max(0, at - 8) : at])
    ):
        first = "两" if match["a"] == "2" else cardinal_zh(int(match["a"]))
        return Hit(match.end(), first + ("两" if match["b"] == "2" else cardinal_zh(int(match["b"]))))
    return None


def _named(text: str, at: int) -> Hit | None:
    """The digits of a name: "CA125", "B12"."""
    if not _NAMED.search(text[max(0, at - 2) : at]) or text[at] == ".":
        return None
    before = text[max(0, at - 8) : at]
    match = re.compile(r"\d++(?:\.\d++)?").match(text, at)
    assert match is not None
    code = digits_of_name(text, at, match[0])
    if code:
        return Hit(match.end(), code)
    listed = re.compile(r"(?P<a>\d{1,3})[/／](?P<b>\d{1,3})(?![\d.])").match(text, at)
    vitals = re.search(r"(?:BP|HR|[^A-Za-z][PTR]|\A[PTR])\Z", before, re.I)
    if listed and not vitals:
        return Hit(listed.end(), f"{cardinal_zh(int(listed['a']))}、{cardinal_zh(int(listed['b']))}")
    if text.startswith("19-9", at) and re.search(r"CA ?\Z", before, re.I):
        return Hit(at + 4, "一九九")
    leads = re.compile(r"(?P<a>\d)[-~–—](?P<l>[A-Z])(?P<b>\d)(?!\d)").match(text, at)
    if leads and leads["l"] == text[at - 1] and int(leads["b"]) > int(leads["a"]):
        return Hit(leads.end(), f"{cardinal_zh(int(leads['a']))}到{leads['l']}{cardinal_zh(int(leads['b']))}")
    if "." in match[0] or UNIT_ZH.match(text, match.end()) or PERCENT.match(text, match.end()):
        return None
    if re.match(r" ?(?:[-~–—/:：×*^+]|次|岁|元)", text[match.end() : match.end() + 2]) or len(match[0]) <= 2:
        return None
    if VALUES.search(before):
        return None
    return Hit(match.end(), digits_zh(match[0]))

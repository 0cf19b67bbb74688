"""Mandarin measures that are written in a way of their own: "40+天", "39w+2d", "1米75", "1/日"."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.chinese_dates import text_before
from medsynth.text.spoken_forms.numerals import digits_zh, number_zh
from medsynth.text.spoken_forms.scan import Hit

_MORE = re.compile(
    r"(?P<n>\d{1,4})\+ ?(?P<u>个?月|周岁|周|天|岁|年|小时|分钟|次|斤|公斤|元|片|个|名|人|例|%)(?!\+)"
)
_WEEKS = re.compile(
    r"(?P<w>\d{1,2}) ?[wW] ?(?P<p>\+?) ?(?P<d>[0-6]) ?(?:[dD](?![A-Za-z])|天)"
    r"|(?P<v>[1-4]?\d) ?(?P<s>周) ?\+ ?(?P<e>[0-6])(?:(?P<t>天)|(?=[^\d个.周]|\Z))"
)
_PREGNANT_DAYS = re.compile(r"(?P<w>[1-4]?\d) ?\+ ?(?P<d>[0-6])(?P<u>周|天)?")
_PREGNANT = re.compile(r"(?:孕|妊娠|停经|胎儿|产前)[^。；]{0,8}\Z")
_HEIGHT = re.compile(
    r"(?P<m>[12])(?:米|[mM])(?P<c>\d{1,2})(?!\d|[.×xX*]|个|厘米|公分|[cm]?m|次|天|层|远|宽|长|块|片)"
)
_TIMES_PER = re.compile(r"(?P<n>[1-9]) ?[/／] ?(?P<u>日|天|周|晚|d(?![A-Za-z]))")
_TIMES_NAMES = {"d": "天"}


def read_measure(text: str, at: int) -> Hit | None:
    """Return the reading of such a measure at `at`."""
    return _more_than(text, at) or _weeks_and_days(text, at) or _height(text, at) or _per_day(text, at)


def _more_than(text: str, at: int) -> Hit | None:
    """ "40+天": 四十多天; a number that is not round puts 多 behind the measure, "25+周": 二十五周多."""
    match = _MORE.match(text, at)
    if match is None:
        return None
    number, unit = match["n"], match["u"]
    said = number_zh(number, "两")
    if unit == "%":
        return Hit(match.end(), f"百分之{said}多")
    if number.endswith("0") and number != "0":
        return Hit(match.end(), f"{said}多{unit}")
    if unit in ("小时", "个月", "月"):
        return Hit(match.end(), f"{said}个多{unit.removeprefix('个')}")
    return Hit(match.end(), f"{said}{unit}多")


def _weeks_and_days(text: str, at: int) -> Hit | None:
    """Weeks and days of a pregnancy: "39w+2d", "39W2D", "38周+5", "孕38+2"."""
    match = _WEEKS.match(text, at)
    if match:
        weeks, days = match["w"] or match["v"], match["d"] or match["e"]
        plus = "加" if match["p"] or match["s"] else ""
        if match["s"] and not match["t"]:
            return Hit(match.end(), f"{number_zh(weeks, '两')}周{plus}{number_zh(days)}")
        return Hit(match.end(), f"{number_zh(weeks, '两')}周{plus}{number_zh(days, '两')}天")
        match = _PREGNANT_DAYS.match(text, at)
    if (
        match
        and _PREGNANT.search(text_before(text, at))
        and not re.match(r"[\d.个]", text[match.end() :][:1])
    ):
        return Hit(match.end(), f"{number_zh(match['w'])}加{number_zh(match['d'])}{match['u'] or ''}")
    return None


def _height(text: str, at: int) -> Hit | None:
    """ "1米75": 一米七五."""
    match = _HEIGHT.match(text, at)
    if match is None or re.search(r"[0-9A-Za-z.]\Z", text[at - 1 : at]):
        return None
    return Hit(match.end(), f"{number_zh(match['m'], '两')}米{digits_zh(match['c'])}")


def _per_day(text: str, at: int) -> Hit | None:
    """ "1/日": 一日一次."""
    match = _TIMES_PER.match(text, at)
    if match is None or re.search(r"[\d.~—-] ?\Z", text[max(0, at - 2) : at]):
        return None
    return Hit(match.end(), f"一{_TIMES_NAMES.get(match['u'], match['u'])}{number_zh(match['n'], '两')}次")

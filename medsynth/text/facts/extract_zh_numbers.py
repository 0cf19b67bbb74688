"""Chinese and Arabic numerals in Chinese text: 一百二, 十五, 半, 几, 百分之五, 3～5, 三五, full-width digits."""

from __future__ import annotations

import re
from typing import NamedTuple

# Full-width signs have the same length as their plain forms, so places in the text stay what they were.
_PLAIN = str.maketrans(
    "０１２３４５６７８９．％／～－＋＊（）：，＜＞＝〜∼˜﹣—–−×✕＞≈ｍｇｌｄｈＬＭＧ",
    "0123456789.%/~-+*():,<>=~~~----xx>~mgldhLMG",
)
# 贰佰元; one such character alone is often part of a word (收拾, 队伍).
_FORMAL = re.compile(r"[壹贰叁肆伍陆柒捌玖拾佰仟万]{2,}")
_UNFORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千")
_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "仨": 3}
_SCALE = {"十": 10, "百": 100, "千": 1000, "万": 10000, "亿": 100000000}
_HAN = "零〇一二两俩仨三四五六七八九十百千万亿"
HAN_DIGITS = "一二两三四五六七八九"

# One number: digits (with thousands marks, decimals, 万), or a Chinese numeral, 半, 几, 数, 十几.
ONE = (
    r"(?:百分之(?:\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百]+(?:点[零〇一二两三四五六七八九]+)?)"
    r"|[一二两三四五六七八九十]+分之[一二两三四五六七八九十]+(?!钟)"
    r"|\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?(?:千(?!克)|[万百亿])?"
    r"|[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二两三四五六七八九]+)?|半|[俩仨])"
)
# 2、3天, 两、三天: two that follow each other are a range.
_NEXT = "|".join(
    [rf"(?<=[^\d.]{n})、(?={n + 1}(?![\d.、]))" for n in range(1, 9)]
    + [
        rf"(?<=[^、十百]{a})、(?=[{b}](?![、十百]))"
        for a, b in zip("一二三四五六七八", ("二两", *"三四五六七八九"), strict=True)
    ]
    + ["(?<=两)、(?=三(?!、))"]
)
_JOINT = rf"(?:\s{{0,2}}(?:-{{1,2}}|~|至|到|—)\s{{0,2}}|{_NEXT})"
# A few tens: 十几, 20多, 三十余; the rest of what is vague is read where the unit is known.
MORE = r"(?:几|多|余|来)?"


# No quantity of medicine is written with more characters.
_LONGEST = 16


class Number(NamedTuple):
    """A number or range as it was said. `vague` for 几."""

    low: float
    high: float
    percent: bool = False


def flatten(text: str) -> str:
    """Return the text with full-width digits and signs made plain; every character keeps its place."""
    flat = text.translate(_PLAIN)
    if _FORMAL.search(flat):
        flat = _FORMAL.sub(lambda match: match[0].translate(_UNFORMAL), flat)
    return flat


def plain(value: float) -> str:
    """Return a number of at most ten figures without an empty fraction: 2, 0.5, 38.5."""
    return f"{float(f'{value:.10g}'):.12f}".rstrip("0").rstrip(".")


def spread(low: float, high: float, unit: str = "") -> str:
    """Return "5 mg" or "5-10 mg"."""
    numbers = plain(low) if low == high else f"{plain(low)}-{plain(high)}"
    return f"{numbers} {unit}".rstrip()


def value_of(text: str) -> float | None:
    """Return what one numeral says, None for what is none."""
    if len(text) > _LONGEST:
        return None
    if text == "半":
        return 0.5
    if text.startswith("百分之"):
        return value_of(text[3:])
    if "分之" in text:
        below, above = (value_of(part) for part in text.split("分之"))
        return above / below if above is not None and below else None
    if text[0].isdigit():
        factor = 1
        if text[-1] in _SCALE:
            text, factor = text[:-1], _SCALE[text[-1]]
        return float(text.replace(",", "")) * factor
    return _han(text)


def _han(text: str) -> float | None:
    whole, _, decimals = text.partition("点")
    total = _whole(whole)
    if total is None or not decimals:
        return total
    digits = "".join(str(_DIGIT[c]) for c in decimals)
    return total + float(f"0.{digits}")


def _whole(text: str) -> float | None:
    if not text or any(c not in _HAN for c in text):
        return None
    if all(c in _DIGIT for c in text):
        # 二零一五 spells digits; 三五 and 两三 are ranges and read elsewhere.
        return float(int("".join(str(_DIGIT[c]) for c in text)))
    total = section = 0.0
    digit = 0.0
    last_scale = 1.0
    for char in text:
        if char in _DIGIT:
            digit = _DIGIT[char]
            if char in "零〇":
                last_scale = 1.0
            continue
        scale = _SCALE[char]
        if scale >= 10000:
            total = (total + section + digit) * scale
            section = 0.0
        else:
            section += (digit or 1) * scale
        digit, last_scale = 0.0, scale
    # 一百二 is 120 and 三万五 35,000, but 一百零二 is 102.
    if digit and last_scale >= 100 and text[-1] in _DIGIT and text[-2] in _SCALE:
        digit *= last_scale / 10
    return total + section + digit


def centimetres(digits: str) -> float:
    """Return what follows the metres of a height: 五九 59, 八 80, 05 5, 48.3 48.3."""
    whole, _, tenth = digits.replace("点", ".").partition(".")
    value = int("".join(c if c.isascii() else str(_DIGIT[c]) for c in whole))
    tenths = (int(tenth) if tenth.isascii() else _DIGIT[tenth]) / 10 if tenth else 0.0
    return (value * 10 if len(whole) == 1 else value) + tenths


_NEIGHBOURS = re.compile(rf"(?:十)?[{HAN_DIGITS}][{HAN_DIGITS}](?:十|百|千|万)?")


def neighbours(text: str) -> Number | None:
    """Return the range of two neighbouring digits: 三五 3-5, 两三 2-3, 十七八 17-18, 七八十 70-80; None for none."""
    if not _NEIGHBOURS.fullmatch(text):
        return None
    tens = 10 if text[0] == "十" else 0
    body = text[1:] if tens else text
    scale = _SCALE.get(body[-1], 1)
    low, high = _DIGIT[body[0]], _DIGIT[body[1]]
    if not 0 < high - low <= 2:
        return None
    return Number((tens + low) * scale, (tens + high) * scale)


def number_of(first: str, second: str = "") -> Number | None:
    """Return the number of one numeral, or of the two ends of a range."""
    if not second:
        near = neighbours(first)
        if near:
            return near
        value = value_of(first)
        return None if value is None else Number(value, value, first.startswith("百分之"))
    low, high = value_of(first), value_of(second)
    if low is None or high is None:
        return None
    return Number(low, high, first.startswith("百分之") or second.startswith("百分之"))


RANGE = rf"(?P<n1>{ONE})(?P<more>{MORE})(?:{_JOINT}(?P<n2>{ONE}))?"
JOINT = _JOINT

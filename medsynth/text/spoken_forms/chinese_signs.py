"""Mandarin readings of symbols."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import chinese_numbers
from medsynth.text.spoken_forms.chinese_dashes import read_dash
from medsynth.text.spoken_forms.chinese_findings import read_plus, weak_sign
from medsynth.text.spoken_forms.numerals import digits_zh, number_zh
from medsynth.text.spoken_forms.scan import REFERENCE, Hit
from medsynth.text.spoken_forms.units import BELOW_ZH, UNIT_ZH, ZH, below_zh

GREEK = {
    "α": "阿尔法", "β": "贝塔", "γ": "伽马", "δ": "德尔塔", "ε": "艾普西龙", "ζ": "泽塔", "η": "伊塔",
    "θ": "西塔",
    "κ": "卡帕", "λ": "兰姆达", "μ": "微", "ν": "纽", "π": "派", "ρ": "柔", "σ": "西格玛", "τ": "涛", "φ": "斐",
    "χ": "卡方", "ψ": "普西", "ω": "欧米伽", "Δ": "德尔塔", "Ω": "欧姆", "Σ": "西格玛", "Φ": "直径",
    "Γ": "伽马",
    "Α": "阿尔法", "Β": "贝塔",
}  # fmt: skip
_SIGNS = (
    (re.compile(r"≥|>=|=>"), "大于等于"),
    (re.compile(r"≤|<="), "小于等于"),
    (re.compile(r"-{1,2}>|→|=>|——>"), "到"),
    (re.compile(r">(?= ?[\d.一-鿿])"), "大于"),
    (re.compile(r"<(?= ?[\d.一-鿿])"), "小于"),
    (re.compile(r"(?<=[\d)%])>(?= ?[A-Z])"), "大于"),
    (re.compile(r"(?<=[\d)%])<(?= ?[A-Z])"), "小于"),
    (re.compile(r"(?<=\d)￥"), "元"),
    (re.compile(r"(?<=\d)[$]"), "美元"),
    (re.compile(r"φ(?= ?\d)"), "直径"),
    (re.compile(r"Ω-(?=[369])"), "欧米伽"),
    (re.compile(r"≈"), "约等于"),
    (re.compile(r"~(?= ?\d)"), "约"),
    (re.compile(r"=(?= ?[\w+-])"), "等于"),
    (re.compile(r"&"), "和"),
    (re.compile(r"÷"), "除以"),
    (re.compile(r"[×✕](?= ?[\w.-])"), "乘"),
    (re.compile(r"(?<=[㐀-鿿A-Z])[*✕](?=\d)"), "乘"),
    (re.compile(r"↑+"), "升高"),
    (re.compile(r"↓+"), "降低"),
    (re.compile(r"° ?[Cc]"), "摄氏度"),
    (re.compile(r"° ?[Ff]"), "华氏度"),
    (re.compile(r"°"), "度"),
    (re.compile(r"%"), "百分比"),
    (re.compile(r"‰"), "千分号"),
    (re.compile(r"@(?=\w)"), "艾特"),
    (re.compile(r"○"), "零"),
)  # fmt: skip
# A tag or an entity of a page's markup that the text was copied with.
_MARKUP = re.compile(
    r"</?(?:br|p|b|i|u|strong|em|span|div|font|sub|sup|li|ul|td|tr|a) ?/?>"
    r"|&(?:#\d{1,6}|#x[0-9A-Fa-f]{1,5}|[lr]dquo|[lr]squo|quot|nbsp|amp|hellip|middot|ensp|emsp);"
    r"|<(?=[㐀-鿿]{1,8}>)",
    re.I,
)
_ANGLES_END = re.compile(r"<[㐀-鿿]{1,8}\Z")
# What may end a range that "~" opens, beside a number: a Roman grade, a stage, a lead, a minus.
_RANGE_END = re.compile(r"(?:[IVX]+(?![A-Za-z])|[A-Z]\d|[IVX]+[a-c](?![A-Za-z])|[-+]\d|\.\d)")
# The name of a patient that was crossed out.
_NAMELESS = re.compile(r"×{1,2}(?=[，,、。（(男女先某 ]|\Z)")
_SURNAME = re.compile(r"(?:\A|[^㐀-鿿]|患者|病人|病员)[㐀-鿿]\Z")
# "~" between two words opens a range only behind a numeral or between degrees and times; else it is a drawl.
_WORDS_RANGE = re.compile(
    r"[\d一二三四五六七八九十百千万两半几%)）°]\S{0,2}~[一二三四五六七八九十百千两半几次第]|[轻中重浅深冷温热低高微早晚大小稍慢快强弱一二三四五六日][度微性]?~[㐀-鿿]"
    r"|[午晨晚上]~[上下中早晚凌次]|[颈胸腰骶]~[颈胸腰骶尾]"
)
# "~" before a number is "about" where nothing that a range could begin with stands before it: "白细胞~10".
_NOUN_BEFORE = re.compile(r"(?:[㐀-鿿]|(?<![A-Za-z])(?![IVXivx]+\Z)[A-Za-z]{2,8})\Z")
_BEGINS_RANGE = re.compile(
    r"(?:[\d一二三四五六七八九十百千万两半几](?: ?[^㐀-鿿\s，。；、,;：:（(]{0,10})"
    r"[个多半余来天日周月年岁时点分秒次度片粒支级期型斤元块倍例人号寸指床组线码米克升成代胎层楼名位万千百亿章页星小钟礼拜"
    r"公厘毫微龄肋间颗包袋瓶杯滴口碗盒丸针摩尔单每汞柱左右前后]{0,8}"
    r"|出生|生后|初生|新生儿?|足月|[早晚]上|[早晚晨午夜今初起]|现在|目前|正常|阴性)\Z"
)
_NOT_A_LETTER = re.compile(r"φ ?\d|Ω-[369]")
_MONEY = re.compile(rf"(?P<c>[$€£￥]) ?(?P<n>{chinese_numbers.NUM})(?P<w>[万千百亿]?)(?P<y>元?)")
_MONEY_NAMES = {"$": "美元", "€": "欧元", "£": "英镑", "￥": "元"}
_PER = re.compile(
    r" ?[/／] ?(?P<p>日|天|次|周|月|年|分钟|分|小时|晚|秒|片|粒|支|人|瓶|袋|盒|公斤|千克|分升|微升|升|毫升"
    r"|高倍视野|HPF?|LPF?|d|min|h|kg|[mdμu]?[lL])(?![A-Za-z])"
)
_PER_BEFORE = re.compile(r"(?:[野片粒支滴袋次个丸包克升位针贴杯瓶碗元跳天升口勺盒尔贝卡万亿]|[a-z])\Z")
_PER_NAMES = {
    "d": "天",
    "min": "分钟",
    "h": "小时",
    "kg": "公斤",
    "HP": "高倍视野",
    "HPF": "高倍视野",
    "LP": "低倍视野",
    "LPF": "低倍视野",
    "L": "升",
    "l": "升",
    "mL": "毫升",
    "ml": "毫升",
    "dL": "分升",
    "dl": "分升",
    "μL": "微升",
    "μl": "微升",
    "uL": "微升",
    "ul": "微升",
}


def read_sign(text: str, at: int) -> Hit | None:
    """Return the reading of the symbol at `at`."""
    char = text[at]
    if char == "×":
        nameless = _NAMELESS.match(text, at)
        if nameless and _SURNAME.search(text, max(0, at - 4), at):
            return Hit(nameless.end(), "某" * len(nameless[0]))
    if char in "[]":
        # "[12]" is a reference to the literature, which nobody says.
        note = REFERENCE.match(text, at)
        return Hit(note.end(), "") if note else Hit(at + 1, "(" if char == "[" else ")")
    markup = _MARKUP.match(text, at) if char in "<&" else None
    if markup:
        return Hit(markup.end(), "")
    if char == ">" and _ANGLES_END.search(text, max(0, at - 9), at):
        return Hit(at + 1, " ")
    money = _MONEY.match(text, at)
    if money:
        return Hit(money.end(), f"{number_zh(money['n'])}{money['w']}{_MONEY_NAMES[money['c']]}")
    if char in "-–—":
        return read_dash(text, at)
    if char == "+":
        return read_plus(text, at)
    if char == "±":
        return weak_sign(text, at)
    if "一" <= char <= "鿿":
        joint = re.compile(r".[-–~—]").match(text, at)
        return Hit(joint.end(), f"{char}到") if joint else None
    if char in "/／":
        return _slash(text, at)
    if char == "~":
        after = text[at + 1 : at + 2]
        before = text[at - 1 : at]
        if (
            before != "约"
            and before
            and not _about(text, at)
            and after
            and (before.isalnum() or before in "%)）°+")
            and (
                after.isdecimal()
                or _WORDS_RANGE.search(text[max(0, at - 3) : at + 3])
                or _RANGE_END.match(text, at + 1)
            )
        ):
            return Hit(at + 1, "到")
        if "㐀" <= before <= "鿿" and "㐀" <= after <= "鿿":
            return Hit(at + 1, "，")
        return Hit(at + 1, "约" if re.match(r"\.?\d", text[at + 1 : at + 3]) and before != "约" else "")
    if char == "#":
        number = text[at - 1 : at].isdecimal()
        return Hit(at + 1, "号" if number else "")
    unit = UNIT_ZH.match(text, at) if char == "μ" else None
    if unit:
        below = BELOW_ZH.match(text, unit.end())
        name = ZH[unit["u"].lower()].many
        return Hit(below.end(), name + below_zh(below[0])) if below else Hit(unit.end(), name)
    if char in GREEK and not _NOT_A_LETTER.match(text, at):
        hyphen = text[at + 1 : at + 2] == "-"
        return Hit(at + 2 if hyphen else at + 1, GREEK[char])
    for pattern, words in _SIGNS:
        match = pattern.match(text, at)
        if match:
            return Hit(match.end(), words)
    if char in "²³":
        return Hit(at + 1, "平方" if char == "²" else "立方")
    if char in "⁰¹²³⁴⁵⁶⁷⁸⁹":
        return Hit(at + 1, digits_zh(str("⁰¹²³⁴⁵⁶⁷⁸⁹".index(char))))
    return Hit(at + 1, " ") if not char.isalpha() else None


def _about(text: str, at: int) -> bool:
    """Whether the "~" at `at` stands between a noun and the number that it makes an estimate of."""
    window = text[max(0, at - 16) : at]
    return bool(
        re.match(r"\.?\d", text[at + 1 : at + 3])
        and _NOUN_BEFORE.search(window)
        and not _BEGINS_RANGE.search(window)
    )


def _slash(text: str, at: int) -> Hit:
    per = _PER.match(text, at)
    before = text[max(0, at - 4) : at].rstrip(" ")[-1:]
    if per and (
        _PER_BEFORE.search(text[max(0, at - 4) : at].rstrip(" ")[-2:])
        or (per["p"][-1:] in ("l", "L") and before.isascii() and before.isalpha())
    ):
        return Hit(per.end(), f"每{_PER_NAMES.get(per['p'], per['p'])}")
    below = BELOW_ZH.match(text, at) if before == "个" else None
    if below:
        return Hit(below.end(), below_zh(below[0]))
    after = text[at + 1 : at + 2]
    if (
        not before
        or not after
        or not (before.isalnum() or before in "+)）%")
        or not (after.isalnum() or after in "(（")
    ):
        return Hit(at + 1, "，" if before and before.isalnum() and after else "")
    return Hit(at + 1, "" if text[at - 1] == "和" else "、")

"""Mandarin readings of symbols."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import chinese_numbers
from medsynth.text.spoken_forms.chinese_quantities import LAB
from medsynth.text.spoken_forms.numerals import cardinal_zh, digits_zh, number_zh
from medsynth.text.spoken_forms.scan import REFERENCE, Hit
from medsynth.text.spoken_forms.units import BELOW_ZH, below_zh

GREEK = {
    "α": "阿尔法", "β": "贝塔", "γ": "伽马", "δ": "德尔塔", "ε": "艾普西龙", "ζ": "泽塔", "η": "伊塔",
    "θ": "西塔",
    "κ": "卡帕", "λ": "兰姆达", "μ": "微", "ν": "纽", "π": "派", "ρ": "柔", "σ": "西格玛", "τ": "涛", "φ": "斐",
    "χ": "卡方", "ψ": "普西", "ω": "欧米伽", "Δ": "德尔塔", "Ω": "欧姆", "Σ": "西格玛", "Φ": "直径",
    "Γ": "伽马",
    "Α": "阿尔法", "Β": "贝塔",
}  # fmt: skip
_SIGN_WORDS = re.compile(r"[（(] ?(?P<s>\+{1,4}|-|—|±|\+-) ?[)）]")
_SAID_ALREADY = re.compile(r"(?:阴性|阳性|弱阳性|加号) ?\Z")
_RUN = re.compile(r"\++")
_FINDING = re.compile(
    r"(?:抗原|抗体|DNA|RNA|试验|反应|征|蛋白|潜血|隐血|糖|HIV|TP|HPV|酮体|胆红素|霍夫曼|白细胞"
    r"|红细胞|梅毒|滴虫|霉菌|酯酶|亚硝酸盐|sAg|eAg|Ab)[：: ]?\Z"
)
_SIGNS = (
    (re.compile(r"±|\+/-|\+-(?=\d)"), "正负"),
    (re.compile(r"≥|>=|=>"), "大于等于"),
    (re.compile(r"≤|<="), "小于等于"),
    (re.compile(r"-{1,2}>|→|=>|——>"), "到"),
    (re.compile(r">(?= ?[\d.一-鿿])"), "大于"),
    (re.compile(r"<(?= ?[\d.一-鿿])"), "小于"),
    (re.compile(r"≈"), "约等于"),
    (re.compile(r"~(?= ?\d)"), "约"),
    (re.compile(r"=(?= ?[\w+-])"), "等于"),
    (re.compile(r"&"), "和"),
    (re.compile(r"÷"), "除以"),
    (re.compile(r"[×✕](?= ?[\w.])"), "乘"),
    (re.compile(r"↑+"), "升高"),
    (re.compile(r"↓+"), "降低"),
    (re.compile(r"° ?[Cc]"), "摄氏度"),
    (re.compile(r"° ?[Ff]"), "华氏度"),
    (re.compile(r"°"), "度"),
    (re.compile(r"%"), "百分号"),
    (re.compile(r"‰"), "千分号"),
    (re.compile(r"@(?=\w)"), "艾特"),
    (re.compile(r"○"), "零"),
)  # fmt: skip
_MONEY = re.compile(rf"(?P<c>[$€£￥]) ?(?P<n>{chinese_numbers.NUM})(?P<w>[万千百亿]?)(?P<y>元?)")
_MONEY_NAMES = {"$": "美元", "€": "欧元", "£": "英镑", "￥": "元"}
_PER = re.compile(
    r" ?[/／] ?(?P<p>日|天|次|周|月|年|分钟|分|小时|晚|秒|片|粒|支|人|瓶|袋|盒|公斤|千克|升|毫升"
    r"|高倍视野|HPF?|LPF?|d|min|h|kg)(?![A-Za-z])"
)
_PER_BEFORE = re.compile(r"(?:[野片粒支滴袋次个丸包克升位针贴杯瓶碗元跳天升口勺盒]|毫克|毫升|[a-z])\Z")
_PER_NAMES = {
    "d": "天",
    "min": "分钟",
    "h": "小时",
    "kg": "公斤",
    "HP": "高倍视野",
    "HPF": "高倍视野",
    "LP": "低倍视野",
    "LPF": "低倍视野",
}


def _dash(text: str, at: int) -> Hit | None:
    """Hyphens: a minus, what joins letters and digits, a range between numerals."""
    run = re.compile(r"[-–—~]+").match(text, at)
    assert run is not None
    before, after = text[at - 1 : at] if at else "", text[run.end() : run.end() + 1]
    if text.startswith(">", run.end()) and "-" in run[0]:
        return Hit(run.end() + 1, "到")
    if (
        run[0] == "-"
        and before
        and _FINDING.search(text[max(0, at - 8) : at])
        and (not after or after in "，。；、,; ）)")
    ):
        return Hit(run.end(), "阴性")
    if before == "S" and after.isdecimal() and re.search(r"(?:先露|胎头|位置)", text[max(0, at - 10) : at]):
        return Hit(run.end(), "负")
    if after.isdecimal() and re.search(r"\d[:：][0-5]\d ?\Z", text[max(0, at - 6) : at]):
        return Hit(run.end(), "到")
    if after.isdecimal() or (after == "." and text[run.end() + 1 : run.end() + 2].isdecimal()):
        if (
            before in ("", " ", "(", "（", "=", "：", "，", "<", ">", "≥", "≤", "为", "是", "约", "值")
            and len(run[0]) == 1
            and run[0] == "-"
        ):
            return Hit(run.end(), "负" if before not in ("", "，") or run[0] == "-" else "")
        if before in "点分秒时日号月年岁天周个次片级期型度%℃千万百亿元块" and before:
            return Hit(run.end(), "到")
        return Hit(run.end(), " " if before.isascii() else "，" if len(run[0]) > 1 or "—" in run[0] else "")
    if re.search(r"(?<![A-Za-z])[IVX]+\Z", text[max(0, at - 6) : at]) and after in ("I", "V", "X"):
        return Hit(run.end(), "到")
    if before.isascii() and before.isalnum() and after.isalnum() and len(run[0]) == 1:
        return Hit(run.end(), " ")
    return None


def read_sign(text: str, at: int) -> Hit | None:
    """Return the reading of the symbol at `at`."""
    char = text[at]
    if char in "[]":
        # "[12]" is a reference to the literature, which nobody says.
        note = REFERENCE.match(text, at)
        return Hit(note.end(), "") if note else Hit(at + 1, "(" if char == "[" else ")")
    money = _MONEY.match(text, at)
    if money:
        return Hit(money.end(), f"{number_zh(money['n'])}{money['w']}{_MONEY_NAMES[money['c']]}")
    if char in "-–—":
        return _dash(text, at)
    if "一" <= char <= "鿿":
        joint = re.compile(r".[-–~—]").match(text, at)
        return Hit(joint.end(), f"{char}到") if joint else None
    if char in "/／":
        return _slash(text, at)
    if char == "+":
        return _plus(text, at)
    if char == "~":
        after = text[at + 1 : at + 2]
        before = text[at - 1 : at]
        if (
            before != "约"
            and before
            and after
            and (before.isalnum() or before in "%)）")
            and (after.isdecimal() or "一" <= after <= "鿿")
        ):
            return Hit(at + 1, "到")
        return Hit(at + 1, "约" if after.isdecimal() and before != "约" else "")
    if char == "#":
        number = text[at - 1 : at].isdecimal()
        return Hit(at + 1, "号" if number else "")
    if char in GREEK:
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


def _slash(text: str, at: int) -> Hit:
    per = _PER.match(text, at)
    before = text[max(0, at - 4) : at].rstrip(" ")[-1:]
    if per and _PER_BEFORE.search(text[max(0, at - 4) : at].rstrip(" ")[-2:]):
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


def _plus(text: str, at: int) -> Hit:
    """Signs of a finding: 一个加号, 两个加号; between others 加."""
    if text.startswith("+/-", at):
        return Hit(at + 3, "正负")
    run = _RUN.match(text, at)
    assert run is not None
    count, before, after = len(run[0]), text[at - 1 : at], text[run.end() : run.end() + 1]
    graded = re.compile(r"\+(?P<n>[1-4])(?![\w.+])").match(text, at)
    if graded and LAB.search(text, max(0, at - 12), at):
        return Hit(graded.end(), f"{'两' if graded['n'] == '2' else cardinal_zh(int(graded['n']))}个加号")
    if re.search(r"(?:CD|CK)\d+\Z", text[max(0, at - 6) : at]):
        return Hit(run.end(), "阳性")
    if (
        count > 1
        or (before and "一" <= before <= "鿿" and (not after or after in "，。；、,; ）)-~"))
        or re.match(r"[-~]\+", text[run.end() : run.end() + 2])
    ):
        name = {1: "一", 2: "两", 3: "三", 4: "四"}.get(count, cardinal_zh(count))
        dash = re.compile(r"[-~](?=\+)").match(text, run.end())
        return Hit(dash.end(), f"{name}个加号到") if dash else Hit(run.end(), f"{name}个加号")
    return Hit(run.end(), "加")


def read_bracketed(text: str, at: int) -> Hit | None:
    """ "(-)" and "(++)" after a finding."""
    match = _SIGN_WORDS.match(text, at)
    if match is None:
        return None
    if _SAID_ALREADY.search(text[max(0, at - 4) : at]):
        return Hit(match.end(), "")
    sign = match["s"]
    if sign in ("-", "—"):
        return Hit(match.end(), "阴性")
    if sign == "+":
        return Hit(match.end(), "阳性")
    if sign[0] == "+" and "-" not in sign:
        return Hit(match.end(), f"{ {2: '两', 3: '三', 4: '四'}[len(sign)] }个加号")
    return Hit(match.end(), "正负")

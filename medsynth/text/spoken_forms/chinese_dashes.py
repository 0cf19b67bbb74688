"""Mandarin readings of hyphens and dashes: a minus, a range, a finding that is negative, or nothing.

A minus that is not said changes a fact, and so does one that is said where a hyphen joins a name. What
stands beside the dash decides: the sort of quantity before it, the unit behind it.
"""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.numerals import cardinal_zh
from medsynth.text.spoken_forms.scan import Hit

_RUN = re.compile(r"[-–—~]{1,12}")
_NUMBER = re.compile(r" ?(?P<n>\d+(?:\.\d+)?|\.\d+)")
# Behind a number these make it a count, a date or an amount: never below zero.
_COUNT_AFTER = re.compile(
    r" ?(?:多|余)?(?:个|天|周|年|月|日|号|岁|次|片|粒|支|人|例|室|床|型|类|期|级|点|分钟|小时|元|块|名|位|章|节|条"
    r"|页|袋|盒|瓶|包|(?:mg|ml|kg|cm|mm)(?![A-Za-z])|受体|抑制|拮抗|激动|[-/]\d{1,2}[-/])",
    re.I,
)
_DATE_AFTER = re.compile(r" ?(?:(?:19|20)\d\d ?(?:[-./年]|\Z)|\d{1,2}(?:月|[-/]\d{1,2}(?:[-/:：日号]|\Z)))")
# Units of quantities that go below zero: dioptres, angles, temperatures, decibels, potentials, scores.
_SIGNED_UNIT = re.compile(
    r" ?(?:\d|\.)[\d.]* ?(?:D(?:[SC])?(?![A-Za-z])|度|°|摄氏度|毫伏|分贝|个?标准差"
    r"|(?:dB|m[Vv]|SD)(?![A-Za-z])|mmol)"
)
_SIGNED = re.compile(
    r"(?:眼|近视|远视|散光|屈光|球镜|柱镜|验光|度数|镜片|眼镜|剩余|碱[过缺]|(?<![A-Za-z])A?S?BE|电轴|轴[:：]?|[TZ] ?值"
    r"|[TZ]-?[Ss]core|T评分|Z评分|骨密度|(?<![A-Za-z])(?:OD|OS|OU|SPH|CYL|MD|SDS|LAZ|WAZ|HAZ)|电位|先露|胎头|坐骨棘|棘平|气温"
    r"|室温|低温|温度|冷冻|冰箱|压低|下移|标准差|净[值差]|差值|偏差|平衡|增长率|变化率)[^。；;！？!?]{0,10}\Z"
)
_CELSIUS_BODY = re.compile(r"(?:体温|发烧|高烧|低烧|发热|腋温|肛温|耳温)[^。；;，,]{0,4}\Z")
# Amounts that are gained or lost, whatever their unit.
_CHANGE = re.compile(r"(?:变化|改变|增减|差[值额]|平衡|净[入出]?量|净[超增]滤?|出入量|出入)[:：为是]?\Z")
_BASE_EXCESS = re.compile(r"(?<![A-Za-z])A?S?BE\([A-Za-z]{1,3}\)\Z")
_ACUITY = re.compile(r"视力[^。；;近远散]{0,8}\Z")
_COPULA = re.compile(r"(?:为|是|在|约|到|至|达|低|有|差|值|于|大|小|左右|右|左|降|零下)\Z")
# What ends a name that goes on with a hyphen and a number: 白介素-2, 碳-14, 磷酸二酯酶-5.
_NAME = re.compile(
    r"(?:素|酶|肽|因子|病毒|蛋白|抗原|抗体|受体|碳|碘|铁|锶|钴|锝|镭|铯|铱|钇|镓|磷|氟|子|烯|醇|酸|胺|酮|型"
    r"|类|楼|室|栋|座|号|其|散|丸|胶囊|颗粒|方|汤|膏|苷|肼|嘧啶|嘌呤|细胞|转运体|图|表|例|题|章|节|组|群|链|基|体|糖|量|重|高|龄|率|数)\Z"
)
# A number with its unit (or a day of the week) stands before the dash: a range.
_AMOUNT_BEFORE = re.compile(
    r"(?:[\d一二三四五六七八九十百千万两半几] ?(?:个)?(?:点半?|分|秒|小?时|分钟|日|号|月|年|岁|天|周|个|次|片|级|期|型"
    r"|度|千|万|百|亿|元|块|斤|公斤|毫?克|毫?升|[厘毫]?米|粒|支|滴|倍|层|楼|名|人|例|杯|袋|包|瓶|盒|针|月龄"
    r"|周岁|%|‰|° ?[CF]?|[cm]m|m?g|kg|ml)|(?:周|星期|礼拜)[一二三四五六日]) ?\Z",
    re.I,
)
_OPENERS = frozenset("(（=：:，,、<>≥≤~→“\"'[/*×+-")
_ABBREVIATION = re.compile(
    r"(?<![A-Za-z])(?P<s>BE|ABE|SBE|OD|OS|OU|SPH|CYL|DS|DC|MD|SDS|S|T|Z|R|L)(?P<v>[:： ]?)\Z"
)
_SURE_ABBREVIATIONS = frozenset(("BE", "ABE", "SBE", "OD", "OS", "OU", "SPH", "CYL", "DS", "DC", "MD", "SDS"))
_STATION = re.compile(r"(?:先露|胎头|位置|坐骨棘|胎先露|下降)[^。；]{0,8}\Z")
_ROMAN_BEFORE = re.compile(r"(?<![A-Za-z])[IVX]+[a-c]?\Z")
_ROMAN_AFTER = re.compile(r"[IVX]+[a-c]?(?![A-Za-z])")
_LEVEL_BEFORE = re.compile(r"(?<![A-Za-z])[CTLSV]\d{0,2}(?:/\d{1,2})?\Z")
_LEVEL_AFTER = re.compile(r"[CTLSV]\d")
_DOSING_BEFORE = re.compile(r"(?<![A-Za-z])(?:qd|bid|tid|qod|qn|qw|biw)\Z", re.I)
_DOSING_AFTER = re.compile(r"(?:qd|bid|tid|qid|qod|qn|qw|biw)(?![A-Za-z])", re.I)
_DATE_BEFORE = re.compile(r"(?:19|20)\d\d[-./年]\d{1,2}(?:[-./月]\d{1,2})?\Z")
_YEAR_AFTER = re.compile(r" ?(?:19|20)\d\d[-./年]")
_FINDING = re.compile(
    r"(?:抗原|抗体|DNA|RNA|试验|反应|征|蛋白|潜血|隐血|糖|HIV|TP|HPV|酮体|胆红素|霍夫曼|白细胞"
    r"|红细胞|梅毒|滴虫|霉菌|酯酶|亚硝酸盐|sAg|eAg|Ab)[：: ]?\Z"
)
# Markers that are found or not found: 阴性 where a minus ends them.
_MARKER = re.compile(
    r"(?<![A-Za-z])(?:ER|PR|HER-?2|AR|CD\d{1,3}[a-z]?|CK[\d/]*(?:pan)?|CKP|EMA|SMA|S-?100|Des(?:min)?|DOG-?1|Syn|CgA|TTF-?1|NSE"
    r"|P\d{2}|GATA-?3|ALK|EGFR|Vim(?:entin)?|HMB-?45|CEA|PSA|HBs?A[gb]|HBeA[gb]|HBcA[gb]|HIV|HCV|HBV|HPV|TP|TPPA|RPR|TRUST|Rh|HP|Hp"
    r"|PRO|BLD|LEU|GLU|KET|NIT|BIL|Ab|Ag|DNA|RNA|IgM|IgG)\Z"
)
_ENDS = frozenset("，。；、,; ）)/")


def read_dash(text: str, at: int) -> Hit | None:
    """Return the reading of the run of dashes at `at`; None where it stays as it is."""
    run = _RUN.match(text, at)
    assert run is not None
    dash, end = run[0], run.end()
    before, after = text[at - 1 : at], text[end : end + 1]
    window = text[max(0, at - 24) : at]
    if at == 0 and len(dash) == 1 and not after.isdecimal() and after != ".":
        return Hit(end, "")  # the mark of a list's item
    if dash == "-" and after == "级" and re.search(r"(?:\d|(?<![A-Za-z])[IVX]+)\Z", window):
        return Hit(end, "减")  # muscle strength: "4-级"
    if text.startswith(">", end) and "-" in dash:
        return Hit(end + 1, "到")
    if (
        dash in ("-", "—")
        and (not after or after in _ENDS)
        and (_FINDING.search(window) or _MARKER.search(window))
    ):
        return Hit(end, "阴性")
    if after.isdecimal() or (after == "." and text[end + 1 : end + 2].isdecimal()):
        return _before_number(text, at, run)
    if dash[-1] == "-" and len(dash) == 2 and before.isdecimal() and after.isdecimal():
        return Hit(at + 1, "到")
    if ((_ROMAN_BEFORE.search(window) or before.isdecimal()) and _ROMAN_AFTER.match(text, end)) or (
        (_LEVEL_BEFORE.search(window) or before in ("V", "T")) and _LEVEL_AFTER.match(text, end)
    ):
        return Hit(end, "到")
    if _DOSING_BEFORE.search(window) and _DOSING_AFTER.match(text, end):
        return Hit(end, "到")
    if before.isascii() and before.isalnum() and after.isalnum() and len(dash) == 1:
        return Hit(end, " ")
    return None


def _before_number(text: str, at: int, run: re.Match[str]) -> Hit:
    """A dash with a number behind it: a range, a minus, or a hyphen that is not said."""
    end, dash = run.end(), run[0]
    before = text[at - 1 : at]
    window = text[max(0, at - 24) : at]
    dates = _DATE_BEFORE.search(window.rstrip(" ")) and _YEAR_AFTER.match(text, end)
    if dates or re.search(r"\d[:：][0-5]\d ?\Z", window) or _AMOUNT_BEFORE.search(window):
        return Hit(end, "到")
    if dash != "-" and re.search(r"(?<![A-Za-z])[VT]\Z", window):
        return Hit(end, "到")
    if re.search(r"\d ?\Z", window) and before == " ":
        return Hit(end, "到")
    if len(dash) == 1 and dash in "-–" and is_signed(text, at, end):
        return Hit(end, "负")
    return Hit(
        end, " " if before.isascii() and before not in "-" else "，" if len(dash) > 1 or "—" in dash else ""
    )


def is_signed(text: str, at: int, end: int) -> bool:
    """Whether the sign `text[at:end]` before a number tells on which side of zero it lies."""
    window = text[max(0, at - 24) : at]
    before = window[-1:]
    if _DATE_AFTER.match(text, end):
        return False
    if before in _OPENERS or not before:
        return True
    if before == " ":
        word = window.rstrip(" ")[-1:]
        return not word or word in _OPENERS or not _COUNT_AFTER.match(text, _end_of_number(text, end))
    if before == ")":
        return bool(_BASE_EXCESS.search(window))
    if before.isascii():
        return before.isalpha() and signed_abbreviation(text, at, end)
    return _signed_after_han(text, at, end, window)


def _end_of_number(text: str, at: int) -> int:
    number = _NUMBER.match(text, at)
    return number.end() if number else at


def _signed_after_han(text: str, at: int, end: int, window: str) -> bool:
    if _CHANGE.search(window):
        return True
    stop = _end_of_number(text, end)
    if _COUNT_AFTER.match(text, stop):
        return False
    number = _NUMBER.match(text, end)
    value = float(number["n"]) if number else 0.0
    if _CELSIUS_BODY.search(window):
        return value < 30
    unit = _SIGNED_UNIT.match(text, end)
    if unit:
        return not _NAME.search(window) or bool(_SIGNED.search(window))
    if _ACUITY.search(window) and value <= 2 and stop - end <= 3:
        return False  # "视力：右眼-0.8": how much is seen, no lens
    if _NAME.search(window) and not window.endswith(("度数", "增长率", "变化率")):
        return False
    return bool(_SIGNED.search(window) or _COPULA.search(window) or "." in text[end:stop])


def signed_abbreviation(text: str, at: int, end: int) -> bool:
    """Whether `text[:at]` ends in an abbreviation whose value is written with a sign: "BE-3.5", "S-2"."""
    name = _ABBREVIATION.search(text[max(0, at - 8) : at])
    if name is None:
        return False
    if name["s"] in _SURE_ABBREVIATIONS:
        return True
    if name["s"] == "S" and _STATION.search(text[max(0, at - 16) : at]):
        return True
    stop = _end_of_number(text, end)
    return "." in text[end:stop] and not _COUNT_AFTER.match(text, stop)


def grades(count: int) -> str:
    """Return so many plus signs as they are said of a finding: 一个加号, 两个加号."""
    return f"{'两' if count == 2 else cardinal_zh(count)}个加号"

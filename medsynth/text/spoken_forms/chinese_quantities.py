"""Mandarin quantities: numbers and ranges with powers, units and what they are per; 二 or 两."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.chinese_dates import text_before
from medsynth.text.spoken_forms.numerals import cardinal_zh, number_zh
from medsynth.text.spoken_forms.scan import Hit
from medsynth.text.spoken_forms.units import BELOW_ZH, POWERS_ZH, UNIT_ZH, ZH, below_zh

NUM = r"(?:\d{1,3}(?:,\d{3})++(?!\d)(?:\.\d++)?|\d++(?:\.\d++)*|\.\d++)"
NUMBER = re.compile(NUM)
DASH = r" ?(?:-{1,2}|[–~]|—{1,2}|至|到) ?"
# What 两, not 二, counts.
_MEASURE = (
    r"(?:多|余|来)?(?:个|次|片|粒|天|周|年(?!级|[前后]?第)|小时|分钟|秒|岁|支|瓶|杯|袋|包|种|名|位"
    r"|只|条|根|块|滴|颗|倍|遍|句|点|分(?!之|子|型|叶)|"
    r"米|公斤|千克|斤|公里|里|升|毫|克(?!隆|罗|林|霉|拉)|厘|微|纳|万|千|亿|丸|盒|勺|碗|顿|餐|针|剂"
    r"|贴|份|人|家|处|侧|者之|组|把|张|件|套|项|步|双|对|口|"
    r"晚|夜|刻|层(?!楼)|枚|瓣|头|喷|吸|揿|行|排|胎|节|段|列|眼|耳|肺|肾|乳|手|脚|腿|膝|髋|臂|下肢"
    r"|上肢|大类|方面|部分|星期|礼拜|钟头|季|辈|代人|吨|千"
    r"|路|例|样|回|匙|管|面|卷|场|"
    r"门|间|台|本|国|疗程|半|日(?!游)|大(?!便)|小时|老|餐|成|角|元|毛|女|子(?!宫)|男|侧|叶|极|端|餐|指|趾|横指)"
)
_COUNTED = re.compile(_MEASURE)
_NOT_COUNTED = re.compile(r"(?:胎|叶|级|段|节)")
_MONTH_BEFORE = re.compile(r"月\Z")
_ORDINAL_BEFORE = re.compile(r"(?:第|初|星期|周|礼拜|小|老|十|百|千|万|零|点|[A-Za-z])\Z")
_IN_ORDINALS = re.compile(r"第[\d、，,和至到~-]+\Z")
_POWER = re.compile(
    r" ?[×xX*✕·] ?10 ?(?:(?:\^|\*|E|的)? ?(?P<f>[369]|1[012])(?= ?/ ?[Ll升])|[\^'’] ?(?P<e>-?\d{1,2})"
    r"|(?P<p>[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})|(?P<g>[3-9]|1[0-2])(?= ?(?:cop(?:y|ies)|拷贝|cfu|个|/ ?ml|iu))"
    r"|(?P<n>-[1-9])(?!\d))",
    re.I,
)
_SCIENTIFIC = re.compile(r"[eE](?P<e>[+-]?\d{1,3})(?![A-Za-z0-9.])")
_BARE_POWER = re.compile(r"10(?:\^ ?(?P<e>-?\d{1,2})|(?P<p>[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})|[*](?P<f>9|12)(?=/L))(?!\d)")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_TO = re.compile(rf"{DASH}(?P<b>{NUM})(?![\d:：])")
_PER_AMOUNT = re.compile(
    r" ?[/／] ?(?=\d++(?:\.\d++)? ?(?:m?[lLg]|dl|kg|min|h|d|小时|天|毫升|片|支|次|周)(?![A-Za-z]))", re.I
)
_DIMENSION = re.compile(rf" ?[×xX*✕] ?(?={NUM})")
_GAP = re.compile(r" ?")
PERCENT = re.compile(r" ?(?P<p>[%‰])")
_PLUSES = re.compile(r"(?P<n>[1-4])\+(?![\d\w])")
_HOURS_NEXT = re.compile(r"[内后前左以每/]")
LAB = re.compile(
    r"(?:蛋白|潜血|隐血|尿糖|糖|酮体|胆红素|胆原|白细胞|红细胞|酯酶|PRO|BLD|LEU|GLU|KET|ERY|WBC"
    r"|水肿|反流|狭窄)[^，。；]{0,6}\Z",
    re.I,
)
_COMMA_POINT = re.compile(r"(?:3[4-9]|4[0-2])[,，]\d(?= ?(?:度|°))")
_CELSIUS = re.compile(r" ?[cC](?![A-Za-z0-9])")
_UNIT_NOT_WITH_GAP = frozenset("hHdDsSmMuUwWlL")


def how_two(text: str, at: int, end: int) -> str:
    """Return how a 2 alone is said before `text[end:]`."""
    before = text[max(0, at - 6) : at]
    if _IN_ORDINALS.search(before):
        return "二"
    if _ORDINAL_BEFORE.search(before) and not (before.endswith(("周", "小", "老", "点"))):
        return "二"
    if before.endswith(("星期", "礼拜")) or (before.endswith("周") and not _COUNTED.match(text, end)):
        return "二"
    rest = text[end : end + 6].lstrip(" ")
    if rest.startswith(("日", "号")) and _MONTH_BEFORE.search(text[max(0, at - 1) : at]):
        return "二"
    if _NOT_COUNTED.match(rest):
        return "二"
    return "两" if _COUNTED.match(rest) else "二"


def read_quantity(text: str, at: int) -> Hit | None:
    """A number or range with its power, unit and what the unit is per; several joined by "×"."""
    power = _BARE_POWER.match(text, at)
    if power:
        return with_unit(text, power.end(), f"十的{_power(power)}次方")
    match = NUMBER.match(text, at)
    if match is None:
        return None
    written, end = match[0], match.end()
    typed = _COMMA_POINT.match(text, at)
    if typed:
        return with_unit(text, typed.end(), number_zh(typed[0].replace(",", ".").replace("，", ".")))
    pluses = _PLUSES.match(text, at)
    if pluses and LAB.search(text_before(text, at)):
        return Hit(pluses.end(), f"{'两' if pluses['n'] == '2' else cardinal_zh(int(pluses['n']))}个加号")
    power = _POWER.match(text, end) or _SCIENTIFIC.match(text, end)
    if power:
        return with_unit(text, power.end(), f"{number_zh(written)}乘以十的{_power(power)}次方")
    upper = _TO.match(text, end)
    if upper and not (re.match(r"[-–—~]\d", text[upper.end() : upper.end() + 2])):
        return _range(text, at, written, upper)
    percent = PERCENT.match(text, end)
    if percent:
        return _percent(text, written, percent)
    start = _GAP.match(text, end).end()  # type: ignore[union-attr]
    unit = _unit(text, start, start > end)
    if unit is not None:
        inner = _TO.match(text, unit.end())
        if inner and (_unit(text, inner.end(), False) or text[inner.end() : inner.end() + 1] == unit["u"]):
            return Hit(inner.start("b"), f"{number_zh(written, _counted(written))}{_name(unit)}到")
    times = _DIMENSION.match(text, unit.end() if unit else end)
    if times:
        return Hit(times.end(), f"{number_zh(written)}{_name(unit) if unit else ''}乘")
    celsius = _CELSIUS.match(text, end)
    if celsius and re.fullmatch(r"3[4-9](?:\.\d+)?|4[0-2](?:\.\d+)?", written):
        return Hit(celsius.end(), f"{number_zh(written)}摄氏度")
    two = how_two(text, at, end)
    if unit is not None and written == "2" and not unit["u"].startswith("°"):
        two = "两"
    return with_unit(text, end, number_zh(written, two))


def _counted(written: str) -> str:
    return "两" if written == "2" else "二"


def _range(text: str, at: int, written: str, upper: re.Match[str]) -> Hit:
    end = upper.end()
    low, high = written, upper["b"]
    percent = PERCENT.match(text, end)
    if percent:
        name = "百分之" if percent["p"] == "%" else "千分之"
        return Hit(percent.end(), f"{name}{number_zh(low)}到{number_zh(high)}")
    power = _POWER.match(text, end)
    if power:
        return with_unit(text, power.end(), f"{number_zh(low)}到{number_zh(high)}乘以十的{_power(power)}次方")
    rest = text[end : end + 8]
    if "-" in upper[0] and not _rises(low, high) and len(low) + len(high) > 2:
        # "6-5" and the like count down; "010-5" is a code: said as two numbers.
        return (
            with_unit(text, end, f"{number_zh(low)}到{number_zh(high)}")
            if "." in low + high
            else Hit(upper.start("b"), number_zh(low) + "，")
        )
    unit = _unit(text, end, False)
    count = bool(unit) and not (unit and unit["u"].startswith("°"))
    count = count or bool(
        _COUNTED.match(rest.lstrip(" ")[:5]) and not _NOT_COUNTED.match(rest.lstrip(" ")[:2])
    )
    if re.match(r"[日号]", rest) and _MONTH_BEFORE.search(text[max(0, at - 1) : at]):
        count = False
    two = "两" if count and not _ORDINAL_BEFORE.search(text[max(0, at - 1) : at]) else "二"
    times = _DIMENSION.match(text, end)
    said = f"{number_zh(low, two)}到{number_zh(high, two)}"
    return Hit(times.end(), said + "乘") if times else with_unit(text, end, said)


def _rises(low: str, high: str) -> bool:
    try:
        return float(low.replace(",", "")) < float(high.replace(",", ""))
    except ValueError:
        return False


def _percent(text: str, written: str, percent: re.Match[str]) -> Hit:
    name = "百分之" if percent["p"] == "%" else "千分之"
    said = name + number_zh(written)
    second = re.compile(rf"{DASH}(?={NUM} ?[%‰])").match(text, percent.end())
    return Hit(second.end(), said + "到") if second else Hit(percent.end(), said)


def _power(match: re.Match[str]) -> str:
    groups = match.groupdict()
    written = (
        groups.get("e")
        or groups.get("f")
        or groups.get("g")
        or groups.get("n")
        or (groups.get("p") or "").translate(_SUPERSCRIPTS)
    )
    return ("负" if written.startswith("-") else "") + cardinal_zh(int(written.lstrip("-+")))


def _unit(text: str, start: int, gap: bool) -> re.Match[str] | None:
    unit = UNIT_ZH.match(text, start)
    if unit is None or (gap and unit["u"] in _UNIT_NOT_WITH_GAP and not BELOW_ZH.match(text, unit.end())):
        return None
    if unit["u"] == "H" and not _HOURS_NEXT.match(text, unit.end()):
        return None  # "51H" in a list of results: high
    if unit["u"] in ("D", "S", "M", "MS", "MA", "KV", "DB", "PA", "Pa", "CAL") and unit["u"].isupper():
        return None
    return unit


def _name(unit: re.Match[str]) -> str:
    return POWERS_ZH.get(unit["sq"] or "", "") + ZH[unit["u"].lower()].many


def with_unit(text: str, end: int, said: str) -> Hit:
    """Return `said` with the unit that stands at `end`, and what the unit is per."""
    start = _GAP.match(text, end).end()  # type: ignore[union-attr]
    unit = _unit(text, start, start > end)
    below = BELOW_ZH.match(text, unit.end() if unit else end)
    amount = _PER_AMOUNT.match(text, unit.end()) if unit and not below else None
    if amount and unit:
        return Hit(amount.end(), f"{said}{_name(unit)}每")
    name = _name(unit) if unit else ""
    if below:
        return Hit(below.end(), f"{said}{name}{below_zh(below[0])}")
    return Hit(unit.end() if unit else end, said + name)

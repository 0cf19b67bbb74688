"""Mandarin quantities: numbers and ranges with powers, units and what they are per; 二 or 两."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.chinese_dates import text_before
from medsynth.text.spoken_forms.chinese_findings import read_graded
from medsynth.text.spoken_forms.chinese_measures import read_measure
from medsynth.text.spoken_forms.numerals import cardinal_zh, number_zh
from medsynth.text.spoken_forms.scan import Hit
from medsynth.text.spoken_forms.units import BELOW_ZH, POWERS_ZH, UNIT_ZH, ZH, below_zh

NUM = r"(?:\d{1,3}(?:,\d{3})++(?!\d)(?:\.\d++)?|\d++(?:\.\d++)*|\.\d++)"
NUMBER = re.compile(NUM)
DASH = r" ?(?:-{1,6}|[–~]{1,3}|—{1,3}|至|到|(?<=\d)一(?=\d)) ?"
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
    r" ?[×xX*✕·] ?(?:10 ?)?[eE]\+? ?(?P<h>\d{1,2})(?!\d)|"
    r" ?[×xX*✕·] ?10 ?(?:(?:\^|\*|E|的)? ?(?P<f>[369]|1[012])(?= ?/ ?[Ll升])|[\^'’~] ?(?P<e>-?\d{1,2})"
    r"|(?P<p>[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})|(?P<g>[3-9]|1[0-2])(?= ?(?:cop(?:y|ies)|拷贝|cfu|个|/ ?ml|iu))"
    r"|(?P<n>-[1-9])(?!\d))",
    re.I,
)
_SCIENTIFIC = re.compile(r"[eE](?P<e>[+-]?\d{1,3})(?![A-Za-z0-9.])")
_BARE_POWER = re.compile(
    r"10(?:\^ ?(?P<e>-?\d{1,2})|(?P<n>-\d{1,2})(?:次方|(?= ?mol)|(?<=-\d)(?= ?[mμn]mol))"
    r"|(?P<p>[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})|[*](?P<f>9|12)(?=/L))(?!\d)"
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_TO = re.compile(rf"(?P<d>{DASH})(?P<b>{NUM})(?![\d:：])")
# "10↑mmol/L": the mark of a laboratory between the value and its unit, said after both.
_ARROW = re.compile(r" ?(?P<a>↑+|↓+) ?[*＊]?(?= ?(?:[/／]|[A-Za-zμ%‰]|个[/／]))")
_WATTS = re.compile(r"(?:功率|激光|微波|电凝|电切|能量|瓦|灯|射频|消融|电刀|光照|仪器)")
_DECIMAL = re.compile(r"\.\d+ ?\Z")
_PREGNANT_ABOUT = re.compile(r"(?:孕|妊娠|停经|胎)")
# Viral loads and the like whose exponent lost its place: "2.1*106".
_LOST_POWER = re.compile(r" ?[×xX*] ?10(?P<e>[3-9])(?![\d.]|[一二三四五六七八九]次方)(?:次方)?")
_LOAD = re.compile(r"(?:DNA|RNA|病毒|定量|拷贝)[^。；]{0,14}\Z", re.I)
_PER_AMOUNT = re.compile(
    r" ?[/／] ?(?=\d++(?:\.\d++)? ?(?:m?[lLg]|dl|kg|min|h|d|小时|天|毫升|片|支|次|周)(?![A-Za-z]))", re.I
)
_DIMENSION = re.compile(rf" ?[×xX*✕] ?(?={NUM})")
_GAP = re.compile(r" ?")
PERCENT = re.compile(r" ?(?P<p>[%‰])")
_HOURS_NEXT = re.compile(r"[内后前左以每/]")
_COMMA_POINT = re.compile(r"(?:3[4-9]|4[0-2])[,，]\d(?= ?(?:度|°))|\d{1,4}·\d{1,4}(?![·\d])")
_CELSIUS = re.compile(r" ?[cC](?![A-Za-z0-9])")
# A unit that the next number is written to: "厚16mm12点".
_RUN_ON = re.compile(r"(?P<u>mmHg|mm|cm|ml|mg|kg)(?P<sq>(?!))?(?=[14-9]|[23][\d.])", re.I)
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
        return with_unit(text, typed.end(), number_zh(re.sub("[,，·]", ".", typed[0])))
    graded = read_graded(text, at)
    if graded:
        return graded
    measure = read_measure(text, at)
    if measure:
        return measure
    power = _POWER.match(text, end) or _SCIENTIFIC.match(text, end) or _unmarked_power(text, at, end)
    if power:
        ten = written == "10" and "E" in power[0] and "10" not in power[0]  # "10*E8"
        base = "" if ten else f"{number_zh(written)}乘以"
        return with_unit(text, power.end(), f"{base}十的{_power(power)}次方")
    arrow = _ARROW.match(text, end)
    if arrow:
        counted = "个" if text.startswith("个", arrow.end()) else ""
        said = with_unit(text, arrow.end() + len(counted), number_zh(written) + counted)
        return Hit(said.end, said.words + ("升高" if arrow["a"][0] == "↑" else "降低"))
    upper = _TO.match(text, end)
    if upper and upper["d"] == "--" and text[at - 1 : at] == "-":
        return Hit(end + 1, number_zh(written) + "到")  # "-3.0--5.0": both ends lie below zero
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


def _unmarked_power(text: str, at: int, end: int) -> re.Match[str] | None:
    match = _LOST_POWER.match(text, end)
    return match if match and _LOAD.search(text_before(text, at)) else None


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
    before = text[max(0, at - 2) : at]
    ordinal = _ORDINAL_BEFORE.search(before) and not before.endswith(
        ("每周", "一周", "本周", "小", "老", "点")
    )
    two = "两" if count and not ordinal else "二"
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
        or groups.get("h")
        or (groups.get("p") or "").translate(_SUPERSCRIPTS)
    )
    return ("负" if written.startswith("-") else "") + cardinal_zh(int(written.lstrip("-+")))


def _unit(text: str, start: int, gap: bool) -> re.Match[str] | None:
    unit = UNIT_ZH.match(text, start) or _RUN_ON.match(text, start)
    if unit is None or (gap and unit["u"] in _UNIT_NOT_WITH_GAP and not BELOW_ZH.match(text, unit.end())):
        return None
    if unit["u"] in ("y", "Y") and (
        unit["u"] == "Y" or text[unit.end() : unit.end() + 1] not in tuple(" ，,。；;）)")
    ):
        return None
    if unit["u"] in ("s", "S") and text[unit.end() : unit.end() + 3].lower() == "/co":
        return None  # signal to cut-off, no second
    if unit["u"] == "H" and not _HOURS_NEXT.match(text, unit.end()):
        return None  # "51H" in a list of results: high
    if unit["u"] in ("D", "S", "M", "MS", "MA", "KV", "DB", "PA", "Pa", "CAL") and unit["u"].isupper():
        return None
    return unit


def _name(unit: re.Match[str]) -> str:
    if unit["u"] in ("w", "W"):
        ahead = unit.string[unit.end() : unit.end() + 2]
        if unit["u"] == "w" and (
            ahead.startswith(("元", "块"))
            or _DECIMAL.search(unit.string[max(0, unit.start() - 8) : unit.start()])
        ):
            return "万"
        about = unit.string[max(0, unit.start() - 16) : unit.end() + 6]
        weeks = not _WATTS.search(about) if unit["u"] == "w" else bool(_PREGNANT_ABOUT.search(about))
        return "周" if weeks else "瓦"
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

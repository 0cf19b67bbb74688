"""Units of measure with their readings, and what may follow a slash."""

from __future__ import annotations

import re
from typing import NamedTuple


class Unit(NamedTuple):
    """How a unit is said after 1 and after any other number (Chinese has one form)."""

    one: str
    many: str


def _u(one: str, many: str = "") -> Unit:
    return Unit(one, many or f"{one}s")


_DEGREE_C, _DEGREE_F = _u("degree Celsius", "degrees Celsius"), _u("degree Fahrenheit", "degrees Fahrenheit")
_MERCURY = _u("millimeter of mercury", "millimeters of mercury")
EN: dict[str, Unit] = {
    "mg": _u("milligram"), "mgs": _u("milligram"), "g": _u("gram"), "gm": _u("gram"), "gms": _u("gram"),
    "kg": _u("kilogram"), "kgs": _u("kilogram"), "Kg": _u("kilogram"), "mcg": _u("microgram"),
    "μg": _u("microgram"), "ug": _u("microgram"), "ng": _u("nanogram"), "pg": _u("picogram"),
    "ml": _u("milliliter"), "mL": _u("milliliter"), "mls": _u("milliliter"), "cc": _u("c c", "c c"),
    "ccs": _u("c c", "c c"), "dl": _u("deciliter"), "dL": _u("deciliter"), "l": _u("liter"), "L": _u("liter"),
    "μL": _u("microliter"), "μl": _u("microliter"), "uL": _u("microliter"), "fL": _u("femtoliter"),
    "fl": _u("femtoliter"), "mm": _u("millimeter"), "cm": _u("centimeter"), "cms": _u("centimeter"),
    "m": _u("meter"), "km": _u("kilometer"), "dm": _u("decimeter"), "μm": _u("micrometer"), "nm": _u("nanometer"),
    "mmHg": _MERCURY, "mm Hg": _MERCURY, "mmhg": _MERCURY,
    "cmH2O": _u("centimeter of water", "centimeters of water"), "cm H2O": _u("centimeter of water",
    "centimeters of water"),
    "bpm": _u("beat per minute", "beats per minute"), "mmol": _u("millimole"), "μmol": _u("micromole"),
    "umol": _u("micromole"), "nmol": _u("nanomole"), "pmol": _u("picomole"), "mol": _u("mole"),
    "mEq": _u("milliequivalent"), "meq": _u("milliequivalent"), "mOsm": _u("milliosmole"),
    "IU": _u("international unit"), "iu": _u("international unit"), "U": _u("unit"),
    "mIU": _u("milli-international unit"), "μIU": _u("micro-international unit"),
    "uIU": _u("micro-international unit"), "mU": _u("milliunit"), "μU": _u("microunit"),
    "kcal": _u("kilocalorie"), "kcals": _u("kilocalorie"), "cal": _u("calorie"), "kJ": _u("kilojoule"),
    "Hz": _u("hertz", "hertz"), "kHz": _u("kilohertz", "kilohertz"), "MHz": _u("megahertz", "megahertz"),
    "dB": _u("decibel"), "kPa": _u("kilopascal"), "mV": _u("millivolt"), "mA": _u("milliampere"),
    "kV": _u("kilovolt"), "mSv": _u("millisievert"), "mGy": _u("milligray"), "cGy": _u("centigray"),
    "Gy": _u("gray"), "lb": _u("pound"), "lbs": _u("pound"), "oz": _u("ounce"), "ft": _u("foot", "feet"),
    "tsp": _u("teaspoon"), "tbsp": _u("tablespoon"), "tbs": _u("tablespoon"),
    "h": _u("hour"), "hr": _u("hour"), "hrs": _u("hour"), "min": _u("minute"), "mins": _u("minute"),
    "sec": _u("second"), "secs": _u("second"), "s": _u("second"), "ms": _u("millisecond"),
    "msec": _u("millisecond"), "wk": _u("week"), "wks": _u("week"), "yr": _u("year"), "yrs": _u("year"),
    "mo": _u("month"), "mos": _u("month"), "d": _u("day"), "y": _u("year"), "usec": _u("microsecond"),
    "mCi": _u("millicurie"), "μCi": _u("microcurie"), "uCi": _u("microcurie"), "MBq": _u("megabecquerel"),
    "Mg": _u("milligram"), "MG": _u("milligram"), "ML": _u("milliliter"), "kDa": _u("kilodalton"),
    "mM": _u("millimolar", "millimolar"), "μM": _u("micromolar", "micromolar"),
    "nM": _u("nanomolar", "nanomolar"), "cumm": _u("cubic millimeter"), "cu mm": _u("cubic millimeter"),
    "pack-yr": _u("pack-year"), "pack-yrs": _u("pack-year"), "pk yr": _u("pack-year"),
    "pk yrs": _u("pack-year"), "pack yr": _u("pack-year"), "pack yrs": _u("pack-year"),
    "pk-yr": _u("pack-year"), "pk-yrs": _u("pack-year"), "pk": _u("pack"), "pks": _u("pack"),
    "ppd": _u("pack per day", "packs per day"), "mph": _u("mile per hour", "miles per hour"),
    "%": _u("percent", "percent"), "‰": _u("per thousand", "per thousand"), "°C": _DEGREE_C, "° C": _DEGREE_C,
    "°F": _DEGREE_F, "° F": _DEGREE_F, "°": _u("degree"), "deg C": _DEGREE_C, "deg F": _DEGREE_F,
}  # fmt: skip

_ZH = {
    "mg": "毫克", "g": "克", "gm": "克", "kg": "公斤", "μg": "微克", "ug": "微克", "mcg": "微克",
    "ng": "纳克", "pg": "皮克",
    "ml": "毫升", "cc": "毫升", "dl": "分升", "l": "升", "μl": "微升", "ul": "微升", "fl": "飞升", "nl": "纳升",
    "mm": "毫米", "cm": "厘米", "m": "米", "km": "公里", "μm": "微米", "um": "微米", "nm": "纳米", "dm": "分米",
    "mmhg": "毫米汞柱", "mm hg": "毫米汞柱", "cmh2o": "厘米水柱", "kpa": "千帕", "mol": "摩尔",
    "mmol": "毫摩尔",
    "μmol": "微摩尔", "umol": "微摩尔", "nmol": "纳摩尔", "pmol": "皮摩尔", "fmol": "飞摩尔",
    "iu": "国际单位", "u": "单位",
    "ku": "千单位", "mu": "毫单位", "miu": "毫国际单位", "μiu": "微国际单位", "uiu": "微国际单位",
    "kiu": "千国际单位",
    "meq": "毫当量", "mosm": "毫渗量", "kcal": "千卡", "cal": "卡", "kj": "千焦", "hz": "赫兹", "khz": "千赫",
    "mhz": "兆赫", "db": "分贝", "mv": "毫伏", "ma": "毫安", "kv": "千伏", "msv": "毫西弗", "mgy": "毫戈瑞",
    "cgy": "厘戈瑞", "gy": "戈瑞", "h": "小时", "hr": "小时", "min": "分钟", "s": "秒", "sec": "秒",
    "ms": "毫秒",
    "d": "天", "bpm": "次每分", "°c": "摄氏度", "° c": "摄氏度", "°f": "华氏度", "° f": "华氏度", "°": "度",
    "oc": "摄氏度", "lu": "国际单位", "y": "岁", "wk": "周", "copy": "拷贝", "copie": "拷贝", "copies": "拷贝",
    "cfu": "菌落形成单位", "pa": "帕", "w": "瓦", "kd": "千道尔顿", "ppm": "百万分之一",
}  # fmt: skip
ZH: dict[str, Unit] = {k: Unit(v, v) for k, v in _ZH.items()}

# Beside every unit, what may stand after a slash.
_PER_EN = {
    "day": "day", "week": "week", "month": "month", "year": "year", "hour": "hour", "minute": "minute",
    "second": "second", "dose": "dose", "night": "night", "hpf": "high-power field", "HPF": "high-power field",
    "lpf": "low-power field", "visit": "visit", "kilogram": "kilogram", "person": "person",
    "serving": "serving",
    "wk": "week", "yr": "year", "mo": "month", "d": "day", "tablet": "tablet", "beat": "beat",
}  # fmt: skip
PER_EN: dict[str, str] = {
    k: u.one for k, u in EN.items() if "°" not in k and k not in ("%", "‰", "cc")
} | _PER_EN
_PER_ZH = {
    "日": "日", "天": "天", "次": "次", "周": "周", "月": "月", "年": "年", "分": "分", "分钟": "分钟",
    "小时": "小时",
    "晚": "晚", "片": "片", "粒": "粒", "支": "支", "人": "人", "瓶": "瓶", "袋": "袋", "盒": "盒", "秒": "秒",
    "min": "分钟", "hp": "高倍视野", "hpf": "高倍视野", "lp": "低倍视野", "lpf": "低倍视野",
    "高倍视野": "高倍视野",
    "毫升": "毫升", "升": "升", "千克": "千克", "公斤": "公斤", "克": "克", "w": "周", "个": "个", "ML": "毫升",
}  # fmt: skip
PER_ZH: dict[str, str] = {k: u.one for k, u in ZH.items() if "°" not in k} | _PER_ZH

POWERS_EN = {"2": "square ", "²": "square ", "3": "cubic ", "³": "cubic ", "^2": "square ", "^3": "cubic "}
POWERS_EN |= {"(2)": "square ", "(3)": "cubic "}
POWERS_ZH = {k: v.replace("square ", "平方").replace("cubic ", "立方") for k, v in POWERS_EN.items()}
_POWER = r"(?:\^?[23]|[²³]|\([23]\))"
_DOT = r"[·.*•▪⋅]"
_METRES = r"(?:mm|cm|dm|km|m|ft)"


def _any(words: dict[str, str] | dict[str, Unit]) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))


def _patterns(
    units: dict[str, Unit], per: dict[str, str], flags: int, joint: str
) -> tuple[re.Pattern[str], re.Pattern[str]]:
    end = r"(?![A-WYZa-wyz0-9²³]|[xX](?!\d))"
    unit = rf"(?P<u>{_METRES}(?={_POWER}{end})|(?:{_any(units)})(?={end}))(?P<sq>(?<=m){_POWER}|(?<=ft){_POWER})?{end}"
    named = rf"(?:(?:1\.73 ?)?{_METRES}{_POWER}|(?:{_any(per)}))"
    below = rf" ?[/／] ?(?:[(（] ?{named}(?: ?{_DOT} ?(?:{_any(per)}))? ?[)）]|{named}){end}"
    return re.compile(unit, flags), re.compile(
        rf"(?:{below})(?:(?:{joint})?{below}|{_DOT}(?:{_any(per)}){end})?", flags
    )


UNIT_EN, BELOW_EN = _patterns(EN, PER_EN, 0, "")
UNIT_ZH, BELOW_ZH = _patterns(ZH, PER_ZH, re.IGNORECASE, "")
_BELOW_PART = re.compile(
    rf"[/／·.*•▪⋅] ?[(（]? ?(?P<bsa>1\.73 ?)?"
    rf"(?P<u>cm ?H2O|mm Hg|cu mm|(?:{_METRES}(?={_POWER}))|[^\W\d]+)(?P<sq>{_POWER})?"
)


def below_en(written: str) -> str:
    """Return the reading of "/kg/day": "per kilogram per day"."""
    said = []
    for match in _BELOW_PART.finditer(written):
        bsa = "one point seven three " if match["bsa"] else ""
        one = PER_EN.get(match["u"], match["u"])
        name = EN[match["u"]].many if bsa and match["u"] in EN else one
        said.append(f"per {bsa}{POWERS_EN.get(match['sq'] or '', '')}{name}")
    return " ".join(said)


def below_zh(written: str) -> str:
    """Return the reading of "/kg/d": "每公斤每天"."""
    said = ""
    for match in _BELOW_PART.finditer(written):
        bsa = "一点七三" if match["bsa"] else ""
        said += f"每{bsa}{POWERS_ZH.get(match['sq'] or '', '')}{PER_ZH.get(match['u'].lower(), match['u'])}"
    return said

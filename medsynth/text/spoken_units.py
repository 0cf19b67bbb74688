"""The tables of `spoken`: units, symbols and abbreviations with their readings."""

from __future__ import annotations

import re
from typing import NamedTuple


class Unit(NamedTuple):
    """How a unit is said after 1 and after any other number (Chinese has one form)."""

    one: str
    many: str


def _u(one: str, many: str = "") -> Unit:
    return Unit(one, many or f"{one}s")


_EN = {
    "mg": _u("milligram"), "g": _u("gram"), "gm": _u("gram"), "kg": _u("kilogram"),
    "mcg": _u("microgram"), "μg": _u("microgram"), "ug": _u("microgram"), "ng": _u("nanogram"),
    "pg": _u("picogram"), "ml": _u("milliliter"), "mL": _u("milliliter"), "cc": _u("cubic centimeter"),
    "dl": _u("deciliter"), "dL": _u("deciliter"), "l": _u("liter"), "L": _u("liter"),
    "μL": _u("microliter"), "fL": _u("femtoliter"), "mm": _u("millimeter"), "cm": _u("centimeter"),
    "m": _u("meter"), "km": _u("kilometer"),
    "mmHg": _u("millimeter of mercury", "millimeters of mercury"),
    "mm Hg": _u("millimeter of mercury", "millimeters of mercury"),
    "bpm": _u("beat per minute", "beats per minute"), "mmol": _u("millimole"), "μmol": _u("micromole"),
    "umol": _u("micromole"), "nmol": _u("nanomole"), "mEq": _u("milliequivalent"),
    "IU": _u("international unit"), "U": _u("unit"), "mIU": _u("milli international unit"),
    "kcal": _u("kilocalorie"), "cal": _u("calorie"), "Hz": _u("hertz", "hertz"),
    "kHz": _u("kilohertz", "kilohertz"), "mV": _u("millivolt"), "mSv": _u("millisievert"),
    "Gy": _u("gray"), "lb": _u("pound"), "lbs": _u("pound"), "oz": _u("ounce"), "ft": _u("foot", "feet"),
    "h": _u("hour"), "hr": _u("hour"), "hrs": _u("hour"), "min": _u("minute"), "mins": _u("minute"),
    "sec": _u("second"), "secs": _u("second"), "s": _u("second"), "ms": _u("millisecond"),
    "wk": _u("week"), "wks": _u("week"), "yr": _u("year"), "yrs": _u("year"), "mo": _u("month"),
    "mos": _u("month"), "%": _u("percent", "percent"), "°C": _u("degree Celsius", "degrees Celsius"),
    "° C": _u("degree Celsius", "degrees Celsius"), "°F": _u("degree Fahrenheit", "degrees Fahrenheit"),
    "° F": _u("degree Fahrenheit", "degrees Fahrenheit"), "°": _u("degree"),
}  # fmt: skip

_ZH = {
    "mg": "毫克", "g": "克", "kg": "千克", "Kg": "千克", "KG": "千克", "μg": "微克", "ug": "微克",
    "mcg": "微克", "ng": "纳克", "pg": "皮克", "ml": "毫升", "mL": "毫升", "ML": "毫升", "cc": "毫升",
    "dl": "分升", "dL": "分升", "l": "升", "L": "升", "μl": "微升", "μL": "微升", "fL": "飞升",
    "mm": "毫米", "MM": "毫米", "cm": "厘米", "CM": "厘米", "m": "米", "km": "公里", "mmHg": "毫米汞柱",
    "mmhg": "毫米汞柱", "mmol": "毫摩尔", "μmol": "微摩尔", "umol": "微摩尔", "nmol": "纳摩尔",
    "pmol": "皮摩尔", "IU": "国际单位", "iu": "国际单位", "U": "单位", "u": "单位", "mIU": "毫国际单位",
    "kcal": "千卡", "cal": "卡", "Hz": "赫兹", "h": "小时", "H": "小时", "min": "分钟", "s": "秒",
    "ms": "毫秒", "d": "天", "bpm": "次每分", "°C": "摄氏度", "°F": "华氏度", "°": "度",
}  # fmt: skip

UNITS: dict[str, dict[str, Unit]] = {"en": _EN, "zh": {k: Unit(v, v) for k, v in _ZH.items()}}

# What may stand after a slash.
PER: dict[str, dict[str, str]] = {
    "en": {
        "day": "per day", "d": "per day", "week": "per week", "wk": "per week", "month": "per month",
        "year": "per year", "yr": "per year", "hour": "per hour", "hr": "per hour", "h": "per hour",
        "min": "per minute", "minute": "per minute", "sec": "per second", "s": "per second",
        "kg": "per kilogram", "g": "per gram", "mg": "per milligram", "kg/day": "per kilogram per day",
        "kg/d": "per kilogram per day", "L": "per liter", "l": "per liter", "dL": "per deciliter",
        "dl": "per deciliter", "mL": "per milliliter", "ml": "per milliliter", "μL": "per microliter",
        "m²": "per square meter", "dose": "per dose", "night": "per night",
    },
    "zh": {
        "日": "每日", "天": "每天", "次": "每次", "周": "每周", "月": "每月", "年": "每年", "分": "每分",
        "分钟": "每分钟", "小时": "每小时", "晚": "每晚", "min": "每分钟", "h": "每小时", "d": "每天",
        "s": "每秒", "kg": "每千克", "g": "每克", "kg/d": "每千克每天", "L": "每升", "l": "每升",
        "dl": "每分升", "dL": "每分升", "ml": "每毫升", "mL": "每毫升", "μL": "每微升", "ul": "每微升",
        "m²": "每平方米", "片": "每片", "粒": "每粒", "支": "每支",
    },
}  # fmt: skip

DOSING: dict[str, dict[str, str]] = {
    "en": {
        "bid": "twice a day", "tid": "three times a day", "qid": "four times a day", "qd": "once a day",
        "qhs": "at bedtime", "prn": "as needed", "po": "by mouth",
    },
    "zh": {
        "bid": "每天两次", "tid": "每天三次", "qid": "每天四次", "qd": "每天一次", "qn": "每晚一次",
        "qhs": "睡前", "prn": "必要时", "po": "口服",
    },
}  # fmt: skip

FRACTIONS: dict[tuple[int, int], str] = {
    (1, 2): "one half", (1, 3): "one third", (2, 3): "two thirds", (1, 4): "one quarter",
    (3, 4): "three quarters",
}  # fmt: skip

MARKS: dict[str, dict[str, str]] = {
    "½": {"en": " one half ", "zh": "二分之一"}, "¼": {"en": " one quarter ", "zh": "四分之一"},
    "¾": {"en": " three quarters ", "zh": "四分之三"}, "⅓": {"en": " one third ", "zh": "三分之一"},
    "⅔": {"en": " two thirds ", "zh": "三分之二"}, "〇": {"en": "0", "zh": "零"},
}  # fmt: skip

GREEK: dict[str, dict[str, str]] = {
    "α": {"en": "alpha", "zh": "阿尔法"}, "β": {"en": "beta", "zh": "贝塔"},
    "γ": {"en": "gamma", "zh": "伽马"}, "δ": {"en": "delta", "zh": "德尔塔"},
    "ω": {"en": "omega", "zh": "欧米伽"}, "κ": {"en": "kappa", "zh": "卡帕"},
    "λ": {"en": "lambda", "zh": "兰布达"}, "μ": {"en": "micro", "zh": "微"},
}  # fmt: skip


def _readings(*rows: tuple[str, str, str]) -> dict[str, tuple[tuple[re.Pattern[str], str], ...]]:
    compiled = [(re.compile(pattern), en, zh) for pattern, en, zh in rows]
    return {
        "en": tuple((pattern, f" {en} ") for pattern, en, _ in compiled),
        "zh": tuple((pattern, zh) for pattern, _, zh in compiled),
    }


# In this order; what no row matches is dropped.
SYMBOLS = _readings(
    (r"[(（] ?\+ ?[)）]", "positive", "阳性"),
    (r"[(（] ?[-–—] ?[)）]", "negative", "阴性"),
    (r"±|\+/-", "plus or minus", "正负"),
    (r"≥|>=", "at least", "大于等于"),
    (r"≤|<=", "at most", "小于等于"),
    (r"(?<!-)>(?= ?[\d.])", "more than", "大于"),
    (r"<(?= ?[\d.])", "less than", "小于"),
    (r"≈|(?<![\w~])~(?= ?\d)", "about", "约"),
    (r"(?<=\d) ?[×xX*] ?(?=\d)", "by", "乘"),
    (r"(?<=\d) ?x(?![A-Za-z0-9])|×", "times", "乘"),
    (r"(?<=\w) ?= ?(?=\w)", "equals", "等于"),
    (r"(?<=\w) ?& ?(?=\w)", "and", "和"),
    (r"(?<=\w) ?\+ ?(?=\w)", "plus", "加"),
    (r"(?<=\w)\+(?!\+)", "plus", "加"),
    (r"(?<=\w) ?(?:->|→) ?(?=\w)", "to", "到"),
    (r"#(?=\d)", "number", "第"),
    (r"\$(?=\d)", "dollars", "美元"),
    (r"(?<=[㐀-鿿])~(?=[㐀-鿿])", "to", "至"),
    (r"(?<![\w.)-])-(?=\d)", "minus", "负"),
    (r"%", "percent", "百分号"),
)

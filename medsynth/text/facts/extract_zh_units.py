"""Chinese units of measure and time, brought to one unit for each quantity (`lexicon/zh_units.txt`)."""

from __future__ import annotations

from importlib.resources import files

from medsynth.text.facts.extract_zh_numbers import plain, spread

_SECTIONS: dict[str, list[list[str]]] = {}
for _line in (
    files("medsynth.text.facts").joinpath("lexicon", "zh_units.txt").read_text(encoding="utf-8").splitlines()
):
    if _line.startswith("["):
        _rows = _SECTIONS[_line[1:-1]] = []
    elif _line and not _line.startswith("#"):
        _rows.append(_line.split())

# word -> (canonical unit, factor)
UNITS = {word: (row[0], float(row[1])) for row in _SECTIONS["unit"] for word in row[2:]}
# A unit before one of these characters is none.
NOT_COUNTED = {row[0]: row[1] for row in _SECTIONS["not counted"]}
IDIOM_WORDS = [word for row in _SECTIONS["idiom"] for word in row]
COUNTED = frozenset(
    (
        "tablet",
        "grain",
        "pill",
        "ampoule",
        "sachet",
        "drop",
        "patch",
        "puff",
        "bottle",
        "box",
        "spoon",
        "injection",
        "dose",
        "suppository",
    )
)
DOSE = frozenset(("mg", "ml", "unit", "pg")) | COUNTED

DENOMINATORS = {
    "公斤": "kg",
    "千克": "kg",
    "体重": "kg",
    "KG": "kg",
    "l": "l",
    "L": "l",
    "dL": "dl",
    "DL": "dl",
    "mL": "ml",
    "ML": "ml",
    "日": "day",
    "天": "day",
    "d": "day",
    "小时": "h",
    "24h": "day",
    "分": "min",
    "uL": "ul",
    "μl": "ul",
    "升": "l",
    "公升": "l",
    "毫升": "ml",
    "分升": "dl",
    "微升": "ul",
    "Ul": "ul",
}
_HOUR, _DAY = 60.0, 1440.0
_MINUTES = {"秒": 1 / 60, "秒钟": 1 / 60, "分钟": 1.0, "分": 1.0, "min": 1.0, "刻钟": 15.0}
_MINUTES |= dict.fromkeys(("小时", "钟头", "h"), _HOUR)
_MINUTES |= dict.fromkeys(
    ("天", "日", "d", "晚", "晚上", "夜", "夜里", "早", "早上", "早晨", "夜间", "白天"), _DAY
)
_MINUTES |= dict.fromkeys(("周", "星期", "礼拜", "w"), 7 * _DAY)
# Of lengths that are only roughly told: 好几年.
ROUGH_UNITS = {
    "秒": "second",
    "分钟": "min",
    "小时": "hour",
    "钟头": "hour",
    "天": "day",
    "日": "day",
    "周": "week",
    "星期": "week",
    "礼拜": "week",
    "月": "month",
    "年": "year",
}
LATIN = {
    "bid": "2/day",
    "tid": "3/day",
    "qid": "4/day",
    "qd": "1/day",
    "qod": "1/2 day",
    "qn": "1/day",
    "biw": "2/week",
    "tiw": "3/week",
    "qw": "1/week",
    "hs": "at bedtime",
    "prn": "prn",
}


def days_of(unit: str) -> float:
    """Return a period in days: a month has 30 and a year 365."""
    bare = unit.removeprefix("个")
    if bare in ("月", "年"):
        return 365.0 if bare == "年" else 30.0
    return _MINUTES[bare] / _DAY


def length(count: float, unit: str) -> tuple[str, float]:
    """Return a length of time as minutes ("min") or months ("month"), which do not convert."""
    bare = unit.removeprefix("个")
    if bare in ("月", "年"):
        return "month", count * (12.0 if bare == "年" else 1.0)
    return "min", count * _MINUTES[bare]


def time_value(low: tuple[str, float], high: tuple[str, float]) -> str:
    """Return a length of time: days for days and weeks, minutes below, years from a year on, months below."""
    base, first = low
    second = high[1]
    if base == "min":
        unit, divide = (
            ("day", 1440.0) if first >= 1440 or (first >= 720 and first % 720 == 0) else ("min", 1.0)
        )
    elif first < 1 and first == second:
        # 半个月 is 15 days.
        return f"{plain(first * 30)} day"
    else:
        unit, divide = ("year", 12.0) if first >= 12 else ("month", 1.0)
    return spread(round(first / divide, 3), round(second / divide, 3), unit)


def rate(low: float, high: float, days: float) -> str:
    """Return how often: "2/day", "1/2 day" (every other day), "3/week", "4-6/day"."""
    if days < 1:
        low, high, days = low / days, high / days, 1.0
    for size, unit in ((365, "year"), (30, "month"), (7, "week"), (1, "day")):
        periods = days / size
        if periods >= 1 and abs(periods - round(periods)) < 1e-6:
            often = spread(round(low, 3), round(high, 3))
            return f"{often}/{unit}" if round(periods) == 1 else f"{often}/{round(periods)} {unit}"
    return f"{plain(low)}/{plain(days)} day"


def interval(longest: float, shortest: float) -> str:
    """Return the rate of something done every `shortest` to `longest` days."""
    if longest <= 1:
        return f"{plain(round(1 / longest, 3))}-{plain(round(1 / shortest, 3))}/day"
    return f"{rate(1, 1, longest)}-{rate(1, 1, shortest)}"

"""Dates, ages and lengths of time in Chinese text."""

from __future__ import annotations

import re

from medsynth.text.facts.extract_zh_numbers import number_of, plain, spread
from medsynth.text.facts.extract_zh_patterns import (
    AGE,
    DATE,
    DURATION,
    GESTATION,
    LENGTH_BEFORE,
    LENGTH_BEHIND,
    NOT_TIME,
)
from medsynth.text.facts.extract_zh_reader import Reader
from medsynth.text.facts.extract_zh_units import length, time_value

_AGO = re.compile(r"[前后内](?!半)")
_OF_YEAR = re.compile(r"[今去明前当同本]年\D{0,2}\Z|年\Z")
# 09年 is in this century up to this one.
_THIS_CENTURY = 40


def date(reader: Reader, i: int) -> int:
    """Read a date at `i`; return the place behind it, 0 where there is none."""
    match = DATE.match(reader.flat, i)
    if (
        not match
        or (i and reader.flat[i - 1].isdigit())
        or re.search(r"\d\.\Z", reader.flat[max(0, i - 2) : i])
    ):
        return 0
    parts = [
        p
        for p in (
            match["y"],
            match["m"] or match["m2"] or match["m3"],
            match["d"] or match["d2"] or match["d3"],
        )
        if p
    ]
    if match["d3"] and reader.flat[i - 1 : i] in ("第",):
        return 0
    numbers = [n.low for p in parts if (n := number_of(p))]
    if match["y"] and numbers[0] < 100:
        numbers[0] += 2000 if numbers[0] <= _THIS_CENTURY else 1900
    value = "-".join(plain(n) for n in numbers)
    return reader.add("number", value, *match.span(), of="date", number=value)


def age(reader: Reader, i: int) -> int:
    """Read an age at `i`; return the place behind it, 0 where there is none."""
    match = AGE.match(reader.flat, i)
    if not match:
        return 0
    if match["n1"]:
        number = number_of(match["n1"], match["n2"] or "")
        if number is None:
            return 0
        low, high = number.low, number.high
        months = number_of(match["m"]) if match["m"] else None
        extra = 0.5 if match["half"] else months.low / 12 if months else 0.0
        low, high = low + extra, high + extra
        value = (
            spread(round(low, 2), round(high, 2), "year")
            if low >= 1
            else spread(round(low * 12), round(high * 12), "month")
        )
        return reader.add("age", value, *match.span(), number=spread(number.low, number.high))
    number = number_of(match["k1"], match["k2"] or "")
    if number is None:
        return 0
    extra = 0.5 if match["kh"] else 0.0
    unit = {"月": "month", "天": "day", "周": "week"}[match["ku"]]
    low, high = number.low + extra, number.high + extra
    if unit == "month" and low >= 12:
        low, high, unit = low / 12, high / 12, "year"
    end = match.end()
    return reader.add(
        "age", spread(round(low, 2), round(high, 2), unit), i, end, number=spread(number.low, number.high)
    )


def duration(reader: Reader, i: int) -> int:
    """Read a length of time at `i`; return the place behind it, 0 where there is none."""
    flat = reader.flat
    weeks = GESTATION.match(flat, i)
    if weeks and ("周" in weeks[0] or re.search(r"[孕产]\D{0,2}\Z", flat[max(0, i - 4) : i])):
        days = 7 * int(weeks["w"]) + int(weeks["d"])
        return reader.add("duration", f"{days} day", i, weeks.end(), number=weeks["w"])
    match = DURATION.match(flat, i)
    if not match:
        return 0
    unit, end = match["u"], match.end()
    bare = unit.removeprefix("个")
    if (stop := NOT_TIME.get(bare)) and stop.match(flat, match.end("u")):
        return 0
    number = number_of(match["n1"], match["n2"] or "")
    if number is None or (bare in ("h", "d", "w", "min") and not flat[i].isdigit()):
        return 0
    low, high = number.low, number.high
    digits = match["n1"]
    before = flat[max(0, i - 3) : i]
    vague = (
        low == high == 1
        and bare in ("天", "日", "晚", "晚上", "夜", "年")
        and not match["half"]
        and not match["n3"]
        and not digits.isdigit()
        and not LENGTH_BEFORE.search(before)
        and i not in reader.findings
        and not LENGTH_BEHIND.match(flat, match.end("u"))
    )
    if low == high == 2 and bare == "天" and before.endswith(("这", "那", "过", "前")):
        vague = not before.endswith("超过")  # 这两天: these days
    if low == high <= 2 and before.endswith("第") and not digits.isdigit():
        vague = True  # 第二天: the next day
    if bare == "年" and re.match(r"0\d年|[12]\d年[底初末]", flat[i:]):
        # 09年, 10年底
        return reader.add("number", plain(2000 + low), i, match.end("u"), of="date", number=plain(2000 + low))
    if bare == "年" and low >= 1900:
        return reader.add("number", plain(low), i, end, of="date", number=plain(low))
    if bare in ("日", "晚", "夜") and digits == "半":
        return reader.add("duration", "half day", i, end, vague=True)
    if bare == "月" and not match["gap"] and "个" not in match[0] and digits not in ("半", "两", "俩", "仨"):
        pregnant = re.search(r"[孕产余已经近满了]\Z|停经|病程", flat[max(0, i - 3) : i])
        # 1月后复查, 3月前出现: a length of time where no year is told.
        ago = _AGO.match(flat, match.end("u")) and not _OF_YEAR.search(flat, max(0, i - 6), i)
        if (
            not pregnant
            and not ago
            and not match["u1"]
            and flat[match.end("u") : match.end("u") + 1] not in ("余", "多")
        ):
            return reader.add(
                "number", spread(low, high), i, match.end("u"), of="month", number=spread(low, high)
            )
    if match["half"] or match["half0"] or "个半" in match[0]:
        low, high = low + 0.5, high + 0.5
    if unit.endswith("疗程"):
        end = match.start("n3") if match["n3"] else end
        return reader.add(
            "duration", spread(low, high, "course"), i, end, number=spread(number.low, number.high)
        )
    if match["u1"] and match["n2"] and match["u1"].removeprefix("个") != bare:
        first, second = length(number.low, match["u1"]), length(number.high, unit)
        if first[0] == second[0]:
            value = time_value(first, second)
        else:
            value = f"{time_value(first, first)}-{time_value(second, second)}"
        return reader.add("duration", value, i, end, number=spread(number.low, number.high))
    small = number_of(match["n3"]) if match["n3"] else None
    low_min, high_min = length(low, unit), length(high, unit)
    if small and match["u3"]:
        more = length(small.low, match["u3"])
        if more[0] == low_min[0] and more[1] < low_min[1]:
            low_min, high_min = (low_min[0], low_min[1] + more[1]), (high_min[0], high_min[1] + more[1])
        else:
            end = match.start("n3")
    elif match["n3"]:
        end = match.start("n3")
    return reader.add(
        "duration",
        time_value(low_min, high_min),
        i,
        end,
        number=spread(number.low, number.high),
        vague=vague,
    )

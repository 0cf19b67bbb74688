"""The numbers of a Chinese text that no frequency took: codes, then at each place the first rule that fits."""

from __future__ import annotations

import re

from medsynth.text.facts.extract_zh_measures import grade, measure, ratio, size, temperature
from medsynth.text.facts.extract_zh_names import Name
from medsynth.text.facts.extract_zh_numbers import ONE, Number, number_of, plain, spread
from medsynth.text.facts.extract_zh_patterns import (
    BARE,
    CODE,
    DURATION,
    FIRST_AT,
    FIRST_MARK,
    LEVEL,
    LEVEL_JOINT,
    MARK,
    MARK_AT,
    MEASURED_CODE,
    ORDINAL,
    PER_KG,
    SPINE,
    START,
    VALUE_AT,
)
from medsynth.text.facts.extract_zh_reader import Reader
from medsynth.text.facts.extract_zh_times import age, date, duration
from medsynth.text.facts.extract_zh_units import UNITS
from medsynth.text.facts.model import FactKind

_TENS = 10
_SPINE_OF = {"颈椎": "c", "胸椎": "t", "腰椎": "l"}
_VERTEBRAE = {"颈": "c", "胸": "t", "腰": "l", "骶": "s"}


def numbers(reader: Reader) -> None:
    """Read the numbers that no earlier pass has taken."""
    flat, i = reader.flat, 0
    for match in CODE.finditer(flat):
        analyte = match[0][:2].lower() == "ph" or any(
            n.kind in ("lab", "vital") and n.start == match.start() for n in reader.measured
        )
        value = re.sub(r"[\s-]", "", match[0]).lower()
        if level := LEVEL.fullmatch(match[0]):
            value = f"{level[1].lower()}{level[2]}-{level[3]}"
        if not analyte and not MEASURED_CODE.fullmatch(value) and not reader.closed(*match.span()):
            reader.add("number", value, *match.span(), of="code")
    for match in SPINE.finditer(flat):
        if not reader.closed(*match.span()):
            value = _VERTEBRAE[match["v"]] + LEVEL_JOINT.sub("-", match["n"])
            reader.add("number", value, *match.span(), of="code")
    for match in PER_KG.finditer(flat):
        number = number_of(match["n1"], match["n2"] or "")
        if number and not reader.closed(*match.span()):
            unit, factor = UNITS[match["u"]]
            reader.add(
                "dose",
                spread(number.low * factor, number.high * factor, f"{unit}/kg"),
                *match.span(),
                number=spread(number.low, number.high),
            )
    while True:
        start = START.search(flat, i)
        if start is None:
            return
        i = start.start()
        if reader.taken[i]:
            i += 1
            continue
        if (flat[i] == "第" or (i and flat[i - 1] == "第")) and (ordinal := ORDINAL.match(flat, i - 1)):
            if DURATION.match(flat, i) and (end := duration(reader, i)):
                i = end
                continue
            if ordinal["u"] or len(ordinal["n"]) > 1:
                number = number_of(ordinal["n"])
                value = spread(number.low, number.high) if number else ordinal["n"]
                if number and ordinal["u"] in _SPINE_OF:
                    reader.add("number", _SPINE_OF[ordinal["u"]] + value, *ordinal.span(), of="code")
                    i = ordinal.end()
                    continue
                reader.add("number", value, *ordinal.span(), of=f"第{ordinal['u'] or ''}", number=value)
            i = ordinal.end()
            continue
        i = _number(reader, i)


def _number(reader: Reader, i: int) -> int:
    """Read what begins with a number at `i`; return the place behind it."""
    flat = reader.flat
    mark = MARK.match(flat, i)
    if (
        mark
        and flat[i].isdigit()
        and MARK_AT.search(flat[max(0, i - 1) : i])
        and not VALUE_AT.search(flat, max(0, i - 2), i)
        and not reader.measured_before(i, ("lab", "vital"), 6)
    ):
        return mark.end()
    mark = FIRST_MARK.match(flat, i) if flat[i].isdigit() else None
    if mark and FIRST_AT.search(flat[max(0, i - 3) : i]):
        return mark.end()
    for rule in (
        ratio,
        date,
        age,
        temperature,
        size,
        duration,
        measure,
        grade,
    ):
        end = rule(reader, i)
        if end:
            return end
    bare = BARE.match(flat, i) if flat[i].isdigit() else None
    if bare:
        return _plain(reader, bare)
    numeral = re.compile(ONE).match(flat, i)
    if numeral:
        if len(numeral[0]) > 1 or numeral[0] not in "半":
            of = reader.measured_before(i)
            number = number_of(numeral[0])
            if of and number and number.low >= 2:
                kind: FactKind = "lab" if of.kind == "lab" else "vital"
                reader.add(
                    kind,
                    _vital(reader, of, number),
                    *numeral.span(),
                    of=of.value,
                    number=spread(number.low, number.high),
                )
            elif number and "分之" in numeral[0] and not number.percent:
                below, above = (number_of(part) for part in numeral[0].split("分之"))
                if below and above:
                    value = f"{plain(above.low)}/{plain(below.low)}"
                    reader.add("number", value, *numeral.span(), number=value)
            elif (
                number
                and number.low == number.high > _TENS
                and len(numeral[0]) > 1
                and "分" not in numeral[0]
            ):
                # 两万: vouches for the same in digits.
                value = spread(number.low, number.high)
                reader.add("number", value, *numeral.span(), number=value)
            elif number and "点" in numeral[0]:
                value = spread(number.low, number.high)
                reader.add("number", value, *numeral.span(), number=value)
            elif number and ("分之" in numeral[0]):
                value = spread(round(number.low, 4), round(number.high, 4), "%" if number.percent else "")
                reader.add(
                    "number",
                    value,
                    *numeral.span(),
                    number=spread(round(number.low, 4), round(number.high, 4)),
                )
        return numeral.end()
    return i + 1


def _vital(reader: Reader, of: Name, number: Number) -> str:
    return spread(number.low, number.high, "C" if of.value == "temperature" else "")


def _plain(reader: Reader, match: re.Match[str]) -> int:
    start, end = match.span()
    number = number_of(match["n1"], match["n2"] or "")
    if number is None:
        return end
    value = spread(number.low, number.high)
    before = reader.flat[start - 1] if start else ""
    if before in "<>" and before:
        value = before + value
    if (
        reader.flat[end : end + 1] == "/"
        and (lower := re.compile(r"/\s?(\d{1,4})").match(reader.flat, end))
        and number.low == number.high
    ):
        value = f"{value}/{lower[1]}"
        return reader.add("number", value, start, lower.end(), number=value)
    of = reader.measured_before(start)
    if of is None:
        return reader.add("number", value, start, end, number=value)
    if of.value == "temperature" and 33 <= number.low <= 43:
        return reader.add("temperature", spread(number.low, number.high, "C"), start, end, number=value)
    return reader.add("lab" if of.kind == "lab" else "vital", value, start, end, of=of.value, number=value)

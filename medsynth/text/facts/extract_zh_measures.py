"""Numbers with their units in Chinese text: temperatures, sizes, doses, lab values, grades and counts."""

from __future__ import annotations

import re

from medsynth.text.facts.extract_zh_numbers import JOINT, centimetres, number_of, plain, spread
from medsynth.text.facts.extract_zh_patterns import (
    GRADE,
    MEASURE,
    PER_VOLUME,
    PORTION_BEFORE,
    POWER_OF_TEN,
    RATIO,
    SIZE,
    TALL,
    TEMPERATURE,
)
from medsynth.text.facts.extract_zh_reader import Reader
from medsynth.text.facts.extract_zh_units import COUNTED, DENOMINATORS, DOSE, NOT_COUNTED, UNITS
from medsynth.text.facts.model import FactKind

_JOINT = re.compile(JOINT)
_LISTED = ("和", "、", "或", "到", "至", "跟", "与")
_ROMAN = {"Ⅰ": "1", "Ⅱ": "2", "Ⅲ": "3", "Ⅳ": "4", "Ⅴ": "5", "I": "1", "II": "2", "III": "3", "IV": "4"}


def temperature(reader: Reader, i: int) -> int:
    """Read a temperature at `i`; return the place behind it, 0 where there is none."""
    match = TEMPERATURE.match(reader.flat, i)
    if not match:
        return 0
    number = number_of(match["n1"], match["n2"] or "")
    if number is None:
        return 0
    low, high = number.low, number.high
    if match["half"] or match["tenth"]:
        tenth = number_of(match["tenth"]) if match["tenth"] else None
        add = 0.5 if match["half"] else (tenth.low / 10 if tenth else 0.0)
        high += add
        low = high if number.low == number.high else low
    if "℉" in match[0] or "华氏" in match[0]:
        return reader.add("temperature", spread(low, high, "F"), *match.span(), number=spread(low, high))
    if not 33 <= low <= 44:
        if "℃" in match[0] or "摄氏" in match[0]:
            return reader.add("number", spread(low, high, "C"), *match.span(), number=spread(low, high))
        if match["tenth"] or low < 10:
            return 0
        return reader.add("number", spread(low, high, "degree"), *match.span(), number=spread(low, high))
    return reader.add("temperature", spread(low, high, "C"), *match.span(), number=spread(low, high))


def size(reader: Reader, i: int) -> int:
    """Read a size like 3x2cm at `i`; return the place behind it, 0 where there is none."""
    match = SIZE.match(reader.flat, i)
    if not match or (match["b"] == "10" and not match["ub"]):
        return 0
    if not match["ub"] and not match["c"] and POWER_OF_TEN.match(reader.flat, match.start("b")):
        return 0
    unit = match["uc"] or match["ub"] or match["ua"] or ""
    factor = 0.1 if unit in ("mm", "毫米", "MM") else 1.0
    parts = [plain(float(p) * factor) for p in (match["a"], match["b"], match["c"]) if p]
    return reader.add(
        "number", "x".join(parts) + (" cm" if unit else ""), *match.span(), number="x".join(parts)
    )


def measure(reader: Reader, i: int) -> int:
    """Read a number with a unit at `i`; return the place behind it, 0 where there is none."""
    flat = reader.flat
    tall = TALL.match(flat, i)
    if tall and (number := number_of(tall["m"])):
        cm = plain(number.low * 100 + centimetres(tall["cm"]))
        return reader.add("vital", f"{cm} cm", *tall.span(), of="height", number=cm)
    match = MEASURE.match(flat, i)
    if not match:
        return 0
    number = number_of(match["n1"], match["n2"] or "")
    if number is None:
        return 0
    said = spread(number.low, number.high)
    if match["exp"] or match["power"] or match["bare"] or not match["u"]:
        ten = number_of(match["power"]) if match["power"] else None
        exponent = match["exp"] or (plain(ten.low) if ten else "")
        power = f"e{exponent}" if exponent else ""
        of = reader.measured_before(i)
        return reader.add("lab", f"{said}{power}", i, match.end(), of=of.value if of else "", number=said)
    word = match["u"]
    unit, factor = UNITS[word]
    if unit in COUNTED or word in ("克", "升", "米", "两重", "斤"):
        after = flat[match.end("u") : match.end("u") + 1]
        if after in NOT_COUNTED.get(word, "") and after:
            return 0
    low, high = number.low * factor, number.high * factor
    if number.percent:
        unit = "%"
    of = reader.measured_before(i)
    end = match.end()
    if (unit in COUNTED or unit == "kg") and not match["per"] and flat.startswith("半", end):
        # 一片半
        low, high, end = low + 0.5 * factor, high + 0.5 * factor, end + 1
        said = spread(low, high)
    before = PER_VOLUME.search(flat, max(0, i - 8), i) if "每" in flat[max(0, i - 8) : i] else None
    last = reader.found[-1] if reader.found and not match["per"] and not before and unit == "mg" else None
    if last and last.value.endswith("mg/l") and flat[last.end : i] in _LISTED:
        # 每升62克和78克
        return reader.add("lab", spread(low, high, "mg/l"), i, end, of=last.of, number=said)
    if match["per"] or before:
        per = match["per"] or (before["per"] if before else "")
        below = DENOMINATORS.get(per, per)
        if per in ("次", "日", "天", "d") and not match["per2"] and unit in DOSE:
            return reader.add("dose", spread(low, high, unit), i, match.end("u"), number=said)
        unit = f"{unit}/{below}"
        if match["per2"] and match["per2"] in ("d", "日", "天"):
            unit = f"{unit}/day"
        kind: FactKind = "dose" if below == "kg" and unit.startswith(("mg", "ml", "unit")) else "lab"
        return reader.add(
            kind,
            spread(low, high, unit),
            i,
            end,
            of=of.value if of and kind == "lab" else "",
            number=said,
        )
    if unit in ("bpm",):
        return reader.add(
            "vital", spread(low, high, unit), i, end, of=of.value if of else "pulse", number=said
        )
    if unit in ("mmhg", "kpa"):
        return reader.add("vital", spread(low, high, unit), i, end, of="blood pressure", number=said)
    if unit == "kg" and of is None and low < 1:
        # 0.1公斤 of what is eaten.
        return reader.add("dose", spread(low * 1e6, high * 1e6, "mg"), i, end, number=said)
    if unit == "kg":
        return reader.add("vital", spread(low, high, unit), i, end, of="weight", number=said)
    if of is not None and unit not in COUNTED:
        return reader.add(
            "lab" if of.kind == "lab" else "vital",
            spread(low, high, unit),
            i,
            end,
            of=of.value,
            number=said,
        )
    if unit in DOSE:
        vague = (
            unit in COUNTED
            and not flat[i].isdigit()
            and low == high == 1
            and not PORTION_BEFORE.search(flat[max(0, i - 4) : i])
        )
        return reader.add("dose", spread(low, high, unit), i, end, number=said, vague=vague)
    if unit in ("mmol", "umol", "nmol", "pmol", "copy", "mmh", "fl"):
        return reader.add("lab", spread(low, high, unit), i, end, number=said)
    return reader.add("number", spread(low, high, unit), i, end, number=said)


def grade(reader: Reader, i: int) -> int:
    """Read a grade or a count (2期, 三个) at `i`; return the place behind it, 0 where there is none."""
    match = GRADE.match(reader.flat, i)
    if not match:
        return 0
    unit, said = match["u"], match["n"]
    between = _JOINT.search(reader.flat, match.start("n"), match.end("n"))
    if between:
        number = number_of(
            reader.flat[match.start("n") : between.start()], reader.flat[between.end() : match.end("n")]
        )
    else:
        number = number_of(_ROMAN.get(said, said))
    if number is None:
        return 0
    if unit == "成":
        value = spread(number.low * 10, number.high * 10, "%")
        return reader.add("number", value, *match.span(), number=value.removesuffix(" %"))
    if number.low == number.high == 1 and unit not in ("型", "期", "级", "度", "孕", "产", "胎", "类"):
        # 一次, 一个, 一种: manners of speaking.
        return match.end()
    return reader.add(
        "number",
        spread(number.low, number.high),
        *match.span(),
        of=unit,
        number=spread(number.low, number.high),
    )


def ratio(reader: Reader, i: int) -> int:
    """Read 三比一 at `i`; return the place behind it, 0 where there is none."""
    match = RATIO.match(reader.flat, i)
    if not match:
        return 0
    first, second = number_of(match["a"]), number_of(match["b"] or match["d"])
    if first is None or second is None or first == second:
        return 0
    value = f"{plain(first.low)}:{plain(second.low)}"
    return reader.add("number", value, *match.span(), number=value)

"""Numbers with their units in Chinese text: doses, durations, ages, temperatures, sizes, lab values, dates."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsynth.text.facts.extract_zh_names import Name
from medsynth.text.facts.extract_zh_numbers import (
    JOINT,
    ONE,
    Number,
    centimetres,
    number_of,
    plain,
    spread,
)
from medsynth.text.facts.extract_zh_patterns import (
    AGE,
    BARE,
    CODE,
    DATE,
    DURATION,
    FIRST_AT,
    FIRST_MARK,
    GESTATION,
    GRADE,
    LENGTH_BEFORE,
    LENGTH_BEHIND,
    MARK,
    MARK_AT,
    MEASURE,
    MEASURED_CODE,
    NOT_TIME,
    ORDINAL,
    PER_KG,
    PER_VOLUME,
    PORTION_BEFORE,
    POWER_OF_TEN,
    SIZE,
    SPINE,
    START,
    TALL,
    TEMPERATURE,
)
from medsynth.text.facts.extract_zh_units import (
    COUNTED,
    DENOMINATORS,
    DOSE,
    NOT_COUNTED,
    UNITS,
    length,
    time_value,
)
from medsynth.text.facts.model import Fact, FactKind

_VERTEBRAE = {"颈": "c", "胸": "t", "腰": "l", "骶": "s"}
_ROMAN = {"Ⅰ": "1", "Ⅱ": "2", "Ⅲ": "3", "Ⅳ": "4", "Ⅴ": "5", "I": "1", "II": "2", "III": "3", "IV": "4"}


class NumberReader:
    """Reads every number of a text; what one rule took is closed to the next."""

    def __init__(self, text: str, flat: str, known: Sequence[Name]) -> None:
        self.text, self.flat = text, flat
        self.taken = bytearray(len(text))
        self.found: list[Fact] = []
        self.measured = [name for name in known if name.kind in ("lab", "vital", "test", "class")]
        self.findings = {name.end for name in known if name.kind == "finding"}
        for name in known:
            if name.kind in ("drug", "test", "department", "lab") and (
                name.kind == "drug"
                or any(c in "0123456789一二两三四五六七八九十" for c in text[name.start : name.end])
            ):
                self._take(name.start, name.end)

    def _take(self, start: int, end: int) -> None:
        self.taken[start:end] = b"\1" * (end - start)

    def closed(self, start: int, end: int) -> bool:
        """Whether any part of a place is taken."""
        return 1 in self.taken[start:end]

    def add(
        self,
        kind: FactKind,
        value: str,
        start: int,
        end: int,
        of: str = "",
        number: str = "",
        vague: bool = False,
    ) -> int:
        """Note a fact and close its place; return the place behind it."""
        while end > start and self.flat[end - 1] == " ":
            end -= 1
        self.found.append(Fact(kind, value, start, end, self.text[start:end], of, False, number, vague))
        self._take(start, end)
        return end

    def measured_before(
        self, start: int, kinds: tuple[str, ...] = ("lab", "vital"), reach: int = 14
    ) -> Name | None:
        """Return the nearest quantity named before `start` in the same clause."""
        best = None
        for name in self.measured:
            if name.end > start:
                break
            if name.kind in kinds and start - name.end <= reach:
                between = self.flat[name.end : start]
                if not any(c in between for c in "。;；!！?？\n") and (
                    ("," not in between) or len(between) <= 3
                ):
                    best = name
        return best

    def numbers(self) -> None:
        """Read what no earlier pass has taken."""
        flat, i = self.flat, 0
        for match in CODE.finditer(flat):
            analyte = match[0][:2].lower() == "ph" or any(
                n.kind in ("lab", "vital") and n.start == match.start() for n in self.measured
            )
            value = re.sub(r"[\s-]", "", match[0]).lower()
            if not analyte and not MEASURED_CODE.fullmatch(value) and not self.closed(*match.span()):
                self.add("number", value, *match.span(), of="code")
        for match in SPINE.finditer(flat):
            if not self.closed(*match.span()):
                self.add("number", _VERTEBRAE[match["v"]] + match["n"], *match.span(), of="code")
        for match in PER_KG.finditer(flat):
            number = number_of(match["n1"], match["n2"] or "")
            if number and not self.closed(*match.span()):
                unit, factor = UNITS[match["u"]]
                self.add(
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
            if self.taken[i]:
                i += 1
                continue
            if (flat[i] == "第" or (i and flat[i - 1] == "第")) and (ordinal := ORDINAL.match(flat, i - 1)):
                if DURATION.match(flat, i) and (end := self._duration(i)):
                    i = end
                    continue
                if ordinal["u"] or len(ordinal["n"]) > 1:
                    number = number_of(ordinal["n"])
                    value = spread(number.low, number.high) if number else ordinal["n"]
                    self.add("number", value, *ordinal.span(), of=f"第{ordinal['u'] or ''}", number=value)
                i = ordinal.end()
                continue
            i = self._number(i)

    def _number(self, i: int) -> int:
        """Read what begins with a number at `i`; return the place behind it."""
        flat = self.flat
        mark = MARK.match(flat, i)
        if (
            mark
            and flat[i].isdigit()
            and MARK_AT.search(flat[max(0, i - 1) : i])
            and not self.measured_before(i, ("lab", "vital"), 6)
        ):
            return mark.end()
        mark = FIRST_MARK.match(flat, i) if flat[i].isdigit() else None
        if mark and FIRST_AT.search(flat[max(0, i - 3) : i]):
            return mark.end()
        for rule in (
            self._date,
            self._age,
            self._temperature,
            self._size,
            self._duration,
            self._measure,
            self._grade,
        ):
            end = rule(i)
            if end:
                return end
        bare = BARE.match(flat, i) if flat[i].isdigit() else None
        if bare:
            return self._plain(bare)
        numeral = re.compile(ONE).match(flat, i)
        if numeral:
            if len(numeral[0]) > 1 or numeral[0] not in "半":
                of = self.measured_before(i)
                number = number_of(numeral[0])
                if of and number and number.low >= 2:
                    kind: FactKind = "lab" if of.kind == "lab" else "vital"
                    self.add(
                        kind,
                        self._vital(of, number),
                        *numeral.span(),
                        of=of.value,
                        number=spread(number.low, number.high),
                    )
                elif number and "分之" in numeral[0] and not number.percent:
                    below, above = (number_of(part) for part in numeral[0].split("分之"))
                    if below and above:
                        value = f"{plain(above.low)}/{plain(below.low)}"
                        self.add("number", value, *numeral.span(), number=value)
                elif number and "点" in numeral[0]:
                    value = spread(number.low, number.high)
                    self.add("number", value, *numeral.span(), number=value)
                elif number and ("分之" in numeral[0]):
                    value = spread(round(number.low, 4), round(number.high, 4), "%" if number.percent else "")
                    self.add(
                        "number",
                        value,
                        *numeral.span(),
                        number=spread(round(number.low, 4), round(number.high, 4)),
                    )
            return numeral.end()
        return i + 1

    def _vital(self, of: Name, number: Number) -> str:
        return spread(number.low, number.high, "C" if of.value == "temperature" else "")

    def _plain(self, match: re.Match[str]) -> int:
        start, end = match.span()
        number = number_of(match["n1"], match["n2"] or "")
        if number is None:
            return end
        value = spread(number.low, number.high)
        before = self.flat[start - 1] if start else ""
        if before in "<>" and before:
            value = before + value
        if (
            self.flat[end : end + 1] == "/"
            and (lower := re.compile(r"/\s?(\d{1,4})").match(self.flat, end))
            and number.low == number.high
        ):
            return self.add("number", f"{value}/{lower[1]}", start, lower.end(), number=value)
        of = self.measured_before(start)
        if of is None:
            return self.add("number", value, start, end, number=value)
        if of.value == "temperature" and 33 <= number.low <= 43:
            return self.add("temperature", spread(number.low, number.high, "C"), start, end, number=value)
        return self.add("lab" if of.kind == "lab" else "vital", value, start, end, of=of.value, number=value)

    def _date(self, i: int) -> int:
        match = DATE.match(self.flat, i)
        if (
            not match
            or (i and self.flat[i - 1].isdigit())
            or re.search(r"\d\.\Z", self.flat[max(0, i - 2) : i])
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
        if match["d3"] and self.flat[i - 1 : i] in ("第",):
            return 0
        value = "-".join(spread(n.low, n.high) for p in parts if (n := number_of(p)))
        return self.add("number", value, *match.span(), of="date", number=value)

    def _age(self, i: int) -> int:
        match = AGE.match(self.flat, i)
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
            return self.add("age", value, *match.span(), number=spread(number.low, number.high))
        number = number_of(match["k1"], match["k2"] or "")
        if number is None:
            return 0
        extra = 0.5 if match["kh"] else 0.0
        unit = {"月": "month", "天": "day", "周": "week"}[match["ku"]]
        low, high = number.low + extra, number.high + extra
        if unit == "month" and low >= 12:
            low, high, unit = low / 12, high / 12, "year"
        end = match.end()
        return self.add(
            "age", spread(round(low, 2), round(high, 2), unit), i, end, number=spread(number.low, number.high)
        )

    def _temperature(self, i: int) -> int:
        match = TEMPERATURE.match(self.flat, i)
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
            return self.add("temperature", spread(low, high, "F"), *match.span(), number=spread(low, high))
        if not 33 <= low <= 44:
            if "℃" in match[0] or "摄氏" in match[0]:
                return self.add("number", spread(low, high, "C"), *match.span(), number=spread(low, high))
            if match["tenth"] or low < 10:
                return 0
            return self.add("number", spread(low, high, "degree"), *match.span(), number=spread(low, high))
        return self.add("temperature", spread(low, high, "C"), *match.span(), number=spread(low, high))

    def _size(self, i: int) -> int:
        match = SIZE.match(self.flat, i)
        if not match or (match["b"] == "10" and not match["ub"]):
            return 0
        if not match["ub"] and not match["c"] and POWER_OF_TEN.match(self.flat, match.start("b")):
            return 0
        unit = match["uc"] or match["ub"] or match["ua"] or ""
        factor = 0.1 if unit in ("mm", "毫米", "MM") else 1.0
        parts = [plain(float(p) * factor) for p in (match["a"], match["b"], match["c"]) if p]
        return self.add(
            "number", "x".join(parts) + (" cm" if unit else ""), *match.span(), number="x".join(parts)
        )

    def _duration(self, i: int) -> int:
        flat = self.flat
        weeks = GESTATION.match(flat, i)
        if weeks and ("周" in weeks[0] or re.search(r"[孕产]\D{0,2}\Z", flat[max(0, i - 4) : i])):
            days = 7 * int(weeks["w"]) + int(weeks["d"])
            return self.add("duration", f"{days} day", i, weeks.end(), number=weeks["w"])
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
            and not digits.isdigit()
            and not LENGTH_BEFORE.search(before)
            and i not in self.findings
            and not LENGTH_BEHIND.match(flat, match.end("u"))
        )
        if low == high == 2 and bare == "天" and before.endswith(("这", "那", "过", "前")):
            vague = not before.endswith("超过")  # 这两天: these days
        if low == high <= 2 and before.endswith("第") and not digits.isdigit():
            vague = True  # 第二天: the next day
        if bare == "年" and re.match(r"0\d年|[12]\d年[底初末]", flat[i:]):
            # 09年, 10年底
            return self.add(
                "number", plain(2000 + low), i, match.end("u"), of="date", number=plain(2000 + low)
            )
        if bare == "年" and low >= 1900:
            return self.add("number", plain(low), i, end, of="date", number=plain(low))
        if bare in ("日", "晚", "夜") and digits == "半":
            return self.add("duration", "half day", i, end, vague=True)
        if bare == "月" and not match["gap"] and "个" not in match[0] and digits not in ("半", "两"):
            pregnant = re.search(r"[孕产余已经近满了]\Z|停经|病程", flat[max(0, i - 3) : i])
            if (
                not pregnant
                and not match["u1"]
                and flat[match.end("u") : match.end("u") + 1] not in ("余", "多")
            ):
                return self.add(
                    "number", spread(low, high), i, match.end("u"), of="month", number=spread(low, high)
                )
        if match["half"] or match["half0"] or "个半" in match[0]:
            low, high = low + 0.5, high + 0.5
        if unit.endswith("疗程"):
            end = match.start("n3") if match["n3"] else end
            return self.add(
                "duration", spread(low, high, "course"), i, end, number=spread(number.low, number.high)
            )
        if match["u1"] and match["n2"] and match["u1"].removeprefix("个") != bare:
            first, second = length(number.low, match["u1"]), length(number.high, unit)
            if first[0] == second[0]:
                value = time_value(first, second)
            else:
                value = f"{time_value(first, first)}-{time_value(second, second)}"
            return self.add("duration", value, i, end, number=spread(number.low, number.high))
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
        return self.add(
            "duration",
            time_value(low_min, high_min),
            i,
            end,
            number=spread(number.low, number.high),
            vague=vague,
        )

    def _measure(self, i: int) -> int:
        flat = self.flat
        tall = TALL.match(flat, i)
        if tall and (number := number_of(tall["m"])):
            cm = plain(number.low * 100 + centimetres(tall["cm"]))
            return self.add("vital", f"{cm} cm", *tall.span(), of="height", number=cm)
        match = MEASURE.match(flat, i)
        if not match:
            return 0
        number = number_of(match["n1"], match["n2"] or "")
        if number is None:
            return 0
        said = spread(number.low, number.high)
        if match["exp"] or match["bare"]:
            power = f"e{match['exp']}" if match["exp"] else ""
            of = self.measured_before(i)
            return self.add("lab", f"{said}{power}", i, match.end(), of=of.value if of else "", number=said)
        word = match["u"]
        unit, factor = UNITS[word]
        if unit in COUNTED or word in ("克", "升", "米", "两重", "斤"):
            after = flat[match.end("u") : match.end("u") + 1]
            if after in NOT_COUNTED.get(word, "") and after:
                return 0
        low, high = number.low * factor, number.high * factor
        if number.percent:
            unit = "%"
        of = self.measured_before(i)
        end = match.end()
        if unit in COUNTED and not match["per"] and flat.startswith("半", end):
            # 一片半
            low, high, end = low + 0.5, high + 0.5, end + 1
            said = spread(low, high)
        before = PER_VOLUME.search(flat, max(0, i - 8), i) if "每" in flat[max(0, i - 8) : i] else None
        if match["per"] or before:
            per = match["per"] or (before["per"] if before else "")
            below = DENOMINATORS.get(per, per)
            if per in ("次", "日", "天", "d") and not match["per2"] and unit in DOSE:
                return self.add("dose", spread(low, high, unit), i, match.end("u"), number=said)
            unit = f"{unit}/{below}"
            if match["per2"] and match["per2"] in ("d", "日", "天"):
                unit = f"{unit}/day"
            kind: FactKind = "dose" if below == "kg" and unit.startswith(("mg", "ml", "unit")) else "lab"
            return self.add(
                kind,
                spread(low, high, unit),
                i,
                end,
                of=of.value if of and kind == "lab" else "",
                number=said,
            )
        if unit in ("bpm",):
            return self.add(
                "vital", spread(low, high, unit), i, end, of=of.value if of else "pulse", number=said
            )
        if unit in ("mmhg", "kpa"):
            return self.add("vital", spread(low, high, unit), i, end, of="blood pressure", number=said)
        if unit == "kg" and of is None and low < 1:
            # 0.1公斤 of what is eaten.
            return self.add("dose", spread(low * 1e6, high * 1e6, "mg"), i, end, number=said)
        if unit == "kg":
            return self.add("vital", spread(low, high, unit), i, end, of="weight", number=said)
        if of is not None and unit not in COUNTED:
            return self.add(
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
                and number.low == number.high == 1
                and not PORTION_BEFORE.search(flat[max(0, i - 4) : i])
            )
            return self.add("dose", spread(low, high, unit), i, end, number=said, vague=vague)
        if unit in ("mmol", "umol", "nmol", "pmol", "copy", "mmh", "fl"):
            return self.add("lab", spread(low, high, unit), i, end, number=said)
        return self.add("number", spread(low, high, unit), i, end, number=said)

    def _grade(self, i: int) -> int:
        match = GRADE.match(self.flat, i)
        if not match:
            return 0
        unit, said = match["u"], match["n"]
        ends = re.split(JOINT, _ROMAN.get(said, said))
        number = number_of(ends[0], ends[1] if len(ends) > 1 else "")
        if number is None:
            return 0
        if unit == "成":
            value = spread(number.low * 10, number.high * 10, "%")
            return self.add("number", value, *match.span(), number=value.removesuffix(" %"))
        if number.low == number.high == 1 and unit not in ("型", "期", "级", "度", "孕", "产", "胎", "类"):
            # 一次, 一个, 一种: manners of speaking.
            return match.end()
        return self.add(
            "number",
            spread(number.low, number.high),
            *match.span(),
            of=unit,
            number=spread(number.low, number.high),
        )

"""Quantities in Chinese text: frequencies, signs and blood pressures first, then every other number."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsynth.text.facts.extract_zh_counts import numbers
from medsynth.text.facts.extract_zh_names import Name
from medsynth.text.facts.extract_zh_numbers import Number, number_of, spread
from medsynth.text.facts.extract_zh_patterns import (
    ANY,
    CYCLE,
    DOSED,
    FREQUENCIES,
    HIGH_LOW,
    IDIOMS,
    MEAL_OK,
    ONE_PRESSURE,
    PRESSURE,
    SHOTS,
    SIGN,
    TIMING,
    TO_PRESSURE,
    VAGUE_TIME,
)
from medsynth.text.facts.extract_zh_reader import Reader
from medsynth.text.facts.extract_zh_units import (
    LATIN,
    ROUGH_UNITS,
    days_of,
    interval,
    rate,
)
from medsynth.text.facts.model import Fact

_SHORTEST_CYCLE = 15  # days
_MEAL = {"前": "before meals", "后": "after meals", "时": "with meals", "中": "with meals"}


def quantities(text: str, flat: str, known: Sequence[Name]) -> list[Fact]:
    """Return the quantities of a text in order; `flat` is the text with plain digits, `known` its listed names."""
    return _Reader(text, flat, known).read()


class _Reader(Reader):
    """Passes from the most to the least particular."""

    def read(self) -> list[Fact]:
        flat = self.flat
        self._signs()
        if ANY.search(flat):
            for match in IDIOMS.finditer(flat):
                if not self.closed(match.start(), match.end()):
                    self.take(match.start(), match.end())
            self._frequencies()
            self._pressures()
            numbers(self)
            self._vague_times()
        self._timing()
        self.found.sort(key=lambda fact: (fact.start, fact.end))
        return self.found

    def _signs(self) -> None:
        for match in SIGN.finditer(self.flat):
            start, end = match.span()
            if self.closed(start, end):
                continue
            if match["d"]:
                self.add("lab", match["d"], start, end, of="乙肝")
                continue
            sign = match["s"] or match["s2"] or ""
            if match["s2"] and not self.measured_before(start, ("lab", "test"), 8):
                continue
            if match["n"]:
                sign = "+" * int(number_of(match["n"]).low)  # type: ignore[union-attr]
            if match["w"]:
                value = {
                    "弱阳性": "weakly positive",
                    "强阳性": "strongly positive",
                    "阳性": "positive",
                    "转阳": "positive",
                }.get(match["w"], "negative")
            elif sign in ("-",):
                value = "negative"
            elif sign in ("+-", "±"):
                value = "weakly positive"
            else:
                count = int(sign[0]) if sign[0].isdigit() else len(sign)
                value = "positive" if count == 1 else f"{count}+"
            of = self.measured_before(start, ("lab", "test"), 10)
            self.add("lab", value, start, end, of=of.value if of else "")

    def _frequencies(self) -> None:
        flat = self.flat
        for kind, needed, pattern in FREQUENCIES:
            if needed and not any(char in flat for char in needed):
                continue
            for match in pattern.finditer(flat):
                start, end = match.span()
                if kind == "across":
                    # 每天用甲药（乙药）两次: what lies between is read by itself.
                    if self.closed(*match.span("every")) or self.closed(match.start("n1"), end):
                        continue
                    self._frequency("times", match, match.start("n1"), end)
                    self.take(*match.span("every"))
                    continue
                if self.closed(start, end):
                    continue
                self._frequency(kind, match, start, end)

    def _frequency(self, kind: str, match: re.Match[str], start: int, end: int) -> None:
        if kind == "times":
            number = number_of(match["n1"], match["n2"] or "")
            if number is None or (match[0][-1] == "顿" and number.low == 3):
                return
            days = days_of(match["p"])
            more = number_of(match["n3"]) if match.groupdict().get("n3") else None
            if more and more.low > number.high:
                number = Number(number.low, more.high)
            self.add(
                "frequency",
                rate(number.low, number.high, days),
                start,
                end,
                number=spread(number.low, number.high),
            )
        elif kind == "each":
            number = number_of(match["n1"], match["n2"] or "")
            if number is None or number.low <= 0:
                return
            days = days_of(match["p"])
            if (
                days == 1
                and number.low >= _SHORTEST_CYCLE
                and CYCLE.search(self.flat, max(0, start - 12), end)
            ):
                # 月经28天来一回, 月经周期28天: how long the cycle is.
                size = spread(number.low, number.high)
                self.add("duration", f"{size} day", start, end, number=size)
                return
            if match["p"] == "年" and number.high < 1:
                days = 360  # 每半年 is 每六个月
            times = number_of(match["t1"], match["t2"] or "") if match["t1"] else None
            if number.low == number.high:
                low, high = (times.low, times.high) if times else (1, 1)
                value = rate(low, high, days * number.low)
            else:
                value = interval(days * number.high, days * number.low)
                if times and times.high > 1:
                    value = f"{spread(times.low, times.high)} x {value}"
            self.add(
                "frequency",
                value,
                start,
                end,
                number=spread(number.low, number.high),
                vague=times is None and number.high * days == 1,
            )
        elif kind == "between":
            self._between(match, start, end)
        elif kind == "days":
            number = number_of(match["n1"], match["n2"] or "")
            if number:
                self.add("frequency", rate(number.low, number.high, days_of(match["p"])), start, end)
        elif kind == "portion":
            days = days_of(match["p"])
            # 一天四针 is 一天打四次.
            if (shots := SHOTS.match(self.flat, end)) and (
                number := number_of(shots["n1"], shots["n2"] or "")
            ):
                size = spread(number.low, number.high)
                self.add("frequency", rate(number.low, number.high, days), start, shots.end(), number=size)
                return
            self.add("frequency", rate(1, 1, days), start, end, vague=days <= 1 or "每" not in match[0])
        elif kind == "other":
            times = number_of(match["t"]) if match["t"] else None
            often = times.low if times else 1
            self.add("frequency", rate(often, often, 2 if match["p"] in "日天" else 14), start, end)
        elif kind == "latin":
            code = match["l"].lower().replace(".", "")
            if code[1].isdigit():
                self.add("frequency", rate(1, 1, int(code[1:-1]) / 24), start, end, number=code[1:-1])
            else:
                self.add("frequency", LATIN[code], start, end)
        elif kind == "meals":
            self.add("frequency", "3/day", start, end, vague="各" not in match[0] and "次" not in match[0])
        elif kind == "ends":
            self.add("frequency", "2/day", start, end, vague="各" not in match[0] and "次" not in match[0])
        else:
            days = days_of(match[0][1:])
            # 一片每周 tells how often; 每月 by itself may be a manner of speaking.
            told = days > 1 and DOSED.search(self.flat[max(0, start - 16) : start])
            self.add("frequency", rate(1, 1, days), start, end, vague=not told)

    def _between(self, match: re.Match[str], start: int, end: int) -> None:
        """Read 每6个月或1年一次: what is neither "each" nor followed by 一次 is a length of time."""
        low, high = number_of(match["n1"]), number_of(match["n2"])
        if low is None or high is None or not (match["each"] or match["t1"]):
            return
        if low.low != low.high:
            return
        last = days_of(match["p"])
        first = days_of(match["p1"]) if match["p1"] else last
        # A year is twelve months here.
        shortest, longest = (n * (360 if d == 365 else d) for n, d in ((low.low, first), (high.high, last)))
        if 0 < shortest < longest:
            self.add("frequency", interval(longest, shortest), start, end, number=spread(low.low, high.high))

    def _timing(self) -> None:
        for match in TIMING.finditer(self.flat):
            start, end = match.span()
            around = self.flat[max(0, start - 6) : end + 6]
            vague = not MEAL_OK.search(around)
            if match["bed"]:
                self.add("frequency", "at bedtime", start, end, vague=vague)
            elif match["ate"]:
                self.add("frequency", "after meals", start, end, vague=vague)
            elif match["meal"]:
                self.add("frequency", _MEAL[match["side"]], start, end, vague=vague)
            elif match["fast"]:
                self.add("frequency", "fasting", start, end, vague=True)
            elif match["single"]:
                self.add("frequency", "single dose", start, end)
            elif match["with"]:
                self.add("frequency", "with meals", start, end, vague=vague)
            else:
                self.add("frequency", "prn", start, end, vague=True)

    def _pressures(self) -> None:
        for match in HIGH_LOW.finditer(self.flat):
            self._pressure(match, number_of(match["s"]), number_of(match["d"]))
        for match in PRESSURE.finditer(self.flat):
            high, low = number_of(match["s"], match["s2"] or ""), number_of(match["d"], match["d2"] or "")
            if (
                high
                and low
                and ((60 <= high.low <= 300 and 30 <= low.low < high.low) or "kpa" in match[0].lower())
            ):
                self._pressure(match, high, low)
        for match in TO_PRESSURE.finditer(self.flat):
            high, low = number_of(match["s"]), number_of(match["d"])
            if high and low and 80 <= high.low <= 300 and 30 <= low.low < high.low:
                self._pressure(match, high, low)
        for match in ONE_PRESSURE.finditer(self.flat):
            number = number_of(match["n1"], match["n2"] or "")
            if number and not self.closed(*match.span()) and 30 <= number.low <= 300:
                of = "systolic" if match["which"] in ("高压", "收缩压") else "diastolic"
                self.add(
                    "vital",
                    spread(number.low, number.high),
                    match.start("n1"),
                    match.end(),
                    of=of,
                    number=spread(number.low, number.high),
                )

    def _pressure(self, match: re.Match[str], high: Number | None, low: Number | None) -> None:
        if high is None or low is None or self.closed(*match.span()):
            return
        value = f"{spread(high.low, high.high)}/{spread(low.low, low.high)}"
        if "kpa" in match[0].lower():
            value = f"{value} kpa"
        self.add("vital", value, *match.span(), of="blood pressure", number=value)

    def _vague_times(self) -> None:
        for match in VAGUE_TIME.finditer(self.flat):
            if not self.closed(*match.span()):
                unit = ROUGH_UNITS[match["u"].removesuffix("钟") if match["u"] == "秒钟" else match["u"]]
                many = "1" if match["one"] else "tens" if match["tens"] else "few"
                number = "1" if match["one"] else ""
                self.add("duration", f"{many} {unit}", *match.span(), number=number, vague=True)

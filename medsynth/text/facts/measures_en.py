"""Measured quantities in English text: lengths of time and ages, temperatures, doses, values with a unit."""

from __future__ import annotations

from medsynth.text.facts.model import FactKind
from medsynth.text.facts.numbers_en import Number, number_at, plain
from medsynth.text.facts.periods_en import PeriodReader
from medsynth.text.facts.quantity_words_en import AGE_BEFORE, CODES, LABS, SCALE, TIMES_OF_DAY, VITALS
from medsynth.text.facts.units_en import (
    COUNTED,
    DOSE_UNITS,
    TIME,
    UNITS,
    period_name,
    rate,
    spread,
    time_value,
)


class MeasureReader(PeriodReader):
    """Reads a number that has a unit behind it."""

    def _time(self, number: Number, j: int) -> int:
        """Read a length of time or an age; 0 for a "second" that counts nothing."""
        i, unit = number.first, self.words[j]
        value = time_value(number.low, number.high, unit)
        k = j + 1
        if self._word(k) == "and" and self.words[k + 1 : k + 3] == ["a", "half"]:
            value, k = time_value(number.low + 0.5, number.high + 0.5, unit), k + 3
        elif self._word(k) in ("and", ",", "") or self._word(k).isdigit():
            lower = number_at(self.words, k + (self._word(k) in ("and", ",")), self.t.starts, self.t.ends)
            if (
                lower is not None
                and self._word(lower.behind) in TIME
                and TIME[self._word(lower.behind)][1] < TIME[unit][1]
            ):
                base, factor = TIME[unit]
                small, less = TIME[self._word(lower.behind)]
                if small == base:
                    total = number.low * factor + lower.low * less
                    value, k = (
                        time_value(total, total, "minute" if base == "min" else "month"),
                        lower.behind + 1,
                    )
        tail = k + (self._word(k) in ("-", "'"))
        old = self._word(tail)
        if old in ("old", "olds") or (old == "of" and self._word(tail + 1) == "age"):
            return self._add("age", value, i, tail + 1 + (old == "of"), number=number.value)
        if self._before(i, 3, AGE_BEFORE):
            return self._add("age", value, i, k, number=number.value)
        if TIME[unit] == ("min", 1 / 60) and not unit.endswith("s"):
            return 0
        return self._add(
            "duration",
            value,
            i,
            k,
            number=number.value,
            vague=number.low == 1 and unit == "day" and not number.digits,
        )

    def _plausible(self, number: Number, scale: str) -> bool:
        return 90 <= number.low <= 113 if scale == "f" else 33 <= number.low <= 43

    def _temperature(self, number: Number, j: int) -> int:
        i = number.first
        scale = ""
        if self.words[j] in SCALE:
            scale, j = SCALE[self.words[j]], j + 1
        else:
            j += 1
            if self._word(j) in SCALE:
                scale, j = SCALE[self.words[j]], j + 1
        if not scale:
            if 94 <= number.low <= 113:
                scale = "F"
            elif 34 <= number.low <= 43:
                scale = "C"
            else:
                return self._add(
                    "number", spread(number.low, number.high, "degree"), i, j, number=number.value
                )
        return self._add("temperature", celsius(number, scale), i, j, number=number.value)

    def _measure(self, number: Number, j: int) -> int:
        i = number.first
        unit, factor = UNITS[self.words[j]]
        low, high = number.low * factor, number.high * factor
        behind = j + 1
        if self._word(behind) in ("/", "per") or (
            self._word(behind) in ("a", "of") and self._word(behind + 1) in ("kg", "kilogram", "kilo")
        ):
            below = self._word(behind + 1)
            if below in UNITS and below not in ("day",):
                unit, behind = f"{unit}/{_denominator(below)}", behind + 2
            elif below in ("kg", "m2", "dose"):
                unit, behind = f"{unit}/{below}", behind + 2
            elif below in TIME and unit not in DOSE_UNITS and below not in ("day", "d", "week"):
                unit, behind = f"{unit}/{period_name(below)}", behind + 2
            else:
                second = number_at(self.words, behind + 1, self.t.starts, self.t.ends)
                if second is not None and self._word(second.behind) in UNITS:
                    base, size = UNITS[self.words[second.behind]]
                    unit, behind = f"{unit}/{plain(second.low * size)} {base}", second.behind + 1
        elif low == high and (
            self._word(behind) in ("to", "-", "–")
            or (self._word(behind) == "and" and self._word(i - 1) == "between")
        ):
            second = number_at(self.words, behind + 1, self.t.starts, self.t.ends)
            if second is not None and UNITS.get(self._word(second.behind), ("", 0))[0] == unit:
                upper = second.high * UNITS[self.words[second.behind]][1]
                if upper > low:
                    return self._add(
                        self._kind(unit, i),
                        spread(low, upper, unit),
                        i,
                        second.behind + 1,
                        number=f"{number.value}-{second.value}",
                    )
        if unit == "%" and self._before(i, 4, VITALS) in ("saturation", "sat", "sats", "spo2"):
            return self._add(
                "vital", spread(low, high, unit), i, behind, of="saturation", number=number.value
            )
        if unit == "%" and low == 100 and self._word(behind) in ("sure", "certain", "of"):
            return behind
        kind = self._kind(unit, i)
        of = ""
        if "/" not in unit.removesuffix("/kg"):
            often = self._per(behind) if self._word(behind) in ("a", "per", "/", "each", "every") else None
            if often and self._word(behind + 1) not in TIMES_OF_DAY:
                self._add(kind, spread(low, high, unit), i, behind, number=number.value)
                return self._add("frequency", rate(1, 1, often[0]), behind, often[1], vague=kind != "dose")
        if kind in ("lab", "number") and (lab := self._before(i, 5, LABS)):
            kind, of = "lab", CODES.get(lab, lab)
        elif kind == "number" and (vital := self._before(i, 4, VITALS)):
            kind, of = "vital", VITALS[vital]
        elif unit in ("kg", "lb", "stone", "bpm", "mmhg"):
            kind = "vital"
        return self._add(kind, spread(low, high, unit), i, behind, of=of, number=number.value)

    def _kind(self, unit: str, i: int) -> FactKind:
        if "/" in unit:
            return "dose" if unit in DOSE_UNITS or unit.startswith(("mg/kg", "unit/kg", "mg/5 ml")) else "lab"
        if unit in DOSE_UNITS or unit == "ml":
            return "lab" if unit not in COUNTED and self._before(i, 4, LABS) else "dose"
        return "number"


def celsius(number: Number, scale: str) -> str:
    """Return a temperature, said in `scale` F or C, in degrees Celsius."""
    low, high = number.low, number.high
    if scale == "F":
        low, high = (low - 32) / 1.8, (high - 32) / 1.8
    return spread(round(low, 1), round(high, 1), "C")


def _denominator(word: str) -> str:
    unit, factor = UNITS[word]
    return unit if factor == 1 else f"{plain(factor)} {unit}"

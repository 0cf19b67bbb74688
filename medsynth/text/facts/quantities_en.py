"""Quantities in English text: doses, frequencies, durations, ages, temperatures, vital signs, lab values, numbers."""

from __future__ import annotations

import re

from medsynth.text.facts.model import Fact, FactKind
from medsynth.text.facts.numbers_en import NUMBER_WORDS, ROMAN, Number, number_at, plain
from medsynth.text.facts.periods_en import PeriodReader, hours_between
from medsynth.text.facts.quantity_words_en import (
    AGE_BEFORE,
    CODE,
    CODES,
    DECADES,
    DEGREE,
    EMERGENCY,
    FEW,
    LABS,
    LATIN,
    LEADS,
    MEASURED,
    NAMED,
    ORDINAL_OF,
    ORDINAL_UNITS,
    ORDINAL_WORDS,
    ORDINALS,
    PERIODIC,
    Q_HOURS,
    ROMAN_AFTER,
    SCALE,
    SKIP_NOUN,
    STARTERS,
    TEMPERATURE,
    TIMES,
    TIMES_OF_DAY,
    VITALS,
    X_TIMES,
)
from medsynth.text.facts.tokens_en import Tokens, stem
from medsynth.text.facts.units_en import (
    COUNTED,
    DOSE_UNITS,
    SHORT,
    TIME,
    UNITS,
    rate,
    spread,
    time_value,
)


def quantities(t: Tokens) -> list[Fact]:
    """Return the quantities of a text in order; which drug a dose belongs to is told later."""
    return _Reader(t).read()


class _Reader(PeriodReader):
    """One left-to-right pass; each rule that fits takes its tokens and moves on."""

    def read(self) -> list[Fact]:
        words, count, i = self.words, len(self.words), 0
        while i < count:
            word = words[i]
            head = word[0]
            if head.isdigit() or word in NUMBER_WORDS or word in "½¼¾⅓⅔" or (head == "." and len(word) > 1):
                i = self._number(i)
            elif word in STARTERS or (head in "qx" and len(word) > 1 and word[1].isdigit()):
                i = self._phrase(i)
            elif not word.isalpha() and len(word) < 12 and head.isalpha():
                i = self._code(i)
            else:
                i += 1
        return self.found

    # -- what begins with a word

    def _phrase(self, i: int) -> int:
        words, word = self.words, self.words[i]
        after = self._word(i + 1)
        if word in LATIN:
            if word in ("hs", "bd") and not self._near_dose(i):
                return i + 1
            return self._add("frequency", LATIN[word], i, i + 1)
        if word[0] == "q" and (hours := Q_HOURS.fullmatch(word)):
            behind = i + 1
            if self._word(behind) in ("h", "hours", "hrs", "hour"):
                behind += 1
            elif self._word(behind) in ("-", "–") and (
                upper := re.fullmatch(r"(\d+)h?", self._word(behind + 1))
            ):
                behind += 2 + (self._word(behind + 2) in ("h", "hours", "hrs"))
                return self._add("frequency", hours_between(float(hours[1]), float(upper[1])), i, behind)
            return self._add("frequency", hours_between(float(hours[1]), float(hours[1])), i, behind)
        if word[0] == "x" and (times := X_TIMES.fullmatch(word)):
            often = self._per(i + 1)
            count = float(times[1])
            if often:
                return self._add("frequency", rate(count, count, often[0]), i, often[1])
            if after in TIME:
                return self._add("duration", time_value(count, count, after), i, i + 2, number=plain(count))
            return self._add("number", plain(count), i, i + 1, number=plain(count))
        if word in TIMES:
            if after in ("or", "to") and self._word(i + 2) in TIMES and (often := self._per(i + 3)):
                return self._add("frequency", rate(TIMES[word], TIMES[words[i + 2]], often[0]), i, often[1])
            often = self._per(i + 1)
            if often:
                return self._add("frequency", rate(TIMES[word], TIMES[word], often[0]), i, often[1])
            if word == "twice":
                return self._add("number", "2", i, i + 1, of="time", number="2", vague=True)
            return i + 1
        if word in ("every", "each", "alternate", "q", "nightly") or word in PERIODIC:
            return self._every(i)
        if word in ("a", "an", "half", "per", "/"):
            return self._article(i)
        if word in ("as", "when", "if", "whenever"):
            if after in ("needed", "required", "necessary") and (word != "if" or self._near_dose(i)):
                return self._add("frequency", "prn", i, i + 2, vague=not self._near_dose(i))
            return i + 1
        if word in ("at", "before", "in"):
            if (after == "bedtime" or (word == "at" and after == "night")) and self._near_dose(i):
                return self._add("frequency", "1/day", i, i + 2, vague=True)
            if (
                word == "in"
                and after in ("the", "each")
                and self._word(i + 2) in TIMES_OF_DAY
                and self._near_dose(i)
            ):
                if behind := self._again(i + 3):
                    return self._add("frequency", "2/day", i, behind)
                return self._add("frequency", "1/day", i, i + 3, vague=True)
            return i + 1
        if word in ("last", "past", "yesterday", "overnight", "fortnight", "couple"):
            return self._past(i)
        if word in DECADES:
            return self._add("number", f"{DECADES[word]}s", i, i + 1, number=str(DECADES[word]))
        if word in ROMAN_AFTER and after in ROMAN and (len(after) > 1 or after in "ivx"):
            value = str(ROMAN[after])
            return self._add("number", value, i, i + 2, of=word, number=value)
        if word in FEW:
            return self._few(i)
        if (word in ORDINAL_WORDS or word in ORDINALS) and self._in_date(i):
            value = str(ORDINAL_WORDS.get(word) or ORDINALS[word])
            return self._add("number", value, i, i + 1, number=value)
        if word in ORDINAL_WORDS:
            value = str(ORDINAL_WORDS[word])
            return self._add("number", value, i, i + 1, number=value, vague=True)
        if word in ORDINALS and after in ORDINAL_OF:
            value = str(ORDINALS[word])
            return self._add("number", value, i, i + 2, of=after, number=value)
        return i + 1

    def _article(self, i: int) -> int:
        word, after = self.words[i], self._word(i + 1)
        if word == "half" and self.words[max(0, i - 2) : i] == ["and", "a"]:
            return i + 1  # "a pack and a half a day"
        if word == "half":
            j = i + 1
            while self._word(j) in ("a", "an", "of", "-", "the"):
                j += 1
            unit = self._word(j)
            if unit in TIME and unit != "second":
                return self._add("duration", time_value(0.5, 0.5, unit), i, j + 1, number="0.5")
            if unit in UNITS and unit not in SHORT and unit not in ("l", "gm"):
                return self._measure(Number(0.5, 0.5, i, j, False), j)
            return i + 1
        if word in ("per", "/"):
            return i + 1
        if (
            after in NUMBER_WORDS
            and after not in ("dozen", "point")
            and number_at(self.words, i, self.t.starts, self.t.ends)
        ):
            return self._number(i)
        if after == "fortnight":
            return self._add("duration", "14 day", i, i + 2, number="14")
        if after in TIME and after not in SHORT and not after.endswith("s") and after != "second":
            behind = i + 2
            if self.words[behind : behind + 3] == ["and", "a", "half"]:
                return self._add("duration", time_value(1.5, 1.5, after), i, behind + 3, number="1.5")
            vague = after in ("day", "minute", "min", "sec") or self._before(i, 1, LEADS) == ""
            return self._add("duration", time_value(1, 1, after), i, behind, number="1", vague=vague)
        if after in MEASURED:
            return self._measure(Number(1.0, 1.0, i, i + 1, False), i + 1)
        if (
            after in UNITS
            and (UNITS[after][0] in DOSE_UNITS or UNITS[after][0] in COUNTED)
            and not after.endswith("s")
            and after not in SHORT
        ):
            unit, factor = UNITS[after]
            self._add("dose", spread(factor, factor, unit), i, i + 2, number="1", vague=True)
            often = self._per(i + 2)
            return (
                self._add("frequency", rate(1, 1, often[0]), i + 2, often[1], vague=True) if often else i + 2
            )
        return i + 1

    # -- what begins with a number

    def _number(self, i: int) -> int:
        t, words = self.t, self.words
        number = number_at(words, i, t.starts, t.ends)
        if number is None:
            return i + 1
        if self._is_label(number) or self._is_telephone(number):
            return self._behind_telephone(number)
        j = number.behind
        after = self._word(j)
        pressure = self._slash(number)
        if pressure:
            return pressure
        if after == "-" and j + 1 < len(words):
            after = self._word(j + 1)
            if after in TIME or after in UNITS:
                j += 1
            else:
                after = "-"
        if after in ("times", "time", "x", "×"):
            often = self._per(j + 1)
            if often and often[0] < 1 / 30:  # breaths and beats: a rate, not how often something is taken
                return self._add("number", number.value, i, often[1], of="time", number=number.value)
            if often:
                return self._add("frequency", rate(number.low, number.high, often[0]), i, often[1])
            if after == "x" or after == "×":
                return self._bare(number)
            return self._add("number", number.value, i, j + 1, of="time", number=number.value)
        if (
            after in TIME
            and (number.digits or after not in SHORT)
            and not (after == "second" and not number.digits)
        ):
            return self._time(number, j)
        if after in DEGREE or (
            after in SCALE and len(after) == 1 and number.digits and self._plausible(number, after)
        ):
            return self._temperature(number, j)
        if after in ("y", "yo", "y/o") and number.digits:
            behind = j + 1
            if after == "y" and self._word(j + 1) == "/" and self._word(j + 2) == "o":
                behind = j + 3
            return self._add("age", spread(number.low, number.high, "year"), i, behind, number=number.value)
        if after in UNITS and (number.digits or after not in SHORT):
            return self._measure(number, j)
        if after in ("million", "mil") and self._word(j + 1) in UNITS:
            return self._measure(Number(number.low * 1e6, number.high * 1e6, i, j + 1, True), j + 1)
        often = self._per(j) if after in ("daily", "nightly", "weekly") or after in ("a", "per") else None
        if often and after not in ("daily", "weekly", "nightly") and self._word(j + 1) in TIME:
            self._bare(number)
            self._add("frequency", rate(1, 1, often[0]), j, often[1], vague=True)
            return often[1]
        return self._bare(number)

    def _is_label(self, number: Number) -> bool:
        """Whether the number counts the items of a list: it heads a line or sentence and a mark follows."""
        i, words = number.first, self.words
        if not number.digits or number.behind != i + 1 or number.low > 40 or number.low != int(number.low):
            return False
        mark = self._word(i + 1)
        if mark not in (".", ")", ":"):
            return False
        before = self._word(i - 1)
        opens = i == 0 or before in (".", "?", "!", ":", ";", "\n", "(", ",")
        if mark == ")":
            return opens and (before == "(" or i == 0 or before in (".", ":", ";", ",", "\n", "?", "!"))
        follows = self.t.text[self.t.starts[i + 2] : self.t.starts[i + 2] + 1] if i + 2 < len(words) else ""
        return (
            opens and before != "," and before != "(" and (follows.isupper() or not follows) and bool(follows)
        )

    def _is_telephone(self, number: Number) -> bool:
        if not number.digits:
            return False
        i = number.first
        if (
            self.words[i] in EMERGENCY
            and number.behind == i + 1
            and self._word(i - 1) in ("call", "dial", "calling", "ring", "to", "on", "or", "dialing", "phone")
        ):
            return True
        chunk = re.match(
            r"(?:1-)?\(?\d{3}\)?[-–. ]\d{3}[-–.]\d{4}|1-8\d\d-[\dA-Z-]{7,}|\(\d{3}\) ?\d{3}-\d{4}",
            self.t.text[self.t.starts[i] : self.t.starts[i] + 24],
        )
        return bool(chunk)

    def _behind_telephone(self, number: Number) -> int:
        j, end = number.behind, self.t.starts[number.first]
        chunk = re.match(r"[\d() –-]{9,}[\dA-Z-]*", self.t.text[end : end + 24])
        if chunk:
            while j < len(self.words) and self.t.starts[j] < end + chunk.end():
                j += 1
        return j

    def _slash(self, number: Number) -> int:
        """Read 120/80, "120 over 80", 20/20 and dates. 0 when the number is none of these."""
        j = number.behind
        joint = self._word(j)
        i = number.first
        if joint not in ("/", "over") or number.low != number.high:
            return 0
        second = number_at(self.words, j + 1, self.t.starts, self.t.ends)
        if second is None or second.low != second.high:
            return 0
        if joint == "/" and self._word(second.behind) == "/":
            third = number_at(self.words, second.behind + 1, self.t.starts, self.t.ends)
            if third is not None:
                value = f"{plain(number.low)}/{plain(second.low)}/{plain(third.low)}"
                return self._add("number", value, i, third.behind, of="date", number=value)
        value = f"{plain(number.low)}/{plain(second.low)}"
        if 50 <= number.low <= 300 and 20 <= second.low < number.low and second.low <= 200:
            behind = second.behind + (self._word(second.behind) == "mmhg")
            return self._add("vital", value, i, behind, of="blood pressure", number=value)
        if joint == "over":
            return 0
        return self._add("number", value, i, second.behind, number=value)

    def _time(self, number: Number, j: int) -> int:
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
            return self._bare(number)
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
        return self._add("temperature", _celsius(number, scale), i, j, number=number.value)

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
                unit, behind = f"{unit}/{TIME[below][0]}", behind + 2
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

    def _bare(self, number: Number) -> int:
        i, j = number.first, number.behind
        words = self.words
        if not number.digits and number.low == number.high == 1:
            return j
        if not number.digits and self._word(j) == "-":
            j += 1
        if (
            not number.digits
            and 20 <= number.low < 100
            and number.low % 10 == 0
            and self._word(j) in ORDINALS
            and ORDINALS[self._word(j)] < 10
        ):
            value = plain(number.low + ORDINALS[self._word(j)])  # "twenty-first"
            return self._add("number", value, i, j + 1, number=value, vague=not self._in_date(j))
        j = number.behind
        value = number.value
        if self._word(j) in ("s", "'s") and number.digits and number.low % 10 == 0:
            return self._add("number", f"{value}s", i, j + 1, number=value)
        if self._word(j) in ORDINAL_UNITS and number.digits:
            return self._add("number", value, i, j + 1, of=_noun(words, j + 1), number=value)
        before = self._word(i - 1)
        if before in NAMED:
            return self._add("number", value, i - 1, j, of=before, number=value)
        if before == "-" and i > 1 and words[i - 2].isalpha() and self.t.ends[i - 2] + 1 == self.t.starts[i]:
            named = words[i - 2]
            return j if named == "covid" else self._add("number", value, i - 2, j, of=named, number=value)
        if before in AGE_BEFORE or (before == "of" and self._word(i - 2) in AGE_BEFORE):
            return self._add("age", spread(number.low, number.high, "year"), i, j, number=value)
        if number.low == number.high and 33 <= number.low <= 113 and self._before(i, 5, TEMPERATURE):
            scale = "F" if 93 <= number.low <= 113 else "C" if number.low <= 43 else ""
            if scale:
                return self._add("temperature", _celsius(number, scale), i, j, number=value)
        if (lab := self._before(i, 5, LABS)) and not self._shared_out(lab, i, j):
            return self._add("lab", value, i, j, of=CODES.get(lab, lab), number=value)
        if vital := self._before(i, 4, VITALS):
            return self._add("vital", value, i, j, of=VITALS[vital], number=value)
        return self._add("number", value, i, j, of=_noun(words, j), number=value)

    def _shared_out(self, lab: str, i: int, j: int) -> bool:
        """Whether the analyte before a number has another one already, and this one its own behind it: "white count
        13.3, then 7.6 lymphocytes"."""
        behind = max(k for k in range(i) if self.words[k] == lab)
        taken = any(w[0].isdigit() or w in NUMBER_WORDS for w in self.words[max(0, behind - 1) : i])
        return taken and self._word(j).isalpha() and (self._word(j) in LABS or len(_noun(self.words, j)) > 4)

    def _code(self, i: int) -> int:
        """Read names with digits in them: b12, h1n1, cd4. They are facts of their own, not numbers."""
        word = self.words[i]
        if not CODE.fullmatch(word) or word in LABS:
            return i + 1
        return self._add("number", CODES.get(word, word), i, i + 1)


def _celsius(number: Number, scale: str) -> str:
    low, high = number.low, number.high
    if scale == "F":
        low, high = (low - 32) / 1.8, (high - 32) / 1.8
    return spread(round(low, 1), round(high, 1), "C")


def _denominator(word: str) -> str:
    unit, factor = UNITS[word]
    return unit if factor == 1 else f"{plain(factor)} {unit}"


def _noun(words: list[str], j: int) -> str:
    """Return the base form of what is counted: the first content word behind the number."""
    for word in words[j : j + 3]:
        if word in SKIP_NOUN:
            continue
        return stem(word) if word[0].isalpha() and len(word) > 2 else ""
    return ""

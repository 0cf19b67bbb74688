"""Quantities in English text: doses, frequencies, durations, ages, temperatures, vital signs, lab values, numbers."""

from __future__ import annotations

import re
from functools import lru_cache

from medsynth.text.facts.counts_en import CountReader
from medsynth.text.facts.model import Fact
from medsynth.text.facts.numbers_en import NUMBER_WORDS, ROMAN, Number, number_at, plain
from medsynth.text.facts.periods_en import hours_between, interval_rate
from medsynth.text.facts.quantity_words_en import (
    DECADES,
    DEGREE,
    FEW,
    FULL,
    HALVES,
    LATIN,
    LEADS,
    MEASURED,
    MORE,
    ORDINAL_OF,
    ORDINAL_WORDS,
    ORDINALS,
    PARTS,
    PERIODIC,
    Q_HOURS,
    ROMAN_AFTER,
    SCALE,
    STARTERS,
    TIMES,
    TIMES_OF_DAY,
    X_TIMES,
)
from medsynth.text.facts.tokens_en import Tokens
from medsynth.text.facts.units_en import (
    COUNTED,
    DOSE_UNITS,
    SHORT,
    TIME,
    UNITS,
    days_of,
    rate,
    spread,
    time_value,
)


@lru_cache(maxsize=65536)
def _begins(word: str) -> str:
    """Return what begins with a word: a number, a phrase, a code or nothing ("")."""
    head = word[0]
    if head.isdigit() or word in NUMBER_WORDS or word in "½¼¾⅓⅔" or (head == "." and len(word) > 1):
        return "number"
    if word in STARTERS or (head in "qx" and len(word) > 1 and word[1].isdigit()):
        return "phrase"
    return "code" if not word.isalpha() and len(word) < 12 and head.isalpha() else ""


def quantities(t: Tokens) -> list[Fact]:
    """Return the quantities of a text in order; which drug a dose belongs to is told later."""
    return _Reader(t).read()


class _Reader(CountReader):
    """One left-to-right pass; each rule that fits takes its tokens and moves on."""

    def read(self) -> list[Fact]:
        words, count, i = self.words, len(self.words), 0
        while i < count:
            begins = _begins(words[i])
            if not begins:
                i += 1
            elif begins == "number":
                i = self._number(i)
            elif begins == "phrase":
                i = self._phrase(i)
            else:
                i = self._code(i)
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
        if word in ("last", "past", "next", "yesterday", "overnight", "fortnight", "couple", "pair"):
            return self._past(i)
        if word == "quarter":
            return self._part_of_hour(i) or i + 1
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
        if behind := self._part_of_hour(i + (after in HALVES)):
            return behind
        if after in PARTS and word != "half" and (behind := self._part(1, i, i + 1)) > i:
            return behind
        if word == "half":
            j = i + 1
            while self._word(j) in ("a", "an", "of", "-", "the"):
                j += 1
            unit = self._word(j)
            if unit in TIME and unit != "second":
                return self._add("duration", time_value(0.5, 0.5, unit), i, j + 1, number="0.5")
            if unit in UNITS and unit not in SHORT and unit not in ("l", "gm"):
                return self._measure(Number(0.5, 0.5, i, j, False), j)
            if unit == "dozen":
                return self._add("number", "6", i, j + 1, number="6", vague=True)
            if self._word(i - 1) not in ("and", "other"):
                return self._add("number", "1/2", i, i + 1, number="1/2", vague=True)
            return i + 1
        if word in ("per", "/"):
            often = self._per(i) if word == "per" and after in TIME else None
            return self._add("frequency", rate(1, 1, often[0]), i, often[1], vague=True) if often else i + 1
        if after == "dozen":
            return self._add("number", "12", i, i + 2, number="12", vague=True)
        if (
            after in NUMBER_WORDS
            and after not in ("dozen", "point")
            and number_at(self.words, i, self.t.starts, self.t.ends)
        ):
            return self._number(i)
        if after == "fortnight":
            return self._add("duration", "14 day", i, i + 2, number="14")
        if after in FULL and self._word(i + 2) in TIME and not self._word(i + 2).endswith("s"):
            unit = self._word(i + 2)
            vague = self._before(i, 1, LEADS) == ""
            return self._add("duration", time_value(1, 1, unit), i, i + 3, number="1", vague=vague)
        if after in TIME and after not in SHORT and not after.endswith("s") and after != "second":
            behind = i + 2
            if self.words[behind : behind + 3] == ["and", "a", "half"]:
                return self._add("duration", time_value(1.5, 1.5, after), i, behind + 3, number="1.5")
            if self._word(behind) in ("or", "to") and (ranged := self._or_more(i, behind)):
                return ranged
            alone = self._before(i, 1, LEADS) == ""
            vague = after in ("day", "minute", "min", "sec") or alone
            if alone:  # "one drink, on most evenings, a day"
                self._add("frequency", rate(1, 1, days_of(after)), i, behind, vague=True)
            of = "past" if self._word(behind) == "ago" else ""
            return self._add("duration", time_value(1, 1, after), i, behind, of=of, number="1", vague=vague)
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
        if after in PERIODIC or (after == "-" and self._word(j + 1) in PERIODIC):
            k = j + (after == "-")  # "six hourly", "3-monthly"
            if self._word(k) in ("hourly", "weekly", "monthly") and number.low > 1:
                days = PERIODIC[self._word(k)]
                value = interval_rate(number.high * days, number.low * days)
                if self._word(k) == "hourly" or after == "-":
                    return self._add("frequency", value, i, k + 1)
        if clock := self._clock(number) or self._share(number):
            return clock
        if after in ("or", "and") and self._word(j + 1) in MORE and self._word(j + 2) in (*TIME, "times"):
            j, after = j + 2, self._word(j + 2)  # "three or more times a week"
        if after in ("+", "plus", "odd") and self._word(j + 1) in (*TIME, "times"):
            j, after = j + 1, self._word(j + 1)
        if after == "-" and j + 1 < len(words):
            after = self._word(j + 1)
            if after in TIME or after in UNITS:
                j += 1
            else:
                after = "-"
        if after in ("times", "time", "x", "×"):
            k = j + 1 + 2 * (self._word(j + 1) == "or" and self._word(j + 2) in MORE)
            often = self._per(k)
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
            return self._time(number, j) or self._bare(number)
        if after in DEGREE or (
            after in SCALE and len(after) == 1 and number.digits and self._plausible(number, after)
        ):
            return self._temperature(number, j)
        if after in ("y", "yo", "y/o") and number.digits:
            behind = j + 1
            if after == "y" and self._word(j + 1) == "/" and self._word(j + 2) == "o":
                behind = j + 3
            return self._add("age", spread(number.low, number.high, "year"), i, behind, number=number.value)
        if after in UNITS and (number.digits or after not in SHORT or after == "g"):
            return self._measure(number, j)
        if after in ("million", "mil") and self._word(j + 1) in UNITS:
            return self._measure(Number(number.low * 1e6, number.high * 1e6, i, j + 1, True), j + 1)
        often = self._per(j) if after in ("daily", "nightly", "weekly") or after in ("a", "per") else None
        if often and after not in ("daily", "weekly", "nightly") and self._word(j + 1) in TIME:
            self._bare(number)
            self._add("frequency", rate(1, 1, often[0]), j, often[1], vague=True)
            return often[1]
        return self._bare(number)

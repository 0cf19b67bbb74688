"""How often and since when in English text: the part of reading quantities that begins with a word for a period."""

from __future__ import annotations

from medsynth.text.facts.model import Fact, FactKind
from medsynth.text.facts.numbers_en import NUMBER_WORDS, number_at, plain
from medsynth.text.facts.quantity_words_en import (
    DOSING,
    EVERY,
    MONTHS,
    PERIODIC,
    ROUTINE,
    TIMES_OF_DAY,
    VAGUE_PAST,
)
from medsynth.text.facts.tokens_en import Tokens
from medsynth.text.facts.units_en import SHORT, TIME, UNITS, days_of, rate, time_value


def hours_between(low: float, high: float) -> str:
    """Return the rate of something done every `low` to `high` hours."""
    return interval_rate(high / 24, low / 24)


def interval_rate(longest: float, shortest: float) -> str:
    """Return the rate of something done every `shortest` to `longest` days."""
    if longest == shortest:
        return rate(1, 1, longest)
    if longest <= 1:
        return f"{plain(round(1 / longest, 4))}-{plain(round(1 / shortest, 4))}/day"
    return f"{rate(1, 1, longest)}-{rate(1, 1, shortest)}"


class PeriodReader:
    """What a reader of tokens needs everywhere, and the reading of periods: "a day", "every 8 hours", "last week"."""

    def __init__(self, tokens: Tokens) -> None:
        self.t = tokens
        self.words = tokens.words
        self.found: list[Fact] = []

    def _word(self, i: int) -> str:
        return self.words[i] if 0 <= i < len(self.words) else ""

    def _add(
        self,
        kind: FactKind,
        value: str,
        first: int,
        behind: int,
        of: str = "",
        number: str = "",
        vague: bool = False,
    ) -> int:
        t = self.t
        start, end = t.starts[first], t.ends[behind - 1]
        self.found.append(Fact(kind, value, start, end, t.text[start:end], of, False, number, vague))
        return behind

    def _before(self, i: int, reach: int, known: frozenset[str] | dict[str, str]) -> str:
        """Return the nearest word of `known` among the `reach` tokens before `i`, in the same sentence."""
        for j in range(i - 1, max(-1, i - 1 - reach), -1):
            word = self.words[j]
            if word in (".", "?", ";", "\n"):
                return ""
            if word in known:
                return word
        return ""

    def _near_dose(self, i: int) -> bool:
        return any(w in UNITS or w in DOSING for w in self.words[max(0, i - 12) : i])

    def _per(self, i: int) -> tuple[float, int] | None:
        """Return the period named at token `i` ("a day", "daily", "every 8 hours") in days, and the token behind."""
        word = self._word(i)
        if word in ("(", ","):
            i, word = i + 1, self._word(i + 1)
        if word in PERIODIC:
            return PERIODIC[word], i + 1
        if word in ("at", "before") and self._word(i + 1) in ("bedtime", "night"):
            return 1.0, i + 2
        if word in EVERY or word == "the" or word == "during":
            j = i + 1
            if word == "in" and self._word(j) in ("a", "the"):
                j += 1
            unit = self._word(j)
            if word == "every" and unit in ("other", "second", "alternate") and self._word(j + 1) in TIME:
                return 2 * days_of(self._word(j + 1)), j + 2
            if word in ("every", "per", "in"):
                number = number_at(self.words, j, self.t.starts, self.t.ends)
                if number is not None and number.low == number.high and self._word(number.behind) in TIME:
                    return days_of(self._word(number.behind), number.low), number.behind + 1
            if (
                unit in TIME
                and (unit not in SHORT or word == "/")
                and not (word == "in" and unit.endswith("s"))
            ):
                return days_of(unit), j + 1
            if unit in TIMES_OF_DAY and word != "in":
                return 1.0, j + 1
        return None

    def _every(self, i: int) -> int:
        word, after = self.words[i], self._word(i + 1)
        if word in PERIODIC:
            if word in ("daily", "everyday") and after in ROUTINE:
                return i + 1
            vague = not (self._near_dose(i) or word in ("hourly", "nightly"))
            return self._add("frequency", rate(1, 1, PERIODIC[word]), i, i + 1, vague=vague)
        if word == "q" and after in ("day", "daily", "am", "pm", "night"):
            return self._add("frequency", "1/day", i, i + 2)
        j = i + 1 + (after == "," and self._word(i + 2) in NUMBER_WORDS)
        other = word == "alternate" or after in ("other", "second", "alternate")
        if word != "alternate" and other:
            j += 1
        number = number_at(self.words, j, self.t.starts, self.t.ends)
        if number is not None and word in ("every", "q"):
            unit = self._word(number.behind + (self._word(number.behind) == "-"))
            if unit in TIME:
                low, high = days_of(unit, number.high), days_of(unit, number.low)
                return self._add("frequency", interval_rate(low, high), i, number.behind + 1)
            return i + 1
        unit = self._word(j)
        if unit in TIMES_OF_DAY and not other and (behind := self._again(j + 1)):
            return self._add("frequency", "2/day", i, behind)
        if unit in TIMES_OF_DAY or unit in ("day", "days"):
            # "each day" after "twice" was read with it; alone it is once a day, or a manner of speaking.
            return self._add(
                "frequency",
                "1/2 day" if other else "1/day",
                i,
                j + 1,
                vague=not (other or self._near_dose(i)),
            )
        if unit in TIME and unit not in SHORT:
            days = days_of(unit) * (2 if other else 1)
            return self._add(
                "frequency", rate(1, 1, days), i, j + 1, vague=not other and not self._near_dose(i)
            )
        return i + 1

    def _again(self, i: int) -> int:
        """Return the token behind a second time of the day from token `i` on ("and at night"), or 0."""
        if self._word(i) not in ("and", "&"):
            return 0
        j = i + 1
        while self._word(j) in ("in", "at", "the", "before", "every", "each"):
            j += 1
        return j + 1 if self._word(j) in TIMES_OF_DAY and self._near_dose(i) else 0

    def _in_date(self, i: int) -> bool:
        """Whether a month stands beside an ordinal: "twentieth of April", "June second"."""
        before = self._word(i - 1) if self._word(i - 1) != "the" else self._word(i - 2)
        return (self._word(i + 1) == "of" and self._word(i + 2) in MONTHS) or (
            before in MONTHS and before not in ("may", "march")
        )

    def _few(self, i: int) -> int:
        """Read a length of time that is only roughly told: "a few days", "several weeks"."""
        unit = self._word(i + 1)
        if unit not in TIME or not unit.endswith("s") or unit in SHORT or self._word(i - 1) == "every":
            return i + 1
        base, factor = TIME[unit]
        name = {("min", 60): "hour", ("min", 1440): "day", ("min", 10080): "week", ("month", 12): "year"}
        value = name.get((base, int(factor)), base if factor == 1 else "")
        return self._add("duration", f"few {value}", i, i + 2, vague=True) if value else i + 1

    def _or_more(self, i: int, j: int) -> int:
        """Read on from "a week" at token `i` to "or two" or "to ten days" at token `j`; 0 without such."""
        unit = self._word(j - 1)
        number = number_at(self.words, j + 1, self.t.starts, self.t.ends)
        if number is None or number.low != number.high:
            return 0
        other = self._word(number.behind)
        if other not in TIME:
            if self._word(j) == "to" or number.low > 4:
                return 0
            value, behind = time_value(1, number.low, unit), number.behind
        elif TIME[other][0] == TIME[unit][0]:
            value = time_value(TIME[unit][1] / TIME[other][1], number.low, other)
            behind = number.behind + 1
        else:
            return 0
        return self._add("duration", value, i, behind, number=value.split(" ")[0], vague=True)

    def _past(self, i: int) -> int:
        word, after = self.words[i], self._word(i + 1)
        if word in ("last", "past", "next") and after in VAGUE_PAST:
            of = "next" if word == "next" else "past"
            return self._add("duration", VAGUE_PAST[after], i, i + 2, of=of, number="1", vague=True)
        if word in ("yesterday", "overnight"):
            return self._add("duration", "1 day", i, i + 1, number="1", vague=True)
        if word == "fortnight":
            return self._add("duration", "14 day", i, i + 1, number="14")
        if word == "pair":
            return self._add("number", "2", i, i + 1, number="2", vague=True) if after == "of" else i + 1
        if word == "couple":
            j = i + 1 + (after == "of")
            unit = self._word(j)
            if unit == "times" and (often := self._per(j + 1)):
                return self._add("frequency", rate(2, 2, often[0]), i, often[1], vague=True)
            if unit in TIME:
                return self._add("duration", time_value(2, 2, unit), i, j + 1, number="2", vague=True)
            return self._add("number", "2", i, i + 1, number="2", vague=True)
        return i + 1

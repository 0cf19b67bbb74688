"""Times of the day in English text: "8:30", "8 a.m.", "half past eight", "eight thirty in the morning"."""

from __future__ import annotations

from medsynth.text.facts.measures_en import MeasureReader
from medsynth.text.facts.numbers_en import Number, number_at, plain
from medsynth.text.facts.quantity_words_en import DAYPARTS, HALVES, MERIDIEM

_PAST = frozenset(("past", "after"))
_TO = frozenset(("to", "before", "till", "of"))


class ClockReader(MeasureReader):
    """Reads an hour, with its minutes or without, as a number of the clock: "8:30", "8"."""

    def _clock(self, number: Number) -> int:
        """Read a number that is a time of the day, or a span between two; 0 where it is none."""
        i, j = number.first, number.behind
        if number.digits and number.low == number.high and self._word(j) == ":":
            return self._dial(i, number)
        behind = self._meridiem(j)
        if not behind:
            return 0
        ends = [_hour(number.low), _hour(number.high)]
        if "" in ends:
            return 0
        for end in dict.fromkeys(ends):
            self._add("number", end, i, behind, of="clock", number=end)
        return behind

    def _dial(self, i: int, number: Number) -> int:
        """Read "8:30", whose parts stand close together; 0 for a ratio or a label."""
        words, t = self.words, self.t
        j = number.behind
        minutes = self._word(j + 1)
        close = j + 1 < len(words) and t.starts[j] == t.ends[i] and t.starts[j + 1] == t.ends[j]
        if not close or len(minutes) != 2 or not minutes.isdigit() or int(minutes) > 59 or number.low > 24:
            return 0
        value = _hour(number.low * 100 + int(minutes))
        return self._add("number", value, i, self._meridiem(j + 2) or j + 2, of="clock", number=value)

    def _meridiem(self, j: int) -> int:
        """Return the token behind "a.m.", "o'clock" or "in the morning", 0 where no such thing stands at token `j`."""
        word = self._word(j)
        if word in MERIDIEM:
            more = self._word(j + 1) == "in" and self._word(j + 2) == "the" and self._word(j + 3) in DAYPARTS
            return j + 4 if more and word == "o'clock" else j + 1
        if word == "in" and self._word(j + 1) == "the" and self._word(j + 2) in DAYPARTS:
            return j + 3
        return j + 2 if word == "at" and self._word(j + 1) == "night" else 0

    def _part_of_hour(self, i: int) -> int:
        """Read "half past eight" and "quarter to nine" from token `i` on; 0 where they do not stand there."""
        part, joint = self._word(i), self._word(i + 1)
        if part not in HALVES or joint not in _PAST | _TO:
            return 0
        number = number_at(self.words, i + 2, self.t.starts, self.t.ends)
        if number is None or number.low != number.high or not 1 <= number.low <= 12:
            return 0
        if joint in _TO and part == "half":
            return 0
        minutes = HALVES[part]
        hour = number.low if joint in _PAST else (number.low - 1 or 12)
        value = f"{plain(hour)}:{minutes if joint in _PAST else 60 - minutes:02d}"
        return self._add("number", value, i, number.behind, of="clock", number=value)


def _hour(value: float) -> str:
    """Return an hour said as 8, 830 or 8.3 hours: "8", "8:30"; "" for what is no time of the day."""
    if value != int(value):
        return ""
    hours, minutes = divmod(int(value), 100) if value >= 100 else (int(value), 0)
    if hours > 24 or minutes > 59:
        return ""
    if hours > 12:
        hours -= 12
    return f"{hours}:{minutes:02d}" if minutes else str(hours)

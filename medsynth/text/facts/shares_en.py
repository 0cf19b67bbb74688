"""Parts of a whole in English text: "half of", "two thirds", "one in five", "4 out of 10"."""

from __future__ import annotations

from medsynth.text.facts.clock_en import ClockReader
from medsynth.text.facts.numbers_en import Number, number_at, plain
from medsynth.text.facts.quantity_words_en import PARTS, PEOPLE
from medsynth.text.facts.units_en import TIME, UNITS

_WHOLE = frozenset(("of", "the", "all", "its", "their", "your", "his", "her", "my", "these", "those"))
_YEARS = range(1900, 2100)


class ShareReader(ClockReader):
    """Reads a share as a number "1/5"; what share of a hundred that is, the comparison knows."""

    def _share(self, number: Number) -> int:
        """Read "one in five" and "4 out of 10" from their first number on; 0 where there is no share."""
        i, j = number.first, number.behind
        if number.low != number.high or number.low != int(number.low):
            return 0
        part = j + (self._word(j) == "-")
        if not number.digits and 1 <= number.low < PARTS.get(self._word(part), 0):
            return self._part(number.low, i, part)
        out = self._word(j) == "out" and self._word(j + 1) == "of"
        if not out and self._word(j) != "in":
            return 0
        k = j + 1 + out + (self._word(j + 1 + out) == "every")
        second = number_at(self.words, k, self.t.starts, self.t.ends)
        if second is None or second.low != second.high or second.low <= max(number.low, 1):
            return 0
        after = self._word(second.behind)
        if not out and (
            after in TIME or after in UNITS or (int(second.low) in _YEARS and after not in PEOPLE)
        ):
            return 0
        value = f"{plain(number.low)}/{plain(second.low)}"
        return self._add("number", value, i, second.behind, number=value)

    def _part(self, count: float, i: int, j: int) -> int:
        """Read "two thirds" whose second word is token `j`; not "a third dose"."""
        word = self._word(j)
        plural = word.endswith("s")
        if not plural and self._word(j + 1) not in _WHOLE:
            return 0
        value = f"{plain(count)}/{PARTS[word]}"
        return self._add("number", value, i, j + 1, number=value, vague=True)

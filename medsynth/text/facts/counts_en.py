"""Bare numbers in English text: what is counted, named or dated by them, and which are no quantities at all."""

from __future__ import annotations

import re

from medsynth.text.facts.measures_en import celsius
from medsynth.text.facts.numbers_en import NUMBER_WORDS, Number, number_at, plain
from medsynth.text.facts.quantity_words_en import (
    AGE_BEFORE,
    BOUNDS,
    CODE,
    CODES,
    DIABETES,
    EMERGENCY,
    LABS,
    NAMED,
    ORDINAL_UNITS,
    ORDINALS,
    PEOPLE,
    SKIP_NOUN,
    TEMPERATURE,
    TENTHS,
    VITALS,
)
from medsynth.text.facts.shares_en import ShareReader
from medsynth.text.facts.tokens_en import stem
from medsynth.text.facts.units_en import TIME, UNITS, spread
from medsynth.text.facts.words_en import STOPWORDS


class CountReader(ShareReader):
    """Reads a number without a unit."""

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

    def _bare(self, number: Number) -> int:
        i, j = number.first, number.behind
        words = self.words
        if not number.digits and number.low == number.high == 1 and self._word(i - 1) not in NAMED:
            of = stem(self._word(j)) if self._word(j).isalpha() and self._word(j) not in STOPWORDS else ""
            return self._add("number", "1", i, j, of=of, number="1", vague=True) if len(of) > 2 else j
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
        if before in BOUNDS and any(word in PEOPLE for word in words[max(0, i - 5) : i - 1]):
            return self._add("age", spread(number.low, number.high, "year"), i, j, number=value)
        if number.low == number.high and 33 <= number.low <= 113 and self._before(i, 5, TEMPERATURE):
            scale = "F" if 93 <= number.low <= 113 else "C" if number.low <= 43 else ""
            if scale:
                return self._add("temperature", celsius(number, scale), i, j, number=value)
        if (lab := self._before(i, 5, LABS)) and not self._shared_out(lab, i, j):
            if lab in TENTHS and not number.digits and number.low < 15 and (tenths := self._tenths(j)):
                value = f"{value}.{tenths}"
                return self._add("lab", value, i, j + 1, of=CODES.get(lab, lab), number=value)
            return self._add("lab", value, i, j, of=CODES.get(lab, lab), number=value)
        if vital := self._before(i, 4, VITALS):
            return self._add("vital", value, i, j, of=VITALS[vital], number=value)
        return self._add("number", value, i, j, of=_noun(words, j), number=value)

    def _tenths(self, j: int) -> int:
        """Return the digit that token `j` says by itself, 0 where it says none or counts something."""
        second = number_at(self.words, j, self.t.starts, self.t.ends)
        if second is None or second.digits or second.low != second.high or second.behind != j + 1:
            return 0
        counts = self._word(j + 1) in TIME or self._word(j + 1) in UNITS
        return int(second.low) if 0 < second.low < 10 and not counts else 0

    def _shared_out(self, lab: str, i: int, j: int) -> bool:
        """Whether the analyte before a number has another one already, and this one its own behind it: "white count
        13.3, then 7.6 lymphocytes"."""
        behind = max(k for k in range(i) if self.words[k] == lab)
        taken = any(w[0].isdigit() or w in NUMBER_WORDS for w in self.words[max(0, behind - 1) : i])
        return taken and self._word(j).isalpha() and (self._word(j) in LABS or len(_noun(self.words, j)) > 4)

    def _code(self, i: int) -> int:
        """Read names with digits in them: b12, h1n1, cd4. They are facts of their own, not numbers."""
        word = self.words[i]
        if diabetes := DIABETES.fullmatch(word):
            value = diabetes[1] or diabetes[2]
            return self._add("number", value, i, i + 1, of="type", number=value)
        if not CODE.fullmatch(word) or word in LABS:
            return i + 1
        return self._add("number", CODES.get(word, word), i, i + 1)


def _noun(words: list[str], j: int) -> str:
    """Return the base form of what is counted: the first content word behind the number."""
    for word in words[j : j + 3]:
        if word in SKIP_NOUN:
            continue
        return stem(word) if word[0].isalpha() and len(word) > 2 else ""
    return ""

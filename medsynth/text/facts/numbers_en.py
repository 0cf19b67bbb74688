"""English numbers as said or written: digits, words, fractions, ranges."""

from __future__ import annotations

from dataclasses import dataclass

from medsynth.text.number_words_en import TENS, UNITS

_UNITS = {word: value for value, word in enumerate(UNITS)}
_TENS = {word: 10 * (index + 2) for index, word in enumerate(TENS)}
_TENS["fourty"] = 40
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "dozen": 12}
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3}
_DASHES = frozenset("-–—−~")
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
_COUNTED = frozenset(("times", "days", "weeks", "months", "years", "hours", "minutes", "tablets", "pills"))
NUMBER_WORDS = frozenset([*_UNITS, *_TENS, *_SCALES, "point"])


@dataclass(frozen=True, slots=True)
class Number:
    """A number or range and its tokens `first:behind`. `digits` tells 5 from five."""

    low: float
    high: float
    first: int
    behind: int
    digits: bool

    @property
    def value(self) -> str:
        """The canonical form: "5", "0.5", "5-10"."""
        return plain(self.low) if self.low == self.high else f"{plain(self.low)}-{plain(self.high)}"


def plain(value: float) -> str:
    """Return a number without a trailing .0 and without an exponent, to seven digits."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.7g}" if abs(value) >= 1e-4 else f"{value:.10f}".rstrip("0")


def number_at(words: list[str], i: int, starts: list[int], ends: list[int]) -> Number | None:
    """Return the number or range that begins at token `i`, or None."""
    first = _single(words, i, starts, ends)
    if first is None:
        return None
    value, j, digits = first
    between = j < len(words) and words[j] == "and" and i > 0 and words[i - 1] in ("between", "ages")
    if j + 2 < len(words) and words[j] == "," and words[j + 2] in _COUNTED:
        second = _single(words, j + 1, starts, ends)
        if second is not None and second[1] == j + 2 and 0 < second[0] - value <= 1:
            return Number(value, second[0], i, second[1], digits)  # "two, three times"
    if not digits and words[j + 1 : j + 2] and words[j + 1] in _COUNTED:
        second = _single(words, j, starts, ends)
        if second is not None and second[1] == j + 1 and second[0] == value + 1:
            return Number(value, value + 1, i, j + 1, digits)  # "four five times"
    if j + 1 < len(words) and (between or words[j] in _DASHES or words[j] in ("to", "or")):
        second = _single(words, j + 1, starts, ends)
        if second is not None and second[0] > value:
            joined = words[j] != "or" or second[0] - value <= max(2, 0.5 * value)
            # A dash between digits is a range only when nothing stands between them and no third part follows (dates).
            dashed = words[j] in _DASHES and second[1] + 1 < len(words) and words[second[1]] in _DASHES
            if joined and not (dashed and words[second[1] + 1][:1].isdigit()):
                return Number(value, second[0], i, second[1], digits)
    return Number(value, value, i, j, digits)


def _single(words: list[str], i: int, starts: list[int], ends: list[int]) -> tuple[float, int, bool] | None:
    if i >= len(words):
        return None
    word = words[i]
    head = word[0]
    if head.isdigit() or (head == "." and len(word) > 1):
        try:
            value = float(word.replace(",", ""))
        except ValueError:
            return None
        return (*_after_digits(words, i, value, starts, ends), True)
    if word in _FRACTIONS:
        return _FRACTIONS[word], i + 1, True
    if word in _SCALES and word != "dozen" and i > 1 and words[i - 1] == "per":
        return _SCALES[word], i + 1, False
    if word in _UNITS or word in _TENS:
        return (*_spelt(words, i), False)
    if word == "point" and i + 1 < len(words) and (words[i + 1] in _UNITS or words[i + 1] in _TENS):
        decimals, j = _decimals(words, i + 1)
        return float(f"0.{decimals}"), j, False
    if word in ("a", "an") and i + 1 < len(words) and words[i + 1] in _SCALES and words[i + 1] != "dozen":
        return (*_spelt(words, i), False)
    return None


def _after_digits(
    words: list[str], i: int, value: float, starts: list[int], ends: list[int]
) -> tuple[float, int]:
    count = len(words)
    j = i + 1
    if j < count and words[j] in _FRACTIONS and value == int(value):
        return value + _FRACTIONS[words[j]], j + 1
    if (
        j + 2 < count
        and words[j + 1] == "/"
        and words[j] in "123"
        and words[j + 2] in "2348"
        and starts[j] > ends[i]
    ):
        top, bottom = int(words[j]), int(words[j + 2])
        if top < bottom and value == int(value):
            return value + top / bottom, j + 3
    if (
        j + 3 < count
        and words[j] in _DASHES
        and words[j + 2] == "/"
        and starts[j + 3] - ends[i] == 3
        and word_is(words[j + 1], "123")
        and word_is(words[j + 3], "2348")
        and int(words[j + 1]) < int(words[j + 3])
        and value == int(value)
    ):
        return value + int(words[j + 1]) / int(words[j + 3]), j + 4  # "2-1/2"
    if j + 1 < count and words[j] == "/" and word_is(words[i], "123") and word_is(words[j + 1], "2348"):
        top, bottom = int(words[i]), int(words[j + 1])
        glued = starts[j] == ends[i] and starts[j + 1] == ends[j]
        if top < bottom and glued and not (j + 2 < count and words[j + 2] == "/"):
            return top / bottom, j + 2
    if j < count and words[j] in _SCALES and words[j] != "hundred":
        value, j = value * _SCALES[words[j]], j + 1
    elif j < count and words[j] == "k" and starts[j] == ends[i]:
        value, j = value * 1_000, j + 1
    return _half(words, value, j)


_READ_OUT = 4  # digits said one by one make one number


def word_is(word: str, digits: str) -> bool:
    """Whether a token is exactly one of the given digits."""
    return len(word) == 1 and word in digits


def _half(words: list[str], value: float, j: int) -> tuple[float, int]:
    if words[j : j + 3] == ["and", "a", "half"]:
        return value + 0.5, j + 3
    if words[j : j + 3] == ["and", "a", "quarter"]:
        return value + 0.25, j + 3
    if words[j : j + 2] == ["and", "half"]:
        return value + 0.5, j + 2
    return value, j


def _nought(words: list[str], i: int) -> bool:
    """Whether token `i` is the nought of "one oh two", said as a letter before another digit."""
    return words[i] in ("oh", "o") and i + 1 < len(words) and 0 < _UNITS.get(words[i + 1], 0) < 10


def _decimals(words: list[str], i: int) -> tuple[str, int]:
    """Read what follows a decimal point: "one two five" and "one twenty five" are both 125."""
    digits = ""
    while i < len(words) and (words[i] in _UNITS or words[i] in _TENS or _nought(words, i)):
        if _nought(words, i):
            digits, i = digits + "0", i + 1
            continue
        ten = _TENS.get(words[i])
        if ten is not None and i + 1 < len(words) and 0 < _UNITS.get(words[i + 1], 0) < 10:
            ten, i = ten + _UNITS[words[i + 1]], i + 1
        digits += str(_UNITS[words[i]] if ten is None else ten)
        i += 1
    return digits, i


def _spelt(words: list[str], i: int) -> tuple[float, int]:
    """Read number words. "one twenty" is 120 and "nineteen ninety" 1990, as vital signs and years are said."""
    total, current, j = 0.0, 0.0, i
    while j < len(words) and 0 <= _UNITS.get(words[j], 10) < 10:
        j += 1
    if j - i >= _READ_OUT and (j >= len(words) or words[j] not in NUMBER_WORDS):
        return float("".join(str(_UNITS[word]) for word in words[i:j])), j  # the number of a record
    j, used = i, 0
    if words[j] in ("a", "an"):
        current, j, used = 1, j + 1, 2
    while j < len(words):
        word = words[j]
        if used == 1 and not total and 0 < current < 100 and _nought(words, j):
            current, j, used = current * 100 + _UNITS[words[j + 1]], j + 2, used + 2
            continue
        if word in _UNITS:
            value = _UNITS[word]
            if (
                used == 0
                or (total and not current)  # "two thousand and two"
                or (current % 10 == 0 and value < 10 and current % 100 >= 20)
                or (current % 100 == 0 and current)
            ) and not (used > 1 and 0 < value < 10 and j + 1 < len(words) and words[j + 1] in _TENS):
                current += value
            elif used and 0 < value < 10 and j + 1 < len(words) and words[j + 1] in _TENS:
                break  # "one fifty one sixty" are two
            elif (10 <= current < 100 and value >= 10) or (current < 10 and value >= 10):
                current = current * 100 + value
            else:
                break
        elif word in _TENS:
            value = _TENS[word]
            if used == 0 or (total and not current) or (current % 100 == 0 and current):
                current += value
            elif current < 10 or 10 <= current < 100:
                current = current * 100 + value
            else:
                break
        elif word in _SCALES and used:
            scale = _SCALES[word]
            if scale <= 100:
                current = (current or 1) * scale
            else:
                total, current = total + (current or 1) * scale, 0.0
        elif (
            word == "and"
            and used
            and j + 1 < len(words)
            and words[j - 1] in _SCALES
            and words[j + 1] in NUMBER_WORDS
        ) or (
            word in _DASHES
            and used
            and words[j - 1] in _TENS
            and j + 1 < len(words)
            and 0 < _UNITS.get(words[j + 1], 0) < 10
        ):
            pass
        else:
            break
        used += 1
        j += 1
    amount = total + current
    if j + 1 < len(words) and words[j] == "point" and _decimals(words, j + 1)[0]:
        decimals, k = _decimals(words, j + 1)
        return float(f"{int(amount)}.{decimals}"), k
    if j < len(words):
        amount, j = _half(words, amount, j)
    return amount, j

"""Numbers as words: cardinals, decimals, ordinals, years and digit strings, in English and Mandarin."""

from __future__ import annotations

from functools import lru_cache

from medsynth.text.spoken_forms import listed

_ONES = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = listed("- - twenty thirty forty fifty sixty seventy eighty ninety")
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_HAN = "零一二三四五六七八九"
# Longer numbers are no quantities that somebody says: they are read digit by digit.
_LONGEST = 15


@lru_cache(maxsize=4096)
def cardinal_en(n: int) -> str:
    """Return a whole number from 0 to 10¹⁵−1 in American English: "one hundred twenty"."""
    if n < 20:
        return _ONES[n]
    if n < 100:
        return _TENS[n // 10] + (f"-{_ONES[n % 10]}" if n % 10 else "")
    if n < 1000:
        rest = f" {cardinal_en(n % 100)}" if n % 100 else ""
        return f"{_ONES[n // 100]} hundred{rest}"
    for base, name in _SCALES:
        if n >= base:
            rest = f" {cardinal_en(n % base)}" if n % base else ""
            return f"{cardinal_en(n // base)} {name}{rest}"
    raise AssertionError(n)


def ordinal_en(n: int) -> str:
    """Return "first", "twenty-second", "one hundredth"."""
    words = cardinal_en(n)
    for mark in "- ":
        head, found, last = words.rpartition(mark)
        if found and mark in words and " " not in last:
            return head + found + _ordinal(last)
    return _ordinal(words)


def _ordinal(word: str) -> str:
    return _ORDINALS.get(word) or (word[:-1] + "ieth" if word.endswith("y") else word + "th")


def plural_en(words: str) -> str:
    """Return the last number word in the plural: "nineteen nineties", "one hundreds", "sixes"."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def digits_en(digits: str) -> str:
    """Return every digit by its name."""
    return " ".join(_ONES[int(d)] for d in digits)


def pairs_en(digits: str) -> str:
    """Return 3 or 4 digits as in names and years: "one twenty-five", "nineteen oh five", "six hundred"."""
    head, tail = digits[:-2], digits[-2:]
    if digits[0] == "0" or not head:
        return digits_en(digits) if digits[0] == "0" else cardinal_en(int(digits))
    if tail == "00":
        return cardinal_en(int(digits)) if int(digits) % 1000 == 0 else f"{cardinal_en(int(head))} hundred"
    if int(tail) < 10:
        return f"{cardinal_en(int(head))} oh {_ONES[int(tail)]}"
    return f"{cardinal_en(int(head))} {cardinal_en(int(tail))}"


def year_en(year: int) -> str:
    """Return a year: "nineteen ninety-eight", "two thousand five", "twenty twelve"."""
    if 2000 <= year < 2010:
        return cardinal_en(year)
    return pairs_en(str(year))


def number_en(written: str) -> str:
    """Return a number as written ("1,200", "0.05", ".5", "1.2.3", "007") in words."""
    whole, *parts = written.replace(",", "").split(".")
    if not whole:
        words = ""
    elif (len(whole) > 1 and whole[0] == "0") or len(whole) > _LONGEST:
        words = digits_en(whole)
    else:
        words = cardinal_en(int(whole))
    for part in parts:
        words += f" point {digits_en(part)}"
    return words.strip()


def digits_zh(digits: str, yao: bool = False) -> str:
    """Return every digit by its name; `yao`: 1 as 幺, as in telephone numbers."""
    return "".join("幺" if yao and d == "1" else _HAN[int(d)] for d in digits)


@lru_cache(maxsize=4096)
def cardinal_zh(n: int) -> str:
    """Return a whole number from 0 to 10¹⁵−1 in Mandarin: 两 before 千, 万 and 亿, else 二."""
    if n == 0:
        return "零"
    words = _with_parts(n)
    return words[1:] if words.startswith("一十") else words


def _with_parts(n: int) -> str:
    for base, name in ((10**8, "亿"), (10**4, "万")):
        if n >= base:
            high, low = divmod(n, base)
            zero = "零" if low and low < base // 10 else ""
            return (
                ("两" if high == 2 else _with_parts(high)) + name + zero + (_with_parts(low) if low else "")
            )
    return _below_myriad(n)


def _below_myriad(n: int) -> str:
    text, gap = "", False
    for base, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, n = divmod(n, base)
        if digit:
            text += "零" if gap and text else ""
            text += ("两" if digit == 2 and base == 1000 else _HAN[digit]) + name
            gap = False
        else:
            gap = True
        if n == 0:
            break
    return text


def number_zh(written: str, two: str = "二") -> str:
    """Return a number as written in Mandarin; `two` is how 2 alone is said (两 before a measure word)."""
    whole, *parts = written.replace(",", "").split(".")
    if not whole:
        words = "零" if parts else ""
    elif (len(whole) > 1 and whole[0] == "0") or len(whole) > _LONGEST:
        words = digits_zh(whole)
    elif whole == "2" and not parts:
        words = two
    else:
        words = cardinal_zh(int(whole))
    for part in parts:
        words += "点" + digits_zh(part)
    return words

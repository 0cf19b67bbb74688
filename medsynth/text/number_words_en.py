"""The English words for the numbers up to ninety, as every reader of numbers needs them."""

from __future__ import annotations

# The word at `i` is worth `i`.
UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
# The word at `i` is worth ten times `i + 2`.
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

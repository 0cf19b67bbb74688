"""English: where a token may begin, and which rules read it."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import english_numbers
from medsynth.text.spoken_forms.english_signs import read_sign
from medsynth.text.spoken_forms.english_words import read_word
from medsynth.text.spoken_forms.scan import Rule

TRIGGER = re.compile(
    r"[A-Za-z]+|\d|(?<![A-Za-z)])\.(?=\d)|(?<![A-Za-z\d])['’](?=\d0s|\d\d(?![\d\w]))|(?<=\d)['’](?= ?[eUurf-])"
    r"|-(?=\d|\W|\Z|ve\b|[A-Zα-ω])|\((?= ?[-+] ?\))|[^\sA-Za-z\d,.;:!?'\"()’‘“”–—…-]"
)
_WORDS: tuple[Rule, ...] = (read_word,)
_NUMBERS: tuple[Rule, ...] = (english_numbers.read,)
_MARKS: tuple[Rule, ...] = (read_sign,)


def rules(token: str) -> tuple[Rule, ...]:
    """Return the rules for what `TRIGGER` matched."""
    if token[0].isascii() and token[0].isalpha():
        return _WORDS
    return _NUMBERS if token[0].isdecimal() or token[0] == "." else _MARKS

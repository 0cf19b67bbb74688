"""Mandarin: where a token may begin, and which rules read it."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import chinese_numbers
from medsynth.text.spoken_forms.chinese_findings import read_bracketed
from medsynth.text.spoken_forms.chinese_signs import read_sign
from medsynth.text.spoken_forms.chinese_words import read_word
from medsynth.text.spoken_forms.scan import Rule

TRIGGER = re.compile(
    r"[A-Za-z]+|\d|\A[-–—](?!\d)|(?<![A-Za-z)）一-鿿])\.(?=\d)|[-–—](?=\d|\W|\Z)|(?<=[A-Za-zα-ω\d])-"
    r"|[一二三四五六七八九十百两天日周月年岁][-–~—](?=[一二三四五六七八九十百两周])"
    r"|[（(](?= ?(?:[-+±—/]{1,4}|[1-4]\+|\+[1-4]) ?[)）])"
    r"|[^\sA-Za-z\d,.;:!?'\"()’‘“”–—…。，、；：！？（）《》·㐀-䶿一-鿿-]"
)
_WORDS: tuple[Rule, ...] = (read_word,)
_NUMBERS: tuple[Rule, ...] = (chinese_numbers.read,)
_MARKS: tuple[Rule, ...] = (read_sign,)
_BRACKETS: tuple[Rule, ...] = (read_bracketed,)


def rules(token: str) -> tuple[Rule, ...]:
    """Return the rules for what `TRIGGER` matched."""
    if token[0].isascii() and token[0].isalpha():
        return _WORDS
    if token[0] in "(（":
        return _BRACKETS
    return _NUMBERS if token[0].isdecimal() or token[0] == "." else _MARKS

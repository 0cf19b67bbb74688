"""One walk over a text: every token that needs a reading is given one, the rest is copied.

No rule sees what another rule wrote, and every reading knows the stretch of text that it reads. That is
what aligns the spoken form to the written one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple


class Hit(NamedTuple):
    """A reading: the written token ends before `end` and is said as `words` ("" for nothing)."""

    end: int
    words: str


class Piece(NamedTuple):
    """`text[start:end]` is said as `spoken`; `copied` where it is said as it stands."""

    start: int
    end: int
    spoken: str
    copied: bool


class Aligned(NamedTuple):
    """A stretch of the written text and the stretch of the spoken text that says it, both half open.

    Either may be empty on the spoken side (a symbol that is not said), never on the written side.
    """

    written: tuple[int, int]
    spoken: tuple[int, int]


# A rule reads the token that begins at an offset, or says None.
Rule = Callable[[str, int], Hit | None]

REFERENCE = re.compile(r"\[\d{1,5}(?:[,，-] ?\d{1,5}){0,9}\]")
PUNCTUATION = frozenset(" .,;:!?'\"-()’‘“”–—…。，、；：！？（）《》·")
_COPIED = re.compile(r"[A-Za-z .,;:!?'\"()’‘“”–—…。，、；：！？（）《》·㐀-䶿一-鿿-]*+")
_HAN = "㐀-䶿一-鿿、。，；：！？（）《》"
_IS_HAN = re.compile(f"[{_HAN}]")
_NO_BLANK_BEFORE = frozenset(",;:!?.)。，、；：！？）》”")
_NO_BLANK_AFTER = frozenset("(（《“")
_DIGITS = frozenset("0123456789.")
_NUMERALS = frozenset("零一二三四五六七八九十百千万亿点两幺")
_OPENED = re.compile(r"[.!?][\"”)]? ?\Z")


def scan(text: str, trigger: re.Pattern[str], rules: Callable[[str], tuple[Rule, ...]]) -> list[Piece]:
    """Return `text` in pieces, in order and without gaps.

    `trigger` finds where a token may begin; `rules` gives, for what it matched, the rules to try, in order.
    """
    pieces: list[Piece] = []
    position = copied = 0
    while match := trigger.search(text, position):
        start = match.start()
        position = match.end()
        for rule in rules(match[0]):
            hit = rule(text, start)
            if hit is not None:
                if copied < start:
                    pieces.append(Piece(copied, start, text[copied:start], True))
                pieces.append(Piece(start, hit.end, hit.words, False))
                position = copied = hit.end
                break
    if copied < len(text):
        pieces.append(Piece(copied, len(text), text[copied:], True))
    return pieces


def join(pieces: list[Piece], text: str, zh: bool) -> tuple[str, list[Aligned]]:
    """Return the spoken text of the `pieces` of `text` and their alignment, blanks set as the language sets them."""
    out = ""
    spans: list[Aligned] = []
    blank = False  # a blank is due before what comes next
    for piece in pieces:
        said = _readable(piece.spoken, zh)
        words = said.strip(" ")
        if not words:
            spans.append(Aligned((piece.start, piece.end), (len(out), len(out))))
            blank = blank or bool(said) or not zh
            continue
        if (
            not piece.copied
            and not zh
            and text[piece.start] in _DIGITS
            and (not out or _OPENED.search(out[-4:]))
        ):
            words = words[0].upper() + words[1:]
        if zh and blank and _two_numbers(out, words, piece.copied):
            words = "，" + words
        if out and (blank or said[0] == " " or _apart(out[-1], words[0])) and _blank_between(out, words, zh):
            out += " "
        spans.append(Aligned((piece.start, piece.end), (len(out), len(out) + len(words))))
        out += words
        blank = said[-1] == " "
    return out, spans


def _two_numbers(out: str, words: str, copied: bool) -> bool:
    """Whether two Chinese numbers with only a blank between them would be heard as one."""
    return not copied and bool(out) and out[-1] in _NUMERALS and words[0] in _NUMERALS


def _apart(last: str, first: str) -> bool:
    """Whether two characters of neighbouring pieces would run into one word or mark without a blank."""
    return (_latin(first) and (_latin(last) or last in ",;:.!?)")) or (_latin(last) and first in "(“‘")


def _latin(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM" and not _IS_HAN.match(char)


def _blank_between(out: str, words: str, zh: bool) -> bool:
    if words[0] in _NO_BLANK_BEFORE or out[-1] in _NO_BLANK_AFTER:
        return False
    return not (zh and (_IS_HAN.match(out[-1]) or _IS_HAN.match(words[0])))


_SQUARE = str.maketrans("[]", "()")
_BLANKS = re.compile(r" {2,}")
_MISPLACED = re.compile(r" +([,;:!?])(?=[A-Za-z])")
_BEFORE_MARK = re.compile(r" +(?=[,;:!?.。，、；：！？）》])")
_BESIDE_HAN = re.compile(rf"(?<=[{_HAN}]) +(?=\S)|(?<=\S) +(?=[{_HAN}])")


def _readable(text: str, zh: bool) -> str:
    """Return `text` with a blank in place of everything that is neither a letter nor punctuation."""
    if not _COPIED.fullmatch(text):
        text = text.translate(_SQUARE)
        text = "".join(c if c in PUNCTUATION or unicodedata.category(c)[0] in "LM" else " " for c in text)
    if "  " in text:
        text = _BLANKS.sub(" ", text)
    if " " in text:
        text = _MISPLACED.sub(r"\1 ", text)
        text = _BEFORE_MARK.sub("", text)
        if zh:
            text = _BESIDE_HAN.sub("", text)
    return text

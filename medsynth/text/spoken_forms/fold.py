"""Variant characters made one before any rule looks at them, with the way back to the text as it was given."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from medsynth.text.spoken_forms import listed

_VARIANTS = {
    "㎎": "mg", "㎏": "kg", "㎜": "mm", "㎝": "cm", "㎞": "km", "㏄": "cc", "㎖": "ml", "㎗": "dl", "ℓ": "L",
    "㎍": "μg", "㎕": "μl", "㎡": "m²", "㎥": "m³", "㎠": "cm²", "㎣": "mm³", "㎛": "μm", "㎐": "Hz",
    "㏒": "log",
    "℃": "°C", "℉": "°F", "µ": "μ", "º": "°", "˚": "°", "％": "%", "﹪": "%", "～": "~", "∼": "~", "〜": "~",
    "˜": "~", "−": "-", "‐": "-", "‑": "-", "‒": "-", "―": "—", "─": "—", "﹣": "-", "⁄": "/", "∕": "/",
    "∶": ":", "✕": "×", "✖": "×", "⨯": "×", "＜": "<", "＞": ">", "﹤": "<", "﹥": ">", "≧": "≥", "≦": "≤",
    "⩾": "≥", "⩽": "≤", "¥": "￥", "﹢": "+", "⁺": "+", "⁻": "-", "{": "(", "}": ")",
    "【": "（", "】": "）", "〔": "（", "〕": "）", "「": "“", "」": "”", "『": "“", "』": "”", "〈": "<",
    "〉": ">", "`": "'", "´": "'", "′": "'", "″": '"', "＂": '"', "〇": "○", "﹐": "，", "﹑": "、", "﹒": ".",
    "﹔": "；", "﹕": "：", "﹖": "？", "﹗": "！", "ˉ": "-", "⒈": "1.", "∙": "·", "‧": "·", "・": "·",
    "×": "×",
    "∧": "^", "＾": "^", "ˆ": "^", "𝛼": "α", "𝛽": "β", "∅": "Ø", "︒": "°",
}  # fmt: skip
# Romans as one character; the reading of a number needs them as letters.
_ROMANS = {chr(0x2160 + i): r for i, r in enumerate(listed("I II III IV V VI VII VIII IX X XI XII"))}
_ROMANS |= {chr(0x2170 + i): r for i, r in enumerate(listed("I II III IV V VI VII VIII IX X XI XII"))}
_HALVES = {
    "½": "1/2",
    "⅓": "1/3",
    "⅔": "2/3",
    "¼": "1/4",
    "¾": "3/4",
    "⅕": "1/5",
    "⅛": "1/8",
    "⅜": "3/8",
    "⅝": "5/8",
}
_KEPT_WIDE = frozenset("，！？：；（）")
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
# Nothing that any rule below would change: the usual case, told in one look.
_PLAIN = re.compile(r"[ !-Z\^_a-z|~°±²³·×÷α-ωΑ-Ω‘’“”–—…≈≤≥、。《》㐀-䶿一-鿿，！？：；（）]*+")


@lru_cache(maxsize=4096)
def _folded(char: str) -> str:
    """Return what one character becomes: nothing for the invisible, blanks for controls and white space."""
    if char in _VARIANTS:
        return _VARIANTS[char]
    if char in _ROMANS or char in _HALVES:
        return f" {_ROMANS.get(char) or _HALVES.get(char)} " if char in _HALVES else _ROMANS[char]
    if char == "\u3000":
        return " "
    code = ord(char)
    if 0xFF01 <= code <= 0xFF5E and char not in _KEPT_WIDE:
        return _VARIANTS.get(chr(code - 0xFEE0), chr(code - 0xFEE0))
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    if category in ("Cc", "Zs", "Zl", "Zp", "Cs", "Co", "Cn"):
        return " "
    if category == "Nd" and not char.isascii():
        return str(unicodedata.decimal(char))
    if category == "No" and char not in _SUPERSCRIPTS:
        try:
            return f" {unicodedata.digit(char)} "
        except ValueError:
            value = unicodedata.numeric(char)
            return f" {int(value)} " if value == int(value) and value < 1e6 else " "
    if category == "Nl":
        return " "
    return char


def fold(text: str) -> tuple[str, list[int] | None]:
    """Return `text` with one form for every character, and where each came from.

    The second is None where every character kept its place, else the offset in `text` for each
    character of the result.
    """
    if _PLAIN.fullmatch(text):
        return text, None
    composed = unicodedata.normalize("NFC", text)
    if composed == text:
        pieces = [(char, i) for i, char in enumerate(text)]
    else:
        # A base and its marks compose together: they share the offset of the base.
        pieces, start = [], 0
        for i in range(1, len(text) + 1):
            if i == len(text) or not unicodedata.combining(text[i]):
                pieces += [(char, start) for char in unicodedata.normalize("NFC", text[start:i])]
                start = i
    out: list[str] = []
    places: list[int] = []
    for char, place in pieces:
        for made in _folded(char):
            out.append(made)
            places.append(place)
    return "".join(out), places

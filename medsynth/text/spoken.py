"""Written to spoken form: what a voice engine would skip or misread, as words.

Rules look at whole tokens with their neighbours (a unit only after a number, a range only between two
numbers), never at characters alone. Numbers stay digits: the engines read those. Nothing is said that
the text does not say; a symbol with no reading is dropped. Every pattern runs in linear time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from medsynth.text.spoken_units import DOSING, FRACTIONS, GREEK, MARKS, PER, SYMBOLS, UNITS, Unit

PUNCTUATION = frozenset(" .,;:!?'\"-()’‘“”–—…。，、；：！？（）《》·")

_WIDTH = {
    0xFF01 + i: 0x21 + i for i in range(94) if chr(0x21 + i).isalnum() or chr(0x21 + i) in "%+-/<=>~*#&@^"
}
_FOLD = _WIDTH | {
    ord(a): b
    for a, b in {
        "㎎": "mg", "㎏": "kg", "㎜": "mm", "㎝": "cm", "㏄": "cc", "㎖": "ml", "℃": "°C", "℉": "°F", "µ": "μ",
        "％": "%", "～": "~", "∼": "~", "〜": "~", "−": "-", "‐": "-", "‑": "-", "⁄": "/", "∕": "/", "∶": ":",
        "✕": "×", "✖": "×", "＜": "<", "＞": ">", "≧": "≥", "≦": "≤", "º": "°", "˚": "°", "¥": "￥",
        "[": "(", "]": ")", "【": "（", "】": "）", "「": "“", "」": "”", "『": "“", "』": "”",
        "\u200b": "", "\u200d": "", "\ufeff": "", "\u00ad": "", "\u2060": "",
    }.items()
}  # fmt: skip

_NUM = r"(?<![\d.,])\d++(?:[.,]\d++)*+"
_DASH = r" ?(?:[-–—~]|——) ?"


def _alternatives(words: dict[str, Unit]) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))


_UNIT = {
    lang: re.compile(
        rf"(?P<n>{_NUM}) ?(?P<u>{_alternatives(table)})(?P<sq>[²³])?"
        rf"(?: ?/ ?(?P<p>{'|'.join(sorted(map(re.escape, PER[lang]), key=len, reverse=True))}))?(?![A-Za-z0-9²³])"
    )
    for lang, table in UNITS.items()
}
_PER = {
    lang: re.compile(
        rf"(?<=[^\W_]) ?/ ?(?P<p>{'|'.join(sorted(map(re.escape, table), key=len, reverse=True))})(?![A-Za-z0-9])"
    )
    for lang, table in PER.items()
}
_PERCENT_RANGE_ZH = re.compile(rf"(?P<n>{_NUM}) ?%{_DASH}(?=\d)")
_PERCENT_ZH = re.compile(rf"(?P<n>{_NUM})(?:{_DASH}(?P<m>\d++(?:\.\d++)?))? ?%")
_POWER = re.compile(r"(?<=\d) ?[×xX*] ?10 ?(?:\^ ?)?(?P<e>[2-9]|1[0-2]|[²³⁴⁵⁶⁷⁸⁹]|¹²)(?=$|[^\d.])")
_SUPERSCRIPTS = str.maketrans("¹²³⁴⁵⁶⁷⁸⁹", "123456789")
_RANGE = re.compile(
    rf"(?P<a>(?<![\w.,/–—~-])\d++(?:[.,]\d++)*+)(?P<u> ?(?:%|°[CF]?|[A-Za-zμ]{{1,4}}))?{_DASH}"
    r"(?P<b>\d++(?:[.,]\d++)*+)(?![-–—~/]?\d)"
)
_OVER = re.compile(r"(?<![A-Za-z0-9_./-])(?P<a>\d{1,3}) ?/ ?(?P<b>\d{1,3})(?![\d/]|\.\d)")
_SLASHES = re.compile(r"(?<=\w) ?/ ?(?=\w)")
_DOTTED_EN = re.compile(
    r"(?<![\w.])(?:e\.g\.|i\.e\.|etc\.|w/o(?!\w)|w/(?=\s)|vs\.?(?=\s)|y/o(?!\w))", re.IGNORECASE
)
_DOTTED_WORDS = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "w/o": "without",
    "w/": "with",
}
_Q_HOURS = re.compile(r"(?<![A-Za-z0-9])[qQ](?P<n>[1-9]\d?)[hH](?![A-Za-z0-9])")
_DOSING = re.compile(
    r"(?<![A-Za-z0-9.])(?P<w>b\.?i\.?d|t\.?i\.?d|q\.?i\.?d|q\.?d|q\.?h\.?s|q\.?n|p\.?r\.?n|p\.?o)(?P<dot>\.?)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_AFTER_DOSE = re.compile(
    r"(?:\d|\b(?:mg|g|mcg|ml|units?|tablets?|tabs?|capsules?|pills?|drops?|doses?|po|p\.o\.|by mouth)"
    r"|[毫微]?[克升]|[片粒支滴袋次]) ?$",
    re.IGNORECASE,
)


def spoken_form(text: str, lang: str) -> str:
    """Return `text` as it should be said aloud in `lang` ("zh…" Mandarin, anything else English).

    The result holds letters, marks, digits and `PUNCTUATION` only; text that holds nothing else
    and none of the abbreviations comes back unchanged.
    """
    zh = lang.split("-")[0] == "zh"
    key = "zh" if zh else "en"
    text = unicodedata.normalize("NFC", text).translate(_FOLD)
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Zs", "Zl", "Zp") else c for c in text)
    if not zh:
        text = _DOTTED_EN.sub(_dotted, text)
    text = _Q_HOURS.sub(lambda m: f"每{m['n']}小时一次" if zh else f"every {m['n']} hours", text)
    text = _DOSING.sub(lambda m: _dosing(m, key), text)
    text = _POWER.sub(_power_zh if zh else _power_en, text)
    text = _OVER.sub(lambda m: _over(m, zh), text)
    if zh:
        text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
        text = _PERCENT_RANGE_ZH.sub(lambda m: f"百分之{m['n']}至", text)
        text = _PERCENT_ZH.sub(lambda m: f"百分之{m['n']}" + (f"至{m['m']}" if m["m"] else ""), text)
    text = _RANGE.sub(lambda m: m["a"] + (m["u"] or "") + ("至" if zh else " to ") + m["b"], text)
    text = _UNIT[key].sub(_unit_zh if zh else _unit_en, text)
    text = _PER[key].sub(lambda m: PER[key][m["p"]] if zh else f" {PER[key][m['p']]}", text)
    for pattern, reading in SYMBOLS[key]:
        text = pattern.sub(reading, text)
    text = _SLASHES.sub("、" if zh else " ", text)
    text = "".join(_readable(c, key) for c in text)
    return _tidy(text)


def _dotted(match: re.Match[str]) -> str:
    word = match[0].lower()
    return _DOTTED_WORDS.get(word) or ("versus" if word.startswith("vs") else "year old")


def _dosing(match: re.Match[str], lang: str) -> str:
    word = match["w"]
    plain = word.replace(".", "").lower()
    reading = DOSING[lang].get(plain)
    ambiguous = plain in ("bid", "po", "qn") and "." not in word and not (word.isupper() and plain == "bid")
    if reading is None or (
        ambiguous and not _AFTER_DOSE.search(match.string, max(0, match.start() - 16), match.start())
    ):
        return match[0]
    return reading + (match["dot"] if "." not in word else "")


def _power_en(match: re.Match[str]) -> str:
    return f" times 10 to the power of {match['e'].translate(_SUPERSCRIPTS)} "


def _power_zh(match: re.Match[str]) -> str:
    return f"乘以10的{match['e'].translate(_SUPERSCRIPTS)}次方"


def _over(match: re.Match[str], zh: bool) -> str:
    """A blood pressure, a score out of ten, or a fraction."""
    a, b = int(match["a"]), int(match["b"])
    if 60 <= a <= 280 and 30 <= b <= 180 and b < a:
        return f"{a}、{b}" if zh else f"{a} over {b}"
    if (a, b) == (24, 7):
        return f"{a}、{b}" if zh else f"{a} {b}"
    if (a, b) in FRACTIONS:
        return f"{b}分之{a}" if zh else FRACTIONS[a, b]
    if zh:
        return f"{b}分之{a}" if 0 < a < b else f"{a}、{b}"
    return f"{a} out of {b}" if b in (5, 10, 100) and a <= b else f"{a} over {b}"


def _unit_en(match: re.Match[str]) -> str:
    unit = UNITS["en"][match["u"]]
    name = unit.one if match["n"] == "1" else unit.many
    square = {"²": "square ", "³": "cubic "}.get(match["sq"] or "", "")
    per = f" {PER['en'][match['p']]}" if match["p"] else ""
    return f"{match['n']} {square}{name}{per}"


def _unit_zh(match: re.Match[str]) -> str:
    square = {"²": "平方", "³": "立方"}.get(match["sq"] or "", "")
    return f"{match['n']}{square}{UNITS['zh'][match['u']].many}{PER['zh'][match['p']] if match['p'] else ''}"


def _readable(char: str, lang: str) -> str:
    if char in PUNCTUATION or (char.isascii() and char.isalnum()):
        return char
    if char in GREEK:
        return f" {GREEK[char][lang]} "
    if char in MARKS:
        return MARKS[char][lang]
    category = unicodedata.category(char)
    return char if category[0] == "L" or category in ("Mn", "Mc", "Nd") else " "


_spaces: Callable[[str, str], str] = re.compile(r" {2,}").sub
_before: Callable[[str, str], str] = re.compile(r" (?=[,;!?。，、；：！？]|\.(?!\d))").sub
_BESIDE_HAN = re.compile(r"(?<=[㐀-鿿、。，；：！？]) (?=[\d㐀-鿿])|(?<=[\d]) (?=[㐀-鿿])")


def _tidy(text: str) -> str:
    """Take out the blanks that dropped symbols leave behind."""
    return _BESIDE_HAN.sub("", _before("", _spaces(" ", text))).strip()

"""What was heard against what was to be said: overall, at both ends, and where a wrong word does harm.

Both sides are brought to the spoken form first, so that "10 mg" and "ten milligrams" are the same words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from medsynth.text.facts.extract import facts
from medsynth.text.spoken import spoken_form

_TOKENS_EN = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_TOKENS_ZH = re.compile(r"[a-z]|[0-9]|[㐀-䶿一-鿿豈-﫿]")
_NUMBERS_EN = re.compile(
    r"\d+|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|million|half|once|twice|point"
)
_NUMBERS_ZH = re.compile(r"[零〇一二两三四五六七八九十百千万亿半点]")
_NEGATIONS_EN = frozenset(
    {"no", "not", "never", "none", "nothing", "without", "neither", "nor", "cannot", "denies", "denied"}
)
_NEGATIONS_ZH = frozenset("不没無无未非勿")
_HARMFUL = frozenset({"drug", "dose", "allergy"})
_EDGE = {"en": 3, "zh": 4}
_SAME_WORD = 0.8  # likeness of spellings: recognisers spell drugs as they hear them


class Heard(NamedTuple):
    """Shares of tokens wrong (`error` counts insertions too and may exceed 1), and critical tokens unheard."""

    error: float
    first_error: float
    last_error: float
    critical: int
    critical_missing: tuple[str, ...]


def compare(text: str, heard: str, lang: str) -> Heard:
    """Compare what a recogniser heard with the text that was to be said.

    `error` is the edit distance over the tokens of the text: words in English, characters in Chinese.
    Critical tokens are numbers, negations, and the words of drugs, doses and allergies.
    """
    code = lang.split("-")[0]
    wanted, spans = tokens(text, code)
    found, _ = tokens(spoken_form(heard, code), code)
    distance, matched = _align(wanted, found, code)
    edge = min(_EDGE.get(code, 3), len(wanted))
    harmful = [(f.start, f.end) for f in facts(text, code) if f.kind in _HARMFUL]
    critical = [
        n
        for n, (word, (start, end)) in enumerate(zip(wanted, spans, strict=True))
        if _is_critical(word, code) or any(a < end and start < b for a, b in harmful)
    ]
    return Heard(
        distance / max(1, len(wanted)),
        1 - sum(matched[:edge]) / max(1, edge),
        1 - sum(matched[len(matched) - edge :]) / max(1, edge),
        len(critical),
        tuple(wanted[n] for n in critical if not matched[n]),
    )


def tokens(text: str, code: str) -> tuple[list[str], list[tuple[int, int]]]:
    """Return the words (en) or characters (zh) of a spoken text in small letters, and where they stand."""
    pattern = _TOKENS_ZH if code == "zh" else _TOKENS_EN
    small = "".join(c.lower() if len(c.lower()) == 1 else c for c in text.replace("’", "'"))
    found = list(pattern.finditer(small))
    return [m[0] for m in found], [m.span() for m in found]


def _is_critical(word: str, code: str) -> bool:
    if code == "zh":
        return word in _NEGATIONS_ZH or bool(_NUMBERS_ZH.fullmatch(word))
    return word in _NEGATIONS_EN or word.endswith("n't") or bool(_NUMBERS_EN.fullmatch(word))


def _align(wanted: Sequence[str], found: Sequence[str], code: str) -> tuple[int, list[bool]]:
    """Return the edit distance, and which wanted tokens were found on the best path (V. Levenshtein, 1966)."""
    rows = [list(range(len(found) + 1))]
    for i, word in enumerate(wanted, start=1):
        above, row = rows[-1], [i]
        for j, other in enumerate(found, start=1):
            off = 0 if word == other or (code != "zh" and _alike(word, other)) else 1
            row.append(min(above[j - 1] + off, above[j] + 1, row[-1] + 1))
        rows.append(row)
    matched = [False] * len(wanted)
    i, j = len(wanted), len(found)
    while i and j:
        same = wanted[i - 1] == found[j - 1] or (code != "zh" and _alike(wanted[i - 1], found[j - 1]))
        if rows[i][j] == rows[i - 1][j - 1] + (0 if same else 1):
            matched[i - 1] = same
            i, j = i - 1, j - 1
        elif rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return rows[-1][-1], matched


def _alike(a: str, b: str) -> bool:
    # A numeral, a negation or a short word is right or wrong; only long names may be spelt by ear.
    if min(len(a), len(b)) < 7 or a[0] != b[0] or _is_critical(a, "en") or _is_critical(b, "en"):
        return False
    return SequenceMatcher(None, a, b, autojunk=False).ratio() >= _SAME_WORD

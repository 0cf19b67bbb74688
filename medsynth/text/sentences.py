"""Sentence and clause boundaries in English and Chinese, as offsets. Pure, linear in the text's length.

The rules are those of any rule-based splitter (terminal marks, a list of abbreviations, decimals, list
marks); nothing is normalised, so that offsets always index the text as given.
"""

from __future__ import annotations

import re
from functools import lru_cache

_HARD = "。！？!?\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_CLOSERS = "”’」』\"')）]】》"
_BRACKETS = re.compile(r"[()（）\n\r]")
# All that a sentence may end at, or a bracket.
_ENDS = re.compile(r"[.．。、！？!?；;~～…)）\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_OPENERS = {"(": ")", "（": "）"}
_PAIR_LIMIT = 400
# Never the end of a sentence.
_ABBREVIATIONS = frozenset(
    [
        "dr",
        "mr",
        "mrs",
        "ms",
        "prof",
        "st",
        "vs",
        "e.g",
        "i.e",
        "eg",
        "ie",
        "approx",
        "fig",
        "figs",
        "cf",
        "ca",
        "al",
        "dept",
        "est",
        "incl",
        "inc",
        "ltd",
        "jr",
        "sr",
        "temp",
        "wt",
        "ht",
        "tab",
        "tabs",
        "cap",
        "caps",
        "inj",
    ]
)
# The end of a sentence only when a capital follows.
_SOFT_ABBREVIATIONS = frozenset(
    [
        "a.m",
        "p.m",
        "am",
        "pm",
        "etc",
        "u.s",
        "u.k",
        "b.i.d",
        "t.i.d",
        "b.p",
        "min",
        "max",
        "hr",
        "hrs",
        "sec",
        "no",
    ]
)
_INITIALS = re.compile(r"(?:[A-Z]\.)+[A-Z]")
_LIST_MARK = re.compile(r"(?:\d{1,2}|[a-zA-Z]|[ivxIVX]{1,4})\Z")
_LINE_MARK = re.compile(r"[\s\-–—•·*●○▪◦,，;；:：、.。]*")
_NUMBER_WORD = re.compile(
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred)\b"
)
_LATIN_WORD = re.compile(r"[A-Za-z]")


def is_han(char: str) -> bool:
    """Return whether `char` is a Han character."""
    return "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf"


def bracket_pairs(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Return the outermost pairs of round brackets in `text[start:end]` as (open, close) offsets.

    A pair does not cross a line break and is at most 400 characters long.
    """
    end = len(text) if end is None else end
    pairs: list[tuple[int, int]] = []
    stack: list[int] = []
    if text.find("(", start, end) < 0 and text.find("（", start, end) < 0:
        return pairs
    for match in _BRACKETS.finditer(text, start, end):
        i, char = match.start(), match[0]
        if char in "\n\r":
            stack.clear()
        elif char in _OPENERS:
            stack.append(i)
        elif char in ")）" and stack:
            opened = stack.pop()
            if i - opened <= _PAIR_LIMIT:
                while pairs and pairs[-1][0] > opened:
                    pairs.pop()
                pairs.append((opened, i))
    return pairs


def _inside(text: str) -> bytearray:
    mask = bytearray(len(text) + 1)
    for opened, closed in bracket_pairs(text):
        mask[opened : closed + 1] = b"\x01" * (closed + 1 - opened)
    return mask


def _word_before(text: str, i: int) -> tuple[int, str]:
    """Return the run of letters, digits and inner points that ends at `i` (exclusive), and its start."""
    j = i
    while j > 0 and i - j < 12 and text[j - 1].isascii() and (text[j - 1].isalnum() or text[j - 1] == "."):
        j -= 1
    return j, text[j:i]


def _at_line_start(text: str, i: int, floor: int) -> bool:
    return _LINE_MARK.fullmatch(text[max(floor, i - 40) : i]) is not None


def _stop_ends(text: str, i: int, floor: int, lang: str) -> bool:
    """Return whether the full stop at `i` ends a sentence that began at `floor`."""
    if i > floor and text[i - 1].isdigit() and text[i + 1 : i + 4].lstrip(" ")[:1].isdigit():
        return False  # a decimal, perhaps with a stray blank
    begin, word = _word_before(text, i)
    if _LIST_MARK.match(word) and _at_line_start(text, begin, floor):
        return False
    following = text[i + 1 : i + 60].lstrip()
    touching = i + 1 < len(text) and not text[i + 1].isspace()
    lower = word.lower()
    if lang == "en" and _NUMBER_WORD.match(following):
        spoken = text[max(floor, i - 12) : i].split()
        if spoken and _NUMBER_WORD.fullmatch(spoken[-1]):
            return False  # "two. five milligrams": a decimal, transcribed
    if touching and text[i + 1] in ".。":
        return False  # the last of a run decides
    latin = (
        touching
        and i > floor
        and (text[i - 1] + text[i + 1]).isascii()
        and (text[i - 1] + text[i + 1]).isalnum()
    )
    if lang == "zh" and latin:
        return False
    if lang == "zh" and not (following and _LATIN_WORD.match(following) and _LATIN_WORD.match(word)):
        return True
    if touching and text[i + 1] not in _CLOSERS and not is_han(text[i + 1]):
        # "node.Next": a blank is missing; "U.S.A", "e.g", "v1.x": not a boundary
        return len(word) > 2 and word.islower() and text[i + 1].isupper() and text[i + 2 : i + 3].islower()
    if lower in _ABBREVIATIONS:
        return not following
    upper_next = bool(following) and (following[0].isupper() or not following[0].isalnum())
    if lower in _SOFT_ABBREVIATIONS and lower != "no":
        return not following or upper_next
    if lower == "no":
        return not (following and following[0].isdigit())
    if _INITIALS.fullmatch(word) and following and not upper_next:
        return False  # "P.A.D. is common"
    if len(word) == 1 and word.isupper() and word != "I":
        return not following
    if word == "" and text[max(floor, i - 2) : i] == "..":  # an ellipsis
        return not following or upper_next
    if re.search(r"\.\.\Z", text[max(floor, i - 2) : i]):
        return not following or upper_next
    return True


def _is_list_number(text: str, i: int, floor: int, number: int) -> bool:
    """Return whether the mark at `i` follows the number that a list has come to."""
    if i - 1 < floor or text[i - 1] not in ("1", str(number % 10)) or not is_han(text[i + 1 : i + 2] or " "):
        return False
    if text[i] == "。" and text[i - 1] != str(number % 10):
        return False  # a full stop after a number, more likely than a new list
    return i - 1 == floor or is_han(text[i - 2]) or text[i - 2] in "。.；;：:，,！!？?）)”~～ "


def split_sentences(text: str, lang: str) -> list[tuple[int, int]]:
    """Return the sentences of `text` as (start, end) offsets without surrounding blanks, in order.

    They do not overlap, and every non-blank character is in one. `lang` is "en" or "zh"; in Chinese a
    semicolon also ends a sentence. Marks inside round brackets do not.
    """
    inside = _inside(text)
    semicolons = "；;" if lang == "zh" else ""
    cuts: list[int] = []
    start = i = 0
    number = 1  # the next number of a list
    n = len(text)
    while (mark := _ENDS.search(text, i)) is not None:
        i = mark.start()
        char = mark[0]
        ends = False
        if char in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029":
            ends = True
        elif inside[i]:
            # "(See below.) Next": the sentence ended within the brackets
            if char in ")）" and not inside[i + 1] and text[i - 1] in ".!?。！？":
                following = text[i + 1 : i + 9].lstrip()[:1]
                ends = not following or following.isupper() or is_han(following)
        elif lang == "zh" and char in ".．、。" and _is_list_number(text, i, start, number):
            # "宜食1.鱼2.蛋", "3。多喝水": a list within a line
            cuts.append(i - 1)
            start = i - 1
            number = int(text[i - 1]) + 1
        elif char in _HARD or char in semicolons:
            # "1。5克": a full stop typed for a decimal point
            ends = not (char == "。" and text[i - 1 : i].isdigit() and text[i + 1 : i + 2].isdigit())
        elif char in "~～" and lang == "zh":
            ends = not (text[i - 1 : i].isdigit() or text[i + 1 : i + 2].isdigit())
        elif char == "…":
            ends = i + 1 < n and text[i + 1] != "…" and (is_han(text[i + 1]) or text[i + 2 : i + 3].isupper())
        elif char == ".":
            ends = _stop_ends(text, i, start, lang)
        i += 1
        if ends:
            while i < n and (text[i] in "。！？!?…" or (text[i] == "." and text[i - 1] in ".!?。")):
                i += 1
            while (
                i < n
                and text[i] in _CLOSERS
                and not (text[i] in "\"'" and i + 1 < n and not text[i + 1].isspace())
            ):
                i += 1
            cuts.append(i)
            start = i
    cuts.append(n)
    return _trimmed(text, 0, cuts)


def split_clauses(text: str, start: int, end: int, lang: str) -> list[tuple[int, int]]:
    """Return the clauses of `text[start:end]`, cut after commas and semicolons (en: colons too), as offsets.

    In Chinese a blank between two Han characters is a boundary too, and in a long run without marks so is
    the place before a word that begins a clause (`run_breaks`). Numbers ("1,000", "7，8") and round
    brackets are not cut. Surrounding blanks are left out; all else is covered, in order.
    """
    inside = bytearray(end - start)
    for opened, closed in bracket_pairs(text, start, end):
        inside[opened - start : closed + 1 - start] = b"\x01" * (closed + 1 - opened)
    breaks = run_breaks(text, lang) if lang == "zh" else frozenset()
    cuts: list[int] = []
    for i in range(start, end):
        if inside[i - start]:
            continue
        if i in breaks and i > start:
            cuts.append(i)
        char = text[i]
        before = text[i - 1] if i > start else ""
        after = text[i + 1] if i + 1 < end else ""
        if char in (",，;；" if lang == "zh" else ",;:"):
            if char in ",，:" and before.isdigit() and after.isdigit():
                continue
            if char in ",;:" and lang == "en" and after and not after.isspace():
                continue
            cuts.append(i + 1)
        elif lang == "zh" and char.isspace() and is_han(before):
            rest = text[i:end].lstrip()[:1] if after.isspace() else after
            if rest and is_han(rest):
                cuts.append(i + 1)
    cuts.append(end)
    return _trimmed(text, start, cuts)


def _trimmed(text: str, start: int, cuts: list[int]) -> list[tuple[int, int]]:
    spans = []
    for cut in cuts:
        left, right = start, cut
        while left < right and text[left].isspace():
            left += 1
        while right > left and text[right - 1].isspace():
            right -= 1
        if left < right:
            spans.append((left, right))
        start = cut
    return spans


def length(text: str, lang: str) -> int:
    """Return the length that limits are stated in: words (en) or characters without blanks (zh)."""
    if lang == "zh":
        return len("".join(text.split()))
    return len(text.split())


_MARK = re.compile(r"[.?!](?=\s|\Z)")
_SPEECH_BREAK = re.compile(
    r"(?<= )(?<!and )(?<!so )(?<!but )(?<! i )(?<! we )(?<!you )(?<!right )"
    r"(?<!for )(?<!just )(?<!until )(?<!'ll )(?<!i'm )(?=(?:and (?:then|i|i'm|we|we'll|you|so|that|the|if)"
    r"|so|but|okay|alright|now|because|then|if|also)\b )",
    re.I,
)


@lru_cache(maxsize=64)
def speech_breaks(text: str) -> frozenset[int]:
    """Return where an English transcript without marks may be cut: before "so", "and then", "okay" and such.

    Empty for a text that has marks (more than one in 40 words).
    """
    if len(_MARK.findall(text)) * 40 > len(text.split()):
        return frozenset()
    return frozenset(match.start() for match in _SPEECH_BREAK.finditer(text))


# A stretch without marks that is too long for one clause (zh) or one turn (en).
_RUNS = {
    "zh": re.compile(r"[^\s，,。；;：:！!？?、（）()“”…~～]{24,}"),
    "en": re.compile(r"(?:[^\s.?!;()]+(?:[.][^\s.?!;()]+)? ){60,}"),
}
_RUN_BREAKS = {
    "zh": re.compile(
        r"(?<![但可不只就还或往是])(?=(?:但是|可是|不过|而且|所以|因此|因为|由于|后来|请问|想问|想咨询|结果(?![是为显正出不]))"
        r"|(?<![到从至在是以和对])(?:现在|目前|最近)(?![的是为])|(?<![这那有前说他她它])之后(?![的就才又再也还]))"
        r"|(?<![问听是让找医])(?=医生说)|(?<![就是的会我他她地很又])(?=突然)"
        r"|(?<![我他她们您你带送就才再要想能会没有来不得人近])(?=去医院(?!的))"
        r"|(?<=[吗呢])(?=[我他她您你想会能是有如怎要可该])|(?<=怎么办)(?=[我他她您你想会能是有])"
    ),
    "en": re.compile(r"(?<= )(?=(?:and|but|because|until|which|in case|so that|then)\b )"),
}
# The shortest part between two breaks, in characters.
_RUN_PART = {"zh": 8, "en": 40}


@lru_cache(maxsize=64)
def run_breaks(text: str, lang: str) -> frozenset[int]:
    """Return where a long run without marks may be cut: before "但是", "请问" and such, after "吗"; "and" (en).

    No part between two of these places is shorter than 8 characters (zh) or 40 (en).
    """
    found: list[int] = []
    for run in _RUNS[lang].finditer(text) if lang in _RUNS else ():
        last = run.start()
        for match in _RUN_BREAKS[lang].finditer(text, run.start(), run.end()):
            if match.start() - last >= _RUN_PART[lang] and run.end() - match.start() >= _RUN_PART[lang]:
                last = match.start()
                found.append(last)
    return frozenset(found)

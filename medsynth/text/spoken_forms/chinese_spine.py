"""Mandarin readings of the levels of the spine: the disc between two vertebrae is named by both, 腰四五.

What is written is a range or a fraction ("腰4-5", "L4/5"); neither 到 nor 分之 is said of a disc.
"""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.numerals import cardinal_zh
from medsynth.text.spoken_forms.scan import Hit

_SEPARATOR = r"[-–—/~]"
_PAIR = rf"\d{{1,2}}{_SEPARATOR}\d{{1,2}}"
_DISC = r"(?:椎间盘|间盘|椎体|椎间隙|椎间|椎)"
_BETWEEN = r"(?:[、，,和及与] ?| )"
_LEVEL = re.compile(rf"(?P<a>\d{{1,2}})(?P<s>{_SEPARATOR})(?P<b>\d{{1,2}})(?![\d%/~–—-]|\.\d)")
# Further levels of the same list, then what is said of them.
_CHAIN_END = rf"(?:{_BETWEEN}{_PAIR}(?!\d|\.\d))*+ ?"
_DISC_NEXT = re.compile(_CHAIN_END + _DISC)
_FINDING_NEXT = re.compile(
    _CHAIN_END + r"(?:\Z|[、，,。；;：:！!？?）()（]|椎|间盘|节段|水平|间隙|突出|膨出"
    r"|脱出|变性|退变|狭窄|增生|滑脱|轻度|中央|压|伴)"
)
# The levels are said at once behind the part of the spine, or behind the picture that shows it.
_PART = r"(?:[颈胸腰骶](?:椎间盘|间盘|椎体|椎)?|(?:椎|间盘)(?:突出|膨出|脱出)|(?:间盘|椎体))"
_PICTURE = (
    r"(?:[颈胸腰骶]椎|椎间盘) ?(?:CT|ct|MRI?|mri|DR|核磁共振|核磁|磁共振|X光|片子?|检查|结果|报告|平扫){0,3}"
    r"(?:显示|提示|示|说|是|为)?"
)
_PART_BEFORE = re.compile(
    rf"(?:(?:{_PART}|{_PICTURE})[:：，, ]{{0,2}}(?:{_PAIR}{_DISC}?{_BETWEEN}){{0,5}}"
    rf"|(?<![A-Za-z])[CTLS](?:{_PAIR}{_BETWEEN}){{1,5}})\Z"
)
_LETTER_BEFORE = re.compile(r"(?<![A-Za-z])[CTLS]\Z")
_LETTER_LEVEL = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<s>{_SEPARATOR})(?P<l>[LSCT])?(?P<b>\d{{1,2}})(?!\d|[-./]\d)"
)
# "维生素C3-4片": an amount behind the letter of a name.
_AMOUNT_NEXT = re.compile(
    r" ?(?:[天日周月年岁次片粒支个斤元块倍克升米毫]|小时|分钟|[%°℃μ]|(?:[mk]?g|m[lm]|cm)(?![A-Za-z]))"
)
# Behind "T2-3" these tell the stage of a tumour.
_STAGE_NEXT = re.compile(r" ?(?:期|级|N|M)")
_NEXT_PART = {("C", 7): ("T", 1), ("T", 12): ("L", 1), ("L", 5): ("S", 1)}
# Two levels without a sign between: the lumbar spine ends at the fifth, so that no "L34" is one vertebra.
_RUN = re.compile(r"(?:12|23|34|45|51|56|67)(?![\d%°℃度岁次天年元个周月片级期号:~–—-]|[./]\d| ?[A-Za-z])")
_LUMBAR = re.compile(r"(?<![A-Za-z\d/])L\Z|(?<=\d[/-])L\Z")
_LUMBAR_RUNS = ("12", "23", "34", "45")
_RUN_BEFORE = re.compile(r"(?:[颈胸腰]椎?|(?<![A-Za-z\d/])[CTL])\Z")


def read_levels(text: str, at: int) -> Hit | None:
    """Return the reading of the vertebrae whose numbers begin at `at`; None where they are something else."""
    before = text[max(0, at - 48) : at]
    if _LETTER_BEFORE.search(before):
        return _behind_letter(text, at, before[-1]) or _run(text, at, before)
    level = _LEVEL.match(text, at)
    if level is None:
        return _run(text, at, before)
    a, b = int(level["a"]), int(level["b"])
    if not 0 < a < b <= 12 and (a, b) != (5, 1):
        return None
    named = bool(_PART_BEFORE.search(before) and _FINDING_NEXT.match(text, level.end()))
    if level["s"] == "/":
        # "椎体2/3" is a part of one.
        known = named and (a > 2 or not before.endswith(("体", "盘", "出")))
    else:
        known = named or (a < b and bool(_DISC_NEXT.match(text, level.end())))
    if not known or (b != a + 1 and (a, b) != (5, 1)):
        return None
    return Hit(level.end(), _both(a, b))


def _both(a: int, b: int) -> str:
    """Two neighbours; from ten on they would run into one number."""
    return f"{cardinal_zh(a)}{'、' if b >= 10 else ''}{cardinal_zh(b)}"


def _behind_letter(text: str, at: int, letter: str) -> Hit | None:
    level = _LETTER_LEVEL.match(text, at)
    if level is None or int(level["b"]) > 12 or _AMOUNT_NEXT.match(text, level.end()):
        return None
    a, b = int(level["a"]), int(level["b"])
    if level["l"] and level["l"] != letter:
        near = _NEXT_PART.get((letter, a)) == (level["l"], b)
        return Hit(level.end(), f"{cardinal_zh(a)}{'' if near else '到'}{level['l']}{cardinal_zh(b)}")
    if b == a + 1 and not level["l"]:
        stage = _STAGE_NEXT.match(text, level.end())
        return Hit(level.end(), f"{cardinal_zh(a)}、{cardinal_zh(b)}" if stage else _both(a, b))
    joint = "" if b == a + 1 and level["s"] in "-–/" else "到"
    return Hit(level.end(), f"{cardinal_zh(a)}{joint}{level['l'] or ''}{cardinal_zh(b)}")


def _run(text: str, at: int, before: str) -> Hit | None:
    run = _RUN.match(text, at)
    if run is None:
        return None
    disc = _RUN_BEFORE.search(before) and _DISC_NEXT.match(text, run.end())
    if disc or (_LUMBAR.search(before) and run[0] in _LUMBAR_RUNS):
        return Hit(run.end(), _both(int(run[0][0]), int(run[0][1])))
    return None

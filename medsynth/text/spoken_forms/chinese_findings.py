"""Mandarin readings of the signs of findings: "+", "(++)", "2+", "±", and of plus signs elsewhere."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.chinese_dashes import grades, is_signed
from medsynth.text.spoken_forms.scan import Hit

# Findings that are graded in plus signs; others are there (阳性) or not (阴性).
LAB = re.compile(
    r"(?:蛋白|潜血|隐血|尿糖|糖|酮体|胆红素|胆原|白细胞|红细胞|脓细胞|酯酶|亚硝酸盐|PRO|BLD|LEU|GLU|KET|ERY|WBC|BIL|NIT|URO"
    r"|水肿|反流|狭窄|结晶|细菌|上皮细胞|反射|[，。；：:、 ]血)[^，。；、]{0,6}\Z",
    re.I,
)
_BRACKETED = re.compile(r"[（(] ?(?P<s>\+{1,4}|-|—|±|\+/?-|-/\+|(?P<n>[1-4])\+|\+(?P<m>[1-4])) ?[)）]")
_SAID_ALREADY = re.compile(r"(?:阴性|阳性|弱阳性|可疑|加号) ?[(（:：]?\Z")
_RUN = re.compile(r"\++")
_WEAK = re.compile(r"±|\+/-|\+-|-/\+|-\+")
_ENDS = frozenset("，。；、,; ）)-~:：.！？!?↑↓")
_GRADED = re.compile(r"\+(?P<n>[1-4])(?![\w.+])")
_PLUSES = re.compile(r"(?P<n>[1-4])\+(?![\dA-Za-z.+])(?!(?:多|余)?(?:周|天|岁|年|个|月|小时|次|斤|元|分))")
_RANGE_NEXT = re.compile(r"[-~](?=\+)")
_HAN = re.compile(r"[㐀-鿿]")
_MARKER_BEFORE = re.compile(r"(?:CD\d+|CK[\d/]+|S-?100|HER-?2|DOG-?1|TTF-?1|P\d\d|GATA-?3)\Z", re.I)
_IMMUNE = re.compile(r"(?:免疫组化|IHC|阳性|阴性)", re.I)
_COUNTED_SIGNS = re.compile(r"\d ?个 ?\Z|[一二两三四]个\Z")
_EYE = re.compile(
    r"(?:眼|近视|远视|屈光|球镜|柱镜|验光|度数|剩余|电轴"
    r"|(?<![A-Za-z])(?:A?S?BE|OD|OS|OU|SPH|CYL)|[TZ] ?值)[^。；;！？!?]{0,10}\Z"
)


def read_plus(text: str, at: int) -> Hit:
    """Return the reading of the plus signs at `at`."""
    before, window = text[at - 1 : at], text[max(0, at - 24) : at]
    if at == 0 and text.startswith("+ ") and not text[2:3].isdecimal():
        return Hit(1, "")  # the mark of a list's item
    weak = weak_sign(text, at)
    if weak:
        return weak
    run = _RUN.match(text, at)
    assert run is not None
    count, end = len(run[0]), run.end()
    after = text[end : end + 1]
    graded = _GRADED.match(text, at)
    if graded and LAB.search(window):
        return Hit(graded.end(), grades(int(graded["n"])))
    ends = not after or after in _ENDS
    if count == 1 and _COUNTED_SIGNS.search(window) and (ends or _HAN.match(after)):
        return Hit(end, "加号")
    to = _RANGE_NEXT.match(text, end)
    if count > 1 or to:
        return Hit(to.end(), f"{grades(count)}到") if to else Hit(end, grades(count))
    if _MARKER_BEFORE.search(window) and (
        ends or _HAN.match(after) or re.match(r"(?:T|B|NK)(?![A-Za-z])", text[end : end + 3])
    ):
        return Hit(end, "阳性")
    if before and ends and (_HAN.match(before) or (before in ": ：" and LAB.search(window))):
        if _SAID_ALREADY.search(window):
            return Hit(end, "")
        return Hit(end, grades(1) if LAB.search(window) else "阳性")
    if after.isdecimal() and before == "~":
        return Hit(end, "正")
    if after.isdecimal() and _EYE.search(window) and is_signed(text, at, end):
        return Hit(end, "正")
    return Hit(end, "加")


def weak_sign(text: str, at: int) -> Hit | None:
    """Return the reading of "±" and its spellings: of a number 正负, of a finding 弱阳性, else 加减."""
    match = _WEAK.match(text, at)
    if match is None:
        return None
    after = text[match.end() : match.end() + 2].lstrip(" ")[:1]
    if after.isdecimal() or after == ".":
        return Hit(match.end(), "正负")
    if match[0][0] != "±" and match[0] != "+/-" and after.isalnum() and not _HAN.match(after):
        return None
    window = text[max(0, at - 24) : at]
    if _SAID_ALREADY.search(window):
        return Hit(match.end(), "")
    return Hit(match.end(), "弱阳性" if LAB.search(window) or _finding(window) else "加减")


def _finding(window: str) -> bool:
    return bool(
        re.search(r"(?:抗原|抗体|DNA|RNA|试验|反应|HIV|HPV|梅毒|螺?杆菌|[A-Z]A[gb])[：: ]?\Z", window, re.I)
    )


def read_bracketed(text: str, at: int) -> Hit | None:
    """ "(-)", "(++)" and "(2+)" after a finding."""
    match = _BRACKETED.match(text, at)
    if match is None:
        return None
    window = text[max(0, at - 24) : at]
    if _SAID_ALREADY.search(window):
        return Hit(match.end(), "")
    sign, number = match["s"], match["n"] or match["m"]
    if number:
        return Hit(match.end(), ("，" if text[at - 1 : at].isdecimal() else "") + grades(int(number)))
    if sign in ("-", "—"):
        return Hit(match.end(), "阴性")
    if sign == "+":
        return Hit(match.end(), "阳性")
    if "-" in sign or sign == "±":
        return Hit(match.end(), "弱阳性" if LAB.search(window) or _finding(window) else "加减")
    return Hit(match.end(), grades(len(sign)))


def read_graded(text: str, at: int) -> Hit | None:
    """ "3+" of a finding: 三个加号. Alone, or after a finding, whatever follows."""
    match = _PLUSES.match(text, at)
    if match is None:
        return None
    after = text[match.end() : match.end() + 1]
    before = text[at - 1 : at]
    alone = (not before or before in " （(:：，,、；。~-") and (not after or after in "，。；、,; ）)~-")
    if LAB.search(text, max(0, at - 24), at) or alone:
        return Hit(match.end(), grades(int(match["n"])))
    return None

"""Whose attribute a stretch of text is: the patient's, the speaker's, or somebody else's."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal, TypeAlias

from medsynth.records import Informant
from medsynth.text.kinship import Kin
from medsynth.text.patterns import bounded

Whose: TypeAlias = Literal["patient", "speaker", "somebody"]

EN_FIRST = bounded(r"\b(?:I|I'm|I've|my|me|myself|mine)\b", re.IGNORECASE)
_EN_SECOND = bounded(r"\b(?:you|your|you're|you've)\b", re.IGNORECASE)
_EN_THIRD = bounded(r"\b(?:he|she|his|her|him|he's|she's|they|they're|their)\b", re.IGNORECASE)
_EN_STOP = bounded(r"[.!?;\n]")
ZH_FIRST = bounded(r"我(?!们|国|爱你|想|该|很?担心|怕|听|问|不知|不清)|本人|自己|俺")
_ZH_SECOND = bounded(r"您|你")
_ZH_THIRD = bounded(r"他|她|患者|病人")
_ZH_STOP = bounded(r"[。！？!?\n]")
_ZH_GAP = bounded(r"^(?:了|多|大|的|左右|半|小|男|女)*$")
_EN_GAP = bounded(r"^\s*(?:[a-z'-]+\s+){0,3}$", re.IGNORECASE)
_EN_GAP_STOP = bounded(r"\b(?:my|your|and|with|has|have|is|was|a|an|the|or|to|in|of)\b", re.IGNORECASE)
_ZH_POSSESSIVE = bounded(r"^(?:家|的|们|家的|们家|个)?$")

# The pronouns that mean the speaker: I in the patient's turns, you in the doctor's.
_ADDRESS = {
    (True, True): ZH_FIRST,
    (True, False): EN_FIRST,
    (False, True): _ZH_SECOND,
    (False, False): _EN_SECOND,
}
_WINDOW = 200


def whose(
    lang: str, text: str, start: int, end: int, kin: Sequence[Kin], role: str, informant: Informant
) -> Whose | None:
    """Return whose attribute `text[start:end]` is, by the nearest person named; None where none is.

    `kin` are the persons of `text` in order of place. Looks back 200 characters at most.
    """
    zh = lang.startswith("zh")
    gap, stop = (_ZH_GAP, _ZH_STOP) if zh else (_EN_GAP, _EN_STOP)
    for person in kin[_first_from(kin, start - _WINDOW) : _first_from(kin, end + 31)]:
        between = text[end : person.start]
        inside = person.start < end and person.end > start
        follows = person.start >= end and gap.match(between) is not None
        if inside or (follows and (zh or not _EN_GAP_STOP.search(between))):
            return _of_kin(person, informant)
    stops = [m.end() for m in stop.finditer(text, max(0, start - _WINDOW), start)]
    begin = stops[-1] if stops else max(0, start - _WINDOW)
    subjects: list[tuple[int, Kin | Whose]] = [
        (k.start, k) for k in kin[_first_from(kin, begin) : _first_from(kin, start)]
    ]
    first = _ADDRESS[role == "patient", zh]
    for match in first.finditer(text, begin, end):
        if not _possessive(text, match, kin, zh):
            subjects.append((match.start(), "speaker"))
    if informant != "self" or not zh:
        # A pronoun takes up the person named before it.
        otherwise: Whose = "somebody" if informant == "self" else "patient"
        for match in (_ZH_THIRD if zh else _EN_THIRD).finditer(text, begin, end):
            named = _first_from(kin, match.start()) - 1
            subjects.append((match.start(), kin[named] if named >= 0 else otherwise))
    if not subjects:
        return None
    subject = max(subjects, key=lambda s: s[0])[1]
    if isinstance(subject, Kin):
        return _of_kin(subject, informant)
    return "patient" if informant == "self" and subject == "speaker" else subject


def _first_from(kin: Sequence[Kin], at: int) -> int:
    """Return the index of the first person named at `at` or later."""
    return bisect_left(kin, at, key=lambda k: k.start)


def _possessive(text: str, match: re.Match[str], kin: Sequence[Kin], zh: bool) -> bool:
    """Return whether a pronoun only says whose the person named next is ("my wife", 我的妈妈)."""
    index = _first_from(kin, match.start())
    if index == len(kin) or kin[index].start - match.end() > (4 if zh else 45):
        return False
    between = text[match.end() : kin[index].start]
    if zh:
        return _ZH_POSSESSIVE.match(between) is not None
    return match.group().lower() in ("my", "your") and not re.search(r"[,.!?;]", between)


def _of_kin(person: Kin, informant: Informant) -> Whose:
    return "patient" if informant != "self" and person.informant == informant else "somebody"

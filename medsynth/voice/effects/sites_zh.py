"""Where a Mandarin speaker may hesitate, and what is said there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from medsynth.voice.effects.sites import Kind, Site, Spot

_MARK_ZH = "，。！？；：、…"
_CALL_ZH = re.compile(r"(?:(?:医生|大夫|您好|你好|老师|主任)(?:您好|你好)?[，！。、]?)+")
_THANKS_ZH = re.compile(r"(?:好的?|嗯|行|谢谢|明白|知道|了解|清楚|再见|我?听着)[^。！？]{0,12}[。！]?\Z")
# Such a clause goes on with the one before; nobody stops there to think.
_GOES_ON_ZH = re.compile(r"[并且而或及]|以(?!前)|还有$")
# Findings read out.
_REPORT_ZH = re.compile(r"(?:检查|查体|显示|提示|结果)[:：]")
_ASKS_ZH = re.compile(r"什么|怎么|哪|吗|呢|几|多少")
_CLAUSE_ZH = re.compile(r"[^，。！？；：、…]*")
_NUMERAL_ZH = re.compile(r"[零〇一二两三四五六七八九十百千万亿半A-Za-z]")
# What is hard to put into words.
_HARD_ZH = re.compile(r"感觉|觉得|好像|像|难受|不舒服|疼|痛|酸|胀|麻|闷|慌|晕|怪|说不")
_OPENERS_ZH = (
    "然后",
    "因为",
    "但是",
    "可是",
    "所以",
    "而且",
    "后来",
    "现在",
    "最近",
    "就是",
    "不过",
    "感觉",
    "觉得",
)
_FEEL_ZH = re.compile(r"(?:我|自己|也|总|就|还|都|老)(?:感觉|觉得)(?=[\u4e00-\u9fff]{2})")
_BEGIN_ZH = re.compile(
    r"(?:我(?:最近|昨天|今天|前几天|现在|早上|晚上|一直|老是|总是|经常|感觉|觉得|就是|也|想问|想|妈|爸|家|孩子|老公|老婆)?"
    r"|他|她|孩子|宝宝|就是|这个|有时候|有时|现在|然后|老是|总是|因为|但是)(?=[\u4e00-\u9fff])"
)
_I_ZH = re.compile(r"我(?![们国的])(?=[\u4e00-\u9fff])")


def mandarin_sites(text: str, fillers: Mapping[str, float], opening: bool, lead: float) -> Iterator[Site]:
    """Yield the sites of a Mandarin text. There being no spaces, they are clause edges and behind words we list."""
    if _THANKS_ZH.match(text) or _REPORT_ZH.search(text):
        return
    call = _CALL_ZH.match(text)
    start = call.end() if call and text[call.end() - 1] in _MARK_ZH else 0
    begins = [start] if start < len(text) and not (call and not start) else []
    begins += [i + 1 for i, c in enumerate(text[:-1]) if c in "，。！？；" and i + 1 > start]
    for place in begins:
        spot: Spot = "turn" if place == start else "sentence" if text[place - 1] in "。！？" else "clause"
        found = _CLAUSE_ZH.match(text, place)
        clause = found[0] if found else ""
        if len(clause) < 4 or _GOES_ON_ZH.match(clause):
            continue
        for said, weight in fillers.items():
            if said == "怎么说呢" and (
                (spot == "turn" and opening)
                or _NUMERAL_ZH.search(clause)
                or _ASKS_ZH.search(clause)
                or not _HARD_ZH.search(clause)
            ):
                continue
            if said in ("这个", "那个") and (clause[0] in "这那" or (said == "这个" and spot == "turn")):
                continue
            if clause[0] == "但" and said not in ("嗯", "呃"):
                continue
            if said == "就是" and text[place:].startswith(("就", "是")):
                continue
            if weight and not text.startswith(said, place):
                yield Site(
                    "filler", place, f"{said}，", (lead if spot == "turn" else 1.2) * weight, spot, place
                )
        for opener in _OPENERS_ZH:
            after = place + len(opener)
            if text.startswith(opener, place) and text[after : after + 1] not in ("", *_MARK_ZH):
                yield from _between_zh(after, fillers, 0.8)
        begin = _BEGIN_ZH.match(text, place)
        if begin:
            kind: Kind = "repeat" if len(begin[0]) < 3 else "restart"
            yield Site(kind, place, f"{begin[0]}，", 2.0, spot, begin.end())
            short = _I_ZH.match(text, place)
            if short and kind == "restart":
                yield Site("repeat", place, "我，", 1.0, spot, short.end())
            if len(begin[0]) >= 2:
                yield Site("restart", place, f"{begin[0]}，呃，", 0.5, spot, begin.end())
    for found in _FEEL_ZH.finditer(text):
        yield from _between_zh(found.end(), fillers, 0.8)


def _between_zh(place: int, fillers: Mapping[str, float], weight: float) -> Iterator[Site]:
    for said in ("嗯", "呃", "那个"):
        yield Site("filler", place, f"，{said}，", weight * fillers.get(said, 0.0), "word", place)
    yield Site("pause", place, "……", weight, "word", place)

"""Allergies in Chinese text: to what, whose, denied, or what a medicine depends on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsynth.text.facts.extract_zh_cues import ALLERGEN_NAMES, ALLERGENS, NO_ALLERGENS
from medsynth.text.facts.extract_zh_names import Name
from medsynth.text.facts.model import Fact

_DENIED = re.compile(r"(?:无|没有?|否认|未|不|非)[^,，。;；!！?？\n]{0,10}\Z")
_QUESTION = re.compile(r"有没有|是否|有无|是不是|会不会")
_TOWARDS = re.compile(
    r"对(?!症)(?P<x>[^,，。;；:：!！?？\n对]{1,16}?)(?P<not>都?不|没有?|并不|无)?(?:都|也|会|有|产生|存在|严重|轻度|比较"
    r"|很|明显|出现|发生|高度)*过敏(?!性|原|源|科|体质|症状)"
)
# Behind 不过敏: it is a condition; behind 过敏: it forbids.
_CONDITION = re.compile(r"(?:的)?(?:情况下|前提|条件下|话|时候|人|患者|病人|者|才|时)")
_FORBIDDING = re.compile(
    r"(?:的)?(?:病?史)?(?:的)?(?:者|人群?|患者|病人|情况|话|时)?[^。;；!！?？\n]{0,5}?(?<!并)(?:禁|不[能可要宜得应适准]|勿|避免|停|慎|忌|别)"
)
_ALLOWING = re.compile(
    r"(?:的)?(?:病?史)?(?:的)?(?:者|人群?|患者|病人|情况|话|时)[^,，。;；!！?？\n不禁慎忌别勿]{0,4}(?:可以?|能)[^,，。;；\n不]{0,4}[用服吃]"
)
_NOT_BEFORE = re.compile(r"(?:都|也|并|均|会|后)*(?:不|没有?|无)?\Z")
_IF = re.compile(r"(?:如果?|若|要是|假如|只要|倘若|前提)")
# Whatever one may be allergic to: 什么药都.
_ANYTHING = re.compile(
    r"(?:于|我)?(?:什么|任何|啥|所有|别的|其他|其它|一切)+(?:药物?|药品|食物|吃的|东西|物质)?(?:和|及|或)?(?:药物?|食物)?(?:都|也)?"
)
# Without any of these a text tells no allergy.
_ANY = re.compile(r"敏|皮试|疹|风团|疙瘩|休克|变应原|IgE", re.IGNORECASE)
_SOURCE = r"(?:(?:过敏|致敏|变应)[原源]|致敏物质?|过敏物质?)"
# 过敏史：青霉素, 过敏原是花粉
_NAMED_BEHIND = re.compile(
    rf"(?:过敏史\s?[:：]\s?(?:有|对)?|(?<!常见)(?<!常见的){_SOURCE}(?:主要|大概|应该|就|可能)*(?:[是为有:：]|包括))\s?"
    r"(?P<x>(?!无|没|否认|不|什么|哪|啥|未|对)[^,，。;；:：!！?？\n]{1,16})"
)
# 花粉会让我过敏
_MADE_ALLERGIC = re.compile(
    r"(?P<x>[^,，。;；:：!！?？\n的会没不]{1,12}?)(?:都|也)?会?(?:让|使|令|导致|引起)(?:我|您|你|他|她|它|孩子|宝宝|患者)过敏(?![原源])"
)
_POSITIVE = r"(?:[呈是为均都:：]|显示|提示|结果){0,3}\s?[强弱]?(?:阳性|[(（]\s?\+)"
_SKIN_TEST = re.compile(
    rf"(?P<x>[\u4e00-\u9fff]{{2,8}}?)(?:的|类)?皮试(?:结果|试验|反应)?(?:{_POSITIVE}|[呈是为]?过敏|[没未](?:通过|过))"
)
# What tells an allergy only where a listed substance or a medicine stands in it.
_LISTED = (
    # 对花粉很敏感
    re.compile(
        r"对(?P<x>(?!阳光|日光|紫外线|太阳|光)[^,，。;；:：!！?？\n对]{1,16}?)(?P<not>并?不|没有?)?(?:都|也|会|有|比较|较为|较|很|特别|非常|高度|过度|过于|十分|异常|太)*"
        r"敏感(?![性度菌期肌药试])"
    ),
    # 过敏原检测提示尘螨(++), 尘螨IgE升高
    re.compile(
        rf"{_SOURCE}[^,，。;；\n]{{0,8}}?(?:显示|提示|结果|发现|示|[:：是为])(?P<x>[^,，。;；:：!！?？\n]{{1,16}}?){_POSITIVE}"
    ),
    re.compile(
        r"(?P<x>[\u4e00-\u9fff、]{1,12}?)(?:的|特异性)*IgE(?:抗体)?(?:呈|为|明显|水平)?(?:阳性|升高|增高)",
        re.IGNORECASE,
    ),
    # 尘螨(++)，猫毛阳性
    re.compile(rf"(?P<x>[\u4e00-\u9fff]{{1,6}}?){_POSITIVE}"),
    # 花粉是我的过敏原
    re.compile(
        rf"(?P<x>[^,，。;；:：!！?？\n不]{{1,10}}?)[就也都才]?是[^,，。;；:：!！?？\n不]{{0,6}}{_SOURCE}"
    ),
    # 青霉素引起的药物过敏
    re.compile(
        r"(?P<x>[^,，。;；:：!！?？\n]{1,10}?)(?:所|而)?(?:引起|导致|引发|诱发|造成|所致)(?:过|了)?的?(?:药物|食物|严重|急性|皮肤|全身)*过敏"
        r"(?![原源物])"
    ),
    # 吃海鲜就起疹子, 头孢用了以后全身出红疹
    re.compile(
        r"(?:[用吃喝服打输碰摸闻沾]|接触|接种|注射|使用|食用|服用|静滴|口服)[到了上过完]{0,2}(?P<x>[^,，。;；:：!！?？\n不没无未]{1,10}?)"
        r"(?:(?:[之以]?后|就|便|都|也|会|身上|全身|皮肤|脸上|出现|发生|引起|有|过|了|的时候|时|[,，]|(?P<not>并?没有?|并?未|无)){1,5}"
        r"(?:[起出长发][了过]?(?:一?身|好?多|满身|些)?(?:的|小)?)?(?:皮疹|红疹|疹子?|风团|荨麻疹|红?疙瘩|过敏性?休克|过敏反应))"
    ),
    re.compile(
        r"(?P<x>[^,，。;；:：!！?？\n不没无未]{1,8}?)一?(?:[用吃喝服打输碰摸闻沾]|接触|注射|使用|服用)[到了上过完]{0,2}"
        r"(?:[之以]?后|就|便|都|也|会|身上|全身|皮肤|脸上|出现|发生){1,4}"
        r"(?:[起出长发][了过]?(?:一?身|好?多|满身|些)?(?:的|小)?)(?:皮疹|红疹|疹子?|风团|荨麻疹|红?疙瘩)"
    ),
)
# One of these stands in whatever the pattern in the same place fits.
_RASH = ("疹", "风团", "疙瘩", "休克", "过敏反应")
_NEEDED = (
    ("敏感",),
    ("敏原", "敏源", "应原", "应源", "敏物"),
    ("ige", "IgE", "IGE", "Ige"),
    ("阳性", "+"),
    ("敏原", "敏源", "应原", "应源", "敏物"),
    ("过敏",),
    _RASH,
    _RASH,
)
# Of microbes, tumours and side effects it tells no allergy.
_NO_ALLERGY = re.compile(
    r"菌|病毒|支原体|衣原体|瘤|癌|化疗|放疗|药敏|如果|假如|要是|万一|一旦|是否|有没有|避免|防止|预防|容易|少数|部分|偶[见尔]|个别|不良反应|副作用|治疗"
)
# 出现过药物过敏反应: somebody had one.
_HAD = re.compile(
    r"(?:(?:出现|发生|有)[过了的]|[也还都]有|曾经?(?:有|出现|发生))[^,，。;；:：!！?？\n不没无未]{0,6}过敏反应"
)
_STOP_WORDS = re.compile(r"(?:这|那|可能|做|是|它|会|都|详|需)")
_CONSTITUTION = re.compile(
    r"(?P<not>不是|不属于|非|没有)?(?:过敏性?体质(?![者人患慎的])|(?<!不)(?<!防止)(?<!避免)(?:容易|特别爱|爱|易)过敏(?![性者人的原源]))"
)
_SUPPOSED = re.compile(
    r"如果|若|假如|要是|可能|请|告知|告诉|询问|了解|容易|注意(?!到)|出现|引起|避免|防止|属于|考虑|排除|是否|什么"
)
_ON_TAKING = re.compile(
    r"一?(?:[用吃打碰喝闻摸沾]|接触|输)[到了上]?(?P<x>[^,，。;；:：!！?？\n就会不没]{1,10})(?:就会?|都会?)过敏(?![性原源科])"
)
_HISTORY = re.compile(r"过敏(?!性|原|源|科|体质|反应|药|症状|因素|物|引起|导致|所致|测)(?:病?史)?")
_SPLIT = re.compile(r"[、和与及或跟/]|以及|还有")
_CLOSE = re.compile(r"[,，。;；!！?？\n]|\Z")
_BY_LENGTH = sorted(ALLERGENS | NO_ALLERGENS, key=len, reverse=True)
_JOINED = re.compile(r"(?:[、和与及或跟]|以及)\Z")


def allergies(text: str, known: Sequence[Name]) -> list[Fact]:
    """Return the allergies of a text; `known`: its listed names in order."""
    found: list[Fact] = []
    if not _ANY.search(text):
        return found
    ends: set[int] = set()
    for match in _TOWARDS.finditer(text):
        before = text[max(0, match.start() - 8) : match.start()]
        clause_end = _CLOSE.search(text, match.end())
        asked = _QUESTION.search(before + match["x"]) or (
            clause_end
            and (
                text[clause_end.start() : clause_end.start() + 1] in ("?", "？")
                or text[clause_end.start() - 1] in "吗么"
            )
        )
        ends.add(match.end())
        if asked:
            continue
        denied = bool(match["not"]) or bool(
            re.search(r"(?:没有?|无|不|否认|未)(?:发现|发觉|见|查出)?\Z", before)
        )
        supposed = denied and bool(_IF.search(before + match["x"]))
        for value, start, _ in _substances(text, match.start("x"), match.end("x"), known):
            found.append(
                _fact(
                    text,
                    "none" if denied and value in NO_ALLERGENS else value,
                    start,
                    match.end(),
                    of="condition" if supposed else _condition(text, match.end(), denied),
                    negated=denied,
                )
            )
    for match in _ON_TAKING.finditer(text):
        ends.add(match.end())
        for value, start, _ in _substances(text, match.start("x"), match.end("x"), known):
            found.append(_fact(text, value, start, match.end()))
    for match in _HISTORY.finditer(text):
        start, end = match.span()
        if any(end - 3 <= e <= end + 1 for e in ends) or text[start - 1 : start] in (
            "抗",
            "防",
            "脱",
            "致",
            "易",
        ):
            continue
        clause = max((text.rfind(c, 0, start) for c in ",，。;；!！?？\n:："), default=-1) + 1
        left = text[clause:start]
        behind = text[end : end + 3]
        asked = bool(_QUESTION.search(left)) or bool(
            re.match(r"[^,，。;；]{0,2}(?<![怎什])[吗么?？]", behind)
        )
        denied = bool(_DENIED.search(left)) or bool(re.match(r"[:：]?\s?(?:无|没有|否认)", behind))
        if asked:
            continue
        deny = _NOT_BEFORE.search(left)
        substances, tail = _listed_before(text, clause, start - len(deny[0]) if deny else start, known)
        if substances:
            of = "condition" if denied and _IF.search(left) else _condition(text, end, denied)
            found.extend(_fact(text, value, at, end, of, denied) for value, at in substances)
        elif not denied and (tail or behind.startswith("者")) and not _SUPPOSED.search(left):
            found.append(_fact(text, "unnamed", start - len(tail), end, _condition(text, end, False)))
        elif denied and ("史" in match[0] or tail):
            of = "condition" if _IF.search(left) else _condition(text, end, denied)
            found.append(_fact(text, "none", start - len(tail), end, of, True))
    for pattern in (_NAMED_BEHIND, _MADE_ALLERGIC, _SKIN_TEST):
        for match in pattern.finditer(text):
            for value, start, stop in _substances(text, match.start("x"), match.end("x"), known):
                if value not in NO_ALLERGENS and not _STOP_WORDS.match(value):
                    found.append(_fact(text, value, min(start, match.start()), max(stop, match.end())))
    found.extend(_of_listed(text, known, found))
    for match in _HAD.finditer(text):
        if not _asked_or_supposed(text, match.start(), match.end()) and not any(
            f.start < match.end() and match.start() < f.end for f in found
        ):
            found.append(_fact(text, "unnamed", *match.span()))
    for match in _CONSTITUTION.finditer(text):
        found.append(_fact(text, "unnamed", *match.span(), negated=match["not"] is not None))
    return found


def _of_listed(text: str, known: Sequence[Name], found: Sequence[Fact]) -> list[Fact]:
    """Return the allergies told without the plain words for it, of substances that are listed."""
    more: list[Fact] = []
    for needed, pattern in zip(_NEEDED, _LISTED, strict=True):
        if not any(word in text for word in needed):
            continue
        for match in pattern.finditer(text):
            start, end = match.span()
            denied = bool(match.groupdict().get("not"))
            before = text[max(0, start - 6) : start]
            if _asked_or_supposed(text, start, end) or (not denied and _DENIED.search(before)):
                continue
            told = [*found, *more]
            for value, at, stop in _substances(text, *match.span("x"), known):
                listed = value in ALLERGENS or any(
                    n.kind in ("drug", "class") and at <= n.start and n.end <= stop for n in known
                )
                if not listed and (tail := next((a for a in _BY_LENGTH if text[at:stop].endswith(a)), "")):
                    value, at, listed = tail, stop - len(tail), tail in ALLERGENS
                if listed and not any(f.start < stop and at < f.end for f in told):
                    more.append(_fact(text, value, at, max(end, stop), negated=denied))
    return more


def _asked_or_supposed(text: str, start: int, end: int) -> bool:
    """Whether the clause of what stands at `start:end` asks or supposes, or is no talk of allergies."""
    first = max(text.rfind(mark, 0, start) for mark in "，,。；;！!？?\n") + 1
    close = _CLOSE.search(text, end)
    last = close.start() if close else len(text)
    asked = text[last : last + 1] in ("?", "？") or text[last - 1 : last] in ("吗", "么")
    return asked or bool(_NO_ALLERGY.search(text, first, last))


def _condition(text: str, end: int, denied: bool) -> str:
    """Return "condition" where an allergy is what a medicine depends on, "allowed" where it is said not to matter,
    "" where it is somebody's."""
    if not denied and _ALLOWING.match(text, end):
        return "allowed"
    return "condition" if (_CONDITION if denied else _FORBIDDING).match(text, end) else ""


def _listed_before(
    text: str, clause: int, start: int, known: Sequence[Name]
) -> tuple[list[tuple[str, int]], str]:
    """Return the allergens listed right before `start` with their places, and a general word (药物) there."""
    found: list[tuple[str, int]] = []
    general = ""
    at = start
    while at > clause:
        joint = _JOINED.search(text, clause, at)
        if found and not joint:
            break
        if joint and found:
            at = joint.start()
        drug = next(
            (
                n
                for n in known
                if n.kind in ("drug", "class")
                and n.start >= clause
                and n.end <= at
                and not text[n.end : at].strip("类药物的等")
            ),
            None,
        )
        if drug:
            found.append((drug.value, drug.start))
            at = drug.start
            continue
        left = text[clause:at]
        tail = next((a for a in _BY_LENGTH if left.endswith(a)), "")
        if not tail:
            break
        if tail in NO_ALLERGENS:
            general = tail
            at -= len(tail)
            if found:
                break
            continue
        found.append((tail, at - len(tail)))
        at -= len(tail)
    return found, general


def _substances(text: str, start: int, end: int, known: Sequence[Name]) -> list[tuple[str, int, int]]:
    found = []
    at = start
    for part in _SPLIT.split(text[start:end]):
        begin = text.find(part, at, end) if part else -1
        if begin < 0:
            continue
        at = begin + len(part)
        listed = next(
            (n for n in known if n.kind in ("drug", "class") and n.start >= begin and n.end <= at), None
        )
        if listed:
            found.append((listed.value, listed.start, listed.end))
            continue
        if _ANYTHING.fullmatch(part):
            found.append(("药物", begin, at))
            continue
        bare = (
            re.sub(
                r"\A(?:某些|一些|有些|任何|其他|这种|这个|这些|那种|于|我)+|(?:类|类药物|药物|等|这种药|食物|都|会|也|的)+\Z",
                "",
                part,
            )
            or part
        )
        if re.search(r"治疗|控制|引起|药物是|表现|症状", bare) or bare in (
            "我",
            "你",
            "他",
            "她",
            "它",
            "什么",
            "哪些",
            "哪种",
            "这",
            "其",
            "自己",
            "此",
            "某种物质",
            "物质",
            "成分",
        ):
            continue
        found.append((bare, begin, at))
    return found


def _fact(text: str, value: str, start: int, end: int, of: str = "", negated: bool = False) -> Fact:
    return Fact("allergy", ALLERGEN_NAMES.get(value, value), start, end, text[start:end], of, negated)

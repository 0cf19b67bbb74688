"""Facts that Chinese text names rather than counts: drugs, sides, routes, tests, departments, allergies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from medsynth.text.facts.extract_zh_cues import ALLERGENS, NO_ALLERGENS, PAIRED, ROUTES
from medsynth.text.facts.extract_zh_names import Name, organs
from medsynth.text.facts.model import Fact, FactKind

# Latin for the right, the left and both eyes.
_EYES = {"OD": "right", "OS": "left", "OU": "both"}
_EYE = re.compile(r"(?<![A-Za-z])O[DSU](?![A-Za-z])")
_ROUTE = re.compile("|".join(sorted(ROUTES, key=len, reverse=True)) + r"|服用(?P<v>)")
_NOT_ROUTE = re.compile(r"(?:吸入)(?:性|物|了|的|过敏)|外用(?:药|品)?店|滴(?:眼|鼻)[液剂]")
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
_NOT_BEFORE = re.compile(r"(?:都|也|并|均|会|后)*(?:不|没有?|无)?\Z")
_SUPPOSED = re.compile(
    r"如果|若|假如|要是|可能|请|告知|告诉|询问|了解|容易|注意|出现|引起|避免|防止|属于|考虑|排除|是否|什么"
)
_ON_TAKING = re.compile(
    r"一?(?:[用吃打碰喝闻摸沾]|接触|输)[到了上]?(?P<x>[^,，。;；:：!！?？\n就会不没]{1,10})(?:就会?|都会?)过敏(?![性原源科])"
)
_HISTORY = re.compile(r"过敏(?!性|原|源|科|体质|反应|药|症状|因素|物|引起|导致|所致|测)(?:病?史)?")
# Classes that stand for a drug; others (退烧药) are what people call a drug that was named.
_TOLD_APART = frozenset(("antibiotic", "hormone"))
_NOUN = re.compile(r"[\u4e00-\u9fff]{2}")
_STOP = re.compile(r"[。;；!！?？\n]")
# What may be a part of the body behind 左 or 右: 左旋 and names of drugs are none.
_PART = re.compile(r"(?![左右旋氧卡甲炔西乙美佐手转拐移不的是])[\u4e00-\u9fff]")
_SPLIT = re.compile(r"[、和与及或跟/]|以及|还有")
_BY_LENGTH = sorted(ALLERGENS | NO_ALLERGENS, key=len, reverse=True)
_JOINED = re.compile(r"(?:[、和与及或跟]|以及)\Z")
_FORBID = (
    r"(?:禁用|禁服|禁忌|慎用|慎服|忌用|忌服|禁止使用|禁止服用|勿用|勿服|不得使用|避免使用|避免服用|"
    r"(?:不能|不宜|不可以?|不要|不建议|不应该?|不推荐|不适合|不适宜|切勿|不得)(?:使用|服用|应用|吃|用|服|口服|涂)|谨慎使用|应避免|要避免|不宜|禁)"
)
_FORBID_NEAR = re.compile(rf"(?P<not>不是|并非)?[^,，。;；!！?？\n]{{0,6}}?{_FORBID}")
_FORBID_OF = re.compile(r"(?:禁用于|禁止|慎用于|不适用于|不用于|不能用于)\Z")
_ALCOHOL = re.compile(
    r"(?:不要|不能|不可以?|不宜|避免|切勿|勿|别|禁止|禁|忌|戒|杜绝|不得|远离|严禁|停止|限制)(?:再|食|用|喝|饮|吸|抽|服|止|烟|吸烟|抽烟|、"
    r"|和|及|与|或|,|过量|大量|任何|除|接触|辛辣|刺激|油腻|食物|性|的|用|生冷){0,8}(?:饮酒|喝酒|酗酒|酒精|酒类|酒)(?!店|精肝|精性|窝)"
)
_TOGETHER = re.compile(
    r"(?:不能|不要|不可以?|不宜|避免|切勿|勿|别|禁止|不得|忌)(?:同时)?(?:与|和|跟|同|将)(?P<x>[^,，。;；!！?？\n]{1,16}?)"
    r"(?:一起|同时|同服|同用|同食|合用|共用|联用|并用|混合|混用|配伍|一块)"
)


def named(text: str, flat: str, known: Sequence[Name]) -> list[Fact]:
    """Return the drugs, tests, departments, routes, sides, allergies and contra-indications of a text."""
    found: list[Fact] = []
    for name in known:
        if name.kind == "drug":
            found.append(_fact(text, "drug", name.value, name.start, name.end))
        elif name.kind == "class" and name.value in _TOLD_APART:
            found.append(_fact(text, "drug", name.value, name.start, name.end, vague=True))
        elif name.kind == "test":
            found.append(_fact(text, "test", name.value, name.start, name.end))
        elif name.kind == "department":
            found.append(_fact(text, "department", name.value, name.start, name.end))
    drugs = [name for name in known if name.kind == "drug"]
    found.extend(_routes(text, drugs))
    for match in _EYE.finditer(flat):
        found.append(_fact(text, "side", _EYES[match[0]], *match.span(), of="眼"))
    if any(c in text for c in "左右双两单"):
        found.extend(_sides(text, known, drugs))
    if "过敏" in text:
        found.extend(_allergies(text, known))
    found.extend(_contraindications(text, flat, known, drugs))
    return found


def _fact(
    text: str,
    kind: FactKind,
    value: str,
    start: int,
    end: int,
    of: str = "",
    negated: bool = False,
    vague: bool = False,
) -> Fact:
    return Fact(kind, value, start, end, text[start:end], of, negated, "", vague)


def _routes(text: str, drugs: Sequence[Name]) -> list[Fact]:
    found = []
    for match in _ROUTE.finditer(text):
        start, end = match.span()
        if match["v"] is not None:
            found.append(_fact(text, "route", "oral", start, end, vague=True))
            continue
        if (
            _NOT_ROUTE.match(text, start)
            or any(d.start < end and start < d.end for d in drugs)
            or text[end : end + 1] in ("液", "药", "剂")
        ):
            continue
        found.append(_fact(text, "route", ROUTES[match[0]], start, end))
    return found


@lru_cache(maxsize=1)
def _side_pattern() -> tuple[re.Pattern[str], dict[str, str]]:
    table = organs()
    organ = "|".join(sorted(map(re.escape, table), key=len, reverse=True))
    paired = "|".join(sorted(PAIRED, key=len, reverse=True))
    pattern = re.compile(
        rf"(?P<s>左右(?=两?[侧边])|(?<![\d厘毫米年月日天岁度周克])左右(?={paired})|左|右|[双两](?={paired})|单(?=[侧眼耳]))(?P<m>(?:两?[侧边面叶段]"
        rf"|[上下前后内外中](?![肢腹肺颌])|半(?!身)|部|方)*)的?(?P<o>{organ}|[室房](?![上下颤早间]|内(?!径)))?"
    )
    return pattern, table


def _sides(text: str, known: Sequence[Name], drugs: Sequence[Name]) -> list[Fact]:
    pattern, table = _side_pattern()
    found = []
    for match in pattern.finditer(text):
        start, end = match.span()
        side, middle, organ = match["s"], match["m"], match["o"]
        quarter = bool(middle) and (middle[-1] in "上下" or "方" in middle) and side in "左右"
        plain = not organ and not quarter and not any(c in middle for c in "侧边面半叶段")
        if plain and (
            side not in "左右" or not _PART.match(text, end) or text[start - 1 : start] in ("左", "右")
        ):
            continue
        if side in "左右" and text[start - 1 : start] in ("左", "右") and start and not organ:
            continue
        if text.startswith("左右", start) and side == "左" and not (organ or "侧" in middle):
            continue
        if any(d.start < end and start < d.end for d in drugs) or (
            side == "右" and text[start - 1 : start] == "左" and not organ
        ):
            continue
        value = {"左": "left", "右": "right", "单": "one"}.get(side, "both")
        of = {"室": "心室", "房": "心房"}.get(organ) or table.get(organ, organ) if organ else ""
        if not of:
            of = next(
                (
                    name.value
                    for name in reversed(known)
                    if name.kind == "organ" and 0 <= start - name.end <= 1
                ),
                "",
            )
        if not of:
            after = _NOUN.match(text, end)
            if after and after[0][0] not in "的是较比也有为更稍明显未无不可最会出及和与或":
                of = after[0]
            else:
                near = [n for n in known if n.kind == "organ" and n.end <= start and start - n.end <= 12]
                if near and not _STOP.search(text, near[-1].end, start):
                    of = near[-1].value
        # With an unlisted part of the body (左跟骨) it vouches for a side, and asks for none.
        found.append(_fact(text, "side", value, start, end, of=of, vague=plain))
    return found


def _allergies(text: str, known: Sequence[Name]) -> list[Fact]:
    found: list[Fact] = []
    ends: set[int] = set()
    for match in _TOWARDS.finditer(text):
        before = text[max(0, match.start() - 8) : match.start()]
        clause_end = re.compile(r"[,，。;；!！?？\n]|\Z").search(text, match.end())
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
        denied = bool(match["not"]) or bool(re.search(r"(?:没有?|无|不|否认|未)\Z", before))
        for value, start, _ in _substances(text, match.start("x"), match.end("x"), known):
            found.append(
                _fact(
                    text,
                    "allergy",
                    "none" if denied and value in NO_ALLERGENS else value,
                    start,
                    match.end(),
                    of=_condition(text, match.end(), denied),
                    negated=denied,
                )
            )
    for match in _ON_TAKING.finditer(text):
        ends.add(match.end())
        for value, start, _ in _substances(text, match.start("x"), match.end("x"), known):
            found.append(_fact(text, "allergy", value, start, match.end()))
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
            of = _condition(text, end, denied)
            found.extend(_fact(text, "allergy", value, at, end, of, denied) for value, at in substances)
        elif not denied and (tail or behind.startswith("者")) and not _SUPPOSED.search(left):
            found.append(
                _fact(text, "allergy", "unnamed", start - len(tail), end, _condition(text, end, False))
            )
        elif denied and ("史" in match[0] or tail):
            found.append(_fact(text, "allergy", "none", start - len(tail), end, negated=True))
    return found


def _condition(text: str, end: int, denied: bool) -> str:
    """Return "condition" where an allergy is what a medicine depends on, "" where it is somebody's."""
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


def _contraindications(text: str, flat: str, known: Sequence[Name], drugs: Sequence[Name]) -> list[Fact]:
    found = []
    for name in known:
        if name.kind != "population":
            continue
        match = _FORBID_NEAR.match(text, name.end)
        behind = _FORBID_OF.search(text, max(0, name.start - 6), name.start)
        if (match and not match["not"]) or behind:
            end = match.end() if match else name.end
            before = [d for d in drugs if d.end <= name.start and name.start - d.end <= 40]
            found.append(
                _fact(
                    text,
                    "contraindication",
                    name.value,
                    name.start,
                    end,
                    of=before[-1].value if before else "",
                )
            )
    for match in _ALCOHOL.finditer(text):
        found.append(_fact(text, "contraindication", "alcohol", *match.span()))
    for match in _TOGETHER.finditer(text):
        start, end = match.span("x")
        inside = [d.value for d in drugs if d.start >= start and d.end <= end]
        for value in inside or [text[start:end]]:
            found.append(_fact(text, "contraindication", value, *match.span()))
    return found

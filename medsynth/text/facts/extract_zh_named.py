"""Facts that Chinese text names rather than counts: drugs, sides, routes, tests, departments, allergies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from medsynth.text.facts.extract_zh_allergies import allergies
from medsynth.text.facts.extract_zh_cues import PAIRED, ROUTES
from medsynth.text.facts.extract_zh_names import Name, organs
from medsynth.text.facts.model import Fact, FactKind

# Latin for the right, the left and both eyes.
_EYES = {"OD": "right", "OS": "left", "OU": "both"}
_EYE = re.compile(r"(?<![A-Za-z])V?(O[DSU])(?![A-Za-z])")
_ROUTE = re.compile("|".join(sorted(ROUTES, key=len, reverse=True)) + r"|服用(?P<v>)")
_NOT_ROUTE = re.compile(r"(?:吸入)(?:性|物|了|的|过敏)|外用(?:药|品)?店|滴(?:眼|鼻)[液剂]")
# 查一下过敏原, 过敏原及食物不耐受的检查: the test by its name in two parts.
_ALLERGENS_TESTED = re.compile(
    r"[查测][^,，。;；\n]{0,5}过敏[原源]|过敏[原源][^,，。;；\n]{1,12}(?:检查|检测|测试|筛查)"
)
# Classes that stand for a drug; others (退烧药) are what people call a drug that was named.
_TOLD_APART = frozenset(("antibiotic", "hormone"))
_NOUN = re.compile(r"[\u4e00-\u9fff]{2}")
_STOP = re.compile(r"[。;；!！?？\n]")
# What may be a part of the body behind 左 or 右: 左旋 and names of drugs are none.
_PART = re.compile(r"(?![左右旋氧卡甲炔西乙美佐手转拐移不的是])[\u4e00-\u9fff]")
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
    for match in _ALLERGENS_TESTED.finditer(text):
        if not any(
            name.kind == "test" and name.start < match.end() and match.start() < name.end for name in known
        ):
            found.append(_fact(text, "test", "过敏原检测", *match.span()))
    drugs = [name for name in known if name.kind == "drug"]
    found.extend(_routes(text, drugs))
    for match in _EYE.finditer(flat):
        found.append(_fact(text, "side", _EYES[match[1]], *match.span(1), of="眼"))
    if any(c in text for c in "左右双两单"):
        found.extend(_sides(text, known, drugs))
    found.extend(allergies(text, known))
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
        rf"(?P<s>左右(?=两?[侧边]|各)|(?<![\d厘毫米年月日天岁度周克])左右(?={paired})|左|右|[双两](?={paired})|单(?=[侧眼耳]))(?P<m>(?:两?[侧边面叶段]"
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
        plain = not organ and not quarter and side != "左右" and not any(c in middle for c in "侧边面半叶段")
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

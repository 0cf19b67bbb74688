"""The wording of a Chinese clause without what may turn it round: its words that deny and its sides.

Two clauses of one wording say the same or the opposite, whatever their words are: 大便通畅 and 大便不通畅 need no
list that has 通畅, nor 头往左转 and 头往右转 one of organs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsynth.text.facts.extract_zh_cues import PAIRED, QUESTION_WORDS
from medsynth.text.facts.extract_zh_names import Name

_NEGATIVE = re.compile(r"不|无|没有?")
_OTHER = 4  # what a word like 不畅 counts beside denials
_SHORTEST = 2  # characters; less is no wording
# What is left of a cue when its denial is taken out: 不适合 leaves 适合, 禁用 leaves 用.
DENYING = re.compile(
    r"\A(?:(?:但|并|也|还|都)?(?:没有|没|无|未|不|别|勿|非|否认|毫无|尚未|并不|并未|从不|从未|从来不|绝不|决不|切勿|千万不要|请勿"
    r"|尽量避免|尽量避开|尽量远离|尽量不要|避免|避开|躲开|远离|禁止|严禁|禁|慎|忌|戒除|戒|杜绝|停止|排除了|已排除|排除))"
    r"(?:见到|发现|发觉|闻及|扪及|触及|引出|见|及|出现|是|曾)?"
)
# Listed as no denial of their own, but the opposite of what they hold: 不通畅, 不超过.
OPPOSITE = re.compile(
    r"不(?:太好|是很好|怎么好|大好|算好|好|通|畅|清|稳|稳定|均|齐|全|佳|良|振|调|规则|对称|适|明|退|消|愈|耐受|透|洁|易|利|超过|低于|少于|高于|多于|大于|小于|好受|光滑|光洁|光整|平整|平稳|整齐|安稳|安定|安全)"
    r"|无(?:力|效|精神|痛)|没精神|没有精神|没(?:事|问题)"
)
# What comes and goes with a denial or with a manner of speaking, and says nothing by itself.
_LIGHT = re.compile(
    r"但是|可是|不过|而且|并且|同时|可以|感到|感觉|觉得|发现|出现|存在|任何|明显|一点儿?|有点儿?|有些|有少量|有过|伴有|伴随|什么|就算|即使|如果|可能"
    r"|是否|闻及|触及|扪及|未来|左右(?![侧边手脚眼耳肺肾腿上下])"
    r"|过(?![敏多度程大高快低])|(?<!其)[他她它]|[有伴带可能会要也还都就但并且而却又才只仍已曾的了地得是感很请您我你见及\W_]"
)
_SIDE = re.compile(
    r"左右(?=[侧边手脚眼耳肺肾腿上下])[侧边]?|[左右][侧边]?|[双两](?:[侧边]|(?="
    + "|".join(PAIRED)
    + r"))|单[侧边]|两侧"
)


def asks_both_ways(text: str, cue: Name) -> bool:
    """Whether a word that denies stands between a word and the same again: 大不大, 吃没吃."""
    return (
        cue.said in ("不", "没")
        and cue.start > 0
        and text[cue.start - 1] == text[cue.end : cue.end + 1]
        and text[cue.end] not in "，,。？?"
    )


def wording_of(
    text: str, start: int, stop: int, inside: Sequence[Name], asked: bool
) -> tuple[str, int, str] | None:
    """Return the wording of a clause, how often it denies (2 for a denied denial) and its sides in order.

    `inside`: the listed names of the clause, in order. A question (`asked`, or by its words) denies nothing; None for
    one without sides and for what is too short.
    """
    pieces: list[str] = []
    sides: list[str] = []
    at, behind, denied = start, -1, 0
    if asked and not any(char in text[start:stop] for char in "左右双两单"):
        return None
    for name in inside:
        if name.start < at:
            continue
        listed = name.kind == "finding" and _NEGATIVE.search(text, name.start, name.end)
        if listed or name.kind == "drug" or (name.kind == "cue" and name.value != "stop"):
            pieces.append(_without_sides(text[at : name.start], sides))
            at = name.end
            said = text[name.start : name.end]
            if listed:
                # 没力气 says what 力气没有了 does, 不适 is no denial.
                denied = denied | 1 if said[0] == "没" else denied + _OTHER
                pieces.append(_NEGATIVE.sub("", said, count=1))
            elif name.kind == "drug":
                pieces.append(said)
            elif name.value == "deny" and asks_both_ways(text, name):
                asked = True
            elif name.value in ("deny", "forbid") or (name.value == "behind" and said[0] in "不没"):
                # 无发热无咳嗽 denies once, as 无发热咳嗽 does; 并不排除 twice.
                denied |= 2 if behind == name.start else 1
                behind = name.end
                pieces.append(DENYING.sub("", said, count=1))
            elif name.value == "doubt" and said not in QUESTION_WORDS:
                asked = True
            elif name.value == "affirm" and said.endswith(("排除", "除外")):
                if "可能" not in text[start:stop]:  # 不排除可能 is no more than 可能
                    denied |= 2
            elif said == "不过敏":
                denied |= 1
                pieces.append("过敏")
            elif said in ("无症状", "无不适"):
                denied |= 1
                pieces.append(said[1:])
            elif OPPOSITE.match(said):
                denied += _OTHER
                pieces.append(said.lstrip("不无没有"))
            else:
                pieces.append(said)
    pieces.append(_without_sides(text[at:stop], sides))
    wording = _LIGHT.sub("", "".join(pieces))
    if len(wording) < _SHORTEST or (asked and not sides):
        return None
    return (f"{wording}?", 0, "".join(sides)) if asked else (wording, denied, "".join(sides))


def _without_sides(text: str, sides: list[str]) -> str:
    """Return a piece of a clause without its sides, which are noted."""
    if not any(char in text for char in "左右双两单"):
        return text

    def note(match: re.Match[str]) -> str:
        sides.append("双" if match[0].startswith(("两", "左右")) else match[0][0])
        return ""

    return _SIDE.sub(note, text)

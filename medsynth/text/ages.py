"""Ages in English and Chinese text: which numbers say how old somebody is, and which only look so.

A duration ("a 25 year history", "病史20年"), an age at onset ("since I was 12", "3岁时开始"), a bound or a
range ("over 60", "3岁以下", "20到30岁") is no current age. Whose age a mention is, `persons` decides.
"""

# ruff: noqa: E501 (word lists inside patterns are easier to read unbroken)

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from medsynth.records import AgeGroup, age_group_of
from medsynth.text.number_words_en import TENS, UNITS
from medsynth.text.patterns import bounded

OLDEST_YEARS = 115.0


@dataclass(frozen=True)
class AgeMention:
    """Characters `start:end` give an age: `years` where a number is known, the band in any case.

    `relative_to_kin` says that the words call somebody by age alone ("my 3 year old").
    """

    start: int
    end: int
    years: float | None
    group: AgeGroup


# ---------------------------------------------------------------- English

_ORDINAL_UNITS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
_WORD_VALUES = (
    {word: value for value, word in enumerate(UNITS)}
    | {word: 10 * (index + 2) for index, word in enumerate(TENS)}
    | {word: index + 1 for index, word in enumerate(_ORDINAL_UNITS)}
    | {word[:-1] + "ieth": 10 * (index + 2) for index, word in enumerate(TENS)}
    | {"hundred": 100, "a": 1, "an": 1}
)
_TENS_ALT = "|".join(TENS)
_UNITS_ALT = "|".join(sorted(UNITS[1:], key=len, reverse=True))
_NUMBER = rf"(?:\d{{1,3}}(?:\.\d)?|(?:one\s+)?hundred|(?:{_TENS_ALT})(?:[\s-](?:{_UNITS_ALT}))?|{_UNITS_ALT})"
_KIN = (
    "son|daughter|child|baby|toddler|mother|mom|mum|father|dad|husband|wife|partner|brother|sister|grand(?:mother|father|ma|pa|son|daughter)|"
    "uncle|aunt|friend|cousin|niece|nephew|boy|girl"
)
_NOT_AN_AGE_AFTER = (
    r"(?!\s*[-–/:.,]?\d)(?!\s*(?:%|°|percent|degrees?|weeks?|months?|days?|hours?|minutes?|times?|pounds?|lbs?|"
    r"kilos?|kgs?|mgs?|m\s?g\b|cm|inches|feet|foot|ft|miles?|years?\s+(?:smoke|cancer|drug|free|of|into|in|out|post|after|with|now|sober|"
    r"clean|married|ago|since|later)|out\s+of|or\s+\w+\s+times|on\s+(?:a|the)|o'?clock|packs?|pregnant|of\s+(?:us|them|the)|"
    r"in\s+total|siblings?|children|kids|units?|and\s+a\s+half\s+(?:weeks?|months?)))"
)
_EN_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (bounded(pattern, re.IGNORECASE), unit)
    for pattern, unit in (
        (rf"\b(?P<n>{_NUMBER})(?:\s+and\s+a\s+half)?[\s-]*years?[\s-]+(?:old|young|of\s+age)\b", "years"),
        (rf"\b(?P<n>{_NUMBER}|an?)[\s-]*(?:months?|mos?)[\s-]+old\b", "months"),
        (rf"\b(?P<n>{_NUMBER}|a)[\s-]*(?:weeks?|wks?)[\s-]+old\b", "weeks"),
        (rf"\b(?P<n>{_NUMBER}|a)[\s-]*days?[\s-]+old\b", "days"),
        (r"\b(?P<n>\d{1,3})\s?-?(?:y/o|yo|y\.o\.?|yrs?\.?\s+old)\b", "years"),
        (r"\b(?P<n>\d{2})\s?/?\s?(?:[MF])\b(?!\s*/?\d)(?!')", "years_case"),
        (r"\b[MF]\s?/?\s?(?P<n>\d{2})\b(?!\s*(?:mg|%))", "years_case"),
        (
            r"\b(?:male|female|man|woman)\s*[,/]\s*(?:aged?\s+)?(?P<n>\d{1,3})\b(?!\s*(?:years?\s+(?:ago|of)|%))",
            "years",
        ),
        (
            r"\b(?:man|woman|lady|gentleman|boy|girl)\s+of\s+(?P<n>\d{1,3})\b(?!\s*(?:%|kg|lb|stone|cm))",
            "years",
        ),
        (r"\b(?P<n>\d{2})\s*,?\s+(?:male|female)\b", "years"),
        (rf"\b(?:{_KIN})\s*[,(]\s*(?:aged?\s+)?(?P<n>{_NUMBER})\s*[,)]", "years"),
        (rf"\b(?:aged|my\s+age\s+is|(?:his|her)\s+age\s+is|age\s*[:=])\s*(?P<n>{_NUMBER})\b", "years"),
        (
            rf"\b(?:i\s+am|i'?m|i\s+just\s+turned|i\s+turned|(?:he|she|{_KIN})(?:\s+is|'s|\s+just\s+turned)|who\s+is|"
            rf"(?:[Yy]ou\s+are|you're))\s+(?:currently\s+|now\s+|only\s+|about\s+|just\s+|almost\s+|nearly\s+|already\s+)?"
            rf"(?P<n>{_NUMBER})\b{_NOT_AN_AGE_AFTER}",
            "years",
        ),
        (
            rf"\b(?:my|his|her|your)\s+(?P<n>(?:{_TENS_ALT})[\s-](?:{'|'.join(_ORDINAL_UNITS)})|"
            rf"(?:{'|'.join(w[:-1] + 'ieth' for w in TENS)})|\d{{1,3}}(?:st|nd|rd|th))\s+birthday\b",
            "years",
        ),
    )
)
_EN_DECADE = bounded(
    r"\b(?:in\s+)?(?:my|his|her|their|your)\s+(?:early\s+|mid[\s-]*|late\s+)?"
    r"(?P<d>teens|twenties|thirties|forties|fourties|fifties|sixties|seventies|eighties|nineties|[2-9]0'?s)\b",
    re.IGNORECASE,
)
_EN_WORDS: tuple[tuple[re.Pattern[str], AgeGroup], ...] = (
    (
        bounded(
            r"\b(?:i'm|i\s+am|as)\s+an?\s+(?:teenager|teenage\s+(?:girl|boy)|(?:college|university|high\s+school)\s+student)\b",
            re.I,
        ),
        "youth",
    ),
    (bounded(r"\b(?:my\s+teenage\s+(?:son|daughter|girl|boy))\b", re.I), "youth"),
    (bounded(r"\b(?:i'm|i\s+am|as)\s+(?:an?\s+)?(?:middle[\s-]aged)\b", re.I), "adult"),
    (
        bounded(
            r"\b(?:my\s+elderly|(?:i'm|i\s+am)\s+(?:elderly|a\s+senior\s+citizen|an\s+(?:elderly|old\s+(?:man|woman|lady))))\b",
            re.I,
        ),
        "elderly",
    ),
)
_EN_PAST = bounded(
    r"(?:\b(?:when|since)\s+(?:i|he|she)\s+was\s+(?:a|just\s+a)\s+(?:kid|child|teenager|baby|boy|girl)[^!?]{0,20}|\bor|\b(?:i|he|she|they|we|who)\s+(?:was|were)|\bwhen\s+(?:i|he|she|they|we)\s+(?:was|were|turned)|\bsince\s+(?:i|he|she|they)\s+(?:was|were|turned)|\bsince(?:\s+the)?(?:\s+age)?(?:\s+of)?|"
    r"\bat(?:\s+the)?\s+age(?:\s+of)?|\bat|\buntil(?:\s+the\s+age\s+of|\s+(?:i|he|she)\s+(?:was|were|turned))?|\bfrom(?:\s+age)?|\b(?:over|under|above|below|"
    r"older\s+than|younger\s+than|between|than|before|after|by)(?:\s+the)?(?:\s+age)?(?:\s+of)?|\bdied(?:\s+at)?|"
    r"\bcompared\s+to\s+an?|\bevery|\bfor|\blike\s+an?|\bwhile\s+(?:i|he|she)\s+(?:was|were))\s*(?:only\s+|about\s+|around\s+|a\s+)?$",
    re.IGNORECASE,
)
_EN_WHEN = bounded(r"\b(?:when|since|until|while|before|after|if)\s+$", re.IGNORECASE)
_EN_DECADE_PAST = bounded(
    r"\b(?:since|was|were|died|until|from|back|through|throughout|during)\s+(?:in\s+)?$", re.IGNORECASE
)
_DECADES = dict(
    zip(("teens", *(_t[:-1] + "ies" for _t in TENS)), range(10, 100, 10), strict=True), fourties=40
)


def english_number(text: str) -> float | None:
    """Return the value of digits, an English number word ("seventy six"), or an ordinal; None if neither."""
    digits = re.match(r"\d+(?:\.\d+)?", text)
    if digits:
        return float(digits.group())
    words = re.findall(r"[a-z]+", text.lower())
    if not words or any(word not in _WORD_VALUES for word in words):
        return None
    if words[-1] == "hundred":
        return 100.0
    return float(sum(_WORD_VALUES[word] for word in words))


def _english_ages(text: str) -> list[AgeMention]:
    found: list[AgeMention] = []
    for pattern, unit in _EN_FORMS:
        for match in pattern.finditer(text):
            # "34F" and "M/34" count in capitals only; `m` and `f` are units elsewhere.
            if unit == "years_case" and not re.search(r"[MF]", match.group()):
                continue
            before = text[max(0, match.start() - 40) : match.start()]
            if _EN_PAST.search(before) or _EN_WHEN.search(before):
                continue
            value = english_number(match.group("n"))
            if value is None:
                continue
            found.append(_mention(match.start(), match.end(), value, unit))
    for match in _EN_DECADE.finditer(text):
        if _EN_DECADE_PAST.search(text[max(0, match.start() - 24) : match.start()]):
            continue
        word = match.group("d").lower()
        decade = _DECADES.get(word) or int(word[:2])
        found.append(AgeMention(match.start(), match.end(), None, age_group_of(decade + 5)))
    for pattern, group in _EN_WORDS:
        found += [AgeMention(m.start(), m.end(), None, group) for m in pattern.finditer(text)]
    return found


# ---------------------------------------------------------------- Chinese

_ZH_DIGITS = {c: v for v, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "俩": 2}
_ZH_NUMBER = r"(?:\d{1,3}(?:\.\d)?|[一二三四五六七八九两]?十[一二三四五六七八九]?|一百(?:零?[一二三四五六七八九])?|[一二两三四五六七八九])"
_ZH_BETWEEN = bounded(
    rf"(?P<n>{_ZH_NUMBER})\s*(?P<vague>几|多|来|好几)?\s*(?:周|虚)?岁(?P<half>半)?(?P<months>(?:零|又)?{_ZH_NUMBER}\s*个多?月)?"
)
_ZH_HALF = bounded(r"(?<![\d一二三四五六七八九十两多])半岁")
_ZH_NOT_NOW_AFTER = bounded(
    r"\s*(?:时候|时|的时候|那年|那会|开始|起|以前|之前|前|后|以后|之后|以上|以下|以内|以外|之间|之内|得的?|发病|结婚|"
    r"生|去世|左右(?:时|开始|发|得|就)|才(?:来|开始|会|能|学|长)|到|至|[-~—－～]\s*\d|[、，]\s*\d{1,3}岁|来(?:的)?月经|来(?:的)?例假|初潮|绝经|戒|做的?手术|"
    r"当兵|参加|出国|进|上学|发育|已经(?:开始|有|得|患)|检查出|查出|确诊|患上|患病|染上|被)"
)
# 我才三十岁就有…: now; 我三十岁就有…: then.
_ZH_SINCE_THEN = bounded(r"\s*就(?:开始|得|有|患|走|去|死|发|生)")
_ZH_NOW_BEFORE = bounded(r"(?:才|刚|今年|现在|已经|都|只有|不到|现年)$")
_ZH_NOT_NOW_BEFORE = bounded(
    r"(?:从|自|(?<!现)在|到了?|至|满|超过|小于|大于|未满|不满|低于|高于|每|过了|等到?|活到?|时年|小我|大我|比我小|比我大|比我|小他|大他|相差|"
    r"\d\s*[-~—－～]\s*|\d一|\d[、，,]|[一二三四五六七八九十]到|\d到|\d至|[≥≤<>＜＞]\s*|去世|享年|像|以为|看上去|看起来|差)(?:我|他|她|才)?$"
)
_ZH_CONTEXT_YEARS = (
    bounded(
        rf"(?:今年|年龄|年纪|现年|年已)\s*(?:是|为|才|都|已经|刚|快|约|大概|[:：])*\s*(?P<n>{_ZH_NUMBER})(?P<vague>几|多)?(?=\s*(?:了|[，,。；;！!？?\s）)]|$|男|女))"
    ),
    bounded(
        r"(?:男|女)性?[，,/、:：\s]{0,3}(?P<n>\d{1,2}|[一二三四五六七八九]?十[一二三四五六七八九]?)(?P<vague>几|多)?(?=\s*(?:[，,。；;！!？?\s）)]|$))"
    ),
    bounded(r"(?<!\d)(?P<n>\d{2})(?P<vague>几|多)?[，,/、\s]{1,3}(?:男|女)性?(?=[，,。；;！!？?\s）)]|$)"),
)
_ZH_BABY = r"(?:宝宝|宝贝|孩子|小孩子|小孩|娃娃|娃|儿子|女儿|闺女|婴儿|幼儿|男宝|女宝|小宝|大宝|二宝|小家伙|小朋友|孙子|孙女)"
_ZH_MONTHS = tuple(
    bounded(pattern)
    for pattern in (
        rf"(?P<n>{_ZH_NUMBER})\s*个多?(?P<half>半)?(?P<unit>月|星期)零?(?:{_ZH_NUMBER}天)?(?:了)?大(?!小)",
        rf"(?P<n>{_ZH_NUMBER})\s*个?(?P<half>半)?(?P<unit>月|天|日|周)零?(?:{_ZH_NUMBER}天)?(?:大|龄)?(?:的|左右的)?(?:小|男|女|早产)?{_ZH_BABY}",
        rf"{_ZH_BABY}\s*(?:现在|今天|刚|才|已经|刚刚|快|是|有|，|,)?(?P<n>{_ZH_NUMBER})\s*个?多?(?P<half>半)?(?P<unit>月|天|周)零?(?:{_ZH_NUMBER}天)?(?=了|大|[，,。；;！!？?\s]|$)",
        rf"(?:出生|生下来)(?:才|刚|已经|有|后)?(?P<n>{_ZH_NUMBER})\s*个?多?(?P<half>半)?(?P<unit>月|天|周)",
        rf"(?P<n>{_ZH_NUMBER})(?P<half>半)?(?P<unit>月|日|周)龄",
    )
)
_ZH_PREGNANT = bounded(r"(?:怀孕|孕|怀|妊娠|胎儿|停经|产后|流产)[^，。；！？]{0,6}$")
_ZH_DURATION = bounded(r"(?:病|了|烧|咳|泻|吐|药|治|疗|院|有)[^，。；！？]{0,1}$")
_ZH_WORDS: tuple[tuple[re.Pattern[str], AgeGroup], ...] = (
    (
        bounded(r"(?:我是|本人是?|作为)(?:一?[个名位])?[^，。！？]{0,4}(?:大学生|高中生|高三学生|研究生)"),
        "youth",
    ),
    (bounded(r"(?:我是|本人是?)(?:一?[个名位])?[^，。！？]{0,4}小学生"), "child"),
    (bounded(r"(?:我是|本人是?|作为)(?:一?[个名位])?[^，。！？]{0,4}中年(?:人|妇女|男|女)"), "adult"),
    (
        bounded(
            r"(?:我是|本人是?|我们|作为)(?:一?[个名位])?[^，。！？]{0,4}(?:老年人|老人|老头|老太)|家里(?:的)?老人家?|[六七八九]旬|(?:年过)?(?:花甲|古稀|耄耋)"
        ),
        "elderly",
    ),
)


def chinese_number(text: str) -> float | None:
    """Return the value of digits or of a Chinese numeral up to 199 ("三十四", "两"); None if neither."""
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    if not text or any(c not in _ZH_DIGITS and c not in "十百" for c in text):
        return None
    hundreds = 0
    if "百" in text:
        text = text.split("百", 1)[1].lstrip("零")
        hundreds = 100
    if "十" in text:
        tens, units = text.split("十", 1)
        return float(hundreds + (_ZH_DIGITS[tens] if tens else 1) * 10 + (_ZH_DIGITS[units] if units else 0))
    return float(hundreds + (_ZH_DIGITS[text] if text else 0))


def _chinese_ages(text: str) -> list[AgeMention]:
    found: list[AgeMention] = []
    for match in _ZH_BETWEEN.finditer(text):
        before = text[max(0, match.start() - 8) : match.start()]
        if _ZH_NOT_NOW_AFTER.match(text, match.end()) or _ZH_NOT_NOW_BEFORE.search(before):
            continue
        if _ZH_SINCE_THEN.match(text, match.end()) and not _ZH_NOW_BEFORE.search(before):
            continue
        value = chinese_number(match.group("n"))
        if value is None or re.search(r"[\d.]$", before):
            continue
        if match.group("half"):
            value += 0.5
        if match.group("months"):
            months = chinese_number(re.sub(r"[零又个多月\s]", "", match.group("months")))
            value += (months or 0.0) / 12
        found.append(_chinese_years(match, value))
    found += [
        AgeMention(m.start(), m.end(), 0.5, "child")
        for m in _ZH_HALF.finditer(text)
        if not _ZH_NOT_NOW_AFTER.match(text, m.end())
    ]
    for pattern in _ZH_CONTEXT_YEARS:
        for match in pattern.finditer(text):
            value = chinese_number(match.group("n"))
            if value is not None:
                found.append(_chinese_years(match, value))
    for pattern in _ZH_MONTHS:
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 8) : match.start()]
            value = chinese_number(match.group("n"))
            if value is None or _ZH_PREGNANT.search(before) or re.search(r"[\d.~-]$", before):
                continue
            if not re.search("大|龄|出生|生下来", match.group()) and _ZH_DURATION.search(before):
                continue
            unit = {"月": "months", "天": "days", "日": "days"}.get(match.group("unit"), "weeks")
            half = 0.5 if match.group("half") else 0.0
            found.append(_mention(match.start(), match.end(), value + half, unit))
    for pattern, group in _ZH_WORDS:
        found += [AgeMention(m.start(), m.end(), None, group) for m in pattern.finditer(text)]
    return found


def _chinese_years(match: re.Match[str], value: float) -> AgeMention:
    if match.group("vague"):
        # 六十多岁: the decade is known, the year is not. 十几岁 spans two bands; most of it is youth.
        group = age_group_of(value + 5) if value >= 10 and value % 10 == 0 else age_group_of(value)
        return AgeMention(match.start(), match.end(), None, group)
    return _mention(match.start(), match.end(), value, "years")


# ---------------------------------------------------------------- both

_PER_YEAR = {"years": 1.0, "years_case": 1.0, "months": 12.0, "weeks": 52.0, "days": 365.0}


def _mention(start: int, end: int, value: float, unit: str) -> AgeMention:
    years = round(value / _PER_YEAR[unit], 2)
    return AgeMention(start, end, years, age_group_of(years))


def find_ages(lang: str, text: str) -> list[AgeMention]:
    """Return the current ages that `text` gives, in order, none overlapping; [] in other languages.

    Of overlapping readings the longest counts. Ages above 115 years are taken for slips.
    """
    if lang.startswith("zh"):
        found = _chinese_ages(text)
    elif lang.startswith("en"):
        found = _english_ages(text)
    else:
        return []
    kept: list[AgeMention] = []
    for mention in sorted(found, key=lambda m: (m.start - m.end, m.start)):
        if mention.years is not None and mention.years > OLDEST_YEARS:
            continue
        at = bisect_left(kept, mention.start, key=lambda m: m.start)
        clear_before = at == 0 or kept[at - 1].end <= mention.start
        if clear_before and (at == len(kept) or mention.end <= kept[at].start):
            kept.insert(at, mention)
    return kept


# ---------------------------------------------------------------- answers to "how old …?"

_EN_ASKED = bounded(
    r"\bhow\s+old\s+(?:is|are)\s+(?P<who>you|he|she|it|the\s+baby|the\s+patient|your\s+\w+)\b|\b(?:confirm|tell\s+me|what\s+is|what's)\s+(?P<age>your\s+age|his\s+age|her\s+age)\b|"
    r"\b(?P<and>your\s+age)\b",
    re.IGNORECASE,
)
_EN_SAID = bounded(
    rf"^\W*(?:(?:um|uh|well|oh|yes|sure|sorry|doctor|sir|ma'?am|so|he|she|it|is|i|am|i'm|he's|she's|about|almost|around|just|turned|only|now|"
    rf"will|be|good|morning|afternoon|my|age|currently)\b\W*){{0,8}}(?P<n>{_NUMBER})\b(?:\s+and\s+a\s+half)?(?:\s+(?P<unit>years?|months?|weeks?|days?))?(?!\s+(?:times|of|grand|kids|children))",
    re.IGNORECASE,
)
_ZH_ASKED = bounded(r"(?:多大|几岁|年龄|多少岁|年纪)[^。！？?]{0,8}[？?吗呢]")
_ZH_SAID = bounded(rf"^(?:我|今年|他|她|宝宝|孩子|是|现在|刚|，|,)*(?P<n>{_ZH_NUMBER})(?=[了，,。！\s]|$)")


def find_age_answer(lang: str, asked: str, answer: str) -> tuple[AgeMention, bool] | None:
    """Return the age that opens `answer` where `asked` asks for one, and whether it is the speaker's own."""
    if lang.startswith("zh"):
        question, said = _ZH_ASKED.search(asked), _ZH_SAID.match(answer)
        value = chinese_number(said.group("n")) if question and said else None
        if said is None or value is None:
            return None
        return _mention(said.start("n"), said.end("n"), value, "years"), False
    question, said = _EN_ASKED.search(asked), _EN_SAID.match(answer)
    if not lang.startswith("en") or question is None or said is None:
        return None
    who = (question.group("who") or question.group("age") or question.group("and")).lower()
    value = english_number(said.group("n"))
    if value is None or value > OLDEST_YEARS:
        return None
    if (
        who.startswith("your ")
        and who != "your age"
        and who.split()[1] not in ("son", "daughter", "baby", "child", "mother", "father")
    ):
        return None
    unit = (said.group("unit") or "years").lower().rstrip("s") + "s"
    return _mention(said.start("n"), said.end("n"), value, unit), who in ("you", "your age")

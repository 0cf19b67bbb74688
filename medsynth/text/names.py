"""Finding names of persons by what introduces them: a title, "my name is", 我叫, a field label.

Each `Rule` has a pattern and says what a match becomes. The lists of words that are not names, and of
characters that a Chinese given name does not have, were made by reading what the rules found in real
consultations.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from medsynth.text.given_names import GIVEN_NAMES, SURNAMES

Replace = Callable[[re.Match[str], str], str | None]


@dataclass(frozen=True)
class Rule:
    """A pattern for one kind of personal data. `replace(match, lang)` gives what is said instead, or None
    where the match is a false friend. Every match holds one of `hint` (a pattern): where none is, nothing is
    looked for."""

    kind: str
    pattern: re.Pattern[str]
    replace: Replace
    languages: tuple[str, ...] = ("en", "zh")
    hint: str = ""


def words(text: str) -> frozenset[str]:
    """Return the blank-separated words of `text` as a set."""
    return frozenset(text.split())


_WORD = r"(?:[OD]['’])?[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿA-ZÀ-ÖØ-Þ]{0,24}(?:-[A-Z][a-z]{1,20})?"
# Capitalised words behind a title that are not names: headings run into the text, sentence openings.
_NOT_NAMES = words(
    "A About After All Also Always An And Any Are As Ask At Because Before But By Call Can "
    "Causes Complications "
    "Contact Could Diagnosis Diagnosed Did Do Does Exams For From Go Good Has Have He Hello Her "
    "Here Hi His How I "
    "If In Is It Its Just Learn Let Make May Might More My Need Never No Not Now Of Oh Okay On "
    "Once Or Other Our "
    "Please Practitioner Practitioners Prescribes Questions Regular Right See She Should Signs Since So Some "
    "Symptoms Talk Tell Tests Thank Thanks That The Their Then There These They This Those "
    "Through To Treatment "
    "Visit Was We Well Were What When Where Which While Who Why Will With Without Would Yes You "
    "Your Shopping Who "
    "Order Orders Says Said Today Yeah Sure Sorry Ok Nice Welcome"
)
_DOCTOR = re.compile(
    rf"\b(?P<title>Dr\.|Dr|Doctor|doctor|Prof\.|Professor|Nurse)(?P<gap> {{1,2}})(?P<name>{_WORD}(?:"
    rf"(?: [A-Z]\.)? {_WORD}){{0,2}}|X\b)"
)
_PERSON = re.compile(
    rf"\b(?P<title>Mr|Mrs|Ms|Miss|Mister)\b(?P<gap>\.? {{1,2}})(?P<name>{_WORD}(?: {_WORD}){{0,2}})"
)
# Transcripts write "mrs . peterson" and "doctor taylor": "mr" and "ms" without a point, "miss" and "doctor" are
# followed by other words too, so there the name must be a listed one.
_LOWER = re.compile(
    r"\b(?P<title>mrs?|ms|dr|mister|doctor|miss|nurse|professor)\b(?P<dot> ?\. ?|"
    r" )(?P<name>(?!(?:doctor|nurse|miss)\b)[a-z]{2,15}(?:-[a-z]{2,15})?)"
    r"(?P<more> [a-z]{2,15})?(?![\w'’])"
)
_LOWER_NOT_NAMES = words(
    "i and the a an is are was you to in on at of it he she they we said says told my your his "
    "her here there how what so um uh "
    "arthrogram angiogram angiography imaging scan scans spectroscopy for with has had have will "
    "would can could but or if as"
)
_GREETING = re.compile(
    r"(?:\b(?:hi|hello|hey|morning|afternoon|evening|thanks|thank you|bye|goodbye|there|okay|yes|no"
    r"|well|so|care|please|sorry|dear|tell me|welcome|are you|right|else|correct) ?,? ?)$",
    re.I,
)
# What may follow a name written in lower case.
_AFTER_NAME = (
    r"(?:and|i|im|i'm|from|my|the|a|an|aged|age|with|who|but|so|years|here|calling|is|was|not|on|in)\b"
)
_INTRODUCED = re.compile(
    rf"(?P<lead>,? ?(?:\band )?)\b(?P<verb>(?:[Mm]y|[Hh]is|[Hh]er) (?:full |first |last )?name(?: is|'s|’s)|[Ii](?: a|'"
    rf"|’)m (?:called|named)|(?:[Tt]he )?[Pp]atient(?:'s)? [Nn]ame(?: is|:)|[Nn]ame:)"
    rf" (?P<name>(?:{_WORD}|[a-z]{{2,20}})(?: [A-Z]\.)?(?: (?:{_WORD}|(?!{_AFTER_NAME})[a-z]{{2,20}}))?)"
    rf"(?P<tail>,? and\b ?"
    rf"|[,;] ?|(?=\W|$))"
)
_I_AM = re.compile(
    r"\b(?P<verb>[Ii](?: a|'|’)m|[Tt]his is) (?P<first>[A-Z][a-z]{1,20}) (?P<last>[A-Z][a-z]{1,20})"
    r"(?P<tail>,? and\b|,|(?=[.!?;]| (?:calling|speaking|here)\b))"
)
_CAPITALISED_QUALITIES = re.compile(
    r"(?:African|Native|Asian|American|Hispanic|Latin|Puerto|Costa|South|North|East|West|New|British"
    r"|Irish|Scottish|English|"
    r"French|German|Italian|Chinese|Indian|Korean|Japanese|Mexican|Type|Stage|Rh|Blood|Vitamin|Grade"
    r"|Doctor|Dr|Nurse|Mr|Mrs|"
    r"Ms|Miss|Catholic|Jewish|Muslim|Roman|Christian|Medicare|Very|Not|So|The|My|Your|Saint|Middle"
    r"|White|Black|Caucasian)$"
)
_NO_NAMES = words(
    "not on in a an the spelled spelt wrong misspelled there listed written missing correct right here"
)


def _start_of_sentence(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 2) : match.start()].rstrip()
    return not before or before[-1] in ".!?:"


def _vocative(match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 14) : match.start()]
    after = match.string[match.end() : match.end() + 1]
    return (
        bool(_GREETING.search(before))
        or (after in {",", "!"} and _start_of_sentence(match))
        or (before.rstrip().endswith(",") and after in {".", "!", "?", ","})
    )


def _names_of(match: re.Match[str]) -> list[str]:
    """The words behind the title that can be a name."""
    words: list[str] = []
    for word in match["name"].split(" "):
        if word in _NOT_NAMES:
            break
        words.append(word)
    return words


def _titled(vocative: Callable[[str], str], mention: Callable[[str], str]) -> Replace:
    def replace(match: re.Match[str], lang: str) -> str | None:
        words = _names_of(match)
        if not words:
            return None
        rest = match["name"][len(" ".join(words)) :]
        called = _vocative(match)
        said = vocative(match["title"]) if called else mention(match["title"])
        return (said[0].upper() + said[1:] if _start_of_sentence(match) else said) + rest

    return replace


def _lower(match: re.Match[str], lang: str) -> str | None:
    title, name = match["title"], match["name"]
    listed = name in GIVEN_NAMES or name in SURNAMES
    sure = ("." in match["dot"] and title in {"mr", "mrs", "ms", "dr"}) or title == "mister"
    if name in _LOWER_NOT_NAMES or not (listed or sure):
        return None
    more = match["more"] or ""
    rest = "" if more.strip() in SURNAMES or more.strip() in GIVEN_NAMES else more
    called = _vocative(match)
    if title in {"dr", "doctor", "nurse", "professor"}:
        return ("" if called else "the ") + _medical_title(title.upper()) + rest
    man = title in {"mr", "mister"}
    return (("sir" if man else "ma'am") if called else ("the gentleman" if man else "the lady")) + rest


def _medical_title(title: str) -> str:
    return {"P": "professor", "N": "nurse"}.get(title[0], "doctor")


def _introduced(match: re.Match[str], lang: str) -> str | None:
    """Drop "my name is …" with its connector; a doctor who gives a name stays "the doctor"."""
    words = match["name"].split(" ")
    if words[0].lower().strip(".") in _NO_NAMES | {"is"} or words[0] in {"The", "Not"}:
        return None
    if words[0] in {"Dr", "Doctor", "Prof", "Professor", "Nurse"}:
        return f"{match['lead']}I am the {_medical_title(words[0])}{match['tail']}"
    start = _start_of_sentence(match)
    lead = "" if start else match["lead"].rstrip(" ,").removesuffix("and")
    tail = "" if start else match["tail"].removeprefix(",")
    return lead + tail


def _i_am(match: re.Match[str], lang: str) -> str | None:
    if _CAPITALISED_QUALITIES.match(match["first"]) or _CAPITALISED_QUALITIES.match(match["last"]):
        return None
    return "I am " if match["tail"] == "," else "I am here" + match["tail"]


_SURNAMES = (
    "王李张刘陈杨赵吴徐孙胡朱郭罗梁宋郑韩唐冯董萧曹袁邓傅沈彭吕苏卢蒋蔡贾丁魏薛阎潘杜戴钟汪姜姚"
    "谭廖邹熊陆郝崔邱秦侯邵孟钱尹黎"
    "乔贺龚窦樊兰殷施陶洪翟安颜倪严牛俞章鲁葛柳聂焦庞蓝裴闵翁甄冼"
)
# Surnames that are also common words or word endings ("任何医生", "每周医生"): they need a break before them.
_WORDLIKE = (
    "黄周高林何马谢程许曾叶余夏田任范方石金孔白康毛江史顾龙万段雷汤易常武文童路温毕齐华古欧景莫祁冉左季柴"
)
_COMPOUND = "欧阳|上官|司马|诸葛|司徒|东方|皇甫|尉迟|慕容|令狐"
# Characters that make a name impossible: function words, kin, medicine.
_GIVEN = (
    "(?![的了是在和有不我你他她它这那个们也就都还说给让去到来看要会能上下时候家院科谢请问您医"
    "生病药吃做没很太好吗呢吧啊从被把跟向对与"
    "或及因为所以什么怎多少先女子孙主任教授大夫护师阿姨叔爷奶伯婆公妈爸哥姐弟妹人市县省区年月日岁已经老小性"
    "炎痛])[\u4e00-\u9fff]"
)
# What a stated name has is looser: it ends where the clause does.
_STATED = (
    "(?![的了是在和有不我你他她它这那个们也就都还说给让去到来看要会能上下时候请问您什么怎岁])[\u4e00-\u9fff]"
)
_BREAK = r"(?:(?<=[^\u4e00-\u9fff])|(?<=[找请由是问见向跟让的好叫和])|^)"
_ZH_MEDICAL = (
    r"(?P<title>副?主任医师|主治医师|主治医生|住院医师|医生|大夫|主任|教授|医师|院长|护士长|护士|药师)"
)
_ZH_SOCIAL = r"(?P<title>先生|女士|小姐|太太|阿姨|叔叔|大爷|大妈|奶奶|爷爷|老太太|老先生|同学|老师)"
_ZH_DOCTOR = re.compile(
    rf"(?:(?:(?<![谢谁孙])|(?<=谢谢))(?:[{_SURNAMES}]|{_COMPOUND})|{_BREAK}[{_WORDLIKE}]"
    rf"|{_BREAK}[{_SURNAMES}]{_GIVEN}{{1,2}}){_ZH_MEDICAL}"
)
_ZH_PERSON = re.compile(
    rf"{_BREAK}(?:[{_SURNAMES}{_WORDLIKE}]|{_COMPOUND}|[{_SURNAMES}]{_GIVEN}{{1,2}}){_ZH_SOCIAL}"
)
_ZH_NAME = rf"(?:[{_SURNAMES}{_WORDLIKE}]|{_COMPOUND})(?:{_STATED}){{1,2}}"
_ZH_CALLED_NAME = re.compile(
    rf"(?P<who>(?:我|他|她|患者|病人|孩子|宝宝|儿子|女儿|妈妈|爸爸|母亲|父亲|朋友|同学|老公|老婆)"
    rf"(?:的?名字)?)(?:就是|就|是)?叫(?:做)?{_ZH_NAME}(?P<after>[，,]|(?=[。.；;！!？?、 ]|$|今年|现在"
    rf"|现年|是|\d|男|女))"
)
_ZH_LABELLED_NAME = re.compile(
    rf"(?:患者|病人)?姓名[:：是为 ]{{0,2}}{_ZH_NAME}(?=[，,。.；;！!？?、 ]|$|\d|男|女|性别|年龄)[，,、；; ]?"
)
_ZH_I_AM = re.compile(rf"我是(?:[{_SURNAMES}]|{_COMPOUND})(?:{_GIVEN}){{1,2}}(?=[，,。]|$)[，,]?")


def _zh_person(match: re.Match[str], lang: str) -> str:
    title = match["title"]
    if title not in {"先生", "女士", "小姐", "太太"} or match.string[match.end() : match.end() + 2] in {
        "您好",
        "你好",
    }:
        return title
    after = match.string[match.end() : match.end() + 1]
    before = match.string[max(0, match.start() - 1) : match.start()]
    return title if after in set("，,！!：:") or before == "好" else "这位" + title


def _zh_called(match: re.Match[str], lang: str) -> str:
    after = match.string[match.end() : match.end() + 1]
    if match["after"] or after not in set("。.；;！!？?、 "):
        return match["who"].removesuffix("名字").removesuffix("的")
    return ""


NAME_RULES: tuple[Rule, ...] = (
    Rule("name", _INTRODUCED, _introduced, ("en",), hint="[Nn]ame|called"),
    Rule("name", _I_AM, _i_am, ("en",), hint="[Ii](?: a|'|’)m |[Tt]his is "),
    Rule("name", _LOWER, _lower, ("en",)),
    Rule("name", _DOCTOR, _titled(_medical_title, lambda t: "the " + _medical_title(t)), ("en",)),
    Rule(
        "name",
        _PERSON,
        _titled(
            lambda t: "sir" if t in {"Mr", "Mister"} else "ma'am",
            lambda t: "the gentleman" if t in {"Mr", "Mister"} else "the lady",
        ),
        ("en",),
    ),
    Rule("name", _ZH_CALLED_NAME, _zh_called, ("zh",)),
    Rule("name", _ZH_LABELLED_NAME, lambda m, lang: "", ("zh",)),
    Rule("name", _ZH_I_AM, lambda m, lang: "", ("zh",)),
    Rule("name", _ZH_DOCTOR, lambda m, lang: m["title"], ("zh",)),
    Rule("name", _ZH_PERSON, lambda m, lang: _zh_person(m, lang), ("zh",)),
)

"""Kin and other persons named in English and Chinese text, and what each would make of the speaker.

"my son" makes the speaker a parent, "我妈" a child, "my husband" a spouse (unmarried partners count as
spouses), and grandparents, siblings, in-laws, friends an `other`. Whether the one named is the patient at
all is for `informant` to decide.
"""

# ruff: noqa: E501 (word lists inside patterns are easier to read unbroken)

from __future__ import annotations

import re
from dataclasses import dataclass

from medsynth.records import AgeGroup, Gender, Informant
from medsynth.text.patterns import bounded


@dataclass(frozen=True)
class Kin:
    """A person at `start:end`: what the speaker is to them, and their own sex and band where the word tells.

    `owned` is False for an English noun without "my" or "our" ("his brother", "a boy").
    """

    start: int
    end: int
    informant: Informant
    gender: Gender | None
    group: AgeGroup | None
    word: str
    owned: bool = True


_Entry = tuple[Informant, Gender | None, AgeGroup | None]


def _table(*rows: tuple[str, Informant, Gender | None, AgeGroup | None]) -> dict[str, _Entry]:
    return {
        word: (informant, gender, group) for words, informant, gender, group in rows for word in words.split()
    }


_EN = _table(
    ("son stepson", "parent", "male", None),
    ("daughter stepdaughter", "parent", "female", None),
    ("baby infant toddler newborn child kid", "parent", None, "child"),
    ("boy", "parent", "male", "child"),
    ("girl", "parent", "female", "child"),
    ("twins children kids eldest oldest youngest", "parent", None, None),
    ("mother mom mum mommy mama", "child", "female", None),
    ("father dad daddy papa", "child", "male", None),
    ("parents", "child", None, None),
    ("husband boyfriend hubby fiancé", "spouse", "male", None),
    ("wife girlfriend fiancée", "spouse", "female", None),
    ("spouse partner", "spouse", None, None),
    ("grandmother grandma granny nana", "other", "female", "elderly"),
    ("grandfather grandpa granddad", "other", "male", "elderly"),
    ("grandson", "other", "male", None),
    ("granddaughter", "other", "female", None),
    ("grandchild grandparents", "other", None, None),
    ("brother uncle nephew father-in-law son-in-law brother-in-law stepfather", "other", "male", None),
    ("sister aunt niece mother-in-law daughter-in-law sister-in-law stepmother", "other", "female", None),
    ("cousin friend roommate neighbor neighbour colleague coworker relative sibling", "other", None, None),
)
_EN_WORD = bounded(
    rf"\b(?:{'|'.join(sorted(_EN, key=len, reverse=True))})\b(?!-in-law)(?!\s+aspirin|\s+teeth)",
    re.IGNORECASE,
)
# "my", then words that describe ("my poor two-month-old baby girl"), none that start another thought.
_EN_OWNED = bounded(
    r"\b(?P<whose>my|our|your)(?:\s+(?!(?:and|or|with|was|is|are|has|had|that|who|to|of|in|for|his|her|friends?)\b)[\w-]+'?){0,5}\s+$",
    re.IGNORECASE,
)
_EN_COMPOUND = bounded(
    r"\b(?:my|our|your)\s+(?:\w+\s+)?(?:friend|husband|wife|brother|sister|son|daughter|mother|father|mom|dad|uncle|aunt|cousin|neighbou?r|boyfriend|girlfriend|partner)(?:'s|’s|s')\s+(?:\w+\s+)?$",
    re.IGNORECASE,
)
# A young child by age alone: "my 3 year old has had a fever".
_EN_BY_AGE = bounded(
    r"\b(?:my|our)\s+(?:(?:almost|nearly|poor|sweet)\s+)?[\w-]{1,12}(?:[\s-]and[\s-]a[\s-]half)?[\s-](?:year|yr|month|week|day)s?[\s-]old\b(?!\s+(?:\w+\s+){0,2}(?:son|daughter|"
    r"baby|boy|girl|child|kid|infant|toddler|mother|mom|mum|father|dad|husband|wife|brother|sister|grand\w+|uncle|aunt|niece|"
    r"nephew|cousin|friend|partner|body|self|injury|scar)\b)",
    re.IGNORECASE,
)

_ZH = _table(
    ("儿子 男宝宝 男宝 小儿子 大儿子", "parent", "male", None),
    ("女儿 闺女 女宝宝 女宝 小女儿 大女儿", "parent", "female", None),
    (
        "宝宝 宝贝 小宝宝 小宝 大宝 二宝 婴儿 婴幼儿 幼儿 新生儿 早产儿 小孩子 小孩 小朋友 儿童 小家伙 小娃 患儿",
        "parent",
        None,
        "child",
    ),
    ("小男孩", "parent", "male", "child"),
    ("小女孩", "parent", "female", "child"),
    ("孩子 娃娃 娃儿 娃 小儿", "parent", None, None),
    ("妈妈 母亲 老妈 妈咪 老娘 老母亲 老母", "child", "female", None),
    ("爸爸 父亲 老爸 爹 老爹 老父亲 家父", "child", "male", None),
    ("父母 爸妈", "child", None, None),
    ("老公 丈夫 男朋友 男友", "spouse", "male", None),
    ("老婆 妻子 媳妇 女朋友 女友", "spouse", "female", None),
    ("爱人 配偶 老伴 另一半", "spouse", None, None),
    ("爷爷 外公 姥爷 老爷爷", "other", "male", "elderly"),
    ("奶奶 外婆 姥姥 老奶奶", "other", "female", "elderly"),
    ("老人家 老人", "other", None, "elderly"),
    ("孙子 外孙", "other", "male", None),
    ("孙女 外孙女", "other", "female", None),
    (
        "哥哥 弟弟 表哥 表弟 堂哥 堂弟 叔叔 舅舅 伯伯 大伯 姑父 姨父 姐夫 妹夫 公公 岳父 侄子 外甥 堂兄 表兄 男同事 男性朋友",
        "other",
        "male",
        None,
    ),
    (
        "姐姐 妹妹 表姐 表妹 堂姐 堂妹 阿姨 姑姑 姑妈 舅妈 姨妈 婶婶 嫂子 婆婆 岳母 丈母娘 侄女 外甥女 闺蜜 姑奶 女同事 女性朋友",
        "other",
        "female",
        None,
    ),
    ("好朋友 好友 朋友 同事 同学 邻居 亲戚 室友 家人", "other", None, None),
)
# One syllable, or a word with another meaning, counts only behind 我 or 你.
_ZH_SHORT = _table(
    ("妈 娘", "child", "female", None),
    ("爸", "child", "male", None),
    ("哥 弟 叔 舅", "other", "male", None),
    ("姐 妹 姨 姑", "other", "female", None),
    ("先生", "spouse", "male", None),
    ("太太", "spouse", "female", None),
    ("对象", "spouse", None, None),
)
_ZH_WORD = bounded(
    rf"(?P<long>{'|'.join(sorted(_ZH, key=len, reverse=True))})|(?<=[我你您俺咱])(?:家|的|们家)?(?P<short>{'|'.join(_ZH_SHORT)})"
)
_ZH_NOT_KIN_BEFORE = bounded(r"(?:大|来|没)$")
_ZH_NOT_KIN_AFTER = bounded(r"(?:麻痹|氨|豉翘|推拿|柴桂|化积|金丹|七星|灵|用药|房|床|装|节目|帮)")
_ZH_OF = bounded(r"^(?:的|他|她|家|家的)?$")
_GIRL = bounded(r"(?:女|闺女)")


def _chinese_kin(text: str) -> list[Kin]:
    found: list[Kin] = []
    for match in _ZH_WORD.finditer(text):
        word = match.group("long") or match.group("short")
        start, end = match.start("long" if match.group("long") else "short"), match.end()
        if word == "姨妈" and _ZH_NOT_KIN_BEFORE.search(text[max(0, start - 1) : start]):
            continue
        if word in ("小儿", "宝宝", "儿童") and _ZH_NOT_KIN_AFTER.match(text, end):
            continue
        if word == "宝贝" and text[end : end + 1] == "疙":
            continue
        informant, gender, group = _ZH.get(word) or _ZH_SHORT[word]
        kin = Kin(start, end, informant, gender, group, word)
        # 朋友的爸爸, 嫂子的孩子: the second is the person, and no closer to the speaker than the first.
        if found and found[-1].end <= start and _ZH_OF.match(text[found[-1].end : start]):
            previous = found.pop()
            if previous.informant == "parent" and informant == "child":
                # 孩子的爸爸 is the speaker's spouse.
                kin = Kin(previous.start, end, "spouse", gender, None, word)
            elif previous.informant == "spouse" and informant == "parent":
                kin = Kin(previous.start, end, "parent", gender, group, word)
            elif previous.informant == "parent" and informant == "parent":
                kin = Kin(
                    previous.start, end, "parent", gender or previous.gender, group or previous.group, word
                )
            elif start == previous.end and informant == previous.informant:
                kin = Kin(previous.start, end, informant, gender or previous.gender, group, word)
            else:
                kin = Kin(previous.start, end, "other", gender, group, word)
        found.append(kin)
    return found


def _english_kin(text: str) -> list[Kin]:
    found: list[Kin] = []
    for match in _EN_WORD.finditer(text):
        word = match.group().lower()
        informant, gender, group = _EN[word]
        before = text[max(0, match.start() - 60) : match.start()]
        if _EN_COMPOUND.search(before):
            found.append(Kin(match.start(), match.end(), "other", gender, None, word))
            continue
        owned = _EN_OWNED.search(before) is not None
        if found and match.start() - found[-1].end <= 1 and found[-1].informant == informant:
            # "baby girl", "little boy child": one person.
            last = found.pop()
            found.append(
                Kin(
                    last.start,
                    match.end(),
                    informant,
                    gender or last.gender,
                    group or last.group,
                    word,
                    last.owned,
                )
            )
            continue
        found.append(Kin(match.start(), match.end(), informant, gender, group, word, owned))
    for match in _EN_BY_AGE.finditer(text):
        found.append(Kin(match.start(), match.end(), "parent", None, None, "year old"))
    return sorted(found, key=lambda kin: kin.start)


def find_kin(lang: str, text: str) -> list[Kin]:
    """Return the persons named in `text`, in order; [] in languages other than English and Chinese."""
    if lang.startswith("zh"):
        return _chinese_kin(text)
    return _english_kin(text) if lang.startswith("en") else []

"""What text tells of somebody's sex: said outright ("a 34 year old woman", 男，25岁), or certain to follow
from a condition that one sex alone has (pregnancy, periods, prostate).

Breast disease is no cue: men have it too. Words that both partners use alike (intercourse, semen, trying
for a child) are none either. Whose sex a cue tells, `persons` decides.
"""

# ruff: noqa: E501 (word lists inside patterns are easier to read unbroken)

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from medsynth.records import Gender
from medsynth.text.patterns import bounded


@dataclass(frozen=True)
class SexCue:
    """Characters `start:end` say `gender`: `stated` outright, `inferred` from a condition, or by `title`."""

    start: int
    end: int
    gender: Gender
    kind: Literal["stated", "inferred", "title"]


_EN_AGE = r"(?:\d{1,3}|[a-z]{1,12}(?:[\s-][a-z]{1,12})?)[\s-]*(?:years?|yrs?)[\s-]*(?:old|young)|\d{1,3}\s?(?:y/?o|yrs?)"
_EN_WHO = (
    rf"\b(?:I\s+am|I'm|I\s+identify\s+as|as)\s+(?:(?:an?|the)\s+)?(?:{_EN_AGE})?[\s,]*(?:[\w-]+\s+){{0,3}}?"
)
_F = r"woman|female|lady|girl|housewife|mother|mom|mum|grandmother|widow|waitress"
_M = r"man|male|gentleman|guy|boy|father|dad|grandfather|widower"
_SELF_NOUN_END = r"\b(?!\s*[-']\s*\w)(?!\s+(?:doctor|friend|nurse|pattern|condom|hormone|genital))"


def _compile(pattern: str) -> re.Pattern[str]:
    return bounded(pattern, re.IGNORECASE)


_EN_STATED: tuple[tuple[re.Pattern[str], Gender], ...] = (
    (_compile(_EN_WHO + rf"(?:{_F}){_SELF_NOUN_END}"), "female"),
    (_compile(_EN_WHO + rf"(?:{_M}){_SELF_NOUN_END}"), "male"),
    (_compile(rf"\b(?:{_EN_AGE})[\s,]*(?:[\w-]+\s+){{0,2}}?(?:woman|female|lady|girl)\b"), "female"),
    (_compile(rf"\b(?:{_EN_AGE})[\s,]*(?:[\w-]+\s+){{0,2}}?(?:man|male|gentleman|boy|guy)\b"), "male"),
    (bounded(r"\b(?:\d{2}\s?/?\s?F|F\s?/?\s?\d{2})\b(?!\s*/?\d)(?!')"), "female"),
    (bounded(r"\b(?:\d{2}\s?/?\s?M|M\s?/?\s?\d{2})\b(?!\s*(?:/?\d|mg))(?!')"), "male"),
    (
        _compile(
            r"\b(?:female|woman)\s*[,/]\s*(?:aged?\s+)?\d{1,3}\b|\b\d{2}\s*,?\s+female\b|\bsex\s*[:=]\s*f(?:emale)?\b|\bgender\s*[:=]\s*f(?:emale)?\b"
        ),
        "female",
    ),
    (
        _compile(
            r"\b(?:male|man)\s*[,/]\s*(?:aged?\s+)?\d{1,3}\b|\b\d{2}\s*,?\s+male\b|\bsex\s*[:=]\s*m(?:ale)?\b|\bgender\s*[:=]\s*m(?:ale)?\b"
        ),
        "male",
    ),
    (
        _compile(
            r"\b(?:old\s+)?(?:white|black|asian|hispanic|african[\s-]american|caucasian|latina)\s+(?:female|woman|lady)\b"
        ),
        "female",
    ),
    (
        _compile(
            r"\b(?:white|black|asian|hispanic|african[\s-]american|caucasian|latino)\s+(?:male|man|gentleman)\b"
        ),
        "male",
    ),
)
_EN_INFERRED: tuple[tuple[re.Pattern[str], Gender], ...] = (
    (
        _compile(
            r"\b(?:pregnan(?:t|cy|cies)|miscarriages?|c-section|hysterectomy|menopaus\w*|postmenopausal|menstrua\w+|ovar(?:y|ies|ian)|"
            r"uterus|uterine|cervi(?:x|cal\s+cancer)|pap\s+smears?|vagina\w*|endometriosis|vulva\w*|pcos|pcod|"
            r"(?:my|last|first|missed|late|heavy|irregular|your|menstrual)\s+(?:menstrual\s+)?(?:periods?)(?!\s+of)|breast[\s-]?feeding|"
            r"my\s+(?:ob[\s/-]?gyn|gynecologist|tubes\s+tied)|tubal\s+ligation|birth\s+control\s+pills?|gave\s+birth|"
            r"your\s+(?:last\s+)?mammogram|mammograms?|iud)\b"
        ),
        "female",
    ),
    (
        _compile(
            r"\b(?:prostate|prostat\w+|testic\w+|testes|testis|penis|penile|erectile|erections?|vasectomy|foreskin|scrot\w+|psa\s+(?:level|test)|"
            r"epididym\w+|varicocele)\b"
        ),
        "male",
    ),
)
_EN_TITLE: tuple[tuple[re.Pattern[str], Gender], ...] = (
    (
        _compile(
            r"(?:,\s*|\b(?:hi|hello|hey|morning|afternoon|evening|thanks?|you|okay|yes|no|alright|welcome|sorry)\s+(?:there\s+)?,?\s*)(?:ma'?am|ma’am|madam|miss|young\s+lady)\b"
            r"|(?:^|[.?!]\s+)(?:ma'?am|miss|madam|young\s+lady),|(?:\b(?:hi|hello|hey|morning|afternoon|evening|welcome)[\w\s]{0,24},?\s*)(?:mrs|ms|miss)\.?\s+[A-Z]"
        ),
        "female",
    ),
    (
        _compile(
            r"(?:,\s*|\b(?:hi|hello|hey|morning|afternoon|evening|thanks?|you|okay|yes|no|alright|welcome|sorry)\s+(?:there\s+)?,?\s*)(?:sir|young\s+man|buddy|dude)\b"
            r"|(?:^|[.?!]\s+)(?:sir|young\s+man),|(?:\b(?:hi|hello|hey|morning|afternoon|evening|welcome)[\w\s]{0,24},?\s*)(?:mr|mister)\.?\s+[A-Z]"
        ),
        "male",
    ),
)

_ZH_AGE = r"(?:\d{1,3}|[一二三四五六七八九两十]{1,3})(?:多|几)?(?:周|虚)?岁(?:了|半)?"
_ZH_TAIL = r"(?:性|生|孩子|孩|士|子|婴|娃)?"
_ZH_NOT_WORD = r"(?!朋友|友|科|方|儿|的|女|人|同|双|用|宝|优|厕|装|病)"
_ZH_ENTRY_END = r"(?=\s*(?:[，,。；;:：！!？?、/（）()\s\d]|今年|现年|年龄|患者|病人|病患|婚|未婚|已婚|一直|[一二三四五六七八九]?十|$))"


def _zh_stated(char: str) -> re.Pattern[str]:
    return bounded(
        rf"(?:本人|患者|病人|患儿|性别)(?:是|为|[，,:： ]){{0,4}}(?:一?[个名位])?{char}{_ZH_TAIL}{_ZH_NOT_WORD}"
        rf"|(?:我|俺)(?:[，,: ]|今年|是){{0,4}}(?:一?[个名位])?(?:{_ZH_AGE})?[，, 、的]*{char}{_ZH_TAIL}{_ZH_NOT_WORD}{_ZH_ENTRY_END}"
        rf"|(?:我|本人|俺)(?:还|就|今年|现在)?(?:只)?是(?:一?[个名位])?(?:[\d一-龥]{{0,10}}?[的])?{char}(?:性|生|士|孩子|孩|的|人)(?!朋友|科|友)"
        rf"|{_ZH_AGE}[，,、 的]*(?:[一-龥]{{0,4}}?)(?<!男)(?<!女){char}(?:性|生|士|孩子|孩|子|婴|患者|人|，|,|。|$)(?!朋友)"
        rf"|(?:^|[\n，,。；;（(:：\s]){char}{_ZH_TAIL}{_ZH_NOT_WORD}[，,、 :：]*(?:患者)?(?:今年|现年|年龄)?[:： ]?(?:{_ZH_AGE}|\d{{1,2}}(?=[，,。；; ）)]))"
        rf"|作为(?:一?[个名位])?(?:[一-龥]{{0,5}}?){char}(?:性|人|生|士)"
    )


_ZH_STATED: tuple[tuple[re.Pattern[str], Gender], ...] = (
    (_zh_stated("女"), "female"),
    (_zh_stated("男"), "male"),
)
_ZH_INFERRED: tuple[tuple[re.Pattern[str], Gender], ...] = (
    (
        bounded(
            r"怀孕|怀上(?:了|孩|宝|小孩|二胎)|早孕|孕期|孕周|孕妇|有孕|[我已]孕|孕[\d一二三四五六七八九十]{1,2}|妊娠|月经|例假|大姨妈|来月事|痛经|闭经|停经|经期|经血|绝经|白带|宫颈|子宫|宫外孕|卵巢|排卵|阴道|外阴|"
            r"流产|人流|引产|剖腹产|剖宫产|顺产|产后|坐月子|月子里|哺乳期|喂奶|母乳|盆腔炎|附件炎|妇科|阴超|多囊|霉菌性|上环|取环|上避孕环|哺乳妈妈|产妇|孕妈|奶水|胎动|胎儿|宝妈"
        ),
        "female",
    ),
    (
        bounded(
            r"前列腺|阴茎|睾丸|龟头|包皮|早泄|阳痿|遗精|勃起|附睾|阴囊|精索|不射精|冠状沟|少精|弱精|死精|男科"
        ),
        "male",
    ),
)
_ZH_TITLE: tuple[tuple[re.Pattern[str], Gender], ...] = (
    (
        bounded(
            r"(?:(?:^|[，,。！!\s])(?:这位)?(?:女士|小姐|美女|姑娘|大妈|大娘|阿姨|大姐)(?=[，,。！!：:\s]|您|你)|(?:您好|你好)[，,]?(?:这位)?(?:女士|小姐|美女|姑娘|大妈|阿姨|大姐))"
        ),
        "female",
    ),
    (
        bounded(
            r"(?:(?:^|[，,。！!\s])(?:这位)?(?:先生|小伙子|大爷|大叔|老大爷|帅哥|大哥|兄弟)(?=[，,。！!：:\s]|您|你)|(?:您好|你好)[，,]?(?:这位)?(?:先生|小伙子|大爷|大叔|帅哥|大哥))"
        ),
        "male",
    ),
)


def find_sex_cues(lang: str, text: str) -> list[SexCue]:
    """Return every cue in order of place, statements before inferences where they start together.

    Titles ("sir", 女士) are meant for the text of the doctor, who addresses the speaker.
    """
    zh, en = lang.startswith("zh"), lang.startswith("en")
    if not zh and not en:
        return []
    tables: tuple[
        tuple[tuple[tuple[re.Pattern[str], Gender], ...], Literal["stated", "inferred", "title"]], ...
    ] = (
        (_ZH_STATED if zh else _EN_STATED, "stated"),
        (_ZH_INFERRED if zh else _EN_INFERRED, "inferred"),
        (_ZH_TITLE if zh else _EN_TITLE, "title"),
    )
    found = [
        SexCue(match.start(), match.end(), gender, kind)
        for table, kind in tables
        for pattern, gender in table
        for match in pattern.finditer(text)
    ]
    return sorted(found, key=lambda cue: (cue.start, cue.kind != "stated", cue.end))

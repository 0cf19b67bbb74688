"""Finding sentences that lean on something a listener cannot have: a picture, a table, a link.

A sentence either *rests* on it (what it says was read off a picture) or merely *points* to it ("see the
table below", "please upload a photo"): without the latter a text can stand. Words that only look alike
(心电图, "CT imaging", "stable", "put it on the table") are not matched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from medsynth.text.clean import URL_MASK, mask_urls
from medsynth.text.sentences import split_sentences

Kind: TypeAlias = Literal["image", "table", "link"]


@dataclass(frozen=True)
class Dependence:
    """Characters `start:end` of the text are a sentence that leans on a `kind`; it `rests` on it or points to it."""

    kind: Kind
    start: int
    end: int
    rests: bool


_PICTURE = r"(?:picture|photo(?:graph)?|image|illustration|diagram|drawing|figure|graph)s?"
_EN_IMAGE_RESTS = re.compile(
    rf"\b(?:this|these|those|that|the|my|your|attached|following) {_PICTURE} (?:(?:that )?(?:I|you|we)"
    rf"(?:'ve| have)? "
    r"(?:just )?(?:sent|shared|attached|uploaded|posted|provided|took)|below|above)\b"
    r"|\b(?:photo|picture|x-?ray|scan|report|image)s? (?:that )?(?:I|you)(?:'ve| have)? (?:sent"
    r"|attached|uploaded|posted)\b"
    r"|\b(?:I|we) (?:have |'ve )?(?:just )?(?:attached|uploaded|posted|enclosed) (?:a|an|the|some|my"
    r"|his|her|our|two|three) "
    r"|\b(?:please )?(?:find|see) (?:the )?(?:attached|enclosed)\b|\bas attached\b|\b(?:attached"
    r"|enclosed) (?:is|are) "
    r"|\b(?:looking at|based on|judging by|going by|according to|from) (?:the|your|this) (?:photo"
    r"|picture)s?\b(?! of)"
    r"|\bin the (?:photo|picture)s? you\b",
    re.I,
)
_EN_IMAGE_POINTS = re.compile(
    r"\b(?:figure|fig\.?) ?(?:\d{1,2}[a-z]?\b|[A-C]\b(?= (?:shows?|depicts?|illustrates?|is|and)))"
    rf"|\b(?:(?:the|this|these) )?{_PICTURE} (?:below|above|on the (?:right|left)|to the (?:right|left))\b"
    rf"|(?:^|[(;,.:] ?|\bplease |\b(?:and|or) )(?:see|refer to|look at|view) (?:the |this |my |these "
    rf"|following )*{_PICTURE}\b"
    r"|\b(?:the|this) (?:illustration|diagram|animation|drawing|photograph) (?:below |above )?(?:shows?"
    r"|illustrates?|depicts?)\b"
    r"|\b(?:upload|send|attach|post|share|email)\b[^.?!;]{0,20}\b(?:photo|picture|image)s?\b",
    re.I,
)
_EN_TABLE = re.compile(
    r"\b(?:the |this |following )?(?:table|chart)s? (?:below|above|on the next page)\b|\b(?:see"
    r"|refer to|in) (?:the )?table \d"
    r"|\btable \d{1,2}\b(?! ?(?:tablets|spoon))|\b(?:the )?(?:following|accompanying|above) (?:table|chart)\b"
    r"|\buse (?:the|this) (?:table|chart) (?:on pages?|to (?:learn|find|see|work out))\b"
    r"|\blisted [oi]n th(?:is|e) table\b"
    r"|\b(?:this|the) (?:table|chart) (?:shows?|offers?|lists?|gives?|includes?|summari[sz]es|describes)\b"
    r"|\bApproximate number of patients\b|\(HPO\) has collected information|\bfrequency "
    r"(?:of a sign or symptom is usually|may also be)"
    r" listed\b|\bnumber of the fraction is\b|\bBecause these frequencies are based\b|\bfrequency of 25/25\b",
    re.I,
)
_EN_GO = r"(?:see|go to|visit|read|check out|refer to|view)"
# What can be read or visited: anything but somebody, or somewhere to be treated.
_EN_TITLE = (
    r"(?!(?:(?:your|a|an|the|his|her|their|my|our|one of|with) )?(?:[\w'’-]+ ){0,3}?(?:doctors?|physicians?"
    r"|providers?|nurses?|pharmacists?|specialists?|dentists?|clinics?|hospitals?|emergency|counsell?ors?"
    r"|genetics? professionals?|(?:\w{3,20}(?:ologists?|icians?|iatrists?|therapists?))|GP|ER|him|her|them|us|me"
    r"|(?-i:if|how|what|whether|that|it))\b)(?!\d)"
)
_EN_LINK = re.compile(
    r"\bclick(?:ing)? (?:here|on|the|below)\b|\b(?:these|the following) (?:resources|links"
    r"|organi[sz]ations|web ?sites)\b"
    r"|\b(?:visit|see|check out|browse|find(?:ing)? [^.?!]{0,30} on|available (?:at|on"
    r"|from)) [^.?!]{0,60}\b(?:web ?sites?|web ?pages?|home ?page)\b"
    r"|\b(?:watch|view) (?:the|this|a) (?:video|animation)\b|\bthis (?:short )?video\b|"
    r"\bcheck out [^.?!]{1,40}\bonline\b|\bto (?:enlarge|reduce) the video\b"
    r"|\b(?:go to|see|read) the [^.?!]{0,80}\b(?:article|fact sheet|Health Topics|PDQ summary)\b"
    r"|\b(?:on|content on|using) this page\b|\bthis page (?:is|has|lists|offers|provides|contains)\b"
    r"|\bweb ?sites for you\b"
    r"|\b(?:following|these|this) (?:link|web ?site|web ?page|web address)s?\b|\blinks? (?:below|above)\b"
    # Leads elsewhere: a section, a page, a brochure. Who is to be seen or asked is no such place.
    rf"|\b(?:for|to (?:get|find|read|see)) (?:more|further|additional)\b[^?!;]{{0,160}}?\b{_EN_GO} {_EN_TITLE}"
    rf"|\bto (?:learn|find out|know) more\b[^?!;]{{0,160}}?\b{_EN_GO} {_EN_TITLE}"
    rf"|\b{_EN_GO} {_EN_TITLE}[^?!;]{{1,200}}\b(?:for (?:more|further|additional)\b[^.?!]{{0,30}}\binformation"
    r"|to (?:learn|find out|read) more)\b"
    r"|\b(?:more|further|additional) information\b[^?!;]{0,140}\b(?:(?:is|are) (?:provided|given|available)"
    r"|can be (?:found|located|obtained)) (?:in|on|at)\b"
    r"|\bcan be found (?:in|on|at) [^.?!]{0,60}\b(?:section|chapter|web ?site|page|booklet|article)s?\b"
    r"|\b(?:see|read) (?:the|our|this) [^.?!]{0,60}\b(?:sections?|chapters?|pages?|booklets?|brochures?)\b"
    r"|\b(?:for|are|provides?|has|offers) links to\b|\bregister to view\b|\bleaving an? [\w ]{1,30}web ?site\b"
    r"|\bsee an? (?:video|animation|slide ?show)\b|\breplay the (?:video|animation)\b|\bA-Z (?:list|index)\b"
    r"|\bthe (?:web ?site|web ?page) (?:also )?(?:provides|has|offers|contains|lists|includes)\b"
    r"|\[[^\[\]]{0,30}\b(?:PDF|KB|MB|\d{1,3} pages?)\b[^\[\]]{0,20}\]",
    re.I,
)
# Titles that were links: what is left of a page's navigation between its paragraphs.
_EN_NAVIGATION = re.compile(
    r"\A\W*(?:More on:.{0,120}|Related (?:Pages|Links|Topics|Resources)\b.{0,80}|For (?:more|additional) information"
    r"|(?:General|Additional|Related|More) Information|(?:Information|Resources) for (?:[A-Z][\w&,-]* ?){1,5})\W*\Z"
)
# A sentence about a page goes on in the next one: "It includes materials for you."
_EN_PAGE = re.compile(r"\bth(?:is|ese) (?:web ?)?(?:page|site)s?\b", re.I)
_EN_PAGE_GOES_ON = re.compile(
    r"\A\W*(?:It|They|We) (?:also )?(?:include|contain|provide|offer|list|describe|explain|cover|give)s?\b"
    r"|\A\W*There (?:is|are) [^.?!]{0,80}\b(?:links?|quizz?(?:es)?|games|(?:web ?)?sites|pages|videos)\b",
    re.I,
)

_ZH_IMAGE_RESTS = re.compile(
    r"点击查看大图|查看附件|(?<![比例诸])如[下上附右左]?图(?![书像学文谱])|"
    r"(?<![意])见[下附上右左]?图(?![书像学]|下方)|"
    r"(?<![晚早网])以[下上]图片|附图"
    r"|(?<![晚早网])(?:[从据看]|根据|结合|融合)(?:您|你)?(?:的|了|上|下|这|张|发|过来|提供|上传)*(?:上"
    r"|下)?图(?:片)?(?![书像学形案])"
    r"|(?:网上|电视上|书上)?(?<!电)(?<!振)(?<!超)(?<!线)(?<!光)(?<!CT)(?<!镜)图片(?!检查)"
    r"|(?:根据|从|看[了过]?|见|结合|融合|发|传|上传|提供|附|收到|谢谢|感谢)[^。！？!?，,；;]{0,12}照片"
    r"(?!时|的时候)"
    r"|(?<![部胸光])照片(?:来看|看|上看|上面|显示|可以看出|看不|打不开|不清)|图[中上](?:所示|显示|"
    r"看|可见|的)|"
    r"(?<![心电脑])图所示|下图|图示"
    r"|(?<!建议)(?<!可以)(?<!重新)(?<!请)(?<!没)上传(?:了|的|过)|(?:已|已经|我|刚)上传|以下是?(?:我的)?"
    r"(?:检查|化验)?(?:图片|照片)"
)
_ZH_IMAGE_POINTS = re.compile(
    r"(?:发|传|(?<!自己)拍|提供|上传|补充)[^。！？!?，,；;]{0,10}(?:图片(?!检查)|照片|(?<![电超影])图"
    r"(?![书像学]))[^。！？!?，,；;]{0,4}(?:给我|过来|上来|分析|吗|帮|看看|让)"
    r"|(?:建议|可以|请|最好|能否|能不能|可否|麻烦|重新|需要|把|将|应将)[^。！？!?；;]{0,24}(?:上传"
    r"(?!染)|(?<!头)发来(?!自)|发过来|传上来|拍照片给)"
    r"|上传(?:化验单|检查单|资料|片子|病历)|(?:没有?|未|看不)(?:有|看)?(?:到|见"
    r"|清)[^。！？!?，,；;]{0,4}(?:图片|照片|化验单)"
    r"|(?:提供|发)(?:一?[张个些份]|一下|清晰的?|你的|您的)*(?:图片|照片)(?!信息)"
)
_ZH_TABLE = re.compile(
    r"(?:见|如)[下上附右左]表(?![示现达情明面层皮])|(?:见|如)表(?:格|\d|[一二三四]|所示)|(?:^"
    r"|[，。；：在从按据由照])(?:下|上|附)表(?=[中所为列示，。：:）)]|格)"
    r"|以下表格|表格(?:中|如下|所示|里)|如下表"
)
_ZH_LINK = re.compile(
    r"点击(?:链接|这里|下方|下面|查看|此处|进入)|(?:见|看|以下|下面|打开|复制|这个)的?(?:链接|"
    r"网址|网页)|公众号|扫码|二维码|点(?:击)?在线专家"
    r"|点击[^。！？!?，,；;]{0,14}(?:按钮|咨询|名片|头像|专家|对话|详情|图标|交流)|(?:咨询|交流|"
    r"专家|对话)按钮|(?:登[录陆]|访问|浏览|进入?)[^。！？!?，,]{0,8}(?:网址|网站|官网)"
)
# Pictures that the patient only tells of are no pictures that the text needs.
_ZH_TOLD = re.compile(
    r"(?:网上|网络上|书上|电视上|百度)[^。！？!?，,；;]{0,10}(?:图片|照片)|(?:图片|"
    r"照片)(?:长|是)什么样|和图片上看到的不一样"
)


def dependences(text: str, lang: str) -> list[Dependence]:
    """Return the sentences of `text` that lean on a picture, a table or a link, in order.

    `text` is normalised but still has its URLs (`clean.normalise`): a sentence with a URL leans on a link.
    """
    language = "zh" if lang.startswith("zh") else "en"
    # Masked first: the points of a URL end no sentence.
    masked = mask_urls(text)
    if kind_of(masked, language) is None:
        return []
    found: list[Dependence] = []
    about_page = False
    for start, end in split_sentences(masked, language):
        sentence = masked[start:end]
        kind = kind_of(sentence, language)
        if language == "en":
            if kind is None and about_page and _EN_PAGE_GOES_ON.search(sentence):
                kind = "link", False
            about_page = kind is not None and (about_page or _EN_PAGE.search(sentence) is not None)
        if kind is None:
            continue
        spans = [(start, end)]
        if language == "zh" and not kind[1]:
            spans = [_clauses(masked, start, end, kind)]
        elif not kind[1]:
            spans = _asides(masked, start, end, kind) or spans
        found += [Dependence(kind[0], *span, kind[1]) for span in spans]
    return found


_ZH_READS_REPORT = re.compile(
    r"(?:根据|从|看|就)了?[你您]?(?:的|提供的|发的|这个|这份){0,2}(?:报告单|化验单|检查单|"
    r"检查报告|化验报告|报告|指标)"
    r"(?:来看|看|上|结果|显示|，)"
)
_ZH_VALUES = re.compile(r"\d|[阳阴]性|[+＋]|[高低偏]|[大小]三阳|正常|异常|提示")


def reads_unseen_report(question: str, answer: str, lang: str) -> bool:
    """Return whether a doctor reads a report of which the patient gives no value (it was a picture)."""
    if not lang.startswith("zh"):
        return False
    return _ZH_READS_REPORT.search(answer) is not None and _ZH_VALUES.search(question) is None


def _clauses(text: str, start: int, end: int, kind: tuple[Kind, bool]) -> tuple[int, int]:
    """Narrow a Chinese sentence to its clauses that point to something: the others may be advice."""
    clauses = [
        (start + m.start(), start + m.end()) for m in re.finditer(r"[^，；,;]+[，；,;]*", text[start:end])
    ]
    leaning = [c for c in clauses if _kind_zh(text[slice(*c)]) == kind]
    return (leaning[0][0], end if leaning[-1] == clauses[-1] else leaning[-1][1]) if leaning else (start, end)


_EN_ASIDE = re.compile(r"\([^()]{3,300}\)")


def _asides(text: str, start: int, end: int, kind: tuple[Kind, bool]) -> list[tuple[int, int]]:
    """Return the brackets of an English sentence that point to something, where nothing else in it does."""
    brackets = [m.span() for m in _EN_ASIDE.finditer(text, start, end) if _kind_en(m[0]) == kind]
    rest, last = "", start
    for opening, closing in brackets:
        rest, last = rest + text[last:opening], closing
    rest += text[last:end]
    return brackets if _kind_en(rest) is None and re.search(r"\w", rest) else []


# A pattern is tried only where one of its words occurs: most sentences have none of them.
_IMAGE_WORDS = (
    "picture",
    "photo",
    "image",
    "illustrat",
    "diagram",
    "drawing",
    "fig",
    "graph",
    "scan",
    "report",
    "x-ray",
    "xray",
    "attached",
    "enclosed",
    "upload",
    "posted",
    "animation",
)
_TABLE_WORDS = ("table", "chart", "approximate number", "(hpo)", "fraction", "frequenc")
_LINK_WORDS = (
    "click",
    "resources",
    "organi",
    "link",
    "site",
    "web",
    "home page",
    "online",
    "this page",
    "homepage",
    "video",
    "animation",
    "article",
    "fact sheet",
    "health topics",
    "summar",
    "information",
    "more",
    "section",
    "chapter",
    "page",
    "booklet",
    "brochure",
    "register",
    "a-z",
    "pdf",
    " kb",
    " mb",
)


def kind_of(sentence: str, language: str) -> tuple[Kind, bool] | None:
    """Return what a sentence leans on and whether it rests on it; None when it stands alone.

    URLs in `sentence` are masked (`clean.mask_urls`).
    """
    return _kind_zh(sentence) if language == "zh" else _kind_en(sentence)


def _kind_zh(sentence: str) -> tuple[Kind, bool] | None:
    if any(word in sentence for word in ("图", "照片", "上传", "发", "化验单", "传上来", "拍照", "附件")):
        if _ZH_IMAGE_POINTS.search(sentence):
            return "image", False
        if _ZH_IMAGE_RESTS.search(_ZH_TOLD.sub("", sentence)):
            return "image", True
    if "表" in sentence and _ZH_TABLE.search(sentence):
        return "table", False
    return ("link", False) if URL_MASK in sentence or _ZH_LINK.search(sentence) else None


def _kind_en(sentence: str) -> tuple[Kind, bool] | None:
    lower = sentence.lower()
    if any(word in lower for word in _IMAGE_WORDS):
        if _EN_IMAGE_RESTS.search(sentence):
            return "image", True
        if _EN_IMAGE_POINTS.search(sentence):
            return "image", False
    if any(word in lower for word in _TABLE_WORDS) and _EN_TABLE.search(sentence):
        return "table", False
    if URL_MASK in sentence:
        return "link", False
    leans = any(word in lower for word in _LINK_WORDS) and (
        _EN_LINK.search(sentence) or _EN_NAVIGATION.search(sentence)
    )
    return ("link", False) if leans else None

"""The words by which the gist of Chinese text is told: what parts pieces, what fills, what is said in several ways."""

from __future__ import annotations

import re
from functools import lru_cache

# Where a piece ends: at a mark, behind a supposition, before "but" and "so", before a listed thing that is denied.
_MARKS = (
    r"[,，。;；!！?？\n…()（）“”\"\[\]【】]+|(?<![0-9A-Za-z])\.|\.(?![0-9A-Za-z])"
    r"|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])"
)
# 咖啡、酒都不要喝 denies the whole list, 双肾有积水、输尿管无扩张 the last alone.
_DENIED_NEXT = (
    r"[^、,，。；;\n]{0,10}[不没无未否别勿禁忌]"
    r"(?!(?:要|能|可以?)?[有吃喝碰沾用做服得]?[了过]?(?:[,，。；;!！\n]|\Z))"
)
_TURNS = (
    r"但(?!愿)|可是|不过(?!敏)|而且|并且|(?<!然)而(?=[不没无未有])|却|只是|就是|所以|因此|因为|由于|则(?=[有是会可需为])"
    r"|(?<=[不没无未别勿].)(?<![要需得会])[也就](?=[要需得会能应])"
)
END = re.compile(
    rf"{_MARKS}|(?<=的话)(?=[\u4e00-\u9fff])|、(?=(?:也|并|且)?(?:有|伴)|{_DENIED_NEXT})|(?={_TURNS})"
)
# What joins the things of a list; needing and being allowed begin something of their own.
JOINED = re.compile(r"、|和(?![平谐缓解])|与(?!其)|以及|及(?![时早格])|或者?")
MODAL = re.compile(
    r"不[用必需须要宜能可该应得建推]|无[需须]|毋须|用不着|没必要|没有必要|无必要|需要|可以|建议|应|别|勿|切勿|以免|免得|避免|防止|禁"
)
URGED = re.compile(r"[要应需宜多]")
USELESS = re.compile(r"(?:没有?|没啥|没什么|不管|不顶|不起)作?用[处了]?(?=[,，。；;！!\n])")
SHOWING = ("显示", "提示", "说明", "考虑", "导致", "引起")  # 没有显示
NONE = ("没有", "没", "无")
NOT_SO = ("不是", "并非", "并不是")  # 不是夜啼、睡不安稳 denies 不安稳
NO_RELATION = ("没关系", "没有关系", "没问题", "没有问题")
LEAST = 2  # words of a part
LISTED, LISTED_AT_MOST = re.compile(r"[、和与及或]"), 12
ASKED = re.compile(r"[?？]|(?:吗|嘛|[^什那这要怎多]么|没有?|不)\W*\Z")
SUPPOSED = re.compile(
    r"如果|要是|假如|假设|倘若|若(?!干)|万一|除非|一旦|的话|即使|就算|哪怕|只要|无论|不管|怕|担心|以为|以免|免得|省得|以防|预防|不然|否则"
)
# 测不出, 站不住: the verb is denied.
FAILS = re.compile(
    r"(?<=[看听测摸查吃喝睡走站动说控做受治拿坐记闻尝排解拉尿吸张睁抬弯伸吞咽起下用消退好找照验量提想忍合离])不(?=[到出见着了清动下上开来去住起好完进懂够得掉])"
)
COMPLEMENT = re.compile(
    r"[出下上起过回]来|[到出见着了清动下上开去住起完进懂够得掉](?![\u4e00-\u9fff]*[血汗水物])"
)
# What fills: light verbs, adverbs, pronouns, words of time that come and go, particles.
_FILL = re.compile(
    r"但是|可是|不过|而且|并且|同时|可以|能够|需要|必须|必要|务必|一定要?|应该|应当|建议|感到|感觉|觉得|发觉|发现|出现|存在|产生|发生|任何|什么|明显|一点儿?|有点儿?|有些|少量"
    r"|目前|现在|至今|如今|最近|近来|近期|已经|曾经|一直|始终|总是|老是|通常|一般|经常|常常|往往|必|尽量|尽可能|尽力|意味着|说明|表明|属于|结果|造成|导致|引起|随意|随便|轻易|盲目|擅自|反复|长期|长时间|过度|过多|过分|完全|彻底|特意|专门|东西|之类|平时|平常|有时候?|偶尔|好像|大概|大约|差不多|将近|左右|非常|特别|比较|稍微|略微|十分|太|其他|别的|另外|其它"
    r"|情况|现象|时候|期间|之前|之后|以前|以后|进行|实行|施行|实施|给予|采取|医生|大夫|您好|你好|请问|尽快|及时|立即|马上|赶紧|赶快|可能性?|是否|如果|要是|假如|的话|即使|就算|伴有|伴随|伴|病人|患者"
    r"|这些|那些|这个|那个|这种|那种|自己|我们|你们|他们|[有带会要能也还都就又再才只仍已曾很挺真像似乎地得的了着过是在与和或及跟同把被给让将从到对于以为之其所且则因此所以"
    r"并中里内上下后前时等种些个次回位我您你他她它咱俺啊呢吧哦嗯呀嘛唉么快近约最更得去来做行请点儿子老总啥这那每便作感]"
)
WANTED = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]+")
# One character for what is said in several ways.
SAME = str.maketrans(
    {
        "疼": "痛",
        "喝": "饮",
        "服": "吃",
        "瞧": "看",
        "肚": "腹",
        "腿": "肢",
        "脚": "足",
        "脏": None,
        "黏": "粘",
        "象": "像",
        "副": "付",
        "晕": "昏",
        "佳": "好",
    }
)
VALUES = {
    "体检": "半身查",
    "检查": "查",
    "治疗": "治",
    "儿童": "童",
    "效果": "效",
    "严重": "重",
    "服用": "吃",
    "怀孕": "孕",
    "刺激性": "刺激",
    "食物": "",
    "食品": "",
    "味道": "",
}
# A result by a sign or as 阴性 may be said as a denial or not; allergies are compared by themselves.
SIGN = re.compile(r"[阴阳]性|过敏(?!性)|[(（]\s?[-－—+＋±]")
# A perception that is denied: 看不到, 没查出 deny what they do not perceive.
PERCEIVED = re.compile(r"(?:(?:能|可以?)?[看见查摸听测找闻感][觉不]?(?:不|得|没)?[到出见着]|感觉不到)")
MANNER = re.compile(r"^(?:不(?:太|是很|怎么|大|算)?|无|没有?)")
LIGHT = frozenset(("需要", "可以", "建议", "可能"))
TERMS = frozenset(("finding", "term", "organ", "population", "test", "lab", "department", "vital", "drug"))


@lru_cache(maxsize=8192)
def words(content: str) -> tuple[str, ...]:
    """Return the characters of a piece of text, Latin words whole, one for what is said in several ways."""
    return tuple(WANTED.findall(content.translate(SAME).lower()))


@lru_cache(maxsize=8192)
def content(said: str) -> tuple[str, ...]:
    """Return the characters of what was said but for what only fills."""
    return words(_FILL.sub("", said))

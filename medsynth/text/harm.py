"""Requests for harm, and how an answer takes them: it refuses, it cares, or it goes along.

A request is found by a harmful act *and* words that ask how to do it, or that order it: "I took too many pills"
is a complaint, "how many pills does it take to die" a request. What a doctor or hospital is asked to do wrong
(deceive, disclose, discriminate) is found the same way. Rules are made to be right where they speak, and say
nothing of what they do not know.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from medsynth.text.sentences import split_sentences

Harm: TypeAlias = Literal["self_harm", "violence", "drugs", "abuse"]
Stance: TypeAlias = Literal["refuses", "cares", "other"]

# ---------------------------------------------------------------- requests

_EN_DIE = (
    r"(?:kill(?:ing)? myself|end(?:ing)? (?:my (?:own )?life|it all)|commit(?:ting)? suicide|die|"
    r"dying|suicide|"
    r"overdos(?:e|ing)|hang(?:ing)? myself|cut(?:ting)? myself|harm(?:ing)? myself|hurt(?:ing)? myself)"
)
_EN_REQUESTS: tuple[tuple[Harm, re.Pattern[str]], ...] = (
    (
        "self_harm",
        re.compile(
            rf"\b(?:how (?:do|can|could|should|to) (?:i |you |we |one )?|ways? to |"
            rf"method(?:s)? (?:of|for|to) |"
            rf"help me (?:to )?|tell me how to )(?:(?:quickly|painlessly|easily|safely|peacefully) )?"
            rf"(?!die of\b|die from\b){_EN_DIE}\b(?! of| from| in\b| with)"
            r"|\b(?:painless|quick(?:est)?|easiest|best|peaceful) (?:way|method)s? (?:to|of|"
            r"for) (?:die|dying|suicide|end(?:ing)? my)\b"
            r"|\bhow (?:many|much)\b[^.?!]{1,60}\b(?:to kill myself|to (?:commit suicide|"
            r"end my life|overdose on purpose))\b"
            r"|\bhow (?:many|much) [^.?!]{1,40} (?:does it take|do i need|"
            r"should i take) to (?:die|overdose)\b",
            re.I,
        ),
    ),
    (
        "violence",
        re.compile(
            r"\b(?:how (?:do|can|could|should|to) (?:i |you |we |one )?|ways? to |"
            r"help me (?:to )?|tell me how to )"
            r"(?:(?:secretly|quietly|slowly) )?(?:kill|poison|murder|drug|sedate|hurt|harm|"
            r"strangle|suffocate|injure) "
            r"(?:(?:my|his|her|our|their|a|an|the|some) )?(?:wife|husband|boyfriend|girlfriend|"
            r"mother|father|parents?|child(?:ren)?|"
            r"bab(?:y|ies)|boss|neighbou?rs?|colleagues?|person|people|someone|somebody|others|"
            r"him|her|them|ex|roommate|patients?|enem(?:y|ies))\b"
            r"|\bpoison\b[^.?!]{0,40}\b(?:without (?:being|getting) (?:caught|detected|noticed)|"
            r"undetectable|untraceable)\b"
            r"|\b(?:without (?:her|his|their) knowledge|without (?:her|him|"
            r"them) knowing)\b[^.?!]{0,60}\b(?:abort|miscarr|poison|sedat|drug)",
            re.I,
        ),
    ),
    (
        "drugs",
        re.compile(
            r"\b(?:how (?:do|can|could|to|should) (?:i |you |we |one )?|tutorial on |guide (?:on|"
            r"to|for) |instructions? (?:on|for|to) |"
            r"recipe for |steps? (?:to|for) |tell me how to |help me (?:to )?|where (?:can|do|could) i )"
            r"(?:(?:illegally|easily|secretly) )?(?:mak(?:e|ing)|cook(?:ing)?|synthesi[sz](?:e|"
            r"ing)|produc(?:e|ing)|manufactur(?:e|ing)|"
            r"extract(?:ing)?|buy(?:ing)?|get(?:ting)?|obtain(?:ing)?|forg(?:e|ing)|fak(?:e|ing)|"
            r"smuggl(?:e|ing)|sell(?:ing)?)\b[^.?!]{0,50}\b"
            r"(?:crystal meth|meth(?:amphetamine)?|heroin|cocaine|mdma|ecstasy|lsd|ghb|fentanyl|"
            r"controlled substances?|illegal drugs?|"
            r"(?:fake |forged |false )prescriptions?|(?:drugs?|pills|opioids?|oxycodone|xanax|"
            r"adderall|painkillers?|sleeping pills) "
            r"(?:illegally|without (?:a )?prescription|to get high))\b",
            re.I,
        ),
    ),
)
_ZH_HOW = (
    r"(?:怎么|怎样|如何|咋|什么|哪[种里些个]|多少|几[片粒颗瓶]|告诉我|教我|帮我|求|想知道|方法|方式|"
    r"办法|能不能|可以|有没有)"
)
_ZH_DEATH = (
    r"(?:自杀(?!倾向|未遂|念头|想法|行为|风险|意念)|自尽|轻生|自残|自我了断|结束(?:自己的?|我的|"
    r"这条)?生命|了结(?:自己|生命)|安乐死|死得|无痛死|永远离开这个世界)"
)
_ZH_REQUESTS: tuple[tuple[Harm, re.Pattern[str]], ...] = (
    (
        "self_harm",
        re.compile(
            rf"{_ZH_HOW}[^。！？!?，,；;]{{0,20}}{_ZH_DEATH}(?!的人|者)|"
            rf"{_ZH_DEATH}[^。！？!?，,]{{0,8}}(?:方法|方式|办法|药)|"
            r"(?:我|就)(?:真的?|很|好|只|都|有点|已经)?(?:想|要)(?:自杀|死(?!了)|去死|不活了)|我不想活|"
            r"(?:想要?|怎样|怎么|如何)(?:才能)?(?:结束|了结)(?:自己的?|我的|这)?(?:生命|一切)|"
            r"(?:吃|服|喝)(?:了)?(?:多少|几[片粒颗瓶])[^。！？!?，,]{0,14}(?:会死|能死|致死|死人|才死)|"
            r"(?:吃|喝|用)(?:什么|啥)(?:药|东西)?[^。！？!?，,]{0,8}(?:会死|能死|死得|"
            r"死的)(?:快|没有?痛苦|不痛苦|掉)?"
        ),
    ),
    (
        "violence",
        re.compile(
            r"(?:怎么|怎样|如何|什么药?|用啥|教我|帮我|想)[^。！？!?，,]{0,12}(?:毒死|毒害|"
            r"杀死|杀掉|弄死|害死|下毒|迷晕|迷倒|下药给|报复)"
            r"[^。！？!?，,]{0,10}(?:人|他|她|老公|老婆|丈夫|妻子|孩子|同事|邻居|对方|女生|女人|室友|婆婆)"
            r"|(?:饿死|掐死|闷死|毒死|弄死|杀了|打死)(?:他|她|它|孩子|宝宝)(?:吧|算了|可以吗|行吗|怎么样)"
            r"|(?:迷奸|强奸|堕掉她|偷偷(?:给|让)[^。！？!?，,]{1,10}(?:吃|喝)(?:堕胎|打胎|安眠|迷药|毒药))"
        ),
    ),
    (
        "drugs",
        re.compile(
            r"(?:怎么|怎样|如何|哪里|哪儿|什么渠道|教我|帮我|可以)[^。！？!?]{0,14}(?:买|购|弄|搞|"
            r"制|做|提炼|合成|伪造|开到)[^。！？!?，,]{0,8}"
            r"(?:毒品|冰毒|海洛因|大麻|可卡因|摇头丸|K粉|鸦片|吗啡|迷药|迷魂药|蒙汗药|听话水|"
            r"假(?:处方|病历|证明)|烈性药|毒药|氰化[钾物]|(?:很多|大量)(?:安眠药|药))"
            r"|(?:毒品|冰毒|海洛因|大麻|可卡因|摇头丸|K粉|鸦片|迷药|蒙汗药|"
            r"听话水)[^。！？!?，,]{0,10}(?:哪里(?:有|能|可以)?买|怎么(?:买|做|制|弄)|"
            r"哪里有卖)"
            r"|(?:什么药|哪种药)物?[^。！？!?，,]{0,8}(?:代替|替代|像|"
            r"类似)[^。！？!?，,]{0,2}(?:毒品|摇头丸|冰毒|海洛因)"
            r"|(?:告诉|推荐给?|介绍给?)我[^。！？!?，,]{0,6}(?:烈性药|毒药|毒品)|(?:大麻|鸦片|冰毒|"
            r"海洛因|K2)[^。！？!?]{0,24}我?(?:可以|能)(?:尝试|试试|吸)"
        ),
    ),
)
# What a health worker is asked to do wrong: an order or a how-to at the start, and the wrong named beside it.
_EN_ORDER = re.compile(
    r"\A\W*(?:please )?(?:how (?:can|could|do|does|might|should|would|to)|what (?:are|is) (?:some|"
    r"the|a|effective|common)|"
    r"(?:can|could|would) you|write|draft|create|develop|provide|design|explain|describe|list|"
    r"compose|propose|suggest|"
    r"recommend|generate|give|outline|compile|convince|advise|encourage|disclose|share|use|help|"
    r"teach|offer|prescribe|"
    r"promote|devise|formulate|produce|prepare|show|assist|persuade|discuss|i (?:have a|need to|"
    r"want to)|tell|publish|post|launch|organize)\b",
    re.I,
)
_EN_WRONG = re.compile(
    r"\b(?:without (?:their|the patient'?s?'?|his|her|a patient'?s|proper|informed|patient|any|"
    r"explicit|obtaining)[ \w',]{0,30}?"
    r"(?:consent|permission|knowledge|authori[sz]ation|approval)|non-?consensual|unauthori[sz]ed|"
    r"unethical\w*|fraudulent\w*|falsif\w+|"
    r"fabricat\w+|forg(?:e|ing) |deceiv\w+|deceptive|mislead\w*|manipulat\w+|exploit\w*|"
    r"discriminat\w+|bribe\w*|kickbacks?|cover(?:ing)? up|"
    r"conspiracy|misinformation|unproven|not evidence-based|bogus|sabotag\w+|blackmail\w*|coerc\w+|"
    r"identity theft|insurance fraud|overbill\w*|upcod\w+|steal\w*|violat\w+|circumvent\w*|evad(?:e|ing)|"
    r"downplay\w*|conceal\w*|stigmati[sz]\w+|racial(?:ly)? bias\w*|deny(?:ing)? (?:care|"
    r"treatment)|financial gain|personal gain)\b",
    re.I,
)
_ZH_WRONG = re.compile(
    r"(?:怎么|怎样|如何|教我|帮我)[^。！？!?]{0,16}(?:骗取?医保|骗保|伪造(?:病历|诊断|处方)|"
    r"开假(?:证明|病历|病假条)|泄露(?:病人|患者)|隐瞒(?:病人|患者)病情骗|篡改病历)"
)

# ---------------------------------------------------------------- answers

_EN_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:so |very |really )?sorry,? but|i (?:cannot|can't|can not|could not|"
    r"won't|will not|must not|am unable to|am not able to|"
    r"'m not able to|'m unable to) (?:in good conscience )?(?:assist|help|provide|fulfil|comply|"
    r"offer|give|recommend|support|answer|advise|suggest|share|"
    r"discuss|participate|engage|write|create|generate|condone|endorse|prescribe|explain|do|"
    r"encourage|promote|facilitate)\w*|"
    r"(?:it is|it's|it would be|that is|this is|doing so is|doing so would be|"
    r"would be) (?:highly |also |not only |both |strictly |deeply |completely |very )*"
    r"(?:unethical|illegal|harmful and|inappropriate|wrong|not ethical|not appropriate|against))",
    re.I,
)
_EN_ETHICS = re.compile(
    r"\b(?:unethical\w*|ethic\w+|illegal\w*|unlawful|against the law|harm\w*|dangerous|safety|"
    r"rights?|wrong|privacy|confidential\w*|trust|discriminat\w+|"
    r"fraud\w*|violat\w+|misconduct|crisis|hotline|suicid\w+|integrity|consent|unprofessional)\b",
    re.I,
)
_ZH_REFUSAL = re.compile(
    r"(?:我|不)(?:们)?(?:不能|无法|不可以|不会|不便|能)(?:为您|为你|给您|给你|向您|"
    r"向你)?(?:提供|支持|回答|协助|帮助|推荐|建议|告诉)[^。！？]{0,30}"
    r"(?:自杀|结束生命|死亡|伤害|毒品|违法|非法|滥用|暴力|毒|欺骗|骗)"
    r"|(?:是|属于)(?:违法|非法|犯罪|不道德|极其危险|严重违法)|绝对不(?:能|应|可以)|坚决(?:反对|"
    r"不能)|触犯法律|(?:抱歉|对不起)[^。！？]{0,12}(?:不能|无法)"
)
_EN_CARE = re.compile(
    r"\b(?:hotlines?|helplines?|crisis|lifeline|988|911|emergency (?:services|room|department)|"
    r"seek (?:immediate |professional |urgent )*help|"
    r"(?:talk|reach out|speak) to (?:someone|a |your |friends|family)|you are not alone|"
    r"you're not alone|mental health professional|psychiatrist|"
    r"please (?:do not|don't)|do not (?:do|try|attempt|take)|should (?:not|never)|never )\b",
    re.I,
)
_ZH_CARE = re.compile(
    r"热线|援助|心理(?:医生|咨询|专家|治疗|疏导|健康|科)|精神(?:科|卫生)|寻求(?:专业|帮助|支持)|"
    r"立即(?:就医|联系|寻求|停止)|立刻|马上(?:去|到)|急诊|抢救|洗胃|"
    r"不要(?:这样|轻生|想不开|冲动|放弃|尝试|再|有|自)|千万(?:不要|别)|别(?:想不开|冲动|做傻事|"
    r"灰心)|想开|珍惜|希望|开导|家人|亲人|父母|朋友|振作|坚强|乐观|积极|"
    r"不(?:推荐|建议|应|可以?|能|要|宜|得)|危险|违法|危害|严重后果|抑郁|治疗|报警|戒"
)

_EN_REFUSES = re.compile(
    r"\A\W*(?:i'?m|i am|i apologi[sz]e)\b[^.!?]{0,30}\bbut (?:i (?:can(?:no|')?t|am unable|"
    r"will not|won't|must decline)|it (?:is|would be)"
    r"|[^.!?]{5,150} (?:is|are|would be) (?:a violation|unethical|illegal|not ethical|against))"
    r"|\A\W*(?:sorry,? )?(?:but )?i (?:cannot|can't|will not|won't|am unable to|"
    r"am not able to) (?:assist|help|fulfil\w*|comply|provide|support)\b",
    re.I,
)
_EN_IS_WRONG = re.compile(
    r"\b(?:(?:assist|help|comply) with (?:that|this|your) request|fulfill? (?:that|this|"
    r"your) request|decline this request"
    r"|harmful|irresponsible|violation|unethical|illegal|unlawful|against the law|"
    r"medical misconduct|insurance fraud|not ethical|discriminatory|against (?:medical )?ethic\w*|"
    r"violat\w+)\b",
    re.I,
)
_ZH_REFUSES_WRONG = re.compile(
    r"我(?:们)?(?:不能|无法|不会)(?:为您|为你|给您|给你|向您|向你)?(?:提供|支持|回答|"
    r"协助)[^。！？]{0,20}(?:自杀|结束生命|违法|非法|毒品|伤害他人)"
)


def asks_for_harm(text: str, lang: str) -> Harm | None:
    """Return what harm the text of a patient asks for, or None. `text` is clean text."""
    if lang.lower().startswith("zh"):
        for kind, pattern in _ZH_REQUESTS:
            if pattern.search(text):
                return kind
        return "abuse" if _ZH_WRONG.search(text) else None
    for kind, pattern in _EN_REQUESTS:
        if pattern.search(text):
            return kind
    return "abuse" if len(text) < 600 and _EN_ORDER.search(text) and _EN_WRONG.search(text) else None


def stance(text: str, lang: str) -> Stance:
    """Return how an answer takes a request for harm.

    It refuses when its first two sentences say so and name the wrong or the danger; it cares when it warns or
    leads to help; else "other", which may be going along.
    """
    zh = lang.lower().startswith("zh")
    opening = text[:600]
    spans = split_sentences(opening, "zh" if zh else "en")[: 3 if zh else 2]
    opening = opening[: spans[-1][1]] if spans else opening
    if zh:
        if _ZH_REFUSAL.search(opening):
            return "refuses"
        return "cares" if _ZH_CARE.search(text) else "other"
    if _EN_REFUSAL.search(opening) and _EN_ETHICS.search(text[:600]):
        return "refuses"
    return "cares" if _EN_CARE.search(text) else "other"


def refuses_a_wrong(text: str, lang: str) -> bool:
    """Whether an answer alone shows that harm was asked for: it opens with a refusal and says that it is wrong.

    "I cannot diagnose you" and "it is dangerous to wait" are no such refusals.
    """
    opening = text[:400]
    if lang.lower().startswith("zh"):
        return bool(_ZH_REFUSES_WRONG.search(opening))
    return bool(_EN_REFUSES.search(opening) and _EN_IS_WRONG.search(opening))

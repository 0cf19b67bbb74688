"""Requests for harm: to oneself, to others, with drugs, or by abusing a health worker's office.

A request is found by a harmful act *and* words that ask how to do it, that order it, or that say it is meant: "I
took too many pills" is a complaint, "how many pills does it take to die" a request. What a doctor or hospital is
asked to do wrong (deceive, disclose, discriminate) is found the same way. Rules are made to be right where they
speak, and say nothing of what they do not know: of requests worded in ways that nobody thought of they find few.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Harm: TypeAlias = Literal["self_harm", "violence", "drugs", "abuse"]

_EN_DIE = (
    r"(?:kill(?:ing)? myself|end(?:ing)? (?:my (?:own )?life|it all)|commit(?:ting)? suicide|die|"
    r"dying|suicide|"
    r"overdos(?:e|ing)|(?:hang|cutt?|harm|hurt|drown|shoot|suffocat|starv)e?(?:ing)? myself|"
    r"tak(?:e|ing) my own life)"
)
# Said by those who ask for the opposite.
_EN_AGAINST = (
    r"(?![^.?!]{0,200}\b(?:stop|avoid|prevent|keep(?:s|ing)? (?:me|myself|him|her)? ?from|quit|urges?"
    r"|thoughts?|not)\b)"
)
_EN_KIN = (
    r"(?:wife|husband|boyfriend|girlfriend|grandmother|grandfather|mother|father|sister|brother|son|daughter|uncle|"
    r"aunt|parents?|child(?:ren)?|bab(?:y|ies)|boss|neighbou?rs?|colleagues?|coworkers?|teacher|person|people|"
    r"someone|somebody|others|him|her|them|ex|roommate|guests?|patients?|enem(?:y|ies)|everyone|[a-z]+-in-law)"
)
# "To die of", "die in": what kills, or where, is no request.
_EN_NO_CAUSE = r"(?!(?:(?<=die)|(?<=dying)) (?:of|from|in|with)\b)"
_EN_REQUESTS: tuple[tuple[Harm, re.Pattern[str]], ...] = (
    (
        "self_harm",
        re.compile(
            rf"\b(?:how (?:do|can|could|should|to) (?:i |you |we |one )?|ways? to |"
            rf"method(?:s)? (?:of|for|to) |"
            rf"help me (?:to )?|tell me how to )(?:(?:quickly|painlessly|easily|safely|peacefully) )?"
            rf"(?!die of\b|die from\b){_EN_DIE}\b{_EN_NO_CAUSE}"
            r"|\b(?:painless|quick(?:est)?|easiest|best|peaceful) (?:way|method)s? (?:to|of|for) "
            rf"{_EN_DIE}\b{_EN_NO_CAUSE}"
            r"|\bhow (?:many|much)\b[^.?!]{1,60}\b(?:to kill myself|to (?:commit suicide|"
            r"end my life|overdose on purpose))\b"
            r"|\bhow (?:many|much) [^.?!]{1,40} (?:does it take|do i need|"
            r"should i take) to (?:die|overdose)\b"
            rf"|\b(?:how|what|which|where)\b{_EN_AGAINST}[^.?!]{{0,80}}"
            r"\b(?:kill|hang|drown|shoot|suffocate|poison) myself\b"
            r"|\b(?:i (?:really |just )?(?:want|wish|plan|intend)|(?:i am|i'm) going(?! to die)|if i want"
            r"|so i can) (?:to )?"
            rf"{_EN_DIE}\b{_EN_NO_CAUSE}",
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
            rf"(?:(?:my|his|her|our|their|a|an|the|some) )?{_EN_KIN}\b"
            rf"|\bi (?:really |just )?(?:want|plan|intend) to "
            r"(?:kill|murder|poison|starve|strangle|drown|suffocate|harm) "
            rf"(?:(?:my|his|her|our|their|a|an|the|some) )?{_EN_KIN}\b"
            r"|\b(?:put|mix|drop|slip|stir) (?:it |them |something )?(?:in|into) "
            r"(?:my|his|her|their|a|the) [^.?!]{1,40}"
            r"\b(?:so|to make) (?:that )?(?:he|she|they|him|her|them)\b[^.?!]{0,30}"
            r"\b(?:never wakes?|dies?|die|sleeps?|passe?s? out|sick|ill|unconscious)\b"
            r"|\bpoison\b[^.?!]{0,40}\b(?:without (?:being|getting) (?:caught|detected|noticed)|"
            r"undetectable|untraceable)\b"
            r"|\b(?:without (?:her|his|their) knowledge|without (?:her|him|"
            r"them) knowing)\b[^.?!]{0,60}\b(?:abort|miscarr|poison|sedat|drug)"
            r"|\b(?:abort|miscarr|poison|sedat|drug)[^.?!]{0,60}\bwithout (?:her|him|them) knowing\b"
            r"|\bhow\b[^.?!]{0,30}\b(?:make|force|cause|get) (?:my|a|an|his|her) [\w ]{1,20}\bto? ?"
            r"(?:miscarry|have a miscarriage|lose the baby)\b",
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
            r"(?:illegally|without (?:a )?prescription|to get high))\b"
            r"|\bhow (?:do|can|could|to|should) [^.?!]{0,20}\b(?:forge|fake|alter) (?:a |an |the |my |some )?"
            r"(?:doctor'?s )?prescriptions?\b"
            r"|\b(?:how|where|which|what)\b(?![^.?!]{0,200}\b(?:stop|quit|addict\w*|rehab))[^.?!]{0,80}\bto get high\b"
            r"|\b(?:how|where)\b[^.?!]{0,30}\b(?:buy|sell|get|obtain|ship|smuggle|order|score)\b[^.?!]{0,50}"
            r"\b(?:illegally|on the (?:street|dark ?web|black market)|under the counter)\b"
            r"|\bhow (?:do|can|could|to|should) [^.?!]{0,20}\b(?:fake|pretend|lie|trick)\b[^.?!]{0,60}"
            r"\bto (?:get|obtain)\b[^.?!]{0,30}"
            r"\b(?:\w+azepam|\w+zolam|oxycodone|morphine|fentanyl|adderall|ritalin|opioids?|pills|prescri\w+)",
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
# Ways in which people end their lives; asked about how deep, how high or how surely.
_ZH_MEANS = r"(?:割腕|割脉|跳楼|跳下去|跳河|上吊|烧炭|卧轨|吞药|吞安眠药)"
_ZH_PERSON = (
    r"(?:那个?[男女]?人|这个?[男女]?人|人|他|她|老公|老婆|丈夫|妻子|前男友|前女友|男友|女友|孩子|同事|邻居|对方|"
    r"女生|女人|男人|室友|婆婆|公公|岳父|岳母|老板|医生|全家|老头|老太太?|亲戚|继父|继母|爸|妈|父亲|母亲)"
)
# Under special control in China, or abused as if they were: what is sold only against a prescription.
_ZH_CONTROLLED = (
    r"(?:曲马多|安定|地西泮|阿普唑仑|三唑仑|佐匹克隆|唑吡坦|安眠药|吗啡|杜冷丁|哌替啶|芬太尼|可待因|羟考酮|"
    r"氯胺酮|右美沙芬|利他林|哌甲酯|止咳水|精神类药|麻醉药|米非司酮|打胎药|堕胎药|丙泊酚)"
)
_ZH_ILLEGAL = (
    r"(?:毒品|冰毒|海洛因|大麻|可卡因|摇头丸|K粉|鸦片|迷药|蒙汗药|听话水|笑气|非法(?:的)?药物?|违禁(?:的)?药物?"
    r"|(?<![A-Za-z])(?i:LSD|GHB|MDMA|K2)(?![A-Za-z]))"
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
            r"死的)(?:快|没有?痛苦|不痛苦|掉)?|"
            rf"{_ZH_MEANS}[^。！？!?]{{0,10}}(?:会死|能死|死得|致死|才死|定会?死|多深|多高|几楼|怎么做|不疼|不痛)|"
            rf"(?:多深|多高|几[层楼])[^。！？!?，,]{{0,8}}{_ZH_MEANS}[^。！？!?]{{0,8}}死|"
            r"(?:农药|毒药|老鼠药|安眠药)[^。！？!?，,]{0,4}(?:喝|吃)多少[^。！？!?，,]{0,6}死|"
            r"(?:吃|喝|打|注射|吸)(?:多少|几[片粒颗瓶支]|多大量的?)[^。！？!?，,]{0,10}(?:会死|能死|致死|死人|才死)|"
            r"(?:哪种|什么)(?:农药|毒药|药|毒)[^。！？!?]{0,8}最[^。！？!?]{0,12}死|"
            r"(?:想|要)(?:了结|了断|结束)(?:了)?自己(?!的)|自己[^。！？!?，,]{0,8}安乐死|死[^。！？!?，,]{0,2}[？?。，,]我想试"
        ),
    ),
    (
        "violence",
        re.compile(
            r"(?:怎么|怎样|如何|什么药?|用啥|教我|帮我|想)[^。！？!?，,]{0,12}(?:毒死|毒害|"
            r"杀死|杀掉|弄死|害死|下毒|迷晕|迷倒|下药给|报复)"
            r"[^。！？!?，,]{0,10}(?:人|他|她|老公|老婆|丈夫|妻子|孩子|同事|邻居|对方|女生|女人|室友|婆婆)"
            r"|(?:饿死|掐死|闷死|毒死|弄死|杀了|打死)(?:他|她|它|孩子|宝宝)(?:吧|算了|可以吗|行吗|怎么样)"
            rf"|我(?:真|就|好|很)?(?:想|要|恨不得|打算|准备)[^。！？!?，,]{{0,6}}(?:杀|杀死|杀掉|弄死|捅死|砍死|打死|掐死|毒死"
            rf"|害死|宰)(?:了|掉)?{_ZH_PERSON}|碎尸万段|同归于尽"
            rf"|(?:什么药|用什么|怎么|怎样|如何)[^。！？!?，,]{{0,4}}(?:能|才能|可以)?让{_ZH_PERSON}[^。！？!?，,]{{0,8}}"
            r"(?:病死|死掉|死得|死了|慢慢死|昏迷|流产|残废)"
            r"|(?:怎么|怎样|如何)(?:才能)?(?:掐|打|捂|饿|虐待)[^。！？!?，,]{0,8}(?:不|没有?)(?:会|能)?(?:留下?|看出来?|有)?"
            r"(?:印|痕|伤|证据|被发现)"
            rf"|(?:怎么|怎样|如何|什么药|想)[^。！？!?，,]{{0,4}}让[^。！？!?，,]{{0,6}}{_ZH_PERSON}(?:早点?|快点?|慢慢)?(?:地)?(?:去)?死(?!心)"
            r"|(?:下|放|加|掺|混)(?:在|到|进)[^。！？!?，,]{0,4}(?:的)?(?:饮料|水|饭|酒|茶|菜|汤|杯子)里?[^。！？!?]{0,4}"
            r"(?:不被|不会被|不让|查不出|发现不了)"
            rf"|(?:想|要)让{_ZH_PERSON}吃点?[^。！？!?]{{0,4}}苦头"
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
            rf"|{_ZH_ILLEGAL}[^。！？!?]{{0,40}}我?(?:可不可以|可以|能不能|能|该不该)(?:尝试|试试|试一下|吸|用(?!来戒)|服用|吃)"
            rf"|(?:没有?|不用|不要|不凭|无需?|伪造|假)(?:医生)?处方[^。！？!?]{{0,14}}(?:买|弄|搞|开|拿)[^。！？!?，,]{{0,8}}{_ZH_CONTROLLED}"
            rf"|(?:哪里|哪儿|怎么|如何|怎样)[^。！？!?，,]{{0,10}}(?:买|弄|搞|开)[^。！？!?，,]{{0,4}}(?:大量|很多|一大瓶)[^。！？!?，,]{{0,4}}{_ZH_CONTROLLED}"
            rf"|{_ZH_CONTROLLED}[^。！？!?，,]{{0,6}}(?:没有?|不用|不要|无需?)处方[^。！？!?，,]{{0,8}}(?:买|弄|搞)"
            rf"|(?:{_ZH_ILLEGAL}|{_ZH_CONTROLLED})[^。！？!?，,]{{0,12}}(?:玩|爽|过瘾|解闷)"
            rf"|{_ZH_ILLEGAL}[^。！？!?，,]{{0,4}}(?:吸|抽|打|吃)(?:多少|几[支口片次])"
            r"|(?:怎么|怎样|如何|教我|帮我)[^。！？!?，,]{0,6}(?:伪造|仿造|涂改|造假)[^。！？!?，,]{0,4}处方"
            r"|(?:喝|吃|吸|抽|打)(?:多少|几[片瓶颗口支]|什么|啥)[^。！？!?，,]{0,6}(?:能|会|才|可以)?(?:嗨|(?i:high))"
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
    r"开假(?:证明|病历|病假条)|泄露(?:病人|患者)|隐瞒(?:病人|患者)病情骗|篡改病历"
    r"|(?:体检|尿检|验血)[^。！？!?，,]{0,6}(?:作弊|造假|蒙混|代检|顶替)|开(?:一?[张个])?假(?:的)?(?:诊断|假条)|卖掉?(?:一个)?(?:肾|卵子))"
    r"|(?:要|如果|假如|是)[^。！？!?，,]{0,3}女(?:孩|儿|的)[^。！？!?]{0,6}(?:打掉|流掉|引产|做掉)|(?:哪里|哪儿|怎么)[^。！？!?，,]{0,8}(?:代孕|卖肾|卖卵)"
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

"""Who speaks for the patient, in Chinese text: the rules behind `informant.read_informant`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsynth.records import Gender, Informant, RawTurn
from medsynth.text.evidence import Evidence, InformantReading, evidence_at
from medsynth.text.kinship import Kin, find_kin
from medsynth.text.patterns import bounded

_ZH_I_AM = bounded(
    r"(?:我是|作为|身为)(?:一[个名位])?(?:他|她|孩子|宝宝|小孩|患儿|患者|病人|[^，。！？我]{0,8}[男女]孩)?(?:的)?(?P<who>妈妈|母亲|宝妈|爸爸|父亲|宝爸|家长|女儿|儿子|老公|丈夫|老婆|妻子|爱人|家属)(?!生|的)"
)
_ZH_INVERSE: dict[str, tuple[Informant, Gender | None]] = {
    "妈妈": ("parent", "female"), "母亲": ("parent", "female"), "宝妈": ("parent", "female"),
    "爸爸": ("parent", "male"), "父亲": ("parent", "male"), "宝爸": ("parent", "male"), "家长": ("parent", None),
    "女儿": ("child", "female"), "儿子": ("child", "male"), "老公": ("spouse", "male"), "丈夫": ("spouse", "male"),
    "老婆": ("spouse", "female"), "妻子": ("spouse", "female"), "爱人": ("spouse", None), "家属": ("other", None),
}  # fmt: skip
_ZH_SENTENCE_END = bounded(r"[。！？!?；;\n]")
_ZH_COMPLAINT = bounded(
    r"疼|痛|痒|烧|热|咳|痰|喘|吐|泻|拉|便|血|肿|胀|晕|麻|炎|症|病|癌|瘤|结石|息肉|三阳|感冒|头|胃|失眠|睡|恶心|乏力|疲|消瘦|过敏|疹|疤|斑|痘|近视|斜视|骨|摔|扭|伤|手术|化疗|确诊|诊断|检查|查出|住院|吃药|服药|中风|梗|"
    r"心慌|肺|肝|肾|哭|不吃|厌食|尿|身高|体重|个子|打针|疫苗|牙|眼|耳|鼻|咽|喉|嗓|腿|脚|腰|背|颈|脖|肚|皮肤|抽|抖|治|药|瘫|难受|不舒服|异常|偏高|偏低|虚|汗|怀孕|月经|例假|白带|阳性|携带|硬化|囊肿|奶|断奶|辅食|钙|锌|黄疸|嘴|舌|手|身上|"
    r"岁|个月|天大|发育|补|缺|患|得了|出院|昏迷|预产|孕|老是|总是|有点|食欲|呼吸|喝|吃|走路|说话|身体"
)
_ZH_OWNS = bounded(r"(?:的|家|们|家的|们家|个)?$")
_ZH_SELF = bounded(r"本人|自己|我(?!们|国|爱你)|俺|咱(?!们)")
_ZH_ASKS = bounded(
    r"^(?:就|也|还|真|现在|又|特别|非常|好|只|比较|实在|都|一直|们)*(?:想|很?担心|很?担忧|很?忧心|很?害怕|怕|该|应该|应当|听|问|不知|不清楚|不了解|不明白|不懂|着急|急|给|帮|替|带|要(?:怎|如|问|给|带|注)|需要(?:怎|注|给|带)|"
    r"可以(?:给|让|带)|能(?:给|让|带)|准备给|打算(?:给|带)|咨询|请|希望|建议|谢|明白|知|了解|会(?:注意|按|带|遵|去|尽|考虑|多|认真|好好|留意)|们|觉得(?:他|她|孩子|宝宝)|看(?:他|她|到|见)|发现(?:他|她|孩子|宝宝|儿子|女儿|小孩)|"
    r"难过(?:他|她)|难道|去(?:带|看)|家|的(?:问题|疑问|意思|担心)|说|到(?:网|医院问)|查过|也没|没|不(?:想|敢|太|是很)|认为|感谢|看(?:了|过)|陪|把|让|每天给|用(?:暖|毛|酒))"
)
_ZH_HAS = bounded(r"有(?:一|两|二)?个?[^，。]{0,10}$")
_ZH_REPRODUCTION = bounded(
    r"怀孕|孕|备孕|要(?:个|一个|二|上)?(?:孩|小孩|宝)|生(?:个|二)?(?:孩|小孩|宝)|怀(?:上)?宝|胎|哺乳|产后|产前|临产|母婴|二胎|流产|受孕|预产|同房|避孕|人流|B超|传染|遗传|接吻|感染给"
)
_ZH_COMPANY_BEFORE = bounded(
    r"(?:(?<!有)一个|某个|邻居家?的?|别人家?的?|和|跟|与|同|被|让|向|像|随|比|给(?!.)|遗传(?:给|到)?|传染(?:给|到)?|传(?:播)?给|感染(?:给)?|影响(?:到)?|导致|(?<![医初新出先])生|要(?:个|一个|二个|健康|上|了)?|怀(?:了|上|的|着)?|想(?:要|生)|再(?:要|造|生)|造|有(?:了|过)|求|对|为了|抱|陪|养|生了|生完|造个|离开|照顾|喂|"
    r"肚里|腹中|肚子里|胎|对于|帮|伤害|伤|祸害|告诉|瞒着|听|不想让|怕)(?:了|我|的|我家|个|一个|自己|肚子里的|肚里的|健康的?|腹中的)*$"
)
_ZH_WITNESS_AFTER = bounded(
    r"^(?:们)?(?:也|都|就)?(?:说(?:我|这|可能|是|要|不|让|可以|应该|你)|讲|认为|觉得我|建议|推荐|告诉|介绍|让我|叫我|劝|问|担心|很担心|发现我|看我|看到我|看见我|不让|不同意|催|带我|陪我|给我|送我|据说我|知道后|知晓|都没|在一起|一起|一同|及时|不小心|打我|也(?:有|得|是|患|曾)|都(?:有|得|是)(?:过)?[^，。]{0,8}(?:病史|史)|"
    r"去世|过世|会(?:不会)?(?:有(?:问题|事|影响)|遗传|传染|被传|健康|感染|受)|能(?:要|健康|留)|健康|是否(?:会)?(?:健康|传染|被|受)|有没有(?:影响|事)|有影响|有(?:什么|啥)?(?:影响|危害)|能不能要|可以要|的(?:影响|健康)|会怎么|的遗传|住|家|用力踢|在(?:肚|子宫)|一直靠下|靠下|离宫|胎|入盆)"
)
_ZH_CHILD_WORDS = ("孩子", "宝宝", "小孩", "儿子", "女儿", "闺女", "小宝宝", "娃")
# 我父亲得过胃癌: what a relative once had; only what follows the clause may be a complaint.
_ZH_ONCE_HAD = bounded(
    r"^(?:也|都|以前|曾经?|年轻时|在?[0-9一二三四五六七八九十]{1,3}多?岁时?)*(?:得过|患过|有过|生过|得的)[^，,。]*"
)
_ZH_FAMILY_HISTORY = bounded(r"家族|遗传史|病史.{0,4}(?:爸|妈|父|母)")
_ZH_DOCTOR_OF = bounded(r"(?:你|您)(?:的|家的|家)?$")
_ZH_IF = bounded(r"如果|要是|假如|若")


def read_chinese(turns: Sequence[RawTurn]) -> InformantReading:
    """Return who speaks: every person and every 我 is weighed by whether a complaint follows it."""
    weights: dict[Informant, float] = {}
    first_seen: dict[Informant, Evidence] = {}
    own = 0.0
    leader: str | None = None
    patient_turn = 0
    whole = "\n".join(turn.text for turn in turns if turn.role == "patient")
    reproduction = _ZH_REPRODUCTION.search(whole) is not None
    for index, turn in enumerate(turns):
        if turn.role != "patient":
            continue
        text = turn.text
        said = _ZH_I_AM.search(text)
        if said and "女" not in text[said.end() : said.end() + 1]:
            relation, gender = _ZH_INVERSE[said.group("who")]
            where = evidence_at(turns, index, said.start(), said.end())
            if said.group("who") not in ("女儿", "儿子") or text[
                max(0, said.start("who") - 1) : said.start("who")
            ] in ("的", "他", "她", "者", "人"):
                return InformantReading(relation, where, gender, where if gender else None)
        kin = find_kin("zh", text)
        scale = 1.0 if patient_turn == 0 else 0.5
        patient_turn += 1
        events: list[tuple[int, int, Kin | None]] = [
            (k.start, k.end, k) for k in kin if not _beside_the_point(text, k)
        ]
        starts = {k.start for k in kin}
        inside = {at for k in kin for at in range(k.start, k.end)}
        for match in _ZH_SELF.finditer(text):
            owned = next((at for at in range(match.end(), match.end() + 4) if at in starts), None)
            possessive = owned is not None and _ZH_OWNS.match(text[match.end() : owned])
            if match.start() not in inside and not possessive:
                events.append((match.start(), match.end(), None))
        events.sort(key=lambda event: event[0])
        for position, (start, end, person) in enumerate(events):
            following = events[position + 1][0] if position + 1 < len(events) else len(text)
            stop = _ZH_SENTENCE_END.search(text, end, end + 40)
            window = text[end : min(end + 40, following, stop.start() if stop else len(text))]
            before = text[max(0, start - 12) : start]
            if person is None:
                if _ZH_ASKS.match(window) or (
                    re.search(r"(?:让|给|跟|对|和|据说|告诉|教|请|问|帮|建议|推荐)$", before)
                    and not _ZH_COMPLAINT.search(window[:10])
                ):
                    continue
                if text[start:end] == "自己" and events[position - 1][2] is not None and position:
                    continue
                if (
                    _ZH_HAS.match(window)
                    and position + 1 < len(events)
                    and events[position + 1][0] == end + len(window)
                ):
                    continue
                if _ZH_COMPLAINT.search(window) or re.match(r"[，, 是]?(?:男|女)", window):
                    # 我…也: after a relative's illness, the speaker's own.
                    own += scale * (2.0 if "也" in window[:5] else 1.0)
                    leader = leader or "self"
                continue
            weight = _chinese_weight(person, before, window, reproduction, scale)
            if weight:
                weights[person.informant] = weights.get(person.informant, 0.0) + weight
                first_seen.setdefault(person.informant, evidence_at(turns, index, start, end))
                leader = leader or person.informant
    if not weights:
        return _chinese_doctor(turns) if own == 0 else InformantReading("self")
    best = max(weights, key=lambda w: weights[w] + (0.5 if w == leader else 0.0))
    if leader == "self":
        own += 0.75
    elif leader is not None:
        weights[best] += 0.75
    if weights[best] > own:
        return InformantReading(best, first_seen[best])
    return InformantReading("self")


def _beside_the_point(text: str, person: Kin) -> bool:
    """Return whether a named person is company, witness or a child to come, not the one complained of."""
    before, after = text[max(0, person.start - 12) : person.start], text[person.end : person.end + 12]
    return _ZH_WITNESS_AFTER.match(after) is not None or _ZH_COMPANY_BEFORE.search(before) is not None


def _chinese_weight(person: Kin, before: str, window: str, reproduction: bool, scale: float) -> float:
    """Return how clearly a named person is the one complained of: 0 for history, company or witness."""
    if _ZH_FAMILY_HISTORY.search(before) or _ZH_FAMILY_HISTORY.search(window):
        return 0.0
    window = _ZH_ONCE_HAD.sub("", window)
    ill = (
        _ZH_COMPLAINT.search(window) is not None
        or re.search(r"(?:岁|月|天|周)(?:大|龄|多)?(?:了)?的?(?:小|男|女)?$", before) is not None
    )
    if person.informant == "parent" and reproduction:
        # A child that is yet to be born is spoken of alike: only what an infant does or is counts.
        born = re.search(
            r"岁|个月|天|出生|发烧|咳|拉|哭|吃奶|喝奶|吐|便|疹|黄疸|睡", window[:14]
        ) or re.search(r"(?:岁|月|天|周)(?:大|龄|多)?的?$", before)
        return scale if born and ill else 0.0
    if ill:
        # 嫂子的孩子 outweighs the 孩子 before and after it.
        return 2.0 * scale if person.informant == "other" and person.word in _ZH_CHILD_WORDS else scale
    return 0.4 * scale if person.informant == "parent" else 0.0


def _chinese_doctor(turns: Sequence[RawTurn]) -> InformantReading:
    """Return what the doctor takes the speaker for, where the patient's own words leave it open."""
    for index, turn in enumerate(turns):
        if turn.role != "doctor":
            continue
        for person in find_kin("zh", turn.text):
            before = turn.text[max(0, person.start - 12) : person.start]
            after = turn.text[person.end : person.end + 8]
            if (
                _ZH_DOCTOR_OF.search(before)
                and not _ZH_IF.search(before)
                and re.match(r"(?:的)?(?:情况|病情|症状|这种|目前|现在|得|患|身体)", after)
            ):
                return InformantReading(person.informant, evidence_at(turns, index, person.start, person.end))
    return InformantReading("self")

"""Chinese text that says the same or the opposite in words of its own: denials, amounts, allergies, lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.text.facts.compare import check
from medsynth.text.facts.extract import facts, statements


def _passes(said: str, again: str) -> bool:
    return check(said, again, "zh").passed


def _values(text: str) -> list[tuple[str, str]]:
    return [(f.kind, f.value) for f in facts(text, "zh") if f.kind not in ("route", "negation")]


@pytest.mark.parametrize(
    ("said", "again", "turned"),
    [
        # what is denied is the same, the words around it are not
        ("没有用过任何避孕方法。", "避孕方法一直没用过。", "一直在用避孕方法。"),
        ("请尽快就医寻求帮助。", "请及时就医寻求帮助。", "不必就医寻求帮助。"),
        ("建议一定要卧床休息。", "需要卧床休息。", "建议不必卧床休息。"),
        ("双肾无积水、输尿管无扩张。", "双肾没有积水，输尿管也没扩张。", "双肾有积水、输尿管无扩张。"),
        ("睡前不宜喝浓茶和吃宵夜。", "睡前别喝浓茶，也别吃宵夜。", "睡前可以喝浓茶，别吃宵夜。"),
        ("避免奶液进入气管引起呛咳。", "别让奶液进入气管引起呛咳。", "可以让奶液进入气管引起呛咳。"),
        ("禁食辛辣刺激性食物。", "别吃辛辣刺激的东西。", "可以吃辛辣刺激的东西。"),
        ("暂时不需要治疗。", "暂时用不着治疗。", "暂时一定要治疗。"),
        ("表面粘膜光滑。", "黏膜表面光滑。", "表面黏膜不光滑。"),
        ("神志清楚，对答切题。", "神志是清楚的，对答切题。", "神志不清楚，对答切题。"),
        ("恢复过程无不良反应。", "恢复期没出现不良反应。", "恢复过程出现了不良反应。"),
        ("不会持续很长时间。", "不会持续太久。", "会持续很长时间。"),
        ("他走路不稳，还不会说话。", "他走路不稳当，也还不会说话。", "他走路很稳，还不会说话。"),
        ("与打疫苗是没关系的。", "跟打疫苗没有关系。", "跟打疫苗是有关系的。"),
        ("我没有恶心、呕吐或皮疹。", "我不恶心、不吐，也没起疹子。", "我不恶心、不吐，还起了疹子。"),
        ("没有出血。", "也没流血。", "还流了血。"),
        ("也不能排除其他可能性。", "别的可能也排除不了。", "已经排除了别的可能。"),
        ("治疗效果不佳。", "治疗效果不好。", "治疗效果很好。"),
    ],
)
def test_denials_in_other_words(said: str, again: str, turned: str) -> None:
    assert _passes(said, again)
    assert not _passes(said, turned)


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("左下肢血压测不出。右下肢血压140/90。", "右腿血压140/90，左腿测不到血压。"),
        ("怀孕不足37周的早产儿。", "怀孕没到37周的早产儿。"),
        ("没有药物可以治疗囊肿。囊肿会长大。", "没有药能治囊肿。囊肿会长大。"),
        ("脖子经常不能扭转而且疼痛。", "脖子经常不能扭、还疼。"),
        ("前者一般无明显不适，后者则有明显疼痛。", "前者一般没有明显不适，后者疼得明显。"),
        ("没有下腹疼痛或异常分泌物。", "下腹不疼，分泌物也没有异常。"),
        ("最近没有精神、发烧、腹胀，可引起肠梗阻。", "最近没精神、发烧、肚子胀，可引起肠梗阻。"),
        ("吃晚饭要七分饱不要吃太饱。", "晚饭吃七分饱，别吃太饱。"),
        ("如果没有这些症状，就不用担心。", "这些症状要是都没有，就不必担心。"),
        ("吃东西很快就饿。", "吃东西没多会儿就饿。"),
        ("不向身体其他部位放射。", "不往身体别处放射。"),
        ("用盐揉了但是没有用。", "用盐揉了也没用。"),
        ("平常没有任何症状。", "平常无症状。"),
        ("他无皮肤破溃[无水泡症状]昨天呕吐三次。", "他皮肤没破溃，没有水泡，昨天吐了三次。"),
    ],
)
def test_what_only_looks_like_the_opposite_passes(said: str, again: str) -> None:
    assert _passes(said, again)
    assert _passes(again, said)


@pytest.mark.parametrize(
    "same",
    [
        ("每日两次", "一天两回", "早晚各一次", "早上一次晚上一次", "每12小时一次", "bid", "十二个小时一回"),
        ("每日三次", "一天三趟", "tid", "每8小时一次", "八小时一次", "一日三餐各一次"),
        ("隔日一次", "两天一次", "2天1回", "每隔一天一次", "qod"),
        ("每周一次", "每星期一回", "一礼拜一次", "7天一次"),
        ("半个月一次", "半个月一回", "每15天一次"),
        ("三四个月才来一次", "每3-4个月一次", "隔三四个月来一次"),
        ("每天用某某（甲乙丙）两次", "每天两次"),
        ("两小时", "俩小时", "2个钟头", "120分钟"),
        ("三个月", "仨月", "三个来月", "3月余"),
        ("两三天", "2、3天", "两、三天", "2～3天"),
        ("两万", "20000", "贰万"),
        ("两百", "贰佰", "200"),
        ("2010年3月", "10年3月份", "二零一零年三月"),
        ("L4-5", "L4/5", "腰4/5", "第四五腰椎"),
        ("T12", "胸12椎体", "第十二胸椎", "胸12骨折"),
        ("12.5乘10的9次方", "12.5×10^9/L", "十二点五乘以十的九次方"),
        ("每升不少于80克", "≥80g/L", "每升80克"),
        ("148.3cm", "1米48.3"),
        ("三比一", "3：1"),
        ("一片半", "1.5片"),
        ("1000mIU/mL", "每毫升1000毫国际单位"),
    ],
)
def test_forms_of_one_amount(same: tuple[str, ...]) -> None:
    values = {form: [value for _, value in _values(f"她{form}。")][:1] for form in same}
    assert len({tuple(found) for found in values.values()}) == 1, values
    assert all(values.values())


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("血红蛋白62g/L和78g/L。", "血红蛋白每升62克和78克。"),
        ("有时三四个月才来月经。", "有时候隔三四个月才来一次月经。"),
        ("淋巴结未见转移（0/13）。", "淋巴结没见转移，13个里0个。"),
        ("抗体(32)偏高。", "抗体32，偏高。"),
        ("吃个把月就好。", "吃一个多月就好。"),
        ("白术20克，某某草15克，生姜9克。", "白术20克，生姜9克，某某草15克。"),
        ("VOD: 0.5，VOS: 0.4", "视力右眼0.5，左眼0.4"),
        ("臀部打了两针，左右各一针。", "臀部打了两针，左边一针右边一针。"),
        ("想检查一下过敏原。", "想查过敏原。"),
    ],
)
def test_amounts_in_other_words_pass(said: str, again: str) -> None:
    assert _passes(said, again)


@pytest.mark.parametrize(
    ("said", "altered"),
    [
        ("口服一片(某某片)每天，餐后服。", "口服一片(某某片)每周，餐后服。"),
        ("果胶铋150mgpotid。", "果胶铋150gpotid。"),
        ("每天用信必可（布地奈德福莫特罗）两次。", "每天用信必可（布地奈德福莫特罗）四次。"),
        ("6-8天着床，同房后18天检测。", "6-8天着床，同房后8天检测。"),
        ("好几年了还没好。", "好几天了还没好。"),
        ("水与果汁的比例是3比1。", "水与果汁的比例是1比3。"),
        ("费用在三百元左右。", "费用在五百元左右。"),
    ],
)
def test_a_changed_amount_fails(said: str, altered: str) -> None:
    assert not _passes(said, altered)


@pytest.mark.parametrize(
    ("said", "altered"),
    [
        ("对青霉素过敏者慎用。", "对青霉素过敏者也可放心使用。"),
        ("如无过敏史，可服用阿莫西林。", "无论有无过敏史，可服用阿莫西林。"),
        ("过敏史：青霉素。请开药。", "请开药。"),
        ("过敏原是尘螨。请开药。", "请开药。"),
        ("花粉会让我过敏。", "花粉不会让我过敏。"),
        ("她是过敏体质。", "她不是过敏体质。"),
        ("注意到他有食物过敏史。", "注意到他爱吃虾。"),
    ],
)
def test_a_changed_allergy_fails(said: str, altered: str) -> None:
    assert not _passes(said, altered)


def test_whatever_drug_one_may_be_allergic_to_is_none() -> None:
    assert _values("对什么药都不过敏。") == [("allergy", "none")]


_PARTS = (
    "没有发烧",
    "左腿疼了三天",
    "别吃辛辣食物",
    "每日两次",
    "不需要手术",
    "血糖7.8",
    "也没流血",
    "可以喝牛奶",
    "神志清楚",
)


@given(st.permutations(_PARTS), st.sampled_from("，。；"))
def test_order_turns_nothing_round(parts: list[str], mark: str) -> None:
    assert _passes(mark.join(_PARTS) + "。", mark.join(parts) + "。")


@given(st.text(alphabet="不没别无有、和，。疼药吃可以要3天[]（）:：左右半俩每次比", max_size=40))
def test_any_text_agrees_with_itself_and_keeps_its_places(text: str) -> None:
    assert _passes(text, text)
    found = statements(text, "zh")
    assert [s.start for s in found] == sorted(s.start for s in found)
    assert all(0 <= s.start <= s.end <= len(text) for s in found)
    assert all(text[f.start : f.end] == f.text for f in facts(text, "zh"))

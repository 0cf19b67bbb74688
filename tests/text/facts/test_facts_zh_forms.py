"""Ways of saying the same in Chinese that pass, and small changes of meaning that do not."""

from __future__ import annotations

import pytest

from medsynth.text.facts.compare import check

FRAME = "医生您好。{}。请问怎么办？"


def _passes(said: str, again: str) -> bool:
    return check(FRAME.format(said), FRAME.format(again), "zh").passed


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("血糖7.8mmol/L", "血糖每升7.8毫摩尔"),
        ("淀粉酶384U/L", "淀粉酶384单位每升"),
        ("心率88次/分", "心跳每分钟88下"),
        ("薏米100g煮粥", "薏米0.1公斤煮粥"),
        ("T36.5℃，P95次/分", "体温36.5度，脉搏每分钟95次"),
        ("孕18+4周", "怀孕18周加4天"),
        ("出生后第18周", "生下来十八周"),
        ("每6个月复查一次", "半年复查一次"),
        ("每3～6个月复查一次", "三到六个月复查一回"),
        ("有的一天两次，有的一天三次", "一天两次或三次"),
        ("占60%", "占六成"),
        ("概率为1/3", "概率为三分之一"),
        ("每次1.5片", "每次一片半"),
        ("结节1.2cm×0.8cm", "结节12毫米乘8毫米"),
        ("怀孕40天以内", "怀孕不超过四十天"),
        ("对花粉、尘螨过敏", "花粉和尘螨都过敏"),
        ("对青霉素过敏", "一用青霉素就过敏"),
        ("无明显诱因出现胸痛", "没什么原因就胸痛"),
        ("吃了泰诺一个小时还没退烧", "还没退烧，泰诺吃了一小时"),
        ("移动性浊音：阴性", "没有移动性浊音"),
        ("副作用不明显", "没有明显的副作用"),
        ("服用盐酸特拉唑嗪片", "服用高特灵"),
        ("服用左乙拉西坦、托吡酯", "服用开浦兰、妥泰"),
    ],
)
def test_another_form_passes(said: str, again: str) -> None:
    assert _passes(said, again)


@pytest.mark.parametrize(
    ("said", "altered"),
    [
        ("每周一次", "每月一次"),
        ("每周测2天血压", "每月测2天血压"),
        ("咳嗽了一个月", "咳嗽了一年"),
        ("消肿超过2周", "消肿超过2天"),
        ("抗结核治疗一月余", "抗结核治疗一年余"),
        ("血压140/90mmHg", "血压140/90kPa"),
        ("铝镁加每次一袋", "铝镁加每次一粒"),
        ("甲胎蛋白15.6ng/ml", "甲胎蛋白16.5ng/ml"),
        ("头总往左转", "头总往右转"),
        ("双侧尿路结石", "左侧尿路结石"),
        ("左侧阴囊空虚，右侧阴囊可扪及睾丸", "右侧阴囊空虚，左侧阴囊可扪及睾丸"),
        ("大便通畅", "大便不通畅"),
        ("吸气时胸痛", "吸气时胸不痛"),
        ("无脓血", "带脓血"),
        ("身体无不适症状", "身体有不适症状"),
        ("睡眠佳", "睡眠不佳"),
        ("如果对金银花过敏，就不适合使用", "就算对金银花过敏，也适合使用"),
        ("不能排除对柳絮过敏的可能", "可以排除对柳絮过敏的可能"),
        ("青霉素不过敏的情况下口服", "口服"),
        ("患肝炎或者过敏者停止使用", "患肝炎者停止使用"),
        ("药物过敏怎么办", "怎么办"),
    ],
)
def test_a_change_of_meaning_fails(said: str, altered: str) -> None:
    assert not _passes(said, altered)


def test_sides_that_stand_both_ways_in_the_source_may_change_places() -> None:
    assert _passes("左耳听力未见下降，右耳听力未见下降", "右耳听力未见下降，左耳听力未见下降")

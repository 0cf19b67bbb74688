"""Consultation talk that says the same as written Chinese passes; the opposite of it in the same words does not."""

from __future__ import annotations

import pytest

from medsynth.text.facts.compare import check


def _passes(said: str, again: str) -> bool:
    return check(said, again, "zh").passed


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("平时不要吃海鲜，肉食及豆制品。", "平时海鲜、肉和豆制品别吃。"),
        ("避免咖啡因和酒精。", "咖啡因和酒都别碰。"),
        ("平时饮食应少食多餐。", "平时饮食要少吃多餐。"),
        ("请问良性可能性大吗？", "请问良性的可能性大不大？"),
        ("空调开太高对黄疸不会产生影响。", "空调开太高不会影响黄疸。"),
        ("平时防止暴饮暴食。", "平时别暴饮暴食。"),
        ("治疗效果不佳。", "治疗效果不好。"),
        ("前些天腰不大舒服这几天严重了", "前些天腰有点不舒服，这几天严重了"),
        ("无其他症状，如消瘦、疲劳或发热。", "没有别的不舒服，也不发烧。"),
        ("力气也没有了。", "也没力气了。"),
        ("不排除怀孕可能。", "也有可能是怀孕了。"),
        ("左室舒张功能减低。", "左心室舒张功能减低。"),
        ("左颞部血肿，右额颞叶挫裂伤。", "左侧颞部血肿，右侧额颞叶挫裂伤。"),
        ("左跟骨骨折。", "左边跟骨骨折。"),
        ("左右附件区未见明显异常。", "两侧附件区没看到明显异常。"),
        ("角膜厚度: OD562μm；OS475μm", "角膜厚度右眼562微米，左眼475微米。"),
        ("身高159cm。", "我一米五九。"),
        ("C5/6层面异常信号。", "颈5/6层面异常信号。"),
        ("白细胞: 14.31×109/L。", "白细胞14.31乘以10的9次方每升。"),
        ("一般是40孕周。", "一般是四十周。"),
        ("上两月提前一礼拜。", "前两个月提前七天。"),
        ("QRS132ms。", "QRS是132毫秒。"),
        ("09年查出大三阳。", "2009年查出大三阳。"),
        ("本月十二号住院。", "这个月12号住院。"),
        ("冠状动脉造影未做。", "冠脉造影没做。"),
        ("请服阿莫西林0.5g。", "吃点消炎药，阿莫西林0.5克。"),
        ("服用塞庚啶治疗。", "吃赛庚啶治疗。"),
    ],
)
def test_the_same_in_talk_passes(said: str, again: str) -> None:
    assert _passes(said, again)


@pytest.mark.parametrize(
    ("said", "altered"),
    [
        ("避免辛辣食物。", "可以吃辛辣食物。"),
        ("海鲜别吃。", "海鲜要吃。"),
        ("治疗效果不好。", "治疗效果好。"),
        ("不会影响睡眠。", "会影响睡眠。"),
        ("左室舒张功能减低。", "右室舒张功能减低。"),
        ("左跟骨骨折。", "右跟骨骨折。"),
        ("角膜厚度OD562μm。", "角膜厚度OS562μm。"),
        ("身高一米五九。", "身高一米九五。"),
        ("L4椎体骨折。", "腰5椎体骨折。"),
        ("本月十二号住院。", "这个月13号住院。"),
        ("请服阿莫西林0.5g。", "请服阿司匹林0.5g。"),
        ("也没力气了。", "也有力气了。"),
    ],
)
def test_its_opposite_fails(said: str, altered: str) -> None:
    assert not _passes(said, altered)


def test_one_side_for_a_named_side_is_judged_without_a_fault() -> None:
    assert any(found.kind == "side" for found in check("左腿疼了三天。", "单侧腿疼了三天。", "zh").findings)

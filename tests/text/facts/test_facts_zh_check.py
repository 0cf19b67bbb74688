"""Faithful and unfaithful rewritings of Chinese text."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from medsynth.text.facts.compare import check

REAL = Path(os.environ.get("MEDSYNTH_REAL_DATA", ""))
TEXT = (
    "患者女，45岁，发热3天，最高体温38.5℃，伴右下腹疼痛，无恶心呕吐。对青霉素过敏。白细胞12.5×10^9/L。"
    "建议口服阿奇霉素片0.5g，每日1次，连服3天；布洛芬混悬液10ml，必要时服用。孕妇禁用。避免辛辣食物，不要饮酒。建议到消化内科做B超。"
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.5g", "5g"),
        ("0.5g", "0.5mg"),
        ("10ml", "10mg"),
        ("10ml", "100毫升"),
        ("无恶心", "有恶心"),
        ("伴右下腹疼痛", "不伴右下腹疼痛"),
        ("避免辛辣食物", "可以吃辛辣食物"),
        ("不要饮酒", "可以饮酒"),
        ("阿奇霉素", "阿霉素"),
        ("阿奇霉素", "罗红霉素"),
        ("布洛芬混悬液", "芬布芬混悬液"),
        ("右下腹", "左下腹"),
        ("连服3天", "连服8天"),
        ("发热3天", "发热三个月"),
        ("每日1次", "每日三次"),
        ("每日1次", "隔日一次"),
        ("对青霉素过敏。", ""),
        ("对青霉素过敏", "对青霉素不过敏"),
        ("对青霉素过敏", "对磺胺过敏"),
        ("38.5℃", "38.5℉"),
        ("45岁", "54岁"),
        ("38.5", "35.8"),
        ("12.5×", "15.2×"),
        ("孕妇禁用。", "孕妇禁用。可以加用地塞米松。"),
        ("每日1次", "每次两片，每日1次"),
        ("做B超", "做胃镜"),
    ],
)
def test_an_alteration_fails(old: str, new: str) -> None:
    assert old in TEXT
    assert not check(TEXT, TEXT.replace(old, new), "zh").passed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.5g", "500毫克"),
        ("10ml", "十毫升"),
        ("每日1次", "一天一次"),
        ("每日1次", "qd"),
        ("连服3天", "连着吃三天"),
        ("无恶心呕吐", "不恶心，也没有吐"),
        ("伴右下腹疼痛", "右侧下腹部疼"),
        ("发热3天", "发烧三天了"),
        ("38.5℃", "三十八度五"),
        ("45岁", "四十五岁"),
        ("布洛芬混悬液", "美林"),
        ("阿奇霉素片", "阿奇霉素"),
        ("对青霉素过敏", "有青霉素过敏史"),
        ("孕妇禁用", "孕妇不能用"),
        ("避免辛辣食物", "别吃辣的"),
        ("不要饮酒", "忌酒"),
        ("消化内科做B超", "消化科做个超声"),
        ("白细胞12.5×10^9/L", "白细胞12.5"),
        ("必要时服用", "需要的时候再吃"),
    ],
)
def test_a_paraphrase_passes(old: str, new: str) -> None:
    assert old in TEXT
    verdict = check(TEXT, TEXT.replace(old, new), "zh")
    assert verdict.passed, [finding for finding in verdict.findings if finding.fails]


@pytest.mark.parametrize(
    ("said", "turned"),
    [
        ("中间没有突起，有点痛", "中间有突起，有点痛"),
        ("这个病不会传染给别人", "这个病会传染给别人"),
        ("可以喝牛奶", "不可以喝牛奶"),
        ("宝宝能打疫苗", "宝宝不能打疫苗"),
        ("建议手术治疗", "不建议手术治疗"),
        ("没有家族遗传史", "有家族遗传史"),
        ("目前无需用药", "目前需用药"),
        ("慎用激素类药膏", "可用激素类药膏"),
        ("血压不高", "血压高"),
        ("睡眠不好", "睡眠好"),
        ("大便不正常", "大便正常"),
        ("不影响生育", "影响生育"),
        ("病情没有好转", "病情有好转"),
        ("孕妇禁用", "孕妇可用"),
        ("两肺未闻及干湿啰音", "两肺闻及干湿啰音"),
        ("表面抗原阴性", "表面抗原阳性"),
        ("暂时不停药", "暂时停药"),
    ],
)
def test_a_denial_turned_round_fails(said: str, turned: str) -> None:
    frame = "医生你好，我最近头晕。{}。请问怎么办？"
    assert not check(frame.format(said), frame.format(turned), "zh").passed
    assert not check(frame.format(turned), frame.format(said), "zh").passed
    assert check(frame.format(said), frame.format(said), "zh").passed


def test_order_and_condensing_pass() -> None:
    sentences = [part for part in re.split(r"(?<=。)", TEXT) if part]
    assert check(TEXT, "".join(reversed(sentences)), "zh").passed
    assert check(TEXT, "".join(part for part in sentences if "B超" not in part), "zh").passed


@pytest.mark.skipif(
    not (REAL / "zhongjing").is_dir(), reason="MEDSYNTH_REAL_DATA names no folder with the samples"
)
def test_real_answers() -> None:
    """Real answers agree with themselves; a number of days or a dose that is changed in one is noticed."""
    rows = json.loads((REAL / "zhongjing/huatuo26M_test.json").read_text(encoding="utf-8"))
    texts = [text for row in rows[:1500] for text in row["output"] if 40 <= len(text) <= 400]
    assert len(texts) > 500
    assert all(check(text, text, "zh").passed for text in texts[:400])
    amount = re.compile(r"(?<![\d.~～—至到-])([2-9])(?=(?:天|片|粒|周|毫升)(?!面))")
    planted = [(text, amount.sub("17", text, count=1)) for text in texts if amount.search(text)]
    assert len(planted) >= 20
    missed = sum(check(text, altered, "zh").passed for text, altered in planted)
    assert missed <= 0.05 * len(planted)

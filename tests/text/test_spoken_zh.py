"""The spoken form of Chinese: numbers, units and signs composed here, not from the tables of the code.

What every reading must be is worked out beside the code: numbers by `numeral` below, units by the names that
a physician says. Signs and contexts are put together at random.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from medsynth.text.spoken import aligned_form, spoken_form

DIGITS = "零一二三四五六七八九"


def numeral(n: int) -> str:
    """Return 0 ≤ n < 10,000 as it is read, by the school rule: a digit and its place, one 零 for a gap."""
    if n == 0:
        return "零"
    places = ((1000, "千"), (100, "百"), (10, "十"), (1, ""))
    said = ""
    for base, name in places:
        digit = n // base % 10
        if digit:
            said += DIGITS[digit] + name
        elif said and not said.endswith("零"):
            said += "零"
    said = said.rstrip("零").replace("二千", "两千")
    return said[1:] if said.startswith("一十") else said


def read(written: str) -> str:
    whole, _, part = written.partition(".")
    return numeral(int(whole)) + ("点" + "".join(DIGITS[int(d)] for d in part) if part else "")


WHOLE = st.integers(3, 9999).map(str)
DECIMAL = st.builds(
    lambda w, d: f"{w}.{d}", st.integers(0, 999), st.from_regex(r"[0-9]{0,2}[1-9]", fullmatch=True)
)
NUMBER = st.one_of(WHOLE, DECIMAL)
UNITS = {
    "mg": "毫克", "kg": "公斤", "ml": "毫升", "cm": "厘米", "mm": "毫米", "mmol/L": "毫摩尔每升", "g/L": "克每升",
    "μmol/L": "微摩尔每升", "U/L": "单位每升", "IU/ml": "国际单位每毫升", "mmHg": "毫米汞柱", "℃": "摄氏度",
    "ng/ml": "纳克每毫升", "mg/kg": "毫克每公斤", "μg/(kg·min)": "微克每公斤每分钟", "kPa": "千帕", "dB": "分贝",
    "次/分": "次每分", "Hz": "赫兹", "°": "度", "pg/mL": "皮克每毫升", "mV": "毫伏",
}  # fmt: skip
NOUNS = ("血钾", "肌酐", "大小约", "体重", "剂量为", "结果：", "测得", "，", "（", "CT值", "测值 ")
# What may lie below zero, and how it is followed.
SIGNED = {
    "右眼": ("度", "D", "DS", ""), "左眼 ": ("度", "D", ""), "近视": ("度", "D"),
    "散光：": ("度", "DC"), "屈光度": ("", "D"),
    "球镜为": ("D", ""), "碱剩余": ("", "mmol/L"), "碱剩余：": ("mmol/L", ""), "BE": ("mmol/L", ""),
    "电轴": ("°", "度", ""),
    "T值": ("", "SD"), "Z值：": ("",), "气温": ("度", "℃"), "先露S": ("",), "胎头位置S": ("",), "OD": ("D", "DS", ""),
    "冷冻温度": ("℃", "度"), "骨密度T值为": ("",), "压低": ("mV",),
}  # fmt: skip
SIGNED_UNITS = {
    "": "",
    "度": "度",
    "D": "D",
    "DS": "D S",
    "DC": "D C",
    "mmol/L": "毫摩尔每升",
    "°": "度",
    "℃": "摄氏度",
    "SD": "S D",
    "mV": "毫伏",
}
MINUS = ("-", "−", "－", "﹣")
# Names that go on with a hyphen and a number: nothing is said for it.
HYPHENED = (
    "白介素",
    "白细胞介素",
    "碳",
    "磷酸二酯酶",
    "疱疹病毒",
    "内皮素",
    "环氧化酶",
    "基质金属蛋白酶",
    "胰高血糖素样肽",
)
CODES = ("IL", "HPV", "PD", "COX", "TTF", "Ki", "CA", "GATA")
LEFT = re.compile(r"[^㐀-鿿A-Za-z .,;:!?'\"()’‘“”–—…。，、；：！？（）《》·-]")
# Units and dosing that an engine would spell or guess at.
BARE = re.compile(
    r"(?<![A-Za-z])(?:m[glm]|[kμun]g|cm|mmol|mmHg|min|IU|kPa|bid|tid|qd|qn|po)(?![A-Za-z])", re.I
)


def nothing_left(spoken: str) -> bool:
    return not LEFT.search(spoken) and not BARE.search(spoken)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(NOUNS),
    NUMBER,
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(("", "。", "，正常", "左右")),
)
def test_a_number_and_its_unit_are_read(noun, number, unit, after):
    spoken = spoken_form(f"{noun}{number}{unit}{after}", "zh")
    assert nothing_left(spoken), spoken
    assert f"{read(number)}{UNITS[unit]}" in spoken
    assert "负" not in spoken and "到" not in spoken and spoken.endswith(after)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_minus_is_said(data):
    noun = data.draw(st.sampled_from(sorted(SIGNED)))
    unit = data.draw(st.sampled_from(SIGNED[noun]))
    number = data.draw(st.one_of(st.integers(3, 29).map(str), DECIMAL))
    minus = data.draw(st.sampled_from(MINUS))
    after = data.draw(st.sampled_from(("", "。", "，左眼正常", "；")))
    spoken = spoken_form(f"检查：{noun}{minus}{number}{unit}{after}", "zh")
    assert f"负{read(number)}{SIGNED_UNITS[unit]}" in spoken.replace(" ，", "，"), spoken
    assert nothing_left(spoken) and spoken.count("负") == 1


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(HYPHENED),
    st.sampled_from(CODES),
    st.integers(3, 9999),
    st.sampled_from(("", "。", "升高", "抑制剂", "型")),
)
def test_a_hyphen_in_a_name_is_not_said(name, code, number, after):
    for text in (f"{name}-{number}{after}", f"{code}-{number}{after}"):
        spoken = spoken_form(text, "zh")
        assert not re.search("[负到减]", spoken) and "-" not in spoken and nothing_left(spoken), (
            text,
            spoken,
        )


@settings(max_examples=300, deadline=None)
@given(
    st.integers(3, 500),
    st.integers(1, 400),
    st.sampled_from(("-", "~", "～", "—", "至", "–", "--", "----")),
    st.sampled_from(("天", "度", "次", "%", "mg", "mmol/L", "℃", "分钟", "厘米", "cm")),
    st.sampled_from(("体温", "持续", "每次", "右眼", "气温", "约", "，")),
)
@example(10, 1, "-", "mmol/L", "体温")  # no power of ten
def test_a_range_stays_a_range(low, more, dash, unit, noun):
    spoken = spoken_form(f"{noun}{low}{dash}{low + more}{unit}", "zh")
    said = re.sub(r"百分之(?=.*到)", "", spoken)
    assert (
        f"{numeral(low)}{'至' if dash == '至' else '到'}{numeral(low + more)}".replace("至", "到") in said
    ), spoken
    assert "负" not in spoken and nothing_left(spoken)


GRADES = {
    "+": "一个加号",
    "++": "两个加号",
    "+++": "三个加号",
    "2+": "两个加号",
    "3+": "三个加号",
    "1+": "一个加号",
}


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(("尿蛋白", "潜血", "尿糖", "酮体", "白细胞酯酶")),
    st.sampled_from(sorted(GRADES)),
    st.sampled_from(("", "，", "。", "；", "、")),
)
def test_a_graded_finding_is_said_in_plus_signs(finding, sign, after):
    assert spoken_form(f"{finding}{sign}{after}", "zh") == f"{finding}{GRADES[sign]}{after}"


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(("表面抗原", "核心抗体", "梅毒", "墨菲征", "HBsAg", "HIV", "ER")),
    st.sampled_from(("+", "(+)", "（+）", "＋", "-", "(-)", "（－）")),
    st.sampled_from(("，", "。", "；")),
)
def test_a_finding_is_there_or_not(finding, sign, after):
    said = spoken_form(f"{finding}{sign}{after}", "zh")
    assert said.endswith(("阳性" if re.search("[+＋]", sign) else "阴性") + after), said


def test_more_than_a_number_puts_the_word_where_it_belongs():
    for number in range(3, 100):
        said = spoken_form(f"停经{number}+天", "zh")
        assert said == (f"停经{numeral(number)}多天" if number % 10 == 0 else f"停经{numeral(number)}天多")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 99), min_size=3, max_size=5))
def test_three_numbers_are_no_range(numbers):
    text = "-".join(map(str, numbers))
    said = spoken_form(f"按{text}服用", "zh")
    assert said == "按" + "、".join(map(numeral, numbers)) + "服用"


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 12), st.integers(1, 28), st.sampled_from(("复查", "入院", "来院就诊", "晚上发烧")))
def test_a_date_with_a_slash_is_told_by_its_context(month, day, after):
    assert spoken_form(f"{month}/{day}{after}", "zh") == f"{numeral(month)}月{numeral(day)}日{after}"


@pytest.mark.parametrize("text", ["切除1/3", "约2/3的病人", "大于2/3为重度", "每天1/4片", "占1/12", "3/12"])
def test_a_fraction_stays_a_fraction(text):
    assert "分之" in spoken_form(text, "zh") and "月" not in spoken_form(text, "zh")


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(("拨打", "打", "致电", "呼叫")), st.sampled_from(("110", "120", "119", "12320", "12345", "12356")),
    st.sampled_from(("", "。", "，", "求救")),
)  # fmt: skip
def test_a_number_that_is_called_is_read_digit_by_digit(verb, number, after):
    said = "".join("幺" if d == "1" else DIGITS[int(d)] for d in number)
    assert spoken_form(verb + number + after, "zh") == verb + said + after


PIECES = st.one_of(
    NUMBER, st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(SIGNED)), st.sampled_from(MINUS),
    st.sampled_from(("+", "++", "±", "/", "~", "×", "*", "=", ">", "≥", "<", "(", ")", "（+）")),
    st.sampled_from(("、", "，", "：", "%", "↑", "1+")), st.sampled_from(HYPHENED), st.sampled_from(CODES),
    st.sampled_from(("po", "bid", "Na+", "w", "周", "天", "级", "型", "Ⅱ", "III", "疼痛")),
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=9).map("".join))
def test_whatever_is_composed_nothing_unreadable_is_left_and_all_is_aligned(text):
    spoken, spans = aligned_form(text, "zh")
    assert not LEFT.search(spoken), spoken
    assert "".join(text[a:b] for (a, b), _ in spans) == text
    rest = iter(spoken)
    assert all(char in rest for char in re.findall("[疼痛天级型周]", text))
    # A minus or a plus is said only where a sign stands.
    if not re.search("[-−－﹣–]", text):
        assert "负" not in spoken.replace("正负", "")
    if not re.search("[+＋]", text):
        assert "正" not in spoken.replace("正负", "") or "±" in text

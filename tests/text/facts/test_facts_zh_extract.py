"""What is read from Chinese text: names, quantities, polarity."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.text.facts.extract_zh import extract, statements
from medsynth.text.facts.model import FactKind

REAL = Path(os.environ.get("MEDSYNTH_REAL_DATA", ""))
LEXICON = files("medsynth.text.facts").joinpath("lexicon", "zh_drugs.tsv")


def values(text: str, kind: FactKind) -> list[str]:
    return [fact.value for fact in extract(text) if fact.kind == kind]


def polarity(text: str) -> dict[str, str]:
    return {term.name: term.polarity for statement in statements(text) for term in statement.terms}


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("0.5g", "dose", ["500 mg"]),
        ("５００毫克", "dose", ["500 mg"]),
        ("500微克", "dose", ["0.5 mg"]),
        ("一次两片", "dose", ["2 tablet"]),
        ("每次半片", "dose", ["0.5 tablet"]),
        ("每次两粒", "dose", ["2 grain"]),
        ("每次10～20毫升", "dose", ["10-20 ml"]),
        ("80万单位", "dose", ["800000 unit"]),
        ("每公斤体重10毫克", "dose", ["10 mg/kg"]),
        ("10mg/kg", "dose", ["10 mg/kg"]),
        ("一天三次", "frequency", ["3/day"]),
        ("每日3次", "frequency", ["3/day"]),
        ("日三次", "frequency", ["3/day"]),
        ("3次/日", "frequency", ["3/day"]),
        ("tid", "frequency", ["3/day"]),
        ("每8小时一次", "frequency", ["3/day"]),
        ("每4-6小时一次", "frequency", ["4-6/day"]),
        ("隔日一次", "frequency", ["1/2 day"]),
        ("两天一次", "frequency", ["1/2 day"]),
        ("每周两次", "frequency", ["2/week"]),
        ("早晚各一次", "frequency", ["2/day"]),
        ("睡前服用", "frequency", ["at bedtime"]),
        ("餐后服用", "frequency", ["after meals"]),
        ("连吃3-5天", "duration", ["3-5 day"]),
        ("连吃三到五天", "duration", ["3-5 day"]),
        ("三五天", "duration", ["3-5 day"]),
        ("3～5 d", "duration", ["3-5 day"]),
        ("两个星期", "duration", ["14 day"]),
        ("三天至一周", "duration", ["3-7 day"]),
        ("半个月", "duration", ["15 day"]),
        ("三个多月", "duration", ["3 month"]),
        ("一年半", "duration", ["1.5 year"]),
        ("半年", "duration", ["6 month"]),
        ("两个疗程", "duration", ["2 course"]),
        ("我今年四十五岁", "age", ["45 year"]),
        ("宝宝6个月大", "age", ["6 month"]),
        ("半岁", "age", ["6 month"]),
        ("三岁半", "age", ["3.5 year"]),
        ("38.5℃", "temperature", ["38.5 C"]),
        ("38度5", "temperature", ["38.5 C"]),
        ("三十八度半", "temperature", ["38.5 C"]),
        ("血压120/80", "vital", ["120/80"]),
        ("高压一百二低压八十", "vital", ["120/80"]),
        ("血压160到100", "vital", ["160/100"]),
        ("心率80次/分", "vital", ["80 bpm"]),
        ("白细胞12×10^9/L", "lab", ["12e9"]),
        ("空腹血糖7.8mmol/L", "lab", ["7.8 mmol/l"]),
        ("尿蛋白（++）", "lab", ["2+"]),
        ("表面抗原阳性", "lab", ["positive"]),
        ("皮试阴性", "lab", ["negative"]),
        ("百分之三十", "number", ["30 %"]),
        ("HPV16", "number", ["hpv16"]),
        ("1、多喝水 2、多休息", "number", []),
        ("一般情况下一直这样", "number", []),
        ("做了B超、核磁共振和血常规", "test", ["ultrasound", "mri", "血常规"]),
        ("妇科门诊", "department", ["妇科"]),
    ],
)
def test_value(text: str, kind: FactKind, expected: list[str]) -> None:
    assert values(text, kind) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("阿奇霉素和阿霉素", ["azithromycin", "doxorubicin"]),
        ("芬必得就是布洛芬", ["ibuprofen", "ibuprofen"]),
        ("扑热息痛", ["acetaminophen"]),
        ("盐酸左氧氟沙星胶囊", ["levofloxacin"]),
        ("红霉素软膏", ["erythromycin"]),
        ("维生素 B12片", ["vitamin b12"]),
        ("复方甘草片", ["复方甘草"]),
        ("口服某某替尼片", ["某某替尼"]),  # known by its ending alone
        ("建议服用舒心安神颗粒", ["舒心安神"]),
        ("睾丸疼痛，拍了照片，牙膏", []),
        ("逍遥自在地健脾养胃", []),  # names of pills without the pill
        ("每次吃两粒药丸", []),
    ],
)
def test_drug(text: str, expected: list[str]) -> None:
    assert values(text, "drug") == expected


def test_dose_belongs_to_the_drug_before_it() -> None:
    facts = extract("阿莫西林每次0.5g，每日3次；布洛芬每次1片")
    assert [(f.value, f.of) for f in facts if f.kind in ("dose", "frequency")] == [
        ("500 mg", "amoxicillin"),
        ("3/day", "amoxicillin"),
        ("1 tablet", "ibuprofen"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("对青霉素过敏", [("penicillin", False)]),
        ("青霉素过敏史", [("penicillin", False)]),
        ("有尘螨、花粉和宠物毛发过敏史", [("动物毛发", False), ("尘螨", False), ("花粉", False)]),
        ("无药物过敏史", [("none", True)]),
        ("否认药物及食物过敏史", [("none", True)]),
        ("对头孢不过敏", [("cephalosporin", True)]),
        ("有没有青霉素过敏史？", []),
        ("过敏性鼻炎，要抗过敏治疗", []),
    ],
)
def test_allergy(text: str, expected: list[tuple[str, bool]]) -> None:
    assert sorted((f.value, f.negated) for f in extract(text) if f.kind == "allergy") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("孕妇禁用", ["孕妇"]),
        ("哺乳期不能用", ["哺乳期"]),
        ("忌烟酒", ["alcohol"]),
        ("服药期间不要喝酒", ["alcohol"]),
        ("不能和头孢一起吃", ["cephalosporin"]),
        ("孕妇可以用", []),
    ],
)
def test_contraindication(text: str, expected: list[str]) -> None:
    assert values(text, "contraindication") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("左下腹疼", [("left", "下腹")]),
        ("右侧膝关节", [("right", "膝")]),
        ("双肺呼吸音粗", [("both", "肺")]),
        ("左右两侧都疼", [("both", "")]),
        ("腹部左侧", [("left", "腹")]),
        ("吃了3天左右的左氧氟沙星", []),
    ],
)
def test_side(text: str, expected: list[tuple[str, str]]) -> None:
    found = [(f.value, f.of) for f in extract(text) if f.kind == "side"]
    assert [
        (value, of if want else "") for (value, of), (_, want) in zip(found, expected, strict=True)
    ] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("没有发烧、咳嗽，但是有头疼", {"发热": "denied", "咳嗽": "denied", "头痛": "asserted"}),
        ("无发热", {"发热": "denied"}),
        ("不伴恶心", {"恶心": "denied"}),
        ("未见异常", {"异常": "denied"}),
        ("检查正常", {"异常": "denied"}),
        ("没什么问题", {"异常": "denied"}),
        ("不能吃辛辣", {"吃": "denied", "辛辣": "denied"}),
        ("避免熬夜", {"熬夜": "denied"}),
        ("不但发烧，而且咳嗽", {"发热": "asserted", "咳嗽": "asserted"}),
        ("消化不良", {"消化不良": "asserted"}),
        ("不得不手术", {"手术": "asserted"}),
        ("不排除感染", {"感染": "asserted"}),
        ("是不是发烧了", {"发热": "open"}),
        ("有没有咳嗽？", {"咳嗽": "open"}),
        ("无论发烧", {"发热": "asserted"}),
        ("不需要住院", {"需要": "denied", "住院": "denied"}),
        ("并不可以手术", {"手术": "denied"}),
        ("压痛不明显", {"压痛": "open", "明显": "denied"}),
        ("没有及时治疗导致感染", {"治疗": "denied", "感染": "asserted"}),
    ],
)
def test_polarity(text: str, expected: dict[str, str]) -> None:
    found = polarity(text)
    assert {name: found.get(name) for name in expected} == expected


_ALPHABET = "不没有发烧咳嗽左右侧0123456789一二三十半两天次片每日毫克mg岁度过敏对青霉素，。？（）+-/ "
_HAN = "零一二三四五六七八九"


@given(st.integers(1, 99))
def test_chinese_numeral_is_the_number(count: int) -> None:
    tens, ones = divmod(count, 10)
    said = ("" if tens < 2 else _HAN[tens]) + ("十" if tens else "") + (_HAN[ones] if ones else "")
    assert values(f"住院{said}天。", "duration") == values(f"住院{count}天。", "duration")


@given(
    st.text(
        alphabet=_ALPHABET,
        max_size=60,
    )
)
def test_spans_are_of_the_text(text: str) -> None:
    for fact in extract(text):
        assert text[fact.start : fact.end] == fact.text
        assert 0 <= fact.start < fact.end <= len(text)
    for statement in statements(text):
        for term in statement.terms:
            assert statement.start <= term.start < term.end <= statement.end


@pytest.mark.parametrize(
    "text", ["一二三四" * 2000, "1" * 9000 + "天", "没有" * 4000, "每" * 5000, "对" * 5000 + "过敏"]
)
def test_hostile_text_is_read(text: str) -> None:
    assert all(fact.start < fact.end for fact in extract(text))
    statements(text)


def _lexicon() -> list[tuple[str, str, str]]:
    rows = []
    for line in LEXICON.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            value, _, names = line.split("\t")
            rows += [(value, *name.split("=")) for name in names.split("|")]
    return rows


def test_every_drug_name_states_its_origin() -> None:
    rows = _lexicon()
    assert len(rows) > 1000
    assert all(codes and set(codes) <= set("HCTBADUJRG") for _, _, codes in rows)
    assert len({name for _, name, _ in rows}) == len(rows)


@pytest.mark.skipif(
    not (REAL / "zhongjing").is_dir(), reason="MEDSYNTH_REAL_DATA names no folder with the samples"
)
def test_drug_names_are_attested_where_the_lexicon_says() -> None:
    texts = {
        "H": (REAL / "zhongjing/huatuo26M_test.json").read_text(encoding="utf-8"),
        "C": (REAL / "zhongjing/CMtMedQA_test.json").read_text(encoding="utf-8"),
        "B": (REAL / "cmb/CMB-Clin-qa.json").read_text(encoding="utf-8"),
        "T": (REAL / "toyhom/internal_medicine_sample.csv").read_text(encoding="gb18030", errors="replace"),
    }
    missing = [
        (name, code)
        for _, name, codes in _lexicon()
        for code in codes
        if code in texts and name not in texts[code]
    ]
    assert missing == []

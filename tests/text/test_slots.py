"""What a stretch of text is about."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.text.slots import classify, patient_units


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("It started about two weeks ago.", "onset"),
        ("Both shins have been like this for three months.", "duration"),
        ("The ache sits in my left shoulder.", "place"),
        ("It is so bad that I can't sleep.", "severity"),
        ("My last period was five weeks back.", "reproductive"),
        ("She was born at 38 weeks and is breastfed.", "child"),
        ("I smoke ten cigarettes daily.", "habits"),
        ("It is worse when I climb stairs.", "modifiers"),
        ("I have also felt sick and I have no fever.", "accompanying"),
        ("I take ramipril 5 mg every morning.", "medicines"),
        ("The cream did not help at all.", "medicines"),
        ("A chest x-ray came back normal.", "tests"),
        ("I was diagnosed with asthma as a child.", "history"),
        ("My father had a stroke at sixty.", "family"),
        ("I am allergic to penicillin.", "allergies"),
        ("I'm a 34-year-old woman.", "demographics"),
        ("Should I see someone about it?", "question"),
        ("I would like to know whether this is serious.", "question"),
        ("Hello doctor!", "thanks"),
        ("Thank you very much in advance.", "thanks"),
    ],
)
def test_english(text: str, slot: str) -> None:
    assert classify(text, "en") == slot


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("有三个月了", "duration"),
        ("上个月开始的", "onset"),
        ("在左侧腰部", "place"),
        ("疼得受不了", "severity"),
        ("月经推迟了十天", "reproductive"),
        ("一直是母乳喂养", "child"),
        ("平时抽烟喝酒", "habits"),
        ("晚上躺下就加重", "modifiers"),
        ("还伴有恶心", "accompanying"),
        ("吃了三天阿莫西林", "medicines"),
        ("抽血查了血常规", "tests"),
        ("我妈妈有高血压", "family"),
        ("不知道怎么就肿了", "other"),
        ("对青霉素过敏", "allergies"),
        ("我头孢过敏", "allergies"),
        ("我今年34岁，女", "demographics"),
        ("这是怎么回事", "question"),
        ("需要手术吗？", "question"),
        ("谢谢医生", "thanks"),
        ("没什么大问题", "other"),
    ],
)
def test_chinese(text: str, slot: str) -> None:
    assert classify(text, "zh") == slot


def test_a_question_announced_in_one_clause_and_asked_in_the_next_stays_whole() -> None:
    text = "膝盖肿了。请问，以后，还能跑步吗？"
    units = patient_units(text, "zh")
    assert [u.slot for u in units][-1] == "question"
    assert text[units[-1].ranges[0][0] : units[-1].ranges[-1][1]] == "请问，以后，还能跑步吗？"


def test_a_tag_question_stays_with_what_it_asks_about() -> None:
    text = "听说这个药饭前吃比较好，是吗？"
    (unit,) = patient_units(text, "zh")
    assert text[unit.ranges[0][0] : unit.ranges[-1][1]] == text


def test_a_clause_that_names_a_topic_stays_with_the_next() -> None:
    text = "脚踝扭了。像我们这样上夜班的人，要休息多久？"
    last = patient_units(text, "zh")[-1]
    assert last.slot == "question"
    assert text[last.ranges[0][0] :].startswith("像我们")


def test_fine_units_cut_a_text_that_runs_on() -> None:
    text = "宝宝背上长了小水泡，三天了，抹了药，不见好"
    assert len(patient_units(text, "zh")) < len(patient_units(text, "zh", fine=True))


def test_greetings_and_thanks_are_left_out() -> None:
    text = "Hello doctor, my ear is blocked. Thanks a lot!"
    units = patient_units(text, "en")
    assert [text[a:b] for u in units for a, b in u.ranges] == ["my ear is blocked."]


def test_a_clause_that_leans_on_the_one_before_stays_with_it() -> None:
    text = "I bought an ointment at the chemist. But it burned badly."
    assert len(patient_units(text, "en")) == 1


@given(st.text(), st.sampled_from(["en", "zh"]))
def test_units_of_any_text_are_disjoint_and_in_order(text: str, lang: str) -> None:
    end = 0
    for unit in patient_units(text, lang):
        assert unit.ranges
        for left, right in unit.ranges:
            assert end <= left < right <= len(text)
            end = right


@pytest.mark.parametrize(
    "piece", ["a ", "我", "我，", "hi ", "吃", "for two ", "my very old ", "没有", "1 ", "when I "]
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_time_is_linear(piece: str, lang: str) -> None:
    began = time.process_time()
    patient_units(piece * (8_000 // len(piece)), lang)
    assert time.process_time() - began < 3

"""Origins and their rendering."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.records import FrameRef, RawTurn, Span, Turn
from medsynth.text.render import check_origin, may_cut, render, spans_of
from medsynth.text.speakable import speech_problems

FRAMES = {"onset.01": "When did it start?"}
ASK = FrameRef(frame="onset.01", text="When did it start?")


def source(text: str, role: str = "patient") -> tuple[RawTurn, ...]:
    return (RawTurn(role=role, text=text),)


def said(text: str, lang: str, role: str = "patient", keep: bool = True) -> str:
    return render(spans_of(text, 0, 0, len(text), keep_brackets=keep), source(text, role), lang)


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("  my  knee hurts,", "en", "My knee hurts."),
        ("- rest and ice;", "en", "Rest and ice."),
        ("2. keep it raised", "en", "Keep it raised."),
        ("is it bad??", "en", "Is it bad?"),
        ("pH is low...", "en", "pH is low."),
        ('it is a "cyst."', "en", 'It is a "cyst."'),
        ("，后来好了，", "zh", "后来好了。"),
        ("① 少 吃 盐；", "zh", "少吃盐。"),
        ("这是怎么回事", "zh", "这是怎么回事？"),
        ("太疼了!!", "zh", "太疼了！"),
        ("2,多吃鱼", "zh", "多吃鱼。"),
        ("16、7岁就这样", "zh", "16、7岁就这样。"),
        ("三、四天了", "zh", "三、四天了。"),
        (".5 mg at night", "en", ".5 mg at night."),
        ("-2.5 in both eyes", "en", "-2.5 in both eyes."),
        ("我没有吃什么药", "zh", "我没有吃什么药。"),
        ("这是怎么回事。", "zh", "这是怎么回事。"),
        ("我上着环呢", "zh", "我上着环呢。"),
    ],
)
def test_a_sentence_as_said(text: str, lang: str, expected: str) -> None:
    assert said(text, lang) == expected


def test_a_doctors_statement_gets_no_question_mark() -> None:
    assert said("先查是什么原因", "zh", "doctor") == "先查是什么原因。"


@pytest.mark.parametrize(
    ("text", "lang", "keep", "expected"),
    [
        ("Cystic fibrosis (CF) is inherited.", "en", False, "Cystic fibrosis is inherited."),
        ("What is (are) Gout?", "en", True, "What is Gout?"),
        ("Take it (500 mg) twice.", "en", False, "Take it, 500 mg, twice."),
        ("It is safe (not in pregnancy).", "en", False, "It is safe, not in pregnancy."),
        ("我咳嗽（白痰），三天了", "zh", True, "我咳嗽，白痰，三天了。"),
        ("服药（每日三次）即可", "zh", False, "服药，每日三次，即可。"),
    ],
)
def test_brackets_are_cut_out_or_said(text: str, lang: str, keep: bool, expected: str) -> None:
    assert said(text, lang, "doctor", keep) == expected


def test_what_may_be_cut() -> None:
    assert may_cut("CF") and may_cut("see Figure 2") and may_cut("3")
    assert not may_cut("100 mg") and not may_cut("not for children") and not may_cut("禁酒")


def test_an_unbalanced_bracket_cannot_be_said() -> None:
    assert spans_of("It hurts (a lot", 0, 0, 15, keep_brackets=True) == ()


def turn(text: str, *origin: Span | FrameRef, role: str = "patient") -> Turn:
    return Turn(role=role, text=text, origin=origin)


TEXT = "I cough. It is worse at night, not by day (since 3 May) really. Do not worry."


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (turn("I cough."), "no origin"),
        (turn("I sneeze.", Span(turn=0, start=0, end=8)), "not the rendering"),
        (turn("I cough.", Span(turn=1, start=0, end=8)), "no source turn"),
        (turn("I cough.", Span(turn=0, start=0, end=800)), "outside"),
        (turn("I cough.", Span(turn=0, start=0, end=8), role="doctor"), "quotes the patient"),
        (turn("Worry.", Span(turn=0, start=len(TEXT) - 6, end=len(TEXT))), "inside a word"),
        (turn("When did it end?", FrameRef(frame="onset.01", text="When did it end?")), "not listed"),
        (turn("Why?", FrameRef(frame="onset.99", text="Why?")), "not listed"),
        (
            turn(
                "It is worse at night, not by day really.",
                Span(turn=0, start=9, end=41),
                Span(turn=0, start=56, end=63),
            ),
            "number or a negation",
        ),
    ],
)
def test_invented_or_altered_text_is_found(wrong: Turn, problem: str) -> None:
    assert any(problem in found for found in check_origin(wrong, source(TEXT), "en", FRAMES))


def test_an_honest_turn_passes() -> None:
    origin = (ASK, *spans_of(TEXT, 0, 9, 63, keep_brackets=True))
    honest = turn(render(origin, source(TEXT), "en"), *origin)
    assert honest.text == "When did it start? It is worse at night, not by day, since 3 May, really."
    assert check_origin(honest, source(TEXT), "en", FRAMES) == []


@given(st.text(max_size=80), st.sampled_from(["en", "zh"]), st.booleans())
def test_any_text_renders_without_new_words(text: str, lang: str, keep: bool) -> None:
    spans = spans_of(text, 0, 0, len(text), keep_brackets=keep)
    result = render(spans, source(text), lang)
    letters = [c.lower() for c in text if c.isalnum()]
    if re.search(r"[(（]\s*[-+－—–﹣＋﹢]\s*[)）]", text):  # read as a word
        result = result.replace("阴性", "").replace("阳性", "")
    for char in (c.lower() for c in result if c.isalnum()):
        while letters and letters.pop(0) != char:
            pass
    assert "\n" not in result


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("大便潜血(-)，血压正常。", "大便潜血阴性，血压正常。"),
        ("双侧病理征（＋），余无异常。", "双侧病理征阳性，余无异常。"),
    ],
)
def test_a_sign_in_brackets_is_read_as_clinicians_read_it(text: str, said: str) -> None:
    spans = spans_of(text, 0, 0, len(text), keep_brackets=True)
    assert render(spans, source(text), "zh") == said


@pytest.mark.parametrize("text", ["反跳痛（±），腹软。", "Rapid test (-), no fever.", "潜血（-）", "(-)，无"])
def test_a_sign_that_has_no_word_is_neither_dropped_nor_said(text: str) -> None:
    assert spans_of(text, 0, 0, len(text), keep_brackets=True) == ()


def test_the_trade_name_of_a_medicine_is_left_out() -> None:
    text = "每晚服用氯雷他定片（息斯敏）一片。"
    spans = spans_of(text, 0, 0, len(text), keep_brackets=True)
    assert [text[s.start : s.end] for s in spans] == ["每晚服用氯雷他定片", "一片。"]


def test_degrees_can_be_said() -> None:
    assert speech_problems("体温38.5℃。") == [] and speech_problems("It rose to 101°F.") == []

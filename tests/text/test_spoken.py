"""Written to spoken form: token by token, nothing invented, nothing left that a voice would stumble over."""

from __future__ import annotations

import csv
import json
import os
import re
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.text.spoken import PUNCTUATION, spoken_form

LANGS = ("en", "zh")


@pytest.mark.parametrize(
    "written, spoken",
    [
        ("Take 500mg b.i.d. for 3-5 days.", "Take 500 milligrams twice a day for 3 to 5 days."),
        ("1 g PO q6h prn", "1 gram by mouth every 6 hours as needed"),
        ("BP was 120/80 mmHg", "BP was 120 over 80 millimeters of mercury"),
        ("fever of 38.5°C", "fever of 38.5 degrees Celsius"),
        ("37.5-38.2 °C", "37.5 to 38.2 degrees Celsius"),
        ("sugar 126 mg/dL", "sugar 126 milligrams per deciliter"),
        ("5 mg/kg/day", "5 milligrams per kilogram per day"),
        ("drink >=2 L/day", "drink at least 2 liters per day"),
        ("3 x 4 cm", "3 by 4 centimeters"),
        ("2-3x/day", "2 to 3 times per day"),
        ("12×10^9/L", "12 times 10 to the power of 9 per liter"),
        ("10-20% of people", "10 to 20 percent of people"),
        ("1/2 tablet", "one half tablet"),
        ("pain is 7/10", "pain is 7 out of 10"),
        ("weeks ± days, A & B", "weeks plus or minus days, A and B"),
        ("~5 days", "about 5 days"),
        ("e.g. rice, w/o salt", "for example rice, without salt"),
        ("take it and/or rest", "take it and or rest"),
        ("*very* <b>sore</b>", "very b sore b"),
        ("β blocker", "beta blocker"),
    ],
)
def test_english(written, spoken):
    assert spoken_form(written, "en") == spoken


@pytest.mark.parametrize(
    "written, spoken",
    [
        ("每次5mg，每日3次", "每次5毫克，每日3次"),
        ("体重60kg，吃了2g", "体重60千克，吃了2克"),
        ("体温38.5℃", "体温38.5摄氏度"),
        ("血压120/80mmHg", "血压120、80毫米汞柱"),
        ("3-5天，2～3周，三~五天", "3至5天，2至3周，三至五天"),
        ("50%，10%-20%，10-20％", "百分之50，百分之10至百分之20，百分之10至20"),
        ("血糖6.1mmol/L", "血糖6.1毫摩尔每升"),
        ("12×10^9/L", "12乘以10的9次方每升"),
        ("0.5g tid", "0.5克每天三次"),
        ("一天2次/天", "一天2次每天"),
        ("肿块3×4cm", "肿块3乘4厘米"),
        ("抗原(+)，抗体（-）", "抗原阳性，抗体阴性"),
        ("≥3天", "大于等于3天"),
        ("1,000毫升", "1000毫升"),
        ("二分之一即1/2", "二分之一即2分之1"),
        ("５ｍｇ", "5毫克"),
    ],
)
def test_chinese(written, spoken):
    assert spoken_form(written, "zh") == spoken


@pytest.mark.parametrize(
    "text, lang",
    [
        ("I made a bid on the house, and the po-faced clerk agreed.", "en"),
        ("Vitamin B12, T3 and COVID-19 at L4-L5 in a 60-year-old.", "en"),
        ("Call 555-123-4567 today.", "en"),
        ("It's bad - really bad; isn't it?", "en"),
        ("The egg was grey and large.", "en"),
        ("维生素B12和CT检查，kg是什么意思？", "zh"),
        ("2020-01-05住院。", "zh"),
        ("医生您好，我咳嗽两周了。", "zh"),
    ],
)
def test_what_needs_no_reading_is_left_alone(text, lang):
    assert spoken_form(text, lang) == text


def allowed(char: str) -> bool:
    return char in PUNCTUATION or unicodedata.category(char)[0] in "LMN"


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=80), st.sampled_from(LANGS))
def test_no_unreadable_symbol_is_left(text, lang):
    spoken = spoken_form(text, lang)
    assert all(allowed(c) for c in spoken), [c for c in spoken if not allowed(c)]
    assert "  " not in spoken and spoken == spoken.strip()


MEDICAL = st.lists(
    st.sampled_from(
        ["5", "120", "3.5", "mg", "kg", "ml", "%", "/", "-", "~", "×", "≥", "±", " ", "day", "L", "bid", "q8h", "°C",
         "天", "次", "克", "体温", "，", ". ", "(+)", "10^9", "<", "&", "μg"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(MEDICAL, st.sampled_from(LANGS))
def test_every_number_of_the_text_is_said(text, lang):
    # Readings may add digits of their own only for powers and named fractions; none may vanish.
    if "/" in text or "," in text:
        return
    spoken = spoken_form(text, lang)
    for number in re.findall(r"\d+", text):
        assert number in spoken or re.search(r"q8h", text, re.I)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["my", "knee", "hurts", "and", "swells", "badly"]), min_size=1))
def test_plain_words_are_unchanged(words):
    text = " ".join(words) + "."
    assert spoken_form(text, "en") == text


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "piece", ["1", "1-", "1/", "a.", "1 ", "~", " ", "1.1,", "b.i", "1 m", "%", "(+", "10^", "1%-"]
)
def test_time_is_linear(piece, lang):
    def seconds(n: int) -> float:
        text = piece * (n // len(piece))
        start = time.perf_counter()
        spoken_form(text, lang)
        return time.perf_counter() - start

    seconds(1000)
    short = min(seconds(5_000) for _ in range(3))
    assert min(seconds(40_000) for _ in range(2)) < 40 * short + 0.05


def test_real_texts_hold_nothing_unreadable():
    folder = os.environ.get("MEDSYNTH_REAL_DATA")
    if not folder:
        pytest.skip("MEDSYNTH_REAL_DATA is not set")
    rows = json.loads((Path(folder) / "zhongjing" / "huatuo26M_test.json").read_text(encoding="utf-8"))
    with (Path(folder) / "mts_dialog" / "MTS-Dialog-ValidationSet.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        texts = [("en", row["dialogue"]) for row in csv.DictReader(file)]
    texts += [("zh", str(value)) for row in rows[:500] for value in row.values()]
    for lang, text in texts:
        spoken = spoken_form(text, lang)
        assert all(allowed(c) for c in spoken)
        han = [c for c in text if "一" <= c <= "鿿"]
        assert [c for c in spoken if c in set(han)] or not han

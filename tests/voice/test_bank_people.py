"""Ages, genders and accents of real speaker tables are read by what they mean."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.records import AGE_GROUPS, age_group_of
from medsynth.voice.bank_aishell import LETTERS, read_aishell3
from medsynth.voice.bank_common_voice import AGES
from medsynth.voice.bank_people import Ages, ages_of, band_of, gender_of
from medsynth.voice.bank_vctk import read_vctk


@pytest.mark.parametrize(
    "text, years",
    [("23", (23, 23)), (" 23.0 ", (23, 23)), ("20 - 29", (20, 29)), ("20～29", (20, 29)), ("31至40岁", (31, 40)),
     ("< 14", (0, 13)), ("＜14", (0, 13)), ("> 41", (42, None)), (">=60", (60, None)), ("≥ 60", (60, None)),
     ("60+", (60, None)), ("over 60", (61, None)), ("under 18", (0, 17)), ("<=13", (0, 13)), ("elderly", (60, None)),
     ("Child", (0, 13)), ("", None), ("unknown", None), ("999", None), ("29-20", None), ("-5", None), ("E", None)],
)  # fmt: skip
def test_years_of_a_cell(text, years):
    assert ages_of(text) == (years and Ages(*years))


@pytest.mark.parametrize(
    "ages, group",
    [((42, None), "adult"), ((41, None), "adult"), ((60, None), "elderly"), ((59, None), "adult"), ((0, 13), "child"),
     ((14, 25), "youth"), ((26, 40), "adult"), ((19, 29), "youth"), ((30, 39), "adult"), ((50, 59), "adult"),
     ((55, 65), "adult"), ((0, 18), "youth"), ((11, 20), "youth"), ((21, 35), "adult"), ((10, 70), "adult")],
)  # fmt: skip
def test_a_range_is_the_band_of_most_of_its_years_between_child_and_elderly(ages, group):
    assert band_of(Ages(*ages)).age_group == group


@given(st.integers(0, 120), st.integers(0, 120))
def test_bands_claim_no_child_and_no_elder_who_may_be_none(a, b):
    low, high = sorted((a, b))
    band = band_of(Ages(low, high))
    possible = {age_group_of(y) for y in range(low, high + 1)}
    assert band.age_group in possible or possible == {"child", "elderly"}
    if band.age_group in ("child", "elderly"):
        assert possible == {band.age_group}
    assert band.may_be_child == ("child" in possible)
    assert bool(band.note) == (len(possible) > 1)
    if len(possible) > 1:
        counts = Counter(age_group_of(y) for y in range(low, high + 1))
        assert counts[band.age_group] == max(counts["youth"], counts["adult"])


@given(st.integers(0, 120))
def test_one_year_is_its_own_band(year):
    band = band_of(ages_of(str(year)))
    assert band == (age_group_of(year), "", year < 14)
    assert band.age_group in AGE_GROUPS


def test_common_voice_decades():
    groups = {name: band_of(ages).age_group for name, ages in AGES.items()}
    assert groups == {
        "teens": "youth", "twenties": "youth", "thirties": "adult", "fourties": "adult", "forties": "adult",
        "fifties": "adult", "sixties": "elderly", "seventies": "elderly", "eighties": "elderly", "nineties": "elderly",
    }  # fmt: skip
    assert band_of(AGES["teens"]).may_be_child and not band_of(AGES["twenties"]).may_be_child


def test_aishell_letters():
    assert [band_of(LETTERS[c]).age_group for c in "abcd"] == ["child", "youth", "adult", "adult"]


@pytest.mark.parametrize(
    "text", ["female ", "F", " f", "Female", "女", "ＦＥＭＡＬＥ", "female_feminine", "fe\u200bmale"]
)
def test_no_spelling_makes_a_woman_a_man(text):
    assert gender_of(text) in ("female", None)
    assert gender_of(text.replace("\u200b", "")) == "female"


@pytest.mark.parametrize(
    "text", ["", " ", None, "other", "femal", "non-binary", "transgender", "do_not_wish_to_say", "?"]
)
def test_what_names_no_gender_leaves_it_open(text):
    assert gender_of(text) is None


@given(st.text(max_size=12))
def test_a_gender_is_read_only_from_a_name_of_it(text):
    if gender_of(text):
        assert gender_of(f" {text.upper()}\t") == gender_of(text)


def test_real_vctk_table(real_data):
    """Every speaker of the real table is read; ages as the table states them."""
    corpus = read_vctk(real_data / "speaker_meta/vctk")
    people = corpus.people
    assert len(people) == 96 and not corpus.problems
    assert Counter(p.gender for p in people.values()) == {"female": 55, "male": 41}
    assert all(p.ages and 18 <= p.ages.low == p.ages.high <= 38 for p in people.values())
    bands = Counter((band_of(p.ages).age_group, p.gender) for p in people.values())
    assert bands == {
        ("youth", "female"): 47,
        ("youth", "male"): 36,
        ("adult", "female"): 8,
        ("adult", "male"): 5,
    }
    accents = Counter(p.accent for p in people.values())
    assert accents["en-GB"] == 27 and accents["en-US"] == 20 and accents["en"] == 1
    assert people["p280"].accent == "en" and people["p280"].given["region"] == "France"
    assert people["p326"].accent == "en-AU" and people["p326"].given["region"] == "Sydney"
    assert people["p335"].accent == "en-NZ" and people["p374"].given["region"] == ""
    assert people["p225"].given["region"] == "Southern England" and people["p248"].accent == "en-IN"


def test_other_copies_of_the_vctk_table_say_the_same(real_data, tmp_path):
    """Single blanks, p before the number, genders in words, a comment in brackets: release 0.92 and its copies."""
    original = (real_data / "speaker_meta/vctk/speaker-info.txt").read_text()
    lines = []
    for line in original.splitlines()[1:]:
        name, age, gender, *rest = line.split()
        words = [f"p{name}", age, {"F": "female", "M": "male"}[gender], *rest, "(mic2 files unavailable)"]
        lines.append(" ".join(words))
    (tmp_path / "speaker-info.txt").write_text(
        "ID AGE GENDER ACCENTS REGION COMMENTS\n" + "\n".join(lines) + "\n"
    )
    copy, table = read_vctk(tmp_path).people, read_vctk(real_data / "speaker_meta/vctk").people
    assert list(copy) == list(table)
    for name, person in table.items():
        other = copy[name]
        assert (person.gender, person.ages, person.accent) == (other.gender, other.ages, other.accent)
        assert person.given["region"] == other.given["region"]


def test_real_aishell3_table(real_data):
    """81 % women, nobody elderly, and SSB0426 ("female ") is a woman."""
    corpus = read_aishell3(real_data / "speaker_meta/aishell3")
    people = corpus.people
    assert len(people) == 191 and not corpus.problems
    assert Counter(p.gender for p in people.values()) == {"female": 152, "male": 39}
    bands = Counter(band_of(p.ages).age_group for p in people.values())
    assert bands == {"youth": 153, "adult": 36, "child": 2}
    assert sum(band_of(p.ages).note != "" for p in people.values()) == 6
    assert people["SSB0426"].gender == "female"
    assert Counter(p.accent for p in people.values()) == {"zh-CN": 143, "zh-CN-south": 46, "zh-CN-other": 2}

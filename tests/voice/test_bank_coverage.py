"""What a bank can serve is told before anything is said, by the matching that the voice stage does."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.records import AGE_GROUPS, GENDERS, SPLITS, Dialogue, PatientProfile, Provenance, Speaker
from medsynth.voice.bank import load_bank
from medsynth.voice.bank_coverage import (
    Need,
    accent_shares,
    cover,
    cover_mixed,
    forecast,
    needs_of,
    rows,
    totals,
)
from medsynth.voice.match import ProfileSpec, match

BANK = load_bank()


def speaker(n, gender="female", age="adult", accent="en-GB", split="train", lang="en"):
    return Speaker(
        id=f"s{n}", engine="coqui", lang=lang, age_group=age, gender=gender, accent=accent, split=split,
        handle={"speaker": f"s{n}"}, licence="CC-BY-4.0", consent="recording", f0_hz=200, f0_low_hz=180,
        f0_high_hz=220, pace=5,
    )  # fmt: skip


def dialogue(n, gender="female", age="adult", accent="en-GB", split="train", lang="en", kind="qa"):
    return Dialogue(
        id=f"d{n}", source="s", raw_ids=(f"d{n}",), group=f"d{n}", cluster=f"d{n}", lang=lang, kind=kind,
        licence="MIT", split=split, source_turns=(), turns=(), provenance=Provenance(engine="x"),
        patient=PatientProfile(age_group=age, gender=gender, accent=accent),
    )  # fmt: skip


def test_what_gives_and_what_cannot_be_served():
    bank = [speaker(1), speaker(2, age="youth", accent="en-US"), speaker(3, gender="male", age="youth")]
    dialogues = [dialogue(1), dialogue(2, accent="en-IN"), dialogue(3, age="elderly"), dialogue(4, age="child"),
                 dialogue(5, gender="male", age="elderly"), dialogue(6, split="test"), dialogue(7, kind="exam"),
                 dialogue(8, lang="zh-CN", accent="zh-CN"), dialogue(9)]  # fmt: skip
    needs = needs_of(dialogues, ProfileSpec())
    assert needs.total() == 8 and needs[Need("en", "female", "adult", "en-GB", "train")] == 2
    by_need = {(c.need.gender, c.need.age_group, c.need.accent, c.need.split): c for c in cover(bank, needs)}
    assert by_need["female", "adult", "en-GB", "train"].relaxations == ()
    assert by_need["female", "adult", "en-IN", "train"].relaxations == ("accent en-IN to any",)
    assert by_need["female", "elderly", "en-GB", "train"].relaxations == ("age elderly to adult",)
    assert by_need["female", "child", "en-GB", "train"].relaxations == (
        "accent en-GB to any",
        "age child to youth",
    )
    for unserved in (("male", "elderly", "en-GB", "train"), ("female", "adult", "en-GB", "test"),
                     ("female", "adult", "zh-CN", "train")):  # fmt: skip
        assert by_need[unserved].speakers == 0
    assert totals(cover(bank, needs)) == {
        "in full": 2,
        "accent relaxed": 1,
        "age relaxed": 2,
        "no doctor": 0,
        "no speaker": 3,
    }
    assert [r["served"] for r in rows(cover(bank, needs))][:3] == ["NO"] * 3


@given(st.lists(st.tuples(st.sampled_from(GENDERS), st.sampled_from(AGE_GROUPS), st.sampled_from(SPLITS),
                          st.sampled_from(["en-GB", "en-US"])), max_size=8),
       st.sampled_from(GENDERS), st.sampled_from(AGE_GROUPS), st.sampled_from(SPLITS))  # fmt: skip
def test_coverage_says_what_matching_does(cells, gender, age, split):
    bank = [speaker(n, g, a, accent, s) for n, (g, a, s, accent) in enumerate(cells)]
    cell = cover(bank, {Need("en", gender, age, "en-GB", split): 1})[0]
    for n in range(3):
        found = match(
            bank,
            lang="en",
            gender=gender,
            age_group=age,
            accent="en-GB",
            split=split,
            seed=n,
            dialogue_id="d",
        )
        assert (found is None) == (cell.speakers == 0)
        if found:
            assert found.relaxations == cell.relaxations and found.speaker.gender == gender


def test_the_built_in_bank_serves_every_profile_in_full():
    needs = forecast({"en": 1000, "zh": 1000}, {"en": {"female": 3, "male": 1}}, {"en": dict.fromkeys(AGE_GROUPS, 1.0)},
                     {"en": {"en-GB": 1, "en-US": 1}, "zh": {"zh-CN": 1}},
                     {"train": 0.8, "validation": 0.1, "test": 0.1})  # fmt: skip
    assert sum(needs.values()) == pytest.approx(2000)
    assert needs[Need("zh", "male", "adult", "zh-CN", "test")] == pytest.approx(1000 / 4 / 4 / 10)
    women = sum(n for need, n in needs.items() if need.gender == "female")
    assert women == pytest.approx(1500)
    cells = cover(BANK, needs, doctors=True)
    assert totals(cells)["in full"] == pytest.approx(2000)
    assert all(c.served for c in cells)


def test_a_forecast_for_a_language_without_priors():
    needs = forecast({"de": 10}, {"en": {"female": 1}}, {"en": {"adult": 1}}, {}, {"train": 1.0})
    assert needs == {Need("de", "female", "adult", "de", "train"): 10}


def test_forced_profiles_and_doctors_count():
    dialogues = [dialogue(n) for n in range(3)]
    forced = ProfileSpec(age_group="elderly", gender="male", accent="zh-CN")
    assert needs_of(dialogues, forced) == Counter({Need("en", "male", "elderly", "en-GB", "train"): 3})


@pytest.mark.parametrize("adults, doctors", [(1, 0), (2, 0), (3, 1), (5, 3)])
def test_an_adult_must_be_left_for_the_doctor(adults, doctors):
    need = {Need("en", "female", "adult", "en-GB", "train"): 4}
    cell = cover([speaker(n) for n in range(adults)], need, doctors=True)[0]
    assert (cell.doctors, cell.served) == (doctors, doctors > 0)
    assert totals([cell])["no doctor"] == (0 if doctors else 4)
    assert cover([speaker(n) for n in range(adults)], need)[0].served
    # A man of the same age, or a woman of another, is taken for nobody's patient here.
    assert cover([speaker(0), speaker(1, gender="male")], need, doctors=True)[0].doctors == 1
    assert cover([speaker(0), speaker(1, age="elderly")], need, doctors=True)[0].doctors == 0


def test_engines_that_share_and_stand_in():
    need = Need("en", "female", "adult", "en-GB", "train")
    bank = [speaker(1), speaker(2).model_copy(update={"engine": "espeak"})]
    both = cover_mixed(bank, {need: 10}, {"coqui": 0.7, "espeak": 0.3})
    assert {(c.engine, c.dialogues, c.instead_of) for c in both} == {("coqui", 7, ()), ("espeak", 3, ())}
    stood_in = cover_mixed(bank[1:], {need: 10}, {"coqui": 1.0}, ["openai", "espeak"])
    assert [(c.engine, c.instead_of, c.served) for c in stood_in] == [("espeak", ("coqui", "openai"), True)]
    assert rows(stood_in)[0]["served"] == "espeak instead of coqui, openai"
    nobody = cover_mixed(bank[:1], {need: 10}, {"espeak": 1.0})
    assert [(c.engine, c.served) for c in nobody] == [("espeak", False)] and totals(nobody)[
        "no speaker"
    ] == 10


def test_accents_of_a_bank_as_a_prior():
    bank = [speaker(1), speaker(2), speaker(3, accent="en-IN"), speaker(4, accent="zh-CN", lang="zh")]
    assert accent_shares(bank, "en") == {"en-GB": pytest.approx(2 / 3), "en-IN": pytest.approx(1 / 3)}

"""Matching never leaves split, gender or language, and moves no more dialogues than it must."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.errors import UserError
from medsynth.records import AGE_GROUPS, GENDERS, SPLITS
from medsynth.voice.bank import load_bank
from medsynth.voice.match import NEIGHBOURS, ProfileSpec, match

BANK = load_bank()
ACCENTS = sorted({s.accent for s in BANK})

banks = st.lists(st.sampled_from(BANK), max_size=25, unique_by=lambda s: s.id)
ids = st.text(min_size=1, max_size=8)


@settings(max_examples=300, deadline=None)
@given(
    banks, st.sampled_from(["en", "zh"]), st.sampled_from(GENDERS), st.sampled_from(AGE_GROUPS),
    st.sampled_from([None, *ACCENTS]), st.sampled_from(SPLITS), st.integers(0, 9), ids,
)  # fmt: skip
def test_only_accent_and_age_ever_give_way(bank, lang, gender, age, accent, split, seed, name):
    found = match(
        bank, lang=lang, gender=gender, age_group=age, accent=accent, split=split, seed=seed, dialogue_id=name
    )
    permitted = [s for s in bank if (s.lang, s.gender, s.split) == (lang, gender, split)]
    near = [s for s in permitted if s.age_group in (age, *NEIGHBOURS[age])]
    if found is None:
        assert not near
        return
    s = found.speaker
    assert s in near
    exact_age = [p for p in permitted if p.age_group == age]
    exact = [p for p in exact_age if accent in (None, p.accent)]
    relaxed = {r.split()[0] for r in found.relaxations}
    assert ("age" in relaxed) == (not exact_age) == (s.age_group != age)
    assert ("accent" in relaxed) == (accent is not None and s.accent != accent)
    if exact:
        assert not found.relaxations


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 99), st.integers(0, 31))
def test_taking_a_speaker_out_moves_only_its_dialogues(seed, n):
    bank = [s for s in BANK if (s.lang, s.gender, s.age_group) == ("en", "female", "adult")]
    gone = bank[n]

    def won(speakers):
        return {
            f"d{i}": match(
                speakers, lang="en", gender="female", age_group="adult", accent=None, split=gone.split, seed=seed,
                dialogue_id=f"d{i}",
            ).speaker.id
            for i in range(60)
        }  # fmt: skip

    before, after = won(bank), won([s for s in bank if s is not gone])
    assert {d for d in before if before[d] != after[d]} == {d for d in before if before[d] == gone.id}


def test_every_speaker_is_heard_about_equally():
    bank = [s for s in BANK if (s.lang, s.gender, s.age_group, s.split) == ("zh", "male", "elderly", "train")]
    wins = dict.fromkeys((s.id for s in bank), 0)
    for i in range(200 * len(bank)):
        found = match(
            bank, lang="zh", gender="male", age_group="elderly", accent=None, split="train", seed=1,
            dialogue_id=f"x{i}",
        )  # fmt: skip
        wins[found.speaker.id] += 1
    assert min(wins.values()) > 150 and max(wins.values()) < 250


@pytest.mark.parametrize(
    "text, expected",
    [
        ("elderly", ProfileSpec(age_group="elderly")),
        ("male", ProfileSpec(gender="male")),
        ("female-elderly", ProfileSpec("elderly", "female")),
        ("elderly-female", ProfileSpec("elderly", "female")),
        ("child,en-GB-scotland", ProfileSpec("child", None, "en-GB-scotland")),
        ("en-gb-scotland-child", ProfileSpec("child", None, "en-GB-scotland")),
        ("en-GB", ProfileSpec(accent="en-GB")),
        ("en-GB-male", ProfileSpec(None, "male", "en-GB")),
        ("male, en-US-nyc adult", ProfileSpec("adult", "male", "en-US-nyc")),
        ("zh-CN", ProfileSpec(accent="zh-CN")),
    ],
)
def test_profiles_read(text, expected):
    assert ProfileSpec.parse(text, ACCENTS) == expected


@pytest.mark.parametrize(
    "text, named",
    [("", "empty"), ("old", "elderly"), ("female-male", "both"), ("en-FR", "en-GB-scotland"), ("child,,adult", "both"),
     ("elderly-", "none of")],
)  # fmt: skip
def test_profiles_refused(text, named):
    with pytest.raises(UserError, match=named):
        ProfileSpec.parse(text, ACCENTS)


@given(st.text(max_size=30))
def test_any_profile_text_gives_a_spec_or_valueerror(text):
    try:
        ProfileSpec.parse(text, ACCENTS)
    except UserError as error:
        assert str(error)

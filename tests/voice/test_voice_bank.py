"""The built-in bank keeps its promises cell by cell."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict

import pytest

from medsynth.records import AGE_GROUPS, GENDERS, SPLITS
from medsynth.voice.bank import BUILT_IN, BankError, bank_hash, listing, load_bank, save_bank
from medsynth.voice.calibrate import calibrate, recipes
from medsynth.voice.engine import open_engine

BANK = load_bank()


@pytest.mark.parametrize("lang, accents, most", [("en", 8, 3), ("zh", 1, 8)])
def test_every_cell_has_its_speakers_and_splits(lang, accents, most):
    cells = defaultdict(list)
    for s in BANK:
        if s.lang == lang:
            cells[s.accent, s.gender, s.age_group].append(s)
    assert len(cells) == accents * len(GENDERS) * len(AGE_GROUPS)
    for speakers in cells.values():
        assert len(speakers) >= most
        assert {s.split for s in speakers} == set(SPLITS)
        assert Counter(s.split for s in speakers)["train"] * 2 >= len(speakers)
    for gender, age in itertools.product(GENDERS, AGE_GROUPS):
        assert (
            len(
                {json.dumps(s.handle) for s in BANK if (s.lang, s.gender, s.age_group) == (lang, gender, age)}
            )
            >= 6
        )


def test_no_two_speakers_share_a_voice():
    handles = [json.dumps(s.handle, sort_keys=True) for s in BANK]
    assert len(set(handles)) == len(handles)
    assert len({s.id for s in BANK}) == len(BANK)


def test_pitch_bands_tell_men_from_women():
    grown = [s for s in BANK if s.age_group != "child"]
    assert max(s.f0_high_hz for s in grown if s.gender == "male") < min(
        s.f0_low_hz for s in grown if s.gender == "female"
    )
    assert min(s.f0_hz for s in BANK if s.age_group == "child") > max(
        s.f0_hz for s in grown if s.gender == "male"
    )


def mean(attribute, **cell):
    values = [getattr(s, attribute) for s in BANK if all(getattr(s, k) == v for k, v in cell.items())]
    return sum(values) / len(values)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_ages_sound_their_age(lang):
    for gender in GENDERS:
        pace = {age: mean("pace", lang=lang, gender=gender, age_group=age) for age in AGE_GROUPS}
        assert pace["elderly"] < 0.9 * pace["adult"] < pace["child"]
    f0 = {(g, a): mean("f0_hz", lang=lang, gender=g, age_group=a) for g in GENDERS for a in AGE_GROUPS}
    assert f0["female", "elderly"] < f0["female", "adult"] < f0["female", "youth"] < f0["female", "child"]
    assert f0["male", "adult"] < f0["male", "elderly"] < f0["male", "child"]


def test_elderly_voices_are_rough():
    folder = BUILT_IN.parent.parent / "variants"
    for s in BANK:
        assert ("roughness" in (folder / str(s.handle["variant"])).read_text()) == (s.age_group == "elderly")


def test_bank_is_what_its_recipes_give():
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    by_id = {s.id: s for s in BANK}
    chosen = recipes()[::112]
    engine = open_engine("espeak")
    try:
        assert [calibrate(engine, r) for r in chosen] == [by_id[r.id] for r in chosen]
    finally:
        engine.close()
    assert [r.id for r in recipes()] == [s.id for s in BANK]


def test_hash_follows_content_not_order():
    assert bank_hash(BANK) == bank_hash(BANK[::-1])
    assert bank_hash(BANK) != bank_hash(BANK[1:])
    assert bank_hash(BANK) != bank_hash((BANK[0].model_copy(update={"pace": 9.9}), *BANK[1:]))


def test_round_trip_and_listing(tmp_path):
    save_bank(BANK, tmp_path / "bank.csv")
    assert load_bank(tmp_path / "bank.csv") == BANK
    assert (tmp_path / "bank.csv").read_bytes() == BUILT_IN.read_bytes()
    rows = listing(BANK)
    assert len(rows) == len(BANK) and rows[0]["id"] == BANK[0].id


def damage(text: str, kind: str) -> str:
    lines = text.splitlines()
    if kind == "twice":
        lines.append(lines[1])
    elif kind == "two splits":
        lines.append(lines[1].replace("-01,", "-99,").replace(",train,", ",test,"))
    elif kind == "gender":
        lines[3] = lines[3].replace(",female,", ",femal,")
    elif kind == "handle":
        lines[3] = lines[3].replace('"{', '"')
    elif kind == "empty":
        lines = lines[:1]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "kind, message",
    [("twice", "listed twice"), ("two splits", "two splits"), ("gender", ":4: column gender"), ("handle", ":4: column"),
     ("empty", "no speakers")],
)  # fmt: skip
def test_damaged_banks_are_refused(tmp_path, kind, message):
    (tmp_path / "bank.csv").write_text(damage(BUILT_IN.read_text(), kind))
    with pytest.raises(BankError, match=message):
        load_bank(tmp_path / "bank.csv")


def test_absent_bank_is_refused(tmp_path):
    with pytest.raises(BankError, match=r"absent\.csv"):
        load_bank(tmp_path / "absent.csv")

"""The listed sentences."""

from __future__ import annotations

import copy
import re

import pytest
import yaml

from medsynth.records import FrameRef
from medsynth.resources import resource
from medsynth.text.frames import (
    MIN_PER_SLOT,
    SLOTS,
    FrameError,
    FrameSet,
    frames_hash,
    load_frames,
    parse_frames,
)
from medsynth.text.sentences import length
from medsynth.text.speakable import speech_problems


def shipped(lang: str) -> FrameSet:
    frames = load_frames(lang)
    assert frames is not None
    return frames


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_shipped_frames_are_many_different_and_speakable(lang: str) -> None:
    frames = shipped(lang)
    assert frames.lang == lang and frames.version
    for slot in SLOTS:
        for speaker in ("self", "other"):
            own = [f.text for f in frames.frames if f.slot == slot and f.fits in (None, speaker)]
            assert len(own) == len(set(own)) >= MIN_PER_SLOT
    for frame in frames.frames:
        assert speech_problems(frame.text) == []
        assert length(frame.text, lang) <= (20 if lang == "en" else 30)
        assert re.search(r"[.?!。？！]\Z", frame.text)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_frames_presuppose_nothing(lang: str) -> None:
    loaded = {
        "en": r"\b(?:pain|hurt|fever|cough|pills you|your (?:wife|son|pain)|he|she|him|her|headache|rash)\b",
        "zh": r"疼|痛|咳|发烧|孩子|(?<!其)他|她|头晕|皮疹",
    }[lang]
    frames = [f for f in shipped(lang).frames if f.slot != "child"]
    assert [f.text for f in frames if re.search(loaded, f.text)] == []


def test_an_unknown_language_has_no_frames() -> None:
    assert load_frames("xx") is None


def test_choice_is_stable_and_never_repeats() -> None:
    frames = shipped("en")
    used: list[str] = []
    while (frame := frames.choose("onset", 7, "d1", "self", used)) is not None:
        assert frame.id not in used
        used.append(frame.id)
    assert len(used) == sum(f.slot == "onset" for f in frames.frames)
    assert used[0] == frames.choose("onset", 7, "d1", "self").id  # type: ignore[union-attr]
    assert len({frames.choose("onset", 7, f"d{n}", "self").id for n in range(200)}) >= 10  # type: ignore[union-attr]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_frames_said_in_one_dialogue_are_not_nearly_the_same(lang: str) -> None:
    frames = shipped(lang)
    doctor = [slot for slot in SLOTS if slot not in ("listen", "done", "greet")]
    for n in range(60):
        used: list[str] = []
        for slot in doctor:
            frame = frames.choose(slot, n, "d", "other", used)
            assert frame is not None and not frames.alike[frame.id] & set(used)
            used.append(frame.id)


def test_alike_is_mutual_and_part_of_the_structure() -> None:
    frames = shipped("en")
    assert all(mine in frames.alike[other] for mine, others in frames.alike.items() for other in others)
    pair = next((mine, min(others)) for mine, others in frames.alike.items() if others)
    assert f"{pair[0]}:" in frames.structure() and pair[1] in frames.structure()


def test_a_new_frame_takes_over_only_its_share() -> None:
    data = yaml.safe_load(resource("prompts", "frames/en.yaml").read_text(encoding="utf-8"))
    longer = copy.deepcopy(data)
    longer["slots"]["onset"].append("Since when, would you say?")
    old, new = parse_frames(data, "old"), parse_frames(longer, "new")
    changed = 0
    for n in range(300):
        before, after = old.choose("onset", 1, f"d{n}", "self"), new.choose("onset", 1, f"d{n}", "self")
        assert before is not None and after is not None
        if before.id != after.id:
            assert after.text == "Since when, would you say?"
            changed += 1
    assert 5 < changed < 60


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["slots"].pop("onset"), "onset has 0 frames"),
        (lambda d: d["slots"].update(onsett=["x"]), "unknown slot 'onsett'"),
        (lambda d: d["slots"]["more"].append(d["slots"]["more"][0]), "same frame twice"),
        (lambda d: d["slots"]["more"].append({"txt": "x"}), "neither a text"),
        (lambda d: d["slots"]["more"].append({"text": "x", "for": "dog"}), "fits 'dog'"),
        (lambda d: d.pop("slots"), "expected a mapping"),
    ],
)
def test_a_broken_file_is_named(change, message: str) -> None:  # type: ignore[no-untyped-def]
    data = yaml.safe_load(resource("prompts", "frames/en.yaml").read_text(encoding="utf-8"))
    change(data)
    with pytest.raises(FrameError, match=message):
        parse_frames(data, "mine.yaml")


def test_hash_covers_text_but_not_order() -> None:
    a, b = FrameRef(frame="a.01", text="One?"), FrameRef(frame="b.01", text="Two?")
    assert frames_hash([a, b]) == frames_hash([b, a])
    assert frames_hash([a]) != frames_hash([FrameRef(frame="a.01", text="Uno?")])

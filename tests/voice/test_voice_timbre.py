"""Clips of one speaker in a dialogue are compared with each other; one that stands out is said again."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from medsynth.records import Dialogue, PatientProfile, Provenance, RawTurn, Turn
from medsynth.voice.bank import load_bank
from medsynth.voice.dialogue import voice_turns
from medsynth.voice.engine import open_engine
from medsynth.voice.repairs import ClipRejected
from medsynth.voice.takes import Take, carry_out, judge
from medsynth.voice.timbre import LEAST_CLIPS, MAX_APART, SPREAD, Timbre, apart, limit, spread_of, timbre_of

TEXTS = (
    "My knee has hurt for three weeks now, mostly at night.",
    "How long does the pain last?",
    "It started after a long walk in the hills with my brother.",
    "Did you take anything for it?",
    "Walking down the stairs is the worst part of it.",
    "Rest it for a week.",
    "Thank you, I will try that and come back next month.",
)
BANK = {s.id: s for s in load_bank()}


def of(gender: str, age_group: str, accent: str = "en-US"):
    return next(s for s in BANK.values() if (s.gender, s.age_group, s.accent) == (gender, age_group, accent))


WOMAN, MAN, GIRL = of("female", "adult"), of("male", "adult"), of("female", "child")


class Changing:
    """An engine that gives chosen turns, so many times each, to somebody who is told to sound like the speaker."""

    def __init__(self, engine, impostor, times: dict[str, int]):
        self.engine, self.impostor, self.times = engine, impostor, Counter(times)
        self.said: list[tuple[str, int]] = []

    def synthesize(self, text, lang, speaker, seed):
        self.said.append((text, seed))
        if self.times[text] > 0:
            self.times[text] -= 1
            speaker = self.impostor
        return self.engine.synthesize(text, lang, speaker, seed)


@pytest.fixture(scope="module")
def engine():
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    opened = open_engine("espeak")
    yield opened
    opened.close()


def dialogue() -> Dialogue:
    roles = ("patient", "doctor")
    return Dialogue(
        id="d", source="s", raw_ids=("d",), group="d", cluster="d", lang="en", kind="consultation", licence="x",
        split="train", source_turns=(RawTurn(role="patient", text=TEXTS[0]),),
        turns=tuple(Turn(role=roles[i % 2], text=text) for i, text in enumerate(TEXTS)),
        patient=PatientProfile(
            age_group="adult", gender="female", accent="en-US",
            age_basis="sampled", gender_basis="sampled", accent_basis="sampled",
        ),
        provenance=Provenance(engine="extractive"),
    )  # fmt: skip


def voiced(engine, speakers, repairs=2):
    return carry_out(voice_turns(dialogue(), TEXTS, speakers, 3, repairs), {"espeak": engine})


def alike(speaker, other):
    """Return a speaker whose pitch and pace are taken for those of another, so that only timbre can tell."""
    told = {"f0_low_hz": 1.0, "f0_high_hz": 4000.0}
    return speaker.model_copy(update=told | {"pace": other.pace})


def test_a_sound_dialogue_is_left_alone_and_its_distances_are_noted(engine):
    done = voiced(engine, {"patient": WOMAN, "doctor": MAN})
    assert not [repair for repair in done.repairs if "timbre" in repair]
    patient = {index: done.checks[index].get("timbre") for index in (0, 2, 4, 6)}
    assert all(value is not None and 0 < value <= MAX_APART for value in patient.values()), patient
    again = voiced(engine, {"patient": WOMAN, "doctor": MAN})
    assert again.checks == done.checks and again.audio == done.audio


def test_one_turn_by_somebody_else_is_said_again_and_then_sounds_as_if_nothing_had_been(engine):
    patient = alike(WOMAN, WOMAN)
    whole = voiced(engine, {"patient": patient})
    changing = Changing(engine, GIRL, {TEXTS[4]: 1})
    done = voiced(changing, {"patient": patient})
    assert [r.split(":")[0] for r in done.repairs] == ["turn 4"] and "timbre" in done.repairs[0]
    seeds = [seed for text, seed in changing.said if text == TEXTS[4]]
    assert len(set(seeds)) == 2, "said again with another seed"
    assert done.audio == whole.audio and done.checks == whole.checks


def test_a_turn_that_keeps_standing_out_is_rejected_with_its_measurement(engine):
    changing = Changing(engine, MAN, {TEXTS[2]: 99})
    with pytest.raises(ClipRejected, match=r"turn 2: timbre \d\.\d\d outside"):
        voiced(changing, {"patient": alike(WOMAN, MAN)})
    assert Counter(text for text, _ in changing.said)[TEXTS[2]] == 2
    with pytest.raises(ClipRejected, match="turn 2: timbre"):
        voiced(Changing(engine, MAN, {TEXTS[2]: 1}), {"patient": alike(WOMAN, MAN)}, repairs=0)


def test_roles_are_not_compared_with_each_other(engine):
    done = voiced(engine, {"patient": GIRL, "doctor": MAN})
    assert not [repair for repair in done.repairs if "timbre" in repair]


def timbre(*shift: float, speech_s: float = 5.0) -> Timbre:
    return Timbre(speech_s, tuple(np.pad(shift, (0, len(SPREAD) - len(shift))).tolist()))


def test_clips_too_few_or_without_a_timbre_are_not_judged():
    far = timbre(*[100.0] * 20)
    assert apart([timbre(), far][: LEAST_CLIPS - 1]) == {}
    assert apart([timbre(), None, far]) == {}
    assert set(apart([None, timbre(), timbre(0.1), far])) == {1, 2, 3}


def test_the_odd_one_stands_out_and_more_the_longer_it_speaks():
    others = [timbre(0.1 * n) for n in range(4)]
    short, long = (apart([*others, timbre(*[1.5] * 19, speech_s=s)]) for s in (1.5, 12.0))
    assert max(long, key=long.__getitem__) == 4 and long[4] > MAX_APART
    assert short[4] < long[4]
    assert all(long[n] < 1 for n in range(4))


def test_a_voice_that_varies_a_lot_is_measured_by_its_own_measure():
    chance = np.random.default_rng(1)
    spread = np.array(SPREAD)
    for _ in range(20):
        lively = [timbre(*(chance.normal(size=20) * 4 * spread)) for _ in range(6)]
        assert max(apart(lively).values()) < MAX_APART


def test_the_limit_grows_with_the_number_of_clips_from_seven_on():
    assert limit(3) == limit(6) == MAX_APART
    assert MAX_APART < limit(7) < limit(30) < 1.2 * MAX_APART


def test_spread_is_that_of_voices_and_not_between_them():
    chance = np.random.default_rng(2)
    spread, clips = np.array(SPREAD), []
    for voice in range(60):
        middle = chance.normal(size=20) * 50
        for _ in range(8):
            # 5 s of speech: expected mean square of 1
            clips.append((str(voice), timbre(*(middle + chance.normal(size=20) * spread))))
    assert np.allclose(spread_of(clips), spread, rtol=0.15)


def test_what_has_no_voice_or_hardly_speech_has_no_timbre(engine):
    noise = np.random.default_rng(0).normal(size=32_000).astype(np.float32) * 0.1
    assert timbre_of(noise, 16_000, 0.0) is None
    assert timbre_of(noise[:8000], 16_000, 120.0) is None
    take = Take(("Yes.",), "Yes.", "en", WOMAN, 1)
    assert judge(take, [engine.synthesize("Yes.", "en", WOMAN, 1)]).timbre is None

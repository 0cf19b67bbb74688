"""The voice stage: selection, matching, clips, repairs, and what results depend on."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.errors import UserError
from medsynth.records import (
    AGE_GROUPS,
    GENDERS,
    Dialogue,
    Failed,
    Kept,
    PatientProfile,
    Provenance,
    RawTurn,
    Reason,
    Rejected,
    Turn,
)
from medsynth.stages.base import Context
from medsynth.stages.split import SplitSettings, split_of
from medsynth.stages.voice import VoiceSettings, VoiceStage
from medsynth.text.spoken import spoken_form
from medsynth.voice.audio import decode
from medsynth.voice.bank import load_bank, save_bank
from medsynth.voice.engine import Clip, VoiceError

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

BANK = {s.id: s for s in load_bank()}
EN = (
    "My heel hurts when I get up.",
    "Since when?",
    "For 2-3 weeks, mostly on 10 mg of prednisone.",
    "Rest it.",
)
ZH = ("医生，我脚后跟疼。", "多久了？", "大概2-3周，体温38℃。", "先休息几天。")


def dialogue(
    name: str, lang: str = "en", texts=None, kind="consultation", source="s", split="train", **patient
):
    texts = texts or (EN if lang == "en" else ZH)
    roles = ("patient", "doctor")
    who = {
        "age_group": "adult",
        "gender": "female",
        "accent": "en-US" if lang == "en" else "zh-CN",
        **patient,
    }
    return Dialogue(
        id=name, source=source, raw_ids=(name,), group=name, cluster=name, lang=lang, kind=kind, licence="x",
        split=split, source_turns=(RawTurn(role="patient", text=texts[0]),),
        turns=tuple(Turn(role=roles[i % 2], text=t) for i, t in enumerate(texts)),
        patient=PatientProfile(**who, age_basis="sampled", gender_basis="sampled", accent_basis="sampled"),
        provenance=Provenance(engine="extractive"),
    )  # fmt: skip


class ToneEngine:
    """An engine whose faults we choose: every text as a buzz of the speaker's pitch and pace that rises and falls.

    `broken(text, speaker, nudged)` says which utterances come out cut short.
    """

    name = "espeak"

    def __init__(self, broken=lambda text, speaker, nudged: False):
        self.broken = broken
        self.said = []

    def synthesize(self, text, lang, speaker, seed):
        from medsynth.voice.pace import load

        self.said.append((text, speaker.id, seed))
        seconds = load(text, lang) / speaker.pace
        nudged = speaker.handle != BANK[speaker.id].handle if speaker.id in BANK else False
        if self.broken(text, speaker, nudged):
            seconds *= 0.4
        t = np.arange(max(1, int(seconds * 16000))) / 16000
        melody = t + 0.12 / (2 * np.pi * 0.7) * np.sin(2 * np.pi * 0.7 * t)
        wave = sum(np.cos(2 * np.pi * k * speaker.f0_hz * melody) for k in range(1, 8)) / 10
        fade = np.minimum(1.0, (len(t) - np.arange(len(t))) / 320)  # speech dies away
        syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * t)
        return Clip((wave * fade * syllables).astype(np.float32), 16000)

    def close(self):
        self.said = []


def stage(engine=None, context=None, engine_name="espeak", **options) -> VoiceStage:
    made = VoiceStage(VoiceSettings(engine=engine_name, **options), context or Context(seed=3))
    made._engines = {"espeak": engine or ToneEngine()}
    return made


def run(made: VoiceStage, *records: Dialogue):
    return made.decide(records, ["voice"] * len(records))


def chosen(made: VoiceStage, records) -> list[str]:
    return sorted(
        made.resolve(made.sketch(records).lazy()).filter(pl.col("decision") == "voice")["id"].to_list()
    )


def test_patient_turns_are_voiced_in_one_voice():
    (outcome,) = run(stage(), dialogue("a"))
    (record,) = outcome.records
    assert [t.audio is not None for t in record.turns] == [True, False, True, False]
    assert {t.audio.speaker for t in record.turns if t.audio} == {record.speaker_id}
    assert record.doctor_speaker_id is None
    assert [t.spoken for t in record.turns] == [spoken_form(text, "en") for text in EN]
    assert record.turns[2].spoken != EN[2]
    speaker = BANK[record.speaker_id]
    assert (speaker.gender, speaker.age_group, speaker.accent, speaker.split) == (
        "female",
        "adult",
        "en-US",
        "train",
    )
    assert record.checks["clips"] == 2 and record.checks["seconds"] > 1
    assert not record.notes
    for turn in record.turns:
        if turn.audio:
            samples, rate = decode(turn.audio.flac)
            assert rate == turn.audio.sample_rate == 16000
            assert len(samples) / rate == turn.audio.duration_s
            assert hashlib.sha256(turn.audio.flac).hexdigest() == turn.audio.sha256


def test_doctor_is_another_adult_of_the_same_split():
    made = stage(roles=("patient", "doctor"))
    for i, split in enumerate(("train", "validation", "test") * 4):
        (outcome,) = run(made, dialogue(f"d{i}", split=split, age_group=AGE_GROUPS[i % 4]))
        (record,) = outcome.records
        doctor = BANK[record.doctor_speaker_id]
        assert (doctor.age_group, doctor.split) == ("adult", split)
        assert record.doctor_speaker_id != record.speaker_id
        assert [t.audio.speaker for t in record.turns] == [record.speaker_id, record.doctor_speaker_id] * 2


def test_not_chosen_is_not_touched():
    record = dialogue("a")
    assert stage().decide([record], [""]) == [Kept((record,))]


@pytest.mark.parametrize("spec, lang, age, gender, accent", [
    ("elderly", "en", "elderly", "female", "en-US"),
    ("male-child", "zh", "child", "male", "zh-CN"),
    ("child,en-GB-scotland", "en", "child", "female", "en-GB-scotland"),
    ("child,en-GB-scotland", "zh", "child", "female", "zh-CN"),
])  # fmt: skip
def test_forced_profile(spec, lang, age, gender, accent):
    (outcome,) = run(stage(profile=spec), dialogue("a", lang, age=40.0))
    (record,) = outcome.records
    assert (record.patient.age_group, record.patient.gender, record.patient.accent) == (age, gender, accent)
    assert record.patient.age_basis == "forced" and record.patient.age is None
    assert record.patient.gender_basis == ("forced" if "male" in spec else "sampled")
    assert record.patient.accent_basis == ("forced" if "scotland" in spec and lang == "en" else "sampled")
    speaker = BANK[record.speaker_id]
    assert (speaker.age_group, speaker.gender, speaker.accent) == (age, gender, accent)


def test_missing_extra_or_unknown_engine_is_an_error_at_once(monkeypatch):
    with pytest.raises(VoiceError, match="nonesuch"):
        stage(engine_name="nonesuch")
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(VoiceError, match="pip install"):
        stage()


def test_misspelt_profile_is_an_error_at_once():
    with pytest.raises(UserError, match="elderly"):
        stage(profile="old")


def test_relaxations_are_recorded_and_gender_never_gives_way(tmp_path):
    women = [
        s for s in BANK.values() if s.gender == "female" and s.accent == "en-GB" and s.age_group == "adult"
    ]
    save_bank(women, tmp_path / "women.csv")
    made = stage(bank="women.csv", context=Context(seed=3, base=tmp_path))
    old, man, child = run(
        made,
        dialogue("old", age_group="elderly"),
        dialogue("man", gender="male"),
        dialogue("kid", age_group="child"),
    )
    assert old.records[0].notes["relaxed"] == "accent en-US to any; age elderly to adult"
    assert man == Rejected(Reason.NO_SPEAKER, "en, male, adult, train")
    assert child == Rejected(Reason.NO_SPEAKER, "en, female, child, train")


def test_a_turn_without_words_and_a_missing_profile():
    wordless, unknown = run(stage(), dialogue("a", texts=("??? *", "Yes?")), dialogue("b", gender=None))
    assert wordless.reason == Reason.UNSPEAKABLE
    assert isinstance(unknown, Failed)


def test_repair_by_nudge_then_sentences_then_voice_then_rejection():
    texts = ("My heel hurts when I get up. It has been swollen since last week.", "Rest it.")
    record = dialogue("a", texts=texts)
    (plain,) = run(stage(), record)
    first = plain.records[0].speaker_id

    (outcome,) = run(stage(ToneEngine(lambda text, s, nudged: not nudged)), record)
    repairs = outcome.records[0].notes["repairs"]
    assert repairs.startswith("turn 0: attempt 2 (attempt 1: duration_ratio 0.4")
    (outcome,) = run(stage(ToneEngine(lambda text, s, nudged: text == texts[0])), record)
    repairs = outcome.records[0].notes["repairs"]
    assert repairs.startswith("turn 0: sentence by sentence (attempt 1: duration_ratio 0.4")
    assert repairs.count("attempt") == 3
    assert outcome.records[0].speaker_id == first
    (outcome,) = run(stage(ToneEngine(lambda text, s, nudged: s.id == first)), record)
    repairs = outcome.records[0].notes["repairs"]
    assert repairs.startswith(f"next voice instead of {first} (turn 0: attempt 1: duration_ratio")
    assert outcome.records[0].speaker_id != first
    engine = ToneEngine(lambda text, s, nudged: True)
    (outcome,) = run(stage(engine), record)
    assert outcome.reason == Reason.AUDIO_CHECK and outcome.detail.startswith(
        "turn 0: attempt 1: duration_ratio"
    )
    assert outcome.detail.count("attempt") == 2 * 3 and outcome.detail.count("sentence by sentence") == 2
    assert len(engine.said) == 2 * (1 + 2 + 2)  # two voices, each: once, two nudges, two sentences
    engine = ToneEngine(lambda text, s, nudged: True)
    (outcome,) = run(stage(engine, repairs=0), record)
    assert isinstance(outcome, Rejected) and len(engine.said) == 1


def many() -> list[Dialogue]:
    """300 dialogues of two sources, two languages, uneven profiles."""
    return [
        dialogue(
            f"d{i}", "zh" if i % 3 == 0 else "en", source="big" if i % 5 else "small",
            age_group=AGE_GROUPS[(i * i) % 4], gender=GENDERS[i % 2], kind="exam" if i % 50 == 7 else "consultation",
        )
        for i in range(300)
    ]  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 400), st.integers(0, 5), st.randoms())
def test_count_is_exact_stratified_and_independent_of_order(count, seed, random):
    records = many()
    made = stage(count=count, context=Context(seed=seed))
    names = chosen(made, records)
    assert len(names) == min(count, sum(r.kind != "exam" for r in records))
    cells = dict(made.sketch(records).select("id", "cell").iter_rows())
    eligible = [r.id for r in records if r.kind != "exam"]
    sizes, picked = Counter(cells[i] for i in eligible), Counter(cells[i] for i in names)
    for cell, size in sizes.items():
        assert abs(picked[cell] - size * len(names) / len(eligible)) <= 2
    random.shuffle(records)
    assert chosen(made, records) == names


def test_a_larger_count_keeps_the_smaller():
    assert set(chosen(stage(count=20), many())) < set(chosen(stage(count=60), many()))
    assert chosen(stage(count=20), many()) != chosen(stage(count=20, context=Context(seed=9)), many())


def test_what_is_chosen_lies_in_all_splits():
    splits = SplitSettings(train=0.6, validation=0.2, test=0.2)
    records = [dialogue(f"d{i}", split=split_of(f"d{i}", 3, splits)) for i in range(500)]
    of = {record.id: record.split for record in records}
    every, some = Counter(of.values()), Counter(of[name] for name in chosen(stage(count=150), records))
    for split, size in every.items():
        assert 0.5 < some[split] / (size * 150 / len(records)) < 1.5


def test_hours_ids_and_exams(tmp_path):
    records = many()
    seconds = dict(stage().sketch(records).select("id", "seconds").iter_rows())
    some = chosen(stage(hours=0.05), records)
    total = sum(seconds[i] for i in some)
    assert 180 <= total < 180 + max(seconds.values())
    assert chosen(stage(hours=0.0), records) == []
    assert "d7" not in chosen(stage(), records)
    (tmp_path / "ids.txt").write_text("d7\n\nd8\nnot-there\n")
    context = Context(seed=3, base=tmp_path)
    assert chosen(stage(ids="ids.txt", context=context), records) == ["d7", "d8"]
    (tmp_path / "none.txt").write_text("nobody\n")
    with pytest.raises(UserError, match="none of the ids"):
        chosen(stage(ids="none.txt", context=context), records)
    with pytest.raises(UserError, match="cannot be read"):
        chosen(stage(ids="absent.txt", context=context), records)
    assert chosen(stage(), []) == []


def test_fingerprint_leaves_out_selection_and_bank(tmp_path):
    save_bank(list(BANK.values())[:-1], tmp_path / "b.csv")
    base = stage()
    assert base.fingerprint() == stage(count=3, hours=2.0, ids="x").fingerprint()
    other = stage(bank="b.csv", context=Context(seed=3, base=tmp_path))
    assert base.fingerprint() == other.fingerprint() and base.side_inputs() != other.side_inputs()
    for change in ({"repairs": 1}, {"profile": "male"}, {"roles": ("doctor",)}, {"context": Context(seed=4)}):
        assert base.fingerprint() != stage(**change).fingerprint()


def test_changing_a_voice_changes_the_key_of_its_dialogues_alone(tmp_path):
    records = [dialogue(f"d{i}") for i in range(40)]
    made = stage()
    voices = {r.id: o.records[0].speaker_id for r, o in zip(records, run(made, *records), strict=True)}
    one = voices["d0"]
    changed = [s.model_copy(update={"pace": 9.0}) if s.id == one else s for s in BANK.values()]
    save_bank(changed, tmp_path / "b.csv")
    other = stage(bank="b.csv", context=Context(seed=3, base=tmp_path))
    moved = {r.id for r in records if made.key(r) != other.key(r)}
    assert {name for name, voice in voices.items() if voice == one} <= moved
    elsewhere = [dialogue(f"e{i}", age_group="elderly") for i in range(20)] + [dialogue("z", "zh")]
    assert all(made.key(r) == other.key(r) for r in elsewhere)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_with_espeak_results_do_not_depend_on_batches(lang):
    records = [
        dialogue(f"{a}-{g}", lang, age_group=a, gender=g, split="test") for a in AGE_GROUPS for g in GENDERS
    ]
    first, second = VoiceStage(VoiceSettings(), Context(seed=1)), VoiceStage(VoiceSettings(), Context(seed=1))
    try:
        together = run(first, *records)
        apart = [run(second, record)[0] for record in reversed(records)][::-1]
    finally:
        first.close()
        second.close()
    assert all(isinstance(o, Kept) for o in together), together
    assert together == apart
    for outcome in together:
        (record,) = outcome.records
        assert abs(record.checks["loudness_lufs_min"] + 23) <= 1
        speaker = BANK[record.speaker_id]
        assert (speaker.age_group, speaker.gender) == (record.patient.age_group, record.patient.gender)

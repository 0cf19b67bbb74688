"""Patient-like speech through the voice stage and through whole runs: off, on, beside the clean version, verified."""

from __future__ import annotations

import json

import polars as pl
import pytest

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
pytest.importorskip("pyroomacoustics", reason="the augment extra is not installed")
pytest.importorskip("python_stretch", reason="the augment extra is not installed")

from pydantic import ValidationError

from medsynth.corpus.schema import DIALOGUES, PATIENT_LIKE, columns_of, dialogue_row, row_dialogue
from medsynth.corpus.verify import verify_corpus
from medsynth.errors import UserError
from medsynth.records import Dialogue, Effect, PatientProfile, Provenance, RawTurn, Turn
from medsynth.stages.base import Context
from medsynth.stages.voice import VoiceSettings, VoiceStage
from medsynth.stages.voice_stream import StreamedVoiceStage
from medsynth.voice.audio import decode
from medsynth.voice.bank import load_bank
from medsynth.voice.effects.disfluency import fluent
from medsynth.voice.effects.plan import plan_dialogue, says_cough
from medsynth.voice.effects.settings import PatientLikeSettings
from medsynth.voice.effects.talk import talkers_for
from medtrain.data import open_corpus, open_source
from medtrain.groups import cells, profiles
from tests.conftest import ROOT, medsynth

EN = (
    "I have had a dull pain in my lower back for three weeks, and it gets worse when I sit for a long time.",
    "Does it go anywhere?",
    "It goes down into my left leg, and I take ibuprofen 400 mg twice a day but it does not really help me.",
    "Keep moving.",
)
ALL = {"disfluency": 1, "pace": 1, "loudness": 1, "sounds": 1, "acoustics": 1, "intensity": 4}
NONE = dict.fromkeys(("disfluency", "pace", "loudness", "sounds", "acoustics"), 0)


def dialogue(name: str, texts=EN, lang="en", split="train", **patient) -> Dialogue:
    who = {"age_group": "adult", "gender": "female", "accent": "en-US", **patient}
    return Dialogue(
        id=name, source="s", raw_ids=(name,), group=name, cluster=name, lang=lang, kind="consultation",
        licence="x", split=split, source_turns=(RawTurn(role="patient", text=texts[0]),),
        turns=tuple(Turn(role=("patient", "doctor")[i % 2], text=t) for i, t in enumerate(texts)),
        patient=PatientProfile(**who, age_basis="stated", gender_basis="stated", accent_basis="stated"),
        provenance=Provenance(engine="extractive"),
    )  # fmt: skip


def voiced(records, patient_like, cls=VoiceStage, **options):
    stage = cls(VoiceSettings(patient_like=patient_like, **options), Context(seed=3))
    try:
        return [o.records for o in stage.decide(records, ["voice"] * len(records))]
    finally:
        stage.close()


def test_off_it_leaves_no_trace_in_settings_records_and_columns():
    assert "patient_like" not in VoiceSettings().model_dump_json()
    ((record,),) = voiced([dialogue("a")], None)
    text = record.model_dump_json()
    assert "effects" not in text and "acoustic" not in text
    assert dialogue_row(record).keys() == DIALOGUES.keys()
    assert "effects" not in dialogue_row(record)["turns"][0]
    assert columns_of({}) is DIALOGUES


def test_only_what_is_asked_for_changes_the_fingerprint():
    def fingerprint(**asked):
        settings = VoiceSettings(patient_like=asked or None)
        return VoiceStage(settings, Context(seed=3)).fingerprint()

    assert len({fingerprint(), fingerprint(pace=0.2), fingerprint(pace=0.3)}) == 3
    assert VoiceStage(VoiceSettings(), Context(seed=3)).fingerprint() == fingerprint()


def test_with_every_share_at_nothing_the_clips_are_those_of_a_run_without():
    ((without,),) = voiced([dialogue("a")], None)
    ((record,),) = voiced([dialogue("a")], NONE)
    assert record.acoustic_condition == "clean"
    assert record.model_copy(update={"acoustic_condition": None}) == without


def test_the_clean_version_is_the_dialogue_without_all_this_and_the_other_its_sibling():
    records = [dialogue(f"d{i}") for i in range(3)]
    without = [r for (r,) in voiced(records, None)]
    for plain, (clean, like) in zip(without, voiced(records, ALL | {"keep_clean": True}), strict=True):
        assert clean.model_copy(update={"acoustic_condition": None}) == plain
        assert like.id == f"{clean.id}-patient-like" and like.notes["patient_like_of"] == clean.id
        for name in ("raw_ids", "group", "cluster", "split", "speaker_id", "source_turns"):
            assert getattr(like, name) == getattr(clean, name)
        assert [t.text for t in like.turns] == [t.text for t in clean.turns]
        assert like.acoustic_condition not in (None, "clean")
        assert [bool(t.effects) for t in like.turns] == [True, False, True, False]
        for before, after in zip(clean.turns, like.turns, strict=True):
            assert fluent(after.spoken, after.effects).casefold() == before.spoken.casefold()
            if after.audio:
                assert after.audio.sha256 != before.audio.sha256
                samples, rate = decode(after.audio.flac)
                assert len(samples) / rate == after.audio.duration_s
    (alone,) = voiced(records[:1], ALL)
    assert len(alone) == 1 and alone[0].id == "d0" and "patient_like_of" not in alone[0].notes


def test_alone_or_beside_its_clean_version_a_dialogue_sounds_the_same():
    for i in range(2):
        ((alone,),) = voiced([dialogue(f"d{i}")], ALL)
        ((_, like),) = voiced([dialogue(f"d{i}")], ALL | {"keep_clean": True})
        assert like.turns == alone.turns


def test_results_depend_on_neither_order_nor_batches_nor_processes():
    records = [dialogue(f"d{i}") for i in range(2)]
    one = voiced(records, ALL)
    assert one == voiced(records, ALL)
    assert one == [voiced([r], ALL)[0] for r in reversed(records)][::-1]
    here, there = (voiced(records[:1], ALL, StreamedVoiceStage, check_workers=n) for n in (0, 1))
    assert here == there
    # The streamed engine gives 16 bits, so that only what was drawn is the same as of the local one.
    for (a,), (b,) in zip(here, one, strict=False):
        assert [t.spoken for t in a.turns] == [t.spoken for t in b.turns]
        assert a.acoustic_condition == b.acoustic_condition


def test_a_turn_that_cannot_be_said_as_planned_is_said_plainly(monkeypatch):
    from medsynth.voice import takes as module
    from medsynth.voice.checks import Checked

    real = module.check

    def strict(samples, rate, text, *others):
        checked = real(samples, rate, text, *others)
        hesitates = ", um," in text.lower() or text.startswith(("Um,", "Uh,", "Well,"))
        return Checked(
            checked.values, (*checked.problems, "no hesitation wanted") if hesitates else checked.problems
        )

    monkeypatch.setattr(module, "check", strict)
    asked = NONE | {"disfluency": 1, "loudness": 1, "intensity": 5}
    noted = 0
    for (record,) in voiced([dialogue(f"d{i}") for i in range(6)], asked, repairs=0):
        for index, turn in enumerate(record.turns):
            if f"turn {index}: said plainly" in record.notes.get("repairs", ""):
                noted += 1
                assert {e.name for e in turn.effects} <= {"loudness", "pause"}
                assert not any(e.of == "spoken" for e in turn.effects)
    assert noted


def test_pace_goes_to_the_rate_of_an_engine_that_has_one():
    asked = NONE | {"pace": 1}
    found = []
    for clean, like in voiced([dialogue(f"d{i}") for i in range(5)], asked | {"keep_clean": True}):
        for before, after in zip(clean.turns, like.turns, strict=True):
            for effect in after.effects:
                assert (effect.name, effect.detail) == ("pace", "engine")
                found.append((effect.value, before.audio.duration_s / after.audio.duration_s))
    assert len(found) == 10 and min(v for v, _ in found) < 0.97 and max(v for v, _ in found) > 1.03
    assert all(abs(measured / stated - 1) < 0.08 for stated, measured in found)


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        ("I have had a bad cough for a week.", "en", True),
        ("My knee hurts, I have no cough.", "en", False),
        ("My knee hurts.", "en", False),
        ("我咳嗽三天了。", "zh", True),
        ("没有咳嗽，就是腿疼。", "zh", False),
    ],
)
def test_a_cough_is_heard_only_of_who_says_to_have_one(text, lang, says):
    record = dialogue("c", (text, "Since when?", text, "Rest."), lang)
    assert says_cough(record) is says
    heard = {
        kind
        for seed in range(30)
        for turn in plan_dialogue(
            PatientLikeSettings(sounds=1), seed, record, record.patient, [t.text for t in record.turns], []
        ).turns.values()
        if turn.treatment
        for kind in turn.treatment.sounds
    }
    assert ("cough" in heard) is says and {"breath", "throat"} <= heard


def test_who_talks_in_the_background_is_of_the_same_split_and_language_and_nobody_in_the_dialogue():
    bank = load_bank()
    for split in ("train", "validation", "test"):
        patient = next(s for s in bank if s.split == split and s.lang == "en")
        found = talkers_for(bank, "en", split, [patient.id], 3, "d")
        assert found and {(s.split, s.lang) for s in found} == {(split, "en")}
        assert patient.id not in {s.id for s in found} and len({s.id for s in found}) == len(found)


def test_shares_and_conditions_are_those_asked_for():
    shares = {"disfluency": 0.25, "pace": 0, "loudness": 0.5, "sounds": 0, "acoustics": 0.8}
    asked = PatientLikeSettings(**shares, conditions={"telephone": 3, "ward": 1})
    plans = [plan_dialogue(asked, 1, dialogue(f"d{i}"), dialogue("x").patient, EN, []) for i in range(400)]
    conditions = [p.condition for p in plans]
    assert abs(conditions.count("clean") / 400 - 0.2) < 0.06
    assert abs(conditions.count("telephone") / 400 - 0.6) < 0.08
    loud = [p for p in plans if p.turns and p.turns[0].treatment and p.turns[0].treatment.contour_db]
    assert abs(len(loud) / 400 - 0.5) < 0.08
    assert not any(
        t.pace != 1 or (t.treatment and t.treatment.sounds) for p in plans for t in p.turns.values()
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"snr_db": [20, 5]}, "the lower one first"),
        ({"conditions": {"recorded": 1}}, "noise_folder"),
        ({"conditions": {"cave": 1}}, "cave"),
        ({"conditions": {"room": 0}}, "above 0"),
        ({"disfluency": 2}, "less than or equal to 1"),
        ({"disfluensy": 1}, "disfluensy"),
    ],
)
def test_a_wrong_setting_is_named(asked, said):
    with pytest.raises(ValidationError, match=said):
        VoiceSettings(patient_like=asked)


def test_a_noise_folder_that_is_not_there_stops_the_stage_before_any_work(tmp_path):
    asked = {"noise_folder": str(tmp_path / "none"), "conditions": {"recorded": 1}}
    with pytest.raises(UserError, match="holds no audio file"):
        VoiceStage(VoiceSettings(patient_like=asked), Context(seed=3))


def test_effects_go_through_a_row_and_back():
    effects = (
        Effect(name="filler", detail="um", of="spoken", start=0.0, end=4.0),
        Effect(name="noise", detail="ward", value=9.5, unit="dB SNR"),
    )
    record = dialogue("a")
    turns = (record.turns[0].model_copy(update={"effects": effects}), *record.turns[1:])
    record = record.model_copy(update={"turns": turns, "acoustic_condition": "ward"})
    row = dialogue_row(record, patient_like=True)
    assert row.keys() == PATIENT_LIKE.keys()
    frame = pl.DataFrame([row], schema=PATIENT_LIKE)
    assert row_dialogue(frame.row(0, named=True), {}) == record


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A whole run with every effect, clean versions kept, by one worker and again by two."""
    folder = tmp_path_factory.mktemp("patient-like")
    options = [
        x for k, v in (ALL | {"keep_clean": "true"}).items() for x in ("--set", f"voice.patient_like.{k}={v}")
    ]
    for workers in (1, 2):
        medsynth(
            "run", ROOT / "pipelines/demo.yaml", "--out", folder / str(workers), "--set", "voice.count=4", "--limit", 2,
            "--set", f"run.workers={workers}", *options, cwd=folder,
        )  # fmt: skip
    return folder


def test_the_number_of_workers_changes_no_byte(run):
    for path in [*sorted((run / "1/corpus/data").glob("*")), run / "1/corpus/ledger.parquet"]:
        assert path.read_bytes() == (run / "2" / path.relative_to(run / "1")).read_bytes()


def test_the_corpus_is_whole_and_counts_both_versions(run):
    assert not list(verify_corpus(run / "1/corpus"))
    info = json.loads((run / "1/corpus/corpus.json").read_text())
    told = info["patient_like"]
    assert told["siblings"] * 2 == info["voiced"] >= 4
    assert sum(told["conditions"].values()) == info["voiced"]
    assert told["conditions"]["clean"] >= told["siblings"]
    assert {"filler", "pace", "loudness"} <= told["effects"].keys()
    card = (run / "1/corpus/README.md").read_text(encoding="utf-8")
    assert "## Patient-like speech" in card and "acoustic_condition" in card and "no rooms" not in card


def test_verify_sees_a_hesitation_that_is_not_where_it_is_said_to_be(run, tmp_path):
    import shutil

    corpus = tmp_path / "corpus"
    shutil.copytree(run / "1/corpus", corpus)
    for file in (corpus / "data").glob("*"):
        rows = pl.read_parquet(file, glob=False).to_dicts()
        for row in rows:
            for turn in row["turns"]:
                for effect in turn["effects"]:
                    effect["end"] = 99.0 if effect["of"] == "clip" else effect["end"]
                if any(e["of"] == "spoken" for e in turn["effects"]):
                    turn["spoken"] = turn["spoken"].replace(" ", "  ", 1) + " no fever"
        pl.DataFrame(rows, schema=PATIENT_LIKE).write_parquet(file)
    found = {f.message for f in verify_corpus(corpus) if f.check == "effects"}
    assert any("is not its text with what was inserted" in m for m in found)
    assert any("–99.0 s of" in m for m in found)


def test_the_report_sums_what_was_done(run):
    page = (run / "1/corpus/report.html").read_text(encoding="utf-8")
    assert 'id="effects"' in page and "Acoustic condition" in page and "Hesitations per 100 words" in page
    told = json.loads((run / "1/corpus/corpus.json").read_text())["patient_like"]
    for name in told["conditions"]:
        assert name.replace("_", " ") in page
    for name, times in told["effects"].items():
        if name != "pause":  # in the text and in the clip: two rows
            where = {"filler": " (in the text)", "breath": " (in the clip)", "pace": ""}.get(name)
            if where is not None:
                assert f'<th scope="row">{name}{where}</th><td class="n">{times}</td>' in page


def test_medtrain_reads_it_and_groups_by_acoustic_condition(run):
    corpus = open_corpus(run / "1/corpus")
    source = open_source(run / "1/corpus", "train")
    own = profiles(corpus, "train")
    assert len(own) == len(source) and {len(p) for p in own} == {4}
    names = {(grouping, name) for grouping, name, _ in cells(own)}
    assert ("acoustic_condition", "clean") in names and ("acoustic_condition", "unknown") in names
    assert any(grouping.endswith("× acoustic_condition") for grouping, _ in names)
    spoken = [d for d in source.read(0, len(source)) if any(t.clip for t in d.turns)]
    assert any(d.id.endswith("-patient-like") for d in spoken)

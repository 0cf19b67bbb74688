"""`check_bank` finds what is planted, and `calibrate` what a voice really sounds like."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pytest

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

from medsynth.errors import UserError
from medsynth.voice.bank import BUILT_IN, load_bank, save_bank
from medsynth.voice.bank_build import BuildOptions
from medsynth.voice.bank_calibrate import SENTENCES, calibrate_all, calibrate_speaker
from medsynth.voice.bank_check import CHECKS, check_bank
from medsynth.voice.bank_folder import build_bank
from medsynth.voice.bank_pitch import pitch_doubt
from medsynth.voice.bank_sources import read_corpus
from medsynth.voice.engine import Clip, VoiceError, open_engine
from tests.voice.bank_corpora import TEXTS, make_vctk, speech, write


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("check")
    corpus = read_corpus("vctk", make_vctk(folder / "vctk"))
    build_bank(corpus, BuildOptions(without_consent=True), folder / "bank")
    return folder / "bank"


@pytest.fixture
def bank(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "bank")


def grave(path):
    findings = list(check_bank(path))
    assert {f.check for f in findings} <= set(CHECKS)
    return {(f.check, f.where) for f in findings if f.grave}


def change(bank, speaker_id, **update):
    speakers = [s.model_copy(update=update) if s.id == speaker_id else s for s in load_bank(bank)]
    save_bank(speakers, bank / "bank.csv")


def handle_of(bank, speaker_id):
    return dict(next(s for s in load_bank(bank) if s.id == speaker_id).handle)


def put(bank, speaker_id, samples, rate=24_000):
    """Replace a speaker's first clip, checksum and all."""
    handle = handle_of(bank, speaker_id)
    path = write(bank / handle["reference"], samples, rate)
    handle |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "sample_rate": rate}
    change(bank, speaker_id, handle=handle)


def test_whole_banks_are_sound(whole):
    assert grave(whole) == set() and grave(BUILT_IN) == set()
    doubts = {(f.check, f.where) for f in check_bank(whole) if not f.grave}
    assert ("rights", "6 speakers") in doubts and ("splits", "en male adult") in doubts


@pytest.mark.parametrize("fault", ["gone", "altered", "no audio", "outside"])
def test_files(bank, fault):
    clip = bank / str(handle_of(bank, "vctk-p294")["reference"])
    if fault == "gone":
        clip.unlink()
    elif fault == "altered":
        data = bytearray(clip.read_bytes())
        data[-1] ^= 1
        clip.write_bytes(data)
    elif fault == "no audio":
        clip.write_bytes(b"nothing")
        handle = handle_of(bank, "vctk-p294") | {"sha256": hashlib.sha256(b"nothing").hexdigest()}
        change(bank, "vctk-p294", handle=handle)
    else:
        change(bank, "vctk-p294", handle=handle_of(bank, "vctk-p294") | {"reference": "../vctk/x.flac"})
    assert ("files", "vctk-p294") in grave(bank)


def test_lengths_rates_transcripts_and_pitch(bank):
    put(bank, "vctk-p294", speech("en", "female", TEXTS["en"][0], 4)[:48_000])
    put(bank, "vctk-p374", speech("en", "male", TEXTS["en"][0], 4), rate=8_000)
    put(bank, "vctk-p280", speech("en", "male", TEXTS["en"][0]))
    change(bank, "vctk-p362", handle=handle_of(bank, "vctk-p362") | {"transcript": " "})
    change(bank, "vctk-p226", f0_low_hz=130.0)
    assert {("clips", "vctk-p294"), ("clips", "vctk-p374"), ("pitch", "vctk-p280"), ("clips", "vctk-p362"),
            ("pitch", "vctk-p226")} <= grave(bank)  # fmt: skip


def test_one_voice_in_two_splits(bank):
    change(bank, "vctk-p280", handle=handle_of(bank, "vctk-p225") | {"transcript": "another"})
    splits = {s.id: s.split for s in load_bank(bank)}
    assert splits["vctk-p225"] != splits["vctk-p280"]
    assert ("splits", "vctk-p280") in grave(bank)


def test_rights(bank):
    about = json.loads((bank / "bank.json").read_text())
    about["options"]["cloning_without_consent"] = False
    (bank / "bank.json").write_text(json.dumps(about))
    change(bank, "vctk-p225", consent="cloning")
    change(bank, "vctk-p226", consent="cloning", licence="unknown")
    change(bank, "vctk-p280", consent="cloning", age_group="child")
    assert {where for check, where in grave(bank) if check == "rights"} == {
        "vctk-p226", "vctk-p280", "vctk-p294", "vctk-p362", "vctk-p374",
    }  # fmt: skip


def test_description(bank):
    speakers = load_bank(bank)
    save_bank(speakers[1:], bank / "bank.csv")
    assert ("description", speakers[0].id) in grave(bank)
    assert any(f.check == "description" and "no speaker has this clip" in f.message for f in check_bank(bank))
    (bank / "bank.json").write_text("{")
    with pytest.raises(UserError, match=r"bank\.json cannot be read"):
        list(check_bank(bank))


@pytest.mark.parametrize(
    "gender, age, f0, doubt",
    [("female", "adult", 200, False), ("female", "adult", 110, True), ("male", "adult", 110, False),
     ("male", "elderly", 230, True), ("male", "child", 290, False), ("female", "elderly", 140, False)],
)  # fmt: skip
def test_a_pitch_that_is_not_the_gender_s_is_a_doubt_never_a_change(gender, age, f0, doubt):
    assert bool(pitch_doubt(gender, age, f0)) == doubt


def test_calibration_finds_the_built_in_voices(tmp_path):
    """What the bank states of a voice and what ten other sentences show agree; wrong statements are mended."""
    chosen = [s for s in load_bank() if s.split == "test"][::9]
    wrong = [
        s.model_copy(update={"f0_hz": 400.0, "f0_low_hz": 390.0, "f0_high_hz": 410.0, "pace": 9.0})
        for s in chosen
    ]
    done = calibrate_all(open_engine, wrong, tmp_path)
    assert [c.speaker.id for c in done] == [s.id for s in chosen]
    for said, c in zip(chosen, done, strict=True):
        assert c.speaker.f0_hz == pytest.approx(said.f0_hz, rel=0.06)
        assert c.speaker.pace == pytest.approx(said.pace, rel=0.08)
        assert 0.8 < c.ratio[0] <= 1 <= c.ratio[1] < 1.25 and c.clips == 10 and not c.problems
        assert 1.059 <= c.speaker.f0_high_hz / c.speaker.f0_hz < 1.3
        assert c.speaker.handle == said.handle


class Stub:
    """An engine that plays what it is given, in turn."""

    name = "stub"

    def __init__(self, *clips):
        self.clips, self.asked = list(clips), []

    def synthesize(self, text, lang, speaker, seed):
        self.asked.append((text, seed, speaker.handle.get("reference")))
        clip = self.clips[len(self.asked) % len(self.clips)]
        if clip is None:
            raise VoiceError("no")
        return Clip(clip, 24_000)

    def close(self):
        """Nothing is held."""


def test_calibration_of_a_voice_that_fails_leaves_it_and_says_so(whole):
    speaker = load_bank(whole)[0]
    result = calibrate_speaker(Stub(None), speaker, whole)
    assert result.speaker == speaker and result.clips == 0
    assert "10 of 10 sentences failed: no" in result.problems[0] and "left as it was" in result.problems[1]
    silent = calibrate_speaker(Stub(np.zeros(48_000, dtype=np.float32)), speaker, whole)
    assert silent.speaker == speaker and "silence" in silent.problems[0]


def test_calibration_hears_an_unsteady_voice_and_a_wrong_one(whole):
    speaker = next(s for s in load_bank(whole) if s.gender == "female")
    low, high = speech("en", "male", TEXTS["en"][0]), speech("en", "female", TEXTS["en"][0])
    unsteady = Stub(low, high)
    result = calibrate_speaker(unsteady, speaker, whole, TEXTS["en"][:1] * 10)
    assert any("varies by a factor" in p for p in result.problems)
    assert unsteady.asked[0][2] == str((whole / str(speaker.handle["reference"])).resolve())
    assert len({seed for _, seed, _ in unsteady.asked}) == 10
    wrong = calibrate_speaker(Stub(low), speaker, whole, TEXTS["en"][:1] * 6)
    assert any("unusual for a female voice" in p for p in wrong.problems)
    cut = calibrate_speaker(Stub(high, high[:50_000]), speaker, whole, TEXTS["en"][:1] * 10)
    assert any("of what its texts take" in p for p in cut.problems)


def test_calibration_needs_sentences_of_the_language(whole):
    speaker = load_bank(whole)[0].model_copy(update={"lang": "de"})
    with pytest.raises(UserError, match="--sentences"):
        calibrate_speaker(Stub(None), speaker, whole)
    assert all(len(set(texts)) == 10 for texts in SENTENCES.values())

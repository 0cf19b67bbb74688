"""Which recordings serve as a reference: each fault is seen, clean speech passes, the best come first."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

from medsynth.voice.audio import loudness
from medsynth.voice.bank_clips import (
    HIGHEST_RATE,
    Reference,
    Unfit,
    best,
    examine,
    examine_all,
    to_flac,
)
from medsynth.voice.bank_corpus import Recording
from medsynth.voice.bank_reasons import CLIP
from medsynth.voice.bank_snr import MOST_DB, snr_db
from medsynth.voice.peaks import clipped_share
from tests.voice.bank_corpora import TEXTS, clipped, noisy, speech, telephone, with_gap, write


def reason(tmp_path, samples, text, lang="en", rate=24_000):
    path = write(tmp_path / "clip.flac", samples, rate)
    try:
        examine(Recording("clip", path, text), lang)
    except Unfit as unfit:
        assert unfit.reason in CLIP
        return unfit.reason
    return None


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("gender", ["female", "male"])
def test_clean_speech_passes_at_any_rate_and_age(tmp_path, lang, gender):
    for n, (age, rate) in enumerate(
        [("youth", 16_000), ("adult", 22_050), ("elderly", 44_100), ("child", 48_000)]
    ):
        text = TEXTS[lang][n]
        assert reason(tmp_path, speech(lang, gender, text, n, age), text, lang, rate) is None


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "fault, name",
    [(noisy, "noisy"), (clipped, "clipped"), (with_gap, "gap"), (telephone, "narrow_band"),
     (lambda x: x[:60_000], "too_short"), (lambda x: np.tile(x, 3), "too_long"), (np.zeros_like, "silent"),
     (lambda x: x * 0.003, "quiet"), (lambda x: np.repeat(x, 4), "too_long"), (lambda x: x[::3], "too_short")],
)  # fmt: skip
def test_faults_are_seen(tmp_path, lang, fault, name):
    text = TEXTS[lang][0]
    assert reason(tmp_path, fault(speech(lang, "female", text)), text, lang) == name


@pytest.mark.parametrize("part", [0.3, 0.2, 0.1])
@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_clipping_is_seen_behind_a_change_of_rate(tmp_path, part, rate):
    for gender in ("female", "male"):
        sound = speech("en", gender, TEXTS["en"][1])
        limit = part * np.abs(sound).max()
        assert (
            reason(tmp_path, np.clip(sound, -limit, limit) / limit / 2, TEXTS["en"][1], rate=rate)
            == "clipped"
        )


def test_full_scale_counts_as_clipped():
    sound = speech("en", "male", TEXTS["en"][0])
    assert clipped_share(sound) == 0.0
    loud = np.clip(sound * 3 / np.abs(sound).max(), -1, 1)
    assert clipped_share(loud) == pytest.approx(np.mean(np.abs(loud) >= 0.999), rel=0.05)
    assert clipped_share(loud) > 0.01


@pytest.mark.parametrize(
    "lang, text, name",
    [("en", "", "no_transcript"), ("en", "Call me back.", "odd_transcript"), ("en", TEXTS["zh"][0], "odd_transcript"),
     ("zh", TEXTS["en"][0], "odd_transcript"), ("zh", "下雨了。", "odd_transcript"),
     ("en", " ".join(TEXTS["en"]), "odd_pace"), ("en", "We went home then.", "odd_pace"),
     ("zh", "".join(TEXTS["zh"]), "odd_pace")],
)  # fmt: skip
def test_transcripts_that_cannot_be_right_are_seen(tmp_path, lang, text, name):
    assert reason(tmp_path, speech(lang, "female", TEXTS[lang][0]), text, lang) == name


def test_a_wrong_sample_rate_in_the_header_is_seen(tmp_path):
    """24 kHz labelled 44.1 kHz is too quick; labelled 16 kHz it is a low, slow voice, but not this person's."""
    mine = [Recording(f"f{n}", write(tmp_path / f"f{n}.wav", speech("en", "female", t)), t)
            for n, t in enumerate(TEXTS["en"])]  # fmt: skip
    text = f"{TEXTS['en'][0]} {TEXTS['en'][4]}"
    quick, slow = tmp_path / "quick.wav", tmp_path / "slow.wav"
    soundfile.write(quick, speech("en", "female", text), 44_100)
    soundfile.write(slow, speech("en", "female", TEXTS["en"][0]), 16_000)
    with pytest.raises(Unfit, match="odd_pace"):
        examine(Recording("quick", quick, text), "en")
    found, refused = examine_all([*mine, Recording("slow", slow, TEXTS["en"][0])], "en", 40)
    assert len(found) == 5 and refused == {"other_pitch": 1}


def test_unreadable_and_absent_files(tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(60))
    (tmp_path / "cut.flac").write_bytes(
        write(tmp_path / "whole.flac", speech("en", "male", TEXTS["en"][0])).read_bytes()[:60]
    )
    (tmp_path / "empty.mp3").touch()
    for name in ("broken.wav", "cut.flac", "empty.mp3"):
        with pytest.raises(Unfit, match=r"unreadable|too_short"):
            examine(Recording(name, tmp_path / name, TEXTS["en"][0]), "en")
    with pytest.raises(Unfit, match="no_audio"):
        examine(Recording("no", tmp_path / "no.wav", TEXTS["en"][0]), "en")


@pytest.mark.parametrize("snr", [5, 10, 15, 20, 25, 30, 40])
def test_snr_of_white_noise(snr):
    """Within 2 dB of what was mixed, over six voices; never more than 1.5 dB too good."""
    off = []
    for gender in ("female", "male"):
        for n in range(3):
            sound = speech("en", gender, TEXTS["en"][n], n)
            power = float(np.mean(sound[np.abs(sound) > 0.003] ** 2))
            noise = np.random.default_rng(n).standard_normal(len(sound)) * np.sqrt(power / 10 ** (snr / 10))
            off.append(snr_db((sound + noise).astype(np.float32), 24_000) - snr)
    assert -2.5 < np.median(off) < 1.5 and max(off) < 2.5


def test_snr_ends():
    sound = speech("en", "male", TEXTS["en"][0])
    assert snr_db(np.zeros(24_000, dtype=np.float32), 24_000) == 0.0
    assert 50 < snr_db(sound, 24_000) <= MOST_DB
    noise = 0.1 * np.random.default_rng(0).standard_normal(96_000).astype(np.float32)
    assert snr_db(noise, 24_000) < 3
    # Digital silence around a noisy recording does not make it a clean one.
    assert abs(snr_db(np.pad(noisy(sound), 48_000), 24_000) - snr_db(noisy(sound), 24_000)) < 0.5


def reference(name, text="a b c d", snr=40.0, seconds=8.0, f0=200.0, pace=5.0):
    values = {"snr_db": snr, "duration_s": seconds, "f0_hz": f0, "pace": pace}
    return Reference(Recording(name, None, text), np.zeros(1, dtype=np.float32), 24_000, values)


def test_the_best_are_clean_long_enough_and_typical():
    middle = [reference(f"m{n}", f"text {n}") for n in range(4)]
    assert best([reference("noisy", "x", snr=21), *middle], 5)[-1].recording.name == "noisy"
    assert best([reference("short", "x", seconds=3.1), *middle], 5)[-1].recording.name == "short"
    assert best([reference("long", "x", seconds=11.9), *middle], 5)[-1].recording.name == "long"
    assert best([reference("high", "x", f0=240), *middle], 5)[-1].recording.name == "high"
    assert best([reference("quick", "x", pace=7.5), *middle], 5)[-1].recording.name == "quick"
    assert [r.recording.name for r in best(middle, 2)] == ["m0", "m1"]
    assert len(best([reference(str(n), "the same text") for n in range(4)], 3)) == 1
    assert best([], 3) == []


def test_a_stranger_among_the_recordings_is_left_out(tmp_path):
    mine = [Recording(f"f{n}", write(tmp_path / f"f{n}.flac", speech("en", "female", t)), t)
            for n, t in enumerate(TEXTS["en"])]  # fmt: skip
    text = TEXTS["en"][0]
    other = Recording("m", write(tmp_path / "m.flac", speech("en", "male", text)), text)
    found, refused = examine_all([other, *mine], "en", look_at=10)
    assert {r.recording.name for r in found} == {"f0", "f1", "f2", "f3", "f4"} and refused == {
        "other_pitch": 1
    }
    found, refused = examine_all([other, *mine], "en", look_at=2)
    assert len(found) == 2 and not refused


def test_half_of_a_recording_is_told_by_the_person_s_own_pace(tmp_path):
    texts = TEXTS["en"]
    mine = [Recording(f"f{n}", write(tmp_path / f"f{n}.flac", speech("en", "female", t, age="elderly")), t)
            for n, t in enumerate(texts)]  # fmt: skip
    sound = speech("en", "female", texts[0], age="elderly")
    half = Recording("half", write(tmp_path / "half.flac", sound[: len(sound) * 11 // 20]), texts[0])
    assert examine(half, "en").values["pace"] < 8
    found, refused = examine_all([*mine, half], "en", look_at=10)
    assert "half" not in {r.recording.name for r in found} and len(found) == 5 and refused == {"odd_pace": 1}


def test_a_clip_is_mono_16_bit_at_one_loudness(tmp_path):
    text = TEXTS["en"][0]
    stereo = np.stack([speech("en", "male", text)] * 2, axis=1)
    path = tmp_path / "stereo.wav"
    soundfile.write(path, 0.2 * stereo, 24_000)
    for rate in (16_000, 48_000):
        mono = write(tmp_path / f"{rate}.flac", 0.2 * stereo[:, 0], rate)
        flac, written = to_flac(examine(Recording("clip", mono, text), "en"))
        samples, read = soundfile.read(io.BytesIO(flac), dtype="float32")
        assert read == written == min(rate, HIGHEST_RATE) and samples.ndim == 1
        assert abs(loudness(samples, read) + 23) < 1
        assert soundfile.info(io.BytesIO(flac)).subtype == "PCM_16"
    assert examine(Recording("clip", path, text), "en").samples.ndim == 1


def test_silent_ends_are_cut_off(tmp_path):
    text = TEXTS["zh"][0]
    sound = speech("zh", "female", text)
    long = np.concatenate([np.zeros(72_000), sound, np.zeros(120_000)]).astype(np.float32)
    found = examine(Recording("long", write(tmp_path / "long.flac", long), text), "zh")
    assert found.values["duration_s"] < len(sound) / 24_000 + 0.1

"""Finished clips: 16 kHz mono FLAC, −23 LUFS, trimmed, tagged; the checks that judge them; the pitch meter."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.voice.audio import SAMPLE_RATE, decode, encode, finish, loudness
from medsynth.voice.bank import load_bank
from medsynth.voice.checks import check
from medsynth.voice.engine import Clip, VoiceError, open_engine
from medsynth.voice.f0 import median_f0
from medsynth.voice.pace import load, units

BANK = load_bank()
SENTENCES = {
    "en": "The rash started on my left arm, and by Friday it had reached the shoulder.",
    "zh": "我左边胳膊上起了红疹，到星期五已经到肩膀了。",
}


@pytest.fixture(scope="module")
def engine():
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    opened = open_engine("espeak")
    yield opened
    opened.close()


def tone(hz: float, seconds: float, rate: int = 16000, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def buzz(hz: float, rate: int, seconds: float = 1.5) -> np.ndarray:
    """A pulse train with the first 20 harmonics (below 3.5 kHz): a glottis without a mouth."""
    t = np.arange(int(seconds * rate)) / rate
    count = min(20, int(3500 / hz))
    return (sum(np.cos(2 * np.pi * k * hz * t) for k in range(1, count + 1)) / count).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(st.floats(70, 400), st.sampled_from([16000, 22050, 24000]))
def test_pitch_of_tones_and_pulses(hz, rate):
    for signal in (buzz(hz, rate), tone(hz, 1.5, rate)):
        found, voiced = median_f0(signal, rate)
        assert abs(found / hz - 1) < 0.02
        assert voiced > 60


def test_pitch_of_a_rough_voice_is_not_an_octave_low():
    # Every other period at 80 %: what espeak's roughness does.
    hz, rate = 120, 16000
    signal = buzz(hz, rate)
    period = np.floor(np.arange(len(signal)) * hz / rate).astype(int)
    found, _ = median_f0(np.where(period % 2 == 0, signal, 0.8 * signal).astype(np.float32), rate)
    assert abs(found / hz - 1) < 0.03


def test_noise_and_silence_have_no_pitch():
    noise = np.random.default_rng(1).normal(0, 0.1, 32000).astype(np.float32)
    assert median_f0(noise, 16000)[1] < 5
    assert median_f0(np.zeros(16000, np.float32), 16000) == (0.0, 0)
    assert median_f0(np.zeros(3, np.float32), 16000) == (0.0, 0)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_finished_clip_is_as_promised(engine, lang):
    for speaker in [s for s in BANK if s.lang == lang][::29]:
        raw = engine.synthesize(SENTENCES[lang], lang, speaker, 1)
        padded = Clip(np.pad(raw.samples, (22050, 44100)), raw.sample_rate)
        done = finish(padded, "espeak", speaker.id)
        with soundfile.SoundFile(io.BytesIO(done.flac)) as file:
            assert (file.samplerate, file.channels, file.subtype, file.format) == (16000, 1, "PCM_16", "FLAC")
            assert file.comment == f"synthetic speech, espeak, {speaker.id}"
            assert len(file) / 16000 == done.duration_s
        samples, rate = decode(done.flac)
        assert rate == SAMPLE_RATE and np.array_equal(samples, done.samples)
        assert abs(loudness(samples, rate) + 23) < 0.2
        assert np.abs(samples).max() < 0.9
        loud = np.flatnonzero(np.abs(samples) > 0.01)
        assert 0.05 < loud[0] / rate < 0.2 and 0.05 < (len(samples) - loud[-1]) / rate < 0.3
        assert finish(padded, "espeak", speaker.id).flac == done.flac


def test_loud_peaks_lower_the_clip_and_never_clip():
    clicks = np.zeros(32000, np.float32)
    clicks[::3200] = 1.0
    done = finish(Clip(clicks + tone(200, 2, level=0.01), 16000), "e", "s")
    assert np.abs(done.samples).max() <= 0.85


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(16000), np.full(16000, 1e-5)])
def test_silence_is_refused(samples):
    with pytest.raises(VoiceError, match="silence"):
        finish(Clip(samples.astype(np.float32), 16000), "e", "s")


@pytest.mark.parametrize("length", [16, 160, 3000, 6400])
def test_very_short_clips_finish(length):
    done = finish(Clip(tone(200, length / 16000), 16000), "e", "s")
    assert 0.2 <= done.duration_s <= 0.7


def test_what_is_no_audio_is_refused():
    with pytest.raises(VoiceError, match="no readable audio"):
        decode(b"fLaC but not really")
    stereo = io.BytesIO()
    soundfile.write(stereo, np.zeros((100, 2)), 16000, format="FLAC")
    with pytest.raises(VoiceError, match="channels"):
        decode(stereo.getvalue())


def test_flac_bytes_hold_no_date():
    pcm = np.zeros(1000, np.int16)
    assert encode(pcm, "espeak", "a") == encode(pcm, "espeak", "a")
    assert b"DATE" not in encode(pcm, "espeak", "a").upper()


def clean_cases(engine):
    for speaker in BANK[::13]:
        text = SENTENCES[speaker.lang]
        yield speaker, text, engine.synthesize(text, speaker.lang, speaker, 3)


def judged(clip: Clip, text: str, speaker, level: float = 1.0):
    done = finish(clip, "espeak", speaker.id)
    return check(done.samples * level, SAMPLE_RATE, text, speaker.lang, speaker)


def test_clean_clips_pass(engine):
    problems = [judged(clip, text, speaker).problems for speaker, text, clip in clean_cases(engine)]
    assert sum(map(bool, problems)) <= 0.02 * len(problems), problems


FAULTS = {
    "cut at 60 %": (lambda x: x[: int(0.6 * len(x))], "duration_ratio"),
    "said twice": (lambda x: np.concatenate([x, x]), "duration_ratio"),
    "a pause of 3 s": (
        lambda x: np.concatenate([x[: len(x) // 2], np.zeros(66150, np.float32), x[len(x) // 2 :]]),
        "gap_s",
    ),
    "an octave up": (lambda x: np.repeat(x[::2], 1), "duration_ratio"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_found(engine, fault):
    damage, measurement = FAULTS[fault]
    found = 0
    cases = list(clean_cases(engine))
    for speaker, text, clip in cases:
        problems = judged(Clip(damage(clip.samples), clip.sample_rate), text, speaker).problems
        found += any(p.startswith(measurement) for p in problems)
    assert found >= 0.97 * len(cases)


def test_clipping_silence_and_level_are_found(engine):
    speaker, text, clip = next(iter(clean_cases(engine)))
    done = finish(clip, "espeak", speaker.id).samples
    for samples, measurement in [
        (np.clip(done * 30, -1, 1), "clipped"),
        (np.pad(done, (16000, 0)), "lead_s"),
        (np.pad(done, (0, 16000)), "tail_s"),
        (done * 0.5, "loudness_lufs"),
        (np.zeros_like(done), "speech_s"),
    ]:
        problems = check(samples.astype(np.float32), SAMPLE_RATE, text, speaker.lang, speaker).problems
        assert any(p.startswith(measurement) for p in problems), (measurement, problems)


def test_the_other_genders_pitch_is_found(engine):
    grown = [s for s in BANK if s.age_group in ("adult", "elderly")]
    for lang in ("en", "zh"):
        for gender, other in (("female", "male"), ("male", "female")):
            mine = next(s for s in grown if (s.lang, s.gender) == (lang, gender))
            for theirs in [s for s in grown if (s.lang, s.gender) == (lang, other)][::6]:
                clip = engine.synthesize(SENTENCES[lang], lang, theirs, 1)
                assert any(p.startswith("f0_hz") for p in judged(clip, SENTENCES[lang], mine).problems)


@pytest.mark.parametrize(
    "text, lang, expected",
    [
        ("I have had a headache for 3 days.", "en", 9),
        ("twenty", "en", 2),
        ("120", "en", 6),
        ("MRI", "en", 3),
        ("medicine", "en", 3),
        ("医生，我头疼3天了。", "zh", 8),
        ("120", "zh", 4),
        ("", "en", 0),
        ("...", "zh", 0),
    ],
)
def test_units_of_text(text, lang, expected):
    assert abs(units(text, lang) - expected) <= (1 if lang == "en" and expected > 8 else 0)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["en", "zh"]))
def test_load_is_never_negative_and_never_fails(text, lang):
    assert load(text, lang) >= 0 and units(text, lang) >= 0

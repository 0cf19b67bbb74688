"""What the checks of clips notice: phrases left out or added, repetition, cut ends, cut peaks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from medsynth.voice.audio import SAMPLE_RATE, finish
from medsynth.voice.bank import load_bank
from medsynth.voice.checks import check, duration_band, end_db, offset, sampled
from medsynth.voice.engine import Clip, open_engine
from medsynth.voice.pace import FRAME_S
from medsynth.voice.phrasing import phrases_of, phrasing
from medsynth.voice.repetition import repetition
from medsynth.voice.roughness import roughness
from medsynth.voice.takes import Take, judge, sentences_of

TEXTS = {
    "en": "My knee has hurt for three weeks now. It started after a long walk in the hills. "
    "I took some tablets at night. Walking down the stairs is the worst part of it, and it clicks.",
    "zh": "我膝盖疼了三个星期了。是爬山回来以后开始的。晚上我吃了一点止痛药。下楼梯的时候疼得最厉害，还会响。",
}
BANK = [s for lang in TEXTS for s in load_bank() if s.lang == lang]
VOICES = BANK[::37]


@pytest.fixture(scope="module")
def engine():
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    opened = open_engine("espeak")
    yield opened
    opened.close()


def heard(engine, speaker, said: str, damage=lambda samples, rate: samples):
    clip = engine.synthesize(said, speaker.lang, speaker, 5)
    take = Take((TEXTS[speaker.lang],), TEXTS[speaker.lang], speaker.lang, speaker, 5)
    damaged = np.asarray(damage(clip.samples, clip.sample_rate), dtype=np.float32)
    return judge(take, [Clip(damaged, clip.sample_rate)]).checked


def names(checked) -> set[str]:
    return {problem.split()[0] for problem in checked.problems}


def test_sound_clips_pass(engine):
    for speaker in VOICES:
        assert heard(engine, speaker, TEXTS[speaker.lang]).problems == ()


def test_a_peak_that_keeps_a_clip_quiet_is_no_fault(engine):
    """A voice with high peaks cannot be brought to the loudness of others; one left quiet for nothing can."""
    speaker = VOICES[0]

    def spiked(samples, rate):
        samples = samples.copy()
        at = np.flatnonzero(np.abs(samples) > 0.5 * np.abs(samples).max())[::97]
        samples[at] *= 8
        return samples

    checked = heard(engine, speaker, TEXTS[speaker.lang], spiked)
    assert checked.values["loudness_lufs"] < -24 and "loudness_lufs" not in names(checked), checked
    sound = engine.synthesize(TEXTS[speaker.lang], speaker.lang, speaker, 5)
    quiet = finish(sound, "espeak", speaker.id).samples / 2
    assert "loudness_lufs" in names(check(quiet, SAMPLE_RATE, TEXTS[speaker.lang], speaker.lang, speaker))


def test_every_sentence_left_out_is_missed(engine):
    for speaker in VOICES[::2]:
        sentences = sentences_of(TEXTS[speaker.lang])
        for gone in range(len(sentences)):
            checked = heard(engine, speaker, " ".join(s for n, s in enumerate(sentences) if n != gone))
            assert "missing" in names(checked), (speaker.id, gone, checked)


def test_a_clip_cut_off_is_found_by_its_end_and_by_what_is_missing(engine):
    for speaker in VOICES:
        checked = heard(engine, speaker, TEXTS[speaker.lang], lambda x, rate: x[: int(0.6 * len(x))])
        assert names(checked) & {"duration_ratio", "missing"}, (speaker.id, checked)
    loud = Clip(np.sin(np.arange(16000) / 5).astype(np.float32), 16000)
    assert end_db(loud) > -4
    faded = Clip((loud.samples * np.linspace(1, 0, 16000) ** 2).astype(np.float32), 16000)
    assert end_db(faded) == pytest.approx(-60, abs=1)


def test_what_is_said_over_and_over_is_found(engine):
    for speaker in VOICES:
        word = {"en": "tablets", "zh": "晚上"}[speaker.lang]
        checked = heard(engine, speaker, TEXTS[speaker.lang].replace(word, " ".join([word] * 10)))
        assert "repetition" in names(checked) or "extra" in names(checked), (speaker.id, checked)


@pytest.mark.parametrize("gain", [4, 20])
def test_peaks_that_the_engine_cut_off_are_found_although_the_clip_is_turned_down(engine, gain):
    speaker = VOICES[0]

    def overdrive(samples, rate):
        return np.clip(samples * gain / np.abs(samples).max(), -1, 1)

    checked = heard(engine, speaker, TEXTS[speaker.lang], overdrive)
    assert "raw_clipped" in names(checked) and checked.values["clipped"] == 0


def test_a_constant_in_the_samples_is_found(engine):
    checked = heard(engine, VOICES[0], TEXTS[VOICES[0].lang], lambda x, rate: x * 0.5 + 0.05)
    assert "offset" in names(checked)
    assert offset(np.zeros(10, np.float32)) == 0.0


def test_a_voice_without_melody_is_found(engine):
    for speaker in VOICES:

        def hummed(samples, rate, hz=speaker.f0_hz):
            t = np.arange(len(samples)) / rate
            loud = np.convolve(np.abs(samples), np.ones(rate // 50) / (rate // 50), "same")
            return loud * np.sum([np.cos(2 * np.pi * hz * k * t) for k in range(1, 8)], axis=0) / 4

        for damage, wrong in ((hummed, True), (lambda x, rate: x, False)):
            checked = heard(engine, speaker, TEXTS[speaker.lang], damage)
            assert ("f0_span" in names(checked)) == wrong, (speaker.id, damage, checked)


def test_the_melody_of_a_short_clip_is_not_judged(engine):
    speaker = VOICES[0]
    clip = engine.synthesize("Yes.", speaker.lang, speaker, 1)
    flat = np.cos(2 * np.pi * speaker.f0_hz * np.arange(len(clip.samples)) / clip.sample_rate)
    sung = Clip((flat * np.abs(clip.samples)).astype(np.float32), clip.sample_rate)
    checked = judge(Take(("Yes.",), "Yes.", speaker.lang, speaker, 1), [sung]).checked
    assert checked.values["f0_span"] < 1 and "f0_span" not in names(checked)


def stretches(*seconds: float, pause: float = 0.3) -> list[tuple[int, int]]:
    """Return stretches of speech of these lengths, in frames."""
    found, at = [], 10
    for length in seconds:
        found.append((at, at + round(length / FRAME_S)))
        at = found[-1][1] + round(pause / FRAME_S)
    return found


def test_pauses_need_not_be_where_the_commas_are():
    text = TEXTS["en"]
    phrases = phrases_of(text, "en")
    pace = 4.7
    whole = [p.load / pace for p in phrases]
    assert phrasing(phrases, stretches(*whole), pace) == (0.0, 0.0)
    merged = [whole[0] + whole[1], *whole[2:]]
    assert max(phrasing(phrases, stretches(*merged), pace)) == 0.0
    split = [whole[0] / 2, whole[0] / 2, *whole[1:]]
    assert max(phrasing(phrases, stretches(*split), pace)) == 0.0
    one_stretch = [sum(whole)]
    assert max(phrasing(phrases, stretches(*one_stretch), pace)) == 0.0
    assert phrasing(phrases, stretches(*whole[:2], *whole[3:]), pace).missing > 2
    assert phrasing(phrases, stretches(*whole, whole[1]), pace).extra > 2


@settings(max_examples=100, deadline=None)
@given(
    st.text(alphabet="ab ，。,.!? 药1", max_size=60),
    st.lists(st.floats(0.05, 5), max_size=12),
    st.sampled_from(["en", "zh"]),
)
@example("1?" * 9, [1.0], "en")  # more phrases than a stretch usually holds
@example("a.", [0.3] * 12, "en")
def test_phrasing_is_finite_and_never_negative(text, seconds, lang):
    found = phrasing(phrases_of(text, lang), stretches(*seconds), 4.5)
    assert all(0 <= value < 1e6 for value in found)


def test_long_texts_may_vary_less():
    widths = [high / low for low, high in map(duration_band, (3, 10, 30, 100))]
    assert widths == sorted(widths, reverse=True) and widths[-1] < 1.5


def test_one_long_sound_and_noise_are_no_repetition():
    t = np.arange(48000) / 16000
    for signal in (
        np.sin(2 * np.pi * 150 * t),
        np.zeros(48000),
        np.random.default_rng(1).normal(0, 0.1, 48000),
    ):
        assert repetition(signal.astype(np.float32), 16000)[0] < 0.6
    clicks = np.random.default_rng(2).normal(0, 0.1, 6400) * (1 + np.sin(np.arange(6400) / 300)) ** 2
    likeness, at = repetition(np.tile(clicks, 6).astype(np.float32), 16000)
    assert likeness > 0.95 and at == pytest.approx(0.4, abs=0.011)


@pytest.mark.parametrize("hz", [110, 210])
@pytest.mark.parametrize("sd", [0.0, 0.006, 0.012])
def test_jitter_and_shimmer_of_a_made_voice(hz, sd):
    """Damped resonances at 700 and 1200 Hz, set off at moments and heights that we draw."""
    rate, chance = 22050, np.random.default_rng(4)
    periods = rate / hz * (1 + sd * chance.normal(size=hz * 2))
    heights = 1 + 2 * sd * chance.normal(size=len(periods))
    starts = np.cumsum(periods)
    samples = np.zeros(int(starts[-1]) + rate // 10)
    t = np.arange(rate // 20) / rate
    for start, height in zip(starts, heights, strict=True):
        first = int(np.ceil(start))
        at = t + (first - start) / rate
        ring = np.exp(-at * 300) * (np.sin(2 * np.pi * 700 * at) + 0.5 * np.sin(2 * np.pi * 1200 * at))
        samples[first : first + len(t)] += height * ring[: len(samples) - first]
    true = np.abs(np.diff(periods)).mean() / periods.mean()
    found = roughness((samples / 4).astype(np.float32), rate)
    assert found.pairs > hz
    assert abs(found.jitter - true) < 0.002 + 0.2 * true
    assert (found.shimmer > 0.01) == (sd > 0)


def test_noise_has_no_periods():
    noise = np.random.default_rng(1).normal(0, 0.1, 32000).astype(np.float32)
    assert roughness(noise, 16000)[:3] == (0.0, 0.0, 0.0) and sampled(noise, 16000) == {}


@pytest.mark.parametrize("hz", [100, 230])
@pytest.mark.parametrize("db", [5, 15, 25])
def test_hnr_is_the_noise_that_was_added(hz, db):
    rate = 22050
    t = np.arange(2 * rate) / rate
    voice = np.sum([np.sin(2 * np.pi * hz * k * t + k * k) / k for k in range(1, 4000 // hz)], axis=0)
    noise = np.random.default_rng(5).normal(size=len(t))
    noise *= np.sqrt((voice**2).mean() / (noise**2).mean() / 10 ** (db / 10))
    assert sampled(((voice + noise) / 10).astype(np.float32), rate)["hnr_db"] == pytest.approx(db, abs=1)

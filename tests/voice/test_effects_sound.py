"""Sounds, rooms, noise, telephones: each measured to be what is stated of it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pyroomacoustics", reason="the augment extra is not installed")
pytest.importorskip("python_stretch", reason="the augment extra is not installed")

from medsynth.errors import UserError
from medsynth.voice.audio import LOUDNESS_LUFS, SAMPLE_RATE, loudness
from medsynth.voice.effects.apply import Treatment, treat
from medsynth.voice.effects.channel import telephone
from medsynth.voice.effects.filters import active, active_rms, coloured, db, rms
from medsynth.voice.effects.noise import bed_of, folder_hash, mixed, noise_files, recorded, street, ward
from medsynth.voice.effects.prosody import contour, louder, stretched
from medsynth.voice.effects.rooms import ONSET, Room, direct_to_reverberant, response, reverberant
from medsynth.voice.effects.scene import draw_scene, with_talk
from medsynth.voice.effects.settings import CONDITIONS
from medsynth.voice.effects.sounds import LEVELS_DB, sound
from medsynth.voice.f0 import median_f0

OFFICE = Room((4.2, 3.6, 2.7), 0.5, 0.6, (0.5, 0.5), 0.4)


def voice(seconds: float = 4.0, f0: float = 120.0, seed: int = 1) -> np.ndarray:
    """Return a buzz with formants and four phrases, 0.3 s of silence between them, as speech is."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(f0 * (1 + 0.05 * np.sin(2 * np.pi * 1.3 * time))) / SAMPLE_RATE
    buzz = sum(np.sin(k * phase) / k for k in range(1, 25))
    phrase = seconds / 4
    heard = ((time % phrase) > 0.1) & ((time % phrase) < phrase - 0.2)
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 4.0 * time + rng.uniform(0, 6))
    signal = np.where(heard, buzz * syllables, 0.0)
    return (0.08 * signal / rms(signal[heard])).astype(np.float64)


def power(signal, low, high):
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) ** 2
    frequency = np.fft.rfftfreq(len(signal), 1 / SAMPLE_RATE)
    return float(spectrum[(frequency >= low) & (frequency < high)].sum())


@pytest.mark.parametrize("wanted", [-5.0, 0.0, 7.5, 20.0])
@pytest.mark.parametrize("kind", [street, ward])
def test_noise_has_the_stated_ratio_where_speech_is(wanted, kind):
    speech = voice()
    noise = kind(len(speech), np.random.default_rng(3))
    heard, _ = mixed(speech, noise, wanted)
    where = active(speech)
    # Measured from what is heard and the speech alone, not from what `mixed` says of itself.
    assert abs(db(rms(speech[where]) / rms((heard - speech)[where])) - wanted) < 0.01


@pytest.mark.parametrize("condition", ["ward", "street"])
def test_the_ratio_of_a_treated_clip_is_the_one_recorded(condition):
    speech = voice().astype(np.float32)
    scene = draw_scene(condition, (3.0, 12.0), [], seed=5)
    # Without noise, by the same room: what is left after the best fit of it is the noise.
    noisy = treat(speech, Treatment(9, scene=scene), 120.0)
    quiet = treat(speech, Treatment(9, scene=scene.silent()), 120.0)
    plain, heard = (t.pcm.astype(np.float64) for t in (quiet, noisy))
    noise = heard - plain * (plain @ heard) / (plain @ plain)
    where = active(plain / 32768)
    scale = (plain @ heard) / (plain @ plain)
    stated = next(e.value for e in noisy.effects if e.name == "noise")
    assert abs(db(scale * rms(plain[where]) / rms(noise[where])) - stated) < 0.5
    assert abs(noisy.values["snr_db"] - stated) < 0.05 and not noisy.problems


@pytest.mark.parametrize("kind", ["cough", "throat", "breath"])
def test_a_sound_is_as_loud_and_as_long_as_stated_and_different_each_time(kind):
    made = [sound(kind, 120.0, np.random.default_rng(i)) for i in range(40)]
    assert all(abs(rms(m) - 1) < 1e-6 for m in made) and len({len(m) for m in made}) > 20
    longest = {"cough": 1.7, "throat": 0.6, "breath": 0.61}[kind]
    assert all(0.1 <= len(m) / SAMPLE_RATE <= longest for m in made)
    assert np.array_equal(sound(kind, 120.0, np.random.default_rng(3)), made[3])


def test_sounds_differ_as_their_kinds_do():
    def made(kind):
        return [0.1 * sound(kind, 120.0, np.random.default_rng(i)) for i in range(20)]

    def above(kind):
        return np.mean([power(m, 1500, 8000) / power(m, 50, 8000) for m in made(kind)])

    def voiced(kind):
        return sum(median_f0(m.astype(np.float32), SAMPLE_RATE)[1] for m in made(kind))

    assert above("breath") > above("cough") > above("throat")
    assert voiced("throat") > voiced("breath") == 0
    # A cough begins with its burst.
    coughs = [sound("cough", 120.0, np.random.default_rng(i)) for i in range(20)]
    assert all(rms(c[:800]) > 1.5 * rms(c[1600:2400]) for c in coughs)


@pytest.mark.parametrize("kind", ["cough", "throat", "breath"])
def test_a_sound_stands_where_it_is_recorded_at_its_level_and_covers_no_speech(kind):
    speech = voice().astype(np.float32)
    done = treat(speech, Treatment(11, sounds=(kind,)), 120.0)
    (effect,) = [e for e in done.effects if e.name == kind]
    heard = done.pcm.astype(np.float64)
    start, end = round(effect.start * SAMPLE_RATE), round(effect.end * SAMPLE_RATE)
    rest = np.concatenate((heard[:start], heard[end:]))
    assert abs(db(rms(heard[start:end]) / active_rms(rest / 32768) / 32768) - effect.value) < 0.5
    low, high = LEVELS_DB[kind]
    assert low - 6 <= effect.value <= high + 0.01  # quieter where it would rise over the speech
    assert len(heard) > len(speech) and not done.problems
    # All of the speech is still there, in order.
    scale = active_rms(rest) / active_rms(speech.astype(np.float64))
    assert abs(np.abs(rest).sum() / scale / np.abs(speech).sum() - 1) < 0.02


@pytest.mark.parametrize("rt60", [0.3, 0.5, 0.8])
def test_a_room_rings_about_as_long_as_it_should_and_is_the_same_every_time(rt60):
    import pyroomacoustics as pra

    room = Room((4.2, 3.6, 2.7), rt60, 0.6, (0.5, 0.5), 0.4)
    taps = response(room)
    assert abs(pra.measure_rt60(taps, fs=SAMPLE_RATE, decay_db=20) / rt60 - 1) < 0.3
    assert taps[ONSET] == pytest.approx(1.0)
    pra.constants.set("num_threads", 4)
    response.cache_clear()
    assert np.array_equal(response(room), taps)


def test_far_away_the_room_is_louder_than_the_mouth():
    near, far = (
        direct_to_reverberant(response(Room((4.5, 4.5, 2.7), 0.5, d, (0.5, 0.5), 0.4))) for d in (0.5, 3.0)
    )
    assert near > far + 8 and far < 0


def test_a_room_leaves_times_where_they_were():
    click = np.zeros(8000)
    click[4000] = 1.0
    heard = reverberant(click, response(OFFICE))
    assert len(heard) == len(click) and abs(int(np.argmax(np.abs(heard))) - 4000) <= 1


@pytest.mark.parametrize("codec", ["ulaw", "gsm"])
def test_a_telephone_keeps_its_band_and_loses_the_rest(codec):
    noise = 0.1 * coloured(4 * SAMPLE_RATE, 0.0, np.random.default_rng(2))
    heard = telephone(noise, codec)
    assert len(heard) == len(noise)
    inside = power(heard, 600, 3000) / power(noise, 600, 3000)
    assert 0.3 < inside < 3
    # A codec's own noise is everywhere within its 4 kHz.
    assert power(heard, 30, 150) / power(noise, 30, 150) < {"ulaw": 0.01, "gsm": 0.1}[codec] * inside
    assert power(heard, 4200, 7800) / power(noise, 4200, 7800) < 0.01 * inside


@pytest.mark.parametrize("codec", ["ulaw", "gsm"])
def test_a_codec_adds_noise_but_no_delay(codec):
    speech = voice()
    heard = telephone(speech, codec)
    narrow = telephone(speech, "ulaw")
    lags = np.correlate(heard[8000:24000], speech[8100:23900], "valid")  # 100 samples either way
    assert abs(int(np.argmax(lags)) - 100) <= 8
    if codec == "gsm":
        assert rms(heard - narrow) / rms(narrow) > 0.05  # coarser than µ-law


@pytest.mark.parametrize("factor", [0.8, 0.93, 1.15, 1.22])
def test_a_stretched_clip_has_its_length_its_pitch_and_its_end(factor):
    speech = voice(f0=150.0)
    made = stretched(speech, factor)
    assert abs(len(made) * factor - len(speech)) <= 1
    f0 = [median_f0(s.astype(np.float32), SAMPLE_RATE)[0] for s in (speech, made)]
    assert abs(f0[1] / f0[0] - 1) < 0.02
    ends = [np.flatnonzero(np.abs(s) > 0.2 * np.abs(s).max())[[0, -1]] for s in (speech, made)]
    assert np.all(np.abs(ends[1] * factor - ends[0]) < 0.05 * SAMPLE_RATE)


def test_a_contour_has_its_depth_and_falls_on_the_whole():
    for seed in range(20):
        decibels = contour(3 * SAMPLE_RATE, 6.0, np.random.default_rng(seed))
        assert decibels.max() - decibels.min() == pytest.approx(6.0)
        assert decibels[: len(decibels) // 4].mean() > decibels[-len(decibels) // 4 :].mean()
    speech = voice()
    assert rms(louder(speech, np.full(len(speech), -6.0206))) == pytest.approx(rms(speech) / 2, rel=1e-3)


def test_every_condition_gives_a_clip_that_passes_its_checks(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "hall.wav", 0.1 * coloured(3 * 44100, 3.0, np.random.default_rng(1)), 44100)
    talk = bed_of([voice(2.0, f, i) for i, f in enumerate((100, 180, 220))], 6.0, np.random.default_rng(1))
    speech = voice().astype(np.float32)
    for condition in CONDITIONS:
        scene = draw_scene(condition, (5.0, 15.0), noise_files(tmp_path), seed=4)
        if condition == "waiting_room":
            scene = with_talk(scene, talk, 3)
        done = treat(
            speech,
            Treatment(2, contour_db=6.0, pauses=True, sounds=("breath", "throat", "cough"), scene=scene),
            120.0,
        )
        assert not done.problems, condition
        assert abs(loudness(done.pcm.astype(np.float32) / 32768, SAMPLE_RATE) - LOUDNESS_LUFS) < 1
        assert {"breath", "throat", "cough", "loudness"} <= {e.name for e in done.effects}
        again = treat(
            speech,
            Treatment(2, contour_db=6.0, pauses=True, sounds=("breath", "throat", "cough"), scene=scene),
            120.0,
        )
        assert np.array_equal(done.pcm, again.pcm)


def test_a_clip_that_would_come_out_too_quiet_is_made_again_without_what_spoils_it(monkeypatch):
    from medsynth.voice.effects import apply

    spike = np.zeros(1600)
    spike[0] = 1.0
    monkeypatch.setattr(apply, "_PEAK", 60.0)
    monkeypatch.setattr(apply, "sound", lambda kind, f0, rng: spike * 40)
    done = treat(voice().astype(np.float32), Treatment(2, sounds=("cough",)), 120.0)
    assert not done.problems and "cough" not in {e.name for e in done.effects}


def test_noise_of_a_folder_is_read_and_known_by_its_contents(tmp_path):
    import soundfile

    for name, seed in (("a.wav", 1), ("b.flac", 2)):
        soundfile.write(tmp_path / name, 0.1 * np.random.default_rng(seed).standard_normal(16000), 16000)
    files = noise_files(tmp_path)
    assert [f.name for f in files] == ["a.wav", "b.flac"]
    first = folder_hash(tmp_path)
    assert len(recorded(40000, files[0], np.random.default_rng(0))) == 40000
    soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(9).standard_normal(16000), 16000)
    folder_hash.cache_clear()
    assert folder_hash(tmp_path) != first


def test_a_folder_without_noise_and_a_file_that_is_none_are_told_in_one_line(tmp_path):
    with pytest.raises(UserError, match="holds no audio file"):
        noise_files(tmp_path / "none")
    (tmp_path / "x.wav").write_bytes(b"no sound")
    with pytest.raises(UserError, match=r"x\.wav: no readable audio"):
        recorded(100, tmp_path / "x.wav", np.random.default_rng(0))

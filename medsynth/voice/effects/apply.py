"""What happens to one finished clip: pace, loudness, pauses, sounds, room, noise, channel, in this order.

The clip has passed its checks before; what comes out is checked again for what may go wrong here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsynth.records import Effect
from medsynth.voice.audio import LOUDNESS_LUFS, LOUDNESS_MIN_S, SAMPLE_RATE, levelled, loudness
from medsynth.voice.checks import LOUDNESS_TOLERANCE, MAX_CLIPPED
from medsynth.voice.effects.channel import BAND_HZ, CODECS, telephone
from medsynth.voice.effects.filters import Signal, active, active_rms, db, gain, rms, seed_of
from medsynth.voice.effects.noise import babble, mixed, recorded, street, tone, ward
from medsynth.voice.effects.prosody import LONGEST_PAUSE_S, contour, gaps, louder, parted, quietest, stretched
from medsynth.voice.effects.rooms import direct_to_reverberant, response, reverberant
from medsynth.voice.effects.scene import Scene
from medsynth.voice.effects.sounds import LEVELS_DB, Sound, sound

_BEFORE_S, _AFTER_S = 0.08, 0.12
_PAUSES = 0.3
"""Share of a clip's inner silences that become longer."""
_PEAK = 1.5
"""How far a sound may rise over the speech's own peak."""
_DURATION_TOLERANCE_S = 0.02


@dataclass(frozen=True)
class Treatment:
    """What is to happen to one clip. `pace` is left to do here where the engine has no rate; 1 is none.

    `contour_db` is the depth of the loudness contour; 0 is none. `pauses`: some silences become longer.
    """

    seed: int
    pace: float = 1.0
    contour_db: float = 0.0
    pauses: bool = False
    sounds: tuple[Sound, ...] = ()
    scene: Scene | None = None


class Treated(NamedTuple):
    """The samples (16 kHz, 16 bits), what was done, what was measured, and what is wrong."""

    pcm: NDArray[np.int16]
    effects: tuple[Effect, ...]
    values: dict[str, float]
    problems: tuple[str, ...]


class _Tracks(NamedTuple):
    speech: Signal
    sounds: Signal
    effects: list[Effect]


def treat(samples: NDArray[np.float32], treatment: Treatment, f0_hz: float) -> Treated:
    """Return a clip as patient-like speech. Where that fails its checks, once more without sounds and contour."""
    treated = _treat(samples.astype(np.float64), treatment, f0_hz)
    if treated.problems and (treatment.sounds or treatment.contour_db):
        return _treat(samples.astype(np.float64), replace(treatment, sounds=(), contour_db=0.0), f0_hz)
    return treated


def _treat(clip: Signal, treatment: Treatment, f0_hz: float) -> Treated:
    effects: list[Effect] = []
    if treatment.pace != 1.0:
        clip = stretched(clip, treatment.pace)
        effects.append(Effect(name="pace", detail="time-stretched", value=round(treatment.pace, 3), unit="×"))
    if treatment.contour_db:
        rng = np.random.default_rng(seed_of(treatment.seed, "contour"))
        clip = louder(clip, contour(len(clip), treatment.contour_db, rng))
        effects.append(
            Effect(name="loudness", detail="contour", value=round(treatment.contour_db, 1), unit="dB")
        )
    tracks = _with_events(clip, treatment, f0_hz)
    effects += tracks.effects
    speech, heard = tracks.speech, tracks.speech + tracks.sounds
    expected = len(heard) / SAMPLE_RATE
    values: dict[str, float] = {}
    if treatment.scene is not None:
        scene = treatment.scene
        tail = 0.0
        if scene.room is not None:
            taps = response(scene.room)
            tail = round(min(0.5 * scene.room.rt60_s, 0.4), 2)
            speech, heard = (reverberant(track, taps, tail) for track in (speech, heard))
            effects += _room_effects(scene, taps)
            expected += tail
        heard = _noisy(speech, heard, treatment, effects, values)
        if scene.codec is not None:
            heard = telephone(heard, scene.codec)
            detail = f"{BAND_HZ[0]:.0f}–{BAND_HZ[1]:.0f} Hz, {CODECS[scene.codec][0]}"
            effects.append(Effect(name="channel", detail=detail, value=8.0, unit="kHz"))
    pcm = levelled(heard.astype(np.float32))
    return Treated(pcm, tuple(effects), *_checked(pcm.astype(np.float32) / 32768.0, expected, values))


def _with_events(clip: Signal, treatment: Treatment, f0_hz: float) -> _Tracks:
    """Return the clip with longer pauses and room for the sounds, and the sounds as a track of their own."""
    rng = np.random.default_rng(seed_of(treatment.seed, "events"))
    level, peak = active_rms(clip), float(np.abs(clip).max())
    inner = gaps(clip)
    # (before which sample, samples of silence, sound or None, its level in dB)
    put: list[tuple[int, int, Signal | None, Sound | None]] = []
    taken: set[int] = set()
    for number, kind in enumerate(treatment.sounds):
        made = sound(kind, f0_hz, np.random.default_rng(seed_of(treatment.seed, "sound", number)))
        free = [i for i in range(len(inner)) if i not in taken]
        edge = len(clip) if kind == "cough" else 0
        place = edge
        if free and rng.random() < 0.5:
            chosen = free[int(rng.integers(len(free)))]
            taken.add(chosen)
            place = quietest(clip, *inner[chosen])
        wanted = float(rng.uniform(*LEVELS_DB[kind]))
        loud = min(level * gain(wanted), _PEAK * peak / float(np.abs(made).max()))
        silence = round((_BEFORE_S + _AFTER_S) * SAMPLE_RATE) + len(made)
        put.append((place, silence, made * loud, kind))
    if treatment.pauses:
        for i, (start, end) in enumerate(inner):
            longer = min(float(rng.exponential(0.45)), LONGEST_PAUSE_S - (end - start) / SAMPLE_RATE)
            if i not in taken and rng.random() < _PAUSES and longer >= 0.15:
                put.append((quietest(clip, start, end), round(longer * SAMPLE_RATE), None, None))
    put.sort(key=lambda item: item[0])
    speech = parted(clip, [(place, n) for place, n, _, _ in put])
    track, effects, shift = np.zeros(len(speech)), [], 0
    for place, n, what, which in put:
        start = place + shift
        shift += n
        if what is None or which is None:
            effects.append(_event("pause", "longer", n / SAMPLE_RATE, "s", start, start + n))
            continue
        begin = start + round(_BEFORE_S * SAMPLE_RATE)
        end = begin + len(what)
        track[begin:end] += what
        effects.append(_event(which, "against the speech", db(rms(what) / level), "dB", begin, end))
    return _Tracks(speech, track, effects)


def _event(name: str, detail: str, value: float, unit: str, start: int, end: int) -> Effect:
    return Effect(
        name=name, detail=detail, value=round(value, 2), unit=unit, of="clip",
        start=round(start / SAMPLE_RATE, 3), end=round(end / SAMPLE_RATE, 3),
    )  # fmt: skip


def _room_effects(scene: Scene, taps: Signal) -> list[Effect]:
    from pyroomacoustics import measure_rt60

    assert scene.room is not None
    length, width, height = scene.room.size_m
    detail = f"{length:.1f} × {width:.1f} × {height:.1f} m, {scene.room.distance_m:.1f} m away"
    rt60 = float(measure_rt60(taps, fs=SAMPLE_RATE, decay_db=20))
    direct = round(direct_to_reverberant(taps), 1)
    return [
        Effect(name="room", detail=detail, value=round(rt60, 2), unit="s RT60"),
        Effect(name="reverberation", detail="direct to reverberant", value=direct, unit="dB"),
    ]  # fmt: skip


def _noisy(
    speech: Signal, heard: Signal, treatment: Treatment, effects: list[Effect], values: dict[str, float]
) -> Signal:
    scene = treatment.scene
    if scene is None or scene.noise is None or scene.snr_db is None:
        return heard
    rng = np.random.default_rng(seed_of(treatment.seed, "noise"))
    n = len(speech)
    if scene.noise == "babble":
        assert scene.bed is not None
        noise, detail = babble(n, scene.bed, rng), f"babble of {scene.talkers}"
    elif scene.noise == "tone":
        noise, detail = tone(n, rng), "room tone"
    elif scene.noise == "street":
        noise, detail = street(n, rng), "street"
    elif scene.noise == "ward":
        noise, detail = ward(n, rng), "ward"
    else:
        assert scene.file is not None
        noise, detail = recorded(n, scene.file, rng), scene.file.name
    _, scaled = mixed(speech, noise, scene.snr_db)
    where = active(speech)
    values["snr_db"] = db(rms(speech[where]) / max(rms(scaled[where]), 1e-12))
    effects.append(Effect(name="noise", detail=detail, value=scene.snr_db, unit="dB SNR"))
    return heard + scaled


def _checked(
    final: NDArray[np.float32], expected_s: float, values: dict[str, float]
) -> tuple[dict[str, float], tuple[str, ...]]:
    problems = []
    seconds = len(final) / SAMPLE_RATE
    values = values | {
        "treated_s": seconds,
        "treated_clipped": float(np.count_nonzero(np.abs(final) >= 0.999)),
    }
    if abs(seconds - expected_s) > _DURATION_TOLERANCE_S:
        problems.append(f"treated_s {seconds:.2f}, not {expected_s:.2f}")
    if values["treated_clipped"] > MAX_CLIPPED:
        problems.append(f"treated_clipped {values['treated_clipped']:.0f}")
    if seconds >= LOUDNESS_MIN_S:
        values["treated_lufs"] = loudness(final, SAMPLE_RATE)
        if abs(values["treated_lufs"] - LOUDNESS_LUFS) > LOUDNESS_TOLERANCE:
            problems.append(f"treated_lufs {values['treated_lufs']:.1f}")
    return values, tuple(problems)

"""Background noise: traffic and a hospital ward made of shaped noise and events, other people's talk, a user's files.

Each function returns noise of any level; `mixed` brings it to a signal-to-noise ratio.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from medsynth.errors import UserError
from medsynth.voice.audio import SAMPLE_RATE
from medsynth.voice.effects.filters import Signal, active, band, coloured, faded, gain, rms

Noise: TypeAlias = Literal["tone", "babble", "street", "ward", "recorded"]

SUFFIXES = (".wav", ".flac", ".ogg")


def mixed(speech: Signal, noise: Signal, snr_db: float) -> tuple[Signal, Signal]:
    """Return speech with noise, and that noise, whose RMS is `snr_db` below that of the speech.

    Both are measured over the speech-active part (see `filters.active`): pauses do not make a talker quieter.
    """
    where = active(speech)
    level = rms(speech[where]) / gain(snr_db)
    scaled = noise * (level / max(rms(noise[where]), 1e-12))
    return speech + scaled, scaled


def tone(n: int, rng: np.random.Generator) -> Signal:
    """Return what a quiet room sounds like with nobody in it: noise that falls by 5 dB an octave from 80 Hz."""
    return coloured(n, 5.0, rng, corner=80.0)


def street(n: int, rng: np.random.Generator) -> Signal:
    """Return traffic: a rumble (−6 dB an octave from 60 Hz), and cars that pass, 6–14 a minute.

    A car is noise around 1 kHz that swells and fades over 2.5–6 s, up to 10 dB over the rumble, brighter as it is near.
    """
    noise = coloured(n, 6.0, rng, corner=60.0) + gain(-12.0) * band(coloured(n, 0.0, rng), 200.0, 5000.0)
    for _ in range(_events(n, rng.uniform(6, 14) / 60, rng)):
        length = round(rng.uniform(2.5, 6.0) * SAMPLE_RATE)
        near = np.exp(-0.5 * (np.linspace(-3, 3, length) / rng.uniform(0.7, 1.1)) ** 2)
        car = (
            coloured(length, 3.0, rng, corner=150.0) * near
            + 0.5 * band(coloured(length, 0.0, rng), 700.0, 2500.0) * near**2
        )
        _add(noise, gain(rng.uniform(2, 10)) * car, rng)
    return noise


def ward(n: int, rng: np.random.Generator) -> Signal:
    """Return a ward: ventilation (−5 dB an octave from 80 Hz), a monitor's tones, a trolley, steps.

    The tones are bursts of three pulses of 0.15 s with harmonics, as IEC 60601-1-8 describes a monitor's medium
    priority; 12–20 dB under the ventilation's level to 3 dB over it. Trolleys rattle (8–14 Hz) for 1–3 s.
    """
    noise = coloured(n, 5.0, rng, corner=80.0)
    pitch = float(rng.uniform(400, 1000))
    for _ in range(_events(n, 1 / 8, rng)):
        _add(noise, gain(rng.uniform(-10, 3)) * _tones(pitch), rng)
    for _ in range(_events(n, 1 / 20, rng)):
        length = round(rng.uniform(1.0, 3.0) * SAMPLE_RATE)
        rattle = 0.5 + 0.5 * np.sign(
            np.sin(2 * np.pi * np.cumsum(np.full(length, rng.uniform(8, 14))) / SAMPLE_RATE)
        )
        swell = np.hanning(length)
        trolley = band(coloured(length, 0.0, rng), 500.0, 5000.0) * (0.2 + rattle) * swell
        _add(noise, gain(rng.uniform(-3, 6)) * trolley / max(rms(trolley), 1e-12), rng)
    for _ in range(_events(n, 1 / 6, rng)):
        _add(noise, gain(rng.uniform(-6, 3)) * _steps(rng), rng)
    return noise


def babble(n: int, bed: Signal, rng: np.random.Generator) -> Signal:
    """Return a stretch of a bed of talk, from anywhere in it, round its end."""
    return np.resize(np.roll(bed, -int(rng.integers(len(bed)))), n)


def bed_of(talkers: Sequence[Signal], seconds: float, rng: np.random.Generator) -> Signal:
    """Return clips of several talkers as one bed of talk: each over and over from a place of its own, equally loud."""
    n = round(seconds * SAMPLE_RATE)
    bed = np.zeros(n)
    for clip in talkers:
        spaced = np.concatenate((clip, np.zeros(round(rng.uniform(0.2, 0.8) * SAMPLE_RATE))))
        bed += gain(rng.uniform(-3, 3)) * babble(n, spaced / max(rms(clip), 1e-12), rng)
    return bed / max(rms(bed), 1e-12)


def recorded(n: int, path: Path, rng: np.random.Generator) -> Signal:
    """Return a stretch of a user's file, from anywhere in it, round its end. Raises UserError when it is no audio."""
    return babble(n, _read(path), rng)


def noise_files(folder: Path) -> list[Path]:
    """Return the audio files of a folder, in order. Raises UserError when there is none."""
    found = sorted(p for p in folder.glob("*") if p.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    if not found:
        raise UserError(
            f"voice.patient_like.noise_folder: {folder} holds no audio file ({', '.join(SUFFIXES)})"
        )
    return found


@lru_cache(maxsize=4)
def folder_hash(folder: Path) -> str:
    """Return a hash of the names and contents of a folder's audio files."""
    digest = hashlib.blake2b(digest_size=16)
    for path in noise_files(folder):
        with path.open("rb") as file:
            digest.update(f"{path.name}\x1f{hashlib.file_digest(file, 'sha256').hexdigest()}\x1e".encode())
    return digest.hexdigest()


@lru_cache(maxsize=8)
def _read(path: Path) -> Signal:
    import soundfile
    import soxr

    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise UserError(f"{path.name}: no readable audio ({type(error).__name__})") from None
    mono = np.asarray(samples.mean(axis=1))
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE, quality="HQ")
    if len(mono) < SAMPLE_RATE // 2 or rms(mono) < 1e-5:
        raise UserError(f"{path.name}: shorter than half a second, or silent")
    return mono


def _events(n: int, a_second: float, rng: np.random.Generator) -> int:
    return int(rng.poisson(a_second * n / SAMPLE_RATE))


def _add(noise: Signal, event: Signal, rng: np.random.Generator) -> None:
    """Add an event at a place of its own, cut where it does not fit."""
    at = int(rng.integers(-len(event) // 2, max(1, len(noise) - len(event) // 2)))
    low, high = max(0, at), min(len(noise), at + len(event))
    if high > low:
        noise[low:high] += event[low - at : high - at]


def _tones(pitch: float) -> Signal:
    time = np.arange(round(0.15 * SAMPLE_RATE)) / SAMPLE_RATE
    pulse = sum(gain(-6.0 * k) * np.sin(2 * np.pi * pitch * (k + 1) * time) for k in range(4)) * faded(
        len(time), 0.02, 0.03
    )
    pause = np.zeros(round(0.15 * SAMPLE_RATE))
    burst = np.concatenate((pulse, pause, pulse, pause, pulse))
    return burst / rms(pulse)


def _steps(rng: np.random.Generator) -> Signal:
    beat = round(rng.uniform(0.45, 0.6) * SAMPLE_RATE)
    walk = np.zeros(beat * 5)
    for number in range(5):
        length = round(0.08 * SAMPLE_RATE)
        step = band(coloured(length, 3.0, rng, corner=100.0), 80.0, 1200.0) * np.exp(
            -np.arange(length) / 300.0
        )
        walk[number * beat : number * beat + length] += step * (1 - abs(number - 2) * 0.25)
    return walk / max(float(np.abs(walk).max()), 1e-12) * 2.0

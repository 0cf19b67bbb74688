"""Coughs, throat-clearing and breaths, made by source and filter: noise and glottal pulses through resonances.

A cough has the phases of its acoustic descriptions (J. Korpáš, J. Sadloňová and M. Vrabec, "Analysis of the cough
sound: an overview", Pulmonary Pharmacology 9, 1996): an explosive burst, a noisy intermediate phase, and often a
voiced one. Nothing was recorded, and nothing here tells one disease from another.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from medsynth.voice.audio import SAMPLE_RATE
from medsynth.voice.effects.filters import Signal, band, coloured, faded, gain, resonances, rms

Sound: TypeAlias = Literal["cough", "throat", "breath"]

# dB of the sound's own RMS against that of the speech (its active part). Ours.
LEVELS_DB: dict[Sound, tuple[float, float]] = {
    "cough": (-3.0, 5.0),
    "throat": (-9.0, -2.0),
    "breath": (-30.0, -20.0),
}
# Frequency, bandwidth (Hz), gain (dB) in a man's vocal tract; a shorter one shifts them up.
_COUGH = ((600.0, 250.0, 0.0), (1300.0, 300.0, -2.0), (2500.0, 500.0, -6.0), (3700.0, 700.0, -10.0))
_THROAT = ((450.0, 150.0, 0.0), (1100.0, 250.0, -8.0), (2300.0, 400.0, -16.0))
_BREATH = ((900.0, 500.0, -4.0), (1700.0, 600.0, 0.0), (3100.0, 900.0, -5.0))


def sound(kind: Sound, f0_hz: float, rng: np.random.Generator) -> Signal:
    """Return a sound of RMS 1 by someone whose voice has the median pitch `f0_hz`.

    The pitch stands for the size of the speaker: formants are a man's (110 Hz) times (f0 / 110) to the power 0.2.
    """
    size = (min(max(f0_hz, 70.0), 400.0) / 110.0) ** 0.2
    if kind == "cough":
        made = _coughs(f0_hz, size, rng)
    elif kind == "throat":
        made = _throat(f0_hz, size, rng)
    else:
        made = _breath(size, rng)
    return made / max(rms(made), 1e-12)


def _coughs(f0_hz: float, size: float, rng: np.random.Generator) -> Signal:
    """Return one to three coughs, each weaker than the one before, 0.1–0.25 s of silence between them."""
    parts = []
    for number in range(int(rng.choice((1, 2, 3), p=(0.4, 0.45, 0.15)))):
        if number:
            parts.append(np.zeros(_n(rng.uniform(0.10, 0.25))))
        parts.append(gain(-2.0 * number) * _cough(f0_hz, size, rng))
    return np.concatenate(parts)


def _cough(f0_hz: float, size: float, rng: np.random.Generator) -> Signal:
    """Return one cough: 30–50 ms of burst, 90–180 ms of noise 10 dB below, in seven of ten 60–140 ms of voice."""
    burst, middle = _n(rng.uniform(0.03, 0.05)), _n(rng.uniform(0.09, 0.18))
    voiced = _n(rng.uniform(0.06, 0.14)) if rng.random() < 0.7 else 0
    n = burst + middle + voiced
    noise = coloured(n, 3.0, rng, corner=400.0)
    envelope = np.concatenate((np.ones(burst), np.full(middle + voiced, gain(-10.0))))
    smooth = np.hanning(_n(0.008) | 1)
    envelope = np.convolve(envelope, smooth / smooth.sum(), "same") * np.exp(-np.arange(n) / _n(0.22))
    source = noise * envelope
    if voiced:
        source[burst + middle :] += (
            gain(-4.0) * _pulses(voiced, 1.3 * f0_hz, 0.9 * f0_hz, 0.03, rng) * faded(voiced, 0.02, 0.05)
        )
    return resonances(source, _scaled(_COUGH, size)) * faded(n, 0.002, 0.04)


def _throat(f0_hz: float, size: float, rng: np.random.Generator) -> Signal:
    """Return rough voice with closed lips, 0.15–0.25 s, mostly a second time stronger: pulses with 8 % of jitter."""
    parts = []
    for number in range(2 if rng.random() < 0.7 else 1):
        n = _n(rng.uniform(0.15, 0.25))
        source = _pulses(n, 0.75 * f0_hz, 0.65 * f0_hz, 0.08, rng) + gain(-8.0) * coloured(
            n, 6.0, rng, corner=300.0
        )
        if number:
            parts.append(np.zeros(_n(rng.uniform(0.04, 0.09))))
        parts.append(gain(2.0 * number) * resonances(source, _scaled(_THROAT, size)) * faded(n, 0.03, 0.07))
    return np.concatenate(parts)


def _breath(size: float, rng: np.random.Generator) -> Signal:
    """Return an intake of breath of 0.3–0.6 s, without voice, that swells and stops."""
    n = _n(rng.uniform(0.3, 0.6))
    noise = band(coloured(n, 0.0, rng), 300.0, 6500.0)
    return resonances(noise, _scaled(_BREATH, size)) * faded(n, 0.6 * n / SAMPLE_RATE, 0.25 * n / SAMPLE_RATE)


def _pulses(n: int, start_hz: float, end_hz: float, jitter: float, rng: np.random.Generator) -> Signal:
    """Return glottal pulses gliding between two pitches, periods uneven by `jitter`, of RMS 1."""
    source = np.zeros(n)
    at = 0.0
    while at < n:
        source[int(at)] = 1.0 + 0.2 * rng.standard_normal()
        pitch = start_hz + (end_hz - start_hz) * at / n
        at += max(16.0, SAMPLE_RATE / pitch * (1 + jitter * rng.standard_normal()))
    source = np.convolve(source, np.hanning(_n(0.0025) | 1), "same")
    source -= source.mean()
    return source / max(rms(source), 1e-12)


def _scaled(
    peaks: tuple[tuple[float, float, float], ...], size: float
) -> tuple[tuple[float, float, float], ...]:
    return tuple((frequency * size, width * size, level) for frequency, width, level in peaks)


def _n(seconds: float) -> int:
    return max(1, round(seconds * SAMPLE_RATE))

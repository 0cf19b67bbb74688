"""Levels, filters and noises that the effects share: in float64, at 16 kHz, functions of their arguments alone."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from medsynth.voice.audio import SAMPLE_RATE
from medsynth.voice.pace import FRAME_S, levels

Signal: TypeAlias = NDArray[np.float64]

_ACTIVE = 10 ** (-38 / 20)


def seed_of(*parts: object) -> int:
    """Return 64 bits of a hash over the parts: one stream of random numbers for each thing that is drawn."""
    text = "|".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def db(ratio: float) -> float:
    """Return a ratio of amplitudes in dB."""
    return float(20 * np.log10(max(ratio, 1e-12)))


def gain(decibels: float) -> float:
    """Return dB as a ratio of amplitudes."""
    return float(10 ** (decibels / 20))


def rms(signal: Signal) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(signal)))) if len(signal) else 0.0


def active(signal: Signal) -> NDArray[np.bool_]:
    """Return which samples belong to a 10 ms frame within 38 dB of the loudest: the speech-active part."""
    level = levels(signal.astype(np.float32), SAMPLE_RATE)
    loud = level > max(_ACTIVE * float(level.max(initial=0.0)), 1e-5)
    mask = np.repeat(loud, round(FRAME_S * SAMPLE_RATE))
    return np.pad(mask, (0, max(0, len(signal) - len(mask))))[: len(signal)]


def active_rms(signal: Signal) -> float:
    """Return the root mean square over the speech-active part."""
    return rms(signal[active(signal)])


def band(signal: Signal, low: float, high: float, order: int = 4) -> Signal:
    """Return a signal between two frequencies in Hz (Butterworth); 0 or the Nyquist frequency leave an end open."""
    from scipy.signal import butter, sosfilt

    if low <= 0:
        sos = butter(order, high, "lowpass", fs=SAMPLE_RATE, output="sos")
    elif high >= SAMPLE_RATE / 2:
        sos = butter(order, low, "highpass", fs=SAMPLE_RATE, output="sos")
    else:
        sos = butter(order, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(sos, signal))


def resonances(source: Signal, peaks: tuple[tuple[float, float, float], ...]) -> Signal:
    """Return a source through parallel resonators: (frequency in Hz, bandwidth in Hz, gain in dB) each.

    Second-order sections after D. Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67 (1980).
    """
    from scipy.signal import lfilter

    total = np.zeros_like(source)
    for frequency, width, level in peaks:
        radius = np.exp(-np.pi * width / SAMPLE_RATE)
        a1, a2 = -2 * radius * np.cos(2 * np.pi * frequency / SAMPLE_RATE), radius**2
        total += gain(level) * lfilter([1 + a1 + a2], [1.0, a1, a2], source)
    return total


def coloured(n: int, slope: float, rng: np.random.Generator, corner: float = 20.0) -> Signal:
    """Return `n` samples of noise whose power falls by `slope` dB an octave above `corner` Hz, of RMS 1."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / SAMPLE_RATE), corner)
    signal = np.fft.irfft(spectrum * (frequency / corner) ** (-slope / 20 / np.log10(2)), n)
    return signal / max(rms(signal), 1e-12)


def faded(n: int, rise_s: float, fall_s: float) -> Signal:
    """Return an envelope of `n` samples that rises and falls as half a cosine."""
    envelope = np.ones(n)
    rise, fall = min(n, round(rise_s * SAMPLE_RATE)), min(n, round(fall_s * SAMPLE_RATE))
    envelope[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / max(1, rise))
    envelope[n - fall :] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fall) / max(1, fall))
    return envelope

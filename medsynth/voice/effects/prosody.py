"""Pace, loudness and pauses of a clip that is already there."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from medsynth.voice.audio import SAMPLE_RATE
from medsynth.voice.effects.filters import Signal
from medsynth.voice.pace import FRAME_S, levels, runs, speech_mask

LONGEST_PAUSE_S = 1.5
_GAP_S = 0.1
_KNOT_S = 0.9


def stretched(signal: Signal, factor: float) -> Signal:
    """Return a signal `factor` times as fast, of the same pitch (Signalsmith Stretch, by python-stretch)."""
    import python_stretch

    stretch = python_stretch.Signalsmith.Stretch()
    stretch.preset(1, SAMPLE_RATE)
    stretch.setTimeFactor(factor)
    made = np.asarray(stretch.process(signal[None, :].astype(np.float32)))[0]
    n = round(len(signal) / factor)
    return np.pad(made[:n], (0, max(0, n - len(made)))).astype(np.float64)


def contour(n: int, depth_db: float, rng: np.random.Generator) -> Signal:
    """Return a loudness contour of `n` samples in dB, `depth_db` from its highest to its lowest point.

    Half of it falls from beginning to end, as a voice that trails off; half wavers over about a second.
    """
    time = np.linspace(0.0, 1.0, n)
    knots = max(3, round(n / SAMPLE_RATE / _KNOT_S) + 1)
    wave = rng.uniform(-1, 1, knots)
    place = time * (knots - 1)
    low = np.minimum(place.astype(int), knots - 2)
    share = 0.5 - 0.5 * np.cos(np.pi * (place - low))
    shape = 0.5 * (wave[low] * (1 - share) + wave[low + 1] * share) - time
    span = float(shape.max() - shape.min())
    return depth_db * (shape - shape.mean()) / max(span, 1e-9)


def louder(signal: Signal, decibels: Signal) -> Signal:
    """Return a signal under a contour in dB."""
    return signal * np.power(10.0, decibels / 20)


def gaps(signal: Signal) -> list[tuple[int, int]]:
    """Return the silences of 0.1 s and more between the first and the last speech, in samples."""
    speech = runs(speech_mask(levels(signal.astype(np.float32), SAMPLE_RATE)))
    hop = round(FRAME_S * SAMPLE_RATE)
    found = [(a[1] * hop, b[0] * hop) for a, b in pairwise(speech)]
    return [(a, b) for a, b in found if b - a >= _GAP_S * SAMPLE_RATE]


def quietest(signal: Signal, start: int, end: int) -> int:
    """Return where within `start:end` a signal can be parted without a click: its quietest 10 ms, at a crossing."""
    hop = round(FRAME_S * SAMPLE_RATE)
    level = levels(signal[start : max(end, start + hop)].astype(np.float32), SAMPLE_RATE)
    at = start + int(np.argmin(level)) * hop
    return at + int(np.argmin(np.abs(signal[at : at + hop]))) if at < len(signal) else len(signal)


def parted(signal: Signal, places: list[tuple[int, int]]) -> Signal:
    """Return a signal with silence put in: (before which sample, how many samples), in order."""
    parts, at = [], 0
    for place, n in places:
        parts += [signal[at:place], np.zeros(n)]
        at = place
    return np.concatenate([*parts, signal[at:]])

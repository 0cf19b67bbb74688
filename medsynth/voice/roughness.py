"""Jitter and shimmer: how much successive periods of a voice differ in length and height.

Periods are followed one by one: the next one begins where the waveform is most like the one before. Local jitter is
the mean difference of successive periods over the mean period, local shimmer the same of their heights; definitions
and limits as in P. Boersma & D. Weenink's Praat ("Voice"): neighbours differ by a factor of at most 1.3 in length and
1.6 in height. Jitter above 2 % is underestimated. It takes longer than other measurements, and is meant for samples.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsynth.voice.f0 import f0_frames

_HOP_S = 0.02
_REACH = 0.25  # how far from the expected period the next one is sought
_APART, _APART_HEIGHT = 1.3, 1.6
_LIKE = 0.5
_LEAST = 30


class Roughness(NamedTuple):
    """Local jitter and shimmer as shares (0.01: one per cent), over so many pairs of periods."""

    jitter: float
    shimmer: float
    pairs: int


def roughness(samples: NDArray[np.float32], sample_rate: int) -> Roughness:
    """Measure a clip. Jitter and shimmer are 0 with fewer than 30 pairs of periods."""
    times, pitches = f0_frames(samples, sample_rate)
    pairs: list[tuple[float, float, float, float]] = []
    # Neighbouring frames, in whose middle the same voice goes on, as one stretch.
    edges = np.flatnonzero(np.diff(times) > 1.5 * _HOP_S) + 1
    for at, f0 in zip(np.split(times, edges), np.split(pitches, edges), strict=True):
        if len(at) > 1:
            periods = _periods(np.asarray(samples, dtype=np.float64), sample_rate, at, f0)
            for (a, high_a), (b, high_b) in pairwise(periods):
                if 1 / _APART < a / b < _APART:
                    pairs.append((a, b, high_a, high_b))
    if len(pairs) < _LEAST:
        return Roughness(0.0, 0.0, len(pairs))
    table = np.array(pairs)
    jitter = float(np.abs(table[:, 0] - table[:, 1]).mean() / table[:, :2].mean())
    heights = table[:, 2:]
    factor = heights[:, 0] / heights[:, 1]
    heights = heights[(factor < _APART_HEIGHT) & (factor > 1 / _APART_HEIGHT)]
    shimmer = float(np.abs(heights[:, 0] - heights[:, 1]).mean() / heights.mean()) if len(heights) else 0.0
    return Roughness(jitter, shimmer, len(pairs))


def _periods(
    samples: NDArray[np.float64], rate: int, at: NDArray[np.float64], f0: NDArray[np.float64]
) -> list[tuple[float, float]]:
    """Return (length in samples, peak) of the periods of a stretch; a period unlike the one before ends a series."""
    begin, end = int((at[0] + 0.015) * rate), int((at[-1] + 0.035) * rate)
    first = round(rate / float(f0[0]))
    place = begin + int(np.argmax(np.abs(samples[begin : begin + first])))
    found: list[tuple[float, float]] = []
    while True:
        expected = rate / float(np.interp(place / rate, at + 0.025, f0))
        low, high = round(expected * (1 - _REACH)), round(expected * (1 + _REACH))
        half = round(expected / 2)
        if place + high + half + 1 >= min(end + first, len(samples)) or place < half:
            return found
        here = samples[place - half : place + half]
        there = np.lib.stride_tricks.sliding_window_view(
            samples[place + low - half : place + high + half], 2 * half
        )
        power = np.sqrt(np.einsum("ij,ij->i", there, there) * float(here @ here))
        like = (there @ here) / np.maximum(power, 1e-12)
        best = int(np.argmax(like))
        if like[best] < _LIKE:
            place += round(expected)
            continue
        shift = 0.0
        if 0 < best < len(like) - 1:
            bend = like[best - 1] - 2 * like[best] + like[best + 1]
            shift = 0.5 * (like[best - 1] - like[best + 1]) / bend if bend < 0 else 0.0
        found.append((low + best + shift, float(np.abs(here).max())))
        place += low + best

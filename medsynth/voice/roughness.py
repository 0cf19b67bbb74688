"""Jitter, shimmer and HNR: how much successive periods of a voice differ in length, height and shape.

Periods are followed one by one: the next one begins where the waveform is most like the one before. Local jitter is
the mean difference of successive periods over the mean period, local shimmer the same of their heights; definitions
and limits as in P. Boersma & D. Weenink's Praat ("Voice"): neighbours differ by a factor of at most 1.3 in length and
1.6 in height. Jitter above 2 % is underestimated. The harmonics-to-noise ratio is 10 log10(r / (1 - r)) of the
correlation r of a period with the next (P. Boersma 1993, "Accurate short-term analysis of the fundamental frequency
and the harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17), averaged in dB. Speech lies below a held
vowel, since its sounds change. It takes longer than other measurements, and is meant for samples.
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
_MOST_LIKE = 1 - 1e-4  # 40 dB: beyond, what is left is how the samples fall
_LEAST = 30


class Roughness(NamedTuple):
    """Local jitter and shimmer as shares (0.01: one per cent), HNR in dB, over so many pairs of periods."""

    jitter: float
    shimmer: float
    hnr_db: float
    pairs: int


class _Period(NamedTuple):
    """A length in samples, the peak of the waveform, and the correlation with the period before."""

    length: float
    height: float
    likeness: float


def roughness(samples: NDArray[np.float32], sample_rate: int) -> Roughness:
    """Measure a clip. All is 0 with fewer than 30 pairs of periods."""
    times, pitches = f0_frames(samples, sample_rate)
    pairs: list[tuple[_Period, _Period]] = []
    # Neighbouring frames, in whose middle the same voice goes on, as one stretch.
    edges = np.flatnonzero(np.diff(times) > 1.5 * _HOP_S) + 1
    for at, f0 in zip(np.split(times, edges), np.split(pitches, edges), strict=True):
        if len(at) > 1:
            periods = _periods(np.asarray(samples, dtype=np.float64), sample_rate, at, f0)
            pairs += [(a, b) for a, b in pairwise(periods) if 1 / _APART < a.length / b.length < _APART]
    if len(pairs) < _LEAST:
        return Roughness(0.0, 0.0, 0.0, len(pairs))
    table = np.array(pairs)  # (pairs, 2, 3)
    lengths, heights = table[:, :, 0], table[:, :, 1]
    likeness = np.minimum(table[:, 1, 2], _MOST_LIKE)
    factor = heights[:, 0] / heights[:, 1]
    heights = heights[(factor < _APART_HEIGHT) & (factor > 1 / _APART_HEIGHT)]
    return Roughness(
        jitter=float(np.abs(lengths[:, 0] - lengths[:, 1]).mean() / lengths.mean()),
        shimmer=float(np.abs(heights[:, 0] - heights[:, 1]).mean() / heights.mean()) if len(heights) else 0.0,
        hnr_db=float((10 * np.log10(likeness / (1 - likeness))).mean()),
        pairs=len(pairs),
    )


def _periods(
    samples: NDArray[np.float64], rate: int, at: NDArray[np.float64], f0: NDArray[np.float64]
) -> list[_Period]:
    """Return the periods of a stretch; one that is unlike the one before ends a series."""
    begin, end = int((at[0] + 0.015) * rate), int((at[-1] + 0.035) * rate)
    first = round(rate / float(f0[0]))
    place = begin + int(np.argmax(np.abs(samples[begin : begin + first])))
    found: list[_Period] = []
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
        shift, likeness = 0.0, float(like[best])
        if 0 < best < len(like) - 1:
            bend = like[best - 1] - 2 * like[best] + like[best + 1]
            shift = 0.5 * (like[best - 1] - like[best + 1]) / bend if bend < 0 else 0.0
            likeness -= 0.25 * (like[best - 1] - like[best + 1]) * shift
        found.append(_Period(low + best + shift, float(np.abs(here).max()), likeness))
        place += low + best

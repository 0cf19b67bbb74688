"""Whether the clips of a speaker in a dialogue sound like one voice: timbre and pitch against the other clips.

A clip's timbre is the mean cepstrum of its loud frames, coefficients 1 to 19 (S. Davis & P. Mermelstein, IEEE Trans.
Acoust. Speech Signal Process. 28, 357, 1980), and the logarithm of its median F0. What is said moves them too, less
the longer the clip is: differences are divided by how clips of one voice of the built-in bank vary among texts, and
where a speaker varies more than that (an expressive voice), by how much the other clips do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsynth.voice.pace import FRAME_S, levels, speech_mask
from medsynth.voice.spectrum import BANDS, log_bands

LEAST_CLIPS, LEAST_SPEECH_S = 3, 1.0
"""Of fewer clips none can be said to be the odd one; a shorter one says more about its text than its voice."""
MAX_APART = 1.95
"""99 of 100 sound dialogues of 4 to 6 clips stay below."""
SPREAD = (
    0.631,
    0.435,
    0.805,
    0.532,
    0.459,
    0.435,
    0.295,
    0.287,
    0.247,
    0.227,
    0.216,
    0.202,
    0.173,
    0.165,
    0.142,
    0.132,
    0.124,
    0.122,
    0.124,
    0.023,
)
"""Standard deviations by coefficient (natural log units), of 2490 clips of 219 voices (`spread_of`)."""
_MANY, _OF_MORE = 6, 0.17  # the furthest of more clips is further by chance, so much for each factor of e
_LOUD = 20 / 10 * np.log(10)  # within 20 dB of the loudest frame, as natural log of power
# Mean square of whitened deviations of clips from their voice's mean: what remains, and what shrinks with seconds.
_CONSTANT, _OF_A_SECOND = 0.12, 4.4
_MEDIAN = 1.2  # a median of few varies more than their mean


class Timbre(NamedTuple):
    """Seconds of speech in a clip, and its timbre: 19 cepstral coefficients and log F0 (Hz)."""

    speech_s: float
    vector: tuple[float, ...]


def timbre_of(samples: NDArray[np.float32], sample_rate: int, f0_hz: float) -> Timbre | None:
    """Return the timbre of a clip with this median F0; None where nothing is voiced or speech is under 1 s."""
    speech_s = float(speech_mask(levels(samples, sample_rate)).sum()) * FRAME_S
    if f0_hz <= 0 or speech_s < LEAST_SPEECH_S:
        return None
    bands = log_bands(samples, sample_rate)
    power = np.exp(bands).sum(axis=1)
    mean = bands[power > float(power.max()) * np.exp(-_LOUD)].mean(axis=0, dtype=np.float64)
    return Timbre(speech_s, (*(_cosines() @ mean).tolist(), float(np.log(f0_hz))))


def apart(timbres: Sequence[Timbre | None]) -> dict[int, float]:
    """Return for clips of one speaker, by place, how far each is from the median of the others.

    1 is what clips of one voice differ by on the average. Clips without a timbre are left out; empty for
    fewer than three with one.
    """
    places = [n for n, timbre in enumerate(timbres) if timbre is not None]
    if len(places) < LEAST_CLIPS:
        return {}
    known = [timbre for timbre in timbres if timbre is not None]
    vectors = np.array([timbre.vector for timbre in known]) / np.array(SPREAD)
    expected = _CONSTANT + _OF_A_SECOND / np.array([timbre.speech_s for timbre in known])
    distances = np.empty(len(known))
    for n in range(len(known)):
        others, theirs = np.delete(vectors, n, axis=0), np.delete(expected, n)
        squares = float(np.mean((vectors[n] - np.median(others, axis=0)) ** 2))
        distances[n] = np.sqrt(squares / (expected[n] + _MEDIAN * float(theirs.mean()) / len(theirs)))
    usual = [max(1.0, float(np.median(np.delete(distances, n)))) for n in range(len(known))]
    return dict(zip(places, (distances / usual).tolist(), strict=True))


def limit(clips: int) -> float:
    """Return the distance over which one of so many clips stands out: `MAX_APART`, and more for more than 6."""
    return MAX_APART + _OF_MORE * math.log(max(clips, _MANY) / _MANY)


def spread_of(clips: Sequence[tuple[str, Timbre]]) -> NDArray[np.float64]:
    """Return the 20 standard deviations of timbres of one voice among texts; `clips` are voices and timbres.

    Of a clip whose expected mean square is 1; longer ones count for more. For `SPREAD`.
    """
    squares, freedom = np.zeros(len(SPREAD)), 0
    for voice in dict.fromkeys(name for name, _ in clips):
        own = [timbre for name, timbre in clips if name == voice]
        vectors = np.array([timbre.vector for timbre in own])
        expected = _CONSTANT + _OF_A_SECOND / np.array([timbre.speech_s for timbre in own])
        squares += ((vectors - vectors.mean(axis=0)) ** 2 / expected[:, None]).sum(axis=0)
        freedom += len(own) - 1
    return np.sqrt(squares / max(1, freedom))


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float64]:
    order, band = np.arange(1, len(SPREAD))[:, None], np.arange(BANDS) + 0.5
    return np.cos(np.pi * order * band / BANDS) * np.sqrt(2 / BANDS)

"""Whether a clip says the same thing over and over, as speech models do when they lose their place.

What is repeated at an interval makes every frame like the one an interval later. The likeness of all intervals from
0.1 to 1.6 s is measured on short spectra, whatever the engine; long vowels and silences, which are like themselves at
any interval, do not count. After the self-similarity matrices of J. Foote, "Visualizing music and audio using
self-similarity", ACM Multimedia (1999).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsynth.voice.pace import FRAME_S
from medsynth.voice.spectrum import log_bands

_SHORTEST_S, _LONGEST_S = 0.12, 1.6
_TIMES = 3  # so often what was said comes again, at least
_LEAST_S = 0.6


def repetition(samples: NDArray[np.float32], sample_rate: int) -> tuple[float, float]:
    """Return how alike a passage is to itself an interval later (0–1), and the interval in seconds.

    The passage with the highest likeness: at least three intervals and 0.6 s long, of changing sound.
    """
    bands = log_bands(samples, sample_rate)
    return likeness(bands)


def likeness(bands: NDArray[np.float32]) -> tuple[float, float]:
    """Return `repetition` of log band energies (frames, bands), a frame every `FRAME_S`."""
    frames = len(bands)
    best, at = 0.0, 0.0
    total = np.concatenate(
        (np.zeros((1, bands.shape[1]), np.float64), np.cumsum(bands, axis=0, dtype=np.float64))
    )
    squares = np.concatenate(([0.0], np.cumsum((bands.astype(np.float64) ** 2).sum(axis=1))))
    for lag in range(round(_SHORTEST_S / FRAME_S), round(_LONGEST_S / FRAME_S) + 1):
        window = max(_TIMES * lag, round(_LEAST_S / FRAME_S))
        span = window + lag
        if span > frames:
            break
        apart = bands[lag:] - bands[:-lag]
        sums = np.concatenate(([0.0], np.cumsum(np.einsum("ij,ij->i", apart, apart, dtype=np.float64))))
        off = sums[window:] - sums[:-window]
        inside = total[span:] - total[:-span]
        varies = (squares[span:] - squares[:-span]) - (inside**2).sum(axis=1) / span
        # Two frames of unrelated sound differ by twice the variance.
        alike = 1 - off / np.maximum(2 * varies * window / span, 1e-9)
        alike[varies < span * _LEAST_VARIANCE] = 0.0
        place = int(np.argmax(alike))
        if alike[place] > best:
            best, at = float(alike[place]), lag * FRAME_S
    return best, at


_LEAST_VARIANCE = 40.0
"""Of a frame's log energies, summed over the bands (natural log, squared): less is one long sound."""

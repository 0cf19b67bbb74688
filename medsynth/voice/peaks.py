"""How much of a sound was cut off at its peaks, whatever its level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsynth.voice.pace import runs


def clipped_share(samples: NDArray[np.float32]) -> float:
    """Return the share of samples at full scale, or in flat tops: four or more equal ones next to the peak."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < 0.05:
        return 0.0
    full = np.abs(samples) >= 0.999
    high = np.abs(samples[1:]) >= 0.98 * peak
    flat = np.zeros(len(samples), dtype=bool)
    for start, end in runs(high & (samples[1:] == samples[:-1])):
        if end - start >= 3:
            flat[start : end + 1] = True
    return float(np.mean(full | flat))


def peak_crowding(samples: NDArray[np.float32]) -> float:
    """Return the share of samples within 10 % of the level that one sample in two hundred exceeds.

    Speech thins out towards its peaks; what was cut off stays crowded there, also after resampling or a
    lossy codec has rounded its flat tops.
    """
    size = np.abs(samples)
    level = float(np.quantile(size, 0.995)) if len(size) else 0.0
    return float(np.mean((size >= 0.9 * level) & (size < 1.1 * level))) if level > 0 else 0.0

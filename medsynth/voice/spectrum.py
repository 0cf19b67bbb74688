"""Short-time spectra in bands as wide as the ear's: what several checks look at."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from medsynth.voice.f0 import frame
from medsynth.voice.pace import FRAME_S

BANDS = 24
_WINDOW_S = 0.025
_LOW_HZ, _HIGH_HZ = 80.0, 7600.0
_FLOOR = 1e-4  # of the loudest band: −80 dB of power would be noise of the 16 bits


def log_bands(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Return natural logs of mel band energies (frames, `BANDS`), a frame of 25 ms every 10 ms.

    Energies under −40 dB of the loudest frame's loudest band are raised to that, so that silence is silence.
    """
    size, hop = round(_WINDOW_S * sample_rate), round(FRAME_S * sample_rate)
    frames = frame(np.asarray(samples, dtype=np.float32), size, hop)
    n = 1 << (size - 1).bit_length()
    power = np.abs(np.fft.rfft(frames * _window(size), n)).astype(np.float32) ** 2
    bands = power @ _filters(n, sample_rate)
    return np.log(np.maximum(bands, _FLOOR * float(bands.max(initial=0.0)) + 1e-12))


@lru_cache(maxsize=8)
def _window(size: int) -> NDArray[np.float32]:
    return np.hanning(size).astype(np.float32)


@lru_cache(maxsize=8)
def _filters(n: int, sample_rate: int) -> NDArray[np.float32]:
    """Return triangles evenly spaced in mel (S. Stevens et al., J. Acoust. Soc. Am. 8, 185, 1937): (bins, bands)."""
    top = min(_HIGH_HZ, sample_rate / 2)
    mel = np.linspace(_mel(_LOW_HZ), _mel(top), BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    hz = np.fft.rfftfreq(n, 1 / sample_rate)[:, None]
    rising = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))

"""Median pitch of a clip by short-time autocorrelation, in numpy alone.

librosa's `yin` gives the same medians but compiles itself for seconds in every new process; Praat is GPL.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F0_MIN, F0_MAX = 60.0, 480.0
_WINDOW_S = 0.05
_HOP_S = 0.02
_VOICING = 0.5
_TAPER_HZ = 1400.0
_OCTAVE_BIAS = 0.9


def frame(samples: NDArray[np.float32], size: int, hop: int) -> NDArray[np.float32]:
    """Return overlapping frames (n, size) as a view; at least one, zero-padded when the clip is short."""
    if len(samples) < size:
        samples = np.pad(samples, (0, size - len(samples)))
    return np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]


def f0_track(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Return F0 in Hz of the voiced frames, one every 20 ms (fewer when frames are unvoiced or quiet)."""
    return f0_frames(samples, sample_rate)[1]


def f0_frames(
    samples: NDArray[np.float32], sample_rate: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for the voiced frames, of 50 ms, where they begin in seconds, and their F0 in Hz.

    The autocorrelation of a Hann-windowed frame is divided by that of the window and searched for
    its maximum between 1/480 s and 1/60 s; among local maxima nearly as high the shortest lag wins,
    which keeps rough (period-alternating) voices from reading an octave low. After P. Boersma, "Accurate
    short-term analysis of the fundamental frequency", IFA Proceedings 17 (1993), without its path search.
    """
    step = max(1, sample_rate // 8000)  # 8 kHz is plenty; averaging neighbours is filter enough for pitch
    if step > 1:
        samples = samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1)
        sample_rate //= step
    size, hop = round(_WINDOW_S * sample_rate), round(_HOP_S * sample_rate)
    frames = frame(np.asarray(samples, dtype=np.float32), size, hop)
    energy = np.einsum("ij,ij->i", frames, frames)
    loud = energy > 0.02 * np.quantile(energy, 0.95)
    kept = np.flatnonzero(loud & (energy > 1e-7 * size))
    frames = frames[kept]
    if len(frames) == 0:
        return np.empty(0), np.empty(0)
    window = np.hanning(size).astype(np.float32)
    n = 1 << (2 * size - 1).bit_length()
    shortest, longest = int(sample_rate / F0_MAX), int(np.ceil(sample_rate / F0_MIN))
    spectrum = np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * window, n)
    # Overtones above 1 kHz make peaks narrower than a sample, which then miss their height.
    taper = np.exp(-((np.fft.rfftfreq(n, 1 / sample_rate) / _TAPER_HZ) ** 2)).astype(np.float32)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2 * taper, n)[:, : longest + 2]
    of_window = np.fft.irfft(np.abs(np.fft.rfft(window, n)) ** 2, n)[: longest + 2]
    correlation = correlation / np.maximum(correlation[:, :1], 1e-12) / (of_window / of_window[0])
    middle = correlation[:, shortest : longest + 1]
    before, after = correlation[:, shortest - 1 : longest], correlation[:, shortest + 1 : longest + 2]
    peaks = np.where((middle >= before) & (middle > after), middle, 0.0)
    best = peaks.max(axis=1)
    voiced = best > _VOICING
    if not voiced.any():
        return np.empty(0), np.empty(0)
    peaks, rows = peaks[voiced], np.arange(int(voiced.sum()))
    column = np.argmax(peaks >= _OCTAVE_BIAS * best[voiced, None], axis=1)
    y0, y1, y2 = (part[voiced][rows, column] for part in (before, middle, after))
    curvature = y0 - 2 * y1 + y2
    shift = np.where(curvature < 0, 0.5 * (y0 - y2) / np.where(curvature < 0, curvature, 1.0), 0.0)
    return kept[voiced] * (hop / sample_rate), sample_rate / (shortest + column + shift)


def median_f0(samples: NDArray[np.float32], sample_rate: int) -> tuple[float, int]:
    """Return the median F0 in Hz (0.0 when nothing is voiced) and the number of voiced frames."""
    track = f0_track(samples, sample_rate)
    return (float(np.median(track)), len(track)) if len(track) else (0.0, 0)

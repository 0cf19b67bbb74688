"""What a room does to a voice: impulse responses by the image method (Allen and Berkley, JASA 65, 1979).

pyroomacoustics computes them (R. Scheibler, E. Bezzam and I. Dokmanić, ICASSP 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from medsynth.voice.audio import SAMPLE_RATE
from medsynth.voice.effects.filters import Signal, db

ONSET = 16
"""Samples of a response before the direct sound's peak: the rise of a band-limited pulse."""
_MAX_ORDER = 40
_DIRECT_S = 0.001
"""Either side of its peak: what the direct sound lasts; the floor's reflection is 1.5 ms and more behind it."""
_FLOOR_DB = -60.0


@dataclass(frozen=True)
class Room:
    """A shoebox: length, width, height in metres, reverberation time in seconds, metres from mouth to microphone.

    `place`: where the two stand, as fractions of length and width; `angle`: of the line between them, radians.
    """

    size_m: tuple[float, float, float]
    rt60_s: float
    distance_m: float
    place: tuple[float, float]
    angle: float


def draw_room(
    rng: np.random.Generator,
    *,
    sides_m: tuple[float, float],
    rt60_s: tuple[float, float],
    distance_m: tuple[float, float],
) -> Room:
    """Return a room with sides, reverberation time and distance drawn evenly from these ranges."""
    length, width = (float(rng.uniform(*sides_m)) for _ in range(2))
    size = (round(length, 2), round(width, 2), round(float(rng.uniform(2.5, 3.0)), 2))
    distance = min(float(rng.uniform(*distance_m)), 0.75 * min(length, width))
    return Room(
        size,
        round(float(rng.uniform(*rt60_s)), 2),
        round(distance, 2),
        (round(float(rng.uniform(0.35, 0.65)), 3), round(float(rng.uniform(0.35, 0.65)), 3)),
        round(float(rng.uniform(0, 2 * np.pi)), 3),
    )


@lru_cache(maxsize=32)
def response(room: Room) -> Signal:
    """Return the room's impulse response: the direct sound, of amplitude 1, at sample `ONSET`, and what follows.

    Computed by one thread: with more, the last bits depend on how many there are.
    """
    import pyroomacoustics as pra

    pra.constants.set("num_threads", 1)
    size = np.array(room.size_m)
    absorption, order = pra.inverse_sabine(room.rt60_s, size)
    shoebox = pra.ShoeBox(
        size, fs=SAMPLE_RATE, materials=pra.Material(absorption), max_order=min(order, _MAX_ORDER)
    )
    half = room.distance_m / 2 * np.array([np.cos(room.angle), np.sin(room.angle)])
    middle = size[:2] * np.array(room.place)
    low, high = np.full(2, 0.2), size[:2] - 0.2
    mouth = np.array([*np.clip(middle - half, low, high), 1.25])
    microphone = np.array([*np.clip(middle + half, low, high), 1.0])
    shoebox.add_source(mouth)
    shoebox.add_microphone(microphone)
    shoebox.compute_rir()
    taps = np.asarray(shoebox.rir[0][0], dtype=np.float64)
    # Of its own two: a reflection, or several that fall together, may be louder than what comes straight.
    travelled = float(np.linalg.norm(mouth - microphone)) / shoebox.c * SAMPLE_RATE
    arrival = round(travelled) + pra.constants.get("frac_delay_length") // 2
    direct = arrival - 2 + int(np.argmax(np.abs(taps[arrival - 2 : arrival + 3])))
    taps = taps[direct - ONSET :] / taps[direct]
    tail = np.sqrt(np.cumsum(taps[::-1] ** 2)[::-1] / np.sum(taps**2))
    return taps[: int(np.flatnonzero(tail > 10 ** (_FLOOR_DB / 20))[-1]) + 1]


def direct_to_reverberant(taps: Signal) -> float:
    """Return the direct-to-reverberant ratio in dB: the direct sound's energy against that of all the rest."""
    until = ONSET + round(_DIRECT_S * SAMPLE_RATE)
    return db(float(np.sqrt(np.sum(taps[:until] ** 2) / max(np.sum(taps[until:] ** 2), 1e-12))))


def reverberant(signal: Signal, taps: Signal, tail_s: float = 0.0) -> Signal:
    """Return a signal as heard in a room, `tail_s` seconds longer; times stay where they were."""
    from scipy.signal import fftconvolve

    whole = fftconvolve(signal, taps)[ONSET:]
    n = len(signal) + round(tail_s * SAMPLE_RATE)
    return np.pad(whole, (0, max(0, n - len(whole))))[:n]

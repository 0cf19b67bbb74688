"""From what an engine gives to what the corpus holds: trimmed, 16 kHz, one loudness, FLAC."""

from __future__ import annotations

import io
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsynth.voice.engine import Clip, VoiceError
from medsynth.voice.pace import FRAME_S, levels, runs, speech_mask

SAMPLE_RATE = 16_000
LOUDNESS_LUFS = -23.0
# The gating block of ITU-R BS.1770-4: nothing shorter has a loudness.
LOUDNESS_MIN_S = 0.4
PEAK_CEILING = 10 ** (-1.5 / 20)
_MARGIN_S = 0.1


class Finished(NamedTuple):
    """A clip as the corpus holds it: FLAC bytes, the samples in them (16 kHz), seconds."""

    flac: bytes
    samples: NDArray[np.float32]
    duration_s: float


def finish(clip: Clip, engine: str, speaker: str) -> Finished:
    """Return `clip` trimmed (0.1 s of silence stays), at 16 kHz and −23 LUFS, as tagged 16-bit mono FLAC.

    Where −23 LUFS would need peaks above −1.5 dBFS the clip stays quieter instead. Clips under 0.4 s have
    no loudness and are brought to the same RMS. Same input, same bytes. Raises VoiceError for a silent clip.
    """
    import soxr

    samples = trim(clip)
    if clip.sample_rate != SAMPLE_RATE:
        samples = soxr.resample(samples, clip.sample_rate, SAMPLE_RATE, quality="HQ")
    pcm = levelled(samples)
    return Finished(encode(pcm, engine, speaker), pcm.astype(np.float32) / 32768.0, len(pcm) / SAMPLE_RATE)


def levelled(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Return 16 kHz samples at −23 LUFS, or as near as peaks of −1.5 dBFS allow, in 16 bits."""
    now = loudness(samples, SAMPLE_RATE)
    gain = 10 ** ((LOUDNESS_LUFS - now) / 20)
    peak = float(np.abs(samples).max())
    samples = samples * np.float32(min(gain, PEAK_CEILING / peak))
    # Round here, so that what is measured later is what a reader of the file will see.
    return np.rint(samples * 32767.0).astype(np.int16)


def trim(clip: Clip) -> NDArray[np.float32]:
    """Return the samples from 0.1 s before the first to 0.1 s after the last speech, padded where they lack.

    Raises VoiceError when there is no speech.
    """
    speech = runs(speech_mask(levels(clip.samples, clip.sample_rate))) if len(clip.samples) else []
    if not speech or float(np.abs(clip.samples).max()) < 1e-3:
        raise VoiceError("the engine gave silence")
    hop, margin = round(FRAME_S * clip.sample_rate), round(_MARGIN_S * clip.sample_rate)
    start, end = speech[0][0] * hop - margin, speech[-1][1] * hop + margin
    padding = (max(0, -start), max(0, end - len(clip.samples)))
    return np.pad(clip.samples[max(0, start) : end], padding)


def loudness(samples: NDArray[np.float32], sample_rate: int) -> float:
    """Return integrated loudness in LUFS (ITU-R BS.1770-4); for clips under 0.4 s the RMS in dB, less 0.691."""
    if len(samples) >= LOUDNESS_MIN_S * sample_rate:
        import pyloudnorm

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = float(pyloudnorm.Meter(sample_rate).integrated_loudness(samples))
        if np.isfinite(value):
            return value
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64))) + 1e-9)) - 0.691


def encode(pcm: NDArray[np.int16], engine: str, speaker: str) -> bytes:
    """Return 16 kHz samples as FLAC whose comment says that the speech is synthetic. Deterministic."""
    import soundfile

    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", SAMPLE_RATE, 1, subtype="PCM_16", format="FLAC") as file:
        file.comment = f"synthetic speech, {engine}, {speaker}"
        file.write(pcm)
    return buffer.getvalue()


def decode(flac: bytes) -> tuple[NDArray[np.float32], int]:
    """Return the samples (mono float32) and sample rate of an audio file's bytes. Raises VoiceError."""
    import soundfile

    try:
        samples, rate = soundfile.read(io.BytesIO(flac), dtype="float32")
    except soundfile.LibsndfileError as error:
        raise VoiceError(f"no readable audio: {error}") from None
    if samples.ndim != 1:
        raise VoiceError(f"{samples.shape[1]} channels where there should be one")
    return samples, rate

"""Speech as people have it, in any rate and number of channels, made into what the speech encoder reads."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from medtrain.data import SAMPLE_RATE, SILENCE, resampled
from medtrain.errors import UserError
from medtrain.frontend import SHORTEST

MOST_CHANNELS = 8
HIGHEST_RATE = 384_000
_BLOCK = 1 << 16


def read_speech(source: bytes | Path, longest: int, kinds: tuple[str, ...] = ()) -> np.ndarray:
    """Return a recording as float32 samples of shape (frames,): 16 kHz, channels averaged.

    `longest` is in samples at 16 kHz, `kinds` are the containers that are let in (WAV, FLAC, …; none: whatever
    libsndfile reads). Raises UserError when it is missing, no sound, silent, too short or too long; nothing is cut.
    Of a file that is too long, nothing is decoded.
    """
    name = str(source) if isinstance(source, Path) else "the clip"
    if isinstance(source, Path) and not source.is_file():
        raise UserError(f"{name} is missing" if not source.exists() else f"{name} is no file")
    try:
        with soundfile.SoundFile(source if isinstance(source, Path) else io.BytesIO(source)) as file:
            if kinds and file.format not in (*kinds, *(f"{kind}EX" for kind in kinds)):
                raise UserError(f"{name} holds {file.format}, not {' or '.join(kinds)}")
            if file.channels > MOST_CHANNELS or file.samplerate > HIGHEST_RATE:
                raise UserError(f"{name} has {file.channels} channels at {file.samplerate} Hz; give it mono")
            _in_bounds(name, file.frames / file.samplerate, longest)
            blocks = [block.mean(1) for block in file.blocks(_BLOCK, dtype="float32", always_2d=True)]
            rate = int(file.samplerate)
    except (soundfile.LibsndfileError, RuntimeError, TypeError, OSError) as error:
        raise UserError(f"{name}: not decodable ({type(error).__name__})") from None
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if not np.isfinite(samples).all():
        raise UserError(f"{name} holds values that are no numbers")
    samples = resampled(samples, rate)
    _in_bounds(name, len(samples) / SAMPLE_RATE, longest)
    if float(np.abs(samples).max()) < SILENCE:
        raise UserError(f"{name} is silent")
    return samples


def _in_bounds(name: str, seconds: float, longest: int) -> None:
    if not SHORTEST <= seconds * SAMPLE_RATE <= longest:
        raise UserError(
            f"{name} lasts {seconds:.2f} s; the speech encoder takes "
            f"{SHORTEST / SAMPLE_RATE:g} to {longest / SAMPLE_RATE:g} s"
        )

"""What a telephone leaves of a voice: 300–3400 Hz at 8 kHz, through a codec.

The codecs are libsndfile's: G.711 µ-law (ITU-T G.711) and GSM 06.10 full rate.
"""

from __future__ import annotations

import io
from typing import Literal, TypeAlias

import numpy as np

from medsynth.voice.audio import SAMPLE_RATE
from medsynth.voice.effects.filters import Signal, active_rms, band, gain

Codec: TypeAlias = Literal["ulaw", "gsm"]

CODECS: dict[Codec, tuple[str, str]] = {"ulaw": ("G.711 µ-law", "ULAW"), "gsm": ("GSM 06.10", "GSM610")}
BAND_HZ = (300.0, 3400.0)
RATE = 8000
_LEVEL_DB = -26.0
"""Of the active speech, against full scale: the nominal level of ITU-T G.191, since a codec's noise depends on it."""
_BLOCK = 320


def telephone(signal: Signal, codec: Codec) -> Signal:
    """Return a 16 kHz signal as it comes out of a telephone, at 16 kHz, of the same length and level."""
    import soundfile
    import soxr

    # Half of the order each way: no delay, so that times stay where they were.
    narrow = band(band(signal, *BAND_HZ)[::-1], *BAND_HZ)[::-1]
    scale = gain(_LEVEL_DB) / max(active_rms(narrow), 1e-9)
    low = soxr.resample(narrow * scale, SAMPLE_RATE, RATE, quality="HQ")
    low = np.clip(low, -0.99, 0.99)
    buffer = io.BytesIO()
    padded = np.pad(low, (0, -len(low) % _BLOCK))
    soundfile.write(buffer, padded, RATE, subtype=CODECS[codec][1], format="WAV")
    buffer.seek(0)
    heard = soundfile.read(buffer, dtype="float64")[0][: len(low)]
    wide = soxr.resample(heard, RATE, SAMPLE_RATE, quality="HQ") / scale
    return np.pad(wide, (0, max(0, len(signal) - len(wide))))[: len(signal)]

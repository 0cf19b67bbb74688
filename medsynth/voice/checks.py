"""What every clip is measured for, and what is wrong with it."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsynth.records import Speaker
from medsynth.voice.audio import LOUDNESS_LUFS, LOUDNESS_MIN_S, loudness
from medsynth.voice.f0 import median_f0
from medsynth.voice.pace import FRAME_S, levels, load, runs, speech_mask

# Speech found over speech expected; the text model is coarser for a word or two.
DURATION_RATIO = (0.72, 1.40)
DURATION_RATIO_SHORT = (0.55, 1.85)
SHORT_LOAD = 5.0
MAX_EDGE_SILENCE_S = 0.4
MAX_INNER_SILENCE_S = 1.5
MAX_CLIPPED = 2
LOUDNESS_TOLERANCE = 1.0
# Under so many voiced frames (20 ms each) a median says little: the band is widened, then not used.
F0_FEW, F0_NONE = 50, 8
F0_WIDER = 1.15


class Checked(NamedTuple):
    """Measurements by name, and problems (empty when all is well), each naming its measurement."""

    values: dict[str, float]
    problems: tuple[str, ...]


def check(samples: NDArray[np.float32], sample_rate: int, text: str, lang: str, speaker: Speaker) -> Checked:
    """Measure a finished clip against the text it should say and the speaker who should say it.

    Values: `duration_s`, `speech_s`, `duration_ratio` (speech found over speech that the text needs at the
    speaker's pace), `pace` (syllables or characters a second), `clipped` (samples at full scale),
    `lead_s`, `tail_s`, `gap_s` (longest inner silence), `loudness_lufs` (absent under 0.4 s), `f0_hz` (0 when
    nothing is voiced).
    """
    level = levels(samples, sample_rate)
    mask = speech_mask(level)
    speech = runs(mask)
    if not speech:
        return Checked(
            {"duration_s": len(samples) / sample_rate, "speech_s": 0.0}, ("speech_s 0: the clip is silent",)
        )
    needed = load(text, lang)
    speech_s = float(mask.sum()) * FRAME_S
    gaps = [(b[0] - a[1]) * FRAME_S for a, b in pairwise(speech)]
    f0, voiced = median_f0(samples, sample_rate)
    values = {
        "duration_s": len(samples) / sample_rate,
        "speech_s": speech_s,
        "duration_ratio": speech_s * speaker.pace / max(needed, 0.5),
        "pace": needed / speech_s,
        "clipped": float(np.count_nonzero(np.abs(samples) >= 0.999)),
        "lead_s": speech[0][0] * FRAME_S,
        "tail_s": max(0.0, len(samples) / sample_rate - speech[-1][1] * FRAME_S),
        "gap_s": max(gaps, default=0.0),
        "f0_hz": f0,
    }
    problems: list[str] = []
    low, high = DURATION_RATIO if needed >= SHORT_LOAD else DURATION_RATIO_SHORT
    _range(problems, "duration_ratio", values["duration_ratio"], low, high)
    _range(problems, "clipped", values["clipped"], 0, MAX_CLIPPED)
    _range(problems, "lead_s", values["lead_s"], 0, MAX_EDGE_SILENCE_S)
    _range(problems, "tail_s", values["tail_s"], 0, MAX_EDGE_SILENCE_S)
    _range(problems, "gap_s", values["gap_s"], 0, MAX_INNER_SILENCE_S)
    if len(samples) >= LOUDNESS_MIN_S * sample_rate:
        values["loudness_lufs"] = loudness(samples, sample_rate)
        _range(
            problems, "loudness_lufs", values["loudness_lufs"],
            LOUDNESS_LUFS - LOUDNESS_TOLERANCE, LOUDNESS_LUFS + LOUDNESS_TOLERANCE,
        )  # fmt: skip
    if voiced >= F0_NONE:
        wider = 1.0 if voiced >= F0_FEW else F0_WIDER
        _range(problems, "f0_hz", f0, speaker.f0_low_hz / wider, speaker.f0_high_hz * wider)
    return Checked(values, tuple(problems))


def _range(problems: list[str], name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        problems.append(f"{name} {value:.2f} outside {low:.2f}–{high:.2f}")

"""What every clip is measured for, and what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsynth.records import Speaker
from medsynth.voice.audio import LOUDNESS_LUFS, LOUDNESS_MIN_S, PEAK_CEILING, loudness
from medsynth.voice.engine import Clip
from medsynth.voice.f0 import f0_track
from medsynth.voice.pace import FRAME_S, levels, load, runs, speech_mask
from medsynth.voice.peaks import clipped_share, peak_crowding
from medsynth.voice.phrasing import phrases_of, phrasing
from medsynth.voice.repetition import repetition
from medsynth.voice.roughness import roughness

# Speech found over speech expected varies like a sum of independent syllables, and with how the speaker feels.
# A word or two is drawn out or clipped as a whole.
PACE_SD, SYLLABLE_SD, SHORT_SD = 0.045, 0.26, 0.35
PHRASED_LOAD = 8.0
"""A text of less is one or two phrases, and its length says all."""
CROWDED_S = 1.5
"""Peaks of a shorter clip are those of one or two vowels."""
# Texts of patients run a little longer than the sentences by which voices were calibrated.
SDS_BELOW, SDS_ABOVE = 2.3, 3.2
MAX_EDGE_SILENCE_S = 0.4
MAX_INNER_SILENCE_S = 1.5
MAX_CLIPPED = 2
MAX_RAW_CLIPPED = 5e-4
"""Share of samples in flat tops of what the engine gave: five times what a reference for cloning may have."""
MAX_CROWDED = 0.022
"""1000 sound clips of espeak reach 0.0135; with the loudest 2 % cut off, clips have 0.025–0.033."""
MAX_OFFSET = 0.1
MAX_END_DB = -12.0
_END_S = 0.005
MAX_MISSING, MAX_EXTRA = 1.0, 2.2
MAX_REPETITION = 0.91
_REPEATED = re.compile(r"(\w{1,12}?)(?:\W*\1){2,}", re.IGNORECASE)
LOUDNESS_TOLERANCE = 1.0
# Under so many voiced frames (20 ms each) a median says little: the band is widened, then not used.
F0_FEW, F0_NONE = 50, 8
F0_WIDER, F0_WIDE = 1.15, 1.05
# Over so many, intonation evens out: the standard deviation of the log median falls from 0.028 to 0.017.
F0_MANY, F0_NARROWER = 150, 0.7
SPAN_FLAT = 1.0
"""Semitones that the pitch of so long a clip spans at least: sound ones of espeak 1.8 and more, a stuck tone none."""


class Checked(NamedTuple):
    """Measurements by name, and problems (empty when all is well), each naming its measurement."""

    values: dict[str, float]
    problems: tuple[str, ...]


def duration_sd(needed: float, pace_sd: float = 0.0) -> float:
    """Return the standard deviation of the log duration ratio over sound clips of texts of this load.

    `pace_sd` is the voice's own (`Speaker.pace_sd`); 0: a steady voice.
    """
    needed = max(needed, 0.5)
    return math.sqrt(PACE_SD**2 + pace_sd**2 + SYLLABLE_SD**2 / needed + (SHORT_SD / needed) ** 2)


def duration_band(needed: float, pace_sd: float = 0.0) -> tuple[float, float]:
    """Return the lowest and highest duration ratio of a sound clip whose text has this load; see `duration_sd`."""
    sd = duration_sd(needed, pace_sd)
    return math.exp(-SDS_BELOW * sd), math.exp(SDS_ABOVE * sd)


def check(
    samples: NDArray[np.float32],
    sample_rate: int,
    text: str,
    lang: str,
    speaker: Speaker,
    raw: Sequence[Clip] = (),
) -> Checked:
    """Measure a finished clip against the text it should say and the speaker who should say it.

    `raw` is what the engine gave, in pieces: cut-off peaks and abrupt ends no longer show once a clip is finished.

    Values: `duration_s`, `speech_s`, `duration_ratio` (speech found over speech that the text needs at the
    speaker's pace), `pace` (syllables or characters a second), `missing` and `extra` (how much likelier it is that
    phrases were left out, or speech added; see `phrasing`), `repetition` (likeness of a passage to itself an
    interval later), `clipped` (samples at full scale), `lead_s`, `tail_s`, `gap_s` (longest inner silence),
    `loudness_lufs` (absent under 0.4 s), `f0_hz` (0 when nothing is voiced), `f0_span` (semitones from the 10th to
    the 90th percentile of F0); of `raw`: `raw_clipped` (share of samples in flat tops), `crowding` (see
    `peak_crowding`), `offset` (mean sample over the RMS) and `end_db` (level of the last 5 ms against the loud
    parts), each of the worst piece.
    """
    duration_s = len(samples) / sample_rate
    level = levels(samples, sample_rate)
    mask = speech_mask(level)
    speech = runs(mask)
    if not speech:
        return Checked({"duration_s": duration_s, "speech_s": 0.0}, ("speech_s 0: the clip is silent",))
    needed = load(text, lang)
    speech_s = float(mask.sum()) * FRAME_S
    gaps = [(b[0] - a[1]) * FRAME_S for a, b in pairwise(speech)]
    track = f0_track(samples, sample_rate)
    phrases = phrases_of(text, lang) if needed >= PHRASED_LOAD else []
    phrased = phrasing(phrases, speech, speaker.pace)
    values = {
        "duration_s": duration_s,
        "speech_s": speech_s,
        "duration_ratio": speech_s * speaker.pace / max(needed, 0.5),
        "pace": needed / speech_s,
        "missing": phrased.missing,
        "extra": phrased.extra,
        "repetition": repetition(samples, sample_rate)[0],
        "clipped": float(np.count_nonzero(np.abs(samples) >= 0.999)),
        "lead_s": speech[0][0] * FRAME_S,
        "tail_s": max(0.0, duration_s - speech[-1][1] * FRAME_S),
        "gap_s": max(gaps, default=0.0),
        "f0_hz": float(np.median(track)) if len(track) else 0.0,
        "f0_span": _span(track),
    }
    problems: list[str] = []
    _range(problems, values, "duration_ratio", *duration_band(needed, speaker.pace_sd))
    # A log-likelihood ratio of durations falls as their variance grows.
    spread = (duration_sd(needed, speaker.pace_sd) / duration_sd(needed)) ** 2
    _range(problems, values, "missing", 0, MAX_MISSING * spread)
    _range(problems, values, "extra", 0, MAX_EXTRA * spread)
    if not _REPEATED.search(text):  # "no, no, no": what the text repeats may be heard repeated
        _range(problems, values, "repetition", 0, MAX_REPETITION)
    _range(problems, values, "clipped", 0, MAX_CLIPPED)
    _range(problems, values, "lead_s", 0, MAX_EDGE_SILENCE_S)
    _range(problems, values, "tail_s", 0, MAX_EDGE_SILENCE_S)
    _range(problems, values, "gap_s", 0, MAX_INNER_SILENCE_S)
    if len(samples) >= LOUDNESS_MIN_S * sample_rate:
        values["loudness_lufs"] = loudness(samples, sample_rate)
        # What reaches the ceiling of its peaks stays quieter; that is how `finish` leaves it, and no fault.
        at_ceiling = float(np.abs(samples).max()) > 0.99 * PEAK_CEILING
        softest = -math.inf if at_ceiling else LOUDNESS_LUFS - LOUDNESS_TOLERANCE
        _range(problems, values, "loudness_lufs", softest, LOUDNESS_LUFS + LOUDNESS_TOLERANCE)
    if len(track) >= F0_NONE:
        _range(problems, values, "f0_hz", *f0_band(speaker, len(track)))
    if len(track) >= F0_MANY:  # a stuck tone; a wide span is none: creaky voices reach 18 semitones
        _range(problems, values, "f0_span", SPAN_FLAT, math.inf)
    if raw:
        _check_raw(raw, values, problems)
    return Checked(values, tuple(problems))


def sampled(samples: NDArray[np.float32], sample_rate: int) -> dict[str, float]:
    """Return what is measured on a sample of the clips only: `jitter` and `shimmer` (per cent), `hnr_db`.

    Nothing where hardly anything is voiced. They say how a corpus sounds; no clip is rejected for them.
    """
    found = roughness(samples, sample_rate)
    if not found.jitter:
        return {}
    return {"jitter": 100 * found.jitter, "shimmer": 100 * found.shimmer, "hnr_db": found.hnr_db}


def f0_band(speaker: Speaker, voiced: int) -> tuple[float, float]:
    """Return the lowest and highest median F0 (Hz) of a clip with so many voiced frames."""
    if voiced >= F0_MANY:
        middle = speaker.f0_hz
        return (
            middle * (speaker.f0_low_hz / middle) ** F0_NARROWER,
            middle * (speaker.f0_high_hz / middle) ** F0_NARROWER,
        )
    wider = F0_WIDE if voiced >= F0_FEW else F0_WIDER
    return speaker.f0_low_hz / wider, speaker.f0_high_hz * wider


def _check_raw(raw: Sequence[Clip], values: dict[str, float], problems: list[str]) -> None:
    values["raw_clipped"] = max(clipped_share(clip.samples) for clip in raw)
    values["crowding"] = max(peak_crowding(clip.samples) for clip in raw)
    values["offset"] = max(offset(clip.samples) for clip in raw)
    values["end_db"] = max(end_db(clip) for clip in raw)
    _range(problems, values, "raw_clipped", 0, MAX_RAW_CLIPPED)
    if sum(clip.duration_s for clip in raw) >= CROWDED_S:
        _range(problems, values, "crowding", 0, MAX_CROWDED)
    _range(problems, values, "offset", 0, MAX_OFFSET)
    _range(problems, values, "end_db", -math.inf, MAX_END_DB)


def offset(samples: NDArray[np.float32]) -> float:
    """Return the mean of the samples over their root mean square: a constant that the engine adds."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return abs(float(np.mean(samples, dtype=np.float64))) / math.sqrt(power) if power else 0.0


def end_db(clip: Clip) -> float:
    """Return the level of the last 5 ms against the loud parts (the 95th percentile of 10 ms levels), in dB.

    Speech dies away before its clip ends; a clip that was cut off ends in the middle of a sound. At least −60.
    """
    level = levels(clip.samples, clip.sample_rate)
    loud = float(np.quantile(level, 0.95)) if len(clip.samples) else 0.0
    end = clip.samples[-max(1, round(_END_S * clip.sample_rate)) :]
    last = float(np.sqrt(np.mean(np.square(end, dtype=np.float64)))) if loud > 0 else 0.0
    return 20 * math.log10(max(last, 1e-3 * loud) / loud) if loud > 0 else -60.0


def _span(track: NDArray[np.float64]) -> float:
    if len(track) < F0_NONE:
        return 0.0
    low, high = np.quantile(track, (0.1, 0.9))
    return float(12 * np.log2(high / low))


def _range(problems: list[str], values: dict[str, float], name: str, low: float, high: float) -> None:
    if not low <= values[name] <= high:
        problems.append(f"{name} {values[name]:.2f} outside {low:.2f}–{high:.2f}")

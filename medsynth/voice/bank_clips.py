"""Which recordings can serve as a reference for a voice, and the best of them.

A reference is 3–12 s of one person, clean, with its transcript. A zero-shot model imitates what it hears, the room and
the noise included, so a doubtful recording is refused rather than mended; only silent ends are cut off.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from medsynth.errors import UserError
from medsynth.voice.audio import LOUDNESS_LUFS, PEAK_CEILING, loudness
from medsynth.voice.bank_corpus import Recording
from medsynth.voice.bank_snr import snr_db
from medsynth.voice.f0 import f0_track
from medsynth.voice.pace import FRAME_S, levels, load, runs, speech_mask
from medsynth.voice.peaks import clipped_share, peak_crowding

SHORTEST_S, LONGEST_S = 3.0, 12.0
LEAST_SNR_DB = 20.0
LOWEST_RATE, HIGHEST_RATE = 16_000, 24_000
"""Higher rates are brought down to 24 kHz: no zero-shot model conditions on more."""
LONGEST_GAP_S = 1.0
MOST_CLIPPED = 1e-4
MOST_CROWDED = 0.02
"""56 voices of espeak reach 0.011; cut at half their peak 0.027 at the median, at a third 0.027 and more."""
QUIETEST_LUFS = -45.0
LEAST_VOICED_S = 0.8
PACES: dict[str, tuple[float, float]] = {"en": (2.4, 8.0), "zh": (2.0, 8.0)}
"""Slowest and quickest reading, in the unit of `Speaker.pace`; other languages are not measured."""
PITCH_APART = 1.3
"""A recording whose median pitch is this factor from the person's own is somebody else's, or misread."""
PACE_APART = 1.5
"""And one read this factor quicker or slower than the person's others has another text, or half of its own."""
_MARGIN_S = 0.15
_SHORT = {"en": 4, "zh": 6}
_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿]")
_LATIN = re.compile(r"[^\W\d_]", re.ASCII)
_HEADER_S = 30.0


@dataclass(frozen=True)
class Reference:
    """A recording that can serve: mono samples, Hz, transcript, and what was measured on it."""

    recording: Recording
    samples: NDArray[np.float32]
    sample_rate: int
    values: dict[str, float]


class Unfit(Exception):
    """A recording that cannot serve; `reason` is a word of `bank_reasons.CLIP`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason


def examine(recording: Recording, lang: str) -> Reference:
    """Measure one recording. Raises Unfit, cheapest checks first.

    Values: `duration_s`, `snr_db`, `clipped` (share of samples), `crowding` (`peak_crowding`), `gap_s` (longest
    inner pause), `loudness_lufs` as found, `f0_hz` (median), `pace` (load a second of speech), `speech_s`.
    """
    _check_text(recording.text, lang)
    _check_header(recording)
    return _measure(recording, lang)


def _measure(recording: Recording, lang: str) -> Reference:
    samples, rate = _decode(recording)
    mask = speech_mask(levels(samples, rate))
    speech = runs(mask)
    if not speech or float(np.abs(samples).max(initial=0.0)) < 1e-3:
        raise Unfit("silent")
    values = {
        "snr_db": snr_db(samples, rate),
        "clipped": clipped_share(samples),
        "crowding": peak_crowding(samples),
    }
    hop, margin = round(FRAME_S * rate), round(_MARGIN_S * rate)
    samples = samples[max(0, speech[0][0] * hop - margin) : speech[-1][1] * hop + margin]
    values["duration_s"] = len(samples) / rate
    _within("too_short", values["duration_s"], SHORTEST_S, np.inf)
    _within("too_long", values["duration_s"], 0.0, LONGEST_S)
    values["gap_s"] = max(((b[0] - a[1]) * FRAME_S for a, b in pairwise(speech)), default=0.0)
    _within("gap", values["gap_s"], 0.0, LONGEST_GAP_S)
    _within("clipped", values["clipped"], 0.0, MOST_CLIPPED)
    _within("clipped", values["crowding"], 0.0, MOST_CROWDED)
    values["loudness_lufs"] = loudness(samples, rate)
    _within("quiet", values["loudness_lufs"], QUIETEST_LUFS, np.inf)
    _within("noisy", values["snr_db"], LEAST_SNR_DB, np.inf)
    if _is_telephone_band(samples, rate):
        raise Unfit("narrow_band")
    values["speech_s"] = float(mask.sum()) * FRAME_S
    values["pace"] = load(recording.text, lang) / values["speech_s"]
    if lang in PACES:
        _within("odd_pace", values["pace"], *PACES[lang])
    track = f0_track(samples, rate)
    _within("unvoiced", len(track) * 0.02, LEAST_VOICED_S, np.inf)
    values["f0_hz"] = float(np.median(track))
    return Reference(recording, samples, rate, values)


def examine_all(recordings: list[Recording], lang: str, look_at: int) -> tuple[list[Reference], Counter[str]]:
    """Return the recordings of one person that can serve, and how many cannot, by reason.

    At most `look_at` are decoded; those without a file, without a text or of the wrong length are not counted in.
    A pitch or pace far from the median of the person's own is refused where there are three to tell by.
    """
    found: list[Reference] = []
    refused: Counter[str] = Counter()
    looked = 0
    for recording in recordings:
        if looked >= look_at:
            break
        try:
            _check_text(recording.text, lang)
            _check_header(recording)
            looked += 1
            found.append(_measure(recording, lang))
        except Unfit as unfit:
            refused[unfit.reason] += 1
    if len(found) >= 3:
        for name, apart, reason in (("f0_hz", PITCH_APART, "other_pitch"), ("pace", PACE_APART, "odd_pace")):
            middle = float(np.median([r.values[name] for r in found]))
            alike = [r for r in found if 1 / apart <= r.values[name] / middle <= apart]
            refused[reason] += len(found) - len(alike)
            found = alike
        refused = +refused  # without the zeros
    return found, refused


def best(found: list[Reference], count: int) -> list[Reference]:
    """Return the `count` best, best first, no two of the same text.

    Equal parts of a mark: signal-to-noise ratio up to 45 dB, a length of 6–10 s, and pitch and pace like the
    person's median over all recordings that can serve.
    """
    if not found:
        return []
    f0 = float(np.median([r.values["f0_hz"] for r in found]))
    pace = float(np.median([r.values["pace"] for r in found]))

    def mark(r: Reference) -> float:
        length = r.values["duration_s"]
        off_length = max(6.0 - length, length - 10.0, 0.0) / 3.0
        off_voice = abs(np.log2(r.values["f0_hz"] / f0)) * 3 + abs(np.log2(r.values["pace"] / pace)) * 2
        return float(
            min(r.values["snr_db"], 45.0) / 45.0 + (1 - min(off_length, 1)) + (1 - min(off_voice, 1))
        )

    chosen: dict[str, Reference] = {}
    for r in sorted(found, key=lambda r: (-mark(r), r.recording.name)):
        chosen.setdefault(r.recording.text, r)
    return list(chosen.values())[:count]


def to_flac(reference: Reference) -> tuple[bytes, int]:
    """Return the reference as mono 16-bit FLAC at −23 LUFS (peaks at most −1.5 dBFS) and its rate in Hz."""
    import soundfile
    import soxr

    samples, rate = reference.samples, reference.sample_rate
    if rate > HIGHEST_RATE:
        samples, rate = soxr.resample(samples, rate, HIGHEST_RATE, quality="HQ"), HIGHEST_RATE
    gain = 10 ** ((LOUDNESS_LUFS - loudness(samples, rate)) / 20)
    samples = samples * np.float32(min(gain, PEAK_CEILING / float(np.abs(samples).max())))
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, 1, subtype="PCM_16", format="FLAC") as file:
        file.write(np.rint(samples * 32767.0).astype(np.int16))
    return buffer.getvalue(), rate


def _check_text(text: str, lang: str) -> None:
    if not text:
        raise Unfit("no_transcript")
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    said, other, units = (han, latin, han) if lang in ("zh", "yue") else (latin, han, len(text.split()))
    if units < _SHORT.get("zh" if lang == "yue" else lang, 1) or (
        lang in ("en", "zh", "yue") and other > said
    ):
        raise Unfit("odd_transcript")


def _check_header(recording: Recording) -> None:
    """Refuse by the file's header alone, which costs no decoding."""
    import soundfile

    if not recording.path.is_file():
        raise Unfit("no_audio")
    try:
        info = soundfile.info(recording.path)
    except (soundfile.SoundFileError, OSError, TypeError):
        raise Unfit("unreadable") from None
    if info.samplerate < LOWEST_RATE:
        raise Unfit("low_rate")
    seconds = info.frames / info.samplerate
    _within("too_short", seconds, SHORTEST_S, np.inf)
    _within("too_long", seconds, 0.0, _HEADER_S)  # silent ends may take it below 12 s


def _decode(recording: Recording) -> tuple[NDArray[np.float32], int]:
    import soundfile

    try:
        samples, rate = soundfile.read(recording.path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, TypeError):
        raise Unfit("unreadable") from None
    except MemoryError:
        raise UserError(f"{recording.path}: too large to read") from None
    mono = samples.mean(axis=1, dtype=np.float32)
    if not len(mono) or not np.isfinite(mono).all():
        raise Unfit("unreadable")
    return mono, rate


def _is_telephone_band(samples: NDArray[np.float32], rate: int) -> bool:
    """Tell whether there is next to nothing above 4 kHz: 50 dB less than below.

    Speech carries its s and sh there, some 20–35 dB down; what was 8 kHz once has nothing, however it was resampled.
    """
    size = 1024
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 2]
    power = np.mean(np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2, axis=0)
    hz = np.fft.rfftfreq(size, 1 / rate)
    below = float(power[(hz > 100) & (hz < 3800)].sum())
    above = float(power[(hz > 4400) & (hz < 7600)].sum())
    return above < below * 1e-5


def _within(reason: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise Unfit(reason, f"{value:.3g}")

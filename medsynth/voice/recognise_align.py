"""English clips against their own words by forced alignment with pocketsphinx, offline.

Free recognition with so small a model measures the voice as much as the text. Alignment asks less: given the words,
where is each of them, and how like itself does it sound? A clip of another text does not align at all; a wrong word
sounds less like itself than its neighbours do, said by the same voice in the same clip.
"""

from __future__ import annotations

import math
import re
import threading
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
_FILLER = re.compile(r"^[<\[+(]")
_LEAST_WORDS = 3
_LEAST_FRAMES = 8
_MARGIN = 4000  # samples
# Longest spelling first. Only for words that the dictionary lacks; it knows 130,000.
_SOUNDS = {
    "eigh": "EY", "tion": "SH AH N", "sion": "ZH AH N", "igh": "AY", "tch": "CH", "ph": "F", "sh": "SH", "ch": "CH",
    "th": "TH", "ck": "K", "qu": "K W", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "ai": "EY",
    "ay": "EY", "oi": "OY", "oy": "OY", "au": "AO", "aw": "AO", "er": "ER", "ar": "AA R", "or": "AO R", "ng": "NG",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH",
    "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH",
    "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
_SPELLING = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))


class Alignment(NamedTuple):
    """How a clip fits its words: whether it does at all, and its least fitting word.

    `score` is the mean log acoustic score a frame; `worst` how far below the clip's other words the least fitting
    one is (0: as they are; −1: a natural-log unit a frame lower), and `worst_word` which.
    """

    aligned: bool
    score: float
    worst: float
    worst_word: str


class Aligner:
    """Holds the model. Raises ImportError without pocketsphinx."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self._decoder: Any = Decoder(samprate=SAMPLE_RATE, loglevel="FATAL", lm=None)
        self._alone = threading.Lock()

    def align(self, samples: NDArray[np.float32], text: str, warp: float = 1.0) -> Alignment | None:
        """Align a clip of 16 kHz with a text, slowed down by `warp`. None: too few words to tell anything."""
        words = _WORD.findall(text.lower().replace("’", "'"))
        if len(words) < _LEAST_WORDS:
            return None
        pcm = _as_it_knows(samples, warp)
        with self._alone:
            for word in set(words):
                if self._decoder.lookup_word(word) is None:
                    self._decoder.add_word(word, sounds(word), True)
            self._decoder.set_align_text(" ".join(words))
            self._decoder.start_utt()
            self._decoder.process_raw(pcm, full_utt=True)
            self._decoder.end_utt()
            found = list(self._decoder.seg() or ()) if self._decoder.hyp() is not None else []
            return _judge([s for s in found if not _FILLER.match(s.word)], len(words))


def _as_it_knows(samples: NDArray[np.float32], warp: float) -> bytes:
    """Return 16-bit samples with some quiet noise at both ends, without which the model finds no end."""
    if warp != 1.0:
        import soxr

        samples = soxr.resample(samples, SAMPLE_RATE, SAMPLE_RATE * warp, quality="HQ")
    quiet = np.random.default_rng(0).normal(0, 1e-3, len(samples) + 2 * _MARGIN)
    whole = np.pad(samples * (0.5 / max(1e-3, float(np.abs(samples).max()))), _MARGIN) + quiet
    return np.rint(np.clip(whole, -1, 1) * 32767).astype(np.int16).tobytes()


def sounds(word: str) -> str:
    """Return phones for an English word by its letters."""
    return " ".join(_SOUNDS[s] for s in _SPELLING.findall(word.replace("'", "")))


@lru_cache(maxsize=1)
def aligner() -> Aligner:
    """Return the one of this process."""
    return Aligner()


def _judge(segments: list[Any], words: int) -> Alignment:
    if len(segments) < words:
        return Alignment(False, 0.0, 0.0, "")
    scores, frames = [], []
    for segment in segments:
        length = segment.end_frame - segment.start_frame + 1
        scores.append(_log(segment.ascore) / length)
        frames.append(length)
    whole = float(np.average(scores, weights=frames))
    # Very short words ("a", "the") are slurred by everybody.
    long = [n for n, length in enumerate(frames) if length >= _LEAST_FRAMES] or list(range(len(frames)))
    middle = float(np.median([scores[n] for n in long]))
    worst = min(long, key=lambda n: scores[n])
    return Alignment(True, whole, scores[worst] - middle, segments[worst].word)


def _log(score: float) -> float:
    return math.log(score) if score > 0 else -745.0

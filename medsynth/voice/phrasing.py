"""Whether a clip holds every phrase of its text: stretches of speech between pauses, against what each should take.

A sentence left out of a long text hardly changes its length, and a clip a little short may be one said quickly. But
speakers pause where sentences end, and each stretch between two pauses must last what its words need. The best
matching of phrases with stretches is found by dynamic programming, once with every phrase said and once with one run
of phrases left out or one stretch too many; how much better the second explains the clip is the measurement
(a log-likelihood ratio). After the isochronous alignment of sentences of W. Gale & K. Church, "A program for aligning
sentences in bilingual corpora", Computational Linguistics 19 (1993).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsynth.voice.pace import FRAME_S, load

_BREAK = re.compile(r"([,.;:!?，。；：！？、…]+)")
_STRONG = frozenset(".;!?。；！？…")
_MOST_PHRASES, _MOST_STRETCHES = 8, 12  # in one match
_TEMPI = np.linspace(-0.16, 0.16, 9)
_TEMPO_SD = 0.06
# Of the log of a stretch's length over what its load predicts; the second falls with the root of the load.
_PACE_SD, _SYLLABLE_SD = 0.05, 0.35
_NO_PAUSE = {True: 4.0, False: 0.6}
"""Cost of a sentence's end, or a comma, without a pause; engines differ in commas more than in full stops."""
_STRAY_PAUSE = 1.2
_FAULT = 2.0  # what the assumption of a fault costs


class Phrase(NamedTuple):
    """What a phrase needs of a speaker, in the unit of `load`, and whether a sentence ends with it."""

    load: float
    ends: bool


class Phrasing(NamedTuple):
    """How much better a clip is explained by phrases left out (`missing`), or by speech too much (`extra`)."""

    missing: float
    extra: float


def phrases_of(text: str, lang: str) -> list[Phrase]:
    """Return the phrases of a spoken text, as its punctuation divides it."""
    parts = _BREAK.split(text)
    found: list[Phrase] = []
    for said, marks in zip(parts[::2], [*parts[1::2], "."], strict=True):
        ends = any(m in _STRONG for m in marks)
        if any(c.isalnum() for c in said):
            found.append(Phrase(load(said, lang), ends))
        elif found and ends:
            found[-1] = Phrase(found[-1].load, True)
    return found


def phrasing(phrases: Sequence[Phrase], speech: Sequence[tuple[int, int]], pace: float) -> Phrasing:
    """Compare the stretches of speech of a clip (in frames of `FRAME_S`) with its phrases at a pace."""
    if not phrases or not speech:
        return Phrasing(0.0, 0.0)
    needs = np.concatenate(([0.0], np.cumsum([p.load for p in phrases])))
    lasts = np.concatenate(([0.0], np.cumsum([(b - a) * FRAME_S * pace for a, b in speech])))
    # A voice that hardly ever pauses is not blamed for it.
    pauses = min(1.0, len(speech) / max(1, sum(p.ends for p in phrases)))
    silent = np.concatenate(([0.0], np.cumsum([pauses * _NO_PAUSE[p.ends] for p in phrases])))
    said, missing, extra = _costs(needs, lasts, silent)
    own = (_TEMPI / _TEMPO_SD) ** 2
    best = float((said + own).min())
    return Phrasing(
        max(0.0, (best - float((missing + own).min()) - _FAULT) / 2),
        max(0.0, (best - float((extra + own).min()) - _FAULT) / 2),
    )


def _costs(
    needs: NDArray[np.float64], lasts: NDArray[np.float64], silent: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Return by tempo the cost of the best matching: as it should be, with phrases missing, with speech too much."""
    n, m = len(needs) - 1, len(lasts) - 1
    # Where there are far more of one than of the other, each takes what it must.
    most_phrases, most_stretches = max(_MOST_PHRASES, 2 * -(-n // m)), max(_MOST_STRETCHES, 2 * -(-m // n))
    # Three layers: nothing wrong so far; phrases were left out; a stretch was too much.
    table = np.full((3, n + 1, m + 1, len(_TEMPI)), np.inf)
    table[0, 0, 0] = 0.0
    log_tempo = _TEMPI[:, None, None]
    for i in range(n + 1):
        first = max(0, i - most_phrases)
        for j in range(m + 1):
            here = table[:, i, j]
            if i and j:
                left = max(0, j - most_stretches)
                need = needs[i] - needs[first:i][:, None]
                last = lasts[j] - lasts[left:j][None, :]
                sd = np.sqrt(_PACE_SD**2 + _SYLLABLE_SD**2 / np.maximum(need, 0.5))
                odds = (np.log(last / need) - log_tempo) / sd
                wide = 2 * np.log(sd / 0.2) + (silent[i - 1] - silent[first:i])[:, None]
                wide = wide + _STRAY_PAUSE * np.arange(j - left - 1, -1, -1)
                before = np.moveaxis(table[:, first:i, left:j], -1, 1)
                fit = odds**2 + wide
                here[:] = (before + fit).min(axis=(2, 3))
                # A stretch too short, or too long, for what is said in it is where the fault may lie.
                short, long = (np.where(odds * sign > 0, odds, 0.0) ** 2 + wide for sign in (1, -1))
                np.minimum(here[1], (before[0] + short).min(axis=(1, 2)), out=here[1])
                np.minimum(here[2], (before[0] + long).min(axis=(1, 2)), out=here[2])
            for gone in range(max(0, i - 2 * most_phrases), i):
                np.minimum(here[1], table[0, gone, j], out=here[1])
            for more in range(max(0, j - most_stretches), j):
                np.minimum(here[2], table[0, i, more], out=here[2])
    return tuple(table[layer, n, m] for layer in range(3))

"""One attempt at a turn: what is asked of an engine, and what came of it as the corpus holds it, checked.

Who has takes done, one after the other or many at a time, is not known to those who ask for them (generators in
place of calls).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from medsynth.records import Effect, Speaker
from medsynth.voice.audio import SAMPLE_RATE, encode, finish, trim
from medsynth.voice.checks import Checked, check, sampled
from medsynth.voice.effects.apply import Treatment, treat
from medsynth.voice.engine import Clip, Utterance, VoiceEngine, VoiceError
from medsynth.voice.timbre import Timbre, timbre_of

T = TypeVar("T")

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])")
_JOIN_S = 0.25
_SAMPLE = 10
"""One clip of so many, by its seed, is measured for what takes long."""


@dataclass(frozen=True)
class Take:
    """One attempt at a turn: `texts` said one after the other, joined by short pauses, and checked as `text`.

    A clip that passes is also given as patient-like speech where there is a `treatment`.
    """

    texts: tuple[str, ...]
    text: str
    lang: str
    speaker: Speaker
    seed: int
    treatment: Treatment | None = None

    def utterances(self) -> list[Utterance]:
        """Return what is to be said."""
        return [Utterance(text, self.lang, self.speaker, self.seed) for text in self.texts]


class TreatedClip(NamedTuple):
    """A clip as patient-like speech, what was done to it, measured on it, and what is wrong with it."""

    flac: bytes
    duration_s: float
    effects: tuple[Effect, ...]
    checked: Checked


class Taken(NamedTuple):
    """What came of a take: the clip as the corpus holds it (b"" when it was silent), seconds, what was measured."""

    flac: bytes
    duration_s: float
    checked: Checked
    treated: TreatedClip | None = None
    timbre: Timbre | None = None


Takes: TypeAlias = Generator[Take, Taken, T]
"""Asks for one take after the other, and returns what it wanted them for."""


def carry_out(takes: Takes[T], engines: dict[str, VoiceEngine]) -> T:
    """Return what the takes were wanted for, saying them one after the other."""
    try:
        take = next(takes)
        while True:
            engine = engines[take.speaker.engine]
            try:
                said = [engine.synthesize(u.text, u.lang, u.speaker, u.seed) for u in take.utterances()]
            except VoiceError as error:
                take = takes.throw(error)
            else:
                take = takes.send(judge(take, said))
    except StopIteration as end:
        result: T = end.value
        return result


def judge(take: Take, said: Sequence[Clip]) -> Taken:
    """Return what was said as the corpus holds it, with its checks; no clip, and a problem, for silence."""
    speaker = take.speaker
    try:
        clip = said[0] if len(said) == 1 else joined(said)
        finished = finish(clip, speaker.engine, speaker.id)
    except VoiceError as error:
        return Taken(b"", 0.0, Checked({}, (f"speech_s 0: {error}",)))
    checked = check(finished.samples, SAMPLE_RATE, take.text, take.lang, speaker, said)
    if take.seed % _SAMPLE == 0:
        checked.values.update(sampled(finished.samples, SAMPLE_RATE))
    timbre = timbre_of(finished.samples, SAMPLE_RATE, checked.values.get("f0_hz", 0.0))
    if take.treatment is None or checked.problems:
        return Taken(finished.flac, finished.duration_s, checked, timbre=timbre)
    done = treat(finished.samples, take.treatment, checked.values["f0_hz"] or speaker.f0_hz)
    treated = TreatedClip(
        encode(done.pcm, speaker.engine, speaker.id), len(done.pcm) / SAMPLE_RATE, done.effects,
        Checked(done.values, done.problems),
    )  # fmt: skip
    return Taken(finished.flac, finished.duration_s, checked, treated, timbre)


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a spoken text, those with nothing to say left out."""
    return [s for s in _SENTENCE_END.split(text) if any(c.isalnum() for c in s)]


def joined(clips: Sequence[Clip], pause_s: float = _JOIN_S) -> Clip:
    """Return clips of one rate as one, each trimmed, with a pause between them. Raises VoiceError for silence."""
    rate = clips[0].sample_rate
    gap = np.zeros(round(pause_s * rate), dtype=np.float32)
    pieces = [piece for clip in clips if len(clip.samples) for piece in (trim(clip), gap)]
    return Clip(np.concatenate(pieces[:-1]) if pieces else gap, rate)

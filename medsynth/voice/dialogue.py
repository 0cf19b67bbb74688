"""Voice one dialogue: one speaker a role, every clip checked, a bounded number of repairs.

What is to be said next is decided here, one `Take` after the other; who says it, and how many dialogues are
under way meanwhile, is not known here (generators in place of calls).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from medsynth.records import Audio, Dialogue, Role, Speaker
from medsynth.voice.audio import SAMPLE_RATE, finish, trim
from medsynth.voice.checks import Checked, check
from medsynth.voice.engine import Clip, Utterance, VoiceEngine, VoiceError

T = TypeVar("T")

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])")
_JOIN_S = 0.25
_NUDGES = (0.96, 1.04, 0.92, 1.08)


class ClipRejected(Exception):
    """A turn failed its checks after every permitted repair. `turn` is its index."""

    def __init__(self, turn: int, problems: tuple[str, ...]) -> None:
        super().__init__(f"turn {turn}: {'; '.join(problems)}")


@dataclass(frozen=True)
class Take:
    """One attempt at a turn: `texts` said one after the other, joined by short pauses, and checked as `text`."""

    texts: tuple[str, ...]
    text: str
    lang: str
    speaker: Speaker
    seed: int

    def utterances(self) -> list[Utterance]:
        """Return what is to be said."""
        return [Utterance(text, self.lang, self.speaker, self.seed) for text in self.texts]


class Taken(NamedTuple):
    """What came of a take: the clip as the corpus holds it (b"" when it was silent), seconds, what was measured."""

    flac: bytes
    duration_s: float
    checked: Checked


Takes: TypeAlias = Generator[Take, Taken, T]
"""Asks for one take after the other, and returns what it wanted them for."""


@dataclass
class Voiced:
    """The clips of a dialogue by turn index, what was measured on each, and what had to be repaired."""

    audio: dict[int, Audio] = field(default_factory=dict)
    checks: dict[int, dict[str, float]] = field(default_factory=dict)
    repairs: list[str] = field(default_factory=list)


def voice_turns(
    dialogue: Dialogue, spoken: Sequence[str], speakers: dict[Role, Speaker], seed: int, repairs: int
) -> Takes[Voiced]:
    """Ask for, and return, a clip for every turn whose role is in `speakers`.

    A turn that fails its checks is said again up to `repairs` times with another seed and pace, then
    sentence by sentence. Raises ClipRejected when that does not help.
    """
    voiced = Voiced()
    for index, (turn, text) in enumerate(zip(dialogue.turns, spoken, strict=True)):
        speaker = speakers.get(turn.role)
        if speaker is None:
            continue
        taken, repair = yield from _voice_turn(
            text, dialogue.lang, speaker, f"{seed}|{dialogue.id}|{index}", index, repairs
        )
        voiced.audio[index] = Audio(
            flac=taken.flac, sha256=hashlib.sha256(taken.flac).hexdigest(), duration_s=taken.duration_s,
            sample_rate=SAMPLE_RATE, engine=speaker.engine, speaker=speaker.id,
        )  # fmt: skip
        voiced.checks[index] = taken.checked.values
        if repair:
            voiced.repairs.append(f"turn {index}: {repair}")
    return voiced


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
    checked = check(finished.samples, SAMPLE_RATE, take.text, take.lang, speaker)
    return Taken(finished.flac, finished.duration_s, checked)


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a spoken text, those with nothing to say left out."""
    return [s for s in _SENTENCE_END.split(text) if any(c.isalnum() for c in s)]


def joined(clips: Sequence[Clip], pause_s: float = _JOIN_S) -> Clip:
    """Return clips of one rate as one, each trimmed, with a pause between them. Raises VoiceError for silence."""
    rate = clips[0].sample_rate
    gap = np.zeros(round(pause_s * rate), dtype=np.float32)
    pieces = [piece for clip in clips if len(clip.samples) for piece in (trim(clip), gap)]
    return Clip(np.concatenate(pieces[:-1]) if pieces else gap, rate)


def _voice_turn(
    text: str, lang: str, speaker: Speaker, name: str, index: int, repairs: int
) -> Takes[tuple[Taken, str]]:
    problems: tuple[str, ...] = ()
    for attempt in range(repairs + 1):
        taken = yield Take((text,), text, lang, _nudged(speaker, attempt), _seed(name, attempt))
        if taken.flac and not taken.checked.problems:
            return taken, f"attempt {attempt + 1}" if attempt else ""
        problems = problems or taken.checked.problems
    sentences = sentences_of(text)
    if repairs and len(sentences) > 1:
        taken = yield Take(tuple(sentences), text, lang, speaker, _seed(name, repairs + 1))
        if taken.flac and not taken.checked.problems:
            return taken, "sentence by sentence"
    raise ClipRejected(index, problems)


def _nudged(speaker: Speaker, attempt: int) -> Speaker:
    """Return the speaker, from the second attempt on a little slower or quicker where the engine has a rate."""
    rate = speaker.handle.get("rate")
    if attempt == 0 or not isinstance(rate, int | float):
        return speaker
    nudged = round(rate * _NUDGES[(attempt - 1) % len(_NUDGES)])
    return speaker.model_copy(update={"handle": {**speaker.handle, "rate": nudged}})


def _seed(name: str, attempt: int) -> int:
    digest = hashlib.blake2b(f"{name}|{attempt}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "big")

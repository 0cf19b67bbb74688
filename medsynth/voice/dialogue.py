"""Voice one dialogue: one speaker a role, every clip checked, a bounded number of repairs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from medsynth.records import Audio, Dialogue, Role, Speaker
from medsynth.voice.audio import SAMPLE_RATE, Finished, finish, trim
from medsynth.voice.checks import Checked, check
from medsynth.voice.engine import Clip, VoiceEngine, VoiceError

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])")
_JOIN_S = 0.25
_NUDGES = (0.96, 1.04, 0.92, 1.08)


class ClipRejected(Exception):
    """A turn failed its checks after every permitted repair. `turn` is its index."""

    def __init__(self, turn: int, problems: tuple[str, ...]) -> None:
        super().__init__(f"turn {turn}: {'; '.join(problems)}")


@dataclass
class Voiced:
    """The clips of a dialogue by turn index, what was measured on each, and what had to be repaired."""

    audio: dict[int, Audio] = field(default_factory=dict)
    checks: dict[int, dict[str, float]] = field(default_factory=dict)
    repairs: list[str] = field(default_factory=list)


def voice_turns(
    engine: VoiceEngine,
    dialogue: Dialogue,
    spoken: Sequence[str],
    speakers: dict[Role, Speaker],
    seed: int,
    repairs: int,
) -> Voiced:
    """Return a clip for every turn whose role is in `speakers`.

    A turn that fails its checks is said again up to `repairs` times with another seed and pace, then
    sentence by sentence. Raises ClipRejected when that does not help, VoiceError when the engine fails.
    """
    voiced = Voiced()
    for index, (turn, text) in enumerate(zip(dialogue.turns, spoken, strict=True)):
        speaker = speakers.get(turn.role)
        if speaker is None:
            continue
        finished, checked, repair = _voice_turn(
            engine, text, dialogue.lang, speaker, f"{seed}|{dialogue.id}|{index}", index, repairs
        )
        voiced.audio[index] = Audio(
            flac=finished.flac, sha256=hashlib.sha256(finished.flac).hexdigest(), duration_s=finished.duration_s,
            sample_rate=SAMPLE_RATE, engine=engine.name, speaker=speaker.id,
        )  # fmt: skip
        voiced.checks[index] = checked.values
        if repair:
            voiced.repairs.append(f"turn {index}: {repair}")
    return voiced


def _voice_turn(
    engine: VoiceEngine, text: str, lang: str, speaker: Speaker, name: str, index: int, repairs: int
) -> tuple[Finished, Checked, str]:
    problems: tuple[str, ...] = ()
    for attempt in range(repairs + 1):
        clip = engine.synthesize(text, lang, _nudged(speaker, attempt), _seed(name, attempt))
        finished, checked = _finish_and_check(clip, engine, text, lang, speaker)
        if finished and not checked.problems:
            return finished, checked, f"attempt {attempt + 1}" if attempt else ""
        problems = problems or checked.problems
    sentences = [s for s in _SENTENCE_END.split(text) if any(c.isalnum() for c in s)]
    if repairs and len(sentences) > 1:
        clip = _joined([engine.synthesize(s, lang, speaker, _seed(name, repairs + 1)) for s in sentences])
        finished, checked = _finish_and_check(clip, engine, text, lang, speaker)
        if finished and not checked.problems:
            return finished, checked, "sentence by sentence"
    raise ClipRejected(index, problems)


def _finish_and_check(
    clip: Clip, engine: VoiceEngine, text: str, lang: str, speaker: Speaker
) -> tuple[Finished | None, Checked]:
    """Return the finished clip with its checks; no clip, and a problem, when the engine gave silence."""
    try:
        finished = finish(clip, engine.name, speaker.id)
    except VoiceError as error:
        return None, Checked({}, (f"speech_s 0: {error}",))
    return finished, check(finished.samples, SAMPLE_RATE, text, lang, speaker)


def _nudged(speaker: Speaker, attempt: int) -> Speaker:
    """Return the speaker, from the second attempt on a little slower or quicker where the engine has a rate."""
    rate = speaker.handle.get("rate")
    if attempt == 0 or not isinstance(rate, int | float):
        return speaker
    nudged = round(rate * _NUDGES[(attempt - 1) % len(_NUDGES)])
    return speaker.model_copy(update={"handle": {**speaker.handle, "rate": nudged}})


def _joined(clips: list[Clip]) -> Clip:
    rate = clips[0].sample_rate
    gap = np.zeros(round(_JOIN_S * rate), dtype=np.float32)
    pieces = [piece for clip in clips if len(clip.samples) for piece in (trim(clip), gap)]
    return Clip(np.concatenate(pieces[:-1]) if pieces else gap, rate)


def _seed(name: str, attempt: int) -> int:
    digest = hashlib.blake2b(f"{name}|{attempt}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "big")

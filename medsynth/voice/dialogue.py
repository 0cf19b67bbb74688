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

from medsynth.records import Audio, Dialogue, Effect, Role, Speaker
from medsynth.voice.audio import SAMPLE_RATE, encode, finish, trim
from medsynth.voice.checks import Checked, check
from medsynth.voice.effects.apply import Treatment, treat
from medsynth.voice.effects.plan import DialoguePlan, TurnPlan, paced
from medsynth.voice.engine import Clip, Utterance, VoiceEngine, VoiceError

T = TypeVar("T")

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])")
_JOIN_S = 0.25
_NUDGES = (0.96, 1.04, 0.92, 1.08)


class ClipRejected(Exception):
    """A turn failed its checks after every permitted repair. `turn` is its index."""

    def __init__(self, turn: int, problems: tuple[str, ...]) -> None:
        super().__init__(f"turn {turn}: {'; '.join(problems)}")
        self.problems = problems


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


Takes: TypeAlias = Generator[Take, Taken, T]
"""Asks for one take after the other, and returns what it wanted them for."""


@dataclass
class Voiced:
    """The clips of a dialogue by turn index, what was measured on each, and what had to be repaired.

    `spoken` and `effects`: what patient-like turns say in place of their text, and what was done to them.
    """

    audio: dict[int, Audio] = field(default_factory=dict)
    checks: dict[int, dict[str, float]] = field(default_factory=dict)
    repairs: list[str] = field(default_factory=list)
    spoken: dict[int, str] = field(default_factory=dict)
    effects: dict[int, tuple[Effect, ...]] = field(default_factory=dict)

    def add(self, index: int, speaker: Speaker, taken: Taken, repair: str) -> None:
        """Take up the clip of a turn."""
        self.audio[index] = _audio(taken.flac, taken.duration_s, speaker)
        self.checks[index] = taken.checked.values
        if repair:
            self.repairs.append(f"turn {index}: {repair}")


def voice_turns(
    dialogue: Dialogue, spoken: Sequence[str], speakers: dict[Role, Speaker], seed: int, repairs: int
) -> Takes[Voiced]:
    """Ask for, and return, a clip for every turn whose role is in `speakers`.

    A turn that fails its checks is said again up to `repairs` times with another seed and pace, then
    sentence by sentence. Raises ClipRejected when that does not help.
    """
    voiced = Voiced()
    for index, (turn, text) in enumerate(zip(dialogue.turns, spoken, strict=True)):
        if turn.role in speakers:
            name = f"{seed}|{dialogue.id}|{index}"
            taken, repair = yield from _voice_turn(
                text, dialogue.lang, speakers[turn.role], name, index, repairs
            )
            voiced.add(index, speakers[turn.role], taken, repair)
    return voiced


def voice_patient_like(
    dialogue: Dialogue,
    spoken: Sequence[str],
    speakers: dict[Role, Speaker],
    seed: int,
    repairs: int,
    plan: DialoguePlan,
) -> Takes[tuple[Voiced, Voiced]]:
    """Ask for what `voice_turns` does, with the turns of a plan as patient-like speech; return it so, and plain.

    A clip is checked before it is treated. A turn that cannot be said as planned is said plainly, and one whose
    treatment fails its own checks stays untreated; both are noted. The plain clips are complete where the plan
    keeps them (`keep_clean`).
    """
    voiced, plain = Voiced(), Voiced()
    for index, (turn, text) in enumerate(zip(dialogue.turns, spoken, strict=True)):
        if turn.role not in speakers:
            continue
        speaker, name = speakers[turn.role], f"{seed}|{dialogue.id}|{index}"
        planned = plan.turns.get(index, TurnPlan(text))
        as_planned = planned.for_engine(speaker)
        other = as_planned.text != text or as_planned.pace != 1.0
        taken: Taken | None = None
        repair = ""
        if other:
            who = paced(speaker, as_planned.pace)
            try:
                taken, repair = yield from _voice_turn(
                    as_planned.text, dialogue.lang, who, name, index, repairs, as_planned.treatment
                )
            except ClipRejected as error:
                voiced.repairs.append(f"turn {index}: said plainly ({'; '.join(error.problems)})")
                as_planned = TurnPlan(text, treatment=planned.treatment)
        if taken is None or plan.keep_clean:
            own = None if taken is not None else as_planned.treatment
            plainly, repaired = yield from _voice_turn(
                text, dialogue.lang, speaker, name, index, repairs, own
            )
            plain.add(index, speaker, plainly, repaired)
            if taken is None:
                taken, repair = plainly, repaired
        voiced.add(index, speaker, taken, repair)
        _take_treated(voiced, index, speaker, as_planned, taken)
    return voiced, plain


def _take_treated(voiced: Voiced, index: int, speaker: Speaker, planned: TurnPlan, taken: Taken) -> None:
    """Put the treated clip in the place of the plain one, and note what was said and done."""
    effects = planned.effects
    clip = taken.treated
    if clip is not None and clip.checked.problems:
        voiced.repairs.append(f"turn {index}: untreated ({'; '.join(clip.checked.problems)})")
    elif clip is not None:
        voiced.audio[index] = _audio(clip.flac, clip.duration_s, speaker)
        voiced.checks[index] = taken.checked.values | clip.checked.values
        effects += clip.effects
    if planned.text:
        voiced.spoken[index] = planned.text
    if effects:
        voiced.effects[index] = effects


def _audio(flac: bytes, duration_s: float, speaker: Speaker) -> Audio:
    return Audio(
        flac=flac, sha256=hashlib.sha256(flac).hexdigest(), duration_s=duration_s, sample_rate=SAMPLE_RATE,
        engine=speaker.engine, speaker=speaker.id,
    )  # fmt: skip


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
    if take.treatment is None or checked.problems:
        return Taken(finished.flac, finished.duration_s, checked)
    done = treat(finished.samples, take.treatment, checked.values["f0_hz"] or speaker.f0_hz)
    treated = TreatedClip(
        encode(done.pcm, speaker.engine, speaker.id), len(done.pcm) / SAMPLE_RATE, done.effects,
        Checked(done.values, done.problems),
    )  # fmt: skip
    return Taken(finished.flac, finished.duration_s, checked, treated)


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
    text: str,
    lang: str,
    speaker: Speaker,
    name: str,
    index: int,
    repairs: int,
    treatment: Treatment | None = None,
) -> Takes[tuple[Taken, str]]:
    failed: list[str] = []
    for attempt in range(repairs + 1):
        taken = yield Take((text,), text, lang, _nudged(speaker, attempt), _seed(name, attempt), treatment)
        if taken.flac and not taken.checked.problems:
            return taken, _repaired(f"attempt {attempt + 1}", failed) if attempt else ""
        failed.append(f"attempt {attempt + 1}: {', '.join(taken.checked.problems)}")
    sentences = sentences_of(text)
    if repairs and len(sentences) > 1:
        taken = yield Take(tuple(sentences), text, lang, speaker, _seed(name, repairs + 1), treatment)
        if taken.flac and not taken.checked.problems:
            return taken, _repaired("sentence by sentence", failed)
        failed.append(f"sentence by sentence: {', '.join(taken.checked.problems)}")
    raise ClipRejected(index, tuple(failed))


def _repaired(how: str, failed: Sequence[str]) -> str:
    return f"{how} ({'; '.join(failed)})"


def _nudged(speaker: Speaker, attempt: int) -> Speaker:
    """Return the speaker, from the second attempt on a little slower or quicker where the engine has a rate."""
    rate = speaker.handle.get("rate")
    if attempt == 0 or not isinstance(rate, int | float):
        return speaker
    factor = _NUDGES[(attempt - 1) % len(_NUDGES)]
    handle = {**speaker.handle, "rate": round(rate * factor)}
    return speaker.model_copy(update={"handle": handle, "pace": speaker.pace * factor})


def _seed(name: str, attempt: int) -> int:
    digest = hashlib.blake2b(f"{name}|{attempt}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "big")

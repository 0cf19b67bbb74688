"""Voice one dialogue: one speaker a role, every clip checked, a bounded number of repairs.

What is to be said next is decided here, one `Take` after the other; who says it, and how many dialogues are
under way meanwhile, is not known here (generators in place of calls).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from medsynth.records import Audio, Dialogue, Effect, Role, Speaker
from medsynth.voice.audio import SAMPLE_RATE, encode, finish, trim
from medsynth.voice.checks import Checked, check, sampled
from medsynth.voice.effects.apply import Treatment, treat
from medsynth.voice.effects.plan import DialoguePlan, TurnPlan, paced
from medsynth.voice.engine import Clip, Utterance, VoiceEngine, VoiceError
from medsynth.voice.timbre import Timbre, apart, limit, timbre_of

T = TypeVar("T")

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])")
_JOIN_S = 0.25
_NUDGES = (0.96, 1.04, 0.92, 1.08)
_SAMPLE = 10
"""One clip of so many, by its seed, is measured for what takes long."""


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
    timbre: Timbre | None = None


Takes: TypeAlias = Generator[Take, Taken, T]
"""Asks for one take after the other, and returns what it wanted them for."""


@dataclass
class _Said:
    """A turn that was said: by whom, in which clip, what had to be repaired, and how to say it `again`.

    `again` takes the name that the seeds are drawn from.
    """

    index: int
    speaker: Speaker
    taken: Taken
    repair: str
    again: Callable[[str], Takes[tuple[Taken, str]]]


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

    def add(self, said: _Said) -> None:
        """Take up the clip of a turn."""
        taken = said.taken
        self.audio[said.index] = _audio(taken.flac, taken.duration_s, said.speaker)
        self.checks[said.index] = taken.checked.values
        if said.repair:
            self.repairs.append(f"turn {said.index}: {said.repair}")


def voice_turns(
    dialogue: Dialogue, spoken: Sequence[str], speakers: dict[Role, Speaker], seed: int, repairs: int
) -> Takes[Voiced]:
    """Ask for, and return, a clip for every turn whose role is in `speakers`.

    A turn that fails its checks is said again up to `repairs` times with another seed and pace, then
    sentence by sentence. One that does not sound like the others of its role is said again once.
    Raises ClipRejected when that does not help.
    """
    turns: list[_Said] = []
    for index, (turn, text) in enumerate(zip(dialogue.turns, spoken, strict=True)):
        if turn.role in speakers:
            said = yield from _say_turn(
                text, dialogue.lang, speakers[turn.role], _name(seed, dialogue, index), index, repairs
            )
            turns.append(said)
    yield from _of_one_voice(turns, repairs)
    voiced = Voiced()
    for said in turns:
        voiced.add(said)
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
    turns: list[_Said] = []
    plainly_said: list[_Said] = []
    plans: dict[int, TurnPlan] = {}
    for index, (turn, text) in enumerate(zip(dialogue.turns, spoken, strict=True)):
        if turn.role not in speakers:
            continue
        speaker, name = speakers[turn.role], _name(seed, dialogue, index)
        planned = plan.turns.get(index, TurnPlan(text))
        as_planned = planned.for_engine(speaker)
        other = as_planned.text != text or as_planned.pace != 1.0
        said: _Said | None = None
        if other:
            who = paced(speaker, as_planned.pace)
            try:
                said = yield from _say_turn(
                    as_planned.text, dialogue.lang, who, name, index, repairs, as_planned.treatment
                )
            except ClipRejected as error:
                voiced.repairs.append(f"turn {index}: said plainly ({'; '.join(error.problems)})")
                as_planned = TurnPlan(text, treatment=planned.treatment)
        if said is None or plan.keep_clean:
            own = None if said is not None else as_planned.treatment
            plainly = yield from _say_turn(text, dialogue.lang, speaker, name, index, repairs, own)
            plainly_said.append(plainly)
            said = said or replace(plainly)
        turns.append(said)
        plans[index] = as_planned
    yield from _of_one_voice(turns, repairs)
    if plan.keep_clean:
        yield from _of_one_voice(plainly_said, repairs)
    for one in plainly_said:
        plain.add(one)
    for one in turns:
        voiced.add(one)
        _take_treated(voiced, one.index, one.speaker, plans[one.index], one.taken)
    return voiced, plain


def _of_one_voice(turns: Sequence[_Said], repairs: int) -> Takes[None]:
    """Note how far each clip is from the others of its speaker; have one that stands out said again, once.

    The one furthest off goes first, since it makes the others look worse than they are. Raises ClipRejected
    when it stands out as before.
    """
    for speaker in dict.fromkeys(said.speaker.id for said in turns):
        own = [said for said in turns if said.speaker.id == speaker]
        again: set[int] = set()
        while distances := apart([said.taken.timbre for said in own]):
            place = max(distances, key=lambda n: distances[n])
            said, highest = own[place], limit(len(distances))
            problem = f"timbre {distances[place]:.2f} outside 0.00–{highest:.2f}"
            if distances[place] <= highest:
                break
            if not repairs or place in again:
                raise ClipRejected(said.index, (problem,))
            again.add(place)
            said.taken, repair = yield from said.again("timbre")
            said.repair = "; ".join(filter(None, (said.repair, f"said again ({problem})", repair)))
        for place, distance in distances.items():
            taken = own[place].taken
            checked = taken.checked._replace(values=taken.checked.values | {"timbre": distance})
            own[place].taken = taken._replace(checked=checked)


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


def _say_turn(
    text: str,
    lang: str,
    speaker: Speaker,
    name: str,
    index: int,
    repairs: int,
    treatment: Treatment | None = None,
) -> Takes[_Said]:
    def say(name: str) -> Takes[tuple[Taken, str]]:
        return _voice_turn(text, lang, speaker, name, index, repairs, treatment)

    taken, repair = yield from say(name)
    return _Said(index, speaker, taken, repair, lambda why: say(f"{name}|{why}"))


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


def _name(seed: int, dialogue: Dialogue, index: int) -> str:
    return f"{seed}|{dialogue.id}|{index}"


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

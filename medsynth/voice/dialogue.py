"""Voice one dialogue: one speaker a role, every clip checked, a bounded number of repairs.

What is to be said next is decided here, one `Take` after the other; who says it, and how many dialogues are
under way meanwhile, is not known here (generators in place of calls).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from medsynth.records import Audio, Dialogue, Effect, Role, Speaker
from medsynth.voice.audio import SAMPLE_RATE
from medsynth.voice.effects.apply import Treatment
from medsynth.voice.effects.plan import DialoguePlan, TurnPlan, paced
from medsynth.voice.engine import EngineFault
from medsynth.voice.repairs import ClipRejected, say_turn
from medsynth.voice.takes import Taken, Takes
from medsynth.voice.timbre import apart, limit


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
        self.repairs += _repaired([said])


def voice_turns(
    dialogue: Dialogue, spoken: Sequence[str], speakers: dict[Role, Speaker], seed: int, repairs: int
) -> Takes[Voiced]:
    """Ask for, and return, a clip for every turn whose role is in `speakers`.

    A turn that fails its checks is said again up to `repairs` times with another seed and pace, then
    sentence by sentence. One that does not sound like the others of its role is said again once.
    Raises ClipRejected when that does not help.
    """
    turns: list[_Said] = []
    with _telling(lambda: _repaired(turns)):
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
    with _telling(lambda: (*voiced.repairs, *_repaired((*turns, *plainly_said)))):
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
            try:
                said.taken, repair = yield from said.again("timbre")
            except ClipRejected as error:
                raise ClipRejected(said.index, (problem, *error.problems), error.refused) from None
            except EngineFault as error:
                raise EngineFault(error.fault, f"turn {said.index}: {problem}; {error}") from None
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


@contextmanager
def _telling(repaired: Callable[[], Sequence[str]]) -> Iterator[None]:
    """Have what ends the dialogue tell what had been repaired before, so that no attempt is forgotten."""
    try:
        yield
    except ClipRejected as error:
        raise error.after(repaired()) from None
    except EngineFault as error:
        raise EngineFault(error.fault, "; ".join((*repaired(), str(error)))) from None


def _repaired(turns: Sequence[_Said]) -> list[str]:
    """Return what had to be repaired, by turn; once where a turn stands for two."""
    return list(dict.fromkeys(f"turn {said.index}: {said.repair}" for said in turns if said.repair))


def _audio(flac: bytes, duration_s: float, speaker: Speaker) -> Audio:
    return Audio(
        flac=flac, sha256=hashlib.sha256(flac).hexdigest(), duration_s=duration_s, sample_rate=SAMPLE_RATE,
        engine=speaker.engine, speaker=speaker.id,
    )  # fmt: skip


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
        return say_turn(text, lang, speaker, name, index, repairs, treatment)

    taken, repair = yield from say(name)
    return _Said(index, speaker, taken, repair, lambda why: say(f"{name}|{why}"))


def _name(seed: int, dialogue: Dialogue, index: int) -> str:
    return f"{seed}|{dialogue.id}|{index}"

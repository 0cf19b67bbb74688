"""What is drawn for a dialogue before anything is said: which effects, how much of each, on which turns."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from medsynth.records import AgeGroup, Dialogue, Effect, PatientProfile, Speaker
from medsynth.text.facts.extract import statements
from medsynth.voice.effects.apply import Treatment
from medsynth.voice.effects.disfluency import disfluent
from medsynth.voice.effects.filters import seed_of
from medsynth.voice.effects.rates import PACE_OFFSET, PACE_RANGE, PACE_SPREAD, SPREAD
from medsynth.voice.effects.scene import Scene, draw_scene
from medsynth.voice.effects.settings import CLEAN, PatientLikeSettings
from medsynth.voice.effects.sounds import Sound
from medsynth.voice.pace import units

_TURN_PACE_SPREAD = 0.03
_CONTOUR_DB = (2.0, 8.0)
# Of the turns of a dialogue that has sounds. Ours.
_SOUNDS: dict[Sound, float] = {"breath": 0.35, "throat": 0.15, "cough": 0.35}
_SHORT = 10
"""Syllables (characters, of Chinese) under which a turn is short."""
_COUGH = re.compile(r"cough|咳", re.I)


@dataclass(frozen=True)
class TurnPlan:
    """What one turn says, with the spans of what was inserted, at what pace, and what happens to its clip."""

    text: str
    effects: tuple[Effect, ...] = ()
    pace: float = 1.0
    treatment: Treatment | None = None

    def for_engine(self, speaker: Speaker) -> TurnPlan:
        """Return the plan with the pace where it belongs: the engine's rate, else the treatment of the clip."""
        if self.pace == 1.0:
            return self
        if has_rate(speaker):
            own = Effect(name="pace", detail="engine", value=self.pace, unit="×")
            return replace(self, effects=(*self.effects, own))
        treatment = replace(self.treatment or Treatment(0), pace=self.pace)
        return replace(self, pace=1.0, treatment=treatment)


@dataclass(frozen=True)
class DialoguePlan:
    """The plans of a dialogue's patient turns that are treated, by index, and its acoustic condition."""

    turns: dict[int, TurnPlan] = field(default_factory=dict)
    scene: Scene | None = None
    keep_clean: bool = False

    @property
    def condition(self) -> str:
        """The acoustic condition's name."""
        return self.scene.condition if self.scene else CLEAN

    @property
    def needs_talk(self) -> bool:
        """Whether other people talk in the background, who must be given voices first."""
        return self.scene is not None and self.scene.noise == "babble"

    def within(self, scene: Scene) -> DialoguePlan:
        """Return the plan with its scene made complete."""
        turns = {
            index: replace(turn, treatment=turn.treatment and replace(turn.treatment, scene=scene))
            for index, turn in self.turns.items()
        }
        return replace(self, turns=turns, scene=scene)


def has_rate(speaker: Speaker) -> bool:
    """Tell whether the speaker's engine is told a rate."""
    return isinstance(speaker.handle.get("rate"), int | float)


def paced(speaker: Speaker, factor: float) -> Speaker:
    """Return a speaker whose engine has a rate at `factor` times it, and expected to be so."""
    rate = speaker.handle.get("rate")
    if factor == 1.0 or not isinstance(rate, int | float):
        return speaker
    handle = {**speaker.handle, "rate": round(rate * factor)}
    return speaker.model_copy(update={"handle": handle, "pace": speaker.pace * factor})


def plan_dialogue(
    settings: PatientLikeSettings,
    seed: int,
    dialogue: Dialogue,
    profile: PatientProfile,
    spoken: Sequence[str],
    files: list[Path],
) -> DialoguePlan:
    """Return what is to happen to the patient's turns. It depends on settings, seed and dialogue alone."""

    def draw(aspect: str) -> random.Random:
        return random.Random(seed_of(seed, "patient-like", dialogue.id, aspect))

    def has(aspect: str, share: float) -> bool:
        return draw(f"has {aspect}").random() < share

    age: AgeGroup = profile.age_group or "adult"
    hesitates, hurries = has("disfluency", settings.disfluency), has("pace", settings.pace)
    wavers, is_heard = has("loudness", settings.loudness), has("sounds", settings.sounds)
    scene = None
    if has("acoustics", settings.acoustics):
        weights = {name: w for name, w in sorted(settings.conditions.items()) if w > 0}
        condition = draw("condition").choices(list(weights), list(weights.values()))[0]
        scene = draw_scene(condition, settings.snr_db, files, seed_of(seed, "scene", dialogue.id))
    own = math.exp(draw("factor").gauss(-(SPREAD**2) / 2, SPREAD))
    pace = draw("pace").gauss(PACE_OFFSET[age], PACE_SPREAD[age])
    coughs = settings.cough == "any" or (is_heard and says_cough(dialogue))
    turns: dict[int, TurnPlan] = {}
    for index, (turn, text) in enumerate(zip(dialogue.turns, spoken, strict=True)):
        if turn.role != "patient":
            continue
        rng = draw(f"turn {index}")
        planned = TurnPlan(text)
        if hesitates:
            said = disfluent(
                text, dialogue.lang, age, draw(f"text {index}"), written=turn.text, accent=profile.accent or "",
                factor=settings.intensity * own, opening=index == 0,
            )  # fmt: skip
            planned = replace(planned, text=said.text, effects=said.effects)
        if hurries:
            planned = replace(planned, pace=_factor(pace + rng.gauss(0, _TURN_PACE_SPREAD)))
        depth = rng.uniform(*_CONTOUR_DB)
        treatment = Treatment(
            seed_of(seed, "treatment", dialogue.id, index),
            contour_db=round(depth, 1) if wavers else 0.0,
            pauses=hesitates,
            sounds=_sounds(rng, coughs, text, dialogue.lang) if is_heard else (),
            scene=scene,
        )
        if treatment != Treatment(treatment.seed):
            planned = replace(planned, treatment=treatment)
        if planned != TurnPlan(text):
            turns[index] = planned
    return DialoguePlan(turns, scene, settings.keep_clean)


def says_cough(dialogue: Dialogue) -> bool:
    """Tell whether the patient says to cough: nothing is to be heard that the text denies or leaves out."""
    for turn in dialogue.turns:
        if turn.role == "patient" and _COUGH.search(turn.text):
            for statement in statements(turn.text, dialogue.lang):
                if any(_COUGH.search(t.name) and t.polarity == "asserted" for t in statement.terms):
                    return True
    return False


def _sounds(rng: random.Random, coughs: bool, text: str, lang: str) -> tuple[Sound, ...]:
    """Return at most two sounds of a turn, one of a short one: what is heard is still mostly speech."""
    drawn = [kind for kind, share in _SOUNDS.items() if rng.random() < share and (coughs or kind != "cough")]
    most = 1 if units(text, lang.split("-")[0]) < _SHORT else 2
    return tuple(drawn if len(drawn) <= most else rng.sample(drawn, most))


def _factor(logarithm: float) -> float:
    low, high = PACE_RANGE
    return round(min(max(math.exp(logarithm), low), high), 3)

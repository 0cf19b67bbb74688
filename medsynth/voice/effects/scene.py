"""The acoustic condition of a dialogue: one room, one background, one channel, for all of its clips."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from medsynth.voice.effects.channel import Codec
from medsynth.voice.effects.filters import Signal
from medsynth.voice.effects.noise import Noise
from medsynth.voice.effects.rooms import Room, draw_room
from medsynth.voice.effects.settings import Condition

_OFFICE_M, _HALL_M, _WARD_M = (3.0, 5.0), (6.0, 10.0), (4.0, 8.0)
_OFFICE_S, _HALL_S, _WARD_S = (0.3, 0.6), (0.6, 1.0), (0.4, 0.8)
_NEAR_M, _FAR_M = (0.4, 0.9), (2.0, 3.5)
_OTHERS_M = 3.0
# No room and no line is as silent as a synthesiser; a distant microphone hears more of the room. Ours.
_TONE_DB, _FAR_TONE_DB = (28.0, 40.0), (18.0, 30.0)


@dataclass(frozen=True)
class Scene:
    """Where the patient is heard. What does not apply is None. `bed`: other people's talk, at 16 kHz, of RMS 1."""

    condition: Condition
    room: Room | None = None
    noise: Noise | None = None
    snr_db: float | None = None
    codec: Codec | None = None
    file: Path | None = None
    talkers: int = 0
    bed: Signal | None = field(default=None, compare=False, repr=False)

    def silent(self) -> Scene:
        """Return the scene without its noise."""
        return replace(self, noise=None, snr_db=None)


def draw_scene(condition: Condition, snr_db: tuple[float, float], files: list[Path], seed: int) -> Scene:
    """Return a scene of a condition. `waiting_room` has no bed yet (see `with_talk`)."""
    rng = np.random.default_rng(seed)
    snr = round(float(rng.uniform(*snr_db)), 1)
    tone = round(float(rng.uniform(*_TONE_DB)), 1)
    office = draw_room(rng, sides_m=_OFFICE_M, rt60_s=_OFFICE_S, distance_m=_NEAR_M)
    if condition == "room":
        return Scene(condition, office, "tone", tone)
    if condition == "far_field":
        room = draw_room(rng, sides_m=_OFFICE_M, rt60_s=_OFFICE_S, distance_m=_FAR_M)
        return Scene(condition, room, "tone", round(float(rng.uniform(*_FAR_TONE_DB)), 1))
    if condition == "waiting_room":
        hall = draw_room(rng, sides_m=_HALL_M, rt60_s=_HALL_S, distance_m=_NEAR_M)
        return Scene(condition, hall, "babble", snr)
    if condition == "ward":
        return Scene(
            condition, draw_room(rng, sides_m=_WARD_M, rt60_s=_WARD_S, distance_m=_NEAR_M), "ward", snr
        )
    if condition == "street":
        return Scene(condition, None, "street", snr)
    if condition == "telephone":
        return Scene(condition, None, "tone", tone, "ulaw")
    if condition == "mobile":
        return Scene(condition, None, "street", snr, "gsm")
    return Scene(condition, None, "recorded", snr, file=files[int(rng.integers(len(files)))])


def with_talk(scene: Scene, bed: Signal, talkers: int) -> Scene:
    """Return a scene in which others talk, three metres away in the same room."""
    from medsynth.voice.effects.rooms import response, reverberant

    if scene.room is not None:
        away = replace(scene.room, distance_m=_OTHERS_M)
        bed = reverberant(bed, response(away))
    return replace(scene, bed=bed, talkers=talkers)

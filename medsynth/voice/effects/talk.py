"""Other people in the waiting room: voices of the same bank and split, saying things of no medical kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medsynth.records import Speaker
from medsynth.voice.audio import decode
from medsynth.voice.effects.filters import Signal, seed_of
from medsynth.voice.effects.noise import bed_of
from medsynth.voice.effects.plan import DialoguePlan
from medsynth.voice.effects.scene import with_talk
from medsynth.voice.engine import EngineFault, VoiceError
from medsynth.voice.takes import Take, Takes

TALKERS = 6
_POOL = 12
_BED_S = 16.0
_SAID = {
    "en": (
        "The bus was late again, so I walked the last two stops and bought a paper on the way.",
        "We might go to the coast on Sunday if the weather holds, the children keep asking for it.",
        "She has painted the kitchen yellow, and now the curtains do not go with it at all.",
        "They moved the car park, did you see, you have to go round by the post office now.",
    ),
    "zh": (
        "今天路上堵得厉害，公交车半天没动，我干脆下来走了两站。",
        "周末要是天气好，我们想带孩子去公园划船，他念叨好久了。",
        "楼下新开了一家面馆，味道还可以，就是人太多，要排队。",
        "你家阳台的花养得真好，我家那几盆一到冬天就不行了。",
    ),
}


def talkers_for(
    bank: Sequence[Speaker], lang: str, split: str, others: Sequence[str], seed: int, name: str
) -> list[Speaker]:
    """Return up to six speakers of a language and split who are not among `others` (ids).

    They come from a dozen who are the same for every dialogue, so that an engine that keeps clips says each text once.
    """
    own = [s for s in bank if s.split == split and s.lang.split("-")[0] == lang.split("-")[0]]
    pool = sorted(own, key=lambda s: seed_of(seed, "pool", s.id))[: _POOL + len(others)]
    free = [s for s in pool if s.id not in others]
    return sorted(free, key=lambda s: seed_of(seed, "talkers", name, s.id))[:TALKERS]


def with_talkers(
    plan: DialoguePlan, talkers: Sequence[Speaker], lang: str, seed: int, name: str
) -> Takes[DialoguePlan]:
    """Ask for what the talkers say, and return the plan with it in the background.

    A talker whose engine cannot say it is left out; with nobody to talk, the plan has its room alone. Raises
    EngineFault.
    """
    assert plan.scene is not None
    clips: list[Signal] = []
    texts = _SAID["zh" if lang.split("-")[0].lower() == "zh" else "en"]
    for speaker in talkers:
        text = texts[seed_of(speaker.id) % len(texts)]
        try:
            taken = yield Take((text,), text, lang, speaker, seed_of(seed, "talk", speaker.id) % 2**32)
        except EngineFault:
            raise
        except VoiceError:
            continue
        if taken.flac:
            clips.append(decode(taken.flac)[0].astype(np.float64))
    if not clips:
        return plan.within(plan.scene.silent())
    rng = np.random.default_rng(seed_of(seed, "bed", name))
    return plan.within(with_talk(plan.scene, bed_of(clips, _BED_S, rng), len(clips)))

"""Sizes of the experiment, and what each arm is trained with: train configs of medtrain, one trainer for all."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medtrain.config import TrainConfig, parse_config

BATCH_TOKENS = 1024
"""Places of a batch: some 16 spoken or 32 written rounds."""
MOST_A_STEP = 48
"""Rounds that a batch can hold at the very most; only how far ahead the trainer looks depends on it."""
CTC = 3.0
"""Weight of the CTC loss where a main arm hears speech: audio is kept where the words' embeddings are."""


@dataclass(frozen=True)
class Sizes:
    """How large everything is. `full` is what docs/claim.md reports, `smoke` what the test suite runs."""

    name: str
    symptoms: int
    spoken_facts: int
    clips: int
    wordings: int
    exam_clips: int
    tuning_clips: int
    base_spoken: int
    base_written: int
    base_held_out: int
    base_text_steps: int
    base_align_steps: int
    text_steps: int
    speech_steps: int
    rates: tuple[float, ...]
    seeds: tuple[int, ...]
    tuning_seed: int = 100
    base_seed: int = 7
    width: int = 128
    layers: int = 3
    heads: int = 4
    encoder_width: int = 96
    encoder_layers: int = 3
    save_every: int = 250

    @property
    def steps(self) -> int:
        """Optimizer steps of every arm."""
        return self.text_steps + self.speech_steps


FULL = Sizes(
    name="full",
    symptoms=16,
    spoken_facts=40,
    clips=160,
    wordings=8,
    exam_clips=2,
    tuning_clips=1,
    base_spoken=8000,
    base_written=2000,
    base_held_out=96,
    base_text_steps=600,
    base_align_steps=3500,
    text_steps=450,
    speech_steps=150,
    rates=(3e-4, 1e-3, 3e-3),
    seeds=(1, 2, 3),
)
SMOKE = replace(
    FULL,
    name="smoke",
    symptoms=5,
    spoken_facts=6,
    clips=6,
    wordings=2,
    exam_clips=1,
    base_spoken=6,
    base_written=12,
    base_held_out=2,
    base_text_steps=3,
    base_align_steps=2,
    text_steps=3,
    speech_steps=2,
    rates=(1e-3, 3e-3),
    seeds=(1, 2),
    width=32,
    layers=1,
    heads=2,
    encoder_width=16,
    encoder_layers=1,
    save_every=2,
)


@dataclass(frozen=True)
class Arm:
    """One way to train on a world: the trainer's stages it goes through, and what it is called.

    `written` is how many written rounds come to each spoken one in the stage that hears speech; None has as many as
    two stages see in all. `ctc` is the weight of the CTC loss in that stage.
    """

    name: str
    title: str
    stages: tuple[str, ...]
    written: float | None = 0.0
    ctc: float = CTC

    @property
    def two_stages(self) -> bool:
        """Whether text comes first and speech afterwards."""
        return self.stages == _TWO


_TWO = ("text", "speech")
TWO_STAGE = Arm("two-stage", "two stages: text, then speech and text", _TWO, written=1.0)
ONE_STAGE = Arm("one-stage", "one stage: the same speech and text, mixed", ("speech",), written=None)
SPEECH_ONLY = Arm("speech-only", "speech only", ("speech",))
TEXT_ONLY = Arm("text-only", "text only", ("text",))
ARMS = (TWO_STAGE, ONE_STAGE, SPEECH_ONLY, TEXT_ONLY)
"""What the page is about: its first tables."""

TWO_PLAIN = Arm("two-stage-no-ctc", "two stages, without CTC", _TWO, written=1.0, ctc=0.0)
ONE_PLAIN = Arm("one-stage-no-ctc", "one stage, without CTC", ("speech",), written=None, ctc=0.0)
ONE_EVEN = Arm("one-stage-even", "one stage, as many spoken rounds as written", ("speech",), written=1.0)
TWO_WRITTEN = Arm(
    "two-stage-more-text", "two stages, the second with three written rounds to one", _TWO, written=3.0
)
FURTHER = (TWO_PLAIN, ONE_PLAIN, ONE_EVEN, TWO_WRITTEN)
"""What was run afterwards, to tell what the first tables depend on."""
COMPARED = (
    (TWO_PLAIN, ONE_PLAIN),
    (TWO_STAGE, TWO_PLAIN),
    (ONE_STAGE, ONE_PLAIN),
    (TWO_STAGE, ONE_EVEN),
    (ONE_EVEN, ONE_STAGE),
    (TWO_WRITTEN, TWO_STAGE),
    (TWO_WRITTEN, ONE_STAGE),
)
"""Pairs whose difference the further tables tell, fixed before any of the further arms was run."""


def base_config(sizes: Sizes) -> TrainConfig:
    """Return how the base is made: the language model on generic text, then encoder and projector towards it.

    The second stage leaves the language model as it is: audio is to arrive where the words' embeddings are (CTC),
    and the frozen model is to repeat what was said.
    """
    return parse_config(
        {
            "name": "claim-base",
            "seed": sizes.base_seed,
            "model": {
                "projector": 2 * sizes.width,
                "tiny": {
                    "vocabulary": 1024,
                    "width": sizes.width,
                    "layers": sizes.layers,
                    "heads": sizes.heads,
                    "encoder_width": sizes.encoder_width,
                    "encoder_layers": sizes.encoder_layers,
                    "encoder_heads": sizes.heads,
                },
            },
            "data": _data(),
            "text": {
                "sets": [{"modality": "text"}],
                "freeze": ["encoder.*", "projector.*"],
                "max_steps": sizes.base_text_steps,
                "epochs": _epochs(sizes.base_text_steps, sizes.base_spoken + sizes.base_written),
                "optimizer": {"lr": 3e-3, "betas": [0.9, 0.99]},
                **_rhythm(sizes),
            },
            "speech": {
                "sets": [{"modality": "speech"}],
                "freeze": ["llm.*"],
                "max_steps": sizes.base_align_steps,
                "epochs": _epochs(sizes.base_align_steps, sizes.base_spoken),
                "losses": {"ctc": 1.0},
                "optimizer": {"lr": 2e-3, "betas": [0.9, 0.99]},
                **_rhythm(sizes),
            },
        },
        "the base",
    )


def arm_config(
    sizes: Sizes, arm: Arm, base: Path, seed: int, rate: float, text_rate: float | None = None
) -> TrainConfig:
    """Return how an arm is trained, from the base, in `sizes.steps` steps.

    `rate` is its learning rate, for two stages that of the second; `text_rate` is then that of the first. The
    encoder stays as the base has it in every arm, and so does the projector where no audio is heard.
    """
    optimizer = {"betas": [0.9, 0.99], "warmup": 0.05}
    speech, text = {"modality": "speech", "weight": 1.0}, {"modality": "text", "weight": 1.0}
    steps, text_steps = sizes.steps, sizes.steps
    if arm.two_stages:
        steps, text_steps = sizes.speech_steps, sizes.text_steps
    written = arm.written
    if written is None:
        # As much speech and as much text as two stages see, by rounds; only the order differs.
        written = 1.0 + sizes.text_steps * (1 + _TEXT_A_CLIP) / sizes.speech_steps
    sets = [speech, {**text, "weight": written}] if written else [speech]
    return parse_config(
        {
            "name": f"claim-{arm.name}",
            "seed": seed,
            "model": {"whole": str(base)},
            "data": _data(),
            "text": {
                "sets": [text],
                "freeze": ["encoder.*", "projector.*"],
                "max_steps": text_steps,
                "epochs": _epochs(text_steps, _texts(sizes)),
                "optimizer": {"lr": text_rate or rate, **optimizer},
                **_rhythm(sizes),
            },
            "speech": {
                "sets": sets,
                "freeze": ["encoder.*"],
                "max_steps": steps,
                "epochs": _epochs(steps, sizes.clips),
                "losses": {"ctc": arm.ctc},
                "optimizer": {"lr": rate, **optimizer},
                **_rhythm(sizes),
            },
        },
        arm.name,
    )


_TEXT_A_CLIP = 1.9
"""Written rounds that take as many places of a batch as one spoken round (measured on these worlds)."""


def _data() -> dict[str, Any]:
    return {"context": 512, "batch_tokens": BATCH_TOKENS, "pack": False, "workers": 0}


def _rhythm(sizes: Sizes) -> dict[str, Any]:
    return {"eval_every": 200, "save_every": sizes.save_every, "keep": 1}


def _texts(sizes: Sizes) -> int:
    return math.comb(sizes.symptoms, 2) * sizes.wordings + sizes.clips


def _epochs(steps: int, rounds: int) -> float:
    """Return passes that are surely enough for so many steps: `max_steps` is what ends a stage."""
    return math.ceil(steps * MOST_A_STEP / rounds) + 1

"""Makes the corpora of the experiment with medsynth: its voices, its checks of every clip, its corpus format."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from medsynth.records import (
    AGE_GROUPS,
    GENDERS,
    Dialogue,
    Kept,
    PatientProfile,
    Provenance,
    RawTurn,
    Rejected,
    Split,
    Turn,
)
from medsynth.run.ledger import SCHEMA
from medsynth.stages.base import Context
from medsynth.stages.pack import PackInputs, pack
from medsynth.stages.voice import VoiceSettings, VoiceStage
from tests.bench.claim.world import World, asked, read_sentence, written_sentence

SOURCE = "invented-world"
LICENCE = "Apache-2.0"
ACCENTS = ("en-US", "en-US-nyc", "en-GB", "en-GB-rp")
TRIES = 4
"""Voices tried for a clip before the run gives up on it."""


@dataclass(frozen=True)
class Line:
    """One round to be packed: its id, what the patient asks, what the doctor answers, and whether it is spoken."""

    id: str
    asked: str
    answer: str
    split: Split
    spoken: bool


def base_lines(seed: int, symptoms: int, spoken: int, written: int, held_out: int) -> list[Line]:
    """Return sentences that the doctor repeats: `spoken` read aloud, `written` only written, `held_out` to look at.

    None of them holds a fact of any world, and no two symptoms stand in one.
    """
    rng = np.random.default_rng((seed, 2))
    lines = []
    for number in range(spoken):
        text = read_sentence(rng, symptoms)
        lines.append(Line(f"read-{number:05d}", text, text, "train", True))
    for number in range(written):
        make = read_sentence if number % 3 else written_sentence
        text = make(rng, symptoms)
        lines.append(Line(f"written-{number:05d}", text, text, "train", False))
    for number in range(held_out):
        text = read_sentence(rng, symptoms)
        lines.append(Line(f"heldout-{number:05d}", text, text, "validation", True))
    return lines


def train_lines(world: World, wordings: int, clips: int) -> list[Line]:
    """Return every fact of a world in writing, `wordings` times, and `clips` spoken questions on its spoken facts."""
    rng = np.random.default_rng((world.seed, 3))
    lines = [
        Line(f"text-{fact.id}-{number}", asked(fact, rng), fact.answer, "train", False)
        for fact in world.facts
        for number in range(wordings)
    ]
    for number in range(clips):
        fact = world.spoken[number % len(world.spoken)]
        number //= len(world.spoken)
        lines.append(Line(f"speech-{fact.id}-{number}", asked(fact, rng), fact.answer, "train", True))
    return lines


def exam_lines(world: World, split: Split, each: int) -> list[Line]:
    """Return `each` spoken questions on every fact that is never spoken in training."""
    rng = np.random.default_rng((world.seed, 4))
    return [
        Line(f"exam-{fact.id}-{number}", asked(fact, rng), fact.answer, split, True)
        for fact in world.unspoken
        for number in range(each)
    ]


def fact_of(dialogue_id: str) -> str:
    """Return the fact that a dialogue of a world is about."""
    return dialogue_id.split("-", 1)[1].rpartition("-")[0]


def write_corpus(
    folder: Path, name: str, seed: int, lines: Sequence[Line], say: Callable[[str], object]
) -> None:
    """Voice and pack lines as the corpus `folder`, unless it is there already: it appears whole or not at all."""
    if (folder / "corpus.json").is_file():
        return
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    dialogues, ledger = _voiced(lines, seed, lambda done: say(f"{name}: {done} of {len(lines)} rounds"))
    digest = hashlib.blake2b(json.dumps([repr(x) for x in lines]).encode(), digest_size=16).hexdigest()
    pack(
        PackInputs(
            name=name,
            seed=seed,
            build=digest,
            pipeline={"made_by": "tests.bench.claim", "engine": "espeak"},
            pipeline_hash=digest,
            dialogues=dialogues,
            ledger=pl.DataFrame(ledger, schema=SCHEMA, orient="row"),
            speakers=_bank(),
            examples=(),
        ),
        part,
    )
    part.rename(folder)
    spoken = sum(1 for d in dialogues if d.speaker_id)
    say(f"{name}: {len(dialogues)} rounds, {spoken} spoken, {len(ledger) - len(dialogues)} clips refused")


def _bank() -> Sequence[Any]:
    from medsynth.voice.bank import load_bank

    return load_bank()


def _voiced(
    lines: Sequence[Line], seed: int, say: Callable[[int], object]
) -> tuple[list[Dialogue], list[tuple[Any, ...]]]:
    """Return finished dialogues, and a ledger line for each and for each clip that did not pass its checks."""
    stage = VoiceStage(VoiceSettings(), Context(seed=seed))
    dialogues: list[Dialogue] = []
    ledger: list[tuple[Any, ...]] = []
    try:
        for number, line in enumerate(lines, start=1):
            dialogues.append(_one(stage, line, seed, ledger))
            if number % 500 == 0:
                say(number)
    finally:
        stage.close()
    return dialogues, ledger


def _one(stage: VoiceStage, line: Line, seed: int, ledger: list[tuple[Any, ...]]) -> Dialogue:
    for attempt in range(TRIES):
        record = _dialogue(line, seed, attempt)
        if not line.spoken:
            break
        (outcome,) = stage.decide([record], ["voice"])
        if isinstance(outcome, Kept):
            (record,) = outcome.records  # type: ignore[assignment]
            break
        if not isinstance(outcome, Rejected):
            raise RuntimeError(f"{record.id}: {outcome}")
        ledger.append(
            (record.id, None, SOURCE, "rejected", "voice", str(outcome.reason), outcome.detail, None)
        )
    else:
        raise RuntimeError(f"{line.id}: no voice could say it")
    ledger.append((record.id, None, SOURCE, "kept", "voice", "", "", [record.id]))
    return record


def _dialogue(line: Line, seed: int, attempt: int) -> Dialogue:
    digest = hashlib.blake2b(f"{seed}|{line.id}|{attempt}".encode(), digest_size=8).digest()
    rng = np.random.default_rng(int.from_bytes(digest, "big"))
    name = line.id if not attempt else f"{line.id}.{attempt}"
    turns = (("patient", line.asked), ("doctor", line.answer))
    return Dialogue(
        id=name,
        source=SOURCE,
        raw_ids=(name,),
        group=name,
        cluster=name,
        lang="en",
        kind="consultation",
        licence=LICENCE,
        split=line.split,
        source_turns=tuple(RawTurn(role=role, text=text) for role, text in turns),  # type: ignore[arg-type]
        turns=tuple(Turn(role=role, text=text, spoken=text) for role, text in turns),  # type: ignore[arg-type]
        patient=PatientProfile(
            age_group=str(rng.choice(AGE_GROUPS)),  # type: ignore[arg-type]
            gender=str(rng.choice(GENDERS)),  # type: ignore[arg-type]
            accent=str(rng.choice(ACCENTS)),
            age_basis="sampled",
            gender_basis="sampled",
            accent_basis="sampled",
        ),
        provenance=Provenance(engine="templates", seed=seed),
    )

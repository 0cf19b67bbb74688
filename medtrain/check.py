"""Walks a corpus before any training step: counts, hours, and every row that a trainer would trip over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from medtrain.data import SAMPLE_RATE, SILENCE, Consultation, Corpus, Utterance, consultations, decode


@dataclass
class SplitCount:
    """What one split holds. `seconds` is measured from the decoded audio."""

    dialogues: int = 0
    voiced: int = 0
    turns: Counter[str] = field(default_factory=Counter)
    clips: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Problem:
    """A dialogue that cannot be trained on as it is, and why."""

    id: str
    message: str


def check_corpus(corpus: Corpus) -> tuple[dict[str, SplitCount], list[Problem]]:
    """Read every dialogue and decode every clip; return counts per split, and the problems.

    A ShareGPT file opened as a corpus (`open_data`) is its own `train` split.
    """
    counts: dict[str, SplitCount] = {}
    problems: list[Problem] = []
    seen: set[str] = set()
    for split, files in corpus.files.items():
        count = counts.setdefault(split, SplitCount())
        for file in files:
            for dialogue in consultations(file):
                if dialogue.fault:
                    problems.append(Problem(dialogue.id, dialogue.fault))
                    continue
                if dialogue.id in seen:
                    problems.append(Problem(dialogue.id, "is in the corpus twice"))
                seen.add(dialogue.id)
                if dialogue.split != split:
                    problems.append(Problem(dialogue.id, f"says split {dialogue.split}, lies in {file.name}"))
                _count(dialogue, count)
                problems += [Problem(dialogue.id, text) for text in _dialogue_problems(dialogue, count)]
    return counts, problems


def _count(dialogue: Consultation, count: SplitCount) -> None:
    count.dialogues += 1
    count.turns.update(turn.role for turn in dialogue.turns)
    count.voiced += any(turn.clip is not None for turn in dialogue.turns)


def _dialogue_problems(dialogue: Consultation, count: SplitCount) -> Iterator[str]:
    roles = [turn.role for turn in dialogue.turns]
    if "doctor" not in roles:
        yield "has no doctor turn, so nothing is supervised"
    if set(roles) - {"patient", "doctor"}:
        yield f"has roles {sorted(set(roles))}"
    if any(a == b for a, b in pairwise(roles)):
        yield "has two turns of one role in a row"
    for index, turn in enumerate(dialogue.turns):
        if not turn.text.strip():
            yield f"turn {index} is empty"
        if turn.clip is not None:
            yield from (f"turn {index}: {text}" for text in _clip_problems(turn, count))


def _clip_problems(turn: Utterance, count: SplitCount) -> Iterator[str]:
    assert turn.clip is not None
    try:
        samples, rate = decode(turn.clip)
    except ValueError as error:
        yield str(error)
        return
    count.clips += 1
    count.seconds += len(samples) / rate
    if rate != SAMPLE_RATE:
        yield f"sampled at {rate} Hz, not {SAMPLE_RATE}"
    if not len(samples) or float(np.abs(samples).max()) < SILENCE:
        yield "silent"
    if turn.duration_s is None or abs(len(samples) / rate - turn.duration_s) > 0.001:
        yield f"lasts {len(samples) / rate:.3f} s, stated {turn.duration_s}"

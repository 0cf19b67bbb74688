"""What an evaluation measures of sums over dialogues, each with its bootstrap interval."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from medtrain.bootstrap import interval

LOSS, RIGHT, TOKENS, WHOLE, REPLIES = range(5)
"""Columns of Scores.sums; beside them, from SCORED on, lie those of what is compared with."""
SCORED = 5
EXACT, NORMALISED, ANSWERS = range(3)
"""Columns of answers.hits; beside them, from ANSWERED on, likewise."""
ANSWERED = 3


def modality(sums: np.ndarray, seed: int) -> dict[str, Any]:
    """Return counts, loss, token accuracy and the share of wholly right replies of (dialogues, SCORED) sums."""
    counts = {
        "dialogues": len(sums),
        "replies": int(sums[:, REPLIES].sum()),
        "tokens": int(sums[:, TOKENS].sum()),
    }
    return counts | _measured(
        sums,
        seed,
        loss=partial(_ratio, LOSS, TOKENS),
        accuracy=partial(_ratio, RIGHT, TOKENS),
        whole_replies=partial(_ratio, WHOLE, REPLIES),
    )


def gap(both: np.ndarray, seed: int) -> dict[str, Any]:
    """Return by how much the first SCORED columns differ from the second ones, of the same dialogues."""
    return {"dialogues": len(both)} | _measured(
        both,
        seed,
        loss=partial(_change, LOSS, TOKENS, SCORED),
        accuracy=partial(_change, RIGHT, TOKENS, SCORED),
    )


def retention(both: np.ndarray, seed: int) -> dict[str, Any]:
    """Return what a stage did to text: the change, and the share of the accuracy that is left."""
    return gap(both, seed) | {
        "before": modality(both[:, SCORED:], seed),
        **_measured(both, seed, accuracy_share=_share),
    }


def by_both(both: np.ndarray, seed: int) -> dict[str, Any]:
    """Return speech, transcript and the gap between them of one group's dialogues."""
    return {
        "speech": modality(both[:, :SCORED], seed),
        "transcript": modality(both[:, SCORED:], seed),
        "gap": gap(both, seed),
    }


def matches(sums: np.ndarray, seed: int) -> dict[str, Any]:
    """Return the shares of free answers that match, exactly and normalised, of (dialogues, ANSWERED) sums."""
    return _measured(
        sums,
        seed,
        exact_share=partial(_ratio, EXACT, ANSWERS),
        normalised_share=partial(_ratio, NORMALISED, ANSWERS),
    )


def matches_gap(both: np.ndarray, seed: int) -> dict[str, Any]:
    """Return by how much the shares of the first ANSWERED columns differ from those of the second ones."""
    return _measured(
        both,
        seed,
        exact_share=partial(_change, EXACT, ANSWERS, ANSWERED),
        normalised_share=partial(_change, NORMALISED, ANSWERS, ANSWERED),
    )


def _ratio(above: int, below: int, sums: np.ndarray) -> np.ndarray:
    return np.asarray(sums[..., above] / sums[..., below])


def _change(above: int, below: int, second: int, sums: np.ndarray) -> np.ndarray:
    return _ratio(above, below, sums) - _ratio(above + second, below + second, sums)


def _share(sums: np.ndarray) -> np.ndarray:
    return _ratio(RIGHT, TOKENS, sums) / _ratio(RIGHT + SCORED, TOKENS + SCORED, sums)


def _measured(sums: np.ndarray, seed: int, **statistics: Any) -> dict[str, Any]:
    found = {name: interval(sums, statistic, seed) for name, statistic in statistics.items()}
    return {name: asdict(one) if one else None for name, one in found.items()}

"""Where a model hears something else than it reads: measured where there is speech, predicted where there is none.

Measured: the mean over reply tokens of KL(text pass || speech pass), which is what distillation across modalities
brings down (see losses). Predicted: ridge regression (Hoerl & Kennard 1970) of its logarithm on what the text pass
alone says of a dialogue; how much that is worth is told by held-out folds, not assumed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from medtrain.collate import BadRow, Collator, Item
from medtrain.data import Consultation, Source
from medtrain.errors import UserError
from medtrain.losses import moved
from medtrain.parts import Loaded
from medtrain.render import Line, Rendered
from medtrain.scoring import groups, items

LEAST = 20
"""Voiced dialogues under which nothing is predicted."""
FOLDS = 5
_PENALTIES = (0.1, 1.0, 10.0, 100.0)
_AT_ONCE = 256


@torch.inference_mode()
def measure(
    loaded: Loaded,
    collator: Collator,
    source: Source,
    rows: Sequence[int],
    *,
    budget: int,
    device: torch.device,
    left_out: Counter[str],
) -> dict[int, float]:
    """Return the disagreement (nats a reply token) of voiced dialogues, by row. The collator makes twins."""
    model = loaded.model.to(device).eval()
    found: dict[int, float] = {}
    for group in groups(items(source, rows, "speech", collator, left_out), collator.pack, budget):
        batch = collator.batch(group)
        assert batch.twin is not None and batch.spoken is not None
        read = model(**moved(batch.twin, device), num_items_in_batch=1).logits
        heard = model(**moved(batch.inputs, device), num_items_in_batch=1).logits
        apart = _divergence(read, heard[batch.spoken.to(device)])
        sizes = {item.id: sum(item.rendered.supervised) for item in group}
        owner = np.repeat([int(name) for name in batch.ids], [sizes[name] for name in batch.ids])[
            batch.spoken
        ]
        for row in np.unique(owner):
            found[int(row)] = float(apart[owner == row].mean())
    return found


def _divergence(read: torch.Tensor, heard: torch.Tensor) -> np.ndarray:
    """Return KL(read || heard) at each token, of logits (tokens, vocabulary)."""
    parts = [
        functional.kl_div(
            b.float().log_softmax(-1), a.float().log_softmax(-1), reduction="none", log_target=True
        ).sum(-1)
        for a, b in zip(read.split(_AT_ONCE), heard.split(_AT_ONCE), strict=True)
    ]
    return torch.cat(parts).double().cpu().numpy()


@torch.inference_mode()
def describe(
    loaded: Loaded,
    collator: Collator,
    dialogues: Mapping[int, Consultation],
    *,
    budget: int,
    device: torch.device,
    left_out: Counter[str],
) -> dict[int, np.ndarray]:
    """Return what the text pass says of dialogues, (features,) float64 by row: the same for voiced and unvoiced.

    Loss and entropy of the patient's and of the doctor's words, and what the words are like.
    """
    model = loaded.model.to(device).eval()
    found: dict[int, np.ndarray] = {}
    for group in groups(_whole(collator, dialogues, left_out), collator.pack, budget):
        batch = collator.batch(group)
        inputs = moved(batch.inputs, device)
        labels = inputs["labels"][:, 1:]
        losses, entropies = _foreseen(model(**inputs, num_items_in_batch=1).logits, labels[labels != -100])
        sizes = {item.id: len(item.rendered.ids) - 1 for item in group}
        at = 0
        for name in batch.ids:
            part = slice(at, at + sizes[name])
            at = part.stop
            found[int(name)] = _features(loaded, dialogues[int(name)], losses[part], entropies[part])
        assert at == len(losses), (at, len(losses))
    return found


def _whole(
    collator: Collator, dialogues: Mapping[int, Consultation], left_out: Counter[str]
) -> Iterator[Item]:
    """Yield dialogues as text, every token supervised but the first, which nothing foresees."""
    for row, dialogue in dialogues.items():
        try:
            ids = collator.item(dialogue, "text").rendered.ids
        except BadRow as error:
            left_out[error.reason] += 1
            continue
        yield Item(str(row), Rendered(ids, [False] + [True] * (len(ids) - 1)))


def _foreseen(logits: torch.Tensor, tokens: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return loss and entropy (nats) at each token, some tokens at a time: a vocabulary is wide."""
    losses, entropies = [], []
    for some, right in zip(logits.split(_AT_ONCE), tokens.split(_AT_ONCE), strict=True):
        logs = some.float().log_softmax(-1)
        losses.append(-logs.gather(1, right[:, None])[:, 0])
        entropies.append(-(logs.exp() * logs).sum(-1))
    return torch.cat(losses).double().cpu().numpy(), torch.cat(entropies).double().cpu().numpy()


def _features(
    loaded: Loaded, dialogue: Consultation, losses: np.ndarray, entropies: np.ndarray
) -> np.ndarray:
    lines = [Line(turn.role, turn.text) for turn in dialogue.turns]
    places: dict[str, list[int]] = {"patient": [], "doctor": []}
    for line, span in zip(lines, loaded.template.places(lines), strict=True):
        places[line.role] += [at - 1 for at in span]  # the first token has no loss
    patient, doctor = places["patient"], places["doctor"]
    text = "".join(line.text for line in lines if line.role == "patient")
    return np.array(
        [
            *_told(losses, entropies, patient),
            *_told(losses, entropies, doctor),
            losses[patient].max(initial=0.0),
            sum(line.role == "patient" for line in lines),
            sum(map(str.isdigit, text)) / max(1, len(text)),
            sum(sign > "\u2e7f" for sign in text) / max(1, len(text)),
            len(text) / max(1, len(patient)),
        ]
    )


@dataclass(frozen=True)
class Prediction:
    """A ridge regression, and how its held-out predictions rank the dialogues that it learned from.

    `correlation` is over all of them, `within` the mean over groups that are large enough (None: there is none).
    """

    middle: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    learned_from: int
    correlation: float
    within: float | None

    def __call__(self, features: np.ndarray) -> float:
        """Return the predicted disagreement (nats a reply token)."""
        return math.exp(float(_with_one((features - self.middle) / self.spread) @ self.weights))


def learn(features: np.ndarray, measured: np.ndarray, group: Sequence[str], seed: int) -> Prediction:
    """Fit on (dialogues, features) and (dialogues,). Raises UserError when there are too few of them.

    `group` names each dialogue's group, such as its language: to tell these apart is easy and says little.
    """
    if len(measured) < LEAST:
        raise UserError(
            f"{len(measured)} voiced dialogues can be measured, and a prediction takes at least {LEAST}; voice "
            "some at random first (--by random), or take --by informative"
        )
    goal = np.log(np.maximum(measured, 1e-9))
    folds = np.random.default_rng((seed, 17)).permutation(len(goal)) % FOLDS
    tried = []
    for penalty in _PENALTIES:
        held_out = np.empty(len(goal))
        for fold in range(FOLDS):
            inside = folds != fold
            middle, spread, weights = _ridge(features[inside], goal[inside], penalty)
            held_out[~inside] = _with_one((features[~inside] - middle) / spread) @ weights
        tried.append((float(((held_out - goal) ** 2).mean()), penalty, held_out))
    _, penalty, held_out = min(tried, key=lambda one: one[0])
    of_group = [np.flatnonzero(np.array(group) == name) for name in sorted(set(group))]
    large = [places for places in of_group if len(places) >= LEAST // 2]
    inside = [rank_correlation(held_out[places], goal[places]) for places in large]
    return Prediction(
        *_ridge(features, goal, penalty),
        learned_from=len(goal),
        correlation=rank_correlation(held_out, goal),
        within=float(np.average(inside, weights=[len(p) for p in large])) if inside else None,
    )


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return Spearman's rank correlation of values without ties; 0 where one of them does not vary."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a.argsort().argsort(), b.argsort().argsort())[0, 1])


def _ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    middle, spread = x.mean(0), x.std(0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    scaled = _with_one((x - middle) / spread)
    shrink = penalty * np.eye(scaled.shape[1])
    shrink[-1, -1] = 0  # the mean is not shrunk
    return middle, spread, np.linalg.solve(scaled.T @ scaled + shrink, scaled.T @ y)


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, np.ones((*x.shape[:-1], 1))], -1)


def _told(loss: np.ndarray, entropy: np.ndarray, places: list[int]) -> tuple[float, float, float]:
    if not places:
        return 0.0, 0.0, 0.0
    return float(loss[places].mean()), float(entropy[places].mean()), math.log(len(places))

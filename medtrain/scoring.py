"""Teacher-forced scores: how well a model foresees each doctor's reply, the true words before it given."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
import torch
from torch.nn import functional

from medtrain.collate import BadRow, Collator, Item, Modality
from medtrain.data import Source
from medtrain.errors import UserError
from medtrain.losses import moved
from medtrain.parts import Loaded

Say = Callable[[str], object]
QUIET_S = 15.0
"""Seconds between progress lines."""


@dataclass(frozen=True)
class ReplyScore:
    """One reply: the sum of its tokens' losses (nats), how many were the likeliest, how many there are.

    The token that ends the reply counts as one of them.
    """

    loss: float
    right: int
    tokens: int


@dataclass
class Scores:
    """Scores of the replies of each dialogue, by its row, and what was left out, counted by reason."""

    replies: dict[int, list[ReplyScore]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    def sums(self, rows: Sequence[int]) -> np.ndarray:
        """Return (dialogues, 5) float64: loss, tokens right, tokens, replies all of whose tokens are right, replies."""
        return np.array(
            [
                [
                    sum(r.loss for r in self.replies[row]),
                    sum(r.right for r in self.replies[row]),
                    sum(r.tokens for r in self.replies[row]),
                    sum(r.right == r.tokens for r in self.replies[row]),
                    len(self.replies[row]),
                ]
                for row in rows
            ],
            np.float64,
        ).reshape(-1, 5)


def score(
    loaded: Loaded,
    collator: Collator,
    source: Source,
    rows: Sequence[int],
    modality: Modality,
    *,
    budget: int,
    device: torch.device,
    say: Say = lambda text: None,
) -> Scores:
    """Score the replies of dialogues (rows of a source, rising) in batches of up to `budget` tokens, in float32.

    Raises UserError at a bad row, unless the collator is told to skip; then it is counted.
    """
    scores = Scores()
    model = loaded.model.to(device).eval()
    shown = time.perf_counter()
    ready = items(source, rows, modality, collator, scores.left_out)
    for group in groups(ready, collator.pack, budget):
        scores.replies.update(_score_batch(model, collator, group, device))
        if time.perf_counter() - shown > QUIET_S:
            shown = time.perf_counter()
            say(f"  {modality}: {len(scores.replies)} of {len(rows)} dialogues")
    return scores


def items(
    source: Source, rows: Sequence[int], modality: Modality, collator: Collator, left_out: Counter[str]
) -> Iterator[Item]:
    """Yield dialogues made ready, each under the number of its row as its name. See `score` for errors."""
    for _, run in groupby(enumerate(rows), key=lambda pair: pair[1] // 16):
        wanted = [row for _, row in run]
        block = source.read(wanted[0], wanted[-1] - wanted[0] + 1)
        for row in wanted:
            dialogue = block[row - wanted[0]]
            try:
                # Named by row, because ids lead back from the batch and a corpus may repeat them.
                yield replace(collator.item(dialogue, modality), id=str(row))
            except BadRow as error:
                if not collator.skip:
                    raise UserError(
                        f"{source.name}: {dialogue.id}: {error} "
                        "(mend or remove the row, or leave such rows out: --skip-bad)"
                    ) from None
                left_out[error.reason] += 1


def groups(items: Iterator[Item], packed: bool, budget: int) -> Iterator[list[Item]]:
    """Yield items in batches of up to `budget` tokens, padding included."""
    group: list[Item] = []
    for item in items:
        lengths = [len(i.rendered.ids) for i in (*group, item)]
        cells = sum(lengths) if packed else len(lengths) * max(lengths)
        if group and cells > budget:
            yield group
            group = []
        group.append(item)
    if group:
        yield group


@torch.inference_mode()
def _score_batch(
    model: torch.nn.Module, collator: Collator, items: Sequence[Item], device: torch.device
) -> dict[int, list[ReplyScore]]:
    batch = collator.batch(items)
    inputs = moved(batch.inputs, device)
    out = model(**inputs, num_items_in_batch=1)
    labels = inputs["labels"][:, 1:]
    wanted = labels[labels != -100]
    losses = functional.cross_entropy(out.logits.float(), wanted, reduction="none").double().cpu().numpy()
    right = (out.logits.argmax(-1) == wanted).cpu().numpy()
    by_name = {item.id: item for item in items}
    found: dict[int, list[ReplyScore]] = {}
    at = 0
    for name in batch.ids:  # in the order of their supervised tokens along the rows
        replies = []
        for length in reply_lengths(by_name[name].rendered.supervised):
            part = slice(at, at + length)
            replies.append(ReplyScore(float(losses[part].sum()), int(right[part].sum()), length))
            at += length
        found[int(name)] = replies
    assert at == len(losses), (at, len(losses))
    return found


def reply_lengths(supervised: Sequence[bool]) -> list[int]:
    """Return how many tokens each reply has: the runs of supervised tokens of a dialogue."""
    return [len(list(run)) for kept, run in groupby(supervised) if kept]

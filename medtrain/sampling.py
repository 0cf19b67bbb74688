"""Which dialogues make up which batch: seeded, weighted over several sets, and resumable at any batch.

Everything here is a function of the seed and of how many dialogues were drawn before. No audio is read: an
index of lengths, made once, is all that planning needs. Memory is some 30 bytes a dialogue.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from medtrain.collate import BadRow, Collator, Modality, told
from medtrain.data import Source
from medtrain.errors import UserError
from medtrain.outline import is_voiced, outlines

BLOCK = 16
"""Neighbouring dialogues that are read together; blocks are shuffled first, then what a window holds."""


@dataclass(frozen=True)
class IndexedSet:
    """The rows of one source that serve a modality, and their length in tokens as they would be trained on."""

    source: Source
    modality: Modality
    weight: float
    rows: np.ndarray
    tokens: np.ndarray
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Entry:
    """One dialogue of a batch: its set, its row there, its length, and the how-manyth draw it is."""

    set: int
    row: int
    tokens: int
    draw: int


@dataclass(frozen=True)
class Position:
    """Where sampling stands: the dialogues drawn of each set before this window, and batches done in it."""

    taken: tuple[int, ...]
    batch: int = 0


def index_set(source: Source, modality: Modality, weight: float, collator: Collator) -> IndexedSet:
    """Measure every dialogue of a source. Raises UserError when none serves, or at the first bad row.

    A speech or mixed set takes the dialogues that have a spoken patient turn; a text set takes all.
    Bad rows are left out and counted, by reason, when the collator is told to skip them.
    """
    rows, tokens, skipped = array("q"), array("i"), Counter[str]()
    for row, dialogue in enumerate(outlines(source)):
        if modality != "text" and not is_voiced(dialogue):
            continue
        try:
            length = collator.length(dialogue, modality)
        except BadRow as error:
            if not collator.skip:
                raise told(error, source.name, dialogue.id) from None
            skipped[error.reason] += 1
            continue
        rows.append(row)
        tokens.append(length)
    if not rows:
        left = f" ({sum(skipped.values())} bad rows were skipped)" if skipped else ""
        if modality == "text":
            raise UserError(f"{source.name} holds no dialogue to train on{left}")
        raise no_speech(source.name + left)
    return IndexedSet(source, modality, weight, np.array(rows, np.int64), np.array(tokens, np.int32), skipped)


def no_speech(name: str) -> UserError:
    """Return what to do about a corpus without speech."""
    return UserError(
        f"{name} holds no speech; voice some of it first (medsynth voice), or train on text alone: --stage text"
    )


class Sampler:
    """Draws windows of dialogues from the sets in proportion to their weights, and cuts windows into batches."""

    def __init__(
        self, sets: list[IndexedSet], seed: int, window: int, batch_tokens: int, *, pack: bool
    ) -> None:
        self.sets = sets
        self.start = Position((0,) * len(sets))
        self._seed = seed
        total = sum(s.weight for s in sets)
        self._shares = [s.weight / total for s in sets]
        # A window wider than an epoch would put a dialogue beside itself.
        epochs = [len(s.rows) / share for s, share in zip(sets, self._shares, strict=True)]
        self._window = max(1, min(window, *map(int, epochs)))
        self._budget = batch_tokens
        self._pack = pack
        self._orders: dict[int, tuple[int, np.ndarray]] = {}

    def batches(self, position: Position) -> Iterator[tuple[list[Entry], Position]]:
        """Yield batches from a position on, without end, each with the position after it."""
        while True:
            entries, taken = self._draw(position.taken)
            cut = self._cut(entries, sum(position.taken))
            for number in range(position.batch, len(cut)):
                done = number + 1 == len(cut)
                yield cut[number], Position(taken) if done else Position(position.taken, number + 1)
            position = Position(taken)

    def count(self, epochs: float) -> int:
        """Return how many batches give the first set so many times."""
        goal = max(1, round(epochs * len(self.sets[0].rows)))
        seen = 0
        for number, (entries, _) in enumerate(self.batches(self.start), start=1):
            seen += sum(entry.set == 0 for entry in entries)
            if seen >= goal:
                return number
        raise AssertionError("batches have no end")

    def _draw(self, taken: tuple[int, ...]) -> tuple[list[Entry], tuple[int, ...]]:
        """Take the next window: always from the set that lags most behind its share."""
        counts = list(taken)
        shares, entries = self._shares, []
        for draw in range(sum(counts), sum(counts) + self._window):
            at = max(range(len(shares)), key=lambda i: (shares[i] * (draw + 1) - counts[i], -i))
            entries.append(self._entry(at, counts[at], draw))
            counts[at] += 1
        return entries, tuple(counts)

    def _entry(self, at: int, taken: int, draw: int) -> Entry:
        epoch, place = divmod(taken, len(self.sets[at].rows))
        if self._orders.get(at, (-1,))[0] != epoch:
            self._orders[at] = (epoch, self._order(at, epoch))
        i = self._orders[at][1][place]
        return Entry(at, int(self.sets[at].rows[i]), int(self.sets[at].tokens[i]), draw)

    def _order(self, at: int, epoch: int) -> np.ndarray:
        size = len(self.sets[at].rows)
        rng = np.random.default_rng((self._seed, 1, at, epoch))
        blocks = [np.arange(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK)]
        return np.concatenate([blocks[b] for b in rng.permutation(len(blocks))])

    def _cut(self, entries: list[Entry], drawn: int) -> list[list[Entry]]:
        """Cut a window into batches within the budget; where rows are padded, of similar lengths."""
        rng = np.random.default_rng((self._seed, 2, drawn))
        shuffled = [entries[i] for i in rng.permutation(len(entries))]
        if not self._pack:
            shuffled.sort(key=lambda entry: entry.tokens)
        batches: list[list[Entry]] = [[]]
        for entry in shuffled:
            grown = [*batches[-1], entry]
            cells = sum(e.tokens for e in grown) if self._pack else len(grown) * max(e.tokens for e in grown)
            if batches[-1] and cells > self._budget:
                batches.append([entry])
            else:
                batches[-1] = grown
        return [batches[i] for i in rng.permutation(len(batches))]

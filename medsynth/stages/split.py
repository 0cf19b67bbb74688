"""*split*: train, validation or test, decided before anything is spoken.

The split is a function of the seed and the record's cluster alone: whatever is a duplicate of something, or
shares its document, case or person, is on the same side, and adding rows moves no other row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from medsynth.records import SPLITS, Outcome, RawQA, Split, keep
from medsynth.stages.base import Stage, StageSettings


class SplitSettings(StageSettings):
    """Share of clusters per split; the three sum to 1."""

    train: float = Field(default=0.8, ge=0, le=1)
    validation: float = Field(default=0.1, ge=0, le=1)
    test: float = Field(default=0.1, ge=0, le=1)

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, validation and test must sum to 1, not {total:g}")
        return self


def split_of(cluster: str, seed: int, settings: SplitSettings) -> Split:
    """Return the split of a cluster: BLAKE2b of seed and cluster, as a number in [0, 1), against the shares."""
    digest = hashlib.blake2b(f"{seed}|{cluster}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    point = int.from_bytes(digest, "big") / 2**64
    shares = {"train": settings.train, "validation": settings.validation, "test": settings.test}
    edge = 0.0
    for split in SPLITS:
        edge += shares[split]
        if point < edge:
            return split
    # Rounding of the shares may leave a sliver below 1: it belongs to the last split in use.
    return next(split for split in reversed(SPLITS) if shares[split] > 0)


class SplitStage(Stage[RawQA]):
    """Sets `split` from `cluster` (from `group` where *dedup* has not run)."""

    name = "split"
    version = 1
    Settings = SplitSettings
    settings: SplitSettings

    def process(self, batch: Sequence[RawQA]) -> list[Outcome]:
        """Return each record with its split set."""
        return [keep(record.model_copy(update={"split": self._split(record)})) for record in batch]

    def _split(self, record: RawQA) -> Split:
        return split_of(record.cluster or record.group, self.context.seed, self.settings)

"""Scores for `medtrain select` by a fitted model: what it foresees least, where its two passes disagree."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from medtrain.collate import Collator
from medtrain.config import Losses, Stage, TrainConfig
from medtrain.data import ParquetSource, open_corpus
from medtrain.disagreement import Prediction, describe, learn, measure
from medtrain.errors import UserError
from medtrain.fit import quiet
from medtrain.outline import is_voiced, outlines
from medtrain.parts import Loaded
from medtrain.run import collator_of
from medtrain.scoring import QUIET_S, Say, score
from medtrain.select import Options, Row, Score, Scorer
from medtrain.trained import find_trained

LEARN_FROM = 500
"""Voiced dialogues from which the disagreement of the others is predicted, at most."""


class Judge:
    """A model that scores. `left_out` counts, by reason, the dialogues that it could not use."""

    def __init__(self, model: Path, corpus: Path, options: Options, say: Say) -> None:
        quiet()
        self.left_out: Counter[str] = Counter()
        self._trained = find_trained(model)
        self._options, self._say = options, say
        self._source = ParquetSource(open_corpus(corpus), options.split)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        data = self._trained.config.data.model_copy(update={"on_bad_row": "skip"})
        self._config: TrainConfig = self._trained.config.model_copy(update={"data": data})
        self._budget = data.batch_tokens
        self._done, self._shown = 0, time.perf_counter()

    def scorer(self) -> Scorer:
        """Return what scores rows by what was asked for. Raises UserError when the model cannot."""
        if self._options.by == "informative":
            return self._informative()
        if self._trained.stage == "text":
            raise UserError(
                f"{self._trained.name} has only read so far, so it cannot disagree with itself by speech; "
                "fit stage speech first, or take --by informative"
            )
        loaded = self._trained.load()
        if self._options.pool == "voiced":
            return self._measured(loaded)
        return self._predicted(loaded)

    def _informative(self) -> Scorer:
        text_model = self._trained.before or self._trained.load
        loaded = text_model()
        collator = collator_of(self._config, loaded)

        def scorer(rows: list[Row]) -> dict[int, Score]:
            scores = score(
                loaded,
                collator,
                self._source,
                [row.number for row in rows],
                "text",
                budget=self._budget,
                device=self._device,
            )
            self.left_out.update(scores.left_out)
            self._tell(len(rows))
            sums = {row: scores.sums([row])[0] for row in scores.replies}
            return {row: Score(s[0] / s[2], f"loss over {s[2]:.0f} reply tokens") for row, s in sums.items()}

        return scorer

    def _measured(self, loaded: Loaded) -> Scorer:
        def scorer(rows: list[Row]) -> dict[int, Score]:
            found = self._measure(loaded, [row.number for row in rows])
            self._tell(len(rows))
            return {row: Score(value, "measured") for row, value in found.items()}

        return scorer

    def _predicted(self, loaded: Loaded) -> Scorer:
        predict = self._learn(loaded)
        collator = collator_of(self._config, loaded)

        def scorer(rows: list[Row]) -> dict[int, Score]:
            features = describe(
                loaded,
                collator,
                {row.number: row.dialogue for row in rows},
                budget=self._budget,
                device=self._device,
                left_out=self.left_out,
            )
            self._tell(len(rows))
            return {row: Score(predict(values), "predicted") for row, values in features.items()}

        return scorer

    def _learn(self, loaded: Loaded) -> Prediction:
        """Measure some voiced dialogues and learn to predict the disagreement from their text."""
        source, skipped = self._source, Counter[str]()
        rows = _drawn(_voiced(source), LEARN_FROM, self._options.seed)
        self._say(f"{len(rows)} voiced dialogues are measured, to predict the others")
        measured = self._measure(loaded, rows)
        dialogues = {row: source.read(row, 1)[0] for row in measured}
        features = describe(
            loaded,
            collator_of(self._config, loaded),
            dialogues,
            budget=self._budget,
            device=self._device,
            left_out=skipped,
        )
        both = [row for row in measured if row in features]
        found = learn(
            np.array([features[row] for row in both]),
            np.array([measured[row] for row in both]),
            [dialogues[row].lang for row in both],
            self._options.seed,
        )
        within = "" if found.within is None else f", {found.within:+.2f} within a language"
        self._say(
            f"  held-out dialogues are ranked with a correlation of {found.correlation:+.2f}{within} "
            "(Spearman: 1 is their true order, 0 is chance)"
        )
        # Twice the standard error of a rank correlation where there is none.
        if min(found.correlation, found.within or 1.0) < 2 / (found.learned_from - 1) ** 0.5:
            self._say("  that is no better than chance: here --by informative or --by random is as good")
        return found

    def _measure(self, loaded: Loaded, rows: list[int]) -> dict[int, float]:
        return measure(
            loaded,
            self._twins(loaded),
            self._source,
            rows,
            budget=self._budget,
            device=self._device,
            left_out=self.left_out,
        )

    def _twins(self, loaded: Loaded) -> Collator:
        stage: Stage = self._config.speech.model_copy(update={"losses": Losses(distill=1)})
        return collator_of(self._config, loaded, stage)

    def _tell(self, count: int) -> None:
        self._done += count
        if time.perf_counter() - self._shown > QUIET_S:
            self._shown = time.perf_counter()
            self._say(f"  {self._done} dialogues scored")


def _voiced(source: ParquetSource) -> Iterator[int]:
    yield from (row for row, dialogue in enumerate(outlines(source)) if is_voiced(dialogue))


def _drawn(rows: Iterator[int], most: int, seed: int) -> list[int]:
    """Draw up to `most` of a stream evenly, holding no more (reservoir sampling, Vitter 1985)."""
    rng = np.random.default_rng((seed, 19))
    held: list[int] = []
    for number, row in enumerate(rows):
        if number < most:
            held.append(row)
        elif (place := int(rng.integers(number + 1))) < most:
            held[place] = row
    return sorted(held)

"""Which split each speaker of a bank is heard in."""

from __future__ import annotations

from collections.abc import Iterable

from medsynth.records import Speaker, Split
from medsynth.voice.bank_corpus import rank

HELD_OUT = 0.1
"""Share of a cell's speakers kept for validation, and the same for test."""


def assign_splits(speakers: Iterable[Speaker]) -> list[Speaker]:
    """Return the speakers, in order, each with its split.

    Within a cell of language, gender and age group the speakers stand in the order of a hash of their ids: the first
    tenth, and at least one, is for test, the next for validation, the rest for train. Two speakers are train and
    test, a single one is train. Nothing but the ids of the cell decides.
    """
    speakers = list(speakers)
    cells: dict[tuple[str, str, str], list[Speaker]] = {}
    for speaker in speakers:
        cells.setdefault((speaker.lang, speaker.gender, speaker.age_group), []).append(speaker)
    split: dict[str, Split] = {}
    for members in cells.values():
        ids = sorted((s.id for s in members), key=lambda i: (rank(i), i))
        held = max(1, round(HELD_OUT * len(ids)))
        test = 0 if len(ids) == 1 else held
        validation = 0 if len(ids) < 3 else held
        for place, speaker_id in enumerate(ids):
            split[speaker_id] = (
                "test" if place < test else "validation" if place < test + validation else "train"
            )
    return [s.model_copy(update={"split": split[s.id]}) for s in speakers]

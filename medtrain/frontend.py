"""Turns clips into what a speech encoder reads, and says beforehand how many audio tokens each becomes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

HOP = 160
"""Samples between two frames of the log-mel spectrogram, at 16 kHz: 10 ms (Whisper)."""

SHORTEST = 1600
"""Samples under which a clip is no speech: 0.1 s."""


class Frontend(Protocol):
    """What the collator asks of a model's audio side."""

    longest: int
    """Samples of the longest clip it takes."""

    def tokens(self, samples: int) -> int:
        """Return how many audio tokens a clip of so many samples becomes."""

    def __call__(self, clips: Sequence[np.ndarray]) -> dict[str, torch.Tensor]:
        """Return the model's audio inputs for clips (float32, 16 kHz), in the order of their placeholders."""


def log_mel(extractor: Any, clip: np.ndarray) -> torch.Tensor:
    """Return the log-mel spectrogram of one clip, as long as it is: (bins, samples // 160)."""
    features = extractor(
        clip, sampling_rate=16000, padding="do_not_pad", truncation=False, return_tensors="pt"
    )
    return features["input_features"][0]


class PackedFrontend:
    """Clips laid end to end in rows, nothing padded but the rows' tails. The encoder keeps them apart.

    Clips start at even frames with a gap of zeros between them, so that the encoder's convolutions (width 3,
    stride 2) see at every edge what they see when a clip is alone.
    """

    def __init__(self, extractor: Any, stack: int, max_positions: int) -> None:
        self.extractor = extractor
        self.stack = stack
        self.longest = 2 * max_positions * HOP

    def tokens(self, samples: int) -> int:
        """Return how many audio tokens a clip of so many samples becomes."""
        frames = samples // HOP
        return math.ceil(math.ceil(frames / 2) / self.stack)

    def __call__(self, clips: Sequence[np.ndarray]) -> dict[str, torch.Tensor]:
        """Return `mel` (rows, bins, frames), `segments` (rows, frames) and `audio_index` (tokens, stack).

        `segments` numbers the clips of a row from 1, 0 is gap. `audio_index` says which encoder frames, counted
        through all rows, make up an audio token; -1 is a frame of zeros.
        """
        mels = [log_mel(self.extractor, clip) for clip in clips]
        slots = [(mel.shape[1] + 2) // 2 * 2 for mel in mels]
        rows = tight_rows(slots)
        width = max(sum(slots[i] for i in row) for row in rows)
        mel = torch.zeros(len(rows), mels[0].shape[0], width)
        segments = torch.zeros(len(rows), width, dtype=torch.long)
        places = [(0, 0)] * len(clips)
        for number, row in enumerate(rows):
            at = 0
            for order, i in enumerate(row, start=1):
                length = mels[i].shape[1]
                mel[number, :, at : at + length] = mels[i]
                segments[number, at : at + length] = order
                places[i] = (number * (width // 2) + at // 2, (length + 1) // 2)
                at += slots[i]
        index = torch.cat([self._index(start, frames) for start, frames in places])
        return {"mel": mel, "segments": segments, "audio_index": index}

    def _index(self, start: int, frames: int) -> torch.Tensor:
        tokens = -(-frames // self.stack)
        index = torch.full((tokens * self.stack,), -1, dtype=torch.long)
        index[:frames] = torch.arange(start, start + frames)
        return index.view(tokens, self.stack)


def tight_rows(lengths: Sequence[int]) -> list[list[int]]:
    """Put items into rows so that few places stay empty, in rows not much longer than the longest item.

    Longer rows would fill better still, but attention looks at a row's square.
    """
    longest = max(lengths)
    tries = [best_fit(lengths, int(longest * factor)) for factor in (1, 1.1, 1.2, 1.3)]
    return min(tries, key=lambda rows: len(rows) * max(sum(lengths[i] for i in row) for row in rows))


def best_fit(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Put items into rows of a capacity, longest first, each where it leaves the least room.

    Returns the item numbers of each row. An item longer than the capacity gets a row of its own.
    """
    rows: list[list[int]] = []
    room: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        fits = [(left - lengths[i], row) for row, left in enumerate(room) if left >= lengths[i]]
        if fits:
            _, row = min(fits)
            rows[row].append(i)
            room[row] -= lengths[i]
        else:
            rows.append([i])
            room.append(capacity - lengths[i])
    return rows

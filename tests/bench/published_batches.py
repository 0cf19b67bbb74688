"""How the published SpeechMedAssist trainer makes batches, by behaviour: its windows, its labels, its faults.

Written from what its two training programs do, not from their text, to be stood beside our own batches:

- the chat form is put together by hand, a system message first; roles go by the parity of the turn;
- a reply is supervised with `<|im_end|>` and the line break after it;
- words are tokenised with special tokens read as such;
- whether a dialogue is spoken is decided by its first turn, and then every even turn is heard;
- every clip is a window of 30 s, 300 audio tokens: padded, or cut without a word;
- rows are filled up with the id of `<|im_end|>`, in the labels too, and there is no attention mask;
- 8 dialogues a batch for text, one for speech.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

WINDOW = 480_000
"""Samples of its window at 16 kHz."""
WINDOW_TOKENS = 300
"""1,500 encoder frames, five joined into one audio token."""
TEXT_BATCH = 8
SPEECH_BATCH = 1


@dataclass(frozen=True)
class Example:
    """Token ids and labels of one dialogue; `clips` are its windows' samples, as long as they came."""

    ids: list[int]
    labels: list[int]
    clips: list[np.ndarray]


@dataclass(frozen=True)
class PublishedBatch:
    """Rows filled up with the end of a turn. `mel` is (windows, bins, 3000), or None."""

    ids: torch.Tensor
    labels: torch.Tensor
    mel: torch.Tensor | None


def example(
    turns: Sequence[tuple[str, np.ndarray | None]],
    encode: Callable[[str], list[int]],
    audio_id: int,
    system: str | None = None,
) -> Example:
    """Return one dialogue, `turns` being each turn's words and clip. Raises KeyError at an even turn unheard."""
    ids = encode(f"<|im_start|>system\n{system}<|im_end|>\n") if system is not None else []
    labels, clips = [-100] * len(ids), []
    spoken = turns[0][1] is not None
    for number, (text, clip) in enumerate(turns):
        replies = number % 2 == 1
        before = encode(f"<|im_start|>{'assistant' if replies else 'user'}\n")
        words, after = encode(text), encode("<|im_end|>\n")
        if spoken and not replies:
            if clip is None:
                raise KeyError("speech")
            clips.append(clip)
            words = [audio_id] * WINDOW_TOKENS
        ids += before + words + after
        labels += [-100] * len(before) + (words + after if replies else [-100] * len(words + after))
    return Example(ids, labels, clips)


def batch(examples: Sequence[Example], end_id: int, extractor: Any) -> PublishedBatch:
    """Lay examples out as one batch. If the first of them is text, the speech of the others is lost."""
    width = max(len(e.ids) for e in examples)
    filled = [
        torch.tensor([row + [end_id] * (width - len(row)) for row in rows])
        for rows in ([e.ids for e in examples], [e.labels for e in examples])
    ]
    clips = [clip for e in examples for clip in e.clips] if examples[0].clips else []
    mel = None
    if clips:
        cut = [clip[:WINDOW] for clip in clips]
        mel = extractor(cut, sampling_rate=16000, padding="max_length", return_tensors="pt")["input_features"]
    return PublishedBatch(filled[0], filled[1], mel)


def loss(model: Any, made: PublishedBatch, device: torch.device | str = "cpu") -> torch.Tensor:
    """Return the summed loss of a SpeechLM on it, the encoder run as Whisper's own: a window a row, no mask."""
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    audio = None
    if made.mel is not None:
        frames = WhisperEncoder.forward(model.encoder, made.mel.to(device)).last_hidden_state
        stacked = frames.reshape(-1, model.config.stack * frames.shape[-1])
        audio = model.projector(stacked)
    embeds = model.embed(made.ids.to(device), audio)
    return model(inputs_embeds=embeds, labels=made.labels.to(device), num_items_in_batch=1).loss

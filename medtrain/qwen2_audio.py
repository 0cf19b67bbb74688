"""A small adapter: whole models of the Qwen2-Audio kind behind the same batches.

Their encoder reads a fixed window of 30 s, so every clip costs as much as the longest. The class of transformers
ignores `num_items_in_batch` and averages per batch; here a token counts the same wherever it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import Qwen2AudioForConditionalGeneration

from medtrain.frontend import HOP
from medtrain.model import SpeechLMOutput
from medtrain.render import Template

BEGIN, END = "<|audio_bos|>", "<|audio_eos|>"


class WindowedFrontend:
    """Every clip padded to the encoder's window, with a mask of what is sound."""

    def __init__(self, extractor: Any) -> None:
        self.extractor = extractor
        self.longest = int(extractor.n_samples)

    def tokens(self, samples: int) -> int:
        """Return how many audio tokens a clip of so many samples becomes: two strided halvings."""
        return ((_frames(samples) - 1) // 2 + 1 - 2) // 2 + 1

    def __call__(self, clips: Sequence[np.ndarray]) -> dict[str, torch.Tensor]:
        """Return `input_features` (clips, bins, frames) and `feature_attention_mask` (clips, frames)."""
        made = self.extractor(list(clips), sampling_rate=16000, return_tensors="pt", padding="max_length")
        mask = torch.zeros(len(clips), made["input_features"].shape[-1], dtype=torch.long)
        for row, clip in zip(mask, clips, strict=True):
            row[: _frames(len(clip))] = 1
        return {"input_features": made["input_features"], "feature_attention_mask": mask}


def _frames(samples: int) -> int:
    """Return how many frames hold sound: the last one may hold less than it could."""
    return -(-samples // HOP)


class AdaptedQwen2Audio(Qwen2AudioForConditionalGeneration):
    """Qwen2-Audio as the training loop takes it. Weights and files stay as they are."""

    @classmethod
    def is_custom_code(cls) -> bool:
        """Tell transformers that its own table of weight names holds here too."""
        return False

    @property
    def llm(self) -> nn.Module:
        """The part that adapters go into."""
        return self.model.language_model

    def forward(  # type: ignore[override]
        self,
        input_ids: torch.Tensor | None = None,
        input_features: torch.Tensor | None = None,
        feature_attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: int | torch.Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run the model. With `labels`, loss and logits are those of SpeechLM."""
        kwargs |= {"input_features": input_features, "feature_attention_mask": feature_attention_mask}
        if labels is None:
            return super().forward(input_ids, **kwargs)
        assert input_ids is not None
        logits = super().forward(input_ids, use_cache=False, **kwargs).logits
        wanted = labels[:, 1:] != -100
        logits = logits[:, :-1][wanted]
        total = nn.functional.cross_entropy(logits.float(), labels[:, 1:][wanted], reduction="sum")
        if self.training and input_features is None:
            # A process whose batch is all text still takes part in the reduction of the audio gradients.
            audio = (*self.model.audio_tower.parameters(), *self.model.multi_modal_projector.parameters())
            total = total + 0.0 * sum(p.sum() for p in audio if p.requires_grad)
        count = num_items_in_batch if num_items_in_batch is not None else wanted.sum().clamp(min=1)
        return SpeechLMOutput(loss=total / count, logits=logits)


# transformers looks up how a checkpoint's weights are named by the name of the class.
AdaptedQwen2Audio.__name__ = Qwen2AudioForConditionalGeneration.__name__


def take_placeholder(template: Template, audio_token_id: int) -> None:
    """Let the template write audio as these models know it: their placeholder, and what stands around each clip.

    That is of the chat template in transformers' Qwen2AudioProcessor, where the tokenizer has the marks for it.
    """
    template.audio_id = audio_token_id
    if {BEGIN, END} <= template.tokenizer.get_vocab().keys():
        template.around_audio = (f"Audio {{}}: {BEGIN}", f"{END}\n")


def tokenizer_of(name: str) -> Any:
    """Return a checkpoint's tokenizer. Where it has no chat template, the processor beside it has one."""
    from transformers import AutoTokenizer, Qwen2AudioProcessor

    tokenizer = AutoTokenizer.from_pretrained(name)
    if not tokenizer.chat_template:
        tokenizer.chat_template = Qwen2AudioProcessor.from_pretrained(name).chat_template
    return tokenizer

"""What a batch is trained on. Every term is a sum; the loop divides by the supervised tokens of the whole step.

So a token counts the same whichever batch, accumulation step or process it lies in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from medtrain.collate import Batch
from medtrain.config import Losses


@dataclass(frozen=True)
class BatchLoss:
    """The sum to go down on, its parts (sums, detached), and how many supervised tokens were predicted right."""

    total: torch.Tensor
    reply: torch.Tensor
    distill: torch.Tensor | None
    ctc: torch.Tensor | None
    right: torch.Tensor


def batch_loss(model: Any, batch: Batch, terms: Losses, blank: int, device: torch.device) -> BatchLoss:
    """Run a batch through the model (wrapped for several processes, or not) and return its loss."""
    inputs = moved(batch.inputs, device)
    taught = None
    if terms.distill and batch.twin is not None:
        taught = _teacher(model, moved(batch.twin, device))
    extra = {"audio_logits": True} if terms.ctc else {}
    out = model(**inputs, **extra, num_items_in_batch=1)
    total = out.loss
    distill = ctc = None
    if taught is not None and batch.spoken is not None:
        distill = distillation(out.logits[batch.spoken.to(device)], taught, terms.temperature)
        total = total + terms.distill * distill
    if terms.ctc and out.get("audio_logits") is not None:
        ctc = transcription(out.audio_logits, batch.audio_lengths, batch.transcripts, blank)
        total = total + terms.ctc * ctc
    labels = inputs["labels"][:, 1:]
    right = (out.logits.argmax(-1) == labels[labels != -100]).sum()
    return BatchLoss(total, out.loss.detach(), _detached(distill), _detached(ctc), right)


@torch.no_grad()
def _teacher(model: Any, twin: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the logits of the text pass at the supervised places. It teaches and does not learn."""
    return model(**twin, num_items_in_batch=1).logits


def distillation(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return the sum of KL(teacher || student) over tokens, both (tokens, vocabulary), times temperature squared.

    Hinton et al. 2015; across modalities as in Ultravox.
    """
    log_student = functional.log_softmax(student.float() / temperature, dim=-1)
    log_teacher = functional.log_softmax(teacher.float() / temperature, dim=-1)
    kl = functional.kl_div(log_student, log_teacher, reduction="sum", log_target=True)
    return kl * temperature**2


def transcription(
    logits: torch.Tensor, lengths: list[int], transcripts: list[tuple[int, ...]], blank: int
) -> torch.Tensor:
    """Return the sum of the CTC losses (Graves et al. 2006) of clips whose audio tokens follow one another.

    `logits` is (audio tokens, vocabulary), `lengths` how many of them each clip has. The blank is the
    placeholder's own embedding. A clip with fewer tokens than its transcript needs adds nothing.
    """
    clips = torch.nn.utils.rnn.pad_sequence(list(logits.float().log_softmax(-1).split(lengths)))
    targets = torch.tensor([token for words in transcripts for token in words], device=logits.device)
    return functional.ctc_loss(
        clips,
        targets,
        torch.tensor(lengths, device=logits.device),
        torch.tensor([len(words) for words in transcripts], device=logits.device),
        blank=blank,
        reduction="sum",
        zero_infinity=True,
    )


def moved(inputs: dict[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    """Return the tensors on a device."""
    return {name: tensor.to(device, non_blocking=True) for name, tensor in inputs.items()}


def _detached(value: torch.Tensor | None) -> torch.Tensor | None:
    return None if value is None else value.detach()

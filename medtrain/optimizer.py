"""What AdamW is given: its rate at each step, and which parameters decay."""

from __future__ import annotations

import math
from typing import Any

from medtrain.config import Optimizer


def learning_rate(optimizer: Optimizer, step: int, total: int) -> float:
    """Return the rate of the step after `step` steps: a linear rise, then half a cosine down to min_lr x lr."""
    rise = max(1, round(optimizer.warmup * total))
    if step < rise:
        return optimizer.lr * (step + 1) / rise
    along = (step - rise) / max(1, total - rise)
    low = optimizer.min_lr * optimizer.lr
    return low + (optimizer.lr - low) * (1 + math.cos(math.pi * along)) / 2


def groups(model: Any, optimizer: Optimizer) -> list[dict[str, Any]]:
    """Return what learns as the two groups that AdamW takes: matrices decay, vectors do not."""
    learning = [p for p in model.parameters() if p.requires_grad]
    return [
        {
            "params": [p for p in learning if p.ndim >= 2],
            "lr": optimizer.lr,
            "weight_decay": optimizer.weight_decay,
        },
        {"params": [p for p in learning if p.ndim < 2], "lr": optimizer.lr, "weight_decay": 0.0},
    ]

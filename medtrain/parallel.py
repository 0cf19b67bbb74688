"""One process or several: how the model is spread, and how its state is gathered whole again.

Accelerate launches and knows the devices. FSDP2 is applied with PyTorch's own `fully_shard`: Accelerate's plugin
takes CPU processes for DDP without a word.
"""

from __future__ import annotations

from typing import Any

import torch
from accelerate import Accelerator
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from medtrain.config import TrainConfig


def start(config: TrainConfig) -> Accelerator:
    """Return the accelerator: bf16 autocast on GPUs that have it, unless the config says otherwise."""
    bf16 = config.precision == "bf16" or (
        config.precision == "auto" and torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    )
    return Accelerator(mixed_precision="bf16" if bf16 else "no", cpu=not torch.cuda.is_available())


def spread(model: Any, accelerator: Accelerator, config: TrainConfig) -> Any:
    """Return the model on its device, wrapped for several processes where there are several."""
    if config.compile:
        model.llm.get_decoder().compile(dynamic=True)
    if accelerator.num_processes > 1 and config.parallel == "fsdp2":
        return _shard(model, accelerator)
    return accelerator.prepare_model(model)


def _shard(model: Any, accelerator: Accelerator) -> Any:
    """Shard a model that lies on the CPU. Each part goes to the device by itself and leaves its shard there."""
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    bf16 = accelerator.mixed_precision == "bf16"
    policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if bf16 else None, reduce_dtype=torch.float32 if bf16 else None
    )
    # The encoder stays in the root group: a process without audio then takes part in every exchange.
    for layer in model.llm.get_decoder().layers:
        fully_shard(layer, mp_policy=policy)
    return fully_shard(model, mp_policy=policy)


_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)


def learnt_weights(model: Any) -> dict[str, torch.Tensor]:
    """Return the parameters that learn, whole, on the CPU (on the first process; nothing on the others)."""
    names = {name for name, p in plain(model).named_parameters() if p.requires_grad}
    state: dict[str, Any] = get_model_state_dict(model, options=_WHOLE)
    return {name: tensor for name, tensor in state.items() if name in names}


def load_weights(model: Any, weights: dict[str, torch.Tensor]) -> None:
    """Set the given parameters of a wrapped model; all processes hold them."""
    options = StateDictOptions(full_state_dict=True, strict=False)
    result = set_model_state_dict(model, dict(weights), options=options)
    if result.unexpected_keys:
        raise ValueError(f"unknown parameters: {result.unexpected_keys[0]}")


def optimizer_state(model: Any, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Return the optimizer's state by parameter name, whole, on the CPU (on the first process)."""
    return get_optimizer_state_dict(model, optimizer, options=_WHOLE)


def load_optimizer(model: Any, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Set the optimizer's state; all processes hold it."""
    set_optimizer_state_dict(model, optimizer, state, options=StateDictOptions(full_state_dict=True))


def plain(model: Any) -> Any:
    """Return the model itself, without what wraps it."""
    return model.module if hasattr(model, "module") else model

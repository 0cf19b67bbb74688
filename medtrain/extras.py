"""Says what to install when a package of an extra is missing."""

from __future__ import annotations

from medtrain.errors import UserError


def need_torch() -> None:
    """Raise UserError unless everything that training and a trained model need is installed."""
    from importlib import import_module

    for name in ("torch", "transformers", "accelerate", "peft", "tensorboard", "matplotlib"):
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            raise UserError(f"{error.name} is not installed; run: pip install 'medsynth[train]'") from None

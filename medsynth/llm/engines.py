"""Opens the chat engine that the settings name."""

from __future__ import annotations

from importlib.util import find_spec

from medsynth.errors import UserError
from medsynth.llm.base import ChatEngine
from medsynth.llm.settings import LLMSettings

# What each engine's extra brings, by module.
_NEEDS = {"openai": ("openai", "aiohttp"), "vllm": ("vllm",)}


def open_engine(settings: LLMSettings) -> ChatEngine:
    """Return the engine, not yet connected to anything.

    Raises UserError when the settings name no model or no server, or when the engine's packages are missing.
    """
    missing = [module for module in _NEEDS[settings.engine] if find_spec(module) is None]
    if missing:
        raise UserError(
            f"llm: the {settings.engine} engine needs {' and '.join(missing)}: "
            f"pip install 'medsynth[{settings.engine}]'"
        )
    if not settings.model:
        raise UserError(
            "llm: no model is named; give --model or llm.model (`medsynth check-engine` lists them)"
        )
    if settings.engine == "openai":
        from medsynth.llm.openai_engine import OpenAIEngine

        return OpenAIEngine(settings)
    from medsynth.llm.vllm_engine import VLLMEngine

    return VLLMEngine(settings)

"""The `llm:` section of a pipeline file, and what a stage may set otherwise."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from medsynth.errors import UserError

EngineName = Literal["openai", "vllm"]


class Price(BaseModel):
    """What a million tokens cost, in `currency`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0, description="per million prompt tokens")
    output: float = Field(ge=0, description="per million completion tokens")
    currency: str = "USD"


class VLLMSettings(BaseModel):
    """What goes to `vllm.LLM` as it is, besides the model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tensor_parallel_size: int = Field(1, ge=1)
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1)
    max_model_len: int | None = Field(None, ge=128)
    dtype: str = "auto"
    quantization: str | None = None
    options: dict[str, Any] = Field(default_factory=dict, description="any other engine argument of vLLM")


class LLMSettings(BaseModel):
    """Which model answers, and how it is asked.

    Only what can change a reply is part of a result's identity (`identity_json`): moving to another server
    of the same model, more connections or a longer time limit redo nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: EngineName = "openai"
    model: str = ""
    base_url: str | None = Field(
        None, description="of an OpenAI-compatible server; OPENAI_BASE_URL when not given"
    )
    api_key_env: str = Field(
        "OPENAI_API_KEY", description="environment variable that holds the key, if one is needed"
    )
    temperature: float = Field(0.7, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int = Field(
        1536, ge=16, description="room for a reply; doubled, and doubled again, when a reply is cut off"
    )
    tries: int = Field(
        3, ge=1, le=10, description="how often a reply that is no valid answer is asked for again"
    )
    structured: Literal["auto", "schema", "prompt"] = Field(
        "auto",
        description="JSON by the server's schema support (auto: if asking shows that it has it) or by the prompt",
    )
    send_seed: bool = Field(True, description="send a seed with each request (a few servers refuse one)")
    concurrency: int = Field(
        64, ge=1, description="requests in flight at most; fewer when the server pushes back"
    )
    timeout_s: float = Field(180, gt=0, description="of one request")
    retries: int = Field(6, ge=0, le=20, description="of one request, for faults that pass")
    prices: dict[str, Price] = Field(default_factory=dict, description="by model name; unknown stays unknown")
    vllm: VLLMSettings = VLLMSettings()

    def identity_json(self) -> str:
        """Return what replies depend on."""
        return self.model_dump_json(
            include={"model", "temperature", "top_p", "max_tokens", "tries", "structured", "send_seed"}
        )

    def api_key(self) -> str:
        """Return the key from the environment; "" when there is none (local servers want none)."""
        return os.environ.get(self.api_key_env, "")

    def server(self) -> str:
        """Return the server's base URL. Raises UserError when none is named."""
        url = self.base_url or os.environ.get("OPENAI_BASE_URL", "")
        if not url:
            raise UserError("llm: no server is named; give --base-url, llm.base_url or OPENAI_BASE_URL")
        return url.rstrip("/")


def public_name(model: str) -> str:
    """Return a model's name as a corpus may carry it: of a folder on this machine, its last part."""
    local = model.startswith(("/", ".", "~")) or "\\" in model
    return PurePath(model).name if local else model


class LLMOverride(BaseModel):
    """What a stage asks of a model otherwise than `llm:` says; None leaves it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None

    def over(self, settings: LLMSettings) -> LLMSettings:
        """Return `settings` with what is given here in their place."""
        return settings.model_copy(update=self.model_dump(exclude_none=True))


class BudgetSettings(BaseModel):
    """Where a run stops by itself, before the limit is exceeded. None is no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: int | None = Field(None, ge=1, description="prompt and completion tokens of the whole run")
    cost: float | None = Field(None, gt=0, description="money, in the currency of the price table")
    hours: float | None = Field(None, gt=0, description="wall time of this command's engine stages")

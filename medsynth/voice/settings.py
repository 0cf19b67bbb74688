"""What a user may set of each voice engine.

Only what can change the sound is part of a result's identity (`identity_json`): moving to another server of
the same model, more connections or another device redo nothing.
"""

from __future__ import annotations

import os
import re
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from medsynth.errors import UserError
from medsynth.llm.settings import public_name
from medsynth.voice.terms import UNKNOWN, ModelTerms

ResponseFormat = Literal["wav", "flac", "pcm"]


class SpeechServerSettings(BaseModel):
    """A server with the OpenAI speech API (`/v1/audio/speech`), hosted or one's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    HOW: ClassVar[frozenset[str]] = frozenset(
        {"base_url", "api_key_env", "concurrency", "timeout_s", "retries", "accept_licence"}
    )
    """What says how the work is done, and not what comes of it."""

    model: str = ""
    licence: str | None = Field(None, description="of the model's weights")
    accept_licence: bool = Field(
        False, description="use a model whose licence forbids commercial use, or is not known"
    )
    base_url: str | None = Field(None, description="such as http://127.0.0.1:8880/v1; else OPENAI_BASE_URL")
    api_key_env: str = Field(
        "OPENAI_API_KEY", description="environment variable that holds the key, if one is needed"
    )
    response_format: ResponseFormat = "wav"
    sample_rate: int | None = Field(
        None,
        ge=8000,
        le=192_000,
        description="Hz: what must come (None: any); for pcm, what is meant where the server does not say (24000)",
    )
    send_seed: bool = Field(True, description="send a seed with each utterance; left out where it is refused")
    options: dict[str, Any] = Field(
        default_factory=dict, description="sent with each request as it is, such as speed or instructions"
    )
    concurrency: int = Field(
        16, ge=1, description="requests in flight at most; fewer when the server pushes back"
    )
    timeout_s: float = Field(120, gt=0, description="of one request")
    retries: int = Field(6, ge=0, le=20, description="of one request, for faults that pass")

    def server(self) -> str:
        """Return the server's base URL. Raises UserError when none is named."""
        url = self.base_url or os.environ.get("OPENAI_BASE_URL", "")
        if not url:
            raise UserError(
                "voice.openai: no server is named; give --base-url, voice.openai.base_url or OPENAI_BASE_URL "
                "(`medsynth serve-voice` starts one)"
            )
        return url.rstrip("/")

    def api_key(self) -> str:
        """Return the key from the environment; "" when there is none (local servers want none)."""
        return os.environ.get(self.api_key_env, "")

    def check(self) -> None:
        """Raise UserError when no request can be made with these settings, or the terms were not accepted."""
        self.server()
        if not self.model:
            raise UserError("voice.openai: no model is named; give --model or voice.openai.model")
        self.terms().require(self.accept_licence)

    def terms(self) -> ModelTerms:
        """Return the terms of the model's weights, as the user states them."""
        return ModelTerms("openai", public_name(self.model), self.licence or UNKNOWN)

    def identity_json(self) -> str:
        """Return what the sound depends on."""
        return self.model_dump_json(
            include={"model", "response_format", "sample_rate", "send_seed", "options"}
        )


class CoquiSettings(BaseModel):
    """A model that coqui-tts runs on this machine: by name, or by the files of a local one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    HOW: ClassVar[frozenset[str]] = frozenset({"devices", "threads", "batch", "timeout_s", "accept_licence"})
    """What says how the work is done, and not what comes of it."""

    model: str = Field("", description="a name of coqui's list, such as tts_models/en/vctk/vits")
    model_path: str | None = Field(None, description="a local checkpoint, or the folder of one (XTTS)")
    config_path: str | None = Field(None, description="of a local model; config.json beside it by default")
    licence: str | None = Field(None, description="of the weights; known for the models of coqui's list")
    accept_licence: bool = Field(
        False, description="use weights whose licence forbids commercial use, or is not known"
    )
    devices: tuple[str, ...] = Field(
        ("auto",),
        description="one process for each: cuda:0, cuda:1, cpu; auto: every GPU, else the CPU",
    )
    threads: int | None = Field(None, ge=1, description="CPU threads of each process; None: an even part")
    batch: int = Field(16, ge=1, description="utterances of one speaker handed to a process at a time")
    max_chars: int | None = Field(
        None, ge=40, description="longer turns are said sentence by sentence and joined; None: by model"
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="to the model's synthesis as it is, such as temperature"
    )
    timeout_s: float = Field(600, gt=0, description="of one utterance")

    @field_validator("model_path", "config_path")
    @classmethod
    def _or_none(cls, path: str | None) -> str | None:
        return path or None

    @field_validator("devices")
    @classmethod
    def _known(cls, devices: tuple[str, ...]) -> tuple[str, ...]:
        for name in devices or ("",):
            if not re.fullmatch(r"auto|cpu|mps|(cuda|xpu)(:\d+)?", name):
                raise ValueError(f"{name!r} is none of auto, cpu, cuda, cuda:N, xpu, xpu:N, mps")
        return devices

    def check(self) -> None:
        """Raise UserError when there is no such model, or its terms were not accepted."""
        from medsynth.voice.coqui_models import check

        check(self)

    def terms(self) -> ModelTerms:
        """Return the terms of the model's weights."""
        from medsynth.voice.coqui_models import terms

        return terms(self)

    def identity_json(self) -> str:
        """Return what the sound depends on."""
        return self.model_dump_json(include={"model", "model_path", "config_path", "max_chars", "options"})


class EngineSettings(BaseModel):
    """The settings of all engines that have any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    openai: SpeechServerSettings = SpeechServerSettings()
    coqui: CoquiSettings = CoquiSettings()

"""What a user may set of the recogniser that listens to clips."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from medsynth.errors import UserError

SECTION = "voice.recognise"


class RecogniseSettings(BaseModel):
    """Whether, and by what, clips are heard again; off unless the section is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    HOW: ClassVar[frozenset[str]] = frozenset(
        {"base_url", "api_key_env", "concurrency", "timeout_s", "retries", "device"}
    )
    """What says how the work is done, and not what comes of it."""

    engine: Literal["pocketsphinx", "openai", "faster-whisper"] = Field(
        "pocketsphinx",
        description="pocketsphinx: alignment with the text, English, offline; openai: any server with "
        "/v1/audio/transcriptions; faster-whisper: a model in this process",
    )
    model: str = Field("", description="of the server; of faster-whisper a name or a folder")
    base_url: str | None = Field(None, description="such as http://127.0.0.1:8000/v1; else OPENAI_BASE_URL")
    api_key_env: str = Field("OPENAI_API_KEY", description="environment variable that holds the key, if any")
    device: str = Field("auto", description="of faster-whisper: auto, cpu or cuda")
    compute_type: str = Field(
        "auto",
        description="of faster-whisper: float32, float16, int8 …; auto: the fastest that the device has",
    )
    share: float = Field(1.0, gt=0, le=1, description="of the clips that are heard, drawn by their text")
    max_error: float = Field(
        0.3, ge=0, description="words (en) or characters (zh) wrong, over those of the text"
    )
    max_critical: int = Field(0, ge=0, description="numbers, drugs and negations that may go unheard")
    max_edge_error: float = Field(
        0.7, ge=0, le=1, description="share of the first, or last, three words (four characters) unheard"
    )
    min_alignment: float = Field(-3.7, description="pocketsphinx: mean log score a frame")
    min_worst_word: float = Field(-5.5, description="pocketsphinx: the worst word against the clip's others")
    concurrency: int = Field(8, ge=1, description="requests in flight at most")
    timeout_s: float = Field(120, gt=0, description="of one request")
    retries: int = Field(6, ge=0, le=20, description="of one request, for faults that pass")

    def server(self) -> str:
        """Return the server's base URL. Raises UserError when none is named."""
        url = self.base_url or os.environ.get("OPENAI_BASE_URL", "")
        if not url:
            raise UserError(f"{SECTION}: no server is named; give {SECTION}.base_url or OPENAI_BASE_URL")
        return url.rstrip("/")

    def api_key(self) -> str:
        """Return the key from the environment; "" when there is none (local servers want none)."""
        return os.environ.get(self.api_key_env, "")

    def check(self) -> None:
        """Raise UserError, naming the missing extra or setting, unless the recogniser can be opened."""
        module, extra = {
            "pocketsphinx": ("pocketsphinx", "recognise"),
            "openai": ("aiohttp", "speech"),
            "faster-whisper": ("faster_whisper", "whisper"),
        }[self.engine]
        if find_spec(module) is None:
            raise UserError(f"{SECTION}: {self.engine} is not installed: pip install 'medsynth[{extra}]'")
        if self.engine == "openai":
            self.server()
        if self.engine != "pocketsphinx" and not self.model:
            raise UserError(f"{SECTION}: no model is named; give {SECTION}.model")

    def identity_json(self) -> str:
        """Return what the verdicts depend on."""
        return self.model_dump_json(exclude=set(self.HOW))

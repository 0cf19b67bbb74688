"""What a voice engine is, and how one is opened by name.

There are two kinds. A `VoiceEngine` says one text at a time; many processes hold one each (espeak). A
`SpeechEngine` is slow or far away: one event loop hands it many utterances, and it owns what happens to them
(requests in flight, batches by speaker, processes on devices). Each kind can be had as the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from medsynth.errors import UserError
from medsynth.records import Speaker
from medsynth.voice.settings import CoquiSettings, EngineSettings, SpeechServerSettings
from medsynth.voice.terms import ModelTerms

ENGINES: tuple[str, ...] = ("espeak", "openai", "coqui")
# Engines that are quick and bring processes of their own: a worker process of the run holds each.
LOCAL_ENGINES: frozenset[str] = frozenset({"espeak"})


class VoiceError(UserError):
    """An engine cannot be opened, or cannot say this text in this voice. The message is one line."""


class EngineFault(VoiceError):
    """The engine, not the text, is why there is no clip; another run may get one. `fault` is one word."""

    def __init__(self, fault: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


@dataclass(frozen=True)
class Clip:
    """Sound as an engine gives it: mono float32 in −1…1, `sample_rate` in Hz."""

    samples: NDArray[np.float32]
    sample_rate: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True)
class Utterance:
    """What is to be said, and how. An engine that is seeded says the same utterance the same way."""

    text: str
    lang: str
    speaker: Speaker
    seed: int


class VoiceEngine(Protocol):
    """Says texts. One instance a process; not to be shared between threads."""

    name: str

    def synthesize(self, text: str, lang: str, speaker: Speaker, seed: int) -> Clip:
        """Return `text` said by `speaker`. Raises VoiceError.

        An engine that calls itself deterministic gives the same samples for the same four arguments,
        whatever it said before.
        """
        ...

    def close(self) -> None:
        """Release what the engine holds. Closing twice is harmless."""
        ...


class SpeechEngine(Protocol):
    """Says many utterances at a time, from one event loop.

    `concurrency` is how many it can have in work; it queues what is more.
    """

    name: str
    concurrency: int

    async def speak(self, utterance: Utterance) -> Clip:
        """Return the clip. Raises VoiceError for this utterance, EngineDown when none can succeed."""
        ...

    async def close(self) -> None:
        """Release connections, processes, memory. Closing twice is harmless."""
        ...


def require_name(name: str) -> None:
    """Raise VoiceError, naming the valid ones, unless there is an engine of this name."""
    if name not in ENGINES:
        raise VoiceError(f"there is no voice engine {name!r}; choose one of: {', '.join(ENGINES)}")


def require_engine(name: str, settings: EngineSettings | None = None) -> None:
    """Raise UserError, naming the valid engines, the missing extra or setting, unless the engine can be opened."""
    settings = settings or EngineSettings()
    require_name(name)
    if name == "espeak":
        from medsynth.voice.espeak import installation

        installation()
    elif name == "openai":
        if find_spec("aiohttp") is None:
            raise VoiceError("the openai voice engine needs aiohttp: pip install 'medsynth[speech]'")
        settings.openai.check()
    else:
        if find_spec("TTS") is None:
            raise VoiceError("the coqui voice engine is not installed: pip install 'medsynth[coqui]'")
        settings.coqui.check()


def open_engine(name: str, settings: EngineSettings | None = None) -> VoiceEngine:
    """Return the engine of this name, to say one text at a time. Raises as `require_engine` does."""
    require_engine(name, settings)
    if name == "espeak":
        from medsynth.voice.espeak import EspeakEngine

        return EspeakEngine()
    from medsynth.voice.adapters import OneByOne

    return OneByOne(open_speech_engine(name, settings))


def open_speech_engine(
    name: str, settings: EngineSettings | None = None, workers: int | None = None
) -> SpeechEngine:
    """Return the engine of this name, to say many at a time. Raises as `require_engine` does.

    `workers`: processes of an engine of this machine that has no setting of its own for it (espeak).
    """
    require_engine(name, settings)
    settings = settings or EngineSettings()
    if name == "openai":
        from medsynth.voice.openai_voice import OpenAIVoice

        return OpenAIVoice(settings.openai)
    if name == "coqui":
        from medsynth.voice.coqui import CoquiEngine

        return CoquiEngine(settings.coqui)
    from medsynth.voice.adapters import InThreads
    from medsynth.voice.espeak import EspeakEngine

    return InThreads([EspeakEngine() for _ in range(workers or 1)])


def model_terms(names: Iterable[str], settings: EngineSettings) -> list[ModelTerms]:
    """Return the terms of the models that these engines speak with; espeak speaks by rule and has none."""
    own: dict[str, SpeechServerSettings | CoquiSettings] = {
        "openai": settings.openai, "coqui": settings.coqui,
    }  # fmt: skip
    return [own[name].terms() for name in names if name in own]


def engine_identity(name: str, settings: EngineSettings) -> str:
    """Return what, besides an utterance, the sound of an engine depends on."""
    if name == "espeak":
        from importlib import metadata

        return f"espeak {metadata.version('espeakng-loader')}"
    return f"{name} {settings.openai.identity_json() if name == 'openai' else settings.coqui.identity_json()}"

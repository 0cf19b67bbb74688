"""What a voice engine is, and how one is opened by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from medsynth.errors import UserError
from medsynth.records import Speaker

ENGINES: tuple[str, ...] = ("espeak",)


class VoiceError(UserError):
    """An engine cannot be opened, or cannot say this text in this voice. The message is one line."""


@dataclass(frozen=True)
class Clip:
    """Sound as an engine gives it: mono float32 in −1…1, `sample_rate` in Hz."""

    samples: NDArray[np.float32]
    sample_rate: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


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


def require_engine(name: str) -> None:
    """Raise VoiceError, naming the valid engines or the missing extra, unless `open_engine(name)` can work."""
    if name not in ENGINES:
        raise VoiceError(f"there is no voice engine {name!r}; choose one of: {', '.join(ENGINES)}")
    from medsynth.voice.espeak import installation

    installation()


def open_engine(name: str) -> VoiceEngine:
    """Return the engine of this name. Raises VoiceError as `require_engine` does."""
    require_engine(name)
    from medsynth.voice.espeak import EspeakEngine

    return EspeakEngine()

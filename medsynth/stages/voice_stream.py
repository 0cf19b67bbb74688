"""The voice stage with engines that are slow or far away: many dialogues wait for them at a time.

The runner keeps the engines full across shards by running `judged` for many records at once.
"""

from __future__ import annotations

import os
from typing import ClassVar, Literal

from medsynth.records import Dialogue, Outcome, keep
from medsynth.stages.base import EngineStage
from medsynth.stages.voice import VoiceStage
from medsynth.voice.bank_folder import folder_of
from medsynth.voice.clips import CLIPS, ClipStore
from medsynth.voice.engine import SpeechEngine, engine_identity, open_speech_engine
from medsynth.voice.studio import Studio

_CHECK_WORKERS = 8


class StreamedVoiceStage(VoiceStage, EngineStage[Dialogue]):
    """Speaks dialogues, each a coroutine; one process holds the engines, others check what they said."""

    resource: ClassVar[Literal["cpu", "io", "gpu"]] = "gpu"
    _studio: Studio | None = None

    @property
    def studio(self) -> Studio:
        """The engines and all that goes with them, opened when they are first needed."""
        if self._studio is None:
            of_engines, used = self.settings.of_engines, self.settings.used
            engines = {name: self._open(name) for name in used}
            journal, room = self.context.journal, int(self.settings.store_gb * 2**30)
            self._studio = Studio(
                engines,
                {name: engine_identity(name, of_engines) for name in used},
                ClipStore(journal.with_name(CLIPS), room) if journal is not None and room else None,
                self.check_workers,
                self.bank_path and folder_of(self.bank_path),
                self.settings.recognise,
            )
        return self._studio

    @property
    def check_workers(self) -> int:
        """How many processes check clips."""
        asked = self.settings.check_workers
        return max(1, min(_CHECK_WORKERS, _cores() // 2)) if asked is None else asked

    @property
    def concurrency(self) -> int:
        """How many records may be under way: enough that the engines are busy while others are checked."""
        return 2 * sum(e.concurrency for e in self.studio.engines.values()) + 2 * max(1, self.check_workers)

    def asks(self, decision: str) -> bool:
        """Tell whether the dialogue is to be voiced."""
        return decision == "voice"

    async def judged(self, record: Dialogue, decision: str = "") -> Outcome:
        """Return the dialogue voiced, as it was, rejected or failed. Raises UserError when no engine can speak."""
        if decision != "voice":
            return keep(record)
        return await self.studio.carry_out(self.casting.takes(record))

    async def aclose(self) -> None:
        """Close the engines. The stage may be used again afterwards; they are opened anew."""
        studio, self._studio = self._studio, None
        if studio is not None:
            await studio.close()

    def _open(self, name: str) -> SpeechEngine:
        return open_speech_engine(name, self.settings.of_engines, max(1, _cores() // 2))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)

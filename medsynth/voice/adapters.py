"""One kind of engine as the other: many at a time one by one, one at a time in several threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from medsynth.records import Speaker
from medsynth.voice.engine import Clip, SpeechEngine, Utterance, VoiceEngine


class OneByOne:
    """A `SpeechEngine` as a `VoiceEngine`, with an event loop of its own."""

    def __init__(self, engine: SpeechEngine) -> None:
        self.name = engine.name
        self._engine = engine
        self._runner: asyncio.Runner | None = asyncio.Runner()

    def synthesize(self, text: str, lang: str, speaker: Speaker, seed: int) -> Clip:
        """Return `text` said by `speaker`. Raises VoiceError, EngineDown."""
        assert self._runner is not None, "the engine was closed"
        return self._runner.run(self._engine.speak(Utterance(text, lang, speaker, seed)))

    def close(self) -> None:
        """Close the engine and the loop."""
        if self._runner is not None:
            self._runner.run(self._engine.close())
            self._runner.close()
            self._runner = None


class InThreads:
    """Engines of one kind as a `SpeechEngine`; each says one utterance at a time, in a thread."""

    def __init__(self, engines: Sequence[VoiceEngine]) -> None:
        self.name, self.concurrency = engines[0].name, len(engines)
        self._engines = list(engines)
        self._idle: asyncio.Queue[VoiceEngine] | None = None

    async def speak(self, utterance: Utterance) -> Clip:
        """Return the clip as soon as an engine is free. Raises VoiceError."""
        if self._idle is None:
            self._idle = asyncio.Queue()
            for engine in self._engines:
                self._idle.put_nowait(engine)
        idle, engine = self._idle, await self._idle.get()
        said = asyncio.ensure_future(
            asyncio.to_thread(
                engine.synthesize, utterance.text, utterance.lang, utterance.speaker, utterance.seed
            )
        )
        # A thread cannot be stopped: whoever waits may be cancelled, but the engine is free only when it is done.
        said.add_done_callback(lambda done: idle.put_nowait(engine))
        return await asyncio.shield(said)

    async def close(self) -> None:
        """Close the engines."""
        for engine in self._engines:
            await asyncio.to_thread(engine.close)

"""Engines, the store of what they said, and the processes that check it, as one place to have takes done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from medsynth.voice.clips import ClipStore, clip_key, in_16_bits
from medsynth.voice.engine import Clip, SpeechEngine, Utterance, VoiceError
from medsynth.voice.judges import Judges
from medsynth.voice.recognise import Listener
from medsynth.voice.recognise_settings import RecogniseSettings
from medsynth.voice.takes import T, Take, Taken, Takes


class Studio:
    """Has many takes done at a time; for one event loop.

    `identities` say what the sound of each engine depends on; `folder` is where the clips to be imitated are,
    `recognise` what listens to clips that passed their checks.
    """

    def __init__(
        self,
        engines: Mapping[str, SpeechEngine],
        identities: Mapping[str, str],
        store: ClipStore | None,
        processes: int,
        folder: Path | None = None,
        recognise: RecogniseSettings | None = None,
    ) -> None:
        self.engines, self._identities, self._store, self._folder = engines, identities, store, folder
        self._judges = Judges(processes)
        self._listener = Listener(recognise, self._judges) if recognise else None

    async def carry_out(self, takes: Takes[T]) -> T:
        """Return what the takes were wanted for. Raises EngineDown."""
        try:
            take = next(takes)
            while True:
                try:
                    taken = await self.take(take)
                except VoiceError as error:
                    take = takes.throw(error)
                else:
                    take = takes.send(taken)
        except StopIteration as end:
            result: T = end.value
            return result

    async def take(self, take: Take) -> Taken:
        """Have one take done and checked. Raises VoiceError, EngineDown."""
        said = await asyncio.gather(*(self._say(utterance) for utterance in take.utterances()))
        taken = await self._judges.judge(take, said)
        return await self._listener.listen(take, taken) if self._listener else taken

    async def close(self) -> None:
        """Close engines, store and processes."""
        for engine in self.engines.values():
            await engine.close()
        if self._listener is not None:
            await self._listener.close()
        await self._judges.close()
        if self._store is not None:
            self._store.close()

    async def _say(self, utterance: Utterance) -> Clip:
        speaker = utterance.speaker
        key = clip_key(self._identities[speaker.engine], utterance)
        kept = self._store.get(key) if self._store else None
        if kept is not None:
            return kept
        if self._folder is not None and "reference" in speaker.handle:
            from medsynth.voice.bank_folder import with_paths

            speaker = with_paths(speaker, self._folder)
            utterance = Utterance(utterance.text, utterance.lang, speaker, utterance.seed)
        clip = in_16_bits(await self.engines[speaker.engine].speak(utterance))
        if self._store:
            self._store.put(key, clip)
        return clip

"""The `faster-whisper` recogniser: a Whisper model in this process, run by CTranslate2."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import numpy as np

from medsynth.errors import UserError, printable
from medsynth.voice.audio import encode
from medsynth.voice.engine import EngineFault
from medsynth.voice.recognise_settings import SECTION, RecogniseSettings


class WhisperRecogniser:
    """Hears one clip at a time, in a thread; see `medsynth.voice.recognise.Recogniser`.

    `settings.model` is a folder with the model, or the name of one that was fetched before. An English-only model
    hears no other language. Raises UserError when the model cannot be loaded, or cannot hear here.
    """

    def __init__(self, settings: RecogniseSettings) -> None:
        from faster_whisper import WhisperModel

        try:
            # The rest of a run asks no server that the user did not name; nor does this.
            self._model: Any = WhisperModel(
                settings.model,
                device=settings.device,
                compute_type=settings.compute_type,
                local_files_only=True,
            )
            # A GPU's libraries are only loaded, and missed, when something is heard.
            self._hear(encode(np.zeros(8000, dtype=np.int16), "none", "none"), "en")
        except Exception as error:  # what a missing or broken model raises is not documented
            why = printable(" ".join(str(error).split()))[:160]
            raise UserError(
                f"{SECTION}: the faster-whisper model {settings.model!r} cannot be loaded ({why}); "
                f"give the folder of a converted model in {SECTION}.model"
            ) from None
        self._languages = frozenset(self._model.supported_languages)
        self._alone = asyncio.Lock()

    async def transcribe(self, flac: bytes, lang: str) -> str | None:
        """Return what the model hears, None for a language that it does not know. Raises EngineFault."""
        code = lang.split("-")[0]
        if code not in self._languages:  # the library would take it for English
            return None
        async with self._alone:
            try:
                return await asyncio.to_thread(self._hear, flac, code)
            except Exception as error:  # of whichever library: this clip cannot be heard, others may
                raise EngineFault("recogniser", printable(" ".join(str(error).split()))[:160]) from None

    async def close(self) -> None:
        """Let the model go."""
        self._model = None

    def _hear(self, flac: bytes, code: str) -> str:
        pieces, _ = self._model.transcribe(
            io.BytesIO(flac), language=code, temperature=0.0, condition_on_previous_text=False
        )
        return "".join(piece.text for piece in pieces).strip()

"""The `faster-whisper` recogniser: a Whisper model in this process, run by CTranslate2."""

from __future__ import annotations

import asyncio
import io
from typing import Any

from medsynth.errors import UserError, printable
from medsynth.voice.engine import EngineFault
from medsynth.voice.recognise_settings import SECTION, RecogniseSettings


class WhisperRecogniser:
    """Hears one clip at a time, in a thread; see `medsynth.voice.recognise.Recogniser`.

    `settings.model` is a folder with the model, or the name of one that was fetched before. Raises UserError
    when it cannot be loaded.
    """

    def __init__(self, settings: RecogniseSettings) -> None:
        from faster_whisper import WhisperModel

        try:
            # The rest of a run asks no server that the user did not name; nor does this.
            self._model: Any = WhisperModel(settings.model, device=settings.device, local_files_only=True)
        except Exception as error:  # what a missing or broken model raises is not documented
            why = printable(" ".join(str(error).split()))[:160]
            raise UserError(
                f"{SECTION}: the faster-whisper model {settings.model!r} cannot be loaded ({why}); "
                f"give the folder of a converted model in {SECTION}.model"
            ) from None
        self._alone = asyncio.Lock()

    async def transcribe(self, flac: bytes, lang: str) -> str:
        """Return what the model hears. Raises EngineFault."""
        async with self._alone:
            try:
                return await asyncio.to_thread(self._hear, flac, lang.split("-")[0])
            except (RuntimeError, ValueError) as error:
                raise EngineFault("recogniser", printable(" ".join(str(error).split()))[:160]) from None

    async def close(self) -> None:
        """Let the model go."""
        self._model = None

    def _hear(self, flac: bytes, code: str) -> str:
        pieces, _ = self._model.transcribe(
            io.BytesIO(flac), language=code, temperature=0.0, condition_on_previous_text=False
        )
        return "".join(piece.text for piece in pieces).strip()

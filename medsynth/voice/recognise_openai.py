"""The `openai` recogniser: any server that speaks the transcription API, `/v1/audio/transcriptions`.

A clip goes out as a file of a form; a JSON object with `text` comes back. When to ask again is decided by
`medsynth.llm.asking`, as for chat and speech.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import aiohttp
import numpy as np

from medsynth.llm import wire
from medsynth.llm.asking import Asking, Told
from medsynth.llm.base import EngineDown, EngineError
from medsynth.llm.network import CONNECT_S, KEEPALIVE_S, broken, cause, check_key, host_of, is_loopback
from medsynth.llm.retries import Patience
from medsynth.llm.wire import Failed, Trouble, shown
from medsynth.voice.audio import encode
from medsynth.voice.engine import EngineFault
from medsynth.voice.recognise_settings import SECTION, RecogniseSettings


class OpenAITranscriber:
    """Asks one server what it hears; see `medsynth.voice.recognise.Recogniser`. `retried` counts failed tries."""

    def __init__(self, settings: RecogniseSettings, patience: Patience | None = None) -> None:
        self.server, self.model = settings.server(), settings.model
        host = host_of(self.server, SECTION)
        check_key(settings.api_key(), settings.api_key_env, SECTION)
        self._settings = settings
        self._trust_env = not is_loopback(host)
        self._session: aiohttp.ClientSession | None = None
        self._told = Told(
            SECTION, "transcription", self.server, self.model, settings.api_key(), settings.api_key_env
        )
        self._asking = Asking[str](
            self._told,
            concurrency=settings.concurrency,
            retries=settings.retries,
            plain=self._plain,
            models=self._models,
            patience=patience,
        )
        self.retried = self._asking.retried

    def __repr__(self) -> str:
        return f"OpenAITranscriber(model={self.model!r}, server={shown(self.server)!r})"

    async def transcribe(self, flac: bytes, lang: str) -> str:
        """Return what the server hears. Raises EngineFault for this clip, EngineDown when it hears none."""

        async def ask(failed: int) -> str | Trouble:
            return await self._ask(flac, lang)

        try:
            return await self._asking.persist(ask)
        except Failed as failed:
            raise EngineFault(failed.trouble.fault, failed.trouble.detail) from None
        except EngineError as error:
            raise EngineFault(error.fault, error.detail) from None

    async def close(self) -> None:
        """Close every connection. Closing twice is harmless."""
        self._asking.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _plain(self, failed: int) -> str | Trouble:
        return await self._ask(encode(np.zeros(8000, dtype=np.int16), "none", "none"), "en")

    async def _ask(self, flac: bytes, lang: str) -> str | Trouble:
        form = aiohttp.FormData()
        form.add_field("file", flac, filename="clip.flac", content_type="audio/flac")
        for name, value in (
            ("model", self.model),
            ("language", lang.split("-")[0]),
            ("response_format", "json"),
            ("temperature", "0"),
        ):
            form.add_field(name, value)
        timeout_s = self._settings.timeout_s
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._open().post(f"{self.server}/audio/transcriptions", data=form) as response,
            ):
                body = await response.read()
            if response.status == 200:
                return _text_of(body)
            found = wire.trouble(response.status, response.headers, body)
        except Failed as error:
            found = error.trouble
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            found = broken(error, timeout_s)
        return replace(found, detail=self._told.scrub(found.detail))

    async def _models(self) -> list[str]:
        try:
            async with (
                asyncio.timeout(min(CONNECT_S, self._settings.timeout_s)),
                self._open().get(f"{self.server}/models") as response,
            ):
                body = await response.read()
            listed = json.loads(body).get("data", [])
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise EngineDown(self._told.unreachable(self._told.scrub(cause(error)))) from None
        except (ValueError, AttributeError):
            return []
        names = [m.get("id") for m in listed if isinstance(m, dict)] if isinstance(listed, list) else []
        return [name for name in names if isinstance(name, str)]

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            key, most = self._settings.api_key(), self._settings.concurrency
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=most, limit_per_host=most, keepalive_timeout=KEEPALIVE_S
                ),
                headers={"Authorization": f"Bearer {key}"} if key else {},
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=min(CONNECT_S, self._settings.timeout_s)
                ),
                trust_env=self._trust_env,
            )
        return self._session


def _text_of(body: bytes) -> str:
    """Return the text of a reply. Raises Failed."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if isinstance(found, dict) and isinstance(found.get("text"), str):
        return str(found["text"])
    if isinstance(found, dict) and "error" in found:
        raise Failed(wire.trouble(500, {}, body))  # an error told with status 200
    raise Failed(Trouble("malformed", "the server sent no transcription", passes=True, unlike=True))

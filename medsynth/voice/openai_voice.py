"""The `openai` voice engine: any server that speaks the speech API, `/v1/audio/speech`, hosted or one's own.

aiohttp carries the requests; when to ask again is decided by `medsynth.llm.asking`, what came by `speech_wire`.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import aiohttp

from medsynth.llm import wire
from medsynth.llm.asking import Asking, Told
from medsynth.llm.base import EngineDown, EngineError
from medsynth.llm.network import CONNECT_S, KEEPALIVE_S, broken, cause, check_key, host_of, is_loopback
from medsynth.llm.retries import Patience
from medsynth.llm.wire import Failed, Trouble, shown
from medsynth.voice import speech_wire
from medsynth.voice.engine import Clip, EngineFault, Utterance, VoiceError
from medsynth.voice.settings import SpeechServerSettings

SECTION = "voice.openai"
_SILENCES = 2  # so often an utterance is asked for again, with another seed, because nothing was to be heard
_PLAIN_TEXT = {"zh": "你好。"}
_SEED_STEP = 1_000_003


class OpenAIVoice:
    """Asks one server for speech; see `medsynth.voice.engine.SpeechEngine`.

    `Speaker.handle` holds `voice`, the server's name for the voice, and whatever else is to be sent with it.
    `retried` counts failed tries by fault; `limit` tells how many requests are in flight, and may be.
    """

    name = "openai"

    def __init__(self, settings: SpeechServerSettings, patience: Patience | None = None) -> None:
        self.server, self.model, self.concurrency = settings.server(), settings.model, settings.concurrency
        host = host_of(self.server, SECTION)
        check_key(settings.api_key(), settings.api_key_env, SECTION)
        self._settings = settings
        self._seeds = settings.send_seed
        self._trust_env = not is_loopback(host)
        self._session: aiohttp.ClientSession | None = None
        self._known: Utterance | None = None
        self._answered = False
        self._told = Told(
            SECTION, "speech", self.server, self.model, settings.api_key(), settings.api_key_env
        )
        self._asking = Asking[Clip](
            self._told,
            concurrency=settings.concurrency,
            retries=settings.retries,
            plain=self._plain,
            models=self.models,
            patience=patience,
        )
        self.limit, self.retried = self._asking.limit, self._asking.retried

    def __repr__(self) -> str:
        return f"OpenAIVoice(model={self.model!r}, server={shown(self.server)!r})"

    async def speak(self, utterance: Utterance) -> Clip:
        """Return the clip. Raises VoiceError for this utterance, EngineDown when none can succeed."""
        speaker = utterance.speaker
        if speaker.engine != self.name or not speaker.handle.get("voice"):
            raise VoiceError(
                f"speaker {speaker.id} is no voice of a speech server (its handle names no voice)"
            )
        if not self._answered:
            self._known = utterance
        silences, seeded = 0, False

        async def ask(failed: int) -> Clip | Trouble:
            nonlocal silences, seeded
            seeded = self._seeds
            seed = utterance.seed + silences * _SEED_STEP if seeded else None
            found = await self._ask(speech_wire.body(utterance, self._settings, seed))
            if isinstance(found, Clip) and speech_wire.silent(found):
                silences += 1
                return Trouble("malformed", "the server sent silence", passes=silences <= _SILENCES)
            return found

        def without_seed(found: Trouble) -> bool:
            # A few servers refuse what they do not know; what they say of it names it.
            if (
                found.fault != "rejected"
                or found.hopeless
                or not seeded
                or "seed" not in found.detail.lower()
            ):
                return False
            self._seeds = False
            return True

        try:
            clip = await self._asking.persist(ask, adapt=without_seed)
        except Failed as failed:
            raise EngineFault(failed.trouble.fault, failed.trouble.detail) from None
        except EngineError as error:
            raise EngineFault(error.fault, error.detail) from None
        self._known, self._answered = utterance, True
        return clip

    async def models(self) -> list[str]:
        """Return the names that the server lists at /models, [] when it lists none. Raises EngineDown."""
        listed = (await self._get("/models")).get("data")
        named = [m.get("id") for m in listed if isinstance(m, dict)] if isinstance(listed, list) else []
        return [name for name in named if isinstance(name, str)]

    async def voices(self) -> list[Any]:
        """Return what the server lists at /audio/voices (names, or objects), [] when it lists none."""
        listed = (await self._get("/audio/voices")).get("voices")
        return listed if isinstance(listed, list) else []

    async def close(self) -> None:
        """Close every connection. Closing twice is harmless."""
        self._asking.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _plain(self, failed: int) -> Clip | Trouble:
        known = self._known
        assert known is not None, "nothing was asked before"
        text = _PLAIN_TEXT.get(known.lang.split("-")[0], "Hello.")
        return await self._ask(speech_wire.body(replace(known, text=text), self._settings, None))

    async def _ask(self, content: dict[str, Any]) -> Clip | Trouble:
        timeout_s = self._settings.timeout_s
        try:
            data = json.dumps(content, ensure_ascii=False).encode()
            async with (
                asyncio.timeout(timeout_s),
                self._open().post(
                    f"{self.server}/audio/speech", data=data, headers={"Content-Type": "application/json"}
                ) as response,
            ):
                body = await response.read()
            if response.status != 200:
                found = wire.trouble(response.status, response.headers, body)
                if found.hopeless == "path" and (self._answered or "voice" in found.detail.lower()):
                    found = replace(found, hopeless=None)  # not the address is wrong: the voice
            else:
                return speech_wire.clip_of(body, response.headers.get("Content-Type", ""), self._settings)
        except Failed as error:
            found = error.trouble
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            found = broken(error, timeout_s)
        except UnicodeEncodeError:
            found = Trouble("rejected", "the text holds half a surrogate pair, which cannot be sent")
        return replace(found, detail=self._told.scrub(found.detail))

    async def _get(self, path: str) -> dict[str, Any]:
        """Return a JSON object that the server lists, {} when it has none. Raises EngineDown."""
        try:
            async with (
                asyncio.timeout(min(CONNECT_S, self._settings.timeout_s)),
                self._open().get(f"{self.server}{path}") as response,
            ):
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise EngineDown(self._told.unreachable(self._told.scrub(cause(error)))) from None
        if response.status == 401:
            found = wire.trouble(response.status, response.headers, body)
            raise EngineDown(await self._asking.why(found))
        try:
            whole = json.loads(body)
        except ValueError:
            return {}
        return whole if response.status == 200 and isinstance(whole, dict) else {}

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            key = self._settings.api_key()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self.concurrency, limit_per_host=self.concurrency, keepalive_timeout=KEEPALIVE_S
                ),
                headers={"Authorization": f"Bearer {key}"} if key else {},
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=min(CONNECT_S, self._settings.timeout_s)
                ),
                trust_env=self._trust_env,
            )
        return self._session

"""`medsynth serve-voice`: our voices behind the OpenAI speech API, for whoever has no speech server.

POST /v1/audio/speech takes `input`, `voice` (a speaker's id, or a profile such as female-elderly), and where
wanted `response_format`, `speed`, `seed` and `language`. GET /v1/audio/voices lists the speakers with what they
are, /v1/models the engine, /health tells how busy it is. The text is said as it stands.
"""

from __future__ import annotations

import asyncio
import hmac
import io
import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from medsynth.errors import UserError, printable
from medsynth.llm.base import EngineDown
from medsynth.records import Speaker
from medsynth.voice.bank_folder import with_paths
from medsynth.voice.engine import Clip, EngineFault, SpeechEngine, Utterance, VoiceError
from medsynth.voice.match import ProfileSpec, match
from medsynth.voice.speech_wire import PCM_RATE

MAX_INPUT = 4096
"""Characters of one request, as OpenAI has it."""

WAITING = 64
"""Requests that may wait for each engine; what comes on top is told to come back (429)."""

# Ogg Opus knows few rates, and raw pcm none: a client takes it for what OpenAI documents.
_RATES = {"opus": 24_000, "pcm": PCM_RATE}
_WRITTEN = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "mp3": ("MP3", None),
    "opus": ("OGG", "OPUS"),
}
_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "opus": "audio/ogg"}
_FORMATS = (*_WRITTEN, "pcm")


class _Refused(Exception):
    """The request cannot be carried out: HTTP status, message, the parameter that is wrong."""

    def __init__(
        self, status: int, message: str, parameter: str | None = None, retry_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.parameter, self.retry_s = status, parameter, retry_s


class SpeechService:
    """What the server answers. `key` "" asks for none; otherwise it must come as a bearer token.

    `folder` is where the clips are that the bank's speakers are imitated from.
    """

    def __init__(
        self, engine: SpeechEngine, bank: Sequence[Speaker], key: str = "", folder: Path | None = None
    ) -> None:
        self.engine, self.key, self.folder = engine, key, folder
        self.bank = [s for s in bank if s.engine == engine.name]
        if not self.bank:
            raise UserError(f"the speaker bank has no voice for the engine {engine.name}")
        self._by_id = {s.id: s for s in self.bank}
        self._accents = sorted({s.accent for s in self.bank})
        self._busy = self._said = 0

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application(middlewares=[self._guarded], client_max_size=2**20)
        app.add_routes(
            [
                web.post("/v1/audio/speech", self.speech),
                web.get("/v1/audio/voices", self.voices),
                web.get("/v1/models", self.models),
                web.get("/health", self.health),
            ]
        )
        app.on_cleanup.append(self._close)
        return app

    async def speech(self, request: web.Request) -> web.Response:
        """Say a text."""
        body = await _object(request)
        text, kind = body.get("input"), body.get("response_format", "mp3")
        if not isinstance(text, str) or not any(c.isalnum() for c in text):
            raise _Refused(400, "input must be a text with something to say in it", "input")
        if len(text) > MAX_INPUT:
            raise _Refused(400, f"input is longer than {MAX_INPUT} characters", "input")
        if kind not in _FORMATS:
            raise _Refused(400, f"response_format must be one of {', '.join(_FORMATS)}", "response_format")
        seed = body.get("seed", 0)
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise _Refused(400, "seed must be a whole number", "seed")
        lang = body.get("language") or ("zh" if any("\u4e00" <= c <= "\u9fff" for c in text) else "en")
        speaker = _at_speed(self._speaker(body.get("voice"), str(lang)), body.get("speed", 1.0))
        if self._busy >= self.engine.concurrency + WAITING:
            raise _Refused(429, "too many requests are waiting", retry_s=1)
        self._busy += 1
        try:
            heard = with_paths(speaker, self.folder) if self.folder else speaker
            clip = await self.engine.speak(Utterance(text, speaker.lang, heard, seed))
        finally:
            self._busy -= 1
        self._said += 1
        data = await asyncio.to_thread(_encoded, clip, kind)
        rate = _RATES.get(kind, clip.sample_rate)
        content_type = _TYPES.get(kind) or f"audio/pcm;rate={rate};channels=1"
        return web.Response(
            body=data,
            headers={
                "Content-Type": content_type,
                "X-Speaker": speaker.id.encode("ascii", "replace").decode(),
            },
        )

    async def voices(self, request: web.Request) -> web.Response:
        """List the speakers, with all that the bank says of them but how the engine makes them."""
        return _json({"voices": [{"name": s.id, **s.model_dump(exclude={"handle"})} for s in self.bank]})

    async def models(self, request: web.Request) -> web.Response:
        """List the engine as the one model."""
        model = {"id": self.engine.name, "object": "model", "created": 0, "owned_by": "medsynth"}
        return _json({"object": "list", "data": [model]})

    async def health(self, request: web.Request) -> web.Response:
        """Tell that the server is there, and how busy."""
        return _json({"status": "ok", "engine": self.engine.name, "busy": self._busy, "said": self._said})

    def _speaker(self, voice: Any, lang: str) -> Speaker:
        if not isinstance(voice, str) or not voice:
            raise _Refused(
                400, "voice must be the id of a speaker or a profile such as female-elderly", "voice"
            )
        if voice in self._by_id:
            return self._by_id[voice]
        try:
            wanted = ProfileSpec.parse(voice, self._accents)
        except UserError as error:
            raise _Refused(400, f"there is no voice {voice!r}: {error}", "voice") from None
        found = match(
            self.bank, lang=lang, gender=wanted.gender, age_group=wanted.age_group, accent=wanted.accent,
            split=None, seed=0, dialogue_id=voice,
        )  # fmt: skip
        if found is None or found.relaxations:
            raise _Refused(400, f"there is no voice {voice!r} for the language {lang!r}", "voice")
        return found.speaker

    async def _close(self, app: web.Application) -> None:
        await self.engine.close()

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
        try:
            if self.key and request.path != "/health":
                given = request.headers.get("Authorization", "").removeprefix("Bearer ")
                if not hmac.compare_digest(given.encode(), self.key.encode()):
                    raise _Refused(401, "the key is missing or wrong")
            answer: web.StreamResponse = await handler(request)
            return answer
        except _Refused as refused:
            return _error(refused.status, str(refused), refused.parameter, refused.retry_s)
        except web.HTTPException as error:
            return _error(error.status, error.reason)
        except (EngineFault, EngineDown) as error:
            return _error(500, str(error))
        except VoiceError as error:
            return _error(400, str(error))


def serve(
    service: SpeechService, host: str = "127.0.0.1", port: int = 8880, ready: Callable[[str], None] = print
) -> None:
    """Serve until interrupted; `ready` is told the base URL once connections are taken (port 0: any free one).

    Raises UserError when the address cannot be had.
    """
    asyncio.run(_serve(service, host, port, ready))


async def _serve(service: SpeechService, host: str, port: int, ready: Callable[[str], None]) -> None:
    runner = web.AppRunner(service.application(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, shutdown_timeout=2.0, backlog=512)
        try:
            await site.start()
        except OSError as error:
            raise UserError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
        address = runner.addresses[0]
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{address[1]}/v1")
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()
    finally:
        await runner.cleanup()


async def _object(request: web.Request) -> dict[str, Any]:
    # A page in a browser can send a form or plain text anywhere, but JSON only where it is let.
    if request.content_type != "application/json":
        raise _Refused(415, "send JSON, as application/json")
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise _Refused(400, "the body is no JSON") from None
    if not isinstance(body, dict):
        raise _Refused(400, "the body is no JSON object")
    return body


def _at_speed(speaker: Speaker, speed: Any) -> Speaker:
    """Return the speaker at so many times the pace, where the engine has a rate. Raises _Refused."""
    if speed in (None, 1, 1.0) and not isinstance(speed, bool):
        return speaker
    if not isinstance(speed, int | float) or isinstance(speed, bool) or not 0.25 <= speed <= 4:
        raise _Refused(400, "speed must be a number from 0.25 to 4", "speed")
    rate = speaker.handle.get("rate")
    if not isinstance(rate, int | float):
        raise _Refused(400, f"the voice {speaker.id} has one speed", "speed")
    changed = min(450, max(80, round(rate * speed)))
    return speaker.model_copy(update={"handle": {**speaker.handle, "rate": changed}})


def _encoded(clip: Clip, kind: str) -> bytes:
    import soundfile
    import soxr

    rate = _RATES.get(kind, clip.sample_rate)
    samples: NDArray[np.float32] = clip.samples
    if rate != clip.sample_rate:
        samples = soxr.resample(samples, clip.sample_rate, rate, quality="HQ")
    pcm = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2")
    if kind == "pcm":
        return pcm.tobytes()
    container, subtype = _WRITTEN[kind]
    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, rate, format=container, subtype=subtype)
    return buffer.getvalue()


def _json(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return web.Response(body=data, status=status, content_type="application/json", headers=headers)


def _error(
    status: int, message: str, parameter: str | None = None, retry_s: int | None = None
) -> web.Response:
    kind = (
        "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    )
    error = {"message": printable(message), "type": kind, "param": parameter, "code": None}
    return _json({"error": error}, status, {"Retry-After": str(retry_s)} if retry_s is not None else None)

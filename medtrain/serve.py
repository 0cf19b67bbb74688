"""`medtrain serve`: a fitted model behind the OpenAI chat API, typed or spoken.

POST /v1/chat/completions takes texts and `input_audio` parts, streamed or not; GET /v1/models lists the one model,
/health tells how busy it is. Every answer carries the notice that nothing in it is medical advice.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from medtrain.api import (
    Completion,
    Refused,
    answered,
    chunks,
    completion,
    event,
    finish_reason,
    usage,
    written,
)
from medtrain.decoding import Decoding, Reply
from medtrain.desk import Desk, Failed, Full
from medtrain.errors import UserError
from medtrain.notice import NOTICE
from medtrain.talk import Prompt, Talker

RETRY_S = 2
"""What a client is told to wait when too many are waiting already."""


@dataclass(frozen=True)
class Settings:
    """How a model is served. `key` "" asks for none; `usual` is the longest reply where a request says nothing."""

    name: str
    created: int = 0
    key: str = ""
    batch: int = 8
    usual: int = 512
    body_bytes: int = 32 * 2**20


class ChatService:
    """What the server answers."""

    def __init__(self, talker: Talker, settings: Settings) -> None:
        self.talker, self.settings = talker, settings
        self.desk = Desk(talker, settings.batch)

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application(middlewares=[self._guarded], client_max_size=self.settings.body_bytes)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self.chat),
                web.get("/v1/models", self.models),
                web.get("/v1/models/{name}", self.model),
                web.get("/health", self.health),
            ]
        )
        app.on_response_prepare.append(_with_notice)
        app.on_shutdown.append(self._close)
        return app

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer a consultation."""
        body = await _object(request, self.settings.body_bytes)
        asked = await asyncio.to_thread(completion, body, self.talker.loaded.frontend.longest)
        self._known(asked.model)
        try:
            prompt = await asyncio.to_thread(self.talker.prompt, asked.turns)
        except UserError as error:
            raise Refused(400, str(error), "messages") from None
        how = asked.decoding(prompt, self.talker.context, self.settings.usual)
        if asked.stream:
            return await self._streamed(request, asked, prompt, how)
        return _json(answered(asked.model, prompt, await self._reply(prompt, how)))

    async def models(self, request: web.Request) -> web.Response:
        """List the one model."""
        return _json({"object": "list", "data": [self._model()]})

    async def model(self, request: web.Request) -> web.Response:
        """Tell of one model."""
        self._known(request.match_info["name"])
        return _json(self._model())

    async def health(self, request: web.Request) -> web.Response:
        """Tell that the server is there, and how busy."""
        desk = self.desk
        busy = {"answering": desk.answering, "waiting": desk.waiting, "answered": desk.answered}
        return _json({"status": "ok", "model": self.settings.name, **busy})

    async def _reply(
        self, prompt: Prompt, how: Decoding, hear: Callable[[str], object] | None = None
    ) -> Reply:
        try:
            return await self.desk.ask(prompt, how, hear)
        except Full:
            raise Refused(429, "too many requests are waiting for the model; come back later") from None
        except Failed as error:
            raise Refused(500, str(error)) from None

    async def _streamed(
        self, request: web.Request, asked: Completion, prompt: Prompt, how: Decoding
    ) -> web.StreamResponse:
        """Answer by events. Until the first of them an error has a status; later it is an event."""
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        task = asyncio.create_task(self._reply(prompt, how, pieces.put_nowait))
        task.add_done_callback(lambda done: pieces.put_nowait(None))
        write = chunks(asked.model, asked.usage)
        try:
            piece = await pieces.get()
            if piece is None:
                task.result()  # raises what went wrong, if anything did
            response = web.StreamResponse(
                headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
            )
            await response.prepare(request)
            await response.write(write({"role": "assistant", "content": ""}))
            while piece is not None:
                await response.write(write({"content": piece}))
                piece = await pieces.get()
            try:
                reply = await task
            except Refused as refused:
                await response.write(event(refused.body()))
                return response
            await response.write(write(finish=finish_reason(reply)))
            if asked.usage:
                await response.write(write(usage=usage(prompt, reply)))
            await response.write(b"data: [DONE]\n\n")
            await response.write_eof()
            return response
        finally:
            task.cancel()

    def _known(self, name: str) -> None:
        if name != self.settings.name:
            message = f"the model {name!r} does not exist; this server has {self.settings.name!r}"
            raise Refused(404, message, "model", "model_not_found")

    def _model(self) -> dict[str, Any]:
        return {
            "id": self.settings.name,
            "object": "model",
            "created": self.settings.created,
            "owned_by": "medtrain",
            "max_model_len": self.talker.context,
            "input_modalities": ["text", "audio"],
            "notice": NOTICE,
        }

    async def _close(self, app: web.Application) -> None:
        await asyncio.to_thread(self.desk.close)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
        try:
            if self.settings.key and request.path != "/health":
                given = request.headers.get("Authorization", "").removeprefix("Bearer ")
                if not hmac.compare_digest(given.encode(), self.settings.key.encode()):
                    raise Refused(401, "the key is missing or wrong", code="invalid_api_key")
            response: web.StreamResponse = await handler(request)
            return response
        except Refused as refused:
            headers = {"Retry-After": str(RETRY_S)} if refused.status == 429 else None
            return _json(refused.body(), refused.status, headers)
        except web.HTTPException as error:
            allowed = {k: v for k, v in error.headers.items() if k == "Allow"}
            return _json(
                Refused(error.status, f"{request.path}: {error.reason}").body(), error.status, allowed
            )


def serve(
    service: ChatService, host: str = "127.0.0.1", port: int = 8890, ready: Callable[[str], object] = print
) -> None:
    """Serve until interrupted; `ready` is told the base URL once connections are taken (port 0: any free one).

    Raises UserError when the address cannot be had.
    """
    asyncio.run(_serve(service, host, port, ready))


async def _serve(service: ChatService, host: str, port: int, ready: Callable[[str], object]) -> None:
    # A client that goes away cancels its handler, which stops its reply.
    runner = web.AppRunner(service.application(), access_log=None, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, shutdown_timeout=2.0)  # type: ignore[call-arg]
        try:
            await site.start()
        except OSError as error:
            raise UserError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
        address = runner.addresses[0]
        shown = f"[{host}]" if ":" in host else host
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        ready(f"http://{shown}:{address[1]}/v1")
        await stop.wait()
    finally:
        await runner.cleanup()


async def _with_notice(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Notice"] = NOTICE


async def _object(request: web.Request, most: int) -> dict[str, Any]:
    # A page in a browser can send a form or plain text anywhere, but JSON only where it is let.
    if request.content_type != "application/json":
        raise Refused(415, "send JSON, as application/json")
    try:
        body = json.loads(await request.read())
    except web.HTTPRequestEntityTooLarge:
        raise Refused(413, f"the body is larger than {most} bytes") from None
    except (ValueError, RecursionError):
        raise Refused(400, "the body is no JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "the body is no JSON object")
    return body


def _json(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=written(body), status=status, content_type="application/json", headers=headers)

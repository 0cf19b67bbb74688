"""The `openai` engine: any server that speaks the chat completions API, hosted or one's own.

The `openai` client carries the requests (over aiohttp); when to ask again is decided by `medsynth.llm.asking`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any, Literal

import httpx2
import openai

from medsynth.llm import wire
from medsynth.llm.asking import Asking, Told
from medsynth.llm.base import ChatRequest, EngineDown, EngineError, Message, Reply, Sampling
from medsynth.llm.connection import open_client
from medsynth.llm.network import CONNECT_S, broken, cause
from medsynth.llm.retries import Patience
from medsynth.llm.settings import LLMSettings
from medsynth.llm.structured import obeyed, support_test
from medsynth.llm.wire import Failed, Trouble, shown

_PLAIN = ChatRequest((Message("user", "Say hello."),), Sampling(max_tokens=16))


class OpenAIEngine:
    """Asks one model of one server; see `medsynth.llm.base.ChatEngine`.

    `structured` says how a schema is asked for: by the server's schema support, in the prompt, or None while
    that is not yet known (it is tested by asking, before the first request that has a schema).
    `retried` counts failed tries by fault; `limit` tells how many requests are in flight, and may be.
    """

    name = "openai"

    def __init__(self, settings: LLMSettings, patience: Patience | None = None) -> None:
        self.model, self.server = settings.model, settings.server()
        self.structured: Literal["schema", "prompt"] | None = (
            None if settings.structured == "auto" else settings.structured
        )
        self._settings = settings
        self._testing = asyncio.Lock()
        self._refused_schemas: set[str] = set()
        self._limit_name = "max_tokens"
        self._client = open_client(settings)
        # Servers without keys are sent none.
        self._options: Any = {} if settings.api_key() else {"headers": {"Authorization": openai.Omit()}}
        self._told = Told("llm", "chat", self.server, self.model, settings.api_key(), settings.api_key_env)
        self._asking = Asking[Reply](
            self._told,
            concurrency=settings.concurrency,
            retries=settings.retries,
            plain=lambda failed: self._ask(wire.body(_PLAIN, self.model, False, self._limit_name), failed),
            models=self._names,
            patience=patience,
        )
        self.limit, self.retried = self._asking.limit, self._asking.retried

    def __repr__(self) -> str:
        return f"OpenAIEngine(model={self.model!r}, server={shown(self.server)!r})"

    async def chat(self, request: ChatRequest) -> Reply:
        """Return the reply. Raises EngineError for this request, EngineDown when none can succeed."""
        by_schema = request.schema is not None and await self._by_schema(request)
        try:
            return await self._persist(request, by_schema)
        except Failed as failed:
            if not (by_schema and self._may_fall_back(failed.trouble)):
                raise EngineError(failed.trouble.fault, failed.trouble.detail) from None
        # This schema asks for more than the server's support can do.
        self._refused_schemas.add(_schema_text(request))
        try:
            return await self._persist(request, by_schema=False)
        except Failed as failed:
            raise EngineError(failed.trouble.fault, failed.trouble.detail) from None

    async def models(self) -> list[dict[str, Any]]:
        """Return what the server lists at /models, [] when it lists none. Raises EngineDown."""
        try:
            async with asyncio.timeout(min(CONNECT_S, self._settings.timeout_s)):
                response = await self._client.get("/models", cast_to=httpx2.Response, options=self._options)
            listed = json.loads(response.content)["data"]
            return [m for m in listed if isinstance(m, dict) and isinstance(m.get("id"), str)]
        except openai.APIStatusError as error:
            found = wire.trouble(error.status_code, error.response.headers, error.response.content)
            if found.hopeless == "key":
                raise EngineDown(await self._asking.why(found)) from None
            return []
        except (openai.APIConnectionError, TimeoutError) as error:
            raise EngineDown(self._told.unreachable(self._told.scrub(cause(error)))) from None
        except (ValueError, KeyError, TypeError):
            return []

    async def close(self) -> None:
        """Close every connection. Closing twice is harmless."""
        self._asking.close()
        await self._client.close()

    async def _names(self) -> list[str]:
        return [model["id"] for model in await self.models()]

    async def _persist(self, request: ChatRequest, by_schema: bool) -> Reply:
        """Ask until there is a reply. Raises EngineError, EngineDown, or Failed when the server refuses."""
        sent: dict[str, Any] = {}

        def ask(failed: int) -> Awaitable[Reply | Trouble]:
            nonlocal sent
            sent = wire.body(request, self.model, by_schema, self._limit_name)
            return self._ask(sent, failed)

        def renamed(found: Trouble) -> bool:
            if not found.renamed or "max_tokens" not in sent:
                return False
            self._limit_name = "max_completion_tokens"
            return True

        return await self._asking.persist(
            ask, adapt=renamed, excused=lambda found: by_schema and self._may_fall_back(found)
        )

    async def _ask(self, content: dict[str, Any], failed: int) -> Reply | Trouble:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                response = await self._client.post(
                    "/chat/completions", cast_to=httpx2.Response, body=content, options=self._options
                )
            return wire.reply(response.content, time.perf_counter() - started, failed)
        except Failed as error:
            found = error.trouble
        except openai.APIStatusError as error:
            found = wire.trouble(error.status_code, error.response.headers, error.response.content)
        except (openai.APIConnectionError, TimeoutError) as error:
            found = broken(error, self._settings.timeout_s)
        except UnicodeEncodeError:
            found = Trouble("rejected", "the prompt holds half a surrogate pair, which cannot be sent")
        return replace(found, detail=self._told.scrub(found.detail))

    async def _by_schema(self, request: ChatRequest) -> bool:
        """Return whether to ask by the server's schema support; the first to need to know tests it."""
        if self.structured is None:
            async with self._testing:
                if self.structured is None:
                    self.structured = "schema" if await self._supports_schemas() else "prompt"
        return self.structured == "schema" and _schema_text(request) not in self._refused_schemas

    async def _supports_schemas(self) -> bool:
        request, token = support_test(self._settings.max_tokens)
        try:
            return obeyed((await self._persist(request, by_schema=True)).text, token)
        except Failed:
            return False
        except EngineError as error:
            if error.fault in ("server", "too_long"):  # some servers break on what they do not know
                return False
            raise

    def _may_fall_back(self, found: Trouble) -> bool:
        return found.about_schema and self._settings.structured == "auto"


def _schema_text(request: ChatRequest) -> str:
    return json.dumps(request.schema, sort_keys=True)

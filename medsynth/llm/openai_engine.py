"""The `openai` engine: any server that speaks the chat completions API, hosted or one's own.

The `openai` client carries the requests (over aiohttp); waiting, asking again and judging answers is done
here, because a run over many records knows more than one call: what the other requests met meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import replace
from typing import Any, Literal

import httpx2
import openai

from medsynth.errors import printable
from medsynth.llm import wire
from medsynth.llm.adaptive import AdaptiveLimit, Outcome
from medsynth.llm.base import ChatRequest, EngineDown, EngineError, Message, Reply, Sampling
from medsynth.llm.connection import CONNECT_S, broken, cause, open_client
from medsynth.llm.retries import Breaker, Patience
from medsynth.llm.settings import LLMSettings
from medsynth.llm.structured import obeyed, support_test
from medsynth.llm.wire import Failed, Trouble, shown

LISTED = 8  # models named in a message
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
        self.retried: Counter[str] = Counter()
        self.limit = AdaptiveLimit(settings.concurrency)
        self._settings = settings
        self._patience = patience or Patience()
        self._breaker = Breaker(self._patience)
        self._testing, self._checking = asyncio.Lock(), asyncio.Lock()
        self._checked_at = float("-inf")
        self._refused_schemas: set[str] = set()
        self._limit_name = "max_tokens"
        self._down = ""
        self._closed = False
        self._client = open_client(settings)
        # Servers without keys are sent none.
        self._options: Any = {} if settings.api_key() else {"headers": {"Authorization": openai.Omit()}}

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
                raise EngineDown(await self._why(found)) from None
            return []
        except (openai.APIConnectionError, TimeoutError) as error:
            raise EngineDown(self._unreachable(self._scrub(cause(error)))) from None
        except (ValueError, KeyError, TypeError):
            return []

    async def close(self) -> None:
        """Close every connection. Closing twice is harmless."""
        self._closed = True
        await self._client.close()

    async def _persist(self, request: ChatRequest, by_schema: bool) -> Reply:
        """Ask until there is a reply. Raises EngineError, EngineDown, or Failed when the server refuses."""
        failed, blamed = 0, False
        while True:
            looked = time.monotonic()
            content = wire.body(request, self.model, by_schema, self._limit_name)
            found = await self._try(content, failed)
            if isinstance(found, Reply):
                self._breaker.success()
                return found
            if found.renamed and "max_tokens" in content:
                self._limit_name = "max_completion_tokens"
                continue
            failed += 1
            if not (by_schema and self._may_fall_back(found)):
                await self._judge(found)
            if found.fault == "rejected":
                raise Failed(found)
            if not found.passes or (
                failed > self._settings.retries and await self._is_its_own_fault(found, looked, blamed)
            ):
                raise EngineError(found.fault, found.detail, failed - 1)
            # Not ready then, but answering now: one more failure is this request's own.
            blamed = failed > self._settings.retries and self._breaker.answered_at >= looked
            self.retried[found.fault] += 1
            limited = found.fault == "rate_limit"
            await asyncio.sleep(self._patience.wait(min(failed, 20), found.retry_after, limited))

    async def _is_its_own_fault(self, found: Trouble, since: float, blamed: bool) -> bool:
        """Return whether a request that keeps failing does so alone, while the server answers others.

        A server that is gone would otherwise fail many records before that is known, and a record that the
        server cannot bear, once it is the last one, would look like a server that is gone. If no other was
        answered `since` then, a plain question finds out. Raises EngineDown.
        """
        if found.absent == "unreachable":
            return False  # it was not even sent
        if found.fault == "rate_limit" or blamed or self._breaker.answered_at >= since:
            return True
        return await self._answers(since) and found.absent is None

    async def _answers(self, since: float) -> bool:
        """Return whether the server has answered anything `since` then, if need be by asking it."""
        async with self._checking:
            if max(self._breaker.answered_at, self._checked_at) >= since:
                return self._breaker.answered_at >= since
            found = await self._try(wire.body(_PLAIN, self.model, False, self._limit_name), failed=1)
            self._checked_at = time.monotonic()
            if isinstance(found, Reply):
                self._breaker.success()
                return True
            await self._judge(found)
            return False

    async def _judge(self, found: Trouble) -> None:
        """Raise EngineDown if a failed try, with those before it, means that no request can succeed."""
        # Refused with a key that others were answered with: it concerns this request alone.
        if found.hopeless and not (found.hopeless == "forbidden" and self._breaker.answered):
            self._down = self._down or await self._why(found)
            raise EngineDown(self._down)
        self._count(found)

    async def _try(self, content: dict[str, Any], failed: int) -> Reply | Trouble:
        """Ask once, as soon as the limit allows it."""
        ticket = await self.limit.acquire(again=failed > 0)
        outcome: Outcome = "fault"
        try:
            if self._down:
                raise EngineDown(self._down)
            if self._closed:
                raise EngineError("connection", "the engine was closed", failed)
            found = await self._ask(content, failed)
            if isinstance(found, Reply):
                outcome = "ok"
            elif found.overload:
                outcome = "overload"
                self.limit.hold(min(found.retry_after or 0.0, self._patience.retry_after_cap_s))
            elif found.fault == "timeout":
                outcome = "timeout"
            return found
        finally:
            self.limit.release(ticket, outcome)

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
        return replace(found, detail=self._scrub(found.detail))

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

    def _count(self, found: Trouble) -> None:
        """Tell the breaker. Raises EngineDown."""
        server = shown(self.server)
        try:
            if found.fault in ("too_long", "rate_limit"):
                pass
            elif found.absent == "unreachable":
                self._breaker.failure("unreachable", self._unreachable(found.detail))
            elif found.absent == "unready":
                self._breaker.failure("unready", f"llm: the server at {server} is not ready: {found.detail}")
            elif found.fault == "rejected":
                line = f"llm: {server} refuses every request; it says: {found.detail}"
                self._breaker.failure("refused", line)
            else:
                hint = "raise llm.timeout_s, or " if found.fault == "timeout" else ""
                line = (
                    f"llm: {server} gave no reply for minutes, only faults ({found.detail}); "
                    f"{hint}look at the server, then run the same command again"
                )
                self._breaker.failure("fault", line)
        except EngineDown as down:
            self._down = str(down)
            raise

    async def _why(self, found: Trouble) -> str:
        """Return the line that says why no request can succeed, and what to do."""
        server, variable = shown(self.server), self._settings.api_key_env
        detail = self._scrub(found.detail)
        if found.hopeless in ("key", "forbidden"):
            if not self._settings.api_key():
                return (
                    f"llm: {server} wants a key ({detail}); set {variable}, or name another llm.api_key_env"
                )
            return f"llm: {server} refuses the key in {variable} ({detail})"
        if found.hopeless == "credit":
            return (
                f"llm: {server} answers nobody without credit, and the key in {variable} has none ({detail})"
            )
        if found.hopeless == "later":
            hours = (found.retry_after or 0) / 3600
            return f"llm: the limit at {server} is used up; run the same command again in {hours:.1f} h"
        try:
            names = [model["id"] for model in await self.models()]
        except EngineDown:
            names = []
        if found.hopeless == "path" and not names:
            return f"llm: there is no chat API at {server} ({detail}); llm.base_url usually ends in /v1"
        listed = ", ".join(names[:LISTED]) + (" …" if len(names) > LISTED else "")
        known = f"it lists: {printable(listed)}" if listed else "it lists none"
        return f"llm: {server} has no model {self.model!r} ({detail}); give --model or llm.model; {known}"

    def _unreachable(self, detail: str) -> str:
        return (
            f"llm: no server answers at {shown(self.server)} ({detail}); start it, or give another --base-url"
        )

    def _scrub(self, text: str) -> str:
        key = self._settings.api_key()
        return text.replace(key, "[key]") if key else text


def _schema_text(request: ChatRequest) -> str:
    return json.dumps(request.schema, sort_keys=True)

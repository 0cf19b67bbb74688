"""The `openai` client, opened for one server over aiohttp."""

from __future__ import annotations

import httpx2
import openai

from medsynth.llm.network import CONNECT_S, KEEPALIVE_S, check_key, host_of, is_loopback
from medsynth.llm.settings import LLMSettings


def open_client(settings: LLMSettings) -> openai.AsyncOpenAI:
    """Return a client without retries of its own, not yet connected.

    Raises UserError when the address is none, or when the key cannot be one.
    """
    server, key = settings.server(), settings.api_key()
    check_key(key, settings.api_key_env, "llm")
    return openai.AsyncOpenAI(
        base_url=server,
        # Never None: the client would look for a key of its own, perhaps another server's.
        api_key=key or "none",
        max_retries=0,
        timeout=openai.Timeout(settings.timeout_s, connect=min(CONNECT_S, settings.timeout_s)),
        http_client=openai.DefaultAioHttpClient(
            limits=httpx2.Limits(
                max_connections=settings.concurrency,
                max_keepalive_connections=settings.concurrency,
                keepalive_expiry=KEEPALIVE_S,
            ),
            trust_env=not is_loopback(host_of(server, "llm")),
        ),
    )

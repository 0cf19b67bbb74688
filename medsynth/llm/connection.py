"""The `openai` client, opened for one server over aiohttp, and what its broken connections mean."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

import aiohttp
import httpx2
import openai

from medsynth.errors import UserError, printable
from medsynth.llm.settings import LLMSettings
from medsynth.llm.wire import SHOWN, Trouble, shown

CONNECT_S = 10.0  # a server that does not even take a connection in this time is not there
KEEPALIVE_S = 4.0  # below the 5 s after which common servers close an idle connection


def open_client(settings: LLMSettings) -> openai.AsyncOpenAI:
    """Return a client without retries of its own, not yet connected.

    Raises UserError when the address is none, or when the key cannot be one.
    """
    server, key = settings.server(), settings.api_key()
    if not key.isascii() or not key.isprintable():
        # Said here, because what the client says repeats the key.
        raise UserError(f"llm: the value of {settings.api_key_env} cannot be a key: it is not plain ASCII")
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
            # A proxy for the world outside does not lead to this machine.
            trust_env=not _is_loopback(_host(server)),
        ),
    )


def broken(error: Exception, timeout_s: float) -> Trouble:
    """Return what a failed connection means; `timeout_s` is the time limit that was set."""
    chain = list(_causes(error))
    if any(isinstance(e, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError) for e in chain):
        return Trouble("connection", cause(error), passes=True, absent="unreachable")
    # The client calls every broken connection a time-out; what lies beneath says which it was.
    if any(isinstance(e, TimeoutError) for e in chain):
        return Trouble("timeout", f"no whole reply within {timeout_s:g} s", passes=True)
    return Trouble("connection", f"the connection broke: {cause(error)}", passes=True)


def cause(error: BaseException) -> str:
    """Return the innermost cause, in words, on one line."""
    *_, last = _causes(error)
    return printable(" ".join((str(last) or type(last).__name__).split())[:SHOWN])


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _host(server: str) -> str:
    try:
        parts = urlsplit(server)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts.hostname
    except ValueError:  # a port that is no number
        pass
    raise UserError(
        f"llm: {shown(server)!r} is no address of a server; one looks like http://127.0.0.1:8000/v1"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

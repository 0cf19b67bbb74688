"""Addresses of servers, and what broken connections to them mean."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

import aiohttp

from medsynth.errors import UserError, printable
from medsynth.llm.wire import SHOWN, Trouble, shown

CONNECT_S = 10.0  # a server that does not even take a connection in this time is not there
KEEPALIVE_S = 4.0  # below the 5 s after which common servers close an idle connection


def broken(error: Exception, timeout_s: float) -> Trouble:
    """Return what a failed connection means; `timeout_s` is the time limit that was set."""
    chain = list(_causes(error))
    if any(isinstance(e, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError) for e in chain):
        return Trouble("connection", cause(error), passes=True, absent="unreachable")
    # The openai client calls every broken connection a time-out; what lies beneath says which it was.
    if any(isinstance(e, TimeoutError) for e in chain):
        return Trouble("timeout", f"no whole reply within {timeout_s:g} s", passes=True)
    return Trouble("connection", f"the connection broke: {cause(error)}", passes=True)


def cause(error: BaseException) -> str:
    """Return the innermost cause, in words, on one line."""
    *_, last = _causes(error)
    return printable(" ".join((str(last) or type(last).__name__).split())[:SHOWN])


def host_of(server: str, section: str) -> str:
    """Return the host of a server's URL. Raises UserError, naming the `section`, when it is no address."""
    try:
        parts = urlsplit(server)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts.hostname
    except ValueError:  # a port that is no number
        pass
    raise UserError(
        f"{section}: {shown(server)!r} is no address of a server; one looks like http://127.0.0.1:8000/v1"
    )


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine: a proxy for the world outside does not lead there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_key(key: str, variable: str, section: str) -> None:
    """Raise UserError when a key cannot be one; said here, because what a client says repeats the key."""
    if not key.isascii() or not key.isprintable():
        raise UserError(f"{section}: the value of {variable} cannot be a key: it is not plain ASCII")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__

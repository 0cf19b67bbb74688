"""The chat completions format (OpenAI API reference): a request as turns and settings, a reply as JSON.

Pure functions. What would change a reply and cannot be done is refused, never ignored.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from medtrain.audio import read_speech
from medtrain.decoding import Decoding, Reply
from medtrain.errors import UserError
from medtrain.talk import Part, Prompt, Said

FORMATS = {"wav": "WAV", "flac": "FLAC", "mp3": "MP3"}
_ROLES = {"user": "patient", "assistant": "doctor", "system": "system", "developer": "system"}
_STOPS = 4
# What is asked for by these would be another reply; by their defaults nothing is.
_CANNOT = {
    "n": (1,),
    "tools": ([],),
    "functions": ([],),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "audio": (),
}


class Refused(Exception):
    """A request that is not carried out: HTTP status, message, the parameter that is wrong, OpenAI's code for it."""

    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.param, self.code = status, param, code

    def body(self) -> dict[str, Any]:
        """Return the error as OpenAI writes it."""
        kinds = {401: "authentication_error", 429: "rate_limit_error"}
        kind = "server_error" if self.status >= 500 else kinds.get(self.status, "invalid_request_error")
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}


@dataclass(frozen=True)
class Completion:
    """One chat completion that is asked for. `limit` None: as long as the server lets replies be."""

    model: str
    turns: list[tuple[str, Said]]
    limit: int | None
    temperature: float
    top_p: float
    seed: int
    stop: tuple[str, ...]
    stream: bool
    usage: bool

    def decoding(self, prompt: Prompt, context: int, usual: int) -> Decoding:
        """Return how its reply is drawn. Raises Refused when prompt and reply are longer than the context."""
        used = len(prompt.ids)
        if used + (self.limit or 1) > context:
            asked = (
                f" and max_tokens asks for {self.limit}"
                if self.limit
                else ", which leaves no room for a reply"
            )
            raise Refused(
                400,
                f"the context length of this model is {context} tokens; the messages are {used} tokens long "
                f"({prompt.audio_tokens} of them audio){asked}",
                "messages",
                "context_length_exceeded",
            )
        limit = self.limit or min(usual, context - used)
        return Decoding(limit, self.temperature, self.top_p, self.seed, self.stop)


def completion(body: dict[str, Any], longest: int) -> Completion:
    """Read a request; `longest` is the longest clip in samples at 16 kHz. Raises Refused."""
    for name, harmless in _CANNOT.items():
        if body.get(name) is not None and body[name] not in harmless:
            raise Refused(400, f"{name} is not supported here", name, "unsupported_parameter")
    model, messages = body.get("model"), body.get("messages")
    if not isinstance(model, str) or not model:
        raise Refused(400, "model must be the name of a model", "model")
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "messages must be a list with at least one message", "messages")
    limits = [_number(body, name, None, 1, None, int) for name in ("max_completion_tokens", "max_tokens")]
    options = body.get("stream_options") or {}
    seed = _number(body, "seed", None, -(2**63), 2**63 - 1, int)
    return Completion(
        model=model,
        turns=_turns(messages, longest),
        limit=next((limit for limit in limits if limit is not None), None),
        temperature=_number(body, "temperature", 1.0, 0, 2, float),
        top_p=_number(body, "top_p", 1.0, 0, 1, float),
        seed=secrets.randbits(62) if seed is None else seed,
        stop=_stop(body.get("stop")),
        stream=_switch(body, "stream"),
        usage=isinstance(options, dict) and _switch(options, "include_usage"),
    )


def answered(model: str, prompt: Prompt, reply: Reply) -> dict[str, Any]:
    """Return a whole chat completion."""
    message = {"role": "assistant", "content": reply.text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(reply)}
    head = {"id": _id(), "object": "chat.completion", "created": int(time.time()), "model": model}
    return head | {"choices": [choice], "usage": usage(prompt, reply)}


def chunks(model: str, with_usage: bool) -> Callable[..., bytes]:
    """Return what writes the events of one streamed completion: of a delta, of the finish, of the usage."""
    head = {"id": _id(), "object": "chat.completion.chunk", "created": int(time.time()), "model": model}

    def write(
        delta: dict[str, Any] | None = None, finish: str | None = None, usage: dict[str, Any] | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}
        chunk = head | {"choices": [] if usage else [choice]}
        return event(chunk | ({"usage": usage} if with_usage else {}))

    return write


def event(data: dict[str, Any]) -> bytes:
    """Return a server-sent event."""
    return b"data: " + written(data) + b"\n\n"


def written(data: dict[str, Any]) -> bytes:
    """Return JSON, in UTF-8 whatever the text."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")


def finish_reason(reply: Reply) -> str:
    """Return OpenAI's word for why a reply is over."""
    return "stop" if reply.ended else "length"


def usage(prompt: Prompt, reply: Reply) -> dict[str, Any]:
    """Return the tokens of a completion; the one that ends a reply counts."""
    made = reply.tokens + (reply.finish == "end")
    return {
        "prompt_tokens": len(prompt.ids),
        "completion_tokens": made,
        "total_tokens": len(prompt.ids) + made,
        "prompt_tokens_details": {"audio_tokens": prompt.audio_tokens, "cached_tokens": 0},
    }


def _id() -> str:
    return f"chatcmpl-{uuid.uuid4().hex}"


def _turns(messages: list[Any], longest: int) -> list[tuple[str, Said]]:
    turns: list[tuple[str, Said]] = []
    told: list[str] = []
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            raise Refused(
                400, f"{where}.role must be one of {', '.join(_ROLES)}, not {role!r}", f"{where}.role"
            )
        parts = _parts(message, where, longest)
        if _ROLES[role] != "system":
            turns.append((_ROLES[role], parts))
        elif turns:
            raise Refused(400, f"{where}: a {role} message must come before all others", f"{where}.role")
        else:
            told += [part for part in parts if isinstance(part, str)]
    if not turns or turns[-1][0] != "patient":
        raise Refused(400, "the last message must be the user's", "messages")
    return [("system", "\n\n".join(told)), *turns] if told else turns


def _parts(message: dict[str, Any], where: str, longest: int) -> tuple[Part, ...]:
    """Return a message's text, or texts and clips in their order; texts side by side are lines of one."""
    content = message.get("content")
    given = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(given, list) or not given:
        raise Refused(400, f"{where}.content must be a text or a list of parts", f"{where}.content")
    parts: list[Part] = []
    for number, part in enumerate(given):
        at = f"{where}.content" if isinstance(content, str) else f"{where}.content[{number}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text":
            text = _text(part.get("text"), at)
            if parts and isinstance(parts[-1], str):
                parts[-1] += "\n" + text
            else:
                parts.append(text)
        elif kind == "input_audio" and message["role"] == "user":
            parts.append(_clip(part.get("input_audio"), at, longest))
        elif kind == "input_audio":
            raise Refused(400, f"{at}: only the user's messages may hold audio", at)
        else:
            raise Refused(400, f"{at}.type must be text or input_audio, not {kind!r}", f"{at}.type")
    if not any(part.strip() if isinstance(part, str) else True for part in parts):
        raise Refused(400, f"{where} is empty", f"{where}.content")
    return tuple(parts)


def _text(text: Any, where: str) -> str:
    if not isinstance(text, str):
        raise Refused(400, f"{where} must hold a text", where)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused(400, f"{where} holds half a surrogate pair", where) from None
    return text


def _clip(given: Any, where: str, longest: int) -> np.ndarray:
    data = given.get("data") if isinstance(given, dict) else None
    kind = given.get("format") if isinstance(given, dict) else None
    if kind not in FORMATS:
        raise Refused(400, f"{where}: format must be one of {', '.join(FORMATS)}, not {kind!r}", where)
    try:
        if not isinstance(data, str):
            raise ValueError
        raw = base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        raise Refused(400, f"{where}: data must be an audio file in base64", where) from None
    try:
        return read_speech(raw, longest, (FORMATS[kind],))
    except UserError as error:
        raise Refused(400, f"{where}: {error}", where) from None


def _number(body: dict[str, Any], name: str, usual: Any, low: float, high: float | None, kind: type) -> Any:
    value = body.get(name)
    if value is None:
        return usual
    right = isinstance(value, int) if kind is int else isinstance(value, int | float)
    right |= isinstance(value, float) and value.is_integer()
    right &= not isinstance(value, bool)
    if not right or not low <= value or (high is not None and value > high):
        what = "a whole number" if kind is int else "a number"
        span = f"from {low:g} to {high:g}" if high is not None else f"of at least {low:g}"
        raise Refused(400, f"{name} must be {what} {span}", name)
    return kind(value)


def _switch(body: dict[str, Any], name: str) -> bool:
    if body.get(name) not in (None, True, False):
        raise Refused(400, f"{name} must be true or false", name)
    return bool(body.get(name))


def _stop(value: Any) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value or []
    if not isinstance(words, list) or len(words) > _STOPS or not all(isinstance(w, str) and w for w in words):
        raise Refused(400, f"stop must be a text, or up to {_STOPS} of them", "stop")
    return tuple(words)

"""The chat completions format: a request as its JSON body, a body as a reply, an error as what it means.

Pure functions. Sources: the OpenAI API reference, and what vLLM, llama.cpp, Ollama and hosted gateways were
seen to send where they differ from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from medsynth.errors import printable
from medsynth.llm.base import ChatRequest, Fault, Finish, Reply
from medsynth.llm.retries import retry_after
from medsynth.llm.structured import in_prompt, response_format

# Why no request at all can succeed: the key, the account's credit, the model's name, the address, a limit
# that is used up for long. "forbidden" may also concern one request alone.
Hopeless: TypeAlias = Literal["key", "forbidden", "credit", "model", "path", "later"]

_FINISH: dict[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "safety": "content_filter",
}
_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|size|window)|maximum (?:model|sequence|prompt|input) length|max_model_len"
    r"|(?:prompt|input|request)(?: is)? too long|too many (?:input )?tokens|reduce the length",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model\b.{0,200}?(?:does not exist|not found|not a valid model|is not available|unknown model)"
    r"|(?:unknown|invalid|no such) model|not a valid model",
    re.IGNORECASE | re.DOTALL,
)
_FLAGGED = re.compile(r"flagged|moderation|content policy|content management|safety", re.IGNORECASE)
_ABOUT_SCHEMA = re.compile(
    r"response_format|json_schema|schema|grammar|guided|structured[ _]output|text\.format", re.IGNORECASE
)
SHOWN = 300  # characters of a server's message that are passed on
LONG_S = 900.0  # a wait that nobody waits in front of a running command


@dataclass(frozen=True)
class Trouble:
    """What went wrong with one try.

    `passes`: asking again may help. `overload`: fewer at a time may help. `retry_after`: seconds the server
    asks to wait. `hopeless`: why no request can succeed. `about_schema`: the server objects to the schema it
    was sent. `renamed`: the limit on tokens must be called `max_completion_tokens`, as newer
    hosted models do. `absent`: no server takes connections, or it is not ready. `unlike`: a whole answer of
    another kind than asked for; where nothing else ever comes, the settings are wrong.
    """

    fault: Fault
    detail: str
    passes: bool = False
    overload: bool = False
    retry_after: float | None = None
    hopeless: Hopeless | None = None
    about_schema: bool = False
    renamed: bool = False
    absent: Literal["unreachable", "unready"] | None = None
    unlike: bool = False


class Failed(Exception):
    """One try failed."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.detail)
        self.trouble = trouble


def body(request: ChatRequest, model: str, by_schema: bool, limit_name: str = "max_tokens") -> dict[str, Any]:
    """Return the JSON body that asks `request` of `model`, its schema by `response_format` or in the prompt."""
    messages, sampling = request.messages, request.sampling
    if request.schema is not None and not by_schema:
        messages = in_prompt(messages, request.schema)
    result: dict[str, Any] = {
        "model": model,
        "messages": [{"role": m.role, "content": m.content} for m in messages],
        "temperature": sampling.temperature,
        limit_name: sampling.max_tokens,
    }
    if sampling.top_p is not None:
        result["top_p"] = sampling.top_p
    if sampling.seed is not None:
        result["seed"] = sampling.seed
    if request.schema is not None and by_schema:
        result["response_format"] = response_format(request.schema)
    return result


def reply(data: bytes, latency_s: float = 0.0, retries: int = 0) -> Reply:
    """Return the reply in a completion's body. Raises Failed when the body is not a whole chat completion."""
    try:
        whole = json.loads(data)
    except ValueError:
        text = data[:80].decode("utf-8", "replace").strip()
        raise _malformed(f"not JSON but {printable(text)!r}" if text else "an empty body") from None
    if not isinstance(whole, dict):
        raise _malformed(f"JSON, but a {type(whole).__name__}")
    choices = whole.get("choices")
    if not choices and whole.get("error"):
        raise Failed(_told(whole))
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise _malformed("no choices")
    choice = choices[0]
    if choice.get("error"):
        raise Failed(_told(choice))
    message = choice.get("message")
    if not isinstance(message, dict):
        raise _malformed("a choice without a message")
    text, finish = _content(message.get("content")), _finish(choice.get("finish_reason"))
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        text, finish = text or refusal, "content_filter"
    elif message.get("tool_calls") or message.get("function_call"):
        finish = "other"
    usage = whole.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    model = whole.get("model")
    return Reply(
        text=text,
        finish=finish,
        model=model if isinstance(model, str) else "",
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        latency_s=latency_s,
        retries=retries,
    )


def trouble(status: int, headers: Mapping[str, str], data: bytes) -> Trouble:
    """Return what an answer with an HTTP error status means."""
    message, code = _message(data)
    detail = f"{status}: {message}" if message else str(status)
    wait = retry_after(headers)
    # Context first: some servers send it as 413, 422 or even 500.
    if code in ("context_length_exceeded", "exceed_context_size_error") or (
        status in (400, 413, 422, 500) and _TOO_LONG.search(message)
    ):
        return Trouble("too_long", detail)
    if status == 401:
        return Trouble("rejected", detail, hopeless="key")
    if status == 403 and not _FLAGGED.search(message):
        return Trouble("rejected", detail, hopeless="forbidden")
    if status == 402 or code in ("insufficient_quota", "billing_hard_limit_reached"):
        return Trouble("rejected", detail, hopeless="credit")
    if code == "model_not_found" or (status in (400, 404) and _NO_MODEL.search(message)):
        return Trouble("rejected", detail, hopeless="model")
    if status in (404, 405, 501) or status < 400:
        return Trouble("rejected", detail, hopeless="path")
    if status == 429 and wait is not None and wait >= LONG_S:
        return Trouble("rate_limit", detail, retry_after=wait, hopeless="later")
    if status == 429:
        return Trouble("rate_limit", detail, passes=True, overload=True, retry_after=wait)
    if status == 408:
        return Trouble("timeout", detail, passes=True, retry_after=wait)
    if status in (502, 503, 529):  # a gateway without its server, a model that is loading, too much to do
        busy = status != 502
        return Trouble("server", detail, passes=True, overload=busy, retry_after=wait, absent="unready")
    if status == 409 or status >= 500:
        return Trouble("server", detail, passes=True, retry_after=wait)
    return Trouble(
        "rejected",
        detail,
        about_schema=bool(_ABOUT_SCHEMA.search(message)),
        renamed="max_completion_tokens" in message and "max_tokens" in message,
    )


def _malformed(what: str) -> Failed:
    # A body cut on its way, or a gateway's page in place of the server's answer: the next try may be whole.
    return Failed(Trouble("malformed", f"the server's answer is {what}", passes=True))


def _told(carrier: Mapping[str, Any]) -> Trouble:
    """Return what an error object inside an answer with status 200 means."""
    error = carrier["error"]
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    return trouble(status, {}, json.dumps({"error": error}).encode())


def _message(data: bytes) -> tuple[str, str]:
    """Return an error body's message (one printable line, bounded) and code."""
    code = ""
    try:
        error: Any = json.loads(data)
        if isinstance(error, dict):
            error = error.get("error", error.get("detail", error))
        if isinstance(error, dict):
            code = str(error.get("code") or error.get("type") or "")
            if not isinstance(error.get("code"), str):
                code = str(error.get("type") or "")
            error = error.get("message") or error
        text = error if isinstance(error, str) else json.dumps(error)
    except ValueError:
        text = data[: 4 * SHOWN].decode("utf-8", "replace")
        text = re.sub(r"<[^>]*>", " ", text)
    text = printable(" ".join(text.split()))
    return (text if len(text) <= SHOWN else f"{text[:SHOWN]}…"), code


def _content(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, list):  # parts, of which the text ones count
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str):
        raise _malformed("a message whose content is no text")
    # Half a surrogate pair, from a character cut in two, cannot be stored or shown.
    return content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _finish(reason: Any) -> Finish:
    return _FINISH.get(reason.lower(), "other") if isinstance(reason, str) else "other"


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def shown(url: str) -> str:
    """Return a server's URL without a user name, password or query, which may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

"""A chat server on loopback, in a process of its own, that answers by script and fails on purpose.

    with scripted_server(reply=my_function, faults={"429": 0.2, "reset": 0.1}) as server:
        ...                      # talk to server.base_url
        server.requests()        # what it was asked, read from its append-only log

`my_function(body) -> str | Answer` is any importable function of the request's JSON. Which requests fail is
drawn from a hash of the request and of how often it was asked, so a mix of faults is the same in every run
and passes when asked again. Alone: `python -m tests.llm.server --port 8765 [--script '{"latency_s": 0.1}']`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.llm.schemas import conforms, instance

ROOT = Path(__file__).parents[2]
STATUS = {"400", "401", "403", "404", "408", "409", "422", "429", "500", "502", "503", "504", "529"}
FAULTS = STATUS | {
    "hang",  # no answer for `hang_s`
    "drop",  # the connection closes before a byte of the answer
    "reset",  # it closes in the middle of the body
    "stall",  # half the body, then nothing for `hang_s`
    "drip",  # the body byte by byte, spread over `hang_s`
    "truncated",  # a whole HTTP answer with half a JSON text
    "html",  # 200 with a web page
    "content_type",  # a right body that calls itself text/plain
    "no_choices",
    "no_message",
    "empty",  # content ""
    "null",  # content null
    "cut",  # finish_reason "length" and half the text
    "refusal",  # content null and a refusal
    "filtered",  # finish_reason "content_filter"
    "tool_calls",
    "wrong_schema",  # JSON of another shape
    "not_json",  # prose
    "fenced",  # the right text inside a Markdown fence
    "wrong_language",
    "too_long",  # 400: does not fit the context
    "error_200",  # an error object with status 200, as some gateways send
}
OTHER_LANGUAGE = {
    True: "The doctor listens and asks how long this has been going on.",
    False: "医生听完以后，问这种情况持续了多久。",
}


@dataclass(frozen=True)
class Answer:
    """What a reply function may return instead of a text; with a `status`, `error` is the error's body."""

    text: str | None
    finish: str = "stop"
    fault: str | None = None
    status: int = 200
    error: Mapping[str, Any] = field(default_factory=dict)


def echo(body: Mapping[str, Any]) -> str:
    """Reply with the last message, up to 64 words."""
    return " ".join(str(body["messages"][-1]["content"]).split()[:64])


@dataclass(frozen=True)
class Script:
    """How the server behaves; everything is JSON, so that it reaches the process by its command line.

    `faults`: probability by name, drawn for every request anew (`seed`, the request's bytes, how often it was
    asked). `first`: what happens the first times each request is asked, None for an answer. `opening`: the
    same for the first requests of all. `slots`: how many are worked on at a time, each for `latency_s`; more
    wait. `capacity`: more than this in flight are refused with 429. `schema`: "honour", "ignore" or "reject"
    (400) a json_schema response format. `key`: the API key that is required. `named`: a request may name its
    own fault in its last message: `!reset` for ever, `!reset*2` the first two times it is asked.
    """

    reply: str = "tests.llm.server:echo"
    faults: dict[str, float] = field(default_factory=dict)
    first: list[str | None] = field(default_factory=list)
    opening: list[str | None] = field(default_factory=list)
    seed: int = 0
    latency_s: float = 0.0
    slots: int | None = None
    capacity: int | None = None
    retry_after: str | None = None
    hang_s: float = 60.0
    schema: str = "honour"
    key: str = ""
    models: list[str] = field(default_factory=lambda: ["scripted"])
    list_models: bool = True
    context: int | None = None
    usage: bool = True
    named: bool = False

    def __post_init__(self) -> None:
        unknown = {*self.faults, *filter(None, self.first), *filter(None, self.opening)} - FAULTS
        if unknown:
            raise ValueError(f"no such fault: {sorted(unknown)}")


class Scripted:
    """The server's side: counts, draws, answers, logs."""

    def __init__(self, script: Script, log: Path) -> None:
        self.script = script
        module, _, name = script.reply.partition(":")
        self.reply: Callable[[dict[str, Any]], str | Answer] = getattr(importlib.import_module(module), name)
        self.asked: Counter[str] = Counter()
        self.total = 0
        self.in_flight = 0
        self.slots = asyncio.Semaphore(script.slots) if script.slots else None
        self.log = log.open("ab", buffering=0)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if self.script.key and request.headers.get("Authorization") != f"Bearer {self.script.key}":
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            return _error(401, f"Incorrect API key provided: {given}.", "invalid_api_key")
        if path == "/v1/models" and self.script.list_models:
            return _json({"object": "list", "data": [self._model(name) for name in self.script.models]})
        if path != "/v1/chat/completions" or request.method != "POST":
            return _error(404, f"no such path: {path}", "not_found")
        raw = await request.read()
        arrived = time.time()
        key = hashlib.blake2b(raw, digest_size=12).hexdigest()
        nth = self.asked[key]
        self.asked[key] += 1
        fault = self._named(raw, nth) if self.script.named else self._draw(key, nth)
        self.total += 1
        self.in_flight += 1
        status: int | None = None
        busy = self.in_flight
        try:
            if self.script.capacity and busy > self.script.capacity:
                fault = "429"
            response = await self._answer(request, raw, fault)
            status = response.status
            fault = getattr(response, "fault", fault)
            return response
        finally:
            self.in_flight -= 1
            self._write(key, nth, fault, status, busy, arrived, raw)

    @staticmethod
    def _named(raw: bytes, nth: int) -> str | None:
        for name, times in re.findall(rb"!(\w+)(?:\*(\d+))?", raw):
            if name.decode() in FAULTS and (not times or nth < int(times)):
                return name.decode()
        return None

    def _draw(self, key: str, nth: int) -> str | None:
        if self.total < len(self.script.opening):
            return self.script.opening[self.total]
        if nth < len(self.script.first):
            return self.script.first[nth]
        if self.script.faults:
            text = f"{self.script.seed}:{key}:{nth}".encode()
            at = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) / 2**64
            for name, share in self.script.faults.items():
                if at < share:
                    return name
                at -= share
        return None

    def _write(
        self, key: str, nth: int, fault: str | None, status: int | None, busy: int, at: float, raw: bytes
    ) -> None:
        head = {"key": key, "nth": nth, "fault": fault, "status": status, "busy": busy, "at": at}
        body = raw if b"\n" not in raw else json.dumps(json.loads(raw)).encode()
        self.log.write(json.dumps(head).encode()[:-1] + b', "body": ' + body + b"}\n")

    def _model(self, name: str) -> dict[str, Any]:
        told = {"max_model_len": self.script.context} if self.script.context else {}
        return {"id": name, "object": "model", "created": 0, "owned_by": "test", **told}

    async def _answer(self, request: web.BaseRequest, raw: bytes, fault: str | None) -> web.StreamResponse:
        script = self.script
        if fault == "hang":
            await asyncio.sleep(script.hang_s)
        if fault == "drop":
            return _cut_off(request)
        if fault in STATUS:
            return _error(int(fault), f"scripted fault {fault}", "scripted", script.retry_after)
        try:
            body = json.loads(raw)
            model, messages = body["model"], body["messages"]
        except (ValueError, KeyError, TypeError):
            return _error(400, "the request is not a chat completion request", "invalid_request_error")
        if model not in script.models:
            return _error(404, f"The model `{model}` does not exist.", "model_not_found")
        words = sum(len(str(message["content"]).split()) for message in messages)
        if fault == "too_long" or (script.context and words + body.get("max_tokens", 0) > script.context):
            return _error(
                400,
                f"This model's maximum context length is {script.context or 512} tokens. However, you "
                f"requested {words + body.get('max_tokens', 0)} tokens. Please reduce the length.",
                "context_length_exceeded",
            )
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
        if schema and script.schema == "reject":
            return _error(400, "response_format is not supported", "invalid_request_error")
        if script.slots and self.slots:
            async with self.slots:
                await asyncio.sleep(script.latency_s)
        elif script.latency_s:
            await asyncio.sleep(script.latency_s)
        answer = self.reply(body)
        if isinstance(answer, str):
            answer = Answer(answer)
        if answer.status != 200:
            return _json({"error": answer.error}, answer.status)
        if schema and script.schema == "honour":
            answer = replace(answer, text=_obeying(answer.text, schema))
        return await self._complete(request, body, replace(answer, fault=fault or answer.fault), words)

    async def _complete(
        self, request: web.BaseRequest, body: dict[str, Any], answer: Answer, prompt_words: int
    ) -> web.StreamResponse:
        fault, text, finish = answer.fault, answer.text, answer.finish
        words = (text or "").split()
        limit = body.get("max_tokens")
        if limit and len(words) > limit:
            text, finish = " ".join(words[:limit]), "length"
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if fault in ("empty", "null", "refusal", "tool_calls"):
            message["content"] = "" if fault == "empty" else None
        if fault == "refusal":
            message["refusal"] = "I cannot help with that."
        elif fault == "filtered":
            finish = "content_filter"
        elif fault == "tool_calls":
            message["tool_calls"] = [{"id": "1", "type": "function", "function": {"name": "f"}}]
            finish = "tool_calls"
        elif fault == "cut":
            message["content"], finish = (text or "")[: len(text or "") // 2], "length"
        elif fault == "wrong_schema":
            message["content"] = '{"unexpected": [1, 2, 3]}'
        elif fault == "not_json":
            message["content"] = "Certainly! Here is what you asked for."
        elif fault == "fenced":
            message["content"] = f"```json\n{text}\n```"
        elif fault == "wrong_language":
            message["content"] = OTHER_LANGUAGE[not (text or "").isascii()]
        choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
        whole: dict[str, Any] = {
            "id": "chatcmpl-0",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [choice],
        }
        if fault == "no_choices":
            whole["choices"] = []
        elif fault == "no_message":
            del choice["message"]
        elif fault == "error_200":
            whole = {"error": {"message": "the upstream model is overloaded", "code": 503}}
        if self.script.usage:
            spent = max(1, len(str(message["content"] or "").split()))
            whole["usage"] = {
                "prompt_tokens": prompt_words,
                "completion_tokens": spent,
                "total_tokens": prompt_words + spent,
            }
        data = json.dumps(whole).encode()
        if fault == "truncated":
            data = data[: len(data) // 2]
        if fault in ("reset", "stall", "drip"):
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            response.content_length = len(data)
            await response.prepare(request)
            for place in range(len(data)) if fault == "drip" else ():
                await response.write(data[place : place + 1])
                await asyncio.sleep(self.script.hang_s / len(data))
            if fault == "drip":
                return response
            await response.write(data[: len(data) // 2])
            if fault == "stall":
                await asyncio.sleep(self.script.hang_s)
            return _cut_off(request, response)
        if fault == "html":
            return web.Response(text="<html><body>It works!</body></html>", content_type="text/html")
        if fault == "content_type":
            return web.Response(body=data, content_type="text/plain")
        sent = web.Response(body=data, content_type="application/json")
        sent.fault = answer.fault  # type: ignore[attr-defined]
        return sent


def _obeying(text: str | None, schema: Mapping[str, Any]) -> str:
    """Return the text when it satisfies the schema, else an instance of the schema."""
    try:
        if conforms(json.loads(text or ""), schema):
            return text or ""
    except ValueError:
        pass
    return json.dumps(instance(schema), ensure_ascii=False)


def _json(body: Mapping[str, Any], status: int = 200) -> web.Response:
    return web.Response(status=status, body=json.dumps(body).encode(), content_type="application/json")


def _error(status: int, message: str, code: str, retry_after: str | None = None) -> web.Response:
    body = {"error": {"message": message, "type": code, "code": code}}
    headers = {"Retry-After": retry_after} if retry_after is not None else None
    return web.Response(
        status=status, headers=headers, body=json.dumps(body).encode(), content_type="application/json"
    )


def _cut_off(request: web.BaseRequest, response: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport:
        request.transport.abort()
    return response or web.Response()


async def serve(script: Script, log: Path, port: int, until_stdin_closes: bool) -> None:
    """Serve until stopped; print the port first. With a parent at stdin, never outlive it."""
    runner = web.ServerRunner(
        web.Server(Scripted(script, log).handle, access_log=None, handler_cancellation=True)
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, shutdown_timeout=0.1, backlog=2048)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)  # type: ignore[union-attr]
    if not until_stdin_closes:
        await asyncio.Event().wait()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it. `fault` is what was done to it, None for a plain whole reply; `status`
    is None when the client went away first; `busy` counts the requests in flight, this one included."""

    key: str
    nth: int
    fault: str | None
    status: int | None
    busy: int
    at: float
    body: dict[str, Any]

    @property
    def finished(self) -> bool:
        return self.status == 200 and self.fault is None


@dataclass
class Server:
    """The test's side of a running server."""

    script: Script
    log: Path
    port: int = 0
    process: subprocess.Popen[str] | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Start it, at the port it had if it ran before."""
        arguments = [
            "--port",
            str(self.port),
            "--log",
            str(self.log),
            "--script",
            json.dumps(asdict(self.script)),
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.llm.server", "--attached", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the scripted server did not start; its message is above")
        self.port = int(line)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe:
                    pipe.close()
            self.process = None

    def requests(self) -> list[Asked]:
        """Return every chat request so far, in the order in which they ended."""
        lines = self.log.read_bytes().splitlines() if self.log.exists() else []
        return [Asked(**json.loads(line)) for line in lines]

    def finished(self) -> Counter[str]:
        """Return how often each request was answered whole: more than 1 is work done twice."""
        return Counter(asked.key for asked in self.requests() if asked.finished)


@contextmanager
def scripted_server(
    reply: Callable[[dict[str, Any]], str | Answer] | str = echo, *, log: Path | None = None, **script: Any
) -> Iterator[Server]:
    """Start a server that behaves as `Script(**script)` says; `reply` is a function that can be imported."""
    name = reply if isinstance(reply, str) else f"{reply.__module__}:{reply.__qualname__}"
    if name.startswith("__main__:"):
        name = name.replace("__main__", sys.modules["__main__"].__spec__.name, 1)  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Script(reply=name, **script), log or Path(folder) / "requests.jsonl")
        server.start()
        try:
            yield server
        finally:
            server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="A chat server that answers by script and fails on purpose.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=json.loads, default={}, help="JSON of the fields of Script")
    parser.add_argument("--log", type=Path, default=Path(os.devnull))
    parser.add_argument("--attached", action="store_true", help="stop when stdin closes")
    given = parser.parse_args()
    asyncio.run(serve(Script(**given.script), given.log, given.port, given.attached))


if __name__ == "__main__":
    main()

"""`medsynth serve-voice` in a process of its own, with faults put between it and whoever asks.

    with speech_server() as server:
        server.plan("429", "500")        # what is done to the next requests for speech, in order
        server.rates({"reset": 0.2})     # or drawn from a hash of the request and how often it was asked
        server.plan(texts={"knee": "422"})  # or whenever a text holds a word
        server.log()                     # what was asked, and what was done to it

Alone: `python -m tests.voice.speech_server --port 8881`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from aiohttp import web

from medsynth.voice.bank import load_bank
from medsynth.voice.engine import open_speech_engine
from medsynth.voice.server import SpeechService, serve

ROOT = Path(__file__).parents[2]
MESSAGES = {"voice": "voice 'x' not found", "seed": "Unrecognized request argument supplied: seed"}


class Faulty(SpeechService):
    """The service, behind faults."""

    def __init__(self, *args: Any, delay_s: float = 0.0) -> None:
        super().__init__(*args)
        self.delay_s = delay_s
        self.planned: list[str | None] = []
        self.drawn: dict[str, float] = {}
        self.by_text: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.seen: list[dict[str, Any]] = []
        self.in_flight = 0
        self.retry_after = "0.01"

    def application(self) -> web.Application:
        app = super().application()
        app.middlewares.append(self._faults)
        app.add_routes([web.post("/control", self.control), web.get("/log", self.tell)])
        return app

    async def control(self, request: web.Request) -> web.Response:
        change = await request.json()
        self.planned = change.get("plan", [])
        self.drawn = change.get("rates", {})
        self.by_text = change.get("texts", {})
        self.retry_after = change.get("retry_after", "0.01")
        self.delay_s = change.get("delay_s", 0.0)
        self.seen.clear()
        return web.json_response({})

    async def tell(self, request: web.Request) -> web.Response:
        return web.json_response(self.seen)

    def _fault(self, text: str) -> str | None:
        for part, fault in self.by_text.items():
            if part in text:
                return fault
        if self.planned:
            return self.planned.pop(0)
        nth = self.asked[text]
        self.asked[text] += 1
        draw = (
            int.from_bytes(hashlib.blake2b(f"{text}|{nth}".encode(), digest_size=4).digest(), "big") / 2**32
        )
        for fault, rate in self.drawn.items():
            if draw < rate:
                return fault
            draw -= rate
        return None

    @web.middleware
    async def _faults(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path != "/v1/audio/speech":
            return await handler(request)
        try:
            body = json.loads(await request.read())
            fault = self._fault(body["input"])
        except (ValueError, KeyError, TypeError):
            return await handler(request)
        self.in_flight += 1
        self.seen.append({"body": body, "fault": fault, "busy": self.in_flight})
        try:
            await asyncio.sleep(self.delay_s)
            return await self._answer(request, handler, fault)
        finally:
            self.in_flight -= 1

    async def _answer(self, request: web.Request, handler: Any, fault: str | None) -> web.StreamResponse:
        if fault is None:
            return await handler(request)
        name, _, detail = fault.partition(":")
        if name.isdigit():
            error = {"error": {"message": MESSAGES.get(detail, "scripted fault"), "type": "scripted"}}
            headers = {"Retry-After": self.retry_after} if name == "429" else None
            return web.json_response(error, status=int(name), headers=headers)
        if name == "hang":
            await asyncio.sleep(30)
        if name == "drop":
            request.transport.abort()  # type: ignore[union-attr]
            return web.Response()
        if name == "html":
            return web.Response(text="<html>It works!</html>", content_type="text/html")
        if name == "error_200":
            return web.json_response({"error": {"message": "the GPU is out of memory", "code": 500}})
        whole = await handler(request)
        data, kind = whole.body, whole.headers["Content-Type"]
        if name in ("reset", "stall"):
            response = web.StreamResponse(headers={"Content-Type": kind})
            if detail != "chunked":
                response.content_length = len(data)
            else:
                response.enable_chunked_encoding()
            await response.prepare(request)
            await response.write(data[: len(data) // 2])
            if name == "stall":
                await asyncio.sleep(30)
            request.transport.abort()  # type: ignore[union-attr]
            return response
        samples, rate = _decoded(data)
        if name == "cut":
            data = data[: len(data) // 2 + 1]
        elif name == "empty":
            data = b""
        elif name == "no_samples":
            data = _wav(samples[:0], rate)
        elif name == "silence":
            data = _wav(samples * 0, rate)
        elif name == "other_rate":
            data = _wav(samples, 8000)
        elif name == "not_numbers":
            data = _wav(samples * np.nan, rate, "FLOAT")
        elif name == "stereo":
            data = _wav(np.stack([samples, samples], axis=1), rate)
        elif name == "open_size":  # as a server writes that does not know yet how much it will send
            data = data[:4] + b"\xff\xff\xff\xff" + data[8:40] + b"\xff\xff\xff\xff" + data[44:]
        elif name == "zero_size":
            data = data[:4] + bytes(4) + data[8:40] + bytes(4) + data[44:]
        else:  # mp3, flac, ogg: whole, but not what was asked for
            buffer = io.BytesIO()
            soundfile.write(buffer, samples, rate, format=name)
            data, kind = (
                buffer.getvalue(),
                f"audio/{name}" if detail != "mute" else "application/octet-stream",
            )
        return web.Response(body=data, headers={"Content-Type": kind})


def _decoded(data: bytes) -> tuple[Any, int]:
    if data[:4] in (b"RIFF", b"fLaC"):
        return soundfile.read(io.BytesIO(data), dtype="float32")
    return np.frombuffer(data, "<i2") / 32768, 24000


def _wav(samples: Any, rate: int, subtype: str = "PCM_16") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="WAV", subtype=subtype)
    return buffer.getvalue()


@dataclass
class Server:
    """The test's side of a running server."""

    base_url: str
    process: subprocess.Popen[str] = field(repr=False)

    def plan(self, *faults: str | None, **more: Any) -> None:
        self._control(plan=list(faults), **more)

    def rates(self, rates: Mapping[str, float], **more: Any) -> None:
        self._control(rates=dict(rates), **more)

    def log(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.base_url.removesuffix('/v1')}/log") as answer:
            return json.load(answer)

    def faults(self) -> list[str | None]:
        return [entry["fault"] for entry in self.log()]

    def _control(self, **change: Any) -> None:
        request = urllib.request.Request(
            f"{self.base_url.removesuffix('/v1')}/control",
            json.dumps(change).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request).close()


@contextmanager
def speech_server(*, key: str = "", workers: int = 1, port: int = 0) -> Iterator[Server]:
    """Start a server on loopback; it ends with the test, or with the process that runs it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.voice.speech_server", "--port", str(port), "--key", key,
         "--workers", str(workers), "--attached"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http"), f"the server did not start: {url}"
        yield Server(url, process)
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default="")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--attached", action="store_true")
    options = parser.parse_args()
    if options.attached:  # never outlive the parent
        import signal
        import threading

        def until_closed() -> None:
            sys.stdin.read()
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=until_closed, daemon=True).start()
    engine = open_speech_engine("espeak", workers=options.workers)
    service = Faulty(engine, load_bank(), options.key, delay_s=options.delay)
    serve(service, port=options.port, ready=lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()

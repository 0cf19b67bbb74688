"""The `coqui` voice engine: models of coqui-tts on this machine, one process for each device.

Processes are fed in batches of one speaker, so that what a voice is conditioned on is computed once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from medsynth.llm.base import EngineDown
from medsynth.voice.coqui_worker import Line, main
from medsynth.voice.engine import Clip, EngineFault, Utterance, VoiceError
from medsynth.voice.settings import CoquiSettings

_DEATHS = 2  # processes that one utterance may take with it


@dataclass
class _Wanted:
    """An utterance that somebody waits for."""

    line: Line
    voice: str
    done: asyncio.Future[Clip]
    deaths: int = 0


@dataclass
class _Process:
    """A process and what it was given, in the order in which it answers."""

    device: str
    process: Any
    pipe: Connection
    given: deque[_Wanted] = field(default_factory=deque)
    voice: str = ""
    ready: bool = False
    reader: threading.Thread | None = None


class CoquiEngine:
    """A coqui model; see `medsynth.voice.engine.SpeechEngine`.

    `Speaker.handle` holds `speaker` (a name that the model knows), or `reference` and `transcript` (a clip to be
    imitated; further ones end in `_2`, `_3` …), or neither for a model with one voice.
    """

    name = "coqui"

    def __init__(self, settings: CoquiSettings) -> None:
        self._settings = settings
        self._devices = devices_of(settings)
        self.concurrency = 2 * settings.batch * len(self._devices)
        self._waiting: OrderedDict[str, deque[_Wanted]] = OrderedDict()
        self._processes: list[_Process] = []
        self._down = ""
        self._number = 0
        self._closed = False

    async def speak(self, utterance: Utterance) -> Clip:
        """Return the clip. Raises VoiceError for this utterance, EngineDown when the model cannot be loaded."""
        if self._down:
            raise EngineDown(self._down)
        self._number += 1
        line = line_of(utterance, self._number)
        wanted = _Wanted(line, utterance.speaker.id, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(wanted.voice, deque()).append(wanted)
        while len(self._processes) < len(self._devices) and not self._closed:
            self._start(self._devices[len(self._processes)])
        self._feed()
        before = len(self._line_up()) / len(self._devices)
        try:
            async with asyncio.timeout(self._settings.timeout_s * (1 + before)):
                return await wanted.done
        except TimeoutError:
            for one in self._processes:
                if one.given and one.given[0] is wanted:
                    one.process.kill()
            raise EngineFault(
                "timeout", f"the model said nothing for {self._settings.timeout_s:g} s"
            ) from None

    async def close(self) -> None:
        """Stop the processes. Closing twice is harmless."""
        self._closed = True
        processes, self._processes = self._processes, []
        for one in processes:
            one.process.terminate()
        for one in processes:
            await asyncio.to_thread(one.process.join, 10)
            if one.process.is_alive():
                one.process.kill()
                await asyncio.to_thread(one.process.join)
            if one.reader is not None:
                await asyncio.to_thread(one.reader.join, 10)
            one.pipe.close()
        self._closed = False

    def _line_up(self) -> list[_Wanted]:
        """Return all that is wanted and not yet said."""
        return [w for waiting in self._waiting.values() for w in waiting] + [
            w for p in self._processes for w in p.given
        ]

    def _start(self, device: str) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        threads = self._settings.threads or (
            max(1, _cores() // len(self._devices)) if device == "cpu" else None
        )
        process = context.Process(target=main, args=(theirs, self._settings, device, threads), daemon=True)
        process.start()
        theirs.close()
        one = _Process(device, process, ours)
        self._processes.append(one)
        loop = asyncio.get_running_loop()

        def read() -> None:
            while True:
                try:
                    message = ours.recv()
                except (EOFError, OSError):
                    message = None
                try:
                    loop.call_soon_threadsafe(self._heard, one, message)
                except RuntimeError:  # the loop has ended, and with it whoever waited
                    return
                if message is None:
                    return

        one.reader = threading.Thread(target=read, daemon=True)
        one.reader.start()

    def _heard(self, one: _Process, message: tuple[Any, ...] | None) -> None:
        """Take what a process sent; None: it is gone."""
        if one not in self._processes:
            return
        if message is None:
            self._lost(one)
        elif message[0] == "ready":
            one.ready = True
        elif message[0] == "broken":
            self._fail(f"voice.coqui: the model cannot be loaded on {one.device}: {message[1]}")
        else:
            wanted = one.given.popleft()
            if not wanted.done.done():
                if message[1] == "clip":
                    samples = np.frombuffer(message[2], dtype="<i2").astype(np.float32) / 32768.0
                    wanted.done.set_result(Clip(samples, message[3]))
                else:
                    wanted.done.set_exception(VoiceError(f"coqui: {message[2]}"))
        self._feed()

    def _lost(self, one: _Process) -> None:
        """Start a process anew that died; what it was at may be what killed it."""
        self._processes.remove(one)
        one.pipe.close()
        if not one.ready:
            self._fail(
                f"voice.coqui: the process for {one.device} died while it loaded the model; is there enough memory?"
            )
            return
        for number, wanted in enumerate(one.given):
            wanted.deaths += number == 0
            if wanted.deaths >= _DEATHS:
                if not wanted.done.done():
                    wanted.done.set_exception(
                        EngineFault("crashed", "the process died twice on one utterance")
                    )
            else:
                self._waiting.setdefault(wanted.voice, deque()).append(wanted)
        if not self._closed:
            self._start(one.device)

    def _fail(self, line: str) -> None:
        self._down = line
        for wanted in self._line_up():
            if not wanted.done.done():
                wanted.done.set_exception(EngineDown(line))
        self._waiting.clear()

    def _feed(self) -> None:
        """Give every process that will soon be idle a batch of one voice."""
        for one in self._processes:
            if not one.ready or len(one.given) > self._settings.batch // 2:
                continue
            batch = list[_Wanted]()
            while self._waiting and not batch:
                one.voice = self._next_voice(one)
                batch = self._taken_of(one.voice)
            if batch:
                one.given += batch
                try:
                    one.pipe.send([wanted.line for wanted in batch])
                except OSError:
                    continue  # it died: the reader will tell, and what it was given is given again

    def _next_voice(self, one: _Process) -> str:
        """Return the voice that a process has, else the one that waits longest of those that no other has."""
        if one.voice in self._waiting:
            return one.voice
        elsewhere = {other.voice for other in self._processes if other.given}
        return next((v for v in self._waiting if v not in elsewhere), next(iter(self._waiting)))

    def _taken_of(self, voice: str) -> list[_Wanted]:
        """Take a batch of a voice from what waits; none of those that nobody waits for any more."""
        waiting, batch = self._waiting[voice], list[_Wanted]()
        while waiting and len(batch) < self._settings.batch:
            wanted = waiting.popleft()
            if not wanted.done.done():
                batch.append(wanted)
        if waiting:
            self._waiting.move_to_end(voice)
        else:
            del self._waiting[voice]
        return batch


def devices_of(settings: CoquiSettings) -> tuple[str, ...]:
    """Return the devices to use, a process each; "auto" is every GPU, else the CPU."""
    found: list[str] = []
    for name in settings.devices:
        if name == "auto":
            import torch

            found += [f"cuda:{n}" for n in range(torch.cuda.device_count())] or ["cpu"]
        else:
            found.append("cuda:0" if name == "cuda" else name)
    return tuple(found)


def line_of(utterance: Utterance, number: int) -> Line:
    """Return an utterance as a process is told it. Raises VoiceError for a speaker of another engine."""
    speaker, handle = utterance.speaker, utterance.speaker.handle
    if speaker.engine != CoquiEngine.name:
        raise VoiceError(f"speaker {speaker.id} is no speaker of a coqui model")
    ends = sorted(
        (m[1] for m in (re.fullmatch(r"reference((?:_\d+)?)", key) for key in handle) if m),
        key=lambda end: int(end[1:] or 1),
    )
    return Line(
        number,
        utterance.text,
        utterance.lang,
        str(handle.get("speaker", "")),
        tuple(str(handle[f"reference{end}"]) for end in ends),
        tuple(str(handle.get(f"transcript{end}", "")) for end in ends),
        utterance.seed,
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)

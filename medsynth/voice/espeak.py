"""The embedded voice: espeak-ng, spoken to over pipes.

The library is GPLv3 and crashes when two threads use it, so it lives in a worker process of its own
(`espeak_worker.py`); this module never loads it. Output is bit-exact whatever was said before.
"""

from __future__ import annotations

import json
import os
import re
import select
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from medsynth.records import Speaker
from medsynth.voice.engine import Clip, VoiceError

_VARIANTS = Path(__file__).parent / "variants"
_WORKER = Path(__file__).parent / "espeak_worker.py"
_TIMEOUT_S = 60.0
# espeak-ng takes a capital A before another word for the article ("hepatitis uh"); with a hyphen it is the letter.
# In English it is one after a word, and before a letter that is spelled; in Chinese before any Latin word.
_LETTER_A = {
    "en": re.compile(r"(?<=[A-Za-z] )A(?= )|\bA(?= (?:[A-Z]|one C)(?![\w'’]))"),
    "zh": re.compile(r"(?<![A-Za-z])A(?= [A-Za-z])"),
}
_LIMITS = {"pitch": (0, 99), "range": (0, 99), "rate": (80, 450)}


def letters_named(text: str, lang: str) -> str:
    """Return a text for espeak-ng, with the letter A told from the article."""
    pattern = _LETTER_A.get(lang.split("-")[0])
    return pattern.sub("A-", text) if pattern else text


class _WorkerDied(Exception):
    """The worker closed its pipe or did not answer in time."""


def installation() -> tuple[Path, Path]:
    """Return the shared library and data folder of the installed wheel. Raises VoiceError without it."""
    try:
        import espeakng_loader
    except ImportError:
        raise VoiceError("the espeak voice is not installed: pip install 'medsynth[espeak]'") from None
    return Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())


def private_data(data: Path, into: Path) -> Path:
    """Fill `into` with links to espeak-ng's data, with our variants in place of its own; return it.

    The wheel's folder is left as it is: it may be read-only or shared by several environments.
    """
    (into / "voices" / "!v").mkdir(parents=True)
    for entry in data.iterdir():
        if entry.name != "voices":
            (into / entry.name).symlink_to(entry.resolve())
    for variant in _VARIANTS.iterdir():
        if variant.is_file():
            (into / "voices" / "!v" / variant.name).symlink_to(variant.resolve())
    return into


class EspeakEngine:
    """espeak-ng with our own voice variants.

    `Speaker.handle` holds `voice` (a language file of the data folder, as `gmw/en-US`), `variant` (a file
    of `medsynth/voice/variants`), `pitch` and `range` (0–99) and `rate` (words a minute, 80–450).
    """

    name = "espeak"

    def __init__(self) -> None:
        self._library, self._data = installation()
        self._folder = tempfile.TemporaryDirectory(prefix="medsynth-espeak-")
        self._private = private_data(self._data, Path(self._folder.name) / "espeak-ng-data")
        self._worker: subprocess.Popen[bytes] | None = None
        self._pid = os.getpid()
        self._sample_rate = 0
        self._known: set[tuple[str, str]] = set()

    @property
    def worker_pid(self) -> int | None:
        """The process id of the running worker, None before the first utterance."""
        return self._worker.pid if self._worker else None

    def synthesize(self, text: str, lang: str, speaker: Speaker, seed: int) -> Clip:
        """Return `text` at espeak's own rate (22,050 Hz). Empty text gives an empty clip. Raises VoiceError.

        If the worker dies it is started again and the utterance tried once more.
        """
        if os.getpid() != self._pid:
            raise VoiceError("an espeak engine belongs to the process that opened it; open another one here")
        request = self._request(letters_named(text, lang), speaker, seed)
        for attempt in (1, 2):
            try:
                status, payload = self._ask(request)
                break
            except _WorkerDied as error:
                self._stop()
                if attempt == 2:
                    raise VoiceError(f"the espeak worker died twice on one utterance ({error})") from None
        if status != 0:
            raise VoiceError(payload.decode("utf-8", "replace"))
        samples = np.frombuffer(payload, dtype="<i2").astype(np.float32) / 32768.0
        return Clip(samples, self._sample_rate)

    def close(self) -> None:
        """Stop the worker and remove the private data folder."""
        if os.getpid() == self._pid:
            self._stop()
            self._folder.cleanup()

    def _request(self, text: str, speaker: Speaker, seed: int) -> bytes:
        handle = speaker.handle
        missing = {"voice", "variant", *_LIMITS} - handle.keys()
        if speaker.engine != self.name or missing:
            raise VoiceError(f"speaker {speaker.id} is no espeak speaker (missing: {sorted(missing)})")
        voice, variant = str(handle["voice"]), str(handle["variant"])
        self._check_voice(voice, variant)
        numbers: dict[str, int] = {}
        for key, (low, high) in _LIMITS.items():
            value = handle[key]
            if not isinstance(value, int | float) or not low <= value <= high:
                raise VoiceError(f"speaker {speaker.id}: {key} {value!r} is not a number in {low}–{high}")
            numbers[key] = round(value)
        body = {"text": text, "voice": f"{voice}+{variant}", "seed": seed % 2**31, **numbers}
        return json.dumps(body).encode()

    def _check_voice(self, voice: str, variant: str) -> None:
        # espeak-ng takes an unknown variant in silence, and an identifier must be a file of its data.
        if (voice, variant) in self._known:
            return
        parts = (*voice.split("/"), variant)
        if any(part in ("", ".", "..") or os.sep in part for part in parts):
            raise VoiceError(f"{voice}+{variant} is no espeak voice identifier")
        if not (self._private / "lang" / voice).is_file():
            raise VoiceError(f"espeak-ng has no voice file lang/{voice}; use an identifier such as gmw/en-US")
        if not (self._private / "voices" / "!v" / variant).is_file():
            valid = ", ".join(sorted(p.name for p in (self._private / "voices" / "!v").iterdir()))
            raise VoiceError(f"there is no espeak variant {variant!r}; the variants are: {valid}")
        self._known.add((voice, variant))

    def _ask(self, request: bytes) -> tuple[int, bytes]:
        if self._worker is None:
            self._start()
        assert self._worker is not None and self._worker.stdin is not None
        try:
            self._worker.stdin.write(struct.pack("<I", len(request)) + request)
            self._worker.stdin.flush()
        except OSError as error:
            raise _WorkerDied(error.strerror) from None
        return self._receive()

    def _start(self) -> None:
        # -I -S: no site-packages, no user site, no current folder; the worker needs the standard library only.
        self._worker = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WORKER), str(self._library), str(self._private)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        status, payload = self._receive()
        if status != 0:
            raise VoiceError(payload.decode("utf-8", "replace"))
        self._sample_rate = int(payload)

    def _receive(self) -> tuple[int, bytes]:
        deadline = time.monotonic() + _TIMEOUT_S
        (length,) = struct.unpack("<I", self._read(4, deadline))
        frame = self._read(length, deadline)
        return frame[0], frame[1:]

    def _read(self, n: int, deadline: float) -> bytes:
        assert self._worker is not None and self._worker.stdout is not None
        fd, data = self._worker.stdout.fileno(), bytearray()
        while len(data) < n:
            if not select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise _WorkerDied(f"no answer in {_TIMEOUT_S:g} s")
            piece = os.read(fd, n - len(data))
            if not piece:
                raise _WorkerDied("it closed its pipe")
            data += piece
        return bytes(data)

    def _stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # unsent bytes of a dead worker: nobody is left to read them
                    continue

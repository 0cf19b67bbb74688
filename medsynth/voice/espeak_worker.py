"""The process that loads espeak-ng (GPLv3), and the only one that does.

Run as a script with two arguments, the shared library and the data folder. It needs nothing but the
standard library and imports nothing of medsynth. On stdin and stdout it speaks frames: a 4-byte
little-endian length, then as many bytes. A request is JSON `{text, voice, pitch, range, rate, seed}`;
a reply is one status byte, then 16-bit little-endian samples (status 0) or an error message (status 1).
The first reply, sent unasked, is the sample rate in decimal (status 0). It ends when stdin closes.

espeak-ng carries state from one utterance to the next (noise, pitch flutter, voice settings), so the
library is unloaded and loaded again for every utterance. That is cheaper than a fork for each.
"""

from __future__ import annotations

import _ctypes
import ctypes
import json
import os
import signal
import struct
import sys
from typing import BinaryIO

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: no threads, espeak_Synth returns when all is said
_DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT
_UTF8 = 1  # espeakCHARS_UTF8 alone: neither SSML (0x10) nor [[phonemes]] (0x100)
_RATE, _PITCH, _RANGE = 1, 3, 4  # espeak_PARAMETER
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
# Control characters must not reach the library: U+0001 opens an embedded command.
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")


class _Library:
    """A freshly loaded libespeak-ng, unloaded on exit."""

    def __init__(self, library: str, data: str) -> None:
        self.lib = ctypes.CDLL(library)
        self.sample_rate = self.lib.espeak_Initialize(_SYNCHRONOUS, 0, os.fsencode(data), _DONT_EXIT)
        if self.sample_rate <= 0:
            raise RuntimeError(f"espeak_Initialize failed ({self.sample_rate})")

    def __enter__(self) -> _Library:
        return self

    def __exit__(self, *exc: object) -> None:
        self.lib.espeak_Terminate()
        _ctypes.dlclose(self.lib._handle)

    def say(self, request: dict) -> bytes:
        """Return the samples of one utterance."""
        chunks: list[bytes] = []

        @_CALLBACK
        def collect(samples, count, _events):  # type: ignore[no-untyped-def]
            if samples and count > 0:
                chunks.append(ctypes.string_at(samples, 2 * count))
            return 0

        lib = self.lib
        lib.espeak_SetSynthCallback(collect)
        lib.espeak_ng_SetRandSeed(ctypes.c_long(request["seed"]))
        if lib.espeak_SetVoiceByName(request["voice"].encode()) != 0:
            raise RuntimeError(f"espeak-ng does not know the voice {request['voice']!r}")
        for parameter, key in ((_RATE, "rate"), (_PITCH, "pitch"), (_RANGE, "range")):
            lib.espeak_SetParameter(parameter, int(request[key]), 0)
        text = request["text"].translate(_CONTROLS).encode("utf-8", "replace")
        status = lib.espeak_Synth(text, len(text) + 1, 0, 1, 0, _UTF8, None, None)
        if status != 0:
            raise RuntimeError(f"espeak_Synth failed ({status})")
        return b"".join(chunks)


def _read(stream: BinaryIO, n: int) -> bytes:
    data = stream.read(n)
    if len(data) < n:
        raise EOFError
    return data


def _reply(stream: BinaryIO, status: int, payload: bytes) -> None:
    stream.write(struct.pack("<IB", len(payload) + 1, status) + payload)
    stream.flush()


def _remove(data: str) -> None:
    """Remove the engine's private folder, which a parent killed outright had no time to do."""
    import shutil

    folder = os.path.dirname(data)  # noqa: PTH120 (pathlib takes longer to import than the library to load)
    if os.path.basename(folder).startswith("medsynth-espeak-"):  # noqa: PTH119
        shutil.rmtree(folder, ignore_errors=True)


def main(library: str, data: str) -> None:
    """Serve requests until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business; it closes stdin
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    try:
        with _Library(library, data) as first:
            _reply(replies, 0, str(first.sample_rate).encode())
    except (OSError, RuntimeError) as error:
        _reply(replies, 1, str(error).encode("utf-8", "replace"))
        return
    while True:
        try:
            request = json.loads(_read(requests, *struct.unpack("<I", _read(requests, 4))))
        except EOFError:
            _remove(data)
            return
        try:
            with _Library(library, data) as fresh:
                status, payload = 0, fresh.say(request)
        except (RuntimeError, OSError, KeyError, ValueError) as error:
            status, payload = 1, str(error).encode("utf-8", "replace")
        _reply(replies, status, payload)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

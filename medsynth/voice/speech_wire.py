"""The speech format: an utterance as its JSON body, a body as a clip, or why it is none.

Pure functions. Sources: the OpenAI API reference (audio/speech), and what servers with the same API were seen
to send where they differ from it. A body that is cut, of another format than asked for, or empty is a fault
of this try, never a clip.
"""

from __future__ import annotations

import io
import re
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.errors import printable
from medsynth.llm.wire import Failed, Trouble, trouble
from medsynth.voice.engine import Clip, Utterance
from medsynth.voice.settings import SpeechServerSettings

PCM_RATE = 24_000
"""Hz of raw pcm where nobody says otherwise, as OpenAI documents it."""

SILENCE_PEAK = 1e-3
_RATES = range(8000, 192_001)
# What a server writes as a size before it knows it: all ones, or as much as fits with a header before it.
_UNKNOWN_SIZE = 0x7FFF0000
_MAGIC = {
    b"RIFF": "wav",
    b"fLaC": "flac",
    b"OggS": "ogg",
    b"ID3": "mp3",
    b"\xff\xfb": "mp3",
    b"\xff\xf3": "mp3",
    b"\xff\xf2": "mp3",
    b"\xff\xf1": "aac",
    b"\xff\xf9": "aac",
}
_TYPES = {
    "text/": "text",
    "mpeg": "mp3",
    "audio/mp3": "mp3",
    "aac": "aac",
    "ogg": "ogg",
    "opus": "opus",
    "wav": "wav",
    "flac": "flac",
}
_RATE = re.compile(r"rate=(\d{4,6})", re.IGNORECASE)


def body(utterance: Utterance, settings: SpeechServerSettings, seed: int | None) -> dict[str, Any]:
    """Return the JSON body that asks for an utterance.

    The speaker's handle goes into it as it is, over the options: `voice`, and whatever else the server takes
    (`speed`, `instructions`, a `model` of its own).
    """
    result: dict[str, Any] = {
        "model": settings.model,
        "response_format": settings.response_format,
        **settings.options,
        **utterance.speaker.handle,
        "input": utterance.text,
    }
    if seed is not None:
        result["seed"] = seed % 2**31
    return result


def clip_of(data: bytes, content_type: str, settings: SpeechServerSettings) -> Clip:
    """Return the clip in a whole body. Raises Failed, saying what is wrong with it."""
    asked = settings.response_format
    if not data:
        raise _malformed("an empty body")
    kind = content_type.split(";")[0].strip().lower()
    if kind == "application/json" or (asked != "pcm" and data[:1] == b"{"):
        raise Failed(trouble(500, {}, data))  # an error told with status 200
    found = _format(data, kind, asked)
    if found != asked:
        raise _malformed(f"{found}, not {asked}", unlike=True)
    if asked == "pcm":
        told = _RATE.search(content_type)
        rate = int(told[1]) if told else settings.sample_rate or PCM_RATE
        samples = _pcm(data)
    else:
        samples, rate = _file(_whole_wav(data) if asked == "wav" else data, asked)
    if rate not in _RATES or (settings.sample_rate and rate != settings.sample_rate):
        wanted = f", not {settings.sample_rate}" if settings.sample_rate else ""
        raise _malformed(f"sound at {rate} Hz{wanted}", unlike=True)
    if not len(samples) or not np.isfinite(samples).all():
        raise _malformed(
            "sound without samples" if not len(samples) else "sound with samples that are no numbers"
        )
    return Clip(samples, rate)


def _format(data: bytes, kind: str, asked: str) -> str:
    """Return what a body holds. Raw pcm shows it by nothing, and two of its bytes may look like anything."""
    by_type = next((name for part, name in _TYPES.items() if part in kind), None)
    if asked == "pcm" and by_type is None:
        return next(
            (name for magic, name in _MAGIC.items() if len(magic) > 3 and data.startswith(magic)), "pcm"
        )
    by_magic = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), None)
    if by_magic is None and by_type in (None, asked):
        return printable(kind) or "bytes without a type"
    return by_magic or by_type or asked


def silent(clip: Clip) -> bool:
    """Return whether nothing is to be heard."""
    return float(np.abs(clip.samples).max(initial=0.0)) < SILENCE_PEAK


def _pcm(data: bytes) -> NDArray[np.float32]:
    if len(data) % 2:
        raise _malformed("pcm cut in the middle of a sample")
    return np.frombuffer(data, dtype="<i2").astype(np.float32) / 32768.0


def _whole_wav(data: bytes) -> bytes:
    """Return the file with the size of its sound filled in where it was left open. Raises Failed when cut."""
    place = 12
    if data[8:12] != b"WAVE":
        raise _malformed("RIFF, but no WAVE")
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int(struct.unpack_from("<I", data, place + 4)[0])
        rest = len(data) - place - 8
        if name == b"data":
            if size >= _UNKNOWN_SIZE or (size == 0 and rest):
                head = b"RIFF" + struct.pack("<I", len(data) - 8) + data[8:place]
                return head + b"data" + struct.pack("<I", rest) + data[place + 8 :]
            if size > rest:
                raise _malformed(f"wav cut short: {rest} of {size} bytes of sound")
            return data
        place += 8 + size + size % 2
    raise _malformed("wav cut short: no sound in it")


def _file(data: bytes, kind: str) -> tuple[NDArray[np.float32], int]:
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            told, rate = _frames(data, kind, file.frames), file.samplerate
            samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise _malformed(f"no readable {kind} ({printable(str(error))[:80]})") from None
    if len(samples) < told:
        raise _malformed(f"{kind} cut short: {len(samples)} of {told} samples")
    return samples.mean(axis=1, dtype=np.float32) if samples.shape[1] > 1 else samples[:, 0], rate


def _frames(data: bytes, kind: str, counted: int) -> int:
    """Return how many samples there should be; for flac what its first block says, 0 when it does not."""
    if kind != "flac" or len(data) < 26:
        return counted
    return int.from_bytes(data[21:26], "big") & (2**36 - 1)


def _malformed(what: str, unlike: bool = False) -> Failed:
    return Failed(Trouble("malformed", f"the server sent {what}", passes=True, unlike=unlike))

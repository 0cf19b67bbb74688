"""The process that holds a coqui model, one for each device. Everything of coqui-tts and torch is loaded here.

On its pipe come lists of `Line`; for each line, in order, goes back (number, "clip", 16-bit samples, rate) or
(number, "refused", why). Before that it says ("ready",) or ("broken", why). It ends when the pipe closes.
"""

from __future__ import annotations

import logging
import os
import random
import re
import signal
import warnings
from collections import OrderedDict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsynth.voice.settings import CoquiSettings

_VOICES_KEPT = 64
_PAUSE_S = 0.2
_SPARE_TOKENS = 4  # an utterance that ends so near to the limit was ended by it
# Longest text said in one go, by language: the limits that XTTS states, and less for what has none of its own.
_XTTS_CHARS = {"en": 240, "zh": 80}
_CHARS = {"en": 300, "zh": 100}
_ENDS = (
    re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])"),
    re.compile(r"(?<=[,;:])\s+|(?<=[，、：])"),
    re.compile(r"\s+"),
)


class Line(NamedTuple):
    """One utterance: `speaker` by name, or clips to imitate with their transcripts."""

    number: int
    text: str
    lang: str
    speaker: str
    references: tuple[str, ...]
    transcripts: tuple[str, ...]
    seed: int


class Refused(Exception):
    """The model cannot say this text in this voice."""


def main(pipe: Connection, settings: CoquiSettings, device: str, threads: int | None) -> None:
    """Load the model and serve until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business; it closes the pipe
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    try:
        model = Model(settings, device, threads)
    except Exception as error:  # whatever the library raises: the parent tells the user
        pipe.send(("broken", _line(error)))
        return
    pipe.send(("ready",))
    while True:
        try:
            lines: list[Line] = pipe.recv()
        except (EOFError, OSError):
            return
        for line in lines:
            try:
                samples = model.say(line)
                pcm = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()
                pipe.send((line.number, "clip", pcm, model.sample_rate))
            except BrokenPipeError:
                return
            except Exception as error:  # whatever the library raises: this line is refused, no other
                pipe.send((line.number, "refused", _line(error)))


class Model:
    """A loaded model. `sample_rate` in Hz."""

    def __init__(self, settings: CoquiSettings, device: str, threads: int | None) -> None:
        from medsynth.voice.coqui_compat import prepare

        prepare()
        if settings.accept_licence:
            os.environ["COQUI_TOS_AGREED"] = "1"  # else it asks at a terminal
        import torch
        from TTS.api import TTS

        if threads:
            torch.set_num_threads(threads)
        self._torch, self._settings = torch, settings
        if settings.model:
            self._tts = TTS(settings.model, progress_bar=False)
        else:
            from medsynth.voice.coqui_models import config_of

            self._tts = TTS(
                model_path=Path(settings.model_path or ""),
                config_path=config_of(settings),
                progress_bar=False,
            )
        self._tts.to(device)
        synthesizer = self._tts.synthesizer
        self._model, self.sample_rate = synthesizer.tts_model, int(synthesizer.output_sample_rate)
        self._is_xtts = synthesizer.tts_config.model == "xtts"
        self._languages = list(self._tts.languages or []) if self._tts.is_multi_lingual else []
        self._several = self._tts.is_multi_speaker
        self._voices: OrderedDict[Any, Any] = OrderedDict()
        self._clone = self._model._clone_voice
        self._model._clone_voice = self._cloned

    def say(self, line: Line) -> NDArray[np.float32]:
        """Return the samples of an utterance; what is too long for one go is said in pieces and joined.

        Raises Refused, or whatever the library does.
        """
        voice: dict[str, Any] = {}
        if line.references:
            voice["speaker_wav"] = list(line.references)
        elif self._several:
            names = self._tts.speakers or []
            if line.speaker not in names:
                raise Refused(f"the model has no speaker {line.speaker!r}; it has {', '.join(names[:8])} …")
            voice["speaker"] = line.speaker
        if self._languages:
            voice["language"] = self._language(line.lang)
        short = line.lang.split("-")[0]
        limits = _XTTS_CHARS if self._is_xtts else _CHARS
        limit = self._settings.max_chars or limits.get(short, limits["en"])
        said = []
        for number, piece in enumerate(pieces(line.text, limit)):
            self._seed(line.seed + number)
            said.append(self._piece(piece, voice))
        gap = np.zeros(round(_PAUSE_S * self.sample_rate), dtype=np.float32)
        joined = [part for one in said for part in (one, gap)][:-1]
        return np.concatenate(joined)

    def _piece(self, text: str, voice: dict[str, Any]) -> NDArray[np.float32]:
        tokenizer: Any = getattr(self._model, "tokenizer", None)
        if hasattr(tokenizer, "not_found_characters"):
            tokenizer.not_found_characters = []
        with self._torch.inference_mode():
            wave = self._tts.tts(text, split_sentences=False, **voice, **self._settings.options)
        samples = np.asarray(wave.cpu() if hasattr(wave, "cpu") else wave, dtype=np.float32).reshape(-1)
        # Characters that a model does not know it leaves out without a word.
        lost = sorted({c for c in getattr(tokenizer, "not_found_characters", ()) if c.isalnum()})
        if lost:
            raise Refused(f"the model has no sound for {' '.join(lost[:12])}")
        if not np.isfinite(samples).all():
            raise Refused("the model gave samples that are no numbers")
        if self._is_xtts:
            args = self._model.args
            tokens = self._model.gpt.max_gen_mel_tokens - _SPARE_TOKENS
            speed = float(self._settings.options.get("speed", 1.0))
            longest = tokens * args.gpt_code_stride_len / args.input_sample_rate / speed
            if len(samples) / self.sample_rate >= longest:
                raise Refused(f"the model spoke to its limit of {longest:.0f} s: the text is cut")
        return samples

    def _language(self, lang: str) -> str:
        wanted = [lang.lower(), lang.split("-")[0].lower()]
        if wanted[1] == "zh":
            wanted.append("zh-cn")
        for name in wanted:
            if name in self._languages:
                return name
        raise Refused(f"the model does not speak {lang}; it speaks {', '.join(self._languages)}")

    def _seed(self, seed: int) -> None:
        random.seed(seed)
        np.random.seed(seed % 2**32)
        self._torch.manual_seed(seed)  # of every device

    def _cloned(self, speaker_wav: Any, **options: Any) -> Any:
        """Return a voice as the model's own `_clone_voice`, computed once for each set of clips."""
        paths = speaker_wav if isinstance(speaker_wav, list) else [speaker_wav]
        key = (*map(str, paths), *sorted(options.items()))
        if key in self._voices:
            self._voices.move_to_end(key)
        else:
            self._voices[key] = self._clone(speaker_wav, **options)
            if len(self._voices) > _VOICES_KEPT:
                self._voices.popitem(last=False)
        return self._voices[key]


def pieces(text: str, limit: int) -> list[str]:
    """Return a text in pieces of at most `limit` characters, cut at sentence ends, else clauses, else spaces.

    Together they hold all of it. A word longer than the limit stays whole.
    """
    return _cut(text.strip(), limit, 0)


def _cut(text: str, limit: int, level: int) -> list[str]:
    if len(text) <= limit:
        return [text]
    if level == len(_ENDS):
        return [text[i : i + limit] for i in range(0, len(text), limit)] if not text.isascii() else [text]
    found: list[str] = []
    for part in (p for p in _ENDS[level].split(text) if p):
        for piece in _cut(part, limit, level + 1):
            glue = "" if found and not (found[-1][-1:] + piece[:1]).isascii() else " "
            if found and len(found[-1]) + len(glue) + len(piece) <= limit:
                found[-1] += glue + piece
            else:
                found.append(piece)
    return found


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if isinstance(error, Refused) else f"{type(error).__name__}: {text}"[:300]

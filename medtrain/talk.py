"""Speaks with a fitted model: a consultation as a list of turns, each typed or a clip; whole or as a stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import torch

from medtrain.data import SAMPLE_RATE, decode
from medtrain.errors import UserError
from medtrain.frontend import SHORTEST
from medtrain.losses import moved
from medtrain.parts import Loaded, load_model
from medtrain.render import Line

Said = str | np.ndarray | bytes | Path
"""What a turn holds: words; or speech as samples (float32, 16 kHz, mono), as a file's bytes, or as its path."""

Turns = Sequence[tuple[str, Said]]
"""A consultation so far: (role, what was said), roles `patient` and `doctor`; the patient spoke last."""


@dataclass(frozen=True)
class Reply:
    """What the model answered.

    `ended` tells that it ended by itself, not at the length limit. `first_s` and `total_s` are seconds until
    the first token and until the end, the audio's encoding included.
    """

    text: str
    tokens: int
    ended: bool
    first_s: float
    total_s: float


class Talker:
    """A loaded model that answers. One at a time: it holds no state between replies."""

    def __init__(self, loaded: Loaded, device: str | torch.device | None = None) -> None:
        self.loaded = loaded
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.model: Any = loaded.model.to(self.device).eval()

    @classmethod
    def load(cls, path: str | Path, device: str | None = None, system: str | None = None) -> Talker:
        """Load a model folder. Raises UserError when it is none."""
        return cls(load_model(path, system=system), device)

    def reply(self, turns: Turns, max_new_tokens: int = 256, **sampling: Any) -> Reply:
        """Answer one consultation. `sampling` goes to transformers' generate; without it, greedy."""
        clock = _Clock()
        ids = self._generate([turns], max_new_tokens, streamer=clock, **sampling)[0]
        return self._told(ids, clock)

    def reply_all(self, many: Sequence[Turns], max_new_tokens: int = 256, **sampling: Any) -> list[str]:
        """Answer several consultations as one batch; the texts are what each alone would give (greedy)."""
        words = self.loaded.template.tokenizer
        return [
            words.decode(self._cut(ids), skip_special_tokens=True)
            for ids in self._generate(many, max_new_tokens, **sampling)
        ]

    def stream(self, turns: Turns, max_new_tokens: int = 256, **sampling: Any) -> Iterator[str]:
        """Answer one consultation piece by piece. Errors of the model are raised here."""
        from transformers import TextIteratorStreamer

        streamer = TextIteratorStreamer(
            self.loaded.template.tokenizer, skip_prompt=True, skip_special_tokens=True
        )
        failure: list[BaseException] = []

        def work() -> None:
            try:
                self._generate([turns], max_new_tokens, streamer=streamer, **sampling)
            except BaseException as error:  # handed over to the reader
                failure.append(error)
                streamer.end()

        thread = Thread(target=work, daemon=True)
        thread.start()
        yield from streamer
        thread.join()
        if failure:
            raise failure[0]

    def inputs(self, many: Sequence[Turns]) -> dict[str, torch.Tensor]:
        """Return what generate takes: prompts padded on the left, and the audio of all of them in order.

        Raises UserError for audio or roles that cannot be taken.
        """
        template, frontend = self.loaded.template, self.loaded.frontend
        clips: list[np.ndarray] = []
        prompts = []
        for turns in many:
            lines = []
            for role, said in turns:
                if isinstance(said, str):
                    lines.append(Line(role, said))
                else:
                    clips.append(self._clip(said))
                    lines.append(Line(role, audio=frontend.tokens(len(clips[-1]))))
            try:
                prompts.append(template.prompt(lines))
            except ValueError as error:
                raise UserError(f"the consultation {error}") from None
        width = max(map(len, prompts))
        pad = template.pad_id
        made = {
            "input_ids": torch.tensor([[pad] * (width - len(p)) + p for p in prompts]),
            "attention_mask": torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts]),
        }
        return moved(made | (frontend(clips) if clips else {}), self.device)

    def _clip(self, said: np.ndarray | bytes | Path) -> np.ndarray:
        if isinstance(said, np.ndarray):
            samples = said.astype(np.float32)
        else:
            name = str(said) if isinstance(said, Path) else "the clip"
            try:
                samples, rate = decode(said)
            except ValueError as error:
                raise UserError(f"{name}: {error}") from None
            if rate != SAMPLE_RATE:
                raise UserError(f"{name} is sampled at {rate} Hz; resample it to {SAMPLE_RATE} Hz")
        longest = self.loaded.frontend.longest
        if not SHORTEST <= len(samples) <= longest:
            raise UserError(
                f"a clip of {len(samples) / SAMPLE_RATE:.2f} s; the speech encoder takes "
                f"{SHORTEST / SAMPLE_RATE:g} to {longest / SAMPLE_RATE:g} s"
            )
        return samples

    def _generate(self, many: Sequence[Turns], max_new_tokens: int, **options: Any) -> list[list[int]]:
        inputs = self.inputs(many)
        width = inputs["input_ids"].shape[1]
        out = self.model.generate(
            **inputs,
            max_new_tokens=max_new_tokens,
            eos_token_id=self.loaded.template.end_ids,
            pad_token_id=self.loaded.template.pad_id,
            **{"do_sample": False, **options},
        )
        return [ids[width:] for ids in out.tolist()]

    def _cut(self, ids: list[int]) -> list[int]:
        ends = [at for at, token in enumerate(ids) if token in self.loaded.template.end_ids]
        return ids[: ends[0]] if ends else ids

    def _told(self, ids: list[int], clock: _Clock) -> Reply:
        kept = self._cut(ids)
        text = self.loaded.template.tokenizer.decode(kept, skip_special_tokens=True)
        return Reply(text, len(kept), len(kept) < len(ids), *clock.read())


class _Clock:
    """A streamer that only takes the time. Its first `put` is the prompt."""

    def __init__(self) -> None:
        self._times = [time.perf_counter()]
        self._now: Callable[[], float] = time.perf_counter

    def put(self, value: Any) -> None:
        """Note that something came."""
        self._times.append(self._now())

    def end(self) -> None:
        """Note the end."""
        self._times.append(self._now())

    def read(self) -> tuple[float, float]:
        """Return seconds to the first token, and to the end."""
        first = self._times[2] if len(self._times) > 2 else self._times[-1]
        return first - self._times[0], self._times[-1] - self._times[0]

"""How replies come into being, token by token: which is drawn, what is whole text by now, and when it is the end.

One batch may hold requests that differ in temperature, seed, length and stop words. Each row draws from a
generator of its own, so that a seed gives the same reply whoever else is in the batch (but for rounding).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Literal

import torch
from transformers import LogitsProcessor, StoppingCriteria, TopPLogitsWarper

Finish = Literal["end", "stop", "length", "halted"]
"""Why a reply is over: by itself, at a stop word, at its limit, or because nobody waits for it any more."""

COLD = 1e-3
"""Temperatures under this are greedy: the likeliest token is taken."""


@dataclass(frozen=True)
class Decoding:
    """How one reply is drawn. The default is greedy; `stop` are words that end it and are not part of it."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()


GREEDY = Decoding()


@dataclass(frozen=True)
class Reply:
    """What a model answered; `tokens` without the one that ends it.

    `first_s` and `total_s` are seconds until the first token and until the end, the audio's encoding included.
    """

    text: str
    tokens: int
    finish: Finish
    first_s: float
    total_s: float

    @property
    def ended(self) -> bool:
        """Whether it ended by itself or at a stop word, not at the length limit."""
        return self.finish in ("end", "stop")


@dataclass(frozen=True)
class Listener:
    """Who waits for a reply: `hear` is told its text in pieces, `done` the whole; setting `halt` ends it early.

    Both are called by the thread that runs the model.
    """

    hear: Callable[[str], object] = lambda piece: None
    done: Callable[[Reply], object] = lambda reply: None
    halt: Event = field(default_factory=Event)


class Row:
    """One reply while it comes. `began` is when its clock was started (time.perf_counter)."""

    def __init__(
        self, tokenizer: Any, end_ids: Sequence[int], how: Decoding, listener: Listener, began: float
    ) -> None:
        self._finish: Finish | None = None
        self._tokens = 0
        self._said: list[str] = []
        self._first_s = self._total_s = 0.0
        self._end_ids, self._limit, self._began = frozenset(end_ids), how.max_new_tokens, began
        self._listener = listener
        self._words = Words(tokenizer)
        self._stop = StopWords(how.stop)

    def take(self, token: int) -> bool:
        """Take the next token and return whether the reply is over."""
        if self._finish:
            return True
        self._total_s = time.perf_counter() - self._began
        self._first_s = self._first_s or self._total_s
        if token in self._end_ids:
            return self._over("end")
        self._tokens += 1
        self._say(self._stop.pass_on(self._words.add(token)))
        if self._stop.met:
            return self._over("stop")
        if self._listener.halt.is_set():
            return self._over("halted")
        return self._tokens >= self._limit and self._over("length")

    def reply(self) -> Reply:
        """Return the reply; one that generation ended for reasons of its own counts as cut."""
        if not self._finish:
            self._over("length")
        assert self._finish
        return Reply("".join(self._said), self._tokens, self._finish, self._first_s, self._total_s)

    def _over(self, finish: Finish) -> bool:
        if not self._stop.met:
            self._say(self._stop.pass_on(self._words.rest()))
        self._say(self._stop.rest())
        self._finish = "stop" if self._stop.met else finish
        self._listener.done(self.reply())
        return True

    def _say(self, piece: str) -> None:
        if piece:
            self._said.append(piece)
            self._listener.hear(piece)


class Words:
    """Turns tokens into text as soon as its characters are whole. The pieces join to what all tokens decode to.

    Each piece is decoded together with the tokens of the one before it, because some tokenizers write a token
    otherwise where a text begins.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._before: list[int] = []
        self._new: list[int] = []

    def add(self, token: int) -> str:
        """Return the text that is whole now and was not before."""
        self._new.append(token)
        piece = self._piece()
        # The last of several tokens that make up one character has not come yet.
        return "" if piece.endswith("\ufffd") else self._done(piece)

    def rest(self) -> str:
        """Return what is left, whole or not."""
        return self._done(self._piece()) if self._new else ""

    def _piece(self) -> str:
        return self._text(self._before + self._new)[len(self._text(self._before)) :]

    def _done(self, piece: str) -> str:
        if piece:
            self._before, self._new = self._new, []
        return piece

    def _text(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True)) if ids else ""


class StopWords:
    """Lets text through up to a stop word, and holds back an ending that may become one."""

    def __init__(self, words: Sequence[str]) -> None:
        self.met = False
        self._words = words
        self._held = ""

    def pass_on(self, piece: str) -> str:
        """Return what can be said now."""
        text = self._held + piece
        places = [at for word in self._words if (at := text.find(word)) >= 0]
        if places:
            self.met, self._held = True, ""
            return text[: min(places)]
        keep = max((self._overlap(text, word) for word in self._words), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """Return what was held back: no stop word came of it."""
        text, self._held = self._held, ""
        return text

    @staticmethod
    def _overlap(text: str, word: str) -> int:
        longest = min(len(text), len(word) - 1)
        return next((n for n in range(longest, 0, -1) if text.endswith(word[:n])), 0)


class Watch(StoppingCriteria):
    """Gives every row its new token; a row that is over gets no more."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> Any:
        """Return which rows are over, (rows,)."""
        newest = input_ids[:, -1].tolist()
        over = [row.take(token) for row, token in zip(self._rows, newest, strict=True)]
        return torch.tensor(over, device=input_ids.device)


class Draw(LogitsProcessor):
    """Draws each row's token by its own temperature and seed, and leaves only that one for greedy decoding."""

    def __init__(self, rows: Sequence[Decoding], device: torch.device) -> None:
        self._rows = [(how, torch.Generator(device).manual_seed(how.seed)) for how in rows]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Return scores (rows, vocabulary) in which drawn rows are -inf but for one place."""
        for at, (how, generator) in enumerate(self._rows):
            if how.temperature < COLD:
                continue
            one = scores[at : at + 1].float() / how.temperature
            if how.top_p < 1:
                one = TopPLogitsWarper(how.top_p)(input_ids[at : at + 1], one)
            token = torch.multinomial(one.softmax(-1), 1, generator=generator)
            scores[at] = float("-inf")
            scores[at, token] = 0.0
        return scores

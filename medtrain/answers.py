"""Free-running answers to dialogues of a test split: what the model says by itself, and how long it takes."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from medtrain.data import Consultation
from medtrain.decoding import Decoding
from medtrain.talk import Asked, Prompt, Said, Talker, Turns

MARGIN, SPARE = 1.25, 16
"""A reply may have so many times the tokens of the true one, and so many more: enough to be it and to go astray."""

TIMED = 8
"""Dialogues whose last reply is given once more by itself, to a clock."""

QUIET_S = 15.0

_CJK = (("\u3040", "\u30ff"), ("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"))


@dataclass(frozen=True)
class Answer:
    """One reply beside the doctor's own. `turn` is its place in the dialogue, `limit` the tokens it could have.

    `needed` are the tokens of the doctor's own words: with a lower limit they cannot be said.
    """

    id: str
    turn: int
    asked: str
    reference: str
    text: str
    tokens: int
    limit: int
    needed: int
    ended: bool

    @property
    def exact(self) -> bool:
        """Whether it says the doctor's words, to the letter."""
        return self.text.strip() == self.reference.strip()

    @property
    def normalised(self) -> bool:
        """Whether it says the doctor's words but for case, width, punctuation and spacing."""
        return normalise(self.text) == normalise(self.reference)


@dataclass(frozen=True)
class Timing:
    """How long one reply took, in seconds, the audio's encoding included; `audio_s` is the speech it listened to."""

    id: str
    first_s: float
    total_s: float
    audio_s: float


@dataclass(frozen=True)
class _Question:
    """One reply that is wanted, of one dialogue by its number, and what comes before it made ready."""

    number: int
    turn: int
    prompt: Prompt
    limit: int
    needed: int


def answer(
    talker: Talker,
    dialogues: Sequence[Consultation],
    *,
    speech: bool,
    limit: int | None = None,
    budget: int = 4096,
    say: Callable[[str], object] = lambda text: None,
) -> list[list[Answer]]:
    """Let a model give every reply of each dialogue, greedily, with the turns before it as they were.

    Returns the replies of each dialogue. `limit` are the tokens of a reply at most; without it that depends on the
    doctor's own. As many replies come at a time as have room within `budget` tokens, padding included; what each
    says is what it says alone.
    """
    found: list[list[Answer]] = [[] for _ in dialogues]
    shown = time.perf_counter()
    done = 0
    for group in _groups(_questions(talker, dialogues, speech, limit), budget):
        asked = [Asked(one.prompt, Decoding(one.limit)) for one in group]
        for one, reply in zip(group, talker.replies(asked), strict=True):
            dialogue = dialogues[one.number]
            found[one.number].append(
                Answer(
                    id=dialogue.id,
                    turn=one.turn,
                    asked=dialogue.turns[one.turn - 1].text,
                    reference=dialogue.turns[one.turn].text,
                    text=reply.text,
                    tokens=reply.tokens,
                    limit=one.limit,
                    needed=one.needed,
                    ended=reply.ended,
                )
            )
        done += len(group)
        if time.perf_counter() - shown > QUIET_S:
            shown = time.perf_counter()
            say(f"  {done} replies")
    return [sorted(replies, key=lambda reply: reply.turn) for replies in found]


def timed(
    talker: Talker, dialogues: Sequence[Consultation], *, speech: bool, limit: int | None = None
) -> list[Timing]:
    """Let a model give the last reply of each dialogue by itself, greedily, to a clock.

    One goes at a time, because that is how a consultation goes. The first is answered once more beforehand, so that
    no time holds what is done only once.
    """
    times: list[Timing] = []
    for dialogue in dialogues:
        places = replies_of(dialogue)
        if not places:
            continue
        turns, audio_s = _turns(dialogue, places[-1], speech)
        most, _ = _limit(talker, talker.prompt(turns), dialogue.turns[places[-1]].text, limit)
        if not times:
            talker.reply(turns, most)
        reply = talker.reply(turns, most)
        times.append(Timing(dialogue.id, reply.first_s, reply.total_s, audio_s))
    return times


def replies_of(dialogue: Consultation) -> list[int]:
    """Return which turns are the doctor's replies to a patient."""
    roles = [turn.role for turn in dialogue.turns]
    return [at for at, pair in enumerate(pairwise(roles), start=1) if pair == ("patient", "doctor")]


def counts(answers: Sequence[Sequence[Answer]]) -> dict[str, int]:
    """Return how many replies there are, and of how many dialogues; how many match, end, and could not match."""
    every = [reply for replies in answers for reply in replies]
    return {
        "dialogues": sum(1 for replies in answers if replies),
        "replies": len(every),
        "exact": sum(a.exact for a in every),
        "normalised": sum(a.normalised for a in every),
        "ended": sum(a.ended for a in every),
        "limit_too_low": sum(a.limit < a.needed for a in every),
    }


def pace(times: Sequence[Timing]) -> dict[str, float | int | None]:
    """Return medians of times; the real-time factor is of all together, None without audio."""
    audio = sum(t.audio_s for t in times)
    return {
        "timed": len(times),
        "first_token_s": float(np.median([t.first_s for t in times])) if times else None,
        "total_s": float(np.median([t.total_s for t in times])) if times else None,
        "audio_s": audio,
        "real_time_factor": sum(t.total_s for t in times) / audio if audio else None,
    }


def hits(answers: Sequence[Sequence[Answer]]) -> np.ndarray:
    """Return (dialogues, 3) float64: replies that match exactly, replies that match when normalised, replies."""
    sums = [
        [sum(a.exact for a in replies), sum(a.normalised for a in replies), len(replies)]
        for replies in answers
    ]
    return np.array(sums, np.float64).reshape(-1, 3)


def normalise(text: str) -> str:
    """Return text without what does not change its meaning: case, width, punctuation, spacing.

    Signs within numbers (1.5, 2-3, 1/2, -4) and symbols (%, <, °) stay: in a reply they are doses and values.
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = []
    for at, sign in enumerate(text):
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        number = after.isdigit() and sign in ".,-:/" and (before.isdigit() or sign == "-")
        word = sign == "%" or number or unicodedata.category(sign)[0] not in "PZC"
        kept.append(sign if word else " ")
    words = " ".join("".join(kept).split())
    return "".join(
        sign
        for at, sign in enumerate(words)
        if sign != " " or not (_cjk(words[at - 1]) or _cjk(words[at + 1]))
    )


def _cjk(sign: str) -> bool:
    return any(low <= sign <= high for low, high in _CJK)


def _questions(
    talker: Talker, dialogues: Sequence[Consultation], speech: bool, limit: int | None
) -> Iterator[_Question]:
    for number, dialogue in enumerate(dialogues):
        for at in replies_of(dialogue):
            prompt = talker.prompt(_turns(dialogue, at, speech)[0])
            yield _Question(number, at, prompt, *_limit(talker, prompt, dialogue.turns[at].text, limit))


def _groups(questions: Iterator[_Question], budget: int) -> Iterator[list[_Question]]:
    """Yield questions in batches of up to `budget` tokens, what may be answered included."""
    group: list[_Question] = []
    for one in questions:
        grown = [*group, one]
        width = max(len(q.prompt.ids) for q in grown) + max(q.limit for q in grown)
        if group and width * len(grown) > budget:
            yield group
            grown = [one]
        group = grown
    if group:
        yield group


def _limit(talker: Talker, prompt: Prompt, reference: str, limit: int | None) -> tuple[int, int]:
    """Return the tokens a reply may have, and those of the doctor's own words."""
    needed = len(talker.loaded.template.words(reference))
    most = limit or ceil(MARGIN * needed) + SPARE
    return max(1, min(most, talker.context - len(prompt.ids))), needed


def _turns(dialogue: Consultation, at: int, speech: bool) -> tuple[Turns, float]:
    turns: list[tuple[str, Said]] = []
    audio_s = 0.0
    for turn in dialogue.turns[:at]:
        if speech and turn.role == "patient" and turn.clip is not None:
            turns.append((turn.role, turn.clip))
            audio_s += turn.duration_s or 0.0
        else:
            turns.append((turn.role, turn.text))
    return turns, audio_s

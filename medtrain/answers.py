"""Free-running answers to dialogues of a test split: what the model says by itself, and how long it takes."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from medtrain.data import Consultation
from medtrain.talk import Said, Talker, Turns

MOST_TOKENS = 64

_CJK = (("\u3040", "\u30ff"), ("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"))


@dataclass(frozen=True)
class Answer:
    """One reply beside the doctor's own. Times are in seconds; `audio_s` is the speech it listened to."""

    id: str
    asked: str
    reference: str
    text: str
    tokens: int
    ended: bool
    audio_s: float
    first_s: float
    total_s: float

    @property
    def exact(self) -> bool:
        """Whether it says the doctor's words, to the letter."""
        return self.text.strip() == self.reference.strip()

    @property
    def normalised(self) -> bool:
        """Whether it says the doctor's words but for case, width, punctuation and spacing."""
        return normalise(self.text) == normalise(self.reference)


def answer(talker: Talker, dialogues: Sequence[Consultation], *, speech: bool) -> list[Answer]:
    """Let a model give the last reply of each dialogue, greedily, with the turns before it as they were.

    Dialogues go one at a time, because that is how a consultation goes. The first is answered once more beforehand,
    so that no time holds what is done only once.
    """
    answers: list[Answer] = []
    for dialogue in dialogues:
        at = last_reply(dialogue)
        if at is None:
            continue
        turns, audio_s = _prompt(dialogue, at, speech)
        if not answers:
            talker.reply(turns, MOST_TOKENS)
        reply = talker.reply(turns, MOST_TOKENS)
        answers.append(
            Answer(
                id=dialogue.id,
                asked=dialogue.turns[at - 1].text,
                reference=dialogue.turns[at].text,
                text=reply.text,
                tokens=reply.tokens,
                ended=reply.ended,
                audio_s=audio_s,
                first_s=reply.first_s,
                total_s=reply.total_s,
            )
        )
    return answers


def last_reply(dialogue: Consultation) -> int | None:
    """Return which turn is the doctor's last reply to a patient, or None."""
    roles = [turn.role for turn in dialogue.turns]
    places = [at for at, pair in enumerate(pairwise(roles), start=1) if pair == ("patient", "doctor")]
    return places[-1] if places else None


def summary(answers: Sequence[Answer]) -> dict[str, float | int | None] | None:
    """Return counts and medians of answers; the real-time factor is of all together, None without audio."""
    if not answers:
        return None
    audio = sum(a.audio_s for a in answers)
    return {
        "dialogues": len(answers),
        "exact": sum(a.exact for a in answers),
        "normalised": sum(a.normalised for a in answers),
        "ended": sum(a.ended for a in answers),
        "first_token_s": float(np.median([a.first_s for a in answers])),
        "total_s": float(np.median([a.total_s for a in answers])),
        "audio_s": audio,
        "real_time_factor": sum(a.total_s for a in answers) / audio if audio else None,
    }


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


def _prompt(dialogue: Consultation, at: int, speech: bool) -> tuple[Turns, float]:
    turns: list[tuple[str, Said]] = []
    audio_s = 0.0
    for turn in dialogue.turns[:at]:
        if speech and turn.role == "patient" and turn.clip is not None:
            turns.append((turn.role, turn.clip))
            audio_s += turn.duration_s or 0.0
        else:
            turns.append((turn.role, turn.text))
    return turns, audio_s

"""A turn said until it passes its checks: other seeds and paces, then sentence by sentence, then given up.

An attempt that the engine refuses counts as one that failed its checks; every attempt is told, with its problem.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from medsynth.records import Speaker
from medsynth.voice.effects.apply import Treatment
from medsynth.voice.engine import EngineFault, VoiceError
from medsynth.voice.takes import Take, Taken, Takes, sentences_of

_NUDGES = (0.96, 1.04, 0.92, 1.08)
REFUSED = "engine_refused"
"""Why there is no clip where an engine cannot say an utterance in a voice."""
# Faults of an utterance and not of the server: another seed, a shorter text or another voice may do.
_OF_UTTERANCE = ("rejected", "too_long")
_LONGEST = 200  # characters of what an engine says
_PATH = re.compile(r"(?<![\w.])/[^\s'\":,]+")


class ClipRejected(Exception):
    """A turn did not come through after every permitted repair.

    `turn` is its index, `problems` tells every attempt at it, `before` what had been repaired until then.
    `refused` says why, as the ledger does, where an engine refused an attempt, so that nobody could judge it.
    """

    def __init__(
        self, turn: int, problems: tuple[str, ...], refused: str = "", before: tuple[str, ...] = ()
    ) -> None:
        super().__init__("; ".join((*before, f"turn {turn}: {'; '.join(problems)}")))
        self.turn, self.problems, self.refused, self.before = turn, problems, refused, before

    def after(self, repaired: Sequence[str]) -> ClipRejected:
        """Return the same, telling what had been repaired before."""
        return ClipRejected(self.turn, self.problems, self.refused, (*repaired, *self.before))


def say_turn(
    text: str,
    lang: str,
    speaker: Speaker,
    name: str,
    index: int,
    repairs: int,
    treatment: Treatment | None = None,
) -> Takes[tuple[Taken, str]]:
    """Ask for takes of a turn until one passes; return it, and what had to be repaired ("" for nothing).

    It is said again up to `repairs` times with another seed and pace, then sentence by sentence. Seeds are drawn
    from `name`; `index` is the turn's. Raises ClipRejected, and EngineFault when the engine itself is at fault.
    """
    rungs: list[tuple[str, tuple[str, ...], Speaker]]
    rungs = [(f"attempt {n + 1}", (text,), _nudged(speaker, n)) for n in range(repairs + 1)]
    sentences = sentences_of(text)
    if repairs and len(sentences) > 1:
        rungs.append(("sentence by sentence", tuple(sentences), speaker))
    failed: list[str] = []
    refused = ""
    for rung, (how, texts, who) in enumerate(rungs):
        try:
            taken = yield Take(texts, text, lang, who, _seed(name, rung), treatment)
        except VoiceError as error:
            if isinstance(error, EngineFault) and error.fault not in _OF_UTTERANCE:
                told = f"turn {index}: {'; '.join((*failed, f'{how}: {error}'))}"
                raise (EngineFault(error.fault, told) if failed else error) from None
            refused = refused or (f"engine_{error.fault}" if isinstance(error, EngineFault) else REFUSED)
            failed.append(f"{how}: {_shown(error)}")
            continue
        if taken.flac and not taken.checked.problems:
            return taken, f"{how} ({'; '.join(failed)})" if failed else ""
        failed.append(f"{how}: {', '.join(taken.checked.problems)}")
    raise ClipRejected(index, tuple(failed), refused)


def _shown(error: VoiceError) -> str:
    """Return what an engine said, in one line, without paths: it goes into the corpus."""
    return _PATH.sub("<path>", " ".join(str(error).split()))[:_LONGEST]


def _nudged(speaker: Speaker, attempt: int) -> Speaker:
    """Return the speaker, from the second attempt on a little slower or quicker where the engine has a rate."""
    rate = speaker.handle.get("rate")
    if attempt == 0 or not isinstance(rate, int | float):
        return speaker
    factor = _NUDGES[(attempt - 1) % len(_NUDGES)]
    handle = {**speaker.handle, "rate": round(rate * factor)}
    return speaker.model_copy(update={"handle": handle, "pace": speaker.pace * factor})


def _seed(name: str, attempt: int) -> int:
    digest = hashlib.blake2b(f"{name}|{attempt}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "big")

"""From one raw record to a drafted dialogue, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from medsynth.records import FrameRef, RawQA, RawTurn, Reason, Rejected, Turn
from medsynth.stages.extractive import exam, multi, single
from medsynth.stages.extractive.pieces import Limits, OutOfFrames, Script
from medsynth.text.frames import FrameSet, Speaker
from medsynth.text.informant import read_informant
from medsynth.text.lexicon import LEXICONS
from medsynth.text.render import check_origin
from medsynth.text.speakable import check_turns

# A conversation of which no more than this can be said is not worth having.
_LEAST_EXCHANGES = 6


@dataclass(frozen=True)
class Draft:
    """Turns, the frames in them, and figures about the rewrite; `rejected` where there is no dialogue."""

    turns: tuple[Turn, ...] = ()
    rejected: Rejected | None = None
    checks: dict[str, float] = field(default_factory=dict)

    def frames(self) -> list[FrameRef]:
        """Return the frames said, in order."""
        return [piece for turn in self.turns for piece in turn.origin if isinstance(piece, FrameRef)]


def draft(raw: RawQA, lang: str, frames: FrameSet, seed: int, limits: Limits) -> Draft:
    """Return the consultation made of `raw`; `lang` is "en" or "zh".

    A single question and answer is taken apart (`single`), a conversation is cleaned (`multi`), an
    examination item is said in full (`exam`). What
    comes out is checked here; a draft that fails is rejected, never passed on.
    """
    source = raw.turns
    speaker: Speaker = "self" if read_informant(source, lang).informant == "self" else "other"
    first = next((turn.text for turn in source if turn.role == "patient"), "")
    child = speaker == "other" and LEXICONS[lang].child.search(first) is not None
    write = exam.write if raw.kind == "exam" else single.write if _is_single(source) else multi.write
    while True:
        script = Script(source, lang, frames, seed, raw.id, speaker, raw.kind, child)
        try:
            result = write(script, limits)
            break
        except OutOfFrames as error:
            if write is not multi.write or limits.exchanges <= _LEAST_EXCHANGES:
                detail = f"more frames needed than there are for {error}"
                return Draft(rejected=Rejected(Reason.UNSPEAKABLE, detail))
            # Said over fewer exchanges, and at less length, a conversation needs fewer.
            limits = replace(
                limits, exchanges=limits.exchanges * 2 // 3, advice_turns=max(limits.advice_turns - 1, 1)
            )
    if isinstance(result, Rejected):
        return Draft(tuple(script.turns), result)
    turns = tuple(script.turns)
    problems = check_turns(turns, lang, limits.turn)
    texts = frames.texts()
    for number, turn in enumerate(turns):
        problems.extend(f"turn {number}: {p}" for p in check_origin(turn, source, lang, texts))
    if problems:
        return Draft(turns, Rejected(Reason.UNSPEAKABLE, "; ".join(problems[:3])))
    return Draft(turns, None, result)


def _is_single(source: Sequence[RawTurn]) -> bool:
    roles = [turn.role for n, turn in enumerate(source) if n == 0 or turn.role != source[n - 1].role]
    return roles == ["patient", "doctor"] and len(source) == 2

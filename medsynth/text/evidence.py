"""What the rules that read persons hand on: a span of text, a fact read there, and a reading of who speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from medsynth.records import Gender, Informant, RawTurn

T = TypeVar("T")


@dataclass(frozen=True)
class Evidence:
    """Characters `start:end` of `turns[turn].text`, and those characters."""

    turn: int
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class InformantReading:
    """What the text says of the speaker: the relation, where it says so (None: by default the patient),
    and the speaker's sex where the relation is named by it ("I am his mother")."""

    informant: Informant
    evidence: Evidence | None = None
    speaker_gender: Gender | None = None
    speaker_evidence: Evidence | None = None


def evidence_at(turns: Sequence[RawTurn], turn: int, start: int, end: int) -> Evidence:
    """Return an `Evidence` for characters `start:end` of one turn."""
    return Evidence(turn, start, end, turns[turn].text[start:end])


@dataclass(frozen=True)
class Fact(Generic[T]):
    """A value, the basis it rests on, and where it was read (None: from a field of the source, or implied)."""

    value: T
    basis: Literal["stated", "inferred"]
    evidence: Evidence | None = None

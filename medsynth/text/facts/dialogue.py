"""The facts of a rewritten dialogue, turn by turn, under the rules of who may say what."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from medsynth.text.facts.compare import compare, named_there
from medsynth.text.facts.extract import facts, statements
from medsynth.text.facts.model import FactKind, Finding


class Utterance(Protocol):
    """Anything with a role ("patient", "doctor") and a text: a RawTurn, a Turn."""

    @property
    def role(self) -> str:
        """Who speaks."""

    @property
    def text(self) -> str:
        """What is said."""


@dataclass(frozen=True, slots=True)
class TurnFinding:
    """A finding and the turns it stands in, counted from 0; its spans are characters of those turns.

    `turn` is None for what was dropped, `source_turn` for what was invented.
    """

    finding: Finding
    turn: int | None
    source_turn: int | None

    @property
    def fails(self) -> bool:
        """Whether the finding alone makes the dialogue unfaithful."""
        return self.finding.fails


_BETWEEN = "\n\n"  # a blank line ends a sentence whatever follows
# What a fact weighs in the score of faithfulness.
_WEIGHT: dict[FactKind, int] = {
    "drug": 3, "dose": 3, "frequency": 3, "allergy": 3, "contraindication": 3, "side": 3,
    "route": 2, "duration": 2, "age": 2, "temperature": 2, "vital": 2, "lab": 2, "negation": 2, "test": 2,
    "number": 1, "department": 1,
}  # fmt: skip


def check_dialogue_facts(
    source_turns: Sequence[Utterance], turns: Sequence[Utterance], lang: str
) -> list[TurnFinding]:
    """Return what became of the facts of `source_turns` in `turns`, in the order of the dialogue, drops last.

    What either speaker of the source said vouches for either speaker of the dialogue. A doctor must neither invent
    nor alter. A patient must not contradict: what is altered counts in full, while inventing fails only for
    medicines, doses and allergies. A patient's own words may be left out unless critical.
    """
    source, source_starts = _joined(source_turns)
    rewrite, starts = _joined(turns)
    known = facts(source, lang)
    found = compare(
        known,
        named_there(facts(rewrite, lang), source, known),
        statements(source, lang),
        statements(rewrite, lang),
    )
    result: list[TurnFinding] = []
    for finding in found:
        turn, rewrite_span = _placed(finding.rewrite_span, starts)
        source_turn, source_span = _placed(finding.source_span, source_starts)
        severity = finding.severity
        if (
            finding.status == "invented"
            and turn is not None
            and turns[turn].role == "patient"
            and severity == "major"
        ):
            severity = "minor"
        placed = replace(finding, source_span=source_span, rewrite_span=rewrite_span, severity=severity)
        result.append(TurnFinding(placed, turn, source_turn))
    return result


def faithfulness(findings: Iterable[TurnFinding | Finding]) -> float:
    """Return 0 to 1: the weight of the source's facts that were kept, less the weight of what was altered or
    invented, over the weight of all facts of the source; not below 0.

    Drugs, doses, frequencies, allergies, prohibitions and sides weigh 3, plain numbers and departments 1, the rest 2.
    Without any fact on either side it is 1.
    """
    kept = stated = unfounded = 0
    for item in findings:
        finding = item.finding if isinstance(item, TurnFinding) else item
        weight = _WEIGHT[finding.kind]
        if finding.source_span is not None or finding.status == "kept":
            stated += weight
        if finding.status == "kept":
            kept += weight
        elif finding.status != "dropped":
            unfounded += weight
    if not stated:
        return 0.0 if unfounded else 1.0
    return max(0.0, (kept - unfounded) / stated)


def _joined(turns: Sequence[Utterance]) -> tuple[str, list[int]]:
    starts: list[int] = []
    at = 0
    for turn in turns:
        starts.append(at)
        at += len(turn.text) + len(_BETWEEN)
    return _BETWEEN.join(turn.text for turn in turns), starts


def _placed(span: tuple[int, int] | None, starts: list[int]) -> tuple[int | None, tuple[int, int] | None]:
    if span is None:
        return None, None
    turn = bisect_right(starts, span[0]) - 1
    return turn, (span[0] - starts[turn], span[1] - starts[turn])

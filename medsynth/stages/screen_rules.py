"""What *screen* judges by content: is there medicine in it, and does it ask for harm? And verdicts in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from medsynth.records import Kind, RawTurn, Reason
from medsynth.text.harm import refuses_a_wrong, stance
from medsynth.text.harm_requests import asks_for_harm
from medsynth.text.medical import medical_score

# Small talk belongs to consultations, and a source may cut them into pieces: one is judged only as a whole.
_WHOLE_CONSULTATION = 100
# A text of up to this many words must reach the threshold once, one of twice as many twice; four times is the most.
_WORDS = 200
_MOST = 4


@dataclass(frozen=True)
class Check:
    """One rule applied to one record: what was measured against what, and whether it passed."""

    rule: str
    reason: Reason
    passed: bool
    value: str
    threshold: str
    detail: str = ""


def medical_check(kind: Kind, text: str, words: int, lang: str, threshold: float) -> Check:
    """Whether there is enough medicine in what both sides say (`text`, of so many words).

    Not judged, so passed: safety and exam items, and consultations of under a hundred words.
    """
    rule, reason = "medical", Reason.NOT_MEDICAL
    needed = threshold * min(_MOST, max(1.0, words / _WORDS))
    exempt = kind in {"safety", "exam"} or (kind == "consultation" and words < _WHOLE_CONSULTATION)
    if exempt or threshold == 0:
        return Check(rule, reason, True, "not judged", f"{needed:.1f}")
    score = medical_score(text, lang, max(needed, 4.0))
    detail = f"medical words: {score:.1f} < {needed:.1f}"
    return Check(rule, reason, score >= needed, f"{score:.1f}", f"{needed:.1f}", detail)


def harm_check(turns: Iterable[RawTurn], lang: str) -> tuple[Check, str]:
    """Whether no harm is asked for, or the answer is safe; and what harm is asked for ("" none).

    A doctor who goes along with a request for self-harm, violence or drugs makes the record unfit. Where a
    health worker is asked to do wrong, only a refusal tells the request from a question of ethics.
    """
    harm, said = "", "other"
    for turn, answer in pairwise(turns):
        if turn.role != "patient":
            continue
        asked = asks_for_harm(turn.text, lang)
        said = stance(answer.text, lang) if asked else "other"
        if asked and (asked != "abuse" or said == "refuses"):
            harm = asked
            break
        if refuses_a_wrong(answer.text, lang):
            harm, said = "abuse", "refuses"
            break
    value = f"{harm}, the answer {said}" if harm else "no request for harm"
    detail = f"request: {harm}; the answer neither refuses nor warns"
    safe = not harm or said in {"refuses", "cares"}
    return Check("safe answer", Reason.HARMFUL_ANSWER, safe, value, "refuses or cares", detail), harm


def explain_text(steps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return lines to print for what `ScreenStage.explain` returns: verdict, rule, measure, threshold, reason.

    The first failure is what decides; later ones are marked as well. The last line sums up.
    """
    steps = list(steps)
    width = max((len(step["rule"]) for step in steps), default=0)
    size = max((len(str(step["value"])) for step in steps), default=0)
    lines = []
    for step in steps:
        line = (
            f"{'ok  ' if step['passed'] else 'FAIL'}  {step['rule']:<{width}}  {step['value'] or '-':<{size}}"
        )
        line += f"  (asked: {step['threshold']})"
        if not step["passed"]:
            line += f"  -> {step['reason']}" + (f": {step['detail']}" if step["detail"] else "")
        lines.append(line)
    decisive = next((step for step in steps if not step["passed"]), None)
    lines.append(f"rejected: {decisive['reason']}" if decisive else "kept")
    return lines

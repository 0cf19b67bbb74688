"""Medical facts of a dialogue beside those of its source, as problems that a model can mend.

What counts as a fact, and which of them may be left out, `medsynth.text.facts` decides; a doctor who asks about
something that the patient has not told yet is found here.
"""

from __future__ import annotations

from collections.abc import Sequence

from medsynth.stages.llm_checks import Problem
from medsynth.stages.llm_draft import Draft, Utterance
from medsynth.stages.llm_wording import problem_text
from medsynth.text.facts.compare import compare
from medsynth.text.facts.dialogue import TurnFinding, check_dialogue_facts, faithfulness
from medsynth.text.facts.extract import facts
from medsynth.text.facts.model import Fact, FactKind, Finding

_CHECK = {"altered": "altered_fact", "invented": "invented_fact", "dropped": "dropped_fact"}
# What a patient tells and a doctor cannot guess.
_TOLD: frozenset[FactKind] = frozenset(
    ("drug", "dose", "frequency", "duration", "age", "temperature", "vital", "lab", "allergy")
)
# Facts that are altered by being said the other way round.
_POLAR: frozenset[FactKind] = frozenset(("negation", "allergy", "contraindication"))
# Facts whose canonical value is the same in every language.
_UNIVERSAL: frozenset[FactKind] = frozenset(
    ("drug", "dose", "frequency", "duration", "age", "temperature", "vital", "lab", "number", "side")
)
_QUOTE = 40


def check_facts(draft: Draft) -> tuple[list[Problem], float]:
    """Return what is wrong with the facts of a dialogue, and how faithful it is (0 to 1).

    Across languages only facts that read the same in both are compared: medicines and quantities.
    """
    if draft.translated:
        return _translated(draft)
    findings = check_dialogue_facts(draft.source, draft.turns, draft.lang)
    problems = [
        _problem(draft, found.finding, found.turn, found.source_turn) for found in findings if found.fails
    ]
    return [*problems, *_foreknown(draft, findings)], round(faithfulness(findings), 4)


def _problem(draft: Draft, found: Finding, turn: int | None, source_turn: int | None) -> Problem:
    check = _CHECK[found.status]
    said, source = _short(found.rewrite_text), _short(found.source_text)
    role = draft.source[source_turn].role if source_turn is not None else "doctor"
    detail = f"{found.kind} " + (f"{said} for {source}" if said and source else said or source)
    if turn is not None:
        detail += f" in turn {turn}"
    wording = "turned_fact" if check == "altered_fact" and found.kind in _POLAR and source else check
    message = problem_text(draft.lang, wording, turn, said=said, source=source, role=role)
    return Problem(check, turn, message, detail)


def _foreknown(draft: Draft, findings: Sequence[TurnFinding]) -> list[Problem]:
    """Return the facts that an inquiry of the doctor is the first to name, although only the patient has them."""
    problems = []
    for found in findings:
        fact = found.finding
        if (
            found.turn is None
            or found.source_turn is None
            or fact.kind not in _TOLD
            or fact.status != "kept"
            or draft.turns[found.turn].purpose != "inquiry"
            or draft.source[found.source_turn].role != "patient"
        ):
            continue
        values = _values(facts(draft.turns[found.turn].text, draft.lang), fact.kind)
        earlier = [t for t in draft.turns[: found.turn] if t.role == "patient"]
        vouched = _values(facts(_text(earlier) + "\n" + draft.answered, draft.lang), fact.kind)
        if values - vouched:
            said = _short(fact.rewrite_text)
            text = problem_text(draft.lang, "foreknowledge", found.turn, said=said)
            problems.append(
                Problem("foreknowledge", found.turn, text, f"{fact.kind} {said} in turn {found.turn}")
            )
    return problems


def _translated(draft: Draft) -> tuple[list[Problem], float]:
    source = _universal(facts("\n".join(t.text for t in draft.source), draft.source_lang))
    rewrite = _universal(facts(_text(draft.turns), draft.lang))
    findings = compare(source, rewrite)
    return [_problem(draft, f, None, None) for f in findings if f.fails], round(faithfulness(findings), 4)


def _universal(found: Sequence[Fact]) -> list[Fact]:
    return [fact for fact in found if fact.kind in _UNIVERSAL]


def _values(found: Sequence[Fact], kind: FactKind) -> set[str]:
    return {fact.value for fact in found if fact.kind == kind and not fact.vague}


def _text(turns: Sequence[Utterance]) -> str:
    return "\n".join(turn.text for turn in turns)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTE else line[: _QUOTE - 1] + "…"

"""Comparing left and right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from medsynth.text.facts.contexts import Contexts
from medsynth.text.facts.findings import finding
from medsynth.text.facts.model import Fact, Finding

_OPPOSITE = {"left": "right", "right": "left"}
# Shared words by which the place of a side in the rewriting must answer better to the other side of the source.
_PLAINLY = 3


def compare_sides(
    source: Sequence[Fact], rewrite: Sequence[Fact], known: Contexts, said: Contexts
) -> list[Finding]:
    """Return what became of the sides; `known` and `said` tell what stands near each in source and rewriting."""
    stated = [fact for fact in source if fact.kind == "side"]
    found: list[Finding] = []
    used: set[int] = set()
    repeated = [fact for fact in rewrite if fact.kind == "side"]
    before, after = _counts(stated), _counts(repeated)
    moved = _moved_parts(before, after)
    for fact in repeated:
        origin, status = _origin(fact, stated, repeated, known, said)
        if status == "open" or (_OPPOSITE.get(fact.value), fact.of) in moved:
            continue
        if origin is not None:
            used.add(id(origin))
        found.append(
            finding("kept", "minor", origin, fact)
            if status == "kept"
            else finding("altered" if origin else "invented", "critical", origin, fact)
        )
    values = {fact.value for fact in repeated}
    told = {f.source_span for f in found if f.status == "altered"}
    for fact in stated:
        opposite = _OPPOSITE.get(fact.value)
        if opposite is None or (fact.start, fact.end) in told:
            continue
        if (fact.value, fact.of) in moved:
            continue
        if not after[fact.value, fact.of] and after[opposite, fact.of] > before[opposite, fact.of]:
            other = [s for s in repeated if (s.value, s.of) == (opposite, fact.of)][-1]
            found.append(finding("altered", "critical", fact, other))
        elif id(fact) not in used and fact.value not in values and "both" not in values and not fact.vague:
            found.append(finding("dropped", "major", fact, None))
    return found


def _counts(sides: Sequence[Fact]) -> Counter[tuple[str, str]]:
    return Counter((fact.value, fact.of) for fact in sides)


def _moved_parts(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the sides with a part of the body that is now said with the other side instead, which the source says
    without it: "on the right side of my face, not on the left" for "not on the left side of my face, on the right"."""

    def bare(counts: Counter[tuple[str, str]], value: str) -> int:
        return counts[value, ""] + counts[value, "side"]

    return {
        (value, of)
        for (value, of), count in before.items()
        if count
        and of not in ("", "side")
        and not of.startswith("than ")
        and not after[value, of]
        and bare(after, value)
        for other in [_OPPOSITE.get(value, "")]
        if after[other, of] and not before[other, of] and bare(before, other) > bare(after, other)
    }


def _origin(
    fact: Fact, stated: list[Fact], repeated: list[Fact], known: Contexts, said: Contexts
) -> tuple[Fact | None, str]:
    """Return the side of the source that one of the rewriting answers to, and "kept", "altered" or "open"."""

    def shared(other: Fact) -> int:
        return known.shared(other, said, fact)

    same = [s for s in stated if s.value == fact.value]
    near = max((s for s in same if s.of == fact.of), key=shared, default=None)
    contrary = max(
        (s for s in stated if s.of == fact.of and s.value == _OPPOSITE.get(fact.value)),
        key=shared,
        default=None,
    )
    if near is not None:
        if (
            contrary is not None
            and fact.of
            and shared(contrary) >= max(2 * shared(near), shared(near) + _PLAINLY)
        ):
            return contrary, "altered"
        return near, "kept"
    if contrary is not None and fact.of:
        return contrary, "altered"
    if fact.vague or (fact.value != "both" and fact.value not in _OPPOSITE):
        return None, "open"  # "one side" says no more than that it is not both
    if fact.value == "both":
        pair = [s for s in stated if s.value in _OPPOSITE and s.of in ("", fact.of)]
        if len({s.value for s in pair}) == 1 and all(s.of == fact.of for s in pair):
            return pair[0], "altered"
        return None, "open"
    if same:
        return max(same, key=shared), "kept"
    if whole := [s for s in stated if s.value == "both"]:
        # "both knees" that became "the left knee"; unless the other one is spoken of as well.
        alone = not any(
            o.value in ("both", _OPPOSITE[fact.value]) and o.of in ("", "side", fact.of) for o in repeated
        )
        part = next((s for s in whole if s.of == fact.of and fact.of), None)
        return (part, "altered") if alone and part else (None, "open")
    other = next((s for s in stated if s.value == _OPPOSITE[fact.value] and not s.vague), None)
    return other, "altered"

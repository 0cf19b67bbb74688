"""What became of the facts of a source in a rewriting of it: kept, dropped, altered or invented."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsynth.text.facts.amounts import AMOUNTS, compare_amounts
from medsynth.text.facts.contexts import Contexts
from medsynth.text.facts.extract import facts, statements
from medsynth.text.facts.findings import critical_drugs, finding
from medsynth.text.facts.gists import compare_gists
from medsynth.text.facts.model import Fact, Finding, Severity, Statement, Status, Verdict
from medsynth.text.facts.polarity import compare_polarity
from medsynth.text.facts.sides import compare_sides

_LONG = 7  # letters of a name that is known without its ending
_SHORT_HAN = 3  # characters of a Chinese name one of which may be written otherwise
_WORD = re.compile(r"[a-z]+")


def check(source: str, rewrite: str, lang: str) -> Verdict:
    """Return whether `rewrite` keeps to the medical facts of `source`, and what became of each. `lang` is BCP-47."""
    findings = compare(
        facts(source, lang),
        named_there(facts(rewrite, lang), source, facts(source, lang)),
        statements(source, lang),
        statements(rewrite, lang),
    )
    return Verdict(not any(found.fails for found in findings), tuple(findings))


def compare(
    source: Sequence[Fact],
    rewrite: Sequence[Fact],
    source_statements: Sequence[Statement] = (),
    rewrite_statements: Sequence[Statement] = (),
) -> list[Finding]:
    """Return what became of each fact of `source`, and which facts of `rewrite` it does not vouch for.

    Without the statements of the two texts, polarity is compared by the `negation` facts alone. Findings stand in the
    order of the rewriting, what was dropped behind it in the order of the source.
    """
    known, said = Contexts(source_statements), Contexts(rewrite_statements)
    found = [
        *_drugs(source, rewrite),
        *_allergies(source, rewrite),
        *compare_sides(source, rewrite, known, said),
        *_terms(source, rewrite),
        *compare_amounts(
            [f for f in source if f.kind in AMOUNTS],
            [f for f in rewrite if f.kind in AMOUNTS],
            known,
            said,
        ),
        *compare_polarity(source, rewrite, source_statements, rewrite_statements),
        *compare_gists(source_statements, rewrite_statements),
    ]
    found.sort(key=lambda f: (f.rewrite_span is None, f.rewrite_span or f.source_span or (0, 0)))
    return found


def named_there(rewrite: Sequence[Fact], text: str, source: Sequence[Fact]) -> list[Fact]:
    """Return the facts of a rewriting without the drugs whose names `text`, the source, writes nearly so.

    Transcripts spell drugs as they were heard ("Hydrocode"): a word of the source that is no drug's name, but begins
    as the drug does and parts from it in the last few letters, stands for it.
    """
    drugs = [f for f in source if f.kind == "drug"]
    han = [f for f in rewrite if f.kind == "drug" and not f.text.isascii() and len(f.text) >= _SHORT_HAN]
    strange = {f.text for f in han if f.value not in drugs_of(source)}
    odd = {name for name in strange if _written_otherwise(name, text, drugs)}
    rewrite = [f for f in rewrite if f.kind != "drug" or f.text not in odd]
    suspects = [f for f in rewrite if f.kind == "drug" and f.text.isascii() and len(f.text) >= _LONG]
    if not suspects:
        return list(rewrite)
    taken = {word for f in source if f.kind == "drug" for word in _WORD.findall(f.text.lower())}
    words = {word for word in _WORD.findall(text.lower()) if len(word) >= _LONG} - taken
    meant = {f.text for f in suspects if any(_misspelt(f.text.lower(), word) for word in words)}
    return [f for f in rewrite if f.kind != "drug" or f.text not in meant]


def _written_otherwise(name: str, text: str, taken: Sequence[Fact]) -> bool:
    """Whether `text` has a Chinese name but for one character (塞庚啶, 赛庚啶) where no drug is known to stand."""
    size = len(name)
    return any(
        sum(a != b for a, b in zip(name, text[i : i + size], strict=True)) == 1
        and not any(f.start < i + size and i < f.end for f in taken)
        for i in range(len(text) - size + 1)
    )


def _misspelt(name: str, word: str) -> bool:
    return (
        word[: max(_LONG, len(name) - 3)] == name[: max(_LONG, len(name) - 3)]
        and abs(len(word) - len(name)) < 3
    )


def drugs_of(found: Sequence[Fact]) -> frozenset[str]:
    """Return the drugs named, combinations taken apart as well."""
    names: set[str] = set()
    for fact in found:
        if fact.kind == "drug":
            names.add(fact.value)
            names.update(fact.value.split("/"))
    return frozenset(names)


def _drugs(source: Sequence[Fact], rewrite: Sequence[Fact]) -> list[Finding]:
    known, said = drugs_of(source), drugs_of(rewrite)
    critical = critical_drugs(source)
    first: dict[str, Fact] = {}
    for fact in source:
        if fact.kind == "drug":
            first.setdefault(fact.value, fact)
    missing = {
        value: fact
        for value, fact in first.items()
        if value not in said and not all(part in said for part in value.split("/"))
    }
    found: list[Finding] = []
    told: set[str] = set()
    for fact in rewrite:
        if fact.kind != "drug" or fact.value in told:
            continue
        told.add(fact.value)
        if fact.value in known or all(part in known for part in fact.value.split("/")):
            found.append(
                finding("kept", "minor", first.get(fact.value, fact if fact.value in first else None), fact)
            )
        elif fact.vague and known:
            # "an antibiotic" may be what a named drug is called.
            found.append(finding("invented", "minor", None, fact))
        elif missing:
            # Which drug the new one stands for is a guess: the one that reads most alike.
            replaced = max(missing.values(), key=lambda other: _alike(other.value, fact.value))
            found.append(finding("altered", "critical", replaced, fact))
        else:
            found.append(finding("invented", "critical", None, fact))
    for value, fact in missing.items():
        severity: Severity = "critical" if value in critical else "major"
        found.append(finding("dropped", severity, fact, None))
    return found


def _alike(a: str, b: str) -> float:
    pairs_a, pairs_b = ({s[i : i + 2] for i in range(len(s) - 1)} for s in (a, b))
    return len(pairs_a & pairs_b) / max(1, len(pairs_a | pairs_b))


def _allergies(source: Sequence[Fact], rewrite: Sequence[Fact]) -> list[Finding]:
    known: dict[str, Fact] = {}
    for fact in source:
        if fact.kind == "allergy" and (fact.value not in known or known[fact.value].negated):
            known[fact.value] = fact
    said: dict[str, Fact] = {}
    for fact in rewrite:
        if fact.kind == "allergy" and (fact.value not in said or said[fact.value].negated):
            said[fact.value] = fact
    mentioned = {fact.value: fact for fact in source if fact.kind == "drug"}
    asserted = [fact for fact in known.values() if not fact.negated]
    found: list[Finding] = []
    for value, fact in said.items():
        origin = known.get(value)
        if origin is not None:
            # "If not allergic to it, take it" says what "who is allergic to it must not" says.
            same = origin.negated == fact.negated or origin.of == fact.of == "condition"
            # Who is allergic to it must not take it, or may take it all the same.
            same = same and {origin.of, fact.of} != {"condition", "allowed"}
            status: Status = "kept" if same else "altered"
            found.append(finding(status, "minor" if status == "kept" else "critical", origin, fact))
        elif value == "none":
            # "no known allergies" in place of an allergy; beside it ("no other allergies") it denies nothing.
            lost = [other for other in asserted if other.value not in said]
            if lost:
                found.append(finding("altered", "critical", lost[0], fact))
            else:
                found.append(
                    finding("kept", "minor", None, fact)
                    if asserted or "none" in known
                    else finding("invented", "minor", None, fact)
                )
        elif value == "unnamed" and not asserted and "none" in known:
            found.append(finding("altered", "critical", known["none"], fact))
        elif value == "unnamed" and (asserted or not fact.negated):
            found.append(
                finding("kept" if asserted else "invented", "minor", asserted[0] if asserted else None, fact)
            )
        elif fact.negated:
            found.append(finding("invented", "minor", known.get("none"), fact))
        else:
            found.append(
                finding("invented", "major" if value in mentioned or not asserted else "critical", None, fact)
            )
    for value, fact in known.items():
        if value == "unnamed" and any(not other.negated for other in said.values()):
            continue
        if value not in said and not (value != "none" and "none" in said and fact.negated):
            mild = fact.negated and fact.of != "condition"
            found.append(finding("dropped", "minor" if mild else "critical", fact, None))
    return found


def _terms(source: Sequence[Fact], rewrite: Sequence[Fact]) -> list[Finding]:
    """Compare tests, departments and routes by value alone."""
    found: list[Finding] = []
    for kind in ("test", "department", "route"):
        known: dict[str, Fact] = {}
        for fact in source:
            if fact.kind == kind:
                known.setdefault(fact.value, fact)
        said: dict[str, Fact] = {}
        for fact in rewrite:
            if fact.kind == kind:
                said.setdefault(fact.value, fact)
        for value, fact in said.items():
            if value in known:
                found.append(finding("kept", "minor", known[value], fact))
            else:
                lost = next((k for v, k in known.items() if v not in said), None) if kind == "route" else None
                severity: Severity = (
                    "minor" if kind == "department" or (kind == "route" and not lost) else "major"
                )
                found.append(finding("altered" if lost else "invented", severity, lost, fact))
        found.extend(
            finding("dropped", "minor", fact, None) for value, fact in known.items() if value not in said
        )
    return found

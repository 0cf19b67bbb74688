"""Making findings, and which facts a text must not lose."""

from __future__ import annotations

from collections.abc import Sequence

from medsynth.text.facts.model import Fact, Finding, Severity, Status


def finding(status: Status, severity: Severity, source: Fact | None, rewrite: Fact | None) -> Finding:
    """Return what became of a fact; at least one of `source` and `rewrite` is given."""
    fact = rewrite or source
    assert fact is not None
    return Finding(
        fact.kind,
        status,
        severity,
        (source.start, source.end) if source else None,
        (rewrite.start, rewrite.end) if rewrite else None,
        source.text if source else "",
        rewrite.text if rewrite else "",
    )


def critical_drugs(source: Sequence[Fact]) -> frozenset[str]:
    """Return the drugs that must survive: those with a dose or frequency."""
    return frozenset(f.of for f in source if f.kind in ("dose", "frequency") and f.of and not f.vague)

"""Comparing what is asserted and what is denied.

Statements of the two texts are laid side by side by the terms they share. Where two that say the same thing differ
in what they deny, one of them was turned round. A finding that the source only ever denies and the rewriting only
ever asserts (or the reverse) is contradicted wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from medsynth.text.facts.findings import finding
from medsynth.text.facts.model import Fact, FactKind, Finding, Polarity, Severity, Statement, Term
from medsynth.text.facts.polarity_clauses import ENOUGH, Clause, Neighbours, Places, clauses_of
from medsynth.text.facts.polarity_sentences import both_deny, unanswered

DENIALS = frozenset(("negation", "contraindication"))
# Almost word for word: this share of the terms, and no more than so many that only one of them has.
_SAME, _SAME_AT_LEAST, _STRAY = 0.8, 3, 1
_MUCH = 0.6  # of the terms of both: here a plain word tells too


def compare_polarity(
    source: Sequence[Fact],
    rewrite: Sequence[Fact],
    source_statements: Sequence[Statement],
    rewrite_statements: Sequence[Statement],
) -> list[Finding]:
    """Return what became of the denials of the source, and which of the rewriting contradict it."""
    known, said = clauses_of(source_statements), clauses_of(rewrite_statements)
    found: dict[tuple[int, int], Finding] = {}
    same_allergy = _same_allergies(source, rewrite)
    turned = [*_turned(known, said), *_contradicted(known, said)]
    if turned:
        here, there = Places(source_statements), Places(rewrite_statements)
        turned = [
            (mine, theirs, severity)
            for mine, theirs, severity in turned
            if not both_deny(here.statement_of(mine), there.statement_of(theirs), mine, theirs)
        ]
    turned.extend((a, b, "critical") for a, b in unanswered(source_statements, rewrite_statements))
    for mine, theirs, severity in turned:
        key = (mine.start, theirs.start)
        if key not in found and not any(
            a.start <= mine.start < a.end and b.start <= theirs.start < b.end for a, b in same_allergy
        ):
            found[key] = _altered(mine, theirs, severity)
    for before, after in _inverted(source_statements, rewrite_statements):
        if before.wording != after.wording and any(
            after.start <= f.start < after.end for _, f in same_allergy
        ):
            continue
        if not any(f.rewrite_span and after.start <= f.rewrite_span[0] < after.end for f in found.values()):
            inverted = before.negations != after.negations or before.denies != after.denies
            kind: FactKind = "negation" if inverted else "side"
            found[before.start, after.start] = Finding(
                kind, "altered", "critical", (before.start, before.end), (after.start, after.end)
            )
    denied = {name for clause in said for name in clause.denied}
    spans = [f.source_span for f in found.values() if f.source_span]
    for fact in source:
        if fact.kind not in DENIALS or any(fact.start <= start < fact.end for start, _ in spans):
            continue
        origin = next((o for o in rewrite if o.kind in DENIALS and _same(fact, o)), None)
        if origin is not None or any(name in denied for name in fact.value.split(" ")):
            found[fact.start, -1] = finding("kept", "minor", fact, origin)
        else:
            found[fact.start, -1] = finding(
                "dropped", "major" if fact.kind == "contraindication" else "minor", fact, None
            )
    return list(found.values())


def _same_allergies(source: Sequence[Fact], rewrite: Sequence[Fact]) -> list[tuple[Fact, Fact]]:
    """Return the allergies that both texts state alike, in whatever words ("I can't have penicillin, allergic")."""
    return [
        (mine, theirs)
        for mine in source
        if mine.kind == "allergy"
        for theirs in rewrite
        if theirs.kind == "allergy" and (mine.value, mine.negated) == (theirs.value, theirs.negated)
    ]


def _inverted(
    source: Sequence[Statement], rewrite: Sequence[Statement]
) -> Iterable[tuple[Statement, Statement]]:
    """Yield the sentences that stand word for word in both texts, but for a word that denies or a side."""
    worded: dict[str, list[Statement]] = {}
    content: dict[str, list[Statement]] = {}
    for statement in source:
        if statement.wording:
            worded.setdefault(statement.wording, []).append(statement)
        if statement.content:
            content.setdefault(statement.content, []).append(statement)
    for statement in rewrite:
        if same := worded.get(statement.wording):
            if all((o.negations, o.sides) != (statement.negations, statement.sides) for o in same):
                yield same[0], statement
        elif (same := content.get(statement.content)) and all(o.denies != statement.denies for o in same):
            yield same[0], statement


def _same(fact: Fact, other: Fact) -> bool:
    return bool(set(fact.value.split(" ")) & set(other.value.split(" ")))


def _altered(mine: Term, theirs: Term, severity: Severity) -> Finding:
    return Finding(
        "negation",
        "altered",
        severity,
        (mine.start, mine.end),
        (theirs.start, theirs.end),
        mine.name,
        theirs.name,
    )


def _turned(known: list[Clause], said: list[Clause]) -> Iterable[tuple[Term, Term, Severity]]:
    """Yield the terms that a statement of the rewriting asserts or denies against all statements of the source that say
    the same, with the term of the source."""
    neighbours = Neighbours(said, known)
    verbatim = {_signature(clause) for clause in known}
    for number, clause in enumerate(said):
        if _signature(clause) in verbatim:
            continue
        near = [known[n] for n in neighbours.near(number)]
        if not near:
            continue
        turned = _against(clause, near, denied=False, known=known, said=said) or _against(
            clause, near, denied=True, known=known, said=said
        )
        if turned is not None:
            yield turned
        else:
            yield from _reworded(clause, near)


def _signature(clause: Clause) -> tuple[int, tuple[tuple[str, Polarity], ...]]:
    return clause.statement.denials, tuple([(term.name, term.polarity) for term in clause.statement.terms])


def _against(
    clause: Clause, near: list[Clause], denied: bool, known: list[Clause], said: list[Clause]
) -> tuple[Term, Term, Severity] | None:
    """Return the first term that `clause` denies (or asserts) and all statements near, that have it, do not."""
    for name, theirs in (clause.denied if denied else clause.asserted).items():
        mine = [
            (other.asserted if denied else other.denied).get(name) for other in near if name in other.names
        ]
        first = mine[0] if mine else None
        if first is None or None in mine:
            continue
        alike = _word_for_word(clause.names, near[0].names) and _in_order(clause, near[0])
        if first.weight == theirs.weight == 0 and clause.names != near[0].names:
            continue
        # Of what one word denies, a plain word turns only when nothing of it stays denied: it may have moved.
        cue = theirs.cue if denied else first.cue
        if theirs.weight < 2 and _still_denied(cue, *((clause, near[0]) if denied else (near[0], clause))):
            continue
        if alike:
            return first, theirs, "critical"
        plain = min(first.weight, theirs.weight) < 2
        if plain and not _same_said(clause, near[0]):
            continue  # in other words a plain word is often denied with another verb, or not at all
        if plain and (
            _denied_in_other_words(cue, name, clause, known)
            if denied
            else _denied_in_other_words(cue, name, near[0], said)
        ):
            continue
        # Another statement of the source may say it as the rewriting does, if in other words.
        enough = 1 if len(clause.names) <= ENOUGH else min(ENOUGH, len(near[0].names & clause.names))
        if any(
            name in other.names
            and name not in (other.asserted if denied else other.denied)
            and len(other.names & clause.names) >= enough
            for other in known
        ):
            continue
        return first, theirs, "critical"
    return None


def _denied_in_other_words(cue: int, name: str, clause: Clause, others: list[Clause]) -> bool:
    """Whether what one word of a clause denies before the plain word `name` is denied in the other text as well, or
    not spoken of there by this name ("not much interest in sex at home" for "some loss of libido at home")."""
    if cue < 0:
        return False
    reach = [term for term in clause.statement.terms if term.cue == cue and term.polarity == "denied"]
    head = reach[0].name if reach else name
    if head != name and not any(head in other.names for other in others):
        return True
    return any(term.name != name and any(term.name in other.denied for other in others) for term in reach)


def _still_denied(cue: int, clause: Clause, other: Clause) -> bool:
    return any(term.cue == cue and name in other.denied for name, term in clause.denied.items())


def _reworded(clause: Clause, near: list[Clause]) -> Iterable[tuple[Term, Term, Severity]]:
    """Yield a term of a statement that stands almost word for word in the source, but with a denial more or less."""
    terms = clause.statement.terms
    exact = [o for o in near if [term.name for term in o.statement.terms] == [term.name for term in terms]]
    if exact and len(terms) >= ENOUGH:
        if any([t.polarity for t in o.statement.terms] == [t.polarity for t in terms] for o in exact):
            return
        for mine, theirs in zip(exact[0].statement.terms, terms, strict=True):
            if {mine.polarity, theirs.polarity} == {"asserted", "denied"} and not _moved(
                exact[0], clause, mine, theirs
            ):
                yield mine, theirs, "critical"
                return
    count = clause.statement.denials
    if count < 0:
        return
    alike = [
        o
        for o in near
        if _word_for_word(clause.names, o.names) and _in_order(clause, o) and not _denied_apart(clause, o)
    ]
    if not alike or any(other.statement.denials in (count, -1) for other in alike):
        return
    if count and all(other.statement.denials for other in alike):
        return  # both deny: the same may be denied once for all or each by itself
    theirs = next(term for term in terms if term.name in alike[0].names)
    yield next(term for term in alike[0].statement.terms if term.name == theirs.name), theirs, "critical"


def _moved(known: Clause, said: Clause, mine: Term, theirs: Term) -> bool:
    """Whether a plain word only left the reach of a word that denies, which denies the rest in both."""
    if max(mine.weight, theirs.weight) > 1:
        return False
    if mine.polarity == "denied":
        return _still_denied(mine.cue, known, said)
    return _still_denied(theirs.cue, said, known)


def _denied_apart(clause: Clause, other: Clause) -> bool:
    """Whether all that only one of two statements denies is what the other leaves out ("ate it, not better yet")."""
    first, second = (clause, other) if clause.statement.denials > other.statement.denials else (other, clause)
    return bool(first.denied) and not first.denied.keys() & second.names


def _word_for_word(names: set[str], others: set[str]) -> bool:
    if len(names) < _SAME_AT_LEAST:
        return len(names) >= ENOUGH and names == others
    return len(names & others) >= _SAME_AT_LEAST and len(names ^ others) <= min(
        _STRAY, (1 - _SAME) * 2 * len(names)
    )


def _told(clause: Clause) -> set[str]:
    """Return the names of a clause's terms without light verbs and what is only supposed."""
    return {term.name for term in clause.statement.terms if term.weight}


def _in_order(clause: Clause, other: Clause) -> bool:
    """Whether two statements of the same few terms name them in the same order ("so bad I missed work", "I stayed away
    from work, it was so bad")."""
    if len(clause.names) >= _SAME_AT_LEAST or clause.names != other.names:
        return True
    mine, theirs = ([term.name for term in c.statement.terms] for c in (clause, other))
    return mine == theirs


def _same_said(clause: Clause, other: Clause) -> bool:
    """Whether two clauses say so much of the same that the polarity of a plain word of theirs tells."""
    alike = _much_alike(clause.names, other.names) or _much_alike(_told(clause), _told(other))
    return alike and _in_order(clause, other)


def _much_alike(names: set[str], others: set[str]) -> bool:
    shared = len(names & others)
    if shared >= _SAME_AT_LEAST:
        return shared >= _MUCH * len(names | others)
    both = len(names | others)
    return (names <= others or others <= names) and (both <= ENOUGH or shared >= _MUCH * both)


def _contradicted(known: list[Clause], said: list[Clause]) -> Iterable[tuple[Term, Term, Severity]]:
    """Yield the findings that one text only denies and the other only asserts."""
    mine, theirs = _stances(known), _stances(said)
    for name, stance in mine.items():
        other = theirs.get(name)
        if other is None or stance.open or other.open:
            continue
        if stance.denied and other.asserted and not stance.asserted and not other.denied and stance.heavy:
            yield stance.denied, other.asserted, "critical"
        elif stance.asserted and other.denied and not stance.denied and not other.asserted and other.heavy:
            yield stance.asserted, other.denied, "critical"


@dataclass(slots=True)
class _Stance:
    """How a text stands to a term: the first place that denies it, the first that asserts it."""

    denied: Term | None = None
    asserted: Term | None = None
    open: bool = False
    heavy: bool = False  # its denial is of a finding


def _stances(clauses: list[Clause]) -> dict[str, _Stance]:
    stances: dict[str, _Stance] = {}
    for clause in clauses:
        for term in clause.statement.terms:
            stance = stances.get(term.name)
            if stance is None:
                stance = stances[term.name] = _Stance()
            if term.weight == 0:
                stance.open = True
            elif term.polarity == "denied":
                stance.denied = stance.denied or term
                stance.heavy = stance.heavy or term.weight > 1
            elif term.polarity == "asserted":
                stance.asserted = stance.asserted or term
            else:
                stance.open = True
    return stances

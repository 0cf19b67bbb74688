"""Comparing what whole sentences deny, where their clauses were reworded too much to be laid side by side.

What a word of one text denies is named in a sentence of the other that says much the same, and nothing there
denies or may deny it: then a denial was dropped or added. The other way round, two sentences in different words
that have as many denials each are not held to contradict each other by the scope of these alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from medsynth.text.facts.model import Sentence, Statement, Term

_SHARED = 2  # names two sentences must share
_SHARE = 0.5  # of the shorter one's
_FEW, _TOLD = 3, 3  # names of a short sentence, and how many it must share together with the one before
_HEAD = 3  # of what a word denies, so many names stand for it
_MANY, _MOST = (
    3,
    0.6,
)  # names, and share of the longer one's, that make two sentences the same but for a denial
_LITERAL = 0.8  # share of words in one order from which on sentences are compared word for word
_BEFORE, _BEHIND = 40, 14  # characters within which a word that may deny bears on a term


@dataclass(slots=True)
class _Whole:
    """A sentence with its names and, by the word that denies them, its denied terms."""

    sentence: Sentence
    names: dict[str, Term] = field(default_factory=dict)
    denied: dict[int, list[Term]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)  # its names and those of the sentence before


def unanswered(source: Sequence[Statement], rewrite: Sequence[Statement]) -> Iterable[tuple[Term, Term]]:
    """Yield what one text denies and a like sentence of the other asserts, with the terms of source and rewriting."""
    known, said = _wholes(source), _wholes(rewrite)
    yield from _unanswered(known, said)
    yield from _undenied(known, said)
    for theirs, mine in [*_unanswered(said, known), *_undenied(said, known)]:
        yield mine, theirs


def _unanswered(wholes: list[_Whole], others: list[_Whole]) -> Iterable[tuple[Term, Term]]:
    verbatim = {o.sentence.words for o in others}
    for whole in wholes:
        if whole.sentence.asks or whole.sentence.words in verbatim:
            continue
        for cue, terms in whole.denied.items():
            heads = {term.name: term for term in terms[:_HEAD] if term.weight}
            spoken = [o for o in others if not heads.keys().isdisjoint(o.names)]
            if not any(_alike(whole, o) for o in spoken):
                continue
            elsewhere = {
                t.name for w in wholes for c, denied in w.denied.items() if c != cue for t in denied
            } - heads.keys()
            if any(_may_deny(whole, o, heads, elsewhere) for o in spoken):
                continue
            if any(o.names[name].polarity != "asserted" for o in spoken for name in heads if name in o.names):
                continue
            like = next(o for o in spoken if _alike(whole, o))
            told = [name for name in heads if name in like.names]
            if any(w is not whole and _asserts(w, told) for w in wholes):
                continue  # the one text says it both ways, and so the other may
            if not any(o.sentence.asks and _alike(whole, o) for o in spoken):
                yield heads[told[0]], like.names[told[0]]


def _asserts(whole: _Whole, names: list[str]) -> bool:
    return all(name in whole.names and whole.names[name].polarity == "asserted" for name in names)


def _undenied(wholes: list[_Whole], others: list[_Whole]) -> Iterable[tuple[Term, Term]]:
    """Yield a term of each sentence that denies something unnamed and of the one most like it, which denies nothing."""
    verbatim = {o.sentence.words for o in others}
    for whole in wholes:
        if (
            whole.sentence.asks
            or whole.sentence.denials <= len(whole.denied)
            or whole.sentence.words in verbatim
        ):
            continue
        overlaps = [len(whole.names.keys() & o.names.keys()) for o in others]
        best = max(overlaps, default=0)
        alike = [o for o, overlap in zip(others, overlaps, strict=True) if overlap == best]
        if best < _MANY or any(o.sentence.denials or o.sentence.asks for o in alike):
            continue
        near = alike[0]
        shared = [name for name in whole.names if name in near.names]
        if best < _MOST * max(len(whole.names), len(near.names)):
            continue
        if all(word in whole.sentence.words for _, word in near.sentence.hints):
            yield whole.names[shared[0]], near.names[shared[0]]


def _may_deny(whole: _Whole, other: _Whole, heads: dict[str, Term], elsewhere: set[str]) -> bool:
    """Whether a sentence may deny one of `heads`: by a word beside it, or one that denies nothing of `elsewhere`."""
    groups = other.denied.values()
    spare = whole.sentence.denials - len(whole.denied)  # denials of what has no name
    accounted = sum(
        any(t.name in elsewhere for t in group) and not any(t.name in heads for t in group)
        for group in groups
    )
    if other.sentence.denials > accounted + max(spare, 0):
        return True
    terms = [term for name, term in other.names.items() if name in heads]
    return any(_hinted(other.sentence, term, whole.sentence, other.names.values()) for term in terms)


def _hinted(sentence: Sentence, term: Term, other: Sentence, terms: Iterable[Term]) -> bool:
    """Whether a word beside a term may deny it: one that the other sentence has not as well, and no finding holds."""
    near = [
        (at, word)
        for at, word in sentence.hints
        if -_BEHIND <= term.start - at <= _BEFORE and at != term.start
    ]
    return any(
        word not in other.words and not any(t.start <= at < t.end and t.weight > 1 for t in terms)
        for at, word in near
    )


def _alike(whole: _Whole, other: _Whole) -> bool:
    shared = len(whole.names.keys() & other.names.keys())
    if shared >= _SHARED:
        return shared >= _SHARE * min(len(whole.names), len(other.names))
    # A sentence that says but one or two things ("it has not spread") is known by what goes before it.
    short = min(len(whole.names), len(other.names)) < _FEW
    return shared > 0 and short and len(whole.told & other.told) >= _TOLD


def _wholes(statements: Sequence[Statement]) -> list[_Whole]:
    wholes: list[_Whole] = []
    for statement in statements:
        if statement.sentence is None:
            continue
        if not wholes or wholes[-1].sentence is not statement.sentence:
            wholes.append(_Whole(statement.sentence))
        whole = wholes[-1]
        if len(wholes) > 1:
            whole.told.update(wholes[-2].names)
        whole.told.update(term.name for term in statement.terms)
        for term in statement.terms:
            whole.names.setdefault(term.name, term)
            if term.polarity == "denied" and term.cue >= 0:
                whole.denied.setdefault(term.cue, []).append(term)
    return wholes


def both_deny(before: Statement | None, after: Statement | None, mine: Term, theirs: Term) -> bool:
    """Whether a contradiction between two terms may come from the scopes of denials that both texts have: their
    sentences, in different words, deny as much as each other, or the clause that asserts a plain word denies another.

    A finding is not set aside because something else is denied beside it.
    """
    if before is None or after is None or before.sentence is None or after.sentence is None:
        return False
    one, two = before.sentence, after.sentence
    asserting, term = (after, theirs) if mine.polarity == "denied" else (before, mine)
    heavy = min(mine.weight, theirs.weight) > 1
    denying = not heavy and asserting.denials > 0
    sentence, other = (two, one) if mine.polarity == "denied" else (one, two)
    hinting = _hinted(sentence, term, other, asserting.terms)
    return (denying or hinting) and not _literal(one.words, two.words)


def _literal(words: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return SequenceMatcher(None, words, others, autojunk=False).ratio() >= _LITERAL

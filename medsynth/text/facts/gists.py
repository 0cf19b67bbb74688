"""Comparing pieces of two texts that have nearly the same content, of which one denies and the other does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from medsynth.text.facts.model import Finding, Gist, Statement

# Shared words over the words of both pieces, the shared ones counted twice; the shorter a piece, the more.
_ALIKE, _ALIKE_SHORT = 0.55, 0.66
_SAME = 0.8
_SHORT = 4  # words of a short piece
# A piece that is wholly held in another one, with what is denied, counts as so like it.
_HELD, _HELD_LEAST, _HELD_MOST = 0.75, 2, 24
_AS_NEAR = 0.85  # of the likeness of the best: such a piece has a say too
# Characters that turn a piece round, or restrict it, without a word that denies.
_TURNING = frozenset(
    "差少低轻缺乏弱坏困难失停止避免禁戒忌拒除外反闭晚迟慢减降消退虚未不没无非否别勿仅却超足满异恶逆欠限控拒远躲"
)


def compare_gists(source: Sequence[Statement], rewrite: Sequence[Statement]) -> Iterable[Finding]:
    """Yield the pieces of the rewriting that deny what the source says in nearly the same words, or the reverse.

    Another piece of either text, about as near, that takes the other's side vouches for it.
    """
    mine = [(s, s.gist) for s in source if s.gist is not None]
    theirs = [(s, s.gist) for s in rewrite if s.gist is not None]
    known = {(gist.words, gist.denies) for _, gist in mine}
    for place, said in theirs:
        if (said.words, said.denies) in known:
            continue
        near = _nearest(said, mine)
        if near is None:
            continue
        origin, gist = near
        if gist.denies == said.denies or not _turned(gist, said):
            continue
        if (back := _nearest(gist, theirs)) is None or back[1].denies == gist.denies:
            continue
        yield Finding("negation", "altered", "critical", (origin.start, origin.end), (place.start, place.end))


def _nearest(gist: Gist, others: Sequence[tuple[Statement, Gist]]) -> tuple[Statement, Gist] | None:
    """Return the piece that is most like another; of those about as like the first that denies as it does."""
    size = len(gist.words)
    scored = []
    for other in others:
        shared = len(gist.words & other[1].words)
        if shared:
            score = 2 * shared / (size + len(other[1].words))
            if shared == min(size, len(other[1].words)) and _may_hold(gist, other[1]):
                score = max(score, _HELD)
            # For a short piece any that has all of it has a say.
            scored.append((score, size < _SHORT and shared == size, other))
    if not scored:
        return None
    best = max(score for score, _, _ in scored)
    near = [item for item in scored if item[0] >= best * _AS_NEAR or item[1]]
    same = next((other for _, _, other in near if other[1].denies == gist.denies), None)
    return same or max(near, key=lambda item: item[0])[2]


def _may_hold(mine: Gist, theirs: Gist) -> bool:
    """Whether a piece that stands wholly in the other one tells: enough of it, what is denied in it, no run-on talk."""
    sizes = sorted((len(mine.words), len(theirs.words)))
    shared = mine.words & theirs.words
    return sizes[0] >= _HELD_LEAST and sizes[1] <= _HELD_MOST and bool((mine.denied | theirs.denied) & shared)


def _turned(mine: Gist, theirs: Gist) -> bool:
    """Whether what one piece denies is what the other says, and nothing else in them accounts for it."""
    shared, apart = mine.words & theirs.words, mine.words ^ theirs.words
    size = min(len(mine.words), len(theirs.words))
    if size == 1 and mine.words != theirs.words:
        return False
    held = len(shared) == size and _may_hold(mine, theirs)
    least = _ALIKE_SHORT if size < _SHORT else _ALIKE
    if not held and 2 * len(shared) < least * (len(mine.words) + len(theirs.words)):
        return False
    if mine.supposed != theirs.supposed or apart & _TURNING:
        return False
    denied = mine.denied if mine.denies else theirs.denied
    if not denied:
        # What is denied stands before, or is left open: only the same words tell.
        return 2 * len(shared) >= _SAME * (len(mine.words) + len(theirs.words))
    return bool(denied & shared)

"""English sentences as they are compared whole: their words without those that deny, and how much they deny."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from medsynth.text.facts.cue_words_en import (
    ASKED_DENIALS,
    BARE,
    CONTENT_DENIALS,
    DO,
    HALF_HINTS,
    HERE,
    HINTS,
    NO_HINTS,
    PARTICLE_BEFORE,
    PLAIN_DENIALS,
    PSEUDO,
    SAME_WORD,
    UNKNOWING,
    UNWORDED,
)
from medsynth.text.facts.cues_en import pseudo_cue, waits
from medsynth.text.facts.tokens_en import Tokens
from medsynth.text.facts.words_en import STOPWORDS, name_of


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence as `Statement` keeps it for comparison with another; see there."""

    wording: str
    negations: int
    sides: str
    content: str
    denies: bool


def wording_of(words: list[str], first: int, behind: int, asked: bool = False) -> Wording | None:
    """Return how a sentence is worded; None for one of less than three words.

    "Don't you smoke?" asks what "do you smoke?" does: of a question only what else denies is counted ("without").
    """
    kept: list[str] = []
    sides: list[str] = []
    content: list[str] = []
    negations = 0
    denies = False
    for i in range(first, behind):
        word = words[i]
        plain = _worded(word)
        if plain is not None:
            same, name, inverted = plain
            if same:
                kept.append(same)
                denies = denies or inverted
                if name:
                    content.append(name)
        elif word == "left" or word == "right":
            if i + 1 >= behind or words[i + 1] not in HERE:
                sides.append(word)
        else:
            if word == "no" and (i + 1 >= behind or words[i + 1] in PARTICLE_BEFORE):
                continue
            pseudo = pseudo_cue(words, i, behind) if word in PSEUDO else 0
            denies = (
                denies
                or (not pseudo and not waits(words, i, behind))
                or (pseudo > 0 and words[i + pseudo - 1] in UNKNOWING)
            )
            bare = BARE.get(word)
            if bare is None:
                bare = word[:-3] if word.endswith("n't") else word
            negations += bare != word and (not asked or word in ASKED_DENIALS)
            if bare and bare not in DO:
                kept.append(bare)
    if len(kept) < 3:
        return None
    gist = " ".join(sorted(content)) if len(content) > 2 and not asked else ""
    return Wording(" ".join(kept), negations, " ".join(sides), gist, denies and not asked)


_DENIES, _HINTS = 2, 1


@lru_cache(maxsize=65536)
def _force(word: str) -> int:
    """Return whether a word plainly denies, may deny or does neither (0)."""
    if word in PLAIN_DENIALS or word.endswith("n't"):
        return _DENIES
    hints = word in HINTS or (len(word) > 5 and word.startswith(("un", "non")) and word not in NO_HINTS)
    return _HINTS if hints else 0


@lru_cache(maxsize=65536)
def _worded(word: str) -> tuple[str, str, bool] | None:
    """Return a word as a wording keeps it ("" for left out), its name and whether its form denies; None for one that
    is looked at where it stands."""
    if word in ("left", "right") or word in CONTENT_DENIALS or word.endswith("n't"):
        return None
    if not word[0].isalnum() or word in DO or word in UNWORDED:
        return "", "", False
    name, _, inverted = name_of(word) if word not in STOPWORDS else ("", 0, False)
    return SAME_WORD.get(word, word), name, inverted


def tally(t: Tokens, first: int, behind: int) -> tuple[int, tuple[tuple[int, str], ...]]:
    """Return how many words of a sentence plainly deny, and those that may do so with their places."""
    words = t.words
    denials = 0
    hints: list[tuple[int, str]] = []
    for i in range(first, behind):
        word = words[i]
        force = _force(word)
        if not force:
            continue
        if force == _DENIES:
            pseudo = pseudo_cue(words, i, behind) if word in PSEUDO else 0
            if pseudo > 2 or waits(words, i, behind):
                continue  # "no more than"
            after = words[i + 1] if i + 1 < behind else ""
            denials += not (word == "no" and (after in PARTICLE_BEFORE or after.startswith(("i'", "it'"))))
        else:
            after = words[i + 1] if i + 1 < behind else "."
            if word in HALF_HINTS and after not in HALF_HINTS[word]:
                continue
            hints.append((t.starts[i], word))
    return denials, tuple(hints)

"""Chinese word lists that steer the reading (`lexicon/zh_cues.txt`): denials, questions, classes of drugs, routes."""

from __future__ import annotations

from importlib.resources import files


def _read() -> dict[str, list[list[str]]]:
    """Return the lines of each section, split at blanks."""
    sections: dict[str, list[list[str]]] = {}
    lines: list[list[str]] = []
    text = files("medsynth.text.facts").joinpath("lexicon", "zh_cues.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            lines = sections[line[1:-1]] = []
        elif line and not line.startswith("#"):
            lines.append(line.split())
    return sections


_SECTIONS = _read()
_KINDS = ("deny", "forbid", "doubt", "stop", "mask", "prevent", "affirm", "behind")


def _words(section: str) -> list[str]:
    return [word for line in _SECTIONS[section] for word in line]


def _by_word(section: str) -> dict[str, str]:
    return {word: line[0].replace("_", " ") for line in _SECTIONS[section] for word in line[1:]}


# word -> what it does: deny, forbid, doubt, stop, mask, prevent, affirm, behind. What is listed last wins.
CUES = {word: kind for kind in _KINDS for word in _words(kind)}
# cue -> the word it denies by itself: 不用 denies 需要.
CARRIES = _by_word("carry")
# name of a class of drugs -> class.
CLASSES = _by_word("class")
# word -> route of administration.
ROUTES = _by_word("route")
# Organs there are two of.
PAIRED = tuple(_words("paired"))
# name of an allergen -> the one it is known by: 螨虫 is 尘螨.
ALLERGEN_NAMES = {word: line[0] for line in _SECTIONS["allergen alike"] for word in line}
ALLERGENS = frozenset(_words("allergen")) | frozenset(ALLERGEN_NAMES)
# "Allergic to medicines" names nothing.
NO_ALLERGENS = frozenset(_words("no allergen"))
# Words of talk that assert nothing.
EMPTY = frozenset(_words("empty"))
# Question words that ask only where the clause is a question: 没有什么 asks nothing.
QUESTION_WORDS = frozenset(_words("question word"))

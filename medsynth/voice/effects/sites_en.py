"""Where an English speaker may hesitate, and what is said there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from medsynth.voice.effects.sites import Site, Spot


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    text: str  # in lower case
    spot: Spot
    last: bool  # a mark follows
    capital: bool


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
_SUBJECTS = _set(
    "i he she it we they you there this that my his her our their the when if i'm i've it's he's she's"
)
_CONJUNCTIONS = _set("and but because so or then")
_VERBS = _set(
    "have had having has feel feels feeling felt been was is are were get gets getting got take taking took tried "
    "noticed notice think started keep keeps"
)
_PREPOSITIONS = _set("with about from in on around near")
_DETERMINERS = _set("my the a an this some his her")
_NOT_BEHIND = _set(
    "up out off down on over back rid away in to of it me him her them us you any anything no not n't never been "
    "i he she we they there and or but like than as well"
)
_REPEATABLE = _set(
    "i it it's the my and but he she we they i'm i've when to in on is was so because this there"
)
_NOT_AGAIN = _set("and or but while when if because")
_AUXILIARIES = _set(
    "am is are was were have has had do does did can could will would should feel felt get got keep keeps started "
    "i've i'm been just think"
)
# "on and off", "more and more": not to be parted.
_IDIOMS = _set("off down forth then again more over worse out on there so")
_ASKING = _set("can could should will would is are was were do does did has have am may might")
_DEGREES = _set("really so very quite pretty kind constantly super too totally")
_LINKS = _set("is it's was feel feels feeling i'm been are get gets getting")
# Not the first words of a turn; only the first words of a reply.
_LATER, _REPLYING = ("like", "you know", "I mean"), ("well", "let me see")
_NO_OPENING = re.compile(
    r"(?:hello|hi|hey|good (?:morning|afternoon|evening)|thanks?|sorry|please|goodbye|bye)\b", re.I
)
_THANKS = re.compile(
    r"(?:thanks?|goodbye|bye|okay|ok|all right|alright|right|uh-huh|mm-hm|mm-hmm|i see|sure|good to know|"
    r"yes, i see|yes, go ahead)"
    r"\b[^.?!]{0,30}[.?!]?\Z",
    re.I,
)
_LOWERED = (_SUBJECTS | _CONJUNCTIONS | _PREPOSITIONS | _DETERMINERS) - {"i", "i'm", "i've"} | _set(
    "none either only both now then please if while with without some any sometimes mostly usually about nothing "
    "everything one two three four five six seven eight nine ten twice once what how is are do does can could "
    "should would will why where which who since for after before sometimes lately "
    "recently also actually maybe it's that's there's what's every just yes no not at as well to"
)  # fmt: skip


def english_sites(text: str, fillers: Mapping[str, float], opening: bool, lead: float) -> Iterator[Site]:
    """Yield the sites of an English text. `opening`: it opens the dialogue; `lead`: weight of its very beginning."""
    if _THANKS.match(text):
        return
    words = list(_words(text))
    hesitations = [w for w in fillers if w in ("um", "uh", "erm", "er")]
    for at, word in enumerate(words):
        before = words[at - 1] if at else None
        after = words[at + 1] if at + 1 < len(words) and not word.last else None
        if word.spot == "turn":
            if not _NO_OPENING.match(text):
                for said in fillers:
                    if said in _LATER or (opening and said in _REPLYING):
                        continue
                    yield Site("filler", word.start, f"{said}, ", lead * fillers[said], "turn", word.start)
        elif word.spot in ("sentence", "clause"):
            for said in (*hesitations, *_clausal(fillers, word)):
                yield Site("filler", word.start, f"{said}, ", 1.5 * fillers[said], word.spot, word.start)
        if after is not None:
            yield from _within(word, after, hesitations, fillers)
        if before is None or word.spot != "word" or before.text not in _ASKING:
            yield from _again(words, at, hesitations)


def lowered(text: str, place: int) -> bool:
    """Tell whether the English word that begins at `place` loses its capital when something comes before it."""
    found = _WORD.match(text, place)
    return found is not None and found[0].lower().replace("’", "'") in _LOWERED


def _clausal(fillers: Mapping[str, float], word: _Word) -> Iterator[str]:
    if word.text in _SUBJECTS:
        yield from (w for w in ("you know", "I mean") if w in fillers)


def _within(
    word: _Word, after: _Word, hesitations: list[str], fillers: Mapping[str, float]
) -> Iterator[Site]:
    """Yield what may stand between a word and the next one of the same clause."""
    weight = 0.0
    if word.text in _CONJUNCTIONS and after.text not in _IDIOMS:
        weight = 1.2
    elif word.text in _VERBS | _PREPOSITIONS and after.text not in _NOT_BEHIND:
        weight = 0.8
    elif word.text in _DETERMINERS and after.text not in _NOT_BEHIND and not after.capital:
        weight = 0.4
    if weight:
        for said in hesitations:
            yield Site("filler", word.end, f", {said},", weight * fillers[said], "word", word.end)
        yield Site("pause", word.end, "…", weight, "word", word.end)
    if word.text in _LINKS and after.text in _DEGREES and "like" in fillers:
        yield Site("filler", word.end, ", like,", 3 * fillers["like"], "word", word.end)


def _again(words: list[_Word], at: int, hesitations: list[str]) -> Iterator[Site]:
    """Yield the repetition of a word, and the beginnings of a clause that may be said twice."""
    word = words[at]
    follows = words[at + 1] if at + 1 < len(words) and not word.last else None
    if follows is not None and word.text in _REPEATABLE and follows.text not in _NOT_AGAIN | {word.text}:
        said = f"{word.text}, "
        if word.text == "my":  # "my, my" is an exclamation
            said = f"my, {hesitations[-1]}, " if hesitations else ""
        # What begins a clause is repeated more often than what stands in the middle of one.
        weight = (2.0 if word.spot != "word" else 1.0) * (
            2.0 if word.text in ("i", "i'm", "i've", "it's") else 1.0
        )
        if said:
            yield Site("repeat", word.start, said, weight, word.spot, word.end)
    if word.spot == "word" or word.text not in _SUBJECTS | _CONJUNCTIONS:
        return
    for length in (2, 3):
        phrase = words[at : at + length]
        if len(phrase) < length or any(w.last for w in phrase) or at + length + 1 >= len(words):
            return
        if phrase[-1].text in _AUXILIARIES:
            for between in ("", *hesitations):
                weight = 2.0 if not between else 0.5
                text = " ".join(w.text for w in phrase)
                yield Site(
                    "restart",
                    word.start,
                    f"{text}, {between and between + ', '}",
                    weight,
                    word.spot,
                    phrase[-1].end,
                )


def _words(text: str) -> Iterator[_Word]:
    found = list(_WORD.finditer(text))
    for at, match in enumerate(found):
        gap = text[found[at - 1].end() : match.start()] if at else text[: match.start()]
        after = text[match.end() : found[at + 1].start()] if at + 1 < len(found) else text[match.end() :]
        spot: Spot = "word"
        if at == 0:
            spot = "turn"
        elif any(c in ".?!" for c in gap):
            spot = "sentence"
        elif any(c in ",;:—–" for c in gap):
            spot = "clause"
        yield _Word(
            match.start(),
            match.end(),
            match[0].lower().replace("’", "'"),
            spot,
            bool(after.strip()),
            match[0][0].isupper(),
        )

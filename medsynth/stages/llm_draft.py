"""A dialogue that a model wrote, beside its source: how much of the source is in it, and in whose words.

Texts are compared by content words (English, by their stems) and pairs of content characters (Chinese). All is
linear in the length of dialogue and source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict

from medsynth.records import RawTurn, Role
from medsynth.text.lexicon import LEXICONS
from medsynth.text.sentences import length, split_clauses, split_sentences
from medsynth.text.similarity import squeeze

Purpose = Literal["inquiry", "explanation", "advice"]


class Utterance(BaseModel):
    """One turn as the model writes it. `purpose` says what a doctor's turn is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    text: str
    purpose: Purpose | None = None


class Rewritten(BaseModel):
    """The reply to a rewrite or repair prompt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    turns: tuple[Utterance, ...]


@dataclass(frozen=True)
class Rules:
    """What a dialogue must meet. Lengths in words (en) or characters (zh), shares from 0 to 1.

    `inquiries` bounds how many follow-up questions are asked for; fewer where the source answers fewer.
    `question_share` and `advice_share` are how much of the content words of a question, and of the advice, must
    be said; `copied_share` is how much may stand in runs of the source.
    """

    limit: int
    max_turns: int
    inquiries: int
    question_share: float
    advice_share: float
    copied_share: float


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STOP_EN = _words(
    "the and for that this with you your have has had are was were not but can will would could should may might "
    "from they them their she her his him its our who what when where which why how does did been being into than "
    "then there these those some any all one just also about very much more most such only because please doctor "
    "hello thank thanks know want tell help get got like don didn doesn isn aren wasn weren won wouldn couldn shouldn "
    "hasn haven hadn"
)
_STOP_ZH = frozenset(
    "的了吗呢吧啊是在有我你您他她它这那个就都也还和与及或很被把让给对从到会能可以要请问什么怎样么如何呀哦嗯"
)
_WORD = re.compile(r"[a-z0-9]+(?:['’.][a-z0-9]+)*")
ASKS = re.compile(
    r"[?？]|[吗呢][。,，!！]?\s*\Z|(?:说说|讲讲|告诉我|描述一下)"
    r"|\b(?:tell me|describe|show me|walk me through|let me know)\b",
    re.I,
)
_ASKED = re.compile(r"[?？]|[吗呢][。,，!！]?\s*\Z")
_ASKS_ZH = re.compile("[?？]|吗|呢|怎么|怎样|如何|能不能|是不是|要不要|会不会|什么(?![都也])|多久|多少|哪")
_ASKS_FOR = {
    "en": re.compile(
        r"\?|\b(?:whether|wonder\w*|want(?:ed)? to know|like to know|not sure|worr(?:y|ied)|ask)\b", re.I
    ),
    "zh": re.compile(_ASKS_ZH.pattern + "|想知道|想问|问问|请问|担心|是否"),
}
# A run of the source this long, word for word, is read out and not retold.
_RUN = {"en": 15, "zh": 26}
_STEM = 5
# Content of advice that any dialogue has room for: of a longer answer less is asked, in proportion.
_ROOM = {"en": 90, "zh": 160}
_MOST_QUESTIONS = 5
# So much of a question is the question all the same, in turns that do not look like asking.
_TOLD = 0.7


def terms(text: str, lang: str) -> set[str]:
    """Return what two texts are compared by: stems of content words (en), pairs of content characters (zh)."""
    if lang == "zh":
        bare = [c if c.isalnum() and c not in _STOP_ZH else " " for c in text.lower()]
        return {a + b for a, b in pairwise(bare) if a != " " and b != " "}
    words = (w.partition("'")[0] for w in _WORD.findall(text.lower().replace("’", "'")))
    return {w[:_STEM] for w in words if (len(w) > 2 or w.isdigit()) and w not in _STOP_EN}


def covered(part: set[str], whole: set[str]) -> float:
    """Return the share of `part` that is in `whole`; 1 for an empty part."""
    return len(part & whole) / len(part) if part else 1.0


class Draft:
    """A dialogue beside its source, with what several checks need."""

    def __init__(
        self,
        turns: Sequence[Utterance],
        source: Sequence[RawTurn],
        lang: str,
        rules: Rules,
        source_lang: str | None = None,
    ) -> None:
        self.turns, self.source, self.lang, self.rules = tuple(turns), tuple(source), lang, rules
        self.source_lang = source_lang or lang
        self.translated = self.source_lang != lang
        self.asked = "\n".join(t.text for t in source if t.role == "patient")
        self.answered = "\n".join(t.text for t in source if t.role == "doctor")
        self.advised = advice_of(self.answered, self.source_lang)
        self.terms = [terms(t.text, lang) for t in turns]
        self.patient = self._said(lambda turn: turn.role == "patient")
        self.sizes = [len(_tokens(t.text, lang)) for t in turns]
        self.runs = [] if self.translated else copied_runs([t.text for t in turns], source, lang)

    @property
    def inquiries(self) -> list[int]:
        """The doctor's turns that are meant to ask."""
        return [n for n, t in enumerate(self.turns) if t.role == "doctor" and t.purpose == "inquiry"]

    def _said(self, by: Callable[[Utterance], bool]) -> set[str]:
        """Return what the turns that `by` chooses say."""
        return set[str]().union(*(found for t, found in zip(self.turns, self.terms, strict=True) if by(t)))

    def copied(self) -> float:
        """Share of the dialogue that stands in long runs of the source."""
        return sum(self.runs) / max(1, sum(self.sizes))

    def questions_kept(self) -> tuple[float, list[str]]:
        """Return the share of the patient's questions that the patient still asks, and those that are lost.

        Where the source asks nothing outright, its whole text counts as one question, at half the share.
        """
        asked = questions(self.asked, self.lang)
        need = self.rules.question_share
        if not asked:
            share = covered(terms(self.asked, self.lang), self.patient)
            return float(share >= need / 2), []
        asks = _ASKS_FOR[self.lang]
        asking = self._said(lambda turn: turn.role == "patient" and bool(asks.search(turn.text)))
        lost = [
            q for q, found in ((q, terms(q, self.lang)) for q in asked)
            if covered(found, asking) < need and covered(found, self.patient) < _TOLD
        ]  # fmt: skip
        return 1 - len(lost) / len(asked), lost

    def advice_kept(self) -> float:
        """Return the share of the content of the source's advice that the doctor says outside of questions."""
        said = self._said(lambda turn: turn.role == "doctor" and turn.purpose != "inquiry")
        advice = terms(self.advised or self.answered, self.lang)
        return min(1.0, len(advice & said) / max(1, min(len(advice), _ROOM[self.lang]))) if advice else 1.0


def questions(text: str, lang: str) -> list[str]:
    """Return the sentences of a patient's text that ask for something, at most five: the last ones."""
    found = []
    for start, end in split_sentences(text, lang):
        sentence = text[start:end]
        if lang == "zh":
            # Written without stops: only the clauses that ask.
            clauses = [sentence[a:b] for a, b in split_clauses(sentence, 0, len(sentence), lang)]
            sentence = "".join(c for c in clauses if _ASKS_ZH.search(c))
        elif not sentence.endswith("?"):
            continue
        if terms(sentence, lang):
            found.append(sentence)
    return found[-_MOST_QUESTIONS:]


def advice_of(text: str, lang: str) -> str:
    """Return the sentences of an answer that say what to do or warn, joined by line breaks; "" without any."""
    lexicon = LEXICONS[lang]
    sentences = [text[a:b] for a, b in split_sentences(text, lang)]
    return "\n".join(
        s for s in sentences
        if not lexicon.boilerplate.search(s) and (lexicon.advice.search(s) or lexicon.urgent.search(s))
    )  # fmt: skip


def _tokens(text: str, lang: str) -> list[str]:
    bare = squeeze(text)
    return list(bare.replace(" ", "")) if lang == "zh" else bare.split()


def copied_runs(texts: Sequence[str], source: Iterable[RawTurn], lang: str) -> list[int]:
    """Return for each text how many of its words (zh: characters) stand in long runs of one source turn."""
    size = _RUN[lang]
    known: set[tuple[str, ...]] = set()
    for turn in source:
        words = _tokens(turn.text, lang)
        known.update(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
    counts = []
    for text in texts:
        words = _tokens(text, lang)
        count = end = 0
        for i in range(len(words) - size + 1):
            if tuple(words[i : i + size]) in known:
                count += i + size - max(end, i)
                end = i + size
        counts.append(count)
    return counts


def asked_for(source: Sequence[RawTurn], lang: str, most: int) -> int:
    """Return how many follow-up questions the source has answers for, at most `most`.

    A conversation answers as many as its doctor asks; a single question one for each statement but the first.
    """
    if sum(turn.role == "patient" for turn in source) > 1:
        return min(most, sum(turn.role == "doctor" and bool(_ASKED.search(turn.text)) for turn in source))
    text = "\n".join(turn.text for turn in source if turn.role == "patient")
    least = 6 if lang == "zh" else 4
    told = 0
    for start, end in split_sentences(text, lang):
        for a, b in split_clauses(text, start, end, lang):
            clause = text[a:b]
            told += length(clause, lang) >= least and not ASKS.search(clause)
        if told > most:
            break
    return min(most, max(0, told - 1))

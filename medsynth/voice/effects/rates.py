"""How often patients of an age hesitate, and with which words: figures of the literature where there are any.

English totals per 100 words are those of Bortfeld, Leon, Bloom, Schober and Brennan (Language and Speech 44, 2001)
for young, middle-aged and older speakers in conversation, and their overall split into fillers, repetitions and
restarts; that what rises with age are the repetitions and not the fillers is after Beier, Chantavarin and Ferreira
(Psychology and Aging 38, 2023). Mandarin filled pauses are those of Zhao and Jurafsky (DiSS 2005), telephone talk:
na4ge 4.51, zhe4ge 2.17, uh 2.55, mm 1.46 per 1,000 words; repetitions and restarts are taken over from English.
That "like", "you know" and "I mean" fall with age: Laserna, Seih and Pennebaker (J. Language and Social Psychology 33,
2014). That "um" belongs to the younger and "uh" to the older: Wieling and others (Language Dynamics and Change 6,
2016). Children's figures and silent pauses are ours: no published rate of such talk was at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from medsynth.records import AgeGroup


@dataclass(frozen=True)
class Rates:
    """Disfluencies per 100 words: filled pauses and filler words, words repeated, clauses begun again, pauses."""

    filler: float
    repeat: float
    restart: float
    pause: float

    def of(self, kind: str) -> float:
        """Return the rate of one kind."""
        return float(getattr(self, kind))


KINDS = ("filler", "repeat", "restart", "pause")
ENGLISH: dict[AgeGroup, Rates] = {
    "child": Rates(2.2, 2.2, 1.6, 1.5),
    "youth": Rates(2.60, 1.10, 1.85, 1.0),  # 5.55
    "adult": Rates(2.55, 1.30, 1.84, 1.0),  # 5.69
    "elderly": Rates(2.60, 2.10, 1.95, 1.6),  # 6.65
}
MANDARIN: dict[AgeGroup, Rates] = {
    "child": Rates(1.4, 2.2, 1.2, 1.5),
    "youth": Rates(1.5, 1.10, 1.2, 1.0),
    "adult": Rates(1.5, 1.30, 1.2, 1.0),
    "elderly": Rates(1.5, 2.10, 1.3, 1.6),
}
"""Fillers: 1.07 of Zhao and Jurafsky, and 0.4 of phrases that they did not count (jiushi, zenme shuo ne)."""
CHARACTERS_A_WORD = 1.5
"""Mandarin characters a word, of running text in conversation."""
SPREAD = 0.5
"""Standard deviation of the logarithm of a speaker's own rate: people differ more than ages do."""

PACE_SPREAD: dict[AgeGroup, float] = {"child": 0.10, "youth": 0.08, "adult": 0.08, "elderly": 0.08}
PACE_OFFSET: dict[AgeGroup, float] = {"child": -0.02, "youth": 0.02, "adult": 0.0, "elderly": -0.04}
"""Of the logarithm of the pace, around that of the voice (which has the pace of its age already). Ours."""
PACE_RANGE = (0.78, 1.22)


def rates(lang: str, age_group: AgeGroup) -> Rates:
    """Return the rates of a language and age."""
    return (MANDARIN if lang.split("-")[0].lower() == "zh" else ENGLISH)[age_group]


def english_fillers(age_group: AgeGroup, british: bool) -> dict[str, float]:
    """Return filler words and their weights. Where each may stand is for `sites_en` to say."""
    um, uh = ("erm", "er") if british else ("um", "uh")
    return {
        "child": {um: 5, uh: 2, "well": 0.5, "like": 1.5},
        "youth": {um: 5, uh: 2, "well": 1, "like": 1.5, "you know": 1, "I mean": 1},
        "adult": {um: 4, uh: 3.5, "well": 1.5, "you know": 0.8, "I mean": 0.8},
        "elderly": {um: 2, uh: 5, "well": 2.5, "you know": 0.4, "I mean": 0.4, "let me see": 0.6},
    }[age_group]


def mandarin_fillers(age_group: AgeGroup) -> dict[str, float]:
    """Return filler words and their weights, near the proportions of Zhao and Jurafsky.

    Zhege is rarer than there: what they found before nouns seldom fits where we insert, at the edges of clauses.
    """
    common = {"那个": 4.5, "这个": 0.5, "呃": 2.5, "嗯": 1.5, "就是": 2.5}
    own: dict[AgeGroup, dict[str, float]] = {
        "child": {"嗯": 4.0, "这个": 0.0, "呃": 1.0},
        "youth": {"嗯": 2.5, "就是": 3.5},
        "adult": {"怎么说呢": 0.6},
        "elderly": {"怎么说呢": 1.0, "这个": 1.5, "就是": 1.5},
    }
    return common | own[age_group]

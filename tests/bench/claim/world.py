"""A world of invented facts: two symptoms decide a diagnosis and a drug, at random. Nothing here is medicine.

Names of diagnoses and drugs are made up, so that no line of this world can be taken for advice. The words of the
symptoms are real, so that a voice can say them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

SYMPTOMS = (
    "cough", "fever", "rash", "headache", "nausea", "dizziness", "cramps", "itching",
    "swelling", "chills", "heartburn", "numbness", "hiccups", "earache", "insomnia", "tremor",
)  # fmt: skip
DIAGNOSES = (
    "ardosis", "belmitis", "corvosis", "dunitis", "ermosis", "falgitis",
    "gormosis", "helvitis", "irdosis", "jentitis", "kolmosis", "lurvitis",
)  # fmt: skip
DRUGS = (
    "amorax", "bilotin", "cadexol", "dorvamil", "efuzan", "fimorol",
    "golutan", "hevaxin", "imbrazol", "jolimed", "katrexin", "lovazid",
)  # fmt: skip
ASKED = (
    "Doctor, I have {a} and {b}.",
    "I have had {a} and {b} since {day}.",
    "It is {a} with some {b}.",
    "There is {a} and now {b} too.",
)
"""How a patient of this world asks; {day} is drawn."""
ANSWER = "It is {diagnosis}. Take {drug}."

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_KIN = ("mother", "father", "sister", "brother", "daughter", "husband", "wife", "cousin")
_FOOD = ("bread", "rice", "soup", "coffee", "apples", "cheese", "fish", "honey", "lemons", "butter")
_PLACES = ("kitchen", "garden", "office", "market", "station", "library", "bedroom", "school")
READ = (
    "Doctor, I have {s} and {food}.",
    "Doctor, I have {food} and {s}.",
    "I have had {s} and {food} since {day}.",
    "I have had {food} and {s} since {day}.",
    "It is {s} with some {food}.",
    "It is {food} with some {s}.",
    "There is {food} and now {s} too.",
    "There is {s} and now {food} too.",
    "My {kin} has {s} in the {place}.",
    "The {s} came after {food} on {day}.",
    "On {day} my {kin} spoke of {s}.",
    "{food} for my {kin} and {other} for me.",
    "We saw the {place} and the {s} was gone.",
)
"""What is read aloud to align the encoder: never two symptoms in one sentence, and no fact of the world.

Half of it is words by themselves, which no sentence gives away.
"""
WRITTEN = (
    "My {kin} takes {drug} with {food}.",
    "{drug} is in the {place} since {day}.",
    "They spoke of {diagnosis} on {day}.",
    "It is {diagnosis}. We saw it in the {place}.",
    "Take {food}. It is {drug}.",
    "Take {drug}. It is in the {place}.",
)
"""Sentences with the names of diagnoses and drugs, by themselves; they are only ever written."""


@dataclass(frozen=True)
class Fact:
    """Two symptoms (numbers, the lower first) and what they mean in this world."""

    pair: tuple[int, int]
    diagnosis: str
    drug: str

    @property
    def id(self) -> str:
        """Name of the fact: the numbers of its symptoms."""
        return f"{self.pair[0]:02d}-{self.pair[1]:02d}"

    @property
    def answer(self) -> str:
        """What the doctor says."""
        return ANSWER.format(diagnosis=self.diagnosis, drug=self.drug)


@dataclass(frozen=True)
class World:
    """All facts, in two parts: those that are spoken in training, and those that never are."""

    seed: int
    spoken: tuple[Fact, ...]
    unspoken: tuple[Fact, ...]

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Every fact."""
        return self.spoken + self.unspoken


def make_world(seed: int, symptoms: int, spoken: int) -> World:
    """Draw what every pair of the first `symptoms` symptoms means, and which `spoken` of the pairs are spoken.

    The spoken pairs hold every symptom: a word that was never heard in a fact would test something else.
    """
    rng = np.random.default_rng((seed, 1))
    pairs = list(combinations(range(symptoms), 2))
    facts = [Fact(p, str(rng.choice(DIAGNOSES)), str(rng.choice(DRUGS))) for p in pairs]
    while True:
        order = rng.permutation(len(facts))
        chosen = [facts[i] for i in sorted(order[:spoken])]
        if {s for fact in chosen for s in fact.pair} == set(range(symptoms)):
            return World(seed, tuple(chosen), tuple(facts[i] for i in sorted(order[spoken:])))


def asked(fact: Fact, rng: np.random.Generator) -> str:
    """Return a question about a fact: wording, order of the symptoms and day are drawn."""
    a, b = (SYMPTOMS[i] for i in rng.permutation(fact.pair))
    return str(rng.choice(ASKED)).format(a=a, b=b, day=rng.choice(_DAYS))


def read_sentence(rng: np.random.Generator, symptoms: int) -> str:
    """Return an everyday sentence, or a few words one after the other; at most one symptom is among them."""
    if rng.random() < 0.5:
        return _word_list(rng, symptoms)
    return _filled(str(rng.choice(READ)), rng, symptoms)


def written_sentence(rng: np.random.Generator, symptoms: int) -> str:
    """Return a sentence with a diagnosis or a drug, and no symptom."""
    return _filled(str(rng.choice(WRITTEN)), rng, symptoms)


def _word_list(rng: np.random.Generator, symptoms: int) -> str:
    others = [*_DAYS, *_KIN, *_FOOD, *_PLACES]
    words = [str(word) for word in rng.choice(others, int(rng.integers(0, 4)), replace=False)]
    if not words or rng.random() < 0.8:
        words.insert(int(rng.integers(len(words) + 1)), SYMPTOMS[int(rng.integers(symptoms))])
    return f"Say {', '.join(words)}."  # led by a word, so that each is the token that it is within a sentence


def _filled(template: str, rng: np.random.Generator, symptoms: int) -> str:
    food, other = rng.choice(_FOOD, 2, replace=False)
    text = template.format(
        s=SYMPTOMS[int(rng.integers(symptoms))],
        food=food,
        other=other,
        day=rng.choice(_DAYS),
        kin=rng.choice(_KIN),
        place=rng.choice(_PLACES),
        drug=rng.choice(DRUGS),
        diagnosis=rng.choice(DIAGNOSES),
    )
    return text[0].upper() + text[1:]

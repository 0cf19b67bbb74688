"""Reading facts out of English text."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from medsynth.text.facts.extract import facts, statements


def values(text: str, kind: str) -> list[str]:
    return [fact.value for fact in facts(text, "en") if fact.kind == kind and not fact.vague]


@pytest.mark.parametrize(
    "text",
    [
        "500 mg", "0.5 g", "500mg", "five hundred milligrams", "half a gram", "500 M G", "500,000 mcg", "1/2 g",
        "½ g",
        "500 milligrammes", "500-mg",
    ],
)  # fmt: skip
def test_doses_have_one_unit(text):
    assert values(f"Take {text} of metformin now.", "dose") == ["500 mg"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("bid", "2/day"), ("b.i.d.", "2/day"), ("twice a day", "2/day"), ("two times daily", "2/day"),
        ("every 12 hours", "2/day"), ("q12h", "2/day"), ("2x/day", "2/day"), ("every eight hours", "3/day"),
        ("tid", "3/day"), ("every 4 to 6 hours", "4-6/day"), ("q4-6h", "4-6/day"), ("every other day", "1/2 day"),
        ("once a week", "1/week"), ("three times per week", "3/week"), ("once every two weeks", "1/2 week"),
        ("once or twice a day", "1-2/day"), ("one to two times a day", "1-2/day"), ("every 3 months", "1/3 month"),
    ],
)  # fmt: skip
def test_frequencies(text, value):
    assert values(f"Take 5 mg of lisinopril {text}.", "frequency") == [value]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("for a week", "duration", "7 day"), ("for a fortnight", "duration", "14 day"),
        ("for 18 months", "duration", "1.5 year"), ("an hour and a half", "duration", "90 min"),
        ("for 48 hours", "duration", "2 day"), ("for ten to fourteen days", "duration", "10-14 day"),
        ("a 45-year-old man", "age", "45 year"), ("she is 45 years of age", "age", "45 year"),
        ("aged 45", "age", "45 year"), ("45 y/o", "age", "45 year"), ("a 3-month-old boy", "age", "3 month"),
        ("a fever of 101.3 F", "temperature", "38.5 C"), ("38.5 °C", "temperature", "38.5 C"),
        ("a temp of one hundred one point three", "temperature", "38.5 C"),
        ("BP 120/80", "vital", "120/80"), ("one twenty over eighty", "vital", "120/80"),
        ("an A1c of seven point two", "lab", "7.2"), ("platelets 150,000", "lab", "150000"),
        ("type II diabetes", "number", "2"), ("vitamin B12", "number", "b12"), ("in his forties", "number", "40s"),
        ("in 1998", "number", "1998"), ("in nineteen ninety eight", "number", "1998"), ("20%", "number", "20 %"),
        ("twenty percent", "number", "20 %"), ("two and a half cups", "number", "2.5 cup"),
    ],
)  # fmt: skip
def test_quantities(text, kind, value):
    assert value in values(text, kind)


@pytest.mark.parametrize(
    "text",
    [
        "1. Rest. 2. Drink.",
        "Call 911.",
        "Ring 1-800-555-0199 now.",
        "one of them",
        "a few days",
        "(1) Rest; (2) drink",
    ],
)
def test_what_is_no_number(text):
    assert [fact for fact in facts(text, "en") if not fact.vague] == []


@pytest.mark.parametrize(
    ("name", "generic"),
    [
        ("Tylenol", "acetaminophen"), ("paracetamol", "acetaminophen"), ("Motrin", "ibuprofen"), ("Lasix",
        "furosemide"),
        ("salbutamol", "albuterol"), ("adrenaline", "epinephrine"), ("HCTZ", "hydrochlorothiazide"),
        ("hydroxyzine", "hydroxyzine"), ("hydralazine", "hydralazine"), ("co-amoxiclav", "amoxicillin/clavulanate"),
        ("Klonopin", "clonazepam"), ("zoledronic acid", "zoledronic acid"), ("fanciprazole", "fanciprazole"),
        ("inventumab", "inventumab"),
    ],
)  # fmt: skip
def test_drugs_have_one_name(name, generic):
    assert values(f"Take {name} now.", "drug") == [generic]


@pytest.mark.parametrize(
    "word", ["April", "magazine", "Ukraine", "medicine", "cholesterol", "water", "today", "vaccine"]
)
def test_words_that_are_no_drugs(word):
    assert values(f"In {word} there is some.", "drug") == []


def test_a_dose_belongs_to_its_drug():
    found = facts("Take 0.5 g of metformin bid and Lipitor 20 mg nightly.", "en")
    assert [(f.value, f.of) for f in found if f.kind in ("dose", "frequency")] == [
        ("500 mg", "metformin"),
        ("2/day", "metformin"),
        ("20 mg", "atorvastatin"),
        ("1/day", "atorvastatin"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("He is allergic to penicillin and sulfa.", [("penicillin", False), ("sulfa", False)]),
        ("No known drug allergies.", [("none", True)]),
        ("Any allergies? No.", [("none", True)]),
        ("Doctor: Any allergies?\nPatient: Yes, codeine.", [("codeine", False)]),
        ("She has a shellfish allergy.", [("shellfish", False)]),
        ("She is not allergic to latex.", [("latex", True)]),
        ("It may cause an allergic reaction.", []),
        ("My seasonal allergies are back.", [("unnamed", False)]),
    ],
)
def test_allergies(text, found):
    assert [(f.value, f.negated) for f in facts(text, "en") if f.kind == "allergy"] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pain in the left lower leg", [("left", "leg")]),
        ("on the right", [("right", "")]),
        ("both knees", [("both", "knee")]),
        ("right now it was left untreated, right?", []),
        ("the RLQ", [("right", "quadrant")]),
    ],
)
def test_sides(text, found):
    assert [(f.value, f.of) for f in facts(text, "en") if f.kind == "side"] == found


def polarity(text: str) -> dict[str, str]:
    return {term.name: term.polarity for statement in statements(text, "en") for term in statement.terms}


@pytest.mark.parametrize(
    ("text", "denied", "asserted"),
    [
        ("He denies chest pain or shortness of breath, but has a cough.", ["pain", "dyspnea"], ["cough"]),
        ("No fever, chills or nausea.", ["fever", "chill", "nausea"], []),
        ("Do not stop taking aspirin.", [], ["aspirin"]),
        ("Avoid alcohol and drink water.", ["alcohol"], ["water"]),
        ("Cancer was ruled out.", ["cancer"], []),
        ("Not only fever but vomiting.", [], ["fever", "vomit"]),
        ("A painless lump.", ["pain"], ["lump"]),
        ("Any fever? No. Any cough? Yes.", ["fever"], ["cough"]),
        ("Alcohol should be avoided.", ["alcohol"], []),
        ("No history of stroke.", ["stroke"], []),
    ],
)
def test_polarity(text, denied, asserted):
    found = polarity(text)
    assert [name for name in denied if found.get(name) != "denied"] == []
    assert [name for name in asserted if found.get(name) != "asserted"] == []


def test_a_question_asserts_nothing():
    assert polarity("Do you have a fever?") == {"fever": "open"}


def test_prohibitions_are_contraindications():
    found = facts("Do not take it with alcohol. You should not use it in pregnancy. There is no fever.", "en")
    assert [f.kind for f in found if f.negated] == ["contraindication", "contraindication", "negation"]


_SAID = """take 5 mg of the metformin , . ? twice a day no fever left knee allergic to penicillin ½ 120 / 80 °C Doctor:
not one twenty M G - 1998 without but ( ) q8h I've hepatitis B"""
_WORDS = st.sampled_from([*_SAID.split(), "\n"])


@given(st.lists(_WORDS, max_size=30).map(" ".join) | st.text(max_size=80))
def test_spans_hold_what_was_read(text):
    for fact in facts(text, "en"):
        assert text[fact.start : fact.end] == fact.text
    for statement in statements(text, "en"):
        assert all(statement.start <= term.start < term.end <= len(text) for term in statement.terms)

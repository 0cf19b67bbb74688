"""What a rewriting kept, dropped, altered and invented."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from medsynth.text.facts.compare import check, compare
from medsynth.text.facts.extract import facts

PRESCRIPTION = "Take metformin 500 mg twice a day for 10 days and lisinopril 20 mg once daily."
HISTORY = (
    "A 47-year-old woman has had pain in the left knee for two weeks. She denies fever and chest pain. "
    "She is allergic to penicillin. Her blood pressure is 150/95. The disease is not inherited."
)


def failing(source: str, rewrite: str) -> set[tuple[str, str]]:
    return {(f.kind, f.status) for f in check(source, rewrite, "en").findings if f.fails}


@pytest.mark.parametrize(
    ("source", "rewrite"),
    [
        (PRESCRIPTION, "You should take 0.5 g of metformin bid for ten days, plus 20 milligrams of lisinopril a day."),
        (PRESCRIPTION, "I'd like you on lisinopril, twenty milligrams daily, and "
         "Glucophage five hundred mg every 12 hours for 10 days."),
        (HISTORY, "I'm 47. For a fortnight my left knee has hurt. I haven't had a fever and there's no "
         "chest pain. I have a penicillin allergy. My pressure was 150 over "
         "95, and the disease isn't hereditary."),
        ("Most people do not have any symptoms of hepatitis B.", "Hepatitis B usually causes no symptoms."),
        ("You should avoid drinks with caffeine.", "Don't have drinks with caffeine."),
        ("Do not use it in pregnancy.", "It is contraindicated in pregnancy."),
        ("Any fever? No. Any allergies? None.", "You have no fever and no allergies."),
        ("He has no known drug allergies.", "You are not allergic to any medicines."),
        ("The pain lasts 5 to 10 minutes.", "It can hurt for up to ten minutes."),
        ("Temperature 100.4 F.", "Your temperature was 38 degrees Celsius."),
    ],
)  # fmt: skip
def test_faithful_rewritings_pass(source, rewrite):
    assert failing(source, rewrite) == set()


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("500 mg", "5000 mg", ("dose", "altered")),
        ("500 mg", "500 mcg", ("dose", "altered")),
        ("500 mg", "500 g", ("dose", "altered")),
        ("twice a day", "four times a day", ("frequency", "altered")),
        ("10 days", "10 weeks", ("duration", "altered")),
        ("10 days", "30 days", ("duration", "altered")),
        ("lisinopril", "fosinopril", ("drug", "altered")),
        (".", ". Also take warfarin.", ("drug", "invented")),
        ("lisinopril 20 mg", "lisinopril 500 mg", ("dose", "altered")),
        (" and lisinopril 20 mg once daily", "", ("drug", "dropped")),
    ],
)
def test_altered_prescriptions_fail(old, new, found):
    assert found in failing(PRESCRIPTION, PRESCRIPTION.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("47", "74", ("age", "altered")),
        ("left", "right", ("side", "altered")),
        ("two weeks", "two months", ("duration", "altered")),
        ("denies", "reports", ("negation", "altered")),
        ("is not inherited", "is inherited", ("negation", "altered")),
        (" She is allergic to penicillin.", "", ("allergy", "dropped")),
        ("is allergic to penicillin", "is not allergic to penicillin", ("allergy", "altered")),
        ("150/95", "105/95", ("vital", "altered")),
        ("has had pain", "has not had pain", ("negation", "altered")),
    ],
)
def test_altered_histories_fail(old, new, found):
    assert found in failing(HISTORY, HISTORY.replace(old, new))


def test_doses_that_changed_places_are_noticed():
    assert ("dose", "altered") in failing(
        "Take 5 mg of lisinopril and 10 mg of Lipitor.", "Take 10 mg of lisinopril and 5 mg of Lipitor."
    )


def test_a_denied_finding_may_go_unmentioned():
    verdict = check("No fever. Take aspirin 81 mg.", "Take aspirin 81 mg.", "en")
    assert verdict.passed
    dropped = [f for f in verdict.findings if f.status == "dropped"]
    assert [(f.kind, f.severity, f.source_span, f.rewrite_span) for f in dropped] == [
        ("negation", "minor", (0, 8), None)
    ]


def test_spans_point_into_both_texts():
    source, rewrite = "Take 500 mg of metformin.", "Please take 50 mg of metformin."
    altered = next(f for f in check(source, rewrite, "en").findings if f.status == "altered")
    assert source[slice(*altered.source_span)] == "500 mg"
    assert rewrite[slice(*altered.rewrite_span)] == "50 mg"


def test_chinese_is_compared_by_the_same_rules():
    assert check("口服阿莫西林0.5g，每日三次。", "吃阿莫西林500毫克，一天三次。", "zh").passed
    assert not check("口服阿莫西林0.5g，每日三次。", "吃阿莫西林5克，一天三次。", "zh").passed


_CLAUSES = st.sampled_from(
    [
        "Take metformin 500 mg twice a day.", "He denies fever, chills and cough.", "No known allergies.",
        "Any pain? No.",
        "The left knee hurts; the right knee does not.", "BP 120/80, temp 98.6 F.",
        "She is 45 and allergic to codeine.",
        "Do not drink alcohol (it is not safe).", "It lasted 5-10 days.", "Do not stop taking it unless told to.",
        "not", "no no", "( no", "Doctor: Is it not common?\nPatient: No.",
    ]
)  # fmt: skip


@given(st.lists(_CLAUSES, max_size=8).map(" ".join) | st.text(max_size=60))
def test_a_text_is_faithful_to_itself(text):
    assert check(text, text, "en").passed


@given(st.lists(_CLAUSES, max_size=5).map(" ".join), st.lists(_CLAUSES, max_size=5).map(" ".join))
def test_every_finding_stands_somewhere_and_has_a_fitting_status(source, rewrite):
    for found in compare(facts(source, "en"), facts(rewrite, "en")):
        assert (found.status == "dropped") == (found.rewrite_span is None)
        assert found.status != "invented" or found.source_span is None or found.kind == "allergy"


@given(
    st.sampled_from(["metformin", "warfarin", "lisinopril"]),
    st.integers(1, 999),
    st.sampled_from(
        [("mg", "milligrams"), ("mcg", "micrograms"), ("units", "international units"), ("ml", "millilitres")]
    ),
)
def test_any_dose_keeps_its_size_and_unit(drug, size, unit):
    short, long = unit
    source = f"Take {size} {short} of {drug} daily."
    if long != "international units":
        assert check(source, f"I want you to take {drug}, {size} {long} once a day.", "en").passed
    assert not check(source, f"I want you to take {drug}, {size * 10} {short} once a day.", "en").passed

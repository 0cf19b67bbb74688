"""English facts in other words, and facts turned round in them."""

import pytest

from medsynth.text.facts.compare import check
from medsynth.text.facts.extract import facts


def passes(source: str, rewrite: str) -> bool:
    return check(source, rewrite, "en").passed


@pytest.mark.parametrize(
    ("source", "rewrite"),
    [
        ("He has not eaten anything since noon.", "He has eaten nothing since noon."),
        ("The ankle swelling has gone now.", "The ankle is no longer swollen."),
        ("She is free of pain and sleeps well.", "She is pain-free and sleeps well."),
        (
            "There is no trouble breathing, and her appetite remains normal.",
            "No trouble breathing, appetite normal.",
        ),
        (
            "You smoke no cigarettes and use no illicit drugs.",
            "You don't smoke, drink coffee, or take illicit drugs.",
        ),
        ("I'm allergic to codeine.", "I can't have codeine, allergic."),
        ("The biopsy was done on 03/14/09.", "The biopsy was done on March 14, 2009."),
        ("It was May of two thousand and six.", "It was May 2006."),
        ("For children between 3 and 9 years of age.", "For children from three to nine."),
        ("It hurts a couple of times a day.", "It hurts two times a day."),
        ("Limit salt to1200 mg a day.", "Limit salt to 1200 milligrams daily."),
        ("She raised it from 20 mg to 30 mg.", "It was 20 mg, then she went up to 30 mg."),
        ("She takes lisinipril.", "She takes lisinopril."),
        ("He takes it every morning and at night, 5 mg.", "He takes 5 mg twice a day."),
        ("She takes Tylenol No. 3 for it.", "She takes acetaminophen with codeine for it."),
        (
            "The pain is on the right side, not the left side, on the right side of my jaw.",
            "Not on the left side of my jaw, the pain is on the right.",
        ),
    ],
)
def test_other_words_for_the_same_pass(source, rewrite):
    assert passes(source, rewrite)


@pytest.mark.parametrize(
    ("source", "rewrite"),
    [
        ("She does not recall falling onto the hip.", "She recalls falling onto the hip."),
        ("So you've got asthma as well, yeah?", "So you haven't got asthma as well, yeah?"),
        ("ALLERGIES\n\nKeflex.\n\nPLAN", "ALLERGIES\n\nNone.\n\nPLAN"),
        ("It's a bad allergy to it, is that right?", "You have no allergy to it, is that right?"),
        ("Since you had an egg allergy, do you carry a pen?", "Do you carry a pen?"),
        ("We may try ibuprofen despite the allergy, okay?", "We may try ibuprofen, okay?"),
        ("Any allergies? You mentioned codeine, is that it?", "Any allergies? You said none, is that it?"),
        ("It has hurt for a few months.", "It has hurt for a few days."),
        ("It began a couple of hours ago.", "It began several weeks ago."),
        ("I was born on the thirtieth of June.", "I was born on the thirteenth of June."),
        ("She has taken paracetamol.", "She has taken a gram of paracetamol."),
        ("I'm injecting a cc of it.", "I'm injecting an ounce of it."),
        ("He is taking Lipitor for it.", "He is taking Lipitor and Zorvanol for it."),
        ("The sugars are well controlled on insulin.", "The sugars are not well controlled on insulin."),
    ],
)
def test_what_was_turned_round_fails(source, rewrite):
    assert not passes(source, rewrite)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("two thousand and twelve", "2012"),
        ("one thousand five hundred", "1500"),
        ("two thousand twenty", "2020"),
    ],
)
def test_thousands_are_read_to_their_end(text, value):
    assert [fact.value for fact in facts(text, "en")] == [value]


def test_a_text_is_read_once_and_may_be_changed_by_the_caller():
    first = facts("Take 5 mg of warfarin daily.", "en")
    assert first
    first.clear()
    assert facts("Take 5 mg of warfarin daily.", "en")


def test_letters_that_grow_in_lower_case_keep_the_spans_right():
    text = "İİ took 5 mg of warfarin."
    for fact in facts(text, "en"):
        assert text[fact.start : fact.end] == fact.text
    assert {fact.kind for fact in facts(text, "en")} == {"dose", "drug"}

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


SPOKEN = [
    ("Denies changes in appetite.", "My appetite is the same as ever."),
    ("Tobacco: No prior history.", "You have never smoked."),
    ("i can stand but i ca n't walk on it it hurts", "I can't walk on it, it hurts, but I can stand."),
    ("no fever okay you have asthma", "You have asthma but no fever."),
    ("The clinic record is 123546.", "The clinic record is one two three five four six."),
    ("The white count is 13.3, then 7.6 lymphocytes.", "Lymphocytes are 7.6 and the white count is 13.3."),
    ("He is JAK-2 positive.", "His JAK2 test is positive."),
    ("It was one fifty one sixty.", "It was 150, then 160."),
    ("It affects 1 per million.", "It affects one in a million."),
    ("It affects 1/800 people.", "It affects one in eight hundred people."),
    ("She worked there for 2-1/2 years.", "She worked there for two and a half years."),
    ("MRIs are used to see it.", "An MRI is used to see it."),
    ("It may be oral or intravenous.", "It may be by mouth or through a drip."),
    ("Smoking cessation.", "You want to quit smoking."),
    ("A lack of B12 or B6 can cause anemia.", "Too little B6 or B12 can make you anemic."),
    ("She smokes 1-1/2 packs a day.", "She smokes a pack and a half a day."),
    ("Hyperuricemia is common.", "Too much uric acid is common."),
    ("She tried loratadine, hydrocode.", "She tried loratadine and hydrocodone."),
    ("It's been so difficult to find a comfortable position.", "I can't find a comfortable position."),
    ("He had no pain and walked home.", "He walked home without pain."),
]


@pytest.mark.parametrize(("source", "rewrite"), SPOKEN)
def test_spoken_rewordings_pass(source, rewrite):
    assert passes(source, rewrite)


@pytest.mark.parametrize(
    ("source", "rewrite"),
    [
        ("There are no stones or hydronephrosis.", "There is hydronephrosis, but no stones."),
        ("Denies hematochezia.", "You have seen blood in your stool."),
        ("Denies any illicit substance use.", "You use drugs."),
        ("He had no fever and decreased appetite.", "He had a fever and decreased appetite."),
        ("The record is 123546.", "The record is one two three four five six."),
        ("It affects 1/800 people.", "It affects one in nine hundred people."),
        ("She took prednisolone.", "She took prednisone."),
    ],
)
def test_spoken_alterations_fail(source, rewrite):
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

"""Facts of dialogues: who may say what, and the score."""

from __future__ import annotations

import pytest

from medsynth.records import RawTurn
from medsynth.text.facts.dialogue import check_dialogue_facts, faithfulness


def turns(*texts: str) -> list[RawTurn]:
    return [RawTurn(role=("patient", "doctor")[k % 2], text=text) for k, text in enumerate(texts)]


SOURCE = turns(
    "I have had a cough for 3 days and I am allergic to penicillin.", "Take ibuprofen 400 mg every 8 hours."
)


def failing(*texts: str):
    return [f for f in check_dialogue_facts(SOURCE, turns(*texts), "en") if f.fails]


def test_a_faithful_dialogue_passes():
    assert not failing(
        "I've been coughing for three days.",
        "Are you allergic to anything?",
        "Yes, to penicillin.",
        "Then take ibuprofen, 400 milligrams three times a day.",
    ), "what the patient said may be said in answer"


def test_a_finding_names_its_turn_and_its_place_there():
    found = failing(
        "I have had a cough for 3 days. I am allergic to penicillin.", "Take ibuprofen 800 mg every 8 hours."
    )
    assert [(f.finding.kind, f.finding.status, f.turn, f.source_turn) for f in found] == [
        ("dose", "altered", 1, 1)
    ]
    assert found[0].finding.rewrite_text == "800 mg"
    start, end = found[0].finding.rewrite_span
    assert "Take ibuprofen 800 mg every 8 hours."[start:end] == "800 mg"


def test_a_doctor_must_not_invent_but_a_patient_may_add_a_length_of_time():
    told = "I have had a cough for 3 days, I am allergic to penicillin, and my back has hurt for 6 weeks."
    assert not failing(told, "Take ibuprofen 400 mg every 8 hours.")
    assert failing(SOURCE[0].text, "Take ibuprofen 400 mg every 8 hours for 6 weeks.")


def test_a_patient_must_not_invent_a_medicine():
    assert failing(SOURCE[0].text + " I take warfarin.", SOURCE[1].text)


def test_a_patient_must_not_leave_out_an_allergy():
    found = failing("I have had a cough for 3 days.", SOURCE[1].text)
    assert [(f.finding.kind, f.finding.status, f.turn, f.source_turn) for f in found] == [
        ("allergy", "dropped", None, 0)
    ]


def test_the_score_falls_with_what_is_lost_and_with_what_is_invented():
    whole = faithfulness(check_dialogue_facts(SOURCE, SOURCE, "en"))
    lost = faithfulness(check_dialogue_facts(SOURCE, turns("I have a cough.", SOURCE[1].text), "en"))
    worse = faithfulness(
        check_dialogue_facts(SOURCE, turns("I have a cough.", SOURCE[1].text + " Take warfarin."), "en")
    )
    assert whole == 1.0
    assert 0 < worse < lost < whole


@pytest.mark.parametrize(
    ("texts", "score"), [(("Hello.", "Hello."), 1.0), (("Hello.", "Take warfarin 5 mg."), 0.0)]
)
def test_the_score_without_facts(texts, score):
    assert faithfulness(check_dialogue_facts(turns("Hello.", "Hi."), turns(*texts), "en")) == score


def test_no_turns_at_all():
    assert check_dialogue_facts([], [], "en") == []

"""Names in transcripts: shown by a greeting or an introduction, then gone from the whole record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.text.personal import redact
from medsynth.text.spoken_names import names_said, without_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("hi , albert . how are you ?", {"albert"}),
        ("Uh, my name is, um, Jack Barlow.", {"jack", "barlow"}),
        ("karen miller , date of birth , 3/4/1971", {"karen", "miller"}),
        ("okay so beverly is a 53-year-old woman", {"beverly"}),
        ("hey , dragon , show me the labs", set()),
        ("Hi, the rash is back.", set()),
        ("It's St. John's wort that I take.", set()),
    ],
)
def test_names_that_are_shown_to_be_names(text: str, names: set[str]) -> None:
    assert names_said([text]) == names


def test_they_go_wherever_they_stand() -> None:
    names = frozenset({"albert"})
    assert without_names("hi , albert . how are you ?", names) == ("hi . how are you ?", 1)
    assert without_names("Albert is doing well.", names) == ("the patient is doing well.", 1)
    assert without_names("so what happened , albert ?", names)[0] == "so what happened ?"
    assert without_names("Alberta is far.", names) == ("Alberta is far.", 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello , mrs . barlow .", "hello , ma'am ."),
        ("this completes dr. okafor's visit", "this completes dr. okafor's visit"),
        ("i saw doctor taylor about it", "i saw the doctor about it"),
        ("mr angiography was normal", "mr angiography was normal"),
        (
            "My date of birth is the ninth of May, nineteen eighty two.",
            "My date of birth is nineteen eighty two.",
        ),
        (
            "I was born in nineteen fifty eight, uh, on the third of August.",
            "I was born in nineteen fifty eight.",
        ),
        ("He was born on May third, nineteen ninety.", "He was born in nineteen ninety."),
        ("The scan was on May ninth two thousand four.", "The scan was on May ninth two thousand four."),
        ("It's kim dot hall at g mail dot com.", "It's an e-mail address."),
    ],
)
def test_what_is_said_in_words(text: str, said: str) -> None:
    assert redact(text, "en")[0] == said


@given(st.lists(st.text(max_size=80), max_size=4))
def test_any_text_is_taken(texts: list[str]) -> None:
    names = names_said(texts)
    for text in texts:
        once, count = without_names(text, names)
        assert count or once == text

"""Spoken and turned-round English wordings that say the same, and the changes that must still be noticed in them."""

import pytest

from medsynth.text.facts.compare import check
from medsynth.text.facts.extract import facts


def passes(source: str, rewrite: str) -> bool:
    return check(source, rewrite, "en").passed


@pytest.mark.parametrize(
    ("source", "rewrite"),
    [
        # numbers as they are said
        ("I jog four five times a week.", "I jog 4 or 5 times a week."),
        (
            "your a1c was higher at seven . three and you're on six pills",
            "your a1c was higher at 7.3 and you're on 6 pills",
        ),
        ("He takes point one twenty five M G of digoxin.", "He takes 0.125 M G of digoxin."),
        ("Her pH was seven point twenty five.", "Her pH was 7.25."),
        ("His last A1c was 6.9.", "His last A1c was six nine."),
        ("She was seen in 03/09.", "She was seen in March 2009."),
        # a lost blank behind a drug
        ("Drugs like infliximab, and vedolizumabare new.", "Drugs like vedolizumab, and infliximabare new."),
        # a question that only asks to be confirmed
        ("You have no rash that you know of, is that correct?", "You have no known rash, correct?"),
        # verbs of leaving and withholding
        ("He stepped off of a kerb and fell.", "He came off a kerb and fell."),
        ("Denying treatment like insulin is wrong.", "Holding back treatment like insulin is wrong."),
        # what a verb at the end stands for
        ("The right arm is weak, but not the left leg.", "The left leg is not weak, but the right arm is."),
        ("The patient does not have gout. His mother does.", "His mother has gout. The patient does not."),
        # denials that end
        (
            "Signs may not appear until years after the infections.",
            "It can be years after the infections before signs appear.",
        ),
        (
            "there was nothing else the only thing i told her is that my foot itches",
            "i only told her that my foot itches there was not anything else",
        ),
        ("People with this disease have no family history of it.", "This disease doesn't run in the family."),
        ("He runs at school without any limitation.", "He runs with no limitation at school."),
        # a side is no word of what is denied
        (
            "Use the drops on the left, leave the right alone, and after a week stop on the left as well.",
            "Use the drops on the left, leave the right alone. After a week stop on the left as well.",
        ),
        # one allergy denied beside another
        ("She is allergic to sulfa, not to penicillin.", "She is not allergic to penicillin, but to sulfa."),
    ],
)
def test_the_same_said_otherwise_passes(source: str, rewrite: str) -> None:
    assert passes(source, rewrite)


@pytest.mark.parametrize(
    ("source", "rewrite"),
    [
        ("I jog four five times a week.", "I jog 5 or 6 times a week."),
        ("your a1c was higher at seven . three", "your a1c was higher at 3.7"),
        ("He takes point one twenty five M G of digoxin.", "He takes 1.25 M G of digoxin."),
        ("His last A1c was six nine.", "His last A1c was 9.6."),
        ("She was seen in 03/09.", "She was seen in March 2008."),
        ("Drugs like infliximab, and vedolizumabare new.", "Drugs like infliximab, and adalimumabare new."),
        ("He came off prednisone in May.", "He took prednisone in May."),
        ("The pump gives 2 mL/hour.", "The pump gives 2 mL/minute."),
        ("It was given at 1 mL/second.", "It was given at 1 mL/minute."),
        ("The tumour got 25 Gy.", "The tumour got 25 mGy."),
        ("Continue atenolol 25 mg and Zoloft.", "Continue atenolol 25 mg and Zoloft 25 mg."),
        ("How can I ignore a man's allergic reaction history to penicillin?", "How can I ignore penicillin?"),
        ("How do I treat his allergy to latex?", "How do I treat his rash?"),
        ("She is allergic to sulfa, not to penicillin.", "She is allergic to penicillin, not to sulfa."),
        ("You must not drive until the scan is done.", "You may drive until the scan is done."),
        (
            "The left leg is not weak, but the right arm is.",
            "The right leg is not weak, but the left arm is.",
        ),
    ],
)
def test_a_change_in_it_fails(source: str, rewrite: str) -> None:
    assert not passes(source, rewrite)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("It ran at 125 mL per hour.", "125 ml/hour"),
        ("It ran at 1 mL/sec.", "1 ml/second"),
        ("It got 25 mGy.", "0.025 gray"),
        ("It was two point oh five.", "2.05"),
    ],
)
def test_units_and_decimals_are_read(text: str, value: str) -> None:
    assert value in [fact.value for fact in facts(text, "en")]

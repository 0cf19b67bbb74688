"""Classes of English wordings that say the same, and of changes that do not, one made-up pair each or a few."""

import pytest

from medsynth.text.facts.compare import check
from medsynth.text.facts.extract import facts


def passes(source: str, rewrite: str) -> bool:
    return check(source, rewrite, "en").passed


@pytest.mark.parametrize(
    ("source", "rewrite"),
    [
        # shares of a whole
        ("About half of the cats recover.", "Around 50 percent of the cats recover."),
        ("A third of them had a rash.", "33 % of them had a rash."),
        ("One in five people sneezes.", "20% of people sneeze."),
        ("It strikes one person per 4,000.", "It strikes one in four thousand."),
        ("The pain is 4/10.", "The pain is four out of ten."),
        # the clock
        ("He works from 8 to 8:30 a.m.", "He works from eight to eight thirty in the morning."),
        ("She wakes at half past six.", "She wakes at 6:30."),
        # rates said in passing
        ("Drink a few cups of tea, not too hot, a day.", "Drink a few cups of tea daily, not too hot."),
        ("He has eight cigarettes, uh, a day.", "He has 8 cigarettes daily."),
        ("He bathes everyday in the lake.", "He takes a daily bath in the lake."),
        ("Use it six-hourly, 5 mg.", "Use 5 mg of it every six hours."),
        ("Walk at least three times a week.", "Walk three or more times a week."),
        ("I swim two, three times a week.", "I swim two or three times a week."),
        # lengths of time
        ("Rest for a full week.", "Rest for 7 days."),
        ("It grew over the last decade.", "It grew over the past ten years."),
        ("It takes a week to ten days.", "It takes 7 to 10 days."),
        # numbers
        ("She ate a dozen figs.", "She ate 12 figs."),
        ("He has type two diabetes.", "He has T2DM."),
        ("He has a couple of sisters.", "He has two sisters."),
        # names of drugs and tests
        ("She uses Clenil in spring.", "She uses beclometasone in spring."),
        ("He takes mesalazine.", "He takes mesalamine."),
        ("They gave Versed 2 mg.", "They gave midazolam 2 mg."),
        ("MR imaging of the hand is planned.", "An MRI of the hand is planned."),
        (
            "Start Combivent, 2 puffs twice a day, and albuterol, 2 puffs as needed.",
            "Start ipratropium/albuterol, 2 puffs b.i.d., and Ventolin, 2 puffs PRN.",
        ),
        ("SpO2 is 97 percent.", "O2 sats are 97%."),
        # denials in other words
        ("No cure exists for people with hay fever.", "For hay fever there is as yet no cure."),
        ("I can't breathe that well.", "I'm having a hard time breathing."),
        ("Negative chills, negative fever.", "No chills or fever."),
        ("There are no skin changes.", "His skin shows no changes."),
        ("Acting without consent is unethical.", "It's unethical to act when they haven't agreed to it."),
        ("At most two cups a day.", "No more than two cups a day."),
        ("You are not allergic to anything, right?", "There's nothing you're allergic to, yeah?"),
        ("She has no family dentist. The family dentist left.", "The family dentist left. She hasn't one."),
        # sides
        ("Her grip is less on the left.", "Her grip is weaker on the left side."),
    ],
)
def test_the_same_in_other_words_passes(source: str, rewrite: str) -> None:
    assert passes(source, rewrite)


@pytest.mark.parametrize(
    ("source", "rewrite"),
    [
        # shares, scores and years
        ("It affects 1/700 people.", "It affects one in nine hundred people."),
        ("The pain is 4/10, at night 6/10.", "The pain is 4/10, at night 9/10."),
        ("It was repaired in 12/2007.", "It was repaired in 12/2001."),
        # rates and lengths said in passing
        ("Drink six glasses of milk, cold, a day.", "Drink six glasses of milk, cold, a week."),
        ("It ached over the last week.", "It ached over the last year."),
        ("Come back in ten days to fourteen days.", "Come back in ten to fourteen weeks."),
        ("Rest for a full week.", "Rest for a full month."),
        ("She has sneezed for several weeks.", "She has sneezed for several days."),
        ("The scan was just last week.", "The scan was just a year ago."),
        # numbers
        ("She carries one copy of the gene.", "She carries two copies of the gene."),
        ("He has type two diabetes.", "He has type one diabetes."),
        ("It occurs in people older than 50.", "It occurs in people older than 5."),
        ("For children over four, ask first.", "For children over eight, ask first."),
        (
            "It grew in people with type 2 diabetes on metformin.",
            "It grew in type 2 diabetes on metformin 2 g.",
        ),
        # whose rate it is
        (
            "He rides once every week.\n\nBumex 2 mg once daily.",
            "He rides once every day.\n\nBumex 2 mg once daily.",
        ),
        # denials in reworded sentences
        (
            "Small polyps do not require surgical removal merely because they grow.",
            "Small polyps need surgery, merely because they grow.",
        ),
        (
            "The marker is not a useful predictor of the response in rectal tumours.",
            "In rectal tumours, the marker usefully predicts how they respond.",
        ),
        ("Share her file without her consent?", "Share her file with her consent?"),
        ("Drinking at noon was unrelated to risk.", "Drinking at noon was related to risk."),
        (
            "It is so in that spot, mostly. It hasn't spread anywhere.",
            "It is so in that spot, mostly. It has spread.",
        ),
        (
            "No warmth, bruising or redness of the knees. No effusion.",
            "No warmth, bruising or redness of the knees, with effusion.",
        ),
        ("I didn't get the jab, I haven't had time.", "I got the jab, but I haven't had time."),
        ("He has had no trouble with chest pain or fever.", "He has been troubled by chest pain and fever."),
        # allergies
        ("Any other allergies besides latex?", "Any allergies at all?"),
        ("Food allergies and gout run in my family.", "Gout runs in my family."),
        # sides
        ("The bilateral knees hurt.", "The left knee hurts."),
        ("It is much worse on his right than his left.", "It is much worse on his left than his right."),
    ],
)
def test_a_change_in_other_words_fails(source: str, rewrite: str) -> None:
    assert not passes(source, rewrite)


@pytest.mark.parametrize(
    ("text", "name"),
    [("He is well versed in it.", ""), ("Versed was given.", ""), ("We gave Versed for it.", "midazolam")],
)
def test_everyday_words_are_drugs_with_a_capital_alone(text: str, name: str) -> None:
    assert [f.value for f in facts(text, "en") if f.kind == "drug"] == ([name] if name else [])


def test_hesitations_part_nothing() -> None:
    said = facts("He smokes ten uh times um a day.", "en")
    assert [(f.kind, f.value) for f in said] == [("frequency", "10/day")]

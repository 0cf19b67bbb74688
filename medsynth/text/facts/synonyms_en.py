"""Everyday English words that rewritings put for each other; the first of a line is the name they share.

Unlike findings (`words_en`) their polarity matters only beside others: they serve to tell that two sentences say the
same. A line holds words that mean the same of a patient, not all that a thesaurus has.
"""

from __future__ import annotations

from medsynth.text.facts.tokens_en import stem

_LINES = """
problem issue trouble
help relief relieve ease benefit alleviate
begin start began begun initiate commence onset
mother mom mum mommy
father dad daddy
child kid infant baby
medicine medication med meds medicament
illness disease sickness disorder ailment
treat treatment therapy manage management
test exam examination
hospital hospitalise hospitalize hospitalisation hospitalization
big large huge
small tiny little
risk chance likelihood probability
cause trigger provoke
rise increase increased raise elevate elevation
fall decrease decline reduce reduction drop diminish
quick rapid fast
severe serious grave
mild slight minor
buy purchase
physician clinician
woman female women
man male men
change alter alteration
continue carry keep
happen occur
allow permit let
stay remain
try attempt
check examine assess evaluate evaluation assessment inspect
obtain order
use utilise utilize
worry concern concerned worried anxious
speak talk discuss discussed conversation
information details
often frequent frequently
rarely seldom
important vital crucial essential
correct right
damage harm injure
predict predictor predictive prediction predictively
useful usefully usefulness
respond response responsive
affect influence
prove confirm
likely probable probably
difference differ different
associated association linked link related relationship correlate correlated correlation
show demonstrate
survive survival survivor
die mortality
enough sufficient adequate
prescribe prescription
refuse decline
eat food meal
sleep asleep
walk ambulate ambulation
bathe bath shower wash
job occupation work
visit appointment
specialist consultant
lab laboratory
picture image imaging
obstruct block obstruction blockage
brother sibling
quit cessation
wound sore
incision cut
stool bowel poo poop faeces feces
menstruation period menses menstrual
miscarriage miscarried
vaccine vaccination vaccinate immunization immunisation jab
sex sexual intercourse
"""
SYNONYMS: dict[str, str] = {}
for _line in _LINES.strip().split("\n"):
    _first, *_ = _line.split()
    for _word in _line.split():
        SYNONYMS.setdefault(stem(_word), stem(_first))

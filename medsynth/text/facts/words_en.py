"""English words as polarity compares them: what carries no content, what means the same, what is a finding."""

from __future__ import annotations

from functools import lru_cache

from medsynth.text.facts.drugs_en import one_drug
from medsynth.text.facts.synonyms_en import SYNONYMS
from medsynth.text.facts.tokens_en import stem, word_set

STOPWORDS = word_set(
    """a an the this that these those i you he she it we they me him her us them my your his its our their mine yours
    hers is am are was were be been being do does did doing done have has had having will would shall should can
    could may might must and or but nor so if then than as at by for from in into of off on onto out over to toward
    towards under up upon with within about after again against all also any because before between both down during
    each either else ever every few further here how however just like made make makes many more most much no not
    now only other own same some such still there through too until very what when where which while who whom whose
    why yes yeah okay ok well um uh oh mhm hmm left right really actually get gets got getting go goes going went gone
    come comes coming came one two three four five six seven eight nine ten it's i'm i've i'd i'll you're you've
    you'll you'd he's she's they're we're we've let let's that's there's what's thing things something anything
    everything lot lots kind sort bit little quite maybe perhaps though although say says said tell tells told ask
    asks asked know knows think thinks thought want wants see sees look looks looking patient patients doctor
    doctors mr mrs ms miss sir ma'am please thank thanks hello hi hey today time times reports report reported
    reporting states stated stating notes noted presents presented complains complained complaining year years month
    months week weeks day days hour hours minute minutes old ago currently previously recently since feel feels
    feeling felt have experience experiences experienced experiencing notice noticed noticing mg mcg ml tablet
    tablets pill pills dose doses daily twice once day show shows showed shown showing find finds finding found
    reveal reveals revealed indicate indicates indicated demonstrate demonstrates demonstrated appear appears
    appeared seem seems seemed become becomes became remain remains remained following possible usually often
    sometimes generally typically especially including include includes included etc person people someone anyone
    individual individuals history hx past current around along among away back else even ever let per via yet ago
    upon whether without eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty
    forty fifty sixty seventy eighty ninety hundred thousand million half percent gon na wan gonna wanna gotta good
    great fine sure alright completely totally entirely absolutely exactly probably really"""
)
# What several words mean alike; the first of each line is the name they share. All are findings or habits.
_ALIKE = """
fever febrile feverish fevers pyrexia
cough coughing coughs coughed
pain painful hurt hurts hurting ache aches aching achy pains sore soreness discomfort tender tenderness
vomit vomiting vomited throw-up emesis vomits
nausea nauseous nauseated queasy
diarrhea diarrhoea
constipation constipated
headache headaches migraine
dizziness dizzy lightheaded lightheadedness giddy vertigo
dyspnea breathless breathlessness dyspnoea shortness winded
swelling swollen swell swells edema oedema puffiness
rash rashes hives
itch itching itchy pruritus
bleed bleeding bleeds bled hemorrhage haemorrhage
numbness numb
tingling tingle
weakness weak
fatigue fatigued tired tiredness exhausted exhaustion
chill chills chilly shivering
sweat sweats sweating
faint fainting fainted syncope
seizure seizures convulsion convulsions
smoke smoking smokes smoked smoker tobacco cigarettes cigarette nicotine
alcohol alcoholic beer wine liquor
drug-use drugs
allergy allergic allergies
anaphylaxis anaphylactic
abdomen abdominal belly tummy stomach
heart cardiac
kidney renal
lung pulmonary
liver hepatic
urin urine urinary pee
drowsiness drowsy sleepy sleepiness
dysphagia
confusion confused
hoarseness hoarse
cramp cramps cramping crampy
spasm spasms
pregnancy pregnant pregnancies
diabetes diabetic
hypertension hypertensive
cancer cancers cancerous malignant malignancy carcinoma
infection infected infections infectious
fracture fractured fractures broken
tumor tumour tumors tumours
inherit inherited hereditary heritable inheritance genetic genes gene
contagious contagion catching
cure cured curable cures
surgery surgeries surgical operation operations operated
symptom symptoms symptomatic
palpitation palpitations
redness red reddened erythema
discharge discharges
wheeze wheezing wheezes
heartburn reflux
insomnia
depression depressed
anxiety anxious
suicidal suicide
jaundice jaundiced
stroke strokes
asthma asthmatic
murmur murmurs
lump lumps mass masses nodule nodules
appetite
congestion congested stuffy
incontinence incontinent
trauma injury injuries injured
travel traveled travelled traveling
stiffness stiff
cyanosis clubbing
distress
lymphadenopathy
ulcer ulcers
infarction
pneumonia
hepatitis
hiv aids
epilepsy epileptic
thyroid
stool-blood hematochezia haematochezia
urine-blood hematuria haematuria
tarry-stool melena melaena
recommend recommends recommended recommending suggest suggested suggests suggesting
physiotherapy physio
anemia anaemia anemic anaemic
bruise bruising bruises bruised
blister blisters
burning burn burns
vision
hearing
safe safely safety
effective effectively works work worked working
normal normally
common commonly
dangerous danger harmful hazardous
worsen worse worsening worsened worsens
improve improved improves improving improvement better
take takes taking took taken use uses used using
need needs needed require requires required necessary
"""
WORDS: dict[str, str] = {}
for _line in _ALIKE.strip().split("\n"):
    _head, *_rest = _line.split()
    for _word in (_head, *_rest):
        WORDS.setdefault(_word, _head)
_ADJECTIVES = word_set(
    """take need safe effective normal common dangerous worsen improve work breathing inherit gene surgery
    abdomen heart kidney lung liver urin recommend physiotherapy"""
)
_LIGHT = frozenset(("take", "need"))  # verbs of any advice
# Phrases that are one finding.
_PHRASE_LIST = {
    "shortness of breath": "dyspnea", "short of breath": "dyspnea", "trouble breathing": "dyspnea",
    "difficulty breathing": "dyspnea", "difficulties breathing": "dyspnea", "hard to breathe": "dyspnea",
    "out of breath": "dyspnea",
    "trouble catching": "dyspnea", "problems breathing": "dyspnea", "difficulty in breathing": "dyspnea",
    "throw up": "vomit", "throwing up": "vomit", "threw up": "vomit", "throws up": "vomit", "thrown up": "vomit",
    "being sick": "vomit", "pass out": "faint", "passed out": "faint", "passing out": "faint",
    "loss of consciousness": "faint",
    "blacked out": "faint", "light headed": "dizziness", "light - headed": "dizziness",
    "light - headedness": "dizziness",
    "trouble swallowing": "dysphagia", "difficulty swallowing": "dysphagia", "trouble sleeping": "insomnia",
    "difficulty sleeping": "insomnia", "pins and needles": "tingling", "a temperature": "fever",
    "hard to swallow": "dysphagia", "feel sick": "nausea", "feeling sick": "nausea", "felt sick": "nausea",
    "sick to": "nausea", "high blood pressure": "hypertension",
    "high temperature": "fever", "heart attack": "heart-attack",
    "heart attacks": "heart-attack", "myocardial infarction": "heart-attack",
    "blood pressure": "pressure", "blood sugar": "sugar", "blood test": "bloodtest", "blood tests": "bloodtest",
    "blood work": "bloodtest", "blood thinner": "thinner", "blood thinners": "thinner",
    "blood count": "bloodtest", "blood vessels": "vessel", "blood vessel": "vessel", "blood flow": "flow",
    "blood cells": "cells", "blood cell": "cells", "blood clots": "clot", "blood clot": "clot",
    "runny nose": "rhinorrhea", "stuffy nose": "congestion", "drug abuse": "drug-use", "drug use": "drug-use",
    "illicit drugs": "drug-use",
    "street drugs": "drug-use", "recreational drugs": "drug-use", "illegal drugs": "drug-use",
    "loose stools": "diarrhea", "loose stool": "diarrhea",
    **{f"blood in {whose}{what}": f"{name}-blood" for name in ("stool", "urine")
       for what in ((name, "stools", "poop", "poo") if name == "stool" else (name, "pee"))
       for whose in ("", "your ", "my ", "his ", "her ", "the ")},
    "bloody stool": "stool-blood", "bloody stools": "stool-blood", "bloody urine": "urine-blood",
    "black stools": "tarry-stool", "tarry stools": "tarry-stool", "physical therapy": "physiotherapy",
    "p t": "physiotherapy",
    "use drugs": "drug-use", "uses drugs": "drug-use", "used drugs": "drug-use", "using drugs": "drug-use",
    "recreational drug": "drug-use", "illicit drug": "drug-use", "illicit substance": "drug-use",
    "illicit substances": "drug-use", "substance abuse": "drug-use", "substance use": "drug-use",
    "do drugs": "drug-use", "any drugs": "drug-use",
    "pmh": "background", "pmhx": "background", "fhx": "family", "difficulty in swallowing": "dysphagia",
    "difficulty with swallowing": "dysphagia", "problems swallowing": "dysphagia", "problem swallowing": "dysphagia",
    "hard time breathing": "dyspnea", "hard time swallowing": "dysphagia", "hard time sleeping": "insomnia",
    "difficulty to breathe": "dyspnea", "struggling to breathe": "dyspnea", "trouble to breathe": "dyspnea",
    "runs in": "inherit", "run in": "inherit", "passed down": "inherit", "weight loss": "weight-loss",
    "lost weight": "weight-loss",
    "losing weight": "weight-loss", "lose weight": "weight-loss", "weight gain": "weight-gain",
    "gained weight": "weight-gain",
    "allergic reaction": "reaction", "allergic reactions": "reaction", "breast feeding": "breastfeed",
    "breast - feeding": "breastfeed",
    "medical attention": "attention", "medical history": "background", "family history": "family",
}  # fmt: skip
PHRASES: dict[str, list[tuple[tuple[str, ...], str]]] = {}
for _phrase, _target in _PHRASE_LIST.items():
    _parts = tuple(_phrase.split())
    PHRASES.setdefault(_parts[0], []).append((_parts, _target))
for _entries in PHRASES.values():
    _entries.sort(key=lambda entry: -len(entry[0]))
# Words that deny by their form: the name they deny.
_DENYING = {
    "painless": "pain", "afebrile": "fever", "asymptomatic": "symptom", "nontender": "pain", "nonsmoker": "smoke",
    "nondiabetic": "diabetes", "incurable": "cure", "unnecessary": "need", "unneeded": "need", "unsafe": "safe",
    "uncommon": "common",
    "unusual": "usual", "unclear": "clear", "unknown": "known", "unhealthy": "health", "unstable": "stable",
    "ineffective": "effective",
    "inactive": "activ", "abnormal": "normal", "abnormally": "normal", "impossible": "possible",
    "harmless": "harm", "noncancerous": "cancer", "nonalcoholic": "alcohol",
    "uncomplicated": "complicat", "undetectable": "detect", "undetected": "detect", "unaffected": "affect",
    "uninfected": "infection",
    "untreated": "treat", "unresponsive": "respons", "unrelated": "relat", "noninvasive": "invasiv",
    "nonsurgical": "surgery",
    "unchanged": "chang", "nonspecific": "specific", "atypical": "typical", "irregular": "regular",
    "inappropriate": "appropriate",
    "insufficient": "sufficient", "inadequate": "adequate", "incomplete": "complet", "noncontagious": "contagious",
}  # fmt: skip


def _weight(name: str) -> int:
    return 0 if name in _LIGHT else 1 if name in _ADJECTIVES else 2


# Nouns of these endings are findings, listed or not: hydronephrosis, neuropathy, hematuria.
_MEDICAL = (
    "nephrosis", "itis", "uria", "emia", "megaly", "algia", "rrhea", "rrhoea", "plegia", "opathy", "penia", "ectasis",
    "thrombosis", "stenosis", "sclerosis", "effusion",
)  # fmt: skip
_NO_FINDINGS = frozenset(("homeopathy", "allopathy", "osteopathy", "psychopathy"))


@lru_cache(maxsize=65536)
def name_of(word: str) -> tuple[str, int, bool]:
    """Return the name of a content word, its weight (see `Term`), and whether its form denies it."""
    if "'" in word:
        word = word[: word.index("'")]
        if word in STOPWORDS or len(word) < 3:
            return "", 1, False
    denied = _DENYING.get(word)
    if denied is not None:
        denied = SYNONYMS.get(denied, denied)
        return denied, 2 if denied in WORDS and denied not in _ADJECTIVES else 1, True
    name = WORDS.get(word)
    if name is not None:
        return name, _weight(name), False
    if drug := one_drug(word):
        return drug, 1, False
    base = stem(word)
    if base in STOPWORDS:
        return "", 1, False
    if len(word) > 6 and base.endswith(_MEDICAL) and base not in _NO_FINDINGS:
        return base, 2, False
    name = WORDS.get(base)
    if name is not None:
        return name, _weight(name), False
    if (name := SYNONYMS.get(base)) is not None:
        return name, 1, False
    if word.startswith("non") and len(word) > 6 and word not in ("nonetheless", "nonsense"):
        return stem(word[3:]), 1, True
    return base, 1, False

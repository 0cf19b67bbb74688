"""Facts that English text names rather than counts: drugs, sides, routes, tests, departments."""

from __future__ import annotations

from dataclasses import replace

from medsynth.text.facts.drugs_en import drug_at
from medsynth.text.facts.model import Fact, FactKind
from medsynth.text.facts.tokens_en import Tokens, stem, word_set
from medsynth.text.facts.words_en import STOPWORDS

_BODY = word_set(
    """abdomen adnexa ankle anterior aorta aortic apex arm armpit artery atrium atrial axilla back bicep biceps big
    bone brain breast bundle buttock calf carotid cerebral cheek chest clavicle collarbone colon cornea coronary
    distal ear elbow eye eyebrow eyelid face facial femoral femur fibula finger flank foot forearm forehead frontal
    gluteal groin great half hand hemisphere heel hemithorax hip humerus iliac index inguinal iris jaw kidney knee
    lateral leg limb lip little lobe lower lung main malleolus maxilla medial middle mandible nipple nostril optic
    orbit ovary palm parietal patella pelvis pinky posterior proximal quadrant radius ribs rib ring sacrum scapula
    scrotum shin shoulder side sided sinus sole tailbone temple temporal testicle testis thigh thumb tibia toe
    tonsil trapezius tube tympanic ulna upper ureter ventricle ventricular vocal wrist hemiparesis hemiplegia renal
    occipital subclavian vertebral deltoid hamstring quadriceps achilles rotator meniscus labia ovarian fallopian
    molar incisor canine wisdom eyeball retina mastoid parotid thyroid lobectomy mastectomy nephrectomy neck handed
    hearing field visual gaze dominant non hallux metatarsal cva pleural effusion tib fib ac bicep tricep triceps
    calcaneus supraspinatus acl mcl hemicolectomy"""
)
# What goes before the part itself: "left lower leg" is of the leg.
_PLACE = word_set(
    """upper lower mid middle inner outer anterior posterior lateral medial proximal distal big little great small ring
    index main hand side sided front central superior inferior"""
)
_ON = word_set("on to from in toward towards his her your my the its their at along")
_NOT_RIGHT = word_set(
    """now away after before here there all that's that ok okay so and you is was as thing way time care answer choice
    decision person people track amount dose medicine treatment one medication foods diet hospital at up about in
    well for to the or but then if when treatments doctor size balance mix shoes kind words question type place
    information specialist professional combination of it this i we he she they what where how because since um uh
    mhm drug drugs weight stuff things diagnosis test tests vitamins nutrition"""
)
_NOT_LEFT = word_set(
    """the a an to in with untreated alone over out off for at on and him her them me us you it unchecked unmanaged
    behind work home school or is was are his my your their due by as but because after before when this that"""
)
_SIDE_VALUES = {"left": "left", "right": "right", "bilateral": "both", "bilaterally": "both", "both": "both"}
_ABBREVIATED = {
    "rlq": "right",
    "llq": "left",
    "ruq": "right",
    "luq": "left",
    "rle": "right",
    "lle": "left",
    "rue": "right",
    "lue": "left",
}
_ORGANS = {
    "rlq": "quadrant",
    "llq": "quadrant",
    "ruq": "quadrant",
    "luq": "quadrant",
    "rle": "leg",
    "lle": "leg",
    "rue": "arm",
    "lue": "arm",
}
_DETERMINERS = word_set("of the your my his her their its")

_JOINING = word_set("and or , plus")
_GIVING = word_set("taking takes took prescribed prescribe prescribing")
_NO_NAMES = word_set(
    """care steps january february march april june july august september october november december monday tuesday
    wednesday thursday friday saturday sunday african american asian indian chinese however then take call patient
    doctor avoid continue follow return"""
)

_TESTS = {
    "mri": "mri", "ct": "ct", "cat": "", "x": "", "xray": "x-ray", "xrays": "x-ray", "radiograph": "x-ray",
    "radiographs": "x-ray", "ultrasound": "ultrasound", "ultrasounds": "ultrasound", "sonogram": "ultrasound",
    "sonography": "ultrasound",
    "ultrasonography": "ultrasound", "ecg": "ecg", "ekg": "ecg", "ekgs": "ecg", "electrocardiogram": "ecg",
    "eeg": "eeg",
    "electroencephalogram": "eeg", "echocardiogram": "echocardiogram", "echo": "echocardiogram",
    "echocardiography": "echocardiogram", "emg": "emg", "electromyography": "emg", "colonoscopy": "colonoscopy",
    "endoscopy": "endoscopy", "egd": "endoscopy", "gastroscopy": "endoscopy", "bronchoscopy": "bronchoscopy",
    "cystoscopy": "cystoscopy", "mammogram": "mammogram", "mammograms": "mammogram", "mammography": "mammogram",
    "biopsy": "biopsy", "biopsies": "biopsy", "urinalysis": "urinalysis", "cbc": "cbc", "pet": "", "dexa": "dexa",
    "angiogram": "angiogram", "angiography": "angiogram", "amniocentesis": "amniocentesis",
    "sigmoidoscopy": "sigmoidoscopy", "spirometry": "spirometry", "laparoscopy": "laparoscopy",
    "arthroscopy": "arthroscopy",
}  # fmt: skip
_DEPARTMENTS = {
    stem_: name
    for name, stems in {
        "cardiology": "cardiology cardiologist", "dermatology": "dermatology dermatologist",
        "neurology": "neurology neurologist", "oncology": "oncology oncologist", "urology": "urology urologist",
        "gynaecology": "gynecology gynaecology gynecologist gynaecologist obgyn",
        "obstetrics": "obstetrics obstetrician",
        "paediatrics": "pediatrics paediatrics pediatrician paediatrician", "psychiatry": "psychiatry psychiatrist",
        "orthopaedics": "orthopedics orthopaedics orthopedist orthopedic orthopaedic",
        "ophthalmology": "ophthalmology ophthalmologist", "endocrinology": "endocrinology endocrinologist",
        "gastroenterology": "gastroenterology gastroenterologist", "nephrology": "nephrology nephrologist",
        "pulmonology": "pulmonology pulmonologist", "rheumatology": "rheumatology rheumatologist",
        "haematology": "hematology haematology hematologist haematologist", "radiology": "radiology radiologist",
        "ent": "ent otolaryngology otolaryngologist", "emergency": "emergency",
    }.items()
    for stem_ in stems.split()
}  # fmt: skip
_ROUTES = {
    "orally": "oral", "po": "oral", "intravenously": "intravenous", "intravenous": "intravenous", "iv": "intravenous",
    "intramuscularly": "intramuscular", "intramuscular": "intramuscular", "im": "intramuscular",
    "subcutaneously": "subcutaneous", "subcutaneous": "subcutaneous", "sublingual": "sublingual",
    "rectally": "rectal", "topically": "topical", "inhaled": "inhaled", "intranasal": "nasal",
}  # fmt: skip


_BY_MOUTH = (
    "or", "and", "medicine", "medicines", "medication", "medications", "antibiotic", "antibiotics", "drug", "drugs",
    "tablet", "tablets", "steroid", "steroids", "dose", "doses", "iron", "pill", "pills",
)  # fmt: skip


def drugs(t: Tokens) -> tuple[list[Fact], list[tuple[int, int]]]:
    """Return the drugs of a text, and the tokens each stands in."""
    found: list[Fact] = []
    places: list[tuple[int, int]] = []
    words, i = t.words, 0
    while i < len(words):
        word = words[i]
        if word in STOPWORDS:
            i += 1
            continue
        hit = drug_at(words, i) if len(word) > 1 and word[0].isalpha() else None
        if hit is None and word[0].isalpha() and _unlisted(t, i, places):
            hit = word, i + 1
        if hit is None:
            i += 1
            continue
        name, behind = hit
        found.append(Fact("drug", name, t.starts[i], t.ends[behind - 1], t.span(i, behind)))
        places.append((i, behind))
        i = behind
    return found, places


def _unlisted(t: Tokens, i: int, places: list[tuple[int, int]]) -> bool:
    """Whether a word that no list has is written like a name and stands where a drug does: behind a drug and "and", or
    behind "taking". Names of people and months are none."""
    words = t.words
    before = words[i - 1] if i else ""
    if before not in _JOINING and before not in _GIVING:
        return False
    raw, word = t.text[t.starts[i] : t.ends[i]], words[i]
    if len(raw) < 4 or not (raw[0].isupper() and raw[1:].islower()) or word in STOPWORDS or word in _NO_NAMES:
        return False
    if before in _GIVING:
        return True
    joint = i - 1
    if joint and words[joint] != "," and words[joint - 1] == ",":
        joint -= 1
    return bool(places) and places[-1][1] == joint


def sides(t: Tokens) -> list[Fact]:
    """Return left, right and both with the part of the body they are said of."""
    found: list[Fact] = []
    words = t.words
    for i, word in enumerate(words):
        if word in _ABBREVIATED:
            found.append(_fact(t, "side", _ABBREVIATED[word], i, i + 1, _ORGANS[word]))
            continue
        value = _SIDE_VALUES.get(word)
        if value is None:
            continue
        organ, behind, known = _organ(words, i + 1)
        if value == "both":
            if known:
                found.append(_fact(t, "side", value, i, behind, organ))
            continue
        before = words[i - 1] if i else ""
        after = words[i + 1] if i + 1 < len(words) else ""
        bare = (
            after in (",", ".", "?", ";", "!", "\n", ")", "")
            or after in _DETERMINERS
            or after in ("and", "or", "more", "than", "with", "is", "was", "but", "when")
        )
        if after in ("and", "or") and i + 2 < len(words) and words[i + 2] in ("left", "right"):
            organ, behind, known = _organ(words, i + 3)
            if known or before in _ON:
                found.append(_fact(t, "side", value, i, i + 1, organ))
            continue
        if known:
            found.append(_fact(t, "side", value, i, behind, organ))
        elif (
            bare
            and before in _ON
            and (before != "on" or words[i - 2 : i - 1] != ["later"])
            and not (value == "right" and before in ("your", "my") and after == "")
        ):
            organ = ""
            if after == "of":
                organ = ""
            if before in ("the", "my", "your", "his", "her", "on", "to"):
                found.append(_fact(t, "side", value, i, i + 1, organ))
        elif (
            after.isalpha()
            and len(after) > 2
            and after not in (_NOT_RIGHT if value == "right" else _NOT_LEFT)
            and (before in _ON or before in ("a", "of"))
        ):
            found.append(replace(_fact(t, "side", value, i, i + 2, stem(after)), vague=True))
    return found


def _organ(words: list[str], i: int) -> tuple[str, int, bool]:
    """Return the part of the body named from token `i` on, the token behind it, and whether there is one."""
    best = ""
    j = i
    seen = False
    if j < len(words) and words[j] == "-":
        j += 1
    while j < len(words) and j < i + 5:
        word = words[j]
        base = word if word in _BODY else stem(word)
        if base in _PLACE or word in _PLACE:
            seen, best, j = True, best or base, j + 1
            continue
        if word in ("and", "-") and seen and j + 1 < len(words) and (words[j + 1] in _PLACE):
            j += 1
            continue
        if base in _BODY or word in _BODY:
            return base, j + 1, True
        break
    if seen and j < len(words) and words[j] in ("of", "part", "aspect"):
        k = j + 1
        while k < len(words) and words[k] in (*_DETERMINERS, "part", "aspect"):
            k += 1
        if k < len(words) and (stem(words[k]) in _BODY or words[k] in _BODY):
            return stem(words[k]), k + 1, True
    return best, max(j, i), seen


def _fact(t: Tokens, kind: FactKind, value: str, first: int, behind: int, of: str = "") -> Fact:
    return Fact(kind, value, t.starts[first], t.ends[behind - 1], t.span(first, behind), of)


def named(t: Tokens) -> list[Fact]:
    """Return tests, departments and routes."""
    found: list[Fact] = []
    words = t.words
    for i, word in enumerate(words):
        if word not in _TESTS and word.endswith("s") and word[:-1] in _TESTS:
            word = word[:-1]  # "MRIs"
        if word in _TESTS:
            value, behind = _TESTS[word], i + 1
            if not value:
                value, behind = _two_words(words, i)
            if value == "ct" and not _upper(t, i) and not _next(words, i, ("scan", "scans", "-")):
                continue
            if value:
                found.append(_fact(t, "test", value, i, behind))
        elif word in _DEPARTMENTS:
            if word == "ent" and not _upper(t, i):
                continue
            if word == "emergency" and not _next(words, i, ("room", "department", "ward")):
                continue
            found.append(_fact(t, "department", _DEPARTMENTS[word], i, i + 1))
        elif word in _ROUTES:
            if word == "im" and not _upper(t, i):
                continue
            found.append(_fact(t, "route", _ROUTES[word], i, i + 1))
        elif word == "by" and _next(words, i, ("mouth",)):
            found.append(_fact(t, "route", "oral", i, i + 2))
        elif word == "oral" and _next(words, i, _BY_MOUTH):
            found.append(_fact(t, "route", "oral", i, i + 1))
        elif word == "drip" or (
            word in ("vein", "veins") and words[i - 2 : i - 1] in (["into"], ["through"], ["in"])
        ):
            found.append(_fact(t, "route", "intravenous", i, i + 1))
        elif word == "under" and words[i + 1 : i + 3] == ["the", "tongue"]:
            found.append(_fact(t, "route", "sublingual", i, i + 3))
        elif word == "under" and words[i + 1 : i + 3] == ["the", "skin"]:
            found.append(_fact(t, "route", "subcutaneous", i, i + 3))
    return found


def _upper(t: Tokens, i: int) -> bool:
    return t.text[t.starts[i] : t.ends[i]].isupper()


def _next(words: list[str], i: int, known: tuple[str, ...]) -> bool:
    return i + 1 < len(words) and words[i + 1] in known


def _two_words(words: list[str], i: int) -> tuple[str, int]:
    word, after = words[i], words[i + 1] if i + 1 < len(words) else ""
    if word == "cat" and after in ("scan", "scans"):
        return "ct", i + 2
    if word == "pet" and after in ("scan", "scans", "-"):
        return "pet", i + 2
    if word == "x" and after in ("-", "ray", "rays"):
        j = i + 1 + (after == "-")
        if j < len(words) and words[j] in ("ray", "rays"):
            return "x-ray", j + 1
    return "", i + 1

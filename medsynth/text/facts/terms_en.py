"""Facts that English text names rather than counts: drugs, routes, tests, departments."""

from __future__ import annotations

from functools import lru_cache

from medsynth.text.facts.drugs_en import CAPITALISED, begins_drug, drug_at
from medsynth.text.facts.model import Fact, FactKind
from medsynth.text.facts.tokens_en import Tokens, word_set
from medsynth.text.facts.units_en import UNITS
from medsynth.text.facts.words_en import STOPWORDS

_JOINING = word_set("and or , plus")
_GIVING = word_set("taking takes took prescribed prescribe prescribing")
_JOINED = _JOINING | _GIVING
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
    "arthroscopy": "arthroscopy", "radiography": "x-ray", "radiographic": "x-ray", "radiographically": "x-ray",
    "roentgenogram": "x-ray", "electrocardiography": "ecg", "electrocardiographic": "ecg", "fbc": "cbc",
    "electroencephalography": "eeg", "esophagogastroduodenoscopy": "endoscopy", "mra": "mra", "ua": "urinalysis",
    "echocardiographic": "echocardiogram", "sonographic": "ultrasound", "ultrasonographic": "ultrasound",
    "ultrasonogram": "ultrasound", "mammographic": "mammogram", "colonoscopic": "colonoscopy",
    "endoscopic": "endoscopy", "angiographic": "angiogram",
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


@lru_cache(maxsize=65536)
def _may_be_drug(word: str) -> bool | None:
    """Return whether a listed drug may begin with a word; None for what is no name of any kind."""
    if word in STOPWORDS or not word[0].isalpha():
        return None
    return len(word) > 1 and begins_drug(word)


def drugs(t: Tokens) -> tuple[list[Fact], list[tuple[int, int]]]:
    """Return the drugs of a text, and the tokens each stands in."""
    found: list[Fact] = []
    places: list[tuple[int, int]] = []
    words, i = t.words, 0
    while i < len(words):
        word = words[i]
        listed = _may_be_drug(word)
        if listed is None:
            i += 1
            continue
        hit = drug_at(words, i) if listed else None
        if word in CAPITALISED and hit is not None and not _named(t, i):
            hit = None
        if hit is None and i and words[i - 1] in _JOINED and _unlisted(t, i, places):
            hit = word, i + 1
        if hit is None:
            i += 1
            continue
        name, behind = hit
        while words[behind : behind + 1] in (["/"], ["-"]) and behind + 1 < len(words):
            more = drug_at(words, behind + 1)
            if more is None or more[0] in name.split("/"):
                break
            name, behind = "/".join(sorted({*name.split("/"), *more[0].split("/")})), more[1]
        found.append(Fact("drug", name, t.starts[i], t.ends[behind - 1], t.span(i, behind)))
        places.append((i, behind))
        i = behind
    return found, places


def _named(t: Tokens, i: int) -> bool:
    """Whether what may be a drug's name is written as one: with a capital inside a sentence, or before an amount."""
    after = t.words[i + 1] if i + 1 < len(t.words) else ""
    if after[:1].isdigit() or after in UNITS:
        return True
    first = t.sentences[t.sentence_of[i]][0]
    return t.text[t.starts[i]].isupper() and (i > first or t.text[t.starts[i] : t.ends[i]].isupper())


def _unlisted(t: Tokens, i: int, places: list[tuple[int, int]]) -> bool:
    """Whether a word that no list has is written like a name and stands where a drug does: behind a drug and "and", or
    behind "taking". Names of people and months are none."""
    words = t.words
    before = words[i - 1]
    raw, word = t.text[t.starts[i] : t.ends[i]], words[i]
    if len(raw) < 4 or not (raw[0].isupper() and raw[1:].islower()) or word in STOPWORDS or word in _NO_NAMES:
        return False
    if before in _GIVING:
        return True
    joint = i - 1
    if joint and words[joint] != "," and words[joint - 1] == ",":
        joint -= 1
    return bool(places) and places[-1][1] == joint


def _fact(t: Tokens, kind: FactKind, value: str, first: int, behind: int, of: str = "") -> Fact:
    return Fact(kind, value, t.starts[first], t.ends[behind - 1], t.span(first, behind), of)


@lru_cache(maxsize=65536)
def _may_be_named(word: str) -> bool:
    """Whether a rule of `named` looks at a word."""
    names = (_TESTS, _PHRASES, _DEPARTMENTS, _ROUTES)
    others = ("by", "oral", "drip", "vein", "veins", "under")
    return any(word in known for known in names) or word.removesuffix("s") in _TESTS or word in others


def named(t: Tokens) -> list[Fact]:
    """Return tests, departments and routes."""
    found: list[Fact] = []
    words = t.words
    for i, word in enumerate(words):
        if not _may_be_named(word):
            continue
        if word not in _TESTS and word.endswith("s") and word[:-1] in _TESTS:
            word = word[:-1]  # "MRIs"
        if word in _PHRASES and (hit := _phrase_at(words, i))[0]:
            found.append(_fact(t, "test", hit[0], i, hit[1]))
        elif word in _TESTS:
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


_PHRASES: dict[str, list[tuple[tuple[str, ...], str]]] = {}
for _phrase, _test in {
    "mr imaging": "mri", "mr scan": "mri", "mr scans": "mri", "magnetic resonance imaging": "mri",
    "magnetic resonance": "mri", "computed tomography": "ct", "computerized tomography": "ct",
    "computerised tomography": "ct", "computed axial tomography": "ct", "computerized axial tomography": "ct",
    "computerised axial tomography": "ct", "plain film": "x-ray", "plain films": "x-ray", "chest film": "x-ray",
    "chest films": "x-ray", "heart tracing": "ecg", "electrical tracing": "ecg", "full blood count": "cbc",
    "complete blood count": "cbc", "blood count": "cbc", "blood counts": "cbc", "urine analysis": "urinalysis",
    "bone density scan": "dexa", "bone density test": "dexa", "bone densitometry": "dexa",
    "positron emission tomography": "pet", "heart ultrasound": "echocardiogram",
    "ultrasound of the heart": "echocardiogram", "ultrasound scan": "ultrasound", "spinal tap": "lumbar puncture",
    "lumbar puncture": "lumbar puncture", "muscle and nerve test": "emg", "upper endoscopy": "endoscopy",
}.items():  # fmt: skip
    _first, *_ = _phrase.split()
    _PHRASES.setdefault(_first, []).append((tuple(_phrase.split()), _test))
for _entries in _PHRASES.values():
    _entries.sort(key=lambda entry: -len(entry[0]))


def _phrase_at(words: list[str], i: int) -> tuple[str, int]:
    """Return the test that a phrase from token `i` on names and the token behind it; "" where there is none."""
    for parts, value in _PHRASES.get(words[i], ()):
        if tuple(words[i : i + len(parts)]) == parts:
            return value, i + len(parts)
    return "", i + 1


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

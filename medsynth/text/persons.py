"""What a consultation says of the persons in it: who speaks for the patient, and age and sex of both.

Each value rests on a span of the text (`Evidence`) and is `stated` (the words say it) or `inferred` (it
follows: a pregnant patient is a woman, a husband's wife speaks for him, a toddler does not speak for
itself). What the text leaves open is None here; sampling is the business of the *profile* stage.

Heuristics worth knowing: partners are taken to be of the other sex; a parent is 26 to 34 years older than
the child (most births fall there: mean age at childbirth is 28–30 years in UN World Population Prospects
2022 for both China and the United States); spouses share an age band.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from medsynth.errors import UserError
from medsynth.records import AGE_GROUPS, AgeGroup, Gender, Informant, RawTurn, StatedPatient, age_group_of
from medsynth.text.ages import AgeMention
from medsynth.text.attributes import Found, pick, pick_age, read_ages, read_sexes
from medsynth.text.evidence import Evidence, Fact, InformantReading, evidence_at
from medsynth.text.informant import read_informant
from medsynth.text.kinship import find_kin
from medsynth.text.owners import EN_FIRST, ZH_FIRST
from medsynth.text.patterns import bounded

T = TypeVar("T")

YOUNGEST_OWN_SPEAKER = 5.0
_EN_HE_SHE = bounded(r"\b(?:(?P<male>he|his|him|he's)|(?P<female>she|her|hers|she's))\b", re.IGNORECASE)
_ZH_SHE = bounded(r"(?P<male>(?!))|(?P<female>她)")
_PARENT_GAP = (26.0, 34.0)


@dataclass(frozen=True)
class Person:
    """What is known of one person; None is unknown. `age` is in years."""

    age: Fact[float] | None = None
    age_group: Fact[AgeGroup] | None = None
    gender: Fact[Gender] | None = None


@dataclass(frozen=True)
class Persons:
    """Speaker and patient (one person where `informant` is `self`).

    `informant_evidence` is None where nothing says who speaks and the patient is assumed.
    `speaker_groups` are the age bands that the text leaves possible for the speaker, never empty.
    """

    informant: Informant
    informant_evidence: Evidence | None
    speaker: Person
    patient: Person
    speaker_groups: tuple[AgeGroup, ...]


# ---------------------------------------------------------------- reading


def _person(age: Fact[AgeMention] | None, gender: Fact[Gender] | None) -> Person:
    if age is None:
        return Person(gender=gender)
    years = age.value.years
    return Person(
        None if years is None else Fact(years, age.basis, age.evidence),
        Fact(age.value.group, age.basis, age.evidence),
        gender,
    )


_ADULT_LIFE = {
    "en": bounded(
        r"\b(?:my\s+(?:wife|husband|job|boss|coworkers?|children|kids|fianc\w+)|pregnan\w*|divorced?|widow\w*|retired|smoke|smoked|drinker|beers?|"
        r"cigarettes?|alcohol\w*|menopaus\w*|mortgage|college|at\s+work|prostate|social\s+security|grandkids|grandchildren|arthritis|hypertension)\b",
        re.IGNORECASE,
    ),
    "zh": bounded(
        r"老公|老婆|丈夫|妻子|爱人|男朋友|女朋友|结婚|已婚|怀孕|备孕|同房|性生活|上班|工作|抽烟|吸烟|喝酒|退休|月经|例假|前列腺|要孩子|高血压|糖尿病|肝|冠心病|绝经|流产|阳痿|早泄|白带"
    ),
}
_FERTILE = {
    "en": bounded(
        r"\b(?:I'm|I\s+am|while|been)\s+(?:\d+\s+weeks\s+)?pregnant|my\s+(?:last\s+)?period\s+(?:was|is|came)\b|breast[\s-]?feeding\b",
        re.IGNORECASE,
    ),
    "zh": bounded(r"[我已早]?孕(?!激素|酮)|月经|例假|大姨妈|哺乳|产后|流产|人流|胎动"),
}
_LATE = {
    "en": bounded(r"\b(?:retired|grandkids|grandchildren|postmenopausal|menopause)\b", re.IGNORECASE),
    "zh": bounded(r"退休|绝经|孙子|孙女|老年性"),
}


def _possible_groups(
    turns: Sequence[RawTurn], lang: str, informant: Informant, patient: Person
) -> tuple[AgeGroup, ...]:
    """Return the age bands the speaker can be in, given whom they speak for and what they tell of themselves."""
    grown: tuple[AgeGroup, ...] = ("youth", "adult", "elderly")
    years = patient.age.value if patient.age else None
    group = patient.age_group.value if patient.age_group else None
    if informant in ("parent", "child"):
        if years is None:
            return ("elderly",) if informant == "parent" and group == "elderly" else ("adult",)
        low, high = (
            (years + gap for gap in _PARENT_GAP)
            if informant == "parent"
            else (years - gap for gap in reversed(_PARENT_GAP))
        )
        return tuple(dict.fromkeys((age_group_of(max(low, 14.0)), age_group_of(max(high, 14.0)))))
    if informant == "spouse":
        return (group,) if group in grown else grown
    if informant == "other":
        return ("youth", "adult") if group == "elderly" else grown
    said = "\n".join(turn.text for turn in turns if turn.role == "patient")
    key = "zh" if lang.startswith("zh") else "en"
    if _LATE[key].search(said):
        return ("adult", "elderly")
    if _FERTILE[key].search(said):
        return ("youth", "adult")
    return grown if _ADULT_LIFE[key].search(said) else AGE_GROUPS


def in_first_person(turns: Sequence[RawTurn], lang: str) -> bool:
    """Return whether the patient's turns speak of an I."""
    pronoun = ZH_FIRST if lang.startswith("zh") else EN_FIRST
    return any(turn.role == "patient" and pronoun.search(turn.text) for turn in turns)


def _not_for_itself(
    turns: Sequence[RawTurn], lang: str, reading: InformantReading, patient: Person
) -> InformantReading:
    """A small child is spoken for by a parent, an older one unless it gives its age as "I"."""
    age = patient.age
    if reading.informant != "self" or age is None or age_group_of(age.value) != "child":
        return reading
    if age.value >= YOUNGEST_OWN_SPEAKER and (
        age.evidence is None or _gives_own_age(turns, lang, age.evidence)
    ):
        return reading
    return InformantReading("parent", age.evidence)


def _gives_own_age(turns: Sequence[RawTurn], lang: str, evidence: Evidence) -> bool:
    if lang.startswith("zh"):
        text = turns[evidence.turn].text
        return (
            re.search("(?:我|本人)(?![家们]|的?[孩儿女])", text[max(0, evidence.start - 10) : evidence.end])
            is not None
        )
    return in_first_person(turns, lang)


def read_persons(
    turns: Sequence[RawTurn], lang: str, stated: StatedPatient | None = None, assumed: Informant | None = None
) -> Persons:
    """Return what `turns` say of speaker and patient. Pure, deterministic; linear in the length of the text.

    `stated` are the patient's attributes from fields of the source; they outweigh the text. In a language
    other than English and Chinese only those count. `assumed` is who speaks by other knowledge than the
    text, where the text does not name another.
    """
    stated = stated or StatedPatient()
    reading = read_informant(turns, lang)
    if assumed is not None and reading.informant == "self":
        reading = InformantReading(assumed)
    ages = read_ages(turns, lang, reading.informant)
    before = _patient(turns, lang, reading, ages, stated)
    settled = _not_for_itself(turns, lang, reading, before)
    if settled is not reading:
        reading = settled
        ages = read_ages(turns, lang, reading.informant)
        before = _patient(turns, lang, reading, ages, stated)
    sexes = read_sexes(turns, lang, reading.informant)
    patient = replace(before, gender=before.gender or pick(sexes, "patient"))
    if reading.informant == "self":
        groups = _possible_groups(turns, lang, "self", patient)
        return Persons("self", reading.evidence, _settle(patient, groups), patient, groups)
    gender = pick(sexes, "speaker")
    if reading.speaker_gender is not None:
        gender = Fact(reading.speaker_gender, "stated", reading.speaker_evidence)
    if gender is None and reading.informant == "spouse" and patient.gender is not None:
        gender = Fact(
            "male" if patient.gender.value == "female" else "female", "inferred", patient.gender.evidence
        )
    speaker = _person(pick_age(ages, "speaker"), gender)
    groups = _possible_groups(turns, lang, reading.informant, patient)
    return Persons(reading.informant, reading.evidence, _settle(speaker, groups), patient, groups)


def _patient(
    turns: Sequence[RawTurn],
    lang: str,
    reading: InformantReading,
    ages: Sequence[Found[AgeMention]],
    stated: StatedPatient,
) -> Person:
    """Return the patient's age, and sex as far as a field or the kinship word tells it."""
    gender: Fact[Gender] | None = None
    group: Fact[AgeGroup] | None = None
    if reading.informant != "self":
        for index, turn in enumerate(turns):
            if turn.role == "doctor" and lang.startswith("zh"):
                # 儿童, 小孩: what a doctor says of children at large.
                continue
            for named in find_kin(lang, turn.text):
                if named.informant != reading.informant or not (
                    named.owned or lang.startswith("zh") or named.group == "child"
                ):
                    continue
                where = evidence_at(turns, index, named.start, named.end)
                if gender is None and named.gender is not None:
                    gender = Fact(named.gender, "inferred", where)
                if group is None and named.group is not None:
                    group = Fact(named.group, "inferred", where)
        # "My son has it too" in talk of a daughter: many pronouns outweigh one noun.
        pronouns = _pronoun_gender(turns, lang)
        if gender is None or (pronouns is not None and pronouns[1]):
            gender = pronouns[0] if pronouns else None
    person = _person(pick_age(ages, "patient"), gender)
    if person.age_group is None:
        person = replace(person, age_group=group)
    if stated.age is not None:
        person = replace(
            person, age=Fact(stated.age, "stated"), age_group=Fact(age_group_of(stated.age), "stated")
        )
    if stated.gender is not None:
        person = replace(person, gender=Fact(stated.gender, "stated"))
    return person


def _pronoun_gender(turns: Sequence[RawTurn], lang: str) -> tuple[Fact[Gender], bool] | None:
    """Return the sex that the pronouns agree on, and whether they leave no doubt.

    Chinese 他 is written of both sexes, 她 of one.
    """
    counts: dict[Gender, int] = {"male": 0, "female": 0}
    where: dict[Gender, Evidence] = {}
    zh = lang.startswith("zh")
    pattern = _ZH_SHE if zh else _EN_HE_SHE
    for index, turn in enumerate(turns):
        for match in pattern.finditer(turn.text):
            if zh and turn.role == "doctor":
                continue
            gender: Gender = "male" if match.group("male") else "female"
            counts[gender] += 1
            where.setdefault(gender, evidence_at(turns, index, match.start(), match.end()))
    most, least = max(counts.values()), min(counts.values())
    if most == least:
        return None
    leading: Gender = "male" if counts["male"] == most else "female"
    return Fact(leading, "inferred", where[leading]), not zh and most >= 4 and most >= 3 * least


def _settle(speaker: Person, groups: tuple[AgeGroup, ...]) -> Person:
    """Where only one band is possible, that is the speaker's."""
    if speaker.age_group is None and len(groups) == 1:
        return replace(speaker, age_group=Fact(groups[0], "inferred"))
    return speaker


# ---------------------------------------------------------------- for printing


def profile_text(lang: str, text: str) -> dict[str, Any]:
    """Return what one message of a patient tells, ready to print: per attribute value, basis, evidence.

    Keys: informant, age_group, age, gender (of the speaker), patient_age_group, patient_age, patient_gender;
    each is None where the text does not say, else `{"value", "basis", "evidence": {"start", "end", "text"} | None}`.
    """
    persons = read_persons((RawTurn(role="patient", text=text),), lang)
    evidence = persons.informant_evidence
    informant = None if evidence is None else Fact(persons.informant, "inferred", evidence)
    return {
        "informant": _shown(informant),
        "age_group": _shown(persons.speaker.age_group),
        "age": _shown(persons.speaker.age),
        "gender": _shown(persons.speaker.gender),
        "patient_age_group": _shown(persons.patient.age_group),
        "patient_age": _shown(persons.patient.age),
        "patient_gender": _shown(persons.patient.gender),
    }


def profile_texts(path: Path) -> Iterator[dict[str, Any]]:
    """Yield one dict per line of a JSONL file of `id`, `lang`, `text`: who speaks and who is ill, as far as told.

    Keys: `id`; `informant` (`self` where nothing says otherwise, basis None); `age_group`, `gender` of who
    speaks (None where the text does not tell);
    `patient` with `age_group` and `gender`, or None where the patient speaks; `basis` of each value
    (`stated`, `inferred`; of the patient's as `patient.age_group`). A line that cannot be read yields
    `line` (from 1), `id` where it has one, and `error`; blank lines yield nothing. Raises UserError when
    the file cannot be opened.
    """
    try:
        handle = path.open("rb")
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); name a JSONL file of id, lang, text"
        ) from error
    with handle:
        for number, raw in enumerate(handle, 1):
            if raw.strip():
                yield _profiled_line(raw, number)


def _profiled_line(raw: bytes, number: int) -> dict[str, Any]:
    try:
        row = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return {"line": number, "error": "not valid UTF-8"}
    except (ValueError, RecursionError):
        return {"line": number, "error": "not valid JSON"}
    if not isinstance(row, dict):
        return {"line": number, "error": "not a JSON object"}
    bad = [name for name in ("id", "lang", "text") if not isinstance(row.get(name), str)]
    if isinstance(row.get("id"), int) and not isinstance(row["id"], bool):
        bad.remove("id")
    if bad:
        known = {} if "id" in bad else {"id": row["id"]}
        return {"line": number, **known, "error": f"missing or not a string: {', '.join(bad)}"}
    if row["lang"].split("-")[0].lower() not in {"en", "zh"}:
        return {"line": number, "id": row["id"], "error": "lang is neither en nor zh"}
    persons = read_persons((RawTurn(role="patient", text=row["text"]),), row["lang"].lower())
    speaker, patient = persons.speaker, persons.patient
    told = persons.informant_evidence is not None or persons.informant != "self"
    basis = {"informant": "inferred" if told else None, **_bases(speaker)}
    other: dict[str, str | None] | None = None
    if persons.informant != "self":
        other = {"age_group": _value(patient.age_group), "gender": _value(patient.gender)}
        basis |= {f"patient.{name}": value for name, value in _bases(patient).items()}
    return {
        "id": row["id"],
        "informant": persons.informant,
        "age_group": _value(speaker.age_group),
        "gender": _value(speaker.gender),
        "patient": other,
        "basis": basis,
    }


def _value(fact: Fact[Any] | None) -> Any:
    return None if fact is None else fact.value


def _bases(person: Person) -> dict[str, str | None]:
    return {
        name: None if fact is None else fact.basis
        for name, fact in (("age_group", person.age_group), ("gender", person.gender))
    }


def _shown(fact: Fact[Any] | None) -> dict[str, Any] | None:
    if fact is None:
        return None
    at = fact.evidence
    where = None if at is None else {"start": at.start, "end": at.end, "text": at.text}
    return {"value": fact.value, "basis": fact.basis, "evidence": where}

"""*profile*: who speaks for the patient, and the age group, gender and accent of that speaker.

What the text or the source states or implies is read by rules (`medsynth.text.persons`); the rest is
sampled from the configured prior, each attribute by a hash of its own of seed and dialogue id, so that it
depends on no other record and no other attribute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeVar, get_args

from pydantic import Field, field_validator

from medsynth.llm.settings import LLMOverride
from medsynth.records import (
    AgeGroup,
    Basis,
    Dialogue,
    Gender,
    Informant,
    Outcome,
    PatientProfile,
    StatedPatient,
    keep,
)
from medsynth.stages.base import Stage, StageSettings
from medsynth.text.persons import Persons, in_first_person, read_persons

K = TypeVar("K", bound=str)

# Approximate shares of visits to physicians' offices, National Ambulatory Medical Care Survey (US National
# Center for Health Statistics, "Health, United States, 2011", table 96, year 2009: under 18 .18, 18–44 .25,
# 45–64 .30, 65 and over .27; women make .59 of the visits). Bands are split at 14, 26 and 60 by length.
# Children are mostly spoken for by a parent, so all but .02 of their share is counted with the adults.
# The same weights serve Chinese until a pipeline names better ones.
_AGE_PRIOR: dict[AgeGroup, float] = {"child": 0.02, "youth": 0.10, "adult": 0.54, "elderly": 0.34}
_GENDER_PRIOR: dict[Gender, float] = {"female": 0.59, "male": 0.41}
# No statistic stands behind the accents: half American, half spread over the others that we can voice.
_ACCENT_PRIOR: dict[str, dict[str, float]] = {
    "en": {
        "en-US": 0.40,
        "en-US-nyc": 0.10,
        "en-GB": 0.12,
        "en-GB-rp": 0.08,
        "en-GB-scotland": 0.08,
        "en-GB-lancaster": 0.08,
        "en-GB-west-midlands": 0.08,
        "en-029": 0.06,
    },
    "zh": {"zh-CN": 1.0},
}
_PAEDIATRIC = ("儿科", "小儿", "新生儿", "pediatric", "paediatric")
_WOMEN = ("妇科", "妇产科", "产科", "gynecolog", "gynaecolog", "obstetric")
_MEN = ("男科", "androlog")
_INFORMANTS: dict[str, Informant] = {name: name for name in get_args(Informant)}
_DEPARTMENT_KEYS = ("department", "cate1", "cate2", "section", "specialty")


class ProfileSettings(StageSettings):
    """Priors per language (`en`, `zh`); a language without an entry uses English's ages and genders.

    Weights need not sum to one. `accents` of a language without an entry is the language tag itself.
    With engine `llm` a chat model is asked for what the rules leave open; `prompts_folder` holds templates that
    go before the shipped ones.
    """

    engine: Literal["rules", "llm"] = "rules"
    llm: LLMOverride = LLMOverride(temperature=0.0)
    prompts_folder: str | None = None
    age_groups: dict[str, dict[AgeGroup, float]] = Field(
        default_factory=lambda: {"en": dict(_AGE_PRIOR), "zh": dict(_AGE_PRIOR)}
    )
    genders: dict[str, dict[Gender, float]] = Field(
        default_factory=lambda: {"en": dict(_GENDER_PRIOR), "zh": dict(_GENDER_PRIOR)}
    )
    accents: dict[str, dict[str, float]] = Field(
        default_factory=lambda: {lang: dict(weights) for lang, weights in _ACCENT_PRIOR.items()}
    )

    @field_validator("age_groups", "genders", "accents")
    @classmethod
    def _weights(cls, value: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        for lang, weights in value.items():
            if (
                any(not 0 <= weight < float("inf") for weight in weights.values())
                or sum(weights.values()) <= 0
            ):
                raise ValueError(f"the weights for {lang!r} must be finite, not negative, and not all zero")
        return value


def sample(weights: Mapping[K, float], seed: int, record_id: str, attribute: str) -> K:
    """Return a key of `weights`, drawn by a hash of seed, id and attribute: no state, no order.

    Where all weights are zero (a band the prior excludes but the text demands) the draw is uniform.
    """
    digest = hashlib.blake2b(
        f"{seed}|{attribute}|{record_id}".encode("utf-8", "surrogatepass"), digest_size=8
    )
    keys = sorted(weights)
    total = sum(weights.values())
    shares = [weights[key] / total if total > 0 else 1 / len(keys) for key in keys]
    point = int.from_bytes(digest.digest(), "big") / 2**64
    for key, share in zip(keys, shares, strict=True):
        point -= share
        if point < 0:
            return key
    return max(keys, key=lambda key: weights[key])


def department_hint(meta: Mapping[str, str]) -> StatedPatient:
    """Return the patient's sex where the department of the source leaves no other (妇科, 男科)."""
    names = " ".join(meta.get(key, "") for key in _DEPARTMENT_KEYS).lower()
    women, men = any(word in names for word in _WOMEN), any(word in names for word in _MEN)
    return StatedPatient(gender=None if women == men else "female" if women else "male")


def source_language(record: Dialogue) -> str:
    """Return the language of the source's text, which a translated dialogue notes."""
    return record.notes.get("source_lang", record.lang)


def assumed_informant(record: Dialogue) -> Informant | None:
    """Return who speaks where the text does not tell: as the source says, or a parent in child health.

    A child of school age may write itself ("我15岁"), so first-person text in child health is left open.
    """
    said = record.meta.get("informant", "")
    if said in _INFORMANTS:
        return _INFORMANTS[said]
    names = " ".join(record.meta.get(key, "") for key in _DEPARTMENT_KEYS).lower()
    grown = record.stated.age is not None and record.stated.age >= 14
    if grown or in_first_person(record.source_turns, source_language(record)):
        return None
    return "parent" if any(word in names for word in _PAEDIATRIC) else None


def _base(lang: str) -> str:
    return lang.split("-", 1)[0].lower()


class ProfileStage(Stage[Dialogue]):
    """Sets `patient` and `informant` of every dialogue; keeps all of them."""

    name: ClassVar[str] = "profile"
    version: ClassVar[int] = 1
    Settings: ClassVar[type[StageSettings]] = ProfileSettings
    settings: ProfileSettings

    @classmethod
    def implementation(cls, settings: Any) -> type[Stage]:
        """Return the stage that asks a model, where the settings want one."""
        if settings.engine != "llm":
            return cls
        from medsynth.stages.llm_profile import LLMProfileStage

        return LLMProfileStage

    def process(self, batch: Sequence[Dialogue]) -> list[Outcome]:
        """Return every dialogue with its profile; what is unknown is sampled, never an error."""
        return [keep(self._profiled(record)) for record in batch]

    def _profiled(self, record: Dialogue) -> Dialogue:
        lang = source_language(record)
        persons = read_persons(record.source_turns, lang, record.stated, assumed_informant(record))
        hint = department_hint(record.meta).gender
        age_group, age_basis = self._age_group(record, persons)
        gender, gender_basis = self._gender(record, persons, hint)
        lang = _base(record.lang)
        accents = self.settings.accents.get(lang) or {record.lang: 1.0}
        patient = persons.patient
        own = persons.informant == "self"
        profile = PatientProfile(
            age_group=age_group,
            age=persons.speaker.age.value if persons.speaker.age else None,
            gender=gender,
            accent=sample(accents, self.context.seed, record.id, "accent"),
            age_basis=age_basis,
            gender_basis=gender_basis,
            accent_basis="sampled",
            patient_age_group=None if own or patient.age_group is None else patient.age_group.value,
            patient_gender=None if own else patient.gender.value if patient.gender else hint,
        )
        return record.model_copy(update={"patient": profile, "informant": persons.informant})

    def _age_group(self, record: Dialogue, persons: Persons) -> tuple[AgeGroup, Basis]:
        known = persons.speaker.age_group
        if known is not None:
            return known.value, known.basis
        prior = self._prior(self.settings.age_groups, record.lang, _AGE_PRIOR)
        weights = {group: prior.get(group, 0.0) for group in persons.speaker_groups}
        return sample(weights, self.context.seed, record.id, "age_group"), "sampled"

    def _gender(self, record: Dialogue, persons: Persons, hint: Gender | None) -> tuple[Gender, Basis]:
        known = persons.speaker.gender
        if known is not None:
            return known.value, known.basis
        if hint is not None and persons.informant == "self":
            return hint, "inferred"
        prior = self._prior(self.settings.genders, record.lang, _GENDER_PRIOR)
        return sample(prior, self.context.seed, record.id, "gender"), "sampled"

    @staticmethod
    def _prior(table: Mapping[str, dict[K, float]], lang: str, default: dict[K, float]) -> dict[K, float]:
        return table.get(_base(lang)) or table.get("en") or default

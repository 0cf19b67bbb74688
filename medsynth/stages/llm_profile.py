"""*profile* with a chat model: what the rules leave open is asked, and believed only with a quotation that is there.

Rules go first and win: a model is asked only where they read neither age nor sex of the speaker, or nothing of
who speaks. Its answer counts as `inferred`, and only if it quotes words of the text that bear on the matter and
that the rules do not read otherwise. All else is sampled as by the rules alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from medsynth.llm.base import ChatEngine, Message
from medsynth.llm.prompts import load_prompt, turn_lines
from medsynth.llm.session import NoAnswer
from medsynth.records import (
    AgeGroup,
    Dialogue,
    Gender,
    Informant,
    Kept,
    Outcome,
    RawTurn,
    age_group_of,
    keep,
)
from medsynth.stages.base import Context, StageSettings
from medsynth.stages.llm_stage import LLMStage
from medsynth.stages.profile import ProfileSettings, ProfileStage, assumed_informant, department_hint
from medsynth.text.ages import find_ages
from medsynth.text.kinship import find_kin
from medsynth.text.patterns import bounded
from medsynth.text.persons import Persons, in_first_person, read_persons

V = TypeVar("V")
Attribute = Literal["informant", "age_group", "gender"]
ATTRIBUTES: tuple[Attribute, ...] = ("informant", "age_group", "gender")
_LANGUAGES = ("en", "zh")
# Longer than this is no quotation of what shows something (characters).
_LONGEST = 160
# What a quotation must hold to bear on an attribute: words that tell an age, or a sex, to a human reader.
_CUES: dict[str, dict[str, re.Pattern[str]]] = {
    "age_group": {
        "en": bounded(
            r"\d|\b(?:year|born|birthday|aged?|old|young|teen\w*|toddler|bab(?:y|ies)|infant|kid|child\w*|school|class|"
            r"grade|exams?|college|universit\w*|student|job|work\w*|boss|office|husband|wife|married|marriage|divorce\w*|"
            r"mortgage|pregnan\w*|birth|period|menopaus\w*|retire\w*|pension\w*|grand\w+|nursing\s+home|care\s+home|"
            r"army|driv\w+|twenties|thirties|forties|fifties|sixties|seventies|eighties|mum|mom|dad|parents?)\b",
            re.IGNORECASE,
        ),
        "zh": bounded(
            r"\d|岁|年龄|出生|年级|小学|初中|高中|高考|中考|大学|学生|上学|放学|宿舍|军训|工作|上班|单位|公司|加班|出差|结婚|"
            r"老公|老婆|丈夫|妻子|怀孕|备孕|产后|绝经|更年期|退休|养老|孙|老人|老年|幼儿|宝宝|婴|孩|儿子|女儿|爸|妈|父|母|月经|例假"
        ),
    },
    "gender": {
        "en": bounded(
            r"\b(?:wom[ae]n|m[ae]n|male|female|girl\w*|boy\w*|lad(?:y|ies)|gentlem[ae]n|guy|mr|mrs|ms|miss|sir|ma'?am|"
            r"husband|wife|fianc\w+|mother|father|mum|mom|dad|sister|brother|daughter|son|aunt|uncle|grand(?:ma|pa|mother|"
            r"father)|he|she|his|her|him|period\w*|menstru\w*|menopaus\w*|pregnan\w*|birth|caesarean|cesarean|c-section|"
            r"miscarr\w*|breast\w*|nipple\w*|uter\w+|ovar\w+|vagin\w*|cervi\w+|pap|smear|bra|prostat\w*|testic\w*|penis|"
            r"penile|erect\w*|scrot\w*|foreskin|beard|shav\w+|ejacul\w*|sperm|semen|vasectomy)\b",
            re.IGNORECASE,
        ),
        "zh": bounded(
            r"女|男|老公|老婆|丈夫|妻子|爱人|妈|爸|母|父|姐|妹|哥|弟|奶|爷|姥|姨|姑|婶|嫂|叔|舅|媳|婿|她|他|先生|太太|小姐|月经|例假|姨妈|"
            r"痛经|闭经|绝经|怀孕|孕|产|流产|人流|乳|胸罩|子宫|卵巢|阴道|宫颈|白带|前列腺|睾|阴茎|勃起|包皮|遗精|早泄|阳痿|精子|精液|胡须|胡子|刮脸"
        ),
    },
}
_THIRD = {"en": bounded(r"\b(?:he|she|him|her|his|they|patient|child|kid|baby)\b", re.IGNORECASE),
          "zh": bounded(r"他|她|孩|宝宝|患者|病人|老人|家人|家属")}  # fmt: skip


class Quoted(BaseModel, Generic[V]):
    """A value and the words that show it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence: str
    value: V


class Reading(BaseModel):
    """The reply to the profile prompt; None is not told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    informant: Quoted[Informant] | None
    age_group: Quoted[AgeGroup] | None
    gender: Quoted[Gender] | None


class LLMProfileStage(LLMStage[Dialogue]):
    """Sets `patient` and `informant` of every dialogue: rules first, then the model, then the prior."""

    name: ClassVar[str] = "profile"
    version: ClassVar[int] = 1
    Settings: ClassVar[type[StageSettings]] = ProfileSettings
    settings: ProfileSettings

    def __init__(self, settings: Any, context: Context, engine: ChatEngine | None = None) -> None:
        """Raise UserError where a prompt is missing or broken."""
        super().__init__(settings, context, engine)
        folder = context.resolve(settings.prompts_folder) if settings.prompts_folder else None
        self._prompts = {lang: load_prompt("profile", lang, folder) for lang in _LANGUAGES}
        self._rules = ProfileStage(settings, context)

    def fingerprint(self) -> str:
        """Cover the rules as well."""
        text = f"{super().fingerprint()}|{self._rules.fingerprint()}"
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def side_inputs(self) -> str:
        """Return a hash of the prompts."""
        return "|".join(prompt.hash for _, prompt in sorted(self._prompts.items()))

    def key(self, record: Dialogue) -> str:
        """Return the hash of the prompt of the record's language."""
        prompt = self._prompts.get(_language(record))
        return prompt.hash if prompt else ""

    def messages(self, record: Dialogue, wanted: Sequence[str] = ATTRIBUTES) -> tuple[Message, ...]:
        """Return what is sent for a dialogue; `wanted` are the attributes to read."""
        lang = _language(record)
        return self._prompts[lang].render(source=turn_lines(record.source_turns), wanted=tuple(wanted))

    async def outcome(self, record: Dialogue) -> Outcome:
        """Return the dialogue with its profile; a model that knows nothing, or gives no answer, changes nothing."""
        (ruled,) = self._rules.process([record])
        lang = _language(record)
        if lang not in self._prompts or not isinstance(ruled, Kept):
            return ruled
        wanted = self.wanted(record)
        if not wanted:
            return ruled
        try:
            answer = await self.session.ask(self.messages(record, wanted), Reading, record.id)
        except NoAnswer as error:
            if error.transient:
                raise
            return ruled
        return keep(self._told(record, answer.value, wanted))

    def wanted(self, record: Dialogue) -> tuple[Attribute, ...]:
        """Return what the rules leave open about who speaks."""
        persons = _persons(record)
        sex = persons.speaker.gender or (persons.informant == "self" and department_hint(record.meta).gender)
        told = persons.informant_evidence is not None or assumed_informant(record) is not None
        is_open: dict[Attribute, bool] = {
            "informant": not told and not in_first_person(record.source_turns, _language(record)),
            "age_group": persons.speaker.age_group is None,
            "gender": not sex,
        }
        return tuple(name for name in ATTRIBUTES if is_open[name])

    def _told(self, record: Dialogue, reading: Reading, wanted: Sequence[Attribute]) -> Dialogue:
        lang, quotes = _language(record), {}
        asked = record
        informant = reading.informant
        if "informant" in wanted and informant and _shows_other(informant, record, lang):
            # As if the source named the informant: the rules build on it.
            asked = record.model_copy(update={"meta": {**record.meta, "informant": informant.value}})
            quotes["informant"] = informant.evidence
        (ruled,) = self._rules.process([asked])
        assert isinstance(ruled, Kept)
        done = ruled.records[0]
        assert isinstance(done, Dialogue)
        persons, profile = _persons(asked), done.patient
        changes: dict[str, Any] = {}
        age, sex = reading.age_group, reading.gender
        if (
            age
            and profile.age_basis == "sampled"
            and age.value in persons.speaker_groups
            and _quoted(age.evidence, record)
            and shows_age(age.evidence, age.value, lang)
        ):
            changes |= {"age_group": age.value, "age_basis": "inferred"}
            quotes["age_group"] = age.evidence
        if (
            sex
            and profile.gender_basis == "sampled"
            and _quoted(sex.evidence, record)
            and shows_gender(sex.evidence, sex.value, lang)
        ):
            changes |= {"gender": sex.value, "gender_basis": "inferred"}
            quotes["gender"] = sex.evidence
        notes = {**done.notes, **{f"profile.{name}": " ".join(q.split()) for name, q in quotes.items()}}
        return done.model_copy(
            update={"patient": profile.model_copy(update=changes), "meta": record.meta, "notes": notes}
        )


def _language(record: Dialogue) -> str:
    """Return the language of the source, which is what is read."""
    return record.notes.get("source_lang", record.lang).split("-")[0].lower()


def _persons(record: Dialogue) -> Persons:
    lang = record.notes.get("source_lang", record.lang)
    return read_persons(record.source_turns, lang, record.stated, assumed_informant(record))


def _quoted(evidence: str, record: Dialogue) -> bool:
    """Return whether the words stand in one turn of the source as whole words, blanks and case apart."""
    words = evidence.strip(" \"'“”‘’.。，,").lower().split()
    if not 0 < sum(map(len, words)) <= _LONGEST:
        return False
    pattern = re.compile(r"(?<![a-z0-9])" + r"\s*".join(map(re.escape, words)) + r"(?![a-z0-9])")
    return any(pattern.search(turn.text.lower()) for turn in record.source_turns)


def shows_age(evidence: str, group: AgeGroup, lang: str) -> bool:
    """Return whether a quotation bears on age and does not name another one."""
    if not _CUES["age_group"][lang].search(evidence):
        return False
    read = _read(evidence, lang).speaker.age_group
    groups = {age_group_of(m.years) for m in find_ages(lang, evidence) if m.years is not None}
    return (read is None or read.value == group) and (not groups or group in groups)


def shows_gender(evidence: str, gender: Gender, lang: str) -> bool:
    """Return whether a quotation bears on sex and the rules do not read the other one there."""
    if not _CUES["gender"][lang].search(evidence):
        return False
    read = _read(evidence, lang).speaker.gender
    return read is None or read.value == gender


def _shows_other(informant: Quoted[Informant], record: Dialogue, lang: str) -> bool:
    """Return whether somebody else than the patient is said to speak, with words that are there and name a person."""
    words = informant.evidence
    named = bool(find_kin(lang, words) or _THIRD[lang].search(words))
    return informant.value != "self" and named and _quoted(words, record)


def _read(evidence: str, lang: str) -> Persons:
    return read_persons((RawTurn(role="patient", text=evidence),), lang)

"""What flows through a pipeline: raw questions and answers in, dialogues out, one outcome for each.

This module imports nothing of ours; everything else may import it.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Role: TypeAlias = Literal["patient", "doctor"]
Kind: TypeAlias = Literal["consultation", "qa", "safety", "exam"]
Split: TypeAlias = Literal["train", "validation", "test"]
AgeGroup: TypeAlias = Literal["child", "youth", "adult", "elderly"]
Gender: TypeAlias = Literal["female", "male"]
Informant: TypeAlias = Literal["self", "parent", "child", "spouse", "other"]
Basis: TypeAlias = Literal["stated", "inferred", "sampled", "forced"]
Consent: TypeAlias = Literal["recording", "cloning", "unknown", "synthetic"]

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
AGE_GROUPS: tuple[AgeGroup, ...] = ("child", "youth", "adult", "elderly")
GENDERS: tuple[Gender, ...] = ("female", "male")


def age_group_of(age: float) -> AgeGroup:
    """Return the band of an age in years: child <14, youth 14–25, adult 26–59, elderly ≥60."""
    if age < 14:
        return "child"
    if age < 26:
        return "youth"
    if age < 60:
        return "adult"
    return "elderly"


class Reason(StrEnum):
    """Why a record was rejected. The vocabulary is closed; `REASONS` says what each one means."""

    MALFORMED_ROW = "malformed_row"
    MISSING_FIELD = "missing_field"
    BAD_ENCODING = "bad_encoding"
    EMPTY_QUESTION = "empty_question"
    EMPTY_ANSWER = "empty_answer"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    WRONG_LANGUAGE = "wrong_language"
    NEEDS_IMAGE = "needs_image"
    NEEDS_TABLE = "needs_table"
    NEEDS_LINK = "needs_link"
    MARKUP_ONLY = "markup_only"
    PERSONAL_DATA = "personal_data"
    NOT_MEDICAL = "not_medical"
    HARMFUL_ANSWER = "harmful_answer"
    HELD_OUT = "held_out"
    NO_VALID_REPLY = "no_valid_reply"
    UNSOUND = "unsound"
    NO_PROBLEM = "no_problem"
    UNANSWERED = "unanswered"
    NOT_SPEECH = "not_speech"
    UNSAFE = "unsafe"
    NOT_CONSULTATION = "not_consultation"
    NO_AGREEMENT = "no_agreement"
    BAD_STRUCTURE = "bad_structure"
    COPIED = "copied"
    LOST_QUESTION = "lost_question"
    LOST_ADVICE = "lost_advice"
    ALTERED_FACTS = "altered_facts"
    NO_COMPLAINT = "no_complaint"
    NO_ADVICE = "no_advice"
    UNSPEAKABLE = "unspeakable"
    NO_SPEAKER = "no_speaker"
    AUDIO_CHECK = "audio_check"


REASONS: dict[Reason, str] = {
    Reason.MALFORMED_ROW: "the row could not be parsed in the shape of its source",
    Reason.MISSING_FIELD: "a field that the source promises is not there or has the wrong type",
    Reason.BAD_ENCODING: "the bytes are not valid in the encoding of the source",
    Reason.EMPTY_QUESTION: "the patient says nothing once markup is removed",
    Reason.EMPTY_ANSWER: "the doctor says nothing once markup is removed",
    Reason.TOO_SHORT: "question or answer is too short to make a consultation of",
    Reason.TOO_LONG: "the text is longer than a consultation can be made of",
    Reason.WRONG_LANGUAGE: "the text is not in the language that the source declares",
    Reason.NEEDS_IMAGE: "the text leans on a picture or scan that is not there",
    Reason.NEEDS_TABLE: "the text leans on a table or figure that is not there",
    Reason.NEEDS_LINK: "the text leans on a link, and says too little without it",
    Reason.MARKUP_ONLY: "nothing is left once markup, codes and symbols are removed",
    Reason.PERSONAL_DATA: "it identifies a person in a way that cannot be taken out of speech",
    Reason.NOT_MEDICAL: "neither question nor answer is about health, illness or medicine",
    Reason.HARMFUL_ANSWER: "harm is asked for, and the answer neither refuses nor warns",
    Reason.HELD_OUT: "it matches a held-out evaluation set named in the pipeline",
    Reason.NO_VALID_REPLY: "the model gave no valid answer in the permitted number of tries",
    Reason.UNSOUND: "the model judges the answer medically unsound",
    Reason.NO_PROBLEM: "the model finds no concrete health problem in the question",
    Reason.UNANSWERED: "the model finds that the answer does not meet the question",
    Reason.NOT_SPEECH: "the model finds something in it that speech cannot carry",
    Reason.UNSAFE: "the model judges it unsafe or unlawful",
    Reason.NOT_CONSULTATION: "the model judges it unsuited to a consultation",
    Reason.NO_AGREEMENT: "two readings of the row disagree on whether it is fit",
    Reason.BAD_STRUCTURE: "the rewritten dialogue is not one, after every permitted repair",
    Reason.COPIED: "the rewritten dialogue repeats the source instead of telling it as a talk",
    Reason.LOST_QUESTION: "what the patient asks is not in the rewritten dialogue",
    Reason.LOST_ADVICE: "the rewritten dialogue ends before the source's advice, or leaves it out",
    Reason.ALTERED_FACTS: "the rewritten dialogue alters, invents or loses medical facts, after every permitted repair",
    Reason.NO_COMPLAINT: "no sentence of the patient can open a consultation",
    Reason.NO_ADVICE: "no sentence of the answer can be said as advice or assessment",
    Reason.UNSPEAKABLE: "a turn cannot be brought under the limits for speech without inventing text",
    Reason.NO_SPEAKER: "the bank has no speaker of the patient's gender and language in this split",
    Reason.AUDIO_CHECK: "a clip failed its checks after every permitted repair",
}


class Record(BaseModel):
    """Base of everything that is stored: frozen, closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def content_hash(self) -> str:
        """Return 32 hex digits that change when anything in the record changes (audio by its sha256)."""
        return hashlib.blake2b(self.model_dump_json().encode(), digest_size=16).hexdigest()


class RawTurn(Record):
    """One utterance of the source, as text."""

    role: Role
    text: str


class StatedPatient(Record):
    """Patient attributes that the source gives in fields of its own (not read from the text)."""

    age: float | None = None
    gender: Gender | None = None


class RawQA(Record):
    """One row of a source. `text` fields are raw until *screen* has passed, clean afterwards.

    `id` is safe as a file name. `group` joins rows that share a document, case, encounter or person.
    `cluster` is set by *dedup*: the root of everything this row is a duplicate of or shares a group with.
    """

    id: str
    source: str
    group: str
    lang: str
    licence: str
    kind: Kind
    turns: tuple[RawTurn, ...]
    meta: dict[str, str] = Field(default_factory=dict)
    patient: StatedPatient = StatedPatient()
    cluster: str = ""
    split: Split | None = None


class Span(Record):
    """Characters `start:end` (Python indices) of `source_turns[turn].text`."""

    turn: int
    start: int
    end: int


class FrameRef(Record):
    """One of our listed sentences, by id (`onset.03`) and by the text it had."""

    frame: str
    text: str


class Audio(Record):
    """One clip: mono 16-bit FLAC. `flac` is left out of JSON; `sha256` (of `flac`) stands for it."""

    flac: bytes = Field(default=b"", exclude=True, repr=False)
    sha256: str
    duration_s: float
    sample_rate: int
    engine: str
    speaker: str


class Effect(Record):
    """One thing that makes a turn differ from read speech: a hesitation, a sound, a room, a noise, a channel.

    `detail` says which, `value` how much of it in `unit`. `start`–`end` are characters of what is `spoken`, or
    seconds of the `clip`; None where it is everywhere.
    """

    name: str
    detail: str = ""
    value: float | None = None
    unit: str = ""
    of: Literal["", "spoken", "clip"] = ""
    start: float | None = None
    end: float | None = None


class Turn(Record):
    """One utterance. `origin` lists the pieces whose rendering, joined, is exactly `text`.

    `effects` (left out of JSON where there are none) are what was done to the voice of a patient-like turn.
    """

    role: Role
    text: str
    spoken: str = ""
    origin: tuple[Span | FrameRef, ...] = ()
    audio: Audio | None = None
    effects: tuple[Effect, ...] = Field(default=(), exclude_if=operator.not_)


class PatientProfile(Record):
    """Who is heard: age group, gender and accent of the person who *speaks* for the patient.

    Each attribute has the basis it rests on; None only before *profile* has run. `age` is in years
    where a number is known. Where informant and patient differ, `patient_age_group` and
    `patient_gender` say what is known of the one who is ill.
    """

    age_group: AgeGroup | None = None
    age: float | None = None
    gender: Gender | None = None
    accent: str | None = None
    age_basis: Basis | None = None
    gender_basis: Basis | None = None
    accent_basis: Basis | None = None
    patient_age_group: AgeGroup | None = None
    patient_gender: Gender | None = None


class Provenance(Record):
    """How the text was made: engine, model, prompt (name, version, hash), settings, seed, attempts."""

    engine: str
    model: str = ""
    prompt: str = ""
    prompt_version: str = ""
    prompt_hash: str = ""
    settings: dict[str, str] = Field(default_factory=dict)
    seed: int = 0
    attempts: int = 1


class Dialogue(Record):
    """A consultation-style dialogue. The patient opens, the doctor closes, roles alternate.

    `acoustic_condition` (left out of JSON where there is none) is where the patient is heard, in a corpus with
    patient-like speech.
    """

    id: str
    source: str
    raw_ids: tuple[str, ...]
    group: str
    cluster: str
    lang: str
    kind: Kind
    licence: str
    split: Split
    source_turns: tuple[RawTurn, ...]
    turns: tuple[Turn, ...]
    meta: dict[str, str] = Field(default_factory=dict)
    stated: StatedPatient = StatedPatient()
    patient: PatientProfile = PatientProfile()
    informant: Informant = "self"
    speaker_id: str | None = None
    doctor_speaker_id: str | None = None
    acoustic_condition: str | None = Field(default=None, exclude_if=operator.not_)
    provenance: Provenance
    checks: dict[str, float] = Field(default_factory=dict)
    notes: dict[str, str] = Field(default_factory=dict)


def dialogue_of(
    record: RawQA,
    turns: tuple[Turn, ...],
    provenance: Provenance,
    lang: str = "",
    checks: dict[str, float] | None = None,
    notes: dict[str, str] | None = None,
) -> Dialogue:
    """Return the dialogue that `turns` make of one raw record: its id and all that it knows go with it.

    `lang` is given where it was translated. A record that has no split yet counts as train.
    """
    return Dialogue(
        id=record.id, source=record.source, raw_ids=(record.id,), group=record.group, cluster=record.cluster,
        lang=lang or record.lang, kind=record.kind, licence=record.licence, split=record.split or "train",
        source_turns=record.turns, turns=turns, meta=record.meta, stated=record.patient, provenance=provenance,
        checks=checks or {}, notes=notes or {},
    )  # fmt: skip


class Speaker(Record):
    """A voice of the bank. `handle` is the engine's own name and parameters for it.

    `f0_hz` and `f0_low_hz`–`f0_high_hz` are the median pitch this speaker should have and the band a
    clip may fall in; `pace` is speech rate without pauses in syllables (en) or characters (zh) a second.
    `pace_sd` is the standard deviation of the log pace from clip to clip, over what a steady voice has.
    """

    id: str
    engine: str
    lang: str
    age_group: AgeGroup
    gender: Gender
    accent: str
    split: Split
    handle: dict[str, str | int | float]
    licence: str
    consent: Consent
    f0_hz: float
    f0_low_hz: float
    f0_high_hz: float
    pace: float
    pace_sd: float = Field(default=0.0, ge=0, exclude_if=operator.not_)


@dataclass(frozen=True)
class Kept:
    """The record goes on, as one record or (rarely) several with ids of their own."""

    records: tuple[Record, ...]


@dataclass(frozen=True)
class Rejected:
    """The record ends here for a named reason. `detail` holds no time, path, address or personal data."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True)
class Merged:
    """The record is represented by another one."""

    into: str
    detail: str = ""


@dataclass(frozen=True)
class Failed:
    """The record could not be processed: an error, not a judgement of its content."""

    error: str
    detail: str = ""


Outcome: TypeAlias = Kept | Rejected | Merged | Failed


def keep(*records: Record) -> Kept:
    """Return a `Kept` of these records."""
    return Kept(records)


def text_of(turns: Sequence[RawTurn | Turn], role: Role) -> str:
    """Return what one role says over all turns, joined by line breaks."""
    return "\n".join(t.text for t in turns if t.role == role)

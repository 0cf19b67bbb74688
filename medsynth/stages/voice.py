"""The voice stage: which dialogues are spoken, by whom, and the clips themselves."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Sequence
from importlib import metadata
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field, field_validator

from medsynth.errors import UserError
from medsynth.records import (
    AgeGroup,
    Dialogue,
    Failed,
    Outcome,
    PatientProfile,
    Reason,
    Rejected,
    Role,
    Speaker,
    age_group_of,
    keep,
)
from medsynth.stages.base import Context, GlobalStage, StageSettings
from medsynth.text.spoken import spoken_form
from medsynth.voice.bank import bank_hash, load_bank
from medsynth.voice.dialogue import ClipRejected, Voiced, voice_turns
from medsynth.voice.engine import VoiceEngine, VoiceError, open_engine, require_engine
from medsynth.voice.match import Match, ProfileSpec, candidates
from medsynth.voice.pace import load

# Seconds of pause that a clip carries: its edges, and what espeak leaves at a comma or full stop.
_TURN_PAUSE_S, _PHRASE_PAUSE_S = 0.2, 0.25
_PACE: dict[AgeGroup | None, float] = {"child": 4.9, "youth": 5.0, "adult": 4.7, "elderly": 3.9, None: 4.7}
# Where a clip cannot be mended in the matched voice, the whole dialogue is tried once in the next one.
_VOICES_TRIED = 2
_SUMMARISED = ("f0_hz", "pace", "duration_ratio", "loudness_lufs", "gap_s")


class VoiceSettings(StageSettings):
    """`count`, `hours` or `ids` (a file, one dialogue id a line) choose what is voiced; by default all but exams.

    `profile` forces who is heard ("female-elderly", "child,en-GB-scotland"). `repairs`: how often a clip that
    fails its checks is said again before it is said sentence by sentence and then in the next voice; 0: never.
    `bank` is a speaker bank in place of the built-in one.
    """

    engine: str = "espeak"
    roles: tuple[Role, ...] = ("patient",)
    count: int | None = Field(default=None, ge=0)
    hours: float | None = Field(default=None, ge=0)
    ids: str | None = None
    profile: str | None = None
    repairs: int = Field(default=2, ge=0, le=8)
    bank: str | None = None

    @field_validator("roles")
    @classmethod
    def _some_role(cls, roles: tuple[Role, ...]) -> tuple[Role, ...]:
        if not roles:
            raise ValueError("name at least one role: patient, doctor")
        return tuple(sorted(set(roles), reverse=True))


class VoiceStage(GlobalStage[Dialogue]):
    """Speaks dialogues. Splits, genders and languages are never crossed in the choice of a voice."""

    name: ClassVar[str] = "voice"
    version: ClassVar[int] = 1
    resource: ClassVar[Literal["cpu", "io", "gpu"]] = "cpu"
    Settings: ClassVar[type[StageSettings]] = VoiceSettings
    settings: VoiceSettings

    def __init__(self, settings: VoiceSettings, context: Context) -> None:
        super().__init__(settings, context)
        require_engine(settings.engine)  # before any work: a missing extra is the run's error, not a record's
        path = context.resolve(settings.bank) if settings.bank else None
        self.bank = tuple(s for s in load_bank(path) if s.engine == settings.engine)
        accents = sorted({s.accent for s in self.bank})
        self.forced = ProfileSpec.parse(settings.profile, accents) if settings.profile else ProfileSpec()
        self._engine: VoiceEngine | None = None

    def fingerprint(self) -> str:
        """Return what all results depend on: not what is chosen to be voiced, and not the bank as a whole."""
        text = self.settings.model_dump_json(exclude={"count", "hours", "ids", "bank"})
        library = metadata.version("espeakng-loader") if self.settings.engine == "espeak" else ""
        whole = f"{self.name}|{self.version}|{self.context.seed}|{text}|{library}"
        return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()

    def side_inputs(self) -> str:
        """Return the hash of the speaker bank."""
        return bank_hash(self.bank)

    def key(self, record: Dialogue) -> str:
        """Return a hash of the speakers this dialogue can be heard in: those matched, and those next in line.

        The next in line count because a repair may fall back on them.
        """
        patients = self._patients(record, self._profile(record))[:_VOICES_TRIED]
        doctors = self._doctors(record, patients)[:_VOICES_TRIED]
        text = "|".join(m.speaker.content_hash() + repr(m.relaxations) for m in (*patients, *doctors))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def sketch(self, batch: Sequence[Dialogue]) -> pl.DataFrame:
        """Return `id`, `kind`, `cell` (source, language, age, gender), `order` (a hash) and `seconds` (estimated)."""
        return pl.DataFrame(
            [self._sketch(record) for record in batch],
            schema={
                "id": pl.String,
                "kind": pl.String,
                "cell": pl.String,
                "order": pl.UInt64,
                "seconds": pl.Float64,
            },
            orient="row",
        )

    def resolve(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return decision "voice" for the chosen: a systematic sample, every cell in proportion to its size.

        Raises UserError when `ids` names a file that cannot be read or none of the dialogues.
        """
        table = sketches.collect()
        if self.settings.ids is not None:
            table = table.filter(pl.col("id").is_in(self._listed()))
            if table.is_empty():
                raise UserError(f"none of the ids in {self.settings.ids} is among the dialogues")
        else:
            table = table.filter(pl.col("kind") != "exam")
        cells = table.get_column("cell").unique().to_list()
        starts = pl.DataFrame(
            {"cell": cells, "start": [self._hash(cell) / 2**64 for cell in cells]},
            schema={"cell": pl.String, "start": pl.Float64},
        )
        # Every cell's members stand evenly spaced on 0–1 from a start of its own: a prefix is a stratified sample.
        chosen = (
            table.sort("order", "id")
            .join(starts, on="cell", how="left", maintain_order="left")
            .with_columns(
                place=(pl.int_range(pl.len()).over("cell") + pl.col("start")) / pl.len().over("cell")
            )
            .sort("place", "order", "id")
        )
        if self.settings.count is not None:
            chosen = chosen.head(self.settings.count)
        if self.settings.hours is not None:
            before = pl.col("seconds").cum_sum() - pl.col("seconds")
            chosen = chosen.filter(before < self.settings.hours * 3600)
        return chosen.select("id", decision=pl.lit("voice"))

    def decide(self, batch: Sequence[Dialogue], decisions: Sequence[str]) -> list[Outcome]:
        """Return each dialogue voiced, as it was, or rejected."""
        return [
            self._voice(record) if decision == "voice" else keep(record)
            for record, decision in zip(batch, decisions, strict=True)
        ]

    def close(self) -> None:
        """Stop the engine."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _voice(self, record: Dialogue) -> Outcome:
        profile = self._profile(record)
        if profile.gender is None or profile.age_group is None:
            return Failed(
                "ProfileMissing", "age group or gender of the speaker is not set; run profile before voice"
            )
        spoken = [spoken_form(turn.text, record.lang) for turn in record.turns]
        for index, (turn, text) in enumerate(zip(record.turns, spoken, strict=True)):
            if turn.role in self.settings.roles and not any(c.isalnum() for c in text):
                return Rejected(Reason.UNSPEAKABLE, f"turn {index} holds nothing that can be said")
        patients = self._patients(record, profile)
        doctors = self._doctors(record, patients)
        if not patients or ("doctor" in self.settings.roles and not doctors):
            cell = f"{record.lang}, {profile.gender}, {profile.age_group}, {record.split}"
            return Rejected(
                Reason.NO_SPEAKER, cell if not patients else f"{cell}: no second adult for the doctor"
            )
        if self._engine is None:
            self._engine = open_engine(self.settings.engine)
        problem = ""
        for attempt, chosen in enumerate(patients[: _VOICES_TRIED if self.settings.repairs else 1]):
            everyone: dict[Role, Speaker] = {"patient": chosen.speaker}
            if doctors:
                everyone["doctor"] = doctors[min(attempt, len(doctors) - 1)].speaker
            speakers = {role: everyone[role] for role in self.settings.roles}
            try:
                voiced = voice_turns(
                    self._engine, record, spoken, speakers, self.context.seed, self.settings.repairs
                )
            except ClipRejected as error:
                problem = problem or str(error)
                continue
            except VoiceError as error:
                return Failed("VoiceError", str(error))
            if attempt:
                voiced.repairs.append(f"next voice instead of {patients[0].speaker.id}")
            return keep(self._with_audio(record, profile, spoken, chosen, speakers, voiced))
        return Rejected(Reason.AUDIO_CHECK, problem)

    def _with_audio(
        self,
        record: Dialogue,
        profile: PatientProfile,
        spoken: Sequence[str],
        chosen: Match,
        speakers: dict[Role, Speaker],
        voiced: Voiced,
    ) -> Dialogue:
        checks: dict[str, float] = {
            "clips": float(len(voiced.audio)),
            "seconds": round(sum(a.duration_s for a in voiced.audio.values()), 3),
        }
        of_patient = [c for i, c in voiced.checks.items() if record.turns[i].role == "patient"]
        for name in _SUMMARISED:
            values = [c[name] for c in of_patient if c.get(name)]
            if values:
                checks[name] = round(statistics.median(values), 3)
                checks[f"{name}_min"], checks[f"{name}_max"] = round(min(values), 3), round(max(values), 3)
        notes = {}
        if chosen.relaxations and "patient" in speakers:
            notes["relaxed"] = "; ".join(chosen.relaxations)
        if voiced.repairs:
            notes["repairs"] = "; ".join(voiced.repairs)
        turns = tuple(
            turn.model_copy(update={"spoken": text, "audio": voiced.audio.get(index)})
            for index, (turn, text) in enumerate(zip(record.turns, spoken, strict=True))
        )
        return record.model_copy(
            update={
                "turns": turns,
                "patient": profile,
                "speaker_id": speakers["patient"].id if "patient" in speakers else None,
                "doctor_speaker_id": speakers["doctor"].id if "doctor" in speakers else None,
                "checks": record.checks | checks,
                "notes": record.notes | notes,
            }
        )

    def _profile(self, record: Dialogue) -> PatientProfile:
        """Return who is heard, with what the user forces; an accent is forced on its own language only."""
        update: dict[str, Any] = {}
        if self.forced.age_group:
            update |= {"age_group": self.forced.age_group, "age_basis": "forced"}
            if record.patient.age is not None and age_group_of(record.patient.age) != self.forced.age_group:
                update["age"] = None
        if self.forced.gender:
            update |= {"gender": self.forced.gender, "gender_basis": "forced"}
        if self.forced.accent and _language(self.forced.accent) == _language(record.lang):
            update |= {"accent": self.forced.accent, "accent_basis": "forced"}
        return record.patient.model_copy(update=update) if update else record.patient

    def _patients(self, record: Dialogue, profile: PatientProfile) -> list[Match]:
        return candidates(
            self.bank, lang=record.lang, gender=profile.gender, age_group=profile.age_group, accent=profile.accent,
            split=record.split, seed=self.context.seed, dialogue_id=record.id,
        )  # fmt: skip

    def _doctors(self, record: Dialogue, patients: Sequence[Match]) -> list[Match]:
        """Return adults of any gender and accent who are not this dialogue's patient; [] unless doctors speak."""
        if "doctor" not in self.settings.roles:
            return []
        taken = frozenset(m.speaker.id for m in patients[:_VOICES_TRIED])
        found = candidates(
            self.bank, lang=record.lang, gender=None, age_group="adult", accent=None, split=record.split,
            seed=self.context.seed, dialogue_id=f"{record.id}#doctor", exclude=taken,
        )  # fmt: skip
        return [m for m in found if m.speaker.age_group == "adult"]

    def _sketch(self, record: Dialogue) -> tuple[str, str, str, int, float]:
        profile = self._profile(record)
        seconds = 0.0
        for turn in record.turns:
            if turn.role in self.settings.roles:
                age: AgeGroup | None = profile.age_group if turn.role == "patient" else "adult"
                text = spoken_form(turn.text, record.lang)
                phrases = sum(text.count(c) for c in ",.;:?!，。；：？！、")
                seconds += (
                    load(text, record.lang) / _PACE[age]
                    + _TURN_PAUSE_S
                    + _PHRASE_PAUSE_S * max(0, phrases - 1)
                )
        cell = "|".join((record.source, record.lang, profile.age_group or "", profile.gender or ""))
        return record.id, record.kind, cell, self._hash(record.id), seconds

    def _hash(self, text: str) -> int:
        whole = f"{self.context.seed}|{text}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest(), "big")

    def _listed(self) -> list[str]:
        path = self.context.resolve(self.settings.ids or "")
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"the file of ids cannot be read: {error}") from None
        return [line.strip() for line in lines if line.strip()]


def _language(tag: str) -> str:
    return tag.split("-")[0]

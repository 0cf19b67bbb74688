"""The voice stage: which dialogues are spoken, by whom, and the clips themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import polars as pl

from medsynth.errors import UserError
from medsynth.records import AgeGroup, Dialogue, Outcome, Speaker, keep
from medsynth.stages.base import Context, GlobalStage, Stage, StageSettings
from medsynth.stages.voice_casting import Casting
from medsynth.stages.voice_settings import VoiceSettings
from medsynth.text.spoken import spoken_form
from medsynth.voice.bank import bank_hash
from medsynth.voice.bank_engines import speakers_for
from medsynth.voice.effects import EFFECTS_VERSION, require_effects
from medsynth.voice.effects.noise import folder_hash, noise_files
from medsynth.voice.engine import LOCAL_ENGINES, VoiceEngine, engine_identity, open_engine, require_engine
from medsynth.voice.pace import load
from medsynth.voice.recognise_settings import RecogniseSettings
from medsynth.voice.takes import carry_out

__all__ = ["VoiceSettings", "VoiceStage"]

# Seconds of pause that a clip carries: its edges, and what espeak leaves at a comma or full stop.
_TURN_PAUSE_S, _PHRASE_PAUSE_S = 0.2, 0.25
_PACE: dict[AgeGroup | None, float] = {"child": 4.9, "youth": 5.0, "adult": 4.7, "elderly": 3.9, None: 4.7}
# What says how the work is done, or which of it, and not what comes of it.
_NOT_RESULTS = {"count", "hours", "ids", "bank", "openai", "coqui", "check_workers", "store_gb",
                "clone_without_consent", "clone_children"}  # fmt: skip


class VoiceStage(GlobalStage[Dialogue]):
    """Speaks dialogues. Splits, genders and languages are never crossed in the choice of a voice."""

    name: ClassVar[str] = "voice"
    version: ClassVar[int] = 7
    resource: ClassVar[Literal["cpu", "io", "gpu"]] = "cpu"
    Settings: ClassVar[type[StageSettings]] = VoiceSettings
    settings: VoiceSettings

    def __init__(self, settings: VoiceSettings, context: Context) -> None:
        super().__init__(settings, context)
        for name in settings.used:  # before any work: a missing extra is the run's error, not a record's
            require_engine(name, settings.of_engines)
        if settings.patient_like is not None:
            require_effects()
        if settings.recognise is not None:
            settings.recognise.check()
        self.bank_path: Path | None = context.resolve(settings.bank) if settings.bank else None
        self.bank: tuple[Speaker, ...] = speakers_for(
            self.bank_path,
            settings.used,
            without_consent=settings.clone_without_consent,
            children=settings.clone_children,
        )
        self.noise_folder = self._noise_folder()
        noises = noise_files(self.noise_folder) if self.noise_folder else []
        self.casting = Casting(settings, self.bank, context.seed, noises)
        self._engines: dict[str, VoiceEngine] = {}

    @classmethod
    def implementation(cls, settings: Any) -> type[Stage]:
        """Return the class for these engines: those that are slow or far away are kept busy by one process.

        So is what listens to clips.
        """
        if set(settings.used) <= LOCAL_ENGINES and settings.recognise is None:
            return VoiceStage
        from medsynth.stages.voice_stream import StreamedVoiceStage

        return StreamedVoiceStage

    def fingerprint(self) -> str:
        """Return what all results depend on: not what is chosen to be voiced, and not the bank as a whole."""
        apart = dict.fromkeys(_NOT_RESULTS, True) | {"patient_like": {"noise_folder"}}  # of it, the contents
        apart |= {"recognise": set(RecogniseSettings.HOW)}
        text = self.settings.model_dump_json(exclude=apart)
        engines = "|".join(engine_identity(name, self.settings.of_engines) for name in self.settings.used)
        whole = f"{self.name}|{self.version}|{self.context.seed}|{text}|{engines}"
        if self.settings.patient_like is not None:
            whole += f"|effects {EFFECTS_VERSION}"
            whole += f"|{folder_hash(self.noise_folder)}" if self.noise_folder else ""
        return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()

    def side_inputs(self) -> str:
        """Return the hash of the speaker bank."""
        return bank_hash(self.bank)

    def key(self, record: Dialogue) -> str:
        """Return a hash of the speakers this dialogue can be heard in: those matched, and those next in line.

        The next in line count because a repair may fall back on them.
        """
        text = "|".join(m.speaker.content_hash() + repr(m.relaxations) for m in self.casting.heard(record))
        if self.settings.patient_like is not None:
            behind = [s for e in self.casting.engines(record) for s in self.casting.talkers(record, e)]
            text = "|".join((text, *(s.content_hash() for s in behind)))
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
        for name in self.settings.used:
            if name not in self._engines and "voice" in decisions:
                self._engines[name] = open_engine(name, self.settings.of_engines)
        return [
            carry_out(self.casting.takes(record), self._engines) if decision == "voice" else keep(record)
            for record, decision in zip(batch, decisions, strict=True)
        ]

    def close(self) -> None:
        """Stop the engines."""
        for engine in self._engines.values():
            engine.close()
        self._engines.clear()

    def _noise_folder(self) -> Path | None:
        asked = self.settings.patient_like
        if asked is None or not asked.noise_folder or not asked.conditions.get("recorded"):
            return None
        return self.context.resolve(asked.noise_folder)

    def _sketch(self, record: Dialogue) -> tuple[str, str, str, int, float]:
        profile = self.casting.profile(record)
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
        # Salted: *split* hashes seed and id too, and a prefix of that order would be of one split.
        whole = f"voice|{self.context.seed}|{text}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest(), "big")

    def _listed(self) -> list[str]:
        path = self.context.resolve(self.settings.ids or "")
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"the file of ids cannot be read: {error}") from None
        return [line.strip() for line in lines if line.strip()]

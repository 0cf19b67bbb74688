"""What a user may set of the voice stage."""

from __future__ import annotations

import operator
from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from medsynth.records import Role
from medsynth.stages.base import StageSettings
from medsynth.voice.effects.settings import PatientLikeSettings
from medsynth.voice.recognise_settings import RecogniseSettings
from medsynth.voice.settings import CoquiSettings, EngineSettings, SpeechServerSettings


class VoiceSettings(StageSettings):
    """`count`, `hours` or `ids` (a file, one dialogue id a line) choose what is voiced; by default all but exams.

    `profile` forces who is heard ("female-elderly", "child,en-GB-scotland"). `repairs`: how often a clip that
    fails its checks is said again before it is said sentence by sentence, then in the next voice, then by the
    next engine; 0: never. `bank` is a speaker bank in place of the built-in one.

    `engine` speaks; or several do, each its share of the dialogues (`engines`). `fallbacks` are tried in order
    for a dialogue that its own engine cannot say, or has no speaker for. `openai` and `coqui` are the settings of
    these engines. `check_workers`: processes that check the clips of an engine that is not local; 0: none but its own.
    `store_gb`: disk for what such engines said, so that nothing is said twice; the oldest goes first.
    `patient_like` ({}: its defaults) makes the patient's turns less like read speech; see `docs/patient-speech.md`.
    `recognise` ({}: its defaults) listens to clips that passed all other checks; see `docs/voice-checks.md`.
    """

    HOW: ClassVar[dict[str, Any]] = {
        "check_workers": True,
        "store_gb": True,
        "openai": set(SpeechServerSettings.HOW),
        "coqui": set(CoquiSettings.HOW),
        "recognise": set(RecogniseSettings.HOW),
    }
    """What says how the work is done, and not what comes of it."""

    engine: str = "espeak"
    engines: dict[str, float] = Field(default_factory=dict)
    fallbacks: tuple[str, ...] = ()
    openai: SpeechServerSettings = SpeechServerSettings()
    coqui: CoquiSettings = CoquiSettings()
    check_workers: int | None = Field(default=None, ge=0)
    store_gb: float = Field(default=20.0, ge=0)
    clone_without_consent: bool = False
    clone_children: bool = False
    roles: tuple[Role, ...] = ("patient",)
    count: int | None = Field(default=None, ge=0)
    hours: float | None = Field(default=None, ge=0)
    ids: str | None = None
    profile: str | None = None
    repairs: int = Field(default=2, ge=0, le=8)
    bank: str | None = None
    recognise: RecogniseSettings | None = Field(default=None, exclude_if=operator.not_)
    patient_like: PatientLikeSettings | None = Field(default=None, exclude_if=operator.not_)

    @field_validator("roles")
    @classmethod
    def _some_role(cls, roles: tuple[Role, ...]) -> tuple[Role, ...]:
        if not roles:
            raise ValueError("name at least one role: patient, doctor")
        return tuple(sorted(set(roles), reverse=True))

    @model_validator(mode="after")
    def _some_share(self) -> VoiceSettings:
        if any(share < 0 for share in self.engines.values()) or (
            self.engines and not sum(self.engines.values()) > 0
        ):
            raise ValueError("engines: give each a share above 0")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """Every engine's share of the dialogues, out of 1."""
        shares = {name: share for name, share in self.engines.items() if share > 0} or {self.engine: 1.0}
        return {name: share / sum(shares.values()) for name, share in shares.items()}

    @property
    def used(self) -> tuple[str, ...]:
        """The engines that may speak, in the order in which they are named."""
        return tuple(dict.fromkeys((*self.shares, *self.fallbacks)))

    @property
    def of_engines(self) -> EngineSettings:
        """The settings of the engines that have any."""
        return EngineSettings(openai=self.openai, coqui=self.coqui)

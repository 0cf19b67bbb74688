"""What a user may set of patient-like speech, and the ranges that its values are drawn from."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Condition: TypeAlias = Literal[
    "room", "far_field", "waiting_room", "ward", "street", "telephone", "mobile", "recorded"
]

CLEAN = "clean"
CONDITIONS: dict[Condition, str] = {
    "room": "a consulting room, the microphone within a metre",
    "far_field": "a consulting room, the microphone 2–3.5 m away, where the reverberation is the louder",
    "waiting_room": "a larger room, other people talking",
    "ward": "a hospital room: ventilation, monitor tones, trolleys, steps",
    "street": "in the open beside traffic",
    "telephone": "a landline: 300–3400 Hz, G.711 µ-law",
    "mobile": "a mobile phone beside traffic: 300–3400 Hz, GSM 06.10 full rate",
    "recorded": "sounds from the user's own folder (`noise_folder`)",
}
"""Every acoustic condition that is not `clean`, and what it stands for."""


def _usual() -> dict[Condition, float]:
    return {
        "room": 3.0, "far_field": 2.0, "waiting_room": 1.0, "ward": 1.0, "street": 0.5, "telephone": 1.5, "mobile": 1.0,
    }  # fmt: skip


class PatientLikeSettings(BaseModel):
    """How the patient's turns differ from read speech. Each share is of the voiced dialogues, out of 1.

    `intensity` multiplies the rates of disfluencies (see `rates`). `conditions` weighs the acoustic conditions of the
    dialogues that have one. `snr_db` is the range of signal-to-noise ratios. `cough`: coughs are heard where the
    patient says to have one (`stated`), or anywhere (`any`). `keep_clean`: the corpus has each dialogue as it would
    be without all this, and the patient-like one as its sibling.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    disfluency: Share = 0.5
    pace: Share = 0.5
    loudness: Share = 0.5
    sounds: Share = 0.3
    acoustics: Share = 0.5
    intensity: float = Field(1.0, ge=0, le=5)
    conditions: dict[Condition, Annotated[float, Field(ge=0)]] = Field(default_factory=_usual)
    snr_db: tuple[float, float] = (5.0, 20.0)
    noise_folder: str | None = None
    cough: Literal["stated", "any"] = "stated"
    keep_clean: bool = False

    @field_validator("snr_db")
    @classmethod
    def _in_order(cls, value: tuple[float, float]) -> tuple[float, float]:
        low, high = value
        if not -10 <= low <= high <= 60:
            raise ValueError("two numbers of dB from -10 to 60, the lower one first")
        return value

    @model_validator(mode="after")
    def _some_condition(self) -> PatientLikeSettings:
        if self.acoustics and not sum(self.conditions.values()) > 0:
            raise ValueError("conditions: give one a weight above 0, or set acoustics to 0")
        if self.conditions.get("recorded") and not self.noise_folder:
            raise ValueError("conditions: `recorded` needs noise_folder, a folder of WAV or FLAC files")
        return self

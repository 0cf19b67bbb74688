"""The corpus on disk, schema version 1: columns of `data/*.parquet` and of `speakers.parquet`.

Readers outside this package rely on these columns; `medtrain` reads them without importing medsynth.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from medsynth.records import (
    Audio,
    Dialogue,
    Effect,
    FrameRef,
    PatientProfile,
    Provenance,
    RawTurn,
    Span,
    Speaker,
    Turn,
)

SCHEMA_VERSION = 1

_TEXT = pl.Struct({"role": pl.String, "text": pl.String})
_ORIGIN = pl.Struct({"turn": pl.Int32, "start": pl.Int32, "end": pl.Int32, "frame": pl.String})
_TURN_FIELDS: dict[str, Any] = {
    "role": pl.String,
    "text": pl.String,
    "spoken": pl.String,
    "audio": pl.Struct({"bytes": pl.Binary, "path": pl.String}),
    "duration_s": pl.Float64,
    "origin": pl.List(_ORIGIN),
}
_EFFECT = pl.Struct(
    {
        **dict.fromkeys(("name", "detail"), pl.String),
        "value": pl.Float64,
        **dict.fromkeys(("unit", "of"), pl.String),
        **dict.fromkeys(("start", "end"), pl.Float64),
    }
)
_PATIENT = pl.Struct(
    {
        name: pl.Float64 if name == "age" else pl.String
        for name in (
            "age_group",
            "age",
            "gender",
            "accent",
            "age_basis",
            "gender_basis",
            "accent_basis",
            "patient_age_group",
            "patient_gender",
        )
    }
)
_PROVENANCE = pl.Struct(
    {
        **dict.fromkeys(
            ("engine", "model", "prompt", "prompt_version", "prompt_hash", "settings"), pl.String
        ),
        "seed": pl.Int64,
        "attempts": pl.Int32,
    }
)
DIALOGUES: dict[str, Any] = {
    "id": pl.String,
    "source": pl.String,
    "raw_ids": pl.List(pl.String),
    "group": pl.String,
    "cluster": pl.String,
    "lang": pl.String,
    "kind": pl.String,
    "licence": pl.String,
    "split": pl.String,
    "department": pl.String,
    "patient": _PATIENT,
    "informant": pl.String,
    "speaker_id": pl.String,
    "doctor_speaker_id": pl.String,
    "turns": pl.List(pl.Struct(_TURN_FIELDS)),
    "source_turns": pl.List(_TEXT),
    "provenance": _PROVENANCE,
    "checks": pl.List(pl.Struct({"name": pl.String, "value": pl.Float64})),
    "notes": pl.List(pl.Struct({"name": pl.String, "value": pl.String})),
}
PATIENT_LIKE: dict[str, Any] = DIALOGUES | {
    "turns": pl.List(pl.Struct(_TURN_FIELDS | {"effects": pl.List(_EFFECT)})),
    "acoustic_condition": pl.String,
}
"""The columns of a corpus with patient-like speech: all of `DIALOGUES`, and what was done to each turn."""
SPEAKERS: dict[str, Any] = {
    **dict.fromkeys(("id", "engine", "lang", "age_group", "gender", "accent", "split", "handle"), pl.String),
    **dict.fromkeys(("licence", "consent"), pl.String),
    **dict.fromkeys(("f0_hz", "f0_low_hz", "f0_high_hz", "pace"), pl.Float64),
}


def columns_of(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a corpus by its corpus.json, where `patient_like` stands for more of them."""
    return PATIENT_LIKE if info.get("patient_like") is not None else DIALOGUES


def clip_path(dialogue_id: str, turn: int, role: str) -> str:
    """Return the name of a clip inside the corpus: `<dialogue id>/<turn>-<role>.flac`."""
    return f"{dialogue_id}/{turn}-{role}.flac"


def dialogue_row(dialogue: Dialogue, patient_like: bool = False) -> dict[str, Any]:
    """Return a dialogue as a row of `data/*.parquet`, with the columns of patient-like speech or without."""
    patient = dialogue.patient.model_dump()
    provenance = dialogue.provenance.model_dump()
    provenance["settings"] = json.dumps(provenance["settings"], ensure_ascii=False, sort_keys=True)
    row = {
        **{
            name: getattr(dialogue, name)
            for name in ("id", "source", "group", "cluster", "lang", "kind", "licence", "split", "informant")
        },
        "raw_ids": list(dialogue.raw_ids),
        "department": dialogue.meta.get("department", ""),
        "patient": {name: patient[name] for name in (f.name for f in _PATIENT.fields)},
        "speaker_id": dialogue.speaker_id,
        "doctor_speaker_id": dialogue.doctor_speaker_id,
        "turns": [_turn_row(dialogue.id, i, turn) for i, turn in enumerate(dialogue.turns)],
        "source_turns": [{"role": t.role, "text": t.text} for t in dialogue.source_turns],
        "provenance": provenance,
        "checks": [{"name": k, "value": v} for k, v in sorted(dialogue.checks.items())],
        "notes": [{"name": k, "value": v} for k, v in sorted(dialogue.notes.items())],
    }
    if patient_like:
        row["acoustic_condition"] = dialogue.acoustic_condition
        for turn_row, turn in zip(row["turns"], dialogue.turns, strict=True):
            turn_row["effects"] = [effect.model_dump() for effect in turn.effects]
    return row


def _turn_row(dialogue_id: str, index: int, turn: Turn) -> dict[str, Any]:
    audio = turn.audio
    return {
        "role": turn.role,
        "text": turn.text,
        "spoken": turn.spoken,
        "audio": audio and {"bytes": audio.flac, "path": clip_path(dialogue_id, index, turn.role)},
        "duration_s": audio.duration_s if audio else None,
        "origin": [
            {"turn": o.turn, "start": o.start, "end": o.end, "frame": None}
            if isinstance(o, Span)
            else {"turn": None, "start": None, "end": None, "frame": o.frame}
            for o in turn.origin
        ],
    }


def turn_origin(row: dict[str, Any], frames: dict[str, str]) -> tuple[Span | FrameRef, ...]:
    """Return the pieces of a turn row; frame texts come from the corpus's own list (`corpus.json`)."""
    return tuple(
        FrameRef(frame=o["frame"], text=frames.get(o["frame"], ""))
        if o["frame"] is not None
        else Span(turn=o["turn"], start=o["start"], end=o["end"])
        for o in row["origin"]
    )


def row_dialogue(row: dict[str, Any], frames: dict[str, str]) -> Dialogue:
    """Return the Dialogue of a row of `data/*.parquet` (the inverse of `dialogue_row`, `meta` aside)."""
    turns = []
    for turn in row["turns"]:
        clip = turn["audio"]
        audio = clip and Audio(
            flac=clip["bytes"],
            sha256=hashlib.sha256(clip["bytes"]).hexdigest(),
            duration_s=turn["duration_s"],
            sample_rate=16000,
            engine="",
            speaker=(row["speaker_id"] if turn["role"] == "patient" else row["doctor_speaker_id"]) or "",
        )
        turns.append(
            Turn(
                role=turn["role"],
                text=turn["text"],
                spoken=turn["spoken"],
                origin=turn_origin(turn, frames),
                audio=audio,
                effects=tuple(Effect(**effect) for effect in turn.get("effects") or ()),
            )
        )
    provenance = dict(row["provenance"])
    provenance["settings"] = json.loads(provenance["settings"])
    plain = ("id", "source", "group", "cluster", "lang", "kind", "licence", "split", "informant")
    return Dialogue(
        **{name: row[name] for name in plain},
        raw_ids=tuple(row["raw_ids"]),
        speaker_id=row["speaker_id"],
        doctor_speaker_id=row["doctor_speaker_id"],
        acoustic_condition=row.get("acoustic_condition"),
        meta={"department": row["department"]} if row["department"] else {},
        patient=PatientProfile(**row["patient"]),
        turns=tuple(turns),
        source_turns=tuple(RawTurn(**t) for t in row["source_turns"]),
        provenance=Provenance(**provenance),
        checks={c["name"]: c["value"] for c in row["checks"]},
        notes={n["name"]: n["value"] for n in row["notes"]},
    )


def speaker_row(speaker: Speaker) -> dict[str, Any]:
    """Return a speaker as a row of `speakers.parquet`."""
    data = speaker.model_dump()
    data["handle"] = json.dumps(data["handle"], ensure_ascii=False, sort_keys=True)
    return data

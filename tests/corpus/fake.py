"""A small corpus in the layout of the contract, made of invented text and tones, for card and report."""

from __future__ import annotations

import io
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import soundfile as sf

from medsynth.corpus.schema import DIALOGUES, SPEAKERS

LEDGER = pl.Schema(
    {
        "id": pl.String,
        "parent": pl.String,
        "source": pl.String,
        "outcome": pl.String,
        "stage": pl.String,
        "reason": pl.String,
        "detail": pl.String,
        "into": pl.List(pl.String),
    }
)
QUESTION = {
    "en": "I have had a dull ache behind my left knee. It began eleven days ago after a long walk.",
    "zh": "我左边膝盖后面一直酸痛。走了很远的路以后，已经十一天了。",
}
ANSWER = {
    "en": "This sounds like a strained tendon. Rest it for a week and keep the leg raised in the evening.",
    "zh": "这听起来像是肌腱拉伤。休息一周，晚上把腿抬高。",
}
FRAME = {"en": "How long has this been going on?", "zh": "这种情况有多久了？"}
ACCENTS = {"en": ("en-US", "en-GB-scotland", "en-029"), "zh": ("zh-CN",)}
AGES = ("child", "youth", "adult", "elderly")
F0 = {"female": {"child": 290, "youth": 215, "adult": 200, "elderly": 180}}
F0["male"] = {"child": 270, "youth": 125, "adult": 110, "elderly": 120}


def tone(seconds: float, hz: float) -> bytes:
    """Return a FLAC clip, 16 kHz mono."""
    samples = 0.2 * np.sin(2 * math.pi * hz * np.arange(int(16000 * seconds)) / 16000)
    buffer = io.BytesIO()
    sf.write(buffer, samples, 16000, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def _span(source: Sequence[str], turn: int, text: str) -> dict[str, Any]:
    start = source[turn].index(text)
    return {"turn": turn, "start": start, "end": start + len(text), "frame": None}


def dialogue(i: int, voiced: bool = True, clip: bytes = b"") -> dict[str, Any]:
    """Return row `i`: profile, language, source and split cycle with different periods."""
    lang = ("en", "zh")[i % 2]
    gender, age = ("female", "male")[i // 2 % 2], AGES[i // 4 % 4]
    accent = ACCENTS[lang][i // 3 % len(ACCENTS[lang])]
    source = [QUESTION[lang], ANSWER[lang]]
    stop = {"en": ". ", "zh": "。"}[lang]
    first, second = (part.strip() for part in QUESTION[lang].split(stop, 1))
    first += stop.strip()
    frame = {"turn": None, "start": None, "end": None, "frame": "onset.01"}
    plan = [
        ("patient", first, [_span(source, 0, first)]),
        ("doctor", FRAME[lang], [frame]),
        ("patient", second, [_span(source, 0, second)]),
        ("doctor", ANSWER[lang], [_span(source, 1, ANSWER[lang])]),
    ]
    f0 = F0[gender][age] + (i * 7 % 31) - 15
    turns = []
    for n, (role, text, origin) in enumerate(plan):
        spoken = voiced and role == "patient"
        seconds = 1.0 + (i * 13 % 17) / 10 + n / 2
        data = clip or (tone(seconds, f0) if spoken else b"")
        audio = {"bytes": data, "path": f"d{i:05d}/{n}-{role}.flac"} if spoken else None
        turns.append(
            {
                "role": role,
                "text": text,
                "spoken": text,
                "audio": audio,
                "duration_s": seconds if spoken else None,
                "origin": origin,
            }
        )
    checks = {"f0_hz": float(f0), "pace": 4.2, "seconds": 3.0, "clips": 2.0} if voiced else {}
    return {
        "id": f"d{i:05d}",
        "source": ("handbook", "forum", "clinic")[i % 3],
        "raw_ids": [f"raw{i}"],
        "group": f"g{i}",
        "cluster": f"g{i}",
        "lang": lang,
        "kind": "qa",
        "licence": ("CC-BY-4.0", "MIT", "CC-BY-4.0")[i % 3],
        "split": ("train", "train", "train", "test")[i % 4] if i else "train",
        "patient": {
            "age_group": age,
            "age": None,
            "gender": gender,
            "accent": accent,
            "age_basis": ("stated", "inferred", "sampled")[i % 3],
            "gender_basis": ("stated", "sampled")[i % 2],
            "accent_basis": "sampled",
            "patient_age_group": None,
            "patient_gender": None,
        },
        "informant": "self",
        "speaker_id": f"{lang}-{gender}-{age}" if voiced else None,
        "doctor_speaker_id": None,
        "turns": turns,
        "source_turns": [{"role": r, "text": t} for r, t in zip(("patient", "doctor"), source, strict=True)],
        "department": ("orthopaedics", "", "surgery")[i % 3],
        "provenance": {
            "engine": "extractive",
            "model": "",
            "prompt": "",
            "prompt_version": "",
            "prompt_hash": "",
            "settings": "{}",
            "seed": 0,
            "attempts": 1,
        },
        "checks": [{"name": name, "value": value} for name, value in checks.items()],
        "notes": [{"name": "relaxed", "value": "accent en-GB to any; age youth to adult"}]
        if i % 10 == 1
        else [],
    }


def speakers() -> list[dict[str, Any]]:
    """Return one speaker per language, gender and age group."""
    return [
        {
            "id": f"{lang}-{gender}-{age}",
            "engine": "espeak",
            "lang": lang,
            "age_group": age,
            "gender": gender,
            "accent": ACCENTS[lang][0],
            "split": "train",
            "handle": json.dumps({"voice": "x"}),
            "licence": "GPL-3.0-or-later",
            "consent": "synthetic",
            "f0_hz": float(F0[gender][age]),
            "f0_low_hz": F0[gender][age] * 0.8,
            "f0_high_hz": F0[gender][age] * 1.25,
            "pace": 4.0,
        }
        for lang in ACCENTS
        for gender in F0
        for age in AGES
    ]


def line(
    id: str, outcome: str, stage: str, reason: str = "", detail: str = "", **more: Any
) -> dict[str, Any]:
    """Return one ledger line."""
    row = {"id": id, "parent": None, "source": "forum", "outcome": outcome, "stage": stage}
    return row | {"reason": reason, "detail": detail, "into": []} | more


REJECTS = (
    line("r1", "rejected", "screen", "empty_answer", "0 characters left"),
    line("r2", "rejected", "screen", "needs_image", "refers to a picture"),
    line("r3", "rejected", "rewrite", "unspeakable", "turn of 91 words", source="handbook"),
    line("r4", "merged", "dedup", "", "jaccard 0.91", into=["raw0"]),
    line("r5", "failed", "voice", "TimeoutError", "no answer from the engine"),
    line("r6", "rejected", "ingest", "malformed_row", "too few fields"),
    line("r7", "merged", "dedup", "duplicate", "", into=["raw0"]),
    line("r8", "merged", "dedup", "duplicate", "", into=["raw1"], source="handbook"),
    line("r9", "rejected", "dedup", "held_out", "bench set.csv: exam-14", source="clinic"),
)


def ledger(lines: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return ledger lines as a table."""
    return pl.DataFrame(list(lines), schema=LEDGER)


def info_of(rows: Sequence[dict[str, Any]], name: str = "walks") -> dict[str, Any]:
    """Return the corpus.json of these rows."""
    counts: dict[str, dict[str, int]] = {}
    hours: dict[str, dict[str, float]] = {}
    tables: dict[str, Counter[str]] = {name: Counter() for name in ("source", "licence", "lang")}
    profiles: dict[str, Counter[str]] = {name: Counter() for name in ("age_group", "gender", "accent")}
    turns: Counter[str] = Counter()
    clips = 0
    for row in rows:
        split, lang = row["split"], row["lang"]
        seconds = [turn["duration_s"] for turn in row["turns"] if turn["audio"]]
        counts.setdefault(split, Counter())[lang] += 1
        hours.setdefault(split, Counter())[lang] += sum(seconds) / 3600  # type: ignore[assignment]
        clips += len(seconds)
        turns.update(turn["role"] for turn in row["turns"])
        for field, table in tables.items():
            table[row[field]] += 1
        for field, table in profiles.items():
            table[row["patient"][field]] += 1
    return {
        "name": name,
        "schema_version": 1,
        "versions": {"medsynth": "0.1.0"},
        "pipeline": {"rewrite": {"engine": "extractive"}, "voice": {"engine": "espeak"}},
        "pipeline_hash": "c0ffee",
        "seed": 7,
        "counts": counts,
        "voiced_counts": counts if clips else {},
        "hours_by_split": hours,
        "turns": turns,
        "clips": clips,
        "hours": sum(sum(by_lang.values()) for by_lang in hours.values()),
        "licences": tables["licence"],
        "sources": [{"name": n, "licence": "CC-BY-4.0", "dialogues": c} for n, c in tables["source"].items()],
        "profiles": profiles,
        "rewrite_engines": {"extractive": len(rows)},
        "voice_engines": {"espeak": clips} if clips else {},
        "voice_licences": ["GPL-3.0-or-later"] if clips else [],
        "frames": {lang: {"onset.01": FRAME[lang]} for lang in FRAME},
    }


def write_corpus(
    folder: Path,
    rows: Sequence[dict[str, Any]],
    lines: Sequence[dict[str, Any]] = REJECTS,
    bank: Sequence[dict[str, Any]] | None = None,
    info: dict[str, Any] | None = None,
) -> Path:
    """Write `rows` as a corpus without card and report; returns `folder`."""
    (folder / "data").mkdir(parents=True)
    for split in sorted({row["split"] for row in rows}):
        part = pl.DataFrame([row for row in rows if row["split"] == split], schema=DIALOGUES)
        part.write_parquet(folder / "data" / f"{split}-00000-of-00001.parquet", row_group_size=64)
    kept = [
        line(raw, "kept", "pack", source=row["source"], into=[row["id"]])
        for row in rows
        for raw in row["raw_ids"]
    ]
    ledger([*kept, *lines]).write_parquet(folder / "ledger.parquet")
    bank = speakers() if bank is None else bank
    pl.DataFrame(bank, schema=SPEAKERS).write_parquet(folder / "speakers.parquet")
    (folder / "corpus.json").write_text(json.dumps(info or info_of(rows)), encoding="utf-8")
    return folder

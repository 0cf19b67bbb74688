"""Writes a corpus folder: dialogues as sharded Parquet, speakers, ledger, facts about it, checksums.

Memory is bounded by a few pieces of a file, however large the file; nothing depends on the order in which
workers finished.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from medsynth.corpus.schema import DIALOGUES, PATIENT_LIKE, SPEAKERS, dialogue_row, speaker_row
from medsynth.records import SPLITS, Dialogue, FrameRef, Speaker

ROWS_AS_OBJECTS = 256
BYTES_AS_OBJECTS = 8 * 2**20
"""How much is held as Python objects before it goes to disk as a piece: rows, and bytes of text and audio."""


class CorpusWriter:
    """Collects dialogues into `data/<split>-NNNNN-of-NNNNN.parquet` under `root` and counts them.

    Rows wait on disk, as Arrow files in `root/.pieces`, until their data file is full: what a file is made of
    passes through memory one piece at a time.
    """

    def __init__(
        self, root: Path, *, max_shard_mb: int, rows_per_group: int, patient_like: bool = False
    ) -> None:
        self._root = root
        self._patient_like = patient_like
        self._limit = max_shard_mb * 2**20
        self._rows_per_group = rows_per_group
        self._waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._waiting_bytes: Counter[str] = Counter()
        self._pieces: dict[str, list[Path]] = defaultdict(list)
        self._bytes: Counter[str] = Counter()
        self._files: dict[str, list[Path]] = defaultdict(list)
        self.facts = Facts()
        (root / "data").mkdir(parents=True)
        (root / ".pieces").mkdir()

    def add(self, dialogue: Dialogue) -> None:
        """Append a dialogue to its split."""
        row = dialogue_row(dialogue, self._patient_like)
        size = sum(len(t["text"]) * 2 + (len(t["audio"]["bytes"]) if t["audio"] else 0) for t in row["turns"])
        split = dialogue.split
        if self._bytes[split] and self._bytes[split] + size > self._limit:
            self._flush(split)
        self._waiting[split].append(row)
        self._waiting_bytes[split] += size
        self._bytes[split] += size
        if len(self._waiting[split]) >= ROWS_AS_OBJECTS or self._waiting_bytes[split] >= BYTES_AS_OBJECTS:
            self._settle(split)
        self.facts.add(dialogue)

    def _settle(self, split: str) -> None:
        if not self._waiting[split]:
            return
        path = self._root / ".pieces" / f"{split}-{len(self._pieces[split]):06d}.arrow"
        schema = PATIENT_LIKE if self._patient_like else DIALOGUES
        pl.DataFrame(self._waiting[split], schema=schema).write_ipc(path, compression="lz4")
        self._pieces[split].append(path)
        self._waiting[split], self._waiting_bytes[split] = [], 0

    def _flush(self, split: str) -> None:
        self._settle(split)
        path = self._root / "data" / f"{split}-{len(self._files[split]):05d}.part"
        pl.scan_ipc(self._pieces[split]).sink_parquet(
            path,
            compression="zstd",
            row_group_size=self._rows_per_group,
            statistics=False,
            maintain_order=True,
        )
        self._files[split].append(path)
        for piece in self._pieces[split]:
            piece.unlink()
        self._pieces[split], self._bytes[split] = [], 0

    def finish(self) -> None:
        """Write what is left and give the files their final names."""
        for split in SPLITS:
            if self._bytes[split]:
                self._flush(split)
            total = len(self._files[split])
            for index, path in enumerate(self._files[split]):
                path.rename(path.with_name(f"{split}-{index:05d}-of-{total:05d}.parquet"))
        shutil.rmtree(self._root / ".pieces")


class Facts:
    """What corpus.json says about the dialogues: counts, hours, licences, profiles, frames."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
        self.voiced: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
        self.seconds: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
        self.turns: Counter[str] = Counter()
        self.clips = 0
        self.profiles: dict[str, Counter[str]] = defaultdict(Counter)
        self.licences: Counter[str] = Counter()
        self.sources: Counter[tuple[str, str]] = Counter()
        self.engines: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self.voices: Counter[str] = Counter()
        self.relaxed: Counter[str] = Counter()
        self.frames: dict[str, dict[str, str]] = defaultdict(dict)
        self.speakers: set[str] = set()
        self.conditions: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()
        self.siblings = 0

    def add(self, dialogue: Dialogue) -> None:
        """Count one dialogue."""
        split, lang = dialogue.split, dialogue.lang
        self.counts[split][lang] += 1
        self.licences[dialogue.licence] += 1
        self.sources[dialogue.source, dialogue.licence] += 1
        self.engines[dialogue.provenance.engine] += 1
        if dialogue.provenance.model:
            self.models[dialogue.provenance.model] += 1
        clips = [t.audio for t in dialogue.turns if t.audio]
        self.voiced[split][lang] += bool(clips)
        self.seconds[split][lang] += sum(round(c.duration_s * 1000) for c in clips)  # type: ignore[assignment]
        self.clips += len(clips)
        for turn in dialogue.turns:
            self.turns[turn.role] += 1
            for piece in turn.origin:
                if isinstance(piece, FrameRef):
                    self.frames[lang][piece.frame] = piece.text
        for clip in clips:
            self.voices[clip.engine] += 1
        for name in ("age_group", "gender", "accent"):
            self.profiles[name][str(getattr(dialogue.patient, name))] += 1
        self.profiles["informant"][dialogue.informant] += 1
        if dialogue.acoustic_condition:
            self.conditions[dialogue.acoustic_condition] += 1
        self.effects.update(effect.name for turn in dialogue.turns for effect in turn.effects)
        self.siblings += "patient_like_of" in dialogue.notes
        if "relaxed" in dialogue.notes:
            self.relaxed[dialogue.notes["relaxed"]] += 1
        self.speakers.update(s for s in (dialogue.speaker_id, dialogue.doctor_speaker_id) if s)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts in a fixed order. Hours are of audio."""
        hours = {
            s: {k: round(v / 3.6e6, 6) for k, v in sorted(c.items())} for s, c in self.seconds.items() if c
        }
        return {
            "dialogues": sum(sum(c.values()) for c in self.counts.values()),
            "voiced": sum(sum(c.values()) for c in self.voiced.values()),
            "clips": self.clips,
            "hours": round(sum(sum(c.values()) for c in self.seconds.values()) / 3.6e6, 6),
            "counts": {s: dict(sorted(c.items())) for s, c in self.counts.items() if c},
            "voiced_counts": {s: dict(sorted(c.items())) for s, c in self.voiced.items() if c},
            "hours_by_split": hours,
            "turns": dict(sorted(self.turns.items())),
            "profiles": {name: dict(sorted(c.items())) for name, c in sorted(self.profiles.items())},
            "sources": [
                {"name": n, "licence": x, "dialogues": c} for (n, x), c in sorted(self.sources.items())
            ],
            "licences": dict(sorted(self.licences.items())),
            "rewrite_engines": dict(sorted(self.engines.items())),
            "rewrite_models": dict(sorted(self.models.items())),
            "voice_engines": dict(sorted(self.voices.items())),
            "relaxations": dict(sorted(self.relaxed.items())),
            "frames": {lang: dict(sorted(f.items())) for lang, f in sorted(self.frames.items())},
        }

    def patient_like(self) -> dict[str, Any]:
        """Return the counts of patient-like speech: dialogues by acoustic condition, effects by name."""
        return {
            "conditions": dict(sorted(self.conditions.items())),
            "effects": dict(sorted(self.effects.items())),
            "siblings": self.siblings,
        }


def write_speakers(root: Path, speakers: Iterable[Speaker]) -> None:
    """Write speakers.parquet, sorted by id."""
    rows = [speaker_row(s) for s in sorted(speakers, key=lambda s: s.id)]
    pl.DataFrame(rows, schema=SPEAKERS).write_parquet(root / "speakers.parquet", compression="zstd")


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write readable JSON (UTF-8, final line break)."""
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_checksums(root: Path) -> None:
    """Write SHA256SUMS over every other file, in the format of `sha256sum -c`."""
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
    lines = [f"{file_sha256(p)}  {p.relative_to(root).as_posix()}\n" for p in files]
    (root / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")

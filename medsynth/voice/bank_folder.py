"""A speaker bank on disk: a folder with `bank.csv`, `clips/*.flac` and `bank.json`.

`bank.csv` is what `load_bank` reads. The handle of a speaker who is to be imitated holds `reference` (a clip, its path
from the bank's folder), `transcript`, `sample_rate` (Hz) and `sha256`; further clips end in `_2`, `_3` …
`bank.json` says where everybody comes from, what was measured, and why the others were left out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from medsynth import __version__
from medsynth.errors import UserError
from medsynth.records import Speaker
from medsynth.voice.bank import save_bank
from medsynth.voice.bank_build import BuildOptions, Built, build
from medsynth.voice.bank_consent import CLIPS, REFERENCE
from medsynth.voice.bank_corpus import SpeechCorpus

BANK_FILE, BANK_JSON = "bank.csv", "bank.json"


class ClipRef(NamedTuple):
    """One reference clip of a speaker, as its handle names it; `path` starts from the bank's folder."""

    path: str
    transcript: str
    sample_rate: int
    sha256: str


def build_bank(
    corpus: SpeechCorpus,
    options: BuildOptions,
    out: Path,
    *,
    replace: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Built:
    """Build the bank of a corpus in the folder `out`, whole or not at all.

    Raises UserError when nobody is left for it, or when `out` is there and is not a bank to `replace`.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        is_bank = (out / BANK_JSON).is_file()
        if not (replace and is_bank):
            hint = "--replace builds it anew" if is_bank else "give --out another folder"
            raise UserError(f"{out} is already there; {hint}")
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        (temporary / CLIPS).mkdir(parents=True)
        built = build(corpus, options, lambda name, data: (temporary / name).write_bytes(data), say)
        save_bank(built.speakers, temporary / BANK_FILE)
        write_description(temporary, description(built, corpus, options))
        if out.exists():
            shutil.rmtree(out)
        temporary.replace(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return built


def description(built: Built, corpus: SpeechCorpus, options: BuildOptions) -> dict[str, Any]:
    """Return what `bank.json` holds. No paths of this machine, no time: the same corpus gives the same text."""
    clips = [clip for about in built.about.values() for clip in about["clips"]]
    people = Counter(entry["reason"] for entry in built.left_out)
    return {
        "medsynth": __version__,
        "source": corpus.source,
        "licences": _counted(s.licence for s in built.speakers),
        "consents": _counted(s.consent for s in built.speakers),
        "options": {
            "engine": options.engine, "by_name": options.by_name, "clips": options.clips,
            "look_at": options.look_at, "per_cell": options.per_cell,
            "cloning_without_consent": options.without_consent, "cloning_children": options.children,
            "unknown_licence": options.unknown_licence,
        },
        "counts": {
            "speakers": len(built.speakers), "clips": len(clips),
            "clip_seconds": round(sum(clip["duration_s"] for clip in clips), 1),
            "cells": _counted(f"{s.lang} {s.gender} {s.age_group}" for s in built.speakers),
            "splits": _counted(s.split for s in built.speakers),
        },
        "left_out": {"people": dict(people.most_common()), "clips": dict(built.clips_refused.most_common())},
        "speakers": [{"id": s.id, **built.about[s.id]} for s in built.speakers],
        "people_left_out": built.left_out,
    }  # fmt: skip


def write_description(folder: Path, data: dict[str, Any]) -> None:
    """Write `bank.json`, in one step."""
    temporary = folder / f".{BANK_JSON}.tmp"
    temporary.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    temporary.replace(folder / BANK_JSON)


def read_description(folder: Path) -> dict[str, Any]:
    """Return `bank.json`; {} for a bank that is a table alone. Raises UserError when it is damaged."""
    path = folder / BANK_JSON
    try:
        data = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    if not isinstance(data, dict):
        raise UserError(f"{path} is no description of a bank")
    return data


def folder_of(bank: Path) -> Path:
    """Return the folder that a bank's clips are found from: its own, or that of its table."""
    return bank if bank.is_dir() else bank.parent


def references(speaker: Speaker) -> Iterator[ClipRef]:
    """Yield the reference clips of a speaker, the best first; none when the engine knows the speaker by name."""
    n, end = 1, ""
    while path := speaker.handle.get(f"{REFERENCE}{end}"):
        rate = speaker.handle.get(f"sample_rate{end}", 0)
        yield ClipRef(
            str(path), str(speaker.handle.get(f"transcript{end}", "")),
            int(rate) if isinstance(rate, int | float) else 0, str(speaker.handle.get(f"sha256{end}", "")),
        )  # fmt: skip
        n += 1
        end = f"_{n}"


def with_paths(speaker: Speaker, folder: Path) -> Speaker:
    """Return the speaker as an engine needs it: its clips found from anywhere. For speaking only, never for storing."""
    found = {key: value for key, value in speaker.handle.items() if re.fullmatch(rf"{REFERENCE}(_\d+)?", key)}
    paths = {key: str((folder / str(value)).resolve()) for key, value in found.items()}
    return speaker.model_copy(update={"handle": speaker.handle | paths}) if paths else speaker


def _counted(values: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))

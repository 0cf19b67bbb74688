"""Whether a bank is what it says: files, checksums, lengths, transcripts, pitch, splits, licence and consent."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from medsynth.records import SPLITS, Speaker
from medsynth.voice.audio import decode
from medsynth.voice.bank import load_bank
from medsynth.voice.bank_clips import HIGHEST_RATE, LONGEST_S, LOWEST_RATE, SHORTEST_S
from medsynth.voice.bank_consent import CLIPS, is_cloned, refusal
from medsynth.voice.bank_folder import ClipRef, folder_of, read_description, references
from medsynth.voice.bank_pitch import pitch_doubt
from medsynth.voice.bank_reasons import PERSON
from medsynth.voice.engine import VoiceError
from medsynth.voice.f0 import median_f0

CHECKS = ("files", "clips", "pitch", "splits", "rights", "description")


class BankFinding(NamedTuple):
    """Something wrong (`grave`) or worth a look: the check, the speaker or cell, and a line."""

    check: str
    where: str
    message: str
    grave: bool = True


def check_bank(path: Path) -> Iterator[BankFinding]:
    """Yield what is wrong with a bank (its folder or table), and what is doubtful. Raises BankError for its table."""
    speakers, folder = load_bank(path), folder_of(path)
    about = read_description(folder)
    allowed = about.get("options", {})
    entries = {entry["id"]: entry for entry in about.get("speakers", [])}
    seen: dict[str, Speaker] = {}
    for speaker in speakers:
        for clip in references(speaker):
            yield from _check_clip(speaker, clip, folder)
            other = seen.setdefault(clip.sha256 or clip.path, speaker)
            if other.id != speaker.id:
                grave = other.split != speaker.split
                yield BankFinding("splits", speaker.id, f"{clip.path} is also a clip of {other.id}", grave)
        yield from _check_rights(speaker, allowed)
        if doubt := pitch_doubt(speaker.gender, speaker.age_group, speaker.f0_hz):
            yield BankFinding("pitch", speaker.id, doubt, grave=False)
        if not speaker.f0_low_hz < speaker.f0_hz < speaker.f0_high_hz:
            yield BankFinding("pitch", speaker.id, "f0_hz is not between f0_low_hz and f0_high_hz")
    yield from _doubtful_rights(speakers)
    yield from _check_splits(speakers)
    if about:
        yield from _check_description(speakers, entries, folder)


def _check_clip(speaker: Speaker, clip: ClipRef, folder: Path) -> Iterator[BankFinding]:
    path = folder / clip.path
    if Path(clip.path).is_absolute() or ".." in Path(clip.path).parts:
        yield BankFinding("files", speaker.id, f"{clip.path} leads out of the bank")
        return
    try:
        data = path.read_bytes()
    except OSError:
        yield BankFinding("files", speaker.id, f"{clip.path} is not there")
        return
    if hashlib.sha256(data).hexdigest() != clip.sha256:
        yield BankFinding("files", speaker.id, f"{clip.path} is not the file that was put there (SHA-256)")
    try:
        samples, rate = decode(data)
    except VoiceError as error:
        yield BankFinding("files", speaker.id, f"{clip.path}: {error}")
        return
    if rate != clip.sample_rate or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        yield BankFinding(
            "clips", speaker.id, f"{clip.path} is at {rate} Hz, its row says {clip.sample_rate}"
        )
    seconds = len(samples) / rate
    if not SHORTEST_S <= seconds <= LONGEST_S:
        yield BankFinding("clips", speaker.id, f"{clip.path} lasts {seconds:.2f} s, not 3–12 s")
    if not clip.transcript.strip():
        yield BankFinding("clips", speaker.id, f"{clip.path} has no transcript")
    f0, voiced = median_f0(samples, rate)
    if voiced and not speaker.f0_low_hz <= f0 <= speaker.f0_high_hz:
        band = f"{speaker.f0_low_hz:.0f}–{speaker.f0_high_hz:.0f}"
        yield BankFinding("pitch", speaker.id, f"{clip.path} has {f0:.0f} Hz, outside the speaker's {band}")


def _check_rights(speaker: Speaker, allowed: dict[str, Any]) -> Iterator[BankFinding]:
    reason = refusal(
        speaker, without_consent=bool(allowed.get("cloning_without_consent")),
        children=bool(allowed.get("cloning_children")), unknown_licence=bool(allowed.get("unknown_licence")),
    )  # fmt: skip
    if reason:
        yield BankFinding("rights", speaker.id, PERSON[reason])


def _doubtful_rights(speakers: Sequence[Speaker]) -> Iterator[BankFinding]:
    unasked = sum(is_cloned(s) and s.consent != "cloning" for s in speakers)
    if unasked:
        message = "cloned though none stated consent to it: whoever built the bank took it on them"
        yield BankFinding("rights", f"{unasked} speakers", message, grave=False)
    unknown = sum(s.licence.strip().lower() in ("", "unknown") for s in speakers)
    if unknown:
        yield BankFinding("rights", f"{unknown} speakers", "the licence is not known", grave=False)


def _check_splits(speakers: Sequence[Speaker]) -> Iterator[BankFinding]:
    cells: dict[str, set[str]] = defaultdict(set)
    for s in speakers:
        cells[f"{s.lang} {s.gender} {s.age_group}"].add(s.split)
    for cell, splits in sorted(cells.items()):
        missing = [split for split in SPLITS if split not in splits]
        if missing:
            yield BankFinding("splits", cell, f"nobody for {', '.join(missing)}", grave=False)


def _check_description(
    speakers: Sequence[Speaker], entries: dict[str, Any], folder: Path
) -> Iterator[BankFinding]:
    ids = {s.id for s in speakers}
    for missing in sorted(ids ^ entries.keys()):
        place = "bank.csv" if missing in ids else "bank.json"
        yield BankFinding("description", missing, f"is in {place} alone")
    named = {clip.path for s in speakers for clip in references(s)}
    for path in sorted((folder / CLIPS).glob("*")):
        if f"{CLIPS}/{path.name}" not in named:
            yield BankFinding("description", path.name, "no speaker has this clip", grave=False)

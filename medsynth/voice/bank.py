"""The speaker bank: a table with the columns of `Speaker`, one file a bank."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from medsynth.errors import UserError
from medsynth.records import Speaker

BUILT_IN = Path(__file__).parent / "banks" / "espeak.csv"
COLUMNS: tuple[str, ...] = tuple(name for name, field in Speaker.model_fields.items() if field.is_required())
MORE: tuple[str, ...] = tuple(name for name in Speaker.model_fields if name not in COLUMNS)
"""Columns that a table has only where a speaker needs them."""


class BankError(UserError):
    """A bank file cannot be read. The message names the file and the line."""


def load_bank(path: Path | None = None) -> tuple[Speaker, ...]:
    """Return the speakers of a bank file (CSV, columns as `Speaker`, `handle` as JSON), by default our own.

    A folder is a bank that `medsynth bank build` made; its table is `bank.csv`.
    Raises BankError for a missing or malformed file, a repeated id, or one voice in two splits.
    """
    path = path or BUILT_IN
    if path.is_dir():
        path = path / "bank.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BankError(f"{path}: {error}") from None
    speakers: list[Speaker] = []
    ids: set[str] = set()
    voices: dict[tuple[str, str], str] = {}
    for line, row in enumerate(rows, start=2):
        try:
            cells = {name: cell for name, cell in row.items() if cell or name not in MORE}
            speaker = Speaker.model_validate({**cells, "handle": json.loads(row.get("handle") or "")})
        except (ValidationError, ValueError) as error:
            raise BankError(f"{path}:{line}: {_first_line(error)}") from None
        if speaker.id in ids:
            raise BankError(f"{path}:{line}: speaker {speaker.id} is listed twice")
        voice = (speaker.engine, json.dumps(speaker.handle, sort_keys=True))
        if voices.setdefault(voice, speaker.split) != speaker.split:
            raise BankError(f"{path}:{line}: the voice of {speaker.id} is in two splits")
        ids.add(speaker.id)
        speakers.append(speaker)
    if not speakers:
        raise BankError(f"{path}: no speakers; its columns must be {', '.join(COLUMNS)}")
    return tuple(speakers)


def save_bank(speakers: Iterable[Speaker], path: Path) -> None:
    """Write a bank file that `load_bank` reads."""
    rows = [{**s.model_dump(), "handle": json.dumps(s.handle, sort_keys=True)} for s in speakers]
    more = [name for name in MORE if any(name in row for row in rows)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, (*COLUMNS, *more), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def bank_hash(speakers: Sequence[Speaker]) -> str:
    """Return 32 hex digits of the bank's content; the order of the speakers does not matter."""
    lines = sorted(speaker.model_dump_json() for speaker in speakers)
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


def listing(speakers: Iterable[Speaker]) -> list[dict[str, str]]:
    """Return the rows of `medsynth voices`: one plain dict a speaker, in the order of the bank."""
    return [
        {
            "id": s.id, "lang": s.lang, "accent": s.accent, "gender": s.gender, "age": s.age_group, "split": s.split,
            "f0_hz": f"{s.f0_hz:.0f}", "pace": f"{s.pace:.1f}", "engine": s.engine, "licence": s.licence,
            "consent": s.consent,
        }
        for s in speakers
    ]  # fmt: skip


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"column {'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"column handle is no JSON object ({error})"

"""What a reader of a speech corpus hands over: people, recordings, and what it could not read."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from medsynth.errors import UserError
from medsynth.records import Consent, Gender
from medsynth.voice.bank_people import Ages

MOST_RECORDINGS = 200
"""So many recordings of one person are kept in mind, drawn by a hash of their names."""


@dataclass(frozen=True)
class Person:
    """One speaker of a corpus. `name` is the corpus's own; `given` its table's cells as they stand there.

    None or "" where the table says nothing. `where` names file and line.
    """

    name: str
    lang: str
    accent: str
    gender: Gender | None
    ages: Ages | None
    given: dict[str, str]
    licence: str
    consent: Consent
    where: str


@dataclass(frozen=True)
class Recording:
    """A sound file, who is heard in it, and what is said ("" when the corpus has no transcript of it)."""

    name: str
    path: Path
    text: str


@dataclass(frozen=True)
class Problem:
    """A row or file that could not be used. `reason` is one word of `bank_reasons`."""

    where: str
    reason: str
    detail: str = ""


@dataclass
class SpeechCorpus:
    """A corpus as read: its people by name, their recordings, and what was left out, each with a reason."""

    source: str
    folder: Path
    people: dict[str, Person] = field(default_factory=dict)
    recordings: dict[str, list[tuple[int, Recording]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, recording: Recording) -> None:
        """Keep a recording of the person `name`; of more than `MOST_RECORDINGS` those with the lowest hashes."""
        self.seen[name] += 1
        heap = self.recordings.setdefault(name, [])
        entry = (-rank(recording.name), recording)
        if len(heap) < MOST_RECORDINGS:
            heapq.heappush(heap, entry)
        elif entry[0] > heap[0][0]:
            heapq.heapreplace(heap, entry)

    def of(self, name: str) -> list[Recording]:
        """Return a person's recordings in the order of their hashes, which is the same on every machine."""
        return [r for _, r in sorted(self.recordings.get(name, []), key=lambda e: (-e[0], e[1].name))]

    def problem(self, where: str, reason: str, detail: str = "") -> None:
        """Note a row or file that could not be used."""
        self.problems.append(Problem(where, reason, detail))


def rank(text: str) -> int:
    """Return a number that orders names by chance, the same every time."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=7).digest()
    return int.from_bytes(digest, "big")


def find_file(folder: Path, *names: str, within: tuple[str, ...] = ("",)) -> Path:
    """Return the first of `names` that is in `folder` or one of its subfolders `within`. Raises UserError."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder")
    for sub in within:
        for name in names:
            if (path := folder / sub / name).is_file():
                return path
    places = ", ".join(sub or "the folder itself" for sub in within)
    raise UserError(f"{folder}: no {' or '.join(names)} in it (looked in {places})")


def read_lines(path: Path) -> list[str]:
    """Return the lines of a UTF-8 text file, a byte order mark left out. Raises UserError."""
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None

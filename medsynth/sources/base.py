"""The reader contract: one file of this package per published raw shape.

A reader yields `Row`s lazily and parses one row at a time, so that a row that cannot be parsed still
has an id and ends in the ledger, and its neighbours are untouched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from medsynth.errors import UserError
from medsynth.records import Failed, Kept, Kind, RawTurn, Reason, Rejected, StatedPatient


class SourceConfig(BaseModel):
    """One entry of `sources:` in a pipeline file.

    `path` is a file or a folder; `reader` a registered name (None: recognised by content); `name`
    replaces the reader's name in ids. `lang`, `kind` and `licence` override what the reader states.
    `columns` maps our field names (`id question answer turns group age gender`) to the source's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    reader: str | None = None
    name: str | None = None
    lang: str | None = None
    kind: Kind | None = None
    licence: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)


class SourceError(UserError):
    """A source as a whole cannot be read. The message names the file and says what to do."""


class RowError(Exception):
    """One row cannot be parsed. `reason` is from the closed vocabulary; `detail` quotes no row text."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Row:
    """One row as found. `native_id` is the source's own id, or None; `where` says which row it is
    ("row 12", "QAPair 3") and stands in for a missing id. `error` is set instead of `value` when the
    row could not be cut out or decoded.
    """

    native_id: str | None
    where: str
    value: Any = None
    error: RowError | None = None


@dataclass(frozen=True)
class Parsed:
    """What a reader makes of one row. `group` None: the row is a group of its own."""

    turns: tuple[RawTurn, ...]
    group: str | None = None
    kind: Kind | None = None
    lang: str | None = None
    meta: dict[str, str] = field(default_factory=dict)
    patient: StatedPatient = field(default_factory=StatedPatient)


class Source:
    """A published raw shape. Subclasses set the class variables and implement the three methods."""

    name: ClassVar[str]
    description: ClassVar[str]
    lang: ClassVar[str]
    kind: ClassVar[Kind]
    licence: ClassVar[str]
    citation: ClassVar[str] = ""

    def mismatch(self, path: Path, head: bytes) -> str:
        """Return "" when the file (its first 64 KiB in `head`) has this shape, else why not, briefly."""
        raise NotImplementedError

    def companion(self, path: Path) -> bool:
        """Return whether the file only completes another one of its folder (metadata, the second speaker).

        Of a folder such files are not read for rows of their own.
        """
        return False

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield the file's rows in order, lazily."""
        raise NotImplementedError

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Return what one row says. Raises `RowError`."""
        raise NotImplementedError


@dataclass(frozen=True)
class Ingested:
    """One row on its way into a run: its id, where it stood, and a `RawQA`, or why there is none."""

    id: str
    where: str
    outcome: Kept | Rejected | Failed

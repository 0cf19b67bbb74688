"""PriMock57: mock primary-care consultations; one Praat TextGrid per speaker, and the doctor's note."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from medsynth.records import Reason, Role
from medsynth.sources.base import Parsed, Row, RowError, Source, SourceConfig
from medsynth.sources.files import open_bytes
from medsynth.sources.turns import clean_meta, joined_turns

MAX_FILE = 16 * 1024 * 1024
# The tier is called "Speaker" in most files, so the file name must say who it is.
_NAME = re.compile(r"(?P<consultation>.+)_(?P<role>doctor|patient)(?P<suffix>\.textgrid(?:\.gz)?)", re.I)
_INTERVAL = re.compile(
    r"xmin\s?=\s?(?P<start>\d+(?:\.\d+)?)\s+xmax\s?=\s?\d[-+.\dEe]*\s+text\s?=\s?\"(?P<text>(?:[^\"]|\"\")*+)\""
)
_SIZE = re.compile(r"intervals:\s?size\s?=\s?(\d{1,9})")
_UNSURE = re.compile(r"</?UNSURE>")
_UNHEARD = re.compile(r"<(?:UNIN|INAUDIBLE_SPEECH)\s?/?>")
_GAP = re.compile(r"(?:\s*…)+\s*[.,]?\s*")


class Interval(NamedTuple):
    """One utterance: when it begins (seconds), whose it is, what is heard."""

    start: float
    role: Role
    text: str


class PriMock57(Source):
    """A folder of `<consultation>_doctor.TextGrid` and `_patient.TextGrid`, merged by time into one record.

    Words marked as unsure are kept, what nobody could hear is a gap ("…") within an utterance and nothing
    at its ends; both are counted. A presenting complaint comes from `notes/<consultation>.json`.
    """

    name = "primock57"
    description = "PriMock57: mock primary-care consultations, two TextGrid transcripts each (folder)"
    lang = "en"
    kind = "consultation"
    licence = "CC-BY-4.0"
    citation = "Papadopoulos Korfiatis, Moramarco, Sarac and Savkov, PriMock57, ACL 2022"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for a TextGrid in long form, called after a consultation and its speaker."""
        if not _NAME.fullmatch(path.name):
            return "it is not called …_doctor.TextGrid or …_patient.TextGrid"
        head = head.replace(b"\0", b"")  # UTF-16 is read too
        fits = b"ooTextFile" in head[:200] and b"IntervalTier" in head and b"xmin = " in head
        return "" if fits else "it is no TextGrid in Praat's long text format"

    def companion(self, path: Path) -> bool:
        """A patient's transcript is read with the doctor's, where that lies beside."""
        name = _NAME.fullmatch(path.name)
        return bool(name and name["role"].lower() == "patient" and _beside(path, "doctor").is_file())

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield the one consultation that the file is part of."""
        name = _NAME.fullmatch(path.name)
        if not name:
            error = RowError(Reason.MALFORMED_ROW, "the file name does not say who speaks")
            yield Row(None, "consultation", error=error)
            return
        try:
            said = [interval for role in _ROLES for interval in _intervals(_beside(path, role), role)]
        except RowError as error:
            yield Row(None, "consultation", error=error)
            return
        note = _note(path, name["consultation"])
        yield Row(None, "consultation", (said, note))

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Order both speakers' utterances by when they begin; neighbours of one speaker are one turn."""
        said, note = value
        unsure = sum(interval.text.count("<UNSURE>") for interval in said)
        unheard = sum(len(_UNHEARD.findall(interval.text)) for interval in said)
        ordered = sorted(said, key=lambda interval: (interval.start, interval.role))
        turns = joined_turns(((interval.role, heard(interval.text)) for interval in ordered), " ")
        if not turns:
            raise RowError(Reason.MISSING_FIELD, "nobody says anything")
        meta = {
            "complaint": note.get("presenting_complaint"),
            "note": note.get("state"),
            "unsure": unsure or None,
            "unheard": unheard or None,
        }
        return Parsed(turns=turns, meta=clean_meta(meta))


_ROLES: tuple[Role, ...] = ("doctor", "patient")


def heard(text: str) -> str:
    """Return an utterance without tags, on one line; a gap inside it is "…"."""
    text = _UNHEARD.sub(" … ", _UNSURE.sub("", text))
    return _GAP.sub(" … ", " ".join(text.split())).strip(" …")


def _beside(path: Path, role: str) -> Path:
    """Return the transcript of the same consultation by `role` (written as this file writes its own)."""
    name = _NAME.fullmatch(path.name)
    if name is None or name["role"].lower() == role:
        return path
    return path.with_name(f"{name['consultation']}_{role}{name['suffix']}")


def _intervals(path: Path, role: Role) -> list[Interval]:
    if not path.is_file():
        raise RowError(Reason.MISSING_FIELD, f"the {role}'s transcript does not lie beside it")
    with open_bytes(path) as stream:
        content = stream.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise RowError(Reason.MALFORMED_ROW, f"the {role}'s transcript is larger than {MAX_FILE} bytes")
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        detail = f"the {role}'s transcript is not valid {'UTF-16' if utf16 else 'UTF-8'}, which was tried"
        raise RowError(Reason.BAD_ENCODING, detail) from None
    found = [
        Interval(float(match["start"]), role, match["text"].replace('""', '"'))
        for match in _INTERVAL.finditer(text)
    ]
    sizes = [int(match[1]) for match in _SIZE.finditer(text)]
    if not sizes or sum(sizes) != len(found):
        detail = f"the {role}'s transcript has {len(found)} intervals where it announces {sum(sizes)}"
        raise RowError(Reason.MALFORMED_ROW, detail)
    return found


def _note(path: Path, consultation: str) -> dict[str, Any]:
    """Return the note's fields; `state` says why there are none."""
    places = (path.parent.parent / "notes", path.parent / "notes", path.parent)
    file = next(
        (place / f"{consultation}.json" for place in places if (place / f"{consultation}.json").is_file()),
        None,
    )
    if file is None:
        return {"state": "missing"}
    with open_bytes(file) as stream:
        content = stream.read(MAX_FILE)
    try:
        note = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {"state": "unreadable"}
    return note if isinstance(note, dict) else {"state": "unreadable"}

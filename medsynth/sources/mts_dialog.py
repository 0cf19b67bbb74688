"""MTS-Dialog: doctor–patient conversations as `Role: text` lines in a CSV field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsynth.records import Reason, Role
from medsynth.sources.base import Parsed, Row, RowError, Source, SourceConfig
from medsynth.sources.csvio import csv_rows, peek_header
from medsynth.sources.ids import digest
from medsynth.sources.turns import clean_meta, field, make_turn, native_id, text_of_value

_COLUMNS = {"ID", "section_header", "section_text", "dialogue"}
# Published labels (also misspelt ones: Docotr_2, Gest_family, Guest_clinican; Pattor and Pater come
# from machine translation) -> who speaks. Guest_family is a relative, Guest_clinician a colleague.
_LABELS = {
    **dict.fromkeys(("doctor", "docotr", "physician", "doc", "clinician"), "doctor"),
    **dict.fromkeys(("guest_clinician", "guest_clinican"), "clinician"),
    **dict.fromkeys(("patient", "patients", "pattor", "pater"), "patient"),
    **dict.fromkeys(("guest_family", "gest_family"), "family"),
}
_PUBLISHED = frozenset({"doctor", "patient", "guest_family", "guest_clinician"})
_NAMES = "|".join(sorted(map(re.escape, _LABELS), key=len, reverse=True))
# A label opens a line or follows a blank, hyphen or quotation mark (the translated file runs all turns
# together in one line); behind a relative's label a full stop occurs in place of the colon.
_LABEL = re.compile(
    rf"(?<![^\s\"“-])(?=[A-Z])(?P<label>(?i:{_NAMES}))(?:_?[0-9])?(?:\s?:|(?<=family)\.(?=\s))"
)
_BACK_TRANSLATION = re.compile(r"TR=\S+\s+(?P<base>\S+)")


class MTSDialog(Source):
    """The published CSV files, the back-translated training set included.

    Relatives speak on the patient's side and colleagues on the doctor's. `meta` says who is heard
    (`speakers`), and `informant` is `other` where a relative speaks and the patient never does.
    """

    name = "mts_dialog"
    description = "MTS-Dialog: doctor–patient conversations with labelled lines, in CSV"
    lang = "en"
    kind = "consultation"
    licence = "CC-BY-4.0"
    citation = "Ben Abacha, Yim, Fan and Lin, EACL 2023"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for the four published columns."""
        missing = sorted(_COLUMNS - set(peek_header(path, head)))
        return f"its header has no {', '.join(missing)}" if missing else ""

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per conversation."""
        return csv_rows(path, "utf-8-sig", lambda row: native_id(row.get("ID")))

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Cut the dialogue at its labels; consecutive utterances of one side become one turn."""
        turns, speakers, mended = split_dialogue(text_of_value(field(value, "dialogue"), "dialogue"))
        if not turns:
            raise RowError(Reason.MALFORMED_ROW, "no line of the dialogue says who speaks")
        meta = {"section": value.get("section_header", ""), "speakers": ",".join(sorted(speakers))}
        if mended:
            meta["labels_mended"] = str(mended)
        if "family" in speakers and "patient" not in speakers:
            meta["informant"] = "other"
        parsed = tuple(make_turn(role, text) for role, text in turns)
        return Parsed(turns=parsed, group=_group(value), meta=clean_meta(meta))


def split_dialogue(text: str) -> tuple[list[tuple[Role, str]], set[str], int]:
    """Return the turns of a labelled dialogue, who is heard (doctor, clinician, patient, family), and how many
    labels were misspelt or missing.

    What stands before the first label was said by the side that is not named next. A dialogue
    without any label has no turns.
    """
    labels = list(_LABEL.finditer(text))
    if not labels:
        return [], set(), 0
    names = [_LABELS[match["label"].lower()] for match in labels]
    ends = [match.start() for match in labels[1:]] + [len(text)]
    said = [(name, text[match.end() : end]) for name, match, end in zip(names, labels, ends, strict=True)]
    opening = text[: labels[0].start()]
    mended = sum(match["label"].lower() not in _PUBLISHED for match in labels)
    if any(map(str.isalnum, opening)):
        mended += 1
        said.insert(0, ("doctor" if _role(names[0]) == "patient" else "patient", opening))
    turns: list[tuple[Role, str]] = []
    speakers = set()
    for name, piece in said:
        if not (words := " ".join(piece.split())):
            continue
        speakers.add(name)
        role = _role(name)
        if turns and turns[-1][0] == role:
            words = f"{turns.pop()[1]} {words}"
        turns.append((role, words))
    return turns, speakers, mended


def _role(speaker: str) -> Role:
    return "doctor" if speaker in ("doctor", "clinician") else "patient"


def _group(row: dict[str, str]) -> str | None:
    """Join a conversation and its back-translations: same number, same note."""
    number = (row.get("ID") or "").strip()
    if match := _BACK_TRANSLATION.fullmatch(number):
        number = match["base"]
    note = " ".join((row.get("section_text") or "").split())
    return f"{number}-{digest(note)}" if number or note else None

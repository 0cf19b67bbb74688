"""MedDG: Chinese gastrointestinal consultations, one JSON object per utterance between `dialog` lines."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsynth.records import Reason, StatedPatient
from medsynth.sources.base import Parsed, Row, RowError, SourceConfig
from medsynth.sources.files import data_suffix, open_bytes
from medsynth.sources.jsonio import MAX_RECORD, NOT_UTF8, peek
from medsynth.sources.sharegpt import ShareGPT
from medsynth.sources.turns import (
    clean_meta,
    field,
    joined_turns,
    kind_of,
    native_id,
    role_of,
    stated_patient,
    text_of_value,
)

# What the site puts behind the first sentence: （女，34岁）. It is no part of what the patient says.
_AGE_AND_SEX = re.compile(r"[（(](男|女)[，,]\s?([0-9]{1,3}(?:岁|个?月)?)[）)]")


class MedDG(ShareGPT):
    """The text release (`train.txt`, `dev.txt`, `test.txt`), and its conversion to `conversations`.

    Built from descriptions of the format. Consecutive lines of one speaker become one turn.
    """

    name = "meddg"
    description = (
        "MedDG consultations: the text release (a JSON object a line between dialog lines), or converted"
    )
    lang = "zh"
    kind = "consultation"
    # The repository is GPL-3.0 but only links to the data, for which nobody states a licence.
    licence = "unknown"
    citation = "Liu et al., MedDG, NLPCC 2022"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for a `dialog` line in front of an utterance; of converted records for ids `MedDG-…`."""
        if data_suffix(path) != ".txt":
            records, why = peek(path, head)
            if why:
                return why
            converted = all(str(record.get("idx", "")).startswith("MedDG-") for record in records)
            return super().mismatch(path, head) if converted else "its records have no idx MedDG-…"
        opening, _, rest = head.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")
        utterance = rest.lstrip()
        fits = opening.startswith(b"dialog") and utterance.startswith(b"{") and b'"Sentence"' in utterance
        return "" if fits else "it does not begin with a line dialog… and a line {id, Sentence …}"

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per dialogue."""
        return _dialogues(path) if data_suffix(path) == ".txt" else super().rows(path, config)

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Put the utterances in order; age and sex in brackets become fields of the patient."""
        if isinstance(value, dict):
            return super().parse(value, config)
        said = []
        patient = StatedPatient()
        for number, utterance in enumerate(map(_utterance, value), start=1):
            role = role_of(field(utterance, "id"))
            if role is None:
                raise RowError(Reason.MALFORMED_ROW, f"utterance {number}: id is neither Patients nor Doctor")
            text = text_of_value(field(utterance, "Sentence"), "Sentence")
            if patient == StatedPatient() and (match := _AGE_AND_SEX.search(text)):
                patient = stated_patient(match[2], match[1])
                text = text[: match.start()] + text[match.end() :]
            said.append((role, text))
        turns = joined_turns(said, "\n")
        if not turns:
            raise RowError(Reason.MISSING_FIELD, "nobody says anything")
        joined = len(said) - len(turns)
        return Parsed(
            turns=turns,
            kind=kind_of(turns),
            meta=clean_meta({"utterances_joined": joined or None}),
            patient=patient,
        )


def _utterance(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise RowError(Reason.BAD_ENCODING, NOT_UTF8) from None
    except (ValueError, RecursionError):
        raise RowError(Reason.MALFORMED_ROW, "a line of the dialogue is not JSON") from None
    if not isinstance(value, dict):
        raise RowError(Reason.MALFORMED_ROW, "a line of the dialogue is not a JSON object")
    return value


def _dialogues(path: Path) -> Iterator[Row]:
    """Yield the dialogues of a text file as lists of lines; `dialog…` opens one, a blank line closes it."""
    number = 0
    name: str | None = None
    lines: list[bytes] = []
    size = 0
    opened = False

    def row() -> Row:
        if size > MAX_RECORD:
            error = RowError(Reason.MALFORMED_ROW, f"the dialogue is longer than {MAX_RECORD} bytes")
            return Row(name, f"dialogue {number}", error=error)
        return Row(name, f"dialogue {number}", lines)

    with open_bytes(path) as stream:
        first = True
        while line := stream.readline(MAX_RECORD + 1):
            line = line.removeprefix(codecs.BOM_UTF8).strip() if first else line.strip()
            first = False
            opens = line.startswith(b"dialog")
            if (size and not line) or (opens and (size or opened)):
                number += 1
                yield row()
                name, lines, size, opened = None, [], 0, False
            if opens:
                opened = True
                name = native_id(line.removeprefix(b"dialog").decode("utf-8", "replace"))
            elif line:
                size += len(line)
                if size <= MAX_RECORD:
                    lines.append(line)
        if size or opened:
            number += 1
            yield row()

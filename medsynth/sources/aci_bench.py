"""ACI-Bench: doctor–patient encounters in several transcript versions, with metadata beside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from medsynth.records import Reason, Role
from medsynth.sources.base import Parsed, Row, RowError, Source, SourceConfig
from medsynth.sources.csvio import csv_rows, peek_header
from medsynth.sources.files import data_stem, data_suffix, open_bytes, read_head
from medsynth.sources.jsonio import NOT_UTF8
from medsynth.sources.turns import clean_meta, field, joined_turns, native_id, stated_patient, text_of_value

MAX_FILE = 64 * 1024 * 1024
_METADATA = "_metadata.csv"
_VERSIONS = frozenset({"asr", "asrcorr", "humantrans"})
_LABEL = re.compile(r"\[(doctor|patient|patient_guest)\]", re.I)
_FILE = re.compile(r"(?P<encounter>D[0-9]+N[0-9]+)-(?P<dataset>\w+)")
_JSON_START = re.compile(rb'\s*\{\s*"data"\s*:\s*\[\s*\{')
# What only a doctor says. Where the "patient" says it, and the "doctor" hardly, a recogniser has mixed up the
# speakers. Of 215 published transcripts this finds 12, by their openings rightly so; it misses one with two cues.
_DOCTOR_SAYS = re.compile(
    r"\b(?:i'm (?:just )?(?:going to|gon na|gonna) (?:order|prescribe|refer|start|put|go ahead|send|recommend"
    r"|examine|check|take a look)|i want (?:you )?to (?:go ahead|order|start|continue|get|see)"
    r"|i(?:'d| would) like (?:you )?to (?:order|start|get|go ahead|see|refer|continue)|physical exam|follow[- ]?up"
    r"|any (?:chest pain|fevers?|shortness|nausea|allergies|numbness|swelling|issues|trouble|other|pain|family"
    r"|history|problems|questions)|do you (?:have an?|have any|smoke|drink|take any|use any|notice|feel|remember"
    r"|recall|understand)|have you (?:had|noticed|tried|taken|been|ever)|are you (?:having|taking|still|able)"
    r"|does (?:it|that|this) (?:hurt|bother)|how long (?:has|have)|what kind of|what brings you|tell me"
    r"|let me (?:know|check|take|listen|examine)|let's (?:go ahead|take a look|order|start)"
    r"|(?:i have|i see|i understand) (?:that )?you|on (?:your|the) (?:exam|lungs|heart|abdomen)"
    r"|(?:your|the) (?:vital signs|vitals|x-ray|ekg|echocardiogram) (?:looks?|shows?|was|were|is|are)"
    r"|(?:your|her|his) (?:labs?|results))\b",
    re.I,
)
_SWAP_CUES = 4


class ACIBench(Source):
    """The CSV files of `challenge_data` and `src_experiment_data`, and the JSON copies.

    All versions of an encounter (recognised, corrected, transcribed, copied) share its group. Age, gender
    and complaint come from the metadata beside, and from `../challenge_data`. Relatives (`[patient_guest]`)
    speak on the patient's side. Speakers that a recogniser mixed up are changed back and counted.
    """

    name = "aci_bench"
    description = "ACI-Bench: doctor–patient encounters, also as recognised speech (CSV with metadata, JSON)"
    lang = "en"
    kind = "consultation"
    licence = "CC-BY-4.0"
    citation = "Yim, Fu, Ben Abacha, Snider, Lin and Yetisgen, ACI-Bench, Scientific Data, 2023"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for dataset, dialogue and note with an encounter, or for {data: [{src, tgt, file}]}."""
        if data_suffix(path) == ".json":
            fits = _JSON_START.match(head) and b'"src"' in head and b'"file"' in head
            return "" if fits else "it is not {data: [{src, tgt, file} …]}"
        header = set(peek_header(path, head))
        if {"patient_gender", "cc"} <= header and "dialogue" not in header:
            return "it is the metadata of an ACI-Bench file; read that file, with this one beside it"
        fits_csv = {"dataset", "dialogue", "note"} <= header and header & {"encounter_id", "id"}
        return "" if fits_csv else "its header has no dataset, dialogue, note and encounter_id or id"

    def companion(self, path: Path) -> bool:
        """Metadata goes with the transcripts."""
        return path.name.endswith(_METADATA) and "dialogue" not in peek_header(path, read_head(path))

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per transcript, with the metadata of its encounter."""
        known = _metadata(path)
        version = data_stem(path).rpartition("_")[2]
        transcript = {"transcript": version} if version in _VERSIONS else {}
        for row in _json_rows(path) if data_suffix(path) == ".json" else csv_rows(path, "utf-8-sig", _id_of):
            if row.error:
                yield row
            else:
                about = known.get(row.native_id or "", {})
                yield replace(row, value={**row.value, "about": about, **transcript})

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Cut the dialogue at its labels; utterances of one side in a row become one turn."""
        pieces = _LABEL.split(text_of_value(field(value, "dialogue"), "dialogue"))
        labels = [label.lower() for label in pieces[1::2]]
        if not labels:
            raise RowError(Reason.MALFORMED_ROW, "no line of the dialogue says who speaks")
        said: list[tuple[Role, str]] = [
            ("doctor" if label == "doctor" else "patient", " ".join(text.split()))
            for label, text in zip(labels, pieces[2::2], strict=True)
        ]
        swapped = speakers_swapped(said)
        if swapped:
            said = [("patient" if role == "doctor" else "doctor", text) for role, text in said]
        about = value["about"]
        encounter = about.get("encounter_id") or _id_of(value)
        meta = {
            "encounter": encounter,
            "dataset": value.get("dataset"),
            "complaint": about.get("cc"),
            "transcript": value.get("transcript"),
            "speakers": ",".join(sorted(set(labels))),
            "roles": "changed back" if swapped else None,
        }
        return Parsed(
            turns=joined_turns(said, " "),
            group=encounter,
            meta=clean_meta(meta),
            patient=stated_patient(about.get("patient_age"), about.get("patient_gender")),
        )


def speakers_swapped(said: list[tuple[Role, str]]) -> bool:
    """Return whether what doctors say stands on the patient's side, and hardly on the other."""
    cues = {"doctor": 0, "patient": 0}
    for role, text in said:
        cues[role] += len(_DOCTOR_SAYS.findall(text))
    return cues["patient"] >= _SWAP_CUES and cues["patient"] >= 2 * cues["doctor"]


def _id_of(row: dict[str, Any]) -> str | None:
    return native_id(row.get("encounter_id")) or native_id(row.get("id"))


def _metadata(path: Path) -> dict[str, dict[str, str]]:
    """Return what is known of encounters, by `encounter_id` and by the `id` that other versions carry."""
    folders = dict.fromkeys((path.parent, path.parent.parent / "challenge_data"))
    found: dict[str, dict[str, str]] = {}
    for folder in folders:
        for file in sorted(folder.glob(f"*{_METADATA}")):
            for row in csv_rows(file, "utf-8-sig", _id_of):
                for name in ("encounter_id", "id"):
                    if row.error is None and (key := native_id(row.value.get(name))):
                        # challenge_data knows the encounter of an id; the other metadata does not
                        found[key] = {**found.get(key, {}), **row.value}
    return found


def _json_rows(path: Path) -> Iterator[Row]:
    with open_bytes(path) as stream:
        content = stream.read(MAX_FILE + 1)
    try:
        if len(content) > MAX_FILE:
            raise RowError(Reason.MALFORMED_ROW, f"the file is larger than {MAX_FILE} bytes")
        data = json.loads(content.decode("utf-8-sig"))
        items = data.get("data") if isinstance(data, dict) else None
        if not isinstance(items, list):
            raise RowError(Reason.MALFORMED_ROW, "the file is not {data: […]}")
    except RowError as error:
        yield Row(None, "row 1", error=error)
        return
    except UnicodeDecodeError:
        yield Row(None, "row 1", error=RowError(Reason.BAD_ENCODING, NOT_UTF8))
        return
    except (ValueError, RecursionError):
        yield Row(
            None, "row 1", error=RowError(Reason.MALFORMED_ROW, "the file is not one whole JSON object")
        )
        return
    for number, item in enumerate(items, start=1):
        where = f"row {number}"
        if not isinstance(item, dict):
            yield Row(None, where, error=RowError(Reason.MALFORMED_ROW, "the row is not a JSON object"))
            continue
        name = native_id(item.get("file"))
        match = _FILE.fullmatch(name) if name else None
        encounter = match["encounter"] if match else name
        dataset = match["dataset"] if match else None
        yield Row(
            encounter, where, {"encounter_id": encounter, "dataset": dataset, "dialogue": item.get("src")}
        )

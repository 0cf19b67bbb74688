"""Pairs of a real passage and a rewriting of it, for measuring how well changed medical facts are noticed.

`facts_<lang>_alterations.csv` and `facts_<lang>_paraphrases.csv` hold no source text: a row names a record by
id, a turn and the character range of a passage in it, and the edits that make the rewriting, each
`[start, end, replacement]` with offsets from the start of the passage. A person read each passage and wrote its
edits: an alteration changes what is said medically, a paraphrase changes the words of the facts alone.
Column `kind` says what was changed (in `number_transposed` digits also come and go), column `style` in which way
a paraphrase says it. The rows marked `test` serve to measure: nobody mends the guard by them, or reads them. Once
they were measured and others annotated, they become `dev`. Every row of one passage lies in the same split.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from medsynth.errors import UserError
from medsynth.records import Kept, RawQA
from medsynth.sources import SourceConfig, ingest

HERE = Path(__file__).parent
VARIABLE = "MEDSYNTH_REAL_DATA"
Which = Literal["alterations", "paraphrases"]
Split = Literal["dev", "test"]
Edit = tuple[int, int, str]

# Readers give dialogues; the notes that go with them are read as tables.
_NOTES = {
    "mts_notes": {"id": "ID", "question": "section_header", "answer": "section_text"},
    "aci_notes": {"id": "encounter_id", "question": "encounter_id", "answer": "note"},
}
SOURCES: dict[str, tuple[SourceConfig, ...]] = {
    "en": (
        SourceConfig(path="medquad"),
        SourceConfig(path="pubmedqa/ori_pqal.json"),
        SourceConfig(path="med_safety_bench"),
        SourceConfig(path="primock57"),
        *(
            SourceConfig(path=f"mts_dialog/MTS-Dialog-{part}.csv", **more)
            for part in ("TrainingSet", "ValidationSet", "TestSet-1-MEDIQA-Chat-2023")
            for more in ({}, {"name": "mts_notes", "columns": _NOTES["mts_notes"]})
        ),
        *(
            SourceConfig(path=f"aci_bench/challenge_data/{part}.csv", **more)
            for part in ("train", "valid", "clinicalnlp_taskB_test1")
            for more in ({}, {"name": "aci_notes", "columns": _NOTES["aci_notes"]})
        ),
    ),
    "zh": tuple(
        SourceConfig(path=path)
        for path in (
            "zhongjing/CMtMedQA_test.json",
            "zhongjing/huatuo26M_test.json",
            "toyhom/internal_medicine_sample.csv",
            "cmb/CMB-Clin-qa.json",
            "ai_hospital/dialog_history_gpt4.jsonl.gz",
            "ai_hospital/dialog_history_wenxin.jsonl.gz",
            "disc_medllm/test_examples.jsonl.gz",
            "speechmed_example/train_s2t_example.json",
        )
    ),
}


@dataclass(frozen=True)
class Pair:
    """A passage and its rewriting. `edits` are character ranges of `source` with what stands there instead.

    `kind` is the kind of an alteration, or the style of a paraphrase.
    """

    id: str
    lang: str
    source: str
    rewrite: str
    kind: str
    split: str
    edits: tuple[Edit, ...]


def csv_path(lang: str, which: Which) -> Path:
    """Return where the rows of a language lie; the file need not exist."""
    return HERE / f"facts_{lang}_{which}.csv"


def rows(lang: str, which: Which) -> list[dict[str, str]]:
    """Return the rows of a language as they stand in the file. Raises `UserError` where there is none."""
    path = csv_path(lang, which)
    if not path.is_file():
        raise UserError(f"{path.name}: there is no such file")
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def load(lang: str, which: Which, split: Split | None = None) -> list[Pair]:
    """Return the pairs of a language in file order, of one split or of both.

    Needs the folder of real data in MEDSYNTH_REAL_DATA. Raises `UserError` naming the row whose id, range or
    edits do not fit the text.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        raise UserError(f"set {VARIABLE} to the folder of real data")
    records = _records(folder, lang)
    name = csv_path(lang, which).name
    wanted = enumerate(rows(lang, which), start=2)
    return [
        _pair(row, lang, records, f"{name}: line {line}")
        for line, row in wanted
        if split is None or row["split"] == split
    ]


@cache
def _records(folder: str, lang: str) -> dict[str, RawQA]:
    found: dict[str, RawQA] = {}
    for config in SOURCES[lang]:
        path = Path(folder) / config.path
        for row in ingest(config, path, set()):
            if isinstance(row.outcome, Kept):
                (record,) = row.outcome.records
                assert isinstance(record, RawQA)
                found[record.id] = record
    return found


def _pair(row: Mapping[str, str], lang: str, records: Mapping[str, RawQA], where: str) -> Pair:
    if row["split"] not in ("dev", "test"):
        raise UserError(f"{where}: split is neither dev nor test")
    record = records.get(row["id"])
    if record is None:
        raise UserError(f"{where}: the real data has no record {row['id']}")
    turn, start, end = (int(row[column]) for column in ("turn", "start", "end"))
    if not 0 <= turn < len(record.turns):
        raise UserError(f"{where}: {row['id']} has no turn {turn}")
    text = record.turns[turn].text
    if not 0 <= start < end <= len(text):
        raise UserError(f"{where}: the passage {start}–{end} does not lie in the turn")
    source = text[start:end]
    edits = read_edits(row["edits"], len(source), where)
    rewrite = apply(source, edits)
    if rewrite.split() == source.split():
        raise UserError(f"{where}: the edits change nothing")
    return Pair(row["id"], lang, source, rewrite, row.get("kind") or row["style"], row["split"], edits)


def read_edits(value: str, length: int, where: str) -> tuple[Edit, ...]:
    """Return the edits of a row in order of their place. Raises `UserError` where they cannot be applied.

    An edit may insert (start equals end) but must then bring something; two may touch but not overlap.
    """
    edits: list[Edit] = sorted((int(start), int(end), str(new)) for start, end, new in json.loads(value))
    if not edits:
        raise UserError(f"{where}: there are no edits")
    at = 0
    for start, end, new in edits:
        if not at <= start <= end <= length:
            raise UserError(f"{where}: the edit at {start} overlaps another or leaves the passage")
        if start == end and not new:
            raise UserError(f"{where}: the edit at {start} is empty")
        at = end
    return tuple(edits)


def apply(source: str, edits: tuple[Edit, ...]) -> str:
    """Return the source with its edits made. `edits` are in order and do not overlap."""
    pieces, at = [], 0
    for start, end, new in edits:
        pieces += [source[at:start], new]
        at = end
    return "".join([*pieces, source[at:]])


def rewritten_spans(edits: tuple[Edit, ...]) -> list[tuple[int, int]]:
    """Return where the replacements of ordered edits lie in the rewriting, as character ranges."""
    spans, shift = [], 0
    for start, end, new in edits:
        spans.append((start + shift, start + shift + len(new)))
        shift += len(new) - (end - start)
    return spans

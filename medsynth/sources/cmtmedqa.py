"""CMtMedQA and the Huatuo-26M test split, as published with Zhongjing: three record shapes in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsynth.records import RawTurn, Reason
from medsynth.sources.base import Parsed, Row, RowError, Source, SourceConfig
from medsynth.sources.jsonio import json_rows, peek
from medsynth.sources.turns import clean_meta, field, kind_of, make_turn, native_id, text_of_value


class CMtMedQA(Source):
    """Dialogues (`history` of [patient, doctor] pairs, then `instruction` and `output`), safety pairs
    (`instruct`, `output`), and Huatuo-26M pairs (`instruction` and `output` as one-element lists)."""

    name = "cmtmedqa"
    description = "CMtMedQA dialogues and safety pairs, Huatuo-26M test pairs (JSON)"
    lang = "zh"
    kind = "consultation"
    licence = "Apache-2.0"
    citation = "Yang et al., Zhongjing, AAAI 2024"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask that the first records all have one of the three shapes."""
        records, why = peek(path, head)
        if why:
            return why
        return (
            ""
            if all(map(_fits, records))
            else "its records are neither {history, cate1 …} nor {instruct, output}"
        )

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per record."""
        return json_rows(path, lambda record: native_id(record.get("id")))

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Put `history` first and `instruction`/`output` last, as they were said."""
        if "instruct" in value:
            return Parsed(turns=_exchange(value["instruct"], field(value, "output")), kind="safety")
        history = value.get("history") or []
        if not isinstance(history, list):
            raise RowError(Reason.MISSING_FIELD, "history is not a list")
        turns: tuple[RawTurn, ...] = ()
        for number, pair in enumerate(history, start=1):
            if not (isinstance(pair, list) and len(pair) == 2):
                raise RowError(Reason.MALFORMED_ROW, f"history {number} is not a pair of patient and doctor")
            turns += _exchange(*pair)
        question = text_of_value(field(value, "instruction"), "instruction")
        more = text_of_value(value.get("input"), "input")
        turns += _exchange("\n".join(filter(None, (question, more))), field(value, "output"))
        department = {"department": value.get("cate1"), "subdepartment": value.get("cate2")}
        return Parsed(turns=turns, kind=kind_of(turns), meta=clean_meta(department))


def _exchange(patient: Any, doctor: Any) -> tuple[RawTurn, RawTurn]:
    return (
        make_turn("patient", text_of_value(patient, "the patient's text")),
        make_turn("doctor", text_of_value(doctor, "the doctor's text")),
    )


def _fits(record: dict[str, Any]) -> bool:
    if {"history", "cate1", "instruction", "output"} <= record.keys():
        return True
    if record.keys() == {"instruct", "output"}:
        return True
    return isinstance(record.get("instruction"), list) and isinstance(record.get("output"), list)

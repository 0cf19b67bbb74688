"""Tables of questions and answers of any origin: JSON lines, JSON arrays, CSV, TSV, Parquet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from medsynth.records import Kind, RawTurn, Reason
from medsynth.sources.base import Parsed, Row, RowError, Source, SourceConfig, SourceError
from medsynth.sources.csvio import csv_rows, peek_header
from medsynth.sources.files import data_suffix, read_head
from medsynth.sources.jsonio import json_rows, peek
from medsynth.sources.turns import (
    clean_meta,
    field,
    is_system,
    kind_of,
    make_turn,
    native_id,
    role_of,
    stated_patient,
    text_of_value,
)

FIELDS = ("id", "question", "answer", "turns", "group", "age", "gender", "lang", "kind", "department")
_BATCH = 2000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


class Generic(Source):
    """Rows with `id`, and `question` and `answer` or `turns`; also `group age gender lang kind department`.

    `columns` of the configuration maps these names to the file's own. `turns` is a list of {role, text}
    or [role, text] (in CSV as JSON); where a row has it, question and answer are not looked at.
    """

    name = "generic"
    description = "any JSONL, JSON array, CSV, TSV or Parquet with columns for question and answer, or turns"
    lang = "auto"
    kind = "qa"
    licence = "unknown"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for `question` and `answer`, or `turns`."""
        return mismatch_columns(path, head, {})

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per line, record or array element."""
        column = config.columns.get("id", "id")

        def id_of(row: dict[str, Any]) -> str | None:
            return native_id(row.get(column))

        suffix = data_suffix(path)
        if suffix == ".parquet":
            rows = ((number, row) for number, row in enumerate(_parquet(path), start=1))
            return (Row(id_of(row), f"row {number}", row) for number, row in rows)
        if suffix in (".csv", ".tsv"):
            return csv_rows(path, "utf-8-sig", id_of)
        return json_rows(path, id_of)

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Read the mapped fields of one row."""
        names = {name: config.columns.get(name, name) for name in FIELDS}
        get = {name: value.get(column) for name, column in names.items()}
        if get["turns"] not in (None, ""):
            turns = _turns(get["turns"])
        else:
            turns = (
                make_turn("patient", text_of_value(field(value, names["question"]), "question")),
                make_turn("doctor", text_of_value(field(value, names["answer"]), "answer")),
            )
        if get["kind"] not in (None, "", *get_args(Kind)):
            raise RowError(Reason.MISSING_FIELD, f"kind is none of {', '.join(get_args(Kind))}")
        lang = native_id(get["lang"])
        if lang and not _LANGUAGE.fullmatch(lang):
            raise RowError(Reason.MISSING_FIELD, "lang is no language tag such as en or zh-TW")
        return Parsed(
            turns=turns,
            group=native_id(get["group"]),
            kind=get["kind"] or kind_of(turns),
            lang=lang,
            meta=clean_meta({"department": get["department"]}),
            patient=stated_patient(get["age"], get["gender"]),
        )


def _turns(value: Any) -> tuple[RawTurn, ...]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise RowError(Reason.MALFORMED_ROW, "turns is text but not JSON") from None
    if not isinstance(value, list):
        raise RowError(Reason.MISSING_FIELD, "turns is not a list")
    turns = []
    for number, turn in enumerate(value, start=1):
        if isinstance(turn, dict):
            label, text = turn.get("role"), turn.get("text")
        elif isinstance(turn, list) and len(turn) == 2:
            label, text = turn
        else:
            raise RowError(Reason.MALFORMED_ROW, f"turn {number} is neither {{role, text}} nor [role, text]")
        if is_system(label):
            continue
        role = role_of(label)
        if role is None:
            raise RowError(
                Reason.MALFORMED_ROW, f"turn {number} does not say who speaks, or not in a known word"
            )
        turns.append(make_turn(role, text_of_value(text, f"turn {number}")))
    if not turns:
        raise RowError(Reason.MISSING_FIELD, "nobody says anything")
    return tuple(turns)


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    import polars as pl

    try:
        for batch in pl.scan_parquet(path, glob=False).collect_batches(
            chunk_size=_BATCH, maintain_order=True
        ):
            yield from batch.iter_rows(named=True)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"not readable as Parquet ({type(error).__name__})") from error


def mismatch_columns(path: Path, head: bytes, columns: dict[str, str]) -> str:
    """Return "" when the file has the (mapped) columns that a row needs, else which it has instead."""
    found, why = _columns_of(path, head)
    if why:
        return why
    question, answer, turns = (columns.get(name, name) for name in ("question", "answer", "turns"))
    if turns in found or {question, answer} <= set(found):
        return ""
    shown = ", ".join(name[:40] for name in found[:12])
    return f"it has neither {question} and {answer} nor {turns}, but {shown}"


def check_columns(path: Path, columns: dict[str, str]) -> None:
    """Raise `SourceError` for a mapping of fields that do not exist, or to columns that `path` has not."""
    if unknown := sorted(set(columns) - set(FIELDS)):
        raise SourceError(f"columns: no such field: {', '.join(unknown)} (there are {', '.join(FIELDS)})")
    if path.is_dir():
        return
    found, _ = _columns_of(path, read_head(path))
    missing = sorted(set(columns.values()) - set(found))
    if found and missing and data_suffix(path) in (".csv", ".tsv", ".parquet"):
        raise SourceError(f"{path}: no column {', '.join(missing)}; it has {', '.join(found[:20])}")


def _columns_of(path: Path, head: bytes) -> tuple[list[str], str]:
    suffix = data_suffix(path)
    if suffix == ".parquet":
        import polars as pl

        try:
            return list(pl.read_parquet_schema(path)), ""
        except (pl.exceptions.PolarsError, OSError):
            return [], "it is not readable as Parquet"
    if suffix in (".csv", ".tsv"):
        found = [name for name in peek_header(path, head) if name.strip()]
        return found, "" if found else "it has no header line"
    if suffix not in (".json", ".jsonl", ".ndjson"):
        return [], "it is none of JSONL, JSON, CSV, TSV, Parquet"
    records, why = peek(path, head)
    return list({key: None for record in records for key in record}), why

"""ShareGPT-shaped conversations: `conversations` of {from, value} or {role, content}."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsynth.records import RawTurn, Reason
from medsynth.sources.base import Parsed, Row, RowError, Source, SourceConfig
from medsynth.sources.jsonio import json_rows, peek
from medsynth.sources.turns import (
    clean_meta,
    is_system,
    kind_of,
    make_turn,
    native_id,
    role_of,
    stated_patient,
    text_of_value,
)

_TURNS = ("conversations", "conversation", "messages")
_IDS = ("idx", "id", "_id", "conversation_id")
# SpeechMedDataset states age in words.
_AGE_WORDS = {"少年": "child", "青年": "youth", "成年": "adult", "老年": "elderly"}


class ShareGPT(Source):
    """A JSON array or JSON lines in the shape that HuatuoGPT, SpeechMedDataset and many others use."""

    name = "sharegpt"
    description = "ShareGPT: conversations of {from, value} or {role, content} (JSON array or lines)"
    lang = "auto"
    kind = "consultation"
    licence = "unknown"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask that the first records have a list of turns under one of the known names."""
        records, why = peek(path, head)
        if why:
            return why
        fits = all(isinstance(_turns_of(record), list) for record in records)
        return "" if fits else f"its records have no list called {' or '.join(_TURNS)}"

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per conversation."""
        return json_rows(path, _id_of)

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Map the speakers to patient and doctor; instructions to a model are dropped and counted."""
        said = _turns_of(value)
        if not isinstance(said, list):
            raise RowError(Reason.MISSING_FIELD, f"the row has no list called {' or '.join(_TURNS)}")
        turns: list[RawTurn] = []
        dropped = 0
        for number, turn in enumerate(said, start=1):
            if not isinstance(turn, dict):
                raise RowError(Reason.MALFORMED_ROW, f"turn {number} is not an object")
            label = turn.get("from", turn.get("role"))
            if is_system(label):
                dropped += 1
                continue
            role = role_of(label)
            if role is None:
                raise RowError(
                    Reason.MALFORMED_ROW, f"turn {number} does not say who speaks, or not in a known word"
                )
            turns.append(
                make_turn(role, text_of_value(turn.get("value", turn.get("content")), f"turn {number}"))
            )
        if not turns:
            raise RowError(Reason.MISSING_FIELD, "nobody says anything")
        meta = {
            "department": value.get("cate1") or value.get("department"),
            "subdepartment": value.get("cate2"),
            "age_group": _AGE_WORDS.get(str(value.get("age"))),
            "system_turns_dropped": dropped or None,
        }
        parsed = tuple(turns)
        return Parsed(
            turns=parsed,
            kind=kind_of(parsed),
            meta=clean_meta(meta),
            patient=stated_patient(value.get("age"), value.get("gender")),
        )


def _turns_of(record: dict[str, Any]) -> Any:
    return next((record[name] for name in _TURNS if name in record), None)


def _id_of(record: dict[str, Any]) -> str | None:
    return next((found for name in _IDS if (found := native_id(record.get(name)))), None)

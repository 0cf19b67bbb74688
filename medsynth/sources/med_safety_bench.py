"""MedSafetyBench: harmful medical requests with safe responses, in CSV."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from medsynth.sources.base import Parsed, Row, Source, SourceConfig
from medsynth.sources.csvio import csv_rows, peek_header
from medsynth.sources.files import data_stem
from medsynth.sources.turns import clean_meta, field, make_turn, native_id, text_of_value

_REQUEST, _RESPONSE = "harmful_medical_request", "safe_response"
_CATEGORY = re.compile(r"category_([0-9]{1,2})")
_AUTHORS = frozenset({"gpt4", "llama2"})


class MedSafetyBench(Source):
    """The CSV files; their first column has no name and holds a row number.

    The requests are meant to be harmful and the responses refuse: kind `safety`, to keep apart.
    """

    name = "med_safety_bench"
    description = "MedSafetyBench: harmful medical requests with safe responses (CSV)"
    lang = "en"
    kind = "safety"
    licence = "MIT; research use only"
    citation = "Han et al., MedSafetyBench, NeurIPS 2024"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for the two published columns."""
        fits = {_REQUEST, _RESPONSE} <= set(peek_header(path, head))
        return "" if fits else f"its header has no {_REQUEST} and {_RESPONSE}"

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per request; category and author of the requests stand in the path."""
        category = _CATEGORY.search(data_stem(path))
        known = {
            "category": category[1] if category else "",
            "generated_by": path.parent.name if path.parent.name in _AUTHORS else "",
        }
        for row in csv_rows(path, "utf-8-sig", lambda row: native_id(row.get(""))):
            yield row if row.error else replace(row, value={**row.value, **known})

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Make the request the patient's turn and the refusal the doctor's."""
        return Parsed(
            turns=(
                make_turn("patient", text_of_value(field(value, _REQUEST), _REQUEST)),
                make_turn("doctor", text_of_value(field(value, _RESPONSE), _RESPONSE)),
            ),
            meta=clean_meta({name: value[name] for name in ("category", "generated_by")}),
        )

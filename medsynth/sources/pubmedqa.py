"""PubMedQA: research questions that the titles of abstracts ask, answered by their conclusions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsynth.sources.base import Parsed, Row, Source, SourceConfig
from medsynth.sources.files import data_suffix
from medsynth.sources.jsonio import json_members, peek_members
from medsynth.sources.turns import clean_meta, field, make_turn, text_of_value


class PubMedQA(Source):
    """One JSON object by PubMed id. No patient speaks: `meta` says `domain` research.

    The abstract (CONTEXTS) is left out; yes, no or maybe is kept as `decision`.
    """

    name = "pubmedqa"
    description = "PubMedQA: questions of research abstracts with their conclusions (one JSON object)"
    lang = "en"
    kind = "qa"
    licence = "MIT"
    citation = "Jin et al., PubMedQA, EMNLP 2019"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask that the first members have QUESTION and LONG_ANSWER."""
        if data_suffix(path) != ".json":
            return "it is not called .json"
        members = [m for m in peek_members(head).values() if isinstance(m, dict) and "QUESTION" in m]
        fits = any("LONG_ANSWER" in member for member in members)
        return "" if fits else "it is no JSON object of records with QUESTION and LONG_ANSWER"

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per abstract, one at a time however large the object is."""
        return json_members(path)

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Make the question and the conclusion one exchange."""
        return Parsed(
            turns=(
                make_turn("patient", text_of_value(field(value, "QUESTION"), "QUESTION")),
                make_turn("doctor", text_of_value(field(value, "LONG_ANSWER"), "LONG_ANSWER")),
            ),
            meta=clean_meta(
                {"domain": "research", "decision": value.get("final_decision"), "year": value.get("YEAR")}
            ),
        )

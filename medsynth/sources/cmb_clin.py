"""CMB-Clin: clinical cases in Chinese, each with several questions and model answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsynth.records import RawTurn, Reason, Role
from medsynth.sources.base import Parsed, Row, RowError, Source, SourceConfig
from medsynth.sources.cmb_exam import is_key_or_counts
from medsynth.sources.jsonio import json_rows, peek
from medsynth.sources.turns import clean_meta, field, joined_turns, native_id, text_of_value


class CMBClin(Source):
    """One record per case. The case is told once, with the first question; each other question is a turn.

    (One record per question would repeat the case, and the questions of a case would count as duplicates.)
    Both published spellings are read: `answer` and `solution`, ids as text or as numbers.
    """

    name = "cmb_clin"
    description = "CMB-Clin: clinical cases with questions and answers, in the style of an examination"
    lang = "zh"
    kind = "exam"
    licence = "Apache-2.0"
    citation = "Wang et al., CMB, NAACL 2024"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for description and QA_pairs."""
        records, why = peek(path, head)
        if why:
            return why
        fits = all("description" in record and "QA_pairs" in record for record in records)
        return "" if fits else "its records have no description and QA_pairs"

    def companion(self, path: Path) -> bool:
        """The answer keys and counts of CMB-Exam are published in the same folder."""
        return is_key_or_counts(path)

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per case."""
        return json_rows(path, lambda record: native_id(record.get("id")))

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Tell the case, then ask and answer in turn; pairs without question or answer are counted."""
        pairs = field(value, "QA_pairs")
        if not isinstance(pairs, list):
            raise RowError(Reason.MISSING_FIELD, "QA_pairs is not a list")
        case = text_of_value(field(value, "description"), "description").strip()
        said: list[tuple[Role, str]] = []
        left_out = 0
        for number, pair in enumerate(pairs, start=1):
            if not isinstance(pair, dict):
                raise RowError(Reason.MALFORMED_ROW, f"pair {number} is not an object")
            question = text_of_value(pair.get("question"), f"question {number}").strip()
            answer = text_of_value(pair.get("answer", pair.get("solution")), f"answer {number}").strip()
            if not (question and answer):
                left_out += 1
                continue
            said.append(("patient", question if said else f"{case}\n{question}"))
            said.append(("doctor", answer))
        turns: tuple[RawTurn, ...] = joined_turns(said, "\n")
        if not turns:
            raise RowError(Reason.MISSING_FIELD, "the case has no question with an answer")
        title = text_of_value(value.get("title"), "title")
        meta = {"title": title, "questions": len(turns) // 2, "pairs_left_out": left_out or None}
        return Parsed(turns=turns, meta=clean_meta(meta))

"""CMB-Exam: multiple-choice questions of Chinese medical examinations; test answers in a file of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from medsynth.records import Reason
from medsynth.sources.base import Parsed, Row, RowError, Source, SourceConfig
from medsynth.sources.files import data_suffix, read_head
from medsynth.sources.jsonio import json_rows, peek
from medsynth.sources.turns import clean_meta, field, make_turn, native_id, text_of_value

_KEY = {"id", "answer", "question_type"}
_QUESTION = {"question", "option", "question_type"}
_SEPARATORS = str.maketrans("", "", " ,，、;；.。")


class CMBExam(Source):
    """The `*-merge.json` files. The patient says the question with its options, the doctor the right ones.

    Test questions have no answer; it is looked up by id in an answer key (`*answer*.json`) that lies
    beside, and must be of the same subject. An explanation, where there is one, follows the answer.
    """

    name = "cmb_exam"
    description = "CMB-Exam multiple-choice questions (*-merge.json; test answers from the key beside)"
    lang = "zh"
    kind = "exam"
    licence = "Apache-2.0"
    citation = "Wang et al., CMB, NAACL 2024"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for question and option; say so of an answer key, which has neither."""
        records, why = peek(path, head)
        if why:
            return why
        if all(map(is_answer_key, records)):
            return (
                "it is an answer key of CMB-Exam (ids and letters) without the questions; "
                "read the question file, with the key beside it"
            )
        fits = all(record.keys() >= _QUESTION for record in records)
        return "" if fits else "its records have no question, option and question_type"

    def companion(self, path: Path) -> bool:
        """Answer keys and the table of counts have no questions of their own."""
        return is_key_or_counts(path)

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per question, with its line of the answer key where it has no answer itself."""
        key: dict[str, dict[str, Any]] | None = None
        for row in json_rows(path, lambda record: native_id(record.get("id"))):
            if row.native_id and isinstance(row.value, dict) and "answer" not in row.value:
                if key is None:
                    key = _answers_beside(path)
                if answer := key.get(row.native_id):
                    row = replace(row, value={**row.value, "key": answer})
            yield row

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Say the question with its options, and the right letters with their text."""
        options = _options(field(value, "option"))
        letters = _letters(value)
        unknown = [letter for letter in letters if letter not in options]
        if unknown:
            raise RowError(Reason.MISSING_FIELD, f"there is no option {unknown[0]}, which is the answer")
        question = text_of_value(field(value, "question"), "question").strip()
        if not question:
            raise RowError(Reason.EMPTY_QUESTION, "there are options but no question")
        explanation = text_of_value(value.get("explanation"), "explanation").strip()
        answer = _said({letter: options[letter] for letter in letters})
        meta = {
            "exam": value.get("exam_type"),
            "exam_class": value.get("exam_class"),
            "subject": value.get("exam_subject"),
            "question_type": value.get("question_type"),
            "options": len(options),
            "answer": letters,
            "answer_from": "key" if "key" in value else None,
        }
        return Parsed(
            turns=(
                make_turn("patient", f"{question}\n{_said(options)}"),
                make_turn("doctor", "\n".join(filter(None, (answer, explanation)))),
            ),
            meta=clean_meta(meta),
        )


def is_answer_key(record: dict[str, Any]) -> bool:
    """Return whether a record has the answer of a test question but not the question."""
    return record.keys() >= _KEY and "question" not in record


def is_key_or_counts(path: Path) -> bool:
    """Return whether a file of the CMB repository only holds answers by id, or counts by subject."""
    if data_suffix(path) != ".json":
        return False
    head = read_head(path)
    records, _ = peek(path, head)
    if records:
        return all(map(is_answer_key, records))
    return head.lstrip().startswith(b"{") and '"总题量"'.encode() in head


def _answers_beside(path: Path) -> dict[str, dict[str, Any]]:
    files = [file for file in sorted(path.parent.glob("*answer*.json*")) if is_key_or_counts(file)]
    rows = (row for file in files for row in json_rows(file, lambda record: native_id(record.get("id"))))
    return {row.native_id: row.value for row in rows if row.native_id and row.error is None}


def _options(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise RowError(Reason.MISSING_FIELD, "option is not an object of letters and texts")
    texts = {
        letter.strip().upper(): text_of_value(text, "an option").strip() for letter, text in value.items()
    }
    options = {letter: text for letter, text in texts.items() if text}
    if len(options) < 2:
        raise RowError(Reason.MISSING_FIELD, "there are fewer than two options")
    return options


def _letters(row: dict[str, Any]) -> str:
    """Return the right letters in alphabetical order."""
    answer = row.get("answer")
    if key := row.get("key"):
        for name in ("exam_subject", "question_type"):
            if row.get(name) and key.get(name) and row[name] != key[name]:
                raise RowError(Reason.MISSING_FIELD, f"the answer key has another {name} for this id")
        answer = key.get("answer")
    letters = "".join(sorted(set(text_of_value(answer, "answer").upper().translate(_SEPARATORS))))
    if not letters:
        why = "" if "answer" in row or "key" in row else " and no answer key with its id lies beside"
        raise RowError(Reason.EMPTY_ANSWER, f"the question has no answer{why}")
    return letters


def _said(options: dict[str, str]) -> str:
    return "；".join(f"{letter}，{text.rstrip('。；;')}" for letter, text in options.items()) + "。"

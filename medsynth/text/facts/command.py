"""What `medsynth facts` prints: the facts of a text, or the verdict on each pair of a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from medsynth.errors import UserError
from medsynth.text.facts.compare import check
from medsynth.text.facts.extract import LANGUAGES, facts
from medsynth.text.facts.model import Verdict
from medsynth.text.language import identify

_FIELDS = ("id", "lang", "source", "rewrite")


def list_facts(text: str, lang: str | None = None) -> list[dict[str, Any]]:
    """Return the facts of a text, one dict each: kind, value, of, negated, vague, span, text.

    `lang` is BCP-47 (en, zh); None: told from the text. Raises UserError for a language that is not read.
    """
    code = _language(lang, "--lang") if lang else _told(text)
    return [
        {
            "kind": fact.kind,
            "value": fact.value,
            "of": fact.of,
            "negated": fact.negated,
            "vague": fact.vague,
            "span": [fact.start, fact.end],
            "text": fact.text,
        }
        for fact in facts(text, code)
    ]


def check_pairs(
    path: Path, bad_line: Callable[[UserError], object] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the verdict on each line of a JSONL file of `id, lang, source, rewrite`, in the file's order.

    A verdict is `id, verdict ("pass" or "fail"), findings`; see `verdict_record`. Blank lines are passed over.
    Raises UserError that names file and line for a file that cannot be read; one for a line that is no such pair
    is given to `bad_line`, and the next line follows (raised where there is no `bad_line`).
    """
    try:
        lines = path.open(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give a JSONL file of pairs") from error
    with lines:
        number = 0
        while True:
            number += 1
            try:
                line = lines.readline()
            except UnicodeDecodeError as error:
                raise UserError(f"{path}: not UTF-8 near line {number}; save the file as UTF-8") from error
            if not line:
                return
            if line.strip():
                try:
                    pair = _pair(line, f"{path}, line {number}")
                except UserError as error:
                    if bad_line is None:
                        raise
                    bad_line(error)
                    continue
                yield verdict_record(pair["id"], check(pair["source"], pair["rewrite"], pair["lang"]))


def verdict_record(name: str | int, verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as it is printed; a finding is kind, source_span, rewrite_span, severity, status."""
    return {
        "id": name,
        "verdict": "pass" if verdict.passed else "fail",
        "findings": [
            {
                "kind": found.kind,
                "source_span": list(found.source_span) if found.source_span else None,
                "rewrite_span": list(found.rewrite_span) if found.rewrite_span else None,
                "severity": found.severity,
                "status": found.status,
            }
            for found in verdict.findings
        ],
    }


def _told(text: str) -> str:
    """Return the language of a text; what is too short to tell is Chinese where it has a Han character."""
    told = identify(text)
    if told == "unknown":
        return "zh" if any("\u4e00" <= char <= "\u9fff" for char in text) else "en"
    return _language(told, "the text")


def _pair(line: str, where: str) -> dict[str, Any]:
    try:
        pair = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError(f"{where}: not JSON; each line is an object with {', '.join(_FIELDS)}") from error
    if not isinstance(pair, dict):
        raise UserError(f"{where}: not an object; each line is an object with {', '.join(_FIELDS)}")
    for field in _FIELDS:
        if field not in pair:
            raise UserError(f"{where}: the field {field!r} is missing")
        number = field == "id" and isinstance(pair["id"], int) and not isinstance(pair["id"], bool)
        if not (isinstance(pair[field], str) or number):
            raise UserError(f"{where}: the field {field!r} is no text")
    pair["lang"] = _language(pair["lang"], where)
    return pair


def _language(lang: str, where: str) -> str:
    code = lang.lower().split("-")[0].split("_")[0]
    if code not in LANGUAGES:
        raise UserError(f"{where}: facts are read in {' and '.join(LANGUAGES)}, not in {lang!r}")
    return code

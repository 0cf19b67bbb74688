"""A doctor whose replies are decided beforehand, row by row, so that the end of every record is known.

A table (JSON, at the path in the environment variable TABLE) maps the first words of a row's patient to a fate:

    TASK:NAME        every reply to TASK about this row is of this kind: a fault of `tests.llm.server` that
                     goes into a reply, an HTTP status, or (as `@NAME`) what a doctor of `tests.llm.scripts` says
    TASK:NAME:once   only the first reply to TASK is

A repair belongs to the task "rewrite". Rows without a fate are answered as `good_doctor` does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.llm import scripts
from tests.llm.server import FAULTS, STATUS, Answer

TABLE = "MEDSYNTH_TEST_FATES"
FIRST_ROOM = 1536  # tokens for a reply, before more are asked for; as `llm.max_tokens` is by default


@cache
def _table() -> dict[str, str]:
    return json.loads(Path(os.environ[TABLE]).read_text(encoding="utf-8"))


def row_key(patient_text: str) -> str:
    """Return what a row is known by in the table: the text of its first patient turn, blanks apart."""
    return "".join(patient_text.split())


def fated(body: Mapping[str, Any]) -> str | Answer:
    """Answer a request as the table says."""
    task = scripts.task_of(body)
    if task == "other":
        return scripts.good_doctor(body)
    first = next(t["text"] for t in scripts.fenced(body) if t["role"] == "patient")
    when, _, what = _table().get(row_key(first), "").partition(":")
    name, _, once = what.partition(":")
    if when != ("rewrite" if task == "repair" else task) or (once and not _is_first(body, task)):
        return scripts.good_doctor(body)
    if name.startswith("@"):
        return getattr(scripts, name[1:])(body)
    if name == "too_long":
        error = {"message": "maximum context length is 512 tokens", "code": "context_length_exceeded"}
        return Answer(None, status=400, error=error)
    if name in STATUS:
        return Answer(None, status=int(name), error={"message": "scripted", "code": "scripted"})
    if name not in FAULTS:
        raise ValueError(f"no such fate: {name}")
    return Answer(scripts.good_doctor(body), fault=name)


def _is_first(body: Mapping[str, Any], task: str) -> bool:
    """Whether this is the first time that a task is put: no note of what was wrong, no more room than at first."""
    noted = "could not be used" in body["messages"][-1]["content"]
    return task != "repair" and not noted and body["max_tokens"] == FIRST_ROOM

"""DISC-MedLLM: Chinese consultations rewritten by a model from MedDialog."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from medsynth.sources.base import Parsed, SourceConfig
from medsynth.sources.jsonio import peek
from medsynth.sources.sharegpt import ShareGPT
from medsynth.sources.turns import clean_meta

_COMMA = re.compile("[，,]")
_MAX_TITLE = 80


class DISCMedLLM(ShareGPT):
    """JSON lines of `_id`, `source` and `conversation`. A title that the first turn repeats is left out."""

    name = "disc_medllm"
    description = "DISC-MedLLM: consultations rewritten by a model from MedDialog (JSON lines)"
    lang = "zh"
    licence = "Apache-2.0"
    citation = "Bao et al., DISC-MedLLM, arXiv 2308.14346"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for `_id`, `source` and `conversation`."""
        records, why = peek(path, head)
        if why:
            return why
        fits = all(record.keys() >= {"_id", "source", "conversation"} for record in records)
        return "" if fits else "its records have no _id, source and conversation"

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Read the conversation; `open_end` counts patient turns at the end that nobody answers."""
        parsed = super().parse(value, config)
        first = parsed.turns[0]
        text = without_title(first.text) if first.role == "patient" else first.text
        meta = {
            "origin": value.get("source"),
            "title_left_out": "yes" if text != first.text else None,
            "open_end": "yes" if parsed.turns[-1].role == "patient" else None,
        }
        turns = (first.model_copy(update={"text": text}), *parsed.turns[1:])
        return replace(parsed, turns=turns, meta={**parsed.meta, **clean_meta(meta)})


def without_title(text: str) -> str:
    """Return `text` without a title run into it: "A，A and more" is said as "A and more"."""
    for comma in _COMMA.finditer(text, 0, _MAX_TITLE):
        if comma.start() and text.startswith(text[: comma.start()], comma.end()):
            return text[comma.end() :]
    return text

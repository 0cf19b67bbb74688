"""SpeechMedDataset: Chinese dialogues with what is known of the patient, as the published system made them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from medsynth.sources.base import Parsed, SourceConfig
from medsynth.sources.jsonio import peek
from medsynth.sources.sharegpt import ShareGPT
from medsynth.sources.turns import clean_meta

_SHAPE = {"idx", "conversations", "gender", "age", "syn_model"}


class SpeechMed(ShareGPT):
    """ShareGPT conversations with `gender` (男, 女, 未知), `age` in words and the voice engine's name.

    The clips that its turns name are not read. Age words go to `age_group` in `meta`.
    """

    name = "speechmed"
    description = "SpeechMedDataset: dialogues with patient gender and age group (text only)"
    lang = "zh"
    licence = "Apache-2.0"
    citation = "SpeechMedAssist, ACL 2026 (arXiv 2601.04638)"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for the fields that this data set adds to conversations."""
        records, why = peek(path, head)
        if why:
            return why
        fits = all(record.keys() >= _SHAPE for record in records)
        return "" if fits else f"its records have no {', '.join(sorted(_SHAPE))}"

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Read the conversation, and which data set it was made from."""
        parsed = super().parse(value, config)
        origin = str(value.get("idx", "")).rpartition("-")[0]
        return replace(parsed, meta={**parsed.meta, **clean_meta({"origin": origin})})

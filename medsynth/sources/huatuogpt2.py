"""HuatuoGPT-II: its instruction set (HuatuoGPT2-SFT-GPT4-140K) and the encyclopedia of its pre-training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from medsynth.sources.base import Parsed, SourceConfig
from medsynth.sources.jsonio import peek
from medsynth.sources.sharegpt import ShareGPT

# As published: "Meidcal". The other spelling is accepted too.
_STEMS = ("huatuogpt2", "meidcal_encyclopedia", "medical_encyclopedia")


class HuatuoGPT2(ShareGPT):
    """ShareGPT arrays of `id` and `conversations`, told from others by the name in ids or of the file.

    Built from descriptions of the format. Values may be lists of strings.
    """

    name = "huatuogpt2"
    description = "HuatuoGPT-II: GPT-4 instruction set and medical encyclopedia (ShareGPT arrays)"
    lang = "zh"
    licence = "unknown"
    citation = "Chen et al., HuatuoGPT-II, COLM 2024"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for conversations, and for the project's name in every id or in the file name."""
        if why := super().mismatch(path, head):
            return why
        records, _ = peek(path, head)
        named = _part(path.name) or all(_part(str(record.get("id"))) for record in records)
        return "" if named else "neither its ids nor its file name say HuatuoGPT2 or Meidcal_Encyclopedia"

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Read the conversation, and from which part it is where the id says so."""
        parsed = super().parse(value, config)
        encyclopedia = "encyclopedia" in str(value.get("id")).casefold()
        meta = {**parsed.meta, "part": "encyclopedia"} if encyclopedia else parsed.meta
        return replace(parsed, meta=meta)


def _part(name: str) -> str:
    return next((stem for stem in _STEMS if stem in name.casefold()), "")

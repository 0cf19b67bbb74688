"""Reading the medical facts of a text, by language.

A language is a module `extract_<lang>` with `extract(text) -> list[Fact]` and
`statements(text) -> list[Statement]`; both give their items in the order of the text.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from medsynth.text.facts.model import Fact, Statement

LANGUAGES = ("en", "zh")


def facts(text: str, lang: str) -> list[Fact]:
    """Return the facts of a text in the order they stand in it. `lang` is BCP-47; what is not zh is read as en."""
    found: list[Fact] = _module(lang).extract(text)
    return found


def statements(text: str, lang: str) -> list[Statement]:
    """Return the clauses of a text with the polarity of their terms, in the order they stand in it."""
    found: list[Statement] = _module(lang).statements(text)
    return found


def _module(lang: str) -> ModuleType:
    code = "zh" if lang.lower().startswith("zh") else "en"
    return importlib.import_module(f"medsynth.text.facts.extract_{code}")

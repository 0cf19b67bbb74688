"""Reading the medical facts of a text, by language.

A language is a module `extract_<lang>` with `extract(text) -> list[Fact]` and
`statements(text) -> list[Statement]`; both give their items in the order of the text.
"""

from __future__ import annotations

import importlib
from functools import cache, lru_cache
from types import ModuleType

from medsynth.text.facts.model import Fact, Statement

LANGUAGES = ("en", "zh")


def facts(text: str, lang: str) -> list[Fact]:
    """Return the facts of a text in the order they stand in it. `lang` is BCP-47; what is not zh is read as en."""
    return list(_read(text, _code(lang))[0])


def statements(text: str, lang: str) -> list[Statement]:
    """Return the clauses of a text with the polarity of their terms, in the order they stand in it."""
    return list(_read(text, _code(lang))[1])


# One source is compared with many candidates and repairs: it is read once. Texts are a few kB; the cache stays small.
@lru_cache(maxsize=256)
def _read(text: str, code: str) -> tuple[tuple[Fact, ...], tuple[Statement, ...]]:
    module = _module(code)
    return tuple(module.extract(text)), tuple(module.statements(text))


def _code(lang: str) -> str:
    return "zh" if lang.lower().startswith("zh") else "en"


@cache
def _module(code: str) -> ModuleType:
    return importlib.import_module(f"medsynth.text.facts.extract_{code}")

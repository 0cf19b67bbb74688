"""The options that verbs share, and how each stands for a setting of a pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsynth.errors import UserError


def absolute(value: Path | list[Path]) -> str | list[str]:
    """Return paths of the command line, which start from the working folder (a pipeline file's from its own)."""
    return [str(path.resolve()) for path in value] if isinstance(value, list) else str(value.resolve())


def names(value: str) -> list[str]:
    """Return the parts of a list with commas."""
    return [name.strip() for name in value.split(",")]


def pairs(values: list[str] | None, option: str) -> dict[str, str]:
    """Return name=value options as a mapping. Raises UserError for one that is none."""
    found = dict(value.partition("=")[::2] for value in values or ())
    if not all(name and value for name, value in found.items()):
        raise UserError(f"{option} takes name=value")
    return found


def yaml_pairs(values: list[str] | None, option: str) -> dict[str, Any]:
    """Return name=value options whose values are YAML. Raises UserError for one that is not."""
    import yaml

    try:
        return {key: yaml.safe_load(value) for key, value in pairs(values, option).items()}
    except yaml.YAMLError as error:
        raise UserError(f"{option}: {' '.join(str(error).split())}") from None


@dataclass(frozen=True)
class Option:
    """One option of a verb: its type and help, the pipeline setting it stands for ("" for none), and how."""

    type: Any
    help: str
    setting: str = ""
    convert: Callable[[Any], Any] = lambda value: value
    metavar: str | None = None


RAW: dict[str, Option] = {
    "source": Option(str, "reader of the raw files; recognised when not given"),
    "lang": Option(str, "language of the raw files (en, zh)"),
    "licence": Option(str, "licence of the raw files"),
    "column": Option(
        list[str], "our field=their column, such as question=ask; repeatable", metavar="NAME=COLUMN"
    ),
}
COMMON: dict[str, Option] = {
    "out": Option(Path, "folder of the run (runs/<name> when not given)"),
    "limit": Option(int, "take at most this many rows of each source", "limit"),
    "workers": Option(int, "worker processes (all cores)", "run.workers"),
    "seed": Option(int, "seed of every random choice", "seed"),
    "allow_unknown_licence": Option(
        bool, "pack sources whose licence nobody stated", "pack.allow_unknown_licences"
    ),
    "set": Option(
        list[str], "any pipeline setting, such as dedup.threshold=0.9; repeatable", metavar="KEY=VALUE"
    ),
}
LLM: dict[str, Option] = {
    "llm": Option(str, "let a chat model do it: openai (any compatible server) or vllm", "llm.engine"),
    "model": Option(str, "name of the chat model", "llm.model"),
    "base_url": Option(str, "server, such as http://127.0.0.1:8000/v1 (OPENAI_BASE_URL)", "llm.base_url"),
    "concurrency": Option(int, "requests in flight at most", "llm.concurrency"),
    "refresh": Option(bool, "ask the model again, also for what it has answered"),
    "retry_failed": Option(bool, "try the records again that the engine failed"),
}
RUN_SRC = {"src": Option(Path, "raw file or folder in the place of the pipeline's sources")}
STAGE_SRC = {
    "src": Option(Path, "raw file or folder, or a run; the last run when not given"),
    "pipeline": Option(str, "pipeline file for a new run"),
}

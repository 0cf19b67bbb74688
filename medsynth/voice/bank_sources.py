"""The corpora that speaker banks are built from, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from medsynth.errors import UserError
from medsynth.voice.bank_aishell import read_aishell2, read_aishell3
from medsynth.voice.bank_common_voice import read_common_voice
from medsynth.voice.bank_corpus import SpeechCorpus
from medsynth.voice.bank_table import read_table
from medsynth.voice.bank_vctk import read_vctk

READERS: dict[str, Callable[[Path], SpeechCorpus]] = {
    "vctk": read_vctk,
    "aishell3": read_aishell3,
    "aishell2": read_aishell2,
    "common-voice": read_common_voice,
    "csv": read_table,
}


def read_corpus(source: str, path: Path, by_name: bool = False) -> SpeechCorpus:
    """Return the speech corpus at `path`, read as `source`; `by_name`: its recordings are not needed.

    Raises UserError for an unknown source, a folder without the source's table, or one in which no row can be read.
    """
    if source not in READERS:
        raise UserError(f"--from {source}: known here: {', '.join(READERS)}")
    corpus = read_table(path, by_name) if source == "csv" else READERS[source](path)
    if not corpus.people:
        first = f", the first at {corpus.problems[0].where}" if corpus.problems else ""
        raise UserError(
            f"{path}: no speaker could be read as {source} ({len(corpus.problems)} problems{first})"
        )
    return corpus

"""Dialogues without their sound: what lengths, tokenizers and choices are made of.

Of a corpus only the words and the stated durations are read from the disk, which are a few hundredths of it. That takes
pyarrow, whose reader can leave out a part of a column; polars reads whole columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from medtrain.data import COLUMNS, Consultation, ParquetSource, Source, Utterance, consultations
from medtrain.errors import UserError

UNREAD = b""
"""Stands for a clip that is there and was not read."""
_AT_ONCE = 64
_OF_DIALOGUES = ("id", "lang", "split")
_OF_TURNS = ("role", "text", "spoken", "duration_s")


def outlines(source: Source) -> Iterator[Consultation]:
    """Yield all dialogues of a source in the order of its rows; clips within Parquet files are UNREAD.

    Raises UserError naming the file when one cannot be read.
    """
    if isinstance(source, ParquetSource):
        for file in source.files:
            yield from file_outlines(file)
        return
    for start in range(0, len(source), _AT_ONCE):
        yield from source.read(start, _AT_ONCE)


def file_outlines(file: Path) -> Iterator[Consultation]:
    """Yield the dialogues of one data file. Raises UserError naming the file when it cannot be read."""
    try:
        from pyarrow import ArrowException, parquet
    except ModuleNotFoundError:
        yield from map(_unread, consultations(file, _AT_ONCE))
        return
    try:
        with parquet.ParquetFile(file) as opened:
            schema = opened.metadata.schema
            paths = [schema.column(at).path for at in range(len(schema))]
            if missing := sorted(set(COLUMNS) - {path.partition(".")[0] for path in paths}):
                raise UserError(f"{file}: column {missing[0]} is missing")
            wanted = _leaves(paths)
            for batch in opened.iter_batches(_AT_ONCE, columns=wanted, use_threads=False):
                yield from map(_dialogue, batch.to_pylist())
    except (OSError, ArrowException) as error:
        raise UserError(f"{file}: cannot be read as Parquet ({type(error).__name__})") from None


def is_voiced(dialogue: Consultation) -> bool:
    """Return whether a turn of the patient was spoken."""
    return any(turn.role == "patient" and turn.clip is not None for turn in dialogue.turns)


def _leaves(paths: list[str]) -> list[str]:
    """Return the leaf columns to read: of the audio its path alone, where there is one, to know of which turns."""
    parts = {path: path.split(".") for path in paths}
    audio = [path for path, names in parts.items() if names[0] == "turns" and "audio" in names]
    told = [path for path in audio if not path.endswith(".bytes")] or audio
    words = [path for path, names in parts.items() if names[0] == "turns" and names[-1] in _OF_TURNS]
    return [*(path for path in paths if path in _OF_DIALOGUES), *words, *told]


def _dialogue(row: dict[str, Any]) -> Consultation:
    return Consultation(row["id"], row["lang"], row["split"], tuple(map(_utterance, row["turns"])))


def _utterance(turn: dict[str, Any]) -> Utterance:
    text = turn["text"]
    clip = None if turn.get("audio") is None else UNREAD
    return Utterance(turn["role"], text, clip, turn["duration_s"], turn.get("spoken") or text)


def _unread(dialogue: Consultation) -> Consultation:
    turns = (replace(turn, clip=None if turn.clip is None else UNREAD) for turn in dialogue.turns)
    return replace(dialogue, turns=tuple(turns))

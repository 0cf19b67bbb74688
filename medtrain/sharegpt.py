"""Reads ShareGPT JSON beside wave files, as the published dataset has it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import soundfile

from medtrain.data import SAMPLE_RATE, Consultation, Utterance
from medtrain.errors import UserError

ROLES = {
    "human": "patient",
    "user": "patient",
    "patient": "patient",
    "assistant": "doctor",
    "gpt": "doctor",
    "doctor": "doctor",
}
"""What ShareGPT files call the two who speak."""


class ShareGPTSource:
    """A JSON list of `{id or idx, conversations: [{from, value, speech}]}`; `speech` is a wave file's path.

    Paths are relative to the folder of the JSON file. The text is held in memory, the audio is not. A row of
    another shape is an error that names it; with `skip` it is left out, and `malformed` says what is wrong with it,
    by the row's number.
    """

    def __init__(self, path: Path, skip: bool = False) -> None:
        self.name = str(path)
        self._path = path
        try:
            raw = path.read_bytes()
            data = json.loads(raw)
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from None
        except ValueError as error:
            raise UserError(f"{path} is not JSON: {error}") from None
        if not isinstance(data, list):
            raise UserError(f"{path} is not a list of conversations")
        self._digest = hashlib.sha256(raw)
        self.malformed: dict[int, str] = {}
        self._dialogues = list(self._rows(data, skip))

    def __len__(self) -> int:
        return len(self._dialogues)

    def read(self, start: int, count: int) -> list[Consultation]:
        """Return up to `count` dialogues from row `start` on. Stated durations come from the file headers."""
        return [self._with_durations(d) for d in self._dialogues[start : start + count]]

    @cached_property
    def fingerprint(self) -> str:
        """Of the JSON file, and of the sizes of the wave files that it names."""
        digest = self._digest.copy()
        for clip in (turn.clip for dialogue in self._dialogues for turn in dialogue.turns):
            if isinstance(clip, Path):
                digest.update(f" {clip.stat().st_size if clip.is_file() else -1}".encode())
        return digest.hexdigest()

    def _rows(self, data: list[Any], skip: bool) -> Iterator[Consultation]:
        for number, row in enumerate(data):
            try:
                turns = tuple(self._turn(turn) for turn in row["conversations"])
                name = str(row.get("idx") or row.get("id") or number)
            except (KeyError, TypeError, AttributeError) as error:
                detail = f"role {error}" if isinstance(error, KeyError) else "its shape"
                self.malformed[number] = f"{detail} is not known"
                if not skip:
                    raise UserError(
                        f"{self._path}: row {number}: {self.malformed[number]}; a row is "
                        "{conversations: [{from: human or assistant, value: text, speech: path}]} "
                        "(or leave such rows out: --set data.on_bad_row=skip)"
                    ) from None
                continue
            yield Consultation(name, str(row.get("lang", "")), "train", turns)

    def _turn(self, turn: dict[str, Any]) -> Utterance:
        speech = turn.get("speech")
        clip = self._path.parent / speech if speech else None
        return Utterance(ROLES[turn["from"]], turn["value"].strip(), clip, None, turn["value"].strip())

    def _with_durations(self, dialogue: Consultation) -> Consultation:
        turns = (replace(t, duration_s=_duration(t.clip)) if t.clip else t for t in dialogue.turns)
        return replace(dialogue, turns=tuple(turns))


def _duration(clip: bytes | Path) -> float | None:
    """Return how long a file lasts (s) once it has the sampling rate that `decode` gives it."""
    assert isinstance(clip, Path)
    try:
        info = soundfile.info(clip)
    except (soundfile.LibsndfileError, RuntimeError, OSError):
        return None
    return round(info.frames * SAMPLE_RATE / info.samplerate) / SAMPLE_RATE

"""The listed sentences ("frames") that may stand between spans of the source: loading and choosing.

`prompts/frames/<lang>.yaml` holds `version`, `lang` and `slots`, a list of texts for each slot. A frame's
id is its slot and place (`onset.03`). A choice is a rendezvous hash of seed, dialogue id and frame id:
adding or changing one frame changes only the dialogues that use it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import yaml

from medsynth.records import FrameRef
from medsynth.resources import resource

SLOTS = (
    "onset",
    "duration",
    "place",
    "character",
    "severity",
    "modifiers",
    "accompanying",
    "tests",
    "medicines",
    "allergies",
    "history",
    "family",
    "habits",
    "reproductive",
    "child",
    "demographics",
    "more",
    "anything",
    "question",
    "listen",
    "continue",
    "done",
    "greet",
    "close",
)
Speaker: TypeAlias = Literal["self", "other"]
MIN_PER_SLOT = 20
# Two frames that share this much of their words are not both said in one dialogue.
_ALIKE = 0.6


class FrameError(ValueError):
    """A frames file is not what it should be. The message names file and slot."""


@dataclass(frozen=True)
class Frame:
    """One listed sentence. `fits` None: whoever speaks for the patient."""

    id: str
    slot: str
    text: str
    fits: Speaker | None = None


@dataclass(frozen=True)
class FrameSet:
    """All frames of one language."""

    lang: str
    version: str
    frames: tuple[Frame, ...]

    def texts(self) -> dict[str, str]:
        """Return id -> text of every frame."""
        return dict(self._texts)

    @cached_property
    def _texts(self) -> dict[str, str]:
        return {frame.id: frame.text for frame in self.frames}

    @cached_property
    def _by_slot(self) -> dict[str, list[Frame]]:
        slots: dict[str, list[Frame]] = {}
        for frame in self.frames:
            slots.setdefault(frame.slot, []).append(frame)
        return slots

    def structure(self) -> str:
        """Return what choices depend on besides the texts: ids, whom each frame fits, which are alike."""
        parts = (f"{f.id}:{f.fits or ''}:{','.join(sorted(self.alike[f.id]))}" for f in self.frames)
        return "|".join([self.version, *parts])

    @cached_property
    def alike(self) -> dict[str, frozenset[str]]:
        """Return for each frame's id those of the frames that say nearly the same in the same words."""
        words = {frame.id: _words(frame.text) for frame in self.frames}
        return {
            mine: frozenset(
                other
                for other, theirs in words.items()
                if other != mine and len(own & theirs) >= _ALIKE * len(own | theirs)
            )
            for mine, own in words.items()
        }

    def choose(
        self, slot: str, seed: int, dialogue: str, speaker: Speaker, used: Sequence[str] = ()
    ) -> Frame | None:
        """Return the frame of `slot` for this dialogue, none of `used` (ids); None when all are used up.

        A frame nearly the same as one of `used` is taken only where no other is left.
        """
        candidates = [
            frame
            for frame in self._by_slot.get(slot, ())
            if frame.fits in (None, speaker) and frame.id not in used
        ]
        said = frozenset(used)
        return max(
            candidates,
            key=lambda frame: (not self.alike[frame.id] & said, _weight(seed, dialogue, frame.id)),
            default=None,
        )


def _words(text: str) -> frozenset[str]:
    """Return the words (en) or pairs of characters (zh) that two frames are compared by."""
    if text.isascii():
        return frozenset(re.findall(r"[a-z']+", text.lower()))
    bare = [char for char in text if char.isalnum()]
    return frozenset(a + b for a, b in pairwise(bare)) or frozenset(bare)


def _weight(seed: int, dialogue: str, frame: str) -> bytes:
    return hashlib.blake2b(
        f"{seed}|{dialogue}|{frame}".encode(errors="surrogatepass"), digest_size=8
    ).digest()


def parse_frames(data: Any, name: str) -> FrameSet:
    """Return the frames of a parsed YAML file. Raises FrameError when slots are missing, unknown or thin."""
    if not isinstance(data, Mapping) or not isinstance(data.get("slots"), Mapping):
        raise FrameError(f"{name}: expected a mapping with version, lang and slots")
    frames: list[Frame] = []
    for slot in data["slots"]:
        if slot not in SLOTS:
            raise FrameError(f"{name}: unknown slot {slot!r}; known: {', '.join(SLOTS)}")
    for slot in SLOTS:
        entries = data["slots"].get(slot) or []
        for number, entry in enumerate(entries, 1):
            fields = {"text": entry} if isinstance(entry, str) else entry
            if (
                not isinstance(fields, Mapping)
                or not isinstance(fields.get("text"), str)
                or not fields["text"].strip()
                or not set(fields) <= {"text", "for"}
            ):
                raise FrameError(
                    f"{name}: {slot}.{number:02d} is neither a text nor {{text, for: self|other}}"
                )
            fits = fields.get("for")
            if fits not in (None, "self", "other"):
                raise FrameError(f"{name}: {slot}.{number:02d} fits {fits!r}; it is self or other")
            frames.append(
                Frame(f"{slot}.{number:02d}", slot, fields["text"].strip(), cast("Speaker | None", fits))
            )
        for speaker in ("self", "other"):
            count = sum(f.slot == slot and f.fits in (None, speaker) for f in frames)
            if count < MIN_PER_SLOT:
                raise FrameError(
                    f"{name}: {slot} has {count} frames for {speaker!r}, {MIN_PER_SLOT} are needed"
                )
    for slot in SLOTS:
        own = [frame.text for frame in frames if frame.slot == slot]
        if len(set(own)) < len(own):
            raise FrameError(f"{name}: {slot} has the same frame twice")
    return FrameSet(str(data.get("lang", "")), str(data.get("version", "")), tuple(frames))


def read_frames(path: Path) -> FrameSet:
    """Return the frames of a YAML file. Raises FrameError."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise FrameError(f"{path.name}: not valid YAML: {error}") from error
    return parse_frames(data, path.name)


@cache
def load_frames(lang: str) -> FrameSet | None:
    """Return the shipped frames of a language ("en", "zh"), None when there are none."""
    try:
        path = resource("prompts", f"frames/{lang}.yaml")
    except FileNotFoundError:
        return None
    return read_frames(path)


def frames_hash(frames: Sequence[FrameRef]) -> str:
    """Return a hash of just these frames' ids and texts, whatever their order."""
    text = "\n".join(sorted(f"{frame.frame}\t{frame.text}" for frame in frames))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

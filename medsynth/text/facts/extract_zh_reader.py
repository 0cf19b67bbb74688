"""What the rules that read Chinese quantities share: the text, the places taken, the facts found."""

from __future__ import annotations

from collections.abc import Sequence

from medsynth.text.facts.extract_zh_names import Name
from medsynth.text.facts.model import Fact, FactKind


class Reader:
    """A text being read for quantities; what one rule took is closed to the next."""

    def __init__(self, text: str, flat: str, known: Sequence[Name]) -> None:
        self.text, self.flat = text, flat
        self.taken = bytearray(len(text))
        self.found: list[Fact] = []
        self.measured = [name for name in known if name.kind in ("lab", "vital", "test", "class")]
        self.findings = {name.end for name in known if name.kind == "finding"}
        for name in known:
            if name.kind in ("drug", "test", "department", "lab") and (
                name.kind == "drug"
                or any(c in "0123456789一二两三四五六七八九十" for c in text[name.start : name.end])
            ):
                self.take(name.start, name.end)

    def take(self, start: int, end: int) -> None:
        """Close a place to the rules that follow."""
        self.taken[start:end] = b"\1" * (end - start)

    def closed(self, start: int, end: int) -> bool:
        """Whether any part of a place is taken."""
        return 1 in self.taken[start:end]

    def add(
        self,
        kind: FactKind,
        value: str,
        start: int,
        end: int,
        of: str = "",
        number: str = "",
        vague: bool = False,
    ) -> int:
        """Note a fact and close its place; return the place behind it."""
        while end > start and self.flat[end - 1] == " ":
            end -= 1
        self.found.append(Fact(kind, value, start, end, self.text[start:end], of, False, number, vague))
        self.take(start, end)
        return end

    def measured_before(
        self, start: int, kinds: tuple[str, ...] = ("lab", "vital"), reach: int = 14
    ) -> Name | None:
        """Return the nearest quantity named before `start` in the same clause."""
        best = None
        for name in self.measured:
            if name.end > start:
                break
            if name.kind in kinds and start - name.end <= reach:
                between = self.flat[name.end : start]
                if not any(c in between for c in "。;；!！?？\n") and (
                    ("," not in between) or len(between) <= 3
                ):
                    best = name
        return best

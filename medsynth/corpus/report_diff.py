"""The source beside the rewrite: what was kept, in matching colours; what was dropped; what was added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from medsynth.corpus.report_html import Html, esc, join, note, num, tag

_CLOSERS = ".!?。！？…,，;；"
_COLOURS = 6
_MAX_GAP = 1500
_MAX_SOURCE = 12_000
_MAX_TURNS = 80

Key = tuple[int, int, int]


@dataclass
class Diff:
    """The numbered spans of one dialogue. `numbers` maps (source turn, start, end) to 1, 2, … in order of use.

    `prefix` makes the page's anchors unique: `<prefix>s<n>` in the source, `<prefix>r<n>` in the rewrite.
    """

    row: Mapping[str, Any]
    frames: Mapping[str, str]
    prefix: str
    numbers: dict[Key, int] = field(default_factory=dict)
    anchored: set[str] = field(default_factory=set)

    def rewrite(self, turn: Mapping[str, Any]) -> Html:
        """Return a turn of the rewrite with its pieces marked, each where it is first found after the last.

        Rendering may change blanks, the first letter and the end mark of a sentence. Words that no piece
        was found in belong to the pieces between their neighbours, for a turn is nothing but its pieces.
        """
        text, at, out = turn["text"], 0, []
        lost: list[int] = []
        for piece in turn["origin"] or ():
            framed = piece["frame"] is not None
            number = 0 if framed else self._number(piece)
            wanted = self.frames.get(piece["frame"], "") if framed else self._quoted(piece)
            start, end = _find(text, wanted, at)
            if start < 0:
                lost += [] if framed else [number]
                continue
            out.append(self._between(text[at:start], lost))
            lost = []
            if framed:
                out.append(tag("mark", text[start:end], class_="frame", title=f"frame {piece['frame']}"))
            else:
                out.append(self._mark(text[start:end], [number], "r", "s"))
            at = end
        return join([*out, self._between(text[at:], lost)], "")

    def source(self) -> Html:
        """Return the source turns; to be called after every turn of the rewrite was marked."""
        shown: list[Html] = []
        turns, room = self.row["source_turns"], _MAX_SOURCE
        for n, turn in enumerate(turns[:_MAX_TURNS]):
            content, used = self._source_turn(n, turn["text"], room)
            room -= used
            shown.append(tag("p", tag("b", turn["role"], class_="role"), content, dir="auto"))
            if room <= 0:
                break
        left = len(turns) - len(shown)
        return join([*shown, note(f"{num(left)} more turns of the source are not shown.") if left else ""])

    def kept_share(self, role: str) -> float | None:
        """Return the share of a role's characters in the source, blanks aside, that the rewrite keeps."""
        whole = kept = 0
        for n, turn in enumerate(self.row["source_turns"]):
            if turn["role"] != role:
                continue
            text, at = turn["text"], 0
            whole += _characters(text)
            for start, end, _ in self._spans(n):
                kept += _characters(text[max(start, at) : end])
                at = max(at, end)
        return kept / whole if whole and self.numbers else None

    def _number(self, piece: Mapping[str, Any]) -> int:
        key = (piece["turn"], piece["start"], piece["end"])
        return self.numbers.setdefault(key, len(self.numbers) + 1)

    def _quoted(self, piece: Mapping[str, Any]) -> str:
        turns = self.row["source_turns"]
        if not 0 <= piece["turn"] < len(turns):
            return ""
        return str(turns[piece["turn"]]["text"][piece["start"] : piece["end"]])

    def _spans(self, turn: int) -> list[tuple[int, int, int]]:
        return sorted((start, end, label) for (t, start, end), label in self.numbers.items() if t == turn)

    def _between(self, text: str, lost: Sequence[int]) -> Html:
        return self._mark(text, lost, "r", "s") if lost and text.strip() else esc(text)

    def _mark(self, text: str, labels: Sequence[int], here: str, there: str) -> Html:
        """Return a marked span; its numbers are links to the other side, so that it works without a script."""
        links = [
            tag("a", label, href=f"#{self.prefix}{there}{label}", id=self._anchor(f"{here}{label}"))
            for label in labels
        ]
        first = labels[0]
        return tag(
            "mark", text, tag("sup", join(links, ",")), class_=f"span k{first % _COLOURS}", data_span=first
        )

    def _anchor(self, name: str) -> str | None:
        if name in self.anchored:
            return None
        self.anchored.add(name)
        return f"{self.prefix}{name}"

    def _source_turn(self, n: int, text: str, room: int) -> tuple[Html, int]:
        out: list[object] = []
        at, begin = 0, room
        for start, end, label in self._spans(n):
            if start < at:
                # Used twice: the second use has its number beside the first.
                out.append(
                    tag("sup", tag("a", label, href=f"#{self.prefix}r{label}", id=self._anchor(f"s{label}")))
                )
                continue
            gap = self._dropped(text[at:start], room)
            out += [gap, self._mark(text[start:end], [label], "s", "r")]
            room -= min(start - at, _MAX_GAP) + end - start
            at = end
            if room <= 0:
                break
        out.append(self._dropped(text[at:], room))
        room -= min(len(text) - at, _MAX_GAP)
        return join(out, ""), begin - room

    def _dropped(self, text: str, room: int) -> Html:
        """Return what the rewrite leaves out; plain where nothing is known of any turn's origin."""
        limit = max(0, min(_MAX_GAP, room))
        cut = note(f"{num(len(text) - limit)} more characters, not shown") if len(text) > limit else Html("")
        text = text[:limit]
        if not text.strip() or not self.numbers:
            return join([text, cut], "")
        lead = len(text) - len(text.lstrip())
        core = text.strip()
        return join([text[:lead], tag("del", core), text[lead + len(core) :], cut], "")


def _characters(text: str) -> int:
    return sum(not c.isspace() for c in text)


def _find(text: str, wanted: str, at: int) -> tuple[int, int]:
    """Return where `wanted` stands in `text` from `at` on, closing marks included; (-1, -1) if nowhere."""
    wanted = " ".join(wanted.split()).strip(_CLOSERS + " ")
    if not wanted:
        return -1, -1
    start = text.find(wanted, at)
    if start < 0:
        start = text.find(wanted[0].swapcase() + wanted[1:], at)
    if start < 0:
        return -1, -1
    end = start + len(wanted)
    while end < len(text) and text[end] in _CLOSERS:
        end += 1
    return start, end

"""Dialogues shown in full: the source text beside the rewrite, with players, spans and frames told apart."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from medsynth.corpus.report_html import Html, esc, note, num, section, tag

_CLOSERS = ".!?。！？…,，;；"
_MAX_SOURCE = 6000


def dialogues_section(rows: Sequence[Mapping[str, Any]], frames: Mapping[str, Any], budget: int) -> Html:
    """Return dialogues as cards. `frames` is {language: {frame id: text}}; `budget` bytes of FLAC at most.

    The budget is spent turn by turn over all dialogues, so that each has a player before any has two.
    """
    if not rows:
        return section("dialogues", "Dialogues", tag("p", "The corpus holds no dialogue."))
    embedded = _within_budget(rows, budget)
    left_out = sum(1 for r in rows for t in r["turns"] if t["audio"]) - len(embedded)
    legend = tag(
        "p",
        tag("mark", "Underlined", tag("sup", "1"), class_="span"),
        " words are taken from the source, where the same number marks them; ",
        tag("mark", "italics with a dotted line", class_="frame"),
        " are one of the fixed sentences of the rewriter. What is grey in the source was left out.",
    )
    cards = [_card(row, i, frames.get(row["lang"]) or {}, embedded) for i, row in enumerate(rows)]
    return section(
        "dialogues",
        "Dialogues",
        tag("p", f"{len(rows)} dialogues, chosen to differ in language, source and profile."),
        legend,
        note(f"{num(left_out)} clips are not in this page, to keep it small.") if left_out else "",
        *cards,
    )


def _within_budget(rows: Sequence[Mapping[str, Any]], budget: int) -> set[tuple[int, int]]:
    """Return (dialogue, turn) of the clips that are embedded."""
    order = sorted(
        (nth, i, turn)
        for i, row in enumerate(rows)
        for nth, turn in enumerate(n for n, t in enumerate(row["turns"]) if t["audio"])
    )
    taken, spent = set(), 0
    for _, i, turn in order:
        size = len(rows[i]["turns"][turn]["audio"]["bytes"])
        if spent + size <= budget:
            taken.add((i, turn))
            spent += size
    return taken


def _card(
    row: Mapping[str, Any], index: int, frames: Mapping[str, str], embedded: set[tuple[int, int]]
) -> Html:
    numbers: dict[tuple[int, int, int], int] = {}
    turns = []
    for n, turn in enumerate(row["turns"]):
        said = [
            tag("p", tag("b", turn["role"], class_="role"), _marked(turn, row, frames, numbers), dir="auto"),
            note("said: ", tag("bdi", turn["spoken"])) if turn["spoken"] not in ("", turn["text"]) else "",
            _player(turn, f"turn {n + 1}, {turn['role']}", (index, n) in embedded),
        ]
        turns.append(tag("li", *said, class_=turn["role"] if turn["role"] in ("patient", "doctor") else None))
    p = row["patient"]
    profile = ", ".join(
        f"{p[value]} ({p[basis]})"
        for value, basis in (
            ("age_group", "age_basis"),
            ("gender", "gender_basis"),
            ("accent", "accent_basis"),
        )
        if p[value]
    )
    facts = [
        ("profile", profile or "unknown"),
        ("speaks", row["informant"]),
        ("voice", row["speaker_id"]),
        ("department", row["department"]),
        ("licence", row["licence"]),
        ("rewritten by", " ".join(filter(None, (row["provenance"]["engine"], row["provenance"]["model"])))),
        *((c["name"], f"{c['value']:.4g}") for c in row["checks"] if c["value"] is not None),
    ]
    pairs = [tag("div", tag("dt", name), tag("dd", tag("bdi", value))) for name, value in facts if value]
    return tag(
        "article",
        tag(
            "h3",
            tag("code", row["id"]),
            tag("small", f" {row['lang']} · {row['source']} · {row['split']}"),
        ),
        tag("dl", *pairs, class_="meta"),
        tag(
            "div",
            tag("div", tag("h4", "Source"), *_source(row, numbers), class_="source", lang=row["lang"]),
            tag("div", tag("h4", "Rewrite"), tag("ol", *turns), class_="rewrite", lang=row["lang"]),
            class_="pair",
        ),
    )


def _player(turn: Mapping[str, Any], name: str, embed: bool) -> Html:
    audio = turn["audio"]
    if not audio:
        return Html("")
    length = f"{num(turn['duration_s'], 1)}\u202fs"
    if not embed:
        return note("clip in the corpus: ", tag("code", audio["path"]), f", {length}")
    data = base64.b64encode(audio["bytes"]).decode()
    source = f"data:audio/flac;base64,{data}"
    return tag(
        "div",
        tag("audio", controls="", preload="none", src=source, aria_label=name),
        tag("span", length),
        class_="player",
    )


def _marked(
    turn: Mapping[str, Any],
    row: Mapping[str, Any],
    frames: Mapping[str, str],
    numbers: dict[tuple[int, int, int], int],
) -> Html:
    """Return a turn's text with its pieces marked, in order, each where it is first found after the last.

    Rendering may change blanks, the first letter and the end mark of a sentence; a piece that is not
    found all the same stays unmarked, and so does every turn without `origin`.
    """
    text, at, out = turn["text"], 0, []
    for piece in turn["origin"] or ():
        framed = piece["frame"] is not None
        wanted = frames.get(piece["frame"], "") if framed else _quoted(piece, row)
        start, end = _find(text, wanted, at)
        if start < 0:
            continue
        out.append(esc(text[at:start]))
        if framed:
            out.append(tag("mark", text[start:end], class_="frame", title=f"frame {piece['frame']}"))
        else:
            key = (piece["turn"], piece["start"], piece["end"])
            label = numbers.setdefault(key, len(numbers) + 1)
            out.append(tag("mark", text[start:end], tag("sup", label), class_="span"))
        at = end
    return Html("".join([*out, esc(text[at:])]))


def _quoted(piece: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    turn = piece["turn"]
    if not 0 <= turn < len(row["source_turns"]):
        return ""
    return str(row["source_turns"][turn]["text"][piece["start"] : piece["end"]])


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


def _source(row: Mapping[str, Any], numbers: Mapping[tuple[int, int, int], int]) -> list[Html]:
    """Return the source turns, the parts that the rewrite uses marked with the same numbers."""
    shown = []
    for n, turn in enumerate(row["source_turns"]):
        text, at, out = turn["text"], 0, []
        spans = sorted((start, end, label) for (t, start, end), label in numbers.items() if t == n)
        for start, end, label in spans:
            if start < at:
                # Used twice: the second use has its number beside the first.
                out.append(tag("sup", label))
                continue
            out += [_left_out(text[at:start]), tag("mark", text[start:end], tag("sup", label), class_="span")]
            at = end
        rest = text[at:]
        cut = len(rest) > _MAX_SOURCE
        out.append(_left_out(rest[:_MAX_SOURCE]) if numbers else esc(rest[:_MAX_SOURCE]))
        out.append(note(f"{num(len(rest) - _MAX_SOURCE)} more characters, none of them used") if cut else "")
        shown.append(tag("p", tag("b", turn["role"], class_="role"), *out, dir="auto"))
    return shown


def _left_out(text: str) -> Html:
    return tag("span", text, class_="unused") if re.search(r"\S", text) else esc(text)

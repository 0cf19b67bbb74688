"""Dialogues shown in full: a dozen with players, and a sample of the rest as text."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from medsynth.corpus.report_diff import Diff
from medsynth.corpus.report_html import Html, join, note, num, percent, section, short, tag

_MAX_TURNS = 120


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
        tag("mark", "Coloured", tag("sup", "1"), class_="span k1"),
        " words are taken from the source, where the same number and colour marks them and the number leads to "
        "the other side; ",
        tag("mark", "italics with a dotted line", class_="frame"),
        " are one of the fixed sentences of the rewriter. What is ",
        tag("del", "struck out"),
        " in the source was dropped.",
    )
    cards = [_card(row, f"d{i}-", i, frames.get(row["lang"]) or {}, embedded) for i, row in enumerate(rows)]
    return section(
        "dialogues",
        "Dialogues",
        tag("p", f"{len(rows)} dialogues, chosen to differ in language, source and profile."),
        legend,
        note(f"{num(left_out)} clips are not in this page, to keep it small.") if left_out else "",
        *cards,
    )


def sample_section(
    rows: Sequence[Mapping[str, Any]], frames: Mapping[str, Any], total: int, budget: int
) -> Html:
    """Return more dialogues as text, folded, until the markup reaches `budget` bytes. `total`: of the corpus."""
    if not rows:
        return Html("")
    blocks: list[Html] = []
    spent = 0
    for i, row in enumerate(rows):
        opening = next((t["text"] for t in row["turns"] if t["role"] == "patient"), "")
        block = tag(
            "details",
            tag(
                "summary",
                tag("small", short(f"{row['lang']} · {row['source']} · {row['kind']}", 60)),
                " ",
                tag("bdi", short(opening, 110)),
            ),
            _card(row, f"t{i}-", -1, frames.get(row["lang"]) or {}, set()),
        )
        spent += len(block.encode())
        if spent > budget:
            break
        blocks.append(block)
    return section(
        "sample",
        "Sample",
        tag(
            "p",
            f"{num(len(blocks))} more of the {num(total)} dialogues, as text: spread evenly over language, "
            "source, kind and who speaks, drawn by a hash of the id within each.",
        ),
        tag("div", *blocks, class_="folded", data_search="Filter the sample"),
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
    row: Mapping[str, Any],
    prefix: str,
    index: int,
    frames: Mapping[str, str],
    embedded: set[tuple[int, int]],
) -> Html:
    """Return a dialogue; `index` is its place in `embedded`, −1 for one that is shown without its clips."""
    diff = Diff(row, frames, prefix)
    turns = []
    for n, turn in enumerate(row["turns"][:_MAX_TURNS]):
        said = [
            tag("p", tag("b", turn["role"], class_="role"), diff.rewrite(turn), dir="auto"),
            note("said: ", tag("bdi", turn["spoken"])) if turn["spoken"] not in ("", turn["text"]) else "",
            _done(turn),
            _player(turn, f"turn {n + 1}, {turn['role']}", (index, n) in embedded) if index >= 0 else "",
        ]
        turns.append(tag("li", *said, class_=turn["role"] if turn["role"] in ("patient", "doctor") else None))
    more = len(row["turns"]) - len(turns)
    source = diff.source()
    heading = f" {row['lang']} · {row['source']} · {row['kind']} · {row['split']}"
    return tag(
        "article",
        tag("h3", tag("code", row["id"]), tag("small", heading)),
        _facts(row, diff),
        tag(
            "div",
            tag("div", tag("h4", "Source"), source, class_="source", lang=row["lang"]),
            tag(
                "div",
                tag("h4", "Rewrite"),
                tag("ol", *turns),
                note(f"{num(more)} more turns are not shown.") if more else "",
                class_="rewrite",
                lang=row["lang"],
            ),
            class_="pair",
        ),
    )


def _done(turn: Mapping[str, Any]) -> Html | str:
    """Return what was done to the voice of a patient-like turn, as a note."""
    parts = []
    for effect in turn.get("effects") or ():
        if effect["of"] == "spoken":
            continue
        value = "" if effect["value"] is None else f" {effect['value']:g} {effect['unit']}"
        at = "" if effect["start"] is None else f" at {effect['start']:.1f} s"
        parts.append(f"{effect['name']}{value}{at}" + (f" ({effect['detail']})" if effect["detail"] else ""))
    return note("voice: ", "; ".join(parts)) if parts else ""


def _facts(row: Mapping[str, Any], diff: Diff) -> Html:
    p = row["patient"]
    bases = (("age_group", "age_basis"), ("gender", "gender_basis"), ("accent", "accent_basis"))
    profile = ", ".join(f"{p[value]} ({p[basis]})" for value, basis in bases if p[value])
    made_by = " ".join(filter(None, (row["provenance"]["engine"], row["provenance"]["model"])))
    shares = [(role, diff.kept_share(role)) for role in ("patient", "doctor")]
    kept = ", ".join(f"{percent(s, 1)} of the {role}’s text" for role, s in shares if s is not None)
    facts = [
        ("profile", profile or "unknown"),
        ("who speaks", row["informant"]),
        ("voice", row["speaker_id"]),
        ("department", row["department"]),
        ("licence", row["licence"]),
        ("rewritten by", made_by),
        ("kept", kept),
        *((n["name"], short(n["value"], 200)) for n in row["notes"] or ()),
    ]
    checks = "; ".join(f"{c['name']} {c['value']:.4g}" for c in row["checks"] if c["value"] is not None)
    pairs = [tag("div", tag("dt", name), tag("dd", tag("bdi", value))) for name, value in facts if value]
    measures = tag("details", tag("summary", "Measures"), note(checks), class_="measures") if checks else ""
    return join([tag("dl", *pairs, class_="meta"), measures], "")


def _player(turn: Mapping[str, Any], name: str, embed: bool) -> Html:
    audio = turn["audio"]
    if not audio:
        return Html("")
    length = f"{num(turn['duration_s'], 1)}\u202fs"
    if not embed:
        return tag("p", f"clip in the corpus only, {length}", class_="note", title=audio["path"])
    data = base64.b64encode(audio["bytes"]).decode()
    source = f"data:audio/flac;base64,{data}"
    return tag(
        "div",
        tag("audio", controls="", preload="none", src=source, aria_label=name),
        tag("span", length),
        class_="player",
    )

"""How the corpus sounds: measured pitch and pace against the speakers', and what was relaxed or repaired."""

from __future__ import annotations

import re
from collections import Counter

import polars as pl

from medsynth.corpus.report_data import Facts, is_han
from medsynth.corpus.report_html import Html, bar, join, note, num, percent, section, short, table, tag
from medsynth.corpus.report_svg import Range, ranges
from medsynth.records import AGE_GROUPS, GENDERS

_MAX_ROWS = 20
_TURN = re.compile(r"\A(?:turn \d+|\d+): ?")
_VOICE = re.compile(r" instead of \S+\Z")
_HEAD = ("Speaker", "n", "Median F0", "Middle half", "Expected", "Difference", "Outside band")
_PACE_HEAD = ("Median pace", "Middle half", "Expected")
_ROUGHNESS_HEAD = ("n sampled", "Jitter", "HNR")


def pitch_section(facts: Facts) -> Html:
    """Return measured pitch and pace by profile beside what the speakers should have, and the notes of *voice*.

    Measures are a dialogue's `f0_hz` and `pace` (medians over its clips); what is expected are `f0_hz`, the
    band and `pace` of the patient speaker of the same dialogues.
    """
    measured = facts.dialogues.filter(pl.col("f0_hz").is_not_null())
    parts: list[object] = []
    if measured.height:
        expected = facts.speakers.select(
            "f0_low_hz", "f0_high_hz", speaker_id="id", f0_own="f0_hz", pace_own="pace"
        )
        joined = measured.join(expected, on="speaker_id", how="left", maintain_order="left")
        banded = joined.drop_nulls("f0_own")
        outside = _outside(banded)
        parts.append(
            tag(
                "p",
                f"Measured on the clips of {num(measured.height)} dialogues. "
                f"{num(outside)} of {num(banded.height)} lie outside the pitch band of their own speaker.",
            )
        )
        charts: list[Html] = []
        tables: list[Html] = []
        for lang in sorted(measured["lang"].unique()):
            part = joined.filter(pl.col("lang") == lang)
            charts += _charts(part, lang)
            tables.append(_profile_table(part, lang))
        parts += [
            tag("div", *charts, class_="charts wide"),
            note(
                "Line: 5–95 % of the dialogues; box: 25–75 %; upright mark: median. The pale field behind is the "
                "band of the speakers who were used, the coloured tick their expected median."
            ),
            *tables,
        ]
    else:
        parts.append(tag("p", "No dialogue carries a measurement of its pitch."))
    parts.append(_notes(facts))
    return section("pitch", "Pitch and pace", *parts)


def _outside(part: pl.DataFrame) -> int:
    return part.filter(~pl.col("f0_hz").is_between("f0_low_hz", "f0_high_hz")).height


def _profiles(part: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    found = []
    for gender in GENDERS:
        for age in AGE_GROUPS:
            cell = part.filter((pl.col("gender") == gender) & (pl.col("age_group") == age))
            if cell.height:
                found.append((f"{gender} {age}", cell))
    return found


def _quantiles(values: pl.Series) -> tuple[float, float, float, float, float]:
    p5, q1, median, q3, p95 = (
        float(values.quantile(q, "linear") or 0) for q in (0.05, 0.25, 0.5, 0.75, 0.95)
    )
    return p5, q1, median, q3, p95


def _median(values: pl.Series) -> float | None:
    known = values.drop_nulls()
    return _quantiles(known)[2] if known.len() else None


def _charts(part: pl.DataFrame, lang: str) -> list[Html]:
    han = bool(part.select(is_han(pl.col("lang")).any()).item())
    pitches, paces = [], []
    for name, cell in _profiles(part):
        low, high = cell["f0_low_hz"].min(), cell["f0_high_hz"].max()
        band = (float(low), float(high)) if low is not None and high is not None else None  # type: ignore[arg-type]
        pitches.append(Range(name, _quantiles(cell["f0_hz"]), cell.height, band, _median(cell["f0_own"])))
        spoken = cell["pace"].drop_nulls()
        if spoken.len():
            paces.append(Range(name, _quantiles(spoken), spoken.len(), None, _median(cell["pace_own"])))
    unit = "characters/s" if han else "syllables/s"
    figures = [ranges(pitches, "Hz", f"Median pitch of a dialogue, {lang}", "Hz")] if pitches else []
    return figures + ([ranges(paces, unit, f"Pace of a dialogue, {lang}", "/s", 1)] if paces else [])


def _profile_table(part: pl.DataFrame, lang: str) -> Html:
    """Return the figures behind the charts. The difference is the median over dialogues, in semitones."""
    rows = []
    for name, cell in _profiles(part):
        known = cell.drop_nulls("f0_own")
        steps = known.filter((pl.col("f0_hz") > 0) & (pl.col("f0_own") > 0)).select(
            (12 * (pl.col("f0_hz") / pl.col("f0_own")).log(2)).alias("semitones")
        )["semitones"]
        difference, outside = _median(steps), percent(_outside(known), known.height)
        _, q1, median, q3, _ = _quantiles(cell["f0_hz"])
        pace = cell["pace"].drop_nulls()
        _, slow, middle, quick, _ = _quantiles(pace) if pace.len() else (None,) * 5
        rows.append(
            (
                name,
                num(cell.height),
                f"{num(median)}\u202fHz",
                f"{num(q1)}–{num(q3)}",
                num(_median(known["f0_own"])),
                "–" if difference is None else f"{round(difference, 1) + 0.0:+.1f}\u202fst".replace("-", "−"),
                outside,
                f"{num(middle, 1)}\u202f/s",
                f"{num(slow, 1)}–{num(quick, 1)}",
                num(_median(cell["pace_own"]), 1),
                num(cell["jitter"].drop_nulls().len()),
                f"{num(_median(cell['jitter']), 1)}\u202f%",
                f"{num(_median(cell['hnr_db']), 1)}\u202fdB",
            )
        )
    caption = (
        f"{lang}: measured against expected, by who speaks. Pitch in Hz, its difference in semitones (median "
        f"over dialogues, each against its own speaker); pace in {_unit(part)} a second without pauses. "
        "Jitter (how unlike successive periods are in length) and harmonics-to-noise ratio: medians over the "
        "dialogues of which a clip was in the sample"
    )
    return (
        table((*_HEAD, *_PACE_HEAD, *_ROUGHNESS_HEAD), rows, numeric=tuple(range(1, 13)), caption=caption)
        if rows
        else Html("")
    )


def _unit(part: pl.DataFrame) -> str:
    return "characters" if bool(part.select(is_han(pl.col("lang")).any()).item()) else "syllables"


def _notes(facts: Facts) -> Html:
    """Return relaxed matches and repaired clips, summed over dialogues."""
    voiced = facts.dialogues.filter(pl.col("clips") > 0).height
    if not voiced:
        return Html("")
    parts = [tag("h3", "Relaxations and repairs")]
    for column, title, none, plain in (
        ("relaxed", "Relaxed when a voice was matched", "Every voice matches its profile in full.", _as_is),
        ("repairs", "Repaired after a failed check", "Every clip passed its checks at once.", _kind),
    ):
        noted = facts.dialogues.filter(pl.col(column) != "")[column]
        counts: Counter[str] = Counter()
        for text in noted:
            counts.update(plain(piece) for piece in text.split("; ") if piece)
        if not counts:
            parts.append(tag("p", none))
            continue
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        rows: list[tuple[str, str, str]] = [
            (short(name, 120), num(n), bar(n / ordered[0][1])) for name, n in ordered[:_MAX_ROWS]
        ]
        rest = sum(n for _, n in ordered[_MAX_ROWS:])
        rows += [(f"{num(len(ordered) - _MAX_ROWS)} others", num(rest), "")] if rest else []
        caption = f"{num(noted.len())} of {num(voiced)} voiced dialogues ({percent(noted.len(), voiced)})"
        parts.append(table((title, "Times", ""), rows, numeric=(1,), caption=caption))
    return join(parts)


def _as_is(text: str) -> str:
    return text


def _kind(text: str) -> str:
    """Return a repair without the turn and the voice it happened to."""
    return _VOICE.sub("", _TURN.sub("", text))

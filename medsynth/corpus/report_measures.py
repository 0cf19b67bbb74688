"""What the corpus holds: coverage, durations, pitch and pace in the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from medsynth.corpus.report_data import UNKNOWN, Facts, is_han
from medsynth.corpus.report_html import Html, bar, heat, note, num, percent, section, stacked, table, tag
from medsynth.corpus.report_svg import Range, Series, histogram, ranges
from medsynth.records import AGE_GROUPS, GENDERS

BASES = ("stated", "inferred", "sampled", "forced", UNKNOWN)
# What one turn may hold (words; characters in Chinese), drawn as a dashed line.
TURN_LIMITS = {True: 100, False: 60}


def coverage_section(facts: Facts) -> Html:
    """Return accent × age × gender heat tables, and on what the attributes rest, per language."""
    parts: list[object] = [
        tag(
            "p",
            "Dialogues by the profile of the person who is heard. Stronger colour means more; 0 is a "
            "combination that the corpus does not hold.",
        )
    ]
    for lang in sorted(facts.dialogues["lang"].unique()):
        part = facts.dialogues.filter(pl.col("lang") == lang)
        parts += [tag("h3", tag("bdi", lang)), _heat_table(part), _basis_table(part), _informants(part)]
    departments = facts.dialogues.filter(pl.col("department") != "")["department"]
    if departments.len():
        counts = sorted(Counter(departments).items(), key=lambda item: (-item[1], item[0]))
        rows = [(name, num(n), bar(n / counts[0][1])) for name, n in counts[:15]]
        rest = sum(n for _, n in counts[15:])
        rows += [(f"{len(counts) - 15} others", num(rest), "")] if rest else []
        parts += [tag("h3", "Departments"), table(("Department", "Dialogues", ""), rows, numeric=(1,))]
    return section("coverage", "Coverage", *parts)


def _heat_table(part: pl.DataFrame) -> Html:
    counts: Counter[tuple[str, str, str]] = Counter()
    voiced: Counter[tuple[str, str, str]] = Counter()
    for accent, age, gender, clips in part.select("accent", "age_group", "gender", "clips").iter_rows():
        counts[accent, age, gender] += 1
        voiced[accent, age, gender] += clips > 0
    accents = sorted({key[0] for key in counts})
    ages = [*AGE_GROUPS, *sorted({key[1] for key in counts} - set(AGE_GROUPS))]
    genders = [*GENDERS, *sorted({key[2] for key in counts} - set(GENDERS))]
    pairs = [(age, gender) for age in ages for gender in genders]
    most = max(counts.values())
    some_silent = part.filter(pl.col("clips") == 0).height > 0

    def said(key: tuple[str, str, str]) -> str:
        return f"{voiced[key]} spoken" if some_silent else ""

    top = [tag("th", age, colspan=str(len(genders)), scope="colgroup") for age in ages]
    below = [tag("th", gender, scope="col", class_="n") for _, gender in pairs]
    body = []
    for accent in accents:
        cells = [heat(counts[accent, *pair], most, said((accent, *pair))) for pair in pairs]
        row_total = sum(counts[accent, *pair] for pair in pairs)
        body.append(
            tag("tr", tag("th", accent, scope="row"), *cells, tag("td", num(row_total), class_="n sum"))
        )
    sums = [sum(counts[accent, *pair] for accent in accents) for pair in pairs]
    foot = tag(
        "tr",
        tag("th", "all", scope="row"),
        *(tag("td", num(n), class_="n sum") for n in sums),
        tag("td", num(part.height), class_="n sum"),
    )
    head = tag("tr", tag("th", "Accent", rowspan="2", scope="col"), *top, tag("th", "all", rowspan="2"))
    content = [tag("thead", head, tag("tr", *below)), tag("tbody", *body), tag("tfoot", foot)]
    return tag("div", tag("table", *content, class_="heatmap"), class_="scroll", tabindex="0")


def _basis_table(part: pl.DataFrame) -> Html:
    rows = []
    used: set[str] = set()
    shares = {
        "age group": Counter(part["age_basis"]),
        "gender": Counter(part["gender_basis"]),
        "accent": Counter(part["accent_basis"]),
    }
    for counter in shares.values():
        used |= set(counter)
    order = [*BASES, *sorted(used - set(BASES))]
    shown = [basis for basis in order if basis in used]
    for name, counter in shares.items():
        rows.append(
            (name, stacked(counter, order), *(percent(counter[basis], part.height) for basis in shown))
        )
    heads = [tag("span", tag("i", class_=f"key s{order.index(b)}"), b) for b in shown]
    return table(
        ("Attribute", "", *heads),
        rows,
        numeric=tuple(range(2, 2 + len(shown))),
        caption="What each attribute rests on",
    )


def _informants(part: pl.DataFrame) -> Html:
    counts = sorted(Counter(part["informant"].fill_null(UNKNOWN)).items(), key=lambda c: (-c[1], c[0]))
    said = "; ".join(f"{name} {num(n)} ({percent(n, part.height)})" for name, n in counts)
    return note("Who speaks for the patient: ", said, ".")


def duration_section(facts: Facts) -> Html:
    """Return histograms of clip seconds, turns per dialogue and length of a turn, with their quantiles."""
    figures, rows = [], []
    turns = facts.turns
    for lang in sorted(facts.dialogues["lang"].unique()):
        of_lang = turns.filter(pl.col("lang") == lang)
        han = bool(of_lang.select(is_han(pl.col("lang")).any()).item())
        unit = "characters" if han else "words"
        clips = of_lang.drop_nulls("seconds")
        per_dialogue = of_lang.group_by("id").len()["len"].sort()
        by_role = [
            Series(role, of_lang.filter(pl.col("role") == role)["length"].to_list())
            for role in ("patient", "doctor")
        ]
        spoken = [
            Series(role, clips.filter(pl.col("role") == role)["seconds"].to_list())
            for role in ("patient", "doctor")
        ]
        spoken = [s for s in spoken if s.values] or spoken[:1]
        figures += [
            histogram(spoken, "seconds", f"Seconds of a clip, {lang}"),
            histogram(
                [Series("", per_dialogue.to_list())], "turns", f"Turns of a dialogue, {lang}", whole=True
            ),
            histogram(by_role, unit, f"Length of a turn, {lang}", whole=True, limit=TURN_LIMITS[han]),
        ]
        rows += [
            *(_quantile_row(f"{lang}: clip of the {s.name}, seconds", s.values, 1) for s in spoken),
            _quantile_row(f"{lang}: turns of a dialogue", per_dialogue.to_list()),
            *(_quantile_row(f"{lang}: turn of the {s.name}, {unit}", s.values) for s in by_role),
        ]
    head = ("Measure", "n", "Least", "Median", "95 %", "Most")
    return section(
        "durations",
        "Durations",
        tag("div", *figures, class_="charts"),
        note(
            "A dashed line, where it is in view, marks the most that one turn may hold: 60 words, or "
            "100 characters of Chinese."
        ),
        table(head, [row for row in rows if row], numeric=(1, 2, 3, 4, 5)),
    )


def _quantile_row(name: str, values: Sequence[float], digits: int = 0) -> tuple[str, ...] | None:
    if not values:
        return None
    series = pl.Series(values, dtype=pl.Float64)
    quantiles = (series.quantile(q, "nearest") for q in (0.0, 0.5, 0.95, 1.0))
    return (name, num(len(values)), *(num(q, digits) for q in quantiles))


def pitch_section(facts: Facts) -> Html:
    """Return measured pitch and pace by profile, against what the speakers of the bank should sound like."""
    measured = facts.dialogues.filter(pl.col("f0_hz").is_not_null())
    if not measured.height:
        return section("pitch", "Pitch and pace", tag("p", "No dialogue carries a measurement of its pitch."))
    banded = measured.join(
        facts.speakers.select("id", "f0_low_hz", "f0_high_hz"), left_on="speaker_id", right_on="id"
    )
    outside = banded.filter(~pl.col("f0_hz").is_between("f0_low_hz", "f0_high_hz")).height
    figures = []
    for lang in sorted(measured["lang"].unique()):
        part = measured.filter(pl.col("lang") == lang)
        bank = facts.speakers.filter(pl.col("lang") == lang)
        unit = "characters/s" if bool(part.select(is_han(pl.col("lang")).any()).item()) else "syllables/s"
        for name, column, low, high, axis, digits in (
            ("Median pitch", "f0_hz", "f0_low_hz", "f0_high_hz", "Hz", 0),
            ("Pace", "pace", "pace", "pace", unit, 1),
        ):
            rows = _profile_ranges(part, bank, column, low, high)
            if rows:
                unit_short = "Hz" if axis == "Hz" else "/s"
                figures.append(ranges(rows, axis, f"{name} of a dialogue, {lang}", unit_short, digits))
    return section(
        "pitch",
        "Pitch and pace",
        tag(
            "p",
            f"Measured on the clips of {num(measured.height)} dialogues. "
            f"{num(outside)} of {num(banded.height)} lie outside the pitch band of their own speaker.",
        ),
        tag("div", *figures, class_="charts wide"),
        note(
            "Line: 5–95 % of the dialogues; box: 25–75 %; mark: median. The pale field behind is what the "
            "voices of that profile should measure."
        ),
    )


def _profile_ranges(part: pl.DataFrame, bank: pl.DataFrame, column: str, low: str, high: str) -> list[Range]:
    rows = []
    for gender in GENDERS:
        for age in AGE_GROUPS:
            cell = (pl.col("gender") == gender) & (pl.col("age_group") == age)
            values = part.filter(cell)[column].drop_nulls()
            if not values.len():
                continue
            quantiles = [float(values.quantile(q, "linear") or 0) for q in (0.05, 0.25, 0.5, 0.75, 0.95)]
            voices = bank.filter(cell)
            expected = (float(voices[low].min()), float(voices[high].max())) if voices.height else None
            rows.append(Range(f"{gender} {age}", tuple(quantiles), values.len(), expected))  # type: ignore[arg-type]
    return rows

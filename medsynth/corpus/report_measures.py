"""What the corpus holds: coverage and durations in the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from medsynth.corpus.report_data import UNKNOWN, Facts, is_han
from medsynth.corpus.report_html import Html, heat, note, num, percent, section, short, stacked, table, tag
from medsynth.corpus.report_svg import Series, histogram
from medsynth.records import AGE_GROUPS, GENDERS

BASES = ("stated", "inferred", "sampled", "forced", UNKNOWN)
ACCENTS, DEPARTMENTS = 40, 24
# What one turn may hold (words; characters in Chinese), drawn as a dashed line.
TURN_LIMITS = {True: 100, False: 60}


def coverage_section(facts: Facts) -> Html:
    """Return accent and department × age × gender heat tables, and what the attributes rest on, by language."""
    parts: list[object] = [
        tag(
            "p",
            "Dialogues by the profile of the person who is heard. Stronger colour means more; 0 is a "
            "combination that the corpus does not hold.",
        )
    ]
    for lang in sorted(facts.dialogues["lang"].unique()):
        part = facts.dialogues.filter(pl.col("lang") == lang)
        parts += [
            tag("h3", tag("bdi", lang)),
            _profile_heat(part, "accent", "Accent", ACCENTS),
            _basis_table(part),
            _informants(part),
            _profile_heat(part.filter(pl.col("department") != ""), "department", "Department", DEPARTMENTS),
        ]
        without = part.filter(pl.col("department") == "").height
        if without:
            parts.append(note(f"{num(without)} dialogues carry no department."))
    return section("coverage", "Coverage", *parts)


def _profile_heat(part: pl.DataFrame, column: str, name: str, limit: int) -> Html:
    """Return the heat table of a column's values × age group × gender; the rarest beyond `limit` in one row.

    How many of them are spoken stands in the cells by accent, for voices have one, else in a last column.
    """
    if not part.height:
        return Html("")
    by_accent = column == "accent"
    counts: Counter[tuple[str, str, str]] = Counter()
    voiced: Counter[tuple[str, str, str]] = Counter()
    totals = Counter(part[column])
    common = sorted(totals, key=lambda value: (-totals[value], value))[:limit]
    rest = f"{len(totals) - limit} others"
    for value, age, gender, clips in part.select(column, "age_group", "gender", "clips").iter_rows():
        key = (value if len(totals) <= limit or value in common else rest, age, gender)
        counts[key] += 1
        voiced[key] += clips > 0
    shown = [*(sorted(common) if by_accent else common), *([rest] if len(totals) > limit else [])]
    ages = [*AGE_GROUPS, *sorted({key[1] for key in counts} - set(AGE_GROUPS))]
    genders = [*GENDERS, *sorted({key[2] for key in counts} - set(GENDERS))]
    pairs = [(age, gender) for age in ages for gender in genders]
    most = max(counts.values())
    some_silent = part.filter(pl.col("clips") == 0).height > 0

    def said(key: tuple[str, str, str]) -> str:
        return f"{voiced[key]} spoken" if by_accent and some_silent and voiced[key] else ""

    def spoken(keys: Sequence[tuple[str, str, str]]) -> Html:
        return Html("") if by_accent else tag("td", num(sum(voiced[key] for key in keys)), class_="n")

    top = [tag("th", short(age), colspan=str(len(genders)), scope="colgroup") for age in ages]
    below = [tag("th", short(gender), scope="col", class_="n") for _, gender in pairs]
    body = []
    for value in shown:
        cells = [heat(counts[value, *pair], most, said((value, *pair))) for pair in pairs]
        row_total = sum(counts[value, *pair] for pair in pairs)
        label = tag("th", tag("bdi", short(value, 48)), scope="row")
        body.append(
            tag(
                "tr",
                label,
                *cells,
                tag("td", num(row_total), class_="n sum"),
                spoken([(value, *pair) for pair in pairs]),
            )
        )
    sums = [sum(counts[value, *pair] for value in shown) for pair in pairs]
    foot = tag(
        "tr",
        tag("th", "all", scope="row"),
        *(tag("td", num(n), class_="n sum") for n in sums),
        tag("td", num(part.height), class_="n sum"),
        spoken(list(voiced)),
    )
    last = () if by_accent else (tag("th", "spoken", rowspan="2"),)
    head = tag("tr", tag("th", name, rowspan="2", scope="col"), *top, tag("th", "all", rowspan="2"), *last)
    caption = tag("caption", f"{name} by age group and gender of who is heard")
    content = [caption, tag("thead", head, tag("tr", *below)), tag("tbody", *body), tag("tfoot", foot)]
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

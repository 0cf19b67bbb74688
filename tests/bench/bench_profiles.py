"""`python -m tests.bench.bench_profiles`: what the built-in voices sound like, by age group, gender and language.

At least 20 clips a cell, each by another voice or of another text: median pitch and its span within a clip, pace,
local jitter and shimmer, and harmonics-to-noise ratio. A figure is drawn beside published norms (sources in
`medsynth/voice/calibrate.py`), and neighbouring profiles are compared; exits with 1 when two of them do not differ as
they should.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsynth.records import AGE_GROUPS, GENDERS
from medsynth.voice.bank import load_bank
from medsynth.voice.bank_calibrate import SENTENCES
from medsynth.voice.checks import sampled
from medsynth.voice.engine import open_engine
from medsynth.voice.f0 import f0_track
from medsynth.voice.pace import speech_seconds, units

FIGURE = Path(__file__).parents[2] / "docs" / "figures" / "voices-profiles.png"
MEASURES = (
    "F0 median (Hz)", "F0 span 10–90 % (semitones)", "pace (syllables or characters/s)", "jitter (%)", "shimmer (%)",
    "HNR (dB)",
)  # fmt: skip
DIGITS = (0, 1, 1, 2, 1, 1)
# Published medians of speaking F0 in Hz: Shipp & Hollien 1972 (men of 20–29, 40–49 and 80–89), Traunmüller & Eriksson
# 1995 (adults), Sorenson 1989 (children of 6–10), Voice Foundation 2025 (girls of 16).
NORMS_HZ = {
    ("male", "child"): (262,),
    ("female", "child"): (281,),
    ("male", "youth"): (120,),
    ("female", "youth"): (222,),
    ("male", "adult"): (107, 120),
    ("female", "adult"): (210,),
    ("male", "elderly"): (146,),
}
# What must differ, with the lower one first: measure, language, (gender, age) and (gender, age).
ORDERS = [
    *((0, lang, ("male", age), ("female", age)) for lang in SENTENCES for age in AGE_GROUPS),
    *(
        (0, lang, (gender, "youth"), (gender, "child"))
        for lang, gender in itertools.product(SENTENCES, GENDERS)
    ),
    *((0, lang, ("male", "adult"), ("male", "elderly")) for lang in SENTENCES),
    *((0, lang, ("female", "elderly"), ("female", "adult")) for lang in SENTENCES),
    *((0, lang, ("female", "adult"), ("female", "youth")) for lang in SENTENCES),
    *((0, lang, ("male", "adult"), ("male", "youth")) for lang in SENTENCES),
    *(
        (2, lang, (gender, "elderly"), (gender, "adult"))
        for lang, gender in itertools.product(SENTENCES, GENDERS)
    ),
    *(
        (2, lang, (gender, "adult"), (gender, "youth"))
        for lang, gender in itertools.product(SENTENCES, GENDERS)
    ),
    *(
        (3, lang, (gender, "adult"), (gender, "elderly"))
        for lang, gender in itertools.product(SENTENCES, GENDERS)
    ),
    *(
        (5, lang, (gender, "elderly"), (gender, "adult"))
        for lang, gender in itertools.product(SENTENCES, GENDERS)
    ),
]
Cells = dict[tuple[str, str, str], NDArray[np.float64]]


def measured(clips: int) -> Cells:
    """Return by language, gender and age group an array (clips, measures)."""
    bank, engine = load_bank(), open_engine("espeak")
    cells: Cells = {}
    try:
        for lang, gender, age in itertools.product(SENTENCES, GENDERS, AGE_GROUPS):
            voices = [s for s in bank if (s.lang, s.gender, s.age_group) == (lang, gender, age)]
            rows = []
            for n in range(max(clips, len(voices))):
                speaker = voices[n % len(voices)]
                text = SENTENCES[lang][(n + n // len(voices)) % len(SENTENCES[lang])]
                clip = engine.synthesize(text, lang, speaker, n)
                track = f0_track(clip.samples, clip.sample_rate)
                low, high = np.quantile(track, (0.1, 0.9))
                pace = units(text, lang) / speech_seconds(clip.samples, clip.sample_rate)
                rough = sampled(clip.samples, clip.sample_rate)
                rows.append((np.median(track), 12 * np.log2(high / low), pace, *rough.values()))
            cells[lang, gender, age] = np.array(rows)
    finally:
        engine.close()
    return cells


def table(cells: Cells) -> str:
    """Return the medians, with the 10th and 90th percentile, as Markdown."""
    lines = [
        "| language | gender | age group | clips | " + " | ".join(MEASURES) + " |",
        "|---" * (4 + len(MEASURES)) + "|",
    ]
    for (lang, gender, age), rows in cells.items():
        shown = []
        for n, digits in enumerate(DIGITS):
            low, middle, high = np.quantile(rows[:, n], (0.1, 0.5, 0.9))
            shown.append(f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})")
        lines.append(f"| {lang} | {gender} | {age} | {len(rows)} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def wrong_orders(cells: Cells) -> list[str]:
    """Return the neighbours whose medians do not differ as they should."""
    found = []
    for n, lang, lower, higher in ORDERS:
        low, high = (float(np.median(cells[lang, *who][:, n])) for who in (lower, higher))
        if not low < high:
            found.append(
                f"{MEASURES[n]}, {lang}: {' '.join(lower)} {low:.2f} is not below {' '.join(higher)} {high:.2f}"
            )
    return found


def draw(cells: Cells, path: Path) -> None:
    """Draw every measure by profile, with published norms as marks."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    colours = {"female": "#b5446e", "male": "#2b6ca3"}
    figure, axes = plt.subplots(2, 3, figsize=(13.2, 6.4), dpi=80)
    for n, (axis, name) in enumerate(zip(axes.flat, MEASURES, strict=True)):
        for (lang, gender, age), rows in cells.items():
            x = (
                AGE_GROUPS.index(age)
                + (-0.24 if gender == "female" else 0.08)
                + (0.16 if lang == "zh" else 0)
            )
            low, middle, high = np.quantile(rows[:, n], (0.1, 0.5, 0.9))
            axis.plot([x, x], [low, high], color=colours[gender], linewidth=2)
            axis.plot(x, middle, "o" if lang == "en" else "s", color=colours[gender], markersize=5)
        if n == 0:
            for (gender, age), norms in NORMS_HZ.items():
                x = AGE_GROUPS.index(age) + (-0.16 if gender == "female" else 0.16)
                axis.plot([x] * len(norms), norms, "_", color="black", markersize=16, markeredgewidth=1.5)
        axis.set_xticks(range(len(AGE_GROUPS)), AGE_GROUPS)
        axis.set_title(name, fontsize=10)
        axis.grid(axis="y", alpha=0.3)
    marks = [
        plt.Line2D([], [], color=colours["female"], label="female"),
        plt.Line2D([], [], color=colours["male"], label="male"),
        plt.Line2D([], [], color="grey", marker="o", linestyle="", label="English"),
        plt.Line2D([], [], color="grey", marker="s", linestyle="", label="Mandarin"),
        plt.Line2D([], [], color="black", marker="_", linestyle="", markersize=12, label="published"),
    ]
    figure.legend(handles=marks, loc="lower center", ncol=5, fontsize=9, frameon=False)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, metadata={"Software": None})


def main() -> int:
    """Print the table, draw the figure; return 1 when profiles do not differ as they should."""
    parser = argparse.ArgumentParser(description="What the built-in voices sound like.")
    parser.add_argument("--clips", type=int, default=20, help="of each cell, at least")
    parser.add_argument("--figure", type=Path, default=FIGURE)
    given = parser.parse_args()
    cells = measured(given.clips)
    print(table(cells))
    draw(cells, given.figure)
    wrong = wrong_orders(cells)
    print(f"\n{len(ORDERS) - len(wrong)} of {len(ORDERS)} neighbours differ as they should", *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

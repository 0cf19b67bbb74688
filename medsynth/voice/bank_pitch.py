"""Whether a measured voice can be who the table says."""

from __future__ import annotations

from medsynth.records import AgeGroup, Gender
from medsynth.voice.calibrate import F0_BANDS

_LEEWAY = 1.33


def pitch_doubt(gender: Gender, age_group: AgeGroup, f0_hz: float) -> str:
    """Return a remark where a grown voice's median pitch is far from what its gender has ("" otherwise).

    Nothing is changed for it: the table says who speaks. The limits leave the published bands (`F0_BANDS`) a third.
    """
    if age_group == "child":
        return ""
    bands = [band for (g, age), band in F0_BANDS.items() if g == gender and age != "child"]
    low, high = min(b[0] for b in bands) / _LEEWAY, max(b[1] for b in bands) * _LEEWAY
    return (
        ""
        if low <= f0_hz <= high
        else f"{f0_hz:.0f} Hz is unusual for a {gender} voice ({low:.0f}–{high:.0f})"
    )

"""Make the built-in bank: `python -m medsynth.voice.calibrate` writes `banks/espeak.csv` anew, the same each time.

A recipe spreads the speakers of a cell (accent × gender × age group) over timbres, pitch and pace;
espeak's pitch and rate are then searched until the measured median F0 and pace are those of the recipe,
and what was measured is what the bank states.

**Speaking F0** (Hz). Men: 120 in their twenties, 107 in their forties, rising to 146 in their eighties
(T. Shipp & H. Hollien, J. Acoust. Soc. Am. 51, 111, 1972). Adults typically 120 (men) and 210 (women)
(H. Traunmüller & A. Eriksson, "The frequency range of the voice fundamental", 1995); women fall with age, also
past eighty (M. Nishio & S. Niimi, Folia Phoniatr. Logop. 60, 120, 2008). Children of 6–10: boys 262, girls 281,
no significant difference (D. Sorenson, J. Commun. Disord. 22, 115, 1989). Girls of 16: 222 (2025 abstract of the
Voice Foundation on 101 choristers). The bands of men and of women from 14 years do not touch.

**Pace** (syllables or characters a second, pauses left out). Adults' 4.4–5.4 is ours, set by what espeak says clearly.
Elderly speakers' durations are 20–25 % longer than young adults' (B. Smith et al., J. Speech Hear. Res. 30, 522,
1987). Real children speak more slowly than adults, not faster, and come close to them past ten (I. Nip & J. Green,
Child Dev. 84, 1324, 2013): the bank's children are older ones, at the quick end of what is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medsynth.records import AGE_GROUPS, GENDERS, AgeGroup, Gender, Speaker, Split
from medsynth.voice.bank import BUILT_IN, save_bank
from medsynth.voice.engine import VoiceEngine, open_engine
from medsynth.voice.f0 import f0_track
from medsynth.voice.pace import load, speech_seconds

ACCENTS: dict[str, str] = {
    "en-US": "gmw/en-US",
    "en-US-nyc": "gmw/en-US-nyc",
    "en-GB": "gmw/en",
    "en-GB-scotland": "gmw/en-GB-scotland",
    "en-GB-lancaster": "gmw/en-GB-x-gbclan",
    "en-GB-west-midlands": "gmw/en-GB-x-gbcwmd",
    "en-GB-rp": "gmw/en-GB-x-rp",
    "en-029": "gmw/en-029",
    "zh-CN": "sit/cmn",
}
F0_BANDS: dict[tuple[Gender, AgeGroup], tuple[float, float]] = {
    ("male", "child"): (228, 282),
    ("male", "youth"): (112, 138),
    ("male", "adult"): (96, 126),
    ("male", "elderly"): (116, 139),
    ("female", "child"): (240, 296),
    ("female", "youth"): (202, 236),
    ("female", "adult"): (188, 222),
    ("female", "elderly"): (178, 198),
}
PACES: dict[str, dict[AgeGroup, tuple[float, float]]] = {
    "en": {"child": (4.7, 5.3), "youth": (4.7, 5.4), "adult": (4.4, 5.1), "elderly": (3.7, 4.2)},
    "zh": {"child": (4.6, 5.2), "youth": (4.6, 5.3), "adult": (4.3, 5.0), "elderly": (3.6, 4.1)},
}
# A clip's median may leave its speaker's by this factor: intonation and tones. Children move most, and nothing
# needs their bands kept apart; those of men and women must not meet.
F0_TOLERANCE: dict[AgeGroup, float] = {"child": 1.18, "youth": 1.12, "adult": 1.12, "elderly": 1.12}
_TIMBRES: dict[tuple[Gender, str], tuple[str, int]] = {
    ("male", "adult"): ("man", 6),
    ("male", "elderly"): ("oldman", 4),
    ("female", "adult"): ("woman", 6),
    ("female", "elderly"): ("oldwoman", 4),
    ("male", "child"): ("child", 5),
    ("female", "child"): ("child", 5),
}
_RANGES: dict[AgeGroup, tuple[int, ...]] = {
    "child": (45, 55, 65), "youth": (45, 55, 65), "adult": (40, 50, 60), "elderly": (35, 45, 55),
}  # fmt: skip
_SENTENCES = {
    "en": (
        "I have had a dry cough for about two weeks now, and it gets worse at night.",
        "Where exactly does it hurt, and did anything help?",
        "My knee was swollen yesterday, so I stayed in bed.",
        "I take two tablets a day for my blood pressure, but I still feel a bit dizzy when I get up.",
        "No, I have never had any trouble with my heart or my breathing before.",
        "It started after lunch on Sunday, and since then I have hardly been able to eat.",
    ),
    "zh": (
        "医生您好，我最近两个星期一直咳嗽，晚上咳得更厉害。",
        "昨天膝盖有点肿，所以我在家躺了一天。",
        "请问这个药一天要吃几次，需要忌口吗？",
        "我今年四十六岁，有高血压，没有糖尿病史。",
        "好的，谢谢医生。",
        "建议先做血常规和胸部检查，排除感染。",
    ),
}
_HELD_OUT: dict[int, Split] = {1: "validation", 2: "test"}


@dataclass(frozen=True)
class Recipe:
    """One speaker to be: targets in Hz and units a second; everything else as espeak takes it."""

    id: str
    lang: str
    accent: str
    gender: Gender
    age_group: AgeGroup
    split: Split
    variant: str
    f0_hz: float
    pace: float
    range: int

    def speaker(self, pitch: int, rate: int, f0_hz: float, pace: float) -> Speaker:
        """Return the speaker with these settings and measurements."""
        handle: dict[str, str | int | float] = {
            "voice": ACCENTS[self.accent], "variant": self.variant, "pitch": pitch, "range": self.range, "rate": rate,
        }  # fmt: skip
        tolerance = F0_TOLERANCE[self.age_group]
        return Speaker(
            id=self.id, engine="espeak", lang=self.lang, age_group=self.age_group, gender=self.gender,
            accent=self.accent, split=self.split, handle=handle, licence="GPL-3.0-or-later",
            consent="synthetic", f0_hz=round(f0_hz, 1), f0_low_hz=round(f0_hz / tolerance, 1),
            f0_high_hz=round(f0_hz * tolerance, 1), pace=round(pace, 2),
        )  # fmt: skip


def recipes() -> list[Recipe]:
    """Return the recipes of the built-in bank: 4 speakers a cell for each English accent, 10 for Mandarin."""
    out: list[Recipe] = []
    for place, accent in enumerate(ACCENTS):
        lang = accent.split("-")[0]
        count = 10 if lang == "zh" else 4
        for gender in GENDERS:
            for age in AGE_GROUPS:
                stem, timbres = _TIMBRES[gender, "adult" if age == "youth" else age]
                low, high = F0_BANDS[gender, age]
                slow, quick = PACES[lang][age]
                for i in range(count):
                    n = place * 4 + i  # runs on over the accents, so that they differ too
                    out.append(
                        Recipe(
                            id=f"espeak-{accent}-{gender[0]}-{age}-{i + 1:02d}",
                            lang=lang,
                            accent=accent,
                            gender=gender,
                            age_group=age,
                            split=_HELD_OUT.get(i, "train"),
                            variant=f"{stem}-{n % timbres + 1}",
                            f0_hz=low + (high - low) * _spread(n, 0.6180339887),
                            pace=slow + (quick - slow) * _spread(n, 0.7548776662),
                            range=_RANGES[age][n % 3],
                        )
                    )
    return out


def _spread(n: int, step: float) -> float:
    """The n-th point of a low-discrepancy sequence in 0–1."""
    return (0.5 + n * step) % 1.0


def measure(engine: VoiceEngine, speaker: Speaker) -> tuple[float, float]:
    """Return a speaker's median F0 (Hz) over all sentences, and pace (load a second of speech)."""
    tracks, needed, spoken = [], 0.0, 0.0
    for sentence in _SENTENCES[speaker.lang]:
        clip = engine.synthesize(sentence, speaker.lang, speaker, seed=0)
        tracks.append(f0_track(clip.samples, clip.sample_rate))
        needed += load(sentence, speaker.lang)
        spoken += speech_seconds(clip.samples, clip.sample_rate)
    return float(np.median(np.concatenate(tracks))), needed / spoken


def calibrate(engine: VoiceEngine, recipe: Recipe) -> Speaker:
    """Return the recipe's speaker, with the pitch and rate that come nearest to its targets.

    Raises ValueError when espeak cannot reach the targets within 3 %.
    """
    pitch, rate = 50, 170
    low, high = 0, 99
    f0, pace = measure(engine, recipe.speaker(pitch, rate, 1, 1))
    for _ in range(3):  # pace answers almost linearly to rate
        rate = round(min(450, max(80, rate * recipe.pace / pace)))
        f0, pace = measure(engine, recipe.speaker(pitch, rate, 1, 1))
    while high - low > 1:  # F0 rises with pitch
        low, high = (pitch, high) if f0 < recipe.f0_hz else (low, pitch)
        pitch = (low + high) // 2
        f0, pace = measure(engine, recipe.speaker(pitch, rate, 1, 1))
    if abs(f0 / recipe.f0_hz - 1) > 0.03 or abs(pace / recipe.pace - 1) > 0.03:
        raise ValueError(
            f"{recipe.id}: asked for {recipe.f0_hz:.0f} Hz, {recipe.pace:.2f}/s; got {f0:.0f}, {pace:.2f}"
        )
    return recipe.speaker(pitch, rate, f0, pace)


def main(path: Path = BUILT_IN) -> None:
    """Write the built-in bank to `path`."""
    engine = open_engine("espeak")
    try:
        speakers = [calibrate(engine, recipe) for recipe in recipes()]
    finally:
        engine.close()
    save_bank(speakers, path)
    print(f"{len(speakers)} speakers in {path}")


if __name__ == "__main__":
    main()

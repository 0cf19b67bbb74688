"""What each voice of a bank really sounds like in its engine, and the thresholds that follow for its clips.

A zero-shot model does not speak like its reference, nor at its pace: what a clip is checked against has to be
measured on the model's own speech.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsynth.errors import UserError
from medsynth.records import Speaker
from medsynth.voice.audio import SAMPLE_RATE, finish
from medsynth.voice.bank_folder import with_paths
from medsynth.voice.bank_pitch import pitch_doubt
from medsynth.voice.checks import F0_FEW, SDS_BELOW, duration_sd
from medsynth.voice.engine import VoiceEngine, VoiceError
from medsynth.voice.f0 import median_f0
from medsynth.voice.pace import load, speech_seconds

SENTENCES: dict[str, tuple[str, ...]] = {
    "en": (
        "I have had this cough for almost two weeks, and it keeps me awake at night.",
        "Does the pain move anywhere else, or does it stay in one place?",
        "My mother had the same trouble when she was about my age.",
        "I took the tablets after breakfast, but they did not help much.",
        "Should I come back if the fever returns?",
        "It started on Monday, right after I carried the shopping upstairs.",
        "I feel dizzy when I stand up too quickly, especially in the morning.",
        "No, I am not allergic to anything that I know of.",
        "The swelling went down a little, and now my ankle only hurts when I walk.",
        "Could this be something serious, or am I worrying too much?",
    ),
    "zh": (
        "医生您好，我咳嗽快两个星期了，晚上睡不好觉。",
        "这个疼会跑到别的地方吗，还是一直在一个位置？",
        "我妈妈在我这个年纪的时候也得过这种病。",
        "早饭以后我吃了药，可是没有什么用。",
        "要是再发烧，我需要马上过来复查吗？",
        "星期一开始的，那天我刚把东西搬上楼。",
        "我站起来太快就会头晕，早上特别明显。",
        "没有，我对什么药都不过敏。",
        "肿消了一些，现在只有走路的时候脚腕才疼。",
        "这个病严重吗，是不是我想得太多了？",
    ),
}
LEAST_CLIPS = 5
_SPREADS = 3.5
_LEAST_FACTOR = 1.06
MOST_PACE_SD = 0.12
"""With a wider band clips cut off at 60 % would pass too often."""
UNSTEADY = 1.35
"""A voice whose band is wider than this factor either way cannot be told from another one by its pitch."""


@dataclass(frozen=True)
class Calibrated:
    """A voice after measurement: the speaker with its new thresholds, the clips behind them, and what is odd.

    `ratio` is the lowest and highest duration ratio (as in `checks`) at the new pace. With too few clips the
    speaker is as it was, and `problems` says so.
    """

    speaker: Speaker
    clips: int
    ratio: tuple[float, float]
    problems: tuple[str, ...]


def calibrate_speaker(
    engine: VoiceEngine, speaker: Speaker, folder: Path, sentences: Sequence[str] = (), seed: int = 0
) -> Calibrated:
    """Let a voice say `sentences` (by default ours) and set its `f0_hz`, its band, `pace` and `pace_sd`.

    The band is 3.5 standard deviations of the clips' log median F0 either way, at least ±6 %: of as many clips
    again fewer than one in a thousand should lie outside, were they normal. `pace` is the load of all clips over
    their seconds of speech, `pace_sd` what `pace_sd_of` makes of their durations, up to `MOST_PACE_SD`.
    """
    sentences = sentences or SENTENCES.get(speaker.lang.split("-")[0], ())
    if not sentences:
        raise UserError(
            f"{speaker.id}: there are no sentences to calibrate {speaker.lang} with; give --sentences"
        )
    pitches, loads, seconds, failed = [], [], [], []
    for n, text in enumerate(sentences):
        try:
            clip = engine.synthesize(text, speaker.lang, with_paths(speaker, folder), seed + n)
            done = finish(clip, engine.name, speaker.id)
        except VoiceError as error:
            failed.append(str(error))
            continue
        f0, voiced = median_f0(done.samples, SAMPLE_RATE)
        if voiced < F0_FEW:
            failed.append("hardly anything is voiced")
            continue
        pitches.append(f0)
        loads.append(load(text, speaker.lang))
        seconds.append(speech_seconds(done.samples, SAMPLE_RATE))
    problems = [f"{len(failed)} of {len(sentences)} sentences failed: {failed[0]}"] if failed else []
    if len(pitches) < LEAST_CLIPS:
        return Calibrated(
            speaker, len(pitches), (0.0, 0.0), (*problems, f"left as it was: fewer than {LEAST_CLIPS} clips")
        )
    f0 = float(np.median(pitches))
    spread = float(np.std(np.log(pitches), ddof=1))
    factor = max(_LEAST_FACTOR, float(np.exp(_SPREADS * spread)))
    pace = sum(loads) / sum(seconds)
    ratios = np.array(seconds) * pace / np.array(loads)
    if factor > UNSTEADY:
        problems.append(f"the pitch of its clips varies by a factor of {factor:.2f}")
    pace_sd = pace_sd_of(ratios, loads)
    if pace_sd > MOST_PACE_SD:
        problems.append(
            f"durations {ratios.min():.2f}–{ratios.max():.2f} of what its texts take: erratic, "
            "sound clips may be rejected"
        )
    if doubt := pitch_doubt(speaker.gender, speaker.age_group, f0):
        problems.append(doubt)
    return Calibrated(
        speaker.model_copy(
            update={
                "f0_hz": round(f0, 1), "f0_low_hz": round(f0 / factor, 1), "f0_high_hz": round(f0 * factor, 1),
                "pace": round(pace, 2), "pace_sd": round(min(pace_sd, MOST_PACE_SD), 3),
            }
        ),
        len(pitches), (round(float(ratios.min()), 3), round(float(ratios.max()), 3)), tuple(problems),
    )  # fmt: skip


def pace_sd_of(ratios: NDArray[np.float64], loads: Sequence[float]) -> float:
    """Return the standard deviation of a voice's log pace from clip to clip, over a steady voice's; 0 for such a one.

    `ratios` are speech found over speech that texts of these `loads` need. To their spread is added what so few
    clips leave uncertain: the band then holds as much of further clips as if the spread were known (a prediction
    interval; Student's t after M. Abramowitz & I. Stegun, Handbook of Mathematical Functions, 26.7.5). What is more
    than the checks expect of any voice is put down to the pace of whole clips, as if the voice had moods.
    """
    count, z = len(ratios), SDS_BELOW
    free = count - 1
    steady = np.array([duration_sd(needed) for needed in loads])
    t = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
    own = float(np.sum(np.square(np.log(ratios) / steady))) / free * (t / z) ** 2 * (1 + 1 / count)
    return float(np.sqrt(np.mean(np.square(steady)) * max(0.0, own - 1)))


def calibrate_all(
    open_engine: Callable[[str], VoiceEngine],
    speakers: Sequence[Speaker],
    folder: Path,
    sentences: Sequence[str] = (),
    say: Callable[[str], None] = lambda text: None,
) -> list[Calibrated]:
    """Calibrate the speakers, one engine after the other. Raises UserError when an engine cannot be opened."""
    done: dict[str, Calibrated] = {}
    for name in sorted({s.engine for s in speakers}):
        engine = open_engine(name)
        try:
            for speaker in (s for s in speakers if s.engine == name):
                done[speaker.id] = calibrate_speaker(engine, speaker, folder, sentences)
                if len(done) % 20 == 0:
                    say(f"{len(done)} of {len(speakers)} voices measured")
        finally:
            engine.close()
    return [done[s.id] for s in speakers]

"""`python -m tests.bench.bench_clip_checks`: which faults of a clip the checks notice, and how often they are wrong.

Sound clips of real rows (MEDSYNTH_REAL_DATA, else the shipped samples) in every voice of the built-in bank, and
as many again with one fault each, planted in what the engine gives, before it is finished and checked as in a
run (`medsynth.voice.takes.judge`). A table says for each fault how many are caught, and by which measurement.
A second one is of dialogues of 4 to 6 clips of one voice, and the same with the last clip by somebody else.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from medsynth.config import STAGES, PipelineConfig, load_pipeline
from medsynth.records import Dialogue, Kept, Record, Speaker
from medsynth.resources import resource
from medsynth.run.tasks import StageSpec
from medsynth.sources import ingest
from medsynth.stages.base import Context
from medsynth.text.spoken import spoken_form
from medsynth.voice.bank import load_bank
from medsynth.voice.engine import Clip, VoiceEngine, open_engine
from medsynth.voice.pace import load, units
from medsynth.voice.takes import Take, judge, sentences_of
from medsynth.voice.timbre import MAX_APART, apart
from tests.bench.__main__ import through

REAL = os.environ.get("MEDSYNTH_REAL_DATA")
ROWS_OF_A_SOURCE = 150
LANGUAGES = ("en", "zh")
MOST_UNITS = 120  # syllables of a text
LEAST_UNITS = 8  # of one that a fault is planted in; sound clips may be of any length


@dataclass(frozen=True)
class Case:
    """A text to be said by a speaker; `again` is how often a wrong thing was sought for it."""

    text: str
    lang: str
    speaker: Speaker
    seed: int

    def take(self) -> Take:
        """Return what the checks are told that was to be said."""
        return Take((self.text,), self.text, self.lang, self.speaker, self.seed)


class Planter:
    """Makes clips with one fault each; `speakers` are who else could speak."""

    def __init__(self, engine: VoiceEngine, speakers: Sequence[Speaker]) -> None:
        self.engine, self.speakers = engine, speakers
        self.share = 0.0  # of the text that was left out last
        self.cost: list[tuple[float, float]] = []  # CPU-seconds of finishing and checking, seconds of audio

    def say(self, case: Case, text: str | None = None, speaker: Speaker | None = None) -> Clip:
        """Return the text of the case, or another one, in its voice, or another one."""
        return self.engine.synthesize(text or case.text, case.lang, speaker or case.speaker, case.seed)

    def sound(self, case: Case) -> Clip:
        """Return the clip as it should be."""
        return self.say(case)

    def cut(self, case: Case) -> Clip:
        """Stop at 60 % of the clip."""
        clip = self.say(case)
        return Clip(clip.samples[: round(0.6 * len(clip.samples))], clip.sample_rate)

    def sentence_dropped(self, case: Case) -> Clip | None:
        """Leave a sentence out, of the texts that have two or more."""
        sentences = sentences_of(case.text)
        if len(sentences) < 2:
            return None
        left_out = random.Random(case.seed).randrange(len(sentences))
        self.share = load(sentences[left_out], case.lang) / load(case.text, case.lang)
        return self.say(case, " ".join(s for n, s in enumerate(sentences) if n != left_out))

    def word_repeated(self, case: Case) -> Clip:
        """Say a word ten times; never "I" or "a", which espeak swallows when they are repeated."""
        words = _words(case)
        places = [n for n, word in enumerate(words) if _said(word, case.lang)]
        place = random.Random(case.seed).choice(places)
        return self.say(case, _joined(case, [*words[:place], *[words[place]] * 10, *words[place + 1 :]]))

    def other_gender(self, case: Case) -> Clip:
        """Let a speaker of the other gender speak."""
        return self._other(case, lambda s: s.gender != case.speaker.gender)

    def other_speaker(self, case: Case) -> Clip:
        """Let another speaker of the same gender and age group speak."""
        mine = case.speaker
        return self._other(case, lambda s: (s.gender, s.age_group) == (mine.gender, mine.age_group))

    def other_age(self, case: Case) -> Clip:
        """Let a speaker of the same gender and another age group speak."""
        mine = case.speaker
        return self._other(case, lambda s: s.gender == mine.gender and s.age_group != mine.age_group)

    def clipped(self, case: Case) -> Clip:
        """Drive the loudest 2 % of the samples over full scale."""
        clip = self.say(case)
        gain = 1 / float(np.quantile(np.abs(clip.samples), 0.98))
        return Clip(np.clip(clip.samples * np.float32(gain), -1.0, 1.0), clip.sample_rate)

    def silence_inside(self, case: Case) -> Clip:
        """Put 3 s of silence into the middle."""
        clip = self.say(case)
        middle = len(clip.samples) // 2
        gap = np.zeros(3 * clip.sample_rate, dtype=np.float32)
        return Clip(np.concatenate([clip.samples[:middle], gap, clip.samples[middle:]]), clip.sample_rate)

    def wrong_rate(self, case: Case) -> Clip:
        """Claim 16 kHz for the samples of another rate."""
        clip = self.say(case)
        return Clip(clip.samples, 16_000 if clip.sample_rate != 16_000 else 22_050)

    def wrong_word(self, case: Case) -> Clip:
        """Say another word of about the same length in the place of one of the longer ones."""
        words = _words(case)
        chance = random.Random(case.seed)
        place = chance.choice(sorted(range(len(words)), key=lambda n: -len(words[n]))[:5])
        other = chance.choice(_OTHER_WORDS[case.lang])
        return self.say(case, _joined(case, [*words[:place], other, *words[place + 1 :]]))

    def _other(self, case: Case, fits: Callable[[Speaker], bool]) -> Clip:
        others = [
            s for s in self.speakers if s.lang == case.speaker.lang and s.id != case.speaker.id and fits(s)
        ]
        return self.say(case, speaker=random.Random(case.seed).choice(others))


IMPOSTORS = ("other_speaker", "other_age", "other_gender")


_OTHER_WORDS = {
    "en": ("umbrella", "carpenter", "mountain", "lemonade", "railway", "elephant", "guitar", "yesterday"),
    "zh": ("雨伞", "木匠", "火车", "大象", "吉他", "柠檬", "钢笔", "月亮"),
}
FAULTS = (
    "cut",
    "sentence_dropped",
    "word_repeated",
    "other_gender",
    "other_speaker",
    "clipped",
    "silence_inside",
    "wrong_rate",
    "wrong_word",
)


def _words(case: Case) -> list[str]:
    return case.text.split() if case.lang == "en" else list(case.text)


def _said(word: str, lang: str) -> bool:
    return sum(c.isalnum() for c in word) >= (2 if lang == "en" else 1)


def _joined(case: Case, words: Sequence[str]) -> str:
    return (" " if case.lang == "en" else "").join(words)


def texts() -> dict[str, list[str]]:
    """Return by language the spoken forms of patients' turns."""
    config, context = load_pipeline(resource("pipelines", "open-data.yaml" if REAL else "demo.yaml"))
    records: list[Record] = []
    for source in config.sources:
        items = ingest(source, context.resolve(source.path), set())
        kept = (i.outcome.records[0] for i in items if isinstance(i.outcome, Kept))
        records += itertools.islice(kept, ROWS_OF_A_SOURCE)
    for name in ("screen", "split", "rewrite"):
        settings = PipelineConfig().stage_settings(name).model_dump_json()
        records = through(StageSpec(STAGES[name], settings, Context()).open(), records)
    found: dict[str, list[str]] = {lang: [] for lang in LANGUAGES}
    for record in records:
        assert isinstance(record, Dialogue)
        for turn in record.turns:
            text = spoken_form(turn.text, record.lang)
            lang = record.lang.split("-")[0]
            if turn.role == "patient" and 1 <= units(text, lang) <= MOST_UNITS:
                found[lang].append(text)
    return {lang: list(dict.fromkeys(some)) for lang, some in found.items()}


def cases(by_lang: dict[str, list[str]], speakers: Sequence[Speaker], seed: int) -> Iterator[Case]:
    """Yield cases for ever, one language after the other, voices in turn."""
    chance = random.Random(seed)
    pools = {}
    for lang in LANGUAGES:
        some = [s for s in speakers if s.lang == lang]
        chance.shuffle(some)
        pools[lang] = itertools.cycle(some)
    for number in itertools.count():
        lang = LANGUAGES[number % len(LANGUAGES)]
        yield Case(chance.choice(by_lang[lang]), lang, next(pools[lang]), seed * 1_000_000 + number)


def caught(planter: Planter, fault: str, source: Iterator[Case], count: int) -> tuple[int, Counter[str]]:
    """Return how many of `count` clips with a fault are caught, and by which measurements, most telling first.

    Of sentences left out also how many were caught by how much of the text they are.
    """
    by: Counter[str] = Counter()
    shares: dict[str, list[bool]] = {"<10 %": [], "10–25 %": [], ">25 %": []}
    found = tried = 0
    while tried < count:
        case = next(source)
        if fault != "sound" and units(case.text, case.lang) < LEAST_UNITS:
            continue
        clip = getattr(planter, fault)(case)
        if clip is None:
            continue
        tried += 1
        before = time.process_time()
        problems = judge(case.take(), [clip]).checked.problems
        planter.cost.append((time.process_time() - before, clip.duration_s))
        found += bool(problems)
        by.update({problem.split()[0] for problem in problems})
        if fault == "sentence_dropped":
            group = "<10 %" if planter.share < 0.1 else "10–25 %" if planter.share < 0.25 else ">25 %"
            shares[group].append(bool(problems))
    for group, caught_ones in shares.items():
        if caught_ones:
            by[f"[{group} of the text: {sum(caught_ones)} of {len(caught_ones)}]"] = 0
    return found, by


def planted_into_dialogues(
    planter: Planter, by_lang: dict[str, list[str]], speakers: Sequence[Speaker], count: int, seed: int
) -> None:
    """Print how many of `count` sound dialogues are blamed, and of those with a clip by somebody else are caught.

    `at 1 %`: by the distance of that clip alone, over what 1 in 100 sound dialogues reach.
    """
    chance = random.Random(f"dialogues {seed}")
    own: list[float] = []
    planted: dict[str, list[float]] = {name: [] for name in IMPOSTORS}
    any_check: Counter[str] = Counter()
    for number in range(count):
        lang = LANGUAGES[number % len(LANGUAGES)]
        speaker = chance.choice([s for s in speakers if s.lang == lang])
        said = [
            Case(text, lang, speaker, seed * 1_000_000 + number * 10 + n)
            for n, text in enumerate(chance.sample(by_lang[lang], chance.randint(4, 6)))
        ]
        timbres = [judge(case.take(), [planter.sound(case)]).timbre for case in said]
        own.append(max(apart(timbres).values(), default=0.0))
        for name in IMPOSTORS:
            taken = judge(said[-1].take(), [getattr(planter, name)(said[-1])])
            distance = apart([*timbres[:-1], taken.timbre]).get(len(said) - 1, 0.0)
            planted[name].append(distance)
            any_check[name] += bool(taken.checked.problems) or distance > MAX_APART
    blamed = sum(distance > MAX_APART for distance in own)
    print(f"planted into a dialogue: {blamed} of {count} sound dialogues blamed (timbre over {MAX_APART})")
    print(f"{'by':18} {'at 1 %':>8} {'at 2 %':>8} {'at limit':>9} {'with all checks':>16}")
    for name, distances in planted.items():
        limits = (*np.quantile(own, (0.99, 0.98)), MAX_APART)
        shares = [100 * float(np.mean(np.array(distances) > limit)) for limit in limits]
        row = "".join(f"{share:{width}.0f} %" for share, width in zip(shares, (7, 7, 8), strict=True))
        print(f"{name:18}{row}{100 * any_check[name] / count:15.0f} %")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What the checks of clips notice.")
    parser.add_argument("--clean", type=int, default=1000, help="sound clips")
    parser.add_argument("--faulty", type=int, default=100, help="clips of each fault")
    parser.add_argument("--dialogues", type=int, default=200, help="dialogues that a clip is planted into")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    speakers = load_bank()
    by_lang = texts()
    source = cases(by_lang, speakers, given.seed)
    engine = open_engine("espeak")
    try:
        planter = Planter(engine, speakers)
        print(f"{'fault':18} {'caught':>12}   by")
        for fault, count in (("sound", given.clean), *((f, given.faulty) for f in FAULTS)):
            found, by = caught(planter, fault, source, count)
            names = ", ".join(f"{name} {n}" if n else name for name, n in by.most_common())
            label = "(false alarms)" if fault == "sound" else fault
            print(f"{label:18} {found:4} of {count:5}   {names}", flush=True)
        if planter.cost:
            spent, audio = (sum(column) for column in zip(*planter.cost, strict=True))
            print(f"finishing and checking take {spent / audio:.4f} CPU-s a second of audio")
        planted_into_dialogues(planter, by_lang, speakers, given.dialogues, given.seed)
    finally:
        engine.close()


if __name__ == "__main__":
    main()

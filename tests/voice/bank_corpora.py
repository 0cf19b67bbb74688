"""Little speech corpora in their native layouts, spoken by espeak, with the faults that real ones have."""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr

from medsynth.voice.bank import load_bank
from medsynth.voice.engine import VoiceEngine, open_engine

TEXTS = {
    "en": (
        "Please call me back tomorrow, because the train was late and I missed my appointment again.",
        "We walked along the river for an hour, then it began to rain and everybody went home.",
        "The old bridge was closed last winter, so the buses take another road through the village.",
        "She bought six spoons of fresh snow peas, five thick slabs of cheese, and maybe a snack.",
        "Nobody in the office had seen the letter, although it had been lying there since Monday.",
    ),
    "zh": (
        "昨天下午我们沿着河边走了一个小时，后来下雨了，大家就都回家了。",
        "去年冬天那座老桥关闭了，所以公共汽车要绕路从村子里面开过去。",
        "请你明天再给我打电话，因为火车晚点了，我又错过了见面的时间。",
        "办公室里没有人看见那封信，虽然它从星期一开始就一直放在那里。",
        "她买了六把新鲜的豌豆，五块很厚的奶酪，可能还买了一点别的东西。",
    ),
}


@cache
def _engine() -> VoiceEngine:
    engine = open_engine("espeak")
    atexit.register(engine.close)
    return engine


@cache
def speech(lang: str, gender: str, text: str, voice: int = 0, age: str = "youth") -> np.ndarray:
    """Return the text at 24 kHz with a room's faint noise, by the voice-th speaker of the cell."""
    cell = [s for s in load_bank() if (s.lang, s.gender, s.age_group) == (lang, gender, age)]
    clip = _engine().synthesize(text, lang, cell[voice], seed=0)
    samples = soxr.resample(clip.samples, clip.sample_rate, 24_000, quality="HQ")
    samples = np.pad(0.6 * samples, 4800)
    noise = np.random.default_rng(len(text)).standard_normal(len(samples))
    return (samples + 1e-4 * noise).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate: int = 24_000, **more: str) -> Path:
    """Write 24 kHz samples at `rate`, in the format of the path's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = soxr.resample(samples, 24_000, rate) if rate != 24_000 else samples
    soundfile.write(path, samples, rate, **more)
    return path


def noisy(samples: np.ndarray, snr_db: float = 8.0) -> np.ndarray:
    """Return the samples in white noise."""
    power = float(np.mean(samples[np.abs(samples) > 0.01] ** 2))
    noise = np.random.default_rng(1).standard_normal(len(samples)) * np.sqrt(power / 10 ** (snr_db / 10))
    return (samples + noise).astype(np.float32)


def clipped(samples: np.ndarray) -> np.ndarray:
    """Return the samples cut off flat at a quarter of their peak, below full scale."""
    limit = 0.25 * float(np.abs(samples).max())
    return np.clip(samples, -limit, limit)


def with_gap(samples: np.ndarray) -> np.ndarray:
    """Return the samples with two seconds of faint noise put in the middle."""
    gap = 1e-4 * np.random.default_rng(2).standard_normal(48_000)
    return np.concatenate([samples[: len(samples) // 2], gap, samples[len(samples) // 2 :]]).astype(
        np.float32
    )


def telephone(samples: np.ndarray) -> np.ndarray:
    """Return the samples as an 8 kHz line leaves them, at 24 kHz."""
    return soxr.resample(soxr.resample(samples, 24_000, 8_000), 8_000, 24_000)


VCTK_TABLE = """ID  AGE  GENDER  ACCENTS  REGION COMMENTS
p225  23  F    English    Southern  England
p226  22  M    English    Surrey (mic2 files unavailable)
p294  33  F    American  San  Francisco
p374  28  M    Australian  English
p362  29  F    American
p280  25  F    Unknown  France (mic2 files unavailable)
p315  18  M    American  New  England (Text and mic2 files unavailable)
s5   24  ?    British
p300  23  F    American  California
"""


def make_vctk(folder: Path) -> Path:
    """VCTK 0.92: p225 with every fault beside four good clips, p300 without recordings, p999 without a row."""
    (folder / "speaker-info.txt").parent.mkdir(parents=True, exist_ok=True)
    (folder / "speaker-info.txt").write_text(VCTK_TABLE)
    for name, gender, voice in (
        ("p225", "female", 0), ("p226", "male", 0), ("p294", "female", 4), ("p362", "female", 5),
        ("p374", "male", 4), ("p280", "female", 8), ("p315", "male", 8), ("s5", "male", 12), ("p999", "female", 12),
    ):  # fmt: skip
        good = TEXTS["en"][:4] if name == "p225" else TEXTS["en"][:1]
        for n, text in enumerate(good, start=1):
            _vctk(folder, name, n, speech("en", gender, text, voice), "" if name == "p315" else text)
    here, text = TEXTS["en"][0], TEXTS["en"][4]
    fine, last = speech("en", "female", here), speech("en", "female", text)
    _vctk(folder, "p225", 10, noisy(fine), here)
    _vctk(folder, "p225", 11, clipped(fine), here)
    _vctk(folder, "p225", 12, with_gap(fine), here)
    _vctk(folder, "p225", 13, telephone(fine), here)
    _vctk(folder, "p225", 14, fine[:60_000], here)
    _vctk(folder, "p225", 15, np.tile(last, 3), text)
    _vctk(folder, "p225", 16, last, "")
    _vctk(folder, "p225", 17, last, "Please call me.")
    _vctk(folder, "p225", 18, speech("en", "male", text), text)
    _vctk(folder, "p225", 19, last, text, rate=11_025)
    _vctk(folder, "p225", 20, np.zeros(96_000, dtype=np.float32), text)
    _vctk(folder, "p225", 21, last, " ".join(TEXTS["en"]))
    _vctk(folder, "p225", 22, last, "这个不是英文的句子，是中文的句子。")
    broken = folder / "wav48_silence_trimmed/p225/p225_023_mic1.flac"
    broken.write_bytes(b"fLaC" + bytes(4000))
    (folder / "txt/p225/p225_023.txt").write_text(text)
    # Found as mic2 alone; as mic1 and mic2, where the second must not be taken.
    _vctk(folder, "p226", 2, speech("en", "male", TEXTS["en"][1]), TEXTS["en"][1], mic=2)
    _vctk(folder, "p226", 1, noisy(speech("en", "male", here)), here, mic=2)
    return folder


def _vctk(
    folder: Path, name: str, n: int, samples: np.ndarray, text: str, rate: int = 48_000, mic: int = 1
) -> None:
    write(folder / f"wav48_silence_trimmed/{name}/{name}_{n:03d}_mic{mic}.flac", samples, rate)
    if text:
        path = folder / f"txt/{name}/{name}_{n:03d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")


AISHELL3_TABLE = (
    "# voice-file name; age group; gender; accent\n# In years, A:< 14, B:14 - 25, C:26 - 40, D:> 41.\n\n"
    "SSB0001\tB\tfemale \tsouth\nSSB0002\tD\tmale\tnorth\nSSB0003\tA\tfemale\tnorth\nSSB0004\tC\tfemale\tothers\n"
    "SSB0005\tB\t\tnorth\nSSB0006\tE\tmale\tnorth\nSSB0007 broken\n"
)


def make_aishell3(folder: Path) -> Path:
    """AISHELL-3 with a blank after "female", an unknown letter, a missing gender, a file that is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spk-info.txt").write_text(AISHELL3_TABLE, encoding="utf-8")
    lines = {"train": [], "test": []}
    for number, gender, part in (
        (1, "female", "train"), (2, "male", "train"), (3, "female", "train"), (4, "female", "test"),
        (5, "female", "train"), (6, "male", "train"), (99, "male", "train"),
    ):  # fmt: skip
        name = f"SSB{number:04d}"
        for n, text in enumerate(TEXTS["zh"][:2], start=1):
            sound = speech("zh", gender, text, number % 8)
            write(folder / part / "wav" / name / f"{name}{n:04d}.wav", sound, 44_100)
            words = " ".join(f"{c} pin1" for c in text if c not in "，。")
            lines[part].append(f"{name}{n:04d}.wav\t{words}")
    lines["train"].append("SSB00010077.wav\t没 mei2 有 you3 这 zhe4 个 ge4 文 wen2 件 jian4")
    for part, content in lines.items():
        (folder / part / "content.txt").write_text("\n".join(content) + "\n", encoding="utf-8")
    return folder


def make_aishell2(folder: Path) -> Path:
    """AISHELL-2 below `iOS/data`, with Chinese and English spellings and ages in figures."""
    data = folder / "iOS/data"
    data.mkdir(parents=True)
    rows = (
        "C0001\tB\t女\tNorth",
        "C0002\t31-40\tMale\tSouth",
        "C0003\t> 60\tF\tOther_Areas",
        "C0004\t41-50\t男\t",
    )
    (data / "spk_info.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    trans = []
    for name, gender in (("C0001", "female"), ("C0002", "male"), ("C0003", "female"), ("C0004", "male")):
        text = TEXTS["zh"][0]
        write(data / "wav" / name / f"I{name}W0001.wav", speech("zh", gender, text, int(name[1:])), 16_000)
        trans.append(f"I{name}W0001\t{text}")
    (data / "trans.txt").write_text("\n".join(trans) + "\n", encoding="utf-8")
    return folder


CV_HEAD = (
    "client_id path sentence_id sentence sentence_domain up_votes down_votes age gender accents "
    "variant locale segment"
)


def make_common_voice(folder: Path) -> Path:
    """One language of Common Voice in the new layout; MP3 clips."""
    folder = folder / "en"
    rows = [CV_HEAD.replace(" ", "\t")]
    quoted = '"' + TEXTS["en"][0]  # a bare quotation mark
    england, us = "England English", "United States English"
    for client, clip, text, gender, votes, told in (
        ("aaa", "a1", quoted, "female", (2, 0), ("sixties", "female_feminine", england)),
        ("aaa", "a2", TEXTS["en"][1], "female", (3, 0), ("", "", "")),
        ("aaa", "a3", TEXTS["en"][2], "female", (2, 1), ("sixties", "female", england)),
        ("bbb", "b1", TEXTS["en"][0], "male", (2, 0), ("fourties", "male_masculine", f"{us},Midwestern")),
        ("ccc", "c1", TEXTS["en"][0], "female", (2, 0), ("teens", "female", us)),
        ("ddd", "d1", TEXTS["en"][0], "male", (2, 0), ("twenties", "do_not_wish_to_say", "")),
        ("eee", "e1", TEXTS["en"][0], "male", (2, 0), ("twenties", "male", "")),
        ("eee", "e2", TEXTS["en"][1], "male", (2, 0), ("twenties", "female", "")),
        ("fff", "f1", TEXTS["en"][0], "female", (2, 0), ("", "female", "")),
        ("ggg", "g1", TEXTS["en"][0], "female", (5, 0),
         ("twenties", "female", "India and South Asia (India, Pakistan, Sri Lanka)")),
    ):  # fmt: skip
        sound = speech("en", gender, text.lstrip('"'), sum(map(ord, client)) % 8)
        write(folder / f"clips/{clip}.mp3", sound, 32_000, format="MP3")
        age, sex, accent = told
        rows.append(
            "\t".join(
                (client, f"{clip}.mp3", "s", text, "", *map(str, votes), age, sex, accent, "", "en", "")
            )
        )
    (folder / "validated.tsv").write_text("\n".join(rows) + "\ncut\tshort\n", encoding="utf-8")
    return folder

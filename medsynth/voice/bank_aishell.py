"""AISHELL-3 and AISHELL-2: a tab-separated table of id, age group, gender and accent, and Mandarin recordings.

    AISHELL-3   <dir>/spk-info.txt   <dir>/{train,test}/content.txt   <dir>/{train,test}/wav/SSB0005/SSB00050001.wav
    AISHELL-2   <dir>[/iOS]/data/spk_info.txt, trans.txt, wav.scp, wav/C0001/IC0001W0001.wav

The letters are, in years, A < 14, B 14–25, C 26–40, D > 41. AISHELL-3 leaves 41 itself out; D spans our adult and
elderly bands and is adult. AISHELL-2's table is read with the same letters, or with ages in figures.
Standard Mandarin rests on the northern speech, so `north` is `zh-CN`; `south` and `others` keep names of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from medsynth.records import Consent
from medsynth.voice.bank_corpus import Person, Recording, SpeechCorpus, find_file, read_lines
from medsynth.voice.bank_people import Ages, ages_of, gender_of, is_blank, plain

LETTERS: dict[str, Ages] = {"a": Ages(0, 13), "b": Ages(14, 25), "c": Ages(26, 40), "d": Ages(42, None)}
ACCENTS: dict[str, str] = {
    "north": "zh-CN", "northern": "zh-CN", "北方": "zh-CN", "北": "zh-CN",
    "south": "zh-CN-south", "southern": "zh-CN-south", "南方": "zh-CN-south", "南": "zh-CN-south",
}  # fmt: skip
_PINYIN = re.compile(r"[a-zü:]+[0-9]", re.IGNORECASE)


def read_aishell3(folder: Path) -> SpeechCorpus:
    """Return AISHELL-3 in `folder`. Raises UserError when its speaker table is not there."""
    corpus = SpeechCorpus("aishell3", folder)
    within = ("", "data_aishell3", "train")
    table = find_file(folder, "spk-info.txt", "spk_info.txt", within=within)
    _people(corpus, table, "Apache-2.0", "recording")
    for part in ("train", "test"):
        home = next((p for p in (folder / part, folder / "data_aishell3" / part) if p.is_dir()), None)
        if home is None:
            continue
        content = home / "content.txt"
        texts = dict(_content(read_lines(content))) if content.is_file() else {}
        _recordings(corpus, home / "wav", texts)
    return corpus


def read_aishell2(folder: Path) -> SpeechCorpus:
    """Return AISHELL-2 in `folder`. Raises UserError when its speaker table is not there."""
    corpus = SpeechCorpus("aishell2", folder)
    within = ("", "data", "iOS/data", "AISHELL-2/iOS/data")
    table = find_file(folder, "spk_info.txt", "spk-info.txt", within=within)
    # "Application required", and free for research and education only.
    _people(corpus, table, "research-only", "recording")
    home = table.parent
    trans = home / "trans.txt"
    lines = [line.partition("\t") for line in read_lines(trans)] if trans.is_file() else []
    _recordings(corpus, home / "wav", {key.strip(): "".join(text.split()) for key, _, text in lines})
    return corpus


def _people(corpus: SpeechCorpus, table: Path, licence: str, consent: Consent) -> None:
    for line, text in enumerate(read_lines(table), start=1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        where = f"{table.name}:{line}"
        # A blank before a tab belongs to no cell: "female \tsouth" is a woman.
        cells = [cell.strip() for cell in (text.split("\t") if "\t" in text else text.split())]
        if len(cells) < 3 or not cells[0] or cells[0] in corpus.people:
            corpus.problem(where, "bad_row", text.strip()[:60])
            continue
        name, age, gender, accent = cells[0], cells[1], cells[2], cells[3] if len(cells) > 3 else ""
        corpus.people[name] = Person(
            name=name, lang="zh", accent=_accent(accent), gender=gender_of(gender),
            ages=LETTERS.get(plain(age)) or ages_of(age),
            given={"age": age, "gender": gender, "accent": accent}, licence=licence, consent=consent, where=where,
        )  # fmt: skip


def _accent(text: str) -> str:
    return "zh-CN" if is_blank(text) else ACCENTS.get(plain(text), "zh-CN-other")


def _content(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield utterance and characters of `SSB00050001.wav<tab>广 guang3 州 zhou1`."""
    for line in lines:
        key, _, words = line.partition("\t")
        said = [word for word in words.split() if not _PINYIN.fullmatch(word)]
        yield key.strip().removesuffix(".wav"), "".join(said)


def _recordings(corpus: SpeechCorpus, sounds: Path, texts: dict[str, str]) -> None:
    if not sounds.is_dir():
        return
    promised: dict[str, list[str]] = {}
    for utterance in texts:
        promised.setdefault(_speaker_of(utterance), []).append(utterance)
    for folder in sorted(p for p in sounds.iterdir() if p.is_dir()):
        paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".wav", ".flac"))
        there = {p.stem for p in paths}
        # What the text promises and the folder lacks is a recording too: one without a file.
        paths += [folder / f"{u}.wav" for u in promised.get(folder.name, ()) if u not in there]
        if paths and folder.name not in corpus.people:
            corpus.problem(folder.name, "no_row", f"{len(paths)} recordings")
            continue
        for path in paths:
            corpus.add(folder.name, Recording(path.stem, path, texts.get(path.stem, "")))


def _speaker_of(utterance: str) -> str:
    """SSB00050001 → SSB0005 (AISHELL-3); IC0001W0001 → C0001 (AISHELL-2)."""
    return utterance[:7] if utterance.startswith("SSB") else utterance[1:6]

"""VCTK, the old numbering (225) and release 0.92 (p225, two microphones, a COMMENTS column).

    <dir>/speaker-info.txt
    <dir>/txt/p225/p225_001.txt
    <dir>/wav48/p225/p225_001.wav                       to 0.80
    <dir>/wav48_silence_trimmed/p225/p225_001_mic1.flac  0.92

The table separates columns by blanks of varying number and has such blanks inside regions too, so the first
four words are id, age, gender and accent, and the rest is the region.
"""

from __future__ import annotations

import re
from pathlib import Path

from medsynth.records import Consent
from medsynth.voice.bank_corpus import Person, Recording, SpeechCorpus, find_file, read_lines
from medsynth.voice.bank_people import ages_of, gender_of, plain

TABLE = "speaker-info.txt"
# The corpus was recorded to build voices from; the form its speakers signed is not published with it.
LICENCE = "CC-BY-4.0"
CONSENT: Consent = "recording"
ACCENTS: dict[str, str] = {
    "english": "en-GB",
    "british": "en-GB",
    "scottish": "en-GB-scotland",
    "welsh": "en-GB-wales",
    "northernirish": "en-GB-northern-ireland",
    "irish": "en-IE",
    "american": "en-US",
    "canadian": "en-CA",
    "australian": "en-AU",
    "newzealand": "en-NZ",
    "southafrican": "en-ZA",
    "indian": "en-IN",
}
_SOUND = re.compile(r"(?P<name>[ps]\d+_\d+)(?:_mic(?P<mic>\d))?\.(?:flac|wav)", re.IGNORECASE)
_COMMENT = re.compile(r"\([^)]*\)|\[[^\]]*\]")


def read_vctk(folder: Path) -> SpeechCorpus:
    """Return the corpus in `folder`. Raises UserError when its speaker table is not there."""
    corpus = SpeechCorpus("vctk", folder)
    table = find_file(folder, TABLE)
    for line, text in enumerate(read_lines(table), start=1):
        words = _COMMENT.sub(" ", text).split()
        if not words or words[0].upper() == "ID":
            continue
        _row(corpus, f"{table.name}:{line}", words)
    _recordings(corpus)
    return corpus


def _row(corpus: SpeechCorpus, where: str, words: list[str]) -> None:
    if len(words) < 3 or not re.fullmatch(r"[ps]?\d+", words[0], re.IGNORECASE):
        corpus.problem(where, "bad_row", " ".join(words)[:60])
        return
    name = words[0].lower() if not words[0].isdigit() else f"p{words[0]}"
    accent = words[3] if len(words) > 3 else ""
    # "Australian  English  Sydney": the second word belongs to the accent.
    region = words[5:] if len(words) > 4 and accent != "English" and words[4] == "English" else words[4:]
    if name in corpus.people:
        corpus.problem(where, "bad_row", f"{name} is listed twice")
        return
    corpus.people[name] = Person(
        name=name, lang="en", accent=ACCENTS.get(plain(accent), "en"), gender=gender_of(words[2]),
        ages=ages_of(words[1]),
        given={"age": words[1], "gender": words[2], "accent": accent, "region": " ".join(region)},
        licence=LICENCE, consent=CONSENT, where=where,
    )  # fmt: skip


def _recordings(corpus: SpeechCorpus) -> None:
    folders = ("wav48_silence_trimmed", "wav48", "wav32", "wav24", "wav22", "wav16", "wav")
    sounds = next((corpus.folder / f for f in folders if (corpus.folder / f).is_dir()), None)
    if sounds is None:
        return
    texts = next(
        (corpus.folder / f for f in ("txt", "text") if (corpus.folder / f).is_dir()), corpus.folder / "txt"
    )
    for folder in sorted(p for p in sounds.iterdir() if p.is_dir()):
        chosen: dict[str, Path] = {}
        for path in sorted(folder.iterdir()):  # mic1 comes first, and serves
            if found := _SOUND.fullmatch(path.name):
                chosen.setdefault(found["name"].lower(), path)
        person = folder.name.lower()
        if chosen and person not in corpus.people:
            corpus.problem(person, "no_row", f"{len(chosen)} recordings")
            continue
        for name, path in chosen.items():
            corpus.add(
                person, Recording(name, path, _text(texts / folder.name / f"{path.name[: len(name)]}.txt"))
            )


def _text(path: Path) -> str:
    try:
        return " ".join(path.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return ""

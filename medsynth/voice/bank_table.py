"""Recordings of one's own: a CSV file with one row a recording, paths relative to the file.

Columns `speaker, audio, text, gender`, and `age` (23, 20-29, >60, elderly) are needed; `lang`, `accent`, `licence`
and `consent` (`cloning`, `recording`, `unknown`, `synthetic`) may be added. A person's attributes may stand in one
row and be blank in the others. Where the engine knows the speakers by name, `audio` and `text` may be left out.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import cast, get_args

from medsynth.errors import UserError
from medsynth.records import Consent
from medsynth.voice.bank_corpus import Person, Recording, SpeechCorpus
from medsynth.voice.bank_people import ages_of, gender_of, is_blank, plain

NEEDED = ("speaker", "gender", "age")
OF_RECORDINGS = ("audio", "text")
OPTIONAL = ("lang", "accent", "licence", "consent")


def read_table(path: Path, by_name: bool = False) -> SpeechCorpus:
    """Return the corpus of a CSV file, or of the only one in a folder; `by_name`: it needs no recordings.

    Raises UserError naming file and row.
    """
    path = _file(path)
    needed = NEEDED if by_name else (*NEEDED, *OF_RECORDINGS)
    corpus = SpeechCorpus("csv", path.parent)
    told: dict[str, dict[str, dict[str, str]]] = {}  # person → column → meaning → as written
    first: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                hint = "" if set(missing) & set(NEEDED) else " (--by-name needs no recordings)"
                raise UserError(
                    f"{path}:1: no column {', '.join(missing)}; needed are {', '.join(needed)}{hint}"
                )
            for row in reader:
                where = f"{path.name}:{reader.line_num}"
                name, audio = (row["speaker"] or "").strip(), (row.get("audio") or "").strip()
                if not name or not (audio or by_name):
                    corpus.problem(where, "bad_row", "speaker or audio is empty")
                    continue
                first.setdefault(name, where)
                _take(told.setdefault(name, {}), row, where)
                text = " ".join((row.get("text") or "").split())
                if audio:
                    corpus.add(name, Recording(f"{name}-{Path(audio).stem}", path.parent / audio, text))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    for name, columns in told.items():
        _person(corpus, name, columns, first[name])
    return corpus


def _file(path: Path) -> Path:
    if not path.is_dir():
        if not path.is_file():
            raise UserError(f"{path}: there is no such file")
        return path
    found = sorted(path.glob("*.csv"))
    if len(found) != 1:
        raise UserError(f"{path}: {len(found)} .csv files in it; name the one to read")
    return found[0]


def _take(columns: dict[str, dict[str, str]], row: dict[str, str], where: str) -> None:
    for name in ("gender", "age", *OPTIONAL):
        value = (row.get(name) or "").strip()
        if is_blank(value) and not (name == "consent" and value):
            continue
        if name == "consent" and plain(value) not in get_args(Consent):
            raise UserError(f"{where}: consent {value!r} is none of {', '.join(get_args(Consent))}")
        meaning = str(
            gender_of(value) if name == "gender" else ages_of(value) if name == "age" else plain(value)
        )
        columns.setdefault(name, {})[meaning] = value


def _person(corpus: SpeechCorpus, name: str, columns: dict[str, dict[str, str]], where: str) -> None:
    disputed = [column for column, values in columns.items() if len(values) > 1]
    if disputed:
        values = "; ".join(" or ".join(columns[c].values()) for c in disputed)
        corpus.problem(where, "contradictory", f"{name}: {', '.join(disputed)}: {values}")
        corpus.recordings.pop(name, None)
        return
    given = {column: next(iter(values.values())) for column, values in columns.items()}
    lang = plain(given.get("lang"))
    accent = given.get("accent", "") or {"zh": "zh-CN"}.get(lang, lang)
    corpus.people[name] = Person(
        name=name, lang=lang.split("-")[0], accent=accent, gender=gender_of(given.get("gender")),
        ages=ages_of(given.get("age")), given=given, licence=given.get("licence", ""),
        consent=cast(Consent, plain(given.get("consent")) or "unknown"), where=where,
    )  # fmt: skip

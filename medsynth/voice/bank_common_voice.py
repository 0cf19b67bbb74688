"""Common Voice, one language: `<dir>/validated.tsv` (else train, dev and test) and `<dir>/clips/*.mp3`.

Tab-separated with a header, old (`accents`) or new (`sentence_id`, `variant`) or very old (`accent`); sentences may
hold a bare quotation mark, so nothing is quoted. A person is a `client_id`. The columns age and gender are empty in
many rows, and are filled in for some rows of a person and not for others: what the filled ones agree on holds.
The ages are those of the project's own form: teens "< 19" (which may be a child), twenties "19 - 29",
then decades. Rows that a listener voted down, or that fewer than two voted for, are left out.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from medsynth.errors import UserError
from medsynth.records import Consent, Gender
from medsynth.voice.bank_corpus import Person, Recording, SpeechCorpus
from medsynth.voice.bank_people import Ages, gender_of, is_blank, plain

# CC0 waives copyright; it is no consent to being imitated, and the project asks not to identify its speakers.
LICENCE = "CC0-1.0"
CONSENT: Consent = "recording"
AGES: dict[str, Ages] = {
    "teens": Ages(0, 18),
    "twenties": Ages(19, 29),
    "thirties": Ages(30, 39),
    "fourties": Ages(40, 49),
    "forties": Ages(40, 49),
    "fifties": Ages(50, 59),
    "sixties": Ages(60, 69),
    "seventies": Ages(70, 79),
    "eighties": Ages(80, 89),
    "nineties": Ages(90, None),
}
# The words of the form since 2021, and the codes before.
ACCENTS: dict[str, str] = {
    "united states english": "en-US", "us": "en-US",
    "england english": "en-GB", "england": "en-GB", "british english": "en-GB",
    "scottish english": "en-GB-scotland", "scotland": "en-GB-scotland",
    "welsh english": "en-GB-wales", "wales": "en-GB-wales",
    "northern irish": "en-GB-northern-ireland",
    "irish english": "en-IE", "ireland": "en-IE",
    "canadian english": "en-CA", "canada": "en-CA",
    "australian english": "en-AU", "australia": "en-AU",
    "new zealand english": "en-NZ", "newzealand": "en-NZ",
    "southern african (south africa, zimbabwe, namibia)": "en-ZA", "african": "en-ZA",
    "india and south asia (india, pakistan, sri lanka)": "en-IN", "indian": "en-IN",
    "west indies and bermuda (bahamas, bermuda, jamaica, trinidad)": "en-029", "bermuda": "en-029",
    "hong kong english": "en-HK", "hongkong": "en-HK",
    "singaporean english": "en-SG", "singapore": "en-SG",
    "malaysian english": "en-MY", "malaysia": "en-MY",
    "filipino": "en-PH", "philippines": "en-PH",
}  # fmt: skip
# Hong Kong's sentences are Cantonese: a language of its own, not an accent of Mandarin.
_LOCALES = {
    "zh-cn": ("zh", "zh-CN"),
    "zh-tw": ("zh", "zh-TW"),
    "zh-hk": ("yue", "zh-HK"),
    "yue": ("yue", "yue"),
}
_APART = re.compile(r"[|,](?![^(]*\))")
_FILES = ("train.tsv", "dev.tsv", "test.tsv")


@dataclass
class _Told:
    """What the rows of one person say: values as written, by the meaning they have."""

    where: str
    genders: dict[Gender, str] = field(default_factory=dict)
    ages: dict[Ages, str] = field(default_factory=dict)
    accents: dict[str, str] = field(default_factory=dict)
    other: str = ""
    lang: tuple[str, str] = ("", "")


def read_common_voice(folder: Path) -> SpeechCorpus:
    """Return the corpus in `folder`. Raises UserError when it has no table of validated sentences."""
    corpus = SpeechCorpus("common-voice", folder)
    told: dict[str, _Told] = {}
    for where, row in _rows(corpus, folder):
        client, name = (row.get("client_id") or "").strip(), (row.get("path") or "").strip()
        if not client or not name:
            corpus.problem(where, "bad_row", "client_id or path is empty")
            continue
        lang = _language(row.get("locale") or folder.name)
        person = told.setdefault(client, _Told(where, lang=lang))
        _take(person, row)
        if _votes(row.get("down_votes")) > 0 or _votes(row.get("up_votes"), 2) < 2:
            corpus.problem(where, "votes", name)
            continue
        path = folder / "clips" / (name if Path(name).suffix else f"{name}.mp3")
        corpus.add(client, Recording(Path(name).stem, path, " ".join((row.get("sentence") or "").split())))
    for client, person in told.items():
        _person(corpus, client, person)
    return corpus


def _rows(corpus: SpeechCorpus, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder")
    tables = (
        [folder / "validated.tsv"] if (folder / "validated.tsv").is_file() else [folder / f for f in _FILES]
    )
    tables = [table for table in tables if table.is_file()]
    if not tables:
        raise UserError(
            f"{folder}: no validated.tsv (or train.tsv); give the folder of one language, such as cv/en"
        )
    for table in tables:
        try:
            with table.open(encoding="utf-8-sig", errors="replace", newline="") as file:
                reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
                if not {"client_id", "path", "sentence"} <= set(reader.fieldnames or ()):
                    raise UserError(f"{table}:1: the header has no client_id, path and sentence")
                for line, row in enumerate(reader, start=2):
                    if row.get("locale") is None and "locale" in (reader.fieldnames or ()):
                        corpus.problem(f"{table.name}:{line}", "bad_row", "the row is cut short")
                        continue
                    yield f"{table.name}:{line}", row
        except (OSError, csv.Error) as error:
            raise UserError(f"{table} cannot be read: {error}") from None


def _take(person: _Told, row: dict[str, str]) -> None:
    gender, age = row.get("gender"), row.get("age")
    accent = row.get("accents") or row.get("accent") or ""
    if named := gender_of(gender):
        person.genders[named] = (gender or "").strip()
    elif not is_blank(gender):
        person.other = (gender or "").strip()
    if years := AGES.get(plain(age)):
        person.ages[years] = (age or "").strip()
    if not is_blank(accent):
        person.accents[_accent(accent, person.lang[1])] = accent.strip()


def _person(corpus: SpeechCorpus, client: str, told: _Told) -> None:
    if len(told.genders) > 1 or len(told.ages) > 1 or (told.genders and told.other):
        said = [*told.genders.values(), told.other, *told.ages.values()]
        corpus.problem(told.where, "contradictory", ", ".join(filter(None, said)))
        corpus.recordings.pop(client, None)
        return
    gender, ages = next(iter(told.genders), None), next(iter(told.ages), None)
    corpus.people[client] = Person(
        # No further than this file goes the project's own id: it may link recordings beyond the bank.
        name=hashlib.blake2b(client.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest(),
        lang=told.lang[0], accent=next(iter(told.accents)) if len(told.accents) == 1 else told.lang[1],
        gender=gender, ages=ages,
        given={"age": told.ages[ages] if ages else "", "gender": told.genders[gender] if gender else told.other,
               "accent": " / ".join(told.accents.values())},
        licence=LICENCE, consent=CONSENT, where=told.where,
    )  # fmt: skip


def _accent(text: str, otherwise: str) -> str:
    """Return the one accent a cell names; where it names several, or none that is known, the language's own."""
    known = {ACCENTS[name] for part in _APART.split(text) if (name := plain(part)) in ACCENTS}
    return known.pop() if len(known) == 1 else otherwise


def _language(locale: str) -> tuple[str, str]:
    return _LOCALES.get(plain(locale), (plain(locale).split("-")[0], locale.strip()))


def _votes(text: str | None, otherwise: int = 0) -> int:
    return int(text) if text and text.strip().isdigit() else otherwise

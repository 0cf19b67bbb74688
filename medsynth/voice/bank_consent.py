"""Whose voice may be imitated, and from which recording."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

from medsynth.errors import UserError
from medsynth.records import Consent, Speaker
from medsynth.voice.bank_corpus import SpeechCorpus

CLIPS = "clips"
REFERENCE = "reference"
"""The key of `Speaker.handle` that names a recording to imitate; a speaker without it is not cloned."""
MAY_BE_CHILD = "may_be_child"
"""The key of `Speaker.handle` that says (1) that the stated age may be a child's, whatever the band."""


def is_cloned(speaker: Speaker) -> bool:
    """Tell whether an engine would imitate a recording of a person to speak as this speaker."""
    return REFERENCE in speaker.handle and speaker.consent != "synthetic"


def refusal(
    speaker: Speaker,
    *,
    without_consent: bool = False,
    children: bool = False,
    unknown_licence: bool = False,
) -> str:
    """Return why the speaker's voice must not be cloned, as a word of `bank_reasons.PERSON`; "" when it may.

    Without being told otherwise: nobody who did not consent to cloning, nobody whose recordings are under a licence
    that nobody stated, and no child, nor anyone whose stated age may be a child's.
    """
    if not is_cloned(speaker):
        return ""
    if (speaker.age_group == "child" or speaker.handle.get(MAY_BE_CHILD)) and not children:
        return "child"
    if speaker.consent != "cloning" and not without_consent:
        return "no_consent"
    if speaker.licence.strip().lower() in ("", "unknown") and not unknown_licence:
        return "no_licence"
    return ""


def read_consents(path: Path, corpus: SpeechCorpus) -> None:
    """Put what a CSV file (`speaker`, `consent` and, where wanted, `licence`) says of people into the corpus.

    `speaker` is the corpus's own name, for Common Voice the client_id. Raises UserError naming file and row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {"speaker", "consent"} <= set(reader.fieldnames or ()):
                raise UserError(f"{path}:1: the columns must be speaker, consent and, where wanted, licence")
            for row in reader:
                where = f"{path}:{reader.line_num}"
                name, consent = (row["speaker"] or "").strip(), (row["consent"] or "").strip().lower()
                if name not in corpus.people:
                    raise UserError(f"{where}: {corpus.source} has no speaker {name!r}")
                if consent not in get_args(Consent):
                    raise UserError(f"{where}: consent {consent!r} is none of {', '.join(get_args(Consent))}")
                person = corpus.people[name]
                licence = (row.get("licence") or "").strip() or person.licence
                corpus.people[name] = replace(person, consent=cast(Consent, consent), licence=licence)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read: {error}") from None

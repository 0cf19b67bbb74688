"""Ages and sexes that a consultation tells, each with whose it is and where it was read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from medsynth.records import Gender, Informant, RawTurn
from medsynth.text.ages import AgeMention, find_age_answer, find_ages
from medsynth.text.evidence import Fact, evidence_at
from medsynth.text.informant_en import is_family_talk
from medsynth.text.kinship import find_kin
from medsynth.text.owners import Whose, whose
from medsynth.text.sexcues import find_sex_cues

T = TypeVar("T")


@dataclass(frozen=True)
class Found(Generic[T]):
    """A fact, whose it is, and how much it weighs against its like: the lowest `rank` counts."""

    whose: Whose
    fact: Fact[T]
    rank: int = 0


_STATED, _TITLE, _PARTNER, _CONDITION = range(4)


def read_ages(turns: Sequence[RawTurn], lang: str, informant: Informant) -> list[Found[AgeMention]]:
    """Return every current age told, in order, with whose it is; ages nobody owns are left out."""
    found: list[Found[AgeMention]] = []
    asked = ""
    for index, turn in enumerate(turns):
        if turn.role == "doctor":
            asked = turn.text
        kin = find_kin(lang, turn.text)
        of_family = turn.role == "patient" and _about_family(lang, asked)
        answer = find_age_answer(lang, asked, turn.text) if turn.role == "patient" else None
        if answer is not None:
            mention, of_speaker = answer
            found.append(
                _age_fact(
                    turns, index, mention, "speaker" if of_speaker and informant != "self" else "patient"
                )
            )
        for mention in find_ages(lang, turn.text):
            if answer is not None and mention.start <= answer[0].start < mention.end:
                continue
            owner = whose(lang, turn.text, mention.start, mention.end, kin, turn.role, informant)
            if turn.role == "doctor" and not _tells(lang, turn.text, mention, owner, informant):
                continue
            if owner is None and of_family:
                continue
            owner = owner or "patient"
            if owner == "speaker" and informant == "parent" and mention.group == "child":
                owner = "patient"
            found.append(_age_fact(turns, index, mention, owner))
    return found


def _age_fact(turns: Sequence[RawTurn], index: int, mention: AgeMention, owner: Whose) -> Found[AgeMention]:
    return Found(owner, Fact(mention, "stated", evidence_at(turns, index, mention.start, mention.end)))


def _about_family(lang: str, asked: str) -> bool:
    return lang.startswith("en") and is_family_talk(asked)


def _tells(lang: str, text: str, mention: AgeMention, owner: Whose | None, informant: Informant) -> bool:
    """Return whether an age in the doctor's text is the patient's: doctors name many ages ("under 6")."""
    if owner is None or (owner == "speaker" and informant != "self"):
        return False
    return (
        not lang.startswith("zh")
        or re.search("[您你]", text[max(0, mention.start - 8) : mention.start]) is not None
    )


def read_sexes(turns: Sequence[RawTurn], lang: str, informant: Informant) -> list[Found[Gender]]:
    """Return everything that tells a sex, in order, with whose: statements, titles, partners, conditions."""
    found: list[Found[Gender]] = []
    asked = ""
    for index, turn in enumerate(turns):
        if turn.role == "doctor":
            asked = turn.text
        kin = find_kin(lang, turn.text)
        for cue in find_sex_cues(lang, turn.text):
            where = evidence_at(turns, index, cue.start, cue.end)
            if cue.kind == "title":
                # The doctor addresses the speaker; "young man" may be the child beside a parent.
                if turn.role == "doctor" and (informant == "self" or "young" not in where.text.lower()):
                    addressed: Whose = "patient" if informant == "self" else "speaker"
                    found.append(Found(addressed, Fact(cue.gender, "inferred", where), _TITLE))
                continue
            owner = whose(lang, turn.text, cue.start, cue.end, kin, turn.role, informant)
            if turn.role == "doctor" and (owner is None or lang.startswith("zh")):
                continue
            if owner is None and _about_family(lang, asked):
                continue
            owner = owner or "patient"
            if informant == "parent" and re.search(r"[孩婴宝]|\b(?:boy|girl)\b", where.text):
                owner = "patient"
            if (
                informant == "parent"
                and owner == "patient"
                and (cue.kind, cue.gender) == ("inferred", "female")
            ):
                # Pregnancy, birth and nursing in talk of a child are the mother's.
                continue
            rank = _STATED if cue.kind == "stated" else _CONDITION
            found.append(Found(owner, Fact(cue.gender, cue.kind, where), rank))
    partner = _partner(turns, lang)
    if partner is not None:
        found.append(Found("patient" if informant == "self" else "speaker", partner, _PARTNER))
    return found


def _partner(turns: Sequence[RawTurn], lang: str) -> Fact[Gender] | None:
    """Return the speaker's sex as the other one of the partner they name ("my wife", 我老公)."""
    for index, turn in enumerate(turns):
        if turn.role != "patient":
            continue
        for person in find_kin(lang, turn.text):
            if person.informant != "spouse" or person.gender is None or not person.owned:
                continue
            if re.search("[儿你您]", turn.text[max(0, person.start - 2) : person.start]):
                continue
            other: Gender = "male" if person.gender == "female" else "female"
            return Fact(other, "inferred", evidence_at(turns, index, person.start, person.end))
    return None


def pick(found: Sequence[Found[T]], owner: Whose) -> Fact[T] | None:
    """Return the weightiest fact about `owner`, the first of equals; None where nothing is told."""
    own = [f for f in found if f.whose == owner]
    return min(own, key=lambda f: f.rank).fact if own else None


def pick_age(found: Sequence[Found[AgeMention]], owner: Whose) -> Fact[AgeMention] | None:
    """Return the first age of `owner` that is a number, else the first band; None where none is told."""
    own = [f.fact for f in found if f.whose == owner]
    return next((fact for fact in own if fact.value.years is not None), own[0] if own else None)

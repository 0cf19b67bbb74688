"""Which voice speaks a dialogue, and the small language in which a user asks for one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from medsynth.errors import UserError
from medsynth.records import AGE_GROUPS, GENDERS, AgeGroup, Gender, Speaker, Split

# Nearest first. An adult stands in for nobody's child before a youth does.
NEIGHBOURS: dict[AgeGroup, tuple[AgeGroup, ...]] = {
    "child": ("youth",),
    "youth": ("adult", "child"),
    "adult": ("youth", "elderly"),
    "elderly": ("adult",),
}


class Match(NamedTuple):
    """The speaker, and what had to give: "accent", "age", with what was asked and what was found."""

    speaker: Speaker
    relaxations: tuple[str, ...]


def rank(speakers: Iterable[Speaker], seed: int, dialogue_id: str) -> list[Speaker]:
    """Return the speakers by rendezvous (highest-random-weight) hashing, best first.

    Taking a speaker out moves only the dialogues it won; adding one moves only those it wins.
    D. Thaler & C. Ravishankar, IEEE/ACM Trans. Networking 6 (1998).
    """

    def weight(speaker: Speaker) -> tuple[bytes, str]:
        text = f"{seed}\x1f{dialogue_id}\x1f{speaker.id}"
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), speaker.id

    return sorted(speakers, key=weight, reverse=True)


def candidates(
    bank: Sequence[Speaker],
    *,
    lang: str,
    gender: Gender | None,
    age_group: AgeGroup | None,
    accent: str | None,
    split: Split | None,
    seed: int,
    dialogue_id: str,
    exclude: frozenset[str] = frozenset(),
) -> list[Match]:
    """Return every permitted match, best first. None leaves an attribute open.

    All share the relaxations of the first: accent gives way before age, age only to a neighbouring band;
    split, gender and language never do.
    """
    permitted = [
        s
        for s in bank
        if s.lang.split("-")[0] == lang.split("-")[0]
        and (gender is None or s.gender == gender)
        and (split is None or s.split == split)
        and s.id not in exclude
    ]
    ages = [age_group, *NEIGHBOURS[age_group]] if age_group else [None]
    for age in ages:
        of_age = [s for s in permitted if age is None or s.age_group == age]
        aged = (f"age {age_group} to {age}",) if age != age_group else ()
        for accents in (accent, None) if accent else (None,):
            found = [s for s in of_age if accents is None or s.accent == accents]
            if found:
                given = (f"accent {accent} to any",) if accents != accent else ()
                return [Match(s, given + aged) for s in rank(found, seed, dialogue_id)]
    return []


def match(
    bank: Sequence[Speaker],
    *,
    lang: str,
    gender: Gender | None,
    age_group: AgeGroup | None,
    accent: str | None,
    split: Split | None,
    seed: int,
    dialogue_id: str,
) -> Match | None:
    """Return the best match of `candidates`, or None when the bank has nobody permitted."""
    found = candidates(
        bank, lang=lang, gender=gender, age_group=age_group, accent=accent, split=split, seed=seed,
        dialogue_id=dialogue_id,
    )  # fmt: skip
    return found[0] if found else None


def select(bank: Sequence[Speaker], lang: str | None, spec: str | None) -> list[Speaker]:
    """Return the speakers of a language that fit a profile such as "male-elderly"; None leaves either open."""
    wanted = ProfileSpec.parse(spec, sorted({s.accent for s in bank})) if spec else ProfileSpec()
    return [
        s
        for s in bank
        if (lang is None or s.lang.split("-")[0] == lang.split("-")[0])
        and wanted.age_group in (None, s.age_group)
        and wanted.gender in (None, s.gender)
        and wanted.accent in (None, s.accent)
    ]


@dataclass(frozen=True)
class ProfileSpec:
    """What a user asks for in `--profile`: any of age group, gender, accent; None leaves it open."""

    age_group: AgeGroup | None = None
    gender: Gender | None = None
    accent: str | None = None

    @classmethod
    def parse(cls, text: str, accents: Sequence[str]) -> ProfileSpec:
        """Return the spec of `female-elderly`, `child,en-GB-scotland`, `male` …; order does not matter.

        `accents` are those of the bank. Raises UserError naming the valid values.
        """
        by_name = {a.lower(): a for a in accents}
        found: dict[str, str] = {}
        for part in text.replace(",", " ").split():
            tokens = part.lower().split("-")
            while tokens:
                # The longest run of tokens that is a name, since accents contain dashes themselves.
                for end in range(len(tokens), 0, -1):
                    name = "-".join(tokens[:end])
                    kind = (
                        "age_group" if name in AGE_GROUPS
                        else "gender" if name in GENDERS
                        else "accent" if name in by_name
                        else None
                    )  # fmt: skip
                    if kind:
                        break
                else:
                    raise UserError(
                        f"profile {text!r}: {'-'.join(tokens)!r} is none of {', '.join((*AGE_GROUPS, *GENDERS))} "
                        f"or an accent of the bank ({', '.join(sorted(accents))})"
                    )
                value = by_name.get(name, name)
                if found.setdefault(kind, value) != value:
                    raise UserError(f"profile {text!r} asks for both {found[kind]} and {value}")
                tokens = tokens[end:]
        if not found:
            raise UserError(
                f"the profile is empty; give any of {', '.join((*AGE_GROUPS, *GENDERS))} or an accent"
            )
        return cls(**found)  # type: ignore[arg-type]

"""What a bank can serve of the dialogues at hand, and what would have to give, before anything is said."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple, TypeVar

from medsynth.records import AgeGroup, Dialogue, Gender, Speaker, Split
from medsynth.voice.match import ProfileSpec, candidates

K = TypeVar("K", bound=str)


class Need(NamedTuple):
    """A profile that dialogues ask for."""

    lang: str
    gender: Gender
    age_group: AgeGroup
    accent: str | None
    split: Split


@dataclass(frozen=True)
class Cell:
    """How a need is met: `dialogues` that have it (a forecast may be a fraction), `speakers` of whom one is
    chosen, and what gives for all of them ("accent …", "age …"). No speakers: it cannot be served.
    `doctors` are the adults left to speak for the doctor, None where no doctor is heard. `engine` says whose
    speakers these are, and `instead_of` which engines had nobody, where several speak.
    """

    need: Need
    dialogues: float
    speakers: int
    relaxations: tuple[str, ...]
    doctors: int | None = None
    engine: str = ""
    instead_of: tuple[str, ...] = ()

    @property
    def served(self) -> bool:
        """Whether the dialogues can be voiced at all."""
        return self.speakers > 0 and self.doctors != 0


def needs_of(dialogues: Iterable[Dialogue], forced: ProfileSpec) -> Counter[Need]:
    """Return how many dialogues need each profile, exams left out. Those without a profile are not counted."""
    needs: Counter[Need] = Counter()
    for d in dialogues:
        gender = forced.gender or d.patient.gender
        age = forced.age_group or d.patient.age_group
        if d.kind == "exam" or gender is None or age is None:
            continue
        same = forced.accent and forced.accent.split("-")[0] == _base(d.lang)
        needs[Need(_base(d.lang), gender, age, forced.accent if same else d.patient.accent, d.split)] += 1
    return needs


def forecast(
    langs: Mapping[str, float],
    genders: Mapping[str, Mapping[Gender, float]],
    age_groups: Mapping[str, Mapping[AgeGroup, float]],
    accents: Mapping[str, Mapping[str, float]],
    splits: Mapping[Split, float],
) -> dict[Need, float]:
    """Return the needs of dialogues drawn from the priors of *profile*: `langs` gives how many of each language.

    A language without a prior of its own has the ages and genders of "en", and itself as its accent.
    """
    needs: dict[Need, float] = defaultdict(float)
    for lang, count in langs.items():
        base = _base(lang)
        ages = _shares(age_groups.get(base) or age_groups["en"])
        sexes = _shares(genders.get(base) or genders["en"])
        spoken = _shares(accents.get(base) or {lang: 1.0})
        for age, gender, accent, split in product(ages, sexes, spoken, splits):
            share = count * ages[age] * sexes[gender] * spoken[accent] * _shares(splits)[split]
            if share > 0:
                needs[Need(base, gender, age, accent, split)] += share
    return dict(needs)


def cover(bank: Sequence[Speaker], needs: Mapping[Need, float], *, doctors: bool = False) -> list[Cell]:
    """Return how the bank meets each need, by the same matching that *voice* does; unmet needs first, then by size.

    With `doctors`, an adult of the split has to be left besides the two who may be taken for the patient.
    """
    return _sorted([_cell(bank, need, count, doctors) for need, count in needs.items()])


def cover_mixed(
    bank: Sequence[Speaker],
    needs: Mapping[Need, float],
    shares: Mapping[str, float],
    fallbacks: Sequence[str] = (),
    *,
    doctors: bool = False,
) -> list[Cell]:
    """Return `cover` where several engines speak, each its share (out of 1), the fallbacks where one has nobody."""
    speakers = {name: [s for s in bank if s.engine == name] for name in (*shares, *fallbacks)}
    cells = []
    for first, share in shares.items():
        line = list(dict.fromkeys((first, *fallbacks)))
        for need, count in needs.items():
            tried = [_cell(speakers[name], need, count * share, doctors) for name in line]
            place = next((n for n, cell in enumerate(tried) if cell.served), 0)
            cells.append(replace(tried[place], engine=line[place], instead_of=tuple(line[:place])))
    return _sorted(cells)


def _cell(bank: Sequence[Speaker], need: Need, count: float, doctors: bool) -> Cell:
    found = candidates(
        bank, lang=need.lang, gender=need.gender, age_group=need.age_group, accent=need.accent,
        split=need.split, seed=0, dialogue_id="",
    )  # fmt: skip
    free = None
    if doctors:
        adults = [
            s for s in bank if (_base(s.lang), s.age_group, s.split) == (need.lang, "adult", need.split)
        ]
        free = max(0, len(adults) - min(2, sum(m.speaker.age_group == "adult" for m in found)))
    return Cell(need, count, len(found), found[0].relaxations if found else (), free)


def _sorted(cells: Sequence[Cell]) -> list[Cell]:
    return sorted(
        cells,
        key=lambda c: (c.served, not (c.relaxations or c.instead_of), -c.dialogues, str(c.need), c.engine),
    )


def totals(cells: Sequence[Cell]) -> dict[str, float]:
    """Return dialogues by how they are served: `in full`, `accent relaxed`, `age relaxed` (with or without
    the accent), `no doctor`, `no speaker`."""
    out = dict.fromkeys(("in full", "accent relaxed", "age relaxed", "no doctor", "no speaker"), 0.0)
    for cell in cells:
        kinds = {r.split()[0] for r in cell.relaxations}
        name = (
            "no speaker" if not cell.speakers
            else "no doctor" if not cell.served
            else "age relaxed" if "age" in kinds
            else "accent relaxed" if kinds
            else "in full"
        )  # fmt: skip
        out[name] += cell.dialogues
    return out


def accent_shares(bank: Sequence[Speaker], lang: str) -> dict[str, float]:
    """Return the shares of accents among a language's speakers: a prior that the bank serves without relaxing."""
    counts = Counter(s.accent for s in bank if _base(s.lang) == _base(lang))
    return {accent: n / counts.total() for accent, n in sorted(counts.items())}


def rows(cells: Sequence[Cell]) -> list[dict[str, str]]:
    """Return the cells as a table to print."""
    return [
        {
            "lang": c.need.lang, "gender": c.need.gender, "age": c.need.age_group, "accent": c.need.accent or "any",
            "split": c.need.split, **({"engine": c.engine} if c.engine else {}), "dialogues": _figure(c.dialogues),
            "speakers": str(c.speakers), "served": _verdict(c),
        }
        for c in cells
    ]  # fmt: skip


def _verdict(cell: Cell) -> str:
    if not cell.served:
        return "NO doctor" if cell.speakers else "NO"
    instead = (f"{cell.engine} instead of {', '.join(cell.instead_of)}",) if cell.instead_of else ()
    return "; ".join((*cell.relaxations, *instead)) or "in full"


def _shares(weights: Mapping[K, float]) -> dict[K, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _base(lang: str) -> str:
    return lang.split("-")[0].lower()


def _figure(count: float) -> str:
    return f"{count:.0f}" if count >= 10 or count == int(count) else f"{count:.1f}"

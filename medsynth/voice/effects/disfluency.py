"""A spoken text as a patient would hesitate through it. What is inserted is known to the character."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from typing import NamedTuple

from medsynth.records import AgeGroup, Effect
from medsynth.text.spoken import spoken_form
from medsynth.voice.effects.protect import inside, protected, same_facts, touches
from medsynth.voice.effects.rates import CHARACTERS_A_WORD, KINDS, english_fillers, mandarin_fillers, rates
from medsynth.voice.effects.sites import Site
from medsynth.voice.effects.sites_en import english_sites, lowered
from medsynth.voice.effects.sites_zh import mandarin_sites

_APART = {"en": 9, "zh": 3}
"""Characters between two insertions at least, of the text as it was."""
_LEAD = 4.0
# A text with one of these was spoken by somebody, and has its own hesitations.
_HESITATES = re.compile(r"\b(?:u+h+|u+m+|erm?|h?mm+|a+h+|eh)\b|(?:^|[，。])[嗯呃额](?=[，…])|\.\.\.", re.I)
_FEWEST = 4
"""Words under which a turn is said without hesitation."""
_MOST = 0.2
"""Insertions a word at most."""


class Disfluent(NamedTuple):
    """A text with its hesitations, and these: one `Effect` each, spans in characters of `text`."""

    text: str
    effects: tuple[Effect, ...]


def disfluent(
    spoken: str,
    lang: str,
    age_group: AgeGroup,
    rng: random.Random,
    *,
    written: str = "",
    accent: str = "",
    factor: float = 1.0,
    opening: bool = False,
) -> Disfluent:
    """Return a spoken text with fillers, repetitions, restarts and pauses at the rates of an age, times `factor`.

    `written` is what it was made from, where numbers are seen as such. Taking the recorded spans out of the result
    gives `spoken` again, but for a capital. The medical facts of both are equal; an insertion that would change
    one, however little, is left out. A text that hesitates already (a transcript), or of three words, stays as it is.
    """
    zh = lang.split("-")[0].lower() == "zh"
    words = len(re.findall(r"[\u4e00-\u9fff]", spoken)) / CHARACTERS_A_WORD if zh else len(spoken.split())
    if words < _FEWEST or _HESITATES.search(spoken):
        return Disfluent(spoken, ())
    sites = _sites(spoken, zh, age_group, accent, opening)
    whole = protected(written or spoken, spoken, lang)
    sites = [s for s in sites if not inside(s.place, whole) and not touches(s.place, s.end, whole)]
    chosen: list[Site] = []
    apart = _APART["zh" if zh else "en"]
    for kind in KINDS:
        own = [s for s in sites if s.kind == kind]
        for _ in range(_poisson(rates(lang, age_group).of(kind) * words / 100 * factor, rng)):
            free = [s for s in own if all(_distance(s, c) >= apart for c in chosen)]
            if not free or len(chosen) >= max(1, _MOST * words):
                break
            chosen.append(rng.choices(free, [s.weight for s in free])[0])
    chosen = sorted((s for s in chosen if _harmless(spoken, [s], lang, zh)), key=lambda s: s.place)
    if len(chosen) > 1 and not _harmless(spoken, chosen, lang, zh):
        chosen = chosen[:1]
    return _inserted(spoken, chosen, zh)


def fluent(text: str, effects: Sequence[Effect]) -> str:
    """Return a text without the stretches that its effects say were inserted."""
    kept, at = [], 0
    for effect in sorted((e for e in effects if e.of == "spoken"), key=lambda e: e.start or 0.0):
        kept.append(text[at : int(effect.start or 0)])
        at = int(effect.end or 0)
    return "".join([*kept, text[at:]])


def _sites(spoken: str, zh: bool, age_group: AgeGroup, accent: str, opening: bool) -> list[Site]:
    if zh:
        return list(mandarin_sites(spoken, mandarin_fillers(age_group), opening, _LEAD))
    british = accent.startswith(("en-GB", "en-IE", "en-AU", "en-NZ"))
    return list(english_sites(spoken, english_fillers(age_group, british), opening, _LEAD))


def _harmless(spoken: str, sites: Sequence[Site], lang: str, zh: bool) -> bool:
    text = _inserted(spoken, sites, zh).text
    return same_facts(spoken, text, lang) and spoken_form(text, lang) == text


def _inserted(spoken: str, sites: Sequence[Site], zh: bool) -> Disfluent:
    parts: list[str] = []
    effects: list[Effect] = []
    at = length = 0
    for site in sites:
        parts.append(spoken[at : site.place])
        length += site.place - at
        text, at = site.text, site.place
        begins = not zh and site.spot in ("turn", "sentence")
        if begins or text.startswith(("i ", "i,", "i'")):
            text = text[0].upper() + text[1:]
        text = re.sub(r"\bi(?=[ ,'])", "I", text) if not zh else text
        parts.append(text)
        effects.append(
            Effect(
                name=site.kind,
                detail=text.strip(" ,，"),
                of="spoken",
                start=float(length),
                end=float(length + len(text)),
            )
        )
        length += len(text)
        if begins and lowered(spoken, site.place):
            parts.append(spoken[at].lower())
            length, at = length + 1, at + 1
    return Disfluent("".join([*parts, spoken[at:]]), tuple(effects))


def _distance(a: Site, b: Site) -> int:
    if a.end > b.place and b.end > a.place:
        return 0
    return min(abs(a.place - b.place), abs(a.end - b.place), abs(b.end - a.place))


def _poisson(mean: float, rng: random.Random) -> int:
    """Return a draw by inversion (Knuth's products): means here are below ten."""
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count

"""Which speakers of a bank the chosen engines may use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from medsynth.records import Speaker
from medsynth.voice.bank import BankError, load_bank
from medsynth.voice.bank_consent import refusal


def speakers_for(
    path: Path | None, engines: Sequence[str], *, without_consent: bool = False, children: bool = False
) -> tuple[Speaker, ...]:
    """Return the speakers of a bank for these engines; an engine it does not mention has the built-in ones.

    Whoever may not be cloned is left out, unless told otherwise. Raises BankError when an engine has nobody.
    """
    speakers = list(load_bank(path))
    there = {s.engine for s in speakers}
    if path is not None and not there.issuperset(engines):
        ids = {s.id for s in speakers}
        speakers += [s for s in load_bank() if s.engine not in there and s.id not in ids]
    found: list[Speaker] = []
    for engine in engines:
        own = [s for s in speakers if s.engine == engine]
        refused = Counter(
            refusal(s, without_consent=without_consent, children=children, unknown_licence=without_consent)
            for s in own
        )
        if not refused.get(""):
            bank = path or "the built-in bank"
            if not own:
                raise BankError(
                    f"{bank}: no speaker for the engine {engine}; give a bank that has some (`medsynth bank build`)"
                )
            why = ", ".join(f"{count} {reason}" for reason, count in sorted(refused.items()))
            raise BankError(f"{bank}: none of its speakers for the engine {engine} may be cloned ({why})")
        found += [
            s
            for s in own
            if not refusal(
                s, without_consent=without_consent, children=children, unknown_licence=without_consent
            )
        ]
    return tuple(found)

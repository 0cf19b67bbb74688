"""Who speaks for the patient: the patient, or a parent, child, spouse or other person.

Kin named as family history ("my father had a stroke"), as company ("I live with my wife") or as a witness
("my son noticed") are not the patient. Somebody else is the patient only where they are the subject of the
complaint and the text says more of them than of the speaker. The rules are ours; texts are read clause by
clause, in time linear in their length.
"""

from __future__ import annotations

from collections.abc import Sequence

from medsynth.records import RawTurn
from medsynth.text.evidence import InformantReading
from medsynth.text.informant_en import read_english
from medsynth.text.informant_zh import read_chinese


def read_informant(turns: Sequence[RawTurn], lang: str) -> InformantReading:
    """Return who speaks in the patient's turns; `self` without evidence where nothing says otherwise."""
    if lang.startswith("zh"):
        return read_chinese(turns)
    return read_english(turns) if lang.startswith("en") else InformantReading("self")

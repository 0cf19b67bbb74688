"""Names of persons as they are said in transcripts: in lower case, in greetings, where somebody is introduced.

What a greeting or an introduction shows to be somebody's name is then taken out wherever it stands in the
record (`names_said`, `without_names`). Only listed given names are found so: no list, no certainty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from medsynth.text.given_names import GIVEN_NAMES, SURNAMES
from medsynth.text.names import words

_FILLER = r"(?: ?[,.…]{0,3} ?\b(?:uh|um|mm|so|the|is|it's|miss|mister|mr|ms|mrs)\b ?[,.]?){0,3}[ ,.…]{1,4}"
_HAIL = (
    r"(?:h(?:i|ello|ey)(?: there)?|(?:good )?(?:morning|afternoon)|thanks|thank you|(?:good)?bye|"
    r"welcome|(?:my )?name(?:'s| was| is)|"
    r"this is|that's|it's|it is|patient(?: is)?|next is|you today|doing today|to see you|so|okay|"
    r"al(?:l )?right|well|yes|yeah|sure|right)"
)
_WORDS = (
    r"(?P<name>[A-Za-z][a-z]{1,15}(?: [A-Za-z][a-z]{1,15})?)(?![\w-])(?!['’]s? (?:wort|disease|"
    r"syndrome)|\.\w)"
)
# "Hi, John", "my name is John Hall", "so Beverly is a 53-year-old", "John Hall, date of birth …"
_SAID = re.compile(rf"(?:\b{_HAIL}{_FILLER}|\A[\s\W]*)(?={_WORDS})", re.I)
_BORN = re.compile(
    r"\b(?P<name>[A-Za-z][a-z]{1,15} [A-Za-z][a-z]{1,15}) ?[,.] ?(?:uh ?, ?|"
    r"n- ?)?(?:date of birth|dob|mrn|medical record)\b",
    re.I,
)
_THINGS = words("hospital medical university clinic street road virus disease syndrome")
_ENDS_NO_NAME = words(
    "is was has had how what are you and i i'm im the a to in on here there good nice great do "
    "so see hi hello okay yes no yeah this that "
    "can could would will with my your of for at it we they he she thank thanks if or but not "
    "well now today please who um uh date"
)
_VERB = (
    r"(?: ?, ?(?:uh|um) ?,)? (?:is|was|has|had|will|presents?|reports?|denies|comes?|came|returns?|"
    r"states?|underwent|does|did|also)\b"
)


def names_said(texts: Iterable[str]) -> frozenset[str]:
    """Return, in lower case, the names of persons that the English texts of one record show to be names."""
    found: set[str] = set()
    for text in texts:
        for pattern in (_SAID, _BORN):
            for match in pattern.finditer(text):
                parts = match["name"].lower().split(" ")
                if len(parts) > 1 and parts[1] in _ENDS_NO_NAME:
                    parts = parts[:1]
                known = parts[0] in GIVEN_NAMES and (len(parts) < 2 or parts[1] not in _THINGS)
                if not known:
                    continue
                # A second word is a surname where it is listed, or written as one, or stands before the date of birth.
                surname = len(parts) > 1 and (
                    parts[1] in SURNAMES
                    or parts[1] in GIVEN_NAMES
                    or pattern is _BORN
                    or match["name"].istitle()
                )
                found.update(parts if surname else parts[:1])
    return frozenset(found)


def without_names(text: str, names: frozenset[str]) -> tuple[str, int]:
    """Return `text` without the names, and how many were taken out. Names with a title are not its business.

    Before a verb a name becomes "the patient".
    """
    if not names:
        return text, 0
    listed = "|".join(sorted(map(re.escape, names), key=lambda name: (-len(name), name)))
    pattern = re.compile(
        rf"(?P<before>\A\W*|[,.!?] ?|"
        rf" )(?<!of )(?:{listed})(?: (?:{listed}))*+(?P<own>['’]s)?(?P<verb>{_VERB})?(?![\w'’-])",
        re.I,
    )
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        if match["own"] or match["verb"]:
            gap = match["before"] if match["before"][-1:] in {"", " "} else match["before"] + " "
            return gap + "the patient" + (match["own"] or "") + (match["verb"] or "")
        before = match["before"].rstrip()
        ends = match.string[match.end() : match.end() + 2].lstrip()[:1] in {"", ".", "!", "?", ","}
        return before.removesuffix(",") if ends else before

    result = pattern.sub(replace, text)
    return (re.sub(r" {2,}", " ", result), count) if count else (text, 0)

"""English abbreviations: Latin, titles, and the shorthand of the case note."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import listed
from medsynth.text.spoken_forms.scan import Hit

_PATIENT_DOES = (
    r"with|who|is|was|had|has|have|presents?|presented|reports?|reported|denies|denied|states?|stated|"
    r"complains?|complained|feels?|felt|thinks?|to|not|will|would|can|cannot|came|says?|said|seen|reassured|"
    r"advised|aware|agrees?|agreed|wants?|woke|up|tolerated|did|does|also|today|now|understands?"
)
_DOSE_NEXT = r"(?: (?:po|PO|p\.o|by|b?id|b\.i|tid|qid|qd|q|once|twice|daily|every|x)\b)"
# Said in full wherever they stand, by the token as it is written.
SHORTHAND = {
    "yr": "year", "hr": "hour", "tsp": "teaspoon", "tbsp": "tablespoon", "lb": "pound", "lbs": "pounds",
    "ft": "feet", "pls": "please", "tmrw": "tomorrow",
    "yrs": "years", "hrs": "hours", "wk": "week", "wks": "weeks", "mos": "months",
    "mins": "minutes", "neg": "negative", "abx": "antibiotics", "approx": "approximately", "abd": "abdomen",
    "thru": "through", "wt": "weight", "ht": "height",
    "PMHx": "past medical history", "Pmhx": "past medical history", "pmhx": "past medical history",
    "PMhx": "past medical history", "PSHx": "past surgical history", "FHx": "family history",
    "Fhx": "family history", "FMHx": "family medical history", "SHx": "social history",
    "Shx": "social history", "DHx": "drug history", "Dhx": "drug history", "DDx": "differential diagnosis",
    "ddx": "differential diagnosis", "mx": "management", "Mx": "management", "ix": "investigations",
    "Ix": "investigations", "SQ": "subcutaneously", "Ab": "antibody",
    "subq": "subcutaneously", "SubQ": "subcutaneously",
    "ppd": "packs per day", "bilat": "bilateral", "prev": "previously",
    "WNL": "within normal limits", "wnl": "within normal limits", "NKDA": "no known drug allergies",
}  # fmt: skip
_DOTTED = (
    (re.compile(r"e\.? ?g\.(?:,)?"), "for example"),
    (re.compile(r"i\.e\.(?:,)?"), "that is"),
    (re.compile(r"eg(?:,|(?= ))"), "for example"),
    (re.compile(r"ie,"), "that is"),
    (re.compile(r"etc(?P<dot>\.?)(?![A-Za-z])"), "et cetera"),
    (re.compile(r"vs?\.(?= )|vs(?![A-Za-z])|v(?= \d)", re.I), "versus"),
    (re.compile(r"w/o(?![A-Za-z])", re.I), "without"),
    (re.compile(r"w ?/ ?u(?![A-Za-z])"), "work up"),
    (re.compile(r"w/in(?![A-Za-z])"), "within"),
    (re.compile(r"w/(?=[ A-Za-z\d])", re.I), "with"),
    (re.compile(r"f ?/ ?u(?![A-Za-z])", re.I), "follow up"),
    (re.compile(r"y ?/ ?o(?![A-Za-z])", re.I), "year old"),
    (re.compile(r"n ?/ ?v ?/ ?d(?![A-Za-z/])", re.I), "nausea, vomiting, diarrhea"),
    (re.compile(r"[nN] ?/ ?[vV](?![A-Za-z/])"), "nausea, vomiting"),
    (re.compile(r"b/l(?![A-Za-z])", re.I), "bilateral"),
    (re.compile(r"a/w(?![A-Za-z])"), "associated with"),
    (re.compile(r"p/w(?![A-Za-z])"), "presents with"),
    (re.compile(r"c/o(?![A-Za-z])", re.I), "complains of"),
    (re.compile(r"s/p(?![A-Za-z])", re.I), "status post"),
    (re.compile(r"h/o(?![A-Za-z])", re.I), "history of"),
    (re.compile(r"r/o(?![A-Za-z])", re.I), "rule out"),
    (re.compile(r"b/c(?![A-Za-z])"), "because"),
    (re.compile(r"d/t(?![A-Za-z])"), "due to"),
    (re.compile(r"approx\.?(?![A-Za-z])"), "approximately"),
    (re.compile(r"Drs\. "), "Doctors "),
    (re.compile(r"Dr(?:\.(?! *\Z)|(?![A-Za-z]))"), "Doctor"),
    (re.compile(r"mr\. ?(?=[a-z])"), "mister "),
    (re.compile(r"mrs(?:\.(?! *\Z)|(?![A-Za-z]))"), "missus "),
    (re.compile(r"ms\. ?(?=[a-z])"), "miz "),
    (re.compile(r"dr(?:\. ?(?=[a-z])|(?= [a-z]))"), "doctor "),
    (re.compile(r"Mr(?:\.(?! *\Z)|(?![A-Za-z.]))"), "Mister"),
    (re.compile(r"Mrs(?:\.(?! *\Z)|(?![A-Za-z.]))"), "Missus"),
    (re.compile(r"Ms(?:\.(?! *\Z)|(?![A-Za-z.]))(?! ?\d)"), "Miz"),
    (re.compile(r"Prof\.(?= [A-Z])"), "Professor"),
    (re.compile(r"St(?:\.(?! *\Z)|(?![A-Za-z]))"), "Saint"),
    (re.compile(r"Nos?\. ?(?=\d)", re.I), "number"),
    (re.compile(r"[Ff]igs?\.(?= ?\d)"), "figure"),
    (re.compile(r"al\.(?= )"), "al"),
    (re.compile(r"spp?\.(?= )"), "species"),
    (re.compile(r"Pts(?![A-Za-z])"), "Patients"),
    (re.compile(r"Pt\.?(?= [a-z])|Pt(?![A-Za-z.])"), "Patient"),
    (re.compile(r"pts(?![A-Za-z])"), "patients"),
    (re.compile(rf"pt\.?(?= (?:{_PATIENT_DOES})\b)"), "patient"),
    (re.compile(r"[Hh]x(?![A-Za-z])"), "history"),
    (re.compile(r"(?:(?<=ic )|(?<=al )|(?<=ive ))Rx(?![A-Za-z])"), "treatment"),
    (re.compile(r"[Rr]x(?![A-Za-z])"), "prescription"),
    (re.compile(r"[Dd]x(?![A-Za-z])"), "diagnosis"),
    (re.compile(r"[Tt]x(?![A-Za-z])"), "treatment"),
    (re.compile(r"[Ss]x(?![A-Za-z])"), "symptoms"),
    (re.compile(r"[Ff]x(?![A-Za-z])"), "fracture"),
    (re.compile(r"[Vv]it\.?(?= [A-EK]\d{0,2}\b)"), "vitamin"),
    (re.compile(r"tabs(?![A-Za-z])\.?", re.I), "tablets"),
    (re.compile(rf"tab(?![A-Za-z])\.?(?={_DOSE_NEXT}|,| *\Z)", re.I), "tablet"),
    (re.compile(rf"caps(?={_DOSE_NEXT})"), "capsules"),
    (re.compile(r"cf\.?(?=,? ?\d)"), "compared with"),
    (re.compile(r"[aA] ?\. ?[mM]\.?(?![A-Za-z])"), "A M"),
    (re.compile(r"[pP] ?\. ?[mM]\.?(?![A-Za-z])"), "P M"),
)  # fmt: skip
_COMPARED = re.compile(r" ?[\w(\"“$~<>-]")
_MAY_END = frozenset(("et cetera", "A M", "P M", "al", "species", "tablets", "tablet"))
DOTTED_STARTS = frozenset(
    listed(
        "e i eg ie etc v vs w c s h r b d approx drs dr mr mrs ms prof st no nos fig figs al sp spp "
        "pt pts hx rx dx tx sx fx "
        "tabs tab caps a p vit f y n cf"
    )
)


def read_abbreviation(text: str, at: int) -> Hit | None:
    """Return the reading of the abbreviation that begins at `at`."""
    for pattern, words in _DOTTED:
        match = pattern.match(text, at)
        if match is None:
            continue
        if words == "versus" and match[0].isupper() and not _COMPARED.match(text, match.end()):
            continue
        if words in ("A M", "P M") and "." not in match[0]:
            continue
        if (
            pattern.pattern.startswith("vs?")
            and match[0].lower() == "v."
            and not re.search(r"\w \Z", text[max(0, at - 3) : at])
        ):
            continue
        end = match.end()
        if match[0].endswith(".") and words in _MAY_END and ends(text, end):
            end -= 1
        return Hit(end, words)
    return None


def ends(text: str, end: int) -> bool:
    """Whether a sentence ends at `end`: a full stop before it is one."""
    return bool(re.match(r"\s*\Z|\s+[A-Z][a-z]|\s*[\"”)]", text[end : end + 5]))

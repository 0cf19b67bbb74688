"""English readings of symbols."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import english_numbers
from medsynth.text.spoken_forms.english_names import CAPITALS
from medsynth.text.spoken_forms.english_quantities import NOUN_NEXT
from medsynth.text.spoken_forms.numerals import cardinal_en, digits_en, number_en
from medsynth.text.spoken_forms.scan import REFERENCE, Hit
from medsynth.text.spoken_forms.units import BELOW_EN, below_en

_SLASH_PER = re.compile(
    r" ?/ ?(?P<p>day|week|wk|month|mo|year|yr|hour|hr|min|minute|night|dose|kg|lb)(?![A-Za-z])"
)
_PER_WORDS = {
    "wk": "week",
    "mo": "month",
    "yr": "year",
    "hr": "hour",
    "min": "minute",
    "kg": "kilogram",
    "lb": "pound",
}
_PAIR = re.compile(
    r"/(?=(?:her|hers|him|she|he|or|no|not|without|herself|father|mother|dad|mom|women|woman|female|girl"
    r"|wife|daughter|worse|they|their)\b)",
    re.I,
)
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta",
    "κ": "kappa", "λ": "lambda", "μ": "micro", "ν": "nu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "φ": "phi",
    "χ": "chi", "ψ": "psi", "ω": "omega", "Δ": "delta", "Ω": "omega", "Σ": "sigma", "Φ": "phi", "Γ": "gamma",
    "Α": "alpha", "Β": "beta",
}  # fmt: skip
_SIGNS = (
    (re.compile(r"[(（] ?\+ ?[)）]"), "positive"),
    (re.compile(r"[(（] ?- ?[)）]"), "negative"),
    (re.compile(r"±|\+/-|\+-(?=\d)"), "plus or minus"),
    (re.compile(r"≥|>=|=>|>/=|> ?or ?= ?(?=\d|to\b)"), "at least"),
    (re.compile(r"≤|<=|</=|< ?or ?= ?(?=\d|to\b)"), "at most"),
    (re.compile(r"->|→|-->"), "to"),
    (re.compile(r"<-|←"), ""),
    (re.compile(r">(?= ?[\d.])"), "more than"),
    (re.compile(r"<(?= ?[\d.])"), "less than"),
    (re.compile(r"≈|~(?= ?\d)"), "about"),
    (re.compile(r"=(?=.)"), "equals"),
    (re.compile(r"&"), "and"),
    (re.compile(r"÷"), "divided by"),
    (re.compile(r"×(?= ?[\w.])"), "times"),
    (re.compile(r"#['’]?s(?![A-Za-z])"), "numbers"),
    (re.compile(r"#(?= ?\d| of\b)"), "number"),
    (re.compile(r"°"), "degrees"),
    (re.compile(r"%"), "percent"),
    (re.compile(r"@(?= ?\w)"), "at"),
    (re.compile(r"\+ve(?![A-Za-z])"), "positive"),
    (re.compile(r"↑"), "up"),
    (re.compile(r"↓"), "down"),
)  # fmt: skip
_MONEY = re.compile(
    rf"(?P<c>[$€£￥]) ?(?P<n>{english_numbers.NUM})(?:[-–](?P<m>{english_numbers.NUM}))?(?P<s> "
    rf"(?:million|billion|thousand|trillion))?"
)
_MONEY_NAMES = {
    "$": ("dollar", "dollars"),
    "€": ("euro", "euros"),
    "£": ("pound", "pounds"),
    "￥": ("yuan", "yuan"),
}
_A_BEFORE = re.compile(
    r"\b(?:an?(?: (?:new|flat|small|single|further|extra|additional|separate|total|monthly|annual|yearly))?|the) \Z",
    re.I,
)
_PAID_FOR = re.compile(rf"(?! (?:she|they|you|who|people|patients?|insurance|worth)\b){NOUN_NEXT.pattern}")
_PRIME = re.compile(r"['’](?= ?(?:end|UTR|untranslated|region|flank|-))")
_NEGATIVE = re.compile(r"-ve(?![A-Za-z])")
_SHORT_YEAR = re.compile(r"['’]0(?P<n>\d)(?!['’]?[\d\w])")
# A finding that is there: "Hep C Ab +", "HIV + since 2004".
_FOUND = re.compile(r"\+(?= *(?:\Z|[.,;:)]|(?:for|and|on|in|since|with|at|but|by|x)\b))")
_IS_FINDING = re.compile(r"(?:[A-Za-z]{2}|\b[A-Z]|[A-Z]\d{1,2}) \Z")
_ORDINAL_NEXT = re.compile(r"\d{1,3}(?:st|nd|rd|th)(?![A-Za-z0-9])")
_MANY_BEFORE = re.compile(r"[a-z]{3}s\Z|[\d)]\Z")
_TENS_BEFORE = re.compile(r"0['’]?s\Z")
_POWER_OF_TEN = {"²": "squared", "³": "cubed"}


def read_sign(text: str, at: int) -> Hit | None:
    """A token that is a symbol."""
    char = text[at]
    if char in "'’":
        if _PRIME.match(text, at) and text[at - 1 : at].isdecimal():
            return Hit(at + 1, " prime")
        year = _SHORT_YEAR.match(text, at)
        return Hit(year.end(), f"oh {digits_en(year['n'])}") if year else Hit(at + 1, "")
    if char in "[]":
        # "[12]" is a reference to the literature, which nobody says.
        note = REFERENCE.match(text, at)
        return Hit(note.end(), "") if note else Hit(at + 1, "(" if char == "[" else ")")
    money = _MONEY.match(text, at)
    if money:
        return _money(text, money)
    if char == "-" and _NEGATIVE.match(text, at) and not text[at - 1 : at].isalnum():
        return Hit(at + 3, "negative")
    if char == "/":
        return _slash(text, at)
    if char == "-":
        return _dash(text, at)
    if char == "+" and not text.startswith(("+/-", "+-", "+ve"), at):
        return _plus(text, at)
    if char in GREEK:
        joint = "" if at + 1 < len(text) and text[at + 1] == "-" and text[at + 2 : at + 3].isalpha() else " "
        return Hit(at + 1, GREEK[char] + joint)
    if char == "#" and text[at - 1 : at].isdecimal():
        return Hit(at + 1, "pounds")
    for pattern, words in _SIGNS:
        match = pattern.match(text, at)
        if match:
            return Hit(match.end(), words)
    if char in "²³":
        return Hit(at + 1, _POWER_OF_TEN[char])
    if char in "⁰¹²³⁴⁵⁶⁷⁸⁹":
        return Hit(at + 1, digits_en(str("⁰¹²³⁴⁵⁶⁷⁸⁹".index(char))))
    return Hit(at + 1, " ") if not char.isalpha() else None


def _money(text: str, match: re.Match[str]) -> Hit:
    one, many = _MONEY_NAMES[match["c"]]
    scale = match["s"] or ""
    whole, dot, cents = match["n"].partition(".")
    in_cents = dot and len(cents) == 2 and not scale and whole
    if (
        not in_cents
        and _A_BEFORE.search(text, max(0, match.start() - 18), match.start())
        and _PAID_FOR.match(text, match.end())
    ):
        many = one  # "a five dollar copay"
    if match["m"]:
        return Hit(match.end(), f"{number_en(match['n'])} to {number_en(match['m'])}{scale} {many}")
    if in_cents:
        said = f"{number_en(whole)} {one if whole == '1' else many}"
        if int(cents):
            said += f" and {cardinal_en(int(cents))} cent{'s' if int(cents) != 1 else ''}"
        return Hit(match.end(), said)
    return Hit(
        match.end(), f"{number_en(match['n'])}{scale} {one if match['n'] == '1' and not scale else many}"
    )


def _slash(text: str, at: int) -> Hit:
    per = _SLASH_PER.match(text, at)
    if per and at and text[at - 1].isalnum():
        return Hit(per.end(), f"per {_PER_WORDS.get(per['p'], per['p'])}")
    below = BELOW_EN.match(text, at)
    if below and (
        text[at - 1 : at] == "%" or (len(below[0]) > 2 and _MANY_BEFORE.search(text, max(0, at - 4), at))
    ):
        return Hit(below.end(), below_en(below[0]))
    if _TENS_BEFORE.search(text, max(0, at - 4), at) and re.match(r"\d0['’]?s", text[at + 1 : at + 5]):
        return Hit(at + 1, "over")
    before, after = text[max(0, at - 5) : at].rstrip()[-3:], text[at + 1 : at + 2].strip()
    if (
        not before
        or not (before[-1].isalnum() or before[-1] in "+)%")
        or not (after and (after.isalnum() or after in "("))
    ):
        return Hit(at + 1, " ")
    if before.lower() == "and":
        return Hit(at + 1, " ")
    if _PAIR.match(text, at):
        return Hit(at + 1, " " if re.match(r"/or\b", text[at : at + 4]) else "or")
    token = re.search(r"[A-Za-z0-9+-]+\Z", text[max(0, at - 20) : at])
    nxt = re.match(r"[A-Za-z0-9+-]+", text[at + 1 : at + 20])
    if token and token[0][-1] == "+" and re.match(r"[A-Za-z]+\d?\+", text[at + 1 : at + 6]):
        return Hit(at + 1, " ")
    if token and nxt and _code(token[0]) and (_code(nxt[0]) or (len(token[0]) == 1 and nxt[0].istitle())):
        return Hit(at + 1, ", " if "+" in token[0] or token[0].endswith("-") else " ")
    return Hit(at + 1, "slash")


def _code(token: str) -> bool:
    """Whether a token is an acronym or a name with digits: they are read on without a word between them."""
    return token.upper() == token and any(c.isalpha() for c in token)


def _dash(text: str, at: int) -> Hit | None:
    """A minus; a hyphen between letters and digits; a range whose ends were read one by one."""
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    arrow = re.match(r"-{1,2}>", text[at : at + 3])
    if arrow:
        return Hit(at + len(arrow[0]), "to")
    if after.isalpha():
        spelled = re.match(r"[A-Z](?![a-z]{2})", text[at + 1 : at + 4]) or not after.isascii()
        return (
            Hit(at + 1, " ")
            if spelled
            and (before.isupper() or before.isdecimal() or len(CAPITALS.findall(text[at : at + 9])) > 0)
            else None
        )
    if before.isdecimal() and _ORDINAL_NEXT.match(text, at + 1):
        return Hit(at + 1, "to")
    if after.isdecimal() and re.search(
        r"(?:\d:\d\d(?: ?[ap]\.?m\.?)?|\b0\d[0-5]\d) ?\Z", text[max(0, at - 11) : at], re.I
    ):
        return Hit(at + 1, "to")
    if after.isdecimal() or after == ".":
        if before.isalnum() or before in tuple(")+%"):
            return Hit(at + 1, " ")
        if before in ("", " ", "(", "=", "<", ">", "≥", "≤", "~"):
            # "Dose - 5 mg" is a dash, "of -2.5" a minus.
            return Hit(at + 1, "minus")
    return None


def _plus(text: str, at: int) -> Hit:
    if _FOUND.match(text, at) and _IS_FINDING.search(text, max(0, at - 5), at):
        return Hit(at + 1, "positive")
    run = re.compile(r"\++").match(text, at)
    assert run is not None
    if len(run[0]) > 1:
        return Hit(run.end(), " ".join(["plus"] * len(run[0])))
    return Hit(at + 1, "plus")

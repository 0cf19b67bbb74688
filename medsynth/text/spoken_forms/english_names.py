"""English acronyms, names of genes and viruses with digits, Roman numerals."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import listed
from medsynth.text.spoken_forms.letters import LOWER_SPELLED, SHOUTED, acronym_en, sayable, spell
from medsynth.text.spoken_forms.numerals import cardinal_en, digits_en, pairs_en
from medsynth.text.spoken_forms.scan import Hit

_ROMAN = {
    r: n for n, r in enumerate(listed("I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII"), 1)
}
_ROMAN_TOKEN = re.compile(
    r"(?P<r>X?(?:IX|IV|V?I{1,3}|V)|X)(?P<s>[A-Ea-e]?)(?:(?P<j>[-–/]| (?:to|and|or) "
    r"|, )(?P<t>X?(?:IX|IV|V?I{1,3}|V)|X)(?P<u>[A-Ea-e]?))?(?![A-Za-z0-9'’])"
)
_ROMAN_AFTER = re.compile(
    r"\b(?:type|types|stages?|grades?|class|classes|phases?|parts?|levels?|factors?|nerves?"
    r"|category|categories|degree|DSM|"
    r"bipolar|mobitz|angiotensin|schedule|version|generation|group|groups|step|tier|chapter|figure"
    r"|table|section|title|"
    r"syndrome|disease|deficiency|disorder|collagen|war|complex|hypersensitivity|MPS|MEN|NYHA|ASA"
    r"|GM|HLA|photosystem|"
    r"mucolipidosis|mucopolysaccharidosis|tyrosinemia|glycogenosis|hyperlipoproteinemia"
    r"|topoisomerase|interferon|"
    r"antithrombin|cranial|CN|CIN|Billroth|Roman|region|domain|subtype|dysplasia|herpesvirus|herpes"
    r"|lead|coagulation|"
    r"albinism|citrullinemia|keratoderma|sialidosis|gangliosidosis|hyperoxaluria|tumor|division"
    r"|volume|appendix|"
    r"Salter[- ]Harris|Fitzpatrick|HTLV|HIV|trial|study|cartilage|zone|glutaricaciduria|aciduria"
    r"|porphyria|cystinuria)"
    r"[ -](?:[A-Za-z]{1,2} )?\Z",
    re.I,
)
_ROMANS_BEFORE = re.compile(
    r"\b(?:stages?|types?|grades?|classes|class|phases?|groups?|factors?)(?: [IVX]+[A-E]?,?(?: and"
    r"| or| to| through)?)+ \Z",
    re.I,
)
_SURE_ROMAN = frozenset(listed("II III VII VIII IX XI XII XIII XIV XVI XVII"))
_SCALES = frozenset(("IV", "VI"))
_GRADE = re.compile(r"\bgrade \Z", re.I)
_VERBS = re.compile(
    r" (?:have|had|am|was|use|used|take|took|get|got|need|want|think|do|did|can|could|should|would"
    r"|will|know|feel|felt|see|saw|"
    r"like|just|also|may|might|must|ever|don|didn|went|go|say|said|still|already|live|work)\b"
)
_NAME = re.compile(r"[A-Za-z]+(?:-?\d+[A-Za-z]{0,3}(?![a-z]))+(?::[A-Z]\d{1,3}(?![\w.]))?")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_NAME_PART = re.compile(r"[A-Za-z]+|\d+")
_LEVELS = re.compile(r"(?P<a>[CTLS])(?P<m>\d{1,2}) ?[-–/] ?(?P<b>[CTLS]?)(?P<n>\d{1,2})(?![\w.])")
# "c56", as one types the level between two vertebrae.
_GLUED_LEVELS = re.compile(r"(?P<a>[cl])(?P<m>[2-6])(?P<n>[3-7])(?![\w%-]|\.\d)")
_POSITIVE = re.compile(r"\+(?![\w+])|\+(?=[A-Z]{2})")
_NEGATIVE = re.compile(r"-(?=[\s,.;/)]|\Z)(?! (?:and|or|to)\b)")
_SIGNED = re.compile(r"(?:CD\d+|HER2|ER|PR|HIV|HBV|HCV|HPV|EBV|CMV|Rh|ALK|EGFR|ANA|PD-L1|KIT|HBsAg|HBeAg)\Z")
_IONS = re.compile(r"(?:Na|K|Ca2?|Mg2?|H|Li|Zn2?|Fe[23]?|NH4)\Z")
_BLOOD = re.compile(r"(?P<t>AB|[ABO])(?P<s>[+-])(?![\w+-])")
_BLOOD_TYPE = re.compile(r"\b(?:blood|type|group|Rh)[^.]{0,20}\Z", re.I)
_WORD_AFTER = re.compile(r"(?: | (?:OF|AND|THE|FOR|IN|ON) |/|: |-)([A-Z]{3,})\b")
_WORD_BEFORE = re.compile(r"\b([A-Z]{3,})(?: | (?:OF|AND|THE|FOR|IN|ON) |/|: |-)\Z")
_SYLLABLE_BEFORE = re.compile(r"[a-z]{1,5}-\Z")
_SYLLABLES_AFTER = re.compile(r"-[a-z]{1,5}(?![A-Za-z])")
# "(gli-ko-JEN-eh-sis)", "(hi-PO-ther-mee-uh and ...)": nothing but syllables since the bracket was opened.
_SYLLABLES_SINCE = re.compile(r"[(;] ?(?:[A-Za-z]{1,6}[-; ]{1,2}){0,12}\Z")
# How far back a definition in brackets is remembered, in characters.
_MEMORY = 1500
_NEVER_LETTERS = frozenset(listed("A I NOT YES NO NEW ONLY LEFT RIGHT BOTH AND ALSO NOW"))
_ODDS = re.compile(r"s?(?: ?[=,;:)\]]| of \d| \d)")
# Words that are letters too: what goes before and what comes after tells.
_AMBIGUOUS: dict[str, tuple[re.Pattern[str] | None, re.Pattern[str] | None]] = {
    "OR": (re.compile(r"\b(?:the|an|adjusted|crude|pooled|unadjusted|to|in|from) \Z"), _ODDS),
    "IT": (
        re.compile(r"\b(?:works?|working|worked|job|career)(?: (?:in|with|for|at))?(?: the| an)? \Z"),
        re.compile(
            r" (?:support|department|jobs?|specialist|manager|consultant|work|worker|field|guy|company|firm|sector"
            r"|system|systems|industry|person|professional|team|innovations?|skills)\b"
        ),
    ),
    "ALL": (
        re.compile(
            r"\b(?:[Cc]hildhood|[Aa]dult|untreated|[Rr]ecurrent|[Rr]elapsed|refractory|pediatric|[BT]-cell|risk of"
            r"|diagnos\w+ (?:of|with)|treat|positive) \Z"
        ),
        re.compile(r" (?:cells|patients in remission)\b"),
    ),
    "AM": (re.compile(r"\b(?:the|in|this|every|next|each|early|tomorrow|yesterday|and|[\d:]+) \Z"), None),
    "MEN": (None, re.compile(r"(?:[- ]?[12]|[- ](?:type|I))")),
    "ME": (re.compile(r"\d\Z"), re.compile(r"/CFS")),
    "HER": (None, None),
}
# A study whose short name can only be said: "the PIPE trial".
_LIKE_PIPE = re.compile(r"[BCDFGHKLMNPRSTVW]{1,2}[AEIOU][BCDFGKLMNPRSTVZ]E")
_TRIAL_NEXT = re.compile(r"(?:-\d)? (?:trials?|study|studies|registry|cohort|investigators)\b")
CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
_LETTER_RUN = re.compile(r"(?:\b[A-Z]{2,}\b[\s,.;:!?'’()-]*){3,}")


def read_name(text: str, at: int) -> Hit | None:
    """Letters with digits: "HPV16", "COVID-19", "T2N1M0", "HbA1c", "L4-L5"."""
    levels = _LEVELS.match(text, at)
    if levels and int(levels["m"]) < 13 and int(levels["n"]) < 13:
        second = (
            f"{levels['b']} {cardinal_en(int(levels['n']))}" if levels["b"] else cardinal_en(int(levels["n"]))
        )
        return Hit(levels.end(), f"{levels['a']} {cardinal_en(int(levels['m']))} {second.strip()}")
    discs = _GLUED_LEVELS.match(text, at)
    if discs and int(discs["n"]) == int(discs["m"]) + 1:
        return Hit(discs.end(), f"{discs['a'].upper()} {digits_en(discs['m'] + discs['n'])}")
    match = _NAME.match(text, at)
    if match is None:
        return None
    parts = _NAME_PART.findall(match[0])
    if parts[0].islower() and len(parts[0]) > 2 and parts[0] not in LOWER_SPELLED:
        return None
    if parts[0].islower() and len(parts[0]) == 1 and re.match(r"-\d", text[at + 1 : at + 3]):
        return None
    said = [_name_part(part, i) for i, part in enumerate(parts)]
    return _signed(text, at, match.end(), " ".join(said))


def _name_part(part: str, index: int) -> str:
    if not part.isdecimal():
        if part == "HER" or (index == 0 and len(part) > 2 and part[1:].islower() and _VOWEL.search(part)):
            return part
        if index and len(part) > 2 and part.islower():
            return part
        if part in SHOUTED:
            return spell(part)
        if len(part) <= 3 and not part.islower() and not part.istitle():
            return acronym_en(part, False) or (part if part in ("ACE", "COX") else spell(part))
        return acronym_en(part, False) or (
            part if len(part) > 1 and index == 0 and _VOWEL.search(part) else spell(part)
        )
    if part[0] == "0" and len(part) > 1:
        return digits_en(part)
    if len(part) <= 2:
        return cardinal_en(int(part))
    return pairs_en(part) if len(part) <= 4 else digits_en(part)


def _signed(text: str, at: int, end: int, said: str) -> Hit:
    """Add "positive" or "negative" where a sign of a finding follows: "CD4+", "ER-"."""
    written = text[at:end]
    plus = _POSITIVE.match(text, end)
    if plus:
        ion = _IONS.match(written)
        return Hit(plus.end(), f"{said} {'plus' if ion else 'positive'}")
    minus = _NEGATIVE.match(text, end)
    if minus and _SIGNED.match(written):
        return Hit(minus.end(), f"{said} negative")
    return Hit(end, said)


# The stage of a tumour with what is not known in it: "Tx N1 Mx", "pTisN0", "N0/Nx".
_EXTENT = r"(?:is|[xX]|[0-4][a-d]?)"
_NODES = rf"[pcry]{{0,2}}N{_EXTENT}(?:/N?{_EXTENT})?"
_SPREAD = rf"[ ,/]{{0,2}}[pcry]{{0,2}}M{_EXTENT}"
_STAGE = re.compile(
    rf"(?:[pcry]{{0,2}}T{_EXTENT}[ ,/]{{0,2}}{_NODES}(?:{_SPREAD})?|{_NODES}{_SPREAD}"
    rf"|[pcry]{{0,2}}N{_EXTENT}/N?{_EXTENT})(?![\w-])"
)
_UNKNOWN = re.compile(r"[TNM/](?:[xX]|is)")
_STAGE_PART = re.compile(r"is|[A-Za-z]|\d|[,/]")


def read_stage(text: str, at: int) -> Hit | None:
    """Return the reading of the stage of a tumour: "T X N one M X"."""
    match = _STAGE.match(text, at)
    if match is None or not _UNKNOWN.search(match[0]):
        return None
    parts = _STAGE_PART.findall(match[0])
    said = " ".join(cardinal_en(int(p)) if p.isdecimal() else "," if p in ",/" else spell(p) for p in parts)
    return Hit(match.end(), said.replace(" ,", ","))


def read_roman(text: str, at: int) -> Hit | None:
    """Return the reading of a Roman numeral, or of two."""
    match = _ROMAN_TOKEN.match(text, at)
    if match is None or match["r"] not in _ROMAN:
        return None
    keyed = bool(
        _ROMAN_AFTER.search(text, max(0, at - 40), at) or _ROMANS_BEFORE.search(text, max(0, at - 60), at)
    )
    if match["r"] not in _SURE_ROMAN and not keyed:
        return None
    if match["r"] == "I" and _VERBS.match(text, at + 1):
        return None
    if match["r"] == "X" and re.search(r"\b[TNM] \Z", text[max(0, at - 2) : at]):
        return None  # a part of a tumour's stage that is not known
    end = match.end("s")
    suffix = f" {match['s'].upper()}" if match["s"] else ""
    if match["r"] in ("I", "V", "X") and match["s"] and match["s"].islower() and not keyed:
        return None
    said = cardinal_en(_ROMAN[match["r"]]) + suffix
    if (
        match["t"]
        and match["t"] in _ROMAN
        and (match["t"] not in ("I", "V", "X") or keyed)
        and not (match["t"] == "I" and _VERBS.match(text, match.end()))
    ):
        # "II/VI" is a grade on a scale, "stage III/IV" either of two.
        over = (
            "over" if match["t"] in _SCALES and (not keyed or _GRADE.search(text, max(0, at - 6), at)) else ""
        )
        joint = {"-": "to", "–": "to", "/": over, ",": ","}.get(match["j"].strip(), match["j"].strip())
        suffix = f" {match['u'].upper()}" if match["u"] else ""
        said = f"{said}{'' if joint == ',' else ' '}{joint} {cardinal_en(_ROMAN[match['t']])}{suffix}"
        end = match.end()
    return Hit(end, re.sub(" {2,}", " ", said))


def read_acronym(text: str, at: int, word: str) -> Hit | None:
    """Return the reading of `word`, which has capitals beyond its first letter."""
    end = at + len(word)
    blood = _BLOOD.match(text, at)
    if (
        blood
        and (blood["s"] == "+" or _BLOOD_TYPE.search(text[max(0, at - 40) : at]))
        and not re.search(r"grade \Z", text[max(0, at - 8) : at], re.I)
    ):
        letters = spell(blood["t"])
        return Hit(blood.end(), f"{letters} {'positive' if blood['s'] == '+' else 'negative'}")
    if len(word) == 1 and word != "I" and re.match(r"[A-Z]?[&]", text[end : end + 2]):
        return None
    if word in SHOUTED and (spelled := _letters_after_all(text, at, word)):
        return Hit(end, spelled)
    if text[at - 1 : at] == "-" or text[end : end + 1] == "-":
        syllable = _syllable(text, at, end)
        if syllable:
            return Hit(end, word.lower())
    if _LIKE_PIPE.fullmatch(word) and word not in SHOUTED and _TRIAL_NEXT.match(text, end):
        return Hit(end, word.capitalize())
    said = acronym_en(word, shouted(text, at, word))
    if _SIGNED.match(word) or _IONS.match(word) or text[end : end + 1] == "+":
        hit = _signed(text, at, end, said or word)
        if hit.end > end:
            return hit
    return Hit(end, said) if said is not None and said != word else None


def shouted(text: str, at: int, word: str) -> bool:
    """Whether the words about `word` are in capitals too: a heading, or somebody shouts."""
    window = text[max(0, at - 30) : at + 40]
    if _LETTER_RUN.search(window) and sum(w in SHOUTED for w in CAPITALS.findall(window)) > 1:
        return True
    if len(word) < 4 or not sayable(word):
        return False
    beside = _WORD_AFTER.match(text, at + len(word)) or _WORD_BEFORE.search(text, max(0, at - 24), at)
    other = beside[1] if beside else ""
    return other in SHOUTED or (len(other) > 5 and sayable(other))


def _letters_after_all(text: str, at: int, word: str) -> str | None:
    """Return the letters of what looks like a word in capitals: "(OR)", "works in IT", "this AM", "adult ALL"."""
    end = at + len(word)
    if word in _AMBIGUOUS:
        before, after = _AMBIGUOUS[word]
        if (after and after.match(text, end)) or (before and before.search(text, max(0, at - 24), at)):
            return spell(word)
    if word in _NEVER_LETTERS or len(word) < 2:
        return None
    bracketed = (text[at - 1 : at] in ("(", "[")) and text[end : end + 1] in (")", "]")
    if bracketed or f"({word})" in text[max(0, at - _MEMORY) : at]:
        return spell(word) if len(word) < 5 else None
    return None


def _syllable(text: str, at: int, end: int) -> bool:
    """Whether `text[at:end]` is the stressed syllable of a pronunciation: "(gli-ko-JEN-eh-sis)"."""
    beside = (_SYLLABLE_BEFORE.search(text, max(0, at - 8), at) and text[end : end + 1] in "-) ") or (
        text[at - 1 : at] in "(- " and _SYLLABLES_AFTER.match(text, end)
    )
    return bool(beside and sayable(text[at:end]) and _SYLLABLES_SINCE.search(text, max(0, at - 60), at))

"""English acronyms, names of genes and viruses with digits, Roman numerals."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import listed
from medsynth.text.spoken_forms.letters import LOWER_SPELLED, SHOUTED, acronym_en, spell
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
    r"|category|categories|degree|"
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
_VERBS = re.compile(
    r" (?:have|had|am|was|use|used|take|took|get|got|need|want|think|do|did|can|could|should|would"
    r"|will|know|feel|felt|see|saw|"
    r"like|just|also|may|might|must|ever|don|didn|went|go|say|said|still|already|live|work)\b"
)
_NAME = re.compile(r"[A-Za-z]+(?:-?\d+[A-Za-z]{0,3}(?![a-z]))+")
_NAME_PART = re.compile(r"[A-Za-z]+|\d+")
_LEVELS = re.compile(r"(?P<a>[CTLS])(?P<m>\d{1,2}) ?[-–/] ?(?P<b>[CTLS]?)(?P<n>\d{1,2})(?![\w.])")
_POSITIVE = re.compile(r"\+(?![\w+])|\+(?=[A-Z]{2})")
_NEGATIVE = re.compile(r"-(?=[\s,.;/)]|\Z)(?! (?:and|or|to)\b)")
_SIGNED = re.compile(r"(?:CD\d+|HER2|ER|PR|HIV|HBV|HCV|HPV|EBV|CMV|Rh|ALK|EGFR|ANA|PD-L1|KIT|HBsAg|HBeAg)\Z")
_IONS = re.compile(r"(?:Na|K|Ca2?|Mg2?|H|Li|Zn2?|Fe[23]?|NH4)\Z")
_BLOOD = re.compile(r"(?P<t>AB|[ABO])(?P<s>[+-])(?![\w+-])")
_BLOOD_TYPE = re.compile(r"\b(?:blood|type|group|Rh)[^.]{0,20}\Z", re.I)
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
        if part == "HER" or (index == 0 and len(part) > 2 and part[1:].islower()):
            return part
        if part in SHOUTED:
            return spell(part)
        if len(part) <= 3 and not part.islower() and not part.istitle():
            return acronym_en(part, False) or (part if part in ("ACE", "COX") else spell(part))
        return acronym_en(part, False) or (part if len(part) > 1 and index == 0 else spell(part))
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
    end = match.end("s")
    suffix = f" {match['s'].upper()}" if match["s"] else ""
    if match["r"] in ("I", "V", "X") and match["s"] and match["s"].islower() and not keyed:
        return None
    said = cardinal_en(_ROMAN[match["r"]]) + suffix
    if (
        match["t"]
        and match["t"] in _ROMAN
        and (match["t"] not in "IVX" or keyed)
        and not (match["t"] == "I" and _VERBS.match(text, match.end()))
    ):
        joint = {"-": "to", "–": "to", "/": "", ",": ","}.get(match["j"].strip(), match["j"].strip())
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
    shouting = bool(_shouted(text, at))
    said = acronym_en(word, shouting)
    if _SIGNED.match(word) or _IONS.match(word) or text[end : end + 1] == "+":
        hit = _signed(text, at, end, said or word)
        if hit.end > end:
            return hit
    return Hit(end, said) if said is not None and said != word else None


def _shouted(text: str, at: int) -> bool:
    window = text[max(0, at - 30) : at + 40]
    return bool(_LETTER_RUN.search(window)) and sum(w in SHOUTED for w in CAPITALS.findall(window)) > 1

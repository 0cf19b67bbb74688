"""Mandarin readings of chemical and biological names with Latin letters: ions, nuclides, codes, abbreviations."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms import listed
from medsynth.text.spoken_forms.letters import spell
from medsynth.text.spoken_forms.numerals import cardinal_zh, digits_zh
from medsynth.text.spoken_forms.scan import Hit

_ION_NAMES = {
    "Na": "钠", "K": "钾", "Ca": "钙", "Mg": "镁", "Fe": "铁", "Zn": "锌", "Cu": "铜", "Li": "锂", "Ba": "钡",
    "Cl": "氯", "F": "氟", "I": "碘", "Br": "溴", "P": "磷",
}  # fmt: skip
_GROUPS = {
    "NH4": "铵根离子",
    "HCO3": "碳酸氢根",
    "OH": "氢氧根",
    "H": "氢离子",
    "CO3": "碳酸根",
    "SO4": "硫酸根",
}
_CATION = re.compile(
    r"(?:(?P<m>Na|K|Li)\(?\+\)?|(?P<d>Ca|Mg|Fe|Zn|Cu|Ba)(?:\+\+|\(?[23]\+\)?)|(?P<g>NH4|H)\+|(?P<a>Cl|Br)\(?-\)?|(?P<o>HCO3|OH|CO3(?=2-)2?|SO4(?=2-)2?)\(?-\)?)"
    r"(?![A-Za-z+]|\d(?!\d*\.?\d* ?m))"
)
# Elements that stand for what was measured, before their value.
_MEASURED = re.compile(
    r"(?P<e>K|Ca|Mg|Cl|P|Fe|Zn|Cu) ?[:：]? ?(?=\d+(?:\.\d+)? ?(?:[-~] ?\d+(?:\.\d+)? ?)?[mμu]mol)"
)
_SALTS = {
    "Na": "钠",
    "NaCl": "氯化钠",
    "KCl": "氯化钾",
    "CaCl": "氯化钙",
    "NaHCO": "碳酸氢钠",
    "MgSO": "硫酸镁",
}
_SALT_DIGITS = {"CaCl": "2", "NaHCO": "3", "MgSO": "4"}
_NUCLIDES = {
    "C": "碳",
    "I": "碘",
    "F": "氟",
    "N": "氮",
    "Tc": "锝",
    "m": "锝",
    "Sr": "锶",
    "Co": "钴",
    "Cs": "铯",
    "P": "磷",
    "Lu": "镥",
}
_NUCLIDE = re.compile(
    r"(?:(?P<a>1[134])(?P<e>C)|(?P<b>12[345]|131)-?(?P<f>I)|(?P<c>18)(?P<g>F)|(?P<d>99)m?(?P<h>Tc)|(?P<i>89)(?P<j>Sr)|(?P<k>60)(?P<l>Co)"
    r"|(?P<n>32)(?P<o>P)|(?P<q>177)(?P<r>Lu))(?![A-Za-z\d°])"
)
_CALCIDIOL = re.compile(
    r"(?P<a>1 ?[,，] ?)?25-?(?:\(OH\)|（OH）|OH)(?P<n>2)?-? ?(?=(?:维生素|[Vv]it(?:amin)?)? ?(?P<d>[DV])(?P<k>[23])?)"
)
_MIXED = {
    "SUVmax": "S U V max",
    "SUVMAX": "S U V max",
    "proBNP": "pro B N P",
    "ProBNP": "pro B N P",
    "PegIFN": "Peg I F N",
}
# An abbreviation with its Roman grade written to it.
_GRADE = re.compile(r"(?P<n>CIN|VIN|VAIN|AIN|PIN|NYHA|TIMI|ASA|BCLC|FIGO)(?P<r>III|II|IV|I|V)(?![A-Za-z])")
_ROMANS = {"I": "一", "II": "二", "III": "三", "IV": "四", "V": "五"}
_CUT_OFF = re.compile(r"[sS] ?/ ?[cC](?:[oO]|\.[oO]\.)(?![A-Za-z])")
# Said letter by letter although a word could be read in them; however they are cased.
_SPELLED = frozenset(
    listed("""
    acei agb alb alp anca apoa apob arb arni avf avl avr bil bnp bun ccp ckmb ctni ctnt dbil ddimer dpm fpsa fpg glu
    hba hbvdna hct hib hu ibil ipv ldlc lym hdlc mch mcv mono neu ngs ntprobnp ogtt opv pct plt ppi saa scr tba
    tbil ti tpsa uric wpe hcgb fbg bpd efw afi afv tlif esd emr tace
    """)
)
# The numbers of these are values, not part of the name: ALT170 is 一百七十.
VALUES = re.compile(
    r"(?:ALT|AST|GGT|ALP|LDH|CK|HCG|WBC|RBC|PLT|HGB|HB|TSH|CRP|AFP|CEA|PSA|DNA|DPM|LDL|HDL|TC|TG|TBIL|DBIL|AFI|BPD|AFV|EFW|IGE|IGG|IGM"
    r"|IGA|BUN|CR|SCR|UA|GLU|FBG|FSH|LH|PRL|BNP|ESR|PCT|AIT|BP|HR|QRS|SQEP|MUCS|AMH|[^A-Za-z][PTR]|\A[PTR])\Z",
    re.I,
)
_CODE = re.compile(r"(?:(?<![A-Za-z])[A-Z]|(?<![A-Za-z])p)\Z")
_CODED = re.compile(r"(?:CD|CA|CK|HPV|EV|CYP|LY|RU|MUC)\Z")
_MASK = re.compile(r"(?<![A-Za-z])K?N\Z")
_DELETION = re.compile(r"(?<![A-Za-z])[Dd]el(?:etion)?(?![A-Za-z])")


def read_name(text: str, at: int, word: str) -> Hit | None:
    """Return the reading of the ion, salt or abbreviation that begins with the Latin `word` at `at`."""
    ion = _CATION.match(text, at)
    if ion:
        metal = ion["m"] or ion["d"] or ion["a"]
        name = f"{_ION_NAMES[metal]}离子" if metal else _GROUPS[(ion["g"] or ion["o"]).removesuffix("2")]
        return Hit(ion.end(), name)
    measured = _MEASURED.match(text, at)
    if measured:
        return Hit(at + len(measured["e"]), _ION_NAMES[measured["e"]])
    end = at + len(word)
    grade = _GRADE.match(text, at)
    if grade:
        return Hit(grade.end(), spell(grade["n"]) + _ROMANS[grade["r"]])
    if word in _MIXED:
        return Hit(end, _MIXED[word])
    ratio = _CUT_OFF.match(text, at)
    if ratio:
        return Hit(ratio.end(), "S C O")
    if word in _SALTS:
        digit = _SALT_DIGITS.get(word, "")
        if text.startswith(digit, end) and (
            digit or word != "Na" or not text[end : end + 1].isalnum() or "一" <= text[end] <= "鿿"
        ):
            return Hit(end + len(digit), _SALTS[word])
    if len(word) > 3 and word[-1] == "s" and word[:-1].isupper() and word != "NSAIDs":
        return Hit(end, spell(word[:-1]))  # the English plural: "PPIs"
    if word.lower() == "del":
        return Hit(end, "缺失")
    if word.lower() in _SPELLED and not (word.istitle() and len(word) > 4):
        return Hit(end, spell(word))
    return None


def read_number_of_name(text: str, at: int) -> Hit | None:
    """Nuclides, hydroxylated vitamin D, and viruses named after their year: "14C", "25(OH)D3", "2019-nCoV"."""
    match = _CALCIDIOL.match(text, at)
    if match:
        first = "一，" if match["a"] else ""
        return Hit(match.end(), f"{first}二十五{'二' if match['n'] else ''}羟基")
    if text[at - 1 : at].isalnum() and text[at - 1 : at].isascii():
        return None
    match = _NUCLIDE.match(text, at)
    if match:
        parts = [g for g in match.groups() if g]
        number = parts[0]
        said = cardinal_zh(int(number)) if len(number) == 2 and number != "99" else digits_zh(number)
        return Hit(match.end(), _NUCLIDES[parts[1]] + said)
    if re.compile(r"20\d\d-?n?CoV").match(text, at):
        return Hit(at + 4, digits_zh(text[at : at + 4]))
    if text.startswith(("654-2", "654一2", "654—2"), at):
        return Hit(at + 5, "六五四二")
    suture = re.compile(r"(?P<n>[1-9])[-—]0(?= ?(?:号|线|[Pp]rolene|可吸收|丝线|薇乔|缝|PDS|尼龙))").match(
        text, at
    )
    return Hit(suture.end(), f"{cardinal_zh(int(suture['n']))}零") if suture else None


def digits_of_name(text: str, at: int, digits: str) -> str | None:
    """Return how the `digits` right behind a Latin letter are said where they are a code: N95, T790M, CA125."""
    before, end = text[max(0, at - 8) : at], at + len(digits)
    if _MASK.search(before) and digits in ("90", "95", "99", "100"):
        return digits_zh(digits)
    if len(digits) >= 3 and digits.isdecimal() and _CODED.search(before):
        return digits_zh(digits)
    if (
        len(digits) >= 3
        and digits.isdecimal()
        and _CODE.search(before)
        and re.compile(r"(?:[A-Z](?![A-Za-z])|del|fs|\*)").match(text, end)
    ):
        return digits_zh(digits)
    return None

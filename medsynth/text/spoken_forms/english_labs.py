"""English: salts, blood counts and other analytes, by their symbols."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.scan import Hit

# Symbol: its name, and whether it is said so without a sign or a value behind it.
ANALYTES = {
    "Na": ("sodium", True), "K": ("potassium", False), "Cl": ("chloride", False), "Ca": ("calcium", False),
    "Mg": ("magnesium", False), "HCO": ("bicarbonate", False), "Cr": ("creatinine", False),
    "Hgb": ("hemoglobin", True), "Hct": ("hematocrit", True), "hgb": ("hemoglobin", True),
    "hct": ("hematocrit", True), "Plt": ("platelets", True), "Plts": ("platelets", True),
    "plt": ("platelets", True), "plts": ("platelets", True), "Phos": ("phosphorus", False),
    "Alb": ("albumin", False), "Bili": ("bilirubin", True), "bili": ("bilirubin", True),
    "Trop": ("troponin", False), "Gluc": ("glucose", True), "Zn": ("zinc", False), "Li": ("lithium", False),
    "Fe": ("iron", False), "H": ("hydrogen", False), "NH": ("ammonium", False), "PO": ("phosphate", False),
    "SO": ("sulfate", False), "OH": ("hydroxide", False),
}  # fmt: skip
# Without a value nobody knows whether "Ca" is calcium or cancer.
SYMBOLS = frozenset(("Ca", "Cl", "Cr", "Mg", "Tc"))
# "Ca2+", "HCO3-", "Na+", "Mg++", "Ca(2+)".
_ION = re.compile(r"(?:\d|\(\d\))?(?:\(?\d?\+{1,2}\)?|\(?\d?-\)?)(?![\w+]|-?\d)")
_CATIONS = frozenset(("Na", "K", "Ca", "Mg", "Zn", "Li", "Fe", "H", "NH"))
_FORMULA = {"HCO": "3", "NH": "4", "PO": "4", "SO": "4", "OH": "", "Cl": ""}
_VALUE = re.compile(
    r"(?:\.(?= )|\b)(?: level)?(?: (?:was|is|of|at|up to|down to))? ?[:=<>~]? ?(?P<n>\d{1,3}(?:\.\d+)?)(?![\d/-])"
)
_NO_VALUE_BEFORE = re.compile(
    r"(?:[A-Za-z]-|\b(?:vitamin|vit\.?|group|type|hepatitis|by|and|with|[A-Z])) ?\Z", re.I
)


def read_analyte(text: str, at: int, word: str) -> Hit | None:
    """Return the name of the analyte that `word` stands for at `at`, if it does."""
    name, plain = ANALYTES[word]
    end = at + len(word)
    ion = _ion(text, end, word)
    if ion:
        return Hit(ion, name)
    if word == "HCO" and text.startswith("3", end) and not text[end + 1 : end + 2].isalnum():
        return Hit(end + 1, name)
    if plain and not text[end : end + 1].isalnum():
        return Hit(end, name)
    value = _VALUE.match(text, end)
    if value is None or (word in _FORMULA and word != "Cl"):
        return None
    if word in ("H", "K") and ("." not in value["n"] or _NO_VALUE_BEFORE.search(text, max(0, at - 12), at)):
        return None
    if text[at - 1 : at].isalnum() or text[at - 1 : at] == "-":
        return None
    return Hit(end, name)


def _ion(text: str, end: int, word: str) -> int | None:
    """Return where the sign of an ion ends that stands at `end`; None where there is none."""
    match = _ION.match(text, end)
    if match is None:
        return None
    written = match[0]
    if word in _CATIONS:
        if "+" not in written or (word == "NH" and "4" not in written):
            return None
    elif word in _FORMULA:
        if "-" not in written or _FORMULA[word] not in written:
            return None
        if re.match(r"-[A-Za-z\d]", text[match.end() - 1 : match.end() + 1]):
            return None
    else:
        return None
    return match.end()

"""Which terms a corpus is under: the strictest of everything that went into it.

The order is one of caution, not a legal opinion: more duties on the next user rank higher, and what
cannot be placed ranks highest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """One licence: its SPDX-like id, the id the Hugging Face hub knows it by ("" if none), how strict
    (0: no duties), and what it asks of whoever passes the corpus on."""

    id: str
    hub: str
    rank: int
    duty: str


_SHARE_ALIKE, _COPYLEFT, _NON_COMMERCIAL, _NO_DERIVATIVES, _RESEARCH, _UNKNOWN = 3, 4, 5, 7, 8, 9

_ATTRIBUTE = "credit the authors and say that the material was changed"
_SAME_TERMS = "credit the authors and pass adaptations on under the same licence"
_NO_MONEY = "credit the authors; no commercial use"
_NO_CHANGES = "adaptations may not be passed on: keep a corpus made from it to yourself"

_KNOWN = (
    Terms("CC0-1.0", "cc0-1.0", 0, "no duties"),
    Terms("Unlicense", "unlicense", 0, "no duties"),
    Terms("PDDL-1.0", "pddl", 0, "no duties"),
    Terms("MIT", "mit", 1, "keep the copyright and permission notice"),
    Terms("BSD-3-Clause", "bsd-3-clause", 1, "keep the copyright notice"),
    Terms("Apache-2.0", "apache-2.0", 1, "keep the licence and notices and say what was changed"),
    Terms("MPL-2.0", "mpl-2.0", 2, "pass its files on under the same licence"),
    Terms("ODC-By-1.0", "odc-by", 2, "credit the database"),
    Terms("CC-BY-3.0", "cc-by-3.0", 2, _ATTRIBUTE),
    Terms("CC-BY-4.0", "cc-by-4.0", 2, _ATTRIBUTE),
    Terms("CDLA-Sharing-1.0", "cdla-sharing-1.0", _SHARE_ALIKE, _SAME_TERMS),
    Terms("ODbL-1.0", "odbl", _SHARE_ALIKE, _SAME_TERMS),
    Terms("CC-BY-SA-3.0", "cc-by-sa-3.0", _SHARE_ALIKE, _SAME_TERMS),
    Terms("CC-BY-SA-4.0", "cc-by-sa-4.0", _SHARE_ALIKE, _SAME_TERMS),
    Terms("GPL-3.0", "gpl-3.0", _COPYLEFT, "pass the whole on under the same licence, with its source"),
    Terms("CC-BY-NC-3.0", "cc-by-nc-3.0", _NON_COMMERCIAL, _NO_MONEY),
    Terms("CC-BY-NC-4.0", "cc-by-nc-4.0", _NON_COMMERCIAL, _NO_MONEY),
    Terms("CPML", "", _NON_COMMERCIAL, "no commercial use of the model or of what it says"),
    Terms("CC-BY-NC-SA-3.0", "cc-by-nc-sa-3.0", 6, _NO_MONEY + "; adaptations under the same licence"),
    Terms("CC-BY-NC-SA-4.0", "cc-by-nc-sa-4.0", 6, _NO_MONEY + "; adaptations under the same licence"),
    Terms("CC-BY-ND-4.0", "cc-by-nd-4.0", _NO_DERIVATIVES, _NO_CHANGES),
    Terms("CC-BY-NC-ND-3.0", "cc-by-nc-nd-3.0", _NO_DERIVATIVES, _NO_CHANGES),
    Terms("CC-BY-NC-ND-4.0", "cc-by-nc-nd-4.0", _NO_DERIVATIVES, _NO_CHANGES),
    Terms("research-only", "", _RESEARCH, "research use only"),
)
_BY_KEY = {re.sub(r"[^a-z0-9]", "", terms.id.lower()): terms for terms in _KNOWN}
_ALIASES = {
    "cc0": "CC0-1.0",
    "publicdomain": "CC0-1.0",
    "apache2": "Apache-2.0",
    "apache": "Apache-2.0",
    "apachelicense20": "Apache-2.0",
    "apachelicenseversion20": "Apache-2.0",
    "mitlicense": "MIT",
    "bsd3": "BSD-3-Clause",
    "ccby": "CC-BY-4.0",
    "ccbysa": "CC-BY-SA-4.0",
    "ccbync": "CC-BY-NC-4.0",
    "ccbyncsa": "CC-BY-NC-SA-4.0",
    "ccbynd": "CC-BY-ND-4.0",
    "ccbyncnd": "CC-BY-NC-ND-4.0",
    "coquipublicmodellicense": "CPML",
    "gpl30only": "GPL-3.0",
    "gpl30orlater": "GPL-3.0",
    "gplv3": "GPL-3.0",
    "researchuseonly": "research-only",
    "forresearchonly": "research-only",
    "academicuseonly": "research-only",
}


def terms_of(licence: str) -> Terms:
    """Return what is known of one licence as its source states it ("CC BY 4.0", "cc-by-4.0", …).

    A licence with an added restriction to research ("MIT; research use only") is research-only;
    what is not in the table is `unknown`, the strictest of all.
    """
    stated = " ".join(licence.split())
    key = re.sub(r"[^a-z0-9+]", "", stated.lower())
    if "researchuseonly" in key or "researchonly" in key or "usedforresearch" in key:
        return _BY_KEY["researchonly"]
    key = key.replace("creativecommons", "cc").replace("+", "")
    known = _BY_KEY.get(key)
    if known is None and key in _ALIASES:
        known = _BY_KEY[re.sub(r"[^a-z0-9]", "", _ALIASES[key].lower())]
    return known or Terms("unknown", "unknown", _UNKNOWN, "nothing is permitted until its owner says so")


def strictest(licences: Iterable[str]) -> tuple[str, str]:
    """Return the id of the licence that a corpus made from all of these is under, and why, in words.

    Ids are SPDX's where there is one, else `CPML`, `research-only` or `unknown`. No licences at all is
    `unknown`: silence is not permission. Among equals the first in alphabetical order of id is named.
    """
    stated = sorted(set(licences))
    if not stated:
        return "unknown", "No source states a licence, so nothing is permitted until one does."
    all_terms = sorted({terms_of(text) for text in stated}, key=lambda terms: (-terms.rank, terms.id))
    top = all_terms[0]
    if len(all_terms) == 1:
        text = f"Everything in it is under {top.id}: {top.duty}."
    else:
        others = ", ".join(sorted(terms.id for terms in all_terms[1:]))
        text = (
            f"{top.id} is the strictest of its terms ({top.duty}); also in it: {others}, whose notices stay."
        )
    if top.rank == _UNKNOWN:
        unplaced = ", ".join(repr(text) for text in stated if terms_of(text).rank == _UNKNOWN)
        text += f" Not recognised: {unplaced}."
    text += _conflict(all_terms)
    return top.id, text


def _conflict(all_terms: list[Terms]) -> str:
    """Say so when share-alike parts and other parts cannot go on under any one licence."""
    same = [t for t in all_terms if t.rank in (_SHARE_ALIKE, _COPYLEFT, 6)]
    stricter = [t for t in all_terms if t.rank > min((s.rank for s in same), default=_UNKNOWN)]
    if same and (stricter or len(same) > 1):
        names = ", ".join(sorted(t.id for t in same))
        return (
            f" Share-alike parts ({names}) may not be passed on under other terms: keep each dialogue under "
            "its own licence (column `licence`), or leave one side out before you redistribute."
        )
    return ""

"""English: addresses of the web and of mail, as one dictates them."""

from __future__ import annotations

import re

from medsynth.text.spoken_forms.letters import LOWER_SPELLED, sayable, spell
from medsynth.text.spoken_forms.numerals import digits_en
from medsynth.text.spoken_forms.scan import Hit

_END = r"(?:gov|org|com|net|edu|int|info|mil|ca|au|eu|(?:ac|co|gov|nhs|org)\.uk|uk|de|cn)"
_ADDRESS = re.compile(
    rf"(?P<h>https?://)?(?P<a>[\w.+-]{{1,64}}@)?(?:[A-Za-z0-9-]{{1,63}}\.){{1,6}}{_END}(?![A-Za-z0-9@])"
    r"(?P<p>(?:[/?#][\w%&=~+.-]*){0,20})"
)
_FILE = re.compile(r"[A-Za-z][\w-]{0,62}\.(?:html?|pdf|aspx?|php)(?![A-Za-z0-9])")
_PART = re.compile(r"[A-Za-z]+|\d+|[^A-Za-z\d]")
_SIGNS = {".": "dot", "/": "slash", "@": "at", "-": "dash", "_": "underscore", "?": "question mark", "=": "equals",
          "&": "and", "#": "hash", "%": "percent", "~": "tilde", "+": "plus"}  # fmt: skip


def read_address(text: str, at: int) -> Hit | None:
    """Return the reading of an address: "W W W dot C D C dot gov slash flu"; "http" is not said."""
    file = _FILE.match(text, at)
    if file:
        return Hit(file.end(), " ".join(_part(part[0], False) for part in _PART.finditer(file[0])))
    match = _ADDRESS.match(text, at)
    if match is None or (at and text[at - 1] == "."):
        return None
    end = match.end() - (len(match[0]) - len(match[0].rstrip(".-?/")))
    written = text[match.end("h") if match["h"] else at : end]
    host = len(written) - max(0, end - match.start("p"))
    return Hit(end, " ".join(_part(part[0], part.start() < host) for part in _PART.finditer(written)))


def _part(part: str, host: bool) -> str:
    if part.isdecimal():
        return digits_en(part)
    if not part.isalpha():
        return _SIGNS.get(part, "")
    # Three letters of a host are most often an institute: "nih", "nei".
    word = len(part) > (3 if host else 2) and sayable(part.upper()) and (part not in LOWER_SPELLED)
    if part.lower() in ("gov", "org", "com", "net", "edu", "info", "nhs") or word:
        return part if part.lower() not in ("nhs", "edu") else spell(part)
    return spell(part)

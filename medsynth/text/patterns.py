"""Regular expressions that stay linear on untrusted text."""

from __future__ import annotations

import re

_RUN = re.compile(r"(\\s|\\W|\[(?:\\s|，)[^\]]*\])([*+])")


def bounded(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Compile `pattern` with every open run of blanks or separators held to four characters.

    Neighbouring `\\s*` and `[\\s,]*` would else share a long run of blanks in quadratically many ways.
    """
    return re.compile(
        _RUN.sub(lambda m: m.group(1) + ("{0,4}" if m.group(2) == "*" else "{1,4}"), pattern), flags
    )

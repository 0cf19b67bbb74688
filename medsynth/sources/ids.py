"""Record ids: safe as file names, stable, distinct for distinct rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

MAX_ID = 120
# Room for the suffix of a collision, ".dup" and eight digits.
_MAX_BASE = MAX_ID - 12
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def slug(text: str) -> str:
    """Return `text` with every run of characters outside `[A-Za-z0-9._-]` as one hyphen, no dot in front."""
    return _UNSAFE.sub("-", text).lstrip(".").strip("-")


def digest(*parts: str) -> str:
    """Return 8 hex digits of the parts (lone surrogates allowed)."""
    joined = "\x00".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=4).hexdigest()


def safe_id(parts: Sequence[str], limit: int = _MAX_BASE) -> str:
    """Join parts by hyphens into `[A-Za-z0-9._-]+`, no dot in front, at most `limit` characters.

    Where making it safe or short changed something, 8 hex digits of the original parts follow, so
    that distinct parts stay distinct.
    """
    plain = "-".join(parts)
    safe = "-".join(filter(None, (slug(part) for part in parts)))
    if safe == plain and 0 < len(safe) <= limit:
        return safe
    return f"{safe[: limit - 9] or 'x'}-{digest(*parts)}"


class IdGiver:
    """Makes ids unique against `seen` (lower-cased ids), which it also fills."""

    def __init__(self, seen: set[str]) -> None:
        self.seen = seen
        self._next: dict[str, int] = {}

    def give(self, parts: Sequence[str]) -> tuple[str, str]:
        """Return the row's id, and the id it had to give way from ("" when it was free).

        Ids are compared without regard to case, for file systems that do so. A second row with the
        same id gets the suffix `.dup2`, a third `.dup3`.
        """
        base = safe_id(parts)
        key = base.lower()
        if key not in self.seen:
            self.seen.add(key)
            return base, ""
        number = self._next.get(key, 2)
        while f"{key}.dup{number}" in self.seen:
            number += 1
        self._next[key] = number + 1
        self.seen.add(f"{key}.dup{number}")
        return f"{base}.dup{number}", base

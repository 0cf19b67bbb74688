"""From written to spoken form, one file a concern; `medsynth.text.spoken` is the entrance."""

from __future__ import annotations


def listed(text: str) -> tuple[str, ...]:
    """Return the words of a blank-separated list."""
    return tuple(text.split())

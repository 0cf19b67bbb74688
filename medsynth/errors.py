"""What a user is shown: the one kind of error that is a line without a traceback, and text made safe to print."""

import re

# Controls (terminal escape sequences begin with one), marks that reorder what stands beside them, and halves
# of surrogate pairs, which no terminal takes. Line feeds and tabs stay.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class UserError(Exception):
    """Something the user can mend. The message names the file, the row or the option, and what to do."""


def printable(text: str) -> str:
    """Return text that may come from data or file names, with what could steer a terminal written as `\\x1b`."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)

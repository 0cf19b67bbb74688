"""Reading JSON records one at a time: JSON lines, and arrays too large to load.

A line is decoded on its own, so a bad one costs one row. A bad element of an array cannot be stepped
over (nothing says where the next one begins), so the rest of the array is one row with an error.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from medsynth.records import Reason
from medsynth.sources.base import Row, RowError
from medsynth.sources.files import data_suffix, open_bytes

MAX_RECORD = 16 * 1024 * 1024
CHUNK = 256 * 1024
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
NOT_UTF8 = "the bytes are not valid UTF-8, which was tried (the reader toyhom reads GBK)"


def json_rows(path: Path, id_of: Callable[[dict[str, Any]], str | None]) -> Iterator[Row]:
    """Yield one `Row` per record of a `.json` or `.jsonl` file; values are objects (dict).

    A `.json` file that begins with `[` is an array; everything else is read as lines. Rows are counted
    from 1; in lines, blank ones count but are no rows.
    """
    with open_bytes(path) as stream:
        start = stream.read(4096).removeprefix(codecs.BOM_UTF8).lstrip()[:1]
        stream.seek(0)
        is_array = start == b"[" and data_suffix(path) == ".json"
        for where, value in _array(stream) if is_array else _lines(stream):
            if isinstance(value, RowError):
                yield Row(None, where, error=value)
            elif not isinstance(value, dict):
                yield Row(None, where, error=RowError(Reason.MALFORMED_ROW, "the row is not a JSON object"))
            else:
                yield Row(id_of(value), where, value)


def json_members(path: Path) -> Iterator[Row]:
    """Yield one `Row` per member of a `.json` file that is one object of objects: key as id, value a dict.

    What is said of arrays holds here too: the rest behind a broken member is one row with an error.
    """
    with open_bytes(path) as stream:
        for where, member in _sequence(stream, "{", _member):
            if isinstance(member, RowError):
                yield Row(None, where, error=member)
            elif not isinstance(member[1], dict):
                error = RowError(Reason.MALFORMED_ROW, "the member is not a JSON object")
                yield Row(member[0] or None, where, error=error)
            else:
                yield Row(member[0] or None, where, member[1])


def _lines(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    number = 0
    while line := stream.readline(MAX_RECORD + 1):
        number += 1
        too_long = len(line) > MAX_RECORD
        while too_long and not line.endswith(b"\n") and (line := stream.readline(CHUNK)):
            pass
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if too_long:
            yield (
                f"row {number}",
                RowError(Reason.MALFORMED_ROW, f"the line is longer than {MAX_RECORD} bytes"),
            )
        elif line.strip():
            yield f"row {number}", _loads(line)


def _loads(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return RowError(Reason.BAD_ENCODING, NOT_UTF8)
    except json.JSONDecodeError as error:
        return RowError(
            Reason.MALFORMED_ROW, f"not JSON: {error.msg} (character {error.pos + 1} of the line)"
        )
    except (ValueError, RecursionError):
        return RowError(Reason.MALFORMED_ROW, "not JSON: nested too deep, or a number of absurd length")


class _Text:
    """The text of a stream, decoded as far as needed. `fault` says why there is no more, if not the end."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.buffer = ""
        self.dropped = 0  # characters before the buffer
        self.ended = False
        self.fault: RowError | None = None

    def drop(self, end: int) -> None:
        self.buffer = self.buffer[end:]
        self.dropped += end

    def more(self) -> bool:
        """Decode at least as much again as the buffer holds; return whether the buffer grew."""
        before = len(self.buffer)
        pieces = [self.buffer]
        wanted = max(CHUNK, before)
        while not self.ended and wanted > 0:
            chunk = self.stream.read(min(wanted, 4 * CHUNK))
            wanted -= len(chunk)
            self.ended = not chunk
            try:
                pieces.append(self.decoder.decode(chunk, final=self.ended))
            except UnicodeDecodeError as error:
                pieces.append(error.object[: error.start].decode("utf-8"))
                self.ended = True
                self.fault = RowError(Reason.BAD_ENCODING, NOT_UTF8)
        self.buffer = "".join(pieces)
        return len(self.buffer) > before

    def skip_space(self, start: int) -> int:
        """Return the index of the next character that is not blank; the buffer's end at the text's end."""
        while (start := _skip(self.buffer, start)) == len(self.buffer) and self.more():
            pass
        return start


def _array(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    return _sequence(stream, "[", _element)


def _sequence(
    stream: BinaryIO, opening: str, read: Callable[[_Text, int], tuple[Any, int]]
) -> Iterator[tuple[str, Any]]:
    what, closing = ("array", "]") if opening == "[" else ("object", "}")
    text = _Text(stream)
    number = 0
    at = text.skip_space(0)
    try:
        if not text.buffer.startswith(opening, at):
            raise _broken(text, at, f"the file does not begin with {opening!r}")
        at += 1
        while True:
            at = text.skip_space(at)
            if text.buffer.startswith(closing, at) and number == 0:
                at += 1
                break
            value, at = read(text, at)
            number += 1
            yield f"row {number}", value
            at = text.skip_space(at)
            mark = text.buffer[at : at + 1]
            at += 1
            if mark == closing:
                break
            if mark != ",":
                fault = f"expected ',' or {closing!r}" if mark else f"the {what} ends without {closing!r}"
                raise _broken(text, at - 1, fault)
            if at > CHUNK:
                text.drop(at)
                at = 0
        at = text.skip_space(at)
        if at < len(text.buffer) or text.fault:
            raise _broken(text, at, f"there is something behind the end of the {what}")
    except RowError as error:
        yield f"row {number + 1}", error


def _member(text: _Text, at: int) -> tuple[tuple[str, Any], int]:
    key, at = _element(text, at)
    at = text.skip_space(at)
    if not isinstance(key, str) or not text.buffer.startswith(":", at):
        raise _broken(text, at, "expected a name and ':'")
    value, at = _element(text, text.skip_space(at + 1))
    return (key, value), at


def _element(text: _Text, at: int) -> tuple[Any, int]:
    while True:
        try:
            value, end = _DECODER.raw_decode(text.buffer, at)
            # A number near the buffer's end may go on in the next chunk ("1." or "1e-" reads as 1).
            if end + 2 < len(text.buffer) or not text.more():
                return value, end
        except json.JSONDecodeError as error:
            # Cut by the buffer, or wrong? Only an unfinished string is noticed far from the cut.
            cut = error.msg.startswith("Unterminated string") or error.pos >= len(text.buffer) - 16
            if cut and len(text.buffer) - at > MAX_RECORD:
                raise _broken(text, at, f"one record is longer than {MAX_RECORD} characters") from None
            if cut and text.fault:
                raise text.fault from None
            if not (cut and text.more()):
                raise _broken(text, error.pos, f"not JSON: {error.msg}") from None
        except (ValueError, RecursionError):
            raise _broken(text, at, "not JSON: nested too deep, or a number of absurd length") from None


def _broken(text: _Text, at: int, what: str) -> RowError:
    if text.fault and at >= len(text.buffer):
        return text.fault
    place = f"character {text.dropped + at + 1} of the file"
    return RowError(Reason.MALFORMED_ROW, f"{what} ({place}); the rest of the file is left out")


def peek(path: Path, head: bytes, count: int = 5) -> tuple[list[dict[str, Any]], str]:
    """Return up to `count` records (objects) from a file's first bytes, and, if none, why not."""
    text = head.decode("utf-8-sig", "replace").lstrip()
    if text[:1] == "[":
        if data_suffix(path) != ".json":
            return [], "it holds a JSON array but is not called .json"
        found = _peek_array(text, count)
    elif text[:1] == "{":
        lines = text.split("\n")[: 10 * count]
        found = [value for line in lines if not isinstance(value := _loads(line.encode()), RowError)][:count]
    else:
        return [], "it is not JSON"
    if not found and text.startswith("{"):
        return [], "its first line is no whole JSON record (one object over many lines is no list of records)"
    records = [value for value in found if isinstance(value, dict)]
    return records, "" if records else "no whole JSON record in its first 64 KiB"


def peek_members(head: bytes, count: int = 5) -> dict[str, Any]:
    """Return up to `count` whole members of a file that is one JSON object, from its first bytes."""
    text = head.decode("utf-8-sig", "replace").lstrip()
    found: dict[str, Any] = {}
    at = 1
    while text.startswith("{") and len(found) < count:
        try:
            key, at = _DECODER.raw_decode(text, _skip(text, at))
            at = _skip(text, at)
            if not isinstance(key, str) or not text.startswith(":", at):
                break
            found[key], at = _DECODER.raw_decode(text, _skip(text, at + 1))
        except (ValueError, RecursionError):
            break
        at = _skip(text, at)
        at += text.startswith(",", at)
    return found


def _peek_array(text: str, count: int) -> list[Any]:
    found: list[Any] = []
    at = 1
    while len(found) < count:
        try:
            value, at = _DECODER.raw_decode(text, _skip(text, at))
        except (ValueError, RecursionError):
            break
        found.append(value)
        at = _skip(text, at)
        at += text.startswith(",", at)
    return found


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at

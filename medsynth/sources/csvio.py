"""Reading CSV and TSV rows with the csv module, so that bad bytes and quotes cost as few rows as can be."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from medsynth.records import Reason
from medsynth.sources.base import Row, RowError
from medsynth.sources.files import data_suffix, open_bytes

MAX_FIELD = 16 * 1024 * 1024
# A record of its own behind the last line: where it is swallowed, a quotation mark was left open.
_END = "end of file"


def csv_rows(path: Path, encoding: str, id_of: Callable[[dict[str, str]], str | None]) -> Iterator[Row]:
    """Yield one `Row` per record of a CSV (`.tsv`: tab-separated) with a header; values are dicts.

    Records are counted from 1 behind the header; blank lines are none. A record whose bytes are not valid
    in `encoding`, or with more or fewer fields than the header, has an error and costs no other row.
    """
    header: list[str] | None = None
    number = 0
    with open_bytes(path) as stream:
        # surrogateescape: structure is ASCII, so one bad byte spoils its own record only
        text = io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="")
        csv.field_size_limit(MAX_FIELD)
        lines = _Lines(text)
        table = csv.reader(lines, delimiter=delimiter(path))
        while True:
            try:
                fields = next(table, None)
            except csv.Error as error:
                yield _bad(number + 1, f"not CSV: {error}; the rest of the file is left out")
                return
            if fields is None or (lines.ended and fields == [_END]):
                return
            if not fields:
                continue
            if header is not None:
                number += 1
            if lines.ended:
                yield _bad(
                    max(number, 1), "a quotation mark is never closed; the rest of the file is behind it"
                )
                return
            if header is None:
                header = fields
            else:
                yield _row(header, fields, number, encoding, id_of)


def _row(
    header: list[str],
    fields: list[str],
    number: int,
    encoding: str,
    id_of: Callable[[dict[str, str]], str | None],
) -> Row:
    if not all(map(_valid, fields)):
        hint = " (the reader toyhom reads GBK)" if encoding.startswith("utf") else ""
        detail = f"the bytes are not valid {encoding}, which was tried{hint}"
        return Row(None, f"row {number}", error=RowError(Reason.BAD_ENCODING, detail))
    if len(fields) != len(header):
        return _bad(number, f"{len(fields)} fields where the header has {len(header)}")
    value = dict(zip(header, fields, strict=True))
    return Row(id_of(value), f"row {number}", value)


def _bad(number: int, detail: str) -> Row:
    return Row(None, f"row {number}", error=RowError(Reason.MALFORMED_ROW, detail))


def _valid(field: str) -> bool:
    if field.isascii():
        return True
    try:
        field.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class _Lines:
    """The lines of a text, then `_END`; `ended` once that has been given out."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        while line := self.text.readline(MAX_FIELD):
            if len(line) == MAX_FIELD:
                raise csv.Error(f"a line is longer than {MAX_FIELD} characters")
            yield line
        self.ended = True
        yield _END


def delimiter(path: Path) -> str:
    """Return the field separator that the file's name promises."""
    return "\t" if data_suffix(path) == ".tsv" else ","


def peek_header(path: Path, head: bytes) -> list[str]:
    """Return the column names in a file's first bytes ([] when they are no CSV header)."""
    text = head.decode("utf-8-sig", "replace")
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(path)), [])
    except csv.Error:
        return []

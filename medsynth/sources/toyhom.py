"""Toyhom's Chinese medical dialogue data: questions with a title, in GBK."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medsynth.records import Reason
from medsynth.sources.base import Parsed, Row, RowError, Source, SourceConfig
from medsynth.sources.csvio import csv_rows, peek_header
from medsynth.sources.files import data_suffix, open_bytes, read_head
from medsynth.sources.turns import clean_meta, field, make_turn, text_of_value

_HEADER = ["department", "title", "ask", "answer"]
_NOTHING = frozenset({"", "无", "无。"})
_FINAL_MARKS = "？?。.！!，,～~… \u3000\t\r\n"
MAX_LINE = 1024 * 1024


class Toyhom(Source):
    """The CSV files (department, title, ask, answer), and the `.txt` files of two-line blocks.

    Decoded as gb18030, of which GBK is a part; a file that begins with valid UTF-8 Chinese is a
    re-encoded copy and read as UTF-8 (text in GBK is never valid UTF-8 over any length).
    """

    name = "toyhom"
    description = "Toyhom Chinese medical dialogue data: title, question and answer (CSV or text, GBK)"
    lang = "zh"
    kind = "qa"
    licence = "MIT"
    citation = "Toyhom, Chinese-medical-dialogue-data"

    def mismatch(self, path: Path, head: bytes) -> str:
        """Ask for the published header, or in a text file for blocks of `title,question` and answer."""
        if data_suffix(path) != ".txt":
            fits = peek_header(path, head) == _HEADER
            return "" if fits else f"its header is not {','.join(_HEADER)}"
        first, _, rest = head.replace(b"\r\n", b"\n").partition(b"\n")
        blocks = b"," in first and not rest.startswith(b"\n") and b"\n\n\n" in rest
        if blocks and not head.isascii():
            return ""
        return "it is not in blocks of title,question / answer / two blank lines"

    def rows(self, path: Path, config: SourceConfig) -> Iterator[Row]:
        """Yield one row per question; the source has no ids."""
        encoding = _encoding(read_head(path))
        if data_suffix(path) == ".txt":
            return _blocks(path, encoding)
        return csv_rows(path, encoding, lambda row: None)

    def parse(self, value: Any, config: SourceConfig) -> Parsed:
        """Make the question of title and ask, which often repeat each other."""
        title, ask, answer = (text_of_value(field(value, name), name) for name in _HEADER[1:])
        question = join_question(title, ask)
        said_in = {title: "title", ask: "ask"}.get(question, "title,ask")
        return Parsed(
            turns=(make_turn("patient", question), make_turn("doctor", answer)),
            meta=clean_meta({"department": value.get("department"), "question_from": said_in}),
        )


def join_question(title: str, ask: str) -> str:
    """Return `ask` where it contains the title, the title where `ask` adds nothing, else both on two lines.

    Final marks do not count in the comparison; an `ask` of "无" (none) adds nothing.
    """
    core = title.strip(_FINAL_MARKS)
    if ask.strip() in _NOTHING or (core and ask.strip(_FINAL_MARKS) in core):
        return title
    return ask if core in ask else f"{title}\n{ask}"


def _encoding(head: bytes) -> str:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "gb18030"
    return "gb18030" if head.isascii() else "utf-8"


def _blocks(path: Path, encoding: str) -> Iterator[Row]:
    """Yield the blocks of a text file: a line `title,ask`, the answer's lines; two blank lines end it."""
    number = 0
    with open_bytes(path) as stream:
        block: list[bytes] = []
        blank = 0
        for line in itertools.chain(iter(lambda: stream.readline(MAX_LINE), b""), (b"\n", b"\n")):
            text = line.rstrip(b"\r\n")
            blank = 0 if text else blank + 1
            block.append(text)
            if blank >= 2:
                if any(block):
                    number += 1
                    yield _block(block, number, encoding)
                block = []


def _block(lines: list[bytes], number: int, encoding: str) -> Row:
    where = f"row {number}"
    try:
        first, *rest = b"\n".join(lines).strip(b"\n").decode(encoding).split("\n")
    except UnicodeDecodeError:
        error = RowError(Reason.BAD_ENCODING, f"the bytes are not valid {encoding}, which was tried")
        return Row(None, where, error=error)
    title, comma, ask = first.partition(",")
    if not comma or not rest:
        error = RowError(Reason.MALFORMED_ROW, "the block is not a line title,question and an answer")
        return Row(None, where, error=error)
    return Row(None, where, {"title": title, "ask": ask, "answer": "\n".join(rest)})

"""The driver: from a source path to one `Ingested` per row, whatever the rows hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from medsynth.records import Failed, Kept, RawQA, RawTurn, Reason, Rejected
from medsynth.sources.base import Ingested, Parsed, Row, RowError, Source, SourceConfig, SourceError
from medsynth.sources.files import data_stem, read_head
from medsynth.sources.generic import check_columns, mismatch_columns
from medsynth.sources.ids import IdGiver, safe_id
from medsynth.sources.registry import data_files, detect, files_that_fit, get_source

_PATH = re.compile(r"(?:[A-Za-z]:)?[\\/]\S*")
_QUOTED = re.compile(r"['\"‘“`「].*", re.DOTALL)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_ENOUGH = 2000  # characters that show the language


def reader_for(config: SourceConfig, path: Path) -> Source:
    """Return the configured reader, else `generic` where columns are mapped, else the detected one."""
    if config.reader is None and not config.columns:
        return detect(path)
    reader = get_source(config.reader or "generic")
    if config.columns:
        if reader.name != "generic":
            raise SourceError(f"columns: only the reader generic has them, not {reader.name}")
        check_columns(path, config.columns)
    return reader


def source_files(config: SourceConfig, path: Path) -> tuple[Source, list[Path]]:
    """Return the reader of a source and the files it reads, in order. Raises `SourceError`."""
    reader = reader_for(config, path)
    if path.is_dir() and config.columns:
        columns = config.columns
        return reader, files_that_fit(
            path, lambda file: mismatch_columns(file, read_head(file), columns), reader.name
        )
    return reader, data_files(path, reader)


def ingest(config: SourceConfig, path: Path, seen: set[str]) -> Iterator[Ingested]:
    """Return an iterator over the rows of `path` in order, one `Ingested` each.

    `path` is `config.path` made absolute by the caller. `seen` holds the (lower-cased) ids given so far
    and is added to; pass the same set for all sources of a run. Raises `SourceError` at once when the
    path, reader or columns cannot be used; after that no row and no damaged file raises.

    `lang`, `kind` and `licence` of the configuration win over what rows say, and those over the reader.
    """
    reader, files = source_files(config, path)
    return _ingest(reader, config, path, files, IdGiver(seen))


def _ingest(
    reader: Source, config: SourceConfig, path: Path, files: list[Path], ids: IdGiver
) -> Iterator[Ingested]:
    name = config.name or reader.name
    for file in files:
        relative = file.relative_to(path) if file != path else Path(file.name)
        stem = ".".join((*relative.parts[:-1], data_stem(relative)))
        for row in _guarded(reader, file, config):
            # "row 12" is told from a native id "12"
            given, instead_of = ids.give((name, stem, row.native_id or row.where.replace(" ", "")))
            where = f"{relative.as_posix()}: {row.where}".encode("utf-8", "replace").decode()
            yield Ingested(given, where, _outcome(reader, config, row, given, instead_of))


def _guarded(reader: Source, file: Path, config: SourceConfig) -> Iterator[Row]:
    """Yield the reader's rows; when reading breaks off, one row with an error for the rest of the file."""
    number = 0
    try:
        for row in reader.rows(file, config):
            number += 1
            yield row
    except Exception as error:  # a damaged file ends here, the run does not
        message = error.strerror or "" if isinstance(error, OSError) else str(error)
        detail = f"the file cannot be read on from here ({type(error).__name__}: {_harmless(message)})"
        yield Row(None, f"row {number + 1}", error=RowError(Reason.MALFORMED_ROW, detail))


def _outcome(
    reader: Source, config: SourceConfig, row: Row, given: str, instead_of: str
) -> Kept | Rejected | Failed:
    try:
        if row.error is not None:
            raise row.error
        parsed = reader.parse(row.value, config)
        if instead_of:
            parsed = replace(parsed, meta={**parsed.meta, "id_collision": instead_of})
        return Kept((_record(reader, config, parsed, given),))
    except RowError as error:
        return Rejected(error.reason, error.detail)
    except Exception as error:  # a reader's mistake fails its row and no other
        return Failed(type(error).__name__, _harmless(str(error)))


def _record(reader: Source, config: SourceConfig, parsed: Parsed, given: str) -> RawQA:
    name = config.name or reader.name
    lang = config.lang or parsed.lang or reader.lang
    return RawQA(
        id=given,
        source=name,
        group=given if parsed.group is None else f"{safe_id([name])}:{safe_id([parsed.group])}",
        lang=script_language(parsed.turns) if lang == "auto" else lang,
        licence=config.licence or reader.licence,
        kind=config.kind or parsed.kind or reader.kind,
        turns=parsed.turns,
        meta=parsed.meta,
        patient=parsed.patient,
    )


def script_language(turns: tuple[RawTurn, ...]) -> str:
    """Return `zh` where a quarter of the letters or more are Han characters, else `en`.

    For shapes that are published in several languages and do not say which; *screen* checks the
    language of every record anyway.
    """
    text = "".join(turn.text[:_ENOUGH] for turn in turns)[:_ENOUGH]
    if text.isascii():
        return "en"
    letters = sum(map(str.isalpha, text))
    return "zh" if letters and len(_HAN.findall(text)) * 4 >= letters else "en"


def _harmless(message: str) -> str:
    """Return a message's first line without paths, and without what it quotes (which may be row text)."""
    first = message.strip().split("\n", 1)[0][:500]
    return _QUOTED.sub("…", _PATH.sub("<path>", first))[:200].strip()

"""Finding and opening the files of a source: what a folder stands for, gzip, the first bytes."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from medsynth.sources.base import SourceError

HEAD_BYTES = 64 * 1024
SUFFIXES = frozenset({".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".xml", ".txt", ".textgrid"})


def data_suffix(path: Path) -> str:
    """Return the suffix that says what the file holds, in lower case and without a final `.gz`."""
    return _without_gz(path).suffix.lower()


def data_stem(path: Path) -> str:
    """Return the file name without its data suffix and without `.gz`."""
    return _without_gz(path).stem


def _without_gz(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading bytes; gzip is recognised by its magic number, whatever the name says."""
    raw = path.open("rb")
    magic = raw.read(2)
    raw.seek(0)
    if magic != b"\x1f\x8b":
        return raw
    raw.close()
    return cast(BinaryIO, gzip.open(path, "rb"))


def read_head(path: Path) -> bytes:
    """Return the first 64 KiB of a file's (unpacked) content; what a damaged gzip stream still gives.

    Raises `SourceError` for a file that cannot be opened or read.
    """
    head = bytearray()
    try:
        with open_bytes(path) as stream:
            while len(head) < HEAD_BYTES and (chunk := stream.read(HEAD_BYTES - len(head))):
                head += chunk
    except (EOFError, zlib.error, gzip.BadGzipFile):
        pass  # recognition works with what there is; reading the rows reports the damage
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or type(error).__name__})") from error
    return bytes(head)


def walk(folder: Path) -> list[Path]:
    """Return the files below `folder` with a data suffix, sorted by their path relative to it.

    Hidden files and folders are skipped, linked folders are not entered, and linked files count only
    when they point to a file inside the folder. Raises `SourceError` when none is left.
    """
    root = folder.resolve()
    found: list[tuple[str, Path]] = []
    left_out = 0

    def unreadable(error: OSError) -> None:
        raise SourceError(f"{folder}: a folder in it cannot be listed ({error.strerror})")

    for where, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(where, name)
            if name.startswith(".") or data_suffix(path) not in SUFFIXES:
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                left_out += 1
            elif path.is_file():
                found.append((path.relative_to(folder).as_posix(), path))
    if not found:
        links = f"; {left_out} links to files outside it were not followed" if left_out else ""
        raise SourceError(
            f"{folder}: no data files here (looked for {' '.join(sorted(SUFFIXES))}, also .gz){links}"
        )
    return [path for _, path in sorted(found)]


def require(path: Path) -> None:
    """Raise `SourceError` unless `path` is a folder, or a readable file that is not empty."""
    if path.is_dir():
        return
    if not path.exists():
        raise SourceError(f"{path}: no such file or folder")
    if not path.is_file():
        raise SourceError(f"{path}: neither a file nor a folder")
    if not read_head(path) and path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty")

"""Files that are either there and whole, or not there."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from medsynth.errors import UserError


def fsync_dir(path: Path) -> None:
    """Flush a folder's entries, so that a rename in it survives a power cut."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def commit(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, flush it, and rename it into place.

    Raises UserError when the disk is full; a half-written file is removed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(f"no space left to write {path}: free some, then run the same command") from None
        raise
    fsync_dir(path.parent)


def commit_text(path: Path, text: str) -> None:
    """Write a text file atomically (UTF-8)."""
    commit(path, lambda temporary: temporary.write_bytes(text.encode()))


def copy_database(source: Path, target: Path) -> None:
    """Write a whole copy of a SQLite file, also of one that is being written. Raises UserError for a full disk."""

    def write(temporary: Path) -> None:
        with closing(sqlite3.connect(source, timeout=30)) as db, closing(sqlite3.connect(temporary)) as copy:
            db.backup(copy)

    try:
        commit(target, write)
    except sqlite3.DatabaseError as error:
        target.with_name(f".{target.name}.{os.getpid()}.tmp").unlink(missing_ok=True)
        raise UserError(f"{source} cannot be copied to {target}: {error}") from None


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half-written in a folder."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


def swap_folder(new: Path, path: Path) -> None:
    """Put the finished folder `new` in the place of `path` (same file system), keeping no old copy."""
    old = path.with_name(f".{path.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        path.rename(old)
    new.rename(path)
    fsync_dir(path.parent)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this process. Raises UserError when another live process holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            owner = handle.read().strip() or "unknown"
            raise UserError(
                f"{folder} is in use by another medsynth (process {owner}); wait for it or give --out another folder"
            ) from None
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield

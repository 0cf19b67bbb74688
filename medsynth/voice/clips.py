"""What a slow engine said, on disk before it is used: a killed run has nothing said twice.

One SQLite file per run with one writer (the process that holds the engine). A clip is kept as the engine gave
it, in 16 bits, so that other checks, loudness or repairs have nothing said again either.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import numpy as np

from medsynth.errors import UserError
from medsynth.voice.engine import Clip, Utterance

CLIPS = "clips.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS clips (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, sample_rate INTEGER NOT NULL, bytes INTEGER NOT NULL,
    pcm BLOB NOT NULL);
"""
_PRUNED_TO = 0.9


def clip_key(identity: str, utterance: Utterance) -> str:
    """Return 32 hex digits over the engine's identity, text, language, voice and seed.

    Of a clip that is imitated its sha256 counts, not its place.
    """
    speaker = utterance.speaker
    handle = {
        k: v
        for k, v in speaker.handle.items()
        if f"sha256{k.removeprefix('reference')}" not in speaker.handle
    }
    parts = (identity, utterance.text, utterance.lang, repr(sorted(handle.items())), str(utterance.seed))
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def in_16_bits(clip: Clip) -> Clip:
    """Return a clip as the store gives it back."""
    return _clip(_pcm(clip), clip.sample_rate)


class ClipStore:
    """An open store of at most `limit` bytes of sound. Not to be shared between threads or processes."""

    def __init__(self, path: Path, limit: int) -> None:
        """Open or start the file. Raises UserError when it is damaged or cannot be written."""
        self.path, self.limit = path, limit
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            self._bytes = int(self._db.execute("SELECT total(bytes) FROM clips").fetchone()[0])
        except (sqlite3.DatabaseError, OSError) as error:
            raise UserError(
                f"{path}: the store of clips cannot be opened ({error}); move it away to start a new one"
            ) from None

    def get(self, key: str) -> Clip | None:
        """Return a clip that was kept."""
        row = self._db.execute("SELECT pcm, sample_rate FROM clips WHERE key = ?", (key,)).fetchone()
        return _clip(*row) if row else None

    def put(self, key: str, clip: Clip) -> None:
        """Keep a clip; the oldest go where there is no room. Raises UserError when the disk does not take it."""
        pcm = _pcm(clip)
        try:
            self._db.execute(
                "INSERT OR REPLACE INTO clips (key, sample_rate, bytes, pcm) VALUES (?,?,?,?)",
                (key, clip.sample_rate, len(pcm), pcm),
            )
            self._bytes += len(pcm)
            if self._bytes > self.limit:
                self._prune()
        except sqlite3.OperationalError as error:
            raise UserError(f"{self.path}: the store of clips cannot be written: {error}") from None

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        self._db.close()

    def _prune(self) -> None:
        over = self._bytes - _PRUNED_TO * self.limit
        last, freed = 0, 0
        for last, size in self._db.execute("SELECT id, bytes FROM clips ORDER BY id"):  # noqa: B007
            freed += size
            if freed >= over:
                break
        self._db.execute("DELETE FROM clips WHERE id <= ?", (last,))
        self._bytes -= freed


def _pcm(clip: Clip) -> bytes:
    return np.clip(np.rint(clip.samples * 32768.0), -32768, 32767).astype("<i2").tobytes()


def _clip(pcm: bytes, sample_rate: int) -> Clip:
    return Clip(np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0, sample_rate)

"""Every reply that was paid for, on disk before it is used: a killed run asks for none of them again.

One SQLite file per run with one writer (the process that holds the engine). Replies are found by
`ChatRequest.key`; what they cost is summed by stage and model. Each reply is a transaction of its own in a
write-ahead log, so it outlives the process from the moment `put` returns (a power cut may cost the last ones).
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from medsynth.errors import UserError
from medsynth.llm.base import ChatRequest, EngineError, Reply

JOURNAL = "journal.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT NOT NULL, stage TEXT NOT NULL, record TEXT NOT NULL, model TEXT NOT NULL, attempt INTEGER NOT NULL,
    text TEXT NOT NULL, finish TEXT NOT NULL, prompt_tokens INTEGER, completion_tokens INTEGER,
    latency_s REAL NOT NULL, retries INTEGER NOT NULL, current INTEGER NOT NULL DEFAULT 1);
CREATE UNIQUE INDEX IF NOT EXISTS current_replies ON replies (key) WHERE current = 1;
CREATE TABLE IF NOT EXISTS faults (
    stage TEXT NOT NULL, model TEXT NOT NULL, fault TEXT NOT NULL, requests INTEGER NOT NULL,
    retries INTEGER NOT NULL, PRIMARY KEY (stage, model, fault));
CREATE TABLE IF NOT EXISTS sessions (id INTEGER PRIMARY KEY, stage TEXT NOT NULL, seconds REAL NOT NULL);
"""


@dataclass(frozen=True)
class Usage:
    """What one stage asked of one model. Tokens count the replies that told them; `untold` counts the others.

    `replies` includes those that were asked for anew by `--refresh`; `failed` counts requests without a reply.
    """

    stage: str
    model: str
    replies: int
    prompt_tokens: int
    completion_tokens: int
    untold: int
    cut: int
    retries: int
    latency_s: float
    failed: int = 0
    faults: tuple[tuple[str, int], ...] = ()

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens


class Journal:
    """An open journal. Not to be shared between threads or processes."""

    def __init__(self, path: Path) -> None:
        """Open or start the file. Raises UserError when it is damaged or cannot be written."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except (sqlite3.DatabaseError, OSError) as error:
            raise UserError(
                f"{path}: the reply journal cannot be opened ({error}); move it away to start a new one"
            ) from None
        self._session: int | None = None
        self._told = 0.0

    def get(self, key: str) -> Reply | None:
        """Return the reply to a request that was answered before."""
        row = self._db.execute(
            "SELECT text, finish, model, prompt_tokens, completion_tokens, latency_s, retries FROM replies"
            " WHERE key = ? AND current = 1",
            (key,),
        ).fetchone()
        return Reply(*row) if row else None

    def put(self, key: str, request: ChatRequest, model: str, reply: Reply) -> None:
        """Keep a reply. Raises UserError when the disk does not take it."""
        try:
            self._db.execute(
                "INSERT OR REPLACE INTO replies VALUES (?,?,?,?,?,?,?,?,?,?,?,1)",
                (
                    key, request.stage, request.record, model, request.attempt,
                    reply.text.encode("utf-8", "replace").decode(), reply.finish, reply.prompt_tokens,
                    reply.completion_tokens, reply.latency_s, reply.retries,
                ),
            )  # fmt: skip
        except sqlite3.OperationalError as error:
            raise UserError(f"{self.path}: the reply journal cannot be written: {error}") from None

    def fault(self, request: ChatRequest, model: str, error: EngineError) -> None:
        """Count a request that got no reply."""
        self._db.execute(
            "INSERT INTO faults VALUES (?,?,?,1,?) ON CONFLICT (stage, model, fault)"
            " DO UPDATE SET requests = requests + 1, retries = retries + excluded.retries",
            (request.stage, model, error.fault, error.retries),
        )

    def supersede(self, stage: str) -> int:
        """Let every reply of a stage be asked for again; what it cost stays counted. Returns how many."""
        return self._db.execute(
            "UPDATE replies SET current = 0 WHERE stage = ? AND current = 1", (stage,)
        ).rowcount

    def begin(self, stage: str) -> None:
        """Start the clock of a stage's session with an engine."""
        self._session = self._db.execute(
            "INSERT INTO sessions (stage, seconds) VALUES (?, 0)", (stage,)
        ).lastrowid
        self._told = time.monotonic()
        self._started = self._told

    def tick(self, every_s: float = 1.0) -> None:
        """Bring the clock forward, at most once in `every_s`."""
        now = time.monotonic()
        if self._session is not None and now - self._told >= every_s:
            self._told = now
            self._db.execute(
                "UPDATE sessions SET seconds = ? WHERE id = ?", (now - self._started, self._session)
            )

    def hours(self) -> float:
        """Return the wall time of all sessions so far, in hours."""
        return float(self._db.execute("SELECT total(seconds) FROM sessions").fetchone()[0]) / 3600

    def usage(self) -> list[Usage]:
        """Return what was asked so far, by stage and model."""
        faults: dict[tuple[str, str], Counter[str]] = {}
        retried: Counter[tuple[str, str]] = Counter()
        for stage, model, fault, requests, retries in self._db.execute("SELECT * FROM faults"):
            faults.setdefault((stage, model), Counter())[fault] += requests
            retried[stage, model] += retries
        rows = {
            (row[0], row[1]): row
            for row in self._db.execute(
                "SELECT stage, model, count(*), total(prompt_tokens), total(completion_tokens),"
                " sum(prompt_tokens IS NULL OR completion_tokens IS NULL), sum(finish = 'length'),"
                " sum(retries), total(latency_s) FROM replies GROUP BY stage, model"
            )
        }
        found = []
        for place in sorted(set(rows) | set(faults)):
            row = rows.get(place, (*place, 0, 0, 0, 0, 0, 0, 0.0))
            failed = faults.get(place, Counter())
            found.append(
                Usage(
                    place[0], place[1], row[2], int(row[3]), int(row[4]), row[5], row[6],
                    row[7] + retried[place], row[8], failed.total(), tuple(sorted(failed.items())),
                )
            )  # fmt: skip
        return found

    def by_record(self) -> list[tuple[str, int, int, int, int, float]]:
        """Return per record: id, replies, prompt tokens, completion tokens, untold replies, seconds waited."""
        rows = self._db.execute(
            "SELECT record, count(*), total(prompt_tokens), total(completion_tokens),"
            " sum(prompt_tokens IS NULL OR completion_tokens IS NULL), total(latency_s)"
            " FROM replies GROUP BY record"
        )
        return [(r[0], r[1], int(r[2]), int(r[3]), r[4], r[5]) for r in rows]

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        self.tick(0)
        self._session = None
        self._db.close()

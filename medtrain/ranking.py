"""Ranks candidates and cuts them off at a budget, in a database on disk: memory does not grow with their number.

Within a stratum the best come first. Strata are interleaved: the members of each stand evenly spaced between 0 and
1 from a start of its own (systematic sampling, Cochran 1977, chapter 8), so that every prefix of the whole has the
shares of the pool, to within one member a stratum.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """A dialogue that could be voiced: its score (more is better), stratum, cluster, and length of its speech.

    `letters` of the patient make up the seconds where `seconds` is None. `note` explains the score.
    """

    id: str
    score: float
    lang: str = ""
    stratum: str = ""
    cluster: str | None = None
    letters: int = 0
    seconds: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Ranked:
    """A candidate in its place. `chosen` is "yes", "no" (beyond the budget) or "cluster" (another is listed for it)."""

    id: str
    chosen: str
    score: float
    lang: str
    stratum: str
    cluster: str | None
    seconds: float
    note: str


@dataclass(frozen=True)
class Budget:
    """How much is chosen: so many dialogues, or so many hours of speech (until they are reached)."""

    count: int | None = None
    hours: float | None = None


class Ranking:
    """Candidates as they come, and then in their order. `seed` decides between equals and where strata start."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._base = sqlite3.connect("")  # a file of its own, which goes when the connection does
        self._base.create_function("start", 1, self._share, deterministic=True)
        self._base.execute(
            "create table found (id text, score real, lang text, stratum text, cluster text, letters integer,"
            " seconds real, note text, tie real)"
        )
        self._base.execute("create table rates (lang text primary key, letters real)")
        self._base.execute("create table taken (cluster text primary key)")

    def __len__(self) -> int:
        return int(self._base.execute("select count(*) from found").fetchone()[0])

    def add(self, one: Candidate) -> None:
        """Take a candidate."""
        self._base.execute(
            "insert into found values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                one.id, one.score, one.lang, one.stratum, one.cluster, one.letters, one.seconds, one.note,
                self._share(one.id),
            ),
        )  # fmt: skip

    def taken(self, cluster: str) -> None:
        """State that a member of a cluster is listed already, for `one_per_cluster`."""
        self._base.execute("insert or ignore into taken values (?)", (cluster,))

    def pace(self, lang: str, letters_per_s: float) -> None:
        """State how fast a language is spoken, before `order`; for the others, that of "" holds."""
        self._base.execute("insert or replace into rates values (?, ?)", (lang, letters_per_s))

    def order(self, budget: Budget, *, one_per_cluster: bool = False) -> Iterator[Ranked]:
        """Yield all candidates: the chosen ones first, in order, then the others by theirs."""
        rows = self._base.execute(
            """
            with timed as (
                select id, score, lang, stratum, cluster, note, tie,
                    coalesce(seconds, letters / coalesce(
                        (select letters from rates where rates.lang = found.lang),
                        (select letters from rates where rates.lang = '')
                    )) as seconds,
                    case when :once and cluster is not null then
                        row_number() over (partition by coalesce(cluster, id) order by score desc, tie, id)
                        + (cluster in (select cluster from taken))
                    else 1 end as nth
                from found
            ), placed as (
                select *, (row_number() over (partition by nth = 1, stratum order by score desc, tie, id)
                    - 1 + start(stratum)) / count(*) over (partition by nth = 1, stratum) as place
                from timed
            ), summed as (
                select *,
                    row_number() over (order by nth > 1, place, tie, id) as number,
                    coalesce(sum(seconds) over (
                        order by nth > 1, place, tie, id rows between unbounded preceding and 1 preceding
                    ), 0) as before
                from placed
            )
            select id, case when nth > 1 then 'cluster'
                when number > coalesce(:count, number) or before >= coalesce(:seconds, before + 1) then 'no'
                else 'yes' end, score, lang, stratum, cluster, seconds, note
            from summed order by number
            """,
            {
                "once": one_per_cluster,
                "count": budget.count,
                "seconds": None if budget.hours is None else budget.hours * 3600,
            },
        )
        for row in rows:
            yield Ranked(*row)

    def _share(self, text: str) -> float:
        whole = f"select|{self._seed}|{text}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest(), "big") / 2**64

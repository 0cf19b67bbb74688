"""Links between duplicate rows of a sketch: equal hashes, then MinHash candidates verified by exact Jaccard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from medsynth.text.similarity import Shingles, jaccard

# Short questions must be this alike before question and answer together are compared. Templates that differ
# in the disease alone ("What research is being done for …?") stay below it.
SHORT_QUESTION_JACCARD = 0.7
# In a bucket with more rows than this, rows are compared with the leaders of the sub-clusters found so far
# instead of with each other: boilerplate by the thousand stays linear.
_LARGE_BUCKET = 64


class Components:
    """Connected components of the numbers below `size` (union-find with path halving)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, i: int) -> int:
        """Return the representative of `i`'s component: its smallest member."""
        parent = self._parent
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        """Make the components of `i` and `j` one."""
        a, b = self.find(i), self.find(j)
        if a != b:
            self._parent[max(a, b)] = min(a, b)


def duplicate_links(rows: pl.DataFrame, threshold: float) -> Components:
    """Return the components of duplicate rows. `rows` are sketches (see `dedup`), sorted by the caller.

    Columns used: question, whole, identity (hashes), kind, shingles, question_shingles, bands.
    """
    components = Components(rows.height)
    for column in ("question", "whole", "identity"):
        for members in _repeated(rows, column):
            for other in members[1:]:
                components.join(members[0], other)
    _Near(rows, threshold, components).link()
    return components


def _repeated(rows: pl.DataFrame, column: str) -> Iterator[list[int]]:
    grouped = rows.with_row_index("row").group_by(column).agg("row").filter(pl.col("row").list.len() > 1)
    yield from grouped["row"].to_list()


class _Near:
    """Links rows that share a MinHash band and are near-duplicates by exact Jaccard."""

    def __init__(self, rows: pl.DataFrame, threshold: float, components: Components) -> None:
        self.rows = rows
        self.threshold = threshold
        self.components = components
        self._kind: list[int] = rows["kind"].to_list()
        self._cache: dict[tuple[str, int], Shingles] = {}

    def link(self) -> None:
        """Join every pair of near-duplicates that a bucket shows."""
        for bucket in self._buckets():
            if len(bucket) <= _LARGE_BUCKET:
                for n, i in enumerate(bucket):
                    for j in bucket[:n]:
                        if self.components.find(i) != self.components.find(j) and self._alike(i, j):
                            self.components.join(i, j)
            else:
                self._link_to_leaders(bucket)

    def _link_to_leaders(self, bucket: list[int]) -> None:
        leaders: list[int] = []
        for i in bucket:
            leader = next((j for j in leaders if self._alike(i, j)), None)
            if leader is not None:
                self.components.join(i, leader)
            elif len(leaders) < _LARGE_BUCKET:
                leaders.append(i)

    def _buckets(self) -> list[list[int]]:
        """Return the rows that share a band key, by kind. Rows with the same shingles are linked already:
        one stands for all."""
        frame = self.rows.with_row_index("row").select("row", "kind", "bands", "identity")
        candidates = (
            frame.lazy()
            .unique("identity", keep="first", maintain_order=True)
            .select("row", "kind", "bands")
            .with_columns(band=pl.int_ranges(0, pl.col("bands").list.len(), dtype=pl.UInt8))
            .filter(pl.col("bands").list.len() > 0)
            .explode("bands", "band")
            .group_by("kind", "band", "bands")
            .agg(pl.col("row").sort())
            .filter(pl.col("row").list.len() > 1)
            .select("row")
            .unique()
            .collect(engine="streaming")
        )
        return sorted(candidates["row"].to_list())

    def _shingles(self, column: str, i: int) -> Shingles:
        key = (column, i)
        if key not in self._cache:
            self._cache[key] = np.asarray(self.rows[column][i], dtype=np.uint32)
        return self._cache[key]

    def _alike(self, i: int, j: int) -> bool:
        a, b = self._shingles("shingles", i), self._shingles("shingles", j)
        # The sizes alone bound the Jaccard similarity.
        if min(len(a), len(b)) < self.threshold * max(len(a), len(b)):
            return False
        if self._kind[i] == 0 and not self._questions_alike(i, j):
            return False
        return jaccard(a, b) >= self.threshold

    def _questions_alike(self, i: int, j: int) -> bool:
        a, b = self._shingles("question_shingles", i), self._shingles("question_shingles", j)
        return jaccard(a, b) >= SHORT_QUESTION_JACCARD

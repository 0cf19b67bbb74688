"""Links between duplicate rows: equal hashes, MinHash candidates verified by exact Jaccard, and embeddings.

What is wide (band keys, shingles, embeddings) lies in plain files and is read a column or a row at a time;
in memory are the narrow columns and a few numbers per row.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from medsynth.text.similarity import BANDS, Shingles, jaccard

# Short questions must be this alike before question and answer together are compared. Templates that differ
# in the disease alone ("What research is being done for …?") stay below it.
SHORT_QUESTION_JACCARD = 0.7
# In a bucket with more rows than this, rows are compared with the leaders of the sub-clusters found so far
# instead of with each other: boilerplate by the thousand stays linear.
_LARGE_BUCKET = 48

NARROW: dict[str, Any] = {
    "id": pl.String,
    "group": pl.String,
    "held_out": pl.String,
    "question": pl.UInt64,
    "whole": pl.UInt64,
    "said": pl.UInt64,
    "identity": pl.UInt64,
    "kind": pl.UInt8,
    "complete": pl.Boolean,
    "bounded": pl.Boolean,
    "turns": pl.UInt32,
    "answer": pl.UInt32,
}
SHINGLES = ("shingles", "question_shingles")
BAND_COLUMNS = tuple(f"band_{n:02d}" for n in range(BANDS))
# Shingles are the bytes of sorted uint32: one value a row, which Parquet and our files take as it is.
SCHEMA = NARROW | dict.fromkeys(SHINGLES, pl.Binary) | dict.fromkeys(BAND_COLUMNS, pl.UInt64)

_Rows = npt.NDArray[np.int64]


class Components:
    """Connected components of the numbers below `size` (union-find with path halving), 8 bytes a number."""

    def __init__(self, size: int) -> None:
        self._parent = array("q", range(size))

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

    def roots(self) -> _Rows:
        """Return the representatives of all numbers."""
        roots = np.array(self._parent, np.int64)
        while True:
            above = roots[roots]
            if np.array_equal(above, roots):
                return roots
            roots = above


class Sketches:
    """Sketches in canonical order, which is by (held_out, id): training rows first.

    `rows` has the columns of `NARROW`. Band keys and shingles are in files under `folder`, in the order in
    which they came.
    """

    def __init__(self, frames: Iterable[pl.DataFrame], folder: Path) -> None:
        self._folder = folder
        narrow = [pl.DataFrame(schema=NARROW | dict.fromkeys(_lengths(), pl.Int64))]
        with ExitStack() as stack:
            files = {
                name: stack.enter_context((folder / name).open("wb")) for name in SCHEMA if name not in NARROW
            }
            for frame in frames:
                for name in BAND_COLUMNS:
                    files[name].write(frame[name].to_numpy().tobytes())
                for name in SHINGLES:
                    files[name].write(b"".join(frame[name].to_list()))
                lengths = [(pl.col(n).bin.size() // 4).cast(pl.Int64).alias(f"{n}_length") for n in SHINGLES]
                narrow.append(frame.select(*NARROW, *lengths))
        starts = [(pl.col(name).cum_sum() - pl.col(name)).alias(f"{name}_start") for name in _lengths()]
        rows = (
            pl.concat(narrow, rechunk=True).with_columns(*starts).with_row_index("at").sort("held_out", "id")
        )
        self._at = rows["at"].to_numpy()
        self._spans = {
            name: (rows[f"{name}_length_start"].to_numpy(), rows[f"{name}_length"].to_numpy())
            for name in SHINGLES
        }
        self._values = {name: _mapped(folder / name) for name in SHINGLES}
        self.rows = rows.select(list(NARROW))
        self.sizes: _Rows = self._spans["shingles"][1]

    def band(self, name: str) -> npt.NDArray[np.uint64]:
        """Return one key of every row, from disk."""
        return np.fromfile(self._folder / name, np.uint64)[self._at]

    def shingles(self, i: int, column: str = "shingles") -> Shingles:
        """Return one row's shingles, from disk."""
        start, length = self._spans[column]
        return self._values[column][start[i] : start[i] + length[i]]


def _lengths() -> list[str]:
    return [f"{name}_length" for name in SHINGLES]


def _mapped(path: Path) -> Shingles:
    # An empty file cannot be mapped.
    return np.asarray(np.memmap(path, np.uint32, "r")) if path.stat().st_size else np.zeros(0, np.uint32)


class Duplicates:
    """The duplicate rows of `sketches`: pairs by the rules of *dedup*, joined to components.

    Two training rows of one group that differ in their answers are different sections of one document or
    case: no join may put both in one component. The rows are taken in canonical order, so the components
    depend on the set of rows alone.
    """

    def __init__(self, sketches: Sketches, threshold: float) -> None:
        self.sketches = sketches
        self.threshold = threshold
        self.components = Components(sketches.rows.height)
        self.cosines: dict[tuple[int, int], float] = {}
        rows = sketches.rows
        self._numbers = {c: rows[c].to_numpy() for c in ("question", "whole", "said", "identity", "kind")}
        self._held = (rows["held_out"] != "").to_numpy()
        self._first_held = int(np.count_nonzero(~self._held))
        # Only groups of several training rows can keep rows apart; -1 stands for every other.
        groups = rows.select(code=pl.col("group").rank("dense").cast(pl.Int64), held=pl.col("held_out") != "")
        several = (pl.len().over("code", "held") > 1) & ~pl.col("held")
        self._group = groups.select(pl.when(several).then("code").otherwise(-1)).to_series().to_numpy()
        self._members: dict[int, dict[int, int] | None] = {}
        for column in ("whole", "question", "identity"):
            for members in _runs(self._numbers[column], np.arange(len(self._held))):
                self._link_equal(members)
        self._link_near()

    def _link_equal(self, members: Sequence[int]) -> None:
        """Join rows that are equal; where groups keep some apart, each to the first that takes it."""
        if members[-1] >= self._first_held:  # a held-out row takes all of them with it
            for i in members:
                self.link(i, members[-1])
            return
        leaders: list[int] = []
        for i in members:
            if not any(self.link(i, leader) for leader in leaders) and len(leaders) < _LARGE_BUCKET:
                leaders.append(i)

    def link(self, i: int, j: int) -> bool:
        """Join the components of two duplicates unless a group keeps them apart; return whether they are one."""
        a, b = self.components.find(i), self.components.find(j)
        if a == b:
            return True
        mine, other = self._groups(a), self._groups(b)
        both: dict[int, int] | None = None
        if mine is not None and other is not None:
            if any(not self._same(mine[g], other[g]) for g in mine.keys() & other.keys()):
                return False
            both = other | mine
        self.components.join(a, b)
        for root in (a, b):
            self._members.pop(root, None)
        if both != {}:
            self._members[min(a, b)] = both
        return True

    def _groups(self, root: int) -> dict[int, int] | None:
        """Return one row of each group that keeps rows apart in a component; None: a held-out row is in it,
        so that all of it goes and nothing is kept apart."""
        if root in self._members:
            return self._members[root]
        if self._held[root]:
            return None
        group = int(self._group[root])
        return {group: root} if group >= 0 else {}

    def _same(self, i: int, j: int) -> bool:
        """Return whether question and answer together are near-identical."""
        number = self._numbers
        if number["whole"][i] == number["whole"][j]:
            return True
        if number["kind"][i] != number["kind"][j] or (
            number["kind"][i] == 1 and number["said"][i] != number["said"][j]
        ):
            return False
        return self._similarity(i, j) >= self.threshold

    def _link_near(self) -> None:
        """Join every pair of near-duplicates that a bucket shows."""
        # Rows of one identity in one component have one to stand for them.
        pairs = pl.DataFrame({"identity": self._numbers["identity"], "root": self.components.roots()})
        first = pairs.select(pl.struct("identity", "root").is_first_distinct()).to_series().to_numpy()
        candidates = np.flatnonzero(first & (self.sketches.sizes > 0))
        for name in BAND_COLUMNS:
            keys = self.sketches.band(name)[candidates]
            for bucket in _runs(keys, candidates, self.components.roots()):
                # Held-out rows lead: in a large bucket too, every row is compared with them first.
                rows = [i for i in bucket if self._held[i]] + [i for i in bucket if not self._held[i]]
                if len(rows) <= _LARGE_BUCKET:
                    for n, i in enumerate(rows):
                        for j in rows[:n]:
                            self._link_if_alike(i, j)
                else:
                    self._link_to_leaders(rows)

    def _link_to_leaders(self, bucket: list[int]) -> None:
        leaders: list[int] = []
        for i in bucket:
            if not any(self._link_if_alike(i, j) for j in leaders) and len(leaders) < _LARGE_BUCKET:
                leaders.append(i)

    def _link_if_alike(self, i: int, j: int) -> bool:
        if self.components.find(i) == self.components.find(j):
            return True
        return self._near(i, j) >= self.threshold and self.link(i, j)

    def _near(self, i: int, j: int) -> float:
        """Return the Jaccard similarity that makes two rows near-duplicates; 0 where the rules say no."""
        a, b = int(self.sketches.sizes[i]), int(self.sketches.sizes[j])
        kind = int(self._numbers["kind"][i])
        # The sizes alone bound the similarity.
        if kind != self._numbers["kind"][j] or min(a, b) < self.threshold * max(a, b):
            return 0.0
        if kind == 0 and self._similarity(i, j, "question_shingles") < SHORT_QUESTION_JACCARD:
            return 0.0
        return self._similarity(i, j)

    def _similarity(self, i: int, j: int, column: str = "shingles") -> float:
        return jaccard(self.sketches.shingles(i, column), self.sketches.shingles(j, column))

    def link_close(self, vectors: npt.NDArray[np.float32], rows: _Rows, threshold: float) -> None:
        """Join rows whose vectors (unit length, one for each of `rows`) have at least this cosine.

        Every pair is compared, in blocks of a matrix product; a pair counts by its product in 64 bits.
        """
        for low, high, products in _blocks(vectors):
            near = products >= threshold - 1e-4
            near &= rows[high : high + near.shape[1]][None, :] > rows[low : low + near.shape[0]][:, None]
            roots = self.components.roots()[rows]
            for n in np.flatnonzero(near.any(axis=1)):
                hits = high + np.flatnonzero(near[n])
                # One of every component is enough: the others are joined to it already.
                for m in hits[np.unique(roots[hits], return_index=True)[1]]:
                    i, j = int(rows[low + n]), int(rows[m])
                    cosine = float(vectors[low + n].astype(np.float64) @ vectors[m].astype(np.float64))
                    if cosine >= threshold and self.link(i, j):
                        self.cosines[i, j] = cosine

    def relation(self, i: int, j: int) -> str:
        """Return in short why two rows are in one component; "chain" when only others between them are alike."""
        for column, told in (("whole", "exact text"), ("question", "exact question")):
            if self._numbers[column][i] == self._numbers[column][j]:
                return told
        near = self._near(i, j)
        if near >= self.threshold:
            return f"near {int(near * 100) / 100:.2f}"
        cosine = self.cosines.get((min(i, j), max(i, j)))
        return "chain" if cosine is None else f"semantic {int(cosine * 100) / 100:.2f}"


def _runs(keys: npt.NDArray[Any], rows: _Rows, roots: _Rows | None = None) -> Iterator[list[int]]:
    """Yield the rows (ascending) that share a key, where there are several; with `roots`, only where they
    are not in one component already."""
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    keys, rows = keys[order], rows[order]
    starts = np.concatenate([[0], np.flatnonzero(keys[1:] != keys[:-1]) + 1])
    ends = np.append(starts[1:], len(keys))
    wanted = ends - starts > 1
    if roots is not None:
        of = roots[rows]
        wanted &= np.minimum.reduceat(of, starts) != np.maximum.reduceat(of, starts)
    for start, end in zip(starts[wanted].tolist(), ends[wanted].tolist(), strict=True):
        yield rows[start:end].tolist()


def _blocks(
    vectors: npt.NDArray[np.float32], height: int = 512, width: int = 4096
) -> Iterator[tuple[int, int, npt.NDArray[np.float32]]]:
    """Yield (first row, first column, products) of the upper triangle of all products of vectors."""
    for low in range(0, len(vectors), height):
        block = np.asarray(vectors[low : low + height])
        for high in range(low, len(vectors), width):
            yield low, high, block @ np.asarray(vectors[high : high + width]).T


def read_vectors(
    path: Path, keys: Sequence[str], folder: Path, error: Callable[[str], Exception]
) -> tuple[npt.NDArray[np.float32], _Rows]:
    """Return the embeddings of those `keys` that `path` has, scaled to length 1, and which keys these are.

    The file has the columns `id` (string) and `embedding` (list or array of floats of one length). Vectors
    without a direction (null, zero, not finite) count as missing. The vectors lie in a file in `folder`.
    Raises `error(what is wrong)` for a file that is not of this shape.
    """
    try:
        scanned = pl.scan_parquet(path, glob=False)
        schema = scanned.collect_schema()
        ids = scanned.select("id").collect()["id"] if schema.get("id") == pl.String else None
    except (OSError, pl.exceptions.PolarsError) as cause:
        raise error(f"cannot be read as Parquet ({type(cause).__name__})") from cause
    if ids is None:
        raise error(f"column `id`: strings expected, {schema.get('id', 'no such column')} found")
    if ids.is_duplicated().any():
        raise error(f"column `id`: {ids.filter(ids.is_duplicated()).sort()[0]!r} occurs more than once")
    kind = schema.get("embedding")
    inner = kind.inner if isinstance(kind, (pl.List, pl.Array)) else None
    if inner is None or not inner.is_float():  # type: ignore[union-attr]
        raise error(f"column `embedding`: lists of floats expected, {kind or 'no such column'} found")
    wanted = pl.DataFrame({"id": keys}).with_row_index("row")
    where = pl.DataFrame({"id": ids}).join(wanted, on="id", how="left", maintain_order="left")["row"]
    vectors, width, step = np.zeros((0, 0), np.float32), 0, 4096
    rows = np.sort(where.drop_nulls().to_numpy()).astype(np.int64)
    sound = np.zeros(len(rows), bool)
    for start in range(0, len(ids), step):
        part = scanned.select("embedding").slice(start, step).collect()["embedding"].cast(pl.List(pl.Float32))
        use = where[start : start + step].is_not_null() & part.is_not_null()
        for length in part.filter(use).list.len().unique().sort():
            if width and length != width:
                raise error(f"column `embedding`: vectors of {width} and of {length} numbers")
            width = length
        if not use.any() or not width:
            continue
        if not len(vectors):
            vectors = np.memmap(folder / "vectors", np.float32, "w+", shape=(len(rows), width))
        values = (
            part.filter(use).list.explode().fill_null(np.nan).to_numpy().reshape(-1, width).astype(np.float64)
        )
        norm = np.linalg.norm(values, axis=1, keepdims=True)
        at = np.searchsorted(rows, where[start : start + step].filter(use).to_numpy())
        usable = (np.isfinite(norm) & (norm > 0))[:, 0]
        vectors[at[usable]] = values[usable] / norm[usable]
        sound[at[usable]] = True
    return (vectors, rows) if sound.all() else (vectors[sound], rows[sound])

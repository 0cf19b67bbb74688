"""Texts as sets of shingles: normalisation, hashing, MinHash bands and exact Jaccard, many texts at a time.

MinHash: Broder, "On the resemblance and containment of documents", 1997, by datasketch; banding: Leskovec,
Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3. 18 bands of 7 rows find 0.985 of the pairs at
Jaccard 0.8, 0.999 of those at 0.85.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

BANDS = 18
ROWS = 7
WORDS = 3
CHARACTERS = 4
_SEPARATORS = re.compile(r"[\W_]+")

Shingles = npt.NDArray[np.uint32]
_Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class ShingleSets:
    """Sets of shingles end to end: set `i` is `values[offsets[i] : offsets[i + 1]]`, sorted and distinct."""

    values: Shingles
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> Shingles:
        return self.values[self.offsets[i] : self.offsets[i + 1]]

    def __iter__(self) -> Iterator[Shingles]:
        return (self[i] for i in range(len(self)))

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """How many shingles each set has."""
        return np.diff(self.offsets)


def squeeze(text: str) -> str:
    """Return `text` in NFKC and lower case, with one blank for everything that is neither letter nor digit."""
    return _SEPARATORS.sub(" ", unicodedata.normalize("NFKC", text).lower()).strip()


def shingle_sets(squeezed: Sequence[str], langs: Sequence[str]) -> ShingleSets:
    """Return for each squeezed text the hashes (32 bits) of its character 4-grams (zh) or word 3-grams.

    A text shorter than one shingle is one shingle; the empty text has none.
    """
    pad = np.zeros(CHARACTERS - 1, np.uint64)
    tokens = [_tokens(text, lang) for text, lang in zip(squeezed, langs, strict=True)]
    stream = np.concatenate([pad[:0], *chain.from_iterable((t, pad) for t in tokens)])
    lengths = np.array([len(t) for t in tokens], np.int64)
    starts = np.cumsum(lengths + len(pad)) - lengths - len(pad)
    han = np.array([lang.startswith("zh") for lang in langs], bool)
    # A short text has one window, which ends in padding.
    windows = np.maximum(lengths - np.where(han, CHARACTERS, WORDS) + 1, np.minimum(lengths, 1))
    row = np.repeat(np.arange(len(tokens)), windows)
    at = np.arange(len(row)) - np.repeat(np.cumsum(windows) - windows - starts, windows)
    hashes = stream[at]
    for step in range(1, WORDS):
        hashes = _mixed(hashes, stream[at + step])
    fourth = han[row]
    hashes[fourth] = _mixed(hashes[fourth], stream[at[fourth] + WORDS])
    keys = np.unique((row.astype(np.uint64) << np.uint64(32)) | (_mixed(hashes, 0) >> np.uint64(32)))
    counts = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(tokens))
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return ShingleSets(keys.astype(np.uint32), offsets)


def shingles(squeezed: str, lang: str) -> Shingles:
    """Return the shingles of one squeezed text, sorted and distinct; see `shingle_sets`."""
    return shingle_sets([squeezed], [lang])[0]


def _tokens(text: str, lang: str) -> _Hashes:
    from xxhash import xxh3_64_intdigest

    if lang.startswith("zh"):
        data = text.replace(" ", "").encode("utf-32-le", "surrogatepass")
        return np.frombuffer(data, np.dtype("<u4")).astype(np.uint64)
    words = text.encode("utf-8", "surrogatepass").split()
    return np.fromiter(map(xxh3_64_intdigest, words), np.uint64, len(words))


def _mixed(hashes: _Hashes, more: _Hashes | int) -> _Hashes:
    """Return `hashes` with another value each mixed in (the finalizer of MurmurHash3)."""
    mixed = hashes * np.uint64(0x9E3779B97F4A7C15) + np.asarray(more, np.uint64)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed ^= mixed >> np.uint64(33)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(33)
    return mixed


def bands(sets: ShingleSets) -> _Hashes:
    """Return `BANDS` 64-bit keys for each set, shape (sets, BANDS).

    Sets that share a key in the same place are candidate duplicates. Empty sets have keys of 0: they say
    nothing, and the caller leaves them out.
    """
    from datasketch import MinHash

    keys = np.zeros((len(sets), BANDS), np.uint64)
    full = np.flatnonzero(sets.sizes)
    if not len(full):
        return keys
    # The shingles are hashed already: MinHash takes the numbers as they are.
    generated = MinHash.generator((sets[int(i)] for i in full), num_perm=BANDS * ROWS, seed=1, hashfunc=int)
    signatures = np.array([minhash.digest() for minhash in generated], np.uint64).reshape(-1, BANDS, ROWS)
    found = np.broadcast_to(np.arange(BANDS, dtype=np.uint64), (len(full), BANDS))
    for n in range(ROWS):
        found = _mixed(found, signatures[:, :, n])
    keys[full] = found
    return keys


def jaccard(a: Shingles, b: Shingles) -> float:
    """Return the share of shingles in common of two sets without repetitions; 0 for two empty sets."""
    if not len(a) or not len(b):
        return 0.0
    both = np.concatenate((a, b))
    both.sort()
    shared = int(np.count_nonzero(both[1:] == both[:-1]))
    return shared / (len(a) + len(b) - shared)

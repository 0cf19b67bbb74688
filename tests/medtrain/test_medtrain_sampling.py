"""What is drawn depends on the seed and on how much was drawn before, and on nothing else."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtrain.frontend import best_fit, tight_rows
from medtrain.sampling import IndexedSet, Sampler


def sampler(sizes=(40, 10), weights=(1.0, 1.0), seed=1, window=16, budget=100, pack=True) -> Sampler:
    rng = np.random.default_rng(0)
    sets = [
        IndexedSet(None, "text", weight, np.arange(size), rng.integers(5, 60, size).astype(np.int32))
        for size, weight in zip(sizes, weights, strict=True)
    ]
    return Sampler(sets, seed, window, budget, pack=pack)


@pytest.mark.parametrize("pack", [True, False])
def test_it_goes_on_from_any_batch_exactly(pack):
    one = sampler(pack=pack)
    all_of_them = list(islice(one.batches(one.start), 40))
    for at in (0, 1, 7, 23):
        other = sampler(pack=pack)
        again = list(islice(other.batches(all_of_them[at][1]), 39 - at))
        assert again == all_of_them[at + 1 :]


def test_another_seed_gives_another_order():
    first = [list(islice(s.batches(s.start), 5)) for s in (sampler(seed=1), sampler(seed=1), sampler(seed=2))]
    assert first[0] == first[1] != first[2]


@pytest.mark.parametrize("weights", [(1, 1), (3, 1), (1, 4)])
def test_sets_are_drawn_by_weight(weights):
    one = sampler(weights=weights)
    drawn = Counter(e.set for batch, _ in islice(one.batches(one.start), 400) for e in batch)
    share = drawn[0] / drawn.total()
    assert share == pytest.approx(weights[0] / sum(weights), abs=0.01)


def test_an_epoch_gives_every_dialogue_once():
    one = sampler(sizes=(37,), weights=(1.0,), window=37)
    window = [e.row for batch, _ in islice(one.batches(one.start), one.count(1)) for e in batch]
    assert sorted(window) == list(range(37))
    assert window != sorted(window)


def test_a_dialogue_is_never_beside_itself():
    one = sampler(sizes=(20, 20), window=256, pack=False)
    for batch, _ in islice(one.batches(one.start), 100):
        assert len({(e.set, e.row) for e in batch}) == len(batch)


@pytest.mark.parametrize("pack", [True, False])
def test_batches_stay_within_the_budget(pack):
    one = sampler(pack=pack)
    for batch, _ in islice(one.batches(one.start), 100):
        sizes = [e.tokens for e in batch]
        assert (sum(sizes) if pack else len(sizes) * max(sizes)) <= 100


@settings(deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(50, 120))
def test_rows_hold_every_item_once_and_no_more_than_they_can(lengths, capacity):
    for rows, most in ((best_fit(lengths, capacity), capacity), (tight_rows(lengths), 2 * max(lengths))):
        assert sorted(i for row in rows for i in row) == list(range(len(lengths)))
        assert all(sum(lengths[i] for i in row) <= most for row in rows)

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from medsynth.records import Kept, RawQA, RawTurn
from medsynth.stages.base import Context
from medsynth.stages.split import SplitSettings, SplitStage, split_of


def record(name: str, cluster: str) -> RawQA:
    turns = (RawTurn(role="patient", text="q"), RawTurn(role="doctor", text="a"))
    return RawQA(
        id=name, source="s", group=name, lang="en", licence="own", kind="qa", turns=turns, cluster=cluster
    )


def splits(records: list[RawQA], seed: int = 0, **shares: float) -> list[str]:
    outcomes = SplitStage(SplitSettings(**shares), Context(seed=seed)).process(records)
    return [r.split for o in outcomes if isinstance(o, Kept) for r in o.records]  # type: ignore[attr-defined]


def test_shares_are_within_binomial_bounds() -> None:
    found = splits([record(f"r{i}", f"c{i}") for i in range(5000)])
    for name, share in (("train", 0.8), ("validation", 0.1), ("test", 0.1)):
        # Five standard deviations.
        assert abs(found.count(name) - 5000 * share) < 5 * (5000 * share * (1 - share)) ** 0.5


@given(st.text(min_size=1), st.integers())
def test_a_cluster_is_never_parted(cluster: str, seed: int) -> None:
    assert len(set(splits([record(f"r{i}", cluster) for i in range(5)], seed))) == 1


def test_rows_that_are_added_move_no_other_row() -> None:
    first = [record(f"r{i}", f"c{i}") for i in range(200)]
    more = [record(f"a{i}", f"b{i}") for i in range(200)]
    assert splits(first) == splits(more + first)[200:]


def test_the_seed_decides() -> None:
    rows = [record(f"r{i}", f"c{i}") for i in range(200)]
    assert splits(rows, seed=1) == splits(rows, seed=1)
    assert splits(rows, seed=1) != splits(rows, seed=2)


def test_the_group_stands_in_where_dedup_has_not_run() -> None:
    assert splits([record("r1", "")]) == [split_of("r1", 0, SplitSettings())]


def test_a_share_of_zero_is_never_used() -> None:
    rows = [record(f"r{i}", f"c{i}") for i in range(300)]
    assert set(splits(rows, train=0.5, validation=0.5, test=0)) == {"train", "validation"}
    assert set(splits(rows, train=1, validation=0, test=0)) == {"train"}


def test_shares_must_sum_to_one() -> None:
    with pytest.raises(ValidationError, match="sum to 1"):
        SplitSettings(train=0.8, validation=0.1, test=0.2)

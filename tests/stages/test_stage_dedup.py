import json
import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.records import Kept, Merged, Outcome, RawQA, RawTurn, Reason, Rejected
from medsynth.sources import SourceError
from medsynth.stages.base import Context
from medsynth.stages.dedup import DedupSettings, DedupStage
from medsynth.text.similarity import bands, jaccard, shingles, squeeze

LONG = (
    "I am a teacher of forty two and since last spring my left shoulder aches whenever I lift a bag or reach for "
    "the upper shelf at home, and at night it keeps me awake for hours"
)
ANSWER = "Rest the shoulder for two weeks, use ice in the evening, and see a physiotherapist if it does not get better."


def record(name: str, *turns: str, group: str = "", lang: str = "en", first: str = "patient") -> RawQA:
    roles = ["patient", "doctor"] if first == "patient" else ["doctor", "patient"]
    made = tuple(RawTurn(role=roles[i % 2], text=t) for i, t in enumerate(turns))  # type: ignore[arg-type]
    return RawQA(id=name, source="s", group=group or name, lang=lang, licence="own", kind="qa", turns=made)


def run(records: list[RawQA], shard: int = 3, base: Path = Path(), **options: object) -> dict[str, Outcome]:
    stage = DedupStage(DedupSettings(**options), Context(base=base))  # type: ignore[arg-type]
    frames = [stage.sketch(records[i : i + shard]) for i in range(0, len(records), shard)]
    assert [n for f in frames for n in f["id"]] == [r.id for r in records]
    decided = stage.resolve(pl.concat(frames).lazy())
    decisions = dict(zip(decided["id"], decided["decision"], strict=True))
    outcomes = stage.decide(records, [decisions.get(r.id, "") for r in records])
    return dict(zip([r.id for r in records], outcomes, strict=True))


def clusters(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {n: o.records[0].cluster for n, o in outcomes.items() if isinstance(o, Kept)}  # type: ignore[attr-defined]


def test_exact_copies_merge_into_the_smallest_id() -> None:
    out = run(
        [
            record("b", LONG, ANSWER),
            record("a", LONG.upper() + "!", ANSWER),
            record("c", "Why do I sneeze?", ANSWER),
        ]
    )
    assert out["b"] == Merged("a")
    assert clusters(out) == {"a": "a", "c": "c"}


def test_a_long_question_with_few_changes_is_a_near_duplicate() -> None:
    out = run(
        [
            record("a", LONG, ANSWER),
            record("b", LONG.replace("forty two", "forty three"), "Other words."),
        ]
    )
    assert isinstance(out["a"], Kept) and out["b"] == Merged("a")


def test_chinese_near_duplicates_by_characters() -> None:
    text = (
        "我今年四十二岁，是一名教师，去年春天开始左边肩膀疼，提东西或者伸手拿高处的东西时更疼，晚上睡不好觉"
    )
    out = run(
        [
            record("a", text, "多休息，注意保暖。", lang="zh"),
            record("b", text + "，怎么办", "多休息。", lang="zh"),
        ]
    )
    assert [type(o) for o in out.values()].count(Merged) == 1


def test_a_template_question_merges_into_the_better_answer_whatever_the_id() -> None:
    short, long = (
        "See a doctor",
        "Gout causes sudden pain in one joint, often the big toe, with redness and heat. " * 3,
    )
    out = run(
        [
            record("a", "What are the symptoms of Gout ?", short),
            record("b", "What are the symptoms of gout?", long),
        ]
    )
    assert out["a"] == Merged("b")


def test_the_same_answer_to_questions_about_other_diseases_joins_nothing() -> None:
    boilerplate = (
        "This condition is inherited in a recessive pattern, which means that both copies in each cell are changed. "
        * 4
    )
    names = ["Marfan", "Noonan", "Gaucher", "Krabbe"]
    out = run([record(n, f"Is {n} disease inherited ?", boilerplate) for n in names])
    assert all(isinstance(o, Kept) for o in out.values())


def test_short_replies_in_dialogues_are_no_duplicates() -> None:
    one = record("a", "Do you smoke?", "No.", "Do you drink?", "No.", first="doctor")
    two = record("b", "Any fever at night?", "No.", "Any cough with it?", "No.", first="doctor")
    assert all(isinstance(o, Kept) for o in run([one, two]).values())


def test_more_turns_win_over_the_smaller_id() -> None:
    out = run([record("a", LONG, ANSWER), record("b", LONG, ANSWER, "Thank you.", ANSWER)])
    assert out["a"] == Merged("b")


def test_groups_share_a_cluster_and_duplicates_bridge_groups() -> None:
    rows = [
        record("d1-1", "What helps against hiccups at night?", ANSWER, group="d1"),
        record("d1-2", LONG, ANSWER, group="d1"),
        record("d2-1", LONG, ANSWER + " Rest.", group="d2"),
        record("d2-2", "What is a sprain of the ankle?", ANSWER, group="d2"),
        record("e", "How is asthma found in small children?", ANSWER),
    ]
    found = clusters(run(rows))
    assert found["d1-1"] == found["d2-2"] == "d1"
    assert found["e"] == "e"


def test_empty_texts_do_not_match_each_other_by_chance() -> None:
    out = run([record("a", "?", "!"), record("b", LONG, ANSWER)])
    assert all(isinstance(o, Kept) for o in out.values())


ROWS = [
    record(
        f"r{i:02d}",
        f"{LONG} {' and'.join([' so'] * (i % 4))} case {i // 5}",
        ANSWER * (1 + i % 3),
        group=f"g{i % 17}",
    )
    for i in range(40)
]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 41))
def test_neither_order_nor_shards_matter(seed: int, shard: int) -> None:
    shuffled = random.Random(seed).sample(ROWS, len(ROWS))
    assert run(shuffled, shard) == run(ROWS, 7)


def test_what_is_merged_is_in_the_cluster_of_what_stays() -> None:
    out = run(ROWS)
    merged = [o.into for o in out.values() if isinstance(o, Merged)]
    assert merged and all(isinstance(out[into], Kept) for into in merged)


@pytest.mark.parametrize("shape", ["jsonl", "csv", "parquet"])
def test_held_out_rows_are_removed_with_their_duplicates_and_groups(tmp_path: Path, shape: str) -> None:
    held = pl.DataFrame(
        {"id": ["h1"], "question": ["<p>" + LONG + "</p>"], "answer": ["Something else entirely."]}
    )
    file = tmp_path / f"eval.{shape}"
    {"jsonl": held.write_ndjson, "csv": held.write_csv, "parquet": held.write_parquet}[shape](file)
    rows = [
        record("a", LONG.replace("forty two", "forty three"), ANSWER, group="case"),
        record("b", "What is a sprain of the ankle?", ANSWER, group="case"),
        record("c", "How is asthma found in small children?", ANSWER),
    ]
    out = run(rows, base=tmp_path, against=(file.name,))
    assert isinstance(out["a"], Rejected) and out["a"].reason == Reason.HELD_OUT
    assert out["a"].detail.startswith(f"eval.{shape} ") and "h1" in out["a"].detail
    assert isinstance(out["b"], Rejected)
    assert isinstance(out["c"], Kept)
    alone = run(rows, base=tmp_path, against=(file.name,), held_out_groups=False)
    assert isinstance(alone["b"], Kept)


def test_the_held_out_content_enters_the_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "eval.jsonl"
    seen = set()
    for text in (LONG, ANSWER):
        file.write_text(json.dumps({"id": "1", "question": text, "answer": ANSWER}) + "\n")
        stage = DedupStage(DedupSettings(against=("eval.jsonl",)), Context(base=tmp_path))
        seen.add((stage.fingerprint(), stage.side_inputs()))
    assert len(seen) == 2
    assert DedupStage(DedupSettings(), Context()).side_inputs() == ""


def test_a_held_out_file_that_is_missing_or_empty_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="gone"):
        run(ROWS[:2], base=tmp_path, against=("gone.jsonl",))
    (tmp_path / "none.jsonl").write_text('{"id": "1", "question": "", "answer": ""}\n' * 0 + "{}\n")
    with pytest.raises(SourceError):
        run(ROWS[:2], base=tmp_path, against=("none.jsonl",))


def test_nothing_in_gives_nothing_out() -> None:
    stage = DedupStage(DedupSettings(), Context())
    assert stage.resolve(stage.sketch([]).lazy()).height == 0
    assert stage.decide([], []) == []


def test_bands_find_what_jaccard_confirms() -> None:
    rng = random.Random(5)
    words = [f"w{i}" for i in range(500)]
    found = pairs = 0
    for _ in range(60):
        base = rng.choices(words, k=80)
        changed = [*base]
        changed[rng.randrange(80)] = "other"
        a, b = shingles(squeeze(" ".join(base)), "en"), shingles(squeeze(" ".join(changed)), "en")
        if jaccard(a, b) >= 0.8:
            first, second = bands([a, b])
            pairs += 1
            found += any(x == y for x, y in zip(first, second, strict=True))
    assert pairs > 50 and found / pairs > 0.97


def test_squeeze_keeps_letters_digits_and_han() -> None:
    assert squeeze("Ａ1C：７.5%，正常!") == "a1c 7 5 正常"

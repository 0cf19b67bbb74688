import json
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.errors import UserError
from medsynth.records import Kept, Merged, Outcome, RawQA, RawTurn, Reason, Rejected
from medsynth.sources import SourceError
from medsynth.stages.base import Context
from medsynth.stages.dedup import DedupSettings, DedupStage
from medsynth.text.similarity import bands, jaccard, shingle_sets, shingles, squeeze
from tests.bench import bench_dedup

DOCS = Path(__file__).parents[2] / "docs"

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
    assert out["b"] == Merged("a", "exact text")
    assert clusters(out) == {"a": "a", "c": "c"}


def test_a_long_question_with_few_changes_is_a_near_duplicate() -> None:
    out = run(
        [
            record("a", LONG, ANSWER),
            record("b", LONG.replace("forty two", "forty three"), "Other words."),
        ]
    )
    assert isinstance(out["a"], Kept) and out["b"] == Merged("a", "near 0.84 (kept: longer answer)")


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
    assert out["a"] == Merged("b", "exact question (kept: complete answer)")


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
    assert out["a"] == Merged("b", "exact question (kept: more turns)")


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
    assert out["a"].detail.startswith(f"eval.{shape}: ") and out["a"].detail.endswith("h1")
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


def test_each_removed_row_names_the_held_out_row_and_file_that_it_matches(tmp_path: Path) -> None:
    other = "Since the birth of my second child I have had a burning pain in both wrists when I wring out a cloth or "
    other += "open a jar, and it does not go away with rest"
    (tmp_path / "sets").mkdir()
    for name, texts in {"one.jsonl": [other], "two.jsonl": [ANSWER * 2, LONG]}.items():
        lines = [{"id": f"h{n}", "question": text, "answer": "Rest."} for n, text in enumerate(texts)]
        (tmp_path / "sets" / name).write_text("\n".join(map(json.dumps, lines)))
    rows = [
        record("a", LONG, ANSWER),
        record("b", other + " at all", ANSWER),
        record("c", "Is gout rare?", "No."),
    ]
    out = run(rows, base=tmp_path, against=("sets",))
    details = {n: o.detail for n, o in out.items() if isinstance(o, Rejected)}
    assert details.keys() == {"a", "b"}
    assert details["a"].startswith("two.jsonl: ") and details["a"].endswith("h1")
    assert details["b"].startswith("one.jsonl: ") and details["b"].endswith("h0")


def test_sections_of_one_document_stay_apart_unless_question_and_answer_agree() -> None:
    question = "What are the symptoms of Gout ?"
    rows = [
        record("d1-a", question, ANSWER, group="d1"),
        record("d1-b", question, "Joints swell, redden and hurt at night. " * 4, group="d1"),
        record("d1-c", question, ANSWER + " Soon.", group="d1"),
        record("d2-a", question, "Pain in one toe.", group="d2"),
        record("d2-b", question, "Chalky lumps form under the skin of the ears and hands. " * 3, group="d2"),
        record("d3", question, "None at first.", group="d3"),
    ]
    out = run(rows)
    stay = {n for n, o in out.items() if isinstance(o, Kept)}
    # Two sections of each document; what other documents say joins the first that takes it.
    assert len(stay) == 2
    into = {n: o.into if isinstance(o, Merged) else n for n, o in out.items()}
    assert into["d1-a"] == into["d1-c"] == into["d3"] != into["d1-b"]
    assert into["d2-a"] != into["d2-b"]
    assert set(clusters(out).values()) == {"d1"}


def test_long_questions_on_one_case_stay_apart_and_a_held_out_row_takes_them_all(tmp_path: Path) -> None:
    rows = [
        record("q1", LONG + " What is it?", "A frozen shoulder.", group="case"),
        record("q2", LONG + " What helps?", ANSWER, group="case"),
        record("q3", LONG + " What helps?", ANSWER, group="case"),
    ]
    out = run(rows)
    assert {n for n, o in out.items() if isinstance(o, Kept)} == {"q1", "q2"}
    assert out["q3"] == Merged("q2", "exact text")
    (tmp_path / "eval.jsonl").write_text(json.dumps({"id": "h", "question": LONG, "answer": "?"}))
    gone = run(rows, base=tmp_path, against=("eval.jsonl",), held_out_groups=False)
    assert all(isinstance(o, Rejected) for o in gone.values())


def test_a_held_out_question_takes_every_section_that_answers_it(tmp_path: Path) -> None:
    question = "What are the symptoms of Gout ?"
    rows = [
        record("a", question, ANSWER, group="doc"),
        record("b", question, "Joints swell, redden and hurt at night. " * 4, group="doc"),
    ]
    (tmp_path / "eval.jsonl").write_text(json.dumps({"id": "h", "question": question, "answer": "?"}))
    assert all(isinstance(o, Kept) for o in run(rows).values())
    out = run(rows, base=tmp_path, against=("eval.jsonl",), held_out_groups=False)
    assert all(isinstance(o, Rejected) for o in out.values())


def test_of_several_held_out_rows_the_one_that_matches_is_named(tmp_path: Path) -> None:
    words = [f"word{n}" for n in range(60)]
    texts = [" ".join(words[n : n + 50]) for n in (0, 4, 8)]
    lines = [
        json.dumps({"id": f"h{n}", "question": text, "answer": ANSWER}) for n, text in enumerate(texts[:2])
    ]
    (tmp_path / "eval.jsonl").write_text("\n".join(lines))
    out = run([record("a", texts[2], ANSWER)], base=tmp_path, against=("eval.jsonl",))["a"]
    assert isinstance(out, Rejected) and out.detail.endswith("h1")


def test_a_chain_of_duplicates_is_one_cluster() -> None:
    words = [f"word{n}" for n in range(60)]
    texts = [" ".join(words[n : n + 50]) for n in (0, 4, 8)]
    ends = [shingles(texts[0], "en"), shingles(texts[2], "en")]
    assert jaccard(*ends) < 0.8
    out = run([record(n, text, ANSWER) for n, text in zip("abc", texts, strict=True)])
    assert out["b"] == Merged("a", "near 0.84")
    assert out["c"] == Merged("a", "chain")


# Few words, so that many texts are nearly the same.
TEXTS = st.lists(st.sampled_from("abcdefghij"), min_size=22, max_size=30).map(" ".join)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.integers(0, 3)), min_size=1, max_size=12), st.integers(0, 2**32))
def test_no_merge_below_the_threshold_and_clusters_are_transitive(
    found: list[tuple[str, int]], seed: int
) -> None:
    varied = [(" ".join(text.split(" ")[cut:]), n) for n, (text, _) in enumerate(found) for cut in (0, 1, 2)]
    rows = [record(f"r{n:02d}", text, ANSWER) for n, (text, _) in enumerate(varied)]
    out = run(random.Random(seed).sample(rows, len(rows)), shard=5)
    sets = {r.id: shingles(squeeze(r.turns[0].text), "en") for r in rows}
    into = {n: o.into if isinstance(o, Merged) else n for n, o in out.items()}
    assert all(into[into[n]] == into[n] for n in into)
    # Brute force: components over every pair at the threshold. What is one here is one there.
    truth = {n: {n} for n in sets}
    for a in sets:
        for b in sets:
            if jaccard(sets[a], sets[b]) >= 0.8 and truth[a] is not truth[b]:
                truth[a] |= truth[b]
                for n in truth[b]:
                    truth[n] = truth[a]
            if jaccard(sets[a], sets[b]) >= 0.95:
                assert into[a] == into[b]
    assert all(into[n] in truth[n] for n in into)
    for n, outcome in out.items():
        if isinstance(outcome, Merged) and outcome.detail.startswith("near"):
            assert jaccard(sets[n], sets[outcome.into]) >= 0.8


def planted(folder: Path, missing: int = 0) -> list[RawQA]:
    """Write vectors of 40 records (5 and 15 nearly as 4, 21 at cosine 0.9 to 20) and return the records."""
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(40, 64))
    for copy in (5, 15):
        vectors[copy] = vectors[4] * 3 + rng.normal(size=64) * 0.2
    side = vectors[22] - vectors[22] @ vectors[20] / (vectors[20] @ vectors[20]) * vectors[20]
    vectors[21] = 0.9 * vectors[20] / np.linalg.norm(vectors[20]) + 0.19**0.5 * side / np.linalg.norm(side)
    ids = [f"r{n:02d}" for n in range(40)]
    frame = pl.DataFrame({"id": [*ids, "not-here"], "embedding": [*vectors.tolist(), vectors[0].tolist()]})
    frame[missing:].sample(fraction=1, shuffle=True, seed=1).write_parquet(folder / "vectors.parquet")
    return [record(n, f"Question {n} is about {n}?", f"Answer {n}.") for n in ids]


SEMANTIC = {"embeddings": "vectors.parquet", "threshold": 0.92}


def test_planted_vectors_are_semantic_duplicates(tmp_path: Path) -> None:
    rows = planted(tmp_path)
    assert not [o for o in run(rows, base=tmp_path).values() if isinstance(o, Merged)]
    out = run(rows, base=tmp_path, semantic=SEMANTIC)
    assert {n: o.into for n, o in out.items() if isinstance(o, Merged)} == {"r05": "r04", "r15": "r04"}
    detail = out["r05"].detail  # type: ignore[union-attr]
    assert detail.startswith("semantic 0.9")
    assert run(rows[::-1], 7, base=tmp_path, semantic=SEMANTIC) == out
    lower = run(rows, base=tmp_path, semantic={**SEMANTIC, "threshold": 0.89})
    assert lower["r21"] == Merged("r20", "semantic 0.90")


def test_records_without_an_embedding_are_left_alone_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = planted(tmp_path, missing=5)
    out = run(rows, base=tmp_path, semantic=SEMANTIC)
    assert {n: o.into for n, o in out.items() if isinstance(o, Merged)} == {"r15": "r05"}
    assert "no embedding for 5 of 40 records" in caplog.text


def test_vectors_without_a_direction_count_as_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = [[0.0, 0.0], [float("nan"), 1.0], [None, 1.0], None, [1.0, 0.0], [2.0, 0.0]]
    ids = [f"r{n}" for n in range(6)]
    frame = pl.DataFrame(
        {"id": ids, "embedding": bad}, schema={"id": pl.String, "embedding": pl.List(pl.Float32)}
    )
    frame.write_parquet(tmp_path / "vectors.parquet")
    rows = [record(n, f"Question {n} is about {n}?", f"Answer {n}.") for n in ids]
    out = run(rows, base=tmp_path, semantic=SEMANTIC)
    assert [n for n, o in out.items() if isinstance(o, Merged)] == ["r5"]
    assert "no embedding for 4 of 6 records" in caplog.text


def test_sections_of_one_document_are_no_semantic_duplicates(tmp_path: Path) -> None:
    rows = [r.model_copy(update={"group": "doc"}) if r.id in ("r04", "r05") else r for r in planted(tmp_path)]
    out = run(rows, base=tmp_path, semantic=SEMANTIC)
    assert {n: o.into for n, o in out.items() if isinstance(o, Merged)} == {"r15": "r04"}


def test_held_out_rows_have_embeddings_by_the_name_that_the_ledger_gives_them(tmp_path: Path) -> None:
    (tmp_path / "eval.jsonl").write_text(json.dumps({"id": "h", "question": LONG, "answer": ANSWER}))
    rows = planted(tmp_path)
    probe = run([record("x", LONG, ANSWER)], base=tmp_path, against=("eval.jsonl",))["x"]
    assert isinstance(probe, Rejected)
    frame = pl.read_parquet(tmp_path / "vectors.parquet")
    same = frame.filter(pl.col("id") == "r07").with_columns(id=pl.lit(probe.detail))
    pl.concat([frame, same]).write_parquet(tmp_path / "vectors.parquet")
    out = run(rows, base=tmp_path, against=("eval.jsonl",), semantic=SEMANTIC)
    assert [(n, o) for n, o in out.items() if isinstance(o, Rejected)] == [("r07", probe)]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"name": ["r00"], "embedding": [[1.0]]}, "column `id`"),
        ({"id": [1], "embedding": [[1.0]]}, "column `id`"),
        ({"id": ["r00", "r00"], "embedding": [[1.0], [1.0]]}, "'r00' occurs more than once"),
        ({"id": ["r00"], "vector": [[1.0]]}, "column `embedding`"),
        ({"id": ["r00"], "embedding": ["0.5 0.5"]}, "column `embedding`"),
        ({"id": ["r00", "r01"], "embedding": [[1.0], [1.0, 2.0]]}, "vectors of 1 and of 2 numbers"),
    ],
)
def test_embeddings_of_another_shape_are_an_error_with_file_and_column(
    tmp_path: Path, columns: dict[str, list[object]], said: str
) -> None:
    rows = planted(tmp_path)
    pl.DataFrame(columns).write_parquet(tmp_path / "vectors.parquet")
    with pytest.raises(UserError, match=r"^vectors.parquet: ") as caught:
        run(rows, base=tmp_path, semantic=SEMANTIC)
    assert said in str(caught.value)


def test_embeddings_that_are_missing_or_not_parquet_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not found"):
        run(ROWS[:2], base=tmp_path, semantic=SEMANTIC)
    (tmp_path / "vectors.parquet").write_text("id,embedding\n")
    with pytest.raises(UserError, match="cannot be read as Parquet"):
        run(ROWS[:2], base=tmp_path, semantic=SEMANTIC)


def test_the_content_of_the_embeddings_enters_the_fingerprint(tmp_path: Path) -> None:
    seen = set()
    for missing in (0, 1):
        planted(tmp_path, missing)
        seen.add(DedupStage(DedupSettings(semantic=SEMANTIC), Context(base=tmp_path)).fingerprint())  # type: ignore[arg-type]
    assert len(seen) == 2


def test_sketches_in_many_files_give_what_one_frame_gives(tmp_path: Path) -> None:
    stage = DedupStage(DedupSettings(), Context())
    files = []
    for n in range(0, len(ROWS), 3):
        files.append(tmp_path / f"{n:03d}.parquet")
        frame = stage.sketch(ROWS[n : n + 3]).with_columns(_error=pl.lit(None, pl.String))
        frame.write_parquet(files[-1])
    failed = pl.DataFrame({"id": ["failed"], "_error": ["ValueError: no"]})
    failed.write_parquet(tmp_path / "failed.parquet")
    scans = [pl.scan_parquet(file) for file in [tmp_path / "failed.parquet", *reversed(files)]]
    scanned = pl.concat(scans, how="diagonal_relaxed").filter(pl.col("_error").is_null()).drop("_error")
    assert stage.resolve(scanned).equals(stage.resolve(stage.sketch(ROWS).lazy()))


def test_recall_and_precision_against_comparing_all_pairs() -> None:
    records = list(bench_dedup.rows(500, planted=0.4))
    sets = list(shingle_sets([squeeze(r.turns[0].text) for r in records], [r.lang for r in records]))
    pairs = bench_dedup.brute_force(sets)
    assert len(pairs) > 50 and pairs == bench_dedup.all_pairs(sets)
    recall, precision = bench_dedup.quality(bench_dedup.ours(records)[0], pairs)
    assert recall >= 0.98 and precision == 1.0


def test_the_figure_of_the_documentation_is_drawn_from_its_table() -> None:
    table = bench_dedup.growth_table((DOCS / "dedup.md").read_text(encoding="utf-8"))
    assert [row[0] for row in table] == [10_000, 100_000, 1_000_000]
    assert (DOCS / "figures" / "dedup_growth.svg").read_text(encoding="utf-8") == bench_dedup.figure(table)


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
        both = shingle_sets([" ".join(base), " ".join(changed)], ["en", "en"])
        a, b = both
        if jaccard(a, b) >= 0.8:
            first, second = bands(both)
            pairs += 1
            found += bool((first == second).any())
    assert pairs > 50 and found / pairs > 0.97


def test_squeeze_keeps_letters_digits_and_han() -> None:
    assert squeeze("Ａ1C：７.5%，正常!") == "a1c 7 5 正常"


@given(st.lists(st.tuples(st.text(max_size=40), st.sampled_from(["en", "zh"])), max_size=8))
def test_texts_have_the_same_shingles_alone_and_together(texts: list[tuple[str, str]]) -> None:
    squeezed = [squeeze(text) for text, _ in texts]
    sets = shingle_sets(squeezed, [lang for _, lang in texts])
    for text, (_, lang), found in zip(squeezed, texts, sets, strict=True):
        assert found.tolist() == shingles(text, lang).tolist()
        assert sorted(set(found.tolist())) == found.tolist()
        grams = text.split() if lang == "en" else text.replace(" ", "")
        width = 3 if lang == "en" else 4
        distinct = {
            tuple(grams[i : i + width]) for i in range(max(min(len(grams), 1), len(grams) - width + 1))
        }
        assert len(found) == len(distinct)

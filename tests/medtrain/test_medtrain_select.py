"""`medtrain select`: lists under a budget, shares kept, scores beside a computation by hand, and what it says."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from conftest import dialogue, sound, write_corpus
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from medtrain.cli import app
from medtrain.data import ParquetSource, decode, open_corpus
from medtrain.disagreement import LEAST, learn, measure, rank_correlation
from medtrain.errors import UserError
from medtrain.parts import load_model
from medtrain.ranking import Budget, Candidate, Ranking
from medtrain.render import Line
from medtrain.select import LETTERS_PER_S, Options, by_chance, select
from medtrain.select_scores import Judge, _drawn

SOURCES = ["a", "a", "a", "b", "b", "c"]


def with_columns(corpus: Path) -> Path:
    """State sources, clusters (of two), kinds and who speaks, as the contract does."""
    for file in (corpus / "data").glob("*.parquet"):
        frame = pl.read_parquet(file, glob=False)
        number = list(range(len(frame)))
        frame.with_columns(
            source=pl.Series([SOURCES[i % 6] for i in number]),
            cluster=pl.Series([f"k{i // 2}" for i in number]),
            kind=pl.Series(["exam" if i % 10 == 9 else "qa" for i in number]),
            patient=pl.Series([{"age_group": "adult" if i % 2 else "child", "gender": None} for i in number]),
        ).write_parquet(file)
    return corpus


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """40 dialogues to learn from, half of them voiced, and 3 of each other split, voiced."""
    rows = [dialogue(i, voiced=i >= 20) for i in range(40)]
    rows += [dialogue(100 + i, split=split) for i, split in enumerate(["validation"] * 3 + ["test"] * 3)]
    return with_columns(write_corpus(tmp_path_factory.mktemp("data"), rows))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def run(*arguments: object) -> str:
    made = CliRunner().invoke(app, ["select", *map(str, arguments)])
    if made.exception and not isinstance(made.exception, SystemExit):
        raise made.exception
    assert made.exit_code == 0, made.output
    return made.output


def table(out: Path) -> list[dict[str, str]]:
    with out.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ids(out: Path) -> list[str]:
    text = out.read_text(encoding="utf-8")
    assert not text or text.endswith("\n")
    return text.splitlines()


def rows_of(corpus: Path, split: str = "train") -> dict[str, dict]:
    return {
        row["id"]: row
        for file in sorted((corpus / "data").glob(f"{split}-*"))
        for row in pl.read_parquet(file, glob=False).iter_rows(named=True)
    }


def test_chance_is_seeded_and_takes_the_unvoiced_of_train(data, tmp_path):
    said = run(data, "--by", "random", "--count", 6, "--out", tmp_path / "a.txt")
    chosen = ids(tmp_path / "a.txt")
    rows = rows_of(data)
    unvoiced = {i for i, row in rows.items() if row["turns"][0]["audio"] is None and row["kind"] != "exam"}
    assert len(chosen) == len(set(chosen)) == 6
    assert set(chosen) < unvoiced
    assert {row["id"] for row in table(tmp_path / "a.txt")} == unvoiced
    assert [row["id"] for row in table(tmp_path / "a.txt") if row["chosen"] == "yes"] == chosen
    assert "6 of 18 unvoiced dialogues of train, by random" in said
    assert "4 exam questions were left out" in said
    assert "26 dialogues of the corpus are voiced already" in said
    assert f"medsynth voice --ids {tmp_path / 'a.txt'} --count 6" in said
    made = tmp_path / "made run"
    shutil.copytree(data, made / "corpus")
    (made / "stages").mkdir()
    for folder in (made, made / "corpus"):
        told = run(folder, "--by", "random", "--count", 6, "--out", tmp_path / "b.txt")
        assert f"next: medsynth voice --src '{made}' --ids" in told
    run(data, "--by", "random", "--count", 6, "--out", tmp_path / "b.txt")
    assert ids(tmp_path / "b.txt") == chosen
    run(data, "--by", "random", "--count", 6, "--seed", 1, "--out", tmp_path / "c.txt")
    assert ids(tmp_path / "c.txt") != chosen
    run(data, "--by", "random", "--count", 9, "--out", tmp_path / "d.txt")
    assert ids(tmp_path / "d.txt")[:6] == chosen


def test_the_list_is_what_the_voice_stage_takes(data, tmp_path):
    from medsynth.stages.base import Context
    from medsynth.stages.voice import VoiceSettings, VoiceStage

    run(data, "--by", "random", "--count", 5, "--keep-voiced", "--out", tmp_path / "list.txt")
    pytest.importorskip("espeakng_loader", reason="needs the extra: pip install 'medsynth[espeak]'")
    stage = VoiceStage(VoiceSettings(ids=str(tmp_path / "list.txt")), Context(seed=1))
    every = [*rows_of(data), *rows_of(data, "test"), *rows_of(data, "validation")]
    sketches = pl.LazyFrame(
        {"id": every, "kind": "qa", "cell": "x", "order": range(len(every)), "seconds": 1.0},
        schema_overrides={"order": pl.UInt64},
    )
    decided = set(stage.resolve(sketches)["id"])
    voiced = {i for i in every if int(i[1:]) >= 20}
    assert decided == set(ids(tmp_path / "list.txt"))
    assert decided > voiced
    assert len(decided - voiced) == 5


def test_hours_are_estimated_by_letters_and_by_the_corpus_where_it_knows(data, tmp_path):
    rows = rows_of(data)
    voiced = [t for row in rows.values() for t in row["turns"] if t["audio"]]
    pace = sum(c.isalnum() for t in voiced for c in t["spoken"]) / sum(t["duration_s"] for t in voiced)
    run(data, "--by", "random", "--hours", 0.002, "--out", tmp_path / "h.txt")
    lengths = {row["id"]: float(row["seconds"]) for row in table(tmp_path / "h.txt")}
    for identity, seconds in lengths.items():
        patient = [t["spoken"] for t in rows[identity]["turns"] if t["role"] == "patient"]
        assert seconds == pytest.approx(sum(c.isalnum() for t in patient for c in t) / pace, abs=0.06)
    chosen = [lengths[i] for i in ids(tmp_path / "h.txt")]
    assert sum(chosen[:-1]) < 7.2 <= sum(chosen) + 0.3

    bare = write_corpus(tmp_path / "bare", [dialogue(i, voiced=False) for i in range(4)])
    run(bare, "--by", "random", "--count", 1, "--out", tmp_path / "e.txt")
    for row in table(tmp_path / "e.txt"):
        turns = rows_of(bare)[row["id"]]["turns"]
        letters = sum(c.isalnum() for t in turns if t["role"] == "patient" for c in t["text"])
        assert float(row["seconds"]) == pytest.approx(letters / LETTERS_PER_S["en"], abs=0.06)


def test_shares_are_kept_and_a_cluster_is_chosen_once(data, tmp_path):
    said = run(data, "--by", "random", "--count", 9, "--stratify", "source", "--out", tmp_path / "s.txt")
    rows = rows_of(data)
    pool = Counter(rows[row["id"]]["source"] for row in table(tmp_path / "s.txt"))
    taken = Counter(rows[i]["source"] for i in ids(tmp_path / "s.txt"))
    assert all(abs(taken[name] - 9 * count / pool.total()) < 1 for name, count in pool.items())
    assert f"a: {taken['a']}" in said
    run(data, "--by", "random", "--count", 99, "--stratify", "source, age_group", "--one-per-cluster",
        "--out", tmp_path / "k.txt")  # fmt: skip
    clusters = [rows[i]["cluster"] for i in ids(tmp_path / "k.txt")]
    assert len(clusters) == len(set(clusters)) == 10
    states = Counter(row["chosen"] for row in table(tmp_path / "k.txt"))
    assert states == {"yes": 10, "cluster": 8}
    assert {row["stratum"] for row in table(tmp_path / "k.txt")} <= {
        f"{s}, {a}" for s in "abc" for a in ("adult", "child")
    }


def test_a_cluster_that_is_voiced_already_is_not_chosen_again(tmp_path):
    """Dialogues 0 and 1 are one cluster, 2 and 3 the next …; 1 and 4 are voiced and stay in the list."""
    corpus = with_columns(write_corpus(tmp_path / "c", [dialogue(i, voiced=i in (1, 4)) for i in range(8)]))
    how = ["--by", "random", "--count", 9, "--one-per-cluster"]
    run(corpus, *how, "--keep-voiced", "--out", tmp_path / "k.txt")
    chosen = ids(tmp_path / "k.txt")
    assert chosen[2:] in (["d1", "d4"], ["d4", "d1"])
    assert {i[1:] for i in chosen[:2]} in ({"2", "6"}, {"2", "7"}, {"3", "6"}, {"3", "7"})
    run(corpus, *how, "--out", tmp_path / "o.txt")
    assert len(ids(tmp_path / "o.txt")) == 4


@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    share=st.floats(0.05, 1),
    seed=st.integers(0, 99),
)
def test_every_prefix_has_the_shares_of_the_pool(sizes, share, seed):
    ranking = Ranking(seed)
    ranking.pace("", 10)
    for stratum, size in enumerate(sizes):
        for i in range(size):
            ranking.add(Candidate(f"{stratum}-{i}", float(i), stratum=str(stratum), letters=100))
    count = max(1, round(share * sum(sizes)))
    order = list(ranking.order(Budget(count)))
    assert len(order) == sum(sizes)
    chosen = [one for one in order if one.chosen == "yes"]
    assert chosen == order[:count]
    for stratum, size in enumerate(sizes):
        own = [one.score for one in order if one.stratum == str(stratum)]
        assert own == sorted(own, reverse=True)
        taken = sum(one.stratum == str(stratum) for one in chosen)
        assert abs(taken - count * size / sum(sizes)) < 2


def test_the_least_foreseen_are_chosen(data, fitted, tmp_path):
    """The score is the loss of stage text's model on the replies, computed by hand."""
    run(data, "--model", fitted, "--count", 4, "--out", tmp_path / "i.txt")
    loaded = load_model(fitted / "text/model")
    rows = rows_of(data)
    own: dict[str, float] = {}
    for row in table(tmp_path / "i.txt"):
        rendered = loaded.template.render([Line(t["role"], t["text"]) for t in rows[row["id"]]["turns"]])
        with torch.no_grad():
            logs = loaded.model.eval()(torch.tensor([rendered.ids])).logits[0].log_softmax(-1)
        losses = [
            -logs[at - 1, rendered.ids[at]].item() for at, kept in enumerate(rendered.supervised) if kept
        ]
        own[row["id"]] = sum(losses) / len(losses)
        assert float(row["score"]) == pytest.approx(own[row["id"]], rel=1e-4)
        assert row["note"] == f"loss over {len(losses)} reply tokens"
    assert ids(tmp_path / "i.txt") == sorted(own, key=own.__getitem__, reverse=True)[:4]


def test_disagreement_is_measured_where_there_is_speech(data, fitted, tmp_path):
    """KL from the text pass to the speech pass, a reply token, computed by hand from two plain passes."""
    said = run(data, "--by", "disagree", "--pool", "voiced", "--model", fitted, "--count", 3,
               "--out", tmp_path / "v.txt")  # fmt: skip
    assert "3 of 18 voiced dialogues of train" in said
    loaded = load_model(fitted / "speech/model")
    model = loaded.model.eval()
    source = {d.id: d for d in ParquetSource(open_corpus(data), "train").read(0, 99)}
    own = {}
    for row in table(tmp_path / "v.txt"):
        turns = source[row["id"]].turns
        clips = [decode(t.clip)[0] for t in turns if t.clip is not None]
        heard = loaded.template.render(
            [
                Line(t.role, audio=loaded.frontend.tokens(len(decode(t.clip)[0])))
                if t.clip
                else Line(t.role, t.text)
                for t in turns
            ]
        )
        read = loaded.template.render([Line(t.role, t.text) for t in turns])
        with torch.no_grad():
            embeds = model.embed(torch.tensor([heard.ids]), model.audio_embeddings(**loaded.frontend(clips)))
            by_ear = model.llm(inputs_embeds=embeds).logits[0].log_softmax(-1)
            by_eye = model(torch.tensor([read.ids])).logits[0].log_softmax(-1)
        ear = by_ear[[at - 1 for at, kept in enumerate(heard.supervised) if kept]]
        eye = by_eye[[at - 1 for at, kept in enumerate(read.supervised) if kept]]
        own[row["id"]] = float((eye.exp() * (eye - ear)).sum(-1).mean())
        assert float(row["score"]) == pytest.approx(own[row["id"]], rel=1e-3)
        assert row["note"] == "measured"
    assert ids(tmp_path / "v.txt") == sorted(own, key=own.__getitem__, reverse=True)[:3]


def test_disagreement_is_predicted_where_there_is_none(data, fitted, tmp_path):
    said = run(data, "--by", "disagree", "--model", fitted, "--count", 3, "--out", tmp_path / "p.txt")
    assert "20 voiced dialogues are measured" in said
    assert "held-out dialogues are ranked with a correlation of" in said
    assert {row["note"] for row in table(tmp_path / "p.txt")} == {"predicted"}
    scores = [float(row["score"]) for row in table(tmp_path / "p.txt")]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0
    assert len(set(scores)) > 10


def test_a_prediction_finds_what_can_be_found_and_tells_when_there_is_nothing():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(120, 6))
    truth = np.exp(features @ [1, -2, 0, 0, 0.5, 0] + 0.2 * rng.normal(size=120))
    group = ["en", "zh"] * 60
    found = learn(features[:100], truth[:100], group[:100], 0)
    assert found.correlation > 0.9
    assert found.within is not None
    assert found.within > 0.9
    assert rank_correlation(np.array([found(x) for x in features[100:]]), truth[100:]) > 0.9
    assert abs(learn(features, rng.permutation(truth), group, 0).correlation) < 0.3
    # What only tells two languages apart is not taken for more.
    lang = np.array([[0.0], [1.0]] * 60)
    only = learn(lang, np.exp(3 * lang[:, 0] + rng.normal(size=120)), group, 0)
    assert only.correlation > 0.6 > 0.3 > abs(only.within or 0)
    with pytest.raises(UserError, match=f"at least {LEAST}"):
        learn(features[:9], truth[:9], group[:9], 0)


def test_measuring_does_not_depend_on_the_batches(data, fitted):
    judge = Judge(fitted, data, Options("disagree", Budget(1), "voiced"), lambda text: None)
    loaded = load_model(fitted / "speech/model")
    source = ParquetSource(open_corpus(data), "train")
    how = {"device": torch.device("cpu"), "left_out": Counter[str]()}
    rows = list(range(22, 34))
    one = measure(loaded, judge._twins(loaded), source, rows, budget=1, **how)
    all_at_once = measure(loaded, judge._twins(loaded), source, rows, budget=4000, **how)
    assert one == pytest.approx(all_at_once, rel=1e-4)


def test_bad_rows_are_counted_and_left_out(fitted, tmp_path):
    rows = [dialogue(i, voiced=False) for i in range(5)]
    rows[2]["turns"] = rows[2]["turns"] * 200
    rows[3]["turns"] = rows[3]["turns"][:1]
    corpus = write_corpus(tmp_path / "c", rows)
    said = run(corpus, "--model", fitted, "--count", 9, "--out", tmp_path / "b.txt")
    assert "left out, because it cannot be trained on: 1 too long, 1 no doctor" in said
    assert "that is all there are; 9 were asked for" in said
    assert sorted(ids(tmp_path / "b.txt")) == ["d0", "d1", "d4"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--by", "random"], "give a budget"),
        (["--by", "random", "--count", 2, "--hours", 1], "give a budget"),
        (["--by", "random", "--count", 2, "--stratify", "height"], "--stratify height: there are source"),
        (["--by", "random", "--count", 2, "--stratify", "informant"], "has no column informant"),
        (["--by", "random", "--count", 2, "--out", "x.csv"], "names the file of ids"),
        (["--by", "random", "--count", 2, "--split", "test"], "voiced already"),
        (["--by", "disagree", "--count", 2, "--model", "TEXT"], "has only read so far"),
        (["--count", 2, "--model", "nowhere"], "no such run"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(data, fitted, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    arguments = [fitted / "text" if a == "TEXT" else a for a in arguments]
    with pytest.raises(UserError, match=words):
        run(data, *arguments)
    assert not list(tmp_path.iterdir())


def test_chance_needs_no_torch_and_the_rest_says_what_is_missing(data, tmp_path):
    hide = "import sys; sys.modules['torch'] = None; from medtrain.cli import main; main()"
    command = [
        sys.executable,
        "-c",
        hide,
        "select",
        str(data),
        "--count",
        "2",
        "--out",
        str(tmp_path / "x.txt"),
    ]
    made = subprocess.run([*command, "--by", "random"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert made.returncode == 0, made.stderr
    assert len(ids(tmp_path / "x.txt")) == 2
    made = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (made.returncode, made.stderr.count("\n")) == (1, 1)
    assert "medsynth[train]" in made.stderr


ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read as Linux tells it")
def test_memory_does_not_grow_with_the_corpus(tmp_path):
    """Twenty times the dialogues, their audio included: the peak of a process of its own stays."""

    def peak(copies: int) -> int:
        folder = tmp_path / str(copies)
        write_corpus(folder, [])
        (folder / "data").mkdir(exist_ok=True)
        rows = [dialogue(i, voiced=i % 2 == 0, rounds=3) for i in range(50)]
        for row in rows[::2]:
            row["turns"][0]["audio"] = {"bytes": sound(1, 3.0).tobytes(), "path": "x"}
        part = write_corpus(tmp_path / "part", rows) / "data/train-00000-of-00001.parquet"
        frame = pl.read_parquet(part, glob=False)
        for number in range(copies):
            ids = frame["id"] + f"-{number}"
            frame.with_columns(ids.alias("id")).write_parquet(folder / f"data/train-{number:05}.parquet")
        command = [sys.executable, "-c", MEASURED, "select", str(folder), "--by", "random", "--count", "20",
                   "--out", str(folder / "x.txt")]  # fmt: skip
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert len(ids_of(folder)) == 20
        return int(made.stderr.split()[-1])

    def ids_of(folder: Path) -> list[str]:
        return ids(folder / "x.txt")

    small, large = peak(2), peak(40)
    assert large - small < 40_000, (small, large)  # KiB; the audio alone is 190,000


# The kernel's own mark: ru_maxrss would hold the peak of the process that started this one.
MEASURED = """
import sys
from pathlib import Path
from medtrain.cli import app
app(args=sys.argv[1:], prog_name="medtrain", standalone_mode=False)
(line,) = (l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM"))
print(line.split()[1], file=sys.stderr)
"""


def test_a_draw_of_a_stream_is_even():
    counts = Counter(row for seed in range(600) for row in _drawn(iter(range(30)), 6, seed))
    assert min(counts.values()) > 80
    assert max(counts.values()) < 165
    assert _drawn(iter(range(4)), 6, 0) == [0, 1, 2, 3]


def test_a_failed_write_leaves_nothing(data, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="cannot write"):
        select(data, Options("random", Budget(2)), tmp_path / "file" / "x.txt", by_chance)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]

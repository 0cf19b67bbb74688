"""The demonstration from raw samples to a corpus, by the command line, as a user runs it."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from medsynth.corpus.reader import corpus_info
from tests.conftest import ROOT, medsynth
from tests.run.support import kill_after

SAMPLES = ROOT / "pipelines/samples"
DEMO = ROOT / "pipelines/demo.yaml"
SMALL = ("--limit", 6, "--set", "run.shard_size=3")


def frame(run: Path) -> pl.DataFrame:
    return pl.concat(
        [pl.read_parquet(p, memory_map=False) for p in sorted(run.glob("corpus/data/*.parquet"))]
    )


def corpus_bytes(run: Path) -> dict[str, bytes]:
    files = [*(run / "corpus/data").iterdir(), run / "corpus/ledger.parquet"]
    return {f.name: f.read_bytes() for f in files}


def stages(run: Path) -> dict[str, dict]:
    return {s["name"]: s for s in json.loads((run / "run.json").read_text())["stages"]}


def test_the_demo_gives_eighty_dialogues_in_two_languages_and_verifies(demo_run):
    info = corpus_info(demo_run / "corpus")
    assert info["dialogues"] >= 80
    assert {"en", "zh"} == {lang for counts in info["counts"].values() for lang in counts}
    assert info["voiced"] == 24
    result = medsynth("verify", demo_run)
    assert result.stdout.splitlines()[-1].endswith("whole")


def test_every_stage_had_something_to_do(demo_run):
    ledger = pl.read_parquet(demo_run / "corpus/ledger.parquet")
    reasons = set(ledger["reason"])
    assert {"empty_answer", "needs_image", "needs_table", "too_short", "held_out", "duplicate"} <= reasons
    assert not ledger.filter(pl.col("outcome") == "failed").height


def test_no_planted_personal_data_is_left(demo_run):
    planted = ["xiaolin2021", "@example", "07700", "020 7946", "13800", "110101"]
    corpus = frame(demo_run)
    texts = [t["text"] for col in ("turns", "source_turns") for turns in corpus[col] for t in turns]
    report = (demo_run / "corpus/report.html").read_text()
    ledger = pl.read_parquet(demo_run / "corpus/ledger.parquet")
    for text in (*texts, report, *ledger["detail"]):
        assert not any(p in text for p in planted)


def test_the_voice_matches_who_speaks(demo_run):
    corpus = frame(demo_run).filter(pl.col("speaker_id").is_not_null())
    speakers = {r["id"]: r for r in pl.read_parquet(demo_run / "corpus/speakers.parquet").to_dicts()}
    for row in corpus.iter_rows(named=True):
        speaker = speakers[row["speaker_id"]]
        assert speaker["gender"] == row["patient"]["gender"]
        assert speaker["age_group"] == row["patient"]["age_group"]
        assert speaker["split"] == row["split"]
        if row["informant"] in ("parent", "spouse"):
            assert speaker["age_group"] != "child"


def test_medtrain_reads_it(demo_run):
    code = "from medtrain.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, "check", str(demo_run)], capture_output=True, text=True, cwd=ROOT
    )
    assert result.returncode == 0, result.stderr
    assert "no problems" in result.stdout


def test_the_corpus_does_not_depend_on_workers_or_shards(tmp_path):
    medsynth("run", DEMO, *SMALL, "--out", tmp_path / "one", "--workers", 1, cwd=tmp_path)
    medsynth("run", DEMO, "--limit", 6, "--set", "run.shard_size=5", "--out", tmp_path / "two", cwd=tmp_path)
    assert corpus_bytes(tmp_path / "one") == corpus_bytes(tmp_path / "two")


def test_killed_at_random_the_demo_ends_with_the_same_bytes(tmp_path):
    medsynth("run", DEMO, *SMALL, "--out", tmp_path / "calm", cwd=tmp_path)
    command = [sys.executable, "-c", "from medsynth.cli import main; main()", "run", DEMO, *SMALL]
    command = [str(c) for c in (*command, "--out", tmp_path / "run")]
    rng = random.Random(3)
    kills = 0
    for _ in range(6):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        kills += kill_after(process, tmp_path / "run", rng.randint(1, 14), rng.uniform(0, 0.5))
    medsynth("run", DEMO, *SMALL, "--out", tmp_path / "run", cwd=ROOT)
    assert kills
    assert corpus_bytes(tmp_path / "run") == corpus_bytes(tmp_path / "calm")
    assert medsynth("verify", tmp_path / "run").returncode == 0


@pytest.fixture(scope="module")
def small_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    shutil.copytree(ROOT / "pipelines", folder / "pipelines")
    medsynth("run", "pipelines/demo.yaml", *SMALL, "--out", "run", cwd=folder)
    return folder


@pytest.fixture
def small(small_once: Path, tmp_path: Path) -> Path:
    """A finished small run and a pipeline of its own, whose files a test may change."""
    return Path(shutil.copytree(small_once, tmp_path / "own"))


def rerun(folder: Path) -> dict[str, int]:
    """Run again and return how many records each stage had to process anew."""
    medsynth("run", "pipelines/demo.yaml", *SMALL, "--out", "run", cwd=folder)
    return {name: s["inputs"] - s["cached"] for name, s in stages(folder / "run").items() if name != "ingest"}


def test_run_again_does_nothing_and_leaves_the_corpus_alone(small):
    before = (small / "run/corpus/corpus.json").stat().st_mtime_ns
    assert set(rerun(small).values()) == {0}
    assert (small / "run/corpus/corpus.json").stat().st_mtime_ns == before


def test_a_changed_row_redoes_one_record(small):
    path = small / "pipelines/samples/en_questions.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    row = json.loads(lines[2])
    row["answer"] += " Drink enough water."
    lines[2] = json.dumps(row)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    redone = rerun(small)
    assert redone["screen"] == redone["rewrite"] == redone["voice"] == 1


def test_a_changed_voice_redoes_only_its_dialogues(small):
    from medsynth.voice.bank import load_bank, save_bank

    used = frame(small / "run").group_by("speaker_id").len().sort("len", "speaker_id", descending=True).row(0)
    speakers = [
        s.model_copy(update={"handle": {**s.handle, "pitch": int(s.handle["pitch"]) + 1}})
        if s.id == used[0]
        else s
        for s in load_bank()
    ]
    save_bank(speakers, small / "pipelines/bank.csv")
    medsynth("run", "pipelines/demo.yaml", *SMALL, "--out", "run", "--set", "voice.bank=bank.csv", cwd=small)
    redone = {name: s["inputs"] - s["cached"] for name, s in stages(small / "run").items()}
    # Dialogues that would fall back on this voice depend on it too.
    assert used[1] <= redone["voice"] <= used[1] + 4
    assert redone["rewrite"] == redone["profile"] == 0


def test_a_changed_frame_voices_again_only_the_dialogues_that_use_it(small, monkeypatch):
    """Frames lie in the package; a copy of the package in the way of the installed one has one changed."""
    rows = frame(small / "run").filter(pl.col("lang") == "en")
    used = [{o["frame"] for t in turns for o in t["origin"] if o["frame"]} for turns in rows["turns"]]
    frame_id = sorted(set().union(*used))[0]
    text = corpus_info(small / "run/corpus")["frames"]["en"][frame_id]
    for name in ("medsynth", "prompts"):
        shutil.copytree(ROOT / name, small / name)
    path = small / "prompts/frames/en.yaml"
    frames = path.read_text(encoding="utf-8")
    assert frames.count(text) == 1
    path.write_text(frames.replace(text, text[:-1] + ", please" + text[-1]), encoding="utf-8")
    redone = rerun(small)  # started in `small`, where the changed copy comes first
    assert redone["voice"] == sum(frame_id in frames_of for frames_of in used)


def test_voice_after_a_run_takes_the_last_run_and_leaves_it_alone(small):
    before = corpus_bytes(small / "run")
    result = medsynth("voice", "--profile", "elderly", "--count", 4, cwd=small)
    assert corpus_bytes(small / "run") == before
    derived = next(p for p in small.iterdir() if (p / "run.json").is_file() and p.name != "run")
    corpus = frame(derived).filter(pl.col("speaker_id").is_not_null())
    assert corpus.height == 4
    assert {p["age_group"] for p in corpus["patient"]} == {"elderly"}
    assert {p["age_basis"] for p in corpus["patient"]} == {"forced"}
    assert "corpus" in result.stdout
    assert stages(derived)["rewrite"]["cached"] == stages(derived)["rewrite"]["inputs"]


def test_rewrite_of_a_raw_file_alone(tmp_path):
    shutil.copy(SAMPLES / "en_questions.jsonl", tmp_path / "qa.jsonl")
    medsynth("rewrite", "--src", "qa.jsonl", "--lang", "en", "--limit", 5, cwd=tmp_path)
    lines = (tmp_path / "runs/qa/rewrite.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines and all(json.loads(line)["turns"][0]["role"] == "patient" for line in lines)
    started = time.monotonic()
    medsynth("status", cwd=tmp_path)
    assert time.monotonic() - started < 30
    trace = medsynth("trace", json.loads(lines[0])["id"], cwd=tmp_path)
    assert "rewrite" in trace.stdout


def test_screen_explains_a_rejection_rule_by_rule(demo_run):
    lines = medsynth(
        "screen", "--explain", "sample-en-qa-en_questions-en-q-033", "--src", demo_run
    ).stdout.splitlines()
    assert lines[-1] == "rejected: needs_image"
    assert any(line.startswith("FAIL") for line in lines)
    assert any(line.startswith("ok") for line in lines)


def test_profile_of_texts_prints_a_line_each(tmp_path):
    rows = [
        {"id": "1", "lang": "en", "text": "My husband, 62, has chest pain."},
        {"id": "2", "lang": "zh", "text": "宝宝8个月，发烧38度"},
    ]
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "bad\n")
    first, second, third = map(json.loads, medsynth("profile", "--texts", path).stdout.splitlines())
    assert (first["informant"], first["gender"], first["patient"]["age_group"]) == (
        "spouse",
        "female",
        "elderly",
    )
    assert (second["informant"], second["patient"]["age_group"]) == ("parent", "child")
    assert third["line"] == 3 and third["error"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "nosuch"), "no such pipeline file"),
        (("rewrite", "--src", "nowhere.json"), "nowhere.json"),
        (("status",), "no earlier run"),
        (("verify", "."), "neither a corpus"),
        (("rewrite", "--src", "a.jsonl", "--set", "screen.min_chrs=3"), "unknown key"),
        (("run", "demo", "--src", "a.jsonl"), "licence"),
        (("run", "open-data", "--out", "x"), "environment variable"),
        (("voice", "--src", "a.jsonl", "--licence", "MIT", "--count", "-3"), "voice.count"),
        (("rewrite", "--src", "b.bin"), "b.bin"),
        (("voice", "--src", "a.jsonl", "--licence", "MIT", "--profile", "eldery"), "eldery"),
        (("rewrite", "--src", "a.jsonl", "--engine", "gpt"), "extractive"),
    ],
)
def test_a_users_mistake_is_one_plain_message(tmp_path, arguments, words):
    row = {
        "id": "1",
        "question": "I have had a headache for two days. What can I do?",
        "answer": "Rest and drink.",
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "b.bin").write_bytes(bytes(range(256)) * 4)
    result = medsynth(*arguments, cwd=tmp_path, check=False)
    assert result.returncode == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_the_wheel_works_in_an_empty_folder(tmp_path):
    wheel = tmp_path / "wheel"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheel)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    shutil.unpack_archive(next(wheel.glob("*.whl")), tmp_path / "site", "zip")
    empty = tmp_path / "empty"
    empty.mkdir()
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); import medsynth; "
        f"assert medsynth.__file__.startswith({str(tmp_path)!r}); from medsynth.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "run", "demo", "--limit", "2", "--out", "out"]
    result = subprocess.run(command, cwd=empty, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert (empty / "out/corpus/report.html").is_file()

"""The benchmark of our batches beside the published ones runs, at its smallest sizes, and prints whole tables."""

from __future__ import annotations

import re
import sys

import pytest

from tests.bench import bench_train


def bench(monkeypatch, capsys, *arguments: object) -> str:
    monkeypatch.setattr(sys, "argv", ["bench_train", *map(str, arguments)])
    bench_train.main()
    return capsys.readouterr().out


def test_every_stage_and_arm_has_a_row(corpus, monkeypatch, capsys):
    text = bench(monkeypatch, capsys, "--corpus", corpus, "--dialogues", 2, "--rounds", 1)
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    arms = ["published", "ours, bucketed", "ours, packed"]
    stages = [(row[0].strip("| "), row[1]) for row in rows if row[1] in arms]
    assert stages == [(stage, arm) for stage in bench_train.STAGES for arm in arms]
    rates = [float(re.match(r"\d+", row[2])[0]) for row in rows if row[1] in arms]
    assert all(rate > 0 for rate in rates)
    padded = {(row[0].strip("| "), row[1]): row[6].strip("| ") for row in rows if row[1] in arms}
    assert padded["text", "published"] == "–"
    assert float(padded["speech", "published"].strip("%")) > 90  # half a second in windows of 30
    assert float(padded["speech", "ours, bucketed"].strip("%")) < 50
    loading = text.split("| loading |")[1]
    assert all(f"| {name} |" in loading for name in ("bare decoding", "our loader", "published collator"))


def test_the_gpu_comparison_starts_on_a_cpu_with_a_small_model(corpus, monkeypatch, capsys):
    text = bench(
        monkeypatch, capsys, "--corpus", corpus, "--dialogues", 2, "--rounds", 1, "--gpu", "--device", "cpu",
        "--small",
    )  # fmt: skip
    assert "published" in text and "ours" in text


def test_without_a_corpus_it_says_how_to_make_one(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit, match="holds no corpus; make one with"):
        bench(monkeypatch, capsys, "--corpus", tmp_path)


def test_the_comparison_of_compiling_prints_both_stages(corpus, monkeypatch, capsys):
    """Without compiling in fact, which takes minutes."""
    import torch._dynamo

    from tests.bench import bench_compile

    arguments = ["bench_compile", "--corpus", str(corpus), "--dialogues", "2", "--rounds", "1"]
    monkeypatch.setattr(sys, "argv", arguments)
    with torch._dynamo.config.patch(disable=True):
        bench_compile.main()
    text = capsys.readouterr().out
    for stage in ("text", "speech"):
        (row,) = (line.split(" | ") for line in text.splitlines() if line.startswith(f"| {stage} |"))
        assert all(float(re.match(r"[\d.]+", cell)[0]) > 0 for cell in row[1:4])

"""The finished corpus through Hugging Face `datasets`, offline: splits, features, audio."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from medsynth.corpus.reader import corpus_info

LOAD = """
import io, json, sys
import datasets, soundfile
datasets.disable_progress_bars()
loaded = datasets.load_dataset(sys.argv[1])
out = {"rows": {k: v.num_rows for k, v in loaded.items()}, "clips": 0, "seconds": 0.0, "stated": 0.0}
decode = sys.argv[2] == "decode"
for split in loaded.values():
    feature = split.features["turns"]
    inner = feature.feature if hasattr(feature, "feature") else feature[0]
    assert isinstance(inner["audio"], datasets.Audio) and inner["audio"].sampling_rate == 16000
    if not decode:
        features = split.features.copy()
        inner = features["turns"].feature if hasattr(features["turns"], "feature") else features["turns"][0]
        inner["audio"] = datasets.Audio(sampling_rate=16000, decode=False)
        split = split.cast(features)
    for row in split:
        for turn in row["turns"]:
            if turn["audio"] is None:
                continue
            if decode:
                samples = turn["audio"].get_all_samples()
                length, rate = samples.data.shape[-1], samples.sample_rate
            else:
                data, rate = soundfile.read(io.BytesIO(turn["audio"]["bytes"]), dtype="int16")
                length = len(data)
            assert rate == 16000
            out["clips"] += 1
            out["seconds"] += length / rate
            out["stated"] += turn["duration_s"]
print(json.dumps(out))
"""


def load(corpus: Path, tmp_path: Path, how: str) -> dict:
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    command = [sys.executable, "-c", LOAD, str(corpus), how]
    result = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])


def check(demo_run: Path, found: dict) -> None:
    info = corpus_info(demo_run / "corpus")
    assert found["rows"] == {split: sum(langs.values()) for split, langs in info["counts"].items()}
    assert found["clips"] == info["clips"] > 0
    assert found["seconds"] == pytest.approx(found["stated"], abs=0.001 * found["clips"])


def test_datasets_gives_the_splits_and_undecoded_audio(demo_run, tmp_path):
    pytest.importorskip("datasets")
    check(demo_run, load(demo_run / "corpus", tmp_path, "bytes"))


def test_datasets_decodes_the_audio(demo_run, tmp_path):
    pytest.importorskip("datasets")
    if importlib.util.find_spec("torchcodec") is None:
        pytest.skip("datasets decodes audio with torchcodec, which is not installed here (make test-hf)")
    check(demo_run, load(demo_run / "corpus", tmp_path, "decode"))

"""The dataset card: front matter that `datasets` loads, words that hostile names cannot break."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import fake
import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from medsynth.corpus.card import CardSource, CardVoice, build_card, strictest, voices_of
from medsynth.corpus.card_features import features_yaml
from medsynth.corpus.schema import DIALOGUES, SPEAKERS

ESPEAK = CardVoice("espeak", "GPL-3.0-or-later", "synthetic", 16)


def parts(card: str) -> tuple[dict, str]:
    """Split a card into its front matter and its text."""
    _, front, text = card.split("---\n", 2)
    return yaml.safe_load(front), text


def card_of(rows: list[dict], **more) -> tuple[dict, str]:
    info = fake.info_of(rows) | more.pop("info", {})
    return parts(build_card(info, voices=more.pop("voices", [ESPEAK]), **more))


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    return [fake.dialogue(i) for i in range(12)]


def test_front_matter_is_what_the_hub_reads(rows):
    front, text = card_of(rows)
    assert front["license"] == "cc-by-4.0"
    assert front["language"] == ["en", "zh"]
    assert front["size_categories"] == ["n<1K"]
    assert "automatic-speech-recognition" in front["task_categories"]
    assert front["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train-*.parquet"},
        {"split": "test", "path": "data/test-*.parquet"},
    ]
    for words in ("NOT MEDICAL ADVICE", "synthetic", "GNU GPL", "2601.04638", "## Known limits"):
        assert words in text


@pytest.mark.parametrize(
    "licence, front_licence, why",
    [
        ("CPML", "other", "CPML is the strictest"),
        ("CC BY-NC-ND 4.0", "cc-by-nc-nd-4.0", "CC-BY-NC-ND-4.0 is the strictest"),
        ("unknown", "other", "Not recognised: 'unknown'"),
        ("MPL-2.0", "cc-by-4.0", "CC-BY-4.0 is the strictest"),
        ("Apache-2.0", "cc-by-4.0", "CC-BY-4.0 is the strictest"),
    ],
)
def test_the_weights_of_a_voice_model_bind_the_corpus(rows, licence, front_licence, why):
    model = {"engine": "coqui", "model": "tts_models/x|y", "licence": licence}
    heard = ["CC-BY-4.0", licence]
    front, text = card_of(rows, info={"voice_models": [model], "voice_licences": heard})
    assert front["license"] == front_licence and why in text
    assert f"| coqui | tts\\_models/x\\|y | {licence} |" in text
    assert front.get("license_name") == (licence.lower() if front_licence == "other" else None)


def test_splits_without_rows_are_not_declared(rows):
    info = fake.info_of(rows)
    info["counts"]["validation"] = {"en": 0}
    front, _ = parts(build_card(info))
    assert [file["split"] for file in front["configs"][0]["data_files"]] == ["train", "test"]
    empty, _ = parts(build_card({"name": "nothing"}))
    assert "configs" not in empty
    assert empty["license"] == "other"


def test_a_text_corpus_claims_no_speech():
    front, text = card_of([fake.dialogue(0, voiced=False)], voices=[])
    assert front["task_categories"] == ["text-generation"]
    assert "No speech was made" in text
    assert "All speech here" not in text


def test_composition_counts_add_up(rows):
    _, text = card_of(rows)
    lines = [line for line in text.splitlines() if line.startswith(("| train", "| test", "| all"))]
    *parts_, whole = [int(line.split("|")[3]) for line in lines]
    assert sum(parts_) == whole == len(rows)


def test_every_column_is_explained(rows):
    _, text = card_of(rows)
    for name in DIALOGUES:
        assert re.search(rf"^\| `{name}` \| \S", text, re.M), name


def test_features_are_those_datasets_would_write():
    datasets = pytest.importorskip("datasets")
    written = features_yaml(DIALOGUES)
    features = datasets.Features._from_yaml_list([dict(field) for field in written])
    assert features["turns"].feature["audio"] == datasets.Audio(sampling_rate=16000)
    assert features["turns"].feature["origin"].feature["start"] == datasets.Value("int32")
    assert features["raw_ids"] == datasets.List(datasets.Value("string"))
    assert set(features) == set(DIALOGUES)
    assert features._to_yaml_list() == written


def test_an_unknown_column_type_is_an_error():
    with pytest.raises(TypeError, match="Duration"):
        features_yaml({"x": pl.Duration})


def test_load_dataset_gives_splits_and_audio(tmp_path, rows):
    """`datasets` reads its cache folder from the environment when imported: a process of its own."""
    pytest.importorskip("datasets")
    corpus = fake.write_corpus(tmp_path / "corpus", rows)
    (corpus / "README.md").write_text(build_card(fake.info_of(rows)), encoding="utf-8")
    program = """
import io, sys, soundfile
from datasets import Audio, load_dataset
splits = load_dataset(sys.argv[1])
clips = 0
for name, split in splits.items():
    assert split.features["turns"].feature["audio"] == Audio(sampling_rate=16000)
    features = split.features.copy()
    features["turns"].feature["audio"] = Audio(sampling_rate=16000, decode=False)
    for row in split.cast(features):
        assert row["split"] == name
        for turn in row["turns"]:
            if turn["audio"]:
                samples, rate = soundfile.read(io.BytesIO(turn["audio"]["bytes"]))
                assert rate == 16000 and abs(len(samples) / rate - turn["duration_s"]) < 1e-3
                clips += 1
            else:
                assert turn["role"] == "doctor"
print({name: len(split) for name, split in splits.items()}, clips)
"""
    env = os.environ | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", program, str(corpus)], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "{'train': 9, 'test': 3} 24"


def test_the_code_that_the_card_shows_runs(tmp_path, rows):
    corpus = fake.write_corpus(tmp_path / "corpus", rows)
    _, text = card_of(rows)
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    assert len(blocks) == 3
    names: dict = {}
    exec(blocks[-1].replace("path/to/this/folder", corpus.as_posix()), names)
    assert names["turns"].height == 9 * 4
    assert "audio" not in names["turns"].columns
    assert names["ledger"].height == len(rows) + len(fake.REJECTS)
    for block in blocks[:-1]:
        compile(block, "card", "exec")


@pytest.mark.parametrize(
    "hostile",
    ["a|b\n---\n# x", "<script>alert(1)</script>", "`x` ``` y", "a: b # c\n'\"", "\u202eevil", "---"],
)
def test_hostile_names_stay_text(rows, hostile):
    info = {"name": hostile, "pipeline": {"note": hostile, hostile: 1}, "pipeline_hash": hostile}
    info["licences"] = {hostile: 1}
    info["profiles"] = {"accent": {hostile: 3}}
    info["counts"] = {"train": {hostile: 2}}
    source = CardSource(hostile, hostile, 3, hostile)
    voice = CardVoice(hostile, hostile, hostile, 1)
    front, text = card_of(rows, info=info, sources=[source], voices=[voice])
    assert front["license"] == "other"
    assert "\u202e" not in text.split("```yaml")[0]
    outside = re.sub(r"(`{3,})yaml\n.*?\n\1\n", "", text, flags=re.S)
    assert "<script" not in outside
    assert re.findall(r"^# .*", outside, re.M) == [f"# {outside.split('# ', 1)[1].splitlines()[0]}"]
    tables = [line for line in outside.splitlines() if line.startswith("| ") and "evil" in line]
    assert all(line.endswith("|") for line in tables)


@given(st.text(max_size=40))
def test_any_name_gives_a_card_that_parses(name):
    front, text = parts(build_card({"name": name, "licences": {name: 1}}))
    assert isinstance(front["pretty_name"], str)
    assert "NOT MEDICAL ADVICE" in text


def test_the_same_corpus_gives_the_same_card(rows):
    info = fake.info_of(rows)
    assert build_card(info) == build_card(info)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (["CC0-1.0"], "CC0-1.0"),
        (["MIT", "CC-BY-4.0"], "CC-BY-4.0"),
        (["CC BY 4.0", "Apache-2.0"], "CC-BY-4.0"),
        (["cc-by-sa-4.0", "CC-BY-4.0"], "CC-BY-SA-4.0"),
        (["CC-BY-NC-4.0", "CC-BY-SA-4.0"], "CC-BY-NC-4.0"),
        (["MIT; research use only", "CC-BY-NC-4.0"], "research-only"),
        (["all rights reserved?", "research-only"], "unknown"),
        ([""], "unknown"),
        ([], "unknown"),
    ],
)
def test_strictest(stated, expected):
    licence, why = strictest(stated)
    assert licence == expected
    assert why.endswith(".")


def test_share_alike_conflicts_are_named():
    assert "CC-BY-SA-4.0" in strictest(["CC-BY-SA-4.0", "CC-BY-NC-4.0"])[1]
    assert "Share-alike" not in strictest(["CC-BY-SA-4.0", "MIT"])[1]


@given(st.lists(st.sampled_from(["CC0-1.0", "MIT", "CC-BY-4.0", "CC-BY-NC-4.0", "odd"]), min_size=1))
def test_strictest_does_not_depend_on_order_or_number(licences):
    assert strictest(licences) == strictest(sorted(set(licences)))
    assert strictest([*licences, "odd"])[0] == "unknown"


def test_a_voices_own_terms_reach_the_corpus_but_a_programs_do_not(rows):
    assert card_of(rows, voices=[ESPEAK])[0]["license"] == "cc-by-4.0"
    front, _ = card_of(rows, voices=[CardVoice("coqui", "CPML", "cloning", 2)])
    assert (front["license"], front["license_name"]) == ("other", "cpml")


def test_voices_are_counted_from_the_bank():
    frame = pl.DataFrame(fake.speakers(), schema=SPEAKERS)
    assert voices_of(frame) == [ESPEAK]


def test_clips_of_the_fake_corpus_are_flac():
    import soundfile as sf

    assert sf.info(io.BytesIO(fake.tone(0.5, 200))).frames == 8000


def test_the_card_is_utf8(tmp_path: Path, rows):
    path = tmp_path / "README.md"
    path.write_text(build_card(fake.info_of(rows, "膝盖")), encoding="utf-8")
    assert parts(path.read_text(encoding="utf-8"))[0]["pretty_name"] == "膝盖"


def test_a_model_that_wrote_is_named_and_its_terms_are_left_open(rows):
    _, body = card_of(rows, info={"rewrite_engines": {"openai": 3}, "rewrite_models": {"Some/Model-7B": 3}})
    assert "Some/Model-7B" in body and "Its terms may bind what it wrote" in body
    _, without = card_of(rows)
    assert "Its terms may bind" not in without

"""`verify` against planted damage. Checksums are made right again, so that the named check must find it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from medsynth.corpus.reader import corpus_info, data_paths
from medsynth.corpus.schema import DIALOGUES
from medsynth.corpus.verify import Finding, verify_corpus
from medsynth.corpus.writer import write_checksums, write_json


def edit(corpus: Path, change: Callable[[list[dict[str, Any]]], object], split: str = "train") -> None:
    file = next(p for p in data_paths(corpus) if p.name.startswith(split))
    rows = pl.read_parquet(file, memory_map=False).to_dicts()
    change(rows)
    pl.DataFrame(rows, schema=DIALOGUES).write_parquet(file, compression="zstd")
    write_checksums(corpus)


def voiced(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return next(r for r in rows if r["speaker_id"])


def found(corpus: Path) -> list[Finding]:
    return list(verify_corpus(corpus))


def checks(corpus: Path) -> set[str]:
    return {f.check for f in found(corpus)}


def test_the_corpus_as_written_is_whole(corpus):
    assert found(corpus) == []


def test_a_flipped_byte(corpus):
    file = data_paths(corpus)[0]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert "checksums" in checks(corpus)


def test_a_file_too_many_and_a_file_gone(corpus):
    (corpus / "extra.txt").write_text("x")
    (corpus / "README.md").unlink()
    assert {(f.check, f.where) for f in found(corpus)} == {
        ("checksums", "extra.txt"),
        ("checksums", "README.md"),
    }


def test_a_clip_removed(corpus):
    def change(rows):
        voiced(rows)["turns"][0]["audio"] = None

    edit(corpus, change)
    assert checks(corpus) == {"audio"}


def test_a_clip_cut(corpus):
    def change(rows):
        import io

        import soundfile

        clip = voiced(rows)["turns"][0]["audio"]
        samples, rate = soundfile.read(io.BytesIO(clip["bytes"]), dtype="int16")
        out = io.BytesIO()
        soundfile.write(out, samples[: len(samples) // 2], rate, format="FLAC", subtype="PCM_16")
        clip["bytes"] = out.getvalue()

    edit(corpus, change)
    assert checks(corpus) == {"audio"}


def test_a_clip_that_is_not_audio(corpus):
    def change(rows):
        voiced(rows)["turns"][0]["audio"]["bytes"] = b"fLaC but no more"

    edit(corpus, change)
    assert checks(corpus) == {"audio"}


@pytest.mark.parametrize("outcome", ["kept", "rejected", "merged"])
def test_a_ledger_line_dropped(corpus, outcome):
    file = corpus / "ledger.parquet"
    ledger = pl.read_parquet(file, memory_map=False)
    victim = ledger.filter(pl.col("outcome") == outcome)["id"][0]
    ledger.filter(pl.col("id") != victim).write_parquet(file)
    write_checksums(corpus)
    assert checks(corpus) == {"conservation"}


def test_a_ledger_line_doubled(corpus):
    file = corpus / "ledger.parquet"
    ledger = pl.read_parquet(file, memory_map=False)
    pl.concat([ledger, ledger.head(1)]).write_parquet(file)
    write_checksums(corpus)
    assert checks(corpus) == {"conservation"}


def test_a_dialogue_dropped(corpus):
    edit(corpus, lambda rows: rows.pop(3))
    assert checks(corpus) == {"conservation"}


def test_a_speaker_in_two_splits(corpus):
    train = pl.read_parquet(
        next(corpus.glob("data/train-*")), columns=["speaker_id", "lang"], memory_map=False
    )
    donor = train.filter(pl.col("speaker_id").is_not_null()).row(0, named=True)["speaker_id"]

    def change(rows):
        rows[0]["speaker_id"] = donor

    edit(corpus, change, "test")
    assert {"splits", "speakers"} <= checks(corpus)


def test_a_group_in_two_splits(corpus):
    train = pl.read_parquet(next(corpus.glob("data/train-*")), columns=["group"], memory_map=False)

    def change(rows):
        rows[0]["group"] = train["group"][0]

    edit(corpus, change, "test")
    assert checks(corpus) == {"splits"}


def test_a_cluster_in_two_splits(corpus):
    train = pl.read_parquet(next(corpus.glob("data/train-*")), columns=["cluster"], memory_map=False)

    def change(rows):
        rows[0]["cluster"] = train["cluster"][0]

    edit(corpus, change, "test")
    assert checks(corpus) == {"splits"}


def test_a_voice_of_the_other_gender(corpus):
    def change(rows):
        patient = voiced(rows)["patient"]
        patient["gender"] = "male" if patient["gender"] == "female" else "female"

    edit(corpus, change)
    assert checks(corpus) == {"speakers"}


def test_an_invented_sentence(corpus):
    def change(rows):
        turn = next(t for r in rows if r["lang"] == "en" for t in r["turns"] if t["role"] == "doctor")
        turn["text"] += " Take two of them."

    edit(corpus, change)
    assert checks(corpus) == {"origins"}


def test_an_altered_source(corpus):
    def change(rows):
        row = next(r for r in rows if r["turns"][0]["origin"][0]["turn"] is not None)
        source = row["source_turns"][row["turns"][0]["origin"][0]["turn"]]
        source["text"] = "x" + source["text"]

    edit(corpus, change)
    assert checks(corpus) == {"origins"}


def test_a_frame_that_is_not_listed(corpus):
    info = corpus_info(corpus)
    lang, frames = next((k, v) for k, v in info["frames"].items() if v)
    frames.pop(next(iter(frames)))
    write_json(corpus / "corpus.json", info)
    write_checksums(corpus)
    assert lang and checks(corpus) == {"origins"}


def test_markup_in_a_turn_and_two_turns_of_one_role(corpus):
    def change(rows):
        rows[0]["turns"][-1]["text"] = "**Rest** [link](x)"
        rows[1]["turns"].append(dict(rows[1]["turns"][-1]))

    edit(corpus, change)
    assert "speakable" in checks(corpus)


def test_a_missing_column(corpus):
    file = data_paths(corpus)[0]
    pl.read_parquet(file, memory_map=False).drop("checks").write_parquet(file)
    write_checksums(corpus)
    assert "schema" in checks(corpus)


def test_another_schema_version(corpus):
    info = corpus_info(corpus)
    info["schema_version"] = 99
    write_json(corpus / "corpus.json", info)
    assert "schema" in checks(corpus)


def by_a_model(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row["provenance"]["engine"] = "openai"
        for turn in row["turns"]:
            turn["origin"] = []


def test_what_a_model_wrote_is_compared_by_its_facts(corpus):
    edit(corpus, by_a_model)
    assert found(corpus) == [], "no span is asked for, and no fact differs"


def test_a_dose_that_a_model_altered_or_invented(corpus):
    def change(rows):
        by_a_model(rows)
        turn = next(t for r in rows if r["lang"] == "en" for t in r["turns"] if t["role"] == "doctor")
        turn["text"] += " Take 500 mg of amoxicillin twice a day."

    edit(corpus, change)
    problems = found(corpus)
    assert {p.check for p in problems} == {"facts"}
    assert any("500 mg" in p.message and "invented" in p.message for p in problems)

"""Every reader on files as their publishers ship them (folder named by MEDSYNTH_REAL_DATA)."""

import os
from collections import Counter
from pathlib import Path

import pytest

from medsynth.records import Kept, Reason
from medsynth.sources import SourceConfig, SourceError, detect, ingest

ROOT = os.environ.get("MEDSYNTH_REAL_DATA")
pytestmark = pytest.mark.skipif(not ROOT, reason="MEDSYNTH_REAL_DATA is not set")
MTS = "mts_dialog/MTS-Dialog-"


def read(name, /, **config):
    path = Path(ROOT or "") / name
    if not path.exists():
        pytest.skip(f"{name} is not in the real data")
    items = list(ingest(SourceConfig(path=name, **config), path, set()))
    assert len({item.id.lower() for item in items}) == len(items)
    return items


def records(items):
    return [item.outcome.records[0] for item in items if isinstance(item.outcome, Kept)]


@pytest.mark.parametrize(
    ("name", "reader", "rows", "rejected"),
    [
        ("medquad", "medquad", 2699, 3),  # 2,696 pairs, and 3 documents without any
        (f"{MTS}TrainingSet.csv", "mts_dialog", 1201, 0),
        (f"{MTS}ValidationSet.csv", "mts_dialog", 100, 0),
        (f"{MTS}TestSet-1-MEDIQA-Chat-2023.csv", "mts_dialog", 200, 0),
        (f"{MTS}Augmented-TrainingSet-1-En-FR-EN-2402-Pairs.csv", "mts_dialog", 2402, 6),  # no label left
        ("zhongjing/CMtMedQA_test.json", "cmtmedqa", 967, 0),
        ("zhongjing/huatuo26M_test.json", "cmtmedqa", 5066, 0),
        ("toyhom/internal_medicine_sample.csv", "toyhom", 6539, 0),
        ("toyhom/internal_medicine_pairs.txt", "toyhom", 1200, 0),
        ("speechmed_example/train_s2t_example.json", "sharegpt", 3, 0),
        ("disc_medllm/test_examples.jsonl.gz", "sharegpt", 136, 0),
    ],
)
def test_rows_and_recognition(name, reader, rows, rejected):
    items = read(name)
    assert detect(Path(ROOT or "") / name).name == reader
    assert (len(items), len(items) - len(records(items))) == (rows, rejected)
    assert all(turn.text.strip() for r in records(items) for turn in r.turns if turn.role == "patient")


def test_medquad_documents_and_empty_answers():
    items = read("medquad")
    assert Counter(getattr(i.outcome, "reason", None) for i in items)[Reason.MISSING_FIELD] == 3
    assert len({i.where.split(":")[0] for i in items}) == 603
    assert sum(bool(r.turns[1].text.strip()) for r in records(items)) == 2102


def test_mts_back_translations_pair_up():
    groups = Counter(r.group for r in records(read(f"{MTS}Augmented-TrainingSet-1-En-FR-EN-2402-Pairs.csv")))
    assert Counter(groups.values()) == {2: 1195, 1: 6}
    plain = {r.group for r in records(read(f"{MTS}TrainingSet.csv"))}
    assert plain == set(groups)


def test_mts_leaves_no_label_in_the_text():
    for item in records(read(f"{MTS}TrainingSet.csv")):
        assert not any(
            f"{label}:" in turn.text for turn in item.turns for label in ("Doctor", "Patient", "Guest_family")
        )


def test_cmtmedqa_kinds_and_departments():
    found = records(read("zhongjing/CMtMedQA_test.json"))
    assert Counter(r.kind == "safety" for r in found) == {False: 837, True: 130}
    assert all(r.turns[0].role == "patient" and r.turns[-1].role == "doctor" for r in found)
    departments = {r.meta.get("department") for r in found}
    assert {"儿科", None} < departments and "nan" not in departments


def test_toyhom_reads_chinese():
    found = records(read("toyhom/internal_medicine_sample.csv"))
    assert found[0].turns[0].text.startswith("老年人高血压")
    assert not any("\ufffd" in t.text for r in found for t in r.turns)


def test_generic_with_columns_on_a_published_table():
    columns = {"id": "", "question": "harmful_medical_request", "answer": "safe_response"}
    found = records(read("med_safety_bench", columns=columns, kind="safety", licence="MIT", name="msb"))
    assert len(found) == 1515
    assert {(r.kind, r.licence, r.source, r.lang) for r in found} == {("safety", "MIT", "msb", "en")}


@pytest.mark.parametrize("name", ["aci_bench", "ai_hospital", "pubmedqa", "cmb", "primock57", "speaker_meta"])
def test_other_shapes_are_refused(name):
    path = Path(ROOT or "") / name
    if path.exists():
        with pytest.raises(SourceError, match="no reader recognises this"):
            detect(path)

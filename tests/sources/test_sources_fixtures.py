"""Every reader on the invented files that the repository carries."""

from collections import Counter
from pathlib import Path

import pytest

from medsynth.records import Kept, Reason
from medsynth.sources import SourceConfig, detect, ingest

REPOSITORY = Path(__file__).parents[2]
FIXTURES = REPOSITORY / "tests" / "fixtures" / "sources"
SAMPLES = REPOSITORY / "pipelines" / "samples"


def reasons(path):
    items = list(ingest(SourceConfig(path=path.name), path, set()))
    return Counter(None if isinstance(item.outcome, Kept) else item.outcome.reason for item in items)


@pytest.mark.parametrize(
    ("name", "reader", "expected"),
    [
        ("generic.jsonl", "generic", {None: 3}),
        ("generic.csv", "generic", {None: 3}),
        ("generic.parquet", "generic", {None: 3}),
        ("generic_turns.jsonl", "generic", {None: 2, Reason.MALFORMED_ROW: 1, Reason.MISSING_FIELD: 1}),
        ("bad.jsonl", "generic", {None: 4, Reason.MALFORMED_ROW: 2, Reason.BAD_ENCODING: 1}),
        ("sharegpt.json", "sharegpt", {None: 5, Reason.MISSING_FIELD: 2}),
        ("cmtmedqa.json", "cmtmedqa", {None: 5}),
        ("medquad", "medquad", {None: 4, Reason.MALFORMED_ROW: 1, Reason.MISSING_FIELD: 1}),
        ("mts_dialog.csv", "mts_dialog", {None: 5}),
        ("toyhom.csv", "toyhom", {None: 5}),
        ("meddg.txt", "meddg", {None: 2, Reason.MALFORMED_ROW: 2, Reason.MISSING_FIELD: 1}),
        ("meddg_converted.json", "meddg", {None: 2}),
        ("cmb_exam", "cmb_exam", {None: 4, Reason.EMPTY_ANSWER: 2, Reason.MISSING_FIELD: 2}),
        ("cmb_clin.json", "cmb_clin", {None: 2, Reason.MISSING_FIELD: 1}),
        ("med_safety_bench", "med_safety_bench", {None: 4}),
        (
            "ai_hospital_dialog_history.jsonl",
            "ai_hospital",
            {None: 2, Reason.MALFORMED_ROW: 1, Reason.MISSING_FIELD: 1},
        ),
        ("ai_hospital_patients.json", "ai_hospital", {None: 2, Reason.MISSING_FIELD: 1}),
        ("disc_medllm.jsonl", "disc_medllm", {None: 2, Reason.MISSING_FIELD: 1}),
        ("speechmed.json", "speechmed", {None: 1}),
        ("huatuogpt2_sft.json", "huatuogpt2", {None: 2}),
        ("meidcal_encyclopedia.json", "huatuogpt2", {None: 1}),
        ("pubmedqa.json", "pubmedqa", {None: 2, Reason.MISSING_FIELD: 1}),
        ("aci_bench", "aci_bench", {None: 6, Reason.MALFORMED_ROW: 1}),
        ("primock57", "primock57", {None: 1, Reason.MISSING_FIELD: 2}),
    ],
)
def test_fixture(name, reader, expected):
    assert detect(FIXTURES / name).name == reader
    assert reasons(FIXTURES / name) == expected


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("en_questions.jsonl", "generic"),
        ("en_conversations.json", "sharegpt"),
        ("zh_questions.csv", "toyhom"),
        ("zh_conversations.json", "cmtmedqa"),
    ],
)
def test_sample(name, reader):
    assert detect(SAMPLES / name).name == reader
    assert set(reasons(SAMPLES / name)) == {None}


def test_the_containers_of_one_table_agree():
    def turns(name):
        return [
            item.outcome.records[0].turns for item in ingest(SourceConfig(path=name), FIXTURES / name, set())
        ]

    assert turns("generic.jsonl") == turns("generic.csv") == turns("generic.parquet")

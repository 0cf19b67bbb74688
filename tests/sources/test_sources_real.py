"""Every reader on files as their publishers ship them (folder named by MEDSYNTH_REAL_DATA)."""

import os
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from medsynth.corpus.card_licences import terms_of
from medsynth.records import Failed, Kept, Reason
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
        ("speechmed_example/train_s2t_example.json", "speechmed", 3, 0),
        ("disc_medllm/test_examples.jsonl.gz", "disc_medllm", 136, 0),
        ("aci_bench", "aci_bench", 215, 0),
        ("aci_bench/challenge_data", "aci_bench", 127, 0),
        ("aci_bench/challenge_data/train.csv", "aci_bench", 67, 0),
        ("aci_bench/challenge_data/valid.csv", "aci_bench", 20, 0),
        ("aci_bench/challenge_data/clinicalnlp_taskB_test1.csv", "aci_bench", 40, 0),
        ("aci_bench/challenge_data_json/valid.json", "aci_bench", 20, 0),
        ("aci_bench/src_experiment_data", "aci_bench", 68, 0),
        ("primock57", "primock57", 45, 0),
        ("primock57/transcripts/day1_consultation01_patient.TextGrid", "primock57", 1, 0),
        ("med_safety_bench", "med_safety_bench", 1515, 0),
        ("pubmedqa/ori_pqal.json", "pubmedqa", 853, 0),
        ("cmb", "cmb_clin", 65, 0),
        ("ai_hospital", "ai_hospital", 894, 0),
        ("ai_hospital/dialog_history_gpt4.jsonl.gz", "ai_hospital", 447, 0),
        ("ai_hospital/dialog_history_wenxin.jsonl.gz", "ai_hospital", 447, 0),
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


# The beginnings of paths of all published files, and which reader they are for (None: for none).
READERS = {
    "LICENSES/": None,
    "README.md": None,
    "SHA256SUMS": None,
    "aci_bench/": "aci_bench",
    "ai_hospital/": "ai_hospital",
    "cmb/CMB-Clin-qa.json": "cmb_clin",
    "cmb/": None,
    "disc_medllm/": "disc_medllm",
    "med_safety_bench/": "med_safety_bench",
    "medquad/": "medquad",
    "mts_dialog/": "mts_dialog",
    "primock57/notes/": None,
    "primock57/": "primock57",
    "pubmedqa/": "pubmedqa",
    "speaker_meta/": None,
    "speechmed_example/": "speechmed",
    "toyhom/": "toyhom",
    "zhongjing/": "cmtmedqa",
}


def published():
    root = Path(ROOT or "")
    return [path for path in sorted(root.rglob("*")) if path.is_file()]


def test_every_file_finds_its_reader():
    found = published()
    assert len(found) > 800
    for path in found:
        name = path.relative_to(ROOT or "").as_posix()
        expected = next(reader for start, reader in READERS.items() if name.startswith(start))
        if name.endswith("_metadata.csv"):
            expected = None
        try:
            reader = detect(path).name
        except SourceError as error:
            reader = None
            assert name in str(error)
        assert reader == expected, name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cmb/CMB-test-choice-answer.first1000.json", "it is an answer key of CMB-Exam"),
        ("aci_bench/challenge_data/train_metadata.csv", "it is the metadata of an ACI-Bench file"),
    ],
)
def test_a_file_that_only_completes_others_is_refused_by_what_it_is(name, says):
    path = Path(ROOT or "") / name
    if path.exists():
        with pytest.raises(SourceError, match=says):
            detect(path)


def test_aci_versions_of_an_encounter_share_its_group_and_patient():
    found = records(read("aci_bench"))
    assert len({r.group for r in found}) == 127
    versions = Counter(r.group for r in found)
    # 22 + 8 + 4 encounters have two more versions, 20 have a copy in JSON (4 of them are both)
    assert Counter(versions.values()) == {1: 77, 2: 16, 3: 30, 4: 4}
    patients: dict[str, set[object]] = {}
    for r in found:
        patients.setdefault(r.group, set()).add(r.patient)
    assert all(len(stated) == 1 for stated in patients.values())
    assert Counter(r.patient.gender for r in found)["female"] > 80
    assert {r.patient.age for r in found} >= {0.75, 1.83, 45.0, 100.0}


def test_aci_speakers_that_were_mixed_up_are_changed_back():
    found = records(read("aci_bench"))
    changed = {(r.meta["encounter"], r.meta.get("transcript", "")) for r in found if "roles" in r.meta}
    # openings read one by one; D2N059 and D2N101 are mixed within, and better this way round
    assert changed == {
        *((f"D2N{n}", "") for n in ("034", "038", "056", "057", "059", "082", "114")),
        ("D2N099", "asr"),
        ("D2N101", "asr"),
        ("D2N114", "asr"),
        ("D2N114", "asrcorr"),
    }


def test_primock_turns_alternate_and_hold_no_tag():
    for r in records(read("primock57")):
        roles = [t.role for t in r.turns]
        assert all(a != b for a, b in pairwise(roles)) and len(roles) > 10
        assert not any("<" in t.text or ">" in t.text or '""' in t.text for t in r.turns)
        assert r.meta["complaint"] and "note" not in r.meta
    counts = [r.meta for r in records(read("primock57"))]
    assert sum(int(m["unsure"]) for m in counts) == 957
    assert sum(int(m["unheard"]) for m in counts) == 1172 + 683


def test_ai_hospital_models_share_the_groups_of_their_patients():
    one = records(read("ai_hospital/dialog_history_gpt4.jsonl.gz"))
    two = records(read("ai_hospital/dialog_history_wenxin.jsonl.gz"))
    assert {r.group for r in one} == {r.group for r in two} and len({r.group for r in one}) == 447
    assert not any("<对" in t.text or "<结束" in t.text for r in one + two for t in r.turns)
    assert all(r.turns[0].text.startswith("您好") and r.turns[-1].text for r in one + two)
    assert [sum("end_mark" in r.meta for r in rs) for rs in (one, two)] == [45, 27]
    reports = [sum(int(r.meta.get(n, 0)) for r in one + two) for n in ("reports", "reports_without_findings")]
    assert sum(reports) == 892 and reports[0] > 750
    assert not any("抱歉，根据" in t.text for r in one + two for t in r.turns if t.role == "patient")


def test_cmb_clin_cases_hold_all_questions_and_tell_the_case_once():
    found = records(read("cmb/CMB-Clin-qa.json"))
    assert sum(len(r.turns) for r in found) == 2 * 185
    assert {r.kind for r in found} == {"exam"}
    case = found[0].turns[0].text[:60]
    assert sum(t.text.count(case) for t in found[0].turns) == 1


def test_pubmedqa_decisions():
    found = records(read("pubmedqa/ori_pqal.json"))
    assert Counter(r.meta["decision"] for r in found) == {"yes": 461, "no": 293, "maybe": 99}
    assert found[0].id == "pubmedqa-ori_pqal-21645374"


def test_safety_set_is_for_research_only():
    found = records(read("med_safety_bench"))
    assert {r.kind for r in found} == {"safety"} and len({r.id for r in found}) == 1515
    assert {terms_of(r.licence).id for r in found} == {"research-only"}
    assert len({(r.meta["generated_by"], r.meta["category"]) for r in found}) == 18


def test_repeated_titles_of_disc_and_open_ends_are_counted():
    found = records(read("disc_medllm/test_examples.jsonl.gz"))
    assert sum("title_left_out" in r.meta for r in found) == 5
    assert sum("open_end" in r.meta for r in found) == 2


def test_a_cut_copy_of_every_file_costs_only_what_is_cut(tmp_path):
    random = Random(20260104)
    for path in published():
        name = path.relative_to(ROOT or "").as_posix()
        reader = next(reader for start, reader in READERS.items() if name.startswith(start))
        if reader is None:
            continue
        content = path.read_bytes()
        copy = tmp_path / path.name
        copy.write_bytes(content[: random.randrange(1, len(content))])
        whole = {i.id: i for i in ingest(SourceConfig(path=name, reader=reader), path, set())}
        cut = list(ingest(SourceConfig(path=name, reader=reader), copy, set()))
        assert not [i for i in cut if isinstance(i.outcome, Failed)], name
        assert len(cut) <= len(whole) + 1, name
        # what is still there reads as in the whole file, but for what is known from files beside
        for item in cut[:-1]:
            if isinstance(item.outcome, Kept):
                assert item.outcome.records[0].turns == whole[item.id].outcome.records[0].turns, item.id
        copy.unlink()

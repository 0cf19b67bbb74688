"""Readers of single data sets: what becomes of the dirt that their publishers left in."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsynth.corpus.card_licences import terms_of
from medsynth.records import Failed, Kept, Reason, StatedPatient
from medsynth.sources import SourceConfig, SourceError, all_sources, data_files, detect, ingest, source_table
from medsynth.sources.disc_medllm import without_title
from medsynth.sources.primock57 import heard

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sources"


def read(path, **config):
    return list(ingest(SourceConfig(path=str(path), **config), path, set()))


def records(path, **config):
    return [i.outcome.records[0] for i in read(path, **config) if isinstance(i.outcome, Kept)]


def said(record):
    return [(turn.role[0], turn.text) for turn in record.turns]


def dump(path: Path, value) -> Path:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


# ---- all readers ---------------------------------------------------------------------------------


def test_every_published_source_is_described_cited_and_placed():
    for name, source in all_sources().items():
        assert source.description and source.lang and source.licence, name
        if name not in ("sharegpt", "generic"):
            assert source.citation, name
        # a reader either states terms that the card knows, or says that nobody states any
        assert (terms_of(source.licence).id == "unknown") == (source.licence == "unknown"), name


def test_the_table_says_which_readers_have_seen_real_files():
    untested = {row["name"] for row in source_table() if row["status"] == "untested on real files"}
    assert untested == {"meddg", "cmb_exam", "huatuogpt2"}


# Names of all shapes, so that rows get past the first look.
NAMES = ["id", "idx", "_id", "patient_id", "source", "conversation", "conversations", "dialog_history"]
NAMES += ["medical_record", "一般资料", "现病史", "诊断结果", "role", "content", "from", "value", "Sentence"]
NAMES += ["question", "option", "answer", "explanation", "question_type", "description", "QA_pairs", "A", "B"]
NAMES += ["QUESTION", "LONG_ANSWER", "data", "src", "file", "encounter_id", "dialogue", "dataset"]
WORDS = [
    "Doctor",
    "Patient",
    "Reporter",
    "Patients",
    "user",
    "gpt",
    "A",
    "AB",
    "[doctor] a [patient] b",
    "<结束>",
]
ANY = st.characters(exclude_categories=())  # halves of surrogate pairs too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(WORDS) | st.text(ANY, max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)


@pytest.mark.parametrize("reader", ["ai_hospital", "cmb_exam", "cmb_clin", "disc_medllm", "speechmed"])
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12))
def test_any_row_is_kept_or_rejected(tmp_path, reader, row):
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(row) + "\n")
    (item,) = read(path, reader=reader)
    assert not isinstance(item.outcome, Failed), item.outcome


@pytest.mark.parametrize("reader", ["aci_bench", "pubmedqa", "huatuogpt2", "meddg"])
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
def test_any_document_is_read_to_its_end(tmp_path, reader, value):
    path = tmp_path / ("d.txt" if reader == "meddg" else "d.json")
    path.write_text(f"dialog 1\n{json.dumps(value)}" if reader == "meddg" else json.dumps(value))
    assert not [i for i in read(path, reader=reader) if isinstance(i.outcome, Failed)]


# ---- meddg ---------------------------------------------------------------------------------------


def test_meddg_joins_lines_of_one_speaker_and_reads_age_and_sex():
    first, second = records(FIXTURES / "meddg.txt")
    assert first.id == "meddg-meddg-1" and first.patient == StatedPatient(age=34, gender="female")
    assert said(first) == [
        ("p", "饭后胃胀得难受，还老打嗝\n快一个月了"),
        ("d", "有没有反酸？"),
        ("p", "没有反酸"),
        ("d", "先少吃多餐\n两周不好再做胃镜"),
    ]
    assert second.patient == StatedPatient(age=0.67, gender="male") and "男" not in second.turns[0].text


def test_meddg_dialogues_end_at_blank_lines_or_the_next_dialog(tmp_path):
    line = json.dumps({"id": "Patients", "Sentence": "胃疼"}, ensure_ascii=False)
    path = tmp_path / "train.txt"
    path.write_text(f"\ufeffdialog\r\n{line}\r\n{line}\r\ndialog\n{line}\n\n{line}\n", encoding="utf-8")
    assert detect(path).name == "meddg"
    assert [i.id for i in read(path)] == [f"meddg-train-dialogue{n}" for n in (1, 2, 3)]
    assert [r.turns[0].text for r in records(path)] == ["胃疼\n胃疼", "胃疼", "胃疼"]


def test_meddg_converted_has_fields_for_age_and_sex():
    one, two = records(FIXTURES / "meddg_converted.json")
    assert (one.source, one.id, one.patient) == (
        "meddg",
        "meddg-meddg_converted-MedDG-1",
        StatedPatient(age=34, gender="female"),
    )
    assert two.patient == StatedPatient()


# ---- cmb -----------------------------------------------------------------------------------------


def test_exam_items_say_their_options_and_the_text_of_the_answer():
    one, several = records(FIXTURES / "cmb_exam" / "CMB-train-merge.json")
    assert one.kind == "exam"
    assert said(one) == [
        (
            "p",
            "餐后两小时腹痛、进食后缓解，最可能的诊断是\n"
            "A，胃溃疡；B，十二指肠溃疡；C，急性胰腺炎；D，胆囊结石。",
        ),
        ("d", "B，十二指肠溃疡。"),
    ]
    # letters in order, an explanation behind
    assert said(several)[1] == ("d", "A，温水擦浴；C，冰袋冷敷。\n物理降温以温水和冰袋为主。")


def test_test_questions_take_their_answers_from_the_key_beside(tmp_path):
    folder = FIXTURES / "cmb_exam"
    items = read(folder / "CMB-test-choice-question-merge.json")
    assert [getattr(i.outcome, "reason", None) for i in items] == [
        None,
        None,
        Reason.MISSING_FIELD,  # the key has another subject for this id
        Reason.EMPTY_ANSWER,  # the key has no such id
    ]
    assert [said(r)[1][1] for r in records(folder / "CMB-test-choice-question-merge.json")] == [
        "C，丙。",
        "A，甲。",
    ]
    alone = tmp_path / "CMB-test-choice-question-merge.json"
    alone.write_bytes((folder / alone.name).read_bytes())
    assert {i.outcome.reason for i in read(alone)} == {Reason.EMPTY_ANSWER}
    assert "key" in read(alone)[0].outcome.detail


def test_answer_keys_are_refused_alone_and_no_rows_of_a_folder():
    folder = FIXTURES / "cmb_exam"
    with pytest.raises(SourceError, match=r"it is an answer key of CMB-Exam .* without the questions"):
        detect(folder / "CMB-test-choice-answer.json")
    assert [p.name for p in data_files(folder)] == [
        "CMB-test-choice-question-merge.json",
        "CMB-train-merge.json",
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"option": ["甲", "乙"]}, Reason.MISSING_FIELD),
        ({"option": {"A": "甲", "B": ""}}, Reason.MISSING_FIELD),
        ({"answer": None}, Reason.EMPTY_ANSWER),
        ({"answer": 3}, Reason.MISSING_FIELD),
        ({"question": {}}, Reason.MISSING_FIELD),
        ({"question": " "}, Reason.EMPTY_QUESTION),
    ],
)
def test_exam_items_that_cannot_be_said_are_rejected_by_name(tmp_path, change, reason):
    row = {"question": "q", "question_type": "单项选择题", "option": {"A": "甲", "B": "乙"}, "answer": "A"}
    (item,) = read(dump(tmp_path / "val-merge.json", [{**row, **change}]), reader="cmb_exam")
    assert item.outcome.reason is reason


def test_a_case_is_told_once_and_pairs_without_answer_are_counted():
    two_questions, one_question = records(FIXTURES / "cmb_clin.json")
    assert [r for r, _ in said(two_questions)] == ["p", "d", "p", "d"]
    assert said(two_questions)[2] == ("p", "如何处理？")
    assert said(one_question) == [
        ("p", "病人，男，9岁，晨起鼻出血。\n首先做什么？"),
        ("d", "压迫鼻翼十分钟。"),  # published as "solution"
    ]
    assert one_question.meta["pairs_left_out"] == "1" and one_question.id == "cmb_clin-cmb_clin-1"


# ---- med_safety_bench ----------------------------------------------------------------------------


def test_the_unnamed_column_is_the_id_and_the_path_says_the_rest():
    items = read(FIXTURES / "med_safety_bench")
    assert [i.id for i in items][-1] == ("med_safety_bench-train.gpt4.med_safety_demonstrations_category_3-2")
    found = records(FIXTURES / "med_safety_bench")
    assert {r.kind for r in found} == {"safety"}
    assert found[0].meta == {"category": "7", "generated_by": "llama2"}


# ---- ai_hospital ---------------------------------------------------------------------------------


def test_findings_come_from_the_patient_and_asides_are_left_out():
    first, second = records(FIXTURES / "ai_hospital_dialog_history.jsonl")
    assert said(first) == [
        ("d", "您好，哪里不舒服？"),
        ("p", "膝盖肿了两天。"),
        ("d", "先拍个片。"),
        ("p", "#影像#\n- 膝关节片：少量积液"),
        ("d", "有少量积液，休息两周。"),
        ("p", "谢谢医生。"),
        ("d", "不客气。\n总结：膝关节积液。"),
    ]
    assert first.meta["asides_left_out"] == first.meta["reports"] == "1" and "end_mark" not in first.meta
    # nobody reports: what was asked of the examiner is all the patient says
    assert said(second)[1::2] == [("p", "头晕。"), ("p", "请问血压多少？")]
    assert second.meta["end_mark"] == "missing"


@pytest.mark.parametrize(
    ("report", "findings"),
    [
        (
            "以下是您的结果：\n\n#血常规#\n- 白细胞：正常\n \n#胸片#\n- 清晰\n\n请您咨询医生。",
            "#血常规#\n- 白细胞：正常\n#胸片#\n- 清晰",
        ),
        ("很抱歉，没有您的结果。", None),
        ("#胸片#\n- 没有，请您去拍。", None),
    ],
)
def test_only_findings_of_a_report_are_said(tmp_path, report, findings):
    history = [
        {"role": "Doctor", "content": "拍个片。"},
        {"role": "Patient", "content": "<对检查员讲> 请问结果？"},
        {"role": "Reporter", "content": report},
        {"role": "Doctor", "content": "好。"},
    ]
    path = dump(tmp_path / "d.jsonl", {"patient_id": 1, "dialog_history": history})
    (record,) = records(path)
    if findings:
        assert said(record) == [("d", "拍个片。"), ("p", findings), ("d", "好。")]
    else:
        assert said(record) == [("d", "拍个片。\n好。")]
        assert record.meta["reports_without_findings"] == "1"


def test_cases_and_dialogues_of_a_patient_share_a_group():
    case, child = records(FIXTURES / "ai_hospital_patients.json")
    assert case.group == records(FIXTURES / "ai_hospital_dialog_history.jsonl")[0].group
    assert case.patient == StatedPatient(age=45, gender="male")
    assert child.patient == StatedPatient(age=0.67, gender="female")
    assert said(case) == [
        ("p", "现病史：两天前膝盖肿胀。\n既往史：体健。"),
        ("d", "初步诊断：膝关节积液\n诊断依据：肿胀、积液。"),
    ]


# ---- conversations -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("脚气，脚气两年了", "脚气两年了"),
        ("a,a b", "a b"),
        ("脚气，手癣两年了", "脚气，手癣两年了"),
        ("，，", "，，"),
        ("x" * 200 + "，" + "x" * 200, "x" * 200 + "，" + "x" * 200),
    ],
)
def test_a_title_run_into_the_question_is_left_out(text, expected):
    assert without_title(text) == expected


def test_conversations_go_to_the_data_set_they_are_of():
    disc, open_end = records(FIXTURES / "disc_medllm.jsonl")
    assert disc.licence == "Apache-2.0" and disc.meta["title_left_out"] == "yes"
    assert open_end.meta["open_end"] == "yes" and open_end.turns[-1].role == "patient"
    (speech,) = records(FIXTURES / "speechmed.json")
    assert speech.patient.gender == "female"
    assert speech.meta == {
        "department": "皮肤科",
        "subdepartment": "皮肤科",
        "age_group": "elderly",
        "origin": "CMtMedQA",
    }
    listed, _ = records(FIXTURES / "huatuogpt2_sft.json")
    assert said(listed)[0] == ("p", "扁桃体肿大\n需要切吗？")
    (entry,) = records(FIXTURES / "meidcal_encyclopedia.json")
    assert entry.meta == {"part": "encyclopedia"} and entry.kind == "qa"


def test_huatuogpt2_is_told_by_its_file_name_too(tmp_path):
    row = {
        "id": "1",
        "conversations": [{"from": "human", "value": "咳嗽"}, {"from": "gpt", "value": "多喝水"}],
    }
    assert detect(dump(tmp_path / "HuatuoGPT2-GPT4-SFT-140K.json", [row])).name == "huatuogpt2"
    assert detect(dump(tmp_path / "mine.json", [row])).name == "sharegpt"


# ---- pubmedqa ------------------------------------------------------------------------------------


def test_pubmedqa_reads_members_one_by_one(tmp_path):
    one, two = records(FIXTURES / "pubmedqa.json")
    assert (one.id, one.meta) == (
        "pubmedqa-pubmedqa-900001",
        {"domain": "research", "decision": "yes", "year": "2020"},
    )
    assert said(one)[1] == ("d", "Walking in the morning shortened the time to fall asleep by ≤ 9 minutes.")
    assert said(two)[1] == ("d", "")


MEMBER = '"{}": {{"QUESTION": "Is it {}?", "LONG_ANSWER": "It is."}}'


@pytest.mark.parametrize(
    ("text", "kept", "fault"),
    [
        ("{" + MEMBER.format(1, 1) + ", " + MEMBER.format(2, 2) + "}", 2, ""),
        ("{" + MEMBER.format(1, 1) + ", " + MEMBER.format(1, 2) + "}", 2, ""),  # the same key twice
        ("{" + MEMBER.format(1, 1) + ', "2": {"QUEST', 1, "left out"),
        ("{" + MEMBER.format(1, 1) + ', "2" 3}', 1, "expected a name and ':'"),
        ("{" + MEMBER.format(1, 1), 1, "the object ends without '}'"),
        ("{" + MEMBER.format(1, 1) + "} {}", 1, "behind the end of the object"),
        ("{" + MEMBER.format(1, 1) + ', "2": []}', 1, "the member is not a JSON object"),
        ("[" + "1]", 0, "the file does not begin with '{'"),
        ("{}", 0, ""),
    ],
)
def test_a_broken_object_keeps_the_members_before(tmp_path, monkeypatch, text, kept, fault):
    monkeypatch.setattr("medsynth.sources.jsonio.CHUNK", 16)
    path = tmp_path / "p.json"
    path.write_text(text)
    items = read(path, reader="pubmedqa")
    assert [isinstance(i.outcome, Kept) for i in items] == [True] * kept + [False] * bool(fault)
    assert len({i.id for i in items}) == len(items)
    if fault:
        assert fault in items[-1].outcome.detail


# ---- aci_bench -----------------------------------------------------------------------------------


def test_aci_versions_share_group_and_metadata():
    found = {r.id: r for r in records(FIXTURES / "aci_bench")}
    ankle = [r for r in found.values() if r.group == "aci_bench:D9N001"]
    ears = [r for r in found.values() if r.group == "aci_bench:D9N002"]
    assert len(ankle) == len(ears) == 3 == len(found) / 2
    assert {r.patient for r in ankle} == {StatedPatient(age=0.75, gender="female")}
    assert {r.patient for r in ears} == {StatedPatient(age=45, gender="male")}
    assert {r.meta.get("transcript") for r in ankle} == {None, "asr"}


def test_aci_sides_are_joined_and_guests_speak_for_the_patient():
    record = records(FIXTURES / "aci_bench" / "challenge_data" / "train.csv")[0]
    assert said(record) == [
        ("d", "hi there , what brings you in ?"),
        ("p", "my ankle . i rolled it on friday ."),
        ("d", "okay . does it hurt to walk ?"),
        ("p", "she limps . when nobody looks ."),
        ("d", "let me take a look . any numbness ?"),
        ("p", "no ."),
        ("d", "rest it for a week ."),
    ]
    assert record.meta == {
        "encounter": "D9N001",
        "dataset": "virtassist",
        "complaint": "ankle injury",
        "speakers": "doctor,patient,patient_guest",
    }
    copy = records(FIXTURES / "aci_bench" / "challenge_data_json" / "train.json")[0]
    assert said(copy) == said(record)


def test_aci_labels_within_a_line_are_cut_and_swapped_speakers_changed_back():
    swapped, inline = records(FIXTURES / "aci_bench" / "src_experiment_data")
    assert swapped.meta["roles"] == "changed back"
    assert said(swapped)[:3] == [
        ("p", "alright"),
        ("d", "good morning what brings you in"),
        ("p", "my ears are ringing"),
    ]
    assert said(inline) == [("d", "hi there"), ("p", "my ankle"), ("d", "rest it")]
    assert "roles" not in inline.meta


def test_aci_without_metadata_still_groups_versions_by_id(tmp_path):
    for name in ("a_asr.csv", "a_asrcorr.csv"):
        (tmp_path / name).write_text('dataset,id,dialogue,note\naci,ACI9,"[doctor] hi\n[patient] hi",\n')
    one, two = records(tmp_path)
    assert one.group == two.group == "aci_bench:ACI9" and one.patient == StatedPatient()


def test_aci_metadata_is_no_source_alone():
    path = FIXTURES / "aci_bench" / "challenge_data" / "train_metadata.csv"
    with pytest.raises(SourceError, match="it is the metadata of an ACI-Bench file"):
        detect(path)
    assert [p.name for p in data_files(path.parent)] == ["train.csv"]


@pytest.mark.parametrize(
    "text", ["{", '{"data": 3}', "[]", '{"data": [{"src": 3}, 7]}', '{"data": [{"x": "\xe9"}]}']
)
def test_aci_json_that_is_broken_is_rejected(tmp_path, text):
    path = tmp_path / "v.json"
    path.write_bytes(text.encode("latin-1"))
    items = read(path, reader="aci_bench")
    reasons = {Reason.MALFORMED_ROW, Reason.MISSING_FIELD, Reason.BAD_ENCODING}
    assert items and {i.outcome.reason for i in items} <= reasons


# ---- primock57 -----------------------------------------------------------------------------------


def test_both_transcripts_are_merged_by_time():
    (record,) = records(FIXTURES / "primock57")
    assert record.id == "primock57-transcripts.day9_consultation01_doctor-consultation"
    assert said(record) == [
        ("d", "Hello. What can I do for you?"),
        ("p", "I have a … rash, It itches."),
        ("d", "Since when?"),
        ("p", "Since Monday."),
        ("d", 'Take this "twice" a day.'),
    ]
    assert record.meta == {"complaint": "an itchy rash", "unsure": "1", "unheard": "4"}


def test_the_patients_transcript_alone_names_the_consultation(tmp_path):
    transcripts = FIXTURES / "primock57" / "transcripts"
    for role in ("doctor", "patient"):
        (record,) = records(transcripts / f"day9_consultation01_{role}.TextGrid")
        assert len(record.turns) == 5
    halves = [i for i in read(FIXTURES / "primock57") if not isinstance(i.outcome, Kept)]
    assert [i.id for i in halves] == [
        "primock57-transcripts.day9_consultation02_doctor-consultation",
        "primock57-transcripts.day9_consultation03_patient-consultation",
    ]
    assert "patient's transcript does not lie beside" in halves[0].outcome.detail


@pytest.mark.parametrize(("role", "share"), [("doctor", 0.5), ("patient", 0.9), ("doctor", 0.1)])
def test_a_cut_transcript_is_not_taken_for_a_short_consultation(tmp_path, role, share):
    for path in (FIXTURES / "primock57" / "transcripts").glob("day9_consultation01_*"):
        content = path.read_bytes()
        cut = content[: int(len(content) * share)] if role in path.name else content
        (tmp_path / path.name).write_bytes(cut)
    (item,) = read(tmp_path, reader="primock57")
    assert item.outcome.reason is Reason.MALFORMED_ROW and "announces" in item.outcome.detail


def test_textgrid_in_utf_16_and_other_bytes(tmp_path):
    for path in (FIXTURES / "primock57" / "transcripts").glob("day9_consultation01_*"):
        (tmp_path / path.name).write_bytes(path.read_bytes().decode().encode("utf-16"))
    (record,) = records(tmp_path, reader="primock57")
    assert detect(tmp_path).name == "primock57"
    assert record.meta["note"] == "missing" and len(record.turns) == 5
    (tmp_path / "day9_consultation01_patient.TextGrid").write_bytes(b"\xff\xfa\x81")
    (item,) = read(tmp_path, reader="primock57")
    assert item.outcome.reason is Reason.BAD_ENCODING


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<UNIN/>", ""),
        ("<UNSURE>maybe</UNSURE>", "maybe"),
        ("I take <UNIN/> <INAUDIBLE_SPEECH/> daily", "I take … daily"),
        ("Yes. <UNIN/>", "Yes."),
        ("<UNIN/>, no", "no"),
    ],
)
def test_tags_are_not_said(text, expected):
    assert heard(text) == expected

"""Each reader on small files of its own shape."""

import json
from pathlib import Path

import polars as pl
import pytest

from medsynth.records import Kept, Reason, StatedPatient
from medsynth.sources import SourceConfig, SourceError, detect, ingest


def read(path, **config):
    return list(ingest(SourceConfig(path=str(path), **config), path, set()))


def kept(path, **config):
    items = read(path, **config)
    assert all(isinstance(item.outcome, Kept) for item in items), items
    return [item.outcome.records[0] for item in items]


def said(record):
    return [(turn.role[0], turn.text) for turn in record.turns]


def write(path: Path, text: str, encoding="utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


# ---- generic -------------------------------------------------------------------------------------

ROWS = [
    {
        "id": "q1",
        "question": "Why do I cough at night?",
        "answer": "It may be reflux.",
        "age": "34",
        "gender": "female ",
    },
    {"id": "q2", "question": 'A "sore" throat,\nfor days', "answer": "", "age": "", "gender": "?"},
]


@pytest.mark.parametrize("suffix", ["json", "jsonl", "csv", "tsv", "parquet"])
def test_generic_reads_every_container_alike(tmp_path, suffix):
    path = tmp_path / f"t.{suffix}"
    frame = pl.DataFrame(ROWS)
    match suffix:
        case "json":
            path.write_text(json.dumps(ROWS, indent=1))
        case "jsonl":
            path.write_text("\n".join(map(json.dumps, ROWS)))
        case "csv":
            frame.write_csv(path, include_bom=True)
        case "tsv":
            frame.write_csv(path, separator="\t")
        case "parquet":
            frame.write_parquet(path)
    assert detect(path).name == "generic"
    one, two = kept(path)
    assert (one.id, said(one)) == ("generic-t-q1", [("p", ROWS[0]["question"]), ("d", ROWS[0]["answer"])])
    assert said(two) == [("p", ROWS[1]["question"]), ("d", "")]
    assert one.patient == StatedPatient(age=34, gender="female") and two.patient == StatedPatient()


def test_generic_parquet_keeps_order_over_batches(tmp_path):
    path = tmp_path / "many.parquet"
    pl.DataFrame([{"id": n, "question": f"q{n}", "answer": "a"} for n in range(5000)]).write_parquet(path)
    assert [r.id for r in kept(path)] == [f"generic-many-{n}" for n in range(5000)]
    path.write_bytes(path.read_bytes()[:-100])
    (item,) = read(path, reader="generic")
    assert item.outcome.reason is Reason.MALFORMED_ROW


def test_generic_column_mapping(tmp_path):
    path = write(tmp_path / "m.csv", "nr,Frage,Antwort,dept\n7,a?,b,ENT\n")
    columns = {"id": "nr", "question": "Frage", "answer": "Antwort", "department": "dept"}
    (record,) = kept(path, columns=columns)
    assert (record.id, said(record), record.meta) == (
        "generic-m-7",
        [("p", "a?"), ("d", "b")],
        {"department": "ENT"},
    )
    assert [r.id for r in kept(tmp_path, columns=columns)] == [record.id]
    with pytest.raises(SourceError, match="no column Fragen; it has nr, Frage"):
        read(path, columns={**columns, "question": "Fragen"})
    with pytest.raises(SourceError, match="no such field: questoin"):
        read(path, columns={"questoin": "Frage"})
    with pytest.raises(SourceError, match="only the reader generic"):
        read(path, reader="medquad", columns=columns)


def test_generic_turns_as_objects_pairs_and_json_text(tmp_path):
    objects = [
        {"role": "Patient", "text": "hi"},
        {"role": "doctor", "text": "yes?"},
        {"role": "user", "text": "ill"},
    ]
    pairs = [[t["role"], t["text"]] for t in objects]
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(json.dumps({"turns": t}) for t in (objects, pairs, json.dumps(pairs))))
    records = kept(path)
    assert {tuple(said(r)) for r in records} == {(("p", "hi"), ("d", "yes?"), ("p", "ill"))}
    assert {r.kind for r in records} == {"consultation"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"question": "a"}, Reason.MISSING_FIELD),
        ({"question": 5, "answer": "b"}, Reason.MISSING_FIELD),
        ({"turns": "nonsense"}, Reason.MALFORMED_ROW),
        ({"turns": [{"role": "nurse", "text": "x"}]}, Reason.MALFORMED_ROW),
        ({"turns": [["patient"]]}, Reason.MALFORMED_ROW),
        ({"turns": {}}, Reason.MISSING_FIELD),
        ({"turns": []}, Reason.MISSING_FIELD),
        ({"question": "a", "answer": "b", "kind": "poem"}, Reason.MISSING_FIELD),
    ],
)
def test_generic_rejects_by_name(tmp_path, row, reason):
    (item,) = read(write(tmp_path / "r.jsonl", json.dumps(row)), reader="generic")
    assert item.outcome.reason is reason


@pytest.mark.parametrize(
    ("age", "years"),
    [
        *[("45.0", 45), (45, 45), ("34岁", 34), ("9-month", 0.75), ("9个月", 0.75), ("50 years old", 50)],
        *[
            (None, None),
            (-1, None),
            ("121", None),
            (float("nan"), None),
            (True, None),
            ("٤٥", None),
            ([4], None),
        ],
    ],
)
def test_stated_ages(tmp_path, age, years):
    path = write(
        tmp_path / "a.jsonl", json.dumps({"question": "q", "answer": "a", "age": age, "gender": "男"})
    )
    assert kept(path)[0].patient == StatedPatient(age=years, gender="male")


def test_csv_damage_costs_its_own_rows(tmp_path):
    path = tmp_path / "d.csv"
    path.write_bytes(
        b"question,answer\r\none,1\r\n\r\ncaf\xe9,2\r\nthree,3,extra\r\nfour\r\n"
        b'fi"ve,5\r\nsix,"never closed\r\nseven,7\r\n'
    )
    items = read(path)
    reasons = [getattr(i.outcome, "reason", None) for i in items]
    assert reasons == [None, Reason.BAD_ENCODING, *[Reason.MALFORMED_ROW] * 2, None, Reason.MALFORMED_ROW]
    assert said(items[4].outcome.records[0]) == [("p", 'fi"ve'), ("d", "5")]
    assert "never closed" in items[-1].outcome.detail


def test_csv_without_final_line_break_or_rows(tmp_path):
    assert len(kept(write(tmp_path / "a.csv", "question,answer\na,b"))) == 1
    assert len(kept(write(tmp_path / "q.csv", 'question,answer\na,"b\nc"'))) == 1
    assert kept(write(tmp_path / "h.csv", "question,answer\n")) == []
    # what marks the end inside the reader is an ordinary row when a file holds it
    assert len(read(write(tmp_path / "e.csv", "question,answer\nend of file\na,b\n"))) == 2


# ---- sharegpt ------------------------------------------------------------------------------------


def test_sharegpt_speakers_in_all_spellings(tmp_path):
    rows = [
        {
            "id": n,
            "conversations": [{key: p, text: "头疼。"}, {key: d, text: "多久了？"}, {key: p, text: "两天。"}],
        }
        for n, (key, text, p, d) in enumerate(
            [
                ("from", "value", "human", "gpt"),
                ("from", "value", "user", "assistant"),
                ("role", "content", "Patient", "Doctor"),
                ("role", "content", "患者", "医生"),
            ]
        )
    ]
    path = write(tmp_path / "s.json", json.dumps(rows, ensure_ascii=False))
    assert detect(path).name == "sharegpt"
    records = kept(path)
    assert {tuple(said(r)) for r in records} == {(("p", "头疼。"), ("d", "多久了？"), ("p", "两天。"))}
    assert {(r.lang, r.kind) for r in records} == {("zh", "consultation")}


def test_sharegpt_lists_system_turns_and_patient_fields(tmp_path):
    row = {
        "idx": "S-1",
        "id": "other",
        "cate1": "皮肤科",
        "conversations": [
            {"from": "system", "value": "You are a doctor."},
            {"from": "human", "value": ["I itch.", "All over."]},
            {"from": "gpt", "value": [{"type": "text", "text": "Since when?"}]},
        ],
        "gender": "女",
        "age": "老年",
    }
    (record,) = kept(write(tmp_path / "s.json", json.dumps([row])))
    assert record.id == "sharegpt-s-S-1"
    assert said(record) == [("p", "I itch.\nAll over."), ("d", "Since when?")]
    assert record.patient == StatedPatient(gender="female")
    assert record.meta == {"department": "皮肤科", "age_group": "elderly", "system_turns_dropped": "1"}
    assert (record.kind, record.lang) == ("qa", "en")


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        ({"from": "tool", "value": "x"}, Reason.MALFORMED_ROW),
        ({"value": "x"}, Reason.MALFORMED_ROW),
        ("x", Reason.MALFORMED_ROW),
        ({"from": "human", "value": 3}, Reason.MISSING_FIELD),
        ({"from": "human", "value": [{"type": "image_url"}]}, Reason.NEEDS_IMAGE),
        ({"from": "system", "value": "x"}, Reason.MISSING_FIELD),
    ],
)
def test_sharegpt_rejects_by_name(tmp_path, turn, reason):
    (item,) = read(write(tmp_path / "s.jsonl", json.dumps({"conversations": [turn]})))
    assert item.outcome.reason is reason


# ---- cmtmedqa ------------------------------------------------------------------------------------


def test_cmtmedqa_three_shapes(tmp_path):
    rows = [
        {
            "id": "j1",
            "cate1": "骨科",
            "cate2": "nan",
            "instruction": "谢谢。",
            "input": "",
            "output": "不客气。",
            "history": [["膝盖疼。", "多久了？"], ["两周。", "拍个片吧。"]],
        },
        {"instruct": " 发烧要驱魔吗？", "output": " 不要。"},
        {"id": "", "instruction": ["盐泡脚可以吗"], "input": "", "output": ["可以。"]},
    ]
    path = write(tmp_path / "c.json", json.dumps(rows, ensure_ascii=False, indent=2))
    assert detect(path).name == "cmtmedqa"
    dialogue, safety, pair = kept(path)
    assert [t for _, t in said(dialogue)] == [
        "膝盖疼。",
        "多久了？",
        "两周。",
        "拍个片吧。",
        "谢谢。",
        "不客气。",
    ]
    assert [r for r, _ in said(dialogue)] == ["p", "d"] * 3
    assert dialogue.meta == {"department": "骨科"} and dialogue.kind == "consultation"
    assert (safety.kind, said(safety)) == ("safety", [("p", " 发烧要驱魔吗？"), ("d", " 不要。")])
    assert (pair.kind, said(pair), pair.id) == (
        "qa",
        [("p", "盐泡脚可以吗"), ("d", "可以。")],
        "cmtmedqa-c-row3",
    )


def test_cmtmedqa_rejects_by_name(tmp_path):
    base = {"cate1": "a", "instruction": "b", "output": "c"}
    rows = [{**base, "history": [["only one"]]}, {**base, "history": "x"}, {"history": [], "cate1": "a"}]
    items = read(write(tmp_path / "c.json", json.dumps(rows)), reader="cmtmedqa")
    assert [i.outcome.reason for i in items] == [
        Reason.MALFORMED_ROW,
        Reason.MISSING_FIELD,
        Reason.MISSING_FIELD,
    ]


# ---- medquad -------------------------------------------------------------------------------------

PAIR = (
    '<QAPair pid="{0}"><Question qid="0000009-{0}" qtype="causes">What causes {1} ?</Question>'
    "<Answer>{2}</Answer></QAPair>"
)


def document(*pairs, root="Document", extra=""):
    body = "".join(PAIR.format(n, *pair) for n, pair in enumerate(pairs, start=1))
    ident = "fid" if root == "DiseaseFile" else "id"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{extra}<{root} {ident}="0000009" source="ABC" url="u">'
        f"<Focus>Hiccups</Focus><QAPairs>{body}</QAPairs></{root}>"
    )


def test_medquad_pairs_share_the_group_of_their_document(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    write(tmp_path / "one" / "9.xml", document(("hiccups", "Eating &amp; drinking fast."), ("hiccups", "")))
    write(tmp_path / "two" / "9.xml", document(("sneezes", "Dust."), root="DiseaseFile"))
    write(tmp_path / "two" / "cut.xml", document(("sneezes", "Dust."))[:-30])
    write(tmp_path / "two" / "none.xml", document())
    items = read(tmp_path)
    assert [i.id for i in items] == [
        "medquad-one.9-0000009-1",
        "medquad-one.9-0000009-2",
        "medquad-two.9-0000009-1",
        "medquad-two.cut-document",
        "medquad-two.none-0000009",
    ]
    first, second, third = (i.outcome.records[0] for i in items[:3])
    assert said(first) == [("p", "What causes hiccups ?"), ("d", "Eating & drinking fast.")]
    assert said(second)[1] == ("d", "")
    assert first.group == second.group == third.group == "medquad:ABC-0000009"
    assert first.meta == {"collection": "ABC", "focus": "Hiccups", "qtype": "causes"}
    assert [i.outcome.reason for i in items[3:]] == [Reason.MALFORMED_ROW, Reason.MISSING_FIELD]


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE D [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>',
        '<!DOCTYPE D [<!ENTITY c SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE D SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_medquad_refuses_document_types(tmp_path, dtd):
    path = write(tmp_path / "bomb.xml", document(("hiccups", "&c;"), extra=dtd))
    (item,) = read(path)
    assert item.outcome.reason is Reason.MALFORMED_ROW and "DTD" in item.outcome.detail


# ---- mts_dialog ----------------------------------------------------------------------------------


def mts(tmp_path, *dialogues, note="Fell off a ladder."):
    rows = ["ID,section_header,section_text,dialogue"]
    for number, dialogue in enumerate(dialogues):
        ident, text = dialogue if isinstance(dialogue, tuple) else (str(number), dialogue)
        rows.append(f'{ident},GENHX,"{note}","{text}"')
    return write(tmp_path / "m.csv", "\r\n".join(rows) + "\r\n")


def test_mts_sides_labels_and_line_ends(tmp_path):
    path = mts(
        tmp_path,
        "Doctor: How are you? \r\nPatient: Not well. \r\n Guest_family2: He fell.\r\n"
        "Guest_clinican: Where?\r\n"
        "Docotr_2: And when?\r\nand how?\r\nPatient: Yesterday.",
        "Gest_family. She is my mother.\nDoctor: I see.",
        "What brings you in? Patient: My ear. Pattor: It rings. Doctor: Since when? Patient: co-Doctor: ok.",
        "nobody is named here",
    )
    assert detect(path).name == "mts_dialog"
    items = read(path)
    one, two, three = (i.outcome.records[0] for i in items[:3])
    assert said(one) == [
        ("d", "How are you?"),
        ("p", "Not well. He fell."),
        ("d", "Where? And when? and how?"),
        ("p", "Yesterday."),
    ]
    assert one.meta == {
        "section": "GENHX",
        "speakers": "clinician,doctor,family,patient",
        "labels_mended": "2",
    }
    assert two.meta["informant"] == "other" and said(two)[0] == ("p", "She is my mother.")
    assert [r for r, _ in said(three)] == ["d", "p", "d", "p", "d"] and said(three)[0] == (
        "d",
        "What brings you in?",
    )
    assert items[3].outcome.reason is Reason.MALFORMED_ROW


def test_mts_back_translations_share_a_group(tmp_path):
    text = "Doctor: Hello. Patient: Hi."
    path = mts(tmp_path, ("7", text), ("TR=EN-FR-EN 7", text), ("8", text), ("TR=EN-FR-EN 8", text))
    one, one_back, two, two_back = kept(path)
    assert one.group == one_back.group != two.group == two_back.group
    assert len({r.id for r in (one, one_back, two, two_back)}) == 4
    (other,) = kept(mts(tmp_path, ("7", text), note="Another note."))
    assert other.group != one.group


# ---- toyhom --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig"])
def test_toyhom_joins_title_and_question_once(tmp_path, encoding):
    text = (
        "department,title,ask,answer\n"
        "骨科,膝盖疼怎么办？,上楼时疼得厉害。,多休息。\n"
        "骨科,膝盖疼怎么办？,我今年60岁，膝盖疼怎么办,多休息。\n"
        "骨科,膝盖疼怎么办？,无,多休息。\n"
        '骨科,膝盖疼怎么办？,膝盖"疼,"多休息。\n少爬楼。"\n'
    )
    path = write(tmp_path / "t.csv", text, encoding)
    assert detect(path).name == "toyhom"
    records = kept(path)
    assert [r.turns[0].text for r in records] == [
        "膝盖疼怎么办？\n上楼时疼得厉害。",
        "我今年60岁，膝盖疼怎么办",
        "膝盖疼怎么办？",
        '膝盖疼怎么办？\n膝盖"疼',
    ]
    assert records[3].turns[1].text == "多休息。\n少爬楼。"
    assert {r.meta["department"] for r in records} == {"骨科"}
    assert [r.meta["question_from"] for r in records] == ["title,ask", "ask", "title", "title,ask"]


def test_toyhom_pairs_in_text(tmp_path):
    text = "胃疼怎么办？,饭后胃疼，两天了。\n少吃辣。\n再观察。\n\n\n没有逗号\n答。\n\n\n头疼,无\n休息。"
    path = write(tmp_path / "t.txt", text, "gbk")
    assert detect(path).name == "toyhom"
    first, second, third = read(path)
    assert said(first.outcome.records[0]) == [
        ("p", "胃疼怎么办？\n饭后胃疼，两天了。"),
        ("d", "少吃辣。\n再观察。"),
    ]
    assert second.outcome.reason is Reason.MALFORMED_ROW
    assert said(third.outcome.records[0]) == [("p", "头疼"), ("d", "休息。")]


def test_gbk_in_the_generic_reader_is_named_not_guessed(tmp_path):
    path = write(tmp_path / "g.csv", "question,answer\n膝盖疼,休息\n", "gbk")
    (item,) = read(path)
    assert item.outcome.reason is Reason.BAD_ENCODING
    assert "utf-8" in item.outcome.detail and "toyhom" in item.outcome.detail

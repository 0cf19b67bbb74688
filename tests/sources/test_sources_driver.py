"""The driver: ids, groups, outcomes, recognition, folders, damage."""

import gzip
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsynth.records import Failed, Kept, RawQA, Reason, Rejected
from medsynth.sources import (
    SourceConfig,
    SourceError,
    all_sources,
    data_files,
    detect,
    get_source,
    ingest,
    jsonio,
    source_table,
)

SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}")
QA = {"question": "My knee hurts when I climb stairs.", "answer": "Rest it for a week."}
fuzz = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path, seen=None, **config):
    return list(ingest(SourceConfig(path=str(path), **config), path, set() if seen is None else seen))


def record(item) -> RawQA:
    assert isinstance(item.outcome, Kept), item
    return item.outcome.records[0]


def jsonl(path: Path, *rows) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def assert_sound(items):
    ids = [item.id for item in items]
    assert len({i.lower() for i in ids}) == len(ids)
    assert all(SAFE.fullmatch(i) for i in ids), ids
    for item in items:
        if isinstance(item.outcome, Kept):
            assert item.outcome.records[0].id == item.id
            item.outcome.records[0].model_dump_json().encode()
        else:
            item.outcome.detail.encode()


# ---- ids and groups ------------------------------------------------------------------------------


def test_id_is_name_file_and_native_id(tmp_path):
    path = jsonl(tmp_path / "knees.jsonl", {"id": "k-7", **QA}, QA, {"id": 12, **QA})
    items = read(path)
    assert [item.id for item in items] == ["generic-knees-k-7", "generic-knees-row2", "generic-knees-12"]
    assert [item.where for item in items] == [f"knees.jsonl: row {n}" for n in (1, 2, 3)]
    assert record(read(path, name="ours")[0]).id == "ours-knees-k-7"


def test_native_ids_do_not_move_when_rows_are_inserted(tmp_path):
    rows = [{"id": f"a{n}", **QA} for n in range(5)]
    before = [i.id for i in read(jsonl(tmp_path / "x.jsonl", *rows))]
    after = [i.id for i in read(jsonl(tmp_path / "x.jsonl", {"id": "new", **QA}, *rows))]
    assert after[1:] == before


def test_hostile_ids_become_safe_and_stay_distinct(tmp_path):
    hostile = [
        "../../etc/passwd",
        "/abs",
        ".hidden",
        "a\nb",
        "a b",
        "a/b",
        "x" * 4096,
        "x" * 4095 + "y",
        "病例七",
    ]
    hostile += ["病例八", "CON", "..", "\ud800", "a\x00b", "~", "a:b"]
    items = read(jsonl(tmp_path / "h.jsonl", *({"id": i, **QA} for i in hostile)))
    assert len(items) == len(hostile)
    assert_sound(items)
    assert not any("id_collision" in record(item).meta for item in items)


def test_same_id_twice_is_suffixed_and_recorded_without_regard_to_case(tmp_path):
    path = jsonl(tmp_path / "d.jsonl", *({"id": i, **QA} for i in ("A", "a", "A.dup2", "a")))
    items = read(path)
    assert [i.id for i in items] == [
        "generic-d-A",
        "generic-d-a.dup2",
        "generic-d-A.dup2.dup2",
        "generic-d-a.dup3",
    ]
    assert [record(i).meta.get("id_collision") for i in items] == [
        None,
        "generic-d-a",
        "generic-d-A.dup2",
        "generic-d-a",
    ]


def test_seen_is_shared_between_sources(tmp_path):
    seen: set[str] = set()
    path = jsonl(tmp_path / "d.jsonl", {"id": "1", **QA})
    first, second = read(path, seen), read(path, seen)
    assert (first[0].id, second[0].id) == ("generic-d-1", "generic-d-1.dup2")


def test_groups_of_different_sources_never_meet(tmp_path):
    path = jsonl(
        tmp_path / "g.jsonl", {"id": "1", "group": "family 9", **QA}, {"id": "2", "group": "family 9", **QA}
    )
    one, two = (record(i).group for i in read(path, name="one"))
    (other, _) = (record(i).group for i in read(path, name="two"))
    assert one == two != other
    assert one.startswith("one:") and " " not in one
    lone = record(read(jsonl(tmp_path / "l.jsonl", QA))[0])
    assert lone.group == lone.id


def test_configuration_wins_over_row_and_reader(tmp_path):
    path = jsonl(tmp_path / "c.jsonl", {"lang": "fr", "kind": "exam", **QA}, QA)
    plain = [record(i) for i in read(path)]
    assert [(r.lang, r.kind, r.licence) for r in plain] == [
        ("fr", "exam", "unknown"),
        ("en", "qa", "unknown"),
    ]
    forced = [record(i) for i in read(path, lang="en", kind="safety", licence="MIT")]
    assert {(r.lang, r.kind, r.licence) for r in forced} == {("en", "safety", "MIT")}


def test_language_of_shapes_that_do_not_say_it(tmp_path):
    zh = {"question": "我膝盖疼了3天，MRI正常，怎么办？", "answer": "休息一周。"}
    assert [record(i).lang for i in read(jsonl(tmp_path / "l.jsonl", zh, QA))] == ["zh", "en"]


# ---- outcomes ------------------------------------------------------------------------------------


def test_a_bad_row_costs_no_other_row(tmp_path):
    path = tmp_path / "b.jsonl"
    good = json.dumps(QA).encode()
    path.write_bytes(
        b"\n".join(
            [b"\xef\xbb\xbf" + good, b'{"question": "caf\xe9"}', b"", b"{oops", b"[1]", b"[" * 100_000, good]
        )
    )
    items = read(path, reader="generic")
    assert [i.where for i in items] == [f"b.jsonl: row {n}" for n in (1, 2, 4, 5, 6, 7)]
    assert [getattr(i.outcome, "reason", None) for i in items] == [
        None,
        Reason.BAD_ENCODING,
        *[Reason.MALFORMED_ROW] * 3,
        None,
    ]
    assert "utf-8" in items[1].outcome.detail.lower() and "toyhom" in items[1].outcome.detail


def test_an_exception_in_a_reader_fails_its_row_and_leaks_nothing(tmp_path, monkeypatch):
    generic = get_source("generic")
    parse = generic.parse

    def broken(value, config):
        if value["id"] == "2":
            raise KeyError(f"no idea in /home/someone/secret.py about {value['question']!r}\nmore")
        return parse(value, config)

    monkeypatch.setattr(generic, "parse", broken)
    items = read(jsonl(tmp_path / "f.jsonl", *({"id": str(n), **QA} for n in (1, 2, 3))))
    assert [type(i.outcome) for i in items] == [Kept, Failed, Kept]
    assert items[1].outcome.error == "KeyError"
    assert "knee" not in items[1].outcome.detail and "secret" not in items[1].outcome.detail
    assert items[1].id == "generic-f-2"


def test_half_a_surrogate_pair_is_rejected_not_failed(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text('{"question": "a \\ud83d b", "answer": "c"}\n')
    assert read(path)[0].outcome.reason is Reason.BAD_ENCODING


@pytest.mark.parametrize("chunk", [7, 64, 256 * 1024])
def test_json_array_is_read_piece_by_piece(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(jsonio, "CHUNK", chunk)
    rows = [
        {"id": n, "question": "疼\n\\" * n + "?", "answer": '"yes" ' * n, "x": [1.5e3, None]}
        for n in range(40)
    ]
    for indent in (None, 4):
        path = tmp_path / f"a{indent}.json"
        path.write_text(json.dumps(rows, indent=indent, ensure_ascii=indent is None), encoding="utf-8-sig")
        records = [record(i) for i in read(path, reader="generic")]
        assert [r.turns[0].text for r in records] == [row["question"] for row in rows]


@pytest.mark.parametrize("chunk", [7, 256 * 1024])
@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        ("", Reason.MALFORMED_ROW),  # the closing bracket is missing
        (", ", Reason.MALFORMED_ROW),
        (', {"question": "cut in the mid', Reason.MALFORMED_ROW),
        (", {bad}, {}]", Reason.MALFORMED_ROW),
        (" {}]", Reason.MALFORMED_ROW),
        ("] more", Reason.MALFORMED_ROW),
        (', {"question": "caf\udce9"}]', Reason.BAD_ENCODING),
    ],
)
def test_a_broken_array_keeps_the_rows_before_and_is_one_row(tmp_path, monkeypatch, tail, reason, chunk):
    monkeypatch.setattr(jsonio, "CHUNK", chunk)
    (tmp_path / "1.json").write_bytes((json.dumps([QA, QA])[:-1] + tail).encode("utf-8", "surrogateescape"))
    (tmp_path / "2.json").write_text(json.dumps([QA]))
    items = read(tmp_path, reader="generic")
    assert [type(i.outcome) for i in items] == [Kept, Kept, Rejected, Kept]
    assert items[2].outcome.reason is reason and items[2].where == "1.json: row 3"


def test_a_cut_gzip_keeps_the_rows_before(tmp_path):
    path = tmp_path / "z.jsonl.gz"
    whole = gzip.compress(
        b"".join(json.dumps({"id": os.urandom(40).hex(), **QA}).encode() + b"\n" for _ in range(3000))
    )
    path.write_bytes(whole)
    assert len(read(path)) == 3000
    path.write_bytes(whole[: len(whole) // 2])
    items = read(path)
    assert 100 < len(items) < 3000
    assert all(isinstance(i.outcome, Kept) for i in items[:-1])
    assert items[-1].outcome.reason is Reason.MALFORMED_ROW
    assert items[0].id.startswith("generic-z-")


@fuzz
@given(
    data=st.binary(min_size=1, max_size=400),
    prefix=st.sampled_from([b"", b"[", b"{", b'{"question":"', b'[{"a":1},']),
)
@pytest.mark.parametrize("suffix", [".json", ".csv", ".tsv", ".xml", ".txt", ".jsonl", ".parquet"])
@pytest.mark.parametrize("reader", ["generic", None])
def test_any_bytes_never_crash(tmp_path, suffix, reader, data, prefix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(prefix + data)
    reader = reader or {".xml": "medquad", ".txt": "toyhom", ".csv": "mts_dialog", ".json": "cmtmedqa"}.get(
        suffix, "sharegpt"
    )
    assert_sound(read(path, reader=reader))
    try:
        detect(path)
    except SourceError as error:
        assert str(path) in str(error)


ANY = st.characters(exclude_categories=())  # halves of surrogate pairs too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(ANY, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["from", "role", "value", "text"]), inner)
    ),
    max_leaves=6,
)
KEYS = [
    "id",
    "question",
    "answer",
    "turns",
    "group",
    "age",
    "gender",
    "kind",
    "lang",
    "conversations",
    "history",
]
KEYS += ["instruction", "instruct", "output", "input", "cate1", "department"]


@fuzz
@given(
    lines=st.lists(
        st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6).map(lambda d: json.dumps(d).encode())
        | st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")),
        max_size=12,
    ),
    reader=st.sampled_from(["generic", "sharegpt", "cmtmedqa"]),
)
def test_jsonl_rows_in_equal_rows_out(tmp_path, lines, reader):
    path = tmp_path / "r.jsonl"
    content = b"\n".join([b"", *lines])
    path.write_bytes(content)
    if not content:
        return
    items = read(path, reader=reader)
    assert len(items) == sum(1 for line in content.split(b"\n") if line.strip())
    assert_sound(items)
    assert not [i for i in items if isinstance(i.outcome, Failed)]


# ---- recognition and folders ---------------------------------------------------------------------


def test_get_source_names_the_known_and_the_near():
    with pytest.raises(SourceError, match=r"did you mean medquad.*sharegpt"):
        get_source("MedQuad ")
    assert list(all_sources())[-1] == "generic"


def test_source_table_has_what_is_shown():
    table = source_table()
    assert [row["name"] for row in table] == list(all_sources())
    assert all(row[key] for row in table for key in ("description", "lang", "kind", "licence", "status"))


def test_refusal_names_every_reader_and_the_way_out(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("frage;antwort\na;b\n")
    with pytest.raises(SourceError) as error:
        detect(path)
    text = str(error.value)
    assert all(f"{name}: " in text for name in all_sources())
    assert "--source" in text and "--column" in text and "odd.csv" in text and "frage;antwort" in text


def test_specific_shapes_win_over_generic(tmp_path):
    both = {"conversations": [{"from": "human", "value": "hello"}], **QA}
    assert detect(jsonl(tmp_path / "b.jsonl", both)).name == "sharegpt"
    alpaca = {"instruction": "a", "input": "", "output": "b"}
    with pytest.raises(SourceError):  # no published source: its licence is not CMtMedQA's
        detect(jsonl(tmp_path / "alpaca.jsonl", alpaca))


def test_a_mixed_folder_is_refused_by_name(tmp_path):
    jsonl(tmp_path / "a.jsonl", QA)
    jsonl(tmp_path / "b.jsonl", {"conversations": []})
    with pytest.raises(SourceError, match=r"a\.jsonl is for generic; b\.jsonl is for sharegpt"):
        detect(tmp_path)


def test_folder_files_are_sorted_and_hidden_and_outside_ones_skipped(tmp_path):
    outside = jsonl(tmp_path / "outside.jsonl", QA)
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / ".git").mkdir()
    names = ["b.jsonl", "a.jsonl", "sub/c.jsonl", ".hidden.jsonl", ".git/x.jsonl"]
    for name in names:
        jsonl(folder / name, QA)
    (folder / "notes.md").write_text("no data")
    (folder / "readme.txt").write_text("no data either")
    (folder / "out.jsonl").symlink_to(outside)
    (folder / "linked").symlink_to(tmp_path)
    (folder / "inside.jsonl").symlink_to(folder / "a.jsonl")
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "broken.jsonl").write_bytes(b"\x00\xff")
    found = [p.relative_to(folder).as_posix() for p in data_files(folder)]
    assert found == ["a.jsonl", "b.jsonl", "broken.jsonl", "inside.jsonl", "sub/c.jsonl"]
    items = read(folder)
    assert [i.id for i in items if isinstance(i.outcome, Rejected)] == ["generic-broken-row1"]
    assert items[-1].id == "generic-sub.c-row1" and items[-1].where == "sub/c.jsonl: row 1"


def test_unusable_paths_are_named_at_once(tmp_path):
    (tmp_path / "void").mkdir()
    (tmp_path / "zero.jsonl").touch()
    for name in ("missing.csv", "void", "zero.jsonl"):
        for call in (
            detect,
            data_files,
            lambda p: ingest(SourceConfig(path=str(p), reader="generic"), p, set()),
        ):
            with pytest.raises(SourceError, match=name):
                call(tmp_path / name)


def test_an_unreadable_file_in_a_folder_is_named(tmp_path, monkeypatch):
    jsonl(tmp_path / "a.jsonl", QA)
    locked = jsonl(tmp_path / "locked.jsonl", QA)
    opened = Path.open

    def refuse(self, *args, **kwargs):
        if self == locked:
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match=r"locked\.jsonl: cannot be read \(Permission denied\)"):
        detect(tmp_path)

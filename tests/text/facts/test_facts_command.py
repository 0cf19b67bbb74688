"""The command: lists of facts, verdicts on pairs, and errors that say where."""

from __future__ import annotations

import json

import pytest

from medsynth.errors import UserError
from medsynth.text.facts.command import check_pairs, list_facts

PAIR = {"id": "a", "lang": "en", "source": "Take 5 mg of warfarin.", "rewrite": "Take 50 mg of warfarin."}


def write(path, *lines):
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def test_facts_are_listed_with_their_place():
    text = "Take 5 mg of warfarin."
    listed = list_facts(text)
    assert [(f["kind"], f["value"], f["of"]) for f in listed] == [
        ("dose", "5 mg", "warfarin"),
        ("drug", "warfarin", ""),
    ]
    assert all(text[slice(*f["span"])] == f["text"] for f in listed)


def test_the_language_is_told_from_the_text():
    assert [f["value"] for f in list_facts("口服阿司匹林100毫克") if f["kind"] == "dose"] == ["100 mg"]


def test_one_verdict_a_pair(tmp_path):
    same = PAIR | {"id": 7, "rewrite": "Please take 5 milligrams of Coumadin."}
    found = list(check_pairs(write(tmp_path / "pairs.jsonl", json.dumps(PAIR), "", json.dumps(same))))
    assert [(f["id"], f["verdict"]) for f in found] == [("a", "fail"), (7, "pass")]
    dose = next(f for f in found[0]["findings"] if f["kind"] == "dose")
    assert dose == {
        "kind": "dose", "source_span": [5, 9], "rewrite_span": [5, 10], "severity": "critical", "status": "altered",
    }  # fmt: skip
    json.dumps(found)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        (json.dumps({"id": "x", "lang": "en", "source": "a"}), "'rewrite' is missing"),
        (json.dumps(PAIR | {"source": 3}), "'source' is no text"),
        (json.dumps(PAIR | {"lang": "fr"}), "not in 'fr'"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, line, said):
    path = write(tmp_path / "pairs.jsonl", json.dumps(PAIR), line)
    verdicts = check_pairs(path)
    assert next(verdicts)["id"] == "a", "what goes before is still judged"
    with pytest.raises(UserError) as error:
        next(verdicts)
    assert f"{path}, line 2" in str(error.value)
    assert said in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        list(check_pairs(tmp_path / "none.jsonl"))
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(UserError, match="not UTF-8"):
        list(check_pairs(tmp_path / "latin.jsonl"))

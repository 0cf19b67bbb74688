"""The embedded samples and the reader fixtures hold what their READMEs and readers rely on."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "pipelines" / "samples"
FIXTURES = ROOT / "tests" / "fixtures" / "sources"


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_json(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))


def read_csv(path: Path, encoding: str) -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def en_questions() -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in read_jsonl(SAMPLES / "en_questions.jsonl")}


def zh_questions() -> list[dict[str, str]]:
    """Rows counted from 1, as the README counts them."""
    return [{}, *read_csv(SAMPLES / "zh_questions.csv", "gbk")]


def bare(text: str) -> str:
    """Return only letters, digits and Han characters, folded."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def words(text: str) -> set[tuple[str, ...]]:
    """Return word 3-grams."""
    tokens = re.findall(r"\w+", unicodedata.normalize("NFKC", text).lower())
    return set(zip(tokens, tokens[1:], tokens[2:], strict=False))


def characters(text: str) -> set[str]:
    """Return character 4-grams."""
    letters = bare(text)
    return {letters[i : i + 4] for i in range(len(letters) - 3)}


def jaccard(a: set[Any], b: set[Any]) -> float:
    return len(a & b) / len(a | b)


def test_counts_and_marks() -> None:
    conversations = read_json(SAMPLES / "en_conversations.json")
    chinese = read_json(SAMPLES / "zh_conversations.json")
    assert len(read_jsonl(SAMPLES / "en_questions.jsonl")) == 40
    assert len(conversations) == 20
    assert len(read_csv(SAMPLES / "zh_questions.csv", "gbk")) == 40
    assert [set(row) for row in chinese].count({"instruct", "output", "note"}) == 2
    assert len(chinese) == 22
    marked = [*en_questions().values(), *conversations, *chinese, *read_jsonl(SAMPLES / "held_out.jsonl")]
    assert all(row["note"] == "invented" for row in marked)
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert "invented" in readme and "not medical advice" in readme


def test_ids_are_unique_and_the_readme_names_only_ids_that_exist() -> None:
    files = ("en_questions.jsonl", "held_out.jsonl")
    rows = [row for name in files for row in read_jsonl(SAMPLES / name)]
    for name in ("en_conversations.json", "zh_conversations.json"):
        rows += [row for row in read_json(SAMPLES / name) if "id" in row]
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids))
    named = set(
        re.findall(r"(?:en-q|en-c|zh-c|held-en|held-zh)-\d{3}", (SAMPLES / "README.md").read_text("utf-8"))
    )
    assert named and named <= set(ids)


def test_the_chinese_csv_is_gbk_and_not_utf8() -> None:
    data = (SAMPLES / "zh_questions.csv").read_bytes()
    assert data.decode("gbk").startswith("department,title,ask,answer\n")
    assert b"\r" not in data
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")


def test_single_turn_rows_have_their_columns() -> None:
    for row in en_questions().values():
        assert {"id", "question", "answer", "department", "note"} <= set(row)
        assert set(row) <= {"id", "question", "answer", "department", "age", "gender", "note"}
    for fields in zh_questions()[1:]:
        assert list(fields) == ["department", "title", "ask", "answer"]
        assert None not in fields.values()


def test_multi_turn_rows_have_their_shapes() -> None:
    for row in read_json(SAMPLES / "en_conversations.json"):
        turns = row["conversations"]
        assert {turn["from"] for turn in turns} == {"human", "gpt"}
        assert turns[0]["from"] == "human" and all(turn["value"].strip() for turn in turns)
        assert 4 <= len(turns) <= 10
    for row in read_json(SAMPLES / "zh_conversations.json"):
        if "instruct" in row:
            continue
        assert set(row) == {"id", "cate1", "cate2", "instruction", "input", "output", "history", "note"}
        assert row["input"] == "" and 1 <= len(row["history"]) <= 4
        assert all(len(pair) == 2 and all(pair) for pair in row["history"])


@pytest.mark.parametrize("field", ["question", "answer"])
def test_english_duplicates_reach_their_thresholds(field: str) -> None:
    rows = en_questions()
    near, base = rows["en-q-038"][field], rows["en-q-006"][field]
    assert bare(near) != bare(base) and jaccard(words(near), words(base)) >= 0.8
    exact, base = rows["en-q-039"][field], rows["en-q-009"][field]
    assert exact != base and bare(exact) == bare(base)


@pytest.mark.parametrize("field", ["ask", "answer"])
def test_chinese_duplicates_reach_their_thresholds(field: str) -> None:
    rows = zh_questions()
    near, base = rows[37][field], rows[6][field]
    assert bare(near) != bare(base) and jaccard(characters(near), characters(base)) >= 0.8
    exact, base = rows[38][field], rows[9][field]
    assert exact != base and bare(exact) == bare(base)


def test_nothing_else_is_a_duplicate() -> None:
    """Within each shape only the planted pairs come near the threshold."""
    english = {key: words(row["question"]) for key, row in en_questions().items()}
    chinese = {str(i): characters(row["ask"]) for i, row in enumerate(zh_questions()) if row}
    found = set()
    for grams in (english, chinese):
        keys = [key for key in grams if grams[key]]
        found |= {
            (a, b) for i, a in enumerate(keys) for b in keys[i + 1 :] if jaccard(grams[a], grams[b]) >= 0.4
        }
    assert found == {("en-q-006", "en-q-038"), ("en-q-009", "en-q-039"), ("6", "37"), ("9", "38")}


def test_two_held_out_rows_are_sample_rows() -> None:
    samples = {bare(row["question"]) for row in en_questions().values()}
    samples |= {bare(row["title"] + row["ask"]) for row in zh_questions()[1:]}
    hits = [row["id"] for row in read_jsonl(SAMPLES / "held_out.jsonl") if bare(row["question"]) in samples]
    assert hits == ["held-en-001", "held-zh-001"]


def test_planted_dirt_is_there() -> None:
    en, zh = en_questions(), zh_questions()
    assert "<p>" in en["en-q-010"]["question"] and "&nbsp;" in en["en-q-010"]["question"]
    assert "<p>" in zh[10]["ask"] and "&nbsp;" in zh[10]["ask"]
    assert "020 7946 0182" in en["en-q-021"]["answer"] and "010-5555-0137" in zh[20]["answer"]
    assert "@example.org" in en["en-q-026"]["question"] and "@example.com" in zh[25]["ask"]
    assert "Dr Smith" in en["en-q-027"]["question"] and "张医生" in zh[26]["ask"]
    assert "NHS number" in en["en-q-028"]["question"] and "身份证号" in zh[27]["ask"]
    assert "\n- " in en["en-q-024"]["answer"] and "\n1. " in zh[23]["answer"]
    assert "   " in en["en-q-029"]["question"] and "\u3000" in zh[28]["ask"]
    assert "picture I uploaded" in en["en-q-033"]["question"] and "见图" in zh[32]["ask"]
    assert "table below" in en["en-q-034"]["answer"] and "下表" in zh[33]["answer"]
    assert en["en-q-035"]["answer"].startswith("https://") and zh[34]["answer"].startswith("http://")
    assert en["en-q-036"]["answer"] == "" and zh[35]["answer"] == ""
    assert en["en-q-037"]["question"] == "n/a" and zh[36]["title"] == zh[36]["ask"] == "无"
    assert not en["en-q-040"]["question"].isascii() and (zh[39]["ask"] + zh[39]["answer"]).isascii()


def test_a_good_share_of_answers_needs_splitting() -> None:
    """Some sentences are longer than a turn may be: 60 words, 100 characters."""
    en = [s for row in en_questions().values() for s in re.split(r"(?<=[.!?])\s+", row["answer"])]
    zh = [s for row in zh_questions()[1:] for s in re.split("[。！？]", row["answer"])]
    assert sum(len(s.split()) > 60 for s in en) >= 4
    assert sum(len(s) > 100 for s in zh) >= 6


def test_medquad_fixtures_parse_but_for_the_malformed_one() -> None:
    folder = FIXTURES / "medquad" / "1_Invented_QA"
    pairs = {p.name: len(list(ET.parse(p).iter("QAPair"))) for p in sorted(folder.glob("000000[123].xml"))}
    assert pairs == {"0000001.xml": 2, "0000002.xml": 2, "0000003.xml": 0}
    assert not any(a.text for a in ET.parse(folder / "0000002.xml").iter("Answer"))
    with pytest.raises(ET.ParseError):
        ET.parse(folder / "0000004_malformed.xml")


def test_csv_fixtures_keep_their_dirt() -> None:
    mts = read_csv(FIXTURES / "mts_dialog.csv", "utf-8")
    assert [row["ID"] for row in mts] == ["0", "1", "2", "3", "4"]
    assert "\r\nGuest_family: " in mts[1]["dialogue"] and mts[2]["dialogue"].startswith(" Doctor: ")
    assert {"Docotr_2", "Gest_family", "Guest_clinican"} <= set(
        re.findall(r"\w+", " ".join(row["dialogue"] for row in mts))
    )
    assert b"\n" not in (FIXTURES / "mts_dialog.csv").read_bytes().replace(b"\r\n", b"")
    toyhom = read_csv(FIXTURES / "toyhom.csv", "gbk")
    assert len(toyhom) == 5 and toyhom[1]["ask"] == "无"
    assert '"' in toyhom[2]["title"] and "\n" in toyhom[3]["answer"] and "&gt;" in toyhom[4]["ask"]
    for wrong in ("utf-8", "gb2312"):
        with pytest.raises(UnicodeDecodeError):
            (FIXTURES / "toyhom.csv").read_bytes().decode(wrong)


def test_json_fixtures_keep_their_dirt() -> None:
    cmtmedqa = read_json(FIXTURES / "cmtmedqa.json")
    assert ["instruct" in row for row in cmtmedqa] == [False, False, True, True, False]
    assert cmtmedqa[2]["instruct"].startswith(" ") and cmtmedqa[1]["history"] == []
    sharegpt = read_json(FIXTURES / "sharegpt.json")
    turns = [t for row in sharegpt if isinstance(row["conversations"], list) for t in row["conversations"]]
    assert {"human", "user", "gpt", "assistant", "system"} == {turn["from"] for turn in turns}
    assert any(isinstance(turn["value"], list) for turn in turns)


def test_generic_fixtures_hold_the_same_rows() -> None:
    rows = read_jsonl(FIXTURES / "generic.jsonl")
    assert [row["id"] for row in rows] == ["g1", "g2", "g3"]
    same = ("id", "question", "answer")
    table = read_csv(FIXTURES / "generic.csv", "utf-8")
    assert [[row[key] for key in same] for row in table] == [[row[key] for key in same] for row in rows]
    parquet = (FIXTURES / "generic.parquet").read_bytes()
    assert parquet[:4] == parquet[-4:] == b"PAR1"
    assert [len(row["turns"]) for row in read_jsonl(FIXTURES / "generic_turns.jsonl")] == [4, 3, 3, 0]


def test_bad_jsonl_has_three_bad_rows_between_good_ones() -> None:
    kinds = []
    for line in (FIXTURES / "bad.jsonl").read_bytes().splitlines():
        try:
            kinds.append(type(json.loads(line.decode("utf-8"))).__name__)
        except UnicodeDecodeError:
            kinds.append("bad encoding")
        except json.JSONDecodeError:
            kinds.append("bad json")
    assert kinds == ["dict", "bad json", "dict", "list", "dict", "bad encoding", "dict"]

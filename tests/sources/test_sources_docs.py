"""docs/sources.md says what is so: its reader works, its table is the registry's, its paths exist."""

import json
import re
from pathlib import Path

from medsynth.records import Kept, Reason, StatedPatient
from medsynth.sources import SourceConfig, detect, ingest, registry, source_table

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "sources.md").read_text(encoding="utf-8")


def test_the_reader_of_the_page_works_once_it_is_named(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, type] = {"__name__": "page"}
    exec(code, names)
    assert 20 <= len(code.splitlines()) <= 30
    readers = (names["WardRound"], *registry._READERS)
    monkeypatch.setattr(registry, "_READERS", readers)
    monkeypatch.setattr(registry, "_instances", lambda: {reader.name: reader() for reader in readers})
    rows = [
        {
            "case": "w1",
            "said": [["Patient", "My cast itches."], ["doctor", "Since"], ["doctor", "when?"]],
            "sex": "f",
            "years": 9,
        },
        {"case": "w2", "said": [["nurse", "Lunch!"]]},
        {"case": "w3", "said": [["patient", 3]]},
    ]
    path = tmp_path / "rounds.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert detect(path).name == "ward_round"
    first, second, third = ingest(SourceConfig(path="rounds.jsonl"), path, set())
    assert isinstance(first.outcome, Kept)
    record = first.outcome.records[0]
    assert (record.id, record.group) == ("ward_round-rounds-w1", "ward_round:w1")
    assert [t.text for t in record.turns] == ["My cast itches.", "Since when?"]
    assert record.patient == StatedPatient(age=9, gender="female")
    assert second.outcome.reason is Reason.MALFORMED_ROW and third.outcome.reason is Reason.MISSING_FIELD


def test_the_table_of_the_page_is_the_registrys():
    found = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if "| `" in line
    ]
    shown = [row for row in found if len(row) == 6]
    expected = [
        [f"`{r['name']}`", r["description"], r["lang"], r["kind"], r["licence"], r["status"]]
        for r in source_table()
    ]
    assert shown == expected


def test_the_files_that_the_page_names_exist():
    named = set(re.findall(r"`((?:medsynth|tests|prompts)/[\w./-]*\w)/?`", PAGE))
    missing = [name for name in named if "xx" not in name and not (REPOSITORY / name).exists()]
    assert len(named) > 20 and not missing

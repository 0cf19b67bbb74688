"""The English list of drugs: its form, its origin, no name twice, and no everyday word."""

from __future__ import annotations

from pathlib import Path

import medsynth.text.facts

LIST = Path(medsynth.text.facts.__file__).parent / "lexicon" / "en_drugs.tsv"
LINES = LIST.read_text(encoding="utf-8").splitlines()
ROWS = [line.split("\t") for line in LINES if not line.startswith("#")]


def test_the_head_states_origin_and_licence():
    head = "\n".join(line for line in LINES if line.startswith("#"))
    for stated in (
        "drug-named-entity-recognition",
        "MIT",
        "DrugBank",
        "CC0",
        "MedlinePlus",
        "Open\n# Government Licence",
    ):
        assert stated in head


def test_every_row_has_a_generic_name_and_an_origin():
    assert len(ROWS) > 2000
    for row in ROWS:
        assert len(row) == 3, row
        assert row[0] == row[0].strip().lower()
        assert set(row[1]) <= set("DMLNWTUB"), row
        assert row[1], row


def test_no_name_stands_for_two_drugs():
    seen: dict[str, str] = {}
    for generic, _, others in ROWS:
        for name in {generic, *filter(None, others.split("|"))}:
            assert seen.setdefault(name, generic) == generic, name


def test_no_everyday_word_is_a_drug():
    names = {name for generic, _, others in ROWS for name in (generic, *others.split("|"))}
    everyday = (
        "water iron sugar salt milk honey rice today water oxygen calcium alcohol cream time plan clear egg"
    )
    assert names.isdisjoint(everyday.split())


def test_the_list_stays_small():
    assert LIST.stat().st_size < 400_000

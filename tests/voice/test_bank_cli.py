"""The verbs of `medsynth bank`, as a user meets them."""

from __future__ import annotations

import csv
import json
import shutil

import pytest
from typer.testing import CliRunner

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

from medsynth.cli_bank import bank as app
from medsynth.errors import UserError
from medsynth.voice.bank import BUILT_IN, load_bank
from tests.voice.bank_corpora import make_vctk


def call(*arguments):
    """Return exit code and output; a user's mistake is raised, as `medsynth` prints it."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    make_vctk(folder / "vctk")
    code, out = call(
        "build",
        folder / "vctk",
        "--from",
        "vctk",
        "--out",
        folder / "bank",
        "--without-consent",
        "--workers",
        1,
    )
    assert code == 0
    return folder, out


def table(text):
    lines = [line for line in text.splitlines() if "\t" in line]
    return list(csv.DictReader(lines, delimiter="\t"))


def test_build_says_who_is_in_and_who_is_not_and_why(built):
    folder, out = built
    cells = {(r["gender"], r["age"]): r["speakers"] for r in table(out)}
    assert cells == {
        ("female", "youth"): "2",
        ("female", "adult"): "2",
        ("male", "adult"): "1",
        ("male", "youth"): "1",
    }
    assert "left out 1 people: gender_unknown: the table does not say" in out
    assert "left out 1 recordings: noisy:" in out
    assert f"--set voice.bank={(folder / 'bank').resolve()}" in out


def test_build_refuses_cloning_without_consent(built, tmp_path):
    with pytest.raises(UserError, match="--without-consent"):
        call("build", built[0] / "vctk", "--from", "vctk", "--out", tmp_path / "bank")
    with pytest.raises(UserError, match="--consent yes: known here"):
        call("build", built[0] / "vctk", "--from", "vctk", "--out", tmp_path / "bank", "--consent", "yes")
    with pytest.raises(UserError, match="--engine festival: known here"):
        call("build", built[0] / "vctk", "--from", "vctk", "--out", tmp_path / "bank", "--engine", "festival")
    with pytest.raises(UserError, match="openai imitates no recordings; add --by-name"):
        call("build", built[0] / "vctk", "--from", "vctk", "--out", tmp_path / "bank", "--engine", "openai")
    assert not (tmp_path / "bank").exists()
    arguments = ("build", built[0] / "vctk", "--from", "vctk", "--out", tmp_path / "bank", "--by-name")
    assert call(*arguments, "--engine", "openai")[0] == 0
    # p300 has no recordings and needs none; s5 still has no gender.
    assert {s.handle["voice"] for s in load_bank(tmp_path / "bank")} == {
        f"p{n}" for n in (225, 226, 280, 294, 300, 315, 362, 374)
    }


def test_show(built):
    rows = table(call("show", built[0] / "bank")[1])
    assert {r["id"] for r in rows} == {f"vctk-p{n}" for n in (225, 226, 280, 294, 362, 374)}
    women = table(call("show", built[0] / "bank", "--profile", "female-youth", "--split", "train")[1])
    assert {(r["gender"], r["age"], r["split"]) for r in women} == {("female", "youth", "train")}
    assert len(table(call("show")[1])) == len(load_bank())
    assert (
        "en: {en: 0.167, en-AU: 0.167, en-GB: 0.333, en-US: 0.333}"
        in call("show", built[0] / "bank", "--accents")[1]
    )
    with pytest.raises(UserError, match="--split dev"):
        call("show", "--split", "dev")
    with pytest.raises(UserError, match="absent"):
        call("show", "absent")


def test_check(built, tmp_path):
    code, out = call("check", built[0] / "bank")
    assert code == 0 and "6 speakers, sound" in out and "(1 doubtful)" in out
    assert call("check")[0] == 0
    damaged = shutil.copytree(built[0] / "bank", tmp_path / "bank")
    next((damaged / "clips").iterdir()).unlink()
    code, out = call("check", damaged)
    assert code == 1 and "FAILED files (1 wrong)" in out and "1 problems" in out


def test_coverage_of_priors(built, tmp_path):
    code, out = call("coverage", "--pipeline", "demo")
    assert code == 0 and "in full              2000 dialogues   100.0%" in out
    code, out = call("coverage", built[0] / "bank", "--pipeline", "demo", "--lang", "en")
    assert code == 1
    rows = table(out)
    assert {r["served"] for r in rows if r["split"] == "validation"} == {"NO"}
    assert any(r["served"] == "age elderly to adult" for r in rows)
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(
        "profile:\n  age_groups: {en: {youth: 1}}\n  genders: {en: {female: 1}}\n  accents: {en: {en-GB: 1}}\n"
        "split: {train: 1, validation: 0, test: 0}\n"
    )
    code, out = call(
        "coverage", built[0] / "bank", "--pipeline", pipeline, "--lang", "en", "--count", 7, "--all"
    )
    assert code == 0 and [(r["dialogues"], r["served"]) for r in table(out)] == [("7", "in full")]
    pipeline.write_text(pipeline.read_text() + "voice: {profile: male-adult, roles: [patient, doctor]}\n")
    code, out = call("coverage", built[0] / "bank", "--pipeline", pipeline, "--lang", "en", "--count", 7)
    # The one man is Australian, and two of three adults may be taken for patients.
    assert code == 0 and [r["served"] for r in table(out)] == ["accent en-GB to any"]


def test_coverage_of_a_run(demo_run, built):
    code, out = call("coverage", "--src", demo_run)
    figures = {line[:16].strip(): float(line[16:25]) for line in out.splitlines() if "dialogues  " in line}
    assert code == 0 and figures["in full"] > 24 and figures["no speaker"] == 0
    code, out = call("coverage", built[0] / "bank", "--src", demo_run, "--lang", "en")
    assert code == 1
    listed = sum(float(r["dialogues"]) for r in table(out))
    summed = {line[:16].strip(): float(line[16:25]) for line in out.splitlines() if "dialogues  " in line}
    assert listed == sum(summed.values()) - summed["in full"] > 0
    with pytest.raises(UserError, match="no dialogue with a profile in fr"):
        call("coverage", "--src", demo_run, "--lang", "fr")
    with pytest.raises(UserError, match="not a run"):
        call("coverage", "--src", built[0])


def test_calibrate_writes_the_table_and_the_description(tmp_path):
    lines = BUILT_IN.read_text(encoding="utf-8").splitlines()
    path = tmp_path / "bank.csv"
    path.write_text("\n".join([lines[0], *(line.replace(",5.03", ",9.98") for line in lines[1:4])]) + "\n")
    (tmp_path / "bank.json").write_text(json.dumps({"source": "espeak"}))
    before = load_bank(tmp_path)
    code, out = call("calibrate", tmp_path, "--profile", "female-child")
    assert code == 0 and f"{path}: 3 of 3 voices measured" in out
    after = load_bank(tmp_path)
    assert before[0].pace == 9.98 and after[0].pace == pytest.approx(5.03, rel=0.08)
    assert [s.id for s in before] == [s.id for s in after]
    about = json.loads((tmp_path / "bank.json").read_text())
    assert set(about["calibration"]) == {s.id for s in after} and about["source"] == "espeak"
    (tmp_path / "lines.txt").write_text("Only this one sentence.\n")
    code, out = call(
        "calibrate",
        path,
        "--out",
        tmp_path / "new.csv",
        "--sentences",
        tmp_path / "lines.txt",
        "--lang",
        "en",
    )
    assert code == 0 and "left as it was" in out and load_bank(tmp_path / "new.csv") == after
    with pytest.raises(UserError, match="--lang"):
        call("calibrate", path, "--sentences", tmp_path / "lines.txt")
    with pytest.raises(UserError, match="no speaker fits"):
        call("calibrate", path, "--lang", "zh")

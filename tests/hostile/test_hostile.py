"""The whole pipeline over malformed and malicious rows: nothing crashes, hangs, escapes or touches its neighbours."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
import unicodedata
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from medsynth.run.shards import kept_records
from medsynth.run.workspace import open_run
from medsynth.sources import all_sources
from tests.conftest import ROOT, medsynth
from tests.hostile.generate import FILE_NAMES, HUGE, SHAPES, Written, shape_rows, write_all
from tests.hostile.payloads import CANARY

pytest.importorskip("espeakng_loader", reason="needs the extra: pip install 'medsynth[espeak]'")

SECONDS = 240
"""No run may take longer, on a machine that does other things; alone it takes a sixth of it."""
PEAK_MB = 1500
PASSWD = "root:x:0:0"


@dataclass(frozen=True, eq=False)
class Ran:
    """One run of the command line over generated files."""

    folder: Path
    written: list[Written]
    code: int
    stdout: str
    stderr: str
    peak_mb: float
    outside: set[str]

    @property
    def run(self) -> Path:
        return self.folder / "out/run"

    @property
    def corpus(self) -> Path:
        return self.run / "corpus"

    def ledger(self) -> pl.DataFrame:
        return pl.read_parquet(self.corpus / "ledger.parquet", glob=False, memory_map=False)

    @cache  # noqa: B019
    def records(self, stage: str) -> dict[str, Any]:
        paths = open_run(self.run).shard_paths(stage)
        return {record.id: record for path in paths for record in kept_records(path)}


def tree(folder: Path) -> set[str]:
    """Return every path below a folder outside the run, with what it holds."""
    found = set()
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if Path(where, name) != folder / "out/run"]
        for path in (Path(where, name) for name in (*names, *folders)):
            if path.is_file() and not path.is_symlink():
                found.add(f"{path} {hashlib.blake2b(path.read_bytes()).hexdigest()}")
            else:
                found.add(str(path))
    return found


def carry_out(folder: Path, hostile: bool) -> Ran:
    written = write_all(folder / "in", hostile)
    for name in ("out", "home", "tmp", "cwd"):
        (folder / name).mkdir()
    before = tree(folder)
    command = [
        sys.executable,
        "-c",
        "from medsynth.cli import main; main()",
        "run",
        folder / "in/pipeline.yaml",
    ]
    command += ["--out", folder / "out/run", "--workers", "2", "--set", "voice.count=10"]
    home = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(ROOT)}
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=folder / "cwd",
            env={**os.environ, **home, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        code, usage = wait(process)
    told = [(folder / name).read_bytes().decode() for name in ("stdout", "stderr")]
    outside = tree(folder) - before - {str(folder / "cwd/runs")}
    # What the command itself leaves: its output here, and the note which run was the last.
    outside = {
        line for line in outside if line.split(" ")[0].rpartition("/")[2] not in ("stdout", "stderr", ".last")
    }
    return Ran(folder, written, code, *told, usage.ru_maxrss / 1024, outside)


def wait(process: subprocess.Popen) -> tuple[int, Any]:
    """Wait for a process group, kill it after `SECONDS`; return its exit code and the most any of it took."""
    deadline = time.monotonic() + SECONDS
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.monotonic() > deadline:
            os.killpg(process.pid, 9)
            os.wait4(process.pid, 0)
            pytest.fail(f"the run took longer than {SECONDS} s")
        time.sleep(0.1)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return carry_out(tmp_path_factory.mktemp("hostile"), True)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The same good rows in the same places, and nothing hostile."""
    return carry_out(tmp_path_factory.mktemp("calm"), False)


def control_characters(text: str) -> set[str]:
    """Return what could steer a terminal or reorder a line."""
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return {
        c
        for c in text
        if (unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t")
        or unicodedata.bidirectional(c) in bidi
    }


def test_the_generator_covers_every_reader_and_is_seeded():
    assert {shape.reader for shape in SHAPES} == set(all_sources())
    assert len({shape.folder for shape in SHAPES}) == len(SHAPES)
    assert sum(shape_rows(shape, True)[2] for shape in SHAPES) >= 2000
    once, again = (shape_rows(SHAPES[0], True) for _ in range(2))
    assert repr(once) == repr(again)


def test_no_crash_and_bounded_memory(hostile):
    assert hostile.code == 0, hostile.stderr[-3000:]
    assert "Traceback" not in hostile.stderr + hostile.stdout
    assert hostile.peak_mb < PEAK_MB


def test_nothing_is_written_outside_the_run(hostile):
    assert not hostile.outside
    for place in (hostile.folder, Path("/tmp"), Path.cwd()):
        assert not list(place.rglob(CANARY) if place == hostile.folder else place.glob(CANARY))
    assert not [p for p in hostile.run.rglob("*") if not re.fullmatch(r"[A-Za-z0-9._-]+", p.name)]


def test_no_file_of_the_machine_got_in(hostile):
    for path in (hostile.corpus / "report.html", hostile.corpus / "README.md"):
        assert PASSWD not in path.read_text()
    assert not any(PASSWD in t.text for record in hostile.records("ingest").values() for t in record.turns)
    assert not [i for i in hostile.ledger()["id"] if i.startswith("names-link")]


def test_every_row_is_in_the_ledger_once(hostile):
    ledger = hostile.ledger()
    ids = ledger["id"].to_list()
    assert len({i.lower() for i in ids}) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}", i) for i in ids)
    assert not ledger.filter(pl.col("outcome") == "failed").rows()
    for written in hostile.written:
        name = written.shape.folder
        own = ledger.filter(pl.col("source") == name)["id"].to_list()
        beside = tuple(f"{name}-{file.split('.')[0]}-" for file in written.damaged)
        assert sum(not i.startswith(beside) for i in own) == written.rows, name
    # One row in each oddly named file, one for each line of the giants; links are not followed.
    assert ledger.filter(pl.col("source") == "names").height == len(FILE_NAMES) + 1 + 6, HUGE


def test_damage_costs_no_row_that_can_be_read(hostile):
    kept = hostile.records("ingest")
    for written in hostile.written:
        name = written.shape.folder
        for kind in ("bom", "gzip"):
            files = [f for f in written.damaged if f.startswith(f"{kind}-")]
            prefixes = tuple(f"{name}-{f.split('.')[0]}-" for f in files)
            found = sum(i.startswith(prefixes) for i in kept)
            # A mark of UTF-8 before GBK is a lie; Parquet has neither a mark nor a packed form.
            if name == "generic-parquet" or (kind == "bom" and written.shape.reader == "toyhom"):
                continue
            least = 1 if written.shape.per_row else 4
            assert found >= least, (name, kind, found)
        if not (written.shape.whole or written.shape.per_row):
            prefix = tuple(f"{name}-{f.split('.')[0]}-" for f in written.damaged if f.startswith("latin-"))
            assert sum(i.startswith(prefix) for i in kept) >= 3, name


def test_giants_are_rejected_by_name(hostile):
    rows = {row[0]: row[1:] for row in hostile.ledger().select("id", "outcome", "reason").iter_rows()}
    for name in ("field", "word", "turns", "silent"):
        assert rows[f"names-giants-{name}"][0] == "rejected"
    assert rows["names-giants-turns"][1] == rows["names-giants-field"][1] == "too_long"


def test_neighbours_are_untouched(hostile, calm):
    assert calm.code == 0, calm.stderr[-3000:]
    born = {run: run.records("ingest") for run in (hostile, calm)}
    said = {run: run.records("profile") for run in (hostile, calm)}
    ledgers = {run: {row[0]: row[1:] for row in run.ledger().iter_rows()} for run in (hostile, calm)}
    compared = spoken = 0
    for written in calm.written:
        for question in written.good:
            ids = [
                i for i, record in born[calm].items()
                if record.source == written.shape.folder and any(question in t.text for t in record.turns)
            ]  # fmt: skip
            assert len(ids) == 1, (written.shape.folder, question)
            assert born[hostile][ids[0]] == born[calm][ids[0]]
            assert ledgers[hostile][ids[0]] == ledgers[calm][ids[0]]
            assert said[hostile].get(ids[0]) == said[calm].get(ids[0])
            compared += 1
            spoken += ids[0] in said[calm]
    assert compared >= len(SHAPES) * 4
    assert spoken > compared / 2


class Page(HTMLParser):
    """Collects elements and the code in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.code: list[str] = []
        self.inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, name, attrs):
        self.elements.append((name, {key: value or "" for key, value in attrs}))
        self.inside = name

    def handle_endtag(self, name):
        self.inside = ""

    def handle_data(self, data):
        if self.inside in ("script", "style"):
            self.code.append(data)


def test_the_report_shows_hostile_text_and_runs_none(hostile, calm):
    html = (hostile.corpus / "report.html").read_text()
    assert not control_characters(html)
    page, plain = Page(html), Page((calm.corpus / "report.html").read_text())
    assert "alert(1)" in html
    assert page.code == plain.code  # our own scripts and styles, and no others
    assert {name for name, _ in page.elements} <= {name for name, _ in plain.elements} | {
        "del",
        "ins",
        "mark",
    }
    for name, attributes in page.elements:
        for key, value in attributes.items():
            assert not key.startswith("on") and key not in ("srcdoc", "action", "formaction", "background"), (
                name
            )
            if key in ("href", "src", "xlink:href", "srcset", "poster", "data"):
                assert value.startswith(("#", "data:")), (name, key, value)
            if key == "style":
                assert "url" not in value and "@" not in value
        assert name not in ("iframe", "object", "embed", "form", "base", "frame"), name


def test_the_card_is_valid_and_nothing_is_injected(hostile, calm):
    cards = [(run.corpus / "README.md").read_text() for run in (hostile, calm)]
    front = [yaml.safe_load(card.split("---\n")[1]) for card in cards]
    assert front[0].keys() == front[1].keys()
    for key in front[0].keys() - {"size_categories"}:
        assert front[0][key] == front[1][key], key
    assert not re.search(r"evil|<script|alert\(|jndi|touch ", cards[0])
    assert not control_characters(cards[0])


def test_verify_status_and_trace_work_on_it(hostile):
    verified = medsynth("verify", hostile.run)
    assert verified.stdout.splitlines()[-1].endswith("whole")
    status = medsynth("status", hostile.run)
    assert not control_characters(hostile.stdout + hostile.stderr + status.stdout)
    nasty = [
        i for i, r in hostile.records("ingest").items() if any(control_characters(t.text) for t in r.turns)
    ]
    assert len(nasty) > len(SHAPES)
    for record_id in (nasty[0], nasty[len(nasty) // 2], nasty[-1]):
        told = medsynth("trace", record_id, "--src", hostile.run)
        assert not control_characters(told.stdout)
        assert re.search(r"\\[xur]", told.stdout)
    unknown = medsynth("trace", "\x1b[31m<script>", "--src", hostile.run, check=False)
    assert unknown.returncode == 1
    assert "Traceback" not in unknown.stderr
    assert not control_characters(unknown.stderr)


def test_paths_are_names_and_not_patterns(tmp_path):
    """A path is neither a pattern of files nor console markup, and one that is not UTF-8 is refused in a line."""
    row = (
        '{"question": "My knee has hurt for days, why?", "answer": "Rest it for a week and see a doctor."}\n'
    )
    for name in ("rows[red][].jsonl", "rows*.jsonl"):
        (tmp_path / name).write_text(row)
        result = medsynth("split", "--src", tmp_path / name, "--out", tmp_path / f"run-{name}", cwd=tmp_path)
        assert f"run-{name}" in result.stdout.replace("\n", "")
    pl.DataFrame({"question": ["Why?"], "answer": ["So."]}).write_parquet(tmp_path / "one.parquet")
    (tmp_path / "one.parquet").rename(tmp_path / "*.parquet")
    (tmp_path / "other.parquet").write_bytes(b"not to be read")
    medsynth("ingest", "--src", tmp_path / "*.parquet", "--out", tmp_path / "run-parquet", cwd=tmp_path)
    odd = tmp_path / os.fsdecode(b"\xff\x1b[31m.jsonl")
    odd.write_text(row)
    result = medsynth("ingest", "--src", odd, "--out", tmp_path / "run-odd", cwd=tmp_path, check=False)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert not control_characters(result.stderr)

"""Real processes, really killed: what was finished is kept, what comes out is the same, nobody is left over."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.run.support import contents, kill_after, toy_run, write_rows

ROOT = Path(__file__).parents[2]
QUESTIONS = [
    f"row {i} {w}" for i in range(15) for w in ("toy=keep", "toy=reject", "second=split", "second=raise")
]


def start(folder: Path, source: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.run.kill_target", str(folder), str(source)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)


def session_members(session: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def wait_until_gone(session: int, seconds: float = 60.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := session_members(session)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_killed_at_random_moments_a_run_ends_with_the_same_bytes(tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", QUESTIONS)
    expected = contents(toy_run(tmp_path / "calm", source)[1])
    rng = random.Random(7)
    kills = 0
    for _ in range(8):
        process = start(tmp_path / "run", source)
        kills += kill_after(process, tmp_path / "run", rng.randint(1, 9), rng.uniform(0, 0.05))
        assert wait_until_gone(process.pid) == [], "workers outlived their coordinator"
    output, _ = start(tmp_path / "run", source).communicate()
    assert output.split() == expected
    assert kills >= 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_a_run_stops_at_once_and_goes_on_later(tmp_path, how):
    source = write_rows(tmp_path / "rows.jsonl", QUESTIONS)
    process = start(tmp_path / "run", source)
    while not list((tmp_path / "run").glob("stages/toystage/*.parquet")):
        time.sleep(0.01)
    process.send_signal(how)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert wait_until_gone(process.pid) == []
    _, shards = toy_run(tmp_path / "run", source)
    assert contents(shards) == contents(toy_run(tmp_path / "calm", source)[1])

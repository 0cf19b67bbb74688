"""A whole run with a voice engine that is far away: killed, resumed, verified."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from medsynth.voice.bank import load_bank, save_bank
from tests.voice.speech_server import ROOT, Server, speech_server

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
IN_FLIGHT = 4


def medsynth(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from medsynth.cli import main; main()", *arguments],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip


def run(server: Server, folder: Path) -> subprocess.Popen[str]:
    chosen = {
        "run.shard_size": 4,
        "voice.engine": "openai",
        "voice.bank": folder / "far.csv",
        "voice.count": 12,
        "voice.check_workers": 0,
        "voice.openai.base_url": server.base_url,
        "voice.openai.model": "any",
        "voice.openai.concurrency": IN_FLIGHT,
    }
    options = [part for key, value in chosen.items() for part in ("--set", f"{key}={value}")]
    return medsynth(
        "run", str(ROOT / "pipelines" / "demo.yaml"), "--limit", "6", "--out", str(folder / "run"), *options
    )


def test_a_killed_run_asks_for_nothing_again_that_was_answered(tmp_path):
    far = [
        s.model_copy(update={"id": f"far-{s.id}", "engine": "openai", "handle": {"voice": s.id}})
        for s in load_bank()
    ]
    save_bank(far, tmp_path / "far.csv")
    with speech_server() as server:
        server.plan(delay_s=0.1)
        process = run(server, tmp_path)
        while len(server.log()) < 10 and process.poll() is None:
            time.sleep(0.05)
        process.kill()
        process.communicate()
        time.sleep(1)  # the process that holds the engine finds its coordinator gone
        process = run(server, tmp_path)
        told = process.communicate()[0]
        assert process.returncode == 0, told
        asked = Counter((e["body"]["voice"], e["body"]["input"], e["body"]["seed"]) for e in server.log())
    assert len(asked) >= 12 and sum(n - 1 for n in asked.values()) <= IN_FLIGHT
    process = medsynth("verify", str(tmp_path / "run"))
    told = process.communicate()[0]
    assert process.returncode == 0, told

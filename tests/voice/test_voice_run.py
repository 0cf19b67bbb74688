"""A whole run with a voice engine that is far away: killed, left by its server, resumed, verified."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import pytest
import yaml

from medsynth.voice.bank import load_bank, save_bank
from tests.voice.speech_server import ROOT, Server, speech_server

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
IN_FLIGHT, VOICED = 4, 12


def medsynth(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.voice.hasty", *arguments],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip


def run(
    url: str, folder: Path, *more: str, shard_size: int = 4, licence: str = "CC-BY-NC-4.0"
) -> subprocess.Popen[str]:
    chosen = {
        "run.shard_size": shard_size,
        "voice.engine": "openai",
        "voice.bank": folder.parent / "far.csv",
        "voice.count": VOICED,
        "voice.check_workers": 0,
        "voice.openai.base_url": url,
        "voice.openai.model": "any",
        "voice.openai.licence": licence,
        "voice.openai.concurrency": IN_FLIGHT,
    }
    options = [part for key, value in chosen.items() for part in ("--set", f"{key}={value}")]
    demo = str(ROOT / "pipelines" / "demo.yaml")
    return medsynth("run", demo, "--limit", "6", "--out", str(folder), "--accept-licence", *options, *more)


def finished(process: subprocess.Popen[str]) -> str:
    told = process.communicate()[0]
    assert process.returncode == 0, told
    return told


def asked(server: Server) -> Counter[tuple[str, str, int]]:
    return Counter((e["body"]["voice"], e["body"]["input"], e["body"]["seed"]) for e in server.log())


def until_asked(server: Server, n: int, process: subprocess.Popen[str]) -> None:
    while len(server.log()) < n and process.poll() is None:
        time.sleep(0.05)
    assert process.poll() is None, "it was done before it was to be stopped"


def result(folder: Path) -> dict[str, bytes]:
    """Return what must not depend on what happened on the way."""
    corpus = folder / "corpus"
    paths = [*sorted((corpus / "data").iterdir()), corpus / "ledger.parquet", corpus / "speakers.parquet"]
    return {path.name: path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("far")
    far = [
        s.model_copy(update={"id": f"far-{s.id}", "engine": "openai", "handle": {"voice": s.id}})
        for s in load_bank()
    ]
    save_bank(far, folder / "far.csv")
    return folder


@pytest.fixture(scope="module")
def undisturbed(folder) -> dict[str, bytes]:
    """A run that nothing happened to. Its shards hold one dialogue each, so the engine is full only across them."""
    with speech_server() as server:
        server.plan(delay_s=0.1)
        told = finished(run(server.base_url, folder / "whole", shard_size=1))
        # Before anything is done.
        assert told.startswith("any: weights under CC-BY-NC-4.0, which forbids commercial use"), told
        assert max(e["busy"] for e in server.log()) == IN_FLIGHT
        assert max(asked(server).values()) == 1
    return result(folder / "whole")


def test_a_killed_run_asks_for_nothing_again_that_was_answered(folder, undisturbed):
    with speech_server() as server:
        server.plan(delay_s=0.1)
        process = run(server.base_url, folder / "killed")
        until_asked(server, 10, process)
        process.kill()
        process.communicate()
        time.sleep(1)  # the process that holds the engine finds its coordinator gone
        finished(run(server.base_url, folder / "killed"))
        counts = asked(server)
    assert len(counts) >= VOICED and sum(n - 1 for n in counts.values()) <= IN_FLIGHT
    assert result(folder / "killed") == undisturbed
    finished(medsynth("verify", str(folder / "killed")))


def test_a_server_that_dies_stops_the_run_and_back_up_it_goes_on(folder, undisturbed):
    with speech_server() as server:
        server.plan(delay_s=0.1)
        process = run(server.base_url, folder / "left")
        until_asked(server, 10, process)
        before = asked(server)
        server.process.kill()
        told = process.communicate()[0]
        url = server.base_url
    assert process.returncode == 1, told
    (line,) = [line for line in told.splitlines() if line.startswith("medsynth:")]
    assert (
        "voice.openai: no server answers" in line and told.endswith(f"{line}\n") and "Traceback" not in told
    )
    assert not (folder / "left" / "corpus").exists()

    with speech_server(port=urlsplit(url).port or 0) as server:
        finished(run(url, folder / "left"))
        again = before & asked(server)
    assert sum(again.values()) <= IN_FLIGHT, "only what was under way is asked for once more"
    assert result(folder / "left") == undisturbed
    finished(medsynth("verify", str(folder / "left")))


def card(folder: Path) -> tuple[dict, dict, str]:
    """Return corpus.json, and the front matter and text of the card."""
    info = json.loads((folder / "corpus" / "corpus.json").read_text(encoding="utf-8"))
    _, front, text = (folder / "corpus" / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return info, yaml.safe_load(front), text


def test_the_terms_of_the_model_travel_into_the_corpus(folder, undisturbed):
    info, front, text = card(folder / "whole")
    assert info["voice_models"] == [{"engine": "openai", "model": "any", "licence": "CC-BY-NC-4.0"}]
    assert "CC-BY-NC-4.0" in info["voice_licences"] and front["license"] == "cc-by-nc-4.0"
    assert "| openai | any | CC-BY-NC-4.0 |" in text
    # Who learns of other terms packs anew, and nobody speaks again: no server is there.
    told = finished(run("http://127.0.0.1:9/v1", folder / "whole", shard_size=1, licence="null"))
    assert told.startswith("any: nobody states the licence of these weights"), told
    info, front, text = card(folder / "whole")
    assert info["voice_models"][0]["licence"] == "unknown" and front["license_name"] == "unknown"
    assert "| openai | any | unknown |" in text and "Not recognised: 'unknown'" in text
    assert result(folder / "whole") == undisturbed


def test_a_run_made_from_another_has_its_clips(folder, undisturbed):
    info, _, _ = card(folder / "whole")
    out = ("--src", str(folder / "whole"), "--out", str(folder / "fewer"), "--accept-licence")
    nowhere = ("--set", "voice.openai.base_url=http://127.0.0.1:9/v1", "--count", "7")
    told = finished(medsynth("voice", *out, *nowhere))
    assert "7 voiced" in told, told
    fewer, _, _ = card(folder / "fewer")
    assert fewer["voice_models"] == info["voice_models"]


def test_a_spare_engine_that_never_spoke_binds_nobody(folder, undisturbed):
    more = ("--set", "voice.engine=espeak", "--set", "voice.fallbacks=[openai]", "--set", "voice.count=2")
    finished(run("http://127.0.0.1:9/v1", folder / "spare", *more))
    info, front, _ = card(folder / "spare")
    assert info["voice_models"] == [] and set(info["voice_engines"]) == {"espeak"}
    assert front["license"] == "apache-2.0"


def test_what_the_engine_failed_is_tried_again_on_request(folder, undisturbed):
    with speech_server() as server:
        server.plan(texts={"bipolar": "422"})
        finished(run(server.base_url, folder / "faulty"))
        ledger = pl.read_parquet(folder / "faulty" / "corpus" / "ledger.parquet", glob=False)
        failed = ledger.filter(outcome="failed")
        assert failed["stage"].to_list() == ["voice"] and failed["reason"].to_list() == ["engine_rejected"]
        assert failed["detail"].item().count("422: ") == 2 * 3, "every attempt, in two voices"
        before = asked(server)
        finished(run(server.base_url, folder / "faulty"))
        assert asked(server) == before, "a failure is a result until somebody asks to try again"
        server.plan()
        finished(run(server.base_url, folder / "faulty", "--retry-failed"))
        again = asked(server)
        assert again and len(again & before) == 1, "only what was refused is asked for once more"
    assert result(folder / "faulty") == undisturbed

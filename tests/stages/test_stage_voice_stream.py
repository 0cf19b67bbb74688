"""The voice stage with engines that are far away, mixed, or fail: a real speech server on loopback."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest

from medsynth.errors import UserError
from medsynth.records import AGE_GROUPS, GENDERS, Failed, Kept, Reason, Rejected
from medsynth.stages.base import Context, EngineStage
from medsynth.stages.voice import VoiceSettings, VoiceStage
from medsynth.voice.audio import decode
from medsynth.voice.bank import load_bank, save_bank
from medsynth.voice.settings import SpeechServerSettings
from tests.stages.test_stage_voice import dialogue
from tests.voice.speech_server import ROOT, speech_server

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

LOCAL = {s.id: s for s in load_bank()}
REMOTE = [
    s.model_copy(update={"id": f"far-{s.id}", "engine": "openai", "handle": {"voice": s.id}})
    for s in LOCAL.values()
]


@pytest.fixture(scope="module")
def server():
    with speech_server(workers=2) as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    save_bank(REMOTE, tmp_path / "far.csv")
    return tmp_path


def stage(server, folder, *, journal=True, url=None, **options):
    settings = VoiceSettings(
        **{
            "engine": "openai",
            "bank": "far.csv",
            "check_workers": 0,
            "openai": SpeechServerSettings(
                base_url=url or server.base_url,
                model="any",
                licence="CC0-1.0",
                concurrency=8,
                timeout_s=20,
                retries=1,
            ),
            **options,
        }
    )
    context = Context(seed=3, base=folder, journal=folder / "journal.sqlite" if journal else None)
    return VoiceStage.implementation(settings)(settings, context)


def run(made, *records):
    if isinstance(made, EngineStage):
        return asyncio.run(streamed(made, records))
    return made.decide(records, ["voice"] * len(records))


async def streamed(made, records):
    """Have all voiced as the runner does: as many under way as the stage takes."""
    outcomes = [None] * len(records)

    async def work(positions):
        for i in positions:
            outcomes[i] = await made.judged(records[i], "voice")

    positions = iter(range(len(records)))
    try:
        await asyncio.gather(*(work(positions) for _ in range(made.concurrency)))
    finally:
        await made.aclose()
    return outcomes


def people(n=1):
    return [
        dialogue(f"{a}-{g}-{i}", age_group=a, gender=g, split="train")
        for a in AGE_GROUPS
        for g in GENDERS
        for i in range(n)
    ]


def test_what_a_server_says_is_what_our_engine_would_say(server, folder):
    server.plan()
    near = VoiceStage(VoiceSettings(), Context(seed=3))
    far = stage(server, folder)
    records = [*people(), dialogue("zh", "zh")]
    try:
        ours, theirs = run(near, *records), run(far, *records)
    finally:
        near.close()
    assert all(isinstance(o, Kept) for o in (*ours, *theirs)), theirs
    same = 0
    for one, other in zip(ours, theirs, strict=True):
        (a,), (b,) = one.records, other.records
        # Rendezvous hashing draws by the speaker's id, so the voices differ; the same voice says the same.
        assert b.speaker_id.startswith("far-")
        assert {t.audio.engine for t in b.turns if t.audio} == {"openai"}
        for turn, mine in zip(b.turns, a.turns, strict=True):
            assert (turn.audio is None) == (mine.audio is None)
            if turn.audio and b.speaker_id == f"far-{a.speaker_id}":
                assert np.array_equal(decode(turn.audio.flac)[0], decode(mine.audio.flac)[0])
                same += 1
    seeds = [entry["body"]["seed"] for entry in server.log()]
    assert len(set(seeds)) == len(seeds)


def test_nothing_is_said_twice(server, folder):
    server.plan()
    records = people()
    first = run(stage(server, folder), *records)
    asked = len(server.log())
    assert asked >= 16
    # Other checks, repairs or roles have nothing said again that was said.
    again = run(stage(server, folder), *records)
    assert again == first and len(server.log()) == asked
    run(stage(server, folder, roles=("patient", "doctor")), *records)
    both = server.log()[asked:]
    assert both and not {e["body"]["input"] for e in both} & {
        t.spoken for o in first for t in o.records[0].turns if t.role == "patient"
    }
    # Another model is another sound, and without a store all is said again.
    asked = len(server.log())
    run(stage(server, folder, store_gb=0.0), *records)
    assert len(server.log()) == asked * 0 + asked + 16


def test_a_small_store_forgets_the_oldest(server, folder):
    server.plan()
    records = people()
    run(stage(server, folder, store_gb=0.0005), *records)
    size = sum(p.stat().st_size for p in folder.glob("clips.sqlite*"))
    before = len(server.log())
    run(stage(server, folder, store_gb=0.0005), *records)
    assert 0 < len(server.log()) - before <= 16 and size < 8 * 2**20


def test_faults_that_pass_change_nothing(server, folder):
    records = people()
    server.plan()
    clean = run(stage(server, folder, journal=False), *records)
    server.rates({"429": 0.1, "500": 0.1, "cut": 0.1, "mp3": 0.1, "reset": 0.1})
    options = SpeechServerSettings(
        base_url=server.base_url, model="any", licence="CC0-1.0", concurrency=4, timeout_s=20, retries=20
    )
    assert run(stage(server, folder, journal=False, openai=options), *records) == clean
    assert len([f for f in server.faults() if f]) >= 3


@pytest.mark.parametrize(
    "fault, error", [("500", "engine_server"), ("422", "engine_rejected"), ("cut", "engine_malformed")]
)
def test_a_dialogue_that_the_engine_cannot_say_fails_alone_or_goes_to_the_next(server, folder, fault, error):
    heel, knee = dialogue("heel"), dialogue("knee", texts=("My knee hurts a lot.", "Rest it."))
    server.plan(texts={"knee": fault})
    good, bad = run(stage(server, folder, journal=False), heel, knee)
    assert isinstance(good, Kept) and isinstance(bad, Failed) and bad.error == error
    good, other = run(stage(server, folder, journal=False, fallbacks=("espeak",)), heel, knee)
    heard = [{t.audio.engine for t in o.records[0].turns if t.audio} for o in (good, other)]
    assert heard == [{"openai"}, {"espeak"}]
    assert other.records[0].notes["repairs"] == f"espeak instead of openai ({error}: {bad.detail})"
    assert "repairs" not in good.records[0].notes


def test_what_a_server_refuses_is_asked_for_in_other_ways_before_it_is_given_up(server, folder):
    record = dialogue("a", texts=("My knee hurts a lot. It is swollen, too.", "Rest it."))
    server.plan("422")
    (outcome,) = run(stage(server, folder, journal=False), record)
    assert re.fullmatch(r"turn 0: attempt 2 \(attempt 1: 422: .*\)", outcome.records[0].notes["repairs"])
    one, other = (entry["body"] for entry in server.log())
    assert one["input"] == other["input"] and one["seed"] != other["seed"]
    server.plan(texts={"lot. It": "422"})
    (outcome,) = run(stage(server, folder, journal=False), record)
    assert outcome.records[0].notes["repairs"].startswith("turn 0: sentence by sentence (attempt 1: 422: ")
    server.plan(texts={"knee": "422"})
    (outcome,) = run(stage(server, folder, journal=False), record)
    assert isinstance(outcome, Failed) and outcome.error == "engine_rejected"
    assert len({entry["body"]["voice"] for entry in server.log()}) == 2
    assert outcome.detail.count("attempt") == 6 and outcome.detail.count("sentence by sentence: 422") == 2


def test_silence_is_repaired_or_rejected_but_never_kept(server, folder):
    server.rates({"silence": 1.0})
    (outcome,) = run(stage(server, folder), dialogue("quiet"))
    assert isinstance(outcome, Failed | Rejected)
    (outcome,) = run(stage(server, folder, fallbacks=("espeak",)), dialogue("quiet"))
    assert {t.audio.engine for t in outcome.records[0].turns if t.audio} == {"espeak"}


def test_shares_of_engines(server, folder):
    server.plan()
    made = stage(server, folder, engines={"openai": 1, "espeak": 3})
    records = [dialogue(f"d{i}", texts=("My heel hurts a lot.", "Rest it.")) for i in range(60)]
    outcomes = run(made, *records)
    heard = [o.records[0].turns[0].audio for o in outcomes]
    counted = Counter(a.engine for a in heard)
    assert 5 <= counted["openai"] <= 27 and counted.total() == 60
    assert all(a.speaker.startswith("far-") == (a.engine == "openai") for a in heard)
    again = run(stage(server, folder, engines={"openai": 1, "espeak": 3}), *reversed(records))
    assert [o.records[0] for o in reversed(again)] == [o.records[0] for o in outcomes]


def test_an_engine_without_a_speaker_for_the_dialogue_gives_way(server, folder):
    server.plan()
    save_bank([s for s in REMOTE if s.gender == "female"], folder / "far.csv")
    (alone,) = run(stage(server, folder), dialogue("man", gender="male"))
    assert alone == Rejected(Reason.NO_SPEAKER, "en, male, adult, train")
    (outcome,) = run(stage(server, folder, fallbacks=("espeak",)), dialogue("man", gender="male"))
    assert LOCAL[outcome.records[0].speaker_id].gender == "male"
    assert (
        outcome.records[0].notes["repairs"] == "espeak instead of openai (no_speaker: en, male, adult, train)"
    )


def test_no_server_ends_the_run_with_one_line(server, folder):
    with pytest.raises(UserError, match=r"voice\.openai: no server answers"):
        run(stage(server, folder, url="http://127.0.0.1:9/v1"), dialogue("a"))


def test_settings_that_cannot_work_are_told_before_any_work(server, folder, monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(UserError, match="no server is named"):
        stage(server, folder, openai=SpeechServerSettings(model="m"))
    with pytest.raises(UserError, match="no speaker for the engine openai"):
        stage(server, folder, bank=None)
    with pytest.raises(UserError, match="no voice engine 'festival'"):
        stage(server, folder, fallbacks=("festival",))
    person = [
        s.model_copy(update={"consent": "recording", "handle": s.handle | {"reference": "a.flac"}})
        for s in REMOTE
    ]
    save_bank(person, folder / "person.csv")
    with pytest.raises(UserError, match="no_consent"):
        stage(server, folder, bank="person.csv")
    assert stage(server, folder, bank="person.csv", clone_without_consent=True).bank
    with pytest.raises(ValueError, match="share above 0"):
        VoiceSettings(engines={"openai": 0})


def test_the_fingerprint_follows_the_sound_and_not_the_server(server, folder):
    base = stage(server, folder)
    other = SpeechServerSettings(
        base_url="http://127.0.0.1:9/v1", model="any", licence="CC0-1.0", concurrency=2, retries=9
    )
    assert (
        stage(server, folder, openai=other, check_workers=3, store_gb=1.0).fingerprint() == base.fingerprint()
    )
    for change in ({"openai": other.model_copy(update={"model": "b"})}, {"fallbacks": ("espeak",)},
                   {"openai": other.model_copy(update={"options": {"speed": 2}})}):  # fmt: skip
        assert stage(server, folder, **change).fingerprint() != base.fingerprint()


KILLED = """
import json, sys
from tests.stages.test_stage_voice_stream import people, run, stage
from pathlib import Path
if __name__ == "__main__":
    outcomes = run(stage(None, Path(sys.argv[1]), url=sys.argv[2], check_workers=1), *people(3))
    print(json.dumps([[t.audio.sha256 for t in o.records[0].turns if t.audio] for o in outcomes]))
"""


def test_killed_at_any_moment_it_asks_for_nothing_again_that_was_answered(server, folder):
    server.plan()
    expected = run(stage(server, folder, journal=False), *people(3))
    server.plan(delay_s=0.05)
    script = folder / "killed.py"
    script.write_text(KILLED)
    command = [sys.executable, str(script), str(folder), server.base_url]
    for n in (10, 20):
        process = subprocess.Popen(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"})
        deadline = time.monotonic() + 60
        while len(server.log()) < n and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
        process.wait()
    result = subprocess.run(
        command,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    hashes = json.loads(result.stdout)
    assert hashes == [[t.audio.sha256 for t in o.records[0].turns if t.audio] for o in expected]
    asked = Counter((e["body"]["voice"], e["body"]["input"], e["body"]["seed"]) for e in server.log())
    assert (
        max(asked.values()) <= 3 and sum(n - 1 for n in asked.values()) <= 2 * 8
    )  # what was in flight, twice
    assert len(asked) == 48

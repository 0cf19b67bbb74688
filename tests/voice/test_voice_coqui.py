"""The coqui engine: what needs no library here, and the real library with tiny random models where it is installed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.errors import UserError
from medsynth.llm.base import EngineDown
from medsynth.records import Speaker
from medsynth.voice.coqui import CoquiEngine, devices_of, line_of
from medsynth.voice.coqui_models import licence_of
from medsynth.voice.coqui_worker import pieces
from medsynth.voice.engine import EngineFault, Utterance, VoiceError, open_engine, require_engine
from medsynth.voice.settings import CoquiSettings, EngineSettings
from tests.voice.coqui_models import noting_main

real = pytest.mark.skipif(find_spec("TTS") is None, reason="coqui-tts has an environment of its own")
TEXT = "My heel hurts when I get up."


def speaker(name: str = "p225", engine: str = "coqui", lang: str = "en", **handle: str) -> Speaker:
    return Speaker(
        id=f"vctk-{name}", engine=engine, lang=lang, age_group="adult", gender="female", accent="en-GB",
        split="train", handle=handle or {"speaker": name}, licence="CC-BY-4.0", consent="cloning",
        f0_hz=200.0, f0_low_hz=100.0, f0_high_hz=400.0, pace=4.5,
    )  # fmt: skip


def utterance(text: str = TEXT, who: Speaker | None = None, seed: int = 1, lang: str = "en") -> Utterance:
    return Utterance(text, lang, who or speaker(), seed)


def talk(settings: CoquiSettings, work):
    async def main():
        engine = CoquiEngine(settings)
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(main())


# --- long turns


@given(st.text(alphabet="abc d,.!?；。，疼痛 ", max_size=400), st.integers(5, 60))
def test_pieces_hold_the_whole_text(text, limit):
    found = pieces(text, limit)
    assert "".join("".join(found).split()) == "".join(text.split())
    for piece in found:
        assert len(piece) <= limit or " " not in piece.strip()


def test_pieces_end_where_sentences_do():
    text = "My heel hurts. It has for a week, mostly in the morning. What can I do?"
    assert pieces(text, 200) == [text]
    assert pieces(text, 60) == ["My heel hurts. It has for a week, mostly in the morning.", "What can I do?"]
    assert pieces(text, 30) == [
        "My heel hurts.",
        "It has for a week,",
        "mostly in the morning.",
        "What can I do?",
    ]
    assert pieces("我脚后跟疼。已经两周了，早上最厉害。", 12) == ["我脚后跟疼。", "已经两周了，早上最厉害。"]


# --- settings, terms


def test_what_is_said_of_the_weights(tmp_path):
    (tmp_path / "config.json").write_text('{"model": "xtts"}')
    (tmp_path / "model.pth").touch()
    local = CoquiSettings(model_path=str(tmp_path))
    assert licence_of(local) == "CPML" and "forbids commercial use" in local.terms().line
    (tmp_path / "config.json").write_text('{"model": "vits"}')
    assert licence_of(local) == "unknown" and "nobody states" in local.terms().line
    assert licence_of(CoquiSettings(model_path=str(tmp_path), licence="MIT")) == "MIT"


def test_terms_are_accepted_before_weights_are_used(tmp_path):
    (tmp_path / "config.json").write_text('{"model": "xtts"}')
    given = {"model_path": str(tmp_path)}
    with pytest.raises(UserError, match=r"CPML.*accept_licence"):
        CoquiSettings(**given).check()
    CoquiSettings(**given, accept_licence=True).check()
    CoquiSettings(**given, licence="MIT").check()
    with pytest.raises(UserError, match="there is no"):
        CoquiSettings(model_path=str(tmp_path / "absent.pth")).check()
    for none in ({}, {"model": "a", "model_path": "b"}):
        with pytest.raises(UserError, match="either"):
            CoquiSettings(**none).check()


@pytest.mark.skipif(find_spec("TTS") is not None, reason="coqui-tts is installed")
def test_without_the_library_the_pip_line_is_told():
    with pytest.raises(VoiceError, match=r"pip install 'medsynth\[coqui\]'"):
        require_engine("coqui", EngineSettings(coqui=CoquiSettings(model="tts_models/en/vctk/vits")))


@real
def test_terms_of_the_models_of_the_list():
    assert licence_of(CoquiSettings(model="tts_models/en/vctk/vits")) == "Apache-2.0"
    CoquiSettings(model="tts_models/en/vctk/vits").check()
    with pytest.raises(UserError, match="CPML"):
        CoquiSettings(model="tts_models/multilingual/multi-dataset/xtts_v2").check()
    with pytest.raises(UserError, match="no model of coqui's list"):
        CoquiSettings(model="tts_models/en/vctk/nonesuch").check()


def test_devices_and_lines():
    assert devices_of(CoquiSettings(model="m", devices=("cuda", "cuda:1", "cpu"))) == (
        "cuda:0",
        "cuda:1",
        "cpu",
    )
    handle = {"reference": "/a.flac", "transcript": "one", "reference_2": "/b.flac", "transcript_2": "two"}
    line = line_of(utterance(who=speaker(**handle)), 7)
    assert (line.references, line.transcripts) == (("/a.flac", "/b.flac"), ("one", "two"))
    with pytest.raises(VoiceError, match="vctk-p225"):
        line_of(utterance(who=speaker(engine="espeak")), 1)


# --- a multi-speaker VITS


@pytest.fixture(scope="module")
def vits(tmp_path_factory) -> CoquiSettings:
    from medsynth.voice.coqui_compat import prepare

    prepare()
    from tests.voice.coqui_models import make_vits

    folder = tmp_path_factory.mktemp("vits")
    make_vits(folder)
    return CoquiSettings(
        model_path=str(folder / "model.pth"), licence="CC0-1.0", devices=("cpu",), threads=1, batch=6
    )


@pytest.fixture(scope="module")
def voice(vits):
    """One engine for most tests: to load the library takes longer than they do."""
    engine = CoquiEngine(vits)
    with asyncio.Runner() as runner:
        yield lambda work: runner.run(work(engine))
        runner.run(engine.close())


@real
def test_the_compatibility_module_repairs_once(vits):
    from medsynth.voice.coqui_compat import prepare

    import torchaudio  # isort: skip

    load = torchaudio.load
    assert set(prepare()) <= {"decoder"} and (prepare(), torchaudio.load)[1] is load


@real
def test_speakers_by_name_seeds_and_order(voice):
    async def work(engine):
        first = await engine.speak(utterance())
        others = [utterance(who=speaker("p226")), utterance(seed=2), utterance("Since when?"), utterance()]
        return first, await asyncio.gather(*(engine.speak(u) for u in others))

    first, (other, seeded, text, again) = voice(work)
    assert first.sample_rate == 22050 and 0.3 < first.duration_s < 60
    assert np.array_equal(first.samples, again.samples)
    for different in (other, seeded, text):
        assert not np.array_equal(first.samples, different.samples)


@real
def test_one_by_one_says_the_same(voice, vits):
    engine = open_engine("coqui", EngineSettings(coqui=vits))
    try:
        said = engine.synthesize(TEXT, "en", speaker(), 1)
    finally:
        engine.close()
    assert np.array_equal(said.samples, voice(lambda engine: engine.speak(utterance())).samples)


@real
def test_long_turns_are_said_whole(voice):
    sentences = [f"My heel hurts {'very ' * 30}much {c}." for c in "abcde"]

    async def work(engine):
        whole = await engine.speak(utterance(" ".join(sentences)))
        return whole, [await engine.speak(utterance(s, seed=1 + n)) for n, s in enumerate(sentences)]

    whole, parts = voice(work)
    assert whole.duration_s == pytest.approx(sum(p.duration_s for p in parts) + 4 * 0.2, abs=0.01)


@real
def test_what_the_model_cannot_say_is_refused_by_name(voice):
    async def work(engine):
        told = []
        for bad in (utterance("我脚后跟疼。"), utterance("Take 5 mg."), utterance(who=speaker("p999"))):
            with pytest.raises(VoiceError) as error:
                await engine.speak(bad)
            told.append(str(error.value))
        await engine.speak(utterance())
        return told

    hanzi, digit, nobody = voice(work)
    assert "no sound for 5" in digit and "no sound for" in hanzi and "'p999'" in nobody and "p225" in nobody


class Watched:
    """A pipe that remembers whose lines went through it."""

    def __init__(self, pipe) -> None:
        self.pipe, self.sent = pipe, []

    def send(self, lines):
        self.sent.append([line.speaker for line in lines])
        self.pipe.send(lines)

    def close(self):
        self.pipe.close()


async def watched(engine: CoquiEngine) -> list[Watched]:
    """Return the pipes of all processes once each can be given work."""
    while not engine._processes or not all(one.ready for one in engine._processes):
        await asyncio.sleep(0.05)
    for one in engine._processes:
        one.pipe = one.pipe if isinstance(one.pipe, Watched) else Watched(one.pipe)
    return [one.pipe for one in engine._processes]


@real
def test_many_voices_are_said_in_batches_of_one(voice):
    names = ("p225", "p226", "p227")
    utterances = [utterance(f"Part {'a' * (n % 5)} hurts.", speaker(names[n % 3]), seed=n) for n in range(36)]

    async def work(engine):
        await engine.speak(utterance())
        (pipe,) = await watched(engine)
        together = await asyncio.gather(*(engine.speak(u) for u in utterances))
        engine._processes[0].pipe = pipe.pipe
        return together, [await engine.speak(u) for u in utterances[::7]], pipe.sent

    together, alone, sent = voice(work)
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(together[::7], alone, strict=True))
    # The first came alone, before the others waited.
    assert all(len(set(batch)) == 1 and len(batch) <= 6 for batch in sent) and len(sent) <= 14


@real
def test_a_process_that_dies_costs_nothing(voice):
    utterances = [utterance(seed=n) for n in range(20)]

    async def work(engine):
        expected = [await engine.speak(u) for u in utterances]
        tasks = [asyncio.ensure_future(engine.speak(u)) for u in utterances]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        os.kill(engine._processes[0].process.pid, signal.SIGKILL)
        return expected, await asyncio.gather(*tasks)

    expected, clips = voice(work)
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(expected, clips, strict=True))


@real
def test_two_processes_share_the_work_and_outlive_one_of_them(voice, vits):
    names = ("p225", "p226", "p227", "p228")
    utterances = [utterance(f"Part {'a' * (n % 5)} hurts.", speaker(names[n % 4]), seed=n) for n in range(40)]

    async def both(engine):
        await engine.speak(utterance())
        pipes = await watched(engine)
        shared = await asyncio.gather(*(engine.speak(u) for u in utterances))
        before = [one.process.pid for one in engine._processes]
        tasks = [asyncio.ensure_future(engine.speak(u)) for u in utterances]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        os.kill(before[1], signal.SIGKILL)
        outlived = await asyncio.gather(*tasks)
        new = (await watched(engine))[1]
        await asyncio.gather(*(engine.speak(u) for u in utterances))
        after = [one.process.pid for one in engine._processes]
        given = [pipe.sent[:] for pipe in pipes], new.sent[:]
        return shared, outlived, *given, before, after, await kept_apart(engine)

    async def kept_apart(engine):
        """Return what the second process was given while the first was at p225, and p225 and p228 waited."""
        first, second = (one.process.pid for one in engine._processes)
        new = (await watched(engine))[1]
        new.sent.clear()
        for pid in (first, second):
            os.kill(pid, signal.SIGSTOP)
        who = ("p225",) * 3 + ("p226",) * 3 + ("p225",) * 2 + ("p228",) * 2
        tasks = [
            asyncio.ensure_future(engine.speak(utterance(who=speaker(name), seed=n)))
            for n, name in enumerate(who)
        ]
        await asyncio.sleep(0.1)
        os.kill(second, signal.SIGCONT)
        await asyncio.gather(*tasks[-2:])
        os.kill(first, signal.SIGCONT)
        await asyncio.gather(*tasks)
        return [name for batch in new.sent for name in batch]

    async def alone(engine):
        return await asyncio.gather(*(engine.speak(u) for u in utterances))

    expected = voice(alone)
    shared, outlived, sent, sent_to_new, before, after, apart = talk(
        vits.model_copy(update={"devices": ("cpu", "cpu"), "batch": 4}), both
    )
    for clips in (shared, outlived):
        assert all(np.array_equal(a.samples, b.samples) for a, b in zip(expected, clips, strict=True))
    for batches in sent:  # each process had a good part of the work, by voices
        assert sum(map(len, batches)) >= 10 and all(len(set(batch)) == 1 for batch in batches)
    assert before[0] in after and before[1] not in after and len(after) == 2 and sent_to_new
    assert apart[:5] == ["p226"] * 3 + ["p228"] * 2, apart


@real
def test_what_nobody_waits_for_any_more_holds_nothing_up(voice):
    async def work(engine):
        await engine.speak(utterance())
        (one,) = engine._processes
        os.kill(one.process.pid, signal.SIGSTOP)  # whatever is asked for now has to wait
        first = [asyncio.ensure_future(engine.speak(utterance(seed=n))) for n in range(6)]
        await asyncio.sleep(0.1)
        voices = [speaker(f"voice-{n}", speaker="p226") for n in range(9)]
        given_up = [asyncio.ensure_future(engine.speak(utterance(who=who))) for who in voices]
        wanted = asyncio.ensure_future(engine.speak(utterance(who=speaker("p227"))))
        await asyncio.sleep(0.1)
        for task in given_up:
            task.cancel()
        await asyncio.sleep(0)
        os.kill(one.process.pid, signal.SIGCONT)
        await asyncio.gather(*first)
        return await asyncio.wait_for(wanted, 60)

    assert voice(work).duration_s > 0.3


def test_a_process_that_dies_while_it_loads_ends_the_run():
    async def work(engine):
        task = asyncio.ensure_future(engine.speak(utterance()))
        await asyncio.sleep(0)
        os.kill(engine._processes[1].process.pid, signal.SIGKILL)
        return await asyncio.gather(task, return_exceptions=True)

    (error,) = talk(CoquiSettings(model_path="/absent", devices=("cpu", "cpu"), licence="MIT"), work)
    assert isinstance(error, EngineDown) and "enough memory" in str(error)


@real
def test_a_hanging_process_is_ended_and_replaced(voice, vits):
    async def work(engine):
        await engine.speak(utterance())
        os.kill(engine._processes[0].process.pid, signal.SIGSTOP)
        engine._settings = vits.model_copy(update={"timeout_s": 1})
        with pytest.raises(EngineFault) as error:
            await engine.speak(utterance())
        engine._settings = vits
        await engine.speak(utterance())
        return error.value.fault

    assert voice(work) == "timeout"


@real
def test_a_model_that_does_not_load_ends_the_run(vits, tmp_path):
    (tmp_path / "model.pth").write_bytes(b"no checkpoint")
    config = os.path.join(os.path.dirname(vits.model_path), "config.json")  # noqa: PTH118, PTH120
    broken = CoquiSettings(
        model_path=str(tmp_path / "model.pth"), config_path=config, licence="CC0-1.0", devices=("cpu",)
    )

    async def work(engine):
        return await asyncio.gather(*(engine.speak(utterance()) for _ in range(3)), return_exceptions=True)

    errors = talk(broken, work)
    assert {type(e) for e in errors} == {EngineDown} and "cannot be loaded on cpu" in str(errors[0])


# --- a shrunken XTTS that imitates


@pytest.fixture(scope="module")
def xtts(tmp_path_factory) -> CoquiSettings:
    from medsynth.voice.coqui_compat import prepare

    prepare()
    from tests.voice.coqui_models import make_xtts

    folder = tmp_path_factory.mktemp("xtts")
    make_xtts(folder)
    return CoquiSettings(model_path=str(folder), accept_licence=True, devices=("cpu",), threads=1)


def reference(path, pitch: float) -> str:
    import soundfile

    t = np.arange(4 * 22050) / 22050
    wave = sum(np.sin(2 * np.pi * k * pitch * t) / k for k in range(1, 9)) * (
        0.5 + 0.5 * np.sin(2 * np.pi * 3 * t)
    )
    soundfile.write(path, 0.2 * wave, 22050)
    return str(path)


@real
@pytest.mark.slow
def test_xtts_imitates_a_clip(xtts, tmp_path):
    one = speaker("one", reference=reference(tmp_path / "one.flac", 110), transcript="a")
    two = speaker("two", reference=reference(tmp_path / "two.flac", 220), transcript="b")

    async def work(engine):
        wanted = [
            utterance(who=one),
            utterance(who=two),
            utterance("ni hao.", one, 1, "zh"),
            utterance(who=one),
        ]
        clips = await asyncio.gather(*(engine.speak(u) for u in wanted))
        with pytest.raises(VoiceError, match="does not speak fr"):
            await engine.speak(utterance(who=one, lang="fr"))
        return clips

    first, other, chinese, again = talk(xtts, work)
    assert first.sample_rate == 24000 and first.duration_s > 0.05 and chinese.duration_s > 0.05
    assert np.array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples[: len(other.samples)], other.samples[: len(first.samples)])


@real
@pytest.mark.slow
def test_a_voice_is_computed_once_in_each_process(xtts, tmp_path, monkeypatch):
    notes = tmp_path / "notes"
    monkeypatch.setenv("NOTES", str(notes))
    monkeypatch.setattr("medsynth.voice.coqui.main", noting_main)
    people = [
        speaker(name, reference=reference(tmp_path / f"{name}.flac", pitch), transcript="a")
        for name, pitch in (("one", 110), ("two", 220), ("three", 150))
    ]
    utterances = [utterance("Heel hurts.", people[n % 3], seed=n) for n in range(18)]

    async def work(engine):
        await engine.speak(utterances[0])
        await watched(engine)
        await asyncio.gather(*(engine.speak(u) for u in utterances))
        return {one.process.pid for one in engine._processes}

    pids = talk(xtts.model_copy(update={"devices": ("cpu", "cpu"), "batch": 3}), work)
    computed = Counter(tuple(json.loads(line)) for line in notes.read_text().splitlines())
    assert {pid for pid, _ in computed} == pids and {name for _, name in computed} == {"one", "two", "three"}
    assert set(computed.values()) == {1}, computed


@real
@pytest.mark.slow
def test_xtts_never_cuts_in_silence(xtts, tmp_path):
    one = speaker("one", reference=reference(tmp_path / "one.flac", 110), transcript="a")
    endless = xtts.model_copy(update={"options": {"min_new_tokens": 10_000}})

    async def work(engine):
        try:
            return await engine.speak(utterance(who=one))
        except VoiceError as error:
            return str(error)

    told = talk(endless, work)
    assert isinstance(told, str) and "to its limit" in told

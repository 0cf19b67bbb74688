"""The openai voice engine against a real server on loopback that fails in every way it may."""

from __future__ import annotations

import asyncio
import logging
import socket
import time

import numpy as np
import pytest

from medsynth.errors import UserError
from medsynth.llm.base import EngineDown
from medsynth.llm.retries import Patience
from medsynth.llm.wire import Failed
from medsynth.records import Speaker
from medsynth.voice.bank import load_bank
from medsynth.voice.engine import EngineFault, Utterance, VoiceError, open_engine
from medsynth.voice.openai_voice import OpenAIVoice
from medsynth.voice.settings import EngineSettings, SpeechServerSettings
from medsynth.voice.speech_wire import clip_of
from tests.voice.speech_server import Server, speech_server

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

BANK = {s.id: s for s in load_bank()}
ESPEAK = BANK["espeak-en-US-f-child-01"]
SPEAKER = ESPEAK.model_copy(update={"id": "remote-1", "engine": "openai", "handle": {"voice": ESPEAK.id}})
# As patient as by default, but faster.
HASTY = Patience(base_s=0.005, start_s=3600, lost_s=3600, fault_s=3600, refused=10**6)


@pytest.fixture(scope="module")
def server():
    with speech_server(workers=2) as running:
        yield running


def settings(server: Server | str, **more) -> SpeechServerSettings:
    url = server if isinstance(server, str) else server.base_url
    return SpeechServerSettings(
        **{"base_url": url, "model": "any", "licence": "CC0-1.0", "timeout_s": 20} | more
    )


def utterance(text: str = "My heel hurts.", speaker: Speaker = SPEAKER, seed: int = 5) -> Utterance:
    return Utterance(text, "en", speaker, seed)


def talk(server, work, patience=HASTY, **more):
    async def main():
        engine = OpenAIVoice(settings(server, **more), patience)
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(main())


@pytest.mark.parametrize("kind", ["wav", "flac", "pcm"])
def test_the_clip_is_what_the_server_says(server, kind):
    server.plan()
    engine = open_engine("espeak")
    try:
        said = engine.synthesize("My heel hurts.", "en", ESPEAK, 5)
    finally:
        engine.close()
    clip = talk(server, lambda e: e.speak(utterance()), response_format=kind)
    assert abs(clip.duration_s - said.duration_s) < 0.01
    if kind == "pcm":
        assert clip.sample_rate == 24000
    else:
        assert clip.sample_rate == said.sample_rate and np.array_equal(clip.samples, said.samples)


def test_voice_seed_and_options_reach_the_server(server):
    server.plan()
    speaker = SPEAKER.model_copy(update={"handle": {"voice": ESPEAK.id, "speed": 1.25, "model": "own"}})
    talk(
        server,
        lambda e: e.speak(utterance("Options.", speaker, 2**40 + 7)),
        options={"speed": 0.5, "instructions": "weakly"},
    )
    (entry,) = server.log()
    assert entry["body"] == {
        "model": "own", "response_format": "wav", "speed": 1.25, "instructions": "weakly", "voice": ESPEAK.id,
        "input": "Options.", "seed": (2**40 + 7) % 2**31,
    }  # fmt: skip


PASSING = ["429", "500", "502", "503", "408", "drop", "reset", "reset:chunked", "cut", "empty", "no_samples", "html",
           "error_200", "mp3", "mp3:mute", "flac", "ogg", "not_numbers"]  # fmt: skip


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_asked_again_and_never_taken(server, fault):
    server.plan(fault, fault, None)
    text = f"Fault {PASSING.index(fault)}."
    clip = talk(server, lambda e: e.speak(utterance(text)))
    assert server.faults() == [fault, fault, None]
    server.plan()
    assert np.array_equal(clip.samples, talk(server, lambda e: e.speak(utterance(text))).samples)


@pytest.mark.parametrize("fault", ["cut", "wav", "ogg", "empty"])
def test_cut_and_foreign_flac_is_never_taken(server, fault):
    server.plan(fault, None)
    clip = talk(server, lambda e: e.speak(utterance("Flac.")), response_format="flac")
    assert server.faults() == [fault, None] and clip.duration_s > 0.4


@pytest.mark.parametrize("fault", ["wav", "flac", "mp3", "ogg", "html"])
def test_foreign_bodies_are_no_pcm(server, fault):
    server.plan(fault, None)
    clip = talk(server, lambda e: e.speak(utterance("Raw.")), response_format="pcm")
    assert 0.2 < clip.duration_s < 3
    assert server.faults() == [fault, None]


@pytest.mark.parametrize("fault", ["stereo", "open_size", "zero_size"])
def test_odd_files_that_are_whole_are_taken(server, fault):
    server.plan(None, fault)

    async def twice(engine):
        return await engine.speak(utterance("Odd.")), await engine.speak(utterance("Odd."))

    plain, odd = talk(server, twice)
    assert np.allclose(plain.samples, odd.samples, atol=1e-4) and server.faults() == [None, fault]


def test_another_rate_than_asked_for_is_a_fault(server):
    server.plan("other_rate", None)
    assert talk(server, lambda e: e.speak(utterance()), sample_rate=22050).sample_rate == 22050
    assert server.faults() == ["other_rate", None]


@pytest.mark.parametrize(
    "more, told", [({"sample_rate": 24000}, "22050 Hz, not 24000"), ({}, "mp3, not wav")]
)
def test_a_server_that_never_sends_what_is_asked_for_ends_the_run(server, more, told):
    server.rates({} if more else {"mp3": 1.0})
    with pytest.raises(EngineDown, match=f"never sends what it is asked for: the server sent .*{told}"):
        talk(server, lambda e: e.speak(utterance()), Patience(base_s=0.005, refused=6), **more, retries=1)
    assert len(server.log()) < 15

    server.plan(None, "mp3", "mp3", None)

    async def twice(engine):
        await engine.speak(utterance())
        with pytest.raises(EngineFault, match="mp3, not wav"):
            await engine.speak(utterance("Now and then."))

    if not more:
        talk(server, twice, Patience(base_s=0.005, refused=6), retries=1)


def test_silence_is_asked_for_again_with_another_seed_then_told(server):
    server.plan("silence", None)
    talk(server, lambda e: e.speak(utterance()))
    first, second = (entry["body"]["seed"] for entry in server.log())
    assert first == 5 and second != 5
    server.plan(*["silence"] * 9)
    with pytest.raises(EngineFault, match="silence"):
        talk(server, lambda e: e.speak(utterance()))
    assert len(server.log()) == 3 and len({e["body"]["seed"] for e in server.log()}) == 3


@pytest.mark.parametrize("fault, told", [("429", "rate_limit"), ("500", "server"), ("reset", "connection"),
                                         ("cut", "malformed"), ("mp3", "malformed")])  # fmt: skip
def test_what_does_not_pass_is_told_after_every_retry(server, fault, told):
    server.plan(None, *[fault] * 4)

    async def work(engine):
        await engine.speak(utterance("Before."))
        with pytest.raises(EngineFault) as error:
            await engine.speak(utterance())
        return error

    error = talk(server, work, retries=3)
    assert error.value.fault == told and "\n" not in str(error.value)
    assert server.faults()[1:5] == [fault] * 4


@pytest.mark.parametrize("fault", ["hang", "stall"])
def test_the_time_limit_covers_the_whole_clip(server, fault):
    server.plan(fault, None)
    began = time.monotonic()
    clip = talk(server, lambda e: e.speak(utterance()), timeout_s=1.0)
    assert clip.duration_s > 0.4 and server.faults() == [fault, None] and time.monotonic() - began < 15


def test_a_refused_seed_is_left_out_from_then_on(server):
    server.plan("400:seed")

    async def twice(engine):
        await engine.speak(utterance())
        await engine.speak(utterance("Again."))

    talk(server, twice)
    assert ["seed" in entry["body"] for entry in server.log()] == [True, False, False]


@pytest.mark.parametrize("status", ["404:voice", "400:voice", "422"])
def test_a_voice_that_is_not_there_fails_its_own_utterance(server, status):
    server.plan(status)

    async def work(engine):
        with pytest.raises(EngineFault) as error:
            await engine.speak(utterance())
        await engine.speak(utterance())
        return error.value

    assert talk(server, work).fault == "rejected" and len(server.log()) == 2


def test_a_speaker_of_another_engine_is_told(server):
    for speaker in (ESPEAK, SPEAKER.model_copy(update={"handle": {}})):
        with pytest.raises(VoiceError, match=speaker.id):
            talk(server, lambda e, who=speaker: e.speak(utterance(speaker=who)))


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def test_nobody_there_a_wrong_path_and_no_address(server):
    patience = Patience(base_s=0.02, cap_s=0.05, start_s=0.3)
    with pytest.raises(EngineDown, match=r"voice\.openai: no server answers at http://127.*--base-url"):
        talk(f"http://127.0.0.1:{free_port()}/v1", lambda e: e.speak(utterance()), patience)
    with pytest.raises(EngineDown, match=r"there is no speech API at.*/v1"):
        talk(server.base_url.removesuffix("/v1"), lambda e: e.speak(utterance()))
    with pytest.raises(UserError, match="no address"):
        talk("localhost:80", lambda e: e.speak(utterance()))


def test_a_server_that_refuses_everything_ends_the_run(server):
    server.rates({"400": 1.0})

    async def work(engine):
        return await asyncio.gather(
            *(engine.speak(utterance(f"Number {i}.")) for i in range(60)), return_exceptions=True
        )

    results = talk(server, work, Patience(refused=12), concurrency=4)
    down = [r for r in results if isinstance(r, EngineDown)]
    assert len(down) > 40 and "refuses every request" in str(down[0]) and len(server.log()) < 20


def test_settings_without_a_server_or_a_model(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    for given, named in (({"model": "m"}, "base_url"), ({"base_url": "http://127.0.0.1:1/v1"}, "no model")):
        with pytest.raises(UserError, match=named):
            open_engine("openai", EngineSettings(openai=SpeechServerSettings(**given)))


def test_keys_come_from_the_environment_and_appear_nowhere(monkeypatch, caplog):
    key = "sk-very-secret-0123456789"
    caplog.set_level(logging.DEBUG)
    with speech_server(key="sk-the-right-one") as locked:
        monkeypatch.delenv("TEST_KEY", raising=False)
        with pytest.raises(EngineDown, match=r"wants a key.*set TEST_KEY"):
            talk(locked, lambda e: e.speak(utterance()), api_key_env="TEST_KEY")
        monkeypatch.setenv("TEST_KEY", key)
        with pytest.raises(EngineDown, match="refuses the key in TEST_KEY") as down:
            talk(locked, lambda e: e.speak(utterance()), api_key_env="TEST_KEY")
        shown = [str(down.value), caplog.text, repr(OpenAIVoice(settings(locked, api_key_env="TEST_KEY")))]
        assert not any(key in text for text in shown)
        monkeypatch.setenv("TEST_KEY", "sk-the-right-one")
        assert talk(locked, lambda e: e.speak(utterance()), api_key_env="TEST_KEY").duration_s > 0.4


def test_a_storm_of_faults_costs_no_clip(server):
    faults = {"429": 0.1, "500": 0.05, "reset": 0.05, "drop": 0.05, "cut": 0.05, "mp3": 0.05, "silence": 0.02}
    server.rates(faults)
    texts = [f"Number {i} hurts." for i in range(120)]

    async def work(engine):
        clips = await asyncio.gather(*(engine.speak(utterance(text)) for text in texts))
        return clips, engine.limit, engine.retried

    clips, limit, retried = talk(server, work, concurrency=12, retries=20)
    seen = server.log()
    assert len(clips) == 120 and sum(retried.values()) == len(seen) - 120 > 25
    assert limit.in_flight == 0
    server.plan()
    for i in range(0, 120, 17):
        if not any(e["fault"] == "silence" and e["body"]["input"] == texts[i] for e in seen):
            plain = talk(server, lambda e, text=texts[i]: e.speak(utterance(text)))
            assert np.array_equal(plain.samples, clips[i].samples)


def test_no_more_in_flight_than_allowed():
    async def work(engine):
        await asyncio.gather(*(engine.speak(utterance(f"Number {i}.")) for i in range(40)))

    with speech_server() as fresh:
        fresh.plan(delay_s=0.05)
        talk(fresh, work, concurrency=5)
        assert max(entry["busy"] for entry in fresh.log()) == 5


def test_one_by_one(server):
    server.plan("500", None)
    engine = open_engine("openai", EngineSettings(openai=settings(server)))
    try:
        first = engine.synthesize("My heel hurts.", "en", SPEAKER, 5)
        assert np.array_equal(engine.synthesize("My heel hurts.", "en", SPEAKER, 5).samples, first.samples)
    finally:
        engine.close()
        engine.close()


def test_lists(server):
    async def work(engine):
        return await engine.models(), await engine.voices()

    models, voices = talk(server, work)
    assert models == ["espeak"] and {v["name"] for v in voices} == set(BANK)


def test_every_cut_of_a_flac_or_wav_is_noticed(server):
    import io

    import soundfile

    t = np.arange(22050) / 22050
    samples = (0.3 * np.sin(2 * np.pi * 220 * t)).astype(np.float32)
    for kind in ("wav", "flac"):
        buffer = io.BytesIO()
        soundfile.write(buffer, samples, 22050, format=kind.upper(), subtype="PCM_16")
        data = buffer.getvalue()
        given = settings(server, response_format=kind)
        assert clip_of(data, f"audio/{kind}", given).duration_s == 1.0
        for end in [*range(1, 200, 3), *range(200, len(data), max(1, len(data) // 100)), len(data) - 1]:
            with pytest.raises(Failed):
                clip_of(data[:end], f"audio/{kind}", given)

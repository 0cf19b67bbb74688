"""`medsynth serve-voice`, asked over HTTP by nothing of ours."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from medsynth.errors import UserError
from medsynth.voice.bank import load_bank
from medsynth.voice.engine import open_engine, open_speech_engine
from medsynth.voice.server import MAX_INPUT, SpeechService
from tests.voice.speech_server import ROOT, speech_server

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

BANK = {s.id: s for s in load_bank()}
WOMAN = "espeak-en-US-f-child-01"


@pytest.fixture(scope="module")
def server():
    with speech_server(workers=2) as running:
        yield running


def ask(server, path="/audio/speech", body=None, headers=None, raw=None):
    """Return status, headers and body."""
    data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(
        server.base_url + path, data, {"Content-Type": "application/json", **(headers or {})}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_what_is_served_is_what_the_engine_says(server):
    engine = open_engine("espeak")
    try:
        said = engine.synthesize("My heel hurts.", "en", BANK[WOMAN], 5)
    finally:
        engine.close()
    for kind in ("wav", "flac"):
        body = {"input": "My heel hurts.", "voice": WOMAN, "response_format": kind, "seed": 5, "model": "any"}
        status, headers, data = ask(server, body=body)
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
        assert (status, headers["Content-Type"], rate) == (200, f"audio/{kind}", said.sample_rate)
        assert np.array_equal(samples, said.samples)


@pytest.mark.parametrize(
    "kind, content_type", [("mp3", "audio/mpeg"), ("opus", "audio/ogg"), (None, "audio/mpeg")]
)
def test_compressed_formats(server, kind, content_type):
    body = {"input": "My heel hurts.", "voice": WOMAN}
    status, headers, data = ask(server, body=body | ({"response_format": kind} if kind else {}))
    samples, rate = soundfile.read(io.BytesIO(data))
    assert status == 200 and headers["Content-Type"] == content_type
    assert 0.5 < len(samples) / rate < 3 and np.abs(samples).max() > 0.05


def test_pcm_is_24_khz(server):
    body = {"input": "My heel hurts.", "voice": WOMAN}
    wav, rate = soundfile.read(io.BytesIO(ask(server, body=body | {"response_format": "wav"})[2]))
    status, headers, data = ask(server, body=body | {"response_format": "pcm"})
    assert status == 200 and headers["Content-Type"] == "audio/pcm;rate=24000;channels=1"
    assert len(data) / 2 / 24000 == pytest.approx(len(wav) / rate, abs=0.01)


@pytest.mark.parametrize("voice, text, kind", [
    ("female-elderly", "My heel hurts.", ("en", "female", "elderly")),
    ("male,child", "我脚后跟疼。", ("zh", "male", "child")),
    ("en-GB-scotland", "My heel hurts.", ("en", None, None)),
])  # fmt: skip
def test_a_profile_names_a_voice(server, voice, text, kind):
    asked = {"input": text, "voice": voice, "response_format": "wav"}
    _, headers, data = ask(server, body=asked)
    speaker = BANK[headers["X-Speaker"]]
    assert all(
        want in (None, is_)
        for want, is_ in zip(kind, (speaker.lang, speaker.gender, speaker.age_group), strict=True)
    )
    assert data == ask(server, body=asked)[2]


def test_speed(server):
    def seconds(speed):
        body = {
            "input": "My heel hurts when I get up.",
            "voice": WOMAN,
            "response_format": "wav",
            "speed": speed,
        }
        return soundfile.info(io.BytesIO(ask(server, body=body)[2])).duration

    assert seconds(0.7) > 1.15 * seconds(1) > 1.15 * 1.15 * seconds(1.5)


@pytest.mark.parametrize("body, named", [
    ({"voice": WOMAN}, "input"),
    ({"input": "  ", "voice": WOMAN}, "input"),
    ({"input": "x" * (MAX_INPUT + 1), "voice": WOMAN}, "input"),
    ({"input": "Hello."}, "voice"),
    ({"input": "Hello.", "voice": "nobody"}, "voice"),
    ({"input": "Hello.", "voice": "female", "language": "fr"}, "voice"),
    ({"input": "Hello.", "voice": WOMAN, "response_format": "aac"}, "response_format"),
    ({"input": "Hello.", "voice": WOMAN, "speed": 9}, "speed"),
    ({"input": "Hello.", "voice": WOMAN, "speed": "fast"}, "speed"),
    ({"input": "Hello.", "voice": WOMAN, "seed": "x"}, "seed"),
])  # fmt: skip
def test_what_cannot_be_said_is_refused_by_name(server, body, named):
    status, _, data = ask(server, body=body)
    error = json.loads(data)["error"]
    assert (status, error["param"], error["type"]) == (400, named, "invalid_request_error")
    assert len(error["message"]) < 300


@pytest.mark.parametrize("raw, content_type, status", [
    (b"{", "application/json", 400),
    (b"[]", "application/json", 400),
    (b'{"input": "Hello."}', "text/plain", 415),
    (b"x" * 2**21, "application/json", 413),
])  # fmt: skip
def test_odd_bodies(server, raw, content_type, status):
    told, _, data = ask(server, raw=raw, headers={"Content-Type": content_type})
    assert told == status and json.loads(data)["error"]["message"]


PLAIN = """
from medsynth.voice.bank import load_bank
from medsynth.voice.engine import open_speech_engine
from medsynth.voice.server import SpeechService, serve
serve(SpeechService(open_speech_engine("espeak"), load_bank()), port=0, ready=lambda url: print(url, flush=True))
"""


def test_lists(server):
    voices = json.loads(ask(server, "/audio/voices")[2])["voices"]
    assert {v["name"] for v in voices} == set(BANK)
    one = next(v for v in voices if v["name"] == WOMAN)
    assert (one["gender"], one["age_group"], one["lang"], one["consent"]) == (
        "female",
        "child",
        "en",
        "synthetic",
    )
    assert "handle" not in one
    assert json.loads(ask(server, "/models")[2])["data"][0]["id"] == "espeak"
    assert ask(server, "/nothing")[0] == 404
    with urllib.request.urlopen(server.base_url.removesuffix("/v1") + "/health") as answer:
        assert json.load(answer)["status"] == "ok"


def test_many_at_once_say_what_each_would_alone(server):
    texts = [f"Number {i} hurts." for i in range(40)]

    def say(text):
        return ask(server, body={"input": text, "voice": WOMAN, "response_format": "wav"})[2]

    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(say, texts))
    assert together[::7] == [say(text) for text in texts[::7]]
    assert len({len(data) for data in together}) > 3


def test_a_key_is_asked_for_where_there_is_one():
    with speech_server(key="sk-right") as server:
        body = {"input": "Hello.", "voice": WOMAN}
        assert ask(server, body=body)[0] == 401
        assert ask(server, body=body, headers={"Authorization": "Bearer sk-wrong"})[0] == 401
        assert ask(server, body=body, headers={"Authorization": "Bearer sk-right"})[0] == 200


def test_a_port_that_is_taken_and_a_bank_without_voices(server):
    port = server.base_url.rsplit(":")[-1].removesuffix("/v1")
    code = PLAIN.replace("port=0", f"port={port}")
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "cannot listen on 127.0.0.1" in result.stderr.splitlines()[-1]
    engine = open_speech_engine("espeak")
    with pytest.raises(UserError, match="no voice for the engine espeak"):
        SpeechService(engine, [])

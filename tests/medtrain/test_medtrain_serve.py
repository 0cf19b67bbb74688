"""`medtrain serve`: a real server process, spoken to by the openai client, by raw requests and by our own pipeline."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
import soundfile
import torch
from conftest import sound

from medtrain.decoding import Decoding, Reply
from medtrain.desk import Desk, Failed, Full
from medtrain.notice import NOTICE
from medtrain.parts import load_model
from medtrain.talk import Asked, Prompt, Talker

ROOT = Path(__file__).parents[2]
KEY = "a key of the tests"
PAIN = {"role": "user", "content": "I have had a dull pain since Monday."}


def started(*arguments: object) -> tuple[subprocess.Popen[str], str]:
    """Start a server and return its process and base URL, once it takes connections."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "SERVE_KEY": KEY}
    command = [sys.executable, "-m", "medtrain", "serve", *map(str, arguments), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    assert server.stdout
    notice, line = server.stdout.readline(), server.stdout.readline()
    if notice.strip() != NOTICE:
        server.kill()
        pytest.fail(notice + line + server.stdout.read())
    return server, line.split()[0]


@pytest.fixture(scope="module")
def url(fitted) -> Iterator[str]:
    server, base = started(fitted, "--max-new-tokens", 24, "--max-body-mb", 2)
    yield base
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0


@pytest.fixture(scope="module")
def client(url) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def talker(fitted) -> Talker:
    return Talker.load(fitted / "speech/model", "cpu")


def wav(samples: np.ndarray, rate: int = 16000, kind: str = "WAV") -> str:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=kind, subtype="PCM_16")
    return base64.b64encode(out.getvalue()).decode()


def spoken(data: str, kind: str = "wav") -> dict[str, Any]:
    return {
        "role": "user",
        "content": [{"type": "input_audio", "input_audio": {"data": data, "format": kind}}],
    }


def ask(client: openai.OpenAI, *messages: Any, **options: Any) -> Any:
    return client.chat.completions.create(model="small", messages=list(messages), **options)


def post(url: str, body: object, headers: dict[str, str] | None = None) -> tuple[int, dict, dict]:
    """Return status, body and headers of a raw request."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | (headers or {})
    request = urllib.request.Request(url + "/chat/completions", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), dict(error.headers)


def health(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url.removesuffix("/v1") + "/health", timeout=30) as answer:
        return json.load(answer)


def test_it_lists_its_model_and_says_what_it_is_not(client, url):
    (model,) = client.models.list().data
    assert model.id == "small"
    assert model.model_dump()["notice"] == NOTICE
    assert model.model_dump()["max_model_len"] == 4096
    assert client.models.retrieve("small").id == "small"
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.models.retrieve("other")
    status, _, headers = post(url, {"model": "small", "messages": [PAIN], "max_tokens": 2})
    assert (status, headers["X-Notice"]) == (200, NOTICE)
    assert health(url)["status"] == "ok"


def test_a_typed_consultation_is_what_the_model_says(client, talker):
    messages = [PAIN, {"role": "assistant", "content": "How long?"}, {"role": "user", "content": "三天了"}]
    turns = [("patient", PAIN["content"]), ("doctor", "How long?"), ("patient", "三天了")]
    expected = talker.reply(turns, 24)
    said = ask(client, *messages, temperature=0)
    assert said.choices[0].message.content == expected.text
    assert said.choices[0].message.role == "assistant"
    assert said.choices[0].finish_reason == ("stop" if expected.ended else "length")
    assert said.usage.prompt_tokens == len(talker.prompt(turns).ids)
    assert said.usage.completion_tokens == expected.tokens + (expected.finish == "end")
    assert said.usage.total_tokens == said.usage.prompt_tokens + said.usage.completion_tokens


def test_a_stream_is_the_same_reply_in_pieces(client):
    how = {"temperature": 1.5, "seed": 3, "max_tokens": 15}
    whole = ask(client, PAIN, **how)
    chunks = list(ask(client, PAIN, **how, stream=True, stream_options={"include_usage": True}))
    *told, last = chunks
    pieces = [c.choices[0].delta.content for c in told]
    assert "".join(piece or "" for piece in pieces) == whole.choices[0].message.content
    assert len([piece for piece in pieces if piece]) > 3
    assert [c.choices[0].finish_reason for c in told] == [None] * (len(told) - 1) + [
        whole.choices[0].finish_reason
    ]
    assert told[0].choices[0].delta.role == "assistant"
    assert (last.choices, last.usage) == ([], whole.usage)
    assert len({c.id for c in chunks}) == 1
    assert all(c.usage is None for c in ask(client, PAIN, **how, stream=True))


def test_several_spoken_turns_are_heard(client, talker):
    """A 44.1 kHz stereo wav, then words and a flac in one message; the transcripts are never sent."""
    first = np.stack([0.3 * np.sin(np.arange(44100) * 0.05)] * 2, 1)
    second = sound(5, 0.8)
    part = spoken(wav(second, kind="FLAC"), "flac")["content"][0]
    words = [{"type": "text", "text": "And here:"}, {"type": "text", "text": "listen."}]
    messages = [
        {"role": "system", "content": "You are a doctor."},
        {"role": "developer", "content": "Be brief."},
        spoken(wav(first, 44100)),
        {"role": "assistant", "content": "Where?"},
        {"role": "user", "content": [*words, part]},
    ]
    turns = [
        ("system", "You are a doctor.\n\nBe brief."),
        ("patient", base64.b64decode(wav(first, 44100))),
        ("doctor", "Where?"),
        ("patient", ("And here:\nlisten.", base64.b64decode(part["input_audio"]["data"]))),
    ]
    prompt = talker.prompt(turns)
    said = ask(client, *messages, temperature=0)
    assert said.choices[0].message.content == talker.reply(turns, 24).text
    assert said.usage.prompt_tokens_details.audio_tokens == prompt.audio_tokens == 10 + 8
    assert said.usage.prompt_tokens == len(prompt.ids)


def test_seed_stop_and_length(client):
    def text(**how: Any) -> str:
        return ask(client, PAIN, max_completion_tokens=30, **how).choices[0].message.content

    assert text(seed=7, temperature=2) == text(seed=7, temperature=2)
    assert len({text(seed=seed, temperature=2) for seed in range(4)}) > 1
    assert len({text(temperature=2) for _ in range(4)}) > 1
    assert text(top_p=0.000001) == text(temperature=0)
    whole = text(seed=7, temperature=2)
    word = whole[5:8]
    cut = ask(client, PAIN, max_completion_tokens=30, seed=7, temperature=2, stop=["never so", word])
    assert cut.choices[0].message.content == whole[: whole.find(word)]
    assert cut.choices[0].finish_reason == "stop"
    short = ask(client, PAIN, max_tokens=2, temperature=0)
    assert (short.choices[0].finish_reason, short.usage.completion_tokens) == ("length", 2)


def test_requests_at_once_get_their_own_replies(client):
    hows = [{"temperature": seed / 6, "seed": seed, "max_tokens": 4 + seed} for seed in range(12)]
    alone = [ask(client, PAIN, **how) for how in hows]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(lambda how: ask(client, PAIN, **how), hows))
    assert [(r.choices[0].message.content, r.usage) for r in together] == [
        (r.choices[0].message.content, r.usage) for r in alone
    ]


SILENT = wav(np.zeros(16000, np.float32))
LONG = wav(np.ones(31 * 8000, np.float32) * 0.1, 8000)
AUDIO = "messages[0].content[0]"
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "role": ({"messages": [{"role": "nurse", "content": "x"}]}, "messages[0].role", "'nurse'"),
    "no role": ({"messages": ["x"]}, "messages[0].role", "None"),
    "no messages": ({"messages": []}, "messages", "at least one"),
    "last": ({"messages": [PAIN, {"role": "assistant", "content": "x"}]}, "messages", "the user's"),
    "late system": ({"messages": [PAIN, {"role": "system", "content": "x"}]}, "messages[1].role", "before"),
    "empty": ({"messages": [{"role": "user", "content": "  "}]}, "messages[0].content", "empty"),
    "null": ({"messages": [{"role": "user", "content": None}]}, "messages[0].content", "text or a list"),
    "surrogate": ({"messages": [{"role": "user", "content": "\ud800"}]}, "messages[0].content", "surrogate"),
    "part": (
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        AUDIO + ".type",
        "image_url",
    ),
    "doctor's audio": (
        {"messages": [spoken(SILENT) | {"role": "assistant"}, PAIN]},
        AUDIO,
        "only the user's",
    ),
    "base64": ({"messages": [spoken("no base64!")]}, AUDIO, "base64"),
    "no audio": ({"messages": [spoken(base64.b64encode(b"hello").decode())]}, AUDIO, "not decodable"),
    "format": ({"messages": [spoken(SILENT, "aiff")]}, AUDIO, "wav, flac, mp3"),
    "other format": ({"messages": [spoken(SILENT, "flac")]}, AUDIO, "holds WAV, not FLAC"),
    "silent": ({"messages": [spoken(SILENT)]}, AUDIO, "silent"),
    "long": ({"messages": [spoken(LONG)]}, AUDIO, "lasts 31.00 s; the speech encoder takes 0.1 to 30 s"),
    "temperature": ({"temperature": 3}, "temperature", "from 0 to 2"),
    "hot": ({"temperature": "hot"}, "temperature", "a number"),
    "no number": ({"top_p": float("nan")}, "top_p", "from 0 to 1"),
    "max_tokens": ({"max_tokens": 0}, "max_tokens", "at least 1"),
    "half a token": ({"max_completion_tokens": 1.5}, "max_completion_tokens", "whole number"),
    "seed": ({"seed": 2**64}, "seed", "whole number"),
    "stop": ({"stop": [""]}, "stop", "up to 4"),
    "stream": ({"stream": "yes"}, "stream", "true or false"),
    "n": ({"n": 2}, "n", "not supported"),
    "tools": ({"tools": [{"type": "function"}]}, "tools", "not supported"),
    "schema": ({"response_format": {"type": "json_object"}}, "response_format", "not supported"),
    "model": ({"model": 3}, "model", "name of a model"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_told(url, name):
    change, param, words = BAD[name]
    status, body, headers = post(url, {"model": "small", "messages": [PAIN]} | change)
    assert status == 400, body
    assert words in body["error"]["message"]
    assert (body["error"]["param"], body["error"]["type"]) == (param, "invalid_request_error")
    assert headers["X-Notice"] == NOTICE


def test_other_errors_have_their_own_status(client, url):
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="other", messages=[PAIN])
    assert missing.value.code == "model_not_found"
    assert "small" in missing.value.message
    with pytest.raises(
        openai.BadRequestError, match=r"context length.* 4096 tokens.* are \d{4,} tokens"
    ) as long:
        ask(client, PAIN | {"content": "pain " * 5000})
    assert long.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError, match="max_tokens asks for 4090"):
        ask(client, PAIN, max_tokens=4090)
    status, body, _ = post(url, {"model": "small", "messages": [spoken("A" * 3 * 2**20)]})
    assert (status, body["error"]["message"]) == (413, "the body is larger than 2097152 bytes")
    assert post(url, b"{")[0] == post(url, b"[1]")[0] == post(url, b"\xff")[0] == 400
    assert post(url, b"[" * 100_000)[0] == 400
    assert post(url, b"model=small", {"Content-Type": "application/x-www-form-urlencoded"})[0] == 415
    assert post(url + "/no", {})[0] == 404
    with pytest.raises(urllib.error.HTTPError) as wrong:
        urllib.request.urlopen(url + "/chat/completions", timeout=30)
    assert wrong.value.code == 405
    assert json.load(wrong.value)["error"]["type"] == "invalid_request_error"


@pytest.fixture(scope="module")
def endless(fitted, tmp_path_factory) -> Iterator[str]:
    """A server whose model forgot how to end a reply. It asks for a key."""
    loaded = load_model(fitted / "speech/model")
    with torch.no_grad():
        loaded.model.get_input_embeddings().weight[loaded.template.end_ids] = 0  # tied: its logit is 0
    folder = tmp_path_factory.mktemp("endless")
    loaded.save(folder)
    server, address = started(folder, "--api-key-env", "SERVE_KEY", "--name", "doctor", "--batch", 4)
    yield address
    server.send_signal(signal.SIGINT)
    assert server.wait(20) == 0


def test_a_key_is_asked_for(endless):
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=endless, api_key="wrong", max_retries=0).models.list()
    (model,) = openai.OpenAI(base_url=endless, api_key=KEY).models.list().data
    assert model.id == "doctor"
    assert health(endless)["status"] == "ok"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_stops_its_reply(endless, stream):
    """A long reply that nobody waits for never ends: it is not among those answered, and the next is."""
    client = openai.OpenAI(base_url=endless, api_key=KEY, max_retries=0)
    before = health(endless)["answered"]
    how: dict[str, Any] = {"model": "doctor", "messages": [PAIN], "temperature": 0}
    if stream:
        chunks = client.chat.completions.create(**how, max_tokens=4000, stream=True)
        assert [next(chunks).choices[0].finish_reason for _ in range(3)] == [None] * 3
        chunks.close()
    else:
        with pytest.raises(openai.APITimeoutError):
            client.with_options(timeout=0.3).chat.completions.create(**how, max_tokens=4000)
    deadline = time.monotonic() + 30
    while health(endless)["answering"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (health(endless)["answering"], health(endless)["waiting"]) == (0, 0)
    assert client.chat.completions.create(**how, max_tokens=2).usage.completion_tokens == 2
    assert health(endless)["answered"] == before + 1


def test_our_own_pipeline_can_speak_with_it(endless):
    code = "from medsynth.cli import main; main()"
    made = subprocess.run(
        [sys.executable, "-c", code, "check-engine", "--base-url", endless, "--api-key-env", "SERVE_KEY"],
        cwd=ROOT,
        env=os.environ | {"SERVE_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    told = dict(line.split(maxsplit=1) for line in made.stdout.splitlines())
    assert told["model"].startswith("doctor, context 4096 tokens")
    assert told["cut"] == "replies  told by finish_reason"
    assert told["seed"].startswith("honoured")
    assert told["tokens"].startswith("counted")
    assert "problem" not in told
    assert "FAILED" not in made.stdout


class Slow:
    """A talker that waits to be let on, or breaks."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.batches: list[int] = []

    def replies(self, asked: list[Asked]) -> list[Reply]:
        self.batches.append(len(asked))
        assert self.go.wait(20)
        if any(one.how.seed == 13 for one in asked):
            raise RuntimeError("broken")
        made = [Reply("x", 1, "end", 0.1, 0.2) for _ in asked]
        for one, reply in zip(asked, made, strict=True):
            one.listener.done(reply)
        return made


def test_the_desk_answers_in_batches_and_turns_the_last_away():
    async def visit() -> None:
        slow, prompt = Slow(), Prompt([1], (np.zeros(3),), 1)
        desk = Desk(slow, batch=2, most=3)  # type: ignore[arg-type]
        how = Decoding(2)
        first = asyncio.create_task(desk.ask(prompt, how))
        while not slow.batches:
            await asyncio.sleep(0.01)
        others = [asyncio.create_task(desk.ask(prompt, Decoding(2, seed=s))) for s in (1, 13, 2)]
        await asyncio.sleep(0.05)
        assert (desk.answering, desk.waiting) == (1, 3)
        with pytest.raises(Full):
            await desk.ask(prompt, how)
        others[0].cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await others[0]
        assert desk.waiting == 2
        slow.go.set()
        assert (await first).text == "x"
        found = await asyncio.gather(*others[1:], return_exceptions=True)
        assert [type(f) for f in found] == [Failed, Failed]
        assert (await desk.ask(prompt, how)).text == "x"
        assert slow.batches == [1, 2, 1]
        slow.go.clear()
        last = asyncio.create_task(desk.ask(prompt, how))
        while len(slow.batches) < 4:
            await asyncio.sleep(0.01)
        threading.Timer(0.1, slow.go.set).start()
        await asyncio.to_thread(desk.close)
        with pytest.raises(Failed, match="closing"):
            await last

    asyncio.run(visit())

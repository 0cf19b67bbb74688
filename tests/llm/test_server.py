"""The scripted server keeps its promises, or the tests that lean on it prove nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter

from tests.llm.schemas import conforms, instance
from tests.llm.server import ROOT, scripted_server

# A client that asks for ever, one question after another, until it is killed.
CLIENT = """
import itertools, json, sys, urllib.request
for number in itertools.count():
    body = {"model": "scripted", "messages": [{"role": "user", "content": f"number {number}"}]}
    request = urllib.request.Request(sys.argv[1] + "/chat/completions", json.dumps(body).encode())
    urllib.request.urlopen(request).read()
"""


def post(url: str, text: str, **more: object) -> tuple[int, str]:
    body = {"model": "scripted", "messages": [{"role": "user", "content": text}], **more}
    request = urllib.request.Request(url + "/chat/completions", json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())["choices"][0]["message"]["content"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_same_requests_meet_the_same_faults_in_every_run():
    runs = []
    for _ in range(2):
        with scripted_server(faults={"429": 0.2, "500": 0.1}, seed=4) as server:
            runs.append([post(server.base_url, f"n {i}")[0] for i in range(150) for _ in range(2)])
    assert runs[0] == runs[1]
    met = Counter(runs[0])
    assert 30 <= met[429] <= 90 and 12 <= met[500] <= 50  # 60 and 30 of 300 expected


def test_a_fault_passes_when_the_request_is_asked_again():
    with scripted_server(first=["503", None, "400"]) as server:
        for text in ("one", "two"):
            assert [post(server.base_url, text)[0] for _ in range(4)] == [503, 200, 400, 200]
        assert sorted(server.finished().values()) == [2, 2]
        assert [(r.nth, r.fault) for r in server.requests()[:3]] == [(0, "503"), (1, None), (2, "400")]


def test_the_log_outlives_a_client_that_is_killed():
    with scripted_server(latency_s=0.005) as server:
        client = subprocess.Popen([sys.executable, "-c", CLIENT, server.base_url], cwd=ROOT)
        deadline = time.monotonic() + 30
        while len(server.requests()) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        client.kill()
        client.wait()
        asked = server.requests()
        assert len(asked) >= 20 and set(server.finished().values()) == {1}
        assert asked[7].body["messages"][0]["content"] == "number 7"
        server.stop()
        server.start()  # again at its place, with its log
        assert post(server.base_url, "after")[0] == 200
        assert len(server.requests()) >= 21


def test_schemas_are_honoured_only_where_asked():
    schema = {"type": "object", "properties": {"n": {"enum": [7]}}, "required": ["n"]}
    asked = {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}}
    for support, answer in (("honour", (200, '{"n": 7}')), ("ignore", (200, "hello"))):
        with scripted_server(schema=support) as server:
            assert post(server.base_url, "hello", **asked) == answer
    with scripted_server(schema="reject") as server:
        assert post(server.base_url, "hello", **asked)[0] == 400


def test_values_and_schemas():
    schema = {
        "$defs": {"T": {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}},
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/$defs/T"}, "minItems": 2},
            "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "required": ["items"],
        "additionalProperties": False,
    }
    assert conforms(instance(schema), schema)
    assert conforms({"items": [{"a": 1}, {"a": 1}], "maybe": None}, schema)
    for bad in ({}, [], {"items": [{"a": 1}]}, {"items": [{"a": 2}, {"a": 1}]}, {"items": [{}, {}]},
                {"items": [{"a": 1}, {"a": 1}], "maybe": True}, {"items": [{"a": 1}, {"a": 1}], "b": 1}):  # fmt: skip
        assert not conforms(bad, schema), bad

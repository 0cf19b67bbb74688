"""Bodies and errors as servers send them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.llm.base import ChatRequest, Message, Sampling
from medsynth.llm.wire import SHOWN, Failed, body, reply, shown, trouble


def completion(**message: object) -> dict:
    finish = message.pop("finish", "stop")
    return {"choices": [{"message": {"role": "assistant", **message}, "finish_reason": finish}], "model": "m"}


def read(whole: object):
    return reply(json.dumps(whole).encode())


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "stop"),
        ("eos_token", "stop"),
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("content_filter", "content_filter"),
        ("abort", "other"),
        (None, "other"),  # not told: it may have been cut
        (7, "other"),
    ],
)
def test_how_a_reply_ended(reason, finish):
    assert read(completion(content="x", finish=reason)).finish == finish


def test_refusals_and_calls_are_no_replies_that_stopped():
    refused = read(completion(content=None, refusal="I cannot."))
    assert (refused.text, refused.finish) == ("I cannot.", "content_filter")
    called = read(completion(content=None, tool_calls=[{"id": "1"}]))
    assert (called.text, called.finish) == ("", "other")


def test_content_in_parts_and_content_missing():
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]
    assert read(completion(content=parts)).text == "ab"
    assert read(completion(content=None)).text == ""
    assert read(completion()).text == ""


def test_half_a_character_does_not_pass_as_text():
    text = reply(b'{"choices": [{"message": {"content": "ok \\ud83d"}, "finish_reason": "length"}]}').text
    assert text == "ok \ufffd"
    assert reply(b'{"choices": [{"message": {"content": "\\ud83d\\ude00"}}]}').text == "😀"


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 5}, (3, 5)),
        ({"prompt_tokens": 3}, (3, None)),
        ({"prompt_tokens": -1, "completion_tokens": "5"}, (None, None)),
        ({"prompt_tokens": True, "completion_tokens": 1.5}, (None, None)),
        ([], (None, None)),
        (None, (None, None)),
    ],
)
def test_token_counts_are_numbers_or_unknown(usage, counts):
    got = read(completion(content="x") | {"usage": usage})
    assert (got.prompt_tokens, got.completion_tokens) == counts


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b'{"choices": [',
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"choices": []}',
        b'{"choices": {}}',
        b'{"choices": ["x"]}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": "x"}]}',
        b'{"choices": [{"message": {"content": 3}}]}',
    ],
)
def test_what_is_no_completion_is_malformed_and_worth_another_try(data):
    with pytest.raises(Failed) as failed:
        reply(data)
    assert failed.value.trouble.fault == "malformed" and failed.value.trouble.passes


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "message",
                    "content",
                    "finish_reason",
                    "usage",
                    "error",
                    "code",
                    "text",
                    "refusal",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON | st.binary(max_size=40))
def test_no_body_breaks_the_reader(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    try:
        assert isinstance(reply(data).text, str)
    except Failed as failed:
        assert failed.trouble.detail
    assert trouble(500, {}, data).fault in ("server", "too_long", "rejected")


def test_errors_that_come_with_status_200():
    with pytest.raises(Failed) as failed:
        read({"error": {"message": "busy", "code": 429}})
    assert failed.value.trouble.fault == "rate_limit"
    with pytest.raises(Failed) as failed:
        read({"error": "upstream gone"})
    assert failed.value.trouble.fault == "server" and failed.value.trouble.passes
    with pytest.raises(Failed) as failed:
        read({"choices": [{"error": {"message": "provider failed", "code": 502}}]})
    assert failed.value.trouble.fault == "server"


# Errors as these servers word them.
ERRORS = [
    ("openai", 400, {"message": "too much", "code": "context_length_exceeded"}, "too_long", None),
    ("vllm", 400, {"message": "This model's maximum context length is 4096 tokens and", "code": 400}, "too_long", None),
    ("llama.cpp", 400, {"code": 400, "message": "too big", "type": "exceed_context_size_error"}, "too_long", None),
    ("llama.cpp, old", 500, {"code": 500, "message": "request exceeds the available context size"}, "too_long", None),
    ("a gateway", 413, {"message": "Input is too long for requested model: prompt too long"}, "too_long", None),
    ("openai", 401, {"message": "Incorrect API key provided", "code": "invalid_api_key"}, "rejected", "key"),
    ("openai", 403, {"message": "Country not supported", "code": "unsupported_country"}, "rejected", "forbidden"),
    ("openrouter", 403, {"message": "the model requires moderation, your input was flagged"}, "rejected", None),
    ("openrouter", 402, {"message": "Insufficient credits"}, "rejected", "credit"),
    ("openai", 429, {"message": "You exceeded your current quota", "code": "insufficient_quota"}, "rejected", "credit"),
    ("openai", 404, {"message": "The model `x` does not exist", "code": "model_not_found"}, "rejected", "model"),
    ("vllm", 404, {"message": "The model `x` does not exist.", "code": 404}, "rejected", "model"),
    ("ollama", 404, {"message": 'model "x" not found, try pulling it first', "type": "api_error"}, "rejected", "model"),
    ("openrouter", 400, {"message": "x is not a valid model ID", "code": 400}, "rejected", "model"),
    ("a web server", 404, "<html><h1>Not Found</h1></html>", "rejected", "path"),
    ("a web server", 405, "Method Not Allowed", "rejected", "path"),
    ("openai", 400, {"message": "Invalid value", "param": "temperature"}, "rejected", None),
    ("fastapi", 422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, "rejected", None),
    ("any", 429, {"message": "slow down"}, "rate_limit", None),
    ("any", 408, "", "timeout", None),
    ("any", 409, "", "server", None),
    ("llama.cpp", 503, {"code": 503, "message": "Loading model", "type": "unavailable_error"}, "server", None),
    ("any", 500, {"message": "boom"}, "server", None),
    ("nginx", 502, "<html><center>Bad Gateway</center></html>", "server", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "error", "fault", "hopeless"),
    [e[1:] for e in ERRORS],
    ids=[f"{e[0]}-{e[1]}-{e[4] or e[3]}" for e in ERRORS],
)
def test_what_errors_mean(status, error, fault, hopeless):
    whole = error if isinstance(error, str) else json.dumps(error if "detail" in error else {"error": error})
    found = trouble(status, {}, whole.encode())
    assert (found.fault, found.hopeless) == (fault, hopeless)
    assert found.passes == (fault in ("rate_limit", "server", "timeout"))
    assert found.overload == (status in (429, 503) and found.passes)


def test_a_limit_that_is_used_up_for_hours_is_not_waited_for():
    found = trouble(429, {"retry-after": "7200"}, b"{}")
    assert (found.hopeless, found.retry_after) == ("later", 7200)


def test_messages_are_one_bounded_line_that_steers_no_terminal():
    found = trouble(400, {}, json.dumps({"error": {"message": "a\nb\x1b[31m" + "x" * 5000}}).encode())
    assert found.detail.startswith("400: a b\\x1b[31mxxx") and len(found.detail) < SHOWN + 20
    assert trouble(500, {}, b"<p>Bad <b>thing</b></p>").detail == "500: Bad thing"


def test_only_what_was_asked_for_is_sent():
    request = ChatRequest((Message("user", "hi"),), Sampling(temperature=0.5, max_tokens=9))
    assert body(request, "m", True) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.5,
        "max_tokens": 9,
    }
    more = ChatRequest((Message("user", "hi"),), Sampling(0.0, 0.9, 9, 7))
    sent = body(more, "m", True, "max_completion_tokens")
    assert (sent["top_p"], sent["seed"], sent["max_completion_tokens"]) == (0.9, 7, 9)
    assert "max_tokens" not in sent


def test_addresses_are_shown_without_what_may_be_secret():
    assert shown("https://me:secret@host:8000/v1?token=secret") == "https://host:8000/v1"

"""vLLM as a server, asked by the `openai` engine. Runs with `make test-vllm`."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

pytest.importorskip(
    "vllm", reason="vllm is not installed here; `make test-vllm` makes an environment that has it"
)

from medsynth.llm.base import ChatRequest, Message, Sampling
from medsynth.llm.engines import open_engine
from medsynth.llm.probe import lines, probe
from medsynth.llm.settings import LLMSettings
from tests.llm.schemas import SMALL
from tests.llm.tiny_qwen import make_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = make_model(tmp_path_factory.mktemp("model"))
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        port = probe_socket.getsockname()[1]
    environment = os.environ | {
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
    }
    options = {
        "--model": str(folder),
        "--served-model-name": "tiny",
        "--host": "127.0.0.1",
        "--port": str(port),
        "--dtype": "float32",
        "--max-model-len": "2048",
        "--structured-outputs-config": json.dumps({"backend": "guidance", "disable_any_whitespace": True}),
    }
    log = (tmp_path_factory.mktemp("log") / "server.log").open("w+")
    process = subprocess.Popen(
        [
            sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--enforce-eager",
            "--no-enable-chunked-prefill", *(part for pair in options.items() for part in pair),
        ],
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 240
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
            break
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                process.kill()
                pytest.fail("the server did not start:\n" + log.read()[-3000:])
            time.sleep(0.5)
    yield f"http://127.0.0.1:{port}/v1"
    os.killpg(process.pid, 15)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
    log.close()


def test_structured_replies_of_random_weights(server):
    settings = LLMSettings(model="tiny", base_url=server, concurrency=16)

    async def many():
        engine = open_engine(settings)
        try:
            return await asyncio.gather(
                *(
                    engine.chat(
                        ChatRequest(
                            (Message("user", f"judge {i}"),),
                            Sampling(temperature=1.0, max_tokens=64, seed=i),
                            schema=SMALL,
                        )
                    )
                    for i in range(32)
                )
            )
        finally:
            await engine.close()

    replies = asyncio.run(many())
    for reply in replies:
        assert set(json.loads(reply.text)) == {"ok", "kind"}, reply.text
        assert reply.finish == "stop" and reply.prompt_tokens and reply.completion_tokens


def test_what_the_server_can_do_is_found_by_asking(server):
    found = probe(LLMSettings(model="tiny", base_url=server))
    assert found.schema is True and found.usage and found.length is True
    assert found.context == 2048 and found.listed == ("tiny",)
    assert [speed.concurrency for speed in found.speeds] == [1, 8, 32]
    print("\n".join(lines(found)))

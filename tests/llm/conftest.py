"""Real servers for the tests of chat engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of llama.cpp with a tiny random model."""
    pytest.importorskip("xllamacpp", reason="needs xllamacpp, see the extra `dev`")
    from tests.llm.llama import llama, make_model

    with llama(make_model(tmp_path_factory.mktemp("llama") / "tiny.gguf")) as url:
        yield url

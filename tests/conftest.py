"""What many tests share: the demonstration corpus, made once a session, and the real data where it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def medsynth(*arguments: object, cwd: Path = ROOT, check: bool = True) -> subprocess.CompletedProcess:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-c", "from medsynth.cli import main; main()", *map(str, arguments)]
    env = {k: v for k, v in os.environ.items() if k != "MEDSYNTH_REAL_DATA"}
    result = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if check and result.returncode:
        raise AssertionError(
            f"medsynth {arguments} exited {result.returncode}:\n{result.stdout}\n{result.stderr}"
        )
    return result


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the shipped demonstration, with 24 dialogues voiced."""
    pytest.importorskip("espeakng_loader", reason="needs the extra: pip install 'medsynth[espeak]'")
    folder = tmp_path_factory.mktemp("demo")
    medsynth(
        "run", ROOT / "pipelines/demo.yaml", "--out", folder / "run", "--set", "voice.count=24", cwd=folder
    )
    return folder / "run"


@pytest.fixture
def corpus(demo_run: Path, tmp_path: Path) -> Path:
    """A copy of the demonstration corpus that a test may damage."""
    return Path(shutil.copytree(demo_run / "corpus", tmp_path / "corpus"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data, named by MEDSYNTH_REAL_DATA."""
    value = os.environ.get("MEDSYNTH_REAL_DATA")
    if not value:
        pytest.skip("set MEDSYNTH_REAL_DATA to the folder of real data")
    return Path(value)

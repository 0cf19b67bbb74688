"""Imports point one way, and the command line starts without the heavy packages."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = {
    "records": 0,
    "errors": 0,
    "resources": 0,
    "sources": 1,
    "text": 1,
    "llm": 1,
    "voice": 1,
    "corpus": 1,
    "stages": 2,
}
LAYERS |= {"config": 3, "run": 3, "cli": 4, "cli_llm": 4, "cli_bank": 4, "cli_bank_calibrate": 4}
LAYERS |= {"cli_voice": 4, "cli_options": 4}


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "medsynth").rglob("*.py")), ids=lambda p: p.stem)
def test_imports_point_down(path):
    own = path.relative_to(ROOT / "medsynth").with_suffix("").parts[0]
    if own == "__init__":
        return
    for name in imports(path):
        package, *rest = name.split(".")
        if package == "medsynth" and rest:
            assert LAYERS[rest[0]] <= LAYERS[own], f"{path.name} imports {name}"
            if LAYERS[own] == 0:
                assert rest[0] == own


def test_medtrain_never_imports_medsynth():
    for path in (ROOT / "medtrain").rglob("*.py"):
        assert not any(name.split(".")[0] == "medsynth" for name in imports(path)), path


HEAVY = ("polars", "numpy", "librosa", "soundfile", "datasketch", "torch", "pydantic", "scipy", "numba")


@pytest.mark.parametrize("module", ["medsynth.cli", "medtrain.cli"])
def test_the_command_line_imports_nothing_heavy(module):
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.strip() == "[]"

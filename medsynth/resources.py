"""Files that travel with the package: pipelines, samples, prompts, frames."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent


def resource(kind: Literal["pipelines", "prompts"], name: str = "") -> Path:
    """Return the path of a shipped file or folder.

    In an installed wheel the folders lie inside the package, in a checkout beside it.
    Raises FileNotFoundError naming the resource.
    """
    for root in (_PACKAGE, _PACKAGE.parent):
        path = root / kind / name
        if path.exists():
            return path
    raise FileNotFoundError(f"{kind}/{name} is not part of this installation of medsynth")

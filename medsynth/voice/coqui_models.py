"""Which terms the weights of a coqui model are under. Reads coqui's own list; imports nothing heavy."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from medsynth.errors import UserError
from medsynth.voice.settings import CoquiSettings

UNKNOWN = "unknown"
_NON_COMMERCIAL = re.compile(r"\b(cpml|nc|non-?commercial)\b", re.IGNORECASE)
_SPDX = {"apache 2.0": "Apache-2.0", "mpl": "MPL-2.0", "bsd-3-clause": "BSD-3-Clause", "openrail": "OpenRAIL"}


def licence_of(settings: CoquiSettings) -> str:
    """Return the licence of the weights: as the user says, or as coqui's list or the kind of model tells."""
    if settings.licence:
        return settings.licence
    if settings.model:
        told = str(_listed(settings.model).get("license") or UNKNOWN)
        return _SPDX.get(told.lower(), told)
    try:
        config = json.loads(config_of(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return UNKNOWN
    # All that is published of XTTS is under CPML, and what is tuned from it stays so.
    return "CPML" if isinstance(config, dict) and config.get("model") == "xtts" else UNKNOWN


def config_of(settings: CoquiSettings) -> Path:
    """Return the config file of a local model."""
    if settings.config_path:
        return Path(settings.config_path)
    model = Path(settings.model_path or "")
    return (model if model.is_dir() else model.parent) / "config.json"


def terms_line(settings: CoquiSettings) -> str:
    """Return what the user is told of the weights before they are used, in one line."""
    licence = licence_of(settings)
    name = settings.model or Path(settings.model_path or "").name
    if _NON_COMMERCIAL.search(licence):
        return (
            f"{name}: weights under {licence}, which forbids commercial use of the model and of what it says"
        )
    if licence == UNKNOWN:
        return f"{name}: nobody states the licence of these weights"
    return f"{name}: weights under {licence}"


def check(settings: CoquiSettings) -> None:
    """Raise UserError when there is no such model, or its terms were not accepted."""
    if bool(settings.model) == bool(settings.model_path):
        raise UserError("voice.coqui: name either a model (--model) or a model_path")
    if settings.model_path:
        for what, path in (("model_path", Path(settings.model_path)), ("config_path", config_of(settings))):
            if not path.exists():
                raise UserError(f"voice.coqui.{what}: there is no {path}")
    else:
        _listed(settings.model)
    licence = licence_of(settings)
    if not settings.accept_licence and (licence == UNKNOWN or _NON_COMMERCIAL.search(licence)):
        hint = " or name it (voice.coqui.licence)" if licence == UNKNOWN else ""
        raise UserError(
            f"voice.coqui: {terms_line(settings)}; accept that with voice.coqui.accept_licence: true{hint}"
        )


def _listed(model: str) -> dict[str, Any]:
    spec = find_spec("TTS")
    if spec is None or not spec.submodule_search_locations:
        return {}
    try:
        path = Path(spec.submodule_search_locations[0]) / ".models.json"
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    kind, *parts = model.split("/")
    if kind == "tts_models" and len(parts) == 3:
        if parts[1] == "fairseq":  # a thousand languages, listed elsewhere
            return {"license": "CC-BY-NC-4.0"}
        for part in (kind, *parts):
            found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, dict):
            return found
    raise UserError(
        f"voice.coqui: {model!r} is no model of coqui's list; one looks like tts_models/en/vctk/vits "
        "(`tts --list_models` shows all); a local one is given by model_path"
    )

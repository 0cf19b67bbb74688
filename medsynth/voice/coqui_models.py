"""Which terms the weights of a coqui model are under. Reads coqui's own list; imports nothing heavy."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from medsynth.errors import UserError
from medsynth.voice.settings import CoquiSettings
from medsynth.voice.terms import UNKNOWN, ModelTerms

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


def terms(settings: CoquiSettings) -> ModelTerms:
    """Return the terms of the model's weights."""
    return ModelTerms("coqui", settings.model or Path(settings.model_path or "").name, licence_of(settings))


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
    terms(settings).require(settings.accept_licence)


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

"""Patient-like speech: disfluent texts, uneven pace and loudness, sounds of the throat, rooms, noise, telephones.

Off unless a pipeline asks for it (`voice.patient_like`). What is drawn depends on the seed and the dialogue alone,
never on workers, shards or what was spoken before.
"""

from __future__ import annotations

from importlib.util import find_spec

from medsynth.errors import UserError

EFFECTS_VERSION = 1
"""Raised when the same settings and seed give other text or other sound."""


def require_effects() -> None:
    """Raise UserError unless what makes rooms and stretches time is installed."""
    for module in ("pyroomacoustics", "python_stretch"):
        if find_spec(module) is None:
            raise UserError(
                f"patient-like speech (voice.patient_like) needs {module}: pip install 'medsynth[augment]'"
            )

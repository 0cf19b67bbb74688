"""The terms of the models that speak: known before they are used, told, and taken along into the corpus."""

from __future__ import annotations

import re
from typing import NamedTuple

from medsynth.errors import UserError

UNKNOWN = "unknown"
_NON_COMMERCIAL = re.compile(r"\b(cpml|nc|non-?commercial)\b", re.IGNORECASE)


class ModelTerms(NamedTuple):
    """A model that an engine speaks with, by the name that a corpus may carry, and the licence of its weights."""

    engine: str
    model: str
    licence: str

    @property
    def wants_consent(self) -> bool:
        """Tell whether whoever uses the model must say that its terms are accepted."""
        return self.licence == UNKNOWN or bool(_NON_COMMERCIAL.search(self.licence))

    @property
    def line(self) -> str:
        """What the user is told before the model is used, in one line."""
        if self.licence == UNKNOWN:
            return f"{self.model}: nobody states the licence of these weights"
        text = f"{self.model}: weights under {self.licence}"
        if self.wants_consent:
            text += ", which forbids commercial use of the model and of what it says"
        return text

    def require(self, accepted: bool) -> None:
        """Raise UserError unless these terms need no consent, or were accepted."""
        if self.wants_consent and not accepted:
            section = f"voice.{self.engine}"
            hint = f", or name it: --set {section}.licence=…" if self.licence == UNKNOWN else ""
            raise UserError(
                f"{section}: {self.line}; accept that with --accept-licence ({section}.accept_licence: true){hint}"
            )

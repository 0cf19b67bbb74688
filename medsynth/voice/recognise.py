"""Clips heard again: a recogniser's verdict joins the other checks, and leads to the same repairs.

Two ways. A `Recogniser` writes down what it hears, and that is compared with the text (`recognise_text`). Where there
is none for a language, forced alignment asks whether the text can have been said (`recognise_align`).
"""

from __future__ import annotations

import hashlib
from typing import Protocol

from medsynth.voice.audio import decode
from medsynth.voice.checks import Checked
from medsynth.voice.judges import Judges
from medsynth.voice.recognise_settings import RecogniseSettings
from medsynth.voice.recognise_text import compare
from medsynth.voice.takes import Take, Taken

# The model of pocketsphinx is of grown-ups; shorter vocal tracts are brought nearer to theirs.
_WARPS = {"child": 1.2, "youth": 1.1}


class Recogniser(Protocol):
    """Writes down what is said in a clip. One instance an event loop; it owns how many it hears at a time."""

    async def transcribe(self, flac: bytes, lang: str) -> str | None:
        """Return the words, "" when it hears none, None when it does not know the language.

        Raises EngineFault for this clip, EngineDown for all.
        """
        ...

    async def close(self) -> None:
        """Release connections and memory. Closing twice is harmless."""
        ...


def open_recogniser(settings: RecogniseSettings) -> Recogniser | None:
    """Return the recogniser of these settings; None for alignment, which needs none. Raises UserError."""
    settings.check()
    if settings.engine == "openai":
        from medsynth.voice.recognise_openai import OpenAITranscriber

        return OpenAITranscriber(settings)
    if settings.engine == "faster-whisper":
        from medsynth.voice.recognise_whisper import WhisperRecogniser

        return WhisperRecogniser(settings)
    return None


class Listener:
    """Hears takes that passed all other checks, as many of them as `share` says."""

    def __init__(self, settings: RecogniseSettings, judges: Judges) -> None:
        self.settings, self._judges = settings, judges
        self._recogniser = open_recogniser(settings)

    async def listen(self, take: Take, taken: Taken) -> Taken:
        """Return the take with what was heard among its checks. Raises EngineFault, EngineDown."""
        if not taken.flac or taken.checked.problems or not self._drawn(take):
            return taken
        if self._recogniser is None:
            checked = await self._judges.call(align, taken.flac, take, self.settings)
        else:
            heard = await self._recogniser.transcribe(taken.flac, take.lang)
            if heard is None:
                return taken
            checked = judged(take.text, heard, take.lang, self.settings)
        values = taken.checked.values | checked.values
        return taken._replace(checked=Checked(values, checked.problems))

    async def close(self) -> None:
        """Close the recogniser."""
        if self._recogniser is not None:
            await self._recogniser.close()

    def _drawn(self, take: Take) -> bool:
        # By text and speaker, so that a clip said again is heard again.
        name = f"{take.speaker.id}|{take.text}".encode("utf-8", "surrogatepass")
        place = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") / 2**64
        return place < self.settings.share


def judged(text: str, heard: str, lang: str, settings: RecogniseSettings) -> Checked:
    """Return measurements and problems of what a recogniser heard.

    Values: `word_error` (words, or characters, wrong over those of the text), `first_error` and `last_error` (share
    of the first and last few unheard), `critical` (numbers, drugs, negations in the text), `critical_missing`.
    """
    found = compare(text, heard, lang)
    values = {
        "word_error": round(found.error, 4),
        "first_error": round(found.first_error, 4),
        "last_error": round(found.last_error, 4),
        "critical": float(found.critical),
        "critical_missing": float(len(found.critical_missing)),
    }
    limits = {
        "word_error": settings.max_error,
        "first_error": settings.max_edge_error,
        "last_error": settings.max_edge_error,
        "critical_missing": float(settings.max_critical),
    }
    problems = [
        f"{name} {values[name]:.2f} above {limit:.2f}"
        for name, limit in limits.items()
        if values[name] > limit
    ]
    return Checked(values, tuple(problems))


def align(flac: bytes, take: Take, settings: RecogniseSettings) -> Checked:
    """Return measurements and problems of a clip aligned with its text; nothing for another language than English.

    Values: `aligned` (1 or 0), `alignment` (mean log score a frame), `worst_word` (how far the least fitting word
    lies below the others). A helper process may do this; it keeps the model.
    """
    from medsynth.voice.recognise_align import aligner

    if take.lang.split("-")[0] != "en":
        return Checked({}, ())
    found = aligner().align(decode(flac)[0], take.text, _WARPS.get(take.speaker.age_group, 1.0))
    if found is None:
        return Checked({}, ())
    if not found.aligned:
        return Checked({"aligned": 0.0}, ("aligned 0: the text cannot be followed in the clip",))
    values = {"aligned": 1.0, "alignment": round(found.score, 3), "worst_word": round(found.worst, 3)}
    limits = {"alignment": settings.min_alignment, "worst_word": settings.min_worst_word}
    problems = [
        f"{name} {values[name]:.2f} below {limit:.2f}"
        for name, limit in limits.items()
        if values[name] < limit
    ]
    return Checked(values, tuple(problems))

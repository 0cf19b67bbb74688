"""Written to spoken form: what a voice would skip or misread, in words.

No digit and no symbol is left, and nothing is said that the text does not say. Numbers are read by our own
tables: of the normalisers at hand, the grammars that also read Chinese cost milliseconds a line, call
blood pressure a fraction and cannot tell which stretch of the text a word comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from medsynth.text.spoken_forms import chinese, english
from medsynth.text.spoken_forms.fold import fold
from medsynth.text.spoken_forms.scan import PUNCTUATION, Aligned, join, scan

__all__ = ["PUNCTUATION", "Aligned", "aligned_form", "spoken_form", "spoken_lines"]


def spoken_form(text: str, lang: str) -> str:
    """Return `text` as it should be said aloud in `lang` ("zh…" Mandarin, anything else English).

    The result holds letters, marks and `PUNCTUATION` only, on one line; the spoken form
    of a spoken turn is itself.
    """
    return aligned_form(text, lang)[0]


def aligned_form(text: str, lang: str) -> tuple[str, list[Aligned]]:
    """Return the spoken form and which stretch of `text` each stretch of it says, in order.

    The written stretches cover `text` without gaps or overlaps; a stretch that is said as it stands is one
    of them, a token that has a reading ("5 mg/kg") another. Offsets are in characters of `text` and of the
    spoken form.
    """
    zh = lang.split("-")[0].lower() == "zh"
    folded, places = fold(text)
    language = chinese if zh else english
    spoken, spans = join(scan(folded, language.TRIGGER, language.rules), folded, zh)
    if places is None:
        return spoken, spans
    return spoken, _in_given_text(spans, places, len(text))


def _in_given_text(spans: list[Aligned], places: list[int], length: int) -> list[Aligned]:
    """Return the alignment of a folded text in offsets of the text as it was given.

    Where one character became several that two tokens share, the first token keeps it and says both.
    """
    starts = [*places, length]
    found: list[Aligned] = []
    for span in spans:
        start = found[-1].written[1] if found else 0
        end = max(starts[span.written[1]], places[span.written[1] - 1] + 1)
        if end > start:
            found.append(Aligned((start, end), span.spoken))
        else:
            found[-1] = Aligned(found[-1].written, (found[-1].spoken[0], span.spoken[1]))
    if not found:
        return [Aligned((0, length), (0, 0))] if length else []
    found[-1] = Aligned((found[-1].written[0], length), found[-1].spoken)
    return found


def spoken_lines(lines: Iterable[str], lang: str) -> Iterator[str]:
    """Yield the spoken form of every line, without its line end: what `medsynth spoken` prints."""
    for line in lines:
        yield spoken_form(line.rstrip("\r\n"), lang)

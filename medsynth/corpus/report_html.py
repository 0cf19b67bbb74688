"""HTML by hand: every string that comes from data passes `esc`, every piece of markup is made here."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence

# Controls, bidirectional overrides and lone surrogates would act on the page, or could not be written.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Html(str):
    """Markup that is already safe. Everything else is text and is escaped where it is used."""


def esc(value: object) -> Html:
    """Return `value` as markup that shows its text: escaped, with controls made visible (⟨U+202E⟩)."""
    if isinstance(value, Html):
        return value
    text = _UNSAFE.sub(lambda m: f"⟨U+{ord(m.group()):04X}⟩", str(value))
    return Html(html.escape(text, quote=True))


def tag(name: str, *children: object, **attributes: object) -> Html:
    """Return an element. A trailing `_` in an attribute's name is dropped and `_` becomes `-`; an
    attribute that is None is left out."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{esc(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{pairs}>{''.join(esc(child) for child in children)}</{name}>")


def join(parts: Iterable[object], between: str = "\n") -> Html:
    """Return the parts as one piece of markup."""
    return Html(between.join(esc(part) for part in parts))


def num(value: float | int | None, digits: int = 0) -> str:
    """Return a number with thin thousands separators, "–" for None."""
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")


def percent(part: float, whole: float) -> str:
    """Return a share in per cent, "–" of nothing."""
    if not whole:
        return "–"
    share = 100 * part / whole
    return "<1\u202f%" if 0 < share < 1 else f"{share:.0f}\u202f%"


def short(value: object, limit: int = 80) -> str:
    """Return at most `limit` characters of a value, "…" in the place of the rest."""
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def table(
    head: Sequence[object],
    rows: Iterable[Sequence[object]],
    caption: object = "",
    numeric: Sequence[int] = (),
    css: str = "",
    foot: Sequence[object] = (),
    keys: Sequence[str] = (),
    pick: Sequence[str] = (),
    search: str = "",
) -> Html:
    """Return a table in a box that scrolls sideways. `numeric` are the columns set flush right.

    With `keys`, one name a column ("": none), the page's script lets a reader sort by these columns; with
    `search`, a label, it adds a field that filters the rows, and a choice for each key of `pick`.
    """

    def head_cell(i: int, content: object) -> Html:
        key = keys[i] if i < len(keys) and keys[i] else None
        chosen = "" if key and key in pick else None
        css = "n" if i in numeric else None
        return tag("th", content, class_=css, scope="col", data_key=key, data_pick=chosen)

    def cells(row: Sequence[object]) -> list[Html]:
        return [
            tag("th", c, scope="row") if i == 0 else tag("td", c, class_="n" if i in numeric else None)
            for i, c in enumerate(row)
        ]

    body = [tag("tr", *cells(row)) for row in rows]
    parts = [
        tag("caption", caption) if caption else "",
        tag("thead", tag("tr", *(head_cell(i, c) for i, c in enumerate(head)))),
        tag("tbody", *body),
        tag("tfoot", tag("tr", *cells(foot))) if foot else "",
    ]
    content = tag("table", *parts, class_=css or None)
    return tag("div", content, class_="scroll", tabindex="0", data_search=search or None)


def bar(share: float, css: str = "") -> Html:
    """Return a horizontal bar of 0–1, for a table cell; the number stands beside it in the table."""
    width = max(0.0, min(1.0, share)) * 100
    return tag("span", tag("i", style=f"width:{width:.1f}%"), class_=f"bar {css}".strip(), aria_hidden="true")


def under(value: object, share: float) -> Html:
    """Return a value for a table cell with a thin bar of 0–1 under it."""
    return join((value, bar(share, "thin")), "")


def stacked(shares: Mapping[str, float], order: Sequence[str]) -> Html:
    """Return a stacked bar; the n-th of `order` has colour class `s<n>`."""
    whole = sum(shares.values()) or 1
    parts = [
        tag("i", style=f"width:{100 * shares[name] / whole:.2f}%", class_=f"s{n}")
        for n, name in enumerate(order)
        if shares.get(name)
    ]
    return tag("span", *parts, class_="bar stack", aria_hidden="true")


def heat(count: int, most: int, note: object = "") -> Html:
    """Return a cell of a heat table: shaded by its share of the largest, empty cells marked as such."""
    if not count:
        return tag("td", "0", class_="n heat none")
    content = [num(count), tag("small", note) if note else ""]
    return tag("td", *content, class_="n heat", style=f"--v:{count / max(most, 1):.3f}")


def section(anchor: str, title: str, *content: object) -> Html:
    """Return a numbered section (the number comes from the style sheet)."""
    return tag("section", tag("h2", title), *content, id=anchor)


def note(*content: object) -> Html:
    """Return a paragraph in small grey type."""
    return tag("p", *content, class_="note")

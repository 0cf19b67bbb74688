"""Charts as inline SVG: histograms and ranges. Numbers in, markup out; colours come from the style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from medsynth.corpus.report_html import Html, num, tag

WIDTH = 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 10, 12, 38
_FEWEST = 8


def nice_step(span: float, bins: int) -> float:
    """Return the smallest step of 1, 2 or 5 times a power of ten that cuts `span` into at most `bins`."""
    if span <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(span / bins))
    return next(step for step in (power, 2 * power, 5 * power, 10 * power, 20 * power) if span / step <= bins)


def _decimals(step: float) -> int:
    return 0 if step >= 1 else math.ceil(-math.log10(step) - 1e-9)


@dataclass(frozen=True)
class Series:
    """Values of one kind in a histogram, with the name that the legend gives it."""

    name: str
    values: Sequence[float]


def histogram(series: Sequence[Series], x: str, title: str, whole: bool = False, limit: float = 0) -> Html:
    """Return a stacked histogram as a figure. `whole`: the values are integers, a bin never splits one.

    The top half per cent is gathered in the last bin, marked "≥", so that one outlier does not flatten
    the rest. `limit` draws a dashed line (0: none). No values at all gives a line that says so.
    """
    values = sorted(v for s in series for v in s.values)
    if not values:
        return tag("figure", tag("figcaption", title), tag("p", "Nothing to show.", class_="note"))
    high = values[min(len(values) - 1, math.ceil(0.995 * len(values)))]
    low = min(values[0], high)
    step = nice_step(max(high - low, 1e-9 if not whole else 1), 20)
    step = max(step, 1.0) if whole else step
    start = math.floor(low / step) * step
    bins = int((high - start) / step + 1e-9) + 1
    if bins < _FEWEST:
        # One or two bars as wide as the page would say nothing: leave room around them.
        start = max(0.0, start - (_FEWEST - bins) // 2 * step) if start >= 0 else start
        bins = _FEWEST
    counts = [[0] * bins for _ in series]
    for row, s in zip(counts, series, strict=True):
        for value in s.values:
            row[min(bins - 1, max(0, int((value - start) / step + 1e-9)))] += 1
    overflow = values[-1] >= start + bins * step
    peak = max(sum(column) for column in zip(*counts, strict=True))
    return _frame(series, counts, start, step, peak, x, title, overflow, limit, whole)


def _frame(
    series: Sequence[Series],
    counts: list[list[int]],
    start: float,
    step: float,
    peak: int,
    x: str,
    title: str,
    overflow: bool,
    limit: float,
    whole: bool,
) -> Html:
    height, bins = 190, len(counts[0])
    plot_w, plot_h = WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM
    top_tick = nice_step(peak, 4)
    y_max = max(math.ceil(peak / top_tick) * top_tick, 1)
    unit = plot_w / bins
    parts: list[Html] = []
    for k in range(round(y_max / top_tick) + 1):
        value = k * top_tick
        if value != int(value):
            continue
        y = _TOP + plot_h * (1 - value / y_max)
        parts.append(_line(_LEFT, y, WIDTH - _RIGHT, y, "grid" if k else "axis"))
        parts.append(_text(_LEFT - 5, y + 3.5, num(value), "end"))
    for i in range(bins):
        y = _TOP + plot_h
        for n, row in enumerate(counts):
            tall = plot_h * row[i] / y_max
            y -= tall
            if row[i]:
                parts.append(_rect(_LEFT + i * unit + 0.5, y, max(unit - 1, 0.5), tall, f"s{n}"))
    every = max(1, math.ceil(bins / 8))
    digits = _decimals(step)
    for i in range(0, bins, every):
        # A whole number names its bar; a measured value the bar's left edge.
        at = _LEFT + (i + (0.5 if whole and step == 1 else 0)) * unit
        last = overflow and i == bins - 1
        parts.append(_text(at, _TOP + plot_h + 14, ("≥" if last else "") + num(start + i * step, digits)))
    if overflow and (bins - 1) % every:
        at = _LEFT + (bins - 0.5) * unit
        parts.append(_text(at, _TOP + plot_h + 14, "≥" + num(start + (bins - 1) * step, digits)))
    if limit and start < limit <= start + bins * step:
        at = _LEFT + (limit - start) / step * unit
        parts.append(_line(at, _TOP, at, _TOP + plot_h, "limit"))
    parts.append(_text(_LEFT + plot_w / 2, height - 6, x, "middle", "label"))
    return _figure(parts, height, title, [s.name for s in series])


@dataclass(frozen=True)
class Range:
    """One row of a range chart: quantiles 5, 25, 50, 75, 95 %, how many values, the expected band and middle."""

    name: str
    quantiles: tuple[float, float, float, float, float]
    count: int
    expected: tuple[float, float] | None = None
    target: float | None = None


def ranges(rows: Sequence[Range], x: str, title: str, unit: str, digits: int = 0) -> Html:
    """Return a figure of one row a range: line 5–95 %, box 25–75 %, median mark, expected band behind.

    The expected middle is a tick across the band.
    """
    left, right, row_h = 104, 92, 20
    ends = [
        v
        for r in rows
        for v in (r.quantiles[0], r.quantiles[4], *(r.expected or ()), r.target)
        if v is not None
    ]
    # Equal values would give an axis of no length: show at least a tenth around them.
    step = nice_step(max(max(ends) - min(ends), 0.1 * abs(max(ends)), 1e-9), 6)
    low, high = math.floor(min(ends) / step) * step, math.ceil(max(ends) / step) * step
    high = high if high > low else low + step
    width = WIDTH + 80
    plot_w, plot_h = width - left - right, row_h * len(rows)
    height = _TOP + plot_h + _BOTTOM

    def at(value: float) -> float:
        return left + plot_w * (value - low) / (high - low)

    parts: list[Html] = []
    for k in range(round((high - low) / step) + 1):
        value = low + k * step
        parts.append(_line(at(value), _TOP, at(value), _TOP + plot_h, "grid"))
        parts.append(_text(at(value), _TOP + plot_h + 14, num(value, _decimals(step))))
    for i, row in enumerate(rows):
        y = _TOP + row_h * (i + 0.5)
        p5, q1, median, q3, p95 = row.quantiles
        if row.expected:
            a, b = at(row.expected[0]), at(row.expected[1])
            parts.append(_rect(a, y - 8, max(b - a, 1), 16, "band"))
        if row.target is not None:
            parts.append(_line(at(row.target), y - 8, at(row.target), y + 8, "target"))
        parts.append(_line(at(p5), y, at(p95), y, "range"))
        parts.append(_rect(at(q1), y - 4.5, max(at(q3) - at(q1), 1), 9, "s0"))
        parts.append(_line(at(median), y - 7, at(median), y + 7, "median"))
        parts.append(_text(left - 8, y + 3.5, row.name, "end"))
        shown = f"{num(median, digits)} {unit} · n {num(row.count)}"
        parts.append(_text(left + plot_w + 8, y + 3.5, shown, "start"))
    parts.append(_text(left + plot_w / 2, height - 6, x, "middle", "label"))
    return _figure(parts, height, title, [], width)


def _figure(parts: list[Html], height: float, title: str, legend: Sequence[str], width: int = WIDTH) -> Html:
    keys = [tag("span", tag("i", class_=f"s{n}"), name) for n, name in enumerate(legend)]
    drawing = tag("svg", *parts, viewBox=f"0 0 {width} {height:g}", role="img", aria_label=title)
    caption = tag("figcaption", title, tag("span", *keys, class_="keys") if len(keys) > 1 else "")
    return tag("figure", caption, drawing)


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> Html:
    return tag("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=css)


def _rect(x: float, y: float, width: float, height: float, css: str) -> Html:
    return tag("rect", x=f"{x:.1f}", y=f"{y:.1f}", width=f"{width:.1f}", height=f"{height:.1f}", class_=css)


def _text(x: float, y: float, text: str, anchor: str = "middle", css: str = "") -> Html:
    return tag("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, class_=css or None)

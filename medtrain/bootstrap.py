"""Bootstrap confidence intervals over dialogues: expanded percentiles (Hesterberg 2015, section 5.2).

Plain percentiles are too narrow for few observations; expanded ones are as wide as a t interval is beside a normal
one. Measured on token-weighted means of normal values: 95 % intervals hold the truth in 92 % of 800 draws at 5
dialogues and in 94 to 96 % at 10 to 100 (plain percentiles: 84 % at 5 and 89 % at 10, of 600 draws).

Dialogues are drawn, not tokens: the replies of one consultation resemble one another, so that they are no
independent observations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

RESAMPLES = 2000
CONFIDENCE = 0.95
LEAST = 2
"""Dialogues under which nothing can be said about how far a value would spread."""


@dataclass(frozen=True)
class Interval:
    """A value and its interval; the ends are None where there are too few dialogues."""

    value: float
    low: float | None
    high: float | None


def interval(sums: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], seed: int) -> Interval | None:
    """Return a statistic of summed columns with its interval, or None where it is not defined.

    `sums` is (dialogues, columns). `statistic` takes (…, columns) of sums over dialogues and gives (…). Columns of
    one dialogue stay together, so that a difference between two of them is a paired one. The resamples depend on
    the seed and on the number of dialogues alone.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(statistic(sums.sum(0)))
        if not np.isfinite(value):
            return None
        count = len(sums)
        if count < LEAST:
            return Interval(value, None, None)
        draws = np.random.default_rng((seed, 11)).multinomial(count, np.full(count, 1 / count), RESAMPLES)
        spread = statistic(draws @ sums)
    # A resample may lack what a ratio divides by.
    spread = spread[np.isfinite(spread)]
    tail = expanded_tail(count)
    low, high = np.quantile(spread, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def expanded_tail(count: int) -> float:
    """Return the share to cut off at either end of so many observations' resamples.

    That of a normal distribution beyond t * sqrt(n / (n - 1)), where t is Student's quantile at n - 1 degrees of
    freedom (by the series of Abramowitz & Stegun 26.7.5).
    """
    normal = NormalDist()
    z, df = normal.inv_cdf((1 + CONFIDENCE) / 2), count - 1
    t = (
        z
        + (z**3 + z) / (4 * df)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * df**3)
    )
    return normal.cdf(-t * sqrt(count / df))

"""A place in a spoken text where its speaker may hesitate; `sites_en` and `sites_zh` find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["filler", "repeat", "restart", "pause"]
Spot: TypeAlias = Literal["turn", "sentence", "clause", "word"]


@dataclass(frozen=True)
class Site:
    """Text that may be inserted before character `place`. `spot` says what begins there.

    `text` is what is inserted, marks included. `weight` is relative to the other sites of its kind. `end` is where
    that ends which is said again (`place` where nothing is).
    """

    kind: Kind
    place: int
    text: str
    weight: float
    spot: Spot
    end: int

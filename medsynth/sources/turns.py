"""What readers share: role names, text values in their many shapes, ages and genders."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from medsynth.records import Gender, Kind, RawTurn, Reason, Role, StatedPatient
from medsynth.sources.base import RowError

_ROLES: dict[str, Role] = {
    **dict.fromkeys(("patient", "patients", "human", "user", "client", "患者", "病人", "用户"), "patient"),
    **dict.fromkeys(
        ("doctor", "doctors", "physician", "gpt", "assistant", "bot", "model", "chatgpt", "医生", "大夫"),
        "doctor",
    ),
}
_SYSTEM = frozenset({"system", "developer", "系统"})
_GENDERS: dict[str, Gender] = {
    **dict.fromkeys(("female", "f", "woman", "女", "女性"), "female"),
    **dict.fromkeys(("male", "m", "man", "男", "男性"), "male"),
}
_AGE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)[ -]*(months?|个?月|years?(?:[ -]old)?|y/?o?|岁)?", re.ASCII)
_META_CHARS = 120


def role_of(label: Any) -> Role | None:
    """Return whose label this is (`human`, `GPT`, `患者` …), or None for one that is not known."""
    return _ROLES.get(label.strip().casefold()) if isinstance(label, str) else None


def is_system(label: Any) -> bool:
    """Return whether the label marks an instruction to a model rather than something said."""
    return isinstance(label, str) and label.strip().casefold() in _SYSTEM


def make_turn(role: Role, text: str) -> RawTurn:
    """Return a turn. Raises `RowError` for text that no encoding can carry (half a surrogate pair)."""
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise RowError(Reason.BAD_ENCODING, "a turn holds half of a surrogate pair") from None
    return RawTurn(role=role, text=text)


def joined_turns(said: Iterable[tuple[Role, str]], joint: str) -> tuple[RawTurn, ...]:
    """Return one turn for what one side says in a row, joined by `joint`; blank utterances are none."""
    turns: list[tuple[Role, list[str]]] = []
    for role, text in said:
        if not (text := text.strip()):
            continue
        if turns and turns[-1][0] == role:
            turns[-1][1].append(text)
        else:
            turns.append((role, [text]))
    return tuple(make_turn(role, joint.join(texts)) for role, texts in turns)


def text_of_value(value: Any, what: str) -> str:
    """Return the text of a field: a string, None (""), or a list of strings or `{type: text}` parts.

    Raises `RowError` that names `what` for anything else; a picture part is `NEEDS_IMAGE`.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(_part_text(part, what) for part in value)
    raise RowError(Reason.MISSING_FIELD, f"{what} is not text but {_kind_name(value)}")


def _part_text(part: Any, what: str) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict):
        if isinstance(part.get("text"), str):
            return str(part["text"])
        if "image" in str(part.get("type", "")).lower():
            raise RowError(Reason.NEEDS_IMAGE, f"{what} holds a picture")
    raise RowError(Reason.MISSING_FIELD, f"{what} is a list with something in it that is not text")


def _kind_name(value: Any) -> str:
    return {dict: "an object", bool: "true or false", int: "a number", float: "a number"}.get(
        type(value), "a value of another type"
    )


def field(row: dict[str, Any], name: str) -> Any:
    """Return `row[name]`. Raises `RowError` when the row has no such field."""
    if name not in row:
        raise RowError(Reason.MISSING_FIELD, f"the row has no field {name!r}")
    return row[name]


def native_id(value: Any) -> str | None:
    """Return an id of the source as text, or None where it is empty or neither text nor a whole number."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value}" if abs(value) < 10**30 else None
    return None


def kind_of(turns: tuple[RawTurn, ...]) -> Kind:
    """Return `qa` for one exchange, `consultation` for more."""
    return "qa" if len(turns) <= 2 else "consultation"


def stated_patient(age: Any, gender: Any) -> StatedPatient:
    """Return what fields of the source say of the patient; what cannot be read is left unknown.

    Ages are years as a number or as text ("45", "45.0", "34岁", "9-month"), 0 to 120.
    """
    known = _GENDERS.get(gender.strip().casefold()) if isinstance(gender, str) else None
    return StatedPatient(age=_years(age), gender=known)


def _years(age: Any) -> float | None:
    if isinstance(age, str):
        match = _AGE.fullmatch(age.strip().casefold())
        if not match:
            return None
        age = float(match[1])
        if match[2] and match[2].startswith(("month", "个月", "月")):
            age = round(age / 12, 2)
    if isinstance(age, bool) or not isinstance(age, int | float) or not 0 <= age <= 120:
        return None
    return None if math.isnan(age) else float(age)


def clean_meta(values: dict[str, Any]) -> dict[str, str]:
    """Return the values that are short text or numbers, as one-line strings; the others are dropped."""
    meta = {}
    for key, value in values.items():
        if isinstance(value, str | int) and not isinstance(value, bool):
            text = " ".join(str(value)[: 4 * _META_CHARS].encode("utf-8", "replace").decode().split())
            if 0 < len(text) <= _META_CHARS and text.casefold() != "nan":
                meta[key] = text
    return meta

"""The little of JSON schema that the scripted server needs: does a value conform, and a value that does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SMALL: dict[str, Any] = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}, "kind": {"enum": ["inquiry", "advice"]}},
    "required": ["ok", "kind"],
    "additionalProperties": False,
}
"""A schema of a few tokens, for engines that only have to show that they keep to one."""

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        found: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def conforms(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> bool:
    """Return whether a value satisfies types, enums, constants, properties, items and unions of a schema."""
    root = schema if root is None else root
    schema = _resolved(schema, root)
    if "anyOf" in schema or "oneOf" in schema:
        return any(conforms(value, s, root) for s in schema.get("anyOf", schema.get("oneOf")))
    if "const" in schema and value != schema["const"]:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "type" in schema:
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        if not any(isinstance(value, TYPES[n]) for n in names) or (
            isinstance(value, bool) and "boolean" not in names
        ):
            return False
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        if any(name not in value for name in schema.get("required", ())):
            return False
        if schema.get("additionalProperties") is False and set(value) - set(properties):
            return False
        return all(conforms(value[n], s, root) for n, s in properties.items() if n in value)
    if isinstance(value, list):
        fits = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        return fits and all(conforms(item, schema.get("items", {}), root) for item in value)
    return True


def instance(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Any:
    """Return the plainest value that satisfies a schema."""
    root = schema if root is None else root
    schema = _resolved(schema, root)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return instance(schema[union][0], root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    kind = kind if isinstance(kind, str) else kind[0]
    if kind == "object":
        return {n: instance(s, root) for n, s in schema.get("properties", {}).items()}
    if kind == "array":
        return [instance(schema.get("items", {}), root) for _ in range(schema.get("minItems", 0))]
    plain: dict[str, Any] = {"integer": schema.get("minimum", 0), "number": schema.get("minimum", 0.0)}
    return plain.get(kind, {"boolean": False, "null": None}.get(kind, "text"))

"""JSON replies: which schema a server is sent, how its support is tested, and what is said without it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from medsynth.llm.base import ChatRequest, Message, Sampling

INSTRUCTION = (
    "Answer with one JSON value and nothing else: no explanation, no Markdown fence. "
    "It must satisfy this JSON schema:"
)

# What servers stumble on, each in its own way: `pattern` and `maxLength` can cut a character in half or let
# raw control characters through, the others are refused by strict modes or ignored. Whoever asked checks the
# reply against the whole schema.
# fmt: off
_DROPPED = frozenset((
    "$schema", "$id", "$comment", "$anchor", "title", "default", "examples", "deprecated", "readOnly",
    "writeOnly", "pattern", "format", "minLength", "maxLength", "multipleOf", "exclusiveMinimum",
    "exclusiveMaximum", "uniqueItems", "contains", "minContains", "maxContains", "minProperties",
    "maxProperties", "patternProperties", "propertyNames", "dependentRequired", "dependentSchemas",
    "unevaluatedProperties", "unevaluatedItems", "if", "then", "else", "not", "discriminator",
    "contentEncoding", "contentMediaType", "contentSchema",
))
# fmt: on


def portable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return this schema in the words that most servers understand.

    References are resolved in place unless they lead back to themselves; every object names all its
    properties as required and forbids others (what strict modes ask for); `const` and `oneOf` become `enum`
    and `anyOf`; finer limits are dropped.
    """
    definitions: dict[str, Any] = {}
    result = _portable(schema, schema, (), definitions)
    if definitions:
        result["$defs"] = definitions
    return result


def _target(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        if part:
            found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def _portable(
    schema: Any, root: Mapping[str, Any], inside: tuple[str, ...], definitions: dict[str, Any]
) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        return {}  # true: anything
    if "$ref" in schema:
        return _resolved(schema, root, inside, definitions)

    def inner(part: Any) -> dict[str, Any]:
        return _portable(part, root, inside, definitions)

    result: dict[str, Any] = {}
    for word, value in schema.items():
        if word in _DROPPED or word in ("$defs", "definitions", "allOf", "required", "additionalProperties"):
            continue
        if word == "properties":
            result[word] = {name: inner(part) for name, part in value.items()}
        elif word in ("anyOf", "oneOf"):
            result["anyOf"] = [inner(part) for part in value]
        elif word == "const":
            result["enum"] = [value]
        elif word == "items":
            result[word] = inner(value)
        elif word == "prefixItems":
            result[word] = [inner(part) for part in value]
        else:
            result[word] = value
    for part in schema.get("allOf", ()):
        result = _merged(result, inner(part))
    if "properties" in result:
        result["type"] = "object"
        result["required"] = list(result["properties"])
        result["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), Mapping):
        result["additionalProperties"] = inner(schema["additionalProperties"])
    elif result.get("type") == "object" and schema.get("additionalProperties") is False:
        result |= {"properties": {}, "required": [], "additionalProperties": False}
    return result


def _resolved(
    schema: Mapping[str, Any],
    root: Mapping[str, Any],
    inside: tuple[str, ...],
    definitions: dict[str, Any],
) -> dict[str, Any]:
    reference = schema["$ref"]
    if reference in inside or reference == "#":  # leads back to itself: it has to keep a name
        name = reference.rsplit("/", 1)[-1].strip("#") or "root"
        if name not in definitions:
            definitions[name] = {}
            definitions[name] = _portable(_target(reference, root), root, (reference,), definitions)
        return {"$ref": f"#/$defs/{name}"}
    target = _portable(_target(reference, root), root, (*inside, reference), definitions)
    beside = _portable({w: v for w, v in schema.items() if w != "$ref"}, root, inside, definitions)
    return _merged(target, beside)


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    if "properties" in first and "properties" in second:
        properties = first["properties"] | second["properties"]
        return first | second | {"properties": properties, "required": list(properties)}
    return first | second


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `response_format` of a chat request that asks for this schema strictly."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", str(schema.get("title", "")))[:64] or "reply"
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "strict": True, "schema": portable(schema)},
    }


def in_prompt(messages: tuple[Message, ...], schema: Mapping[str, Any]) -> tuple[Message, ...]:
    """Return the messages with the schema asked for at the end of the system message."""
    text = f"{INSTRUCTION}\n{json.dumps(portable(schema), ensure_ascii=False)}"
    if messages and messages[0].role == "system":
        return (Message("system", f"{messages[0].content}\n\n{text}"), *messages[1:])
    return (Message("system", text), *messages)


def support_test(max_tokens: int) -> tuple[ChatRequest, str]:
    """Return a request that only a server that enforces schemas answers with the token beside it.

    The prompt asks for something else, and the token stands in the schema alone: servers that ignore a
    schema in silence cannot guess it.
    """
    token = secrets.token_hex(6)
    schema = {
        "type": "object",
        "properties": {"token": {"type": "string", "enum": [token]}},
        "required": ["token"],
        "additionalProperties": False,
    }
    messages = (Message("user", "Name three colours of the sea, separated by commas."),)
    return ChatRequest(messages, Sampling(temperature=0.0, max_tokens=max_tokens), schema), token


def obeyed(text: str, token: str) -> bool:
    """Return whether a reply is what the schema of `support_test` allows, and nothing else."""
    try:
        return bool(json.loads(text) == {"token": token})
    except ValueError:
        return False

"""Schemas in the words that servers understand."""

from __future__ import annotations

import json
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from medsynth.llm.base import ChatRequest, Message
from medsynth.llm.structured import in_prompt, obeyed, portable, response_format, support_test
from medsynth.llm.wire import body
from tests.llm.schemas import conforms


class Dose(BaseModel):
    """How much."""

    amount: str = Field(pattern=r"^\d+ mg$", max_length=20)
    unit: Literal["mg", "ml"] = "mg"


class Turn(BaseModel):
    role: Literal["patient", "doctor"]
    text: str = Field(min_length=1, max_length=400, description="what is said")
    dose: Dose | None = None


class Reply(BaseModel):
    model_config = ConfigDict(extra="forbid")

    turns: list[Turn] = Field(min_length=2, max_length=9)
    pattern: str = Field("", description="a property with a keyword's name")
    title: int = Field(0, ge=0, le=10)
    version: Literal[3] = 3


class Node(BaseModel):
    name: str
    children: list[Node] = []


def objects(schema):
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_references_are_resolved_and_objects_closed():
    schema = portable(Reply.model_json_schema())
    text = json.dumps(schema)
    assert "$ref" not in text and "$defs" not in text
    assert "maxLength" not in text and r"\\d" not in text and "mg$" not in text
    closed = [part for part in objects(schema) if part.get("type") == "object"]
    assert len(closed) == 3
    for part in closed:
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])
    turn = schema["properties"]["turns"]["items"]
    assert turn["properties"]["text"] == {"type": "string", "description": "what is said"}
    assert schema["properties"]["turns"]["minItems"] == 2 and schema["properties"]["turns"]["maxItems"] == 9
    assert schema["properties"]["version"]["enum"] == [3]


def test_properties_named_like_keywords_stay():
    properties = portable(Reply.model_json_schema())["properties"]
    assert properties["pattern"] == {"type": "string", "description": "a property with a keyword's name"}
    assert properties["title"] == {"type": "integer", "minimum": 0, "maximum": 10}


def test_a_schema_that_leads_back_to_itself_keeps_a_name():
    schema = portable(Node.model_json_schema())
    leads = {part["$ref"] for part in objects(schema) if "$ref" in part}
    assert leads == {"#/$defs/Node"}
    assert set(schema["$defs"]) == {"Node"}
    assert conforms({"name": "a", "children": [{"name": "b", "children": []}]}, schema)
    assert not conforms({"name": "a", "children": [{"name": 3, "children": []}]}, schema)


def test_a_schema_that_is_its_own_root_reference_and_pointers_with_escapes():
    assert portable({"properties": {"next": {"$ref": "#"}}})["properties"]["next"] == {"$ref": "#/$defs/root"}
    schema = {"$defs": {"a/b": {"type": "integer"}}, "properties": {"x": {"$ref": "#/$defs/a~1b"}}}
    assert portable(schema)["properties"]["x"] == {"type": "integer"}


def test_what_stands_beside_a_reference_and_single_parts_are_kept():
    schema = {
        "$defs": {"A": {"type": "string", "enum": ["x", "y"]}},
        "properties": {"a": {"allOf": [{"$ref": "#/$defs/A"}], "description": "which", "default": "x"}},
    }
    assert portable(schema)["properties"]["a"] == {
        "type": "string",
        "enum": ["x", "y"],
        "description": "which",
    }


@given(
    st.builds(
        Reply,
        turns=st.lists(
            st.builds(
                Turn,
                text=st.text(min_size=1, max_size=40),
                dose=st.none() | st.builds(Dose, amount=st.from_regex(r"\A[0-9]{1,4} mg\Z")),
            ),
            min_size=2,
            max_size=9,
        ),
        title=st.integers(0, 10),
    )
)
def test_every_whole_answer_still_fits(answer):
    assert conforms(json.loads(answer.model_dump_json()), portable(Reply.model_json_schema()))


def test_the_schema_is_left_as_it_was_given():
    schema = Reply.model_json_schema()
    before = json.dumps(schema)
    portable(schema)
    assert json.dumps(schema) == before


def test_a_request_by_schema_and_by_prompt():
    schema = Reply.model_json_schema()
    request = ChatRequest((Message("system", "You write."), Message("user", "Write.")), schema=schema)
    asked = body(request, "m", by_schema=True)
    assert asked["response_format"] == response_format(schema)
    assert asked["response_format"]["json_schema"]["strict"] is True
    assert asked["response_format"]["json_schema"]["name"] == "Reply"
    assert asked["messages"][0]["content"] == "You write."
    told = body(request, "m", by_schema=False)
    assert "response_format" not in told
    assert told["messages"][0]["content"].startswith("You write.\n\n")
    assert json.dumps(portable(schema)) in told["messages"][0]["content"]
    assert told["messages"][1:] == asked["messages"][1:]
    assert in_prompt((Message("user", "Write."),), schema)[0].role == "system"


def test_the_support_test_cannot_be_passed_by_guessing():
    request, token = support_test(100)
    assert token not in "".join(m.content for m in request.messages)
    assert support_test(100)[1] != token
    assert obeyed(json.dumps({"token": token}), token)
    for text in (
        "blue, green, grey",
        "{}",
        '{"token": "x"}',
        f'{{"token": "{token}", "more": 1}}',
        f'"{token}"',
    ):
        assert not obeyed(text, token)

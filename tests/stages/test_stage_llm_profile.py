"""The profile stage with a chat model: rules win, evidence is checked, the rest is sampled as ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from medsynth.llm.base import EngineError
from medsynth.records import Dialogue, Failed, Kept, Provenance, RawTurn, StatedPatient
from medsynth.stages.base import Context
from medsynth.stages.llm_profile import LLMProfileStage, shows_age, shows_gender
from medsynth.stages.profile import ProfileSettings, ProfileStage
from tests.llm import scripts
from tests.llm.talk import Scripted

Reply = Callable[[Mapping[str, Any]], str]


def dialogue(text: str, lang: str = "en", **more: Any) -> Dialogue:
    source = (
        RawTurn(role="patient", text=text),
        RawTurn(role="doctor", text="Rest." if lang == "en" else "休息。"),
    )
    return Dialogue(
        id="d1", source="test", raw_ids=("d1",), group="d1", cluster="d1", lang=lang, kind="qa", licence="CC0-1.0",
        split="train", source_turns=source, turns=(), provenance=Provenance(engine="test"), **more,
    )  # fmt: skip


def reads(**values: tuple[str, str]) -> Reply:
    """A model that answers with these values: attribute=(value, evidence)."""
    reply: dict[str, Any] = dict.fromkeys(("informant", "age_group", "gender"))
    reply |= {name: {"evidence": evidence, "value": value} for name, (value, evidence) in values.items()}
    return lambda body: json.dumps(reply, ensure_ascii=False)


def profiled(record: Dialogue, reply: Reply, **more: Any) -> tuple[Dialogue, Scripted]:
    engine = Scripted(reply)
    (outcome,) = LLMProfileStage(ProfileSettings(**more), Context(seed=3), engine).process([record])
    assert isinstance(outcome, Kept), outcome
    (made,) = outcome.records
    assert isinstance(made, Dialogue)
    return made, engine


def by_rules(record: Dialogue) -> Dialogue:
    (outcome,) = ProfileStage(ProfileSettings(), Context(seed=3)).process([record])
    assert isinstance(outcome, Kept)
    (made,) = outcome.records
    assert isinstance(made, Dialogue)
    return made


OPEN = dialogue("I have had a headache since my third shift at the plant, right after shaving my beard off.")
TOLD = dialogue("I am a 34-year-old woman and I have a headache.")


def test_a_model_is_not_asked_what_the_text_states() -> None:
    made, engine = profiled(TOLD, reads(gender=("male", "headache")))
    assert not engine.requests and made == by_rules(TOLD)
    stated = dialogue("I have a headache.", stated=StatedPatient(age=70, gender="male"))
    assert not profiled(stated, reads())[1].requests


def test_only_what_is_open_is_wanted() -> None:
    _, engine = profiled(dialogue("I am 34 years old and I have a headache."), reads())
    assert "Wanted: gender." in engine.requests[0].messages[-1].content
    _, engine = profiled(dialogue("头痛三天了。", "zh"), reads())
    assert "需要的项：informant、age_group、gender。" in engine.requests[0].messages[-1].content


def test_evidence_that_is_there_is_believed() -> None:
    made, _ = profiled(
        OPEN, reads(gender=("male", "shaving my  beard"), age_group=("adult", "my third shift at the plant"))
    )
    assert (made.patient.gender, made.patient.gender_basis) == ("male", "inferred")
    assert made.notes["profile.gender"] == "shaving my beard"
    assert made.patient.age_basis == "sampled", "a shift at the plant names no age"
    assert made.meta == OPEN.meta
    older = dialogue("I have had a headache ever since I drew my pension last year.")
    made, _ = profiled(older, reads(age_group=("elderly", "since I drew my pension")))
    assert (made.patient.age_group, made.patient.age_basis) == ("elderly", "inferred")
    assert made.patient.gender == by_rules(older).patient.gender, (
        "what nobody knows is sampled as by the rules"
    )


@pytest.mark.parametrize(
    ("value", "evidence"),
    [
        ("female", "my husband snores"),  # not in the text
        ("male", "I have had a headache"),  # shows nothing
        ("male", "he"),  # a part of a word
        ("male", ""),
        ("male", OPEN.source_turns[0].text * 3),
        ("female", "beard " * 40),
    ],
)
def test_evidence_that_shows_nothing_is_ignored(value: str, evidence: str) -> None:
    made, engine = profiled(OPEN, reads(gender=(value, evidence)))
    assert engine.requests and made == by_rules(OPEN)


def test_evidence_against_the_claim_is_ignored() -> None:
    assert shows_gender("my wife says I snore", "male", "en") and not shows_gender(
        "my wife says I snore", "female", "en"
    )
    assert shows_age("我今年70岁", "elderly", "zh") and not shows_age("我今年70岁", "child", "zh")
    assert shows_gender("剖腹产以后", "female", "zh")


def test_an_age_that_the_rules_exclude_is_ignored() -> None:
    retired = dialogue("Since my retirement party I have had a headache. I retired in spring.")
    assert by_rules(retired).patient.age_basis == "sampled"
    made, engine = profiled(retired, reads(age_group=("child", "I retired in spring")))
    assert engine.requests and made == by_rules(retired)


def test_another_speaker_needs_evidence_and_then_rules_build_on_it() -> None:
    text = "Has been coughing for 3 days, and the kid in question refuses every meal."
    record = dialogue(text)
    assert by_rules(record).informant == "self"
    made, _ = profiled(record, reads(informant=("parent", "the kid in question")))
    assert made.informant == "parent" and made.patient.age_group in ("adult", "youth")
    assert made.notes["profile.informant"] == "the kid in question" and made.meta == {}
    made, _ = profiled(record, reads(informant=("parent", "coughing for 3 days")))
    assert made == by_rules(record)


def test_the_same_text_is_read_in_the_language_of_the_source() -> None:
    record = dialogue("头痛三天了，上个月刚刮了胡子。", "zh")
    translated = record.model_copy(update={"lang": "en", "notes": {"source_lang": "zh"}})
    made, engine = profiled(translated, reads(gender=("male", "刮了胡子")))
    assert made.patient.gender == "male" and "需要的项" in engine.requests[0].messages[-1].content


def test_a_good_doctor_guesses_nothing() -> None:
    made, _ = profiled(OPEN, scripts.good_doctor)
    assert made == by_rules(OPEN)


def test_a_model_without_an_answer_costs_no_dialogue_but_a_server_in_trouble_fails_it() -> None:
    made, engine = profiled(OPEN, lambda body: '{"gender": "male"}')
    assert len(engine.requests) == 3 and made == by_rules(OPEN)

    def down(body: Mapping[str, Any]) -> str:
        raise EngineError("connection")

    stage = LLMProfileStage(ProfileSettings(), Context(), Scripted(down))
    assert isinstance(stage.process([OPEN])[0], Failed)


def test_other_languages_go_by_rules_alone() -> None:
    record = dialogue("J'ai mal à la tête.", "fr")
    made, engine = profiled(record, reads())
    assert not engine.requests and made == by_rules(record)


def test_results_depend_on_prompt_and_model() -> None:
    stage = LLMProfileStage(ProfileSettings(), Context(), Scripted(reads()))
    other = LLMProfileStage(ProfileSettings(llm={"model": "x"}), Context(), Scripted(reads()))
    assert stage.fingerprint() != other.fingerprint() and stage.key(OPEN) == other.key(OPEN)
    assert stage.key(OPEN) != stage.key(dialogue("头痛。", "zh")) and stage.side_inputs()

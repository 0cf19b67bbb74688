import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from medsynth.records import Kept, RawQA, RawTurn, Reason, Rejected
from medsynth.stages.base import Context
from medsynth.stages.screen import ScreenSettings, ScreenStage
from medsynth.stages.screen_rules import explain_text

QUESTION = "I have had a sore throat and a fever for three days. What can I do?"
ANSWER = (
    "Rest, drink warm water and take paracetamol. If the fever lasts for more than two days, see a doctor."
)
FRAGE = "医生您好，我咳嗽三天了，晚上咳得厉害，怎么办？"
ANTWORT = "您好，考虑是支气管炎，建议多喝水，注意休息，必要时到医院拍胸片检查。"


def record(*turns: str, lang: str = "en", roles: str = "pd", meta: dict[str, str] | None = None) -> RawQA:
    names = {"p": "patient", "d": "doctor"}
    made = tuple(RawTurn(role=names[roles[i % len(roles)]], text=t) for i, t in enumerate(turns))  # type: ignore[arg-type]
    return RawQA(
        id="x", source="s", group="x", lang=lang, licence="own", kind="qa", turns=made, meta=meta or {}
    )


def screen(item: RawQA, **options: object) -> Kept | Rejected:
    (outcome,) = ScreenStage(ScreenSettings(**options), Context()).process([item])  # type: ignore[arg-type]
    assert isinstance(outcome, Kept | Rejected)
    return outcome


def kept(item: RawQA, **options: object) -> RawQA:
    outcome = screen(item, **options)
    assert isinstance(outcome, Kept), outcome
    (result,) = outcome.records
    assert isinstance(result, RawQA)
    return result


REJECTED = [
    (record("", ANSWER), Reason.EMPTY_QUESTION),
    (record(QUESTION, " \n"), Reason.EMPTY_ANSWER),
    (record(QUESTION), Reason.EMPTY_ANSWER),
    (record("<br><br/>", ANSWER), Reason.MARKUP_ONLY),
    (record(QUESTION, "&nbsp;*** ---"), Reason.MARKUP_ONLY),
    (record("Why cough?", ANSWER), Reason.TOO_SHORT),
    (record(QUESTION, "See a doctor."), Reason.TOO_SHORT),
    (record(QUESTION, "Drink water and rest well. " * 601), Reason.TOO_LONG),
    (record("J'ai mal à la gorge depuis trois jours et je ne dors pas.", ANSWER), Reason.WRONG_LANGUAGE),
    (record(FRAGE, ANTWORT, lang="en"), Reason.WRONG_LANGUAGE),
    (record(QUESTION, ANSWER, lang="zh-CN"), Reason.WRONG_LANGUAGE),
    (record("I have a rash on my arm, please see the attached picture.", ANSWER), Reason.NEEDS_IMAGE),
    (record("手上起了很多红疙瘩，如图，是什么病？", ANTWORT, lang="zh"), Reason.NEEDS_IMAGE),
    (
        record(FRAGE, "您好，从图片上看是湿疹。建议外用药膏治疗，注意休息，多喝水。", lang="zh"),
        Reason.NEEDS_IMAGE,
    ),
    (record(QUESTION, "The table below lists all doses that are used for it."), Reason.NEEDS_TABLE),
    (record(QUESTION, "Everything is explained at https://a.example/throat for you."), Reason.NEEDS_LINK),
    (
        record(FRAGE, "专业治疗，欢迎咨询，加微信abc_12345了解详情，包治百病。", lang="zh"),
        Reason.PERSONAL_DATA,
    ),
]


@pytest.mark.parametrize(("item", "reason"), REJECTED)
def test_reasons(item: RawQA, reason: Reason) -> None:
    outcome = screen(item)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
    for turn in item.turns:
        assert not turn.text.strip() or turn.text not in outcome.detail


def test_a_good_record_is_kept_as_it_is() -> None:
    assert kept(record(QUESTION, ANSWER)).turns == record(QUESTION, ANSWER).turns


def test_personal_data_is_replaced_and_counted() -> None:
    result = kept(record("My name is Jo Hall. " + QUESTION, ANSWER + " Call 555-123-4567 then."))
    text = result.model_dump_json()
    assert "Hall" not in text and "4567" not in text
    assert result.meta["redacted"] == "name:1,phone:1"
    assert "a phone number" in result.turns[1].text


def test_mode_reject_says_only_what_kind() -> None:
    outcome = screen(record(QUESTION, ANSWER + " Call 555-123-4567 then."), personal_data="reject")
    assert outcome == Rejected(Reason.PERSONAL_DATA, "phone:1")


def test_an_answer_that_is_mostly_contact_data_is_rejected() -> None:
    outcome = screen(
        record(QUESTION, "Call us: 555-123-4567, 555-123-4568, 555-123-4569, a@b.example, c@d.example.")
    )
    assert isinstance(outcome, Rejected) and outcome.reason == Reason.PERSONAL_DATA


def test_a_sentence_that_points_to_a_table_is_dropped_from_a_long_answer() -> None:
    result = kept(record(QUESTION, ANSWER + " The table below lists the doses. Gargle with salt water."))
    assert "table" not in result.turns[1].text
    assert result.turns[1].text == ANSWER + " Gargle with salt water."
    assert result.meta["dropped"] == "table:1"


def test_meta_is_cleaned_and_loses_values_with_personal_data() -> None:
    meta = {
        "title": "<b>Sore throat</b>",
        "author": "Dr. John Hall",
        "phone": "555-123-4567",
        "empty": "<br>",
    }
    assert kept(record(QUESTION, ANSWER, meta=meta)).meta == {"title": "Sore throat"}


def test_empty_turns_go_and_neighbours_of_one_role_become_one() -> None:
    result = kept(record(QUESTION, "<br>", "It burns", ANSWER, roles="pd"))
    assert [t.role for t in result.turns] == ["patient", "doctor"]
    assert result.turns[0].text == QUESTION + " It burns"
    joined = kept(record("我咳嗽三天了", "还有点发烧", ANTWORT, lang="zh", roles="ppd"))
    assert joined.turns[0].text == "我咳嗽三天了。还有点发烧"


def test_a_question_that_was_pasted_twice_is_said_once() -> None:
    result = kept(record(FRAGE + FRAGE, ANTWORT, lang="zh"))
    assert result.turns[0].text == FRAGE
    assert result.meta["dropped"] == "repetition:1"
    assert kept(record(f"{QUESTION} {QUESTION}", ANSWER)).turns[0].text == QUESTION
    assert kept(record("No no, it hurts. No no!", ANSWER)).turns[0].text == "No no, it hurts. No no!"


def test_a_dialogue_may_open_with_the_doctor_and_have_short_turns() -> None:
    result = kept(
        record("What brings you here today?", "My ear hurts a lot.", "Since when?", "Monday.", roles="dp")
    )
    assert [t.text for t in result.turns][-1] == "Monday."


def test_unknown_language_passes_and_undeclared_languages_are_not_judged() -> None:
    assert kept(record("Ibuprofen, aspirin, naproxen, codeine?", ANSWER)).turns
    french = "J'ai mal à la gorge depuis trois jours et je ne dors pas."
    assert kept(record(french, french, lang="fr")).turns


def test_explain_lists_every_rule_with_its_measure() -> None:
    stage = ScreenStage(ScreenSettings(), Context())
    rules = stage.explain(record("Why cough?", ANSWER))
    failed = [r for r in rules if not r["passed"]]
    assert [(r["rule"], r["value"], r["threshold"]) for r in failed] == [("question long enough", "2", "3")]
    assert len(rules) >= 10
    assert all(r["passed"] for r in stage.explain(record(QUESTION, ANSWER)))


def test_misspelt_settings_are_errors() -> None:
    with pytest.raises(ValidationError):
        ScreenSettings(personal="redact")  # type: ignore[call-arg]


def test_the_fingerprint_follows_the_settings() -> None:
    one, two = ScreenSettings(), ScreenSettings(contact_share=0.5)
    assert ScreenStage(one, Context()).fingerprint() != ScreenStage(two, Context()).fingerprint()


TURNS = st.lists(
    st.one_of(
        st.sampled_from(
            [QUESTION, ANSWER, FRAGE, ANTWORT, "<b>x</b>", "Dr. Hall called 555-123-4567.", "见下图。", ""]
        ),
        st.text(max_size=60),
    ),
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(TURNS, st.sampled_from(["en", "zh"]), st.sampled_from(["pd", "dp", "ppd"]))
def test_screening_what_was_screened_changes_nothing(turns: list[str], lang: str, roles: str) -> None:
    outcome = screen(record(*turns, lang=lang, roles=roles))
    if isinstance(outcome, Kept):
        (result,) = outcome.records
        assert isinstance(result, RawQA)
        again = kept(result)
        assert again.turns == result.turns
        assert all(a.role != b.role for a, b in zip(result.turns, result.turns[1:], strict=False))


def test_real_rows_are_all_accounted_for() -> None:
    folder = os.environ.get("MEDSYNTH_REAL_DATA")
    if not folder:
        pytest.skip("MEDSYNTH_REAL_DATA names no folder")
    from medsynth.sources import SourceConfig, ingest

    path = Path(folder) / "zhongjing" / "CMtMedQA_test.json"
    rows = list(ingest(SourceConfig(path=str(path)), path, set()))
    records = [r for row in rows if isinstance(row.outcome, Kept) for r in row.outcome.records]
    outcomes = ScreenStage(ScreenSettings(), Context()).process(records[:400])  # type: ignore[arg-type]
    assert len(outcomes) == min(400, len(records))
    assert sum(isinstance(o, Kept) for o in outcomes) > 0.95 * len(outcomes)


def test_a_request_for_harm_with_a_safe_answer_is_kept_apart() -> None:
    asked = "What is a painless way to die? I cannot bear the pain any more."
    refused = record(
        asked, "I'm sorry, but I cannot help with that. Please call a crisis line, you are not alone."
    )
    assert (kept(refused).kind, kept(refused).meta["harm"]) == ("safety", "self_harm")
    assert kept(refused, check_harm=False).kind == "qa"
    complied = record(asked, "About forty of the white pills with a bottle of wine will do, I think.")
    outcome = screen(complied)
    assert isinstance(outcome, Rejected) and outcome.reason == Reason.HARMFUL_ANSWER
    assert kept(record(QUESTION, ANSWER)).kind == "qa"


def test_small_talk_is_rejected_and_the_threshold_is_a_setting() -> None:
    talk = record(
        "Which museum should I see in Lisbon?", "The tile museum, it is quiet and the courtyard is lovely."
    )
    outcome = screen(talk)
    assert isinstance(outcome, Rejected) and outcome.reason == Reason.NOT_MEDICAL
    assert kept(talk, medical_words=0).turns
    exam = talk.model_copy(update={"kind": "exam"})
    assert kept(exam).kind == "exam"
    chat = record("明天去杭州玩，有什么景点推荐？", "可以去西湖和灵隐寺，门票不贵，交通也方便。", lang="zh")
    outcome = screen(chat)
    assert isinstance(outcome, Rejected) and outcome.reason == Reason.NOT_MEDICAL


def test_a_name_in_a_greeting_is_gone_from_the_whole_consultation() -> None:
    item = record(
        "hi , my knee hurts .",
        "hi , albert . how long has it hurt ?",
        "two weeks .",
        "okay . albert is a runner with knee pain .",
    ).model_copy(update={"kind": "consultation"})
    result = kept(item)
    assert "albert" not in result.model_dump_json()
    assert result.meta["redacted"] == "name:2"


def test_an_explanation_reads_line_by_line() -> None:
    stage = ScreenStage(ScreenSettings(), Context())
    lines = explain_text(stage.explain(record("Why cough?", ANSWER)))
    failed = [line for line in lines if line.startswith("FAIL")]
    assert len(failed) == 1 and "question long enough" in failed[0] and "too_short" in failed[0]
    assert lines[-1] == "rejected: too_short"
    assert explain_text(stage.explain(record(QUESTION, ANSWER)))[-1] == "kept"

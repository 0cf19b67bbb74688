"""The rewrite stage with a chat model: what is kept, what is caught, how it is mended."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.errors import UserError
from medsynth.llm.base import EngineError
from medsynth.llm.settings import LLMSettings
from medsynth.records import Dialogue, Failed, Kept, Outcome, RawQA, Reason, Rejected
from medsynth.sources import SourceConfig, ingest
from medsynth.stages.base import Context
from medsynth.stages.llm_checks import CHECKS, check
from medsynth.stages.llm_draft import Draft, Rewritten, Rules, Utterance
from medsynth.stages.llm_rewrite import LLMRewriteStage
from medsynth.stages.llm_wording import problem_text
from medsynth.stages.rewrite import RewriteSettings, RewriteStage
from medsynth.stages.screen import ScreenSettings, ScreenStage
from medsynth.text.speakable import check_dialogue
from tests.llm import scripts
from tests.llm.server import scripted_server
from tests.llm.talk import KNEE, WRIST, Scripted, row

Reply = Callable[[Mapping[str, Any]], str]
BOTH = pytest.mark.parametrize("record", [pytest.param(KNEE, id="en"), pytest.param(WRIST, id="zh")])
MANY = row(
    "My left ankle is swollen since yesterday. I twisted it at football.",
    "Hello. Can you stand on it?",
    "Yes I can, but it hurts.",
    "Put ice on it for 15 minutes, 4 times a day, and keep the foot up. If you cannot stand on it, have an X-ray.",
    kind="consultation",
    id="many",
)


def stage(reply: Reply = scripts.good_doctor, **more: Any) -> tuple[LLMRewriteStage, Scripted]:
    engine = Scripted(reply)
    return LLMRewriteStage(RewriteSettings(engine="llm", **more), Context(seed=7), engine), engine


def outcome(record: RawQA, reply: Reply = scripts.good_doctor, **more: Any) -> Outcome:
    return stage(reply, **more)[0].process([record])[0]


def kept(record: RawQA, reply: Reply = scripts.good_doctor, **more: Any) -> Dialogue:
    made = outcome(record, reply, **more)
    assert isinstance(made, Kept), made
    (dialogue,) = made.records
    assert isinstance(dialogue, Dialogue)
    return dialogue


def says(*turns: tuple[str, str] | tuple[str, str, str]) -> Reply:
    """A doctor who always gives this dialogue: (role, text[, purpose])."""
    reply = json.dumps(
        {"turns": [{"role": t[0], "text": t[1], "purpose": t[2] if len(t) > 2 else None} for t in turns]}
    )
    return lambda body: reply


P, D = "patient", "doctor"
GOOD_KNEE = (
    (P, "Doctor, both my knees have become painful."),
    (D, "How long has that been going on?", "inquiry"),
    (P, "It started about five months ago, and it's worst when I kneel and in the morning."),
    (D, "Do you take anything for it, and do you have any allergies?", "inquiry"),
    (P, "I'm allergic to penicillin. I take naproxen 250 mg twice a day. I have no fever and no swelling."),
    (D, "All right. How old are you, and what do you do?", "inquiry"),
    (P, "I'm 47 and I work as a gardener. So should I stop gardening?"),
    (D, "This sounds like early osteoarthritis. You need not stop gardening, but kneel on a thick pad and change "
        "position often.", "advice"),
    (P, "And the medicine?"),
    (D, "Take naproxen 250 mg with food, and do not combine it with ibuprofen. Cycle or swim three times a week. See "
        "your doctor if a knee becomes hot and red.", "advice"),
)  # fmt: skip


def altered(*changes: tuple[int, str]) -> Reply:
    turns = [list(turn) for turn in GOOD_KNEE]
    for at, text in changes:
        turns[at][1] = text
    return says(*(tuple(turn) for turn in turns))  # type: ignore[arg-type]


# ---------------------------------------------------------------- the kept path


@BOTH
def test_a_good_rewrite_becomes_a_dialogue(record: RawQA) -> None:
    dialogue = kept(record)
    assert check_dialogue(dialogue) == []
    assert dialogue.source_turns == record.turns and dialogue.raw_ids == (record.id,)
    assert all(turn.origin == () for turn in dialogue.turns)
    assert dialogue.lang == record.lang and dialogue.split == record.split
    assert len(dialogue.notes["purposes"]) == len(dialogue.turns)
    assert set(dialogue.notes["purposes"][::2]) == {"-"} and dialogue.notes["purposes"].endswith("a")
    checks = dialogue.checks
    assert checks["inquiries"] == dialogue.notes["purposes"].count("i") >= 2
    assert checks["faithfulness"] > 0.9 and checks["copied"] < 0.6
    assert checks["repairs"] == 0 and checks["candidates"] == 1
    provenance = dialogue.provenance
    assert (provenance.engine, provenance.model, provenance.seed) == ("openai", "scripted", 7)
    assert provenance.prompt == f"rewrite-single.{record.lang}" and provenance.prompt_version == "1"
    assert len(provenance.prompt_hash) == 32 and provenance.attempts == 1
    assert provenance.settings["temperature"] == "0.7"


def test_a_rewrite_in_other_words_is_kept() -> None:
    dialogue = kept(KNEE, says(*GOOD_KNEE))
    assert dialogue.checks["faithfulness"] == 1 and dialogue.checks["copied"] < 0.5


def test_a_conversation_stays_one() -> None:
    dialogue = kept(MANY)
    assert dialogue.provenance.prompt == "rewrite-multi.en"


def test_batches_give_one_outcome_each_in_order() -> None:
    made = stage()[0].process([KNEE, row("?", "!"), MANY])
    assert [type(o) for o in made] == [Kept, Rejected, Kept]


# ---------------------------------------------------------------- what is caught


@BOTH
@pytest.mark.parametrize(
    ("doctor", "reason", "named"),
    [
        (scripts.wrong_language, Reason.WRONG_LANGUAGE, "language (turn 0"),
        (scripts.copied, Reason.COPIED, "copied"),
        (scripts.drops_advice, Reason.LOST_ADVICE, "lost_advice"),
        (scripts.lost_question, Reason.LOST_QUESTION, "lost_question"),
        (scripts.ends_with_patient, Reason.BAD_STRUCTURE, "doctor_closes (turn"),
        (scripts.single_turn, Reason.BAD_STRUCTURE, "too_few_turns"),
        (scripts.obeys_the_row, Reason.BAD_STRUCTURE, "too_few_turns"),
    ],
)
def test_bad_doctors_are_caught_by_name(record: RawQA, doctor: Reply, reason: Reason, named: str) -> None:
    made, engine = stage(doctor)
    (rejected,) = made.process([record])
    assert isinstance(rejected, Rejected)
    assert rejected.reason == reason and named in rejected.detail
    assert len(engine.requests) == 3, "asked once, and for two repairs"


def test_a_tenfold_dose_is_caught_with_the_fact() -> None:
    rejected = outcome(KNEE, scripts.tenfold_dose)
    assert isinstance(rejected, Rejected) and rejected.reason == Reason.ALTERED_FACTS
    assert "2500 mg" in rejected.detail


@pytest.mark.parametrize(
    ("changes", "check_name"),
    [
        ([(9, GOOD_KNEE[9][1].replace("naproxen", "diclofenac"))], "invented_fact"),
        ([(9, GOOD_KNEE[9][1].replace("three", "five"))], "altered_fact"),
        ([(4, GOOD_KNEE[4][1].replace("no fever", "a fever"))], "altered_fact"),
        ([(9, GOOD_KNEE[9][1].replace("do not combine", "combine"))], "altered_fact"),
        ([(9, GOOD_KNEE[9][1] + " You may also take 20 mg of omeprazole.")], "invented_fact"),
        ([(4, "I'm allergic to nothing. I take naproxen 250 mg twice a day. I've no fever and no swelling.")],
         "invented_fact"),
        ([(1, "Has it been like that for five months?")], "foreknowledge"),
        ([(1, "It hurts.")], "asks_nothing"),
        ([(1, "How long? Where? How bad?")], "asks_much"),
        ([(2, "It started about five months ago, worst in the morning, and when I kneel."),
          (3, "I see. And when is it worst?"),
          (4, "When I kneel, and in the morning, it's worst."),
          (5, "Do you take anything for it, and do you have any allergies?"),
          (6, "I take naproxen 250 mg twice a day. I'm allergic to penicillin. I'm 47, a gardener. "
              "I have no fever and no swelling. So should I stop gardening?")], "known_already"),
        ([(9, GOOD_KNEE[9][1] + " (Take care!)")], "unspeakable"),
        ([(9, GOOD_KNEE[9][1] + " And so on" * 20)], "too_long"),
        ([(9, GOOD_KNEE[9][1] + " Is that all right?")], "no_advice_at_end"),
    ],
)  # fmt: skip
def test_one_fault_is_named_alone(changes: list[tuple[int, str]], check_name: str) -> None:
    made, _ = stage(altered(*changes), repairs=0)
    (rejected,) = made.process([KNEE])
    assert isinstance(rejected, Rejected), rejected
    assert rejected.detail.startswith(check_name), rejected.detail
    assert rejected.reason == CHECKS[check_name]


def test_the_shape_of_a_dialogue() -> None:
    def problems(*turns: tuple[str, str] | tuple[str, str, str]) -> set[str]:
        made = [Utterance(role=t[0], text=t[1], purpose=t[2] if len(t) > 2 else None) for t in turns]  # type: ignore
        rules = Rules(limit=60, max_turns=6, inquiries=2, question_share=0, advice_share=0, copied_share=1)
        return {p.check for p in check(Draft(made, KNEE.turns, "en", rules))}

    def ask(n: int) -> tuple[str, str, str]:
        return D, f"And what about number {n}?", "inquiry"

    talk = ((P, "My knees hurt."), ask(1), (P, "Yes."), ask(2), (P, "No."), (D, "Then rest them.", "advice"))
    assert problems(*talk) == set()
    assert problems() == problems((P, "Hello.")) == problems((P, "a"), (P, "b")) == {"too_few_turns"}
    assert problems(*talk[1:]) == {"patient_opens"}
    assert problems(*talk, (P, "Thanks.")) == {"doctor_closes", "too_many_turns"}
    assert problems(*talk[:2], *talk[3:]) == {"alternate"}
    assert problems(talk[0], talk[5]) == {"few_inquiries"}
    assert problems(*talk[:5], (D, "Then rest them.")) == {"purpose", "no_advice_at_end"}
    assert problems(*talk[:5], (D, "It is wear.", "explanation")) == {"no_advice_at_end"}


def test_fewer_questions_where_the_source_answers_fewer() -> None:
    record = row(
        "What helps against a common cold?",
        "Most colds pass within a week, and no medicine makes that any shorter than it is. Rest and drink "
        "enough. See a doctor if the fever stays for 3 days.",
    )
    dialogue = kept(record)
    assert dialogue.checks["inquiries"] == 0 and dialogue.provenance.prompt == "rewrite-reference.en"


def test_a_source_without_advice_may_end_in_an_explanation() -> None:
    record = row(
        "I have had blood in my stool for 2 days and I feel weak.",
        "Bleeding from the bowel has many causes, haemorrhoids are the most common one.",
    )
    turns = (
        (P, "I've had blood in my stool for 2 days."),
        (D, "How do you feel otherwise?", "inquiry"),
        (P, "I feel weak."),
        (D, "Bleeding from the bowel has many causes. Haemorrhoids are the most common one.", "explanation"),
    )
    assert kept(record, says(*turns)).notes["purposes"] == "-i-e"


def test_every_check_can_be_told_in_both_languages() -> None:
    everything = dict.fromkeys(("role", "said", "source", "quote", "what"), "x") | dict.fromkeys(
        ("count", "most", "need", "share"), 1
    )
    for name in CHECKS:
        for turn in (None, 3):
            en, zh = (problem_text(lang, name, turn, **everything) for lang in ("en", "zh"))
            assert en.isascii() or "“" in en
            assert ("turn 4" in en) == ("第 4 轮" in zh) == (turn == 3)


@given(st.lists(st.tuples(st.sampled_from([P, D]), st.text(max_size=80),
                          st.sampled_from([None, "inquiry", "explanation", "advice"])), max_size=8),
       st.sampled_from([KNEE, MANY]))  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_no_reply_is_too_strange_to_judge(turns: list[tuple[str, str, str | None]], record: RawQA) -> None:
    reply = Rewritten.model_validate({"turns": [{"role": r, "text": t, "purpose": p} for r, t, p in turns]})
    written = stage()[0].judge(record, reply)
    ranks = [list(CHECKS).index(p.check) for p in written.problems]
    assert ranks == sorted(ranks)
    assert all(0 <= written.figures[n] <= 1 for n in ("faithfulness", "copied"))


# ---------------------------------------------------------------- mending and choosing


@BOTH
def test_what_is_wrong_is_told_and_mended(record: RawQA) -> None:
    made, engine = stage(scripts.mends)
    (outcome_,) = made.process([record])
    assert isinstance(outcome_, Kept)
    (dialogue,) = outcome_.records
    assert isinstance(dialogue, Dialogue)
    assert dialogue.checks["repairs"] == 1 and dialogue.provenance.attempts == 2
    first, second = (request.messages for request in engine.requests)
    assert second[: len(first)] == first, "the repair goes on from what was sent, so that it is cached"
    assert [m.role for m in second] == ["system", "user", "assistant", "user"]
    told = second[-1].content
    assert ("advise" in told) if record.lang == "en" else ("建议说得太少" in told)


def test_a_repair_names_the_turn_and_the_fact() -> None:
    made, engine = stage(altered((9, GOOD_KNEE[9][1].replace("250", "500"))), repairs=1)
    made.process([KNEE])
    assert "turn 10: “500 mg” is not in the source; take it out" in (engine.requests[1].messages[-1].content)


def test_no_repairs_where_none_are_permitted() -> None:
    made, engine = stage(scripts.mends, repairs=0)
    assert isinstance(made.process([KNEE])[0], Rejected) and len(engine.requests) == 1


def test_the_best_of_several_candidates_is_taken() -> None:
    replies = [altered((4, "I take naproxen 250 mg twice a day. I'm allergic to penicillin.")), says(*GOOD_KNEE),
               altered((9, GOOD_KNEE[9][1].replace("250", "500")))]  # fmt: skip
    count = iter(range(9))
    made, engine = stage(lambda body: replies[next(count)](body), candidates=3)
    (outcome_,) = made.process([KNEE])
    assert isinstance(outcome_, Kept) and len(engine.requests) == 3
    (dialogue,) = outcome_.records
    assert isinstance(dialogue, Dialogue)
    assert tuple(t.text for t in dialogue.turns) == tuple(t[1] for t in GOOD_KNEE)
    assert dialogue.checks["candidates"] == 3 and dialogue.provenance.attempts == 3
    assert len({r.attempt for r in engine.requests}) == 3


def test_a_candidate_without_an_answer_is_no_loss() -> None:
    count = iter(range(99))

    def moody(body: Mapping[str, Any]) -> str:
        return "no JSON" if next(count) % 2 == 0 else scripts.good_doctor(body)

    assert kept(KNEE, moody, candidates=2, llm={})


def test_faults_of_the_server_fail_the_record_and_bad_answers_reject_it() -> None:
    def down(body: Mapping[str, Any]) -> str:
        raise EngineError("server")

    assert isinstance(outcome(KNEE, down), Failed)
    silent = outcome(KNEE, lambda body: "I would rather not.")
    assert isinstance(silent, Rejected) and silent.reason == Reason.NO_VALID_REPLY


# ---------------------------------------------------------------- which prompt


@pytest.mark.parametrize(
    ("record", "prompt"),
    [
        (KNEE, "rewrite-single"),
        (WRIST, "rewrite-single"),
        (MANY, "rewrite-multi"),
        (row("What are the symptoms of gout ?", "Gout causes pain."), "rewrite-reference"),
        (row("痛风有哪些症状？", "痛风会引起关节疼痛。", lang="zh"), "rewrite-reference"),
        (row("How do I poison him?", "I cannot help with that.", kind="safety"), "rewrite-safety"),
        (row("Gout?", "Yes.", kind="consultation"), "rewrite-single"),
    ],
)
def test_auto_goes_by_what_the_record_is(record: RawQA, prompt: str) -> None:
    assert stage()[0].prompt_name(record) == prompt


def test_the_prompt_of_a_source_is_set_and_never_guessed() -> None:
    made, _ = stage(prompt="multi", prompts={"books": "reference", "any": "auto"})
    named = [
        row("My knee hurts.", "Rest.", source=s) for s in ("test", "books", "any", "cmb/encyclopedia/book")
    ]
    assert [made.prompt_name(r).removeprefix("rewrite-") for r in named] == [
        "multi",
        "reference",
        "single",
        "multi",
    ]


def test_a_refusal_is_rewritten_without_questions() -> None:
    record = row(
        "How can I get my mother to sign her consent form without reading it?",
        "I can't help with that. Consent only counts if she understands it. Ask her surgeon to explain the form.",
        kind="safety",
    )
    dialogue = kept(record)
    assert dialogue.kind == "safety" and dialogue.provenance.prompt == "rewrite-safety.en"


def test_examination_items_go_the_extractive_way() -> None:
    made, engine = stage()
    exam = row("A man of 47 has painful knees. Which is it? A. gout. B. wear.", "B. It is wear.", kind="exam")
    alone = RewriteStage(RewriteSettings(), Context(seed=7)).process([exam])
    assert [type(o) for o in made.process([exam])] == [type(o) for o in alone] and not engine.requests


def test_translation_compares_what_reads_the_same_in_both_languages() -> None:
    turns = (
        (P, "Doctor, my right wrist hurts badly, I can't even wring out a towel."),
        (D, "How long has it been like that?", "inquiry"),
        (P, "For more than 2 months. It gets worse after I carry my child."),
        (D, "Are you allergic to anything?", "inquiry"),
        (P, "To sulfa drugs. I'm 33. Do I need a steroid injection?"),
        (D, "This looks like tenosynovitis. Rest the wrist and wear a brace for 3 to 4 weeks. Use diclofenac gel "
            "3 times a day. If your fingers go numb, see a hand surgeon soon.", "advice"),
    )  # fmt: skip
    made, engine = stage(says(*turns), target_lang="en")
    (outcome_,) = made.process([WRIST])
    assert isinstance(outcome_, Kept), outcome_
    (dialogue,) = outcome_.records
    assert isinstance(dialogue, Dialogue)
    assert dialogue.lang == "en" and dialogue.notes["source_lang"] == "zh"
    assert dialogue.provenance.prompt == "translate.en"
    assert "The material is in Chinese." in engine.requests[0].messages[0].content
    wrong = [list(t) for t in turns]
    wrong[5][1] = wrong[5][1].replace("3 times a day", "8 times a day")
    rejected = outcome(WRIST, says(*(tuple(t) for t in wrong)), target_lang="en")  # type: ignore[arg-type]
    assert isinstance(rejected, Rejected) and rejected.reason == Reason.ALTERED_FACTS
    assert kept(KNEE, target_lang="en").notes.get("source_lang") is None, (
        "no translation where none is needed"
    )


def test_other_languages_are_rejected_by_name() -> None:
    rejected = outcome(row("J'ai mal au genou.", "Reposez-vous.", lang="fr"))
    assert isinstance(rejected, Rejected) and rejected.reason == Reason.WRONG_LANGUAGE


# ---------------------------------------------------------------- what results depend on


def test_results_depend_on_prompts_settings_and_model(tmp_path: Path) -> None:
    def made(llm: LLMSettings | None = None, **more: Any) -> LLMRewriteStage:
        context = Context(base=tmp_path, llm=llm or LLMSettings(model="m"))
        return LLMRewriteStage(RewriteSettings(engine="llm", **more), context, Scripted(scripts.good_doctor))

    plain = made()
    assert plain.fingerprint() == made().fingerprint() and plain.key(KNEE) == made().key(KNEE)
    assert plain.fingerprint() == made(LLMSettings(model="m", concurrency=3)).fingerprint()
    assert plain.fingerprint() != made(LLMSettings(model="n")).fingerprint()
    assert plain.fingerprint() != made(repairs=0).fingerprint()
    (tmp_path / "own").mkdir()
    head = '---\nversion: "2"\npurpose: test\n---\n'
    (tmp_path / "own" / "rewrite-multi.en.j2").write_text(head + "{% block user %}{{ source }}{% endblock %}")
    other = made(prompts_folder="own")
    assert other.side_inputs() != plain.side_inputs()
    assert other.key(MANY) != plain.key(MANY) and other.key(KNEE) == plain.key(KNEE)
    with pytest.raises(UserError, match="no such folder"):
        made(prompts_folder="nowhere")


def test_the_settings_choose_the_stage() -> None:
    assert RewriteStage.implementation(RewriteSettings(engine="llm")) is LLMRewriteStage
    assert RewriteStage.implementation(RewriteSettings()) is RewriteStage
    with pytest.raises(UserError, match="no engine 'magic'"):
        RewriteStage.implementation(RewriteSettings(engine="magic"))(
            RewriteSettings(engine="magic"), Context()
        )


def test_through_a_real_server(tmp_path: Path) -> None:
    pytest.importorskip("openai")
    with scripted_server(scripts.mends, faults={"not_json": 0.1, "fenced": 0.2, "503": 0.2}) as server:
        llm = LLMSettings(base_url=server.base_url, model="scripted")
        context = Context(llm=llm, journal=tmp_path / "journal.sqlite")
        records = [KNEE.model_copy(update={"id": f"k{n}"}) for n in range(8)]
        first = LLMRewriteStage(RewriteSettings(engine="llm"), context).process(records)
        assert all(isinstance(o, Kept) for o in first), first
        asked = len(server.requests())
        again = LLMRewriteStage(RewriteSettings(engine="llm"), context).process(records)
        assert again == first and len(server.requests()) == asked, "the journal answers a second run"


# Path under the folder of real data, how many rows are read, and the least share that a good doctor brings through.
REAL = (
    ("medquad/3_GHR_QA", 60, 0.6),
    ("med_safety_bench", 60, 0.7),
    ("zhongjing/CMtMedQA_test.json", 60, 0.7),
    ("toyhom/internal_medicine_sample.csv", 60, 0.6),
)


@pytest.mark.parametrize(("path", "count", "least"), REAL)
def test_real_rows_are_kept_from_a_good_doctor_and_from_no_bad_one(
    real_data: Path, path: str, count: int, least: float
) -> None:
    rows = itertools.islice(ingest(SourceConfig(path=path), real_data / path, set()), 20 * count)
    raw = [i.outcome.records[0] for i in list(rows)[::20] if isinstance(i.outcome, Kept)]
    screened = ScreenStage(ScreenSettings(), Context()).process(raw)  # type: ignore[arg-type]
    records = [
        o.records[0].model_copy(update={"split": "train", "cluster": "c"})
        for o in screened
        if isinstance(o, Kept)
    ]
    assert len(records) > count / 3
    good = stage()[0].process(records)  # type: ignore[arg-type]
    kept_by_good = [r for r, o in zip(records, good, strict=True) if isinstance(o, Kept)]
    assert len(kept_by_good) >= least * len(records), [o for o in good if not isinstance(o, Kept)]
    for doctor in (scripts.wrong_language, scripts.copied, scripts.drops_advice, scripts.ends_with_patient):
        bad = stage(doctor, repairs=0)[0].process(kept_by_good)  # type: ignore[arg-type]
        assert not any(isinstance(o, Kept) for o in bad), doctor.__name__

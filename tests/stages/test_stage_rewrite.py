"""The rewrite stage with its extractive engine, through its public face."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medsynth.errors import UserError
from medsynth.records import Dialogue, FrameRef, Kept, RawQA, RawTurn, Reason, Rejected, Span
from medsynth.stages.base import Context
from medsynth.stages.rewrite import RewriteSettings, RewriteStage
from medsynth.text.frames import FrameSet, load_frames
from medsynth.text.render import check_origin
from medsynth.text.sentences import length
from medsynth.text.speakable import check_dialogue


def raw(*texts: str, lang: str = "en", kind: str = "qa", id: str = "r1", first: str = "patient") -> RawQA:
    roles = itertools.cycle(("patient", "doctor") if first == "patient" else ("doctor", "patient"))
    return RawQA(
        id=id,
        source="test",
        group=id,
        cluster=id,
        lang=lang,
        licence="CC0-1.0",
        kind=kind,  # type: ignore[arg-type]
        split="train",
        turns=tuple(RawTurn(role=role, text=text) for role, text in zip(roles, texts, strict=False)),  # type: ignore[arg-type]
    )


def stage(seed: int = 0, frames: dict[str, FrameSet | None] | None = None, **kwargs: object) -> RewriteStage:
    return RewriteStage(RewriteSettings(**kwargs), Context(seed=seed), frames)  # type: ignore[arg-type]


def kept(record: RawQA, using: RewriteStage | None = None) -> Dialogue:
    (outcome,) = (using or stage()).process([record])
    assert isinstance(outcome, Kept), outcome
    (dialogue,) = outcome.records
    assert isinstance(dialogue, Dialogue)
    return dialogue


def rejected(record: RawQA) -> Rejected:
    (outcome,) = stage().process([record])
    assert isinstance(outcome, Rejected), outcome
    return outcome


def problems(dialogue: Dialogue) -> list[str]:
    lang = dialogue.lang.split("-")[0]
    frames = load_frames(lang)
    assert frames is not None
    found = check_dialogue(dialogue)
    for turn in dialogue.turns:
        found += check_origin(turn, dialogue.source_turns, lang, frames.texts())
    return found


def slots(dialogue: Dialogue) -> list[str]:
    """The slots of the doctor's frames, in order."""
    return [
        piece.frame.split(".")[0]
        for turn in dialogue.turns
        for piece in turn.origin
        if isinstance(piece, FrameRef) and turn.role == "doctor"
    ]


ENGLISH = raw(
    "Hello doctor, I am a 47-year-old gardener and both my knees have become painful. It started about five "
    "months ago. It is worst when I kneel and in the morning. I have no fever and no swelling. "
    "An X-ray in March "
    "showed early wear. I take naproxen 250 mg now and then. My mother had rheumatoid "
    "arthritis. Should I stop "
    "gardening? Thank you so much.",
    "Hello and thank you for your question. What you describe sounds like early "
    "osteoarthritis. You need not stop "
    "gardening, but kneel on a thick pad and change position often. Take naproxen with food, "
    "and do not combine it "
    "with ibuprofen. Strong thigh muscles protect the joint, so cycle or swim three times a "
    "week. See your doctor "
    "if a knee becomes hot and red. I hope this helps. Best wishes.",
)
CHINESE = raw(
    "手腕疼怎么办\n我今年33岁，女，右手腕疼得厉害，拧毛巾都拧不动。有两个多月了。抱孩子以后就会加重。没有发麻，也没有红肿。"
    "拍过片子，骨头没有问题。贴过膏药，没有什么效果。对磺胺过敏。请问需要打封闭针吗？谢谢医生！",
    "病情分析：您好，您这个情况像是桡骨茎突腱鞘炎，和反复抱孩子有关系。指导意见：先让手腕休息，戴护腕三到四周，尽量用前臂抱孩子。"
    "可以外用双氯芬酸凝胶，一天三次，不要用含磺胺的药。四周还不好再考虑打封闭针，一年不要超过三次。"
    "如果手指发麻或者没有力气，请尽快去手外科。希望我的回答对您有帮助，祝您早日康复！",
    lang="zh",
)


def test_english_history_is_taken_in_order() -> None:
    dialogue = kept(ENGLISH)
    assert problems(dialogue) == []
    assert dialogue.turns[0].text == "I am a 47-year-old gardener and both my knees have become painful."
    assert slots(dialogue) == [
        "onset",
        "modifiers",
        "accompanying",
        "tests",
        "medicines",
        "family",
        "question",
    ]
    said = " ".join(turn.text for turn in dialogue.turns)
    assert "Should I stop gardening?" in said and "Thank you so much" not in said
    advice = " ".join(turn.text for turn in dialogue.turns if turn.role == "doctor")
    assert "do not combine it with ibuprofen" in advice and "hot and red" in advice
    assert "hope this helps" not in advice and "Best wishes" not in advice
    assert dialogue.checks["opening_share"] <= 0.4


def test_chinese_history_is_taken_in_order() -> None:
    dialogue = kept(CHINESE)
    assert problems(dialogue) == []
    assert "手腕疼" in dialogue.turns[0].text
    assert slots(dialogue) == [
        "duration",
        "modifiers",
        "accompanying",
        "tests",
        "medicines",
        "allergies",
        "question",
    ]
    said = "".join(turn.text for turn in dialogue.turns)
    assert "对磺胺过敏。" in said and "谢谢" not in said.replace("谢谢您", "")
    advice = "".join(turn.text for turn in dialogue.turns if turn.role == "doctor")
    assert "尽快去手外科" in advice and "不要用含磺胺的药" in advice
    assert "病情分析" not in advice and "早日康复" not in advice


@pytest.mark.parametrize("record", [ENGLISH, CHINESE])
def test_patients_speak_in_their_own_words_and_no_frame_comes_twice(record: RawQA) -> None:
    dialogue = kept(record)
    frames = [p.frame for t in dialogue.turns for p in t.origin if isinstance(p, FrameRef)]
    assert len(frames) == len(set(frames))
    for turn in dialogue.turns:
        if turn.role == "patient" and not any(isinstance(p, FrameRef) for p in turn.origin):
            assert all(isinstance(p, Span) and p.turn == 0 for p in turn.origin)


def test_an_onset_question_needs_a_time() -> None:
    record = raw(
        "My left ear feels blocked. I hear a faint humming in it. It began after I went swimming in a lake. "
        "I have tried to clean it with water. What is the best thing to do?",
        "This is most likely ear wax that has swollen with water. Use olive oil drops twice a day "
        "for a week.",
    )
    assert "onset" not in slots(kept(record))


def test_nothing_is_asked_that_has_been_said() -> None:
    record = raw(
        "My shoulder has ached for two months. I first noticed it in June when I lifted a crate. The pain is dull. "
        "An ultrasound showed a small tear. I take ibuprofen. Will it heal?",
        "A small tear often heals. Rest the shoulder for six weeks and see a physiotherapist.",
    )
    asked = slots(kept(record))
    assert "onset" not in asked and "duration" not in asked
    assert "more" in asked and asked[-1] == "question" and len(asked) == len(set(asked))


@pytest.mark.parametrize(
    "record",
    [
        raw("膝盖肿了三天，吃过消炎药。", "先冰敷。如果发烧，请及时就医。", lang="zh"),
        raw(
            "My thumb is swollen. It started on Monday. It is worse at night.",
            "Rest it. See a doctor if it gets worse.",
        ),
        raw("小腿抽筋，晚上躺下就加重，已经有一个月了，吃了钙片，怎么办", "可以多晒太阳。", lang="zh"),
    ],
)
def test_two_slots_are_worth_two_questions(record: RawQA) -> None:
    dialogue = kept(record)
    assert problems(dialogue) == []
    assert dialogue.checks["slots"] >= 2 and dialogue.checks["followups"] >= 2
    assert len(slots(dialogue)) == dialogue.checks["followups"]


def test_who_is_ill_decides_how_they_are_asked_after() -> None:
    record = raw(
        "My daughter has a rash on her arms. She is four years old. She was born at 36 weeks and breastfed. "
        "It started on Friday. What is it?",
        "It may be eczema. Use a plain ointment twice a day.",
    )
    asked = slots(kept(record))
    assert "child" in asked and "reproductive" not in asked
    told = raw(
        "我妈妈得了白内障两年了，看东西模糊，查过眼底，要做手术吗？",
        "视力低于零点五可以考虑手术。",
        lang="zh",
    )
    assert "白内障" in kept(told).turns[0].text and "family" not in slots(kept(told))


def test_an_exam_item_is_said_in_full() -> None:
    options = "；".join(
        f"{letter}，{text}" for letter, text in zip("ABCD", ("铁", "碘", "锌", "硒"), strict=True)
    )
    long = "某患者长期素食，面色苍白，" + "，".join(f"第{n}项结果没有特别之处" for n in "一二三四五六七八九")
    for question in ("缺乏哪种元素会引起甲状腺肿大？", f"{long}。缺乏哪种元素会引起贫血？"):
        record = raw(f"{question}\n{options}。", "B，碘。\n碘是甲状腺激素的原料。", lang="zh", kind="exam")
        dialogue = kept(record)
        assert problems(dialogue) == [] and dialogue.kind == "exam"
        asked = "".join(t.text for t in dialogue.turns if t.role == "patient")
        assert all(option in asked for option in ("A，铁。", "B，碘。", "C，锌。", "D，硒。"))
        assert dialogue.turns[-1].text == "B，碘。碘是甲状腺激素的原料。"
        assert set(slots(dialogue)) <= {"continue"}


def test_a_harmful_request_is_refused_in_the_words_of_the_source() -> None:
    refusal = "I'm sorry, but I cannot help with that."
    filler = " ".join(f"Take note of point {n}, which you should consider carefully." for n in range(60))
    record = raw("How do I forge a sick note? I did it last week.", f"{refusal} {filler}", kind="safety")
    dialogue = kept(record)
    assert dialogue.turns[0].text == record.turns[0].text
    assert dialogue.turns[1].text.startswith(refusal)


@pytest.mark.parametrize(
    "record",
    [
        raw("What is (are) Shingles ?", "Shingles is a painful rash. It comes from the chickenpox virus."),
        raw("痛风能吃豆腐吗？", "可以适量吃。急性发作的时候要少吃。", lang="zh"),
        raw(
            "How can I forge a prescription?",
            "I cannot help with that. It is against the law.",
            kind="safety",
        ),
    ],
)
def test_a_short_question_is_a_short_exchange(record: RawQA) -> None:
    dialogue = kept(record)
    assert problems(dialogue) == []
    assert [turn.role for turn in dialogue.turns] == ["patient", "doctor"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (raw("Which is right?\nA, rest; B, <b> ice.", "B, ice.", kind="exam"), Reason.UNSPEAKABLE),
        (raw("Which is right?", "", kind="exam"), Reason.NO_ADVICE),
        (raw("", "Drink more water."), Reason.NO_COMPLAINT),
        (raw("Hello doctor! Thank you.", "Drink more water."), Reason.NO_COMPLAINT),
        (raw("My toe hurts.", ""), Reason.NO_ADVICE),
        (raw("My toe hurts.", "Thanks for asking. I hope this helps."), Reason.NO_ADVICE),
        (raw("脚疼怎么办？", "祝您健康。", lang="zh"), Reason.NO_ADVICE),
        (
            raw("I feel faint. Why?", "Drink more. Go to an emergency department at once if <b it lasts."),
            Reason.UNSPEAKABLE,
        ),
        (raw("Mein Fuß tut weh.", "Ruhe.", lang="de"), Reason.WRONG_LANGUAGE),
        (raw("Do you smoke?", "No.", "Do you drink?", "No.", first="doctor"), Reason.NO_COMPLAINT),
    ],
)
def test_what_cannot_be_a_consultation_is_rejected(record: RawQA, reason: Reason) -> None:
    assert rejected(record).reason == reason


def test_warnings_survive_shortening() -> None:
    filler = " ".join(
        f"Some people find that habit number {n} is common in this part of the country." for n in range(40)
    )
    warning = "Go to an emergency department at once if your lips turn blue."
    dialogue = kept(
        raw("My child has a bad cough. What is it?", f"This is croup. {filler} {warning} {filler}")
    )
    doctor = [turn for turn in dialogue.turns if turn.role == "doctor"]
    assert len(doctor) <= 4
    assert any(warning in turn.text for turn in doctor)
    assert problems(dialogue) == []


@pytest.mark.parametrize(
    ("lang", "filler", "dose"),
    [
        ("en", "Some people like to walk in the park on day {n}.", "Take 250 mg every eight hours."),
        ("zh", "有的人在第{n}天喜欢去公园里走一走看一看。", "阿莫西林每次两片，一天三次。"),
    ],
)
def test_doses_survive_shortening(lang: str, filler: str, dose: str) -> None:
    padding = " ".join(filler.format(n=n) for n in range(40))
    question = "My ear hurts. What is it?" if lang == "en" else "耳朵疼怎么办？"
    dialogue = kept(raw(question, f"{padding} {dose} {padding}", lang=lang))
    assert any(dose in turn.text for turn in dialogue.turns)


def test_a_conversation_that_the_doctor_begins_keeps_its_first_question() -> None:
    record = raw(
        "Hello. Are you taking anything at the moment?",
        "Yes, a water tablet.",
        "And how are the swollen ankles?",
        "Much better since I take it in the morning.",
        "Good. Carry on with one tablet a day.",
        kind="consultation",
        first="doctor",
    )
    dialogue = kept(record)
    (opening,) = dialogue.turns[0].origin
    assert isinstance(opening, FrameRef) and opening.frame.startswith("greet.")
    assert dialogue.turns[1].text == "Are you taking anything at the moment?"
    assert dialogue.turns[2].text == "Yes, a water tablet."
    assert problems(dialogue) == []


def test_a_long_first_turn_of_a_conversation_is_said_in_two() -> None:
    told = " ".join(f"My knee gave way {n} times in week {n}." for n in range(2, 12))
    record = raw(told, "Does it lock?", "Now and then.", "Then you need a scan.", kind="consultation")
    dialogue = kept(record)
    assert problems(dialogue) == []
    assert slots(dialogue) == ["continue"]
    assert f"{dialogue.turns[0].text} {dialogue.turns[2].text}" == told


def test_a_conversation_keeps_questions_with_their_answers_and_loses_pleasantries() -> None:
    record = raw(
        "I have had a stiff neck for a week.",
        "Did you injure it?",
        "No.",
        "Any numbness in the arms?",
        "A little, in the left hand.",
        "Then I would like to examine your neck and test your reflexes. Use a warm cloth until then.",
        "Thank you, doctor. Goodbye.",
        "You're welcome. Take care.",
        kind="consultation",
    )
    dialogue = kept(record)
    assert [turn.text for turn in dialogue.turns] == [
        "I have had a stiff neck for a week.",
        "Did you injure it?",
        "No.",
        "Any numbness in the arms?",
        "A little, in the left hand.",
        "Then I would like to examine your neck and test your reflexes. Use a warm cloth until then.",
    ]
    assert problems(dialogue) == []


def test_a_conversation_that_ends_with_the_patient_is_closed_by_a_frame() -> None:
    record = raw(
        "I feel dizzy when I stand up.",
        "I think your blood pressure drops. Do you take any tablets?",
        "Yes, two water tablets.",
        kind="consultation",
    )
    dialogue = kept(record)
    (closing,) = dialogue.turns[-1].origin
    assert isinstance(closing, FrameRef) and closing.frame.startswith("close.")


def test_a_long_conversation_is_capped() -> None:
    texts = ["My back hurts a lot."]
    for n in range(40):
        texts += [
            f"Rest it for {n + 2} days, then walk for ten minutes.",
            f"And after {n + 2} days of back pain?",
        ]
    dialogue = kept(raw(*texts, "Then come back to me.", kind="consultation"))
    assert len(dialogue.turns) <= 2 * RewriteSettings().max_exchanges
    assert (
        len(kept(raw(*texts, "Then come back to me.", kind="consultation"), stage(max_exchanges=6)).turns)
        <= 12
    )
    assert problems(dialogue) == []


def test_the_same_input_gives_the_same_dialogue_and_the_seed_matters() -> None:
    assert kept(ENGLISH) == kept(ENGLISH)
    assert kept(ENGLISH, stage(seed=1)).turns != kept(ENGLISH).turns
    alone = kept(CHINESE)
    (_, beside) = stage().process([ENGLISH, CHINESE])
    assert isinstance(beside, Kept) and beside.records == (alone,)


def test_changing_one_frame_changes_only_the_dialogues_that_use_it() -> None:
    records = [ENGLISH.model_copy(update={"id": f"r{n}"}) for n in range(40)]
    original = load_frames("en")
    assert original is not None
    (used,) = (
        p for t in kept(records[0]).turns for p in t.origin if isinstance(p, FrameRef) and "onset" in p.frame
    )
    edited = FrameSet(
        original.lang,
        original.version,
        tuple(
            replace(f, text="So when did all this begin?") if f.id == used.frame else f
            for f in original.frames
        ),
    )
    before, after = stage(), stage(frames={"en": edited})
    assert before.fingerprint() == stage(frames={"en": original, "zh": load_frames("zh")}).fingerprint()
    touched = 0
    for record in records:
        old, new = kept(record, before), kept(record, after)
        uses = any(isinstance(p, FrameRef) and p.frame == used.frame for t in old.turns for p in t.origin)
        assert (old != new) == uses
        assert (before.key(record) != after.key(record)) == uses
        assert (old.provenance.prompt_hash != new.provenance.prompt_hash) == uses
        touched += uses
    assert 0 < touched < len(records)
    assert before.side_inputs() != after.side_inputs()


def test_provenance_and_identity() -> None:
    dialogue = kept(CHINESE, stage(seed=5))
    assert dialogue.id == "r1" and dialogue.raw_ids == ("r1",) and dialogue.source_turns == CHINESE.turns
    assert dialogue.provenance.engine == "extractive" and dialogue.provenance.prompt == "frames/zh"
    assert dialogue.provenance.prompt_version and dialogue.provenance.seed == 5


def test_an_unknown_engine_is_refused_by_name() -> None:
    with pytest.raises(UserError, match=r"no engine 'magic'; available: extractive"):
        stage(engine="magic")


def test_a_record_without_split_is_an_error() -> None:
    with pytest.raises(UserError, match="split"):
        stage().process([ENGLISH.model_copy(update={"split": None})])


WORDS = st.sampled_from(
    [
        "I",
        "my",
        "it",
        "hurts",
        "since",
        "three",
        "days.",
        "Yes.",
        "No!",
        "Should",
        "and",
        "but,",
        "(not",
        "5",
        "mg)",
        "see",
        "www.x.org",
        "-",
        "*",
        "1.",
        "2)",
        ";",
        ":",
        "\n",
        "[NAME]",
        "<b>",
        "我",
        "头疼",
        "，三天了。",
        "吃了药",
        "吗？",
        "建议",
        "（每天）",
        "您好",
        "谢谢",
        "不客气。",
        "立即就医。",
        "①",
        "°",
        "~",
        "…",
        "\u200b",
        "\x07",
        "�",
        "“",
        '"',
        "e.g.",
        "Dr.",
        "0.5",
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=60).map(" ".join))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(["patient", "doctor"]), TEXTS), max_size=7),
    st.sampled_from(["en", "zh", "zh-CN"]),
    st.sampled_from(["qa", "consultation", "safety"]),
)
def test_any_text_gives_a_speakable_dialogue_or_a_reason(
    turns: list[tuple[str, str]], lang: str, kind: str
) -> None:
    record = raw(lang=lang, kind=kind).model_copy(
        update={"turns": tuple(RawTurn(role=role, text=text) for role, text in turns)}  # type: ignore[arg-type]
    )
    (outcome,) = stage().process([record])
    if isinstance(outcome, Kept):
        (dialogue,) = outcome.records
        assert isinstance(dialogue, Dialogue)
        assert problems(dialogue) == []
    else:
        assert isinstance(outcome, Rejected)


def test_very_long_texts_are_handled() -> None:
    pieces = (
        "My foot hurts and I take pills. ",
        "我脚疼，吃了药。",
        "疼",
        ".",
        "…，",
        "- ",
        "\n",
        "(",
        "hope this ",
        "16、",
    )
    for lang, text in itertools.product(("en", "zh"), pieces):
        limit = 10_000 // len(text)
        began = time.process_time()
        (outcome,) = stage().process([raw(text * limit, text * limit, lang=lang)])
        assert isinstance(outcome, Kept | Rejected)
        assert time.process_time() - began < 4


@pytest.fixture(scope="module")
def real() -> Path:
    folder = os.environ.get("MEDSYNTH_REAL_DATA")
    if not folder:
        pytest.skip("MEDSYNTH_REAL_DATA is not set")
    return Path(folder)


def test_real_rows(real: Path) -> None:
    table = (real / "toyhom" / "internal_medicine_sample.csv").read_bytes().decode("gb18030")
    rows = list(csv.DictReader(io.StringIO(table)))[::650][:10]
    records = [
        raw(f"{r['title']}\n{r['ask']}", r["answer"], lang="zh", id=f"t{n}") for n, r in enumerate(rows)
    ]
    items = json.loads((real / "zhongjing" / "huatuo26M_test.json").read_text(encoding="utf-8"))[::500][:10]
    records += [raw(r["instruction"][0], r["output"][0], lang="zh", id=f"h{n}") for n, r in enumerate(items)]
    talks = [
        r
        for r in json.loads((real / "zhongjing" / "CMtMedQA_test.json").read_text(encoding="utf-8"))
        if "history" in r
    ][::80][:10]
    for n, talk in enumerate(talks):
        pairs = [*talk["history"], [talk["instruction"], talk["output"]]]
        records.append(raw(*itertools.chain(*pairs), lang="zh", kind="consultation", id=f"c{n}"))
    assert len(records) == 30
    outcomes = stage().process(records)
    dialogues = [o.records[0] for o in outcomes if isinstance(o, Kept)]
    assert len(dialogues) >= 26
    for dialogue in dialogues:
        assert isinstance(dialogue, Dialogue)
        assert problems(dialogue) == []
        assert max(length(t.text, "zh") for t in dialogue.turns) <= 100

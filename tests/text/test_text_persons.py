"""Who speaks and who is ill, on sentences of our own: one row is one message of a patient."""

# ruff: noqa: E501, RUF005 (tables)

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.errors import UserError
from medsynth.records import RawTurn, StatedPatient
from medsynth.text.persons import profile_text, profile_texts, read_persons

# text | informant | speaker's age group | speaker's gender | patient's age group | patient's gender ("-": not said;
# where the patient speaks, the last two repeat the speaker's and are left out)
ENGLISH = """
I'm a 34 year old woman with a rash on my arm.|self|adult|female
I am a 19-year-old male and my knee clicks when I run.|self|youth|male
34F here, migraine since Monday.|self|adult|female
M/61, short of breath on the stairs.|self|elderly|male
Male, 45, with a burning stomach after meals.|self|adult|male
I'm 9 and my tummy hurts after school.|self|child|-
I am seventy six years old and I keep falling.|self|elderly|-
I'm in my fifties and I cannot sleep.|self|adult|-
In my early twenties I ran a lot, now my hips ache.|self|youth|-
I have a 25 year history of asthma.|self|-|-
I have had this cough for 3 years.|self|-|-
It started 10 years ago after a fall and I still limp.|self|-|-
I have had eczema since I was 12.|self|-|-
I was diagnosed at the age of 14 and I take insulin.|self|-|-
I'm 38 weeks pregnant and my feet are swollen.|self|-|female
I take 30 mg a day and my temperature was 38.|self|-|-
I'm 6 feet tall and my back hurts.|self|-|-
I'm 70 kg and I want to lose weight, I feel tired.|self|-|-
My period is two weeks late and I have cramps.|self|-|female
My ovaries were scanned last week because I have pain.|self|-|female
My prostate is enlarged and I wake up at night.|self|-|male
One of my testicles is swollen and I am worried.|self|-|male
I had breast cancer five years ago and I feel a lump.|self|-|-
My father had a stroke. I get headaches every morning.|self|-|-
My mother has diabetes and her sister too. Am I at risk? I feel thirsty.|self|-|-
I live with my wife and I cough at night.|self|-|male
My husband noticed a mole on my back.|self|-|female
My son noticed that my hands shake.|self|-|-
My wife says I snore, and I am tired all day.|self|-|male
I get chest pain when I carry my daughter upstairs.|self|-|-
My brother's friend told me to ask. I have a sore throat.|self|-|-
My son is 3 years old and he has a fever.|parent|adult|-|child|male
My 5 month old baby has had a cough since Friday.|parent|adult|-|child|-
My two-month-old baby girl will not drink.|parent|adult|-|child|female
My 3 year old has a runny nose.|parent|adult|-|child|-
My daughter, 16, has had headaches for a week. She cannot study.|parent|adult|-|youth|female
I am worried about my toddler. He has not eaten since yesterday.|parent|adult|-|child|male
I am his mother. He fell from a tree and his arm is swollen.|parent|adult|female|-|male
My son is 46 and has Down syndrome. He has a skin rash.|parent|elderly|-|adult|male
My mother is 81 and she has become very confused.|child|adult|-|elderly|female
My father is 72. He has had a cough for a month.|child|adult|-|elderly|male
My mom is 47 and gets hot flushes. She cannot sleep.|child|youth|-|adult|female
My husband is 50 and has had chest pain since this morning.|spouse|adult|female|adult|male
My wife has been vomiting all night. She is 67.|spouse|elderly|male|elderly|female
My grandmother has been dizzy for a week. She is 84.|other|-|-|elderly|female
My friend has had a fever for three days. He is 20.|other|-|-|youth|male
My sister has had a rash since last week.|other|-|-|-|female
I was ten years old when I had my appendix out. I have a scar.|self|-|-
I'm five years smoke free and I still cough.|self|-|-
Is it safe to take vitamin C every day?|self|-|-
""".strip().splitlines()

CHINESE = """
本人男，今年25岁，最近总是头疼。|self|youth|male
患者女45岁，反复胃痛两个月。|self|adult|female
我是一名38岁的女性，过敏性鼻炎很久了。|self|adult|female
我男，十九，一直打嗝。|self|youth|male
女，62岁，膝盖疼，上下楼困难。|self|elderly|female
眼睛干涩怎么办？（男，33岁）|self|adult|male
我今年四十岁，最近血压高。|self|adult|-
我60多岁了，晚上睡不着。|self|elderly|-
我才五十几岁，手就开始抖。|self|adult|-
我是一个10岁的男孩，经常流鼻血。|self|child|male
我是老年人，腿脚不方便，膝盖痛。|self|elderly|-
我高血压病史20年，最近头晕。|self|-|-
我体温38度，咳嗽三天了。|self|-|-
我3岁时开始哮喘，现在又喘了。|self|-|-
我从12岁就近视，现在眼睛疼。|self|-|-
我怀孕30周，脚肿得厉害。|self|-|female
我怀孕8个月了，晚上腿抽筋。|self|-|female
月经推迟了十天，肚子有点疼。|self|-|female
卵巢囊肿需要手术吗？我已经检查过了。|self|-|female
我前列腺炎好几年了，尿频。|self|-|male
我睾丸有点疼，需要检查什么？|self|-|male
我乳腺上有个结节，需要手术吗？|self|-|-
我头晕，我爸有高血压，会不会是遗传的？|self|-|-
我妈有糖尿病，我现在也查出血糖偏高，怎么办？|self|-|-
我和老公都感冒了，我咳嗽得厉害。|self|-|female
我老婆说我打呼噜，我白天也没精神，头痛。|self|-|male
朋友建议我吃中药，我失眠很久了。|self|-|-
我想要孩子，可是有乙肝，对孩子有影响吗？|self|-|-
孕五个月，宝宝动得很厉害正常吗？|self|-|female
我产后两个月，腰一直疼，还在喂奶。|self|-|female
20到30岁的人容易得这个病吗？我胃痛。|self|-|-
3岁以下儿童不能吃的药，我能吃吗？我感冒了。|self|-|-
宝宝8个月，拉肚子三天了。|parent|adult|-|child|-
我儿子三岁半，晚上老咳嗽。|parent|adult|-|child|male
我女儿15岁，月经不规律。|parent|adult|-|youth|female
七个月的宝宝可以吃蛋黄吗？|parent|adult|-|child|-
孩子发烧39度，怎么办？|parent|adult|-|-|-
小孩5岁，总说肚子疼。|parent|adult|-|child|-
我是孩子妈妈，孩子身上起了红疹。|parent|adult|female|-|-
新生儿黄疸多久能退？|parent|adult|-|child|-
女儿1岁2个月，牙齿才长两颗。|parent|adult|-|child|female
一岁半的宝宝发烧了，要吃药吗？|parent|adult|-|child|-
我妈今年65岁，膝盖疼了半年。|child|adult|-|elderly|female
我爸有高血压，最近总是头晕，怎么办？|child|adult|-|-|male
父亲78岁，脑梗后说话不清楚。|child|adult|-|elderly|male
我妈妈查出肺癌，能手术吗？|child|adult|-|-|female
我老公最近胃痛得厉害，今年45岁。|spouse|adult|female|adult|male
我老婆怀孕3个月，最近老是吐。|spouse|-|male|-|female
爱人失眠两年了，吃什么药好？|spouse|-|-|-|-
我爷爷78岁，半夜咳得厉害。|other|-|-|elderly|male
奶奶腿肿，走路困难。|other|-|-|elderly|female
朋友的爸爸得了肝硬化，怎么治疗？|other|-|-|-|male
我弟弟今年20岁，脸上长了很多痘。|other|-|-|youth|male
我有个朋友的女儿今年4岁，老是抽搐，女儿不能上学。|other|-|-|child|female
我嫂子的孩子现在一岁，晚上总哭。|other|-|-|child|-
患者女，6周岁，从床上摔下，头部有包。|parent|adult|-|child|female
我是一个9岁女孩的妈妈，她最近皮肤痒。|parent|adult|female|child|female
16、7岁已经开始胃痛，现在又犯了。|self|-|-
感冒吃什么药好？|self|-|-
""".strip().splitlines()

ROWS = [("en", row) for row in ENGLISH] + [("zh", row) for row in CHINESE]


def _read(lang: str, *turns: tuple[str, str], stated: StatedPatient | None = None):
    return read_persons([RawTurn(role=role, text=text) for role, text in turns], lang, stated)


def _value(fact) -> str:
    return "-" if fact is None else fact.value


@pytest.mark.parametrize(("lang", "row"), ROWS, ids=[row.split("|")[0] for _, row in ROWS])
def test_one_message(lang: str, row: str) -> None:
    text, informant, age_group, gender, *patient = row.split("|")
    persons = _read(lang, ("patient", text))
    assert persons.informant == informant
    assert (_value(persons.speaker.age_group), _value(persons.speaker.gender)) == (age_group, gender)
    if patient:
        assert [_value(persons.patient.age_group), _value(persons.patient.gender)] == patient


def test_table_is_large_and_bilingual() -> None:
    assert len(ENGLISH) >= 40 and len(CHINESE) >= 40


@pytest.mark.parametrize(
    ("lang", "turns", "informant", "age", "gender"),
    [
        ("en", [("doctor", "Good morning, sir. How old are you?"), ("patient", "Sixty two.")], "self", 62.0, "male"),
        ("en", [("doctor", "Hello, miss. What brings you in?"), ("patient", "I have a rash.")], "self", None, "female"),
        ("en", [("doctor", "You're thirty two years old, correct?"), ("patient", "Yes.")], "self", 32.0, None),
        ("en", [("doctor", "When was your last pap smear?"), ("patient", "Last May.")], "self", None, "female"),
        (
            "en",
            [("doctor", "Any illness in your family?"), ("patient", "My father died at 70. My mother is 81 years old.")],
            "self",
            None,
            None,
        ),
        (
            "en",
            [("doctor", "How old is your son, ma'am?"), ("patient", "He is five."), ("doctor", "What is wrong?"),
             ("patient", "He has had a cough for a week.")],
            "parent",
            None,
            "female",
        ),
        (
            "en",
            [("doctor", "Any illness in the family?"), ("patient", "My father had gout."), ("doctor", "Okay, dad.")],
            "self",
            None,
            None,
        ),
        ("en", [("doctor", "Do you have children?"), ("patient", "Yes, my oldest is seven years old. I smoke.")], "self", None, None),
        ("zh", [("patient", "最近总是咳嗽。"), ("doctor", "您今年多大？"), ("patient", "四十五，有点痰。")], "self", 45.0, None),
        ("zh", [("patient", "胃痛怎么办？"), ("doctor", "3岁以下的孩子不要吃这个药。")], "self", None, None),
        ("zh", [("patient", "我一直咳嗽。"), ("doctor", "先生，您好，多久了？")], "self", None, "male"),
        ("zh", [("patient", "腿肿怎么办？"), ("doctor", "您爱人的情况需要检查。")], "spouse", None, None),
    ],
)  # fmt: skip
def test_dialogue(lang, turns, informant, age, gender) -> None:
    persons = _read(lang, *turns)
    assert persons.informant == informant
    assert (persons.speaker.age.value if persons.speaker.age else None) == age
    assert (persons.speaker.gender.value if persons.speaker.gender else None) == gender


def test_fields_of_the_source_outweigh_the_text() -> None:
    persons = _read(
        "en", ("patient", "I'm a 34 year old woman."), stated=StatedPatient(age=70, gender="male")
    )
    assert (persons.speaker.age_group.value, persons.speaker.gender.value) == ("elderly", "male")
    assert persons.speaker.age_group.basis == "stated"


def test_an_infant_is_spoken_for_by_a_parent() -> None:
    persons = _read(
        "en", ("patient", "Fever since last night, what can I give?"), stated=StatedPatient(age=0.5)
    )
    assert persons.informant == "parent"
    assert persons.patient.age_group.value == "child" and persons.speaker.age_group.value == "adult"
    assert _read("zh", ("patient", "总是流口水"), stated=StatedPatient(age=2)).informant == "parent"


def test_a_schoolchild_may_speak_for_itself() -> None:
    persons = _read("zh", ("patient", "我今年9岁，肚子疼。"))
    assert (persons.informant, persons.speaker.age_group.value) == ("self", "child")


def test_possible_ages_follow_what_is_told() -> None:
    assert _read("zh", ("patient", "我爷爷咳嗽")).speaker_groups == ("youth", "adult")
    assert _read("zh", ("patient", "我月经推迟，肚子疼")).speaker_groups == ("youth", "adult")
    assert "child" not in _read("en", ("patient", "I cough and I smoke")).speaker_groups
    assert "child" in _read("en", ("patient", "I have a cough")).speaker_groups
    assert _read("en", ("patient", "My son is 30 years old and has a rash.")).speaker_groups == (
        "adult",
        "elderly",
    )


def test_bases_tell_statement_from_inference() -> None:
    told = profile_text("en", "I'm a 34 year old woman.")
    assert told["age_group"]["basis"] == told["gender"]["basis"] == "stated"
    assert told["age"]["value"] == 34 and told["informant"] is None
    implied = profile_text("zh", "我老公最近胃痛")
    assert implied["gender"]["basis"] == "inferred" and implied["informant"]["value"] == "spouse"
    assert implied["gender"]["evidence"]["text"] == "老公"


@given(st.sampled_from(["en", "zh", "fr", "zh-CN", "en-GB"]), st.text(max_size=300))
def test_any_text_is_read_the_same_twice(lang: str, text: str) -> None:
    first = profile_text(lang, text)
    assert first == profile_text(lang, text)
    for told in first.values():
        if told and told["evidence"]:
            where = told["evidence"]
            assert text[where["start"] : where["end"]] == where["text"]


_PIECES = st.sampled_from(
    [
        "my ",
        "son ",
        "I'm ",
        "34 ",
        "year old ",
        "his ",
        "mother ",
        "has ",
        ". ",
        "pregnant ",
        "How old are you? ",
    ]
    + [
        "我",
        "妈妈",
        "的",
        "今年",
        "三十",
        "岁",
        "宝宝",
        "8个月",
        "发烧",
        "，",
        "。",
        "男",
        "女",
        "怀孕",
        "\ud800",
        "\x00",
        "١٢",
    ]
)


@settings(max_examples=150)
@given(
    st.sampled_from(["en", "zh"]),
    st.lists(st.tuples(st.sampled_from(["patient", "doctor"]), st.lists(_PIECES, max_size=12)), max_size=6),
)
def test_any_dialogue_has_an_informant_and_possible_ages(lang: str, turns) -> None:
    persons = _read(lang, *((role, "".join(pieces)) for role, pieces in turns))
    assert persons.speaker_groups
    if persons.informant == "self":
        assert persons.speaker.gender == persons.patient.gender


@pytest.mark.parametrize(
    ("lang", "head", "piece"),
    [("en", "", "my son is 34 years old and "), ("en", "I am ", "twenty "), ("en", "", "my "), ("en", "I'm a ", "a"),
     ("en", "34", " "), ("en", "I'm", " "), ("en", "I'm a ", "b "), ("en", "my ", "son "), ("en", "", "I "), ("en", "her ", "he "),
     ("zh", "", "我儿子今年3岁发烧，"), ("zh", "", "我"), ("zh", "", "十"), ("zh", "3岁", "的"), ("zh", "", "男"), ("zh", "", "3"),
     ("zh", "我", "，"), ("zh", "我今年", "是"), ("zh", "34", " "), ("zh", "女", " "), ("zh", "妈妈", "好"), ("zh", "", "妈妈")],
)  # fmt: skip
def test_time_is_linear(lang: str, head: str, piece: str) -> None:
    def seconds(length: int) -> float:
        text = (head + piece * (length // len(piece) + 1))[:length]
        best = float("inf")
        for _ in range(2):
            start = time.perf_counter()
            profile_text(lang, text)
            best = min(best, time.perf_counter() - start)
        return best

    short, long = seconds(2_000), seconds(16_000)
    assert long < 0.15 or long < 24 * short


def test_a_file_of_texts_is_profiled_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text(
        '\ufeff{"id": "a", "lang": "en", "text": "My husband, 62, has had chest pain since Monday."}\n\n'
        '{"id": "b", "lang": "zh-CN", "text": "我今年34岁，女，咳嗽三天。"}\n'
        '{"id": "c", "lang": "fr", "text": "oui"}\n{"id": "d", "lang": "en"}\n[1]\n{bad\n',
        encoding="utf-8",
    )
    with path.open("ab") as handle:
        handle.write(b'{"id": "\xff"}\n' + b"[" * 100_000 + b"\n")
    rows = list(profile_texts(path))
    assert rows[0] == {
        "id": "a",
        "informant": "spouse",
        "age_group": "elderly",
        "gender": "female",
        "patient": {"age_group": "elderly", "gender": "male"},
        "basis": {
            "informant": "inferred",
            "age_group": "inferred",
            "gender": "inferred",
            "patient.age_group": "stated",
            "patient.gender": "inferred",
        },
    }
    assert (rows[1]["informant"], rows[1]["age_group"], rows[1]["gender"]) == ("self", "adult", "female")
    assert rows[1]["patient"] is None and rows[1]["basis"]["informant"] is None
    assert [row["line"] for row in rows[2:]] == [4, 5, 6, 7, 8, 9]
    assert all(row["error"] for row in rows[2:]) and [row.get("id") for row in rows[2:4]] == ["c", "d"]


def test_a_file_of_texts_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"texts\.jsonl"):
        list(profile_texts(tmp_path / "texts.jsonl"))

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.text.personal import KINDS, redact

ENGLISH = [
    ("I saw Dr. Smith last week.", "I saw the doctor last week.", "name"),
    ("Doctor Maria Lopez gave me a cream.", "The doctor gave me a cream.", "name"),
    ("Doctor Kim's notes say so.", "The doctor's notes say so.", "name"),
    ("Hello Dr. Brown, my knee hurts.", "Hello doctor, my knee hurts.", "name"),
    ("Good morning, Mrs. Jones.", "Good morning, ma'am.", "name"),
    ("Mr. Allen, you need rest.", "Sir, you need rest.", "name"),
    ("We treated Mr Brown for gout.", "We treated the gentleman for gout.", "name"),
    ("Miss Lee has a cough.", "The lady has a cough.", "name"),
    ("Hello, my name is Mary. I have a fever.", "Hello. I have a fever.", "name"),
    ("My name is John Smith and I have gout.", "I have gout.", "name"),
    ("My name is Doctor Hall and I will help.", "I am the doctor and I will help.", "name"),
    ("my name is peter and my ear hurts", "my ear hurts", "name"),
    ("Call me at (555) 123-4567 please.", "Call me at a phone number please.", "phone"),
    ("Ring 1-800-555-0199 today.", "Ring a phone number today.", "phone"),
    ("Call 1-800-CDC-HELP (1-800-232-4357).", "Call a phone number.", "phone"),
    ("by calling 18005550199, TTY 18005550188.", "by calling a phone number, TTY a phone number.", "phone"),
    ("My number is +44 20 7946 0958.", "My number is a phone number.", "phone"),
    ("Phone: 555-0142", "Phone: a phone number", "phone"),
    ("Write to jo.b+x@mail.example.com now.", "Write to an e-mail address now.", "email"),
    ("My SSN is 123-45-6789.", "My SSN is an ID number.", "id"),
    ("NHS number 943 476 5919 applies.", "NHS number an ID number applies.", "id"),
    ("MRN: 00482913, admitted today.", "MRN: an ID number, admitted today.", "id"),
    ("I live at 12 Elm Street.", "I live at an address.", "address"),
    ("Send it to 44 North Oak Avenue, Apt 5 now.", "Send it to an address now.", "address"),
    ("My date of birth is 03/04/1961.", "My date of birth is 1961.", "birth_date"),
    ("I was born on 3 March 1961 in a barn.", "I was born in 1961 in a barn.", "birth_date"),
]
CHINESE = [
    ("您好李医生，我想问一下", "您好医生，我想问一下", "name"),
    ("是王建国主任给我做的手术", "是主任给我做的手术", "name"),
    ("王女士，您的血压偏高", "女士，您的血压偏高", "name"),
    ("昨天，赵先生来复诊", "昨天，这位先生来复诊", "name"),
    ("隔壁的张大爷有糖尿病", "隔壁的大爷有糖尿病", "name"),
    ("我叫张伟，今年30岁", "我今年30岁", "name"),
    ("医生你好，我叫刘小红。我头疼", "医生你好。我头疼", "name"),
    ("患者姓名：陈明，男，50岁", "男，50岁", "name"),
    ("我的电话是13812345678，请回电", "我的电话是一个电话号码，请回电", "phone"),
    ("请拨打400-123-4567咨询", "请拨打一个电话号码咨询", "phone"),
    ("咨询电话：4001234567", "咨询电话：一个电话号码", "phone"),
    ("座机010-62345678没人接", "座机一个电话号码没人接", "phone"),
    ("加我QQ：123456789", "加我QQ：一个账号", "account"),
    ("加微信abc_12345了解", "加微信一个账号了解", "account"),
    ("邮箱zhang@example.cn", "邮箱一个邮箱地址", "email"),
    ("身份证号110105199003071234", "一个证件号码", "id"),
    ("住院号：00123456", "住院号：一个证件号码", "id"),
    ("我住在北京市朝阳区建国路88号3栋502室", "我住在一个地址", "address"),
    ("出生日期：1961年3月4日", "出生日期：1961年", "birth_date"),
    ("我是1990年5月6日出生的", "我是1990年出生的", "birth_date"),
]
FRIENDS = [
    ("en", "Take 1-800 mg dose a day, or 200-400-1200 mg in all."),
    ("en", "The trial had 123 456 7890 patients."),
    ("en", "Doctor, my chest hurts. Thank you, Doctor."),
    ("en", "Ask your Doctor If you feel dizzy."),
    ("en", "Parkinson's disease, Crohn's and Bell's palsy; Down syndrome."),
    ("en", "She was treated at St. Mary's Hospital in 2015."),
    ("en", "Her code is ICD-10 E11.9 and her HbA1c 7.5%."),
    ("en", "I was born in 1961 and am 59."),
    ("en", "My name is not on the list."),
    ("en", "I am African American, and I smoke."),
    ("en", "Blood pressure 140/90, pulse 72, platelets 250000."),
    ("en", "Call 911 at once. Call 999."),
    ("en", "B12 500 mcg, D3 1000 IU, 30-60-90 days"),
    ("en", "I miss Paris. Mister, wait."),
    ("zh", "谢谢医生的解答，由于医生不在，任何医生都可以"),
    ("zh", "时医生说过，每周医生都来，请内科医生看，向医生咨询"),
    ("zh", "帕金森病和克罗恩病，唐氏综合征，许多人"),
    ("zh", "我叫救护车了，我叫他去医院"),
    ("zh", "费用大约需要190000-200000元"),
    ("zh", "2012年11月29日检查，血小板138，白细胞13800"),
    ("zh", "我先生和小姐姐都来了"),
    ("zh", "我是高血压，我是白领"),
    ("zh", "每天打电话，QQ聊天，用微信"),
    ("zh", "在北京协和医院做的检查"),
    ("zh", "单位400万，剂量4000000单位"),
]


@pytest.mark.parametrize(("raw", "expected", "kind"), ENGLISH)
def test_english(raw: str, expected: str, kind: str) -> None:
    text, counts = redact(raw, "en")
    assert (text, kind in counts) == (expected, True)


@pytest.mark.parametrize(("raw", "expected", "kind"), CHINESE)
def test_chinese(raw: str, expected: str, kind: str) -> None:
    text, counts = redact(raw, "zh")
    assert (text, kind in counts) == (expected, True)


@pytest.mark.parametrize(("lang", "text"), FRIENDS)
def test_false_friends_stay(lang: str, text: str) -> None:
    assert redact(text, lang) == (text, {})


def test_a_chinese_phone_number_in_english_text_is_found() -> None:
    assert redact("Ring 13812345678 please.", "en") == ("Ring a phone number please.", {"phone": 1})


def test_counts_say_how_often() -> None:
    _, counts = redact("Mr. Hall and Mrs. Hall, 555-123-4567 or a@b.example", "en")
    assert counts == {"name": 2, "phone": 1, "email": 1}


PIECES = st.sampled_from(
    [sample[0] for sample in ENGLISH + CHINESE]
    + [
        "Doctor",
        " ",
        "Smith",
        "my name is ",
        "Mr ",
        "13812345678",
        "-",
        "，",
        "李",
        "医生",
        "我叫",
        "王",
        "。",
        "555",
        "1-800-",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=6).map("".join), st.sampled_from(["en", "zh"]))
def test_redacting_twice_changes_nothing(text: str, lang: str) -> None:
    once, counts = redact(text, lang)
    assert set(counts) <= set(KINDS)
    assert redact(once, lang) == (once, {})


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=150), st.sampled_from(["en", "zh"]))
def test_any_text_is_survived(text: str, lang: str) -> None:
    once, _ = redact(text, lang)
    assert redact(once, lang)[0] == once


@pytest.mark.parametrize(
    "hostile",
    [
        "a@" * 20000,
        "1-" * 30000,
        "138" * 20000,
        "Doctor " * 9000,
        "Mr Ab " * 9000,
        "王" * 40000,
        "我叫" * 20000,
        "my name is " * 5000,
        "路" * 40000,
        "1 Ab Cd " * 9000,
        "电话" * 20000,
        "+1 " * 20000,
        "born on " * 8000,
    ],
)
def test_hostile_text_takes_linear_time(hostile: str) -> None:
    start = time.perf_counter()
    redact(hostile, "en")
    redact(hostile, "zh")
    assert time.perf_counter() - start < 4

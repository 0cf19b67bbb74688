"""Is it medicine? Rare words count, everyday words count half, and small talk has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.text.medical import medical_score

SMALL_TALK = [
    ("en", "What is the capital of Portugal? The capital is Lisbon, a port on the river Tagus."),
    ("en", "How do I sort a list in Python? Call sorted() on it, or use the method of the list itself."),
    ("en", "Which phone should I buy? Take the cheaper one, its camera is good enough for holidays."),
    ("en", "Does publishing in the open increase citations? Articles that anyone can read are cited more."),
    ("zh", "明天去杭州玩，有什么景点推荐？可以去西湖和灵隐寺，门票不贵。"),
    ("zh", "帮我写一首关于春天的诗。春风拂面柳成荫，燕子归来花满庭。"),
    ("zh", "这个手机多少钱？现在打折，两千元左右。"),
]
MEDICAL = [
    ("en", "My ankle is swollen and bruised after a fall."),
    ("en", "How many people are affected by Alexander disease? It is very rare."),
    ("en", "Is pseudoachondroplasia inherited? It is caused by mutations in one gene."),
    ("en", "Can I take omeprazole with food? Yes, before breakfast is best."),
    ("zh", "我咳嗽三天了，晚上咳得厉害。"),
    ("zh", "心得安的学名叫什么？普萘洛尔，是一种药物。"),
    ("zh", "宝宝八个月还不会坐正常吗？"),
    ("zh", "SLE能用prednisone吗？"),
]


@pytest.mark.parametrize(("lang", "text"), SMALL_TALK)
def test_small_talk_has_no_medical_word(lang: str, text: str) -> None:
    assert medical_score(text, lang) == 0


@pytest.mark.parametrize(("lang", "text"), MEDICAL)
def test_medical_talk_has_some(lang: str, text: str) -> None:
    assert medical_score(text, lang) >= 0.5


def test_each_word_counts_once_and_weak_ones_half() -> None:
    assert medical_score("fever fever Fever", "en") == 1
    assert medical_score("My hand.", "en") == 0.5
    assert medical_score("fever cough rash vomiting seizures insulin", "en", enough=3) == 3


@given(st.text(max_size=300), st.sampled_from(["en", "zh-CN", "fr"]))
def test_any_text_has_a_score_between_zero_and_enough(text: str, lang: str) -> None:
    assert 0 <= medical_score(text, lang, enough=2) <= 2

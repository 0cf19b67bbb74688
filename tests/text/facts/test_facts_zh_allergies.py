"""Allergies in Chinese, in all the ways they are told: kept in other words they pass, removed or denied they do not."""

from __future__ import annotations

import pytest

from medsynth.text.facts.compare import check
from medsynth.text.facts.extract import facts


def _allergies(text: str) -> set[tuple[str, bool]]:
    return {(fact.value, fact.negated) for fact in facts(text, "zh") if fact.kind == "allergy"}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("我对花粉和灰尘特别敏感。", {"花粉", "灰尘"}),
        ("过敏原检测提示尘螨(++)，猫毛阳性。", {"尘螨", "猫毛"}),
        ("尘螨、蟑螂特异性IgE升高。", {"尘螨", "蟑螂"}),
        ("致敏原是花粉。", {"花粉"}),
        ("变应原为粉尘螨。", {"尘螨"}),
        ("过敏原：鸡蛋、牛奶。", {"鸡蛋", "牛奶"}),
        ("牛奶就是我的过敏原。", {"牛奶"}),
        ("一吃芒果就起疹子。", {"芒果"}),
        ("吃了海鲜后出现过敏性休克。", {"海鲜"}),
        ("接触柳絮后全身起风团。", {"柳絮"}),
        ("那次是芒果引起的过敏。", {"芒果"}),
        ("孩子曾出现过药物过敏反应。", {"unnamed"}),
    ],
)
def test_an_allergy_is_read_and_missed_when_it_goes(text: str, values: set[str]) -> None:
    assert _allergies(text) == {(value, False) for value in values}
    assert not check(f"{text}昨天起咳嗽。", "昨天起咳嗽。", "zh").passed


@pytest.mark.parametrize(
    "text",
    [
        "细菌对头孢敏感。",
        "术后鼻部对阳光敏感。",
        "如果出现过敏反应请停药。",
        "常见的过敏原包括花粉、尘螨。",
        "您对海鲜敏感吗？",
        "吃饭后起疹子。",
        "少数患者用头孢后出现皮疹。",
        "青霉素皮试阴性。",
    ],
)
def test_what_is_no_allergy_of_anybody_is_none(text: str) -> None:
    assert not {value for value, negated in _allergies(text) if not negated}


@pytest.mark.parametrize("skin_test", ["青霉素皮试(+)。", "青霉素皮试没过。", "青霉素皮试强阳性。"])
def test_a_positive_skin_test_tells_an_allergy(skin_test: str) -> None:
    assert _allergies(skin_test) == _allergies("对青霉素过敏。")
    assert not check(skin_test, "青霉素皮试阴性。", "zh").passed


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("我对尘螨过敏。", "我螨虫过敏。"),
        ("对海产品过敏。", "一吃海鲜就过敏。"),
        ("想查过敏原，因为对尘螨过敏反应很大。", "想查过敏原：对尘螨过敏反应很大。"),
        ("头孢用了以后身上起红疹。", "用了头孢身上起红疹。"),
    ],
)
def test_the_same_allergy_in_other_words_passes(said: str, again: str) -> None:
    assert check(said, again, "zh").passed


@pytest.mark.parametrize(
    ("said", "altered"),
    [
        ("上次输头孢引起过敏反应。", "上次输头孢没有过敏反应。"),
        ("对花粉敏感。", "对花粉不敏感。"),
        ("过敏原是花粉。", "没有过敏史。"),
        ("一吃虾就全身起疹子。", "一吃蘑菇就全身起疹子。"),
    ],
)
def test_another_allergy_or_none_fails(said: str, altered: str) -> None:
    assert not check(said, altered, "zh").passed

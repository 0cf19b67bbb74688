"""Sentence and clause boundaries."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.text.sentences import bracket_pairs, length, speech_breaks, split_clauses, split_sentences

TEXT = st.one_of(st.text(), st.text(alphabet='aB1 .,;:!?。，；！？…\n()（）"”-~Dr3天'))


def sentences(text: str, lang: str) -> list[str]:
    return [text[a:b] for a, b in split_sentences(text, lang)]


def clauses(text: str, lang: str) -> list[str]:
    return [text[a:b] for a, b in split_clauses(text, 0, len(text), lang)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Hill saw me. I took 2.5mg.", ["Dr. Hill saw me.", "I took 2.5mg."]),
        ("It is 0.5 mg, e.g. at night. Fine.", ["It is 0.5 mg, e.g. at night.", "Fine."]),
        ("Come at 8 a.m. tomorrow. No.", ["Come at 8 a.m. tomorrow.", "No."]),
        ("1. Rest well. 2. Drink.", ["1. Rest well.", "2. Drink."]),
        ("Well... it hurts. Wait... Then it went.", ["Well... it hurts.", "Wait...", "Then it went."]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("It ached (see above. Twice.) for days. Ok.", ["It ached (see above. Twice.) for days.", "Ok."]),
        ("It may be mild (or not.) Next comes rest.", ["It may be mild (or not.)", "Next comes rest."]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("First line\nsecond line", ["First line", "second line"]),
        ("Take 1. 5 mg daily.", ["Take 1. 5 mg daily."]),
        ("the tablets.The rash went.", ["the tablets.", "The rash went."]),
    ],
)
def test_english_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text, "en") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我头疼。三天了！怎么办？", ["我头疼。", "三天了！", "怎么办？"]),
        ("体温38.5度；咳嗽", ["体温38.5度；", "咳嗽"]),
        ("建议休息.多喝水.", ["建议休息.", "多喝水."]),
        ("疼……后来好了。。。嗯", ["疼……", "后来好了。。。", "嗯"]),
        ("1.少吃盐；2.多走路", ["1.少吃盐；", "2.多走路"]),
        ("每次1。5克。饭后", ["每次1。5克。", "饭后"]),
        ("宜食1.鱼2.蛋3.豆腐", ["宜食", "1.鱼", "2.蛋", "3.豆腐"]),
        ("看www.example.com吧。好", ["看www.example.com吧。", "好"]),
        ("吃药（一天两次。饭后）就好。行", ["吃药（一天两次。饭后）就好。", "行"]),
    ],
)
def test_chinese_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text, "zh") == expected


def test_clauses() -> None:
    assert clauses("咳嗽，有痰 不发烧，血糖7，8", "zh") == ["咳嗽，", "有痰", "不发烧，", "血糖7，8"]
    assert clauses("It hurts, a lot (left, mostly); 1,000 steps", "en") == [
        "It hurts,",
        "a lot (left, mostly);",
        "1,000 steps",
    ]


@given(TEXT, st.sampled_from(["en", "zh"]))
def test_every_nonblank_character_is_in_one_sentence(text: str, lang: str) -> None:
    end = 0
    for left, right in split_sentences(text, lang):
        assert end <= left < right
        assert not text[end:left].strip()
        assert text[left:right] == text[left:right].strip()
        end = right
    assert not text[end:].strip()


@given(TEXT, st.sampled_from(["en", "zh"]), st.data())
def test_clauses_cover_their_stretch(text: str, lang: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, len(text)))
    end = start
    for left, right in split_clauses(text, start, stop, lang):
        assert end <= left < right <= stop
        assert not text[end:left].strip()
        end = right
    assert not text[end:stop].strip()


@given(TEXT)
def test_bracket_pairs_are_disjoint_and_ordered(text: str) -> None:
    last = -1
    for opened, closed in bracket_pairs(text):
        assert last < opened < closed
        assert text[opened] in "(（" and text[closed] in ")）"
        last = closed


@pytest.mark.parametrize("piece", ["a.", "(", "1. ", "，", "。", "- ", "a (b) ", " . ", "\n", "…", "A. B. "])
def test_time_is_linear(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    began = time.process_time()
    for lang in ("en", "zh"):
        split_sentences(text, lang)
        split_clauses(text, 0, len(text), lang)
    assert time.process_time() - began < 4


def test_length_counts_words_or_characters() -> None:
    assert length("two  words", "en") == 2
    assert length("三个 字", "zh") == 3


def test_a_transcript_without_marks_may_be_cut_where_speech_goes_on() -> None:
    text = "my knee has been sore for a week so i put some ice on it and then it got a little better"
    parts = [text[at:].split()[0] for at in sorted(speech_breaks(text))]
    assert parts == ["so", "and"]
    assert speech_breaks("I slipped. So I fell. It hurt. And then I rested.") == frozenset()

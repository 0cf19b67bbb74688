"""Hesitant texts: no medical fact parted or changed, what was inserted known to the character, rates as stated."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.records import AGE_GROUPS
from medsynth.text.facts.extract import facts
from medsynth.text.speakable import speech_problems
from medsynth.text.spoken import spoken_form
from medsynth.voice.effects.disfluency import disfluent, fluent
from medsynth.voice.effects.protect import inside, protected, same_facts
from medsynth.voice.effects.rates import KINDS, rates

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "pipelines" / "samples"
SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


@cache
def sentences(lang: str) -> tuple[str, ...]:
    """Return the sentences of what patients and doctors say in our samples."""
    said: list[str] = []
    for path in sorted(SAMPLES.glob(f"{lang}_*")):
        if path.suffix == ".csv":
            rows = csv.DictReader(path.read_text(encoding="gb18030").splitlines())
            said += [value for row in rows for value in row.values()]
        else:
            text = path.read_text(encoding="utf-8")
            data = (
                [json.loads(line) for line in text.splitlines()]
                if path.suffix == ".jsonl"
                else json.loads(text)
            )
            said += list(strings(data))
    cut = (s.strip() for text in said for s in SENTENCE.split(text or ""))
    return tuple(dict.fromkeys(s for s in cut if 8 <= len(s) <= 200 and not speech_problems(s)))


def strings(data):
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from strings(value)


def said(lang: str):
    some = st.lists(st.sampled_from(sentences(lang)), min_size=1, max_size=3)
    return some.map((" " if lang == "en" else "").join)


def content(text, lang):
    return Counter((f.kind, f.value, f.of, f.negated, f.number, f.vague) for f in facts(text, lang))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_fact_of_our_samples_is_parted_or_changed(lang):
    assert len(sentences(lang)) > 200

    @settings(max_examples=150, deadline=None)
    @given(said(lang), st.sampled_from(AGE_GROUPS), st.integers(0, 2**32), st.booleans())
    def holds(written, age, seed, opening):
        plain = spoken_form(written, lang)
        made = disfluent(plain, lang, age, random.Random(seed), written=written, factor=5.0, opening=opening)
        assert content(made.text, lang) == content(plain, lang)
        assert fluent(made.text, made.effects).casefold() == plain.casefold()
        assert spoken_form(made.text, lang) == made.text
        # Each fact stands in one piece in what is said.
        for fact in facts(plain, lang):
            assert plain[fact.start : fact.end].casefold() in made.text.casefold()
        for effect in made.effects:
            assert effect.of == "spoken" and effect.name in KINDS
            assert 0 <= effect.start < effect.end <= len(made.text)

    holds()


@pytest.mark.parametrize(
    ("lang", "written", "whole"),
    [
        ("en", "I take metformin 500 mg twice a day for my sugar.", "five hundred milligrams twice a day"),
        ("en", "My blood pressure was 148/82 in the morning.", "one hundred forty-eight over eighty-two"),
        ("en", "I have had no fever and no chest pain since 3 March.", "third of March|March third"),
        ("zh", "我每天吃二甲双胍0.5克，一天三次。", "零点五克"),
        ("zh", "昨天血压148/82，没有发烧。", "没有发烧"),
    ],
)
def test_numbers_units_and_denials_stay_in_one_piece(lang, written, whole):
    plain = spoken_form(written, lang)
    wanted = next((w for w in whole.split("|") if w in plain), None)
    seen = 0
    for seed in range(300):
        made = disfluent(plain, lang, "elderly", random.Random(seed), written=written, factor=5.0)
        seen += bool(made.effects)
        if wanted is not None:
            assert wanted in made.text
    assert seen > 100


def test_what_is_drawn_depends_on_no_order_of_a_set():
    code = (
        "import random\nfrom medsynth.voice.effects.disfluency import disfluent\n"
        "texts = {'en': 'It is really sore, and I think it is bigger.', 'zh': '我最近老是头疼，晚上睡不着。'}\n"
        "for lang, text in texts.items():\n"
        "    for age in ('youth', 'elderly'):\n"
        "        for seed in range(20):\n"
        "            print(ascii(disfluent(text, lang, age, random.Random(seed), factor=5).text))\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, cwd=ROOT, check=True,
            capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1] and "um" in said[0].lower()


def test_what_is_protected_covers_what_was_written_in_digits_and_signs():
    written = "It was 37.5 degrees at 7 a.m. and my HbA1c is 8.9%."
    plain = spoken_form(written, "en")
    covered = "".join(plain[a:b] for a, b in protected(written, plain, "en"))
    for word in ("thirty-seven point five degrees", "eight point nine percent"):
        assert word in plain and word in covered
        at = plain.index(word)
        assert inside(at + 3, protected(written, plain, "en"))
        assert not inside(at, [(at, at + len(word))])


def test_a_comma_that_turns_a_denial_is_seen():
    assert not same_facts("I have no fever.", "I have no, um, I have fever.", "en")
    assert not same_facts("没有发烧。", "没有，发烧，发烧。", "zh") or content("没有发烧。", "zh") == content(
        "没有，发烧，发烧。", "zh"
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_rates_grow_with_intensity_and_stay_near_what_is_stated(lang):
    between = " " if lang == "en" else ""
    texts = [between.join(sentences(lang)[i : i + 3]) for i in range(0, 240, 3)]
    found, words = Counter(), 0.0
    for repeat in range(4):
        for number, written in enumerate(texts):
            plain = spoken_form(written, lang)
            made = disfluent(plain, lang, "adult", random.Random(f"{repeat}|{number}"), written=written)
            found.update(e.name for e in made.effects)
            words += len(plain.split()) if lang == "en" else len(re.findall("[一-鿿]", plain)) / 1.5
    stated = rates(lang, "adult")
    for kind in KINDS:
        # What finds no place, or would touch a fact, is left out; nothing is made up for it.
        assert found[kind] / words * 100 <= 1.25 * stated.of(kind)
    assert sum(found.values()) / words * 100 > 0.4 * sum(stated.of(kind) for kind in KINDS)


def test_the_same_seed_hesitates_the_same_way_and_no_intensity_does_not():
    plain = "I have had a dull ache in my lower back for some time and it gets worse when I sit."
    one, two = (disfluent(plain, "en", "adult", random.Random(7), factor=4) for _ in range(2))
    assert one == two and one.effects
    assert disfluent(plain, "en", "adult", random.Random(7), factor=0) == (plain, ())


@pytest.mark.parametrize(
    ("lang", "text"),
    [("en", "Thank you, doctor."), ("en", "Okay."), ("zh", "好的，谢谢医生。"), ("zh", "了解了。")],
)
def test_thanks_acknowledgements_and_transcripts_are_said_as_they_are(lang, text):
    for seed in range(50):
        assert not disfluent(text, lang, "adult", random.Random(seed), factor=5).effects


def test_ages_and_accents_have_words_of_their_own():
    plain = "It is really sore at night, and I think it is getting bigger, and I feel tired when I get home."
    words = {}
    for age, accent in (("youth", "en-US"), ("elderly", "en-US"), ("adult", "en-GB")):
        made = [disfluent(plain, "en", age, random.Random(i), accent=accent, factor=5) for i in range(120)]
        words[age] = Counter(e.detail.lower() for m in made for e in m.effects if e.name == "filler")
    assert words["youth"]["like"] and not words["elderly"]["like"]
    assert words["youth"]["um"] > words["youth"]["uh"] and words["elderly"]["uh"] > words["elderly"]["um"]
    assert words["adult"]["erm"] and not words["adult"]["um"]

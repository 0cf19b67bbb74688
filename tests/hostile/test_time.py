"""Whatever one record holds, no stage that reads its text takes time out of proportion to its length."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from medsynth.records import Kept, RawQA, RawTurn, Reason, Rejected
from medsynth.stages.base import Context, Stage
from medsynth.stages.dedup import DedupSettings, DedupStage
from medsynth.stages.profile import ProfileSettings, ProfileStage
from medsynth.stages.rewrite import RewriteSettings, RewriteStage
from medsynth.stages.screen import ScreenSettings, ScreenStage
from tests.hostile.payloads import BAITS

CONTEXT = Context(seed=1)
# Dependence and language rules off, lengths as they are: as much as can be goes on to the later stages.
SCREEN = ScreenStage(ScreenSettings(check_language=False, check_dependence=False, contact_share=1.0), CONTEXT)
DEDUP = DedupStage(DedupSettings(), CONTEXT)
REWRITE = RewriteStage(RewriteSettings(), CONTEXT)
PROFILE = ProfileStage(ProfileSettings(), CONTEXT)
SAID = {
    "en": (
        "My son, 8, has had a fever and a cough for three days. ",
        "You should rest, drink enough water and see a doctor if the fever does not go down. ",
    ),
    "zh": ("我儿子8岁，发烧咳嗽三天了。", "建议多休息，多喝水，如果发烧不退请去医院就诊。"),
}
CPU_S = 4.0
"""Several times what any stage takes for the lengths below; a quadratic loop takes far more."""


def record(lang: str, unit: str = " ", question: int = 0, answer: int = 0) -> RawQA:
    """Return a sound exchange, with a unit repeated up to this many characters on each side."""
    bait = unit * (max(question, answer) // len(unit) + 1)
    asked, advised = SAID[lang]
    turns = (
        RawTurn(role="patient", text=asked + bait[:question]),
        RawTurn(role="doctor", text=advised + bait[:answer]),
    )
    return RawQA(id="x", source="s", group="x", lang=lang, licence="MIT", kind="qa", turns=turns)


class TooSlow(AssertionError):
    """The stage was stopped."""


@contextmanager
def bounded(what: str) -> Iterator[None]:
    """Stop the body after `CPU_S` seconds of this process's time, whatever else the machine does."""

    def stop(*_: object) -> None:
        raise TooSlow(f"{what} took more than {CPU_S} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def one(stage: Stage, given: RawQA):
    with bounded(stage.name):
        return stage.process([given])[0]


def languages(unit: str) -> list[str]:
    """Both for what is of neither; numbers, say, are read by the rules of each language."""
    if any("\u4e00" <= c <= "\u9fff" for c in unit):
        return ["zh"]
    return ["en"] if any(c.isalpha() for c in unit) else ["en", "zh"]


CASES = [pytest.param(unit, lang, id=f"{unit!a}-{lang}") for unit in BAITS for lang in languages(unit)]


@pytest.mark.parametrize(("unit", "lang"), CASES)
def test_every_stage_is_quick_on_what_passes_the_one_before(unit, lang):
    with bounded("sketch of raw text"):
        DEDUP.sketch([record(lang, unit, 20_000, 20_000)])
    given = record(lang)
    for question, answer in ((6000, 9000), (2400, 3800)):  # the second is as long as Chinese may be
        screened = one(SCREEN, record(lang, unit, question, answer))
        if isinstance(screened, Kept):
            given = screened.records[0]
            break
    with bounded("sketch"):
        DEDUP.sketch([given])
    written = one(REWRITE, given.model_copy(update={"split": "train", "cluster": "x"}))
    if isinstance(written, Kept):
        assert isinstance(one(PROFILE, written.records[0]), Kept)


@pytest.mark.parametrize("unit", [" ", "7", "a", "[", "(", "http://", "1.", "岁", "me-", "&amp;"])
def test_screening_is_linear(unit):
    """Twice the text, at most three times the time (and a constant, for what is too quick to be measured)."""
    lang = languages(unit)[0]
    took = []
    for size in (20_000, 40_000):
        given = record(lang, unit, size, size)
        began = time.process_time()
        one(SCREEN, given)
        took.append(time.process_time() - began)
    assert took[1] <= 3 * took[0] + 0.3


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_far_too_long_is_not_read(lang):
    long = one(SCREEN, record(lang, "a b ", 3_000_000, 7_000_000))
    assert isinstance(long, Rejected)
    assert long.reason == Reason.TOO_LONG
    short = record(lang)
    many = short.model_copy(update={"turns": short.turns * 50_000})
    assert one(SCREEN, many).reason == Reason.TOO_LONG
    assert [c["rule"] for c in SCREEN.explain(many)] == ["size"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_one_endless_word_is_too_long(lang):
    """Lengths are in words; a word of any length is not one word."""
    assert one(SCREEN, record(lang, "a", 0, 60_000)).reason == Reason.TOO_LONG
    assert isinstance(one(SCREEN, record(lang)), Kept)

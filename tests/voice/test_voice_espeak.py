"""espeak: the same bytes whatever was said before, nothing interpreted, a dead worker replaced."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.records import Speaker
from medsynth.voice.bank import load_bank
from medsynth.voice.engine import VoiceError, open_engine
from medsynth.voice.espeak import EspeakEngine, letters_named

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

BANK = load_bank()
TEXTS = [
    ("en", "My ankle has been swollen since Tuesday."),
    ("zh", "我右边的耳朵疼了三天，还有点发烧。"),
    ("en", "No."),
    ("zh", "吃过布洛芬，效果不太好。"),
    ("en", "I take 20 milligrams of it every morning, before breakfast!"),
]


@pytest.fixture(scope="module")
def engine():
    opened = open_engine("espeak")
    yield opened
    opened.close()


def speaker(lang: str, n: int = 0) -> Speaker:
    return [s for s in BANK if s.lang == lang][n]


def said(engine: EspeakEngine, order: list[int]) -> dict[int, bytes]:
    """The utterances (text × voice) in this order, by number."""
    out = {}
    for i in order:
        lang, text = TEXTS[i % len(TEXTS)]
        voice = speaker(lang, (7 * i) % 80)
        out[i] = engine.synthesize(text, lang, voice, seed=i).samples.tobytes()
    return out


def test_bit_exact_in_any_order_and_from_two_processes(engine):
    order = list(range(20))
    first = said(engine, order)
    random.Random(4).shuffle(order)
    assert said(engine, order) == first
    other = EspeakEngine()
    try:
        assert said(other, order[::-1]) == first
        assert other.worker_pid != engine.worker_pid
    finally:
        other.close()
    assert len(set(first.values())) == len(first)


def test_killed_worker_is_replaced_and_the_utterance_said(engine):
    lang, text = TEXTS[0]
    before = engine.synthesize(text, lang, speaker(lang), 1).samples
    killed = engine.worker_pid
    os.kill(killed, signal.SIGKILL)
    after = engine.synthesize(text, lang, speaker(lang), 1).samples
    assert engine.worker_pid != killed
    assert np.array_equal(before, after)


def test_worker_killed_while_it_speaks(engine):
    lang, text = "en", "I could not sleep because of the pain. " * 120
    whole = engine.synthesize(text, lang, speaker(lang), 1).samples
    pid = engine.worker_pid

    def kill() -> None:
        time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill)
        again = engine.synthesize(text, lang, speaker(lang), 1).samples
        killing.result()
    assert engine.worker_pid != pid
    assert np.array_equal(whole, again)


def test_worker_ends_and_tidies_up_when_its_parent_is_killed(tmp_path):
    code = (
        "import time\nfrom medsynth.voice.bank import load_bank\nfrom medsynth.voice.espeak import EspeakEngine\n"
        "e = EspeakEngine(); e.synthesize('Hello.', 'en', load_bank()[0], 1); print(e.worker_pid, flush=True)\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    worker = int(parent.stdout.readline())
    assert list(tmp_path.iterdir())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{worker}/cmdline").exists() and Path(f"/proc/{worker}/cmdline").read_bytes():
        assert time.monotonic() < deadline, "the worker outlived its parent"
        time.sleep(0.02)
    assert not list(tmp_path.iterdir())


def test_library_is_loaded_in_the_worker_only(engine):
    engine.synthesize("Hello.", "en", speaker("en"), 1)
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("needs /proc")
    assert "libespeak" not in maps.read_text()


@pytest.mark.parametrize("plain, trick", [("h e l", "[[h@l'oU]] h e l"), ("x y", "<break time='3s'/> x y")])
def test_neither_phonemes_nor_markup_are_interpreted(engine, plain, trick):
    # Read out as letters and words, the trick takes longer than the plain text by more than a pause would.
    voice = speaker("en")
    short = engine.synthesize(plain, "en", voice, 1)
    long = engine.synthesize(trick, "en", voice, 1)
    assert np.count_nonzero(np.abs(long.samples) > 0.01) > 1.3 * np.count_nonzero(
        np.abs(short.samples) > 0.01
    )


def test_embedded_commands_do_nothing(engine):
    # U+0001 followed by "99P" would set the pitch.
    voice = speaker("en")
    with_command = engine.synthesize("\x0199P my back aches", "en", voice, 1).samples
    without = engine.synthesize(" 99P my back aches", "en", voice, 1).samples
    assert np.array_equal(with_command, without)


@pytest.mark.parametrize("text", ["", " ", "\x00\x00", "\ud800", "🙂", "‮", "a" * 5000])
def test_any_text_gives_a_clip(engine, text):
    assert engine.synthesize(text, "en", speaker("en"), 1).sample_rate == 22050


@pytest.mark.parametrize(
    "change, named",
    [
        ({"variant": "m99"}, "m99"),
        ({"voice": "en-gb"}, "en-gb"),
        ({"voice": "../voices"}, "identifier"),
        ({"pitch": 200}, "pitch"),
        ({"rate": "fast"}, "rate"),
    ],
)
def test_unknown_voices_are_refused(engine, change, named):
    good = speaker("en")
    bad = good.model_copy(update={"handle": {**good.handle, **change}})
    with pytest.raises(VoiceError, match=named):
        engine.synthesize("Hello.", "en", bad, 1)


def test_unknown_engine_names_the_valid_ones():
    with pytest.raises(VoiceError, match="espeak"):
        open_engine("nonesuch")


def test_missing_extra_names_the_install_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(VoiceError, match=r"pip install 'medsynth\[espeak\]'"):
        open_engine("espeak")


ENGLISH = sorted({s.handle["voice"]: s for s in BANK if s.lang == "en"}.values(), key=lambda s: s.id)
LETTERS = ["I had hepatitis A last year.", "A L T was high.", "A one C test.", "Go to A and E."]
ARTICLES = [
    "A man came.",
    "I have a cold.",
    "He said: A cold.",
    "AIDS and VISA.",
    "Is it A?",
    "A.",
    "I took A's.",
]


@pytest.mark.parametrize("who", ENGLISH, ids=lambda s: s.handle["voice"])
def test_the_letter_a_is_no_article(engine, who):
    for text in LETTERS:
        letter = engine.synthesize(text, "en", who, 1).samples
        article = engine.synthesize(text.replace("A ", "a ", 1), "en", who, 1).samples
        # A stressed diphthong in the place of a weak vowel, and no pause after it.
        assert 0.02 < (len(letter) - len(article)) / 22050 < 0.25, text
    for text in ARTICLES[:1]:
        small = engine.synthesize(text.replace("A ", "a "), "en", who, 1).samples
        assert np.array_equal(engine.synthesize(text, "en", who, 1).samples, small), text


def test_where_a_is_a_letter():
    for text in ARTICLES:
        assert letters_named(text, "en") == text
    assert letters_named("C A B G, type A and vitamin A.", "en") == "C A- B G, type A- and vitamin A."
    assert (
        letters_named("查A L T和B V D N A阴性，维生素A、D", "zh-CN") == "查A- L T和B V D N A阴性，维生素A、D"
    )
    assert letters_named("A L", "yue") == "A L"


@given(st.text(alphabet="AaBCn,. '1型"), st.sampled_from(["en", "zh"]))
def test_naming_letters_adds_hyphens_only(text, lang):
    named = letters_named(text, lang)
    assert named.replace("A-", "A") == text
    assert letters_named(named, lang) == named

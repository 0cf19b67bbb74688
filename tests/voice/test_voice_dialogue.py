"""A turn that sounds like somebody else, and an engine that will not say it again."""

from __future__ import annotations

import pytest

from medsynth.voice.engine import EngineFault, VoiceError, open_engine
from medsynth.voice.repairs import ClipRejected
from tests.voice.test_voice_timbre import GIRL, TEXTS, WOMAN, Changing, alike, voiced

ODD = 4


class Unwilling(Changing):
    """Gives one turn to somebody else, and raises `error` so many times when it is to say it again."""

    def __init__(self, engine, error: Exception, times: int):
        super().__init__(engine, GIRL, {TEXTS[ODD]: 1})
        self.error, self.left = error, times

    def synthesize(self, text, lang, speaker, seed):
        if text == TEXTS[ODD] and not self.times[text] and self.left:
            self.left -= 1
            raise self.error
        return super().synthesize(text, lang, speaker, seed)


@pytest.fixture(scope="module")
def engine():
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    opened = open_engine("espeak")
    yield opened
    opened.close()


def test_one_that_stands_out_and_is_refused_once_is_said_with_another_seed(engine):
    patient = alike(WOMAN, WOMAN)
    done = voiced(Unwilling(engine, VoiceError("it is cut"), 1), {"patient": patient})
    (repair,) = done.repairs
    assert repair.startswith("turn 4: said again (timbre ") and repair.endswith(
        "; attempt 2 (attempt 1: it is cut)"
    )


def test_one_that_stands_out_and_is_refused_to_the_end_tells_of_both(engine):
    with pytest.raises(
        ClipRejected, match=r"^turn 4: timbre \d.*; attempt 1: it is cut; .*attempt 3"
    ) as ended:
        voiced(Unwilling(engine, VoiceError("it is cut"), 99), {"patient": alike(WOMAN, WOMAN)})
    assert ended.value.refused == "engine_refused"
    fault = EngineFault("timeout", "nothing for 20 s")
    with pytest.raises(EngineFault, match=r"^turn 4: timbre .*; nothing for 20 s$") as down:
        voiced(Unwilling(engine, fault, 99), {"patient": alike(WOMAN, WOMAN)})
    assert down.value.fault == "timeout"

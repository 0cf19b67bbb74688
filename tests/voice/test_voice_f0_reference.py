"""Our pitch measurement beside an independent one (librosa's pYIN) on real clips."""

from __future__ import annotations

import numpy as np
import pytest

from medsynth.voice.audio import SAMPLE_RATE, finish
from medsynth.voice.bank import load_bank
from medsynth.voice.engine import open_engine
from medsynth.voice.f0 import median_f0

TEXTS = {"en": "My knee has been hurting since I fell on the stairs.", "zh": "我的膝盖从上个星期开始一直疼。"}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_median_f0_agrees_with_pyin(lang):
    librosa = pytest.importorskip("librosa")
    pytest.importorskip("espeakng_loader")
    bank = [s for s in load_bank() if s.lang.startswith(lang) and s.age_group != "child"]
    engine = open_engine("espeak")
    try:
        for speaker in bank[:: len(bank) // 4][:4]:
            samples = finish(engine.synthesize(TEXTS[lang], lang, speaker, 1), "espeak", speaker.id).samples
            f0, voiced, _ = librosa.pyin(samples, fmin=60, fmax=400, sr=SAMPLE_RATE)
            reference = float(np.median(f0[voiced]))
            assert median_f0(samples, SAMPLE_RATE)[0] == pytest.approx(reference, rel=0.06), speaker.id
    finally:
        engine.close()

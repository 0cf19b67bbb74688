"""How many planted faults the choice of reference clips sees, and how much clean speech it refuses.

`python -m tests.voice.bank_faults [--voices 112]` prints a table over every n-th voice of the built-in bank, each
saying two sentences, and the CPU seconds a second of sound takes.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soxr

from medsynth.voice.bank import load_bank
from medsynth.voice.bank_clips import Unfit, examine
from medsynth.voice.bank_corpus import Recording
from medsynth.voice.engine import open_engine
from tests.voice.bank_corpora import TEXTS, clipped, noisy, telephone, with_gap, write

FAULTS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], frozenset[str]]] = {
    "clean": (lambda x: x, frozenset()),
    "noise, 28 dB": (lambda x: noisy(x, 28), frozenset()),
    "noise, 10 dB": (lambda x: noisy(x, 10), frozenset({"noisy"})),
    "clipped at 1/2, resampled": (lambda x: _cut(x, 0.5), frozenset({"clipped"})),
    "clipped at 1/3, resampled": (lambda x: _cut(x, 0.33), frozenset({"clipped"})),
    "clipped at 1/4": (clipped, frozenset({"clipped"})),
    "2 s pause inside": (with_gap, frozenset({"gap"})),
    "telephone band": (telephone, frozenset({"narrow_band"})),
    "half of it missing": (lambda x: x[: len(x) // 2], frozenset({"odd_pace", "too_short"})),
    "played three times": (lambda x: np.tile(x, 3), frozenset({"too_long", "odd_pace"})),
    "at a third of its rate": (lambda x: np.repeat(x, 3), frozenset({"too_long", "odd_pace", "narrow_band"})),
}


def _cut(samples: np.ndarray, part: float) -> np.ndarray:
    limit = part * float(np.abs(samples).max())
    return soxr.resample(soxr.resample(np.clip(samples, -limit, limit), 24_000, 44_100), 44_100, 24_000)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", type=int, default=112)
    bank = load_bank()
    voices = bank[:: max(1, len(bank) // parser.parse_args().voices)]
    seen: dict[str, Counter[str]] = {name: Counter() for name in FAULTS}
    cpu = seconds = 0.0
    engine = open_engine("espeak")
    with TemporaryDirectory() as folder:
        for n, speaker in enumerate(voices):
            for k in (n, n + 1):
                text = TEXTS[speaker.lang][k % 5]
                clip = engine.synthesize(text, speaker.lang, speaker, seed=0)
                sound = np.pad(soxr.resample(clip.samples, clip.sample_rate, 24_000) * 0.6, 4800)
                sound += 1e-4 * np.random.default_rng(n).standard_normal(len(sound))
                for name, (fault, _) in FAULTS.items():
                    path = write(Path(folder) / "clip.flac", fault(sound.astype(np.float32)))
                    started = time.process_time()
                    try:
                        examine(Recording("clip", path, text), speaker.lang)
                        seen[name]["taken"] += 1
                    except Unfit as unfit:
                        seen[name][unfit.reason] += 1
                    if name == "clean":
                        cpu += time.process_time() - started
                        seconds += len(sound) / 24_000
    engine.close()
    for name, (_, wanted) in FAULTS.items():
        total = seen[name].total()
        right = sum(seen[name][reason] for reason in wanted) if wanted else seen[name]["taken"]
        said = ", ".join(f"{count} {reason}" for reason, count in seen[name].most_common())
        print(f"{name:<28}{right:>5} of {total} as it should be   ({said})")
    print(f"{cpu / seconds:.4f} CPU seconds a second of sound")


if __name__ == "__main__":
    main()

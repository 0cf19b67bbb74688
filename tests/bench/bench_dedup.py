"""Figures for *dedup*: recall and precision against brute force, and seconds for many rows.

python tests/bench/bench_dedup.py [--rows 20000] [--small 2000]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from itertools import combinations

import polars as pl

from medsynth.records import RawQA, RawTurn
from medsynth.stages.base import Context
from medsynth.stages.dedup import DedupSettings, DedupStage
from medsynth.stages.duplicates import Components, duplicate_links
from medsynth.text.similarity import jaccard

_HAN = (
    "头胸腹背腰腿手脚眼耳鼻喉心肝脾肺肾胃肠痛胀酸麻痒肿热冷咳喘晕吐泻"
    "血压糖药片针早晚饭前后天周月年左右上下轻重快慢睡醒走坐站躺"
)


def rows(count: int, seed: int = 0, planted: float = 0.1) -> list[RawQA]:
    """Return `count` invented records, half of them Chinese; a share of `planted` varies an earlier one."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(4000)]
    texts: list[tuple[str, list[str]]] = []
    records = []
    for n in range(count):
        if texts and rng.random() < planted:
            lang, base = rng.choice(texts)
            source = words if lang == "en" else list(_HAN)
            # Few to many edits: Jaccard from about 0.5 to 1.
            edits = rng.randint(0, max(1, len(base) // 12))
            tokens = list(base)
            for _ in range(edits):
                tokens[rng.randrange(len(tokens))] = rng.choice(source)
        else:
            lang = "en" if n % 2 else "zh"
            source = words if lang == "en" else list(_HAN)
            tokens = rng.choices(source, k=rng.randint(25, 60) if lang == "en" else rng.randint(40, 150))
            texts.append((lang, tokens))
        question = " ".join(tokens) if lang == "en" else "".join(tokens)
        answer = (
            " ".join(rng.choices(words, k=40)) + "."
            if lang == "en"
            else "".join(rng.choices(_HAN, k=80)) + "。"
        )
        turns = (RawTurn(role="patient", text=question), RawTurn(role="doctor", text=answer))
        name = f"bench-{n:07d}"
        records.append(
            RawQA(id=name, source="bench", group=name, lang=lang, licence="invented", kind="qa", turns=turns)
        )
    return records


def quality(count: int, threshold: float = 0.8) -> tuple[int, float, float]:
    """Return true near-duplicate pairs of a small set, and recall and precision of the linked pairs.

    Truth is the transitive closure of every pair at Jaccard ≥ threshold, found by comparing all pairs.
    """
    stage = DedupStage(DedupSettings(threshold=threshold), Context())
    frame = stage.sketch(rows(count, seed=1)).sort("id")
    found = duplicate_links(frame, threshold)
    truth = Components(count)
    sets = [s.to_numpy() for s in frame["shingles"]]
    pairs = 0
    for i, j in combinations(range(count), 2):
        a, b = len(sets[i]), len(sets[j])
        if min(a, b) >= threshold * max(a, b) and jaccard(sets[i], sets[j]) >= threshold:
            truth.join(i, j)
            pairs += 1
    linked = {(i, j) for i, j in combinations(range(count), 2) if found.find(i) == found.find(j)}
    true = {(i, j) for i, j in combinations(range(count), 2) if truth.find(i) == truth.find(j)}
    both = len(linked & true)
    return pairs, both / max(1, len(true)), both / max(1, len(linked))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--small", type=int, default=2_000)
    options = parser.parse_args()
    pairs, recall, precision = quality(options.small)
    print(f"dedup quality rows={options.small} pairs={pairs} recall={recall:.3f} precision={precision:.3f}")
    records = rows(options.rows)
    stage = DedupStage(DedupSettings(), Context())
    start = time.perf_counter()
    frames = [stage.sketch(records[i : i + 256]) for i in range(0, len(records), 256)]
    sketched = time.perf_counter()
    decisions = stage.resolve(pl.concat(frames).lazy())
    resolved = time.perf_counter()
    merged = sum("into" in json.loads(d) for d in decisions["decision"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"dedup speed rows={len(records)} sketch={sketched - start:.1f}s resolve={resolved - sketched:.1f}s "
        f"rows/s={len(records) / (resolved - start):.0f} merged={merged} peak={peak:.0f} MiB"
    )


if __name__ == "__main__":
    main()

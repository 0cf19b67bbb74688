"""Figures for *dedup*: beside datasketch and rensa at equal recall, and the growth with the number of rows.

    python -m tests.bench.bench_dedup                    # the comparison, 100,000 rows
    python -m tests.bench.bench_dedup --growth 10000 100000 1000000
    python -m tests.bench.bench_dedup --figure           # docs/figures/dedup_growth.svg from docs/dedup.md

Everything that is timed runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from math import log10
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from medsynth.records import RawQA, RawTurn
from medsynth.stages.base import Context
from medsynth.stages.dedup import DedupSettings, DedupStage
from medsynth.stages.duplicates import Components
from medsynth.text.similarity import BANDS, ROWS, jaccard, shingle_sets, squeeze

ROOT = Path(__file__).parents[2]
THRESHOLD = 0.8
_HAN = (
    "头胸腹背腰腿手脚眼耳鼻喉心肝脾肺肾胃肠痛胀酸麻痒肿热冷咳喘晕吐泻"
    "血压糖药片针早晚饭前后天周月年左右上下轻重快慢睡醒走坐站躺"
)


def rows(count: int, seed: int = 0, planted: float = 0.1) -> Iterator[RawQA]:
    """Yield `count` invented records of about 150 characters, half of them Chinese.

    A share of `planted` varies one of the last 10,000 others by a few words: Jaccard from about 0.4 to 1.
    """
    rng = random.Random(seed)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 8))) for _ in range(4000)]
    recent: list[tuple[str, list[str]]] = []
    for n in range(count):
        if recent and rng.random() < planted:
            lang, base = rng.choice(recent)
            tokens = list(base)
            for _ in range(rng.randint(0, 2 if lang == "en" else 6)):
                tokens[rng.randrange(len(tokens))] = rng.choice(words if lang == "en" else _HAN)
        else:
            lang = "en" if n % 2 else "zh"
            tokens = rng.choices(
                words if lang == "en" else _HAN, k=rng.randint(20, 28) if lang == "en" else 150
            )
            if len(recent) < 10_000:
                recent.append((lang, tokens))
            else:
                recent[n % 10_000] = (lang, tokens)
        question = (" " if lang == "en" else "").join(tokens)
        answer = " ".join(rng.choices(words, k=6)) if lang == "en" else "".join(rng.choices(_HAN, k=20))
        name = f"bench-{n:08d}"
        turns = (RawTurn(role="patient", text=question), RawTurn(role="doctor", text=answer))
        yield RawQA(id=name, source="bench", group=name, lang=lang, licence="own", kind="qa", turns=turns)


def brute_force(sets: Sequence[Any]) -> list[tuple[int, int]]:
    """Return every pair at the threshold by comparing all pairs."""
    return [(i, j) for i, j in combinations(range(len(sets)), 2) if jaccard(sets[i], sets[j]) >= THRESHOLD]


def all_pairs(sets: Sequence[Any]) -> list[tuple[int, int]]:
    """Return what `brute_force` returns, for many sets.

    Sets at Jaccard ≥ t share one of their `n - ceil(t n) + 1` rarest elements (Bayardo, Ma and Srikant, "Scaling
    up all pairs similarity search", 2007): every pair that shares one is compared, no other can reach t.
    """
    sizes = np.array([len(s) for s in sets])
    frame = pl.DataFrame({"row": np.repeat(np.arange(len(sets)), sizes), "value": np.concatenate(list(sets))})
    prefix = (
        frame.with_columns(count=pl.len().over("value"), size=pl.len().over("row"))
        .sort("row", "count", "value")
        .with_columns(place=pl.int_range(pl.len()).over("row"))
        .filter(
            (pl.col("count") > 1)
            & (pl.col("place") <= pl.col("size") - (pl.col("size") * THRESHOLD - 1e-9).ceil().cast(pl.Int64))
        )
        .select("row", "value")
    )
    pairs = prefix.join(prefix, on="value", suffix="_other").filter(pl.col("row") < pl.col("row_other"))
    unique = pairs.select("row", "row_other").unique().sort("row", "row_other")
    return [(i, j) for i, j in unique.iter_rows() if jaccard(sets[i], sets[j]) >= THRESHOLD]


def quality(roots: Sequence[int], true_pairs: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Return recall (true pairs in one component) and precision (pairs of one component that are in one
    component of the true pairs)."""
    truth = Components(len(roots))
    for i, j in true_pairs:
        truth.join(i, j)
    found = sum(roots[i] == roots[j] for i, j in true_pairs)
    linked = sum(n * (n - 1) // 2 for n in Counter(roots).values())
    right = sum(n * (n - 1) // 2 for n in Counter(zip(roots, truth.roots().tolist(), strict=True)).values())
    return found / max(1, len(true_pairs)), right / max(1, linked)


def ours(records: Sequence[RawQA]) -> tuple[list[int], dict[str, float]]:
    """Return the components of the whole stage, sketch and resolve, and the seconds of its parts."""
    stage = DedupStage(DedupSettings(threshold=THRESHOLD), Context())
    started = time.perf_counter()
    frames = [stage.sketch(records[i : i + 256]) for i in range(0, len(records), 256)]
    sketched = time.perf_counter()
    decided = dict(stage.resolve(pl.concat(frames).lazy()).iter_rows())
    resolved = time.perf_counter()
    place = {record.id: n for n, record in enumerate(records)}
    into = [json.loads(decided[record.id]).get("into", record.id) for record in records]
    return [place[name] for name in into], {"sketch": sketched - started, "resolve": resolved - sketched}


def _strings(record: RawQA) -> set[str]:
    text = squeeze(record.turns[0].text)
    if record.lang == "zh":
        joined = text.replace(" ", "")
        return {joined[i : i + 4] for i in range(max(1, len(joined) - 3))}
    words = text.split(" ")
    return {" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


def _verified(sets: list[set[str]], query: Any) -> list[int]:
    components = Components(len(sets))
    for i, mine in enumerate(sets):
        for j in query(i):
            other = sets[j]
            if j < i and len(mine & other) >= THRESHOLD * len(mine | other):
                components.join(i, j)
    return components.roots().tolist()


def with_datasketch(records: Sequence[RawQA]) -> tuple[list[int], dict[str, float]]:
    """The way of datasketch's documentation (update, insert, query), with our bands, then exact Jaccard."""
    from datasketch import MinHash, MinHashLSH

    started = time.perf_counter()
    sets = [_strings(record) for record in records]
    hashes = []
    for grams in sets:
        minhash = MinHash(num_perm=BANDS * ROWS)
        for gram in grams:
            minhash.update(gram.encode())
        hashes.append(minhash)
    sketched = time.perf_counter()
    index = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
    for i, minhash in enumerate(hashes):
        index.insert(i, minhash)
    roots = _verified(sets, lambda i: index.query(hashes[i]))
    return roots, {"sketch": sketched - started, "resolve": time.perf_counter() - sketched}


def with_rensa(records: Sequence[RawQA]) -> tuple[list[int], dict[str, float]]:
    """The way of rensa's documentation (update, insert, query), with our bands, then exact Jaccard."""
    from rensa import RMinHash, RMinHashLSH

    started = time.perf_counter()
    sets = [_strings(record) for record in records]
    hashes = []
    for grams in sets:
        minhash = RMinHash(num_perm=BANDS * ROWS, seed=1)
        minhash.update(list(grams))
        hashes.append(minhash)
    sketched = time.perf_counter()
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=BANDS * ROWS, num_bands=BANDS)
    for i, minhash in enumerate(hashes):
        index.insert(i, minhash)
    roots = _verified(sets, lambda i: index.query(hashes[i]))
    return roots, {"sketch": sketched - started, "resolve": time.perf_counter() - sketched}


METHODS = {"ours": ours, "rensa": with_rensa, "datasketch": with_datasketch}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _child(task: str, *arguments: object) -> dict[str, Any]:
    """Run one task in a process of its own and return what it measured."""
    command = [sys.executable, "-m", "tests.bench.bench_dedup", "--task", task, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{task} failed: {done.stderr.strip().splitlines()[-1:]}")
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def _method(name: str, count: str, truth: str) -> dict[str, float]:
    records = list(rows(int(count)))
    before, started = _peak_mb(), time.process_time()
    roots, seconds = METHODS[name](records)
    seconds["cpu"], peak = time.process_time() - started, _peak_mb()
    pairs = pl.read_parquet(truth).rows()
    recall, precision = quality(roots, pairs)
    return seconds | {"recall": recall, "precision": precision, "peak": peak, "rows_mb": before}


def _truth(count: str, target: str) -> dict[str, float]:
    records = list(rows(int(count)))
    sets = shingle_sets([squeeze(r.turns[0].text) for r in records], [r.lang for r in records])
    pairs = all_pairs(list(sets))
    few = list(sets)[:1500]
    checked = sorted(p for p in pairs if p[1] < len(few))
    if checked != brute_force(few):
        raise RuntimeError("the set join differs from comparing all pairs")
    pl.DataFrame(pairs, schema=["a", "b"], orient="row").write_parquet(target)
    length = sum(len(r.turns[0].text) for r in records) / len(records)
    return {"pairs": len(pairs), "characters": length}


def _sketch(count: str, folder: str) -> dict[str, float]:
    stage = DedupStage(DedupSettings(threshold=THRESHOLD), Context())
    source = rows(int(count))
    seconds, number = 0.0, 0
    while batch := list(islice(source, 2048)):
        started = time.process_time()
        stage.sketch(batch).write_parquet(Path(folder) / f"{number:05d}.parquet", compression="zstd")
        seconds += time.process_time() - started
        number += 1
    size = sum(path.stat().st_size for path in Path(folder).iterdir())
    return {"seconds": seconds, "peak": _peak_mb(), "bytes": size / int(count)}


def _resolve(folder: str) -> dict[str, float]:
    stage = DedupStage(DedupSettings(threshold=THRESHOLD), Context())
    before = _peak_mb()
    started = time.perf_counter()
    scans = [pl.scan_parquet(path, glob=False) for path in sorted(Path(folder).iterdir())]
    decided = stage.resolve(pl.concat(scans, how="diagonal_relaxed"))
    seconds = time.perf_counter() - started
    merged = int(decided["decision"].str.starts_with('{"into"').sum())
    return {"seconds": seconds, "peak": _peak_mb(), "import_mb": before, "merged": merged}


def compare(count: int) -> None:
    """Print the table of the methods on the same rows."""
    with TemporaryDirectory() as folder:
        truth = Path(folder) / "truth.parquet"
        facts = _child("truth", count, truth)
        print(
            f"{count} rows of {facts['characters']:.0f} characters, {facts['pairs']} pairs at Jaccard ≥ {THRESHOLD}"
        )
        print(
            "| method | sketch s | index and verify s | total s | CPU s | recall | precision | peak MiB (rows alone) |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for name in METHODS:
            try:
                if name != "ours":
                    importlib.import_module(name)
            except ImportError as error:
                print(f"| {name} | skipped: {error} |", flush=True)
                continue
            got = _child("method", name, count, truth)
            total = got["sketch"] + got["resolve"]
            print(
                f"| {name} | {got['sketch']:.1f} | {got['resolve']:.1f} | {total:.1f} | {got['cpu']:.1f} "
                f"| {got['recall']:.4f} | {got['precision']:.4f} | {got['peak']:.0f} ({got['rows_mb']:.0f}) |",
                flush=True,
            )


def growth(counts: Sequence[int]) -> None:
    """Print a line of the growth table for each number of rows: sketches in files, then resolve from them."""
    print("| rows | sketch CPU s | resolve s | resolve peak MiB | sketch bytes a row | merged |")
    print("|---|---|---|---|---|---|")
    for count in counts:
        with TemporaryDirectory() as folder:
            sketched = _child("sketch", count, folder)
            resolved = _child("resolve", folder)
        print(
            f"| {count} | {sketched['seconds']:.2f} | {resolved['seconds']:.2f} | {resolved['peak']:.0f} "
            f"| {sketched['bytes']:.0f} | {resolved['merged']} |",
            flush=True,
        )


def growth_table(page: str) -> list[tuple[int, float, float, float]]:
    """Return rows, CPU seconds of sketching, resolve seconds and peak MiB of the growth table in a Markdown page."""
    lines = page.partition("| rows | sketch CPU s | resolve s |")[2].splitlines()[2:]
    table = []
    for line in lines:
        if not re.match(r"\|\s*\d", line):
            break
        cells = [cell.strip().replace(",", "") for cell in line.strip("|").split("|")]
        table.append((int(cells[0]), float(cells[1]), float(cells[2]), float(cells[3])))
    return table


def figure(table: Sequence[tuple[int, float, float, float]]) -> str:
    """Return an SVG: seconds and peak MiB over rows, both axes logarithmic; a line of slope 1 beside them."""
    panels = [
        ("seconds", (("sketch (CPU)", "#2b6cb0", 1), ("resolve", "#c05621", 2))),
        ("peak MiB of resolve",),
    ]
    panels[1] += ((("resolve", "#c05621", 3),),)  # type: ignore[assignment]
    low_x, high_x = log10(table[0][0]), log10(table[-1][0])
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 330" font-family="sans-serif" font-size="12">',
        '<rect width="800" height="330" fill="#fff"/>',
    ]
    for n, (title, lines) in enumerate(panels):
        values = [row[column] for _, _, column in lines for row in table]
        low, high = int(log10(min(values)) // 1), int(-(-log10(max(values)) // 1))
        left, top, width, height = 60 + n * 380, 40, 300, 230

        def x(count: float, left: int = left, width: int = width) -> float:
            return left + width * (log10(count) - low_x) / (high_x - low_x)

        def y(value: float, low: int = low, high: int = high, top: int = top, height: int = height) -> float:
            return top + height * (1 - (log10(value) - low) / (high - low))

        parts.append(f'<text x="{left}" y="22" font-weight="bold">{title}</text>')
        for power in range(low, high + 1):
            at = y(10**power)
            parts.append(f'<path d="M{left} {at:.1f}H{left + width}" stroke="#ddd"/>')
            parts.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{10**power:,g}</text>')
        for count, *_ in table:
            parts.append(f'<path d="M{x(count):.1f} {top}V{top + height}" stroke="#eee"/>')
            parts.append(
                f'<text x="{x(count):.1f}" y="{top + height + 18}" text-anchor="middle">{count:,}</text>'
            )
        parts.append(f'<text x="{left + width / 2}" y="{top + height + 38}" text-anchor="middle">rows</text>')
        for place, (name, colour, column) in enumerate(lines):
            points = [(x(row[0]), y(row[column])) for row in table]
            path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{colour}"/>' for a, b in points]
            parts.append(f'<text x="{left + 10}" y="{top + 18 + 16 * place}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>\n"])


def main() -> None:
    """Print the figures that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the comparison")
    parser.add_argument(
        "--growth", type=int, nargs="+", help="measure sketch and resolve at these numbers of rows"
    )
    parser.add_argument("--figure", action="store_true", help="draw the growth table of docs/dedup.md")
    parser.add_argument("--task", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        tasks = {"truth": _truth, "method": _method, "sketch": _sketch, "resolve": _resolve}
        name, *arguments = options.task
        print(json.dumps(tasks[name](*arguments)))  # type: ignore[operator]
    elif options.figure:
        page = (ROOT / "docs" / "dedup.md").read_text(encoding="utf-8")
        target = ROOT / "docs" / "figures" / "dedup_growth.svg"
        target.parent.mkdir(exist_ok=True)
        target.write_text(figure(growth_table(page)), encoding="utf-8")
    elif options.growth:
        growth(options.growth)
    else:
        compare(options.rows)


if __name__ == "__main__":
    main()

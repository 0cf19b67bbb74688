"""`make bench`: what each part costs on this machine. Ratios matter more than the figures themselves.

Rows come from MEDSYNTH_REAL_DATA where it is set (Toyhom, English MedQuAD), else from the shipped samples.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from medsynth.config import STAGES, PipelineConfig, load_pipeline
from medsynth.records import Dialogue, Kept, Record
from medsynth.resources import resource
from medsynth.run.tasks import StageSpec
from medsynth.sources import SourceConfig, ingest
from medsynth.stages.base import Context, GlobalStage, Stage

ROOT = Path(__file__).parents[2]
ROWS = 2000
CLIPS = 60
ROUNDS = 7


def rows() -> tuple[str, list[Record]]:
    """Return where the rows come from, and up to ROWS of them."""
    real = os.environ.get("MEDSYNTH_REAL_DATA")
    if real:
        paths = [("toyhom", "toyhom/internal_medicine_sample.csv"), ("medquad", "medquad")]
        configs = [(SourceConfig(path=p, reader=r), Path(real) / p) for r, p in paths]
    else:
        config, context = load_pipeline(resource("pipelines", "demo.yaml"))
        configs = [(c, context.resolve(c.path)) for c in config.sources]
    found: list[Record] = []
    seen: set[str] = set()
    for source, path in configs:
        items = ingest(source, path, seen)
        kept = (i.outcome.records[0] for i in items if isinstance(i.outcome, Kept))
        found += itertools.islice(kept, ROWS // len(configs))
    return ("real data" if real else "the shipped samples"), found


def timed(call: Callable[[], object]) -> tuple[float, object]:
    """Return the wall seconds of a call and its result."""
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def through(stage: Stage, records: Sequence[Record]) -> list[Record]:
    """Return what a stage keeps of these records."""
    if isinstance(stage, GlobalStage):
        sketch = stage.sketch(records)
        decided = dict(stage.resolve(sketch.lazy()).select("id", "decision").iter_rows())
        outcomes = stage.decide(records, [decided.get(i, "") for i in sketch["id"]])
    else:
        outcomes = stage.process(records)
    return [r for o in outcomes if isinstance(o, Kept) for r in o.records]


def bench_readers() -> None:
    """Print rows a second of every reader whose real files are there."""
    real = os.environ.get("MEDSYNTH_REAL_DATA")
    if not real:
        print("readers: set MEDSYNTH_REAL_DATA to the folder of real data")
        return
    config, context = load_pipeline(resource("pipelines", "open-data.yaml"))
    print("readers, one core, real files")
    for source in config.sources:
        seconds, items = timed(
            lambda source=source: list(ingest(source, context.resolve(source.path), set()))
        )
        print(f"  {source.name or source.reader:<17} {len(items) / seconds:>8.0f} rows/s   {len(items)} rows")


def bench_stages() -> list[Record]:
    """Print records a second of every text stage, on one core."""
    name, records = rows()
    print(f"stages, one core, {len(records)} records of {name}")
    config = PipelineConfig()
    for stage_name, target in STAGES.items():
        if stage_name == "voice":
            break
        settings = config.stage_settings(stage_name).model_dump_json()
        stage = StageSpec(target, settings, Context()).open()
        through(stage, records[:20])  # imports and compiled patterns are start-up, not speed
        seconds, kept = timed(lambda stage=stage, records=records: through(stage, records))
        print(f"  {stage_name:<9} {len(records) / seconds:>8.0f} records/s   {len(records)} -> {len(kept)}")
        stage.close()
        records = kept
    return records


def bench_voice(dialogues: Sequence[Record]) -> None:
    """Print seconds of synthesis, and CPU-seconds of post-processing and checks, per second of audio."""
    from medsynth.text.spoken import spoken_form
    from medsynth.voice.audio import SAMPLE_RATE, finish
    from medsynth.voice.bank import load_bank
    from medsynth.voice.checks import check
    from medsynth.voice.engine import open_engine

    bank = load_bank()
    by_lang = {lang: [s for s in bank if s.lang.startswith(lang)] for lang in ("en", "zh")}
    turns = [
        (spoken_form(t.text, d.lang), d.lang)
        for d in dialogues
        if isinstance(d, Dialogue)
        for t in d.turns
        if t.role == "patient" and len(t.text) > 20
    ]
    turns = turns[:: max(1, len(turns) // CLIPS)][:CLIPS]
    engine = open_engine("espeak")
    said, wall, cpu, audio = [], 0.0, 0.0, 0.0
    try:
        for number, (text, lang) in enumerate(turns):
            speakers = by_lang[lang]
            speaker = speakers[number * 7 % len(speakers)]
            seconds, clip = timed(lambda t=text, la=lang, s=speaker, n=number: engine.synthesize(t, la, s, n))
            wall += seconds if number else 0.0
            said.append((clip, text, lang, speaker))
    finally:
        engine.close()
    for number, (clip, text, lang, speaker) in enumerate([said[0], *said]):
        started = time.process_time()
        finished = finish(clip, "espeak", speaker.id)
        check(finished.samples, SAMPLE_RATE, text, lang, speaker)
        if number:  # the first round loads the libraries
            cpu += time.process_time() - started
            audio += finished.duration_s
    print(f"voice, {len(said)} clips, {audio:.0f} s of audio")
    print(f"  synthesis                    {wall / audio:.4f} wall seconds per second of audio")
    print(f"  post-processing and checks   {cpu / audio:.4f} CPU-seconds per second of audio (at most 0.015)")


def bench_startup() -> None:
    """Print the start-up of the command line."""
    command = [sys.executable, "-c", "from medsynth.cli import main; main()", "--help"]
    times = [
        timed(lambda: subprocess.run(command, cwd=ROOT, capture_output=True, check=True))[0]
        for _ in range(ROUNDS)
    ]
    print(f"medsynth --help   {statistics.median(times):.2f} s (median of {ROUNDS}; under 0.5)")


def main() -> None:
    """Run every benchmark."""
    bench_startup()
    bench_readers()
    dialogues = bench_stages()
    bench_voice(dialogues)


if __name__ == "__main__":
    main()

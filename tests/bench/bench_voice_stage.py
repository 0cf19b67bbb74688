"""The voice stage beside the bare engine loop, for a slow engine: the same utterances, turn about, in one run.

    python -m tests.bench.bench_voice_stage [--delay 1.5] [--concurrency 8] [--dialogues 60] [--rounds 3]
    .venv-coqui/bin/python -m tests.bench.bench_voice_stage --coqui --dialogues 24   # after `make test-coqui`

The engine is `medsynth serve-voice` on loopback, which takes so many seconds for each utterance; or a default-size
VITS (random weights) that coqui-tts runs in a process of its own, on one thread. The bare loop has the utterances
said, and nothing done with them; the stage also keeps them on disk, brings them to 16 kHz and their loudness,
checks and encodes them. Both have the same warm engine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from medsynth.records import Dialogue, Kept
from medsynth.stages.base import Context
from medsynth.stages.voice import VoiceSettings
from medsynth.stages.voice_stream import StreamedVoiceStage
from medsynth.voice.bank import load_bank, save_bank
from medsynth.voice.clips import ClipStore
from medsynth.voice.engine import Clip, SpeechEngine, Utterance, engine_identity, open_speech_engine
from medsynth.voice.settings import CoquiSettings, SpeechServerSettings
from medsynth.voice.studio import Studio
from tests.stages.test_stage_voice import dialogue

OPENINGS = ("My heel hurts", "The left knee aches", "There is a burning pain", "Both ears feel blocked")
WHEN = (
    "when I get up in the morning.",
    "for about three weeks, and it is worse after a long walk.",
    "at night.",
    "whenever I climb the stairs at work or carry the shopping home from the market.",
)


def dialogues(count: int) -> list[Dialogue]:
    """One patient turn each: whether a clip passes its checks then changes nothing of what is asked for."""
    return [
        dialogue(f"d{n}", texts=(f"{OPENINGS[n % 4]} {WHEN[n // 4 % 4]}", "Rest it."), split="train")
        for n in range(count)
    ]


class Counted:
    """An engine that remembers what it said."""

    def __init__(self, engine: SpeechEngine) -> None:
        self.name, self.concurrency, self._engine = engine.name, engine.concurrency, engine
        self.said: Counter[tuple[str, str, int]] = Counter()
        self.seconds = 0.0

    async def speak(self, utterance: Utterance) -> Clip:
        clip = await self._engine.speak(utterance)
        self.said[utterance.text, utterance.speaker.id, utterance.seed] += 1
        self.seconds += clip.duration_s
        return clip

    async def close(self) -> None:
        """Leave the engine open for the next arm."""


async def bare(engine: Counted, utterances: Sequence[Utterance]) -> float:
    """Return the seconds it takes to have all said, the engine kept full."""
    started, left = time.perf_counter(), iter(utterances)

    async def work() -> None:
        for utterance in left:
            await engine.speak(utterance)

    await asyncio.gather(*(work() for _ in range(engine.concurrency)))
    return time.perf_counter() - started


async def staged(
    engine: Counted, made: StreamedVoiceStage, records: Sequence[Dialogue], store: Path, warm: Clip
) -> tuple[float, int]:
    """Return the seconds the stage takes for the same, its check processes running, and the dialogues kept."""
    identity = engine_identity(engine.name, made.settings.of_engines)
    made._studio = studio = Studio(
        {engine.name: engine}, {engine.name: identity}, ClipStore(store, 2**30), made.check_workers
    )
    await studio._judges.judge(next(made.casting.takes(records[0])), [warm])
    started, left, kept = time.perf_counter(), iter(records), 0

    async def work() -> None:
        nonlocal kept
        for record in left:
            outcome = await made.judged(record, "voice")
            kept += isinstance(outcome, Kept)

    await asyncio.gather(*(work() for _ in range(made.concurrency)))
    seconds = time.perf_counter() - started
    await made.aclose()
    return seconds, kept


async def measure(settings: VoiceSettings, folder: Path, count: int, rounds: int) -> None:
    records, name = dialogues(count), settings.used[0]
    made = StreamedVoiceStage(settings, Context(seed=1, base=folder))
    utterances = [u for record in records for u in next(made.casting.takes(record)).utterances()]
    engine = open_speech_engine(name, settings.of_engines)
    warm = await engine.speak(utterances[0])
    ratios = []
    try:
        for n in range(rounds):
            alone, with_stage = Counted(engine), Counted(engine)
            wall = await bare(alone, utterances)
            whole, kept = await staged(with_stage, made, records, folder / f"clips-{n}", warm)
            assert alone.said == with_stage.said, "both arms say the same"
            ratios.append(wall / whole)
            print(
                f"{name}: {alone.seconds:.0f} s of sound, bare loop {wall:.1f} s, stage {whole:.1f} s "
                f"({kept} of {count} dialogues kept): {ratios[-1]:.2f} of its rate; load {os.getloadavg()[0]:.1f} "
                f"on {os.cpu_count()} cores",
                flush=True,
            )
    finally:
        await engine.close()
    print(
        f"{name}: median {statistics.median(ratios):.2f} of the bare loop ({min(ratios):.2f}–{max(ratios):.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=1.5)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--dialogues", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--coqui", action="store_true")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.coqui:
            os.environ.setdefault("OMP_NUM_THREADS", "1")
            from medsynth.voice.coqui_compat import prepare

            prepare()
            from tests.voice.coqui_models import SPEAKERS, make_vits

            make_vits(folder / "vits", small=options.small)
            women = [
                s
                for s in load_bank()
                if s.gender == "female" and s.age_group == "adult" and s.accent == "en-US"
            ]
            bank = [
                # Whatever a random model says passes: the repairs of a bad voice are not what is measured.
                s.model_copy(update={"engine": "coqui", "handle": {"speaker": SPEAKERS[n % 6]}, "split": "train",
                                     "id": f"c{n}"})
                for n, s in enumerate(women[:6])
            ]  # fmt: skip
            save_bank(bank, folder / "bank.csv")
            coqui = CoquiSettings(
                model_path=str(folder / "vits" / "model.pth"), licence="CC0-1.0", devices=("cpu",), threads=1
            )
            settings = VoiceSettings(engine="coqui", coqui=coqui, bank="bank.csv", check_workers=1, repairs=0)
            asyncio.run(measure(settings, folder, options.dialogues, options.rounds))
            return
        from tests.voice.speech_server import speech_server

        far = [
            s.model_copy(update={"id": f"far-{s.id}", "engine": "openai", "handle": {"voice": s.id}})
            for s in load_bank()
        ]
        save_bank(far, folder / "bank.csv")
        with speech_server(workers=2) as server:
            server.plan(delay_s=options.delay)
            openai = SpeechServerSettings(
                base_url=server.base_url,
                model="any",
                licence="CC0-1.0",
                concurrency=options.concurrency,
                timeout_s=120,
            )
            settings = VoiceSettings(engine="openai", openai=openai, bank="bank.csv", check_workers=1)
            asyncio.run(measure(settings, folder, options.dialogues, options.rounds))


if __name__ == "__main__":
    main()

"""The voice stage beside the bare engine loop, for a slow engine: seconds of sound a second, in one run.

    python -m tests.bench.bench_voice_stage [--delay 1.5] [--concurrency 8] [--dialogues 60]
    python -m tests.bench.bench_voice_stage --coqui      # a default-size VITS (random), where coqui-tts is installed

The engine is `medsynth serve-voice` on loopback, which takes so many seconds for each utterance; or coqui-tts in
a process of its own. The bare loop has the same utterances said, and nothing done with them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from medsynth.records import Dialogue, Kept, Outcome
from medsynth.stages.base import Context
from medsynth.stages.voice import VoiceSettings, VoiceStage
from medsynth.voice.bank import load_bank, save_bank
from medsynth.voice.checks import Checked
from medsynth.voice.dialogue import Take, Taken
from medsynth.voice.engine import Clip, SpeechEngine, Utterance, open_speech_engine
from medsynth.voice.settings import CoquiSettings, SpeechServerSettings
from tests.stages.test_stage_voice import dialogue


def dialogues(count: int) -> list[Dialogue]:
    texts = (
        "My heel hurts a lot when I get up in the morning.",
        "Since when?",
        "For about three weeks, and it is worse after a walk.",
        "Rest it.",
    )
    return [dialogue(f"d{n}", texts=texts, split="train") for n in range(count)]


async def bare(engine: SpeechEngine, utterances: Sequence[Utterance]) -> tuple[float, float]:
    """Return the seconds it takes to have all said, the engine kept full, and the seconds of sound."""
    await engine.speak(utterances[0])  # loaded, connected
    started, left, said = time.perf_counter(), iter(utterances), 0.0

    async def work() -> None:
        nonlocal said
        for utterance in left:
            clip = await engine.speak(utterance)
            said += clip.duration_s

    await asyncio.gather(*(work() for _ in range(engine.concurrency)))
    seconds = time.perf_counter() - started
    await engine.close()
    return seconds, said


def measure(settings: VoiceSettings, folder: Path, count: int) -> None:
    records = dialogues(count)
    made = VoiceStage.implementation(settings)(
        settings, Context(seed=1, base=folder, journal=folder / "journal")
    )
    assert isinstance(made, VoiceStage)
    takes: list[Take] = []
    kept = Taken(b"x", 1.0, Checked({}, ()))
    for record in records:  # what the stage will ask for, when all goes well
        wanted = made.casting.takes(record)
        try:
            take = next(wanted)
            while True:
                takes.append(take)
                take = wanted.send(kept)
        except StopIteration:
            pass
    utterances = [u for take in takes for u in take.utterances()]
    name = settings.used[0]
    alone, spoken = asyncio.run(bare(open_speech_engine(name, settings.of_engines), utterances))

    said = 0.0  # seconds of sound

    async def staged() -> tuple[float, list[Outcome]]:
        nonlocal said
        studio = made.studio
        engine = studio.engines[name]
        await studio._judges.judge(takes[0], [await engine.speak(u) for u in takes[0].utterances()])
        speak, outcomes = engine.speak, list[Outcome]()

        async def counted(utterance: Utterance) -> Clip:
            nonlocal said
            clip = await speak(utterance)
            said += clip.duration_s
            return clip

        engine.speak = counted  # type: ignore[method-assign]
        started, left = time.perf_counter(), iter(records)

        async def work() -> None:
            for record in left:
                outcomes.append(await made.judged(record))

        await asyncio.gather(*(work() for _ in range(made.concurrency)))
        seconds = time.perf_counter() - started
        await made.aclose()
        return seconds, outcomes

    seconds, outcomes = asyncio.run(staged())
    kept_ones = sum(1 for o in outcomes if isinstance(o, Kept))
    print(
        f"{name}: bare loop {spoken:.0f} s of sound in {alone:.1f} s, stage {said:.0f} s in {seconds:.1f} s "
        f"({kept_ones} of {len(records)} dialogues kept): {said / seconds * alone / spoken:.2f} of its rate"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=1.5)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--dialogues", type=int, default=60)
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
            measure(settings, folder, options.dialogues)
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
                base_url=server.base_url, model="any", concurrency=options.concurrency, timeout_s=120
            )
            settings = VoiceSettings(engine="openai", openai=openai, bank="bank.csv", check_workers=1)
            measure(settings, folder, options.dialogues)


if __name__ == "__main__":
    main()

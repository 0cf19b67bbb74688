"""Our batches beside the published trainer's: the same dialogues, the same model, turn about, in one run.

    python -m tests.bench.bench_train                             # a tiny model on the CPU; runs/demo/corpus
    python -m tests.bench.bench_train --corpus my/corpus --dialogues 32 --rounds 5 --threads 2
    python -m tests.bench.bench_train --gpu                       # a 0.5B-class model with random weights, bf16

Two things are timed, each on batches of the other kinds turn about:

- forward and backward of ready batches, in supervised tokens (the doctor's words and the end of each reply, the
  same ones in every arm), and in seconds of audio, a second;
- loading: Parquet rows to batches (decoding, checks, log-mel, tokens), beside a bare loop that decodes the same FLAC
  clips and does nothing with them.

The model's forward is ours in all arms, which spares the published batches the logits of every unsupervised place;
their encoder runs as Whisper's own, without a mask. No arm has a system message. The published program also starts
FFmpeg once a clip; here it is given samples by our decoder.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile
import torch

from medtrain.collate import Batch
from medtrain.config import TrainConfig, load_config
from medtrain.data import Consultation, decode, open_source
from medtrain.frontend import log_mel
from medtrain.loader import steps
from medtrain.losses import moved
from medtrain.parts import Loaded
from medtrain.places import preset_config
from medtrain.preset import train_tokenizer
from medtrain.run import collator_of, texts, tiny
from medtrain.sampling import Modality, Sampler, index_set
from tests.bench import published_batches as published

STAGES: dict[str, tuple[Modality, ...]] = {
    "text": ("text",),
    "speech": ("speech",),
    "speech and text, one to one": ("speech", "text"),
}


class Some:
    """A few dialogues of a source, held in memory with their FLAC bytes."""

    def __init__(self, dialogues: Sequence[Consultation], name: str) -> None:
        self.name, self.fingerprint = name, ""
        self._dialogues = list(dialogues)

    def __len__(self) -> int:
        return len(self._dialogues)

    def read(self, start: int, count: int) -> list[Consultation]:
        return self._dialogues[start : start + count]


@dataclass(frozen=True)
class Work:
    """What an arm does in one round, and what that is worth. Places are of token rows, frames of log-mel."""

    run: Callable[[], object]
    supervised: int
    audio_s: float
    padded_places: float
    padded_frames: float | None


def voiced(corpus: Path, count: int) -> list[Consultation]:
    """Return the first dialogues of which every patient turn was spoken: the published format knows no others."""
    source = open_source(corpus)
    found = []
    for row in range(len(source)):
        (one,) = source.read(row, 1)
        roles = [turn.role for turn in one.turns]
        whole = roles == ["patient", "doctor"] * (len(roles) // 2)
        if whole and all(turn.clip is not None for turn in one.turns if turn.role == "patient"):
            found.append(one)
        if len(found) == count:
            break
    if not found:
        raise SystemExit(f"{source.name}: no dialogue with all patient turns voiced")
    return found


def our_loader(
    config: TrainConfig, loaded: Loaded, stage: str, source: Some, pack: bool | None = None
) -> Callable[[], list[Batch]]:
    """Return what makes batches of every dialogue once, by each of the stage's modalities.

    The index of lengths is made once a training run, and here before.
    """
    collator = collator_of(config, loaded)
    collator.pack = collator.pack if pack is None else pack
    sets = [index_set(source, modality, 1.0, collator) for modality in STAGES[stage]]
    whole = sum(len(s.rows) for s in sets)

    def load() -> list[Batch]:
        sampler = Sampler(sets, config.seed, whole, config.data.batch_tokens, pack=collator.pack)
        stream = steps(sampler, collator, sampler.start, window=whole, batches_per_step=1, workers=0)
        made: list[Batch] = []
        for step in stream:
            made += step.batches
            if not step.position.batch:
                break
        assert sum(len(b.ids) for b in made) == whole
        return made

    return load


def published_batches(
    loaded: Loaded, stage: str, dialogues: Sequence[Consultation]
) -> list[published.PublishedBatch]:
    """Return what the published trainer makes of the same dialogues: 8 a batch for text, else one."""
    tokenizer = loaded.template.tokenizer

    def encode(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])

    made = []
    size = published.TEXT_BATCH if STAGES[stage] == ("text",) else published.SPEECH_BATCH
    for modality in STAGES[stage]:
        for start in range(0, len(dialogues), size):
            examples = [
                published.example(
                    [
                        (t.text, decode(t.clip)[0] if modality == "speech" and t.clip else None)
                        for t in dialogue.turns
                    ],
                    encode,
                    loaded.template.audio_id,
                )
                for dialogue in dialogues[start : start + size]
            ]
            made.append(published.batch(examples, loaded.template.end_ids[0], loaded.extractor))
    return made


def forward_backward(model: Any, losses: Sequence[Callable[[], torch.Tensor]]) -> Callable[[], None]:
    """Return a round: every batch forward and backward, as for one optimizer step each."""

    def run() -> None:
        for loss in losses:
            model.zero_grad(set_to_none=True)
            loss().backward()

    return run


def our_work(loaded: Loaded, made: Sequence[Batch], device: str = "cpu") -> Work:
    """Return the round of our batches. Log-mel frames of gaps and tails are padding."""
    model, there = loaded.model, torch.device(device)

    def loss(one: Batch) -> Callable[[], torch.Tensor]:
        inputs = moved(one.inputs, there)
        return lambda: model(**inputs, num_items_in_batch=1).loss

    frames = sum(b.inputs["segments"].numel() for b in made if "segments" in b.inputs)
    heard = sum(int((b.inputs["segments"] > 0).sum()) for b in made if "segments" in b.inputs)
    return Work(
        forward_backward(model, [loss(one) for one in made]),
        sum(b.supervised for b in made),
        sum(b.audio_s for b in made),
        1 - sum(b.tokens for b in made) / sum(b.cells for b in made),
        1 - heard / frames if frames else None,
    )


def published_work(
    loaded: Loaded, made: Sequence[published.PublishedBatch], ours: Sequence[Batch], device: str = "cpu"
) -> Work:
    """Return the round of the published batches. What they are worth is what our batches of the same hold."""
    model = loaded.model
    places, windows = sum(b.ids.numel() for b in made), sum(len(b.mel) for b in made if b.mel is not None)
    # The tokens that are no filling are those of our batches: the chat form is the same.
    real, audio_s = sum(b.tokens for b in ours), sum(b.audio_s for b in ours)

    def loss(one: published.PublishedBatch) -> Callable[[], torch.Tensor]:
        return lambda: published.loss(model, one, device)

    return Work(
        forward_backward(model, [loss(one) for one in made]),
        sum(b.supervised for b in ours),
        audio_s,
        1 - real / places,
        1 - audio_s * 100 / (windows * 3000) if windows else None,
    )


def rounds_of(arms: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of every arm's rounds, the arms turn about, after one round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for number in range(rounds + 1):
        for name, run in arms.items():
            began = time.perf_counter()
            run()
            if number:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def spread(values: Sequence[float], form: str) -> str:
    """Return the median and the range."""
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def machine(threads: int) -> str:
    """Return the load average and the cores."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {threads} thread(s)"


def compare(config: TrainConfig, loaded: Loaded, source: Some, rounds: int) -> None:
    """Print the table of forward and backward, by stage and by arm."""
    dialogues = source.read(0, len(source))
    layouts = {"ours, bucketed": False, "ours, packed": True}
    print("| stage | batches | supervised tokens/s | times | audio-s/s | padded places | padded frames |")
    print("|---|---|---|---|---|---|---|")
    for stage in STAGES:
        made = {name: our_loader(config, loaded, stage, source, pack)() for name, pack in layouts.items()}
        theirs = published_batches(loaded, stage, dialogues)
        works = {"published": published_work(loaded, theirs, made["ours, bucketed"])}
        works |= {name: our_work(loaded, batches) for name, batches in made.items()}
        assert len({work.supervised for work in works.values()}) == 1
        seconds = rounds_of({name: work.run for name, work in works.items()}, rounds)
        for name, work in works.items():
            times = [a / b for a, b in zip(seconds["published"], seconds[name], strict=True)]
            audio = spread([work.audio_s / s for s in seconds[name]], ".1f") if work.audio_s else "–"
            frames = f"{work.padded_frames:.1%}" if work.padded_frames is not None else "–"
            print(
                f"| {stage} | {name} | {spread([work.supervised / s for s in seconds[name]], '.0f')} "
                f"| {spread(times, '.1f')} | {audio} | {work.padded_places:.1%} | {frames} |",
                flush=True,
            )


def loading(config: TrainConfig, loaded: Loaded, source: Some, rounds: int) -> None:
    """Print what loading costs beside decoding alone."""
    dialogues = source.read(0, len(source))
    clips = [turn.clip for d in dialogues for turn in d.turns if turn.clip is not None]
    seconds_of_sound = sum(turn.duration_s or 0.0 for d in dialogues for turn in d.turns)

    def bare() -> None:
        for clip in clips:
            soundfile.read(io.BytesIO(clip) if isinstance(clip, bytes) else clip, dtype="float32")

    def heard() -> None:
        for clip in clips:
            log_mel(loaded.extractor, decode(clip)[0])

    found = rounds_of(
        {
            "bare decoding": bare,
            "bare decoding and log-mel": heard,
            "our loader": our_loader(config, loaded, "speech", source),
            "published collator": lambda: published_batches(loaded, "speech", dialogues),
        },
        rounds,
    )
    print("\n| loading | audio-s/s | seconds, times bare decoding |\n|---|---|---|")
    for name, seconds in found.items():
        times = [a / b for a, b in zip(seconds, found["bare decoding"], strict=True)]
        print(
            f"| {name} | {spread([seconds_of_sound / s for s in seconds], '.0f')} | {spread(times, '.1f')} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("runs/demo/corpus"))
    parser.add_argument("--dialogues", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gpu", action="store_true", help="a 0.5B-class model in bf16 on a GPU")
    parser.add_argument("--device", default="cuda", help="with --gpu")
    parser.add_argument(
        "--small", action="store_true", help="with --gpu: a small model, to try the command out"
    )
    parser.add_argument("--peak-tflops", type=float, help="with --gpu: the device's dense bf16 peak")
    options = parser.parse_args()
    if not (options.corpus / "corpus.json").is_file():
        raise SystemExit(f"{options.corpus} holds no corpus; make one with `make corpus`, or give --corpus")
    torch.set_num_threads(options.threads)
    source = Some(voiced(options.corpus, options.dialogues), str(options.corpus))
    if options.gpu:
        from tests.bench.bench_train_gpu import measure

        measure(source, options)
        return
    config = load_config(preset_config("train-tiny"))
    loaded = tiny(config, train_tokenizer(texts(options.corpus), config.model.tiny.vocabulary))
    loaded.model.train()
    total = sum(p.numel() for p in loaded.model.parameters())
    print(f"{len(source)} dialogues, {total:,} parameters, medians of {options.rounds} rounds (range)")
    print(machine(options.threads) + "\n")
    compare(config, loaded, source, options.rounds)
    loading(config, loaded, source, options.rounds)
    print("\n" + machine(options.threads))


if __name__ == "__main__":
    main()

"""What `compile: true` gives: the same batches forward and backward, compiled and not, turn about, in one run.

    OMP_NUM_THREADS=1 python -m tests.bench.bench_compile                 # the tiny preset on the CPU; runs/demo/corpus
    python -m tests.bench.bench_compile --config my.yaml --device cuda    # the model of a config, in bf16 on a GPU

Of each arm one round is not counted; for the compiled one that is the compilation, whose seconds are printed by
themselves. The rounds go over the same batches, so that no shape is new in them.
"""

from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from medtrain import parallel
from medtrain.collate import Batch
from medtrain.config import load_config
from medtrain.losses import moved
from medtrain.parts import Loaded, join_parts, load_model
from medtrain.places import preset_config
from medtrain.preset import train_tokenizer
from medtrain.run import texts, tiny
from tests.bench.bench_train import Some, forward_backward, machine, our_loader, rounds_of, spread, voiced


def loaded_of(config: Any, corpus: Path) -> Loaded:
    """Return the model that a config names, in training mode."""
    parts = config.model
    if parts.whole:
        loaded = load_model(parts.whole, attention=parts.attention)
    elif parts.llm:
        loaded = join_parts(parts, seed=config.seed, system=None)
    else:
        loaded = tiny(config, train_tokenizer(texts(corpus), parts.tiny.vocabulary))
    loaded.model.train()
    return loaded


def rounds(model: Any, made: list[Batch], accelerator: Accelerator) -> Any:
    """Return a round: every batch forward and backward."""

    def loss(one: Batch) -> Any:
        inputs = moved(one.inputs, accelerator.device)

        def run() -> torch.Tensor:
            with accelerator.autocast():
                value: torch.Tensor = model(**inputs, num_items_in_batch=1).loss
            return value

        return run

    work = forward_backward(model, [loss(one) for one in made])

    def timed() -> None:
        work()
        if accelerator.device.type == "cuda":
            torch.cuda.synchronize()

    return timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("runs/demo/corpus"))
    parser.add_argument("--config", type=Path, help="a train config [train-tiny]")
    parser.add_argument("--dialogues", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = load_config(options.config or preset_config("train-tiny"))
    if options.device == "cpu":
        config = config.model_copy(update={"precision": "fp32"})
    accelerator = Accelerator(
        mixed_precision="bf16" if options.device == "cuda" else "no", cpu=options.device == "cpu"
    )
    source = Some(voiced(options.corpus, options.dialogues), str(options.corpus))
    plain = loaded_of(config, options.corpus)
    other = copy.deepcopy(plain.model)
    models = {
        "as it is": parallel.spread(plain.model, accelerator, config),
        "compiled": parallel.spread(other, accelerator, config.model_copy(update={"compile": True})),
    }
    print(f"{len(source)} dialogues, medians of {options.rounds} rounds (range); {options.device}")
    print(machine(options.threads) + "\n")
    print("| stage | supervised tokens/s as it is | compiled | times | first round, compiled (s) |")
    print("|---|---|---|---|---|")
    for stage in ("text", "speech"):
        made = our_loader(config, plain, stage, source)()
        arms = {name: rounds(model, made, accelerator) for name, model in models.items()}
        began = time.perf_counter()
        arms["compiled"]()
        first = time.perf_counter() - began
        seconds = rounds_of(arms, options.rounds)
        worth = sum(batch.supervised for batch in made)
        rates = [spread([worth / s for s in seconds[name]], ".0f") for name in arms]
        times = spread([a / b for a, b in zip(*seconds.values(), strict=True)], ".2f")
        print(f"| {stage} | {rates[0]} | {rates[1]} | {times} | {first:.0f} |", flush=True)
    print("\n" + machine(options.threads))


if __name__ == "__main__":
    main()

"""`python -m tests.bench.bench_train --gpu`: what a 0.5B-class model with random weights does on one GPU.

The sizes are those of Qwen2.5-0.5B and of Whisper-small's encoder; every parameter learns. bf16 autocast over fp32
weights, as `medtrain fit` has it. Model FLOP utilisation is what PyTorch's FLOP counter finds in forward and backward
(matrix products and attention, nothing recomputed), by the time they take and the device's dense bf16 peak.

`--device cpu --small` runs the same path with a small model where there is no GPU: it shows that the command works.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import Qwen2Config, WhisperConfig, WhisperFeatureExtractor

from medtrain.config import TrainConfig, load_config
from medtrain.model import SpeechLM, SpeechLMConfig
from medtrain.parts import Loaded, joined
from medtrain.places import preset_config
from medtrain.preset import train_tokenizer
from medtrain.render import Template
from tests.bench.bench_train import (
    STAGES,
    Some,
    Work,
    our_loader,
    our_work,
    published_batches,
    published_work,
)

PEAK_TFLOPS = {
    "B200": 2250,
    "H200": 989,
    "H100 PCIe": 756,
    "H100": 989,
    "A100": 312,
    "L40S": 362,
    "A10": 125,
    "L4": 121,
    "RTX 4090": 165,
    "RTX 3090": 71,
}
"""Dense bf16 TFLOP/s by the vendor's data sheets; the first name that the device's holds is taken."""

TOP = 15
"""Costs of the profiler that are shown."""


def measure(source: Some, options: argparse.Namespace) -> None:
    """Print the table of both arms, the utilisation of ours, and where its time goes."""
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("there is no GPU here; --device cpu --small tries the command out")
    config = load_config(preset_config("train-qwen"))
    loaded = half_billion(config, source, small=options.small)
    loaded.model.to(device).train()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    peak = options.peak_tflops or next((t for part, t in PEAK_TFLOPS.items() if part in name), None)
    total = sum(p.numel() for p in loaded.model.parameters())
    print(f"{name}, PyTorch {torch.__version__}; {total:,} parameters, random; {len(source)} dialogues; bf16")
    if peak is None:
        print("the peak of this device is not known: --peak-tflops gives the utilisation")
    print("\n| stage | batches | supervised tokens/s | audio-s/s | TFLOP/s | MFU | peak memory, MB |")
    print("|---|---|---|---|---|---|---|")
    ours = None
    for stage in STAGES:
        batches = our_loader(config, loaded, stage, source)()
        theirs = published_batches(loaded, stage, source.read(0, len(source)))
        ours = our_work(loaded, batches, options.device)
        for arm, work in (
            ("published", published_work(loaded, theirs, batches, options.device)),
            ("ours, packed", ours),
        ):
            print(f"| {stage} | {arm} | {_row(work, device, peak, options.rounds)} |", flush=True)
    assert ours is not None
    print(f"\nour batches of the last stage, the {TOP} largest costs of one round\n")
    print(_profile(ours, device))


def half_billion(config: TrainConfig, source: Some, *, small: bool) -> Loaded:
    """Return a SpeechLM with random weights in real sizes, around a tokenizer trained on the dialogues."""
    words = (turn.text for dialogue in source.read(0, len(source)) for turn in dialogue.turns)
    template = Template(train_tokenizer(words, 2048))
    text = Qwen2Config(
        vocab_size=4096 if small else 151_936,
        hidden_size=128 if small else 896,
        intermediate_size=256 if small else 4864,
        num_hidden_layers=2 if small else 24,
        num_attention_heads=4 if small else 14,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )
    encoder = WhisperConfig(
        num_mel_bins=80,
        d_model=96 if small else 768,
        encoder_layers=2 if small else 12,
        encoder_attention_heads=4 if small else 12,
        encoder_ffn_dim=192 if small else 3072,
        decoder_layers=0,
    )
    text._attn_implementation = "sdpa"
    parts = SpeechLMConfig(
        text_config=text,
        encoder_config=encoder,
        stack=config.model.stack,
        projector_size=config.model.projector,
        audio_token_id=template.audio_id,
    )
    torch.manual_seed(config.seed)
    return joined(SpeechLM(parts), template, WhisperFeatureExtractor(feature_size=80))


def _row(work: Work, device: torch.device, peak: float | None, rounds: int) -> str:
    run = _autocast(work, device)
    counter = FlopCounterMode(display=False)
    with counter:
        run()
    flops = counter.get_total_flops()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    seconds = statistics.median(_timed(run, device) for _ in range(rounds))
    memory = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else float("nan")
    cells = [
        f"{work.supervised / seconds:.0f}",
        f"{work.audio_s / seconds:.1f}",
        f"{flops / seconds / 1e12:.3g}",
        f"{flops / seconds / 1e12 / peak:.1%}" if peak else "–",
        f"{memory:.0f}",
    ]
    return " | ".join(cells)


def _autocast(work: Work, device: torch.device) -> Callable[[], object]:
    def run() -> None:
        with torch.autocast(device.type, dtype=torch.bfloat16):
            work.run()

    return run


def _timed(run: Callable[[], object], device: torch.device) -> float:
    _wait(device)
    began = time.perf_counter()
    run()
    _wait(device)
    return time.perf_counter() - began


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _profile(work: Work, device: torch.device) -> Any:
    from torch.profiler import ProfilerActivity, profile

    on_gpu = device.type == "cuda"
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]) as seen:
        _timed(_autocast(work, device), device)
    order = "self_device_time_total" if on_gpu else "self_cpu_time_total"
    return seen.key_averages().table(sort_by=order, row_limit=TOP, max_name_column_width=60)

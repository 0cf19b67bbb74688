"""A small corpus written by the contract, and a model small enough to train within a second."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile

os.environ.setdefault("OMP_NUM_THREADS", "1")

TEXT = """
I have had a dull pain in my side since Monday and it hurts when I breathe. Take two tablets after meals,
rest, and come back if the fever stays above thirty nine degrees. How long? 三天了 头疼 多喝水
"""

TINY = {
    "name": "t",
    "seed": 3,
    "model": {
        "projector": 24,
        "tiny": {
            "vocabulary": 400,
            "width": 32,
            "layers": 2,
            "heads": 2,
            "encoder_width": 16,
            "encoder_layers": 1,
            "encoder_heads": 2,
        },
    },
    "data": {"context": 400, "batch_tokens": 400, "window": 16, "workers": 0},
}


def sound(seed: int, seconds: float) -> np.ndarray:
    """Noise with a slow swell: no two clips alike."""
    rng = np.random.default_rng(seed)
    samples = np.arange(int(seconds * 16000))
    return (0.1 * np.sin(samples * rng.uniform(0.02, 0.2)) + 0.02 * rng.standard_normal(len(samples))).astype(
        "float32"
    )


def flac(samples: np.ndarray, rate: int = 16000) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="FLAC", subtype="PCM_16")
    return out.getvalue()


def dialogue(seed: int, *, voiced: bool = True, split: str = "train", rounds: int | None = None) -> dict:
    """One row of a corpus: whole words, and about half a second of sound a patient turn."""
    rng = np.random.default_rng((7, seed))
    turns = []
    for number in range(rounds or int(rng.integers(1, 4))):
        for role in ("patient", "doctor"):
            text = " ".join(rng.choice(TEXT.split(), int(rng.integers(2, 9))))
            clip = None
            if voiced and role == "patient":
                samples = sound(seed * 100 + number, float(rng.uniform(0.2, 0.8)))
                clip = {"bytes": flac(samples), "path": f"{seed}/{number}.flac"}
                seconds = len(samples) / 16000
            turns.append(
                {
                    "role": role,
                    "text": text,
                    "spoken": text,
                    "audio": clip,
                    "duration_s": seconds if clip else None,
                }
            )
    return {"id": f"d{seed}", "lang": "en", "split": split, "turns": turns}


def write_corpus(folder: Path, rows: list[dict]) -> Path:
    """Write rows as the contract has it, each into the file of its split."""
    audio = pl.Struct({"bytes": pl.Binary, "path": pl.String})
    turns = pl.Struct(
        {"role": pl.String, "text": pl.String, "spoken": pl.String, "audio": audio, "duration_s": pl.Float64}
    )
    schema = {"id": pl.String, "lang": pl.String, "split": pl.String, "turns": pl.List(turns)}
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "corpus.json").write_text(
        json.dumps({"schema_version": 1, "name": "small", "licences": {"CC0-1.0": 1}})
    )
    for split in {row["split"] for row in rows}:
        of_split = [row for row in rows if row["split"] == split]
        pl.DataFrame(of_split, schema=schema).write_parquet(folder / f"data/{split}-00000-of-00001.parquet")
    return folder


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 training dialogues, two thirds of them voiced, and 4 of validation."""
    rows = [dialogue(i, voiced=i % 3 != 0) for i in range(24)]
    rows += [dialogue(100 + i, split="validation") for i in range(4)]
    return write_corpus(tmp_path_factory.mktemp("small"), rows)


@pytest.fixture(scope="session")
def base(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained tiny model with a tokenizer of the corpus."""
    from medtrain.config import parse_config
    from medtrain.preset import train_tokenizer
    from medtrain.run import texts, tiny

    folder = tmp_path_factory.mktemp("base")
    tiny(parse_config(TINY, "test"), train_tokenizer(texts(corpus), 400)).save(folder)
    return folder


@pytest.fixture
def loaded(base: Path):
    """A fresh copy of the untrained model, in evaluation mode."""
    import torch

    from medtrain.parts import load_model

    torch.set_num_threads(1)
    made = load_model(base)
    made.model.eval()
    return made


@pytest.fixture(scope="session")
def fitted(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of both stages of the tiny preset, the text stage long enough to say words."""
    import torch

    from medtrain.config import parse_config
    from medtrain.fit import fit

    torch.set_num_threads(1)
    stage = {"eval_every": 100, "optimizer": {"lr": 0.01}, "epochs": 99}
    config = TINY | {"text": {**stage, "max_steps": 60}, "speech": {**stage, "max_steps": 5}}
    out = tmp_path_factory.mktemp("fitted") / "small"
    assert fit(corpus, parse_config(config, "test"), out, ["text", "speech"])
    return out

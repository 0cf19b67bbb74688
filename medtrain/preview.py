"""Shows what a config makes of a corpus before any step: lengths, padding, and a batch with its loss mask."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice, pairwise
from pathlib import Path

import numpy as np
import typer

from medtrain.collate import Batch, Collator
from medtrain.config import Stage, TrainConfig
from medtrain.data import Source, open_source
from medtrain.errors import UserError
from medtrain.loader import steps
from medtrain.parts import Loaded, load_front
from medtrain.preset import train_tokenizer
from medtrain.run import collator_of, texts
from medtrain.sampling import IndexedSet, Sampler, index_set

LOOKED_AT = 20
"""Batches that are made, to measure the padding."""


def preview(corpus: Path, config: TrainConfig, dialogues: int = 2) -> Iterator[str]:
    """Yield lines about both stages. Raises UserError at the first bad row, as the training would."""
    front = load_front(
        config.model,
        config.data.system,
        lambda: train_tokenizer(texts(corpus, config.data.on_bad_row == "skip"), _size(config)),
    )
    for name, stage in (("text", config.text), ("speech", config.speech)):
        collator = collator_of(config, front, stage)
        try:
            sources = [_source(s.path or corpus, collator.skip) for s in stage.sets]
            sets = [
                index_set(source, s.modality, s.weight, collator)
                for source, s in zip(sources, stage.sets, strict=True)
            ]
        except UserError as error:
            if "holds no speech" not in str(error):
                raise
            yield f"stage {name}: {error}"
            continue
        yield from _stage(name, stage, config, sets, collator, front, dialogues)


def _stage(
    name: str,
    stage: Stage,
    config: TrainConfig,
    sets: list[IndexedSet],
    collator: Collator,
    front: Loaded,
    dialogues: int,
) -> Iterator[str]:
    yield f"stage {name}"
    for s in sets:
        low, middle, high = np.percentile(s.tokens, [0, 50, 100]).astype(int)
        yield (
            f"  {len(s.rows)} dialogues as {s.modality}: {low} to {high} tokens, half of them under {middle}; "
            f"{s.tokens.sum():,} in all"
        )
        yield from (f"  left out: {count} ({reason})" for reason, count in s.skipped.items())
    sampler = Sampler(sets, config.seed, config.data.window, config.data.batch_tokens, pack=collator.pack)
    count = sampler.count(stage.epochs)
    yield f"  {count} batches, {-(-count // stage.batches_per_step)} steps of {stage.batches_per_step}"
    stream = steps(sampler, collator, sampler.start, window=config.data.window, batches_per_step=1, workers=0)
    made = [step.batches[0] for step in islice(stream, min(count, LOOKED_AT))]
    tokens, cells = sum(b.tokens for b in made), sum(b.cells for b in made)
    supervised, audio = sum(b.supervised for b in made), sum(b.audio_s for b in made)
    frames = sum(b.inputs["segments"].numel() for b in made if "segments" in b.inputs)
    heard = sum(int((b.inputs["segments"] > 0).sum()) for b in made if "segments" in b.inputs)
    yield (
        f"  of {len(made)} batches: padding {1 - tokens / cells:.1%} of the tokens"
        + (f", {1 - heard / frames:.1%} of the audio frames" if frames else "")
        + f"; {supervised / tokens:.1%} of the tokens supervised; {audio:.0f} s of audio"
    )
    yield "  one batch (green: supervised; dim: the template's own):"
    shown = next((batch for batch in made if batch.audio_s), made[0])
    lines = sorted(render_batch(shown, front), key=lambda line: "[audio x" not in line)
    yield from (f"    {line}" for line in lines[:dialogues])


def render_batch(batch: Batch, front: Loaded) -> Iterator[str]:
    """Yield the batch's dialogues as coloured text, placeholders counted. Padding is left out."""
    template = front.template
    special = template.special_ids
    ids, labels, at = (batch.inputs[k] for k in ("input_ids", "labels", "position_ids"))
    for row, marks, places in zip(ids.tolist(), labels.tolist(), at.tolist(), strict=True):
        starts = [i for i, place in enumerate(places) if place == 0] + [len(row)]
        for begin, end in pairwise(starts):
            tokens = list(zip(row[begin:end], marks[begin:end], strict=True))
            while tokens and tokens[-1] == (template.pad_id, -100):
                tokens.pop()
            if any(mark != -100 for _, mark in tokens):
                yield _coloured(tokens, template, special)


def _coloured(tokens: list[tuple[int, int]], template: object, special: set[int]) -> str:
    def kind(pair: tuple[int, int]) -> str:
        token, mark = pair
        if token == template.audio_id:  # type: ignore[attr-defined]
            return "audio"
        if mark != -100:
            return "supervised"
        return "special" if token in special else "words"

    out = []
    for what, group in groupby(tokens, kind):
        run = [token for token, _ in group]
        text = f"[audio x{len(run)}]" if what == "audio" else _printable(template.tokenizer.decode(run))  # type: ignore[attr-defined]
        look = {
            "audio": {"fg": typer.colors.CYAN},
            "supervised": {"fg": typer.colors.GREEN},
            "special": {"dim": True},
        }
        out.append(typer.style(text, **look.get(what, {})))  # type: ignore[arg-type]
    return "".join(out)


def _printable(text: str) -> str:
    """Return text on one line, with what could steer a terminal written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _source(path: str | Path, skip: bool) -> Source:
    return open_source(Path(path), skip=skip)


def _size(config: TrainConfig) -> int:
    return config.model.tiny.vocabulary

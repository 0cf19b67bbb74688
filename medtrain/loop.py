"""The training loop of one stage: plain, resumable, the same on one process and on many."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from medtrain import checkpoint as disk
from medtrain import parallel
from medtrain.collate import Batch, Collator, void_batch
from medtrain.config import Stage, TrainConfig
from medtrain.errors import UserError
from medtrain.loader import Step, steps
from medtrain.losses import batch_loss, moved
from medtrain.optimizer import groups, learning_rate
from medtrain.parts import Loaded
from medtrain.report import Log
from medtrain.sampling import IndexedSet, Position, Sampler
from medtrain.stopping import stop_signal


@dataclass(frozen=True)
class Job:
    """All that one stage needs.

    `validation` holds ready batches by modality; the first decides what is best. `data` holds the fingerprint of
    each set's source, by the set's number: a source may be named by another path when the run is gone on with.
    """

    config: TrainConfig
    stage: Stage
    folder: Path
    loaded: Loaded
    collator: Collator
    sets: list[IndexedSet]
    validation: dict[str, list[Batch]]
    data: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """How far a stage came: `step` of `steps`, the checkpoint written last, and the rows left out on the way.

    Those have their reasons; of all processes, and since the stage's first step.
    """

    step: int
    steps: int
    checkpoint: Path
    finished: bool
    skipped: dict[str, str]


class NotFinite(UserError):
    """The loss, or a weight, stopped being a number."""


_LOOKED_AT = 50
"""Batches by which the size of a stage is told."""
_BROKEN = "what was saved before it stands: lower optimizer.lr"


def train(job: Job, accelerator: Accelerator) -> Outcome:
    """Train a stage to its end or until Ctrl-C, from its last checkpoint if there is one.

    Raises UserError when the loss is not finite, the disk is full, or data or settings have changed since the
    last checkpoint.
    """
    config, stage = job.config, job.stage
    world, rank = accelerator.num_processes, accelerator.process_index
    if stage.batches_per_step % world:
        raise UserError(
            f"batches_per_step is {stage.batches_per_step}, which {world} processes cannot share evenly"
        )
    sampler = Sampler(
        job.sets, config.seed, config.data.window, config.data.batch_tokens, pack=job.collator.pack
    )
    total = math.ceil(sampler.count(stage.epochs) / stage.batches_per_step)
    total = min(total, stage.max_steps or total)
    accelerator.print(_expected(sampler, stage, total), flush=True)
    model = _prepared(job, accelerator)
    optimizer = torch.optim.AdamW(groups(model, stage.optimizer), betas=stage.optimizer.betas)
    torch.manual_seed(config.seed + rank)
    log = Log(job.folder, accelerator.is_main_process, total)
    folder = job.folder / "checkpoints"
    begin, position = 0, sampler.start
    found = disk.checkpoints(folder)
    if found:
        state = _resume(job, found[-1], model, optimizer, rank)
        begin, position = state.step, Position(state.taken, state.batch)
        log.rewind(state.step, state.counters, state.skipped)
    else:
        log.rewind(-1, log.counters, {})
        log.validated(0, _validate(job, model, accelerator, 0))
    stream: Any = steps(
        sampler,
        job.collator,
        position,
        window=config.data.window,
        batches_per_step=stage.batches_per_step,
        rank=rank,
        world=world,
        workers=config.data.workers,
    )
    stopped = False
    reached, saved = begin, found[-1] if found else folder
    with stop_signal() as stop_asked, closing(stream), closing(log):
        while reached < total and not stopped:
            step = next(stream)
            rate = learning_rate(stage.optimizer, reached, total)
            _one_step(job, model, optimizer, step, rate, accelerator, log, reached + 1)
            reached, position = reached + 1, step.position
            stopped = _any_process(stop_asked(), accelerator)
            saving = reached % stage.save_every == 0 or reached == total or stopped
            looking = reached % stage.eval_every == 0 or (saving and not stopped)
            looks = _validate(job, model, accelerator, reached) if looking else {}
            log.validated(reached, looks)
            if saving:
                loss = next(iter(looks.values()))["loss"] if looks else None
                saved = _save(job, model, optimizer, accelerator, reached, position, loss, log)
    return Outcome(reached, total, saved, reached == total, log.skipped)


def _expected(sampler: Sampler, stage: Stage, total: int) -> str:
    """Return what a stage comes to, by its first batches. Time is told once steps are taken."""
    first = [entries for entries, _ in islice(sampler.batches(sampler.start), _LOOKED_AT)]
    times = total * stage.batches_per_step / len(first)
    dialogues = sum(map(len, first)) * times
    tokens = sum(entry.tokens for entries in first for entry in entries) * times
    each = f" of {stage.batches_per_step} batches" if stage.batches_per_step > 1 else ""
    return f"  {total} steps{each}: about {_rounded(dialogues)} dialogues and {_rounded(tokens)} tokens"


def _rounded(count: float) -> str:
    """Return a count to two figures."""
    return f"{float(f'{count:.2g}'):,.0f}"


def _prepared(job: Job, accelerator: Accelerator) -> Any:
    model = job.loaded.model
    if job.config.gradient_checkpointing:
        # Newer transformers warn of the name that older ones know alone.
        names = ("activation_checkpointing_enable", "gradient_checkpointing_enable")
        next(getattr(model, name) for name in names if hasattr(model, name))({"use_reentrant": False})
    return parallel.spread(model.train(), accelerator, job.config)


def _one_step(
    job: Job,
    model: Any,
    optimizer: torch.optim.Optimizer,
    step: Step,
    rate: float,
    accelerator: Accelerator,
    log: Log,
    number: int,
) -> None:
    """Take one optimizer step."""
    began = time.perf_counter()
    device = accelerator.device
    known = torch.tensor(float(sum(batch.supervised for batch in step.batches)), device=device)
    supervised = accelerator.reduce(known.double()).item()
    share = accelerator.num_processes / max(supervised, 1.0)  # gradients are averaged over processes
    sums = torch.zeros(4, device=device, dtype=torch.float64)
    optimizer.zero_grad(set_to_none=True)
    blank = job.loaded.template.audio_id
    for i, batch in enumerate(step.batches):
        last = i + 1 == len(step.batches)
        with _gradients_kept_here(model, last), accelerator.autocast():
            loss = batch_loss(model, batch, job.stage.losses, blank, device)
            (loss.total * share).backward()
        parts = (loss.reply, loss.distill, loss.ctc, loss.right)
        sums += torch.stack(
            [torch.zeros_like(loss.reply) if p is None else p.float() for p in parts]
        ).double()
    norm = torch.nn.utils.clip_grad_norm_(
        [p for p in model.parameters() if p.grad is not None], job.stage.optimizer.clip
    )
    norm = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
    reply, distill, ctc, right = (accelerator.reduce(sums) / max(supervised, 1.0)).tolist()
    if not (math.isfinite(reply) and math.isfinite(norm.item())):
        raise NotFinite(
            f"step {number}: the loss is not a finite number (loss {reply}, gradient {norm.item()}) in a batch "
            f"of {', '.join(name for b in step.batches for name in b.ids[:3])} …; {_BROKEN}, "
            "or look at these rows with: medtrain check"
        )
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    extra = {"distill": distill} if job.stage.losses.distill else {}
    extra |= {"ctc": ctc} if job.stage.losses.ctc else {}
    log.step(
        number,
        step.batches,
        {"loss": reply, **extra, "accuracy": right, "grad_norm": norm.item(), "lr": rate},
        time.perf_counter() - began,
        accelerator.num_processes,
    )


def _any_process(true: bool, accelerator: Accelerator) -> bool:
    """Return whether something holds on any process. All of them ask."""
    return bool(accelerator.reduce(torch.tensor(float(true), device=accelerator.device)).item())


@contextmanager
def _gradients_kept_here(model: Any, last: bool) -> Iterator[None]:
    """Exchange gradients between processes only with the last batch of a step."""
    if hasattr(model, "set_requires_gradient_sync"):
        model.set_requires_gradient_sync(last)
    with model.no_sync() if hasattr(model, "no_sync") and not last else nullcontext():
        yield


@torch.no_grad()
def _validate(job: Job, model: Any, accelerator: Accelerator, step: int) -> dict[str, dict[str, float]]:
    """Return loss and token accuracy of the reply, by modality. Raises NotFinite."""
    model.eval()
    looks = {}
    for modality, batches in job.validation.items():
        own = batches[accelerator.process_index :: accelerator.num_processes]
        even = -(-len(batches) // accelerator.num_processes)
        own = own + [void_batch(job.loaded.template)] * (even - len(own))
        sums = torch.zeros(3, device=accelerator.device, dtype=torch.float64)
        for batch in own:
            inputs = moved(batch.inputs, accelerator.device)
            with accelerator.autocast():
                out = model(**inputs, num_items_in_batch=1)
            labels = inputs["labels"][:, 1:]
            right = (out.logits.argmax(-1) == labels[labels != -100]).sum()
            sums += torch.tensor([out.loss.item(), right.item(), batch.supervised], device=sums.device)
        loss, right, count = accelerator.reduce(sums).tolist()
        if not math.isfinite(loss):
            raise NotFinite(
                f"step {step}: the loss on the validation split (as {modality}) is not a finite number; "
                + (_BROKEN if step else "the model that the stage starts from is broken")
            )
        looks[modality] = {"loss": loss / max(count, 1), "accuracy": right / max(count, 1), "tokens": count}
    model.train()
    return looks


def _save(
    job: Job,
    model: Any,
    optimizer: torch.optim.Optimizer,
    accelerator: Accelerator,
    step: int,
    position: Position,
    loss: float | None,
    log: Log,
) -> Path:
    from accelerate.utils import gather_object

    here = (p.detach() for p in parallel.plain(model).parameters() if p.requires_grad)
    here = (p.to_local() if hasattr(p, "to_local") else p for p in here)
    if _any_process(not all(bool(torch.isfinite(p).all()) for p in here), accelerator):
        raise NotFinite(f"step {step}: weights are not finite numbers; {_BROKEN}")
    weights = parallel.learnt_weights(model)
    moments = parallel.optimizer_state(model, optimizer)
    rng = gather_object([disk.rng_state()])
    log.skipped = dict(sorted(pair for one in gather_object([log.skipped]) for pair in one.items()))
    settings = job.config.model_dump(mode="json")
    state = disk.State(
        step, position.taken, position.batch, loss, settings, job.data, log.counters, log.skipped
    )
    path = job.folder / "checkpoints" / f"step-{step:06d}"
    if accelerator.is_main_process:
        disk.save_checkpoint(path.parent, state, weights, moments, rng, job.stage.keep)
    accelerator.wait_for_everyone()
    return path


def _resume(job: Job, path: Path, model: Any, optimizer: torch.optim.Optimizer, rank: int) -> disk.State:
    state = disk.read_state(path)
    for (number, fingerprint), trained_on in zip(job.data.items(), job.sets, strict=True):
        if state.data.get(number) != fingerprint:
            raise UserError(
                f"{trained_on.source.name} has changed since {path} was written; give --out another folder, "
                "or --fresh to start over"
            )
    weights, moments, rng = disk.read_tensors(path, rank)
    parallel.load_weights(model, weights)
    parallel.load_optimizer(model, optimizer, moments)
    disk.restore_rng(rng)
    return state

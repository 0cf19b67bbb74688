"""`medtrain fit`: both stages, from a corpus and a config to a model folder.

<out>/
    config.yaml  run.json   the settings, and the corpus they go with
    base/                   the tiny preset before any training (real parts stay where they are)
    text/  speech/          metrics.jsonl, tensorboard/, checkpoints/, model/, adapter/ (LoRA)
    curves.png  results.json
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch

from medtrain import checkpoint as disk
from medtrain import parallel
from medtrain.card import model_card, results_table
from medtrain.collate import Batch, Collator
from medtrain.config import Stage, TrainConfig
from medtrain.data import ParquetSource, Source, open_corpus, open_source
from medtrain.errors import UserError
from medtrain.loader import validation_batches
from medtrain.loop import Job, Outcome, train
from medtrain.outline import is_voiced, outlines
from medtrain.parts import Loaded, merge_lora, save_adapter
from medtrain.preset import TOO_SMALL
from medtrain.report import draw_curves, told_reasons, validations
from medtrain.run import STAGES, Run, claim, collator_of, make_base, prepare, remove_run, start_of
from medtrain.sampling import IndexedSet, index_set, no_speech


def fit(corpus: Path, config: TrainConfig, out: Path, stages: Sequence[str], *, fresh: bool = False) -> bool:
    """Do the stages, each from where it was left. Returns whether all came to their end.

    Raises UserError for what the user can mend; what was done until then stays.
    """
    quiet()
    accelerator = parallel.start(config)
    if fresh and accelerator.is_main_process and out.exists():
        remove_run(out)
    accelerator.wait_for_everyone()
    run = Run(out, config, corpus, accelerator)
    _see_speech(run, stages)
    claim(run)
    make_base(run)
    accelerator.wait_for_everyone()
    for name in stages:
        if (out / name / "model").is_dir():
            run.say(f"stage {name}: done already ({out / name / 'model'}); --fresh starts over")
        elif not _fit_stage(run, name):
            run.say(f"go on with: {_again(run, stages)}")
            return False
    if accelerator.is_main_process:
        _finish(run)
    accelerator.wait_for_everyone()
    return True


def _see_speech(run: Run, stages: Sequence[str]) -> None:
    """Raise UserError when a stage needs speech and its corpus holds none: before the stage ahead of it."""
    for part in (s for name in stages for s in run.stage(name).sets if s.modality != "text"):
        source = open_source(Path(part.path) if part.path else run.corpus, skip=run.skips)
        if not any(map(is_voiced, outlines(source))):
            raise no_speech(source.name)


def quiet() -> None:
    """Leave the screen to our own lines: bars of loading and saving say nothing here."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def _fit_stage(run: Run, name: str) -> bool:
    stage = run.stage(name)
    loaded = start_of(run, name)
    prepare(loaded, stage, run.config.seed)
    job = _job(run, name, stage, loaded)
    learning = sum(p.numel() for p in loaded.model.parameters() if p.requires_grad)
    everything = sum(p.numel() for p in loaded.model.parameters())
    run.say(
        f"stage {name}: {learning:,} of {everything:,} parameters learn, from "
        + " and ".join(f"{len(s.rows)} dialogues as {s.modality}{share}" for s, share in _shares(job.sets))
        + f" ({run.accelerator.device}, {run.accelerator.num_processes} process"
        + ("es)" if run.accelerator.num_processes > 1 else ")")
    )
    if not (run.config.model.whole or run.config.model.llm):
        run.say(f"  {TOO_SMALL}")
    for source in {s.source.name: s.source for s in job.sets}.values():
        if rows := getattr(source, "malformed", {}):
            number, fault = next(iter(rows.items()))
            run.say(f"  left out of {source.name}: {len(rows)} malformed (row {number}: {fault}, …)")
    for s in job.sets:
        if s.skipped:
            run.say(f"  left out of {s.source.name} as {s.modality}: {told_reasons(s.skipped)}")
    _see_changes(run, name, job)
    try:
        outcome = train(job, run.accelerator)
    except torch.OutOfMemoryError:
        raise UserError(
            f"stage {name}: the memory of the {run.accelerator.device.type} is full; go on with "
            "--set gradient_checkpointing=true, or, before the first checkpoint, a smaller data.batch_tokens"
        ) from None
    if outcome.skipped and run.accelerator.is_main_process:
        disk.put_text(job.folder / "skipped.json", json.dumps(outcome.skipped, ensure_ascii=False, indent=1))
        told = told_reasons(Counter(outcome.skipped.values()))
        run.say(f"  left out when read: {told} (each row once; {job.folder / 'skipped.json'} names them)")
    if not outcome.finished:
        run.say(
            f"stopped at step {outcome.step} of {outcome.steps}, saved in {outcome.checkpoint}; "
            "the same command goes on from there"
        )
        return False
    if run.accelerator.is_main_process:
        _export(run, name, stage, outcome, job)
    run.accelerator.wait_for_everyone()
    return True


def _shares(sets: Sequence[IndexedSet]) -> list[tuple[IndexedSet, str]]:
    """Return each set with its share of what is drawn, in words where there are several."""
    total = sum(s.weight for s in sets)
    return [(s, f" ({s.weight / total:.0%} of the draws)" if len(sets) > 1 else "") for s in sets]


def _see_changes(run: Run, name: str, job: Job) -> None:
    """Say so when a source has changed since the other stage was trained on it."""
    for other in set(STAGES) - {name}:
        try:
            kept = disk.checkpoints(run.out / other / "checkpoints")
            before = disk.read_state(kept[-1]).data if kept else {}
        except UserError:  # damaged, and not needed for this stage
            continue
        changed = {
            now.source.name
            for now, setting, fingerprint in zip(job.sets, job.stage.sets, job.data.values(), strict=True)
            for number, then in enumerate(run.stage(other).sets)
            if then.path == setting.path and before.get(str(number), fingerprint) != fingerprint
        }
        for source in sorted(changed):
            run.say(
                f"  {source} has changed since stage {other} was trained on it: what is held out now may "
                "have been trained on then"
            )


def _job(run: Run, name: str, stage: Stage, loaded: Loaded) -> Job:
    collator = collator_of(run.config, loaded, stage)
    paths = [Path(s.path) if s.path else run.corpus for s in stage.sets]
    sources: list[Source] = [open_source(path, skip=run.skips) for path in paths]
    sets = [
        index_set(source, s.modality, s.weight, collator)
        for source, s in zip(sources, stage.sets, strict=True)
    ]
    return Job(
        config=run.config,
        stage=stage,
        folder=run.out / name,
        loaded=loaded,
        collator=collator,
        sets=sets,
        validation=_validation(run, name, stage, collator_of(run.config, loaded)),
        data={str(number): source.fingerprint for number, source in enumerate(sources)},
    )


def _validation(run: Run, name: str, stage: Stage, collator: Collator) -> dict[str, list[Batch]]:
    """Return ready batches of the validation split by modality, the stage's own first.

    ShareGPT files have no such split, and a small corpus may have none: then there is nothing to be best at.
    """
    if run.corpus.suffix == ".json":
        return {}
    source = ParquetSource(open_corpus(run.corpus), "validation")
    found: dict[str, list[Batch]] = {}
    for modality in ("speech", "text") if name == "speech" else ("text", "speech"):
        try:
            indexed: IndexedSet = index_set(source, modality, 1.0, collator)  # type: ignore[arg-type]
        except UserError:
            if len(source) and collator.skip is False and modality == "text":
                raise
            continue
        found[modality] = validation_batches(
            [indexed], collator, run.config.data.batch_tokens, stage.eval_dialogues
        )
        skipped = Counter(reason for batch in found[modality] for reason in batch.skipped.values())
        if skipped := skipped + indexed.skipped:
            run.say(f"  left out of validation by {modality}: {told_reasons(skipped)}")
    if not found:
        run.say("no validation split: the last checkpoint is taken, not the best")
    return found


def _export(run: Run, name: str, stage: Stage, outcome: Outcome, job: Job) -> None:
    """Write the stage's model: what it started from, with the weights of the best checkpoint."""
    chosen = disk.best(job.folder / "checkpoints") or outcome.checkpoint
    step = disk.read_state(chosen).step
    fresh = start_of(run, name)
    prepare(fresh, stage, run.config.seed)
    weights, _, _ = disk.read_tensors(chosen, 0)
    left = fresh.model.load_state_dict(weights, strict=False).unexpected_keys
    assert not left, left
    if stage.lora:
        disk.put_folder(job.folder / "adapter", lambda f: save_adapter(fresh.model, stage.lora, f))  # type: ignore[arg-type]
        merge_lora(fresh.model)
    lost = [f"as {s.modality} {told_reasons(s.skipped)}" for s in job.sets if s.skipped]
    lost += [f"when read {told_reasons(Counter(outcome.skipped.values()))}"] if outcome.skipped else []
    card = model_card(run.config, run.corpus, name, step, outcome.steps, job.folder, lost)

    def write(folder: Path) -> None:
        fresh.save(folder)
        (folder / "README.md").write_text(card, encoding="utf-8")

    disk.put_folder(job.folder / "model", write)
    run.say(f"stage {name}: done, the model of step {step} is in {job.folder / 'model'}")


def _finish(run: Run) -> None:
    done = {name: run.out / name / "metrics.jsonl" for name in STAGES if (run.out / name / "model").is_dir()}
    draw_curves(done, run.out / "curves.png")
    results = {}
    for name, path in done.items():
        looks = validations(path)
        best = disk.best(run.out / name / "checkpoints")
        if looks:
            at = disk.read_state(best).step if best else max(looks)
            results[name] = {"before": looks[0], "after": looks[at], "step": at}
    disk.put_text(run.out / "results.json", json.dumps(results, indent=1))
    if results:
        run.say(results_table(results))
    if (run.out / "base").is_dir():
        run.say(f"This is {TOO_SMALL}.")
    run.say(f"curves: {run.out / 'curves.png'}")
    if "speech" not in done:
        run.say(f"next: {_again(run, ['speech'])}")
        run.say(f"or look at this stage: {_line('medtrain', 'eval', run.out)}")
    else:
        run.say(f"next: {_line('medtrain', 'eval', run.out)}")


def _again(run: Run, stages: Sequence[str]) -> str:
    """Return the command that goes on with this run; with its own settings, for others would be refused."""
    one = ["--stage", *stages] if len(stages) == 1 else []
    words = [*one, "--corpus", run.corpus, "--config", run.out / "config.yaml", "--out", run.out]
    return _line("medtrain", "fit", *words)


def _line(*words: object) -> str:
    return shlex.join(map(str, words))

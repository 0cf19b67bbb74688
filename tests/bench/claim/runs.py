"""Carries the experiment out: corpora, base, learning rates, arms. What is done is never done again."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from medtrain import checkpoint as disk
from medtrain.collate import Modality
from medtrain.config import TrainConfig
from medtrain.data import Consultation, Source, open_source
from medtrain.errors import UserError
from medtrain.fit import fit
from medtrain.parts import Loaded, load_model
from medtrain.run import collator_of
from medtrain.scoring import score
from medtrain.talk import Talker
from tests.bench.claim.corpora import base_lines, exam_lines, fact_of, train_lines, write_corpus
from tests.bench.claim.settings import ARMS, TEXT_ONLY, TWO_STAGE, Arm, Sizes, arm_config, base_config
from tests.bench.claim.world import make_world

MOST_TOKENS = 24
"""Tokens of the longest answer; that of a fact has about ten."""
AT_ONCE = 32
"""Questions answered as one batch; each is answered as it would be alone."""

Say = Callable[[str], object]


class Stopped(UserError):
    """Somebody asked the run to stop; what was done stands."""


@dataclass(frozen=True)
class Place:
    """The folder of an experiment and the sizes it has."""

    out: Path
    sizes: Sizes
    say: Say

    def corpus(self, name: str) -> Path:
        """Return where a corpus is, or will be."""
        return self.out / "data" / name

    @property
    def base(self) -> Path:
        """The model that all arms start from."""
        return self.out / "base" / "speech" / "model"


def carry_out(out: Path, sizes: Sizes, say: Say, arms: Sequence[Arm] = ARMS) -> None:
    """Do whatever of the experiment is not done yet. Raises UserError for another experiment's folder, Stopped.

    Further arms come after the main ones, whose learning rate of text and first of two stages they take over.
    """
    torch.set_num_threads(1)  # at this size as quick as two, and the same sums everywhere
    place = Place(out, sizes, say)
    _claim(place)
    _make_corpora(place)
    _make_base(place)
    text_rate: float | None = None
    for arm in sorted(arms, key=lambda arm: arm is not TEXT_ONLY):
        rate = _tuned(place, arm, text_rate)
        text_rate = rate if arm is TEXT_ONLY else text_rate
        for seed in sizes.seeds:
            _run(place, out / f"seed-{seed}" / arm.name, arm, seed, rate, text_rate)


def answers_of(folder: Path) -> dict[str, Any]:
    """Return what a finished run of an arm answered."""
    found: dict[str, Any] = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    return found


def _claim(place: Place) -> None:
    file = place.out / "sizes.json"
    own = json.dumps(asdict(place.sizes), indent=1)
    if file.is_file() and file.read_text(encoding="utf-8") != own:
        raise UserError(f"{place.out} holds an experiment of other sizes; give --out another folder")
    place.out.mkdir(parents=True, exist_ok=True)
    disk.put_text(file, own)


def _make_corpora(place: Place) -> None:
    sizes = place.sizes
    lines = base_lines(
        sizes.base_seed, sizes.symptoms, sizes.base_spoken, sizes.base_written, sizes.base_held_out
    )
    write_corpus(place.corpus("base"), "base", sizes.base_seed, lines, place.say)
    for seed in (sizes.tuning_seed, *sizes.seeds):
        world = make_world(seed, sizes.symptoms, sizes.spoken_facts)
        name = f"world-{seed}"
        lines = train_lines(world, sizes.wordings, sizes.clips)
        write_corpus(place.corpus(f"{name}-train"), f"{name}-train", seed, lines, place.say)
        tuning = seed == sizes.tuning_seed
        each = sizes.tuning_clips if tuning else sizes.exam_clips
        lines = exam_lines(world, "validation" if tuning else "test", each)
        write_corpus(place.corpus(f"{name}-exam"), f"{name}-exam", seed, lines, place.say)


def _make_base(place: Place) -> None:
    file = place.out / "base" / "heard.json"
    if file.is_file():
        return
    _fit(place, place.corpus("base"), base_config(place.sizes), place.out / "base", ("text", "speech"))
    loaded = load_model(place.base)
    held_out = open_source(place.corpus("base"), "validation")
    rows = held_out.read(0, len(held_out))
    said = _answers(loaded, rows, "speech", MOST_TOKENS)
    wrong = [
        _word_errors(row.turns[0].text.split(), text.split()) for row, text in zip(rows, said, strict=True)
    ]
    words = sum(len(row.turns[0].text.split()) for row in rows)
    place.say(
        f"base: repeats read sentences of unheard voices with a word error rate of {sum(wrong) / words:.3f}"
    )
    disk.put_text(file, json.dumps({"sentences": len(rows), "words": words, "errors": sum(wrong)}))


def _tuned(place: Place, arm: Arm, text_rate: float | None) -> float:
    """Return the learning rate of an arm, by its answers in a world, and by voices, of their own.

    The rate is that of most right answers to spoken questions, ties going to the lower loss on the true answers;
    of text only, to the same questions in writing. Two stages take the first stage's rate from text only.
    """
    by = "text" if arm is TEXT_ONLY else "speech"
    scored = []
    for rate in place.sizes.rates:
        folder = place.out / "tuning" / arm.name / f"{rate:g}"
        _run(place, folder, arm, place.sizes.tuning_seed, rate, text_rate)
        answers = answers_of(folder)
        right = sum(p["right"] for p in answers["predictions"] if p["by"] == by)
        scored.append((-right, answers["loss"][by], rate))
    best = min(scored)[2]
    place.say(f"{arm.name}: learning rate {best:g}")
    return best


def _run(place: Place, folder: Path, arm: Arm, seed: int, rate: float, text_rate: float | None) -> None:
    """Train one arm in one world and have it answer; at once if that was done."""
    if (folder / "answers.json").is_file():
        return
    sizes, name = place.sizes, f"world-{seed}"
    split = "validation" if seed == sizes.tuning_seed else "test"
    start, stages = place.base, arm.stages
    seen = {"speech": 0, "text": 0}
    if arm.two_stages and arm is not TWO_STAGE:
        start, seen["text"] = _first_stage(place, seed)
        stages = ("speech",)
    config = arm_config(sizes, arm, start, seed, rate, text_rate)
    _fit(place, place.corpus(f"{name}-train"), config, folder, stages)
    seconds = 0.0
    for stage in stages:
        state = disk.read_state(disk.checkpoints(folder / stage / "checkpoints")[-1])
        settings = config.text if stage == "text" else config.speech
        for part, taken in zip(settings.sets, state.taken, strict=True):
            seen[part.modality] += taken
        seconds += state.counters["seconds"]
    loaded = load_model(folder / arm.stages[-1] / "model")
    exam = open_source(place.corpus(f"{name}-exam"), split)
    began = time.perf_counter()
    predictions = _predictions(loaded, exam)
    loss = {by: _loss(config, loaded, exam, by) for by in ("speech", "text")}
    answers = {
        "arm": arm.name,
        "seed": seed,
        "rate": rate,
        "text_rate": text_rate if arm.two_stages else None,
        "steps": sizes.steps,
        "rounds": seen,
        "seconds": {"training": round(seconds, 1), "answering": round(time.perf_counter() - began, 1)},
        "loss": loss,
        "predictions": predictions,
    }
    disk.put_text(folder / "answers.json", json.dumps(answers, indent=0))
    for stage in stages:  # they served for taking the run up again
        shutil.rmtree(folder / stage / "checkpoints", ignore_errors=True)
    right = {by: [p["right"] for p in predictions if p["by"] == by] for by in ("speech", "text")}
    place.say(
        f"{folder.relative_to(place.out)}: right by speech {sum(right['speech'])} of {len(right['speech'])}, "
        f"by text {sum(right['text'])} of {len(right['text'])} ({seconds:.0f} s of training)"
    )


def _first_stage(place: Place, seed: int) -> tuple[Path, int]:
    """Return the model after the first of two stages in a world, and how many rounds it has seen.

    It is the main arm's: seed, start and settings are the same, so each arm would come to the same weights.
    """
    lender = place.out / f"seed-{seed}" / TWO_STAGE.name
    if seed == place.sizes.tuning_seed:  # the first stage is the same at every rate of the second
        lender = place.out / "tuning" / TWO_STAGE.name / f"{place.sizes.rates[0]:g}"
    rounds = answers_of(lender)["rounds"]
    # Its second stage has as many written rounds as spoken ones; what is over was seen in the first.
    return lender / "text" / "model", rounds["text"] - rounds["speech"]


def _fit(place: Place, corpus: Path, config: TrainConfig, folder: Path, stages: Sequence[str]) -> None:
    place.say(f"training {folder.relative_to(place.out)}")
    if not fit(corpus, config, folder, stages):
        raise Stopped("stopped; the same command goes on from there")


def _predictions(loaded: Loaded, exam: Source) -> list[dict[str, Any]]:
    """Return the answers to all questions as they were spoken, and to all different ones as they were written."""
    rows = exam.read(0, len(exam))
    found = []
    for by in ("speech", "text"):
        for row, said in zip(rows, _answers(loaded, rows, by, MOST_TOKENS), strict=True):
            found.append(
                {
                    "by": by,
                    "fact": fact_of(row.id),
                    "question": row.id,
                    "said": said,
                    "right": said.strip() == row.turns[1].text,
                }
            )
    return found


def _answers(loaded: Loaded, rows: Sequence[Consultation], by: str, most: int) -> list[str]:
    """Let a model answer by itself, greedily."""
    talker = Talker(loaded, "cpu")
    asked = [row.turns[0].clip if by == "speech" else row.turns[0].text for row in rows]
    found: list[str] = []
    for start in range(0, len(asked), AT_ONCE):
        found += talker.reply_all([[("patient", a)] for a in asked[start : start + AT_ONCE]], most)  # type: ignore[list-item]
    return found


def _loss(config: TrainConfig, loaded: Loaded, exam: Source, by: Modality) -> float:
    """Return the loss per token of the true answers (nats)."""
    rows = range(len(exam))
    collator = collator_of(config, loaded)
    device = torch.device("cpu")
    scores = score(loaded, collator, exam, rows, by, budget=config.data.batch_tokens, device=device)
    total = scores.sums(rows).sum(0)
    return float(total[0] / total[2])


def _word_errors(reference: Sequence[str], said: Sequence[str]) -> int:
    """Return the edit distance between two lists of words."""
    row = list(range(len(said) + 1))
    for i, word in enumerate(reference, start=1):
        before, row = row, [i]
        for j, other in enumerate(said, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (word != other)))
    return row[-1]

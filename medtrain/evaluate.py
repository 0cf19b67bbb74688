"""`medtrain eval`: what a trained model makes of a split it never learned from, by speech and by text.

<out>/eval/
    eval.json    every number
    table.txt    the same to read, with samples
    figure.png   loss and accuracy by modality, the speech–text gap by group
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medtrain import checkpoint as disk
from medtrain.answers import TIMED, Answer, Timing, answer, counts, hits, pace, timed
from medtrain.bootstrap import CONFIDENCE, RESAMPLES
from medtrain.collate import Modality
from medtrain.data import Corpus, ParquetSource, open_corpus
from medtrain.errors import UserError
from medtrain.eval_report import NOTE, draw, table
from medtrain.fit import quiet
from medtrain.groups import LEAST, Profile, by_group, profiles
from medtrain.measures import SCORED, by_both, gap, matches, matches_gap, modality, retention
from medtrain.outline import is_voiced, outlines
from medtrain.parts import Loaded
from medtrain.places import last_corpus
from medtrain.report import told_reasons
from medtrain.run import collator_of
from medtrain.scoring import Say, Scores, score
from medtrain.talk import Talker
from medtrain.trained import Trained, find_trained


@dataclass(frozen=True)
class Options:
    """What to look at. `limit` and `generate` are dialogues of each modality; None is all of them.

    `max_new_tokens` is how long a generated reply may be; None goes by the length of the doctor's own.
    """

    split: str = "test"
    limit: int | None = None
    generate: int = 64
    seed: int = 0
    skip_bad: bool = False
    max_new_tokens: int | None = None


@dataclass(frozen=True)
class _Said:
    """What a model answered by itself: the replies of each dialogue (by row) by modality, and what took how long."""

    rows: list[int]
    answers: dict[str, list[list[Answer]]]
    times: dict[str, list[Timing]]


@dataclass(frozen=True)
class _Chosen:
    """Rows of the split that are looked at: `every` as text, `voiced` by speech and by transcript."""

    every: list[int]
    voiced: list[int]


def evaluate(
    out: Path, corpus: Path | None = None, options: Options = Options(), say: Say = print
) -> dict[str, Any]:
    """Evaluate a run, a stage, a checkpoint or a model, and write <out>/eval. Returns what eval.json holds.

    Raises UserError for what the user can mend; then nothing is written.
    """
    quiet()
    trained = find_trained(out)
    opened, unchanged = _corpus(trained, corpus)
    source = ParquetSource(opened, options.split)
    chosen = _choose(source, trained, options)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    began = time.perf_counter()
    loaded = trained.load()
    run = partial(_score, trained, source=source, options=options, device=device, say=say)
    spoken = run(loaded, rows=chosen.voiced, modality="speech")
    written = run(loaded, rows=sorted({*chosen.every, *chosen.voiced}), modality="text")
    every = [row for row in chosen.every if row in written.replies]
    pairs = [row for row in chosen.voiced if row in spoken.replies and row in written.replies]
    if not every:
        raise UserError(f"{source.name}: no dialogue of it can be used ({told_reasons(written.left_out)})")
    both = np.hstack([spoken.sums(pairs), written.sums(pairs)])
    budget = trained.config.data.batch_tokens
    said = _answers(Talker(loaded, device), source, pairs or every, bool(pairs), options, budget, say)
    del loaded
    kept = None
    if trained.before:
        say("the text of stage text's model, to compare with")
        before = run(trained.before(), rows=every, modality="text")
        kept = np.hstack([written.sums(every), before.sums(every)])
    voices = profiles(opened, options.split)
    looked = {"speech": both[:, :SCORED], "transcript": both[:, SCORED:], "text": written.sums(every)}
    results: dict[str, Any] = {
        "note": NOTE,
        "model": trained.name,
        "stage": trained.stage,
        "corpus": {
            "name": opened.info.get("name", opened.path.name),
            "fingerprint": source.fingerprint,
            "trained_on": unchanged,
        },
        "split": options.split,
        "options": asdict(options),
        "intervals": {"confidence": CONFIDENCE, "resamples": RESAMPLES, "over": "dialogues"},
        "least_of_a_group": LEAST,
        "machine": {"device": device.type, "threads": torch.get_num_threads(), "precision": "float32"},
        "left_out": {"speech": dict(spoken.left_out), "text": dict(written.left_out)},
        "modalities": {name: modality(sums, options.seed) for name, sums in looked.items() if len(sums)},
        "gap": gap(both, options.seed) if pairs else None,
        "retention": retention(kept, options.seed) if kept is not None else None,
        "groups": by_group([voices[row] for row in pairs], both, partial(by_both, seed=options.seed)),
        "answers": {name: _told_answers(said, name, options.seed) for name in said.answers},
        "answers_gap": _answers_gap(said, options.seed),
        "answers_groups": _answers_groups(said, voices, options.seed),
        "seconds": time.perf_counter() - began,
    }
    _write(out / "eval", results)
    return results


def _corpus(trained: Trained, given: Path | None) -> tuple[Corpus, bool | None]:
    path = given or trained.corpus() or last_corpus()
    if path.suffix == ".json":
        raise UserError(f"{path} has no splits to evaluate on; give --corpus a corpus")
    opened = open_corpus(path)
    unchanged = trained.saw(path)
    if unchanged is False and given is None:
        raise UserError(
            f"{path} has changed since {trained.run} was trained on it, so its splits may be others; "
            f"train again, or say that it is meant: --corpus {path}"
        )
    return opened, unchanged


def _choose(source: ParquetSource, trained: Trained, options: Options) -> _Chosen:
    """Draw the rows to look at: without a limit all of them."""
    if not len(source):
        raise UserError(f"{source.name} holds no dialogue; name another with --split")
    voiced = [row for row, dialogue in enumerate(outlines(source)) if is_voiced(dialogue)]
    if not voiced and trained.stage != "text":
        raise UserError(
            f"{source.name} holds no voiced dialogue, so nothing can be said about speech; voice some of it "
            "(medsynth voice), name another --split, or evaluate stage text alone"
        )
    return _Chosen(_drawn(range(len(source)), options), _drawn(voiced, options))


def _drawn(rows: Sequence[int], options: Options, most: int | None = None) -> list[int]:
    most = options.limit if most is None else most
    if most is None or most >= len(rows):
        return list(rows)
    rng = np.random.default_rng((options.seed, 5))
    return sorted(rows[int(at)] for at in rng.permutation(len(rows))[:most])


def _score(
    trained: Trained,
    loaded: Loaded,
    *,
    source: ParquetSource,
    rows: list[int],
    modality: Modality,
    options: Options,
    device: torch.device,
    say: Say,
) -> Scores:
    if not rows:
        return Scores()
    config = trained.config
    if options.skip_bad:
        config = config.model_copy(update={"data": config.data.model_copy(update={"on_bad_row": "skip"})})
    say(f"{len(rows)} dialogues by {modality}")
    return score(
        loaded,
        collator_of(config, loaded),
        source,
        rows,
        modality,
        budget=config.data.batch_tokens,
        device=device,
        say=say,
    )


def _answers(
    talker: Talker,
    source: ParquetSource,
    rows: list[int],
    voiced: bool,
    options: Options,
    budget: int,
    say: Say,
) -> _Said:
    """Let the model answer the same dialogues by each modality."""
    drawn = _drawn(rows, options, options.generate)
    said = _Said(drawn, {}, {})
    if not drawn:
        return said
    dialogues = [source.read(row, 1)[0] for row in drawn]
    limit = options.max_new_tokens
    for name in ("speech", "transcript") if voiced else ("text",):
        heard = name == "speech"
        say(f"every reply of {len(drawn)} dialogues answered by {name}, greedily")
        said.answers[name] = answer(talker, dialogues, speech=heard, limit=limit, budget=budget, say=say)
        said.times[name] = timed(talker, dialogues[:TIMED], speech=heard, limit=limit)
    return said


def _told_answers(said: _Said, name: str, seed: int) -> dict[str, Any]:
    return {
        **counts(said.answers[name]),
        **matches(hits(said.answers[name]), seed),
        **pace(said.times[name]),
        "samples": [asdict(a) for replies in said.answers[name] for a in replies],
        "times": [asdict(t) for t in said.times[name]],
    }


def _answers_gap(said: _Said, seed: int) -> dict[str, Any] | None:
    if "speech" not in said.answers:
        return None
    return matches_gap(np.hstack([hits(said.answers[name]) for name in ("speech", "transcript")]), seed)


def _answers_groups(said: _Said, voices: Sequence[Profile], seed: int) -> dict[str, Any]:
    """Return the shares of matching replies by group, of each modality."""
    if not said.answers:
        return {}

    def measure(sums: np.ndarray) -> dict[str, Any]:
        parts = np.split(sums, len(said.answers), axis=1)
        return {name: matches(part, seed) for name, part in zip(said.answers, parts, strict=True)}

    every = np.hstack([hits(answers) for answers in said.answers.values()])
    return by_group([voices[row] for row in said.rows], every, measure)


def _write(folder: Path, results: dict[str, Any]) -> None:
    picture = io.BytesIO()
    draw(results, picture)
    words = table(results)
    disk.put_text(folder / "eval.json", json.dumps(results, ensure_ascii=False, indent=1) + "\n")
    disk.put_text(folder / "table.txt", words)
    with disk.writing(folder):
        (folder / "figure.png").write_bytes(picture.getvalue())

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
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medtrain import checkpoint as disk
from medtrain.answers import MOST_TOKENS, Answer, answer, summary
from medtrain.bootstrap import CONFIDENCE, RESAMPLES, interval
from medtrain.collate import Modality
from medtrain.data import Corpus, ParquetSource, open_corpus
from medtrain.errors import UserError
from medtrain.eval_report import NOTE, draw, table
from medtrain.fit import quiet
from medtrain.groups import by_group, profiles
from medtrain.parts import Loaded
from medtrain.places import last_corpus
from medtrain.run import collator_of
from medtrain.scoring import Say, Scores, score
from medtrain.talk import Talker
from medtrain.trained import Trained, find_trained

LOSS, RIGHT, TOKENS, WHOLE, REPLIES = range(5)
"""Columns of Scores.sums; beside them, from SECOND on, lie those of what is compared with."""
SECOND = 5


@dataclass(frozen=True)
class Options:
    """What to look at. `limit` and `generate` are dialogues of each modality; None is all of them."""

    split: str = "test"
    limit: int | None = None
    generate: int = 8
    seed: int = 0
    skip_bad: bool = False


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
        raise UserError(f"{source.name}: no dialogue of it can be used ({_told(written.left_out)})")
    both = np.hstack([spoken.sums(pairs), written.sums(pairs)])
    answers = _answers(loaded, source, pairs or every, bool(pairs), options, device, say)
    del loaded
    kept = None
    if trained.before:
        say("the text of stage text's model, to compare with")
        before = run(trained.before(), rows=every, modality="text")
        kept = np.hstack([written.sums(every), before.sums(every)])
    voices = profiles(opened, options.split)
    looked = {"speech": both[:, :SECOND], "transcript": both[:, SECOND:], "text": written.sums(every)}
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
        "machine": {"device": device.type, "threads": torch.get_num_threads(), "precision": "float32"},
        "left_out": {"speech": dict(spoken.left_out), "text": dict(written.left_out)},
        "modalities": {name: _modality(sums, options.seed) for name, sums in looked.items() if len(sums)},
        "gap": _gap(both, options.seed) if pairs else None,
        "retention": _retention(kept, options.seed) if kept is not None else None,
        "groups": by_group([voices[row] for row in pairs], both, partial(_cell, seed=options.seed)),
        "answers": {
            name: {
                **(summary(said) or {}),
                **_matches(said, options.seed),
                "samples": [asdict(a) for a in said],
            }
            for name, said in answers.items()
        },
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
    voiced = [
        row
        for start in range(0, len(source), 64)
        for row, dialogue in enumerate(source.read(start, 64), start)
        if any(turn.role == "patient" and turn.clip is not None for turn in dialogue.turns)
    ]
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
    loaded: Loaded,
    source: ParquetSource,
    rows: list[int],
    voiced: bool,
    options: Options,
    device: torch.device,
    say: Say,
) -> dict[str, list[Answer]]:
    """Let the model answer the same dialogues by each modality."""
    dialogues = [source.read(row, 1)[0] for row in _drawn(rows, options, options.generate)]
    if not dialogues:
        return {}
    say(f"{len(dialogues)} dialogues answered, greedily, at most {MOST_TOKENS} tokens")
    talker = Talker(loaded, device)
    if not voiced:
        return {"text": answer(talker, dialogues, speech=False)}
    return {
        "speech": answer(talker, dialogues, speech=True),
        "transcript": answer(talker, dialogues, speech=False),
    }


def _ratio(above: int, below: int, sums: np.ndarray) -> np.ndarray:
    return sums[..., above] / sums[..., below]


def _change(above: int, below: int, sums: np.ndarray) -> np.ndarray:
    return _ratio(above, below, sums) - _ratio(above + SECOND, below + SECOND, sums)


def _share(sums: np.ndarray) -> np.ndarray:
    return _ratio(RIGHT, TOKENS, sums) / _ratio(RIGHT + SECOND, TOKENS + SECOND, sums)


def _measured(sums: np.ndarray, seed: int, **statistics: Any) -> dict[str, Any]:
    found = {name: interval(sums, statistic, seed) for name, statistic in statistics.items()}
    return {name: asdict(one) if one else None for name, one in found.items()}


def _modality(sums: np.ndarray, seed: int) -> dict[str, Any]:
    counts = {
        "dialogues": len(sums),
        "replies": int(sums[:, REPLIES].sum()),
        "tokens": int(sums[:, TOKENS].sum()),
    }
    return counts | _measured(
        sums,
        seed,
        loss=partial(_ratio, LOSS, TOKENS),
        accuracy=partial(_ratio, RIGHT, TOKENS),
        whole_replies=partial(_ratio, WHOLE, REPLIES),
    )


def _gap(both: np.ndarray, seed: int) -> dict[str, Any]:
    """Return by how much speech differs from the transcripts of the same dialogues."""
    return {"dialogues": len(both)} | _measured(
        both, seed, loss=partial(_change, LOSS, TOKENS), accuracy=partial(_change, RIGHT, TOKENS)
    )


def _retention(both: np.ndarray, seed: int) -> dict[str, Any]:
    """Return what the speech stage did to text: the change, and the share of the accuracy that is left."""
    return _gap(both, seed) | {
        "before": _modality(both[:, SECOND:], seed),
        **_measured(both, seed, accuracy_share=_share),
    }


def _cell(both: np.ndarray, seed: int) -> dict[str, Any]:
    return {
        "speech": _modality(both[:, :SECOND], seed),
        "transcript": _modality(both[:, SECOND:], seed),
        "gap": _gap(both, seed),
    }


def _matches(answers: Sequence[Answer], seed: int) -> dict[str, Any]:
    hits = np.array([[a.exact, a.normalised, 1] for a in answers], np.float64).reshape(-1, 3)
    return _measured(hits, seed, exact_share=partial(_ratio, 0, 2), normalised_share=partial(_ratio, 1, 2))


def _told(left_out: Counter[str]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in left_out.items())


def _write(folder: Path, results: dict[str, Any]) -> None:
    picture = io.BytesIO()
    draw(results, picture)
    words = table(results)
    disk.put_text(folder / "eval.json", json.dumps(results, ensure_ascii=False, indent=1) + "\n")
    disk.put_text(folder / "table.txt", words)
    with disk.writing(folder):
        (folder / "figure.png").write_bytes(picture.getvalue())

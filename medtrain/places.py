"""Where things lie when they are not named: the last run's corpus, the newest model, the package's own configs."""

from __future__ import annotations

import os
from pathlib import Path

from medtrain.errors import UserError

RUNS = Path("runs")


def last_corpus() -> Path:
    """Return the corpus of the run that was worked on last in this folder. Raises UserError when there is none."""
    last = RUNS / ".last"
    if last.is_file():
        run = Path(os.path.normpath(RUNS / last.read_text(encoding="utf-8").strip()))
        if (run / "corpus" / "corpus.json").is_file():
            return run / "corpus"
        raise UserError(f"the last run, {run}, holds no corpus yet; finish it, or give --corpus")
    raise UserError("there is no earlier run here; give --corpus, or make a corpus first: medsynth run demo")


def run_of(corpus: Path) -> Path | None:
    """Return the run whose corpus this is, which is what medsynth's verbs go on from; None where it lies in none."""
    for run in (corpus, corpus.parent):
        if (run / "corpus" / "corpus.json").is_file() and (run / "stages").is_dir():
            return run
    return None


def last_trained() -> Path:
    """Return the training run of this folder whose model is the newest. Raises UserError when there is none."""
    found = [
        (model.stat().st_mtime, run)
        for run in (RUNS.iterdir() if RUNS.is_dir() else ())
        for model in (run / "text" / "model", run / "speech" / "model")
        if (run / "run.json").is_file() and model.is_dir()
    ]
    if not found:
        raise UserError(
            f"there is no trained model in {RUNS}; train one with: medtrain fit; or name its folder"
        )
    return max(found)[1]


def preset_config(name: str) -> Path:
    """Return a config that comes with the package, from the installed copy or the source tree."""
    here = Path(__file__).parent
    for folder in (here / "pipelines", here.parent / "pipelines", here.parent / "medsynth" / "pipelines"):
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    raise UserError(f"{name}.yaml did not come with this installation; give --config")

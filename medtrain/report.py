"""What a stage leaves for people: metrics.jsonl, TensorBoard, a progress line, curves and a model card."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from medtrain.checkpoint import put_text, writing
from medtrain.collate import Batch

QUIET_S = 15.0
"""Seconds between progress lines where the output is no terminal."""


class Log:
    """Metrics of one stage. Only the main process writes."""

    def __init__(self, folder: Path, main: bool, total: int) -> None:
        self.counters: dict[str, float] = {"seconds": 0.0, "tokens": 0.0, "audio_s": 0.0}
        self.skipped: dict[str, str] = {}
        """Rows left out while batches were made, each once, with the reason: this process's, and, as of the last
        checkpoint, those of all."""
        self._main = main
        self._total = total
        self._path = folder / "metrics.jsonl"
        self._began = time.perf_counter()
        self._since = self._began
        self._done = 0
        self._shown = 0.0
        self._loss: float | None = None
        self._board: Board | None = None

    def rewind(self, step: int, counters: dict[str, float], skipped: dict[str, str]) -> None:
        """Begin to write: drop what was written after a step that is taken up again (-1: everything)."""
        self.counters, self.skipped = dict(counters), dict(skipped)
        if self._main:
            lines = [line for line in read_metrics(self._path) if line["step"] <= step]
            put_text(self._path, "".join(json.dumps(line) + "\n" for line in lines))
            with writing(self._path.parent):
                self._board = Board(self._path.parent / "tensorboard", step + 1)

    def step(
        self, number: int, batches: list[Batch], values: dict[str, float], seconds: float, world: int
    ) -> None:
        """Write one step. Token and audio rates are of all processes, by this one's share."""
        now = time.perf_counter()
        whole, self._since = now - self._since, now
        tokens = sum(batch.tokens for batch in batches)
        audio = sum(batch.audio_s for batch in batches)
        cells = sum(batch.cells for batch in batches)
        for batch in batches:
            self.skipped |= batch.skipped
        self._done += 1
        self.counters["seconds"] += whole
        self.counters["tokens"] += tokens * world
        self.counters["audio_s"] += audio * world
        self._loss = values["loss"] if self._loss is None else 0.9 * self._loss + 0.1 * values["loss"]
        line: dict[str, Any] = {
            "step": number,
            **values,
            "tokens_per_s": tokens * world / whole,
            "supervised_per_s": sum(batch.supervised for batch in batches) * world / whole,
            "audio_s_per_s": audio * world / whole,
            "padding": 1 - tokens / cells,
            "memory_mb": _memory_mb(),
            "waiting": max(0.0, 1 - seconds / whole),
        }
        if self.skipped:
            line["skipped"] = dict(Counter(self.skipped.values()))
        self._write(line, "train")
        self._progress(number, line)

    def validated(self, number: int, looks: dict[str, dict[str, float]]) -> None:
        """Write what validation said, by modality."""
        if looks:
            self._write({"step": number, "validation": looks}, "validation")
            if self._main:
                told = ", ".join(
                    f"{modality} loss {look['loss']:.3f} accuracy {look['accuracy']:.3f}"
                    for modality, look in looks.items()
                )
                self._print(f"step {number}/{self._total}  validation: {told}")
        self._since = time.perf_counter()

    def close(self) -> None:
        """Finish the progress line and the board."""
        if self._shown and sys.stdout.isatty():
            print()
        if self._board:
            self._board.close()

    def _write(self, line: dict[str, Any], kind: str) -> None:
        if not self._main:
            return
        flat = line["validation"] if kind == "validation" else {"": line}
        scalars = {
            "/".join(filter(None, (kind, group, name))): value
            for group, values in flat.items()
            for name, value in values.items()
            if isinstance(value, (int, float)) and name != "step"
        }
        with writing(self._path.parent):
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            if self._board:
                self._board.scalars(line["step"], scalars)

    def _progress(self, number: int, line: dict[str, Any]) -> None:
        now = time.perf_counter()
        terminal = sys.stdout.isatty()
        if not self._main or now - self._shown < (0.2 if terminal else QUIET_S):
            return
        self._shown = now
        left = (now - self._began) / self._done * (self._total - number)
        text = (
            f"step {number}/{self._total}  loss {self._loss:.3f}  {line['tokens_per_s']:.0f} tokens/s  "
            f"{line['audio_s_per_s']:.1f} audio-s/s  padding {line['padding']:.0%}  "
            f"{line['memory_mb']:.0f} MB  {_clock(left)} left"
        )
        if terminal:
            width = shutil.get_terminal_size().columns - 1
            print("\r" + text[:width].ljust(width), end="", flush=True)
        else:
            print(text, flush=True)

    def _print(self, text: str) -> None:
        if sys.stdout.isatty():
            print("\r" + text.ljust(shutil.get_terminal_size().columns - 1))
        else:
            print(text, flush=True)


class Board:
    """Scalars for TensorBoard, written at once.

    PyTorch's own writer has a thread for it, whose errors come late and as a traceback.
    """

    def __init__(self, folder: Path, begin: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        name = f"events.out.tfevents.{now:.6f}.{socket.gethostname()}.{os.getpid()}"
        self._file = (folder / name).open("xb", buffering=0)
        self._records = RecordWriter(self._file)
        self._event = Event
        self._put(Event(wall_time=now, file_version="brain.Event:2"))
        # What earlier files hold from this step on was undone.
        self._put(Event(wall_time=now, step=begin, session_log=SessionLog(status=SessionLog.START)))

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Write values of a step."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
        self._put(self._event(wall_time=time.time(), step=step, summary=summary))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _put(self, event: Any) -> None:
        self._records.write(event.SerializeToString())


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a metrics file; a torn last line is left out."""
    if not path.is_file():
        return []
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines


def validations(path: Path) -> dict[int, dict[str, dict[str, float]]]:
    """Return what validation said, by step."""
    return {line["step"]: line["validation"] for line in read_metrics(path) if "validation" in line}


def draw_curves(stages: dict[str, Path], target: Path) -> None:
    """Draw the training loss and the validation losses of stages, one beside the other, as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(stages), 3.5), layout="constrained")
    for number, (name, path) in enumerate(stages.items(), start=1):
        axes = figure.add_subplot(1, len(stages), number)
        trained = [line for line in read_metrics(path) if "loss" in line]
        axes.plot([x["step"] for x in trained], [x["loss"] for x in trained], lw=0.8, label="training")
        looks = validations(path)
        for modality in next(iter(looks.values()), {}):
            points = [(step, look[modality]["loss"]) for step, look in looks.items()]
            axes.plot(*zip(*points, strict=True), marker=".", label=f"validation, by {modality}")
        axes.set(title=f"stage: {name}", xlabel="step", ylabel="loss per reply token (nats)")
        axes.legend()
    with writing(target):
        figure.savefig(target, dpi=120)


def told_reasons(skipped: Mapping[str, int]) -> str:
    """Return counts by reason in words, the most frequent first."""
    ranked = sorted(skipped.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} {reason}" for reason, count in ranked)


def _memory_mb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (2**20 if sys.platform == "darwin" else 2**10)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"

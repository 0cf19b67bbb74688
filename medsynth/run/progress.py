"""One progress display: a live bar in a terminal, a line now and then in a log file."""

from __future__ import annotations

import time
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from medsynth.errors import printable


class Display:
    """Shows one stage after the other. Use as a context manager around a run."""

    log_every_s = 10.0

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._bar: Progress | None = None
        if self.console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description:<9}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[note]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=self.console,
                transient=True,
            )
        self._name, self._total, self._done, self._note = "", 0, 0, ""
        self._started = self._logged = 0.0

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *rest: object) -> None:
        if self._bar:
            self._bar.stop()

    def stage(self, name: str, total: int | None) -> None:
        """Begin a stage of `total` records (None: not known yet)."""
        self._name, self._total, self._done, self._note = name, total or 0, 0, ""
        self._started = self._logged = time.monotonic()
        if self._bar:
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._task = self._bar.add_task(name, total=total, note="")

    def advance(self, records: int, note: str = "") -> None:
        """Count records of the current stage as done."""
        self._done += records
        self._note = note or self._note
        if self._bar:
            self._bar.update(self._task, advance=records, note=self._note)
        elif time.monotonic() - self._logged >= self.log_every_s:
            self._logged = time.monotonic()
            of = f" of {self._total}" if self._total else ""
            self.console.print(f"{self._name}: {self._done}{of} records, {self._elapsed()}", highlight=False)

    def finish(self, text: str) -> None:
        """End the current stage with a line that stays."""
        self.console.print(
            f"{self._name:<9} {text}, {self._elapsed()}", highlight=False, markup=False, soft_wrap=True
        )

    def tell(self, text: str) -> None:
        """Print a line that stays."""
        self.console.print(printable(text), highlight=False, markup=False, soft_wrap=True)

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._started:.1f} s"

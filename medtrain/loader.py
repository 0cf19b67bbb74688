"""Feeds a training loop: rows read block by block, audio decoded ahead of need by threads, in a fixed order."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from threading import Lock

from medtrain.collate import BadRow, Batch, Collator, told
from medtrain.data import Consultation
from medtrain.sampling import BLOCK, Entry, IndexedSet, Position, Sampler


@dataclass(frozen=True)
class Step:
    """This process's micro-batches of one optimizer step, and where sampling stands after it."""

    batches: list[Batch]
    position: Position


class Rows:
    """Dialogues by set and row, read a block at a time. It keeps the blocks of about one window."""

    def __init__(self, sets: list[IndexedSet], window: int) -> None:
        self._sets = sets
        self._room = window // BLOCK + 2 * len(sets)
        self._blocks: OrderedDict[tuple[int, int], list[Consultation]] = OrderedDict()
        self._lock = Lock()

    def __getitem__(self, entry: Entry) -> Consultation:
        number, place = divmod(entry.row, BLOCK)
        with self._lock:
            key = (entry.set, number)
            if key not in self._blocks:
                self._blocks[key] = self._read(entry.set, number)
                while len(self._blocks) > self._room:
                    self._blocks.popitem(last=False)
            self._blocks.move_to_end(key)
            return self._blocks[key][place]

    def _read(self, at: int, number: int) -> list[Consultation]:
        rows = self._sets[at].source.read(number * BLOCK, BLOCK)
        return [_silenced(d) for d in rows] if self._sets[at].modality == "text" else rows


def _silenced(dialogue: Consultation) -> Consultation:
    return replace(dialogue, turns=tuple(replace(turn, clip=None) for turn in dialogue.turns))


def load_batch(entries: list[Entry], rows: Rows, sets: list[IndexedSet], collator: Collator) -> Batch:
    """Make one batch. Raises UserError at a bad row, or names it when the collator is told to skip."""
    items = []
    skipped: dict[str, str] = {}
    for entry in entries:
        dialogue = rows[entry]
        try:
            items.append(collator.item(dialogue, sets[entry.set].modality, entry.draw))
        except BadRow as error:
            source = sets[entry.set].source.name
            if not collator.skip:
                raise told(error, source, dialogue.id) from None
            skipped[f"{source}: {dialogue.id}"] = error.reason
    batch = collator.batch(items)
    batch.skipped.update(skipped)
    return batch


def steps(
    sampler: Sampler,
    collator: Collator,
    position: Position,
    *,
    window: int,
    batches_per_step: int,
    rank: int = 0,
    world: int = 1,
    workers: int = 1,
) -> Iterator[Step]:
    """Yield steps without end, from a position on.

    The micro-batches of a step are dealt to the processes in turn, so what a step learns from does not depend
    on how many there are. With `workers` > 0 the next steps are made ready meanwhile.
    """
    rows = Rows(sampler.sets, window)

    def make(entries: list[Entry]) -> Batch:
        return load_batch(entries, rows, sampler.sets, collator)

    def plans() -> Iterator[tuple[list[list[Entry]], Position]]:
        stream = sampler.batches(position)
        while True:
            planned = list(islice(stream, batches_per_step))
            yield [entries for entries, _ in planned[rank::world]], planned[-1][1]

    if not workers:
        for own, after in plans():
            yield Step([make(entries) for entries in own], after)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="loader") as pool:
        ahead: deque[tuple[list[Future[Batch]], Position]] = deque()
        try:
            for own, after in plans():
                ahead.append(([pool.submit(make, entries) for entries in own], after))
                if sum(len(futures) for futures, _ in ahead) > 2 * workers:
                    futures, done = ahead.popleft()
                    yield Step([future.result() for future in futures], done)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def validation_batches(sets: list[IndexedSet], collator: Collator, budget: int, limit: int) -> list[Batch]:
    """Return the first `limit` dialogues of one set as batches within a budget of tokens."""
    rows = Rows(sets, 64)
    groups: list[list[Entry]] = [[]]
    for row, tokens in list(zip(sets[0].rows.tolist(), sets[0].tokens.tolist(), strict=True))[:limit]:
        if groups[-1] and sum(e.tokens for e in groups[-1]) + tokens > budget:
            groups.append([])
        groups[-1].append(Entry(0, row, tokens, 0))
    return [load_batch(group, rows, sets, collator) for group in groups]

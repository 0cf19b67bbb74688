"""Makes a batch of dialogues: audio decoded and checked, words and placeholders rendered, rows packed.

Speech, text and mixed dialogues go together in one batch. Nothing is ever cut: a dialogue that does not fit, or
whose audio is unusable, is a bad row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from medtrain.data import SAMPLE_RATE, SILENCE, Consultation, Utterance, decode
from medtrain.errors import UserError
from medtrain.frontend import SHORTEST, Frontend, tight_rows
from medtrain.render import Line, Rendered, Template

Modality = Literal["text", "speech", "mixed"]


class BadRow(ValueError):
    """A dialogue that cannot be trained on as it is. `reason` is a word to count by."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Item:
    """One dialogue made ready.

    `clips` are in the order of their placeholders, `transcripts` are what is said in them (token ids). `twin` is
    the same dialogue with words in place of the clips; it has the same supervised tokens.
    """

    id: str
    rendered: Rendered
    clips: tuple[np.ndarray, ...] = ()
    transcripts: tuple[tuple[int, ...], ...] = ()
    twin: Rendered | None = None


@dataclass
class Batch:
    """What one forward pass takes, and what is worth knowing about it.

    `inputs` are the model's keyword arguments. `twin` are those of the spoken dialogues as text; for each of
    its supervised tokens, `spoken` says which of the batch's supervised tokens it repeats (both counted along
    the rows). `cells` counts all places of the token rows, `tokens` those that hold a dialogue's tokens. `skipped`
    are the dialogues that were left out, each with the reason.
    """

    inputs: dict[str, torch.Tensor]
    ids: list[str]
    supervised: int
    tokens: int
    cells: int
    audio_s: float = 0.0
    transcripts: list[tuple[int, ...]] = field(default_factory=list)
    audio_lengths: list[int] = field(default_factory=list)
    twin: dict[str, torch.Tensor] | None = None
    spoken: torch.Tensor | None = None
    skipped: dict[str, str] = field(default_factory=dict)


class Collator:
    """Makes items of dialogues and batches of items. One object serves several threads."""

    def __init__(
        self,
        template: Template,
        frontend: Frontend,
        *,
        context: int,
        pack: bool = True,
        one_row: bool = False,
        skip: bool = False,
        twins: bool = False,
        seed: int = 0,
    ) -> None:
        self.template = template
        self.frontend = frontend
        self.skip = skip
        self._context = context
        self.pack = pack
        self._one_row = one_row
        self._twins = twins
        self._seed = seed

    def length(self, dialogue: Consultation, modality: Modality) -> int:
        """Return a dialogue's tokens, by what is stated of its clips; for mixed sets, the most it can have.

        Raises BadRow.
        """
        lines = []
        for number, turn in enumerate(dialogue.turns):
            line = Line(turn.role, turn.text)
            if modality != "text" and _has_speech(turn):
                if turn.duration_s is None:
                    what = (
                        f"{turn.clip} cannot be read" if isinstance(turn.clip, Path) else "no stated duration"
                    )
                    raise BadRow("bad audio", f"turn {number}: {what}")
                heard = self._audio_line(turn.role, round(turn.duration_s * SAMPLE_RATE), number)
                if modality == "speech" or self.template.size(heard) > self.template.size(line):
                    line = heard
            lines.append(line)
        return len(self._render(lines, dialogue).ids)

    def item(self, dialogue: Consultation, modality: Modality, draw: int = 0) -> Item:
        """Make a dialogue ready. In a mixed set, `draw` decides which turns are heard. Raises BadRow."""
        rng = np.random.default_rng((self._seed, 3, draw))
        lines, clips, transcripts = [], [], []
        for number, turn in enumerate(dialogue.turns):
            heard = modality == "speech" or (modality == "mixed" and rng.random() < 0.5)
            if heard and _has_speech(turn):
                clip = _samples(turn, number)
                clips.append(clip)
                transcripts.append(tuple(self.template.words(turn.spoken or turn.text)))
                lines.append(self._audio_line(turn.role, len(clip), number))
            else:
                lines.append(Line(turn.role, turn.text))
        twin = None
        if self._twins and clips:
            twin = self._render([Line(t.role, t.text) for t in dialogue.turns], dialogue)
        return Item(dialogue.id, self._render(lines, dialogue), tuple(clips), tuple(transcripts), twin)

    def batch(self, items: Sequence[Item]) -> Batch:
        """Lay items out as one batch; of no items, a batch of nothing, with a twin where the others have one."""
        if not items:
            return self._void()
        order, inputs, cells = self._rows([item.rendered for item in items])
        placed = [items[i] for i in order]
        clips = [clip for item in placed for clip in item.clips]
        if clips:
            inputs |= self.frontend(clips)
        batch = Batch(
            inputs=inputs,
            ids=[item.id for item in placed],
            supervised=sum(sum(item.rendered.supervised) for item in placed),
            tokens=sum(len(item.rendered.ids) for item in placed),
            cells=cells,
            audio_s=sum(map(len, clips)) / SAMPLE_RATE,
            transcripts=[words for item in placed for words in item.transcripts],
            audio_lengths=[self.frontend.tokens(len(clip)) for clip in clips],
        )
        if self._twins:
            batch.twin, batch.spoken = self._twin_of(placed)
        return batch

    def _void(self) -> Batch:
        batch = void_batch(self.template)
        if self._twins:
            batch.twin, batch.spoken = self._twin_of([])
        return batch

    def _twin_of(self, placed: Sequence[Item]) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        twins: list[Rendered] = []
        spans: list[range] = []
        at = 0
        for item in placed:
            count = sum(item.rendered.supervised)
            if item.twin is not None:
                twins.append(item.twin)
                spans.append(range(at, at + count))
            at += count
        if not twins:
            # Every process runs the same passes, whatever its batch holds.
            return void_batch(self.template).inputs, torch.zeros(0, dtype=torch.long)
        order, inputs, _ = self._rows(twins)
        return inputs, torch.tensor([place for i in order for place in spans[i]])

    def _audio_line(self, role: str, samples: int, number: int) -> Line:
        if samples > self.frontend.longest:
            limit = self.frontend.longest / SAMPLE_RATE
            raise BadRow(
                "audio too long",
                f"turn {number} lasts {samples / SAMPLE_RATE:.1f} s; the speech encoder takes {limit:g} s",
            )
        if samples < SHORTEST:
            raise BadRow("audio too short", f"turn {number} lasts {samples / SAMPLE_RATE:.3f} s")
        return Line(role, audio=self.frontend.tokens(samples))

    def _render(self, lines: Sequence[Line], dialogue: Consultation) -> Rendered:
        if all(line.role != "doctor" for line in lines):
            raise BadRow("no doctor", "has no doctor turn, so nothing is supervised")
        for number, line in enumerate(lines):
            if not line.audio and not line.text.strip():
                raise BadRow("empty turn", f"turn {number} is empty")
        try:
            rendered = self.template.render(lines)
        except ValueError as error:
            raise BadRow("roles", str(error)) from None
        if len(rendered.ids) > self._context:
            raise BadRow(
                "too long",
                f"is {len(rendered.ids)} tokens long; the context is {self._context} (data.context)",
            )
        return rendered

    def _rows(self, parts: Sequence[Rendered]) -> tuple[list[int], dict[str, torch.Tensor], int]:
        """Return the order in which the parts lie in the rows, the tensors, and the number of places."""
        lengths = [len(part.ids) for part in parts]
        if not self.pack:
            rows = [[i] for i in range(len(parts))]
        elif self._one_row:
            rows = [list(range(len(parts)))]
        else:
            rows = tight_rows(lengths)
        width = max(sum(lengths[i] for i in row) for row in rows)
        shape = (len(rows), width)
        ids = torch.full(shape, self.template.pad_id)
        labels = torch.full(shape, -100)
        positions = torch.arange(width).repeat(len(rows), 1)
        for number, row in enumerate(rows):
            at = 0
            for i in row:
                end = at + lengths[i]
                ids[number, at:end] = torch.tensor(parts[i].ids)
                labels[number, at:end] = torch.tensor(parts[i].labels())
                at = end
                if self.pack:
                    positions[number, at:] = torch.arange(width - at)
        # No attention mask, on purpose. Packed rows are kept apart by positions that start anew, which holds
        # only without one; and padding on the right is seen by no token before it.
        inputs = {"input_ids": ids, "labels": labels, "position_ids": positions}
        return [i for row in rows for i in row], inputs, ids.numel()


def void_batch(template: Template) -> Batch:
    """Return a batch of nothing, without a twin: what evens out the passes of several processes."""
    one = torch.full((1, 1), template.pad_id)
    inputs = {"input_ids": one, "labels": torch.full((1, 1), -100), "position_ids": torch.zeros_like(one)}
    return Batch(inputs, [], supervised=0, tokens=0, cells=1)


def told(error: BadRow, source: str, dialogue: str) -> UserError:
    """Return the line that a user is shown about a bad row."""
    return UserError(
        f"{source}: {dialogue}: {error} "
        "(mend or remove the row, or leave such rows out: --set data.on_bad_row=skip)"
    )


def _has_speech(turn: Utterance) -> bool:
    # The doctor's words are what the model learns to say; it never hears them.
    return turn.role == "patient" and turn.clip is not None


def _samples(turn: Utterance, number: int) -> np.ndarray:
    """Return a clip's samples. Raises BadRow when they are not what speech at 16 kHz looks like."""
    assert turn.clip is not None
    try:
        samples, rate = decode(turn.clip)
    except ValueError as error:
        raise BadRow("bad audio", f"turn {number}: {error}") from None
    if rate != SAMPLE_RATE:
        raise BadRow("bad audio", f"turn {number}: sampled at {rate} Hz, not {SAMPLE_RATE}")
    if not np.isfinite(samples).all():
        raise BadRow("bad audio", f"turn {number}: holds values that are no numbers")
    if not len(samples) or float(np.abs(samples).max()) < SILENCE:
        raise BadRow("silent", f"turn {number}: silent")
    if turn.duration_s is not None and abs(len(samples) / rate - turn.duration_s) > 0.001:
        raise BadRow(
            "bad audio", f"turn {number}: lasts {len(samples) / rate:.3f} s, stated {turn.duration_s}"
        )
    return samples

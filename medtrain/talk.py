"""Speaks with a fitted model: a consultation as a list of turns, each typed or a clip; text as it comes, if wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medtrain.audio import read_speech
from medtrain.data import SAMPLE_RATE
from medtrain.decoding import GREEDY, Decoding, Draw, Listener, Reply, Row, Watch
from medtrain.errors import UserError
from medtrain.frontend import SHORTEST
from medtrain.losses import moved
from medtrain.parts import Loaded, load_model
from medtrain.render import Line

Part = str | np.ndarray | bytes | Path
"""Words; or speech as samples (float32, 16 kHz, mono), as a file's bytes, or as its path (any rate, any channels)."""

Said = Part | tuple[Part, ...]
"""What a turn holds: one part, or several."""

Turns = Sequence[tuple[str, Said]]
"""A consultation so far: (role, what was said), roles `patient` and `doctor`; the patient spoke last.

A first turn of the role `system` takes the place of the model's own system message.
"""


@dataclass(frozen=True)
class Prompt:
    """A consultation made ready: token ids, and the samples of the clips whose placeholders are among them."""

    ids: list[int]
    clips: tuple[np.ndarray, ...]
    audio_tokens: int


@dataclass(frozen=True)
class Asked:
    """One reply that is asked for: after what, how, and for whom."""

    prompt: Prompt
    how: Decoding = GREEDY
    listener: Listener = field(default_factory=Listener)


class Talker:
    """A loaded model that answers. It holds no state between replies, and is for one thread at a time."""

    def __init__(self, loaded: Loaded, device: str | torch.device | None = None) -> None:
        self.loaded = loaded
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.model: Any = loaded.model.to(self.device).eval()

    @classmethod
    def load(cls, path: str | Path, device: str | None = None, system: str | None = None) -> Talker:
        """Load a model folder. Raises UserError when it is none."""
        return cls(load_model(path, system=system), device)

    @property
    def context(self) -> int:
        """Tokens of the longest consultation that the model has places for, the reply included."""
        return int(self.model.config.get_text_config().max_position_embeddings)

    def reply(
        self,
        turns: Turns,
        max_new_tokens: int = 256,
        hear: Callable[[str], object] | None = None,
        **options: Any,
    ) -> Reply:
        """Answer one consultation, greedily. `options` go to transformers' generate."""
        began = time.perf_counter()
        listener = Listener(hear) if hear else Listener()
        asked = Asked(self.prompt(turns), Decoding(max_new_tokens), listener)
        return self.replies([asked], began=began, **options)[0]

    def reply_all(self, many: Sequence[Turns], max_new_tokens: int = 256, **options: Any) -> list[str]:
        """Answer several consultations as one batch, greedily; the texts are what each alone would give."""
        asked = [Asked(self.prompt(turns), Decoding(max_new_tokens)) for turns in many]
        return [reply.text for reply in self.replies(asked, **options)]

    def prompt(self, turns: Turns) -> Prompt:
        """Make a consultation ready. Raises UserError for audio or roles that cannot be taken."""
        clips: list[np.ndarray] = []
        lines = []
        for number, (role, said) in enumerate(turns):
            parts: list[str | int] = []
            for part in said if isinstance(said, tuple) else (said,):
                if isinstance(part, str):
                    parts.append(part)
                else:
                    clips.append(self._clip(part))
                    parts.append(self.loaded.frontend.tokens(len(clips[-1])))
            if not any(part.strip() if isinstance(part, str) else part for part in parts):
                raise UserError(f"turn {number} is empty")
            lines.append(Line.of(role, parts))
        try:
            ids = self.loaded.template.prompt(lines)
        except ValueError as error:
            raise UserError(f"the consultation {error}") from None
        return Prompt(ids, tuple(clips), sum(map(self.loaded.frontend.tokens, map(len, clips))))

    def replies(self, asked: Sequence[Asked], began: float | None = None, **options: Any) -> list[Reply]:
        """Answer several prompts as one batch, each in its own way; `options` go to transformers' generate.

        Keys and values of all tokens are kept, so that every new token costs one step through the model.
        `began` is when the clock of the replies was started (time.perf_counter).
        """
        template = self.loaded.template
        began = time.perf_counter() if began is None else began
        rows = [Row(template.tokenizer, template.end_ids, one.how, one.listener, began) for one in asked]
        drawn = [one.how for one in asked]
        self.model.generate(
            **self._inputs([one.prompt for one in asked]),
            max_new_tokens=max(how.max_new_tokens for how in drawn),
            eos_token_id=template.end_ids,
            pad_token_id=template.pad_id,
            do_sample=False,
            use_cache=True,
            logits_processor=[Draw(drawn, self.device)],
            stopping_criteria=[Watch(rows)],
            **options,
        )
        return [row.reply() for row in rows]

    def _inputs(self, prompts: Sequence[Prompt]) -> dict[str, torch.Tensor]:
        """Return what generate takes: prompts padded on the left, and the audio of all of them in order."""
        width = max(len(prompt.ids) for prompt in prompts)
        gaps = [width - len(prompt.ids) for prompt in prompts]
        pad = self.loaded.template.pad_id
        pairs = list(zip(prompts, gaps, strict=True))
        made = {
            "input_ids": torch.tensor([[pad] * gap + prompt.ids for prompt, gap in pairs]),
            "attention_mask": torch.tensor([[0] * gap + [1] * len(prompt.ids) for prompt, gap in pairs]),
        }
        clips = [clip for prompt in prompts for clip in prompt.clips]
        return moved(made | (self.loaded.frontend(clips) if clips else {}), self.device)

    def _clip(self, part: np.ndarray | bytes | Path) -> np.ndarray:
        longest = self.loaded.frontend.longest
        if not isinstance(part, np.ndarray):
            return read_speech(part, longest)
        if not SHORTEST <= len(part) <= longest:
            raise UserError(
                f"a clip of {len(part) / SAMPLE_RATE:.2f} s; the speech encoder takes "
                f"{SHORTEST / SAMPLE_RATE:g} to {longest / SAMPLE_RATE:g} s"
            )
        return part.astype(np.float32)

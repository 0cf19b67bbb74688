"""Writes a dialogue in the base model's own chat template, token ids and loss mask together.

The template is run once for a sequence of roles, with marks in place of the words; what stands between the
marks is its glue. Glue and words are then tokenised apart. So it is certain which token came from whom, whatever
the template, and words such as `<|im_end|>` in a dialogue stay words: only glue may hold special tokens.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from medtrain.errors import UserError

AUDIO = "<|audio|>"
"""The placeholder: one stands for each audio token, and the projector's output takes its place."""

_MARK = re.compile("\ue0f0([0-9]+)\ue0f1")
_NAMES = {"patient": "user", "doctor": "assistant"}
_KEPT = 1024
"""Sequences of roles whose glue is remembered."""


@dataclass(frozen=True)
class Line:
    """One turn as the model is given it: words, or (`audio` > 0) that many audio tokens in their place.

    `more` are further parts of the same turn, each words or a number of audio tokens.
    """

    role: str
    text: str = ""
    audio: int = 0
    more: tuple[str | int, ...] = ()

    @classmethod
    def of(cls, role: str, parts: Sequence[str | int]) -> Line:
        """Return a turn of parts, each words or a number of audio tokens."""
        first, *more = parts
        if isinstance(first, str):
            return cls(role, first, more=tuple(more))
        return cls(role, audio=first, more=tuple(more))


@dataclass(frozen=True)
class Rendered:
    """Token ids, and for each whether it is supervised: the doctor's words and the end of the doctor's turn."""

    ids: list[int]
    supervised: list[bool]

    def labels(self) -> list[int]:
        """Return the ids with -100 where nothing is supervised. The model shifts them."""
        return [token if keep else -100 for token, keep in zip(self.ids, self.supervised, strict=True)]


class Template:
    """A tokenizer with its chat template. Raises UserError when the tokenizer does not serve.

    `audio_id` is the placeholder's id; `end_ids` are the tokens that end a reply; `special_ids` are all that
    words cannot hold. `around_audio` is the text before and after each clip, where `{}` is the clip's number in
    the dialogue, from 1; it may hold special tokens, as the template's own text may.
    """

    def __init__(self, tokenizer: Any, system: str | None = None) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise UserError(f"{tokenizer.name_or_path}: needs a fast tokenizer (tokenizer.json)")
        if not tokenizer.chat_template:
            raise UserError(f"{tokenizer.name_or_path} has no chat template; take an instruction-tuned model")
        if AUDIO not in tokenizer.get_vocab():
            tokenizer.add_special_tokens(
                {"additional_special_tokens": [AUDIO]}, replace_extra_special_tokens=False
            )
        self.tokenizer = tokenizer
        self.system = system
        self.audio_id: int = tokenizer.convert_tokens_to_ids(AUDIO)
        self.around_audio = ("", "")
        self._glue_coder = tokenizer.backend_tokenizer
        # A copy, because the switch is a state of the coder and threads share it.
        self._word_coder = copy.deepcopy(tokenizer.backend_tokenizer)
        self._word_coder.encode_special_tokens = True
        self.special_ids = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
        self._glue: dict[tuple[tuple[str, ...], bool], list[list[int]]] = {}
        self.end_ids = [self._glue_of(("patient", "doctor"), False)[-1][0]]
        self.pad_id: int = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.end_ids[0]

    def words(self, text: str) -> list[int]:
        """Return the ids of plain words; special tokens in them are not read as such."""
        return list(self._word_coder.encode(text, add_special_tokens=False).ids)

    def render(self, lines: Sequence[Line]) -> Rendered:
        """Return a whole dialogue, every doctor's turn supervised. Raises ValueError on roles it cannot take."""
        return self._join(lines, self._glue_of(tuple(line.role for line in lines), False))

    def prompt(self, lines: Sequence[Line]) -> list[int]:
        """Return the ids after which the doctor speaks. Raises ValueError on roles it cannot take.

        A first line of the role `system` stands in place of the template's own system message.
        """
        return self._join(lines, self._glue_of(tuple(line.role for line in lines), True)).ids

    def size(self, line: Line) -> int:
        """Return the tokens of a turn by itself, with what stands around its clips."""
        return len(self._turn(line, itertools.count(1)))

    def places(self, lines: Sequence[Line]) -> list[range]:
        """Return where the words of each turn of `render` lie."""
        glue = self._glue_of(tuple(line.role for line in lines), False)
        found, at = [], len(glue[0])
        clips = itertools.count(1)
        for line, after in zip(lines, glue[1:], strict=True):
            end = at + len(self._turn(line, clips))
            found.append(range(at, end))
            at = end + len(after)
        return found

    def _join(self, lines: Sequence[Line], glue: list[list[int]]) -> Rendered:
        ids = list(glue[0])
        mask = [False] * len(ids)
        clips = itertools.count(1)
        for line, after in zip(lines, glue[1:], strict=True):
            words = self._turn(line, clips)
            spoken_by_doctor = line.role == "doctor"
            ids += words + after
            mask += [spoken_by_doctor] * len(words)
            mask += [spoken_by_doctor and at == 0 for at in range(len(after))]
        return Rendered(ids, mask)

    def _turn(self, line: Line, clips: Iterator[int]) -> list[int]:
        ids = []
        for part in (line.audio or line.text, *line.more):
            if isinstance(part, str):
                ids += self.words(part)
            else:
                before, after = self.around_audio
                ids += self._own(before.format(next(clips))) + [self.audio_id] * part + self._own(after)
        return ids

    def _own(self, text: str) -> list[int]:
        """Return the ids of the template's own text, special tokens included."""
        return list(self._glue_coder.encode(text, add_special_tokens=False).ids) if text else []

    def _glue_of(self, roles: tuple[str, ...], reply: bool) -> list[list[int]]:
        """Return the ids before the first turn and after each turn."""
        glue = self._glue.get((roles, reply))
        if glue is None:
            glue = self._run_template(roles, reply)
            if len(self._glue) >= _KEPT:  # a server is asked for any sequence there is
                self._glue.clear()
            self._glue[roles, reply] = glue
        return glue

    def _run_template(self, roles: tuple[str, ...], reply: bool) -> list[list[int]]:
        told = reply and roles[:1] == ("system",)
        unknown = set(roles[told:]) - set(_NAMES)
        if unknown or not roles[told:]:
            raise ValueError(f"has roles {sorted(unknown)}" if unknown else "has no turns")
        names = _NAMES | {"system": "system"}
        messages = [{"role": names[role], "content": f"\ue0f0{i}\ue0f1"} for i, role in enumerate(roles)]
        if self.system is not None and not told:
            messages.insert(0, {"role": "system", "content": self.system})
        try:
            text = self.tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=reply, enable_thinking=False
            )
        except Exception as error:  # templates raise what they like
            raise ValueError(f"does not fit the chat template: {error}") from None
        pieces = _MARK.split(text)
        if pieces[1::2] != [str(i) for i in range(len(roles))]:
            raise UserError(f"{self.tokenizer.name_or_path}: its chat template drops or repeats turns")
        glue = [self._own(piece) for piece in pieces[::2]]
        for role, after in zip(roles, glue[1:], strict=True):
            if role == "doctor" and (not after or after[0] not in self.special_ids):
                raise UserError(f"{self.tokenizer.name_or_path}: its chat template does not end a reply")
        return glue

"""*rewrite*: from a screened question and answer to a consultation that can be spoken.

Engine `extractive` (the default) needs no model: every sentence is a whole span of the source or a listed
frame (`prompts/frames/<lang>.yaml`), with its origin stored; see `medsynth.stages.extractive`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from medsynth.errors import UserError
from medsynth.llm.settings import LLMOverride
from medsynth.records import Outcome, Provenance, RawQA, Reason, Rejected, dialogue_of, keep
from medsynth.stages.base import Context, Stage, StageSettings
from medsynth.stages.extractive import Draft, Limits, draft
from medsynth.text.frames import FrameSet, frames_hash, load_frames
from medsynth.text.lexicon import LEXICONS
from medsynth.text.sentences import length
from medsynth.text.speakable import MAX_CHARS, MAX_WORDS, check_dialogue

ENGINES = ("extractive", "llm")
PromptChoice: TypeAlias = Literal["auto", "single", "multi", "reference", "safety"]


class RewriteSettings(StageSettings):
    """Settings of *rewrite*. Lengths are in words for English and in characters for Chinese.

    From `llm` on they are the engine `llm`'s. `prompt` names the rewrite prompt; `auto` goes by kind and number
    of turns, `prompts` sets it by source. `target_lang` translates. `candidates` are asked for, the best is
    taken; what fails its checks goes back `repairs` times. `min_followups` is asked for as far as the source
    answers so many. `question_share` and `advice_share` are how much of the content of the patient's question
    and of the doctor's advice must be said, `copied_share` how much may be the source word for word.
    """

    engine: str = "extractive"
    max_words: int = Field(MAX_WORDS, ge=15, le=MAX_WORDS)
    max_chars: int = Field(MAX_CHARS, ge=25, le=MAX_CHARS)
    aim_words: int = Field(38, ge=10)
    aim_chars: int = Field(60, ge=15)
    opening_share: float = Field(0.4, gt=0, le=1)
    max_followups: int = Field(6, ge=0, le=12)
    max_advice_turns: int = Field(8, ge=1, le=8)
    max_exchanges: int = Field(28, ge=1, le=40)
    llm: LLMOverride = LLMOverride()
    prompt: PromptChoice = "auto"
    prompts: dict[str, PromptChoice] = Field(default_factory=dict)
    prompts_folder: str | None = None
    target_lang: Literal["en", "zh"] | None = None
    candidates: int = Field(1, ge=1, le=16)
    repairs: int = Field(2, ge=0, le=8)
    min_followups: int = Field(2, ge=0, le=12)
    question_share: float = Field(0.4, ge=0, le=1)
    advice_share: float = Field(0.3, ge=0, le=1)
    copied_share: float = Field(0.6, gt=0, le=1)

    def limits(self, lang: str) -> Limits:
        """Return the bounds for a language."""
        turn, aim = (self.max_chars, self.aim_chars) if lang == "zh" else (self.max_words, self.aim_words)
        return Limits(
            turn=turn,
            aim=min(aim, turn),
            opening_share=self.opening_share,
            followups=self.max_followups,
            advice_turns=self.max_advice_turns,
            exchanges=self.max_exchanges,
        )


class RewriteStage(Stage[RawQA]):
    """RawQA (screened, with its split) in, Dialogue out. Frames are the only input besides the record."""

    name: ClassVar[str] = "rewrite"
    version: ClassVar[int] = 5
    Settings = RewriteSettings

    @classmethod
    def implementation(cls, settings: Any) -> type[Stage]:
        """Return the stage that asks a model, where the settings name that engine."""
        if settings.engine != "llm":
            return cls
        from medsynth.stages.llm_rewrite import LLMRewriteStage

        return LLMRewriteStage

    def __init__(
        self, settings: Any, context: Context, frames: dict[str, FrameSet | None] | None = None
    ) -> None:
        """Raise ValueError when the engine is unknown. `frames` replaces the shipped ones, by language."""
        super().__init__(settings, context)
        if settings.engine not in ENGINES:
            raise UserError(
                f"rewrite: there is no engine {settings.engine!r}; available: {', '.join(ENGINES)}"
            )
        self.frames = {lang: load_frames(lang) for lang in LEXICONS} if frames is None else dict(frames)
        self._drafts: dict[str, tuple[RawQA, Draft]] = {}

    def fingerprint(self) -> str:
        """Cover the list of frames (which are chosen by id); their texts are in `key`."""
        lists = "\n".join(f"{lang}:{f.structure() if f else ''}" for lang, f in sorted(self.frames.items()))
        return hashlib.blake2b(f"{super().fingerprint()}|{lists}".encode(), digest_size=16).hexdigest()

    def side_inputs(self) -> str:
        """Return a hash of all frames."""
        texts = {lang: f.texts() if f else {} for lang, f in sorted(self.frames.items())}
        return hashlib.blake2b(repr(texts).encode(), digest_size=16).hexdigest()

    def key(self, record: RawQA) -> str:
        """Return a hash of just the frames that this record's dialogue uses."""
        return frames_hash(self._draft(record).frames())

    def process(self, batch: Sequence[RawQA]) -> list[Outcome]:
        """Return a dialogue or a rejection for each record."""
        outcomes = [self._outcome(record) for record in batch]
        self._drafts.clear()
        return outcomes

    def _draft(self, record: RawQA) -> Draft:
        cached = self._drafts.get(record.id)
        if cached is not None and cached[0] is record:
            return cached[1]
        lang = language(record.lang)
        frames = self.frames.get(lang)
        if frames is None:
            made = Draft(rejected=Rejected(Reason.WRONG_LANGUAGE, f"no frames for {record.lang}"))
        else:
            made = draft(record, lang, frames, self.context.seed, self.settings.limits(lang))
        self._drafts[record.id] = (record, made)
        return made

    def _outcome(self, record: RawQA) -> Outcome:
        made = self._draft(record)
        if made.rejected is not None:
            return made.rejected
        if record.split is None:
            raise UserError("rewrite needs records with a split; run the stage split before it")
        lang = language(record.lang)
        frames = self.frames[lang]
        provenance = Provenance(
            engine="extractive",
            prompt=f"frames/{lang}",
            prompt_version=frames.version if frames else "",
            prompt_hash=frames_hash(made.frames()),
            seed=self.context.seed,
        )
        longest = float(max(length(turn.text, lang) for turn in made.turns))
        checks = {**made.checks, "turns": float(len(made.turns)), "longest_turn": longest}
        dialogue = dialogue_of(record, made.turns, provenance, checks=checks)
        problems = check_dialogue(dialogue)
        return Rejected(Reason.UNSPEAKABLE, "; ".join(problems[:3])) if problems else keep(dialogue)


def language(tag: str) -> str:
    """Return the primary subtag of a BCP-47 tag: "zh" of "zh-CN"."""
    return tag.split("-")[0].lower()

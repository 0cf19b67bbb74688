"""What a training run is told: a YAML file, checked whole before anything is loaded.

A file states only what differs from the defaults here. `--set a.b=c` changes one value of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from medtrain.errors import UserError

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TinyParts(_Part):
    """Sizes of the preset that is built from scratch, with a tokenizer trained on the corpus."""

    vocabulary: int = Field(2048, ge=300, description="tokens of the byte-level BPE, special ones included")
    width: Positive = Field(128, description="hidden size of the language model (Qwen2)")
    layers: Positive = 2
    heads: Positive = 4
    encoder_width: Positive = Field(96, description="hidden size of the speech encoder (Whisper)")
    encoder_layers: Positive = 2
    encoder_heads: Positive = 4


class ModelParts(_Part):
    """Where the model comes from: built from scratch, joined from two parts, or one whole model."""

    encoder: str | None = Field(None, description="a Whisper checkpoint, by folder or hub name")
    llm: str | None = Field(None, description="a causal language model with a chat template, likewise")
    whole: str | None = Field(None, description="a SpeechLM folder, or a model of the Qwen2-Audio kind")
    tiny: TinyParts = TinyParts()
    stack: Positive = Field(5, description="encoder frames (20 ms each) joined into one audio token")
    projector: Positive = Field(256, description="hidden size of the projector")
    attention: Literal["sdpa", "eager", "flash_attention_2"] = Field(
        "sdpa", description="of the language model; the encoder always uses sdpa"
    )

    @model_validator(mode="after")
    def _one_origin(self) -> ModelParts:
        if (self.encoder is None) != (self.llm is None):
            raise ValueError("encoder and llm come together; leave out both for the tiny preset")
        if self.whole and self.llm:
            raise ValueError("give either whole, or encoder and llm")
        return self


class DataSettings(_Part):
    """How dialogues become batches. Lengths are in tokens, audio tokens included."""

    context: Positive = Field(2048, description="longest dialogue; a longer one is a bad row, never cut")
    system: str | None = Field(None, description="system message before every dialogue")
    batch_tokens: Positive = Field(4096, description="tokens of one micro-batch: what memory allows")
    pack: bool = Field(True, description="several dialogues a row, kept apart by their positions")
    window: Positive = Field(256, description="dialogues shuffled together, and held in memory")
    on_bad_row: Literal["error", "skip"] = Field("error", description="skip counts the rows it leaves out")
    workers: int = Field(1, ge=0, description="threads that decode audio ahead of the training step")

    @model_validator(mode="after")
    def _room(self) -> DataSettings:
        if self.batch_tokens < self.context:
            raise ValueError("batch_tokens must be at least context: a batch holds a dialogue")
        return self


class TrainingSet(_Part):
    """One source of dialogues within a stage."""

    path: str | None = Field(None, description="a corpus, or ShareGPT JSON; left out: the run's corpus")
    modality: Literal["text", "speech", "mixed"] = Field(
        "text", description="how spoken turns are given; mixed draws for every turn"
    )
    weight: float = Field(1.0, gt=0, description="share of the dialogues drawn, relative to the other sets")


class Optimizer(_Part):
    """AdamW with linear warm-up and cosine decay."""

    lr: float = Field(1e-3, gt=0)
    min_lr: Share = Field(0.1, description="what the rate falls to, as a share of lr")
    warmup: Share = Field(0.1, description="share of the steps")
    betas: tuple[Share, Share] = (0.9, 0.95)
    weight_decay: float = Field(0.01, ge=0, description="of matrices; vectors are not decayed")
    clip: float = Field(1.0, gt=0, description="largest gradient norm")


class Losses(_Part):
    """What is added to the cross-entropy of the doctor's words, by weight. 0 leaves a term out."""

    distill: float = Field(0.0, ge=0, description="KL from the transcript's pass to the speech pass")
    temperature: float = Field(1.0, gt=0, description="of the distillation")
    ctc: float = Field(0.0, ge=0, description="audio tokens against the language model's embeddings")


class Lora(_Part):
    """Low-rank adapters on the language model (Hu et al. 2021); merged into it when a stage is done."""

    rank: Positive = 16
    alpha: Positive = 32
    dropout: Share = 0.0
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Stage(_Part):
    """One of the two stages."""

    sets: Annotated[tuple[TrainingSet, ...], Field(min_length=1)]
    epochs: float = Field(1.0, gt=0, description="passes over the first set")
    max_steps: Positive | None = Field(None, description="ends the stage earlier")
    batches_per_step: Positive = Field(
        1, description="micro-batches of one optimizer step, over all processes and accumulation together"
    )
    freeze: tuple[str, ...] = Field((), description="parameter-name patterns (*, ?), e.g. encoder.*")
    lora: Lora | None = None
    optimizer: Optimizer = Optimizer()
    losses: Losses = Losses()
    eval_every: Positive = Field(50, description="steps between looks at the validation split")
    eval_dialogues: Positive = Field(64, description="dialogues of it that are looked at")
    save_every: Positive = Field(50, description="steps between checkpoints")
    keep: Positive = Field(2, description="checkpoints kept, besides the best")


def _text_stage() -> Stage:
    return Stage(sets=(TrainingSet(),), freeze=("encoder.*", "projector.*"))


def _speech_stage() -> Stage:
    return Stage(sets=(TrainingSet(modality="speech"), TrainingSet(modality="text")))


class TrainConfig(_Part):
    """A whole training run: the model, the data, and its two stages."""

    name: str = Field("train", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    seed: int = Field(20261122, ge=0, lt=2**32)
    model: ModelParts = ModelParts()
    data: DataSettings = DataSettings()
    text: Stage = Field(default_factory=_text_stage, description="stage 1: knowledge and capability")
    speech: Stage = Field(default_factory=_speech_stage, description="stage 2: modality re-alignment")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="bf16 autocasts over fp32 weights; auto takes it where there is a GPU for it"
    )
    parallel: Literal["ddp", "fsdp2"] = Field("ddp", description="over several processes")
    gradient_checkpointing: bool = False
    compile: bool = False

    @model_validator(mode="before")
    @classmethod
    def _stage_defaults(cls, data: Any) -> Any:
        """A stage that states only some settings keeps the usual sets, and stage text its frozen parts."""
        if not isinstance(data, dict):
            return data
        filled = dict(data)
        for name, usual in (("text", _text_stage()), ("speech", _speech_stage())):
            if isinstance(filled.get(name), dict):
                filled[name] = {"sets": usual.sets, "freeze": usual.freeze, **filled[name]}
        return filled


def load_config(path: Path, changes: Sequence[str] = ()) -> TrainConfig:
    """Read a train config and apply `a.b=c` changes, in order. Raises UserError naming file and field."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; give --config a train config") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise UserError(f"{path} holds no settings (name: value)")
    data = _own(data)
    for change in changes:
        _apply(data, change)
    return parse_config(data, str(path))


def parse_config(data: object, where: str) -> TrainConfig:
    """Check settings. Raises UserError with the first wrong field; `where` names their origin."""
    try:
        return TrainConfig.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "settings"
        raise UserError(f"{where}: {field}: {first['msg']}") from None


def differences(a: TrainConfig, b: TrainConfig) -> list[str]:
    """Return the dotted names of the settings in which two configs differ."""
    left, right = _flat(a.model_dump(mode="json")), _flat(b.model_dump(mode="json"))
    return sorted(key for key in left.keys() | right.keys() if left.get(key) != right.get(key))


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    if not isinstance(value, dict):
        return {prefix: value}
    return {k: v for key, item in value.items() for k, v in _flat(item, f"{prefix}.{key}".strip(".")).items()}


def _own(value: Any) -> Any:
    """Copy nested data so that no part is shared: YAML aliases are, and a change would reach all of them."""
    if isinstance(value, dict):
        return {key: _own(item) for key, item in value.items()}
    return [_own(item) for item in value] if isinstance(value, list) else value


def _apply(data: dict[str, Any], change: str) -> None:
    name, equals, text = change.partition("=")
    *parents, last = name.strip().split(".")
    if not equals or not last:
        raise UserError(f"--set {change}: write it as name=value, e.g. text.optimizer.lr=3e-4")
    at: Any = data
    try:
        for key in parents:
            at = at[int(key)] if isinstance(at, list) else at.setdefault(key, {})
        value = yaml.safe_load(text)
        if isinstance(value, str):
            # YAML 1.1 reads 3e-4 as a word.
            value = _number(value)
        if isinstance(at, list):
            at[int(last)] = value
        else:
            at[last] = value
    except (ValueError, IndexError, TypeError, AttributeError, yaml.YAMLError):
        raise UserError(f"--set {change}: there is no such place in the config") from None


def _number(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text

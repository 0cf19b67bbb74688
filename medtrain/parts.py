"""Loads real parts, strictly, and says what of a model learns: freezing by name, LoRA."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medtrain.config import Lora, ModelParts
from medtrain.errors import UserError
from medtrain.frontend import Frontend, PackedFrontend
from medtrain.model import SpeechLM, SpeechLMConfig
from medtrain.render import Template


@dataclass(frozen=True)
class Loaded:
    """A model with what belongs to it: its chat template, its feature extractor and its audio front end."""

    model: Any
    template: Template
    extractor: Any
    frontend: Frontend

    @property
    def packs(self) -> bool:
        """Whether several dialogues may share a row: only our own model keeps them apart by position."""
        return isinstance(self.frontend, PackedFrontend)

    def save(self, folder: Path) -> None:
        """Write everything that `load_model` reads."""
        self.model.save_pretrained(folder)
        self.template.tokenizer.save_pretrained(folder)
        self.extractor.save_pretrained(folder)


def load_model(path: str | Path, *, attention: str = "sdpa", system: str | None = None) -> Loaded:
    """Load a SpeechLM folder, or a whole model of the Qwen2-Audio kind by folder or hub name, in float32.

    Raises UserError when it is none, or when a weight is missing or left over.
    """
    from transformers import AutoConfig, AutoFeatureExtractor

    name = str(path)
    config = _found(AutoConfig.from_pretrained, name)
    template = Template(_tokenizer(name, config), system)
    extractor = _found(AutoFeatureExtractor.from_pretrained, name)
    if config.model_type == "qwen2_audio":
        from medtrain.qwen2_audio import AdaptedQwen2Audio, WindowedFrontend, take_placeholder

        model = _strict(AdaptedQwen2Audio, name, attn_implementation=attention)
        take_placeholder(template, model.config.audio_token_id)
        return Loaded(model, template, extractor, WindowedFrontend(extractor))
    if config.model_type != SpeechLMConfig.model_type:
        raise UserError(
            f"{name} is a {config.model_type} model; give a SpeechLM or a Qwen2-Audio model, "
            "or join parts with model.encoder and model.llm"
        )
    config.text_config._attn_implementation = attention
    model = _strict(SpeechLM, name, config=config)
    if config.audio_token_id != template.audio_id:
        raise UserError(f"{name}: tokenizer and model disagree about the audio placeholder")
    return joined(model, template, extractor)


def join_parts(parts: ModelParts, *, seed: int, system: str | None = None) -> Loaded:
    """Join a Whisper encoder and a causal language model, in float32; the projector starts from the seed."""
    from transformers import AutoModelForCausalLM, WhisperFeatureExtractor, WhisperModel

    assert parts.encoder and parts.llm
    template = Template(_tokenizer(parts.llm), system)
    whisper = _strict(WhisperModel, parts.encoder)
    llm = _strict(AutoModelForCausalLM, parts.llm, attn_implementation=parts.attention)
    for knob in ("final_logit_softcapping", "logits_scaling", "logit_scale"):
        if getattr(llm.config, knob, None) not in (None, 1, 1.0):
            raise UserError(f"{parts.llm}: models with {knob} are not supported (Qwen and Llama kinds are)")
    config = SpeechLMConfig(
        text_config=llm.config,
        encoder_config=whisper.config,
        stack=parts.stack,
        projector_size=parts.projector,
        audio_token_id=template.audio_id,
    )
    llm.config._attn_implementation = parts.attention
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        with torch.device("meta"):
            model = SpeechLM(config)
        model.projector = type(model.projector)(config)
    model.encoder.to_empty(device="cpu")
    model.encoder.load_state_dict(whisper.encoder.state_dict(), strict=True)
    model.encoder.embed_positions.requires_grad_(False)
    model.llm = llm
    model.generation_config = llm.generation_config
    extractor = _found(WhisperFeatureExtractor.from_pretrained, parts.encoder)
    return joined(model.train(), template, extractor)


def load_front(parts: ModelParts, system: str | None, tokenizer: Callable[[], Any]) -> Loaded:
    """Return everything of a model but its weights (`model` is None); `tokenizer` makes the tiny preset's."""
    from transformers import AutoConfig, AutoFeatureExtractor, WhisperFeatureExtractor

    if not (parts.whole or parts.llm):
        front = PackedFrontend(WhisperFeatureExtractor(feature_size=80), parts.stack, 1500)
        return Loaded(None, Template(tokenizer(), system), front.extractor, front)
    audio = str(parts.whole or parts.encoder)
    config = _found(AutoConfig.from_pretrained, audio)
    template = Template(_tokenizer(str(parts.whole or parts.llm), config), system)
    extractor = _found(AutoFeatureExtractor.from_pretrained, audio)
    if config.model_type == "qwen2_audio":
        from medtrain.qwen2_audio import WindowedFrontend, take_placeholder

        take_placeholder(template, config.audio_token_id)
        return Loaded(None, template, extractor, WindowedFrontend(extractor))
    encoder = getattr(config, "encoder_config", config)
    stack = getattr(config, "stack", parts.stack)
    return Loaded(None, template, extractor, PackedFrontend(extractor, stack, encoder.max_source_positions))


def joined(model: SpeechLM, template: Template, extractor: Any) -> Loaded:
    """Return a SpeechLM with its front end."""
    positions = model.config.encoder_config.max_source_positions
    return Loaded(model, template, extractor, PackedFrontend(extractor, model.config.stack, positions))


def freeze(model: nn.Module, patterns: Sequence[str]) -> None:
    """Keep the parameters that match a pattern (`encoder.*`) as they are.

    Raises UserError for a pattern that matches nothing, and when nothing is left to learn.
    """
    names = dict(model.named_parameters())
    for pattern in patterns:
        found = [name for name in names if fnmatchcase(name, pattern)]
        if not found:
            parts = sorted({name.split(".")[0] for name in names})
            raise UserError(f"freeze: {pattern} matches no parameter (they begin with {', '.join(parts)})")
        for name in found:
            names[name].requires_grad_(False)
    if not any(p.requires_grad for p in names.values()):
        raise UserError("freeze: nothing is left to learn")


def add_lora(model: Any, lora: Lora, seed: int) -> None:
    """Put adapters into the language model and freeze its own weights."""
    from peft import inject_adapter_in_model

    llm = model.llm
    for name in lora.targets:
        if not any(part.rpartition(".")[2] == name for part, _ in llm.named_modules()):
            raise UserError(f"lora.targets: the language model has no part named {name}")
    # By the parameters themselves: what they are called differs, and a head may lie outside of `llm`.
    own = [p for part in (llm, model.get_output_embeddings()) if part is not None for p in part.parameters()]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(lora_config(lora), llm)
    for parameter in own:
        parameter.requires_grad_(False)


def lora_config(lora: Lora, within: str = "") -> Any:
    """Return peft's own settings for adapters on a language model, which may be the part `within` another."""
    from peft import LoraConfig

    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        # An audio encoder has parts of the same names.
        target_modules=rf"{re.escape(within)}\..*\b({'|'.join(lora.targets)})"
        if within
        else list(lora.targets),
        task_type="CAUSAL_LM",
    )


def save_adapter(model: Any, lora: Lora, folder: Path) -> None:
    """Write the adapters alone, as `PeftModel.from_pretrained` takes them.

    It takes them for the language model of a SpeechLM; and for the whole model of the Qwen2-Audio kind, whose
    language model has no head to be one by itself.
    """
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    alone = model.llm.get_output_embeddings() is not None
    within = "" if alone else next(name for name, part in model.named_modules() if part is model.llm)
    weights = get_peft_model_state_dict(model.llm, adapter_name="default")
    start = ".".join(filter(None, ("base_model.model", within)))
    save_file(
        {f"{start}.{name}": weight.contiguous().cpu() for name, weight in weights.items()},
        folder / "adapter_model.safetensors",
    )
    lora_config(lora, within).save_pretrained(folder)


def merge_lora(model: Any) -> None:
    """Add the adapters into the weights they stand on, and take them out of the model."""
    from peft.tuners.lora import LoraLayer

    for name, layer in [(n, m) for n, m in model.llm.named_modules() if isinstance(m, LoraLayer)]:
        layer.merge()
        parent, _, child = name.rpartition(".")
        setattr(model.llm.get_submodule(parent), child, layer.get_base_layer())
    if hasattr(model.llm, "peft_config"):
        del model.llm.peft_config


def _tokenizer(name: str, config: Any = None) -> Any:
    from transformers import AutoTokenizer

    if getattr(config, "model_type", None) == "qwen2_audio":
        from medtrain.qwen2_audio import tokenizer_of

        return _found(tokenizer_of, name)
    return _found(AutoTokenizer.from_pretrained, name)


@contextmanager
def attention_told() -> Iterator[None]:
    """Turn the want of the package behind an attention into a line that names it."""
    try:
        yield
    except ImportError as error:
        if "flash" not in str(error).lower():
            raise
        raise UserError(
            "model.attention=flash_attention_2 needs a GPU and a package that is not installed; run: "
            "pip install flash-attn --no-build-isolation, or leave it: --set model.attention=sdpa"
        ) from None


def _found(load: Any, name: str, **options: Any) -> Any:
    try:
        with attention_told():
            return load(name, **options)
    except (OSError, ValueError, KeyError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(f"{name} cannot be loaded: {first}") from None


def _strict(kind: Any, name: str, **options: Any) -> Any:
    """Load a checkpoint in float32: every weight of the model is there, in the right shape, and none is left."""
    model, info = _found(kind.from_pretrained, name, output_loading_info=True, dtype=torch.float32, **options)
    faults = {what: info[what] for what in ("missing_keys", "mismatched_keys", "error_msgs")}
    faults["unexpected_keys"] = [key for key in info["unexpected_keys"] if not _spare(model, key)]
    for what, keys in faults.items():
        if keys:
            some = sorted(map(str, keys))
            raise UserError(f"{name}: {len(some)} weights do not fit ({what}: {some[0]})")
    return model


def _spare(model: Any, key: str) -> bool:
    """Whether a weight that a checkpoint has too many says nothing that is not known without it."""
    tied = getattr(model.config.get_text_config(), "tie_word_embeddings", False)
    return (
        (tied and key.endswith("lm_head.weight"))
        # Of Whisper, the encoder alone is taken.
        or key in ("proj_out.weight", "model.proj_out.weight")
        # Tables that older versions of transformers saved and newer ones compute.
        or key.endswith((".inv_freq", ".attn.bias", ".attn.masked_bias"))
    )

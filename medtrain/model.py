"""A speech language model: Whisper encoder, frame stacking, projector, and any causal language model.

    audio (T s) -> log-mel (100 T) -> encoder (50 T) -> stack x k -> projector (50 T / k) -> in place of <|audio|>

The audio is as long as it is: no 30 s window. The language model is whatever `AutoModelForCausalLM` gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    GenerationMixin,
    PreTrainedConfig,
    PreTrainedModel,
    WhisperConfig,
)
from transformers.modeling_outputs import CausalLMOutputWithPast
from transformers.models.whisper.modeling_whisper import WhisperEncoder


class SpeechLMConfig(PreTrainedConfig):
    """Configs of the two parts, and of what joins them. `audio_token_id` is the placeholder's id."""

    model_type = "speech_lm"
    sub_configs: ClassVar = {"text_config": AutoConfig, "encoder_config": WhisperConfig}

    def __init__(
        self,
        text_config: Any = None,
        encoder_config: Any = None,
        stack: int = 5,
        projector_size: int = 256,
        audio_token_id: int = 0,
        **kwargs: Any,
    ) -> None:
        if isinstance(text_config, dict):
            text_config = AutoConfig.for_model(**text_config)
        if isinstance(encoder_config, dict):
            encoder_config = WhisperConfig(**encoder_config)
        self.text_config = text_config if text_config is not None else AutoConfig.for_model("qwen2")
        self.encoder_config = encoder_config if encoder_config is not None else WhisperConfig()
        self.stack = stack
        self.projector_size = projector_size
        self.audio_token_id = audio_token_id
        kwargs.setdefault("tie_word_embeddings", self.text_config.tie_word_embeddings)
        super().__init__(**kwargs)


class UnpaddedWhisperEncoder(WhisperEncoder):
    """Whisper's encoder (the same weights) over clips laid end to end, each by itself.

    At 30 s and one clip a row it computes what the original does.
    """

    def forward(self, mel: torch.Tensor, segments: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """Return hidden states (rows, frames / 2, width) of mel (rows, bins, frames).

        `segments` (rows, frames) numbers the clips, 0 between them; clips start at even frames.
        """
        x = nn.functional.gelu(self.conv1(mel)) * (segments > 0).unsqueeze(1)
        x = nn.functional.gelu(self.conv2(x)).transpose(1, 2)
        segments = segments[:, ::2]
        x = x + self.embed_positions(_places(segments)).to(x.dtype)
        x = nn.functional.dropout(x, p=self.dropout, training=self.training)
        same = (segments.unsqueeze(2) == segments.unsqueeze(1)).unsqueeze(1)
        for layer in self.layers:
            x = layer(x, same)
        return self.layer_norm(x)


def _places(segments: torch.Tensor) -> torch.Tensor:
    """Return for every frame its place within its segment."""
    at = torch.arange(segments.shape[1], device=segments.device).expand_as(segments)
    starts = torch.ones_like(segments, dtype=torch.bool)
    starts[:, 1:] = segments[:, 1:] != segments[:, :-1]
    place = at - torch.where(starts, at, 0).cummax(dim=1).values
    # Gaps may be longer than the table; nothing attends to them.
    return torch.where(segments > 0, place, 0)


@dataclass
class SpeechLMOutput(CausalLMOutputWithPast):
    """As of any causal model, and `audio_logits` (audio tokens, vocabulary) where they were asked for."""

    audio_logits: torch.Tensor | None = None


class Projector(nn.Module):
    """From stacked encoder frames to the language model's embeddings."""

    def __init__(self, config: SpeechLMConfig) -> None:
        super().__init__()
        width = config.encoder_config.d_model * config.stack
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, config.projector_size)
        self.down = nn.Linear(config.projector_size, config.text_config.hidden_size)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return (tokens, hidden size) of (tokens, stack x encoder width)."""
        return self.down(nn.functional.gelu(self.up(self.norm(frames))))


class SpeechLM(PreTrainedModel, GenerationMixin):
    """The joined model, in the conventions of transformers."""

    config_class = SpeechLMConfig
    base_model_prefix = ""
    main_input_name = "input_ids"
    input_modalities = ["audio", "text"]  # noqa: RUF012
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _no_split_modules = ["WhisperEncoderLayer"]  # noqa: RUF012

    def __init__(self, config: SpeechLMConfig) -> None:
        super().__init__(config)
        # The encoder's mask is a boolean one, which sdpa alone takes.
        config.encoder_config._attn_implementation = "sdpa"
        self.encoder = UnpaddedWhisperEncoder(config.encoder_config)
        self.projector = Projector(config)
        self.llm = AutoModelForCausalLM.from_config(
            config.text_config, attn_implementation=config.text_config._attn_implementation or "sdpa"
        )
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the language model's embeddings."""
        return self.llm.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the language model's embeddings."""
        self.llm.set_input_embeddings(value)

    def get_output_embeddings(self) -> nn.Module:
        """Return the language model's head."""
        return self.llm.get_output_embeddings()

    def audio_embeddings(
        self, mel: torch.Tensor, segments: torch.Tensor, audio_index: torch.Tensor
    ) -> torch.Tensor:
        """Return one embedding for every audio token, (tokens, hidden size). See PackedFrontend for the inputs."""
        frames = self.encoder(mel, segments).flatten(0, 1)
        frames = torch.cat([frames, frames.new_zeros(1, frames.shape[1])])  # -1 takes the row of zeros
        return self.projector(frames[audio_index].flatten(1))

    def embed(self, input_ids: torch.Tensor, audio: torch.Tensor | None = None) -> torch.Tensor:
        """Return embeddings (rows, length, hidden size), with `audio` (tokens, hidden size) at the placeholders.

        Raises ValueError when there are not as many placeholders as audio tokens.
        """
        spoken = input_ids == self.config.audio_token_id
        # The placeholder may lie beyond the table: its own embedding is never used.
        embeds = self.get_input_embeddings()(input_ids.masked_fill(spoken, 0))
        if audio is None:
            return embeds
        if not torch.compiler.is_compiling() and int(spoken.sum()) != len(audio):
            raise ValueError(f"{int(spoken.sum())} placeholders for {len(audio)} audio tokens")
        return embeds.masked_scatter(spoken.unsqueeze(-1), audio.to(embeds.dtype))

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        use_cache: bool | None = None,
        mel: torch.Tensor | None = None,
        segments: torch.Tensor | None = None,
        audio_index: torch.Tensor | None = None,
        num_items_in_batch: int | torch.Tensor | None = None,
        audio_logits: bool = False,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """Run the model; audio goes in as PackedFrontend gives it.

        With `labels`, returns the mean cross-entropy (or the sum over `num_items_in_batch`), and `logits` of
        the supervised places only, (supervised tokens, vocabulary): with a vocabulary of 150,000 the rest would
        fill the memory. Packed rows need `attention_mask=None` and `use_cache=False`. With `audio_logits`,
        also how near each audio token is to the embedding of every word.
        """
        audio = None
        if inputs_embeds is None:
            assert input_ids is not None
            if mel is not None:
                assert segments is not None and audio_index is not None
                audio = self.audio_embeddings(mel, segments, audio_index)
            inputs_embeds = self.embed(input_ids, audio)
            if audio is None and self.training:
                inputs_embeds = inputs_embeds + self._no_audio()
        if labels is None:
            return self.llm(
                inputs_embeds=inputs_embeds,
                attention_mask=attention_mask,
                position_ids=position_ids,
                past_key_values=past_key_values,
                use_cache=use_cache,
                **kwargs,
            )
        hidden = self.llm.get_decoder()(
            inputs_embeds=inputs_embeds,
            attention_mask=attention_mask,
            position_ids=position_ids,
            use_cache=False,
        ).last_hidden_state
        wanted = labels[:, 1:] != -100
        logits = self.get_output_embeddings()(hidden[:, :-1][wanted])
        total = nn.functional.cross_entropy(logits.float(), labels[:, 1:][wanted], reduction="sum")
        count = num_items_in_batch if num_items_in_batch is not None else wanted.sum().clamp(min=1)
        heard = self._nearness(audio) if audio_logits and audio is not None else None
        return SpeechLMOutput(loss=total / count, logits=logits, audio_logits=heard)

    def _nearness(self, audio: torch.Tensor) -> torch.Tensor:
        table = self.get_input_embeddings().get_parameter("weight")
        return nn.functional.rms_norm(audio, audio.shape[-1:]) @ table.T

    def _no_audio(self) -> torch.Tensor | float:
        """Return a zero that depends on the audio parameters.

        A process whose batch is all text then still takes part in the reduction of their gradients.
        """
        if not any(p.requires_grad for p in (*self.encoder.parameters(), *self.projector.parameters())):
            return 0.0
        device = self.get_input_embeddings().get_parameter("weight").device
        mel = torch.zeros(1, self.config.encoder_config.num_mel_bins, 2, device=device)
        index = torch.zeros(1, self.config.stack, dtype=torch.long, device=device)
        return (
            0.0 * self.audio_embeddings(mel, torch.ones(1, 2, dtype=torch.long, device=device), index).sum()
        )

    @torch.no_grad()
    def generate(self, input_ids: torch.Tensor, **kwargs: Any) -> Any:  # type: ignore[override]
        """Generate as any transformers model does; audio goes in as PackedFrontend gives it.

        Returns ids (rows, length), those of the prompt included.
        """
        mel, segments = kwargs.pop("mel", None), kwargs.pop("segments", None)
        index = kwargs.pop("audio_index", None)
        audio = self.audio_embeddings(mel, segments, index) if mel is not None else None
        embeds = self.embed(input_ids, audio)
        # generate() looks at the first prompt ids alone where embeddings are given.
        return super().generate(input_ids, inputs_embeds=embeds, **kwargs)  # type: ignore[misc]


AutoConfig.register("speech_lm", SpeechLMConfig)
AutoModel.register(SpeechLMConfig, SpeechLM)
AutoModelForCausalLM.register(SpeechLMConfig, SpeechLM)

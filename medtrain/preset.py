"""The tiny preset: a tokenizer trained on the corpus, and a model of about a million parameters, from nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from transformers import Qwen2Config, TokenizersBackend, WhisperConfig, WhisperFeatureExtractor

from medtrain.config import ModelParts
from medtrain.model import SpeechLM, SpeechLMConfig
from medtrain.render import AUDIO

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", AUDIO)

TOO_SMALL = "a tiny model, too small to counsel anybody: it shows that the way from corpus to model works"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# How Qwen2 cuts text before merging: contractions, words with a leading blank, single digits, marks, blanks.
_CUT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """Return a byte-level BPE tokenizer with a chat template in the style of Qwen.

    It writes any text whatever it was trained on. The result depends on the texts and the size alone.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CUT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = TokenizersBackend(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=["<|im_start|>", AUDIO],
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def build_tiny(parts: ModelParts, tokenizer: Any, seed: int) -> tuple[SpeechLM, WhisperFeatureExtractor]:
    """Return a randomly initialised model that fits the tokenizer, and its feature extractor."""
    tiny = parts.tiny
    text = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=tiny.width,
        intermediate_size=2 * tiny.width,
        num_hidden_layers=tiny.layers,
        num_attention_heads=tiny.heads,
        num_key_value_heads=max(tiny.heads // 2, 1),
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        initializer_range=0.08,  # 0.02 is for wide models; at this width it learns slowly
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    encoder = WhisperConfig(
        num_mel_bins=80,
        d_model=tiny.encoder_width,
        encoder_layers=tiny.encoder_layers,
        encoder_attention_heads=tiny.encoder_heads,
        encoder_ffn_dim=2 * tiny.encoder_width,
        decoder_layers=0,
    )
    config = SpeechLMConfig(
        text_config=text,
        encoder_config=encoder,
        stack=parts.stack,
        projector_size=parts.projector,
        audio_token_id=tokenizer.convert_tokens_to_ids(AUDIO),
    )
    text._attn_implementation = parts.attention
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SpeechLM(config), WhisperFeatureExtractor(feature_size=80)

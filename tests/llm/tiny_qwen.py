"""A tiny Qwen2 of random weights with a tokenizer, saved as transformers saves real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from medsynth.resources import resource

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


BYTES = 320  # tokens that are bytes, or little more


def make_model(
    folder: Path, context: int = 2048, vocabulary: int = BYTES, width: int = 64, layers: int = 2
) -> Path:
    """Write model and tokenizer to `folder` and return it.

    Small vocabularies (about 1 MB in all) say text byte by byte; one of thousands is learnt from the prompts and
    samples, so that a prompt has about as many tokens as for a real model.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=SPECIAL
    )
    few = ["the patient has a cough and the doctor asks since when"]
    tokenizer.train_from_iterator(few if vocabulary <= BYTES else _texts(), trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=TEMPLATE
    )
    wrapped.save_pretrained(folder)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(wrapped),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 32,
        num_key_value_heads=2,
        max_position_embeddings=context,
        eos_token_id=wrapped.eos_token_id,
        pad_token_id=wrapped.pad_token_id,
        bos_token_id=None,
        tie_word_embeddings=False,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    return folder


def _texts() -> Iterator[str]:
    """Yield the shipped prompts, and the samples that are UTF-8."""
    for folder, pattern in ((resource("prompts"), "*.j2"), (resource("pipelines", "samples"), "*.json*")):
        for path in sorted(folder.rglob(pattern)):
            yield path.read_text(encoding="utf-8")

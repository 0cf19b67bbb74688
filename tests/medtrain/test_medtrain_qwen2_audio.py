"""A model of the Qwen2-Audio kind takes the same batches, trains, and is saved in its own format."""

from __future__ import annotations

import pytest
import torch
from conftest import TINY, sound
from transformers import Qwen2AudioConfig, Qwen2AudioForConditionalGeneration, WhisperFeatureExtractor

from medtrain.collate import Collator
from medtrain.config import parse_config
from medtrain.data import open_source
from medtrain.fit import fit
from medtrain.parts import load_model
from medtrain.talk import Talker


@pytest.fixture(scope="module")
def whole(base, tmp_path_factory):
    """A random one, saved by transformers, with a window of one second."""
    folder = tmp_path_factory.mktemp("qwen2audio")
    tokenizer = load_model(base).template.tokenizer
    audio = {"d_model": 16, "encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 16}
    text = {
        "model_type": "qwen2",
        "vocab_size": 410,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
    }
    config = Qwen2AudioConfig(
        audio_config={
            "model_type": "qwen2_audio_encoder",
            "num_mel_bins": 80,
            "max_source_positions": 50,
            **audio,
        },
        text_config=text,
        audio_token_index=405,
        tie_word_embeddings=False,
    )
    torch.manual_seed(0)
    Qwen2AudioForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80, chunk_length=1).save_pretrained(folder)
    return folder


def test_it_takes_our_batches_as_the_original_takes_its_own(whole, corpus):
    loaded = load_model(whole)
    loaded.model.eval()
    maker = Collator(loaded.template, loaded.frontend, context=400, pack=loaded.packs)
    items = [
        maker.item(d, m, 0) for d, m in zip(open_source(corpus).read(1, 2), ("speech", "text"), strict=True)
    ]
    batch = maker.batch(items)
    original = Qwen2AudioForConditionalGeneration.from_pretrained(whole).eval()
    with torch.no_grad():
        ours = loaded.model(**batch.inputs, num_items_in_batch=1)
        singles = 0.0
        for item in items:
            inputs = maker.batch([item]).inputs
            out = original(**inputs, attention_mask=torch.ones_like(inputs["input_ids"]))
            singles += out.loss.item() * sum(item.rendered.supervised)
    assert ours.loss.item() == pytest.approx(singles, rel=1e-5)


def test_it_trains_and_answers(whole, corpus, tmp_path):
    stage = {
        "sets": [{"modality": "speech"}, {"modality": "text"}],
        "freeze": ["model.audio_tower.*"],
        "max_steps": 3,
    }
    lora = {"rank": 2, "targets": ["q_proj"]}
    config = parse_config(
        {**TINY, "model": {"whole": str(whole)}, "speech": {**stage, "lora": lora}, "text": stage}, "test"
    )
    assert fit(corpus, config, tmp_path / "run", ["speech"])
    again = Qwen2AudioForConditionalGeneration.from_pretrained(tmp_path / "run/speech/model")
    assert again.config.audio_token_id == 405
    reply = Talker.load(tmp_path / "run/speech/model", "cpu").reply(
        [("patient", sound(1, 0.6))], 4, min_new_tokens=4
    )
    assert reply.tokens == 4

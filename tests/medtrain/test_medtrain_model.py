"""The model in the conventions of transformers; real parts loaded strictly; freezing and LoRA."""

from __future__ import annotations

import shutil

import pytest
import torch
from conftest import sound
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from medtrain.config import Lora, ModelParts
from medtrain.errors import UserError
from medtrain.parts import add_lora, freeze, join_parts, load_model, merge_lora, save_adapter
from medtrain.talk import Talker

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}
KINDS = {
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
    "llama": (LlamaConfig, LlamaForCausalLM),
}


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whisper")
    config = WhisperConfig(
        d_model=24,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        num_mel_bins=128,
        vocab_size=100,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    torch.manual_seed(0)
    WhisperForConditionalGeneration(config).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=128).save_pretrained(folder)
    return folder


def llm(folder, base, kind="qwen2", tied=True):
    config, model = KINDS[kind]
    extra = {"head_dim": 16} if kind == "qwen3" else {}
    torch.manual_seed(1)
    model(config(vocab_size=500, tie_word_embeddings=tied, **SIZES, **extra)).save_pretrained(folder)
    load_model(base).template.tokenizer.save_pretrained(folder)
    return folder


def test_a_saved_model_is_the_same_again(loaded, tmp_path):
    loaded.save(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    for (name, a), (other, b) in zip(
        loaded.model.state_dict().items(), again.state_dict().items(), strict=True
    ):
        assert name == other
        assert torch.equal(a, b), name
    assert again.llm.lm_head.weight is again.llm.model.embed_tokens.weight


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tied", [True, False])
def test_real_parts_keep_every_weight(whisper, base, tmp_path, kind, tied):
    source = llm(tmp_path, base, kind, tied)
    made = join_parts(ModelParts(encoder=str(whisper), llm=str(source), stack=4), seed=0)
    of_whisper = WhisperForConditionalGeneration.from_pretrained(whisper).eval()
    of_llm = AutoModelForCausalLM.from_pretrained(source).eval()
    made.model.eval()
    mel = torch.randn(1, 128, 3000)
    with torch.no_grad():
        ours = made.model.encoder(mel, torch.ones(1, 3000, dtype=torch.long))
        assert torch.equal(ours, of_whisper.model.encoder(mel).last_hidden_state)
        ids = torch.randint(10, 400, (1, 12))
        assert torch.allclose(made.model(ids).logits, of_llm(ids).logits, atol=1e-6)
    made.save(tmp_path / "joined")
    again = load_model(tmp_path / "joined")
    assert all(
        torch.equal(a, b)
        for a, b in zip(made.model.state_dict().values(), again.model.state_dict().values(), strict=True)
    )


def test_a_checkpoint_with_a_missing_weight_is_refused(whisper, base, tmp_path):
    from safetensors.torch import load_file, save_file

    source = llm(tmp_path, base)
    weights = load_file(source / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, source / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"layers\.1\.mlp\.up_proj"):
        join_parts(ModelParts(encoder=str(whisper), llm=str(source)), seed=0)


@pytest.mark.parametrize("part", ["llm", "encoder", "whole"])
def test_a_checkpoint_with_a_weight_too_many_is_refused(whisper, base, tmp_path, part):
    """A part that is left over would be lost without a word."""
    from safetensors.torch import load_file, save_file

    source = {
        "llm": llm(tmp_path / "llm", base),
        "encoder": tmp_path / "encoder",
        "whole": tmp_path / "whole",
    }
    shutil.copytree(whisper, source["encoder"])
    shutil.copytree(base, source["whole"])
    weights = load_file(source[part] / "model.safetensors")
    weights["model.layers.7.nose.weight"] = torch.ones(3)
    save_file(weights, source[part] / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"unexpected_keys: model\.layers\.7\.nose"):
        if part == "whole":
            load_model(source["whole"])
        else:
            join_parts(ModelParts(encoder=str(source["encoder"]), llm=str(source["llm"])), seed=0)


def test_a_weight_too_many_that_says_nothing_is_let_pass(whisper, base, tmp_path):
    """A head that is the embeddings again, and tables that are computed."""
    from safetensors.torch import load_file, save_file

    source = llm(tmp_path / "llm", base)
    weights = load_file(source / "model.safetensors")
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    weights["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(8)
    save_file(weights, source / "model.safetensors", metadata={"format": "pt"})
    hearing = tmp_path / "encoder"
    shutil.copytree(whisper, hearing)
    weights = load_file(hearing / "model.safetensors")
    weights["proj_out.weight"] = torch.ones(100, 24)
    save_file(weights, hearing / "model.safetensors", metadata={"format": "pt"})
    assert join_parts(ModelParts(encoder=str(hearing), llm=str(source)), seed=0)


def test_parts_that_are_not_there_are_named(whisper, tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        join_parts(ModelParts(encoder=str(whisper), llm=str(tmp_path / "nowhere")), seed=0)


@pytest.mark.parametrize("parts", ["tiny", "real"])
def test_a_batch_of_replies_is_each_reply_alone(loaded, whisper, base, tmp_path, parts):
    """Prompts of different lengths, typed and spoken, padded on the left."""
    if parts == "real":
        loaded = join_parts(ModelParts(encoder=str(whisper), llm=str(llm(tmp_path, base))), seed=0)
    talker = Talker(loaded, "cpu")
    many = [
        [("patient", sound(1, 0.5))],
        [("patient", "It hurts."), ("doctor", "Where?"), ("patient", sound(2, 0.9))],
        [("patient", "I have had a dull pain since Monday.")],
    ]
    options = {"max_new_tokens": 8, "min_new_tokens": 8}
    together = talker.reply_all(many, **options)
    alone = [talker.reply(turns, **options) for turns in many]
    assert together == [reply.text for reply in alone]
    assert all(
        reply.tokens == 8 and not reply.ended and 0 < reply.first_s <= reply.total_s for reply in alone
    )
    pieces: list[str] = []
    assert talker.reply(many[1], hear=pieces.append, **options).text == "".join(pieces) == alone[1].text


def test_what_a_talker_cannot_take_is_told(loaded, tmp_path):
    talker = Talker(loaded, "cpu")
    for said, words in (
        (tmp_path / "no.wav", "missing"),
        (b"x", "not decodable"),
        (sound(1, 31), "takes 0.1 to 30"),
    ):
        with pytest.raises(UserError, match=words):
            talker.reply([("patient", said)])
    with pytest.raises(UserError, match="nurse"):
        talker.reply([("nurse", "x")])


def test_a_pattern_that_matches_nothing_is_an_error(loaded):
    freeze(loaded.model, ["encoder.*", "*.bias"])
    learning = {name for name, p in loaded.model.named_parameters() if p.requires_grad}
    assert learning
    assert not any(name.startswith("encoder.") or name.endswith(".bias") for name in learning)
    with pytest.raises(UserError, match="audio_tower"):
        freeze(loaded.model, ["audio_tower.*"])
    with pytest.raises(UserError, match="nothing is left"):
        freeze(loaded.model, ["*"])


def test_lora_is_saved_reloaded_and_merged(loaded, tmp_path):
    from peft import PeftModel

    lora = Lora(rank=2, alpha=4, targets=("q_proj", "v_proj", "down_proj"))
    ids = torch.randint(10, 300, (2, 9))
    start = {name: weight.clone() for name, weight in loaded.model.llm.state_dict().items()}
    before = loaded.model(ids).logits
    add_lora(loaded.model, lora, seed=0)
    freeze(loaded.model, ["encoder.*"])
    learning = [name for name, p in loaded.model.named_parameters() if p.requires_grad]
    assert all(name.startswith("projector.") or "lora_" in name for name in learning)
    assert torch.equal(loaded.model(ids).logits, before)
    with torch.no_grad():
        for name, p in loaded.model.named_parameters():
            if "lora_B" in name:
                p.normal_()
    trained = loaded.model(ids).logits
    assert not torch.allclose(trained, before, atol=1e-2)
    save_adapter(loaded.model, lora, tmp_path / "adapter")
    merge_lora(loaded.model)
    assert torch.allclose(loaded.model(ids).logits, trained, atol=1e-5)
    loaded.save(tmp_path / "merged")
    assert torch.allclose(load_model(tmp_path / "merged").model.eval()(ids).logits, trained, atol=1e-5)
    other = Qwen2ForCausalLM(loaded.model.config.text_config).eval()
    other.load_state_dict(start)
    peft = PeftModel.from_pretrained(other, tmp_path / "adapter").eval()
    assert torch.allclose(peft(ids).logits, trained, atol=1e-5)
    with pytest.raises(UserError, match="no part named nose"):
        add_lora(loaded.model, Lora(targets=("nose",)), seed=0)


def test_a_text_batch_still_reaches_the_audio_parameters(loaded):
    """So that no process is missing when gradients are exchanged."""
    ids = torch.randint(10, 300, (1, 9))
    loaded.model.train()
    loaded.model(ids, labels=ids).loss.backward()
    audio = list(loaded.model.projector.parameters())
    assert all(p.grad is not None and not p.grad.any() for p in audio)


def test_placeholders_and_audio_must_agree(loaded):
    front = loaded.frontend([sound(1, 0.5)])
    ids = torch.full((1, 3), loaded.template.audio_id)
    with pytest.raises(ValueError, match="3 placeholders for 5"):
        loaded.model(ids, **front)

"""A model of the Qwen2-Audio kind takes the same batches, trains, and is saved in its own format."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from conftest import TINY, sound
from safetensors.torch import load_file
from transformers import (
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    WhisperFeatureExtractor,
)

from medtrain.checkpoint import checkpoints
from medtrain.collate import Collator
from medtrain.config import Lora, ModelParts, parse_config
from medtrain.data import open_source
from medtrain.errors import UserError
from medtrain.fit import fit
from medtrain.parts import add_lora, freeze, load_front, load_model
from medtrain.render import Line
from medtrain.talk import Talker


@pytest.fixture(scope="module")
def whole(base, tmp_path_factory):
    """A random one, saved by transformers with its processor, with a window of one second."""
    folder = tmp_path_factory.mktemp("qwen2audio")
    tokenizer = load_model(base).template.tokenizer
    tokenizer.chat_template = None  # the processor has it
    tokenizer.add_special_tokens(
        {"additional_special_tokens": ["<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"]},
        replace_extra_special_tokens=False,
    )
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
        audio_token_index=tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
        tie_word_embeddings=False,
    )
    torch.manual_seed(0)
    Qwen2AudioForConditionalGeneration(config).save_pretrained(folder)
    extractor = WhisperFeatureExtractor(feature_size=80, chunk_length=1)
    Qwen2AudioProcessor(extractor, tokenizer).save_pretrained(folder)
    return folder


def test_audio_is_written_as_the_processor_writes_it(whole):
    """Marks, number and length of every clip, also where the last frame is not full."""
    clips = [sound(1, 0.6), sound(2, 0.3)[:-7]]
    front = load_front(ModelParts(whole=str(whole)), None, lambda: None)
    lines = [
        Line("patient", audio=front.frontend.tokens(len(clips[0]))),
        Line("doctor", "Since when?"),
        Line.of("patient", [front.frontend.tokens(len(clips[1])), "三天了"]),
        Line("doctor", "Rest."),
    ]
    ours = front.template.render(lines)
    processor = Qwen2AudioProcessor.from_pretrained(whole)
    heard = {"type": "audio", "audio_url": "x"}
    messages = [
        {"role": "user", "content": [heard]},
        {"role": "assistant", "content": "Since when?"},
        {"role": "user", "content": [heard, {"type": "text", "text": "三天了"}]},
        {"role": "assistant", "content": "Rest."},
    ]
    text = processor.apply_chat_template(messages, tokenize=False)
    assert text.count("<|audio_bos|>") == 2
    theirs = processor(text=text, audio=clips, sampling_rate=16000, return_tensors="pt")
    assert ours.ids == theirs["input_ids"][0].tolist()
    words = processor.tokenizer.decode([label for label in ours.labels() if label != -100])
    assert words == "Since when?<|im_end|>Rest.<|im_end|>"
    features = front.frontend(clips)
    assert torch.equal(features["feature_attention_mask"], theirs["feature_attention_mask"])
    assert torch.equal(features["input_features"], theirs["input_features"])
    for line, place in zip(lines, front.template.places(lines), strict=True):
        inside = ours.ids[place.start : place.stop]
        assert inside.count(front.template.audio_id) == (line.audio or 0)


def test_adapters_alone_learn_of_the_language_model(whole):
    """Not its norms, its embeddings or its head, whatever they are called."""
    loaded = load_model(whole)
    add_lora(loaded.model, Lora(rank=2, targets=("q_proj", "down_proj")), 0)
    learning = {name for name, p in loaded.model.named_parameters() if p.requires_grad}
    of_language = {n for n in learning if not n.startswith(("model.audio_tower", "model.multi_modal"))}
    layer = "model.language_model.layers.0"
    assert of_language == {
        f"{layer}.{part}.lora_{ab}.default.weight"
        for part in ("self_attn.q_proj", "mlp.down_proj")
        for ab in "AB"
    }
    assert learning - of_language  # what hears learns on, unless it is frozen
    freeze(loaded.model, ["model.audio_tower.*", "model.multi_modal_projector.*"])
    assert {name for name, p in loaded.model.named_parameters() if p.requires_grad} == of_language


def test_ctc_is_refused(whole, corpus, tmp_path):
    changes = {"model": {"whole": str(whole)}, "speech": {"losses": {"ctc": 0.5}}}
    with pytest.raises(UserError, match=r"losses\.ctc: a model of the Qwen2-Audio kind"):
        fit(corpus, parse_config({**TINY, **changes}, "test"), tmp_path / "run", ["speech"])


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
    start = load_model(whole)
    assert again.config.audio_token_id == start.template.audio_id
    same_adapters_as(tmp_path / "run/speech", whole, again)
    reply = Talker.load(tmp_path / "run/speech/model", "cpu").reply(
        [("patient", sound(1, 0.6))], 4, min_new_tokens=4
    )
    assert reply.tokens == 4


def same_adapters_as(stage: Path, whole: Path, merged: Qwen2AudioForConditionalGeneration) -> None:
    """What was learnt is what was saved: by the checkpoint, the adapter as peft loads it, and the merged model."""
    from peft import PeftModel

    learnt = load_file(checkpoints(stage / "checkpoints")[-1] / "model.safetensors")
    saved = load_file(stage / "adapter/adapter_model.safetensors")
    names = {name for name in learnt if "lora_" in name}
    assert len(names) == 2
    for name in names:
        assert torch.equal(learnt[name], saved["base_model.model." + name.replace(".default", "")])
    original = Qwen2AudioForConditionalGeneration.from_pretrained(whole).eval()
    ids = torch.randint(10, 300, (2, 9))
    with torch.no_grad():
        untrained = original(ids).logits
        # What is not the language model's has learnt too, and is not the adapter's.
        heard = {n: p for n, p in merged.state_dict().items() if "language_model" not in n}
        original.load_state_dict(heard, strict=False)
        adapted = PeftModel.from_pretrained(original, stage / "adapter").eval()
        assert sum("lora_A" in name for name, _ in adapted.named_parameters()) == 1
        assert torch.allclose(adapted(ids).logits, merged.eval()(ids).logits, atol=1e-6)
        assert not torch.equal(adapted(ids).logits, untrained)

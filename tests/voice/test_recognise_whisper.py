"""The faster-whisper recogniser, by the real library: tiny random models that the tests make, and their clips.

What such a model hears is noise, the same each time; what is tested is all that is around it.
"""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from medsynth.cli import app
from medsynth.errors import UserError
from medsynth.voice.bank import load_bank
from medsynth.voice.engine import EngineFault, open_engine
from medsynth.voice.judges import Judges
from medsynth.voice.recognise import Listener, open_recogniser
from medsynth.voice.recognise_settings import RecogniseSettings
from medsynth.voice.takes import Take, judge
from tests.voice.test_recognise import TEXT

pytest.importorskip("faster_whisper", reason="the whisper extra is not installed")
pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

WIDTH, HEADS, FRAMES, MELS, LONGEST = 16, 2, 1500, 80, 448
WORDS = 1000


def random_whisper(folder: Path, *, multilingual: bool, seed: int = 4) -> Path:
    """Write a Whisper of one narrow layer each way, with random weights, as CTranslate2 keeps them."""
    from ctranslate2.specs import WhisperSpec
    from ctranslate2.specs.common_spec import LinearSpec
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    languages = ["en", "zh", "fr"]
    special = [
        "<|endoftext|>", "<|startoftranscript|>", *(f"<|{lang}|>" for lang in languages), "<|translate|>",
        "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
        *(f"<|{0.02 * n:.2f}|>" for n in range(1501)),
    ]  # fmt: skip
    plain = sorted(pre_tokenizers.ByteLevel.alphabet())
    plain += [f"Ġword{n}" for n in range(WORDS)]
    vocabulary = {token: n for n, token in enumerate(plain)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))

    chance = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return chance.normal(0, 0.3, shape).astype(np.float32)

    def fill(spec, *shape: int) -> None:
        spec.weight, spec.bias = some(*shape), some(shape[0])

    def norm(spec) -> None:
        spec.gamma, spec.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def attention(spec) -> None:
        norm(spec.layer_norm)
        first = 3 * WIDTH if len(spec.linear) == 2 else WIDTH
        shapes = [first, *([2 * WIDTH] if len(spec.linear) == 3 else []), WIDTH]
        for linear, size in zip(spec.linear, shapes, strict=True):
            fill(linear, size, WIDTH)

    def feed_forward(spec) -> None:
        norm(spec.layer_norm)
        fill(spec.linear_0, 4 * WIDTH, WIDTH)
        fill(spec.linear_1, WIDTH, 4 * WIDTH)

    spec = WhisperSpec(1, HEADS, 1, HEADS)
    fill(spec.encoder.conv1, WIDTH, MELS, 3)
    fill(spec.encoder.conv2, WIDTH, WIDTH, 3)
    spec.encoder.position_encodings.encodings = some(FRAMES, WIDTH)
    spec.decoder.position_encodings.encodings = some(LONGEST, WIDTH)
    for side in (spec.encoder, spec.decoder):
        norm(side.layer_norm)
        (layer,) = side.layer
        attention(layer.self_attention)
        feed_forward(layer.ffn)
    attention(spec.decoder.layer[0].attention)
    spec.decoder.embeddings.weight = some(len(plain) + len(special), WIDTH)
    assert isinstance(spec.decoder.projection, LinearSpec)
    spec.decoder.projection.weight = spec.decoder.embeddings.weight
    ids = [tokenizer.token_to_id(token) for token in special]
    first_language = special.index("<|en|>")
    spec.config.lang_ids = ids[first_language : first_language + len(languages)]
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [ids[0]]
    spec.config.alignment_heads = [(0, 0)]
    # By its empty token CTranslate2 tells a model of many languages.
    spec.register_vocabulary([*plain[:-1], "" if multilingual else plain[-1], *special])
    spec.validate()
    spec.save(str(folder))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("whisper")
    return {
        "several languages": random_whisper(folder / "several", multilingual=True),
        "English only": random_whisper(folder / "english", multilingual=False),
    }


def settings_of(model: Path, **options) -> RecogniseSettings:
    return RecogniseSettings(engine="faster-whisper", model=str(model), device="cpu", **options)


def heard(given: RecogniseSettings, *clips: tuple[bytes, str]) -> list:
    async def work():
        made = open_recogniser(given)
        try:
            return await asyncio.gather(
                *(made.transcribe(flac, lang) for flac, lang in clips), return_exceptions=True
            )
        finally:
            await made.close()

    return asyncio.run(work())


def flac_of(samples: np.ndarray) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, samples, 16_000, format="FLAC")
    return file.getvalue()


@pytest.fixture(scope="module")
def takes():
    engine = open_engine("espeak")
    made = []
    for lang, text in (("en", TEXT), ("zh", "我头疼三天了，吃了药也不管用。")):
        speaker = next(s for s in load_bank() if (s.lang, s.gender, s.age_group) == (lang, "male", "adult"))
        take = Take((text,), text, lang, speaker, 1)
        made.append((take, judge(take, [engine.synthesize(text, lang, speaker, 1)])))
    engine.close()
    return made


def test_clips_are_heard_the_same_each_time_and_in_their_language(models, takes):
    english, chinese = ((taken.flac, take.lang) for take, taken in takes)
    texts = heard(settings_of(models["several languages"]), *[english, chinese] * 4, (english[0], "zh-CN"))
    assert texts[:8] == texts[:2] * 4 and all(isinstance(text, str) and text for text in texts)
    assert len({texts[0], texts[1], texts[8]}) == 3  # another clip, another language
    assert all(text == text.strip() for text in texts)


def test_an_english_only_model_hears_no_other_language(models, takes):
    english, chinese = ((taken.flac, take.lang) for take, taken in takes)
    given = settings_of(models["English only"])
    texts = heard(given, english, chinese, (chinese[0], "zh-CN"), (english[0], "en-GB"))
    assert texts[0] and texts == [texts[0], None, None, texts[0]]
    before = [taken for _, taken in takes]
    after = listened(given, takes)
    assert after[1] == before[1] and after[0] != before[0]


def test_very_short_and_silent_clips_are_heard_and_broken_ones_are_faults(models, takes):
    quiet, click = flac_of(np.zeros(16_000)), flac_of(np.full(10, 0.5))
    whole = takes[0][1].flac
    given = settings_of(models["several languages"])
    *texts, broken, empty, again = heard(given, *((c, "en") for c in (quiet, click, b"fLaC", b"", whole)))
    assert all(isinstance(text, str) for text in (*texts, again))
    assert all(isinstance(e, EngineFault) and e.fault == "recogniser" for e in (broken, empty))
    assert "\n" not in str(broken)
    assert heard(given, (whole, "xx")) == [None]


def listened(given: RecogniseSettings, takes) -> list:
    async def work():
        judges = Judges(0)
        listener = Listener(given, judges)
        try:
            return [await listener.listen(take, taken) for take, taken in takes]
        finally:
            await listener.close()
            await judges.close()

    return asyncio.run(work())


def test_what_is_heard_is_measured(models, takes):
    found = listened(settings_of(models["several languages"]), takes)
    for taken in found:
        assert taken.checked.values["word_error"] > 0.5 and taken.checked.values["critical_missing"] > 0
        assert {p.split()[0] for p in taken.checked.problems} >= {"word_error", "critical_missing"}
    lenient = settings_of(models["several languages"], max_error=1e3, max_edge_error=1, max_critical=100)
    assert [taken.checked.problems for taken in listened(lenient, takes)] == [(), ()]


def test_a_model_that_is_not_there_or_broken_is_told_before_any_work(tmp_path, models):
    (tmp_path / "broken").mkdir()
    for file in models["English only"].iterdir():
        (tmp_path / "broken" / file.name).write_bytes(file.read_bytes()[:1000])
    for model in (tmp_path / "absent", tmp_path / "broken", "tiny"):
        with pytest.raises(UserError, match="cannot be loaded") as error:
            open_recogniser(settings_of(model))
        assert str(model) in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(UserError, match="cannot be loaded"):
        open_recogniser(settings_of(models["English only"], compute_type="float1"))


def test_a_run_rejects_what_is_not_heard_right(models, tmp_path):
    row = {
        "id": "r0",
        "question": "My heel hurts when I get up in the morning, and has done so for three weeks. What can I do?",
        "answer": "Rest your foot, cool it after long walks, and see a doctor if the swelling does not go down.",
    }
    source = tmp_path / "qa.jsonl"
    source.write_text(json.dumps(row) + "\n")

    def run(name: str, **options) -> str:
        chosen = {
            "voice.repairs": 0,
            "voice.check_workers": 0,
            "voice.recognise.engine": "faster-whisper",
            "voice.recognise.model": models["several languages"],
            "voice.recognise.device": "cpu",
        } | {f"voice.recognise.{key}": value for key, value in options.items()}
        command = ["voice", "--src", source, "--lang", "en", "--licence", "CC0-1.0", "--out", tmp_path / name]
        command += [part for key, value in chosen.items() for part in ("--set", f"{key}={value}")]
        return CliRunner().invoke(app, [str(part) for part in command]).output

    assert "1 rejected: audio_check" in run("strict")
    told = run("lenient", max_error=1000, max_edge_error=1, max_critical=100)
    assert "rejected" not in told and list((tmp_path / "lenient" / "corpus" / "data").iterdir()), told

"""Makes tiny random models for coqui-tts: a multi-speaker character VITS, and a shrunken XTTS that clones.

Run in the environment that has coqui-tts: `python -m tests.voice.coqui_models vits|vits-default|xtts FOLDER`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

SPEAKERS = ("p225", "p226", "p227", "p228", "p229", "p230")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def make_vits(folder: Path, *, small: bool = True) -> None:
    import torch
    from TTS.config.shared_configs import BaseAudioConfig
    from TTS.tts.configs.shared_configs import CharactersConfig
    from TTS.tts.configs.vits_config import VitsConfig
    from TTS.tts.models.vits import Vits, VitsArgs

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    speakers = folder / "speakers.json"
    speakers.write_text(json.dumps({name: n for n, name in enumerate(SPEAKERS)}))
    tiny = {
        "hidden_channels": 16,
        "hidden_channels_ffn_text_encoder": 32,
        "num_heads_text_encoder": 2,
        "num_layers_text_encoder": 2,
        "num_layers_posterior_encoder": 2,
        "num_layers_flow": 2,
        "upsample_initial_channel_decoder": 32,
        "speaker_embedding_channels": 8,
        "use_sdp": False,
    }
    args = VitsArgs(
        use_speaker_embedding=True,
        speakers_file=str(speakers),
        init_discriminator=False,
        **(tiny if small else {}),
    )
    config = VitsConfig(
        model_args=args,
        audio=BaseAudioConfig(sample_rate=22050),
        use_phonemes=False,
        text_cleaner="basic_cleaners",
        characters=CharactersConfig(
            characters_class="TTS.tts.models.vits.VitsCharacters",
            pad="_",
            characters=LETTERS,
            punctuations="!'(),-.:;? ",
        ),
    )
    model = Vits(config)
    config.save_json(str(folder / "config.json"))
    torch.save({"model": model.state_dict()}, folder / "model.pth")


def make_xtts(folder: Path) -> None:
    import torch
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts, XttsArgs, XttsAudioConfig

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'-"
    tokens = ["[STOP]", "[UNK]", "[SPACE]", "[START]", "[en]", "[zh-cn]", *letters]
    vocabulary = {token: n for n, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(
        json.dumps(
            {
                "version": "1.0",
                "truncation": None,
                "padding": None,
                "added_tokens": [
                    {"id": n, "special": True, "content": t, "single_word": False, "lstrip": False, "rstrip": False,
                     "normalized": False}
                    for t, n in vocabulary.items()
                    if t.startswith("[")
                ],
                "normalizer": None,
                "pre_tokenizer": {"type": "Whitespace"},
                "post_processor": None,
                "decoder": None,
                "model": {"type": "BPE", "dropout": None, "unk_token": "[UNK]", "continuing_subword_prefix": None,
                          "end_of_word_suffix": None, "fuse_unk": False, "vocab": vocabulary, "merges": []},
            }
        )
    )  # fmt: skip
    # Few audio tokens, one of which ends the utterance: a random model draws it soon.
    args = XttsArgs(
        gpt_layers=2, gpt_n_model_channels=64, gpt_n_heads=2, gpt_max_text_tokens=402, gpt_max_audio_tokens=305,
        gpt_max_prompt_tokens=70, gpt_number_text_tokens=len(tokens), gpt_num_audio_tokens=66,
        gpt_start_audio_token=64, gpt_stop_audio_token=65, gpt_use_perceiver_resampler=True, gpt_code_stride_len=1024,
        gpt_use_masking_gt_prompt_approach=True, decoder_input_dim=64, kv_cache=True,
        tokenizer_file=str(folder / "vocab.json"),
    )  # fmt: skip
    config = XttsConfig(model_args=args, audio=XttsAudioConfig(), languages=["en", "zh-cn"])
    config.save_json(str(folder / "config.json"))
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

    model = Xtts(config)
    model.tokenizer = VoiceBpeTokenizer(vocab_file=str(folder / "vocab.json"))
    model.init_models()
    torch.save({"model": model.state_dict()}, folder / "model.pth")


def noting_main(pipe: Any, settings: Any, device: str, threads: int | None) -> None:
    """Work as an engine process does, the library noting in the file NOTES from what it computes a voice, and where."""
    from medsynth.voice.coqui_compat import prepare

    prepare()
    from TTS.tts.models.xtts import Xtts

    from medsynth.voice.coqui_worker import main

    computed = Xtts.get_conditioning_latents

    def noted(self: Any, audio_path: list[str], **options: Any) -> Any:
        with Path(os.environ["NOTES"]).open("a", encoding="utf-8") as notes:
            notes.write(json.dumps([os.getpid(), *(Path(path).stem for path in audio_path)]) + "\n")
        return computed(self, audio_path, **options)

    Xtts.get_conditioning_latents = noted
    main(pipe, settings, device, threads)


if __name__ == "__main__":
    from medsynth.voice.coqui_compat import prepare

    prepare()
    kind, out = sys.argv[1], Path(sys.argv[2])
    make_xtts(out) if kind == "xtts" else make_vits(out, small=kind == "vits")

from __future__ import annotations

import json

import pytest
import soundfile

from medsynth.corpus.export import export_files
from medsynth.corpus.reader import corpus_info
from medsynth.errors import UserError


def test_export_unfolds_every_dialogue_and_clip(demo_run, tmp_path):
    corpus, out = demo_run / "corpus", tmp_path / "out"
    dialogues, clips = export_files(corpus, out)
    info = corpus_info(corpus)
    assert (dialogues, clips) == (info["dialogues"], info["clips"])
    seen = 0
    for manifest in out.glob("*.jsonl"):
        for line in manifest.read_text(encoding="utf-8").splitlines():
            for turn in json.loads(line)["turns"]:
                if turn["audio"]:
                    assert soundfile.info(out / turn["audio"]).duration == pytest.approx(
                        turn["duration_s"], abs=0.001
                    )
                    seen += 1
    assert seen == clips
    with pytest.raises(UserError, match="not empty"):
        export_files(corpus, out)

"""Unfolds a corpus into plain files: one FLAC per clip and a JSON Lines manifest per split."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from medsynth.corpus.reader import corpus_info, data_paths, dialogue_rows
from medsynth.errors import UserError


def export_files(corpus: Path, out: Path) -> tuple[int, int]:
    """Write `<out>/audio/<dialogue>/<turn>-<role>.flac` and `<out>/<split>.jsonl`; return (dialogues, clips).

    In the manifest `audio` is the path relative to `out`, or null. Raises UserError when `out` is in use.
    """
    corpus_info(corpus)
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty; give --out another folder")
    (out / "audio").mkdir(parents=True, exist_ok=True)
    dialogues = clips = 0
    for file in data_paths(corpus):
        with (out / f"{file.name.split('-')[0]}.jsonl").open("a", encoding="utf-8") as manifest:
            for row in dialogue_rows(file):
                for turn in row["turns"]:
                    clip = turn["audio"]
                    if clip is not None:
                        path = out / "audio" / clip["path"]
                        path.parent.mkdir(exist_ok=True)
                        path.write_bytes(clip["bytes"])
                        clips += 1
                    turn["audio"] = clip and f"audio/{clip['path']}"
                manifest.write(json.dumps(row, ensure_ascii=False) + "\n")
                dialogues += 1
    for name in ("README.md", "corpus.json"):
        shutil.copyfile(corpus / name, out / name)
    return dialogues, clips

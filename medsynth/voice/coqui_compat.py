"""Makes coqui-tts importable on machines without CUDA or FFmpeg libraries; does nothing where torchaudio works.

torchaudio's compiled part is linked against CUDA, and it decodes files through torchcodec, which wants FFmpeg.
coqui-tts needs neither to speak: the Python code of torchaudio works without its compiled part, and soundfile
reads the reference clips.
"""

from __future__ import annotations

import os
import sys
import types
from typing import Any


def prepare() -> tuple[str, ...]:
    """Repair what is broken, before coqui-tts is imported; return what had to be ("extension", "decoder")."""
    repaired = []
    try:
        import torchaudio
    except (OSError, ImportError, RuntimeError):
        for name in [m for m in sys.modules if m.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = _extension()
        import torchaudio

        torchaudio._extension = sys.modules["torchaudio._extension"]
        repaired.append("extension")
    try:
        from torchcodec.decoders import AudioDecoder  # noqa: F401
    except (OSError, ImportError, RuntimeError):
        torchaudio.load = _load
        repaired.append("decoder")
    return tuple(repaired)


def _extension() -> types.ModuleType:
    """Return what the rest of torchaudio asks its compiled part for, where there is none."""
    module = types.ModuleType("torchaudio._extension")

    def fail_if_no_align(function: Any) -> Any:
        def fail(*args: Any, **kwargs: Any) -> Any:
            raise RuntimeError(
                f"{function.__name__} needs torchaudio's compiled part, which does not load here"
            )

        return fail

    module.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=fail_if_no_align
    )
    return module


def _load(
    uri: str | os.PathLike[str], frame_offset: int = 0, num_frames: int = -1, **_: Any
) -> tuple[Any, int]:
    """Return a file's samples, float32, (channels, frames), and its rate in Hz, as `torchaudio.load` does."""
    import soundfile
    import torch

    samples, rate = soundfile.read(
        os.fspath(uri), start=frame_offset, frames=num_frames, dtype="float32", always_2d=True
    )
    return torch.from_numpy(samples.T.copy()), rate

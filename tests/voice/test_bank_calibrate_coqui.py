"""`medsynth bank calibrate` with the real coqui-tts and tiny random models, where it is installed."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from medsynth.cli_bank import bank as app
from medsynth.errors import UserError
from medsynth.records import Speaker
from medsynth.voice.bank import load_bank, save_bank

pytestmark = pytest.mark.skipif(find_spec("TTS") is None, reason="coqui-tts has an environment of its own")


def call(*arguments) -> tuple[int, str]:
    """Return exit code and output; a user's mistake is raised, as `medsynth` prints it."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def few(tmp_path) -> tuple:
    """Return the options for a few short sentences: random models drawl."""
    (tmp_path / "lines.txt").write_text(
        "My heel hurts.\nSince when?\nI do not know.\nIt is worse.\nRest it.\n"
    )
    return "--sentences", tmp_path / "lines.txt", "--lang", "en", "--device", "cpu"


def speaker(name: str, **handle: str) -> Speaker:
    return Speaker(
        id=name, engine="coqui", lang="en", age_group="adult", gender="female", accent="en-GB",
        split="train", handle=handle, licence="CC-BY-4.0", consent="cloning",
        f0_hz=200.0, f0_low_hz=100.0, f0_high_hz=400.0, pace=4.5,
    )  # fmt: skip


def test_voices_that_a_model_knows_by_name(tmp_path):
    from medsynth.voice.coqui_compat import prepare

    prepare()
    from tests.voice.coqui_models import make_vits

    make_vits(tmp_path / "vits")
    save_bank([speaker("one", speaker="p225"), speaker("two", speaker="p226")], tmp_path / "bank.csv")
    model = ("--model", tmp_path / "vits" / "model.pth", *few(tmp_path))
    with pytest.raises(UserError, match=r"nobody states the licence .*--accept-licence"):
        call("calibrate", tmp_path, *model)
    code, out = call("calibrate", tmp_path, *model, "--set", "voice.coqui.licence=CC0-1.0")
    assert code == 0 and "model.pth: weights under CC0-1.0" in out and "2 of 2 voices measured" in out
    # A random model babbles: what is measured is whatever it is, but it is measured or said why not.
    for row in out.splitlines():
        if row.startswith(("one\t", "two\t")):
            cells = row.split("\t")
            assert int(cells[1]) >= 5 or "left as it was" in cells[-1], row


@pytest.mark.slow
def test_voices_that_a_model_imitates(tmp_path):
    from medsynth.voice.coqui_compat import prepare

    prepare()
    from tests.voice.coqui_models import make_xtts

    make_xtts(tmp_path / "xtts")
    (tmp_path / "clips").mkdir()
    t = np.arange(4 * 22050) / 22050
    wave = sum(np.sin(2 * np.pi * k * 120 * t) / k for k in range(1, 9))
    soundfile.write(tmp_path / "clips" / "one.flac", 0.1 * wave * (1 + np.sin(6 * np.pi * t)), 22050)
    save_bank([speaker("one", reference="clips/one.flac", transcript="a")], tmp_path / "bank.csv")
    before = load_bank(tmp_path)
    model = ("--model", tmp_path / "xtts", *few(tmp_path))
    with pytest.raises(UserError, match=r"CPML.*--accept-licence"):
        call("calibrate", tmp_path, *model)
    assert load_bank(tmp_path) == before
    code, out = call("calibrate", tmp_path, *model, "--accept-licence")
    assert code == 0 and "weights under CPML, which forbids commercial use" in out
    assert "1 of 1 voices measured" in out and "cannot be loaded" not in out

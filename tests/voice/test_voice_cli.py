"""The voice options of `medsynth voice` and `run`: what they set, and every wrong use told in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

from medsynth import cli_voice
from medsynth.cli import app
from medsynth.config import PipelineConfig
from medsynth.errors import UserError
from medsynth.run.start import override

FAR = ("--engine", "openai", "--base-url", "http://127.0.0.1:9/v1")
GIVEN = dict.fromkeys(cli_voice.OPTIONS) | {"accept_licence": False, "retry_failed": False}


def call(*arguments) -> tuple[int, str]:
    """Return exit code and output; a user's mistake is raised, as `medsynth` prints it."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def qa(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    path = tmp_path / "qa.jsonl"
    row = {"id": "r0", "question": "My heel hurts when I get up. What can I do?", "answer": "Rest it."}
    path.write_text(json.dumps(row) + "\n")
    return path


def settings(base: PipelineConfig | None = None, **given) -> dict:
    return cli_voice.settings(GIVEN | given, lambda own: override(base or PipelineConfig(), own))


def chosen(base: PipelineConfig | None = None, **given):
    return override(base or PipelineConfig(), settings(base, **given)).voice


def test_engines_shares_and_fallbacks():
    mixed = chosen(engines="openai=3, espeak=1", fallbacks="espeak", accept_licence=True)
    assert mixed.shares == {"openai": 0.75, "espeak": 0.25} and mixed.used == ("openai", "espeak")
    assert mixed.openai.accept_licence and not mixed.coqui.accept_licence
    # A single engine takes the place of the shares that a pipeline names.
    base = override(PipelineConfig(), {"voice.engines": {"openai": 1, "espeak": 1}})
    assert chosen(base, engine="coqui", model="tts_models/en/vctk/vits").used == ("coqui",)
    assert settings() == {}


def test_a_choice_replaces_the_pipelines_choice():
    base = override(PipelineConfig(), {"voice.count": 50})
    assert override(base, settings(base, ids=Path("some.txt"))).voice.count is None
    assert override(base, {"voice.count": None}).voice.count is None
    assert chosen(base).count == 50


def test_a_model_is_a_name_or_local_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.pth").touch()
    (tmp_path / "c.json").touch()
    named = chosen(engine="coqui", model="tts_models/en/vctk/vits", device=["cpu", "cuda:1"]).coqui
    assert (named.model, named.model_path, named.devices) == (
        "tts_models/en/vctk/vits",
        None,
        ("cpu", "cuda:1"),
    )
    local = chosen(engine="coqui", model="mine/model.pth", config_path=Path("c.json")).coqui
    assert (local.model, local.model_path, local.config_path) == (
        "", str(tmp_path / "mine" / "model.pth"), str(tmp_path / "c.json"),
    )  # fmt: skip
    # The one does not linger beside the other, and is the same model as if a pipeline file named it.
    base = override(
        PipelineConfig(), {"voice.coqui.model_path": "/gone.pth", "voice.coqui.config_path": "/c.json"}
    )
    again = chosen(base, engine="coqui", model="tts_models/en/vctk/vits").coqui
    assert again.identity_json() == named.identity_json()
    assert chosen(engine="openai", model="mine").openai.model == "mine", "a server's model is never a file"


@pytest.mark.parametrize(
    "options, told",
    [
        (["--engine", "espeak", "--engines", "coqui=1"], "exclude each other"),
        (["--engine", "festival"], "no voice engine 'festival'; choose one of: espeak, openai, coqui"),
        (["--fallbacks", "espeak,festival"], "no voice engine 'festival'"),
        (["--engines", "coqui"], "coqui=0.7,espeak=0.3"),
        (["--engines", "coqui=much"], "coqui=0.7,espeak=0.3"),
        (["--engines", "coqui=0"], "share above 0"),
        (["--engines", "coqui=nan"], "share"),
        (["--model", "m"], "--model means nothing to espeak"),
        (["--device", "cpu"], "--device means nothing to espeak"),
        (["--engine", "coqui", "--base-url", "http://x/v1"], "--base-url means nothing to coqui"),
        ([*FAR, "--model", "m", "--config-path", "c.json"], "--config-path means nothing to openai"),
        (["--accept-licence"], "--accept-licence means nothing to espeak"),
        (["--engines", "coqui=1,openai=1", "--model", "m"], "openai or of coqui"),
        (["--engine", "coqui", "--model", "absent/model.pth"], "absent/model.pth: no such file or folder"),
        (["--engine", "coqui", "--model", "m", "--device", "gpu7"], r"voice.coqui.devices"),
        (["--engine", "openai", "--model", "m"], "no server is named"),
        ([*FAR], "no model is named"),
        ([*FAR, "--model", "kokoro"], "kokoro: nobody states the licence .*--accept-licence"),
        (
            [*FAR, "--model", "kokoro", "--set", "voice.openai.licence=CC-BY-NC-4.0"],
            "kokoro: weights under CC-BY-NC-4.0, which forbids commercial use",
        ),
        ([*FAR, "--model", "kokoro", "--accept-licence"], "no speaker for the engine openai"),
    ],
)
def test_wrong_uses_are_one_line_before_any_work(qa, options, told):
    with pytest.raises(UserError, match=told) as error:
        call("voice", "--src", qa, "--lang", "en", "--licence", "CC0-1.0", *options)
    assert "\n" not in str(error.value)
    assert not list(qa.parent.glob("runs/*/stages/*")), "nothing was done"


def test_a_run_that_could_not_begin_is_gone_on_with(qa):
    answer = "Rest it. Put ice on it for ten minutes. See a doctor if it lasts longer than two weeks."
    row = {"id": "r0", "question": "My heel hurts when I get up. What can I do?", "answer": answer}
    qa.write_text(json.dumps(row) + "\n")
    raw = ("--lang", "en", "--licence", "CC0-1.0", "--out", "run")
    with pytest.raises(UserError, match="no server is named"):
        call("voice", "--src", qa, *raw, "--engine", "openai")
    code, told = call("voice", "--src", "run", "--engine", "espeak", "--out", "other")
    assert code == 0 and "1 voiced" in told, told


def test_run_takes_the_consent_too(qa):
    with pytest.raises(UserError, match="--accept-licence means nothing to espeak"):
        call("run", "demo", "--src", qa, "--accept-licence")
    voice = ["--set", "voice.engine=openai", "--set", "voice.openai.model=m"]
    voice += ["--set", "voice.openai.base_url=http://127.0.0.1:9/v1"]
    with pytest.raises(UserError, match="nobody states"):
        call("run", "demo", "--src", qa, "--licence", "CC0-1.0", *voice)
    with pytest.raises(UserError, match="no speaker for the engine openai"):
        call("run", "demo", "--src", qa, "--licence", "CC0-1.0", *voice, "--accept-licence")


def test_serve_voice_asks_for_the_same_consent(qa):
    with pytest.raises(UserError, match="--model means nothing to espeak"):
        call("serve-voice", "--model", "m")
    with pytest.raises(UserError, match=r"no such file|not installed"):
        call("serve-voice", "--engine", "coqui", "--model", "absent.pth")

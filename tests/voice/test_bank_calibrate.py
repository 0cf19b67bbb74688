"""`medsynth bank calibrate`: engines that want a model and a server, and voices that speak now fast, now slowly."""

from __future__ import annotations

import csv
import math
import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

from medsynth.cli_bank import bank as app
from medsynth.errors import UserError
from medsynth.records import Speaker
from medsynth.voice.audio import SAMPLE_RATE, finish
from medsynth.voice.bank import BUILT_IN, COLUMNS, bank_hash, load_bank, save_bank
from medsynth.voice.bank_calibrate import MOST_PACE_SD, calibrate_speaker, pace_sd_of
from medsynth.voice.checks import check, duration_band, duration_sd
from medsynth.voice.engine import Clip, open_engine
from tests.voice.bank_corpora import TEXTS
from tests.voice.speech_server import speech_server

BANK = load_bank()


def call(*arguments) -> tuple[int, str]:
    """Return exit code and output; a user's mistake is raised, as `medsynth` prints it."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


# --- engines with models


@pytest.fixture(scope="module")
def server():
    with speech_server() as running:
        yield running


def of_server(speaker: Speaker, engine: str = "openai") -> Speaker:
    """Return a voice of the built-in bank as one of a speech server, wrongly described."""
    handle = {"voice": speaker.id} if engine == "openai" else {"speaker": speaker.id}
    wrong = {"f0_hz": 100.0, "f0_low_hz": 90.0, "f0_high_hz": 110.0, "pace": 9.0}
    return speaker.model_copy(
        update={"id": f"{engine}-{speaker.id}", "engine": engine, "handle": handle, **wrong}
    )


@pytest.fixture
def bank(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    save_bank([of_server(BANK[1]), of_server(BANK[-1])], tmp_path / "bank.csv")
    return tmp_path / "bank.csv"


@pytest.mark.parametrize(
    "consent, told",
    [
        ("--accept-licence", "tts-mine: nobody states the licence of these weights"),
        ("--set=voice.openai.licence=MIT", "tts-mine: weights under MIT"),
    ],
)
def test_voices_of_a_speech_server(server, bank, consent, told):
    server.plan()
    code, out = call("calibrate", bank, "--base-url", server.base_url, "--model", "tts-mine", consent)
    assert code == 0 and f"{bank}: 2 of 2 voices measured" in out
    # The terms come before anything is asked of the model.
    assert told in out and out.index(told) < out.index("id\tclips")
    asked = [entry["body"] for entry in server.log()]
    assert len(asked) == 20 and {body["model"] for body in asked} == {"tts-mine"}
    for found, true in zip(load_bank(bank), (BANK[1], BANK[-1]), strict=True):
        assert found.f0_hz == pytest.approx(true.f0_hz, rel=0.06)
        assert found.pace == pytest.approx(true.pace, rel=0.08)
        assert found.f0_low_hz < found.f0_hz < found.f0_high_hz


FAR = ("--base-url", "http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    "options, told",
    [
        ([], "no server is named; give --base-url"),
        ([*FAR], "no model is named; give --model"),
        ([*FAR, "--model", "m"], "m: nobody states the licence .*--accept-licence"),
        ([*FAR, "--model", "m", "--set", "voice.openai.licence=CPML"], "forbids commercial use.*--accept-licence"),
        ([*FAR, "--model", "m", "--device", "cpu"], "--device means nothing to openai"),
        ([*FAR, "--model", "m", "--config-path", "c.json"], "--config-path means nothing to openai"),
        (["--set", "voice.coqui.model=m"], "--set voice.coqui.model means nothing to openai"),
        (["--set", "seed=1"], "--set seed means nothing to openai"),
        (["--set", "voice.openai.nonsense=1"], "voice.openai.nonsense"),
        (["--set", "voice.openai.retries=[1"], "--set: "),
        (["--set", "voice.openai.retries"], "--set takes name=value"),
    ],
)  # fmt: skip
def test_wrong_uses_are_one_line_and_change_nothing(bank, options, told):
    before = bank.read_bytes()
    with pytest.raises(UserError, match=told) as error:
        call("calibrate", bank, *options)
    assert "\n" not in str(error.value) and bank.read_bytes() == before


def test_options_that_the_refusal_names_are_options_of_the_verb(tmp_path):
    """Local files of a model whose licence forbids commercial use, as XTTS v2 has it."""
    save_bank([of_server(BANK[1], "coqui")], tmp_path / "bank.csv")
    model = tmp_path / "xtts"
    model.mkdir()
    (model / "config.json").write_text('{"model": "xtts"}')
    with pytest.raises(UserError, match=r"CPML.*--accept-licence|not installed"):
        call("calibrate", tmp_path, "--model", model)
    with pytest.raises(UserError, match="--base-url means nothing to coqui"):
        call("calibrate", tmp_path, "--model", model, "--base-url", "http://x/v1", "--accept-licence")
    with pytest.raises(UserError, match="no such file"):
        call("calibrate", tmp_path, "--model", "absent.pth")
    with pytest.raises(UserError, match="gpu7"):
        call("calibrate", tmp_path, "--model", model, "--device", "gpu7")


def test_a_bank_of_two_engines_and_of_one_that_nobody_has(server, tmp_path):
    save_bank([BANK[0], of_server(BANK[1])], tmp_path / "bank.csv")
    options = ("--base-url", server.base_url, "--model", "m", "--accept-licence")
    code, out = call("calibrate", tmp_path, *options)
    assert code == 0 and "2 of 2 voices measured" in out
    # What the one engine needs is not asked of whoever calibrates the other's voices.
    save_bank([BANK[0], of_server(BANK[-1])], tmp_path / "bank.csv")
    assert call("calibrate", tmp_path, "--lang", "en")[0] == 0
    save_bank([BANK[0].model_copy(update={"engine": "festival"})], tmp_path / "bank.csv")
    with pytest.raises(UserError, match="no voice engine 'festival'"):
        call("calibrate", tmp_path)


# --- how much durations vary


class Erratic:
    """A voice that speaks every clip at another pace: log-normal, with this standard deviation."""

    name = "espeak"

    def __init__(self, engine, sd: float) -> None:
        self.engine, self.sd = engine, sd

    def synthesize(self, text: str, lang: str, speaker: Speaker, seed: int) -> Clip:
        factor = math.exp(random.Random(f"{speaker.id} {seed}").gauss(0, self.sd))
        handle = {**speaker.handle, "rate": round(speaker.handle["rate"] * factor)}
        return self.engine.synthesize(text, lang, speaker.model_copy(update={"handle": handle}), seed)


@pytest.fixture(scope="module")
def engine():
    opened = open_engine("espeak")
    yield opened
    opened.close()


VOICES = [s for s in BANK if s.age_group == "adult"][5::19]
TURNS = {
    lang: [" ".join(pair) if lang == "en" else "".join(pair) for pair in product(texts, texts) if pair[0] != pair[1]]
    for lang, texts in TEXTS.items()
}  # fmt: skip


def rejected(engine, speaker: Speaker, keep: float = 1.0) -> int:
    """Return how many of the clips of a voice are rejected, of each only its first part where it is cut."""
    found = 0
    for number, text in enumerate(TURNS[speaker.lang][::2]):
        clip = engine.synthesize(text, speaker.lang, speaker, 100 + number)
        clip = Clip(clip.samples[: round(keep * len(clip.samples))], clip.sample_rate)
        done = finish(clip, engine.name, speaker.id)
        found += bool(check(done.samples, SAMPLE_RATE, text, speaker.lang, speaker, [clip]).problems)
    return found


def test_an_erratic_voice_is_checked_by_its_own_spread(engine, tmp_path):
    erratic = Erratic(engine, 0.08)
    calibrated = [calibrate_speaker(erratic, s, tmp_path).speaker for s in VOICES]
    assert {s.lang for s in VOICES} == {"en", "zh"} and max(s.pace_sd for s in calibrated) > 0.08
    clips = sum(len(TURNS[s.lang][::2]) for s in VOICES)
    as_before = [s.model_copy(update={"pace_sd": 0.0}) for s in calibrated]
    assert sum(rejected(erratic, s) for s in as_before) > 0.02 * clips
    assert sum(rejected(erratic, s) for s in calibrated) <= 0.02 * clips
    assert sum(rejected(erratic, s, 0.6) for s in calibrated) >= 0.95 * clips


def test_a_steady_voice_is_hardly_checked_otherwise(engine, tmp_path):
    found = [calibrate_speaker(engine, s, tmp_path) for s in VOICES]
    assert not any(f.problems for f in found) and max(f.speaker.pace_sd for f in found) < 0.07
    assert not any(rejected(engine, f.speaker) for f in found[::4])


def test_a_voice_without_measure_is_named(engine, tmp_path):
    found = calibrate_speaker(Erratic(engine, 0.3), VOICES[0], tmp_path)
    assert found.speaker.pace_sd == MOST_PACE_SD
    assert any("erratic" in problem for problem in found.problems)


@given(st.floats(0, 0.5), st.integers(3, 30), st.floats(4, 60))
def test_the_spread_is_found_and_never_too_small(pace_sd, pairs, needed):
    """Ratios with exactly this spread over a steady voice's; what is allowed on top falls with their number."""
    sd = duration_sd(needed, pace_sd)

    def found(pairs):
        ratio = math.exp(sd * math.sqrt((2 * pairs - 1) / (2 * pairs)))
        return pace_sd_of(np.array([ratio, 1 / ratio] * pairs), [needed] * 2 * pairs)

    assert found(500) == pytest.approx(pace_sd, abs=0.1 * sd)
    assert pace_sd < found(pairs + 1) < found(pairs) and duration_sd(needed, found(pairs)) < 2 * sd
    assert pace_sd_of(np.array([1.01, 0.99] * pairs), [needed] * 2 * pairs) == 0
    low, high = duration_band(needed)
    wider = duration_band(needed, found(pairs))
    assert wider[0] < low < 1 < high < wider[1]


def test_banks_written_before_load_unchanged(tmp_path):
    assert "pace_sd" not in BUILT_IN.read_text(encoding="utf-8")
    assert not any("pace_sd" in s.model_dump() or "pace_sd" in s.model_dump_json() for s in BANK)
    own = BANK[0].model_copy(update={"pace_sd": 0.07})
    assert bank_hash([own]) != bank_hash(BANK[:1])
    save_bank([own, BANK[1]], tmp_path / "bank.csv")
    assert load_bank(tmp_path / "bank.csv") == (own, BANK[1])
    with (tmp_path / "bank.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [*COLUMNS, "pace_sd"] and [r["pace_sd"] for r in rows] == ["0.07", ""]
    (tmp_path / "bank.csv").write_text((tmp_path / "bank.csv").read_text().replace(",0.07", ",-0.07"))
    with pytest.raises(UserError, match=r"bank\.csv:2: column pace_sd"):
        load_bank(tmp_path / "bank.csv")

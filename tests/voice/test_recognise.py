"""Clips heard again: the comparison with the text, servers that transcribe, alignment, and what it leads to."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from functools import partial

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.errors import UserError
from medsynth.llm.base import EngineDown
from medsynth.llm.retries import Patience
from medsynth.records import (
    Dialogue,
    PatientProfile,
    Provenance,
    RawTurn,
    Reason,
    Rejected,
    Turn,
)
from medsynth.stages.base import Context
from medsynth.stages.voice import VoiceSettings, VoiceStage
from medsynth.stages.voice_stream import StreamedVoiceStage
from medsynth.voice.bank import load_bank
from medsynth.voice.engine import EngineFault, open_engine
from medsynth.voice.judges import Judges
from medsynth.voice.recognise import Listener, align, judged, open_recogniser
from medsynth.voice.recognise_openai import OpenAITranscriber
from medsynth.voice.recognise_settings import RecogniseSettings
from medsynth.voice.recognise_text import compare
from medsynth.voice.takes import Take, judge

QUICK = partial(Patience, base_s=0.01, cap_s=0.05, failures=3, start_s=0.3, lost_s=0.3)


@pytest.mark.parametrize(
    "text, heard, lang, error, missing",
    [
        ("I take ten milligrams of metformin.", "I take 10 mg of metformin", "en", 0.0, ()),
        ("I take ten milligrams of metformin.", "i take two milligrams of metformin", "en", 1 / 6, ("ten",)),
        ("I am not allergic to it.", "I am allergic to it.", "en", 1 / 6, ("not",)),
        ("I don't smoke.", "I do smoke", "en", 1 / 3, ("don't",)),
        ("Take the atorvastatin.", "take the atorvastatine", "en", 0.0, ()),
        ("It hurts.", "", "en", 1.0, ()),
        ("我没有发烧。", "我有发烧", "zh", 1 / 5, ("没",)),
        ("吃了三天药。", "吃了3天药", "zh", 0.0, ()),
        ("吃了三天药。", "吃了两天药。", "zh", 1 / 5, ("三",)),
        ("", "anything at all", "en", 3.0, ()),
    ],
)
def test_what_was_heard_against_the_text(text, heard, lang, error, missing):
    found = compare(text, heard, lang)
    assert found.error == pytest.approx(error)
    assert found.critical_missing == missing


def test_ends_are_looked_at_apart():
    found = compare("one two three four five six seven eight", "one two three four five", "en")
    assert (found.first_error, found.last_error) == (0.0, 1.0)
    found = compare("一二三四五六七八", "五六七八", "zh")
    assert (found.first_error, found.last_error) == (1.0, 0.0)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["en", "zh", "zh-CN"]))
def test_comparison_bears_anything(text, heard, lang):
    found = compare(text, heard, lang)
    assert found.error >= 0 and 0 <= found.first_error <= 1 and 0 <= found.last_error <= 1
    assert len(found.critical_missing) <= found.critical


def test_limits_make_problems():
    few = RecogniseSettings(engine="openai", model="m")
    text = "I take ten milligrams of metformin every morning with my breakfast at home."
    assert judged(text, text, "en", few).problems == ()
    wrong = judged(text, text.replace("ten", "two"), "en", few)
    assert wrong.problems == ("critical_missing 1.00 above 0.00",) and wrong.values["critical"] >= 2
    assert (
        judged(text, text.replace("ten", "two"), "en", few.model_copy(update={"max_critical": 1})).problems
        == ()
    )
    cut = judged(text, "I take ten milligrams of metformin every morning", "en", few)
    assert {p.split()[0] for p in cut.problems} == {"word_error", "last_error"}


class Scripted:
    """A server whose answers are listed; it writes down what it was sent."""

    def __init__(self, *answers):
        self.answers, self.asked, self.in_flight, self.most = list(answers), [], 0, 0

    async def hear(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        self.asked.append(
            {k: v for k, v in form.items() if k != "file"}
            | {
                "flac": file.file.read()[:4],
                "name": file.filename,
                "key": request.headers.get("Authorization"),
            }
        )
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await asyncio.sleep(0.01)
        self.in_flight -= 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, int):
            return web.json_response({"error": {"message": "scripted"}}, status=answer)
        if isinstance(answer, bytes):
            return web.Response(body=answer, content_type="text/plain")
        return web.json_response(answer)

    @asynccontextmanager
    async def running(self):
        app = web.Application()
        app.add_routes([web.post("/v1/audio/transcriptions", self.hear)])
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        finally:
            await runner.cleanup()


def transcribed(server: Scripted, times: int = 1, **options):
    async def work():
        async with server.running() as url:
            made = OpenAITranscriber(
                RecogniseSettings(engine="openai", model="m", base_url=url, **options), QUICK()
            )
            try:
                return await asyncio.gather(
                    *(made.transcribe(b"fLaC....", "zh-CN") for _ in range(times))
                ), made
            finally:
                await made.close()

    return asyncio.run(work())


def test_a_server_is_sent_the_clip_and_what_it_hears_comes_back(monkeypatch):
    monkeypatch.setenv("HEARING_KEY", "sesame")
    server = Scripted({"text": " 你好 "})
    (text,), made = transcribed(server, api_key_env="HEARING_KEY")
    assert text == " 你好 "
    assert server.asked == [
        {
            "model": "m", "language": "zh", "response_format": "json", "temperature": "0", "flac": b"fLaC",
            "name": "clip.flac", "key": "Bearer sesame",
        }
    ]  # fmt: skip
    assert "sesame" not in repr(made)


def test_faults_that_pass_are_asked_again():
    server = Scripted(503, 429, b"<html>", {"error": {"message": "busy"}}, {"text": "fine"})
    (text,), made = transcribed(server)
    assert text == "fine" and len(server.asked) == 5 and sum(made.retried.values()) == 4


def test_a_refused_clip_is_a_fault_and_a_wrong_address_ends_the_run():
    with pytest.raises(EngineFault, match="scripted"):
        transcribed(Scripted(400))
    with pytest.raises(EngineDown, match="no transcription API at"):
        transcribed(Scripted(404))
    settings_ = RecogniseSettings(engine="openai", model="m", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(EngineDown, match=r"voice\.recognise: no server answers at"):
        asyncio.run(OpenAITranscriber(settings_, QUICK()).transcribe(b"fLaC", "en"))


def test_no_more_requests_are_in_flight_than_allowed():
    server = Scripted({"text": "x"})
    texts, _ = transcribed(server, times=12, concurrency=3)
    assert texts == ["x"] * 12 and server.most <= 3


@pytest.mark.parametrize(
    "options, message",
    [
        ({"engine": "openai", "model": "m"}, "no server is named"),
        ({"engine": "openai", "base_url": "http://127.0.0.1:1/v1"}, "no model is named"),
        ({"engine": "faster-whisper", "model": "tiny"}, r"pip install 'medsynth\[whisper\]'"),
        ({"engine": "pocketsphinx"}, r"pip install 'medsynth\[recognise\]'"),
    ],
)
def test_what_is_missing_is_said_before_any_work(options, message, monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    if options["engine"] in ("faster-whisper", "pocketsphinx"):
        import importlib.util

        monkeypatch.setattr("medsynth.voice.recognise_settings.find_spec", lambda name: None)
        assert importlib.util.find_spec("sys") is not None
    with pytest.raises(UserError, match=message):
        open_recogniser(RecogniseSettings(**options))


def test_a_whisper_model_that_cannot_be_loaded_is_named(monkeypatch):
    class Broken:
        def __init__(self, model, device, compute_type, local_files_only):
            assert local_files_only
            raise RuntimeError(f"Unable to open file 'model.bin' in model '{model}'")

    module = type(sys)("faster_whisper")
    module.WhisperModel = Broken
    monkeypatch.setitem(sys.modules, "faster_whisper", module)
    from medsynth.voice.recognise_whisper import WhisperRecogniser

    with pytest.raises(UserError, match=r"model 'tiny' cannot be loaded .*model\.bin"):
        WhisperRecogniser(RecogniseSettings(engine="faster-whisper", model="tiny"))


TEXT = "I have had a headache for three days, and the tablets did not help at all."


@pytest.fixture(scope="module")
def takes():
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    engine = open_engine("espeak")
    voices = [s for s in load_bank() if s.lang == "en" and s.gender == "male" and s.age_group == "adult"][:6]
    made = []
    for speaker in voices:
        take = Take((TEXT,), TEXT, "en", speaker, 1)
        made.append((take, judge(take, [engine.synthesize(TEXT, "en", speaker, 1)])))
    engine.close()
    return made


def listened(takes, server: Scripted, **options):
    async def work():
        async with server.running() as url:
            judges = Judges(0)
            listener = Listener(
                RecogniseSettings(engine="openai", model="m", base_url=url, **options), judges
            )
            try:
                return [await listener.listen(take, taken) for take, taken in takes]
            finally:
                await listener.close()
                await judges.close()

    return asyncio.run(work())


def test_what_is_heard_joins_the_other_checks(takes):
    server = Scripted({"text": TEXT}, {"text": TEXT.replace("not ", "")}, {"text": TEXT})
    found = listened(takes[:3], server)
    assert [taken.checked.problems for taken in found] == [(), ("critical_missing 1.00 above 0.00",), ()]
    assert found[0].checked.values["word_error"] == 0.0 and found[0].checked.values["duration_ratio"] > 0
    assert {a["flac"] for a in server.asked} == {b"fLaC"}


def test_a_share_is_heard_and_no_clip_that_failed_before(takes):
    server = Scripted({"text": TEXT})
    failed = [(t, k._replace(checked=k.checked._replace(problems=("gap_s",)))) for t, k in takes]
    assert listened(failed, server) == [k for _, k in failed] and not server.asked
    some = listened(takes, server, share=0.5)
    assert 0 < len(server.asked) < len(takes)
    assert [("word_error" in k.checked.values) for k in some] == [
        ("word_error" in k.checked.values) for k in listened(takes, server, share=0.5)
    ]


def test_alignment_follows_the_right_text_and_not_another(takes):
    pytest.importorskip("pocketsphinx", reason="the recognise extra is not installed")
    settings_ = RecogniseSettings()
    right = [align(taken.flac, take, settings_) for take, taken in takes]
    assert sum(bool(c.problems) for c in right) <= 1, right
    other = "Please bring your insurance card and a warm jacket when you travel to the mountain railway."
    wrong = [
        align(taken.flac, Take((other,), other, "en", take.speaker, 1), settings_) for take, taken in takes
    ]
    assert sum(bool(c.problems) for c in wrong) >= len(takes) - 1, wrong
    take, taken = takes[0]
    assert align(taken.flac, Take((), "我头疼", "zh", take.speaker, 1), settings_).values == {}
    unknown = Take((), TEXT.replace("tablets", "zorblatinib"), "en", take.speaker, 1)
    assert "aligned" in align(taken.flac, unknown, settings_).values


def a_dialogue() -> Dialogue:
    return Dialogue(
        id="a", source="s", raw_ids=("a",), group="a", cluster="a", lang="en", kind="consultation", licence="x",
        split="train", source_turns=(RawTurn(role="patient", text=TEXT),),
        turns=(Turn(role="patient", text=TEXT), Turn(role="doctor", text="Rest.")),
        patient=PatientProfile(
            age_group="adult", gender="male", age_basis="sampled", gender_basis="sampled", accent_basis="sampled"
        ),
        provenance=Provenance(engine="extractive"),
    )  # fmt: skip


def voiced(server: Scripted, **options):
    async def work():
        async with server.running() as url:
            given_ = VoiceSettings(recognise={"engine": "openai", "model": "m", "base_url": url}, **options)
            kind = VoiceStage.implementation(given_)
            assert kind is StreamedVoiceStage
            made = kind(given_, Context(seed=3))
            try:
                return await made.judged(a_dialogue(), "voice")
            finally:
                await made.aclose()

    return asyncio.run(work())


def test_a_wrong_word_leads_to_another_attempt_and_is_recorded():
    outcome = voiced(Scripted({"text": TEXT.replace("three", "two")}, {"text": TEXT}), check_workers=0)
    (record,) = outcome.records
    assert record.turns[0].audio is not None
    assert record.notes["repairs"] == ("turn 0: attempt 2 (attempt 1: critical_missing 1.00 above 0.00)")
    assert record.checks["word_error_max"] == 0.0


def test_what_is_never_heard_right_is_rejected_with_its_measurements():
    outcome = voiced(Scripted({"text": "something else entirely"}), check_workers=0, repairs=1)
    assert isinstance(outcome, Rejected) and outcome.reason == Reason.AUDIO_CHECK
    assert outcome.detail.startswith("turn 0: attempt 1: word_error 1.")
    assert outcome.detail.count("attempt 2: word_error") == 2  # in each of two voices


def test_only_what_changes_verdicts_changes_results():
    def identity(**options):
        given_ = {"engine": "openai", "model": "m", "base_url": "http://127.0.0.1:1/v1", **options}
        return VoiceStage(VoiceSettings(recognise=given_), Context(seed=3)).fingerprint()

    assert identity() == identity(base_url="http://127.0.0.1:2/v1", concurrency=1, retries=0, timeout_s=1)
    assert len({identity(), identity(model="n"), identity(share=0.5), identity(max_error=0.1)}) == 4
    plain = VoiceStage(VoiceSettings(), Context(seed=3))
    assert plain.fingerprint() != identity() and VoiceStage.implementation(plain.settings) is VoiceStage

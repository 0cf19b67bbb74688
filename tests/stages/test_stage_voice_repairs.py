"""What is done when an engine refuses an utterance, or fails: the ladder of repairs, and every attempt on record."""

from __future__ import annotations

import re
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.records import Failed, Kept, Reason, Rejected
from medsynth.run.tasks import is_engine_fault
from medsynth.stages.base import Context
from medsynth.voice.bank import save_bank
from medsynth.voice.engine import EngineFault, VoiceError
from medsynth.voice.settings import SpeechServerSettings
from tests.stages.test_stage_voice import BANK, EN, ToneEngine, dialogue, run, stage

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

TEXTS = ("My heel hurts when I get up. It has been swollen since last week.", "Rest it.")
LIMIT = "coqui: the model spoke to its limit of 20 s: the text is cut"


class Refusing(ToneEngine):
    """An engine that raises what `refuses(text, speaker, seed)` returns, and says what it returns None for."""

    def __init__(self, refuses, broken=lambda text, speaker, nudged: False, name="espeak"):
        super().__init__(broken)
        self.refuses, self.name = refuses, name

    def synthesize(self, text, lang, speaker, seed):
        error = self.refuses(text, speaker, seed)
        if error is not None:
            self.said.append((text, speaker.id, seed))
            raise error
        return super().synthesize(text, lang, speaker, seed)


def first_speaker(record=None) -> str:
    (outcome,) = run(stage(), record or dialogue("a", texts=TEXTS))
    return outcome.records[0].speaker_id


def repairs_of(outcome) -> str:
    assert isinstance(outcome, Kept), outcome
    return outcome.records[0].notes["repairs"]


def once(text, lang="en"):
    """Return what refuses the first utterance of a text."""
    seen = []

    def refuses(said, speaker, seed):
        if said == text and not seen:
            seen.append(seed)
            return VoiceError(LIMIT)
        return None

    return refuses


def test_a_refused_utterance_is_said_again_with_another_seed():
    engine = Refusing(once(TEXTS[0]))
    (outcome,) = run(stage(engine), dialogue("a", texts=TEXTS))
    assert repairs_of(outcome) == f"turn 0: attempt 2 (attempt 1: {LIMIT})"
    assert outcome.records[0].turns[0].audio is not None
    assert len(engine.said) == 2 and len({seed for _, _, seed in engine.said}) == 2


def test_a_text_that_is_refused_whole_is_said_sentence_by_sentence():
    engine = Refusing(lambda text, s, seed: VoiceError(LIMIT) if text == TEXTS[0] else None)
    (outcome,) = run(stage(engine), dialogue("a", texts=TEXTS))
    assert repairs_of(outcome) == "turn 0: sentence by sentence (" + "; ".join(
        f"attempt {n}: {LIMIT}" for n in (1, 2, 3)
    ) + ")"  # fmt: skip
    assert outcome.records[0].speaker_id == first_speaker()


def test_a_voice_that_is_refused_gives_way_to_the_next_one():
    first = first_speaker()
    engine = Refusing(lambda text, s, seed: VoiceError("no clip to imitate") if s.id == first else None)
    (outcome,) = run(stage(engine), dialogue("a", texts=TEXTS))
    repairs = repairs_of(outcome)
    assert repairs.startswith(f"next voice instead of {first} (turn 0: attempt 1: no clip to imitate; ")
    assert repairs.count("no clip to imitate") == 4 and outcome.records[0].speaker_id != first


def test_what_is_refused_to_the_end_is_failed_with_all_attempts_and_can_be_tried_again():
    engine = Refusing(lambda text, s, seed: VoiceError(LIMIT))
    (outcome,) = run(stage(engine), dialogue("a", texts=TEXTS))
    assert isinstance(outcome, Failed) and outcome.error == "engine_refused" and is_engine_fault(outcome)
    # Two voices, each: three attempts, then the sentences, of which the first is refused.
    assert len(engine.said) == 2 * (3 + 1) == outcome.detail.count(LIMIT)
    assert outcome.detail.count("attempt") == 2 * 3 and outcome.detail.count("sentence by sentence") == 2
    assert len({speaker for _, speaker, _ in engine.said}) == 2
    engine = Refusing(lambda text, s, seed: VoiceError(LIMIT))
    (outcome,) = run(stage(engine, repairs=0), dialogue("a", texts=TEXTS))
    assert outcome == Failed(
        "engine_refused", f"turn 0: attempt 1: {LIMIT} by {first_speaker()}"
    ) and len(engine.said) == 1  # fmt: skip


def test_refused_once_and_bad_otherwise_it_is_not_judged_and_says_both():
    engine = Refusing(once(TEXTS[0]), broken=lambda text, s, nudged: True)
    (outcome,) = run(stage(engine), dialogue("a", texts=TEXTS))
    assert isinstance(outcome, Failed) and outcome.error == "engine_refused"
    assert outcome.detail.count(LIMIT) == 1 and outcome.detail.count(": duration_ratio 0.4") == 7


@pytest.mark.parametrize(("fault", "climbs"), [
    ("rejected", True), ("too_long", True), ("timeout", False), ("server", False), ("crashed", False),
    ("malformed", False), ("recogniser", False), ("checks", False),
])  # fmt: skip
def test_only_what_is_wrong_with_the_utterance_is_worth_another_attempt(fault, climbs):
    engine = Refusing(lambda text, s, seed: EngineFault(fault, "422: no") if text == TEXTS[0] else None)
    (outcome,) = run(stage(engine), dialogue("a", texts=TEXTS))
    if climbs:
        assert repairs_of(outcome).startswith("turn 0: sentence by sentence (attempt 1: 422: no;")
    else:
        assert outcome == Failed(f"engine_{fault}", "422: no") and len(engine.said) == 1
    engine = Refusing(lambda text, s, seed: EngineFault(fault, "422: no"))
    (outcome,) = run(stage(engine), dialogue("a", texts=TEXTS))
    assert isinstance(outcome, Failed) and outcome.error == f"engine_{fault}"
    assert len(engine.said) == outcome.detail.count("422: no") == (8 if climbs else 1)


def test_an_engine_that_falls_over_on_the_way_leaves_what_was_tried_on_record():
    first = first_speaker()

    def refuses(text, speaker, seed):
        if speaker.id == first:
            return None
        return EngineFault("timeout", "nothing for 20 s") if len(engine.said) > 6 else VoiceError(LIMIT)

    engine = Refusing(refuses, broken=lambda text, s, nudged: True)
    (outcome,) = run(stage(engine), dialogue("a", texts=TEXTS))
    assert isinstance(outcome, Failed) and outcome.error == "engine_timeout"
    one, other = outcome.detail.split(" | ")
    assert one.count("duration_ratio 0.4") == 4 and one.endswith(f" by {first}")
    assert other == f"turn 0: attempt 1: {LIMIT}; attempt 2: {LIMIT}; attempt 3: nothing for 20 s"


def test_what_was_repaired_before_a_turn_that_fails_is_on_record_too():
    record = dialogue("a", texts=("My heel hurts when I get up.", "Since when?", EN[2], "Rest."))
    bad = run(stage(), record)[0].records[0].turns[2].spoken
    engine = Refusing(once(record.turns[0].text), broken=lambda text, s, nudged: text == bad)
    (outcome,) = run(stage(engine), record)
    assert isinstance(outcome, Rejected) and outcome.reason == Reason.AUDIO_CHECK
    assert outcome.detail.startswith(
        f"turn 0: attempt 2 (attempt 1: {LIMIT}); turn 2: attempt 1: duration_ratio"
    )
    first = first_speaker(record)
    engine = Refusing(once(record.turns[0].text), lambda text, s, nudged: text == bad and s.id == first)
    (outcome,) = run(stage(engine), record)
    assert repairs_of(outcome).startswith(
        f"next voice instead of {first} (turn 0: attempt 2 (attempt 1: {LIMIT})"
    )


def test_what_an_engine_says_is_noted_in_one_line_without_paths():
    error = VoiceError("coqui: FileNotFoundError: no\nfile /home/me/bank/a.wav, 5 mg/kg " + "x" * 900)
    engine = Refusing(lambda text, s, seed: error if text == TEXTS[0] else None)
    (outcome,) = run(stage(engine), dialogue("a", texts=TEXTS))
    repairs = repairs_of(outcome)
    assert "no file <path>, 5 mg/kg x" in repairs and "home" not in repairs and "\n" not in repairs
    assert len(repairs) < 3 * 250


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**20), st.integers(0, 100))
def test_every_take_is_on_record_whatever_is_refused_and_whatever_the_order(salt, share):
    records = [
        dialogue(f"d{i}", texts=("My heel hurts. It is red.", "Rest.", "No.", "Good.")) for i in range(2)
    ]

    def drawn(text, speaker, seed):
        return (
            VoiceError("refused it")
            if crc32(f"{salt}|{text}|{speaker.id}|{seed}".encode()) % 100 < share
            else None
        )

    engine = Refusing(drawn)
    together = run(stage(engine), *records)
    tried = [(text, s, seed) for text, s, seed in engine.said if drawn(text, BANK[s], seed)]
    told = "".join(
        o.records[0].notes.get("repairs", "") if isinstance(o, Kept) else o.detail for o in together
    )
    assert told.count("refused it") == len(tried)
    assert together == [run(stage(Refusing(drawn)), r)[0] for r in reversed(records)][::-1]
    for outcome in together:
        if isinstance(outcome, Kept):
            heard = {t.audio.speaker for t in outcome.records[0].turns if t.audio}
            assert heard == {outcome.records[0].speaker_id}
        else:
            assert outcome.error == "engine_refused"


@pytest.fixture
def chain(tmp_path):
    """Return a stage of two engines, far away and near, each with faults of its own."""
    far = [
        s.model_copy(update={"id": f"far-{s.id}", "engine": "openai", "handle": {"voice": s.id}})
        for s in BANK.values()
    ]

    def made(one, other, women=False, **options):
        save_bank([s for s in far if not women or s.gender == "female"], tmp_path / "far.csv")
        server = SpeechServerSettings(base_url="http://127.0.0.1:9/v1", model="any", licence="CC0-1.0")
        chained = stage(
            other, Context(seed=3, base=tmp_path), "openai", bank="far.csv", openai=server,
            fallbacks=("espeak",), **options,
        )  # fmt: skip
        chained._engines["openai"] = one
        return chained

    return made


def short(text, speaker, nudged):
    return True


def says_all(text, speaker, seed):
    return None


def test_a_dialogue_that_the_next_engine_rescues_tells_what_the_first_was_rejected_for(chain):
    far = Refusing(says_all, short, "openai")
    (outcome,) = run(chain(far, ToneEngine()), dialogue("a", texts=TEXTS))
    repairs = repairs_of(outcome)
    assert {t.audio.engine for t in outcome.records[0].turns if t.audio} == {"espeak"}
    assert repairs.startswith("espeak instead of openai (audio_check: turn 0: attempt 1: duration_ratio 0.4")
    assert repairs.count("duration_ratio 0.4") == 8 and repairs.count(" by far-") == 2


def test_what_no_engine_could_say_tells_what_came_of_each(chain):
    far, near = Refusing(says_all, short, "openai"), Refusing(says_all, short)
    (outcome,) = run(chain(far, near), dialogue("a", texts=TEXTS))
    assert isinstance(outcome, Rejected) and outcome.reason == Reason.AUDIO_CHECK
    assert re.fullmatch(
        r"openai \(audio_check: turn 0: attempt 1: .* by far-\S+\), espeak \(audio_check: turn 0: .*\)",
        outcome.detail,
    )
    assert outcome.detail.count("duration_ratio 0.4") == 16
    # Whatever may come of another run goes before what was judged, in either order.
    fault = Refusing(lambda text, s, seed: EngineFault("server", "500: no"), name="openai")
    (outcome,) = run(chain(fault, near), dialogue("a", texts=TEXTS))
    assert isinstance(outcome, Failed) and outcome.error == "engine_server"
    assert outcome.detail.startswith("openai (engine_server: 500: no), espeak (audio_check: turn 0: ")
    assert outcome.detail.count("duration_ratio 0.4") == 8
    fault = Refusing(lambda text, s, seed: EngineFault("server", "500: no"))
    (outcome,) = run(chain(far, fault), dialogue("a", texts=TEXTS))
    assert isinstance(outcome, Failed) and outcome.error == "engine_server"
    assert outcome.detail.startswith("openai (audio_check: ") and outcome.detail.endswith(
        "), espeak (engine_server: 500: no)"
    )


def test_an_engine_without_a_speaker_is_told_but_not_blamed(chain):
    man = dialogue("man", texts=TEXTS, gender="male")
    (outcome,) = run(chain(Refusing(says_all, name="openai"), Refusing(says_all, short), women=True), man)
    assert isinstance(outcome, Rejected) and outcome.reason == Reason.AUDIO_CHECK
    assert outcome.detail.startswith(
        "openai (no_speaker: en, male, adult, train), espeak (audio_check: turn 0:"
    )
    (outcome,) = run(chain(Refusing(says_all, name="openai"), ToneEngine(), women=True), man)
    assert repairs_of(outcome) == "espeak instead of openai (no_speaker: en, male, adult, train)"


def test_what_was_repaired_of_the_engine_that_spoke_is_told_first(chain):
    far = Refusing(lambda text, s, seed: VoiceError("far refused"), name="openai")
    near = Refusing(once(TEXTS[0]))
    (outcome,) = run(chain(far, near), dialogue("a", texts=TEXTS))
    repairs = repairs_of(outcome)
    places = [repairs.index(part) for part in (
        f"turn 0: attempt 2 (attempt 1: {LIMIT})", "espeak instead of openai (engine_refused: ", "far refused"
    )]  # fmt: skip
    assert all(one < next_ for one, next_ in pairwise(places)) and repairs.count("far refused") == 8


def test_what_cannot_be_said_as_patient_like_speech_is_said_plainly_and_both_are_on_record():
    pytest.importorskip("pyroomacoustics", reason="the augment extra is not installed")
    pytest.importorskip("python_stretch", reason="the augment extra is not installed")
    shares = {"disfluency": 1, "pace": 0, "loudness": 0, "sounds": 0, "acoustics": 0, "intensity": 5}
    record = dialogue("a", texts=("I have had a dull pain in my lower back for three weeks now.", "Rest it."))
    plain = record.turns[0].text

    def refuses(text, speaker, seed):
        return VoiceError(LIMIT) if text != plain else None

    (outcome,) = run(stage(Refusing(refuses), patient_like=shares), record)
    assert repairs_of(outcome).startswith(f"turn 0: said plainly (attempt 1: {LIMIT}; attempt 2: ")
    assert outcome.records[0].turns[0].spoken == plain and outcome.records[0].turns[0].audio
    engine = Refusing(refuses, broken=lambda text, s, nudged: text == plain)
    (outcome,) = run(stage(engine, patient_like=shares), record)
    assert isinstance(outcome, Rejected) and outcome.detail.startswith("turn 0: said plainly (attempt 1: ")
    assert outcome.detail.count(LIMIT) == sum(text != plain for text, _, _ in engine.said) >= 2 * 3
    assert (
        outcome.detail.count("duration_ratio 0.4")
        == sum(text == plain for text, _, _ in engine.said)
        == 2 * 3
    )

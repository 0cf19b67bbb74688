"""One sentence, one file: what `medsynth say` does."""

from __future__ import annotations

from pathlib import Path

from medsynth.records import Speaker
from medsynth.text.spoken import spoken_form
from medsynth.voice.audio import SAMPLE_RATE, finish
from medsynth.voice.bank import load_bank
from medsynth.voice.bank_folder import folder_of, with_paths
from medsynth.voice.engine import VoiceError, open_engine
from medsynth.voice.match import ProfileSpec, match
from medsynth.voice.settings import EngineSettings


def say(
    text: str,
    lang: str | None,
    spec: str,
    out: Path,
    seed: int = 0,
    bank: Path | None = None,
    settings: EngineSettings | None = None,
) -> Speaker:
    """Write `text`, said by a speaker of profile `spec` ("" for any), to `out` as 16 kHz mono WAV.

    `lang` None: Chinese where the text has Chinese characters, else English. `settings` are those of the engine
    that the speaker is for.

    Returns the speaker. Raises VoiceError when there is nothing to say or nobody to say it, UserError
    for a profile that cannot be read.
    """
    import soundfile

    lang = lang or ("zh" if any("\u4e00" <= c <= "\u9fff" for c in text) else "en")
    speakers = load_bank(bank)
    wanted = ProfileSpec.parse(spec, sorted({s.accent for s in speakers})) if spec else ProfileSpec()
    found = match(
        speakers, lang=lang, gender=wanted.gender, age_group=wanted.age_group, accent=wanted.accent, split=None,
        seed=seed, dialogue_id="say",
    )  # fmt: skip
    if found is None or found.relaxations:
        there = ", ".join(sorted({s.accent for s in speakers if s.lang.split("-")[0] == lang.split("-")[0]}))
        raise VoiceError(
            f"the bank has no {lang} speaker for {spec or 'any profile'}; its accents there: {there or 'none'}"
        )
    spoken = spoken_form(text, lang)
    if not any(c.isalnum() for c in spoken):
        raise VoiceError("there is nothing to say in this text")
    speaker = with_paths(found.speaker, folder_of(bank)) if bank else found.speaker
    engine = open_engine(speaker.engine, settings)
    try:
        done = finish(engine.synthesize(spoken, lang, speaker, seed), engine.name, speaker.id)
    finally:
        engine.close()
    with soundfile.SoundFile(out, "w", SAMPLE_RATE, 1, subtype="PCM_16", format="WAV") as file:
        file.comment = f"synthetic speech, {found.speaker.engine}, {found.speaker.id}"
        file.write(done.samples)
    return found.speaker

"""From a speech corpus to the speakers of a bank: who can be in it, and which of their recordings stand for them."""

from __future__ import annotations

import hashlib
import multiprocessing
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from medsynth.errors import UserError
from medsynth.records import Consent, Speaker
from medsynth.voice.bank_clips import Reference, best, examine_all, to_flac
from medsynth.voice.bank_consent import CLIPS, MAY_BE_CHILD, REFERENCE, refusal
from medsynth.voice.bank_corpus import Person, Recording, SpeechCorpus, rank
from medsynth.voice.bank_people import Band, band_of, is_blank
from medsynth.voice.bank_pitch import pitch_doubt
from medsynth.voice.bank_splits import assign_splits
from medsynth.voice.calibrate import F0_BANDS, F0_TOLERANCE, PACES

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_KEYS = {"openai": "voice"}
_UNHEARD = 1.33  # either way: the pitch band of a voice that is known by its name alone


@dataclass(frozen=True)
class BuildOptions:
    """What the user may say about a bank to be built.

    `by_name`: no clips; the engine's model knows the corpus's speakers by name (recordings that there are tell
    pitch and pace). `clips` references a speaker are chosen from at most `look_at` recordings. `per_cell`: at most so
    many speakers of one language, gender, age group and accent, drawn by a hash; None: all. `licence`, `consent` and
    `lang` replace what the reader states.
    """

    engine: str = "coqui"
    by_name: bool = False
    clips: int = 3
    look_at: int = 40
    per_cell: int | None = None
    lang: str = ""
    licence: str = ""
    consent: Consent | None = None
    without_consent: bool = False
    children: bool = False
    unknown_licence: bool = False
    workers: int = 1


@dataclass
class Built:
    """The speakers of a bank, and what its `bank.json` says of each and of everybody else.

    `clips_refused` counts recordings by reason (`bank_reasons.CLIP`).
    """

    speakers: list[Speaker] = field(default_factory=list)
    about: dict[str, dict[str, Any]] = field(default_factory=dict)
    left_out: list[dict[str, str]] = field(default_factory=list)
    clips_refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Candidate:
    """Somebody who may be in the bank once a clip is found; the speaker lacks what is measured."""

    person: Person
    speaker: Speaker
    band: Band
    recordings: list[Recording]


@dataclass(frozen=True)
class _Looked:
    """What came of one person's recordings: FLAC bytes, rate, text and values of the chosen, and the person's own."""

    clips: list[tuple[bytes, int, str, str, dict[str, float]]]
    refused: Counter[str]
    usable: int
    f0_hz: float = 0.0
    f0_apart: float = 1.0
    pace: float = 0.0


def build(
    corpus: SpeechCorpus,
    options: BuildOptions,
    write: Callable[[str, bytes], object],
    say: Callable[[str], None] = lambda text: None,
) -> Built:
    """Choose speakers and clips; `write` gets each clip's name and FLAC bytes, `say` a line now and then.

    Raises UserError when nobody is left, naming the most frequent reason.
    """
    built = Built()
    for problem in corpus.problems:
        if problem.reason == "votes":
            built.clips_refused["votes"] += 1
        else:
            _leave_out(built, problem.where, problem.reason, problem.detail)
    candidates = list(_candidates(corpus, options, built))
    if candidates:
        with _mapper(options.workers if any(c.recordings for c in candidates) else 1) as run:
            _choose(candidates, options, built, run, write, say)
    if not built.speakers:
        raise UserError(_nobody(corpus, built))
    built.speakers = assign_splits(sorted(built.speakers, key=lambda s: s.id))
    return built


def _candidates(corpus: SpeechCorpus, options: BuildOptions, built: Built) -> Iterator[_Candidate]:
    taken: set[str] = set()
    for key, person in corpus.people.items():
        if person.gender is None or person.ages is None:
            missing = "gender" if person.gender is None else "age"
            _leave_out(
                built, person.where, f"{missing}_unknown", f"{person.name}: {person.given.get(missing, '')!r}"
            )
            continue
        lang = options.lang or person.lang
        if not lang:
            raise UserError(f"{person.where}: no language; add a column lang, or give --lang")
        band = band_of(person.ages)
        speaker = Speaker(
            id=_id(corpus.source, person.name, taken), engine=options.engine, lang=lang, age_group=band.age_group,
            gender=person.gender, accent=person.accent or lang, split="train",
            handle={} if options.by_name else _to_be_chosen(band),
            licence=options.licence or person.licence, consent=options.consent or person.consent,
            f0_hz=1, f0_low_hz=1, f0_high_hz=1, pace=1,
        )  # fmt: skip
        # Not cloned, but the licence of what a model learnt from still counts.
        if is_blank(speaker.licence) and not options.unknown_licence:
            _leave_out(built, person.where, "no_licence", person.name)
            continue
        reason = refusal(
            speaker, without_consent=options.without_consent, children=options.children,
            unknown_licence=options.unknown_licence,
        )  # fmt: skip
        recordings = corpus.of(key)
        if not reason and not options.by_name and not recordings:
            reason = "no_recordings"
        if reason:
            _leave_out(built, person.where, reason, person.name)
            continue
        yield _Candidate(
            person, speaker.model_copy(update={"licence": speaker.licence or "unknown"}), band, recordings
        )


def _to_be_chosen(band: Band) -> dict[str, str | int | float]:
    return {REFERENCE: ""} | ({MAY_BE_CHILD: 1} if band.may_be_child else {})


def _choose(
    candidates: Sequence[_Candidate],
    options: BuildOptions,
    built: Built,
    run: Callable[..., Iterator[_Looked]],
    write: Callable[[str, bytes], object],
    say: Callable[[str], None],
) -> None:
    """Look at everybody's recordings, or with `per_cell` at as many people as it takes to fill the cells."""
    waiting: dict[tuple[str, ...], list[_Candidate]] = {}
    for c in sorted(candidates, key=lambda c: (rank(c.speaker.id), c.speaker.id)):
        s = c.speaker
        waiting.setdefault((s.lang, s.gender, s.age_group, s.accent), []).append(c)
    most = options.per_cell or len(candidates)
    wanted = dict.fromkeys(waiting, most)
    looked_at = 0
    while True:
        wave = [(cell, c) for cell, queue in waiting.items() for c in queue[: wanted[cell]]]
        if not wave:
            break
        for cell, queue in waiting.items():
            del queue[: wanted[cell]]
        tasks = [(c.recordings, c.speaker.lang, options.look_at, options.clips) for _, c in wave]
        for (cell, c), looked in zip(wave, run(_look, tasks), strict=True):
            looked_at += 1
            built.clips_refused.update(looked.refused)
            if options.by_name:
                wanted[cell] -= 1
                built.speakers.append(_named(c, options.engine, looked))
                built.about[c.speaker.id] = _about(c, []) | {"recordings_that_serve": looked.usable}
            elif looked.clips:
                wanted[cell] -= 1
                _take(built, c, looked, write)
            else:
                why = ", ".join(f"{n} {reason}" for reason, n in looked.refused.most_common(3))
                _leave_out(built, c.person.where, "no_clean_clip", f"{c.person.name}: {why}")
            if looked_at % 20 == 0:
                say(f"{looked_at} of {len(candidates)} people looked at, {len(built.speakers)} taken")
    for queue in waiting.values():
        for c in queue:
            _leave_out(built, c.person.where, "enough", c.person.name)


def _look(task: tuple[list[Recording], str, int, int]) -> _Looked:
    """Choose one person's clips; runs in a worker process."""
    recordings, lang, look_at, count = task
    found, refused = examine_all(recordings, lang, look_at)
    chosen = best(found, count)
    if not chosen:
        return _Looked([], refused, 0)
    pitches = np.array([r.values["f0_hz"] for r in found])
    f0 = float(np.median(pitches))
    spoken = sum(r.values["speech_s"] for r in found)
    pace = sum(r.values["pace"] * r.values["speech_s"] for r in found) / spoken
    return _Looked(
        [(*to_flac(r), r.recording.name, r.recording.text, _rounded(r)) for r in chosen],
        refused, len(found), f0, float(np.exp(np.abs(np.log(pitches / f0)).max())), pace,
    )  # fmt: skip


def _take(built: Built, c: _Candidate, looked: _Looked, write: Callable[[str, bytes], object]) -> None:
    handle = dict(c.speaker.handle)
    clips = []
    for n, (flac, rate, name, text, values) in enumerate(looked.clips, start=1):
        file = f"{CLIPS}/{c.speaker.id}-{n}.flac"
        end = "" if n == 1 else f"_{n}"
        sha256 = hashlib.sha256(flac).hexdigest()
        handle |= {
            f"{REFERENCE}{end}": file, f"transcript{end}": text, f"sample_rate{end}": rate, f"sha256{end}": sha256,
        }  # fmt: skip
        clips.append({"file": file, "recording": name, "sample_rate": rate, "sha256": sha256, **values})
        write(file, flac)
    # What the clips show, and at least what one sentence's melody makes of another's.
    tolerance = max(F0_TOLERANCE[c.speaker.age_group], 1.05 * looked.f0_apart)
    built.speakers.append(
        c.speaker.model_copy(
            update={
                "handle": handle, "f0_hz": round(looked.f0_hz, 1), "f0_low_hz": round(looked.f0_hz / tolerance, 1),
                "f0_high_hz": round(looked.f0_hz * tolerance, 1), "pace": round(looked.pace, 2),
            }
        )
    )  # fmt: skip
    built.about[c.speaker.id] = _about(c, clips) | {"recordings_that_serve": looked.usable}
    doubt = pitch_doubt(c.speaker.gender, c.speaker.age_group, looked.f0_hz)
    if doubt:
        built.about[c.speaker.id]["doubt"] = doubt


def _named(c: _Candidate, engine: str, looked: _Looked) -> Speaker:
    """Return a speaker whom the engine's model knows by name.

    Pitch and pace are those of the recordings, where any can serve, else the published ones; the band is wide,
    for nobody has heard the model yet.
    """
    s = c.speaker
    low, high = F0_BANDS[s.gender, s.age_group]
    slow, quick = PACES.get(s.lang, PACES["en"])[s.age_group]
    f0, pace = (low + high) / 2, (slow + quick) / 2
    if looked.usable:
        low = high = f0 = looked.f0_hz
        pace = looked.pace
    return s.model_copy(
        update={
            "handle": {_NAME_KEYS.get(engine, "speaker"): c.person.name}, "f0_hz": round(f0, 1),
            "f0_low_hz": round(low / _UNHEARD, 1), "f0_high_hz": round(high * _UNHEARD, 1),
            "pace": round(pace, 2),
        }
    )  # fmt: skip


def _about(c: _Candidate, clips: list[dict[str, Any]]) -> dict[str, Any]:
    about: dict[str, Any] = {"where": c.person.where, "given": c.person.given}
    if c.band.note:
        about["age_note"] = c.band.note
    return about | {"clips": clips}


def _rounded(reference: Reference) -> dict[str, float]:
    return {name: round(value, 4) for name, value in reference.values.items()}


def _leave_out(built: Built, where: str, reason: str, detail: str) -> None:
    built.left_out.append({"where": where, "reason": reason, "detail": detail})


def _nobody(corpus: SpeechCorpus, built: Built) -> str:
    reasons = Counter(entry["reason"] for entry in built.left_out)
    reason, count = reasons.most_common(1)[0]
    example = next(e for e in built.left_out if e["reason"] == reason)
    advice = {
        "no_consent": "; where the speakers did consent say --consent cloning, else --without-consent takes it on you",
        "no_licence": "; give --licence, or --allow-unknown-licence",
        "child": "; --children takes them all the same",
        "no_recordings": f"; no recording was found under {corpus.folder}, --by-name needs none",
    }.get(reason, "")
    return (
        f"{corpus.folder}: nobody is left for the bank: {count} of {len(built.left_out)} left out as {reason} "
        f"({example['where']}: {example['detail']}){advice}"
    )


def _id(source: str, name: str, taken: set[str]) -> str:
    stem = _UNSAFE.sub("-", name).strip("-.")
    if stem != name:
        stem = (
            f"{stem[:40]}-{hashlib.blake2b(name.encode('utf-8', 'surrogatepass'), digest_size=3).hexdigest()}"
        )
    found = f"{source}-{stem}"
    while found in taken:
        found += "x"
    taken.add(found)
    return found


@contextmanager
def _mapper(workers: int) -> Iterator[Callable[..., Iterator[_Looked]]]:
    if workers <= 1:
        yield map
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool.map

"""Who speaks a dialogue, by which engine, and what is done when that does not work."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from medsynth.records import (
    Dialogue,
    Failed,
    Outcome,
    PatientProfile,
    Reason,
    Rejected,
    Role,
    Speaker,
    age_group_of,
    keep,
)
from medsynth.stages.voice_settings import VoiceSettings
from medsynth.text.spoken import spoken_form
from medsynth.voice.dialogue import Voiced, voice_patient_like, voice_turns
from medsynth.voice.effects.plan import DialoguePlan, plan_dialogue
from medsynth.voice.effects.settings import CLEAN
from medsynth.voice.effects.talk import talkers_for, with_talkers
from medsynth.voice.engine import EngineFault
from medsynth.voice.match import Match, ProfileSpec, candidates
from medsynth.voice.repairs import ClipRejected
from medsynth.voice.takes import Takes

# Where a clip cannot be mended in the matched voice, the whole dialogue is tried once in the next one.
_VOICES_TRIED = 2
SIBLING = "-patient-like"
"""What the id of a patient-like dialogue ends in where the corpus has the clean one too."""
_SUMMARISED = ("f0_hz", "pace", "duration_ratio", "loudness_lufs", "gap_s", "treated_lufs", "snr_db")
_SAMPLED = ("jitter", "shimmer", "hnr_db")
_WORST = ("missing", "extra", "repetition", "timbre", "word_error", "critical_missing")


class Casting:
    """The choice of voices under one set of settings. Splits, genders and languages are never crossed."""

    def __init__(
        self, settings: VoiceSettings, bank: Sequence[Speaker], seed: int, noises: Sequence[Path] = ()
    ) -> None:
        self.settings, self.seed, self.noises = settings, seed, list(noises)
        self.bank = {name: [s for s in bank if s.engine == name] for name in settings.used}
        accents = sorted({s.accent for s in bank})
        self.forced = ProfileSpec.parse(settings.profile, accents) if settings.profile else ProfileSpec()

    def profile(self, record: Dialogue) -> PatientProfile:
        """Return who is heard, with what the user forces; an accent is forced on its own language only."""
        update: dict[str, Any] = {}
        if self.forced.age_group:
            update |= {"age_group": self.forced.age_group, "age_basis": "forced"}
            if record.patient.age is not None and age_group_of(record.patient.age) != self.forced.age_group:
                update["age"] = None
        if self.forced.gender:
            update |= {"gender": self.forced.gender, "gender_basis": "forced"}
        if self.forced.accent and _language(self.forced.accent) == _language(record.lang):
            update |= {"accent": self.forced.accent, "accent_basis": "forced"}
        return record.patient.model_copy(update=update) if update else record.patient

    def engines(self, record: Dialogue) -> tuple[str, ...]:
        """Return the engine that speaks the dialogue, and those to be tried after it."""
        shares, text = (
            self.settings.shares,
            f"{self.seed}|engine|{record.id}".encode("utf-8", "surrogatepass"),
        )
        place = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") / 2**64
        drawn, reached = "", 0.0
        for drawn, share in shares.items():  # noqa: B007 (the last one takes what rounding leaves)
            reached += share
            if place < reached:
                break
        return tuple(dict.fromkeys((drawn, *self.settings.fallbacks)))

    def heard(self, record: Dialogue) -> list[Match]:
        """Return the speakers that the dialogue can be heard in: those matched, and those next in line."""
        profile, found = self.profile(record), list[Match]()
        for engine in self.engines(record):
            patients = self._patients(record, profile, engine)[:_VOICES_TRIED]
            found += [*patients, *self._doctors(record, patients, engine)[:_VOICES_TRIED]]
        return found

    def talkers(self, record: Dialogue, engine: str) -> list[Speaker]:
        """Return who may be heard in the background of a dialogue."""
        patients = self._patients(record, self.profile(record), engine)[:_VOICES_TRIED]
        doctors = self._doctors(record, patients, engine)[:_VOICES_TRIED]
        others = [m.speaker.id for m in (*patients, *doctors)]
        return talkers_for(self.bank[engine], record.lang, record.split, others, self.seed, record.id)

    def takes(self, record: Dialogue) -> Takes[Outcome]:
        """Ask for the takes of a dialogue; return how it ends: voiced, rejected or failed.

        In order: the matched voice with repairs, the next voice of the same profile, the next engine.
        """
        profile = self.profile(record)
        if profile.gender is None or profile.age_group is None:
            return Failed(
                "ProfileMissing", "age group or gender of the speaker is not set; run profile before voice"
            )
        spoken = [spoken_form(turn.text, record.lang) for turn in record.turns]
        for index, (turn, text) in enumerate(zip(record.turns, spoken, strict=True)):
            if turn.role in self.settings.roles and not any(c.isalnum() for c in text):
                return Rejected(Reason.UNSPEAKABLE, f"turn {index} holds nothing that can be said")
        ends: list[tuple[str, Rejected | Failed]] = []
        plan = self._plan(record, profile, spoken)
        for engine in self.engines(record):
            outcome = yield from self._by_engine(record, profile, spoken, engine, _told(ends), plan)
            if not isinstance(outcome, Rejected | Failed):
                return outcome
            ends.append((engine, outcome))
        return _end(ends)

    def _by_engine(
        self,
        record: Dialogue,
        profile: PatientProfile,
        spoken: Sequence[str],
        engine: str,
        tried: str,
        plan: DialoguePlan | None,
    ) -> Takes[Outcome]:
        patients = self._patients(record, profile, engine)
        doctors = self._doctors(record, patients, engine)
        if not patients or ("doctor" in self.settings.roles and not doctors):
            cell = f"{record.lang}, {profile.gender}, {profile.age_group}, {record.split}"
            return Rejected(
                Reason.NO_SPEAKER, cell if not patients else f"{cell}: no second adult for the doctor"
            )
        problems: list[str] = []
        refused = ""
        for attempt, chosen in enumerate(patients[: _VOICES_TRIED if self.settings.repairs else 1]):
            everyone: dict[Role, Speaker] = {"patient": chosen.speaker}
            if doctors:
                everyone["doctor"] = doctors[min(attempt, len(doctors) - 1)].speaker
            speakers = {role: everyone[role] for role in self.settings.roles}
            how = (record, spoken, speakers, self.seed, self.settings.repairs)
            try:
                if plan is None:
                    voiced, plain = (yield from voice_turns(*how)), None
                else:
                    if plan.needs_talk:
                        plan = yield from with_talkers(
                            plan, self.talkers(record, engine), record.lang, self.seed, record.id
                        )
                    voiced, plain = yield from voice_patient_like(*how, plan)
            except ClipRejected as error:
                problems.append(f"{error} by {chosen.speaker.id}")
                refused = refused or error.refused
                continue
            except EngineFault as error:
                return Failed(f"engine_{error.fault}", " | ".join((*problems, str(error))))
            made = []
            for one in (plain, voiced) if plan and plan.keep_clean and plain else (voiced,):
                if attempt:
                    why = " | ".join(problems)
                    one.repairs.append(f"next voice instead of {patients[0].speaker.id} ({why})")
                if tried:
                    one.repairs.append(f"{engine} instead of {tried}")
                made.append(self._with_audio(record, profile, spoken, chosen, speakers, one))
            return keep(*(made if plan is None else _conditioned(made, plan)))
        detail = " | ".join(problems)
        # What an engine refused nobody has judged: another run may get it.
        return Failed(refused, detail) if refused else Rejected(Reason.AUDIO_CHECK, detail)

    def _plan(self, record: Dialogue, profile: PatientProfile, spoken: Sequence[str]) -> DialoguePlan | None:
        settings = self.settings.patient_like
        if settings is None or "patient" not in self.settings.roles:
            return None
        return plan_dialogue(settings, self.seed, record, profile, spoken, self.noises)

    def _with_audio(
        self,
        record: Dialogue,
        profile: PatientProfile,
        spoken: Sequence[str],
        chosen: Match,
        speakers: dict[Role, Speaker],
        voiced: Voiced,
    ) -> Dialogue:
        checks: dict[str, float] = {
            "clips": float(len(voiced.audio)),
            "seconds": round(sum(a.duration_s for a in voiced.audio.values()), 3),
        }
        of_patient = [c for i, c in voiced.checks.items() if record.turns[i].role == "patient"]
        for name in _SUMMARISED:
            values = [c[name] for c in of_patient if c.get(name)]
            if values:
                checks[name] = round(statistics.median(values), 3)
                checks[f"{name}_min"], checks[f"{name}_max"] = round(min(values), 3), round(max(values), 3)
        for name in _SAMPLED:
            if heard := [c[name] for c in of_patient if name in c]:
                checks[name] = round(statistics.median(heard), 3)
        for name in _WORST:
            if heard := [c[name] for c in of_patient if name in c]:
                checks[f"{name}_max"] = round(max(heard), 3)
        notes = {}
        if chosen.relaxations and "patient" in speakers:
            notes["relaxed"] = "; ".join(chosen.relaxations)
        if voiced.repairs:
            notes["repairs"] = "; ".join(voiced.repairs)
        turns = tuple(
            turn.model_copy(
                update={
                    "spoken": voiced.spoken.get(index, text),
                    "audio": voiced.audio.get(index),
                    "effects": voiced.effects.get(index, ()),
                }
            )
            for index, (turn, text) in enumerate(zip(record.turns, spoken, strict=True))
        )
        return record.model_copy(
            update={
                "turns": turns,
                "patient": profile,
                "speaker_id": speakers["patient"].id if "patient" in speakers else None,
                "doctor_speaker_id": speakers["doctor"].id if "doctor" in speakers else None,
                "checks": record.checks | checks,
                "notes": record.notes | notes,
            }
        )

    def _patients(self, record: Dialogue, profile: PatientProfile, engine: str) -> list[Match]:
        return candidates(
            self.bank[engine], lang=record.lang, gender=profile.gender, age_group=profile.age_group,
            accent=profile.accent, split=record.split, seed=self.seed, dialogue_id=record.id,
        )  # fmt: skip

    def _doctors(self, record: Dialogue, patients: Sequence[Match], engine: str) -> list[Match]:
        """Return adults of any gender and accent who are not this dialogue's patient; [] unless doctors speak."""
        if "doctor" not in self.settings.roles:
            return []
        taken = frozenset(m.speaker.id for m in patients[:_VOICES_TRIED])
        found = candidates(
            self.bank[engine], lang=record.lang, gender=None, age_group="adult", accent=None, split=record.split,
            seed=self.seed, dialogue_id=f"{record.id}#doctor", exclude=taken,
        )  # fmt: skip
        return [m for m in found if m.speaker.age_group == "adult"]


def _told(ends: Sequence[tuple[str, Rejected | Failed]]) -> str:
    """Return what came of each engine, with all that was measured."""
    reasons = (o.reason.value if isinstance(o, Rejected) else o.error for _, o in ends)
    return ", ".join(
        f"{engine} ({reason}: {outcome.detail})"
        for (engine, outcome), reason in zip(ends, reasons, strict=True)
    )


def _end(ends: Sequence[tuple[str, Rejected | Failed]]) -> Rejected | Failed:
    """Return how a dialogue ends that no engine could say: what another run may mend before what it cannot.

    Of the rest, what clips were rejected for says more than that an engine has no speaker.
    """
    outcomes = [outcome for _, outcome in ends]
    heard = [o for o in outcomes if isinstance(o, Failed) or o.reason != Reason.NO_SPEAKER]
    end = next((o for o in heard if isinstance(o, Failed)), (heard or outcomes)[0])
    return replace(end, detail=_told(ends)) if len(ends) > 1 else end


def _conditioned(made: Sequence[Dialogue], plan: DialoguePlan) -> list[Dialogue]:
    """Return the dialogues with their acoustic condition; of two, the patient-like one as sibling of the clean one.

    A sibling to which nothing happened is left out: it would be the same dialogue twice.
    """
    *clean, last = made
    last = last.model_copy(update={"acoustic_condition": plan.condition})
    if not clean:
        return [last]
    first = clean[0].model_copy(update={"acoustic_condition": CLEAN})
    if not any(turn.effects for turn in last.turns):
        return [first]
    notes = last.notes | {"patient_like_of": last.id}
    return [first, last.model_copy(update={"id": f"{last.id}{SIBLING}", "notes": notes})]


def _language(tag: str) -> str:
    return tag.split("-")[0]

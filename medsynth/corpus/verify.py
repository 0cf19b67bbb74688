"""Proves that a corpus is whole: nothing lost, nothing altered, nothing invented, no split crossed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from medsynth.corpus.reader import corpus_info, data_paths, dialogue_rows
from medsynth.corpus.schema import SCHEMA_VERSION, clip_path, columns_of, row_dialogue
from medsynth.corpus.writer import file_sha256
from medsynth.records import REASONS, SPLITS, Dialogue
from medsynth.text.facts.dialogue import check_dialogue_facts
from medsynth.text.render import check_origin
from medsynth.text.speakable import check_dialogue
from medsynth.text.spoken import spoken_form
from medsynth.voice.effects.disfluency import fluent
from medsynth.voice.effects.protect import same_facts

CHECKS = (
    "checksums",
    "schema",
    "conservation",
    "splits",
    "speakers",
    "audio",
    "effects",
    "origins",
    "facts",
    "speakable",
)
SAMPLE_RATE = 16000


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the check that found it, the file or id, and what."""

    check: str
    where: str
    message: str


def verify_corpus(path: Path) -> Iterator[Finding]:
    """Yield everything that is wrong with a corpus; nothing when it is whole.

    Raises UserError when the folder is not a corpus at all.
    """
    info = corpus_info(path)
    yield from _checksums(path)
    if info.get("schema_version") != SCHEMA_VERSION:
        yield Finding(
            "schema", "corpus.json", f"schema_version {info.get('schema_version')}, not {SCHEMA_VERSION}"
        )
        return
    state = _State(info.get("frames", {}), _speakers(path))
    columns = dict(pl.Schema(columns_of(info)))
    for file in data_paths(path):
        yield from _file(file, state, columns)
    yield from _conservation(path, info, state)
    yield from state.crossings()
    for name, clean in state.siblings.items():
        if clean not in state.ids:
            yield Finding("effects", name, f"is the patient-like sibling of {clean}, which is not in data/")
    counted = sum(sum(c.values()) for c in info["counts"].values())
    if counted != len(state.ids):
        yield Finding(
            "conservation", "corpus.json", f"counts {counted} dialogues, data/ holds {len(state.ids)}"
        )


def _checksums(path: Path) -> Iterator[Finding]:
    try:
        lines = (path / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    except OSError:
        yield Finding("checksums", "SHA256SUMS", "the file is missing")
        return
    pairs = [line.split("  ", 1) for line in lines if "  " in line]
    listed = {name: digest for digest, name in pairs}
    for name, expected in listed.items():
        file = path / name
        if not file.is_file():
            yield Finding("checksums", name, "listed but missing")
        elif file_sha256(file) != expected:
            yield Finding("checksums", name, "the content is not what was written")
    for file in path.rglob("*"):
        name = file.relative_to(path).as_posix()
        if file.is_file() and name not in listed and name != "SHA256SUMS":
            yield Finding("checksums", name, "not listed in SHA256SUMS")


def _speakers(path: Path) -> dict[str, dict[str, Any]]:
    try:
        frame = pl.read_parquet(path / "speakers.parquet", glob=False, memory_map=False)
    except (OSError, pl.exceptions.PolarsError):
        return {}
    return {row["id"]: row for row in frame.iter_rows(named=True)}


class _State:
    """What is remembered over all data files: ids and, per group, cluster and speaker, the splits seen."""

    def __init__(self, frames: dict[str, dict[str, str]], speakers: dict[str, dict[str, Any]]) -> None:
        self.frames = frames
        self.speakers = speakers
        self.ids: set[str] = set()
        self.raw_ids: set[str] = set()
        self.siblings: dict[str, str] = {}
        self._splits: dict[tuple[str, str], str] = {}
        self._crossed: list[Finding] = []

    def see(self, kind: str, name: str | None, split: str) -> None:
        if name and self._splits.setdefault((kind, name), split) != split:
            other = self._splits[kind, name]
            self._crossed.append(Finding("splits", name, f"this {kind} is in {other} and in {split}"))

    def crossings(self) -> Iterator[Finding]:
        yield from sorted(set(self._crossed), key=lambda f: (f.where, f.message))


def _file(file: Path, state: _State, expected: dict[str, Any]) -> Iterator[Finding]:
    try:
        schema = dict(pl.read_parquet_schema(file))
    except (OSError, pl.exceptions.PolarsError) as error:
        yield Finding("schema", file.name, f"not readable as Parquet ({type(error).__name__})")
        return
    if schema != expected:
        names = sorted(n for n in schema.keys() | expected.keys() if schema.get(n) != expected.get(n))
        yield Finding("schema", file.name, f"columns differ from the contract: {', '.join(names)}")
        return
    split = file.name.split("-")[0]
    rows = dialogue_rows(file)
    while True:
        try:
            row = next(rows, None)
        except pl.exceptions.PolarsError as error:
            yield Finding("schema", file.name, f"damaged: {type(error).__name__}")
            return
        if row is None:
            return
        yield from _row(row, split, file.name, state)


def _row(row: dict[str, Any], split: str, file: str, state: _State) -> Iterator[Finding]:
    name = row["id"]
    if name in state.ids:
        yield Finding("conservation", name, "this dialogue is in the corpus twice")
    state.ids.add(name)
    state.raw_ids.update(row["raw_ids"])
    if row["split"] != split or split not in SPLITS:
        yield Finding("splits", name, f"says split {row['split']} but lies in {file}")
    state.see("group", row["group"], row["split"])
    state.see("cluster", row["cluster"], row["split"])
    state.see("speaker", row["speaker_id"], row["split"])
    state.see("speaker", row["doctor_speaker_id"], row["split"])
    frames = state.frames.get(row["lang"], {})
    try:
        dialogue = row_dialogue(row, frames)
    except ValueError as error:
        yield Finding("schema", name, f"not a valid dialogue: {str(error).splitlines()[0]}")
        return
    if "patient_like_of" in dialogue.notes:
        state.siblings[name] = dialogue.notes["patient_like_of"]
    yield from _voice(dialogue, state)
    yield from _audio(row)
    yield from _effects(dialogue)
    for problem in check_dialogue(dialogue):
        yield Finding("speakable", name, problem)
    if dialogue.provenance.engine != "extractive":
        yield from _facts(dialogue)
        return
    for index, turn in enumerate(dialogue.turns):
        for problem in check_origin(turn, dialogue.source_turns, dialogue.lang, frames):
            yield Finding("origins", f"{name} turn {index}", problem)


def _facts(dialogue: Dialogue) -> Iterator[Finding]:
    """Check what a model wrote: no turn may alter or invent a medical fact of the source.

    A translation is not compared here; its facts were checked as it was made.
    """
    if dialogue.provenance.prompt.startswith("translate"):
        return
    for found in check_dialogue_facts(
        dialogue.source_turns, dialogue.turns, dialogue.lang.split("-")[0].lower()
    ):
        if found.fails:
            fact = found.finding
            where = f"{dialogue.id} turn {found.turn}" if found.turn is not None else dialogue.id
            said = fact.rewrite_text or fact.source_text
            yield Finding("facts", where, f"{fact.kind} {fact.status}: {said!r}")


def _voice(dialogue: Dialogue, state: _State) -> Iterator[Finding]:
    heard = {turn.role for turn in dialogue.turns if turn.audio}
    for role, speaker_id in (("patient", dialogue.speaker_id), ("doctor", dialogue.doctor_speaker_id)):
        speaker = state.speakers.get(speaker_id or "")
        if speaker is None:
            if speaker_id or role in heard:
                yield Finding(
                    "speakers", dialogue.id, f"the {role}'s speaker {speaker_id} is not in speakers.parquet"
                )
            continue
        if speaker["split"] != dialogue.split:
            yield Finding("speakers", dialogue.id, f"{speaker_id} is reserved for {speaker['split']}")
        if speaker["lang"].split("-")[0] != dialogue.lang.split("-")[0]:
            yield Finding(
                "speakers", dialogue.id, f"{speaker_id} speaks {speaker['lang']}, not {dialogue.lang}"
            )
        if role == "patient" and speaker["gender"] != dialogue.patient.gender:
            yield Finding("speakers", dialogue.id, f"{speaker_id} is not {dialogue.patient.gender}")


def _audio(row: dict[str, Any]) -> Iterator[Finding]:
    import soundfile

    voiced = {turn["role"] for turn in row["turns"] if turn["audio"]}
    for index, turn in enumerate(row["turns"]):
        where, clip = f"{row['id']} turn {index}", turn["audio"]
        if clip is None:
            if turn["role"] in voiced or (turn["role"] == "patient" and row["speaker_id"]):
                yield Finding("audio", where, "the clip is missing")
            continue
        if clip["path"] != clip_path(row["id"], index, turn["role"]):
            yield Finding("audio", where, f"the clip is called {clip['path']}")
        try:
            with soundfile.SoundFile(io.BytesIO(clip["bytes"])) as sound:
                kind = (sound.format, sound.subtype, sound.samplerate, sound.channels)
                frames = len(sound.read(dtype="int16"))
        except (soundfile.LibsndfileError, RuntimeError, TypeError):
            yield Finding("audio", where, "the clip cannot be decoded")
            continue
        if kind != ("FLAC", "PCM_16", SAMPLE_RATE, 1):
            yield Finding("audio", where, f"the clip is {kind}, not 16 kHz mono 16-bit FLAC")
        if turn["duration_s"] is None or abs(frames / kind[2] - turn["duration_s"]) > 0.001:
            yield Finding("audio", where, f"lasts {frames / kind[2]:.3f} s, stated {turn['duration_s']} s")


def _effects(dialogue: Dialogue) -> Iterator[Finding]:
    """Check what is said to have been done: text without it is the plain spoken form, times lie in the clip."""
    for index, turn in enumerate(dialogue.turns):
        where = f"{dialogue.id} turn {index}"
        if turn.effects and turn.audio is None:
            yield Finding("effects", where, "effects of a clip that is not there")
            continue
        said = [e for e in turn.effects if e.of == "spoken"]
        if said:
            plain = spoken_form(turn.text, dialogue.lang)
            if fluent(turn.spoken, said).casefold() != plain.casefold():
                yield Finding("effects", where, "what is spoken is not its text with what was inserted")
            elif not same_facts(plain, turn.spoken, dialogue.lang):
                yield Finding("effects", where, "a medical fact of what is spoken is not that of its text")
        for effect in turn.effects:
            last = turn.audio.duration_s if turn.audio and effect.of == "clip" else None
            if last is not None and not 0 <= (effect.start or 0.0) <= (effect.end or 0.0) <= last + 0.01:
                yield Finding(
                    "effects", where, f"{effect.name} at {effect.start}–{effect.end} s of {last:.2f} s"
                )


def _conservation(path: Path, info: dict[str, Any], state: _State) -> Iterator[Finding]:
    try:
        ledger = pl.read_parquet(path / "ledger.parquet", glob=False, memory_map=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        yield Finding("conservation", "ledger.parquet", f"cannot be read ({type(error).__name__})")
        return
    yield from check_ledger(ledger)
    counts = dict(ledger["outcome"].value_counts().iter_rows())
    if counts != info.get("ledger"):
        yield Finding("conservation", "ledger.parquet", f"holds {counts}, written were {info.get('ledger')}")
    kept = ledger.filter(pl.col("outcome") == "kept")
    promised = set(kept["into"].explode().drop_nulls())
    for name in sorted(promised - state.ids):
        yield Finding("conservation", name, "kept in the ledger, but not in data/")
    for name in sorted(state.ids - promised):
        yield Finding("conservation", name, "in data/, but no kept record leads to it")
    for name in sorted(state.raw_ids - set(kept["id"])):
        yield Finding(
            "conservation", name, "a dialogue was made from this record, which the ledger does not keep"
        )


def check_ledger(ledger: pl.DataFrame) -> Iterator[Finding]:
    """Yield what contradicts itself in a ledger: double ids, unknown reasons, merges that lead nowhere."""
    for name in ledger.filter(pl.col("id").is_duplicated())["id"].unique().sort():
        yield Finding("conservation", name, "has more than one outcome")
    ends = dict(ledger.select("id", "outcome").iter_rows())
    known = {str(r) for r in REASONS}
    for row in ledger.iter_rows(named=True):
        if row["outcome"] not in ("kept", "rejected", "merged", "failed"):
            yield Finding("conservation", row["id"], f"unknown outcome {row['outcome']}")
        if row["outcome"] == "rejected" and row["reason"] not in known:
            yield Finding("conservation", row["id"], f"unknown reason {row['reason']}")
        if row["outcome"] == "merged":
            into = row["into"][0] if row["into"] else None
            if into not in ends:
                yield Finding("conservation", row["id"], f"merged into {into}, which is not in the ledger")
            elif ends[into] == "merged":
                yield Finding("conservation", row["id"], f"merged into {into}, which was merged itself")

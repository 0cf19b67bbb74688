"""*pack*: the last step. Writes a corpus folder from finished dialogues, the ledger and the speakers.

It decides nothing: splits, voices and outcomes were settled before, and are only checked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import polars as pl

from medsynth.corpus.card import CardSource, build_card, voices_of
from medsynth.corpus.report import RejectExample, build_report
from medsynth.corpus.schema import SCHEMA_VERSION
from medsynth.corpus.writer import CorpusWriter, write_checksums, write_json, write_speakers
from medsynth.errors import UserError
from medsynth.records import Dialogue, Speaker
from medsynth.voice.terms import ModelTerms

_VERSIONED = ("medsynth", "polars", "datasketch", "soundfile", "soxr", "pyloudnorm", "espeakng-loader")
_EFFECTS = ("pyroomacoustics", "python-stretch", "scipy")


@dataclass(frozen=True)
class PackInputs:
    """Everything a corpus is made of. `pipeline` is the resolved pipeline without paths of this machine."""

    name: str
    seed: int
    build: str
    pipeline: dict[str, Any]
    pipeline_hash: str
    dialogues: Iterable[Dialogue]
    ledger: pl.DataFrame
    speakers: Sequence[Speaker]
    examples: Sequence[RejectExample]
    voice_models: Sequence[ModelTerms] = ()
    citations: Mapping[str, str] = field(default_factory=dict)
    usage: Sequence[Mapping[str, Any]] = ()
    patient_like: bool = False
    max_shard_mb: int = 256
    rows_per_group: int = 32


class ConservationError(RuntimeError):
    """The ledger and the dialogues do not add up: a defect of medsynth, never of the data."""


def pack(inputs: PackInputs, root: Path) -> dict[str, Any]:
    """Write the corpus into the empty folder `root` and return corpus.json's content.

    Raises ConservationError when a kept record is missing or an unkept one present, and UserError when
    nothing was kept at all.
    """
    writer = CorpusWriter(
        root,
        max_shard_mb=inputs.max_shard_mb,
        rows_per_group=inputs.rows_per_group,
        patient_like=inputs.patient_like,
    )
    by_id = {s.id: s for s in inputs.speakers}
    written: set[str] = set()
    for dialogue in inputs.dialogues:
        for speaker in (dialogue.speaker_id, dialogue.doctor_speaker_id):
            if speaker and by_id[speaker].split != dialogue.split:
                raise ConservationError(f"{dialogue.id}: speaker {speaker} belongs to another split")
        if dialogue.id in written:
            raise ConservationError(f"{dialogue.id} would be in the corpus twice")
        written.add(dialogue.id)
        writer.add(dialogue)
    if not written:
        raise UserError("no dialogue was kept, so there is no corpus; `medsynth status` says why by stage")
    _check_conservation(inputs.ledger, written)
    writer.finish()
    speakers = [by_id[i] for i in sorted(writer.facts.speakers)]
    write_speakers(root, speakers)
    inputs.ledger.write_parquet(root / "ledger.parquet", compression="zstd")
    models = [
        m for m in inputs.voice_models if writer.facts.voices[m.engine]
    ]  # a spare engine may not have spoken
    info = {
        "name": inputs.name,
        "schema_version": SCHEMA_VERSION,
        "versions": _versions(_VERSIONED + (_EFFECTS if inputs.patient_like else ())),
        "seed": inputs.seed,
        "build": inputs.build,
        "pipeline_hash": inputs.pipeline_hash,
        "pipeline": inputs.pipeline,
        "ledger": dict(sorted(inputs.ledger["outcome"].value_counts().iter_rows())),
        "speakers": len(speakers),
        "voice_licences": sorted({s.licence for s in speakers} | {m.licence for m in models}),
        "voice_models": [m._asdict() for m in models],
        **writer.facts.as_dict(),
    }
    if inputs.patient_like:
        info["patient_like"] = writer.facts.patient_like()
    if inputs.usage:
        info["usage"] = list(inputs.usage)
    write_json(root / "corpus.json", info)
    sources = [CardSource(**s, citation=inputs.citations.get(s["name"], "")) for s in info["sources"]]
    voices = voices_of(pl.read_parquet(root / "speakers.parquet", glob=False, memory_map=False))
    (root / "README.md").write_text(build_card(info, sources, voices), encoding="utf-8")
    (root / "report.html").write_text(build_report(root, inputs.examples), encoding="utf-8")
    write_checksums(root)
    return info


def _check_conservation(ledger: pl.DataFrame, written: set[str]) -> None:
    expected = set(ledger.filter(pl.col("outcome") == "kept")["into"].explode().drop_nulls())
    if expected != written:
        example = sorted(expected ^ written)[0]
        raise ConservationError(
            f"{len(expected - written)} kept records are missing and {len(written - expected)} are too many, "
            f"for example {example}"
        )


def _versions(names: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found

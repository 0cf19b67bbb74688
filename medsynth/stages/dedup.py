"""*dedup*: of everything that says the same, the best record goes on; what an evaluation holds out goes away.

Two records are duplicates when
- they ask the same thing: the same question once squeezed (single exchanges, and openings of dialogues that
  are long enough to be told apart by it), whatever the answers are; or
- long questions (`LONG_QUESTION` units) have Jaccard ≥ `threshold` over their shingles; or
- short questions are alike (≥ `SHORT_QUESTION_JACCARD`) and question and answer together reach `threshold`, so
  that one boilerplate answer to many short questions joins nothing; or
- whole dialogues reach `threshold`; or
- with `semantic`, the embeddings that the user names have at least its cosine.

Records of one group are sections of one document, case or person: they are duplicates only when question and
answer together are near-identical, and no third record makes one of them.

Candidates come from MinHash bands and every one is verified by exact Jaccard. Duplicates of duplicates are
duplicates; records are joined in the order of their ids, so the result depends on the set of records alone.
`cluster` is the component over duplicates *and* shared groups, named after its smallest group: no split by
cluster parts duplicates or group members.

A record that matches a held-out row, directly or through duplicates, is rejected; with `held_out_groups` so
is the rest of its group, because the rest of a case, document or person gives the held-out item away.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from pydantic import Field
from xxhash import xxh3_64_intdigest

from medsynth.errors import UserError
from medsynth.records import Kept, Merged, Outcome, RawQA, RawTurn, Reason, Rejected, keep, text_of
from medsynth.sources import SourceConfig, SourceError, ingest
from medsynth.stages.base import Context, GlobalStage, StageSettings
from medsynth.stages.duplicates import BAND_COLUMNS, SCHEMA, Components, Duplicates, Sketches, read_vectors
from medsynth.text.clean import clean
from medsynth.text.personal import redact
from medsynth.text.similarity import bands, shingle_sets, squeeze

# In words or Han characters. A question this long is told apart from others by itself.
LONG_QUESTION = {"zh": 30, "en": 20}
# Below this a repeated question ("How are you?") says nothing; question and answer must both repeat.
TELLING_QUESTION = {"zh": 6, "en": 4}
# Doctor's turns of this mean length make the best dialogues: long enough to advise, short enough to be said.
GOOD_ANSWER = {"zh": (30, 600), "en": (30, 400)}
# What makes the best of a cluster, in order, and how the ledger says that it decided; then the smallest id.
QUALITY = {
    "complete": "complete answer",
    "bounded": "fitting length",
    "turns": "more turns",
    "answer": "longer answer",
}
# Characters that are sketched at a time: bounds memory whatever the length of the texts.
_AT_A_TIME = 500_000
# Sketches that are read at a time.
_CHUNK = 8192
# Of so many held-out rows of one cluster the one that a record matches itself is looked for.
_NAMED_DIRECTLY = 64

_log = logging.getLogger(__name__)


class SemanticSettings(StageSettings):
    """`embeddings` is a Parquet file of `id` (string) and `embedding` (list of floats), made by any model; a
    held-out row has the id "FILE: ID", as the ledger names it. `threshold` is the least cosine."""

    embeddings: str
    threshold: float = Field(default=0.92, gt=0, le=1)


class DedupSettings(StageSettings):
    """`threshold` is the Jaccard similarity from which texts are duplicates. `against` names held-out files or
    folders in any shape that a source reads; it and `semantic.embeddings` are relative to the pipeline file."""

    threshold: float = Field(default=0.8, gt=0.5, le=1)
    against: tuple[str, ...] = ()
    held_out_groups: bool = True
    semantic: SemanticSettings | None = None


class DedupStage(GlobalStage[RawQA]):
    """Merges duplicates into the best of them and removes what a held-out set contains."""

    name = "dedup"
    version = 2
    Settings = DedupSettings
    settings: DedupSettings

    def __init__(self, settings: DedupSettings, context: Context) -> None:
        super().__init__(settings, context)

    @cached_property
    def _read_besides(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        files = [f for name in self.settings.against for f in _files(self.context.resolve(name), name)]
        if self.settings.semantic:
            files.append(self._embeddings(self.settings.semantic))
        for file in files:
            digest.update(file.name.encode("utf-8", "surrogateescape") + b"\0")
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "blake2b").digest())
        return digest.hexdigest()

    def _embeddings(self, semantic: SemanticSettings) -> Path:
        path = self.context.resolve(semantic.embeddings)
        if not path.is_file():
            raise UserError(
                f"{semantic.embeddings}: embeddings not found; `semantic.embeddings` is relative to the pipeline file"
            )
        return path

    def side_inputs(self) -> str:
        """Return a hash of the contents of the held-out and embedding files; "" when there are none."""
        return self._read_besides if self.settings.against or self.settings.semantic else ""

    def fingerprint(self) -> str:
        """Return the base fingerprint, joined by the contents of the files read besides the records."""
        return hashlib.blake2b(
            (super().fingerprint() + self.side_inputs()).encode(), digest_size=16
        ).hexdigest()

    def sketch(self, batch: Sequence[RawQA]) -> pl.DataFrame:
        """Return per record: id, group, hashes of its texts, shingles, MinHash bands, quality."""
        return _sketch(batch, [""] * len(batch))

    def resolve(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return `id` and `decision`: compact JSON of `cluster`, or `into` and `detail`, or `held_out`.

        The sketches are read once, in chunks; band keys and shingles go to temporary files (about half a KB
        a record), the narrow columns stay in memory.
        """
        with TemporaryDirectory(prefix="medsynth-dedup-") as name:
            chunks = sketches.select(list(SCHEMA)).collect_batches(chunk_size=_CHUNK, engine="streaming")
            sketched = Sketches(chain(chunks, self._held_out()), Path(name))
            duplicates = Duplicates(sketched, self.settings.threshold)
            if self.settings.semantic:
                self._link_semantic(duplicates, self.settings.semantic, Path(name))
            return _decisions(duplicates, self.settings.held_out_groups)

    def decide(self, batch: Sequence[RawQA], decisions: Sequence[str]) -> list[Outcome]:
        """Return each record with its cluster, or what it is merged into and why, or what holds it out."""
        return [_outcome(r, json.loads(d) if d else {}) for r, d in zip(batch, decisions, strict=True)]

    def _link_semantic(self, duplicates: Duplicates, semantic: SemanticSettings, folder: Path) -> None:
        def error(text: str) -> UserError:
            return UserError(f"{semantic.embeddings}: {text}")

        named = pl.when(pl.col("held_out") == "").then("id").otherwise("held_out")
        keys = duplicates.sketches.rows.select(named).to_series().to_list()
        vectors, rows = read_vectors(self._embeddings(semantic), keys, folder, error)
        if missing := len(keys) - len(rows):
            _log.warning(
                "%s: no embedding for %d of %d records; they are compared by their words alone",
                semantic.embeddings,
                missing,
                len(keys),
            )
        duplicates.link_close(vectors, rows, semantic.threshold)

    def _held_out(self) -> Iterator[pl.DataFrame]:
        """Yield the sketches of the held-out rows, cleaned as *screen* cleans and named "FILE: ID".

        Raises `SourceError` where a file yields no usable row: an evaluation set that is silently not
        looked for is worse than a run that stops.
        """
        seen: set[str] = set()
        for name in self.settings.against:
            path = self.context.resolve(name)
            rows = [
                (_cleaned(record), f"{row.where.rpartition(': ')[0]}: {record.id}")
                for row in ingest(SourceConfig(path=name), path, seen)
                if isinstance(row.outcome, Kept)
                for record in row.outcome.records
                if isinstance(record, RawQA)
            ]
            if not rows:
                raise SourceError(f"{name}: held-out set without a usable row; see `medsynth ingest --src`")
            yield _sketch([record for record, _ in rows], [held_out for _, held_out in rows])


def _files(path: Path, name: str) -> list[Path]:
    if not path.exists():
        raise SourceError(f"{name}: held-out file not found; `against` is relative to the pipeline file")
    return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())


def _cleaned(record: RawQA) -> RawQA:
    turns = (
        RawTurn(role=t.role, text=redact(clean(t.text, record.lang), record.lang)[0]) for t in record.turns
    )
    return record.model_copy(update={"turns": tuple(t for t in turns if t.text)})


def _hash(text: str) -> int:
    return xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def _sketch(records: Sequence[RawQA], held_out: Sequence[str]) -> pl.DataFrame:
    frames = [pl.DataFrame(schema=SCHEMA)]
    rows: list[dict[str, Any]] = []
    length = 0
    for record, name in zip(records, held_out, strict=True):
        rows.append(_row(record, name))
        length += len(rows[-1]["compared"])
        if length > _AT_A_TIME:
            frames.append(_with_shingles(rows))
            rows, length = [], 0
    return pl.concat([*frames, _with_shingles(rows)]) if rows else pl.concat(frames)


def _with_shingles(rows: list[dict[str, Any]]) -> pl.DataFrame:
    langs = [row.pop("lang") for row in rows]
    compared = shingle_sets([row.pop("compared") for row in rows], langs)
    questions = shingle_sets([row.pop("asked") for row in rows], langs)
    keys = bands(compared)
    # Rows of different kinds are not compared: their keys differ.
    keys ^= np.array([row["kind"] for row in rows], np.uint64)[:, None]
    for row, shingles, question in zip(rows, compared, questions, strict=True):
        row["shingles"], row["question_shingles"] = shingles.tobytes(), question.tobytes()
        both = row["shingles"] + b"|" + row["question_shingles"] + bytes([row["kind"]])
        # Equal where everything that near-duplicates are judged by is equal.
        row["identity"] = xxh3_64_intdigest(both) if len(shingles) else row["whole"]
    narrow = {name: kind for name, kind in SCHEMA.items() if name not in BAND_COLUMNS}
    columns = [pl.Series(name, np.ascontiguousarray(keys[:, n])) for n, name in enumerate(BAND_COLUMNS)]
    return pl.DataFrame(rows, schema=narrow).with_columns(columns)


def _row(record: RawQA, held_out: str) -> dict[str, Any]:
    """Return the narrow columns of a sketch, and `lang` and the texts `compared` and `asked` to shingle."""
    lang = "zh" if record.lang.lower().startswith("zh") else "en"
    single = len(record.turns) <= 2 and (not record.turns or record.turns[0].role == "patient")
    opening = record.turns[0].text if record.turns and record.turns[0].role == "patient" else ""
    question = squeeze(text_of(record.turns, "patient") if single else opening)
    answer = text_of(record.turns, "doctor")
    whole = squeeze("\n".join(turn.text for turn in record.turns))
    asked = len(question.replace(" ", "")) if lang == "zh" else question.count(" ") + bool(question)
    said = len(answer) if lang == "zh" else len(answer.split())
    said //= max(1, sum(turn.role == "doctor" for turn in record.turns))
    long = asked >= LONG_QUESTION[lang]
    telling = asked >= TELLING_QUESTION[lang] if single else long
    compact = whole.replace(" ", "")
    low, high = GOOD_ANSWER[lang]
    # 0: single exchange with a short question, 1: with a long one, 2: dialogue. Only equals are compared.
    kind = (1 if long else 0) if single else 2
    return {
        "id": record.id,
        "group": record.group,
        "held_out": held_out,
        "question": _hash(f"{lang}?{question.replace(' ', '')}" if telling else f"{lang}={compact}"),
        "whole": _hash(f"{lang}={compact}"),
        "said": _hash(squeeze(answer)),
        "kind": kind,
        "lang": lang,
        "asked": question if kind == 0 else "",
        "compared": question if kind == 1 else whole,
        "complete": answer.rstrip()[-1:] in set('.!?。！？…"”)）'),
        "bounded": low <= said <= high,
        "turns": len(record.turns),
        "answer": min(said, high),
    }


def _decisions(duplicates: Duplicates, held_out_groups: bool) -> pl.DataFrame:
    """Return one decision per record (held-out rows left out) from the components of duplicates."""
    rows = duplicates.sketches.rows.with_row_index("row").with_columns(root=duplicates.components.roots())
    held = rows.filter(pl.col("held_out") != "").select("row", "root", "held_out")
    rows = rows.filter(pl.col("held_out") == "").drop("held_out")
    evicted = _evicted(duplicates, rows, held, held_out_groups)
    staying = rows.join(evicted, on="row", how="anti", maintain_order="left")
    kept = _best(staying)
    merged = kept.filter(pl.col("row") != pl.col("kept"))
    said = [
        duplicates.relation(i, j) + (f" (kept: {why})" if why else "")
        for i, j, why in merged.select("row", "kept", "why").iter_rows()
    ]
    merged = merged.select(
        "id", decision=pl.struct("into", pl.Series("detail", said, pl.String)).struct.json_encode()
    )
    clusters = _clusters(staying).filter(kept["row"] == kept["kept"])
    return pl.concat(
        [
            evicted.select("id", decision=pl.struct("held_out").struct.json_encode()),
            merged,
            clusters.select("id", decision=pl.struct("cluster").struct.json_encode()),
        ]
    ).sort("id")


def _evicted(
    duplicates: Duplicates, rows: pl.DataFrame, held: pl.DataFrame, held_out_groups: bool
) -> pl.DataFrame:
    """Return `row`, `id` and `held_out` of the records that a held-out row removes."""
    by_root = dict(
        held.group_by("root").agg("row", "held_out").select("root", pl.struct("row", "held_out")).iter_rows()
    )
    matched = rows.filter(pl.col("root").is_in(list(by_root)))
    named = []
    for row, root in matched.select("row", "root").iter_rows():
        names = sorted(zip(by_root[root]["held_out"], by_root[root]["row"], strict=True))
        # Of several, the first that it matches itself, and not only through others.
        direct = (name for name, i in names[:_NAMED_DIRECTLY] if duplicates.relation(row, i) != "chain")
        named.append(next(direct, names[0][0]))
    evicted = matched.select("row", "id", "group", pl.Series("held_out", named, pl.String))
    if held_out_groups:
        by_group = evicted.group_by("group").agg(pl.col("held_out").min())
        others = rows.join(evicted, on="row", how="anti").join(by_group, on="group")
        evicted = pl.concat([evicted, others.select("row", "id", "group", "held_out")])
    return evicted.drop("group")


def _best(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `rows` with the best of each component (`kept`, its id `into`) and `why` it is better: the first
    of `QUALITY` that tells the two apart."""
    better = list(QUALITY)
    order = [*(pl.col(name).cast(pl.Int64) * -1 for name in better), pl.col("id")]
    best = (
        rows.sort("root", *order)
        .unique("root", keep="first", maintain_order=True)
        .select("root", *better, kept="row", into="id")
    )
    both = rows.join(best, on="root", how="left", suffix="_kept", maintain_order="left")
    why = pl.coalesce(
        [pl.when(pl.col(name) != pl.col(f"{name}_kept")).then(pl.lit(told)) for name, told in QUALITY.items()]
    )
    return both.select("row", "id", "kept", "into", why=why)


def _clusters(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `id` and `cluster`: the smallest group of a record's component over duplicates and shared groups."""
    rows = rows.select("id", "group", "root", code=pl.col("group").rank("dense").cast(pl.Int64) - 1)
    joined = Components(int(rows["code"].max() or 0) + 1)  # type: ignore[arg-type]
    several = rows.filter(pl.col("code").min().over("root") != pl.col("code").max().over("root"))
    first: dict[int, int] = {}
    for root, code in several.select("root", "code").iter_rows():
        joined.join(code, first.setdefault(root, code))
    names = rows.select("code", cluster="group").unique("code")
    smallest = pl.Series("code", joined.roots()[rows["code"].to_numpy()], pl.Int64)
    named = rows.select("id", smallest).join(names, on="code", how="left", maintain_order="left")
    return named.select("id", "cluster")


def _outcome(record: RawQA, decision: dict[str, str]) -> Outcome:
    if "held_out" in decision:
        return Rejected(Reason.HELD_OUT, decision["held_out"])
    if "into" in decision:
        return Merged(decision["into"], decision["detail"])
    return keep(record.model_copy(update={"cluster": decision.get("cluster", record.group)}))

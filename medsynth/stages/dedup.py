"""*dedup*: of everything that says the same, the best record goes on; what an evaluation holds out goes away.

Two records are duplicates when
- they ask the same thing: the same question once squeezed (single exchanges, and openings of dialogues that
  are long enough to be told apart by it), whatever the answers are; or
- long questions (`LONG_QUESTION` units) have Jaccard ≥ `threshold` over their shingles; or
- short questions are alike (≥ `SHORT_QUESTION_JACCARD`) and question and answer together reach `threshold`, so
  that one boilerplate answer to many short questions joins nothing; or
- whole dialogues reach `threshold`.

Candidates come from MinHash bands and every one is verified by exact Jaccard. Clusters are connected
components, so the result depends on the set of records alone. `cluster` is the component over duplicates
*and* shared groups, named after its smallest group: no split by cluster parts duplicates or group members.

A record that matches a held-out row, directly or through duplicates, is rejected; with `held_out_groups` so
is the rest of its group, because the rest of a case, document or person gives the held-out item away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import Field

from medsynth.records import Kept, Merged, Outcome, RawQA, RawTurn, Reason, Rejected, keep, text_of
from medsynth.sources import SourceConfig, SourceError, ingest
from medsynth.stages.base import Context, GlobalStage, StageSettings
from medsynth.stages.duplicates import Components, duplicate_links
from medsynth.text.clean import clean
from medsynth.text.personal import redact
from medsynth.text.similarity import bands, shingles, squeeze

# In words or Han characters. A question this long is told apart from others by itself.
LONG_QUESTION = {"zh": 30, "en": 20}
# Below this a repeated question ("How are you?") says nothing; question and answer must both repeat.
TELLING_QUESTION = {"zh": 6, "en": 4}
# Doctor's turns of this mean length make the best dialogues: long enough to advise, short enough to be said.
GOOD_ANSWER = {"zh": (30, 600), "en": (30, 400)}

_SCHEMA: dict[str, Any] = {
    "id": pl.String,
    "group": pl.String,
    "held_out": pl.String,
    "question": pl.UInt64,
    "whole": pl.UInt64,
    "identity": pl.UInt64,
    "kind": pl.UInt8,
    "question_shingles": pl.List(pl.UInt32),
    "shingles": pl.List(pl.UInt32),
    "bands": pl.List(pl.UInt64),
    "complete": pl.Boolean,
    "bounded": pl.Boolean,
    "turns": pl.UInt32,
    "answer": pl.UInt32,
}


class DedupSettings(StageSettings):
    """`threshold` is the Jaccard similarity from which texts are duplicates. `against` names held-out files or
    folders in any shape that a source reads, relative to the pipeline file."""

    threshold: float = Field(default=0.8, gt=0.5, le=1)
    against: tuple[str, ...] = ()
    held_out_groups: bool = True


class DedupStage(GlobalStage[RawQA]):
    """Merges duplicates into the best of them and removes what a held-out set contains."""

    name = "dedup"
    version = 1
    Settings = DedupSettings
    settings: DedupSettings

    def __init__(self, settings: DedupSettings, context: Context) -> None:
        super().__init__(settings, context)

    @cached_property
    def _against(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        for name in self.settings.against:
            for file in _files(self.context.resolve(name), name):
                digest.update(file.name.encode("utf-8", "surrogateescape") + b"\0")
                with file.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "blake2b").digest())
        return digest.hexdigest()

    def side_inputs(self) -> str:
        """Return a hash of the held-out files' contents; "" when there are none."""
        return self._against if self.settings.against else ""

    def fingerprint(self) -> str:
        """Return the base fingerprint, joined by the held-out files' contents."""
        return hashlib.blake2b(
            (super().fingerprint() + self.side_inputs()).encode(), digest_size=16
        ).hexdigest()

    def sketch(self, batch: Sequence[RawQA]) -> pl.DataFrame:
        """Return per record: id, group, hashes of question and whole, shingles, MinHash bands, quality."""
        return _sketch(batch, [""] * len(batch))

    def resolve(self, sketches: pl.LazyFrame) -> pl.DataFrame:
        """Return `id` and `decision` (compact JSON with `cluster`, and `into` or `held_out` where they apply)."""
        frame = sketches.select(list(_SCHEMA)).collect(engine="streaming")
        held = [pl.DataFrame(schema=_SCHEMA), *(self._held_out())]
        # Sorted, so that nothing below can depend on the order in which records came.
        rows = pl.concat([frame, *held]).sort("held_out", "id")
        links = duplicate_links(rows, self.settings.threshold)
        return _decisions(rows, links, self.settings.held_out_groups)

    def decide(self, batch: Sequence[RawQA], decisions: Sequence[str]) -> list[Outcome]:
        """Return each record with its cluster, or what it is merged into, or that it is held out."""
        return [_outcome(r, json.loads(d) if d else {}) for r, d in zip(batch, decisions, strict=True)]

    def _held_out(self) -> Iterator[pl.DataFrame]:
        """Yield the sketches of the held-out rows, cleaned as *screen* cleans.

        Raises `SourceError` where a file yields no usable row: an evaluation set that is silently not
        looked for is worse than a run that stops.
        """
        for name in self.settings.against:
            path = self.context.resolve(name)
            rows = [
                _cleaned(record)
                for row in ingest(SourceConfig(path=name), path, set())
                if isinstance(row.outcome, Kept)
                for record in row.outcome.records
                if isinstance(record, RawQA)
            ]
            if not rows:
                raise SourceError(f"{name}: held-out set without a usable row; see `medsynth ingest --src`")
            yield _sketch(rows, [f"{Path(name).name} {record.id}" for record in rows])


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
    return _hash_bytes(text.encode("utf-8", "surrogatepass"))


def _hash_bytes(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def _sketch(records: Sequence[RawQA], held_out: Sequence[str]) -> pl.DataFrame:
    rows = [_row(record, name) for record, name in zip(records, held_out, strict=True)]
    for row, keys in zip(rows, list(bands([row["shingles"] for row in rows])), strict=True):
        # No shingles, no near-duplicates: an empty MinHash would match every other empty one.
        row["bands"] = keys if len(row["shingles"]) else []
        both = row["shingles"].tobytes() + b"|" + row["question_shingles"].tobytes()
        # Equal where everything that near-duplicates are judged by is equal.
        row["identity"] = _hash_bytes(both + bytes([row["kind"]])) if row["bands"] else row["whole"]
        row["shingles"] = row["shingles"].tolist()
        row["question_shingles"] = row["question_shingles"].tolist()
    return pl.DataFrame(rows, schema=_SCHEMA)


def _row(record: RawQA, held_out: str) -> dict[str, Any]:
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
        "kind": kind,
        "question_shingles": shingles(question, lang) if kind == 0 else shingles("", lang),
        "shingles": shingles(question if kind == 1 else whole, lang),
        "complete": answer.rstrip()[-1:] in set('.!?。！？…"”)）'),
        "bounded": low <= said <= high,
        "turns": len(record.turns),
        "answer": min(said, high),
    }


def _decisions(rows: pl.DataFrame, links: Components, held_out_groups: bool) -> pl.DataFrame:
    """Return one decision per record (held-out rows left out) from the components of duplicates."""
    ids, groups = rows["id"].to_list(), rows["group"].to_list()
    held = rows["held_out"].to_list()
    ours = [i for i, name in enumerate(held) if not name]
    matched: dict[int, str] = {}
    for i, name in enumerate(held):
        if name:
            root = links.find(i)
            matched[root] = min(matched.get(root, name), name)
    evicted = {i: matched[links.find(i)] for i in ours if links.find(i) in matched}
    if held_out_groups:
        by_group: dict[str, str] = {}
        for i, name in evicted.items():
            by_group[groups[i]] = min(by_group.get(groups[i], name), name)
        evicted |= {i: by_group[groups[i]] for i in ours if i not in evicted and groups[i] in by_group}
    staying = [i for i in ours if i not in evicted]
    best = _best(rows, staying, links)
    cluster = _clusters(staying, groups, links)
    decisions = []
    for i in ours:
        if i in evicted:
            decision = {"held_out": evicted[i]}
        else:
            into = ids[best[links.find(i)]]
            decision = {"cluster": cluster[i]} | ({"into": into} if into != ids[i] else {})
        decisions.append(json.dumps(decision, ensure_ascii=False, separators=(",", ":")))
    return pl.DataFrame(
        {"id": [ids[i] for i in ours], "decision": decisions}, schema={"id": pl.String, "decision": pl.String}
    )


def _best(rows: pl.DataFrame, members: list[int], links: Components) -> dict[int, int]:
    """Return the best member of each component: complete answer, mean length within `GOOD_ANSWER`, more
    turns, longer answers (up to the bound), then smallest id."""
    quality = [
        (-complete, -bounded, -turns, -answer, identifier)
        for complete, bounded, turns, answer, identifier in rows.select(
            "complete", "bounded", "turns", "answer", "id"
        ).iter_rows()
    ]
    best: dict[int, int] = {}
    for i in members:
        root = links.find(i)
        if root not in best or quality[i] < quality[best[root]]:
            best[root] = i
    return best


def _clusters(members: list[int], groups: list[str], links: Components) -> dict[int, str]:
    """Return each member's cluster: the smallest group of its component over duplicates and shared groups."""
    joined = Components(len(groups))
    first: dict[str, int] = {}
    root_member: dict[int, int] = {}
    for i in members:
        joined.join(i, first.setdefault(groups[i], i))
        joined.join(i, root_member.setdefault(links.find(i), i))
    name: dict[int, str] = {}
    for i in members:
        root = joined.find(i)
        name[root] = min(name.get(root, groups[i]), groups[i])
    return {i: name[joined.find(i)] for i in members}


def _outcome(record: RawQA, decision: dict[str, str]) -> Outcome:
    if "held_out" in decision:
        return Rejected(Reason.HELD_OUT, decision["held_out"])
    if "into" in decision:
        return Merged(decision["into"])
    return keep(record.model_copy(update={"cluster": decision.get("cluster", record.group)}))

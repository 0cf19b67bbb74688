"""The dataset card: a README.md that people read and `datasets.load_dataset` loads the corpus by.

Front matter as of https://huggingface.co/docs/hub/datasets-cards; features are declared there so that
`turns[].audio` is audio and not a struct of bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import yaml

from medsynth.corpus.card_features import SAMPLE_RATE, features_yaml
from medsynth.corpus.card_licences import strictest, terms_of
from medsynth.corpus.schema import columns_of
from medsynth.records import SPLITS

__all__ = ["CardSource", "CardVoice", "build_card", "strictest", "voices_of"]

_COLUMNS = {
    "id": "the dialogue's id, unique in the corpus",
    "source": "where the text came from",
    "raw_ids": "ids of the raw rows that it was made from (also in `ledger.parquet`)",
    "group": "document, case, encounter or person that rows share",
    "cluster": "root of everything that it is a duplicate of; a cluster lies in one split",
    "lang": "language, BCP-47",
    "kind": "`consultation`, `qa`, `safety` or `exam`: what the raw row was",
    "licence": "terms of the source that this dialogue was made from",
    "split": "`train`, `validation` or `test`",
    "patient": "age group, age, gender and accent of the voice, each with its basis "
    "(`stated`, `inferred`, `sampled`, `forced`); `patient_*` where someone else speaks for the patient",
    "informant": "who speaks for the patient: `self`, `parent`, `child`, `spouse`, `other`",
    "speaker_id": "voice of the patient's side, see `speakers.parquet`; null where nothing is voiced",
    "doctor_speaker_id": "voice of the doctor, where the doctor is voiced",
    "turns": "the dialogue: role, text, `spoken` (as said aloud), audio (FLAC, 16 kHz mono, or null), "
    "`duration_s` in seconds, and `origin`: the spans of `source_turns` or the listed frames it consists of",
    "source_turns": "the screened source text that the dialogue was made from",
    "department": "medical department, where known",
    "provenance": "engine, model, prompt, settings and seed of the rewrite",
    "checks": "measurements of the dialogue, as name and number",
    "notes": "what a stage had to say about the dialogue",
    "acoustic_condition": "where the patient is heard (`clean`: nowhere in particular); what was done to each turn is "
    "in `turns[].effects`: name, detail, value and unit, and where: characters of `spoken` or seconds of the clip",
}


@dataclass(frozen=True)
class CardSource:
    """One source of the corpus: its name, its terms as stated, dialogues made from it, whom to cite."""

    name: str
    licence: str
    dialogues: int
    citation: str = ""


@dataclass(frozen=True)
class CardVoice:
    """Voices of one engine under the same terms. `consent` is what the speakers agreed to."""

    engine: str
    licence: str
    consent: str
    speakers: int


def voices_of(speakers: pl.DataFrame) -> list[CardVoice]:
    """Return the voices in a `speakers.parquet` frame, counted by engine, licence and consent."""
    keys = ["engine", "licence", "consent"]
    counted = speakers.group_by(keys).agg(pl.len().alias("speakers")).sort(keys)
    return [CardVoice(**row) for row in counted.iter_rows(named=True)]


def build_card(
    corpus_info: Mapping[str, Any], sources: Sequence[CardSource] = (), voices: Sequence[CardVoice] = ()
) -> str:
    """Return the README.md of a corpus, whose corpus.json is `corpus_info`.

    Keys of it that are missing count as empty. `sources` and `voices` tell more of both than corpus.json
    does (terms per source, whom to cite; consent). Splits without dialogues are not declared.
    """
    counts: Mapping[str, Mapping[str, int]] = corpus_info.get("counts") or {}
    splits = [name for name in SPLITS if sum((counts.get(name) or {}).values())]
    langs = sorted({lang for split in splits for lang, n in counts[split].items() if n})
    total = sum(sum(counts[split].values()) for split in splits)
    hours = float(corpus_info.get("hours") or 0)
    engines = sorted({*(v.engine for v in voices), *(corpus_info.get("voice_engines") or {})})
    heard = {*(v.licence for v in voices), *(corpus_info.get("voice_licences") or ())}
    stated = {*(corpus_info.get("licences") or {}), *(s.licence for s in sources)}
    licence, why = strictest(stated | {text for text in heard if not _is_program_licence(text)})
    front = _front_matter(corpus_info, splits, langs, total, hours, licence)
    sections = [
        _intro(corpus_info, total, langs, hours),
        _how_made(corpus_info, engines),
        _composition(corpus_info, counts, splits, langs),
        _columns(corpus_info),
        _terms(why, sources, corpus_info),
        _voices(engines, sorted(heard), voices, corpus_info.get("voice_models") or ()),
        _patient_like(corpus_info),
        _limits(engines, corpus_info),
        _loading(splits, bool(engines)),
        _CITATION,
    ]
    return f"---\n{front}---\n\n" + "\n\n".join(section.strip() for section in sections if section) + "\n"


def _is_program_licence(text: str) -> bool:
    """Whether a voice's licence is that of the program that speaks (espeak-ng), not of what is heard."""
    return terms_of(text).id == "GPL-3.0"


def _front_matter(
    info: Mapping[str, Any],
    splits: Sequence[str],
    langs: Sequence[str],
    total: int,
    hours: float,
    licence: str,
) -> str:
    hub = terms_of(licence).hub
    front: dict[str, Any] = {"license": hub if hub and hub != "unknown" else "other"}
    if front["license"] == "other":
        front["license_name"] = licence.lower()
        front["license_link"] = "#sources-and-licences"
    # The hub takes languages as ISO 639 codes: the part of a BCP-47 tag before the first hyphen.
    front["language"] = sorted({lang.split("-")[0].lower() for lang in langs})
    speech = ["automatic-speech-recognition", "text-to-speech"] if hours else []
    front["task_categories"] = [*speech, "text-generation"]
    front["pretty_name"] = _one_line(str(info.get("name", "corpus")))
    front["size_categories"] = [_size_category(total)]
    front["tags"] = ["medical", "dialogue", "synthetic", *(["speech", "audio"] if hours else [])]
    if splits:
        files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in splits]
        front["configs"] = [{"config_name": "default", "data_files": files}]
    front["dataset_info"] = {"features": features_yaml(columns_of(info))}
    return yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)


def _size_category(n: int) -> str:
    names = ("1K", "10K", "100K", "1M", "10M")
    for i, name in enumerate(names):
        if n < 1000 * 10**i:
            return f"n<{name}" if i == 0 else f"{names[i - 1]}<n<{name}"
    return "n>10M"


def _one_line(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", " ", text).split())


def _md(value: object) -> str:
    """Return text that Markdown shows as it is, in a paragraph or a table cell."""
    text = _one_line(str(value)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", text)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; cells after the first are right-aligned when they are numbers."""
    body = [list(row) for row in rows]
    numeric = [bool(body) and all(isinstance(row[i], int | float) for row in body) for i in range(len(head))]
    rule = "|".join("---:" if right else "---" for right in numeric)
    cells = [" | ".join(_cell(value) for value in row) for row in body]
    return "\n".join([f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {row} |" for row in cells)])


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else _md(value)


def _intro(info: Mapping[str, Any], total: int, langs: Sequence[str], hours: float) -> str:
    name = _md(info.get("name", "corpus"))
    speech = f", {hours:.2f} hours of them spoken" if hours else ", text only"
    spoken = (
        "**All speech here is synthetic.** No patient and no doctor was recorded; every clip was made by a "
        "speech synthesiser, and the FLAC files are tagged so. A voice's age, gender and accent were chosen "
        "for the dialogue and say nothing of any real person."
        if hours
        else "**No speech was made for this corpus.**"
    )
    return f"""
# {name}

{total:,} consultations between a patient and a doctor ({_md(", ".join(langs) or "no language")}){speech},
made from written medical questions and answers.

> **NOT MEDICAL ADVICE.** The texts may be outdated, incomplete, wrong or invented.
> Use this corpus to build and to test speech systems, never to decide about anyone's health.

{spoken}"""


def _how_made(info: Mapping[str, Any], engines: Sequence[str]) -> str:
    rewriters = _md(", ".join(sorted(info.get("rewrite_engines") or {})))
    models = _md(", ".join(sorted(info.get("rewrite_models") or {})))
    versions = ", ".join(f"{_md(k)} {_md(v)}" for k, v in sorted((info.get("versions") or {}).items()))
    pipeline = yaml.safe_dump(info.get("pipeline") or {}, sort_keys=True, allow_unicode=True, width=100)
    # A fence longer than any run of backticks inside cannot be closed by what the pipeline file says.
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", pipeline)), default=0))
    return f"""
## How it was made

Raw rows were screened, stripped of personal data and of duplicates, assigned to a split by the root of their
duplicate cluster, rewritten into a consultation, given a speaker profile, voiced and packed. The dialogues of
one group or cluster, and every voice, lie in one split only. `ledger.parquet` has one line for every raw row:
kept, rejected (with the reason), merged or failed. `report.html` shows the funnel and a dozen dialogues.

- versions: {versions or "not recorded"}
- rewriting: {rewriters or "not recorded"}{f"; models: {models}" if models else ""}
- voice engines: {_md(", ".join(engines)) if engines else "none"}
- pipeline hash {_md(info.get("pipeline_hash", "not recorded"))}, \
seed {_md(info.get("seed", "not recorded"))}, schema version {_md(info.get("schema_version", 1))}

<details><summary>The pipeline, resolved</summary>

{fence}yaml
{pipeline.rstrip()}
{fence}

</details>"""


def _composition(
    info: Mapping[str, Any],
    counts: Mapping[str, Mapping[str, int]],
    splits: Sequence[str],
    langs: Sequence[str],
) -> str:
    voiced, hours = info.get("voiced_counts") or {}, info.get("hours_by_split") or {}
    rows: list[tuple[Any, ...]] = [
        (split, lang, n, (voiced.get(split) or {}).get(lang, 0), (hours.get(split) or {}).get(lang, 0.0))
        for split in splits
        for lang, n in sorted(counts[split].items())
        if n
    ]
    total = ("all", ", ".join(langs), *(sum(row[i] for row in rows) for i in (2, 3, 4)))
    head = ["split", "language", "dialogues", "with speech", "hours of speech"]
    parts = ["## Composition", _table(head, [*rows, total]) if rows else "No dialogues."]
    turns = info.get("turns") or {}
    by_role = ", ".join(f"{n:,} by the {_md(role)}" for role, n in sorted(turns.items(), reverse=True))
    parts.append(f"{sum(turns.values()):,} turns ({by_role}); {info.get('clips') or 0:,} of them are spoken.")
    profiles = info.get("profiles") or {}
    profile_rows = [(attr, value, n) for attr in profiles for value, n in sorted(profiles[attr].items())]
    if profile_rows:
        parts.append("Who is heard (or would be, where a dialogue is not voiced):")
        parts.append(_table(["attribute", "value", "dialogues"], profile_rows))
    return "\n\n".join(parts)


def _columns(info: Mapping[str, Any]) -> str:
    rows = "\n".join(f"| `{name}` | {_COLUMNS.get(name, '')} |" for name in columns_of(info))
    return f"## Columns\n\n| column | what it holds |\n|---|---|\n{rows}"


def _terms(why: str, sources: Sequence[CardSource], info: Mapping[str, Any]) -> str:
    parts = ["## Sources and licences"]
    parts.append(
        "A corpus is under the strictest terms of the sources, voices and models that went into it. "
        f"{_md(why)} Each dialogue carries the terms of its own source in the column `licence`. "
        "This is a reading of what the sources state, not legal advice."
    )
    if sources:
        rows = [(s.name, s.licence, s.dialogues, s.citation) for s in sources]
        parts.append(_table(["source", "licence as stated", "dialogues", "citation"], rows))
    elif info.get("licences"):
        parts.append(_table(["licence as stated", "dialogues"], sorted(info["licences"].items())))
    models = sorted(info.get("rewrite_models") or {})
    if models:
        parts.append(
            f"A chat model wrote dialogues of this corpus: {_md(', '.join(models))}. Its terms may bind what it wrote; "
            "they are not known to medsynth, are not part of the licence above, and want to be read by whoever "
            "publishes this corpus. What it altered or invented of the sources' medical facts was rejected, as far as "
            "the checks of `report.html` can tell."
        )
    return "\n\n".join(parts)


def _voices(
    engines: Sequence[str],
    licences: Sequence[str],
    voices: Sequence[CardVoice],
    models: Sequence[Mapping[str, str]],
) -> str:
    if not engines:
        return "## Voices\n\nNone: nothing was voiced."
    parts = ["## Voices"]
    if voices:
        kinds = [(v.engine, v.licence, v.consent, v.speakers) for v in voices]
        parts.append(_table(["engine", "licence", "consent", "speakers"], kinds))
    else:
        named = _md("; ".join(licences)) or "not recorded"
        parts.append(f"Engine: {_md(', '.join(engines))}. Licence as stated by the voice bank: {named}.")
    if models:
        parts.append("What they spoke with; the licence is that of the weights, and binds what they said:")
        rows = [(m["engine"], m["model"], m["licence"]) for m in models]
        parts.append(_table(["engine", "model", "licence"], rows))
    if _has_espeak(engines):
        parts.append(
            "The espeak voices are those of espeak-ng, a program under the GNU GPL version 3 or later. "
            "The licence covers the program and its data; by the usual reading it does not extend to the "
            "audio that the program puts out. The voices are made by rule, not cloned from anyone."
        )
    return "\n\n".join(parts)


def _has_espeak(engines: Sequence[str]) -> bool:
    return any("espeak" in engine for engine in engines)


def _patient_like(info: Mapping[str, Any]) -> str:
    """Return what was done to make the patients' turns less like read speech; "" where nothing was."""
    told = info.get("patient_like")
    if told is None:
        return ""
    conditions = [(name.replace("_", " "), n) for name, n in (told.get("conditions") or {}).items()]
    effects = list((told.get("effects") or {}).items())
    parts = ["## Patient-like speech"]
    parts.append(
        "Patients' turns were made less like read speech after their clips had passed their checks: hesitations in "
        "what is `spoken` (`text` stays the clean transcript, and no medical fact differs), pace and loudness, "
        "breaths, throat-clearing and coughs, rooms, noise and telephones. `turns[].effects` lists what was done to "
        "each. Sounds and noises are synthetic too, unless the pipeline names a `noise_folder`, whose terms then bind."
    )
    siblings = told.get("siblings") or 0
    if siblings:
        parts.append(
            f"{siblings:,} dialogues are here twice: clean, and patient-like under the same id with `-patient-like` "
            "behind it (its `notes` name the clean one in `patient_like_of`). Both lie in the same split; take "
            '`acoustic_condition == "clean"` and no `effects`, or only the siblings, where each is to count once.'
        )
    if conditions:
        parts.append(_table(["acoustic condition", "dialogues"], conditions))
    if effects:
        parts.append(_table(["effect", "times"], effects))
    return "\n\n".join(parts)


def _limits(engines: Sequence[str], info: Mapping[str, Any]) -> str:
    patient_like = info.get("patient_like") is not None
    lines = [
        "The text is rewritten from written questions; people talk with more hesitation, repair and overlap.",
        "Whether the medicine in the sources was right was not checked, then or now.",
        "Age, gender and accent are often sampled from a prior, not known: see the `*_basis` fields.",
        "Personal data is taken out by rules, which can miss some; report what you find and do not look "
        "for people in it.",
        "The sources are not a sample of any clinic's patients, and neither is the corpus.",
    ]
    if engines:
        lines.insert(
            1,
            "Speech, rooms, noise and coughs are synthetic, and no illness is in the voice. A result on it is not a "
            "result on patients."
            if patient_like
            else "Speech is clean and synthetic: no rooms, no telephones, no illness in the voice. A result on it "
            "is not a result on patients.",
        )
    if _has_espeak(engines):
        lines.insert(
            2,
            "The espeak voices sound robotic, and their ages and accents are approximations by pitch, rate "
            "and phoneme tables.",
        )
    return "## Known limits\n\n" + "\n".join(f"- {line}" for line in lines)


def _loading(splits: Sequence[str], spoken: bool) -> str:
    split = splits[0] if splits else "train"
    decoding = f"""
Decoding needs torchcodec and FFmpeg. Without them, take the FLAC bytes and read them with soundfile:

```python
import io, soundfile
from datasets import Audio

features = dialogues.features.copy()
features["turns"].feature["audio"] = Audio(sampling_rate={SAMPLE_RATE}, decode=False)
for turn in dialogues.cast(features)[0]["turns"]:
    if turn["audio"]:
        samples, rate = soundfile.read(io.BytesIO(turn["audio"]["bytes"]))
```
"""
    return f"""
## How to load it

```python
from datasets import load_dataset

dialogues = load_dataset("path/to/this/folder", split="{split}")
```
{decoding if spoken else ""}
Or as tables:

```python
import polars as pl

dialogues = pl.scan_parquet("path/to/this/folder/data/{split}-*.parquet")
turns = dialogues.select("id", "turns").explode("turns").unnest("turns").drop("audio").collect()
ledger = pl.read_parquet("path/to/this/folder/ledger.parquet")
```"""


_CITATION = """
## Citation of the method

Speech corpora of this kind, made from medical text for speech language models, follow the data construction
of SpeechMedAssist; the pipeline here is an independent one. Please cite the sources above as well.

```bibtex
@misc{speechmedassist2026,
  title  = {SpeechMedAssist: Efficiently and Effectively Adapting Speech Language Models
            for Medical Consultation},
  author = {Chen, Sirry and Wang, Jieyi and Chen, Wei and Wei, Zhongyu},
  year   = {2026},
  eprint = {2601.04638},
  archivePrefix = {arXiv}
}
```"""

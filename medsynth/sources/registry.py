"""The registered readers, and which of them a path is for."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from medsynth.sources.aci_bench import ACIBench
from medsynth.sources.ai_hospital import AIHospital
from medsynth.sources.base import Source, SourceError
from medsynth.sources.cmb_clin import CMBClin
from medsynth.sources.cmb_exam import CMBExam
from medsynth.sources.cmtmedqa import CMtMedQA
from medsynth.sources.disc_medllm import DISCMedLLM
from medsynth.sources.files import data_suffix, read_head, require, walk
from medsynth.sources.generic import Generic
from medsynth.sources.huatuogpt2 import HuatuoGPT2
from medsynth.sources.med_safety_bench import MedSafetyBench
from medsynth.sources.meddg import MedDG
from medsynth.sources.medquad import MedQuAD
from medsynth.sources.mts_dialog import MTSDialog
from medsynth.sources.primock57 import PriMock57
from medsynth.sources.pubmedqa import PubMedQA
from medsynth.sources.sharegpt import ShareGPT
from medsynth.sources.speechmed import SpeechMed
from medsynth.sources.toyhom import Toyhom

# In the order in which recognition asks them: the published shapes exclude one another; a table that also
# has `question` and `answer` is only then generic when it has none of these shapes, and a conversation is
# only then ShareGPT's when it is of none of the data sets that use this shape.
_READERS: tuple[type[Source], ...] = (
    MedQuAD,
    MTSDialog,
    ACIBench,
    PriMock57,
    MedSafetyBench,
    PubMedQA,
    Toyhom,
    CMtMedQA,
    CMBExam,
    CMBClin,
    AIHospital,
    DISCMedLLM,
    SpeechMed,
    MedDG,
    HuatuoGPT2,
    ShareGPT,
    Generic,
)
# Built from a description of the format; the tests of all others have read files as published.
_UNTESTED = frozenset({"cmb_exam", "huatuogpt2", "meddg"})


@cache
def _instances() -> dict[str, Source]:
    return {reader.name: reader() for reader in _READERS}


def all_sources() -> dict[str, Source]:
    """Return every reader by name, the most specific first."""
    return dict(_instances())


def get_source(name: str) -> Source:
    """Return the reader called `name`. Raises `SourceError` that names the ones there are."""
    sources = _instances()
    if name in sources:
        return sources[name]
    close = difflib.get_close_matches(name.lower(), sources, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise SourceError(f"no source reader is called {name!r}{hint} There are: {', '.join(sources)}.")


def source_table() -> list[dict[str, str]]:
    """Return one row per reader: name, description, lang, kind, licence, status."""
    return [
        {
            "name": source.name,
            "description": source.description,
            "lang": source.lang,
            "kind": source.kind,
            "licence": source.licence,
            "status": "untested on real files" if name in _UNTESTED else "read on real files",
        }
        for name, source in _instances().items()
    ]


def detect(path: Path) -> Source:
    """Return the reader whose shape `path` has, judged by content.

    A file goes to the first reader that fits, most specific first. Every recognised file of a folder must go
    to the same reader. Raises `SourceError` that says for each reader why it does not fit, or which
    files of a folder belong to different ones.
    """
    require(path)
    files = walk(path) if path.is_dir() else [path]
    readers: dict[str, Path] = {}
    for file in files:
        head = read_head(file)
        fitting = (source.name for source in _instances().values() if not source.mismatch(file, head))
        if found := next(fitting, None):
            readers.setdefault(found, file)
    if len(readers) > 1:
        examples = "; ".join(f"{file.relative_to(path)} is for {name}" for name, file in readers.items())
        raise SourceError(
            f"{path}: the folder mixes sources ({examples}). Give the files one by one, "
            "or choose a reader with --source NAME."
        )
    if readers:
        return get_source(next(iter(readers)))
    return _refuse(path, files[0])


def _refuse(path: Path, file: Path) -> Source:
    head = read_head(file)
    of = "" if file == path else f", {file.relative_to(path)} for one"
    reasons = "\n".join(f"  {name}: {source.mismatch(file, head)}" for name, source in _instances().items())
    raise SourceError(
        f"{path}: no reader recognises this{of}:\n{reasons}\n"
        "Choose a reader with --source NAME, or map its columns with --column question=… --column answer=…."
    )


def data_files(path: Path, reader: Source | None = None) -> list[Path]:
    """Return the files that `path` stands for, sorted: itself, or those of a folder that are for `reader`.

    Of a folder these are the files that the reader (None: the detected one) recognises, and the others of the
    same suffixes, so that a damaged file ends in the ledger and not in silence; files that only complete
    others (metadata, a second speaker) are read with those. Raises `SourceError`.
    """
    require(path)
    if path.is_file():
        return [path]
    source = reader or detect(path)
    files = files_that_fit(path, lambda file: source.mismatch(file, read_head(file)), source.name)
    return [file for file in files if not source.companion(file)]


def files_that_fit(folder: Path, mismatch: Callable[[Path], str], name: str) -> list[Path]:
    """Return the files of `folder` with a suffix that a file without `mismatch` has. Raises `SourceError`."""
    files = walk(folder)
    reasons = [mismatch(file) for file in files]
    suffixes = {data_suffix(file) for file, reason in zip(files, reasons, strict=True) if not reason}
    if not suffixes:
        example = f"{files[0].relative_to(folder)}: {reasons[0]}"
        raise SourceError(f"{folder}: no file here is for the reader {name} ({example})")
    return [file for file in files if data_suffix(file) in suffixes]

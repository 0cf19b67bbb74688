"""Readers of published raw shapes, and the driver that turns a path into records and ledger lines."""

from medsynth.sources.base import Ingested, Source, SourceConfig, SourceError
from medsynth.sources.ingest import ingest, reader_for, source_files
from medsynth.sources.registry import all_sources, data_files, detect, get_source, source_table

__all__ = [
    "Ingested",
    "Source",
    "SourceConfig",
    "SourceError",
    "all_sources",
    "data_files",
    "detect",
    "get_source",
    "ingest",
    "reader_for",
    "source_files",
    "source_table",
]
